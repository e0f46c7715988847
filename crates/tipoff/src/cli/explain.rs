//! `tipoff check --explain` and `tipoff route test`: what the rules would do, and why.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use tipoff_model::{
    Content, Device, Envelope, Event, Facts, Gathering, History, LoginProof, MediaKind, Plan,
    Planner, Protocol, Timestamp,
};
use tipoff_rules::{Clock, Judged, Rules};
use tipoff_spool::{DeviceFilter, Devices, Spool, SqliteSpool};
use tipoff_vendors::Reading;

use super::replay::{self, ReplayArgs};
use super::{Ending, block_on};
use crate::config::Config;
use crate::receive::DeviceDirectory;

/// Longer mails are not read: the server takes none either.
const MAIL_BYTES_MAX: u64 = 500_000_000;
/// How many of the devices that were heard are explained.
const DEVICES_MAX: u32 = 1000;

/// What can be done with routes.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Which routes match a mail, and why: nothing is stored or sent
    Test(TestArgs),
    /// What would have been told of a day that is kept, with this configuration: nothing is sent
    Replay(ReplayArgs),
}

/// A mail and how it would come.
#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// The mail, as a file
    mail: PathBuf,
    /// The address of MAIL FROM [default: that of the mail's From]
    #[arg(long)]
    from: Option<String>,
    /// An address of RCPT TO [default: those of the mail's To]
    #[arg(long)]
    to: Vec<String>,
    /// The address that it comes from
    #[arg(long, default_value = "127.0.0.1")]
    ip: std::net::IpAddr,
    /// The user that the device logs in as
    #[arg(long)]
    user: Option<String>,
    #[command(flatten)]
    moment: Moment,
}

/// When it would happen.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Moment {
    /// At this time, such as 23:00 or 2026-11-24T23:00 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// In this mode [default: the one that holds then]
    #[arg(long)]
    mode: Option<String>,
}

/// What the spool knows of the past, and what is assumed instead.
struct Past {
    mode: Option<(String, Timestamp)>,
}

impl History for Past {
    /// Nothing was told lately: what a cooldown would hold back is not asked here.
    fn last_first_alert(&self, _channel: &str) -> Option<Timestamp> {
        None
    }

    fn alerts_since(&self, _channel: &str, _event: Event, _since: Timestamp) -> u32 {
        0
    }

    fn firsts_since(&self, _channel: &str, _since: Timestamp) -> (u32, Option<Timestamp>) {
        (0, None)
    }

    fn gathering(&self, _channel: &str, _event: Event, _since: Timestamp) -> Option<Gathering> {
        None
    }

    fn chosen_mode(&self) -> Option<(String, Timestamp)> {
        self.mode.clone()
    }
}

/// Says what would become of a mail.
pub(super) fn route(action: &Action, config: Config) -> Ending {
    match action {
        Action::Test(args) => block_on(test(args, config))??,
        Action::Replay(args) => replay::run(args, config)?,
    }
    Ok(())
}

async fn test(args: &TestArgs, config: Config) -> anyhow::Result<()> {
    let mail = read(&args.mail)?;
    let headers = addresses(&mail);
    let mut parser = tipoff_mail::Parser::new();
    parser.push(&mail);
    let content = parser.finish();
    let Reading { event, details, camera, .. } = tipoff_vendors::read(&content);
    let content = Content { details, camera, ..content };
    let recipients = if args.to.is_empty() { headers.to } else { args.to.clone() };
    let envelope = Envelope {
        protocol: Protocol::Smtp,
        peer: args.ip,
        login: args.user.clone(),
        proof: match args.user {
            Some(_) => LoginProof::Proven,
            None => LoginProof::Unproven,
        },
        greeting: None,
        sender: args.from.clone().unwrap_or(headers.from),
        recipients,
        tls: false,
        path: None,
    };
    let spool = open(&config)?;
    let now = args.moment.time(&config.rules.clock)?;
    let past = args.moment.past(&config.rules, now, spool.as_ref()).await?;
    let directory = DeviceDirectory::new(config.access, config.devices);
    if let Some(spool) = &spool {
        directory.set_added(spool.added_devices().await?);
    }
    let device = directory.resolver().device(&envelope, content.camera.as_ref());
    let has = |kinds: &[MediaKind]| content.media.iter().any(|it| kinds.contains(&it.kind));
    let facts = Facts {
        device: &device,
        began_at: now,
        received_at: now,
        event,
        envelope: Some(&envelope),
        content: &content,
        torn: false,
        whole_picture: has(&[MediaKind::Picture, MediaKind::Animation, MediaKind::Video]),
        video_only: has(&[MediaKind::Video]) && !has(&[MediaKind::Picture]),
        artefact: false,
        muted: false,
        repeat: false,
    };
    println!("device  {}", device.name);
    println!("event   {}", facts.event);
    println!("from    {}", envelope.sender);
    println!("to      {}", envelope.recipients.join(", "));
    println!("subject {}", content.subject);
    println!("files   {}", content.media.len());
    tell_moment(&config.rules, &past, now);
    for judged in config.rules.judge(&facts, &past) {
        println!("  {}", in_words(&judged));
    }
    let Plan { due, suppressed_reason } = config.rules.plan(&facts, &[], &past);
    for due in due {
        let by = due.route.map(|route| format!(", by {route}")).unwrap_or_default();
        println!("-> {}{by}", due.channel);
    }
    if let Some(why) = suppressed_reason {
        println!("-> nobody: {why}");
    }
    Ok(())
}

