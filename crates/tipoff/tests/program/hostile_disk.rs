//! Strangers who fill the disk: with mails, with uploads that never end, and others beside Tipoff.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;

use crate::camera::connect_from;
use crate::harness::{Client, Home, PATIENCE, PICTURE, mail, wait_for};
use crate::hook::Hook;

/// A small disk for the data folder of a home. `None`: only root may make one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn below(home: &Home, megabytes: u32) -> Option<Self> {
        let folder = home.data_dir();
        fs::create_dir(&folder).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tipoff-test"])
            .arg(&folder)
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: a file system cannot be mounted here");
        }
        mounted.then_some(Self(folder))
    }

    fn put(&self, name: &str, bytes: usize) {
        fs::write(self.0.join(name), vec![7; bytes]).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.0.join(name)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A mail of about so many bytes, which no other is like.
fn large_mail(number: u64, bytes: usize) -> Vec<u8> {
    let mut noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut picture = PICTURE.to_vec();
    while picture.len() < bytes * 3 / 4 {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        picture.extend_from_slice(&noise.to_le_bytes());
    }
    mail(&format!("Motion {number}"), &[&picture])
}

/// Sends a mail over a connection that may be used again; the reply to its end, or to what was refused before.
fn send(client: &mut Client, from: &str, mail: &[u8]) -> String {
    for (line, code) in [
        (format!("MAIL FROM:<{from}>"), "250"),
        ("RCPT TO:<me@example.com>".to_owned(), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        let reply = client.say(&line);
        if !reply.starts_with(code) {
            client.say("RSET");
            return reply;
        }
    }
    client.send(mail);
    client.say(".")
}

/// Logged in as the camera that the configuration knows.
fn known_camera(address: SocketAddr) -> Client {
    let mut client = Client::connect_from("127.0.0.1", address);
    client.must("EHLO camera", "250");
    let login = base64::engine::general_purpose::STANDARD.encode("\0yard\0a long one");
    client.must(&format!("AUTH PLAIN {login}"), "235");
    client
}

const YARD: &str = "[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"a long one\"\n";
/// Every mail is an incident of its own, and each is alerted.
const EACH: &str = "[incidents]\nquiet = \"0 s\"\nflood = 10000\n";

#[test]
fn strangers_who_fill_the_disk_keep_no_known_camera_out() {
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}{YARD}{EACH}[retention]\nmin_free = \"16 MB\"\nmax_size = \"200 MB\"\n",
        hook.channel()
    ));
    let Some(_disk) = SmallDisk::below(&home, 64) else { return };
    let server = home.start();
    let mut camera = known_camera(server.smtp[0]);
    let mut evidence = Vec::new();
    for number in 0..20 {
        let subject = format!("Evidence {number}");
        let reply = send(&mut camera, "yard@example.com", &mail(&subject, &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
        evidence.push(subject);
    }
    // 100 MB on a disk of 64 MB.
    for address in 2..12 {
        let mut stranger = Client::connect_from(&format!("127.0.0.{address}"), server.smtp[0]);
        stranger.must("EHLO x", "250");
        for number in 0..20 {
            let number = address * 100 + number;
            let reply = send(
                &mut stranger,
                &format!("made-up-{number}@example.com"),
                &large_mail(number, 500_000),
            );
            assert!(reply.starts_with("250"), "the oldest made room: {reply}");
        }
    }
    for number in 0..1_000 {
        let subject = format!("Alarm {number}");
        let reply = send(&mut camera, "yard@example.com", &mail(&subject, &[]));
        assert!(reply.starts_with("250"), "{number}: {reply}");
        evidence.push(subject);
    }
    wait_for("all alerts of the camera", || {
        let alerts = hook.alerts();
        let told = alerts.iter().filter(|alert| alert["device"] == "Yard").count();
        (told >= 1_020).then_some(())
    });
    let kept = home.incidents();
    let kept: Vec<&str> = kept.iter().filter_map(|it| it["subject"].as_str()).collect();
    let lost: Vec<&String> = evidence.iter().filter(|it| !kept.contains(&it.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    server.stop();
}

#[test]
fn a_camera_that_nobody_named_keeps_its_evidence_at_its_own_address() {
    let home = Home::new(&format!("{EACH}[retention]\nmax_size = \"20 MB\"\nmin_free = \"0 B\"\n"));
    let server = home.start();
    let mut camera = Client::connect_from("127.0.0.1", server.smtp[0]);
    camera.must("EHLO camera", "250");
    for number in 0..10 {
        let subject = format!("Evidence {number}");
        let reply = send(&mut camera, "cam@example.com", &mail(&subject, &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    }
    let mut stranger = Client::connect_from("127.0.0.2", server.smtp[0]);
    stranger.must("EHLO x", "250");
    for number in 0..80 {
        let from = format!("made-up-{number}@example.com");
        let reply = send(&mut stranger, &from, &large_mail(number, 500_000));
        assert!(reply.starts_with("250"), "{reply}");
    }
    server.stop();
    // The first sweep of a start is at once.
    let server = home.start();
    wait_for("the sweep", || (home.incidents().len() < 60).then_some(()));
    let subjects: Vec<String> =
        home.incidents().iter().map(|it| it["subject"].as_str().unwrap().to_owned()).collect();
    let evidence = subjects.iter().filter(|it| it.starts_with("Evidence")).count();
    assert_eq!(evidence, 10, "{subjects:?}");
    server.stop();
}

/// Opens the data connection of an upload from this address.
fn upload_from(from: &str, ftp: SocketAddr, name: &str) -> (Client, TcpStream) {
    let mut control = Client::connect_from(from, ftp);
    control.must(&format!("USER {name}"), "331");
    control.must("PASS x", "230");
    control.must("TYPE I", "200");
    let reply = control.say("EPSV");
    let port = reply.split('|').nth(3).unwrap().parse().unwrap();
    let data = connect_from(from, SocketAddr::new(ftp.ip(), port));
    data.set_write_timeout(Some(PATIENCE)).unwrap();
    control.must(&format!("STOR {name}.bin"), "150");
    (control, data)
}

#[test]
fn uploads_that_never_end_leave_room_for_others() {
    let home = Home::new("[retention]\nmax_size = \"100 MB\"\nmin_free = \"0 B\"\n");
    let server = home.start();
    let mut open = Vec::new();
    // Each of three strangers has as much under way as it may have; what is more is refused.
    for address in 2..5 {
        for number in 0..2 {
            let from = format!("127.0.0.{address}");
            let (mut control, mut data) = upload_from(&from, server.ftp[0], &format!("x{number}"));
            let piece = vec![number; 1_000_000];
            let went = (0..20).take_while(|_| data.write_all(&piece).is_ok()).count();
            if went < 20 {
                let reply = control.hear();
                assert!(reply.starts_with("452"), "{reply}");
            }
            open.push((control, data));
        }
    }
    // Half of half of 100 MB, with the part that each address is sure of.
    let blobs = home.data_dir().join("blobs");
    let bytes = || -> u64 {
        let days = fs::read_dir(&blobs).unwrap().flatten();
        let files = days.flat_map(|day| fs::read_dir(day.path()).unwrap().flatten());
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    };
    wait_for("what was refused to be gone", || (bytes() <= 40_000_000).then_some(()));
    let (mut control, mut data) = upload_from("127.0.0.9", server.ftp[0], "yard");
    data.write_all(&large_mail(1, 3_000_000)).unwrap();
    drop(data);
    assert!(control.hear().starts_with("226"), "{}", server.log());
    let mut camera = Client::connect_from("127.0.0.10", server.smtp[0]);
    camera.must("EHLO camera", "250");
    let reply = send(&mut camera, "cam@example.com", &large_mail(2, 2_000_000));
    assert!(reply.starts_with("250"), "{reply}");
    drop(open);
    server.stop();
}

#[test]
fn a_disk_filled_by_others_does_not_evict_everything() {
    let home =
        Home::new(&format!("{EACH}[retention]\nmin_free = \"16 MB\"\nmax_size = \"100 MB\"\n"));
    let Some(disk) = SmallDisk::below(&home, 64) else { return };
    let server = home.start();
    let mut camera = Client::connect_from("127.0.0.1", server.smtp[0]);
    camera.must("EHLO camera", "250");
    for number in 0..20 {
        let reply = send(&mut camera, "cam@example.com", &large_mail(number, 1_000_000));
        assert!(reply.starts_with("250"), "{reply}");
    }
    // A tenth of `max_size` stays, so there is no room for more.
    disk.put("of others", 43_000_000);
    let reply = send(&mut camera, "cam@example.com", &large_mail(99, 100_000));
    assert!(reply.starts_with("452"), "{reply}");
    let left = home.incidents().len();
    assert!((7..=10).contains(&left), "{left}");
    wait_for("the log", || server.log().contains("Make room on the disk").then_some(()));
    // It fails where something is wrong.
    let doctor = home.command(&["doctor", "--json"]).output().unwrap();
    let found = String::from_utf8(doctor.stdout).unwrap();
    assert!(found.contains("less than [retention] min_free"), "{found}");
    disk.remove("of others");
    wait_for("the next mail", || {
        let reply = send(&mut camera, "cam@example.com", &large_mail(99, 100_000));
        reply.starts_with("250").then_some(())
    });
    server.stop();
}

#[test]
fn arrivals_of_strangers_are_evicted_for_a_known_camera_below_the_floor() {
    let home = Home::new(&format!(
        "{YARD}{EACH}[retention]\nmin_free = \"16 MB\"\nmax_size = \"100 MB\"\n"
    ));
    let Some(disk) = SmallDisk::below(&home, 64) else { return };
    let server = home.start();
    let mut stranger = Client::connect_from("127.0.0.2", server.smtp[0]);
    stranger.must("EHLO x", "250");
    for number in 0..12 {
        let reply = send(&mut stranger, "x@example.com", &large_mail(number, 1_000_000));
        assert!(reply.starts_with("250"), "{reply}");
    }
    // With the 10 MB that stay as the floor there is less free than the 8 MB of the reserve.
    disk.put("of others", 50_000_000);
    let reply = send(&mut stranger, "x@example.com", &large_mail(99, 100_000));
    assert!(reply.starts_with("452"), "{reply}");
    let mut camera = known_camera(server.smtp[0]);
    for number in 100..110 {
        let reply = send(&mut camera, "yard@example.com", &large_mail(number, 100_000));
        assert!(reply.starts_with("250"), "{reply}");
    }
    let kept = home.incidents();
    let of_camera = kept.iter().filter(|it| it["device"] == "Yard").count();
    assert_eq!(of_camera, 10, "{kept:?}");
    server.stop();
}

#[test]
fn the_reserve_is_for_known_devices() {
    let home = Home::new(&format!(
        "{YARD}{EACH}[retention]\nmin_free = \"32 MB\"\nmax_size = \"640 MB\"\n"
    ));
    let Some(disk) = SmallDisk::below(&home, 64) else { return };
    // 24 MB are left: less than `min_free`, and more than half of it.
    disk.put("of others", 40_000_000);
    let server = home.start();
    let mut stranger = Client::connect_from("127.0.0.2", server.smtp[0]);
    stranger.must("EHLO x", "250");
    let reply = send(&mut stranger, "x@example.com", &large_mail(1, 10_000));
    assert!(reply.starts_with("452"), "{reply}");
    let mut camera = known_camera(server.smtp[0]);
    let reply = send(&mut camera, "yard@example.com", &large_mail(2, 10_000));
    assert!(reply.starts_with("250"), "{reply}");
    server.stop();
}

#[test]
fn a_device_known_by_its_recipient_uses_the_reserve() {
    let by_recipient = "[[device]]\nname = \"Gate\"\nmatch = { to = \"gate@*\" }\n";
    let home = Home::new(&format!(
        "{by_recipient}{EACH}[retention]\nmin_free = \"32 MB\"\nmax_size = \"640 MB\"\n"
    ));
    let Some(disk) = SmallDisk::below(&home, 64) else { return };
    disk.put("of others", 40_000_000);
    let server = home.start();
    for (to, expected) in [("me@example.com", "452"), ("gate@example.com", "250")] {
        let mut camera = Client::connect_from("127.0.0.2", server.smtp[0]);
        camera.must("EHLO x", "250");
        camera.must("MAIL FROM:<cam@example.com>", "250");
        camera.must(&format!("RCPT TO:<{to}>"), "250");
        camera.must("DATA", "354");
        camera.send(&large_mail(1, 10_000));
        camera.must(".", expected);
    }
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}

#[test]
fn a_disk_that_fills_up_during_an_upload_leaves_room_for_commits() {
    let home = Home::new("[retention]\nmin_free = \"16 MB\"\nmax_size = \"640 MB\"\n");
    let Some(_disk) = SmallDisk::below(&home, 64) else { return };
    let server = home.start();
    let (mut control, mut data) = upload_from("127.0.0.2", server.ftp[0], "endless");
    let piece = vec![1; 1_000_000];
    while data.write_all(&piece).is_ok() {}
    let reply = control.hear();
    assert!(reply.starts_with("452"), "{reply}");
    wait_for("room", || {
        let mut camera = Client::connect_from("127.0.0.1", server.smtp[0]);
        camera.must("EHLO camera", "250");
        let reply = send(&mut camera, "cam@example.com", &large_mail(1, 100_000));
        reply.starts_with("250").then_some(())
    });
    assert!(!server.log().contains("could not commit"), "{}", server.log());
    let mut rest = Vec::new();
    let _ = data.read_to_end(&mut rest);
    server.stop();
}
