//! Tests of the rules: routes, grouping, limits and modes, as the spool asks for them.

use std::time::Duration;

use proptest::prelude::*;
use tipoff_model::{
    Alert, AlertManner, AlertMedia, ArrivalId, BlobName, ChannelPast, Content, DeliveryId, Device,
    DeviceId, Encoding, Envelope, Gathering, IncidentId, Media, MediaKind, MediaPlace, Protocol,
    RecentQuery, Timestamp,
};

use super::*;
use jiff::tz::TimeZone;

/// What was alerted before on every channel, and which mode somebody chose.
#[derive(Default)]
struct Before {
    last: Option<Timestamp>,
    mode: Option<(String, Timestamp)>,
    /// When alerts were made, the oldest first.
    alerts: Vec<Timestamp>,
    gathering: Option<Gathering>,
    /// Follow-ups in ten minutes, and the summary that they gather in.
    follow_ups: u32,
    gathering_follow_ups: Option<Gathering>,
    /// The same of all discovered devices at its address.
    firsts_of_address: u32,
    gathering_of_address: Option<Gathering>,
}

impl Before {
    /// What a spool loads of it for these queries.
    fn load(&self, queries: Vec<PastQuery>) -> Past {
        let channels = queries.into_iter().map(|query| {
            let past = self.of_channel(&query);
            (query.channel, past)
        });
        Past { chosen_mode: self.mode.clone(), channels: channels.collect() }
    }

    fn of_channel(&self, query: &PastQuery) -> ChannelPast {
        let mut past = ChannelPast::default();
        if query.last_first {
            past.last_first = self.last;
        }
        if let Some(since) = query.firsts_since {
            past.firsts = self.count(since);
            past.oldest_first = self.alerts.iter().find(|at| **at >= since).copied();
        }
        let Some(recent) = query.recent else { return past };
        let open = |it: Option<Gathering>| it.filter(|it| it.due_at > recent.since);
        past.alerts.gathering = open(self.gathering);
        past.follow_ups.gathering = open(self.gathering_follow_ups);
        past.firsts_of_address.gathering = open(self.gathering_of_address);
        past.alerts.count = self.count(recent.since);
        past.follow_ups.count = self.follow_ups;
        if recent.of_address {
            past.firsts_of_address.count = self.firsts_of_address;
        }
        past
    }

    fn count(&self, since: Timestamp) -> u32 {
        u32::try_from(self.alerts.iter().filter(|at| **at >= since).count()).unwrap()
    }
}

/// The plan of the rules after they got what they need of the past.
fn plan_after(
    rules: &Rules,
    facts: &Facts<'_>,
    notified: &[NotifiedChannel],
    before: &Before,
) -> Plan {
    let queries = rules.past_needed(facts, notified, before.mode.as_ref());
    rules.plan(facts, notified, &before.load(queries))
}

fn last(last: Timestamp) -> Before {
    Before { last: Some(last), ..Before::default() }
}

static NOTHING: Content = Content {
    subject: String::new(),
    text: String::new(),
    media: Vec::new(),
    unclear: false,
    details: None,
    camera: None,
    late: false,
};

pub(crate) fn file(name: &str, kind: MediaKind, size: u64) -> AlertMedia {
    let media = Media {
        name: name.to_owned(),
        content_type: String::new(),
        kind,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: true,
        repeat: false,
        decoration: false,
    };
    let place = MediaPlace { arrival: ArrivalId(1), index: Some(0) };
    AlertMedia { media, place, blob: BlobName(String::new()), url: None, clip: None }
}

pub(crate) fn alert() -> Alert {
    Alert {
        language: tipoff_model::Language::default(),
        delivery: DeliveryId(1),
        idempotency_key: String::new(),
        incident: IncidentId(7),
        kind: AlertKind::First,
        device_id: DeviceId(4),
        device: "Yard".to_owned(),
        event: Event::Motion,
        subject: "Alarm".to_owned(),
        text: "Something moved.".to_owned(),
        events: Vec::new(),
        details: None,
        more: 0,
        late: None,
        received_at: Timestamp::default(),
        media: Vec::new(),
        raw: Vec::new(),
        mails: Vec::new(),
        torn: false,
        reply_to: None,
        link: None,
        held: 0,
        manner: AlertManner::default(),
        buttons: Vec::new(),
    }
}

fn device() -> Device {
    Device { key: "yard".to_owned(), name: "Yard".to_owned(), ..Device::default() }
}

fn facts(device: &Device, at: Timestamp) -> Facts<'_> {
    Facts {
        device,
        began_at: at,
        received_at: at,
        event: Event::Motion,
        envelope: None,
        content: &NOTHING,
        torn: false,
        whole_picture: true,
        video_only: false,
        housekeeping: false,
        muted: false,
        repeat: false,
    }
}

fn rules(routes: Vec<Route>) -> Rules {
    Rules {
        language: tipoff_model::Language::default(),
        grouping: Grouping::default(),
        channels: vec!["me".to_owned(), "hook".to_owned()],
        routes,
        schedules: Vec::new(),
        flood: RateGuard::default(),
        periodic: false,
        clock: Clock { zone: TimeZone::UTC, place: None },
        groups: HashMap::new(),
        archives: Vec::new(),
        modes: Vec::new(),
        reports: Vec::new(),
        subscribers: Vec::new(),
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.due.iter().map(|due| due.channel.as_str()).collect()
}

fn told(channels: &[&str]) -> Vec<NotifiedChannel> {
    channels.iter().map(|it| NotifiedChannel { channel: (*it).to_owned(), route: None }).collect()
}

/// To the channel "me".
fn to_me(conditions: Conditions) -> Route {
    Route {
        name: "mine".to_owned(),
        conditions,
        channels: vec!["me".to_owned()],
        ..Route::default()
    }
}

fn hours(between: &str) -> Conditions {
    Conditions { between: Some(between.parse().unwrap()), ..Conditions::default() }
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn open(began_s: i64, last_s: i64) -> OpenIncident {
    OpenIncident {
        id: IncidentId(1),
        began_at: Timestamp::from_ms(began_s * 1000),
        last_arrival_at: Timestamp::from_ms(last_s * 1000),
        has_video: false,
    }
}

#[test]
fn an_arrival_joins_within_quiet_and_longest_and_not_beyond() {
    let (grouping, device) = (Grouping::default(), device());
    let joins = |now_ms, open| grouping.joins(&facts(&device, Timestamp::from_ms(now_ms)), &open);
    assert!(joins(120_000, open(0, 100)));
    assert!(!joins(120_001, open(0, 100)));
    assert!(joins(300_000, open(0, 290)));
    assert!(!joins(300_001, open(0, 290)));
    assert!(joins(50_000, open(0, 100)), "the clock went backwards");
    assert!(
        !joins(50_000, open(3600, 3600)),
        "it was set back: the incident is not open for an hour"
    );
    let rules = rules(Vec::new());
    for (at_ms, expected) in [(120_000, true), (120_001, false)] {
        let facts = facts(&device, Timestamp::from_ms(at_ms));
        assert_eq!(rules.joins(&facts, &open(0, 100)), expected, "the rules ask the same");
    }
    let each = Grouping { quiet: Duration::ZERO, ..grouping };
    assert!(!each.joins(&facts(&device, Timestamp::from_ms(100_000)), &open(0, 100)));
}

#[test]
fn the_first_video_of_an_incident_may_come_later() {
    let (grouping, device) = (Grouping::default(), device());
    let joins = |began_ms, open| {
        let video = Facts { video_only: true, ..facts(&device, Timestamp::from_ms(began_ms)) };
        // When its last byte comes does not count.
        let received_at = video.received_at.after(Duration::from_secs(600));
        grouping.joins(&Facts { received_at, ..video }, &open)
    };
    assert!(joins(120_000, open(0, 0)));
    assert!(!joins(120_001, open(0, 0)));
    assert!(!joins(300_001, open(0, 290)), "no incident outlasts the longest");
    let recorded = OpenIncident { has_video: true, ..open(0, 0) };
    assert!(joins(20_000, recorded) && !joins(20_001, recorded));
}

#[test]
fn what_is_sent_by_the_clock_is_silent_unless_asked_for() {
    let device = device();
    let alarm = facts(&device, at("2026-03-01T12:00:00Z"));
    let periodic = Facts { event: Event::Periodic, ..alarm };
    let housekeeping = Facts { housekeeping: true, ..alarm };
    let mut rules = rules(Vec::new());
    for (facts, silent) in [(alarm, false), (periodic, true), (housekeeping, true)] {
        assert_eq!(rules.is_silent(&facts), silent);
        let plan = plan_after(&rules, &facts, &[], &Before::default());
        assert_eq!(plan.due.is_empty(), silent);
        assert_eq!(plan.suppressed_reason.is_some(), silent);
    }
    rules.periodic = true;
    assert!(!rules.is_silent(&periodic) && rules.is_silent(&housekeeping));
}

#[test]
fn what_a_device_sends_late_is_not_alerted_and_says_so() {
    let device = device();
    let content = Content { late: true, ..NOTHING.clone() };
    let late = Facts { content: &content, ..facts(&device, at("2026-03-01T12:00:00Z")) };
    let rules = rules(Vec::new());
    assert!(rules.is_silent(&late), "it keeps no incident of an alarm open");
    let plan = plan_after(&rules, &late, &[], &Before::default());
    assert_eq!(plan.due, []);
    assert_eq!(
        plan.suppressed_reason.as_deref(),
        Some("the device sent it long after it happened")
    );
}

#[test]
fn without_routes_every_channel_hears_at_once() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let plan = rules(Vec::new()).plan(&facts(&device, now), &[], &Past::default());
    assert_eq!(names(&plan), ["me", "hook"]);
    assert!(plan.due.iter().all(|due| due.due_at == now && due.kind == AlertKind::First));
}

#[test]
fn follow_ups_go_to_those_who_were_told_when_it_has_settled() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = rules(vec![to_me(hours("22:00-06:00"))]);
    let plan = plan_after(&rules, &facts(&device, now), &told(&["me"]), &Before::default());
    assert_eq!(names(&plan), ["me"]);
    let due = &plan.due[0];
    assert_eq!((due.due_at, due.kind), (now.after(Duration::from_secs(2)), AlertKind::FollowUp));
}

