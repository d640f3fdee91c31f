//! The trace index: nodes numbered so that what lies upstream of any of them is a few runs of numbers.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use suyuan_core::FlowMode;
use suyuan_core::stored::{Flat, Sections, Stored, StoredError};
use suyuan_network::{Network, NodeId, PipeId, Place, PlaceKind, Reach, ReachId};

use crate::cross::CrossArcs;
use crate::upstream::UpstreamSet;

/// Not met yet, or in no group yet.
const NONE: u32 = u32::MAX;

/// Answers "what lies upstream of here" for any place of a network in the time it takes to copy the answer out.
///
/// # How it works
/// Nodes that reach each other (rings) are one group. A depth-first walk against the flow, from the outfalls up, numbers
/// the groups as it leaves them, last one first. Two things follow. Every group's number is higher than those of
/// the groups its water runs to. And what the walk met between entering a group and leaving it has numbers that run on
/// without a hole from the group's own: in a network without splits, all that lies upstream. A split adds an arc from
/// a group with a higher number into such a run. These arcs are kept in order with a table of maxima, so that a query visits
/// only those that lead out of the runs it has.
///
/// # Units
/// A *position* is a number given to a node in this order.
///
/// # Complexity
/// Build O(nodes + reaches) time, about 24 bytes a node and 8 a reach. A query finds its runs in O(k log a), k being the arcs that lead
/// out of runs and a all arcs of splits; handing out m ids is k copies of m ids together.
///
/// # Reference
/// R. Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1, 1972, for the groups; the runs are the
/// nesting intervals of a depth-first forest, as in R. Agrawal, A. Borgida and H. V. Jagadish, "Efficient management of transitive
/// relationships in large data and knowledge bases", SIGMOD 1989.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::TraceIndex;
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nB -P3-> OF2"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let start = network.place_of_outfall(network.find_outfall("OF2")?, 1.0)?;
/// let pipes = index.upstream_of(&network, &start).pipes(&network);
/// let names: Vec<&str> = pipes.into_iter().map(|p| network.pipe_name(p)).collect();
/// assert_eq!(names.len(), 2); // P1 and P3
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "溯源索引")]
#[derive(Debug, Clone, PartialEq)]
pub struct TraceIndex {
    /// Of each node, the position at which its group begins.
    pub(crate) first: Flat<u32>,
    /// The nodes by position; a group's nodes stand together.
    pub(crate) nodes: Flat<NodeId>,
    /// At a group's first position, where the run that begins there ends.
    pub(crate) ends: Flat<u32>,
    /// Reaches by the position of the group they run to, and where those of each position begin.
    pub(crate) reaches: Runs<ReachId>,
    /// Pipes by the position at which they are told, likewise: each pipe at its uppermost reach.
    pub(crate) pipes: Runs<PipeId>,
    /// Pipes that no single reach can tell, such as those that flow apart from their middle, by position.
    pub(crate) forked: Runs<PipeId>,
    pub(crate) cross: CrossArcs,
}

/// Entries by position: a run of `list` for each.
#[derive(Debug, Clone)]
pub(crate) struct Runs<T> {
    pub(crate) starts: Flat<u32>,
    pub(crate) list: Flat<T>,
}

impl<T: Pod> PartialEq for Runs<T> {
    fn eq(&self, other: &Self) -> bool {
        self.starts == other.starts && self.list == other.list
    }
}

impl<T: Pod> Runs<T> {
    /// Sorts `entries` by position; those of one position keep their order.
    fn new<I: Iterator<Item = (u32, T)>>(positions: usize, entries: impl Fn() -> I) -> Self {
        let mut starts = vec![0u32; positions + 1];
        for (position, _) in entries() {
            starts[position as usize + 1] += 1;
        }
        for i in 0..positions {
            starts[i + 1] += starts[i];
        }
        let mut list = vec![T::zeroed(); starts[positions] as usize];
        // The starts move on as entries are put down, and are moved back by one place afterwards.
        for (position, entry) in entries() {
            let slot = &mut starts[position as usize];
            list[*slot as usize] = entry;
            *slot += 1;
        }
        starts.copy_within(0..positions, 1);
        starts[0] = 0;
        Self { starts: starts.into(), list: list.into() }
    }

    /// Where the entries of a run of positions stand in the list.
    pub(crate) fn slots(&self, [from, to]: [u32; 2]) -> Range<usize> {
        let (from, to) = (self.starts.at(from as usize) as usize, self.starts.at(to as usize) as usize);
        from.min(to)..to // damaged starts may be in any order
    }

