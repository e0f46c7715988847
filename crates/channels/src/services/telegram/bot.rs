//! The bot that several channels share. Only one of them polls Telegram for the bot's updates. Each update is routed
//! to the channel of its chat, and confirmed when that channel has handled it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::update::{ChatInfo, Update};
use crate::lock::lock;

/// Number of updates that wait for one channel.
const JOBS_MAX: usize = 32;
/// Number of chats that are not allowed and are logged. Further ones are ignored without a log line.
const REFUSED_CHATS_MAX: usize = 500;
/// The pause before an update goes to another channel, after a channel ended while it handled the update.
const AGAIN: Duration = Duration::from_millis(100);

/// The bots of the running channels.
static BOTS: Mutex<BTreeMap<String, Weak<Bot>>> = Mutex::new(BTreeMap::new());

/// One bot at one Bot API server.
#[derive(Default)]
pub(super) struct Bot {
    /// Locked by the channel that polls for updates.
    pub(super) leading: tokio::sync::Mutex<()>,
    /// The running channels with this bot.
    members: Mutex<Vec<Arc<Member>>>,
    /// Chats that are not allowed and were logged.
    refused_chats: Mutex<BTreeSet<i64>>,
}

/// A channel that receives the updates of its chats.
struct Member {
    access: Arc<Access>,
    jobs: mpsc::Sender<PendingUpdate>,
}

/// An update for a channel.
pub(super) struct PendingUpdate {
    pub(super) update: Update,
    /// Answered when the update is handled.
    pub(super) done: oneshot::Sender<()>,
}

/// A channel's registration with its bot, until it is dropped.
pub(super) struct Membership {
    pub(super) bot: Arc<Bot>,
    pub(super) jobs: mpsc::Receiver<PendingUpdate>,
    member: Arc<Member>,
}

/// The chats in which people may press buttons and write commands.
pub(super) struct Access {
    /// The channel's own, by its number or @name.
    chat: Mutex<String>,
    /// Further ones, from `allowed_chats`.
    allowed: Vec<String>,
}

impl Access {
    /// The access of a channel: its own chat, and those of `allowed_chats`.
    pub(super) fn new(chat: &str, allowed: Vec<String>) -> Self {
        Self { chat: Mutex::new(chat.to_owned()), allowed }
    }

    /// The channel's own chat has another number now.
    pub(super) fn follow(&self, chat: &str) {
        chat.clone_into(&mut lock(&self.chat));
    }

    /// Whether people may press buttons in this chat, as far as its number or @name says. A public chat has to be
    /// in `allowed_chats`.
    pub(super) fn offers_presses(&self, chat: &str) -> bool {
        !chat.starts_with('@') || self.is_allowed(chat)
    }

    /// Whether `allowed_chats` contains this number or @name, in any case of letters.
    fn is_allowed(&self, chat: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(chat))
    }

    /// Rank of this channel for a chat: 0 for its own, 1 for another allowed one. `None` if the chat is not
    /// allowed. A chat that anybody can join has to be in `allowed_chats`, even if it is the channel's own.
    fn rank(&self, chat: &ChatInfo) -> Option<u8> {
        let number = chat.id.to_string();
        let name = chat.username.as_deref().map(|name| format!("@{name}"));
        let allowed =
            self.is_allowed(&number) || name.as_deref().is_some_and(|it| self.is_allowed(it));
        let own = lock(&self.chat);
        let is_own = *own == number || name.is_some_and(|name| own.eq_ignore_ascii_case(&name));
        match (is_own, allowed) {
            (true, _) if allowed || !chat.is_public() => Some(0),
            (_, true) => Some(1),
            _ => None,
        }
    }
}

impl Bot {
    /// The one bot of this identity.
    pub(super) fn of(identity: &str) -> Arc<Self> {
        let mut bots = lock(&BOTS);
        bots.retain(|_, bot| bot.strong_count() > 0);
        if let Some(bot) = bots.get(identity).and_then(Weak::upgrade) {
            return bot;
        }
        let bot = Arc::new(Self::default());
        bots.insert(identity.to_owned(), Arc::downgrade(&bot));
        bot
    }

    /// Registers a channel: updates of its chats go to it until the membership is dropped.
    pub(super) fn join(self: Arc<Self>, access: Arc<Access>) -> Membership {
        let (sender, jobs) = mpsc::channel(JOBS_MAX);
        let member = Arc::new(Member { access, jobs: sender });
        lock(&self.members).push(Arc::clone(&member));
        Membership { bot: self, jobs, member }
    }

    /// Whether any channel is registered.
    pub(super) fn has_members(&self) -> bool {
        !lock(&self.members).is_empty()
    }

