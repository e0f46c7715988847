//! The process group of what the launcher started: one signal ends all of it.

use rustix::process::{Pid, Signal, kill_process_group};

/// The process group of a child that was started by the launcher and has not been waited for; killed when
/// dropped. Drop it before the child: while the child is there, its number is nobody else's.
#[derive(Debug)]
pub struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group of the child with this number; of none, where it has been waited for.
    pub fn of(child: Option<u32>) -> Self {
        Self(child.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Does not kill the group, because the child has been waited for: other processes of the group may continue.
    pub fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // Fails if no process is left, or if the launcher does not lead a group yet: then it has started nothing
            // and is killed alone.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