    /// The entries of a run of positions.
    pub(crate) fn of(&self, run: [u32; 2]) -> &[T] {
        self.list.slice(self.slots(run))
    }

    fn put<'a>(&'a self, sections: &mut Sections<'a>, name: &str) {
        sections.put_flat(name, &self.list);
        sections.put_flat(&format!("{name}.starts"), &self.starts);
    }

    fn open(stored: &Arc<Stored>, name: &str) -> Result<Self, StoredError> {
        Ok(Self { starts: stored.flat(&format!("{name}.starts"))?, list: stored.flat(name)? })
    }
}

/// The length of a reach as far as stretches of it go: 1 for a reach without length, that is in a set or is not.
pub(crate) fn extent(reach: Reach) -> f64 {
    if reach.length() > 0.0 { reach.length() } else { 1.0 }
}

impl TraceIndex {
    /// Indexes a network. The index is good for that network alone.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let order = Order::new(network);
        let open = |r: &ReachId| network.is_open(*r);
        let at = |r: ReachId| order.first[network.reach(r).to.index()];
        let reaches = Runs::new(order.nodes.len(), || network.reach_ids().filter(open).map(|r| (at(r), r)));
        let (mut heads, mut tails) = (Vec::new(), Vec::new());
        for position in 0..order.nodes.len() as u32 {
            for reach in reaches.of([position, position + 1]) {
                let tail = order.first[network.reach(*reach).from.index()];
                if tail >= order.ends[position as usize] {
                    heads.push(position);
                    tails.push(tail);
                }
            }
        }
        let cross = CrossArcs::new(heads, tails);
        let mut told: Vec<u32> = vec![NONE; network.pipe_count()];
        let mut forked = Vec::new();
        let mut positions = Vec::new();
        for pipe in network.pipe_ids() {
            tellers(network, &order.first, pipe, &mut positions);
            match &positions[..] {
                [one] => told[pipe.index()] = *one,
                several => forked.extend(several.iter().map(|p| (*p, pipe))),
            }
        }
        let single = || network.pipe_ids().map(|p| (told[p.index()], p)).filter(|t| t.0 != NONE);
        Self {
            pipes: Runs::new(order.nodes.len(), single),
            forked: Runs::new(order.nodes.len(), || forked.iter().copied()),
            first: order.first.into(),
            nodes: order.nodes.into(),
            ends: order.ends.into(),
            reaches,
            cross,
        }
    }

    /// Adds the index to what is to be stored.
    pub fn put<'a>(&'a self, sections: &mut Sections<'a>) {
        sections.put_flat("trace.first", &self.first);
        sections.put_flat("trace.nodes", &self.nodes);
        sections.put_flat("trace.ends", &self.ends);
        self.reaches.put(sections, "trace.reaches");
        self.pipes.put(sections, "trace.pipes");
        self.forked.put(sections, "trace.forked");
        self.cross.put(sections);
    }

    /// The index that was stored.
    ///
    /// # Errors
    /// [`StoredError`] if a section is missing.
    pub fn open(stored: &Arc<Stored>) -> Result<Self, StoredError> {
        Ok(Self {
            first: stored.flat("trace.first")?,
            nodes: stored.flat("trace.nodes")?,
            ends: stored.flat("trace.ends")?,
            reaches: Runs::open(stored, "trace.reaches")?,
            pipes: Runs::open(stored, "trace.pipes")?,
            forked: Runs::open(stored, "trace.forked")?,
            cross: CrossArcs::open(stored)?,
        })
    }

    /// Everything whose water can arrive at a place.
    ///
    /// # Panics
    /// If the place is on another network.
    #[must_use]
    pub fn upstream_of(&self, network: &Network, start: &Place) -> UpstreamSet<'_> {
        match start.kind {
            PlaceKind::Node(node) => UpstreamSet::new(self, self.runs(node)),
            PlaceKind::Reach { reach, above_end } => {
                let row = network.reach(reach);
                let mut set = UpstreamSet::new(self, self.runs(row.from));
                if !set.contains_reach(network, reach) {
                    let extent = extent(row);
                    set.cut.insert(reach, vec![[above_end.clamp(0.0, extent), extent]]);
                }
                set
            }
        }
    }

    /// The runs of positions upstream of a node, its own group included: rising, apart, as long as can be.
    fn runs(&self, node: NodeId) -> Vec<[u32; 2]> {
        let mut runs: Vec<[u32; 2]> = Vec::new();
        // Groups whose runs belong to the answer, lowest last; runs nest or lie apart, so the lowest is never inside a later one.
        let mut next = std::collections::BinaryHeap::from([std::cmp::Reverse(self.first.at(node.index()))]);
        while let Some(std::cmp::Reverse(from)) = next.pop() {
            let to = self.ends.at(from as usize);
            match runs.last_mut() {
                _ if to <= from => continue, // damaged
                Some(last) if from < last[1] => continue,
                Some(last) if from == last[1] => last[1] = to,
                _ => runs.push([from, to]),
            }
            self.cross.leaving([from, to], |tail| next.push(std::cmp::Reverse(tail)));
        }
        runs
    }
}

