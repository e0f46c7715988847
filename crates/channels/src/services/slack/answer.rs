//! What Slack's answers mean: an `error` of one word ("Common errors" and each method's own list in Slack's
//! documentation), which webhooks answer as plain text ("Handling errors"). Slack adds errors at any time: an
//! unknown one concerns the message.

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::Verdict;

use crate::http::{Answer, Secrets, repair, retry};
use crate::message_service::{FilesRefused, SendResult, asks_to_wait, not_taken};

/// Why a message was not accepted.
pub(super) enum SlackFailure {
    /// The thread cannot be written to.
    NoThread,
    /// The app may not call this method: it lacks this scope.
    NoScope(String),
    /// Slack refuses this message or its files. Holds the reason in plain words.
    NotTaken(String),
    /// A failure that no other message helps.
    Stop(Verdict),
}

impl SlackFailure {
    /// The result if all that is left to try is the message without its files.
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

/// The error text if the app lacks a scope.
pub(super) fn no_scope(scope: &str) -> String {
    format!(
        "the Slack app lacks the scope {scope}: add it under \"OAuth & Permissions\" and install the \
         app again"
    )
}

/// The Web API's answer format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SlackReply {
    /// Whether it is a success. The status is 200 either way.
    ok: bool,
    /// One word, such as `channel_not_found`.
    error: String,
    /// The scope that `missing_scope` names.
    needed: String,
    response_metadata: ReplyMetadata,
}

/// Details of an error, such as the wrong argument.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReplyMetadata {
    /// Sentences about wrong arguments.
    messages: Vec<String>,
}

/// The whole answer of the Web API if it is a success, else the failure.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, SlackFailure> {
    let value: Value = answer.json();
    let reply = SlackReply::deserialize(&value).unwrap_or_default();
    if reply.ok {
        return Ok(value);
    }
    let scope = if reply.needed.is_empty() { "that it needs" } else { &reply.needed };
    let told = std::iter::once(&reply.error).chain(&reply.response_metadata.messages);
    let told = told.map(String::as_str).collect::<Vec<_>>().join(" ");
    let said = answer.said(told.trim(), secrets);
    Err(match reply.error.as_str() {
        "missing_scope" => SlackFailure::NoScope(secrets.hide(scope)),
        "" => SlackFailure::Stop(no_reply(answer, &said)),
        error => problem(error, &said, answer),
    })
}

/// The verdict for an answer that is not of the Web API, such as that of a proxy.
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

/// The failure that an error of the Web API or of a webhook means.
pub(super) fn problem(error: &str, said: &str, answer: &Answer) -> SlackFailure {
    SlackFailure::Stop(match error {
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
            return SlackFailure::NoThread;
        }
        _ if is_forbidden(error) => repair(format!(
            "the workspace does not allow this ({said}): ask who runs the workspace"
        )),
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "rollup_error" => {
            retry(answer.retry_after, format!("Slack has a fault of its own: {said}"))
        }
        "file_upload_size_restricted" => {
            return SlackFailure::NotTaken("too big for Slack".to_owned());
        }
        _ => return SlackFailure::NotTaken(not_taken("Slack", said)),
    })
}

/// Whether the owners of the workspace have forbidden it.
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
    asks_to_wait("Slack", answer, said)
}
