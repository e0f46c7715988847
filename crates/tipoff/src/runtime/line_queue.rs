//! Lines on their way to a file descriptor: handing one over never blocks and never fails. A thread
//! writes them; what it cannot write in time is dropped and counted.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

/// Items that wait at most, of one line or more, and bytes of them.
const ITEMS_MAX: usize = 8192;
const BYTES_MAX: usize = 4 << 20;
/// Bytes of lines that are written at once.
const WRITE_BYTES: usize = 32 * 1024;
/// How often a descriptor is tried that is not ready and does not block (`O_NONBLOCK`).
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Where lines are handed over. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LineQueue {
    /// Bounded by [`Counts`]: a channel with a bound of its own allocates all its places at once.
    queue_tx: Sender<QueueItem>,
    counts: Arc<Counts>,
}

enum QueueItem {
    /// One or more lines, with their ends.
    Lines(Box<[u8]>),
    /// All before it is to be written; then this is answered.
    Flush(SyncSender<()>),
}

/// What waits, and what was dropped. Shared by both ends without a lock.
#[derive(Default)]
struct Counts {
    waiting_items: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// Lines that were dropped since the start.
    dropped: AtomicU64,
}

impl LineQueue {
    /// Starts the thread that writes to a copy of `descriptor`. `report` is called by it with the number
    /// of lines that were dropped, once lines can be written again.
    pub(crate) fn start(
        descriptor: impl AsFd,
        report: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        Self::over(File::from(descriptor.as_fd().try_clone_to_owned()?), report)
    }

    fn over(
        output: impl Write + Send + 'static,
        report: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue_tx, queue_rx) = channel();
        let counts = Arc::new(Counts::default());
        let mut writer = LineWriter {
            output,
            counts: Arc::clone(&counts),
            report,
            batch: Vec::with_capacity(WRITE_BYTES),
            reported: 0,
            is_torn: false,
        };
        std::thread::Builder::new().name("line-writer".to_owned()).spawn(move || {
            // Nothing here panics; if something did, the log would go on all the same.
            while catch_unwind(AssertUnwindSafe(|| writer.run(&queue_rx))).is_err() {}
        })?;
        Ok(Self { queue_tx, counts })
    }

    /// Hands over one line or more, with their ends; drops them if too many wait already.
    pub(crate) fn push(&self, lines: &[u8]) {
        let fits = self.counts.add(lines.len());
        if !fits || self.queue_tx.send(QueueItem::Lines(lines.into())).is_err() {
            self.counts.remove(lines.len());
            self.counts.dropped.fetch_add(count(lines), Ordering::Relaxed);
        }
    }

    /// How many lines were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was handed over is written, at most for `time`. Whether it is.
    pub(crate) fn flush(&self, time: Duration) -> bool {
        self.end().recv_timeout(time).is_ok()
    }

    /// Answers when all that was handed over is written.
    pub(crate) fn end(&self) -> Receiver<()> {
        let (done_tx, done_rx) = sync_channel(1);
        // If nobody writes any more, the receiver finds its sender gone.
        let _ = self.queue_tx.send(QueueItem::Flush(done_tx));
        done_rx
    }
}

impl Counts {
    /// Counts an item that is to wait. Whether there is room for it.
    fn add(&self, bytes: usize) -> bool {
        let items = self.waiting_items.fetch_add(1, Ordering::Relaxed);
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        items < ITEMS_MAX && waiting.saturating_add(bytes) <= BYTES_MAX
    }

    /// An item does not wait any more.
    fn remove(&self, bytes: usize) {
        self.waiting_items.fetch_sub(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The end that writes, on its own thread.
struct LineWriter<W, R> {
    output: W,
    counts: Arc<Counts>,
    /// Called with the number of dropped lines, once lines can be written again.
    report: R,
    /// Lines that are written together.
    batch: Vec<u8>,
    /// How many dropped lines were reported.
    reported: u64,
    /// Whether the last line that was written is not whole.
    is_torn: bool,
}

impl<W: Write, R: Fn(u64)> LineWriter<W, R> {
    /// Until nobody can hand over lines any more.
    fn run(&mut self, queue_rx: &Receiver<QueueItem>) {
        while let Ok(item) = queue_rx.recv() {
            let mut next = Some(item);
            let mut flushed = None;
            while let Some(item) = next.take() {
                match item {
                    QueueItem::Lines(lines) => {
                        self.counts.remove(lines.len());
                        self.batch.extend_from_slice(&lines);
                    }
                    QueueItem::Flush(done_tx) => flushed = Some(done_tx),
                }
                if self.batch.len() < WRITE_BYTES && flushed.is_none() {
                    next = queue_rx.try_recv().ok();
                }
            }
            self.write_batch();
            if let Some(done_tx) = flushed {
                let _ = done_tx.try_send(());
            }
        }
    }

    /// Writes the batch and empties it. Its memory is kept.
    fn write_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.write(&batch);
        }
        self.batch = batch;
        self.batch.clear();
    }

    /// Writes a batch; lines that cannot be written are dropped and counted. After a line that was cut off, the next one begins on
    /// a line of its own.
    fn write(&mut self, batch: &[u8]) {
        if self.is_torn && write_all(&mut self.output, b"\n") == 1 {
            self.is_torn = false;
        }
        let written = write_all(&mut self.output, batch);
        let (done, left) = batch.split_at(written.min(batch.len()));
        if !left.is_empty() {
            self.is_torn |= done.last().is_some_and(|&last| last != b'\n');
            self.counts.dropped.fetch_add(count(left), Ordering::Relaxed);
            return;
        }
        let dropped = self.counts.dropped.load(Ordering::Relaxed);
        let unreported = dropped.saturating_sub(self.reported);
        if unreported > 0 {
            self.reported = dropped;
            (self.report)(unreported);
        }
    }
}

/// How many of the bytes could be written.
fn write_all(output: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match output.write(rest) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(TRY_EVERY),
            Err(_) => break,
        }
    }
    written
}

