//! The webhook: Telegram sends each update to an address of Tipoff. A request is accepted only with the secret that
//! Telegram got for it.

use std::convert::Infallible;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::time::sleep;

use super::answer::TelegramFailure;
use super::api::BotApi;
use super::backoff::UpdateBackoff;
use super::update::{ALLOWED_UPDATES, Update};
use crate::multipart::Form;
use crate::{HomeControl, HookFault, HookRequest, words};

/// The header with the secret (setWebhook, `secret_token`).
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// Separates this secret from others that could be derived from the token.
const SECRET_LABEL: &[u8] = b"tipoff telegram webhook";
/// Number of requests that Telegram makes at once (`max_connections`).
const CONNECTIONS_MAX: u32 = 4;
/// Memory key of the address that Telegram was given. Empty if there is no webhook.
const MEMORY: &str = "webhook";

/// Makes Telegram send updates to Tipoff, for as long as this future is polled.
pub(super) async fn keep(api: &BotApi, home_control: &dyn HomeControl) -> Infallible {
    let Some(url) = home_control.hook_url() else {
        tracing::error!(
            "`updates = \"webhook\"` needs `http.public_url` with https://. Buttons and commands do \
             not work; alerts are not affected.",
        );
        return std::future::pending().await;
    };
    let mut backoff = UpdateBackoff::default();
    loop {
        match set(api, home_control, &url).await {
            Ok(()) => {
                backoff.reset();
                tracing::info!("Telegram calls us for what people press and write.");
                return std::future::pending().await;
            }
            Err(problem) => sleep(backoff.next_pause(problem)).await,
        }
    }
}

/// Makes Telegram send updates to `url` from now on.
async fn set(
    api: &BotApi,
    home_control: &dyn HomeControl,
    url: &str,
) -> Result<(), TelegramFailure> {
    let mut form = Form::new();
    form.field("url", url);
    form.field("secret_token", secret(api));
    form.field("max_connections", CONNECTIONS_MAX.to_string());
    form.json("allowed_updates", ALLOWED_UPDATES.to_owned());
    api.ask("setWebhook", form).await?;
    remember(home_control, url).await;
    Ok(())
}

/// Ends the webhook that an earlier configuration set: getUpdates fails while there is one. Another program's
/// webhook stays.
pub(super) async fn retire(api: &BotApi, home_control: &dyn HomeControl) {
    let memory = home_control.memory().await.unwrap_or_default();
    let ours = memory.iter().find(|(key, url)| key == MEMORY && !url.is_empty());
    let Some((_, ours)) = ours else {
        return;
    };
    let retired = async {
        let info = api.ask("getWebhookInfo", Form::new()).await?;
        if info.get("url").and_then(Value::as_str) == Some(ours) {
            api.ask("deleteWebhook", Form::new()).await?;
        }
        Ok::<_, TelegramFailure>(())
    };
    match retired.await {
        Ok(()) => remember(home_control, "").await,
        Err(problem) => tracing::warn!(?problem, "The webhook could not be ended."),
    }
}

/// Stores the address that Telegram was given. If that fails, a later configuration cannot end the webhook.
async fn remember(home_control: &dyn HomeControl, url: &str) {
    let pair = (MEMORY.to_owned(), url.to_owned());
    if let Err(error) = home_control.remember(vec![pair]).await {
        tracing::warn!(error, "The webhook's address could not be stored.");
    }
}

/// The update in a request.
///
/// # Errors
/// The request has not the right secret, or no update.
pub(super) fn read(api: &BotApi, request: &HookRequest) -> Result<Update, HookFault> {
    let given = request.header(SECRET_HEADER).unwrap_or_default();
    if !is_same(given, &secret(api)) {
        return Err(HookFault::Forbidden);
    }
    let value: Value = serde_json::from_slice(&request.body).map_err(|_| HookFault::Unreadable)?;
    Update::read(&value).ok_or(HookFault::Unreadable)
}

/// The secret that Telegram sends with each request. Derived from the bot's token, so that it is the same after
/// a restart without being stored.
fn secret(api: &BotApi) -> String {
    let digest = mac(api.token().as_bytes(), SECRET_LABEL).map(|mac| mac.finalize().into_bytes());
    digest.map(|digest| words::hex(&digest)).unwrap_or_default()
}

/// Compares two secrets in constant time, by their digests.
fn is_same(given: &str, expected: &str) -> bool {
    let of = |text: &str| mac(SECRET_LABEL, text.as_bytes());
    match (of(given), of(expected)) {
        (Some(given), Some(digest)) if !expected.is_empty() => {
            given.verify(&digest.finalize().into_bytes()).is_ok()
        }
        _ => false,
    }
}

/// HMAC takes a key of any length.
fn mac(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac)
}
