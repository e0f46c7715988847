//! What is known of a mail beside its content: its Message-ID, and whether all of it has arrived.

use tipoff_mail::{Parsed, Parser};

fn parsed(mail: &str, torn: bool) -> Parsed {
    let mut whole = Parser::new();
    whole.push(mail.as_bytes());
    let mut by_bytes = Parser::new();
    mail.as_bytes().chunks(1).for_each(|byte| by_bytes.push(byte));
    let end = |parser: Parser| if torn { parser.torn_parsed() } else { parser.finish_parsed() };
    let (whole, by_bytes) = (end(whole), end(by_bytes));
    assert_eq!(
        (&whole.content, &whole.message_id, whole.is_closed),
        (&by_bytes.content, &by_bytes.message_id, by_bytes.is_closed)
    );
    whole
}

#[test]
fn a_mail_is_closed_when_its_outermost_multipart_is() {
    let head = "Content-Type: multipart/mixed; boundary=a\n\n";
    let inner = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b--\n";
    for (mail, expected) in [
        (format!("{head}--a\n\nx\n--a--\n"), true),
        (format!("{head}--a\n\nx\n--a--"), true),
        (format!("{head}--a\n\nx\n--a--\nepilogue\n"), true),
        (format!("{head}--a\n{inner}--a--\n"), true),
        (format!("{head}--a\n{inner}"), false),
        (format!("{head}--a\n\nx\n"), false),
        (format!("{head}--a\n\nx\n--a"), false),
        (format!("{head}preamble\n"), false),
        ("Subject: a\n\nx\n".to_owned(), false),
        (format!("{head}--a\nContent-Type: message/rfc822\n\n{head}--a--\n"), false),
        // More boundaries than are read: what follows them is not known.
        (format!("{head}{}--a--\n", "--a\n\nx\n".repeat(2001)), false),
    ] {
        for torn in [false, true] {
            assert_eq!(
                parsed(&mail, torn).is_closed,
                expected,
                "{torn} {}",
                &mail[..mail.len().min(200)]
            );
        }
    }
}

#[test]
fn the_message_id_is_that_of_the_outermost_mail() {
    for (mail, expected) in [
        ("Message-ID:  <1@x> \n\nx", Some("<1@x>")),
        ("Message-ID: <1@x>\nMessage-ID: <2@x>\n\nx", Some("<1@x>")),
        ("Message-ID: <>\n\nx", None),
        ("Message-ID:\nMessage-ID: <2@x>\n\nx", Some("<2@x>")),
        ("Subject: a\n\nMessage-ID: <1@x>\n", None),
        ("Subject: a\nContent-Type: message/rfc822\n\nMessage-ID: <2@x>\n\nx", None),
    ] {
        let found = parsed(mail, false).message_id;
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{mail}");
    }
}

#[test]
fn lines_with_colons_are_text_only_where_no_field_of_a_mail_is() {
    for (mail, expected) in [
        ("EVENT: motion\nCAMERA: 1\n\n", "EVENT: motion\nCAMERA: 1"),
        ("Subject: a\nEVENT: motion\n\n", ""),
        ("Subject: a\nEVENT: motion\n", "EVENT: motion"),
        ("Subject: a\nEVENT: motion\n\nx", "x"),
    ] {
        assert_eq!(parsed(mail, false).content.text, expected, "{mail}");
    }
}
