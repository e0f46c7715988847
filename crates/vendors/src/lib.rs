//! What a vendor's words mean.
/// What happened.
pub fn event(_content: &tipoff_model::Content) -> tipoff_model::Event {
    tipoff_model::Event::Other
}
