//! Sessions: stored in batches, and swept with every batch, so that they stay few. [`crate::core::sessions`] decides
//! what is removed.

use tipoff_model::Protocol;

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Row, Sql, at, from_json, json, params};
use crate::core::sessions::{self, StrangerSession, place};
use crate::{
    BoxFuture, FinishedSession, Result, SessionDetail, SessionFilter, SessionLine, SessionOutcome,
    Sessions, SpoolError,
};

const COLUMNS: &str = "
    session.id, protocol, peer, began_at, ended_at, session.device, device.name, login, tls,
    outcome, hint, arrivals";

impl<D: Database> Sessions for SqlSpool<D> {
    fn keep_sessions(
        &self,
        sessions: Vec<FinishedSession>,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>> {
        Box::pin(self.write(move |sql| keep(sql, &sessions)))
    }

    fn last_session(&self) -> BoxFuture<'_, Result<i64>> {
        Box::pin(self.read(|sql| {
            // Also numbers of those that were swept: none is given twice.
            sql.last_number("session")
        }))
    }

    fn sessions(&self, filter: SessionFilter) -> BoxFuture<'_, Result<Vec<SessionLine>>> {
        Box::pin(self.read(move |sql| list(sql, &filter)))
    }

    fn session(&self, id: i64) -> BoxFuture<'_, Result<Option<SessionDetail>>> {
        Box::pin(self.read(move |sql| detail(sql, id)))
    }
}

fn keep(sql: &dyn Sql, sessions: &[FinishedSession]) -> Result<Vec<Option<i64>>> {
    let mut devices = Vec::with_capacity(sessions.len());
    for session in sessions {
        let device = device_of(sql, session)?;
        insert(sql, session, device)?;
        devices.push(device);
    }
    sweep(sql, sessions, &devices)?;
    Ok(devices)
}

fn device_of(sql: &dyn Sql, session: &FinishedSession) -> Result<Option<i64>> {
    let select = "SELECT device FROM arrival JOIN incident ON incident.id = arrival.incident
         WHERE arrival.id = ?1";
    for arrival in &session.arrivals {
        let device = sql.row(select, params![arrival.0], |row| row.get(0))?;
        if device.is_some() {
            return Ok(device);
        }
    }
    let select = "SELECT DISTINCT device FROM heard WHERE place = ?1 AND last_at >= ?2 LIMIT ?3";
    let since = sessions::seen_since(session).0;
    let place = place(session.peer);
    let values = params![place, since, sessions::SEEN_READ];
    let seen: Vec<i64> = sql.rows(select, values, |row| row.get(0))?;
    Ok(sessions::device_at_address(&seen))
}

fn insert(sql: &dyn Sql, session: &FinishedSession, device: Option<i64>) -> Result<()> {
    sql.change("INSERT INTO session
               (id, protocol, peer, began_at, ended_at, device, login, tls, outcome, failed, hint,
                arrivals, lines, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, length(?12) + length(?13))", params![
            session.id,
            session.protocol.as_str(),
            place(session.peer),
            session.began_at.0,
            session.ended_at.0,
            device,
            session.login,
            session.tls,
            session.outcome.as_str(),
            session.outcome.is_failure(),
            session.hint,
            json(&session.arrivals)?,
            json(&session.lines)?,
        ])?;
    Ok(())
}

