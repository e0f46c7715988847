//! The index of the searched text: `pg_trgm` finds words by pieces of three characters (PostgreSQL's documentation,
//! appendix F.35). What it finds is compared with the whole filter by whoever asks.
//!
//! The index finds all incidents with a text, of whatever number. So a text that many have is sought among the next
//! incidents first, and by the index only if those do not have enough.

use crate::Result;
use crate::core::incident_search::Wanted;
use crate::sql::statement::{Sql, Value, number};

/// Shorter texts have no whole piece.
const PIECE: usize = 3;
/// Rows of words among which a text is sought first: reading them takes about 10 ms.
const NEXT_ROWS: i64 = 3_000;

/// See [`Sql::incidents_with`].
pub(super) fn find(sql: &dyn Sql, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let search = Search { sql, wanted, max: i64::try_from(wanted.max).unwrap_or(i64::MAX) };
    if let Some(found) = search.among_next(texts)? {
        return Ok(Some(found));
    }
    let pieces: Vec<&String> = texts.iter().filter(|text| text.chars().count() >= PIECE).collect();
    match pieces.is_empty() {
        true => search.by_reading(texts).map(Some),
        false => search.by_index(&pieces).map(Some),
    }
}

struct Search<'a> {
    sql: &'a dyn Sql,
    wanted: &'a Wanted,
    max: i64,
}

impl Search<'_> {
    /// The wanted incidents with the texts among the next ones. `None` if more may have them.
    fn among_next(&self, texts: &[String]) -> Result<Option<Vec<i64>>> {
        let order = self.wanted.order.keyword();
        let select = format!(
            "WITH next AS MATERIALIZED (SELECT incident, words FROM words
                 WHERE incident > ?1 AND incident < ?2 ORDER BY incident {order} LIMIT ?4),
             found AS (SELECT incident FROM next GROUP BY incident HAVING {})
             SELECT (SELECT count(*) FROM next), incident
             FROM (SELECT 1) AS one LEFT JOIN found ON TRUE ORDER BY incident {order} LIMIT ?3",
            conditions(texts.len(), 5, |like| format!("bool_or({like})"))
        );
        let (mut read, mut found) = (0, Vec::new());
        let values = self.values(Some(NEXT_ROWS), texts);
        self.sql.rows(&select, &values, |row| {
            read = number(row, 0)?;
            found.extend(row.get::<Option<i64>>(1)?);
            Ok(())
        })?;
        let is_all = read < NEXT_ROWS || found.len() >= self.wanted.max;
        Ok(is_all.then_some(found))
    }

    /// Those that the index finds by these texts.
    fn by_index(&self, texts: &[&String]) -> Result<Vec<i64>> {
        let first = "words LIKE ?4";
        let others = conditions(texts.len() - 1, 5, |like| {
            // A sum, so that no plan finds all incidents with the other text by the index.
            format!(
                "(SELECT bool_or(other.{like}) FROM words AS other WHERE other.incident = found.incident)"
            )
        });
        let select = format!(
            "WITH found AS MATERIALIZED (SELECT incident FROM words WHERE {first})
             SELECT DISTINCT incident FROM found
             WHERE incident > ?1 AND incident < ?2 AND {others}
             ORDER BY incident {} LIMIT ?3",
            self.wanted.order.keyword()
        );
        self.sql.rows(&select, &self.values(None, texts), |row| row.get(0))
    }

    /// Those with these texts, which are too short for the index: the words of one incident after the other are read, up
    /// to the time limit of a statement.
    fn by_reading(&self, texts: &[String]) -> Result<Vec<i64>> {
        let select = format!(
            "SELECT incident FROM words WHERE incident > ?1 AND incident < ?2
             GROUP BY incident HAVING {} ORDER BY incident {} LIMIT ?3",
            conditions(texts.len(), 4, |like| format!("bool_or({like})")),
            self.wanted.order.keyword()
        );
        self.sql.rows(&select, &self.values(None, texts), |row| row.get(0))
    }

    /// `?1` to `?3`, what comes next, and the patterns.
    fn values(&self, next: Option<i64>, texts: &[impl AsRef<str>]) -> Vec<Value<'static>> {
        let mut values: Vec<Value<'_>> =
            vec![self.wanted.above.into(), self.wanted.below.into(), self.max.into()];
        values.extend(next.map(Value::from));
        values.extend(texts.iter().map(|text| pattern(text.as_ref()).into()));
        values
    }
}

/// So many conditions for patterns, whose first value has this number.
fn conditions(count: usize, first: usize, condition: impl Fn(&str) -> String) -> String {
    let all: Vec<String> =
        (first..first + count).map(|place| condition(&format!("words LIKE ?{place}"))).collect();
    if all.is_empty() { "TRUE".to_owned() } else { all.join(" AND ") }
}

/// The pattern of `LIKE` that finds a text anywhere.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_the_text_itself() {
        assert_eq!(pattern("yard"), "%yard%");
        assert_eq!(pattern(r"100%_\x"), r"%100\%\_\\x%");
    }
}
