//! LILIN: "HTTP Post" of its AI cameras, a list `AiEngine` with one entry an object (the vendor's
//! HTTP-Post-for-NCC-VMS). The owner may
//! change the JSON, but not its tokens.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, guessed, identity, lines, object_class};
use crate::alarm::{AlarmView, all, text_of};
use crate::camera::RecorderChannel;
use crate::guide::{BASE, Guide};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor =
    Vendor { name: "LILIN", alarm: read, guide: GUIDE, ..WITHOUT_MAILS };

/// Objects of one moment are one alarm, named by the most important of them.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let found = view.objects().map(|object| object.fields("AiEngine").collect::<Vec<_>>());
    let entries = found.into_iter().find(|entries| !entries.is_empty())?;
    let said: Vec<(&str, Option<Event>)> = entries.iter().filter_map(|it| label(it)).collect();
    let importance = |(_, event): &(&str, Option<Event>)| event.unwrap_or_default().importance();
    let best =
        said.iter().copied().reduce(|a, b| if importance(&b) > importance(&a) { b } else { a });
    let (word, event) = best?;
    let first = *entries.first()?;
    let behaviors = entries.iter().flat_map(|it| all(it, "behavior_id")).filter_map(Value::text);
    let name = text_of(first, &["camera_name"]);
    let alarm = Alarm {
        camera: RecorderChannel { number: None, name, of_recorder: false }.camera(),
        text: lines(behaviors.filter(|it| it.parse::<i64>().is_err()).map(Some)),
        media: entries.iter().flat_map(|it| it.files()).collect(),
        identity: identity(text_of(first, &["camera_mac"]), None),
        ..alarm(word, event, AlarmPhase::Pulse)
    };
    Some(AlarmReading { alarms: vec![alarm], ..AlarmReading::default() })
}

/// The class of an entry and its event.
fn label(entry: &Value) -> Option<(&str, Option<Event>)> {
    let label = text_of(entry, &["label_name"])?;
    Some((label, object_class(label).or_else(|| guessed(label))))
}

pub(crate) const GUIDE: Guide = Guide { also: &["Merit LILIN"], ..BASE };
