//! Calls of the Bot API: an address that contains the token, a form, an answer in JSON. It knows no method. The
//! token never appears in an error.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde_json::Value;
use tipoff_model::{AlertMedia, Verdict};

use super::answer::{self, TelegramFailure};
use crate::http::{self, Request, Secrets};
use crate::multipart::Form;
use crate::{Files, SettingFault};

/// How long the answer to a request without files may take.
pub(super) const ASK_TIME: Duration = Duration::from_secs(15);
/// Size limit of a usual answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A Bot API server and a bot there.
pub(super) struct BotApi {
    /// Ends in a slash; the name of a method follows.
    base: Url,
    /// The bot's number: the part of the token that is no secret.
    bot: String,
    token: String,
    secrets: Secrets,
}

impl BotApi {
    /// A bot at a server.
    ///
    /// # Errors
    /// All faults of `token` and `api`.
    pub(super) fn new(address: &str, token: &str) -> Result<Self, Vec<SettingFault>> {
        let mut faults = Vec::new();
        let token = token.trim();
        let parts = token.split_once(':').filter(|(bot, key)| is_token(bot, key));
        let url = http::address(&format!("{}/bot{token}/", address.trim_end_matches('/')));
        if parts.is_none() {
            let message = "is not a bot's token, which looks like 123456789:AAF…";
            faults.push(SettingFault { key: "token", message: message.to_owned() });
        }
        match (url, parts) {
            (Ok(base), Some((bot, key))) => {
                let mut secrets = Secrets::default();
                secrets.add(token);
                secrets.add(key);
                secrets.add(base.username());
                secrets.add(base.password().unwrap_or_default());
                Ok(Self { base, bot: bot.to_owned(), token: token.to_owned(), secrets })
            }
            (Err(message), _) => {
                faults.push(SettingFault { key: "api", message });
                Err(faults)
            }
            _ => Err(faults),
        }
    }

    /// Identity of the bot at its server, without a secret. The same for all channels of this bot.
    pub(super) fn identity(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        format!("{}@{host}:{}", self.bot, self.base.port_or_known_default().unwrap_or_default())
    }

    /// The bot's token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The bot's number: no secret.
    pub(super) fn bot(&self) -> &str {
        &self.bot
    }

    /// Calls a method and returns its result.
    pub(super) async fn call(
        &self,
        method: &str,
        form: Form,
        time: Duration,
        files: &Arc<dyn Files>,
    ) -> Result<Value, TelegramFailure> {
        self.call_reading(method, form, time, files, ANSWER_BYTES_MAX).await
    }

    /// Calls a method without files and with a short answer.
    pub(super) async fn ask(&self, method: &str, form: Form) -> Result<Value, TelegramFailure> {
        self.ask_reading(method, form, ASK_TIME, ANSWER_BYTES_MAX).await
    }

    /// Calls a method without files, whose answer may have `answer_bytes_max` bytes.
    pub(super) async fn ask_reading(
        &self,
        method: &str,
        form: Form,
        time: Duration,
        answer_bytes_max: usize,
    ) -> Result<Value, TelegramFailure> {
        let files: Arc<dyn Files> = Arc::new(NoStoredFiles);
        self.call_reading(method, form, time, &files, answer_bytes_max).await
    }

    /// Sends a request and reads the result. Errors hide the token, which is in the address.
    async fn call_reading(
        &self,
        method: &str,
        form: Form,
        time: Duration,
        files: &Arc<dyn Files>,
        answer_bytes_max: usize,
    ) -> Result<Value, TelegramFailure> {
        let url = self.base.join(method).map_err(|error| {
            TelegramFailure::Stop(Verdict::Refused { error: self.secrets.hide(&error.to_string()) })
        })?;
        let (body, headers) = (form.into_body(), HeaderMap::new());
        let request = Request { url, headers, body, time, secrets: &self.secrets };
        let answer = http::call_reading(Method::POST, request, files, answer_bytes_max).await;
        let answer = answer.map_err(|failure| TelegramFailure::Stop(Verdict::from(failure)))?;
        answer::read(&answer, &self.secrets)
    }
}

/// The store for requests without files.
pub(super) struct NoStoredFiles;

impl Files for NoStoredFiles {
    fn open(&self, _: &AlertMedia) -> std::io::Result<Box<dyn std::io::Read + Send>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// Whether a token has the form that @BotFather gives it: the bot's number, a colon, a key.
fn is_token(bot: &str, key: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(bot) && !key.is_empty() && key.bytes().all(word)
}
