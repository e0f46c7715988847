//! Uploads that a crash cut off. Their bytes were never acknowledged (docs/spool.md, A2), but the device may ask how
//! many there are and go on behind them, for a day.
//!
//! A journal names what is being uploaded: the blob, whose view it stands in, and its path there. It is written
//! without a sync: after a power cut the bytes are not certain either. So it counts in the same boot only.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_model::{BlobName, Timestamp};

use crate::hex::{hex, unhex};

/// Time for which an upload that a crash cut off is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// Number of such uploads that are kept, the latest ones.
const UNFINISHED_MAX: usize = 1_000;
/// Size of the journal, in bytes, beyond which it is written anew, without what has ended.
const JOURNAL_BYTES_MAX: usize = 256 * 1024;
/// A larger journal, in bytes, is damaged and not read.
const JOURNAL_READ_MAX: u64 = 16 * 1024 * 1024;
/// The random name of this boot (Linux: random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// An upload that a crash cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Number of the upload, which is the same as long as this program runs.
    pub number: i64,
    /// The path in the device's view, as the device wrote it.
    pub path: Vec<u8>,
    /// The blob that has its bytes.
    pub blob: BlobName,
    /// Size in bytes.
    pub size: u64,
    /// When its last byte was received.
    pub received_at: Timestamp,
    /// Owner of the view that it is in.
    tree: String,
}

/// The journal of this run, and the uploads that earlier runs left.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Bytes that were written since the journal was written anew.
    bytes: usize,
    /// Whether a line could not be written: this is logged once.
    has_failed: bool,
    /// The lines of uploads that are under way.
    lines: HashMap<BlobName, String>,
    /// What earlier runs left, by number.
    found: BTreeMap<i64, Unfinished>,
}

impl Journal {
    /// Reads what earlier runs left, and begins the journal of this one. `is_named` says whether an arrival has the
    /// blob. `None` where the system has no name for its boot, so that a restart of the machine cannot be noticed.
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

