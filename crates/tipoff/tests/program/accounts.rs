//! Who made a token and with whom it ends, what viewers are shown, what browsers are shown instead of a problem,
//! names that deceive, and answers that the API's description has.

use serde_json::{Value, json};

use crate::api::make_token;
use crate::harness::{Home, PICTURE, Server, mail, send};
use crate::hook::Hook;
use crate::hostile_browser::{Answer, ask};
use crate::users::{OWNER, Person, VIEWER, with_password};

/// What a program with a token is answered.
fn program(server: &Server, token: &str, what: &str, body: &Value) -> Answer {
    let bearer = format!("Authorization: Bearer {token}");
    let headers = ["Host: localhost", "Content-Type: application/json", &*bearer];
    ask(server, what, &headers, &body.to_string())
}

fn token_of(person: &Person<'_>, name: &str) -> String {
    let made = person.ask("POST /api/v1/tokens", &json!({"name": name, "scope": "change"}));
    let made: Value = serde_json::from_str(&made.body).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_ends_when_its_maker_stops_being_an_owner() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "anna", "--role", "owner"], OWNER);
    let shell = make_token(&home, &["from the shell"]);
    let owner = Person::log_in(&server, "owner", OWNER);
    let anna = Person::log_in(&server, "anna", OWNER);
    let (own, first) = (token_of(&owner, "own"), token_of(&anna, "first"));
    let status = |token: &str| {
        program(&server, token, "PATCH /api/v1/house", &json!({"muted_for_s": 0})).status
    };
    assert_eq!([status(&own), status(&first), status(&shell)], [200; 3]);
    let makers = || -> Vec<(String, String)> {
        let list = owner.json("GET /api/v1/tokens");
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let tokens = list.as_array().unwrap().iter();
        tokens.map(|it| (text(&it["name"]), text(&it["made_by"]))).collect()
    };
    assert_eq!(
        makers()[1..],
        [("own", "owner"), ("first", "anna")].map(|(a, b)| (a.into(), b.into()))
    );
    assert!(makers()[0].1.starts_with("command line"), "{:?}", makers());
    let page = owner.ask("GET /settings", &Value::Null).body;
    assert!(page.contains(" by anna"), "{page}");

    // Who becomes a viewer has no tokens; nobody else loses one.
    let number = owner.json("GET /api/v1/users")[1]["id"].clone();
    let of_anna = format!("/api/v1/users/{number}");
    assert_eq!(owner.status(&format!("PATCH {of_anna}"), json!({"role": "viewer"})), 204);
    assert_eq!([status(&own), status(&first), status(&shell)], [200, 401, 200]);
    assert_eq!(owner.status(&format!("PATCH {of_anna}"), json!({"role": "owner"})), 204);
    assert_eq!(status(&first), 401, "it has ended for good");
    let second = token_of(&Person::log_in(&server, "anna", OWNER), "second");
    assert_eq!(status(&second), 200);
    let printed = home.run(&["users", "remove", "anna"]);
    assert!(printed.contains("\"second\""), "{printed}");
    assert_eq!([status(&own), status(&second), status(&shell)], [200, 401, 200]);
    let log = home.json(&["audit", "--what", "token.revoke", "--json"]);
    let ended: Vec<&str> =
        log.as_array().unwrap().iter().filter_map(|it| it["object"].as_str()).collect();
    assert_eq!(ended, ["second", "first"]);
    server.stop();
}

