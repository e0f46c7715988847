//! MQTT 3.1.1 (docs.oasis-open.org/mqtt/mqtt/v3.1.1): an alert as JSON, the last state and the last picture
//! of each device, the mode both ways; Home Assistant finds the devices by itself.
//!
//! Alerts go by the connection that is kept while the channel is attended; else each makes one of its
//! own, which says nothing of whether the program is there.

mod broker;
mod connection;
mod discovery;
mod motions;
mod presence;
mod sweep;
mod telling;
mod topics;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tipoff_model::{Alert, AlertKind, AlertMedia, Outcome, Receipt, Scope, Verdict};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, HomeControl, Message};
use crate::{Setting, Settings, Shape, body, words};

use broker::{Broken, Broker, Line, Trouble};
use connection::Kept;
use motions::Motions;
use telling::Picture;
use topics::Topics;

/// The first part of every topic, where it is not set.
const TOPIC: &str = "tipoff";
/// Home Assistant's own default.
const DISCOVERY: &str = "homeassistant";
/// How long motion is shown, where it is not set.
const OFF_DELAY: Duration = Duration::from_secs(30);
/// How long it may be shown at most.
const OFF_DELAY_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest picture, where it is not set: cameras of 8 megapixels send about 3 MB.
const PICTURE_KB: i64 = 5 * 1024;
/// The largest picture that can be set: it is held in memory. MQTT itself ends at 256 MB.
const PICTURE_KB_MAX: i64 = 50 * 1024;
/// How often a picture is tried: a broker that takes less than we send closes the connection, every time.
const PICTURE_TRIES_MAX: u32 = 2;
/// What the broker shows of the program.
const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

/// What MQTT can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "mqtt",
    summary: "An MQTT broker: alerts as JSON, pictures, the mode; Home Assistant finds devices by itself.",
    settings: &[
        Setting {
            key: "ca",
            shape: Shape::Text,
            required: false,
            doc: "The certificate of your own authority, which signed the broker's, as PEM text. \
                  Nobody else is trusted then. Without it: those that the system trusts.",
            example: "{ file = \"ca.pem\" }",
        },
        Setting {
            key: "discovery",
            shape: Shape::Text,
            required: false,
            doc: "The prefix of Home Assistant's discovery topics; \"\": it is not told of devices. \
                  Without it: \"homeassistant\".",
            example: "\"\"",
        },
        Setting {
            key: "off_delay",
            shape: Shape::Duration,
            required: false,
            doc: "How long Home Assistant shows motion after an alert. Without it: 30 s.",
            example: "\"2 min\"",
        },
        Setting {
            key: "password",
            shape: Shape::Secret,
            required: false,
            doc: "The password of `user`. Without it: no password.",
            example: "{ env = \"MQTT_PASSWORD\" }",
        },
        Setting {
            key: "picture_kb",
            shape: Shape::Integer,
            required: false,
            doc: "The largest picture that is published, in KB; a larger one is left out, with \
                  words. 0: no pictures. Set it where the broker takes less (EMQX: 1000). Without \
                  it: 5120.",
            example: "1000",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: true,
            doc: "The broker: mqtt://host:1883, or mqtts://host:8883 for TLS. The ports need not be \
                  named.",
            example: "\"mqtt://homeassistant.local\"",
        },
        TIMEOUT,
        Setting {
            key: "topic",
            shape: Shape::Text,
            required: false,
            doc: "What every topic begins with. Two Tipoffs at one broker need two. Without it: \
                  \"tipoff\".",
            example: "\"home/cameras\"",
        },
        Setting {
            key: "user",
            shape: Shape::Text,
            required: false,
            doc: "The user to log in as. Without it: no login.",
            example: "\"tipoff\"",
        },
    ],
    build,
};

struct Mqtt {
    broker: Broker,
    topics: Topics,
    off_delay: Duration,
    kept: Kept,
    motions: Motions,
    tries: Tries,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let topic = settings.text("topic").unwrap_or(TOPIC);
    reader.check("topic", topics::check(topic));
    let discovery = settings.text("discovery").unwrap_or(DISCOVERY);
    if !discovery.is_empty() {
        reader.check("discovery", topics::check(discovery));
    }
    let off_delay = settings.duration("off_delay").unwrap_or(OFF_DELAY);
    if off_delay < Duration::from_secs(1) || off_delay > OFF_DELAY_MAX {
        reader.fault("off_delay", "must be from 1 s to 24 h");
    }
    let picture_kb = reader.integer_in("picture_kb", 0..=PICTURE_KB_MAX).unwrap_or(PICTURE_KB);
    let password = settings.text("password");
    let user = settings.text("user").map(str::to_owned);
    if user.is_none() && password.is_some() {
        reader.fault("password", "`user` is missing: whose password is it?");
    }
    let server = settings.text("server").unwrap_or_default();
    let broker = Broker::new(server, settings.text("ca"));
    let broker = broker.map_err(|(key, message)| reader.fault(key, message)).ok();
    reader.finish(|| {
        let mut broker = broker?;
        broker.secrets.add(password.unwrap_or_default());
        broker.login = user.map(|user| (user, password.unwrap_or_default().to_owned()));
        broker.picture_bytes_max = u64::try_from(picture_kb).unwrap_or_default() << 10;
        broker.time = settings.answer_time();
        let topics = Topics::new(topic, discovery);
        let (kept, motions, tries) = Default::default();
        Some(Mqtt { broker, topics, off_delay, kept, motions, tries })
    })
}

