//! `tipoff spool copy`: moves a whole spool to another engine, database or data folder. `tipoff spool restored`: makes a
//! database that was restored from a backup safe to go on with.
//!
//! Tipoff must be stopped. The source of a copy stays as it is, so that one can go back. A copy that was killed
//! continues with the same command.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use tipoff_spool::{Copied, CopyProgress, CopyStage};

use super::{Common, Ending, Failure, block_on};
use crate::config::Config;
use crate::disk::size;
use crate::runtime::terminal;

/// How often the line in a terminal changes.
const TERMINAL_EVERY: Duration = Duration::from_millis(100);
/// How often a stage that takes long prints a line, where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The actions on a spool.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Copy everything to the spool of another configuration: history, queue, accounts, files
    Copy(Copy),
    /// After a restore of the database from a backup: give no number again that was given since
    Restored,
}

/// Where to, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Copy {
    /// The configuration file of the target; its `data_dir` and `[spool]` say where that is
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// The target's data folder [default: --data-dir, or what its configuration says]
    #[arg(long, value_name = "FOLDER")]
    to_data_dir: Option<PathBuf>,
    /// Begin anew: remove an unfinished copy in the target first
    #[arg(long)]
    anew: bool,
}

/// Runs one action. Exit code 1 if Tipoff runs on one of the sides, the target is not empty, or the copy failed.
pub(super) fn run(action: &Action, common: &Common) -> Ending {
    match action {
        Action::Copy(args) => copy(args, common),
        Action::Restored => restored(&common.load()?),
    }
}

fn restored(config: &Config) -> Ending {
    let left_out = block_on(tipoff_spool::leave_out_numbers(&config.spool()))?;
    let left_out = left_out.map_err(|error| Failure::Failed(error.into()))?;
    println!("{left_out} numbers of incidents, arrivals and deliveries are left out from now on.");
    Ok(())
}

fn copy(copy: &Copy, common: &Common) -> Ending {
    let source = common.load()?;
    let target = Common {
        config: Some(copy.to.clone()),
        data_dir: copy.to_data_dir.clone().or_else(|| common.data_dir.clone()),
        ..common.clone()
    };
    let target = target.load()?;
    let began = Instant::now();
    let copied = block_on(copy_all(&source, &target, copy.anew))?.map_err(Failure::Failed)?;
    print_summary(&copied, began.elapsed(), copy);
    Ok(())
}

async fn copy_all(source: &Config, target: &Config, anew: bool) -> anyhow::Result<Copied> {
    let mut progress = Progress::new(io::stdout().is_terminal());
    let mut report = |now| progress.show(now, Instant::now());
    let copied =
        tipoff_spool::copy_spool(&source.spool(), &target.spool(), anew, &mut report).await;
    progress.end();
    Ok(copied?)
}

fn print_summary(copied: &Copied, took: Duration, copy: &Copy) {
    let files = match copied.shares_files {
        true => "stay where they are".to_owned(),
        false => format!("({}) were copied", size(copied.bytes)),
    };
    println!(
        "{} rows were copied and are equal; {} files {files}. It took {} s.",
        copied.rows,
        copied.files,
        took.as_secs(),
    );
    if copied.missing > 0 {
        println!("{} files are missing or incomplete in the source:", copied.missing);
        copied.missing_names.iter().for_each(|name| println!("  {name}"));
        let more = copied.missing.saturating_sub(copied.missing_names.len() as u64);
        if more > 0 {
            println!("  and {more} more");
        }
    }
    println!(
        "Start Tipoff with the configuration {} now, and never again with the old one: each of \
         them would deliver what is due.",
        copy.to.display(),
    );
}

/// Shows how far the copy is: one line that changes in a terminal, otherwise a line now and then.
struct Progress {
    is_terminal: bool,
    shown: Option<(CopyStage, Instant)>,
}

impl Progress {
    const fn new(is_terminal: bool) -> Self {
        Self { is_terminal, shown: None }
    }

    fn show(&mut self, progress: CopyProgress, now: Instant) {
        if let Some(text) = self.next(progress, now) {
            terminal::print_bytes(text.as_bytes());
        }
    }

    /// The line for this step; `None` if the last one is recent.
    fn next(&mut self, progress: CopyProgress, now: Instant) -> Option<String> {
        let every = if self.is_terminal { TERMINAL_EVERY } else { LINE_EVERY };
        let is_recent = self
            .shown
            .is_some_and(|(stage, at)| stage == progress.stage && now.duration_since(at) < every);
        if is_recent {
            return None;
        }
        self.shown = Some((progress.stage, now));
        Some(match self.is_terminal {
            // Back to the begin of the line, and erase what is behind the new one.
            true => format!("\r{}\u{1b}[K", line(progress)),
            false => format!("{}\n", line(progress)),
        })
    }

    /// Removes the line of a terminal.
    fn end(&self) {
        if self.is_terminal && self.shown.is_some() {
            terminal::print_bytes(b"\r\x1b[K");
        }
    }
}

fn line(progress: CopyProgress) -> String {
    let what = match progress.stage {
        CopyStage::Rows(table) => format!("Copying the rows of {table}"),
        CopyStage::Files => "Copying the files of arrivals".to_owned(),
        CopyStage::ComparingRows(table) => format!("Comparing the rows of {table}"),
        CopyStage::ComparingFiles => "Comparing the files of arrivals".to_owned(),
        CopyStage::Index => "Indexing the words of arrivals".to_owned(),
    };
    format!("{what}: {} of about {}", progress.done, progress.total.max(progress.done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stage: CopyStage, done: u64) -> CopyProgress {
        CopyProgress { stage, done, total: 900 }
    }

    #[test]
    fn a_terminal_has_one_line_that_changes() {
        let (mut progress, now) = (Progress::new(true), Instant::now());
        let rows = CopyStage::Rows("incident");
        let first = progress.next(at(rows, 500), now).unwrap();
        assert_eq!(first, "\rCopying the rows of incident: 500 of about 900\u{1b}[K");
        assert_eq!(progress.next(at(rows, 600), now), None, "too soon");
        assert!(progress.next(at(CopyStage::Files, 1), now).is_some(), "another stage");
        let next = progress.next(at(CopyStage::Files, 1000), now + TERMINAL_EVERY).unwrap();
        assert!(next.contains(": 1000 of about 1000"), "{next:?}");
    }

    #[test]
    fn elsewhere_each_stage_has_its_lines() {
        let (mut progress, now) = (Progress::new(false), Instant::now());
        let files = CopyStage::ComparingFiles;
        let first = progress.next(at(files, 1), now).unwrap();
        assert_eq!(first, "Comparing the files of arrivals: 1 of about 900\n");
        assert_eq!(progress.next(at(files, 2), now + TERMINAL_EVERY), None);
        assert!(progress.next(at(files, 3), now + LINE_EVERY).is_some());
    }
}
