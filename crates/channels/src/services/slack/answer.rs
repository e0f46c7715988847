//! What Slack's answers mean: an `error` of one word ("Common errors" and each method's own list in
//! Slack's documentation), which webhooks answer as plain text ("Handling errors").

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::Verdict;

use crate::http::{Answer, Secrets, repair, retry};
use crate::message_service::{FilesRefused, SendResult};

/// Why a message was not accepted.
pub(super) enum Problem {
    /// The thread cannot be written to.
    NoThread,
    /// The app may not call this method: it lacks this scope.
    NoScope(String),
    /// Something about this message or its files; in plain words.
    NotTaken(String),
    /// Nothing that another message could change.
    Stop(Verdict),
}

impl Problem {
    /// What it comes to where nothing else is left to try but to send no files.
    pub(super) fn into_result(self, with_files: bool) -> SendResult {
        let error = match self {
            Self::Stop(verdict) => return Ok(verdict),
            Self::NoScope(scope) => return Ok(repair(no_scope(&scope))),
            Self::NoThread => "Slack takes no replies here".to_owned(),
            Self::NotTaken(why) => why,
        };
        if with_files { Err(FilesRefused(error)) } else { Ok(Verdict::Refused { error }) }
    }
}

/// What the owner has to do where a scope is missing.
pub(super) fn no_scope(scope: &str) -> String {
    format!(
        "the Slack app lacks the scope {scope}: add it under \"OAuth & Permissions\" and install the \
         app again"
    )
}

/// The Web API's answer format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    ok: bool,
    error: String,
    /// Of `missing_scope`.
    needed: String,
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    messages: Vec<String>,
}

/// The whole of a good answer of the Web API, or the problem.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, Problem> {
    let value: Value = answer.json();
    let reply = Reply::deserialize(&value).unwrap_or_default();
    if reply.ok {
        return Ok(value);
    }
    let scope = if reply.needed.is_empty() { "that it needs" } else { &reply.needed };
    let told = std::iter::once(&reply.error).chain(&reply.response_metadata.messages);
    let told = told.map(String::as_str).collect::<Vec<_>>().join(" ");
    let said = answer.said(told.trim(), secrets);
    Err(match reply.error.as_str() {
        "missing_scope" => Problem::NoScope(secrets.hide(scope)),
        "" => Problem::Stop(no_reply(answer, &said)),
        error => problem(error, &said, answer),
    })
}

/// Of what is no answer of the Web API, such as that of a proxy.
fn no_reply(answer: &Answer, said: &str) -> Verdict {
    let status = answer.status;
    match status {
        429 => wait(answer, said),
        300..=399 | 401..=405 => {
            repair(format!("this is not Slack ({status}, {said}): check `api`"))
        }
        _ => retry(
            answer.retry_after,
            format!("what answers with status {status} is not Slack: {said}"),
        ),
    }
}

/// What an error of the Web API or of a webhook means.
pub(super) fn problem(error: &str, said: &str, answer: &Answer) -> Problem {
    Problem::Stop(match error {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => wait(answer, said),
        "invalid_auth"
        | "not_authed"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "not_allowed_token_type" => repair(format!(
            "Slack does not know this bot ({said}): set the `token` that the app shows under \"OAuth & \
             Permissions\""
        )),
        "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "invalid_token"
        | "team_disabled" => {
            repair(format!("Slack does not know this webhook ({said}): make another, set `url`"))
        }
        "not_in_channel" => repair(format!(
            "the bot is not in the channel ({said}): write /invite and its @name there"
        )),
        "channel_not_found" | "invalid_channel" => repair(format!(
            "Slack does not know this channel ({said}): check `channel`, and invite the bot where it \
             is private"
        )),
        "is_archived" | "channel_is_archived" => {
            repair(format!("the channel is archived in Slack ({said}): choose another"))
        }
        "thread_not_found"
        | "invalid_thread_ts"
        | "cannot_reply_to_message"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked" => {
            return Problem::NoThread;
        }
        _ if is_forbidden(error) => repair(format!(
            "Slack lets nobody like this write here ({said}): ask who runs the workspace"
        )),
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "rollup_error" => {
            retry(answer.retry_after, format!("Slack has a fault of its own: {said}"))
        }
        "file_upload_size_restricted" => return Problem::NotTaken("too big for Slack".to_owned()),
        _ => return Problem::NotTaken(format!("not taken by Slack ({said})")),
    })
}

/// What whoever runs the workspace has forbidden.
fn is_forbidden(error: &str) -> bool {
    error.starts_with("restricted_action")
        || [
            "access_denied",
            "accesslimited",
            "action_prohibited",
            "app_access_restricted",
            "ekm_access_denied",
            "enterprise_is_restricted",
            "messages_tab_disabled",
            "no_permission",
            "org_login_required",
            "posting_to_channel_denied",
            "posting_to_general_channel_denied",
            "team_access_not_granted",
            "two_factor_setup_required",
            "user_is_external_guest",
        ]
        .contains(&error)
}

/// Slack asks for a pause: "Rate limits" promises Retry-After with 429.
pub(super) fn wait(answer: &Answer, said: &str) -> Verdict {
    retry(answer.retry_after, format!("Slack asks to wait: {said}"))
}
