//! The statements of the spool.

pub(crate) mod statement;
