//! Uploads as cameras make them: each ends in exactly one arrival with the right name and bytes.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

use crate::camera::{Camera, reset, upload};
use crate::harness::{Home, PICTURE, Server, wait_for};
use crate::hook::{Hook, files};

fn scene(configuration: &str) -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&format!("{}\n{configuration}", hook.channel()));
    let server = home.start();
    (hook, home, server)
}

/// A picture that is like no other.
pub fn picture(number: u32) -> Vec<u8> {
    [PICTURE, b" no. ", number.to_string().as_bytes()].concat()
}

/// All arrivals, the oldest first.
pub fn arrivals(home: &Home) -> Vec<Value> {
    let mut all: Vec<Value> = home
        .incidents()
        .iter()
        .flat_map(|line| {
            let incident = home.incident(line["incident"].as_i64().unwrap());
            incident["arrivals"].as_array().unwrap().clone()
        })
        .collect();
    all.sort_by_key(|arrival| arrival["arrival"].as_i64());
    all
}

fn media(arrival: &Value) -> (String, u64, bool, bool) {
    let media = &arrival["content"]["media"];
    assert_eq!(media.as_array().unwrap().len(), 1);
    let media = &media[0];
    (
        media["name"].as_str().unwrap().to_owned(),
        media["size"].as_u64().unwrap(),
        arrival["torn"].as_bool().unwrap(),
        media["repeat"].as_bool().unwrap(),
    )
}

fn whole(name: &str, bytes: &[u8]) -> (String, u64, bool, bool) {
    (name.to_owned(), bytes.len() as u64, false, false)
}

#[test]
fn an_upload_is_alerted_with_its_name_and_its_bytes() {
    let (hook, home, server) = scene("");
    upload(server.ftp[0], "yard", "/2026/10/05/MDAlarm_20261005-101010.jpg", PICTURE);
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["kind"], &alert["event"]), (&json!("first"), &json!("motion")));
    assert_eq!(alert["device"], "yard");
    assert_eq!(alert["media"][0]["name"], "MDAlarm_20261005-101010.jpg");
    assert_eq!(files(&alert), [PICTURE]);
    let arrival = arrivals(&home).remove(0);
    assert_eq!(arrival["envelope"]["path"], "/2026/10/05/MDAlarm_20261005-101010.jpg");
    assert_eq!(arrival["envelope"]["login"], "yard");
    server.stop();
}

#[test]
fn uploads_stay_visible_after_a_restart_and_deleting_loses_nothing() {
    let (_hook, home, server) = scene("");
    upload(server.ftp[0], "yard", "/a/x.jpg", PICTURE);
    server.stop();
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.control.must("SIZE /a/x.jpg", &format!("213 {}", PICTURE.len()));
    assert_eq!(camera.fetch("RETR /a/x.jpg"), PICTURE);
    camera.control.must("REST 100", "350");
    assert_eq!(camera.fetch("RETR /a/x.jpg"), PICTURE[100..]);
    assert_eq!(camera.fetch("NLST /a"), b"x.jpg\r\n");
    camera.control.must("DELE /a/x.jpg", "250");
    camera.control.must("SIZE /a/x.jpg", "550");
    camera.store("/a/x.jpg", &picture(2));
    camera.control.must("RMD /a", "250");
    // Nobody else sees it.
    let mut other = Camera::connect(server.ftp[0], "other");
    other.control.must("SIZE /a/x.jpg", "550");
    assert_eq!(other.fetch("NLST"), b"");
    let found: Vec<_> = arrivals(&home).iter().map(media).collect();
    assert_eq!(found, [whole("x.jpg", PICTURE), whole("x.jpg", &picture(2))]);
    server.stop();
}

