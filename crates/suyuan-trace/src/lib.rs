//! Network and start to trace: everything whose water can arrive at a place, or where its water can go.
//!
//! In come a [`Network`](suyuan_network::Network) and a [`Place`](suyuan_network::Place) on it; out comes a
//! [`Trace`]: each reach once, loops, parallels and splits complete, with its distance, and for each branch the reason
//! why it ends. This crate opens no file and never changes the network.

mod cross;
mod index;
mod options;
mod restrict;
mod runs;
mod share;
mod stop;
mod sums;
mod sweep;
mod trace;
mod tracer;
mod upstream;

pub use index::TraceIndex;
pub use options::{Barriers, Heading, TraceOptions};
pub use restrict::Restriction;
pub use stop::{Stop, StopReason};
pub use sums::{NotFinite, Sums};
pub use trace::{Step, Trace};
pub use tracer::{Tracer, trace_downstream, trace_upstream};
pub use upstream::UpstreamSet;
