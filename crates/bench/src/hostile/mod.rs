//! `hostile`: attacks at full strength from addresses of their own, alone and all together, and what a known
//! camera and the dashboard notice of each.

mod attacks;
mod dialog;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::attacks::{Attack, Ports};
use self::dialog::Dialog;
use crate::hook::Hook;
use crate::mail::{self, Mail};
use crate::server::{Places, Server, free_address};
use crate::statistics::{median, percentile};
use crate::table::{Row, markdown};
use crate::target;

const PICTURE_BYTES: usize = 60_000;
/// Time for an attack to reach its full strength.
const ATTACK_BEGINS: Duration = Duration::from_secs(3);
/// Between the camera's mails.
const PAUSE: Duration = Duration::from_millis(50);
/// A mail is sent for each upload and page so often.
const MAILS_PER_UPLOAD: u64 = 5;
/// The known camera's address, which no attack uses.
const CAMERA: u8 = 1;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Attacks to run [default: none, each, and all at once]
    #[arg(value_enum)]
    attacks: Vec<Attack>,
    /// Run the named attacks at once
    #[arg(long)]
    together: bool,
    /// Mails of the known camera during each attack
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    mails: u64,
}

/// Runs the attacks one after the other.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let mut rounds: Vec<Vec<Attack>> = if args.together {
        vec![args.attacks.clone()]
    } else if args.attacks.is_empty() {
        let each = Attack::value_variants().iter().map(|attack| vec![*attack]);
        std::iter::once(Vec::new()).chain(each).collect()
    } else {
        args.attacks.iter().map(|attack| vec![*attack]).collect()
    };
    if args.attacks.is_empty() {
        rounds.push(Attack::value_variants().to_vec());
    }
    let mut rows = Vec::new();
    for attacks in rounds {
        let row = match Noticed::during(places, &attacks, args.mails) {
            Ok(noticed) => noticed.row(&attacks),
            Err(error) => Row::new(name(&attacks), TARGET).measured(format!("failed: {error:#}")),
        };
        eprint!("{}", markdown(std::slice::from_ref(&row)).lines().last().unwrap_or_default());
        eprintln!();
        rows.push(row);
    }
    Ok(rows)
}

const TARGET: &str = "mail 300 ms, worst 1 s; upload 2 s; page 1 s; 128 MB";

fn name(attacks: &[Attack]) -> String {
    match attacks {
        [] => "no attack".to_owned(),
        [attack] => format!("{attack:?}"),
        all if all.len() == Attack::value_variants().len() => "all at once".to_owned(),
        some => some.iter().map(|attack| format!("{attack:?}")).collect::<Vec<_>>().join(" and "),
    }
}

/// Times in milliseconds, and the most memory.
#[derive(Default)]
struct Noticed {
    mails: Vec<f64>,
    uploads: Vec<f64>,
    pages: Vec<f64>,
    health: Vec<f64>,
    failures: Vec<String>,
    peak_kb: u64,
}

impl Noticed {
    fn during(places: &Places, attacks: &[Attack], mails: u64) -> Result<Self> {
        let folder = places.temporary()?;
        let hook = Hook::open()?;
        let ports = Ports::free()?;
        let server = start(places, folder.path(), &hook, ports)?;
        let token = target::token(places, folder.path())?;
        let camera = Camera { ports, mail: Mail::with_picture(PICTURE_BYTES), token };
        camera.mail(0)?;
        camera.upload(0)?;
        camera.page("/")?;
        hook.wait_for(2)?;
        let stop = Arc::new(AtomicBool::new(false));
        let held: Vec<_> =
            attacks.iter().map(|attack| attack.begin(ports, &stop)).collect::<Result<_>>()?;
        thread::sleep(ATTACK_BEGINS);
        let mut noticed = Self::default();
        for number in 1..=mails {
            noticed.time(|noticed| &mut noticed.mails, || camera.mail(number));
            if number % MAILS_PER_UPLOAD == 0 {
                noticed.time(|noticed| &mut noticed.uploads, || camera.upload(number));
                noticed.time(|noticed| &mut noticed.pages, || camera.page("/"));
                noticed.time(|noticed| &mut noticed.health, || camera.page("/healthz"));
            }
            thread::sleep(PAUSE);
        }
        let sent = noticed.mails.len() + noticed.uploads.len();
        let alerted = hook.wait_for(sent as u64).map(drop);
        noticed.failures.extend(alerted.err().map(|error| format!("{error:#}")));
        noticed.peak_kb = server.peak_memory_kb()?;
        stop.store(true, Ordering::Relaxed);
        drop(held);
        Ok(noticed)
    }

