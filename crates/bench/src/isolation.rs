//! `isolation`: ten channels, of which one is slow, silent or not there: what the nine others notice.
//! One mail at a time; counted is from its final dot to the finished request at each of the nine.

use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::client::Session;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::server::{Places, free_address};
use crate::statistics::percentile;
use crate::table::Row;
use crate::target;

const PICTURE_BYTES: usize = 60_000;
/// The channels whose times count.
const GOOD: usize = 9;
/// Mails before the first that is counted.
const WARM_UP_MAILS: u64 = 20;
/// How long the slow one takes for each answer.
const SLOW: Duration = Duration::from_secs(2);
/// Between mails, so that nothing of the last one is still being done by the good ones.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many mails in each case
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) mails: u64,
}

/// How the tenth channel's service is.
#[derive(Clone, Copy, Debug)]
enum Tenth {
    Fine,
    Slow,
    Silent,
    Gone,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    // Quiet before and after, so that what the machine itself does meanwhile is seen.
    let quiet = measure(places, args, Tenth::Fine)?;
    for (tenth, name) in [
        (Tenth::Slow, "one of ten channels answers after 2 s"),
        (Tenth::Silent, "one of ten channels never answers"),
        (Tenth::Gone, "one of ten channels is not there"),
        (Tenth::Fine, "all ten channels are well, once more"),
    ] {
        let times = measure(places, args, tenth)?;
        let row = Row::new(format!("{name}: p99 of the nine others"), "2 x");
        rows.push(match (percentile(&quiet, 99), percentile(&times, 99)) {
            (Some(quiet), Some(now)) => row
                .measured(format!("{:.2} x", now / quiet))
                .ours(format!("{now:.1} ms, quiet {quiet:.1} ms")),
            _ => row,
        });
    }
    Ok(rows)
}

/// The times of the nine, in milliseconds.
fn measure(places: &Places, args: &Args, tenth: Tenth) -> Result<Vec<f64>> {
    let hooks = (0..GOOD).map(|_| Hook::open()).collect::<Result<Vec<_>>>()?;
    let tenth_hook = Hook::open()?;
    let mut urls: Vec<String> = hooks.iter().map(|hook| hook.url("http")).collect();
    urls.push(match tenth {
        Tenth::Fine => tenth_hook.url("http"),
        Tenth::Slow => slow()?,
        Tenth::Silent => silent()?,
        Tenth::Gone => format!("http://{}/", free_address()?),
    });
    let server = target::start_with(places, &urls)?;
    let mail = Mail::with_picture(PICTURE_BYTES);
    let mut times = Vec::new();
    for number in 0..WARM_UP_MAILS + args.mails {
        let mut session = Session::open(server.address)?;
        let dot_at = session.send_timed(number, &mail)?;
        for hook in &hooks {
            let arrived_at = hook.wait_for(1).with_context(|| format!("{tenth:?}"))?;
            if number >= WARM_UP_MAILS {
                times.push(arrived_at.saturating_duration_since(dot_at).as_secs_f64() * 1_000.0);
            }
        }
        session.quit()?;
        thread::sleep(PAUSE);
    }
    Ok(times)
}

/// A service that answers everything, each after a while.
fn slow() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || crate::hook::answer_after(&stream, SLOW));
        }
    });
    Ok(url)
}

/// A service that reads and never answers.
fn silent() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut read = [0; 65_536];
                while stream.read(&mut read).is_ok_and(|count| count > 0) {}
            });
        }
    });
    Ok(url)
}
