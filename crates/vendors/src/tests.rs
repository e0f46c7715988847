use proptest::prelude::*;
use tipoff_model::{Encoding, Media, MediaKind};

use super::*;

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
    };
    Content {
        subject: subject.to_owned(),
        text: text.to_owned(),
        media: names.iter().map(media).collect(),
        unclear: false,
    }
}

fn check(subject: &str, text: &str, names: &[&str], expected: (Option<&str>, Event)) {
    let content = content(subject, text, names);
    assert_eq!((vendor(&content), event(&content)), expected, "{subject} | {text}");
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
        ("dlink-02C972_E-Mail_Alert", Event::Other),
        ("", Event::Other),
    ] {
        check(subject, "motion person test", &[], (None, event));
    }
}

#[test]
fn every_file_of_a_vendor_is_listed_in_order() {
    let names: Vec<String> = VENDORS.iter().map(|vendor| vendor.name.to_lowercase()).collect();
    assert!(names.is_sorted());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let shared = ["lib", "mail", "tests", "upload", "words"].contains(&name.as_str());
        assert!(shared || names.contains(&name), "{name}.rs has no line in VENDORS");
    }
}

proptest! {
    #[test]
    fn anything_is_labelled(subject in ".{0,80}", text in ".{0,200}", name in ".{0,40}") {
        let _ = event(&content(&subject, &text, &[&name]));
    }
}

fn meaning(path: &str, kind: MediaKind, size: u64) -> (Option<&'static str>, Meaning) {
    let it = Upload { path, kind, size };
    (upload_vendor(&it), upload(&it))
}

/// The names of uploads, of a usual size: path, kind, vendor, event.
fn check_uploads(table: &[(&str, MediaKind, &str, Event)]) {
    for (path, kind, vendor, event) in table {
        let (found, meaning) = meaning(path, *kind, 100_000);
        assert_eq!((found.unwrap_or_default(), meaning.event), (*vendor, *event), "{path}");
        assert!(!meaning.artefact, "{path}");
    }
}

#[test]
fn names_of_uploads_tell() {
    use MediaKind::{Picture, Video};
    check_uploads(&[
        (
            "/192.168.1.64_01_20190827095800502_MOTION_DETECTION.jpg",
            Picture,
            "Hikvision",
            Event::Motion,
        ),
        (
            "/192.168.1.64_01_20190827095800_LINE_CROSSING_DETECTION.jpg",
            Picture,
            "Hikvision",
            Event::Line,
        ),
        ("/fe80--1_01_20190827095800502_FIELD_DETECTION.jpg", Picture, "Hikvision", Event::Zone),
        ("/a/192.168.1.64_01_20190827095800502_TIMING.jpg", Picture, "Hikvision", Event::Periodic),
        (
            "/192.168.1.64_01_20190827095800502_MULTI_TARGET_DETECTION.jpg",
            Picture,
            "",
            Event::Other,
        ),
        ("/20190827095800502_FACE_DETECTION_192.168.1.64.jpg", Picture, "Hikvision", Event::Person),
        ("/IPC/2018-10-10/001/jpg/15/07/47[M][0@0][0].jpg", Picture, "Dahua", Event::Motion),
        ("/IPC/2018-10-10/001/jpg/15/07/47[M][0@0][0].jpg_", Picture, "Dahua", Event::Motion),
        (
            "/IPC/2019-05-09/001/dav/21/21.04.49-21.05.14[R][0@0][0].mp4",
            Video,
            "Dahua",
            Event::Periodic,
        ),
        ("/2019-05-09/001/21.04.49-21.05.14[A][@9][0].h264", Video, "Dahua", Event::Input),
        ("/N843A8_ch3_main_20260830214636_20260830214641.dav", Video, "Dahua", Event::Other),
        (
            "/FI9800P_00123E45E060/snap/MDAlarm_20180914-111429.jpg",
            Picture,
            "Foscam",
            Event::Motion,
        ),
        ("/R2_00123E45E060/snap/HMDAlarm_20180914-111429.jpg", Picture, "Foscam", Event::Person),
        ("/R2_00123E45E060/record/MDalarm_20250712_213837.mkv", Video, "Foscam", Event::Motion),
        ("/R2_00123E45E060/record/alarm_20231127_200437.mkv", Video, "Foscam", Event::Motion),
    ]);
}

