//! The configuration that was added in the dashboard: one row of the table of facts about the spool, its version
//! before the document.

use super::database::Database;
use super::identity::fact;
use super::spool::SqlSpool;
use super::statement::{Sql, params};
use crate::{AddedConfiguration, AddedConfigurations, BoxFuture, Result};

const KEY: &str = "added_configuration";

impl<D: Database> AddedConfigurations for SqlSpool<D> {
    fn added_configuration(&self) -> BoxFuture<'_, Result<AddedConfiguration>> {
        Box::pin(self.read(read))
    }

    fn replace_added_configuration(
        &self,
        document: String,
        replaced: u64,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| replace(sql, &document, replaced)))
    }
}

/// The document with its version.
fn read(sql: &dyn Sql) -> Result<AddedConfiguration> {
    Ok(fact(sql, KEY)?.as_deref().and_then(parse).unwrap_or_default())
}

/// Stores `document` in place of version `replaced`. Whether it was still that version: of two who replace the same
/// version, also on two nodes, one succeeds.
fn replace(sql: &dyn Sql, document: &str, replaced: u64) -> Result<bool> {
    let now = format!("{} {document}", replaced.saturating_add(1));
    if replaced == 0 {
        let insert = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        return Ok(sql.execute(insert, params![KEY, now.as_str()])? > 0);
    }
    let Some(before) = fact(sql, KEY)? else {
        return Ok(false);
    };
    if parse(&before).is_none_or(|before| before.version != replaced) {
        return Ok(false);
    }
    let update = "UPDATE meta SET value = ?2 WHERE key = ?1 AND value = ?3";
    Ok(sql.execute(update, params![KEY, now.as_str(), before.as_str()])? > 0)
}

/// `None` for what this version did not write.
fn parse(value: &str) -> Option<AddedConfiguration> {
    let (version, document) = value.split_once(' ')?;
    Some(AddedConfiguration { version: version.parse().ok()?, document: document.to_owned() })
}
