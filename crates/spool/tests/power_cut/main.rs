//! A power cut loses nothing that was acknowledged (docs/spool.md): a real spool is used under a
//! recorder of its file operations, and opened again on the disk states that a cut could leave at each
//! acknowledgement, between any two operations, and with any part of what was not synced.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod expected;
mod workload;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use expected::{Expected, Mark};
use tipoff_testkit::power_cut::{Operation, Recording, Unsynced, record};

/// Where the recorded program keeps its spool. Two folders above it are made by it as well.
const DATA: &str = "made/by/data";
/// How much of a recording is tried.
#[derive(Clone, Copy)]
struct Extent {
    /// Besides each acknowledgement, one in so many of the other moments.
    moments: usize,
    /// Whether all of [`SURVIVORS`] are tried at each moment, or one after the other.
    all: bool,
    /// So many random parts of what was not synced survive at each moment.
    seeds: u64,
}

/// What may survive besides nothing and random parts.
const SURVIVORS: [Unsynced; 6] = [
    Unsynced::Kept,
    Unsynced::NamesOnly,
    Unsynced::BytesOnly,
    Unsynced::LengthsOnly,
    Unsynced::Zeros,
    Unsynced::Torn,
];

/// The program that is recorded; started by the tests below, and nothing without them.
#[test]
fn recorded_workload() {
    if let (Some(root), Some(marks)) = (path("TIPOFF_TEST_ROOT"), path("TIPOFF_TEST_MARKS")) {
        let is_short = std::env::var_os("TIPOFF_TEST_SHORT").is_some();
        let workload = if is_short { workload::run_first } else { workload::run };
        workload(&root.join(DATA), &marks);
    }
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn recording(root: &Path, marks: &Path, is_short: bool) -> Recording {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "recorded_workload", "--nocapture"]);
    program.env("TIPOFF_TEST_ROOT", root).env("TIPOFF_TEST_MARKS", marks);
    if is_short {
        program.env("TIPOFF_TEST_SHORT", "1");
    }
    record(&program, root, marks).unwrap()
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let extent = match std::env::var_os("TIPOFF_TEST_SOAK") {
        Some(_) => Extent { moments: 1, all: true, seeds: 6 },
        None => Extent { moments: 40, all: false, seeds: 2 },
    };
    let marks = check(false, extent);
    assert!(marks > 200, "{marks} marks");
}

#[test]
fn the_first_run_makes_nothing_that_a_power_cut_takes_away() {
    let marks = check(true, Extent { moments: 4, all: true, seeds: 4 });
    assert_eq!(marks, 2);
}

/// Records a program and looks into the states that cuts could leave; how many marks it wrote.
fn check(is_short: bool, extent: Extent) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let recording = recording(&root, &folder.path().join("marks"), is_short);
    let marks: Vec<_> = recording
        .steps()
        .iter()
        .filter_map(|step| match &step.operation {
            Operation::Mark(text) => Some((step.began, Mark::read(text))),
            _ => None,
        })
        .collect();
    let acknowledgements = marks.iter().map(|(moment, _)| *moment);
    let between = recording.moments();
    let between = between.iter().copied().step_by(extent.moments);
    let moments: BTreeSet<_> = acknowledgements.chain(between).collect();
    let moments: Vec<_> = moments.into_iter().collect();

    let (mut expected, mut read) = (Expected::default(), 0);
    let (mut cuts, mut states) = (0, 0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    recording.cuts(&moments, |moment, cut| {
        while let Some((_, mark)) = marks.get(read).filter(|(at, _)| *at <= moment) {
            expected.note(mark);
            read += 1;
        }
        for unsynced in survivors(moment, cuts, extent) {
            let rebuilt = scratch();
            cut.rebuild(rebuilt.path(), unsynced).unwrap();
            let share = if extent.all { None } else { Some(states) };
            let checked = runtime.block_on(expected.check(&rebuilt.path().join(DATA), share));
            if let Err(error) = checked {
                panic!("a cut at moment {moment}, {unsynced:?}: {error}");
            }
            states += 1;
        }
        cuts += 1;
    });
    println!("{} marks, {cuts} moments, {states} disk states", marks.len());
    assert_eq!(read, marks.len());
    read
}

fn survivors(moment: usize, cuts: usize, extent: Extent) -> Vec<Unsynced> {
    let random = (0..extent.seeds).map(|seed| Unsynced::Random(((moment as u64) << 32) + seed));
    let count = if extent.all { SURVIVORS.len() } else { 1 };
    let others = SURVIVORS.into_iter().cycle().skip(cuts % SURVIVORS.len()).take(count);
    [Unsynced::Lost].into_iter().chain(others).chain(random).collect()
}

/// A folder for a rebuilt state: in memory where that is possible, because it need not last.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
