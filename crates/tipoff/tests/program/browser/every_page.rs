//! Every page, on a phone and on a desk, in light and in dark, with the longest names that devices and people can give:
//! without a fault that axe-core (<https://github.com/dequelabs/axe-core>) finds, and nothing is wider than the screen or cut off.

use serde_json::{Value, json};

use super::driver::{Browser, Screen};
use super::{PASSWORD, add_device, axe_faults, log_in, page, set_up, video};
use crate::camera::upload;
use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, Manner};
use crate::pages::pages;

/// Widths of the screens, in pixels: a phone and a desk.
const WIDTHS: [u32; 2] = [390, 1440];

/// What is wider than the screen, sticks out of its box, or is cut off without a sign. What scrolls by itself may be wider.
const MISFITS: &str = r#"
    const described = (it, why) => `${why}: ${it.outerHTML.slice(0, 160)}`;
    const scrolls = (it) => it && (/auto|scroll/.test(getComputedStyle(it).overflowX) || scrolls(it.parentElement));
    const misfits = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) misfits.push(`the page is ${wide} px wider than its screen`);
    for (const it of document.body.querySelectorAll("*")) {
        const style = getComputedStyle(it);
        const box = it.getBoundingClientRect();
        const isOnlyRead = style.clipPath.startsWith("inset");
        if (!it.checkVisibility() || isOnlyRead || it.closest("svg, .only-read, .skip") || it.matches("input, select, textarea")) continue;
        if (scrolls(it)) continue;
        if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) misfits.push(described(it, "outside"));
        if (style.display === "inline" || it.scrollWidth <= it.clientWidth + 1) continue;
        // A calendar lies over the page, and may be wider than its place there.
        if (it.matches(".calendar[open], :has(.calendar[open])")) continue;
        if (style.overflowX === "visible") misfits.push(described(it, "sticks out"));
        else if (style.textOverflow !== "ellipsis") misfits.push(described(it, "cut off"));
    }
    return misfits.slice(0, 20);
"#;

/// English words that no other language of the pages has, where neither a device nor a command said them.
const ENGLISH_LEFT: &str = r#"
    const english = /(^|[^\p{L}_-])(the|and|with|this|from|are|your|yet|to|only|when|which|been|without|into)(?![\p{L}_-])/iu;
    const isSaid = (it) => it.closest("code, pre, script, style, svg, .said, [lang]:not(html)");
    const left = [];
    const look = (it, text) => { if (english.test(text) && !isSaid(it)) left.push(text.trim().slice(0, 200)); };
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) look(nodes.currentNode.parentElement, nodes.currentNode.data);
    for (const name of ["aria-label", "title", "placeholder", "alt", "abbr", "data-confirm", "data-done", "data-busy"])
        for (const it of document.body.querySelectorAll(`[${name}]`)) look(it, it.getAttribute(name));
    look(document.head, document.title);
    return [...new Set(left)].slice(0, 30);
"#;

/// Text of this length without a place to break it.
fn long(length: usize, beginning: &str) -> String {
    let rest = "NordwestlicheHintereingangsüberwachungskamera_".chars().cycle();
    beginning.chars().chain(rest).take(length).collect()
}

/// A call of the API by the page that is open; its answer.
fn call(browser: &Browser, what: &str, body: &Value) -> Value {
    let (method, path) = what.split_once(' ').unwrap();
    browser.run_async(&format!(
        "fetch('{path}', {{ method: '{method}', body: JSON.stringify({body}), headers: {{
            'content-type': 'application/json', 'x-csrf-token': document.querySelector('meta[name=csrf]').content }} }})
            .then(async it => {{ const text = await it.text(); return it.ok ? JSON.parse(text || '{{}}') : text; }})
            .then(done, it => done(String(it)))"
    ))
}

