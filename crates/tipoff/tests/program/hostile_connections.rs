//! Whoever opens connections without end keeps no camera out, and costs little.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::harness::{Client, Home, PICTURE, Server, mail, require, send, wait_for};
use crate::hostile::{connect_from, connect_many, from, is_closed, peak_memory_mb};

/// The whole program has no more than this under any attack of strangers, in MB.
const MEMORY_MAX_MB: u64 = 128;
/// A camera gives up later than this.
const WORST: Duration = Duration::from_secs(5);

fn mail_is_stored(server: &Server) {
    let began = Instant::now();
    let reply = send(server.smtp[0], "front@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    assert!(began.elapsed() < WORST, "{:?}", began.elapsed());
}

fn upload_is_stored(server: &Server, name: &str) {
    let began = Instant::now();
    Camera::connect(server.ftp[0], "yard").store(name, PICTURE);
    assert!(began.elapsed() < WORST, "{:?}", began.elapsed());
}

#[test]
fn idle_sessions_of_many_addresses_keep_no_camera_out() {
    let home = Home::new("");
    let server = home.start();
    let mails = connect_many(2..=22, 100, server.smtp[0]);
    let uploads = connect_many(2..=22, 100, server.ftp[0]);
    for number in 0..5 {
        mail_is_stored(&server);
        upload_is_stored(&server, &format!("{number}.jpg"));
    }
    let gone = |sockets: &[std::net::TcpStream]| sockets.iter().filter(|it| is_closed(it)).count();
    // Each newcomer took the place of one, and the few beyond the limit were turned away.
    let (mails, uploads) = (gone(&mails), gone(&uploads));
    assert!((100..200).contains(&mails) && (100..200).contains(&uploads), "{mails} {uploads}");
    let memory = peak_memory_mb(server.pid());
    assert!(memory < MEMORY_MAX_MB, "{memory} MB");
    server.stop();
}

#[test]
fn a_replaced_connection_gets_421() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_connections = 10\n");
    let server = home.start();
    let mut sockets = connect_many(2..=2, 10, server.smtp[0]);
    for socket in &mut sockets {
        let mut greeting = [0; 4];
        socket.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"220 ");
    }
    mail_is_stored(&server);
    for socket in &sockets {
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    }
    let mut said: Vec<String> = vec![String::new(); 10];
    wait_for("the one that goes", || {
        for (socket, said) in sockets.iter_mut().zip(&mut said) {
            let _ = socket.read_to_string(said);
        }
        said.iter().any(|said| said.contains("421")).then_some(())
    });
    let gone: Vec<&String> = said.iter().filter(|said| said.contains("421")).collect();
    assert_eq!(gone.len(), 1, "{said:?}");
    assert!(gone[0].ends_with("421 4.7.0 Too many connections, try again later\r\n"), "{gone:?}");
    server.stop();
}

#[test]
fn half_made_handshakes_keep_no_camera_out_and_cost_little() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n[ftp]\nlisten = [\"ftps://127.0.0.1:0\"]\n",
    );
    let server = home.start();
    let mut sockets = connect_many(2..=22, 100, server.smtp[1]);
    sockets.extend(connect_many(2..=22, 100, server.ftp[0]));
    for socket in &mut sockets {
        // A record with a ClientHello that never ends.
        let _ = socket.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7]);
    }
    let output = Command::new(require("curl"))
        .args([
            "-s",
            "-k",
            "-m",
            "20",
            "--mail-from",
            "a@example.com",
            "--mail-rcpt",
            "b@example.com",
        ])
        .arg("-T")
        .arg(home.put("mail.eml", &mail("Motion", &[PICTURE])))
        .arg(format!("smtps://{}", server.smtp[1]))
        .output()
        .unwrap();
    crate::harness::succeeded(&output);
    mail_is_stored(&server);
    let memory = peak_memory_mb(server.pid());
    assert!(memory < MEMORY_MAX_MB, "{memory} MB");
    server.stop();
}

#[test]
fn endless_connections_from_one_address_delay_nobody() {
    let home = Home::new("");
    let server = home.start();
    let (address, over) = (server.smtp[0], Arc::new(AtomicBool::new(false)));
    let flood = {
        let over = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut kept = std::collections::VecDeque::new();
            let mut count = 0_u32;
            while !over.load(Ordering::Relaxed) {
                kept.push_back(connect_from(from(2), address));
                if kept.len() > 300 {
                    kept.pop_front();
                }
                count += 1;
            }
            count
        })
    };
    for _ in 0..20 {
        mail_is_stored(&server);
    }
    over.store(true, Ordering::Relaxed);
    assert!(flood.join().unwrap() > 300);
    // Such a flood is a line of the log, and not a transcript each.
    let log = server.log();
    assert_eq!(log.matches("A connection was turned away").count(), 1, "{log}");
    server.stop();
    let sessions = home.json(&["sessions", "--limit", "10000", "--json"]);
    let sessions = sessions.as_array().unwrap();
    let of_flood = sessions.iter().filter(|it| it["peer"] == "127.0.0.2").count();
    assert!((1..=120).contains(&of_flood), "{of_flood}");
    assert!(sessions.iter().filter(|it| it["outcome"] == "delivered").count() >= 20);
}

