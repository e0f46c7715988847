//! The whole program, as its users and their cameras meet it: real clients, real sockets, real
//! crashes. Every server has a folder and ports of its own.

// The lints' exceptions for tests do not reach the functions that tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod accounts;
mod actions;
mod added_channels;
mod added_routes;
mod alarms;
mod api;
mod audit;
mod audit_coverage;
mod backup;
mod balancers;
mod base_path;
mod browser;
mod bucket;
mod camera;
mod camera_setup;
mod clients;
mod command_line;
mod confined;
mod crash;
mod day;
mod dead_log;
mod destination;
mod devices;
mod dialogs;
mod doctor;
mod email;
mod end;
mod error_texts;
mod exports;
mod failure;
mod faults;
mod fetched_pictures;
mod ftp_again;
mod ftp_limits;
mod ftp_uploads;
mod ftp_wire;
mod harness;
mod health;
mod home_assistant;
mod hook;
mod hostile;
mod hostile_browser;
mod hostile_connections;
mod hostile_disk;
mod hostile_ftp;
mod hostile_http;
mod hostile_links;
mod hostile_logins;
mod hostile_mail;
mod hostile_memory;
mod hostile_senders;
mod https;
mod incident;
mod init;
mod json;
mod keeping;
mod kills;
mod known_browsers;
mod limits;
mod mail_contents;
mod mqtt;
mod mqtt_source;
mod named_channels;
mod network_faults;
mod next_steps;
mod nodes;
mod ntfy;
mod old_clients;
mod pages;
mod pictures;
mod power_cut;
mod private_data;
mod public_address;
mod pull;
mod pull_onvif;
mod push;
mod recovery;
mod reload;
mod removed_devices;
mod review;
mod root_certificates;
mod rules;
mod schema;
mod service_manager;
mod sessions;
mod spool_copy;
mod telegram;
mod terminal;
mod time_zones;
mod tls;
mod torn;
mod uploaders;
mod users;
mod words;
mod wrong_port;
