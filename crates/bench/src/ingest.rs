//! `ingest`: mails a second that are taken, rounds of ours and of smtp-sink in turn.
//! Tipoff has no channel here, so that nothing but taking and storing is measured.

use anyhow::{Context, Result};

use crate::client::Load;
use crate::mail::Mail;
use crate::server::{Places, Server};
use crate::statistics::median;
use crate::table::{self, Row};
use crate::{peers, target};

/// The part of the mails of a round that is sent before the first, uncounted.
const WARM_UP: u64 = 10;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The picture's size in kilobytes of 1,000 bytes
    #[arg(long, default_value_t = 60)]
    pub(crate) kb: usize,
    /// Connections at a time; every mail comes on a new one
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) connections: u16,
    /// Mails of a round
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) mails: u64,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Measure smtp-sink alone
    #[arg(long)]
    pub(crate) peer_only: bool,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let mail = Mail::with_picture(args.kb * 1_000);
    let ours = if args.peer_only { None } else { Some(target::start(places, None)?) };
    let peer = peers::smtp_sink(places)?;
    let (mut our_speeds, mut peer_speeds) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        for (name, server, speeds) in
            [("tipoff", &ours, &mut our_speeds), ("smtp-sink", &peer, &mut peer_speeds)]
        {
            let Some(server) = server else { continue };
            let speed = measure(server, args, &mail, round == 0).context(name)?;
            if round > 0 {
                eprintln!("ingest {} KB, round {round}: {name} {speed:.0} mails/s", args.kb);
                speeds.push(speed);
            }
        }
    }
    let what = format!("ingest, {} connections, {} KB", args.connections, args.kb);
    let row = Row::new(what, target(args.kb));
    let theirs = median(&peer_speeds);
    Ok(vec![match median(&our_speeds) {
        Some(ours) => table::compared(row, "mails/s", "smtp-sink", ours, theirs),
        None => row.peer(theirs.map(|speed| format!("smtp-sink {speed:.0} mails/s"))),
    }])
}

fn measure(server: &Server, args: &Args, mail: &Mail, warm_up: bool) -> Result<f64> {
    let mails = if warm_up { args.mails.div_ceil(WARM_UP) } else { args.mails };
    let connections = args.connections.into();
    let load = Load { address: server.address, mails, connections, mail };
    Ok(mails as f64 / load.run()?.as_secs_f64())
}

fn target(kb: usize) -> &'static str {
    match kb {
        60 => "1.0 x",
        300 => "1.5 x",
        _ => "none",
    }
}
