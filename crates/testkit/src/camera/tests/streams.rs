use super::*;

const ALERT_STREAM: &str = "/ISAPI/Event/notification/alertStream";
const ATTACH: &str = "/cgi-bin/eventManager.cgi?action=attach&codes=[All]";

/// A camera without a login whose streams are changed like this.
async fn with(vendor: Vendor, change: impl FnOnce(&mut StreamForm)) -> Camera {
    let mut options = Options { schemes: Vec::new(), ..Options::of(vendor) };
    change(&mut options.stream);
    Camera::start(options).await.unwrap()
}

#[tokio::test]
async fn what_is_pushed_reaches_all_streams() {
    let camera = with(Vendor::Hikvision, |form| form.announced_boundary = "MIME".to_owned()).await;
    let mut clients = [Client::of(&camera).await, Client::of(&camera).await];
    for client in &mut clients {
        assert!(client.open(ALERT_STREAM).await.contains("multipart/mixed; boundary=MIME\r\n"));
    }
    assert!(camera.wait_for_streams(2).await);
    camera.push_event(Part::hikvision("VMD", "active"));
    camera.push_event(Part::picture(PICTURE));
    for client in &mut clients {
        let head = client.until("\r\n\r\n").await;
        assert!(head.starts_with("--boundary\r\nContent-Type: application/xml"), "{head}");
        assert!(client.until("</EventNotificationAlert>").await.contains("<eventType>VMD<"));
        client.until("--boundary\r\n").await;
        let length = format!("Content-Length: {}\r\n", PICTURE.len());
        let head = client.until("\r\n\r\n").await;
        assert!(head.contains(&length), "{head}");
    }
    drop(clients);
    assert!(camera.wait_for_streams(0).await);
    assert_eq!(camera.opened_streams(), 2);
}

#[tokio::test]
async fn the_bugs_of_firmware_are_served_as_asked() {
    let camera = with(Vendor::Dahua, |form| {
        form.version = "HTTP/1.0";
        form.boundary = " myboundary".to_owned();
        form.has_blank_line = false;
        form.has_length = false;
        form.is_glued = true;
    })
    .await;
    let mut client = Client::of(&camera).await;
    assert!(client.open(ATTACH).await.starts_with("HTTP/1.0 200 OK\r\n"));
    assert!(camera.wait_for_streams(1).await);
    camera.push_event(Part::dahua("VideoMotion", "Start", 0, "{\n\"Id\": [0]\n}"));
    let part = client.until("\r\n\r\n").await;
    let expected = "-- myboundary\r\nContent-Type: text/plain\r\n\
         Code=VideoMotion;action=Start;index=0;data={\n\"Id\": [0]\n}\r\n\r\n";
    assert_eq!(part, expected);
    assert!(client.until("\r\n\r\n").await.starts_with("HTTP/1.0 200 OK\r\n"));
}

#[tokio::test]
async fn heartbeats_come_as_asked_for() {
    let camera = with(Vendor::Dahua, |_| {}).await;
    let mut client = Client::of(&camera).await;
    client.open(&format!("{ATTACH}&heartbeat=1")).await;
    client.until("Heartbeat\r\n\r\n").await;
    client.until("Heartbeat\r\n\r\n").await;
    for seconds in ["0", "61", "x"] {
        let target = format!("{ATTACH}&heartbeat={seconds}");
        assert_eq!(Client::of(&camera).await.get(&target).await.status, 400);
    }
}

#[tokio::test]
async fn a_camera_with_one_place_refuses_the_second_stream() {
    let camera = with(Vendor::Hikvision, |form| form.connections_max = Some(1)).await;
    let mut first = Client::of(&camera).await;
    first.open(ALERT_STREAM).await;
    assert_eq!(Client::of(&camera).await.get(ALERT_STREAM).await.status, 503);
    drop(first);
    assert!(camera.wait_for_streams(0).await);
    let head = Client::of(&camera).await.open(ALERT_STREAM).await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
}

#[tokio::test]
async fn a_new_stream_begins_with_the_backlog() {
    let camera = with(Vendor::Hikvision, |_| {}).await;
    camera.set_backlog(vec![Part::hikvision("linedetection", "active")]);
    let mut client = Client::of(&camera).await;
    client.open(ALERT_STREAM).await;
    assert!(client.until("</EventNotificationAlert>").await.contains("linedetection"));
}

#[tokio::test]
async fn streams_need_a_login() {
    let camera = Camera::start(Options::of(Vendor::Dahua)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let answer = client.request("GET", ATTACH, None, "").await;
    assert_eq!(answer.status, 401);
    client.challenge = answer.headers("WWW-Authenticate").pop();
    assert!(client.open(ATTACH).await.starts_with("HTTP/1.1 200 OK"));
}

/// Kilobytes of memory that this process has.
fn memory_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn hundreds_of_streams_cost_little_and_get_each_event() {
    const STREAMS: usize = 300;
    let camera = with(Vendor::Hikvision, |_| {}).await;
    let before = memory_kb();
    let mut clients = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Client::of(&camera).await;
        client.open(ALERT_STREAM).await;
        clients.push(client);
    }
    assert!(camera.wait_for_streams(STREAMS).await);
    // Other tests of this process need memory meanwhile.
    let grown = memory_kb().saturating_sub(before);
    assert!(grown < STREAMS * 40, "{grown} KB");
    camera.push_event(Part::hikvision("VMD", "active"));
    for client in &mut clients {
        client.until("</EventNotificationAlert>").await;
    }
    camera.break_connections();
    assert!(camera.wait_for_open_connections(0).await);
}