#[test]
fn a_temporary_name_delays_no_alert_if_the_content_is_known() {
    let (hook, home, server) = scene("[ftp]\nlisten = [\"127.0.0.1:0\"]\nrename_wait = \"10 min\"");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("14.03.20[M][0@0][0].jpg_", PICTURE);
    // It is told of before it is renamed, by the name that it will have.
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["media"][0]["name"], "14.03.20[M][0@0][0].jpg");
    assert_eq!(alert["event"], "motion");
    camera.control.must("RNFR 14.03.20[M][0@0][0].jpg_", "350");
    camera.control.must("RNTO 14.03.20[M][0@0][0].jpg", "250");
    // What only its name tells waits for that.
    camera.store("upload.tmp", b"nobody knows");
    camera.control.must("RNFR upload.tmp", "350");
    camera.control.must("RNTO /notes/person.txt", "250");
    let alert = hook.wait_for(2).remove(1);
    assert_eq!((&alert["kind"], &alert["event"]), (&json!("followup"), &json!("person")));
    assert_eq!(alert["media"][0]["name"], "person.txt");
    let found: Vec<_> = arrivals(&home).iter().map(media).collect();
    let expected =
        [whole("14.03.20[M][0@0][0].jpg", PICTURE), whole("person.txt", b"nobody knows")];
    assert_eq!(found, expected);
    assert_eq!(arrivals(&home)[1]["envelope"]["path"], "/notes/person.txt");
    server.stop();
}

#[test]
fn a_meaningless_name_delays_the_alert_for_a_moment() {
    let (hook, _home, server) = scene("[incidents]\nquiet = \"0 s\"");
    for (number, named) in ["person.jpg", "yard/vehicle.jpg"].into_iter().enumerate() {
        let mut camera = Camera::connect(server.ftp[0], "yard");
        camera.store("upload.tmp", &picture(number as u32));
        camera.control.must("RNFR upload.tmp", "350");
        camera.control.must(&format!("RNTO {named}"), "250");
        let alert = hook.wait_for(number + 1).remove(number);
        let name = named.rsplit('/').next().unwrap();
        assert_eq!((&alert["kind"], &alert["media"][0]["name"]), (&json!("first"), &json!(name)));
        assert_eq!(alert["event"], name.split('.').next().unwrap());
    }
    upload(server.ftp[0], "yard", "upload.tmp", &picture(3));
    assert_eq!(files(&hook.wait_for(3)[2]), [picture(3)], "it is not waited for long");
    server.stop();
}

#[test]
fn the_wait_for_a_final_name_has_a_limit() {
    let (hook, _home, server) = scene("[ftp]\nlisten = [\"127.0.0.1:0\"]\nrename_wait = \"1 s\"");
    upload(server.ftp[0], "yard", "upload.tmp", b"nobody knows");
    assert_eq!(files(&hook.wait_for(1)[0]), [b"nobody knows"]);
    server.stop();
}

#[test]
fn pieces_become_one_file_which_is_alerted_once() {
    let (hook, home, server) = scene("[ftp]\nlisten = [\"127.0.0.1:0\"]\nrename_wait = \"2 s\"");
    let video = mp4(7);
    for (command, piece) in [
        ("APPE clip.mp4", &video[..20]),
        ("APPE clip.mp4", &video[20..50]),
        ("APPE clip.mp4", &video[50..]),
    ] {
        let mut camera = Camera::connect(server.ftp[0], "yard");
        assert!(camera.transfer(command, piece).starts_with("226"));
    }
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(files(&alert), [video.as_slice()]);
    assert_eq!(arrivals(&home).iter().map(media).collect::<Vec<_>>(), [whole("clip.mp4", &video)]);
    // Nothing else is under way: the next thing that is told is the next thing that happens.
    upload(server.ftp[0], "other", "x.jpg", PICTURE);
    assert_eq!(hook.wait_for(2)[1]["device"], "other");
    server.stop();
}

/// A video without pictures, but with all of its boxes.
fn mp4(content: u8) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x10ftypisom0000\0\0\0\x0cmoovidx!\0\0\0\x48mdat".to_vec();
    bytes.extend([content; 0x40]);
    bytes
}

