//! Tests of the transfer decoders: the same output in any pieces, and what devices write beyond the RFCs.

use proptest::prelude::*;

use super::*;

const ENCODINGS: [Encoding; 7] = [
    Encoding::Identity,
    Encoding::Base64,
    Encoding::QuotedPrintable,
    Encoding::Uuencode,
    Encoding::Base64InBase64,
    Encoding::Base64InQuotedPrintable,
    Encoding::Base64Escaped,
];

fn decode<'a>(encoding: Encoding, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut decoder = Decoder::new(encoding);
    let mut output = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut output);
    }
    decoder.finish(&mut output);
    output
}

/// Whole and byte by byte, decoded and counted.
#[track_caller]
fn check(encoding: Encoding, input: &str, expected: &str) {
    let whole = decode(encoding, [input.as_bytes()]);
    assert_eq!(String::from_utf8_lossy(&whole), expected, "{input:?}");
    assert_eq!(decode(encoding, input.as_bytes().chunks(1)), whole, "{input:?} by bytes");
    let mut counter = Counter::new(encoding);
    counter.push(input.as_bytes());
    assert_eq!(counter.size(), len(&whole), "{input:?} counted");
}

#[test]
fn base64_is_read_leniently() {
    for (input, expected) in [
        ("", ""),
        ("QWxhcm0=", "Alarm"),
        ("QWxhcm0", "Alarm"),
        ("QWxhcm0h", "Alarm!"),
        ("QWxh\r\ncm0h\r\n", "Alarm!"),
        ("QWxh\rcm0h", "Alarm!"),
        (" Q W\tx h*cm0-h ", "Alarm!"),
        ("QWxhcm0hQ", "Alarm!"),
        ("=", ""),
        ("====", ""),
    ] {
        check(Encoding::Base64, input, expected);
    }
}

#[test]
fn escapes_in_base64_are_resolved() {
    for (input, expected) in [
        ("QWxhcm0=", "Alarm"),
        (r"QWxh\ncm0h\r\n", "Alarm!"),
        (r"QWxh\\ncm0h", "Alarm!"),
        (r"\/\/7+\u0041A\u003d\u003D", "\u{FFFD}\u{FFFD}\u{FFFD}\0"),
        ("QWxhcm0%3D", "Alarm"),
        ("QWxhcm0%3d%0D%0A", "Alarm"),
        ("QWxh&#13;&#xA;cm0&#61;", "Alarm"),
        ("QWxh%5Cncm0h%5C%5Cn%5Cu003d", "Alarm!"),
        ("QWxh&#92;ncm0h", "Alarm!"),
        ("QWxh&amp;cm0h", "Alarm!"),
        ("QWxh&#999999;cm0h", "Alarm!"),
        ("QWxh%", "Ala"),
        ("QWxh\\", "Ala"),
        ("QWxh&#6", "Ala"),
    ] {
        check(Encoding::Base64Escaped, input, expected);
    }
}

#[test]
fn base64_takes_no_more_room_than_its_input() {
    let mut output = Vec::new();
    Decoder::new(Encoding::Base64).push(&[b'A'; 4000], &mut output);
    assert_eq!(output.len(), 3000);
    assert!(output.capacity() <= 4000, "{}", output.capacity());
}

#[test]
fn base64_in_an_encoded_page_is_decoded_twice() {
    for (input, expected) in [
        ("4,QWxhcm0=\" b", "Alarm"),
        ("=2CQWxh=\r\ncm0=3D\">QUFB", "Alarm"),
        (",QWxh\r\n cm0h) QUFB", "Alarm!"),
        ("=,QQ", "A"),
        ("no comma", ""),
        ("", ""),
    ] {
        check(Encoding::Base64InQuotedPrintable, input, expected);
    }
    // `64,QWxhcm0="a`
    for (input, expected) in [
        ("NjQsUVd4aGNtMD0iYQ==", "Alarm"),
        ("NjQsUVd4\r\naGNtMD0iYQ==", "Alarm"),
        ("NjQsUVd4aGNtMD0", "Alarm"),
        ("NjQsUVd4aG", "Ala"),
    ] {
        check(Encoding::Base64InBase64, input, expected);
    }
}

