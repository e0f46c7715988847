//! The first routes, names, faults at their fields, and merged devices.

use serde_json::json;

use super::*;

fn stored(text: &str) -> StoredDocument {
    StoredDocument { document: AddedDocument::parse(text).unwrap(), version: 0 }
}

fn routes(json: Json) -> Vec<RouteObject> {
    serde_json::from_value(json).unwrap()
}

fn names(stored: &StoredDocument) -> Vec<String> {
    stored.document.sections(ROUTE).filter_map(name_of).map(str::to_owned).collect()
}

fn fields(stored: &mut StoredDocument, file: &FileFacts, given: Json) -> Vec<String> {
    let problem = replace_routes(stored, file, &routes(given)).unwrap_err();
    let problem = serde_json::to_value(&problem).unwrap();
    let faults = problem["faults"].as_array().unwrap();
    faults.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_first_routes_get_a_last_one_for_everything_else() {
    let none = FileFacts::default();
    let night = || json!([{ "name": "night", "between": "22:00-06:00" }]);
    let mut first = stored("");
    replace_routes(&mut first, &none, &routes(night())).unwrap();
    assert_eq!(names(&first), ["night", "everything else"]);
    replace_routes(&mut first, &none, &routes(night())).unwrap();
    assert_eq!(names(&first), ["night"], "later it may be removed");
    let mut of_file = stored("");
    let file = FileFacts { routes: vec!["of the file".to_owned()], ..FileFacts::default() };
    replace_routes(&mut of_file, &file, &routes(night())).unwrap();
    assert_eq!(names(&of_file), ["night"], "the file has routes");
    let mut explicit = stored("");
    let all = json!([{ "name": "a", "events": ["person"] }, { "name": "b", "stop": true, "channels": [] }]);
    replace_routes(&mut explicit, &none, &routes(all)).unwrap();
    assert_eq!(names(&explicit), ["a", "b"]);
    let mut empty = stored("");
    replace_routes(&mut empty, &none, &[]).unwrap();
    assert!(names(&empty).is_empty());
}

#[test]
fn each_route_gets_a_name_of_its_own() {
    let file = FileFacts { routes: vec!["dashboard route 1".to_owned()], ..FileFacts::default() };
    let mut document = stored("");
    let given = json!([{}, { "name": "dashboard route 3" }, {}, {}]);
    replace_routes(&mut document, &file, &routes(given)).unwrap();
    let expected =
        ["dashboard route 2", "dashboard route 3", "dashboard route 4", "dashboard route 5"];
    assert_eq!(names(&document), expected);
    let twice = json!([{ "name": "a" }, { "name": "a" }, { "name": "dashboard route 1" }]);
    assert_eq!(fields(&mut document, &file, twice), ["1.name", "2.name"]);
}

#[test]
fn faults_are_at_the_fields_of_their_routes_and_nothing_is_replaced() {
    let mut document =
        stored("[[channel]]\nname = \"me\"\ntype = \"webhook\"\nurl = \"http://a\"\n");
    let file = FileFacts { devices: vec!["Yard".to_owned()], ..FileFacts::default() };
    for (given, expected) in [
        (json!([{}, { "between": "22" }]), vec!["1.between"]),
        (json!([{ "events": ["persn"], "days": ["someday"] }]), vec!["0.days", "0.events"]),
        (json!([{ "devices": ["Yrd"] }, { "channels": ["you"] }]), vec!["0.devices", "1.channels"]),
        (json!([{ "modes": ["away"] }]), vec!["0.modes"]),
        (json!([{ "channels": [] }]), vec!["0.channels"]),
        (json!([{ "chanels": ["me"] }]), vec!["0.chanels"]),
        (json!([{ "between": "sunset-sunrise" }]), vec!["0.between"]),
        (
            json!([{ "cooldown": "2 minuets", "priority": "high!" }]),
            vec!["0.cooldown", "0.priority"],
        ),
        (json!([{ "title": { "env": "HOME" } }]), vec!["0.title"]),
        (json!([{ "name": "a\u{202e}b" }]), vec!["0.name"]),
    ] {
        assert_eq!(fields(&mut document, &file, given.clone()), expected, "{given}");
    }
    assert!(names(&document).is_empty());
    let fine = json!([{ "devices": ["Yard"], "device_keys": ["added/gate"], "channels": ["me"] }]);
    replace_routes(&mut document, &file, &routes(fine)).unwrap();
    assert_eq!(document.document.channels().count(), 1);
    let many: Vec<RouteObject> = (0..=ROUTES_MAX).map(|_| RouteObject::new()).collect();
    assert!(replace_routes(&mut document, &file, &many).is_err());
    assert!(replace_routes(&mut document, &file, &many[..ROUTES_MAX]).is_ok());
}

#[test]
fn names_that_are_gone_are_found() {
    let document = AddedDocument::parse(
        "[[route]]\ndevices = \"Yard\"\ngroups = [\"out\"]\nchannels = [\"me\", \"old\"]\nmodes = [\"away\"]\n\
         device_keys = [\"added/gone\"]\n",
    );
    let document = document.unwrap();
    let facts = FileFacts {
        channels: vec!["me".to_owned()],
        groups: vec!["out".to_owned()],
        ..FileFacts::default()
    };
    let route = document.sections(ROUTE).next().unwrap();
    assert_eq!(missing_names(route, &facts, &[]), ["Yard", "added/gone", "away", "old"]);
    assert_eq!(naming(&document, "channels", "old").len(), 0, "a route without a name");
}

#[test]
fn routes_and_schedules_follow_a_merged_device() {
    let text = "[[route]]\nname = \"a\"\ndevice_keys = [\"added/gate\", \"added/yard\"]\n\
                [[route]]\nname = \"b\"\n[[schedule]]\ndevice_keys = [\"added/gate\"]\nnever = true\n";
    let mut document = AddedDocument::parse(text).unwrap();
    let file = FileFacts { devices: vec!["Front".to_owned()], ..FileFacts::default() };
    assert!(rename_device(&mut document, "added/gate", "added/yard", &file));
    let keys = |document: &AddedDocument, section: &str, key: &str| -> Vec<String> {
        let first = document.sections(section).next().unwrap();
        strings(first, key).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(keys(&document, ROUTE, "device_keys"), ["added/yard"]);
    assert_eq!(keys(&document, SCHEDULE, "device_keys"), ["added/yard"]);
    assert!(rename_device(&mut document, "added/yard", "Front", &file));
    assert_eq!(keys(&document, ROUTE, "devices"), ["Front"]);
    assert!(keys(&document, ROUTE, "device_keys").is_empty());
    assert!(!rename_device(&mut document, "added/yard", "Front", &file));
}

#[test]
fn imported_routes_are_before_the_one_for_everything_else() {
    let text = "[[route]]\nname = \"a\"\nevents = [\"person\"]\n[[route]]\nname = \"rest\"\n";
    let document = AddedDocument::parse(text).unwrap();
    let given = routes(json!([{ "name": "new" }]));
    let all = with_imported(&document, given.into_iter());
    let names: Vec<_> = all.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "new", "rest"]);
}
