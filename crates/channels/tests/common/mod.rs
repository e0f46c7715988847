//! What the tests of channels share: alerts, files, a way to send.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]
#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]

mod alert;

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use tipoff_channels::{
    Channel, Context, Files, Programs, SettingFault, Settings, Value, entry, messages,
};
use tipoff_confine::Launcher;
use tipoff_model::{
    Action, Alert, AlertMedia, ArrivalId, BlobName, Button, DeviceId, Effect, Encoding, IncidentId,
    Media, MediaKind, MediaPlace, MuteFor, MuteTarget, Outcome, Scope, Verdict,
};

pub(crate) use alert::alert;

/// Where the stories' public address is.
pub const TIP: &str = "https://tip.example";
/// The label of a mode.
pub const MODE_LABEL: &str = "🏠 [a](b), \"c\"; @all <d> *e*";

/// Files in memory, and endless ones of zeros where nothing is stored under a name.
#[derive(Default)]
pub struct Memory {
    files: HashMap<String, Vec<u8>>,
}

impl Files for Memory {
    fn open(&self, media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        match self.files.get(&media.blob.0) {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None if media.blob.0.starts_with("zeros") => {
                Ok(Box::new(io::repeat(0).take(media.media.size)))
            }
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// An alert under construction, with the files that it has.
pub struct Story {
    pub alert: Alert,
    memory: Memory,
}

impl Story {
    pub fn new() -> Self {
        Self { alert: alert(), memory: Memory::default() }
    }

    pub fn text(mut self, text: &str) -> Self {
        self.alert.text = text.to_owned();
        self
    }

    pub fn change(mut self, change: impl FnOnce(&mut Alert)) -> Self {
        change(&mut self.alert);
        self
    }

    /// Buttons as a first alert has them, where the public address is known, one with whatever an owner may
    /// call a mode.
    pub fn buttons(mut self) -> Self {
        let device = MuteTarget::Device(DeviceId(4));
        let mute = |lasts| Action::Mute { target: device, lasts };
        let act = |label: &str, action: Action, number: u32| Button {
            label: label.to_owned(),
            effect: Effect::Act {
                action,
                link: Some(format!("{TIP}/act/T0KEN{number}.s1gnature")),
            },
        };
        let incident = format!("{TIP}/incidents/3");
        self.alert.link = Some(incident.clone());
        self.alert.buttons = vec![
            act("🔇 15 min", mute(MuteFor::Minutes(15)), 1),
            act("🔇 1 h", mute(MuteFor::Minutes(60)), 2),
            act("🔇 Until morning", mute(MuteFor::Morning), 3),
            act(MODE_LABEL, Action::SetMode { mode: "any".to_owned() }, 4),
            act("👎 Not interesting", Action::NotInteresting { incident: IncidentId(3) }, 5),
            Button { label: "Open".to_owned(), effect: Effect::Open { url: incident } },
        ];
        self
    }

    pub fn file(mut self, name: &str, content_type: &str, kind: MediaKind, bytes: Vec<u8>) -> Self {
        let blob = format!("blob-{}", self.memory.files.len());
        self.alert.media.push(stored(name, content_type, kind, bytes.len() as u64, &blob));
        self.memory.files.insert(blob, bytes);
        self
    }

    pub fn picture(self, name: &str) -> Self {
        let picture = jpeg(64, 48);
        self.file(name, "image/jpeg", MediaKind::Picture, picture)
    }

    pub fn zeros(mut self, name: &str, content_type: &str, kind: MediaKind, size: u64) -> Self {
        self.alert.media.push(stored(name, content_type, kind, size, "zeros"));
        self
    }

    pub fn files(&mut self) -> Arc<dyn Files> {
        Arc::new(std::mem::take(&mut self.memory))
    }
}

pub fn stored(name: &str, kind: &str, media: MediaKind, size: u64, blob: &str) -> AlertMedia {
    AlertMedia {
        media: Media {
            name: name.to_owned(),
            content_type: kind.to_owned(),
            kind: media,
            range: 0..size,
            encoding: Encoding::Identity,
            size,
            whole: true,
            repeat: false,
            decoration: false,
        },
        place: MediaPlace { arrival: ArrivalId(1), index: Some(0) },
        blob: BlobName(blob.to_owned()),
        url: None,
        clip: None,
    }
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(width, height, image::ImageFormat::Jpeg)
}

pub fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::RgbImage::new(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub fn build(kind: &str, values: &[(&str, Value)]) -> Result<Box<dyn Channel>, Vec<SettingFault>> {
    let mut settings = Settings::default();
    for (key, value) in values {
        settings.set(key, value.clone());
    }
    (entry(kind).unwrap().build)(&settings)
}

pub fn channel(kind: &str, values: &[(&str, Value)]) -> Box<dyn Channel> {
    match build(kind, values) {
        Ok(channel) => channel,
        Err(faults) => panic!("{faults:?}"),
    }
}

pub fn faults(kind: &str, values: &[(&str, Value)]) -> Vec<&'static str> {
    build(kind, values).err().unwrap_or_default().iter().map(|fault| fault.key).collect()
}

/// How the tests start programs.
pub fn programs() -> Programs {
    Programs {
        launcher: Launcher::new(env!("CARGO_BIN_EXE_tipoff-confined-channels"), [] as [&str; 0]),
        folder: std::env::temp_dir(),
        umask: 0o22,
    }
}

/// Sends all messages of an alert; the outcome of each.
pub async fn send_all(channel: &dyn Channel, mut story: Story) -> Vec<Outcome> {
    let files = story.files();
    let programs = programs();
    let context = Context { files: &files, memory: &[], alert: &story.alert, programs: &programs };
    let mut outcomes = Vec::new();
    for message in messages(&story.alert, &channel.abilities()) {
        outcomes.push(channel.send(&message, &context).await);
    }
    outcomes
}

/// Sends the first message of an alert.
pub async fn send(channel: &dyn Channel, story: Story) -> Outcome {
    send_with(channel, story, &[]).await
}

pub async fn send_with(
    channel: &dyn Channel,
    mut story: Story,
    memory: &[(String, String)],
) -> Outcome {
    let files = story.files();
    let programs = programs();
    let context = Context { files: &files, memory, alert: &story.alert, programs: &programs };
    let message = messages(&story.alert, &channel.abilities()).remove(0);
    channel.send(&message, &context).await
}

pub fn delivered(outcome: &Outcome) -> Option<String> {
    match &outcome.verdict {
        Verdict::Delivered(receipt) => receipt.reference.clone(),
        other => panic!("not delivered: {other:?}"),
    }
}

/// What the owner is told of an alert that came without something.
pub fn repair_of(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Delivered(receipt) => receipt.repair.clone().unwrap_or_default(),
        other => panic!("not delivered: {other:?}"),
    }
}

pub fn retried(outcome: &Outcome) -> (Scope, Option<Duration>, String) {
    match &outcome.verdict {
        Verdict::Retry { scope, after, error } => (*scope, *after, error.clone()),
        other => panic!("not to be tried again: {other:?}"),
    }
}

pub fn refused(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Refused { error } => error.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

/// An address at which nobody listens.
pub fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
