//! What Tipoff says to ONVIF cameras, and how it reads their answers: requests out, answers in. Also the discovery of
//! cameras in the local network, by WS-Discovery and by SADP of Hikvision.
//!
//! The crate has no socket, clock, file or random source: time and randomness are arguments. It does not read the messages
//! of events: the body of an answer that has some is an alarm like one that a camera pushes.
//!
//! [`Subscription`] gets events, pulled or pushed; it is pulled by its caller. [`Operation`] writes single requests, and
//! `answer` reads their answers. Sources: ONVIF Core Specification 23.06, WS-BaseNotification 1.3, WS-Security
//! UsernameToken Profile 1.0; what cameras do instead is named where it is handled.

mod address;
pub mod answer;
pub mod discovery;
mod fault;
mod request;
mod subscription;
mod time;
mod token;
mod xml;

pub use address::repaired;
pub use fault::Fault;
pub use request::{CONTENT_TYPE, Operation, Reference, SoapRequest};
pub use subscription::{
    CameraLogin, Delivery, Freshness, Messages, Now, Step, StopReason, Subscription,
};
pub use token::UsernameToken;
