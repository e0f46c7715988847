//! What the server's answers mean. Nearly all that goes wrong is a 400 with the words of signal-cli, which
//! are no fixed form: what is not known of them is tried again, and nothing is refused for good.

use serde_json::Value;
use tipoff_model::{Scope, Verdict};

use crate::http::{self, Answer, REPAIR_PAUSE, Secrets, no_answer, retry};
use crate::message_service::FilesRefused;

/// When the message was sent, which names it; or a verdict; or that its files are not taken.
type Judged = Result<Result<i64, Verdict>, FilesRefused>;

/// What can be told by signal-cli's words: `SendMessageResultUtils`, `SendCommand` and, in the JSON that the server
/// passes on when it starts signal-cli for each message, `JsonSendMessageResult`.
const UNREGISTERED: &[&str] = &["unregistered user", "unregistered_failure", "is not registered"];
const NO_ACCOUNT: &[&str] = &["specified account does not exist", "no local users found"];
const UNTRUSTED: &[&str] = &["untrusted", "identity_failure"];
const NO_GROUP: &[&str] = &[
    "group not found",
    "invalid group",
    "not a member in group",
    "not allowed to send message to group",
];
const RATIONED: &[&str] = &["captcha", "rate limit", "rate_limit_failure", "challenge token"];
const UNREACHED: &[&str] = &[
    "network failure",
    "timeout",
    "timed out",
    "connection",
    "socket",
    "unknownhost",
    "broken pipe",
];

/// Sorts an answer.
pub(super) fn judge(answer: &Answer, with_files: bool, secrets: &Secrets) -> Judged {
    let reply = reply(answer);
    let told = reply.get("error").and_then(Value::as_str).unwrap_or_default();
    let said = answer.said(told, secrets);
    let status = answer.status;
    let repair = |error| Ok(Err(http::repair(error)));
    match status {
        200..=299 => match timestamp(&reply) {
            Some(timestamp) => Ok(Ok(timestamp)),
            None => repair(format!("this is no signal-cli-rest-api ({said}): check `server`")),
        },
        413 if with_files => Err(FilesRefused("too big for signal-cli-rest-api".to_owned())),
        401 | 403 => repair(format!(
            "signal-cli-rest-api does not let us in ({said}): set user and password in `server`"
        )),
        300..=399 | 404 | 405 => {
            repair(format!("this is no signal-cli-rest-api ({status}, {said}): check `server`"))
        }
        429 => Ok(Err(rationed(answer, &said))),
        408 => Ok(Err(retry(answer.retry_after, format!("signal-cli-rest-api waits: {said}")))),
        500.. => Ok(Err(retry(
            answer.retry_after,
            format!("signal-cli-rest-api has a fault of its own ({status}): {said}"),
        ))),
        _ => by_words(answer, with_files, &said),
    }
}

fn reply(answer: &Answer) -> Value {
    answer.json()
}

/// `SendMessageResultUtils` and `ErrorUtils`: all that is said where no recipient got a message.
fn is_without_a_cause(reply: &Value) -> bool {
    let told = reply.get("error").and_then(Value::as_str).unwrap_or_default();
    told.trim().trim_end_matches('.').eq_ignore_ascii_case("failed to send message")
}

fn by_words(answer: &Answer, with_files: bool, said: &str) -> Judged {
    // What is shown is cut, what is looked through is not.
    let all = String::from_utf8_lossy(&answer.body).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| all.contains(words));
    let repair = |error| Ok(Err(http::repair(error)));
    if has(RATIONED) {
        return Ok(Err(rationed(answer, said)));
    }
    // Of several recipients, who could not be reached may be reached soon, whatever the others are.
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
    if is_without_a_cause(&reply(answer)) || all.contains("invalid_pre_key_failure") {
        // Where signal-cli runs as a daemon, this is all it says, whatever the cause: most often that nobody of
        // `recipients` is on Signal, or that Signal cannot be reached. No file and no word is at fault.
        return Ok(Err(retry(
            None,
            format!(
                "signal-cli-rest-api does not say why nobody got it ({said}): if that goes on, check \
                 `recipients`, and its log"
            ),
        )));
    }
    if with_files {
        return Err(FilesRefused(format!("not taken by Signal ({said})")));
    }
    let error = format!("not taken by Signal: {said}");
    Ok(Err(Verdict::Retry { scope: Scope::Message, after: None, error }))
}

/// Asking again soon makes it worse.
fn rationed(answer: &Answer, said: &str) -> Verdict {
    retry(
        Some(answer.retry_after.unwrap_or(REPAIR_PAUSE)),
        format!(
            "Signal wants a pause, or a captcha solved ({said}): POST \
             /v1/accounts/NUMBER/rate-limit-challenge of signal-cli-rest-api takes it"
        ),
    )
}

/// The server answers a list with an entry for each kind of recipients; older ones, the entry itself.
fn timestamp(reply: &Value) -> Option<i64> {
    let entry = reply.get(0).unwrap_or(reply);
    // Who else has it, has it: to try again would tell them twice.
    let missed = entry.pointer("/errors/recipients").and_then(Value::as_array);
    if let Some(missed) = missed.filter(|missed| !missed.is_empty()) {
        let reasons = missed.iter().filter_map(|it| it.get("reason")?.as_str());
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        tracing::warn!(reasons, "Signal did not reach all recipients of an alert");
    }
    let timestamp = entry.get("timestamp")?;
    timestamp.as_i64().or_else(|| timestamp.as_str()?.parse().ok())
}
