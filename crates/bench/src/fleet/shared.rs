//! The fleet's spool on the shared engine: a PostgreSQL of Debian's packages that is started for it, with the settings
//! of a small server, and syncs as it does by default.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tipoff_model::Timestamp;
use tipoff_spool::{CONNECTIONS, PostgresConfig, PostgresSpool, Purpose};
use tipoff_testkit::postgres::{Database, Server};

use super::counters::Counters;
use super::generate::{self, Size};
use super::measure::Everything;

const SETTINGS: &[(&str, &str)] =
    &[("shared_buffers", "1GB"), ("maintenance_work_mem", "512MB"), ("max_wal_size", "2GB")];

/// Indexes are made after the rows, as a restored dump does.
const BEFORE: &str = "SET session_replication_role = replica;
    SET synchronous_commit = off;
    SET work_mem = '256MB';
    CREATE TEMPORARY TABLE later AS SELECT indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint);
    DO $$ DECLARE index RECORD; BEGIN
        FOR index IN SELECT * FROM later LOOP EXECUTE 'DROP INDEX ' || index.indexname; END LOOP;
    END $$;
    CREATE INDEX generated ON incident (device)";
const AFTER: &str = "DROP INDEX generated;
    INSERT INTO device_words SELECT id, lower(name) FROM device;
    DO $$ DECLARE index RECORD; BEGIN
        FOR index IN SELECT * FROM later LOOP EXECUTE index.indexdef; END LOOP;
    END $$;
    SELECT setval(pg_get_serial_sequence(name, 'id'), 1000000000)
        FROM unnest(ARRAY['device', 'share', 'incident', 'arrival', 'delivery']) AS name";

/// Starts the server.
///
/// # Errors
/// If PostgreSQL is not installed, or does not start.
pub(super) fn start() -> Result<Server> {
    let server = Server::durable(SETTINGS).context("PostgreSQL, of Debian's package postgresql")?;
    server.administer("GRANT SET ON PARAMETER session_replication_role TO tipoff")?;
    Ok(server)
}

/// Fills the tables of a spool.
///
/// # Errors
/// If the database cannot be written.
pub(super) fn fill(
    server: &Server,
    database: &Database<'_>,
    size: Size,
    now: Timestamp,
) -> Result<()> {
    // Syncs count only for what is measured.
    set_syncs(server, "off")?;
    let mut statements = vec![BEFORE.to_owned()];
    statements.extend(generate::statements(size, now)?);
    statements.push(AFTER.to_owned());
    database.run(&statements.join(";\n"))?;
    database.run("VACUUM (FREEZE, ANALYZE)")?;
    set_syncs(server, "on")?;
    server.administer("CHECKPOINT")?;
    rustix::fs::sync();
    Ok(())
}

fn set_syncs(server: &Server, value: &str) -> Result<()> {
    for setting in ["fsync", "full_page_writes"] {
        server.administer(&format!("ALTER SYSTEM SET {setting} = {value}"))?;
    }
    server.administer("SELECT pg_reload_conf()").map(drop).context("settings of the server")
}

/// Opens the spool, and makes its tables where they are missing.
///
/// # Errors
/// Those of [`PostgresSpool::open`].
pub(super) async fn open(database: &Database<'_>, folder: &Path) -> Result<PostgresSpool> {
    let url = database.url().to_owned();
    let config = PostgresConfig { url, ca: None, connections: CONNECTIONS };
    let rules = Arc::new(Everything);
    Ok(PostgresSpool::open(&config, folder, rules, Purpose::Receive).await?)
}

/// What the server has used until now.
///
/// # Errors
/// If it cannot be asked.
pub(super) fn counters(server: &Server, spool: &PostgresSpool) -> Result<Counters> {
    let select = "SELECT (pg_current_wal_insert_lsn() - '0/0')::BIGINT,
        pg_snapshot_xmax(pg_current_snapshot()), split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
    let answer = server.administer(select)?;
    let mut columns = answer.trim().split('|').map(str::parse::<u64>);
    let mut next = || columns.next().context("a column")?.context("a number");
    let (wal_bytes, transactions, postmaster) = (next()?, next()?, next()?);
    Ok(Counters {
        database_ms: processor_ms(postmaster)?,
        wal_bytes,
        transactions,
        round_trips: spool.round_trips(),
        ..Counters::default()
    })
}

/// Time of processors of a process, its children, and those of them that have ended.
fn processor_ms(parent: u64) -> Result<f64> {
    let mut ms = 0.0;
    for process in fs::read_dir("/proc")? {
        // Others may end meanwhile.
        let Ok(stat) = fs::read_to_string(process?.path().join("stat")) else { continue };
        ms += of_stat(&stat, parent).unwrap_or(0.0);
    }
    Ok(ms)
}

/// The time in a line of /proc/PID/stat (proc_pid_stat(5)), if it is of the parent or a child of it.
fn of_stat(stat: &str, parent: u64) -> Option<f64> {
    let (before, after) = stat.rsplit_once(") ")?;
    let number: u64 = before.split(' ').next()?.parse().ok()?;
    let fields: Vec<u64> = after.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
    let is_parent = number == parent;
    if !is_parent && fields.get(1) != Some(&parent) {
        return None;
    }
    // User and system time of the process, and of the children that the parent has waited for.
    let ticks = fields.get(11..if is_parent { 15 } else { 13 })?.iter().sum::<u64>();
    Some(ticks as f64 * 1_000.0 / rustix::param::clock_ticks_per_second() as f64)
}
