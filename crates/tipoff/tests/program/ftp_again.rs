//! Uploads that come again: after a crash, after a break, as they grow, and in folders that nobody made.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::camera::{Camera, reset, upload};
use crate::ftp_uploads::{arrivals, picture};
use crate::harness::{Home, PICTURE, Server, require, wait_for};
use crate::hook::{Hook, files};

const LOGIN: &str = "[access]\nuser = \"cam\"\npassword = \"secret\"\n";

fn scene(configuration: &str) -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&format!("{configuration}{}", hook.channel()));
    let server = home.start();
    (hook, home, server)
}

fn sizes(home: &Home) -> Vec<(Option<u64>, bool)> {
    let size = |it: &Value| (it["size"].as_u64(), it["torn"].as_bool().unwrap());
    arrivals(home).iter().map(size).collect()
}

/// Sizes of the blobs, the smallest first.
fn blobs(home: &Home) -> Vec<u64> {
    let days = std::fs::read_dir(home.data_dir().join("blobs")).into_iter().flatten().flatten();
    let files = days.flat_map(|day| std::fs::read_dir(day.path()).into_iter().flatten().flatten());
    let mut sizes: Vec<u64> = files.map(|file| file.metadata().unwrap().len()).collect();
    sizes.sort_unstable();
    sizes
}

/// A video whose index is at its end.
fn mp4() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x10ftypisom0000\0\0\0\x48mdat".to_vec();
    bytes.extend([7; 0x40]);
    bytes.extend(b"\0\0\0\x0cmoovidx!");
    bytes
}

/// Begins an upload, and sees its bytes arrive.
fn begin(home: &Home, camera: &mut Camera, command: &str, bytes: &[u8]) -> std::net::TcpStream {
    let before = blobs(home).iter().sum::<u64>();
    let mut data = camera.begin(command);
    data.write_all(bytes).unwrap();
    let expected = before + bytes.len() as u64;
    wait_for("the bytes", || (blobs(home).iter().sum::<u64>() == expected).then_some(()));
    data
}

#[test]
fn an_upload_cut_off_by_a_crash_is_resumed_at_its_end() {
    let (hook, home, server) = scene(LOGIN);
    let video = mp4();
    let mut camera = Camera::connect(server.ftp[0], "cam");
    let _data = begin(&home, &mut camera, "STOR day/clip.mp4", &video[..60]);
    let mut other = Camera::connect(server.ftp[0], "stranger");
    let _other = begin(&home, &mut other, "STOR x.bin", b"of nobody");
    server.kill_now();
    drop(server);

    let server = home.start();
    wait_for("the removal of what nobody can prove to own", || {
        (blobs(&home) == [60]).then_some(())
    });
    assert!(home.incidents().is_empty(), "it was never acknowledged");
    let mut camera = Camera::connect(server.ftp[0], "cam");
    camera.control.must("SIZE day/clip.mp4", "213 60");
    assert_eq!(camera.fetch("NLST day"), b"clip.mp4\r\n");
    Camera::connect(server.ftp[0], "stranger").control.must("SIZE day/clip.mp4", "550");
    // Another crash before it went on, and one while it does.
    server.kill_now();
    drop(server);
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "cam");
    camera.control.must("REST 60", "350");
    let _data = begin(&home, &mut camera, "STOR day/clip.mp4", &video[60..70]);
    server.kill_now();
    drop(server);
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "cam");
    camera.control.must("SIZE day/clip.mp4", "213 70");
    camera.control.must("REST 70", "350");
    assert!(camera.transfer("STOR day/clip.mp4", &video[70..]).starts_with("226"));
    assert_eq!(files(&hook.wait_for(1)[0]), [video.as_slice()]);
    assert_eq!(sizes(&home), [(Some(video.len() as u64), false)]);
    server.stop();
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "cam");
    camera.control.must("SIZE day/clip.mp4", &format!("213 {}", video.len()));
    server.stop();
}

