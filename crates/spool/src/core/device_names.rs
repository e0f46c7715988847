//! Which name a device gets when another one has the same. Both are called by their distinct names then, which hold
//! the address or the recorder: "cam (192.168.1.5)". Called when a device is new, names itself anew, or is named by
//! somebody; an engine finds the rows with like names and writes the decision. Pure.

use tipoff_model::Device;

/// The names in a device's row.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredNames {
    /// The row.
    pub(crate) id: i64,
    /// The name that the device reported, or its distinct name.
    pub(crate) name: String,
    /// The name that somebody gave it.
    pub(crate) label: Option<String>,
    /// The name with the address or the recorder. `None` for a configured or added device.
    pub(crate) distinct_name: Option<String>,
    /// Whether it was merged into another device, so that nobody sees its name.
    pub(crate) is_merged: bool,
}

/// How a device is called, and which others are called by their distinct names from then on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NamePlan {
    pub(crate) name: String,
    /// Rows whose name becomes the distinct name.
    pub(crate) renamed: Vec<i64>,
}

/// Decides how a device is called. A configured or added device has its name to itself. `others` are the rows of all
/// other devices with a name like it.
pub(crate) fn name_of(reported: &Device, others: &[StoredNames]) -> NamePlan {
    let name = &reported.name;
    let is_taken = others.iter().any(|other| !other.is_merged && other.is_called(name));
    match &reported.distinct_name {
        Some(_) if !is_taken => NamePlan { name: name.clone(), renamed: Vec::new() },
        Some(distinct) => NamePlan { name: distinct.clone(), renamed: renamed(name, others) },
        None => NamePlan { name: name.clone(), renamed: renamed(name, others) },
    }
}

/// The rows that no longer have this name to themselves, because another device has it.
pub(crate) fn renamed(name: &str, others: &[StoredNames]) -> Vec<i64> {
    let has_name = |other: &&StoredNames| {
        other.distinct_name.is_some() && other.name.eq_ignore_ascii_case(name)
    };
    others.iter().filter(has_name).map(|other| other.id).collect()
}

impl StoredNames {
    /// Whether people gave it this name: in the configuration, when they added it, or later.
    pub(crate) fn was_given(&self, name: &str) -> bool {
        let is_like = |own: &str| own.eq_ignore_ascii_case(name);
        let own = (self.distinct_name.is_none() && self.label.is_none()).then_some(&*self.name);
        !self.is_merged && self.label.as_deref().or(own).is_some_and(is_like)
    }

    /// Whether people call it by this name, with the address or without.
    fn is_called(&self, name: &str) -> bool {
        let is_like = |own: &str| own.eq_ignore_ascii_case(name);
        let has_prefix =
            |distinct: &str| distinct.strip_prefix(name).is_some_and(|rest| rest.starts_with(" ("));
        is_like(&self.name)
            || self.label.as_deref().is_some_and(is_like)
            || self.distinct_name.as_deref().is_some_and(has_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, address: &str) -> Device {
        let distinct_name = Some(format!("{name} ({address})"));
        Device { name: name.to_owned(), distinct_name, discovered: true, ..Device::default() }
    }

    fn stored(id: i64, device: &Device) -> StoredNames {
        let Device { name, distinct_name, .. } = device.clone();
        StoredNames { id, name, distinct_name, ..StoredNames::default() }
    }

    fn plan(name: &str, renamed: &[i64]) -> NamePlan {
        NamePlan { name: name.to_owned(), renamed: renamed.to_owned() }
    }

    #[test]
    fn a_free_name_is_given() {
        let cam = found("cam", "10.0.0.1");
        let others =
            [stored(1, &found("camera", "10.0.0.2")), stored(2, &found("door", "10.0.0.3"))];
        assert_eq!(name_of(&cam, &others), plan("cam", &[]));
        assert_eq!(name_of(&cam, &[]), plan("cam", &[]));
    }

    #[test]
    fn devices_of_one_name_are_called_by_their_distinct_names() {
        let cam = found("cam", "10.0.0.1");
        let distinct = plan("cam (10.0.0.1)", &[7]);
        assert_eq!(name_of(&cam, &[stored(7, &found("cam", "10.0.0.2"))]), distinct);
        assert_eq!(name_of(&cam, &[stored(7, &found("CAM", "10.0.0.2"))]), distinct);
        let distinct_already = StoredNames {
            name: "cam (10.0.0.2)".to_owned(),
            ..stored(7, &found("cam", "10.0.0.2"))
        };
        assert_eq!(name_of(&cam, &[distinct_already]), plan("cam (10.0.0.1)", &[]));
    }

    #[test]
    fn a_name_that_somebody_gave_is_taken() {
        let labelled =
            StoredNames { label: Some("Cam".to_owned()), ..stored(7, &found("x", "10.0.0.2")) };
        assert_eq!(name_of(&found("cam", "10.0.0.1"), &[labelled]), plan("cam (10.0.0.1)", &[]));
    }

    #[test]
    fn a_configured_device_keeps_its_name_and_the_others_give_way() {
        let configured = Device { name: "cam".to_owned(), ..Device::default() };
        let others = [stored(7, &found("Cam", "10.0.0.2")), stored(8, &configured)];
        assert_eq!(name_of(&configured, &others), plan("cam", &[7]));
        assert_eq!(name_of(&found("cam", "10.0.0.1"), &others), plan("cam (10.0.0.1)", &[7]));
    }

    #[test]
    fn a_name_is_given_by_people_only() {
        let added = stored(1, &Device { name: "Gate".to_owned(), ..Device::default() });
        assert!(added.was_given("gate"));
        let renamed = StoredNames { label: Some("Door".to_owned()), ..added.clone() };
        assert!(renamed.was_given("Door") && !renamed.was_given("Gate"));
        assert!(!StoredNames { is_merged: true, ..added }.was_given("Gate"));
        assert!(!stored(2, &found("cam", "10.0.0.2")).was_given("cam"));
    }

    #[test]
    fn the_name_of_a_merged_device_is_free() {
        let merged = StoredNames { is_merged: true, ..stored(7, &found("cam", "10.0.0.2")) };
        assert_eq!(
            name_of(&found("cam", "10.0.0.1"), std::slice::from_ref(&merged)),
            plan("cam", &[])
        );
        assert_eq!(renamed("cam", &[merged]), [7]);
    }
}
