//! Places and clocks, with a program that never ends in the place of ffmpeg.

use super::*;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use tokio::task::JoinHandle;

struct Bench {
    home: TempDir,
    transcoder: Transcoder,
}

impl Bench {
    /// The program writes its process id into a file called `pid-…` and waits.
    fn new(places: usize) -> Bench {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("program");
        let pids = home.path().join("pid-").display().to_string();
        let script = format!("#!/bin/sh\n: > '{pids}'$$\nexec sleep 3600\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(home.path().join("film"), "film").unwrap();
        let folder = temp_file::open(&home.path().join("scratch")).unwrap();
        let shared = TranscoderShared {
            held: Held { files: false, calls: false },
            tools: Tools {
                folder,
                limits: Limits::default(),
                programs: Programs {
                    launcher: crate::confined_process::tests::launcher(),
                    ffmpeg: program.clone(),
                    ffprobe: program,
                    path: "/usr/bin:/bin".into(),
                },
            },
            version: String::new(),
            permits: Semaphore::new(places),
            stream_permits: Semaphore::new(places),
        };
        let transcoder = Transcoder { shared: Arc::new(shared) };
        Bench { home, transcoder }
    }

    fn begin(&self) -> JoinHandle<()> {
        let transcoder = self.transcoder.clone();
        let job = TranscodeJob {
            source: VideoSource::File(self.home.path().join("film")),
            content_type: "video/mp4".to_owned(),
            bytes_max: 1,
            audience: Audience::Chat,
        };
        tokio::spawn(async move {
            let _ = transcoder.prepare(job).await;
        })
    }

    fn started(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).unwrap().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| Some(name.strip_prefix("pid-")?.to_owned())).collect()
    }

    fn running(&self) -> usize {
        let alive = |pid: &&String| Path::new("/proc").join(pid).exists();
        self.started().iter().filter(alive).count()
    }

    fn orders(&self) -> usize {
        fs::read_dir(self.home.path().join("scratch")).unwrap().count()
    }

    async fn until(&self, what: &str, so: impl Fn(&Bench) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while !so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
    }
}

#[tokio::test]
async fn more_orders_than_places_wait() {
    let bench = Bench::new(2);
    let mut tasks: Vec<_> = (0..3).map(|_| bench.begin()).collect();
    bench.until("two run", |b| b.running() == 2).await;
    // The third has begun to wait by now: it has neither a folder nor a program.
    assert_eq!((bench.orders(), bench.started().len()), (2, 2));
    assert_eq!(bench.transcoder.shared.permits.available_permits(), 0);
    tasks[0].abort();
    bench.until("the third runs", |b| b.started().len() == 3 && b.running() == 2).await;
    for task in tasks.drain(..) {
        task.abort();
    }
    bench.until("all are gone", |b| b.running() == 0 && b.orders() == 0).await;
    assert_eq!(bench.transcoder.shared.permits.available_permits(), 2);
}

#[tokio::test]
async fn a_reader_that_never_ends_is_let_go_of() {
    /// Gives zeros for as long as it is asked, and tells when it is dropped.
    struct Endless {
        _alive: Arc<()>,
    }
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            std::thread::yield_now();
            let some = buffer.get_mut(..1).unwrap_or_default();
            some.fill(0);
            Ok(some.len())
        }
    }
    let bench = Bench::new(1);
    let alive = Arc::new(());
    let job = TranscodeJob {
        source: VideoSource::Bytes(Box::new(Endless { _alive: Arc::clone(&alive) })),
        content_type: "video/mp4".to_owned(),
        bytes_max: 1,
        audience: Audience::Chat,
    };
    let transcoder = bench.transcoder.clone();
    let task = tokio::spawn(async move { transcoder.prepare(job).await.is_ok() });
    bench.until("the copy runs", |b| b.orders() == 1).await;
    task.abort();
    bench.until("nothing reads", |_| Arc::strong_count(&alive) == 1).await;
    bench.until("no file is left", |b| b.orders() == 0).await;
}
