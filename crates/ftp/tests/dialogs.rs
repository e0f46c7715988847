//! Every dialogue in tests/dialogs is played whole at once, line by line and byte by byte: what the
//! session says and does is the same, and as it is written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]

mod common;
#[path = "common/player.rs"]
mod player;

use tipoff_testkit::dialog::{Line, told};

#[test]
fn every_dialogue_goes_as_it_is_written_however_it_is_cut() {
    let dialogs = player::dialogs();
    assert!(dialogs.len() > 40);
    let mut faults = Vec::new();
    for (name, dialog) in dialogs {
        let by_line = player::play(&dialog, by_line);
        if let Err(fault) = dialog.compare(&by_line).and_then(|()| dialog.compare_order(&by_line)) {
            let happened: Vec<String> = by_line.iter().map(told).collect();
            faults.push(format!("{name}: {fault}\n  {}", happened.join("\n  ")));
        }
        let whole = of_server(player::play(&dialog, whole));
        let by_byte = of_server(player::play(&dialog, by_byte));
        if whole != of_server(by_line) || whole != by_byte {
            faults.push(format!("{name}: goes differently when it is cut differently"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn of_server(mut lines: Vec<Line>) -> Vec<Line> {
    lines.retain(|line| !matches!(line, Line::Client(_)));
    lines
}

/// Everything at a time.
fn whole(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    vec![lines.concat()]
}

/// Line by line.
fn by_line(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    lines.to_vec()
}

/// Byte by byte.
fn by_byte(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    lines.concat().iter().map(|&byte| vec![byte]).collect()
}
