//! Nodes and leases: read for [`crate::core::leases`], and written as it decides.
//!
//! Two nodes may run these statements at the same time. A row of `node` is removed only with the beat that was seen,
//! and a run whose row is gone never comes back. A lease is taken only with the number that was read.

use super::database::Database;
use super::identity::{self, random_hex};
use super::node_notices::NodeNotice;
use super::spool::SqlSpool;
use super::statement::{Row, Sql, params};
use crate::core::leases::{self, LeaseRow, Member, NodeRow};
use crate::{
    Beat, Beaten, BoxFuture, Fence, Heard, Lease, LeaseKey, LeaseKind, NodeLine, Nodes, Result,
    SpoolError,
};
use tipoff_model::Timestamp;

impl<D: Database> Nodes for SqlSpool<D> {
    fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    fn beat(&self, member: Member, beat: Beat) -> BoxFuture<'_, Result<(Member, Beaten)>> {
        Box::pin(self.write(move |sql| {
            let mut member = member.clone();
            let beaten = self::beat(sql, &mut member, &beat)?;
            Ok((member, beaten))
        }))
    }

    fn leave<'a>(&'a self, member: &'a Member) -> BoxFuture<'a, Result<()>> {
        let run = member.run.clone();
        Box::pin(self.write(move |sql| match &run {
            Some(run) => leave(sql, run),
            None => Ok(()),
        }))
    }

    fn announce(&self, notice: String) {
        self.tell(|| NodeNotice::Program(notice));
    }

    fn hear(&self) -> BoxFuture<'_, Heard> {
        Box::pin(self.hear_others())
    }

    fn time(&self) -> BoxFuture<'_, Result<Timestamp>> {
        Box::pin(self.read(|sql| sql.now()))
    }

    fn agree(&self, name: &'static str, own: String) -> BoxFuture<'_, Result<String>> {
        Box::pin(self.write(move |sql| {
            let insert = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            sql.change(insert, params![name, own])?;
            Ok(identity::fact(sql, name)?.unwrap_or_else(|| own.clone()))
        }))
    }

    fn run_number(&self) -> BoxFuture<'_, Result<i64>> {
        Box::pin(self.write(|sql| {
            let count = "INSERT INTO meta (key, value) VALUES ('runs', '1')
                 ON CONFLICT (key) DO UPDATE SET
                     value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)
                 RETURNING CAST(value AS BIGINT)";
            sql.one(count, params![], |row| row.get(0))
        }))
    }
}

/// See [`Nodes::beat`].
fn beat(sql: &dyn Sql, member: &mut Member, beat: &Beat) -> Result<Beaten> {
    let run = begin_or_continue(sql, member, &beat.wants)?;
    for key in &beat.given_up {
        give_up(sql, key, &run)?;
    }
    let mut nodes = living(sql, member, beat)?;
    let rows = lease_rows(sql)?;
    let decision = leases::decide(&run, &beat.wants, &nodes, &rows);
    let is_own = |row: &&LeaseRow| row.holder.as_deref() == Some(&run);
    let held = rows.iter().filter(is_own).map(|row| (row.key.clone(), row.number));
    let mut held: Vec<(LeaseKey, i64)> = held.collect();
    for (key, number) in decision.takes {
        held.extend(take(sql, &run, &key, number)?.map(|number| (key, number)));
    }
    nodes.sort_by(|a, b| (&a.name, &a.run).cmp(&(&b.name, &b.run)));
    let nodes = nodes.into_iter().map(|node| line(node, &run, &rows, &held)).collect();
    let lease = |(key, number)| Lease { key, fence: Fence { run: run.clone(), number } };
    let leases = held.into_iter().map(lease).collect();
    Ok(Beaten { leases, excess: decision.excess, nodes, now: sql.now()? })
}

/// Whether there is a node: it lives, or died a moment ago.
pub(super) fn has_node(sql: &dyn Sql) -> Result<bool> {
    sql.one("SELECT EXISTS (SELECT 1 FROM node)", params![], |row| row.get(0))
}

/// Counts the beat of the node's run, or begins a run. Returns the run.
fn begin_or_continue(sql: &dyn Sql, member: &mut Member, wants: &[LeaseKey]) -> Result<String> {
    let wants = leases::wants_digest(wants);
    if let Some(run) = &member.run {
        let update = "UPDATE node SET beat = beat + 1, wants = ?2 WHERE run = ?1";
        if sql.execute(update, params![run, wants])? > 0 {
            return Ok(run.clone());
        }
    }
    let run = random_hex(8)?;
    let insert = "INSERT INTO node (run, name, beat, wants) VALUES (?1, ?2, 1, ?3)";
    sql.execute(insert, params![run, member.name, wants])?;
    member.run = Some(run.clone());
    Ok(run)
}

