//! What lies upstream of a place, as runs of the index; to be handed out, summed and combined.

use std::collections::BTreeMap;

use suyuan_network::{Network, NodeId, PipeId, ReachId};

use crate::index::{TraceIndex, extent};
use crate::runs::{Run, both, either, without};

/// A set of nodes and reaches: what lies upstream of a place, or such sets combined.
///
/// # Shape
/// Runs of positions of a [`TraceIndex`], and the few reaches of which only a stretch is in the set, those that a start lies on.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::TraceIndex;
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> D -P4-> OF1\nC -P3-> D"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let above = |node| index.upstream_of(&network, &network.place_of_node(network.find_node(node).unwrap()));
/// // Dirty at D, clean at B: what is above D and not above B.
/// let suspects = above("D").without(&above("B"), &network);
/// let mut names: Vec<&str> = suspects.pipes(&network).into_iter().map(|p| network.pipe_name(p)).collect();
/// names.sort();
/// assert_eq!(names, ["P2", "P3"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "上游集合")]
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamSet<'a> {
    index: &'a TraceIndex,
    pub(crate) runs: Vec<Run<u32>>,
    /// Reaches that are cut: the stretches of them that are in the set, metres above their lower end, whatever the runs say.
    pub(crate) cut: BTreeMap<ReachId, Vec<Run<f64>>>,
    /// Whether all that is upstream of what is in the set is in it as well.
    closed: bool,
}

impl<'a> UpstreamSet<'a> {
    pub(crate) fn new(index: &'a TraceIndex, runs: Vec<Run<u32>>) -> Self {
        Self { index, runs, cut: BTreeMap::new(), closed: true }
    }

    /// How many runs of positions the set is made of: what finding and summing it costs.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// How many nodes are in it.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.runs.iter().map(|[from, to]| (to - from) as usize).sum()
    }

    /// Its nodes, in the order of the index: downstream first.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<'_, 'a> {
        self.runs.iter().flat_map(|[from, to]| self.index.nodes.slice(*from as usize..*to as usize)).copied()
    }

    /// Its whole reaches, by the node they run to in the order of the index.
    pub fn reaches(&self) -> impl Iterator<Item = ReachId> + use<'_, 'a> {
        let whole = self.runs.iter().flat_map(|run| self.index.reaches.of(*run)).copied();
        whole.filter(|r| self.cut.is_empty() || !self.cut.contains_key(r))
    }

    /// Its reaches that are cut, with the stretches that are in the set, metres above their lower end, rising.
    pub fn cut_reaches(&self) -> impl Iterator<Item = (ReachId, &[[f64; 2]])> {
        self.cut.iter().map(|(r, s)| (*r, s.as_slice())).filter(|(_, s)| !s.is_empty())
    }

    /// Whether a node is in it. O(log runs).
    #[must_use]
    pub fn contains_node(&self, node: NodeId) -> bool {
        let position = self.index.first.at(node.index());
        let run = self.runs.partition_point(|r| r[1] <= position);
        self.runs.get(run).is_some_and(|r| r[0] <= position)
    }

    /// Whether a reach is wholly in it. O(log runs).
    #[must_use]
    pub fn contains_reach(&self, network: &Network, reach: ReachId) -> bool {
        !self.cut.contains_key(&reach) && self.is_in_runs(network, reach)
    }

    pub(crate) fn is_in_runs(&self, network: &Network, reach: ReachId) -> bool {
        self.contains_node(network.reach(reach).to) && network.is_open(reach)
    }

    /// The pipes of which some stretch is in it, each once.
    ///
    /// # Shape
    /// In the order of the index, but for pipes that cannot be told by one reach: these come last. By id for sets that [`UpstreamSet::without`] made.
    ///
    /// # Complexity
    /// One copy of memory for each run; O(n log n) for n reaches of sets that [`UpstreamSet::without`] made.
    #[must_use]
    pub fn pipes(&self, network: &Network) -> Vec<PipeId> {
        let cut = self.cut_reaches().map(|(r, _)| network.reach(r).pipe);
        if !self.closed {
            let mut pipes: Vec<PipeId> = self.reaches().map(|r| network.reach(r).pipe).chain(cut).collect();
            pipes.sort_unstable();
            pipes.dedup();
            return pipes;
        }
        let parts = || self.runs.iter().map(|run| self.index.pipes.of(*run));
        let mut pipes = Vec::with_capacity(parts().map(<[PipeId]>::len).sum::<usize>() + self.cut.len());
        parts().for_each(|part| pipes.extend_from_slice(part));
        let whole = pipes.len();
        self.runs.iter().for_each(|run| pipes.extend_from_slice(self.index.forked.of(*run)));
        let told = |p: &PipeId| network.reaches_of(*p).any(|r| self.contains_reach(network, r));
        pipes.extend(cut.filter(|p| !told(p)));
        let mut doubtful = pipes.split_off(whole);
        doubtful.sort_unstable();
        doubtful.dedup();
        pipes.extend(doubtful);
        pipes
    }

    /// What is in both sets.
    #[must_use]
    #[doc(alias = "共同上游")]
    pub fn both(&self, other: &Self, network: &Network) -> Self {
        self.combine(other, network, both, both, self.closed && other.closed)
    }

    /// What is in either set.
    #[must_use]
    pub fn either(&self, other: &Self, network: &Network) -> Self {
        self.combine(other, network, either, either, self.closed && other.closed)
    }

    /// What is in this set and not in the other: above the dirty, not above the clean.
    #[must_use]
    #[doc(alias = "差集")]
    pub fn without(&self, other: &Self, network: &Network) -> Self {
        self.combine(other, network, without, without, false)
    }

    fn combine(
        &self,
        other: &Self,
        network: &Network,
        of_runs: impl Fn(&[Run<u32>], &[Run<u32>]) -> Vec<Run<u32>>,
        of_stretches: impl Fn(&[Run<f64>], &[Run<f64>]) -> Vec<Run<f64>>,
        closed: bool,
    ) -> Self {
        let mut set =
            Self { index: self.index, runs: of_runs(&self.runs, &other.runs), cut: BTreeMap::new(), closed };
        for reach in self.cut.keys().chain(other.cut.keys()) {
            let length = extent(network.reach(*reach));
            let left = of_stretches(&self.stretches(network, *reach), &other.stretches(network, *reach));
            let is_whole = left == [[0.0, length]];
            let is_told = if set.is_in_runs(network, *reach) { is_whole } else { left.is_empty() };
            if !is_told {
                set.cut.insert(*reach, left);
            }
        }
        set
    }

    /// The stretches of a reach that are in the set, metres above its lower end.
    pub(crate) fn stretches(&self, network: &Network, reach: ReachId) -> Vec<Run<f64>> {
        match self.cut.get(&reach) {
            Some(stretches) => stretches.clone(),
            None if self.is_in_runs(network, reach) => vec![[0.0, extent(network.reach(reach))]],
            None => Vec::new(),
        }
    }
}
