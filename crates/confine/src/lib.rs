//! Other programs, started with what they need and nothing else.
//!
//! Tipoff starts itself as a launcher (`tipoff confined …`); the launcher restricts itself, and then
//! becomes the program (`execve`). So a restriction holds from the program's first instruction on, and no
//! unsafe code is needed, which `pre_exec` would be. Over a program of an exec channel, which may start
//! others, it watches instead: it ends all of them with Tipoff.
//!
//! | restriction | video tools | programs of exec channels |
//! | --- | --- | --- |
//! | descriptors of Tipoff | closed | closed |
//! | ends with Tipoff | yes | yes, with its process group |
//! | capabilities | none, for good | none, for good, unless the channel keeps them |
//! | privileges by setuid programs | none | as before |
//! | files (landlock) | reads and writes those that are named, reads system folders | as before |
//! | network (seccomp, landlock) | none, or TCP to one port | as before |
//! | other processes (seccomp, landlock) | starts none, signals none, traces none | as before |
//! | limits | memory, processor, size and number of files, threads, no core | number of files and processes, no core |

mod calls;
mod confinement;
mod files;
mod group;
mod launch;
mod limits;
mod steady;
mod watch;

pub use confinement::{Confinement, Launcher, SUBCOMMAND, VideoConfinement};
pub use group::ProcessGroup;
pub use launch::{CANNOT_START, Held, main};
pub use steady::on_steady_thread;
