//! Answers that are here before anybody asks: queries that are sent ahead share a round trip ([`Sql::expect`]).
//!
//! An answer is used only while it is what the database would say: it is forgotten when this transaction takes a lock
//! or changes a table that the query reads.

use std::cell::RefCell;

use tipoff_model::Timestamp;
use tokio_postgres::Row;

use super::values::to_owned;
use crate::Result;
use crate::core::incident_search::Wanted;
use crate::sql::statement::{EachRow, Lock, Sql, Value};

/// Queries that are sent ahead at once. More would be read when they are asked for.
const EXPECTED_MAX: usize = 128;

/// A statement with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) statement: String,
    pub(super) values: Vec<Value<'static>>,
}

impl Asked {
    fn new(statement: &str, values: &[Value<'_>]) -> Self {
        Self { statement: statement.to_owned(), values: values.iter().map(to_owned).collect() }
    }

    /// Whether it is this query.
    pub(super) fn is(&self, statement: &str, values: &[Value<'_>]) -> bool {
        self.statement == statement && self.values == values
    }

    /// Whether a change may have changed its answer.
    pub(super) fn is_touched_by(&self, change: &str) -> bool {
        let mut words = change.split_whitespace();
        let changed = match (words.next(), words.next()) {
            (Some("INSERT"), Some("INTO")) => words.next(),
            (Some("UPDATE"), table) => table,
            _ => return true,
        };
        // What the triggers of the table change as well.
        let tables: &[&str] = match changed {
            Some("delivery") => &["delivery", "incident", "share"],
            Some("incident") => &["incident", "share"],
            Some(table) => &[table],
            None => return true,
        };
        tables.iter().any(|table| self.reads(table))
    }

    /// Whether the table stands behind a `FROM` or `JOIN` of the query.
    fn reads(&self, table: &str) -> bool {
        let mut words =
            self.statement.split_whitespace().map(|word| word.trim_matches(['(', ')', ',']));
        let mut names_table = false;
        words.any(|word| {
            let found = names_table && word == table;
            names_table = word == "FROM" || word == "JOIN";
            found
        })
    }
}

/// Answers that nobody has asked for yet.
#[derive(Default)]
pub(super) struct Answers(Vec<(Asked, Vec<Row>)>);

impl Answers {
    pub(super) fn add(&mut self, asked: Asked, rows: Vec<Row>) {
        self.0.push((asked, rows));
    }

    pub(super) fn have(&self, statement: &str, values: &[Value<'_>]) -> bool {
        self.0.iter().any(|(asked, _)| asked.is(statement, values))
    }

    /// The answer to this query. It is given once.
    pub(super) fn take(&mut self, statement: &str, values: &[Value<'_>]) -> Option<Vec<Row>> {
        let place = self.0.iter().position(|(asked, _)| asked.is(statement, values))?;
        Some(self.0.remove(place).1)
    }

    /// Forgets what a change may have changed.
    pub(super) fn forget_touched_by(&mut self, change: &str) {
        self.0.retain(|(asked, _)| !asked.is_touched_by(change));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Notes the queries that are asked of it: each has no rows.
#[derive(Default)]
pub(super) struct Expected(RefCell<Vec<Asked>>);

impl Expected {
    pub(super) fn into_queries(self) -> Vec<Asked> {
        self.0.into_inner()
    }

    fn note(&self, statement: &str, values: &[Value<'_>]) {
        let mut queries = self.0.borrow_mut();
        if queries.len() < EXPECTED_MAX {
            queries.push(Asked::new(statement, values));
        }
    }
}

impl Sql for Expected {
    fn execute(&self, _: &str, _: &[Value<'_>]) -> Result<usize> {
        Ok(0)
    }

    fn insert(&self, _: &str, _: &[Value<'_>]) -> Result<Option<i64>> {
        Ok(None)
    }

    fn query(&self, statement: &str, values: &[Value<'_>], _: &mut EachRow<'_>) -> Result<()> {
        self.note(statement, values);
        Ok(())
    }

    fn now(&self) -> Result<Timestamp> {
        Ok(Timestamp::default())
    }

    fn last_number(&self, _: &str) -> Result<i64> {
        Ok(0)
    }

    fn lock(&self, _: Lock<'_>) -> Result<bool> {
        Ok(false)
    }

    fn number(&self, table: &str) -> Result<Option<i64>> {
        self.note(&next_number(table), &[]);
        Ok(None)
    }

    fn incidents_with(&self, _: &[String], _: &Wanted) -> Result<Option<Vec<i64>>> {
        Ok(None)
    }

    fn devices_named(&self, _: &str, _: usize) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }
}

/// The query for the next number of a table.
pub(super) fn next_number(table: &str) -> String {
    format!("SELECT nextval('{table}_id_seq')")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_what_reads_its_table_and_the_tables_of_its_triggers() {
        let delivered = Asked::new(
            "SELECT (SELECT count(*) FROM delivery_arrival WHERE arrival = ?1)
             FROM delivery JOIN (SELECT id FROM incident) AS latest ON true",
            &[],
        );
        for (change, is_touched) in [
            ("INSERT INTO arrival (id) VALUES (?1)", false),
            ("UPDATE device SET name = ?1", false),
            ("UPDATE share SET bytes = 0", false),
            ("INSERT INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)", true),
            ("UPDATE incident\n SET subject = ?1", true),
            ("INSERT INTO delivery (id) VALUES (?1)", true),
            ("DELETE FROM arrival", true),
            ("SELECT set_something()", true),
            ("", true),
        ] {
            assert_eq!(delivered.is_touched_by(change), is_touched, "{change}");
        }
        let opened = Asked::new("SELECT holder FROM share WHERE id = ?1", &[Value::Integer(1)]);
        assert!(opened.is_touched_by("INSERT INTO incident (id) VALUES (?1)"));
        assert!(opened.is_touched_by("INSERT INTO delivery (id) VALUES (?1)"));
        assert!(!opened.is_touched_by("UPDATE arrival SET bytes = 1"));
        let number = Asked::new(&next_number("incident"), &[]);
        assert!(!number.is_touched_by("INSERT INTO incident (id) VALUES (?1)"));
    }

    #[test]
    fn an_answer_is_for_the_same_values_and_given_once() {
        let mut answers = Answers::default();
        let asked = Asked::new("SELECT 1 FROM device WHERE id = ?1", &[Value::Integer(7)]);
        answers.add(asked.clone(), Vec::new());
        assert!(answers.take(&asked.statement, &[Value::Integer(8)]).is_none());
        assert!(answers.take("SELECT 2", &asked.values).is_none());
        assert!(answers.take(&asked.statement, &asked.values).is_some());
        assert!(answers.take(&asked.statement, &asked.values).is_none());
        answers.add(asked.clone(), Vec::new());
        answers.forget_touched_by("UPDATE device SET name = ?1");
        assert!(answers.take(&asked.statement, &asked.values).is_none());
    }

    #[test]
    fn only_so_many_queries_are_sent_ahead() {
        let expected = Expected::default();
        for number in 0..1_000 {
            let one = <dyn Sql>::row(&expected, "SELECT ?1", &[Value::Integer(number)], |_| Ok(()));
            assert_eq!(one.unwrap(), None);
        }
        assert_eq!(expected.number("incident").unwrap(), None);
        assert_eq!(expected.into_queries().len(), EXPECTED_MAX);
    }
}
