//! Several people with roles, the browsers in which they are logged in, and one-time codes.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::api::make_token;
use crate::harness::{Home, Server, require, succeeded};
use crate::hostile_browser::{Answer, ask, cookie, proof};
use crate::pages::{Readers, forms, pages};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
pub const OWNER: &str = "correct-horse";
pub const VIEWER: &str = "battery-staple";

/// A subcommand that reads a password.
pub fn with_password(home: &Home, arguments: &[&str], password: &str) -> String {
    let mut command = home.command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    let output = child.wait_with_output().unwrap();
    succeeded(&output);
    String::from_utf8(output.stdout).unwrap()
}

/// A server with an owner, `owner`, and a viewer, `bert`.
fn scene() -> (Home, Server) {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    (home, server)
}

fn enter(server: &Server, form: &str) -> Answer {
    ask(server, "POST /login", &["Host: localhost", FORM, "User-Agent: Firefox/1 (Linux)"], form)
}

/// Somebody who is logged in.
pub struct Person<'s> {
    server: &'s Server,
    pub cookie: String,
    proof: String,
}

impl<'s> Person<'s> {
    pub fn log_in(server: &'s Server, name: &str, password: &str) -> Self {
        Self::with(server, cookie(&enter(server, &format!("name={name}&password={password}"))))
    }

    fn with(server: &'s Server, cookie: String) -> Self {
        let proof = proof(server, &cookie);
        Self { server, cookie, proof }
    }

