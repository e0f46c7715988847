//! `deliver`: from SMTP to a webhook in this process, ours and mailrise in turn.
//! Pictures are counted, not requests: an alert may carry several.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::client::Load;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::server::{Places, Server};
use crate::statistics::median;
use crate::table::{self, Row};
use crate::{peers, target};

const CONNECTIONS: usize = 16;
const PICTURE_BYTES: usize = 60_000;
/// Mails before the first round, uncounted.
const WARM_UP_MAILS: u64 = 32;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Mails of a round for Tipoff
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) mails: u64,
    /// Mails of a round for mailrise, which takes longer for each
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) peer_mails: u64,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Measure mailrise alone
    #[arg(long)]
    pub(crate) peer_only: bool,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let mail = Mail::with_picture(PICTURE_BYTES);
    let (our_hook, peer_hook) = (Hook::open()?, Hook::open()?);
    let ours = if args.peer_only { None } else { Some(target::start(places, Some(&our_hook))?) };
    let peer = peers::mailrise(places, &peer_hook)?;
    let (mut our_speeds, mut peer_speeds) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        for (name, server, hook, mails, speeds) in [
            ("tipoff", &ours, &our_hook, args.mails, &mut our_speeds),
            ("mailrise", &peer, &peer_hook, args.peer_mails, &mut peer_speeds),
        ] {
            let Some(server) = server else { continue };
            let mails = if round == 0 { WARM_UP_MAILS } else { mails };
            let speed = measure(server, hook, mails, &mail).context(name)?;
            if round > 0 {
                eprintln!("deliver, round {round}: {name} {speed:.0} deliveries/s");
                speeds.push(speed);
            }
        }
    }
    let row = Row::new("end to end into a webhook, 16 connections, 60 KB", "10 x");
    let theirs = median(&peer_speeds);
    Ok(vec![match median(&our_speeds) {
        Some(ours) => table::compared(row, "deliveries/s", "mailrise", ours, theirs),
        None => row.peer(theirs.map(|speed| format!("mailrise {speed:.0} deliveries/s"))),
    }])
}

fn measure(server: &Server, hook: &Hook, mails: u64, mail: &Mail) -> Result<f64> {
    let begun = Instant::now();
    let load = Load { address: server.address, mails, connections: CONNECTIONS, mail };
    load.run()?;
    let ended = hook.wait_for(mails)?;
    Ok(mails as f64 / ended.duration_since(begun).as_secs_f64())
}
