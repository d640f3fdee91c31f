//! Trace and drainers to ranked candidates, each with its evidence.
//!
//! In come a network with the drainers of its survey, and a trace; out comes a list of [`Candidate`]s, likeliest
//! first, each with every fact behind its place. The list says whom to inspect next; it accuses nobody. This crate
//! opens no file; what it believes about trades is a table that the caller may replace.

mod drainer;
mod geometry;
mod lateral;
mod link;
mod rank;
mod trades;

pub use drainer::{Drainer, DrainerId, Drainers, JoinConfig, join_drainers};
pub use link::{Link, LinkGrade};
pub use rank::{Candidate, Evidence, EvidenceKind, keep_candidates, rank_candidates};
pub use trades::{Trade, TradeError, Trades};
