//! What a trace is asked.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use suyuan_network::{NodeId, PipeId};

/// Against the flow or with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// Everything that can drain to the start.
    #[default]
    #[doc(alias = "上游")]
    Upstream,
    /// Everything that the start can drain to.
    #[doc(alias = "下游")]
    Downstream,
}

impl Heading {
    /// The name used in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }
}

/// Where water may not pass, beside the pipes that are shut. The default is nowhere.
///
/// # Shape
/// Water that comes to a node goes no farther; water that starts there does, and the node's own place is never in its own way.
#[doc(alias = "阻断")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Barriers {
    /// Nodes that it comes to and does not leave.
    pub nodes: Vec<NodeId>,
    /// Pipes that it does not enter.
    pub pipes: Vec<PipeId>,
}

/// How a trace runs. The default is the plain question: all of it, upstream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceOptions {
    /// Against the flow or with it.
    pub heading: Heading,
    /// Where it may not pass.
    pub barriers: Barriers,
    /// How far it may go, metres of pipe; a reach is in the answer when its nearer end lies within.
    pub max_distance: Option<f64>,
    /// How long water may take, seconds: the most likely time along the quickest way, as [`travel_of_reach`] has it with its
    /// default settings. A reach is in the answer when its nearer end lies within; distances are those of ways within.
    ///
    /// [`travel_of_reach`]: crate::travel_of_reach
    pub max_time: Option<f64>,
    /// How many pipes there may be: the nearest ones, by distance, then reach. The trace ends where one more would begin.
    pub max_pipes: Option<NonZeroUsize>,
    /// Whether to list what would be added if doubtful reaches ran the other way; never so beside `max_pipes`.
    pub possible: bool,
}