#[test]
fn an_interrupted_upload_is_torn_until_it_is_resumed() {
    let (hook, home, server) = scene("");
    for end in [0, 1] {
        let video = mp4(end as u8);
        let mut camera = Camera::connect(server.ftp[0], "yard");
        let name = format!("clip{end}.mp4");
        let mut data = camera.begin(&format!("STOR {name}"));
        data.write_all(&video[..60]).unwrap();
        let size = format!("213 {}", 60);
        if end == 0 {
            // The data connection breaks …
            wait_for("the bytes' arrival", || blob_bytes(&home).contains(&60).then_some(()));
            reset(data);
            assert!(camera.control.hear().starts_with("426"));
        } else {
            // … or the control connection, and the data connection after it.
            drop(camera);
            drop(data);
            camera = wait_for("the torn upload", || {
                let mut camera = Camera::connect(server.ftp[0], "yard");
                camera.control.say(&format!("SIZE {name}")).starts_with("213").then_some(camera)
            });
        }
        camera.control.must(&format!("SIZE {name}"), &size);
        let torn = arrivals(&home).pop().unwrap();
        assert_eq!(media(&torn), (name.clone(), 60, true, false));
        assert!(!torn["content"]["media"][0]["whole"].as_bool().unwrap());
        assert!(hook.alerts().len() <= end, "what is torn and no whole picture is not told");
        camera.control.must("REST 60", "350");
        assert!(camera.transfer(&format!("STOR {name}"), &video[60..]).starts_with("226"));
        assert_eq!(files(&hook.wait_for(end + 1)[end]), [video.as_slice()]);
        assert_eq!(media(&arrivals(&home).pop().unwrap()), whole(&name, &video));
    }
    assert_eq!(arrivals(&home).len(), 2);
    server.stop();
}

fn blob_bytes(home: &Home) -> Vec<u64> {
    let days = std::fs::read_dir(home.data_dir().join("blobs")).into_iter().flatten().flatten();
    days.flat_map(|day| std::fs::read_dir(day.path()).into_iter().flatten().flatten())
        .map(|file| file.metadata().unwrap().len())
        .collect()
}