    /// Notes an upload that begins. It counts as under way until the note is dropped.
    pub(crate) fn note(self: &Arc<Self>, blob: &BlobName, tree: &str, path: &[u8]) -> Note {
        let line = line(blob, tree, path);
        let mut state = self.state();
        state.bytes += line.len();
        if let Err(error) = state.file.write_all(line.as_bytes()) {
            // Uploads go on: the journal only matters after a crash.
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

    /// The uploads of a view that a crash cut off.
    pub(crate) fn of_tree(&self, tree: &str) -> Vec<Unfinished> {
        self.state().found.values().filter(|unfinished| unfinished.tree == tree).cloned().collect()
    }

    /// One of them. `None` if its device went on with it, or it is too old.
    pub(crate) fn find(&self, number: i64) -> Option<Unfinished> {
        self.state().found.get(&number).cloned()
    }

    /// Takes one of them, to go on with it: nobody else can.
    pub(crate) fn take(&self, number: i64) -> Option<Unfinished> {
        self.state().found.remove(&number)
    }

    /// Whether a blob is one of them, or of an upload that is under way. Such a blob must not be swept.
    pub(crate) fn holds(&self, blob: &BlobName) -> bool {
        let state = self.state();
        state.lines.contains_key(blob) || state.found.values().any(|found| found.blob == *blob)
    }

    /// Takes those that are too old. Returns their blobs, which are to be removed.
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

/// Reads what earlier runs left. A journal that cannot be read, or is of another boot, counts as empty.
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
    // A crash may have cut off the last line. The latest line of a blob counts.
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
    let tree = String::from_utf8(unhex(tree)?).ok()?;
    let (path, size) = (unhex(path)?, file.len());
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A journal with its folder of blobs, over several runs.
    struct Runs {
        folder: TempDir,
    }

    impl Runs {
        /// `None` where the machine has no random name for its boot.
        fn new() -> Option<Self> {
            let runs = Self { folder: tempfile::tempdir().unwrap() };
            fs::create_dir(runs.blobs()).unwrap();
            runs.open().is_some().then_some(runs)
        }

        fn blobs(&self) -> PathBuf {
            self.folder.path().join("blobs")
        }

        fn journal(&self) -> PathBuf {
            self.folder.path().join("journal")
        }

        fn open(&self) -> Option<Arc<Journal>> {
            self.open_but_named("")
        }

        fn open_but_named(&self, named: &str) -> Option<Arc<Journal>> {
            Journal::open(&self.journal(), &self.blobs(), |blob| blob.0 == named)
                .unwrap()
                .map(Arc::new)
        }

        /// An upload that the end of this run cuts off.
        fn cut_off(&self, journal: &Arc<Journal>, blob: &str, bytes: &[u8]) {
            let name = BlobName(blob.to_owned());
            std::mem::forget(journal.note(&name, "yard", b"/\xff.mp4"));
            fs::write(self.blobs().join(blob), bytes).unwrap();
        }

        /// The blobs that a next run finds.
        fn found(&self) -> Vec<String> {
            blobs_of(&self.open().unwrap())
        }
    }

    fn blobs_of(journal: &Journal) -> Vec<String> {
        let mut blobs: Vec<String> =
            journal.of_tree("yard").into_iter().map(|found| found.blob.0).collect();
        blobs.sort_unstable();
        blobs
    }

    #[test]
    fn an_upload_is_found_after_a_crash_with_its_path_as_the_device_wrote_it() {
        let Some(runs) = Runs::new() else { return };
        runs.cut_off(&runs.open().unwrap(), "a", b"half");
        for _ in 0..3 {
            let journal = runs.open().unwrap();
            let [found] = &journal.of_tree("yard")[..] else { panic!("not one") };
            assert_eq!((&*found.path, found.size, &*found.tree), (&b"/\xff.mp4"[..], 4, "yard"));
            assert!(journal.of_tree("gate").is_empty());
            assert!(journal.holds(&BlobName("a".to_owned())));
            assert!(!journal.holds(&BlobName("b".to_owned())));
        }
    }

    #[test]
    fn one_connection_takes_it() {
        let Some(runs) = Runs::new() else { return };
        runs.cut_off(&runs.open().unwrap(), "a", b"half");
        let journal = runs.open().unwrap();
        let number = journal.of_tree("yard")[0].number;
        assert_eq!(journal.find(number).map(|found| found.blob.0).as_deref(), Some("a"));
        assert_eq!(journal.find(number + 1), None);
        assert!(journal.take(number).is_some());
        assert!(journal.take(number).is_none() && journal.find(number).is_none());
        assert!(!journal.holds(&BlobName("a".to_owned())));
    }

    #[test]
    fn an_upload_is_held_while_it_is_under_way() {
        let Some(runs) = Runs::new() else { return };
        let (journal, blob) = (runs.open().unwrap(), BlobName("a".to_owned()));
        let note = journal.note(&blob, "yard", b"/a");
        assert!(journal.holds(&blob));
        drop(note);
        assert!(!journal.holds(&blob));
    }

    #[test]
    fn stored_and_empty_uploads_and_those_of_another_boot_are_not_found() {
        let Some(runs) = Runs::new() else { return };
        let journal = runs.open().unwrap();
        for (blob, bytes) in [("stored", "1"), ("empty", ""), ("half", "1")] {
            runs.cut_off(&journal, blob, bytes.as_bytes());
        }
        assert_eq!(blobs_of(&runs.open_but_named("stored").unwrap()), ["half"]);
        let text = fs::read_to_string(runs.journal()).unwrap();
        let (_, lines) = text.split_once('\n').unwrap();
        fs::write(runs.journal(), format!("another-boot\n{lines}")).unwrap();
        assert!(runs.found().is_empty());
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_not_read() {
        let Some(runs) = Runs::new() else { return };
        let journal = runs.open().unwrap();
        runs.cut_off(&journal, "a", b"1");
        runs.cut_off(&journal, "b", b"1");
        let text = fs::read_to_string(runs.journal()).unwrap();
        fs::write(runs.journal(), text.trim_end()).unwrap();
        assert_eq!(runs.found(), ["a"]);
        fs::write(runs.journal(), text.replace("79617264", "7961726")).unwrap();
        assert!(runs.found().is_empty(), "half a digit");
        OpenOptions::new()
            .write(true)
            .open(runs.journal())
            .unwrap()
            .set_len(JOURNAL_READ_MAX + 1)
            .unwrap();
        assert!(runs.found().is_empty(), "too large to be read");
    }

    #[test]
    fn the_latest_uploads_are_kept_up_to_a_number() {
        let Some(runs) = Runs::new() else { return };
        let journal = runs.open().unwrap();
        for number in 0..UNFINISHED_MAX + 5 {
            runs.cut_off(&journal, &format!("{number:05}"), b"1");
        }
        runs.cut_off(&journal, &format!("{:05}", UNFINISHED_MAX), b"again");
        let found = runs.found();
        assert_eq!(found.len(), UNFINISHED_MAX);
        assert_eq!((found[0].as_str(), found[999].as_str()), ("00005", "01004"));
    }

    #[test]
    fn an_upload_is_kept_for_a_day() {
        let now = Timestamp(1_700_000_000_000);
        assert!(is_kept(now.before(KEPT_FOR), now));
        assert!(!is_kept(now.before(KEPT_FOR + Duration::from_millis(1)), now));
        let Some(runs) = Runs::new() else { return };
        let journal = runs.open().unwrap();
        ["old", "new"].iter().for_each(|blob| runs.cut_off(&journal, blob, b"1"));
        let day_ago = SystemTime::now() - KEPT_FOR - Duration::from_secs(60);
        let set_age = |blob: &str, at| {
            let file = OpenOptions::new().write(true).open(runs.blobs().join(blob)).unwrap();
            file.set_modified(at).unwrap();
        };
        set_age("old", day_ago + Duration::from_secs(3600));
        let journal = runs.open().unwrap();
        assert_eq!(blobs_of(&journal), ["new", "old"]);
        let in_an_hour = Timestamp::from(SystemTime::now()).after(Duration::from_secs(3600));
        assert_eq!(journal.take_old(in_an_hour), [BlobName("old".to_owned())]);
        assert_eq!(blobs_of(&journal), ["new"]);
        set_age("old", day_ago);
        assert_eq!(runs.found(), ["new"], "it was not read");
    }

    #[test]
    fn a_long_journal_is_written_anew_without_what_has_ended() {
        let Some(runs) = Runs::new() else { return };
        runs.cut_off(&runs.open().unwrap(), "earlier", b"1");
        let journal = runs.open().unwrap();
        runs.cut_off(&journal, "now", b"1");
        let long = vec![b'x'; 10_000];
        for number in 0..40 {
            drop(journal.note(&BlobName(format!("{number}")), "yard", &long));
        }
        let bytes = fs::metadata(runs.journal()).unwrap().len();
        assert!((1..JOURNAL_BYTES_MAX as u64).contains(&bytes), "{bytes}");
        assert_eq!(runs.found(), ["earlier", "now"]);
    }
}
