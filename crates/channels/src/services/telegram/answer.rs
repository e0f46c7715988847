//! What the Bot API's answers mean. Errors are recognised by their code, or by their description where the code is
//! not specific. Telegram publishes no full list of descriptions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tipoff_model::Verdict;

use crate::http::{Answer, RETRY_AFTER_MAX, Secrets, repair, retry};

/// Why a message was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TelegramFailure {
    /// The group has become a supergroup and has this number now.
    Migrated(i64),
    /// The topic is closed or gone.
    NoTopic,
    /// The message to reply to is gone.
    NoReply,
    /// The request is larger than the server accepts.
    TooBig,
    /// Another program asks for the bot's updates, or has set a webhook.
    Conflict(String),
    /// Telegram refuses this message, often because of a file that it cannot show. Holds Telegram's words.
    NotTaken(String),
    /// A failure that no correction of the message helps.
    Stop(Verdict),
}

/// The Bot API's answer format ("Making requests").
#[derive(Deserialize)]
struct TelegramReply {
    /// Whether it is a success.
    ok: bool,
    /// What a successful method returns.
    #[serde(default)]
    result: Value,
    /// Usually the same as the HTTP status.
    error_code: Option<u16>,
    /// The error in words, which may change at any time.
    description: Option<String>,
    #[serde(default)]
    parameters: Parameters,
}

/// ResponseParameters: what the bot should do.
#[derive(Default, Deserialize)]
struct Parameters {
    /// In seconds.
    retry_after: Option<u64>,
    /// The number of the supergroup that a group became.
    migrate_to_chat_id: Option<i64>,
}

/// The result in an answer, or the problem.
pub(super) fn read(answer: &Answer, secrets: &Secrets) -> Result<Value, TelegramFailure> {
    match serde_json::from_slice::<TelegramReply>(&answer.body) {
        Ok(reply) if reply.ok => Ok(reply.result),
        Ok(reply) => {
            let description = reply.description.as_deref().unwrap_or_default();
            let said = secrets.excerpt(description);
            let asked = reply.parameters.retry_after.map(Duration::from_secs);
            let asked = asked.or(answer.retry_after).map(|pause| pause.min(RETRY_AFTER_MAX));
            let code = reply.error_code.unwrap_or(answer.status);
            Err(match reply.parameters.migrate_to_chat_id {
                Some(number) => TelegramFailure::Migrated(number),
                None => problem(code, &said, asked),
            })
        }
        // A proxy before the Bot API server answers in HTML.
        Err(_) if answer.status == 413 => Err(TelegramFailure::TooBig),
        Err(_) => Err(unreadable(answer)),
    }
}

/// The answer is not JSON of the Bot API: the address is wrong, or a proxy failed.
fn unreadable(answer: &Answer) -> TelegramFailure {
    let error = format!("what answers with status {} is not the Bot API", answer.status);
    TelegramFailure::Stop(retry(answer.retry_after, error))
}

/// The failure of an error code. `asked` is the pause that Telegram asks for.
fn problem(code: u16, said: &str, asked: Option<Duration>) -> TelegramFailure {
    let wait =
        |after| TelegramFailure::Stop(retry(after, format!("Telegram asks to wait: {said}")));
    match code {
        400 => bad_request(said).unwrap_or_else(|| match retry_after(said) {
            Some(pause) => wait(Some(pause)),
            None => TelegramFailure::NotTaken(said.to_owned()),
        }),
        401 | 404 => TelegramFailure::Stop(repair(format!(
            "Telegram does not know this bot ({said}): set the `token` that @BotFather shows"
        ))),
        403 => TelegramFailure::Stop(repair(format!(
            "the bot may not write to this chat ({said}): open the bot and press Start, or add it \
             to the group again"
        ))),
        413 => TelegramFailure::TooBig,
        429 => wait(asked.or_else(|| retry_after(said))),
        409 => TelegramFailure::Conflict(said.to_owned()),
        402 | 405..=499 => TelegramFailure::NotTaken(said.to_owned()),
        _ => {
            let error = format!("Telegram has a fault of its own ({code}): {said}");
            TelegramFailure::Stop(retry(asked, error))
        }
    }
}

/// The failure of a "Bad Request" that Telegram describes in words alone. `None` if the words are not known.
fn bad_request(said: &str) -> Option<TelegramFailure> {
    let said_lower = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| said_lower.contains(words));
    if has(&["chat not found", "peer_id_invalid", "chat_id is empty", "channel_private"]) {
        return Some(TelegramFailure::Stop(repair(format!(
            "Telegram does not know this chat ({said}): check `chat`, and write to the bot once or \
             add it to the group"
        ))));
    }
    if has(&["message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"]) {
        return Some(TelegramFailure::NoTopic);
    }
    if has(&["message to be replied not found", "reply message not found", "replied message not"]) {
        return Some(TelegramFailure::NoReply);
    }
    None
}

/// The pause in a description. For an album, Telegram quotes the error of one of its files: "failed to send
/// message #1 with the error message "Too Many Requests: retry after 8"".
fn retry_after(said: &str) -> Option<Duration> {
    let (_, rest) = said.split_once("Too Many Requests: retry after ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Whether Telegram refuses the buttons: "BUTTON_URL_INVALID", "inline keyboard button URL
/// '…' is invalid", "can't parse inline keyboard button".
pub(super) fn is_about_buttons(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("button") || said.contains("keyboard") || said.contains("reply markup")
}

/// Whether Telegram refuses the markup: "can't parse entities: …". Another Bot API server may parse it otherwise.
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