fn sweep(sql: &dyn Sql, sessions: &[FinishedSession], devices: &[Option<i64>]) -> Result<()> {
    let sweep = sessions::sweep(sessions, devices);
    for device in &sweep.devices {
        sql.change(
            "DELETE FROM session WHERE device = ?1 AND id <=
                   (SELECT id FROM session WHERE device = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![device, sessions::OF_DEVICE_MAX],
        )?;
    }
    for peer in &sweep.strangers {
        sql.change(
            "DELETE FROM session WHERE peer = ?1 AND device IS NULL AND id <=
                   (SELECT id FROM session WHERE peer = ?1 AND device IS NULL
                    ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![peer, sessions::OF_STRANGER_MAX],
        )?;
    }
    if !sweep.strangers.is_empty() {
        sweep_strangers(sql)?;
    }
    sql.change("DELETE FROM session WHERE ended_at < ?1", params![sweep.ended_before.0])?;
    bound(sql, sessions::BYTES_MAX)
}

fn sweep_strangers(sql: &dyn Sql) -> Result<()> {
    let select = "SELECT id, peer FROM session WHERE device IS NULL ORDER BY id DESC";
    let strangers = sql.rows(select, params![], |row| {
        Ok(StrangerSession { id: row.get(0)?, place: row.get(1)? })
    })?;
    for id in sessions::strangers_to_remove(&strangers) {
        sql.change("DELETE FROM session WHERE id = ?1", params![id])?;
    }
    Ok(())
}

fn bound(sql: &dyn Sql, bytes_max: i64) -> Result<()> {
    let total = "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM session";
    let remove = "DELETE FROM session WHERE id IN
           (SELECT id FROM session WHERE peer =
              (SELECT peer FROM session GROUP BY peer ORDER BY sum(bytes) DESC LIMIT 1)
            ORDER BY id LIMIT ?1)";
    loop {
        let bytes = sql.one(total, params![], |row| row.get(0))?;
        let Some(step) = sessions::oversize_step(bytes, bytes_max) else { return Ok(()) };
        sql.change(remove, params![step])?;
    }
}

fn list(sql: &dyn Sql, filter: &SessionFilter) -> Result<Vec<SessionLine>> {
    let select = format!(
        "SELECT {COLUMNS} FROM session LEFT JOIN device ON device.id = session.device
         WHERE (CAST(?1 AS BIGINT) IS NULL OR session.device = ?1)
           AND (CAST(?2 AS TEXT) IS NULL OR device.name = ?2)
           AND (CAST(?3 AS TEXT) IS NULL OR peer = ?3)
           AND (?4 = 0 OR failed <> 0)
           AND (CAST(?5 AS BIGINT) IS NULL OR session.id < ?5)
         ORDER BY session.id DESC LIMIT ?6",
    );
    sql.rows(
        &select,
        params![
            filter.device,
            filter.device_name,
            filter.peer.map(place),
            filter.failed_only,
            filter.before,
            filter.limit,
        ],
        read_line,
    )
}

fn detail(sql: &dyn Sql, id: i64) -> Result<Option<SessionDetail>> {
    sql.row(
        &format!(
            "SELECT {COLUMNS}, lines FROM session LEFT JOIN device ON device.id = session.device
             WHERE session.id = ?1",
        ),
        params![id],
        |row| Ok(SessionDetail { line: read_line(row)?, lines: from_json(row, 12)? }),
    )
}

fn read_line(row: &Row<'_>) -> Result<SessionLine> {
    let protocol: String = row.get(1)?;
    let peer: String = row.get(2)?;
    let device: Option<i64> = row.get(5)?;
    let name: Option<String> = row.get(6)?;
    let outcome: String = row.get(9)?;
    Ok(SessionLine {
        id: row.get(0)?,
        protocol: Protocol::from_name(&protocol).unwrap_or(Protocol::Smtp),
        peer: peer
            .parse()
            .map_err(|error| SpoolError::Database(format!("the address of a session: {error}")))?,
        began_at: at(row, 3)?,
        ended_at: at(row, 4)?,
        device: device.zip(name),
        login: row.get(7)?,
        tls: row.get(8)?,
        outcome: SessionOutcome::from_name(&outcome).unwrap_or(SessionOutcome::Failed),
        hint: row.get(10)?,
        arrivals: from_json(row, 11)?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};

    use super::*;

    #[test]
    fn transcripts_of_made_up_devices_push_out_no_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::sqlite::schema::migrate(&mut connection).unwrap();
        let mut id = 0;
        let mut insert = |peer: &str, count: u32| {
            for _ in 0..count {
                id += 1;
                connection
                    .execute(
                        "INSERT INTO session (id, protocol, peer, began_at, ended_at, outcome, failed,
                                              arrivals, lines, bytes)
                         VALUES (?1, 'smtp', ?2, 0, 0, 'nothing', 0, '[]', '[]', 1000)",
                        params![id, peer],
                    )
                    .unwrap();
            }
        };
        insert("10.0.0.1", 20);
        insert("10.0.0.2", 500);
        bound(&connection, 200_000).unwrap();
        let count = |peer: &str| -> i64 {
            let sql = "SELECT count(*) FROM session WHERE peer = ?1";
            connection.query_row(sql, [peer], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("10.0.0.1"), count("10.0.0.2")), (20, 150));
        for sql in [
            "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM session",
            "SELECT peer FROM session GROUP BY peer ORDER BY sum(bytes) DESC LIMIT 1",
        ] {
            let plan: String = connection
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3))
                .unwrap();
            assert!(plan.contains("USING COVERING INDEX"), "{plan}");
        }
    }

    #[test]
    fn sweeping_reads_no_more_than_it_must() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::sqlite::schema::migrate(&mut connection).unwrap();
        for condition in ["device = 1", "device IS NULL", "peer = 'x' AND device IS NULL"] {
            let plan: String = connection
                .query_row(
                    &format!(
                        "EXPLAIN QUERY PLAN SELECT id FROM session WHERE {condition}
                         ORDER BY id DESC LIMIT 1 OFFSET 20"
                    ),
                    [],
                    |row| row.get(3),
                )
                .unwrap();
            assert!(plan.contains("USING COVERING INDEX"), "{condition}: {plan}");
        }
    }
}
