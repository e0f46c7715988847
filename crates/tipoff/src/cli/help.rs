//! `tipoff --help`: the subcommands in groups, by what people want to do.

use std::fmt::Write;

use clap::builder::StyledStr;

/// The groups in the order in which somebody needs them, with their subcommands.
const GROUPS: &[(&str, &[&str])] = &[
    ("Begin", &["init", "run", "send"]),
    ("See what arrived", &["incidents", "devices", "sessions"]),
    ("Route alerts", &["channels", "route"]),
    ("Find what is wrong", &["check", "doctor", "health"]),
    ("Manage logins", &["password", "users", "token", "audit"]),
    ("Manage storage", &["spool", "compact"]),
    ("Help shells and editors", &["completions", "man", "schema"]),
];

/// A heading as clap has it; clap leaves the colors out where there is no terminal.
fn heading(text: &str) -> String {
    format!("\u{1b}[1m\u{1b}[4m{text}:\u{1b}[0m")
}

/// The same command with its subcommands in groups.
pub(super) fn grouped(command: clap::Command) -> clap::Command {
    let subcommands: Vec<(String, String)> = command
        .get_subcommands()
        .map(|it| (it.get_name().to_owned(), it.get_about().map_or_else(String::new, plain)))
        .collect();
    let width = subcommands.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "\n{}", heading(group));
        for name in *names {
            if let Some((_, about)) = subcommands.iter().find(|(known, _)| known == name) {
                let _ = writeln!(text, "  \u{1b}[1m{name:width$}\u{1b}[0m  {about}");
            }
        }
    }
    let _ = write!(text, "\n{}\n{{options}}\n\n", heading("Options"));
    let _ = write!(text, "`tipoff COMMAND --help` explains a command.");
    command.help_template(StyledStr::from(text))
}

fn plain(text: &StyledStr) -> String {
    text.to_string()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    #[test]
    fn every_subcommand_is_in_one_group() {
        let command = Cli::command();
        let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        known.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, known, "GROUPS in cli/help.rs");
    }

    #[test]
    fn help_fits_a_terminal_of_100_columns() {
        let help = grouped(Cli::command()).render_help().to_string();
        assert!(help.contains("Find what is wrong:\n  check"), "{help}");
        // Options are wrapped by the terminal's own width.
        let (commands, _) = help.split_once("Options:").unwrap();
        assert!(commands.lines().all(|line| line.chars().count() <= 100), "{commands}");
    }
}
