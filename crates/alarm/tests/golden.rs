//! Every request in `tests/requests` is read as recorded beside it, in any pieces. `UPDATE_EXPECT=1` records.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};

use common::Recorded;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn requests() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "http"))
        .collect();
    paths.sort();
    assert!(paths.len() > 30, "the requests are there");
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn requests_are_read_as_recorded() {
    for (path, file) in requests() {
        let (request, body) = Recorded::of_file(&file).parse(usize::MAX).unwrap();
        common::check(&request, &body);
        let found = common::render(&request, &body);
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

#[test]
fn pieces_of_any_size_give_the_same() {
    for (path, file) in requests() {
        let recorded = Recorded::of_file(&file);
        let whole = recorded.parse(usize::MAX).unwrap();
        for step in [1, 2, 3, 7, 64, 511, 512, 513] {
            assert_eq!(recorded.parse(step).unwrap(), whole, "{} by {step}", path.display());
        }
    }
}

#[test]
fn damaged_requests_are_read() {
    let requests: Vec<_> = requests().into_iter().map(|(_, it)| Recorded::of_file(&it)).collect();
    let edits =
        proptest::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<u8>()), 1..8);
    let strategy = (0..requests.len(), edits, any::<bool>(), 1..600_usize);
    TestRunner::default()
        .run(&strategy, |(number, edits, torn, step)| {
            let recorded = &requests[number];
            let mut body = recorded.body.clone();
            for (at, edit, byte) in edits {
                let at = at.index(body.len() + 1);
                match edit {
                    0 => body.truncate(at),
                    1 => body.insert(at, byte),
                    2 => drop(body.drain(at..(at + 20).min(body.len()))),
                    3 => body.splice(at..at, b"\r\n--boundary".iter().copied()).for_each(drop),
                    _ => body.insert(at, b"{}[]<>\"\\&%=;"[usize::from(byte) % 12]),
                }
            }
            let whole = common::parse(&recorded.head(), &body, usize::MAX, torn).unwrap();
            common::check(&whole.0, &whole.1);
            let pieces = common::parse(&recorded.head(), &body, step, torn).unwrap();
            prop_assert_eq!(pieces, whole);
            Ok(())
        })
        .unwrap();
}
