use super::*;

const CLOCK: &str = "<GetSystemDateAndTimeResponse><UTCDateTime><Time><Hour>12</Hour><Minute>0</Minute>\
    <Second>0</Second></Time><Date><Year>2001</Year><Month>2</Month><Day>3</Day></Date></UTCDateTime>\
    </GetSystemDateAndTimeResponse>";
const CAPABILITIES: &str = "<GetCapabilitiesResponse><Capabilities><Events><XAddr>http://0.0.0.0/events</XAddr>\
    </Events></Capabilities></GetCapabilitiesResponse>";
const EMPTY: &str = "<PullMessagesResponse/>";
const RENEWED: &str = "<RenewResponse/>";

/// A camera and our side of the talk with it.
struct Talk {
    subscription: Subscription,
    now: Duration,
    /// What the camera answers next to an operation, other than usual.
    next: Vec<(&'static str, u16, String)>,
    /// The operations that it was asked for.
    asked: Vec<String>,
    bodies: Vec<String>,
}

fn granted(minutes: u64) -> String {
    format!(
        "<CreatePullPointSubscriptionResponse><SubscriptionReference><Address>http://10.0.0.1/sub/1</Address>\
         </SubscriptionReference><CurrentTime>2001-02-03T12:00:00Z</CurrentTime>\
         <TerminationTime>2001-02-03T12:{minutes:02}:00Z</TerminationTime></CreatePullPointSubscriptionResponse>"
    )
}

fn fault(code: &str) -> String {
    format!(
        "<Fault><Code><Value>Sender</Value><Subcode><Value>{code}</Value></Subcode></Code></Fault>"
    )
}

/// Messages of this age in minutes.
fn messages(count: usize, age: u64) -> String {
    let message = format!(
        "<NotificationMessage><Message UtcTime=\"2001-02-03T{:02}:{:02}:00Z\"/></NotificationMessage>",
        12 - age.div_ceil(60),
        (60 - age % 60) % 60
    );
    format!(
        "<PullMessagesResponse><CurrentTime>2001-02-03T12:00:00Z</CurrentTime>{}</PullMessagesResponse>",
        message.repeat(count)
    )
}

impl Talk {
    fn new(delivery: Delivery) -> Self {
        let camera = CameraLogin {
            address: "http://192.168.1.64/onvif/device_service".to_owned(),
            user: "admin".to_owned(),
            password: "secret".to_owned(),
        };
        let subscription = Subscription::new(camera, delivery);
        let (next, asked, bodies) = (Vec::new(), Vec::new(), Vec::new());
        Self { subscription, now: Duration::ZERO, next, asked, bodies }
    }

    fn pull() -> Self {
        Self::new(Delivery::Pull)
    }

    fn now(&self) -> Now {
        Now { elapsed: self.now, utc: Timestamp::from_ms(1_790_000_000_000) }
    }

    fn step(&mut self) -> Option<Step> {
        self.subscription.next_step(self.now(), [255; 16])
    }

    /// The next time that this operation is asked for, the camera answers so.
    fn answers(&mut self, operation: &'static str, status: u16, content: impl Into<String>) {
        self.next.push((operation, status, content.into()));
    }

    /// Does one step; the messages of an answer, if it has some.
    fn turn(&mut self) -> Option<Messages> {
        match self.step().expect("no answer is due") {
            Step::Wait { until } => {
                assert!(until > self.now);
                self.now = until;
                None
            }
            Step::Stopped(reason) => panic!("{reason:?}"),
            Step::Send { request, within } => {
                let path = request.address.strip_prefix("http://192.168.1.64").unwrap();
                let name = request.action.rsplit('/').next().unwrap();
                let name = name.trim_end_matches("Request").to_owned();
                self.asked.push(format!("{name} {path}"));
                self.bodies.push(request.body);
                assert!(self.step().is_none() && self.subscription.is_waiting());
                let special = self.next.iter().position(|(it, ..)| *it == name);
                let (status, content) = match special.map(|index| self.next.remove(index)) {
                    Some((_, 0, _)) => {
                        self.subscription.failed(self.now());
                        return None;
                    }
                    Some((_, status, content)) => (status, content),
                    None => (200, self.usual(&name, within)),
                };
                let answer = format!("<Envelope><Body>{content}</Body></Envelope>");
                self.subscription.answered(self.now(), status, answer.as_bytes())
            }
        }
    }

