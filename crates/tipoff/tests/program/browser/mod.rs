//! The dashboard as people meet it: in a real browser, on a phone's and a desktop's screen.

mod camera_setup;
mod channels;
mod driver;
mod every_page;
pub(crate) mod film;
mod first_test;
mod people;
mod push;
mod removal;
mod requests;
mod reverse_proxy;
mod review;
mod routes;

use serde_json::{Value, json};

use crate::camera::upload;
use crate::harness::{Client, Home, PICTURE, Server, mail, send, succeeded, wait_for};
use crate::hook::{Hook, Manner};
use driver::{Browser, Screen};

const PASSWORD: &str = "correct horse";
/// The right arrow, as WebDriver names keys.
const ARROW_RIGHT: char = '\u{E014}';

/// Sets the password by a link, as at the first start.
fn set_up(server: &Server, browser: &Browser) {
    browser.go(&server.setup_link());
    enter(browser, PASSWORD);
    browser
        .until("the timeline", "location.pathname === '/' && document.querySelector('#live.on')");
}

/// Types a password into the page that is open, and sends it.
fn enter(browser: &Browser, password: &str) {
    browser.write("input[name=password]", password);
    browser.click("button.main");
}

fn page(server: &Server, path: &str) -> String {
    format!("http://{}{path}", server.http)
}

