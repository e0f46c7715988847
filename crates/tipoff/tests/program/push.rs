//! Notifications of browsers: a viewer subscribes, reads alerts that only the browser can decrypt, and ends it; nobody else sees
//! or changes it, and no request reaches this network.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tipoff_testkit::push_service::{Push, PushService, Subscription};
use tokio::runtime::Runtime;

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::users::{OWNER, Person, VIEWER, with_password};

const OPEN: &str = "[incidents]\nquiet = \"0 s\"\n[http]\nlisten = \"127.0.0.1:0\"\npush_networks = [\"127.0.0.1\"]\n";

/// A push service, in a runtime of its own.
struct Browsers {
    service: PushService,
    _runtime: Runtime,
}

impl Browsers {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let service = runtime.block_on(PushService::start()).unwrap();
        Self { service, _runtime: runtime }
    }

    /// A browser of this person subscribes; its number in the program.
    fn subscribe(&self, person: &Person<'_>, wanted: Value) -> i64 {
        let key = person.json("GET /api/v1/push")["key"].as_str().unwrap().to_owned();
        let answer =
            person.ask("POST /api/v1/push", &body(&self.service.subscribe(&key).unwrap(), wanted));
        assert_eq!(answer.status, 201, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["id"].as_i64().unwrap()
    }

    fn wait_for(&self, count: usize) -> Vec<Push> {
        wait_for("notifications", || {
            Some(self.service.log().all()).filter(|all| all.len() >= count)
        })
    }
}

fn body(subscription: &Subscription, wanted: Value) -> Value {
    let Subscription { endpoint, p256dh, auth } = subscription;
    json!({ "endpoint": endpoint, "keys": { "p256dh": p256dh, "auth": auth }, "wanted": wanted })
}

fn started(home: &Home) -> Server {
    let server = home.start();
    with_password(home, &["password"], OWNER);
    with_password(home, &["users", "add", "bert"], VIEWER);
    server
}

