//! Signed links: to stored files, to shared incidents, and to actions. Whoever has one can do that one thing, without a login,
//! until it expires.
//!
//! A link contains what it allows, its expiry and an HMAC-SHA256 over both; nothing is stored to check it. The kinds are kept
//! apart by a prefix in the signed text.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tipoff_model::{Action, Alert, AlertMedia, IncidentId, MediaPlace, Timestamp};

use crate::runtime::hex::hex;

/// Bytes of the digest that a link contains: nobody tries 2^128 links.
const SIGNATURE_BYTES: usize = 16;
/// Links to files expire at whole days, or whole hours where they last less than a day: all attempts of a
/// delivery, and a feed that is read again, have the same link.
const DAY_S: u64 = 24 * 60 * 60;
const HOUR_S: u64 = 60 * 60;

/// Makes and checks links.
#[derive(Clone)]
pub(crate) struct Links(Arc<Parts>);

/// The public address, at the time of the call. `None` if it is not known: a machine may start before its network.
pub(crate) type PublicUrl = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// What links are made of.
struct Parts {
    /// The public address.
    base: PublicUrl,
    /// The key of signatures, from the data folder.
    key: [u8; 32],
    /// How long a link to a file lasts at least.
    media_lasts: Duration,
}

/// Whether a link to a file is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaLink {
    /// It opens the file.
    Open,
    /// It was made here, and its time is over.
    Expired,
    /// It was not made here, or by a version whose links never expired.
    Foreign,
}

impl Links {
    /// `base` is how others reach the HTTP port, such as `http://192.168.1.10:8080`; without it
    /// alerts carry no links. `key` signs them; links to files last `media_lasts`, or up to a day more.
    pub(crate) fn new(base: PublicUrl, key: [u8; 32], media_lasts: Duration) -> Self {
        Self(Arc::new(Parts { base, key, media_lasts }))
    }

    /// The same with an address that never changes.
    #[cfg(test)]
    pub(crate) fn at(base: Option<&str>, key: [u8; 32], media_lasts: Duration) -> Self {
        let base = base.map(str::to_owned);
        Self::new(Arc::new(move || base.clone()), key, media_lasts)
    }

    /// Gives an alert the link to its incident, and every file its own.
    pub(crate) fn fill_in(&self, alert: &mut Alert, now: Timestamp) {
        alert.link = self.incident(alert.incident);
        for media in alert.media.iter_mut().chain(&mut alert.raw) {
            media.url = self.link(media, now);
        }
    }

    /// The public address, without a slash at the end; empty if it is not known.
    pub(crate) fn base(&self) -> String {
        self.known_base().unwrap_or_default()
    }

    fn known_base(&self) -> Option<String> {
        (self.0.base)().map(|base| base.trim_end_matches('/').to_owned())
    }

    /// The page of an incident, which needs a login; `None` if the public address is not known.
    pub(crate) fn incident(&self, incident: IncidentId) -> Option<String> {
        Some(format!("{}/incidents/{incident}", self.known_base()?))
    }

    /// The link to a file, made at `now`; `None` if the public address is not known. It ends with the file's name, for programs
    /// that save it.
    pub(crate) fn link(&self, media: &AlertMedia, now: Timestamp) -> Option<String> {
        let base = self.known_base()?;
        let MediaPlace { arrival, .. } = media.place;
        let file = file_part(media.place);
        let expires_s = self.media_expiry(now);
        let signature = self.sign(media.place, expires_s);
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
        Some(format!("{base}/media/{arrival}/{file}/{expires_s}-{signature}/{name}"))
    }

    /// Whether a link to a file is valid at `now`. `proof` is its expiry and signature, as [`Self::link`] writes them.
    pub(crate) fn media(&self, place: MediaPlace, proof: &str, now: Timestamp) -> MediaLink {
        let Some((expires, signature)) = proof.split_once('-') else {
            return MediaLink::Foreign;
        };
        let Ok(expires_s) = expires.parse::<i64>() else {
            return MediaLink::Foreign;
        };
        if !is_equal(&self.sign(place, expires_s), signature) {
            MediaLink::Foreign
        } else if now.as_ms() / 1000 < expires_s {
            MediaLink::Open
        } else {
            MediaLink::Expired
        }
    }