fn motion(server: &Server, from: &str, subject: &str) {
    let reply = send(server.smtp[0], from, &mail(subject, &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// A log in with a password, as a camera does it; the reply.
fn log_in(server: &Server, user: &str, password: &str) -> (Client, String) {
    use base64::Engine as _;
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    let plain = base64::prelude::BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
    let reply = client.say(&format!("AUTH PLAIN {plain}"));
    (client, reply)
}

#[test]
fn nobody_sees_anything_without_the_password() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    let link = server.setup_link();
    browser.go(&link);
    enter(&browser, PASSWORD);
    browser.until("the timeline", "location.pathname === '/'");
    browser.go(&page(&server, "/settings"));
    browser.click("#logout");
    browser.until("the login", "location.pathname === '/login'");
    browser.go(&page(&server, "/overview"));
    browser.until("the login", "location.pathname === '/login'");
    enter(&browser, "battery staple");
    browser.until("a refusal", "document.querySelector('[role=alert]')");
    browser.picture("login-phone");
    enter(&browser, PASSWORD);
    browser.until("the page that was wanted", "location.pathname === '/overview'");
    // The link of the first start holds once.
    browser.go(&link);
    browser.until("no second password", "!document.querySelector('input[name=key]')");
}

#[test]
fn what_arrives_appears_by_itself() {
    for screen in [Screen::Phone, Screen::Desktop] {
        let home = Home::new("[incidents]\nquiet = \"1 h\"\n");
        let server = home.start();
        let browser = Browser::open(screen);
        set_up(&server, &browser);
        browser.reads("Nothing has arrived yet");
        browser.run("window.stillHere = true");
        motion(&server, "yard@example.com", "Motion in the yard");
        browser.until("the card", "document.querySelectorAll('.card').length === 1");
        browser.until(
            "its picture",
            "(it => it.complete && it.naturalWidth > 0)(document.querySelector('.card img'))",
        );
        motion(&server, "yard@example.com", "Motion in the yard");
        browser.reads("2 pictures");
        motion(&server, "hall@example.com", "Person in the hall");
        browser.until("the second", "document.querySelectorAll('.card').length === 2");
        browser.until(
            "the newest first",
            "document.querySelector('.card').innerText.includes('hall')",
        );
        assert_eq!(browser.run("return window.stillHere"), json!(true), "it was loaded again");
        browser.picture(&format!("timeline-{screen:?}"));

        if browser.run("return document.querySelector('.filters').open") == json!(false) {
            browser.click(".filters summary");
        }
        browser.write("input[type=search]", "person");
        browser.click("#filters button.main");
        browser.until("the filtered", "document.querySelectorAll('.card').length === 1");
        browser.reads("hall");
        assert!(browser.address().contains("text=person"), "{}", browser.address());
        // What does not fit the filter does not slide in.
        motion(&server, "gate@example.com", "Motion at the gate");
        motion(&server, "gate@example.com", "Person at the gate");
        motion(&server, "door@example.com", "Person at the door");
        browser.reads("door");
        let titles = browser.run("return document.getElementById('timeline').innerText");
        assert!(!titles.as_str().unwrap().contains("Motion at"), "{titles}");
        assert_eq!(browser.errors(), Vec::<String>::new());
    }
}

/// An event stream that opens only when the test says so, and brings no events.
const LATE_STREAM: &str = "
    window.EventSource = class extends EventTarget {
        constructor() { super(); window.openStream = () => this.dispatchEvent(new Event('open')); }
        close() {}
    };
";

#[test]
fn incidents_that_arrive_before_the_event_stream_opens_appear() {
    let home = Home::new("[incidents]\nquiet = \"1 h\"\n");
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    browser.run_first(LATE_STREAM);
    browser.go(&page(&server, "/"));
    browser.until("the stream", "window.openStream");
    motion(&server, "yard@example.com", "Motion in the yard");
    assert_eq!(browser.run("return document.querySelectorAll('.card').length"), json!(0));
    browser.run("window.openStream()");
    browser.until("the card", "document.querySelectorAll('.card').length === 1");
}

#[test]
fn an_incident_shows_all_that_belongs_to_it() {
    let home = Home::new("[incidents]\nquiet = \"1 h\"\n");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    upload(server.ftp[0], "yard", "/1.jpg", PICTURE);
    upload(server.ftp[0], "yard", "/2.jpg", &crate::ftp_uploads::picture(2));
    upload(server.ftp[0], "yard", "/3.mp4", &video());
    wait_for("one incident", || {
        let incidents = home.incidents();
        (incidents.len() == 1 && home.incident(1)["arrivals"].as_array()?.len() == 3).then_some(())
    });
    browser.go(&page(&server, "/incidents/1"));
    browser.reads("1 of 3");
    browser.run("document.querySelector('.reel').focus()");
    browser.press(ARROW_RIGHT);
    browser.until(
        "the second picture",
        "(it => Math.round(it.scrollLeft / it.clientWidth))(document.querySelector('.reel')) === 1",
    );
    browser.press(ARROW_RIGHT);
    let seeks = "const video = document.querySelector('video');
        video.preload = 'auto';
        video.addEventListener('seeked', () => done([video.currentTime, video.error?.message ?? null]));
        const seek = () => { video.currentTime = video.duration / 2; };
        if (video.readyState >= 1) seek(); else { video.addEventListener('loadedmetadata', seek); video.load(); }";
    let sought = browser.run_async(seeks);
    assert!(sought[0].as_f64().unwrap() > 0.5 && sought[1].is_null(), "{sought}");
    browser.picture("incident-phone");
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// Two seconds that a browser plays.
fn video() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.mp4");
    let output = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=duration=2:size=320x240:rate=10"])
        .args(["-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "5", "-movflags", "+faststart"])
        .arg(&path)
        .output()
        .unwrap();
    succeeded(&output);
    std::fs::read(path).unwrap()
}

#[test]
fn what_was_refused_is_tried_again_by_a_button() {
    let hook = Hook::start();
    hook.behave(Manner::Status("400 Bad Request"));
    let home = Home::new(&hook.channel());
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    motion(&server, "yard@example.com", "Motion");
    hook.wait_for_requests(1);
    browser.go(&page(&server, "/incidents/1"));
    browser.reads("refused");
    hook.behave(Manner::Fine);
    browser.click("[id^=retry]");
    hook.wait_for(1);
    browser.until("it is told", "document.querySelector('#deliveries .mark.ok')");
}

#[test]
fn a_camera_is_added_and_turns_green() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    add_device(&server, &browser, "Front yard");
    let table = browser.run(
        "return [...document.querySelectorAll('tbody tr')].map(row => [
            row.querySelector('th').innerText, row.querySelector('td code')?.innerText ?? ''])",
    );
    let typed = |label: &str| {
        let rows = table.as_array().unwrap().iter();
        let row = rows.clone().find(|row| row[0].as_str().unwrap().to_lowercase().contains(label));
        row.unwrap_or_else(|| panic!("{label}: {table}"))[1].as_str().unwrap().to_owned()
    };
    let (user, password) = (typed("user"), typed("password"));
    assert_eq!(typed("port"), server.port());
    // Somebody mistypes the user first, then the password.
    let (mut client, _) = log_in(&server, "admin", &password);
    client.begin("camera@example.com");
    client.send(&mail("Test", &[PICTURE]));
    assert!(client.say(".").starts_with("250"));
    client.must("QUIT", "221");
    browser.reads("it logged in as admin");
    home.configure("[access]\nrequire_login = true\nuser = \"all\"\npassword = \"all12345\"\n");
    wait_for("the change", || server.log().contains("onfiguration").then_some(()));
    let (_, reply) = log_in(&server, &user, "wrong");
    assert!(reply.starts_with("535"), "{reply}");
    browser.reads("login refused");
    browser.picture("wizard-waits");
    let (mut client, reply) = log_in(&server, &user, &password);
    assert!(reply.starts_with("235"), "{reply}");
    client.begin("camera@example.com");
    client.send(&mail("Test", &[PICTURE]));
    assert!(client.say(".").starts_with("250"));
    browser.until("the green", "document.querySelector('#works')");
    browser.reads("It works.");
    browser.picture("wizard-works");
    browser.go(&page(&server, "/devices"));
    browser.reads("Front yard");
}

#[test]
fn a_shared_link_needs_no_login_and_expires() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    motion(&server, "yard@example.com", "Motion in the yard");
    browser.go(&page(&server, "/incidents/1"));
    browser.click("form[data-api$='/share'] button");
    browser
        .until("the link", "document.querySelector('form[data-api$=\"/share\"] output').innerText");
    let link =
        browser.run("return document.querySelector('form[data-api$=\"/share\"] output').innerText");
    let brief = browser.run_async(
        "fetch('/api/v1/incidents/1/share', { method: 'POST', body: JSON.stringify({ lasts_s: 6 }),
            headers: { 'content-type': 'application/json',
                       'x-csrf-token': document.querySelector('meta[name=csrf]').content } })
            .then(answer => answer.json()).then(told => done(told.url))",
    );
    let stranger = browser;
    stranger.forget();
    stranger.go(brief.as_str().unwrap());
    stranger.reads("yard");
    wait_for("the end of the link", || {
        stranger.go(brief.as_str().unwrap());
        let text = stranger.run("return document.body.innerText");
        (!text.as_str()?.contains("yard")).then_some(())
    });
    stranger.go(link.as_str().unwrap());
    stranger.reads("yard");
    stranger.until("the picture", "document.querySelector('.reel img').naturalWidth > 0");
    stranger.go(&page(&server, "/incidents/1"));
    stranger.until("the login", "location.pathname === '/login'");
}

