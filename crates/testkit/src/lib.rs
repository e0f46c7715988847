//! Stand-ins and players for the tests; never shipped.
//!
//! A stand-in does what its service documents, more strictly where the service is lenient, and
//! records what it was sent; it knows nothing of who sends.

pub mod apprise;
mod at_end;
pub mod camera;
pub mod dialog;
pub mod discord;
pub mod email;
pub mod gotify;
pub mod hichip;
pub mod homeassistant;
pub mod matrix;
pub mod mattermost;
pub mod mosquitto;
pub mod network;
pub mod ntfy;
pub mod ports;
pub mod postgres;
pub mod power_cut;
pub mod push_service;
pub mod pushover;
pub mod rocketchat;
pub mod rtsp;
pub mod s3;
mod server_folder;
pub mod signal;
pub mod slack;
pub mod standin;
pub mod tcp_proxy;
pub mod telegram;
pub mod webhook;
