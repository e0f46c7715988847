//! The events of an ONVIF camera: does what the subscription's state machine says, and stores the messages that come.
//!
//! A camera without PullPoint is subscribed to: then it pushes its events to our HTTP port.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tipoff_alarm::{BodyParser, RequestHead};
use tipoff_camera::{CameraAddress, CameraClient, CameraError, Question};
use tipoff_model::AlarmRequest;
use tipoff_onvif::{
    CONTENT_TYPE, CameraLogin, Delivery, Freshness, Now, SoapRequest, Step, StopReason,
    Subscription,
};
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

use super::super::asking::{DEVICE_SERVICE, random, target_of};
use super::backlog::Backlog;
use super::camera::PulledCamera;
use super::error::PullError;
use super::leave::{Leave, Left};
use super::sink::SessionSink;
use super::stream::MessageSink;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The longest time for telling a camera that its events are not wanted any more.
const FAREWELL_MAX: Duration = Duration::from_secs(3);

/// The address of the device service of a camera, by the address in the configuration.
pub(super) fn device_service(url: &Url) -> String {
    let mut address = url.clone();
    if matches!(url.path(), "" | "/") {
        address.set_path(DEVICE_SERVICE);
    }
    address.to_string()
}

/// The subscription of a camera, and what is needed to speak with it.
pub(super) struct OnvifPull<'a> {
    device: &'a PulledCamera,
    subscription: Subscription,
    is_pushed: bool,
    /// By address: a service may have a port of its own.
    clients: HashMap<CameraAddress, Arc<CameraClient>>,
    began: Instant,
    /// This machine's address, as the camera sees it, and the camera's.
    ends: Option<tipoff_camera::Ends>,
    /// Begins with the first subscription.
    sink: Option<SessionSink<'a>>,
    /// Whether the last request failed …
    is_failing: bool,
    /// … and why.
    failure: String,
}

/// How it goes on.
enum Turn {
    /// With the next step.
    Next,
    /// The camera is to be left.
    Left(Left),
    /// The camera has no PullPoint.
    NotSupported,
    /// Not any more.
    Failed(PullError),
}

impl<'a> OnvifPull<'a> {
    pub(super) fn new(device: &'a PulledCamera) -> Self {
        Self {
            subscription: Subscription::new(login(device), Delivery::Pull),
            device,
            is_pushed: false,
            clients: HashMap::new(),
            began: Instant::now(),
            ends: None,
            sink: None,
            is_failing: false,
            failure: String::new(),
        }
    }

    /// Gets events until the camera is to be left, or refuses them for good.
    pub(super) async fn run(mut self, leave: &mut Leave) -> Result<Left, PullError> {
        loop {
            match self.turn(leave).await {
                Turn::Next => {}
                Turn::Left(left) => {
                    self.end().await;
                    return Ok(left);
                }
                Turn::Failed(error) => {
                    if let Some(sink) = &self.sink {
                        sink.ended(error.reason());
                    }
                    return Err(error);
                }
                Turn::NotSupported => self.push()?,
            }
        }
    }

    /// Subscribes to events that the camera pushes.
    fn push(&mut self) -> Result<(), PullError> {
        let camera = self.device.client.address();
        let none = || {
            PullError::never(format!(
                "{camera} gives no events by ONVIF: they may be switched off in it"
            ))
        };
        if self.is_pushed {
            return Err(none());
        }
        let port = self.device.context.http_port.ok_or_else(none)?;
        let ends = self.ends.ok_or_else(none)?;
        let consumer = consumer(ends.local, port, self.device.push_password.as_deref());
        self.subscription = Subscription::new(login(self.device), Delivery::Push { consumer });
        self.is_pushed = true;
        Ok(())
    }

