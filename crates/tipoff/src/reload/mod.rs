//! Applies edits of the configuration file while the program runs: the file is read every two seconds, and at once
//! upon SIGHUP.
//!
//! A file with a fault changes nothing. No session and no delivery in flight is cut off. `look.rs` notices an edit,
//! `running.rs` applies it, and `changes.rs` names the settings that changed, for the log and the audit log.

mod added;
mod changes;
mod look;
mod running;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tipoff_spool::{Actor, AddedConfiguration, AuditEntry};
use tokio::signal::unix::Signal;
use tokio::sync::{Mutex, mpsc, watch};

use crate::audit::{self, AuditAction};
use crate::config::{self, Config, ConfigFault, ConfigState, ConfigText, Faults, Overrides};
use crate::runtime::events::LiveEvent;
use crate::runtime::reload_requests::Reply;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::{Supervisor, Task};
use crate::service_manager;
use look::Look;
pub(crate) use running::Running;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a changed file must stay as it is: some editors empty it before they fill it.
const SETTLE: Duration = Duration::from_millis(300);

/// The file of the configuration, and its content at two moments.
pub(crate) struct Source {
    /// `--config`, or the file that was found at the start; `None` while there is none.
    file: Option<PathBuf>,
    /// What the command line says in place of the file.
    overrides: Overrides,
    /// The file when it was last loaded.
    loaded: Look,
    /// The file when it was last looked at.
    seen: Look,
    /// The text that was read last.
    read: ConfigText,
    /// The text of the configuration in use.
    text: ConfigText,
}

/// How the file compares with what was loaded.
enum Comparison {
    /// It has the content that was loaded.
    Same,
    /// It differs from what was loaded, and from the look before: an editor may still be writing it.
    Unsettled,
    /// It differs from what was loaded, and has not changed since the look before.
    Changed,
}

impl Source {
    /// The configuration that this command line names.
    pub(crate) fn new(file: Option<PathBuf>, overrides: Overrides) -> Self {
        let (loaded, seen) = (Look::default(), Look::default());
        let (read, text) = (ConfigText::default(), ConfigText::default());
        Self { file, overrides, loaded, seen, read, text }
    }

    /// Loads the configuration, with the document that was added in the dashboard; `None` before the spool is opened.
    ///
    /// # Errors
    /// All faults of the file.
    pub(crate) fn load(&mut self, added: Option<&str>) -> Result<Config, Faults> {
        // Before it is read, so that an edit in between is noticed at the next look.
        self.seen = self.look();
        self.loaded = self.seen.clone();
        self.read = ConfigText::read(self.file.as_deref(), &variable)?;
        Config::of(&self.read, added, Some(&self.overrides), &variable)
    }

    /// The configuration in use with another document that was added in the dashboard. The file is not read.
    ///
    /// # Errors
    /// Another file that the configuration names cannot be read any more, or it names a channel that nobody has.
    pub(crate) fn with_added(&self, added: &str) -> Result<Config, Faults> {
        Config::of(&self.text, Some(added), Some(&self.overrides), &variable)
    }

    /// Keeps to the file that was loaded: if it is removed later, no other file takes its place.
    pub(crate) fn settle_on(&mut self, loaded: &Config) {
        self.file = self.file.take().or_else(|| loaded.path.clone());
        self.text = self.read.clone();
    }

    fn look(&self) -> Look {
        let found = config::find(self.file.as_deref(), &variable);
        found.map_or_else(Look::default, |path| self.seen.again(&path))
    }

