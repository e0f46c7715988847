//! A stranger at the FTP port takes nothing away from a camera, however it tries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::camera::{Camera, connect_from, upload};
use crate::ftp_uploads::{arrivals, picture};
use crate::harness::{Client, Home, PICTURE, Server, wait_for};

/// Names in a tree that is nearly full.
const MANY: usize = 1_900;

fn start(configuration: &str) -> (Home, Server) {
    let home = Home::new(configuration);
    let server = home.start();
    (home, server)
}

/// Makes so many folders.
fn fill(camera: &mut Camera, names: usize) {
    for first in (0..names).step_by(100) {
        let commands: String =
            (first..first + 100).map(|number| format!("MKD folder-number-{number}\r\n")).collect();
        camera.control.send(commands.as_bytes());
        for _ in 0..100 {
            assert!(camera.control.hear().starts_with("257"));
        }
    }
}

/// The most memory that the server has used, in MB.
fn peak_megabytes(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn pipelined_commands_in_a_full_tree_delay_no_camera() {
    let (_home, server) = start("");
    fill(&mut Camera::from("127.0.0.2", server.ftp[0], "stranger", "x"), MANY);
    let is_over = Arc::new(AtomicBool::new(false));
    let attackers: Vec<_> = (0..30)
        .map(|number| {
            let (is_over, address) = (Arc::clone(&is_over), server.ftp[0]);
            let mut socket = connect_from(&format!("127.0.0.{}", 2 + number % 10), address);
            std::thread::spawn(move || {
                let mut replies = socket.try_clone().unwrap();
                std::thread::spawn(
                    move || while replies.read(&mut [0; 65_536]).is_ok_and(|it| it > 0) {},
                );
                let _ = socket.write_all(b"USER stranger\r\nPASS x\r\n");
                let commands = b"DELE x\r\n".repeat(8_000);
                while !is_over.load(Ordering::Relaxed) && socket.write_all(&commands).is_ok() {}
            })
        })
        .collect();
    let quickest = (0..5).map(|number| {
        let began = Instant::now();
        upload(server.ftp[0], "yard", &format!("{number}.jpg"), &picture(number));
        began.elapsed()
    });
    let quickest = quickest.min().unwrap();
    is_over.store(true, Ordering::Relaxed);
    for attacker in attackers {
        attacker.join().unwrap();
    }
    // It was half a minute and more where nobody yielded.
    assert!(quickest < Duration::from_secs(8), "{quickest:?}");
    server.stop();
}

#[test]
fn unread_listings_are_not_kept_in_memory() {
    let (_home, server) = start("");
    let mut camera = Camera::from("127.0.0.2", server.ftp[0], "stranger", "x");
    fill(&mut camera, MANY);
    let before = peak_megabytes(&server);
    camera.control.send(&b"STAT /\r\n".repeat(1_000));
    assert!(camera.control.until("213-").starts_with("213-"));
    let grown = peak_megabytes(&server) - before;
    assert!(grown < 20, "{grown} MB more");
    // Other sessions go on meanwhile, and so does this one when it reads.
    upload(server.ftp[0], "yard", "x.jpg", PICTURE);
    for _ in 0..50 {
        assert_eq!(camera.control.until("213 End").lines().count(), MANY + 1);
        camera.control.until("213-");
    }
    server.stop();
}

#[test]
fn a_flood_of_names_and_users_affects_only_its_own_address() {
    let (_home, server) = start("");
    let deletes = |source: &str| {
        let mut camera = Camera::from(source, server.ftp[0], "yard", "x");
        camera.store("/kept.jpg", &picture(1));
        camera.store("/deleted.jpg", &picture(2));
        camera.control.must("DELE /deleted.jpg", "250");
    };
    deletes("127.0.0.3");
    deletes("127.0.0.2");
    for number in 0..25 {
        let user = format!("made up {number}");
        fill(&mut Camera::from("127.0.0.2", server.ftp[0], &user, "x"), MANY);
    }
    let mut other = Camera::from("127.0.0.3", server.ftp[0], "yard", "x");
    other.control.must("SIZE /kept.jpg", "213");
    other.control.must("SIZE /deleted.jpg", "550");
    // What was forgotten is read again, as after a new start.
    let mut same = Camera::from("127.0.0.2", server.ftp[0], "yard", "x");
    same.control.must("SIZE /kept.jpg", "213");
    same.control.must("SIZE /deleted.jpg", "213");
    server.stop();
}

#[test]
fn unused_leases_of_strangers_take_no_port_from_others() {
    let (_home, server) = start("");
    let mut silent: Vec<Camera> = (0..100)
        .map(|number| Camera::from("127.0.0.2", server.ftp[0], &format!("silent {number}"), "x"))
        .collect();
    for camera in &mut silent {
        camera.control.send(b"PASV\r\n");
    }
    assert!(silent[0].control.hear().starts_with("227"));
    for number in 0..10 {
        upload(server.ftp[0], "yard", &format!("{number}.jpg"), &picture(number));
    }
    server.stop();
}

#[test]
fn unused_leases_of_one_address_end() {
    let (_home, server) =
        start("[ftp]\nlisten = [\"127.0.0.1:0\"]\npassive_ports = \"51200-51203\"\n");
    let mut silent: Vec<Camera> =
        (0..4).map(|number| Camera::connect(server.ftp[0], &format!("silent {number}"))).collect();
    let mut ports: Vec<u16> = Vec::new();
    for camera in &mut silent {
        let reply = camera.control.say("EPSV");
        ports.push(reply.split('|').nth(3).unwrap().parse().unwrap());
    }
    // Of four ports strangers leave one to known devices, so the last of them has that of the first.
    let mut distinct = ports[..3].to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((distinct.len(), ports[3]), (3, ports[0]));
    upload(server.ftp[0], "yard", "x.jpg", PICTURE);
    let mut unused = TcpStream::connect(("127.0.0.1", ports[2])).unwrap();
    let mut stranger = connect_from(
        "127.0.0.2",
        ("127.0.0.1:".to_owned() + &ports[2].to_string()).parse().unwrap(),
    );
    assert_eq!(stranger.read(&mut [0]).unwrap_or(0), 0, "it has no lease, and is closed at once");
    let _ = unused.write_all(b"x");
    server.stop();
}

#[test]
fn a_web_page_cannot_log_in_or_store_over_ftp() {
    let (home, server) = start("");
    for method in ["POST", "get", "OPTIONS", "X-ANY"] {
        let mut page = Client::connect(server.ftp[0]);
        page.send(
            format!(
                "{method} / HTTP/1.1\r\nHost: x\r\n\r\nUSER a\r\nPASS b\r\nEPSV\r\nSTOR forged.jpg\r\n"
            )
            .as_bytes(),
        );
        assert!(page.hear().starts_with("421"), "{method}");
        assert_eq!(page.hear(), "", "{method}");
    }
    // A browser at a data port of another session of its machine.
    let mut camera = Camera::connect(server.ftp[0], "yard");
    for request in [
        b"POST /x HTTP/1.1\r\nHost: x\r\n\r\nforged".as_slice(),
        &[&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01], [0; 200].as_slice()].concat(),
    ] {
        assert!(camera.transfer("STOR forged.jpg", request).starts_with("425"));
    }
    assert!(arrivals(&home).is_empty());
    camera.store("/x.jpg", PICTURE);
    assert_eq!(arrivals(&home).len(), 1);
    server.stop();
}