#[test]
fn the_pages_of_a_scan_wait_for_each_other() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let upload = |name: &str, kind: MediaKind, content_type: &str| {
        let mut media = file(name, kind, 10).media;
        media.content_type = content_type.to_owned();
        Content { media: vec![media], ..NOTHING.clone() }
    };
    let envelope = Envelope {
        protocol: Protocol::Ftp,
        peer: [192, 168, 1, 20].into(),
        login: None,
        proof: tipoff_model::LoginProof::default(),
        greeting: None,
        sender: String::new(),
        recipients: Vec::new(),
        tls: false,
        path: None,
    };
    let waits = |rules: &Rules, content: &Content, event: Event| {
        let facts = Facts { content, event, envelope: Some(&envelope), ..facts(&device, now) };
        let due = |told: &[NotifiedChannel]| {
            let plan = plan_after(rules, &facts, told, &Before::default());
            plan.due.into_iter().find(|due| due.channel == "me").unwrap().due_at
        };
        (due(&[]).since(now).as_secs(), due(&told(&["me"])).since(now).as_secs())
    };
    let plain = rules(Vec::new());
    let page = upload("00000001.TIF", MediaKind::Picture, "image/tiff");
    let log = upload("DOC.XST", MediaKind::File, "application/octet-stream");
    let picture = upload("1.jpg", MediaKind::Picture, "image/jpeg");
    assert_eq!(waits(&plain, &page, Event::Other), (5, 5));
    assert_eq!(waits(&plain, &log, Event::Other), (5, 5));
    assert_eq!(waits(&plain, &picture, Event::Other), (0, 2));
    assert_eq!(waits(&plain, &log, Event::Motion), (0, 2), "what names an event is an alarm");
    let mut alone = rules(Vec::new());
    alone.grouping.quiet = Duration::ZERO;
    assert_eq!(waits(&alone, &page, Event::Other).0, 0, "nothing would join it");
}

#[test]
fn a_route_says_when_what_follows_is_told_and_whether() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let by_route = [NotifiedChannel { channel: "me".to_owned(), route: Some("mine".to_owned()) }];
    let due = |route: Route, told: &[NotifiedChannel]| {
        rules(vec![route]).plan(&facts(&device, now), told, &Past::default()).due
    };
    let settle = Some(Duration::from_secs(30));
    let slow = Route { settle, ..to_me(Conditions::default()) };
    assert_eq!(due(slow.clone(), &by_route)[0].due_at, now.after(Duration::from_secs(30)));
    assert_eq!(due(slow, &told(&["me"]))[0].due_at, now.after(Duration::from_secs(2)));
    let once = Route { first_only: true, ..to_me(Conditions::default()) };
    assert!(due(once, &by_route).is_empty());
    let gone = Route { name: "other".to_owned(), ..to_me(Conditions::default()) };
    assert_eq!(due(gone, &by_route).len(), 1, "a route that is gone keeps nothing back");
}

#[test]
fn a_channel_hears_first_of_what_fits_its_route_first() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let person = Conditions { events: vec![Event::Person], ..Conditions::default() };
    let hook =
        Route { name: "any".to_owned(), channels: vec!["hook".to_owned()], ..Route::default() };
    let rules = rules(vec![to_me(person), hook]);
    let motion = facts(&device, now);
    assert_eq!(names(&plan_after(&rules, &motion, &[], &Before::default())), ["hook"]);
    let person = Facts { event: Event::Person, ..motion };
    let plan = plan_after(&rules, &person, &told(&["hook"]), &Before::default());
    let kinds: Vec<_> = plan.due.iter().map(|it| (it.channel.as_str(), it.kind)).collect();
    assert_eq!(kinds, [("me", AlertKind::First), ("hook", AlertKind::FollowUp)]);
}

#[test]
fn torn_without_a_picture_and_repeats_are_no_news() {
    let device = device();
    let rules = rules(Vec::new());
    let plain = facts(&device, at("2026-03-01T12:00:00Z"));
    for (facts, count) in [
        (Facts { torn: true, ..plain }, 2),
        (Facts { torn: true, whole_picture: false, ..plain }, 0),
        (Facts { repeat: true, ..plain }, 0),
        (Facts { muted: true, ..plain }, 0),
        (Facts { whole_picture: false, ..plain }, 2),
    ] {
        for told in [vec![], told(&["me", "hook"])] {
            let plan = plan_after(&rules, &facts, &told, &Before::default());
            assert_eq!(plan.due.len(), count, "{facts:?}");
            assert_eq!(
                plan.suppressed_reason.is_some(),
                count == 0 || told.len() == 2,
                "told to nobody new"
            );
        }
    }
}

/// The envelope of an arrival by this protocol, without a login.
fn envelope(protocol: Protocol) -> Envelope {
    Envelope {
        protocol,
        peer: "192.168.1.9".parse().unwrap(),
        login: None,
        proof: tipoff_model::LoginProof::default(),
        greeting: None,
        sender: String::new(),
        recipients: Vec::new(),
        tls: false,
        path: None,
    }
}

#[test]
fn a_torn_alarm_whose_event_is_known_is_news() {
    let device = device();
    let rules = rules(Vec::new());
    let envelope = envelope(Protocol::Http);
    let torn = Facts {
        envelope: Some(&envelope),
        event: Event::Zone,
        torn: true,
        whole_picture: false,
        ..facts(&device, at("2026-03-01T12:00:00Z"))
    };
    let due = |facts: &Facts<'_>| plan_after(&rules, facts, &[], &Before::default()).due.len();
    assert_eq!(due(&torn), 2);
    assert_eq!(due(&Facts { event: Event::Other, ..torn }), 0);
}

