//! `pull`: cameras that Tipoff asks for their events. What each connection costs in memory, and how soon all are connected
//! again after their network was down.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tipoff_testkit::camera::{Camera, Options, Vendor};
use tokio::runtime::Runtime;

use crate::memory::megabytes;
use crate::server::{Places, Server};
use crate::table::Row;
use crate::{stop, target};

/// Addresses of one network that the cameras have.
const ADDRESSES: usize = 250;
/// Memory counts as settled when it changes by less than this within [`SETTLE`].
const SETTLED_KB: u64 = 200;
const SETTLE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);
/// All cameras are connected within this time, or it is given up.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many cameras
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    cameras: u64,
    /// How long their network is down, in seconds
    #[arg(long, default_value_t = 20)]
    down: u64,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let count = usize::try_from(args.cameras)?;
    let runtime = Runtime::new()?;
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let camera = runtime.block_on(Camera::start_on(Options::of(Vendor::Hikvision), any))?;
    let server = target::start(places, None)?;
    let before_kb = settled(&server)?;
    drop(server);
    let began = Instant::now();
    let server = target::start_asking(places, &devices(count, camera.address().port()))?;
    let connected = wait_for(&camera, count, began)?;
    let after_kb = settled(&server)?;
    camera.set_down(true);
    thread::sleep(Duration::from_secs(args.down));
    let began = Instant::now();
    camera.set_down(false);
    let again = wait_for(&camera, count, began)?;
    let again_kb = settled(&server)?;
    let each = |kb: u64| {
        let each = kb.saturating_sub(before_kb) as f64 / count as f64;
        format!("+{each:.1} KB each ({} in all)", megabytes(kb))
    };
    let row = |what: String, aim: &str, figure: String| {
        Row::new(&what, aim).measured(figure.clone()).ours(figure)
    };
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    Ok(vec![
        row("memory, no camera".to_owned(), "none", megabytes(before_kb)),
        row(format!("memory, {count} cameras that are asked"), "+40 KB each", each(after_kb)),
        row(
            format!("the same after {} s without network", args.down),
            "+40 KB each",
            each(again_kb),
        ),
        row(format!("start until {count} cameras are connected"), "none", seconds(connected)),
        row(
            format!("{count} cameras connected again, after {} s", args.down),
            "30 s",
            seconds(again),
        ),
    ])
}

/// The configuration of so many cameras, each with an address of its own.
fn devices(count: usize, port: u16) -> String {
    let Options { user, password, .. } = Options::default();
    let mut text = String::new();
    for number in 0..count {
        let (network, host) = (number / ADDRESSES, number % ADDRESSES + 1);
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            "[[device]]\nname = \"Camera {number}\"\npull = {{ kind = \"hikvision\", url = \
             \"http://127.0.{network}.{host}:{port}\", user = \"{user}\", password = \"{password}\" }}\n"
        );
    }
    text
}

/// Waits until all cameras are connected.
fn wait_for(camera: &Camera, count: usize, began: Instant) -> Result<Duration> {
    while camera.open_streams() < count {
        if stop::asked() {
            bail!("interrupted");
        }
        if began.elapsed() > PATIENCE {
            bail!("only {} of {count} cameras are connected", camera.open_streams());
        }
        thread::sleep(LOOK);
    }
    Ok(began.elapsed())
}

/// The memory of a server once it stays as it is.
fn settled(server: &Server) -> Result<u64> {
    let mut before = server.memory_kb()?;
    loop {
        thread::sleep(SETTLE);
        let now = server.memory_kb()?;
        if now.abs_diff(before) < SETTLED_KB {
            return Ok(now);
        }
        before = now;
    }
}
