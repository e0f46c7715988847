//! The headers of a webhook that the owner configured. Their values may be templates, and may be secrets: they never
//! appear in an error.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tipoff_model::TemplateValues;

use crate::http::Secrets;
use crate::template::{self, Place, Template};

/// The header with the idempotency key: the same for every attempt at a delivery, so that the server can recognise a
/// repetition.
pub(super) const KEY_HEADER: &str = "idempotency-key";
/// The header with the signature: `sha256=` and the HMAC-SHA256 of the body in hexadecimal, as in GitHub's webhooks.
pub(super) const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// Headers that Tipoff sets itself.
const OWN_HEADERS: &[&str] =
    &["content-length", "host", KEY_HEADER, SIGNATURE_HEADER, "transfer-encoding"];

/// The configured headers.
#[derive(Default)]
pub(super) struct Headers {
    /// Headers without templates.
    fixed: HeaderMap,
    /// Headers whose values depend on the alert.
    templates: Vec<(HeaderName, Template)>,
    /// The content type, if it is set. It belongs to the body.
    pub(super) content_type: Option<String>,
}

impl Headers {
    /// Adds a header, and its value to `secrets`.
    ///
    /// # Errors
    /// Tipoff sets this header itself, or name or value are not valid.
    pub(super) fn add(
        &mut self,
        name: &str,
        value: &str,
        secrets: &mut Secrets,
    ) -> Result<(), String> {
        let lower = name.to_ascii_lowercase();
        if OWN_HEADERS.contains(&lower.as_str()) {
            return Err(format!("{name} is set by Tipoff itself"));
        }
        let key: HeaderName =
            lower.parse().map_err(|_| format!("{name:?} is not a name of a header"))?;
        if key == CONTENT_TYPE {
            return self.set_content_type(value);
        }
        template::literals(value).into_iter().for_each(|it| secrets.add_value(it.trim()));
        if template::is_template(value) {
            let template = Template::new(value, Place::Header)
                .map_err(|error| format!("the value of {name} has a fault: {error}"))?;
            self.templates.push((key, template));
            return Ok(());
        }
        secrets.add_value(value);
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of {name} has characters that no header can have"))?;
        value.set_sensitive(true);
        self.fixed.insert(key, value);
        Ok(())
    }

    /// Sets the content type, which cannot be a template: it decides whether the body is checked as JSON.
    fn set_content_type(&mut self, value: &str) -> Result<(), String> {
        let is_type = value.contains('/') && HeaderValue::from_str(value).is_ok();
        if !is_type || template::is_template(value) {
            return Err("Content-Type must be like application/json".to_owned());
        }
        self.content_type = Some(value.to_owned());
        Ok(())
    }

    /// Whether any value is a template.
    pub(super) fn have_templates(&self) -> bool {
        !self.templates.is_empty()
    }

    /// The headers for an alert.
    ///
    /// # Errors
    /// A template works with the example and not with these values: a filter refuses a value, for one.
    pub(super) fn of(&self, values: &TemplateValues<'_>) -> Result<HeaderMap, String> {
        let mut headers = self.fixed.clone();
        for (name, template) in &self.templates {
            let value = template.render(values)?;
            // UTF-8, as browsers and ntfy read it (RFC 9110, section 5.5: "obs-text").
            let mut value = HeaderValue::from_bytes(value.trim().as_bytes())
                .map_err(|_| format!("{name} has characters that no header can have"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}
