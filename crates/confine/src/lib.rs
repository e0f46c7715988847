//! Other programs, started with what they need and nothing else.
//!
//! Tipoff starts itself as a launcher (`tipoff confined …`); the launcher restricts itself, and then
//! becomes the program (`execve`). So a restriction holds from the program's first instruction on, and no
//! unsafe code is needed, which `pre_exec` would be.
//!
//! | restriction | video tools | programs of exec channels |
//! | --- | --- | --- |
//! | descriptors of Tipoff | closed | closed |
//! | ends with Tipoff | yes | yes |
//! | capabilities | none, for good | none, but root stays root |
//! | privileges by setuid programs | none | as before |
//! | files (landlock) | reads and writes those that are named, reads system folders | as before |
//! | network (seccomp, landlock) | none | as before |
//! | other processes (seccomp, landlock) | starts none, signals none, traces none | as before |
//! | limits | memory, processor, size and number of files, threads, no core | number of files and processes, no core |

mod calls;
mod confinement;
mod files;
mod launch;
mod limits;
mod steady;

pub use confinement::{Confinement, Launcher, Video};
pub use launch::{CANNOT_START, Held, WORD, main};
pub use steady::on_steady_thread;
