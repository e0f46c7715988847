//! What the Bot API's answers mean. Errors are recognised by their code, or by their description where the code is not
//! specific. Telegram publishes no full list of descriptions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::{Scope, Verdict};

use crate::http::{Answer, RETRY_AFTER_MAX, Secrets, repair};
use crate::words;

/// How much of a description is shown, in UTF-16 units.
const DESCRIPTION_UTF16_MAX: usize = 200;

/// Why a message was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The group has become a supergroup and has this number now.
    Migrated(i64),
    /// The topic is closed or gone.
    NoTopic,
    /// The message to reply to is gone.
    NoReply,
    /// More bytes than the server reads.
    TooBig,
    /// Somebody else asks for the bot's updates, or has set a webhook.
    Conflict(String),
    /// Something about this message, in Telegram's words: often a file that it cannot show.
    NotTaken(String),
    /// Nothing that another message could change.
    Stop(Verdict),
}

#[derive(Deserialize)]
struct Reply {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    description: Option<String>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// The result in an answer, or the problem.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, Problem> {
    match serde_json::from_slice::<Reply>(&answer.body) {
        Ok(reply) if reply.ok => Ok(reply.result),
        Ok(reply) => {
            let description = reply.description.as_deref().unwrap_or_default();
            let said = secrets.hide(&words::excerpt(description, DESCRIPTION_UTF16_MAX));
            let asked = reply.parameters.retry_after.map(Duration::from_secs);
            let asked = asked.or(answer.retry_after).map(|pause| pause.min(RETRY_AFTER_MAX));
            let code = reply.error_code.unwrap_or(answer.status);
            Err(match reply.parameters.migrate_to_chat_id {
                Some(number) => Problem::Migrated(number),
                None => problem(code, &said, asked),
            })
        }
        // What stands before the Bot API answers in HTML.
        Err(_) if answer.status == 413 => Err(Problem::TooBig),
        Err(_) => Err(unreadable(answer)),
    }
}

fn unreadable(answer: &Answer) -> Problem {
    let error = format!("what answers with status {} is not the Bot API", answer.status);
    Problem::Stop(Verdict::Retry { scope: Scope::Channel, after: answer.retry_after, error })
}

fn problem(code: u16, said: &str, asked: Option<Duration>) -> Problem {
    let wait = |after| {
        let error = format!("Telegram asks to wait: {said}");
        Problem::Stop(Verdict::Retry { scope: Scope::Channel, after, error })
    };
    match code {
        400 => bad_request(said).unwrap_or_else(|| match retry_after(said) {
            Some(pause) => wait(Some(pause)),
            None => Problem::NotTaken(said.to_owned()),
        }),
        401 | 404 => Problem::Stop(repair(format!(
            "Telegram does not know this bot ({said}): set the `token` that @BotFather shows"
        ))),
        403 => Problem::Stop(repair(format!(
            "the bot may not write to this chat ({said}): open the bot and press Start, or add it \
             to the group again"
        ))),
        413 => Problem::TooBig,
        429 => wait(asked.or_else(|| retry_after(said))),
        409 => Problem::Conflict(said.to_owned()),
        402 | 405..=499 => Problem::NotTaken(said.to_owned()),
        _ => Problem::Stop(Verdict::Retry {
            scope: Scope::Channel,
            after: asked,
            error: format!("Telegram has a fault of its own ({code}): {said}"),
        }),
    }
}

fn bad_request(said: &str) -> Option<Problem> {
    let said_lower = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| said_lower.contains(words));
    if has(&["chat not found", "peer_id_invalid", "chat_id is empty", "channel_private"]) {
        return Some(Problem::Stop(repair(format!(
            "Telegram does not know this chat ({said}): check `chat`, and write to the bot once or \
             add it to the group"
        ))));
    }
    if has(&["message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"]) {
        return Some(Problem::NoTopic);
    }
    if has(&["message to be replied not found", "reply message not found", "replied message not"]) {
        return Some(Problem::NoReply);
    }
    None
}

/// In an album, the error of one of its files is quoted: "failed to send message #1 with the error
/// message "Too Many Requests: retry after 8"".
fn retry_after(said: &str) -> Option<Duration> {
    let (_, rest) = said.split_once("Too Many Requests: retry after ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Whether it is the buttons that were not taken: "BUTTON_URL_INVALID", "inline keyboard button URL
/// '…' is invalid", "can't parse inline keyboard button".
pub(super) fn is_about_buttons(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("button") || said.contains("keyboard") || said.contains("reply markup")
}

/// Whether it is the markup of the words: "can't parse entities: …", which a server of one's own may read otherwise.
pub(super) fn is_about_markup(said: &str) -> bool {
    said.to_ascii_lowercase().contains("can't parse entities")
}

/// Whether the bot lacks a right that an administrator can give it.
pub(super) fn is_about_rights(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["not enough rights", "have no rights", "administrator rights", "_forbidden", "admin_required"]
        .iter()
        .any(|words| said.contains(words))
}
