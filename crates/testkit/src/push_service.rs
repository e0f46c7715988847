//! A push service (RFC 8030) with the browsers that it serves: checks the request, the proof of the server (RFC 8292) and the
//! encryption (RFC 8291), and records what each browser would read. It derives keys by its own code, with another library than
//! the program.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::PublicKey;
use p256::SecretKey;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use crate::standin::{Behaviour, Line, Shared, StandIn, answer};

/// The largest body that is taken, in bytes.
const BODY_BYTES_MAX: usize = 4096;
/// How long a proof may be valid, in seconds.
const PROOF_S_MAX: u64 = 24 * 60 * 60;

/// In the body of an answer of the script, this is replaced with the proof of the request.
pub const AUTHORIZATION: &str = "{authorization}";

/// A notification, as the browser reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The number of the browser.
    pub browser: usize,
    /// The decrypted text.
    pub payload: Value,
    /// The header `Urgency`.
    pub urgency: String,
    /// The header `Topic`.
    pub topic: String,
    /// The claim `sub` of the proof.
    pub contact: String,
}

/// The subscription that a browser hands to the page (`PushSubscription`).
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The address at the push service.
    pub endpoint: String,
    /// The public key.
    pub p256dh: String,
    /// The secret.
    pub auth: String,
}

/// A browser that has subscribed.
struct Browser {
    secret: SecretKey,
    auth: [u8; 16],
    /// `applicationServerKey`.
    server_key: String,
    has_ended: bool,
}

/// A running push service; it ends when this is dropped.
pub struct PushService {
    service: StandIn<Push>,
    browsers: Arc<Mutex<Vec<Browser>>>,
}

impl Deref for PushService {
    type Target = StandIn<Push>;

    fn deref(&self) -> &Self::Target {
        &self.service
    }
}

impl PushService {
    /// Starts one.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> io::Result<Self> {
        let browsers: Arc<Mutex<Vec<Browser>>> = Arc::default();
        let of_route = Arc::clone(&browsers);
        let take = async move |State(shared): State<Arc<Shared<Push>>>,
                               ConnectInfo(line): ConnectInfo<Line>,
                               Path(browser): Path<usize>,
                               headers: HeaderMap,
                               body: Bytes| {
            let mut behaviour = shared.script.take();
            if let Behaviour::Answer { body, .. } = &mut behaviour {
                *body = body.replace(AUTHORIZATION, text(&headers, "authorization").unwrap_or(""));
            }
            if let Some(response) = behaviour.meet(&line).await {
                return response;
            }
            take(&lock(&of_route), &shared, browser, &headers, &body)
        };
        let routes = Router::new().route("/push/{browser}", post(take));
        let service = StandIn::start(routes, "").await?;
        Ok(Self { service, browsers })
    }

    /// A browser subscribes, for the server with this public key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn subscribe(&self, server_key: &str) -> io::Result<Subscription> {
        let (mut secret, mut auth) = ([0; 32], [0; 16]);
        let random = SystemRandom::new();
        let failed = |_| io::Error::other("no random numbers");
        random.fill(&mut secret).and_then(|()| random.fill(&mut auth)).map_err(failed)?;
        // One in 2^32 is no key.
        let secret = SecretKey::from_slice(&secret).map_err(|_| io::Error::other("no key"))?;
        let public = secret.public_key().to_encoded_point(false);
        let mut browsers = lock(&self.browsers);
        let subscription = Subscription {
            endpoint: format!("{}/push/{}", self.service.url(), browsers.len()),
            p256dh: URL_SAFE_NO_PAD.encode(public.as_bytes()),
            auth: URL_SAFE_NO_PAD.encode(auth),
        };
        let server_key = server_key.to_owned();
        browsers.push(Browser { secret, auth, server_key, has_ended: false });
        Ok(subscription)
    }

    /// A browser ends its subscription.
    pub fn end(&self, browser: usize) {
        if let Some(browser) = lock(&self.browsers).get_mut(browser) {
            browser.has_ended = true;
        }
    }
}

fn take(
    browsers: &[Browser],
    shared: &Shared<Push>,
    number: usize,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let Some(browser) = browsers.get(number) else {
        return answer(404, &[], "no such subscription".to_owned());
    };
    if browser.has_ended {
        return answer(410, &[], "push subscription has unsubscribed or expired.".to_owned());
    }
    if body.len() > BODY_BYTES_MAX {
        return answer(413, &[], "payload too large".to_owned());
    }
    let audience = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let contact = match proof(headers, &format!("http://{audience}"), &browser.server_key) {
        Ok(contact) => contact,
        Err(words) => return answer(403, &[], words.to_owned()),
    };
    match read(browser, headers, body) {
        Ok((payload, urgency, topic)) => {
            shared.log.push(Push { browser: number, payload, urgency, topic, contact });
            let location = ("location".to_owned(), "/message/1".to_owned());
            answer(201, &[location], String::new())
        }
        Err(words) => answer(400, &[], words.to_owned()),
    }
}

