//! What differs between two configurations, by the names that stand in the file. Pure.

use tipoff_rules::Rules;

use crate::config::{ChannelConfig, Config, Ftp, Smtp};

/// What is in force as soon as it is read.
pub(super) fn taken_up(before: &Config, now: &Config) -> Vec<String> {
    let (rules, old_rules) = (&now.rules, &before.rules);
    let of_incidents = |rules: &Rules| (rules.grouping, rules.flood, rules.periodic);
    let incidents = of_incidents(rules) != of_incidents(old_rules);
    let sections = [
        ("time_zone", rules.clock.zone != old_rules.clock.zone),
        ("place", rules.clock.place != old_rules.clock.place),
        ("[smtp]", smtp(now) != smtp(before)),
        ("[ftp]", ftp(now) != ftp(before)),
        ("[access]", now.access != before.access),
        ("[[device]]", now.devices != before.devices),
        ("[[mode]]", rules.modes != old_rules.modes),
        ("[[route]]", rules.routes != old_rules.routes),
        ("[incidents]", incidents),
        ("[retention]", now.retention != before.retention),
    ];
    let sections = sections.into_iter().filter(|(_, differs)| *differs);
    let sections = sections.map(|(name, _)| name.to_owned());
    sections.chain(channels(&before.channels, &now.channels)).collect()
}

/// What holds only after a restart, compared with what the program was `started` with.
pub(super) fn needing_restart(started: &Config, now: &Config) -> Vec<String> {
    let settings = [
        ("data_dir", started.data_dir != now.data_dir),
        ("[smtp] listen", started.smtp.listen != now.smtp.listen),
        ("[ftp] listen", started.ftp.listen != now.ftp.listen),
        ("[http]", started.http != now.http),
        ("[video]", started.video != now.video),
    ];
    let changed = settings.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(name, _)| name.to_owned()).collect()
}

/// The settings that sessions begin with.
fn smtp(config: &Config) -> Smtp {
    Smtp { listen: Vec::new(), ..config.smtp.clone() }
}

fn ftp(config: &Config) -> Ftp {
    Ftp { listen: Vec::new(), ..config.ftp.clone() }
}

fn channels(before: &[ChannelConfig], now: &[ChannelConfig]) -> Vec<String> {
    let named = |channels: &[ChannelConfig], name: &str| {
        channels.iter().find(|channel| channel.name == name).cloned()
    };
    let come = now.iter().filter_map(|channel| match named(before, &channel.name) {
        None => Some(format!("channel {:?} is new", channel.name)),
        Some(old) => (old != *channel).then(|| format!("channel {:?}", channel.name)),
    });
    let gone = before.iter().filter(|channel| named(now, &channel.name).is_none());
    come.chain(gone.map(|channel| format!("channel {:?} is removed", channel.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: &str) -> Config {
        Config::parse(None, source, None, &|_| None).unwrap_or_else(|faults| panic!("{faults}"))
    }

    const HOOK: &str = "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://a/b\"\n";

    #[test]
    fn what_is_taken_up_is_named_as_it_stands_in_the_file() {
        for (before, now, expected) in [
            (HOOK.to_owned(), HOOK.to_owned(), ""),
            (String::new(), HOOK.to_owned(), "channel \"hook\" is new"),
            (HOOK.to_owned(), String::new(), "channel \"hook\" is removed"),
            (HOOK.to_owned(), HOOK.replace("/b", "/c"), "channel \"hook\""),
            (HOOK.to_owned(), format!("{HOOK}expire = \"1 h\"\n"), "channel \"hook\""),
            (HOOK.to_owned(), format!("{HOOK}secret = \"hunter2\"\n"), "channel \"hook\""),
            (
                HOOK.to_owned(),
                HOOK.replace("\"hook\"", "\"other\""),
                "channel \"other\" is new, channel \"hook\" is removed",
            ),
            (HOOK.to_owned(), format!("{HOOK}[[route]]\nchannels = [\"hook\"]\n"), "[[route]]"),
            (
                String::new(),
                "[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"x\"\n".to_owned(),
                "[[device]]",
            ),
            (String::new(), "access.networks = [\"any\"]\n".to_owned(), "[access]"),
            (String::new(), "time_zone = \"Asia/Tokyo\"\n".to_owned(), "time_zone"),
            (String::new(), "smtp.max_message = \"1 MB\"\n".to_owned(), "[smtp]"),
            (String::new(), "ftp.idle = \"1 min\"\n".to_owned(), "[ftp]"),
            (String::new(), "incidents.quiet = \"1 s\"\n".to_owned(), "[incidents]"),
            (String::new(), "incidents.periodic = true\n".to_owned(), "[incidents]"),
            (String::new(), "retention.keep = \"1 day\"\n".to_owned(), "[retention]"),
            (String::new(), "smtp.listen = [\"127.0.0.1:1\"]\n".to_owned(), ""),
        ] {
            assert_eq!(taken_up(&config(&before), &config(&now)).join(", "), expected, "{now}");
        }
    }

    #[test]
    fn what_needs_a_restart_is_named() {
        let started = config("");
        for (source, expected) in [
            ("", ""),
            ("smtp.max_message = \"1 MB\"", ""),
            ("data_dir = \"/elsewhere\"", "data_dir"),
            ("smtp.listen = [\"127.0.0.1:1\"]", "[smtp] listen"),
            ("ftp.listen = []", "[ftp] listen"),
            ("http.listen = \"off\"", "[http]"),
            ("http.public_url = \"https://example.org\"", "[http]"),
            ("video.convert = false", "[video]"),
        ] {
            assert_eq!(needing_restart(&started, &config(source)).join(", "), expected, "{source}");
        }
    }
}
