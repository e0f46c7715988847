//! What a person may ask for from a message: mute, change the home mode, dismiss or lock an incident.
//!
//! An action is written as a short text, so that a service carries it in a button and hands it back
//! when somebody presses. What a service hands back is not trusted: decoding is strict.

use std::fmt;

use crate::{DeviceId, IncidentId};

/// The longest text that [`Action::encode`] makes, in bytes: Telegram's limit of `callback_data`
/// (Bot API, InlineKeyboardButton), the shortest of all services.
pub const ACTION_BYTES_MAX: usize = 64;

/// The longest time for which something can be muted, in minutes: a year of 366 days.
pub const MUTE_MINUTES_MAX: u32 = 366 * 24 * 60;

/// What a person asks for. The dashboard's settings of the same name do the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sends no alerts for a while.
    Mute {
        /// Of what.
        target: MuteTarget,
        /// For how long.
        lasts: MuteFor,
    },
    /// Ends a mute.
    Unmute {
        /// Of what.
        target: MuteTarget,
    },
    /// Changes the home mode: `[[mode]]`.
    SetMode {
        /// The name of the mode. Not empty, without control characters.
        mode: String,
    },
    /// Sends no more alerts of the incident on any channel, and notes at the incident who asked for it.
    NotInteresting {
        /// The incident.
        incident: IncidentId,
    },
    /// Ends [`Action::NotInteresting`].
    Interesting {
        /// The incident.
        incident: IncidentId,
    },
    /// Locks the incident: it is kept until it is unlocked.
    Lock {
        /// The incident.
        incident: IncidentId,
    },
    /// Ends [`Action::Lock`].
    Unlock {
        /// The incident.
        incident: IncidentId,
    },
}

/// What is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MuteTarget {
    /// All devices.
    Everything,
    /// One device.
    Device(DeviceId),
}

/// How long a mute lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MuteFor {
    /// From 1 to [`MUTE_MINUTES_MAX`] minutes.
    Minutes(u32),
    /// Until the next morning in the zone of the configuration.
    Morning,
}

impl Action {
    /// The action as a text of 1 to [`ACTION_BYTES_MAX`] bytes without control characters. `None` if
    /// it does not fit, such as for a mode with a very long name: then no button offers it.
    pub fn encode(&self) -> Option<String> {
        let text = match self {
            Self::Mute { target, lasts } => format!("m:{target}:{lasts}"),
            Self::Unmute { target } => format!("u:{target}"),
            Self::SetMode { mode } => format!("h:{mode}"),
            Self::NotInteresting { incident } => format!("n:{incident}"),
            Self::Interesting { incident } => format!("i:{incident}"),
            Self::Lock { incident } => format!("l:{incident}"),
            Self::Unlock { incident } => format!("o:{incident}"),
        };
        // One way only to write each action: what is not read back is not written.
        (Self::parse(&text).as_ref() == Some(self)).then_some(text)
    }

    /// The action that [`Action::encode`] wrote as `text`. `None` for every other text.
    pub fn decode(text: &str) -> Option<Self> {
        let action = Self::parse(text)?;
        (action.encode().as_deref() == Some(text)).then_some(action)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > ACTION_BYTES_MAX {
            return None;
        }
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "m" => {
                let (target, lasts) = rest.split_once(':')?;
                Some(Self::Mute { target: target_of(target)?, lasts: lasts_of(lasts)? })
            }
            "u" => Some(Self::Unmute { target: target_of(rest)? }),
            "h" if !rest.is_empty() && !rest.contains(char::is_control) => {
                Some(Self::SetMode { mode: rest.to_owned() })
            }
            "n" => Some(Self::NotInteresting { incident: IncidentId(number(rest)?) }),
            "i" => Some(Self::Interesting { incident: IncidentId(number(rest)?) }),
            "l" => Some(Self::Lock { incident: IncidentId(number(rest)?) }),
            "o" => Some(Self::Unlock { incident: IncidentId(number(rest)?) }),
            _ => None,
        }
    }
}

impl fmt::Display for MuteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("all"),
            Self::Device(device) => device.fmt(f),
        }
    }
}

impl fmt::Display for MuteFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(minutes) => minutes.fmt(f),
            Self::Morning => f.write_str("morning"),
        }
    }
}

fn target_of(text: &str) -> Option<MuteTarget> {
    match text {
        "all" => Some(MuteTarget::Everything),
        number_text => Some(MuteTarget::Device(DeviceId(number(number_text)?))),
    }
}

fn lasts_of(text: &str) -> Option<MuteFor> {
    match text {
        "morning" => Some(MuteFor::Morning),
        minutes => {
            let minutes = u32::try_from(number(minutes)?).ok()?;
            (minutes <= MUTE_MINUTES_MAX).then_some(MuteFor::Minutes(minutes))
        }
    }
}

/// A number of the spool: from 1 on.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

/// A button below an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What stands on it: at most [`BUTTON_CHARS_MAX`] characters.
    pub label: String,
    /// What it does.
    pub effect: Effect,
}

