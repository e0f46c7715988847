use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutPayload, RetryConfig,
};

use super::*;

fn client(server: &S3, secret: &str) -> AmazonS3 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    AmazonS3Builder::new()
        .with_endpoint(server.url())
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name(BUCKET)
        .with_access_key_id(KEY_ID)
        .with_secret_access_key(secret)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .build()
        .unwrap()
}

async fn read(client: &AmazonS3, path: &Path) -> Vec<u8> {
    client.get(path).await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn objects_are_put_read_by_range_listed_and_deleted() {
    let server = S3::open().unwrap();
    let client = client(&server, SECRET);
    let path = Path::from("a/b.jpg");
    client.put(&path, PutPayload::from_static(b"0123456789")).await.unwrap();
    assert_eq!(read(&client, &path).await, b"0123456789");
    assert_eq!(client.get_range(&path, 3..6).await.unwrap(), "345");
    assert_eq!(std::fs::read(server.files().join("a/b.jpg")).unwrap(), b"0123456789");
    let listed: Vec<_> = client.list(Some(&Path::from("a"))).try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|it| &it.location).collect::<Vec<_>>(), [&path]);
    client.delete(&path).await.unwrap();
    assert!(matches!(client.get(&path).await, Err(Error::NotFound { .. })));
    let counts = server.counts();
    assert_eq!((counts.put, counts.get, counts.list, counts.delete), (1, 3, 1, 1), "{counts:?}");
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let server = S3::open().unwrap();
    let refused = client(&server, "another").get(&Path::from("a")).await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_object_that_exists_is_not_created_again() {
    let server = S3::open().unwrap();
    let (client, path) = (client(&server, SECRET), Path::from("once"));
    let create =
        |text: &'static str| client.put_opts(&path, PutPayload::from(text), PutMode::Create.into());
    create("first").await.unwrap();
    assert!(matches!(create("second").await, Err(Error::AlreadyExists { .. })));
    assert_eq!(read(&client, &path).await, b"first");
}

#[tokio::test]
async fn a_multipart_upload_is_one_object() {
    let server = S3::open().unwrap();
    let (client, path) = (client(&server, SECRET), Path::from("large"));
    let options = PutMultipartOptions::default();
    let mut upload = client.put_multipart_opts(&path, options.clone()).await.unwrap();
    upload.put_part(vec![1; 5 << 20].into()).await.unwrap();
    upload.put_part(vec![2; 10].into()).await.unwrap();
    upload.complete().await.unwrap();
    let bytes = read(&client, &path).await;
    assert_eq!((bytes.len(), bytes.first(), bytes.last()), ((5 << 20) + 10, Some(&1), Some(&2)));
    let mut aborted = client.put_multipart_opts(&Path::from("other"), options).await.unwrap();
    aborted.put_part(vec![1; 10].into()).await.unwrap();
    aborted.abort().await.unwrap();
    assert_eq!(server.counts().multipart, 4 + 3);
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let server = S3::open().unwrap();
    let (client, path) = (client(&server, SECRET), Path::from("kept"));
    client.put(&path, PutPayload::from_static(b"kept")).await.unwrap();
    server.kill();
    assert!(client.get(&path).await.is_err());
    server.start().unwrap();
    assert_eq!(read(&client, &path).await, b"kept");
}

#[tokio::test]
async fn a_script_makes_it_unavailable_and_slow() {
    let server = S3::open().unwrap();
    let (client, path) = (client(&server, SECRET), Path::from("thing"));
    let put = || client.put(&path, PutPayload::from_static(b"thing"));
    server.script().next([S3::unavailable(), S3::unavailable()]);
    assert!(put().await.unwrap_err().to_string().contains("503"));
    assert!(put().await.is_err());
    put().await.unwrap();
    server.script().next([Behaviour::Slow(Duration::from_millis(300))]);
    let begin = std::time::Instant::now();
    put().await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    // Stored, though the client does not know.
    server.script().next([Behaviour::Lost]);
    assert!(client.put(&Path::from("lost"), PutPayload::from_static(b"lost")).await.is_err());
    assert_eq!(read(&client, &Path::from("lost")).await, b"lost");
    assert_eq!(server.counts(), Counts { put: 5, get: 1, ..Counts::default() });
}