#[test]
fn real_clients_resume_uploads_after_a_crash() {
    let (_hook, home, mut server) = scene(LOGIN);
    let file: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    home.put("x.bin", &file);
    for (count, client) in ["curl", "lftp"].into_iter().enumerate() {
        let mut camera = Camera::connect(server.ftp[0], "cam");
        let name = format!("{client}.bin");
        let _data = begin(&home, &mut camera, &format!("STOR {name}"), &file[..300_000]);
        server.kill_now();
        drop(server);
        server = home.start();
        let address = server.ftp[0];
        let url = format!("ftp://cam:secret@{address}/{name}");
        let mut command = Command::new(require(client));
        let script = format!(
            "set ftp:ssl-allow no; open ftp://cam:secret@{address}; put -c x.bin -o {name}"
        );
        match client {
            "curl" => command.args(["-sS", "-C", "-", "-T", "x.bin", &url]),
            _ => command.args(["-c", &script]),
        };
        assert!(command.current_dir(home.file("")).status().unwrap().success());
        assert_eq!(sizes(&home).last(), Some(&(Some(file.len() as u64), false)));
        assert_eq!(blobs(&home), vec![file.len() as u64; count + 1], "nothing came twice");
    }
    // What was sent from the beginning instead is what is seen.
    let mut camera = Camera::connect(server.ftp[0], "cam");
    let _data = begin(&home, &mut camera, "STOR y.bin", &file[..1_000]);
    server.kill_now();
    drop(server);
    let server = home.start();
    upload(server.ftp[0], "cam", "y.bin", &file[..2_000]);
    server.stop();
    let server = home.start();
    Camera::connect(server.ftp[0], "cam").control.must("SIZE y.bin", "213 2000");
    server.stop();
}

#[test]
fn an_upload_cut_off_by_a_crash_is_removed_after_a_day() {
    let (_hook, home, server) = scene(LOGIN);
    let mut camera = Camera::connect(server.ftp[0], "cam");
    let _data = begin(&home, &mut camera, "STOR clip.mp4", &mp4()[..60]);
    server.kill_now();
    drop(server);
    let day = std::fs::read_dir(home.data_dir().join("blobs")).unwrap().next().unwrap().unwrap();
    let blob = std::fs::read_dir(day.path()).unwrap().next().unwrap().unwrap().path();
    let touched = Command::new("touch").args(["-d", "25 hours ago"]).arg(&blob).status().unwrap();
    assert!(touched.success());
    let server = home.start();
    Camera::connect(server.ftp[0], "cam").control.must("SIZE clip.mp4", "550");
    wait_for("its removal", || blobs(&home).is_empty().then_some(()));
    server.stop();
}

/// Begins an upload and goes away in its middle.
fn break_off(server: &Server, name: &str, bytes: &[u8]) {
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.begin(&format!("STOR {name}"));
    data.write_all(bytes).unwrap();
    drop(camera);
    drop(data);
    wait_for("the session's end", || {
        server.get("/metrics").contains("\ntipoff_sessions_open 0\n").then_some(())
    });
}

#[test]
fn interrupted_uploads_do_not_pile_up() {
    let (hook, home, server) = scene("");
    let video = mp4();
    // Longer, shorter, as long, longer.
    for end in [40, 30, 40, 60] {
        break_off(&server, "clip.mp4", &video[..end]);
    }
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.control.must("SIZE clip.mp4", "213 60");
    drop(camera);
    assert_eq!((sizes(&home), blobs(&home)), (vec![(Some(60), true)], vec![60]));
    // Another file of this name is another file, and what was stored stays.
    let other = [&video[..20], b"quite another".as_slice()].concat();
    break_off(&server, "clip.mp4", &other);
    assert_eq!(blobs(&home), [other.len() as u64, 60]);
    break_off(&server, "clip2.mp4", &video[..50]);
    upload(server.ftp[0], "yard", "clip2.mp4", &video);
    assert_eq!(files(&hook.wait_for(1)[0]), [video.as_slice()]);
    assert_eq!(arrivals(&home).len(), 3);
    server.stop();
}

#[test]
fn a_growing_clip_that_is_sent_again_is_alerted_once() {
    let (hook, home, server) = scene("[ftp]\nlisten = [\"127.0.0.1:0\"]\nrename_wait = \"3 s\"\n");
    let video = mp4();
    for end in [20, 50, 50, 80, video.len()] {
        upload(server.ftp[0], "yard", "clip.mp4", &video[..end]);
    }
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["kind"], files(&alert)), (&json!("first"), vec![video.clone()]));
    assert_eq!(sizes(&home), [(Some(video.len() as u64), false)]);
    upload(server.ftp[0], "other", "x.jpg", PICTURE);
    assert_eq!(hook.wait_for(2)[1]["device"], "other", "nothing else was told");
    // One whose end nothing shows is told once as well, by a device that is known to do so.
    let fragments =
        [&video[..16], b"\0\0\0\x0cmoovidx!", &b"\0\0\0\x08moof\0\0\0\x0cmdat1234".repeat(3)]
            .concat();
    for end in [48, 68, 88] {
        upload(server.ftp[0], "yard", "fragments.mp4", &fragments[..end]);
    }
    let clip = wait_for("the clip", || {
        hook.alerts().into_iter().skip(2).find(|alert| alert["device"] == "yard")
    });
    assert_eq!(files(&clip), [fragments]);
    // A picture that is whole is no beginning of another.
    upload(server.ftp[0], "yard", "x.jpg", &picture(1));
    upload(server.ftp[0], "yard", "x.jpg", &picture(12));
    assert_eq!(arrivals(&home).len(), 5);
    server.stop();
}

