//! The index of the searched text: `pg_trgm` finds words by pieces of three characters (PostgreSQL's documentation,
//! appendix F.35). What it finds is compared with the whole filter by whoever asks.

use crate::Result;
use crate::core::incident_search::Wanted;
use crate::sql::statement::{Sql, Value};

/// Shorter texts have no whole piece.
const PIECE: usize = 3;

/// See [`Sql::incidents_with`].
pub(super) fn find(sql: &dyn Sql, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>> {
    let patterns: Vec<String> = texts
        .iter()
        .filter(|text| text.chars().count() >= PIECE)
        .map(|text| pattern(text))
        .collect();
    if patterns.is_empty() {
        return Ok(None);
    }
    let conditions: String = (0..patterns.len())
        .map(|place| {
            format!(" AND EXISTS (SELECT 1 FROM words WHERE words.incident = found.incident AND words LIKE ?{})", place + 4)
        })
        .skip(1)
        .collect();
    let select = format!(
        "SELECT DISTINCT incident FROM words AS found
         WHERE incident > ?1 AND incident < ?2 AND words LIKE ?4{conditions}
         ORDER BY incident {} LIMIT ?3",
        wanted.order.keyword()
    );
    let max = i64::try_from(wanted.max).unwrap_or(i64::MAX);
    let mut values: Vec<Value<'_>> = vec![wanted.above.into(), wanted.below.into(), max.into()];
    values.extend(patterns.into_iter().map(Value::from));
    sql.rows(&select, &values, |row| row.get(0)).map(Some)
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
