//! Calls of the Bot API: an address with the token in it, a form, an answer in JSON.
//! Knows no method, and shows the token to nobody.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tipoff_model::Verdict;

use super::answer::{self, Problem};
use crate::http::{self, Request, Secrets};
use crate::multipart::Form;
use crate::{Files, SettingFault};

/// A Bot API server and a bot there.
pub(super) struct Api {
    /// Ends in a slash; the name of a method follows.
    base: Url,
    bot: String,
    secrets: Secrets,
}

impl Api {
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
                Ok(Self { base, bot: bot.to_owned(), secrets })
            }
            (Err(message), _) => {
                faults.push(SettingFault { key: "api", message });
                Err(faults)
            }
            _ => Err(faults),
        }
    }

    /// The bot's number: no secret.
    pub(super) fn bot(&self) -> &str {
        &self.bot
    }

    /// Calls a method: its result.
    pub(super) async fn call(
        &self,
        method: &str,
        form: Form,
        time: Duration,
        files: &Arc<dyn Files>,
    ) -> Result<Value, Problem> {
        let url = self.base.join(method).map_err(|error| {
            Problem::Stop(Verdict::Refused { error: self.secrets.hide(&error.to_string()) })
        })?;
        let (body, headers) = (form.into_body(), HeaderMap::new());
        let request = Request { url, headers, body, time, secrets: &self.secrets };
        let answer = http::post(request, files).await;
        let answer = answer.map_err(|failure| Problem::Stop(Verdict::from(failure)))?;
        answer::read(&answer, &self.secrets)
    }
}

fn is_token(bot: &str, key: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(bot) && !key.is_empty() && key.bytes().all(word)
}