#[test]
fn libcurl_fails_at_a_missing_folder_only_once() {
    let (hook, home, server) = scene("");
    home.put("x.jpg", PICTURE);
    let send = |server: &Server, path: &str| {
        let url = format!("ftp://cam:x@{}/{path}", server.ftp[0]);
        let mut curl = Command::new(require("curl"));
        curl.args(["-sS", "-T", "x.jpg", &url]).current_dir(home.file(""));
        curl.status().unwrap().success()
    };
    assert!(!send(&server, "a/2026/10-05/x.jpg"));
    wait_for("the session's end", || send(&server, "a/2026/10-05/x.jpg").then_some(()));
    assert_eq!(files(&hook.wait_for(1)[0]), [PICTURE]);
    assert!(send(&server, "a/2026/10-06/x.jpg"), "a new day");
    server.stop();
    let server = home.start();
    assert!(send(&server, "a/2027/01-01/x.jpg"), "it is remembered");
    server.stop();
}

#[test]
fn a_name_in_any_encoding_is_listed_as_bytes_and_alerted_as_text() {
    let (hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.passive();
    camera.control.send(b"STOR \x95\x5C/\x83\x5C.jpg\r\n");
    assert!(camera.control.hear().starts_with("150"));
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(camera.control.hear().starts_with("226"));
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["media"][0]["name"], "ソ.jpg");
    assert_eq!(arrivals(&home)[0]["envelope"]["path"], "/表/ソ.jpg");
    server.stop();
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "yard");
    assert_eq!(camera.fetch("NLST"), b"\x95\x5C\r\n");
    camera.control.send(b"SIZE \x95\x5C/\x83\x5C.jpg\r\n");
    assert!(camera.control.hear().starts_with("213"));
    server.stop();
}

#[test]
fn deep_and_long_paths_are_accepted() {
    let (hook, home, server) = scene("");
    home.put("x.jpg", PICTURE);
    let deep: String = (0..60).map(|number| format!("folder{number}/")).collect();
    let url = format!("ftp://cam:x@{}/{deep}x.jpg", server.ftp[0]);
    let mut curl = Command::new(require("curl"));
    curl.args(["-sS", "--ftp-create-dirs", "-T", "x.jpg", &url]).current_dir(home.file(""));
    assert!(curl.status().unwrap().success());
    assert_eq!(hook.wait_for(1)[0]["media"][0]["name"], "x.jpg");
    let long = format!("/agent/{}/{}.jpg", "dvr/".repeat(1_000), "y".repeat(900));
    upload(server.ftp[0], "yard", &long, &picture(1));
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.control.must(&format!("SIZE {long}"), "213");
    camera.control.must(&format!("RNFR {long}"), "350");
    camera.control.must(&format!("RNTO {long}.jpg"), "250");
    let paths: Vec<String> = arrivals(&home)
        .iter()
        .map(|it| it["envelope"]["path"].as_str().unwrap().to_owned())
        .collect();
    assert!(paths.iter().all(|path| path.len() <= 1_024 && path.ends_with(".jpg")), "{paths:?}");
    assert!(paths[0].starts_with("/folder0/") && paths[1].starts_with("/agent/"), "{paths:?}");
    server.stop();
}

