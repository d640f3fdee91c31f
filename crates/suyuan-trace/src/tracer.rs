//! The walk itself.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use suyuan_core::Certainty;
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::index::TraceIndex;
use crate::limits::Limits;
use crate::options::{Barriers, Heading, TraceOptions};
use crate::shut::Shut;
use crate::trace::{Step, Trace};
use crate::ways::Cost;

/// Every reach whose water can arrive at `start`, nearest first.
///
/// # Shape
/// One [`Step`] per reach, each reach once; a bypass between the same manholes is a step of its own. At a node start
/// the pipe leaving it is not in the answer (unless its water comes back in a loop); at a start on a pipe's inside,
/// that pipe is.
///
/// # Units
/// [`Step::distance`] is metres of pipe from the reach's lower end to the start.
///
/// # Complexity
/// O(n log n) time, n being the reaches upstream, and O(nodes of the network) memory; [`Tracer`] reuses the memory.
///
/// # Reference
/// Dijkstra (1959), read against the flow.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::trace_upstream;
/// let (network, _) = build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic())?;
/// let start = network.place_of_outfall(network.find_outfall("OF1")?, 1.0)?;
/// let trace = trace_upstream(&network, &start);
/// assert_eq!(trace.steps.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn trace_upstream(network: &Network, start: &Place) -> Trace {
    Tracer::new(network).trace(start, &TraceOptions::default())
}

/// Every reach that water from `start` can reach, nearest first; see [`trace_upstream`].
#[must_use]
pub fn trace_downstream(network: &Network, start: &Place) -> Trace {
    Tracer::new(network)
        .trace(start, &TraceOptions { heading: Heading::Downstream, ..TraceOptions::default() })
}

/// The distance of each node in the current trace. Memory that is never touched stays zero, and costs nothing.
pub(crate) struct Distances(Vec<u64>);

impl Distances {
    /// A node's distance; infinite where it was not reached.
    pub(crate) fn of(&self, node: NodeId) -> f64 {
        self.0[node.index()].checked_sub(1).map_or(f64::INFINITY, f64::from_bits)
    }

    pub(crate) fn set(&mut self, node: NodeId, distance: f64) {
        self.0[node.index()] = distance.to_bits() + 1;
    }

    fn forget(&mut self, node: NodeId) {
        self.0[node.index()] = 0;
    }
}

/// Traces many starts over one network, reusing its scratch memory.
///
/// Once its walks have cost as much as a [`TraceIndex`] does, it makes one and answers plain upstream questions by it.
pub struct Tracer<'a> {
    pub(crate) network: &'a Network,
    index: Option<Cow<'a, TraceIndex>>,
    /// How many nodes were walked over without the index.
    walked: usize,
    pub(crate) distance: Distances,
    /// Nodes to be reset before the next trace.
    pub(crate) touched: Vec<NodeId>,
    /// Whether a node is joined to the start over certain reaches alone; of touched nodes, in a trace by the index.
    pub(crate) sure: Vec<bool>,
    /// Of the current trace.
    pub(crate) shut: Shut<'a>,
    pub(crate) limits: Limits,
}

impl<'a> Tracer<'a> {
    /// A tracer over a network.
    #[must_use]
    pub fn new(network: &'a Network) -> Self {
        Self {
            network,
            index: None,
            walked: 0,
            sure: Vec::new(),
            distance: Distances(vec![0; network.node_count()]),
            touched: Vec::new(),
            shut: Shut::new(network, &Barriers::default()),
            limits: Limits::default(),
        }
    }

    /// A tracer over a network that has an index.
    #[must_use]
    pub fn with_index(network: &'a Network, index: &'a TraceIndex) -> Self {
        Self { index: Some(Cow::Borrowed(index)), ..Self::new(network) }
    }

    /// Traces one start. See [`trace_upstream`] for shape, units and complexity.
    pub fn trace(&mut self, start: &Place, options: &TraceOptions) -> Trace {
        let plain = TraceOptions { possible: options.possible, ..TraceOptions::default() };
        if self.walked > self.network.node_count() && self.index.is_none() && *options == plain {
            self.index = Some(Cow::Owned(TraceIndex::new(self.network)));
        }
        self.shut = Shut::new(self.network, &options.barriers);
        self.limits = Limits::new(options);
        self.limits.in_time = options.max_time.map(|most| self.in_time(start, options.heading, most, false));
        let (nodes, mut steps, stops);
        let index = if *options == plain { self.index.take() } else { None };
        if let Some(index) = index {
            let swept = self.sweep(&index, start);
            nodes = swept.nodes;
            steps = self.steps(&nodes, start, options.heading);
            stops = self.stops(&nodes, swept.rings, start, options.heading);
            self.mark_certain(&|tracer, node| tracer.sure[node.index()], &mut steps, start, options.heading);
            self.index = Some(index);
        } else {
            nodes = self.walk(start, options.heading, &|_| true);
            steps = self.steps(&nodes, start, options.heading);
            let rings = self.rings_of(&nodes, &steps);
            stops = self.stops(&nodes, rings, start, options.heading);
            let certain = |r: ReachId| self.network.reach(r).certainty == Certainty::Certain;
            let _ = self.walk(start, options.heading, &certain);
            let reached = |tracer: &Self, node: NodeId| tracer.distance.of(node).is_finite();
            self.mark_certain(&reached, &mut steps, start, options.heading);
            self.walked += nodes.len();
        }
        // What doubtful directions would add has no place among the nearest pipes.
        let asked = options.possible && options.max_pipes.is_none();
        let possible = if asked { self.possible(start, options, &steps) } else { Vec::new() };
        self.reset();
        Trace { start: *start, heading: options.heading, steps, stops, nodes, possible }
    }