/// The number of lines.
fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::runtime::lock::lock;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// How a descriptor is: it takes all, nothing for now, or nothing but an error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum State {
        Open,
        Stuck,
        Full,
    }

    /// The state of the descriptor, and all that it took.
    type Taken = Mutex<(State, Vec<u8>)>;

    #[derive(Clone)]
    struct Output(Arc<(Taken, Condvar)>);

    impl Output {
        fn new(state: State) -> Self {
            Self(Arc::new((Mutex::new((state, Vec::new())), Condvar::new())))
        }

        fn set(&self, state: State) {
            lock(&self.0.0).0 = state;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            let inner = lock(&self.0.0);
            String::from_utf8(inner.1.clone()).unwrap()
        }
    }

    impl Write for Output {
        /// At most 3 bytes at a time, so that lines tear.
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let inner = self.0.0.lock().unwrap();
            let mut inner = self.0.1.wait_while(inner, |inner| inner.0 == State::Stuck).unwrap();
            if inner.0 == State::Full {
                return Err(ErrorKind::StorageFull.into());
            }
            let bytes = &bytes[..bytes.len().min(3)];
            inner.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue(state: State) -> (LineQueue, Output, Receiver<u64>) {
        let output = Output::new(state);
        let (report_tx, report_rx): (Sender<u64>, _) = channel();
        let report = move |dropped| report_tx.send(dropped).unwrap();
        (LineQueue::over(output.clone(), report).unwrap(), output, report_rx)
    }

    #[test]
    fn lines_come_out_in_their_order() {
        let (queue, output, _) = queue(State::Open);
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}\n")).collect();
        for line in &lines {
            queue.push(line.as_bytes());
            if queue.counts.waiting_bytes.load(Ordering::Relaxed) > BYTES_MAX / 2 {
                assert!(queue.flush(PATIENCE));
            }
        }
        assert!(queue.flush(PATIENCE));
        assert_eq!(output.text(), lines.concat());
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn a_descriptor_that_takes_nothing_blocks_nobody_and_what_is_dropped_is_counted() {
        let (queue, output, reports) = queue(State::Stuck);
        let many = 3 * ITEMS_MAX;
        for _ in 0..many {
            queue.push(b"a line\n");
        }
        assert!(!queue.flush(Duration::from_millis(10)));
        let dropped = queue.dropped();
        assert!(dropped > 0 && dropped < many as u64, "{dropped}");
        output.set(State::Open);
        assert_eq!(reports.recv_timeout(PATIENCE), Ok(dropped));
        assert!(queue.flush(PATIENCE));
        assert_eq!(count(output.text().as_bytes()) + dropped, many as u64);
        assert!(reports.try_recv().is_err(), "it is reported once");
    }

    #[test]
    fn large_lines_are_bounded_by_their_bytes() {
        let (queue, _output, _reports) = queue(State::Stuck);
        let line = [&[b'x'; 1 << 20][..], b"\n"].concat();
        for _ in 0..100 {
            queue.push(&line);
        }
        assert!(queue.dropped() >= 95, "{}", queue.dropped());
    }

    #[test]
    fn a_full_disk_loses_the_lines_of_that_time_only_and_tears_none() {
        let (queue, output, reports) = queue(State::Open);
        queue.push(b"before\n");
        assert!(queue.flush(PATIENCE));
        output.set(State::Full);
        queue.push(b"lost\n");
        assert!(queue.flush(PATIENCE), "it is not waited for");
        assert_eq!(queue.dropped(), 1);
        output.set(State::Open);
        queue.push(b"after\n");
        assert_eq!(reports.recv_timeout(PATIENCE), Ok(1));
        assert!(queue.flush(PATIENCE));
        assert_eq!(output.text(), "before\nafter\n");
    }
}
