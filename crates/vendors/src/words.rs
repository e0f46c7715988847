//! Common words for events, matched word by word: "Carport" is no car.

use tipoff_model::Event;

/// The first that fits decides: a test is no alarm, what has ended is none any more, and of
/// several things that were seen the most important one counts.
const WORDS: &[(Event, &[&str])] = &[
    (Event::Test, &["test", "tested", "testing", "test mail", "health", "keep alive", "keepalive"]),
    (Event::End, &["stop", "stopped", "end", "ended", "alarm end", "restored"]),
    (Event::Periodic, &["periodic", "periodical", "schedule", "scheduled", "timing", "timed"]),
    (
        Event::Fault,
        &[
            "disk",
            "hdd",
            "harddisk",
            "sd card",
            "storage",
            "video loss",
            "videoloss",
            "loss",
            "network disconnected",
            "nic",
            "ip conflict",
            "ipconflict",
            "illegal login",
            "illegal access",
            "failure",
            "error",
            "smart test",
            "diskfull",
            "diskerror",
        ],
    ),
    (
        Event::Person,
        &["person", "people", "human", "humandetect", "pedestrian", "face", "smd human"],
    ),
    (Event::Vehicle, &["vehicle", "vehice", "car", "truck", "motor vehicle", "smd vehicle"]),
    (Event::Animal, &["animal", "pet", "dog", "cat", "dog cat"]),
    (Event::Doorbell, &["visitor", "doorbell", "rang", "ringing", "ring"]),
    (
        Event::Line,
        &["line crossing", "crossing", "tripwire", "linedetection", "crosslinedetection"],
    ),
    (
        Event::Zone,
        &[
            "intrusion",
            "region entrance",
            "region exiting",
            "perimeter",
            "fielddetection",
            "crossregiondetection",
            "loitering",
            "unattended baggage",
            "aoientry",
            "aoileave",
        ],
    ),
    (
        Event::Tamper,
        &[
            "tamper",
            "tampering",
            "shelteralarm",
            "videoblind",
            "blinddetect",
            "defocus",
            "scene change",
            "covered",
            "avd",
        ],
    ),
    (
        Event::Sound,
        &["sound", "audio", "audio exception", "audioexception", "noise", "audiomutation", "cry"],
    ),
    (Event::Input, &["pir", "alarm input", "io alarm", "sensor", "external alarm", "alarmlocal"]),
    (
        Event::Motion,
        &[
            "motion",
            "movement",
            "motiondetect",
            "videomotion",
            "vmd",
            "移动侦测",
            "bewegung",
            "mouvement",
            "movimiento",
            "movimento",
        ],
    ),
];

/// What a phrase says has happened.
pub(crate) fn event(phrase: &str) -> Option<Event> {
    event_but(phrase, &[])
}

/// The same, as if there were no words for some events: of an unknown make, a loose word must not
/// say what keeps an alert back ("Scheduled backup failed").
pub(crate) fn event_but(phrase: &str, not: &[Event]) -> Option<Event> {
    let phrase = phrase.to_lowercase();
    let words: Vec<&str> = phrase
        .split(|character: char| !character.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .collect();
    let says = |wanted: &&str| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        words.windows(wanted.len()).any(|window| window == wanted.as_slice())
    };
    let mut known = WORDS.iter().filter(|(event, _)| !not.contains(event));
    known.find(|(_, wanted)| wanted.iter().any(&says)).map(|(event, _)| *event)
}
