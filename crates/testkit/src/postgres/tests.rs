use std::io;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::*;

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_server_serves_utf_8_in_byte_order_below_the_outgoing_ports() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let shown = "SHOW server_encoding; SHOW lc_collate; SELECT 'Z' < 'a', upper('straße')";
    assert_eq!(database.run(shown).unwrap(), "UTF8\nC\nt|STRAßE");
    assert!(database.server.port() < 32_768);
}

#[test]
fn each_test_has_a_database_of_its_own() {
    let server = Server::shared().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let database = server.create_database().unwrap();
                database.run("CREATE TABLE thing (id BIGINT)").unwrap();
            });
        }
    });
}

#[test]
fn a_template_is_prepared_once_and_copied() {
    let server = Server::shared().unwrap();
    let prepare = |url: &str| programs::psql(url, "CREATE TABLE thing AS SELECT 7 AS id").map(drop);
    let one = server.create_database_from("thing", prepare).unwrap();
    one.run("DELETE FROM thing").unwrap();
    let again = |_: &str| -> io::Result<()> { panic!("prepared twice") };
    let two = server.create_database_from("thing", again).unwrap();
    assert_eq!(two.run("SELECT id FROM thing").unwrap(), "7");
}

#[test]
fn the_owner_is_no_superuser_and_may_create_trusted_extensions() {
    let database = Server::shared().unwrap().create_database().unwrap();
    assert_eq!(database.run("SHOW is_superuser").unwrap(), "off");
    database.run("CREATE EXTENSION pg_trgm").unwrap();
}

#[test]
fn a_dropped_database_is_gone() {
    let server = Server::shared().unwrap();
    let database = server.create_database().unwrap();
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", database.name());
    assert_eq!(server.administer(&count).unwrap(), "1");
    drop(database);
    assert_eq!(server.administer(&count).unwrap(), "0");
}

#[test]
fn a_server_is_stopped_killed_and_started_on_its_port() {
    let server = Server::open().unwrap();
    let database = server.create_database().unwrap();
    database.run("CREATE TABLE thing (id BIGINT)").unwrap();
    server.stop().unwrap();
    assert!(database.run("SELECT 1").is_err());
    server.start().unwrap();
    database.run("INSERT INTO thing VALUES (1)").unwrap();
    server.kill().unwrap();
    assert!(database.run("SELECT 1").is_err());
    server.start().unwrap();
    database.run("SELECT id FROM thing").unwrap();
}

#[test]
fn a_durable_server_syncs() {
    let server = Server::durable(&[("work_mem", "8MB")]).unwrap();
    let shown = server.administer("SHOW fsync; SHOW synchronous_commit; SHOW work_mem").unwrap();
    assert_eq!(shown, "on\non\n8MB");
    assert!(!server.folder.path().starts_with("/dev/shm"));
}

#[test]
fn a_paused_server_answers_only_after_it_is_resumed() {
    let server = Server::open().unwrap();
    let url = format!("{}?connect_timeout=2", server.url("postgres"));
    server.pause().unwrap();
    let error = programs::psql(&url, "SELECT 1").unwrap_err().to_string();
    assert!(error.contains("timeout expired"), "{error}");
    server.resume().unwrap();
    assert_eq!(programs::psql(&url, "SELECT 1").unwrap(), "1");
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = Server::open().unwrap();
    let (port, folder) = (server.port(), server.folder.path().to_owned());
    assert!(listens(port) && folder.exists());
    drop(server);
    assert!(!listens(port) && !folder.exists());
}

#[test]
fn a_lost_server_is_restored_to_a_moment() {
    let server = Server::archiving().unwrap();
    let database = server.create_database().unwrap();
    database.run("CREATE TABLE thing (id BIGINT)").unwrap();
    server.back_up().unwrap();
    database.run("INSERT INTO thing VALUES (1)").unwrap();
    let moment = server.moment().unwrap();
    database.run("INSERT INTO thing VALUES (2)").unwrap();
    server.lose_and_restore(&moment).unwrap();
    assert_eq!(database.run("SELECT id FROM thing").unwrap(), "1");
    database.run("INSERT INTO thing VALUES (3)").unwrap();
}

/// The test starts itself in another process, with this set, and kills that.
const WAITS_TO_BE_KILLED: &str = "TIPOFF_TEST_WAITS_TO_BE_KILLED";

#[test]
fn a_server_ends_with_a_killed_test_process() {
    if std::env::var_os(WAITS_TO_BE_KILLED).is_some() {
        let server = Server::open().unwrap();
        println!("\nserver {} {}", server.port(), server.folder.path().display());
        return std::thread::park();
    }
    let name = "postgres::tests::a_server_ends_with_a_killed_test_process";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", name])
        .env(WAITS_TO_BE_KILLED, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = io::BufRead::lines(io::BufReader::new(child.stdout.take().unwrap()));
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("server ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let (port, folder) = (words[1].parse().unwrap(), std::path::Path::new(words[2]));
    assert!(listens(port) && folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = || Ok(!listens(port) && !folder.exists());
    instance::wait_for("the end of the server", gone).unwrap();
}
