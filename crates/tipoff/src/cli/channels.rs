//! `tipoff channels`: try the configured channels without a camera.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

use clap::Subcommand;
use tipoff_channels::{Channel, Context, Files};
use tipoff_model::{
    Alert, AlertKind, AlertMedia, ArrivalId, BlobName, DeliveryId, Encoding, Event, IncidentId,
    Media, MediaKind, MediaPlace, Verdict,
};

use super::{Ending, Failure, block_on};
use crate::config::{ChannelConfig, Config};
use crate::picture;

/// What can be done with channels.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Send a test picture to one channel, or to all of them
    Test {
        /// The channel's name
        name: Option<String>,
    },
}

/// Does it.
pub(super) fn run(action: &Action, config: Config) -> Ending {
    let Action::Test { name } = action;
    let wanted = |channel: &&ChannelConfig| name.as_ref().is_none_or(|name| channel.name == *name);
    let channels: Vec<&ChannelConfig> = config.channels.iter().filter(wanted).collect();
    if channels.is_empty() {
        return Err(Failure::Failed(match name {
            Some(name) => {
                let known: Vec<&str> = config.channels.iter().map(|it| it.name.as_str()).collect();
                anyhow::anyhow!("there is no channel {name:?}; there are: {}", known.join(", "))
            }
            None => anyhow::anyhow!("no channel is configured; `tipoff init` sets up Telegram"),
        }));
    }
    let all_fine = block_on(test_all(&channels))?;
    if all_fine { Ok(()) } else { Err(Failure::Told) }
}

async fn test_all(channels: &[&ChannelConfig]) -> bool {
    let mut all_fine = true;
    for channel in channels {
        match send_test(&*channel.channel).await {
            Ok(()) => println!("{} ({}): the test arrived", channel.name, channel.kind),
            Err(error) => {
                println!("{} ({}): {error}", channel.name, channel.kind);
                all_fine = false;
            }
        }
    }
    all_fine
}

/// Sends a test picture; the error is in plain words.
pub(super) async fn send_test(channel: &dyn Channel) -> Result<(), String> {
    let picture = picture::draw(SystemTime::now().into()).map_err(|error| error.to_string())?;
    let alert = test_alert(picture.len() as u64);
    let files: Arc<dyn Files> = Arc::new(OnePicture(picture));
    let context = Context { files: &files, memory: &[], alert: &alert };
    for message in tipoff_channels::messages(&alert, &channel.abilities()) {
        match channel.send(&message, &context).await.verdict {
            Verdict::Delivered(_) => {}
            Verdict::Retry { error, .. } | Verdict::Refused { error } => return Err(error),
        }
    }
    Ok(())
}

fn test_alert(size: u64) -> Alert {
    let media = Media {
        name: "test.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: true,
        repeat: false,
    };
    let place = MediaPlace { arrival: ArrivalId(0), index: Some(0) };
    let now = tipoff_model::Timestamp::from(SystemTime::now());
    Alert {
        delivery: DeliveryId(0),
        idempotency_key: format!("test-{}", now.as_ms()),
        incident: IncidentId(0),
        kind: AlertKind::First,
        device: "Tipoff".to_owned(),
        event: Event::Test,
        subject: "Test".to_owned(),
        text: "This is how an alert looks. Alerts will arrive here.".to_owned(),
        received_at: now,
        media: vec![AlertMedia {
            media,
            place,
            blob: BlobName(String::new()),
            url: None,
            clip: None,
        }],
        raw: Vec::new(),
        torn: false,
        reply_to: None,
    }
}

/// The test picture, which is in no spool.
struct OnePicture(Vec<u8>);

impl Files for OnePicture {
    fn open(&self, _media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.0.clone())))
    }
}
