//! Every route that changes something writes the entries of the audit log that its line in `web/routes.rs` names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tipoff_testkit::camera::{Camera, Options, Vendor};
use tipoff_testkit::push_service::PushService;
use tipoff_testkit::telegram;

use crate::camera_setup::CAMERA_PASSWORD;
use crate::harness::{Home, PICTURE, Server, mail, send};
use crate::hook::Hook;
use crate::hostile_browser::{Answer, ask, cookie};
use crate::hostile_links::sign;
use crate::pages::forms;
use crate::telegram::Phone;
use crate::users::{OWNER, Person, code, with_password};

const MODES: &str = "[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n";

/// Makes requests, and records which actions each route has written.
struct Recorder<'s> {
    server: &'s Server,
    home: &'s Home,
    written: BTreeMap<String, BTreeSet<String>>,
}

impl Recorder<'_> {
    fn entries(&self) -> Vec<Value> {
        self.home.json(&["audit", "--limit", "1000", "--json"]).as_array().unwrap().clone()
    }

    /// Sends a request of this route, with `part` for the variable of its path. It must succeed.
    fn call(
        &mut self,
        person: &Person<'_>,
        route: &str,
        part: impl ToString,
        body: Value,
    ) -> Answer {
        let name = route.split(['{', '}']).nth(1).unwrap_or_default().to_owned();
        let request = route.replace(&format!("{{{name}}}"), &part.to_string());
        let before = self.entries();
        let answer = person.ask(&request, &body);
        assert!(
            (200..300).contains(&answer.status),
            "{request}: {} {}",
            answer.status,
            answer.body
        );
        self.record(route, &before);
        answer
    }

    /// Sends a form without a login.
    fn form(&mut self, path: &str, query: &str, body: &str) -> Answer {
        const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
        let before = self.entries();
        let address = format!("POST {}", path.replace("{token}", query));
        let answer = ask(self.server, &address, &["Host: localhost", FORM], body);
        self.record(path, &before);
        answer
    }

    /// An entry that is repeated soon is counted in the first one, and so differs too.
    fn record(&mut self, route: &str, before: &[Value]) {
        let entries = self.entries();
        let new = entries.iter().filter(|entry| !before.contains(entry));
        let actions = new.map(|entry| entry["what"].as_str().unwrap().to_owned());
        self.written.entry(route.to_owned()).or_default().extend(actions);
    }
}

fn field(answer: &Answer, key: &str) -> Value {
    serde_json::from_str::<Value>(&answer.body).unwrap()[key].clone()
}

fn text(answer: &Answer, key: &str) -> String {
    field(answer, key).as_str().unwrap().to_owned()
}

fn drive_devices_and_incidents(it: &mut Recorder<'_>, owner: &Person<'_>) {
    let none = || json!({});
    let added = it.call(owner, "POST /api/v1/devices", "", json!({"name": "Hall"}));
    let added = field(&added, "id");
    it.call(owner, "PATCH /api/v1/devices/{id}", 1, json!({"name": "Yard"}));
    drive_camera_setup(it, owner, &added);
    it.call(owner, "POST /api/v1/devices/{id}/password", &added, none());
    it.call(owner, "DELETE /api/v1/devices/{id}/password", &added, Value::Null);
    it.call(owner, "POST /api/v1/devices/{id}/merge", 2, json!({"into": 1}));
    it.call(owner, "POST /api/v1/incidents/{id}/retry", 1, none());
    it.call(owner, "POST /api/v1/incidents/{id}/lock", 1, none());
    it.call(owner, "DELETE /api/v1/incidents/{id}/lock", 1, Value::Null);
    let link = it.call(owner, "POST /api/v1/incidents/{id}/share", 1, json!({"lasts_s": 60}));
    it.call(owner, "DELETE /api/v1/shares/{id}", field(&link, "id"), Value::Null);
    it.call(owner, "POST /api/v1/channels/{name}/test", "hook", none());
    for paused in [true, false] {
        let body = json!({"paused": paused});
        it.call(owner, "PUT /api/v1/channels/{name}/paused", "hook", body);
    }
    let version = owner.json("GET /api/v1/modes")["version"].clone();
    let modes = json!([{"name": "home"}, {"name": "away"}]);
    it.call(owner, "PUT /api/v1/modes", "", json!({"version": version, "modes": modes}));
    let body = json!({"mode": "away", "muted_for_s": 60});
    it.call(owner, "PATCH /api/v1/house", "", body);
    it.call(owner, "PUT /api/v1/incidents/marks", "", json!({"ids": [1], "seen": true}));
    let (from, until) = ("2026-11-24T08:00:00Z", "2026-11-24T18:00:00Z");
    let body = json!({"from": from, "until": until, "up_to": 1});
    it.call(owner, "POST /api/v1/review/seen", "", body);
    it.call(owner, "POST /api/v1/incidents/remove", "", json!({"ids": [1]}));
    let gone = it.call(owner, "POST /api/v1/devices", "", json!({"name": "Gone"}));
    let gone = field(&gone, "id");
    it.call(owner, "POST /api/v1/devices/{id}/remove", gone, json!({"name": "Gone"}));
}

