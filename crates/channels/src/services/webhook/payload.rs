//! The body of a webhook: the alert as JSON, as a form, or as the owner's template writes it. Files are pieces of
//! the body, which are read while it is sent.

use tipoff_model::{Alert, AlertMedia, TemplateValues};

use crate::alert_json;
use crate::body::{Body, Piece};
use crate::multipart::Form;
use crate::template::{Place, Template};

/// Text of a device that breaks JSON if a template does not escape it.
const HOSTILE: &str = "a \"b\" \\ {c}\n";

/// The kind of a request's body.
pub(super) enum Payload {
    /// No body: the address contains everything.
    Empty,
    /// One JSON object.
    Json {
        /// Whether the JSON has a file's address instead of its bytes, if it has one.
        by_url: bool,
    },
    /// The same without the bytes of any file.
    Names,
    /// A form: the JSON and the files.
    Multipart,
    /// The text of a template.
    Template(Words),
}

/// A body that the owner wrote as a template.
pub(super) struct Words {
    template: Template,
    content_type: String,
}

impl Words {
    /// Checks a template with the example. Without a given content type, the text decides: JSON if it is valid
    /// JSON, else plain text.
    ///
    /// # Errors
    /// The template fails, or should make JSON and does not, also with hostile text.
    pub(super) fn read(source: &str, content_type: Option<&str>) -> Result<Self, String> {
        let template = Template::new(source, Place::Body)?;
        let example = template.render(&TemplateValues::sample())?;
        let content_type = match content_type {
            Some(content_type) => content_type,
            None if json_fault(&example).is_none() => "application/json",
            None => "text/plain; charset=utf-8",
        };
        let words = Self { template, content_type: content_type.to_owned() };
        if words.is_json() {
            if let Some(fault) = json_fault(&example) {
                return Err(format!("does not make JSON of an example: {fault}"));
            }
            let hostile = TemplateValues {
                device: HOSTILE,
                subject: HOSTILE,
                text: HOSTILE,
                title: HOSTILE,
                ..TemplateValues::sample()
            };
            if json_fault(&words.template.render(&hostile)?).is_some() {
                let error = "makes no JSON where a device writes quotes: write {{ device | tojson }} \
                             for a value, without quotes around it";
                return Err(error.to_owned());
            }
        }
        Ok(words)
    }

    /// Whether the content type is JSON (RFC 8259), or based on it (`+json`, RFC 6839).
    fn is_json(&self) -> bool {
        let essence = self.content_type.split(';').next().unwrap_or_default().trim();
        essence == "application/json" || essence.ends_with("+json")
    }

    /// The body for an alert. JSON is checked again, because a real value may break what the example did not.
    fn body(&self, values: &TemplateValues<'_>) -> Result<Body, String> {
        let text = self.template.render(values)?;
        if self.is_json()
            && let Some(fault) = json_fault(&text)
        {
            return Err(format!("does not make JSON of this alert: {fault}"));
        }
        Ok(Body::new(self.content_type.clone(), vec![Piece::Bytes(text.into_bytes())]))
    }
}

/// Why a text is no JSON. `None` if it is JSON.
fn json_fault(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).err().map(|error| error.to_string())
}

impl Payload {
    /// The same without the files' bytes. `None` if it has none.
    pub(super) fn without_bytes(&self) -> Option<Self> {
        matches!(self, Self::Json { .. } | Self::Multipart).then_some(Self::Names)
    }

    /// The body for an alert.
    ///
    /// # Errors
    /// The template fails with these values, although it works with the example.
    pub(super) fn body(&self, alert: &Alert, values: &TemplateValues<'_>) -> Result<Body, String> {
        match self {
            Self::Empty => Ok(Body::new(String::new(), Vec::new())),
            Self::Json { by_url } => {
                let mut json = Json(Vec::new());
                write_json(alert, *by_url, true, &mut json);
                Ok(Body::new("application/json".to_owned(), json.0))
            }
            Self::Names => {
                let mut json = Json(Vec::new());
                write_json(alert, true, false, &mut json);
                Ok(Body::new("application/json".to_owned(), json.0))
            }
            Self::Multipart => {
                let mut form = Form::new();
                form.json("alert", multipart_json(alert));
                for stored in alert_json::files(alert) {
                    form.stored("media", stored);
                }
                Ok(form.into_body())
            }
            Self::Template(words) => words.body(values),
        }
    }
}