fn in_words(judged: &Judged<'_>) -> String {
    format!("{}: {}", judged.route.name, judged.verdict)
}

/// Says for each device what would happen.
pub(super) fn check(config: &Config, moment: &Moment) -> Ending {
    block_on(explain(config, moment))??;
    Ok(())
}

async fn explain(config: &Config, moment: &Moment) -> anyhow::Result<()> {
    let rules = &config.rules;
    let spool = open(config)?;
    let now = moment.time(&rules.clock)?;
    let past = moment.past(rules, now, spool.as_ref()).await?;
    tell_moment(rules, &past, now);
    if let Some(spool) = &spool
        && let Some(until) = spool.muted_until().await?.filter(|until| *until > now)
    {
        println!("Everything is muted until {}.", local(&rules.clock, until));
    }
    let mut devices: Vec<Device> =
        config.devices.iter().map(|device| named(&device.name)).collect();
    if let Some(spool) = &spool {
        let heard = spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
        let known: Vec<String> = devices.iter().map(|device| device.name.clone()).collect();
        devices.extend(
            heard.iter().map(|line| named(&line.name)).filter(|it| !known.contains(&it.name)),
        );
    }
    devices.push(named("any other device"));
    for device in &devices {
        println!("{}", device.name);
        if rules.channels.is_empty() {
            println!("  -> nobody: no channel is configured");
        } else if rules.routes.is_empty() {
            println!("  -> {}", rules.channels.join(", "));
        }
        for judged in rules.foresee(device, now, &past) {
            println!("  {}", in_words(&judged));
        }
    }
    Ok(())
}

fn named(name: &str) -> Device {
    Device { key: name.to_owned(), name: name.to_owned(), ..Device::default() }
}

fn tell_moment(rules: &Rules, past: &Past, now: Timestamp) {
    let time = local(&rules.clock, now);
    match rules.mode(past.mode.as_ref(), now) {
        Some(mode) => println!("at {time}, in mode \"{mode}\":"),
        None => println!("at {time}:"),
    }
}

fn local(clock: &Clock, at: Timestamp) -> String {
    clock.local(at).map_or_else(String::new, |at| at.strftime("%A %Y-%m-%d %H:%M").to_string())
}

/// The spool beside a running server; none: nothing was stored here yet.
fn open(config: &Config) -> anyhow::Result<Option<SqliteSpool>> {
    if !config.data_dir.join("spool.db").exists() {
        return Ok(None);
    }
    Ok(Some(SqliteSpool::open_beside(&config.data_dir, Arc::new(config.rules.clone()))?))
}

impl Moment {
    /// Whether it is another than now.
    pub(super) fn is_given(&self) -> bool {
        self.at.is_some() || self.mode.is_some()
    }

    fn time(&self, clock: &Clock) -> anyhow::Result<Timestamp> {
        let now = Timestamp::from(SystemTime::now());
        let Some(text) = self.at.as_deref() else {
            return Ok(now);
        };
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Timestamp::from_ms(at.as_millisecond()));
        }
        let at = match text.parse::<jiff::civil::DateTime>() {
            Ok(at) => at,
            Err(_) => {
                let time: jiff::civil::Time = text
                    .parse()
                    .with_context(|| format!("--at {text}: write 23:00 or 2026-11-24T23:00"))?;
                let today = clock.local(now).context("no calendar has this time")?;
                today.date().to_datetime(time)
            }
        };
        let at = at.to_zoned_datetime(clock.zone.clone())?;
        Ok(Timestamp::from_ms(at.timestamp().as_millisecond()))
    }

    async fn past(
        &self,
        rules: &Rules,
        now: Timestamp,
        spool: Option<&SqliteSpool>,
    ) -> anyhow::Result<Past> {
        if let Some(mode) = &self.mode {
            check_mode(mode, rules)?;
            return Ok(Past { mode: Some((mode.clone(), now)) });
        }
        let mode = match spool {
            Some(spool) => spool.chosen_mode().await?,
            None => None,
        };
        Ok(Past { mode })
    }
}

/// Whether there is such a mode.
pub(super) fn check_mode(mode: &str, rules: &Rules) -> anyhow::Result<()> {
    if !rules.modes.iter().any(|known| known.name == mode) {
        bail!("--mode {mode}: there is no such mode in the configuration");
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    if size > MAIL_BYTES_MAX {
        bail!("{}: too large for a mail", path.display());
    }
    std::fs::read(path).with_context(|| path.display().to_string())
}

/// What the header of a mail says of who sent it to whom: most cameras say the same in the envelope.
struct Addresses {
    from: String,
    to: Vec<String>,
}

fn addresses(mail: &[u8]) -> Addresses {
    let text = String::from_utf8_lossy(mail);
    let header = text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let unfolded = header.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        let fields = unfolded.lines().filter_map(|line| line.split_once(':'));
        let mut named = fields.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.split(',').map(address).collect::<Vec<_>>())
    };
    let from = field("from").and_then(|all| all.into_iter().next());
    Addresses { from: from.unwrap_or_default(), to: field("to").unwrap_or_default() }
}

/// `a@b` of `Yard <a@b>`, and of `a@b`.
fn address(text: &str) -> String {
    let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    bare.map_or(text, |(address, _)| address).trim().to_owned()
}
