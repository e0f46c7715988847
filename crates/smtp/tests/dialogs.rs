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

use tipoff_testkit::dialog::suite;

#[test]
fn every_recorded_dialogue_is_reproduced_in_pieces_of_any_size() {
    let dialogs = player::dialogs();
    assert!(dialogs.len() > 60);
    let faults = suite::faults(&dialogs, |dialog, cut| player::play(dialog, cut));
    assert!(faults.is_empty(), "{faults}");
}
