//! Routes of the configuration file that name channels which were added in the dashboard.

use serde_json::json;

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::Hook;
use crate::users::{OWNER, Person, with_password};

/// A file whose only route names a channel, in its ninth line.
fn naming(channel: &str) -> String {
    format!("[incidents]\nquiet = \"0 s\"\n[[route]]\nname = \"night\"\nchannels = [{channel:?}]\n")
}

fn motion(server: &Server) {
    let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// What a command says that refuses the configuration.
fn refused(home: &Home, arguments: &[&str]) -> String {
    let output = home.command(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

#[test]
fn a_route_of_the_file_names_an_added_channel_which_is_kept_as_long_as_it_does() {
    let (me, siren) = (Hook::start(), Hook::start());
    let home = Home::new("");
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    for (name, hook) in [("me", &me), ("siren", &siren)] {
        let draft = json!({ "name": name, "type": "webhook", "settings": { "url": hook.url() } });
        assert_eq!(owner.status("POST /api/v1/channels", draft), 201);
    }
    home.configure(&naming("me"));
    wait_for("the edit", || server.log().contains("changed configuration is in use").then_some(()));
    motion(&server);
    me.wait_for_requests(1);
    let answer = owner.ask("POST /api/v1/channels/me/remove", &json!({}));
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("tipoff.toml:9"), "{}", answer.body);
    assert_eq!(owner.status("POST /api/v1/channels/siren/remove", json!({})), 204);

    // A name that nobody has is a fault of the file: on the page, for `check` and at the start.
    home.configure(&naming("mee"));
    let fault = "there is no channel \"mee\"";
    wait_for("the fault", || server.log().contains("there is no channel").then_some(()));
    motion(&server);
    me.wait_for_requests(2);
    let said = refused(&home, &["check"]);
    assert!(said.contains(fault) && said.contains("did you mean \"me\"?"), "{said}");
    server.stop();
    let said = refused(&home, &["run"]);
    assert!(said.contains(fault) && said.contains("did you mean \"me\"?"), "{said}");

    home.configure(&naming("me"));
    assert!(home.run(&["check"]).contains("channel me (webhook, added in the dashboard)"));
    let server = home.start();
    motion(&server);
    me.wait_for_requests(3);
    assert_eq!(home.json(&["devices", "list", "--json"]).as_array().map(Vec::len), Some(1));
    assert!(siren.requests().is_empty());
    server.stop();

    // Without a spool nothing was added.
    let empty = Home::new(&naming("me"));
    let said = refused(&empty, &["check"]);
    assert!(
        said.contains("no channel \"me\"") && said.contains("no channel is configured"),
        "{said}"
    );
}
