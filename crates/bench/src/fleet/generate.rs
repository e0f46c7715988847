//! Makes a spool as a fleet leaves it: devices that sent evenly for 30 days, all alerts but the newest ended.
//! It writes rows only: no file belongs to them. Both engines understand the statements.

use anyhow::Result;
use tipoff_model::{
    Content, Encoding, Envelope, LoginProof, Media, MediaKind, Protocol, Timestamp,
};

/// Days in which the incidents began.
pub(super) const DAYS: u32 = 30;
/// The newest incidents, whose second alert waits.
const PENDING: i64 = 1_000;

/// How large the spool is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) incidents: i64,
    pub(super) devices: i64,
}

/// The words of the arrival of incident `{n}`, of device `{d}`, by their template.
const WORDS: &str = "motion detected at camera {d} cam{d}@site.example camera{d} {n}_{d}.jpg \
     an alarm was triggered on channel {c}";

/// The statements that fill the tables of an empty spool, whose last incident begins at `now`. The sums that triggers
/// keep are among them.
///
/// # Errors
/// If a row cannot be written as JSON.
pub(super) fn statements(size: Size, now: Timestamp) -> Result<Vec<String>> {
    let step_ms = (i64::from(DAYS) * 24 * 3_600_000 / size.incidents).max(1);
    let (envelope, content) = (template(&envelope())?, template(&content())?);
    let filled = STATEMENTS.iter().map(|statement| {
        statement
            .replace("{N}", &size.incidents.to_string())
            .replace("{DEVICES}", &size.devices.to_string())
            .replace("{NOW}", &now.0.to_string())
            .replace("{STEP}", &step_ms.to_string())
            .replace("{PENDING}", &PENDING.to_string())
            .replace("{ENVELOPE}", &envelope)
            .replace("{CONTENT}", &content)
            .replace("{WORDS}", &numbered(WORDS))
    });
    Ok(filled.collect())
}

/// An expression of SQL for the JSON of a value with `{n}`, `{d}` and `{c}` in its texts.
fn template(value: &impl serde::Serialize) -> Result<String> {
    Ok(numbered(&serde_json::to_string(value)?))
}

fn numbered(text: &str) -> String {
    let numbers = [("{n}", "id"), ("{d}", "device"), ("{c}", "(device % 16)")];
    let quoted = format!("'{}'", text.replace('\'', "''"));
    numbers.iter().fold(quoted, |text, (name, number)| {
        format!("replace({text}, '{name}', CAST({number} AS TEXT))")
    })
}

fn envelope() -> Envelope {
    Envelope {
        protocol: Protocol::Smtp,
        peer: [10, 0, 0, 1].into(),
        login: Some("camera{d}".to_owned()),
        proof: LoginProof::default(),
        greeting: None,
        sender: "cam{d}@site.example".to_owned(),
        recipients: vec!["alarm@tipoff.example".to_owned()],
        tls: false,
        path: None,
    }
}

fn content() -> Content {
    let picture = Media {
        name: "{n}_{d}.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 700..60_000,
        encoding: Encoding::Base64,
        size: 43_000,
        whole: true,
        repeat: false,
        decoration: false,
    };
    Content {
        subject: "Motion detected at camera {d}".to_owned(),
        text: "An alarm was triggered on channel {c}".to_owned(),
        media: vec![picture],
        ..Content::default()
    }
}

/// In their order. `number` has the numbers of the incidents, each with its device and time.
const STATEMENTS: [&str; 13] = [
    "INSERT INTO device (id, key, name, last_at, first_at)
     WITH RECURSIVE number (n) AS
         (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM number WHERE n < {DEVICES})
     SELECT n, 'camera' || n, 'Camera ' || n, {NOW}, {NOW} FROM number",
    "INSERT INTO heard (place, protocol, told, device, last_at)
     SELECT '10.' || id / 62500 || '.' || id / 250 % 250 || '.' || id % 250, 'smtp', key, id, {NOW}
     FROM device",
    "INSERT INTO share (id, holder, known) SELECT id, 'device/' || id, 1 FROM device",
    "CREATE TEMPORARY TABLE number (id BIGINT PRIMARY KEY, device BIGINT, at BIGINT, pending BIGINT)",
    "INSERT INTO number
     WITH RECURSIVE number (n) AS
         (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM number WHERE n < {N})
     SELECT n, 1 + n * 7919 % {DEVICES}, {NOW} - ({N} - n) * {STEP},
            CASE WHEN n > {N} - {PENDING} THEN 1 ELSE 0 END FROM number",
    "INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at, pictures, cover_arrival,
                           cover_index, share, bytes, blob_bytes, pending)
     SELECT id, device, CASE WHEN id % 10 = 0 THEN 'person' ELSE 'motion' END,
            'Motion detected at camera ' || device, at, at, 1, id, 0, device, 66000, 60000, pending FROM number",
    "INSERT INTO arrival (id, incident, received_at, torn, event, blob, bytes, envelope, content)
     SELECT id, id, at, 0, 'motion', '2026-01-01/' || id || '.eml', 60000, {ENVELOPE}, {CONTENT} FROM number",
    "INSERT INTO words (incident, arrival, words) SELECT id, id, {WORDS} FROM number",
    "INSERT INTO hour (hour, arrivals, torn, bytes, first_incident, last_incident)
     SELECT at / 3600000, count(*), 0, 60000 * count(*), min(id), max(id) FROM number GROUP BY 1",
    "INSERT INTO delivery (id, incident, channel, kind, state, created_at, due_at, ended_at, attempts, device,
                           place)
     SELECT 2 * id - 1, id, 'phone', 'first', CASE WHEN id % 97 = 0 THEN 'refused' ELSE 'delivered' END,
            at, at, at + 900, 1, device, '#' || device FROM number
     UNION ALL
     SELECT 2 * id, id, 'hook', 'first', CASE WHEN pending = 1 THEN 'pending' ELSE 'delivered' END,
            at, at, CASE WHEN pending = 1 THEN NULL ELSE at + 30 END, 1 - pending, device, '#' || device
     FROM number",
    "INSERT INTO delivery_arrival (delivery, arrival) SELECT id, incident FROM delivery ORDER BY id",
    "INSERT INTO attempt (delivery, number, at, took_ms, error)
     SELECT id, 1, ended_at, 30, CASE state WHEN 'refused' THEN 'no such chat' END
     FROM delivery WHERE ended_at IS NOT NULL ORDER BY id",
    "UPDATE share SET
        bytes = (SELECT coalesce(sum(bytes), 0) FROM incident WHERE incident.device = share.id),
        settled_bytes = (SELECT coalesce(sum(bytes), 0) FROM incident
                         WHERE incident.device = share.id AND pending = 0),
        blob_bytes = (SELECT coalesce(sum(blob_bytes), 0) FROM incident WHERE incident.device = share.id)",
];
