use super::*;

fn v4(number: u8) -> IpAddr {
    IpAddr::from([192, 168, 1, number])
}

fn connections(total: usize, per_address: usize) -> ConnectionLimiter {
    let limits = ConnectionLimits { total, per_address, ceiling: usize::MAX, newest_wins: false };
    ConnectionLimiter::new(limits, Arc::default())
}

fn is_evicted(permit: &ConnectionPermit) -> bool {
    permit.handle.entry.evicted.is_cancelled()
}

/// Makes the order of silence certain.
fn active_at(permit: &ConnectionPermit, ms: u64) {
    permit.handle.entry.active_at_ms.store(ms, Ordering::Relaxed);
}

#[test]
fn an_address_fills_its_own_places_and_not_those_of_others() {
    let connections = connections(3, 2);
    let first = connections.admit(v4(20)).ok().unwrap();
    let second = connections.admit(v4(20)).ok().unwrap();
    assert_eq!(connections.admit(v4(20)).err(), Some(LimitExceeded::PerAddress));
    let other = connections.admit(v4(21)).ok().unwrap();
    let same = connections.admit(v4(21)).ok().unwrap();
    assert!(is_evicted(&first) ^ is_evicted(&second), "they had more");
    let third = connections.admit(v4(22)).ok().unwrap();
    assert!(is_evicted(&other) ^ is_evicted(&same), "now these have");
    assert_eq!(connections.admit(v4(22)).err(), Some(LimitExceeded::Total), "all have one");
    drop((first, second));
    assert!(connections.admit(v4(20)).is_ok());
    drop(third);
}

#[test]
fn other_limits_count_those_who_are_there() {
    let connections = connections(3, 2);
    let first = connections.admit(v4(20)).ok().unwrap();
    let narrow = connections.with(3, 1);
    assert_eq!(narrow.admit(v4(20)).err(), Some(LimitExceeded::PerAddress));
    let _other = narrow.admit(v4(21)).ok().unwrap();
    assert_eq!(connections.with(2, 2).admit(v4(20)).err(), Some(LimitExceeded::Total));
    drop(first);
    assert!(narrow.admit(v4(20)).is_ok());
}

#[test]
fn the_longest_silent_connection_of_the_greediest_gives_way_but_none_in_a_transfer() {
    let connections = connections(4, 3);
    let camera = connections.admit(v4(9)).ok().unwrap();
    active_at(&camera, 0);
    let greedy: Vec<ConnectionPermit> =
        (0..3).map(|_| connections.admit(v4(20)).ok().unwrap()).collect();
    for (permit, ms) in greedy.iter().zip([3, 1, 2]) {
        active_at(permit, ms);
    }
    greedy[1].handle().set_busy(true);
    let second = connections.admit(v4(21)).ok().unwrap();
    assert!(
        is_evicted(&greedy[2]),
        "the other one is busy, and the camera is alone at its address"
    );
    greedy[0].handle().set_busy(true);
    second.handle().set_busy(true);
    camera.handle().set_busy(true);
    let third = connections.admit(v4(22)).ok().unwrap();
    assert!(is_evicted(&greedy[1]), "all are busy: the one that is quiet for longest");
    assert!(
        !is_evicted(&greedy[0])
            && !is_evicted(&camera)
            && !is_evicted(&second)
            && !is_evicted(&third)
    );
    assert_eq!(
        connections.admit(v4(22)).err(),
        Some(LimitExceeded::Total),
        "all have the same now"
    );
}

#[test]
fn strangers_cannot_use_the_reserve_and_known_devices_go_first() {
    let known = Arc::new(KnownAddresses::default());
    known.proven("front", v4(9));
    let limits =
        ConnectionLimits { total: 8, per_address: 8, ceiling: usize::MAX, newest_wins: false };
    let connections = ConnectionLimiter::new(limits, known);
    let strangers: Vec<ConnectionPermit> =
        (20..26).map(|number| connections.admit(v4(number)).ok().unwrap()).collect();
    assert_eq!(connections.admit(v4(20)).err(), Some(LimitExceeded::Total), "two are reserved");
    let camera: Vec<ConnectionPermit> =
        (0..8).map(|_| connections.admit(v4(9)).ok().unwrap()).collect();
    assert!(strangers.iter().all(is_evicted), "for a known device strangers go");
    assert!(!camera.iter().any(is_evicted));
    assert_eq!(connections.admit(v4(30)).err(), Some(LimitExceeded::Total));
}

