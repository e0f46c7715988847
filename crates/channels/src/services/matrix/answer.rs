//! What a homeserver's answers mean: "Standard error response" in the specification. The error code says more than
//! the status, unless it is M_UNKNOWN or missing. The same error may concern the user, the room or the content,
//! depending on the request.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::Verdict;

use crate::http::{self, Answer, Failure, RETRY_AFTER_MAX, Secrets, repair};
use crate::message_service::not_taken;

/// Why a message is not in the room.
pub(super) enum PostFailure {
    /// The server refuses this message, often because of its file. Holds the reason in plain words.
    NotTaken(String),
    /// The user may not be in this room, or may not write there. Holds the reason in plain words.
    Shut(String),
    /// A failure that no other message or room helps.
    Stop(Verdict),
}

impl From<PostFailure> for Verdict {
    fn from(problem: PostFailure) -> Self {
        match problem {
            PostFailure::NotTaken(error) => Self::Refused { error },
            PostFailure::Shut(error) => repair(error),
            PostFailure::Stop(verdict) => verdict,
        }
    }
}

/// Why a request failed.
pub(super) enum MatrixError {
    /// There was no answer.
    NoAnswer(Failure),
    /// The server answered with an error.
    Answered {
        status: u16,
        /// The error code; empty if there is none.
        errcode: String,
        /// The server's own words, without secrets.
        said: String,
        /// The pause that the server asks for.
        after: Option<Duration>,
    },
}

/// The error format of a homeserver. `retry_after_ms` is deprecated in favour of a header.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MatrixErrorReply {
    /// Such as `M_FORBIDDEN`.
    errcode: String,
    /// A sentence for people.
    error: String,
    retry_after_ms: Option<u64>,
}

/// The JSON object in an answer, or the error.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, MatrixError> {
    let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
    match value.filter(Value::is_object) {
        Some(value) if answer.status / 100 == 2 => Ok(value),
        value => {
            let reply = value
                .and_then(|value| MatrixErrorReply::deserialize(value).ok())
                .unwrap_or_default();
            let asked = reply.retry_after_ms.map(Duration::from_millis);
            Err(MatrixError::Answered {
                status: answer.status,
                said: answer.said(&reply.error, secrets),
                errcode: reply.errcode,
                after: answer.retry_after.or(asked).map(|pause| pause.min(RETRY_AFTER_MAX)),
            })
        }
    }
}

impl MatrixError {
    /// An answer that lacks a required field.
    pub(super) fn no_matrix() -> Self {
        let said = "an answer that is not Matrix's".to_owned();
        Self::Answered { status: 200, errcode: String::new(), said, after: None }
    }

    /// The error code. Empty if there is none.
    pub(super) fn errcode(&self) -> &str {
        match self {
            Self::NoAnswer(_) => "",
            Self::Answered { errcode, .. } => errcode,
        }
    }

    /// The status. `None` if there was no answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::NoAnswer(_) => None,
            Self::Answered { status, .. } => Some(*status),
        }
    }

    /// The server's words.
    pub(super) fn said(&self) -> &str {
        match self {
            Self::NoAnswer(_) => "no answer",
            Self::Answered { said, .. } => said,
        }
    }

    /// Whether the server may accept another message.
    pub(super) fn is_about_content(&self) -> bool {
        matches!(self.status(), Some(400 | 409 | 413)) && !self.is_about_user()
    }

    /// Whether the user or the server reached a limit, or the user cannot log in.
    fn is_about_user(&self) -> bool {
        /// The codes that concern the user or the server ("Common error codes", "Other error codes").
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

    /// The meaning for an upload: the type is not permitted, the file is too large, or the user's quota is used up.
    pub(super) fn problem_of_file(self) -> PostFailure {
        match self.status() {
            Some(413) => PostFailure::NotTaken("too big for this Matrix server".to_owned()),
            Some(400 | 403 | 415) if !self.is_about_user() => {
                PostFailure::NotTaken(not_taken("this Matrix server", self.said()))
            }
            _ => PostFailure::Stop(self.verdict("upload files")),
        }
    }

    /// The meaning for a request about a room. `doing` completes "may not …".
    pub(super) fn problem(self, doing: &str) -> PostFailure {
        if self.errcode() == "M_FORBIDDEN" {
            return PostFailure::Shut(format!(
                "may not {doing} ({}): invite the user of `token` there, and let it write",
                self.said()
            ));
        }
        if self.is_about_content() {
            return PostFailure::NotTaken(not_taken("Matrix", self.said()));
        }
        PostFailure::Stop(self.verdict(doing))
    }

    /// The meaning for the whole channel. `doing` completes "cannot …".
    pub(super) fn verdict(self, doing: &str) -> Verdict {
        let (status, errcode, said, after) = match self {
            Self::NoAnswer(failure) => return failure.into(),
            Self::Answered { status, errcode, said, after } => (status, errcode, said, after),
        };
        let retry = |error| http::retry(after, error);
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
