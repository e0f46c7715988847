//! What all listeners share: balancers, TLS and how it is recognised, limits of connections, fair turns, wrong logins, and this machine's
//! network. Knows no protocol and no page.

pub(crate) mod balancer;
mod client_hello;
pub(crate) mod known;
pub(crate) mod limit;
pub(crate) mod listen;
pub(crate) mod login_throttle;
pub(crate) mod network;
mod port_holder;
pub(crate) mod processor_turns;
pub(crate) mod proxy_header;
pub(crate) mod rewound;
pub(crate) mod sniff;
pub(crate) mod tls;
mod tls_fault;
pub(crate) mod wire;

pub(crate) use tls_fault::TlsFault;
