//! Rows of one table, whatever its columns: read in pages by the primary key, written, and summed up to be compared.

use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::sql::catalog::{Catalog, quoted};
use crate::sql::copy_notes::{self, KeyPart};
use crate::sql::statement::{Row, Sql, Value};

/// A row with the values of its columns, in the order of [`Layout::columns`].
pub(super) struct FullRow {
    pub(super) values: Vec<Value<'static>>,
    /// The values of the primary key.
    pub(super) key: Vec<KeyPart>,
}

/// How the rows of a table are read and written.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) table: &'static str,
    pub(super) columns: Vec<String>,
    /// Places of the columns of the primary key.
    key: Vec<usize>,
    /// Place of the column that is empty in the copy, whatever the source has.
    emptied: Option<usize>,
}

impl Layout {
    /// The layout of a table as the source has it.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn read(catalog: &dyn Catalog, sql: &dyn Sql, table: &'static str) -> Result<Self> {
        let columns = catalog.columns(sql, table)?;
        let key = catalog.key(sql, table)?;
        let place = |name: &String| columns.iter().position(|column| column == name);
        let key = key.iter().filter_map(place).collect();
        Ok(Self { table, columns, key, emptied: None })
    }

    /// The same with a column that counts as empty on both sides.
    pub(super) fn emptied(self, name: &str) -> Self {
        let emptied = self.columns.iter().position(|column| column == name);
        Self { emptied, ..self }
    }

    /// The next rows behind a key (empty: the first ones), in the order of the key, up to `max`.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn page(
        &self,
        sql: &dyn Sql,
        after: &[KeyPart],
        max: usize,
    ) -> Result<Vec<FullRow>> {
        let key = self.names(self.key.iter().copied());
        let condition = match after.is_empty() {
            true => String::new(),
            false => format!(" AND ({key}) > ({})", placeholders(after.len())),
        };
        let select = format!(
            "/* copy */ SELECT {} FROM {} WHERE {}{condition} ORDER BY {key} LIMIT {max}",
            self.names(0..self.columns.len()),
            quoted(self.table),
            self.filter(),
        );
        let after: Vec<Value<'_>> = after.iter().map(KeyPart::value).collect();
        sql.rows(&select, &after, |row| self.row(row))
    }

    /// The row with a key.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn find(&self, sql: &dyn Sql, key: &[KeyPart]) -> Result<Option<FullRow>> {
        let select = format!(
            "/* copy */ SELECT {} FROM {} WHERE ({}) = ({})",
            self.names(0..self.columns.len()),
            quoted(self.table),
            self.names(self.key.iter().copied()),
            placeholders(key.len()),
        );
        let key: Vec<Value<'_>> = key.iter().map(KeyPart::value).collect();
        sql.row(&select, &key, |row| self.row(row))
    }

    /// Whether the table has a row that is copied.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn has_rows(&self, sql: &dyn Sql) -> Result<bool> {
        let (table, filter) = (quoted(self.table), self.filter());
        let select = format!("/* copy */ SELECT EXISTS (SELECT 1 FROM {table} WHERE {filter})");
        sql.one(&select, &[], |row| row.get(0))
    }

    /// Adds a row, without the columns that name other rows of the table.
    ///
    /// # Errors
    /// If the database refuses it or fails.
    pub(super) fn insert(&self, sql: &dyn Sql, row: &FullRow, links: &[&str]) -> Result<()> {
        let insert = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(self.table),
            self.names(0..self.columns.len()),
            placeholders(self.columns.len()),
        );
        let value =
            |(column, value): (&String, &Value<'static>)| match links.contains(&column.as_str()) {
                true => Value::Null,
                false => value.clone(),
            };
        let values: Vec<Value<'_>> = self.columns.iter().zip(&row.values).map(value).collect();
        sql.change(&insert, &values)
    }

    /// Sets those columns of a row that is there.
    ///
    /// # Errors
    /// If the database refuses it or fails.
    pub(super) fn link(&self, sql: &dyn Sql, row: &FullRow, links: &[&str]) -> Result<()> {
        let is_link = |column: &str| links.contains(&column);
        let linked = self.columns.iter().zip(&row.values).filter(|(name, _)| is_link(name));
        let (names, mut values): (Vec<&String>, Vec<Value<'_>>) =
            linked.map(|(name, value)| (name, value.clone())).unzip();
        if values.iter().all(|value| *value == Value::Null) {
            return Ok(());
        }
        let assign =
            |(place, name): (usize, &&String)| format!("{} = ?{}", quoted(name), place + 1);
        let assignments: Vec<String> = names.iter().enumerate().map(assign).collect();
        let condition = self.key.iter().enumerate().map(|(place, column)| {
            format!("{} = ?{}", self.names([*column]), values.len() + place + 1)
        });
        let condition: Vec<String> = condition.collect();
        let (set, condition) = (assignments.join(", "), condition.join(" AND "));
        values.extend(row.key.iter().map(KeyPart::value));
        let update = format!("UPDATE {} SET {set} WHERE {condition}", quoted(self.table));
        sql.change(&update, &values)
    }

    /// The row with this key in words.
    pub(super) fn name_of(&self, key: &[KeyPart]) -> String {
        let part = |part: &KeyPart| match part {
            KeyPart::Integer(integer) => integer.to_string(),
            KeyPart::Text(text) => format!("{text:?}"),
            KeyPart::Bytes(bytes) => crate::hex::hex(bytes),
        };
        let parts: Vec<String> = key.iter().map(part).collect();
        format!("{} {}", self.table, parts.join(", "))
    }

    fn row(&self, row: &Row<'_>) -> Result<FullRow> {
        let value = |place| match self.emptied == Some(place) {
            true => Ok(Value::Null),
            false => row.0.value(place).map(owned),
        };
        let values: Vec<Value<'static>> =
            (0..self.columns.len()).map(value).collect::<Result<_>>()?;
        let key = self.key.iter().filter_map(|place| values.get(*place)).map(KeyPart::of);
        let key = key.collect::<Result<_>>()?;
        Ok(FullRow { values, key })
    }

    fn names(&self, places: impl IntoIterator<Item = usize>) -> String {
        let names = places.into_iter().filter_map(|place| self.columns.get(place));
        names.map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    }

    /// Which rows are copied: all but the notes of copies.
    fn filter(&self) -> String {
        match self.table {
            "meta" => format!("key NOT IN ('{}')", copy_notes::KEYS.join("', '")),
            _ => "1 = 1".to_owned(),
        }
    }
}

