//! That every guide tells what is needed, and the same as the book.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::guide::{
    ADDRESS_CHARS_MAX, ALPHABET, Guide, Line, OTHER, PASSWORD_CHARS_MAX, Page, Say, USER_CHARS_MAX,
    Value, Words, guide, makers,
};

const LABEL_CHARS_MAX: usize = 60;
const FIXED_CHARS_MAX: usize = 60;
const NOTE_CHARS_MAX: usize = 200;
const LINES_MAX: usize = 14;

fn pages(guide: &Guide) -> impl Iterator<Item = &Page> {
    guide.mail.iter().chain(&guide.ftp)
}

fn wants(page: &Page, value: Value) -> bool {
    page.lines.iter().any(|line| line.say == Say::Value(value))
}

#[test]
fn every_page_names_server_and_port() {
    for maker in makers() {
        for page in pages(maker.guide) {
            let server = wants(page, Value::Server) || wants(page, Value::ServerUrl);
            assert!(server, "{}: no server", maker.name);
            let port = wants(page, Value::Port) ^ page.only_port.is_some();
            assert!(port, "{}: a field for the port or the only one", maker.name);
            assert!(wants(page, Value::Password), "{}: no password", maker.name);
        }
        if let Some(mail) = &maker.guide.mail {
            assert!(wants(mail, Value::Sender) && wants(mail, Value::Recipient), "{}", maker.name);
        }
        if let Some(ftp) = &maker.guide.ftp {
            assert!(wants(ftp, Value::User) && !wants(ftp, Value::Sender), "{}", maker.name);
        }
        let has_page = pages(maker.guide).next().is_some();
        assert!(has_page || !maker.guide.notes.is_empty(), "{} says nothing", maker.name);
    }
}

#[test]
fn every_text_is_there_and_is_short() {
    let check = |text: &str, chars_max: usize| {
        let chars = text.chars().count();
        assert!((1..=chars_max).contains(&chars) && text.trim() == text, "{text:?}");
        assert!(!text.contains(['|', '\n', '`', '<']) && !text.contains("  "), "{text:?}");
    };
    for maker in makers() {
        check(maker.name, LABEL_CHARS_MAX);
        maker.guide.also.iter().for_each(|name| check(name, LABEL_CHARS_MAX));
        maker.guide.notes.iter().for_each(|note| check(note, NOTE_CHARS_MAX));
        for page in pages(maker.guide) {
            assert!((1..=LINES_MAX).contains(&page.lines.len()), "{}", maker.name);
            page.menu.iter().for_each(|menu| check(menu, LABEL_CHARS_MAX));
            page.notes.iter().for_each(|note| check(note, NOTE_CHARS_MAX));
            for line in page.lines {
                check(line.label, LABEL_CHARS_MAX);
                if let Say::Fixed(text) = line.say {
                    check(text, FIXED_CHARS_MAX);
                }
            }
        }
    }
}

#[test]
fn no_two_lines_of_a_page_are_called_the_same() {
    for maker in makers() {
        for page in pages(maker.guide) {
            let labels: HashSet<&str> = page.lines.iter().map(|line| line.label).collect();
            assert_eq!(labels.len(), page.lines.len(), "{}", maker.name);
        }
    }
}

#[test]
fn makers_are_in_order_and_no_name_is_given_twice() {
    let makers = makers();
    let names: Vec<String> = makers.iter().map(|maker| maker.name.to_lowercase()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let mut seen = HashSet::new();
    for maker in &makers {
        for name in std::iter::once(&maker.name).chain(maker.guide.also) {
            assert!(seen.insert(name.to_lowercase()), "{name} twice");
            assert_ne!(name.to_lowercase(), "other");
        }
        assert!(maker.guide.also.is_sorted_by_key(|name| name.to_lowercase()), "{}", maker.name);
    }
}

#[test]
fn a_guide_is_found_by_any_of_its_names() {
    let menu = |name: &str| guide(name).and_then(|guide| guide.mail?.menu);
    assert_eq!(menu("hikvision"), menu("LTS"));
    assert!(menu("LTS").is_some_and(|menu| menu.ends_with("Email")));
    assert_eq!(menu("Amcrest"), menu("Dahua"));
    assert!(guide("TP-Link Tapo").is_some_and(|guide| guide.mail.is_none() && guide.ftp.is_none()));
    assert!(guide("").is_none() && guide("Nobody").is_none());
}

#[test]
fn what_is_generated_fits_everywhere() {
    for maker in makers() {
        assert!(maker.guide.password_chars_max >= PASSWORD_CHARS_MAX, "{}", maker.name);
    }
    const { assert!(USER_CHARS_MAX < 32 && ADDRESS_CHARS_MAX < 48) };
    assert!(ALPHABET.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(!ALPHABET.contains(['0', 'O', '1', 'l', 'I']));
    let different: HashSet<char> = ALPHABET.chars().collect();
    assert_eq!(different.len(), ALPHABET.len());
}

#[test]
fn every_file_of_a_maker_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide");
    let names: Vec<String> =
        makers().iter().map(|maker| maker.name.to_lowercase().replace('-', "_")).collect();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let listed = names.iter().any(|known| known.split(' ').next() == Some(&name));
        assert!(listed, "{name}.rs has no line in GUIDES");
    }
}

