//! Sessions: kept, found again, never without bounds.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{ArrivalId, Protocol, Timestamp};

use super::{NOW, Open, arrival, seconds, store};
use crate::{
    FinishedSession, SessionFilter, SessionLine, SessionOutcome, Speaker, Spool, TranscriptLine,
};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_session_survives_a_new_start_and_its_number_is_not_given_again(&*fresh()).await;
    a_device_is_known_by_what_arrived_else_by_its_address(&*fresh()).await;
    sessions_are_found_by_what_is_asked_for(&*fresh()).await;
    each_device_keeps_its_last(&*fresh()).await;
    strangers_keep_fewer_and_all_of_them_are_bounded(&*fresh()).await;
    age_removes_sessions_of_anybody(&*fresh()).await;
    a_device_that_goes_leaves_a_stranger(&*fresh()).await;
}

fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, last))
}

fn session(id: i64, peer: IpAddr, ended_at: Timestamp) -> FinishedSession {
    FinishedSession {
        id,
        protocol: Protocol::Smtp,
        peer,
        began_at: ended_at.before(Duration::from_secs(1)),
        ended_at,
        login: None,
        tls: None,
        outcome: SessionOutcome::Nothing,
        hint: None,
        arrivals: Vec::new(),
        lines: Vec::new(),
    }
}

async fn keep(spool: &dyn Spool, sessions: Vec<FinishedSession>) -> Vec<Option<i64>> {
    spool.keep_sessions(sessions).await.unwrap()
}

async fn find(spool: &dyn Spool, filter: SessionFilter) -> Vec<i64> {
    let found: Vec<SessionLine> = spool.sessions(filter).await.unwrap();
    found.into_iter().map(|line| line.id).collect()
}

fn all() -> SessionFilter {
    SessionFilter { limit: 100_000, ..SessionFilter::default() }
}

async fn a_session_survives_a_new_start_and_its_number_is_not_given_again(open: Open<'_>) {
    let spool = open();
    assert_eq!(spool.last_session().await.unwrap(), 0);
    let line =
        |at_ms, speaker, text: &str| TranscriptLine { at_ms, speaker, text: text.to_owned() };
    let told = FinishedSession {
        protocol: Protocol::Ftp,
        login: Some("yard".to_owned()),
        tls: Some("TLS 1.3".to_owned()),
        outcome: SessionOutcome::LoginRefused,
        hint: Some("The password is wrong.".to_owned()),
        arrivals: vec![ArrivalId(7)],
        lines: vec![
            line(0, Speaker::Us, "220 ready"),
            line(3, Speaker::Device, "USER yärd"),
            line(9, Speaker::Note, "It left."),
        ],
        ..session(5, "::ffff:192.168.1.9".parse().unwrap(), NOW)
    };
    keep(&*spool, vec![told.clone()]).await;
    drop(spool);
    let spool = open();
    let found = spool.session(5).await.unwrap().unwrap();
    assert_eq!(found.lines, told.lines);
    let expected = SessionLine {
        id: 5,
        protocol: Protocol::Ftp,
        peer: address(9),
        began_at: told.began_at,
        ended_at: told.ended_at,
        device: None,
        login: told.login,
        tls: told.tls,
        outcome: told.outcome,
        hint: told.hint,
        arrivals: told.arrivals,
    };
    assert_eq!(found.line, expected);
    assert_eq!(spool.sessions(all()).await.unwrap(), [expected]);
    assert_eq!(spool.session(4).await.unwrap(), None);
    // Swept by age, and remembered as a number.
    keep(&*spool, vec![session(2, address(1), seconds(15 * 24 * 3600))]).await;
    assert_eq!(spool.session(5).await.unwrap(), None);
    assert_eq!(spool.last_session().await.unwrap(), 5);
    // The same number twice is a fault, not a replacement.
    let again = spool.keep_sessions(vec![session(2, address(1), NOW)]).await;
    assert!(again.is_err());
}

async fn a_device_is_known_by_what_arrived_else_by_its_address(open: Open<'_>) {
    let spool = open();
    let mut from_yard = arrival(&*spool, "yard", NOW);
    from_yard.envelope.peer = address(20);
    let yard = spool.store(from_yard).await.unwrap();
    let own = FinishedSession { arrivals: vec![yard.arrival], ..session(1, address(99), NOW) };
    let gone = FinishedSession { arrivals: vec![ArrivalId(999)], ..session(2, address(99), NOW) };
    let by_address = session(3, address(20), NOW);
    let devices = keep(&*spool, vec![own, gone, by_address]).await;
    assert!(devices[0].is_some());
    assert_eq!(devices, [devices[0], None, devices[0]]);
    let line = spool.session(3).await.unwrap().unwrap().line;
    assert_eq!(line.device.map(|(row, name)| (Some(row), name)), Some((devices[0], "yard".into())));
    // Another one at this address: which of both it is, nobody knows.
    let mut from_door = arrival(&*spool, "door", seconds(10));
    from_door.envelope.peer = address(20);
    spool.store(from_door).await.unwrap();
    assert_eq!(keep(&*spool, vec![session(4, address(20), seconds(20))]).await, [None]);
    // A week later nobody was heard here lately.
    let later = seconds(7 * 24 * 3600 + 60);
    let mut from_door = arrival(&*spool, "door", later);
    from_door.envelope.peer = address(20);
    spool.store(from_door).await.unwrap();
    let devices = keep(&*spool, vec![session(5, address(20), later)]).await;
    let line = spool.session(5).await.unwrap().unwrap().line;
    assert!(devices[0].is_some() && line.device.is_some_and(|(_, name)| name == "door"));
}

