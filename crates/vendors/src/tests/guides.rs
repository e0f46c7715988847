//! Every guide is complete, and the book's page is generated from the guides.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::guide::{
    ADDRESS_CHARS_MAX, ALPHABET, Field, FieldEntry, Guide, Labels, OTHER, PASSWORD_CHARS_MAX,
    SetupPage, SetupValue, USER_CHARS_MAX, guide, vendor_guides,
};

const LABEL_CHARS_MAX: usize = 60;
const FIXED_CHARS_MAX: usize = 60;
const NOTE_CHARS_MAX: usize = 200;
const FIELDS_MAX: usize = 14;

fn pages(guide: &Guide) -> impl Iterator<Item = &SetupPage> {
    guide.mail.iter().chain(&guide.ftp).chain(&guide.alarm)
}

fn wants(page: &SetupPage, value: SetupValue) -> bool {
    page.fields.iter().any(|field| field.entry == FieldEntry::Value(value))
}

#[test]
fn every_page_names_server_and_port() {
    for vendor in vendor_guides() {
        for page in pages(vendor.guide).filter(|page| !wants(page, SetupValue::AlarmUrl)) {
            let server = wants(page, SetupValue::Server) || wants(page, SetupValue::ServerUrl);
            assert!(server, "{}: no server", vendor.name);
            let port = wants(page, SetupValue::Port) ^ page.only_port.is_some();
            assert!(port, "{}: a field for the port or the only one", vendor.name);
        }
        for page in vendor.guide.mail.iter().chain(&vendor.guide.ftp) {
            assert!(wants(page, SetupValue::Password), "{}: no password", vendor.name);
        }
        if let Some(alarm) = &vendor.guide.alarm {
            let whole = wants(alarm, SetupValue::AlarmUrl);
            assert!(whole ^ wants(alarm, SetupValue::Server), "{}: twice, or never", vendor.name);
            assert!(!(whole && wants(alarm, SetupValue::AlarmPath)), "{}", vendor.name);
            // Its address says who it is.
            assert!(!wants(alarm, SetupValue::Password), "{}", vendor.name);
        }
        if let Some(mail) = &vendor.guide.mail {
            assert!(
                wants(mail, SetupValue::Sender) && wants(mail, SetupValue::Recipient),
                "{}",
                vendor.name
            );
        }
        if let Some(ftp) = &vendor.guide.ftp {
            assert!(
                wants(ftp, SetupValue::User) && !wants(ftp, SetupValue::Sender),
                "{}",
                vendor.name
            );
        }
        let has_page = pages(vendor.guide).next().is_some();
        assert!(has_page || !vendor.guide.notes.is_empty(), "{} says nothing", vendor.name);
    }
}

#[test]
fn every_text_is_short_and_not_empty() {
    let check = |text: &str, chars_max: usize| {
        let chars = text.chars().count();
        assert!((1..=chars_max).contains(&chars) && text.trim() == text, "{text:?}");
        assert!(!text.contains(['|', '\n', '`', '<']) && !text.contains("  "), "{text:?}");
    };
    for vendor in vendor_guides() {
        check(vendor.name, LABEL_CHARS_MAX);
        vendor.guide.also.iter().for_each(|name| check(name, LABEL_CHARS_MAX));
        vendor.guide.notes.iter().for_each(|note| check(note, NOTE_CHARS_MAX));
        for page in pages(vendor.guide) {
            assert!((1..=FIELDS_MAX).contains(&page.fields.len()), "{}", vendor.name);
            page.menu.iter().for_each(|menu| check(menu, LABEL_CHARS_MAX));
            page.notes.iter().for_each(|note| check(note, NOTE_CHARS_MAX));
            for field in page.fields {
                check(field.label, LABEL_CHARS_MAX);
                if let FieldEntry::Choice(text) | FieldEntry::Words(text) = field.entry {
                    check(text, FIXED_CHARS_MAX);
                }
            }
        }
    }
}

#[test]
fn the_fields_of_a_page_have_different_labels() {
    for vendor in vendor_guides() {
        for page in pages(vendor.guide) {
            let labels: HashSet<&str> = page.fields.iter().map(|field| field.label).collect();
            assert_eq!(labels.len(), page.fields.len(), "{}", vendor.name);
        }
    }
}