    /// Does the next step.
    async fn turn(&mut self, leave: &mut Leave) -> Turn {
        match self.subscription.next_step(self.now(), random()) {
            // It is given after each answer.
            None => {
                self.subscription.failed(self.now());
                Turn::Next
            }
            Some(Step::Wait { until }) => {
                if !self.subscription.is_subscribed() {
                    self.sink = None;
                }
                if self.sink.is_none() || self.is_failing {
                    let pause = until.saturating_sub(self.began.elapsed());
                    self.device.failing(self.failure.clone(), pause);
                }
                tokio::select! {
                    () = sleep_until(self.began + until) => Turn::Next,
                    left = leave.requested() => Turn::Left(left),
                }
            }
            Some(Step::Stopped(reason)) => self.stopped(reason),
            Some(Step::Send { request, within }) => {
                let answer = tokio::select! {
                    answer = self.send(&request, within) => answer,
                    left = leave.requested() => return Turn::Left(left),
                };
                self.sent(&request, answer, leave).await
            }
        }
    }

    /// Takes what came of a request.
    async fn sent(
        &mut self,
        request: &SoapRequest,
        answer: Result<(u16, Vec<u8>), CameraError>,
        leave: &Leave,
    ) -> Turn {
        match answer {
            Ok((status, body)) => {
                self.answered(request, status, &body, leave).await;
                Turn::Next
            }
            Err(error @ (CameraError::LoginRefused { .. } | CameraError::LoginMissing { .. })) => {
                self.device.client.refuse_login();
                Turn::Failed(error.into())
            }
            Err(error) => {
                self.is_failing = true;
                self.failure = error.to_string();
                self.subscription.failed(self.now());
                Turn::Next
            }
        }
    }

    fn stopped(&self, reason: StopReason) -> Turn {
        let camera = self.device.client.address().clone();
        match reason {
            StopReason::NotSupported => Turn::NotSupported,
            StopReason::WrongPassword => {
                self.device.client.refuse_login();
                let user = self.device.client.login().map(|login| login.user.clone());
                Turn::Failed(match user {
                    Some(user) => CameraError::LoginRefused { camera, user }.into(),
                    None => CameraError::LoginMissing { camera }.into(),
                })
            }
            StopReason::Ended => Turn::Failed(PullError::ended("the subscription has ended")),
        }
    }

    /// Sends a request. The address is always at the camera's host.
    async fn send(
        &mut self,
        request: &SoapRequest,
        within: Duration,
    ) -> Result<(u16, Vec<u8>), CameraError> {
        let bad = || CameraError::BadQuestion(request.address.clone());
        let url = Url::parse(&request.address).map_err(|_| bad())?;
        let address = CameraAddress::of(&url).ok_or_else(bad)?;
        let login = self.device.client.login().cloned();
        let client = self.clients.entry(address);
        let client = client
            .or_insert_with_key(|address| Arc::new(CameraClient::new(address.clone(), login)));
        let client = Arc::clone(client);
        let (target, content_type) = (target_of(&url), request.content_type());
        let question = Question {
            method: "POST",
            target: &target,
            body: request.body.as_bytes(),
            content_type: Some(&content_type),
            time: within,
        };
        let _permit = match self.subscription.is_subscribed() {
            true => None,
            // Closed only when the program has ended.
            false => self.device.context.connects.acquire().await.ok(),
        };
        let answer = match client.ask(&question).await {
            Ok(answer) => answer,
            // Its login is in the envelope.
            Err(CameraError::UnknownChallenge { .. } | CameraError::NotAllowed { .. }) => {
                return Ok((401, Vec::new()));
            }
            Err(error) => return Err(error),
        };
        self.ends = answer.ends().or(self.ends);
        let status = answer.status;
        let silent = |_| CameraError::Silent { camera: client.address().clone(), time: within };
        let body = timeout(within, answer.whole(ANSWER_BYTES_MAX)).await.map_err(silent)??;
        Ok((status, body))
    }

    /// Takes an answer, and stores its messages.
    async fn answered(&mut self, request: &SoapRequest, status: u16, body: &[u8], leave: &Leave) {
        let operation = request.action.rsplit('/').next().unwrap_or_default().to_owned();
        let camera = self.device.client.address();
        let was_failing = std::mem::replace(&mut self.is_failing, status >= 300);
        self.failure = format!("{camera} answers {status} to {operation}");
        self.device.status.sign_of_life(self.device.context.clock.now());
        let messages = self.subscription.answered(self.now(), status, body);
        if !self.subscription.is_subscribed() {
            return;
        }
        if self.sink.is_none() {
            self.begin(leave);
        } else if was_failing && !self.is_failing {
            self.device.connected();
        }
        let (Some(messages), Some(sink)) = (messages, &mut self.sink) else { return };
        let late = match messages.freshness {
            Freshness::Live => Some(false),
            Freshness::Queued => None,
            Freshness::Late => Some(true),
        };
        sink.turn().await;
        let message = parsed(body);
        sink.pause();
        sink.store(body, message, late).await;
    }

