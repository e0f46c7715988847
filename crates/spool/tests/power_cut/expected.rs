//! What a spool must hold after a cut, by the marks that the recorded program had written until then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use tipoff_model::{ArrivalId, BlobName, DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{Incidents, Spool, SqliteSpool};

use crate::workload::{self, CHANNELS};

/// Longer than anything waits in the recorded program.
const LATER: Timestamp = Timestamp::from_ms(4_000_000_000_000);
/// The latest arrivals are looked for in every state, of the others one in so many.
const LATEST: usize = 10;
const PARTS: usize = 8;

/// What the recorded program has begun, or has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Stored { arrival: ArrivalId, incident: IncidentId, blob: BlobName, size: u64 },
    Growing { arrival: ArrivalId },
    Grown { arrival: ArrivalId, size: u64 },
    Renaming { arrival: ArrivalId },
    Renamed { arrival: ArrivalId },
    Delivering { delivery: DeliveryId },
    Delivered { delivery: DeliveryId },
    Sweeping,
    Swept { left: Vec<IncidentId> },
}

impl Mark {
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Stored { arrival, incident, blob, size } => {
                format!("stored {} {} {blob} {size}", arrival.0, incident.0)
            }
            Self::Growing { arrival } => format!("growing {}", arrival.0),
            Self::Grown { arrival, size } => format!("grown {} {size}", arrival.0),
            Self::Renaming { arrival } => format!("renaming {}", arrival.0),
            Self::Renamed { arrival } => format!("renamed {}", arrival.0),
            Self::Delivering { delivery } => format!("delivering {}", delivery.0),
            Self::Delivered { delivery } => format!("delivered {}", delivery.0),
            Self::Sweeping => "sweeping".to_owned(),
            Self::Swept { left } => left.iter().fold("swept".to_owned(), |mut text, incident| {
                text.push_str(&format!(" {}", incident.0));
                text
            }),
        }
    }

    pub(crate) fn read(text: &[u8]) -> Self {
        let text = std::str::from_utf8(text).unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        let number = |index: usize| words[index].parse::<i64>().unwrap();
        let arrival = || ArrivalId(number(1));
        match words[0] {
            "stored" => Self::Stored {
                arrival: arrival(),
                incident: IncidentId(number(2)),
                blob: BlobName(words[3].to_owned()),
                size: number(4) as u64,
            },
            "growing" => Self::Growing { arrival: arrival() },
            "grown" => Self::Grown { arrival: arrival(), size: number(2) as u64 },
            "renaming" => Self::Renaming { arrival: arrival() },
            "renamed" => Self::Renamed { arrival: arrival() },
            "delivering" => Self::Delivering { delivery: DeliveryId(number(1)) },
            "delivered" => Self::Delivered { delivery: DeliveryId(number(1)) },
            "sweeping" => Self::Sweeping,
            "swept" => Self::Swept {
                left: (1..words.len()).map(|index| IncidentId(number(index))).collect(),
            },
            _ => panic!("an unknown mark: {text}"),
        }
    }
}

/// The bytes of a blob of this name.
pub(crate) fn bytes_of(blob: &BlobName, size: u64) -> Vec<u8> {
    let mut state =
        blob.0.bytes().fold(7_u64, |state, byte| state * 31 % 1_000_003 + u64::from(byte));
    let next = |_| {
        state = state * 48_271 % 0x7fff_ffff;
        // Never zero: zeros are what a cut may leave.
        (state % 255 + 1) as u8
    };
    (0..size).map(next).collect()
}

struct Kept {
    incident: IncidentId,
    blob: BlobName,
    size: u64,
    is_growing: bool,
    renamed: Option<bool>,
}

/// All that was acknowledged.
#[derive(Default)]
pub(crate) struct Expected {
    arrivals: BTreeMap<ArrivalId, Kept>,
    delivering: BTreeSet<DeliveryId>,
    delivered: BTreeSet<DeliveryId>,
    is_sweeping: bool,
}

