//! Raw features to network: joins, splits, directs and indexes surveyed pipes.
//!
//! In comes a [`RawSurvey`](suyuan_core::RawSurvey) in metres; out come an immutable [`Network`] that can be shared
//! between threads, and a list of every doubt met on the way. The network is what petgraph calls a directed graph:
//! its visit traits are implemented for `&Network`, so each of petgraph's algorithms runs on it. This crate never
//! opens a file, never traces, and never drops a pipe: what cannot be joined stays in the network by itself.
//!
//! * [`build_network`]: the one way to make a network
//! * [`Network`]: nodes, reaches, pipes, outfalls, and what joins what
//! * [`Place`]: a spot on the network, found by id or by nearness

mod bed;
mod build;
mod bundle;
mod chain;
mod config;
mod decisions;
mod defects;
mod direct;
mod factor;
mod fly;
mod graph;
mod grid;
mod ids;
mod index;
mod join;
mod levels;
mod network;
mod orient;
mod outfalls;
mod overlap;
mod place;
mod prepared;
mod quality;
mod recorded;
mod records;
mod rows;
mod seen;
mod segments;
mod split;
mod spots;
mod survey;
mod tap;
mod union;
mod web;

pub use build::{BuildError, build_network};
pub use config::{BuildConfig, Decision, DirectBy, JoinBy, SnapTolerance};
pub use defects::{Defect, Repair, defects_that_matter};
pub use graph::ReachRef;
pub use ids::{NodeId, OutfallId, PipeId, ReachId};
pub use index::{NearestPipe, PipeSpot};
pub use network::{Gap, Network, Node, Outfall, Pipe, Reach};
pub use place::{Place, PlaceError, PlaceKind};
pub use prepared::NetworkPages;
