//! The buttons below a first alert as links, for services that do not report a press to Tipoff, and the choice of
//! those that fit. Whoever opens such a link carries out its action.

use tipoff_model::{Action, Alert, Effect, MuteFor};

use crate::{Message, Setting, Shape, words};

/// The setting `buttons`. Without it: true.
pub(crate) const BUTTONS: Setting = Setting {
    key: "buttons",
    shape: Shape::Flag,
    required: false,
    doc: "Whether first alerts have links that mute the device, set another home mode or end the alerts of \
          the incident, where `public_url` in `[http]` is reached. Whoever sees such a link can use it for \
          24 hours. Without it: true.",
    example: "false",
};

/// Separator of links on one line.
const BETWEEN: &str = " · ";

/// A button as a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    /// Its label, not escaped.
    pub(crate) label: &'a str,
    /// Where it leads.
    pub(crate) url: &'a str,
    /// Whether a POST to it carries out an action at once.
    pub(crate) acts: bool,
    /// Priority where not all fit: 0 is kept first.
    rank: u8,
}

/// The links of an alert's first message, in order: those of actions, and that of the incident. Empty for every other
/// message.
pub(crate) fn links<'a>(message: &Message, alert: &'a Alert) -> Vec<Link<'a>> {
    let link = |button: &'a tipoff_model::Button| {
        let label = button.label.as_str();
        match &button.effect {
            Effect::Act { action, link } => {
                Some(Link { label, url: link.as_deref()?, acts: true, rank: rank(action) })
            }
            Effect::Open { url } => Some(Link { label, url, acts: false, rank: 0 }),
        }
    };
    if message.is_rest || message.title.is_empty() {
        Vec::new()
    } else {
        alert.buttons.iter().filter_map(link).collect()
    }
}

/// The links of actions alone, for services whose title leads to the incident.
pub(crate) fn action_links<'a>(message: &Message, alert: &'a Alert) -> Vec<Link<'a>> {
    let mut links = links(message, alert);
    links.retain(|link| alert.link.as_deref() != Some(link.url));
    links
}

/// Priority of an action, for somebody who is woken at night: 1 is the most wanted.
const fn rank(action: &Action) -> u8 {
    match action {
        Action::Mute { lasts: MuteFor::Morning, .. } => 1,
        Action::Mute { lasts: MuteFor::Minutes(60..), .. } => 2,
        Action::NotInteresting { .. } => 3,
        Action::Mute { .. } => 4,
        Action::SetMode { .. } => 5,
        Action::Lock { .. } => 6,
        Action::Unmute { .. } | Action::Interesting { .. } | Action::Unlock { .. } => 7,
    }
}

/// The `count` links of the highest priority, in their original order.
pub(crate) fn best(links: Vec<Link<'_>>, count: usize) -> Vec<Link<'_>> {
    let mut ranked: Vec<(usize, Link<'_>)> = links.into_iter().enumerate().collect();
    ranked.sort_by_key(|(_, link)| link.rank);
    ranked.truncate(count);
    ranked.sort_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(_, link)| link).collect()
}

/// One line of at most `room` UTF-16 units with as many links as fit, each written by `write`. Empty if none fits.
pub(crate) fn line(links: &[Link<'_>], room: usize, write: impl Fn(&Link<'_>) -> String) -> String {
    let lines = (1..=links.len()).rev().map(|count| {
        let best = best(links.to_vec(), count);
        best.iter().map(&write).collect::<Vec<_>>().join(BETWEEN)
    });
    lines.into_iter().find(|line| words::utf16_len(line) <= room).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(label: &'static str, rank: u8) -> Link<'static> {
        Link { label, url: "u", acts: true, rank }
    }

    #[test]
    fn the_best_are_kept_in_their_order() {
        let all = vec![link("15", 4), link("60", 2), link("morning", 1), link("open", 0)];
        let labels = |count| {
            let best = best(all.clone(), count);
            best.iter().map(|link| link.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(9), ["15", "60", "morning", "open"]);
        assert_eq!(labels(3), ["60", "morning", "open"]);
        assert_eq!(labels(1), ["open"]);
        assert!(labels(0).is_empty());
    }

    #[test]
    fn a_line_has_as_many_as_there_is_room_for() {
        let all = [link("aa", 2), link("bb", 1), link("cc", 3)];
        let line = |room| line(&all, room, |link| link.label.to_owned());
        assert_eq!(line(12), "aa · bb · cc");
        assert_eq!(line(11), "aa · bb");
        assert_eq!(line(6), "bb");
        assert_eq!(line(1), "");
    }
}
