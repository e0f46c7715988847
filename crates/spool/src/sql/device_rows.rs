//! Rows of devices as rules know them: read where an arrival is resolved, an upload goes on, or a notice is made.

use tipoff_model::Device;

use super::statement::{Sql, params};
use crate::Result;

/// The device of this row with its recorder, as rules know it. `None` if there is none.
pub(super) fn read(sql: &dyn Sql, id: i64) -> Result<Option<Device>> {
    let select = "SELECT recorder FROM device WHERE id = ?1";
    let Some(recorder) = sql.row(select, params![id], |row| row.get::<Option<i64>>(0))? else {
        return Ok(None);
    };
    let recorder = recorder.map(|recorder| row(sql, recorder)).transpose()?;
    let recorder = recorder.map(|(recorder, _)| Box::new(recorder));
    Ok(Some(Device { recorder, ..row(sql, id)?.0 }))
}

/// The device of a row without its recorder, and whether its name is a label that somebody gave it.
pub(super) fn row(sql: &dyn Sql, id: i64) -> Result<(Device, bool)> {
    let select = "SELECT key, name, distinct_name, label FROM device WHERE id = ?1";
    sql.one(select, params![id], |row| {
        let label: Option<String> = row.get(3)?;
        let is_labelled = label.is_some();
        let name = label.map_or_else(|| row.get(1), Ok)?;
        let (key, distinct_name) = (row.get(0)?, row.get(2)?);
        Ok((Device { key, name, distinct_name, ..Device::default() }, is_labelled))
    })
}