impl Channel for Mqtt {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.deliver(context.alert, context.files).await.into() })
    }

    fn run_background<'a>(
        &'a self,
        home_control: &'a dyn HomeControl,
    ) -> Option<BoxFuture<'a, ()>> {
        Some(Box::pin(presence::keep(self, home_control)))
    }
}

/// What an alert is told by, in order; the event comes last: whoever it wakes finds the rest.
struct Telling<'a> {
    alert: &'a Alert,
    picture: Option<(String, Vec<u8>)>,
    state: Option<(String, String)>,
    event: (String, String),
}

impl Mqtt {
    async fn deliver(&self, alert: &Alert, files: &Arc<dyn Files>) -> Verdict {
        let telling = match self.prepare(alert, files).await {
            Ok(telling) => telling,
            Err(error) => return Verdict::Retry { scope: Scope::Message, after: None, error },
        };
        let size = telling.picture.as_ref().map(|(_, bytes)| bytes.len() as u64);
        let time = self.broker.time_for(size.unwrap_or_default());
        let (up, tries) = (self.kept.up(), self.tries.of(&alert.idempotency_key));
        let telling = async {
            match &up {
                Some(up) => self.tell_by(up, telling).await,
                None => self.tell_alone(telling).await,
            }
        };
        let told = timeout(time, telling).await.unwrap_or_else(|_| Err(self.broker.late()));
        if let (Err(_), Some(up)) = (&told, &up) {
            self.kept.forget(up);
            up.line.give_up();
        }
        match (told, size) {
            (Ok(()), _) => Verdict::Delivered(Receipt::default()),
            (Err(mut trouble), Some(size)) if self.tries.of(&alert.idempotency_key) > tries => {
                let size = words::size(size);
                trouble.error +=
                    &format!(", while a picture of {size} was sent (see `picture_kb`)");
                trouble.into()
            }
            (Err(trouble), _) => trouble.into(),
        }
    }

    async fn prepare<'a>(
        &self,
        alert: &'a Alert,
        files: &Arc<dyn Files>,
    ) -> Result<Telling<'a>, String> {
        let topics = self.topics.of_device(alert.device_id, &alert.device);
        // A report is no news: the last picture and what happened last stay as they are.
        let is_news = alert.kind != AlertKind::Report;
        let mut picture = match self.broker.picture_bytes_max {
            bytes_max if is_news && bytes_max > 0 => telling::picture(alert, bytes_max),
            _ => Picture::None,
        };
        if let Picture::Sent(stored) = &picture
            && self.tries.of(&alert.idempotency_key) >= PICTURE_TRIES_MAX
        {
            picture = telling::left(stored, "the broker did not take it");
        }
        let (state, event) =
            (telling::state(alert, &topics, &picture), telling::event(alert, &topics, &picture));
        let picture = match picture {
            Picture::Sent(stored) => Some((topics.picture, read(*stored, files).await?)),
            _ => None,
        };
        let state = is_news.then_some((topics.state, state));
        Ok(Telling { alert, picture, state, event: (topics.event, event) })
    }

    /// By the connection that is kept. A new device is announced before its first alert.
    async fn tell_by(&self, up: &connection::Up, telling: Telling<'_>) -> Result<(), Trouble> {
        let Alert { device_id, device, .. } = telling.alert;
        let told = match presence::announce(self, up, *device_id, device).await {
            Ok(()) => self.tell(&up.line, telling).await,
            Err(Broken) => Err(Broken),
        };
        told.map_err(|Broken| self.broker.broken())
    }

    /// By a connection of its own.
    async fn tell_alone(&self, telling: Telling<'_>) -> Result<(), Trouble> {
        let (line, mut wire) = self.broker.connect(None).await?;
        tokio::select! {
            biased;
            error = wire.run(|_| {}) => return Err(self.broker.trouble(&error)),
            told = self.tell(&line, telling) => told.map_err(|Broken| self.broker.broken())?,
        }
        wire.leave(line).await;
        Ok(())
    }

    async fn tell(&self, line: &Line, telling: Telling<'_>) -> Result<(), Broken> {
        let Telling { alert, picture, state, event } = telling;
        if let Some((topic, bytes)) = picture {
            self.tries.begin(&alert.idempotency_key);
            line.publish(&topic, true, bytes).await?;
            self.tries.succeed();
        }
        if let Some((topic, state)) = state {
            line.publish(&topic, true, state.into_bytes()).await?;
        }
        line.publish(&event.0, false, event.1.into_bytes()).await?;
        self.motions.note(alert);
        Ok(())
    }
}

/// A picture's bytes.
async fn read(stored: AlertMedia, files: &Arc<dyn Files>) -> Result<Vec<u8>, String> {
    let files = Arc::clone(files);
    let reading = spawn_blocking(move || {
        let mut bytes = Vec::new();
        body::save(&stored, &*files, &mut bytes).map(|()| bytes)
    });
    reading.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// How often the picture of which delivery was sent in vain.
#[derive(Default)]
struct Tries(Mutex<(String, u32)>);

impl Tries {
    fn of(&self, key: &str) -> u32 {
        let tries = self.lock();
        if tries.0 == key { tries.1 } else { 0 }
    }

    fn begin(&self, key: &str) {
        let before = self.of(key);
        *self.lock() = (key.to_owned(), before.saturating_add(1));
    }

    fn succeed(&self) {
        *self.lock() = Default::default();
    }

    fn lock(&self) -> MutexGuard<'_, (String, u32)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
