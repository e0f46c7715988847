//! Asks one camera for its events, until its settings change or the program ends.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tipoff_alarm::StreamParser;
use tokio::time::{Instant, sleep};

use super::camera::PulledCamera;
use super::error::PullError;
use super::leave::{Leave, Left};
use super::onvif::{self, OnvifPull};
use super::pauses::{Pauses, chance};
use super::questions::{self, OpenStream};
use super::sink::SessionSink;
use super::status::PullState;
use super::stream::{self, StreamEnd};
use crate::config::PullKind;
use crate::runtime::lock::lock;

/// How an attempt ended.
enum Attempt {
    /// The camera is to be left.
    Left(Left),
    /// It gives no events, or not any more after this time.
    Failed(PullError, Duration),
}

impl PulledCamera {
    /// Asks the camera until it is to be left for good.
    pub(super) async fn run(&self, mut leave: Leave) {
        // The task before this one ends soon: it stores what came.
        let _seat = self.seat.lock().await;
        let mut pauses = Pauses::default();
        loop {
            if !*leave.held.borrow() {
                self.set(PullState::Elsewhere);
            }
            if !leave.held().await {
                return;
            }
            let (error, lasted) = match self.attempt(&mut leave).await {
                Attempt::Left(Left::ForGood) => return,
                Attempt::Left(Left::ToAnotherNode) => continue,
                Attempt::Failed(error, lasted) => (error, lasted),
            };
            pauses.lasted(lasted);
            let left = match error {
                PullError::Never { reason, refused } => {
                    self.stopped(reason, refused).await;
                    leave.requested().await
                }
                PullError::Again { reason, patience } => {
                    let pause = pauses.after_failure(patience, chance());
                    self.failing(reason, pause);
                    tokio::select! {
                        () = sleep(pause) => continue,
                        left = leave.requested() => left,
                    }
                }
            };
            if left == Left::ForGood {
                return;
            }
        }
    }

    /// Connects, and reads until the connection ends.
    async fn attempt(&self, leave: &mut Leave) -> Attempt {
        let opening = async {
            // Closed only when the program has ended.
            let _permit = self.context.connects.acquire().await;
            match self.kind().await? {
                PullKind::Onvif => Ok(None),
                kind => self.open(kind).await.map(Some),
            }
        };
        // Boxed: what connecting needs is not kept for as long as the stream is read.
        let opened = tokio::select! {
            opened = Box::pin(opening) => opened,
            left = leave.requested() => return Attempt::Left(left),
        };
        match opened {
            Ok(Some(stream)) => self.read(stream, leave).await,
            Ok(None) => match Box::pin(OnvifPull::new(self).run(leave)).await {
                Ok(left) => Attempt::Left(left),
                Err(error) => Attempt::Failed(error, Duration::ZERO),
            },
            Err(error) => Attempt::Failed(error, Duration::ZERO),
        }
    }

    /// Opens the stream, after the camera has shown what it is.
    async fn open(&self, kind: PullKind) -> Result<OpenStream<'_>, PullError> {
        if kind == PullKind::Hikvision && !lock(&self.memory).is_proven {
            questions::prove_hikvision(&self.client).await?;
            lock(&self.memory).is_proven = true;
        }
        questions::open(&self.client, kind).await
    }

    async fn kind(&self) -> Result<PullKind, PullError> {
        if self.config.kind != PullKind::Auto {
            return Ok(self.config.kind);
        }
        let known = lock(&self.memory).kind;
        if let Some(kind) = known {
            return Ok(kind);
        }
        let service = onvif::device_service(&self.config.url);
        let kind = questions::find(&self.client, &service).await?;
        lock(&self.memory).kind = Some(kind);
        self.status.found(kind);
        Ok(kind)
    }

    /// Reads a stream until it ends.
    async fn read(&self, stream: OpenStream<'_>, leave: &mut Leave) -> Attempt {
        let OpenStream { target, mut answer, silence } = stream;
        let began = Instant::now();
        let peer = answer.ends().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ends| ends.camera);
        let session =
            self.context.alarms.begin_asked(&self.name, peer, self.client.address().is_tls);
        let content_type = answer.content_type.clone();
        let about = content_type.as_deref().unwrap_or("no type");
        session.asked(&format!("GET {target} ({about})"));
        self.connected();
        let mut sink = SessionSink {
            device: &self.name,
            session,
            backlog: self.backlog(answer.date.as_deref()),
            shown: None,
            status: &self.status,
            clock: &self.context.clock,
            leave: leave.clone(),
        };
        let parser = StreamParser::new(content_type.as_deref());
        let to = (&mut sink, &self.context.room);
        let end = stream::read(&mut answer, parser, silence, to, leave).await;
        if let Some(shown) = sink.shown {
            lock(&self.memory).shown = Some(shown);
        }
        let camera = self.client.address();
        let error = match end {
            StreamEnd::Left(left) => {
                sink.ended("Tipoff ends the connection.");
                return Attempt::Left(left);
            }
            StreamEnd::Ended => PullError::ended(format!("{camera} ended its stream of events")),
            StreamEnd::Broken(reason) => PullError::ended(reason),
            StreamEnd::Silent(time) => {
                let seconds = time.as_secs();
                PullError::ended(format!("{camera} gave no sign of life for {seconds} s"))
            }
            StreamEnd::TooLarge => PullError::ended(format!(
                "{camera} sent an event with pictures that are too large: what fits is stored"
            )),
        };
        sink.ended(error.reason());
        Attempt::Failed(error, began.elapsed())
    }
}
