//! The client's side against the stand-in of a camera, over real connections.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong should say so")]
#![allow(clippy::indexing_slicing, reason = "so should what it reads")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tipoff_alarm::{BodyParser, RequestHead};
use tipoff_model::{AlarmPhase, Event, Timestamp};
use tipoff_onvif::{
    CONTENT_TYPE, CameraLogin, Delivery, Fault, Freshness, Messages, Now, Operation, Reference,
    SoapRequest, Step, StopReason, Subscription, UsernameToken, answer,
};
use tipoff_testkit::camera::{Camera, Notification, Onvif, Options};
use tipoff_testkit::webhook::Webhook;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// POSTs a request; status and body of the answer, or `None` without one.
async fn post(request: &SoapRequest) -> Option<(u16, Vec<u8>)> {
    let after = request.address.strip_prefix("http://").unwrap();
    let (authority, path) = after.split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).await.ok()?;
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        request.content_type(),
        request.body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(request.body.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    Some((status, answer[end + 4..].to_vec()))
}

/// Clients so far: no two have the same random numbers.
static CLIENTS: AtomicU64 = AtomicU64::new(0);

/// A client with its own clock, which the test can move.
struct Client {
    subscription: Subscription,
    begin: Instant,
    /// Pauses that were left out.
    skipped: Duration,
    random: u128,
}

enum Done {
    Answered(Option<(Messages, Vec<u8>)>),
    Failed,
    /// A pause, which is not waited for.
    Waited,
    Stopped(StopReason),
}

impl Client {
    fn new(camera: &Camera, delivery: Delivery) -> Self {
        let login = CameraLogin {
            address: format!("{}/onvif/device_service", camera.url()),
            user: "admin".to_owned(),
            password: "Pass-word 1".to_owned(),
        };
        let subscription = Subscription::new(login, delivery);
        let random = u128::from(CLIENTS.fetch_add(1, Ordering::Relaxed)) << 64;
        Self { subscription, begin: Instant::now(), skipped: Duration::ZERO, random }
    }

    fn with_password(camera: &Camera, password: &str) -> Self {
        let login = CameraLogin {
            address: format!("{}/onvif/device_service", camera.url()),
            user: "admin".to_owned(),
            password: password.to_owned(),
        };
        let subscription = Subscription::new(login, Delivery::Pull);
        Self { subscription, ..Self::new(camera, Delivery::Pull) }
    }

    fn now(&self) -> Now {
        let utc = Timestamp::from(std::time::SystemTime::now());
        Now { elapsed: self.begin.elapsed() + self.skipped, utc }
    }

    async fn turn(&mut self) -> Done {
        self.random += 1;
        let now = self.now();
        match self.subscription.next_step(now, self.random.to_be_bytes()).unwrap() {
            Step::Wait { until } => {
                self.skipped += until.saturating_sub(now.elapsed);
                Done::Waited
            }
            Step::Stopped(reason) => Done::Stopped(reason),
            Step::Send { request, .. } => match post(&request).await {
                Some((status, body)) => {
                    let messages = self.subscription.answered(self.now(), status, &body);
                    Done::Answered(messages.map(|it| (it, body)))
                }
                None => {
                    self.subscription.failed(self.now());
                    Done::Failed
                }
            },
        }
    }

    /// Turns until there are messages.
    async fn messages(&mut self) -> (Messages, Vec<u8>) {
        loop {
            match self.turn().await {
                Done::Answered(Some(found)) => return found,
                Done::Stopped(reason) => panic!("{reason:?}"),
                Done::Answered(None) | Done::Failed | Done::Waited => {}
            }
        }
    }

    async fn stop(&mut self) -> StopReason {
        loop {
            if let Done::Stopped(reason) = self.turn().await {
                return reason;
            }
        }
    }

    /// Turns until a pause.
    async fn pause(&mut self) {
        loop {
            match self.turn().await {
                Done::Waited => return,
                Done::Stopped(reason) => panic!("{reason:?}"),
                Done::Answered(_) | Done::Failed => {}
            }
        }
    }

    /// Turns until there is a subscription.
    async fn subscribe(&mut self) {
        while !self.subscription.is_subscribed() {
            if let Done::Stopped(reason) = self.turn().await {
                panic!("{reason:?}");
            }
        }
    }
}

async fn camera(change: impl FnOnce(&mut Onvif)) -> Camera {
    let mut options = Options::onvif();
    change(options.onvif.as_mut().unwrap());
    Camera::start(options).await.unwrap()
}

