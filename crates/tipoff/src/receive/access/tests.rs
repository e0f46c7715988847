use tipoff_model::{Camera, Envelope, LoginProof};
use tipoff_smtp::Credentials;

use super::*;
use crate::testing;

fn camera(number: &str, name: &str) -> Camera {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Camera { number: some(number), name: some(name) }
}

fn mail_of(user: &str) -> Envelope {
    Envelope {
        protocol: tipoff_model::Protocol::Smtp,
        peer: "192.168.1.9".parse().unwrap(),
        login: Some(user.to_owned()),
        proof: LoginProof::Unknown,
        greeting: None,
        sender: "nvr@example.org".to_owned(),
        recipients: Vec::new(),
        tls: false,
        path: None,
    }
}

#[test]
fn a_recorder_s_channels_are_devices() {
    let config = testing::config(
        "[[device]]\nname = \"NVR\"\nuser = \"nvr\"\npassword = \"a long one\"\n\
         [[device]]\nname = \"Gate\"\nmatch = { channel = [\"4\", \"Drive*\"], from = \"nvr@*\" }\n\
         [[device]]\nname = \"Shed\"\nmatch = { channel = \"Shed\", ip = \"10.0.0.1\" }\n",
    );
    let directory = DeviceDirectory::new(config.access, config.devices);
    let name = |user: &str, camera: Option<Camera>| {
        directory.resolver().device(&mail_of(user), camera.as_ref()).name
    };
    assert_eq!(name("nvr", None), "NVR");
    assert_eq!(name("nvr", Some(camera("D4", "Driveway"))), "Gate", "by its name");
    assert_eq!(name("nvr", Some(camera("4", ""))), "Gate", "by its number");
    assert_eq!(name("nvr", Some(camera("2", ""))), "NVR channel 2");
    assert_eq!(name("nvr", Some(camera("2", "Shed"))), "Shed", "another address: its own name");
    assert_eq!(name("nvr", Some(camera("", "nvr"))), "nvr");
    let shed = directory.resolver().device(&mail_of("nvr"), Some(&camera("2", "Shed")));
    assert_eq!(shed.key, "NVR#2", "the configured Shed is at another address");
    assert!(shed.is_called("NVR"), "routes for the recorder apply to its channels");
    let other = directory.resolver().device(&mail_of("cam"), Some(&camera("", "Porch")));
    assert_eq!((other.name.as_str(), other.discovered), ("Porch", true));
    assert_eq!(other.distinct_name.as_deref(), Some("Porch (cam)"));
}

