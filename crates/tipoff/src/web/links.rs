//! Links to stored files, signed: whoever has one can open that file and no other.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tipoff_model::{Action, Alert, AlertMedia, IncidentId, MediaPlace, Timestamp};

/// How much of the digest a link carries, in bytes: nobody tries 2^128 links.
const SIGNATURE_BYTES: usize = 16;

/// Makes and checks links.
#[derive(Clone)]
pub(crate) struct Links(Arc<Parts>);

struct Parts {
    base: Option<String>,
    key: [u8; 32],
}

impl Links {
    /// `base` is how others reach the HTTP port, such as `http://192.168.1.10:8080`; without it
    /// alerts carry no links. `key` signs them.
    pub(crate) fn new(base: Option<&str>, key: [u8; 32]) -> Self {
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        Self(Arc::new(Parts { base, key }))
    }

    /// Gives an alert the link to its incident, and every file its own.
    pub(crate) fn fill_in(&self, alert: &mut Alert) {
        alert.link = self.incident(alert.incident);
        for media in alert.media.iter_mut().chain(&mut alert.raw) {
            media.url = self.link(media);
        }
    }

    /// How others reach the HTTP port; nothing where that is not known.
    pub(crate) fn base(&self) -> &str {
        self.0.base.as_deref().unwrap_or_default()
    }

    /// Where people look at an incident; none: how others reach the HTTP port is not known.
    pub(crate) fn incident(&self, incident: IncidentId) -> Option<String> {
        Some(format!("{}/incidents/{incident}", self.0.base.as_deref()?))
    }

    /// The link to a file.
    pub(crate) fn link(&self, media: &AlertMedia) -> Option<String> {
        let base = self.0.base.as_deref()?;
        let MediaPlace { arrival, .. } = media.place;
        let file = file_part(media.place);
        let signature = self.sign(media.place);
        // The name is for the person who saves the file; the rest says which it is.
        let name: String = media
            .media
            .name
            .chars()
            .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
            .collect();
        let name = match media.media.name.rsplit_once('.') {
            Some((_, extension)) if extension.chars().all(|c| c.is_ascii_alphanumeric()) => {
                let stem = name.get(..name.len() - extension.len() - 1).unwrap_or_default();
                format!("{stem}.{extension}")
            }
            _ => name,
        };
        Some(format!("{base}/media/{arrival}/{file}/{signature}/{name}"))
    }

