//! Results to files.

pub mod table;
