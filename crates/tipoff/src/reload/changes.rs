//! What differs between two configurations, named as in the file: for the log, the dashboard and the audit log. Pure.
//!
//! Each section is destructured, so that a new one does not compile until it is listed here.

use tipoff_rules::{Clock, Rules};

use crate::config::{ChannelConfig, Config, Ftp, Smtp};

/// When an edit of a setting has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// As soon as the file is read.
    AtOnce,
    /// When the program starts again.
    AfterRestart,
}

/// The changed settings and channels that take effect at once.
pub(super) fn taken_up(before: &Config, now: &Config) -> Vec<String> {
    let sections = edited(before, now, Effect::AtOnce);
    sections.chain(channels(&before.channels, &now.channels)).collect()
}

/// The settings that differ from those of the start and take effect after a restart. A setting that is changed back is not
/// among them.
pub(super) fn needing_restart(started: &Config, now: &Config) -> Vec<String> {
    edited(started, now, Effect::AfterRestart).collect()
}

fn edited(before: &Config, now: &Config, effect: Effect) -> impl Iterator<Item = String> {
    let settings = settings(before, now).into_iter();
    let edited = settings.filter(move |(_, it, differs)| *differs && *it == effect);
    edited.map(|(name, ..)| name.to_owned())
}

/// Every setting but `[[channel]]`, when an edit of it has an effect, and whether it differs. The configuration is
/// taken apart without `..`, so that a new section does not compile until it is listed.
fn settings(before: &Config, now: &Config) -> [(&'static str, Effect, bool); 22] {
    use Effect::{AfterRestart, AtOnce};
    let Config {
        data_dir,
        public_address,
        smtp,
        ftp,
        http,
        alarm,
        brokers,
        access,
        devices,
        channels: _, // One by one: see `channels`.
        added: _, // Its channels are among them, its routes, schedules and modes among the rules.
        rules,
        retention,
        spool,
        video,
        // Where it was read from, and what follows from the rest.
        path: _,
        secrets: _,
        warnings: _,
    } = now;
    let Rules {
        grouping,
        routes,
        schedules,
        flood,
        periodic,
        clock: Clock { zone, place },
        language,
        modes,
        reports,
        // Parts of `[[channel]]` and `[[device]]`.
        channels: _,
        archives: _,
        groups: _,
        subscribers: _,
    } = rules;
    let old = &before.rules;
    let incidents = (*grouping, *flood, *periodic) != (old.grouping, old.flood, old.periodic);
    [
        ("time_zone", AtOnce, *zone != old.clock.zone),
        ("language", AtOnce, *language != old.language),
        ("place", AtOnce, *place != old.clock.place),
        ("[smtp]", AtOnce, smtp_sessions(smtp) != smtp_sessions(&before.smtp)),
        ("[ftp]", AtOnce, ftp_sessions(ftp) != ftp_sessions(&before.ftp)),
        ("[access]", AtOnce, *access != before.access),
        ("[[mqtt]]", AtOnce, *brokers != before.brokers),
        ("[[device]]", AtOnce, *devices != before.devices),
        ("[[mode]]", AtOnce, *modes != old.modes),
        ("[[route]]", AtOnce, *routes != old.routes),
        ("[[schedule]]", AtOnce, *schedules != old.schedules),
        ("[[report]]", AtOnce, *reports != old.reports),
        ("[incidents]", AtOnce, incidents),
        ("[retention]", AtOnce, *retention != before.retention),
        ("data_dir", AfterRestart, *data_dir != before.data_dir),
        ("public_address", AfterRestart, *public_address != before.public_address),
        ("[smtp] listen", AfterRestart, smtp.listen != before.smtp.listen),
        ("[ftp] listen", AfterRestart, ftp.listen != before.ftp.listen),
        ("[http]", AfterRestart, *http != before.http),
        ("[alarm]", AfterRestart, *alarm != before.alarm),
        ("[spool]", AfterRestart, *spool != before.spool),
        ("[video]", AfterRestart, *video != before.video),
    ]
}

/// The settings that sessions begin with.
fn smtp_sessions(smtp: &Smtp) -> Smtp {
    Smtp { listen: Vec::new(), ..smtp.clone() }
}

/// The same of FTP.
fn ftp_sessions(ftp: &Ftp) -> Ftp {
    Ftp { listen: Vec::new(), ..ftp.clone() }
}

/// The channels that are new, changed or removed.
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
            (String::new(), "[[report]]\nat = \"20:00\"\n".to_owned(), "[[report]]"),
            (
                "[[report]]\nat = \"20:00\"\n".to_owned(),
                "[[report]]\nat = \"21:00\"\n".to_owned(),
                "[[report]]",
            ),
            (String::new(), "[[schedule]]\nbetween = \"22:00-06:00\"\n".to_owned(), "[[schedule]]"),
            (String::new(), "[[mode]]\nname = \"away\"\n".to_owned(), "[[mode]]"),
            (String::new(), "place = \"52.5, 13.4\"\n".to_owned(), "place"),
            (String::new(), "time_zone = \"Asia/Tokyo\"\n".to_owned(), "time_zone"),
            (String::new(), "language = \"nl\"\n".to_owned(), "language"),
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
            ("public_address = \"192.168.1.10\"", "public_address"),
            ("smtp.listen = [\"127.0.0.1:1\"]", "[smtp] listen"),
            ("ftp.listen = []", "[ftp] listen"),
            ("http.listen = \"off\"", "[http]"),
            ("http.public_url = \"https://example.org\"", "[http]"),
            ("spool.connections = 5", "[spool]"),
            ("spool.media = \"s3://bucket\"", "[spool]"),
            ("video.convert = false", "[video]"),
        ] {
            assert_eq!(needing_restart(&started, &config(source)).join(", "), expected, "{source}");
        }
    }

    /// In docs/operations.md, a row has sections and the time of their effect, the last row those that need a restart.
    #[test]
    fn the_documentation_says_when_an_edit_of_each_section_takes_effect() {
        let page = include_str!("../../../../docs/operations.md");
        let rows = page.lines().skip_while(|line| !line.starts_with("| section | an edit takes"));
        let rows: Vec<&str> = rows.skip(2).take_while(|line| line.starts_with('|')).collect();
        let unchanged = config("");
        for (name, effect, _) in settings(&unchanged, &unchanged) {
            let section = format!("`{}`", name.split(' ').next().unwrap());
            let is_said = rows.iter().any(|row| {
                let needs_restart = row.contains("after a restart");
                row.contains(&section) && needs_restart == (effect == Effect::AfterRestart)
            });
            assert!(is_said, "{name}: {effect:?} is not in the table of docs/operations.md");
        }
    }
}
