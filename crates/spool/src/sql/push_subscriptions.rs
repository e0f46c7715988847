//! Rows of the browsers that get notifications: see [`crate::PushSubscriptions`].

use tipoff_model::{Event, Timestamp};

use super::database::Database;
use super::identity::fact;
use super::spool::SqlSpool;
use super::statement::{Lock, Row, Sql, at, number, params};
use crate::hex::{hex, unhex};
use crate::{
    BoxFuture, PushFilter, PushLimits, PushSubscription, PushSubscriptions, Reader, Result, UserId,
};

/// The key of push services, in the table of facts about the spool.
const KEY: &str = "vapid-key";

const ALL: &str =
    "SELECT id, reader, browser, login, endpoint, p256dh, auth, origin, devices, events, created_at
    FROM push_subscription ORDER BY id";
/// Reads the end of an index of deliveries for each.
const LAST: &str = "SELECT id, (SELECT delivery.ended_at FROM delivery
        WHERE delivery.channel = browser || ' (push ' || push_subscription.id || ')'
            AND delivery.ended_at IS NOT NULL AND delivery.state = 'delivered'
        ORDER BY delivery.ended_at DESC LIMIT 1)
    FROM push_subscription ORDER BY id";

/// The subscriptions of all, and of a reader, but for one of this endpoint.
const COUNT: &str =
    "SELECT count(*), CAST(coalesce(sum(CASE WHEN reader = ?1 THEN 1 ELSE 0 END), 0) AS BIGINT)
    FROM push_subscription WHERE endpoint <> ?2";

impl<D: Database> PushSubscriptions for SqlSpool<D> {
    fn vapid_key(&self, candidate: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(self.write(move |sql| vapid_key(sql, &candidate)))
    }

    fn push_subscriptions(&self) -> BoxFuture<'_, Result<Vec<PushSubscription>>> {
        Box::pin(self.read(|sql| sql.rows(ALL, params![], read)))
    }

    fn last_pushes(&self) -> BoxFuture<'_, Result<Vec<(i64, Timestamp)>>> {
        let last = |row: &Row<'_>| Ok((row.get(0)?, row.get::<Option<i64>>(1)?));
        Box::pin(async move {
            let rows = self.read(move |sql| sql.rows(LAST, params![], last)).await?;
            let known = |(id, at): (i64, Option<i64>)| Some((id, Timestamp::from_ms(at?)));
            Ok(rows.into_iter().filter_map(known).collect())
        })
    }

    fn add_push_subscription(
        &self,
        subscription: PushSubscription,
        limits: PushLimits,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| add(sql, &subscription, limits)))
    }

    fn set_push_filter(&self, id: i64, wanted: PushFilter) -> BoxFuture<'_, Result<bool>> {
        let set = "UPDATE push_subscription SET devices = ?2, events = ?3 WHERE id = ?1";
        Box::pin(self.write(move |sql| {
            let (devices, events) = lists(&wanted);
            Ok(sql.execute(set, params![id, devices, events])? > 0)
        }))
    }

    fn remove_push_subscription(&self, id: i64) -> BoxFuture<'_, Result<bool>> {
        let remove = "DELETE FROM push_subscription WHERE id = ?1";
        Box::pin(self.write(move |sql| Ok(sql.execute(remove, params![id])? > 0)))
    }

    fn hand_over_push_subscriptions(&self, from: i64, to: i64) -> BoxFuture<'_, Result<()>> {
        let hand_over = "UPDATE push_subscription SET login = ?2
            WHERE login = ?1 AND reader = (SELECT 'account/' || account FROM login WHERE id = ?2)";
        Box::pin(self.write(move |sql| sql.change(hand_over, params![from, to])))
    }
}

fn vapid_key(sql: &dyn Sql, candidate: &[u8]) -> Result<Vec<u8>> {
    let add = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    sql.execute(add, params![KEY, hex(candidate)])?;
    let stored = fact(sql, KEY)?.as_deref().and_then(unhex);
    Ok(stored.unwrap_or_else(|| candidate.to_vec()))
}

fn add(sql: &dyn Sql, new: &PushSubscription, limits: PushLimits) -> Result<Option<i64>> {
    // Of two browsers that subscribe at once, the second one counts the first.
    sql.lock(Lock::Accounts)?;
    let PushSubscription { reader, browser, login, endpoint, p256dh, auth, origin, .. } = new;
    let reader = reader.to_string();
    let count = |row: &Row<'_>| Ok((number::<u32>(row, 0)?, number::<u32>(row, 1)?));
    let (all, of_reader) = sql.one(COUNT, params![reader, endpoint], count)?;
    if all >= limits.all || of_reader >= limits.of_reader {
        return Ok(None);
    }
    sql.change("DELETE FROM push_subscription WHERE endpoint = ?1", params![endpoint])?;
    let (devices, events) = lists(&new.wanted);
    let values = params![
        reader,
        browser,
        *login,
        endpoint,
        p256dh,
        auth,
        origin,
        devices,
        events,
        new.created_at.0
    ];
    let add = "INSERT INTO push_subscription
            (reader, browser, login, endpoint, p256dh, auth, origin, devices, events, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    Ok(Some(sql.insert_row(add, values)?))
}

/// Removes the subscriptions of a user; with `login`, all but those of that login.
pub(super) fn end_of(sql: &dyn Sql, user: UserId, except: Option<i64>) -> Result<()> {
    let reader = Reader::Account(user).to_string();
    // No login has the number 0.
    let end = "DELETE FROM push_subscription WHERE reader = ?1 AND coalesce(login, 0) <> ?2";
    sql.change(end, params![reader, except.unwrap_or(-1)])?;
    Ok(())
}

/// Removes the subscriptions that were made in a login.
pub(super) fn end_of_login(sql: &dyn Sql, login: i64) -> Result<()> {
    sql.change("DELETE FROM push_subscription WHERE login = ?1", params![login])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<PushSubscription> {
    let list = |text: String| serde_json::from_str::<Vec<String>>(&text).unwrap_or_default();
    let events = list(row.get(9)?);
    Ok(PushSubscription {
        id: row.get(0)?,
        reader: Reader::parse(&row.get::<String>(1)?),
        browser: row.get(2)?,
        login: row.get(3)?,
        endpoint: row.get(4)?,
        p256dh: row.get(5)?,
        auth: row.get(6)?,
        origin: row.get(7)?,
        wanted: PushFilter {
            devices: list(row.get(8)?),
            events: events.iter().filter_map(|event| Event::from_name(event)).collect(),
        },
        created_at: at(row, 10)?,
    })
}

/// The lists of a filter, as they are stored.
fn lists(wanted: &PushFilter) -> (String, String) {
    let events: Vec<&str> = wanted.events.iter().map(|event| event.as_str()).collect();
    let text = |list: serde_json::Result<String>| list.unwrap_or_default();
    (text(serde_json::to_string(&wanted.devices)), text(serde_json::to_string(&events)))
}
