//! The conditions of a route: whether an arrival matches them, and which one it does not.
//!
//! Conditions on the device and the time can be evaluated before there is an arrival; those on content cannot.

use std::collections::HashMap;
use std::fmt;

use jiff::ZonedDateTime;
use jiff::civil::Weekday;
use tipoff_model::{Event, Facts, MediaKind};

use crate::between::Begun;
use crate::{Between, Clock, Days, Glob, Pattern};

/// A kind of file that an arrival may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// A picture, also a moving one.
    Picture,
    /// A video.
    Video,
}

impl Has {
    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Video => "video",
        }
    }

    fn fits(self, kind: MediaKind) -> bool {
        match self {
            Self::Picture => matches!(kind, MediaKind::Picture | MediaKind::Animation),
            Self::Video => kind == MediaKind::Video,
        }
    }
}

/// The conditions of a route. Each that is given must match; of a list, one of its items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The names of devices.
    pub devices: Vec<String>,
    /// The keys of further devices ([`tipoff_model::Device::key`]), which outlast renames.
    pub device_keys: Vec<String>,
    /// Groups of devices.
    pub groups: Vec<String>,
    /// Kinds of event.
    pub events: Vec<Event>,
    /// The subject.
    pub subject: Vec<Pattern>,
    /// The text.
    pub text: Vec<Pattern>,
    /// The sender's address.
    pub from: Vec<Glob>,
    /// A recipient's address.
    pub to: Vec<Glob>,
    /// Kinds of files.
    pub has: Vec<Has>,
    /// The time of day.
    pub between: Option<Between>,
    /// The day of the week. If `between` is over midnight, the day on which it began.
    pub days: Option<Days>,
    /// Home modes.
    pub modes: Vec<String>,
}

/// The values that conditions are matched with.
pub(crate) struct MatchContext<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) groups: &'a HashMap<String, Vec<String>>,
    pub(crate) clock: &'a Clock,
    /// The local time; `None` for a time that no calendar has.
    pub(crate) now: Option<ZonedDateTime>,
    pub(crate) mode: Option<&'a str>,
}

/// The condition that does not match, and the value that it was matched with where that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Device,
    Group,
    Event(Event),
    Subject,
    Text,
    From,
    To,
    Has(Vec<Has>),
    Between(Between, ZonedDateTime),
    Day(Weekday),
    Mode(Option<String>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device => f.write_str("not for this device"),
            Self::Group => f.write_str("not for a group of this device"),
            Self::Event(event) => write!(f, "not for \"{event}\""),
            Self::Subject => f.write_str("the subject does not fit"),
            Self::Text => f.write_str("the text does not fit"),
            Self::From => f.write_str("the sender does not fit"),
            Self::To => f.write_str("no recipient fits"),
            Self::Has(has) => {
                let names: Vec<_> = has.iter().map(|has| has.as_str()).collect();
                write!(f, "no {}", names.join(" or "))
            }
            Self::Between(between, now) => {
                write!(f, "{between} only, it was {}", now.strftime("%H:%M"))
            }
            Self::Day(day) => {
                let name = format!("{day:?}").to_lowercase();
                write!(f, "not on a {name}")
            }
            Self::Mode(Some(mode)) => write!(f, "not in mode \"{mode}\""),
            Self::Mode(None) => f.write_str("there is no mode"),
        }
    }
}

impl Conditions {
    /// The first condition that does not match.
    pub(crate) fn mismatch(&self, context: &MatchContext<'_>) -> Option<Mismatch> {
        self.mismatch_of_device(context)
            .or_else(|| self.mismatch_of_content(context.facts))
            .or_else(|| self.mismatch_of_time(context))
    }

    /// The first condition that does not match, of those that need no arrival.
    pub(crate) fn mismatch_beforehand(&self, context: &MatchContext<'_>) -> Option<Mismatch> {
        self.mismatch_of_device(context).or_else(|| self.mismatch_of_time(context))
    }

    /// The conditions on content, in words.
    pub(crate) fn of_content(&self) -> Vec<String> {
        fn joined<T: ToString>(what: &str, items: &[T]) -> Option<String> {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            (!items.is_empty()).then(|| format!("{what} {}", items.join(" or ")))
        }
        let has: Vec<&str> = self.has.iter().map(|has| has.as_str()).collect();
        let parts = [
            joined("event", &self.events),
            joined("subject", &self.subject),
            joined("text", &self.text),
            joined("from", &self.from),
            joined("to", &self.to),
            joined("has", &has),
        ];
        parts.into_iter().flatten().collect()
    }

    /// Whether it is for all devices, events, contents and times.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn mismatch_of_device(&self, context: &MatchContext<'_>) -> Option<Mismatch> {
        let device = context.facts.device;
        let recorder = device.recorder.as_ref().map(|recorder| &recorder.name);
        let names = || [Some(&device.name), recorder].into_iter().flatten();
        let in_groups = || names().filter_map(|name| context.groups.get(name)).flatten();
        let names_devices = !self.devices.is_empty() || !self.device_keys.is_empty();
        let is_named = || self.devices.iter().any(|name| device.is_called(name));
        let has_key = || self.device_keys.iter().any(|key| device.has_key(key));
        if names_devices && !is_named() && !has_key() {
            Some(Mismatch::Device)
        } else if !self.groups.is_empty() && !in_groups().any(|it| self.groups.contains(it)) {
            Some(Mismatch::Group)
        } else {
            None
        }
    }

    fn mismatch_of_content(&self, facts: &Facts<'_>) -> Option<Mismatch> {
        let any = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(text))
        };
        let sender = facts.envelope.map(|envelope| envelope.sender.as_str());
        let recipients = facts.envelope.map_or(&[][..], |envelope| &envelope.recipients);
        let media = &facts.content.media;
        if !self.events.is_empty() && !self.events.contains(&facts.event) {
            return Some(Mismatch::Event(facts.event));
        }
        if !any(&self.subject, &facts.content.subject) {
            return Some(Mismatch::Subject);
        }
        if !any(&self.text, &facts.content.text) {
            return Some(Mismatch::Text);
        }
        if !self.from.is_empty() && !self.from.iter().any(|it| sender.is_some_and(|to| it.fits(to)))
        {
            return Some(Mismatch::From);
        }
        if !self.to.is_empty() && !self.to.iter().any(|it| recipients.iter().any(|to| it.fits(to)))
        {
            return Some(Mismatch::To);
        }
        let is_there = |has: &Has| media.iter().any(|media| has.fits(media.kind));
        if !self.has.is_empty() && !self.has.iter().any(is_there) {
            return Some(Mismatch::Has(self.has.clone()));
        }
        None
    }

    pub(crate) fn mismatch_of_time(&self, context: &MatchContext<'_>) -> Option<Mismatch> {
        if !self.modes.is_empty()
            && !context.mode.is_some_and(|it| self.modes.iter().any(|m| m == it))
        {
            return Some(Mismatch::Mode(context.mode.map(str::to_owned)));
        }
        // A time that no calendar has matches: an alert too many is better than none.
        let now = context.now.as_ref()?;
        let mut date = now.date();
        if let Some(between) = self.between {
            match between.begun(now.time(), || context.clock.sun(now.date())) {
                None => return Some(Mismatch::Between(between, now.clone())),
                Some(Begun::Yesterday) => date = date.yesterday().unwrap_or(date),
                Some(Begun::Today) => {}
            }
        }
        let day = date.weekday();
        self.days.filter(|days| !days.contains(day)).map(|_| Mismatch::Day(day))
    }
}

#[cfg(test)]
mod tests;
