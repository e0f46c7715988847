//! `tipoff incidents export`: the original mails and files of incidents, in a folder or as a zip file.
//!
//! One folder an incident, with readable names, and `index.json` with what `incidents show --json` prints. Only reads.
//! Files that retention removes meanwhile are named as missing.

mod target;

use std::fs::File;
use std::io::{self, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use tipoff_model::{DeviceId, IncidentId, Timestamp};
use tipoff_rules::Clock;
use tipoff_spool::{Blobs, IncidentDetail, IncidentFilter, Spool, SpoolError};

use self::target::{Content, Folder, Target, Zip};
use super::super::arguments::{counted, number};
use super::super::devices::resolve;
use super::super::json::IncidentJson;
use super::super::moment;
use crate::disk::size;
use crate::web::{IncidentFile, incident_files, incident_folder};

/// Incidents that are listed at a time.
const PAGE: u32 = 100;

/// Which incidents, and where to.
#[derive(Clone, Debug, clap::Args)]
pub(in super::super) struct Args {
    /// Their numbers [default: all that the other options select]
    #[arg(value_name = "NUMBER", conflicts_with_all = ["device", "since", "until"], value_parser = number)]
    incidents: Vec<i64>,
    /// Only of this device: its name or number
    #[arg(long)]
    device: Option<String>,
    /// Only those that began at this time or later: 2026-11-24, 2026-11-24T23:00, 23:00, or "12 h" for the last 12 hours
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those that began before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Write into this new folder, or this new zip file if the name ends in .zip [default: a zip file to standard output]
    #[arg(long, short = 'o', value_name = "PATH")]
    to: Option<PathBuf>,
}

/// Counts of the exported incidents and files.
#[derive(Debug, Default)]
struct Summary {
    incidents: u64,
    files: u64,
    bytes: u64,
    missing: u64,
}

/// An entry of `index.json`.
#[derive(Serialize)]
struct IndexEntry<'a, I: Serialize> {
    #[serde(flatten)]
    incident: I,
    /// Paths of its files, from the index.
    files: &'a [String],
    /// Those that are not stored any more.
    missing: &'a [String],
}

/// Exports what was asked for. Exit code 1 if there is no such incident or device, or a file could not be written.
pub(super) async fn run(
    spool: &dyn Spool,
    args: &Args,
    clock: &Clock,
    now: Timestamp,
) -> anyhow::Result<()> {
    let filter = filter(spool, args, clock, now).await?;
    // First: a wrong number leaves no file.
    for number in &args.incidents {
        spool.incident(IncidentId(*number)).await?;
    }
    let target: Box<dyn Target> = match &args.to {
        Some(file) if is_zip(file) => Box::new(Zip::create(file)?),
        Some(folder) => Box::new(Folder::create(folder)?),
        None if io::stdout().is_terminal() => bail!(
            "a zip file is no text for a terminal: name the file or a folder, as in \
             `tipoff incidents export --to incidents.zip`"
        ),
        None => Box::new(Zip::new(io::stdout())),
    };
    let mut export = Export {
        blobs: spool.blobs().clone(),
        target: Some(target),
        index: tempfile::tempfile().context("cannot make a temporary file for the index")?,
        summary: Summary::default(),
        clock: clock.clone(),
    };
    if args.incidents.is_empty() {
        export.all(spool, filter).await?;
    }
    for number in &args.incidents {
        let detail = spool.incident(IncidentId(*number)).await?;
        export.add(spool, &detail).await?;
    }
    let summary = export.finish(now).await?;
    print(&summary, args);
    Ok(())
}

/// Whether a zip file is meant, and not a folder.
fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip")) && !path.is_dir()
}

/// Says what was exported: on standard error where standard output is the zip file.
fn print(summary: &Summary, args: &Args) {
    let Summary { incidents, files, bytes, missing } = summary;
    let (incidents, files) = (counted(*incidents, "incident"), counted(*files, "file"));
    let mut text = format!("Exported: {incidents} with {files} ({}).", size(*bytes));
    if *missing > 0 {
        let missing = counted(*missing, "file");
        text.push_str(&format!(" No longer stored: {missing}; see index.json."));
    }
    match args.to {
        Some(_) => println!("{text}"),
        None => eprintln!("{text}"),
    }
}

