//! ntfy as the other end: what is set and not taken costs no alert, and is shown until it is corrected.

use tipoff_testkit::ntfy::{Ntfy, Options};
use tokio::runtime::Runtime;

use crate::api::{curl, make_token};
use crate::harness::{Home, PICTURE, mail, send, wait_for};

#[test]
fn rejected_buttons_are_omitted_and_reported() {
    let runtime = Runtime::new().unwrap();
    let ntfy = runtime.block_on(Ntfy::start(Options::default())).unwrap();
    let channel = |actions: &str| {
        format!(
            "[incidents]\nquiet = \"0 s\"\n[[channel]]\nname = \"phone\"\ntype = \"ntfy\"\n\
             server = \"{}\"\ntopic = \"house\"\n{actions}",
            ntfy.url()
        )
    };
    // `check` takes it; the server wants an address with a scheme.
    let home = Home::new(&channel("actions = [\"view, Look, nas.lan\"]\n"));
    home.run(&["check"]);
    let told = home.run(&["channels", "test"]);
    assert!(told.contains("the test arrived; it was sent without `actions`"), "{told}");
    let server = home.start();
    let token = make_token(&home, &["tester"]);
    for count in 2..=3 {
        let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
        let taken =
            wait_for("the alert", || Some(ntfy.log().all()).filter(|taken| taken.len() >= count));
        assert_eq!(taken[count - 1].file.as_ref().unwrap().1, PICTURE);
    }
    let delivery = wait_for("the delivery", || {
        let delivery = home.incident(2)["deliveries"][0].clone();
        (delivery["state"] == "delivered").then_some(delivery)
    });
    assert!(delivery["attempts"][0]["error"].as_str().unwrap().contains("`actions`"), "{delivery}");
    let bearer = format!("Authorization: Bearer {token}");
    let channels = || -> serde_json::Value {
        let (status, body) = curl(&server, "/api/v1/channels", &["-H", &bearer]);
        assert_eq!(status, "200");
        serde_json::from_slice(&body).unwrap()
    };
    let repair = channels()[0]["repair"].to_string();
    assert!(repair.contains("`actions`") && repair.contains("actions invalid"), "{repair}");
    assert_eq!(server.log().matches("delivered without something").count(), 1);
    home.configure(&channel(""));
    wait_for("the corrected settings", || channels()[0]["repair"].is_null().then_some(()));
    server.stop();
    // What no server takes does not pass the check.
    home.configure(&channel("actions = [\"broadcast\"]\n"));
    let output = home.command(&["check"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("no words to stand on the button"), "{told}");
}
