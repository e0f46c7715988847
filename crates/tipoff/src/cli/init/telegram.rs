//! The dialogue for Telegram: the bot's token, and the chat that writes to the bot. The number of a chat cannot be
//! looked up anywhere else.

use std::time::Duration;

use tipoff_channels::telegram::{Chat, Setup};
use tipoff_channels::{Entry, Value};

use super::super::ask;
use super::super::console_language::{text, texts, with};
use super::DEFAULT_API;
use super::answers::Answers;
use crate::dispatch::send_test;
use crate::runtime::clock::Clock;

/// Time limit for the first message to the bot: a person has to find the bot on a phone.
const MESSAGE_MAX: Duration = Duration::from_secs(600);

/// Asks until a test picture is in the chat.
pub(super) async fn ask(api: &str, entry: &'static Entry) -> anyhow::Result<Answers> {
    println!("{}", text("init-telegram-bot"));
    let open = [("bot", &"@BotFather" as _), ("command", &"/newbot" as _)];
    println!("  1. {}", with("init-telegram-open", &open));
    println!("  2. {}", text("init-telegram-name"));
    println!();
    let (setup, token) = bot(api).await?;
    let chat = chat(&setup).await?;
    let mut answers = Answers::default();
    answers.set("token", Value::Text(token));
    answers.set("chat", Value::Text(chat.id.to_string()));
    // A topic of a forum group: alerts go into the one in which the message was written.
    if let Some(topic) = chat.topic {
        answers.set("topic", Value::Integer(topic));
    }
    if api != DEFAULT_API {
        answers.set("api", Value::Text(api.to_owned()));
    }
    let channel = super::build(entry, &mut answers)?;
    while let Err(reason) =
        send_test(&*channel, &[], Clock::system().now(), texts().language()).await
    {
        println!("  {}", with("init-test-failed", &[("reason", &reason)]));
        ask::line(&text("init-enter-tries"))?;
    }
    println!("{}", text("init-telegram-sent"));
    Ok(answers)
}

/// Asks for the token until Telegram knows it.
async fn bot(api: &str) -> anyhow::Result<(Setup, String)> {
    loop {
        let token = ask::secret(&text("init-telegram-token"))?.trim().to_owned();
        if token.is_empty() {
            continue;
        }
        let found = match Setup::new(api, &token) {
            Ok(setup) => setup.bot().await.map(|bot| (setup, bot)),
            Err(reason) => Err(reason),
        };
        match found {
            Ok((setup, bot)) => {
                let (name, link) =
                    (format!("@{}", bot.username), format!("https://t.me/{}", bot.username));
                println!();
                println!("{}", with("init-telegram-write", &[("bot", &name), ("link", &link)]));
                return Ok((setup, token));
            }
            Err(reason) => println!("  {reason}"),
        }
    }
}

/// Waits until somebody writes to the bot.
async fn chat(setup: &Setup) -> anyhow::Result<Chat> {
    loop {
        println!("{}", text("init-telegram-waiting"));
        match setup.wait_for_chat(MESSAGE_MAX).await {
            Ok(chat) => {
                println!("{}", with("init-telegram-found", &[("title", &chat.title)]));
                return Ok(chat);
            }
            Err(reason) => println!("  {reason}"),
        }
        ask::line(&text("init-enter-waits"))?;
    }
}
