//! `tipoff init`: sets up a Telegram bot: asks for its token, waits for a message, sends a test
//! picture, and writes the configuration file.
//!
//! The file is written last: it exists only if the test arrived. Telegram alone has such a
//! dialogue, because its number of a chat cannot be looked up anywhere else; the other services are
//! set up by their pages in docs/channels.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tipoff_channels::telegram::{Chat, Setup};
use tipoff_channels::{Settings, Value};

use super::new_config::NewConfig;
use super::{Common, Ending, Failure, block_on};
use crate::dispatch::send_test;
use crate::runtime::clock::Clock;

/// The Bot API of Telegram itself. `--api` names another server, which the file then contains.
const DEFAULT_API: &str = "https://api.telegram.org";

/// Time limit for the first message to the bot: a person has to find the bot on a phone.
const MESSAGE_MAX: Duration = Duration::from_secs(600);

/// How to set up.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Another Bot API server
    #[arg(long, default_value = DEFAULT_API, value_name = "URL")]
    api: String,
    /// Overwrite a configuration file that exists
    #[arg(long)]
    force: bool,
}

/// Runs the dialogue. A file that sets something is an error without `--force`, before anything is asked.
pub(super) fn run(args: &Args, common: &Common) -> Ending {
    let file = NewConfig::at(common.config.as_deref());
    if !args.force {
        file.check_unset().map_err(Failure::Failed)?;
    }
    block_on(set_up(args, &file))?.map_err(Failure::Failed)
}

/// The dialogue. Each failure ends it without a file, and can be tried again.
async fn set_up(args: &Args, new: &NewConfig) -> anyhow::Result<()> {
    println!("Tipoff sends its alerts by a Telegram bot of yours.");
    println!("  1. In Telegram, open a chat with @BotFather and send /newbot.");
    println!("  2. Give the bot any name. BotFather answers with a token.");
    println!();
    let token = ask("The token: ")?;
    let setup = Setup::new(&args.api, &token).map_err(anyhow::Error::msg)?;
    let bot = setup.bot().await.map_err(anyhow::Error::msg)?;
    println!();
    println!(
        "The bot is @{}. Now write it any message: https://t.me/{}",
        bot.username, bot.username
    );
    println!("(For a group: add the bot to it and write there.) Waiting …");
    let chat = setup.wait_for_chat(MESSAGE_MAX).await.map_err(anyhow::Error::msg)?;
    println!("Found the chat \"{}\".", chat.title);
    send_test(&*channel(args, &token, &chat)?, &[], Clock::system().now())
        .await
        .map_err(|error| anyhow::anyhow!("the test did not arrive: {error}"))?;
    new.write(&file(args, &token, &chat))?;
    println!("A test picture is in the chat, and {} is written.", new.path().display());
    println!();
    println!("Next: {}", new.next());
    Ok(())
}

/// One line of standard input. An empty line and the end of the input are errors.
fn ask(question: &str) -> anyhow::Result<String> {
    print!("{question}");
    io::stdout().flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        bail!("nothing was typed");
    }
    let answer = answer.trim().to_owned();
    if answer.is_empty() {
        bail!("nothing was typed");
    }
    Ok(answer)
}

/// The channel as the file describes it, so that the test uses the same settings as `tipoff run` later.
fn channel(
    args: &Args,
    token: &str,
    chat: &Chat,
) -> anyhow::Result<Box<dyn tipoff_channels::Channel>> {
    let mut settings = Settings::default();
    settings.set("token", Value::Text(token.to_owned()));
    settings.set("chat", Value::Text(chat.id.to_string()));
    settings.set("api", Value::Text(args.api.clone()));
    // A topic of a forum group: alerts go into the one in which the message was written.
    if let Some(topic) = chat.topic {
        settings.set("topic", Value::Integer(topic));
    }
    let entry = tipoff_channels::entry("telegram").context("there is no channel telegram")?;
    (entry.build)(&settings).map_err(|faults| {
        let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        anyhow::anyhow!(messages.join("; "))
    })
}

/// The text of the configuration file: the channel and nothing else, because every other setting
/// has a default.
fn file(args: &Args, token: &str, chat: &Chat) -> String {
    let mut file = format!(
        "# Written by `tipoff init`. Everything that can be set: docs/configuration.md.\n\n\
         [[channel]]\nname = \"me\"\ntype = \"telegram\"\ntoken = {}\nchat = {}\n",
        quoted(token),
        chat.id,
    );
    if let Some(topic) = chat.topic {
        file.push_str(&format!("topic = {topic}\n"));
    }
    if args.api != DEFAULT_API {
        file.push_str(&format!("api = {}\n", quoted(&args.api)));
    }
    file
}

/// A TOML basic string, with escapes: a token is pasted text and may contain anything.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
