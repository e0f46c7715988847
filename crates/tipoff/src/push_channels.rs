//! The browsers that get notifications, as channels beside those of the configuration: each has its own task and queue as any
//! other, and its person's choice instead of routes.

use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tipoff_channels::web_push::{PushSender, Subscription, VapidKey};
use tipoff_channels::{Channel, Settings, Value};
use tipoff_rules::{Conditions, Subscriber};
use tipoff_spool::{PushSubscription, Spool, SpoolError};

use crate::config::{ChannelConfig, Config};

/// The subscriptions in use, and what sends to them.
#[derive(Clone)]
pub(crate) struct PushChannels(Arc<Parts>);

struct Parts {
    sender: Arc<PushSender>,
    subscriptions: ArcSwap<Vec<PushSubscription>>,
}

impl PushChannels {
    /// Reads the key and the subscriptions. The first start of a spool makes the key.
    pub(crate) async fn open(spool: &dyn Spool, config: &Config) -> anyhow::Result<Self> {
        let candidate = VapidKey::generate().context("the system has no random numbers")?;
        let stored = spool.vapid_key(candidate).await?;
        let key = VapidKey::read(&stored).context("the spool's key of push services is damaged")?;
        let networks = config.http.push_networks.clone();
        let sender = Arc::new(PushSender::new(key, move |address| networks.contains(address)));
        let subscriptions = ArcSwap::from_pointee(spool.push_subscriptions().await?);
        Ok(Self(Arc::new(Parts { sender, subscriptions })))
    }

    /// Reads the subscriptions again. Whether they have changed.
    pub(crate) async fn read(&self, spool: &dyn Spool) -> Result<bool, SpoolError> {
        let now = spool.push_subscriptions().await?;
        let has_changed = **self.0.subscriptions.load() != now;
        if has_changed {
            self.0.subscriptions.store(Arc::new(now));
        }
        Ok(has_changed)
    }

    /// The public key by which push services recognise this program, as browsers take it.
    pub(crate) fn public_key(&self) -> String {
        self.0.sender.public_key()
    }

    /// Whether a subscription can be used: an address of the internet, and keys of a browser.
    ///
    /// # Errors
    /// Its fault, without its secrets.
    pub(crate) async fn check(&self, subscription: &PushSubscription) -> Result<(), String> {
        self.channel(subscription)?;
        match self.0.sender.may_reach(&subscription.endpoint).await {
            true => Ok(()),
            false => Err("the push service is in a private network".to_owned()),
        }
    }

    /// The configuration with the channels of browsers, and what their people chose.
    pub(crate) fn added_to(&self, mut config: Config) -> Config {
        for subscription in self.0.subscriptions.load().iter() {
            let name = subscription.channel();
            if config.channels.iter().any(|channel| channel.name == name) {
                continue;
            }
            // What was stored is what was checked; a network that is not allowed any more is the exception.
            let channel = match self.channel(subscription) {
                Ok(channel) => channel,
                Err(fault) => {
                    tracing::warn!(channel = name, fault, "A browser cannot be notified.");
                    continue;
                }
            };
            let wanted = &subscription.wanted;
            let conditions = Conditions {
                devices: wanted.devices.clone(),
                events: wanted.events.clone(),
                ..Conditions::default()
            };
            config.rules.subscribers.push(Subscriber { channel: name.clone(), conditions });
            let settings = settings(subscription);
            config.channels.push(ChannelConfig::of_browser(name, settings, channel));
        }
        config
    }

    fn channel(&self, subscription: &PushSubscription) -> Result<Box<dyn Channel>, String> {
        let PushSubscription { endpoint, p256dh, auth, origin, .. } = subscription;
        self.0.sender.channel(Subscription { endpoint, p256dh, auth, origin })
    }
}

/// The settings whose change makes a channel another one: the worker of a browser that is the same is not disturbed.
fn settings(subscription: &PushSubscription) -> Settings {
    let PushSubscription { endpoint, p256dh, auth, origin, .. } = subscription;
    let mut settings = Settings::default();
    for (key, value) in
        [("endpoint", endpoint), ("p256dh", p256dh), ("auth", auth), ("origin", origin)]
    {
        settings.set(key, Value::Text(value.clone()));
    }
    settings
}