    /// When a link to a file expires that is made at `now`, in seconds since 1970.
    fn media_expiry(&self, now: Timestamp) -> i64 {
        let step = if self.0.media_lasts.as_secs() < DAY_S { HOUR_S } else { DAY_S };
        let end_s = u64::try_from(now.after(self.0.media_lasts).as_ms()).unwrap_or(0) / 1000;
        i64::try_from(end_s.div_ceil(step).saturating_mul(step)).unwrap_or(i64::MAX)
    }

    /// A link to an incident until then, with the number under which it is listed and revoked.
    pub(crate) fn share(&self, number: i64, incident: IncidentId, expires_at: Timestamp) -> String {
        let base = self.base();
        let expires_s = expires_at.as_ms() / 1000;
        let signature = self.sign_text(&shared(number, incident, expires_s));
        format!("{base}/share/{incident}/{expires_s}/{number}-{signature}")
    }

    /// The number of the link, if it was made here for this incident and time, in seconds since 1970, and
    /// that is not over. `proof` is its number and signature, as [`Self::share`] writes them.
    pub(crate) fn shared(
        &self,
        incident: IncidentId,
        expires_s: i64,
        proof: &str,
        now: Timestamp,
    ) -> Option<i64> {
        let (number, signature) = proof.split_once('-')?;
        let number = number.parse().ok()?;
        let expected = self.sign_text(&shared(number, incident, expires_s));
        (is_equal(&expected, signature) && now.as_ms() / 1000 < expires_s).then_some(number)
    }