/// What an answer means: event, whether it begins, whether it is late.
fn alarms(body: &[u8]) -> Vec<(Event, AlarmPhase, bool)> {
    let head = RequestHead { content_type: Some(CONTENT_TYPE), ..RequestHead::default() };
    let mut parser = BodyParser::new(&head);
    let mut decoded = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let taken = parser.push(rest, &mut decoded).unwrap();
        rest = &rest[taken..];
    }
    let request = parser.finish(false, &mut decoded);
    let reading = tipoff_vendors::alarms(&request);
    reading.alarms.iter().map(|it| (it.event, it.phase, it.late)).collect()
}

fn operations(camera: &Camera) -> Vec<String> {
    let action = |body: String| {
        let content = body.split("<s:Body><").nth(1).unwrap().to_owned();
        content.split([' ', '/', '>']).next().unwrap().to_owned()
    };
    camera.requests().iter().map(|it| action(it.text())).collect()
}

#[tokio::test]
async fn an_event_is_pulled_and_read_as_an_alarm() {
    for change in [
        (|_| {}) as fn(&mut Onvif),
        |onvif| onvif.named_host = Some("0.0.0.0".to_owned()),
        |onvif| onvif.has_parameters = true,
        |onvif| onvif.lacks_capabilities = true,
        |onvif| onvif.clock_ahead_s = -800_000_000,
        |onvif| onvif.pull_timeout_max = Some(Duration::from_secs(20)),
    ] {
        let camera = camera(change).await;
        let mut client = Client::new(&camera, Delivery::Pull);
        // The address that a foreign host is replaced in stands in `To`.
        let (messages, body) = client.messages().await;
        assert_eq!(messages, Messages { count: 1, freshness: Freshness::Queued });
        assert!(alarms(&body).is_empty(), "the state at the subscription is no news");
        camera.notify(&Notification::motion(true));
        camera.notify(&Notification::changed(
            "tns1:RuleEngine/LineDetector/Crossed",
            "ObjectId",
            "7",
        ));
        let (messages, body) = client.messages().await;
        assert_eq!(messages.count, 2);
        let expected =
            [(Event::Motion, AlarmPhase::Start, false), (Event::Line, AlarmPhase::Pulse, false)];
        assert_eq!(alarms(&body), expected);
        assert_eq!((camera.failures(), camera.subscriptions()), (0, 1));
        client.subscription.end();
        assert_eq!(client.stop().await, StopReason::Ended);
        assert_eq!(camera.subscriptions(), 0);
    }
}

#[tokio::test]
async fn an_event_ends_the_wait_at_once() {
    let camera = camera(|_| {}).await;
    let mut client = Client::new(&camera, Delivery::Pull);
    client.messages().await;
    let requests = camera.log().len();
    let (messages, ()) = tokio::join!(client.messages(), async {
        // The request is not in the log before it is answered.
        assert!(camera.wait_for_open_connections(1).await);
        camera.notify(&Notification::motion(false));
    });
    assert_eq!(alarms(&messages.1), [(Event::Motion, AlarmPhase::Stop, false)]);
    assert_eq!(camera.log().len(), requests + 1);
}

#[tokio::test]
async fn what_is_replayed_after_a_pause_is_late() {
    let camera = camera(|onvif| onvif.clock_ahead_s = 86_400).await;
    let age = Duration::from_secs(3_600);
    camera.set_notification_backlog(vec![Notification { age, ..Notification::motion(true) }]);
    let mut client = Client::new(&camera, Delivery::Pull);
    let (messages, body) = client.messages().await;
    // The state at the subscription is new, so the answer as a whole is not late; its old message is.
    assert_eq!(messages, Messages { count: 2, freshness: Freshness::Queued });
    assert_eq!(alarms(&body), [(Event::Motion, AlarmPhase::Start, true)]);
    camera.notify(&Notification { age, ..Notification::motion(true) });
    assert_eq!(client.messages().await.0.freshness, Freshness::Late);
}

#[tokio::test]
async fn a_wrong_password_is_one_failure() {
    let camera = camera(|_| {}).await;
    let mut client = Client::with_password(&camera, "wrong");
    assert_eq!(client.stop().await, StopReason::WrongPassword);
    assert_eq!(client.stop().await, StopReason::WrongPassword);
    assert_eq!(camera.failures(), 1);
    assert_eq!(operations(&camera), ["GetSystemDateAndTime", "GetCapabilities"]);
}