    /// Whether a walk from a start ends at a node. The start's own node is never a barrier to itself.
    pub(crate) fn stops_at(&self, node: NodeId, start: &Place) -> bool {
        self.shut.is_barrier(node) && start.kind != PlaceKind::Node(node)
    }

    pub(crate) fn reset(&mut self) {
        for node in self.touched.drain(..) {
            self.distance.forget(node);
        }
    }

    pub(crate) fn next(&self, node: NodeId, heading: Heading) -> &'a [ReachId] {
        match heading {
            Heading::Upstream => self.network.incoming(node),
            Heading::Downstream => self.network.outgoing(node),
        }
    }

    pub(crate) fn far_end(&self, reach: ReachId, heading: Heading) -> NodeId {
        let reach = self.network.reach(reach);
        if heading == Heading::Upstream { reach.from } else { reach.to }
    }

    pub(crate) fn near_end(&self, reach: ReachId, heading: Heading) -> NodeId {
        let reach = self.network.reach(reach);
        if heading == Heading::Upstream { reach.to } else { reach.from }
    }

    /// The node from which the walk goes on, and how far it lies from the start.
    pub(crate) fn first_node(&self, start: &Place, heading: Heading) -> (NodeId, f64) {
        match start.kind {
            PlaceKind::Node(node) => (node, 0.0),
            PlaceKind::Reach { reach, above_end } => {
                let row = self.network.reach(reach);
                match heading {
                    Heading::Upstream => (row.from, (row.length() - above_end).max(0.0)),
                    Heading::Downstream => (row.to, above_end),
                }
            }
        }
    }

    /// Nodes within the limits by distance; leaves the distances of this walk in `self.distance`.
    fn walk(
        &mut self,
        start: &Place,
        heading: Heading,
        may_pass: &dyn Fn(ReachId) -> bool,
    ) -> Vec<(NodeId, f64)> {
        self.reset();
        let mut heap = BinaryHeap::new();
        let mut order = Vec::new();
        if let PlaceKind::Reach { reach, .. } = start.kind
            && !may_pass(reach)
        {
            return order;
        }
        let (first, at) = self.first_node(start, heading);
        if !self.limits.allow(first, at) {
            return order;
        }
        let mut count = self.count(start);
        self.reach_node(first, at, &mut heap);
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            if at > self.distance.of(node) {
                continue;
            }
            if !self.limits.allow(node, at) {
                self.distance.forget(node); // there were pipes enough before it
                continue;
            }
            order.push((node, at));
            if self.stops_at(node, start) {
                continue;
            }
            if let Some(count) = &mut count {
                self.count_next(count, node, at, heading);
            }
            for reach in self.next(node, heading) {
                if !self.shut.is_open(*reach) || !may_pass(*reach) {
                    continue;
                }
                let far = self.far_end(*reach, heading);
                let there = at + self.network.reach(*reach).length();
                if self.limits.allow(far, there) {
                    self.reach_node(far, there, &mut heap);
                }
            }
        }
        order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        order
    }

    /// The reaches next to the nodes of a walk, as many as there may be.
    fn steps(&mut self, nodes: &[(NodeId, f64)], start: &Place, heading: Heading) -> Vec<Step> {
        let mut steps = Vec::with_capacity(nodes.len());
        for (node, at) in nodes {
            if self.stops_at(*node, start) {
                continue;
            }
            for reach in self.next(*node, heading).iter().filter(|r| self.shut.is_open(**r)) {
                let measures = self.network.reach(*reach).measures;
                steps.push(Step { reach: *reach, distance: *at, measures, certain: false });
            }
        }
        let nearest = |a: &Step, b: &Step| a.distance.total_cmp(&b.distance).then(a.reach.cmp(&b.reach));
        steps.sort_by(nearest);
        self.leave_out(&mut steps, start);
        if let PlaceKind::Reach { reach, above_end } = start.kind
            && !steps.iter().any(|s| s.reach == reach)
        {
            let row = self.network.reach(reach);
            let [from, to] = row.measures;
            // As drawn, the spot lies `above_end` before the end that the water leaves by.
            let spot = if row.with_drawn { to - above_end } else { from + above_end };
            let upper = (heading == Heading::Upstream) == row.with_drawn;
            let measures = if upper { [from, spot] } else { [spot, to] };
            let own = Step { reach, distance: 0.0, measures, certain: false };
            let after = steps.partition_point(|s| nearest(s, &own).is_lt());
            steps.insert(after, own);
        }
        steps
    }

    fn mark_certain(
        &self,
        reached: &dyn Fn(&Self, NodeId) -> bool,
        steps: &mut [Step],
        start: &Place,
        heading: Heading,
    ) {
        for step in steps {
            let certain = self.network.reach(step.reach).certainty == Certainty::Certain;
            let on_it = matches!(start.kind, PlaceKind::Reach { reach, .. } if reach == step.reach);
            step.certain = certain && (on_it || reached(self, self.near_end(step.reach, heading)));
        }
    }

    /// Notes that a node can be reached within a distance, if that is news.
    pub(crate) fn reach_node(
        &mut self,
        node: NodeId,
        there: f64,
        heap: &mut BinaryHeap<Reverse<(Cost, NodeId)>>,
    ) {
        let known = self.distance.of(node);
        if there < known {
            if known.is_infinite() {
                self.touched.push(node);
            }
            self.distance.set(node, there);
            heap.push(Reverse((Cost(there), node)));
        }
    }
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_network::{BuildConfig, build_network};

    use super::*;
    use crate::StopReason;

    /// Traces `from` (an outfall or node) through a drawing; compares pipes nearest first and stops.
    fn check(text: &str, from: &str, pipes: &str, stops: &str) {
        let (network, _) = build_network(&drawn(text), &BuildConfig::automatic()).unwrap();
        let start = network.place_of_node(network.find_node(from).unwrap());
        let trace = trace_upstream(&network, &start);
        let name = |r: ReachId| network.pipe_name(network.reach(r).pipe);
        let mut found: Vec<_> = trace.steps.iter().map(|s| name(s.reach)).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), pipes);
        let mut ended: Vec<_> =
            trace.stops.iter().map(|s| format!("{}:{}", network.node(s.node).name, s.reason.key())).collect();
        ended.sort_unstable();
        assert_eq!(ended.join(" "), stops);
    }

    #[test]
    fn a_bypass_between_the_same_two_manholes_is_traced() {
        check("MH1 -P1-> MH2 -P2-> OF1\nMH1 -P3-> MH2", "OF1", "P1 P2 P3", "MH1:headwater");
    }

    #[test]
    fn a_ring_is_traced_once_and_whole() {
        check("A -P1-> B -P2-> C -P3-> B\nC -P4-> OF1", "OF1", "P1 P2 P3 P4", "A:headwater");
    }

    #[test]
    fn a_ring_that_nothing_enters_says_so() {
        check("A -P1-> B -P2-> C -P3-> A\nC -P4-> OF1", "OF1", "P1 P2 P3 P4", "C:loop");
    }

    #[test]
    fn a_pipe_that_comes_back_to_its_own_node_leaves_it_a_headwater() {
        check("A -P1-> OF1\nA -P2-> A", "OF1", "P1 P2", "A:headwater");
    }

    #[test]
    fn the_pipe_that_leaves_a_start_is_not_upstream_of_it() {
        check("A -P1-> B -P2-> OF1", "B", "P1", "A:headwater");
    }

    #[test]
    fn an_outfall_that_only_loses_water_says_which_pipe_flows_away() {
        check("OF1 -P1-> A", "OF1", "", "OF1:opposing");
    }

    #[test]
    fn a_limit_shorter_than_the_start_s_own_reach_is_told() {
        let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1"), &BuildConfig::automatic()).unwrap();
        let start = network.place_of_pipe(network.find_pipes("P2").unwrap()[0]).unwrap();
        let options = TraceOptions { max_distance: Some(0.5), ..TraceOptions::default() };
        let trace = Tracer::new(&network).trace(&start, &options);
        assert_eq!((trace.steps.len(), trace.nodes.len()), (1, 0));
        assert_eq!(trace.stops.iter().map(|s| s.reason).collect::<Vec<_>>(), [StopReason::Limit]);
    }

    #[test]
    fn a_pipe_that_flows_away_from_the_end_of_a_branch_is_named() {
        check("A -P1-> OF1\nA -P2-> B", "OF1", "P1", "A:opposing");
    }
}
