//! How many links to an incident there may be, and when one expires. Pure.

use tipoff_model::Timestamp;

use crate::ShareLink;

/// Whether a link no longer opens anything.
pub(crate) fn is_expired(link: &ShareLink, now: Timestamp) -> bool {
    link.expires_at <= now
}

/// What is decided about a new link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    /// Numbers of the expired links, which are removed in any case.
    pub(crate) expired: Vec<i64>,
    /// Whether the new link is stored.
    pub(crate) is_stored: bool,
}

/// Decides whether there may be another link at `now`. Expired links do not count against `max`. `links` are all that
/// are stored.
pub(crate) fn admit(links: &[ShareLink], now: Timestamp, max: u32) -> Admission {
    let expired: Vec<i64> =
        links.iter().filter(|link| is_expired(link, now)).map(|link| link.id).collect();
    let left = links.len() - expired.len();
    Admission { is_stored: left < usize::try_from(max).unwrap_or(usize::MAX), expired }
}

#[cfg(test)]
mod tests {
    use tipoff_model::IncidentId;

    use super::*;

    fn link(id: i64, expires_at: i64) -> ShareLink {
        ShareLink {
            id,
            incident: IncidentId(1),
            made_by: "ann".to_owned(),
            created_at: Timestamp(0),
            expires_at: Timestamp(expires_at),
            opened: 0,
            opened_at: None,
        }
    }

    #[test]
    fn a_link_expires_at_its_time() {
        assert!(!is_expired(&link(1, 10), Timestamp(9)));
        assert!(is_expired(&link(1, 10), Timestamp(10)));
    }

    #[test]
    fn links_are_made_up_to_the_limit() {
        let links = [link(1, 10), link(2, 20)];
        let admitted = |now, max| {
            let admission = admit(&links, Timestamp(now), max);
            (admission.expired, admission.is_stored)
        };
        assert_eq!(admitted(9, 3), (vec![], true));
        assert_eq!(admitted(9, 2), (vec![], false));
        assert_eq!(admitted(10, 2), (vec![1], true), "an expired link does not count");
        assert_eq!(admitted(10, 1), (vec![1], false));
        assert_eq!(admitted(20, 0), (vec![1, 2], false));
    }
}