#[test]
fn resuming_inside_a_file_keeps_the_stored_bytes() {
    let (_hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("x.txt", b"0123456789");
    camera.control.must("REST 4", "350");
    assert!(camera.transfer("STOR x.txt", b"new").starts_with("226"));
    assert_eq!(camera.fetch("RETR x.txt"), b"0123new");
    let found: Vec<_> = arrivals(&home).iter().map(media).collect();
    assert_eq!(found, [whole("x.txt", b"0123456789"), whole("x.txt", b"0123new")]);
    server.stop();
}

#[test]
fn a_whole_picture_of_a_torn_upload_is_alerted_once() {
    let (hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.begin("STOR x.jpg");
    data.write_all(PICTURE).unwrap();
    // The camera dies: both connections end at once.
    drop(camera);
    drop(data);
    assert_eq!(files(&hook.wait_for(1)[0]), [PICTURE]);
    upload(server.ftp[0], "yard", "x.jpg", PICTURE);
    let last = arrivals(&home).pop().unwrap();
    assert_eq!(media(&last), ("x.jpg".to_owned(), PICTURE.len() as u64, false, true));
    upload(server.ftp[0], "other", "x.jpg", PICTURE);
    assert_eq!(hook.wait_for(2)[1]["device"], "other", "the repeat was not told");
    server.stop();
}

#[test]
fn the_same_bytes_are_a_repeat_and_new_bytes_under_the_same_name_are_alerted() {
    let (hook, home, server) = scene("[incidents]\nquiet = \"0 s\"");
    upload(server.ftp[0], "yard", "Driveway_00.jpg", &picture(1));
    upload(server.ftp[0], "yard", "Driveway_00.jpg", &picture(2));
    upload(server.ftp[0], "yard", "again/Driveway_00.jpg", &picture(1));
    upload(server.ftp[0], "yard", "Driveway_00.jpg", &picture(3));
    let alerts = hook.wait_for(3);
    let mut told: Vec<_> = alerts.iter().flat_map(files).collect();
    told.sort();
    assert_eq!(told, [picture(1), picture(2), picture(3)]);
    let repeats: Vec<bool> = arrivals(&home).iter().map(|arrival| media(arrival).3).collect();
    assert_eq!(repeats, [false, false, true, false]);
    server.stop();
}

#[test]
fn housekeeping_files_and_timed_pictures_are_stored_and_not_alerted() {
    let (hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("DVRWorkDirectory", b"");
    camera.store("testftp.txt", b"test");
    camera.store("14.03.20[M][0@0][0].idx", b"index");
    camera.store("192.168.1.64_01_20190827095800502_TIMING.jpg", &picture(1));
    camera.store("snap/Schedule_20180914-111429.jpg", &picture(2));
    camera.store("alarm.jpg", &picture(3));
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["kind"], files(&alert)), (&json!("first"), vec![picture(3)]));
    assert_eq!(arrivals(&home).len(), 6);
    assert_eq!(home.incidents().len(), 2, "what is silent is apart");
    server.stop();
    // They are told where that is asked for.
    home.configure(&format!("{}\n[incidents]\nperiodic = true", hook.channel()));
    let server = home.start();
    upload(server.ftp[0], "yard", "Schedule_20180914-111430.jpg", &picture(4));
    assert_eq!(hook.wait_for(2)[1]["event"], "periodic");
    server.stop();
}

#[test]
fn abort_is_answered_during_the_transfer_and_received_bytes_are_kept() {
    let (_hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.begin("STOR x.jpg");
    data.write_all(&PICTURE[..100]).unwrap();
    wait_for("the bytes' arrival", || blob_bytes(&home).contains(&100).then_some(()));
    camera.control.send(b"STAT\r\n");
    assert!(camera.control.hear().starts_with("211"));
    camera.control.send(b"\xFF\xF4\xFF\xF2ABOR\r\n");
    assert!(camera.control.hear().starts_with("426"));
    assert!(camera.control.hear().starts_with("226"));
    camera.control.must("SIZE x.jpg", "213 100");
    assert!(media(&arrivals(&home)[0]).2);
    server.stop();
}

#[test]
fn commands_of_a_blind_script_run_in_order() {
    let (hook, home, server) = scene("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let address = camera.passive_address();
    camera.control.send(b"STOR a/x.jpg\r\nMKD b\r\nNOOP\r\nQUIT\r\n");
    let mut data = TcpStream::connect(address).unwrap();
    data.write_all(PICTURE).unwrap();
    data.shutdown(Shutdown::Write).unwrap();
    for code in ["150", "226", "257", "200", "221", ""] {
        let reply = camera.control.hear();
        assert!(reply.starts_with(code) && reply.is_empty() == code.is_empty(), "{reply}");
    }
    hook.wait_for(1);
    assert_eq!(media(&arrivals(&home)[0]), whole("x.jpg", PICTURE));
    server.stop();
}

#[test]
fn devices_are_known_by_login_and_by_folder() {
    let (hook, _home, server) = scene(
        "[access]\nrequire_login = true\n\
         [[device]]\nname = \"Recorder\"\nuser = \"nvr\"\npassword = \"secret\"\n\
         [[device]]\nname = \"Front yard\"\nmatch = { folder = \"cam1\", recorder = \"Recorder\" }\n",
    );
    let mut stranger = crate::harness::Client::connect(server.ftp[0]);
    stranger.must("USER nvr", "331");
    stranger.must("PASS wrong", "530");
    stranger.must("PASV", "530");
    upload(server.ftp[0], "nvr", "cam1/2026/x.jpg", &picture(1));
    upload(server.ftp[0], "nvr@example.com", "cam2/x.jpg", &picture(2));
    let mut devices: Vec<String> =
        hook.wait_for(2).iter().map(|alert| alert["device"].as_str().unwrap().to_owned()).collect();
    devices.sort();
    assert_eq!(devices, ["Front yard", "Recorder"]);
    server.stop();
}
