//! Decisions of the spool: rows in, a decision out. Knows no engine, no clock and no file.

pub(crate) mod accounts;
pub(crate) mod alert;
pub(crate) mod alerting;
pub(crate) mod audit;
pub(crate) mod bounds;
pub(crate) mod covered;
pub(crate) mod dedup;
pub(crate) mod delivery;
pub(crate) mod device_names;
pub(crate) mod device_resolution;
pub(crate) mod devices;
pub(crate) mod dismissal;
pub(crate) mod due_alert;
pub(crate) mod eviction;
pub(crate) mod facts;
pub(crate) mod incident_head;
pub(crate) mod incident_kind;
pub(crate) mod incident_summary;
pub(crate) mod known_mails;
pub(crate) mod newcomers;
pub(crate) mod placement;
pub(crate) mod queue;
pub(crate) mod resent;
pub(crate) mod retention;
pub(crate) mod round;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod sessions;
pub(crate) mod share_links;
pub(crate) mod stats;
pub(crate) mod summary;
pub(crate) mod turn_place;
pub(crate) mod turns;
pub(crate) mod under_way;
pub(crate) mod uploads;
pub(crate) mod waiting_places;