#[test]
fn a_token_is_no_login() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let token = make_token(&home, &["program"]);
    let user = json!({"name": "x", "role": "owner", "password": OWNER});
    for (what, body) in [
        ("POST /api/v1/users", user),
        ("PATCH /api/v1/users/1", json!({"password": OWNER})),
        ("PATCH /api/v1/users/1", json!({"role": "owner"})),
        ("DELETE /api/v1/users/1", json!({})),
        ("DELETE /api/v1/users/1/totp", json!({})),
        ("POST /api/v1/tokens", json!({"name": "x", "scope": "change"})),
        ("DELETE /api/v1/tokens/1", json!({})),
        ("DELETE /api/v1/logins?user=1", json!({})),
        ("DELETE /api/v1/logins/1", json!({})),
        ("PUT /api/v1/password", json!({"old": OWNER, "new": VIEWER})),
        ("POST /api/v1/totp", json!({"password": OWNER})),
        ("PUT /api/v1/totp", json!({"code": "000000"})),
        ("POST /api/v1/totp/end", json!({"password": OWNER})),
        ("POST /logout", json!({})),
    ] {
        let answer = program(&server, &token, what, &body);
        assert_eq!(answer.status, 403, "{what}: {}", answer.body);
        let said = answer.body.to_lowercase();
        assert!(said.contains("a token cannot change users"), "{what}: {said}");
    }
    assert_eq!(program(&server, &token, "PATCH /api/v1/house", &json!({})).status, 200);
    server.stop();
}

/// Names of the forms of a page that are not of the reader's own account, and of links that only owners may follow.
fn of_owners(page: &str) -> Vec<&str> {
    let forms = page.split("<form ").skip(1).filter_map(|form| form.split_once('>'));
    let forms = forms.map(|(form, _)| form);
    let forms = forms.filter(|form| form.contains("data-api") && !form.contains("data-own"));
    let links = page.split("href=\"").skip(1).filter_map(|link| link.split_once('"'));
    let links = links.map(|(link, _)| link).filter(|link| {
        ["devices/add", "audit", "shares"].contains(link) || link.ends_with("/setup")
    });
    forms.chain(links).collect()
}

#[test]
fn a_viewers_pages_contain_nothing_for_owners() {
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n\
         [[device]]\nname = \"Front\"\nuser = \"front\"\npassword = \"a long secret\"\n",
        hook.channel()
    ));
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    assert!(
        send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE])).starts_with("250")
    );
    hook.wait_for_requests(1);
    let owner = Person::log_in(&server, "owner", OWNER);
    assert_eq!(owner.status("POST /api/v1/devices", json!({"name": "Hall"})), 201);
    let muted = json!({"muted_for_s": 3600});
    assert_eq!(owner.status("PATCH /api/v1/devices/1", muted.clone()), 200);
    assert_eq!(owner.status("PATCH /api/v1/house", muted), 200);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let pages = [
        ("/", 1),
        ("/?text=nothing", 1),
        ("/devices", 1),
        ("/devices/1", 4),
        ("/devices/2", 5),
        ("/incidents/1", 2),
        ("/channels", 2),
        ("/overview", 3),
        ("/settings", 5),
        ("/sessions", 0),
        ("/sessions/1", 0),
    ];
    for locked in [false, true] {
        for (path, at_least) in pages {
            let page = |person: &Person<'_>| person.ask(&format!("GET {path}"), &Value::Null);
            let (shown, of_owner) = (page(&viewer), page(&owner));
            assert_eq!((shown.status, of_owner.status), (200, 200), "{path}");
            assert_eq!(of_owners(&shown.body), [""; 0], "{path}");
            let of_owner = of_owners(&of_owner.body);
            assert!(of_owner.len() >= at_least, "{path}: {of_owner:?}");
        }
        if !locked {
            assert_eq!(owner.status("POST /api/v1/incidents/1/lock", json!({})), 204);
        }
    }
    assert!(viewer.ask("GET /incidents/1", &Value::Null).body.contains(">locked</span>"));
    server.stop();
}