#[test]
fn a_torn_mail_with_words_and_without_pictures_is_alerted_alone() {
    let device = device();
    let rules = rules(Vec::new());
    let envelope = envelope(Protocol::Smtp);
    let mail = |text: &str, kind: Option<MediaKind>| Content {
        text: text.to_owned(),
        media: kind.map(|kind| file("1", kind, 10).media).into_iter().collect(),
        ..NOTHING.clone()
    };
    for (content, count, class) in [
        (mail("On battery", None), 2, IncidentClass::Alone),
        (mail("Your scan", Some(MediaKind::File)), 2, IncidentClass::Alone),
        (mail("", Some(MediaKind::File)), 0, IncidentClass::Alarm),
        (mail("Motion", Some(MediaKind::Picture)), 0, IncidentClass::Alarm),
    ] {
        let facts = Facts {
            torn: true,
            whole_picture: false,
            content: &content,
            envelope: Some(&envelope),
            ..facts(&device, at("2026-03-01T12:00:00Z"))
        };
        let plan = plan_after(&rules, &facts, &[], &Before::default());
        assert_eq!((plan.due.len(), rules.class(&facts)), (count, class), "{content:?}");
    }
}

#[test]
fn cooldown_holds_back_the_next_and_never_the_first() {
    let device = device();
    let now = at("2026-03-01T23:30:00Z");
    let route = Route { cooldown: Some(Duration::from_secs(60)), ..to_me(Conditions::default()) };
    let rules = rules(vec![route]);
    let plan = |past: Before| plan_after(&rules, &facts(&device, now), &[], &past);
    assert_eq!(names(&plan(Before::default())), ["me"]);
    assert_eq!(names(&plan(last(now.before(Duration::from_secs(60))))), ["me"]);
    let held = plan(last(now.before(Duration::from_secs(59))));
    assert!(held.due.is_empty());
    assert_eq!(held.suppressed_reason.unwrap(), "mine: me rests for 1 s more");
}

#[test]
fn so_many_are_told_in_an_hour_and_then_a_count() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let route = Route { per_hour: Some(2), ..to_me(Conditions::default()) };
    let rules = Rules { flood: RateGuard { alerts_max: 0 }, ..rules(vec![route.clone()]) };
    let minutes = |minutes: u64| now.before(Duration::from_secs(minutes * 60));
    let plan = |rules: &Rules, alerts: &[Timestamp]| {
        let past = Before { alerts: alerts.to_vec(), ..Before::default() };
        plan_after(rules, &facts(&device, now), &[], &past)
    };
    assert_eq!(plan(&rules, &[minutes(50)]).due[0].kind, AlertKind::First);
    let held = plan(&rules, &[minutes(50), minutes(10)]);
    let expected = Due {
        channel: "me".to_owned(),
        kind: AlertKind::Summary,
        due_at: now.after(Duration::from_secs(600)),
        route: Some("mine".to_owned()),
        of_address: false,
    };
    assert_eq!(held.due, [expected]);
    assert_eq!(held.suppressed_reason.unwrap(), "mine: me has had its alerts of this hour");
    assert_eq!(plan(&rules, &[minutes(61), minutes(10)]).due[0].kind, AlertKind::First);
    let always = Route { name: "always".to_owned(), ..to_me(Conditions::default()) };
    let rules = Rules { routes: vec![route, always], ..rules };
    let due = plan(&rules, &[minutes(50), minutes(10)]).due.remove(0);
    assert_eq!((due.kind, due.route.as_deref()), (AlertKind::First, Some("always")));
}

#[test]
fn a_device_that_does_not_stop_becomes_a_count_until_it_does() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let seconds = |seconds: u64| now.before(Duration::from_secs(seconds));
    let flood = RateGuard { alerts_max: 6 };
    let rules = Rules { flood, ..rules(vec![to_me(Conditions::default())]) };
    let due = |past: &Before, told: &[NotifiedChannel]| {
        plan_after(&rules, &facts(&device, now), told, past).due
    };
    let many = |count: u64| Before {
        alerts: (0..count).rev().map(|it| seconds(it * 60)).collect(),
        ..Before::default()
    };
    assert_eq!(due(&many(5), &[])[0].kind, AlertKind::First);
    for told in [vec![], told(&["me"])] {
        let held = due(&many(6), &told).remove(0);
        assert_eq!((held.kind, held.route), (AlertKind::Summary, None));
        assert_eq!(held.due_at, now.after(Duration::from_secs(600)));
    }
    let gathers =
        |due_at, held| Before { gathering: Some(Gathering { due_at, held }), ..Before::default() };
    let soon = now.after(Duration::from_secs(30));
    let held = due(&gathers(soon, 1), &[]).remove(0);
    assert_eq!((held.kind, held.due_at), (AlertKind::Summary, soon), "it gathers until it is told");
    let told_at = seconds(60);
    let held = due(&gathers(told_at, 2), &[]).remove(0);
    let next = told_at.after(Duration::from_secs(600));
    assert_eq!((held.kind, held.due_at), (AlertKind::Summary, next), "it has not stopped");
    let kind = due(&gathers(told_at, 1), &[])[0].kind;
    assert_eq!(kind, AlertKind::First, "it has become quiet");
    let kind = due(&gathers(now, 1), &[])[0].kind;
    assert_eq!(kind, AlertKind::First, "what is due now gathers no more");
    let mail = Facts { event: Event::Other, ..facts(&device, now) };
    let plan = plan_after(&rules, &mail, &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First, "what a server mails is read one by one");
    let archive = Rules { archives: vec!["me".to_owned()], ..rules.clone() };
    assert!(archive.is_archive("me") && !archive.is_archive("hook") && !rules.is_archive("me"));
    let plan = plan_after(&archive, &facts(&device, now), &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First, "an archive gets all of it");
    let off = Rules { flood: RateGuard { alerts_max: 0 }, ..rules.clone() };
    let plan = plan_after(&off, &facts(&device, now), &[], &many(9));
    assert_eq!(plan.due[0].kind, AlertKind::First);
}

#[test]
fn follow_ups_have_a_limit_of_their_own_that_holds_no_incident_back() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules =
        Rules { flood: RateGuard { alerts_max: 6 }, ..rules(vec![to_me(Conditions::default())]) };
    let kind = |past: &Before, told: &[NotifiedChannel]| {
        plan_after(&rules, &facts(&device, now), told, past).due[0].kind
    };
    let many = |follow_ups| Before { follow_ups, alerts: vec![now], ..Before::default() };
    assert_eq!(kind(&many(23), &told(&["me"])), AlertKind::FollowUp);
    assert_eq!(kind(&many(24), &told(&["me"])), AlertKind::Summary);
    assert_eq!(kind(&many(10_000), &[]), AlertKind::First, "another incident is alerted");
    let gathering = Gathering { due_at: now.after(Duration::from_secs(30)), held: 99 };
    let past = Before { gathering_follow_ups: Some(gathering), ..Before::default() };
    assert_eq!(kind(&past, &told(&["me"])), AlertKind::Summary, "it gathers until it is told");
    assert_eq!(kind(&past, &[]), AlertKind::First);
}

#[test]
fn mails_of_words_have_a_limit_too() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = Rules { flood: RateGuard { alerts_max: 6 }, ..rules(Vec::new()) };
    let mail = Facts { event: Event::Other, ..facts(&device, now) };
    let many = |count: u64| Before {
        alerts: (0..count).rev().map(|it| now.before(Duration::from_secs(it))).collect(),
        ..Before::default()
    };
    assert_eq!(plan_after(&rules, &mail, &[], &many(23)).due[0].kind, AlertKind::First);
    let held = plan_after(&rules, &mail, &[], &many(24));
    assert_eq!(held.due[0].kind, AlertKind::Summary);
    assert_eq!(held.suppressed_reason.as_deref(), Some(FLOOD_WORDS));
}

#[test]
fn made_up_senders_at_one_address_become_a_count() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = Rules { flood: RateGuard { alerts_max: 6 }, ..rules(Vec::new()) };
    let plan = |past: &Before, told: &[NotifiedChannel], event: Event| {
        plan_after(&rules, &Facts { event, ..facts(&device, now) }, told, past)
    };
    let many = |count| Before { firsts_of_address: count, ..Before::default() };
    for event in [Event::Motion, Event::Other] {
        assert_eq!(plan(&many(23), &[], event).due[0].kind, AlertKind::First);
        let held = plan(&many(24), &[], event);
        assert_eq!((held.due[0].kind, held.due[0].of_address), (AlertKind::Summary, true));
        assert_eq!(held.suppressed_reason.as_deref(), Some(ADDRESS_FLOOD_WORDS));
        let due = plan(&many(24), &told(&["me"]), event).due;
        let follow_up = due.iter().find(|due| due.channel == "me").unwrap();
        assert_eq!(follow_up.kind, AlertKind::FollowUp, "what has begun goes on");
    }
    let gathering = Gathering { due_at: now.after(Duration::from_secs(30)), held: 1 };
    let past = Before { gathering_of_address: Some(gathering), ..Before::default() };
    let held = plan(&past, &[], Event::Motion).due.remove(0);
    assert_eq!((held.due_at, held.of_address), (gathering.due_at, true));
}

