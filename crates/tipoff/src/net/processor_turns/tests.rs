use super::*;

fn peer(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

#[tokio::test]
async fn whoever_waits_is_given_the_turn_that_ends() {
    let turns = Turns::new(1);
    let (mut first, mut second) = (turns.of(peer(1)), turns.of(peer(2)));
    first.take().await;
    let second = tokio::spawn(async move {
        second.take().await;
        second
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    first.pause();
    second.await.unwrap();
    first.take().await;
    assert!(first.turn.is_some());
}

#[tokio::test]
async fn whoever_stops_waiting_keeps_no_turn() {
    let turns = Turns::new(1);
    let mut first = turns.of(peer(1));
    first.take().await;
    for last in 2..5 {
        let mut share = turns.of(peer(last));
        let waiting = tokio::spawn(async move { share.take().await });
        tokio::task::yield_now().await;
        waiting.abort();
    }
    drop(first);
    turns.of(peer(9)).take().await;
}

#[tokio::test]
async fn a_connection_at_work_lets_other_tasks_run() {
    let turns = Turns::new(1);
    let other = tokio::spawn(async {});
    let mut share = turns.of(peer(1));
    share.take().await;
    while share.turn.as_ref().is_some_and(|turn| turn.began.elapsed() < TURN) {
        std::hint::spin_loop();
    }
    assert!(!other.is_finished());
    share.take().await;
    assert!(other.is_finished());
}