/// Whatever a device calls itself or writes stays text, and files that could run are only saved.
#[test]
fn what_devices_say_never_runs() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    let attack = "<script>window.ran=1</script><img src=x onerror=window.ran=1>";
    let hostile = format!(
        "From: \"{attack}\" <x@example.com>\r\nSubject: {attack}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"part\"\r\n\r\n\
         --part\r\nContent-Type: text/html\r\n\r\n<b>{attack}</b>\r\n\
         --part\r\nContent-Type: image/svg+xml; name=\"<svg onload=window.ran=1>.svg\"\r\n\r\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\"><script>document.title='ran'</script></svg>\r\n\
         --part\r\nContent-Type: text/html; name=\"a.html\"\r\nContent-Disposition: attachment; filename=\"a.html\"\r\n\r\n\
         <script>document.title='ran'</script>\r\n--part--\r\n"
    );
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO <script>window.ran=1</script>", "250");
    client.must("MAIL FROM:<\"<img/src=x/onerror=window.ran=1>\"@example.com>", "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.send(hostile.as_bytes());
    assert!(client.say(".").starts_with("250"));
    client.must("QUIT", "221");
    upload(
        server.ftp[0],
        "<script>window.ran=1</script>",
        "/<img src=x onerror=window.ran=1>.jpg",
        &crate::ftp_uploads::picture(1),
    );
    wait_for("both", || (crate::ftp_uploads::arrivals(&home).len() == 2).then_some(()));
    let mut pages: Vec<String> =
        ["/?silent=true", "/devices", "/sessions"].map(str::to_owned).into();
    pages.extend(["/incidents/1", "/devices/1", "/sessions/1", "/sessions/2"].map(str::to_owned));
    for path in pages {
        browser.go(&page(&server, &path));
        assert_eq!(browser.run("return window.ran ?? 0"), json!(0), "{path}");
        let scripts = browser.run(
            "return document.querySelectorAll('script:not([src]), [onerror], [onload]').length",
        );
        assert_eq!(scripts, json!(0), "{path}");
    }
    // The files, opened as themselves, are not shown at all.
    let incident = home.incident(1);
    let files = incident["arrivals"][0]["content"]["media"].as_array().map_or(0, Vec::len);
    assert!(files >= 1, "{incident}");
    for file in 0..files {
        let told = browser.run_async(&format!(
            "fetch('/api/v1/arrivals/1/files/{file}').then(answer => done([answer.headers.get('content-type'),
                answer.headers.get('content-disposition'), answer.headers.get('x-content-type-options')]))"
        ));
        assert_eq!(told[0], "application/octet-stream", "{told}");
        assert!(told[1].as_str().unwrap().starts_with("attachment"), "{told}");
        assert_eq!(told[2], "nosniff");
    }
}