#[test]
fn a_count_that_no_route_asked_for_has_no_route_and_that_of_a_route_keeps_it() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let route = Route { per_hour: Some(2), ..to_me(Conditions::default()) };
    let plain = Rules { flood: RateGuard { alerts_max: 1 }, ..rules(vec![route]) };
    let due = |past: &Before| plan_after(&plain, &facts(&device, now), &[], past).due.remove(0);
    let full = due(&Before { alerts: vec![now, now], ..Before::default() });
    assert_eq!((full.kind, full.route.as_deref()), (AlertKind::Summary, Some("mine")));
    let of_device = due(&Before { alerts: vec![now], ..Before::default() });
    assert_eq!((of_device.kind, of_device.route), (AlertKind::Summary, None));
    let of_address = due(&Before { firsts_of_address: 4, ..Before::default() });
    assert_eq!((of_address.kind, of_address.route), (AlertKind::Summary, None));
}

#[test]
fn a_stretch_over_midnight_ends_before_its_second_time() {
    let rules = rules(vec![to_me(hours("22:00-06:00"))]);
    for (time, expected) in [("21:59", false), ("22:00", true), ("05:59", true), ("06:00", false)] {
        let time = format!("2026-03-01T{time}:00Z");
        assert_eq!(is_heard(&rules, &time, &Before::default()), expected, "{time}");
    }
}

#[test]
fn a_route_that_is_held_back_does_not_hold_back_another() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let always = to_me(Conditions::default());
    let slow = Route { cooldown: Some(Duration::from_secs(600)), ..always.clone() };
    for routes in [vec![slow.clone(), always.clone()], vec![always, slow]] {
        let plan = plan_after(&rules(routes), &facts(&device, now), &[], &last(now));
        assert_eq!(names(&plan), ["me"], "once, in either order");
    }
}

#[test]
fn the_first_route_that_holds_decides_how_and_stop_ends_the_search() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let named = |name: &str, channels: &[&str], stop| Route {
        name: name.to_owned(),
        channels: channels.iter().map(|it| (*it).to_owned()).collect(),
        stop,
        ..Route::default()
    };
    let told = |routes: Vec<Route>| -> Vec<(String, String)> {
        let plan = plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        plan.due.into_iter().map(|due| (due.channel, due.route.unwrap())).collect()
    };
    let pair = |channel: &str, route: &str| (channel.to_owned(), route.to_owned());
    let (one, two) = (named("one", &["me"], false), named("two", &["me", "hook"], false));
    assert_eq!(told(vec![one.clone(), two.clone()]), [pair("me", "one"), pair("hook", "two")]);
    assert_eq!(told(vec![two.clone(), one]), [pair("me", "two"), pair("hook", "two")]);
    assert_eq!(told(vec![named("one", &["me"], true), two.clone()]), [pair("me", "one")]);
    let nobody = named("nobody", &[], true);
    assert!(told(vec![nobody.clone(), two.clone()]).is_empty());
    let other = Conditions { events: vec![Event::Fault], ..Conditions::default() };
    let passed = Route { conditions: other, ..nobody };
    assert_eq!(told(vec![passed, two]).len(), 2, "what does not hold stops nothing");
}

#[test]
fn why_nobody_is_told_is_told() {
    let device = device();
    let now = at("2026-03-01T12:05:00Z");
    let elsewhere = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
    let door = Route { name: "door".to_owned(), ..to_me(elsewhere) };
    let routes = vec![to_me(hours("22:00-06:00")), door];
    let plan = plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
    assert_eq!(
        plan.suppressed_reason.unwrap(),
        "mine: 22:00-06:00 only, it was 12:05; door: not for this device"
    );
    let nowhere = Rules { channels: Vec::new(), ..rules(Vec::new()) };
    let plan = nowhere.plan(&facts(&device, now), &[], &Past::default());
    assert_eq!(plan.suppressed_reason.unwrap(), "no channel is configured");
}

/// Conditions, and which of them does not fit the mail below.
fn conditions_and_misfits() -> Vec<(Conditions, Option<&'static str>)> {
    let all = Conditions::default;
    let words = |text: &str| vec![text.parse().unwrap()];
    let globs = |text: &str| vec![Glob::new(text)];
    let names = |name: &str| vec![name.to_owned()];
    let night =
        |days: &str| Conditions { days: Some(days.parse().unwrap()), ..hours("22:00-06:00") };
    vec![
        (all(), None),
        (Conditions { devices: names("Yard"), ..all() }, None),
        (Conditions { devices: names("Door"), ..all() }, Some("not for this device")),
        (Conditions { groups: names("outside"), ..all() }, None),
        (Conditions { groups: names("inside"), ..all() }, Some("not for a group of this device")),
        (Conditions { events: vec![Event::Motion, Event::Person], ..all() }, None),
        (Conditions { events: vec![Event::Motion], ..all() }, Some("not for \"person\"")),
        (Conditions { subject: words("person*"), ..all() }, None),
        (Conditions { subject: words("person"), ..all() }, Some("the subject does not fit")),
        (Conditions { text: words("/line \\d+ was/"), ..all() }, None),
        (Conditions { text: words("*line 3*"), ..all() }, Some("the text does not fit")),
        (Conditions { from: globs("cam?@*"), ..all() }, None),
        (Conditions { from: globs("cam2"), ..all() }, Some("the sender does not fit")),
        (Conditions { to: globs("front"), ..all() }, None),
        (Conditions { to: globs("back"), ..all() }, Some("no recipient fits")),
        (Conditions { has: vec![Has::Picture, Has::Video], ..all() }, None),
        (Conditions { has: vec![Has::Video], ..all() }, Some("no video")),
        (hours("01:00-02:00"), None),
        (hours("02:00-03:00"), Some("02:00-03:00 only, it was 01:30")),
        (Conditions { days: Some("sun".parse().unwrap()), ..all() }, None),
        (Conditions { days: Some("mon-sat".parse().unwrap()), ..all() }, Some("not on a sunday")),
        // The night from Saturday to Sunday is Saturday's.
        (night("sat"), None),
        (night("sun"), Some("not on a saturday")),
        (Conditions { modes: names("home"), ..all() }, None),
        (Conditions { modes: names("away"), ..all() }, Some("not in mode \"home\"")),
    ]
}

#[test]
fn each_condition_is_held_against_what_it_is_of() {
    let device = device();
    let envelope = Envelope {
        protocol: Protocol::Smtp,
        peer: [192, 168, 1, 20].into(),
        login: None,
        proof: tipoff_model::LoginProof::default(),
        greeting: None,
        sender: "cam1@example.org".to_owned(),
        recipients: vec!["alerts@house".to_owned(), "front@house".to_owned()],
        tls: false,
        path: None,
    };
    let content = Content {
        subject: "Person detected".to_owned(),
        text: "Line 2 was crossed\nby somebody".to_owned(),
        media: vec![file("1.jpg", MediaKind::Picture, 9).media],
        unclear: false,
        details: None,
        camera: None,
        late: false,
    };
    let facts = Facts {
        envelope: Some(&envelope),
        content: &content,
        event: Event::Person,
        // A Sunday.
        ..facts(&device, at("2026-03-01T01:30:00Z"))
    };
    let mut rules = rules(Vec::new());
    rules.groups.insert("Yard".to_owned(), vec!["outside".to_owned()]);
    rules.modes =
        ["home", "away"].map(|name| Mode { name: name.to_owned(), ..Mode::default() }).to_vec();
    for (conditions, mismatch) in conditions_and_misfits() {
        rules.routes = vec![to_me(conditions.clone())];
        let judged = rules.judge(&facts, &Past::default());
        let found = match &judged[0].verdict {
            Verdict::Not(why) => Some(why.as_str()),
            _ => None,
        };
        assert_eq!(found, mismatch, "{conditions:?}");
    }
}

