//! Whole conversations by FTP, with many commands at once: what happens is the same as one command at a
//! time, whatever transfers begin between them, and what is answered does not grow without bound.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tipoff_ftp::{
    MissingFolder, Profile, Session, SharedTree, Step, TransferFailure, TransferOutcome,
    UploadedFile,
};
use tipoff_model::{ArrivalId, Timestamp};

/// What a byte of the input says.
const COMMANDS: [&str; 40] = [
    "USER a",
    "PASS b",
    "ACCT c",
    "PWD",
    "CWD /x",
    "CWD ..",
    "CDUP",
    "MKD d",
    "XMKD d/e",
    "RMD d",
    "TYPE I",
    "TYPE A",
    "MODE S",
    "STRU F",
    "PASV",
    "EPSV",
    "EPSV ALL",
    "PORT 192,168,1,20,200,1",
    "EPRT |1|192.168.1.20|50001|",
    "STOR a.jpg",
    "STOR a.jpg",
    "APPE a.jpg",
    "STOU",
    "REST 2",
    "RETR a.jpg",
    "LIST",
    "NLST",
    "MLSD",
    "MLST a.jpg",
    "STAT /",
    "STAT",
    "SIZE a.jpg",
    "MDTM a.jpg",
    "DELE a.jpg",
    "RNFR a.jpg",
    "RNTO b.jpg",
    "ALLO 5",
    "ABOR",
    "NOOP",
    "FEAT",
];
/// Steps for each command at most: a listing is one.
const STEPS_PER_COMMAND: usize = 64;

fuzz_target!(|input: &[u8]| {
    let [answer, input @ ..] = input else { return };
    let commands: Vec<String> = input
        .iter()
        .take(64)
        .map(|byte| {
            let command = COMMANDS[usize::from(*byte) % COMMANDS.len()];
            format!("{command}\r\n")
        })
        .collect();
    let whole = commands.concat();
    let one_by_one: Vec<&[u8]> = commands.iter().map(String::as_bytes).collect();
    let happened = talk(*answer, &one_by_one);
    assert!(happened.len() <= (commands.len() + 1) * STEPS_PER_COMMAND);
    // ABOR is heard during a transfer only where both are there: other orders are other conversations.
    if !whole.contains("ABOR") {
        assert_eq!(happened, talk(*answer, &[whole.as_bytes()]));
    }
});

fn talk(answer: u8, pieces: &[&[u8]]) -> Vec<String> {
    let profile = Profile {
        tls: false,
        missing_folder: MissingFolder::Create,
        read: true,
        extended_passive: true,
        line_bytes_max: 2_048,
        login_failures_max: 2,
        transcript: false,
    };
    let tree = SharedTree::default();
    let mut session = Session::new(Arc::new(profile), "192.168.1.20".parse().unwrap(), false);
    let (mut happened, mut transfers) = (Vec::new(), 0);
    for piece in pieces {
        let mut input = *piece;
        loop {
            let transfer = steps(&mut session, &mut input, answer, &tree, &mut happened);
            let Some(is_upload) = transfer else { break };
            transfers += 1;
            let size = 5;
            let file = UploadedFile {
                arrival: ArrivalId(transfers),
                size,
                modified: Timestamp(0),
                may_grow: false,
            };
            session.transfer_ended(match (is_upload, answer >> (transfers % 8) & 1) {
                (true, 1) => TransferOutcome::Stored(file),
                (true, _) => TransferOutcome::Failed(TransferFailure::Broken, Some(file)),
                (false, 1) => TransferOutcome::Sent,
                (false, _) => TransferOutcome::Failed(TransferFailure::Broken, None),
            });
        }
    }
    session.gone();
    happened
}

/// All steps until a transfer begins, and whether that is an upload; `None`: there are no more.
fn steps(
    session: &mut Session,
    input: &mut &[u8],
    answer: u8,
    tree: &SharedTree,
    happened: &mut Vec<String>,
) -> Option<bool> {
    while let Some(step) = session.next_step(input) {
        happened.push(format!("{step:?}"));
        match step {
            Step::Authenticate { .. } if answer & 1 == 0 => {
                session.login_accepted(Arc::clone(tree))
            }
            Step::Authenticate { .. } => session.login_refused(),
            Step::Passive => session.passive(Some("192.168.1.10:50000".parse().unwrap())),
            Step::Foreign(_) => session.foreign(answer & 2 == 0),
            Step::Rename { .. } => session.renamed(),
            Step::AwaitUpload(_) => session.upload_awaited(),
            Step::Receive(_) => return Some(true),
            Step::Send(_) => return Some(false),
            _ => {}
        }
    }
    None
}