#[test]
fn vendors_are_in_order_and_no_name_is_given_twice() {
    let guides = vendor_guides();
    let names: Vec<String> = guides.iter().map(|vendor| vendor.name.to_lowercase()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let mut seen = HashSet::new();
    for vendor in &guides {
        for name in std::iter::once(&vendor.name).chain(vendor.guide.also) {
            assert!(seen.insert(name.to_lowercase()), "{name} twice");
            assert_ne!(name.to_lowercase(), "other");
        }
        assert!(vendor.guide.also.is_sorted_by_key(|name| name.to_lowercase()), "{}", vendor.name);
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
fn generated_logins_fit_every_known_device() {
    for vendor in vendor_guides() {
        assert!(vendor.guide.password_chars_max >= PASSWORD_CHARS_MAX, "{}", vendor.name);
    }
    const { assert!(USER_CHARS_MAX < 32 && ADDRESS_CHARS_MAX < 48) };
    assert!(ALPHABET.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(!ALPHABET.contains(['0', 'O', '1', 'l', 'I']));
    let different: HashSet<char> = ALPHABET.chars().collect();
    assert_eq!(different.len(), ALPHABET.len());
}

#[test]
fn every_guide_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide");
    let names: Vec<String> =
        vendor_guides().iter().map(|vendor| vendor.name.to_lowercase().replace('-', "_")).collect();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let listed = names.iter().any(|known| known.split(' ').next() == Some(&name));
        assert!(listed, "{name}.rs has no line in GUIDES");
    }
}

#[test]
fn the_page_of_the_book_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vendors.md");
    let actual = book();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} is stale: UPDATE_EXPECT=1 renews it", path.display());
}

/// The chapter that others refer to.
const ANY: &str = "Any other";

const PREFACE: &str = "# What to type, by vendor

Names in *italics* stand for values that Tipoff's dashboard and `tipoff run` show: the *address* of the
machine it runs on, the *port* (2525 for mail, 2121 for FTP and 8080 for alarms, unless you changed it), *user* and
*password* of the device, its *sender*, and any *recipient*. The *alarm URL* is `http://address:8080/h/SECRET` with a
secret that only this device has; the *alarm path* is `/h/SECRET`. Models differ: leave out a field that your
page does not have. Set up a device of a vendor that is not listed here as described first.

[Cameras](cameras.md) describes known problems of cameras, and what to do if the test fails.
";

fn book() -> String {
    let mut text = PREFACE.to_owned() + &chapter(ANY, &OTHER);
    for vendor in vendor_guides() {
        text += &chapter(vendor.name, vendor.guide);
    }
    text
}

fn chapter(name: &str, guide: &Guide) -> String {
    let mut text = format!("\n## {name}\n");
    if !guide.also.is_empty() {
        text += &format!("\nAlso {}.\n", guide.also.join(", "));
    }
    let pages = [("E-mail", &guide.mail), ("FTP", &guide.ftp), ("Alarms over HTTP", &guide.alarm)];
    for (kind, page) in pages {
        text += &page.as_ref().map(|page| section(kind, page, name == ANY)).unwrap_or_default();
    }
    text + &notes(guide.notes)
}

fn section(kind: &str, page: &SetupPage, is_any: bool) -> String {
    let menu = page.menu.map(|menu| format!(": {menu}")).unwrap_or_default();
    let is_as_any = pages(&OTHER).any(|any| any.fields == page.fields);
    if is_as_any && !is_any {
        return format!("\n**{kind}{menu}**, as for [any other](#any-other).\n")
            + &notes(page.notes);
    }
    let usual = if page.labels == Labels::Usual { " (usual labels)" } else { "" };
    let mut text =
        format!("\n**{kind}{menu}**{usual}\n\n| field | what to type |\n| --- | --- |\n");
    for Field { label, entry } in page.fields {
        let entry = match entry {
            FieldEntry::Choice(text) | FieldEntry::Words(text) => (*text).to_owned(),
            FieldEntry::Value(value) => format!("*{}*", word(*value)),
        };
        text += &format!("| {label} | {entry} |\n");
    }
    if let Some(port) = page.only_port {
        text += &format!("\nIt uses port {port} only: let Tipoff listen on that port as well.\n");
    }
    text + &notes(page.notes)
}

fn word(value: SetupValue) -> &'static str {
    match value {
        SetupValue::Server => "address",
        SetupValue::ServerUrl => "ftp://address/",
        SetupValue::Port => "port",
        SetupValue::User => "user",
        SetupValue::Password => "password",
        SetupValue::Sender => "sender",
        SetupValue::Recipient => "recipient",
        SetupValue::AlarmUrl => "alarm URL",
        SetupValue::AlarmPath => "alarm path",
    }
}

fn notes(notes: &[&str]) -> String {
    let lines: String = notes.iter().map(|note| format!("- {note}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

#[test]
fn longer_fields_and_older_tls_are_known_exceptions() {
    let guides = vendor_guides();
    let longer: Vec<_> = guides
        .iter()
        .filter(|vendor| vendor.guide.password_chars_max > PASSWORD_CHARS_MAX)
        .map(|vendor| (vendor.name, vendor.guide.password_chars_max))
        .collect();
    assert_eq!(longer, [("D-Link", 32), ("Hikvision", 15), ("Reolink", 31), ("XMEye", 31)]);
    let old: Vec<_> =
        guides.iter().filter(|vendor| vendor.guide.old_tls).map(|vendor| vendor.name).collect();
    assert_eq!(old, ["HP printers"]);
}