/// The contact of the server, if its proof is right.
fn proof(headers: &HeaderMap, audience: &str, server_key: &str) -> Result<String, &'static str> {
    let header = text(headers, "authorization")?;
    let parameters = header.strip_prefix("vapid ").ok_or("no vapid")?;
    let parameter = |name: &str| {
        parameters.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let (token, key) = (parameter("t").ok_or("no t")?, parameter("k").ok_or("no k")?);
    if key != server_key {
        return Err("the VAPID credentials do not correspond to the ones of the subscription");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
    let (head, claims) = signed.split_once('.').ok_or("no token")?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decoded(key)?);
    key.verify(signed.as_bytes(), &decoded(signature)?).map_err(|_| "bad signature")?;
    let json = |part: &str| {
        serde_json::from_slice::<Value>(&decoded(part)?).map_err(|_| "no JSON in the token")
    };
    let (head, claims) = (json(head)?, json(claims)?);
    if head != serde_json::json!({ "typ": "JWT", "alg": "ES256" }) {
        return Err("bad head");
    }
    if claims.get("aud").and_then(Value::as_str) != Some(audience) {
        return Err("bad audience");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| "no time")?;
    let expires = claims.get("exp").and_then(Value::as_u64).ok_or("no exp")?;
    if expires <= now.as_secs() || expires > now.as_secs() + PROOF_S_MAX {
        return Err("bad exp");
    }
    let contact = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    match contact.starts_with("mailto:") || contact.starts_with("https://") {
        true => Ok(contact.to_owned()),
        false => Err("bad sub"),
    }
}

/// The payload, the urgency and the topic.
fn read(
    browser: &Browser,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Value, String, String), &'static str> {
    if text(headers, "content-encoding")? != "aes128gcm" {
        return Err("unknown content encoding");
    }
    if text(headers, "ttl")?.parse::<u32>().is_err() {
        return Err("bad ttl");
    }
    let urgency = text(headers, "urgency")?;
    if !["very-low", "low", "normal", "high"].contains(&urgency) {
        return Err("bad urgency");
    }
    let topic = text(headers, "topic")?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if topic.is_empty() || topic.len() > 32 || !topic.bytes().all(is_base64) {
        return Err("bad topic");
    }
    let payload = decrypt(browser, body).ok_or("cannot be decrypted")?;
    let payload = serde_json::from_slice(&payload).map_err(|_| "no JSON")?;
    Ok((payload, urgency.to_owned(), topic.to_owned()))
}

/// As a browser does (RFC 8291, section 3; RFC 8188, section 2).
fn decrypt(browser: &Browser, body: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = body.split_at_checked(16)?;
    let (record_bytes, rest) = rest.split_at_checked(4)?;
    let record_bytes = u32::from_be_bytes(record_bytes.try_into().ok()?) as usize;
    let (&id_bytes, rest) = rest.split_first()?;
    let (server, record) = rest.split_at_checked(id_bytes.into())?;
    // A message is one record, and its delimiter says that it is the last.
    if server.len() != 65 || record.len() > record_bytes {
        return None;
    }
    let theirs = PublicKey::from_sec1_bytes(server).ok()?;
    let shared = diffie_hellman(browser.secret.to_nonzero_scalar(), theirs.as_affine());
    let ours = browser.secret.public_key().to_encoded_point(false);
    let info = [b"WebPush: info\0", ours.as_bytes(), server].concat();
    let input = derived(&browser.auth, shared.raw_secret_bytes().as_slice(), &info);
    let key = derived(salt, &input, b"Content-Encoding: aes128gcm\0");
    let nonce = derived(salt, &input, b"Content-Encoding: nonce\0");
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key.get(..16)?).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.get(..12)?).ok()?;
    let mut record = record.to_vec();
    let plain = key.open_in_place(nonce, Aad::empty(), &mut record).ok()?;
    let end = plain.iter().rposition(|byte| *byte != 0)?;
    (plain.get(end) == Some(&2)).then(|| plain.get(..end).unwrap_or_default().to_vec())
}

/// HKDF with SHA-256 (RFC 5869), the first 32 bytes.
fn derived(salt: &[u8], input: &[u8], info: &[u8]) -> Vec<u8> {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), input);
    let key = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
    hmac::sign(&key, &[info, &[1]].concat()).as_ref().to_vec()
}

fn decoded(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| "no base64url")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, &'static str> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or("a header is missing")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
