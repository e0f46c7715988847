//! The disk of the spool: how much may be stored on it, and room for new arrivals.
//!
//! `max_size` bounds all data of Tipoff. While less than `min_free` is free, the oldest incidents are removed at once, but not
//! below a floor: if others fill the disk, removing everything would not help for long. The last half of `min_free` is a
//! reserve for known devices: if even that is used, incidents of strangers are removed below the floor.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tipoff_language::Texts;
use tipoff_model::Device;
use tipoff_spool::{Spool, SpoolError, Usage};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::config::Retention;
use crate::runtime::lock::lock;

/// The default of `max_size` if the bytes are in a bucket, whose size is not known: `keep` is the limit then.
const REMOTE_MAX_SIZE: u64 = 1_000_000_000_000_000;
/// Folders of the data folder with files that can be made again.
const CACHES: [&str; 3] = ["thumbs", "renditions", "video"];
/// A sender waits for room at most this long.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(5);
/// After a sweep did not make enough room, no sender starts another one for this long.
const VAIN_FOR: Duration = Duration::from_secs(10);
/// Shortest time between two errors in the log that the disk is full.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Limit of the announced bytes for which old incidents are removed: a device may announce any size.
const WANTED_MAX: u64 = 1_000_000_000;
/// A sweep removes more than it must, so that not each arrival starts one: a quarter of `min_free`, at most this many bytes.
const SPARE_MAX: u64 = 256_000_000;
/// The floor: one tenth of `max_size` …
const FLOOR_PART: u64 = 10;
/// … at most this many bytes …
const FLOOR_MAX: u64 = 1_000_000_000;
/// … and at most one third of the disk: on a small disk `max_size` may exceed its size.
const FLOOR_DISK_PART: u64 = 3;

/// The limits, and the senders that wait for room. Clones share them.
#[derive(Clone)]
pub(crate) struct Disk(Arc<DiskShared>);

struct DiskShared {
    spool: Arc<dyn Spool>,
    retention: Arc<ArcSwap<Retention>>,
    data_dir: PathBuf,
    /// `max_size` in bytes if the configuration has none.
    default_max: u64,
    /// Notified when a sender waits for room.
    wanted: Notify,
    /// The most bytes that one of them waits for.
    wanted_bytes: AtomicU64,
    /// A known device waits for room that it should have in the reserve.
    reserve_wanted: AtomicBool,
    /// Whether the latest sweep made room for one.
    swept_for_known: AtomicBool,
    /// The number of sweeps: changes with each.
    swept: watch::Sender<u64>,
    in_vain: Mutex<InVain>,
}

/// When sweeps did not make enough room.
#[derive(Default)]
struct InVain {
    /// The latest one for strangers.
    since: Option<Instant>,
    /// The latest one that did not fill the reserve of known devices.
    since_for_known: Option<Instant>,
    /// When that was last logged.
    logged: Option<Instant>,
}

impl InVain {
    /// Whether a sender should not start another sweep yet.
    fn lasts(&self, known: bool) -> bool {
        let since = if known { self.since_for_known } else { self.since };
        since.is_some_and(|since| since.elapsed() < VAIN_FOR)
    }
}

/// The use of the disk, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskState {
    /// Used by incidents.
    pub(crate) usage: Usage,
    /// Used by arrivals that are being received.
    pub(crate) under_way: u64,
    /// Used by the rest of Tipoff's data: the database, thumbnails, renditions.
    pub(crate) others: u64,
    /// Size of the disk.
    pub(crate) size: u64,
    /// Free on the disk.
    pub(crate) free: u64,
    /// The limit of all data of Tipoff.
    pub(crate) max_size: u64,
    /// If less is free, strangers are refused.
    pub(crate) min_free: u64,
    /// Whether the bytes of incidents are elsewhere, so that removing incidents frees nothing on this disk.
    pub(crate) is_remote: bool,
}

impl DiskState {
    /// All data of Tipoff.
    pub(crate) fn used(&self) -> u64 {
        self.usage.bytes.saturating_add(self.under_way).saturating_add(self.others)
    }

    /// The limit of incidents and arrivals under way while a known device waits for the reserve. Everything of strangers is
    /// removed for it, below the floor too.
    fn room_for_known(&self, wanted: u64) -> u64 {
        let needed = reserve(self.min_free).saturating_add(wanted.min(WANTED_MAX));
        if self.free >= needed || self.is_remote {
            return self.room(wanted);
        }
        let lacking = (needed - self.free).saturating_add(self.spare());
        let of_known = self.usage.bytes.saturating_sub(self.usage.of_strangers);
        let least = self.floor().min(of_known);
        let left = self.usage.bytes.saturating_sub(lacking).max(least);
        self.room(wanted).min(left.saturating_add(self.under_way))
    }

