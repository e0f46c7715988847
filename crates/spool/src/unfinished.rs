//! Uploads that a crash cut off. Their bytes were never acknowledged (docs/spool.md, A2), but the device may ask how
//! many there are and go on behind them, for a day.
//!
//! A journal names what is being uploaded: the blob, whose view it stands in, and its path there. It is written
//! without a sync: after a power cut the bytes are not certain either. So it counts in the same boot only.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_model::{BlobName, Timestamp};

/// What a crash cut off is kept for so long.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// Number of uploads that are kept so, the latest ones.
const UNFINISHED_MAX: usize = 1_000;
/// Size of the journal in bytes from which it is written anew, without what has ended.
const JOURNAL_BYTES_MAX: usize = 256 * 1024;
/// A journal that is larger, in bytes, is not read.
const JOURNAL_READ_MAX: u64 = 16 * 1024 * 1024;
/// The random name of this boot (Linux: random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// An upload that a crash cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its number, as long as this program runs.
    pub number: i64,
    /// The path in the device's view, as the device wrote it.
    pub path: Vec<u8>,
    /// Where its bytes are.
    pub blob: BlobName,
    /// Size in bytes.
    pub size: u64,
    /// When its last byte came.
    pub received_at: Timestamp,
    /// Whose view it stands in.
    tree: String,
}

/// The journal of this run, and what earlier runs left.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    bytes: usize,
    /// Whether a line could not be written.
    has_failed: bool,
    /// The lines of what is being uploaded.
    lines: HashMap<BlobName, String>,
    found: BTreeMap<i64, Unfinished>,
}

