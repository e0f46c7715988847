//! Messages of MQTT topics. Unlike a request that a device pushes, most messages of a broker are no alarms: states,
//! figures, signs of life. So a message counts only if a vendor's rule, its words or its owner say what has happened.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmRequest, Event, Value};

use super::bounds::{bounded, largest_first};
use super::codes::{guessed, is_any, object_class, phase};
use super::generic;
use super::view::AlarmView;
use crate::camera::RecorderChannel;

/// Most steps of a path.
const STEPS_MAX: usize = 16;
/// What brokers and devices publish of a connection, as last wills.
const CONNECTION_WORDS: &[&str] =
    &["online", "offline", "connected", "disconnected", "alive", "dead", "lost"];
/// The names of fields that have such a word.
const CONNECTION_NAMES: &[&str] = &["val", "state", "status", "availability", "connection"];

/// A path to a value in a document: names, and numbers of elements of a list, with points between: `after.label`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePath(Vec<String>);

impl ValuePath {
    /// Reads a path. `$.` at its beginning is left out.
    ///
    /// # Errors
    /// Why it is none, for the owner.
    pub fn new(text: &str) -> Result<Self, String> {
        let steps: Vec<String> =
            text.strip_prefix("$.").unwrap_or(text).split('.').map(str::to_owned).collect();
        match steps.len() > STEPS_MAX || steps.iter().any(String::is_empty) {
            true => {
                Err(format!("is 1 to {STEPS_MAX} names with points between, as in `after.label`"))
            }
            false => Ok(Self(steps)),
        }
    }

    /// The text there.
    fn text_in<'a>(&self, root: &'a Value) -> Option<&'a str> {
        let mut value = root;
        let mut steps = self.0.iter().peekable();
        while let Some(step) = steps.next() {
            let number = |step: &&String| step.parse::<usize>().ok();
            value = match value {
                Value::List(values) => values.get(number(&step)?)?,
                // A list under a name counts as its elements.
                value => match steps.next_if(|next| number(next).is_some()) {
                    Some(next) => value.fields(step).nth(number(&next)?)?,
                    None => value.field(step)?,
                },
            };
        }
        value.text().filter(|text| !text.is_empty())
    }
}

/// What the owner says of the messages of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageRules {
    /// Where the word for what has happened is.
    pub event: Option<ValuePath>,
    /// What a message means without such a word, or with an unknown one.
    pub means: Option<Event>,
    /// Where the value is that says whether it begins or ends; without it the whole message, or the word.
    pub state: Option<ValuePath>,
    /// Values by which it begins; empty: every value that does not end it.
    pub start: Vec<String>,
    /// Values by which it ends; empty: those that usually do, such as `OFF`, `0` and `false`.
    pub stop: Vec<String>,
    /// Where the name of the camera is, or the number of the recorder's channel.
    pub camera: Option<ValuePath>,
}

/// Reads a message of a topic, which is the path of the request. The owner's rules go before those of the vendors.
pub fn published_alarms(request: &AlarmRequest, rules: &MessageRules) -> AlarmReading {
    let view = AlarmView::of(request);
    if !request.has_body || is_of_connection(&view) {
        return AlarmReading::default();
    }
    let one = |alarm: Option<Alarm>| {
        bounded(
            request,
            AlarmReading { alarms: alarm.into_iter().collect(), ..AlarmReading::default() },
        )
    };
    if *rules != MessageRules::default() {
        return one(by_rules(&view, rules));
    }
    if let Some(text) = whole_text(&view).and_then(phase) {
        return one(by_topic(&view, text));
    }
    let mut reading = super::alarms(request);
    if reading.vendor.is_none() {
        reading.alarms.retain(|alarm| alarm.event != Event::Other || !alarm.media.is_empty());
    }
    reading
}

/// The text of a message that is nothing else.
fn whole_text<'a>(view: &AlarmView<'a>) -> Option<&'a str> {
    match view.request.documents.as_slice() {
        [document] => document.root.text().map(str::trim),
        _ => None,
    }
}

/// Whether it only says that a device is there, or is not.
fn is_of_connection(view: &AlarmView<'_>) -> bool {
    let is_word = |text: &str| is_any(CONNECTION_WORDS, text.trim());
    let mut objects = view.objects();
    whole_text(view).is_some_and(is_word)
        || objects.next().is_some_and(|object| {
            let leaves = object.leaves();
            leaves.len() <= 2
                && leaves.iter().any(|(name, text)| is_any(CONNECTION_NAMES, name) && is_word(text))
        })
}

/// A state alone: its topic says of what.
fn by_topic(view: &AlarmView<'_>, phase: AlarmPhase) -> Option<Alarm> {
    let topic = view.request.path.trim_matches('/');
    let alarm = generic::by_path(topic);
    let is_known = alarm.event != Event::Other;
    is_known.then(|| Alarm { kind: topic.to_lowercase(), phase, subject: String::new(), ..alarm })
}

/// By what the owner says. `None` where the message has none of the values that it names.
fn by_rules(view: &AlarmView<'_>, rules: &MessageRules) -> Option<Alarm> {
    let media = &view.request.media;
    let at = |path: &ValuePath| {
        view.request.documents.iter().find_map(|document| path.text_in(&document.root))
    };
    let word = rules.event.as_ref().and_then(at);
    let value = match &rules.state {
        Some(path) => at(path),
        None => word.or_else(|| whole_text(view)),
    };
    let names_value = rules.state.is_some() || rules.event.is_some();
    if value.is_none() && word.is_none() && names_value && media.is_empty() {
        return None;
    }
    let phase = match value {
        Some(value) => phase_of(value, rules)?,
        None => AlarmPhase::Pulse,
    };
    let event = word.and_then(event_of).or(rules.means).unwrap_or_default();
    let topic = view.request.path.trim_matches('/').to_lowercase();
    // Start and stop have the same kind: a word that is also the state differs between them.
    let kind = match word.filter(|_| rules.state.is_some()) {
        Some(word) => format!("{topic} {}", word.to_lowercase()),
        None => topic,
    };
    let subject = word.filter(|_| event == Event::Other).unwrap_or_default().to_owned();
    let name = rules.camera.as_ref().and_then(at);
    let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.filter(is_number);
    let name = name.filter(|text| !is_number(text));
    Some(Alarm {
        kind,
        event,
        phase,
        subject,
        camera: RecorderChannel { number, name, of_recorder: false }.camera(),
        media: largest_first(media, (0..media.len()).collect()),
        ..Alarm::default()
    })
}

/// The event of a word: one of ours, a class of objects, or by the words in it.
fn event_of(word: &str) -> Option<Event> {
    let ours = Event::from_name(&word.to_lowercase()).filter(|event| *event != Event::Other);
    ours.or_else(|| object_class(word)).or_else(|| guessed(word))
}

/// Whether a value begins or ends an alarm. `None` if it does neither.
fn phase_of(value: &str, rules: &MessageRules) -> Option<AlarmPhase> {
    let is_in = |values: &[String]| values.iter().any(|it| it.eq_ignore_ascii_case(value.trim()));
    let usual = phase(value);
    let stops = match rules.stop.is_empty() {
        true => usual == Some(AlarmPhase::Stop) && !is_in(&rules.start),
        false => is_in(&rules.stop),
    };
    if stops {
        return Some(AlarmPhase::Stop);
    }
    match rules.start.is_empty() {
        true if !rules.stop.is_empty() => Some(AlarmPhase::Start),
        true => Some(usual.unwrap_or(AlarmPhase::Pulse)),
        false => is_in(&rules.start).then_some(AlarmPhase::Start),
    }
}
