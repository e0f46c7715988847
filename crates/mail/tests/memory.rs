//! The memory that a parser says it holds: no less than it keeps, and not many times more. The receiver drops the
//! largest parsers by it.

use tipoff_mail::Parser;

/// What a parser holds after a mail that has not ended.
fn held(mail: &str) -> usize {
    let mut parser = Parser::new();
    parser.push(mail.as_bytes());
    parser.held_bytes()
}

#[test]
fn what_a_parser_keeps_is_counted() {
    let long = "a".repeat(5000);
    let lines = "motion\n".repeat(1000);
    let base64 = "PHA+YWFhYWFhYWFhYWFh".repeat(300);
    let file = format!("/9j/4AAQ{}\n", "A".repeat(64)).repeat(200);
    let boundary = "b".repeat(190);
    let page = "Content-Type: text/html\n";
    let encoded = "Content-Transfer-Encoding: base64\n";
    for (what, mail, least) in [
        ("a field", format!("X-A: {long}"), 5000),
        ("fields", format!("X-A: {long}\nX-B: {long}\n"), 10_000),
        ("lines that are no field", format!("Subject: a\n{long}"), 5000),
        ("a message id", format!("Message-ID: <{long}>\n\n"), 5000),
        ("a subject", format!("Subject: {}\n\n", "a".repeat(900)), 0),
        ("a boundary", format!("Content-Type: multipart/mixed; boundary={boundary}\n\n"), 190),
        ("a name", format!("Content-Type: image/jpeg; name={long}\n\n"), 5000),
        ("a name on a page", format!("Content-Type: image/jpeg\nContent-ID: <{long}>\n\n"), 400),
        ("the first bytes", format!("Subject: a\n\n{}", "a".repeat(100)), 100),
        ("what may be a boundary", format!("{page}\n--{}", "x".repeat(90)), 90),
        ("a text", format!("Subject: a\n\n{lines}"), 7000),
        ("a page", format!("{page}\n<p>{lines}"), 7000),
        ("an encoded page", format!("{page}{encoded}\n{base64}"), 6000),
        ("a file", format!("Content-Type: image/jpeg\n{encoded}\n{file}"), 300),
        (
            "a picture of a page",
            format!("Content-Type: image/jpeg\nContent-ID: <1>\n{encoded}\n{file}"),
            4096,
        ),
        ("a file in a text", format!("Subject: a\n\n{file}text\n{file}"), 700),
    ] {
        let found = held(&mail);
        assert!((least..=3 * least + 4000).contains(&found), "{what}: {found}");
    }
}

#[test]
fn what_has_ended_is_not_held_any_more() {
    let file = format!("/9j/4AAQ{}\n", "A".repeat(64)).repeat(200);
    let part =
        format!("--b\nContent-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n{file}");
    let few = held(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(2)));
    let many = held(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(20)));
    assert!(many < few + 20 * 1000, "{few} and {many}");
}
