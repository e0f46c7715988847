//! Commands in a chat: their names, their arguments, and the texts that explain them. Pure.

use tipoff_model::{MUTE_MINUTES_MAX, MuteFor};

/// How many incidents `/last` lists if no number is given.
const LAST_COUNT: u32 = 5;
/// How long `/mute` mutes if no time is given.
const MUTE_MINUTES: u32 = 60;

/// The commands with their descriptions, as Telegram shows them (setMyCommands).
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("status", "Mode, mutes, devices and what is waiting"),
    ("arm", "Alerts as when nobody is at home"),
    ("disarm", "Alerts as when somebody is at home"),
    ("mute", "Mute everything: 15 min, 2 h, morning, off"),
    ("last", "The latest incidents"),
    ("devices", "All devices and when they sent something"),
    ("help", "What can be asked"),
];

/// What `/help` answers.
pub(super) const HELP: &str = "/status: mode, mutes, devices and what is waiting\n\
    /arm and /disarm: change the home mode\n\
    /mute: mute everything for an hour; /mute 15 min, /mute 2 h, /mute morning, /mute off\n\
    /last: the latest 5 incidents; /last 20\n\
    /devices: all devices and when they sent something last\n\
    The buttons below an alert mute its device, change the mode, end the alerts of its incident, or \
    open it.";

/// A command with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Status,
    Arm,
    Disarm,
    Mute(MuteFor),
    Unmute,
    Last(u32),
    Devices,
    Help,
    /// A command with a wrong argument. Holds the answer that shows a right one.
    Wrong(&'static str),
}

/// Reads a message. `None` if it is none of the commands, or for another bot. `is_us` says whether a name after
/// an @ is this bot's.
pub(super) fn read(text: &str, is_us: impl Fn(&str) -> bool) -> Option<Command> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = word.strip_prefix('/')?;
    let name = match word.split_once('@') {
        Some((name, bot)) => is_us(bot).then_some(name)?,
        None => word,
    };
    let rest = rest.trim();
    Some(match name.to_ascii_lowercase().as_str() {
        "status" => Command::Status,
        "arm" => Command::Arm,
        "disarm" => Command::Disarm,
        "mute" => mute(rest),
        "unmute" => Command::Unmute,
        "last" if rest.is_empty() => Command::Last(LAST_COUNT),
        "last" => rest.parse().map_or(Command::Wrong("Write a number: /last 10"), Command::Last),
        "devices" => Command::Devices,
        "help" | "start" => Command::Help,
        _ => return None,
    })
}

/// The name of the bot that a command is for. `None` if it names none.
pub(super) fn addressee(text: &str) -> Option<&str> {
    let word = text.split(char::is_whitespace).next()?.strip_prefix('/')?;
    word.split_once('@').map(|(_, bot)| bot)
}

/// Reads the argument of `/mute`.
fn mute(rest: &str) -> Command {
    let rest = rest.to_ascii_lowercase();
    match rest.as_str() {
        "" => Command::Mute(MuteFor::Minutes(MUTE_MINUTES)),
        "morning" | "until morning" => Command::Mute(MuteFor::Morning),
        "off" => Command::Unmute,
        time => match minutes(time) {
            Some(minutes) => Command::Mute(MuteFor::Minutes(minutes)),
            None => {
                Command::Wrong("Write a time of up to a year: /mute 15 min, /mute 2 h, /mute 1 d")
            }
        },
    }
}

/// Minutes of a time such as `15`, `15 min`, `2h` or `1 day`. A bare number means minutes. `None` beyond a year.
fn minutes(time: &str) -> Option<u32> {
    let digits = time.len() - time.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (number, unit) = time.split_at_checked(digits)?;
    let minutes: u32 = match unit.trim() {
        "" | "m" | "min" | "minute" | "minutes" => 1,
        "h" | "hour" | "hours" => 60,
        "d" | "day" | "days" => 24 * 60,
        _ => return None,
    };
    let minutes = number.parse::<u32>().ok()?.checked_mul(minutes)?;
    (1..=MUTE_MINUTES_MAX).contains(&minutes).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_what_stands_behind_them() {
        let mute = |minutes| Some(Command::Mute(MuteFor::Minutes(minutes)));
        for (text, expected) in [
            ("/status", Some(Command::Status)),
            ("/STATUS now", Some(Command::Status)),
            ("/status@Tip_Bot", Some(Command::Status)),
            ("/status@other_bot", None),
            ("/start", Some(Command::Help)),
            ("/last", Some(Command::Last(5))),
            ("/last  12", Some(Command::Last(12))),
            ("/mute", mute(60)),
            ("/mute 15", mute(15)),
            ("/mute@tip_bot 15 min", mute(15)),
            ("/mute 2h", mute(120)),
            ("/mute 1 Day", mute(1440)),
            ("/mute\nmorning", Some(Command::Mute(MuteFor::Morning))),
            ("/mute off", Some(Command::Unmute)),
            ("status", None),
            ("/statusx", None),
            ("/", None),
            ("", None),
        ] {
            let is_us = |name: &str| name.eq_ignore_ascii_case("tip_bot");
            assert_eq!(read(text, is_us), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_behind_a_command_is_answered() {
        for text in
            ["/last ten", "/last -1", "/mute 0", "/mute 2 weeks", "/mute 9999999999", "/mute 367 d"]
        {
            assert!(matches!(read(text, |_| true), Some(Command::Wrong(_))), "{text}");
        }
    }

    #[test]
    fn telegram_takes_the_list_of_commands() {
        // BotCommand: 1-32 lower-case letters, digits and underscores; 1-256 characters.
        for (name, description) in COMMANDS {
            assert!(
                (1..=32).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_lowercase())
            );
            assert!((1..=256).contains(&description.chars().count()));
            assert!(read(&format!("/{name}"), |_| true).is_some(), "{name}");
        }
    }
}
