//! What nobody gets out of the FTP receiver, and every limit of it with its reply.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::camera::{Camera, connect_from, upload};
use crate::ftp_uploads::{arrivals, picture};
use crate::harness::{Client, Home, PICTURE, Server, wait_for};

fn start(ftp: &str) -> (Home, Server) {
    let home = Home::new(&format!("[ftp]\nlisten = [\"127.0.0.1:0\"]\n{ftp}"));
    let server = home.start();
    (home, server)
}

#[test]
fn no_path_leads_out_of_the_tree() {
    let (home, server) = start("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let secret = home.put("secret.txt", b"of the host");
    let secret = secret.to_str().unwrap();
    for way in [
        secret.to_owned(),
        format!("../../../../../../../..{secret}"),
        format!("/..{secret}"),
        format!("..\\..\\..\\..{}", secret.replace('/', "\\")),
        format!("....//....//..{secret}"),
        "/etc/passwd".to_owned(),
        "../tipoff.toml".to_owned(),
        "/proc/self/environ".to_owned(),
        "%2e%2e/tipoff.toml".to_owned(),
    ] {
        camera.control.must(&format!("SIZE {way}"), "550");
        camera.control.must(&format!("RETR {way}"), "550");
        camera.store(&way, &picture(1));
        camera.control.must(&format!("DELE {way}"), "250");
    }
    assert_eq!(std::fs::read(home.file("secret.txt")).unwrap(), b"of the host");
    // A name with bytes that no path has is only a name.
    camera.control.send(b"PASV\r\n");
    camera.control.hear();
    camera.control.send(b"SIZE \x01\x02\xFE\xFE/../..\x00x\r\n");
    assert!(camera.control.hear().starts_with("550"));
    server.stop();
    // Outside of its own folder the program has written nothing.
    let mut names: Vec<_> = std::fs::read_dir(home.data_dir().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["data", "secret.txt", "tipoff.toml"]);
}

#[test]
fn active_ftp_connects_only_to_the_device_itself() {
    let (_home, server) = start("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let victim = TcpListener::bind("127.0.0.2:0").unwrap();
    victim.set_nonblocking(true).unwrap();
    let port = victim.local_addr().unwrap().port();
    let [high, low] = port.to_be_bytes();
    camera.control.must(&format!("PORT 127,0,0,2,{high},{low}"), "501");
    camera.control.must(&format!("EPRT |1|127.0.0.2|{port}|"), "501");
    camera.control.must("PORT 127,0,0,1,0,25", "501");
    camera.control.must("EPRT |1|127.0.0.1|1023|", "501");
    camera.control.must("LIST", "425");
    assert!(victim.accept().is_err());
    // Its own address it may name.
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let [high, low] = own.local_addr().unwrap().port().to_be_bytes();
    camera.control.must(&format!("PORT 127,0,0,1,{high},{low}"), "200");
    camera.control.must("STOR x.jpg", "150");
    let (mut data, _) = own.accept().unwrap();
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(camera.control.hear().starts_with("226"));
    server.stop();
}

#[test]
fn a_data_connection_from_another_address_is_refused() {
    let (home, server) = start("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let address = camera.passive_address();
    let mut thief = connect_from("127.0.0.2", address);
    let _ = thief.write_all(b"a false picture");
    camera.control.must("STOR x.jpg", "150");
    let mut data = TcpStream::connect(address).unwrap();
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(camera.control.hear().starts_with("226"));
    let mut nothing = Vec::new();
    let _ = thief.read_to_end(&mut nothing);
    assert!(nothing.is_empty());
    let sizes: Vec<_> =
        arrivals(&home).iter().map(|it| it["content"]["media"][0]["size"].as_u64()).collect();
    assert_eq!(sizes, [Some(PICTURE.len() as u64)]);
    server.stop();
}

#[test]
fn slow_and_idle_devices_delay_nobody() {
    let (home, server) =
        start("stall = \"1 s\"\nidle = \"1 s\"\npassive_ports = \"51300-51400\"\n");
    let mut slow: Vec<(Camera, TcpStream)> = (0..20)
        .map(|number| {
            let mut camera = Camera::connect(server.ftp[0], &format!("slow{number}"));
            let mut data = camera.begin("STOR x.jpg");
            data.write_all(b"\xFF\xD8\xFF").unwrap();
            (camera, data)
        })
        .collect();
    upload(server.ftp[0], "quick", "x.jpg", PICTURE);
    for (camera, _data) in &mut slow {
        assert!(camera.control.hear().starts_with("426"), "nothing came for too long");
        assert!(camera.control.hear().starts_with("421"), "and nothing was said for too long");
    }
    assert_eq!(arrivals(&home).len(), 21, "what came is kept");
    server.stop();
}

#[test]
fn a_transfer_has_limits_of_size_and_time() {
    let (home, server) = start("max_file = \"10 kB\"\nmax_transfer = \"2 s\"\n");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.store("at.bin", &[1; 10_000]);
    assert!(camera.transfer("STOR over.bin", &[2; 10_001]).starts_with("552"));
    let mut data = camera.begin("STOR slow.bin");
    let reply = wait_for("the end of a transfer that takes too long", || {
        let _ = data.write_all(b"drop");
        camera.control.hear_now()
    });
    assert!(reply.starts_with("426"), "{reply}");
    assert_eq!(arrivals(&home).len(), 3, "what came is kept");
    server.stop();
}

#[test]
fn logins_lines_and_connections_have_limits() {
    let (_home, server) = start(
        "max_login_failures = 2\nmax_line = 512\nmax_connections = 3\n\
         max_connections_per_address = 2\n[access]\nrequire_login = true\nuser = \"a\"\n\
         password = \"secret\"\n",
    );
    let mut client = Client::connect(server.ftp[0]);
    client.must(&format!("NOOP {}", "a".repeat(512 - 7)), "200");
    client.must(&format!("NOOP {}", "a".repeat(512 - 6)), "500");
    client.must("USER a", "331");
    client.must("PASS wrong", "530");
    client.must("USER a", "331");
    client.must("PASS wrong", "530");
    assert!(client.hear().starts_with("421"));
    assert_eq!(client.hear(), "");
    drop(client);
    let first = wait_for("the free place", || {
        let mut client = Client::silent(server.ftp[0]);
        client.hear().starts_with("220").then_some(client)
    });
    let _second = Client::connect(server.ftp[0]);
    assert!(Client::silent(server.ftp[0]).hear().starts_with("421"));
    drop(first);
    server.stop();
}

#[test]
fn without_a_free_passive_port_the_transfer_is_refused() {
    // One port, which another program has.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (_home, server) = start(&format!("passive_ports = \"{port}\"\n"));
    let mut camera = Camera::connect(server.ftp[0], "yard");
    camera.control.must("PASV", "425");
    camera.control.must("STOR x.jpg", "425");
    drop(taken);
    camera.store("x.jpg", PICTURE);
    server.stop();
}

#[test]
fn the_passive_address_is_configurable() {
    let (_home, server) = start("public_address = \"192.168.1.10\"\n");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let reply = camera.control.say("PASV");
    assert!(reply.starts_with("227 Entering Passive Mode (192,168,1,10,"), "{reply}");
    server.stop();
}

#[test]
fn a_full_disk_defers_uploads() {
    let home = Home::new("[retention]\nmin_free = \"1000000 GB\"\n");
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "yard");
    assert!(camera.transfer("STOR x.jpg", PICTURE).starts_with("452"));
    server.stop();
}

#[test]
fn without_a_listener_there_is_no_server() {
    let home = Home::new("[ftp]\nlisten = []\n");
    let server = home.start();
    assert!(server.ftp.is_empty());
    server.stop();
}

#[test]
fn the_end_of_the_program_waits_for_an_upload() {
    let (home, server) = start("");
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.begin("STOR x.jpg");
    data.write_all(&PICTURE[..100]).unwrap();
    let mut idle = Camera::connect(server.ftp[0], "idle");
    server.terminate();
    assert!(idle.control.hear().starts_with("421"));
    data.write_all(&PICTURE[100..]).unwrap();
    drop(data);
    assert!(camera.control.hear().starts_with("226"));
    assert!(camera.control.hear().starts_with("421"));
    assert!(server.wait());
    let arrival = arrivals(&home).remove(0);
    assert_eq!(
        (&arrival["torn"], &arrival["content"]["media"][0]["whole"]),
        (&false.into(), &true.into())
    );
}