#[test]
fn a_shared_link_is_made_listed_and_revoked() {
    let home = Home::new("");
    let server = home.start();
    motion(&server, "yard@example.com", "Motion in the yard");
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    browser.go(&page(&server, "/incidents/1"));
    browser.click("form[data-api$='/share'] button");
    browser.reads("/share/1/");
    let said = "document.querySelector(\"form[data-api$='/share'] output\").innerText";
    let said = browser.run(&format!("return {said}"));
    let url = said.as_str().unwrap().split_whitespace().find(|it| it.contains("/share/")).unwrap();
    let url = page(&server, &url[url.find("/share/").unwrap()..]);
    browser.go(&url);
    browser.reads("This link is valid until");
    browser.go(&page(&server, "/settings"));
    browser.click("a[href='shares']");
    browser.reads("Opened: 1 time");
    browser.run("window.confirm = () => true");
    browser.click("button.danger");
    browser.reads("No incident is shared.");
    browser.go(&url);
    browser.reads("Not found");
    browser.go(&page(&server, "/audit?what=share"));
    browser.reads("revoked a link to");
    browser.reads("made a link to");
    let others = browser.run("return document.body.innerText.includes('logged in')");
    assert_eq!(others, json!(false), "only what was asked for");
}

/// The faults that axe-core finds on the page that is open.
fn axe_faults(browser: &Browser) -> Value {
    let axe = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../node_modules/axe-core/axe.min.js");
    let axe =
        std::fs::read_to_string(axe).expect("axe-core is not installed: ./test.sh installs it");
    browser.run_async(&format!(
        "{axe};
        axe.run(document).then(told => done(told.violations.map(it =>
            [it.id, it.nodes.map(node => [node.html, node.failureSummary])])),
            error => done(String(error)))"
    ))
}

/// Adds a device; its number.
fn add_device(server: &Server, browser: &Browser, name: &str) -> i64 {
    browser.go(&page(server, "/devices/add"));
    browser.write("input[name=name]", name);
    browser.click("main button.main");
    browser.until("the guide", "document.querySelector('#waits')");
    browser.address().split('/').nth(4).unwrap().parse().unwrap()
}

/// What a first visit loads, without pictures, as it comes over the wire.
#[test]
fn the_first_load_is_small() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    browser.go(&page(&server, "/"));
    let sizes: Value = browser.run(
        "return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
            .filter(it => it.initiatorType !== 'img').map(it => [it.name, it.encodedBodySize])",
    );
    let total: u64 = sizes.as_array().unwrap().iter().map(|it| it[1].as_u64().unwrap()).sum();
    assert!(total > 0 && total < 150_000, "{total} bytes: {sizes:#}");
}
