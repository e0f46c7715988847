use super::*;

fn peer(number: u8) -> IpAddr {
    IpAddr::from([192, 168, 1, number])
}

fn claim<'a>(peer: IpAddr, user: &'a str, secret: Option<&'a str>) -> Claim<'a> {
    Claim { peer, user, secret, is_known: false }
}

/// Guesses of one address: how many are looked at, each with another password.
fn looked_at(throttle: &LoginThrottle, from: IpAddr, tries: u32, now: Instant) -> usize {
    let guess = |number: u32| {
        let secret = format!("guess {number} of {from} {now:?}");
        let attempt =
            throttle.enter_within(claim(from, "front", Some(&secret)), now, Duration::ZERO);
        attempt.map(Attempt::failed).is_ok()
    };
    (0..tries).filter(|number| guess(*number)).count()
}

#[test]
fn tries_at_once_are_counted_before_any_is_looked_at() {
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    let under_way: Vec<Attempt> = (0..200)
        .filter_map(|number| {
            let secret = number.to_string();
            throttle.enter_within(claim(peer(1), "", Some(&secret)), now, Duration::ZERO).ok()
        })
        .collect();
    assert_eq!(under_way.len(), FREE as usize);
    assert_eq!(looked_at(&throttle, peer(2), 200, now), FREE as usize, "another address");
}

#[test]
fn a_guesser_becomes_ever_slower_and_is_forgiven_in_the_end() {
    let (throttle, mut now) = (LoginThrottle::default(), Instant::now());
    let mut count = 0;
    for _ in 0..3_600 {
        count += looked_at(&throttle, peer(1), 20, now);
        now += Duration::from_secs(1);
    }
    assert!((60..90).contains(&count), "{count} in an hour");
    now += FORGET * TIMES_MAX;
    assert_eq!(looked_at(&throttle, peer(1), 20, now), FREE as usize);
}

#[test]
fn a_reply_waits_a_little_and_only_a_few_do() {
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    assert_eq!(looked_at(&throttle, peer(1), 20, now), FREE as usize);
    let waiting = throttle.enter_at(claim(peer(1), "good", None), now).ok().unwrap();
    assert_eq!(waiting.wait(), PAUSE);
    let further: Vec<_> =
        (0..100).filter_map(|_| throttle.enter_at(claim(peer(1), "x", None), now).ok()).collect();
    assert!(further.len() < WAITING_MAX as usize, "{}", further.len());
    drop((waiting, further));
    let table = throttle.lock();
    assert!(table.addresses.values().all(|tries| tries.waiting == 0));
}

#[test]
fn an_old_password_that_is_tried_again_and_again_locks_nobody_out() {
    let (throttle, mut now) = (LoginThrottle::default(), Instant::now());
    for _ in 0..1_000 {
        let old = throttle.enter_at(claim(peer(1), "garage", Some("old")), now).ok().unwrap();
        assert_eq!(old.wait(), Duration::ZERO);
        old.failed();
        now += Duration::from_secs(10);
    }
    let good = throttle.enter_at(claim(peer(1), "front", Some("right")), now).ok().unwrap();
    assert_eq!(good.wait(), Duration::ZERO);
    good.succeeded();
    // The owner corrects the configuration instead of the camera: it is right from now on.
    throttle.enter_at(claim(peer(1), "garage", Some("old")), now).ok().unwrap().succeeded();
}

#[test]
fn who_succeeded_at_an_address_gets_in_whatever_others_try_there() {
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    throttle.enter_at(claim(peer(1), "front@x", Some("right")), now).ok().unwrap().succeeded();
    assert_eq!(looked_at(&throttle, peer(1), 20, now), FREE as usize + TRUSTED_BURST as usize);
    let other = |name| throttle.enter_within(claim(peer(1), name, Some("b")), now, Duration::ZERO);
    assert!(other("back").is_err());
    let later = now + Duration::from_secs(6);
    let good = throttle.enter_at(claim(peer(1), "FRONT", Some("right")), later).ok().unwrap();
    assert_eq!(good.wait(), Duration::ZERO);
    assert!(
        throttle
            .enter_at(claim(peer(2), "front", Some("right")), now)
            .is_ok_and(|it| it.is_counted),
        "elsewhere it is a try like any other",
    );
}

#[test]
fn a_success_does_not_forgive_the_guesses_of_others() {
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    let mut count = 0;
    for number in 0..100_u64 {
        count += looked_at(&throttle, peer(1), 3, now + Duration::from_millis(number));
        if let Ok(own) = throttle.enter_now(claim(peer(1), "own", Some("right"))) {
            own.succeeded();
        }
    }
    assert!(count <= FREE as usize, "{count}");
}

#[test]
fn many_addresses_together_are_bounded_and_leave_a_place_for_a_new_one() {
    let (throttle, mut now) = (LoginThrottle::default(), Instant::now());
    let mut count = 0;
    for _ in 0..600 {
        for number in 0..254 {
            count += looked_at(&throttle, peer(number), 2, now);
        }
        now += Duration::from_secs(1);
    }
    // The first tries of 254 addresses, of which each forgets one in two minutes, and what all share.
    let first = 254 * (FIRST as usize + 600 / FORGET.as_secs() as usize);
    let bound = first as f64 + 2.0 * ALL_BURST + 2.0 * 600.0 * ALL_PER_SECOND;
    assert!(count as f64 <= bound, "{count} of {bound}");
    assert!(throttle.enter_at(claim(peer(255), "front", Some("right")), now).is_ok());
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    for number in 0..=254 {
        looked_at(&throttle, peer(number), 100, now);
    }
    assert!(throttle.enter_at(claim(peer(255), "front", Some("right")), now).is_ok());
    let known = Claim { is_known: true, ..claim(peer(255), "front", Some("right")) };
    assert!(throttle.enter_at(known, now).is_ok());
}

#[test]
fn addresses_of_one_network_are_one_and_the_table_is_bounded() {
    let (throttle, now) = (LoginThrottle::default(), Instant::now());
    let host = |number: u32| format!("2001:db8::{number:x}").parse().unwrap();
    let count: usize = (1..100).map(|number| looked_at(&throttle, host(number), 1, now)).sum();
    assert_eq!(count, FREE as usize);
    throttle.enter_at(claim(peer(9), "front", Some("right")), now).ok().unwrap().succeeded();
    for number in 0..ADDRESSES_MAX * 2 {
        let from = IpAddr::V4(u32::try_from(number).unwrap().into());
        let _ = throttle.enter_at(claim(from, "x", None), now + Duration::from_secs(1));
    }
    let table = throttle.lock();
    assert!(table.addresses.len() <= ADDRESSES_MAX);
    assert!(table.addresses[&peer(9)].succeeded.contains("front"), "not forgotten for strangers");
}
