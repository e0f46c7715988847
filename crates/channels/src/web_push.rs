//! Notifications of browsers (Web Push, RFC 8030): one channel for each browser that subscribed. The push service is the one of
//! the browser's vendor; it forwards what it cannot read.
//!
//! A subscription is made by a browser, and kept by the program with its user: it is never written in the configuration.

mod addresses;
mod encryption;
mod payload;
mod vapid;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use sha2::{Digest, Sha256};
use tipoff_model::{Alert, Outcome, Priority, Receipt, Verdict};

use self::encryption::{AUTH_BYTES, BrowserKeys, PLAINTEXT_BYTES_MAX, PUBLIC_KEY_BYTES};
use crate::body::{Body, Piece};
use crate::http::{self, Answer, REPAIR_PAUSE, Request, Secrets, repair_message, retry};
use crate::message_service::{asks_to_wait, internal_error};
use crate::{Abilities, BoxFuture, Channel, Context, Message};

pub use addresses::MayReach;
use vapid::Proof;
pub use vapid::VapidKey;

/// The value of a channel's type in pages and the API.
pub const KIND: &str = "web-push";
/// Length limit of an endpoint, in bytes.
pub const ENDPOINT_BYTES_MAX: usize = 1024;
/// How long a push service keeps a message for a browser that is not there: as long as other channels retry.
const TTL_S: u64 = 24 * 60 * 60;
/// Time limit for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// A message that is sent again to a service which takes less than the standard asks for, in bytes.
const SMALL_BYTES_MAX: usize = 1500;
/// The contact if the browser's page has no https address, such as on the machine itself.
const NO_CONTACT: &str = "https://localhost";
/// Name of the service in error texts.
const NAME: &str = "the push service";

const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// A browser's subscription (`PushSubscription`), as the browser writes it.
#[derive(Clone, Copy)]
pub struct Subscription<'a> {
    /// The address at the push service. Secret: whoever has it can send to the browser.
    pub endpoint: &'a str,
    /// The browser's public key, in base64url.
    pub p256dh: &'a str,
    /// The browser's secret, in base64url.
    pub auth: &'a str,
    /// The origin of the page that subscribed, by which a push service knows whom to ask about this server.
    pub origin: &'a str,
}

/// Sends to all subscriptions of this program.
pub struct PushSender {
    key: VapidKey,
    /// Made for the first notification: it holds the certificates of the system's authorities.
    client: OnceLock<Client>,
    may_reach: MayReach,
}

impl PushSender {
    /// `key` signs; `may_reach` says which addresses are reached beside public ones.
    pub fn new(key: VapidKey, may_reach: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { key, client: OnceLock::new(), may_reach: Arc::new(may_reach) }
    }

    /// # Errors
    /// TLS cannot be set up.
    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = addresses::client(&self.may_reach)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The public key as browsers take it (`applicationServerKey`).
    pub fn public_key(&self) -> String {
        self.key.public()
    }

    /// Whether the name in an endpoint leads to an address that may be reached; `true` if it leads nowhere now.
    pub async fn may_reach(&self, endpoint: &str) -> bool {
        match Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_owned)) {
            Some(host) => addresses::leads_to_allowed(&host, &self.may_reach).await,
            None => false,
        }
    }

    /// The channel of a subscription.
    ///
    /// # Errors
    /// The fault of the subscription, without its secrets.
    pub fn channel(
        self: &Arc<Self>,
        subscription: Subscription<'_>,
    ) -> Result<Box<dyn Channel>, String> {
        let Subscription { endpoint, p256dh, auth, origin } = subscription;
        let url = Url::parse(endpoint).ok().filter(|_| endpoint.len() <= ENDPOINT_BYTES_MAX);
        let url = url.ok_or("the endpoint is not an address, or too long")?;
        addresses::check(&url, &self.may_reach)?;
        let keys = || {
            Some(BrowserKeys {
                public: <[u8; PUBLIC_KEY_BYTES]>::try_from(base64url(p256dh)?).ok()?,
                auth: <[u8; AUTH_BYTES]>::try_from(base64url(auth)?).ok()?,
            })
        };
        let browser = keys().filter(BrowserKeys::is_valid);
        let browser = browser.ok_or("the keys are not those of a browser")?;
        let mut secrets = Secrets::default();
        secrets.add_url(&url);
        let contact = if origin.starts_with("https://") { origin } else { NO_CONTACT };
        let (sender, contact) = (Arc::clone(self), contact.to_owned());
        Ok(Box::new(WebPush { sender, url, browser, contact, secrets }))
    }
}