    fn time(
        &mut self,
        times: impl FnOnce(&mut Self) -> &mut Vec<f64>,
        act: impl FnOnce() -> Result<()>,
    ) {
        let begun = Instant::now();
        match act() {
            Ok(()) => times(self).push(begun.elapsed().as_secs_f64() * 1_000.0),
            Err(error) => self.failures.push(format!("{error:#}")),
        }
    }

    fn row(&self, attacks: &[Attack]) -> Row {
        let told = |name: &str, times: &[f64]| match (median(times), percentile(times, 100)) {
            (Some(median), Some(worst)) => format!("{name} {median:.0} ms, worst {worst:.0} ms"),
            _ => format!("{name} none"),
        };
        let mut figures = vec![
            told("mail", &self.mails),
            told("upload", &self.uploads),
            told("page", &self.pages),
            told("health", &self.health),
            format!("{} MB", self.peak_kb / 1_024),
        ];
        if let Some(first) = self.failures.first() {
            figures.push(format!("{} failures, the first: {first}", self.failures.len()));
        }
        Row::new(name(attacks), TARGET).measured(figures.join("; "))
    }
}

/// The default configuration, with one known camera and one channel.
fn start(places: &Places, folder: &Path, hook: &Hook, ports: Ports) -> Result<Server> {
    let file = folder.join("tipoff.toml");
    let text = format!(
        "[smtp]\nlisten = [\"{}\"]\n[ftp]\nlisten = [\"{}\"]\npassive_ports = \"{}-{}\"\n\
         [http]\nlisten = \"{}\"\n[incidents]\nquiet = \"0 s\"\n[retention]\nmax_size = \"3 GB\"\n\
         [[device]]\nname = \"Front yard\"\nuser = \"front\"\npassword = \"a long password\"\n\
         [[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        ports.smtp,
        ports.ftp,
        ports.passive,
        ports.passive + 99,
        ports.http,
        hook.url("http"),
    );
    fs::write(&file, text)?;
    let mut command = Command::new(target::program(places)?);
    command.arg("run").arg("--config").arg(&file).arg("--data-dir").arg(folder.join("data"));
    Server::start(command, ports.smtp, folder)
}

/// The known camera, and its owner before the dashboard.
struct Camera {
    ports: Ports,
    mail: Mail,
    token: String,
}

impl Camera {
    /// From the connection to the 250 and the end of the session.
    fn mail(&self, number: u64) -> Result<()> {
        let mut session = Dialog::open(CAMERA, self.ports.smtp)?;
        session.expect("220")?;
        session.say("EHLO front", "250")?;
        // RFC 4616: authorization identity, authentication identity, password.
        session.say("AUTH PLAIN AGZyb250AGEgbG9uZyBwYXNzd29yZA==", "235")?;
        session.say("MAIL FROM:<front@example.org>", "250")?;
        session.say("RCPT TO:<me@example.org>", "250")?;
        session.say("DATA", "354")?;
        session.write(mail::head(0, number).as_bytes())?;
        session.write(self.mail.with_dot())?;
        session.expect("250").context("after the mail")?;
        session.say("QUIT", "221").map(drop)
    }

    fn upload(&self, number: u64) -> Result<()> {
        let mut session = Dialog::open(CAMERA, self.ports.ftp)?;
        session.log_in("front", "a long password")?;
        session.say("TYPE I", "200")?;
        let mut data = session.passive(CAMERA)?;
        session.say(&format!("STOR {number}.jpg"), "150")?;
        data.write(&[b"\xFF\xD8\xFF\xE0".as_slice(), &number.to_be_bytes()].concat())?;
        data.write(&vec![b'a'; PICTURE_BYTES])?;
        data.write(b"\xFF\xD9")?;
        drop(data);
        session.expect("226")?;
        session.say("QUIT", "221").map(drop)
    }

    fn page(&self, path: &str) -> Result<()> {
        let mut dialog = Dialog::open(CAMERA, self.ports.http)?;
        let (http, token) = (self.ports.http, &self.token);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {http}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        dialog.write(request.as_bytes())?;
        let answer = dialog.rest()?;
        if !answer.starts_with(b"HTTP/1.1 200 ") {
            let first = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
            bail!("{path} was answered {}", String::from_utf8_lossy(first));
        }
        Ok(())
    }
}

impl Ports {
    /// Ports that are free now; of the passive ones only the first is looked at.
    fn free() -> Result<Self> {
        let (smtp, ftp, http) = (free_address()?, free_address()?, free_address()?);
        // Below the ports that the system gives to connections.
        let passive = 20_000 + (std::process::id() % 90) as u16 * 100;
        Ok(Self { smtp, ftp, http, passive })
    }
}