async fn sessions_are_found_by_what_is_asked_for(open: Open<'_>) {
    let spool = open();
    let yard = store(&*spool, "yard", NOW).await;
    let sessions = (1..=6)
        .map(|id| FinishedSession {
            outcome: match id % 2 {
                0 => SessionOutcome::TlsFailed,
                _ => SessionOutcome::Delivered,
            },
            arrivals: if id <= 3 { vec![yard.arrival] } else { Vec::new() },
            ..session(id, address(u8::try_from(id).unwrap() / 3), NOW)
        })
        .collect();
    let row = keep(&*spool, sessions).await[0];
    assert_eq!(find(&*spool, all()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(find(&*spool, SessionFilter { device: row, ..all() }).await, [3, 2, 1]);
    let named = |name: &str| SessionFilter { device_name: Some(name.to_owned()), ..all() };
    assert_eq!(find(&*spool, named("yard")).await, [3, 2, 1]);
    assert!(find(&*spool, named("yar")).await.is_empty());
    assert_eq!(find(&*spool, SessionFilter { peer: Some(address(1)), ..all() }).await, [5, 4, 3]);
    assert_eq!(find(&*spool, SessionFilter { failed_only: true, ..all() }).await, [6, 4, 2]);
    let page = SessionFilter { before: Some(5), limit: 2, ..all() };
    assert_eq!(find(&*spool, page).await, [4, 3]);
    for outcome in ["delivered", "turned_away"] {
        assert_eq!(SessionOutcome::from_name(outcome).unwrap().as_str(), outcome);
    }
}

async fn each_device_keeps_its_last(open: Open<'_>) {
    let spool = open();
    let yard = store(&*spool, "yard", NOW).await;
    let door = store(&*spool, "door", NOW).await;
    let of = |stored: &crate::Stored, id| FinishedSession {
        arrivals: vec![stored.arrival],
        ..session(id, address(1), NOW)
    };
    keep(&*spool, vec![of(&door, 1)]).await;
    keep(&*spool, (2..=21).map(|id| of(&yard, id)).collect()).await;
    assert_eq!(find(&*spool, all()).await.len(), 21);
    keep(&*spool, vec![of(&yard, 22)]).await;
    let kept = find(&*spool, all()).await;
    assert_eq!((kept.len(), kept.contains(&1), kept.contains(&2)), (21, true, false));
}

async fn strangers_keep_fewer_and_all_of_them_are_bounded(open: Open<'_>) {
    let spool = open();
    keep(&*spool, (1..=10).map(|id| session(id, address(1), NOW)).collect()).await;
    assert_eq!(find(&*spool, all()).await.len(), 10);
    keep(&*spool, vec![session(11, address(1), NOW), session(12, address(2), NOW)]).await;
    let kept = find(&*spool, all()).await;
    assert_eq!((kept.len(), kept.contains(&1), kept.contains(&2)), (11, false, true));
    let many = |ids: std::ops::RangeInclusive<u32>| {
        let sessions =
            ids.map(|id| session(i64::from(id), IpAddr::V4(Ipv4Addr::from(id)), NOW)).collect();
        keep(&*spool, sessions)
    };
    many(1001..=1989).await;
    assert_eq!(find(&*spool, all()).await.len(), 1000);
    many(1990..=1990).await;
    let kept = find(&*spool, all()).await;
    assert_eq!((kept.len(), kept.contains(&2), kept.contains(&3)), (1000, false, true));
}

async fn age_removes_sessions_of_anybody(open: Open<'_>) {
    let spool = open();
    let yard = store(&*spool, "yard", NOW).await;
    let known = FinishedSession { arrivals: vec![yard.arrival], ..session(1, address(1), NOW) };
    keep(&*spool, vec![known, session(2, address(2), seconds(1))]).await;
    keep(&*spool, vec![session(3, address(3), seconds(14 * 24 * 3600))]).await;
    assert_eq!(find(&*spool, all()).await, [3, 2, 1], "not older than that");
    keep(&*spool, vec![session(4, address(3), seconds(14 * 24 * 3600 + 1))]).await;
    assert_eq!(find(&*spool, all()).await, [4, 3, 2]);
}

async fn a_device_that_goes_leaves_a_stranger(open: Open<'_>) {
    let spool = open();
    let yard = store(&*spool, "yard", NOW).await;
    let known = FinishedSession { arrivals: vec![yard.arrival], ..session(1, address(1), NOW) };
    assert!(keep(&*spool, vec![known]).await[0].is_some());
    let nothing = crate::RetentionLimits {
        age: Duration::from_secs(1_000_000),
        bytes_max: 0,
        guard: crate::AgeGuard::default(),
    };
    assert_eq!(spool.sweep(nothing, seconds(100)).await.unwrap().incidents, 1);
    assert_eq!(spool.session(1).await.unwrap().unwrap().line.device, None);
}