#[test]
fn what_no_arrival_tells_has_no_sender() {
    let device = device();
    let silence = Facts { event: Event::Silence, ..facts(&device, at("2026-03-01T12:00:00Z")) };
    let anybody = Conditions { from: vec![Glob::new("*")], ..Conditions::default() };
    let plan = rules(vec![to_me(anybody)]).plan(&silence, &[], &Past::default());
    assert_eq!(plan.suppressed_reason.unwrap(), "mine: the sender does not fit");
}

/// The name of each route and what it would make of an arrival.
fn foreseen(rules: &Rules, now: Timestamp, past: &Before) -> Vec<(String, String)> {
    let query = |channel: &String| PastQuery {
        channel: channel.clone(),
        last_first: true,
        firsts_since: Some(now.before(Duration::from_secs(3600))),
        recent: None,
    };
    let past = past.load(rules.channels.iter().map(query).collect());
    let judged = rules.foresee(&device(), now, &past);
    judged.iter().map(|it| (it.route.name.clone(), it.verdict.to_string())).collect()
}

#[test]
fn what_routes_would_make_of_an_arrival_is_foreseen_as_far_as_it_can_be() {
    let now = at("2026-03-01T12:00:00Z");
    let past = Before {
        alerts: vec![now.before(Duration::from_secs(1800))],
        ..last(now.before(Duration::from_secs(60)))
    };
    let named = |name: &str, route: Route| Route { name: name.to_owned(), ..route };
    let always = to_me(Conditions::default());
    let of_content = Conditions {
        events: vec![Event::Person, Event::Fault],
        subject: vec!["*line*".parse().unwrap()],
        text: vec!["/x/".parse().unwrap()],
        from: vec![Glob::new("cam1")],
        to: vec![Glob::new("front")],
        has: vec![Has::Picture, Has::Video],
        ..Conditions::default()
    };
    let both = vec!["me".to_owned(), "hook".to_owned()];
    let rules = rules(vec![
        named("night", to_me(hours("22:00-06:00"))),
        named("words", Route { stop: true, ..to_me(of_content) }),
        named("slow", Route { cooldown: Some(Duration::from_secs(600)), ..always.clone() }),
        named("hourly", Route { per_hour: Some(1), ..always.clone() }),
        named("nobody", Route { channels: Vec::new(), ..always.clone() }),
        named("all", Route { channels: both, stop: true, ..always.clone() }),
        named("behind", always),
    ]);
    let expected = [
        ("night", "22:00-06:00 only, it was 12:00"),
        (
            "words",
            "tells me, if event person or fault and subject *line* and text /x/ and from cam1 and \
             to front and has picture or video",
        ),
        ("slow", "me rests for 540 s more"),
        ("hourly", "me has had its alerts of this hour"),
        ("nobody", "tells nobody"),
        ("all", "tells me, hook"),
        ("behind", "a route before it ended the search"),
    ];
    assert_eq!(
        foreseen(&rules, now, &past),
        expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()))
    );
}

#[test]
fn a_route_is_found_by_its_name() {
    let rules = rules(vec![to_me(Conditions::default())]);
    assert_eq!(rules.route("mine").map(|route| route.name.as_str()), Some("mine"));
    assert_eq!(rules.route("other"), None);
}

#[test]
fn a_channel_of_a_recorder_is_in_the_groups_of_both() {
    let recorder = Device { name: "NVR".to_owned(), ..Device::default() };
    let device = Device { recorder: Some(Box::new(recorder)), ..device() };
    let now = at("2026-03-01T12:00:00Z");
    for (name, is_told) in [("Yard", true), ("NVR", true), ("Door", false)] {
        let outside = Conditions { groups: vec!["outside".to_owned()], ..Conditions::default() };
        let mut rules = rules(vec![to_me(outside)]);
        rules.groups.insert(name.to_owned(), vec!["outside".to_owned()]);
        let plan = plan_after(&rules, &facts(&device, now), &[], &Before::default());
        assert_eq!(!plan.due.is_empty(), is_told, "{name}");
    }
}

#[test]
fn a_moving_picture_is_a_picture_and_nothing_else() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    for (kind, has, is_told) in [
        (MediaKind::Picture, Has::Picture, true),
        (MediaKind::Animation, Has::Picture, true),
        (MediaKind::Video, Has::Picture, false),
        (MediaKind::Video, Has::Video, true),
        (MediaKind::Animation, Has::Video, false),
        (MediaKind::File, Has::Video, false),
    ] {
        let content = Content { media: vec![file("1", kind, 1).media], ..NOTHING.clone() };
        let conditions = Conditions { has: vec![has], ..Conditions::default() };
        let facts = Facts { content: &content, ..facts(&device, now) };
        let plan = rules(vec![to_me(conditions)]).plan(&facts, &[], &Past::default());
        assert_eq!(!plan.due.is_empty(), is_told, "{kind:?} {has:?}");
    }
}

#[test]
fn without_a_mode_no_route_of_one_holds() {
    let device = device();
    let away = Conditions { modes: vec!["away".to_owned()], ..Conditions::default() };
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let plan = rules(vec![to_me(away)]).plan(&facts, &[], &Past::default());
    assert_eq!(plan.suppressed_reason.as_deref(), Some("mine: there is no mode"));
}

#[test]
fn why_nobody_is_told_is_cut_where_it_is_too_long() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let suppressed_reason = |name_chars: usize| {
        let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
        let route = Route { name: "é".repeat(name_chars), ..to_me(door) };
        rules(vec![route]).plan(&facts, &[], &Past::default()).suppressed_reason.unwrap()
    };
    let reason = ": not for this device";
    assert_eq!(suppressed_reason(500 - reason.len()).chars().count(), 500);
    assert!(suppressed_reason(500 - reason.len()).ends_with(reason));
    assert_eq!(suppressed_reason(501 - reason.len()).chars().count(), 501);
    assert!(suppressed_reason(501 - reason.len()).ends_with("devic…"));
}

#[test]
fn the_route_that_suppressed_an_incident_is_named_in_the_reasons_however_many_there_are() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    for others in [0, 1, 50] {
        let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
        let other = |number| Route { name: format!("other {number}"), ..to_me(door.clone()) };
        let mut routes: Vec<Route> = (0..others).map(other).collect();
        let nobody = Route { channels: Vec::new(), stop: true, ..to_me(Conditions::default()) };
        routes.push(Route { name: "quiet".to_owned(), ..nobody });
        let plan = rules(routes).plan(&facts, &[], &Past::default());
        let reasons = plan.suppressed_reason.unwrap();
        assert!(reasons.chars().count() <= 501, "{reasons}");
        assert!(is_suppressed_by(&reasons, "quiet"), "{reasons}");
        assert!(!is_suppressed_by(&reasons, "iet") && !is_suppressed_by(&reasons, "other 0"));
    }
    assert!(!is_suppressed_by("quiet: not for this device", "quiet"));
}

#[test]
fn an_arrival_belongs_to_incidents_of_its_class() {
    let device = device();
    let envelope = |protocol| Envelope {
        protocol,
        peer: [192, 168, 1, 20].into(),
        login: None,
        proof: tipoff_model::LoginProof::default(),
        greeting: None,
        sender: String::new(),
        recipients: Vec::new(),
        tls: false,
        path: None,
    };
    let (mail, upload) = (envelope(Protocol::Smtp), envelope(Protocol::Ftp));
    let words = Content { text: "On battery".to_owned(), ..NOTHING.clone() };
    let picture =
        Content { media: vec![file("1.jpg", MediaKind::Picture, 1).media], ..words.clone() };
    let rules = rules(Vec::new());
    for (envelope, content, event, class) in [
        (&mail, &picture, Event::Motion, IncidentClass::Alarm),
        (&mail, &words, Event::Motion, IncidentClass::Alarm),
        (&mail, &picture, Event::Other, IncidentClass::Alarm),
        (&mail, &words, Event::Other, IncidentClass::Alone),
        (&upload, &words, Event::Other, IncidentClass::Alarm),
        (&mail, &picture, Event::Test, IncidentClass::Alone),
        (&upload, &picture, Event::Test, IncidentClass::Alarm),
        (&mail, &words, Event::Fault, IncidentClass::Fault),
        (&upload, &picture, Event::Fault, IncidentClass::Fault),
    ] {
        let at = at("2026-03-01T12:00:00Z");
        let facts = Facts { envelope: Some(envelope), content, event, ..facts(&device, at) };
        assert_eq!(rules.class(&facts), class, "{facts:?}");
        let torn_upload = envelope.protocol == Protocol::Ftp && event == Event::Other;
        let torn = Facts { torn: true, ..facts };
        assert!(!torn_upload || rules.class(&torn) == class, "only a mail waits: {torn:?}");
    }
}

