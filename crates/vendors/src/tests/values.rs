//! What the vendors' own fields say, and of which camera. A row of a file in `values` is an event and a
//! value; each file begins with where its values come from.

use super::*;

fn check_values(vendor: &str, subject: &str, text: impl Fn(&str) -> String, rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.starts_with('#')) {
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
        include_str!("values/dahua.txt"),
    );
}

#[test]
fn values_of_hikvision() {
    let text = |value: &str| format!("EVENT TYPE:    {value}\nEVENT TIME:   2026-07-26,16:53:09\n");
    check_values(
        "Hikvision",
        "Test: on Person: disk error",
        text,
        include_str!("values/hikvision.txt"),
    );
}

#[test]
fn values_of_reolink() {
    let text = |value: &str| format!("Alarm Camera Name: Yard\nAlarm Event: {value}\n");
    let rows = include_str!("values/reolink.txt");
    check_values("Reolink", "Test: disk error", text, rows);
}

#[test]
fn values_of_swann() {
    let text = |value: &str| {
        format!(
            "Device Name: NVR8\nEvent Type: x\nChannel Name [IP-CH2]: Car park\nAlarmType: {value}\n"
        )
    };
    check_values("Swann", "Test: disk error", text, include_str!("values/swann.txt"));
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
