//! Builds the values of a document as its names, texts and ends come, within bounds of depth, count and size.

use tipoff_model::Value;

use crate::charset::cut;
use crate::found::{Found, NAME_BYTES_MAX};

/// Depth of values inside each other. What is deeper is left out.
pub(crate) const DEPTH_MAX: usize = 32;

/// The values that are open, the innermost last.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    open: Vec<Node>,
    /// Number of open values that are too deep or one too many.
    left_out: usize,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// Its name in the value around it.
    pub(crate) name: String,
    pub(crate) items: Items,
}

#[derive(Debug)]
pub(crate) enum Items {
    Fields(Vec<(String, Value)>),
    List(Vec<Value>),
}

impl Tree {
    /// Number of open values, with those that are left out.
    pub(crate) fn depth(&self) -> usize {
        self.open.len() + self.left_out
    }

    /// Whether what comes now is left out.
    pub(crate) fn leaves_out(&self) -> bool {
        self.left_out > 0
    }

    /// The innermost open value; `None` if nothing is open, or it is left out.
    pub(crate) fn innermost(&self) -> Option<&Node> {
        if self.leaves_out() { None } else { self.open.last() }
    }

    /// Number of open values from the innermost to the one of this name, which counts.
    pub(crate) fn up_to(&self, name: &str) -> Option<usize> {
        self.open.iter().rev().position(|node| node.name == name).map(|behind| behind + 1)
    }

    /// Opens a value.
    pub(crate) fn open(&mut self, name: &str, items: Items, found: &mut Found) {
        let name = cut(name, NAME_BYTES_MAX);
        if self.leaves_out() || self.open.len() == DEPTH_MAX || !found.spend(name.len()) {
            self.left_out += 1;
        } else {
            self.open.push(Node { name: name.to_owned(), items });
        }
    }

    /// Adds a value to the innermost open one; returns it if nothing is open.
    pub(crate) fn add(&mut self, name: &str, value: Value, found: &mut Found) -> Option<Value> {
        let name = cut(name, NAME_BYTES_MAX);
        let text_bytes = if let Value::Text(text) = &value { text.len() } else { 0 };
        if self.leaves_out() || !found.spend(name.len() + text_bytes) {
            return None;
        }
        self.put(name.to_owned(), value)
    }

    /// Closes the innermost open value; returns it if it was the outermost, with its name.
    pub(crate) fn close(&mut self) -> Option<(String, Value)> {
        if self.leaves_out() {
            self.left_out -= 1;
            return None;
        }
        let Node { name, items } = self.open.pop()?;
        let value = match items {
            Items::Fields(mut fields) => {
                fields.shrink_to_fit();
                Value::Fields(fields)
            }
            Items::List(mut values) => {
                values.shrink_to_fit();
                Value::List(values)
            }
        };
        self.closed(name, value)
    }

    /// As [`Self::close`], with a text in the place of fields without any, or of a text alone.
    pub(crate) fn close_element(&mut self) -> Option<(String, Value)> {
        if !self.leaves_out()
            && let Some(Node { items: Items::Fields(fields), .. }) = self.open.last_mut()
            && (fields.is_empty() || matches!(fields.as_slice(), [(name, _)] if name.is_empty()))
        {
            let value = fields.pop().map_or(Value::Text(String::new()), |(_, value)| value);
            let Node { name, .. } = self.open.pop()?;
            return self.closed(name, value);
        }
        self.close()
    }

    /// Gives a closed value to the one around it; returns it if there is none.
    fn closed(&mut self, name: String, value: Value) -> Option<(String, Value)> {
        if self.open.is_empty() {
            return Some((name, value));
        }
        self.put(name, value);
        None
    }

    fn put(&mut self, name: String, value: Value) -> Option<Value> {
        match self.open.last_mut() {
            Some(Node { items: Items::Fields(fields), .. }) => fields.push((name, value)),
            Some(Node { items: Items::List(values), .. }) => values.push(value),
            None => return Some(value),
        }
        None
    }
}
