//! `[[channel]]`: where alerts go. The settings of a type are listed in its entry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tipoff_channels::{CHANNELS, Channel, Entry, Setting, Settings, Shape, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::Kind;
use super::fault::Fault;
use super::key::{Form, Key, Without};
use super::reading::Reading;
use super::section::Section;
use super::suggest::nearest;
use super::{checks, exposure, units};

/// A configured destination.
#[derive(Clone)]
pub(crate) struct ChannelConfig {
    /// What routes call it; no other channel has it.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: &'static str,
    /// How long a delivery is retried before it expires.
    pub(crate) expire: Duration,
    /// What it was made of, with secrets resolved.
    settings: Settings,
    /// What sends.
    pub(crate) channel: Arc<dyn Channel>,
}

/// Each setting of the types of `channels`, with the name of the channel and all that is set for it.
pub(super) fn settings_of(
    channels: &[ChannelConfig],
) -> impl Iterator<Item = (&str, &'static Setting, &Settings)> {
    channels.iter().flat_map(|channel| {
        let declared = tipoff_channels::entry(channel.kind).map_or(&[][..], |it| it.settings);
        declared.iter().map(|setting| (channel.name.as_str(), setting, &channel.settings))
    })
}

/// One that is the same would do nothing else.
impl PartialEq for ChannelConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, kind, expire, settings, channel: _ } = self;
        (name, *kind, expire, settings) == (&other.name, other.kind, &other.expire, &other.settings)
    }
}

/// Channels hold secrets.
impl fmt::Debug for ChannelConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, expire, settings: _, channel: _ } = self;
        let mut channel = formatter.debug_struct("ChannelConfig");
        channel.field("name", name).field("kind", kind).field("expire", expire);
        channel.finish_non_exhaustive()
    }
}

const DOC: &str = "A destination of alerts. Without a channel, alerts are stored and not \
                   delivered. These keys are common to all channels; the others depend on the \
                   type.";

/// A channel, or only its name where it cannot be made: routes that name it are right all the same.
struct Draft {
    name: Spanned<String>,
    channel: Option<ChannelConfig>,
}

/// All channels, and the names of those that could not be made as well.
#[derive(Default)]
pub(super) struct Channels {
    pub(super) configs: Vec<ChannelConfig>,
    pub(super) names: Vec<String>,
    /// The names of those whose service has to reach us over TLS.
    pub(super) hooked: Vec<Spanned<String>>,
}

/// Reads all of them; where there is none, the environment may make one.
pub(super) fn read(root: &mut Section<'_>) -> Channels {
    let configured = tables(root);
    if root.has("channel") { configured } else { from_environment(root.reading) }
}

fn tables(root: &mut Section<'_>) -> Channels {
    let drafts = root.tables("channel", DOC, one);
    for entry in CHANNELS {
        root.reading.describe(|book| {
            book.section(entry.kind, Kind::Channel, entry.summary);
            entry.settings.iter().for_each(|setting| book.key(entry.kind, &key(setting)));
        });
    }
    checks::unique(root.reading, drafts.iter().map(|draft| &draft.name), str::to_owned, |name| {
        format!("two channels are called \"{name}\": give each a `name`")
    });
    let names = drafts.iter().map(|draft| draft.name.get_ref().clone()).collect();
    let is_hooked =
        |draft: &&Draft| draft.channel.as_ref().is_some_and(|it| it.channel.needs_public_https());
    let hooked = drafts.iter().filter(is_hooked).map(|draft| draft.name.clone()).collect();
    Channels {
        configs: drafts.into_iter().filter_map(|draft| draft.channel).collect(),
        names,
        hooked,
    }
}

fn one(section: &mut Section<'_>) -> Option<Draft> {
    let name = section.text("name", "me", "The channel's name in routes. Without it: its type.");
    let kind = section.required("type", "telegram", "The service, as described below.");
    let expire = section.duration(
        "expire",
        "24 h",
        Duration::from_secs(1)..,
        "How long an alert is retried while the service does not accept it. Time in which Tipoff \
         did not run does not count: after every start an alert is retried for an hour, or for \
         this time if it is shorter.",
    );
    let entry = kind.as_ref().and_then(|kind| entry(section, kind));
    let channel = match entry {
        Some(entry) => make(section, entry),
        None => {
            section.ignore_others();
            None
        }
    };
    let name = name.or(kind)?;
    if let Some(entry) = entry {
        exposure::note(section, entry, name.get_ref());
    }
    let channel = entry.zip(channel).map(|(entry, (settings, channel))| ChannelConfig {
        name: name.get_ref().clone(),
        kind: entry.kind,
        expire,
        settings,
        channel: channel.into(),
    });
    Some(Draft { name, channel })
}

/// Built even with settings missing, so that every fault is reported at once.
fn make(section: &mut Section<'_>, entry: &Entry) -> Option<(Settings, Box<dyn Channel>)> {
    let (settings, noted) = settings(section, entry);
    match (entry.build)(&settings) {
        Ok(channel) => noted.is_empty().then_some((settings, channel)),
        Err(faults) => {
            let new = faults.iter().filter(|fault| !noted.contains(&fault.key));
            new.for_each(|fault| {
                section.wrong(fault.key, section.span_of(fault.key), &fault.message);
            });
            None
        }
    }
}

