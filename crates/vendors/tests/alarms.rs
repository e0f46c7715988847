//! Every request in `tests/alarms` is read as it is written down beside it. A file has several requests, divided by
//! `---`; `request` says how one is written.
//!
//! `UPDATE_EXPECT=1 cargo test -p tipoff-vendors` writes down what is read now: look at the difference
//! before it is kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong should say so")]
#![allow(clippy::indexing_slicing, clippy::string_slice, reason = "so should fixtures")]

mod request;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use request::request;
use tipoff_model::{
    Alarm, AlarmReading, AlarmReply, AlarmRequest, Camera, Document, DocumentForm, Event, Value,
};
use tipoff_vendors::{ALARM_TEXT_BYTES_MAX, ALARMS_MAX, AlarmView, VENDORS, alarms};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alarms");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    files.sort();
    assert!(files.len() > 15);
    files
}

fn requests(path: &Path) -> Vec<(String, AlarmRequest)> {
    let text = fs::read_to_string(path).unwrap();
    text.split("\n---\n").map(|text| (text.trim().to_owned(), request(text))).collect()
}

fn camera(camera: &Camera) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    format!("{} | {}", part(&camera.number), part(&camera.name))
}

fn written_alarm(alarm: &Alarm) -> String {
    let mut text = format!("  {:?} {} ({})\n", alarm.phase, alarm.event, alarm.kind);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let value = value.replace('\n', "\n      ");
            writeln!(text, "    {name}: {value}").unwrap();
        }
    };
    line("camera", &alarm.camera.as_ref().map(camera).unwrap_or_default());
    line("subject", &alarm.subject);
    line("text", &alarm.text);
    let media: Vec<String> = alarm.media.iter().map(ToString::to_string).collect();
    line("media", &media.join(" "));
    line("picture", alarm.picture.as_deref().unwrap_or_default());
    line("detection", alarm.detection.as_deref().unwrap_or_default());
    line("late", if alarm.late { "yes" } else { "" });
    line("mac", alarm.identity.mac.as_deref().unwrap_or_default());
    line("serial", alarm.identity.serial.as_deref().unwrap_or_default());
    line("name", alarm.identity.name.as_deref().unwrap_or_default());
    text
}

fn written(reading: &AlarmReading) -> String {
    let reply = match reading.reply {
        AlarmReply::Empty => "",
        AlarmReply::Text(text) | AlarmReply::Json(text) => text,
    };
    let alarms: String = reading.alarms.iter().map(written_alarm).collect();
    let alarms = if alarms.is_empty() { "  nothing\n".to_owned() } else { alarms };
    format!("{} {reply}\n{alarms}", reading.vendor.unwrap_or("-")).replace(" \n", "\n")
}