    /// Hands an update to its channel, and returns when it is handled. An update of a chat that is not allowed is
    /// ignored, and logged once for each chat.
    pub(super) async fn deliver(&self, update: Update) {
        let Some(chat) = update.chat() else {
            return;
        };
        while let Some(member) = self.member(chat) {
            let (done, taken) = oneshot::channel();
            let job = PendingUpdate { update: update.clone(), done };
            if member.jobs.send(job).await.is_ok() && taken.await.is_ok() {
                return;
            }
            // The channel ended meanwhile: it may come back with other settings.
            tokio::time::sleep(AGAIN).await;
        }
        self.log_refused_chat(chat);
    }

    /// The channel with the best rank for a chat.
    fn member(&self, chat: &ChatInfo) -> Option<Arc<Member>> {
        let members = lock(&self.members);
        let ranked = members.iter().filter_map(|member| Some((member.access.rank(chat)?, member)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, member)| Arc::clone(member))
    }

    /// Logs a chat that is not allowed, once: the owner may have forgotten it in the settings.
    fn log_refused_chat(&self, chat: &ChatInfo) {
        let mut refused_chats = lock(&self.refused_chats);
        if refused_chats.len() < REFUSED_CHATS_MAX && refused_chats.insert(chat.id) {
            let (id, public) = (chat.id, chat.is_public());
            tracing::warn!(
                chat = id,
                public,
                "Somebody pressed a button or sent a command in a Telegram chat that is not allowed: \
                 ignored. `allowed_chats` of the channel allows it.",
            );
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        lock(&self.bot.members).retain(|member| !Arc::ptr_eq(member, &self.member));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chat(id: i64, kind: &str, username: Option<&str>) -> ChatInfo {
        serde_json::from_value(json!({ "id": id, "type": kind, "username": username })).unwrap()
    }

    fn pressed_in(chat: i64) -> Update {
        let message = json!({ "message_id": 1, "chat": { "id": chat, "type": "private" } });
        Update::read(&json!({ "update_id": 1, "message": message })).unwrap()
    }

    #[test]
    fn the_own_chat_and_those_that_are_named_are_allowed() {
        let access = Access::new("7", vec!["-5".to_owned(), "@yard".to_owned()]);
        for (chat, rank) in [
            (chat(7, "private", None), Some(0)),
            (chat(7, "private", Some("ann")), Some(0)),
            (chat(-5, "group", None), Some(1)),
            (chat(-6, "supergroup", Some("Yard")), Some(1)),
            (chat(-6, "supergroup", None), None),
            (chat(8, "private", Some("yards")), None),
        ] {
            assert_eq!(access.rank(&chat), rank, "{chat:?}");
        }
        access.follow("-8");
        assert_eq!(access.rank(&chat(-8, "supergroup", None)), Some(0));
        assert_eq!(access.rank(&chat(7, "private", None)), None);
    }

    #[test]
    fn a_chat_that_anybody_can_join_has_to_be_named() {
        let access = Access::new("@yard", Vec::new());
        assert_eq!(access.rank(&chat(-9, "channel", Some("yard"))), None);
        assert!(!access.offers_presses("@yard") && access.offers_presses("-9"));
        let access = Access::new("@yard", vec!["@Yard".to_owned()]);
        assert_eq!(access.rank(&chat(-9, "channel", Some("yard"))), Some(0));
        assert!(access.offers_presses("@yard"));
    }

    #[tokio::test]
    async fn an_update_goes_to_the_channel_of_its_chat_and_again_where_that_ended() {
        let bot = Bot::of("1@test:1");
        assert!(Arc::ptr_eq(&bot, &Bot::of("1@test:1")));
        let access = |chat: &str| Arc::new(Access::new(chat, vec!["9".to_owned()]));
        let mut first = Arc::clone(&bot).join(access("1"));
        let mut second = Arc::clone(&bot).join(access("2"));
        let (_, job) = tokio::join!(bot.deliver(pressed_in(2)), async {
            let job = second.jobs.recv().await.unwrap();
            job.done.send(()).unwrap();
            job.update
        });
        assert_eq!(job.chat().map(|chat| chat.id), Some(2));
        // Both allow chat 9; the first of them ends without having done it.
        let (_, ()) = tokio::join!(bot.deliver(pressed_in(9)), async {
            drop(first.jobs.recv().await.unwrap());
            drop(first);
            second.jobs.recv().await.unwrap().done.send(()).unwrap();
        });
        bot.deliver(pressed_in(3)).await;
        bot.deliver(pressed_in(3)).await;
        assert_eq!(lock(&bot.refused_chats).len(), 1);
    }
}