#[test]
fn who_proves_itself_is_a_stranger_no_more() {
    let connections = connections(2, 2);
    let camera = connections.admit(v4(9)).ok().unwrap();
    let _second = connections.admit(v4(9)).ok().unwrap();
    camera.handle().mark_known();
    camera.handle().mark_known();
    active_at(&camera, 0);
    let _other = connections.admit(v4(20)).ok().unwrap();
    assert!(!is_evicted(&camera));
    assert_eq!(lock(&connections.table).strangers, 1);
    drop(camera);
    assert_eq!(lock(&connections.table).strangers, 1);
    assert_eq!(lock(&connections.table).total, 1);
}

#[test]
fn an_ipv6_network_is_one_address_in_which_each_host_has_its_share() {
    let connections = connections(10, 4);
    let at = |host: &str| format!("2001:db8:0:1::{host}").parse::<IpAddr>().unwrap();
    let hosts: Vec<ConnectionPermit> = ["a", "a", "a", "b"]
        .into_iter()
        .map(|host| connections.admit(at(host)).ok().unwrap())
        .collect();
    assert_eq!(connections.admit(at("a")).err(), Some(LimitExceeded::PerAddress));
    let _camera = connections.admit(at("c")).ok().unwrap();
    assert_eq!(hosts.iter().filter(|permit| is_evicted(permit)).count(), 1);
    assert!(!is_evicted(&hosts[3]), "the one that has least keeps its permit");
    assert_eq!(lock(&connections.table).networks.len(), 1);
    assert!(connections.admit("2001:db8:0:2::1".parse().unwrap()).is_ok());
}

#[test]
fn where_the_newest_wins_an_address_only_displaces_its_own() {
    let limits =
        ConnectionLimits { total: 4, per_address: 2, ceiling: usize::MAX, newest_wins: true };
    let connections = ConnectionLimiter::new(limits, Arc::default());
    let first = connections.admit(v4(20)).ok().unwrap();
    let second = connections.admit(v4(20)).ok().unwrap();
    active_at(&second, 1);
    active_at(&first, 2);
    let other = connections.admit(v4(21)).ok().unwrap();
    let _third = connections.admit(v4(20)).ok().unwrap();
    assert!(is_evicted(&second) && !is_evicted(&first) && !is_evicted(&other));
}

#[test]
fn those_who_leave_are_bounded_and_forgotten_when_they_are_gone() {
    let connections = connections(LEAVING_MAX + 10, LEAVING_MAX + 10);
    let mut permits: Vec<ConnectionPermit> =
        (0..LEAVING_MAX + 10).map(|_| connections.admit(v4(1)).ok().unwrap()).collect();
    let mut newcomers = Vec::new();
    for number in 0..LEAVING_MAX {
        let peer = IpAddr::V4((u32::try_from(number).unwrap() + 1_000).into());
        newcomers.push(connections.admit(peer).ok().unwrap());
    }
    let next = IpAddr::V4(99.into());
    assert_eq!(connections.admit(next).err(), Some(LimitExceeded::Total));
    permits.retain(|permit| !is_evicted(permit));
    assert!(connections.admit(next).is_ok());
    drop((permits, newcomers));
    let table = lock(&connections.table);
    assert_eq!((table.total, table.leaving, table.strangers), (0, 0, 0));
    assert!(table.by_address.is_empty() && table.networks.is_empty());
}

#[test]
fn the_system_s_open_files_are_a_ceiling() {
    let limits = ConnectionLimits { total: 100, per_address: 100, ceiling: 2, newest_wins: false };
    let connections = ConnectionLimiter::new(limits, Arc::default());
    let _two = (connections.admit(v4(1)).ok().unwrap(), connections.admit(v4(1)).ok().unwrap());
    assert_eq!(connections.admit(v4(1)).err(), Some(LimitExceeded::Total));
    assert_eq!(connections.with(50, 50).admit(v4(1)).err(), Some(LimitExceeded::Total));
}

#[tokio::test]
async fn where_open_files_are_few_a_newcomer_waits_until_those_that_gave_way_are_gone() {
    let limits = ConnectionLimits { total: 100, per_address: 100, ceiling: 4, newest_wins: false };
    let connections = ConnectionLimiter::new(limits, Arc::default());
    let mut greedy: Vec<ConnectionPermit> =
        (0..4).map(|_| connections.admit(v4(20)).ok().unwrap()).collect();
    connections.wait_for_file().await;
    let _newcomer = connections.admit(v4(21)).ok().unwrap();
    let mut waiting = std::pin::pin!(connections.wait_for_file());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    greedy.retain(|permit| !is_evicted(permit));
    assert!(futures_util::poll!(waiting).is_ready());
}
