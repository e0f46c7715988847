//! HTTP logins as RFC 7616 (Digest) and RFC 7617 (Basic) describe them, checked to the letter.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::http::{Reply, Request};

/// A way to log in that a camera offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// User and password in clear text.
    Basic,
    /// A digest of the password.
    Digest(Digest),
}

/// How a camera does Digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The hash.
    pub algorithm: Algorithm,
    /// Whether `qop="auth"` is offered, and demanded then.
    pub qop: bool,
    /// Whether the challenge names the algorithm. An answer has to repeat it then.
    pub names_algorithm: bool,
    /// Whether the challenge has an `opaque`. An answer has to repeat it then.
    pub opaque: bool,
}

impl Default for Digest {
    /// As current firmware of Hikvision and Dahua: MD5, `qop="auth"`, `opaque`, algorithm named.
    fn default() -> Self {
        Self { algorithm: Algorithm::Md5, qop: true, names_algorithm: true, opaque: true }
    }
}

/// Hash of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`
    Md5,
    /// `MD5-sess`: the session's nonces are part of the hash.
    Md5Sess,
    /// `SHA-256`
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The account of a camera.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) realm: String,
    pub(super) schemes: Vec<Scheme>,
    /// How often a nonce may be used.
    pub(super) nonce_uses_max: Option<usize>,
    /// Wrong passwords after which the account is locked.
    pub(super) failures_max: Option<usize>,
}

/// What became of logins.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// The counts that were used with each nonce.
    nonces: BTreeMap<String, BTreeSet<u32>>,
    /// Uses of nonces without counts.
    uncounted: BTreeMap<String, usize>,
    issued: usize,
    pub(super) failures: usize,
    pub(super) is_locked: bool,
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// It has no login.
    Missing,
    /// The password is right and the nonce is no longer valid, for this reason.
    Stale(&'static str),
    /// The login is wrong.
    Wrong(String),
    /// The account is locked.
    Locked,
}

const OPAQUE: &str = "799d5";

impl Logins {
    /// Checks the login of a request. `Err`: the answer, and the reason if a login was sent.
    pub(super) fn check(
        &mut self,
        account: &Account,
        request: &Request,
    ) -> Result<(), (Reply, Option<String>)> {
        if account.schemes.is_empty() {
            return Ok(());
        }
        let refusal = match self.verify(account, request) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        if matches!(refusal, Refusal::Wrong(_)) {
            self.fail(account);
        }
        let reply = self.challenge(account, &refusal);
        let reason = match refusal {
            Refusal::Missing => None,
            Refusal::Stale(why) => Some(why.to_owned()),
            Refusal::Wrong(why) => Some(why),
            Refusal::Locked => Some("the account is locked".to_owned()),
        };
        Err((reply, reason))
    }

    /// Counts a wrong password.
    pub(super) fn fail(&mut self, account: &Account) {
        self.failures += 1;
        self.is_locked |= account.failures_max.is_some_and(|max| self.failures >= max);
    }

    /// Makes all nonces stale.
    pub(super) fn expire_nonces(&mut self) {
        self.nonces.clear();
        self.uncounted.clear();
    }

    /// Unlocks the account.
    pub(super) fn unlock(&mut self) {
        self.failures = 0;
        self.is_locked = false;
    }

    fn verify(&mut self, account: &Account, request: &Request) -> Result<(), Refusal> {
        let header = request.header("authorization").ok_or(Refusal::Missing)?;
        if self.is_locked {
            return Err(Refusal::Locked);
        }
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        let wrong = |why: &str| Refusal::Wrong(why.to_owned());
        if scheme.eq_ignore_ascii_case("basic") {
            if !account.schemes.contains(&Scheme::Basic) {
                return Err(wrong("Basic is not offered"));
            }
            let expected = STANDARD.encode(format!("{}:{}", account.user, account.password));
            return if rest == expected { Ok(()) } else { Err(wrong("wrong user or password")) };
        }
        if !scheme.eq_ignore_ascii_case("digest") {
            return Err(wrong("unknown scheme"));
        }
        let fields = Fields::parse(rest).map_err(Refusal::Wrong)?;
        let offered = account.schemes.iter().filter_map(|scheme| match scheme {
            Scheme::Digest(digest) => Some(digest),
            Scheme::Basic => None,
        });
        let named = fields.get("algorithm");
        let digest = offered.clone().find(|digest| match named {
            Some(name) => digest.algorithm.name() == name,
            None => digest.algorithm == Algorithm::Md5 && !digest.names_algorithm,
        });
        let digest = digest.ok_or_else(|| wrong("the algorithm is not one of the challenge"))?;
        fields.check(account, digest, request).map_err(Refusal::Wrong)?;
        self.count_use(account, digest, &fields)
    }

    /// Checks the nonce of a login that is right otherwise.
    fn count_use(
        &mut self,
        account: &Account,
        digest: &Digest,
        fields: &Fields,
    ) -> Result<(), Refusal> {
        let nonce = fields.get("nonce").unwrap_or_default();
        let counts = self.nonces.get_mut(nonce).ok_or(Refusal::Stale("the nonce is stale"))?;
        let uses_before = if digest.qop {
            let count = fields.get("nc").and_then(|nc| u32::from_str_radix(nc, 16).ok());
            let count = count.unwrap_or_default();
            if count == 0 || counts.contains(&count) {
                return Err(Refusal::Stale("this nonce count was used before"));
            }
            counts.insert(count);
            counts.len() - 1
        } else {
            let uses = self.uncounted.entry(nonce.to_owned()).or_default();
            *uses += 1;
            *uses - 1
        };
        match account.nonce_uses_max {
            Some(max) if uses_before >= max => Err(Refusal::Stale("the nonce is used up")),
            _ => Ok(()),
        }
    }

