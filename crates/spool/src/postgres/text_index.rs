//! The indexes of the searched texts: they find words and names by their pieces ([`super::text_pieces`]). What they find
//! is compared with the whole filter by whoever asks.
//!
//! An index finds all rows with a text at once, in no order. So a text is sought among the next rows first. If they do not
//! have enough of them, the index is asked for a block of incidents, then for larger ones, until there are enough: what a
//! search reads follows from what it finds, and not from the length of the history.

use std::cmp::Reverse;

use super::text_pieces::Pieces;
use crate::Result;
use crate::core::incident_search::{Order, Wanted};
use crate::sql::statement::{Row, Sql, Value, number};

/// Rows among which a text is sought first: reading them takes about 2 ms. In tests, few enough that the contract's
/// searches need the index.
const NEXT_ROWS: i64 = if cfg!(test) { 40 } else { 1_000 };
/// Binary digits of the numbers of incidents in a block of each level: `incident_blocks` of `v1.sql`. A text that is not
/// found often enough in a block is expected to be found at most 16 times as often in the next one.
const LEVELS: [u32; 3] = [14, 18, 22];

/// See [`Sql::incidents_with`].
pub(super) fn find(sql: &dyn Sql, texts: &[String], wanted: &Wanted) -> Result<Option<Vec<i64>>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let search = Search { sql, wanted, max: i64::try_from(wanted.max).unwrap_or(i64::MAX) };
    let next = search.among_next(texts)?;
    match next.read < search.rows() || next.found.len() >= wanted.max {
        true => Ok(Some(next.found)),
        false => search.by_index(texts, &next).map(Some),
    }
}

/// See [`Sql::devices_named`].
pub(super) fn devices(sql: &dyn Sql, text: &str, max: usize) -> Result<Vec<i64>> {
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let device = |row: &Row<'_>| row.get(0);
    let next = "SELECT device FROM (SELECT device, words FROM device_words ORDER BY device DESC LIMIT ?3) AS next
         WHERE words LIKE ?1 LIMIT ?2";
    let found = sql.rows(next, &[pattern(text).into(), limit.into(), NEXT_ROWS.into()], device)?;
    if found.len() >= max {
        return Ok(found);
    }
    let pieces = Pieces::of(&stored(text));
    let select = format!(
        "WITH found AS MATERIALIZED (SELECT device, words FROM device_words WHERE {})
         SELECT device FROM found WHERE words LIKE ?1 LIMIT ?2",
        pieces.condition("text_pieces(words)", 3)
    );
    sql.rows(&select, &[pattern(text).into(), limit.into(), pieces.values().into()], device)
}

struct Search<'a> {
    sql: &'a dyn Sql,
    wanted: &'a Wanted,
    max: i64,
}

/// What is found among the next rows.
#[derive(Default)]
struct Next {
    /// How many rows there are.
    read: i64,
    /// The incident of the first one.
    first: i64,
    /// The wanted incidents with all texts.
    found: Vec<i64>,
    /// How many rows have each text.
    counts: Vec<i64>,
}

impl Next {
    /// The place of the text that fewest rows have, of several that of the longest, and how many these are.
    fn rarest(&self, texts: &[String]) -> (usize, i64) {
        let counted = texts.iter().zip(&self.counts).enumerate();
        let rarest = counted.min_by_key(|(_, (text, count))| (**count, Reverse(text.len())));
        rarest.map_or((0, 0), |(place, (_, count))| (place, *count))
    }
}

