//! The command line: what can be asked for, and how it ends. One file a subcommand.

mod announce;
mod arguments;
mod ask;
mod audit;
mod channels;
mod check;
mod compact;
mod console_language;
mod container;
mod device_removal;
mod devices;
mod doctor;
mod explain;
mod failure;
mod health;
mod help;
mod incidents;
mod init;
mod json;
mod listening;
mod moment;
mod own_url;
mod password;
mod process;
mod route;
mod run;
mod send;
mod service_file;
mod sessions;
mod shared_secrets;
mod signing_key;
mod spool;
mod tokens;
mod users;
mod welcome;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::failure::{Failure, wants_json};
use crate::config::{Config, ConfigText, Http, Overrides, schema};
use crate::reload::Source;
use crate::runtime::clock::Clock;
use crate::runtime::log::{self, LogForm};
use crate::runtime::terminal;

/// It worked.
const FINE: u8 = 0;
/// It did not.
const FAILED: u8 = 1;
/// It was not understood: the command line or the configuration is wrong.
const USAGE: u8 = 2;

/// Pretends to be the mail server that a camera insists on, and puts its pictures on your phone.
#[derive(Debug, Parser)]
#[command(name = "tipoff", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every subcommand takes.
#[derive(Clone, Debug, clap::Args)]
struct Common {
    /// The configuration file [default: $TIPOFF_CONFIG, ./tipoff.toml, /etc/tipoff/tipoff.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept [default: $TIPOFF_DATA_DIR, or what the configuration says]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The form of the log
    #[arg(long, global = true, value_enum, default_value_t)]
    log: LogForm,
    /// How much is logged: error, warn, info, debug (with what devices say), trace
    #[arg(
        long,
        global = true,
        env = "TIPOFF_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info"
    )]
    log_level: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive mail from devices and send alerts, until stopped
    Run(run::Args),
    /// Set up where alerts go: asks, tests, writes the configuration file
    Init(init::Args),
    /// Check the configuration: every fault at once, each with its line
    Check(check::Args),
    /// Look at what is needed to receive and to send: what is wrong, and what to do
    Doctor(doctor::Args),
    /// Check that the running Tipoff is ready, for health checks
    Health(health::Args),
    /// Act as a camera: send a test picture to a running server
    Send(send::Args),
    /// List and test the configured channels
    #[command(subcommand)]
    Channels(channels::Action),
    /// Try the routes
    #[command(subcommand)]
    Route(route::Action),
    /// Look at what has arrived and where it went, and export it
    #[command(subcommand)]
    Incidents(incidents::Action),
    /// List, name and mute devices, and add new ones with their login
    Devices(devices::Args),
    /// Read what devices said, line by line: why something did not arrive
    Sessions(sessions::Args),
    /// List, add, change and remove those who may log in to the dashboard
    Users(users::Args),
    /// Set the password of the dashboard's owner; it is read from standard input
    Password(password::PasswordArgs),
    /// Make, list and revoke the tokens by which programs ask the API
    Token(tokens::Args),
    /// Who changed what, and when, the newest first
    Audit(audit::Args),
    /// Rewrite the database so that it takes no more than it holds; Tipoff must be stopped
    Compact,
    /// Move the spool to PostgreSQL or back, or restore it; Tipoff must be stopped
    #[command(subcommand)]
    Spool(spool::Action),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the JSON Schema of the configuration, by which editors complete and check it
    Schema,
}

type Ending = Result<(), Failure>;

/// Does what the command line asks for.
pub(crate) fn main() -> ExitCode {
    let as_json = wants_json(std::env::args_os().skip(1));
    let code = match parse(as_json) {
        Ok(Cli { common, command: Some(command) }) => {
            match dispatch(common, command).and_then(|()| printed()) {
                Ok(()) => FINE,
                Err(failure) => {
                    failure.print(as_json);
                    failure.code()
                }
            }
        }
        Ok(Cli { common, command: None }) => {
            welcome::print(&common);
            USAGE
        }
        Err(code) => code,
    };
    terminal::flush();
    code.into()
}

/// Reads the command line and starts the log. The error is the exit code; all has been said.
fn parse(as_json: bool) -> Result<Cli, u8> {
    let matches = match Cli::command().try_get_matches() {
        // Only who asks for help waits until the descriptions of all subcommands are laid out.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            help::grouped(Cli::command()).try_get_matches()
        }
        matches => matches,
    };
    let parsed = matches.and_then(|it| Cli::from_arg_matches(&it));
    let cli = parsed.map_err(|error| {
        if error.use_stderr() && as_json {
            let text = error.render().to_string();
            let text = text.trim_end().trim_start_matches("error: ");
            Failure::Usage(text.to_owned()).print(true);
        } else {
            let _ = error.print();
        }
        if error.use_stderr() { USAGE } else { FINE }
    })?;
    log::start(cli.common.log, &cli.common.log_level).map_err(|error| {
        let failure = Failure::Usage(format!("--log-level {}: {error}", cli.common.log_level));
        failure.print(as_json);
        failure.code()
    })?;
    Ok(cli)
}