fn drive_added_channels(it: &mut Recorder<'_>, owner: &Person<'_>, hook: &Hook) {
    let settings = json!({"url": hook.url()});
    let mut draft = json!({"name": "x", "type": "webhook", "settings": settings});
    it.call(owner, "POST /api/v1/channel-tests", "", draft.clone());
    it.call(owner, "POST /api/v1/channels", "", draft.clone());
    draft["version"] = owner.json("GET /api/v1/channels/x/settings")["version"].clone();
    it.call(owner, "PUT /api/v1/channels/{name}/settings", "x", draft);
    it.call(owner, "POST /api/v1/channels/{name}/remove", "x", json!({}));
    let version = || owner.json("GET /api/v1/routes")["version"].clone();
    let body = json!({"version": version(), "routes": [{"name": "all"}]});
    it.call(owner, "PUT /api/v1/routes", "", body);
    it.call(owner, "PUT /api/v1/devices/{id}/schedule", 1, json!({"never": true}));
    it.call(owner, "PUT /api/v1/devices/{id}/schedule", 1, json!({}));
    let toml =
        hook.channel().replace("\"hook\"", "\"imported\"") + "[[route]]\nname = \"imported\"\n";
    it.call(owner, "POST /api/v1/added-channels", "", json!({"toml": toml}));
    let phone = Phone::new(telegram::Options::default());
    let bot = json!({"token": telegram::TOKEN, "api": phone.telegram.url()});
    phone.telegram.write(telegram::CHAT, "hello", "Ann");
    it.call(owner, "POST /api/v1/telegram/bot", "", bot.clone());
    it.call(owner, "POST /api/v1/telegram/chat", "", bot);
}

fn drive_push(it: &mut Recorder<'_>, owner: &Person<'_>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = runtime.block_on(PushService::start()).unwrap();
    let key = owner.json("GET /api/v1/push")["key"].as_str().unwrap().to_owned();
    let browser = service.subscribe(&key).unwrap();
    let keys = json!({"p256dh": browser.p256dh, "auth": browser.auth});
    let body = json!({"endpoint": browser.endpoint, "keys": keys});
    let id = field(&it.call(owner, "POST /api/v1/push", "", body), "id");
    it.call(owner, "PUT /api/v1/push/{id}", &id, json!({"events": ["person"]}));
    it.call(owner, "POST /api/v1/push/{id}/test", &id, json!({}));
    it.call(owner, "POST /api/v1/push/{id}/remove", &id, json!({}));
}

fn drive_camera_setup(it: &mut Recorder<'_>, owner: &Person<'_>, device: &Value) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let camera = runtime.block_on(Camera::start(Options::of(Vendor::Hikvision))).unwrap();
    let mut body = json!({"address": camera.url(), "user": "admin", "password": CAMERA_PASSWORD});
    let plan = it.call(owner, "POST /api/v1/devices/{id}/camera/plan", device, body.clone());
    body["plan"] = field(&plan, "plan");
    body["keep_login"] = json!(true);
    it.call(owner, "POST /api/v1/devices/{id}/camera/write", device, body);
    it.call(owner, "POST /api/v1/devices/{id}/snapshot", device, json!({}));
    it.call(owner, "POST /api/v1/devices/{id}/camera/forget", device, json!({}));
    it.call(owner, "POST /api/v1/cameras/search", "", json!({}));
}

