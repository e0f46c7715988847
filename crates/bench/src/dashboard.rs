//! `dashboard`: how fast its pages are with many incidents in the spool, and what that costs in
//! memory, beside a Tipoff without any that is asked the same.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Load;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::memory::megabytes;
use crate::server::{Places, Server};
use crate::statistics::{median, percentile};
use crate::table::Row;
use crate::target;

/// After the start or the last question, until memory is looked at.
const SETTLE: Duration = Duration::from_secs(2);
/// A page that takes longer is stuck.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Cameras, each with a connection and a device of its own.
const CAMERAS: usize = 32;
const PICTURE_BYTES: usize = 2_000;

/// The pages that are requested: name in the output, path, and the target in milliseconds.
const PAGES: [(&str, &str, f64); 13] = [
    ("the timeline", "/", 50.0),
    ("filter: a device", "/?device=1", 150.0),
    ("filter: an event that all have", "/?event=motion", 150.0),
    ("filter: an event that none has", "/?event=vehicle", 150.0),
    ("filter: delivered", "/?state=delivered&channel=hook", 150.0),
    ("filter: refused, which none is", "/?state=refused", 150.0),
    ("filter: a day that has all", "/?day=TODAY", 150.0),
    ("filter: a day that has none", "/?day=2020-01-01", 150.0),
    ("filter: words that all have", "/?text=motion+detected", 150.0),
    ("filter: a word that none has", "/?text=xyzzy", 150.0),
    ("the oldest page", "/?before=40", 150.0),
    ("devices", "/devices", 150.0),
    ("overview", "/overview", 150.0),
];

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Incidents in the spool
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    pub(crate) incidents: u64,
    /// How often each page is asked for, one at a time
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) times: u16,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let hook = Hook::open()?;
    let (empty, full) = (places.temporary()?, places.temporary()?);
    // The first start makes what every later one finds: both are measured at their second.
    drop(target::start_in(places, empty.path(), Some(&hook))?);
    fill(&target::start_in(places, full.path(), Some(&hook))?, &hook, args.incidents)?;
    let without = measure(places, empty.path(), &hook, args.times)?;
    let with = measure(places, full.path(), &hook, args.times)?;
    let count = args.incidents;
    let mut rows: Vec<Row> = with.pages.iter().map(|page| page.row(count)).collect();
    let memory = |what: &str, kb: u64, base_kb: u64| {
        let more = format!("+{}", megabytes(kb.saturating_sub(base_kb)));
        let figure = format!("{} (empty: {})", megabytes(kb), megabytes(base_kb));
        Row::new(format!("memory, {count} incidents, {what}"), "+20 MB").measured(more).ours(figure)
    };
    rows.push(memory("at the start", with.idle_kb, without.idle_kb));
    rows.push(memory("after these pages, four at once", with.used_kb, without.used_kb));
    Ok(rows)
}

fn fill(server: &Server, hook: &Hook, incidents: u64) -> Result<()> {
    let mail = Mail::with_picture(PICTURE_BYTES);
    let (address, connections) = (server.address, CAMERAS);
    // In pieces, so that the hook is never so far behind that it seems to be stuck.
    let mut left = incidents;
    while left > 0 {
        let mails = left.min(5_000);
        Load { address, mails, connections, mail: &mail }.run()?;
        hook.wait_for(mails)?;
        left -= mails;
        eprintln!("dashboard: {left} incidents to go");
    }
    Ok(())
}

struct Measured {
    pages: Vec<Page>,
    idle_kb: u64,
    used_kb: u64,
}

struct Page {
    name: &'static str,
    target_ms: f64,
    times_ms: Vec<f64>,
}

impl Page {
    fn row(&self, incidents: u64) -> Row {
        let ms = |time: Option<f64>| time.map_or_else(String::new, |ms| format!("{ms:.1} ms"));
        let worst = percentile(&self.times_ms, 100);
        Row::new(
            format!("dashboard, {incidents} incidents, {}", self.name),
            if self.target_ms < 100.0 { "50 ms" } else { "150 ms" },
        )
        .measured(ms(median(&self.times_ms)))
        .ours(format!("slowest {}", ms(worst)))
    }
}

fn measure(places: &Places, folder: &Path, hook: &Hook, times: u16) -> Result<Measured> {
    let token = target::token(places, folder)?;
    let server = target::start_in(places, folder, Some(hook))?;
    let http = target::http(folder)?;
    thread::sleep(SETTLE);
    let idle_kb = server.memory_kb()?;
    let today = today(http, &token)?;
    let path = |path: &str| path.replace("TODAY", &today);
    let mut pages = Vec::new();
    for (name, address, target_ms) in PAGES {
        let address = path(address);
        let ask = |_| get(http, &token, &address).map(|(took, _)| took.as_secs_f64() * 1_000.0);
        let times_ms = (0..times).map(ask).collect::<Result<_>>()?;
        pages.push(Page { name, target_ms, times_ms });
    }
    thread::scope(|scope| {
        let asker = || {
            PAGES.iter().try_for_each(|(_, address, _)| get(http, &token, &path(address)).map(drop))
        };
        let askers: Vec<_> = (0..4).map(|_| scope.spawn(asker)).collect();
        askers.into_iter().try_for_each(|asker| match asker.join() {
            Ok(asked) => asked,
            Err(_) => bail!("an asker broke down"),
        })
    })?;
    thread::sleep(SETTLE);
    Ok(Measured { pages, idle_kb, used_kb: server.memory_kb()? })
}

/// The day as the server counts it: of the latest incident, or the first day of all.
fn today(http: SocketAddr, token: &str) -> Result<String> {
    let (_, answer) = get(http, token, "/api/v1/incidents?limit=1")?;
    let began = answer.split_once("\"began_at\":\"").and_then(|(_, rest)| rest.get(..10));
    Ok(began.unwrap_or("1970-01-01").to_owned())
}

/// Asks for a page; how long it took until its last byte.
fn get(http: SocketAddr, token: &str, path: &str) -> Result<(Duration, String)> {
    let mut stream = TcpStream::connect(http)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {http}\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    );
    let begun = Instant::now();
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| path.to_owned())?;
    let took = begun.elapsed();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("{path} was answered {}", answer.lines().next().unwrap_or_default());
    }
    Ok((took, answer))
}
