//! MQTT 3.1.1 (docs.oasis-open.org/mqtt/mqtt/v3.1.1): publishes an alert as JSON, and the last state and
//! the last picture of each device. Shows the home mode and accepts requests to change it. Home Assistant
//! finds the devices by itself.
//!
//! An alert uses the connection that the background task keeps ([`presence`]). If there is none, the alert
//! makes a connection of its own, which has no last will and does not change the program's status.

mod broker;
mod connection;
mod discovery;
mod motion_repeats;
mod presence;
mod publications;
mod publisher;
mod retained_cleanup;
mod topics;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_model::{Alert, AlertKind, AlertMedia, Outcome, Receipt, Verdict};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::body::{BodyError, copy};
use crate::http::retry_message;
use crate::lock::lock;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{
    Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Hint, HomeControl, Message,
};
use crate::{Setting, Settings, Shape, words};

use broker::{Broker, MqttFailure};
use connection::SharedConnection;
use motion_repeats::MotionMemory;
use publications::AlertPicture;
use publisher::{ConnectionLost, Publisher};
use topics::Topics;

/// The first part of every topic if `topic` is not set.
const TOPIC: &str = "tipoff";
/// Home Assistant's own default prefix for discovery topics.
const DISCOVERY: &str = "homeassistant";
/// How long motion is shown if `off_delay` is not set.
const OFF_DELAY: Duration = Duration::from_secs(30);
/// The longest `off_delay`.
const OFF_DELAY_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest picture if `picture_kb` is not set: cameras of 8 megapixels send about 3 MB.
const PICTURE_KB: i64 = 5 * 1024;
/// The largest picture that can be set: it is held in memory. MQTT itself allows packets of 256 MB
/// (section 2.2.3).
const PICTURE_KB_MAX: i64 = 50 * 1024;
/// Number of attempts to send a picture. A broker with a lower limit closes the connection at every
/// attempt, and MQTT 3.1.1 has no answer that says why.
const PICTURE_TRIES_MAX: u32 = 2;
/// The retained status while the program runs.
const ONLINE: &str = "online";
/// The retained status after it: the last will, which the broker publishes when the connection ends.
const OFFLINE: &str = "offline";

/// What MQTT can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "mqtt",
    name: "MQTT",
    summary: "An MQTT broker: alerts as JSON, pictures, the mode; Home Assistant finds devices by itself.",
    find: &[
        Hint {
            key: "server",
            place: "mqtt:// and the address of the broker. With Home Assistant's Mosquitto app it is Home Assistant's own address.",
        },
        Hint {
            key: "user",
            place: "With Home Assistant's Mosquitto app: Settings, People, Users, Add user; make one for Tipoff. If Users is missing, switch on Advanced mode in your profile.",
        },
        Hint {
            key: "password",
            place: "In Home Assistant: the password of the user that you made for Tipoff.",
        },
    ],
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

/// A broker, and what is published there.
struct Mqtt {
    broker: Broker,
    topics: Topics,
    /// How long Home Assistant shows motion after an alert.
    off_delay: Duration,
    /// The background task's connection, for alerts.
    kept: SharedConnection,
    /// Motion that may have to be published again.
    motions: MotionMemory,
    /// Attempts for the picture that is being sent.
    tries: PictureTries,
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

/// The messages that publish an alert, in the order in which they are sent. The event comes last: a
/// subscriber that it wakes finds the new picture and state.
struct AlertPublications<'a> {
    alert: &'a Alert,
    /// Topic and bytes. Retained.
    picture: Option<(String, Vec<u8>)>,
    /// Topic and JSON. Retained.
    state: Option<(String, String)>,
    /// Topic and JSON. Not retained: a subscriber that comes later does not take an old alert for a new one.
    event: (String, String),
}