    fn usual(&mut self, name: &str, within: Duration) -> String {
        match name {
            "GetSystemDateAndTime" => CLOCK.to_owned(),
            "GetCapabilities" => CAPABILITIES.to_owned(),
            "CreatePullPointSubscription" | "Subscribe" => granted(10),
            "PullMessages" => {
                // The camera waits for events as long as it was asked to.
                self.now += within - ANSWER_WITHIN;
                EMPTY.to_owned()
            }
            "Renew" => RENEWED.to_owned(),
            _ => format!("<{name}Response/>"),
        }
    }

    fn turns(&mut self, count: usize) -> Vec<Messages> {
        (0..count).filter_map(|_| self.turn()).collect()
    }

    /// Turns until this many requests were made.
    fn until(&mut self, requests: usize) {
        while self.asked.len() < requests {
            self.turn();
        }
    }

    /// The operations without their addresses, from this one on.
    fn names(&self, from: usize) -> Vec<&str> {
        self.asked[from..].iter().map(|it| it.split(' ').next().unwrap()).collect()
    }

    /// Turns until it stops.
    fn stop(&mut self) -> StopReason {
        for _ in 0..20 {
            if let Some(Step::Stopped(reason)) = self.step_if_stopped() {
                return reason;
            }
            self.turn();
        }
        panic!("it goes on: {:?}", self.asked)
    }