#[test]
fn a_trickling_upload_is_ended_and_kept() {
    let (home, server) = start("[ftp]\nlisten = [\"127.0.0.1:0\"]\nstall = \"2 s\"\n");
    let mut camera = Camera::connect(server.ftp[0], "trickle");
    let mut data = camera.begin("STOR x.jpg");
    data.write_all(&PICTURE[..100]).unwrap();
    let reply = wait_for("the end of an upload that trickles", || {
        std::thread::sleep(Duration::from_millis(50));
        let _ = data.write_all(b"x");
        camera.control.hear_now()
    });
    assert!(reply.starts_with("426"), "{reply}");
    let arrival = arrivals(&home).remove(0);
    assert_eq!(arrival["torn"], true);
    server.stop();
}

const LOGINS: &str = "[access]\nuser = \"cams\"\npassword = \"shared secret\"\n\
    [[device]]\nname = \"Gate\"\nuser = \"gate\"\npassword = \"own secret\"\n";

#[test]
fn devices_with_the_shared_login_cannot_access_each_others_uploads() {
    let (home, server) = start(LOGINS);
    let bytes = picture(1);
    let mut own = Camera::from("127.0.0.3", server.ftp[0], "gate", "own secret");
    own.store("/own.jpg", &picture(2));
    Camera::from("127.0.0.2", server.ftp[0], "cams", "shared secret").store("/x.jpg", &bytes);
    server.stop();
    let server = home.start();
    for (source, user, password) in [
        ("127.0.0.3", "cams", "shared secret"),
        ("127.0.0.2", "cams", "wrong"),
        ("127.0.0.2", "gate", "wrong"),
        ("127.0.0.3", "gate", "wrong"),
    ] {
        let mut thief = Camera::from(source, server.ftp[0], user, password);
        for path in ["/x.jpg", "/own.jpg"] {
            for command in ["SIZE", "MDTM", "RETR", "RNFR"] {
                thief.control.must(&format!("{command} {path}"), "550");
            }
        }
        thief.control.must("STAT /x.jpg", "213");
        thief.control.must("REST 10", "350");
        thief.control.must("PASV", "227");
        thief.control.must("STOR /x.jpg", "501");
        thief.control.must("DELE /x.jpg", "250");
        assert_eq!(thief.fetch("NLST /"), b"");
        thief.transfer("APPE /x.jpg", b"forged");
    }
    let mut camera = Camera::from("127.0.0.2", server.ftp[0], "cams", "shared secret");
    assert_eq!(camera.fetch("RETR /x.jpg"), bytes);
    // A login of its own is the same device at any address.
    let mut own = Camera::from("127.0.0.9", server.ftp[0], "gate", "own secret");
    assert_eq!(own.fetch("RETR /own.jpg"), picture(2));
    server.stop();
}

#[test]
fn with_read_off_only_uploads_are_possible() {
    let (_home, server) = start("[ftp]\nlisten = [\"127.0.0.1:0\"]\nread = false\n");
    upload(server.ftp[0], "yard", "/old.jpg", &picture(1));
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("/new.jpg", &picture(2));
    assert_eq!(camera.fetch("NLST /"), b"new.jpg\r\n");
    camera.control.must("PASV", "227");
    camera.control.must("RETR /new.jpg", "550");
    camera.control.must("SIZE /old.jpg", "213");
    server.stop();
}