#[test]
fn appending_a_file_from_its_beginning_is_a_new_try() {
    let (_hook, home, server) = scene("");
    let (first, second) = (picture(1), picture(2));
    break_off(&server, "x.jpg", &first[..PICTURE.len() / 2]);
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let size = |bytes: &[u8]| Some(bytes.len() as u64);
    assert!(camera.transfer("APPE x.jpg", &first).starts_with("226"));
    assert_eq!(sizes(&home), [(size(&first), false)], "the torn try is whole now");
    // The same again, and another one.
    for bytes in [&first, &second] {
        assert!(camera.transfer("APPE x.jpg", bytes).starts_with("226"));
        camera.control.must("SIZE x.jpg", &format!("213 {}", bytes.len()));
    }
    assert_eq!(sizes(&home)[1..], [(size(&first), false), (size(&second), false)]);
    // A whole one behind REST, also where another one broke off.
    drop(camera);
    break_off(&server, "y.jpg", &first[..1_000]);
    let mut camera = Camera::connect(server.ftp[0], "yard");
    for (rest, bytes) in [(1_000, &second), (second.len() - 7, &first)] {
        camera.control.must(&format!("REST {rest}"), "350");
        assert!(camera.transfer("STOR y.jpg", bytes).starts_with("226"));
        camera.control.must("SIZE y.jpg", &format!("213 {}", bytes.len()));
    }
    // The rest, as SIZE told where it begins, in pieces.
    drop(camera);
    break_off(&server, "z.jpg", &second[..1_000]);
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.control.must("SIZE z.jpg", "213 1000");
    assert!(camera.transfer("APPE z.jpg", &second[1_000..1_100]).starts_with("226"));
    assert!(camera.transfer("APPE z.jpg", &second[1_100..]).starts_with("226"));
    assert_eq!(camera.fetch("RETR z.jpg"), second);
    assert_eq!(sizes(&home).last(), Some(&(size(&second), false)));
    server.stop();
}

#[test]
fn another_session_finds_a_new_upload_at_once() {
    let (_hook, home, server) = scene("");
    let size = format!("213 {}", PICTURE.len());
    let commands = [("RNFR", "350"), ("SIZE", &size), ("MDTM", "213")];
    // Each several times: whether the other session is quicker is chance.
    for (number, (verb, answer)) in commands.iter().cycle().take(24).enumerate() {
        let path = format!("{number}.jpg.tmp");
        let mut other = Camera::connect(server.ftp[0], "cam");
        let mut camera = Camera::connect(server.ftp[0], "cam");
        let mut data = camera.begin(&format!("STOR {path}"));
        data.write_all(PICTURE).unwrap();
        drop(data);
        drop(camera);
        other.control.must(&format!("{verb} {path}"), answer);
        if *verb == "RNFR" {
            other.control.must(&format!("RNTO {number}.jpg"), "250");
        }
    }
    // A file that is removed does not come back, and one that goes on is one arrival.
    let mut other = Camera::connect(server.ftp[0], "cam");
    let mut camera = Camera::connect(server.ftp[0], "cam");
    let mut data = camera.begin("STOR gone.jpg");
    data.write_all(PICTURE).unwrap();
    drop(data);
    other.control.must("DELE gone.jpg", "250");
    other.control.must("SIZE gone.jpg", "550");
    assert!(camera.control.hear().starts_with("226"));
    let (begin, rest) = PICTURE.split_at(1000);
    let mut data = camera.begin("STOR on.jpg");
    data.write_all(begin).unwrap();
    drop(data);
    assert!(other.transfer("APPE on.jpg", rest).starts_with("226"));
    other.control.must("SIZE on.jpg", &size);
    assert_eq!(arrivals(&home).len(), 24 + 2);
    server.stop();
}

#[test]
fn a_first_try_that_breaks_late_does_not_hide_the_second() {
    let (_hook, home, server) = scene("");
    let size = format!("213 {}", PICTURE.len());
    let mut first = Camera::connect(server.ftp[0], "cam");
    let data = begin(&home, &mut first, "STOR x.jpg", &PICTURE[..1000]);
    upload(server.ftp[0], "cam", "x.jpg", PICTURE);
    reset(data);
    assert!(first.control.hear().starts_with("426"));
    first.control.must("SIZE x.jpg", &size);
    assert_eq!(first.fetch("RETR x.jpg"), PICTURE);
    // The same where a torn one was there before both, and where the control connection breaks as well.
    let mut camera = Camera::connect(server.ftp[0], "cam");
    let data = begin(&home, &mut camera, "STOR y.jpg", &PICTURE[..500]);
    reset(data);
    assert!(camera.control.hear().starts_with("426"));
    let mut first = Camera::connect(server.ftp[0], "cam");
    let mut data = first.begin("STOR y.jpg");
    data.write_all(&PICTURE[..900]).unwrap();
    wait_for("the bytes", || blobs(&home).contains(&900).then_some(()));
    upload(server.ftp[0], "cam", "y.jpg", PICTURE);
    drop(first);
    reset(data);
    wait_for("what came of the first try", || {
        sizes(&home).contains(&(Some(900), true)).then_some(())
    });
    camera.control.must("SIZE y.jpg", &size);
    // What breaks later begins a file of its own, which the device may go on with.
    let data = begin(&home, &mut camera, "STOR x.jpg", &picture(4)[..700]);
    reset(data);
    assert!(camera.control.hear().starts_with("426"));
    camera.control.must("SIZE x.jpg", "213 700");
    server.stop();
}
