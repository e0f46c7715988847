//! `[[mqtt]]`: brokers whose messages are alarms of devices; and `mqtt` of `[[device]]`: which messages are a device's, and
//! what they mean. `receive/mqtt.rs` subscribes.

use tipoff_model::Event;
use tipoff_mqtt::{BrokerAddress, TopicFilter};
use tipoff_vendors::{MessageRules, ValuePath};
use toml::Spanned;

use super::checks;
use super::fault::Fault;
use super::key::{Key, ValueForm, Without, list_of, nothing};
use super::secret::Secret;
use super::section::Section;

/// Longest client id that every broker accepts (MQTT 3.1.1, section 3.1.3.1).
const CLIENT_ID_CHARS_MAX: usize = 23;

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerConfig {
    /// The name in devices; no other broker has it.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) address: BrokerAddress,
    /// User and password.
    pub(crate) login: Option<(String, Secret)>,
    /// The authority whose certificates are trusted, in PEM; `None` for those of the system.
    pub(crate) authority: Option<String>,
    /// The name of this client; `None` for one that is made of the place of the spool.
    pub(crate) client_id: Option<String>,
}

/// The messages of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MqttSource {
    /// The name of the broker.
    pub(crate) broker: String,
    /// The topics.
    pub(crate) topics: Vec<TopicFilter>,
    /// The meaning of their messages.
    pub(crate) rules: MessageRules,
}

const DOC: &str = "A broker that passes on the alarms of devices. Each device says with `mqtt` which topics are its own. See \
    [Alarms of a broker](mqtt.md).";

/// Reads all `[[mqtt]]`. Returns also the names of all, with those that are faulty.
pub(super) fn read(root: &mut Section<'_>) -> (Vec<BrokerConfig>, Vec<String>) {
    let drafts = root.tables("mqtt", DOC, broker);
    let names = drafts.iter().map(|(name, _)| name);
    checks::unique(root.reading, names, str::to_owned, |name| {
        format!("two brokers are called \"{name}\": give each a `name`")
    });
    let names = drafts.iter().map(|(name, _)| name.get_ref().clone()).collect();
    (drafts.into_iter().filter_map(|(_, broker)| broker).collect(), names)
}

fn broker(section: &mut Section<'_>) -> Option<(Spanned<String>, Option<BrokerConfig>)> {
    let name = section.text(
        "name",
        "home",
        "The broker's name in `mqtt` of devices. Without it: its host.",
    );
    let key = Key {
        name: "url",
        form: ValueForm::Url,
        without: Without::Required("\"mqtt://192.168.1.5\"".to_owned()),
        doc: "The address of the broker: `mqtt://`, port 1883 without another, or `mqtts://` with TLS, port 8883.",
    };
    if !section.has("url") {
        section.missing("url", &key.sample());
    }
    let address = section.parsed(&key, BrokerAddress::new);
    let user = section.text("user", "tipoff", "A user of the broker.");
    let password = section.secret("password", "…", "The user's password.");
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user.into_inner(), password.into_inner())),
        (Some(_), None) => {
            section.missing("password", "\"…\"");
            None
        }
        (None, Some(_)) => {
            section.missing("user", "\"tipoff\"");
            None
        }
        (None, None) => None,
    };
    let authority = section.text(
        "ca",
        "{ env = \"BROKER_CA\" }",
        "The certificate of the broker's authority, in PEM, if the system does not trust it: `{ file = … }` reads it.",
    );
    let key = Key {
        name: "client_id",
        form: ValueForm::Text,
        without: nothing("tipoff2"),
        doc: "The name under which the broker keeps messages while Tipoff is away: up to 23 letters and digits. Another \
              client of this name ends the connection. Without it: one that is made of the place of the spool.",
    };
    let client_id = section.parsed(&key, |text| {
        let is_short = (1..=CLIENT_ID_CHARS_MAX).contains(&text.len());
        match is_short && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(text.to_owned()),
            false => Err(format!("must be 1 to {CLIENT_ID_CHARS_MAX} letters and digits")),
        }
    });
    let host = |address: &Spanned<BrokerAddress>| {
        Spanned::new(address.span(), address.get_ref().host.clone())
    };
    let name = name.or_else(|| address.as_ref().map(host))?;
    let broker = address.map(|address| BrokerConfig {
        name: name.get_ref().clone(),
        address: address.into_inner(),
        login,
        authority: authority.map(Spanned::into_inner),
        client_id: client_id.map(Spanned::into_inner),
    });
    Some((name, broker))
}