/// Nodes in the order of the index.
struct Order {
    first: Vec<u32>,
    nodes: Vec<NodeId>,
    ends: Vec<u32>,
}

/// A node on the walk: when it was met, the earliest node it can get back to, and how many nodes were left before it was met.
#[derive(Clone, Copy)]
struct Met {
    number: u32,
    back: u32,
    left: u32,
}

impl Order {
    fn new(network: &Network) -> Self {
        let count = network.node_count();
        let mut met = vec![Met { number: NONE, back: NONE, left: 0 }; count];
        let mut first = vec![NONE; count];
        let mut ends = vec![0u32; count];
        let mut nodes: Vec<NodeId> = Vec::with_capacity(count);
        let mut open: Vec<NodeId> = Vec::new(); // met, in no group yet
        let mut way: Vec<(NodeId, u32)> = Vec::new(); // the walk, with how many ways up were tried
        let mut number = 0;
        let dry = |n: &NodeId| network.outgoing(*n).is_empty();
        // Ends of the water first; what only goes round in rings is left for the second turn.
        for root in network.node_ids().filter(dry).chain(network.node_ids()) {
            if met[root.index()].number != NONE {
                continue;
            }
            let mut enter = Some(root);
            loop {
                if let Some(node) = enter.take() {
                    met[node.index()] = Met { number, back: number, left: nodes.len() as u32 };
                    number += 1;
                    open.push(node);
                    way.push((node, 0));
                }
                let Some((node, tried)) = way.last_mut() else { break };
                let node = *node;
                if let Some(reach) = network.incoming(node).get(*tried as usize) {
                    *tried += 1;
                    if !network.is_open(*reach) {
                        continue;
                    }
                    let reach = network.reach(*reach);
                    let above = met[reach.from.index()];
                    if above.number == NONE {
                        enter = Some(reach.from);
                    } else if first[reach.from.index()] == NONE {
                        met[node.index()].back = met[node.index()].back.min(above.number);
                    }
                    continue;
                }
                way.pop();
                let done = met[node.index()];
                if let Some((below, _)) = way.last() {
                    met[below.index()].back = met[below.index()].back.min(done.back);
                }
                if done.back == done.number {
                    // The group that was entered at this node is complete.
                    let from = open.iter().rposition(|n| *n == node).unwrap_or(0);
                    let size = open.len() - from;
                    nodes.extend(open.drain(from..).rev());
                    let start = (count - nodes.len()) as u32;
                    for member in &nodes[nodes.len() - size..] {
                        first[member.index()] = start;
                    }
                    ends[start as usize] = count as u32 - done.left;
                }
            }
        }
        nodes.reverse();
        Self { first, nodes, ends }
    }
}

/// The positions at which a pipe is told: if any of its reaches is in an upstream set, a reach at one of these is.
fn tellers(network: &Network, first: &[u32], pipe: PipeId, positions: &mut Vec<u32>) {
    positions.clear();
    if network.pipe(pipe).mode == FlowMode::Blocked {
        return;
    }
    let place = |r: ReachId| (first[network.reach(r).to.index()], r);
    let ways = network.reaches_of(pipe);
    let mut before: Option<ReachId> = None;
    let mut reaches = ways.peekable();
    while let Some(reach) = reaches.next() {
        // A reach that the next one of the pipe runs into is in no set without that one. In a ring one has to begin.
        let from = network.reach(reach).from;
        let covers = |r: &ReachId| network.reach(*r).to == from && place(*r) > place(reach);
        if !before.iter().chain(reaches.peek()).any(covers) {
            positions.push(place(reach).0);
        }
        before = Some(reach);
    }
    positions.sort_unstable();
    positions.dedup();
}
