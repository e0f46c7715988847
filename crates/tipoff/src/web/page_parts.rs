//! Parts that the templates of several pages show.

/// One choice of a `select`.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// A short word on a coloured ground, such as a failed delivery on a card.
pub(super) struct Mark {
    pub(super) text: String,
    /// The class in the style sheet: `ok`, `wait`, `bad`, or empty for no colour.
    pub(super) look: &'static str,
    /// The meaning in words, for readers who do not see the colour.
    pub(super) says: String,
}