impl Journal {
    /// Reads what earlier runs left, and begins the journal of this one. `is_named` tells whether an arrival has the
    /// blob. `None`: nothing tells whether the machine has started anew since.
    pub(crate) fn open(
        path: &Path,
        blobs: &Path,
        is_named: impl Fn(&BlobName) -> bool,
    ) -> io::Result<Option<Self>> {
        let Ok(boot) = fs::read_to_string(BOOT_ID) else { return Ok(None) };
        let found = read(path, boot.trim(), blobs, is_named);
        let file = begin(path, boot.trim(), found.values().map(line_of))?;
        let state = State { file, bytes: 0, has_failed: false, lines: HashMap::new(), found };
        Ok(Some(Self { path: path.to_owned(), state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names an upload that begins. It counts until the note is dropped.
    pub(crate) fn note(self: &Arc<Self>, blob: &BlobName, tree: &str, path: &[u8]) -> Note {
        let line = line(blob, tree, path);
        let mut state = self.state();
        state.bytes += line.len();
        if let Err(error) = state.file.write_all(line.as_bytes()) {
            // Uploads go on; only a crash would cost more.
            if !std::mem::replace(&mut state.has_failed, true) {
                tracing::warn!(%error, "The journal of uploads cannot be written.");
            }
        }
        state.lines.insert(blob.clone(), line);
        if state.bytes > JOURNAL_BYTES_MAX {
            self.write_anew(&mut state);
        }
        Note { journal: Arc::clone(self), blob: blob.clone() }
    }

    fn write_anew(&self, state: &mut State) {
        state.bytes = 0;
        let Ok(boot) = fs::read_to_string(BOOT_ID) else { return };
        let lines = state.lines.values().cloned().chain(state.found.values().map(line_of));
        match begin(&self.path, boot.trim(), lines) {
            Ok(file) => state.file = file,
            Err(error) => tracing::warn!(%error, "The journal of uploads cannot be written anew."),
        }
    }

    /// What a crash cut off in a view.
    pub(crate) fn of_tree(&self, tree: &str) -> Vec<Unfinished> {
        self.state().found.values().filter(|unfinished| unfinished.tree == tree).cloned().collect()
    }

    /// One of them; `None` if somebody went on with it, or it is too old.
    pub(crate) fn find(&self, number: i64) -> Option<Unfinished> {
        self.state().found.get(&number).cloned()
    }

    /// Takes it, to go on with it.
    pub(crate) fn take(&self, number: i64) -> Option<Unfinished> {
        self.state().found.remove(&number)
    }

    /// Whether a blob is one of them.
    pub(crate) fn holds(&self, blob: &BlobName) -> bool {
        let state = self.state();
        state.lines.contains_key(blob) || state.found.values().any(|found| found.blob == *blob)
    }

    /// Takes those that are too old; their blobs.
    pub(crate) fn take_old(&self, now: Timestamp) -> Vec<BlobName> {
        let mut state = self.state();
        let (kept, old) = std::mem::take(&mut state.found)
            .into_iter()
            .partition(|(_, unfinished)| is_kept(unfinished.received_at, now));
        state.found = kept;
        let old: BTreeMap<i64, Unfinished> = old;
        old.into_values().map(|unfinished| unfinished.blob).collect()
    }
}

fn is_kept(received_at: Timestamp, now: Timestamp) -> bool {
    now.since(received_at) <= KEPT_FOR
}

/// The line of an upload that is under way.
#[derive(Debug)]
pub(crate) struct Note {
    journal: Arc<Journal>,
    blob: BlobName,
}

impl Drop for Note {
    fn drop(&mut self) {
        self.journal.state().lines.remove(&self.blob);
    }
}

/// What an earlier run left. A journal that cannot be read, or of another boot, left nothing.
fn read(
    path: &Path,
    boot: &str,
    blobs: &Path,
    is_named: impl Fn(&BlobName) -> bool,
) -> BTreeMap<i64, Unfinished> {
    let is_small = path.metadata().is_ok_and(|file| file.len() <= JOURNAL_READ_MAX);
    let text = if is_small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let Some((head, lines)) = text.split_once('\n') else { return BTreeMap::new() };
    if head != boot {
        return BTreeMap::new();
    }
    let now = Timestamp::from(SystemTime::now());
    let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
    // The latest line of a blob counts.
    let mut seen = HashMap::new();
    for (number, line) in (1_i64..).zip(whole.lines().rev()) {
        let Some(unfinished) = parse(line, number, blobs) else { continue };
        if is_kept(unfinished.received_at, now)
            && !seen.contains_key(&unfinished.blob)
            && !is_named(&unfinished.blob)
        {
            seen.insert(unfinished.blob.clone(), unfinished);
        }
        if seen.len() >= UNFINISHED_MAX {
            break;
        }
    }
    seen.into_values().map(|unfinished| (unfinished.number, unfinished)).collect()
}

fn parse(line: &str, number: i64, blobs: &Path) -> Option<Unfinished> {
    let mut parts = line.split('\t');
    let (blob, tree, path) = (parts.next()?, parts.next()?, parts.next()?);
    let blob = BlobName(blob.to_owned());
    let file = blobs.join(&blob.0).metadata().ok()?;
    let received_at = Timestamp::from(file.modified().ok()?);
    let tree = String::from_utf8(bytes_of(tree)?).ok()?;
    let (path, size) = (bytes_of(path)?, file.len());
    (size > 0).then_some(Unfinished { number, path, blob, size, received_at, tree })
}

/// Writes a journal with these lines in place of the one before.
fn begin(path: &Path, boot: &str, lines: impl Iterator<Item = String>) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
    let text: String = [format!("{boot}\n")].into_iter().chain(lines).collect();
    file.write_all(text.as_bytes())?;
    fs::rename(&beside, path)?;
    Ok(file)
}

fn line_of(unfinished: &Unfinished) -> String {
    line(&unfinished.blob, &unfinished.tree, &unfinished.path)
}

fn line(blob: &BlobName, tree: &str, path: &[u8]) -> String {
    format!("{}\t{}\t{}\n", blob.0, hex(tree.as_bytes()), hex(path))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = hex.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}