#[test]
fn a_mail_in_progress_is_not_replaced_while_others_are_idle() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_connections = 4\n");
    let server = home.start();
    let mut camera = Client::connect(server.smtp[0]);
    let mut second = Client::connect(server.smtp[0]);
    camera.begin("front@example.com");
    second.begin("back@example.com");
    let _idle = Client::connect(server.smtp[0]);
    let _idle_too = Client::connect(server.smtp[0]);
    // The address with most gives way, first what is idle there.
    let newcomers = connect_many(2..=3, 1, server.smtp[0]);
    let log = || format!("{:?} {:?}", newcomers, server.log());
    camera.send(&mail("Motion", &[PICTURE]));
    assert!(camera.say(".").starts_with("250"), "{}", log());
    second.send(&mail("Motion", &[PICTURE]));
    assert!(second.say(".").starts_with("250"), "{}", log());
    server.stop();
}

/// Strangers that are all in the middle of a mail, at an address each, take all places that strangers may have. Each begins
/// its mail before the next one comes: who is idle gives way, as do connections whose end was not noticed yet.
fn strangers(server: &Server) -> Vec<Client> {
    let clients = (100..=129).map(|number| {
        let mut client = Client::over(connect_from(from(number), server.smtp[0]));
        client.begin(&format!("{number}@example.com"));
        client
    });
    clients.collect()
}

#[test]
fn known_devices_have_reserved_permits_also_after_a_restart() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_connections = 40\n\
         [[device]]\nname = \"Front\"\nuser = \"front\"\npassword = \"a long secret\"\n\
         [[device]]\nname = \"Gate\"\nmatch = { ip = \"127.0.0.251\", from = \"gate@*\" }\n",
    );
    let server = home.start();
    let mut camera = Client::connect(server.smtp[0]);
    camera.must("EHLO camera", "250");
    // \0front\0a long secret
    camera.must("AUTH PLAIN AGZyb250AGEgbG9uZyBzZWNyZXQ=", "235");
    // What only a sender says makes nobody known, and neither does a wrong password.
    let mut stranger = Client::over(connect_from(from(252), server.smtp[0]));
    stranger.must("EHLO camera", "250");
    let mut guesser = Client::over(connect_from(from(250), server.smtp[0]));
    guesser.must("EHLO camera", "250");
    // \0front\0wrong
    guesser.must("AUTH PLAIN AGZyb250AHdyb25n", "235");
    for client in [&mut camera, &mut stranger] {
        client.must("MAIL FROM:<gate@example.com>", "250");
        client.must("RCPT TO:<me@example.com>", "250");
        client.must("DATA", "354");
        client.send(b"Subject: Motion\r\n\r\nx\r\n");
        client.must(".", "250");
    }
    drop((camera, stranger, guesser));
    let check = |server: &Server, turned_away: &[u8]| {
        let strangers = strangers(server);
        for number in turned_away {
            let socket = connect_from(from(*number), server.smtp[0]);
            assert!(Client::silently_over(socket).hear().starts_with("421"), "{number}");
        }
        let _own: Vec<Client> = (0..12).map(|_| Client::connect(server.smtp[0])).collect();
        let _gate = Client::over(connect_from(from(251), server.smtp[0]));
        drop(strangers);
    };
    check(&server, &[250, 252, 253]);
    server.stop();
    let server = home.start();
    check(&server, &[252, 253]);
    server.stop();
}

#[test]
fn few_open_files_do_not_stop_the_server() {
    let home = Home::new("");
    let program = home.command(&["run"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(program.get_args()).stdin(std::process::Stdio::null());
    command.env_remove("TIPOFF_TELEGRAM_TOKEN").env_remove("TIPOFF_TELEGRAM_CHAT");
    let server = Server::start(command);
    let _mails = connect_many(2..=22, 40, server.smtp[0]);
    let _uploads = connect_many(2..=22, 40, server.ftp[0]);
    let _pages = connect_many(2..=22, 40, server.http);
    for number in 0..5 {
        mail_is_stored(&server);
        upload_is_stored(&server, &format!("{number}.jpg"));
        assert_eq!(server.get("/healthz"), "ok\n");
    }
    let log = server.log();
    assert!(log.contains("allows fewer open files"), "{log}");
    assert!(!log.contains("could not be accepted"), "{log}");
    server.stop();
}

/// What a client that names these protocols (ALPN) is answered.
fn by_tls(port: &std::net::SocketAddr, protocols: &str, starttls: Option<&str>) -> String {
    let mut command = Command::new(require("openssl"));
    command.args(["s_client", "-connect", &port.to_string(), "-alpn", protocols]);
    if let Some(protocol) = starttls {
        command.args(["-starttls", protocol]);
    }
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_browser_s_request_never_lands_in_mail_or_ftp() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n[ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n",
    );
    let server = home.start();
    let refused = "alert no application protocol";
    for (port, starttls, own) in [
        (server.smtp[1], None, "smtp"),
        (server.smtp[0], None, "smtp"),
        (server.smtp[0], Some("smtp"), "smtp"),
        (server.ftp[1], None, "ftp"),
        (server.ftp[0], Some("ftp"), "ftp"),
        (server.http, None, "http/1.1"),
    ] {
        for others in ["h2", "h2,http/1.1", "ftp,imap", "smtp,imap", "pop3"] {
            let is_own = others.split(',').any(|name| name == own);
            let answer = by_tls(&port, others, starttls);
            assert_eq!(!answer.contains(refused), is_own, "{port} {others}: {answer}");
        }
        assert!(!by_tls(&port, own, starttls).contains(refused), "{own}");
    }
    server.stop();
}
