//! The statements of the spool, written once for every engine: each file reads what [`crate::core`] decides from,
//! and writes what it decides.
//!
//! [`statement`] is the way to an engine, [`database`] what an engine provides, [`spool`] the operations.

mod accounts;
mod added_configuration;
mod audit;
pub(crate) mod catalog;
mod clock;
pub(crate) mod copy_notes;
mod covered;
pub(crate) mod database;
mod dedup;
mod deliveries;
mod delivery_rows;
mod device_edits;
mod device_names;
mod device_resolution;
mod device_rows;
mod devices;
mod dismissal;
mod home_settings;
pub(crate) mod identity;
mod incident_list;
mod incident_rows;
mod incident_sources;
mod incident_summary;
mod incidents;
mod known_mails;
mod leases;
mod new_deliveries;
mod newcomers;
mod node_notices;
mod notices;
mod operations;
mod past;
mod planning;
mod remembered;
mod resent;
mod retention;
mod review;
mod sessions;
mod setup_key;
mod share_links;
pub(crate) mod shares;
mod sightings;
pub(crate) mod spool;
pub(crate) mod statement;
mod stats;
pub(crate) mod store;
mod summaries;
pub(crate) mod sweep;
mod tokens;
mod totp;
mod turns;
mod uploads;
mod users;
mod value;
