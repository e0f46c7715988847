//! Applies edits of the configuration file while the program runs: the file is read every two seconds, and at once
//! upon SIGHUP.
//!
//! A file with a fault changes nothing. No session and no delivery in flight is cut off.

mod changes;
mod look;
mod running;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_model::Timestamp;
use tipoff_spool::{Actor, AuditEntry};
use tokio::signal::unix::Signal;
use tokio::sync::{Mutex, watch};

use crate::audit::{self, AuditAction};
use crate::config::{self, Config, ConfigFault, ConfigState, Faults};
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::{Supervisor, Task};
use crate::service_manager;
use look::Look;
pub(crate) use running::Running;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a changed file must stay as it is: some editors empty it before they fill it.
const SETTLE: Duration = Duration::from_millis(300);

/// Where the configuration is, and what was seen there.
pub(crate) struct Source {
    /// What the command line says.
    file: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    /// What was there when it was last loaded.
    loaded: Look,
    /// What was there when it was last looked at.
    seen: Look,
}

/// What a look at the file tells.
enum Sight {
    Same,
    /// It is not what was loaded, and may be changing still.
    Unsettled,
    Changed,
}

impl Source {
    /// Of this command line.
    pub(crate) fn new(file: Option<PathBuf>, data_dir: Option<PathBuf>) -> Self {
        Self { file, data_dir, loaded: Look::default(), seen: Look::default() }
    }

    /// What is set there now, or all that is wrong with it.
    pub(crate) fn load(&mut self) -> Result<Config, Faults> {
        // First, so that an edit in between is seen as one.
        self.seen = self.look();
        self.loaded = self.seen.clone();
        Config::load(self.file.as_deref(), self.data_dir.as_deref(), &variable)
    }

    /// A file that goes away later does not bring another one into force.
    fn settle_on(&mut self, loaded: &Config) {
        self.file = self.file.take().or_else(|| loaded.path.clone());
    }

    fn look(&self) -> Look {
        let found = config::find(self.file.as_deref(), &variable);
        found.map_or_else(Look::default, |path| self.seen.again(&path))
    }

    fn look_again(&mut self) -> Sight {
        let now = self.look();
        let before = std::mem::replace(&mut self.seen, now);
        if self.seen.has_content_of(&self.loaded) {
            Sight::Same
        } else if self.seen.has_content_of(&before) {
            Sight::Changed
        } else {
            Sight::Unsettled
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Applies edits of the configuration file to what runs.
pub(crate) struct Reload {
    source: Source,
    running: Running,
    /// What the program was started with.
    started: Config,
    current: Config,
    state: watch::Sender<ConfigState>,
    /// Entries that are not in the audit log yet.
    noted: Vec<AuditEntry>,
}

impl Reload {
    /// For what was started with `config`. The receiver shows the state of the configuration.
    pub(crate) fn new(
        mut source: Source,
        config: Config,
        running: Running,
    ) -> (Self, watch::Receiver<ConfigState>) {
        let state = ConfigState {
            path: config.path.clone(),
            loaded_at: now(),
            fault: None,
            needs_restart: Vec::new(),
        };
        let (state, states) = watch::channel(state);
        source.settle_on(&config);
        let started = config.clone();
        let noted = Vec::new();
        (Self { source, running, started, current: config, state, noted }, states)
    }

    /// Looks until the end, in a task that is supervised. What is known of the file outlives the task.
    pub(crate) fn start(self, hang_up: Signal, supervisor: &Supervisor) {
        let (this, shutdown) = (Arc::new(Mutex::new((self, hang_up))), supervisor.shutdown());
        supervisor.spawn(Task::part("configuration watch"), move || {
            let (this, shutdown) = (Arc::clone(&this), shutdown.clone());
            async move {
                let (reload, hang_up) = &mut *this.lock().await;
                reload.run(hang_up, shutdown).await;
                Ok(())
            }
        });
    }

    async fn run(&mut self, hang_up: &mut Signal, mut shutdown: Shutdown) {
        let mut pause = LOOK_EVERY;
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(pause) => false,
                Some(()) = hang_up.recv() => true,
                () = shutdown.reached(Phase::Ending) => return,
            };
            // Files may be on a disk that sleeps.
            pause = tokio::task::block_in_place(|| self.look(asked));
            for entry in self.noted.drain(..) {
                audit::note(&*self.running.services.spool, entry).await;
            }
        }
    }

    /// Loads what has changed, or what it is asked to; how long until the next look.
    fn look(&mut self, asked: bool) -> Duration {
        match self.source.look_again() {
            Sight::Unsettled if !asked => return SETTLE,
            Sight::Same if !asked => {}
            _ => self.load(),
        }
        LOOK_EVERY
    }

    fn load(&mut self) {
        service_manager::reloading();
        let loaded = self.source.load().map_err(|faults| ConfigFault::of(&faults));
        match loaded.and_then(|config| self.apply(config)) {
            Ok(()) => {}
            Err(fault) => {
                tracing::error!(
                    path = %self.path(),
                    faults = fault.summary,
                    "The configuration cannot be used; everything stays as it was.",
                );
                self.state.send_modify(|state| state.fault = Some(fault));
            }
        }
        service_manager::ready();
        self.running.services.events.publish(LiveEvent::Config);
    }

    fn apply(&mut self, config: Config) -> Result<(), ConfigFault> {
        let applied = self.running.apply(&self.current, &config, &self.started.data_dir);
        applied.map_err(|error| ConfigFault::new(format!("{error:#}"), format!("{error:#}")))?;
        self.source.settle_on(&config);
        let (path, changed) = (self.path(), changes::taken_up(&self.current, &config).join(", "));
        let needs_restart = changes::needing_restart(&self.started, &config);
        match changed.is_empty() {
            true => tracing::info!(
                path,
                "The configuration was read again; no change takes effect now."
            ),
            false => tracing::info!(path, changed, "The changed configuration is in use."),
        }
        for warning in config.warnings.iter().filter(|it| !self.current.warnings.contains(it)) {
            tracing::warn!("{warning}");
        }
        if !needs_restart.is_empty() {
            let settings = needs_restart.join(", ");
            tracing::warn!(path, settings, "These settings are changed and need a restart.");
        }
        let waiting = needs_restart.iter().map(|setting| format!("{setting} (after a restart)"));
        let told: Vec<String> =
            Some(changed).filter(|it| !it.is_empty()).into_iter().chain(waiting).collect();
        if !told.is_empty() {
            let entry = audit::entry(
                now(),
                Actor::File(path),
                AuditAction::ConfigChange,
                "",
                told.join(", "),
            );
            self.noted.push(entry);
        }
        let path = config.path.clone();
        self.state.send_replace(ConfigState { path, loaded_at: now(), fault: None, needs_restart });
        self.current = config;
        Ok(())
    }

    fn path(&self) -> String {
        let path = self.source.file.as_deref();
        path.map_or_else(String::new, |path| path.display().to_string())
    }
}
