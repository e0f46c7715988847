//! The whole program, as its users and their cameras meet it: real clients, real sockets, real
//! crashes. Every server has a folder and ports of its own.

mod clients;
mod command_line;
mod crash;
mod destination;
mod end;
mod harness;
mod hook;
mod limits;
mod telegram;
mod tls;
mod torn;
