//! The form of a call: its fields and files.

use axum::extract::Multipart;
use axum::extract::multipart::Field;

use super::rules::{FILE_BYTES_MAX, PICTURE_BYTES_MAX};
use super::{ApiError, Options, SentFile};

/// The fields and files of a call.
pub(super) struct Form {
    pub(super) fields: Vec<(String, String)>,
    pub(super) files: Vec<(String, SentFile)>,
}

impl Form {
    pub(super) async fn read(mut parts: Multipart, options: &Options) -> Result<Self, ApiError> {
        let mut form = Self { fields: Vec::new(), files: Vec::new() };
        let wrong = |_| ApiError::new(400, "Bad Request: the form is broken");
        while let Some(field) = parts.next_field().await.map_err(wrong)? {
            let name = field.name().unwrap_or_default().to_owned();
            if field.file_name().is_some() {
                form.files.push((name, read_file(field, options).await.map_err(wrong)?));
            } else {
                form.fields.push((name, field.text().await.map_err(wrong)?));
            }
        }
        let bytes: u64 = form.files.iter().map(|(_, file)| file.size).sum();
        if bytes > FILE_BYTES_MAX {
            return Err(ApiError::new(413, "Request Entity Too Large"));
        }
        Ok(form)
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

async fn read_file(
    mut field: Field<'_>,
    options: &Options,
) -> Result<SentFile, axum::extract::multipart::MultipartError> {
    let mut file = SentFile {
        name: field.file_name().unwrap_or_default().to_owned(),
        content_type: field.content_type().unwrap_or_default().to_owned(),
        ..SentFile::default()
    };
    while let Some(chunk) = field.chunk().await? {
        file.size += chunk.len() as u64;
        // What may be a picture is looked at, and forgotten then.
        if options.keep_bytes || file.size <= PICTURE_BYTES_MAX {
            file.bytes.extend_from_slice(&chunk);
        } else {
            file.bytes = Vec::new();
        }
    }
    Ok(file)
}
