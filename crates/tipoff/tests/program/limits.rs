//! Every limit of the SMTP receiver, at the limit and beyond, with its reply.

use crate::harness::{Client, Home, PICTURE, Server, mail, send, wait_for};

fn start(smtp: &str) -> (Home, Server) {
    let home = Home::new(&format!("[smtp]\nlisten = [\"127.0.0.1:0\"]\n{smtp}"));
    let server = home.start();
    (home, server)
}

#[test]
fn the_message_size_is_limited_at_size_and_in_data() {
    let (home, server) = start("max_message = \"10 kB\"\n");
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<a@example.com> SIZE=10001", "552 5.3.4");
    client.must("MAIL FROM:<a@example.com> SIZE=10000", "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.send(&[b"a".repeat(9_996), b"\r\n".to_vec()].concat());
    client.must("\r\n.", "250");
    client.must("MAIL FROM:<a@example.com>", "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.send(&[b"a".repeat(9_997), b"\r\n".to_vec()].concat());
    client.must("\r\n.", "552 5.3.4");
    client.must("QUIT", "221");
    // What came of the second one is kept, as torn.
    wait_for("both arrivals", || {
        let incidents = home.incidents();
        let arrivals: i64 = incidents.iter().map(|it| it["arrivals"].as_i64().unwrap()).sum();
        (arrivals == 2).then_some(())
    });
    server.stop();
}

#[test]
fn recipients_line_length_and_errors_have_limits() {
    let (_home, server) = start("max_recipients = 2\nmax_line = 2048\nmax_errors = 3\n");
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<a@example.com>", "250");
    client.must("RCPT TO:<1@example.com>", "250");
    client.must("RCPT TO:<2@example.com>", "250");
    client.must("RCPT TO:<3@example.com>", "452 4.5.3");
    client.must("RSET", "250");
    client.must(&format!("NOOP {}", "a".repeat(2048 - 7)), "250");
    client.must(&format!("NOOP {}", "a".repeat(2048 - 6)), "500");
    client.must("WHAT", "500");
    let mut last = client.say("WHAT");
    if !last.starts_with("421") {
        last = client.say("WHAT");
    }
    assert!(last.starts_with("421"), "{last}");
    assert_eq!(client.hear(), "");
    server.stop();
}

#[test]
fn connections_have_limits_in_total_and_per_address() {
    let (_home, server) = start("max_connections = 3\nmax_connections_per_address = 2\n");
    let address = server.smtp[0];
    let first = Client::connect(address);
    let _second = Client::connect(address);
    assert!(Client::silent(address).hear().starts_with("421 4.7.0"));
    drop(first);
    wait_for("the free place", || Client::silent(address).hear().starts_with("220").then_some(()));
    server.stop();
}

#[test]
fn idle_time() {
    let (_home, server) = start("idle = \"1 s\"\n");
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    assert!(client.hear().starts_with("421 4.4.2"));
    assert_eq!(client.hear(), "");
    server.stop();
}

#[test]
fn a_full_disk_defers_mail() {
    let home = Home::new("[retention]\nmin_free = \"1000000 GB\"\n");
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<a@example.com>", "452 4.3.1");
    client.must("QUIT", "221");
    server.stop();
}

#[test]
fn outside_the_allowed_networks_a_login_is_required_and_sufficient() {
    let home = Home::new(
        "[access]\nnetworks = [\"10.9.8.0/24\"]\nuser = \"front\"\npassword = \"s3cret\"\n",
    );
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<a@example.com>", "530");
    // \0front\0wrong, then \0front\0s3cret
    client.must("AUTH PLAIN AGZyb250AHdyb25n", "535");
    client.must("AUTH PLAIN AGZyb250AHMzY3JldA==", "235");
    client.must("MAIL FROM:<a@example.com>", "250");
    client.must("QUIT", "221");
    server.stop();
}

#[test]
fn listeners_can_be_set_for_firmware_that_needs_it() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\", { address = \"127.0.0.1:0\", ehlo = false }, \
         { address = \"127.0.0.1:0\", auth = false, starttls = false }]\n",
    );
    let server = home.start();
    let mut no_ehlo = Client::connect(server.smtp[1]);
    no_ehlo.must("EHLO camera", "502");
    no_ehlo.must("HELO camera", "250");
    let offered = |address| {
        let mut client = Client::connect(address);
        client.send(b"EHLO camera\r\nNOOP\r\n");
        client.until("250 2.0.0")
    };
    let plain = offered(server.smtp[0]);
    assert!(plain.contains("AUTH") && plain.contains("STARTTLS"), "{plain}");
    let bare = offered(server.smtp[2]);
    assert!(!bare.contains("AUTH") && !bare.contains("STARTTLS"), "{bare}");
    server.stop();
}

#[test]
fn nothing_is_relayed_and_any_recipient_is_accepted() {
    let (home, server) = start("");
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<>", "250");
    client.must("RCPT TO:<someone@elsewhere.example>", "250");
    client.must("QUIT", "221");
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}

#[test]
fn a_login_of_a_device_lets_it_in_and_names_it() {
    let home = Home::new(
        "[access]\nrequire_login = true\n[[device]]\nname = \"Front yard\"\n\
         user = \"front\"\npassword = \"s3cret\"\n",
    );
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    // The device's name with a domain, as some cameras send it: \0front@x.y\0s3cret
    client.must("AUTH PLAIN AGZyb250QHgueQBzM2NyZXQ=", "235");
    client.must("MAIL FROM:<a@example.com>", "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.must("Subject: Motion\r\n\r\nhello\r\n.", "250");
    client.must("QUIT", "221");
    assert_eq!(home.incidents()[0]["device"], "Front yard");
    assert_eq!(home.incidents()[0]["event"], "motion");
    server.stop();
}
