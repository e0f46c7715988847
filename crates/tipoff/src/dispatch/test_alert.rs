//! Sends a test alert to one channel, without a camera: for the command line, the dashboard and the API.
//!
//! The alert goes through the same code of the service as any other. It is in no spool, so it has no incident, no
//! retries and no links.

use std::io::{self, Read};
use std::sync::Arc;

use tipoff_channels::{Channel, Context, Files};
use tipoff_language::Texts;
use tipoff_model::{
    Alert, AlertKind, AlertManner, AlertMedia, ArrivalId, BlobName, DeliveryId, DeviceId, Event,
    IncidentId, Language, MediaKind, MediaPlace, Timestamp, Verdict,
};

use crate::media::{test_image, whole_file};
use crate::programs::programs;

/// Sends a test picture, with the time `now` drawn on it. `memory` is what the channel remembers.
///
/// Returns a setting that the owner has to correct although the picture arrived.
///
/// # Errors
/// Why the picture did not arrive, in plain words.
pub(crate) async fn send_test(
    channel: &dyn Channel,
    memory: &[(String, String)],
    now: Timestamp,
    language: Language,
) -> Result<Option<String>, String> {
    let picture = test_image::draw(now).map_err(|error| error.to_string())?;
    let alert = test_alert(picture.len() as u64, now, language);
    let files: Arc<dyn Files> = Arc::new(OnePicture(picture));
    let context = Context { files: &files, memory, alert: &alert, programs: programs() };
    let mut repair = None;
    for message in tipoff_channels::messages(&alert, &channel.abilities()) {
        match channel.send(&message, &context).await.verdict {
            Verdict::Delivered(receipt) => repair = repair.or(receipt.repair),
            Verdict::Retry { error, .. } | Verdict::Refused { error } | Verdict::Gone { error } => {
                return Err(error);
            }
        }
    }
    Ok(repair)
}

/// An alert with one picture of this size in bytes. Its key differs at each test, so that no service drops a second
/// test as a repetition.
fn test_alert(size: u64, now: Timestamp, language: Language) -> Alert {
    let text = Texts::of(language).text("alert-test-text");
    let media = whole_file("test.jpg".to_owned(), "image/jpeg", MediaKind::Picture, size);
    let place = MediaPlace { arrival: ArrivalId(0), index: Some(0) };
    Alert {
        held: 0,
        manner: AlertManner { text: Some(text.clone()), ..AlertManner::default() },
        buttons: Vec::new(),
        language,
        delivery: DeliveryId(0),
        idempotency_key: format!("test-{}", now.as_ms()),
        incident: IncidentId(0),
        kind: AlertKind::First,
        device_id: DeviceId(0),
        device: "Tipoff".to_owned(),
        event: Event::Test,
        subject: "Test".to_owned(),
        text,
        events: Vec::new(),
        details: None,
        more: 0,
        late: None,
        received_at: now,
        media: vec![AlertMedia {
            media,
            place,
            blob: BlobName(String::new()),
            url: None,
            clip: None,
        }],
        raw: Vec::new(),
        mails: Vec::new(),
        torn: false,
        reply_to: None,
        link: None,
    }
}

/// The test picture, which is not in the spool.
struct OnePicture(Vec<u8>);

impl Files for OnePicture {
    fn open(&self, _media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.0.clone())))
    }
}