#[test]
fn without_a_place_the_sun_rises_at_six_and_sets_at_eighteen() {
    let rules = rules(vec![to_me(hours("sunrise-sunset"))]);
    for (time, expected) in [("05:59", false), ("06:00", true), ("17:59", true), ("18:00", false)] {
        let time = format!("2026-03-01T{time}:00Z");
        assert_eq!(is_heard(&rules, &time, &Before::default()), expected, "{time}");
    }
}

#[test]
fn only_what_moves_with_the_sun_needs_a_place() {
    for (between, expected) in [
        ("22:00-06:00", false),
        ("sunset-06:00", true),
        ("22:00-sunrise", true),
        ("sunset-sunrise", true),
    ] {
        assert_eq!(between.parse::<Between>().unwrap().needs_place(), expected, "{between}");
    }
}

#[test]
fn a_fault_in_the_configuration_shows_what_to_write() {
    for (error, example) in [
        (BetweenError::Form.to_string(), "22:00-06:00"),
        (BetweenError::Empty.to_string(), "00:00-24:00"),
        (DaysError.to_string(), "mon-fri"),
        (PlaceError.to_string(), "52.52, 13.40"),
    ] {
        assert!(error.contains(example), "{error}");
    }
}

fn central() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

/// Whether it is told to "me" with this one route at this time.
fn is_heard(rules: &Rules, time: &str, past: &Before) -> bool {
    !plan_after(rules, &facts(&device(), at(time)), &[], past).due.is_empty()
}

#[test]
fn the_time_of_day_is_that_of_the_zone_also_when_clocks_change() {
    let clock = Clock { zone: central(), place: None };
    let rules = Rules { clock, ..rules(vec![to_me(hours("02:00-03:00"))]) };
    let heard = |time: &str| is_heard(&rules, time, &Before::default());
    // Winter: 02:30 is 01:30 UTC; summer: 00:30 UTC.
    assert!(heard("2026-01-10T01:30:00Z") && !heard("2026-01-10T00:30:00Z"));
    assert!(heard("2026-07-10T00:30:00Z") && !heard("2026-07-10T01:30:00Z"));
    // On 29 March the hour from 02:00 does not exist, on 25 October it comes twice.
    assert!(!heard("2026-03-29T00:59:00Z") && !heard("2026-03-29T01:00:00Z"));
    assert!(heard("2026-10-25T00:30:00Z") && heard("2026-10-25T01:30:00Z"));
}

#[test]
fn the_night_is_as_long_as_the_sun_is_down() {
    let berlin = Clock { zone: central(), place: Some("52.52, 13.40".parse().unwrap()) };
    let heard = |clock: &Clock, between: &str, time: &str| {
        let rules = Rules { clock: clock.clone(), ..rules(vec![to_me(hours(between))]) };
        is_heard(&rules, time, &Before::default())
    };
    for (between, time, expected) in [
        // The sun sets at 15:54 in December and at 21:33 in June, in local time.
        ("sunset-sunrise", "2026-12-21T15:10:00Z", true),
        ("sunset-sunrise", "2026-12-21T14:30:00Z", false),
        ("sunset-sunrise", "2026-06-21T19:00:00Z", false),
        ("sunset-sunrise", "2026-06-21T20:00:00Z", true),
        ("sunset-sunrise", "2026-06-22T02:30:00Z", true),
        ("sunset-sunrise", "2026-06-22T03:00:00Z", false),
        ("sunset+1:00-sunrise-1:00", "2026-06-21T20:00:00Z", false),
        ("sunset+1:00-sunrise-1:00", "2026-06-22T02:30:00Z", false),
        ("sunrise-12:00", "2026-12-21T07:30:00Z", true),
        ("sunrise-12:00", "2026-12-21T07:00:00Z", false),
    ] {
        assert_eq!(heard(&berlin, between, time), expected, "{between} {time}");
    }
    let tromso = Clock { zone: central(), place: Some("69.65, 18.96".parse().unwrap()) };
    for (between, time, expected) in [
        ("sunset-sunrise", "2026-06-21T23:00:00Z", false),
        ("sunrise-sunset", "2026-06-21T23:00:00Z", true),
        ("sunset-sunrise", "2026-12-21T11:00:00Z", true),
        ("sunrise-sunset", "2026-12-21T11:00:00Z", false),
        ("sunset-23:00", "2026-12-21T13:00:00Z", true),
        ("sunset-23:00", "2026-12-21T22:30:00Z", false),
        ("sunset-23:00", "2026-06-21T20:30:00Z", false),
        ("sunset-23:00", "2026-12-21T10:00:00Z", false),
        ("sunrise-08:00", "2026-06-21T05:00:00Z", true),
        ("sunrise-08:00", "2026-06-21T07:00:00Z", false),
        ("sunrise-08:00", "2026-12-21T06:00:00Z", false),
        ("20:00-sunset", "2026-06-21T19:00:00Z", true),
        ("20:00-sunset", "2026-06-21T17:00:00Z", false),
        ("20:00-sunset", "2026-12-21T20:00:00Z", false),
        ("22:00-sunrise", "2026-12-21T05:00:00Z", true),
        ("22:00-sunrise", "2026-06-21T21:00:00Z", false),
    ] {
        assert_eq!(heard(&tromso, between, time), expected, "{between} {time}");
    }
}

#[test]
fn the_mode_is_what_came_last_a_choice_or_its_hour() {
    let mode = |name: &str, at: &[&str], days: Option<&str>| Mode {
        name: name.to_owned(),
        at: at.iter().map(|it| it.parse().unwrap()).collect(),
        days: days.map(|it| it.parse().unwrap()),
    };
    let modes = vec![
        mode("home", &["07:00"], None),
        mode("away", &["09:00"], Some("mon-fri")),
        mode("night", &["22:30"], None),
    ];
    let clock = Clock { zone: central(), place: None };
    let rules = Rules { modes, clock, ..rules(Vec::new()) };
    let chose = |name: &str, time: &str| Some((name.to_owned(), at(time)));
    for (chosen, now, expected) in [
        // 2 March is a Monday; local time is an hour ahead of UTC.
        (None, "2026-03-02T05:59:59Z", "night"),
        (None, "2026-03-02T06:00:00Z", "home"),
        (None, "2026-03-02T08:00:00Z", "away"),
        (None, "2026-03-01T08:00:00Z", "home"),
        (chose("home", "2026-03-02T08:10:00Z"), "2026-03-02T12:00:00Z", "home"),
        (chose("home", "2026-03-02T08:10:00Z"), "2026-03-02T21:30:00Z", "night"),
        (chose("home", "2026-03-02T08:00:00Z"), "2026-03-02T08:00:00Z", "home"),
        (chose("away", "2026-02-20T08:00:00Z"), "2026-03-02T12:00:00Z", "away"),
        (chose("holiday", "2026-03-02T08:10:00Z"), "2026-03-02T12:00:00Z", "away"),
        // Summer time: 07:00 is 05:00 UTC; and the hour that does not exist is passed over.
        (None, "2026-03-29T04:59:00Z", "night"),
        (None, "2026-03-29T05:00:00Z", "home"),
    ] {
        assert_eq!(rules.mode(chosen.as_ref(), at(now)), Some(expected), "{chosen:?} {now}");
    }
    let by_hand = |names: &[&str]| Rules {
        modes: names.iter().map(|name| mode(name, &[], None)).collect(),
        ..rules.clone()
    };
    let chosen = chose("away", "2020-03-02T08:10:00Z");
    let now = at("2026-03-02T12:00:00Z");
    assert_eq!(by_hand(&["home", "away"]).mode(chosen.as_ref(), now), Some("away"));
    assert_eq!(by_hand(&["home", "away"]).mode(None, now), Some("home"));
    assert_eq!(by_hand(&[]).mode(chosen.as_ref(), now), None);
    let weekly =
        Rules { modes: vec![mode("a", &[], None), mode("b", &["12:00"], Some("sun"))], ..rules };
    assert_eq!(
        weekly.mode(None, at("2026-03-07T23:00:00Z")),
        Some("b"),
        "on Saturday night, still"
    );
}

