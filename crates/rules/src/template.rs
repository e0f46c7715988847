//! Words that people choose for their alerts, in the language of Jinja.

use std::fmt;
use std::str::FromStr;

use jiff::ZonedDateTime;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use tipoff_model::{Alert, AlertKind, MediaKind};

/// A template goes through at most so many steps: no loop holds an alert up.
const STEPS_MAX: u64 = 50_000;

/// A template that is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

/// What is wrong with a template.
#[derive(Debug)]
pub struct TemplateError(Error);

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &self.0;
        if let Some(line) = error.line() {
            write!(f, "line {line}: ")?;
        }
        match error.detail() {
            Some(detail) => write!(f, "{}: {detail}", error.kind())?,
            None => write!(f, "{}", error.kind())?,
        }
        if error.kind() == minijinja::ErrorKind::UndefinedError {
            write!(f, "; there are {}", names().join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for TemplateError {}

/// An example of all that a template may name.
fn sample() -> Value {
    context! {
        date => "2026-11-24",
        device => "Front yard",
        event => "motion",
        files => 2,
        follow_up => false,
        link => "http://192.168.1.10:8080/incidents/7",
        pictures => 1,
        subject => "Motion Detection",
        text => "Channel 1",
        time => "22:05",
        title => "Motion",
        torn => false,
        videos => 1,
    }
}

/// The names of the example.
fn names() -> Vec<String> {
    sample().try_iter().into_iter().flatten().map(|name| name.to_string()).collect()
}

impl FromStr for Template {
    type Err = TemplateError;

    /// Checks it with an example.
    fn from_str(source: &str) -> Result<Self, TemplateError> {
        render(source, sample()).map_err(TemplateError)?;
        Ok(Self(source.to_owned()))
    }
}

impl Template {
    /// The words for an alert.
    ///
    /// # Errors
    /// What could not be foreseen: too many steps, a filter that does not take a value.
    pub(crate) fn write(&self, alert: &Alert, time: &ZonedDateTime) -> Result<String, Error> {
        let count = |kinds: &[MediaKind]| {
            alert.media.iter().filter(|file| kinds.contains(&file.media.kind)).count()
        };
        let values = context! {
            date => time.strftime("%Y-%m-%d").to_string(),
            device => alert.device.as_str(),
            event => alert.event.as_str(),
            files => alert.media.len(),
            follow_up => alert.kind == AlertKind::FollowUp,
            link => alert.link.as_deref().unwrap_or_default(),
            pictures => count(&[MediaKind::Picture, MediaKind::Animation]),
            subject => alert.subject.as_str(),
            text => alert.text.as_str(),
            time => time.strftime("%H:%M").to_string(),
            title => alert.event.title().unwrap_or("Alert"),
            torn => alert.torn,
            videos => count(&[MediaKind::Video]),
        };
        render(&self.0, values)
    }
}

fn render(source: &str, values: Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(STEPS_MAX));
    environment.render_str(source, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::alert;

    #[test]
    fn every_name_that_is_told_is_there() {
        let time: ZonedDateTime = "2026-11-24T22:05:09[UTC]".parse().unwrap();
        let all = names().iter().map(|name| format!("{{{{ {name} }}}}")).collect::<Vec<_>>();
        let template: Template = all.join("|").parse().unwrap();
        let written = template.write(&alert(), &time).unwrap();
        assert_eq!(
            written,
            "2026-11-24|Yard|motion|0|False||0|Alarm|Something moved.|22:05|Motion|False|0"
        );
    }

    #[test]
    fn faults_are_told_with_their_line() {
        for (source, expected) in [
            (
                "{{ devise }}",
                "line 1: undefined value: `devise` is undefined; there are date, device, ",
            ),
            ("fine\n{% if %}", "line 2: syntax error: "),
            ("{{ device | shout }}", "line 1: unknown filter: filter shout is unknown"),
            (
                "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
                "line 1: engine ran out of fuel",
            ),
        ] {
            let error = source.parse::<Template>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{source}: {error}");
        }
    }
}
