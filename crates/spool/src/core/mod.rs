//! Decisions of the spool: rows in, a decision out. Knows no engine, no clock and no file.

pub(crate) mod alert;
pub(crate) mod facts;
pub(crate) mod resent;
pub(crate) mod shares;
pub(crate) mod under_way;