#[test]
fn a_route_of_a_mode_holds_in_it() {
    let away = Conditions { modes: vec!["away".to_owned()], ..Conditions::default() };
    let modes =
        ["home", "away"].map(|name| Mode { name: name.to_owned(), ..Mode::default() }).to_vec();
    let rules = Rules { modes, ..rules(vec![to_me(away)]) };
    let time = "2026-03-02T12:00:00Z";
    assert!(!is_heard(&rules, time, &Before::default()));
    let chosen = Before { mode: Some(("away".to_owned(), at(time))), ..Before::default() };
    assert!(is_heard(&rules, time, &chosen));
}

#[test]
fn stretches_of_the_day_are_read_and_written() {
    for (text, written) in [
        (" 7:30 - 8:05 ", "07:30-08:05"),
        ("00:00-24:00", "00:00-24:00"),
        ("sunset-sunrise", "sunset-sunrise"),
        ("sunset-1:00-sunrise+0:30", "sunset-1:00-sunrise+0:30"),
        ("sunset - 1:00 - 6:00", "sunset-1:00-06:00"),
        ("22:00-sunrise-0:05", "22:00-sunrise-0:05"),
        ("sunset-6:00", "sunset-06:00"),
    ] {
        assert_eq!(text.parse::<Between>().unwrap().to_string(), written, "{text}");
    }
    for wrong in [
        "",
        "22:00",
        "22-06",
        "25:00-06:00",
        "24:00-06:00",
        "22:60-06:00",
        "a:b-c:d",
        "+1:00-2:00",
        "24:01-1:00",
        "sunset",
        "sunset+13:00-sunrise",
        "6:00+1:00-8:00",
        "noon-sunset",
    ] {
        assert_eq!(wrong.parse::<Between>(), Err(BetweenError::Form), "{wrong}");
    }
    for empty in ["06:00-06:00", "sunset-sunset"] {
        assert_eq!(empty.parse::<Between>(), Err(BetweenError::Empty), "{empty}");
    }
}

/// Any route of those that a few conditions and actions make.
fn any_route() -> impl Strategy<Value = Route> {
    let condition = prop_oneof![
        Just(Conditions::default()),
        Just(Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() }),
        Just(Conditions { events: vec![Event::Person], ..Conditions::default() }),
        Just(hours("22:00-06:00")),
        Just(Conditions { modes: vec!["away".to_owned()], ..Conditions::default() }),
    ];
    let channels = proptest::sample::subsequence(vec!["me".to_owned(), "hook".to_owned()], 0..=2);
    let actions = (any::<bool>(), any::<bool>(), proptest::option::of(1_u32..3));
    (condition, channels, actions).prop_map(|(conditions, channels, (rests, stop, per_hour))| {
        Route {
            name: "any".to_owned(),
            conditions,
            channels,
            cooldown: rests.then_some(Duration::from_secs(600)),
            per_hour,
            stop,
            ..Route::default()
        }
    })
}

/// Who hears, in which manner of delivery.
fn heard(plan: &Plan) -> Vec<(String, AlertKind)> {
    plan.due.iter().map(|due| (due.channel.clone(), due.kind)).collect()
}

proptest! {
    #[test]
    fn whoever_is_not_told_is_told_of_why(
        routes in proptest::collection::vec(any_route(), 0..5),
        hour in 0_u64..24,
        rested in any::<bool>(),
        muted in any::<bool>(),
    ) {
        let device = device();
        let now = at("2026-03-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        let past = if rested { Before::default() } else { last(now) };
        let facts = Facts { muted, ..facts(&device, now) };
        let plan = plan_after(&rules(routes), &facts, &[], &past);
        let is_told = plan.due.iter().any(|due| due.kind != AlertKind::Summary);
        prop_assert!(is_told != plan.suppressed_reason.is_some(), "{plan:?}");
        prop_assert!(plan.suppressed_reason.is_none_or(|why| !why.is_empty()));
    }

    #[test]
    fn what_stands_behind_a_stop_that_holds_changes_nothing(
        before in proptest::collection::vec(any_route(), 0..3),
        behind in proptest::collection::vec(any_route(), 0..3),
    ) {
        let device = device();
        let now = at("2026-03-01T12:00:00Z");
        let stop = Route { stop: true, ..to_me(Conditions::default()) };
        let routes = [before, vec![stop]].concat();
        let plan = |routes: Vec<Route>| plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        let (with, without) = (plan([routes.clone(), behind].concat()), plan(routes));
        prop_assert_eq!(heard(&with), heard(&without));
    }

    #[test]
    fn no_cooldown_and_no_count_hides_the_first(
        routes in proptest::collection::vec(any_route(), 1..5),
        hour in 0_u64..24,
    ) {
        let device = device();
        let now = at("2026-03-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        let unlimited = |route: &Route| Route { cooldown: None, per_hour: None, ..route.clone() };
        let free: Vec<Route> = routes.iter().map(unlimited).collect();
        let plan = |routes| plan_after(&rules(routes), &facts(&device, now), &[], &Before::default());
        prop_assert_eq!(heard(&plan(routes)), heard(&plan(free)));
    }

    #[test]
    fn a_written_stretch_reads_the_same(start in 0_u16..1440, end in 0_u16..=1440) {
        let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60);
        match text.parse::<Between>() {
            Ok(between) => prop_assert_eq!(between.to_string(), text),
            Err(error) => prop_assert!(start == end && error == BetweenError::Empty, "{text}: {error}"),
        }
    }

    #[test]
    fn an_incident_never_outlasts_its_limits(
        times in proptest::collection::vec(0_u64..40_000, 1..200),
    ) {
        let grouping = Grouping::default();
        let mut now = Timestamp::from_ms(0);
        let device = device();
        let mut incident = open(0, 0);
        for pause in times {
            now = now.after(Duration::from_millis(pause));
            if grouping.joins(&facts(&device, now), &incident) {
                prop_assert!(pause <= 20_000);
                prop_assert!(now.since(incident.began_at) <= grouping.longest);
                incident.last_arrival_at = now;
            } else {
                incident = OpenIncident { began_at: now, last_arrival_at: now, ..incident };
            }
        }
    }

    #[test]
    fn anything_is_read_or_refused(text in ".{0,20}") {
        let _ = text.parse::<Between>();
    }
}

/// The channel, whether its last first alert, its hour and its ten minutes are needed, of a query.
fn needed(rules: &Rules, facts: &Facts<'_>, notified: &[&str]) -> Vec<(String, [bool; 3])> {
    let queries = rules.past_needed(facts, &told(notified), None);
    let parts = |it: &PastQuery| [it.last_first, it.firsts_since.is_some(), it.recent.is_some()];
    queries.iter().map(|it| (it.channel.clone(), parts(it))).collect()
}

#[test]
fn no_more_of_the_past_is_needed_than_routes_and_the_rate_guard_use() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let query = |channel: &str, parts| (channel.to_owned(), parts);
    let rate_only = [false, false, true];
    let (me, hook) = (query("me", rate_only), query("hook", rate_only));
    assert_eq!(needed(&rules(Vec::new()), &facts, &[]), [me.clone(), hook.clone()]);
    assert_eq!(needed(&rules(Vec::new()), &facts, &["hook"]), [me.clone(), hook]);
    let mine = to_me(Conditions::default());
    assert_eq!(needed(&rules(vec![mine.clone()]), &facts, &[]), [me]);
    let slow = Route { cooldown: Some(Duration::from_secs(60)), ..mine.clone() };
    let hourly = Route { per_hour: Some(2), ..mine.clone() };
    let at_night = Route { conditions: hours("22:00-06:00"), ..slow.clone() };
    assert_eq!(needed(&rules(vec![slow.clone()]), &facts, &[]), [query("me", [true, false, true])]);
    assert_eq!(needed(&rules(vec![slow, hourly]), &facts, &[]), [query("me", [true, true, true])]);
    assert!(needed(&rules(vec![at_night.clone()]), &facts, &[]).is_empty());
    assert_eq!(needed(&rules(vec![at_night]), &facts, &["gone"]), [query("gone", rate_only)]);
    let archive = Rules { archives: vec!["me".to_owned()], ..rules(vec![mine]) };
    assert!(needed(&archive, &facts, &["me"]).is_empty());
    let off = Rules { flood: RateGuard { alerts_max: 0 }, ..rules(Vec::new()) };
    assert!(needed(&off, &facts, &["me"]).is_empty());
    assert!(needed(&rules(Vec::new()), &Facts { muted: true, ..facts }, &["me"]).is_empty());
}