fn entry(section: &Section<'_>, kind: &Spanned<String>) -> Option<&'static Entry> {
    let found = tipoff_channels::entry(kind.get_ref());
    if found.is_none() {
        let kinds: Vec<&str> = CHANNELS.iter().map(|entry| entry.kind).collect();
        let fault = Fault::at(kind.span(), format!("unknown channel type \"{}\"", kind.get_ref()));
        section.fault(match nearest(kind.get_ref(), kinds.iter().copied()) {
            Some(meant) => fault.label(format!("did you mean \"{meant}\"?")),
            None => fault.label("no such type").help(format!("known are: {}", kinds.join(", "))),
        });
    }
    found
}

/// The settings of a channel, and the keys of those that are missing or wrong.
fn settings(section: &mut Section<'_>, entry: &Entry) -> (Settings, Vec<&'static str>) {
    let mut settings = Settings::default();
    let mut noted = Vec::new();
    for setting in entry.settings {
        let key = key(setting);
        if section.has(setting.key) {
            match value(section, &key, setting.shape) {
                Some(value) => settings.set(setting.key, value),
                None => noted.push(setting.key),
            }
            continue;
        }
        section.take(&key);
        if setting.required {
            section.missing(setting.key, &key.sample());
            noted.push(setting.key);
        }
    }
    (settings, noted)
}

fn key(setting: &Setting) -> Key {
    let form = match setting.shape {
        Shape::Text => Form::Url,
        Shape::Secret => Form::Secret,
        Shape::Name => Form::Name,
        Shape::Integer => Form::Count,
        Shape::Flag => Form::Flag,
        Shape::Duration => Form::Duration,
        Shape::List | Shape::Command | Shape::Variables => Form::Arguments,
        Shape::Names => Form::Names,
        Shape::Table => Form::Table,
    };
    let example = setting.example.to_owned();
    let without =
        if setting.required { Without::Required(example) } else { Without::Nothing(example) };
    Key { name: setting.key, form, without, doc: setting.doc }
}

fn value(section: &mut Section<'_>, key: &Key, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Text | Shape::Secret => {
            let value = section.take(key)?;
            section.reading.text(value, key).map(|text| Value::Text(text.into_inner()))
        }
        Shape::Name => {
            let value = section.take(key)?;
            name(section.reading, key, value).map(Value::Text)
        }
        Shape::Names => {
            let names = section.items(key)?.iter().map(|item| name(section.reading, key, item));
            names.collect::<Option<_>>().map(Value::List)
        }
        Shape::Integer => section.integer(key).map(|number| Value::Integer(number.into_inner())),
        Shape::Flag => section.given_flag(key).map(Value::Flag),
        Shape::Duration => {
            section.parsed(key, units::duration).map(|it| Value::Duration(it.into_inner()))
        }
        Shape::List | Shape::Command | Shape::Variables => {
            let items = section.items(key)?;
            let texts = items.iter().map(|item| section.reading.text(item, key));
            texts.map(|text| text.map(Spanned::into_inner)).collect::<Option<_>>().map(Value::List)
        }
        Shape::Table => {
            let value = section.take(key)?;
            let DeValue::Table(entries) = value.get_ref() else {
                section.reading.mismatch(value, key);
                return None;
            };
            table(section.reading, key, entries).map(Value::Table)
        }
    }
}

/// A string, or a whole number as it is written in decimal.
fn name<'r>(reading: &Reading<'r>, key: &Key, value: &'r Spanned<DeValue<'r>>) -> Option<String> {
    reading.show(value.span());
    match value.get_ref() {
        DeValue::Integer(digits) if digits.radix() == 10 => {
            Some(digits.as_str().trim_start_matches('+').to_owned())
        }
        _ => reading.text(value, key).map(Spanned::into_inner),
    }
}

fn table(
    reading: &Reading<'_>,
    key: &Key,
    entries: &DeTable<'_>,
) -> Option<BTreeMap<String, String>> {
    let read = |(name, value): (&Spanned<_>, &_)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        Some((name.clone().into_owned(), reading.text(value, key)?.into_inner()))
    };
    // All are read before one that is missing ends it, so that every fault is found.
    let all: Vec<Option<(String, String)>> = entries.iter().map(read).collect();
    all.into_iter().collect()
}

/// The channel that the environment makes where none is configured: its variables are read as a
/// configuration would be.
fn from_environment(reading: &Reading<'_>) -> Channels {
    const TOKEN: &str = "TIPOFF_TELEGRAM_TOKEN";
    const CHAT: &str = "TIPOFF_TELEGRAM_CHAT";
    const API: &str = "TIPOFF_TELEGRAM_API";
    match (reading.variable(TOKEN), reading.variable(CHAT)) {
        (Some(_), Some(_)) => {}
        (None, None) => return Channels::default(),
        (token, _) => {
            let (given, missing) = if token.is_some() { (TOKEN, CHAT) } else { (CHAT, TOKEN) };
            reading.fault(Fault::new(format!("`{given}` is set, but not `{missing}`")));
            return Channels::default();
        }
    }
    let keys = [("token", TOKEN), ("chat", CHAT), ("api", API)];
    let given = keys.iter().filter(|(_, name)| reading.variable(name).is_some());
    let lines = given.map(|(key, name)| format!("{key} = {{ env = \"{name}\" }}\n"));
    let source = format!("[[channel]]\ntype = \"telegram\"\n{}", lines.collect::<String>());
    let Ok(table) = DeTable::parse(&source) else {
        return Channels::default();
    };
    let variables = reading.aside();
    let channels = tables(&mut Section::root(&variables, table.get_ref()));
    for fault in variables.into_faults().0 {
        let title = format!("the channel of $TIPOFF_TELEGRAM_…: {}", fault.summary());
        reading.fault(Fault::new(title));
    }
    channels
}