#[test]
fn names_of_other_uploads_tell() {
    use MediaKind::{Picture, Video};
    check_uploads(&[
        ("/snap/Schedule_20180914-111429.jpg", Picture, "Foscam", Event::Periodic),
        ("/snap/Schedule_1.jpg", Picture, "", Event::Other),
        ("/2026/05/14/Driveway_00_20260514171805.jpg", Picture, "Reolink", Event::Other),
        ("/Carport/Carport_00_20260514171805.jpg", Picture, "Reolink", Event::Other),
        ("/RecM02_20230515_071811_071835_6D28900_13CE8C7.mp4", Video, "Reolink", Event::Other),
        ("/yard_20050107180659_4_trg.jpg", Picture, "Vivotek", Event::Motion),
        ("/yard_20050107180659_1_pre.jpg", Picture, "Vivotek", Event::Motion),
        ("/videotrg.jpg", Picture, "Vivotek", Event::Motion),
        (
            "/00A1/VFD/2021-01-09/14/VFD_2021-01-09-14-05-06-123_001.jpg",
            Picture,
            "GeoVision",
            Event::Person,
        ),
        ("/MOTION_2021-01-09-14-05-06-123_001.jpg", Picture, "", Event::Motion),
        ("/20171007/images/A17100714051200.jpg", Picture, "HiSilicon", Event::Motion),
        ("/20171007/images/P17100714051200.jpg", Picture, "HiSilicon", Event::Periodic),
        ("/P1710071405120.jpg", Picture, "", Event::Other),
        ("/SNAP_CH01_2022_10_14_14_15_35_23978.jpg", Picture, "Swann", Event::Other),
        ("/2025Y11M23D12H/55M00S.mp4", Video, "Yi", Event::Motion),
        ("/axis/image26-10-05_14-03-20-41_1.jpg.tmp", Picture, "Axis", Event::Other),
        ("/person at the door.jpg", Picture, "", Event::Person),
        ("/scheduled.jpg", Picture, "", Event::Other),
        ("/test.jpg", Picture, "", Event::Other),
        ("/person/x.jpg", Picture, "", Event::Other),
    ]);
}

#[test]
fn what_is_no_alarm_is_an_artefact() {
    use MediaKind::{File, Picture};
    for (path, kind, size, artefact, event) in [
        ("/ENTRADA/DVRWorkDirectory", File, 10, true, Event::Other),
        ("/x[M][0@0][0].idx", File, 300_000, true, Event::Other),
        ("/x.nfo", File, 10, true, Event::Other),
        ("/testftp.txt", File, 10, true, Event::Test),
        ("/ftptest123", File, 10, true, Event::Test),
        ("/FTP_TEST.TXT", File, 4096, true, Event::Test),
        ("/test.txt", File, 4097, false, Event::Other),
        ("/test.jpg", Picture, 4096, false, Event::Other),
        ("/47[M][0@0][0].jpg", File, 0, true, Event::Test),
        ("/contest.txt", File, 10, false, Event::Other),
        ("/test1/report.txt", File, 10, false, Event::Other),
    ] {
        let (_, meaning) = meaning(path, kind, size);
        assert_eq!(meaning, Meaning { event, artefact }, "{path} of {size}");
    }
}

#[test]
fn temporary_names_have_lasting_ones() {
    for (name, lasting) in [
        ("20[M][0@0][0].jpg_", "20[M][0@0][0].jpg"),
        ("/a/x.jpg.tmp", "/a/x.jpg"),
        ("x.MP4.PART", "x.MP4"),
        ("x.jpg", "x.jpg"),
        ("/a/_", "/a/_"),
        ("/a/.tmp", "/a/.tmp"),
        ("", ""),
    ] {
        assert_eq!(lasting_name(name), lasting);
        assert_eq!(is_temporary(name), lasting != name, "{name}");
    }
}

#[test]
fn a_loose_word_does_not_silence_an_unknown_make() {
    check("Scheduled backup failed", "", &[], (None, Event::Other));
}

proptest! {
    #[test]
    fn any_path_means_something(path in ".*", size in any::<u64>()) {
        let it = Upload { path: &path, kind: MediaKind::Picture, size };
        let _ = (upload(&it), upload_vendor(&it));
        prop_assert!(path.starts_with(lasting_name(&path)));
        prop_assert_eq!(path.is_empty(), lasting_name(&path).is_empty());
    }
}
