//! The brokers of `[[mqtt]]`, whose messages are alarms of devices. A message is acknowledged when it is stored.
//!
//! Each broker has a task, which keeps one connection. Of several nodes one subscribes. The session at the broker is kept,
//! so that what came while nobody was there is delivered later. A changed configuration replaces the tasks that it concerns.

mod connection;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::task::TaskTracker;

use self::connection::BrokerConnection;
use super::alarm::AlarmReceiver;
use super::transcript::Transcripts;
use crate::config::{BrokerConfig, DeviceConfig, MqttSource};
use crate::nodes::Leases;
use crate::runtime::shutdown::Phase;
use crate::runtime::supervise::Supervisor;

/// The lease of the node that subscribes.
const TASK: &str = "mqtt";
/// Pause before a task is started again that failed.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// The brokers and the devices behind them, by the current configuration. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Brokers(Arc<watch::Sender<Vec<Arc<BrokerPlan>>>>);

/// A broker with its devices.
#[derive(Debug, PartialEq, Eq)]
struct BrokerPlan {
    broker: BrokerConfig,
    devices: Vec<(String, MqttSource)>,
}

impl Brokers {
    /// Replaces them. A broker without devices is not connected to.
    pub(crate) fn apply(&self, brokers: &[BrokerConfig], devices: &[DeviceConfig]) {
        let plan = |broker: &BrokerConfig| {
            let of_device = |device: &DeviceConfig| {
                let source = device.mqtt.as_ref().filter(|it| it.broker == broker.name)?;
                Some((device.name.clone(), source.clone()))
            };
            let devices: Vec<_> = devices.iter().filter_map(of_device).collect();
            let broker = broker.clone();
            (!devices.is_empty()).then(|| Arc::new(BrokerPlan { broker, devices }))
        };
        let plans = brokers.iter().filter_map(plan).collect();
        self.0.send_if_modified(|current| {
            let differs = *current != plans;
            *current = plans;
            differs
        });
    }

    /// Starts the task of the brokers. `client_id` is used at brokers without one of their own.
    pub(crate) fn start(
        &self,
        client_id: String,
        alarms: AlarmReceiver,
        transcripts: Transcripts,
        leases: Leases,
        supervisor: &Supervisor,
    ) {
        let (plans, tracker) = (self.clone(), supervisor.tasks().clone());
        supervisor.spawn_part("MQTT brokers", move |mut shutdown| {
            let (plans, leases) = (plans.clone(), leases.clone());
            let context = ConnectionContext {
                client_id: client_id.clone(),
                alarms: alarms.clone(),
                transcripts: transcripts.clone(),
                tracker: tracker.clone(),
            };
            async move {
                let mut wanted = plans.0.subscribe();
                // Without brokers there is nothing to hold a lease for.
                tokio::select! {
                    _ = wanted.wait_for(|plans| !plans.is_empty()) => {}
                    () = shutdown.reached(Phase::Ending) => return,
                }
                let ending = shutdown.clone();
                let work = leases.while_held(TASK, ending, || plans.run(&context));
                tokio::select! {
                    () = work => {}
                    () = shutdown.reached(Phase::Ending) => {}
                }
            }
        });
    }

    /// Keeps a task for each broker, for ever. They end when this is dropped.
    async fn run(&self, context: &ConnectionContext) {
        let mut wanted = self.0.subscribe();
        let mut tasks = JoinSet::new();
        let mut running: HashMap<String, (Arc<BrokerPlan>, AbortHandle)> = HashMap::new();
        loop {
            let plans = wanted.borrow_and_update().clone();
            running.retain(|_, (plan, handle)| {
                let stays = plans.contains(plan) && !handle.is_finished();
                if !stays {
                    handle.abort();
                }
                stays
            });
            for plan in plans {
                let name = plan.broker.name.clone();
                running.entry(name).or_insert_with(|| {
                    let connection = BrokerConnection::new(Arc::clone(&plan), context.clone());
                    // The program does not end before it is dropped, with its transcript.
                    (plan, tasks.spawn(context.tracker.track_future(connection.keep())))
                });
            }
            tokio::select! {
                changed = wanted.changed() => if changed.is_err() { return },
                Some(ended) = tasks.join_next() => {
                    if ended.is_err_and(|error| error.is_panic()) {
                        tokio::time::sleep(RESTART_PAUSE).await;
                    }
                }
            }
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct ConnectionContext {
    client_id: String,
    alarms: AlarmReceiver,
    transcripts: Transcripts,
    tracker: TaskTracker,
}
