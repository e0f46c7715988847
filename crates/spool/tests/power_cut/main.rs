//! A power cut loses nothing that was acknowledged (docs/spool.md): a real spool is used under a
//! recorder of its file operations, and opened again on the disk states that a cut could leave at each
//! acknowledgement, between any two operations, and with any part of what was not synced.

mod expected;
mod workload;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use expected::{Expected, Mark};
use tipoff_testkit::power_cut::{Operation, Recording, Unsynced, record};

/// Where the recorded program keeps its spool. Two folders above it are made by it as well.
const DATA: &str = "made/by/data";
/// Seeds of random survivors at each acknowledgement, and at each of the other moments that are tried.
const SEEDS: u64 = 4;
const SEEDS_SOAK: u64 = 100;
/// Of the moments between acknowledgements one in so many is tried.
const MOMENTS: usize = 40;

/// The program that is recorded; started by the test below, and nothing without it.
#[test]
#[ignore = "part of `no_power_cut_loses_what_was_acknowledged`"]
fn recorded_workload() {
    if let (Some(root), Some(marks)) = (path("TIPOFF_TEST_ROOT"), path("TIPOFF_TEST_MARKS")) {
        workload::run(&root.join(DATA), &marks);
    }
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn recording(root: &Path, marks: &Path) -> Recording {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "recorded_workload", "--ignored", "--nocapture"]);
    program.env("TIPOFF_TEST_ROOT", root).env("TIPOFF_TEST_MARKS", marks);
    record(&mut program, root, marks).unwrap()
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let is_soak = std::env::var_os("TIPOFF_TEST_SOAK").is_some();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let recording = recording(&root, &folder.path().join("marks"));
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
    let between = between.iter().copied().step_by(if is_soak { 1 } else { MOMENTS });
    let moments: BTreeSet<_> = acknowledgements.chain(between).collect();
    let moments: Vec<_> = moments.into_iter().collect();
    let kinds = survivors(if is_soak { SEEDS_SOAK } else { SEEDS });

    let (mut expected, mut read, mut states) = (Expected::default(), 0, 0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    recording.cuts(&moments, |moment, cut| {
        while let Some((_, mark)) = marks.get(read).filter(|(at, _)| *at <= moment) {
            expected.note(mark);
            read += 1;
        }
        for unsynced in &kinds {
            let unsynced = match unsynced {
                Unsynced::Random(seed) => Unsynced::Random(seed + ((moment as u64) << 32)),
                other => *other,
            };
            let rebuilt = scratch();
            cut.rebuild(rebuilt.path(), unsynced).unwrap();
            let checked = runtime.block_on(expected.check(&rebuilt.path().join(DATA)));
            if let Err(error) = checked {
                panic!("a cut at moment {moment}, {unsynced:?}: {error}");
            }
            states += 1;
        }
    });
    println!("{} acknowledgements, {} moments, {states} disk states", marks.len(), moments.len());
    assert!(read == marks.len() && read > 200, "{read} of {} acknowledgements", marks.len());
}

fn survivors(seeds: u64) -> Vec<Unsynced> {
    let all = [
        Unsynced::Lost,
        Unsynced::Kept,
        Unsynced::NamesOnly,
        Unsynced::BytesOnly,
        Unsynced::LengthsOnly,
        Unsynced::Zeros,
        Unsynced::Torn,
    ];
    all.into_iter().chain((0..seeds).map(Unsynced::Random)).collect()
}

/// A folder for a rebuilt state: in memory where that is possible, because it need not last.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
