//! Videos that play.
