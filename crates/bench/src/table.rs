//! What was measured, as rows of a Markdown table.
//! It never decides whether a figure is good enough.

/// The text of a cell without a figure.
const NOTHING: &str = "–";

/// One line of the comparison.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    what: String,
    target: String,
    measured: Option<String>,
    ours: Option<String>,
    peer: Option<String>,
}

impl Row {
    /// What is measured, and what is to be reached.
    pub(crate) fn new(what: impl Into<String>, target: &str) -> Self {
        Self { what: what.into(), target: target.to_owned(), ..Self::default() }
    }

    /// The figure to be held against the target.
    pub(crate) fn measured(mut self, text: String) -> Self {
        self.measured = Some(text);
        self
    }

    /// Tipoff's own figure.
    pub(crate) fn ours(mut self, text: String) -> Self {
        self.ours = Some(text);
        self
    }

    /// The peer's figure, if the peer was there.
    pub(crate) fn peer(mut self, text: Option<String>) -> Self {
        self.peer = text;
        self
    }
}

/// Two speeds and how many times the peer's ours is.
pub(crate) fn compared(row: Row, unit: &str, peer: &str, ours: f64, theirs: Option<f64>) -> Row {
    let row = row.ours(format!("{ours:.0} {unit}"));
    match theirs {
        Some(theirs) => row
            .measured(format!("{:.2} x", ours / theirs))
            .peer(Some(format!("{peer} {theirs:.0} {unit}"))),
        None => row.peer(Some(format!("{peer} is missing"))),
    }
}

/// The rows under their headings.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | target | measured | ours | peer |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| NOTHING.to_owned());
        let (measured, ours, peer) = (shown(&row.measured), shown(&row.ours), shown(&row.peer));
        text += &format!("| {} | {} | {measured} | {ours} | {peer} |\n", row.what, row.target);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_tells_both_and_the_ratio() {
        let row = compared(Row::new("ingest", "1.0 x"), "mails/s", "smtp-sink", 300.0, Some(200.0));
        assert!(
            markdown(&[row])
                .ends_with("| ingest | 1.0 x | 1.50 x | 300 mails/s | smtp-sink 200 mails/s |\n")
        );
    }

    #[test]
    fn a_missing_peer_leaves_no_ratio() {
        let row = compared(Row::new("ingest", "1.0 x"), "mails/s", "smtp-sink", 300.0, None);
        assert!(
            markdown(&[row])
                .ends_with("| ingest | 1.0 x | – | 300 mails/s | smtp-sink is missing |\n")
        );
    }
}
