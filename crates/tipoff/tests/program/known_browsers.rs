//! Whoever guesses passwords of the dashboard keeps nobody out who logged in in the same browser before, nor whoever
//! has a link that sets the password.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Home, Server};
use crate::hostile_browser::{Answer, ask};
use crate::users::{OWNER, with_password};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// What a login may take while others guess, on a busy machine. Who is slowed is refused.
const SOON: Duration = Duration::from_secs(6);

/// A browser with its cookies.
#[derive(Default)]
struct Browser(HashMap<String, String>);

impl Browser {
    fn post(&mut self, server: &Server, path: &str, form: &str) -> Answer {
        let cookies: Vec<String> = self.0.iter().map(|(name, it)| format!("{name}={it}")).collect();
        let cookies = format!("Cookie: {}", cookies.join("; "));
        let answer =
            ask(server, &format!("POST {path}"), &["Host: localhost", FORM, &cookies], form);
        for line in answer.all("set-cookie") {
            let (pair, _) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    fn log_in(&mut self, server: &Server, name: &str, password: &str) -> u16 {
        self.post(server, "/login", &format!("name={name}&password={password}")).status
    }

    /// Forgets the login, and not that there was one.
    fn end(&mut self) {
        self.0.remove("tipoff");
    }

    fn known(&self) -> (&String, &String) {
        self.0.iter().find(|(name, _)| name.starts_with("tipoff-known-")).unwrap()
    }
}

/// Does something while somebody at the same address guesses, who has been slowed already.
fn while_guessing(server: &Server, act: impl FnOnce()) {
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (is_over, refused) = (&is_over, &refused);
            scope.spawn(move || {
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    number += 1;
                    let guess = format!("guess-{thread}-{number}");
                    match Browser::default().log_in(server, "owner", &guess) {
                        429 => refused.fetch_add(1, Ordering::Relaxed),
                        status => {
                            assert_eq!(status, 403);
                            0
                        }
                    };
                }
            });
        }
        while refused.load(Ordering::Relaxed) < 40 {
            std::thread::yield_now();
        }
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn a_guesser_at_the_same_address_keeps_no_known_browser_out() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], OWNER);
    let mut owner = Browser::default();
    let first = owner.post(&server, "/login", &format!("name=owner&password={OWNER}"));
    assert_eq!(first.status, 303);
    let known = first.all("set-cookie").into_iter().find(|line| line.contains("known")).unwrap();
    assert!(known.contains("HttpOnly") && known.contains("SameSite=Strict"), "{known}");
    assert!(known.contains("Max-Age=34560000") && !known.contains("Secure"), "{known}");
    // It is no login.
    let (name, value) = owner.known();
    let shown = format!("Cookie: {name}={value}; tipoff={value}");
    let page = ask(&server, "GET /api/v1/incidents", &["Host: localhost", &shown], "");
    assert_eq!(page.status, 401);

    while_guessing(&server, || {
        for _ in 0..20 {
            owner.end();
            let began = Instant::now();
            assert_eq!(owner.log_in(&server, "owner", OWNER), 303);
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        }
        // Only for this user, and only as it was signed.
        let (name, value) = owner.known();
        let (number, signature) = value.split_once('.').unwrap();
        let other = format!("{}.{signature}", "0".repeat(number.len()));
        let of_bert = name.replace("known-1", "known-2");
        for (name, value, user) in
            [(&of_bert, value, "bert"), (name, &other, "owner"), (name, &String::new(), "owner")]
        {
            let mut forged = Browser(HashMap::from([(name.clone(), value.clone())]));
            assert_eq!(forged.log_in(&server, user, OWNER), 429, "{name}={value}");
        }
    });
    server.stop();
}

#[test]
fn a_known_browser_guesses_slowly_until_the_password_changes() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let mut browser = Browser::default();
    assert_eq!(browser.log_in(&server, "owner", OWNER), 303);
    let (began, mut looked_at) = (Instant::now(), 0);
    for number in 0..60 {
        match browser.log_in(&server, "owner", &format!("guess-{number}")) {
            403 => looked_at += 1,
            status => assert_eq!(status, 429),
        }
    }
    let bound = 7 + usize::try_from(began.elapsed().as_secs()).unwrap() / 2;
    assert!((1..=bound).contains(&looked_at), "{looked_at}");
    // Its own tries slow nobody else at the address.
    let mut other = Browser::default();
    assert_eq!(other.log_in(&server, "owner", OWNER), 303);

    with_password(&home, &["password"], "another-horse");
    while_guessing(&server, || {
        assert_eq!(other.log_in(&server, "owner", "another-horse"), 429, "the cookie has ended");
    });
    server.stop();
}

#[test]
fn a_setup_link_works_while_somebody_guesses_at_the_same_address() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    while_guessing(&server, || {
        let mut owner = Browser::default();
        assert_eq!(owner.log_in(&server, "owner", OWNER), 429, "a new browser has to wait");
        let link = server.setup_link();
        let (_, key) = link.split_once("key=").unwrap();
        let wrong = Browser::default().post(&server, "/setup", "key=00&password=another-horse");
        assert!([403, 429].contains(&wrong.status), "{}", wrong.head);
        let began = Instant::now();
        let form = format!("key={key}&password=another-horse");
        assert_eq!(owner.post(&server, "/setup", &form).status, 303);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        owner.end();
        assert_eq!(owner.log_in(&server, "owner", "another-horse"), 303);
    });
    server.stop();
}
