//! Who marked an incident as not interesting. Pure.

use tipoff_model::Timestamp;

use crate::Dismissal;

/// Length of the name of whoever dismissed an incident, in characters; the rest is cut.
const BY_CHARS_MAX: usize = 100;

/// The dismissal of an incident that somebody dismisses now. The first one stays: a button may be pressed twice, and
/// by two people.
pub(crate) fn dismissed(before: Option<Dismissal>, by: &str, now: Timestamp) -> Dismissal {
    let by = || by.chars().take(BY_CHARS_MAX).collect();
    before.unwrap_or_else(|| Dismissal { by: by(), at: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_dismisses_first_stays_and_a_long_name_is_cut() {
        let first = dismissed(None, "Ann", Timestamp(5));
        assert_eq!((first.by.as_str(), first.at), ("Ann", Timestamp(5)));
        assert_eq!(dismissed(Some(first.clone()), "Ben", Timestamp(9)), first);
        let long = dismissed(None, &"é".repeat(BY_CHARS_MAX + 1), Timestamp(5));
        assert_eq!(long.by, "é".repeat(BY_CHARS_MAX));
    }
}
