//! Carries out pressed buttons, confirms them and shows the result below the message; answers commands. Everything sent
//! here leaves room in the rate limits for alerts.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tipoff_model::{Action, MuteTarget, Verdict};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::answer::Problem;
use super::bot::Job;
use super::command::{self, COMMANDS, Command};
use super::update::{CallbackQuery, Message, Update, User};
use super::{LIMITS, Telegram, keyboard};
use crate::multipart::Form;
use crate::{BoxFuture, Done, HomeControl, Pace, words};

/// Length limit of the answer to a press (answerCallbackQuery, `text`), in UTF-16 units.
const ANSWER_UTF16_MAX: usize = 200;
/// Messages that are sent or edited beside alerts, at once.
const SENDING_MAX: usize = 32;
/// How long an update waits for its message to be edited before the next one is asked for.
const EDIT_TIME: Duration = Duration::from_secs(10);
/// Number of attempts for a message that is no alert.
const TRIES_MAX: u32 = 5;
/// The pause before the second attempt; it doubles.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// A message or an edit on its way.
type Sending<'a> = BoxFuture<'a, ()>;

/// A keyboard for an alert that cannot carry one: an album.
#[derive(Debug)]
pub(super) struct LateKeyboard {
    pub(super) chat: String,
    pub(super) topic: Option<i64>,
    pub(super) reply_to: Option<i64>,
    pub(super) text: String,
    pub(super) keyboard: Value,
}

impl Telegram {
    /// Handles updates one after the other, for as long as it is polled.
    pub(super) async fn serve(
        &self,
        jobs: &mut mpsc::Receiver<Job>,
        keyboards: &mut mpsc::Receiver<LateKeyboard>,
        home_control: &dyn HomeControl,
    ) -> Infallible {
        let mut sending: FuturesUnordered<Sending<'_>> = FuturesUnordered::new();
        if self.commands {
            sending.push(Box::pin(self.show_commands(home_control)));
        }
        loop {
            let has_room = sending.len() < SENDING_MAX;
            tokio::select! {
                Some(job) = jobs.recv(), if has_room => {
                    let Job { update, done } = job;
                    let rest = self.take(update, home_control).await;
                    sending.push(Box::pin(confirm(rest, done)));
                }
                Some(late) = keyboards.recv(), if has_room => {
                    sending.push(Box::pin(self.send_keyboard(late, home_control)));
                }
                Some(()) = sending.next() => {}
            }
        }
    }

