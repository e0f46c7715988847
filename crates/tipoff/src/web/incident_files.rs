//! The files of an incident as they are exported: their names and their order, in the dashboard's zip files and in
//! `tipoff incidents export`.

use tipoff_model::{MediaPlace, Protocol, Timestamp};
use tipoff_rules::Clock;
use tipoff_spool::{IncidentDetail, IncidentLine};

/// Maximum length of a name in bytes: some systems take no more than 255 in a path.
const NAME_BYTES_MAX: usize = 100;

/// A file of an incident.
pub(crate) struct IncidentFile {
    /// Its path in the export.
    pub(crate) path: String,
    /// When its arrival was received.
    pub(crate) received_at: Timestamp,
    /// Where it is stored.
    pub(crate) place: MediaPlace,
}

/// The folder of an incident, with a slash, by its local time, its device and its number: `2026-11-24 23-05-11 Front yard (17)/`.
pub(crate) fn folder(line: &IncidentLine, clock: &Clock) -> String {
    let local = clock.local(line.began_at);
    let time = local.map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H-%M-%S ").to_string());
    format!("{time}{} ({})/", safe(&line.device).trim(), line.id)
}

/// Each mail and each file in the order of arrival. A name begins with the arrival's number: names are unique, and sort by time.
pub(crate) fn files<'a>(
    folder: &'a str,
    detail: &'a IncidentDetail,
) -> impl Iterator<Item = IncidentFile> + 'a {
    detail.arrivals.iter().flat_map(move |arrival| {
        let id = arrival.id;
        let file = move |name: String, index| IncidentFile {
            path: format!("{folder}{name}"),
            received_at: arrival.received_at,
            place: MediaPlace { arrival: id, index },
        };
        let media = (0..).zip(&arrival.content.media).map(move |(index, media)| {
            file(format!("{id}-{index}-{}", safe(&media.name)), Some(index))
        });
        let extension = match arrival.envelope.protocol {
            Protocol::Smtp => Some("eml"),
            Protocol::Http => Some("http"),
            Protocol::Mqtt => Some("mqtt"),
            // An upload is its file.
            Protocol::Ftp => None,
        };
        media.chain(extension.map(|extension| file(format!("{id}.{extension}"), None)))
    })
}

/// A name without a path and without what some system does not take in a name, its ending kept.
fn safe(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let forbidden = |it: char| it.is_control() || "<>:\"|?*".contains(it);
    let name: String = name.chars().map(|it| if forbidden(it) { '_' } else { it }).collect();
    let name = name.trim_matches([' ', '.']);
    let mut ends = name.char_indices().map(|(at, _)| name.get(at..).unwrap_or_default());
    ends.find(|end| end.len() <= NAME_BYTES_MAX).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_on_any_system() {
        let long = "x".repeat(200);
        for (name, expected) in [
            ("Hof 1.jpg", "Hof 1.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\boot.ini", "boot.ini"),
            ("a:b?.jpg", "a_b_.jpg"),
            ("..", ""),
            ("\u{7}ä\n.mp4", "_ä_.mp4"),
        ] {
            assert_eq!(safe(name), expected);
        }
        let name = safe(&format!("{long}ä.jpg"));
        assert!(name.ends_with("xä.jpg") && name.len() == NAME_BYTES_MAX, "{name}");
    }
}