#[test]
fn the_book_tells_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/makers.md");
    let actual = book();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} is stale: UPDATE_EXPECT=1 renews it", path.display());
}

/// The chapter that others refer to.
const ANY: &str = "Any other";

const PREFACE: &str = "# What to type, by maker

Where a name stands in *italics*, Tipoff's dashboard and `tipoff run` tell what to type: the *address*
of the machine it runs on, the *port* (2525 for mail and 2121 for FTP, unless you changed it), *user*
and *password* of the device, its *sender*, and any *recipient*. Models differ: a field that your
page does not have can be left out. Makers that are not here are set up like the first.

[Cameras](cameras.md) tells what else there is to know, and what to do when the test stays red.
";

fn book() -> String {
    let mut text = PREFACE.to_owned() + &chapter(ANY, &OTHER);
    for maker in makers() {
        text += &chapter(maker.name, maker.guide);
    }
    text
}

fn chapter(name: &str, guide: &Guide) -> String {
    let mut text = format!("\n## {name}\n");
    if !guide.also.is_empty() {
        text += &format!("\nAlso {}.\n", guide.also.join(", "));
    }
    for (kind, page) in [("E-mail", &guide.mail), ("FTP", &guide.ftp)] {
        text += &page.as_ref().map(|page| section(kind, page, name == ANY)).unwrap_or_default();
    }
    text + &notes(guide.notes)
}

fn section(kind: &str, page: &Page, is_any: bool) -> String {
    let menu = page.menu.map(|menu| format!(": {menu}")).unwrap_or_default();
    let is_as_any = pages(&OTHER).any(|any| any.lines == page.lines);
    if is_as_any && !is_any {
        return format!("\n**{kind}{menu}**, as of [any other](#any-other).\n")
            + &notes(page.notes);
    }
    let usual = if page.words == Words::Usual { " (in the usual words)" } else { "" };
    let mut text =
        format!("\n**{kind}{menu}**{usual}\n\n| field | what to type |\n| --- | --- |\n");
    for Line { label, say } in page.lines {
        let say = match say {
            Say::Fixed(text) => (*text).to_owned(),
            Say::Value(value) => format!("*{}*", word(*value)),
        };
        text += &format!("| {label} | {say} |\n");
    }
    if let Some(port) = page.only_port {
        text += &format!("\nIt knows port {port} only: let Tipoff listen there as well.\n");
    }
    text + &notes(page.notes)
}

fn word(value: Value) -> &'static str {
    match value {
        Value::Server => "address",
        Value::ServerUrl => "ftp://address/",
        Value::Port => "port",
        Value::User => "user",
        Value::Password => "password",
        Value::Sender => "sender",
        Value::Recipient => "recipient",
    }
}

fn notes(notes: &[&str]) -> String {
    let lines: String = notes.iter().map(|note| format!("- {note}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

#[test]
fn fields_are_longer_and_tls_older_only_where_that_is_known() {
    let makers = makers();
    let longer: Vec<_> = makers
        .iter()
        .filter(|maker| maker.guide.password_chars_max > PASSWORD_CHARS_MAX)
        .map(|maker| (maker.name, maker.guide.password_chars_max))
        .collect();
    assert_eq!(longer, [("D-Link", 32), ("Hikvision", 15), ("Reolink", 31), ("XMEye", 31)]);
    let old: Vec<_> =
        makers.iter().filter(|maker| maker.guide.old_tls).map(|maker| maker.name).collect();
    assert_eq!(old, ["HP printers"]);
}
