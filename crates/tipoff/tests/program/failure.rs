//! Repeats below the logs of the servers why a test failed: of a long output often only the end is kept.

use std::sync::{Mutex, Once, PoisonError};
use std::thread;

/// Panics of tests, which are named, and of the threads that they started, which are not.
static PANICS: Mutex<Vec<(Option<String>, String)>> = Mutex::new(Vec::new());

/// Notes the text of every panic from now on.
pub fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let test = thread::current().name().map(str::to_owned);
            panics().push((test, panic.to_string()));
            print(panic);
        }));
    });
}

/// The panics of the test of this thread and of threads without a name, in order.
pub fn reasons() -> Vec<String> {
    let (panics, current) = (panics(), thread::current());
    let of_this =
        panics.iter().filter(|(test, _)| test.is_none() || test.as_deref() == current.name());
    of_this.map(|(_, text)| text.clone()).collect()
}

fn panics() -> std::sync::MutexGuard<'static, Vec<(Option<String>, String)>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}
