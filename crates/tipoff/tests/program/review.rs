//! The review without a browser: marks, counts, several incidents as one zip, and incidents that an owner removes.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Home, PICTURE, Server, mail, send};
use crate::users::{OWNER, Person, VIEWER, with_password};

/// A server with an owner, a viewer, and three incidents of two devices.
fn scene() -> (Home, Server) {
    let home = Home::new("[incidents]\nquiet = \"0 s\"\n");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    for (from, subject) in [("yard", "Motion"), ("gate", "Person at the gate"), ("yard", "Motion")]
    {
        let reply =
            send(server.smtp[0], &format!("{from}@example.com"), &mail(subject, &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    }
    (home, server)
}

/// The night or day in which the incidents of a test began.
fn period(person: &Person<'_>) -> Value {
    let now = jiff_now(person);
    let (day, hour) = (&now[..10], now[11..13].parse::<u32>().unwrap());
    let (day, part) = match hour {
        8..18 => (day.to_owned(), "day"),
        18.. => (day.to_owned(), "night"),
        _ => (day_before(day), "night"),
    };
    person.json(&format!("GET /api/v1/review?day={day}&part={part}"))
}

/// When the last incident began, in UTC, which is the server's zone.
fn jiff_now(person: &Person<'_>) -> String {
    let incidents = person.json("GET /api/v1/incidents?limit=1");
    incidents["incidents"][0]["began_at"].as_str().unwrap().to_owned()
}

fn day_before(day: &str) -> String {
    let script = format!(
        "import datetime; print(datetime.date.fromisoformat('{day}') - datetime.timedelta(1))"
    );
    let output = std::process::Command::new("python3").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Number of incidents and of unseen ones.
fn totals(review: &Value) -> (u64, u64) {
    let counts = review["counts"].as_array().unwrap();
    let sum = |key: &str| counts.iter().map(|count| count[key].as_u64().unwrap()).sum();
    (sum("incidents"), sum("unseen"))
}

#[test]
fn everybody_marks_for_themselves() {
    let (_home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let see = json!({"ids": [1, 2, 99], "seen": true});
    assert_eq!(viewer.status("PUT /api/v1/incidents/marks", see), 204);
    assert_eq!(totals(&period(&viewer)), (3, 1));
    assert_eq!(totals(&period(&owner)), (3, 3));
    let review = period(&owner);
    let all = json!({"from": review["from"], "until": review["until"], "up_to": 2});
    let seen = owner.ask("POST /api/v1/review/seen", &all);
    assert_eq!(seen.body, r#"{"incidents":2}"#);
    assert_eq!(totals(&period(&owner)), (3, 1));
    let page = viewer.ask("GET /", &Value::Null).body;
    assert_eq!(page.matches("class=\"unseen-dot\"").count(), 1);
    for wrong in [json!({"ids": vec![1; 201]}), json!({"ids": ["x"]}), json!({"seen": true})] {
        let status = viewer.status("PUT /api/v1/incidents/marks", wrong);
        assert!((400..500).contains(&status), "{status}");
    }
    server.stop();
}

#[test]
fn an_incident_opened_from_a_list_leads_through_that_list() {
    let (_home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let page = |address: &str| owner.ask(&format!("GET /incidents/{address}"), &Value::Null).body;
    let gate = owner.json("GET /api/v1/incidents/2")["incident"]["device"]["id"].as_i64().unwrap();
    let yard = owner.json("GET /api/v1/incidents/1")["incident"]["device"]["id"].as_i64().unwrap();
    let of_yard = page(&format!("1?device={yard}"));
    assert!(
        of_yard.contains(&format!("href=\"incidents/3?device={yard}\" rel=\"prev\"")),
        "{of_yard}"
    );
    let of_gate = page(&format!("2?device={gate}"));
    assert!(!of_gate.contains("rel=\"prev\"") && !of_gate.contains("rel=\"next\""), "{of_gate}");
    // Of the review the most important event is the first one.
    let review = period(&owner);
    let day = review["from"].as_str().unwrap().get(..10).unwrap().to_owned();
    let part = if review["from"].as_str().unwrap().contains("T08") { "day" } else { "night" };
    let context = format!("?in=review&day={day}&part={part}");
    let person = page(&format!("2{context}"));
    assert!(!person.contains("rel=\"prev\""), "{person}");
    assert!(person.contains("href=\"incidents/3?in=review"), "{person}");
    let motion = page(&format!("3{context}"));
    assert!(motion.contains("href=\"incidents/2?in=review"), "{motion}");
    assert!(motion.contains("href=\"incidents/1?in=review"), "{motion}");
    assert_eq!(owner.ask("GET /incidents/1?event=nonsense", &Value::Null).status, 400);
    server.stop();
}

#[test]
fn several_incidents_are_one_zip_of_bounded_size() {
    let (home, server) = scene();
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let file = home.file("incidents.zip");
    let output = std::process::Command::new("curl")
        .args(["-sS", "-f", "-o", file.to_str().unwrap(), "-H"])
        .arg(format!("Cookie: {}", viewer.cookie))
        .arg(format!("http://{}/api/v1/incidents/zip?ids=2,1,2", server.http))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  print('\\n'.join(z.namelist()))";
    let listed =
        std::process::Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let folders: Vec<&str> =
        names.lines().filter_map(|name| name.strip_suffix("/incident.json")).collect();
    assert_eq!(folders.len(), 2, "{names}");
    assert!(folders[0].ends_with(" yard (1)") && folders[1].ends_with(" gate (2)"), "{names}");
    assert_eq!(names.lines().count(), 6, "a picture and a mail each: {names}");
    let many: Vec<String> = (1..=101).map(|id| id.to_string()).collect();
    for (ids, status) in [("99".to_owned(), 404), (many.join(","), 400), ("x".to_owned(), 400)] {
        let asked = format!("GET /api/v1/incidents/zip?ids={ids}");
        assert_eq!(viewer.status(&asked, Value::Null), status, "{ids}");
    }
    server.stop();
}

#[test]
fn an_owner_removes_incidents_and_locked_ones_stay() {
    let (home, server) = scene();
    let owner = Person::log_in(&server, "owner", OWNER);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    let thumbnail =
        owner.json("GET /api/v1/incidents/2")["incident"]["thumbnail"].as_str().unwrap().to_owned();
    assert_eq!(owner.status(&format!("GET {thumbnail}"), Value::Null), 200);
    assert_eq!(owner.status("POST /api/v1/incidents/1/lock", json!({})), 204);
    let remove = json!({"ids": [1, 2, 99]});
    assert_eq!(viewer.status("POST /api/v1/incidents/remove", remove.clone()), 403);
    let told = owner.ask("POST /api/v1/incidents/remove", &remove);
    let told: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((&told["removed"], &told["locked"]), (&json!([2]), &json!([1])));
    assert_eq!(owner.status("GET /api/v1/incidents/2", Value::Null), 404);
    assert_eq!(owner.status(&format!("GET {thumbnail}"), Value::Null), 404);
    assert_eq!(home.incidents().len(), 2);
    let blobs = |folder: std::path::PathBuf| walk(&folder);
    assert_eq!(blobs(home.data_dir().join("blobs")), 2, "its file is gone");
    assert_eq!(walk(&home.data_dir().join("thumbs")), 0, "and so is what was made of it");
    let audit = home.json(&["audit", "--json"]);
    let entry = audit.as_array().unwrap().iter().find(|it| it["what"] == "incident.remove");
    assert_eq!(entry.unwrap()["object"], "incident 2");
    for wrong in [json!({"ids": []}), json!({"ids": vec![1; 101]})] {
        assert_eq!(owner.status("POST /api/v1/incidents/remove", wrong), 400);
    }
    server.stop();
}

/// Number of files in a folder and those below it.
fn walk(folder: &std::path::Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}
