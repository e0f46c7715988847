//! Webhooks in their owner's words: methods, templates, and the examples of the documentation as they stand
//! there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{Story, build, channel, delivered, faults, retried, send, text};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tipoff_channels::Value;
use tipoff_model::{Alert, Event, Scope};
use tipoff_testkit::webhook::{Call, Webhook};

const PAGE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/channels/webhook.md"));

fn table(entries: &[(&str, &str)]) -> Value {
    let owned = |it: &&str| (*it).to_owned();
    Value::Table(entries.iter().map(|(key, value)| (owned(key), owned(value))).collect())
}

/// The request of a webhook with these settings; `target` begins with a slash.
async fn call(target: &str, more: &[(&str, Value)], story: Story) -> Call {
    let server = Webhook::start().await.unwrap();
    let url = server.url().replace("/hook", target);
    let mut values = vec![("url", text(&url))];
    values.extend_from_slice(more);
    delivered(&send(&*channel("webhook", &values), story).await);
    server.log().all().remove(0)
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_get_has_neither_body_nor_files() {
    let story = Story::new().picture("1.jpg").change(|alert| alert.device = "a b/ü".to_owned());
    let target = "/x/{{ device }}?event={{ event }}&at={{ time }}";
    let more = [("method", text("GET")), ("time_zone", text("Europe/Berlin"))];
    let call = call(target, &more, story).await;
    assert_eq!((call.method.as_str(), call.body_bytes), ("GET", 0));
    assert_eq!(call.target, "/x/a%20b%2F%C3%BC?event=motion&at=01%3A00");
    for name in ["content-type", "content-length", "transfer-encoding"] {
        assert_eq!(header(&call, name), None, "{name}");
    }
    assert_eq!(header(&call, "idempotency-key"), Some("key-7"));
}

#[tokio::test]
async fn every_method_is_sent_and_only_some_have_the_alert() {
    for (method, has_body) in
        [("GET", false), ("POST", true), ("PUT", true), ("PATCH", true), ("DELETE", false)]
    {
        let call = call("/hook", &[("method", text(method))], Story::new().picture("1.jpg")).await;
        assert_eq!(call.method, method);
        let alert = serde_json::from_slice::<serde_json::Value>(&call.body).ok();
        assert_eq!(alert.is_some_and(|it| it["incident"] == 3), has_body, "{method}");
    }
    let more = [("method", text("delete")), ("body", text("{{ device }}"))];
    let call = call("/hook", &more, Story::new()).await;
    assert_eq!((call.method.as_str(), call.body.as_slice()), ("DELETE", &b"Front yard"[..]));
}

#[tokio::test]
async fn a_body_is_what_its_template_says_whatever_a_device_writes() {
    let hostile = "a \"b\" \\ \n{{ device }} </script> 😀";
    let story = Story::new().text(hostile).picture("1.jpg").change(|alert| {
        alert.subject = hostile.to_owned();
        alert.media[0].url = Some("https://tip.example/1".to_owned());
    });
    let body = "{\"s\": {{ subject | tojson }}, \"t\": {{ text | tojson }}, \"n\": {{ pictures }}, \
                \"again\": {{ follow_up }}, \"picture\": {{ picture | tojson }}}";
    let call = call("/hook", &[("body", text(body))], story).await;
    let sent: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
    let picture = "https://tip.example/1";
    let expected =
        json!({ "s": hostile, "t": hostile, "n": 1, "again": false, "picture": picture });
    assert_eq!(sent, expected);
    assert_eq!(header(&call, "content-type"), Some("application/json"));
    assert_eq!(header(&call, "content-length"), Some(call.body.len().to_string().as_str()));
}

#[tokio::test]
async fn headers_name_values_on_one_line_and_a_body_its_type() {
    let story = Story::new().change(|alert| alert.device = "ü\r\nX-Evil: 1".to_owned());
    let headers = table(&[
        ("X-Title", "Alarm: {{ device }}"),
        ("X-Fixed", "t0ken"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]);
    let more = [("headers", headers), ("body", text("a={{ device | urlencode }}"))];
    let call = call("/hook", &more, story).await;
    assert_eq!(header(&call, "x-title"), Some("Alarm: ü X-Evil: 1"));
    assert_eq!(header(&call, "x-fixed"), Some("t0ken"));
    assert_eq!(header(&call, "x-evil"), None);
    assert_eq!(header(&call, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(call.body, b"a=%C3%BC%0D%0AX-Evil%3A%201");
}

#[tokio::test]
async fn words_of_the_route_stand_in_for_those_of_the_device() {
    let story = Story::new().text("raw").change(|alert| {
        alert.manner.title = Some("Somebody".to_owned());
        alert.manner.text = Some("at the door".to_owned());
    });
    let call = call("/hook", &[("body", text("{{ title }} {{ text }}"))], story).await;
    assert_eq!(call.body, b"Somebody at the door");
    assert_eq!(header(&call, "content-type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn a_signature_is_that_of_the_body_as_it_is_sent() {
    let more = [("secret", text("k3y")), ("body", text("{\"a\": {{ device | tojson }}}"))];
    let call = call("/hook", &more, Story::new()).await;
    assert_eq!(call.body, b"{\"a\": \"Front yard\"}");
    let mut sum = Hmac::<Sha256>::new_from_slice(b"k3y").unwrap();
    sum.update(&call.body);
    let hex: String = sum.finalize().into_bytes().iter().map(|it| format!("{it:02x}")).collect();
    assert_eq!(header(&call, "x-hub-signature-256"), Some(format!("sha256={hex}").as_str()));
}

#[tokio::test]
async fn a_template_that_fails_with_an_alert_waits_for_its_correction() {
    let server = Webhook::start().await.unwrap();
    let fails = "{% if torn %}{{ text | items }}{% endif %}";
    let url = server.url();
    for more in [
        [("url", text(&url)), ("body", text(fails))],
        [("url", text(&url)), ("headers", table(&[("X-A", fails)]))],
        [("url", text(&format!("{url}/s3cretS3cret/{fails}"))), ("method", text("GET"))],
    ] {
        let webhook = channel("webhook", &more);
        let torn = Story::new().change(|alert| alert.torn = true);
        let (scope, after, error) = retried(&send(&*webhook, torn).await);
        assert_eq!((scope, after), (Scope::Message, Some(Duration::from_secs(300))));
        assert!(error.starts_with("the template in `") && !error.contains("s3cret"), "{error}");
        delivered(&send(&*webhook, Story::new()).await);
    }
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn no_error_shows_a_secret_beside_a_template() {
    let server = Webhook::start().await.unwrap();
    let said = "p4thS3cret qu3ryS3cret h3aderS3cret";
    server.script().always(tipoff_testkit::standin::Behaviour::answer(400, said));
    let url = server.url().replace("/hook", "/p4thS3cret/{{ device }}?token=qu3ryS3cret");
    let headers = table(&[("Authorization", "h3aderS3cret {{ device }}")]);
    let webhook = channel("webhook", &[("url", text(&url)), ("headers", headers)]);
    let (scope, _, error) = common::retried(&send(&*webhook, Story::new()).await);
    let told = "the server answered 400: [hidden] [hidden] [hidden] (are `url`, `headers` and `body` \
                right?)";
    assert_eq!((scope, error.as_str()), (Scope::Message, told), "what is set may be wrong");
}

#[test]
fn conflicting_settings_are_a_fault() {
    let url = ("url", text("http://h/hook"));
    let with =
        |more: &[(&str, Value)]| faults("webhook", &[std::slice::from_ref(&url), more].concat());
    let (get, delete) = (("method", text("GET")), ("method", text("DELETE")));
    let body = ("body", text("{{ device }}"));
    for (more, expected) in [
        (vec![("method", text("HEAD"))], vec!["method"]),
        (vec![get.clone(), body.clone()], vec!["body"]),
        (vec![get.clone(), ("format", text("json"))], vec!["format"]),
        (vec![delete.clone(), ("media", text("url"))], vec!["media"]),
        (vec![get, ("secret", text("k"))], vec!["secret"]),
        (vec![delete.clone(), ("secret", text("k"))], vec!["secret"]),
        (vec![delete, ("secret", text("k")), body.clone()], vec![]),
        (vec![body.clone(), ("format", text("multipart"))], vec!["format"]),
        (vec![("headers", table(&[("content-type", "text/xml")]))], vec!["headers"]),
        (vec![body.clone(), ("headers", table(&[("content-type", "xml")]))], vec!["headers"]),
        (vec![body.clone(), ("headers", table(&[("x", "{{ devise }}")]))], vec!["headers"]),
        (vec![("body", text("{\"a\": \"{{ device }}\"}"))], vec!["body"]),
        (vec![("time_zone", text("Berlin"))], vec!["time_zone"]),
        (vec![("url", text("http://{{ device }}/"))], vec!["url"]),
    ] {
        assert_eq!(with(&more), expected, "{:?}", with(&more));
    }
}

/// A channel of the documentation: its settings.
fn examples() -> BTreeMap<String, toml::Table> {
    let mut examples = BTreeMap::new();
    for block in PAGE.split("```toml\n").skip(1) {
        let block: toml::Table = block.split("```").next().unwrap().parse().unwrap();
        for channel in block["channel"].as_array().unwrap() {
            let mut channel = channel.as_table().unwrap().clone();
            assert_eq!(channel.remove("type").unwrap().as_str(), Some("webhook"));
            let name = channel.remove("name").unwrap();
            // Of every channel.
            channel.remove("expire");
            examples.insert(name.as_str().unwrap().to_owned(), channel);
        }
    }
    examples
}

/// Sends an alert by an example: only the host and its port are others.
async fn sent(example: &toml::Table, event: Event) -> Call {
    let server = Webhook::start().await.unwrap();
    let here = server.url().replace("http://", "").replace("/hook", "");
    let mut values = Vec::new();
    for (key, value) in example {
        let value = match value {
            toml::Value::String(value) if key == "url" => {
                let (host, _) = value.strip_prefix("http://").unwrap().split_once('/').unwrap();
                let address = host.rsplit('@').next().unwrap();
                text(&value.replacen(address, &here, 1))
            }
            toml::Value::String(value) => text(value),
            toml::Value::Table(entries) => {
                let entries = entries.iter().map(|(key, it)| (key.as_str(), it.as_str().unwrap()));
                table(&entries.collect::<Vec<_>>())
            }
            other => panic!("{key} = {other}"),
        };
        values.push((key.as_str(), value));
    }
    let change = |alert: &mut Alert| alert.event = event;
    let channel = build("webhook", &values).unwrap_or_else(|faults| panic!("{faults:?}"));
    delivered(&send(&*channel, Story::new().picture("1.jpg").change(change)).await);
    server.log().all().remove(0)
}

#[tokio::test]
async fn the_examples_of_the_documentation_do_what_they_say() {
    let examples = examples();
    let (person, end, motion) = (Event::Person, Event::End, Event::Motion);
    let scrypted = "/endpoint/@scrypted/webhook/public/42/6f2c81d44b90a1e3";
    let (on, off) = (format!("{scrypted}/turnOn"), format!("{scrypted}/turnOff"));
    let hue = "/api/1028d66426293e821ecfd9ef1a0731df/lights/3/state";
    let expected = [
        ("homebridge", person, "GET", "/?accessoryId=front&state=true", ""),
        ("homebridge", end, "GET", "/?accessoryId=front&state=false", ""),
        ("homekit camera", motion, "GET", "/motion?Front%20yard", ""),
        ("homekit camera", Event::Doorbell, "GET", "/doorbell?Front%20yard", ""),
        ("scrypted", motion, "GET", on.as_str(), ""),
        ("scrypted", end, "GET", off.as_str(), ""),
        (
            "home assistant light",
            person,
            "POST",
            "/api/services/light/turn_on",
            r#"{"entity_id": "light.yard", "flash": "long"}"#,
        ),
        ("hue", person, "PUT", hue, r#"{"on": true, "alert": "lselect"}"#),
        ("wled", person, "POST", "/json/state", r#"{"on": true, "ps": 2}"#),
        ("wled", motion, "POST", "/json/state", r#"{"on": true, "ps": 1}"#),
        ("shelly", motion, "GET", "/rpc/Switch.Set?id=0&on=true&toggle_after=60", ""),
        ("old shelly", motion, "GET", "/relay/0?turn=on&timer=60", ""),
        ("tasmota", motion, "GET", "/cm?cmnd=Power%20On", ""),
        ("tasmota", end, "GET", "/cm?cmnd=Power%20Off", ""),
    ];
    for (name, event, method, target, body) in expected {
        let call = sent(&examples[name], event).await;
        assert_eq!((call.method.as_str(), call.target.as_str()), (method, target), "{name}");
        assert_eq!(String::from_utf8(call.body.clone()).unwrap(), body, "{name}");
        let content_type = (!body.is_empty()).then_some("application/json");
        assert_eq!(header(&call, "content-type"), content_type, "{name}");
    }
    let light = sent(&examples["home assistant light"], motion).await;
    assert_eq!(header(&light, "authorization"), Some("Bearer eyJhbGciOi"));
    let login = sent(&examples["old shelly"], motion).await;
    assert_eq!(header(&login, "authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    let whole = sent(&examples["home assistant"], person).await;
    let whole: serde_json::Value = serde_json::from_slice(&whole.body).unwrap();
    assert_eq!((&whole["event"], &whole["media"][0]["name"]), (&json!("person"), &json!("1.jpg")));
    let flow = sent(&examples["node-red"], person).await;
    let flow: serde_json::Value = serde_json::from_slice(&flow.body).unwrap();
    let words = json!(["", ""]);
    assert_eq!((&flow["device"], &flow["words"]), (&json!("Front yard"), &words));
    let tested: Vec<&str> = expected.iter().map(|(name, ..)| *name).collect();
    let untested = examples.keys().filter(|name| !tested.contains(&name.as_str()));
    assert_eq!(untested.collect::<Vec<_>>(), ["home assistant", "node-red"]);
}
