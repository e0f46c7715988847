//! What is wrong with the configuration, shown at its place as a compiler would.
//!
//! The sections note faults while they are read; `load.rs` collects them, and `check`, `run` and the dashboard show
//! them. No value that may be a secret is shown: the source has been through `mask`.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::mask::{Masked, Span};

/// Nobody reads more than this many at once.
const SHOWN_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The place in the file; `None` if the fault has none, such as a missing variable.
    span: Option<Span>,
    /// What is wrong, in one line.
    title: String,
    /// The text right at the place.
    label: Option<String>,
    /// A second place, with its label.
    other: Option<(Span, String)>,
    /// What to do.
    help: Option<String>,
    /// The key whose value is wrong or missing, for a form that shows the fault at its field.
    key: Option<String>,
}

impl Fault {
    /// A fault without a place in the file.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { span: None, title: title.into(), label: None, other: None, help: None, key: None }
    }

    /// A fault of the text at `span`.
    pub(super) fn at(span: Span, title: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::new(title) }
    }

    /// Adds the text that is shown right at the place.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that is involved, such as the first use of a name that is used twice.
    pub(super) fn other(mut self, span: Span, label: impl Into<String>) -> Self {
        self.other = Some((span, label.into()));
        self
    }

    /// Adds what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the key whose value is wrong or missing.
    pub(super) fn of(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The fault in one line: its title and label.
    pub(super) fn summary(&self) -> String {
        let label = self.label.iter().map(|label| format!(": {label}"));
        self.title.clone() + &label.collect::<String>()
    }

    fn group<'a>(&'a self, path: &'a str, source: &'a Masked) -> Group<'a> {
        let mut group = Group::with_title(Level::ERROR.primary_title(self.title.as_str()));
        if let Some(span) = &self.span {
            let primary = AnnotationKind::Primary.span(source.place(span));
            let snippet = Snippet::source(source.text()).path(path);
            group = group.element(snippet.annotation(primary.label(self.label.as_deref())));
        }
        // A snippet of its own, so that no line between the two places is shown.
        if let Some((span, label)) = &self.other {
            let context = AnnotationKind::Context.span(source.place(span)).label(label.as_str());
            group = group.element(Snippet::source(source.text()).path(path).annotation(context));
        }
        match &self.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }
}

/// A fault for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FaultDetail {
    /// The number of its line; null if it has no place in the file.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    message: String,
    /// What is wrong right at the place.
    label: Option<String>,
    /// What to do.
    help: Option<String>,
}

/// All faults of a file, with what is needed to show them.
#[derive(Debug)]
pub(crate) struct Faults {
    path: String,
    source: Masked,
    faults: Vec<Fault>,
}

impl Faults {
    /// Sorts the faults by their place in the file; those without a place come last.
    pub(super) fn new(path: Option<&Path>, source: Masked, mut faults: Vec<Fault>) -> Self {
        faults
            .sort_by_key(|fault| fault.span.as_ref().map_or((true, 0), |span| (false, span.start)));
        let path = path.map_or_else(String::new, |path| path.display().to_string());
        Self { path, source, faults }
    }

    /// A single fault without a place, such as a file that cannot be read.
    pub(super) fn one(path: PathBuf, fault: Fault) -> Self {
        Self::new(Some(&path), Masked::default(), vec![fault])
    }

    /// The same faults, of a text from another place.
    pub(crate) fn of_place(self, place: &str) -> Self {
        Self { path: place.to_owned(), ..self }
    }

    /// All faults on one line, for a log: each with the number of its line, without the text of the file.
    pub(crate) fn summary(&self) -> String {
        let shown = self.faults.iter().take(SHOWN_MAX).map(|fault| match &fault.span {
            Some(span) => format!("line {}: {}", self.source.line(span), fault.summary()),
            None => fault.summary(),
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    /// The path of the file; `None` if there is none.
    pub(crate) fn path(&self) -> Option<&str> {
        Some(self.path.as_str()).filter(|path| !path.is_empty())
    }

    /// Each fault, those with a place first; as many as are shown to people.
    pub(crate) fn details(&self) -> Vec<FaultDetail> {
        let detail = |fault: &Fault| FaultDetail {
            line: fault.span.as_ref().map(|span| self.source.line(span)),
            message: fault.title.clone(),
            label: fault.label.clone(),
            help: fault.help.clone(),
        };
        self.faults.iter().take(SHOWN_MAX).map(detail).collect()
    }

    /// Each fault on one line without its place, behind the key that it is about.
    pub(crate) fn by_key(&self) -> impl Iterator<Item = (Option<&str>, String)> {
        let shown = self.faults.iter().take(SHOWN_MAX);
        shown.map(|fault| {
            let key = fault.key.as_deref();
            let is = |words: &str| {
                key.is_some_and(|key| fault.title.starts_with(&words.replace("key", key)))
            };
            let message = match &fault.label {
                _ if is("`key` is missing") => "this is required".to_owned(),
                Some(label) if is("invalid `key`") => label.clone(),
                _ => fault.summary(),
            };
            (key, message)
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.faults.len()
    }

    /// All of them as text, with colours for a terminal or without.
    pub(crate) fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for fault in self.faults.iter().take(SHOWN_MAX) {
            text.push_str(&renderer.render(&[fault.group(&self.path, &self.source)]));
            text.push_str("\n\n");
        }
        text + &format!("{}\n", self.count_in_words())
    }

    /// How many there are, and where.
    pub(crate) fn count_in_words(&self) -> String {
        let count = match self.count() {
            1 => "1 fault".to_owned(),
            count if count > SHOWN_MAX => format!("{count} faults (the first {SHOWN_MAX} shown)"),
            count => format!("{count} faults"),
        };
        format!("{count} in {}", self.path().unwrap_or("the configuration"))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}