fn placeholders(count: usize) -> String {
    (1..=count).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
}

fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Integer(integer) => Value::Integer(integer),
        Value::Text(text) => Value::from(text.into_owned()),
        Value::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
    }
}

/// The number of rows and the sum of their digests: the order of the rows does not matter, since engines may sort
/// differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    digests: [u64; 4],
}

impl Sum {
    /// Adds a row.
    pub(super) fn add(&mut self, row: &FullRow) {
        self.rows += 1;
        for (sum, bytes) in self.digests.iter_mut().zip(digest(row).as_chunks().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*bytes));
        }
    }
}

/// SHA-256 of the values of a row. A text counts as PostgreSQL stores it: without zero bytes.
pub(super) fn digest(row: &FullRow) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for value in &row.values {
        match value {
            Value::Null => add(0, &[]),
            Value::Integer(integer) => add(1, &integer.to_le_bytes()),
            Value::Text(text) if text.contains('\0') => {
                add(2, text.replace('\0', "\u{fffd}").as_bytes());
            }
            Value::Text(text) => add(2, text.as_bytes()),
            Value::Bytes(bytes) => add(3, bytes),
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: Vec<Value<'static>>) -> FullRow {
        FullRow { values, key: Vec::new() }
    }

    #[test]
    fn rows_with_other_values_have_other_digests() {
        let text = |text: &str| Value::from(text.to_owned());
        let rows = [
            row(vec![]),
            row(vec![Value::Null]),
            row(vec![Value::Integer(0)]),
            row(vec![text("")]),
            row(vec![text("0")]),
            row(vec![text("a"), text("bc")]),
            row(vec![text("ab"), text("c")]),
            row(vec![Value::Bytes(b"ab".as_slice().into()), text("c")]),
        ];
        let mut digests: Vec<_> = rows.iter().map(digest).collect();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), rows.len());
    }

    #[test]
    fn a_sum_depends_on_every_row_and_not_on_their_order() {
        let sum = |rows: &[i64]| {
            let mut sum = Sum::default();
            rows.iter().for_each(|value| sum.add(&row(vec![Value::Integer(*value)])));
            sum
        };
        assert_eq!(sum(&[1, 2, 3]), sum(&[3, 1, 2]));
        assert_ne!(sum(&[1, 2, 3]), sum(&[1, 2, 4]));
        assert_ne!(sum(&[1, 1, 2]), sum(&[2]));
    }
}