    /// Looks at the file, and compares it with the look before and with what was loaded.
    fn look_again(&mut self) -> Comparison {
        let now = self.look();
        let before = std::mem::replace(&mut self.seen, now);
        if self.seen.has_content_of(&self.loaded) {
            Comparison::Same
        } else if self.seen.has_content_of(&before) {
            Comparison::Changed
        } else {
            Comparison::Unsettled
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Applies edits of the configuration file to what runs.
pub(crate) struct Reload {
    source: Source,
    /// The parts that an edit changes.
    running: Running,
    /// The configuration of the start: settings that differ from it need a restart.
    started: Config,
    /// The configuration in use.
    current: Config,
    /// What was added in the dashboard, as it is in use.
    added: AddedConfiguration,
    /// Requests to read again what was added.
    requests: mpsc::Receiver<Reply>,
    /// Shown by the dashboard and the API.
    state: watch::Sender<ConfigState>,
    /// Entries that are not in the audit log yet.
    noted: Vec<AuditEntry>,
}

impl Reload {
    /// Reloads a program that was started with `config`, which contains what was `added` in the dashboard. The receiver has the
    /// state of the configuration.
    pub(crate) fn new(
        source: Source,
        (config, added): (Config, AddedConfiguration),
        running: Running,
        requests: mpsc::Receiver<Reply>,
    ) -> (Self, watch::Receiver<ConfigState>) {
        let state = ConfigState {
            path: config.path.clone(),
            loaded_at: running.services.clock.now(),
            fault: None,
            needs_restart: Vec::new(),
            added: config.added.clone(),
        };
        let (state, states) = watch::channel(state);
        let started = config.clone();
        let noted = Vec::new();
        let this =
            Self { source, running, started, current: config, added, requests, state, noted };
        this.report_added();
        (this, states)
    }

    /// Starts the task that looks at the file until the program ends. What is known of the file outlives a restart of the task.
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
                Some(reply) = self.requests.recv() => {
                    self.read_added().await;
                    self.read_browsers().await;
                    // Nobody waits if the request has ended.
                    let _ = reply.map(|reply| reply.send(()));
                    continue;
                }
                () = shutdown.reached(Phase::Ending) => return,
            };
            // Files may be on a disk that sleeps.
            pause = tokio::task::block_in_place(|| self.look(asked));
            if self.running.services.spool.is_shared() {
                // Another node may have changed it.
                self.read_added().await;
            }
            self.read_browsers().await;
            for entry in self.noted.drain(..) {
                audit::note(&*self.running.services.spool, entry).await;
            }
        }
    }

    /// Looks at the file, and loads it if it has changed or if SIGHUP asked for it. Returns how long until the next look.
    fn look(&mut self, asked: bool) -> Duration {
        match self.source.look_again() {
            Comparison::Unsettled if !asked => return SETTLE,
            Comparison::Same if !asked => {}
            _ => self.load(),
        }
        LOOK_EVERY
    }

    /// Loads the file and applies it, or keeps its faults for the dashboard. The service manager sees both moments
    /// (`RELOADING=1` and `READY=1`, sd_notify(3)).
    fn load(&mut self) {
        service_manager::reloading();
        let loaded = self.source.load(Some(&self.added.document));
        let loaded = loaded.map_err(|faults| ConfigFault::of(&faults));
        match loaded.and_then(|config| self.apply_file(config)) {
            Ok(()) => self.state.send_modify(|state| state.fault = None),
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

    /// Applies a configuration without faults. The error is a fault outside of the file, such as a certificate that cannot be
    /// used; then nothing was applied.
    fn apply(&mut self, config: Config) -> Result<(), ConfigFault> {
        let applied = self.running.apply(&self.current, &config, &self.started.data_dir);
        applied.map_err(|error| ConfigFault::new(format!("{error:#}"), format!("{error:#}")))?;
        let (path, loaded_at) = (config.path.clone(), self.running.services.clock.now());
        let needs_restart = changes::needing_restart(&self.started, &config);
        let added = config.added.clone();
        self.state.send_modify(|state| {
            *state =
                ConfigState { path, loaded_at, fault: state.fault.take(), needs_restart, added };
        });
        self.current = config;
        Ok(())
    }

    /// Applies an edited file, and logs which settings changed and which need a restart. The error is as in [`Self::apply`].
    fn apply_file(&mut self, config: Config) -> Result<(), ConfigFault> {
        let before = self.current.clone();
        self.apply(config)?;
        let config = self.current.clone();
        self.source.settle_on(&config);
        let (path, changed) = (self.path(), changes::taken_up(&before, &config).join(", "));
        let needs_restart = changes::needing_restart(&self.started, &config);
        match changed.is_empty() {
            true => tracing::info!(
                path,
                "The configuration was read again; no change takes effect now."
            ),
            false => tracing::info!(path, changed, "The changed configuration is in use."),
        }
        for warning in config.warnings.iter().filter(|it| !before.warnings.contains(it)) {
            tracing::warn!("{warning}");
        }
        if !needs_restart.is_empty() {
            let settings = needs_restart.join(", ");
            tracing::warn!(path, settings, "These settings are changed and need a restart.");
        }
        let waiting = needs_restart.iter().map(|setting| format!("{setting} (after a restart)"));
        let noted: Vec<String> =
            Some(changed).filter(|it| !it.is_empty()).into_iter().chain(waiting).collect();
        if !noted.is_empty() {
            let now = self.running.services.clock.now();
            let action = AuditAction::ConfigChange;
            let entry = audit::entry(now, Actor::File(path), action, "", noted.join(", "));
            self.noted.push(entry);
        }
        self.report_added();
        Ok(())
    }

    fn path(&self) -> String {
        let path = self.source.file.as_deref();
        path.map_or_else(String::new, |path| path.display().to_string())
    }
}
