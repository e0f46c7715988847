//! Devices that come to the port of another protocol: how their first words show it, and what to change. Pure.
//!
//! `listener/handover.rs` serves such a device by the receiver of its protocol, where that receiver listens at all. A web
//! request is answered with the right port, and never served here: a port that is open to the internet for mail must not
//! open the dashboard.

mod first_words;
mod web_answer;

use tipoff_model::Protocol;

pub(super) use self::first_words::{FirstWords, first_words};
pub(super) use self::web_answer::web_answer;

/// The ports that devices should come to. `None` if nothing listens for the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RightPorts {
    /// The first port for mail.
    pub(crate) smtp: Option<u16>,
    /// The first port for uploads.
    pub(crate) ftp: Option<u16>,
    /// The port for pages and alarms.
    pub(crate) http: Option<u16>,
}

impl RightPorts {
    /// The port for a protocol.
    pub(crate) const fn of(&self, protocol: Protocol) -> Option<u16> {
        match protocol {
            Protocol::Smtp => self.smtp,
            Protocol::Ftp => self.ftp,
            Protocol::Http => self.http,
            Protocol::Mqtt => None,
        }
    }
}

/// A device that came to the port of another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongPort {
    /// What the device speaks.
    pub(super) spoken: Protocol,
    /// The protocol of the port.
    pub(super) of: Protocol,
    /// The port.
    pub(super) came_to: u16,
    /// The port that it should come to. `None` if nothing listens for what it speaks.
    pub(super) right: Option<u16>,
}

/// Of a device that is served at the wrong port.
const RECEIVED: &str = "Tipoff received it all the same.";

impl WrongPort {
    /// What to change at a device that is served all the same.
    pub(super) fn served_hint(&self) -> String {
        let (fact, advice) = (self.fact(), self.advice());
        format!("{fact} {RECEIVED} {advice}")
    }

    /// What to change at a device that is not served.
    pub(super) fn refused_hint(&self) -> String {
        let (fact, advice) = (self.fact(), self.advice());
        format!("{fact} {advice}")
    }

    /// What it speaks, for a sentence.
    pub(super) const fn spoken_name(&self) -> &'static str {
        match self.spoken {
            Protocol::Smtp => "SMTP",
            Protocol::Ftp => "FTP",
            Protocol::Http | Protocol::Mqtt => "HTTP",
        }
    }

    fn fact(&self) -> String {
        let (port, purpose) = (self.came_to, purpose(self.of));
        match self.spoken {
            Protocol::Smtp => {
                format!("It sends mail to port {port}, which is the port for {purpose}.")
            }
            Protocol::Ftp => {
                format!("It uploads by FTP to port {port}, which is the port for {purpose}.")
            }
            Protocol::Http | Protocol::Mqtt => {
                format!("It sends a web request to port {port}, which is the port for {purpose}.")
            }
        }
    }

    fn advice(&self) -> String {
        let advice = match (self.right, self.spoken) {
            (Some(port), _) => {
                let purpose = purpose(self.spoken);
                return format!("Set the port to {port} in the device, on its page for {purpose}.");
            }
            (None, Protocol::Ftp) => {
                "Let the device send mail instead, or switch FTP on (`listen` in `[ftp]`)."
            }
            (None, Protocol::Smtp) => {
                "Let the device upload by FTP instead, or switch mail on (`listen` in `[smtp]`)."
            }
            (None, Protocol::Http | Protocol::Mqtt) => {
                "Let the device send mail instead, or switch web requests on (`listen` in `[http]`)."
            }
        };
        advice.to_owned()
    }
}

/// The protocol of a client of the HTTP port that begins with these bytes, if it is another one.
pub(crate) fn speaks_at_http(first: &[u8]) -> Option<Protocol> {
    match first_words(Protocol::Http, first) {
        FirstWords::Other(protocol) => Some(protocol),
        FirstWords::Own | FirstWords::Undecided => None,
    }
}

/// What a port is for.
pub(super) const fn purpose(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => "mail (SMTP)",
        Protocol::Ftp => "uploads (FTP)",
        Protocol::Http | Protocol::Mqtt => "web pages and alarms (HTTP)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_wrong_port_and_the_right_one() {
        use Protocol::{Ftp, Http, Smtp};
        let wrong = |spoken, of, right| WrongPort { spoken, of, came_to: 21, right };
        assert_eq!(
            wrong(Smtp, Ftp, Some(2525)).served_hint(),
            "It sends mail to port 21, which is the port for uploads (FTP). Tipoff received it all the same. Set the \
             port to 2525 in the device, on its page for mail (SMTP).",
        );
        assert_eq!(
            wrong(Ftp, Smtp, None).refused_hint(),
            "It uploads by FTP to port 21, which is the port for mail (SMTP). Let the device send mail instead, or \
             switch FTP on (`listen` in `[ftp]`).",
        );
        for spoken in [Smtp, Ftp, Http] {
            for right in [Some(8080), None] {
                let hint = wrong(spoken, Smtp, right).refused_hint();
                assert!(hint.contains(if right.is_some() { "8080" } else { "`listen`" }), "{hint}");
            }
        }
    }
}
