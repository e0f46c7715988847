use std::net::IpAddr;

use proptest::prelude::*;

use super::memory::PARSERS_BYTES_MAX;
use super::*;

/// Many parts of few letters.
const PARTS: &str = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n";
const PART: &str = "--b\nContent-Type: image/jpeg; name=abcdefgh.jpg\n\nx\n--b\n\nword\n";

fn owner(last: u8, is_known: bool) -> ParserOwner {
    ParserOwner { address: AddressShare::of(IpAddr::from([10, 0, 0, last])), is_known }
}

/// Its header's line is held whole.
fn greedy(parsers: &ParserPool, owner: ParserOwner) -> MailParser {
    let mut mail = parsers.begin(owner);
    mail.push(b"X-Field: ");
    mail.push(&[b'x'; 60_000]);
    mail
}

fn has_parser(mail: &MailParser) -> bool {
    lock(&mail.slot).is_some()
}

#[test]
fn the_address_that_holds_most_gives_up_its_parsers_and_nobody_else() {
    let parsers = ParserPool::default();
    let known = greedy(&parsers, owner(1, true));
    let honest: Vec<MailParser> =
        (2..10).map(|last| greedy(&parsers, owner(last, false))).collect();
    let mails: Vec<MailParser> = (0..500)
        .map(|_| {
            let mail = greedy(&parsers, owner(20, false));
            assert!(parsers.memory().bytes <= PARSERS_BYTES_MAX);
            mail
        })
        .collect();
    assert!(mails.iter().filter(|mail| !has_parser(mail)).count() > 100);
    assert!(has_parser(&known) && honest.iter().all(has_parser));
    drop((known, honest, mails));
    assert_eq!(parsers.memory().bytes, 0);
}

#[test]
fn known_devices_give_up_theirs_where_nobody_else_has_any() {
    let parsers = ParserPool::default();
    let mails: Vec<MailParser> = (0..500).map(|_| greedy(&parsers, owner(1, true))).collect();
    assert!(parsers.memory().bytes <= PARSERS_BYTES_MAX);
    assert!(mails.iter().any(has_parser) && !mails.iter().all(has_parser));
}

#[test]
fn what_is_being_stored_counts_and_is_kept() {
    let parsers = ParserPool::default();
    let mut ending: Vec<MailParser> = (0..50).map(|_| greedy(&parsers, owner(1, false))).collect();
    let ended: Vec<_> = ending.iter_mut().map(MailParser::end).collect();
    let bytes = parsers.memory().bytes;
    let others: Vec<MailParser> = (0..500).map(|_| greedy(&parsers, owner(2, false))).collect();
    assert!(ended.iter().all(Option::is_some));
    assert!(parsers.memory().bytes <= PARSERS_BYTES_MAX);
    drop(others);
    assert_eq!(parsers.memory().bytes, bytes);
}

#[test]
fn mails_of_cameras_are_not_counted() {
    let parsers = ParserPool::default();
    let mut mail = parsers.begin(owner(1, false));
    mail.push(b"Subject: Motion\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nCamera 1\r\n");
    mail.push(b"--b\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    mail.push("/9j/4AAQSkZJRgABAQAAAQABAAD\r\n".repeat(10_000).as_bytes());
    mail.push(b"--b--\r\n");
    assert!(mail.number.is_none() && has_parser(&mail));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_mail_that_is_read_again_is_the_same(
        parts in 0..300_usize,
        text in "[ -~\n]{0,200}",
        size in 1..5_000_usize,
    ) {
        let mail = format!("{PARTS}{}{text}", PART.repeat(parts)).into_bytes();
        let mut parser = Parser::new();
        mail.chunks(size).for_each(|chunk| parser.push(chunk));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail");
        std::fs::write(&path, &mail).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let again = runtime.block_on(async {
            let mut share = Turns::default().of(IpAddr::from([10, 0, 0, 1]));
            read_again(path, &mut share).await.unwrap()
        });
        prop_assert_eq!(parser.finish(), again.finish());
    }
}