/// The longest label of a button, in characters.
pub const BUTTON_CHARS_MAX: usize = 40;

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Carries out an action.
    Act {
        /// The action; [`Action::encode`] has a text for it.
        action: Action,
        /// For services that do not hand a press back: a signed link that carries the action out.
        /// A GET shows a page with one button, a POST acts at once. Whoever has the link may use it
        /// for 24 hours. `None` if the public address is not known.
        link: Option<String>,
    },
    /// Opens an address.
    Open {
        /// The address.
        url: String,
    },
}

impl Button {
    /// The action that it carries out. `None` if it opens an address.
    pub const fn action(&self) -> Option<&Action> {
        match &self.effect {
            Effect::Act { action, .. } => Some(action),
            Effect::Open { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target() -> impl Strategy<Value = MuteTarget> {
        let device = (1..i64::MAX).prop_map(|id| MuteTarget::Device(DeviceId(id)));
        prop_oneof![Just(MuteTarget::Everything), device]
    }

    fn lasts() -> impl Strategy<Value = MuteFor> {
        prop_oneof![Just(MuteFor::Morning), (1..=MUTE_MINUTES_MAX).prop_map(MuteFor::Minutes)]
    }

    fn action() -> impl Strategy<Value = Action> {
        let incident = || (1..i64::MAX).prop_map(IncidentId);
        prop_oneof![
            (target(), lasts()).prop_map(|(target, lasts)| Action::Mute { target, lasts }),
            target().prop_map(|target| Action::Unmute { target }),
            "[^\\p{Cc}]{1,15}".prop_map(|mode| Action::SetMode { mode }),
            incident().prop_map(|incident| Action::NotInteresting { incident }),
            incident().prop_map(|incident| Action::Interesting { incident }),
            incident().prop_map(|incident| Action::Lock { incident }),
            incident().prop_map(|incident| Action::Unlock { incident }),
        ]
    }

    proptest! {
        #[test]
        fn an_action_is_read_as_it_was_written(action in action()) {
            let text = action.encode().unwrap();
            prop_assert!((1..=ACTION_BYTES_MAX).contains(&text.len()));
            prop_assert_eq!(Action::decode(&text), Some(action));
        }

        #[test]
        fn no_text_is_read_that_was_not_written(text in "([munihlo]:)?[a-z0-9:+ -]{0,70}") {
            if let Some(action) = Action::decode(&text) {
                prop_assert_eq!(action.encode(), Some(text));
            }
        }
    }

    #[test]
    fn the_texts_stay_the_same_because_they_stand_in_messages() {
        let device = MuteTarget::Device(DeviceId(12));
        for (action, text) in [
            (Action::Mute { target: device, lasts: MuteFor::Minutes(15) }, "m:12:15"),
            (Action::Mute { target: device, lasts: MuteFor::Morning }, "m:12:morning"),
            (
                Action::Mute { target: MuteTarget::Everything, lasts: MuteFor::Minutes(60) },
                "m:all:60",
            ),
            (Action::Unmute { target: device }, "u:12"),
            (Action::SetMode { mode: "away: all".to_owned() }, "h:away: all"),
            (Action::NotInteresting { incident: IncidentId(7) }, "n:7"),
            (Action::Interesting { incident: IncidentId(7) }, "i:7"),
            (Action::Lock { incident: IncidentId(7) }, "l:7"),
            (Action::Unlock { incident: IncidentId(7) }, "o:7"),
        ] {
            assert_eq!(action.encode().as_deref(), Some(text));
        }
    }

    #[test]
    fn what_was_not_written_is_refused() {
        for text in [
            "",
            ":",
            "m",
            "m:",
            "m:1",
            "m:1:",
            "m:0:15",
            "m:-1:15",
            "m:+1:15",
            "m:01:15",
            "m:1:0",
            "m:1:527041",
            "m:1:evening",
            "m:1:15:",
            "m:1:15 ",
            "u:",
            "u:x",
            "u:99999999999999999999",
            "h:",
            "h:a\nb",
            "n:1.0",
            "n:",
            "x:1",
            "M:1:15",
            "m:1:morning\0",
        ] {
            assert_eq!(Action::decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_mute_lasts_at_most_a_year() {
        let mute = |minutes| Action::Mute {
            target: MuteTarget::Everything,
            lasts: MuteFor::Minutes(minutes),
        };
        assert_eq!(Action::decode("m:all:527040"), Some(mute(MUTE_MINUTES_MAX)));
        assert_eq!(mute(MUTE_MINUTES_MAX + 1).encode(), None);
    }

    #[test]
    fn only_a_button_that_acts_has_an_action() {
        let action = Action::Lock { incident: IncidentId(7) };
        let button = |effect| Button { label: "Lock".to_owned(), effect };
        let acts = button(Effect::Act { action: action.clone(), link: None });
        let opens = button(Effect::Open { url: "https://tip.example".to_owned() });
        assert_eq!((acts.action(), opens.action()), (Some(&action), None));
    }

    #[test]
    fn a_mode_with_a_name_that_does_not_fit_has_no_text() {
        let set = |length: usize| Action::SetMode { mode: "é".repeat(length / 2) }.encode();
        assert_eq!(set(62).map(|text| text.len()), Some(64));
        assert_eq!(set(64), None);
        assert_eq!(Action::SetMode { mode: String::new() }.encode(), None);
        assert_eq!(Action::SetMode { mode: "a\tb".to_owned() }.encode(), None);
    }
}