    /// Carries out an update. Returns the messages that are left to send.
    async fn take<'a>(
        &'a self,
        update: Update,
        home_control: &'a dyn HomeControl,
    ) -> Option<Sending<'a>> {
        if let Some(query) = update.callback_query {
            return self.press(query, home_control).await;
        }
        let message = update.message?;
        let command = self.command(&message).await?;
        let person = message.from.as_ref().map(User::name).unwrap_or_default();
        let (text, done) = self.obey(command, &person, home_control).await;
        let keyboard = done.as_ref().and_then(keyboard::of_done);
        Some(Box::pin(self.answer(message, text, keyboard, home_control)))
    }

    async fn press<'a>(
        &'a self,
        query: CallbackQuery,
        home_control: &'a dyn HomeControl,
    ) -> Option<Sending<'a>> {
        let CallbackQuery { id, from, message, data } = query;
        let (message, data) = (message?, data.unwrap_or_default());
        if let Some(note) = keyboard::note(message.reply_markup.as_ref(), &data) {
            self.confirm_press(&id, note, false, home_control).await;
            return None;
        }
        let Some(action) = Action::decode(&data).filter(|_| self.buttons) else {
            self.confirm_press(&id, "This button is not known any more.", true, home_control).await;
            return None;
        };
        let person = from.name();
        match home_control.act(&action, &person).await {
            Ok(done) => {
                self.confirm_press(&id, &done.text, false, home_control).await;
                Some(Box::pin(self.show_done(message, action, done, person, home_control)))
            }
            Err(error) => {
                self.confirm_press(&id, &error, true, home_control).await;
                None
            }
        }
    }

    /// Ends the waiting sign on the button. What is confirmed too late (the query is too old) was done
    /// all the same.
    async fn confirm_press(
        &self,
        id: &str,
        text: &str,
        alert: bool,
        home_control: &dyn HomeControl,
    ) {
        let mut form = Form::new();
        form.field("callback_query_id", id);
        form.field("text", words::cut(text, ANSWER_UTF16_MAX));
        if alert {
            form.field("show_alert", "true");
        }
        home_control.wait_for_spare_turn(&[self.bot_pace()]).await;
        if let Err(problem) = self.api.ask("answerCallbackQuery", form).await {
            tracing::debug!(?problem, "A press was not confirmed to who pressed.");
        }
    }

    /// The buttons say what was done, and by whom. The rest of the message stays as it is.
    async fn show_done(
        &self,
        message: Message,
        action: Action,
        done: Done,
        person: String,
        home_control: &dyn HomeControl,
    ) {
        let before = message.reply_markup.as_ref();
        let Some(keyboard) = keyboard::after(before, &action, &done, &person) else {
            return;
        };
        let chat = message.chat.id.to_string();
        let form = || {
            let mut form = Form::new();
            form.field("chat_id", chat.as_str());
            form.field("message_id", message.message_id.to_string());
            form.json("reply_markup", keyboard.to_string());
            form
        };
        if self.edit_in_place {
            let memory = home_control.memory().await.unwrap_or_default();
            let number = message.message_id;
            if let Some(pair) = self.growing.pressed(&chat, number, &keyboard, &memory).await
                && let Err(error) = home_control.remember(vec![pair]).await
            {
                tracing::warn!(error, "The buttons of a message could not be stored.");
            }
        }
        self.send_beside("editMessageReplyMarkup", &chat, &form, home_control).await;
    }

    async fn command(&self, message: &Message) -> Option<Command> {
        let text = message.text.as_deref().filter(|text| self.commands && text.starts_with('/'))?;
        let name = match command::addressee(text) {
            Some(_) => self.username().await,
            None => None,
        };
        // Where the bot's own name cannot be found out, it is better to answer.
        let is_us = |bot: &str| name.is_none_or(|name| name.eq_ignore_ascii_case(bot));
        let command = command::read(text, is_us);
        // Among people, a command that is not known may be for another bot.
        command.or_else(|| (message.chat.kind == "private").then_some(Command::Help))
    }

    async fn obey(
        &self,
        command: Command,
        person: &str,
        home_control: &dyn HomeControl,
    ) -> (String, Option<Done>) {
        let target = MuteTarget::Everything;
        let read = match command {
            Command::Status => home_control.status().await,
            Command::Last(count) => home_control.last(count).await,
            Command::Devices => home_control.devices().await,
            Command::Help => Ok(command::HELP.to_owned()),
            Command::Wrong(right) => Ok(right.to_owned()),
            Command::Mute(lasts) => {
                return did(home_control.act(&Action::Mute { target, lasts }, person).await);
            }
            Command::Unmute => {
                return did(home_control.act(&Action::Unmute { target }, person).await);
            }
            Command::Arm => return self.set_mode(true, person, home_control).await,
            Command::Disarm => return self.set_mode(false, person, home_control).await,
        };
        (read.unwrap_or_else(|error| error), None)
    }

    async fn set_mode(
        &self,
        arm: bool,
        person: &str,
        home_control: &dyn HomeControl,
    ) -> (String, Option<Done>) {
        let (command, key, usual, given) = if arm {
            ("/arm", "arm_mode", "away", &self.arm_mode)
        } else {
            ("/disarm", "disarm_mode", "home", &self.disarm_mode)
        };
        let modes = home_control.next_state(None).await.modes;
        let wanted = given.as_deref().unwrap_or(usual);
        match modes.into_iter().find(|mode| mode.eq_ignore_ascii_case(wanted)) {
            Some(mode) => did(home_control.act(&Action::SetMode { mode }, person).await),
            None => {
                let help = format!(
                    "{command} needs a mode: add a [[mode]] with the name \"{wanted}\" to the \
                     configuration, or set `{key}` of this channel to the name of another mode."
                );
                (help, None)
            }
        }
    }

    async fn answer(
        &self,
        message: Message,
        text: String,
        keyboard: Option<Value>,
        home_control: &dyn HomeControl,
    ) {
        let chat = message.chat.id.to_string();
        let topic = message.message_thread_id.filter(|_| message.is_topic_message);
        let reply_to = Some(message.message_id);
        let form = || text_form(&chat, topic, reply_to, &text, keyboard.as_ref());
        self.send_beside("sendMessage", &chat, &form, home_control).await;
    }

    async fn send_keyboard(&self, late: LateKeyboard, home_control: &dyn HomeControl) {
        let LateKeyboard { chat, topic, reply_to, text, keyboard } = late;
        let form = || {
            let mut form = text_form(&chat, topic, reply_to, &text, Some(&keyboard));
            form.field("disable_notification", "true");
            form
        };
        self.send_beside("sendMessage", &chat, &form, home_control).await;
    }

    /// Sends something that is no alert, in a few tries.
    async fn send_beside(
        &self,
        method: &str,
        chat: &str,
        form: &(dyn Fn() -> Form + Send + Sync),
        home_control: &dyn HomeControl,
    ) {
        let mut pause = TRY_AGAIN;
        for _ in 0..TRIES_MAX {
            home_control.wait_for_spare_turn(&self.paces_of(chat)).await;
            match self.api.ask(method, form()).await {
                Ok(_) => return,
                Err(Problem::Stop(Verdict::Retry { after, error, .. })) => {
                    tracing::debug!(method, error, "Telegram will be asked again.");
                    sleep(after.unwrap_or(pause).max(pause)).await;
                    pause = pause.saturating_mul(2);
                }
                // The same keyboard again, a message that was deleted: nothing to be done.
                Err(problem) => {
                    tracing::debug!(method, ?problem, "Telegram did not take it.");
                    return;
                }
            }
        }
        tracing::warn!(method, "Telegram did not take an answer or an edit in time.");
    }

    /// Has the chats of this channel show the list of commands.
    async fn show_commands(&self, home_control: &dyn HomeControl) {
        let list: Value = COMMANDS
            .iter()
            .map(|(command, description)| json!({ "command": command, "description": description }))
            .collect();
        let memory = home_control.memory().await.unwrap_or_default();
        let own = self.current_chat(&memory).to_owned();
        for chat in std::iter::once(&own).chain(&self.allowed_chats) {
            // Channels have no commands.
            let Ok(number) = chat.parse::<i64>() else {
                continue;
            };
            let scope = json!({ "type": "chat", "chat_id": number });
            let form = || {
                let mut form = Form::new();
                form.json("commands", list.to_string());
                form.json("scope", scope.to_string());
                form
            };
            self.send_beside("setMyCommands", chat, &form, home_control).await;
        }
    }

    /// The bot's name, without the @.
    async fn username(&self) -> Option<&str> {
        let name = self.username.get_or_try_init(|| async {
            let bot = self.api.ask("getMe", Form::new()).await.map_err(drop)?;
            bot.get("username").and_then(Value::as_str).map(str::to_owned).ok_or(())
        });
        name.await.ok().map(String::as_str)
    }

    fn bot_pace(&self) -> Pace {
        Pace { key: self.bot_key(), count: 30, per: Duration::from_secs(1) }
    }
}

