use tokio::net::TcpSocket;

use super::free_ports::{ENDABLE_AFTER, IDLE_MAX, bind};
use super::*;

const LOCAL: [u8; 4] = [127, 0, 0, 1];

fn lessee(last: u8, is_known: bool) -> Lessee {
    Lessee { peer: IpAddr::from([127, 0, 9, last]), is_known, on_stranger: Arc::new(|_| {}) }
}

fn local() -> SocketAddr {
    SocketAddr::from((LOCAL, 0))
}

/// A range of ports that are free now.
fn range(count: u16) -> RangeInclusive<u16> {
    loop {
        let given = bind(local()).unwrap().local_addr().unwrap().port();
        let range = given..=given.saturating_add(count - 1);
        let free = |port| bind(SocketAddr::from((LOCAL, port))).is_ok();
        if given < u16::MAX - count && range.clone().skip(1).all(free) {
            return range;
        }
    }
}

async fn connect(last: u8, port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 9, last], 0))).unwrap();
    socket.connect(SocketAddr::from((LOCAL, port))).await.unwrap()
}

async fn is_closed(socket: &TcpStream) -> bool {
    socket.readable().await.unwrap();
    matches!(socket.try_read(&mut [0]), Ok(0) | Err(_))
}

#[tokio::test]
async fn one_port_serves_many_addresses_and_each_connection_its_own() {
    let (ports, range) = (PortLeases::default(), range(1));
    let mut leases = Vec::new();
    for last in 1..=100 {
        leases.push(ports.lease(local(), &range, &lessee(last, false)).await.unwrap());
    }
    let port = leases[0].port();
    assert!(leases.iter().all(|lease| lease.port() == port));
    let stranger = connect(200, port).await;
    assert!(is_closed(&stranger).await, "it has no lease");
    for last in [7, 3, 100] {
        let socket = connect(last, port).await;
        let lease = &mut leases[usize::from(last) - 1];
        let accepted = lease.connection().await.unwrap();
        assert_eq!(accepted.peer_addr().unwrap(), socket.local_addr().unwrap());
        let second = connect(last, port).await;
        assert!(is_closed(&second).await, "its lease is used");
    }
}

#[tokio::test]
async fn the_connection_of_a_lease_that_was_given_up_does_not_reach_the_next_one() {
    let (ports, range) = (PortLeases::default(), range(4));
    let device = Lessee { peer: LOCAL.into(), ..lessee(1, true) };
    let connect = |port| {
        let socket = std::net::TcpStream::connect((IpAddr::from(LOCAL), port)).unwrap();
        socket.set_nonblocking(true).unwrap();
        TcpStream::from_std(socket).unwrap()
    };
    let aborted = ports.lease(local(), &range, &device).await.unwrap();
    // The system has accepted it; the server has not, because nothing was awaited since.
    let late = connect(aborted.port());
    drop(aborted);
    let mut next = ports.lease(local(), &range, &device).await.unwrap();
    let socket = connect(next.port());
    let accepted = next.connection().await.unwrap();
    assert_eq!(accepted.peer_addr().unwrap(), socket.local_addr().unwrap());
    assert!(is_closed(&late).await);
}

#[tokio::test]
async fn a_device_that_asks_for_ports_again_and_again_binds_few() {
    let (ports, range, device) = (PortLeases::default(), range(20), lessee(1, true));
    let mut leased = std::collections::HashSet::new();
    for _ in 0..50 {
        leased.insert(ports.lease(local(), &range, &device).await.unwrap().port());
    }
    assert_eq!(leased.len(), super::free_ports::LATE_PORTS_MAX);
}

#[tokio::test]
async fn the_only_port_is_leased_again_at_once() {
    let (ports, range, device) = (PortLeases::default(), range(1), lessee(1, true));
    for _ in 0..3 {
        let mut lease = ports.lease(local(), &range, &device).await.unwrap();
        assert_eq!(lease.port(), *range.start());
        let _socket = connect(1, lease.port()).await;
        lease.connection().await.unwrap();
    }
    drop(ports.lease(local(), &range, &device).await.unwrap());
    assert_eq!(ports.lease(local(), &range, &device).await.unwrap().port(), *range.start());
}

