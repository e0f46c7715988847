//! `tipoff incidents export`: what comes out is what went in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::camera::upload;
use crate::harness::{Home, PICTURE, mail, send, succeeded};

fn paths(entry: &Value) -> Vec<&str> {
    entry["files"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
}

/// A mail of one device and an upload of another.
fn scene() -> (Home, crate::harness::Server, Vec<u8>, Vec<u8>) {
    // Each is known, so that they are not taken for one device at one address.
    let gate = "[[device]]\nname = \"gate\"\nuser = \"gate\"\npassword = \"secret\"\n";
    let yard = "[[device]]\nname = \"yard\"\nmatch = { from = \"yard@*\" }\n";
    let home = Home::new(&format!("{gate}{yard}"));
    let server = home.start();
    let (sent, uploaded) = (mail("Motion", &[PICTURE]), crate::ftp_uploads::picture(1));
    send(server.smtp[0], "yard@example.com", &sent);
    upload(server.ftp[0], "gate", "/1.jpg", &uploaded);
    (home, server, sent, uploaded)
}

#[test]
fn a_folder_has_every_mail_and_file_as_it_came_and_an_index() {
    let (home, server, sent, uploaded) = scene();
    let folder = home.file("out");
    let said = home.run(&["incidents", "export", "--to", folder.to_str().unwrap()]);
    assert!(said.starts_with("Exported: 2 incidents with 3 files ("), "{said}");
    let index: Value =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let entries = index.as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let entry = |device: &str| entries.iter().find(|it| it["device"] == device).unwrap();
    let read = |path: &str| fs::read(folder.join(path)).unwrap();
    let yard = paths(entry("yard"));
    let find = |end: &str| *yard.iter().find(|path| path.ends_with(end)).unwrap();
    assert_eq!(read(find("1.jpg")), PICTURE);
    assert_eq!(read(find(".eml")), sent);
    assert!(yard[0].contains(" yard (1)/"), "a readable name: {yard:?}");
    let gate = paths(entry("gate"));
    assert_eq!((gate.len(), read(gate[0])), (1, uploaded));
    // It is what `show` prints, with the files.
    let mut shown = home.incident(1);
    let listed = entry("yard");
    shown["files"] = listed["files"].clone();
    shown["missing"] = Value::Array(Vec::new());
    assert_eq!(*listed, shown);
    // Nothing is overwritten.
    let again = home.command(&["incidents", "export", "--to", folder.to_str().unwrap()]);
    let output = { again }.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("is not empty"));
    server.stop();
}

#[test]
fn a_selection_goes_to_standard_output_as_a_zip_file() {
    let (home, server, sent, _) = scene();
    for (selection, incidents) in [
        (vec!["1"], vec![1]),
        (vec!["--device", "yard"], vec![1]),
        (vec!["--since", "1 h"], vec![1, 2]),
        (vec!["--until", "2020-01-01"], vec![]),
    ] {
        let output = home.command(&[&["incidents", "export"], &selection[..]].concat()).output();
        let output = output.unwrap();
        succeeded(&output);
        let zip = home.put("out.zip", &output.stdout);
        let folder = home.file("unzipped");
        let _ = fs::remove_dir_all(&folder);
        let python = std::process::Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .args([&zip, &folder])
            .output()
            .unwrap();
        succeeded(&python);
        let index: Value =
            serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
        let found: BTreeSet<i64> =
            index.as_array().unwrap().iter().map(|it| it["incident"].as_i64().unwrap()).collect();
        assert_eq!(found, BTreeSet::from_iter(incidents), "{selection:?}");
        if selection == ["1"] {
            let eml = *paths(&index[0]).iter().find(|it| it.ends_with(".eml")).unwrap();
            assert_eq!(fs::read(folder.join(eml)).unwrap(), sent);
        }
    }
    for (words, code, part) in [
        (vec!["1", "99"], 1, "there is no incident 99"),
        (vec!["--since", "25:00"], 2, "--since: \"25:00\" is no time"),
        (vec!["--device", "nobody"], 1, "there is no device \"nobody\""),
    ] {
        let output = home.command(&[&["incidents", "export"], &words[..]].concat()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}: half a zip file is none");
        assert!(String::from_utf8(output.stderr).unwrap().contains(part), "{words:?}");
    }
    server.stop();
}

#[test]
fn a_zip_file_is_named_written_whole_and_never_overwritten() {
    let (home, server, ..) = scene();
    let file = home.file("night.zip");
    let export = |to: &Path| {
        home.command(&["incidents", "export", "1", "-o", to.to_str().unwrap()]).output().unwrap()
    };
    let output = export(&file);
    succeeded(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("Exported: 1 incident with 2 files ("), "{said}");
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PK"), "a zip file, not a folder");
    let error = |output: Output| {
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = error(export(&file));
    assert!(said.contains("night.zip exists already: name a new file"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
    let said = error(export(&home.file("nowhere/night.zip")));
    assert!(said.contains("nowhere/night.zip: No such file or directory\n"), "{said}");

    // An output that breaks: one line, in words.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = home.command(&["incidents", "export", "1"]).stdout(full).output().unwrap();
    let said = error(output);
    assert_eq!(said, "tipoff: cannot write the zip file: No space left on device\n");
    server.stop();
}

#[test]
fn what_was_never_alerted_is_not_called_delivered() {
    let (home, server, ..) = scene();
    let said = home.run(&["incidents", "retry", "1"]);
    assert_eq!(said, "Incident 1 has no deliveries to repeat: no channel is configured.\n");
    let shown = home.run(&["incidents", "show", "1"]);
    assert!(shown.contains("No alert was sent: no channel is configured"), "{shown}");
    server.stop();
}
