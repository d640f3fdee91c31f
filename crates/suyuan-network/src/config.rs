//! What decides how a network is built.

use serde::{Deserialize, Serialize};
use suyuan_core::{Coord, System};

/// How far apart two ends may lie and still be one node.
#[doc(alias = "捕捉容差")]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapTolerance {
    /// Chosen for each place from the data: ends that coincide to a centimetre are one node; a free end joins its
    /// nearest neighbour where the gap is short beside both pipes and no third thing stands nearer.
    Auto,
    /// One distance in metres for all.
    Metres(f64),
}

/// What decides which pipe ends meet.
#[doc(alias = "连接方式")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinBy {
    /// Node ids in layers where at least half of the pipe ends carry one, geometry in the others.
    Auto,
    /// Node ids alone; an end without one stays free.
    Ids,
    /// Node ids, and geometry for each end without one.
    #[serde(alias = "ids-then-geometry")]
    IdsThenGeometry,
    /// Geometry alone, ids unread.
    Geometry,
}

/// What decides which way a pipe flows whose record does not say it.
#[doc(alias = "流向判定")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectBy {
    /// Levels, drawn order and neighbours weighed together, each trusted as far as this survey shows that it can be.
    Weighed,
    /// Levels where there are any, else drawn order; neighbours unheard.
    Stated,
}

/// What somebody who knows has decided about a survey, to be kept for its next delivery.
#[doc(alias = "人工决定")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A pipe flows to that of its ends which lies nearer to a place.
    Flow {
        /// Its id; of several the nearest to the place.
        pipe: String,
        /// The place, in the survey's CRS.
        towards: Coord<f64>,
    },
    /// The end of a pipe nearest to a place is joined to another pipe.
    Join {
        /// The id of the pipe; of several the nearest to the place.
        pipe: String,
        /// The id of the other pipe; of several the nearest to the place.
        to: String,
        /// The place, in the survey's CRS.
        at: Coord<f64>,
    },
    /// Nothing passes a pipe: a valve is shut, or it is walled up.
    Shut {
        /// Its id; of several all.
        pipe: String,
    },
}

/// How a network is built. What changes the answer has no default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildConfig {
    /// How far apart two ends may lie and still be one node.
    pub snap: SnapTolerance,
    /// What decides which pipe ends meet.
    pub join: JoinBy,
    /// What decides which way a pipe flows whose record does not say it.
    pub direct: DirectBy,
    /// The systems to keep, before anything is joined; empty keeps all.
    pub systems: Vec<System>,
    /// How far an outfall may lie from the pipe it belongs to, metres.
    pub outfall_reach: f64,
    /// What was decided by hand; it comes before all evidence.
    pub decisions: Vec<Decision>,
    /// Whether the survey is also checked by rules that change nothing in the network: overlaps, duplicates, sizes, levels that
    /// contradict each other, flying points, rings, isolated pipes and nodes, dead ends, outfalls at upper ends, large pipes into
    /// small ones. Without them what was doubtful in joining, directing and naming is told all the same.
    pub rules: bool,
}

impl BuildConfig {
    /// The settings of the command line when nothing else is said: automatic tolerance and joining, directions weighed,
    /// every system, outfalls up to 5 m from their pipe, all rules.
    #[must_use]
    pub fn automatic() -> Self {
        Self {
            snap: SnapTolerance::Auto,
            join: JoinBy::Auto,
            direct: DirectBy::Weighed,
            systems: Vec::new(),
            outfall_reach: 5.0,
            decisions: Vec::new(),
            rules: true,
        }
    }
}
