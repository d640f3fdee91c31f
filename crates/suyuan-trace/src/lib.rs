//! Network and start to trace: everything whose water can arrive at a place, or where its water can go.
//!
//! In come a [`Network`](suyuan_network::Network) and a [`Place`](suyuan_network::Place) on it; out comes a
//! [`Trace`]: each reach once, loops, parallels and splits complete, with its distance, and for each branch the reason
//! why it ends. Beside it, one question a module: how long the water takes ([`travel_times`]), which way ([`find_path`]) and
//! at which levels ([`long_profile`]), where it meets ([`first_meetings`]), what stops it
//! ([`isolate`]), what lies between ([`all_between`]), and how much of something lies upstream ([`accumulate()`]). This crate opens no file and never changes the network.

mod accumulate;
mod between;
mod channels;
mod common;
mod cross;
mod ends;
mod flow;
mod handed;
mod index;
mod isolate;
mod limits;
mod marks;
mod options;
mod partition;
mod path;
mod possible;
mod profile;
mod ranking;
mod restrict;
mod runs;
mod share;
mod shut;
mod stop;
mod sums;
mod sweep;
mod trace;
mod tracer;
mod upstream;

pub use index::TraceIndex;
pub use options::{Barriers, Heading, TraceOptions};
pub use restrict::Restriction;
mod travel;
mod velocity;
mod ways;

pub use accumulate::{Amounts, BadAmount, accumulate, accumulate_by_shares};
pub use between::{Between, all_between};
pub use common::{Meeting, Shared, first_meetings, upstream_of_all};
pub use isolate::{Isolation, Plug, isolate};
pub use partition::{Partition, partition_by_outfall};
pub use path::{Path, Way, WayReach, find_path};
pub use profile::{Profile, ProfileReach, long_profile};
pub use ranking::Ranking;
pub use stop::{Stop, StopReason};
pub use sums::{NotFinite, Sums};
pub use trace::{Step, Trace};
pub use tracer::{Tracer, trace_downstream, trace_upstream};
pub use travel::{StepTravel, Travel, travel_times};
pub use upstream::UpstreamSet;
pub use velocity::{
    BadTravelSetting, ReachTravel, TravelBasis, TravelSettings, Window, part_full_velocity, travel_of_reach,
};
