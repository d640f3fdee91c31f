//! The nodes and reaches upstream of one place, numbered without a hole.

use std::ops::Range;

use suyuan_network::{Network, NodeId, Place, ReachId};

use crate::index::TraceIndex;
use crate::runs::Run;
use crate::upstream::UpstreamSet;

/// Numbers the nodes, and the whole reaches, upstream of a place, so that what lies upstream of any place there is a few ranges
/// of numbers.
///
/// # Shape
/// Numbers from 0, in the order in which the [`UpstreamSet`] of the place hands nodes and reaches out. A reach of which only a
/// stretch lies upstream has none.
///
/// # Complexity
/// Made in O(runs of the set). A number, or a range of them, takes O(log runs), and O(reaches that run to the node); in a ring, O(ring).
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Ranking, TraceIndex};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nC -P3-> B"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let start = network.place_of_node(network.find_node("OF1")?);
/// let ranking = Ranking::new(&index, &network, &start);
/// assert_eq!((ranking.node_count(), ranking.reach_count()), (4, 3));
/// let above = index.upstream_of(&network, &network.place_of_node(network.find_node("C")?));
/// assert_eq!(ranking.nodes_of(&above).map(|r| r.len()).sum::<usize>(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "上游编号")]
#[derive(Debug, Clone)]
pub struct Ranking<'a> {
    index: &'a TraceIndex,
    runs: Vec<Run<u32>>,
    /// How many nodes, and reaches, stand in the runs before each, and in all of them.
    nodes_before: Vec<usize>,
    reaches_before: Vec<usize>,
}

impl<'a> Ranking<'a> {
    /// Numbers what lies upstream of a place.
    #[must_use]
    pub fn new(index: &'a TraceIndex, network: &Network, start: &Place) -> Self {
        let runs = index.upstream_of(network, start).runs;
        let before = |count: &dyn Fn(&Run<u32>) -> usize| {
            let mut sum = 0;
            let sums = runs.iter().map(|run| {
                sum += count(run);
                sum
            });
            [0].into_iter().chain(sums).collect()
        };
        let nodes_before = before(&|[from, to]| (to - from) as usize);
        let reaches_before = before(&|run| index.reaches.slots(*run).len());
        Self { index, runs, nodes_before, reaches_before }
    }

    /// How many nodes have a number.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes_before[self.runs.len()]
    }

    /// How many reaches have a number.
    #[must_use]
    pub fn reach_count(&self) -> usize {
        self.reaches_before[self.runs.len()]
    }

    /// Every node in the order of the numbers.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<'_, 'a> {
        self.runs.iter().flat_map(|[from, to]| self.index.nodes.slice(*from as usize..*to as usize)).copied()
    }

    /// Every reach in the order of the numbers.
    pub fn reaches(&self) -> impl Iterator<Item = ReachId> + use<'_, 'a> {
        self.runs.iter().flat_map(|run| self.index.reaches.of(*run)).copied()
    }

    /// The number of a node; `None` if it does not lie upstream.
    #[must_use]
    pub fn of_node(&self, node: NodeId) -> Option<usize> {
        let position = self.index.first.at(node.index());
        let run = self.run_at(position)?;
        // The nodes of a ring share their first position.
        let from = self.runs[run][0];
        let group = self.index.nodes.slice(position as usize..self.index.ends.at(position as usize) as usize);
        let within = group.iter().position(|n| *n == node)?;
        Some(self.nodes_before[run] + (position - from) as usize + within)
    }

    /// The number of a reach; `None` if it does not lie upstream as a whole.
    #[must_use]
    pub fn of_reach(&self, network: &Network, reach: ReachId) -> Option<usize> {
        let position = self.index.first.at(network.reach(reach).to.index());
        let run = self.run_at(position)?;
        let all = self.index.reaches.slots([self.runs[run][0], position + 1]);
        let here = self.index.reaches.of([position, position + 1]);
        let within = here.iter().position(|r| *r == reach)?;
        Some(self.reaches_before[run] + all.len() - here.len() + within)
    }

    /// The numbers of the nodes of a set, rising. What of the set has no number is left out.
    pub fn nodes_of(&self, set: &UpstreamSet<'_>) -> impl Iterator<Item = Range<usize>> {
        self.shared(set).map(|(run, [from, to])| {
            let first = self.nodes_before[run] + (from - self.runs[run][0]) as usize;
            first..first + (to - from) as usize
        })
    }

    /// The numbers of the whole reaches of a set that runs tell, rising; those of which the set has only a stretch aside. What
    /// of the set has no number is left out.
    pub fn reaches_of(&self, set: &UpstreamSet<'_>) -> impl Iterator<Item = Range<usize>> {
        self.shared(set).map(|(run, [from, to])| {
            let before = self.index.reaches.slots([self.runs[run][0], from]).len();
            let first = self.reaches_before[run] + before;
            first..first + self.index.reaches.slots([from, to]).len()
        })
    }

    /// The run that holds a position.
    fn run_at(&self, position: u32) -> Option<usize> {
        let run = self.runs.partition_point(|r| r[1] <= position);
        self.runs.get(run).is_some_and(|r| r[0] <= position).then_some(run)
    }

    /// What runs of the set have in common with those here, each with the number of the run here.
    fn shared(&self, set: &UpstreamSet<'_>) -> impl Iterator<Item = (usize, Run<u32>)> {
        let runs = set.runs.clone();
        runs.into_iter().flat_map(move |[from, to]| {
            let first = self.runs.partition_point(|r| r[1] <= from);
            let here = self.runs[first..].iter().take_while(move |r| r[0] < to).enumerate();
            here.map(move |(k, r)| (first + k, [from.max(r[0]), to.min(r[1])])).collect::<Vec<_>>()
        })
    }
}
