//! The content of an arrival, and the envelope it was received with.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Media;

/// The protocol of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 959.
    Ftp,
    /// An alarm that is pushed over HTTP (RFC 9110), or over TCP in a frame.
    Http,
    /// A message of a broker (MQTT 3.1.1).
    Mqtt,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: &[Self] = &[Self::Smtp, Self::Ftp, Self::Http, Self::Mqtt];

    /// The name in the spool, in metrics and to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Ftp => "ftp",
            Self::Http => "http",
            Self::Mqtt => "mqtt",
        }
    }

    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.as_str() == name)
    }
}

/// Whether a login proves which device sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginProof {
    /// Unknown: the arrival was stored before this was recorded.
    #[default]
    Unknown,
    /// No login, a wrong password that was not asked for, or the login that all devices share.
    Unproven,
    /// User and password are those of one device.
    Proven,
}

impl LoginProof {
    /// Whether it was not recorded.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// The envelope of an arrival: all that a receiver knows of the sender besides the content. Nothing in it is trusted but
/// the address and a proven login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The protocol of the receiver.
    pub protocol: Protocol,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// The user of the login; `None` without one.
    pub login: Option<String>,
    /// Whether that login is proven.
    #[serde(default, skip_serializing_if = "LoginProof::is_unknown")]
    pub proof: LoginProof,
    /// The name of the client in HELO or EHLO.
    pub greeting: Option<String>,
    /// The address of MAIL FROM; empty for the null reverse-path, and where there is none.
    pub sender: String,
    /// The addresses of RCPT TO, in order.
    pub recipients: Vec<String>,
    /// Whether the connection was encrypted.
    pub tls: bool,
    /// The path of an uploaded file in the device's own tree: `/2026/10/05/x.jpg`. A label, never a path of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Envelope {
    /// Of what a device gave that was asked: who it is is sure, and it says nothing of itself.
    pub fn asked(protocol: Protocol, peer: IpAddr, tls: bool) -> Self {
        Self {
            protocol,
            peer,
            login: None,
            proof: LoginProof::Proven,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls,
            path: None,
        }
    }
}

/// The content of an arrival, as far as it was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The decoded subject, on one line; empty if there is none.
    pub subject: String,
    /// Readable plain text, with `\n` as line ends; empty if there is none.
    pub text: String,
    /// The files, in the order of the arrival.
    pub media: Vec<Media>,
    /// Whether the structure is broken in a way that may hide something. The raw arrival is then sent along.
    pub unclear: bool,
    /// The words below an alert's title, where the vendor's wording is known: the text without its
    /// boilerplate. `None`: subject and text are shown as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The recorder's channel that sent this; `None` if the device is a single camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Camera>,
    /// Whether the device sent it long after it happened, as what waited while it was not connected: stored and shown,
    /// not alerted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub late: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Content {
    /// Whether it contains a picture, an animation or a video, complete or not.
    pub fn has_shots(&self) -> bool {
        self.media.iter().any(Media::is_shot)
    }

    /// Whether it has a subject or a text.
    pub fn has_words(&self) -> bool {
        !self.subject.is_empty() || !self.text.is_empty()
    }
}

/// A channel of a recorder: one camera of several that share a login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Camera {
    /// The channel's number as the recorder writes it: `2`, `A2`, `D3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The name that its owner gave the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Camera {
    /// The key of the channel within its recorder: its number, else its name; lower case.
    pub fn key(&self) -> Option<String> {
        self.number.as_deref().or(self.name.as_deref()).map(str::to_lowercase)
    }

    /// The label of the channel for people: its name, else its number.
    pub fn label(&self) -> Option<String> {
        let numbered = || self.number.as_deref().map(|number| format!("channel {number}"));
        self.name.clone().or_else(numbered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MediaKind;
    use crate::testing::media;

    #[test]
    fn each_protocol_has_the_name_that_is_stored() {
        let names: Vec<_> = Protocol::ALL.iter().map(|protocol| protocol.as_str()).collect();
        assert_eq!(names, ["smtp", "ftp", "http", "mqtt"]);
    }

    #[test]
    fn a_proof_is_unknown_only_if_it_was_not_noted() {
        assert!(LoginProof::Unknown.is_unknown());
        assert!(!LoginProof::Unproven.is_unknown() && !LoginProof::Proven.is_unknown());
    }

    #[test]
    fn a_content_has_words_and_shots_apart_from_each_other() {
        let subject = Content { subject: "Motion".to_owned(), ..Content::default() };
        let text = Content { text: "Motion".to_owned(), ..Content::default() };
        let of = |kind| Content { media: vec![media(kind)], ..Content::default() };
        for (content, words, shots) in [
            (Content::default(), false, false),
            (subject, true, false),
            (text, true, false),
            (of(MediaKind::File), false, false),
            (of(MediaKind::Picture), false, true),
        ] {
            assert_eq!((content.has_words(), content.has_shots()), (words, shots), "{content:?}");
        }
    }

    #[test]
    fn a_channel_is_found_by_its_number_and_called_by_its_name() {
        let some = |text: &str| Some(text.to_owned());
        for (number, name, key, label) in [
            (some("A2"), some("Gate"), some("a2"), some("Gate")),
            (some("A2"), None, some("a2"), some("channel A2")),
            (None, some("Gate"), some("gate"), some("Gate")),
            (None, None, None, None),
        ] {
            let camera = Camera { number, name };
            assert_eq!((camera.key(), camera.label()), (key, label), "{camera:?}");
        }
    }
}
