//! What a homeserver's answers mean: "Standard error response" in the specification. The code says more
//! than the status, unless it is M_UNKNOWN or there is none.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::{Scope, Verdict};

use crate::http::{Answer, Failure, RETRY_AFTER_MAX, Secrets, repair};

/// Why a message is not in the room.
pub(super) enum Problem {
    /// Something about this message, often its file; in plain words.
    NotTaken(String),
    /// The user may not be in this room, or may not write there; in plain words.
    Shut(String),
    /// Nothing that another message or room could change.
    Stop(Verdict),
}

impl From<Problem> for Verdict {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotTaken(error) => Self::Refused { error },
            Problem::Shut(error) => repair(error),
            Problem::Stop(verdict) => verdict,
        }
    }
}

/// Why a request did not do what it should.
pub(super) enum Fault {
    /// Nothing came back.
    NoAnswer(Failure),
    /// The server's own words, without secrets.
    Told { status: u16, errcode: String, said: String, after: Option<Duration> },
}

/// The error format of a homeserver. `retry_after_ms` is deprecated in favour of a header.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    errcode: String,
    error: String,
    retry_after_ms: Option<u64>,
}

/// The object in an answer, or what is wrong.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, Fault> {
    let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
    match value.filter(Value::is_object) {
        Some(value) if answer.status / 100 == 2 => Ok(value),
        value => {
            let reply = value.and_then(|value| Reply::deserialize(value).ok()).unwrap_or_default();
            let asked = reply.retry_after_ms.map(Duration::from_millis);
            Err(Fault::Told {
                status: answer.status,
                said: answer.said(&reply.error, secrets),
                errcode: reply.errcode,
                after: answer.retry_after.or(asked).map(|pause| pause.min(RETRY_AFTER_MAX)),
            })
        }
    }
}

impl Fault {
    /// An answer that has not in it what it must have.
    pub(super) fn no_matrix() -> Self {
        let said = "an answer that is not Matrix's".to_owned();
        Self::Told { status: 200, errcode: String::new(), said, after: None }
    }

    /// The code; empty where there is none.
    pub(super) fn errcode(&self) -> &str {
        match self {
            Self::NoAnswer(_) => "",
            Self::Told { errcode, .. } => errcode,
        }
    }

    /// The status, where there was an answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::NoAnswer(_) => None,
            Self::Told { status, .. } => Some(*status),
        }
    }

    /// The server's words.
    pub(super) fn said(&self) -> &str {
        match self {
            Self::NoAnswer(_) => "no answer",
            Self::Told { said, .. } => said,
        }
    }

    /// Whether another message might be taken.
    pub(super) fn is_about_content(&self) -> bool {
        matches!(self.status(), Some(400 | 409 | 413)) && !self.is_about_user()
    }

    /// Whether the user or the server has reached some limit, or the user is not let in.
    fn is_about_user(&self) -> bool {
        const CODES: &[&str] = &[
            "M_LIMIT_EXCEEDED",
            "M_MISSING_TOKEN",
            "M_RESOURCE_LIMIT_EXCEEDED",
            "M_UNKNOWN_TOKEN",
            "M_USER_DEACTIVATED",
            "M_USER_LOCKED",
            "M_USER_SUSPENDED",
        ];
        CODES.contains(&self.errcode())
    }

    /// What it means for a file: its type is not permitted, it is too large, or the user's share of the
    /// server is used up.
    pub(super) fn problem_of_file(self) -> Problem {
        match self.status() {
            Some(413) => Problem::NotTaken("too big for this Matrix server".to_owned()),
            Some(400 | 403 | 415) if !self.is_about_user() => {
                Problem::NotTaken(format!("not taken by this Matrix server ({})", self.said()))
            }
            _ => Problem::Stop(self.verdict("upload files")),
        }
    }

    /// What it means for a message, where it was met in a room.
    pub(super) fn problem(self, doing: &str) -> Problem {
        if self.errcode() == "M_FORBIDDEN" {
            return Problem::Shut(format!(
                "may not {doing} ({}): invite the user of `token` there, and let it write",
                self.said()
            ));
        }
        if self.is_about_content() {
            return Problem::NotTaken(format!("not taken by Matrix ({})", self.said()));
        }
        Problem::Stop(self.verdict(doing))
    }

    /// What it means, whatever is sent.
    pub(super) fn verdict(self, doing: &str) -> Verdict {
        let (status, errcode, said, after) = match self {
            Self::NoAnswer(failure) => return failure.into(),
            Self::Told { status, errcode, said, after } => (status, errcode, said, after),
        };
        let retry = |error| Verdict::Retry { scope: Scope::Channel, after, error };
        match (errcode.as_str(), status) {
            ("M_LIMIT_EXCEEDED", _) | (_, 408 | 429) => {
                retry(format!("Matrix asks to wait: {said}"))
            }
            ("M_RESOURCE_LIMIT_EXCEEDED" | "M_USER_LIMIT_EXCEEDED", _) => repair(format!(
                "a limit of this Matrix server is reached ({said}): ask who runs it"
            )),
            (
                "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" | "M_USER_DEACTIVATED" | "M_USER_LOCKED"
                | "M_USER_SUSPENDED",
                _,
            )
            | (_, 401) => repair(format!(
                "Matrix does not let this user in ({said}): log in again, and set `token`"
            )),
            (_, 500..) => retry(format!("Matrix has a fault of its own ({status}): {said}")),
            ("" | "M_UNRECOGNIZED", _) => {
                repair(format!("this is no Matrix server ({status}, {said}): check `server`"))
            }
            _ => repair(format!("cannot {doing} ({status}, {said}): check `room`")),
        }
    }
}