/// One browser.
struct WebPush {
    sender: Arc<PushSender>,
    url: Url,
    browser: BrowserKeys,
    contact: String,
    secrets: Secrets,
}

impl Channel for WebPush {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut answer = self.post(context, PLAINTEXT_BYTES_MAX).await;
            if answer.as_ref().is_ok_and(|(answer, _)| answer.status == 413) {
                answer = self.post(context, SMALL_BYTES_MAX).await;
            }
            match answer {
                Ok((answer, said)) => judge(&answer, &said).into(),
                Err(verdict) => verdict.into(),
            }
        })
    }
}

impl WebPush {
    /// Sends the notification of an alert, in at most so many bytes before encryption. Returns the answer, and its words for
    /// an error text.
    async fn post(
        &self,
        context: &Context<'_>,
        bytes_max: usize,
    ) -> Result<(Answer, String), Verdict> {
        let message = payload::bytes(context.alert, bytes_max);
        let fault = |what: &str| repair_message(format!("the notification cannot be {what}"));
        let sealed = encryption::encrypt(&self.browser, &message);
        let piece = Piece::Bytes(sealed.ok_or_else(|| fault("encrypted"))?);
        let proof = self.proof().ok_or_else(|| fault("signed"))?;
        let headers = headers(&proof, context.alert).ok_or_else(|| fault("signed"))?;
        let mut secrets = self.secrets.clone();
        secrets.add(&proof.token);
        proof.token.split('.').for_each(|part| secrets.add(part));
        let body = Body::new("application/octet-stream".to_owned(), vec![piece]);
        let (url, time) = (self.url.clone(), ANSWER_TIME);
        let request = Request { url, headers, body, time, secrets: &secrets };
        let answer = http::post_with(self.sender.client(), request, context.files).await;
        let answer = answer.map_err(Verdict::from)?;
        let said = answer.said("", &secrets);
        Ok((answer, said))
    }

    fn proof(&self) -> Option<Proof> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let audience = self.url.origin().ascii_serialization();
        self.sender.key.proof(&audience, &self.contact, now.as_secs())
    }
}

fn headers(proof: &Proof, alert: &Alert) -> Option<HeaderMap> {
    Some(HeaderMap::from_iter([
        (AUTHORIZATION, http::secret_header(&proof.header)?),
        (CONTENT_ENCODING, HeaderValue::from_static("aes128gcm")),
        (TTL, HeaderValue::from(TTL_S)),
        (URGENCY, HeaderValue::from_static(urgency(alert))),
        (TOPIC, HeaderValue::try_from(topic(alert)).ok()?),
    ]))
}

/// The outcome of an answer (RFC 8030, sections 5 and 7.3), with its words.
fn judge(answer: &Answer, said: &str) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Delivered(Receipt::default()),
        404 | 410 => Verdict::Gone {
            error: "the browser has ended its subscription: the channel is removed".to_owned(),
        },
        408 | 429 => asks_to_wait(NAME, answer, said),
        500.. => internal_error(NAME, answer, said),
        status @ (401 | 403) => {
            let error = format!(
                "{NAME} does not accept the signature ({status}: {said}): check this machine's clock, or turn the \
                 notifications off and on in that browser"
            );
            retry(Some(answer.retry_after.unwrap_or(REPAIR_PAUSE)), error)
        }
        status => Verdict::Refused { error: format!("{NAME} answered {status}: {said}") },
    }
}

/// How urgent a message is for a phone that saves power (RFC 8030, section 5.3): alerts arrive at once, follow-ups when the
/// phone is awake.
fn urgency(alert: &Alert) -> &'static str {
    match alert.manner.priority {
        Some(Priority::Lowest) => "very-low",
        Some(Priority::Low) => "low",
        Some(Priority::Normal) => "normal",
        Some(Priority::High | Priority::Urgent) => "high",
        None if alert.is_silent() => "normal",
        None => "high",
    }
}

/// The topic (RFC 8030, section 5.4): of two messages with one topic that wait for a browser, only the later one is kept. So it is
/// the delivery's own: it replaces an attempt that was repeated, and no other alert.
fn topic(alert: &Alert) -> String {
    let digest = Sha256::digest(alert.idempotency_key.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.get(..24).unwrap_or_default())
}

/// Decodes base64url, also with padding or with the other alphabet. `None` if it is neither.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

#[cfg(test)]
mod tests;
