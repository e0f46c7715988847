use proptest::prelude::*;
use tipoff_model::{Encoding, Media, MediaKind};

use super::*;

mod guides;
mod uploads;
mod values;
mod vendors;

fn content(subject: &str, text: &str, names: &[&str]) -> Content {
    let media = |name: &&str| Media {
        name: (*name).to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 0..1,
        encoding: Encoding::Identity,
        size: 1,
        whole: true,
        repeat: false,
        decoration: false,
    };
    Content {
        subject: subject.to_owned(),
        text: text.to_owned(),
        media: names.iter().map(media).collect(),
        unclear: false,
        details: None,
        camera: None,
        late: false,
    }
}

fn check(subject: &str, text: &str, names: &[&str], expected: (Option<&str>, Event)) {
    let content = content(subject, text, names);
    let reading = read(&content);
    assert_eq!((reading.vendor, reading.event), expected, "{subject} | {text}");
}

#[test]
fn hikvision() {
    let camera = "This is an automatically generated e-mail from your IPC.\n\nEVENT TYPE: Intrusion \
                  Detection\nEVENT TIME: 2015-05-22,14:52:18\nIPC NAME: ORTO\nCHANNEL NAME: Orto\n";
    let expected = (Some("Hikvision"), Event::Zone);
    check("移动侦测: on Camera1: Intrusion Detection", camera, &[], expected);
    let clone = "\tEVENT TYPE:    Motion Detected\n\tEVENT TIME: 27/12/2021 17:42:19\n";
    check("x", clone, &[], (Some("Hikvision"), Event::Motion));
    let recorder = "Embedded Net DVR: Motion Detected On Channel A1";
    check(recorder, "", &[], (Some("Hikvision"), Event::Motion));
    check("x", "EVENT TYPE: HDD Full\n", &[], (Some("Hikvision"), Event::Fault));
    check("x", "EVENT TYPE: Line Crossing Detection\n", &[], (Some("Hikvision"), Event::Line));
}

#[test]
fn dahua() {
    let text = |event| {
        format!(
            "Alarm Event: {event}\r\nAlarm Input Channel: 1\r\nAlarm Start Time(D/M/Y H:M:S): 23/12/2021 10:27:46\r\n"
        )
    };
    for (words, event) in [
        ("Motion Detection", Event::Motion),
        ("Motion Detection Start", Event::Motion),
        ("Motion Detection Stop", Event::End),
        ("Motion Detection end", Event::End),
        ("Face Detection", Event::Person),
        ("Tripwire", Event::Line),
        ("SMD Human", Event::Person),
    ] {
        check("Alarm", &text(words), &[], (Some("Dahua"), event));
    }
    check("x", "", &["14.03.20[M][0@0][0].jpg"], (Some("Dahua"), Event::Motion));
    check("x", "", &["14.03.20[R][0@0][0].jpg"], (Some("Dahua"), Event::Periodic));
}

#[test]
fn reolink() {
    let older = "Alarm Camera Name:Living Room Camera, Alarm Event:Person Detected, Alarm Input Channel No.:1";
    check("Reolink", older, &[], (Some("Reolink"), Event::Person));
    for (subject, event) in [
        ("Person Detected from Driveway Reolink", Event::Person),
        ("Animal Detected from Garden", Event::Animal),
        ("Vehicle Detected from Carport", Event::Vehicle),
        // The camera's name is no event.
        ("Motion Detected from Doorbell at 14:30:00", Event::Motion),
        ("Motion Detected from Carport", Event::Motion),
        ("Visitor from Doorbell", Event::Doorbell),
    ] {
        check(subject, "", &[], (Some("Reolink"), event));
    }
    let test = "If you receive this e-mail you have successfully set up and tested the e-mail alert from your IPC";
    check("Reolink", test, &[], (Some("Reolink"), Event::Test));
}

#[test]
fn foscam() {
    check("IPCamera alarm", "", &["MDAlarm_20220304-101010.jpg"], (Some("Foscam"), Event::Motion));
    check("x", "", &["HMDAlarm_20220304-101010.jpg"], (Some("Foscam"), Event::Person));
    check("x", "", &["Schedule_20220304-101010.jpg"], (Some("Foscam"), Event::Periodic));
}

#[test]
fn swann() {
    let text = "Device Name: NVR8-8580RN\nEvent Type: Human and Vehicle\nChannel Name [IP-CH1]: \
                Front Yard\nAlarmType: Human\nTime: 2024-02-07 13:08:59\n";
    check("Alert", text, &[], (Some("Swann"), Event::Person));
}

#[test]
fn vivotek() {
    let event = "*** Event snapshots: Motion detected ***\nFrom: http://192.168.1.53\n";
    check("x", event, &[], (Some("Vivotek"), Event::Motion));
    check("x", "*** Periodic snapshots ***\n", &[], (Some("Vivotek"), Event::Periodic));
    check("Periodic snapshots", "", &[], (Some("Vivotek"), Event::Periodic));
}

#[test]
fn panasonic() {
    let expected = (Some("Panasonic"), Event::Motion);
    check("CameraNotification:20061231173020500", "", &[], expected);
    check("x", "!!! ALARM NOTICE !!!\nSource :\n", &[], expected);
}

#[test]
fn of_an_unknown_make_the_subject_is_read_word_by_word() {
    for (subject, event) in [
        ("Motion detected", Event::Motion),
        ("Bewegung im Garten", Event::Motion),
        ("Carport", Event::Other),
        ("Petra is home", Event::Other),
        ("A car and a person", Event::Person),
        ("Test mail from camera", Event::Test),
        ("", Event::Other),
    ] {
        check(subject, "motion person test", &[], (None, event));
    }
}

#[test]
fn every_file_of_a_vendor_is_listed_in_order() {
    let plain = |name: &str| name.to_lowercase().replace('-', "_").replace('!', "");
    let names: Vec<String> = VENDORS.iter().map(|vendor| plain(vendor.name)).collect();
    assert!(names.is_sorted());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let shared = [
            "alarm", "camera", "details", "guide", "lib", "mail", "pictures", "setup", "tests",
            "upload", "words",
        ];
        let is_called = |known: &String| {
            known.split(' ').next() == Some(&name) || known.replace(' ', "_") == name
        };
        let is_listed = names.iter().any(is_called);
        assert!(shared.contains(&name.as_str()) || is_listed, "{name}.rs has no line in VENDORS");
    }
}

#[test]
fn a_loose_word_does_not_silence_an_unknown_make() {
    check("Scheduled backup finished", "", &[], (None, Event::Other));
    check("Scheduled backup failed", "", &[], (None, Event::Fault));
    check("Scheduled: person at the gate", "", &[], (None, Event::Person));
    check("Scheduled Virus Detection from the NAS", "", &[], (None, Event::Other));
    check("x", "", &["yard[R][0@0][0].jpg"], (None, Event::Other));
}

proptest! {
    #[test]
    fn anything_is_labelled(subject in ".{0,80}", text in ".{0,200}", name in ".{0,40}") {
        let _ = read(&content(&subject, &text, &[&name]));
    }
}
