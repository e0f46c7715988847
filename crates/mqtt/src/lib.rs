//! Receives messages from MQTT brokers (MQTT 3.1.1) over `rumqttc`. A message is acknowledged only when its receiver says
//! so: until then the broker keeps it. It knows no device and no vendor.
//!
//! [`Broker::connect`] makes one connection; [`Subscription::next`] gives its messages, one at a time, and drives it. While
//! the caller stores one, nothing more is read, so that a fast broker waits and no message waits in memory.

mod broker;
mod error;
mod filter;
mod subscription;

pub use broker::{Broker, BrokerAddress};
pub use error::{ErrorKind, MqttError};
pub use filter::TopicFilter;
pub use subscription::{Message, Subscription};