/// Devices, people and incidents with long names; the paths of further pages, and the added device.
fn fill(home: &Home, server: &Server, browser: &Browser) -> (Vec<String>, i64) {
    let sender = format!("{}@example.com", "a".repeat(60));
    let mail = |subject: &str, name: &str| {
        let text = String::from_utf8(mail(subject, &[PICTURE])).unwrap();
        text.replace("1.jpg", name).into_bytes()
    };
    let name = format!("{}.jpg", "picture_of_the_yard_".repeat(10));
    let subject = "Bewegungserkennung_".repeat(12);
    let reply = send(server.smtp[0], &sender, &mail(&subject, &name));
    assert!(reply.starts_with("250"), "{reply}");
    let reply = send(server.smtp[0], "gate@example.com", &mail("Person, gate", "1.jpg"));
    assert!(reply.starts_with("250"), "{reply}");
    upload(server.ftp[0], "hall", &format!("/{name}"), &crate::ftp_uploads::picture(1));
    upload(server.ftp[0], "hall", &format!("/{}.mp4", "v".repeat(150)), &video());
    upload(server.ftp[0], "hall", &format!("/{}.csv", "w".repeat(150)), b"a,b\n1,2\n");
    log_in(server, "hall", "wrong");
    let (mut client, _) = log_in(server, &"u".repeat(60), "wrong");
    client.must("NOOP", "250");
    wait_for("the incidents", || (home.incidents().len() >= 3).then_some(()));
    let added = add_device(server, browser, &long(60, "Yard"));
    for (what, body) in [
        (
            "POST /api/v1/users",
            json!({ "name": long(60, "Anna"), "password": "battery staple", "role": "viewer" }),
        ),
        ("POST /api/v1/tokens", json!({ "name": long(60, "Script"), "scope": "read" })),
        ("PATCH /api/v1/devices/1", json!({ "name": long(60, "Gate"), "muted_for_s": 3600 })),
        ("PATCH /api/v1/house", json!({ "muted_for_s": 3600 })),
        ("POST /api/v1/incidents/1/lock", json!({})),
    ] {
        let answer = call(browser, what, &body);
        assert!(answer.is_object(), "{what}: {answer}");
    }
    let share = call(browser, "POST /api/v1/incidents/3/share", &json!({ "lasts_s": 3600 }));
    let share = share["url"].as_str().unwrap();
    let share = share[share.find("/share/").unwrap()..].to_owned();
    let more = [
        "/?text=nothing",
        // The forms that differ most: with steps for a chat, with many fields, with fields of several lines.
        "/channels/add?type=telegram",
        "/channels/add?type=email",
        "/channels/add?type=webhook",
        "/incidents/2",
        "/incidents/3",
        "/incidents/999",
        "/devices/2",
        "/devices/3",
    ];
    let more =
        more.into_iter().chain(["/sessions/2", "/sessions/3", "/sessions/4", "/away", &share]);
    (more.map(str::to_owned).collect(), added)
}

/// What appears only after a step: what is folded, a new token, the secret of one-time codes, what a camera would be set to.
fn unfold(browser: &Browser, path: &str) {
    browser.run("document.querySelectorAll('details').forEach(it => it.open = true)");
    if path == "/settings" {
        browser.write("form[data-api$='/tokens'] input[name=name]", "script");
        browser.click("#make_token");
        browser.reads("tip_");
        browser.write("form[data-fill=code-new] input[name=password]", PASSWORD);
        browser.click("form[data-fill=code-new] button");
        browser.until("the QR code", "document.querySelector('.qr').naturalWidth > 0");
    } else if path == "/incidents/1" {
        browser.click("form[data-api$='/share'] button");
        browser.reads("/share/1/");
    } else if path.ends_with("/camera/setup") {
        let text = json!(long(150, "http://192.168.1.10:8080/"));
        browser.run(&format!(
            "document.getElementById('plan').hidden = false;
            document.getElementById('which').textContent = {text};
            document.querySelector('#changes tbody').innerHTML =
                `<tr><th scope=row>${{{text}}}</th><td>${{{text}}}</td><td>${{{text}}}</td></tr>`;
            document.getElementById('notes').innerHTML = `<li>${{{text}}}</li>`;
            document.getElementById('found').innerHTML =
                `<li class=item><span class=name>${{{text}}}</span><button type=button>Choose</button></li>`;
            document.getElementById('written').textContent = {text};"
        ));
    }
}

/// The faults of the page that is open, in light and dark.
fn faults(browser: &Browser, name: &str) -> Vec<Value> {
    let mut faults = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        faults.extend(found_by_axe(browser, &format!("{name}-{scheme}")));
        browser.picture_whole(&format!("{name}-{scheme}"));
    }
    faults.extend(found(browser, name, MISFITS));
    faults
}

/// What axe finds on the page that is open.
fn found_by_axe(browser: &Browser, name: &str) -> Option<Value> {
    let found = axe_faults(browser);
    (found != json!([])).then(|| json!([name, found]))
}

/// What a script finds on the page that is open.
fn found(browser: &Browser, name: &str, script: &str) -> Option<Value> {
    let found = browser.run(script);
    (found != json!([])).then(|| json!([name, found]))
}