/// Writes the JSON object: a file has its address, its bytes in base64, or only its name and size.
fn write_json(alert: &Alert, by_url: bool, with_bytes: bool, json: &mut Json) {
    json.text(&alert_json::head(alert));
    for (index, stored) in alert_json::files(alert).enumerate() {
        json.text(if index == 0 { "" } else { "," });
        json.text(&alert_json::media(stored));
        match &stored.url {
            Some(url) if by_url => {
                json.text(&format!(",\"url\":{}}}", alert_json::string(url)));
            }
            _ if !with_bytes => json.text("}"),
            _ => {
                json.text(",\"data\":\"");
                json.data(stored);
                json.text("\"}");
            }
        }
    }
    json.text(alert_json::TAIL);
}

/// The JSON of a form. The files follow in fields of their own, in the same order.
fn multipart_json(alert: &Alert) -> String {
    let entries: Vec<String> =
        alert_json::files(alert).map(|stored| alert_json::media(stored) + "}").collect();
    alert_json::head(alert) + &entries.join(",") + alert_json::TAIL
}

/// JSON as pieces of a body: consecutive text is one piece.
struct Json(Vec<Piece>);

impl Json {
    fn text(&mut self, text: &str) {
        if let Some(Piece::Bytes(bytes)) = self.0.last_mut() {
            bytes.extend_from_slice(text.as_bytes());
        } else {
            self.0.push(Piece::Bytes(text.as_bytes().to_vec()));
        }
    }

    fn data(&mut self, stored: &AlertMedia) {
        self.0.push(Piece::Base64(stored.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_that_of_what_the_template_makes() {
        for (source, given, expected) in [
            ("{\"a\": {{ device | tojson }}}", None, "application/json"),
            ("{{ pictures }}", None, "application/json"),
            ("{{ device }}", None, "text/plain; charset=utf-8"),
            ("a={{ device | urlencode }}", None, "text/plain; charset=utf-8"),
            (
                "a={{ device }}",
                Some("application/x-www-form-urlencoded"),
                "application/x-www-form-urlencoded",
            ),
            ("[{{ torn }}]", Some("application/ld+json; a=b"), "application/ld+json; a=b"),
        ] {
            let words = Words::read(source, given).unwrap();
            assert_eq!(words.content_type, expected, "{source}");
        }
    }

    #[test]
    fn json_that_a_device_could_break_is_a_fault() {
        for (source, given, expected) in [
            ("{\"a\": \"{{ device }}\"}", None, "without quotes around it"),
            ("{\"a\": \"{{ subject }}\"}", None, "without quotes around it"),
            ("{\"a\": \"{{ text }}\"}", None, "without quotes around it"),
            ("{\"a\": {{ device }}}", Some("application/json"), "does not make JSON of an example"),
            ("{{ devise }}", None, "`devise` is undefined"),
        ] {
            let error = Words::read(source, given).err().unwrap();
            assert!(error.contains(expected), "{source}: {error}");
        }
        assert!(Words::read("{\"a\": \"{{ event }} {{ time }}\"}", None).is_ok());
    }

    #[test]
    fn json_that_breaks_all_the_same_is_not_sent() {
        let words = Words::read("{% if torn %}{{ device }}{% else %}{}{% endif %}", None).unwrap();
        let torn = TemplateValues { torn: true, ..TemplateValues::sample() };
        assert!(words.body(&torn).err().unwrap().contains("does not make JSON of this alert"));
        assert!(words.body(&TemplateValues::sample()).is_ok());
    }
}
