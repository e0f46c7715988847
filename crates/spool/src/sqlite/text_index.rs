//! The index of the searched text (`v16.sql`): which incidents may contain a text.
//!
//! FTS5 knows for each piece of three characters the incidents that have it. Whoever asks compares the words
//! themselves: pieces may come from different words. The writer adds to the index in steps, after it has answered, so
//! that no device waits for it; a few hundred arrivals are not in it yet, and are always among what is found.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use crate::Result;
use crate::core::incident_search::Wanted;
use crate::sql::statement::Sql;

/// Arrivals, and changed incidents, that one step indexes: it takes a few milliseconds.
const STEP: i64 = 512;
/// Incidents that are not indexed yet among which a search looks. If there are more, it does without the index.
const UNINDEXED_MAX: usize = 4_096;
/// Characters of a piece.
const PIECE: usize = 3;
/// Pieces of all texts of a search that are compared by how often they occur.
const PIECES_MAX: usize = 24;
/// Of these, the rarest so many are looked for. With more, FTS5 would read the long lists of common ones.
const RAREST: usize = 3;
/// A piece is the rarer the older the incident is that is the last of the newest so many with it.
const NEWEST_COMPARED: i64 = 64;
/// If that incident is among the newest so many, the piece is common: no further one is looked for beside it.
const COMMON_WITHIN: i64 = 16 * NEWEST_COMPARED;
/// Pieces that begin with a shorter text. A text with more is so common that it is found without the index.
const BEGINNINGS_MAX: usize = 512;

/// Whether so many arrivals or changed incidents wait for the index that a step is due.
pub(super) fn is_due(connection: &Connection) -> Result<bool> {
    let newest = connection.last_number("arrival")?;
    let dirty = "SELECT count(*) FROM (SELECT 1 FROM words_dirty LIMIT ?1)";
    Ok(newest - mark(connection)? >= STEP
        || connection.prepare_cached(dirty)?.query_row([STEP], |row| row.get::<_, i64>(0))? >= STEP)
}

/// Whether the index knows less than is stored.
pub(super) fn lags(connection: &Connection) -> Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM arrival WHERE id > ?1)
                      OR EXISTS (SELECT 1 FROM words_dirty)";
    let mark = mark(connection)?;
    Ok(connection.prepare_cached(select)?.query_row([mark], |row| row.get(0))?)
}

/// The newest arrival that the index knows.
pub(super) fn mark(connection: &Connection) -> Result<i64> {
    let select = "SELECT arrival FROM words_mark";
    Ok(connection.prepare_cached(select)?.query_row([], |row| row.get(0))?)
}

/// Indexes the next arrivals, and incidents whose words have changed.
pub(super) fn step(connection: &Connection) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let (since, dirty) = (mark(connection)?, dirty(connection)?);
    let until = "SELECT max(id) FROM (SELECT id FROM arrival WHERE id > ?1 ORDER BY id LIMIT ?2)";
    let until: Option<i64> =
        connection.prepare_cached(until)?.query_row([since, STEP], |row| row.get(0))?;
    let until = until.unwrap_or(since);
    let mut texts: BTreeMap<i64, String> = dirty.iter().map(|id| (*id, String::new())).collect();
    for incident in incidents_of(connection, since, until)? {
        texts.insert(incident, String::new());
    }
    for (incident, text) in &mut texts {
        *text = text_of(connection, *incident, until)?;
    }
    // In the order of their numbers: otherwise FTS5 would write a segment for each.
    for (incident, text) in &texts {
        replace(connection, *incident, text)?;
    }
    let done = "DELETE FROM words_dirty WHERE incident = ?1";
    for incident in &dirty {
        connection.prepare_cached(done)?.execute([incident])?;
    }
    connection.prepare_cached("UPDATE words_mark SET arrival = ?1")?.execute([until])?;
    Ok(transaction.commit()?)
}

