//! `ftp`: uploads, rounds of ours and of the peers' in turn, and what uploads cost in memory.
//! Ours are durable before they are acknowledged; the peers' are not.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::memory::{megabytes, peak_during};
use crate::server::{Places, Server};
use crate::statistics::median;
use crate::table::{self, Row};
use crate::upload::Load;
use crate::{peers, target};

/// The part of the files of a round that is uploaded before the first, uncounted.
const WARM_UP: u64 = 10;
/// After the start, until the memory is looked at.
const SETTLE: Duration = Duration::from_secs(1);
const MB: u64 = 1_000_000;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Ftp {
    /// Pictures, a session each, beside pyftpdlib and vsftpd
    Small(Small),
    /// Videos, beside vsftpd and pyftpdlib
    Large(Large),
    /// Memory while very large videos come
    Memory(Memory),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Small {
    /// Files of a round
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    files: u64,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Large {
    /// Files of a round
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..))]
    files: u64,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Memory {
    /// The size of each of four files, in megabytes of 1,000,000 bytes
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    mb: u64,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, what: &Ftp) -> Result<Vec<Row>> {
    match what {
        Ftp::Small(args) => small(places, args),
        Ftp::Large(args) => large(places, args),
        Ftp::Memory(args) => memory(places, args),
    }
}

fn small(places: &Places, args: &Small) -> Result<Vec<Row>> {
    let load = Shape { files: args.files, bytes: 300_000, sessions: 8, rounds: args.rounds };
    let speeds = load.compare(places, "300 KB")?;
    let row = Row::new("uploads, 8 sessions, 300 KB", "1.5 x pyftpdlib");
    speeds.told(row, "files/s", ["pyftpdlib", "vsftpd"], 1.0)
}

fn large(places: &Places, args: &Large) -> Result<Vec<Row>> {
    let load = Shape { files: args.files, bytes: 20 * MB, sessions: 4, rounds: args.rounds };
    let speeds = load.compare(places, "20 MB")?;
    let row = Row::new("uploads, 4 sessions, 20 MB", "0.8 x vsftpd");
    speeds.told(row, "MB/s", ["vsftpd", "pyftpdlib"], 20.0)
}

/// How much is uploaded how.
struct Shape {
    files: u64,
    bytes: u64,
    sessions: usize,
    rounds: u64,
}

/// Files a second of each server, by rounds.
struct Speeds(Vec<(&'static str, Vec<f64>)>);

impl Shape {
    fn compare(&self, places: &Places, size: &str) -> Result<Speeds> {
        let servers = [
            ("tipoff", Some(target::start_ftp(places)?)),
            ("vsftpd", peers::vsftpd(places)?),
            ("pyftpdlib", peers::pyftpdlib(places)?),
        ];
        let mut speeds: Vec<_> = servers.iter().map(|(name, _)| (*name, Vec::new())).collect();
        for round in 0..=self.rounds {
            for ((name, server), (_, speeds)) in servers.iter().zip(&mut speeds) {
                let Some(server) = server else { continue };
                let speed = self.measure(server, round).context(*name)?;
                if round > 0 {
                    eprintln!("uploads of {size}, round {round}: {name} {speed:.1} files/s");
                    speeds.push(speed);
                }
            }
        }
        Ok(Speeds(speeds))
    }

    fn measure(&self, server: &Server, round: u64) -> Result<f64> {
        let files = if round == 0 { self.files.div_ceil(WARM_UP) } else { self.files };
        let (bytes, sessions) = (self.bytes, self.sessions);
        let first = round * self.files;
        let load = Load { address: server.address, files, bytes, sessions, first };
        // Who syncs must not pay for what the others left in memory: a journal commits them all.
        rustix::fs::sync();
        Ok(files as f64 / load.run()?.as_secs_f64())
    }
}

impl Speeds {
    fn of(&self, wanted: &str) -> Option<f64> {
        let speeds = self.0.iter().find(|(name, _)| *name == wanted);
        median(&speeds?.1)
    }

    /// A row for each peer; the target is for the first. `factor` makes the unit of files.
    fn told(&self, row: Row, unit: &str, peers: [&str; 2], factor: f64) -> Result<Vec<Row>> {
        let Some(ours) = self.of("tipoff") else { bail!("no round was measured") };
        let [first, second] = peers;
        let theirs = |peer| self.of(peer).map(|speed| speed * factor);
        let other = Row::new(format!("the same beside {second}"), "none");
        Ok(vec![
            table::compared(row, unit, first, ours * factor, theirs(first)),
            table::compared(other, unit, second, ours * factor, theirs(second)),
        ])
    }
}

fn memory(places: &Places, args: &Memory) -> Result<Vec<Row>> {
    let server = target::start_ftp(places)?;
    let bytes = args.mb * MB;
    let load = Load { address: server.address, files: 4, bytes, sessions: 4, first: 0 };
    // Nothing is uploaded before: what four sessions keep would count as there already.
    thread::sleep(SETTLE);
    let before_kb = server.memory_kb()?;
    let peak_kb = peak_during(&server, || load.run().map(drop))?;
    let figure = format!("+{}", megabytes(peak_kb.saturating_sub(before_kb)));
    let what = format!("memory, four uploads of {} MB", args.mb);
    Ok(vec![Row::new(what, "+16 MB").measured(figure.clone()).ours(figure)])
}