/// The incidents that the options select. Suppressed ones are among them.
async fn filter(
    spool: &dyn Spool,
    args: &Args,
    clock: &Clock,
    now: Timestamp,
) -> anyhow::Result<IncidentFilter> {
    let time = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| moment::point(option, text, clock, now)).transpose()
    };
    let device: Option<DeviceId> = match &args.device {
        Some(device) => Some(resolve(spool, device).await?.id),
        None => None,
    };
    Ok(IncidentFilter {
        device,
        from: time("--since", &args.since)?,
        until: time("--until", &args.until)?,
        silent: true,
        ..IncidentFilter::default()
    })
}

/// An export under way.
struct Export {
    blobs: Blobs,
    /// `None` while a file is written.
    target: Option<Box<dyn Target>>,
    /// The entries of the index, which become a file at the end: a zip takes one file after the other.
    index: File,
    summary: Summary,
    clock: Clock,
}

impl Export {
    /// Adds all incidents of a filter, the newest first.
    async fn all(&mut self, spool: &dyn Spool, mut filter: IncidentFilter) -> anyhow::Result<()> {
        loop {
            let lines = spool.incidents(&filter, PAGE).await?;
            for line in &lines {
                match spool.incident(line.id).await {
                    Ok(detail) => self.add(spool, &detail).await?,
                    // Retention has removed it since.
                    Err(SpoolError::NoIncident(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match lines.last() {
                Some(last) if lines.len() == PAGE as usize => filter.before = Some(last.id),
                _ => return Ok(()),
            }
        }
    }

    /// Adds one incident.
    async fn add(&mut self, spool: &dyn Spool, detail: &IncidentDetail) -> anyhow::Result<()> {
        let folder = incident_folder(&detail.line, &self.clock);
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for IncidentFile { path, received_at, place } in incident_files(&folder, detail) {
            match spool.media(place).await? {
                Some(media) => {
                    let size = media.media.size;
                    let written =
                        self.write(Content::Stored(Box::new(media)), &path, received_at).await;
                    match written {
                        Ok(()) => {
                            self.summary.files += 1;
                            self.summary.bytes += size;
                            files.push(path);
                        }
                        Err(error) if is_missing(&error) => missing.push(path),
                        Err(error) => return Err(error),
                    }
                }
                None => missing.push(path),
            }
        }
        self.summary.incidents += 1;
        self.summary.missing += missing.len() as u64;
        let incident = IncidentJson::from(detail);
        let entry = IndexEntry { incident, files: &files, missing: &missing };
        let comma = if self.summary.incidents > 1 { ",\n" } else { "[\n" };
        let text = format!("{comma}{:#}", serde_json::to_value(&entry)?);
        self.index.write_all(text.as_bytes()).context("cannot write a temporary file")
    }

    /// Writes one file. Reading blocks, and may need the runtime: it has a thread of its own.
    async fn write(&mut self, content: Content, path: &str, at: Timestamp) -> anyhow::Result<()> {
        let mut target = self.target.take().context("the export has ended already")?;
        let (blobs, path) = (self.blobs.clone(), path.to_owned());
        let (target, written) = tokio::task::spawn_blocking(move || {
            let written = content
                .open(&blobs)
                .and_then(|(mut reader, size)| target.add(&path, at, size, &mut *reader));
            (target, written)
        })
        .await?;
        self.target = Some(target);
        written
    }

    /// Writes the index and ends the target.
    async fn finish(mut self, now: Timestamp) -> anyhow::Result<Summary> {
        let end = if self.summary.incidents == 0 { "[]\n" } else { "\n]\n" };
        self.index.write_all(end.as_bytes()).context("cannot write a temporary file")?;
        self.index.rewind()?;
        let index = Content::Index(self.index.try_clone()?);
        self.write(index, "index.json", now).await?;
        let target = self.target.take().context("the export has ended already")?;
        tokio::task::spawn_blocking(move || target.finish()).await??;
        Ok(self.summary)
    }
}

/// Whether the file of an arrival is gone: retention removed it between two questions.
fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<target::Missing>().is_some()
}
