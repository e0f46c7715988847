//! `tipoff init`: sets up a channel: asks for what it needs, sends a test picture, and writes the configuration file.
//!
//! Each wrong answer is asked again, with the reason. The file is written last, and only after the new text was read
//! like any configuration. A file that exists keeps all that it has: the channel is added to it. If the input ends,
//! nothing is written.

mod answers;
mod telegram;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::Access;
use tipoff_channels::{CHANNELS, Channel, Entry, Setting};
use tipoff_model::Language;
use tipoff_spool::durable;

use self::answers::Answers;
use super::console_language::{text, texts, with};
use super::service_file::{is_of_the_service, let_the_service_read};
use super::{Common, Ending, Failure, ask, block_on, doctor};
use crate::config::{self, Config};
use crate::dispatch::send_test;
use crate::runtime::clock::Clock;

/// The Bot API of Telegram itself. `--api` names another server, which the file then contains.
const DEFAULT_API: &str = "https://api.telegram.org";
/// The beginning of a new file.
const HEADING: &str =
    "# Written by `tipoff init`. Everything that can be set: docs/configuration.md.\n\n";
/// The service that is set up if none is named.
const DEFAULT_KIND: &str = "telegram";

/// How to set up.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The service, such as telegram or ntfy [default: init asks]
    #[arg(value_name = "SERVICE")]
    kind: Option<String>,
    /// Telegram only: another Bot API server
    #[arg(long, default_value = DEFAULT_API, value_name = "URL")]
    api: String,
    /// Write the configuration file anew, if there is one
    #[arg(long)]
    force: bool,
}

/// The configuration file that is written.
struct Target {
    path: PathBuf,
    /// What it has now; `None` if it is written anew.
    text: Option<String>,
    /// Names that its channels have.
    names: Vec<String>,
    /// Whether a Tipoff runs on its data folder.
    is_running: bool,
}

/// Runs the dialogue. A file with faults, or one that cannot be written, is an error before anything is asked.
pub(super) fn run(args: &Args, common: &Common) -> Ending {
    let target = Target::find(args, common)?;
    let kind = args.kind.as_deref().map(kind_of).transpose().map_err(Failure::Usage)?;
    let done = block_on(set_up(args, kind, &target, common))?;
    done.map_err(|error| Failure::Failed(error.context(text("init-nothing-written"))))
}

impl Target {
    fn find(args: &Args, common: &Common) -> Result<Self, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let path = config::find(common.config.as_deref(), &environment)
            .unwrap_or_else(|| PathBuf::from(config::LOCAL_FILE));
        let is_there = path.exists();
        may_write(&path, is_there)?;
        if !is_there || args.force {
            let config = Config::parse(None, "", Some(&common.overrides()), &environment);
            let is_running = config.is_ok_and(|it| doctor::is_running(&it.data_dir) == Some(true));
            return Ok(Self { path, text: None, names: Vec::new(), is_running });
        }
        let config = common.load()?;
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let names = config.channels.iter().map(|channel| channel.name.clone()).collect();
        let is_running = doctor::is_running(&config.data_dir) == Some(true);
        Ok(Self { path, text: Some(text), names, is_running })
    }

    /// A name that no other channel has.
    fn name(&self, kind: &str) -> String {
        let first = if kind == DEFAULT_KIND { "me" } else { kind };
        let more = (2..).map(|number| format!("{kind}{number}"));
        let mut names = [first.to_owned(), kind.to_owned()].into_iter().chain(more);
        names.find(|name| !self.names.contains(name)).unwrap_or_default()
    }

    /// The whole file with this channel in it.
    fn with(&self, channel: &str) -> String {
        match &self.text {
            None => {
                let mut text = HEADING.to_owned();
                // Whoever answers in a language wants to be alerted in it.
                let language = texts().language();
                if language != Language::default() {
                    text += &format!("language = \"{}\"\n\n", language.as_str());
                }
                text + channel
            }
            Some(text) if text.is_empty() || text.ends_with('\n') => format!("{text}\n{channel}"),
            Some(text) => format!("{text}\n\n{channel}"),
        }
    }
}

/// Whether the file can be written: nobody wants to learn it after ten answers.
fn may_write(path: &Path, is_there: bool) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let asked = if is_there { path } else { folder.unwrap_or(Path::new(".")) };
    rustix::fs::access(asked, Access::WRITE_OK).with_context(|| {
        format!(
            "{} cannot be written: run `tipoff init` as a user that may write {}, or name another file with --config",
            path.display(),
            asked.display(),
        )
    })
}

/// The service of this name or number in the list.
fn kind_of(text: &str) -> Result<&'static Entry, String> {
    let by_number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = match by_number {
        Some(index) => CHANNELS.get(index),
        None => CHANNELS.iter().find(|entry| entry.kind.eq_ignore_ascii_case(text)),
    };
    found.ok_or_else(|| {
        let name = format!("{text:?}");
        let kinds: Vec<&str> = CHANNELS.iter().map(|entry| entry.kind).collect();
        match config::nearest(text, kinds.iter().copied()) {
            Some(meant) => with("init-no-service-but", &[("name", &name), ("meant", &meant)]),
            None => with("init-no-service", &[("name", &name), ("all", &kinds.join(", "))]),
        }
    })
}