    fn challenge(&mut self, account: &Account, refusal: &Refusal) -> Reply {
        let body = match refusal {
            // A [K] guess at the wording; cameras say it in a body of their own.
            Refusal::Locked => LOCKED,
            _ => UNAUTHORIZED,
        };
        let mut reply = Reply::new(401, "text/html", body);
        for scheme in &account.schemes {
            let value = match scheme {
                Scheme::Basic => format!("Basic realm=\"{}\"", account.realm),
                Scheme::Digest(digest) => {
                    self.issued += 1;
                    let nonce = Algorithm::Md5.hash(&format!("{}:{}", account.realm, self.issued));
                    self.nonces.insert(nonce.clone(), BTreeSet::new());
                    challenge_of(
                        digest,
                        &account.realm,
                        &nonce,
                        matches!(refusal, Refusal::Stale(_)),
                    )
                }
            };
            reply = reply.with("WWW-Authenticate", value);
        }
        reply
    }
}

const UNAUTHORIZED: &str = "<!DOCTYPE html><html><head><title>Document Error: Unauthorized</title></head>\
    <body><h2>Access Error: 401 -- Unauthorized</h2></body></html>";
const LOCKED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><userCheck version=\"1.0\">\
    <statusValue>401</statusValue><statusString>Unauthorized</statusString><lockStatus>locked</lockStatus>\
    <unlockTime>1800</unlockTime></userCheck>";

fn challenge_of(digest: &Digest, realm: &str, nonce: &str, is_stale: bool) -> String {
    let mut value = format!("Digest realm=\"{realm}\", nonce=\"{nonce}\"");
    if digest.qop {
        value.push_str(", qop=\"auth\"");
    }
    if digest.names_algorithm {
        value.push_str(&format!(", algorithm={}", digest.algorithm.name()));
    }
    if digest.opaque {
        value.push_str(&format!(", opaque=\"{OPAQUE}\""));
    }
    if is_stale {
        value.push_str(", stale=true");
    }
    value
}

/// The fields of an `Authorization: Digest` header: name, value, whether it was quoted.
struct Fields(BTreeMap<String, (String, bool)>);

impl Fields {
    fn parse(text: &str) -> Result<Self, String> {
        let mut fields = BTreeMap::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or("a field has no value")?;
            let name = name.trim();
            let (value, is_quoted, after) = value(after)?;
            if fields.insert(name.to_owned(), (value, is_quoted)).is_some() {
                return Err(format!("{name} occurs twice"));
            }
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(format!("no comma behind {name}")),
            };
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(value, _)| value.as_str())
    }

    /// RFC 7616 3.4: which values are quoted, and which must not be.
    fn check_form(&self, digest: &Digest) -> Result<(), String> {
        let quoted = ["username", "realm", "nonce", "uri", "response", "cnonce", "opaque"];
        let bare = ["algorithm", "qop", "nc"];
        for (name, (_, is_quoted)) in &self.0 {
            if quoted.contains(&name.as_str()) != *is_quoted {
                return Err(format!("{name} is quoted wrongly"));
            }
            if !quoted.contains(&name.as_str()) && !bare.contains(&name.as_str()) {
                return Err(format!("{name} is unknown"));
            }
        }
        let with_qop = ["qop", "nc", "cnonce"];
        for name in with_qop {
            // MD5-sess needs a cnonce in any case.
            let is_session = name == "cnonce" && digest.algorithm == Algorithm::Md5Sess;
            if self.get(name).is_some() != (digest.qop || is_session) {
                return Err(format!("{name} does not fit the challenge"));
            }
        }
        if digest.qop {
            let nc = self.get("nc").unwrap_or_default();
            if nc.len() != 8 || !nc.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err("nc has not eight hexadecimal digits".to_owned());
            }
            if self.get("qop") != Some("auth") || self.get("cnonce") == Some("") {
                return Err("qop is not auth, or cnonce is empty".to_owned());
            }
        }
        Ok(())
    }

    fn check(&self, account: &Account, digest: &Digest, request: &Request) -> Result<(), String> {
        self.check_form(digest)?;
        let field = |name: &str| self.get(name).ok_or(format!("{name} is missing"));
        if field("realm")? != account.realm {
            return Err("realm is another one".to_owned());
        }
        if field("uri")? != request.target {
            return Err("uri is not the target of the request".to_owned());
        }
        if self.get("opaque") != digest.opaque.then_some(OPAQUE) {
            return Err("opaque is not repeated".to_owned());
        }
        let hash = |text: &str| digest.algorithm.hash(text);
        let (user, realm, password) = (&account.user, &account.realm, &account.password);
        let (nonce, uri) = (field("nonce")?, field("uri")?);
        let mut ha1 = hash(&format!("{user}:{realm}:{password}"));
        if digest.algorithm == Algorithm::Md5Sess {
            ha1 = hash(&format!("{ha1}:{nonce}:{}", field("cnonce")?));
        }
        let ha2 = hash(&format!("{}:{uri}", request.method));
        let expected = if digest.qop {
            let (nc, cnonce) = (field("nc")?, field("cnonce")?);
            hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"))
        } else {
            hash(&format!("{ha1}:{nonce}:{ha2}"))
        };
        if field("username")? != user || field("response")? != expected {
            return Err("wrong user or password".to_owned());
        }
        Ok(())
    }
}

/// The value at the beginning of a text, whether it is quoted, and what follows.
fn value(text: &str) -> Result<(String, bool, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Ok((value.trim().to_owned(), false, rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, true, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    Err("a quoted value has no end".to_owned())
}
