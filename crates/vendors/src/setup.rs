//! How a camera is set up by its own API: which requests read what is set, which change it, and what the answers mean. One
//! file a vendor, in `setup`, and one line in `SETUPS`.
//!
//! A session is pulled: its caller sends [`SetupSession::next_request`] and passes on the answer, until there is no request.
//! It reads what is set now and plans the changes; nothing is written before [`SetupSession::write`]. Afterwards everything
//! is read again: what would still have to be changed was not taken. Answers come from anybody who is at the address: they
//! are bounded, and words of the camera are shown without control characters.
//!
//! Changes, notes and faults are English. Pages show their translations, which are in `camera.po` of `tipoff-language`.

mod dahua;
mod finder;
mod hikvision;
mod reolink;
mod session;
#[cfg(test)]
mod tests;
mod xml;

use std::fmt;

pub use finder::{FindAnswer, Finder};
pub use session::{SetupOutcome, SetupSession};

/// Bytes of an answer that are read, at most: the list of events of a recorder with 64 channels has 300 KB.
pub const SETUP_ANSWER_BYTES_MAX: usize = 2 << 20;
/// Characters of a camera's own words that are shown.
const WORDS_CHARS_MAX: usize = 80;
/// Changes of one plan. A recorder has several events for each of its channels.
const CHANGES_MAX: usize = 64;

/// The vendors whose cameras are set up, in alphabetical order.
const SETUPS: &[SetupEntry] = &[dahua::ENTRY, hikvision::ENTRY, reolink::ENTRY];

/// How the cameras of a vendor are recognised before anybody logs in, and set up.
struct SetupEntry {
    /// The vendor's name, as [`crate::VENDORS`] has it.
    name: &'static str,
    /// A path that only these cameras have.
    probe: &'static str,
    /// Whether an answer without a login is that of these cameras.
    recognises: fn(&FindAnswer<'_>) -> bool,
    /// How the realms of their logins begin.
    realms: &'static [&'static str],
    /// Whether the password stands in its requests: only a camera that shows signs of this vendor is told it.
    tells_password: bool,
    /// Begins to set one up.
    begin: fn(SetupGoal, SetupLogin) -> Box<dyn CameraSetup>,
}

/// Where a camera is to send its alarms: to Tipoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupGoal {
    /// The address of Tipoff, by which the camera reaches it.
    pub host: String,
    /// The port for alarms.
    pub port: u16,
    /// The device's own path, `/h/PASSWORD`. It is a secret.
    pub path: String,
}

impl SetupGoal {
    /// The address without the password in it.
    fn shown(&self) -> String {
        format!("http://{}:{}/h/…", self.host, self.port)
    }
}

/// The login of a camera, for APIs that want it in the request itself. Its `Debug` form does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct SetupLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for SetupLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SetupLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A request to a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupRequest {
    /// The method.
    pub method: &'static str,
    /// Path and query, percent-encoded.
    pub target: String,
    /// `Content-Type` of the body.
    pub content_type: Option<&'static str>,
    /// The body; empty for none.
    pub body: String,
}

impl SetupRequest {
    fn get(target: impl Into<String>) -> Self {
        Self { method: "GET", target: target.into(), content_type: None, body: String::new() }
    }
}

/// An answer to a request with the camera's login.
#[derive(Clone, Copy, Debug)]
pub struct SetupAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most [`SETUP_ANSWER_BYTES_MAX`] bytes.
    pub body: &'a str,
}

/// What a camera says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CameraIdentity {
    /// The vendor, by the API that it speaks.
    pub vendor: &'static str,
    /// Its model.
    pub model: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// The version of its firmware.
    pub firmware: Option<String>,
}

/// A setting that is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupChange {
    /// The setting, in the words of the camera's page.
    pub what: String,
    /// What is set now.
    pub from: String,
    /// What will be set.
    pub to: String,
}

/// What is to be changed at a camera. Shown before anything is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupPlan {
    /// The changes; none if everything is set already.
    pub changes: Vec<SetupChange>,
    /// What else its owner should know.
    pub notes: Vec<String>,
}

/// Why a camera cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupFault {
    /// It does not answer as this vendor's cameras do.
    OtherVendor,
    /// It refuses the user or the password.
    LoginRefused,
    /// In words for its owner.
    Camera(String),
}

impl SetupFault {
    fn camera(words: impl Into<String>) -> Self {
        Self::Camera(words.into())
    }
}

/// A request that changes a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Write {
    request: SetupRequest,
    /// What is sent instead if the camera does not know the first.
    otherwise: Option<SetupRequest>,
}

/// A plan with the requests that carry it out.
#[derive(Clone, Debug, Default)]
struct Planned {
    plan: SetupPlan,
    writes: Vec<Write>,
}

/// One camera, by the API of its vendor.
trait CameraSetup: Send {
    /// The next request that reads something; `None` if everything is read.
    fn look(&mut self) -> Option<SetupRequest>;

    /// Reads the answer to it.
    fn looked(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault>;

    /// From now on the settings are read again.
    fn look_again(&mut self);

    /// What it is.
    fn identity(&self) -> &CameraIdentity;

    /// What is to be changed, by what was read.
    fn plan(&self) -> Result<Planned, SetupFault>;

    /// Whether a change was taken. `Err`: the camera's words.
    fn written(&self, answer: &SetupAnswer<'_>) -> Result<(), String>;

    /// The request that makes the camera send a test; `None` if it has no such request.
    fn test(&self) -> Option<SetupRequest>;

    /// Whether the camera reached Tipoff. `Err`: the camera's words.
    fn tested(&self, answer: &SetupAnswer<'_>) -> Result<(), String>;

    /// The request that ends a login; `None` if each request has its own.
    fn leave(&mut self) -> Option<SetupRequest> {
        None
    }
}

/// What a camera says whose answer has no words.
fn it_answers(answer: &SetupAnswer<'_>) -> String {
    let status = answer.status;
    format!("it answers {status}")
}

/// A camera's own words as they are shown: one line of printable characters, not too long. `None` if nothing is left.
fn words(text: &str) -> Option<String> {
    let shown = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let shown: String = shown.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = shown.chars().take(WORDS_CHARS_MAX).collect();
    (!shown.is_empty()).then_some(shown)
}
