//! Copies a whole spool from one engine to another: rows, files, and the numbers that are given next.
//!
//! Rows are copied as they are, in pages by their primary key. Each page is one transaction with the place that was
//! reached (`sql/copy_notes.rs`), so a copy that was killed goes on there. Neither side may be in use. Until the copy is
//! complete and compared, nothing else opens the target. Only indexes of text are made anew.

mod compare;
mod media;
mod restored;
mod rows;
mod side;
mod tables;

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::sql::catalog::Catalog;
use crate::sql::copy_notes::{self, Begun, KeyPart, Position, Stage};
use crate::sql::identity::random_hex;
use crate::sql::spool::file_error;
use crate::sql::statement::{Sql, params};
use crate::{Result, SpoolConfig, SpoolError};
pub use restored::leave_out_numbers;
use rows::Layout;
use side::Side;
use tables::{TABLES, Table};

/// Rows that are read and written at a time.
const PAGE: usize = 500;
/// Files that are copied or compared at a time.
const FILES: usize = 32;
/// Names of missing files that are returned.
const MISSING_MAX: usize = 20;

/// The current step of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Copies the rows of a table.
    Rows(&'static str),
    /// Copies files.
    Files,
    /// Compares the rows of a table.
    ComparingRows(&'static str),
    /// Compares files; those that both sides share are only looked for.
    ComparingFiles,
    /// Makes the index of words.
    Index,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Its current step.
    pub stage: CopyStage,
    /// Rows, files or arrivals until now, in this stage and this run.
    pub done: u64,
    /// About how many there are in all.
    pub total: u64,
}

/// Counts of a complete copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows of all tables.
    pub rows: u64,
    /// Files of arrivals that are there.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the files stay where they are, because both sides have the same place for them.
    pub shares_files: bool,
    /// Number of files that the source lacks, in whole or in part.
    pub missing: u64,
    /// Names of the first of these.
    pub missing_names: Vec<String>,
}

