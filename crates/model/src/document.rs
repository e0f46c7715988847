//! What a device's alarm says, whatever it is written in: XML, JSON, a form, a query or lines of text become the same
//! tree of names, texts and files.

/// A value of a document. Numbers, booleans and times are texts, because devices write them in every form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, without the spaces around it.
    Text(String),
    /// A file inside the document: its index among the media of the request.
    File(usize),
    /// The elements of a JSON array.
    List(Vec<Self>),
    /// Named values in their order: the keys of a JSON object; the attributes and the children of an XML element, by
    /// their local names. A name may stand several times. The text of an XML element that has attributes or children
    /// has the empty name.
    Fields(Vec<(String, Self)>),
}

impl Value {
    /// The text; `None` if it is not a text. For an XML element with attributes, the text between its tags.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Fields(_) => match self.field("")? {
                Self::Text(text) => Some(text),
                _ => None,
            },
            Self::File(_) | Self::List(_) => None,
        }
    }

    /// The first field of this name; upper and lower case of ASCII are the same.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.fields(name).next()
    }

    /// All fields of this name, in their order. A list under the name counts as its elements.
    pub fn fields<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Self> + use<'a, 'n> {
        let fields = if let Self::Fields(fields) = self { fields.as_slice() } else { &[] };
        let named = fields.iter().filter(move |(it, _)| it.eq_ignore_ascii_case(name));
        named.flat_map(|(_, value)| match value {
            Self::List(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        })
    }

    /// The value at a path of names; each name means the first such field.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.field(name))
    }

    /// The text at a path of names; `None` if it is missing or empty.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.text().filter(|text| !text.is_empty())
    }

    /// The first field of this name at any depth, outer ones first in the order of the document.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.field(name).or_else(|| self.children().find_map(|child| child.find(name)))
    }

    /// The first text of this name at any depth that is not empty.
    pub fn find_text(&self, name: &str) -> Option<&str> {
        let here = self.fields(name).filter_map(Self::text).find(|text| !text.is_empty());
        here.or_else(|| self.children().find_map(|child| child.find_text(name)))
    }

    /// Every text with its name, depth first. The elements of a list have the name of the list.
    pub fn leaves(&self) -> Vec<(&str, &str)> {
        let mut leaves = Vec::new();
        self.collect("", &mut leaves);
        leaves
    }

    fn collect<'a>(&'a self, name: &'a str, into: &mut Vec<(&'a str, &'a str)>) {
        match self {
            Self::Text(text) => into.push((name, text)),
            Self::File(_) => {}
            Self::List(values) => values.iter().for_each(|value| value.collect(name, into)),
            Self::Fields(fields) => fields.iter().for_each(|(key, value)| {
                value.collect(if key.is_empty() { name } else { key }, into);
            }),
        }
    }

    /// The indices of the files in it, in their order.
    pub fn files(&self) -> Vec<usize> {
        match self {
            Self::File(index) => vec![*index],
            _ => self.children().flat_map(Self::files).collect(),
        }
    }

    /// The values directly below it.
    fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::Text(_) | Self::File(_) => Box::new(std::iter::empty()),
            Self::List(values) => Box::new(values.iter()),
            Self::Fields(fields) => Box::new(fields.iter().map(|(_, value)| value)),
        }
    }
}

/// What a document was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentForm {
    /// The query of the request's address.
    Query,
    /// The fields of a form, urlencoded or multipart.
    Form,
    /// JSON.
    Json,
    /// XML: the root is the field of its element's name.
    Xml,
    /// Text of `name=value` pairs, divided by `;` or line ends: `Code=VideoMotion;action=Start;index=0;data={…}`.
    Pairs,
    /// Any other text.
    Text,
}

/// A document in a request: its query, its body, or a part of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it was written in.
    pub form: DocumentForm,
    /// The name of its part; empty without one.
    pub name: String,
    /// Its content.
    pub root: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn fields(fields: Vec<(&str, Value)>) -> Value {
        Value::Fields(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn alert() -> Value {
        let target = |name| fields(vec![("targetType", text(name)), ("", text("x"))]);
        fields(vec![
            ("empty", text("")),
            ("Regions", Value::List(vec![target("human"), target("vehicle")])),
            ("region", fields(vec![("EMPTY", text("found")), ("picture", Value::File(2))])),
            ("picture", Value::File(1)),
            ("Region", text("second")),
        ])
    }

    #[test]
    fn fields_are_found_in_any_case_and_lists_are_their_elements() {
        let alert = alert();
        assert_eq!(alert.fields("REGIONS").count(), 2);
        assert_eq!(alert.text_at(&["regions", "TARGETTYPE"]), Some("human"));
        let all: Vec<_> = alert.fields("region").map(|it| it.text().is_some()).collect();
        assert_eq!(all, [false, true]);
        assert_eq!(alert.at(&["regions", "missing"]), None);
        assert_eq!(alert.text_at(&["empty"]), None);
        assert_eq!(alert.fields("regions").next().and_then(Value::text), Some("x"));
    }

    #[test]
    fn a_name_is_found_at_any_depth() {
        let alert = alert();
        assert_eq!(alert.find_text("targettype"), Some("human"));
        assert_eq!(alert.find_text("empty"), Some("found"), "the first that says something");
        assert_eq!(alert.find("picture"), Some(&Value::File(1)), "outer ones first");
        assert_eq!(alert.find_text("region"), Some("second"));
        assert_eq!(alert.find("nothing"), None);
    }

    #[test]
    fn leaves_and_files_come_in_their_order() {
        let alert = alert();
        let expected = [
            ("empty", ""),
            ("targetType", "human"),
            ("Regions", "x"),
            ("targetType", "vehicle"),
            ("Regions", "x"),
            ("EMPTY", "found"),
            ("Region", "second"),
        ];
        assert_eq!(alert.leaves(), expected);
        assert_eq!(alert.files(), [2, 1]);
    }
}