    pub fn ask(&self, what: &str, body: &Value) -> Answer {
        let headers = [
            "Host: localhost",
            "Content-Type: application/json",
            &*format!("Cookie: {}", self.cookie),
            &*format!("X-CSRF-Token: {}", self.proof),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(self.server, what, &headers, &body)
    }

    pub fn status(&self, what: &str, body: Value) -> u16 {
        self.ask(what, &body).status
    }

    pub fn json(&self, what: &str) -> Value {
        serde_json::from_str(&self.ask(what, &Value::Null).body).unwrap()
    }

    fn is_in(&self) -> bool {
        self.status("GET /api/v1/logins", Value::Null) == 200
    }
}

#[test]
fn the_login_asks_for_a_name_if_there_are_several_users() {
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let page = || ask(&server, "GET /login", &["Host: localhost"], "").body;
    assert!(!page().contains("name=\"name\""));
    cookie(&enter(&server, "password=correct-horse"));
    with_password(&home, &["users", "add", "Bert", "--role", "viewer"], VIEWER);
    assert!(page().contains("name=\"name\""));
    for (form, status) in [
        ("password=correct-horse", 403),
        ("name=bert&password=correct-horse", 403),
        ("name=owner&password=battery-staple", 403),
        ("name=nobody&password=battery-staple", 403),
        ("name=owner&password=correct-horse", 303),
        ("name=+BERT+&password=battery-staple", 303),
    ] {
        assert_eq!(enter(&server, form).status, status, "{form}");
    }
    server.stop();
}

/// What each role gets: the route, what the request holds, and the status for a viewer. A route that
/// changes something and is not listed here fails the test.
fn table() -> Vec<(&'static str, Value, u16)> {
    let none = || json!({});
    let changes = [
        // An owner's.
        ("POST /api/v1/incidents/{id}/retry", none(), 403),
        ("POST /api/v1/incidents/{id}/lock", none(), 403),
        ("DELETE /api/v1/incidents/{id}/lock", none(), 403),
        ("POST /api/v1/incidents/remove", json!({"ids": [1]}), 403),
        ("POST /api/v1/incidents/{id}/share", json!({"lasts_s": 3600}), 403),
        ("POST /api/v1/devices", json!({"name": "Yard"}), 403),
        ("PATCH /api/v1/devices/{id}", json!({"muted_for_s": 60}), 403),
        ("POST /api/v1/devices/{id}/merge", json!({"into": 2}), 403),
        ("POST /api/v1/devices/{id}/remove", json!({"name": "Yard"}), 403),
        ("POST /api/v1/devices/{id}/password", none(), 403),
        ("DELETE /api/v1/devices/{id}/password", Value::Null, 403),
        ("POST /api/v1/devices/{id}/snapshot", none(), 403),
        ("POST /api/v1/cameras/search", none(), 403),
        ("POST /api/v1/devices/{id}/camera/forget", json!({}), 403),
        ("POST /api/v1/devices/{id}/camera/plan", none(), 403),
        ("POST /api/v1/devices/{id}/camera/write", none(), 403),
        ("POST /api/v1/channels/{name}/test", none(), 403),
        ("PUT /api/v1/channels/{name}/paused", json!({"paused": true}), 403),
        ("POST /api/v1/channels", json!({"name": "x", "type": "webhook"}), 403),
        ("PUT /api/v1/channels/{name}/settings", json!({"name": "x", "type": "webhook"}), 403),
        ("POST /api/v1/channels/{name}/remove", none(), 403),
        ("POST /api/v1/channel-tests", json!({"name": "x", "type": "webhook"}), 403),
        ("POST /api/v1/added-channels", json!({"toml": ""}), 403),
        ("PUT /api/v1/routes", json!({"version": 0, "routes": []}), 403),
        ("PUT /api/v1/modes", json!({"version": 0, "modes": []}), 403),
        ("PUT /api/v1/devices/{id}/schedule", none(), 403),
        ("POST /api/v1/telegram/bot", json!({"token": "x"}), 403),
        ("POST /api/v1/telegram/chat", json!({"token": "x"}), 403),
        ("PATCH /api/v1/house", json!({"muted_for_s": 60}), 403),
        ("DELETE /api/v1/shares/{id}", Value::Null, 403),
        ("POST /api/v1/tokens", json!({"name": "x"}), 403),
        ("DELETE /api/v1/tokens/{id}", Value::Null, 403),
        ("POST /api/v1/users", json!({"name": "x", "role": "owner", "password": OWNER}), 403),
        ("PATCH /api/v1/users/{id}", json!({"role": "owner"}), 403),
        ("DELETE /api/v1/users/{id}", Value::Null, 403),
        ("DELETE /api/v1/users/{id}/totp", Value::Null, 403),
        // One's own account.
        ("PUT /api/v1/password", json!({"old": "wrong-horse", "new": "staple-battery"}), 403),
        ("PUT /api/v1/incidents/marks", json!({"ids": [1], "seen": true}), 204),
        (
            "POST /api/v1/review/seen",
            json!({"from": "2026-11-24T08:00:00Z", "until": "2026-11-24T18:00:00Z", "up_to": 1}),
            200,
        ),
        ("POST /api/v1/totp", json!({"password": VIEWER}), 200),
        ("PUT /api/v1/totp", json!({"code": "000000"}), 403),
        ("POST /api/v1/totp/end", json!({"password": VIEWER}), 204),
        ("DELETE /api/v1/logins", Value::Null, 204),
        ("DELETE /api/v1/logins/{id}", Value::Null, 404),
        ("POST /logout", Value::Null, 204),
    ];
    reads().into_iter().chain(own_browsers()).chain(changes).collect()
}

/// What viewers must not read.
fn reads() -> Vec<(&'static str, Value, u16)> {
    vec![
        // Secrets, which are only read.
        ("GET /api/v1/tokens", Value::Null, 403),
        ("GET /api/v1/channels/{name}/settings", Value::Null, 403),
        ("GET /api/v1/added-channels", Value::Null, 403),
        // What only who changes them needs.
        ("GET /api/v1/routes", Value::Null, 403),
        ("GET /api/v1/modes", Value::Null, 403),
        ("GET /channels/routes/edit", Value::Null, 403),
        // What only who adds a channel needs.
        ("GET /api/v1/channel-types", Value::Null, 403),
        ("GET /api/v1/users", Value::Null, 403),
        ("GET /api/v1/shares", Value::Null, 403),
        ("GET /api/v1/audit", Value::Null, 403),
        ("GET /shares", Value::Null, 403),
        ("GET /audit", Value::Null, 403),
        ("GET /devices/add", Value::Null, 403),
        ("GET /devices/{id}/setup", Value::Null, 403),
        ("GET /devices/{id}/camera/setup", Value::Null, 403),
    ]
}

/// One's own browsers; an address in this network is refused.
fn own_browsers() -> [(&'static str, Value, u16); 4] {
    let keys = json!({"p256dh": "x", "auth": "x"});
    [
        ("POST /api/v1/push", json!({"endpoint": "https://10.0.0.1/x", "keys": keys}), 400),
        ("PUT /api/v1/push/{id}", json!({}), 404),
        ("POST /api/v1/push/{id}/remove", json!({}), 404),
        ("POST /api/v1/push/{id}/test", json!({}), 404),
    ]
}

/// Routes outside of the API that change something without a login: a signed link, or a service's secret,
/// is the right there.
const WITHOUT_LOGIN: &[&str] = &["/login", "/setup", "/act/{token}", "/hooks/{channel}"];

#[test]
fn a_viewer_sees_and_changes_nothing() {
    let (home, server) = scene();
    let token = make_token(&home, &["tester", "--read"]);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let reader = ["Host: localhost", &*format!("Authorization: Bearer {token}")];
    let table = table();
    for (route, body, status) in &table {
        let number = if route.contains("/logins/") { "99" } else { "1" };
        let path = route.replace("{id}", number).replace("{name}", "me");
        let answer = viewer.ask(&path, body);
        assert_eq!(answer.status, *status, "{route}: {}", answer.body);
        if *status == 403 && !route.contains("/password") && !route.contains("/totp") {
            assert!(
                answer.body.to_lowercase().contains("only an owner"),
                "{route}: {}",
                answer.body
            );
        }
        // A program that may only read changes nothing, not even an account: it has none.
        if !route.starts_with("GET") {
            let answer = ask(
                &server,
                &path,
                &[&reader[..], &["Content-Type: application/json"]].concat(),
                "{}",
            );
            assert_eq!(answer.status, 403, "{route}: {}", answer.body);
        }
    }
    let owner = Person::log_in(&server, "owner", OWNER);
    for (method, path) in changing_routes(&owner) {
        let route = format!("{method} {path}");
        assert!(
            table.iter().any(|(known, ..)| *known == route),
            "{route} has no role in the table"
        );
    }
    assert_eq!(owner.json("GET /api/v1/tokens").as_array().unwrap().len(), 1);
    assert_eq!(owner.json("GET /api/v1/users").as_array().unwrap().len(), 2);
    // A viewer looks at everything else.
    let viewer = Person::log_in(&server, "bert", VIEWER);
    for (page, readers) in pages(1) {
        let answer = viewer.ask(&format!("GET {page}"), &Value::Null);
        // Nothing has arrived: what has a number is not found.
        let status = match (readers, page.contains('1')) {
            (Readers::Owners, _) => 403,
            (Readers::All, true) => 404,
            (Readers::All, false) => 200,
        };
        assert_eq!(answer.status, status, "{page}");
        assert!(status != 200 || answer.body.contains("data-role=\"viewer\""), "{page}");
        assert!(!answer.body.contains("Tokens for programs"), "{page}");
    }
    server.stop();
}

/// Calls that a viewer may read. A call that only reads, and is neither here nor in the table, fails the test: it may
/// show secrets.
const READ_BY_VIEWERS: &[&str] = &[
    "/api/v1/arrivals/{arrival}/files/{file}",
    "/api/v1/arrivals/{arrival}/files/{file}/rendition",
    "/api/v1/arrivals/{arrival}/files/{file}/thumbnail",
    "/api/v1/channels",
    "/api/v1/devices",
    "/api/v1/devices/{id}",
    "/api/v1/devices/{id}/schedule",
    "/api/v1/events",
    "/api/v1/house",
    "/api/v1/incidents",
    "/api/v1/incidents/{id}",
    "/api/v1/incidents/{id}/zip",
    "/api/v1/incidents/zip",
    "/api/v1/logins",
    "/api/v1/push",
    "/api/v1/review",
    "/api/v1/sessions",
    "/api/v1/sessions/{id}",
];

#[test]
fn every_reading_call_documents_who_may_use_it() {
    let (_home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let (document, table) = (owner.json("GET /api"), table());
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() {
            continue;
        }
        let is_owners = table.iter().any(|(route, ..)| *route == format!("GET {path}"));
        assert!(is_owners || READ_BY_VIEWERS.contains(&&**path), "who may read {path}?");
        // The stream of events does not end.
        if !is_owners && !path.ends_with("/events") {
            let one = path.replace("{arrival}", "1").replace("{file}", "0").replace("{id}", "1");
            let one = one.replace("/incidents/zip", "/incidents/zip?ids=1");
            let status = viewer.status(&format!("GET {one}"), Value::Null);
            assert!([200, 404].contains(&status), "{path}: {status}");
        }
    }
    server.stop();
}

/// Every route behind the login that may change something: from the API's description, and from the table of forms.
fn changing_routes(owner: &Person<'_>) -> Vec<(String, String)> {
    let document = owner.json("GET /api");
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "get") {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(routes.len() >= 20, "{routes:?}");
    for (path, is_guarded) in forms() {
        match is_guarded {
            true => routes.push(("POST".to_owned(), path)),
            false => assert!(WITHOUT_LOGIN.contains(&&*path), "{path} is open to all"),
        }
    }
    assert!(routes.iter().any(|(_, path)| path == "/logout"), "the table is read");
    routes
}

/// A route that the table does not list has no guard and no entry in the audit log.
#[test]
fn only_the_tables_register_routes_that_change_something() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    for source in sources(&folder) {
        let compact: String = source.split_whitespace().collect();
        for part in compact.split(".route(").skip(1) {
            for method in ["post", "put", "patch", "delete"] {
                let registers =
                    part.contains(&format!(",{method}(")) || part.contains(&format!(").{method}("));
                assert!(!registers, "list this route in web/routes.rs: {part:.80}");
            }
        }
    }
}

fn sources(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
    found
}

#[test]
fn users_are_managed_and_the_last_owner_stays() {
    let (home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let bert = Person::log_in(&server, "bert", VIEWER);
    for (what, body, status) in [
        ("DELETE /api/v1/users/1", Value::Null, 409),
        ("PATCH /api/v1/users/1", json!({"role": "viewer"}), 409),
        ("PATCH /api/v1/users/1", json!({"password": "another-horse"}), 403),
        ("DELETE /api/v1/users/9", Value::Null, 404),
        ("PATCH /api/v1/users/9", json!({"role": "owner"}), 404),
        ("POST /api/v1/users", json!({"name": "BERT", "role": "owner", "password": OWNER}), 409),
        ("POST /api/v1/users", json!({"name": "c", "role": "owner", "password": "short"}), 400),
        ("POST /api/v1/users", json!({"name": " ", "role": "owner", "password": OWNER}), 400),
        ("POST /api/v1/users", json!({"name": "c", "role": "root", "password": OWNER}), 422),
        ("POST /api/v1/users", json!({"name": "carl", "role": "viewer", "password": OWNER}), 201),
    ] {
        assert_eq!(owner.status(what, body.clone()), status, "{what} {body}");
    }
    // A role changes at once, for the login that is open, too.
    assert_eq!(bert.status("PATCH /api/v1/house", json!({"muted_for_s": 0})), 403);
    assert_eq!(owner.status("PATCH /api/v1/users/2", json!({"role": "owner"})), 204);
    assert_eq!(bert.status("PATCH /api/v1/house", json!({"muted_for_s": 0})), 200);
    // Now there are two, and one may go.
    assert_eq!(bert.status("DELETE /api/v1/users/1", Value::Null), 204);
    assert!(!owner.is_in(), "whoever is removed is out");
    assert_eq!(enter(&server, "name=owner&password=correct-horse").status, 403);
    assert_eq!(bert.status("DELETE /api/v1/users/2", Value::Null), 409);
    // A password that an owner sets ends that user's logins, and nobody else's.
    let carl = Person::log_in(&server, "carl", OWNER);
    let users = bert.json("GET /api/v1/users");
    let of_carl = format!("PATCH /api/v1/users/{}", users[1]["id"]);
    assert_eq!(bert.status(&of_carl, json!({"password": "another-horse"})), 204);
    assert!(!carl.is_in() && bert.is_in());
    // The same by the command line, beside the server.
    let carl = Person::log_in(&server, "carl", "another-horse");
    home.run(&["users", "role", "Carl", "owner"]);
    assert_eq!(carl.status("PATCH /api/v1/house", json!({"muted_for_s": 0})), 200);
    with_password(&home, &["users", "password", "bert"], "staple-battery");
    assert!(!bert.is_in() && carl.is_in());
    home.run(&["users", "remove", "bert"]);
    let refused = home.command(&["users", "remove", "carl"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let users = home.json(&["users", "--json"]);
    assert_eq!((users.as_array().unwrap().len(), &users[0]["name"]), (1, &json!("carl")));
    server.stop();
}

#[test]
fn logins_are_listed_and_revoked() {
    let (home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let other = Person::log_in(&server, "owner", OWNER);
    let bert = Person::log_in(&server, "bert", VIEWER);
    let all = owner.json("GET /api/v1/logins");
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 3);
    let present: Vec<&Value> = all.iter().filter(|it| it["present"] == json!(true)).collect();
    let [present] = present.as_slice() else { panic!("{all:?}") };
    assert_eq!(present["user"], "owner");
    assert_eq!(present["address"], "127.0.0.1");
    assert_eq!(present["browser"], "Firefox/1 (Linux)");
    let ids = |user: &str| -> Vec<i64> {
        let of_user = all.iter().filter(|it| it["user"] == json!(user));
        of_user.map(|it| it["id"].as_i64().unwrap()).collect()
    };
    // A viewer sees and ends their own.
    assert_eq!(bert.json("GET /api/v1/logins").as_array().unwrap().len(), 1);
    for id in ids("owner") {
        assert_eq!(bert.status(&format!("DELETE /api/v1/logins/{id}"), Value::Null), 404);
    }
    assert_eq!(bert.status("DELETE /api/v1/logins?user=1", Value::Null), 403);
    assert!(owner.is_in() && other.is_in());
    // All of one's own but this one; one by one; all of somebody else.
    assert_eq!(owner.status("DELETE /api/v1/logins", Value::Null), 204);
    assert!(owner.is_in() && !other.is_in() && bert.is_in());
    let id = ids("bert")[0];
    assert_eq!(owner.status(&format!("DELETE /api/v1/logins/{id}"), Value::Null), 204);
    assert_eq!(owner.status(&format!("DELETE /api/v1/logins/{id}"), Value::Null), 404);
    assert!(!bert.is_in());
    let bert = Person::log_in(&server, "bert", VIEWER);
    assert_eq!(owner.status("DELETE /api/v1/logins?user=2", Value::Null), 204);
    assert!(!bert.is_in() && owner.is_in());
    // A changed password ends the others, and the tokens where that is asked for.
    make_token(&home, &["program"]);
    let (bert, other) =
        (Person::log_in(&server, "bert", VIEWER), Person::log_in(&server, "owner", OWNER));
    let change = |old: &str, new: &str, tokens: bool| {
        let body = json!({"old": old, "new": new, "revoke_tokens": tokens});
        owner.ask("PUT /api/v1/password", &body)
    };
    let changed = change(OWNER, "another-horse", false);
    assert_eq!(changed.status, 204, "{}", changed.body);
    assert!(!owner.is_in() && !other.is_in() && bert.is_in());
    let (pair, _) = changed.header("set-cookie").split_once(';').unwrap();
    let owner = Person::with(&server, pair.to_owned());
    assert_eq!(owner.json("GET /api/v1/tokens").as_array().unwrap().len(), 1);
    let body = json!({"old": "another-horse", "new": OWNER, "revoke_tokens": true});
    let changed = owner.ask("PUT /api/v1/password", &body);
    let (pair, _) = changed.header("set-cookie").split_once(';').unwrap();
    let owner = Person::with(&server, pair.to_owned());
    assert_eq!(owner.json("GET /api/v1/tokens"), json!([]));
    let asks_too_much = json!({"old": VIEWER, "new": "staple-battery", "revoke_tokens": true});
    assert_eq!(bert.status("PUT /api/v1/password", asks_too_much), 403);
    server.stop();
}

/// The code of a secret, as another program makes it; so many steps from now.
pub fn code(secret: &str, steps: i64) -> String {
    let script = "import base64, hashlib, hmac, struct, sys, time\n\
        key = base64.b32decode(sys.argv[1])\n\
        step = int(time.time()) // 30 + int(sys.argv[2])\n\
        tag = hmac.new(key, struct.pack('>q', step), hashlib.sha1).digest()\n\
        at = tag[-1] & 15\n\
        print('%06d' % ((struct.unpack('>I', tag[at:at + 4])[0] & 0x7fffffff) % 10**6))";
    let steps = steps.to_string();
    let output =
        Command::new(require("python3")).args(["-c", script, secret, &steps]).output().unwrap();
    succeeded(&output);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_code_is_required_after_the_password_and_works_once() {
    let (home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let wrong = json!({"password": "wrong-horse"});
    assert_eq!(owner.status("POST /api/v1/totp", wrong), 403, "a stolen login enrols nobody");
    let made = owner.ask("POST /api/v1/totp", &json!({"password": OWNER}));
    let made: Value = serde_json::from_str(&made.body).unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert!(made["uri"].as_str().unwrap().starts_with("otpauth://totp/Tipoff:owner?secret="));
    assert!(made["qr"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    // Before a code confirms it, the password alone is enough.
    cookie(&enter(&server, "name=owner&password=correct-horse"));
    assert_eq!(owner.status("PUT /api/v1/totp", json!({"code": code(secret, -9)})), 403);
    let confirming = code(secret, -1);
    let confirmed = owner.ask("PUT /api/v1/totp", &json!({"code": confirming}));
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    let confirmed: Value = serde_json::from_str(&confirmed.body).unwrap();
    let recovery = confirmed["recovery_codes"][0].as_str().unwrap().to_owned();
    assert_eq!(owner.status("PUT /api/v1/totp", json!({"code": code(secret, 0)})), 409);

    let ticket = || {
        let page = enter(&server, "name=owner&password=correct-horse");
        assert_eq!((page.status, page.all("set-cookie").len()), (200, 0), "{}", page.head);
        let (_, rest) = page.body.split_once("name=\"ticket\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let with =
        |ticket: &str, code: &str| enter(&server, &format!("ticket={ticket}&code={code}")).status;
    let first = ticket();
    assert_eq!(with(&first, &confirming), 403, "it confirmed the secret");
    let present = code(secret, 0);
    assert_eq!(with(&first, &present), 303);
    assert_eq!(with(&first, &present), 403, "it holds once");
    assert_eq!(with(&first, &code(secret, 1)), 303, "a clock may be ahead");
    assert_eq!(with(&first, &code(secret, 0)), 403, "nothing before the last one");
    assert_eq!(with(&ticket(), &recovery), 303);
    assert_eq!(with(&ticket(), &recovery), 403);
    // What shows that the password was right is of this user and this password.
    let forged = first.replacen("1.", "2.", 1);
    assert_eq!(with(&forged, &code(secret, 2)), 403);
    with_password(&home, &["users", "password", "owner"], "another-horse");
    assert_eq!(with(&first, confirmed["recovery_codes"][1].as_str().unwrap()), 403);
    // Codes are never written anywhere.
    assert!(!server.log().contains(secret) && !server.log().contains(&recovery));
    // Whoever is at the machine turns it off.
    home.run(&["users", "no-totp", "owner"]);
    cookie(&enter(&server, "name=owner&password=another-horse"));
    server.stop();
}