#[test]
fn alarms_are_read_as_recorded() {
    for path in fixtures() {
        let found: Vec<String> = requests(&path)
            .iter()
            .map(|(text, request)| format!("{text}\n=> {}", written(&alarms(request))))
            .collect();
        let found = found.join("\n");
        let expected_path = path.with_extension("reading");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected_path, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

#[test]
fn at_most_one_vendor_recognises_an_alarm() {
    for path in fixtures() {
        for (text, request) in requests(&path) {
            let view = AlarmView::of(&request);
            let recognise = VENDORS.iter().filter(|vendor| (vendor.alarm)(&view).is_some());
            let names: Vec<&str> = recognise.map(|vendor| vendor.name).collect();
            assert!(names.len() <= 1, "{names:?}\n{text}");
            let expected = path.file_stem().unwrap().to_string_lossy();
            let plain = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
            if let [name] = names.as_slice() {
                assert!(plain(name).starts_with(&*expected), "{name}\n{text}");
            }
        }
    }
}

/// Rows of words with one event: the words of a vendor are written into its form of a message.
fn check_words(form: &str, rows: &[(&[&str], Event)]) {
    for (words, event) in rows {
        for word in *words {
            let reading = alarms(&request(&form.replace("WORD", word)));
            let [alarm] = reading.alarms.as_slice() else { panic!("{word}: {reading:?}") };
            assert_eq!(alarm.event, *event, "{word}");
            let has_title = !alarm.subject.is_empty();
            assert_eq!(has_title, *event == Event::Other, "{word}: {:?}", alarm.subject);
        }
    }
}

fn check_nothing(form: &str, words: &[&str]) {
    for word in words {
        let reading = alarms(&request(&form.replace("WORD", word)));
        assert!(reading.vendor.is_some() && reading.alarms.is_empty(), "{word}: {reading:?}");
    }
}

#[test]
#[rustfmt::skip]
fn words_of_hikvision() {
    use Event::*;
    let form = "POST /\nxml: <EventNotificationAlert><eventType>WORD</eventType><eventState>active</eventState></EventNotificationAlert>";
    check_words(form, &[
        (&["VMD", "VMDHumanVehicle", "PIR", "thermometry"], Motion),
        (&["facedetection", "faceSnap", "faceCapture", "FaceDetection"], Person),
        (&["vehicledetection", "ANPR", "vehicleMatchResult"], Vehicle),
        (&["voiceTalkEvent", "videoIntercomRing"], Doorbell),
        (&["linedetection"], Line),
        (&["fielddetection", "regionEntrance", "regionExiting", "loitering", "group", "rapidMove", "parking"], Zone),
        (&["unattendedBaggage", "attendedBaggage", "neverHeardOf"], Other),
        (&["audioexception"], Sound),
        (&["shelteralarm", "scenechangedetection", "defocus"], Tamper),
        (&["IO", "io"], Input),
        (&["diskfull", "diskerror", "nicbroken", "ipconflict", "illaccess", "recordingfailure", "videoloss", "badvideo", "videomismatch"], Fault),
        (&["fireDetection", "smokeDetection"], Fire),
    ]);
    check_nothing(form, &["heartBeat"]);
    check_nothing(&form.replace(">active<", ">inactive<"), &["videoloss"]);
    let target = form.replace("</eventState>", "</eventState><DetectionRegionList><DetectionRegionEntry><detectionTarget>TARGET</detectionTarget></DetectionRegionEntry></DetectionRegionList>");
    for (target_word, event) in [("human", Person), ("vehicle", Vehicle), ("others", Zone)] {
        check_words(&target.replace("TARGET", target_word), &[(&["fielddetection"], event)]);
    }
    // Version 1 of some devices says it in the description only.
    let described = "POST /\nxml: <EventNotificationAlert><eventState>active</eventState><eventDescription>WORD</eventDescription></EventNotificationAlert>";
    check_words(described, &[
        (&["Motion alarm"], Motion),
        (&["disc error alarm", "nicBroken alarm", "ipConflict alarm", "illAccess alarm", "videoloss alarm"], Fault),
        (&["shelteralarm alarm", "defocus alarm", "scenchangedetection alarm"], Tamper),
        (&["fielddetection alarm", "regionEntrance alarm", "regionExit alarm", "loitering alarm", "group alarm", "rapidMove alarm", "parking alarm"], Zone),
        (&["linedetection alarm"], Line),
        (&["unattendedBaggage alarm"], Other),
        (&["vehicledetection alarm"], Vehicle),
        (&["audioexception alarm"], Sound),
        (&["facedetection alarm"], Person),
    ]);
}

#[test]
#[rustfmt::skip]
fn words_of_dahua() {
    use Event::*;
    let form = "POST /\npairs: Code=WORD;action=Start;index=0;data={\"State\":1,\"Action\":\"Invite\"}";
    check_words(form, &[
        (&["VideoMotion", "MoveDetection"], Motion),
        (&["SmartMotionHuman", "FaceDetection", "FaceRecognition"], Person),
        (&["SmartMotionVehicle", "TrafficJunction"], Vehicle),
        (&["_DoTalkAction_", "CallNoAnswered", "BackKeyLight", "PhoneCallDetect", "Invite"], Doorbell),
        (&["CrossLineDetection"], Line),
        (&["CrossRegionDetection", "WanderDetection", "RioterDetection", "ParkingDetection"], Zone),
        (&["LeftDetection", "TakenAwayDetection", "NeverHeardOf"], Other),
        (&["AudioMutation", "AudioAnomaly"], Sound),
        (&["VideoBlind", "VideoAbnormalDetection", "VideoUnFocus", "SceneChange"], Tamper),
        (&["AlarmLocal", "AlarmIPC"], Input),
        (&["StorageNotExist", "StorageFailure", "StorageLowSpace", "VideoLoss", "NetAbort", "IPConflict", "LoginFailure"], Fault),
        (&["FireWarning", "HeatImagingTemper"], Fire),
    ]);
    let nothing = ["NewFile", "IntelliFrame", "NTPAdjustTime", "TimeChange", "InterVideoAccess", "RtspSessionDisconnect", "MDResult", "AlarmOutput", "CallSnap", "VideoMotionInfo"];
    check_nothing(form, &nothing);
    check_nothing(&form.replace("\"State\":1,\"Action\":\"Invite\"", "\"State\":0,\"Action\":\"Hangup\""), &["BackKeyLight", "_DoTalkAction_"]);
    for (object, event) in [("Human", Person), ("Vehicle", Vehicle), ("NonMotor", Vehicle), ("Unknown", Line)] {
        let form = form.replace("\"State\":1", &format!("\"Object\":{{\"ObjectType\":\"{object}\"}}"));
        check_words(&form, &[(&["CrossLineDetection"], event)]);
    }
}

#[test]
#[rustfmt::skip]
fn words_of_uniview() {
    use Event::*;
    let form = "POST /\njson: {\"AlarmInfo\":{\"AlarmType\":\"WORD\",\"AlarmSrcID\":1},\"RelatedObjects\":{\"ObjectList\":[{\"ObjectType\":KIND}]}}";
    check_words(&form.replace("KIND", "0"), &[
        (&["MotionAlarmOn", "MotionDetectOn", "SmartMotionDetectOn", "MotionAlarmOff"], Motion),
        (&["HumanShapeDetect", "HumanShapeDetectOn"], Person),
        (&["LineDetectorCrossed"], Line),
        (&["FieldDetectorObjectsInside", "EnterArea", "LeaveArea", "AccessZone", "LeaveZone"], Zone),
        (&["AudioAlarm", "AudioAlarmOn"], Sound),
        (&["InputAlarmOn"], Input),
        (&["NeverHeardOf"], Other),
    ]);
    for (kind, event) in [("1", Vehicle), ("2", Person), ("3", Vehicle), ("4", Person)] {
        check_words(&form.replace("KIND", kind), &[(&["SmartMotionDetectOn", "EnterArea"], event)]);
    }
}

#[test]
#[rustfmt::skip]
fn topics_of_onvif() {
    use Event::*;
    let form = "POST /\nxml: <s:Envelope><s:Body><wsnt:Notify><wsnt:NotificationMessage><wsnt:Topic Dialect=\"x\">tns1:WORD</wsnt:Topic><wsnt:Message><tt:Message UtcTime=\"x\" PropertyOperation=\"Changed\"><tt:Source><tt:SimpleItem Name=\"VideoSourceToken\" Value=\"00000\"/></tt:Source><tt:Data><tt:SimpleItem Name=\"ITEM\" Value=\"true\"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify></s:Body></s:Envelope>";
    check_words(&form.replace("ITEM", "State"), &[
        (&["VideoSource/MotionAlarm", "RuleEngine/CellMotionDetector/Motion", "RuleEngine/MotionRegionDetector/Motion", "RuleEngine/tnsaxis:VMD3/vmd3_video_1", "tnsaxis:CameraApplicationPlatform/MotionGuard/Camera1Profile1", "Device/Sensor/PIR"], Motion),
        (&["RuleEngine/MyRuleDetector/PeopleDetect", "RuleEngine/PeopleDetector/People", "RuleEngine/MyRuleDetector/FaceDetect", "RuleEngine/HumanShapeDetect"], Person),
        (&["RuleEngine/MyRuleDetector/VehicleDetect"], Vehicle),
        (&["RuleEngine/MyRuleDetector/DogCatDetect"], Animal),
        (&["RuleEngine/MyRuleDetector/Visitor"], Doorbell),
        (&["RuleEngine/LineDetector/Crossed"], Line),
        (&["RuleEngine/FieldDetector/ObjectsInside", "tnsaxis:CameraApplicationPlatform/FenceGuard/Camera1Profile1", "tnsaxis:CameraApplicationPlatform/LoiteringGuard/Camera1Profile1", "tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1"], Zone),
        (&["RuleEngine/MyRuleDetector/Package", "NeverHeardOf/It"], Other),
        (&["AudioAnalytics/Audio/DetectedSound", "AudioSource/tnsaxis:TriggerLevel"], Sound),
        (&["VideoSource/GlobalSceneChange/ImagingService", "RuleEngine/TamperDetector/Tamper", "VideoSource/ImageTooDark/ImagingService", "VideoSource/ImageTooBlurry/AnalyticsService", "VideoSource/ImageTooBright/ImagingService"], Tamper),
        (&["Device/Trigger/DigitalInput", "Device/tnsaxis:IO/Port"], Input),
        (&["Device/HardwareFailure/StorageFailure", "tnsaxis:Storage/Alert"], Fault),
    ]);
    for (item, event) in [("IsPeople", Person), ("IsVehicle", Vehicle), ("IsPet", Animal), ("IsLineCross", Line), ("IsIntrusion", Zone), ("IsTamper", Tamper)] {
        check_words(&form.replace("ITEM", item), &[(&["RuleEngine/TPSmartEventDetector/TPSmartEvent"], event)]);
    }
    check_words(&form.replace("ITEM", "Ring"), &[(&["VideoSource/Alarm"], Doorbell)]);
    check_words(&form.replace("ITEM", "CameraBellButton"), &[(&["VideoSource/Alarm"], Doorbell)]);
    let nothing = ["Monitoring/ProcessorUsage", "RecordingConfig/JobState", "Device/Trigger/Relay", "tnsaxis:PTZController/PTZReady", "RuleEngine/CountAggregation/Counter", "tnsaxis:Light/LightStatus", "tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1ScenarioANY", "tnsaxis:CameraApplicationPlatform/ObjectAnalytics/xinternal_data"];
    for word in nothing {
        let reading = alarms(&request(&form.replace("WORD", word)));
        assert_eq!(reading.alarms, [], "{word}");
    }
    let dropped = form.replace("ITEM", "State").replace("Changed", "Initialized");
    assert_eq!(alarms(&request(&dropped.replace("WORD", "VideoSource/MotionAlarm"))).alarms, []);
}

#[test]
#[rustfmt::skip]
fn words_of_others() {
    use Event::*;
    check_words("POST /\njson: {\"alarm\":{\"type\":\"WORD\",\"channelName\":\"x\",\"device\":\"x\"}}", &[
        (&["MD"], Motion),
        (&["PEOPLE", "FACE"], Person),
        (&["VEHICLE"], Vehicle),
        (&["DOG_CAT", "ANIMAL"], Animal),
        (&["VISITOR"], Doorbell),
        (&["PACKAGE"], Other),
        (&["TEST"], Test),
    ]);
    check_words("POST /\njson: {\"alarm\":{\"name\":\"x\",\"triggers\":[{\"key\":\"WORD\",\"device\":\"68D79AE5ABE9\"}]}}", &[
        (&["motion"], Motion),
        (&["person", "face_known", "face_unknown"], Person),
        (&["vehicle", "license_plate_known", "license_plate_unknown", "license_plate_of_interest"], Vehicle),
        (&["animal"], Animal),
        (&["ring"], Doorbell),
        (&["package"], Other),
        (&["audio_alarm_baby_cry", "audio_alarm_speak"], Sound),
        (&["audio_alarm_smoke", "audio_alarm_co"], Fire),
        (&["sensor_open", "sensor_water_leak"], Input),
    ]);
    check_words("POST /\njson: {\"mac\":\"f0-a7-31-3e-84-18\",\"event_list\":[{\"event_type\":[\"MOTION\",\"WORD\"]}]}", &[
        (&["MOTION"], Motion),
        (&["PEOPLE", "HUMAN", "FACE"], Person),
        (&["VEHICLE"], Vehicle),
        (&["LINE_CROSSING"], Line),
        (&["INTRUSION", "REGION_ENTERING"], Zone),
        (&["TAMPER", "SCENE_CHANGE"], Tamper),
    ]);
    check_words("POST /\njson: {\"camera\":\"yard\",\"detection\":{\"kind\":\"WORD\"}}", &[
        (&["MD", "pir", "motion", "VMD", "VideoMotion", "movement"], Motion),
        (&["person", "PEOPLE", "human", "face_known"], Person),
        (&["vehicle", "car", "license_plate"], Vehicle),
        (&["dog", "DOG_CAT", "animal"], Animal),
        (&["doorbell", "ring", "VISITOR"], Doorbell),
        (&["smoke", "fire"], Fire),
        (&["weather"], Other),
    ]);
}

#[test]
fn of_more_alarms_than_the_limit_only_the_number_is_kept() {
    let with = |count: usize| {
        let alerts = "<EventNotificationAlert><eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>";
        alarms(&request(&format!("POST /\nxml: {}", alerts.repeat(count)))).alarms
    };
    let at_limit = with(ALARMS_MAX);
    assert_eq!((at_limit.len(), at_limit[ALARMS_MAX - 1].text.as_str()), (ALARMS_MAX, ""));
    let beyond = with(ALARMS_MAX + 2);
    let last = &beyond[ALARMS_MAX - 1];
    assert_eq!((beyond.len(), last.text.as_str()), (ALARMS_MAX, "2 more in the same message"));
}

#[test]
fn a_text_is_cut_at_its_limit_between_two_characters() {
    let text_of = |text: &str| {
        let alarms = alarms(&request(&format!(
            "POST /\njson: {{\"CAM\":\"x\",\"TYPE\":\"MOTION\",\"MEMO\":\"{text}\"}}"
        )))
        .alarms;
        alarms[0].text.clone()
    };
    let whole = "x".repeat(ALARM_TEXT_BYTES_MAX);
    assert_eq!(text_of(&whole), whole);
    assert_eq!(text_of(&format!("{whole}x")), whole);
    let odd = format!("x{}", "ä".repeat(ALARM_TEXT_BYTES_MAX / 2));
    assert_eq!(text_of(&odd).len(), ALARM_TEXT_BYTES_MAX - 1);
}

#[test]
fn media_that_no_rule_assigns_belong_to_the_first_alarm_or_one_to_each() {
    let alert = "xml: <EventNotificationAlert><eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>\n";
    let with = |alerts: usize, media: &str| -> Vec<Vec<usize>> {
        let reading = alarms(&request(&format!("POST /\n{}{media}", alert.repeat(alerts))));
        reading.alarms.into_iter().map(|alarm| alarm.media).collect()
    };
    let three = "media: a.txt 5\nmedia: b.jpg 10\nmedia: c.jpg 20";
    assert_eq!(with(1, three), [vec![2, 1, 0]]);
    assert_eq!(with(2, three), [vec![2, 1, 0], vec![]]);
    assert_eq!(with(3, three), [[0], [1], [2]]);
}

/// Names and words that lead into the vendors' rules.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "", "Action", "AiEngine", "AlarmInfo", "AlarmType", "CAM", "Channel", "Channel.0.MotionDetection", "Code", "Data",
    "Envelope", "Event", "EventNotificationAlert", "Events", "ImageInfoList", "Index", "MEMO", "Message", "Name",
    "NormalPic", "NotificationMessage", "Picture", "Plate", "SerialID", "SimpleItem", "Status", "StructureInfo", "TYPE",
    "Topic", "Type", "Value", "active", "after", "alarm", "before", "camera", "channelID", "channelName", "data",
    "detectionPicturesNumber", "device", "event", "eventId", "eventState", "eventType", "event_list", "event_type",
    "events", "id", "image", "key", "label", "label_name", "mac", "message", "method", "params", "plate", "plate_image",
    "prefix", "relationEvent", "src", "text", "title", "topic", "triggers", "type", "uid", "xml", "zones",
];
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "", "0", "1", "34", "4294967295", "99999999999999999999", "MOTION", "NotifyEvent", "Start", "VMD", "VideoMotion",
    "active", "axis:Device/x", "duration", "end", "genai", "http://x/y", "inactive", "new", "person", "shellyx", "test",
    "true", "x | y", "\u{202e}\u{7}x\ny", "人形",
];

