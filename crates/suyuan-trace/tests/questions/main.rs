//! The questions against independent answers on random networks: loops, parallel pipes, splits, pipes that end where they
//! begin, shut pipes.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod accumulate;
#[path = "../alone/mod.rs"]
mod alone;
mod between;
mod common;
mod isolate;
mod limits;
mod path;
mod plan;
mod profile;
mod travel;
