//! `tipoff spool copy`: a spool moves to PostgreSQL and back, with what waits to be delivered.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tipoff_testkit::postgres;
use tipoff_testkit::s3::S3;

use crate::bucket;
use crate::harness::{Home, PICTURE, mail, send, succeeded};
use crate::hook::{Hook, channel_at, files};

/// What is copied is in order, was not delivered before, and is delivered afterwards, once, with its picture.
#[test]
fn a_spool_moves_to_postgresql_and_back_and_what_was_queued_is_delivered() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let address = Hook::nobody();
    let rest = format!("{}[incidents]\nquiet = \"0 s\"\nflood = 0\n", channel_at(address));
    let home = Home::new(&rest);
    let server = home.start();
    for number in 0..40 {
        let reply =
            send(server.smtp[0], "yard@example.com", &mail(&number.to_string(), &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    }
    let running = home.command(&["spool", "copy", "--to", "shared.toml"]);
    let data = home.data_dir();
    let shared = format!("{rest}[spool]\nengine = \"postgres\"\nurl = {:?}\n", database.url());
    home.put("shared.toml", format!("data_dir = {data:?}\n{shared}").as_bytes());
    let refused = { running }.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("already running"), "{refused:?}");
    server.stop();
    let before = home.incidents();

    let mut killed = home.command(&["spool", "copy", "--to", "shared.toml"]);
    let mut killed = killed.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(killed.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("rows of incident")).unwrap();
    assert_eq!(line, "Copying the rows of incident: 40 of about 40");
    killed.kill().unwrap();
    // It may have been faster than the signal.
    if !killed.wait().unwrap().success() {
        let done = home.run(&["spool", "copy", "--to", "shared.toml"]);
        assert!(
            done.contains("rows were copied and are equal; 40 files stay where they are"),
            "{done}"
        );
    }
    let again = home.command(&["spool", "copy", "--to", "shared.toml"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("the target is not empty"),
        "{again:?}"
    );

    home.configure(&shared);
    assert_eq!(home.incidents(), before);
    let hook = Hook::start_at(address);
    let server = home.start();
    let mut subjects: Vec<u32> = hook
        .wait_for(40)
        .iter()
        .map(|alert| {
            assert_eq!(files(alert), [PICTURE]);
            alert["subject"].as_str().unwrap().parse().unwrap()
        })
        .collect();
    subjects.sort_unstable();
    assert_eq!(subjects, (0..40).collect::<Vec<_>>());
    server.stop();

    let before = home.incidents();
    let folder = home.file("back");
    home.put("back.toml", format!("data_dir = {folder:?}\n{rest}").as_bytes());
    let back = home.command(&["spool", "copy", "--to", "back.toml"]).output().unwrap();
    succeeded(&back);
    let done = String::from_utf8(back.stdout).unwrap();
    assert!(done.contains("40 files (") && done.contains("were copied"), "{done}");
    let there = Home::new(&rest);
    std::fs::rename(&folder, there.data_dir()).unwrap();
    assert_eq!(there.incidents(), before);
    assert_eq!(hook.alerts().len(), 40);
}

#[test]
fn a_spool_moves_into_a_bucket_with_the_pictures_of_what_was_queued() {
    let (objects, address) = (S3::open().unwrap(), Hook::nobody());
    let rest = format!("{}[incidents]\nquiet = \"0 s\"\nflood = 0\n", channel_at(address));
    let home = Home::new(&rest);
    let there = Home::new(&format!("{}{rest}", bucket::configuration(&objects, "")));
    let server = home.start();
    for number in 0..3 {
        let reply =
            send(server.smtp[0], "yard@example.com", &mail(&number.to_string(), &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    }
    server.stop();
    let target = there.file("tipoff.toml");
    let done = home.run(&["spool", "copy", "--to", target.to_str().unwrap()]);
    assert!(done.contains("3 files (") && done.contains("were copied"), "{done}");
    assert_eq!(bucket::objects(&objects).len(), 3);
    assert!(!there.data_dir().join("blobs").exists());
    std::fs::remove_dir_all(home.data_dir()).unwrap();
    let hook = Hook::start_at(address);
    let server = there.start();
    for alert in hook.wait_for(3) {
        assert_eq!(files(&alert), [PICTURE]);
    }
    server.stop();
}