fn drive_accounts(it: &mut Recorder<'_>, owner: &Person<'_>) {
    const TOKENS: &str = "POST /api/v1/tokens";
    let server = it.server;
    let token = it.call(owner, TOKENS, "", json!({"name": "script"}));
    it.call(owner, "DELETE /api/v1/tokens/{id}", field(&token, "id"), Value::Null);
    let carl = json!({"name": "carl", "role": "owner", "password": OWNER});
    let carl = field(&it.call(owner, "POST /api/v1/users", "", carl), "id");
    it.call(&Person::log_in(server, "carl", OWNER), TOKENS, "", json!({"name": "of carl"}));
    let change = json!({"role": "owner", "password": "another-horse", "revoke_tokens": true});
    it.call(owner, "PATCH /api/v1/users/{id}", &carl, change);
    it.call(owner, "DELETE /api/v1/users/{id}/totp", &carl, Value::Null);
    let of_carl = Person::log_in(server, "carl", "another-horse");
    let login = of_carl.json("GET /api/v1/logins")[0]["id"].clone();
    it.call(&of_carl, TOKENS, "", json!({"name": "of carl"}));
    it.call(owner, "DELETE /api/v1/logins/{id}", login, Value::Null);
    it.call(owner, "DELETE /api/v1/logins", "", Value::Null);
    it.call(owner, "DELETE /api/v1/users/{id}", &carl, Value::Null);

    let password = || json!({"password": OWNER});
    let made = it.call(owner, "POST /api/v1/totp", "", password());
    let code = json!({"code": code(&text(&made, "secret"), 0)});
    it.call(owner, "PUT /api/v1/totp", "", code);
    it.call(owner, "POST /api/v1/totp/end", "", password());
    it.call(owner, TOKENS, "", json!({"name": "script"}));
    let change = json!({"old": OWNER, "new": "another-horse", "revoke_tokens": true});
    it.call(owner, "PUT /api/v1/password", "", change);
}

fn scene(hook: &Hook, modes: &str) -> (Home, Server) {
    const HTTP: &str = "[http]\nlisten = \"127.0.0.1:0\"\npush_networks = [\"127.0.0.1\"]\n";
    let home = Home::new(&format!("{}{modes}{HTTP}", hook.channel()));
    let server = home.start();
    for sender in ["yard@example.com", "gate@example.com"] {
        assert!(send(server.smtp[0], sender, &mail("Motion", &[PICTURE])).starts_with("250"));
    }
    hook.wait_for_requests(2);
    (home, server)
}

#[test]
fn every_call_that_changes_something_writes_the_entries_of_its_line() {
    let hook = Hook::start();
    let (home, server) = scene(&hook, "");
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    let document = owner.json("GET /api");
    let mut it = Recorder { server: &server, home: &home, written: BTreeMap::new() };
    drive_devices_and_incidents(&mut it, &owner);
    drive_added_channels(&mut it, &owner, &hook);
    drive_push(&mut it, &owner);
    drive_accounts(&mut it, &owner);
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let names = call["x-audit"].as_array().unwrap().iter();
            let named: BTreeSet<String> =
                names.map(|name| name.as_str().unwrap().to_owned()).collect();
            if method != "get" {
                let route = format!("{} {path}", method.to_uppercase());
                let written = it.written.get(&route).unwrap_or_else(|| panic!("drive {route}"));
                assert_eq!(*written, named, "{route}");
                routes += 1;
            }
        }
    }
    assert_eq!(routes, it.written.len(), "{:?}", it.written.keys());
    server.stop();
}

#[test]
fn every_form_that_changes_something_writes_its_entries() {
    let hook = Hook::start();
    let (home, server) = scene(&hook, MODES);
    let mut it = Recorder { server: &server, home: &home, written: BTreeMap::new() };
    let link = server.setup_link();
    let (_, key) = link.split_once("key=").unwrap();
    it.form("/setup", "", &format!("key={key}&password={OWNER}"));
    cookie(&it.form("/login", "", &format!("password={OWNER}")));
    it.call(&Person::log_in(&server, "owner", OWNER), "POST /logout", "", Value::Null);
    for action in ["m:all:15", "m:1:15", "h:away", "n:1", "i:1", "l:1", "o:1"] {
        let grant = format!("32503680000\n{action}\nntfy");
        let signature = sign(&home, &format!("act/{grant}"));
        let token = format!("{}.{signature}", base64url(&grant));
        let answer = it.form("/act/{token}", &token, "");
        assert_eq!(answer.status, 200, "{action}: {}", answer.body);
    }
    for (path, _) in forms() {
        let expected: &[&str] = match &*path {
            // A wrong password is written within ten seconds: `wrong_passwords_are_counted_by_address`.
            "/login" => &["login.begin"],
            "/setup" => &["password.set", "login.begin"],
            "/logout" => &["login.end"],
            "/act/{token}" => &[
                "house.mute",
                "device.change",
                "house.mode",
                "incident.dismiss",
                "incident.restore",
                "incident.lock",
                "incident.unlock",
            ],
            // A press of a button does what an action link does.
            "/hooks/{channel}" => continue,
            other => panic!("drive {other}"),
        };
        let route = if path == "/logout" { "POST /logout" } else { &*path };
        let expected: BTreeSet<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(it.written.get(route), Some(&expected), "{path}");
    }
    server.stop();
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
