//! Services that keep and that mail: an archive gets every byte, and mails of ours go no further.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::ftp_uploads::picture;
use crate::harness::{Home, PICTURE, mail, send, wait_for};
use crate::hook::Hook;

/// The bytes of all files below the folder that end so.
fn kept(folder: &Path, ending: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(kept(&entry.path(), ending));
        } else if entry.file_name().to_str().unwrap().ends_with(ending) {
            found.insert(std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn an_archive_gets_all_arrivals_of_an_alert_flood() {
    let hook = Hook::start();
    let home = Home::new("");
    let folder = home.file("archive");
    std::fs::create_dir(&folder).unwrap();
    home.configure(&format!(
        "{}[[channel]]\nname = \"archive\"\ntype = \"archive\"\nfolder = {folder:?}\nwhat = [\"all\"]\n\
         [incidents]\nquiet = \"0 s\"\nflood = 2\n",
        hook.channel()
    ));
    let server = home.start();
    let pictures: Vec<Vec<u8>> = (0..6).map(picture).collect();
    let mails: Vec<Vec<u8>> = pictures.iter().map(|it| mail("Motion", &[it])).collect();
    for mail in &mails {
        let reply = send(server.smtp[0], "yard@example.com", mail);
        assert!(reply.starts_with("250"), "{reply}");
    }
    let all = pictures.into_iter().collect::<BTreeSet<_>>();
    wait_for("all pictures", || Some(kept(&folder, ".jpg")).filter(|there| *there == all));
    let all = mails.into_iter().collect::<BTreeSet<_>>();
    wait_for("all mails as they came", || Some(kept(&folder, ".eml")).filter(|it| *it == all));
    server.stop();
    assert_eq!(hook.alerts().len(), 2, "and people are not told of each");
}

/// A mailbox forwards to Tipoff itself, or somebody names it as the server.
#[test]
fn a_mail_sent_by_tipoff_is_not_alerted_again() {
    let hook = Hook::start();
    let rest = format!("{}[incidents]\nquiet = \"0 s\"\n", hook.channel());
    let home = Home::new(&rest);
    let server = home.start();
    let before = server.log().len();
    home.configure(&format!(
        "{rest}[[channel]]\nname = \"mail\"\ntype = \"email\"\nserver = \"smtp://127.0.0.1:{}\"\n\
         tls = \"never\"\nfrom = \"tipoff@example.org\"\nto = [\"me@example.org\"]\n",
        server.port(),
    ));
    let asked = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap();
    assert!(asked.success());
    wait_for("the change", || {
        let log = server.log().get(before..).unwrap_or_default().to_owned();
        log.contains("The changed configuration is in use").then_some(())
    });
    let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    let alerts = hook.wait_for(2);
    assert!(alerts[1]["subject"].as_str().unwrap().contains("yard"), "{}", alerts[1]);
    wait_for("the end of both", || {
        let ended = |number: i64| {
            let incident = home.incident(number);
            let deliveries = incident["deliveries"].as_array().unwrap().clone();
            deliveries.iter().all(|it| it["state"] != "pending")
        };
        (home.incidents().len() >= 2 && ended(1) && ended(2)).then_some(())
    });
    server.stop();
    assert_eq!(home.incidents().len(), 2, "it came back once, and was not mailed again");
}