/// A page's name in the names of pictures.
fn name_of(path: &str) -> String {
    path.replace(['/', '?'], "-").chars().take(30).collect()
}

/// The faults of all pages in a language that is not English: what axe finds on a phone, what does not fit the phone and
/// the desk, and English that is left over.
fn faults_in(language: &str, server: &Server, browser: &Browser, paths: &[String]) -> Vec<Value> {
    let mut faults = Vec::new();
    browser.run(&format!("document.cookie = 'language={language}; path=/'"));
    browser.prefer("light");
    for path in paths {
        browser.resize(WIDTHS[0], 900);
        browser.go(&page(server, path));
        browser.until("the page", "document.readyState === 'complete'");
        let written = browser.run("return document.documentElement.lang");
        assert_eq!(written, language, "{path}");
        let name = format!("{language}{}", name_of(path));
        faults.extend(found_by_axe(browser, &name));
        faults.extend(found(browser, &format!("{name}, English"), ENGLISH_LEFT));
        for width in WIDTHS {
            browser.resize(width, 900);
            faults.extend(found(browser, &format!("{name}-{width}"), MISFITS));
            browser.picture_whole(&format!("{name}-{width}"));
        }
    }
    faults
}

/// A program with long names everywhere, and the page of its owner; the paths of all pages.
struct Filled {
    server: Server,
    home: Home,
    browser: Browser,
    paths: Vec<String>,
    _hook: Hook,
}

impl Filled {
    fn new() -> Self {
        let hook = Hook::start();
        hook.behave(Manner::Status("400 Bad Request"));
        let home = Home::new(&format!(
            "[incidents]\nquiet = \"1 h\"\n[[mode]]\nname = \"{0}\"\n[[mode]]\nname = \"away\"\n{1}\n\
             [[device]]\nname = \"{2}\"\nuser = \"hall\"\npassword = \"hall1234\"\n",
            long(30, "night"),
            hook.channel().replace("name = \"hook\"", &format!("name = \"{}\"", long(60, "hook"))),
            long(60, "Hall"),
        ));
        let server = home.start();
        let browser = Browser::open(Screen::Desktop);
        set_up(&server, &browser);
        let (more, added) = fill(&home, &server, &browser);
        hook.wait_for_requests(1);
        let guide = format!("/devices/{added}/setup?vendor=Reolink&by=alarm");
        let paths = pages(added).map(|(path, _)| path).chain(more).chain([guide]).collect();
        Self { server, home, browser, paths, _hook: hook }
    }
}

#[test]
fn every_page_fits_its_screen_and_has_no_fault_that_axe_finds() {
    let Filled { server, home, browser, paths, _hook } = Filled::new();
    let mut found = Vec::new();
    for width in WIDTHS {
        browser.resize(width, 900);
        for path in &paths {
            browser.go(&page(&server, path));
            browser.until("the page", "document.readyState === 'complete'");
            unfold(&browser, path);
            found.extend(faults(&browser, &format!("page{}-{width}", name_of(path))));
        }
    }
    // The fault of a configuration is above every page, and the pages of the login have none.
    let broken = format!("[[device]]\nname = \"{}\"\n{}\n", "x".repeat(200), "y".repeat(300));
    home.configure(&broken);
    browser.go(&page(&server, "/devices"));
    browser.until("the fault", "document.querySelector('[role=alert]') || location.reload()");
    for width in WIDTHS {
        browser.resize(width, 900);
        found.extend(faults(&browser, &format!("fault-{width}")));
    }
    browser.forget();
    browser.go(&page(&server, "/login"));
    for width in WIDTHS {
        browser.resize(width, 900);
        found.extend(faults(&browser, &format!("login-{width}")));
    }
    assert!(found.is_empty(), "{:#}", json!(found));
}

#[test]
fn every_page_fits_its_screen_in_every_language_and_has_no_english_left() {
    let Filled { server, browser, paths, home: _home, _hook } = Filled::new();
    let mut found = Vec::new();
    for language in ["de", "es", "fr", "nl", "zh"] {
        found.extend(faults_in(language, &server, &browser, &paths));
    }
    browser.forget();
    browser.go(&page(&server, "/login"));
    let login = ["/login".to_owned()];
    for language in ["de", "es", "fr", "nl", "zh"] {
        found.extend(faults_in(language, &server, &browser, &login));
    }
    assert!(found.is_empty(), "{:#}", json!(found));
}
