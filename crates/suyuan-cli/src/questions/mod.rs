//! Commands about ways, times and amounts.

pub mod accumulate;
pub mod common;
pub mod isolate;
pub mod partition;
pub mod path;
pub mod profile;
pub mod travel;

use serde::Serialize;

use crate::say::Say;

/// A document on one line.
fn document(answer: &impl Serialize, say: &Say) {
    say.answer(&serde_json::to_string(answer).unwrap_or_default());
}
