//! The values of a section's keys, by their form: each function takes one key from the section and returns its value.
//!
//! A wrong value is noted as a fault, and read as if it were not given, so that reading goes on and finds the other
//! faults. `name`, `example` and `doc` are those of the reference.

use std::ops::RangeBounds;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::key::{Key, ValueForm, Without, nothing};
use super::reading::{TILDE, has_tilde};
use super::secret::Secret;
use super::section::Section;
use super::units;

impl<'r> Section<'r> {
    /// A string that need not be given. An empty one is a fault.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        example: &str,
        doc: &'static str,
    ) -> Option<Spanned<String>> {
        self.string(&Key { name, form: ValueForm::Text, without: nothing(example), doc })
    }

    /// A string that must be given. Returns `None` after the fault that it is missing.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        example: &str,
        doc: &'static str,
    ) -> Option<Spanned<String>> {
        let without = Without::Required(example.to_owned());
        let key = Key { name, form: ValueForm::Text, without, doc };
        if !self.has(name) {
            self.missing(name, &key.sample());
        }
        self.string(&key)
    }

    /// A string that is never shown, also not in the report of its own fault.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        example: &str,
        doc: &'static str,
    ) -> Option<Spanned<Secret>> {
        let text =
            self.string(&Key { name, form: ValueForm::Secret, without: nothing(example), doc })?;
        Some(Spanned::new(text.span(), Secret::new(text.into_inner())))
    }

    /// A string that is parsed. The error of `parse` is the label of the fault.
    pub(super) fn parsed<T>(
        &mut self,
        key: &Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        let value = self.take(key)?;
        let text = self.reading.text(value, key)?;
        self.parse(key, &text, parse)
    }

    /// Parses the string of a key, or one of its list.
    pub(super) fn parse<T>(
        &self,
        key: &Key,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        match parse(text.get_ref()) {
            Ok(value) => Some(Spanned::new(text.span(), value)),
            Err(reason) => {
                self.wrong(key.name, text.span(), reason);
                None
            }
        }
    }

    /// A flag with a default.
    pub(super) fn flag(&mut self, name: &'static str, default: bool, doc: &'static str) -> bool {
        let without = Without::Default(default.to_string());
        let key = Key { name, form: ValueForm::Flag, without, doc };
        self.given_flag(&key).unwrap_or(default)
    }

    /// A flag; `None` if it is not given. A flag is no secret, so a fault may show it.
    pub(super) fn given_flag(&mut self, key: &Key) -> Option<bool> {
        let value = self.take(key)?;
        self.reading.show(value.span());
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.reading.mismatch(value, key);
        None
    }

    /// A whole number with a default. One outside of `range` is a fault.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        default: u32,
        range: impl RangeBounds<i64>,
        doc: &'static str,
    ) -> u32 {
        let without = Without::Default(default.to_string());
        let key = Key { name, form: ValueForm::Count, without, doc };
        let Some(given) = self.integer(&key) else {
            return default;
        };
        self.within(&key, &given, range, |bound| bound.to_string());
        u32::try_from(given.into_inner()).unwrap_or(default)
    }

    /// A whole number, decimal or with TOML's prefixes `0x`, `0o`, `0b`; `None` if it is not given.
    pub(super) fn integer(&mut self, key: &Key) -> Option<Spanned<i64>> {
        let value = self.take(key)?;
        self.reading.show(value.span());
        let number = match value.get_ref() {
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.reading.mismatch(value, key);
        }
        Some(Spanned::new(value.span(), number?))
    }

    /// A duration with a default. One outside of `range` is a fault.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
        default: &str,
        range: impl RangeBounds<Duration>,
        doc: &'static str,
    ) -> Duration {
        let without = Without::Default(default.to_owned());
        let key = Key { name, form: ValueForm::Duration, without, doc };
        let Some(given) = self.parsed(&key, units::duration) else {
            return self.fallback(units::duration(default));
        };
        self.within(&key, &given, range, |bound| units::show_duration(*bound));
        given.into_inner()
    }

    /// A size in bytes with a default. One outside of `range` is a fault.
    pub(super) fn size(
        &mut self,
        name: &'static str,
        default: &str,
        range: impl RangeBounds<u64>,
        doc: &'static str,
    ) -> u64 {
        let without = Without::Default(default.to_owned());
        let key = Key { name, form: ValueForm::Size, without, doc };
        let Some(given) = self.parsed(&key, units::size) else {
            return self.fallback(units::size(default));
        };
        self.within(&key, &given, range, |bound| units::show_size(*bound));
        given.into_inner()
    }

    /// A size in bytes; `None` if it is not given. One outside of `range` is a fault.
    pub(super) fn given_size(
        &mut self,
        name: &'static str,
        example: &str,
        range: impl RangeBounds<u64>,
        doc: &'static str,
    ) -> Option<u64> {
        let key = Key { name, form: ValueForm::Size, without: nothing(example), doc };
        let given = self.parsed(&key, units::size)?;
        self.within(&key, &given, range, |bound| units::show_size(*bound));
        Some(given.into_inner())
    }

    /// A path, relative to the file's folder.
    pub(super) fn path(
        &mut self,
        name: &'static str,
        example: &str,
        doc: &'static str,
    ) -> Option<PathBuf> {
        let text =
            self.string(&Key { name, form: ValueForm::Path, without: nothing(example), doc })?;
        self.resolved(name, &text)
    }

    /// The path that a string is, from the file's folder on. One that only a shell knows is a fault.
    pub(super) fn resolved(&self, name: &str, text: &Spanned<String>) -> Option<PathBuf> {
        if has_tilde(text.get_ref()) {
            self.wrong(name, text.span(), TILDE);
            return None;
        }
        Some(self.reading.path(text.get_ref()))
    }

    /// A list of strings. One alone need not be in brackets. An entry that is no string is a fault, and left out.
    pub(super) fn list(&mut self, key: &Key) -> Option<Vec<Spanned<String>>> {
        let items = self.items(key)?;
        Some(items.iter().filter_map(|item| self.reading.text(item, key)).collect())
    }

    /// The values of a list; one alone need not be in brackets.
    pub(super) fn items(&mut self, key: &Key) -> Option<&'r [Spanned<DeValue<'r>>]> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::Array(items) => Some(items),
            _ => Some(std::slice::from_ref(value)),
        }
    }

    fn string(&mut self, key: &Key) -> Option<Spanned<String>> {
        self.parsed(key, |text| match text.trim() {
            "" => Err("it is empty".to_owned()),
            _ => Ok(text.to_owned()),
        })
    }

    /// Notes a value outside of its range, with the limits as they would be written.
    fn within<T: PartialOrd>(
        &self,
        key: &Key,
        given: &Spanned<T>,
        range: impl RangeBounds<T>,
        show: impl Fn(&T) -> String,
    ) {
        use std::ops::Bound::Included;
        if range.contains(given.get_ref()) {
            return;
        }
        let reason = match (range.start_bound(), range.end_bound()) {
            (Included(least), Included(most)) => {
                format!("{} to {} is possible", show(least), show(most))
            }
            (Included(least), _) => format!("at least {} is needed", show(least)),
            (_, Included(most)) => format!("at most {} is possible", show(most)),
            _ => "this is not possible".to_owned(),
        };
        let title = format!("`{}` is out of range", key.name);
        self.fault(Fault::at(given.span(), title).label(reason).of(key.name));
    }

    /// The value of a default, which is written as a user would write it. The tests read every default, so the fault of
    /// one that cannot be parsed is never shown to a user.
    fn fallback<T: Default>(&self, default: Result<T, String>) -> T {
        default.unwrap_or_else(|reason| {
            self.fault(Fault::new(format!("a default is broken: {reason}")));
            T::default()
        })
    }
}
