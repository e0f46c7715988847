//! What happens on the wire: how connections end, how they are encrypted, what is refused.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::camera::{Camera, reset};
use crate::ftp_uploads::{arrivals, picture};
use crate::harness::{Client, Home, PICTURE, Server, require, succeeded, wait_for};

const PORTS: &str = "[ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n\
                     [smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n";

/// It says how long it is.
const WEBP: &[u8] = b"RIFF\x0c\0\0\0WEBPVP8 ----";

fn scene(configuration: &str) -> (Home, Server) {
    let home = Home::new(&format!("{PORTS}{configuration}"));
    home.put("x.jpg", PICTURE);
    let server = home.start();
    (home, server)
}

/// Runs the Python client; what it printed.
fn python(home: &Home, what: &str, ports: &[SocketAddr]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/uploaders/wire.py");
    let mut command = Command::new(require("python3"));
    command.current_dir(home.file("")).arg(script).arg(what);
    command.args(ports.iter().map(|address| address.port().to_string()));
    let output = command.stdin(Stdio::null()).output().unwrap();
    succeeded(&output);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn torn(arrivals: &[Value]) -> Vec<bool> {
    arrivals.iter().map(|arrival| arrival["torn"].as_bool().unwrap()).collect()
}

/// The kept session with this number. Of an address only the latest are kept.
fn session(home: &Home, number: usize) -> Value {
    wait_for("the session", || {
        let list = home.json(&["sessions", "--limit", "1000", "--json"]);
        let mut list = list.as_array().unwrap().iter();
        list.find(|session| session["session"] == number && session["outcome"] != "open").cloned()
    })
}

/// Whether a stored file is as large as this.
fn has_blob(home: &Home, bytes: usize) -> Option<()> {
    let days = std::fs::read_dir(home.data_dir().join("blobs")).ok()?;
    let mut files = days.flatten().flat_map(|day| std::fs::read_dir(day.path()).unwrap().flatten());
    files.find(|file| file.metadata().unwrap().len() == bytes as u64).map(drop)
}

#[test]
fn a_client_that_only_writes_loses_nothing_over_tls() {
    let (home, server) = scene("");
    let count: usize = python(&home, "only_write", &server.ftp).parse().unwrap();
    let all = arrivals(&home);
    assert_eq!(torn(&all), vec![false; count]);
    assert!(all.iter().all(|arrival| arrival["size"] == all[0]["size"]));
    server.stop();
}

#[test]
fn a_mail_of_a_client_that_reads_nothing_is_stored() {
    let (home, server) = scene("");
    python(&home, "mail_only_written", &server.smtp);
    let all = wait_for("both mails", || Some(arrivals(&home)).filter(|all| all.len() == 2));
    assert_eq!(torn(&all), [false, false]);
    server.stop();
}

#[test]
fn a_reset_completes_an_upload_whose_content_shows_its_end() {
    let (home, server) = scene("");
    let half = &PICTURE[..PICTURE.len() / 2];
    for (name, bytes, code) in [
        ("whole.jpg", PICTURE, "226"),
        ("half.jpg", half, "426"),
        ("unknown.bin", b"nobody knows", "426"),
        ("x.webp", WEBP, "226"),
        ("x.mkv", b"\x1A\x45\xDF\xA3\x81-\x18\x53\x80\x67\x84----", "226"),
        ("live.mkv", b"\x1A\x45\xDF\xA3\x81-\x18\x53\x80\x67\xFF------", "426"),
        ("x.264", b"HXVS............HXFI\x04\0\0\0........1234", "226"),
        ("torn.264", b"HXVS............HXFI\x04\0\0\0........123", "426"),
    ] {
        let mut camera = Camera::connect(server.ftp[0], "yard");
        let mut data = camera.begin(&format!("STOR {name}"));
        data.write_all(bytes).unwrap();
        wait_for("the bytes' arrival", || has_blob(&home, bytes.len()));
        reset(data);
        let reply = camera.control.hear();
        assert!(reply.starts_with(code), "{name}: {reply}");
    }
    let expected = [false, true, true, false, false, true, false, true];
    assert_eq!(torn(&arrivals(&home)), expected);
    server.stop();
}

#[test]
fn closing_both_connections_completes_an_upload_unless_its_content_is_incomplete() {
    let (home, server) = scene("");
    let half = &PICTURE[..PICTURE.len() / 2];
    let uploads: [(&str, &[u8], bool); 14] = [
        ("x", PICTURE, false),
        ("x.jpg", half, true),
        ("y.jpg", &PICTURE[..2], true),
        ("x", b"nobody knows", false),
        ("x.mp4", b"nobody knows", true),
        ("x.wav", b"nobody knows", true),
        ("x.txt", b"motion", false),
        ("x.mp3", b"\xFF\xFB\x90\0 sound", false),
        ("x.aac", b"\xFF\xF1\x50 sound", false),
        ("x.m3u8", b"#EXTM3U\n", false),
        ("x.webp", WEBP, false),
        ("y.webp", &WEBP[..16], true),
        ("x.bmp", b"BM\x14\0\0\0\0\0\0\0----------", false),
        ("y.wav", b"RIFF\x10\0\0\0WAVEfmt ----", true),
    ];
    for (number, (name, bytes, is_torn)) in uploads.into_iter().enumerate() {
        let mut camera = Camera::connect(server.ftp[0], "yard");
        let mut data = camera.begin(&format!("STOR {number}/{name}"));
        data.write_all(bytes).unwrap();
        wait_for("the bytes' arrival", || has_blob(&home, bytes.len()));
        // First the control connection, as ffmpeg does.
        drop(camera);
        drop(data);
        let all = wait_for("the upload", || Some(arrivals(&home)).filter(|it| it.len() > number));
        assert_eq!(torn(&all).pop(), Some(is_torn), "{name} {number}");
    }
    server.stop();
}

#[test]
fn ffmpeg() {
    let (home, server) = scene("");
    let port = server.ftp[0].port();
    let forms: [(&str, &[&str]); 7] = [
        ("clip.ts", &["-f", "mpegts"]),
        ("clip.mp4", &["-f", "mp4", "-movflags", "frag_keyframe+empty_moov"]),
        ("clip.mkv", &["-f", "matroska"]),
        ("clip.flv", &["-f", "flv"]),
        ("shot.jpg", &["-frames:v", "1", "-f", "image2", "-update", "1"]),
        ("shot.bmp", &["-frames:v", "1", "-f", "image2", "-update", "1"]),
        ("sums.txt", &["-f", "framecrc"]),
    ];
    for (number, (name, form)) in forms.into_iter().enumerate() {
        let mut command = Command::new(require("ffmpeg"));
        command.args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i"]);
        command.args(["testsrc=size=160x120:rate=5", "-t", "1"]).args(form);
        command.arg(format!("ftp://cam:x@127.0.0.1:{port}/{name}")).stdin(Stdio::null());
        succeeded(&command.output().unwrap());
        let all = wait_for(name, || Some(arrivals(&home)).filter(|all| all.len() > number));
        let last = &all[number];
        assert_eq!(
            (&last["envelope"]["path"], &last["torn"]),
            (&format!("/{name}").into(), &false.into())
        );
        assert_eq!(session(&home, number + 1)["outcome"], "delivered");
    }
    server.stop();
}

#[test]
fn abor_comes_as_urgent_data() {
    let (home, server) = scene("");
    for (number, what) in (1..).zip(["abort", "abort-tls"]) {
        python(&home, what, &server.ftp);
        // Of what was aborted there is as much as had come by then.
        let (aborted, whole): (Vec<_>, Vec<_>) = arrivals(&home)
            .into_iter()
            .partition(|arrival| arrival["envelope"]["path"] == "/half.jpg");
        assert!(torn(&aborted).into_iter().all(|torn| torn));
        assert_eq!(torn(&whole), vec![false; 3 * number]);
    }
    server.stop();
}

#[test]
fn tls_on_the_data_connection_may_begin_before_stor() {
    let (home, server) = scene("");
    let count: usize = python(&home, "early_tls", &server.ftp).parse().unwrap();
    assert_eq!(torn(&arrivals(&home)), vec![false; count]);
    server.stop();
}

#[test]
fn tls_on_the_data_connection_works_after_prot_c() {
    let (home, server) = scene("");
    let count: usize = python(&home, "declined_tls", &server.ftp).parse().unwrap();
    assert_eq!(torn(&arrivals(&home)), vec![false; count]);
    server.stop();
}

#[test]
fn failed_tls_on_the_data_connection_is_reported() {
    let (home, server) = scene("");
    for (number, what) in ["refuses_certificate", "sends_plain"].into_iter().enumerate() {
        python(&home, what, &server.ftp);
        let session = session(&home, number + 1);
        assert_eq!(session["outcome"], "tls_failed", "{what}");
        assert!(session["hint"].as_str().unwrap().contains("encryption"), "{session}");
    }
    let log = server.log();
    assert_eq!(log.matches("data connection could not be encrypted").count(), 2, "{log}");
    assert!(!log.contains("did not come"), "{log}");
    server.stop();
}

#[test]
fn an_ip_address_as_server_name_causes_no_warning() {
    let (_home, server) = scene("");
    for (address, protocol) in [
        (server.ftp[0], &["-starttls", "ftp"][..]),
        (server.ftp[1], &[]),
        (server.smtp[0], &["-starttls", "smtp"]),
        (server.smtp[1], &[]),
    ] {
        for name in ["127.0.0.1", "192.168.1.10", "::1"] {
            let mut command = Command::new(require("openssl"));
            command.args(["s_client", "-servername", name, "-connect", &address.to_string()]);
            let output = command.args(protocol).stdin(Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("Cipher is TLS_"), "{address} {name}: {said}");
        }
    }
    let log = server.log();
    // Where tests run as root, so does the server, and says so.
    let warns = log.lines().any(|line| line.contains("WARN") && !line.contains("runs as root"));
    assert!(!log.contains("SNI") && !warns, "{log}");
    server.stop();
}

/// Says these lines in a session of its own, and leaves without a word.
fn say(server: &Server, lines: &[&str]) {
    let mut camera = Camera::connect(server.ftp[0], "yard");
    for line in lines {
        camera.control.say(line);
    }
}

#[test]
fn a_refused_command_is_reported_with_advice() {
    let (home, server) = scene("");
    let cases: [(&[&str], &str); 11] = [
        (&["PORT 192,168,7,20,200,10"], "`active_addresses = \"networks\"`"),
        (&["EPRT |1|192.168.7.20|2000|", "STOR x.jpg", "QUIT"], "from 192.168.7.20"),
        (&["PORT 127,0,0,1,0,20"], "passive FTP"),
        (&["STOR /"], "\"STOR /\" was refused with 553"),
        (&["TYPE E", "QUIT"], "binary"),
        (&["STRU R"], "binary"),
        (&["MODE B"], "binary"),
        (&["CWD /gone", "PWD"], "missing_folder"),
        (&["RETR /gone", "QUIT"], "\"RETR /gone\" was refused with 550"),
        (&["STOR x.jpg", "QUIT"], "passive FTP"),
        (&["SIZE /gone"], "\"SIZE /gone\" was refused with 550"),
    ];
    for (number, (lines, word)) in cases.into_iter().enumerate() {
        say(&server, lines);
        let session = session(&home, number + 1);
        assert_eq!(session["outcome"], "failed", "{lines:?}: {session}");
        let hint = session["hint"].as_str().unwrap();
        assert!(hint.contains(word), "{lines:?}: {hint}");
    }
    // What is got round is none, and neither is a question beside an upload.
    let mut camera = Camera::connect(server.ftp[0], "yard");
    for line in ["CWD /new", "MKD /new", "CWD /new", "TYPE E", "TYPE I", "SIZE /gone"] {
        camera.control.say(line);
    }
    camera.store("x.jpg", &picture(1));
    camera.control.must("SIZE /gone", "550");
    drop(camera);
    let it = session(&home, cases.len() + 1);
    assert_eq!((&it["outcome"], &it["hint"]), (&"delivered".into(), &Value::Null));
    // Without a login.
    let mut client = Client::connect(server.ftp[0]);
    client.must("STOR x.jpg", "530");
    drop(client);
    assert_eq!(session(&home, cases.len() + 2)["outcome"], "login_refused");
    server.stop();
}

#[test]
fn active_addresses_allows_uploads_from_another_address() {
    let home = Home::new(
        "[ftp]\nlisten = [\"127.0.0.1:0\"]\nactive_addresses = \"networks\"\n\
         [access]\nnetworks = [\"127.0.0.0/30\"]\n",
    );
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let device = TcpListener::bind("127.0.0.2:0").unwrap();
    let [high, low] = device.local_addr().unwrap().port().to_be_bytes();
    camera.control.must(&format!("PORT 127,0,0,2,{high},{low}"), "200");
    camera.control.must("STOR x.jpg", "150");
    let (mut data, _) = device.accept().unwrap();
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(camera.control.hear().starts_with("226"));
    // Nothing is sent there, and nobody else may be named.
    device.set_nonblocking(true).unwrap();
    for command in ["RETR x.jpg", "LIST", "NLST", "MLSD"] {
        camera.control.must(command, "425");
    }
    assert!(device.accept().is_err());
    camera.control.must(&format!("PORT 127,0,0,4,{high},{low}"), "501");
    camera.control.must("EPRT |1|192.168.7.20|2000|", "501");
    camera.control.must("PORT 127,0,0,2,0,25", "501");
    drop(camera);
    let hint = session(&home, 1)["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("127.0.0.2") || hint.contains("passive"), "{hint}");
    server.stop();
}

#[test]
fn a_device_sees_the_file_time_that_it_set() {
    let (home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("x.jpg", PICTURE);
    camera.control.must("MFMT 20200102030405 x.jpg", "213 Modify=20200102030405; /x.jpg");
    camera.control.must("MDTM x.jpg", "213 20200102030405");
    // Ours is that of receipt.
    let received_at = arrivals(&home).remove(0)["received_at"].to_string();
    assert!(!received_at.contains("2020-01-02"), "{received_at}");
    server.stop();
}

#[test]
fn a_missing_passive_connection_is_reported_without_a_transfer() {
    let (home, server) = scene("");
    let missing: [&[&str]; 6] = [
        &["PASV", "QUIT"],
        &["EPSV"],
        &["EPSV", "PASV", "QUIT"],
        &["TYPE I", "SIZE /gone", "PASV", "NOOP"],
        &["PASV", "ABOR", "QUIT"],
        &["MKD a", "CWD a", "PASV"],
    ];
    for (number, lines) in missing.into_iter().enumerate() {
        say(&server, lines);
        let session = session(&home, number + 1);
        assert_eq!(session["outcome"], "failed", "{lines:?}: {session}");
        let hint = session["hint"].as_str().unwrap();
        assert!(hint.contains("`passive_ports`") && hint.contains("`public_address`"), "{hint}");
    }
    let count = missing.len();
    // Refused for another reason.
    say(&server, &["PASV", "STOR /", "QUIT"]);
    let refused = session(&home, count + 1);
    assert!(refused["hint"].as_str().unwrap().contains("refused with 553"), "{refused}");
    // A test that only connects.
    let mut camera = Camera::connect(server.ftp[0], "yard");
    drop(camera.passive());
    camera.control.must("QUIT", "221");
    drop(camera);
    // One that lists after a first try in vain, and one that asks for a port that it needs no more.
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.passive_address();
    camera.fetch("LIST");
    camera.control.must("QUIT", "221");
    drop(camera);
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.passive_address();
    camera.store("x.jpg", PICTURE);
    camera.passive_address();
    drop(camera);
    for (number, outcome) in [(2, "nothing"), (3, "nothing"), (4, "delivered")] {
        let session = session(&home, count + number);
        assert_eq!((&session["outcome"], &session["hint"]), (&outcome.into(), &Value::Null));
    }
    server.stop();
}
