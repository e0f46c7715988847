use super::*;

async fn with(schemes: Vec<Scheme>) -> Camera {
    Camera::start(Options { schemes, ..Options::default() }).await.unwrap()
}

fn digest(algorithm: Algorithm, qop: bool) -> Scheme {
    Scheme::Digest(Digest { algorithm, qop, ..Digest::default() })
}

#[tokio::test]
async fn each_scheme_lets_the_right_password_in_and_no_other() {
    let unnamed = Digest { names_algorithm: false, opaque: false, ..Digest::default() };
    for scheme in [
        Scheme::Basic,
        digest(Algorithm::Md5, true),
        digest(Algorithm::Md5, false),
        digest(Algorithm::Md5Sess, true),
        digest(Algorithm::Md5Sess, false),
        digest(Algorithm::Sha256, true),
        Scheme::Digest(unnamed),
    ] {
        let camera = with(vec![scheme]).await;
        let mut client = Client::of(&camera).await;
        assert_eq!(client.get("/snap.jpg").await.status, 200, "{scheme:?}");
        assert_eq!((camera.failures(), camera.requests().len()), (0, 2));
        client.password = "wrong".to_owned();
        assert_eq!(client.get("/snap.jpg").await.status, 401, "{scheme:?}");
        assert_eq!((camera.failures(), camera.requests().len()), (1, 3));
    }
}

#[tokio::test]
async fn a_login_is_read_to_the_letter() {
    let camera = with(vec![digest(Algorithm::Md5, true)]).await;
    let changes: [fn(String) -> String; 11] = [
        |it| it.replace(", algorithm=MD5", ""),
        |it| it.replace("algorithm=MD5", "algorithm=SHA-256"),
        |it| it.replace(", opaque=\"799d5\"", ""),
        |it| it.replace("qop=auth", "qop=\"auth\""),
        |it| it.replace("nc=00000001", "nc=1"),
        |it| it.replace("cnonce=\"c0ffee\"", "cnonce=\"\""),
        |it| it.replace("uri=\"/snap.jpg\"", "uri=\"/\""),
        |it| it.replace("realm=\"IP", "realm=\"ip"),
        |it| it.replace("username=\"admin\"", "username=\"Admin\""),
        |it| it.replace("qop=auth, nc=00000001, cnonce=\"c0ffee\", ", ""),
        |it| format!("{it}, extra=1"),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut client = Client::of(&camera).await;
        client.change = change;
        assert_eq!(client.get("/snap.jpg").await.status, 401, "{index}");
        assert!(camera.requests().last().unwrap().refusal.is_some(), "{index}");
    }
}

#[tokio::test]
async fn a_nonce_serves_as_often_as_it_may_and_each_count_once() {
    let options = Options { nonce_uses_max: Some(2), ..Options::default() };
    let camera = Camera::start(options).await.unwrap();
    let mut client = Client::of(&camera).await;
    for _ in 0..5 {
        assert_eq!(client.get("/snap.jpg").await.status, 200);
    }
    let statuses: Vec<u16> = camera.requests().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [401, 200, 200, 401, 200, 200, 401, 200]);
    client.count = 0;
    let header = client.header("GET", "/snap.jpg");
    let answer = client.request("GET", "/snap.jpg", header.as_deref(), "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.headers("WWW-Authenticate")[0].contains("stale=true"));
    assert_eq!(camera.failures(), 0);
}

#[tokio::test]
async fn an_expired_nonce_is_stale_and_no_wrong_password() {
    let camera = with(vec![digest(Algorithm::Md5, false)]).await;
    let mut client = Client::of(&camera).await;
    client.get("/snap.jpg").await;
    camera.expire_nonces();
    assert_eq!(client.get("/snap.jpg").await.status, 200);
    let refusals: Vec<_> = camera.requests().into_iter().filter_map(|it| it.refusal).collect();
    assert_eq!((refusals, camera.failures()), (vec!["the nonce is stale".to_owned()], 0));
}

#[tokio::test]
async fn wrong_passwords_lock_the_account_for_the_right_one_too() {
    let options = Options { failures_max: Some(2), ..Options::default() };
    let camera = Camera::start(options).await.unwrap();
    let mut client = Client::of(&camera).await;
    client.password = "wrong".to_owned();
    client.get("/snap.jpg").await;
    assert!(!camera.is_locked());
    client.get("/snap.jpg").await;
    assert!(camera.is_locked());
    client.password = "Pass-word 1".to_owned();
    let answer = client.get("/snap.jpg").await;
    assert!(answer.status == 401 && answer.text().contains("locked"));
    camera.set_password("new");
    client.password = "new".to_owned();
    assert_eq!(client.get("/snap.jpg").await.status, 200);
}

#[tokio::test]
async fn all_offered_schemes_are_challenged_in_order() {
    let camera =
        with(vec![digest(Algorithm::Sha256, true), digest(Algorithm::Md5, true), Scheme::Basic])
            .await;
    let mut client = Client::of(&camera).await;
    let answer = client.request("GET", "/snap.jpg", None, "").await;
    let challenges = answer.headers("WWW-Authenticate");
    assert!(challenges[0].contains("SHA-256") && challenges[1].contains("algorithm=MD5"));
    assert!(challenges[2].starts_with("Basic "));
    for challenge in challenges {
        client.challenge = Some(challenge);
        client.count = 0;
        assert_eq!(client.get("/snap.jpg").await.status, 200);
    }
}
