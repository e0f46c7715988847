//! What belongs to a vendor and what does not, where two look alike, and what its own words add.

use super::*;

fn details_of(subject: &str, text: &str) -> String {
    read(&content(subject, text, &[])).details.unwrap_or_else(|| "-".to_owned())
}

fn camera_of(subject: &str, text: &str) -> (String, String) {
    let camera = read(&content(subject, text, &[])).camera.unwrap_or_default();
    let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    (part(camera.number), part(camera.name))
}

fn pair(number: &str, name: &str) -> (String, String) {
    (number.to_owned(), name.to_owned())
}

#[test]
fn a_vendor_is_recognised_by_all_of_its_marks() {
    use Event::*;
    let free = "Alert from your NVR/DVR --- A Human event has been detected";
    for (subject, text, vendor, event) in [
        ("x", "Name : ups1\nLocation : Rack\nCode : 0x0109\n", Some("APC UPS"), Other),
        ("x", "Name : ups1\nLocation : Rack\n", None, Other),
        (
            "x",
            "Name : ups1\nLocation : Rack\nCode : 0x0109\nInformational - UPS: Hello.\n",
            Some("APC UPS"),
            Other,
        ),
        ("x", "Name : ups1\nCode : 0x0109\n", None, Other),
        ("x", "Location : Rack\nCode : 0x0109\n", None, Other),
        ("dlink-02C972_E-Mail_Alert", "Fan error", Some("D-Link"), Fault),
        ("x", "Your dlink-02C972 has a message\nFan error", Some("D-Link"), Fault),
        ("Embedded Net DVR: HDD Full", "", Some("Hikvision"), Fault),
        (
            "x",
            "This is an automatically generated e-mail from your IPC.\n",
            Some("Hikvision"),
            Other,
        ),
        ("Shop: Motion On Channel bar", "", None, Motion),
        ("Shop: Motion On Channel 1234", "", None, Motion),
        ("CameraNotification:2006123117302050x", "", None, Other),
        ("Virus Detected from the NAS", "", None, Other),
        (free, "", Some("Swann"), Person),
        ("x", free, Some("Swann"), Person),
        ("x", "Event Type: Human\n", None, Other),
        ("x", "Dear user,\nthe disk is full\nSincerely,\nSynology", Some("Synology"), Fault),
        ("x", "Dear user,\nthe disk is full\nFrom DiskStation", Some("Synology"), Fault),
        ("x", "Dear user,\nthe disk is full\nSincerely, Bob", None, Other),
        ("x", "Synology DiskStation: the disk is full", None, Other),
    ] {
        check(subject, text, &[], (vendor, event));
    }
}

#[test]
fn an_alarm_of_dahua_has_ended_if_only_its_stop_is_told() {
    let end = "Alarm Event: Motion Detection\nAlarm Stop Time: 1/2/2026\n";
    let also_begun =
        "Alarm Event: Motion Detection\nAlarm Start Time: 1/2/2026\nAlarm Stop Time: 1/2/2026\n";
    let empty = "Alarm Event: Motion Detection\nAlarm Start Time:\nAlarm Stop Time: 1/2/2026\n";
    let neither = "Alarm Event: Motion Detection\nAlarm Input Channel: 1\n";
    for (text, event) in [
        (end, Event::End),
        (also_begun, Event::Motion),
        (empty, Event::End),
        (neither, Event::Motion),
    ] {
        check("x", text, &[], (Some("Dahua"), event));
    }
}

#[test]
fn a_channel_of_dahua_is_one_of_a_recorder_if_it_has_a_name() {
    let text = |channel: &str| format!("Alarm Event: Motion Detection\n{channel}\n");
    for (channel, expected) in [
        ("Alarm Input Channel No.: 1\nAlarm Input Channel Name: Garage", pair("1", "Garage")),
        ("Alarm Input Channel No.: 1\nAlarm Input Channel Name: Channel1", pair("-", "-")),
        ("Alarm Input Channel No.: A\nAlarm Input Channel Name: Garage", pair("A", "Garage")),
        ("Alarm Input Channel: Garage", pair("-", "Garage")),
        ("Alarm Input Channel: 2", pair("2", "-")),
    ] {
        assert_eq!(camera_of("x", &text(channel)), expected, "{channel}");
    }
}

