//! What holds for any bytes: however they are cut, the same happens, and it ends.
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

use common::{Answers, Ending, Shell};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tipoff_ftp::{Profile, TransferFailure};

/// The bytes in pieces that end at some of the places.
fn cut<'a>(bytes: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

/// Words of the protocol, and what is none.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"USER cam\r\n",
        b"PASS x\n",
        b"CWD /a//b/../c\r\n",
        b"CWD ..\r\n",
        b"MKD a/b\r\n",
        b"RMD a\r\n",
        b"DELE x.jpg\r\n",
        b"RNFR x.jpg\r\n",
        b"RNFR a\r\n",
        b"RNTO a/y.jpg\r\n",
        b"RNTO z\r\n",
        b"REST 5\r\n",
        b"PASV\r\n",
        b"EPSV\r\n",
        b"EPSV ALL\r\n",
        b"PORT 192,168,1,20,200,0\r\n",
        b"PORT 10,0,0,1,200,0\r\n",
        b"EPRT |1|192.168.1.20|2000|\r\n",
        b"PORT 0,0,0,0,200,0\r\n",
        b"MFMT 20200102030405 a\r\n",
        b"MDTM 20200102030405 a\r\n",
        b"SITE UTIME a 20200102030405 20200102030405 20200102030405 UTC\r\n",
        b"\xFF\xF4\xF2ABOR\r\n",
        b"STOR x.jpg\r\n",
        b"STOR a/x.jpg\r\n",
        b"STOU\r\n",
        b"APPE x.jpg\r\n",
        b"STOR a\r\n",
        b"STOR x.jpg/y.jpg\r\n",
        b"CWD x.jpg\r\n",
        b"MKD x.jpg\r\n",
        b"RNTO a\r\n",
        b"RNTO x.jpg/z\r\n",
        b"CWD a/b/c/d/e/f/g/h/i/j/k/l/m/n\r\n",
        b"STOR \x95\\y\\\x83\\.jpg\r\n",
        b"RETR x.jpg\r\n",
        b"LIST -la\r\n",
        b"NLST a\r\n",
        b"MLSD\r\n",
        b"MLST x.jpg\r\n",
        b"STAT\r\n",
        b"STAT a\r\n",
        b"SIZE x.jpg\r\n",
        b"MDTM x.jpg\r\n",
        b"\xFF\xF4\xFF\xF2ABOR\r\n",
        b"ABOR\r\n",
        b"AUTH TLS\r\n",
        b"PROT P\r\n",
        b"REIN\r\n",
        b"QUIT\r\n",
        b"\r\n",
        b"\n",
        b"\xFF",
        b"a line that is longer than it may be, by far, as lines of hostile clients are\r\n",
    ];
    let piece = prop_oneof![
        12 => select(words).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..60),
    ];
    let begun = select(vec!["", "USER a\r\nPASS b\r\n"]);
    (begun, vec(piece, 0..40))
        .prop_map(|(begun, pieces)| [begun.as_bytes(), &pieces.concat()].concat())
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => (0_u64..10).prop_map(Ending::Done),
        1 => (0_u64..10).prop_map(|kept| Ending::Failed(TransferFailure::Broken, Some(kept))),
        1 => Just(Ending::Failed(TransferFailure::NoConnection, None)),
    ]
}

fn shell() -> Shell {
    let profile = Profile { line_bytes_max: 60, transcript: true, ..Profile::default() };
    Shell::new(profile, "192.168.1.20".parse().unwrap(), false, Answers::default())
}

/// All that happens: each transfer ends only when everything has been said.
fn run(shell: &mut Shell, pieces: &[&[u8]], endings: &[Ending]) {
    for piece in pieces {
        shell.push(piece);
    }
    for ending in endings {
        shell.end_transfer(*ending);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_dialogue_is_the_same_in_pieces_of_any_size(places in vec(any::<Index>(), 0..40)) {
        for (name, dialog) in player::dialogs() {
            let happened = player::play(&dialog, |lines| {
                cut(&lines.concat(), &places).into_iter().map(<[u8]>::to_vec).collect()
            });
            prop_assert_eq!(dialog.compare(&happened), Ok(()), "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// [`Shell`] sees to it that each push comes to an end and takes all input, that there is one
    /// transfer at a time and that only what is under way is aborted.
    #[test]
    fn any_bytes_give_the_same_result_in_pieces_of_any_size(
        bytes in soup(),
        places in vec(any::<Index>(), 0..20),
        endings in vec(ending(), 0..12),
    ) {
        let mut whole = shell();
        run(&mut whole, &[&bytes], &endings);
        let mut pieces = shell();
        run(&mut pieces, &cut(&bytes, &places), &endings);
        prop_assert_eq!(whole.happened, pieces.happened);
    }
}