const DEVICE_DOC: &str = "The device's messages at a broker of `[[mqtt]]`. A device with `mqtt` needs neither `user` nor `match`. \
    The messages of Axis, Frigate, INSTAR, Shelly and ONVIF need no keys but `topic`; for others the keys say what a message means.";

/// Reads `mqtt` of a device.
pub(super) fn source(section: &mut Section<'_>, brokers: &[String]) -> Option<MqttSource> {
    let key = Key {
        name: "mqtt",
        form: ValueForm::Table,
        without: nothing("{ topic = \"cameras/yard/#\" }"),
        doc: "The device's alarms come from a broker.",
    };
    let value = section.take(&key);
    if let Some(value) = value.filter(|value| !value.get_ref().is_table()) {
        section.reading.mismatch(value, &key);
    }
    let source = section.inline("device.mqtt", DEVICE_DOC, value, |section| {
        let topics = topics(section);
        let broker = named_broker(section, brokers);
        let rules = rules(section);
        Some(MqttSource { broker: broker?, topics, rules })
    });
    source.flatten()
}

fn topics(section: &mut Section<'_>) -> Vec<TopicFilter> {
    let key = Key {
        name: "topic",
        form: ValueForm::List,
        without: Without::Required("\"cameras/yard/#\"".to_owned()),
        doc: "The topic of its messages, or a list. `+` stands for one level, `#` at the end for all further ones.",
    };
    if !section.has("topic") {
        section.missing("topic", &key.sample());
    }
    let texts = section.list(&key).unwrap_or_default();
    let topics = texts.iter().filter_map(|text| section.parse(&key, text, TopicFilter::new));
    topics.map(Spanned::into_inner).collect()
}

/// The broker that a device names, or the only one.
fn named_broker(section: &mut Section<'_>, brokers: &[String]) -> Option<String> {
    let doc = "The name of the broker. Not needed if there is only one.";
    let named = section.text("broker", "home", doc);
    match (named, brokers) {
        (Some(named), _) => {
            if !brokers.contains(named.get_ref()) {
                let title = format!("no broker is called \"{}\"", named.get_ref());
                section.fault(Fault::at(named.span(), title).label("named here"));
            }
            Some(named.into_inner())
        }
        (None, [only]) => Some(only.clone()),
        (None, []) => {
            if !section.reading.describes() {
                let title = "a device has `mqtt`, and there is no `[[mqtt]]`";
                section.fault(Fault::at(section.span.clone(), title).label("no broker"));
            }
            None
        }
        (None, _) => {
            section.missing("broker", "\"…\"");
            None
        }
    }
}

fn rules(section: &mut Section<'_>) -> MessageRules {
    let mut path = |name, example: &str, doc| {
        let key = Key { name, form: ValueForm::Text, without: nothing(example), doc };
        section.parsed(&key, ValuePath::new).map(Spanned::into_inner)
    };
    let event = path(
        "event",
        "after.label",
        "Where the word for what happened is in a JSON message: names with points between.",
    );
    let state = path(
        "state",
        "val",
        "Where the value is that says whether it begins or ends. Without it: the word of `event`, or the whole message.",
    );
    let camera = path(
        "camera",
        "after.camera",
        "Where the name of the camera, or the number of a recorder's channel, is.",
    );
    let key = Key {
        name: "means",
        form: ValueForm::Text,
        without: nothing("motion"),
        doc: "What a message means without such a word, or with an unknown one: an event as in routes.",
    };
    let means = section.parsed(&key, |text| {
        Event::from_name(text).ok_or_else(|| "is no event: see `events` of `[[route]]`".to_owned())
    });
    let mut values = |name, sample: &[&str], doc| {
        let without = match list_of(sample) {
            Without::Default(text) => Without::Nothing(text),
            other => other,
        };
        let key = Key { name, form: ValueForm::List, without, doc };
        let values = section.list(&key).unwrap_or_default();
        values.into_iter().map(Spanned::into_inner).collect()
    };
    let start = values(
        "start",
        &["ON", "1"],
        "Values by which it begins; messages with others, unless they end it, are ignored. Without it every value that \
         does not end it begins it.",
    );
    let stop = values(
        "stop",
        &["OFF", "0"],
        "Values by which it ends. Without it: `OFF`, `0`, `false` and other usual words.",
    );
    MessageRules { event, means: means.map(Spanned::into_inner), state, start, stop, camera }
}
