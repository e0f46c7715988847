//! The cameras that Tipoff asks: for their events, and for pictures of alarms that come without one.

mod clients;

pub(crate) use self::clients::CameraClients;
