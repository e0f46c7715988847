use std::collections::VecDeque;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::runtime::shutdown;

const SILENCE: Duration = Duration::from_secs(20);
const DAHUA: Option<&str> = Some("multipart/x-mixed-replace; boundary=myboundary");
const MOTION: &[u8] = b"--myboundary\r\nContent-Type: text/plain\r\n\r\n\
    Code=VideoMotion;action=Start;index=0\r\n\r\n";

type PieceSender = mpsc::UnboundedSender<Result<Option<Bytes>, CameraError>>;
struct Queue(mpsc::UnboundedReceiver<Result<Option<Bytes>, CameraError>>);

impl Pieces for Queue {
    async fn piece(&mut self) -> Result<Option<Bytes>, CameraError> {
        match self.0.recv().await {
            Some(piece) => piece,
            None => std::future::pending().await,
        }
    }
}

/// What came, in its order.
#[derive(Default)]
struct Collected {
    messages: VecDeque<(String, bool)>,
    signs: usize,
}

impl MessageSink for Collected {
    async fn turn(&mut self) {}
    fn pause(&mut self) {}
    fn sign_of_life(&mut self) {
        self.signs += 1;
    }
    async fn message(&mut self, bytes: &[u8], request: AlarmRequest) {
        let text = String::from_utf8_lossy(bytes).trim().to_owned();
        self.messages.push_back((text, request.torn));
    }
}

struct Scene {
    piece_tx: PieceSender,
    stop: CancellationToken,
    _held: watch::Sender<bool>,
    _trigger: shutdown::Trigger,
    run: tokio::task::JoinHandle<(StreamEnd, Collected, Duration)>,
}

fn scene() -> Scene {
    let (piece_tx, piece_rx) = mpsc::unbounded_channel();
    let (held_tx, held) = watch::channel(true);
    let (trigger, shutdown) = shutdown::channel();
    let stop = CancellationToken::new();
    let mut leave = Leave { stop: stop.clone(), held, shutdown };
    let run = tokio::spawn(async move {
        let (mut sink, room) = (Collected::default(), MessageRoom::default());
        let (began, parser) = (Instant::now(), StreamParser::new(DAHUA));
        let to = (&mut sink, &room);
        let end = read(&mut Queue(piece_rx), parser, SILENCE, to, &mut leave).await;
        (end, sink, began.elapsed())
    });
    Scene { piece_tx, stop, _held: held_tx, _trigger: trigger, run }
}

impl Scene {
    fn send(&self, bytes: &[u8]) {
        self.piece_tx.send(Ok(Some(Bytes::copy_from_slice(bytes)))).unwrap();
    }

    async fn end(self) -> (StreamEnd, Vec<(String, bool)>, Duration) {
        let (end, sink, took) = self.run.await.unwrap();
        (end, sink.messages.into(), took)
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_delimiter_behind_it_is_given_after_a_moment_of_silence() {
    let scene = scene();
    scene.send(MOTION);
    sleep_until(Instant::now() + FLUSH_AFTER * 2).await;
    scene.stop.cancel();
    let (end, messages, took) = scene.end().await;
    assert_eq!(end, StreamEnd::Left(Left::ForGood));
    assert_eq!(messages, [("Code=VideoMotion;action=Start;index=0".to_owned(), false)]);
    assert_eq!(took, FLUSH_AFTER * 2);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_stream_alive_and_silence_ends_it() {
    let scene = scene();
    for _ in 0..9 {
        scene.send(b"--myboundary\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n\r\n");
        sleep_until(Instant::now() + SILENCE - Duration::from_secs(1)).await;
    }
    let (end, _, took) = scene.end().await;
    assert_eq!(end, StreamEnd::Silent(SILENCE));
    assert_eq!(took, (SILENCE - Duration::from_secs(1)) * 8 + SILENCE);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_message_is_given_when_the_connection_breaks_or_is_left() {
    for is_left in [false, true] {
        let scene = scene();
        scene.send(MOTION);
        scene.send(b"--myboundary\r\nContent-Type: text/plain\r\n\r\nCode=CrossLineDetection;");
        scene.send(b"action=Start;index=0;data={\n\"Name\" : \"Ga");
        // The messages before it are stored.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        match is_left {
            true => scene.stop.cancel(),
            false => scene.piece_tx.send(Ok(None)).unwrap(),
        }
        let (end, messages, _) = scene.end().await;
        let expected = if is_left { StreamEnd::Left(Left::ForGood) } else { StreamEnd::Ended };
        assert_eq!(end, expected);
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(messages[0], ("Code=VideoMotion;action=Start;index=0".to_owned(), false));
        assert!(messages[1].0.contains("CrossLineDetection") && messages[1].1, "{messages:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_large_ends_the_stream_and_what_fits_is_given() {
    let scene = scene();
    scene.send(MOTION);
    scene.send(b"--myboundary\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0");
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..9 {
        scene.send(&piece);
    }
    let (end, messages, _) = scene.end().await;
    assert_eq!(end, StreamEnd::TooLarge);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].0.starts_with("Code=VideoMotion") && messages[0].1);
    assert!(messages[0].0.len() > 7 * piece.len(), "{}", messages[0].0.len());
}

#[tokio::test(start_paused = true)]
async fn any_cut_of_the_bytes_gives_the_same_messages() {
    let stream = [MOTION, MOTION, b"--myboundary\r\n"].concat();
    for cut in 1..stream.len() {
        let scene = scene();
        scene.send(&stream[..cut]);
        scene.send(&stream[cut..]);
        scene.piece_tx.send(Ok(None)).unwrap();
        let (_, messages, _) = scene.end().await;
        let expected = ("Code=VideoMotion;action=Start;index=0".to_owned(), false);
        assert_eq!(messages, [expected.clone(), expected], "{cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_does_not_wait_long_for_its_picture_which_follows() {
    let scene = scene();
    scene.send(MOTION);
    scene.send(b"--myboundary\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0");
    for _ in 0..6 {
        scene.send(b"x");
        sleep_until(Instant::now() + Duration::from_millis(500)).await;
    }
    scene.send(b"\xff\xd9\r\n--myboundary\r\n");
    sleep_until(Instant::now() + FLUSH_AFTER * 2).await;
    scene.stop.cancel();
    let (_, messages, _) = scene.end().await;
    let [event, picture] = &*messages else { panic!("{messages:?}") };
    assert_eq!(*event, ("Code=VideoMotion;action=Start;index=0".to_owned(), false));
    assert!(!picture.0.contains("VideoMotion") && !picture.1, "{picture:?}");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_never_ends_is_given_as_it_came() {
    let scene = scene();
    let text = "--myboundary\r\nContent-Type: text/plain\r\n\r\nCode=VideoMotion;action=Start;index=0;data={";
    scene.send(text.as_bytes());
    for _ in 0..6 {
        scene.send(b" ");
        sleep_until(Instant::now() + Duration::from_millis(500)).await;
    }
    scene.stop.cancel();
    let (_, messages, _) = scene.end().await;
    let [event] = &*messages else { panic!("{messages:?}") };
    assert!(event.0.contains("VideoMotion") && event.1, "{event:?}");
}