    /// The camera has a subscription of ours.
    fn begin(&mut self, leave: &Leave) {
        let device = self.device;
        let peer =
            self.ends.map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |ends| ends.camera);
        let by_tls = device.client.address().is_tls;
        let session = device.context.alarms.begin_asked(&device.name, peer, by_tls);
        session.asked(match self.is_pushed {
            true => "Subscribe",
            false => "CreatePullPointSubscription",
        });
        device.connected();
        let now = device.context.clock.now();
        self.sink = Some(SessionSink {
            device: &device.name,
            session,
            backlog: Backlog::new(now, None, None, false),
            shown: None,
            status: &device.status,
            clock: &device.context.clock,
            leave: leave.clone(),
        });
    }

    /// Tells the camera that its events are not wanted any more: it has few places.
    async fn end(&mut self) {
        self.subscription.end();
        let farewell = async {
            while let Some(Step::Send { request, within }) =
                self.subscription.next_step(self.now(), random())
            {
                match self.send(&request, within).await {
                    Ok((status, body)) => {
                        self.subscription.answered(self.now(), status, &body);
                    }
                    Err(_) => self.subscription.failed(self.now()),
                }
            }
        };
        let _ = timeout(FAREWELL_MAX, farewell).await;
        if let Some(sink) = &self.sink {
            sink.ended("Tipoff ends the subscription.");
        }
    }

    fn now(&self) -> Now {
        Now { elapsed: self.began.elapsed(), utc: self.device.context.clock.now() }
    }
}

/// How the camera's device service is asked.
fn login(device: &PulledCamera) -> CameraLogin {
    let login = device.client.login();
    CameraLogin {
        address: device_service(&device.config.url),
        user: login.map(|login| login.user.clone()).unwrap_or_default(),
        password: login.map(|login| login.password.clone()).unwrap_or_default(),
    }
}

/// Where a camera pushes its events. Cameras resolve no names.
fn consumer(host: IpAddr, port: u16, password: Option<&str>) -> String {
    let host = match host.to_canonical() {
        IpAddr::V4(host) => host.to_string(),
        IpAddr::V6(host) => format!("[{host}]"),
    };
    match password {
        Some(password) => {
            format!("http://{host}:{port}/h/{}", tipoff_model::percent_encoded(password))
        }
        None => format!("http://{host}:{port}/h"),
    }
}

/// The body of an answer as an alarm.
fn parsed(body: &[u8]) -> AlarmRequest {
    let mut parser = BodyParser::new(&RequestHead {
        method: "POST",
        path: "/",
        query: None,
        content_type: Some(CONTENT_TYPE),
        content_encoding: None,
        content_disposition: None,
    });
    let (mut rest, mut decoded) = (body, Vec::new());
    while !rest.is_empty() {
        decoded.clear();
        let Ok(taken) = parser.push(rest, &mut decoded) else { break };
        rest = rest.get(taken..).unwrap_or_default();
    }
    parser.finish(false, &mut decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_is_that_of_the_device_service() {
        let of = |text| device_service(&Url::parse(text).unwrap());
        assert_eq!(of("http://192.168.1.20"), "http://192.168.1.20/onvif/device_service");
        assert_eq!(of("http://192.168.1.20:8000/x"), "http://192.168.1.20:8000/x");
    }

    #[test]
    fn a_camera_pushes_to_our_number_and_the_devices_password() {
        let (four, six) = ("192.168.1.2".parse().unwrap(), "fe80::1".parse().unwrap());
        assert_eq!(consumer(four, 8080, Some("a/b c")), "http://192.168.1.2:8080/h/a%2Fb%20c");
        assert_eq!(consumer(six, 80, None), "http://[fe80::1]:80/h");
    }
}
