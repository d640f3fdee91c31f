//! Commands about ways, times and amounts.

pub mod accumulate;
pub mod between;
pub mod common;
pub mod isolate;
pub mod locate;
pub mod partition;
pub mod path;
pub mod profile;
pub mod travel;

use std::path::Path;

use serde::Serialize;
use suyuan::{Asked, City};

use crate::network::{not_negative, open};
use crate::question_args::AskArgs;
use crate::say::{Fault, Say};

/// The city that is asked, which `output` must not be a file of, and how.
fn opened(ask: &AskArgs, output: Option<&Path>, say: &Say) -> Result<(City, Asked), Fault> {
    let max_snap = not_negative("--max-snap", ask.max_snap)?;
    let city = open(&ask.network, Vec::new(), say)?;
    if let Some(path) = output {
        city.guard_sources(path)?;
    }
    let asked = city.asked(&ask.barrier, ask.condition.as_deref(), max_snap)?;
    say.barriers_on_pipes(&asked.barriers_on_pipes);
    say.unmet(ask.condition.as_deref(), asked.unmet);
    say.step("trace", Some((1, 1)));
    Ok((city, asked))
}

/// A document on one line.
fn document(answer: &impl Serialize, say: &Say) {
    say.answer(&serde_json::to_string(answer).unwrap_or_default());
}
