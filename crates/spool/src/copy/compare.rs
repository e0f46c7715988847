//! Compares what was copied: the rows of both sides by number and digest, the files by their bytes.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::media::{self, Done};
use super::rows::{self, FullRow, Layout, Sum};
use super::side::Side;
use super::tables::TABLES;
use super::{Copied, CopyProgress, CopyStage, FILES, Job, MISSING_MAX};
use crate::{Result, SpoolError};

impl Job<'_> {
    /// Compares everything.
    ///
    /// # Errors
    /// [`SpoolError::Copy`] with the name of the first row or file that differs; if a database or a disk fails.
    pub(super) async fn compare(&mut self) -> Result<Copied> {
        let mut copied = Copied::default();
        for table in TABLES {
            copied.rows += self.compare_table(table.name).await?;
        }
        self.compare_files(&mut copied).await?;
        Ok(copied)
    }

    /// Compares a table. Returns the number of its rows.
    async fn compare_table(&mut self, table: &'static str) -> Result<u64> {
        let layout = self.layout(table).await?;
        let total = self.about_rows(table).await?.saturating_mul(2);
        let (page, mut done) = (self.page, 0);
        let mut sums = [Sum::default(); 2];
        for (side, sum) in [&self.from, &self.to].into_iter().zip(&mut sums) {
            let mut after = Vec::new();
            loop {
                let rows = page_of(side, &layout, &after, page).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.key);
                rows.iter().for_each(|row| sum.add(row));
                done += rows.len() as u64;
                let stage = CopyStage::ComparingRows(table);
                (self.report)(CopyProgress { stage, done, total });
            }
        }
        match sums {
            [source, target] if source == target => Ok(source.rows),
            _ => Err(self.difference(&layout).await?),
        }
    }

    /// Which row differs.
    async fn difference(&self, layout: &Arc<Layout>) -> Result<SpoolError> {
        let sides =
            [(&self.from, &self.to, "is not in the copy"), (&self.to, &self.from, "is new")];
        for (side, other, missing) in sides {
            let mut after = Vec::new();
            loop {
                let rows = page_of(side, layout, &after, self.page).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.key);
                let looking = Arc::clone(layout);
                let look = move |sql: &dyn crate::sql::statement::Sql| {
                    for row in &rows {
                        let found = looking.find(sql, &row.key)?;
                        let how = match found {
                            Some(found) if rows::digest(&found) == rows::digest(row) => continue,
                            Some(_) => "differs in the copy",
                            None => missing,
                        };
                        return Ok(Some(format!("{} {how}", looking.name_of(&row.key))));
                    }
                    Ok(None)
                };
                if let Some(difference) = other.read(look).await? {
                    return Ok(SpoolError::Copy(difference));
                }
            }
        }
        let text = format!("the rows of the table {} changed while they were read", layout.table);
        Ok(SpoolError::Copy(text))
    }

    async fn compare_files(&mut self, copied: &mut Copied) -> Result<()> {
        copied.shares_files = self.from.shares_files_with(&self.to);
        let total = self.about_rows("arrival").await?;
        let (mut last, mut done) = (0, 0);
        loop {
            let files = self.from.read(move |sql| media::next(sql, last, FILES)).await?;
            let Some(file) = files.last() else { return Ok(()) };
            last = file.arrival;
            done += files.len() as u64;
            let (from, to) = (self.from.blobs.clone(), self.to.blobs.clone());
            let shares = copied.shares_files;
            let comparing = spawn_blocking(move || match shares {
                true => media::check(&files, &from),
                false => media::compare(&files, &from, &to),
            });
            let compared = comparing.await.map_err(|_| SpoolError::Closed)??;
            add(copied, compared);
            (self.report)(CopyProgress { stage: CopyStage::ComparingFiles, done, total });
        }
    }
}

async fn page_of(
    side: &Side,
    layout: &Arc<Layout>,
    after: &[crate::sql::copy_notes::KeyPart],
    max: usize,
) -> Result<Vec<FullRow>> {
    let (layout, after) = (Arc::clone(layout), after.to_vec());
    side.read(move |sql| layout.page(sql, &after, max)).await
}

fn add(copied: &mut Copied, done: Done) {
    copied.files += done.files;
    copied.bytes += done.bytes;
    copied.missing += done.missing.len() as u64;
    let room = MISSING_MAX.saturating_sub(copied.missing_names.len());
    copied.missing_names.extend(done.missing.into_iter().take(room));
}
