//! `[[channel]]`: where alerts go. The settings of a type are listed in its entry.
//!
//! The keys that all types share (`name`, `type`, `expire`) are read here. The others are declared by
//! `tipoff_channels`: this file reads them by their shape, and the entry builds the channel and checks what only it can
//! know. A type of channel needs no code here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tipoff_channels::{CHANNELS, Channel, Entry, Setting, Settings, Shape, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::SectionKind;
use super::fault::Fault;
use super::key::{Key, ValueForm, Without};
use super::reading::Reading;
use super::section::Section;
use super::suggest::nearest;
use super::{checks, exposure, units};

/// The default of `expire`.
const EXPIRE: Duration = Duration::from_secs(24 * 60 * 60);

/// A configured destination.
#[derive(Clone)]
pub(crate) struct ChannelConfig {
    /// The name that routes use; no other channel has it.
    pub(crate) name: String,
    /// Its type, as in the file: `telegram`.
    pub(crate) kind: &'static str,
    /// How long a delivery is retried before it expires.
    pub(crate) expire: Duration,
    /// The settings that it was built from, with secrets resolved.
    settings: Settings,
    /// The service, ready to send.
    pub(crate) channel: Arc<dyn Channel>,
}

impl ChannelConfig {
    /// A channel that is not in the configuration: a browser's.
    pub(crate) fn of_browser(name: String, settings: Settings, channel: Box<dyn Channel>) -> Self {
        let (kind, expire) = (tipoff_channels::web_push::KIND, EXPIRE);
        Self { name, kind, expire, settings, channel: channel.into() }
    }

    /// Its name in metrics. All browsers share one: people make new ones without end, and metrics need no login.
    pub(crate) fn metrics_name(&self) -> &str {
        if self.kind == tipoff_channels::web_push::KIND { "browsers" } else { &self.name }
    }
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

/// Channels are equal if they were built from equal settings. An edit of the file that leaves them equal does not
/// disturb the channel's deliveries.
impl PartialEq for ChannelConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, kind, expire, settings, channel: _ } = self;
        (name, *kind, expire, settings) == (&other.name, other.kind, &other.expire, &other.settings)
    }
}

/// Omits settings and service: both hold secrets.
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

/// A channel that is being read.
struct ChannelDraft {
    name: Spanned<String>,
    /// `None` if the channel cannot be built. Its name still counts: routes that use it are not at fault.
    channel: Option<ChannelConfig>,
}

/// All channels of a configuration.
#[derive(Default)]
pub(super) struct Channels {
    /// The channels that could be built.
    pub(super) configs: Vec<ChannelConfig>,
    /// The names of all channels, including those that could not be built.
    pub(super) names: Vec<String>,
    /// The names of channels whose service sends requests to Tipoff, and does so only over TLS.
    pub(super) hooked: Vec<Spanned<String>>,
}

/// Reads all `[[channel]]`. If there is none, variables of the environment may define one.
pub(super) fn read(root: &mut Section<'_>) -> Channels {
    let configured = tables(root);
    if root.has("channel") { configured } else { from_environment(root.reading) }
}

/// Reads all `[[channel]]`, and describes every type of channel for the reference.
pub(super) fn tables(root: &mut Section<'_>) -> Channels {
    let drafts = root.tables("channel", DOC, one);
    for entry in CHANNELS {
        root.reading.describe(|book| {
            book.section(entry.kind, SectionKind::Channel, entry.summary);
            entry.settings.iter().for_each(|setting| book.key(entry.kind, &key(setting)));
        });
    }
    checks::unique(root.reading, drafts.iter().map(|draft| &draft.name), str::to_owned, |name| {
        format!("two channels are called \"{name}\": give each a `name`")
    });
    let names = drafts.iter().map(|draft| draft.name.get_ref().clone()).collect();
    let is_hooked = |draft: &&ChannelDraft| {
        draft.channel.as_ref().is_some_and(|it| it.channel.needs_public_https())
    };
    let hooked = drafts.iter().filter(is_hooked).map(|draft| draft.name.clone()).collect();
    Channels {
        configs: drafts.into_iter().filter_map(|draft| draft.channel).collect(),
        names,
        hooked,
    }
}

/// Reads one channel; `None` if it has neither a name nor a type. Without a known type, its other keys are not faults:
/// they may be right for the type that was meant.
fn one(section: &mut Section<'_>) -> Option<ChannelDraft> {
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
    if let Some(entry) = entry.filter(|it| section.reading.is_added() && !it.can_be_added()) {
        let title =
            format!("a channel of type \"{}\" cannot be added in the dashboard", entry.kind);
        let span = kind.as_ref().map_or_else(|| section.span.clone(), Spanned::span);
        let fault = Fault::at(span, title).label("it runs a program of this machine");
        section.fault(fault.help("configure it in the file").of("type"));
    }
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
    Some(ChannelDraft { name, channel })
}

/// Builds a channel from its settings. It is built even if settings are missing or wrong, so that the faults that only
/// the entry finds are reported at once with the others; then the channel is dropped.
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

/// The entry of a type. An unknown type is a fault.
fn entry(section: &Section<'_>, kind: &Spanned<String>) -> Option<&'static Entry> {
    let found = tipoff_channels::entry(kind.get_ref());
    if found.is_none() {
        let kinds: Vec<&str> = CHANNELS.iter().map(|entry| entry.kind).collect();
        let title = format!("unknown channel type \"{}\"", kind.get_ref());
        let fault = Fault::at(kind.span(), title).of("type");
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
            if section.reading.is_added() && setting.shape.is_of_this_machine() {
                let reason = "this can only be set in the configuration file";
                section.wrong(setting.key, section.span_of(setting.key), reason);
            }
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

/// A declared setting as a key of the configuration. A text may be a URL with a password, and arguments may contain a
/// secret: their forms hide them in reports of faults.
fn key(setting: &Setting) -> Key {
    let form = match setting.shape {
        Shape::Text | Shape::Folder => ValueForm::Url,
        Shape::Secret => ValueForm::Secret,
        Shape::Name => ValueForm::Name,
        Shape::Integer => ValueForm::Count,
        Shape::Flag => ValueForm::Flag,
        Shape::Duration => ValueForm::Duration,
        Shape::List | Shape::Command | Shape::Variables => ValueForm::Arguments,
        Shape::Names => ValueForm::Names,
        Shape::Table => ValueForm::Table,
    };
    let example = setting.example.to_owned();
    let without =
        if setting.required { Without::Required(example) } else { Without::Nothing(example) };
    Key { name: setting.key, form, without, doc: setting.doc }
}

/// The value of a setting that is given; `None` after a fault.
fn value(section: &mut Section<'_>, key: &Key, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Text | Shape::Folder | Shape::Secret => {
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

/// A string, or a whole number as it is written in decimal: a chat's number needs no quotes. The digits are kept as
/// text, because some services have numbers that no integer type holds.
fn name<'r>(reading: &Reading<'r>, key: &Key, value: &'r Spanned<DeValue<'r>>) -> Option<String> {
    reading.show(value.span());
    match value.get_ref() {
        DeValue::Integer(digits) if digits.radix() == 10 => {
            Some(digits.as_str().trim_start_matches('+').to_owned())
        }
        _ => reading.text(value, key).map(Spanned::into_inner),
    }
}

/// The strings of an inline table, such as headers; `None` after a fault.
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
