//! The rows of deliveries that were made before: read for the decisions of [`crate::core::delivery`] and
//! [`crate::core::uploads`], and written back. Readers filter only by what an index finds; the decisions look at the
//! rest.

use tipoff_model::{AlertKind, ArrivalId, DeliveryState, IncidentId, Timestamp};

use super::statement::{Row, Sql, Value, at, number, params};
use crate::Result;
use crate::core::delivery::Delivery;

/// What every reader here selects, in the order of [`read`].
macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, channel, kind, state, created_at, due_at, ended_at, attempts, progress, reference
             FROM delivery WHERE ",
            $where,
            " ORDER BY id"
        )
    };
}

/// One delivery. `None`: its incident was removed.
pub(super) fn one(sql: &dyn Sql, delivery: i64) -> Result<Option<Delivery>> {
    sql.row(select!("id = ?1"), params![delivery], read)
}

/// All deliveries of an incident.
pub(super) fn of_incident(sql: &dyn Sql, incident: IncidentId) -> Result<Vec<Delivery>> {
    all(sql, select!("incident = ?1"), params![incident.0])
}

/// The pending deliveries of a channel that cover an arrival.
pub(super) fn covering(sql: &dyn Sql, arrival: ArrivalId, channel: &str) -> Result<Vec<Delivery>> {
    let select = select!(
        "channel = ?2 AND state = 'pending'
         AND id IN (SELECT delivery FROM delivery_arrival WHERE arrival = ?1)"
    );
    all(sql, select, params![arrival.0, channel])
}

/// The pending deliveries that were attempted before.
pub(super) fn attempted(sql: &dyn Sql) -> Result<Vec<Delivery>> {
    all(sql, select!("state = 'pending' AND attempts > 0"), params![])
}

fn all(sql: &dyn Sql, select: &str, values: &[Value<'_>]) -> Result<Vec<Delivery>> {
    sql.rows(select, values, read)
}

fn read(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        channel: row.get(1)?,
        kind: kind(row, 2)?,
        state: state(row, 3)?,
        created_at: at(row, 4)?,
        due_at: at(row, 5)?,
        ended_at: row.get::<Option<i64>>(6)?.map(Timestamp),
        attempts: number(row, 7)?,
        progress: number(row, 8)?,
        reference: row.get(9)?,
    })
}

/// A kind of delivery. A name that this version does not know is that of a follow-up.
pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<AlertKind> {
    let name: String = row.get(column)?;
    let known = AlertKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
    Ok(known.unwrap_or(AlertKind::FollowUp))
}

/// A state of a delivery. A name that this version does not know is that of one that waits.
pub(super) fn state(row: &Row<'_>, column: usize) -> Result<DeliveryState> {
    let name: String = row.get(column)?;
    let known = DeliveryState::ALL.iter().copied().find(|state| state.as_str() == name);
    Ok(known.unwrap_or(DeliveryState::Pending))
}

/// Writes what has become of a delivery. Its channel, kind and incident never change.
pub(super) fn write(sql: &dyn Sql, delivery: &Delivery) -> Result<()> {
    let Delivery { id, state, created_at, due_at, ended_at, attempts, progress, reference, .. } =
        delivery;
    sql.change(
        "UPDATE delivery SET state = ?2, created_at = ?3, due_at = ?4, ended_at = ?5, attempts = ?6,
                progress = ?7, reference = ?8
         WHERE id = ?1",
        params![
            id,
            state.as_str(),
            created_at.0,
            due_at.0,
            ended_at.map(|at| at.0),
            attempts,
            progress,
            reference,
        ],
    )?;
    Ok(())
}

/// Writes the changed deliveries among those of an incident; returns their channels.
pub(super) fn change(
    sql: &dyn Sql,
    incident: IncidentId,
    change: impl Fn(Delivery) -> Option<Delivery>,
) -> Result<Vec<String>> {
    let changed = of_incident(sql, incident)?.into_iter().filter_map(change);
    changed.map(|delivery| write(sql, &delivery).map(|()| delivery.channel)).collect()
}

/// Writes when a delivery is due.
pub(super) fn set_due(sql: &dyn Sql, delivery: i64, due_at: Timestamp) -> Result<()> {
    let update = "UPDATE delivery SET due_at = ?2 WHERE id = ?1";
    sql.change(update, params![delivery, due_at.0])?;
    Ok(())
}

/// Notes that a delivery covers an arrival.
pub(super) fn cover(sql: &dyn Sql, delivery: i64, arrival: ArrivalId) -> Result<()> {
    sql.change(
        "INSERT INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![delivery, arrival.0],
    )?;
    Ok(())
}
