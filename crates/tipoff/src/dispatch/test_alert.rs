//! Sends a test alert to one channel, without a camera: for the command line, the dashboard and the API.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

use tipoff_channels::{Channel, Context, Files};
use tipoff_model::{
    Alert, AlertKind, AlertManner, AlertMedia, ArrivalId, BlobName, DeliveryId, DeviceId, Encoding,
    Event, IncidentId, Media, MediaKind, MediaPlace, Verdict,
};

use crate::media::test_image;
use crate::programs::programs;

/// Sends a test picture. `Ok` holds what the owner has to correct although the picture arrived; the error is in
/// plain words. `memory` is what the channel has remembered.
pub(crate) async fn send_test(
    channel: &dyn Channel,
    memory: &[(String, String)],
) -> Result<Option<String>, String> {
    let picture = test_image::draw(SystemTime::now().into()).map_err(|error| error.to_string())?;
    let alert = test_alert(picture.len() as u64);
    let files: Arc<dyn Files> = Arc::new(OnePicture(picture));
    let context = Context { files: &files, memory, alert: &alert, programs: programs() };
    let mut repair = None;
    for message in tipoff_channels::messages(&alert, &channel.abilities()) {
        match channel.send(&message, &context).await.verdict {
            Verdict::Delivered(receipt) => repair = repair.or(receipt.repair),
            Verdict::Retry { error, .. } | Verdict::Refused { error } => return Err(error),
        }
    }
    Ok(repair)
}

/// The text of the test alert.
const TEXT: &str = "This is how an alert looks. Alerts will arrive here.";

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
        decoration: false,
    };
    let place = MediaPlace { arrival: ArrivalId(0), index: Some(0) };
    let now = tipoff_model::Timestamp::from(SystemTime::now());
    Alert {
        held: 0,
        manner: AlertManner { text: Some(TEXT.to_owned()), ..AlertManner::default() },
        buttons: Vec::new(),
        delivery: DeliveryId(0),
        idempotency_key: format!("test-{}", now.as_ms()),
        incident: IncidentId(0),
        kind: AlertKind::First,
        device_id: DeviceId(0),
        device: "Tipoff".to_owned(),
        event: Event::Test,
        subject: "Test".to_owned(),
        text: TEXT.to_owned(),
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