fn dirty(connection: &Connection) -> Result<Vec<i64>> {
    let select = "SELECT incident FROM words_dirty ORDER BY incident LIMIT ?1";
    let mut select = connection.prepare_cached(select)?;
    Ok(select.query_map([STEP], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

fn incidents_of(connection: &Connection, since: i64, until: i64) -> Result<Vec<i64>> {
    let select = "SELECT incident FROM arrival WHERE id > ?1 AND id <= ?2";
    let mut select = connection.prepare_cached(select)?;
    Ok(select.query_map([since, until], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The distinct words of an incident, each followed by two spaces, so that a piece begins with each character.
fn text_of(connection: &Connection, incident: i64, until: i64) -> Result<String> {
    let select = "SELECT words FROM words WHERE incident = ?1 AND arrival <= ?2";
    let mut select = connection.prepare_cached(select)?;
    let rows = select.query_map([incident, until], |row| row.get::<_, String>(0))?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let (mut seen, mut text) = (HashSet::new(), String::new());
    for word in rows.iter().flat_map(|words| words.split_whitespace()) {
        if seen.insert(word) {
            // A character 0 would end the text for FTS5.
            text.extend(word.chars().map(visible));
            text.push_str("  ");
        }
    }
    Ok(text)
}

fn visible(character: char) -> char {
    if character == '\0' { ' ' } else { character }
}

fn replace(connection: &Connection, incident: i64, text: &str) -> Result<()> {
    connection.prepare_cached("DELETE FROM words_index WHERE rowid = ?1")?.execute([incident])?;
    if !text.is_empty() {
        let insert = "INSERT INTO words_index (rowid, words) VALUES (?1, ?2)";
        connection.prepare_cached(insert)?.execute(params![incident, text])?;
    }
    Ok(())
}

/// See [`Sql::incidents_with`].
pub(super) fn find(
    connection: &Connection,
    texts: &[String],
    wanted: &Wanted,
) -> Result<Option<Vec<i64>>> {
    // Before the index: what becomes indexed meanwhile is found twice, not missed.
    let Some(mut found) = unindexed(connection)? else { return Ok(None) };
    let Some(expression) = expression(connection, texts)? else { return Ok(None) };
    let select = format!(
        "SELECT rowid FROM words_index WHERE words_index MATCH ?1 AND rowid > ?2 AND rowid < ?3
         ORDER BY rowid {} LIMIT ?4",
        wanted.order.keyword()
    );
    let max = i64::try_from(wanted.max).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(&select)?;
    let values = params![expression, wanted.above, wanted.below, max];
    for id in select.query_map(values, |row| row.get(0))? {
        found.push(id?);
    }
    Ok(Some(wanted.first_of(found)))
}

/// See [`Sql::devices_named`].
pub(super) fn devices(connection: &Connection, text: &str, max: usize) -> Result<Vec<i64>> {
    let select = "SELECT id FROM device WHERE instr(lower(coalesce(label, name)), ?1) > 0 LIMIT ?2";
    let mut select = connection.prepare_cached(select)?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let rows = select.query_map(params![text, max], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The incidents that the index does not know as they are. `None` if they are too many.
fn unindexed(connection: &Connection) -> Result<Option<Vec<i64>>> {
    let select = "SELECT incident FROM arrival WHERE id > (SELECT arrival FROM words_mark)
        UNION ALL SELECT incident FROM words_dirty LIMIT ?1";
    let max = i64::try_from(UNINDEXED_MAX).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(select)?;
    let ids = select.query_map([max], |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((ids.len() < UNINDEXED_MAX).then_some(ids))
}

/// What FTS5 is asked. `None` if the texts are too common. Texts of one or two characters are looked for only if there
/// is no longer one.
fn expression(connection: &Connection, texts: &[String]) -> Result<Option<String>> {
    let texts: Vec<Vec<char>> =
        texts.iter().map(|text| text.chars().map(visible).collect()).collect();
    let (long, short): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text.len() >= PIECE);
    if !long.is_empty() {
        let each = (PIECES_MAX / long.len()).max(1);
        let pieces = long.iter().flat_map(|text| pieces(text, each)).collect();
        return Ok(Some(joined(&rarest(connection, pieces)?, " AND ")));
    }
    let mut parts = Vec::new();
    for text in short {
        let pieces = beginnings(connection, &text.iter().collect::<String>())?;
        parts.extend(pieces.map(|pieces| format!("({})", joined(&pieces, " OR "))));
    }
    Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
}

/// At most so many pieces of a text, evenly from all of it.
fn pieces(text: &[char], max: usize) -> Vec<String> {
    let places = text.len() + 1 - PIECE;
    let pieces = text.windows(PIECE).step_by(places.div_ceil(max));
    pieces.map(|piece| piece.iter().collect()).collect()
}

/// The pieces that occur least among the newest incidents: the rarest one, and others that are not common.
fn rarest(connection: &Connection, pieces: Vec<String>) -> Result<Vec<String>> {
    let select = "SELECT rowid FROM words_index WHERE words_index MATCH ?1
        ORDER BY rowid DESC LIMIT 1 OFFSET ?2";
    let mut select = connection.prepare_cached(select)?;
    let mut found = Vec::new();
    for piece in pieces {
        let values = params![joined(std::slice::from_ref(&piece), ""), NEWEST_COMPARED];
        let oldest: Option<i64> = select.query_row(values, |row| row.get(0)).optional()?;
        found.push((oldest, piece));
    }
    found.sort();
    found.dedup();
    let newest = connection.last_number("incident")?;
    let is_rare = |oldest: Option<i64>| oldest.is_none_or(|oldest| oldest < newest - COMMON_WITHIN);
    let rare = found.iter().take_while(|(oldest, _)| is_rare(*oldest)).count();
    found.truncate(rare.clamp(1, RAREST));
    Ok(found.into_iter().map(|(_, piece)| piece).collect())
}

/// Each piece as a string of FTS5.
fn joined(pieces: &[String], operator: &str) -> String {
    let quoted = pieces.iter().map(|piece| format!("\"{}\"", piece.replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(operator)
}

/// The indexed pieces that begin with a text of one or two characters. If there are none, a piece that never occurs.
/// `None` if they are too many.
fn beginnings(connection: &Connection, text: &str) -> Result<Option<Vec<String>>> {
    // Each is looked up by the one before it: the table would list every incident of every piece.
    let next = "SELECT term FROM words_terms WHERE term >= ?1 LIMIT 1";
    let mut next = connection.prepare_cached(next)?;
    let (mut found, mut from) = (Vec::new(), text.to_owned());
    while let Some(piece) = next.query_row([&from], |row| row.get::<_, String>(0)).optional()? {
        if !piece.starts_with(text) {
            break;
        }
        if found.len() == BEGINNINGS_MAX {
            return Ok(None);
        }
        from = format!("{piece}\u{1}");
        found.push(piece);
    }
    if found.is_empty() {
        found.push("\u{1}\u{1}\u{1}".to_owned());
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::incident_search::Order;
    use crate::sqlite::schema;

    /// A spool whose arrivals have these words: the incident of each, and its words.
    fn spool(arrivals: &[(i64, String)]) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let device = "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard')";
        connection.execute_batch(device).unwrap();
        arrivals.iter().for_each(|(incident, words)| add(&connection, *incident, words));
        connection
    }

    fn add(connection: &Connection, incident: i64, words: &str) {
        let open = "INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
            VALUES (?1, 1, 'motion', '', 0, 0) ON CONFLICT DO NOTHING";
        connection.execute(open, [incident]).unwrap();
        let arrive = "INSERT INTO arrival
                (incident, received_at, torn, event, blob, bytes, envelope, content)
            VALUES (?1, 0, 0, 'motion', hex(randomblob(8)), 1, '', '')";
        connection.execute(arrive, [incident]).unwrap();
        let note = "INSERT INTO words (incident, arrival, words) VALUES (?1, ?2, ?3)";
        connection.execute(note, params![incident, connection.last_insert_rowid(), words]).unwrap();
    }

    const ALL: Wanted =
        Wanted { above: 0, below: i64::MAX, order: Order::NewestFirst, max: 10_000 };

    fn found(connection: &Connection, texts: &[&str]) -> Option<Vec<i64>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        find(connection, &texts, &ALL).unwrap()
    }

    /// What the index must not miss: incidents of which some arrival has the text.
    fn with(connection: &Connection, text: &str) -> Vec<i64> {
        let select = "SELECT DISTINCT incident FROM words WHERE instr(words, ?1) > 0
            ORDER BY incident DESC";
        let mut select = connection.prepare(select).unwrap();
        let rows = select.query_map([text], |row| row.get(0)).unwrap();
        rows.map(rusqlite::Result::unwrap).collect()
    }

    #[test]
    fn a_text_is_found_among_others_by_the_index_alone() {
        let words = |id: i64| match id % 3 {
            0 => format!("motion at camera {id}"),
            1 => "персона at the \"gate\"".to_owned(),
            _ => "动作 q\0z".to_owned(),
        };
        let arrivals: Vec<(i64, String)> = (1..=900).map(|id| (id, words(id))).collect();
        let connection = spool(&arrivals);
        assert!(is_due(&connection).unwrap());
        step(&connection).unwrap();
        assert!(!is_due(&connection).unwrap(), "388 are left");
        step(&connection).unwrap();
        assert_eq!(unindexed(&connection).unwrap(), Some(vec![]));
        for text in
            ["motion", "camera", "300", "персона", "\"gate\"", "动", "动作", "n", "q\0z", "rs"]
        {
            assert_eq!(found(&connection, &[text]).unwrap(), with(&connection, text), "{text}");
        }
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [] as [i64; 0]);
        assert_eq!(found(&connection, &["mo", "xq"]).unwrap(), [] as [i64; 0]);
        assert_eq!(found(&connection, &["motion", "300"]).unwrap(), [300]);
    }

    #[test]
    fn what_waits_for_the_index_is_always_found() {
        let connection = spool(&[(1, "motion".to_owned())]);
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [1]);
        step(&connection).unwrap();
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [] as [i64; 0]);
        connection.execute("UPDATE words SET words = 'xyzzy'", []).unwrap();
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [1], "its words have changed");
        step(&connection).unwrap();
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [1]);
        assert_eq!(found(&connection, &["motion"]).unwrap(), [] as [i64; 0]);
    }

    #[test]
    fn a_step_takes_so_long() {
        let words = |id: i64| {
            let device = id * 7919 % 5_000;
            format!(
                "motion detected at camera {device} cam{device}@site.example front{device} \
                 {id}_{device}.jpg an alarm was triggered on channel {}",
                device % 16
            )
        };
        let arrivals: Vec<(i64, String)> = (1..=20 * STEP).map(|id| (id, words(id))).collect();
        let connection = spool(&arrivals);
        let began = std::time::Instant::now();
        (0..20).for_each(|_| step(&connection).unwrap());
        assert_eq!(unindexed(&connection).unwrap(), Some(vec![]));
        println!("an arrival is indexed in {:?}", began.elapsed() / 20 / STEP as u32);
    }

    #[test]
    fn a_removed_incident_leaves_the_index() {
        let connection = spool(&[(1, "motion".to_owned()), (2, "motion".to_owned())]);
        step(&connection).unwrap();
        connection.execute("DELETE FROM incident WHERE id = 1", []).unwrap();
        let dirty = "SELECT count(*) FROM words_dirty";
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(dirty), 1);
        step(&connection).unwrap();
        assert_eq!((count(dirty), found(&connection, &["motion"]).unwrap()), (0, vec![2]));
        assert_eq!(count("SELECT count(*) FROM words_index_docsize"), 1);
    }

    #[test]
    fn a_short_text_with_too_many_continuations_is_left_to_others() {
        let arrivals: Vec<(i64, String)> = (0..600)
            .map(|id| (id + 1, format!("x{}", char::from_u32(0x4e00 + id as u32).unwrap())))
            .collect();
        let connection = spool(&arrivals);
        step(&connection).unwrap();
        step(&connection).unwrap();
        assert_eq!(found(&connection, &["x"]), None);
        let both = found(&connection, &["x", "x\u{4e01}"]);
        assert_eq!(both.unwrap(), [2]);
    }

    #[test]
    fn an_index_far_behind_is_not_asked() {
        let arrivals: Vec<(i64, String)> = (1..=4_096).map(|id| (id, "m".to_owned())).collect();
        assert_eq!(found(&spool(&arrivals), &["motion"]), None);
    }

    #[test]
    fn an_existing_spool_is_indexed_when_it_is_converted() {
        let arrivals = [(1, "motion q\0z".to_owned()), (1, "at the gate".to_owned())];
        let connection = spool(&arrivals);
        let migration = include_str!("v16.sql");
        let (index, _) = migration.split_once("CREATE TRIGGER").unwrap();
        let again = format!(
            "DROP TABLE words_terms; DROP TABLE words_index; DROP TABLE words_mark;
             DROP TABLE words_dirty; {index}"
        );
        connection.execute_batch(&again).unwrap();
        for _ in 0..2 {
            for text in ["motion", "q\0z", "gate", "n", "e"] {
                assert_eq!(found(&connection, &[text]).unwrap(), [1], "{text}");
            }
            step(&connection).unwrap();
        }
        assert_eq!(found(&connection, &["xyzzy"]).unwrap(), [] as [i64; 0]);
    }

    #[derive(Clone, Debug)]
    enum Change {
        Add(i64, String),
        Reword(i64, String),
        Remove(i64),
        Step,
    }

    fn text() -> impl Strategy<Value = String> {
        "[ab\"*\u{0}éя ]{0,8}"
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            4 => (1i64..20, text()).prop_map(|(incident, words)| Change::Add(incident, words)),
            1 => (1i64..20, text()).prop_map(|(incident, words)| Change::Reword(incident, words)),
            1 => (1i64..20).prop_map(Change::Remove),
            1 => Just(Change::Step),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Nothing that has a text is ever missing.
        #[test]
        fn the_index_misses_nothing(
            changes in prop::collection::vec(change(), 1..40),
            texts in prop::collection::vec("[ab\"*\u{0}éя]{1,5}", 1..8),
        ) {
            let connection = spool(&[]);
            for change in changes {
                match change {
                    Change::Add(incident, words) => add(&connection, incident, &words),
                    Change::Reword(incident, words) => {
                        let update = "UPDATE words SET words = ?2 WHERE incident = ?1";
                        connection.execute(update, params![incident, words]).unwrap();
                    }
                    Change::Remove(incident) => {
                        let delete = "DELETE FROM incident WHERE id = ?1";
                        connection.execute(delete, [incident]).unwrap();
                    }
                    Change::Step => step(&connection).unwrap(),
                }
            }
            for text in &texts {
                let found = found(&connection, &[text]).unwrap();
                let with = with(&connection, text);
                prop_assert!(with.iter().all(|id| found.contains(id)), "{text:?}: {with:?} {found:?}");
            }
        }
    }
}
