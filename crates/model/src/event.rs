//! The events that devices report, and how they are named and ranked.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a device reports, as far as its words say.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Event {
            $($(#[$doc])* $variant,)*
        }

        impl Event {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in configuration, webhooks and the command line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The kind of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|event| event.as_str() == name)
            }
        }
    };
}

events! {
    /// Something moved.
    Motion = "motion",
    /// A person was seen.
    Person = "person",
    /// A vehicle was seen.
    Vehicle = "vehicle",
    /// An animal was seen.
    Animal = "animal",
    /// Somebody rang.
    Doorbell = "doorbell",
    /// A drawn line was crossed.
    Line = "line",
    /// A drawn zone was entered, left or stayed in.
    Zone = "zone",
    /// A loud or sudden sound.
    Sound = "sound",
    /// The camera was covered, turned or blinded.
    Tamper = "tamper",
    /// Fire, smoke or a dangerous gas.
    Fire = "fire",
    /// A wired sensor or PIR.
    Input = "input",
    /// Disk, network or video failure of the device itself.
    Fault = "fault",
    /// An earlier event has ended.
    End = "end",
    /// Sent at a fixed time, not because anything happened.
    Periodic = "periodic",
    /// The device's own test button or health mail.
    Test = "test",
    /// The device has sent nothing for longer than its owner allows.
    Silence = "silence",
    /// Not recognised.
    #[default]
    Other = "other",
}

impl Event {
    /// The event in words for people; `None` if it is not known.
    pub const fn title(self) -> Option<&'static str> {
        Some(match self {
            Self::Motion => "Motion",
            Self::Person => "Person",
            Self::Vehicle => "Vehicle",
            Self::Animal => "Animal",
            Self::Doorbell => "Doorbell",
            Self::Line => "Line crossed",
            Self::Zone => "Zone",
            Self::Sound => "Sound",
            Self::Tamper => "Tampering",
            Self::Fire => "Fire or smoke",
            Self::Input => "Sensor",
            Self::Fault => "Fault",
            Self::End => "Ended",
            Self::Periodic => "Periodic picture",
            Self::Test => "Test",
            Self::Silence => "Silent",
            Self::Other => return None,
        })
    }

    /// The sign before an alert's title.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Motion => "👀",
            Self::Person => "🚶",
            Self::Vehicle => "🚗",
            Self::Animal => "🐾",
            Self::Doorbell => "🔔",
            Self::Line | Self::Zone => "🚧",
            Self::Sound => "🔊",
            Self::Tamper => "🛑",
            Self::Fire => "🔥",
            Self::Input => "🚨",
            Self::Fault => "⚠️",
            Self::End => "🏁",
            Self::Periodic => "📷",
            Self::Test => "✅",
            Self::Silence => "💤",
            Self::Other => "📩",
        }
    }

    /// The place among the events of one alert; the highest one names the alert. A fault or
    /// tampering is above motion: it may be why nothing else is reported.
    pub const fn importance(self) -> u8 {
        match self {
            Self::Fire => 15,
            Self::Person => 14,
            Self::Vehicle => 13,
            Self::Animal => 12,
            Self::Doorbell => 11,
            Self::Tamper => 10,
            Self::Fault => 9,
            Self::Zone => 8,
            Self::Line => 7,
            Self::Input => 6,
            Self::Sound => 5,
            Self::Motion => 4,
            Self::Silence => 3,
            Self::Test => 2,
            Self::Periodic | Self::End => 1,
            Self::Other => 0,
        }
    }

    /// The more important of two events.
    #[must_use]
    pub const fn or_more_important(self, other: Self) -> Self {
        if other.importance() > self.importance() { other } else { self }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_lead_back_to_their_event() {
        for &event in Event::ALL {
            assert_eq!(Event::from_name(event.as_str()), Some(event));
        }
        assert_eq!(Event::from_name("earthquake"), None);
        assert_eq!(Event::Doorbell.to_string(), "doorbell");
    }

    #[test]
    fn each_event_has_its_own_title_and_only_line_and_zone_share_an_icon() {
        let titles: HashSet<_> = Event::ALL.iter().filter_map(|event| event.title()).collect();
        assert_eq!(titles.len(), Event::ALL.len() - 1);
        assert!(titles.iter().all(|title| title.starts_with(char::is_uppercase)));
        assert_eq!(Event::Other.title(), None, "it is not known what has happened");
        let icons: HashSet<_> = Event::ALL.iter().map(|event| event.icon()).collect();
        assert_eq!(icons.len(), Event::ALL.len() - 1);
        assert_eq!(Event::Line.icon(), Event::Zone.icon());
        assert!(icons.iter().all(|icon| !icon.is_empty() && !icon.is_ascii()));
    }

    #[test]
    fn the_most_important_event_names_an_alert() {
        use Event::*;
        let order = [
            Fire, Person, Vehicle, Animal, Doorbell, Tamper, Fault, Zone, Line, Input, Sound,
            Motion, Silence, Test, End, Other,
        ];
        for pair in order.windows(2) {
            let [more, less] = [pair[0], pair[1]];
            assert_eq!(more.or_more_important(less), more, "{more} and {less}");
            assert_eq!(less.or_more_important(more), more, "{less} and {more}");
        }
        assert_eq!(Periodic.or_more_important(End), Periodic, "of equal ones the first");
        assert_eq!(End.or_more_important(Periodic), End, "of equal ones the first");
    }
}
