//! `[spool] media` and `[spool.s3]`: where the bytes of arrivals are stored.
//!
//! Reads the keys. `tipoff_spool` stores the bytes. Edits take effect after a restart.

use tipoff_spool::S3Settings;
use toml::Spanned;

use super::key::{Key, ValueForm, Without};
use super::secret::Secret;
use super::section::Section;

/// The description of `[spool.s3]` in the reference.
const S3_DOC: &str = "The service of `media` and its key. What is missing is taken from the AWS \
                      variables: `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, \
                      `AWS_SECRET_ACCESS_KEY`.";

/// Reads the keys. `None`: the bytes are in the data folder.
pub(super) fn read(section: &mut Section<'_>) -> Option<S3Settings> {
    let key = Key {
        name: "media",
        form: ValueForm::Text,
        without: Without::Nothing("\"s3://bucket/prefix\"".to_owned()),
        doc: "The bucket of Amazon S3, or of a service with the same API, in which the bytes of \
              arrivals are stored, and what its keys begin with. Without it: the folder `blobs` of \
              `data_dir`. Bytes that are there already are not moved.",
    };
    let place = section.parsed(&key, |url| {
        let wrong = || "s3://BUCKET/PREFIX, of letters, digits, `-`, `.` and `_`".to_owned();
        S3Settings::parse(url).ok_or_else(wrong)
    });
    let service = section.table("spool.s3", S3_DOC, read_service);
    place.map(|place| S3Settings {
        bucket: place.get_ref().bucket.clone(),
        prefix: place.get_ref().prefix.clone(),
        ..service
    })
}

/// Reads `[spool.s3]`: all but the bucket.
fn read_service(section: &mut Section<'_>) -> S3Settings {
    let key = Key {
        name: "endpoint",
        form: ValueForm::Text,
        without: Without::Nothing("\"https://s3.example.com\"".to_owned()),
        doc: "The address of a service other than Amazon's. With `http://` the connection is not \
              encrypted.",
    };
    let endpoint = section.parsed(&key, |url| match url.split_once("://") {
        Some(("http" | "https", host)) if !host.is_empty() && !host.contains('@') => {
            Ok(url.to_owned())
        }
        _ => Err("an address that begins with https:// or http://, without a user".to_owned()),
    });
    let region = section.text("region", "eu-central-1", "The region of the bucket.");
    let access_key = section.secret(
        "access_key",
        "{ env = \"S3_ACCESS_KEY\" }",
        "The name of the key, which may read, write, list and delete objects of the bucket.",
    );
    let secret_key =
        section.secret("secret_key", "{ env = \"S3_SECRET_KEY\" }", "The secret of the key.");
    match (&access_key, &secret_key) {
        (Some(_), None) => section.missing("secret_key", "{ env = \"S3_SECRET_KEY\" }"),
        (None, Some(_)) => section.missing("access_key", "{ env = \"S3_ACCESS_KEY\" }"),
        _ => {}
    }
    let exposed = |key: Option<Spanned<Secret>>| key.map(|key| key.get_ref().expose().to_owned());
    S3Settings {
        endpoint: endpoint.map(Spanned::into_inner),
        region: region.map(Spanned::into_inner),
        access_key: exposed(access_key),
        secret_key: exposed(secret_key),
        ..S3Settings::default()
    }
}
