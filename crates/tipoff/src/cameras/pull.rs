//! Cameras that must be asked for their events: each device with `pull` has a task that keeps a stream open, stores what
//! comes on it, and connects again when it ends.
//!
//! `questions.rs` knows what each kind of camera is asked, `stream.rs` reads the answer, `device.rs` is the task. No camera
//! has two of these connections at once, and a password that it refused is not tried again.

mod backlog;
mod camera;
mod device;
mod error;
mod leave;
mod onvif;
mod pauses;
mod questions;
mod room;
mod shares;
mod sink;
mod status;
mod stream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::camera::{PullContext, PulledCamera};
use self::leave::Leave;
use self::room::MessageRoom;
use self::shares::Shares;
pub(crate) use self::status::{PullBoard, PullState, PullStatus};
use super::clients::CameraClients;
use crate::config::{DeviceConfig, PullConfig};
use crate::nodes::Leases;
use crate::receive::alarm::AlarmReceiver;
use crate::runtime::clock::Clock;
use crate::runtime::events::EventBus;
use crate::runtime::lock::lock;
use crate::runtime::supervise::{Supervisor, Task};
use crate::runtime::telemetry::Metrics;

/// Connections that are made at a time. Those to cameras that are gone take five seconds each.
const CONNECTS_MAX: usize = 200;

/// What the cameras need that are asked.
pub(crate) struct PullServices {
    pub(crate) clients: CameraClients,
    pub(crate) alarms: AlarmReceiver,
    pub(crate) leases: Leases,
    pub(crate) clock: Clock,
    pub(crate) events: EventBus,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) supervisor: Supervisor,
    /// The port to which cameras push. `None` if it is switched off.
    pub(crate) http_port: Option<u16>,
}

/// Asks all devices with `pull`. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PullSupervisor(Arc<Shared>);

struct Shared {
    context: PullContext,
    clients: CameraClients,
    leases: Leases,
    supervisor: Supervisor,
    board: PullBoard,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    /// Which devices this node asks. Nothing of it is started before the first device.
    shares: Option<Shares>,
    /// By the name of the device.
    tasks: HashMap<String, RunningPull>,
    /// Locks of the devices whose tasks may still run.
    seats: HashMap<String, Weak<tokio::sync::Mutex<()>>>,
}

/// The settings of a device that concern its task.
#[derive(Clone, PartialEq, Eq)]
struct Wanted {
    pull: PullConfig,
    /// The password by which it is known when it pushes.
    password: Option<String>,
}

/// The task of a device.
struct RunningPull {
    wanted: Wanted,
    stop: CancellationToken,
}

impl PullSupervisor {
    /// Starts to ask these devices.
    pub(crate) fn start(services: PullServices, devices: &[DeviceConfig]) -> Self {
        let PullServices { clients, alarms, leases, clock, events, metrics, supervisor, http_port } =
            services;
        let connects = Arc::new(Semaphore::new(CONNECTS_MAX));
        let room = MessageRoom::default();
        let context = PullContext { alarms, clock, events, metrics, connects, room, http_port };
        let (board, running) = (PullBoard::default(), Mutex::default());
        let this = Self(Arc::new(Shared { context, clients, leases, supervisor, board, running }));
        this.apply(devices);
        this
    }

    /// The states of the devices.
    pub(crate) fn board(&self) -> PullBoard {
        self.0.board.clone()
    }

    /// Asks these devices from now on. Those whose settings are the same are asked on.
    pub(crate) fn apply(&self, devices: &[DeviceConfig]) {
        let asked = |device: &DeviceConfig| {
            let pull = device.camera.pull.clone()?;
            let password = device.password.as_ref().map(|it| it.expose().to_owned());
            Some((device.name.clone(), Wanted { pull, password }))
        };
        let wanted: HashMap<String, Wanted> = devices.iter().filter_map(asked).collect();
        self.0.clients.keep_only(devices);
        let mut running = lock(&self.0.running);
        running.tasks.retain(|name, task| {
            let stays = wanted.get(name) == Some(&task.wanted);
            if !stays {
                task.stop.cancel();
            }
            stays
        });
        running.seats.retain(|_, seat| seat.strong_count() > 0);
        self.0.board.retain(|name| wanted.contains_key(name));
        for (name, wanted) in wanted {
            if !running.tasks.contains_key(&name) {
                self.begin(&mut running, name, wanted);
            }
        }
    }

    /// Starts the task of a device.
    fn begin(&self, running: &mut Running, name: String, wanted: Wanted) {
        let Wanted { pull: config, password: push_password } = wanted.clone();
        let Shared { context, clients, leases, supervisor, board, .. } = &*self.0;
        // It is a web address: the configuration takes no other.
        let Some(client) = clients.of(&config.url, config.login.as_ref()) else { return };
        let shares = running.shares.get_or_insert_with(|| Shares::start(leases, supervisor));
        let stop = CancellationToken::new();
        let leave =
            Leave { stop: stop.clone(), held: shares.of(&name), shutdown: supervisor.shutdown() };
        let seat = running.seats.get(&name).and_then(Weak::upgrade).unwrap_or_default();
        running.seats.insert(name.clone(), Arc::downgrade(&seat));
        let camera = client.address().to_string();
        let status = board.begin(&name, config.kind, &camera, context.clock.now());
        running.tasks.insert(name.clone(), RunningPull { wanted, stop });
        let device = Arc::new(PulledCamera {
            context: context.clone(),
            name,
            config,
            push_password,
            client,
            status,
            seat,
            memory: Mutex::default(),
        });
        supervisor.spawn(Task::part("camera pull"), move || {
            let (device, leave) = (Arc::clone(&device), leave.clone());
            async move {
                device.run(leave).await;
                Ok(())
            }
        });
    }
}
