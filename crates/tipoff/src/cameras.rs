//! The cameras that Tipoff asks: for their events, for pictures of alarms that come without one, and for their settings.

mod asking;
mod clients;
mod discovery;
mod onvif_media;
mod pictures;
pub(crate) mod pull;
mod setup;

pub(crate) use self::clients::CameraClients;
pub(crate) use self::discovery::CameraInNetwork;
pub(crate) use self::pictures::{NoPicture, Pictures};
pub(crate) use self::setup::{CameraSetups, CameraToSetUp, NoSetup, PlannedSetup, WrittenSetup};