#[tokio::test]
async fn a_clock_that_jumps_costs_one_failure_and_no_stop() {
    let camera = camera(|_| {}).await;
    let mut client = Client::new(&camera, Delivery::Pull);
    client.messages().await;
    camera.set_clock_ahead(-40_000_000);
    camera.notify(&Notification::motion(true));
    let (messages, _) = client.messages().await;
    assert_eq!((messages.count, camera.failures(), camera.subscriptions()), (1, 1, 1));
}

#[tokio::test]
async fn a_camera_that_starts_anew_is_subscribed_anew() {
    let camera = camera(|_| {}).await;
    let mut client = Client::new(&camera, Delivery::Pull);
    client.messages().await;
    camera.set_down(true);
    while !matches!(client.turn().await, Done::Failed) {}
    camera.forget_subscriptions();
    camera.set_clock_ahead(-40_000_000);
    camera.set_down(false);
    assert_eq!(client.messages().await.0.count, 1);
    assert_eq!((camera.failures(), camera.subscriptions()), (0, 1));
}

#[tokio::test]
async fn after_a_break_the_subscription_is_kept() {
    let camera = camera(|onvif| onvif.subscriptions_max = 1).await;
    let mut client = Client::new(&camera, Delivery::Pull);
    client.messages().await;
    camera.set_down(true);
    while !matches!(client.turn().await, Done::Failed) {}
    camera.notify(&Notification::motion(true));
    camera.set_down(false);
    assert_eq!(client.messages().await.0.count, 1);
    let created = operations(&camera).iter().filter(|it| it.starts_with("Create")).count();
    assert_eq!((created, camera.subscriptions()), (1, 1));
}

#[tokio::test]
async fn a_camera_without_a_place_is_asked_again_later() {
    let camera = camera(|onvif| onvif.subscriptions_max = 1).await;
    let mut first = Client::new(&camera, Delivery::Pull);
    first.subscribe().await;
    let mut second = Client::new(&camera, Delivery::Pull);
    second.pause().await;
    assert!(!second.subscription.is_subscribed());
    first.subscription.end();
    first.stop().await;
    second.subscribe().await;
}

#[tokio::test]
async fn a_short_subscription_is_renewed_in_time() {
    for lacks_renew in [false, true] {
        let camera = camera(|onvif| {
            onvif.duration_max = Some(Duration::from_secs(4));
            onvif.lacks_renew = lacks_renew;
        })
        .await;
        let mut client = Client::new(&camera, Delivery::Pull);
        client.messages().await;
        let renewal = if lacks_renew { "Unsubscribe" } else { "Renew" };
        while !operations(&camera).iter().any(|it| it == renewal) {
            client.turn().await;
        }
        client.subscribe().await;
        assert_eq!((camera.subscriptions(), camera.failures()), (1, 0));
    }
}

#[tokio::test]
async fn a_camera_without_events_is_given_up() {
    let camera = camera(|onvif| onvif.lacks_events = true).await;
    let mut client = Client::new(&camera, Delivery::Pull);
    assert_eq!(client.stop().await, StopReason::NotSupported);
}

#[tokio::test]
async fn a_pushed_event_reaches_its_consumer() {
    let camera = camera(|_| {}).await;
    let receiver = Webhook::start().await.unwrap();
    let mut client = Client::new(&camera, Delivery::Push { consumer: receiver.url() });
    client.subscribe().await;
    camera.notify(&Notification::motion(true));
    let calls = receiver.log().wait_for(1).await;
    assert_eq!(alarms(&calls[0].body), [(Event::Motion, AlarmPhase::Start, false)]);
    client.subscription.end();
    assert_eq!(client.stop().await, StopReason::Ended);
    assert_eq!(camera.subscriptions(), 0);
}

/// A single request with a login; `change` alters the envelope.
async fn ask(
    camera: &Camera,
    operation: &Operation,
    path: &str,
    change: impl FnOnce(String) -> String,
) -> (u16, Vec<u8>) {
    let to = Reference::to(format!("{}{path}", camera.url()));
    let nonce = u128::try_from(camera.log().len()).unwrap().to_be_bytes();
    let created = Timestamp::from(std::time::SystemTime::now());
    let login = UsernameToken { user: "admin", password: "Pass-word 1", nonce, created };
    let mut request = operation.request(&to, Some(&login), nonce);
    request.body = change(request.body);
    post(&request).await.unwrap()
}