    /// The limit of incidents and arrivals under way, while `wanted` bytes are announced.
    fn room(&self, wanted: u64) -> u64 {
        // The other data have limits of their own; incidents always keep half.
        let by_size = self.max_size.saturating_sub(self.others).max(self.max_size / 2);
        let needed = self.min_free.saturating_add(wanted.min(WANTED_MAX));
        if self.free >= needed || self.is_remote {
            return by_size;
        }
        let lacking = (needed - self.free).saturating_add(self.spare());
        let left = self.usage.bytes.saturating_sub(lacking).max(self.floor());
        by_size.min(left.saturating_add(self.under_way))
    }

    fn room_for(&self, wanted: u64, known: bool) -> u64 {
        if known { self.room_for_known(wanted) } else { self.room(wanted) }
    }

    /// The bytes that a sweep removes beyond what it must.
    fn spare(&self) -> u64 {
        (self.min_free / 4).min(SPARE_MAX)
    }

    /// The bytes of incidents that stay, however full others make the disk.
    pub(crate) fn floor(&self) -> u64 {
        (self.max_size / FLOOR_PART).min(FLOOR_MAX).min(self.size / FLOOR_DISK_PART)
    }

    /// Whether less than `min_free` is free. After a sweep this says that others use the disk.
    pub(crate) fn is_filled_by_others(&self) -> bool {
        self.free < self.min_free
    }
}

/// A size in the units of the configuration, in English.
pub(crate) fn size(bytes: u64) -> String {
    size_in(Texts::default(), bytes)
}

/// The same with the decimal mark of a language.
pub(crate) fn size_in(texts: Texts, bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{} GB", texts.tenths(bytes / 100_000_000)),
        1_000_000.. => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} kB", bytes.div_ceil(1_000)),
    }
}

/// The reserve of known devices: the last half of `min_free`.
fn reserve(min_free: u64) -> u64 {
    min_free / 2
}

impl Disk {
    pub(crate) async fn open(
        spool: Arc<dyn Spool>,
        retention: Arc<ArcSwap<Retention>>,
        data_dir: &Path,
    ) -> Result<Self, SpoolError> {
        let kept = spool.usage().await?.bytes;
        let free = spool.blobs().free_bytes().unwrap_or(0);
        let default_max = match spool.blobs().are_remote() {
            // How much a bucket takes is not known: `keep` is the limit.
            true => REMOTE_MAX_SIZE,
            false => Retention::default_max_size(free, kept),
        };
        Ok(Self::new(spool, retention, data_dir, default_max))
    }

    /// Over an empty spool of a test.
    #[cfg(test)]
    pub(crate) fn of_test(
        spool: Arc<dyn Spool>,
        retention: Arc<ArcSwap<Retention>>,
        data_dir: &Path,
    ) -> Self {
        Self::new(spool, retention, data_dir, Retention::default_max_size(0, 0))
    }

    fn new(
        spool: Arc<dyn Spool>,
        retention: Arc<ArcSwap<Retention>>,
        data_dir: &Path,
        default_max: u64,
    ) -> Self {
        let shared = DiskShared {
            spool,
            retention,
            data_dir: data_dir.to_owned(),
            default_max,
            wanted: Notify::new(),
            wanted_bytes: AtomicU64::new(0),
            reserve_wanted: AtomicBool::new(false),
            swept_for_known: AtomicBool::new(false),
            swept: watch::Sender::new(0),
            in_vain: Mutex::default(),
        };
        let disk = Self(Arc::new(shared));
        disk.limit();
        disk
    }

    /// Gives the spool its limits, which the configuration may have changed.
    fn limit(&self) {
        // Commits need room as well, also when every sender is refused.
        self.0.spool.limit(self.max_size(), self.retention().min_free / 4);
    }

    fn retention(&self) -> Retention {
        **self.0.retention.load()
    }

    pub(crate) fn max_size(&self) -> u64 {
        self.retention().max_size.unwrap_or(self.0.default_max)
    }