    /// A link that carries out an action until then, for whoever has it. The name of the channel that
    /// gets it is in it. `None` if the public address is not known, or the action has no text.
    pub(crate) fn action(
        &self,
        action: &Action,
        channel: &str,
        expires_at: Timestamp,
    ) -> Option<String> {
        let base = self.known_base()?;
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
        if !is_equal(&expected, signature) {
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
        let base = self.known_base().filter(|base| base.starts_with("https://"))?;
        Some(format!("{base}/hooks/{}", tipoff_model::percent_encoded(channel)))
    }

    fn sign(&self, place: MediaPlace, expires_s: i64) -> String {
        self.sign_text(&format!("media/{}/{}/{expires_s}", place.arrival, file_part(place)))
    }

    fn sign_text(&self, text: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.key) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        hex(digest.get(..SIGNATURE_BYTES).unwrap_or(&digest))
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

fn shared(number: i64, incident: IncidentId, expires_s: i64) -> String {
    format!("share/{number}/{incident}/{expires_s}")
}

/// In constant time. The signature of nothing, where none could be made, equals nothing.
fn is_equal(expected: &str, given: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// The part of a link that names a file of an arrival: its index, or `raw` for the arrival as it came.
pub(crate) fn file_part(place: MediaPlace) -> String {
    place.index.map_or_else(|| "raw".to_owned(), |index| index.to_string())
}

/// Parses what [`file_part`] makes; `None` for anything else.
pub(crate) fn parse_file_part(part: &str) -> Option<Option<u32>> {
    if part == "raw" { Some(None) } else { part.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use tipoff_model::ArrivalId;

    use super::*;

    const LASTS: Duration = Duration::from_secs(30 * DAY_S);

    fn links(key: u8) -> Links {
        Links::at(Some("http://tipoff.example/"), [key; 32], LASTS)
    }

    #[test]
    fn a_signature_opens_its_own_file_until_its_time_is_over() {
        let links = links(7);
        let place = |arrival, index| MediaPlace { arrival: ArrivalId(arrival), index };
        let proof = |expires_s| format!("{expires_s}-{}", links.sign(place(1, Some(0)), expires_s));
        let media = |arrival, index, proof: &str, now| {
            links.media(place(arrival, index), proof, Timestamp::from_ms(now))
        };
        let own = proof(9);
        assert_eq!(media(1, Some(0), &own, 8_999), MediaLink::Open);
        assert_eq!(media(1, Some(0), &own, 9_000), MediaLink::Expired);
        assert_eq!(media(1, Some(1), &own, 0), MediaLink::Foreign);
        assert_eq!(media(1, None, &own, 0), MediaLink::Foreign);
        assert_eq!(media(11, Some(0), &own, 0), MediaLink::Foreign);
        let later = own.replace("9-", "99-");
        let without = own.trim_start_matches("9-");
        for forged in ["", "-", "9-", "x-", "9", &later, without, &format!("-{own}"), &proof(-1)] {
            assert_ne!(media(1, Some(0), forged, 0), MediaLink::Open, "{forged}");
        }
        let other = Links::at(None, [8; 32], LASTS);
        assert_eq!(other.media(place(1, Some(0)), &own, Timestamp::from_ms(0)), MediaLink::Foreign);
    }

    #[test]
    fn a_file_link_lasts_at_least_as_long_as_is_set_and_is_the_same_for_a_while() {
        let now = Timestamp::from_ms(1_800_000_123_456);
        for (lasts_s, step) in [(30 * DAY_S, DAY_S), (DAY_S, DAY_S), (HOUR_S, HOUR_S), (60, HOUR_S)]
        {
            let links = Links::at(None, [7; 32], Duration::from_secs(lasts_s));
            let lasts = links.media_expiry(now) - now.as_ms() / 1000;
            let lasts = u64::try_from(lasts).unwrap();
            assert!((lasts_s..=lasts_s + step).contains(&lasts), "{lasts_s}: {lasts}");
        }
        let a_minute_later = now.after(Duration::from_secs(60));
        assert_eq!(links(7).media_expiry(now), links(7).media_expiry(a_minute_later));
    }

    #[test]
    fn a_shared_link_opens_its_own_incident_until_its_time_is_over() {
        let links = links(7);
        let link = links.share(3, IncidentId(5), Timestamp::from_ms(9_000));
        let proof = link.strip_prefix("http://tipoff.example/share/5/9/").unwrap();
        let opens = |id, expires_s, proof: &str, now| {
            links.shared(IncidentId(id), expires_s, proof, Timestamp::from_ms(now))
        };
        assert_eq!(opens(5, 9, proof, 8_999), Some(3));
        assert_eq!(opens(5, 9, proof, 9_000), None, "it is over");
        assert_eq!(opens(5, 99, proof, 8_000), None, "a later time is not signed");
        assert_eq!(opens(6, 9, proof, 8_000), None);
        assert_eq!(opens(5, 9, &proof.replace("3-", "4-"), 8_000), None, "another's number");
        for forged in ["", "3-", "-", "3"] {
            assert_eq!(opens(5, 9, forged, 8_000), None, "{forged}");
        }
    }

    #[test]
    fn an_action_link_allows_its_own_action_until_its_time_is_over() {
        let links = links(7);
        let action = Action::NotInteresting { incident: IncidentId(5) };
        let link = links.action(&action, "my phone\n", Timestamp::from_ms(9_000)).unwrap();
        let token = link.strip_prefix("http://tipoff.example/act/").unwrap();
        let grant = ActionGrant { action, channel: "my phone\n".to_owned() };
        let at = Timestamp::from_ms;
        assert_eq!(links.action_of(token, at(8_999)), Some(grant));
        assert_eq!(links.action_of(token, at(9_000)), None, "it is over");
        assert_eq!(self::links(8).action_of(token, at(1)), None, "another key");
        let (grant, signature) = token.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode("99\nn:5\nmy phone\n");
        for token in ["", ".", grant, &format!("{other}.{signature}"), &format!("{grant}.")] {
            assert_eq!(links.action_of(token, at(1)), None, "{token}");
        }
    }

    #[test]
    fn services_send_requests_over_tls_only() {
        let hook = |base| Links::at(Some(base), [7; 32], LASTS).hook("my phone");
        assert_eq!(hook("https://a.example").unwrap(), "https://a.example/hooks/my%20phone");
        assert_eq!(hook("http://a.example"), None);
        assert_eq!(Links::at(None, [7; 32], LASTS).hook("me"), None);
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
