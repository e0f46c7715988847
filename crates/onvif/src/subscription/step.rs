//! What a subscription wants its caller to do.

use std::time::Duration;

use tipoff_model::Timestamp;

use crate::request::SoapRequest;

/// The time of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time since any fixed moment, by a clock that is never set.
    pub elapsed: Duration,
    /// The time by our clock, for cameras that do not say theirs.
    pub utc: Timestamp,
}

/// How events come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The camera is asked for them (PullPoint).
    Pull,
    /// The camera POSTs them to an address (WS-BaseNotification).
    Push {
        /// `http://NUMBER:PORT/h/SECRET`: cameras resolve no names, and check no certificates.
        consumer: String,
    },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// POST a request, and give the answer to `answered`, or say `failed`. An HTTP client may log in with Digest besides, if
    /// the camera answers 401: some cameras want that in place of the token.
    Send {
        /// The request.
        request: SoapRequest,
        /// How long its answer may take.
        within: Duration,
    },
    /// Do nothing until then, by [`Now::elapsed`].
    Wait {
        /// The time of the next step.
        until: Duration,
    },
    /// There is no further step.
    Stopped(StopReason),
}

/// Why there is no further step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The camera refuses the login. It is not tried again: accounts lock.
    WrongPassword,
    /// The camera has no events of this kind.
    NotSupported,
    /// The caller ended it.
    Ended,
}

/// An answer has messages: its body is read as an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages {
    /// How many.
    pub count: usize,
    /// When they happened.
    pub freshness: Freshness,
}

/// When messages happened. A camera replays what it could not give away during a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Now, whatever their times say: the camera had none when it was asked, or its times are always wrong by as much.
    Live,
    /// They waited to be asked for, and some are new: each has its time.
    Queued,
    /// Minutes ago, all of them, by the camera's own clock: not urgent.
    Late,
}
