use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

mod client;
mod logins;
mod settings;
mod streams;

use client::Client;

#[tokio::test]
async fn a_picture_is_served_to_whoever_knows_the_password() {
    let camera = Camera::start(Options::of(Vendor::Hikvision)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let answer = client.get("/ISAPI/Streaming/channels/101/picture").await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, PICTURE));
    camera.set_picture(*b"\xff\xd8\xff other");
    assert_eq!(client.get("/snap.jpg").await.body, b"\xff\xd8\xff other");
    let statuses: Vec<u16> = camera.requests().iter().map(|it| it.status).collect();
    // The first request of all gets the challenge; the nonce serves the second picture too.
    assert_eq!(statuses, [401, 200, 200]);
    assert_eq!(camera.connections(), 1);
}

#[tokio::test]
async fn pictures_fail_as_firmware_does() {
    let picture = "/ISAPI/Streaming/channels/101/picture";
    for (fault, expected) in [
        (PictureFault::OnlyByProxy, ["<statusCode>6<", "<statusCode>6<", "<statusCode>6<"]),
        (PictureFault::DeviceErrorTwice, ["<statusCode>3<", "<statusCode>3<", ""]),
        (PictureFault::Unauthorized, ["Unauthorized"; 3]),
    ] {
        let options = Options { picture_fault: fault, ..Options::of(Vendor::Hikvision) };
        let camera = Camera::start(options).await.unwrap();
        let mut client = Client::of(&camera).await;
        for words in expected {
            let answer = client.get(picture).await;
            match words.is_empty() {
                true => assert_eq!(answer.body, PICTURE, "{fault:?}"),
                false => assert!(answer.text().contains(words), "{fault:?}: {}", answer.text()),
            }
        }
        let proxy = "/ISAPI/ContentMgmt/StreamingProxy/channels/101/picture";
        let is_served = client.get(proxy).await.body == PICTURE;
        assert_eq!(is_served, fault != PictureFault::Unauthorized);
    }
}

#[tokio::test]
async fn dahua_counts_channels_as_its_firmware_does() {
    for first_channel in [0, 1] {
        let options = Options { first_channel, ..Options::of(Vendor::Dahua) };
        let camera = Camera::start(options).await.unwrap();
        let mut client = Client::of(&camera).await;
        for channel in [0, 1] {
            let answer = client.get(&format!("/cgi-bin/snapshot.cgi?channel={channel}")).await;
            assert_eq!(answer.status, if channel == first_channel { 200 } else { 400 });
        }
    }
}

#[tokio::test]
async fn a_camera_has_only_the_interface_of_its_vendor() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let mut client = Client::of(&camera).await;
    for target in ["/ISAPI/System/deviceInfo", "/cgi-bin/magicBox.cgi?action=getDeviceType"] {
        assert_eq!(client.get(target).await.status, 404);
    }
    assert_eq!(client.get("/snap.jpg").await.status, 200);
}

#[tokio::test]
async fn an_answer_comes_after_the_delay() {
    let delay = Duration::from_millis(100);
    let options = Options { delay, schemes: Vec::new(), ..Options::default() };
    let camera = Camera::start(options).await.unwrap();
    let mut client = Client::of(&camera).await;
    let begin = std::time::Instant::now();
    client.get("/snap.jpg").await;
    assert!(begin.elapsed() >= delay);
}

#[tokio::test]
async fn what_is_no_request_is_a_fault() {
    let camera = Camera::start(Options::default()).await.unwrap();
    for bytes in [
        &b"GET /snap.jpg HTTP/1.1\r\n\r\n"[..],
        b"GET http://camera/snap.jpg HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"hello\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(camera.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(camera.faults().len(), 4);
    assert!(camera.requests().is_empty());
}

#[tokio::test]
async fn a_network_that_is_down_resets_old_and_new_connections() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let mut client = Client::of(&camera).await;
    client.get("/snap.jpg").await;
    camera.break_connections();
    assert!(client.is_reset().await);
    camera.set_down(true);
    let mut down = Client::of(&camera).await;
    assert!(down.is_reset().await);
    camera.set_down(false);
    assert_eq!(Client::of(&camera).await.get("/snap.jpg").await.status, 200);
    assert!(camera.wait_for_open_connections(0).await);
}

#[tokio::test]
async fn axis_has_a_picture() {
    let camera = Camera::start(Options::of(Vendor::Axis)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let answer = client.get("/axis-cgi/jpg/image.cgi?resolution=640x480&camera=1").await;
    assert_eq!(answer.body, PICTURE);
    assert_eq!(client.get("/axis-cgi/jpg/image.cgi?camera=2").await.status, 400);
}

#[tokio::test]
async fn reolink_answers_a_wrong_login_with_200_and_no_picture() {
    let camera = Camera::start(Options::of(Vendor::Reolink)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let snap = "/cgi-bin/api.cgi?cmd=Snap&channel=0&rs=abc&user=admin&password=";
    let answer = client.get(&format!("{snap}Pass-word%201")).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, PICTURE));
    let answer = client.get(&format!("{snap}wrong")).await;
    assert_eq!(answer.headers("Content-Type"), ["text/html"]);
    assert!(answer.status == 200 && answer.text().contains("please login first"));
    assert_eq!((camera.failures(), camera.requests().len()), (1, 2));
}