/// Copies the spool of `source` to `target`, or goes on with a copy that was begun before. With `anew`, such a copy is
/// removed first. `report` is called after each step.
///
/// # Errors
/// [`SpoolError::Locked`] or [`SpoolError::InUse`] if a Tipoff uses one of them; [`SpoolError::Copy`] if the source has
/// no spool, the target is not empty, or a row or a file differs in the end; if a disk or a database fails.
pub async fn copy_spool(
    source: &SpoolConfig,
    target: &SpoolConfig,
    anew: bool,
    report: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Copied> {
    run(source, target, anew, PAGE, report).await
}

async fn run(
    source: &SpoolConfig,
    target: &SpoolConfig,
    anew: bool,
    page: usize,
    report: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Copied> {
    side::check_exists(source)?;
    let _locks = side::lock_folders([&source.folder, &target.folder])?;
    let name = random_hex(8)?;
    let from = Side::source(source, &name).await?;
    let to = Side::target(target, &name).await?;
    // Not after hours of rows.
    to.blobs.probe().await.map_err(file_error)?;
    let (copy, position) = begin(&from, &to, name, anew).await?;
    let mut job = Job { from, to, copy, page, report };
    job.copy(position).await?;
    let copied = job.compare().await?;
    job.end().await?;
    Ok(copied)
}

/// Begins a copy, or goes on with one. Returns its name and how far it is.
async fn begin(
    from: &Side,
    to: &Side,
    name: String,
    anew: bool,
) -> Result<(String, Option<Position>)> {
    let (spool, going_on) = from.read(source_of_copy).await?;
    let (begun, position) =
        to.read(|sql| Ok((copy_notes::begun(sql)?, copy_notes::position(sql)?))).await?;
    let catalog = to.catalog();
    let is_unfinished = begun.is_some();
    match begun {
        Some(begun) if begun.spool != spool => {
            let text = "the target has an unfinished copy of another spool";
            return Err(SpoolError::Copy(text.to_owned()));
        }
        Some(begun) if !anew && going_on.as_ref() == Some(&begun.copy) => {
            return Ok((begun.copy, position));
        }
        // Begun before, and the source may have changed since.
        Some(_) => {}
        None => to.read(move |sql| check_empty(catalog, sql)).await?,
    }
    let begun = Begun { copy: name.clone(), spool };
    // One transaction: without the note, nothing would show that triggers do nothing.
    to.write(move |sql| {
        if is_unfinished {
            catalog.empty(sql, &tables::names())?;
        }
        catalog.begin(sql, &tables::names())?;
        copy_notes::set_begun(sql, &begun)
    })
    .await?;
    let copy = name.clone();
    from.write(move |sql| copy_notes::set_going_on(sql, Some(&copy))).await?;
    Ok((name, None))
}

/// The identity of the spool that is copied, and the copy of it that was begun before.
fn source_of_copy(sql: &dyn Sql) -> Result<(String, Option<String>)> {
    if copy_notes::begun(sql)?.is_some() {
        return Err(SpoolError::Unfinished);
    }
    let spool = copy_notes::identity(sql)?;
    let spool = spool.ok_or_else(|| SpoolError::Copy("the source is empty".to_owned()))?;
    Ok((spool, copy_notes::going_on(sql)?))
}

fn check_empty(catalog: &dyn Catalog, sql: &dyn Sql) -> Result<()> {
    for table in tables::names() {
        if Layout::read(catalog, sql, table)?.has_rows(sql)? {
            let text = format!("the target is not empty: its table {table} has rows");
            return Err(SpoolError::Copy(text));
        }
    }
    Ok(())
}

/// A copy under way.
struct Job<'a> {
    from: Side,
    to: Side,
    /// The name of the copy.
    copy: String,
    page: usize,
    report: &'a mut (dyn FnMut(CopyProgress) + Send),
}

impl Job<'_> {
    /// Copies what is behind `position`, stage by stage.
    async fn copy(&mut self, position: Option<Position>) -> Result<()> {
        let stages = stages();
        let (first, mut after) = match position {
            None => (0, Vec::new()),
            Some(position) => {
                let place = stages.iter().position(|stage| *stage == position.stage);
                let text = "the copy was begun by another version: use --anew";
                let place = place.ok_or_else(|| SpoolError::Copy(text.to_owned()))?;
                (place, position.after)
            }
        };
        for stage in stages.into_iter().skip(first) {
            let after = std::mem::take(&mut after);
            match &stage {
                Stage::Rows(name) | Stage::Links(name) => {
                    let table = TABLES.iter().find(|table| table.name == name);
                    if let Some(table) = table {
                        self.copy_table(table, stage, after).await?;
                    }
                }
                Stage::Media => self.copy_files(after).await?,
                Stage::Comparison => self.note(Stage::Comparison, Vec::new()).await?,
            }
        }
        Ok(())
    }

    /// Copies the rows of a table behind a key; or only its links, when its rows are there.
    async fn copy_table(
        &mut self,
        table: &Table,
        stage: Stage,
        mut after: Vec<KeyPart>,
    ) -> Result<()> {
        let layout = self.layout(table.name).await?;
        let total = self.about_rows(table.name).await?;
        let (links, is_linking) = (table.links, matches!(stage, Stage::Links(_)));
        let mut done = 0;
        loop {
            let (reading, page, key) = (Arc::clone(&layout), self.page, after.clone());
            let rows = self.from.read(move |sql| reading.page(sql, &key, page)).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after.clone_from(&last.key);
            done += rows.len() as u64;
            let position = Position { stage: stage.clone(), after: after.clone() };
            let writing = Arc::clone(&layout);
            let write = move |sql: &dyn Sql| {
                for row in &rows {
                    match is_linking {
                        false => writing.insert(sql, row, links)?,
                        true => writing.link(sql, row, links)?,
                    }
                }
                copy_notes::set_position(sql, &position)
            };
            let written = self.to.write(write).await;
            written.map_err(|error| in_table(table.name, error))?;
            (self.report)(CopyProgress { stage: CopyStage::Rows(table.name), done, total });
        }
    }

    /// Copies the files of the arrivals behind a key.
    async fn copy_files(&mut self, after: Vec<KeyPart>) -> Result<()> {
        if self.from.shares_files_with(&self.to) {
            return Ok(());
        }
        let mut last = match after.first() {
            Some(KeyPart::Integer(last)) => *last,
            _ => 0,
        };
        let total = self.about_rows("arrival").await?;
        let mut done = 0;
        loop {
            let files = self.from.read(move |sql| media::next(sql, last, FILES)).await?;
            let Some(file) = files.last() else { return Ok(()) };
            last = file.arrival;
            done += files.len() as u64;
            let (from, to) = (self.from.blobs.clone(), self.to.blobs.clone());
            let copying = spawn_blocking(move || media::copy(&files, &from, &to));
            copying.await.map_err(|_| SpoolError::Closed)??;
            self.note(Stage::Media, vec![KeyPart::Integer(last)]).await?;
            (self.report)(CopyProgress { stage: CopyStage::Files, done, total });
        }
    }

    async fn note(&self, stage: Stage, after: Vec<KeyPart>) -> Result<()> {
        let position = Position { stage, after };
        self.to.write(move |sql| copy_notes::set_position(sql, &position)).await
    }

    /// The layout of a table in the source. The target must have the same columns.
    async fn layout(&self, table: &'static str) -> Result<Arc<Layout>> {
        let (source, target) = (self.from.catalog(), self.to.catalog());
        let layout = self.from.read(move |sql| Layout::read(source, sql, table)).await?;
        let mut columns = self.to.read(move |sql| target.columns(sql, table)).await?;
        let mut wanted = layout.columns.clone();
        columns.sort_unstable();
        wanted.sort_unstable();
        if columns != wanted {
            let text = format!("the table {table} has other columns in the target");
            return Err(SpoolError::Copy(text));
        }
        // The segments of an arrival become one file in a folder.
        let joins = table == "arrival" && !self.to.blobs.are_remote();
        Ok(Arc::new(if joins { layout.emptied("segments") } else { layout }))
    }

    async fn about_rows(&self, table: &'static str) -> Result<u64> {
        let catalog = self.from.catalog();
        let rows = self.from.read(move |sql| catalog.about_rows(sql, table)).await?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// Makes the target a spool that can be opened.
    async fn end(&mut self) -> Result<()> {
        let total = self.about_rows("arrival").await?;
        let report = &mut self.report;
        let mut index = |done: i64| {
            let done = u64::try_from(done).unwrap_or(0).min(total);
            report(CopyProgress { stage: CopyStage::Index, done, total });
        };
        self.to.index_words(&mut index).await?;
        let source = self.from.catalog();
        let numbers = self.from.read(move |sql| last_numbers(source, sql)).await?;
        if self.from.read(copy_notes::going_on).await?.as_ref() != Some(&self.copy) {
            let text = "a Tipoff used the source while it was copied; stop it and begin again";
            return Err(SpoolError::Copy(text.to_owned()));
        }
        let catalog = self.to.catalog();
        self.to
            .write(move |sql| {
                for (table, last) in &numbers {
                    catalog.set_last_number(sql, table, *last)?;
                }
                catalog.end(sql, &tables::names())?;
                copy_notes::forget_begun(sql)
            })
            .await?;
        self.from.write(|sql| copy_notes::set_going_on(sql, None)).await
    }
}

/// The largest number that a row of each table ever had: none is given twice.
fn last_numbers(catalog: &dyn Catalog, sql: &dyn Sql) -> Result<Vec<(&'static str, i64)>> {
    let mut numbers = Vec::new();
    for table in tables::names() {
        if catalog.key(sql, table)? != ["id"] {
            continue;
        }
        let largest = format!("/* copy */ SELECT coalesce(max(id), 0) FROM {table}");
        let largest = sql.one(&largest, params![], |row| row.get::<i64>(0))?;
        numbers.push((table, largest.max(sql.last_number(table)?)));
    }
    Ok(numbers)
}

/// All stages, in their order.
fn stages() -> Vec<Stage> {
    let mut stages = Vec::new();
    for table in TABLES {
        stages.push(Stage::Rows(table.name.to_owned()));
        if !table.links.is_empty() {
            stages.push(Stage::Links(table.name.to_owned()));
        }
    }
    stages.extend([Stage::Media, Stage::Comparison]);
    stages
}

/// An error of the database with the table.
fn in_table(table: &str, error: SpoolError) -> SpoolError {
    match error {
        SpoolError::Database(text) => SpoolError::Database(format!("table {table}: {text}")),
        other => other,
    }
}

#[cfg(test)]
mod bucket_tests;
#[cfg(test)]
mod tests;
