//! The front door of suyuan (溯源): from survey files to ranked candidates in one call.
//!
//! ```no_run
//! use suyuan::{City, CitySpec, Role, TraceRequest};
//!
//! let mut spec = CitySpec::default();
//! spec.add(Role::Pipes, "pipes.shp");
//! spec.add(Role::Outfalls, "outfalls.shp");
//! spec.add(Role::Drainers, "drainers.shp");
//! let city = City::open(&spec)?;
//! let answer = city.trace("OF-17", &TraceRequest::default())?;
//! println!("{} pipes, {} candidates", answer.pipes.len(), answer.candidates.len());
//! # Ok::<(), suyuan::Error>(())
//! ```
//!
//! Everything here is made of the crates below, which may be used by themselves: `suyuan-read` (files to features),
//! `suyuan-network` (features to network), `suyuan-trace`, `suyuan-attribution`, `suyuan-locate`, `suyuan-venue`, `suyuan-export`.

mod answer;
mod asked;
mod batch;
mod check;
mod city;
mod columns;
mod error;
mod findings;
mod moment;
mod package;
mod places;
mod prepared;
mod project;
mod questions;
mod reference;
mod repair;
mod rows;
mod spec;
mod venues;

pub use answer::{CityTracer, LimitsAnswer, StartAnswer, TraceAnswer, TraceRequest};
pub use asked::Asked;
pub use batch::TraceStart;
pub use check::CheckReport;
pub use city::City;
pub use columns::TraceRows;
pub use error::Error;
pub use findings::Findings;
pub use moment::Moment;
pub use package::{Background, findings_package, run_info, trace_package};
pub use project::read_project;
pub use questions::{
    AccumulateAnswer, AmountOf, BetweenAnswer, CommonAnswer, DistrictAnswer, EndAnswer, FoundAnswer,
    IsolateAnswer, LocateAnswer, LocateRequest, MeetingAnswer, ObservationAnswer, PartitionAnswer,
    PathAnswer, PlaceAmount, PlaceProbability, PlaceTravel, PlugAnswer, ProfileAnswer, ProfileReachAnswer,
    ReachTravelAnswer, SharedAnswer, SpotAnswer, SuspectAnswer, TravelAnswer, TravelRequest, UnusedAnswer,
    VisitAnswer, WayReachAnswer, WhyAnswer, WhyTest, accumulate_package, between_package, isolate_package,
    locate_package, path_package, profile_drawing,
};
pub use reference::Reference;
pub use repair::{MOST_REPAIRS, RepairAnswer, repaired_package};
pub use spec::CitySpec;
pub use venues::{VenueAnswer, venue_package};

pub use suyuan_attribution as attribution;
pub use suyuan_core as core;
pub use suyuan_core::{Finding, FindingCode, Language, RawSurvey, Role, Severity, System};
pub use suyuan_export as export;
pub use suyuan_locate as locate;
pub use suyuan_network as network;
pub use suyuan_network::{BuildConfig, DirectBy, JoinBy, Network, SnapTolerance};
pub use suyuan_read as read;
pub use suyuan_read::{LayerSpec, ReadOptions};
pub use suyuan_trace as trace;
pub use suyuan_venue as venue;

/// The code of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