#[tokio::test]
async fn single_requests_are_answered() {
    let camera = camera(|onvif| onvif.named_host = Some("10.0.0.5".to_owned())).await;
    let (device, media) = ("/onvif/device_service", "/onvif/media_service");
    let same = |body| body;
    let (status, body) = ask(&camera, &Operation::GetDeviceInformation, device, same).await;
    assert_eq!(answer::device_information(status, &body).unwrap().model, "EX-1");
    let (status, body) = ask(&camera, &Operation::GetServices, device, same).await;
    let services = answer::services(status, &body, &camera.url()).unwrap();
    assert_eq!(services.media, Some(format!("{}{media}", camera.url())));
    let (status, body) = ask(&camera, &Operation::GetProfiles, media, same).await;
    let token = answer::profiles(status, &body).unwrap().remove(0).token;
    let (status, body) = ask(&camera, &Operation::GetSnapshotUri(token.clone()), media, same).await;
    let address = answer::uri(status, &body, &camera.url());
    assert_eq!(address, Ok(format!("{}/snap.jpg?channel=1&size=max", camera.url())));
    let (status, body) = ask(&camera, &Operation::GetStreamUri(token), media, same).await;
    assert!(answer::uri(status, &body, &camera.url()).unwrap().starts_with("rtsp://127.0.0.1:"));
    let none = Operation::GetSnapshotUri("other".to_owned());
    let (status, body) = ask(&camera, &none, media, same).await;
    let fault = answer::uri(status, &body, &camera.url()).unwrap_err();
    assert_eq!(fault, Fault::Other("no such profile".to_owned()));
}

#[tokio::test]
async fn the_stand_in_reads_requests_to_the_letter() {
    let camera = camera(|onvif| onvif.lacks_snapshots = true).await;
    let create = Operation::CreatePullPointSubscription(Duration::from_secs(60));
    let changes: [fn(String) -> String; 8] = [
        |body| body.replace("events/wsdl/EventPortType", "events/wsdl/Port"),
        |body| body.replace("2005/08/addressing", "2004/08/addressing"),
        |body| body.replace("2003/05/soap-envelope", "2002/05/soap-envelope"),
        |body| body.replace("/onvif/event_service</wsa:To>", "/onvif/other</wsa:To>"),
        |body| body.replace("urn:uuid:", ""),
        |body| {
            body.replace(
                "xmlns=\"http://www.onvif.org/ver10/events",
                "xmlns=\"http://www.onvif.org/ver20/events",
            )
        },
        |body| body.replace("PT60S", "60"),
        |body| body.replace("</s:Envelope>", ""),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let (status, _) = ask(&camera, &create, "/onvif/event_service", change).await;
        assert!(status >= 400, "{index}");
    }
    assert_eq!((camera.failures(), camera.subscriptions()), (0, 0));
    let logins: [fn(String) -> String; 5] = [
        |body| body.replace("#PasswordDigest", "#PasswordText"),
        |body| body.replace(">admin<", ">Admin<"),
        |body| body.replace("wssecurity-secext", "wssecurity"),
        |body| body.replace("<wsu:Created>20", "<wsu:Created>19"),
        |body| body.replace("PasswordDigest\">", "PasswordDigest\">A"),
    ];
    for (index, change) in logins.into_iter().enumerate() {
        let (status, body) = ask(&camera, &create, "/onvif/event_service", change).await;
        let fault = answer::granted(status, &body, &camera.url());
        assert_eq!(fault, Err(Fault::NotAuthorized), "{index}");
    }
    assert_eq!(camera.failures(), 4);
    let snapshot = Operation::GetSnapshotUri("Profile_1".to_owned());
    let (status, body) = ask(&camera, &snapshot, "/onvif/media_service", |body| body).await;
    assert_eq!(answer::uri(status, &body, &camera.url()), Err(Fault::NotSupported));
    let renew = Operation::Renew(Duration::from_secs(60));
    let (status, body) = ask(&camera, &renew, "/onvif/subscription/7", |body| body).await;
    assert_eq!(answer::granted(status, &body, ""), Err(Fault::UnknownSubscription));
}

#[tokio::test]
async fn a_login_is_not_taken_twice() {
    let camera = camera(|_| {}).await;
    let nonce = [9; 16];
    let created = Timestamp::from(std::time::SystemTime::now());
    let login = UsernameToken { user: "admin", password: "Pass-word 1", nonce, created };
    let to = Reference::to(format!("{}/onvif/device_service", camera.url()));
    let request = Operation::GetDeviceInformation.request(&to, Some(&login), nonce);
    assert_eq!(post(&request).await.unwrap().0, 200);
    let (status, body) = post(&request).await.unwrap();
    assert_eq!(answer::device_information(status, &body), Err(Fault::NotAuthorized));
}
