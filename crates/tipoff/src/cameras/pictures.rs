//! Fetches the pictures of alarms that come without one, and those that somebody asks for now.
//!
//! The receivers queue a request when an alarm is stored (`receive/pictures.rs`); its alert waits for a short time. One
//! camera is asked one thing at a time, and many cameras at once.

mod fetch;
mod places;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tipoff_model::{Camera, Device, Envelope, Event, Protocol};
use tipoff_spool::{SpoolError, Stored};
use tipoff_video::Transcoder;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use self::fetch::{Fault, Fetched, Fetcher};
use self::places::Places;
use super::clients::CameraClients;
use crate::config::PictureSource;
use crate::receive::{ArrivalWriter, PictureRequest, PictureRequests, PictureState};
use crate::runtime::clock::Clock;
use crate::runtime::lock::lock;
use crate::runtime::per_minute::PerMinute;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Alarms whose pictures are fetched at a time.
const AT_ONCE_MAX: usize = 64;
/// Alarms of one device whose pictures are fetched at a time: a device that does not stop gets no more.
const PER_DEVICE_MAX: usize = 3;

/// Fetches pictures. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pictures(Arc<Shared>);

struct Shared {
    requests: PictureRequests,
    queue_rx: AsyncMutex<Option<mpsc::Receiver<PictureRequest>>>,
    fetcher: Fetcher,
    writer: ArrivalWriter,
    clock: Clock,
    slots: Arc<Semaphore>,
    /// Reads streams; set as soon as ffmpeg is found.
    transcoder: OnceLock<Transcoder>,
    /// The alarms of each device whose pictures are being fetched.
    under_way: Mutex<HashMap<String, usize>>,
    faults: PerMinute<String>,
}

