//! `latency`: from a mail's final dot to the finished request at the webhook, one mail at a time.
//! The next mail waits until all is quiet again.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::client::Session;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::server::{Places, Server};
use crate::statistics::percentile;
use crate::table::Row;
use crate::{peers, target};

const PICTURE_BYTES: usize = 60_000;
/// Mails before the first that is counted.
const WARM_UP_MAILS: u64 = 10;
/// Between mails, so that nothing of the last one is still being done.
const PAUSE: Duration = Duration::from_millis(20);
/// Of the peer only the order of magnitude is of interest.
const PEER_MAILS: u64 = 50;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many mails
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) mails: u64,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let mail = Mail::with_picture(PICTURE_BYTES);
    let hook = Hook::open()?;
    let server = target::start(places, Some(&hook))?;
    let ours = measure(&server, &hook, args.mails, &mail).context("tipoff")?;
    drop(server);
    let hook = Hook::open()?;
    let theirs = match peers::mailrise(places, &hook)? {
        Some(server) => measure(&server, &hook, PEER_MAILS, &mail).context("mailrise")?,
        None => Vec::new(),
    };
    let rows = [(50, "median", "5 ms"), (95, "p95", "none"), (99, "p99", "none")];
    Ok(rows.map(|(percent, name, target)| row(&ours, &theirs, percent, name, target)).into())
}

fn row(ours: &[f64], theirs: &[f64], percent: usize, name: &str, target: &str) -> Row {
    let shown = |values| percentile(values, percent).map(|ms| format!("{ms:.2} ms"));
    let row = Row::new(format!("end of DATA to finished webhook request, {name}"), target);
    let row = row.peer(shown(theirs).map(|figure| format!("mailrise {figure}")));
    match shown(ours) {
        Some(figure) => row.measured(figure.clone()).ours(figure),
        None => row,
    }
}

/// The times in milliseconds.
fn measure(server: &Server, hook: &Hook, mails: u64, mail: &Mail) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for number in 0..WARM_UP_MAILS + mails {
        let mut session = Session::open(server.address)?;
        let dot_at = session.send_timed(number, mail)?;
        let arrived_at = hook.wait_for(1)?;
        session.quit()?;
        if number >= WARM_UP_MAILS {
            times.push(arrived_at.saturating_duration_since(dot_at).as_secs_f64() * 1_000.0);
        }
        thread::sleep(PAUSE);
    }
    Ok(times)
}
