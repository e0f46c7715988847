//! Whoever guesses passwords is slow on all ports together, and keeps nobody else from logging in.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use base64::Engine as _;

use crate::harness::{Client, Home, Server};
use crate::hostile::{connect_from, from, peak_memory_mb};

const CONFIGURATION: &str = "[access]\nrequire_login = true\n\
    [[device]]\nname = \"Front\"\nuser = \"front\"\npassword = \"a long secret\"\n";

/// How a try was answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Right,
    Wrong,
    NotLookedAt,
}

fn plain(user: &str, password: &str) -> String {
    let response = format!("\0{user}\0{password}");
    format!("AUTH PLAIN {}", base64::engine::general_purpose::STANDARD.encode(response))
}

fn by_smtp(server: &Server, source: Ipv4Addr, user: &str, password: &str) -> Answer {
    let mut client = Client::over(connect_from(source, server.smtp[0]));
    client.must("EHLO camera", "250");
    match client.say(&plain(user, password)).split(' ').next().unwrap() {
        "235" => Answer::Right,
        "535" => Answer::Wrong,
        "454" => Answer::NotLookedAt,
        other => panic!("{other}"),
    }
}

fn by_ftp(server: &Server, source: Ipv4Addr, user: &str, password: &str) -> Answer {
    let mut client = Client::over(connect_from(source, server.ftp[0]));
    client.must(&format!("USER {user}"), "331");
    match client.say(&format!("PASS {password}")).split(' ').next().unwrap() {
        "230" => Answer::Right,
        "530" => Answer::Wrong,
        "421" => Answer::NotLookedAt,
        other => panic!("{other}"),
    }
}

fn status(address: SocketAddr, source: Ipv4Addr, request: &str) -> u16 {
    let mut socket = connect_from(source, address);
    socket.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

fn by_page(server: &Server, source: Ipv4Addr, password: &str) -> Answer {
    let form = format!("password={password}");
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len(),
    );
    match status(server.http, source, &request) {
        303 => Answer::Right,
        403 => Answer::Wrong,
        429 => Answer::NotLookedAt,
        other => panic!("{other}"),
    }
}

fn by_token(server: &Server, source: Ipv4Addr, token: &str) -> u16 {
    let request = format!(
        "GET /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n",
    );
    status(server.http, source, &request)
}

#[test]
fn guesses_on_all_ports_count_together() {
    let home = Home::new(CONFIGURATION);
    let server = home.start();
    let began = Instant::now();
    let attacker = from(66);
    let (mut looked_at, mut tries) = (0, 0);
    for number in 0..40 {
        let guess = format!("guess-{number}");
        let answers = [
            by_smtp(&server, attacker, "front", &guess),
            by_ftp(&server, attacker, "front", &format!("{guess}-ftp")),
            by_page(&server, attacker, &guess),
        ];
        assert!(!answers.contains(&Answer::Right));
        looked_at += answers.iter().filter(|answer| **answer == Answer::Wrong).count();
        tries += answers.len();
    }
    // Five for free, and then with growing pauses.
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!(looked_at <= 7 + seconds / 2, "{looked_at} of {tries} in {seconds} s");
    assert_eq!(by_token(&server, attacker, "tip_0123456789"), 429);
    // Others notice nothing of it.
    let began = Instant::now();
    assert_eq!(by_smtp(&server, from(1), "front", "a long secret"), Answer::Right);
    assert_eq!(by_ftp(&server, from(1), "front", "a long secret"), Answer::Right);
    assert!(began.elapsed() < Duration::from_secs(2));
    let log = server.log();
    let lines = log.matches("login failed").count() + log.matches("login to the dashboard").count();
    assert!((1..=3).contains(&lines), "{log}");
    server.stop();
}

#[test]
fn parallel_guesses_are_counted_before_they_are_checked() {
    let home = Home::new(CONFIGURATION);
    let server = home.start();
    let link = server.setup_link();
    let (_, key) = link.split_once("key=").unwrap();
    let form = format!("key={key}&password=correct-horse");
    let set_up = format!(
        "POST /setup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len(),
    );
    assert_eq!(status(server.http, from(1), &set_up), 303);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..60)
            .map(|number| {
                let (guess, server) = (format!("guess-{number}"), &server);
                scope.spawn(move || by_page(server, from(66), &guess))
            })
            .collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    let looked_at = answers.iter().filter(|answer| **answer == Answer::Wrong).count();
    assert!((1..=6).contains(&looked_at), "{looked_at}");
    assert_eq!(by_page(&server, from(1), "correct-horse"), Answer::Right, "the owner, elsewhere");
    server.stop();
}

#[test]
fn parallel_guesses_use_the_memory_of_one() {
    let home = Home::new("");
    let server = home.start();
    std::thread::scope(|scope| {
        for attacker in 2..22 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..4 {
                    by_page(server, from(attacker), &format!("guess-{number}"));
                }
            });
        }
    });
    let peak = peak_memory_mb(server.pid());
    assert!(peak < 128, "{peak} MB");
    server.stop();
}

#[test]
fn a_camera_with_an_old_password_keeps_no_other_behind_its_address_out() {
    let home = Home::new(&format!(
        "{CONFIGURATION}[[device]]\nname = \"Garage\"\nuser = \"garage\"\npassword = \"another one\"\n",
    ));
    let server = home.start();
    let began = Instant::now();
    for _ in 0..30 {
        assert_eq!(by_smtp(&server, from(9), "garage", "old"), Answer::Wrong);
        assert_eq!(by_ftp(&server, from(9), "garage", "old"), Answer::Wrong);
    }
    assert_eq!(by_smtp(&server, from(9), "front", "a long secret"), Answer::Right);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Whoever guesses behind the same address does not lock out who succeeded there before.
    for number in 0..20 {
        by_ftp(&server, from(9), "garage", &number.to_string());
    }
    let began = Instant::now();
    assert_eq!(by_smtp(&server, from(9), "front", "a long secret"), Answer::Right);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    server.stop();
}

/// Where any password is taken, a guess is never refused, and is not looked at either.
#[test]
fn guesses_are_slowed_even_if_no_login_is_required() {
    let home = Home::new(&CONFIGURATION.replace("require_login = true", ""));
    let server = home.start();
    let began = Instant::now();
    for number in 0..12 {
        assert_eq!(by_smtp(&server, from(66), "front", &number.to_string()), Answer::Right);
    }
    assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
    // A user that nobody has hides no password.
    let began = Instant::now();
    for number in 0..12 {
        assert_eq!(by_smtp(&server, from(66), "anything", &number.to_string()), Answer::Right);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let log = server.log();
    assert_eq!(log.matches("A login failed").count(), 1, "{log}");
    server.stop();
}
