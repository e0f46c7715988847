//! The address that is shown to people and devices: the configured one, or this machine's own as soon as it has one.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;

use serde_json::{Value, json};
use tipoff_testkit::network::Network;

use crate::camera::Camera;
use crate::harness::{Client, Home, PICTURE, Server, mail, send, succeeded};
use crate::hook::Hook;
use crate::users::{OWNER, Person, with_password};

/// Listeners on every address, and an own HTTP port, which subcommands know too.
fn everywhere(port: u16) -> String {
    format!(
        "[smtp]\nlisten = [\"0.0.0.0:0\"]\n[ftp]\nlisten = [\"0.0.0.0:0\"]\n\
         [http]\nlisten = \"0.0.0.0:{port}\"\n"
    )
}

/// A channel whose alerts have links instead of pictures.
fn linked(hook: &Hook) -> String {
    hook.channel() + "media = \"url\"\n"
}

fn link_of(alert: &Value) -> String {
    alert["media"][0]["url"].as_str().unwrap_or_else(|| panic!("{alert}")).to_owned()
}

/// The page Set up of a new device of this name.
fn page_set_up(home: &Home, server: &Server, name: &str) -> String {
    with_password(home, &["password"], OWNER);
    let person = Person::log_in(server, "owner", OWNER);
    let added = person.ask("POST /api/v1/devices", &json!({ "name": name }));
    let added: Value = serde_json::from_str(&added.body).unwrap();
    let page = person.ask(&format!("GET /devices/{}/setup", added["id"]), &json!(null));
    assert_eq!(page.status, 200, "{}", page.body);
    page.body
}

/// The same port on this machine itself.
fn here(address: SocketAddr) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
}

#[test]
fn the_public_address_is_what_everybody_is_shown() {
    let hook = Hook::start();
    // This machine's own address may be any.
    let access = "[access]\nnetworks = [\"any\"]\nuser = \"yard\"\npassword = \"secret\"\n";
    let home = Home::new(&(everywhere(0) + access + &linked(&hook)));
    let named = |name: &str| {
        let mut command = home.command(&["run"]);
        command.env("TIPOFF_PUBLIC_ADDRESS", name);
        Server::start(command)
    };
    let server = named("nas.example");
    let port = server.http.port();
    assert!(server.said.contains("SMTP server  nas.example\n"), "{}", server.said);
    assert!(server.said.contains("FTP server   nas.example\n"), "{}", server.said);
    assert!(server.said.contains(&format!("http://nas.example:{port}/h\n")), "{}", server.said);
    assert_eq!(server.dashboard, format!("http://nas.example:{port}/"));
    assert!(page_set_up(&home, &server, "Gate").contains(">nas.example<"));
    send(here(server.smtp[0]), "yard@example.com", &mail("Motion", &[PICTURE]));
    let link = link_of(&hook.wait_for(1)[0]);
    assert!(link.starts_with(&format!("http://nas.example:{port}/media/1/0/")), "{link}");
    server.stop();

    // PASV takes numbers: those of the address, but for a client on this machine itself.
    let server = named("192.0.2.7");
    assert_eq!(server.ftp[0].ip().to_string(), "192.0.2.7");
    let mut camera = Camera::connect(here(server.ftp[0]), "yard");
    camera.store("x.jpg", PICTURE);
    if let Some(own) = own_address() {
        let mut camera = Client::connect((own, server.ftp[0].port()).into());
        camera.must("USER yard", "331");
        camera.must("PASS secret", "230");
        let reply = camera.say("PASV");
        assert!(reply.starts_with("227 Entering Passive Mode (192,0,2,7,"), "{reply}");
    }
    server.stop();
}

/// An address of this machine in its network, if it is on one.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[test]
fn a_machine_that_starts_before_its_network_says_so_and_knows_its_address_later() {
    let network = match Network::open() {
        Ok(network) => network,
        Err(error) => return eprintln!("skipped: no network namespaces: {error}"),
    };
    // The kernel has no route to other networks from this address.
    let host = network.add("nas", &[Ipv4Addr::new(10, 9, 9, 9)]).unwrap();
    let started = || {
        let hook = Hook::start();
        let home = Home::new(&(everywhere(18_080) + &linked(&hook)));
        let server = home.start();
        assert!(server.said.contains("is on no network yet"), "{}", server.said);
        assert!(!server.said.contains("0.0.0.0"), "{}", server.said);
        assert!(server.said.contains("SMTP server  this machine's address\n"), "{}", server.said);
        assert_eq!(server.dashboard, "http://localhost:18080/");
        let link = home.run(&["password", "--link"]);
        assert!(link.starts_with("http://localhost:18080/setup?key="), "{link}");
        assert!(page_set_up(&home, &server, "Gate").contains("on no network yet"));

        let mut ip = Command::new("ip");
        ip.args(["address", "add", "192.0.2.10/24", "dev", "eth0"]);
        succeeded(&ip.output().unwrap());
        assert!(page_set_up(&home, &server, "Yard").contains(">192.0.2.10<"));
        let link = home.run(&["password", "--link"]);
        assert!(link.starts_with("http://192.0.2.10:18080/setup?key="), "{link}");
        send(here(server.smtp[0]), "yard@example.com", &mail("Motion", &[PICTURE]));
        let link = link_of(&hook.wait_for(1)[0]);
        assert!(link.starts_with("http://192.0.2.10:18080/media/1/0/"), "{link}");
        server.stop();
    };
    host.run(started).unwrap();
}