    fn in_vain(&self) -> MutexGuard<'_, InVain> {
        lock(&self.0.in_vain)
    }

    /// Measures the use of the disk.
    pub(crate) async fn standing(&self) -> Result<DiskState, SpoolError> {
        let spool = &self.0.spool;
        let data_dir = self.0.data_dir.clone();
        let caches = tokio::task::spawn_blocking(move || {
            CACHES.iter().map(|name| folder_bytes(&data_dir.join(name))).sum::<u64>()
        });
        let caches = caches.await.map_err(|_| SpoolError::Closed)?;
        Ok(DiskState {
            usage: spool.usage().await?,
            under_way: spool.blobs().under_way_bytes(),
            others: caches.saturating_add(spool.database_bytes().await?),
            size: spool.blobs().disk_bytes().unwrap_or(u64::MAX),
            free: spool.blobs().free_bytes().unwrap_or(u64::MAX),
            max_size: self.max_size(),
            min_free: self.retention().min_free,
            is_remote: spool.blobs().are_remote(),
        })
    }

    /// Whether the device is known: a person has configured, added or named it. Strangers are refused first.
    pub(crate) fn is_known(&self, device: &Device) -> bool {
        self.0.spool.is_known(device)
    }

    /// Whether there is room now for so many bytes. If the free space is not known, an arrival is accepted: the write itself shows
    /// whether the disk is full.
    fn has_room(&self, bytes: u64, known: bool) -> bool {
        let min_free = self.retention().min_free;
        let least = if known { reserve(min_free) } else { min_free };
        match self.0.spool.blobs().free_bytes() {
            Ok(free) => free >= least.saturating_add(bytes),
            Err(error) => {
                tracing::error!(%error, "The free space of the spool's disk is not known.");
                true
            }
        }
    }

    /// Whether there is room for so many bytes. If there is none, starts a sweep and waits for it, up to a limit.
    pub(crate) async fn make_room(&self, bytes: u64, known: bool) -> bool {
        if self.has_room(bytes, known) {
            // A known device uses the reserve: a sweep fills it again.
            if known && !self.has_room(bytes, false) {
                self.want(bytes);
            }
            return true;
        }
        if known {
            self.0.reserve_wanted.store(true, Ordering::Relaxed);
        }
        if self.in_vain().lasts(known) {
            return false;
        }
        let mut swept = self.0.swept.subscribe();
        self.want(bytes);
        // The first sweep may have begun before.
        let _ = timeout(ROOM_WAIT_MAX, async {
            for _ in 0..2 {
                if swept.changed().await.is_err() || self.has_room(bytes, known) {
                    return;
                }
                self.0.reserve_wanted.fetch_or(known, Ordering::Relaxed);
                self.want(bytes);
            }
        })
        .await;
        self.has_room(bytes, known)
    }

    fn want(&self, bytes: u64) {
        self.0.wanted_bytes.fetch_max(bytes, Ordering::Relaxed);
        self.0.wanted.notify_one();
    }

    /// Waits until a sender waits for room.
    pub(crate) async fn wanted(&self) {
        self.0.wanted.notified().await;
    }

    /// The limit of incidents now, in bytes; and whether the disk is so full that files that can be made again are removed first.
    pub(crate) async fn room(&self) -> Result<(u64, bool), SpoolError> {
        self.limit();
        let wanted = self.0.wanted_bytes.swap(0, Ordering::Relaxed);
        let for_known = self.0.reserve_wanted.swap(false, Ordering::Relaxed);
        self.0.swept_for_known.store(for_known, Ordering::Relaxed);
        let standing = self.standing().await?;
        Ok((standing.room_for(wanted, for_known), standing.free < standing.min_free))
    }

    /// The limit of incidents after files that can be made again were removed.
    pub(crate) async fn room_after(&self) -> Result<u64, SpoolError> {
        let for_known = self.0.swept_for_known.load(Ordering::Relaxed);
        let wanted = self.0.wanted_bytes.swap(0, Ordering::Relaxed);
        Ok(self.standing().await?.room_for(wanted, for_known))
    }

    /// Reports the end of a sweep: the senders that wait look again. A sweep that did not help is logged, because only a person can
    /// make room then.
    pub(crate) async fn swept(&self) {
        if let Ok(standing) = self.standing().await {
            let is_vain = standing.is_filled_by_others();
            let mut in_vain = self.in_vain();
            in_vain.since = is_vain.then(Instant::now);
            let has_reserve = standing.free >= reserve(standing.min_free);
            if has_reserve || self.0.swept_for_known.load(Ordering::Relaxed) {
                in_vain.since_for_known = (!has_reserve).then(Instant::now);
            }
            if is_vain && in_vain.logged.is_none_or(|logged| logged.elapsed() >= LOG_EVERY) {
                in_vain.logged = Some(Instant::now());
                tracing::error!(
                    free = size(standing.free),
                    min_free = size(standing.min_free),
                    kept = size(standing.usage.bytes),
                    "The disk is full, and not by what Tipoff may remove: the newest incidents, locked ones and \
                     what is being received stay. Make room on the disk of the data folder.",
                );
            }
        }
        self.0.swept.send_modify(|number| *number = number.wrapping_add(1));
    }
}

