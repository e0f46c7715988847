//! A bucket of Amazon S3 or of another service with the same API. Large files are sent in parts, so that no
//! more than one part is in memory. A file is written only if the key is free: conditionally where the service
//! supports it, else after a look.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Attribute, Attributes, Error, ObjectStore, ObjectStoreExt, PutMode};
use object_store::{ClientOptions, PutMultipartOptions, PutOptions, PutPayload, RetryConfig};
use sha2::{Digest, Sha256};
use tipoff_model::{AlertMedia, Verdict};

use super::{ArchiveStore, KeepResult};
use crate::body::{Body, BodyError, Broken, Piece};
use crate::http::{self, CONNECT_TIME, Secrets, no_answer, repair, retry, retry_message};
use crate::multipart::header_safe;
use crate::tls::install_crypto;
use crate::{BoxFuture, Files, Settings};

/// Larger files are sent in parts of this size. S3 wants 5 MiB at least and 10,000 parts at most ("Amazon
/// S3 multipart upload limits"): files of 78 GiB.
const PART_BYTES: usize = 8 << 20;

/// The key of a wrong setting, and what is wrong with it.
type SettingError = (&'static str, &'static str);

/// A bucket and the key to it.
pub(super) struct Bucket {
    store: AmazonS3,
    /// The bucket's name, for error texts.
    name: String,
    /// The secret key, and what the endpoint's address contains.
    secrets: Secrets,
}

impl Bucket {
    /// Reads the settings of a bucket. Sends no request.
    pub(super) fn new(name: &str, settings: &Settings) -> Result<Self, SettingError> {
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.is_empty() || !name.bytes().all(of_name) {
            return Err(("bucket", "must be its name alone: letters, digits, - . and _"));
        }
        let key = settings.text("access_key").filter(|key| !key.is_empty());
        let key = key.ok_or(("access_key", "is missing: a bucket needs a key"))?;
        let secret = settings.text("secret_key").filter(|secret| !secret.is_empty());
        let secret = secret.ok_or(("secret_key", "is missing: it belongs to `access_key`"))?;
        let mut secrets = Secrets::default();
        secrets.add(secret);
        install_crypto();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(settings.text("region").unwrap_or("us-east-1"))
            .with_access_key_id(key)
            .with_secret_access_key(secret)
            // Dispatch decides when to retry.
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            // The time limit depends on the file: see `Archive::keep`.
            .with_client_options(
                ClientOptions::new().with_connect_timeout(CONNECT_TIME).with_timeout_disabled(),
            );
        if let Some(endpoint) = settings.text("endpoint") {
            let url = http::address(endpoint)
                .map_err(|_| ("endpoint", "must begin with http:// or https://"))?;
            secrets.add_url(&url);
            builder = builder.with_endpoint(endpoint).with_allow_http(url.scheme() == "http");
        }
        let store = builder.build().map_err(|_| ("bucket", "cannot be a bucket of S3"))?;
        Ok(Self { store, name: name.to_owned(), secrets })
    }

    /// Keeps a file at a key. Compares the bytes if the key is taken.
    async fn keep(
        &self,
        path: &str,
        stored: &AlertMedia,
        files: &Arc<dyn Files>,
    ) -> Result<KeepResult, Verdict> {
        let path = Path::parse(path).map_err(|error| retry_message(error.to_string()))?;
        // This request comes first because not every service supports conditional writes. Without the right to
        // list a bucket, the answer for a missing object is 403 ("HeadObject" in the API reference).
        match self.store.head(&path).await {
            Ok(there) => return self.compare(&path, there.size, stored, files).await,
            Err(Error::NotFound { .. } | Error::PermissionDenied { .. }) => {}
            Err(error) => return Err(self.in_words(&error)),
        }
        let put = match usize::try_from(stored.media.size) {
            Ok(size) if size <= PART_BYTES => self.put_whole(&path, stored, files).await,
            _ => self.put_parts(&path, stored, files).await,
        };
        match put {
            Ok(()) => Ok(KeepResult::File),
            Err(BucketError::Stored(BodyError(error))) => Err(retry_message(error)),
            Err(BucketError::Store(Error::AlreadyExists { .. } | Error::Precondition { .. })) => {
                let there = self.store.head(&path).await.map_err(|error| self.in_words(&error))?;
                self.compare(&path, there.size, stored, files).await
            }
            Err(BucketError::Store(error)) => Err(self.in_words(&error)),
        }
    }

    /// Sends a small file in one request, which fails if the key was taken meanwhile (`If-None-Match: *`).
    async fn put_whole(
        &self,
        path: &Path,
        stored: &AlertMedia,
        files: &Arc<dyn Files>,
    ) -> Result<(), BucketError> {
        let mut parts = FileParts::open(stored, files);
        let payload = parts.next().await?.unwrap_or_default();
        let attributes = attributes(stored);
        let create = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.store.put_opts(path, payload.clone(), create.clone()).await {
            Err(error) if is_unknown(&error) => {
                let options = PutOptions { mode: PutMode::Overwrite, ..create };
                self.store.put_opts(path, payload, options).await.map_err(BucketError::Store)?;
            }
            put => drop(put.map_err(BucketError::Store)?),
        }
        Ok(())
    }

    /// Sends a large file in parts. An upload that fails is aborted: the owner would pay for its parts.
    async fn put_parts(
        &self,
        path: &Path,
        stored: &AlertMedia,
        files: &Arc<dyn Files>,
    ) -> Result<(), BucketError> {
        let attributes = attributes(stored);
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let mut upload =
            self.store.put_multipart_opts(path, options).await.map_err(BucketError::Store)?;
        let mut parts = FileParts::open(stored, files);
        let putting = async {
            while let Some(part) = parts.next().await? {
                upload.put_part(part).await.map_err(BucketError::Store)?;
            }
            upload.complete().await.map_err(BucketError::Store)
        };
        let put = putting.await;
        if put.is_err() {
            let _ = upload.abort().await;
        }
        put.map(drop)
    }

