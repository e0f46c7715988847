//! Rows of devices: read at once with their recorders, where an arrival is resolved, an upload goes on, or a notice is
//! made.

use tipoff_model::{Device, DeviceKey, Timestamp};

use super::statement::{Row, Sql, Value, at, params};
use crate::Result;
use crate::core::device_by_address::{self, Seen};
use crate::core::eviction::Root;
use crate::core::turn_place::DevicePlace;

/// A device and, if it is a channel, its recorder.
#[derive(Clone, Debug)]
pub(super) struct DeviceRow {
    pub(super) own: OwnRow,
    pub(super) recorder: Option<OwnRow>,
    /// The address that it was discovered at.
    place: Option<String>,
    /// Whether it has proven its login once.
    pub(super) is_proven: bool,
    /// Up to two of its channels.
    channels: [Option<i64>; 2],
}

/// What a row says of its device alone.
#[derive(Clone, Debug)]
pub(super) struct OwnRow {
    pub(super) id: i64,
    key: String,
    name: String,
    distinct_name: Option<String>,
    /// The name that somebody gave it.
    label: Option<String>,
    pub(super) last_at: Option<Timestamp>,
    pub(super) muted_until: Option<Timestamp>,
}

/// Selects a [`DeviceRow`] from tables of which one is `device`, and more columns behind it.
macro_rules! select {
    ($more:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT device.id, device.key, device.name, device.distinct_name, device.label,
                    device.last_at, device.muted_until,
                    recorder.id, recorder.key, recorder.name, recorder.distinct_name, recorder.label,
                    recorder.last_at, recorder.muted_until,
                    device.place, device.proven,
                    (SELECT id FROM device AS channel
                     WHERE channel.recorder = device.id AND channel.merged_into IS NULL LIMIT 1),
                    (SELECT id FROM device AS channel
                     WHERE channel.recorder = device.id AND channel.merged_into IS NULL
                     LIMIT 1 OFFSET 1)",
            $more,
            " FROM ",
            $from,
            " LEFT JOIN device AS recorder ON recorder.id = device.recorder WHERE ",
            $where
        )
    };
}

/// The columns of a [`DeviceRow`].
const COLUMNS: usize = 18;

/// The device of this number. `None` if there is none.
pub(super) fn by_id(sql: &dyn Sql, id: i64) -> Result<Option<DeviceRow>> {
    one(sql, select!("", "device", "device.id = ?1"), params![id])
}

/// The device of this key, or the one that it was merged into.
pub(super) fn by_key(sql: &dyn Sql, key: &str) -> Result<Option<DeviceRow>> {
    let select = select!(
        "",
        "device AS named JOIN device ON device.id = coalesce(named.merged_into, named.id)",
        "named.key = ?1"
    );
    one(sql, select, params![key])
}

/// The device that was seen at this address before, by this protocol and with this key.
pub(super) fn seen(
    sql: &dyn Sql,
    address: &str,
    protocol: &str,
    key: &str,
) -> Result<Option<(Seen, DeviceRow)>> {
    let select = select!(
        ", heard.last_at",
        "heard JOIN device ON device.id = heard.device",
        "heard.place = ?1 AND heard.protocol = ?2 AND heard.told = ?3"
    );
    sql.row(select, params![address, protocol, key], |row| {
        let device = read_row(row)?;
        Ok((Seen { device: device.own.id, noted_at: at(row, COLUMNS)? }, device))
    })
}

/// The device of this row with its recorder, as rules know it. `None` if there is none.
pub(super) fn read(sql: &dyn Sql, id: i64) -> Result<Option<Device>> {
    Ok(by_id(sql, id)?.map(|row| row.device()))
}

fn one(sql: &dyn Sql, select: &str, values: &[Value<'_>]) -> Result<Option<DeviceRow>> {
    sql.row(select, values, read_row)
}

fn read_row(row: &Row<'_>) -> Result<DeviceRow> {
    let is_channel = row.get::<Option<i64>>(7)?.is_some();
    Ok(DeviceRow {
        own: OwnRow::read(row, 0)?,
        recorder: if is_channel { Some(OwnRow::read(row, 7)?) } else { None },
        place: row.get(14)?,
        is_proven: row.get(15)?,
        channels: [row.get(16)?, row.get(17)?],
    })
}

impl OwnRow {
    /// Reads the columns from `first` on.
    fn read(row: &Row<'_>, first: usize) -> Result<Self> {
        let time =
            |column| Ok::<_, crate::SpoolError>(row.get::<Option<i64>>(column)?.map(Timestamp));
        Ok(Self {
            id: row.get(first)?,
            key: row.get(first + 1)?,
            name: row.get(first + 2)?,
            distinct_name: row.get(first + 3)?,
            label: row.get(first + 4)?,
            last_at: time(first + 5)?,
            muted_until: time(first + 6)?,
        })
    }

    /// The device without its recorder.
    pub(super) fn device(&self) -> Device {
        Device {
            key: self.key.clone(),
            name: self.label.as_ref().unwrap_or(&self.name).clone(),
            distinct_name: self.distinct_name.clone(),
            ..Device::default()
        }
    }

    /// Whether somebody named it.
    pub(super) fn is_labelled(&self) -> bool {
        self.label.is_some()
    }
}

impl DeviceRow {
    /// The device with its recorder, as rules know it.
    pub(super) fn device(&self) -> Device {
        let recorder = self.recorder.as_ref().map(|recorder| Box::new(recorder.device()));
        Device { recorder, ..self.own.device() }
    }

    /// The rows of the device and its recorder.
    pub(super) fn with_recorder(&self) -> impl Iterator<Item = &OwnRow> {
        std::iter::once(&self.own).chain(&self.recorder)
    }

    /// Its channel, if it has one and no other.
    pub(super) fn only_channel(&self) -> Option<i64> {
        let channels: Vec<i64> = self.channels.into_iter().flatten().collect();
        device_by_address::only_channel(&channels)
    }

    /// The device, or the recorder that it is a channel of.
    pub(super) fn root(&self) -> Root {
        let root = self.recorder.as_ref().unwrap_or(&self.own);
        Root { id: root.id, key: DeviceKey::parse(&root.key), is_named: self.is_named() }
    }

    /// What decides where it stands in the queues.
    pub(super) fn place(&self) -> DevicePlace {
        let recorder = self.recorder.as_ref();
        DevicePlace {
            device: self.own.id,
            recorder: recorder.map(|recorder| recorder.id),
            is_named: self.is_named(),
            address: self.place.clone(),
        }
    }

    /// Whether somebody named it or its recorder.
    fn is_named(&self) -> bool {
        self.with_recorder().any(OwnRow::is_labelled)
    }
}