/// Removes the nodes that are dead, and returns the others.
fn living(sql: &dyn Sql, member: &mut Member, beat: &Beat) -> Result<Vec<NodeRow>> {
    let select = "SELECT run, name, beat, wants FROM node ORDER BY run";
    let mut nodes = sql.rows(select, params![], node_row)?;
    for dead in member.observe(&nodes, beat.running) {
        let delete = "DELETE FROM node WHERE run = ?1 AND beat = ?2";
        if sql.execute(delete, params![dead.run, dead.beat])? > 0 {
            nodes.retain(|node| node.run != dead.run);
        }
    }
    Ok(nodes)
}

fn node_row(row: &Row<'_>) -> Result<NodeRow> {
    Ok(NodeRow { run: row.get(0)?, name: row.get(1)?, beat: row.get(2)?, wants: row.get(3)? })
}

/// All leases. One statement reads whose they are and whether these live: a node that joined since the
/// nodes were read is not taken for dead.
fn lease_rows(sql: &dyn Sql) -> Result<Vec<LeaseRow>> {
    let select = "SELECT lease.kind, lease.name, node.run, lease.fence
         FROM lease LEFT JOIN node ON node.run = lease.run
         ORDER BY lease.kind, lease.name";
    let rows = sql.rows(select, params![], |row| {
        let kind = LeaseKind::from_name(&row.get::<String>(0)?);
        let (name, holder, number) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(kind.map(|kind| LeaseRow { key: LeaseKey { kind, name }, holder, number }))
    })?;
    // A later version may lease what this one does not know.
    Ok(rows.into_iter().flatten().collect())
}

/// Takes a free lease. Returns its number; `None` if another node was faster.
fn take(sql: &dyn Sql, run: &str, key: &LeaseKey, number: Option<i64>) -> Result<Option<i64>> {
    let kind = key.kind.as_str();
    let (changed, number) = match number {
        Some(number) => {
            let update = "UPDATE lease SET run = ?3, fence = fence + 1
                 WHERE kind = ?1 AND name = ?2 AND fence = ?4";
            (sql.execute(update, params![kind, key.name, run, number])?, number.saturating_add(1))
        }
        None => {
            let insert = "INSERT INTO lease (kind, name, run, fence) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT DO NOTHING";
            (sql.execute(insert, params![kind, key.name, run])?, 1)
        }
    };
    Ok((changed > 0).then_some(number))
}

/// Gives up a lease, if the run holds it. Its row keeps the number.
fn give_up(sql: &dyn Sql, key: &LeaseKey, run: &str) -> Result<()> {
    let update = "UPDATE lease SET run = NULL WHERE kind = ?1 AND name = ?2 AND run = ?3";
    sql.change(update, params![key.kind.as_str(), key.name, run])
}

/// See [`Nodes::leave`].
fn leave(sql: &dyn Sql, run: &str) -> Result<()> {
    sql.execute("UPDATE lease SET run = NULL WHERE run = ?1", params![run])?;
    sql.execute("DELETE FROM node WHERE run = ?1", params![run])?;
    Ok(())
}

/// Refuses whoever does not hold this lease any more. Nothing is asked without one: then nobody else can hold it.
pub(super) fn check(sql: &dyn Sql, lease: Option<&Lease>) -> Result<()> {
    let Some(Lease { key, fence }) = lease else {
        return Ok(());
    };
    // Until this transaction ends, nobody takes the lease.
    let lock = sql.share_lock();
    let select =
        format!("SELECT fence FROM lease WHERE kind = ?1 AND name = ?2 AND run = ?3 {lock}");
    let kind = key.kind.as_str();
    match sql.row(&select, params![kind, key.name, fence.run], |row| row.get::<i64>(0))? {
        Some(number) if number == fence.number => Ok(()),
        _ => Err(SpoolError::LeaseLost(key.name.clone())),
    }
}

/// How a list of nodes shows one. `held` are the leases of the run `own` after the beat.
fn line(node: NodeRow, own: &str, rows: &[LeaseRow], held: &[(LeaseKey, i64)]) -> NodeLine {
    let is_channel = |key: &LeaseKey| key.kind == LeaseKind::Channel;
    let channels = match node.run == own {
        true => held.iter().filter(|(key, _)| is_channel(key)).count(),
        false => {
            let its = rows.iter().filter(|row| row.holder.as_deref() == Some(&node.run));
            its.filter(|row| is_channel(&row.key)).count()
        }
    };
    NodeLine { name: node.name, run: node.run, channels: channels as u64 }
}