fn motion(server: &Server, from: &str, subject: &str) {
    let reply = send(server.smtp[0], &format!("{from}@example.com"), &mail(subject, &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

fn browsers(person: &Person<'_>) -> Vec<Value> {
    person.json("GET /api/v1/push")["browsers"].as_array().unwrap().clone()
}

#[test]
fn a_viewer_subscribes_a_browser_and_reads_alerts_within_a_second() {
    let (push, home) = (Browsers::new(), Home::new(OPEN));
    let server = started(&home);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let owner = Person::log_in(&server, "owner", OWNER);
    let id = push.subscribe(&viewer, json!({}));
    assert_eq!(viewer.status(&format!("POST /api/v1/push/{id}/test"), json!({})), 200);
    assert!(push.wait_for(1)[0].payload["title"].as_str().unwrap().contains("works"));
    let began = Instant::now();
    motion(&server, "yard", "Person detected");
    let alert = push.wait_for(2).remove(1);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(
        (&alert.payload["url"], &alert.payload["tag"]),
        (&json!("incidents/1"), &json!("incident-1"))
    );
    assert!(alert.payload["title"].as_str().unwrap().contains("Person"), "{alert:?}");
    // The picture opens without a login.
    let picture = alert.payload["image"].as_str().unwrap();
    assert_eq!(server.get_bytes(&format!("/{picture}")), PICTURE);

    let own = browsers(&viewer);
    assert_eq!((own[0]["user"].as_str(), own[0]["own"].as_bool()), (Some("bert"), Some(true)));
    let of_owner = browsers(&owner);
    assert_eq!(
        (of_owner[0]["user"].as_str(), of_owner[0]["own"].as_bool()),
        (Some("bert"), Some(false))
    );
    wait_for("the last success", || browsers(&owner)[0]["delivered_at"].is_string().then_some(()));
    // Nobody changes or tests the browser of another, and no secret of it is shown or logged.
    let others = push.subscribe(&owner, json!({ "devices": ["nowhere"] }));
    assert_eq!(browsers(&viewer).len(), 1);
    for (what, body) in
        [("PUT /api/v1/push/{id}", json!({})), ("POST /api/v1/push/{id}/test", json!({}))]
    {
        assert_eq!(
            owner.status(&what.replace("{id}", &id.to_string()), body.clone()),
            404,
            "{what}"
        );
        assert_eq!(viewer.status(&what.replace("{id}", &others.to_string()), body), 404, "{what}");
    }
    assert_eq!(viewer.status(&format!("POST /api/v1/push/{others}/remove"), json!({})), 404);
    let pages =
        ["/settings", "/api/v1/push", "/channels", "/api/v1/channels", "/audit", "/incidents/1"];
    let mut shown: Vec<String> =
        pages.iter().map(|page| owner.ask(&format!("GET {page}"), &Value::Null).body).collect();
    shown.extend([server.log(), home.run(&["audit", "--json"])]);
    for text in shown {
        assert!(!text.contains("/push/0") && !text.contains("p256dh"), "{text}");
    }
    server.stop();

    let server = home.start();
    motion(&server, "yard", "Motion at night");
    assert_eq!(push.wait_for(3)[2].browser, 0, "it is kept over a restart, with the same key");
    let owner = Person::log_in(&server, "owner", OWNER);
    assert_eq!(owner.status(&format!("POST /api/v1/push/{id}/remove"), json!({})), 204);
    assert_eq!(browsers(&owner).len(), 1);
    server.stop();
}

#[test]
fn a_person_chooses_devices_and_events_beside_all_routes() {
    let push = Browsers::new();
    let home = Home::new(&format!(
        "{OPEN}[[device]]\nname = \"Door\"\nmatch = {{ from = \"door@*\" }}\n[[device]]\nname = \"Yard\"\n\
         match = {{ from = \"yard@*\" }}\n[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
         [[route]]\ndevices = [\"Yard\"]\nchannels = [\"hook\"]\nstop = true\n"
    ));
    let server = started(&home);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let id = push.subscribe(&viewer, json!({ "devices": ["Door"], "events": ["person"] }));
    motion(&server, "yard", "Person detected");
    motion(&server, "door", "Motion detected");
    motion(&server, "door", "Person detected");
    let first = push.wait_for(1).remove(0);
    assert_eq!(first.payload["tag"], "incident-3", "{first:?}");
    let change = format!("PUT /api/v1/push/{id}");
    assert_eq!(viewer.status(&change, json!({ "events": ["persons"] })), 400);
    assert_eq!(viewer.status(&change, json!({ "devices": ["Yard"] })), 204);
    motion(&server, "door", "Person detected");
    motion(&server, "yard", "Motion detected");
    assert_eq!(push.wait_for(2)[1].payload["tag"], "incident-5");
    assert!(
        !home.incident(2)["suppressed_reason"].is_null()
            || home.incident(2)["deliveries"] == json!([])
    );
    server.stop();
}

#[test]
fn a_browser_that_ended_its_subscription_is_removed_and_the_timeline_says_so() {
    let (push, home) = (Browsers::new(), Home::new(OPEN));
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    push.subscribe(&owner, json!({}));
    push.service.end(0);
    motion(&server, "yard", "Motion");
    wait_for("its removal", || browsers(&owner).is_empty().then_some(()));
    let delivery = home.incident(1)["deliveries"][0].clone();
    assert_eq!(delivery["state"], "refused", "{delivery}");
    assert!(delivery["attempts"][0]["error"].as_str().unwrap().contains("removed"), "{delivery}");
    server.stop();
}

#[test]
fn a_subscription_ends_with_the_login_the_password_and_the_user() {
    let (push, home) = (Browsers::new(), Home::new(OPEN));
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    let gone = |what: &str| wait_for(what, || browsers(&owner).is_empty().then_some(()));
    let viewer = Person::log_in(&server, "bert", VIEWER);
    push.subscribe(&viewer, json!({}));
    assert_eq!(viewer.status("POST /logout", Value::Null), 204);
    gone("the end with the login");
    push.subscribe(&Person::log_in(&server, "bert", VIEWER), json!({}));
    // Beside the running program.
    with_password(&home, &["users", "password", "bert"], "staple-battery");
    gone("the end with the password");
    push.subscribe(&Person::log_in(&server, "bert", "staple-battery"), json!({}));
    let users = owner.json("GET /api/v1/users");
    let bert = users.as_array().unwrap().iter().find(|user| user["name"] == "bert").unwrap();
    assert_eq!(owner.status(&format!("DELETE /api/v1/users/{}", bert["id"]), Value::Null), 204);
    gone("the end with the user");
    push.subscribe(&owner, json!({}));
    motion(&server, "yard", "Motion");
    assert_eq!(push.wait_for(1)[0].browser, 3, "only the browser that is left");
    server.stop();
}

#[test]
fn no_subscription_leads_into_this_network() {
    let push = Browsers::new();
    let home = Home::new("");
    let server = started(&home);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let good = push.service.subscribe("key").unwrap();
    let port = server.http.port();
    for endpoint in [
        good.endpoint.clone(),
        format!("https://127.0.0.1:{port}/x"),
        format!("https://localhost:{port}/x"),
        "https://192.168.1.1/x".to_owned(),
        "https://[::ffff:10.0.0.1]/x".to_owned(),
        "https://169.254.169.254/latest".to_owned(),
        "http://push.example.org/x".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let answer = viewer
            .ask("POST /api/v1/push", &body(&Subscription { endpoint, ..good.clone() }, json!({})));
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("endpoint"), "{}", answer.body);
    }
    assert!(push.service.log().is_empty() && browsers(&viewer).is_empty());
    server.stop();
}
