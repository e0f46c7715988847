//! `fleet`: what the spool of a fleet costs beside one of a hundredth of its incidents. The spools are generated, and
//! asked inside this program, without a server. With `--postgres` they are on the shared engine, and what an operation
//! costs there is counted as well (docs/scale.md).

mod counters;
mod embedded;
mod generate;
mod measure;
mod shared;

use std::time::{Instant, SystemTime};

use anyhow::Result;
use tipoff_model::Timestamp;
use tipoff_spool::Spool;
use tokio::runtime::{Builder, Runtime};

use self::generate::Size;
use self::measure::{Subject, Timed};
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
    /// On PostgreSQL, of Debian's packages, which is started for it: a million incidents take 4 GB
    #[arg(long)]
    pub(crate) postgres: bool,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let large = Size { incidents: args.incidents, devices: args.devices };
    let small = Size { incidents: large.incidents / 100, devices: large.devices / 100 };
    let measure = if args.postgres { measure_shared } else { measure_embedded };
    let without = measure(places, small, args.times)?;
    let with = measure(places, large, args.times)?;
    let pairs = with.timed.iter().zip(&without.timed);
    let rows = pairs.map(|(with, without)| row(large, with, without, args.postgres));
    let mut rows: Vec<Row> = rows.collect();
    let mb = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    rows.push(
        Row::new(format!("fleet, {} incidents, the database", large.incidents), "none")
            .measured(mb(with.bytes))
            .ours(format!("{} at {}", mb(without.bytes), small.incidents)),
    );
    Ok(rows)
}

fn row(size: Size, with: &Timed, without: &Timed, has_server: bool) -> Row {
    let (large, small) = (median(&with.times_ms), median(&without.times_ms));
    let (large, small) = (large.unwrap_or(0.0), small.unwrap_or(0.0));
    let worst = percentile(&with.times_ms, 100).unwrap_or(0.0);
    Row::new(format!("fleet, {} incidents, {}", size.incidents, with.name), "2 x")
        .measured(format!("{:.2} x", large / small.max(0.001)))
        .ours(format!(
            "{large:.2} ms, slowest {worst:.2} ms, {} (a hundredth: {small:.2} ms, {})",
            with.cost.text(has_server),
            without.cost.text(has_server)
        ))
}

struct Measured {
    timed: Vec<Timed>,
    bytes: u64,
}

fn measure_embedded(places: &Places, size: Size, times: u16) -> Result<Measured> {
    let folder = places.temporary()?;
    let (now, began) = (Timestamp::from(SystemTime::now()), Instant::now());
    embedded::make(folder.path(), size, now)?;
    eprintln!("fleet: {} incidents generated in {:.0?}", size.incidents, began.elapsed());
    runtime()?.block_on(async {
        let spool = embedded::open(folder.path())?;
        let bytes = spool.database_bytes().await?;
        let subject = Subject { spool: &spool, size, now, times, server: None };
        Ok(Measured { timed: subject.all().await?, bytes })
    })
}

fn measure_shared(places: &Places, size: Size, times: u16) -> Result<Measured> {
    let folder = places.temporary()?;
    let server = shared::start()?;
    let database = server.create_database()?;
    let runtime = runtime()?;
    runtime.block_on(async { shared::open(&database, folder.path()).await.map(drop) })?;
    let (now, began) = (Timestamp::from(SystemTime::now()), Instant::now());
    shared::fill(&server, &database, size, now)?;
    eprintln!("fleet: {} incidents generated in {:.0?}", size.incidents, began.elapsed());
    runtime.block_on(async {
        let spool = shared::open(&database, folder.path()).await?;
        let bytes = spool.database_bytes().await?;
        let counters = || shared::counters(&server, &spool);
        let subject = Subject { spool: &spool, size, now, times, server: Some(&counters) };
        Ok(Measured { timed: subject.all().await?, bytes })
    })
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
