//! What the server's answers mean. Nearly every failure is a 400 with the words of signal-cli, which have no fixed
//! form. So the words are searched for known ones. An unknown failure is retried, and nothing is refused for good.

use serde_json::Value;
use tipoff_model::Verdict;

use crate::http::{self, Answer, REPAIR_PAUSE, Secrets, no_answer, retry, retry_message};
use crate::message_service::{FilesRefused, internal_error, not_taken, other_server};

/// What answers, in error texts.
const SERVER: &str = "signal-cli-rest-api";

/// The time at which the message was sent, which identifies it; or a verdict; or that its files are refused.
type Judged = Result<Result<i64, Verdict>, FilesRefused>;

/// Words for recipients that have no account. This list and those below are from signal-cli:
/// `SendMessageResultUtils`, `SendCommand` and, in the JSON that the server passes on when it starts signal-cli for
/// each message, `JsonSendMessageResult`.
const UNREGISTERED: &[&str] = &["unregistered user", "unregistered_failure", "is not registered"];
/// Words for a sender that is not registered.
const NO_ACCOUNT: &[&str] = &["specified account does not exist", "no local users found"];
/// Words for a recipient with a new key, as after a change of phone.
const UNTRUSTED: &[&str] = &["untrusted", "identity_failure"];
/// Words for a group that the sender cannot write to.
const NO_GROUP: &[&str] = &[
    "group not found",
    "invalid group",
    "not a member in group",
    "not allowed to send message to group",
];
/// Words for a rate limit.
const RATIONED: &[&str] = &["captcha", "rate limit", "rate_limit_failure", "challenge token"];
/// Words for a failed connection to Signal.
const UNREACHED: &[&str] = &[
    "network failure",
    "timeout",
    "timed out",
    "connection",
    "socket",
    "unknownhost",
    "broken pipe",
];

/// The meaning of an answer: first by its status, then by its words.
pub(super) fn judge(answer: &Answer, with_files: bool, secrets: &Secrets) -> Judged {
    let reply: Value = answer.json();
    let told = reply.get("error").and_then(Value::as_str).unwrap_or_default();
    let said = answer.said(told, secrets);
    let repair = |error| Ok(Err(http::repair(error)));
    match answer.status {
        200..=299 => match timestamp(&reply) {
            Some(timestamp) => Ok(Ok(timestamp)),
            None => repair(format!("this is no signal-cli-rest-api ({said}): check `server`")),
        },
        413 if with_files => Err(FilesRefused("too big for signal-cli-rest-api".to_owned())),
        401 | 403 => repair(format!(
            "signal-cli-rest-api refuses the login ({said}): set user and password in `server`"
        )),
        300..=399 | 404 | 405 => Ok(Err(other_server(SERVER, "server", answer, &said))),
        429 => Ok(Err(rationed(answer, &said))),
        408 => Ok(Err(retry(answer.retry_after, format!("signal-cli-rest-api waits: {said}")))),
        500.. => Ok(Err(internal_error(SERVER, answer, &said))),
        _ => by_words(answer, with_files, &said),
    }
}

/// Whether the answer says only that no recipient got the message (`SendMessageResultUtils`, `ErrorUtils`).
fn is_without_a_cause(reply: &Value) -> bool {
    let told = reply.get("error").and_then(Value::as_str).unwrap_or_default();
    told.trim().trim_end_matches('.').eq_ignore_ascii_case("failed to send message")
}

/// The meaning of a 400, by the first known words in it.
fn by_words(answer: &Answer, with_files: bool, said: &str) -> Judged {
    // The excerpt for the error text is cut, so the whole body is searched.
    let all = String::from_utf8_lossy(&answer.body).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| all.contains(words));
    let repair = |error| Ok(Err(http::repair(error)));
    if has(RATIONED) {
        return Ok(Err(rationed(answer, said)));
    }
    // A recipient who could not be reached may be reached soon, whatever is wrong with the others.
    if all.contains("network_failure") {
        return Ok(Err(no_answer(format!("Signal cannot be reached: {said}"))));
    }
    if has(UNTRUSTED) {
        return repair(format!(
            "somebody of `recipients` has a new key, as with a new phone ({said}): trust it by \
             PUT /v1/identities/NUMBER/trust/RECIPIENT of signal-cli-rest-api"
        ));
    }
    if has(NO_ACCOUNT) {
        return repair(format!(
            "signal-cli-rest-api does not know this account ({said}): register or link `number`"
        ));
    }
    if has(UNREGISTERED) {
        return repair(format!("not on Signal ({said}): check `recipients` and `number`"));
    }
    if has(NO_GROUP) {
        return repair(format!(
            "`number` is not in this group ({said}): let it join, or take the group's ID from \
             GET /v1/groups/NUMBER of signal-cli-rest-api"
        ));
    }
    if all.contains("[413]") && with_files {
        return Err(FilesRefused("too big for Signal".to_owned()));
    }
    if has(UNREACHED) {
        return Ok(Err(no_answer(format!("Signal cannot be reached: {said}"))));
    }
    if is_without_a_cause(&answer.json()) || all.contains("invalid_pre_key_failure") {
        // As a daemon, signal-cli says no more than this, whatever the cause. Most often no recipient is on Signal,
        // or Signal cannot be reached. Files and text are not the cause.
        return Ok(Err(retry(
            None,
            format!(
                "signal-cli-rest-api does not say why nobody got it ({said}): if that goes on, check \
                 `recipients`, and its log"
            ),
        )));
    }
    if with_files {
        return Err(FilesRefused(not_taken("Signal", said)));
    }
    Ok(Err(retry_message(format!("not taken by Signal: {said}"))))
}

/// The verdict for a rate limit. Retrying soon would extend it.
fn rationed(answer: &Answer, said: &str) -> Verdict {
    retry(
        Some(answer.retry_after.unwrap_or(REPAIR_PAUSE)),
        format!(
            "Signal wants a pause, or a captcha solved ({said}): POST \
             /v1/accounts/NUMBER/rate-limit-challenge of signal-cli-rest-api takes it"
        ),
    )
}

/// The time at which the message was sent. The server answers with a list, an entry for each kind of recipients;
/// older servers answer with the entry itself.
fn timestamp(reply: &Value) -> Option<i64> {
    let entry = reply.get(0).unwrap_or(reply);
    // The others have the message: a retry would send it to them twice.
    let missed = entry.pointer("/errors/recipients").and_then(Value::as_array);
    if let Some(missed) = missed.filter(|missed| !missed.is_empty()) {
        let reasons = missed.iter().filter_map(|it| it.get("reason")?.as_str());
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        tracing::warn!(reasons, "Signal did not reach all recipients of an alert");
    }
    let timestamp = entry.get("timestamp")?;
    timestamp.as_i64().or_else(|| timestamp.as_str()?.parse().ok())
}