#[test]
fn a_channel_of_hikvision_is_one_of_a_recorder_if_the_mail_is_from_one() {
    let text = |from: &str, listed: &str| {
        format!(
            "This is an automatically generated e-mail from your {from}.\nEVENT TYPE: Motion Detected\n{listed}\n"
        )
    };
    let first = "CHANNEL NAME: Gate\nCHANNEL NUMBER: 1";
    assert_eq!(camera_of("x", &text("DVR", first)), pair("1", "Gate"));
    assert_eq!(camera_of("x", &text("IPC", first)), pair("-", "Gate"));
    assert_eq!(
        camera_of("x", &text("IPC", &format!("DVR NAME: Home\n{first}"))),
        pair("1", "Gate")
    );
    let comma = "CAMERA NAME(NUM): Gate, left(A2)";
    assert_eq!(camera_of("x", &text("DVR", comma)), pair("A2", "Gate, left"));
}

#[test]
fn only_a_time_behind_at_is_no_part_of_a_cameras_name() {
    for (subject, name) in [
        ("Motion Detected from Gate at 14:30:00", "Gate"),
        ("Motion Detected from Gate at 7th street", "Gate at 7th street"),
        ("Motion Detected from Gate at home: left", "Gate at home: left"),
    ] {
        assert_eq!(camera_of(subject, ""), pair("-", name), "{subject}");
    }
}

#[test]
fn the_result_of_a_disk_test_decides() {
    for (result, event) in [("Pass", Event::Other), ("Fail", Event::Fault)] {
        let text = format!("Dear Customer,\nThe Result Of The Test Is: {result}\n");
        check("dlink-02C972_E-Mail_Alert", &text, &[], (Some("D-Link"), event));
    }
}

#[test]
fn alerts_of_truenas_have_ended_if_there_is_no_new_one() {
    let of = |lists: &str| format!("TrueNAS @ nas\n\n{lists}\n");
    for (lists, event) in [
        ("New alerts:\n* Pool tank is degraded\n", Event::Fault),
        ("The following alert has been cleared:\n* Pool tank is degraded\n", Event::End),
        (
            "New alerts:\n* Hello\nThe following alert has been cleared:\n* Pool tank is degraded\n",
            Event::Other,
        ),
        ("Current alerts:\n* Pool tank is degraded\n", Event::Other),
    ] {
        check("Alerts", &of(lists), &[], (Some("TrueNAS"), event));
    }
}

#[test]
fn names_and_boilerplate_are_no_details() {
    let ups = "Name : ups1\nLocation : Rack\nCode : 0x0109\nups1\nCritical - Battery fault.\n";
    let notice = "!!! ALARM NOTICE !!!\nSource : Gate\nGate\n";
    let disk = "Dear user,\nthe disk is full\nSincerely,\nSynology DiskStation\n";
    let gate =
        "Alarm Event: HDD Error\nAlarm Input Channel No.: 3\nAlarm Input Channel Name: Gate\n";
    for (subject, text, expected) in [
        ("ups1", ups, "Battery fault.\nLocation : Rack"),
        ("x", notice, "x"),
        ("[nas1] nas1", disk, "the disk is full"),
        ("FRITZ!Box 7590: FRITZ!Box 7590", "Update", "Update"),
        ("HDD error", gate, "HDD Error"),
        ("", "*** Event snapshots: Motion in window 2 ***\n", "Motion in window 2"),
    ] {
        assert_eq!(details_of(subject, text), expected, "{text}");
    }
}

#[test]
fn a_line_of_a_proxmox_mail_is_a_rule_from_three_marks_on() {
    let subject = "vzdump backup status (pve): backup successful";
    let text = "Details\n===\n==\n100 ok\nLogs\n100: INFO\n100: ERROR\n";
    assert_eq!(details_of(subject, text), "backup successful\n==\n100 ok\n100: ERROR");
}

#[test]
fn behind_what_is_read_only_boilerplate_is_left_out() {
    let boilerplate = "This is an automatically generated e-mail from your IPC.\n";
    let read = boilerplate.repeat(17 * 1024 / boilerplate.len());
    let text = format!("EVENT TYPE: Motion Detected\n{read}IP: 192.168.1.9\n\n{boilerplate}");
    assert_eq!(details_of("", &text), "IP: 192.168.1.9");
}
