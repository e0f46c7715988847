//! The bot that several channels share. Only one of them polls Telegram for the bot's updates. Each update is routed to
//! the channel of its chat, and confirmed when that channel has handled it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::update::{ChatInfo, Update};

/// Number of updates that wait for one channel.
const JOBS_MAX: usize = 32;
/// Chats that are not allowed and were logged; of more, no further one is.
const STRANGERS_MAX: usize = 500;
/// The pause before an update goes to another channel, where one ended under it.
const AGAIN: Duration = Duration::from_millis(100);

/// The bots of the running channels.
static BOTS: Mutex<BTreeMap<String, Weak<Bot>>> = Mutex::new(BTreeMap::new());

/// One bot at one Bot API server.
#[derive(Default)]
pub(super) struct Bot {
    /// Locked by the channel that polls for updates.
    pub(super) leading: tokio::sync::Mutex<()>,
    members: Mutex<Vec<Arc<Member>>>,
    strangers: Mutex<BTreeSet<i64>>,
}

/// A channel that receives the updates of its chats.
struct Member {
    access: Arc<Access>,
    jobs: mpsc::Sender<Job>,
}

/// An update for a channel.
pub(super) struct Job {
    pub(super) update: Update,
    /// Answered when the update is handled.
    pub(super) done: oneshot::Sender<()>,
}

/// A channel's place at its bot, until it is dropped.
pub(super) struct Membership {
    pub(super) bot: Arc<Bot>,
    pub(super) jobs: mpsc::Receiver<Job>,
    member: Arc<Member>,
}

/// The chats in which people may press and command.
pub(super) struct Access {
    /// The channel's own, by its number or @name.
    chat: RwLock<String>,
    /// Those that the configuration allows besides.
    allowed: Vec<String>,
}

impl Access {
    pub(super) fn new(chat: &str, allowed: Vec<String>) -> Self {
        Self { chat: RwLock::new(chat.to_owned()), allowed }
    }

    /// The channel's own chat has another number now.
    pub(super) fn follow(&self, chat: &str) {
        chat.clone_into(&mut self.chat.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether people may press in this chat, as far as its number or @name tells.
    pub(super) fn offers_presses(&self, chat: &str) -> bool {
        !chat.starts_with('@') || self.is_allowed(chat)
    }

    fn is_allowed(&self, chat: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(chat))
    }

    /// How this channel takes the chat: 0 as its own, 1 as another one that is allowed. `None`: not at
    /// all. A chat that anybody can join has to be allowed by name.
    fn rank(&self, chat: &ChatInfo) -> Option<u8> {
        let number = chat.id.to_string();
        let name = chat.username.as_deref().map(|name| format!("@{name}"));
        let allowed =
            self.is_allowed(&number) || name.as_deref().is_some_and(|it| self.is_allowed(it));
        let own = self.chat.read().unwrap_or_else(PoisonError::into_inner);
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

    /// From now on updates of these chats go to the channel that asks.
    pub(super) fn join(self: Arc<Self>, access: Arc<Access>) -> Membership {
        let (sender, jobs) = mpsc::channel(JOBS_MAX);
        let member = Arc::new(Member { access, jobs: sender });
        lock(&self.members).push(Arc::clone(&member));
        Membership { bot: self, jobs, member }
    }

    /// Whether a channel takes updates at all.
    pub(super) fn has_members(&self) -> bool {
        !lock(&self.members).is_empty()
    }

    /// Hands an update to its channel; returns when it need not come again. One of a chat that is not
    /// allowed is ignored, and logged once for each chat.
    pub(super) async fn deliver(&self, update: Update) {
        let Some(chat) = update.chat() else {
            return;
        };
        while let Some(member) = self.member(chat) {
            let (done, taken) = oneshot::channel();
            let job = Job { update: update.clone(), done };
            if member.jobs.send(job).await.is_ok() && taken.await.is_ok() {
                return;
            }
            // The channel ended under it: it may have come back with other settings.
            tokio::time::sleep(AGAIN).await;
        }
        self.note_stranger(chat);
    }

    fn member(&self, chat: &ChatInfo) -> Option<Arc<Member>> {
        let members = lock(&self.members);
        let ranked = members.iter().filter_map(|member| Some((member.access.rank(chat)?, member)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, member)| Arc::clone(member))
    }

    fn note_stranger(&self, chat: &ChatInfo) {
        let mut strangers = lock(&self.strangers);
        if strangers.len() < STRANGERS_MAX && strangers.insert(chat.id) {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(lock(&bot.strangers).len(), 1);
    }
}
