//! A spool in PostgreSQL is lost with its server and restored from a backup: `pg_basebackup` and the archived log, up to
//! a moment. The media have a backup of their own, which is older or younger than that moment.

use std::fs;
use std::path::Path;
use std::process::Command;

use tipoff_testkit::postgres;

use crate::harness::{Home, PICTURE, mail, send, succeeded, wait_for};
use crate::hook::{Hook, Manner, files};

/// Replaces a folder by a copy of another one, with all in it.
fn copy_folder(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    succeeded(&Command::new("cp").arg("-a").args([from, to]).output().unwrap());
}

/// Subjects of the stored incidents, the oldest first.
fn subjects(home: &Home) -> Vec<String> {
    let subject = |incident: &serde_json::Value| incident["subject"].as_str().unwrap().to_owned();
    let mut subjects: Vec<String> = home.incidents().iter().map(subject).collect();
    subjects.reverse();
    subjects
}

#[test]
fn a_restored_spool_goes_on_and_a_lost_file_is_an_error() {
    let database = postgres::Server::archiving().unwrap();
    let own = database.create_database().unwrap();
    let hook = Hook::start();
    let home = Home::new(&format!(
        "[spool]\nengine = \"postgres\"\nurl = {:?}\n[incidents]\nquiet = \"0 s\"\n{}",
        own.url(),
        hook.channel()
    ));
    let (blobs, backup) = (home.data_dir().join("blobs"), home.file("media"));
    let server = home.start();
    let receive = |subject: &str| {
        let reply = send(server.smtp[0], "yard@example.com", &mail(subject, &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    };
    receive("before the backups");
    hook.wait_for(1);
    database.back_up().unwrap();
    copy_folder(&blobs, &backup);
    hook.behave(Manner::Status("503 Later"));
    receive("before the moment");
    hook.wait_for_requests(2);
    let moment = database.moment().unwrap();
    receive("after the moment");
    server.kill_now();
    drop(server);
    let newest = home.file("newest media");
    copy_folder(&blobs, &newest);
    database.lose_and_restore(&moment).unwrap();

    // The media are younger than the moment: everything that the database knows is there.
    let stored = ["before the backups", "before the moment"];
    assert_eq!(subjects(&home), stored);
    hook.behave(Manner::Fine);
    let server = home.start();
    let alerts = hook.wait_for(2);
    assert_eq!(alerts[1]["subject"], "before the moment");
    assert_eq!(files(&alerts[1]), [PICTURE]);
    // What was acknowledged after the moment is known to nobody, and its file is removed: it is in the copy of the media.
    wait_for("the sweep", || {
        server.log().contains("Files that were never acknowledged were removed.").then_some(())
    });
    server.stop();
    assert_eq!(subjects(&home), stored);

    // The media are older: the history is whole, and an alert that needs a missing file fails.
    copy_folder(&backup, &blobs);
    let incident = home.incidents()[0]["incident"].as_i64().unwrap();
    own.run(&format!(
        "UPDATE delivery SET state = 'pending', progress = 0 WHERE incident = {incident}"
    ))
    .unwrap();
    let latest = format!(
        "SELECT coalesce(error, 'delivered') FROM attempt JOIN delivery ON delivery.id = attempt.delivery
         WHERE incident = {incident} ORDER BY number DESC LIMIT 1"
    );
    let before = own.run("SELECT count(*) FROM attempt").unwrap();
    let server = home.start();
    wait_for("another attempt", || {
        (own.run("SELECT count(*) FROM attempt").unwrap() != before).then_some(())
    });
    let error = own.run(&latest).unwrap();
    assert!(error.contains("No such file"), "{error}");
    assert_eq!(subjects(&home), stored);
    assert_eq!(hook.alerts().len(), 2);
    server.stop();
}