const CONFIG: &str = "
    access = { user = \"shared\", password = \"shared secret\" }
    [[device]]
    name = \"Front yard\"
    user = \"front\"
    password = \"a long one\"
    match = { from = \"front@*\", folder = \"front\", ip = \"192.168.1.20\" }
    [[device]]
    name = \"NVR\"
    user = \"nvr\"
    password = \"another one\"
    [[device]]
    name = \"Gate\"
    match = { channel = \"Gate\", folder = \"gate\", recorder = \"NVR\" }
    [[device]]
    name = \"Porch\"
    match = { from = \"porch@*\", folder = \"porch\" }
    [[device]]
    name = \"Steps\"
    match = { from = \"porch@*\", channel = \"Steps\" }";

fn directory() -> DeviceDirectory {
    let config = testing::config(CONFIG);
    let directory = DeviceDirectory::new(config.access, config.devices);
    let login = |name: &str, user: &str, password: &str| NewDevice {
        name: name.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
        camera: None,
    };
    directory.set_added(vec![
        (DeviceId(1), login("Shed", "shed", "third secret")),
        // Its user is one of the configuration, which wins.
        (DeviceId(2), login("Fake", "front", "not the one")),
    ]);
    directory
}

/// Logs in from an address and sends as a sender, or into a folder.
fn sent(
    directory: &DeviceDirectory,
    peer: &str,
    login: (&str, &str),
    sender: &str,
    path: Option<&str>,
) -> Envelope {
    let peer = peer.parse().unwrap();
    let (user, password) = (login.0.to_owned(), login.1.to_owned());
    let credentials = Credentials::Plain { user, password };
    let proof = directory.authenticator().admits(peer, &credentials).proof();
    Envelope {
        peer,
        proof,
        sender: sender.to_owned(),
        path: path.map(str::to_owned),
        ..mail_of(login.0)
    }
}

#[test]
fn only_a_proven_login_makes_a_device_that_has_a_password() {
    let directory = directory();
    let name = |peer: &str, login, sender: &str, path| {
        directory.resolver().device(&sent(&directory, peer, login, sender, path), None)
    };
    const FRONT: (&str, &str) = ("front", "a long one");
    const WRONG: (&str, &str) = ("front", "wrong");
    const SHARED: (&str, &str) = ("shared", "shared secret");
    let at = "192.168.1.99";
    for (peer, login, sender, path, expected) in [
        (at, FRONT, "x@y", None, "Front yard"),
        (at, ("FRONT@house", "a long one"), "x@y", None, "Front yard"),
        (at, WRONG, "x@y", None, "front (192.168.1.99)"),
        (at, WRONG, "front@y", None, "front (192.168.1.99)"),
        (at, WRONG, "", Some("/front/x.jpg"), "front (192.168.1.99)"),
        (at, ("front", "not the one"), "x@y", None, "front (192.168.1.99)"),
        (at, SHARED, "front@y", None, "front (192.168.1.99)"),
        (at, SHARED, "", Some("/front/x.jpg"), at),
        (at, ("shed", "third secret"), "x@y", None, "Shed"),
        (at, ("shed", "wrong"), "x@y", None, "shed (192.168.1.99)"),
        ("192.168.1.20", WRONG, "x@y", None, "Front yard"),
        ("192.168.1.20", ("nvr", "another one"), "x@y", None, "NVR"),
        // A device without a password is whoever says so, but for who has proven to be another one.
        (at, ("cam", "any"), "porch@y", None, "Porch"),
        (at, SHARED, "", Some("/porch/x.jpg"), "Porch"),
        (at, ("nvr", "wrong"), "porch@y", None, "Porch"),
        (at, FRONT, "porch@y", None, "Front yard"),
        (at, FRONT, "", Some("/porch/x.jpg"), "Front yard"),
        (at, ("shed", "third secret"), "", Some("/front/x.jpg"), "Shed"),
    ] {
        let device = name(peer, login, sender, path);
        assert_eq!(device.name, expected, "{login:?} {sender} {path:?} at {peer}");
        let is_known = !["front (192.168.1.99)", at, "shed (192.168.1.99)"].contains(&expected);
        assert_eq!(device.discovered, !is_known, "{expected}");
    }
}

#[test]
fn what_a_recorder_s_login_sends_is_of_it_and_of_the_devices_that_name_it() {
    let directory = directory();
    let device = |login, path, channel: Option<&str>| {
        let envelope = sent(&directory, "192.168.1.99", login, "porch@y", path);
        directory.resolver().device(&envelope, channel.map(|name| camera("", name)).as_ref())
    };
    let nvr = ("nvr", "another one");
    assert_eq!(device(nvr, None, Some("Gate")).name, "Gate");
    assert_eq!(device(nvr, Some("/gate/x.jpg"), None).name, "Gate");
    for (path, channel) in [(Some("/porch/x.jpg"), None), (None, Some("Steps"))] {
        let of_nvr = device(nvr, path, channel);
        assert!(of_nvr.is_called("NVR"), "{of_nvr:?}");
        assert!(!of_nvr.is_called("Porch") && !of_nvr.is_called("Steps"), "{of_nvr:?}");
    }
    for login in [("nvr", "wrong"), ("front", "a long one"), ("shared", "shared secret")] {
        for (path, channel) in [(Some("/gate/x.jpg"), None), (None, Some("Gate"))] {
            let other = device(login, path, channel);
            assert!(!other.is_called("Gate"), "{login:?} {other:?}");
        }
    }
}

#[test]
fn a_stranger_s_name_is_never_one_that_people_gave() {
    let directory = directory();
    let anybody = ("", "");
    for sender in
        ["front yard@x", "FRONT-YARD@x", "front\u{200b}yard@x", "shed@x", "NVR (10.0.0.1)@x"]
    {
        let envelope = sent(&directory, "192.168.1.99", anybody, sender, None);
        let device = directory.resolver().device(&envelope, None);
        assert!(device.name.ends_with("(192.168.1.99)"), "{device:?}");
        let channel = camera("3", sender.trim_end_matches("@x"));
        let other = Envelope { proof: LoginProof::Unproven, ..mail_of("other") };
        let device = directory.resolver().device(&other, Some(&channel));
        assert!(device.name.ends_with("(other)"), "{device:?}");
    }
}
