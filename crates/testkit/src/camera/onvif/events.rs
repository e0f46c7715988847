//! The event service: subscriptions that are pulled or pushed (WS-BaseNotification 1.3, ONVIF Core, section 9).

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{
    CONTENT_TYPE, Call, EVENTS, NOTIFICATION, NOTIFICATION_ACTIONS, Onvif, PARAMETERS, Refused,
    check_addressing, envelope,
};
use crate::camera::xml::escaped;
use crate::camera::{State, server};
use crate::standin::lock;

const SUBSCRIPTIONS_MAX: usize = 10;
const DURATION_MAX: Duration = Duration::from_secs(3_600);
const PULL_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Messages that wait for a subscription; older ones are dropped.
const QUEUE_MAX: usize = 100;

/// A message of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The topic, such as `tns1:RuleEngine/CellMotionDetector/Motion`.
    pub topic: String,
    /// `Initialized`, `Changed` or `Deleted`.
    pub operation: &'static str,
    /// Name and value of the data.
    pub data: (String, String),
    /// How long ago it happened.
    pub age: Duration,
}

impl Notification {
    /// Something changes now.
    pub fn changed(topic: &str, name: &str, value: &str) -> Self {
        let data = (name.to_owned(), value.to_owned());
        Self { topic: topic.to_owned(), operation: "Changed", data, age: Duration::ZERO }
    }

    /// Whether there is motion, now.
    pub fn motion(is_motion: bool) -> Self {
        let topic = "tns1:RuleEngine/CellMotionDetector/Motion";
        Self::changed(topic, "IsMotion", if is_motion { "true" } else { "false" })
    }

    fn xml(&self, now: jiff::Timestamp) -> String {
        let age = i64::try_from(self.age.as_secs()).unwrap_or_default();
        let time = jiff::Timestamp::from_second(now.as_second() - age).unwrap_or(now);
        format!(
            "<wsnt:NotificationMessage><wsnt:Topic Dialect=\"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet\">{}\
             </wsnt:Topic><wsnt:Message><tt:Message UtcTime=\"{}\" PropertyOperation=\"{}\"><tt:Source>\
             <tt:SimpleItem Name=\"VideoSourceConfigurationToken\" Value=\"VideoSourceToken\"/></tt:Source><tt:Data>\
             <tt:SimpleItem Name=\"{}\" Value=\"{}\"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>",
            escaped(&self.topic),
            written(time),
            self.operation,
            escaped(&self.data.0),
            escaped(&self.data.1),
        )
    }
}