#[test]
fn a_browser_is_shown_a_page_and_a_program_a_problem() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    let cookie = Person::log_in(&server, "owner", OWNER).cookie;
    let of_viewer = Person::log_in(&server, "bert", VIEWER).cookie;
    let get = |path: &str, cookie: &str, accept: &str| {
        let headers =
            ["Host: localhost", &*format!("Cookie: {cookie}"), &*format!("Accept: {accept}")];
        ask(&server, &format!("GET {path}"), &headers, "")
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, cookie, status) in [
        ("/devices/abc", &cookie, 404),
        ("/devices/9", &cookie, 404),
        ("/devices/abc/setup", &cookie, 404),
        ("/incidents/xyz", &cookie, 404),
        ("/sessions/99999999999999999999", &cookie, 404),
        ("/?limit=x", &cookie, 400),
        ("/?event=nothing-like-it", &cookie, 400),
        ("/audit?before=x", &cookie, 400),
        ("/audit", &of_viewer, 403),
        ("/devices/add", &of_viewer, 403),
    ] {
        let shown = get(path, cookie, browser);
        assert_eq!(shown.status, status, "{path}: {}", shown.body);
        assert!(shown.header("content-type").starts_with("text/html"), "{path}: {}", shown.head);
        assert!(shown.body.contains("class=\"tabs\""), "{path}: it has the frame: {}", shown.body);
        assert!(!shown.header("content-security-policy").is_empty(), "{path}: {}", shown.head);
    }
    for path in ["/devices/abc", "/?limit=x"] {
        let told = get(path, &cookie, "application/json");
        assert_eq!(told.header("content-type"), "application/problem+json", "{path}");
    }
    for (path, status) in [("/api/v1/devices/abc", 404), ("/api/v1/incidents?limit=x", 400)] {
        let told = get(path, &cookie, browser);
        assert_eq!(told.status, status, "{path}");
        assert_eq!(told.header("content-type"), "application/problem+json", "{path}");
    }
    // Who is not logged in gets the bare page, and sees nothing of the others.
    for path in ["/share/x/y/z", "/nothing", "/login?next=a&next=b"] {
        let shown = get(path, "x=y", browser);
        assert!([400, 404].contains(&shown.status), "{path}: {}", shown.head);
        assert!(shown.header("content-type").starts_with("text/html"), "{path}: {}", shown.head);
        assert!(!shown.body.contains("class=\"tabs\""), "{path}: {}", shown.body);
    }
    server.stop();
}

#[test]
fn a_deceptive_name_is_refused_and_log_entries_are_sentences() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    for hidden in ["\u{200b}", "\u{202e}", "\u{2066}", "\u{ad}", "\u{feff}", "\u{7}", "\u{e0041}"] {
        let name = format!("ow{hidden}ner");
        let user = json!({"name": name, "role": "viewer", "password": VIEWER});
        assert_eq!(owner.status("POST /api/v1/users", user), 400, "{name:?}");
        assert_eq!(owner.status("POST /api/v1/devices", json!({"name": name})), 400, "{name:?}");
    }
    let user = json!({"name": "J\u{f6}rg \u{5d0}\u{5d1}", "role": "viewer", "password": VIEWER});
    assert_eq!(owner.status("POST /api/v1/users", user), 201, "letters of any script");
    token_of(&owner, "script\u{202e}");
    let page = owner.ask("GET /audit", &Value::Null).body;
    for sentence in [
        "<span class=\"name\">owner</span> made the token script\u{fffd}",
        "<span class=\"name\">owner</span> added the user J\u{f6}rg",
        "<span class=\"name\">owner</span> logged in",
    ] {
        assert!(page.contains(sentence), "{sentence}: {page}");
    }
    assert!(!page.contains("token: create") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("127.0.0.1"), "from where");
    server.stop();
}