impl Expected {
    pub(crate) fn note(&mut self, mark: &Mark) {
        let arrivals = &mut self.arrivals;
        match mark.clone() {
            Mark::Stored { arrival, incident, blob, size } => {
                let kept = Kept { incident, blob, size, is_growing: false, renamed: None };
                arrivals.insert(arrival, kept);
            }
            Mark::Growing { arrival } => arrivals.get_mut(&arrival).unwrap().is_growing = true,
            Mark::Grown { arrival, size } => {
                let kept = arrivals.get_mut(&arrival).unwrap();
                (kept.size, kept.is_growing) = (size, false);
            }
            Mark::Renaming { arrival } => arrivals.get_mut(&arrival).unwrap().renamed = Some(false),
            Mark::Renamed { arrival } => arrivals.get_mut(&arrival).unwrap().renamed = Some(true),
            Mark::Delivering { delivery } => drop(self.delivering.insert(delivery)),
            Mark::Delivered { delivery } => drop(self.delivered.insert(delivery)),
            Mark::Sweeping => self.is_sweeping = true,
            Mark::Swept { left } => {
                arrivals.retain(|_, kept| left.contains(&kept.incident));
                self.is_sweeping = false;
            }
        }
    }

    /// Opens the spool and looks for what was acknowledged: for all of it or, in the state with this
    /// number, for the latest and a part of the rest.
    pub(crate) async fn check(&self, data: &Path, state: Option<usize>) -> Result<(), String> {
        let spool = workload::open(data).map_err(|error| format!("it does not open: {error}"))?;
        // What no row names goes at a start: nothing acknowledged may be among it.
        spool.sweep_orphans().await.map_err(|error| error.to_string())?;
        for (place, (arrival, kept)) in self.arrivals.iter().rev().enumerate() {
            if state.is_some_and(|state| place >= LATEST && (place + state) % PARTS != 0) {
                continue;
            }
            match self.check_arrival(&spool, *arrival, kept).await {
                Err(error) if !self.is_sweeping => {
                    return Err(format!("arrival {arrival}: {error}"));
                }
                _ => {}
            }
        }
        self.check_it_works(&spool).await
    }

    async fn check_arrival(
        &self,
        spool: &SqliteSpool,
        id: ArrivalId,
        kept: &Kept,
    ) -> Result<(), String> {
        let detail = spool.incident(kept.incident).await.map_err(|error| error.to_string())?;
        let arrival = detail.arrivals.iter().find(|arrival| arrival.id == id);
        let arrival = arrival.ok_or("it is not in its incident")?;
        let is_its_size = arrival.blob.size == kept.size;
        if arrival.blob.name != kept.blob || !(is_its_size || kept.is_growing) {
            return Err(format!("its blob is {:?}", arrival.blob));
        }
        let size = arrival.blob.size.max(kept.size);
        let bytes =
            fs::read(spool.blobs().path(&kept.blob).unwrap()).map_err(|error| error.to_string())?;
        if bytes.get(..size as usize) != Some(&bytes_of(&kept.blob, size)) {
            return Err(format!("its bytes are others; {} of {size}", bytes.len()));
        }
        let is_renamed = arrival.envelope.path.as_deref() == Some("/last.jpg");
        if kept.renamed == Some(true) && !is_renamed || kept.renamed.is_none() && is_renamed {
            return Err(format!("its name is {:?}", arrival.envelope.path));
        }
        for channel in CHANNELS {
            let mut deliveries = detail.deliveries.iter().filter(|it| it.channel == channel);
            if !deliveries.any(|it| self.is_right(it.id, it.state)) {
                return Err(format!("no delivery to {channel} is as it should be"));
            }
        }
        Ok(())
    }

    fn is_right(&self, id: DeliveryId, state: DeliveryState) -> bool {
        match state {
            DeliveryState::Pending => !self.delivered.contains(&id),
            DeliveryState::Delivered => self.delivering.contains(&id),
            _ => false,
        }
    }

    /// What is pending is due, no row lacks its blob, and the spool stores what comes next.
    async fn check_it_works(&self, spool: &SqliteSpool) -> Result<(), String> {
        let latest = spool.incidents(&Default::default(), LATEST as u32).await;
        for line in latest.map_err(|it| it.to_string())? {
            let detail = spool.incident(line.id).await.map_err(|it| it.to_string())?;
            for blob in detail.arrivals.iter().map(|arrival| &arrival.blob) {
                let size = fs::metadata(spool.blobs().path(&blob.name).unwrap())
                    .map_or(0, |file| file.len());
                if size < blob.size {
                    return Err(format!("{blob:?} is named by a row and has {size} bytes"));
                }
            }
        }
        let due = spool.due(CHANNELS[1], LATER, 1, &[]).await.map_err(|it| it.to_string())?;
        if due.deliveries.is_empty() && !self.arrivals.is_empty() {
            return Err("nothing is due".to_owned());
        }
        let mute = spool.mute_until(LATER, LATER.before(Duration::from_secs(1)));
        mute.await.map_err(|error| format!("it cannot be written to: {error}"))
    }
}
