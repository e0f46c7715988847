//! What is wrong with the configuration, shown at its place as a compiler would.
//!
//! Shows no value that may be a secret: what is shown has been through `mask`.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::mask::{Masked, Span};

/// Nobody reads more than this many at once.
const SHOWN_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    span: Option<Span>,
    title: String,
    label: Option<String>,
    other: Option<(Span, String)>,
    help: Option<String>,
}

impl Fault {
    /// Of something that stands nowhere in the file.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { span: None, title: title.into(), label: None, other: None, help: None }
    }

    /// Of what stands at `span`.
    pub(super) fn at(span: Span, title: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::new(title) }
    }

    /// What is said right at the place.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Another place that has to do with it.
    pub(super) fn other(mut self, span: Span, label: impl Into<String>) -> Self {
        self.other = Some((span, label.into()));
        self
    }

    /// What to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, in one line.
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

/// All that is wrong, with what is needed to show it.
#[derive(Debug)]
pub(crate) struct Faults {
    path: String,
    source: Masked,
    faults: Vec<Fault>,
}

impl Faults {
    /// In the order of the file; those that stand nowhere in it come last.
    pub(super) fn new(path: Option<&Path>, source: Masked, mut faults: Vec<Fault>) -> Self {
        faults
            .sort_by_key(|fault| fault.span.as_ref().map_or((true, 0), |span| (false, span.start)));
        let path = path.map_or_else(String::new, |path| path.display().to_string());
        Self { path, source, faults }
    }

    /// A single one that stands nowhere in a file.
    pub(super) fn one(path: PathBuf, title: impl Into<String>) -> Self {
        Self::new(Some(&path), Masked::default(), vec![Fault::new(title)])
    }

    /// All of them on one line, for a log: each with its line, without what stands there.
    pub(crate) fn summary(&self) -> String {
        let shown = self.faults.iter().take(SHOWN_MAX).map(|fault| match &fault.span {
            Some(span) => format!("line {}: {}", self.source.line(span), fault.summary()),
            None => fault.summary(),
        });
        shown.collect::<Vec<_>>().join("; ")
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
        let count = match self.count() {
            1 => "1 fault".to_owned(),
            count if count > SHOWN_MAX => format!("{count} faults (the first {SHOWN_MAX} shown)"),
            count => format!("{count} faults"),
        };
        let place = if self.path.is_empty() { "the configuration" } else { &self.path };
        text + &format!("{count} in {place}\n")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}