fn written(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

struct OneSubscription {
    id: u64,
    ends: Instant,
    /// Messages that wait to be pulled.
    queue: VecDeque<String>,
    /// Where messages are pushed to.
    consumer: Option<String>,
}

/// The subscriptions of a camera, and what belongs to its clock.
#[derive(Default)]
pub(crate) struct Subscriptions {
    list: Mutex<Vec<OneSubscription>>,
    created: Mutex<u64>,
    backlog: Mutex<Vec<Notification>>,
    nonces: Mutex<BTreeSet<String>>,
    /// Changes with each message and with each end of a subscription.
    news: watch::Sender<u64>,
    clock_ahead_s: AtomicI64,
}

impl Subscriptions {
    /// The camera's clock.
    pub(super) fn now(&self, options: &Onvif) -> jiff::Timestamp {
        let ahead = options.clock_ahead_s + self.clock_ahead_s.load(Ordering::Relaxed);
        let now = jiff::Timestamp::now();
        jiff::Timestamp::from_second(now.as_second() + ahead).unwrap_or(now)
    }

    pub(crate) fn set_clock_ahead(&self, seconds: i64) {
        self.clock_ahead_s.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn set_backlog(&self, notifications: Vec<Notification>) {
        *lock(&self.backlog) = notifications;
    }

    /// Whether a nonce is new.
    pub(super) fn use_nonce(&self, nonce: &str) -> bool {
        lock(&self.nonces).insert(nonce.to_owned())
    }

    pub(crate) fn count(&self) -> usize {
        self.living().len()
    }

    pub(crate) fn clear(&self) {
        lock(&self.list).clear();
        self.news.send_modify(|count| *count += 1);
    }

    /// The subscriptions that have not ended.
    fn living(&self) -> std::sync::MutexGuard<'_, Vec<OneSubscription>> {
        let mut list = lock(&self.list);
        let now = Instant::now();
        list.retain(|it| it.ends > now);
        list
    }
}

/// Gives a message to all subscriptions.
pub(crate) fn notify(state: &State, notification: &Notification) {
    let options = state.options.onvif.clone().unwrap_or_default();
    let xml = notification.xml(state.subscriptions.now(&options));
    for subscription in state.subscriptions.living().iter_mut() {
        match &subscription.consumer {
            Some(consumer) => push(consumer, &xml),
            None => {
                subscription.queue.push_back(xml.clone());
                while subscription.queue.len() > QUEUE_MAX {
                    subscription.queue.pop_front();
                }
            }
        }
    }
    state.subscriptions.news.send_modify(|count| *count += 1);
}

/// POSTs a `Notify`. Whether it arrives is not looked at, as cameras do not.
fn push(consumer: &str, message: &str) {
    let body = envelope(&format!("<wsnt:Notify>{message}</wsnt:Notify>"));
    let after = consumer.strip_prefix("http://").unwrap_or(consumer);
    let (authority, path) = after.split_once('/').unwrap_or((after, ""));
    let (authority, path) = (authority.to_owned(), format!("/{path}"));
    tokio::spawn(async move {
        let _ = server::post(&authority, &path, CONTENT_TYPE, &body).await;
    });
}

pub(super) async fn perform(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let operation = &call.operation;
    let is_service = call.path == "/onvif/event_service";
    match (operation.namespace.as_str(), operation.name.as_str()) {
        (EVENTS, "CreatePullPointSubscription") if is_service && !call.options.lacks_pull_point => {
            let action = format!("{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest");
            check_addressing(state, call, &action)?;
            let content = create(state, call, None)?;
            Ok(format!(
                "<tev:CreatePullPointSubscriptionResponse>{content}</tev:CreatePullPointSubscriptionResponse>"
            ))
        }
        (NOTIFICATION, "Subscribe") if is_service => {
            let action = format!("{NOTIFICATION_ACTIONS}/NotificationProducer/SubscribeRequest");
            check_addressing(state, call, &action)?;
            let consumer = operation.text_at(&["ConsumerReference", "Address"]);
            let consumer = consumer.filter(|it| it.starts_with("http://"));
            let consumer = consumer.ok_or_else(|| Refused::invalid("no ConsumerReference"))?;
            let content = create(state, call, Some(consumer.to_owned()))?;
            Ok(format!("<wsnt:SubscribeResponse>{content}</wsnt:SubscribeResponse>"))
        }
        (EVENTS, "PullMessages") => pull(state, call).await,
        (EVENTS, "SetSynchronizationPoint") => {
            let action = format!("{EVENTS}/PullPointSubscription/SetSynchronizationPointRequest");
            check_addressing(state, call, &action)?;
            let xml = initial(state, call);
            with(state, call, |it| it.queue.push_back(xml))?;
            state.subscriptions.news.send_modify(|count| *count += 1);
            Ok("<tev:SetSynchronizationPointResponse/>".to_owned())
        }
        (NOTIFICATION, "Renew") if !call.options.lacks_renew => renew(state, call),
        (NOTIFICATION, "Unsubscribe") => {
            let action = format!("{NOTIFICATION_ACTIONS}/SubscriptionManager/UnsubscribeRequest");
            check_addressing(state, call, &action)?;
            let id = with(state, call, |it| it.id)?;
            lock(&state.subscriptions.list).retain(|it| it.id != id);
            state.subscriptions.news.send_modify(|count| *count += 1);
            Ok("<wsnt:UnsubscribeResponse/>".to_owned())
        }
        _ => Err(Refused::not_supported()),
    }
}

/// The state at the subscription.
fn initial(state: &State, call: &Call<'_>) -> String {
    let initial = Notification { operation: "Initialized", ..Notification::motion(true) };
    initial.xml(state.subscriptions.now(call.options))
}

fn create(state: &State, call: &Call<'_>, consumer: Option<String>) -> Result<String, Refused> {
    let subscriptions = &state.subscriptions;
    let duration = duration(call, "InitialTerminationTime")?;
    let now = subscriptions.now(call.options);
    let max = match call.options.subscriptions_max {
        0 => SUBSCRIPTIONS_MAX,
        max => max,
    };
    let mut list = subscriptions.living();
    if list.len() >= max {
        return Err(Refused::receiver("ter:Action", "too many subscriptions"));
    }
    let id = {
        let mut created = lock(&subscriptions.created);
        *created += 1;
        *created
    };
    let mut queue = VecDeque::new();
    if consumer.is_none() {
        queue.push_back(initial(state, call));
        queue.extend(lock(&subscriptions.backlog).iter().map(|it| it.xml(now)));
    }
    list.push(OneSubscription { id, ends: Instant::now() + duration, queue, consumer });
    let reference = match call.options.has_parameters {
        true => format!(
            "<wsa:Address>{}</wsa:Address><wsa:ReferenceParameters><p:Id xmlns:p=\"{PARAMETERS}\">{id}</p:Id></wsa:ReferenceParameters>",
            call.named(state, "/onvif/subscription")
        ),
        false => format!(
            "<wsa:Address>{}</wsa:Address>",
            call.named(state, &format!("/onvif/subscription/{id}"))
        ),
    };
    let name = if call.operation.name == "Subscribe" { "wsnt" } else { "tev" };
    Ok(format!(
        "<{name}:SubscriptionReference>{reference}</{name}:SubscriptionReference>{}",
        times(now, duration)
    ))
}

fn times(now: jiff::Timestamp, duration: Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or_default();
    let end = jiff::Timestamp::from_second(now.as_second() + seconds).unwrap_or(now);
    format!(
        "<wsnt:CurrentTime>{}</wsnt:CurrentTime><wsnt:TerminationTime>{}</wsnt:TerminationTime>",
        written(now),
        written(end)
    )
}

/// The duration that a request names, as far as the camera grants it.
fn duration(call: &Call<'_>, name: &str) -> Result<Duration, Refused> {
    let text = call.operation.text_at(&[name]).unwrap_or_default();
    let duration = parsed(text).ok_or_else(|| Refused::invalid(&format!("no {name}")))?;
    Ok(duration.min(call.options.duration_max.unwrap_or(DURATION_MAX)))
}

/// A duration of minutes or seconds.
fn parsed(text: &str) -> Option<Duration> {
    let inner = text.strip_prefix("PT")?;
    let number = |unit: char| inner.strip_suffix(unit)?.parse::<u64>().ok();
    number('S').or_else(|| number('M')?.checked_mul(60)).map(Duration::from_secs)
}

/// The subscription that a request is for.
fn with<T>(
    state: &State,
    call: &Call<'_>,
    change: impl FnOnce(&mut OneSubscription) -> T,
) -> Result<T, Refused> {
    let id = match call.options.has_parameters {
        true => {
            let header = call.header.child("Id").filter(|it| it.namespace == PARAMETERS);
            let is_parameter = |it: &(String, String)| it.0 == "IsReferenceParameter";
            let header = header.filter(|it| it.attributes.iter().any(is_parameter));
            header.map(|it| it.text.clone())
        }
        false => call.path.strip_prefix("/onvif/subscription/").map(str::to_owned),
    };
    let id = id.and_then(|id| id.parse::<u64>().ok());
    let mut list = state.subscriptions.living();
    let found = list.iter_mut().find(|it| Some(it.id) == id);
    found.map(change).ok_or_else(Refused::unknown_subscription)
}

fn renew(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let action = format!("{NOTIFICATION_ACTIONS}/SubscriptionManager/RenewRequest");
    check_addressing(state, call, &action)?;
    let duration = duration(call, "TerminationTime")?;
    with(state, call, |it| it.ends = Instant::now() + duration)?;
    let now = state.subscriptions.now(call.options);
    Ok(format!("<wsnt:RenewResponse>{}</wsnt:RenewResponse>", times(now, duration)))
}

async fn pull(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let action = format!("{EVENTS}/PullPointSubscription/PullMessagesRequest");
    check_addressing(state, call, &action)?;
    let timeout = call.operation.text_at(&["Timeout"]).and_then(parsed);
    let timeout = timeout.ok_or_else(|| Refused::invalid("no Timeout"))?;
    let limit = call.operation.text_at(&["MessageLimit"]).and_then(|it| it.parse::<usize>().ok());
    let limit = limit.ok_or_else(|| Refused::invalid("no MessageLimit"))?;
    let timeout_max = call.options.pull_timeout_max.unwrap_or(PULL_TIMEOUT_MAX);
    if timeout > timeout_max || limit == 0 || limit > QUEUE_MAX {
        let detail = format!(
            "<tev:PullMessagesFaultResponse><tev:MaxTimeout>PT{}S</tev:MaxTimeout>\
             <tev:MaxMessageLimit>{QUEUE_MAX}</tev:MaxMessageLimit></tev:PullMessagesFaultResponse>",
            timeout_max.as_secs()
        );
        return Err(Refused { detail, ..Refused::invalid("limits exceeded") });
    }
    let until = Instant::now() + timeout;
    let mut news = state.subscriptions.news.subscribe();
    loop {
        news.mark_unchanged();
        let (messages, ends) = with(state, call, |it| {
            let count = it.queue.len().min(limit);
            (it.queue.drain(..count).collect::<String>(), it.ends)
        })?;
        let is_over = until <= Instant::now();
        if !messages.is_empty() || is_over {
            let now = state.subscriptions.now(call.options);
            let left = ends.saturating_duration_since(Instant::now());
            let times = times(now, left).replace("wsnt:", "tev:");
            return Ok(format!(
                "<tev:PullMessagesResponse>{times}{messages}</tev:PullMessagesResponse>"
            ));
        }
        tokio::select! {
            _ = news.changed() => {}
            () = sleep_until(until.min(ends)) => {}
        }
    }
}
