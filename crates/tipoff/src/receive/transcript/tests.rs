//! Bounds of a transcript, and the way of a session from its first line into the spool.

use std::net::Ipv4Addr;
use std::sync::Mutex;

use tipoff_model::IncidentId;
use tipoff_spool::{BoxFuture, SessionFilter, Sessions, TranscriptLine};
use tokio::sync::{Notify, Semaphore};

use super::*;
use crate::net::TlsFault;
use crate::runtime::clock::Clock;
use crate::runtime::telemetry::Metrics;

fn texts(lines: &[TranscriptLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

fn log(lines: impl Iterator<Item = Vec<u8>>) -> Log {
    let mut log = Log::default();
    for (at_ms, line) in (0..).zip(lines) {
        log.push(at_ms, Speaker::Device, &line);
    }
    log
}

fn numbered(count: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|number| format!("line {number}").into_bytes())
}

#[test]
fn the_middle_of_too_many_lines_is_left_out() {
    let all = log(numbered(399)).lines();
    assert_eq!((all.len(), &*all[200].text), (399, "line 200"));
    let cut = log(numbered(400)).lines();
    assert_eq!(cut.len(), 400);
    assert_eq!(
        texts(&cut[199..202]),
        ["line 199", "1 lines are left out here.", "line 201"],
        "the beginning and the end are there",
    );
    assert_eq!((cut[200].speaker, cut[200].at_ms), (Speaker::Note, 201));
    let cut = log(numbered(10_000)).lines();
    assert_eq!(cut.len(), 400);
    assert_eq!(cut[200].text, "9,601 lines are left out here.");
    assert_eq!(cut.last().unwrap().text, "line 9999");
}

#[test]
fn so_is_the_middle_of_too_many_bytes_and_the_end_of_a_long_line() {
    let log = log((0..1000).map(|_| vec![b'x'; 10_000]));
    let bytes: usize = log.lines().iter().map(|line| line.text.len()).sum();
    assert!(bytes > 31_000 && bytes <= 32 * 1024, "{bytes}");
    let lines = log.lines();
    assert_eq!(lines[0].text, "x".repeat(600) + "…");
    assert_eq!(lines.len(), 27 + 1 + 27);
    let at_limit = super::tests::log([vec![b'x'; 600]].into_iter()).lines();
    assert_eq!(at_limit[0].text, "x".repeat(600));
}

#[test]
fn whatever_came_is_one_line_of_text() {
    let lines = log([b"a\x1b[2J\x00\r\xff\xc3\xa4".to_vec()].into_iter()).lines();
    assert_eq!(lines[0].text, "a.[2J..\u{fffd}ä");
}

#[test]
fn numbers_are_grouped() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (23_456, "23,456"),
        (1_234_567, "1,234,567"),
        (u64::MAX, "18,446,744,073,709,551,615"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

/// A store that takes its time when it is told to.
struct Store {
    kept: Mutex<Vec<Vec<FinishedSession>>>,
    turns: Semaphore,
    asked: Notify,
}

impl Sessions for Store {
    fn keep_sessions(
        &self,
        sessions: Vec<FinishedSession>,
    ) -> BoxFuture<'_, tipoff_spool::Result<Vec<Option<i64>>>> {
        Box::pin(async move {
            self.asked.notify_one();
            self.turns.acquire().await.unwrap().forget();
            let devices = sessions.iter().map(|session| Some(session.id * 10)).collect();
            self.kept.lock().unwrap().push(sessions);
            Ok(devices)
        })
    }

    fn last_session(&self) -> BoxFuture<'_, tipoff_spool::Result<i64>> {
        Box::pin(async { Ok(41) })
    }

    fn sessions(
        &self,
        _filter: SessionFilter,
    ) -> BoxFuture<'_, tipoff_spool::Result<Vec<SessionLine>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn session(&self, _id: i64) -> BoxFuture<'_, tipoff_spool::Result<Option<SessionDetail>>> {
        Box::pin(async { Ok(None) })
    }
}

async fn scene(turns: usize) -> (Arc<Store>, Transcripts) {
    let store = Arc::new(Store {
        kept: Mutex::default(),
        turns: Semaphore::new(turns),
        asked: Notify::new(),
    });
    let metrics = Arc::new(Metrics::new());
    let transcripts =
        Transcripts::open(Arc::clone(&store) as _, metrics, Clock::system()).await.unwrap();
    (store, transcripts)
}

fn peer(last: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(last))
}

fn stored(arrival: i64) -> Stored {
    Stored {
        arrival: ArrivalId(arrival),
        incident: IncidentId(3),
        joined: false,
        channels: Vec::new(),
    }
}

