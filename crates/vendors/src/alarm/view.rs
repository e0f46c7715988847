//! A request as the vendors' files read it.

use tipoff_model::{AlarmRequest, DocumentForm, Value};

/// Levels of a document whose objects may be an alarm: lists, envelopes and form fields around it.
const LEVELS: usize = 4;
/// Most objects that are looked at.
const OBJECTS_MAX: usize = 256;
/// Most values that a search at any depth finds.
const FOUND_MAX: usize = 64;

/// A request and the objects in it that may be an alarm.
#[derive(Debug)]
pub struct AlarmView<'a> {
    pub(crate) request: &'a AlarmRequest,
    objects: Vec<&'a Value>,
}

impl<'a> AlarmView<'a> {
    /// The view of a request.
    pub fn of(request: &'a AlarmRequest) -> Self {
        let mut objects = Vec::new();
        for document in &request.documents {
            collect(&document.root, LEVELS, &mut objects);
        }
        Self { request, objects }
    }

    /// The objects of all documents, outer ones first: roots, the elements of their lists and the objects directly
    /// below them.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().copied()
    }

    /// The roots of the documents of these forms.
    pub(crate) fn roots(&self, forms: &'a [DocumentForm]) -> impl Iterator<Item = &'a Value> {
        let documents = self.request.documents.iter();
        documents.filter(move |it| forms.contains(&it.form)).map(|it| &it.root)
    }

    /// The documents that are plain text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.roots(&[DocumentForm::Text]).filter_map(Value::text)
    }

    /// The first value of a name in the query or a form that is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.roots(&[DocumentForm::Query, DocumentForm::Form])
            .find_map(|root| root.text_at(&[name]))
    }

    /// Whether the path ends with these words, in any case and with or without a slash behind them.
    pub(crate) fn path_ends(&self, end: &str) -> bool {
        let path = self.request.path.trim_end_matches('/');
        let start = path.len().checked_sub(end.len());
        start.and_then(|at| path.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    }
}

fn collect<'a>(value: &'a Value, levels: usize, into: &mut Vec<&'a Value>) {
    if levels == 0 || into.len() >= OBJECTS_MAX {
        return;
    }
    match value {
        Value::Text(_) | Value::File(_) => {}
        Value::List(values) => values.iter().for_each(|it| collect(it, levels - 1, into)),
        Value::Fields(fields) => {
            into.push(value);
            fields.iter().for_each(|(_, it)| collect(it, levels - 1, into));
        }
    }
}

/// The values of a name at any depth, in the order of the document. Nothing is searched inside of a found value.
pub(crate) fn all<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    search(value, name, &mut found);
    found
}

fn search<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    if found.len() >= FOUND_MAX {
        return;
    }
    match value {
        Value::Text(_) | Value::File(_) => {}
        Value::List(values) => values.iter().for_each(|it| search(it, name, found)),
        Value::Fields(fields) => {
            for (key, it) in fields {
                match it {
                    Value::List(values) if key.eq_ignore_ascii_case(name) => {
                        found.extend(values.iter().take(FOUND_MAX));
                    }
                    _ if key.eq_ignore_ascii_case(name) => found.push(it),
                    _ => search(it, name, found),
                }
            }
        }
    }
}

/// The first text of these names directly in an object, by the order of the names.
pub(crate) fn text_of<'a>(object: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| object.text_at(&[name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: Vec<(&str, Value)>) -> Value {
        Value::Fields(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    #[test]
    fn a_path_ends_with_words_in_any_case() {
        for (path, expected) in [
            ("/EventHttpUpload/keepalive", true),
            ("/x/eventhttpupload/KEEPALIVE/", true),
            ("/EventHttpUpload/keepalive/x", false),
            ("keepalive", false),
            ("/", false),
            ("ä/", false),
        ] {
            let request = AlarmRequest { path: path.to_owned(), ..AlarmRequest::default() };
            let view = AlarmView::of(&request);
            assert_eq!(view.path_ends("/EventHttpUpload/keepalive"), expected, "{path}");
        }
    }

    #[test]
    fn all_values_of_a_name_are_found_up_to_the_limit_and_not_inside_of_found_ones() {
        let inner = fields(vec![("item", Value::Text("inner".to_owned()))]);
        let list = Value::List(vec![Value::Text("a".to_owned()), inner.clone()]);
        let value = fields(vec![("x", inner.clone()), ("Item", list), ("item", inner)]);
        assert_eq!(all(&value, "item").len(), 4);
        let many = |count: usize| Value::List(vec![fields(vec![("item", Value::File(0))]); count]);
        assert_eq!(all(&many(FOUND_MAX), "item").len(), FOUND_MAX);
        assert_eq!(all(&many(FOUND_MAX + 1), "item").len(), FOUND_MAX);
    }

    #[test]
    fn objects_are_seen_through_envelopes_and_lists_up_to_a_level() {
        use tipoff_model::{Document, DocumentForm};
        let mut root = fields(vec![]);
        for _ in 0..6 {
            root = fields(vec![("in", root)]);
        }
        let document = |root| Document { form: DocumentForm::Json, name: String::new(), root };
        let count = |root| {
            let request =
                AlarmRequest { documents: vec![document(root)], ..AlarmRequest::default() };
            AlarmView::of(&request).objects().count()
        };
        assert_eq!(count(root), LEVELS);
        let many = |count: usize| Value::List(vec![fields(vec![]); count]);
        assert_eq!(count(many(OBJECTS_MAX)), OBJECTS_MAX);
        assert_eq!(count(many(OBJECTS_MAX + 1)), OBJECTS_MAX);
    }
}