#[tokio::test]
async fn sessions_of_one_address_have_different_ports() {
    let (ports, range) = (PortLeases::default(), range(4));
    let device = lessee(1, true);
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(ports.lease(local(), &range, &device).await.unwrap());
    }
    let mut numbers: Vec<u16> = leases.iter().map(Lease::port).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, range.clone().collect::<Vec<u16>>());
    // A lease that ends while another session waits for one.
    let (next, ()) = tokio::join!(ports.lease(local(), &range, &device), async {
        drop(leases.remove(0));
    });
    assert!(numbers.contains(&next.unwrap().port()));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_idle_lease_of_an_address_is_ended_when_it_is_old_enough() {
    let (ports, range) = (PortLeases::default(), range(2));
    let device = lessee(1, false);
    let other = lessee(2, false);
    let _other = ports.lease(local(), &range, &other).await.unwrap();
    let mut active = ports.lease(local(), &range, &device).await.unwrap();
    active.activate();
    let mut oldest = ports.lease(local(), &range, &device).await.unwrap();
    let began = Instant::now();
    let newest = ports.lease(local(), &range, &device).await.unwrap();
    assert!(began.elapsed() >= ENDABLE_AFTER && began.elapsed() < WAIT_MAX);
    assert_eq!(newest.port(), oldest.port());
    assert!(oldest.connection().await.is_err(), "its port is another session's");
    drop(oldest);
    assert_eq!(ports.table().count(device.peer), 2, "what it had ended before");
    assert_eq!(ports.table().count(other.peer), 1);
    // When no idle one is left, one that no connection came to gives way.
    newest.activate();
    let _next = ports.lease(local(), &range, &device).await.unwrap();
    assert!(active.connection().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_used_ends() {
    let (ports, range) = (PortLeases::default(), range(1));
    let device = lessee(1, false);
    let mut lease = ports.lease(local(), &range, &device).await.unwrap();
    sleep(IDLE_MAX).await;
    assert!(lease.connection().await.is_err());
    assert_eq!(ports.table().count(device.peer), 0);
    drop(lease);
    sleep(LINGER * 3).await;
    assert!(ports.table().bound.is_empty(), "and its port is closed");
    assert!(bind(SocketAddr::from((LOCAL, *range.start()))).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_known_device_has_a_reserve_behind_the_address_of_a_stranger() {
    let (ports, range) = (PortLeases::default(), range(4));
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(ports.lease(local(), &range, &lessee(1, false)).await.unwrap());
    }
    let began = Instant::now();
    let known = ports.lease(local(), &range, &lessee(1, true)).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!strangers.iter().map(Lease::port).any(|port| port == known.port()));
    // A stranger takes nothing from it, only from strangers.
    sleep(ENDABLE_AFTER).await;
    let stranger = ports.lease(local(), &range, &lessee(1, false)).await.unwrap();
    assert_ne!(stranger.port(), known.port());
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_share_what_one_may_have() {
    let (ports, range) = (PortLeases::default(), range(4));
    let device =
        |address: &str, is_known| Lessee { peer: address.parse().unwrap(), ..lessee(0, is_known) };
    let mut leases = Vec::new();
    for number in 1..=3 {
        let device = device(&format!("fd00::{number}"), false);
        leases.push(ports.lease(local(), &range, &device).await.unwrap());
    }
    assert_eq!(ports.table().count("fd00::ffff".parse().unwrap()), 3);
    let crowded = ports.try_lease(local(), &range, &device("fd00::4", false));
    assert!(matches!(crowded, Err(Refused::OwnShareUsed)));
    assert!(ports.try_lease(local(), &range, &device("fd00:0:0:1::4", false)).is_ok());
    assert!(ports.try_lease(local(), &range, &device("fd00::4", true)).is_ok());
}

#[tokio::test]
async fn only_ports_of_the_range_are_taken_and_then_none_is_left() {
    let (ports, range) = (PortLeases::default(), range(1));
    let taken = bind(SocketAddr::from((LOCAL, *range.start()))).unwrap();
    assert!(ports.lease(local(), &range, &lessee(1, false)).await.is_err());
    drop(taken);
    let lease = ports.lease(local(), &range, &lessee(1, false)).await.unwrap();
    assert!(range.contains(&lease.port()));
}