/// What was asked for is of no use where it could not be printed.
fn printed() -> Ending {
    match terminal::failure() {
        None => Ok(()),
        Some(error) => Err(anyhow::anyhow!("cannot write to standard output: {error}").into()),
    }
}

fn dispatch(common: Common, command: Command) -> Ending {
    let clock = Clock::system();
    match command {
        Command::Run(args) => {
            let overrides = args.over(common.overrides());
            run::run(Source::new(common.config, overrides), clock)
        }
        Command::Init(args) => init::run(&args, &common),
        Command::Check(args) => check::run(&args, &common, &clock),
        Command::Doctor(args) => {
            // For the faults that show only with what was added.
            common.load_with_added()?;
            doctor::run(&args, &common.load()?, &clock)
        }
        Command::Health(args) => health::run(&args, &common.http_port()),
        Command::Send(args) => send::run(args, &common, &clock),
        Command::Channels(action) => channels::run(&action, common.load_with_added()?, &clock),
        Command::Route(action) => route::run(&action, common.load_with_added()?, &clock),
        Command::Incidents(action) => incidents::run(&action, &common.load_with_added()?, &clock),
        Command::Devices(args) => devices::run(&args, common.load()?, &clock),
        Command::Sessions(args) => sessions::run(args, &common.load()?),
        Command::Users(args) => users::run(args, &common.load()?, clock.now()),
        Command::Password(args) => password::password(&args, &common.load()?, clock.now()),
        Command::Token(args) => tokens::run(&args, &common.load()?, clock.now()),
        Command::Audit(args) => audit::run(args, &common.load()?),
        Command::Compact => compact::run(&common.load()?),
        Command::Spool(action) => spool::run(&action, &common),
        Command::Schema => json::print_json(&schema()).map_err(Failure::Failed),
        Command::Completions { shell } => {
            // It panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tipoff", &mut script);
            terminal::print_bytes(&script);
            Ok(())
        }
        Command::Man => {
            let page = clap_mangen::Man::new(Cli::command());
            let mut text = Vec::new();
            page.render(&mut text).map_err(|error| Failure::Failed(error.into()))?;
            terminal::print_bytes(&text);
            Ok(())
        }
    }
}

impl Common {
    /// What the command line says in place of the file.
    fn overrides(&self) -> Overrides {
        Overrides { data_dir: self.data_dir.clone(), ..Overrides::default() }
    }

    /// The settings of the HTTP port alone.
    fn http_port(&self) -> Result<Http, String> {
        Config::http_port(self.config.as_deref(), &|name: &str| std::env::var(name).ok())
    }

    fn load(&self) -> Result<Config, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        Config::load(self.config.as_deref(), Some(&self.overrides()), &environment)
            .map_err(|faults| Failure::Configuration(Box::new(faults)))
    }

    /// The same with what was added in the dashboard, if there is a spool that can be opened.
    fn load_with_added(&self) -> Result<Config, Failure> {
        Ok(self.load_and_look(None)?.0)
    }

    /// The same, and whether a spool could be opened. `unopened` is what counts as added if not; with `None` the file may name
    /// channels that are not known.
    fn load_and_look(&self, unopened: Option<&str>) -> Result<(Config, bool), Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let faulty = |faults| Failure::Configuration(Box::new(faults));
        let text = ConfigText::read(self.config.as_deref(), &environment).map_err(faulty)?;
        let load = |added: Option<&str>| {
            Config::of(&text, added, Some(&self.overrides()), &environment).map_err(faulty)
        };
        let of_file = load(None);
        let added = match &of_file {
            Ok(config) => block_on(read_added(config))?,
            // With what was added, a route that names an unknown channel is a fault like the others.
            Err(_) => {
                let config = Config::despite_faults(&text, Some(&self.overrides()), &environment);
                block_on(read_added(&config))?
            }
        };
        let was_opened = added.is_some();
        let config = match added.as_deref().or(unopened) {
            Some(added) => load(Some(added))?,
            None => of_file?,
        };
        if let Some(fault) = &config.added.fault {
            eprintln!("tipoff: what was added in the dashboard is left out: {}", fault.summary);
        }
        Ok((config, was_opened))
    }
}

/// The document that was added in the dashboard. `None` if no spool can be opened.
async fn read_added(config: &Config) -> Option<String> {
    let spool = password::open(config).await.ok()?;
    let added = spool.added_configuration().await.ok()?;
    Some(added.document)
}

/// Runs the asynchronous part of a small subcommand.
fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_subcommand_is_in_the_documentation() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut text = std::fs::read_to_string(root.join("README.md")).unwrap();
        for folder in ["docs", "docs/channels"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|it| it == "md") {
                    text += &std::fs::read_to_string(path).unwrap();
                }
            }
        }
        for command in Cli::command().get_subcommands() {
            let mention = format!("tipoff {}", command.get_name());
            assert!(text.contains(&mention), "`{mention}` is not in README.md and not in docs");
        }
    }
}
