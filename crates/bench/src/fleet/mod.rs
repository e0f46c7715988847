//! `fleet`: what the spool of a fleet costs beside one of a hundredth of its incidents. The spools are generated, and
//! asked inside this program, without a server.

mod generate;
mod measure;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Result;
use tipoff_model::Timestamp;
use tipoff_spool::{Spool, SqliteSpool};

use self::generate::Size;
use self::measure::{Everything, Timed};
use crate::server::Places;
use crate::statistics::{median, percentile};
use crate::table::Row;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Incidents in the larger spool; the smaller one has a hundredth of them and of the devices
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(100_000..))]
    pub(crate) incidents: i64,
    /// Devices in the larger spool
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(i64).range(1_000..))]
    pub(crate) devices: i64,
    /// How often each is asked
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) times: u16,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let large = Size { incidents: args.incidents, devices: args.devices };
    let small = Size { incidents: large.incidents / 100, devices: large.devices / 100 };
    let without = measure(places, small, args.times)?;
    let with = measure(places, large, args.times)?;
    let rows =
        with.timed.iter().zip(&without.timed).map(|(with, without)| row(large, with, without));
    let mut rows: Vec<Row> = rows.collect();
    let mb = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    rows.push(
        Row::new(format!("fleet, {} incidents, the database", large.incidents), "none")
            .measured(mb(with.bytes))
            .ours(format!("{} at {}", mb(without.bytes), small.incidents)),
    );
    Ok(rows)
}

fn row(size: Size, with: &Timed, without: &Timed) -> Row {
    let (large, small) = (median(&with.times_ms), median(&without.times_ms));
    let (large, small) = (large.unwrap_or(0.0), small.unwrap_or(0.0));
    let worst = percentile(&with.times_ms, 100).unwrap_or(0.0);
    Row::new(format!("fleet, {} incidents, {}", size.incidents, with.name), "2 x")
        .measured(format!("{:.2} x", large / small.max(0.001)))
        .ours(format!(
            "{large:.2} ms, slowest {worst:.2} ms, processor {:.2} ms \
             (a hundredth: {small:.2} ms, processor {:.2} ms)",
            with.cpu_ms, without.cpu_ms
        ))
}

struct Measured {
    timed: Vec<Timed>,
    bytes: u64,
}

fn measure(places: &Places, size: Size, times: u16) -> Result<Measured> {
    let folder = places.temporary()?;
    let open = || SqliteSpool::open(folder.path(), Arc::new(Everything));
    drop(open()?);
    let (now, began) = (Timestamp::from(SystemTime::now()), Instant::now());
    generate::fill(folder.path(), size, now)?;
    // Otherwise the first commits would write all of it to the disk.
    rustix::fs::sync();
    eprintln!("fleet: {} incidents generated in {:.0?}", size.incidents, began.elapsed());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let began = Instant::now();
        let spool = open()?;
        eprintln!("fleet: opened in {:.0?}", began.elapsed());
        let bytes = spool.database_bytes().await?;
        Ok(Measured { timed: measure::all(&spool, size, now, times).await?, bytes })
    })
}
