//! Carries out pressed buttons, confirms them and shows the result below the message. Answers commands. Everything
//! that is sent here leaves room in the rate limits for alerts. Who may press or command was decided before
//! ([`super::bot::Access`]).

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tipoff_model::{Action, MuteTarget, Verdict};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::answer::TelegramFailure;
use super::bot::PendingUpdate;
use super::command::{self, COMMANDS, Command};
use super::update::{CallbackQuery, ChatMessage, Update, User};
use super::{LIMITS, Telegram, keyboard};
use crate::multipart::Form;
use crate::{BoxFuture, Done, HomeControl, Pace, words};

/// Length limit of the answer to a press (answerCallbackQuery, `text`), in UTF-16 units.
const ANSWER_UTF16_MAX: usize = 200;
/// Number of messages that are sent or edited beside alerts at the same time.
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
    /// The number of the album's first message.
    pub(super) reply_to: Option<i64>,
    /// The alert's title: a message needs a text.
    pub(super) text: String,
    pub(super) keyboard: Value,
}

impl Telegram {
    /// Handles updates one after the other, for as long as it is polled.
    pub(super) async fn serve(
        &self,
        jobs: &mut mpsc::Receiver<PendingUpdate>,
        keyboards: &mut mpsc::Receiver<LateKeyboard>,
        home_control: &dyn HomeControl,
    ) -> Infallible {
        let mut sending: FuturesUnordered<Sending<'_>> = FuturesUnordered::new();
        if self.commands {
            sending.push(Box::pin(self.show_commands(home_control)));
        }
        loop {
            // Updates wait at Telegram while too much is being sent.
            let has_room = sending.len() < SENDING_MAX;
            tokio::select! {
                Some(job) = jobs.recv(), if has_room => {
                    let PendingUpdate { update, done } = job;
                    // One action after the other, in the order in which people pressed.
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

    /// Carries out a pressed button. What is left to do is to edit the message.
    async fn press<'a>(
        &'a self,
        query: CallbackQuery,
        home_control: &'a dyn HomeControl,
    ) -> Option<Sending<'a>> {
        let CallbackQuery { id, from, message, data } = query;
        let (message, data) = (message?, data.unwrap_or_default());
        // A note carries out nothing: its text is shown again.
        if let Some(note) = keyboard::note(message.reply_markup.as_ref(), &data) {
            self.confirm_press(&id, note, false, home_control).await;
            return None;
        }
        // Of another version of Tipoff, forged, or from before `buttons = false`.
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

    /// Answers a press: the app then ends the waiting sign on the button and shows `text`, as a dialog if `alert`
    /// is set. If Telegram refuses the answer ("query is too old"), the action was carried out all the same.
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

    /// Replaces the buttons by what was done and by whom. The rest of the message stays as it is.
    async fn show_done(
        &self,
        message: ChatMessage,
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
        // Each attempt needs a form of its own.
        let form = || {
            let mut form = Form::new();
            form.field("chat_id", chat.as_str());
            form.field("message_id", message.message_id.to_string());
            form.json("reply_markup", keyboard.to_string());
            form
        };
        // A later edit of the message would show the old buttons again.
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

    /// The command in a message. `None` if the message is no command for this bot.
    async fn command(&self, message: &ChatMessage) -> Option<Command> {
        let text = message.text.as_deref().filter(|text| self.commands && text.starts_with('/'))?;
        let name = match command::addressee(text) {
            Some(_) => self.username().await,
            None => None,
        };
        // If the bot's own name cannot be found out, it is better to answer than to be silent.
        let is_us = |bot: &str| name.is_none_or(|name| name.eq_ignore_ascii_case(bot));
        let command = command::read(text, is_us);
        // In a group, an unknown command may be for another bot.
        command.or_else(|| (message.chat.kind == "private").then_some(Command::Help))
    }

    /// Carries out a command. Returns the text of the answer, and the action that was carried out.
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

    /// Sets the mode of `/arm` or `/disarm`. If there is no such mode, the answer says how to add it.
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

    /// Sends the answer to a command, into the same topic.
    async fn answer(
        &self,
        message: ChatMessage,
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

    /// Sends the keyboard of an album, below it and without a sound.
    async fn send_keyboard(&self, late: LateKeyboard, home_control: &dyn HomeControl) {
        let LateKeyboard { chat, topic, reply_to, text, keyboard } = late;
        let form = || {
            let mut form = text_form(&chat, topic, reply_to, &text, Some(&keyboard));
            form.field("disable_notification", "true");
            form
        };
        self.send_beside("sendMessage", &chat, &form, home_control).await;
    }

    /// Sends something that is no alert, in up to [`TRIES_MAX`] attempts.
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
                Err(TelegramFailure::Stop(Verdict::Retry { after, error, .. })) => {
                    tracing::debug!(method, error, "Telegram will be asked again.");
                    sleep(after.unwrap_or(pause).max(pause)).await;
                    pause = pause.saturating_mul(2);
                }
                // Such as "message is not modified", or a message that was deleted.
                Err(problem) => {
                    tracing::debug!(method, ?problem, "Telegram did not take it.");
                    return;
                }
            }
        }
        tracing::warn!(method, "Telegram did not take an answer or an edit in time.");
    }

    /// Makes Telegram show the list of commands in the chats of this channel.
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

    /// The bot's own rate limit: answers to presses belong to no chat.
    fn bot_pace(&self) -> Pace {
        Pace { key: self.bot_key(), count: 30, per: Duration::from_secs(1) }
    }
}

/// The answer to a command that requested an action.
fn did(done: Result<Done, String>) -> (String, Option<Done>) {
    match done {
        Ok(done) => (done.text.clone(), Some(done)),
        Err(error) => (error, None),
    }
}

/// The form of a message whose text has no markup (sendMessage).
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

/// Confirms an update when everything is sent, or after [`EDIT_TIME`], so that a slow edit does not delay the
/// next updates.
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
