//! Checks across sections: names that must be unique, and names that must exist.
//!
//! `load.rs` and the sections call them after all names are read. Each fault shows both places where there are two.

use std::collections::HashMap;
use std::net::SocketAddr;

use toml::Spanned;

use super::fault::Fault;
use super::overrides::{Named, NamedBy};
use super::reading::Reading;
use super::section::Section;
use super::suggest::nearest;

/// Reports each name that is used twice. Two names are the same if `sameness` maps them to the same text; `title` makes
/// the fault of a name.
pub(super) fn unique<'n>(
    reading: &Reading<'_>,
    names: impl Iterator<Item = &'n Spanned<String>>,
    sameness: impl Fn(&str) -> String,
    title: impl Fn(&str) -> String,
) {
    let mut seen = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(sameness(name.get_ref()), name.span()) {
            let fault = Fault::at(name.span(), title(name.get_ref())).label("again");
            reading.fault(fault.other(first, "first here"));
        }
    }
}

/// Reports each listener whose port another one uses. The system would report it too, but only for the second of them
/// and without the line.
pub(super) fn listeners(reading: &Reading<'_>, listeners: &[Named<SocketAddr>]) {
    for (index, later) in listeners.iter().enumerate() {
        let before = listeners.iter().take(index);
        let Some(first) = before.into_iter().find(|it| clash(it.listener, later.listener)) else {
            continue;
        };
        let title = format!("two listeners want port {}", later.listener.port());
        reading.fault(match (&first.by, &later.by) {
            (NamedBy::File(first), NamedBy::File(later)) => {
                Fault::at(later.clone(), title).label("again").other(first.clone(), "first here")
            }
            (NamedBy::File(span), other) | (other, NamedBy::File(span)) => {
                let label = match other {
                    NamedBy::Override(name) => format!("`{name}` names it, too"),
                    _ => "the other is a default: give both".to_owned(),
                };
                Fault::at(span.clone(), title).label(label)
            }
            (first, later) => Fault::new(format!("{title}: {} and {}", name(first), name(later))),
        });
    }
}

/// What names an address outside of the file.
fn name(by: &NamedBy) -> String {
    match by {
        NamedBy::Override(name) => format!("`{name}`"),
        NamedBy::File(_) | NamedBy::Default => "a default".to_owned(),
    }
}

/// Whether only one of two addresses can be listened on: `0.0.0.0` and `[::]` include each address of their family.
/// Port 0 is any free one, and never clashes.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let overlap = one.ip() == other.ip()
        || one.is_ipv4() == other.is_ipv4()
            && (one.ip().is_unspecified() || other.ip().is_unspecified());
    one.port() != 0 && one.port() == other.port() && overlap
}

/// Reports each channel that its service must reach over TLS if `public_url` is no such address.
pub(super) fn hooks(reading: &Reading<'_>, channels: &[Spanned<String>], public_url: Option<&str>) {
    if public_url.is_some_and(|url| url.starts_with("https://")) {
        return;
    }
    for name in channels {
        let title = format!("the channel \"{}\" needs a public address with TLS", name.get_ref());
        let fault = Fault::at(name.span(), title).label("its service sends requests to Tipoff");
        reading.fault(fault.help("set `public_url` of `[http]` to an address with https://"));
    }
}

/// Reports each of `names` that is not `known`; `what` is the kind of thing, such as "channel".
pub(super) fn known(
    section: &Section<'_>,
    what: &str,
    names: &[Spanned<String>],
    known: &[String],
) {
    for name in names {
        let word = name.get_ref();
        if known.contains(word) {
            continue;
        }
        let fault = Fault::at(name.span(), format!("there is no {what} \"{word}\""))
            .of(&format!("{what}s"));
        section.fault(match nearest(word, known.iter().map(String::as_str)) {
            Some(meant) => fault.label(format!("did you mean \"{meant}\"?")),
            None if known.is_empty() => fault.label(format!("no {what} is configured")),
            None => fault.label(format!("not configured; there is \"{}\"", known.join("\", \""))),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_clash() {
        for (one, other, expected) in [
            ("0.0.0.0:25", "0.0.0.0:25", true),
            ("0.0.0.0:25", "127.0.0.1:25", true),
            ("10.0.0.1:25", "127.0.0.1:25", false),
            ("0.0.0.0:25", "0.0.0.0:26", false),
            ("0.0.0.0:0", "0.0.0.0:0", false),
            ("[::]:25", "[::1]:25", true),
            ("[::1]:25", "0.0.0.0:25", false),
        ] {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(clash(one, other), expected, "{one} {other}");
            assert_eq!(clash(other, one), expected, "{one} {other}");
        }
    }
}