    /// Whether the object at a key is the same file, such as from an attempt whose answer was lost. Compares
    /// digests, because neither file needs to fit in memory.
    async fn compare(
        &self,
        path: &Path,
        size: u64,
        stored: &AlertMedia,
        files: &Arc<dyn Files>,
    ) -> Result<KeepResult, Verdict> {
        if size != stored.media.size {
            return Ok(KeepResult::Other);
        }
        let fault = |error: Error| self.in_words(&error);
        let mut there = self.store.get(path).await.map_err(fault)?.into_stream();
        let mut sum = Sha256::new();
        while let Some(chunk) = there.next().await {
            sum.update(chunk.map_err(fault)?);
        }
        let mut parts = FileParts::open(stored, files);
        let mut own = Sha256::new();
        while let Some(part) = parts.next().await.map_err(|fault| match fault {
            BucketError::Stored(BodyError(error)) => retry_message(error),
            BucketError::Store(error) => self.in_words(&error),
        })? {
            part.iter().for_each(|bytes| own.update(bytes));
        }
        Ok(if sum.finalize() == own.finalize() { KeepResult::File } else { KeepResult::Other })
    }

    /// The verdict for an error. The codes are those of "Error responses" in Amazon's API reference.
    fn in_words(&self, error: &Error) -> Verdict {
        let told = error.to_string();
        let tag = |name: &str| {
            let (_, rest) = told.split_once(&format!("<{name}>"))?;
            rest.split_once("</").map(|(value, _)| value.to_owned())
        };
        let code = tag("Code").unwrap_or_default();
        let said = tag("Message").unwrap_or_else(|| http::innermost(error));
        let said = self.secrets.excerpt(&said);
        let name = &self.name;
        match (code.as_str(), error) {
            ("InvalidAccessKeyId", _) => {
                repair(format!("S3 does not know this key ({said}): set `access_key`"))
            }
            ("SignatureDoesNotMatch", _) => {
                repair(format!("S3 refuses the secret of this key ({said}): set `secret_key`"))
            }
            ("RequestTimeTooSkewed", _) => {
                repair(format!("this machine's clock differs from that of S3 ({said}): set it"))
            }
            ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) => {
                repair(format!("the bucket {name} is in another region ({said}): set `region`"))
            }
            ("EntityTooLarge", _) => Verdict::Refused { error: format!("too big for S3: {said}") },
            (_, Error::NotFound { .. }) => {
                repair(format!("there is no bucket {name} ({said}): make it, or set `bucket`"))
            }
            (_, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => repair(format!(
                "the key may not read and write the bucket {name} ({said}): let it, or set \
                 `access_key` and `secret_key`"
            )),
            _ => {
                let error = format!("the bucket {name} cannot be written to: {said}");
                // The words of `object_store::client::retry` for every status that is an error.
                let answered = told.contains("Server returned");
                if answered { retry(None, error) } else { no_answer(error) }
            }
        }
    }
}

impl ArchiveStore for Bucket {
    fn keep<'a>(
        &'a self,
        path: &'a str,
        stored: &'a AlertMedia,
        files: &'a Arc<dyn Files>,
        _umask: u32,
    ) -> BoxFuture<'a, Result<KeepResult, Verdict>> {
        Box::pin(self.keep(path, stored, files))
    }
}

/// The file's content type, so that a browser shows the object.
fn attributes(stored: &AlertMedia) -> Attributes {
    let content_type = header_safe(&stored.media.content_type).to_owned();
    Attributes::from_iter([(Attribute::ContentType, content_type)])
}

/// Whether the service does not support conditional writes.
fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::NotImplemented { .. })
        || error.to_string().contains("<Code>NotImplemented</Code>")
}

/// Why a file was not sent.
enum BucketError {
    /// It cannot be read from Tipoff's own store.
    Stored(BodyError),
    /// The bucket does not accept it.
    Store(Error),
}

/// A stored file, part by part.
struct FileParts {
    /// The file's bytes, as they are read from Tipoff's store.
    chunks: std::pin::Pin<Box<dyn Stream<Item = std::io::Result<Vec<u8>>> + Send>>,
    /// The error that ended the stream early.
    broken: Broken,
    /// Bytes that are still to be read.
    left: u64,
}

impl FileParts {
    /// Starts reading a file, on a thread that may block.
    fn open(stored: &AlertMedia, files: &Arc<dyn Files>) -> Self {
        let broken = Broken::default();
        let body = Body::new(String::new(), vec![Piece::File(stored.clone())]);
        let chunks = Box::pin(body.chunks(Arc::clone(files), Arc::clone(&broken)));
        Self { chunks, broken, left: stored.media.size }
    }

    /// The next part, or `None` after the last. All parts but the last have the same size, because some
    /// services require it.
    async fn next(&mut self) -> Result<Option<PutPayload>, BucketError> {
        // Chunks have one size, too, and a part is a multiple of it.
        let mut part: Vec<u8> = Vec::new();
        while part.len() < PART_BYTES && self.left > 0 {
            match self.chunks.next().await {
                Some(Ok(chunk)) => {
                    self.left = self.left.saturating_sub(chunk.len() as u64);
                    part.extend_from_slice(&chunk);
                }
                Some(Err(_)) | None => {
                    let unknown = || BodyError("a file ended too early".to_owned());
                    return Err(BucketError::Stored(
                        self.broken.get().cloned().unwrap_or_else(unknown),
                    ));
                }
            }
        }
        Ok((!part.is_empty()).then(|| part.into()))
    }
}