#[tokio::test]
async fn a_session_is_seen_while_it_is_open_on_its_way_and_then_kept() {
    let (store, transcripts) = scene(0).await;
    let mut events = transcripts.subscribe();
    let record = transcripts.begin(Protocol::Ftp, peer(1));
    record.replied(b"220 ready\r\n");
    record.received("USER yard");
    record.replied(b"250-one\r\n250 two\r\n");
    record.logged_in("yard");
    record.stored(&stored(7), false);
    let open = transcripts.open_sessions();
    assert_eq!((open.len(), open[0].id, open[0].outcome), (1, 42, SessionOutcome::Open));
    let lines = transcripts.read(42).unwrap().lines;
    let expected =
        ["220 ready", "USER yard", "250-one", "250 two", "Stored as arrival 7 of incident 3."];
    assert_eq!(texts(&lines), expected);
    drop(record);
    assert!(transcripts.open_sessions().is_empty());
    let ended = transcripts.read(42).unwrap();
    assert_eq!((ended.line.outcome, ended.lines), (SessionOutcome::Delivered, lines));
    // It stays in sight while the spool takes its time.
    let writing = tokio::spawn({
        let transcripts = transcripts.clone();
        async move { transcripts.flush().await }
    });
    store.asked.notified().await;
    assert!(transcripts.read(42).is_some());
    store.turns.add_permits(1);
    writing.await.unwrap();
    assert!(transcripts.read(42).is_none());
    let kept = store.kept.lock().unwrap()[0].remove(0);
    assert_eq!((kept.id, kept.login.as_deref()), (42, Some("yard")));
    assert_eq!((texts(&kept.lines), kept.arrivals), (expected.to_vec(), vec![ArrivalId(7)]));
    let begun = events.recv().await.unwrap();
    assert_eq!((begun.id, begun.peer, begun.device, begun.ended), (42, peer(1), None, false));
    let ended = events.recv().await.unwrap();
    assert_eq!((ended.id, ended.device, ended.ended), (42, Some(420), true));
}

#[tokio::test]
async fn the_latest_problem_counts_unless_it_was_solved() {
    let (store, transcripts) = scene(1).await;
    let refused = || SessionProblem::LoginRefused {
        user: "cam".to_owned(),
        user_known: false,
        outside: None,
    };
    let play =
        |part: &dyn Fn(&TranscriptRecorder)| part(&transcripts.begin(Protocol::Smtp, peer(1)));
    play(&|_| {});
    play(&|record| record.problem(refused()));
    play(&|record| {
        record.problem(refused());
        record.logged_in("cam");
    });
    play(&|record| {
        record.problem(SessionProblem::DiskFull);
        record.logged_in("cam");
    });
    play(&|record| {
        record.problem(SessionProblem::TooBig);
        record.stored(&stored(1), false);
    });
    play(&|record| {
        record.stored(&stored(1), false);
        record.stored(&stored(2), true);
    });
    play(&|record| record.tls_failed(TlsFault::TooOld));
    transcripts.flush().await;
    let kept = store.kept.lock().unwrap().remove(0);
    let outcomes: Vec<_> = kept.iter().map(|session| session.outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        ["nothing", "login_refused", "nothing", "failed", "delivered", "torn", "tls_failed"]
    );
    assert_eq!(kept[1].login.as_deref(), Some("cam"));
    assert!(kept[1].hint.as_ref().unwrap().contains("no device has this user"));
    assert_eq!(kept[2].hint, None);
    assert_eq!(kept[5].arrivals, [ArrivalId(1), ArrivalId(2)]);
}

#[tokio::test]
async fn of_a_flood_the_newest_of_each_address_stays() {
    let (store, transcripts) = scene(2).await;
    let end = |address| transcripts.begin(Protocol::Smtp, peer(address)).0.opening.id;
    let quiet = end(7);
    let mut last = 0;
    for _ in 0..10_000 {
        last = end(1);
    }
    transcripts.flush().await;
    let kept = store.kept.lock().unwrap().remove(0);
    assert!(kept.len() <= 256, "{}", kept.len());
    assert!(kept.iter().any(|session| session.id == quiet));
    assert_eq!(kept.last().unwrap().id, last);
    assert!(kept.is_sorted_by_key(|session| session.id));
    // From as many addresses, the newest.
    for address in 0..10_000 {
        last = end(address);
    }
    transcripts.flush().await;
    let kept = store.kept.lock().unwrap().remove(0);
    assert!(kept.len() <= 256 && kept.last().unwrap().id == last);
}

#[tokio::test]
async fn thousands_of_long_sessions_share_what_transcripts_may_hold() {
    let (_store, transcripts) = scene(0).await;
    let sessions: Vec<TranscriptRecorder> = (0..3_000)
        .map(|number| {
            let record = transcripts.begin(Protocol::Smtp, peer(number));
            for _ in 0..60 {
                record.received(&"x".repeat(600));
            }
            record.received("the last line");
            record
        })
        .collect();
    let held = || sessions[0].0.shared.held_bytes.load(Ordering::Relaxed);
    assert!(held() < ALL_BYTES_MAX + 3_000 * 4 * SCARCE_BYTES, "{}", held());
    let lines = sessions[2_999].0.detail().lines;
    assert_eq!(lines.last().unwrap().text, "the last line");
    assert!(lines.iter().any(|line| line.text.contains("left out")), "{lines:?}");
    let shared = Arc::clone(&sessions[0].0.shared);
    drop(sessions);
    assert_eq!(shared.held_bytes.load(Ordering::Relaxed), 0);
}
