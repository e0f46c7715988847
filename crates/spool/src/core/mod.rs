//! Decisions of the spool: rows in, a decision out. Knows no engine, no clock and no file.

pub(crate) mod alert;
pub(crate) mod alerting;
pub(crate) mod bounds;
pub(crate) mod dedup;
pub(crate) mod facts;
pub(crate) mod incident_kind;
pub(crate) mod incident_summary;
pub(crate) mod joining;
pub(crate) mod known_mails;
pub(crate) mod newcomers;
pub(crate) mod placement;
pub(crate) mod resent;
pub(crate) mod resolve;
pub(crate) mod retention;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod shares;
pub(crate) mod summary;
pub(crate) mod turn_place;
pub(crate) mod under_way;
