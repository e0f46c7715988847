//! `[alarm]`: listeners for devices that push alarms to a port of their own, beside the HTTP port, which always takes them.
//!
//! Reads and checks the section; `receive/alarm.rs` and `web/alarms.rs` serve the listeners.

use std::net::SocketAddr;

use toml::Spanned;

use super::key::{Key, ValueForm, list_of};
use super::listener::{Listener, Schemes};
use super::overrides::{Named, NamedBy};
use super::section::Section;
use super::units;

const SCHEMES: Schemes = Schemes { plain: "http", tls: "https", port: 8081 };
/// The scheme of alarms in frames over TCP, and the port that devices expect.
const FRAMED: &str = "xmeye://";
const FRAMED_PORT: u16 = 15_002;

/// Listeners for alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlarmListeners {
    /// Those that speak HTTP.
    pub(crate) http: Vec<Listener>,
    /// Those that speak the frames of XMEye's alarm server.
    pub(crate) framed: Vec<Listener>,
}

/// The description of the section in the reference.
pub(super) const DOC: &str = "Alarms that devices push. The HTTP port takes them in any case, at `/h/PASSWORD` with the \
    password of a device; listeners here are for devices that need another port. See [Alarms](alarms.md).";

/// One address of `listen`.
enum AlarmListener {
    Http(Listener),
    Framed(Listener),
}

impl AlarmListener {
    fn read(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix(FRAMED) {
            let address = units::address(address, FRAMED_PORT)?;
            return Ok(Self::Framed(Listener { address, tls: false }));
        }
        let fault =
            |fault: String| fault.replace(" are possible here", " and xmeye:// are possible here");
        SCHEMES.listener(text).map(Self::Http).map_err(fault)
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Http(listener) | Self::Framed(listener) => listener.address,
        }
    }
}

/// Reads the section. Also returns what names the address of each listener, for the check that no two use one port.
pub(super) fn read(section: &mut Section<'_>) -> (AlarmListeners, Vec<Named<SocketAddr>>) {
    let key = Key {
        name: "listen",
        form: ValueForm::List,
        without: list_of(&[]),
        doc: "Further addresses to listen on for alarms only, such as `\"0.0.0.0:8081\"`: every path is taken there. Each \
              speaks HTTP, and HTTPS where a device begins with it. `\"xmeye://0.0.0.0:15002\"` is the alarm server of XMEye devices.",
    };
    let texts = section.list(&key).unwrap_or_default();
    let read_one = |text| section.parse(&key, &text, AlarmListener::read);
    let given: Vec<_> = texts.into_iter().filter_map(read_one).collect();
    let place = |it: &Spanned<AlarmListener>| Named {
        listener: it.get_ref().address(),
        by: NamedBy::File(it.span()),
    };
    let places = given.iter().map(place).collect();
    let mut listeners = AlarmListeners::default();
    for listener in given {
        match listener.into_inner() {
            AlarmListener::Http(listener) => listeners.http.push(listener),
            AlarmListener::Framed(listener) => listeners.framed.push(listener),
        }
    }
    (listeners, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_their_scheme() {
        let address = |text| {
            AlarmListener::read(text)
                .map(|it| (it.address(), matches!(it, AlarmListener::Framed(_))))
        };
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(address("0.0.0.0:80"), Ok((at("0.0.0.0:80"), false)));
        assert_eq!(address("https://0.0.0.0:8443"), Ok((at("0.0.0.0:8443"), false)));
        assert_eq!(address("xmeye://0.0.0.0:15002"), Ok((at("0.0.0.0:15002"), true)));
        assert!(address("ftp://0.0.0.0:21").unwrap_err().contains("xmeye://"));
        assert!(address("xmeye://0.0.0.0").unwrap_err().contains("15002"));
    }
}
