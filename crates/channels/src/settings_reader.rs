//! Reads the settings of one channel and collects everything that is wrong with them, so that the owner sees all
//! faults at once, each at its key. A service reads all settings first and builds its channel in
//! [`SettingsReader::finish`].

use std::fmt::Display;
use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use reqwest::Url;

use crate::{Built, Channel, SettingFault, Settings, http};

/// The settings of one channel, and the faults found in them so far.
pub(crate) struct SettingsReader<'a> {
    /// The settings themselves.
    pub(crate) settings: &'a Settings,
    faults: Vec<SettingFault>,
}

impl<'a> SettingsReader<'a> {
    /// A reader that has found no fault yet.
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, faults: Vec::new() }
    }

    /// Notes that the value of `key` is wrong. `message` says what would be right.
    pub(crate) fn fault(&mut self, key: &'static str, message: impl Into<String>) {
        self.faults.push(SettingFault { key, message: message.into() });
    }

    /// The value that was read for `key`. `None` if it is wrong, which is noted.
    pub(crate) fn check<T>(
        &mut self,
        key: &'static str,
        value: Result<T, impl Display>,
    ) -> Option<T> {
        value.map_err(|error| self.fault(key, error.to_string())).ok()
    }

    /// The value that was read for several keys. `None` if any of them is wrong, which is noted.
    pub(crate) fn check_all<T>(&mut self, value: Result<T, Vec<SettingFault>>) -> Option<T> {
        value.map_err(|faults| self.faults.extend(faults)).ok()
    }

    /// The address in `key`, or `default`, with `path` behind it. `None` if it is no http or https address.
    pub(crate) fn address(&mut self, key: &'static str, default: &str, path: &str) -> Option<Url> {
        let base = self.settings.text(key).unwrap_or(default).trim_end_matches('/');
        self.check(key, http::address(&format!("{base}{path}")))
    }

    /// The whole number in `key`, which has to be in `range`. `None` if it is not set.
    pub(crate) fn integer_in(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = self.settings.integer(key);
        if number.is_some_and(|number| !range.contains(&number)) {
            self.fault(key, format!("must be from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// One of the `choices` in `key`, by its name; `default` if it is not set.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let Some(text) = self.settings.text(key) else {
            return default;
        };
        let found = choices.iter().find(|(name, _)| *name == text);
        found.map_or_else(
            || {
                self.fault(key, format!("must be {}", one_of(choices.iter().map(|(it, _)| *it))));
                default
            },
            |(_, value)| *value,
        )
    }

    /// The time zone in `key`; this machine's if it is not set.
    pub(crate) fn time_zone(&mut self, key: &'static str) -> TimeZone {
        match self.settings.text(key).map(TimeZone::get) {
            None => TimeZone::system(),
            Some(Ok(zone)) => zone,
            Some(Err(_)) => {
                self.fault(key, "must be the name of one, such as Europe/Berlin");
                TimeZone::UTC
            }
        }
    }

    /// The channel that `make` builds, or all faults.
    pub(crate) fn finish<C: Channel + 'static>(self, make: impl FnOnce() -> Option<C>) -> Built {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        match make() {
            Some(channel) => Ok(Box::new(channel)),
            None => Err(self.faults),
        }
    }
}

/// `"a", "b" or "c"`.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn a_wrong_choice_names_all_choices() {
        let mut settings = Settings::default();
        let choices = [("poll", 1), ("webhook", 2), ("off", 3)];
        assert_eq!(SettingsReader::new(&settings).choice("updates", 7, &choices), 7);
        settings.set("updates", Value::Text("webhook".to_owned()));
        assert_eq!(SettingsReader::new(&settings).choice("updates", 7, &choices), 2);
        settings.set("updates", Value::Text("push".to_owned()));
        let mut reader = SettingsReader::new(&settings);
        assert_eq!(reader.choice("updates", 7, &choices), 7);
        let message = "must be \"poll\", \"webhook\" or \"off\"".to_owned();
        assert_eq!(reader.faults, [SettingFault { key: "updates", message }]);
    }
}