    fn step_if_stopped(&mut self) -> Option<Step> {
        let stops = matches!(self.subscription.state, State::Stopped(_))
            || (self.subscription.is_ending && self.subscription.held.is_none());
        stops.then(|| self.step()).flatten()
    }
}

#[test]
fn what_is_missing_is_asked_for_in_order_and_at_the_right_address() {
    let mut talk = Talk::pull();
    talk.until(5);
    assert_eq!(
        talk.asked,
        [
            "GetSystemDateAndTime /onvif/device_service",
            "GetCapabilities /onvif/device_service",
            "CreatePullPointSubscription /events",
            "PullMessages /sub/1",
            "PullMessages /sub/1",
        ]
    );
    assert!(!talk.bodies[0].contains("UsernameToken"));
    // The login has the camera's time, which goes on.
    assert!(talk.bodies[1].contains(">2001-02-03T12:00:00Z</wsu:Created>"));
    assert!(talk.bodies[4].contains(">2001-02-03T12:01:00Z</wsu:Created>"), "{}", talk.bodies[4]);
    assert!(talk.bodies.iter().all(|body| !body.contains("secret")));
}

#[test]
fn a_subscription_is_renewed_at_half_of_its_time() {
    let mut talk = Talk::pull();
    talk.until(20);
    assert_eq!(
        talk.names(3)[..6],
        ["PullMessages", "PullMessages", "PullMessages", "PullMessages", "PullMessages", "Renew"]
    );
    assert_eq!(talk.names(9)[5], "Renew");
    assert_eq!(talk.asked.iter().filter(|it| it.starts_with("Create")).count(), 1);
    let mut short = Talk::pull();
    short.answers("CreatePullPointSubscription", 200, granted(1));
    short.until(5);
    assert_eq!(short.names(3), ["PullMessages", "Renew"]);
    assert!(short.bodies[3].contains("<Timeout>PT30S</Timeout>"));
}

#[test]
fn messages_are_given_on_and_old_ones_are_late() {
    let mut talk = Talk::pull();
    talk.until(3);
    talk.answers("PullMessages", 200, messages(2, 0));
    talk.answers("PullMessages", 200, messages(3, 6));
    talk.answers("PullMessages", 200, messages(1, 5));
    let found = talk.turns(6);
    let expected = [(2, Freshness::Queued), (3, Freshness::Late), (1, Freshness::Queued)];
    assert_eq!(found, expected.map(|(count, freshness)| Messages { count, freshness }));
}

#[test]
fn what_a_camera_waited_for_is_live_whatever_its_time_says() {
    let mut talk = Talk::pull();
    talk.until(3);
    let mut pull = |seconds, age| {
        while !matches!(talk.step(), Some(Step::Send { .. })) {
            talk.now += Duration::from_millis(100);
        }
        talk.now += Duration::from_secs(seconds);
        let answer = format!("<Envelope><Body>{}</Body></Envelope>", messages(1, age));
        talk.subscription.answered(talk.now(), 200, answer.as_bytes()).unwrap().freshness
    };
    assert_eq!(pull(3, 120), Freshness::Late);
    // The camera's local time is two hours behind UTC, and it says that it is UTC.
    assert_eq!(pull(4, 120), Freshness::Live);
    assert_eq!(pull(0, 120), Freshness::Live);
    assert_eq!(pull(0, 130), Freshness::Late);
    // It was repaired.
    assert_eq!(pull(4, 1), Freshness::Live);
    assert_eq!(pull(0, 1), Freshness::Queued);
    assert_eq!(pull(0, 120), Freshness::Late);
}

#[test]
fn late_messages_are_capped_for_each_subscription() {
    let mut talk = Talk::pull();
    talk.until(3);
    for count in [60, 40, 1, 5] {
        talk.answers("PullMessages", 200, messages(count, 30));
    }
    talk.answers("PullMessages", 200, messages(7, 0));
    let found: Vec<usize> = talk.turns(10).iter().map(|it| it.count).collect();
    assert_eq!((found, talk.subscription.dropped()), (vec![60, 40, 7], 6));
    talk.answers("PullMessages", 400, fault("ResourceUnknownFault"));
    talk.answers("PullMessages", 200, messages(9, 30));
    assert_eq!(talk.turns(6)[0].count, 9);
}

#[test]
fn a_camera_that_does_not_wait_is_asked_once_a_second() {
    let mut talk = Talk::pull();
    talk.until(3);
    for _ in 0..10 {
        talk.answers("PullMessages", 200, EMPTY);
    }
    let begin = talk.now;
    talk.until(13);
    assert_eq!(talk.now - begin, Duration::from_secs(9));
    for _ in 0..10 {
        talk.answers("PullMessages", 200, messages(1, 0));
    }
    let begin = talk.now;
    talk.until(23);
    assert!(talk.now - begin <= Duration::from_secs(2));
}

#[test]
fn a_wrong_password_is_tried_once() {
    for code in ["ter:NotAuthorized", "wsse:FailedAuthentication"] {
        let mut talk = Talk::pull();
        talk.answers("GetCapabilities", 400, fault(code));
        assert_eq!(talk.stop(), StopReason::WrongPassword);
        assert_eq!(talk.names(0), ["GetSystemDateAndTime", "GetCapabilities"]);
    }
    // Some cameras name their services to everybody.
    let mut talk = Talk::pull();
    talk.subscription.camera.user.clear();
    talk.answers("CreatePullPointSubscription", 401, "");
    assert!(!talk.subscription.is_subscribed());
    talk.turns(3);
    assert!(!talk.bodies.concat().contains("UsernameToken"));
}

#[test]
fn a_login_that_worked_is_tried_again_with_the_clock_read_anew_but_once() {
    let mut talk = Talk::pull();
    talk.until(4);
    talk.answers("PullMessages", 400, fault("ter:NotAuthorized"));
    talk.until(8);
    assert_eq!(
        talk.names(4),
        ["PullMessages", "GetSystemDateAndTime", "PullMessages", "PullMessages"]
    );
    talk.answers("PullMessages", 400, fault("ter:NotAuthorized"));
    talk.answers("PullMessages", 400, fault("ter:NotAuthorized"));
    assert_eq!(talk.stop(), StopReason::WrongPassword);
}

#[test]
fn the_services_are_asked_for_if_the_capabilities_name_no_events() {
    let services = "<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/events/wsdl</Namespace>\
        <XAddr>/other</XAddr></Service></GetServicesResponse>";
    for (status, capabilities) in [
        (200, "<GetCapabilitiesResponse><Capabilities/></GetCapabilitiesResponse>".to_owned()),
        (500, fault("ter:ActionNotSupported")),
    ] {
        let mut talk = Talk::pull();
        talk.answers("GetCapabilities", status, capabilities.clone());
        talk.answers("GetServices", 200, services);
        talk.until(4);
        assert_eq!(talk.asked[3], "CreatePullPointSubscription /other");
        let mut talk = Talk::pull();
        talk.answers("GetCapabilities", status, capabilities);
        talk.answers("GetServices", 500, fault("ter:ActionNotSupported"));
        assert_eq!(talk.stop(), StopReason::NotSupported);
    }
}

#[test]
fn a_camera_without_events_is_given_up_unless_it_had_some() {
    let mut talk = Talk::pull();
    talk.answers("CreatePullPointSubscription", 500, fault("ter:ActionNotSupported"));
    assert_eq!(talk.stop(), StopReason::NotSupported);
    let mut talk = Talk::pull();
    talk.until(4);
    talk.answers("PullMessages", 404, "");
    talk.answers("CreatePullPointSubscription", 404, "");
    talk.until(9);
    assert_eq!(
        talk.names(4),
        [
            "PullMessages",
            "CreatePullPointSubscription",
            "GetCapabilities",
            "CreatePullPointSubscription",
            "PullMessages"
        ]
    );
}

#[test]
fn an_unknown_subscription_is_made_anew() {
    for operation in ["PullMessages", "Renew"] {
        let mut talk = Talk::pull();
        talk.until(3);
        talk.answers(operation, 400, fault("wsrf-rw:ResourceUnknownFault"));
        talk.until(11);
        assert_eq!(talk.names(3).iter().filter(|it| it.starts_with("Create")).count(), 1);
        assert!(!talk.names(3).contains(&"Unsubscribe"));
    }
}

#[test]
fn after_a_break_the_same_subscription_goes_on() {
    let mut talk = Talk::pull();
    talk.until(4);
    for _ in 0..3 {
        talk.answers("PullMessages", 0, "");
        talk.answers("GetSystemDateAndTime", 0, "");
    }
    talk.until(13);
    assert!(!talk.names(4).contains(&"CreatePullPointSubscription"));
    // Its time is over while the network is down: it is made anew.
    for _ in 0..200 {
        talk.answers("GetSystemDateAndTime", 0, "");
    }
    talk.answers("PullMessages", 0, "");
    let after = talk.asked.len();
    talk.until(after + 204);
    assert!(talk.names(after).contains(&"CreatePullPointSubscription"));
}

#[test]
fn a_subscription_that_fails_three_times_in_a_row_is_made_anew() {
    let mut talk = Talk::pull();
    talk.until(4);
    for _ in 0..3 {
        talk.answers("PullMessages", 503, "");
    }
    talk.until(8);
    let names = ["PullMessages", "PullMessages", "PullMessages", "CreatePullPointSubscription"];
    assert_eq!(talk.names(4), names);
}

#[test]
fn pauses_grow_and_stay_below_half_a_minute() {
    let mut talk = Talk::pull();
    for _ in 0..8 {
        talk.answers("GetSystemDateAndTime", 0, "");
    }
    let mut pauses = Vec::new();
    for _ in 0..8 {
        talk.turn();
        let Some(Step::Wait { until }) = talk.step() else { panic!() };
        pauses.push((until - talk.now).as_millis());
        talk.now = until;
    }
    assert_eq!(pauses[..4], [1_498, 2_996, 5_992, 11_984]);
    assert!(pauses[4..].iter().all(|it| *it == 22_470), "{pauses:?}");
}

#[test]
fn limits_of_the_camera_are_taken_over() {
    let mut talk = Talk::pull();
    talk.until(3);
    let limits = "<Fault><Detail><PullMessagesFaultResponse><MaxTimeout>PT20S</MaxTimeout>\
        <MaxMessageLimit>10</MaxMessageLimit></PullMessagesFaultResponse></Detail></Fault>";
    talk.answers("PullMessages", 500, limits);
    talk.until(5);
    assert!(talk.bodies[3].contains("<Timeout>PT60S</Timeout><MessageLimit>100<"));
    assert!(talk.bodies[4].contains("<Timeout>PT20S</Timeout><MessageLimit>10<"));
}

#[test]
fn a_subscription_that_cannot_be_renewed_is_replaced_before_its_end() {
    let mut talk = Talk::pull();
    talk.answers("Renew", 500, fault("ter:ActionNotSupported"));
    while talk.now < Duration::from_secs(700) {
        talk.turn();
    }
    let rest: Vec<&str> =
        talk.names(3).into_iter().filter(|name| *name != "PullMessages").collect();
    assert_eq!(rest, ["Renew", "Unsubscribe", "CreatePullPointSubscription"]);
}

#[test]
fn the_end_unsubscribes_also_while_an_answer_is_due() {
    let mut talk = Talk::pull();
    talk.until(3);
    assert!(matches!(talk.step(), Some(Step::Send { .. })));
    talk.subscription.end();
    assert_eq!(talk.subscription.answered(talk.now(), 200, messages(1, 0).as_bytes()), None);
    assert_eq!(talk.stop(), StopReason::Ended);
    assert_eq!(talk.names(3), ["Unsubscribe"]);
    let mut never = Talk::pull();
    never.subscription.end();
    assert_eq!(never.stop(), StopReason::Ended);
    assert!(never.asked.is_empty());
}

#[test]
fn a_pushed_subscription_is_only_renewed() {
    let mut talk = Talk::new(Delivery::Push { consumer: "http://192.168.1.2:8080/h/a".to_owned() });
    talk.until(6);
    assert_eq!(talk.names(2), ["Subscribe", "Renew", "Renew", "Renew"]);
    assert!(talk.bodies[2].contains("<wsa:Address>http://192.168.1.2:8080/h/a</wsa:Address>"));
    assert_eq!(talk.asked[2], "Subscribe /events");
    assert_eq!(talk.now, Duration::from_secs(900));
    talk.answers("Renew", 400, fault("ResourceUnknownFault"));
    talk.until(8);
    assert_eq!(talk.names(6), ["Renew", "Subscribe"]);
    talk.subscription.end();
    assert_eq!(talk.stop(), StopReason::Ended);
    assert_eq!(talk.names(8), ["Unsubscribe"]);
}

proptest::proptest! {
    #[test]
    fn any_camera_is_asked_no_more_than_it_should(
        answers in proptest::collection::vec((0..9_usize, 0..900_u64), 0..120),
    ) {
        let mut talk = Talk::pull();
        let contents = [
            CLOCK.to_owned(), CAPABILITIES.to_owned(), granted(10), messages(1, 0), EMPTY.to_owned(),
            fault("ter:NotAuthorized"), fault("ResourceUnknownFault"), fault("ter:Busy"), String::new(),
        ];
        let mut refusals = 0;
        for (which, pause) in answers {
            match talk.step() {
                Some(Step::Wait { until }) => talk.now = talk.now.max(until),
                Some(Step::Stopped(_)) => break,
                Some(Step::Send { request, within }) => {
                    proptest::prop_assert!(within <= PULL_TIMEOUT_MAX + ANSWER_WITHIN);
                    let answer = format!("<Envelope><Body>{}</Body></Envelope>", contents[which]);
                    talk.now += Duration::from_millis(pause);
                    let now = talk.now();
                    let _ = talk.subscription.answered(now, 200, answer.as_bytes());
                    refusals = match which {
                        _ if talk.subscription.is_accepted => 0,
                        5 if request.body.contains("UsernameToken") => refusals + 1,
                        _ => refusals,
                    };
                    // One that was accepted before is tried once more with the clock read anew.
                    proptest::prop_assert!(refusals <= 2);
                }
                None => panic!("no answer is due"),
            }
        }
    }
}