    /// Whether this signature was made here for this file.
    pub(crate) fn is_signed(&self, place: MediaPlace, signature: &str) -> bool {
        self.sign(place).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// A link to an incident that holds until then.
    pub(crate) fn share(&self, incident: IncidentId, expires_at: Timestamp) -> String {
        let base = self.0.base.as_deref().unwrap_or_default();
        let expires_s = expires_at.as_ms() / 1000;
        let signature = self.sign_text(&shared(incident, expires_s));
        format!("{base}/share/{incident}/{expires_s}/{signature}")
    }

    /// Whether this signature was made here for this incident and time, in seconds since 1970, and
    /// that is not over.
    pub(crate) fn is_shared(
        &self,
        incident: IncidentId,
        expires_s: i64,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let expected = self.sign_text(&shared(incident, expires_s));
        let is_ours: bool = expected.as_bytes().ct_eq(signature.as_bytes()).into();
        is_ours && now.as_ms() / 1000 < expires_s
    }

    /// A link that carries out an action until then, for whoever has it. The name of the channel that
    /// gets it is in it. `None` if the public address is not known, or the action has no text.
    pub(crate) fn action(
        &self,
        action: &Action,
        channel: &str,
        expires_at: Timestamp,
    ) -> Option<String> {
        let base = self.0.base.as_deref()?;
        let expires_s = expires_at.as_ms() / 1000;
        let grant = format!("{expires_s}\n{}\n{channel}", action.encode()?);
        let signature = self.sign_text(&format!("act/{grant}"));
        Some(format!("{base}/act/{}.{signature}", URL_SAFE_NO_PAD.encode(grant)))
    }

    /// What the token of such a link allows. `None` if it was not made here, or its time is over.
    pub(crate) fn action_of(&self, token: &str, now: Timestamp) -> Option<ActionGrant> {
        let (grant, signature) = token.split_once('.')?;
        let grant = String::from_utf8(URL_SAFE_NO_PAD.decode(grant).ok()?).ok()?;
        let expected = self.sign_text(&format!("act/{grant}"));
        let is_ours: bool = expected.as_bytes().ct_eq(signature.as_bytes()).into();
        if !is_ours {
            return None;
        }
        let mut parts = grant.splitn(3, '\n');
        let expires_s: i64 = parts.next()?.parse().ok()?;
        let action = Action::decode(parts.next()?)?;
        let channel = parts.next()?.to_owned();
        (now.as_ms() / 1000 < expires_s).then_some(ActionGrant { action, channel })
    }

    /// Where a service sends requests for a channel: only over TLS. `None` if the public address does
    /// not begin with https://.
    pub(crate) fn hook(&self, channel: &str) -> Option<String> {
        let base = self.0.base.as_deref().filter(|base| base.starts_with("https://"))?;
        Some(format!("{base}/hooks/{}", super::filter::encode(channel)))
    }

    fn sign(&self, place: MediaPlace) -> String {
        self.sign_text(&format!("media/{}/{}", place.arrival, file_part(place)))
    }

    fn sign_text(&self, text: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.key) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(SIGNATURE_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What an action link allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionGrant {
    /// What may be done.
    pub(crate) action: Action,
    /// The name of the channel that got the link.
    pub(crate) channel: String,
}

fn shared(incident: IncidentId, expires_s: i64) -> String {
    format!("share/{incident}/{expires_s}")
}

/// How a link names a file of an arrival, or the arrival as it came.
pub(crate) fn file_part(place: MediaPlace) -> String {
    place.index.map_or_else(|| "raw".to_owned(), |index| index.to_string())
}

/// What [`file_part`] made; none: it made no such thing.
pub(crate) fn parse_file_part(part: &str) -> Option<Option<u32>> {
    if part == "raw" { Some(None) } else { part.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use tipoff_model::ArrivalId;

    use super::*;

    #[test]
    fn a_signature_opens_its_own_file_only() {
        let links = Links::new(None, [7; 32]);
        let place = |arrival, index| MediaPlace { arrival: ArrivalId(arrival), index };
        let signature = links.sign(place(1, Some(0)));
        assert!(links.is_signed(place(1, Some(0)), &signature));
        assert!(!links.is_signed(place(1, Some(1)), &signature));
        assert!(!links.is_signed(place(1, None), &signature));
        assert!(!links.is_signed(place(11, Some(0)), &signature));
        assert!(!links.is_signed(place(1, Some(0)), ""));
        assert!(!Links::new(None, [8; 32]).is_signed(place(1, Some(0)), &signature));
    }

    #[test]
    fn a_shared_link_opens_its_own_incident_until_its_time_is_over() {
        let links = Links::new(Some("http://tipoff.example"), [7; 32]);
        let link = links.share(IncidentId(5), Timestamp::from_ms(9_000));
        let signature = link.strip_prefix("http://tipoff.example/share/5/9/").unwrap();
        let opens = |id, expires_s, signature: &str, now| {
            links.is_shared(IncidentId(id), expires_s, signature, Timestamp::from_ms(now))
        };
        assert!(opens(5, 9, signature, 8_999));
        assert!(!opens(5, 9, signature, 9_000), "it is over");
        assert!(!opens(5, 99, signature, 8_000), "a later time is not signed");
        assert!(!opens(6, 9, signature, 8_000));
        assert!(!opens(5, 9, "", 8_000));
    }

    #[test]
    fn an_action_link_allows_its_own_action_until_its_time_is_over() {
        let links = Links::new(Some("http://tipoff.example/"), [7; 32]);
        let action = Action::NotInteresting { incident: IncidentId(5) };
        let link = links.action(&action, "my phone\n", Timestamp::from_ms(9_000)).unwrap();
        let token = link.strip_prefix("http://tipoff.example/act/").unwrap();
        let grant = ActionGrant { action, channel: "my phone\n".to_owned() };
        let at = Timestamp::from_ms;
        assert_eq!(links.action_of(token, at(8_999)), Some(grant));
        assert_eq!(links.action_of(token, at(9_000)), None, "it is over");
        assert_eq!(Links::new(None, [8; 32]).action_of(token, at(1)), None, "another key");
        let (grant, signature) = token.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode("99\nn:5\nmy phone\n");
        for token in ["", ".", grant, &format!("{other}.{signature}"), &format!("{grant}.")] {
            assert_eq!(links.action_of(token, at(1)), None, "{token}");
        }
    }

    #[test]
    fn services_send_requests_over_tls_only() {
        let hook = |base| Links::new(Some(base), [7; 32]).hook("my phone");
        assert_eq!(hook("https://a.example").unwrap(), "https://a.example/hooks/my%20phone");
        assert_eq!(hook("http://a.example"), None);
        assert_eq!(Links::new(None, [7; 32]).hook("me"), None);
    }

    #[test]
    fn file_parts_are_read_as_they_are_written() {
        for index in [None, Some(0), Some(17)] {
            let place = MediaPlace { arrival: ArrivalId(1), index };
            assert_eq!(parse_file_part(&file_part(place)), Some(index));
        }
        assert_eq!(parse_file_part("../secret"), None);
    }
}
