//! Templates of titles and texts, in the language of Jinja (minijinja). A template is checked with an example when the
//! configuration is read, so that a wrong name is found before an alert.

use std::fmt;
use std::str::FromStr;

use jiff::ZonedDateTime;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, UndefinedBehavior};
use tipoff_model::{Alert, TEMPLATE_STEPS_MAX, TemplateValues};

/// A template that was checked with an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

/// Why a template cannot be used.
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

/// The names that a template may use.
fn names() -> Vec<String> {
    let sample = Value::from(Serde(TemplateValues::sample()));
    sample.try_iter().into_iter().flatten().map(|name| name.to_string()).collect()
}

impl FromStr for Template {
    type Err = TemplateError;

    /// Checks the template with an example.
    fn from_str(source: &str) -> Result<Self, TemplateError> {
        render(source, TemplateValues::sample()).map_err(TemplateError)?;
        Ok(Self(source.to_owned()))
    }
}

impl Template {
    /// The words for an alert.
    ///
    /// # Errors
    /// The example could not show it: too many steps, or a filter that does not take this value.
    pub(crate) fn write(&self, alert: &Alert, time: &ZonedDateTime) -> Result<String, Error> {
        let (date, clock) = (time.strftime("%Y-%m-%d"), time.strftime("%H:%M"));
        let values = TemplateValues::of(alert, date.to_string(), clock.to_string());
        render(&self.0, values)
    }
}

fn render(source: &str, values: TemplateValues<'_>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(TEMPLATE_STEPS_MAX));
    environment.render_str(source, Serde(values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::alert;

    #[test]
    fn every_name_that_is_told_is_there() {
        let time: ZonedDateTime = "2026-11-24T22:05:09[UTC]".parse().unwrap();
        let all = names().iter().map(|name| format!("{{{{ {name} }}}}")).collect::<Vec<_>>();
        let template: Template = all.join("|").parse().unwrap();
        let written = template.write(&alert(), &time).unwrap();
        assert_eq!(
            written,
            "2026-11-24|Yard|motion|0|False|||0|Alarm|Something moved.|22:05|Motion|False|0"
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