impl Mqtt {
    /// Publishes an alert within the time limit, which grows with the picture. If that fails on the kept
    /// connection, the background task replaces the connection: a broker that stopped answering may still
    /// hold it open.
    async fn deliver(&self, alert: &Alert, files: &Arc<dyn Files>) -> Verdict {
        let telling = match self.prepare(alert, files).await {
            Ok(telling) => telling,
            Err(BodyError(error)) => return retry_message(error),
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

    /// The messages of an alert.
    ///
    /// # Errors
    /// The picture cannot be read from the store.
    async fn prepare<'a>(
        &self,
        alert: &'a Alert,
        files: &Arc<dyn Files>,
    ) -> Result<AlertPublications<'a>, BodyError> {
        let topics = self.topics.of_device(alert.device_id, &alert.device);
        // A report shows earlier alerts: it does not replace the device's last picture and state.
        let is_news = alert.kind != AlertKind::Report;
        let mut picture = match self.broker.picture_bytes_max {
            bytes_max if is_news && bytes_max > 0 => publications::picture(alert, bytes_max),
            _ => AlertPicture::None,
        };
        if let AlertPicture::Sent(stored) = &picture
            && self.tries.of(&alert.idempotency_key) >= PICTURE_TRIES_MAX
        {
            picture = publications::left(alert, stored, "the broker did not take it");
        }
        let (state, event) = (
            publications::state(alert, &topics, &picture),
            publications::event(alert, &topics, &picture),
        );
        let picture = match picture {
            AlertPicture::Sent(stored) => Some((topics.picture, read(*stored, files).await?)),
            _ => None,
        };
        let state = is_news.then_some((topics.state, state));
        Ok(AlertPublications { alert, picture, state, event: (topics.event, event) })
    }

    /// Publishes on the kept connection. A new device is announced before its first alert, so that Home
    /// Assistant knows its topics.
    async fn tell_by(
        &self,
        up: &connection::LiveConnection,
        telling: AlertPublications<'_>,
    ) -> Result<(), MqttFailure> {
        let Alert { device_id, device, .. } = telling.alert;
        let told = match presence::announce(self, up, *device_id, device).await {
            Ok(()) => self.tell(&up.line, telling).await,
            Err(ConnectionLost) => Err(ConnectionLost),
        };
        told.map_err(|ConnectionLost| self.broker.broken())
    }

    /// Publishes on a connection of its own, which ends afterwards.
    async fn tell_alone(&self, telling: AlertPublications<'_>) -> Result<(), MqttFailure> {
        let (line, mut wire) = self.broker.connect(None).await?;
        tokio::select! {
            biased;
            error = wire.run(|_| {}) => return Err(self.broker.trouble(&error)),
            told = self.tell(&line, telling) => told.map_err(|ConnectionLost| self.broker.broken())?,
        }
        wire.leave(line).await;
        Ok(())
    }

    /// Publishes the messages in order, each after the broker has acknowledged the one before.
    async fn tell(
        &self,
        line: &Publisher,
        telling: AlertPublications<'_>,
    ) -> Result<(), ConnectionLost> {
        let AlertPublications { alert, picture, state, event } = telling;
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

/// Reads a picture into memory: an MQTT packet is sent as a whole.
async fn read(stored: AlertMedia, files: &Arc<dyn Files>) -> Result<Vec<u8>, BodyError> {
    let files = Arc::clone(files);
    let reading = spawn_blocking(move || {
        let mut bytes = Vec::new();
        copy(&stored, &*files, &mut bytes).map(|()| bytes).map_err(BodyError::from)
    });
    reading.await.unwrap_or_else(|error| Err(BodyError(error.to_string())))
}

/// The delivery whose picture was sent last, by its idempotency key, and the number of attempts since the
/// last success. One delivery at a time is enough: a channel's alerts are sent in order.
#[derive(Default)]
struct PictureTries(Mutex<(String, u32)>);

impl PictureTries {
    /// Number of failed attempts for this delivery.
    fn of(&self, key: &str) -> u32 {
        let tries = lock(&self.0);
        if tries.0 == key { tries.1 } else { 0 }
    }

    /// Counts an attempt before it is made, because a broker may close the connection during it.
    fn begin(&self, key: &str) {
        let before = self.of(key);
        *lock(&self.0) = (key.to_owned(), before.saturating_add(1));
    }

    /// The broker acknowledged the picture.
    fn succeed(&self) {
        *lock(&self.0) = Default::default();
    }
}
