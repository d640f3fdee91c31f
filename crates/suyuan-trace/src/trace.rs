//! The answer.

use suyuan_core::Certainty;
use suyuan_network::{Network, NodeId, PipeId, Place, ReachId};

use crate::options::Heading;
use crate::stop::Stop;

/// One reach of a trace.
#[doc(alias = "步")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The reach.
    pub reach: ReachId,
    /// Metres of pipe between the start and the nearer end of the reach; 0 for the reach that the start lies on.
    pub distance: f64,
    /// The stretch of it that counts, metres along the drawn part; all of it unless the start lies on its inside.
    pub measures: [f64; 2],
    /// Whether the start is joined to it over certain reaches alone, itself included.
    pub certain: bool,
}

/// Everything upstream (or downstream) of a place.
///
/// # Shape
/// One [`Step`] per reach, each reach once, nearest first, ties by reach; a bypass between the same manholes is a step
/// of its own. One [`Stop`] per branch end.
#[doc(alias = "溯源")]
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Where it starts.
    pub start: Place,
    /// Which way it runs.
    pub heading: Heading,
    /// The reaches, nearest first.
    pub steps: Vec<Step>,
    /// The ends of its branches, nearest first.
    pub stops: Vec<Stop>,
    /// The nodes it reached with their distance from the start, nearest first; the start's own node included.
    pub nodes: Vec<(NodeId, f64)>,
    /// Reaches that would be added if doubtful reaches ran the other way, in order; empty unless asked for.
    pub possible: Vec<ReachId>,
}

impl Trace {
    /// The pipes of which some part is in the trace, in order of id.
    #[must_use]
    pub fn pipes(&self, network: &Network) -> Vec<PipeId> {
        pipes_of(network, self.steps.iter().map(|s| s.reach))
    }

    /// The pipes joined to the start over certain reaches alone, in order of id.
    #[must_use]
    pub fn certain_pipes(&self, network: &Network) -> Vec<PipeId> {
        pipes_of(network, self.steps.iter().filter(|s| s.certain).map(|s| s.reach))
    }

    /// The pipes that the possible part adds, in order of id.
    #[must_use]
    pub fn possible_pipes(&self, network: &Network) -> Vec<PipeId> {
        let answer = self.pipes(network);
        let mut pipes = pipes_of(network, self.possible.iter().copied());
        pipes.retain(|p| answer.binary_search(p).is_err());
        pipes
    }

    /// Total length of pipe, metres.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.steps.iter().map(|s| s.measures[1] - s.measures[0]).fold(0.0, |a, b| a + b)
    }

    /// How far a step's answer can be relied upon: certain if every reach on the way is.
    #[must_use]
    pub fn certainty(&self, network: &Network, step: &Step) -> Certainty {
        if step.certain {
            Certainty::Certain
        } else {
            network.reach(step.reach).certainty.max(Certainty::Probable)
        }
    }
}

fn pipes_of(network: &Network, reaches: impl Iterator<Item = ReachId>) -> Vec<PipeId> {
    let mut pipes: Vec<PipeId> = reaches.map(|r| network.reach(r).pipe).collect();
    pipes.sort_unstable();
    pipes.dedup();
    pipes
}
