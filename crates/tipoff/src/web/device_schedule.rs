//! The hours in which a device is alerted, as its page sets them: one `[[schedule]]` of what was added here.

use serde::{Deserialize, Serialize};
use tipoff_spool::DeviceLine;
use toml::{Table, Value};
use utoipa::ToSchema;

use super::added_routes::strings;
use super::channel_draft::{of_faults, refused};
use super::problem::Problem;
use crate::config::Config;
use crate::config::added::{FileFacts, Names};
use crate::config::added_document::{AddedDocument, SCHEDULE, alone_as};

/// When a device is alerted. Without hours and days: always, or never.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceSchedule {
    /// Whether it is never alerted.
    #[serde(default)]
    pub(super) never: bool,
    /// The hours of the day, such as `22:00-06:00` or `sunset-sunrise`.
    #[serde(default)]
    pub(super) between: Option<String>,
    /// The days, such as `mon-fri`.
    #[serde(default)]
    pub(super) days: Vec<String>,
}

/// The key of a section that names the device, and its value there.
fn naming(device: &DeviceLine, file: &FileFacts) -> (&'static str, String) {
    let key = if file.devices.contains(&device.key) { "devices" } else { "device_keys" };
    (key, device.key.clone())
}

impl DeviceSchedule {
    /// The schedule of a device. Another one that names it among others is shown, too.
    pub(super) fn of(document: &AddedDocument, device: &DeviceLine, file: &FileFacts) -> Self {
        let (key, name) = naming(device, file);
        let own = document.sections(SCHEDULE).find(|it| strings(it, key).contains(&name.as_str()));
        own.map(|schedule| Self {
            never: schedule.get("never").and_then(Value::as_bool).unwrap_or(false),
            between: schedule.get("between").and_then(Value::as_str).map(str::to_owned),
            days: strings(schedule, "days").into_iter().map(str::to_owned).collect(),
        })
        .unwrap_or_default()
    }

    /// Whether the device is alerted at all times.
    pub(super) fn is_always(&self) -> bool {
        !self.never && self.between.is_none() && self.days.is_empty()
    }

    /// In words, for the audit log.
    pub(super) fn described(&self) -> String {
        let hours = self.between.iter().chain(&self.days).cloned().collect::<Vec<_>>().join(", ");
        match self.never {
            true => "alerts: never".to_owned(),
            false if self.is_always() => "alerts: always".to_owned(),
            false => format!("alerts: {hours}"),
        }
    }

    /// Makes this the only schedule of the device.
    ///
    /// # Errors
    /// The faults of the hours, each at its field.
    pub(super) fn set(
        self,
        document: &mut AddedDocument,
        device: &DeviceLine,
        file: &FileFacts,
    ) -> Result<(), Problem> {
        let (key, name) = naming(device, file);
        let mut all: Vec<Table> = document.sections(SCHEDULE).cloned().collect();
        for schedule in &mut all {
            let mut names: Vec<String> =
                strings(schedule, key).into_iter().map(str::to_owned).collect();
            if !names.contains(&name) {
                continue;
            }
            names.retain(|it| *it != name);
            match names.is_empty() {
                true => drop(schedule.remove(key)),
                false => drop(schedule.insert(key.to_owned(), names.into())),
            }
        }
        // One without devices would be for all of them.
        all.retain(|it| it.contains_key("devices") || it.contains_key("device_keys"));
        if !self.is_always() {
            let mut own = Table::from_iter([(key.to_owned(), Value::Array(vec![name.into()]))]);
            if self.never {
                own.insert("never".to_owned(), true.into());
            }
            if let Some(between) = self.between {
                own.insert("between".to_owned(), between.into());
            }
            if !self.days.is_empty() {
                own.insert("days".to_owned(), self.days.into());
            }
            Config::check_added(&alone_as(SCHEDULE, &own), file, Names::MustExist)
                .map_err(|faults| refused(of_faults(&faults)))?;
            all.push(own);
        }
        document.replace_sections(SCHEDULE, all);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str) -> DeviceLine {
        DeviceLine {
            id: tipoff_model::DeviceId(1),
            key: key.to_owned(),
            name: "Gate".to_owned(),
            vendor: None,
            last_at: None,
            muted_until: None,
            silent_after: None,
            user: None,
            recorder: None,
        }
    }

    #[test]
    fn a_device_has_one_schedule_and_others_keep_theirs() {
        let text = "[[schedule]]\ndevice_keys = [\"added/gate\", \"added/yard\"]\nnever = true\n";
        let mut document = AddedDocument::parse(text).unwrap();
        let file = FileFacts { devices: vec!["Door".to_owned()], ..FileFacts::default() };
        let hours = |between: &str| DeviceSchedule {
            between: Some(between.to_owned()),
            ..DeviceSchedule::default()
        };
        let of = |document: &AddedDocument, key: &str| {
            DeviceSchedule::of(document, &line(key), &file).described()
        };
        assert_eq!(of(&document, "added/gate"), "alerts: never");
        hours("22:00-06:00").set(&mut document, &line("added/gate"), &file).unwrap();
        hours("08:00-09:00").set(&mut document, &line("Door"), &file).unwrap();
        assert_eq!(of(&document, "added/gate"), "alerts: 22:00-06:00");
        assert_eq!(of(&document, "added/yard"), "alerts: never");
        assert_eq!(of(&document, "Door"), "alerts: 08:00-09:00");
        DeviceSchedule::default().set(&mut document, &line("added/yard"), &file).unwrap();
        assert_eq!(of(&document, "added/yard"), "alerts: always");
        assert_eq!(document.sections(SCHEDULE).count(), 2);
        assert!(hours("22").set(&mut document, &line("added/gate"), &file).is_err());
        let both = DeviceSchedule { never: true, ..hours("22:00-06:00") };
        assert!(both.set(&mut document, &line("added/gate"), &file).is_err());
        assert_eq!(of(&document, "added/gate"), "alerts: 22:00-06:00");
    }
}