#[test]
fn behind_padding_more_base64_goes_on_and_a_footer_does_not() {
    for (input, expected) in [
        ("QWxhcm0=\r\n--\r\nSent by ipcam", "Alarm"),
        ("QWxhcm0= Thanks", "Alarm"),
        ("QWxhcm0=\r\nSent by ipcam from the garden", "Alarm"),
        ("QWxhcm0=\r\nQWxhcm0gb24gY2FtZXJhIDEh", "AlarmAlarm on camera 1!"),
        ("QWxhcm0=QWxhcm0gb24gY2FtZXJhIDEh", "AlarmAlarm on camera 1!"),
        ("QQ==\r\nQg==\r\nQw==\r\n", "ABC"),
        // One letter short of a run.
        ("QQ==\r\nQWxhcm0gb24gY2F", "A"),
        ("QQ==\r\nQWxhcm0gb24gY2Ft", "AAlarm on cam"),
        ("QQ==Q=QWxhcm0gb24gY2Ft", "A"),
    ] {
        check(Encoding::Base64, input, expected);
    }
}

#[test]
fn quoted_printable_is_read_leniently() {
    for (input, expected) in [
        ("caf=C3=A9 =c3=a9", "café é"),
        ("soft=\r\nbreak=\nand=\rmore", "softbreakandmore"),
        ("soft= \t\r\nwhite", "softwhite"),
        ("a = b", "a = b"),
        ("100 =%", "100 =%"),
        ("=4G =4=41 =ZZ ==41", "=4G =4A =ZZ =A"),
        ("white \t \r\nspace  \nend \t", "white\r\nspace\nend"),
        ("two words", "two words"),
        ("a \r\nb\t\nc", "a\r\nb\nc"),
        ("a= ", "a"),
        ("end=", "end"),
        ("end=4", "end=4"),
        ("=\r\r\n", "\r\n"),
    ] {
        check(Encoding::QuotedPrintable, input, expected);
    }
}

#[test]
fn white_space_is_held_back_up_to_its_limit() {
    let most = " ".repeat(998);
    check(Encoding::QuotedPrintable, &format!("a{most}\r\nb"), "a\r\nb");
    check(Encoding::QuotedPrintable, &format!("a{most} \r\nb"), &format!("a{most}\r\nb"));
}

#[test]
fn uuencode_is_read_leniently() {
    for (input, expected) in [
        ("#0V%T\n", "Cat"),
        ("#0V%T", "Cat"),
        ("#0V%T\r\n#0V%T\r\n", "CatCat"),
        // Two of three bytes; then with its end stripped, where a zero byte stood.
        ("\"0V$ \n", "Ca"),
        ("$0V%T\n", "Cat\0"),
        // A checksum behind the data, the last line of length zero, no data line.
        ("#0V%TX\n`\nend\n", "Cat"),
        ("#0V", "C"),
    ] {
        check(Encoding::Uuencode, input, expected);
    }
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let bit = prop_oneof![
        8 => "[A-Za-z0-9+/]{1,40}",
        2 => Just("\r\n".to_owned()),
        2 => Just("=".to_owned()),
        1 => "[ \t]{1,5}",
        1 => Just("\r".to_owned()),
        1 => "=[0-9A-Fa-f]{2}",
        1 => "[ -`]{4,20}\n",
    ];
    let likely = proptest::collection::vec(bit, 0..30).prop_map(|bits| bits.concat().into_bytes());
    prop_oneof![likely, proptest::collection::vec(any::<u8>(), 0..400)]
}

proptest! {
    #[test]
    fn every_split_decodes_and_counts_the_same(
        input in input(),
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        cuts.sort_unstable_by_key(|cut| cut.index(input.len() + 1));
        let mut pieces = Vec::new();
        let mut rest = input.as_slice();
        for cut in &cuts {
            let done = input.len() - rest.len();
            let (piece, more) = rest.split_at(cut.index(input.len() + 1) - done);
            pieces.push(piece);
            rest = more;
        }
        pieces.push(rest);
        for encoding in ENCODINGS {
            let whole = decode(encoding, [input.as_slice()]);
            prop_assert_eq!(&decode(encoding, pieces.iter().copied()), &whole);
            let mut counter = Counter::new(encoding);
            let mut so_far = 0;
            for &piece in &pieces {
                counter.push(piece);
                so_far += piece.len();
                let until_here = decode(encoding, [&input[..so_far]]);
                prop_assert_eq!(counter.size(), len(&until_here), "{:?}", encoding);
            }
        }
    }
}