/// The bytes of the files in a folder and in its folders: caches have one level of folders. Blocks.
fn folder_bytes(folder: &Path) -> u64 {
    let inside = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sum: u64 = 0;
    for entry in inside(folder) {
        let Ok(metadata) = entry.metadata() else { continue };
        sum += match metadata.is_dir() {
            true => {
                inside(&entry.path()).filter_map(|it| it.metadata().ok()).map(|it| it.len()).sum()
            }
            false => metadata.len(),
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn standing(kept: u64, free: u64) -> DiskState {
        DiskState {
            usage: Usage { bytes: kept, ..Usage::default() },
            others: GB / 10,
            size: 100 * GB,
            free,
            max_size: 20 * GB,
            min_free: GB / 5,
            ..DiskState::default()
        }
    }

    #[test]
    fn room_is_made_for_what_comes_but_not_below_the_floor() {
        let by_size = 20 * GB - GB / 10;
        assert_eq!(standing(9 * GB, GB).room(0), by_size);
        assert_eq!(standing(9 * GB, GB / 5).room(0), by_size, "just enough");
        // 100 MB lack, and 50 MB are spare.
        assert_eq!(standing(9 * GB, GB / 10).room(0), 9 * GB - GB * 3 / 20);
        assert_eq!(standing(9 * GB, GB / 5).room(GB / 10), 9 * GB - GB * 3 / 20);
        assert_eq!(standing(9 * GB, 0).room(u64::MAX), 9 * GB - GB * 5 / 4, "not for any size");
        assert_eq!(standing(GB + GB / 10, 0).room(0), GB, "others fill the disk");
        assert_eq!(standing(GB / 2, 0).room(0), GB, "nothing goes");
        // Of a small disk `max_size` may say more than there is.
        let small = DiskState { size: GB / 3, others: 0, min_free: GB / 20, ..standing(GB / 4, 0) };
        assert!(small.room(0) < GB / 4);
    }

    #[test]
    fn below_the_reserve_nothing_of_strangers_is_kept_for_the_floor() {
        // 100 MB of the reserve lack, and 50 MB are spare.
        let of = |kept, of_strangers| {
            let usage = Usage { bytes: kept, of_strangers, ..Usage::default() };
            DiskState { usage, ..standing(0, 0) }.room_for_known(0)
        };
        assert_eq!(of(GB, GB), GB - GB * 3 / 20, "below the floor");
        assert_eq!(of(GB, GB / 10), GB - GB / 10, "but what known devices sent stays");
        assert_eq!(of(9 * GB, GB), 9 * GB - GB * 5 / 20);
        assert_eq!(standing(GB, GB).room_for_known(0), 20 * GB - GB / 10, "there is room");
    }

    #[test]
    fn what_is_under_way_is_no_reason_to_go_below_the_floor() {
        let full = DiskState { under_way: 3 * GB, ..standing(GB, 0) };
        assert_eq!(full.room(0), 4 * GB);
    }

    #[test]
    fn a_size_is_in_the_units_of_the_configuration() {
        for (bytes, expected) in [(3 * GB + GB / 10, "3.1 GB"), (GB / 50, "20 MB"), (1_500, "2 kB")]
        {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn a_full_disk_is_no_reason_to_remove_what_is_in_a_bucket() {
        let remote = DiskState { is_remote: true, ..standing(9 * GB, 0) };
        assert_eq!(
            (remote.room(GB), remote.room_for_known(GB)),
            (20 * GB - GB / 10, 20 * GB - GB / 10)
        );
    }

    #[test]
    fn caches_leave_half_of_the_room() {
        let cached = DiskState { others: 19 * GB, ..standing(0, 100 * GB) };
        assert_eq!(cached.room(0), 10 * GB);
    }
}