impl Search<'_> {
    /// How many rows are read first: at least as many as may be found, so that the index is not asked for a text that all
    /// have.
    fn rows(&self) -> i64 {
        NEXT_ROWS.max(self.max)
    }

    fn among_next(&self, texts: &[String]) -> Result<Next> {
        let order = self.wanted.order.keyword();
        let first = match self.wanted.order {
            Order::NewestFirst => "max",
            Order::OldestFirst => "min",
        };
        let counts: String = patterns(texts.len(), 5)
            .map(|like| format!(", count(*) FILTER (WHERE {like})"))
            .collect();
        let select = format!(
            "WITH next AS MATERIALIZED (SELECT incident, words FROM words
                 WHERE incident > ?1 AND incident < ?2 ORDER BY incident {order} LIMIT ?4),
             found AS (SELECT incident FROM next GROUP BY incident HAVING {}
                 ORDER BY incident {order} LIMIT ?3)
             SELECT incident, sums.* FROM (SELECT count(*), {first}(incident){counts} FROM next) AS sums
             LEFT JOIN found ON TRUE ORDER BY incident {order}",
            all(patterns(texts.len(), 5).map(|like| format!("bool_or({like})")))
        );
        let mut next = Next::default();
        let mut values = self.values();
        values.push(self.rows().into());
        values.extend(texts.iter().map(|text| pattern(text).into()));
        self.sql.rows(&select, &values, |row| {
            next.found.extend(row.get::<Option<i64>>(0)?);
            next.read = number(row, 1)?;
            next.first = row.get::<Option<i64>>(2)?.unwrap_or_default();
            let counts = (0..texts.len()).map(|place| row.get(3 + place));
            next.counts = counts.collect::<Result<_>>()?;
            Ok(())
        })?;
        Ok(next)
    }

    /// The wanted incidents with all texts. The index finds the rarest of the texts.
    fn by_index(&self, texts: &[String], next: &Next) -> Result<Vec<i64>> {
        let (place, count) = next.rarest(texts);
        let mut texts: Vec<&String> = texts.iter().collect();
        let rarest = texts.swap_remove(place);
        let pieces = Pieces::of(&stored(rarest));
        let mut values = self.values();
        values.extend([pattern(rarest).into(), pieces.values().into()]);
        values.extend(texts.iter().map(|text| pattern(text).into()));
        // Sums, so that no plan finds all incidents with another text.
        let others = all(patterns(texts.len(), 6).map(|like| {
            format!(
                "(SELECT bool_or(other.{like}) FROM words AS other WHERE other.incident = found.incident)"
            )
        }));
        let has_pieces = pieces.condition("text_pieces(words)", 5);
        let select = |of_block: &str| {
            format!(
                "WITH found AS MATERIALIZED (SELECT DISTINCT incident FROM words
                     WHERE {has_pieces}{of_block} AND words LIKE ?4)
                 SELECT incident FROM found WHERE incident > ?1 AND incident < ?2 AND {others}
                 ORDER BY incident {} LIMIT ?3",
                self.wanted.order.keyword()
            )
        };
        let of_block = format!(
            " AND incident_blocks(incident) @> ARRAY[CAST(?{} AS BIGINT)]",
            values.len() + 1
        );
        // None in 1,000 rows: hardly enough in the smallest block.
        for block in Block::all(next.first).skip(usize::from(count == 0)) {
            let values = values.iter().cloned().chain([block.number().into()]);
            let values: Vec<Value<'_>> = values.collect();
            let found = self.sql.rows(&select(&of_block), &values, |row| row.get(0))?;
            if found.len() >= self.wanted.max || block.has_all(self.wanted) {
                return Ok(found);
            }
        }
        self.sql.rows(&select(""), &values, |row| row.get(0))
    }

    /// The values `?1` to `?3`.
    fn values(&self) -> Vec<Value<'static>> {
        vec![self.wanted.above.into(), self.wanted.below.into(), self.max.into()]
    }
}

/// Incidents whose numbers have the same beginning.
#[derive(Clone, Copy, Debug)]
struct Block {
    level: usize,
    digits: u32,
    place: i64,
}

impl Block {
    /// The blocks with an incident, the smallest one first.
    fn all(incident: i64) -> impl Iterator<Item = Self> {
        let levels = LEVELS.into_iter().enumerate();
        levels.map(move |(level, digits)| Self { level, digits, place: incident >> digits })
    }

    /// Its number in `incident_blocks`.
    fn number(self) -> i64 {
        let (levels, level) = (LEVELS.len(), self.level);
        self.place * i64::try_from(levels).unwrap_or_default()
            + i64::try_from(level).unwrap_or_default()
    }

    /// Whether all wanted incidents that follow its first one are in it.
    fn has_all(self, wanted: &Wanted) -> bool {
        match wanted.order {
            Order::NewestFirst => wanted.above >= (self.place << self.digits) - 1,
            Order::OldestFirst => wanted.below <= (self.place + 1) << self.digits,
        }
    }
}

/// The conditions for so many patterns, whose first value has this number.
fn patterns(count: usize, first: usize) -> impl Iterator<Item = String> {
    (first..first + count).map(|place| format!("words LIKE ?{place}"))
}

/// All of these conditions.
fn all(conditions: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = conditions.collect();
    if all.is_empty() { "TRUE".to_owned() } else { all.join(" AND ") }
}

/// A text as a column stores it ([`super::values`]).
fn stored(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
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

    #[test]
    fn the_index_is_asked_for_the_rarest_text() {
        let texts: Vec<String> = ["motion", "cam1", "camera2"].map(str::to_owned).to_vec();
        let rarest =
            |counts: [i64; 3]| Next { counts: counts.to_vec(), ..Next::default() }.rarest(&texts);
        assert_eq!(rarest([1_000, 0, 7]), (1, 0));
        assert_eq!(rarest([1_000, 7, 7]), (2, 7), "the longest one has more pieces");
    }

    #[test]
    fn a_block_has_all_that_is_wanted_or_not() {
        let wanted = |above, below, order| Wanted { above, below, order, max: 64 };
        let [small, middle, large] = [0, 1, 2].map(|level| Block::all(3 << 14).nth(level).unwrap());
        assert_eq!([small, middle, large].map(Block::number), [9, 1, 2]);
        assert!(small.has_all(&wanted((3 << 14) - 1, i64::MAX, Order::NewestFirst)));
        assert!(!small.has_all(&wanted((3 << 14) - 2, i64::MAX, Order::NewestFirst)));
        assert!(middle.has_all(&wanted(0, i64::MAX, Order::NewestFirst)), "0 is no number");
        assert!(small.has_all(&wanted(0, 4 << 14, Order::OldestFirst)));
        assert!(!small.has_all(&wanted(0, (4 << 14) + 1, Order::OldestFirst)));
    }
}
