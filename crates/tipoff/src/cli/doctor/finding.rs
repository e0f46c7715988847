//! The result of one check, as text for people and as JSON for programs.
//!
//! Both forms are made here, so that a check decides only what it found and what to do. The keys
//! and marks of the JSON are covered by docs/compatibility.md; the texts are not.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The judgement of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Fine,
    /// It works, but perhaps not as it is wanted.
    Hint,
    /// It does not work.
    Wrong,
}

impl Mark {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Hint => "hint",
            Self::Wrong => "wrong",
        }
    }
}

/// The result of one check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The subject of the check, such as `clock`: a constant, by which programs find it.
    pub(super) about: String,
    /// The judgement. One [`Mark::Wrong`] makes the exit code 1.
    pub(super) mark: Mark,
    /// What was found, in words.
    pub(super) found: String,
    /// What to do; `None` where it is fine.
    pub(super) advice: Option<String>,
}

impl Finding {
    /// As it should be: nothing to do.
    pub(super) fn fine(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self { about: about.into(), mark: Mark::Fine, found: found.into(), advice: None }
    }

    /// It works, and `advice` says how it works better.
    pub(super) fn hint(
        about: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Self { mark: Mark::Hint, advice, ..Self::fine(about, found) }
    }

    /// It does not work, and `advice` says what to do.
    pub(super) fn wrong(
        about: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { mark: Mark::Wrong, ..Self::hint(about, found, advice) }
    }
}

fn count(findings: &[Finding], mark: Mark) -> usize {
    findings.iter().filter(|finding| finding.mark == mark).count()
}

/// One object: `works`, which is true without a wrong finding, and `checks`, the findings in their
/// order.
pub(super) fn to_json(findings: &[Finding]) -> Value {
    let checks = findings.iter().map(|finding| {
        json!({
            "about": finding.about,
            "mark": finding.mark.as_str(),
            "found": finding.found,
            "advice": finding.advice,
        })
    });
    json!({
        "works": count(findings, Mark::Wrong) == 0,
        "checks": checks.collect::<Vec<_>>(),
    })
}

/// A line for each finding, below it what to do, and at the end how many are wrong or hints.
pub(super) fn to_text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.about.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { about, mark, found, advice } in findings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:<5}  {about:<width$}  {found}", mark.as_str());
        if let Some(advice) = advice {
            let _ = writeln!(text, "{:<5}  {:<width$}  -> {advice}", "", "");
        }
    }
    let (wrong, hints) = (count(findings, Mark::Wrong), count(findings, Mark::Hint));
    let wrong = match wrong {
        0 => "Nothing is wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        count => format!("{count} things are wrong"),
    };
    let hints = match hints {
        0 => "".to_owned(),
        1 => "; 1 hint".to_owned(),
        count => format!("; {count} hints"),
    };
    let _ = writeln!(text, "\n{wrong}{hints}.");
    text
}

/// A size in decimal units, as disks are sold: 1 GB is 1,000,000,000 bytes.
pub(super) fn size(bytes: u64) -> String {
    let in_units = |unit: f64| bytes as f64 / unit;
    match bytes {
        1_000_000_000.. => format!("{:.1} GB", in_units(1e9)),
        1_000_000.. => format!("{:.0} MB", in_units(1e6)),
        _ => format!("{:.0} kB", in_units(1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_in_words() {
        let fine = Finding::fine("disk", "there");
        let hint = Finding::hint("clock", "slow", "wind it");
        let wrong = Finding::wrong("port", "gone", "dig");
        assert_eq!(
            to_text(&[fine, hint, wrong]),
            "fine   disk   there\n\
             hint   clock  slow\n              -> wind it\n\
             wrong  port   gone\n              -> dig\n\
             \n1 thing is wrong; 1 hint.\n",
        );
        assert!(to_text(&[]).ends_with("Nothing is wrong.\n"));
    }

    #[test]
    fn only_what_is_wrong_does_not_work() {
        let works = |finding| to_json(&[finding])["works"].as_bool().unwrap();
        assert!(works(Finding::fine("a", "b")));
        assert!(works(Finding::hint("a", "b", "c")));
        assert!(!works(Finding::wrong("a", "b", "c")));
    }

    #[test]
    fn sizes() {
        for (bytes, words) in [
            (0, "0 kB"),
            (999_499, "999 kB"),
            (1_000_000, "1 MB"),
            (999_499_999, "999 MB"),
            (1_000_000_000, "1.0 GB"),
            (12_340_000_000, "12.3 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