#[test]
fn two_devices_never_have_one_name_that_people_gave() {
    let home =
        Home::new("[[device]]\nname = \"Front\"\nuser = \"front\"\npassword = \"a long secret\"\n");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    let add = |name: &str| owner.ask("POST /api/v1/devices", &json!({"name": name}));
    let kitchen = add("K\u{fc}che");
    assert_eq!(kitchen.status, 201);
    let added: Value = serde_json::from_str(&kitchen.body).unwrap();
    assert_eq!(added["user"], "kueche");
    for taken in ["K\u{fc}che", "k\u{fc}che", " FRONT "] {
        let refused = add(taken);
        assert_eq!(refused.status, 409, "{taken}: {}", refused.body);
        assert!(refused.body.contains("choose another name"), "{}", refused.body);
    }
    assert_eq!(add("Hall").status, 201);
    let rename = |id: i64, name: &str| {
        owner.status(&format!("PATCH /api/v1/devices/{id}"), json!({"name": name}))
    };
    let (kitchen, hall) = (added["id"].as_i64().unwrap(), added["id"].as_i64().unwrap() + 1);
    assert_eq!(rename(hall, "K\u{fc}che"), 409);
    assert_eq!(rename(kitchen, "k\u{fc}che"), 200, "its own name in other letters");
    // Names that devices report are no hindrance: those devices get the address behind theirs.
    assert!(
        send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE])).starts_with("250")
    );
    assert_eq!(add("yard").status, 201);
    server.stop();
}

#[test]
fn there_is_an_owner_before_there_is_a_viewer() {
    let home = Home::new("");
    let server = home.start();
    let add = |arguments: &[&str]| {
        let mut child = home
            .command(&[&["users", "add"], arguments].concat())
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        use std::io::Write;
        writeln!(child.stdin.take().unwrap(), "{VIEWER}").unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, fault) = add(&["bert"]);
    assert_eq!(code, Some(1), "{fault}");
    assert!(fault.contains("there must be an owner"), "{fault}");
    assert_eq!(home.json(&["users", "--json"]), json!([]));
    assert_eq!(add(&["anna", "--role", "owner"]).0, Some(0));
    assert_eq!(add(&["bert"]).0, Some(0));
    server.stop();
}

/// Whoever asks with whatever right is answered as the description says.
#[test]
fn refusals_are_those_of_the_description() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let tokens = [&["all"][..], &["reader", "--read"], &["feed", "--feed"]]
        .map(|arguments| make_token(&home, arguments));
    let document = program(&server, &tokens[1], "GET /api", &Value::Null).body;
    let document: Value = serde_json::from_str(&document).unwrap();
    let (mut seen, mut wrong) = (std::collections::BTreeSet::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            // It does not end.
            let is_endless = path == "/api/v1/events";
            let known = path.replace("{name}", "me").replace("logins/{id}", "logins/99");
            let part = |part: &'_ str| {
                if part.starts_with('{') { "1".to_owned() } else { part.to_owned() }
            };
            let what = known.split('/').map(part).collect::<Vec<_>>().join("/");
            let what = format!("{} {what}", method.to_uppercase());
            let mut answers = vec![
                ("a stranger", ask(&server, &what, &["Host: localhost"], "")),
                ("a feed token", program(&server, &tokens[2], &what, &json!({}))),
                ("a wrong token", program(&server, "tip_wrong", &what, &json!({}))),
            ];
            for number in 0..8 {
                let wrong_one = format!("tip_{number}_{path}");
                answers.push(("a guesser", program(&server, &wrong_one, &what, &json!({}))));
            }
            if !is_endless {
                answers.push(("a viewer", viewer.ask(&what, &json!({}))));
                answers.push(("a reader", program(&server, &tokens[1], &what, &json!({}))));
                answers.push(("a program", program(&server, &tokens[0], &what, &json!({"x": 1}))));
                if path.starts_with("/api/v1/devices") && operation.get("requestBody").is_some() {
                    let large = json!({"name": "x".repeat(500_000)});
                    answers.push(("a large body", program(&server, &tokens[0], &what, &large)));
                }
            }
            for (who, answer) in answers {
                let status = answer.status.to_string();
                if operation["responses"].get(&status).is_none() {
                    wrong.push(format!("{what} by {who}: {status} {}", answer.body));
                }
                seen.insert(answer.status);
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!([401, 403, 404, 413, 422, 429].iter().all(|status| seen.contains(status)), "{seen:?}");
    server.stop();
}
