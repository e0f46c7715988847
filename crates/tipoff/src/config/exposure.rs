//! Secrets that the configuration passes to programs of channels (`exec`): allowed, because the owner may want it, and
//! reported as a warning, because nobody sees it from the outside.
//!
//! A warning names the channel and the key, never the secret.

use tipoff_channels::{Entry, Setting, Settings, Shape};

use super::reading::Reading;
use super::section::Section;

/// Notes a warning for each setting of a channel that is read from a variable or a file and that others can see.
pub(super) fn note(section: &Section<'_>, entry: &Entry, channel: &str) {
    for setting in entry.settings.iter().filter(|setting| section.refers(setting.key)) {
        let key = setting.key;
        section.reading.warn(match setting.shape {
            Shape::Command => format!(
                "channel \"{channel}\": `{key}` has an argument from a variable or a file; every user of this \
                 machine can see the arguments of programs (`ps`): pass a secret by `environment`, or let the \
                 program read it"
            ),
            Shape::Variables => format!(
                "channel \"{channel}\": `{key}` takes the names of variables, and reads one from a variable or a \
                 file: write the name itself"
            ),
            _ => continue,
        });
    }
}

/// All warnings: those that were noted, and one for each variable that holds a secret of the configuration and is
/// passed to a program. Called after everything is read, because a later section may take a secret from the same
/// variable.
///
/// `settings` are the name of a channel, a setting of its type, and all that is set for the channel.
pub(super) fn warnings<'a>(
    reading: &Reading<'_>,
    settings: impl Iterator<Item = (&'a str, &'static Setting, &'a Settings)>,
) -> Vec<String> {
    let (mut warnings, secrets) = reading.exposures();
    for (name, setting, settings) in settings.filter(|(_, it, _)| it.shape == Shape::Variables) {
        let key = setting.key;
        let passed = settings.list(key).iter().filter(|variable| secrets.contains(*variable));
        warnings.extend(passed.map(|variable| {
            format!(
                "channel \"{name}\": `{key}` passes `{variable}`, which holds a secret of this configuration; \
                 its program and all that it starts can read it"
            )
        }));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn warnings(source: &str) -> Vec<String> {
        let environment =
            |name: &str| (!name.starts_with("TIPOFF_")).then(|| format!("value of {name}"));
        Config::parse(None, source, None, &environment).unwrap().warnings
    }

    #[test]
    fn a_secret_that_a_program_gets_is_warned_of_and_nothing_else() {
        let gotify =
            "[[channel]]\ntype = \"gotify\"\nserver = \"http://g\"\ntoken = { env = \"BOT\" }\n";
        let device =
            "[[device]]\nname = { env = \"YARD\" }\nuser = \"a\"\npassword = { env = \"CAM\" }\n";
        let others = format!("{gotify}{device}");
        for (keys, parts) in [
            ("command = \"x\"\nenvironment = [\"DISPLAY\", \"YARD\", \"HOME\"]", &[][..]),
            ("command = \"x\"\nenvironment = [\"BOT\", \"DISPLAY\"]", &["passes `BOT`"]),
            ("command = \"x\"\nenvironment = \"CAM\"", &["passes `CAM`"]),
            ("command = [\"x\", { env = \"KEY\" }]", &["`command` has an argument"]),
            ("command = \"x\"\nenvironment = [{ env = \"KEY\" }]", &["write the name itself"]),
            (
                "command = [\"x\", { env = \"KEY\" }]\nenvironment = [\"KEY\", \"BOT\"]",
                &["has an argument", "passes `KEY`", "passes `BOT`"],
            ),
        ] {
            let exec = format!("{others}[[channel]]\nname = \"siren\"\ntype = \"exec\"\n{keys}\n");
            let found = warnings(&exec);
            assert_eq!(found.len(), parts.len(), "{keys}: {found:?}");
            for (found, part) in found.iter().zip(parts) {
                assert!(
                    found.starts_with("channel \"siren\": ") && found.contains(part),
                    "{found}"
                );
                assert!(!found.contains("value of"), "{found}");
            }
        }
        assert_eq!(warnings(&others), Vec::<String>::new());
    }
}
