//! What the vendors' own fields say, and of which camera.

use super::*;

fn check_values(vendor: &str, subject: &str, text: impl Fn(&str) -> String, rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (expected, value) = row.split_once(' ').unwrap();
        let value = value.trim();
        let reading = read(&content(subject, &text(value), &[]));
        assert_eq!(reading.vendor, Some(vendor), "{value}");
        if reading.event.as_str() != expected {
            wrong.push(format!("{} instead of {expected}: {value}", reading.event));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Dahua NVR user's manual, chapters Alarm (Video Detection, Alarm Settings, Exception) and AI; Smart PSS;
/// IPC web manual, Event; the codes are those of the HTTP interface. A subject of the owner's choice.
#[test]
fn values_of_dahua() {
    let text = |value: &str| {
        format!(
            "Alarm Event: {value}\nAlarm Input Channel No.: 2\nAlarm Start Time (D/M/Y H:M:S): 1/2/2026 3:4:5\n"
        )
    };
    check_values(
        "Dahua",
        "Test: person at the West end, disk error",
        text,
        "
        motion Motion Detection
        motion Motion Detection Start
        motion Smart Motion Detection
        motion VideoMotion
        end Motion Detection Stop
        end Motion Detection end
        fault Video Loss
        fault VideoLoss
        tamper Video Tampering
        tamper Video Tamper
        tamper Camera Masking
        tamper Camera Masking Start
        tamper VideoBlind
        tamper Scene Changing
        tamper Scene Change
        tamper Video Unfocus
        tamper Defocus
        input Local Alarm
        input External Alarm
        input Alarm Local
        input AlarmLocal
        input IPC External Alarm
        input Net Alarm
        input PIR Alarm
        fault IPC Offline
        fault Camera Offline
        fault Channel Offline
        line Tripwire
        line Cross Line
        line CrossLineDetection
        zone Intrusion
        zone Cross Region
        zone CrossRegionDetection
        zone Abandoned Object
        zone Missing Object
        zone LeftDetection
        zone TakenAwayDetection
        zone Loitering Detection
        zone Crowd Gathering
        zone People Gathering
        zone Parking Detection
        zone Parking
        zone Fast Moving
        zone Fast-Moving
        person Face Detection
        person Face Recognition
        person SMD Human
        person Smart Motion Human
        person SmartMotionHuman
        person Human Detection
        vehicle SMD Vehicle
        vehicle Smart Motion Vehicle
        vehicle Motor Vehicle
        vehicle Non-motor Vehicle
        vehicle ANPR
        animal Animal Detection
        sound Audio Abnormal
        sound Audio Intensity Change
        sound Intensity Change
        sound Audio Detection
        sound AudioMutation
        fault Input Abnormal
        fault Audio Input Abnormal
        fault No Disk
        fault No HDD
        fault HDD Error
        fault Disk Error
        fault HDD Low Space
        fault Low Space
        fault Disk Full
        fault No SD Card
        fault SD Card Error
        fault Net Disconnection
        fault Network Disconnected
        fault NetAbort
        fault IP Conflict
        fault MAC Conflict
        fault Illegal Access
        fault Login Error
        fault Account Locked
        fault Fan Speed Alarm
        fault StorageFailure
        fault StorageLowSpace
        input Fire Warning
        input Smoke Detected
        doorbell Call
        doorbell Doorbell
        doorbell Call No Answer
        other Heat Map
        other Something that nobody mapped
        ",
    );
}

/// Hikvision NVR and IPC user's manuals, chapters Event (Basic Event, Smart Event) and Exception; ISAPI.
#[test]
fn values_of_hikvision() {
    let text = |value: &str| format!("EVENT TYPE:    {value}\nEVENT TIME:   2026-07-26,16:53:09\n");
    check_values(
        "Hikvision",
        "Test: on Person: disk error",
        text,
        "
        motion Motion Detected
        motion Motion Detection
        motion Motion Alarm
        fault Video Loss
        fault Signal Loss
        fault Video Signal Loss
        fault Video Signal Exception
        tamper Video Tampering
        tamper Video Tampering Detection
        tamper View Tampering
        tamper Defocus Detection
        tamper Scene Change Detection
        tamper Sudden Scene Change
        line Line Crossing
        line Line Crossing Detection
        line Crossing Detection
        zone Intrusion
        zone Intrusion Detection
        zone Region Entrance
        zone Region Entrance Detection
        zone Region Exiting Detection
        zone Unattended Baggage Detection
        zone Object Removal Detection
        zone Loitering Detection
        zone People Gathering Detection
        zone Fast Moving Detection
        zone Parking Detection
        sound Audio Exception
        sound Audio Exception Detection
        sound Sudden Increase of Sound Intensity Detection
        person Face Detection
        person Face Capture
        person Human Detected
        person Human Target Detected
        vehicle Vehicle Detection
        vehicle Vehicle Target Detected
        vehicle ANPR
        vehicle License Plate Recognition
        input PIR Alarm
        input Alarm Input
        input Alarm Input A<-1
        input Fire Source Detection
        input Temperature Measurement Alarm
        fault HDD Full
        fault HDD Error
        fault Disk Error
        fault Network Disconnected
        fault IP Address Conflicted
        fault IP Conflict
        fault Illegal Login
        fault Illegal Access
        fault Record Exception
        fault Recording Exception
        fault Abnormal Record
        fault Resolution Mismatch
        fault Video Standard Mismatch
        fault PoE Power Overload
        fault Array Exception
        fault Hot Spare Exception
        doorbell Call Button
        doorbell Doorbell Ringing
        doorbell Call from Doorstation
        doorbell Video Intercom Call
        test Test
        other VCA Alarm
        other Queue Management
        ",
    );
}

/// Reolink: its mails and pushes, the names of the settings of its cameras (MD, AI_PEOPLE and so on).
#[test]
fn values_of_reolink() {
    let text = |value: &str| format!("Alarm Camera Name: Yard\nAlarm Event: {value}\n");
    let rows = "
        motion Motion Detection
        motion Motion Detected
        person Person Detected
        person Person Detection
        person People Detected
        person Face Detected
        person AI Person Detected
        vehicle Vehicle Detected
        vehicle Car Detected
        animal Pet Detected
        animal Animal Detected
        animal Dog/Cat Detected
        sound Baby Crying Detected
        sound Baby Cry Detected
        doorbell Visitor
        doorbell Visitor Detected
        doorbell Ringing the doorbell
        other Package Detected
        input PIR Detected
        fault HDD Error
        fault Camera Offline
        zone Intrusion Detected
        line Line Crossing Detected
        zone Loitering Detected
        other Forgotten Object
        ";
    check_values("Reolink", "Test: disk error", text, rows);
}

/// Raysharp's HTTP interface (the pages of Alarm), Swann's manuals of NVRs and DVRs.
#[test]
fn values_of_swann() {
    let text = |value: &str| {
        format!(
            "Device Name: NVR8\nEvent Type: x\nChannel Name [IP-CH2]: Car park\nAlarmType: {value}\n"
        )
    };
    check_values(
        "Swann",
        "Test: disk error",
        text,
        "
        person Human
        vehicle Vehicle
        person Human and Vehicle
        motion Motion
        motion Motion Detection
        motion MD
        input PIR
        input IO
        input Sensor
        zone PID
        line LCD
        zone SOD
        person PD
        vehicle VD
        person PD&VD
        person FD
        person Face Detection
        line CC
        zone CD
        zone QD
        vehicle LPD
        sound RSD
        sound SD
        sound Sound Detection
        tamper OD
        tamper Video Tampering
        tamper Occlusion
        fault VL
        fault Video Loss
        fault HDD Error
        fault Disk Full
        animal Pet
        other HM
        other XYZ
        ",
    );
}

fn camera_of(subject: &str, text: &str) -> (String, String) {
    let camera = read(&content(subject, text, &[])).camera.unwrap_or_default();
    let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    (part(camera.number), part(camera.name))
}

#[test]
fn a_recorders_channel_is_one_whatever_it_reports() {
    let hikvision = |subject: &str, event: &str| {
        let text =
            format!("EVENT TYPE:    {event}\nDVR NAME:  Home\nCAMERA NAME(NUM):   Garage(A2)\n");
        camera_of(subject, &text)
    };
    let dahua = |event: &str| {
        camera_of(
            "x",
            &format!(
                "Alarm Event: {event}\nAlarm Input Channel No.: 2\nAlarm Input Channel Name: Garage\nAlarm Device Name: NVR\n"
            ),
        )
    };
    let swann = |event: &str| {
        camera_of(
            "x",
            &format!("Device Name: N\nChannel Name [IP-CH2]: Garage\nAlarmType: {event}\n"),
        )
    };
    let reolink = |event: &str| {
        camera_of(
            "x",
            &format!(
                "Alarm Camera Name: Garage\nAlarm Event: {event}\nAlarm Input Channel No.: 2\nAlarm Device Name: NVR\n"
            ),
        )
    };
    let pair = |number: &str| (number.to_owned(), "Garage".to_owned());
    for event in ["Motion Detected", "Line Crossing Detection", "Video Loss"] {
        assert_eq!(hikvision("Embedded Net DVR: x On Channel A2", event), pair("A2"));
        assert_eq!(hikvision("x", event), pair("A2"));
        assert_eq!(dahua(event), pair("2"));
        assert_eq!(swann(event), pair("IP-CH2"));
        assert_eq!(reolink(event), pair("2"));
    }
    let by_subject = |subject: &str| camera_of(subject, "");
    let by_name = |name: &str| ("-".to_owned(), name.to_owned());
    assert_eq!(
        by_subject("Embedded Net DVR: Motion Detected On Channel A1"),
        ("A1".to_owned(), "-".to_owned())
    );
    for subject in [
        "Motion Detected from Back door",
        "Person Detected from Back door at 14:30:00",
        "Visitor from Back door",
        "Back door is Ringing the doorbell",
    ] {
        assert_eq!(by_subject(subject), by_name("Back door"), "{subject}");
    }
}

#[test]
fn faults_of_a_recorder_are_of_no_channel() {
    for event in ["HDD Error", "Net Disconnection", "IP Conflict", "Illegal Access", "Local Alarm"]
    {
        let text = format!(
            "Alarm Event: {event}\nAlarm Input Channel No.: 3\nAlarm Input Channel Name: Gate\nAlarm Device Name: NVR\n"
        );
        assert_eq!(read(&content("x", &text, &[])).camera, None, "{event}");
    }
}

#[test]
fn a_single_camera_is_no_channel() {
    for text in [
        "This is an automatically generated e-mail from your IPC.\nEVENT TYPE: Motion Detected\nIPC NAME: Yard\nCHANNEL NAME: Camera 01\nCHANNEL NUMBER: 1\n",
        "Alarm Event: Motion Detection\nAlarm Input Channel: 1\nAlarm Start Time(D/M/Y H:M:S): 23/12/2021 10:27:46\nAlarm Device Name: IPC06\n",
        "Alarm Camera Name: Camera1\nAlarm Event: Motion Detection\nAlarm Input Channel No.: 1\nAlarm Device Name: Camera1\n",
    ] {
        assert_eq!(read(&content("x", text, &[])).camera, None, "{text}");
    }
}

/// Lines that never stand below an alert: Hikvision's, Dahua's.
const BOILERPLATE: [&[&str]; 2] = [
    &[
        "This is an automatically generated e-mail from your IPC.",
        "This is an automatically generated e-mail from your Network Video Recorder.",
        "EVENT TIME:    2026-07-26,16:53:09",
        "DVR NAME:      Embedded Net DVR",
        "DVR S/N:       DS-7208HGHI-F10820160101CCWR000000000WCVU",
        "IPC IP: 192.168.2.111",
        "MAC Address: 2c:a5:9c:00:e8:c8",
        "Motion was detected",
        "   ",
        "-----",
    ],
    &[
        "Alarm Start Time(D/M/Y H:M:S): 23/12/2026 10:27:46",
        "Alarm Device Name: IPC06",
        "Alarm Name: ",
        "IP Address: 192.168.2.164",
        "Alarm Details:",
        "Alarm Details: Motion detection triggered at 10:27:46",
        "Serial Number: 4K00000PAG00000",
        "",
    ],
];

proptest! {
    #[test]
    fn details_hold_all_news_and_no_boilerplate(
        lines in proptest::collection::vec(
            prop_oneof![
                any::<prop::sample::Index>().prop_map(|index| format!("#{}", index.index(20))),
                "[a-z]{3,8}q [a-z]{3,8}x [a-z]{3,8}z",
                "Plate: [A-Z]{2}[0-9]{3}",
            ],
            0..12,
        ),
        vendor in 0..2_usize,
    ) {
        let head = ["EVENT TYPE: Motion Detected\n", "Alarm Event: Motion Detection\nAlarm Input Channel: 1\n"];
        let boilerplate = BOILERPLATE[vendor];
        // A number stands for a line of the vendor's boilerplate.
        let written = |line: &String| match line.strip_prefix('#') {
            Some(number) => boilerplate[number.parse::<usize>().unwrap() % boilerplate.len()].to_owned(),
            None => line.clone(),
        };
        let lines: Vec<String> = lines.iter().map(written).collect();
        let text = head[vendor].to_owned() + &lines.join("\n");
        let details = read(&content("", &text, &[])).details.unwrap();
        for line in &lines {
            let is_boilerplate = boilerplate.contains(&line.as_str());
            let is_in = details.lines().any(|kept| kept == line.trim());
            prop_assert_eq!(is_in, !is_boilerplate, "{}: {}", line, details);
        }
    }

    #[test]
    fn anything_is_read(subject in ".{0,120}", text in "(.{0,60}\n){0,8}", name in ".{0,40}") {
        let _ = read(&content(&subject, &text, &[&name]));
    }

    #[test]
    fn what_vendors_write_is_read_in_any_mixture(
        subject in r"( |:|, |\[|\]|\(|\)|\x22|'|「|」|<|>|@|-| on | from | at |Motion|Detected|Error|end|Test|人形|で|0|é){0,14}",
        text in r"(\n|: |EVENT TYPE|CAMERA NAME\(NUM\)|CHANNEL NAME|\(A1\)|\(|\)|Alarm Event|Alarm Camera Name|, Alarm |Channel Name \[|\]|AlarmType| / |\*\*\* |TrueNAS @ |Code|0x|é|Motion){0,20}",
    ) {
        let _ = read(&content(&subject, &text, &[]));
    }
}

/// A subject of any length and a text of 1 MB are read in a bounded time: far above what it takes, so that a
/// slow machine passes, and far below what reading all of it in each vendor's file would.
#[test]
fn a_large_text_is_read_in_bounded_time() {
    for line in
        ["Alarm Event: Motion Detection, Alarm ", "a: b\n", "EVENT TYPE: x\n", "(:):(\n", "人形で"]
    {
        let text = line.repeat(1024 * 1024 / line.len());
        let content = content(&text, &text, &[]);
        let began = std::time::Instant::now();
        let reading = read(&content);
        assert!(began.elapsed().as_secs() < 10, "{line}: {:?}", began.elapsed());
        assert!(reading.details.is_none_or(|details| details.len() <= text.len() + 2048));
    }
}
