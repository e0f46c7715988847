//! `memory`: what the server occupies idle, with idle connections, and with a large mail in flight.
//! Resident memory as the kernel reports it, sampled; a peak shorter than a sample is not seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::client::Session;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::server::{Places, Server};
use crate::table::Row;
use crate::{peers, target};

/// After the start or the last connection, until the figure is taken.
const SETTLE: Duration = Duration::from_secs(1);
const SAMPLE: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many connections do nothing
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) connections: u64,
    /// The size of the large mail in megabytes of 1,000,000 bytes
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=35))]
    pub(crate) mail_mb: u64,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let hook = Hook::open()?;
    let server = target::start(places, Some(&hook))?;
    thread::sleep(SETTLE);
    let idle_kb = server.memory_kb()?;
    let connected_kb = with_connections(&server, args.connections)?;
    drop(server);
    let flight = Flight::measure(places, args)?;
    let peer_hook = Hook::open()?;
    let peer_kb = match peers::mailrise(places, &peer_hook)? {
        Some(peer) => {
            thread::sleep(SETTLE);
            Some(peer.memory_kb()?)
        }
        None => None,
    };
    let each = connected_kb.saturating_sub(idle_kb) as f64 / args.connections as f64;
    let mail = format!("a {} MB mail in flight", args.mail_mb);
    Ok(vec![
        plain("memory, idle", "15 MB", megabytes(idle_kb))
            .peer(peer_kb.map(|kb| format!("mailrise {}", megabytes(kb)))),
        plain(
            &format!("memory, {} idle connections", args.connections),
            "+10 KB each",
            format!("+{each:.1} KB each"),
        ),
        plain(&format!("memory, {mail}"), "+4 MB", flight.received()),
        plain(&format!("memory, {mail}, until it is delivered"), "none", flight.delivered()),
    ])
}

fn plain(what: &str, target: &str, figure: String) -> Row {
    Row::new(what, target).measured(figure.clone()).ours(figure)
}

pub(crate) fn megabytes(kb: u64) -> String {
    format!("{:.1} MB", kb as f64 / 1_024.0)
}

fn with_connections(server: &Server, connections: u64) -> Result<u64> {
    let open: Vec<Session> =
        (0..connections).map(|_| Session::open(server.address)).collect::<Result<_>>()?;
    thread::sleep(SETTLE);
    let kb = server.memory_kb()?;
    for session in open {
        session.quit()?;
    }
    Ok(kb)
}

/// Memory around a large mail, on a server that has taken a small one before.
struct Flight {
    before_kb: u64,
    received_kb: u64,
    delivered_kb: u64,
}

impl Flight {
    fn measure(places: &Places, args: &Args) -> Result<Self> {
        let mail = Mail::of_size(usize::try_from(args.mail_mb)? * 1_000_000);
        let hook = Hook::open()?;
        let server = target::start(places, Some(&hook))?;
        send(&server, 0, &Mail::with_picture(1_000))?;
        hook.wait_for(1)?;
        thread::sleep(SETTLE);
        let before_kb = server.memory_kb()?;
        let received_kb = peak_during(&server, || send(&server, 1, &mail))?;
        let delivered_kb = peak_during(&server, || hook.wait_for(1).map(drop))?;
        Ok(Self { before_kb, received_kb, delivered_kb: delivered_kb.max(received_kb) })
    }

    fn received(&self) -> String {
        format!("+{}", megabytes(self.received_kb.saturating_sub(self.before_kb)))
    }

    fn delivered(&self) -> String {
        format!("+{}", megabytes(self.delivered_kb.saturating_sub(self.before_kb)))
    }
}

fn send(server: &Server, number: u64, mail: &Mail) -> Result<()> {
    let mut session = Session::open(server.address)?;
    session.send(0, number, mail)?;
    session.quit()
}

/// The most that was occupied while something was done.
pub(crate) fn peak_during(server: &Server, act: impl FnOnce() -> Result<()>) -> Result<u64> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut peak_kb = 0;
            while !done.load(Ordering::Relaxed) {
                peak_kb = peak_kb.max(server.memory_kb()?);
                thread::sleep(SAMPLE);
            }
            anyhow::Ok(peak_kb.max(server.memory_kb()?))
        });
        let acted = act();
        done.store(true, Ordering::Relaxed);
        let peak_kb = sampler.join().map_err(|_| anyhow!("the sampler broke down"))??;
        acted.map(|()| peak_kb)
    })
}