/// The dialogue.
async fn set_up(
    args: &Args,
    kind: Option<&'static Entry>,
    target: &Target,
    common: &Common,
) -> anyhow::Result<()> {
    if target.text.is_some() {
        println!("{}", with("init-exists", &[("path", &target.path.display())]));
    }
    let entry = match kind {
        Some(entry) => entry,
        // Only Telegram has it.
        None if args.api != DEFAULT_API => kind_of(DEFAULT_KIND).map_err(anyhow::Error::msg)?,
        None => choose()?,
    };
    let answers = match entry.kind {
        "telegram" => telegram::ask(&args.api, entry).await?,
        _ => by_settings(entry).await?,
    };
    let channel = answers.as_toml(&target.name(entry.kind), entry.kind);
    write(target, &channel, common)?;
    println!("{}", with("init-written", &[("path", &target.path.display())]));
    println!();
    match (target.is_running, &target.text) {
        (true, Some(_)) => println!("{}", text("init-loaded")),
        (true, None) => println!("{}", text("init-restart")),
        (false, _) if is_of_the_service(&target.path) => {
            println!("{}", with("init-next", &[("command", &"sudo systemctl start tipoff")]));
        }
        (false, _) => println!("{}", with("init-next", &[("command", &"tipoff run")])),
    }
    Ok(())
}

/// Writes the file, if it is valid with the new channel.
fn write(target: &Target, channel: &str, common: &Common) -> anyhow::Result<()> {
    let (path, text) = (&target.path, target.with(channel));
    let environment = |name: &str| std::env::var(name).ok();
    if let Err(faults) =
        Config::parse(Some(path.clone()), &text, Some(&common.overrides()), &environment)
    {
        bail!("the channel does not fit into {}: {}", path.display(), faults.summary());
    }
    // It contains secrets: a new file is readable by its owner alone, and that of the service by the service.
    let is_new = !path.exists();
    durable::rewrite_file(path, text.as_bytes())
        .and_then(|()| if is_new { let_the_service_read(path) } else { Ok(()) })
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Asks for the service.
fn choose() -> anyhow::Result<&'static Entry> {
    println!("{}", text("init-where"));
    for (number, entry) in (1..).zip(CHANNELS) {
        println!("  {number:>2}  {:<11} {}", entry.kind, texts().sentence(entry.summary));
    }
    loop {
        let answer = ask::line(&with("init-name-or-number", &[("default", &DEFAULT_KIND)]))?;
        let answer = if answer.is_empty() { DEFAULT_KIND } else { answer.as_str() };
        match kind_of(answer) {
            Ok(entry) => return Ok(entry),
            Err(reason) => println!("  {reason}"),
        }
    }
}

/// Asks for each setting that a service requires, and for others that somebody names; ends with a test that arrived.
async fn by_settings(entry: &'static Entry) -> anyhow::Result<Answers> {
    let file = format!("docs/channels/{}.md", entry.kind);
    let summary = texts().sentence(entry.summary);
    println!("{}: {summary} {}", entry.kind, with("init-see", &[("file", &file)]));
    let mut answers = Answers::default();
    for setting in entry.settings.iter().filter(|setting| setting.required) {
        answers.ask(setting)?;
    }
    let mut channel = build(entry, &mut answers)?;
    let others: Vec<&str> =
        entry.settings.iter().filter(|it| !it.required).map(|it| it.key).collect();
    if !others.is_empty() {
        println!("\n{}", with("init-not-required", &[("names", &others.join(", "))]));
        while let Some(setting) = named(entry, &text("init-one-to-set"))? {
            answers.ask(setting)?;
            channel = build(entry, &mut answers)?;
        }
    }
    loop {
        println!("{}", text("init-sending"));
        let Err(reason) =
            send_test(&*channel, &[], Clock::system().now(), texts().language()).await
        else {
            println!("{}", text("init-sent"));
            return Ok(answers);
        };
        println!("  {}", with("init-test-failed", &[("reason", &reason)]));
        if let Some(setting) = named(entry, &text("init-one-to-change"))? {
            answers.ask(setting)?;
            channel = build(entry, &mut answers)?;
        }
    }
}

/// The setting that somebody names; `None` for an empty line.
fn named(entry: &'static Entry, question: &str) -> anyhow::Result<Option<&'static Setting>> {
    loop {
        let answer = ask::line(question)?;
        if answer.is_empty() {
            return Ok(None);
        }
        if let Some(setting) = entry.settings.iter().find(|it| it.key == answer) {
            return Ok(Some(setting));
        }
        let keys: Vec<&str> = entry.settings.iter().map(|it| it.key).collect();
        let (name, all) = (format!("{answer:?}"), keys.join(", "));
        println!("  {}", with("init-no-setting", &[("name", &name), ("all", &all)]));
    }
}

/// Builds the channel. What is wrong is asked again.
fn build(entry: &'static Entry, answers: &mut Answers) -> anyhow::Result<Box<dyn Channel>> {
    loop {
        let faults = match (entry.build)(&answers.settings()) {
            Ok(channel) => return Ok(channel),
            Err(faults) => faults,
        };
        for fault in faults {
            println!("  `{}` {}", fault.key, fault.message);
            match entry.settings.iter().find(|setting| setting.key == fault.key) {
                Some(setting) => answers.ask(setting)?,
                None => bail!("`{}` {}", fault.key, fault.message),
            }
        }
    }
}
