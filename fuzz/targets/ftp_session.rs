//! Any bytes are heard as an FTP conversation: the same in any pieces, to an end, with every path
//! inside the device's own tree.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tipoff_ftp::{
    FilePath, MissingFolder, Profile, Session, SharedTree, Step, TransferFailure, TransferOutcome,
    UploadedFile,
};
use tipoff_model::{ArrivalId, Timestamp};

fuzz_target!(|input: &[u8]| {
    // The first bytes say what is offered, what is answered and where the input is cut.
    let [offer, answer, cut, input @ ..] = input else {
        return;
    };
    let whole = talk(*offer, *answer, &[input]);
    let pieces: Vec<&[u8]> = input.chunks(usize::from(*cut) + 1).collect();
    assert_eq!(whole, talk(*offer, *answer, &pieces));
});

/// Everything that happens: each transfer ends when all has been said, then what was held goes on.
fn talk(offer: u8, answer: u8, pieces: &[&[u8]]) -> Vec<String> {
    let on = |byte: u8, bit: u8| byte >> bit & 1 == 1;
    let profile = Profile {
        tls: on(offer, 0),
        missing_folder: if on(offer, 1) { MissingFolder::Create } else { MissingFolder::Learn },
        read: !on(offer, 5),
        extended_passive: !on(offer, 6),
        line_bytes_max: if on(offer, 2) { 64 } else { 2_048 },
        login_failures_max: 2,
        transcript: true,
    };
    let peer = if on(offer, 3) { "fe80::20" } else { "192.168.1.20" };
    let tree = SharedTree::default();
    let mut session = Session::new(Arc::new(profile), peer.parse().unwrap(), on(offer, 4));
    let mut happened = Vec::new();
    for piece in pieces {
        hear(&mut session, piece, answer, &tree, &mut happened);
    }
    for number in 0..8 {
        let file = UploadedFile {
            arrival: ArrivalId(number),
            size: 5,
            modified: Timestamp(0),
            may_grow: false,
        };
        session.transfer_ended(match on(answer, number as u8) {
            true => TransferOutcome::Stored(file),
            false => TransferOutcome::Failed(TransferFailure::Broken, Some(file)),
        });
        hear(&mut session, &[], answer, &tree, &mut happened);
    }
    session.gone();
    happened
}

fn hear(
    session: &mut Session,
    mut input: &[u8],
    answer: u8,
    tree: &SharedTree,
    happened: &mut Vec<String>,
) {
    if session.waiting() {
        return;
    }
    while let Some(step) = session.next_step(&mut input) {
        happened.push(format!("{step:?}"));
        match step {
            Step::Authenticate { .. } if answer & 1 == 0 => {
                session.login_accepted(Arc::clone(tree));
            }
            Step::Authenticate { .. } => session.login_refused(),
            Step::Passive => session.passive(Some("192.168.1.10:50000".parse().unwrap())),
            Step::Foreign(_) => session.foreign(answer & 2 == 0),
            Step::Rename { path, .. } => {
                is_inside(&path);
                session.renamed();
            }
            Step::AwaitUpload(path) => {
                is_inside(&path);
                session.upload_awaited();
            }
            Step::Receive(receive) => is_inside(&receive.path),
            _ => {}
        }
    }
    assert!(input.is_empty(), "what was pushed is taken or discarded");
}

fn is_inside(path: &FilePath) {
    let text = path.as_bytes();
    assert!(text.starts_with(b"/"));
    assert!(
        text.split(|byte| *byte == b'/')
            .skip(1)
            .all(|name| ![&b".."[..], b".", b""].contains(&name))
    );
}