fn did(done: Result<Done, String>) -> (String, Option<Done>) {
    match done {
        Ok(done) => (done.text.clone(), Some(done)),
        Err(error) => (error, None),
    }
}

/// A text without any form.
fn text_form(
    chat: &str,
    topic: Option<i64>,
    reply_to: Option<i64>,
    text: &str,
    keyboard: Option<&Value>,
) -> Form {
    let mut form = Form::new();
    form.field("chat_id", chat);
    if let Some(topic) = topic {
        form.field("message_thread_id", topic.to_string());
    }
    form.field("text", words::cut(text, LIMITS.text_utf16_max));
    form.json("link_preview_options", json!({ "is_disabled": true }).to_string());
    if let Some(number) = reply_to {
        let reply = json!({ "message_id": number, "allow_sending_without_reply": true });
        form.json("reply_parameters", reply.to_string());
    }
    if let Some(keyboard) = keyboard {
        form.json("reply_markup", keyboard.to_string());
    }
    form
}

/// Confirms an update when everything is sent; what takes long goes on without holding up others.
async fn confirm(rest: Option<Sending<'_>>, done: oneshot::Sender<()>) {
    let Some(mut rest) = rest else {
        let _ = done.send(());
        return;
    };
    let sent = timeout(EDIT_TIME, &mut rest).await;
    let _ = done.send(());
    if sent.is_err() {
        rest.await;
    }
}
