//! The client against a camera that is strict about logins.
#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]

use std::time::Duration;

use tipoff_camera::{CameraAddress, CameraClient, CameraError, Login, Question};
use tipoff_testkit::camera::{Algorithm, Camera, Digest, Options, PICTURE, Scheme, Vendor};
use url::Url;

const TIME: Duration = Duration::from_secs(10);
const SNAP: &str = "/snap.jpg";

fn client(camera: &Camera, password: &str) -> CameraClient {
    let address = CameraAddress::of(&Url::parse(&camera.url()).unwrap()).unwrap();
    let login = Login { user: "admin".to_owned(), password: password.to_owned() };
    CameraClient::new(address, Some(login))
}

async fn picture(client: &CameraClient) -> Result<Vec<u8>, CameraError> {
    let answer = client.ask(&Question::get(SNAP, TIME)).await?;
    assert_eq!(answer.status, 200);
    answer.whole(1 << 20).await
}

fn with(schemes: Vec<Scheme>) -> Options {
    Options { schemes, ..Options::default() }
}

#[tokio::test]
async fn every_kind_of_login_is_answered_on_one_connection() {
    let digest = Digest::default();
    for scheme in [
        Scheme::Digest(digest),
        Scheme::Digest(Digest { algorithm: Algorithm::Sha256, ..digest }),
        Scheme::Digest(Digest { algorithm: Algorithm::Md5Sess, ..digest }),
        Scheme::Digest(Digest { qop: false, ..digest }),
        Scheme::Digest(Digest { qop: false, names_algorithm: false, opaque: false, ..digest }),
        Scheme::Basic,
    ] {
        let camera = Camera::start(with(vec![scheme])).await.unwrap();
        let client = client(&camera, "Pass-word 1");
        for _ in 0..3 {
            assert_eq!(picture(&client).await.unwrap(), PICTURE, "{scheme:?}");
        }
        assert_eq!(camera.faults(), [""; 0], "{scheme:?}");
        assert_eq!(camera.requests().len(), 4, "one without a login: {scheme:?}");
        assert_eq!(camera.connections(), 1, "{scheme:?}");
    }
}

#[tokio::test]
async fn digest_is_chosen_where_basic_is_offered_too() {
    let camera = Camera::start(with(vec![Scheme::Basic, Scheme::Digest(Digest::default())]));
    let camera = camera.await.unwrap();
    picture(&client(&camera, "Pass-word 1")).await.unwrap();
    let requests = camera.requests();
    let logins: Vec<&str> = requests.iter().filter_map(|it| it.header("authorization")).collect();
    assert!(logins.iter().all(|login| login.starts_with("Digest")) && !logins.is_empty());
}

#[tokio::test]
async fn an_outdated_nonce_is_renewed() {
    for nonce_uses_max in [1, 2] {
        let options = Options { nonce_uses_max: Some(nonce_uses_max), ..Options::default() };
        let camera = Camera::start(options).await.unwrap();
        let client = client(&camera, "Pass-word 1");
        for _ in 0..5 {
            assert_eq!(picture(&client).await.unwrap(), PICTURE);
        }
        camera.expire_nonces();
        assert_eq!(picture(&client).await.unwrap(), PICTURE);
        assert_eq!(camera.failures(), 0);
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let client = client(&camera, "wrong");
    for _ in 0..5 {
        let error = picture(&client).await.unwrap_err();
        assert!(matches!(error, CameraError::LoginRefused { .. }), "{error}");
        let words = error.to_string();
        assert!(words.ends_with("refuses the password of the user \"admin\""), "{words}");
    }
    assert_eq!(camera.failures(), 1);
    assert_eq!(camera.requests().len(), 2);
    assert!(client.refusal().is_some());
}

#[tokio::test]
async fn a_password_that_is_changed_in_the_camera_is_refused_and_not_tried_again() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let client = client(&camera, "Pass-word 1");
    picture(&client).await.unwrap();
    camera.set_password("another");
    let error = picture(&client).await.unwrap_err();
    assert!(matches!(error, CameraError::LoginRefused { .. }), "{error}");
    let failures = camera.failures();
    assert!(failures <= 2, "with the old nonce and with a new one");
    for _ in 0..3 {
        picture(&client).await.unwrap_err();
    }
    assert_eq!(camera.failures(), failures);
}

#[tokio::test]
async fn a_camera_that_wants_a_login_says_so() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let address = CameraAddress::of(&Url::parse(&camera.url()).unwrap()).unwrap();
    let error = picture(&CameraClient::new(address, None)).await.unwrap_err();
    assert!(matches!(error, CameraError::LoginMissing { .. }));
}

#[tokio::test]
async fn a_broken_connection_is_replaced() {
    let camera = Camera::start(Options::default()).await.unwrap();
    let client = client(&camera, "Pass-word 1");
    for _ in 0..3 {
        assert_eq!(picture(&client).await.unwrap(), PICTURE);
        camera.break_connections();
        assert!(camera.wait_for_open_connections(0).await);
    }
    camera.set_down(true);
    assert!(picture(&client).await.is_err());
    camera.set_down(false);
    assert_eq!(picture(&client).await.unwrap(), PICTURE);
    let closing = Options { keeps_alive: false, ..Options::default() };
    let camera = Camera::start(closing).await.unwrap();
    let client = self::client(&camera, "Pass-word 1");
    for _ in 0..3 {
        assert_eq!(picture(&client).await.unwrap(), PICTURE);
    }
}

#[tokio::test]
async fn a_silent_camera_is_given_up() {
    let options = Options { delay: Duration::from_secs(600), ..Options::default() };
    let camera = Camera::start(options).await.unwrap();
    let client = client(&camera, "Pass-word 1");
    let question = Question::get(SNAP, Duration::from_millis(300));
    let error = client.ask(&question).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, CameraError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn a_large_answer_is_cut_off() {
    let camera = Camera::start(Options::default()).await.unwrap();
    camera.set_picture(vec![7; 10_000]);
    let client = client(&camera, "Pass-word 1");
    let answer = client.ask(&Question::get(SNAP, TIME)).await.unwrap();
    assert!(matches!(answer.whole(9_999).await.unwrap_err(), CameraError::TooLarge { .. }));
    assert_eq!(picture(&client).await.unwrap().len(), 10_000);
}

#[tokio::test]
async fn a_stream_leaves_the_other_connection_free() {
    let camera = Camera::start(Options::of(Vendor::Hikvision)).await.unwrap();
    let client = client(&camera, "Pass-word 1");
    let target = "/ISAPI/Event/notification/alertStream";
    let mut stream = client.open(&Question::get(target, TIME)).await.unwrap();
    assert!(stream.content_type.as_deref().unwrap().starts_with("multipart/"));
    assert!(camera.wait_for_streams(1).await);
    assert_eq!(picture(&client).await.unwrap(), PICTURE);
    camera.push_bytes("--boundary\r\n");
    let piece = stream.piece().await.unwrap().unwrap();
    assert!(!piece.is_empty());
    drop(stream);
    assert!(camera.wait_for_streams(0).await);
}
