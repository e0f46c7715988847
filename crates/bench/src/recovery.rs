//! `recovery`: alerts wait for a webhook that is away for minutes, Tipoff is killed and started again
//! meanwhile; how soon after its return the first of them is there, and all.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Load;
use crate::hook::Hook;
use crate::mail::Mail;
use crate::server::{Places, free_address};
use crate::table::Row;
use crate::{stop, target};

const CONNECTIONS: usize = 16;
const PICTURE_BYTES: usize = 60_000;
/// How often a pause looks whether the run was interrupted.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Mails that wait
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    mails: u64,
    /// How often Tipoff is killed and started again meanwhile
    #[arg(long, default_value_t = 10)]
    restarts: u32,
    /// How long the webhook is away, in seconds
    #[arg(long, default_value_t = 300)]
    away: u64,
    /// While it is away, it takes connections and never answers, instead of refusing them
    #[arg(long)]
    silent: bool,
    /// After this many seconds without a delivery it is given up
    #[arg(long, default_value_t = 400)]
    patience: u64,
}

/// Measures, and prints the figures.
pub(crate) fn run(places: &Places, args: &Args) -> Result<Vec<Row>> {
    let (address, folder) = (free_address()?, places.temporary()?);
    let away = if args.silent { Some(Silent::at(address)?) } else { None };
    let start = || target::start_for(places, folder.path(), &format!("http://{address}/"));
    let mut server = start()?;
    let mail = Mail::with_picture(PICTURE_BYTES);
    let load =
        Load { address: server.address, mails: args.mails, connections: CONNECTIONS, mail: &mail };
    load.run()?;
    let part = Duration::from_secs(args.away) / (args.restarts + 1);
    for number in 0..args.restarts {
        pause(part)?;
        drop(server);
        server = start().with_context(|| format!("restart {number}"))?;
    }
    pause(part)?;
    drop(away);
    let hook = Hook::open_at(address)?;
    let back = Instant::now();
    let patience = Duration::from_secs(args.patience);
    let first = hook.wait_within(1, patience)?.duration_since(back).as_secs_f64();
    let all = match args.mails {
        1 => first,
        mails => hook.wait_within(mails - 1, patience)?.duration_since(back).as_secs_f64(),
    };
    let what = |which: &str| {
        let Args { mails, restarts, away, .. } = args;
        format!("{which} of {mails} alerts after {away} s away, {restarts} restarts")
    };
    Ok(vec![
        Row::new(what("the first"), "30 s").ours(format!("{first:.1} s")),
        Row::new(what("all"), "60 s").ours(format!("{all:.1} s")),
    ])
}

fn pause(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if stop::asked() {
            bail!("interrupted");
        }
        thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

/// Accepts connections and never answers. Dropping it closes them and frees the address.
struct Silent {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Silent {
    fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        let over = Arc::new(AtomicBool::new(false));
        let over_then = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                if over_then.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut reader) = stream.try_clone() else { return };
                thread::spawn(move || {
                    let mut read = [0; 65_536];
                    while reader.read(&mut read).is_ok_and(|count| count > 0) {}
                });
                held.push(stream);
            }
        });
        Ok(Self { address, over, thread: Some(thread) })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it.
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
