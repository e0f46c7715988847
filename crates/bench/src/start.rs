//! `start`: from the making of the process to its first 220.
//! Each time once with a fresh folder, where keys and tables are made, and once again with the same.

use anyhow::{Context, Result};

use crate::hook::Hook;
use crate::server::Places;
use crate::statistics::median;
use crate::table::Row;
use crate::{peers, target};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many starts of each kind
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) starts: u16,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..args.starts {
        let folder = places.temporary()?;
        for times in [&mut fresh, &mut again] {
            // The server ends with this statement: the folder is free for the next.
            let time = target::start_in(places, folder.path(), None)?.start_time;
            times.push(time.as_secs_f64() * 1_000.0);
        }
    }
    let hook = Hook::open()?;
    let peer = peers::mailrise(places, &hook)?.map(|peer| peer.start_time.as_secs_f64() * 1_000.0);
    let peer = peer.map(|ms| format!("mailrise {ms:.0} ms"));
    let row = |what, times: &[f64]| {
        let figure = median(times).map(|ms| format!("{ms:.1} ms")).context("no start")?;
        anyhow::Ok(Row::new(what, "100 ms").measured(figure.clone()).ours(figure))
    };
    Ok(vec![
        row("start to first 220, fresh folder", &fresh)?.peer(peer),
        row("start to first 220, existing folder", &again)?,
    ])
}
