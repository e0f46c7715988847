use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::response::{IntoResponse, Redirect};
use proptest::prelude::*;
use url::Url;

use super::super::local_path::local_path;
use super::*;

fn base(text: &str) -> BasePath {
    BasePath::parse(text).unwrap()
}

fn request(uri: &str) -> Request {
    Request::builder().uri(uri).body(Body::empty()).unwrap()
}

/// The stripped address, and the page's own address relative to the base.
fn placed(prefix: &str, uri: &str) -> (String, String) {
    let mut request = request(uri);
    let place = Place::of(base(prefix), prefix != "/devices", &mut request);
    (request.uri().to_string(), place.here)
}

#[test]
fn a_base_path_is_removed_if_the_proxy_has_not_removed_it() {
    for (prefix, uri, expected) in [
        ("/tipoff", "/tipoff/incidents/17?a=b", "/incidents/17?a=b"),
        ("/tipoff", "/incidents/17?a=b", "/incidents/17?a=b"),
        ("/tipoff", "/tipoff", "/"),
        ("/tipoff", "/tipoff?a=b", "/?a=b"),
        ("/tipoff", "/tipoff/", "/"),
        ("/tipoff", "/tipofff", "/tipofff"),
        ("/tipoff", "/tipoff/tipoff/x", "/tipoff/x"),
        ("/tipoff", "/tipoff//evil.example/", "//evil.example/"),
        ("/a/b", "/a/b/devices", "/devices"),
        ("", "/devices", "/devices"),
        // A path of ours is left as it is.
        ("/devices", "/devices/17", "/devices/17"),
    ] {
        assert_eq!(placed(prefix, uri).0, expected, "{prefix} {uri}");
    }
}

#[test]
fn a_page_knows_its_own_address() {
    for (uri, expected) in [
        ("/", "./"),
        ("/tipoff/?text=a&day=b", "./?text=a&day=b"),
        ("/tipoff/incidents/17", "./incidents/17"),
        ("/javascript:alert(1)", "./javascript:alert(1)"),
        ("//evil.example/x", ".//evil.example/x"),
        ("///evil.example/x", ".///evil.example/x"),
    ] {
        let (_, here) = placed("/tipoff", uri);
        assert_eq!(here, expected, "{uri}");
        let page = Url::parse("http://cam.lan/tipoff/").unwrap().join(&here).unwrap();
        assert_eq!(page.origin().ascii_serialization(), "http://cam.lan", "{uri}");
    }
}

/// The `Location` of an answer at a place.
async fn location(prefix: &str, answer: impl IntoResponse) -> String {
    let place = Place::of(base(prefix), true, &mut request("/"));
    let response = place.answer(async { answer.into_response() }).await;
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_redirect_stays_below_the_base_path() {
    assert_eq!(
        location("/tipoff", Redirect::to("/login?next=%2F")).await,
        "/tipoff/login?next=%2F"
    );
    assert_eq!(location("", Redirect::to("/login")).await, "/login");
    let elsewhere = "https://tipoff.example.org/tipoff/";
    assert_eq!(location("/tipoff", Redirect::to(elsewhere)).await, elsewhere);
}

#[tokio::test]
async fn what_is_rendered_for_a_request_has_its_base_path() {
    assert_eq!((href(), here(), prefixed("/x")), ("/".into(), String::new(), "/x".into()));
    let place = Place::of(base("/tipoff"), true, &mut request("/tipoff/audit?who=a"));
    let rendered = async { format!("{} {} {}", href(), here(), prefixed("/x")).into_response() };
    let body = place.answer(rendered).await.into_body();
    let text = axum::body::to_bytes(body, 1000).await.unwrap();
    assert_eq!(text, "/tipoff/ ./audit?who=a /tipoff/x");
}

proptest! {
    /// Whatever a proxy's header and the login's `next` contain, the browser stays on this site.
    #[test]
    fn no_header_and_no_next_lead_to_another_site(
        prefix in prop_oneof!["[/\\\\.@:%\t a-z0-9-]{0,12}", any::<String>()],
        next in prop_oneof!["[/\\\\.@:%\t\n\r a-z0-9?#-]{0,12}", any::<String>()],
    ) {
        let prefix = BasePath::parse(&prefix).unwrap_or_default();
        let site = Url::parse("https://tipoff.example/login").unwrap();
        let target = format!("{}{}", prefix.as_str(), local_path(&next));
        let reached = site.join(&target).unwrap();
        prop_assert_eq!(reached.origin(), site.origin());
        prop_assert!(reached.path().starts_with(prefix.as_str()));
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The lines of a template, script or style that would lead out of the base path, or out of the page.
fn absolute_links(text: &str) -> Vec<&str> {
    let is_absolute = |line: &str| {
        let attributes = ["href", "src", "srcset", "action", "formaction", "poster", "data-then"];
        let of_markup = attributes
            .iter()
            .any(|it| line.contains(&format!("{it}=\"/")) || line.contains(&format!("{it}=\"#")));
        let is_call = |method| line.contains(&format!("data-api=\"{method} /"));
        let of_call = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().any(is_call);
        let of_script = line.match_indices(['"', '\'', '`']).any(|(at, _)| {
            let rest = &line[at + 1..];
            let begins = |it: &str| rest.starts_with('/') && rest[1..].starts_with(it);
            ["/", "\"", "'", "`", "?", "$"].into_iter().any(begins)
                || rest.starts_with('/') && rest[1..].starts_with(|it: char| it.is_alphabetic())
        });
        let is_key = line.contains("event.key === \"/\"");
        of_markup || of_call || (of_script && !is_key) || line.contains("url(/")
    };
    text.lines().filter(|line| is_absolute(line)).collect()
}

#[test]
fn no_template_script_or_style_has_an_absolute_link_to_a_page_of_ours() {
    for wrong in [
        "<a href=\"/devices\">",
        "<a href=\"#main\">",
        "<form data-api=\"POST /api/v1/tokens\">",
        "fetch(\"/api/v1/incidents\")",
        "fetch(`/api/v1/devices/${id}`)",
        "\"start_url\": \"/\",",
        "background: url(/assets/x.png)",
        "<base href='/'>",
    ] {
        assert_eq!(absolute_links(wrong), [wrong]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = ["html", "js", "css", "webmanifest"];
    for path in [files(&root.join("templates")), files(&root.join("assets"))].concat() {
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        if !text.contains(&extension) {
            continue;
        }
        let content = fs::read_to_string(&path).unwrap();
        assert_eq!(absolute_links(&content), Vec::<&str>::new(), "{}", path.display());
        let is_page = content.contains("<head>");
        let has_base = content.contains("<base href=\"{{ crate::web::base_path::href() }}\">");
        assert_eq!(is_page, has_base, "{}", path.display());
    }
}
