//! `tipoff route test`: which routes match a mail, and why. Nothing is stored or sent.
//!
//! The mail goes through the same parser, the same vendors and the same rules as one that a device
//! sends. The past is empty besides the mode: no cooldown and no rate limit suppresses the alert,
//! so the answer is about the routes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tipoff_model::{Content, Envelope, Facts, LoginProof, Plan, Planner, Protocol, Timestamp};
use tipoff_vendors::MailReading;

use crate::cli::moment::{self, Moment};
use crate::cli::{Ending, block_on};
use crate::config::Config;
use crate::receive::DeviceDirectory;

/// Longer files are not read. The limit is far above the default of `max_message` in `[smtp]`, 50 MB.
const MAIL_BYTES_MAX: u64 = 500_000_000;

/// A mail and how it would come.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TestArgs {
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

/// Prints what the rules decide about the mail.
pub(super) fn run(args: &TestArgs, config: Config, now: Timestamp) -> Ending {
    block_on(test(args, config, now))??;
    Ok(())
}

/// Reads the mail, makes its envelope from the arguments or its header, and prints the verdict of
/// each route.
async fn test(args: &TestArgs, config: Config, now: Timestamp) -> anyhow::Result<()> {
    let mail = read(&args.mail)?;
    let headers = addresses(&mail);
    let mut parser = tipoff_mail::Parser::new();
    parser.push(&mail);
    let content = parser.finish();
    let MailReading { event, details, camera, .. } = tipoff_vendors::read(&content);
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
    let spool = moment::open_spool(&config).await?;
    let now = args.moment.time(&config.rules.clock, now)?;
    let past = args.moment.past(&config.rules, now, spool.as_deref()).await?;
    let directory = DeviceDirectory::new(config.access, config.devices);
    if let Some(spool) = &spool {
        directory.set_added(spool.added_devices().await?);
    }
    let device = directory.resolver().device(&envelope, content.camera.as_ref());
    let facts = Facts { event, envelope: Some(&envelope), ..Facts::of(&device, now, &content) };
    println!("device  {}", device.name);
    println!("event   {}", facts.event);
    println!("from    {}", envelope.sender);
    println!("to      {}", envelope.recipients.join(", "));
    println!("subject {}", content.subject);
    println!("files   {}", content.media.len());
    moment::print_moment(&config.rules, &past, now);
    for judged in config.rules.judge(&facts, &past) {
        println!("  {}: {}", judged.route.name, judged.verdict);
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

/// The bytes of the mail. The size is checked before, so that a wrong file does not fill the memory.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if size > MAIL_BYTES_MAX {
        bail!("{}: too large for a mail", path.display());
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The addresses in the header of a mail. Most cameras write the same ones into the envelope, which
/// a file does not have.
struct Addresses {
    from: String,
    to: Vec<String>,
}

/// Reads `From` and `To`, the first of each, with folded lines (RFC 5322, section 2.2.3). A field
/// that is missing is empty.
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