/// Why there is no picture now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPicture {
    /// The device could not be asked, or has none.
    #[error("{0}")]
    Camera(String),
    /// Several pictures of the device are being fetched.
    #[error("pictures of this device are being fetched already")]
    Busy,
    /// It could not be stored.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Pictures {
    /// Fetches what is requested there, and stores it.
    pub(crate) fn new(
        requests: PictureRequests,
        clients: CameraClients,
        writer: ArrivalWriter,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Shared {
            queue_rx: AsyncMutex::new(requests.take_queue()),
            requests,
            fetcher: Fetcher { clients, places: Places::default() },
            writer,
            clock,
            transcoder: OnceLock::new(),
            slots: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            under_way: Mutex::default(),
            faults: PerMinute::default(),
        }))
    }

    /// Reads streams from now on, if ffmpeg is there.
    pub(crate) fn read_streams_with(&self, transcoder: Option<&Transcoder>) {
        if let Some(transcoder) = transcoder {
            let _ = self.0.transcoder.set(transcoder.clone());
        }
    }

    /// Starts the task that fetches.
    pub(crate) fn start(&self, supervisor: &Supervisor) {
        let (this, tasks) = (self.clone(), supervisor.tasks().clone());
        supervisor.spawn_part("pictures", move |shutdown| {
            let (this, tasks) = (this.clone(), tasks.clone());
            async move { this.run(&tasks, shutdown).await }
        });
    }

    async fn run(&self, tasks: &tokio_util::task::TaskTracker, mut shutdown: Shutdown) {
        let mut queue = self.0.queue_rx.lock().await;
        let Some(queue_rx) = &mut *queue else { return };
        loop {
            let request = tokio::select! {
                request = queue_rx.recv() => request,
                () = shutdown.reached(Phase::Ending) => return,
            };
            let Some(request) = request else { return };
            let Ok(slot) = Arc::clone(&self.0.slots).acquire_owned().await else { return };
            let Some(turn) = self.turn(&request.device.key, PER_DEVICE_MAX) else { continue };
            let (this, mut ending) = (self.clone(), shutdown.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = this.series(&request) => {}
                    () = ending.reached(Phase::Ending) => {}
                }
                drop((slot, turn));
            });
        }
    }

    /// How fetching the pictures of a device went last.
    pub(crate) fn state(&self, device: &str) -> Option<PictureState> {
        self.0.requests.state(device)
    }

    /// Fetches a picture that somebody wants to see now. It is stored, and shown; nobody is alerted.
    ///
    /// # Errors
    /// There is none, or it could not be stored.
    pub(crate) async fn fetch_now(
        &self,
        (device, camera): (Device, Option<Camera>),
        source: PictureSource,
        vendor: Option<&'static str>,
    ) -> Result<Stored, NoPicture> {
        let Some(_turn) = self.turn(&device.key, PER_DEVICE_MAX) else {
            return Err(NoPicture::Busy);
        };
        let host = source.url.host_str().unwrap_or_default().to_owned();
        let peer = address_of(&host, source.url.port_or_known_default()).await;
        let request = PictureRequest {
            source,
            given: None,
            device,
            envelope: Envelope::asked(
                Protocol::Http,
                peer.unwrap_or(IpAddr::from([0, 0, 0, 0])),
                false,
            ),
            event: Event::Periodic,
            vendor,
            camera,
            incident: None,
        };
        self.fetch(&request, 1).await
    }

    /// Fetches the pictures of one alarm, and records its clip meanwhile.
    async fn series(&self, request: &PictureRequest) {
        let began = Instant::now();
        let (looked_tx, looked_rx) = oneshot::channel::<()>();
        let pictures = async move {
            let mut looked_tx = Some(looked_tx);
            for number in 1..=request.source.count {
                sleep_until(began + request.source.every * (number - 1)).await;
                let fetched = self.fetch(request, number).await;
                drop(looked_tx.take());
                if !self.log(request, fetched) {
                    return;
                }
            }
        };
        let clip = async {
            let Some(length) = request.source.clip else { return };
            // The first picture has shown whether the login is right: it is not tried again in another way.
            let _ = looked_rx.await;
            if self.is_refused(request) {
                return;
            }
            // A longer alarm has one clip.
            let Some(_turn) = self.turn(&format!("clip/{}", request.device.key), 1) else { return };
            self.log(request, self.record(request, length).await);
        };
        tokio::join!(pictures, clip);
    }

    fn is_refused(&self, request: &PictureRequest) -> bool {
        let state = self.0.requests.state(&request.device.key);
        state.is_some_and(|state| state.refused_by.is_some())
    }

    /// Whether something was fetched. A fault of the camera was logged before.
    fn log(&self, request: &PictureRequest, fetched: Result<Stored, NoPicture>) -> bool {
        match &fetched {
            Ok(stored) => {
                tracing::info!(arrival = %stored.arrival, incident = %stored.incident, "A picture is fetched.");
            }
            Err(NoPicture::Camera(_) | NoPicture::Busy) => {}
            Err(error) => {
                tracing::error!(device = %request.device.name, %error, "A fetched picture could not be stored.");
            }
        }
        fetched.is_ok()
    }

    /// Fetches and stores a picture, and notes how it went.
    async fn fetch(&self, request: &PictureRequest, number: u32) -> Result<Stored, NoPicture> {
        let Shared { fetcher, writer, transcoder, .. } = &*self.0;
        let fetched = fetcher.picture(request, (writer, transcoder.get()), number).await;
        let fetched = self.noted(request, fetched)?;
        Ok(writer.store_fetched(request, fetched, number).await?)
    }

    /// Records and stores a clip, and notes how it went.
    async fn record(
        &self,
        request: &PictureRequest,
        length: Duration,
    ) -> Result<Stored, NoPicture> {
        let Shared { fetcher, writer, transcoder, .. } = &*self.0;
        let recorded = fetcher.clip(request, length, (writer, transcoder.get())).await;
        let recorded = self.noted(request, recorded)?;
        Ok(writer.store_fetched(request, recorded, 1).await?)
    }

    /// Notes how fetching went, for the device's page and the log.
    fn noted(
        &self,
        request: &PictureRequest,
        fetched: Result<Fetched, Fault>,
    ) -> Result<Fetched, NoPicture> {
        let device = &request.device;
        let (fault, refused_by) = match &fetched {
            Ok(_) => (None, None),
            Err(Fault { reason, is_final }) => {
                if let Some(times) = self.0.faults.due(device.key.clone()) {
                    tracing::warn!(device = %device.name, fault = %reason, times, "No picture could be fetched.");
                }
                (Some(reason.clone()), is_final.then(|| request.source.clone()))
            }
        };
        self.0
            .requests
            .note(&device.key, PictureState { at: self.0.clock.now(), fault, refused_by });
        fetched.map_err(|fault| NoPicture::Camera(fault.reason))
    }

    /// A place among those of a device; `None` if they are taken.
    fn turn(&self, device: &str, places: usize) -> Option<DeviceTurn> {
        let mut under_way = lock(&self.0.under_way);
        let count = under_way.entry(device.to_owned()).or_default();
        if *count >= places {
            return None;
        }
        *count += 1;
        Some(DeviceTurn { pictures: self.clone(), device: device.to_owned() })
    }
}

/// A place among the alarms of a device whose pictures are being fetched.
struct DeviceTurn {
    pictures: Pictures,
    device: String,
}

impl Drop for DeviceTurn {
    fn drop(&mut self) {
        let mut under_way = lock(&self.pictures.0.under_way);
        if let Some(count) = under_way.get_mut(&self.device) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.device);
            }
        }
    }
}

/// The number of a host.
async fn address_of(host: &str, port: Option<u16>) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let looking = tokio::net::lookup_host((host, port.unwrap_or(80)));
    let found = tokio::time::timeout(Duration::from_secs(2), looking).await.ok()?.ok()?;
    found.map(|address| address.ip()).next()
}