fn value() -> impl Strategy<Value = Value> {
    let word = || prop::sample::select(WORDS).prop_map(|word| Value::Text(word.to_owned()));
    let long = (".{0,8}", 0_usize..600).prop_map(|(text, times)| Value::Text(text.repeat(times)));
    let leaf = prop_oneof![6 => word(), 1 => long, 1 => (0_usize..6).prop_map(Value::File)];
    leaf.prop_recursive(5, 48, 8, |inner| {
        let field = (prop::sample::select(KEYS), inner.clone());
        let field = field.prop_map(|(name, value)| (name.to_owned(), value));
        prop_oneof![
            4 => prop::collection::vec(field, 0..8).prop_map(Value::Fields),
            1 => prop::collection::vec(inner, 0..20).prop_map(Value::List),
        ]
    })
}

fn any_request() -> impl Strategy<Value = AlarmRequest> {
    use DocumentForm::*;
    let form = prop::sample::select(vec![Query, Form, Json, Xml, Pairs, Text]);
    let document = (form, value());
    let document = document.prop_map(|(form, root)| Document { form, name: String::new(), root });
    let documents = prop::collection::vec(document, 0..4);
    let path = prop_oneof![
        Just("/".to_owned()),
        Just("/LAPI/V1.0/System/Event/Notification/Structure".to_owned()),
        Just("/NotificationInfo/TollgateInfo".to_owned()),
        Just("cameras/1/status/alarm/triggered".to_owned()),
        ".{0,40}",
    ];
    let media = prop::collection::vec((0_u64..50, ".{0,12}"), 0..4);
    (documents, path, media, any::<bool>()).prop_map(|(documents, path, media, torn)| {
        let media = media.iter().map(|(size, name)| request::media(&format!("{name} {size}")));
        let media = media.collect();
        AlarmRequest { method: "POST".to_owned(), path, documents, media, has_body: true, torn }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_request_is_read_within_the_limits(request in any_request()) {
        let reading = alarms(&request);
        prop_assert!(reading.alarms.len() <= ALARMS_MAX);
        let mut media: Vec<usize> = Vec::new();
        for alarm in &reading.alarms {
            prop_assert!(alarm.text.len() <= ALARM_TEXT_BYTES_MAX);
            prop_assert!(alarm.subject.chars().count() <= 200 && alarm.kind.chars().count() <= 256);
            let lines = [&alarm.subject, &alarm.kind];
            prop_assert!(lines.iter().all(|line| !line.contains(char::is_control)));
            prop_assert_eq!(&alarm.kind, &alarm.kind.to_lowercase());
            let parts = alarm.camera.iter().flat_map(|it| [&it.number, &it.name]);
            prop_assert!(parts.flatten().all(|it| !it.is_empty() && it.chars().count() <= 128));
            prop_assert!(alarm.camera.as_ref().is_none_or(|it| it.number.is_some() || it.name.is_some()));
            prop_assert!(alarm.picture.as_ref().is_none_or(|it| it.len() <= 2048));
            media.extend(&alarm.media);
        }
        media.sort_unstable();
        let all: Vec<usize> = (0..request.media.len()).collect();
        prop_assert!(reading.alarms.is_empty() || media == all, "each medium is in one alarm");
    }
}
