//! How a bucket of S3 is reached. Neither key is ever part of a text.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

/// Time to reach the service.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// A bucket, or a service with the same API, for the bytes of arrivals. What is `None` comes from the AWS variables
/// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` …).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Name of the bucket.
    pub bucket: String,
    /// What all keys begin with, without a slash at its ends; may be empty.
    pub prefix: String,
    /// Address of the service. `http://` is accepted, also of the variable, because somebody wrote it.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The key's name.
    pub access_key: Option<String>,
    /// The key's secret.
    pub secret_key: Option<String>,
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl S3Settings {
    /// Reads `s3://BUCKET/PREFIX`. `None` if it is something else.
    pub fn parse(url: &str) -> Option<Self> {
        let (bucket, prefix) = match url.strip_prefix("s3://")?.split_once('/') {
            Some((bucket, prefix)) => (bucket, prefix.trim_matches('/')),
            None => (url.strip_prefix("s3://")?, ""),
        };
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(of_name);
        let is_prefix = prefix.is_empty() || prefix.split('/').all(is_name);
        let settings =
            Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..Self::default() };
        (is_name(bucket) && is_prefix).then_some(settings)
    }

    /// `s3://BUCKET/PREFIX`, for people.
    pub fn place(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{}", self.bucket, self.prefix)
    }

    /// Whether both are the same objects, as far as the settings show it.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        let place = |settings: &Self| {
            let endpoint = settings.endpoint.as_deref();
            (settings.place(), endpoint.map(|url| url.trim_end_matches('/').to_owned()))
        };
        place(self) == place(other)
    }

    /// What all keys begin with.
    pub(super) fn root(&self) -> Path {
        Path::from(self.prefix.as_str())
    }

    /// What must not be in a text.
    pub(super) fn secrets(&self) -> Vec<String> {
        let variable = |name: &str| std::env::var(name).ok();
        let keys = [
            self.access_key.clone().or_else(|| variable("AWS_ACCESS_KEY_ID")),
            self.secret_key.clone().or_else(|| variable("AWS_SECRET_ACCESS_KEY")),
            variable("AWS_SESSION_TOKEN"),
        ];
        keys.into_iter().flatten().filter(|key| !key.is_empty()).collect()
    }

    /// A client of the bucket. Sends no request.
    pub(super) fn client(&self) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
        // Fails if one is installed already, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            // `object.rs` retries, within its time limits.
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            .with_client_options(
                ClientOptions::new().with_connect_timeout(CONNECT_TIME).with_timeout_disabled(),
            );
        let of_environment = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
        if let Some(endpoint) = self.endpoint.clone().or(of_environment) {
            let is_plain = endpoint.starts_with("http://");
            builder = builder.with_endpoint(endpoint).with_allow_http(is_plain);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let (Some(key), Some(secret)) = (&self.access_key, &self.secret_key) {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        }
        Ok(Arc::new(builder.build()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_with_a_prefix() {
        for (url, place) in [
            ("s3://bucket", Some("s3://bucket")),
            ("s3://bucket/", Some("s3://bucket")),
            ("s3://bucket/a/b/", Some("s3://bucket/a/b")),
            ("s3://", None),
            ("s3:///a", None),
            ("s3://bucket/a//b", None),
            ("s3://bucket/a b", None),
            ("s3://user:key@bucket", None),
            ("/var/lib/media", None),
        ] {
            assert_eq!(S3Settings::parse(url).map(|it| it.place()).as_deref(), place, "{url}");
        }
    }

    #[test]
    fn a_key_is_in_no_text() {
        let secret_key = Some("geheim".to_owned());
        let settings = S3Settings {
            secret_key: secret_key.clone(),
            access_key: secret_key,
            ..S3Settings::parse("s3://a").unwrap()
        };
        assert!(!format!("{settings:?}").contains("geheim"));
        assert!(settings.secrets().contains(&"geheim".to_owned()));
    }
}