#[test]
fn the_past_that_is_needed_reaches_back_as_far_as_it_is_counted() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = rules(vec![Route { per_hour: Some(2), ..to_me(Conditions::default()) }]);
    let queries = |facts: &Facts<'_>| rules.past_needed(facts, &told(&["hook"]), None);
    let motion = facts(&device, now);
    let [me, hook] = queries(&motion).try_into().unwrap();
    assert_eq!(me.firsts_since, Some(now.before(Duration::from_secs(3600))));
    let expected = RecentQuery {
        since: now.before(Duration::from_secs(600)),
        of_address: true,
        counts_while_gathering: false,
    };
    assert_eq!(me.recent, Some(expected));
    assert_eq!(hook.recent, Some(RecentQuery { of_address: false, ..expected }));
    let [mail, _] = queries(&Facts { event: Event::Other, ..motion }).try_into().unwrap();
    assert_eq!(mail.recent, Some(RecentQuery { counts_while_gathering: true, ..expected }));
}

fn subscriber(conditions: Conditions) -> Subscriber {
    Subscriber { channel: "browser".to_owned(), conditions }
}

fn due_on(plan: &Plan) -> Vec<(&str, AlertKind)> {
    plan.due.iter().map(|due| (due.channel.as_str(), due.kind)).collect()
}

#[test]
fn what_a_person_chose_is_beside_all_routes() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let wants = |events: &[Event], devices: &[&str]| Conditions {
        events: events.to_vec(),
        devices: devices.iter().map(|&name| name.to_owned()).collect(),
        ..Conditions::default()
    };
    let plan = |routes: Vec<Route>, conditions, told: &[NotifiedChannel]| {
        let rules = Rules { subscribers: vec![subscriber(conditions)], ..rules(routes) };
        plan_after(&rules, &facts(&device, now), told, &Before::default())
    };
    let nobody = Route { name: "none".to_owned(), stop: true, ..Route::default() };
    let all = plan(vec![nobody.clone()], Conditions::default(), &[]);
    assert_eq!(due_on(&all), [("browser", AlertKind::First)], "no route names it");
    assert_eq!((all.suppressed_reason, all.due[0].route.as_deref()), (None, None));
    let mine = plan(vec![to_me(Conditions::default())], wants(&[Event::Motion], &["Yard"]), &[]);
    assert_eq!(due_on(&mine), [("me", AlertKind::First), ("browser", AlertKind::First)]);
    for unwanted in [wants(&[Event::Person], &[]), wants(&[], &["Door"])] {
        let plan = plan(vec![nobody.clone()], unwanted, &[]);
        assert!(plan.due.is_empty() && plan.suppressed_reason.is_some());
    }
    let follow_up = plan(vec![nobody], wants(&[Event::Person], &[]), &told(&["browser"]));
    assert_eq!(due_on(&follow_up), [("browser", AlertKind::FollowUp)]);
    assert!(!due_on(&plan(Vec::new(), wants(&[Event::Person], &[]), &[])).is_empty());
}

#[test]
fn what_is_suppressed_or_a_flood_is_so_for_a_persons_channel_too() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let subscribers = vec![subscriber(Conditions::default())];
    let flood = RateGuard { alerts_max: 6 };
    let rules = Rules { subscribers, flood, channels: Vec::new(), ..rules(Vec::new()) };
    let muted = Facts { muted: true, ..facts(&device, now) };
    assert!(plan_after(&rules, &muted, &[], &Before::default()).due.is_empty());
    let many = Before { alerts: vec![now; 6], ..Before::default() };
    let held = plan_after(&rules, &facts(&device, now), &[], &many);
    assert_eq!(due_on(&held), [("browser", AlertKind::Summary)]);
    assert_eq!(held.suppressed_reason.as_deref(), Some(FLOOD_WORDS));
    let first = plan_after(&rules, &facts(&device, now), &[], &Before::default());
    assert_eq!(due_on(&first), [("browser", AlertKind::First)]);
    assert_eq!(first.suppressed_reason, None);
}

#[test]
fn a_route_that_has_a_key_matches_the_device_under_any_name() {
    let keyed =
        |key: &str| Conditions { device_keys: vec![key.to_owned()], ..Conditions::default() };
    let named = Conditions { devices: vec!["Door".to_owned()], ..keyed("added/yard") };
    let time = at("2026-03-01T12:05:00Z");
    for (conditions, name, fits) in [
        (keyed("added/yard"), "Yard", true),
        (keyed("added/yard"), "Garden", true),
        (keyed("added/gate"), "added/gate", false),
        (named.clone(), "Garden", true),
        (named, "Door", true),
    ] {
        let key = "added/yard".to_owned();
        let device = Device { key, name: name.to_owned(), ..device() };
        let rules = rules(vec![to_me(conditions.clone())]);
        let plan = plan_after(&rules, &facts(&device, time), &[], &Before::default());
        assert_eq!(!plan.due.is_empty(), fits, "{conditions:?} {name}");
    }
}

#[test]
fn a_schedule_suppresses_first_alerts_at_other_times_and_names_itself() {
    let peer = [192, 0, 2, 1].into();
    let envelope = Envelope::asked(Protocol::Smtp, peer, false);
    let yard =
        || Conditions { device_keys: vec!["added/yard".to_owned()], ..Conditions::default() };
    let schedule = |conditions: Conditions, never| Schedule { conditions, never };
    let night = Conditions { between: hours("22:00-06:00").between, ..yard() };
    let weekend = Conditions { days: Some("sat-sun".parse().unwrap()), ..yard() };
    let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
    let device = Device { key: "added/yard".to_owned(), ..device() };
    // 2 March is a Monday.
    for (schedules, now, expected) in [
        (vec![], "2026-03-02T12:00:00Z", None),
        (vec![schedule(door, true)], "2026-03-02T12:00:00Z", None),
        (vec![schedule(yard(), true)], "2026-03-02T12:00:00Z", Some("never alerted")),
        (
            vec![schedule(night.clone(), false)],
            "2026-03-02T12:00:00Z",
            Some("22:00-06:00 only, it was 12:00"),
        ),
        (vec![schedule(night.clone(), false)], "2026-03-02T23:00:00Z", None),
        (
            vec![schedule(night.clone(), false), schedule(weekend.clone(), false)],
            "2026-03-01T12:00:00Z",
            None,
        ),
        (
            vec![schedule(night, false), schedule(weekend, false)],
            "2026-03-02T12:00:00Z",
            Some("22:00-06:00 only"),
        ),
    ] {
        let rules = Rules { schedules, ..rules(Vec::new()) };
        let facts = Facts { envelope: Some(&envelope), ..facts(&device, at(now)) };
        let plan = |facts: &Facts<'_>, notified: &[NotifiedChannel]| {
            plan_after(&rules, facts, notified, &Before::default())
        };
        let first = plan(&facts, &[]);
        match expected {
            None => assert_eq!(names(&first), ["me", "hook"], "{now}"),
            Some(words) => {
                let reason = first.suppressed_reason.unwrap();
                assert!(reason.starts_with("this device's schedule: "), "{reason}");
                assert!(reason.contains(words) && first.due.is_empty(), "{reason}");
            }
        }
        assert_eq!(plan(&facts, &told(&["me", "hook"])).due.len(), 2, "follow-ups");
        let of_tipoff = Facts { envelope: None, ..facts };
        assert_eq!(plan(&of_tipoff, &[]).due.len(), 2, "an inactive device is reported");
    }
}
