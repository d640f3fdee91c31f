//! The walk itself.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use suyuan_core::Certainty;
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::index::TraceIndex;
use crate::options::{Heading, TraceOptions};
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
    barrier_nodes: Vec<bool>,
    barrier_pipes: Vec<bool>,
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
            barrier_nodes: Vec::new(),
            barrier_pipes: Vec::new(),
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
        self.set_barriers(options);
        let limit = options.max_distance.unwrap_or(f64::INFINITY);
        let (nodes, mut steps, stops);
        let index = if *options == plain { self.index.take() } else { None };
        if let Some(index) = index {
            let swept = self.sweep(&index, start);
            nodes = swept.nodes;
            steps = self.steps(&nodes, start, options.heading, limit);
            stops = self.stops(&nodes, swept.rings, start, options, limit);
            self.mark_certain(&|tracer, node| tracer.sure[node.index()], &mut steps, start, options.heading);
            self.index = Some(index);
        } else {
            nodes = self.walk(start, options.heading, limit, &|_| true);
            steps = self.steps(&nodes, start, options.heading, limit);
            let rings = self.rings_of(&nodes, &steps);
            stops = self.stops(&nodes, rings, start, options, limit);
            let certain = |r: ReachId| self.network.reach(r).certainty == Certainty::Certain;
            let _ = self.walk(start, options.heading, limit, &certain);
            let reached = |tracer: &Self, node: NodeId| tracer.distance.of(node).is_finite();
            self.mark_certain(&reached, &mut steps, start, options.heading);
            self.walked += nodes.len();
        }
        let possible =
            if options.possible { self.possible(start, options.heading, limit, &steps) } else { Vec::new() };
        self.reset();
        Trace { start: *start, heading: options.heading, steps, stops, nodes, possible }
    }

    fn set_barriers(&mut self, options: &TraceOptions) {
        self.barrier_nodes.clear();
        self.barrier_pipes.clear();
        if !options.barriers.nodes.is_empty() {
            self.barrier_nodes.resize(self.network.node_count(), false);
        }
        if !options.barriers.pipes.is_empty() {
            self.barrier_pipes.resize(self.network.pipe_count(), false);
        }
        for node in &options.barriers.nodes {
            self.barrier_nodes[node.index()] = true;
        }
        for pipe in &options.barriers.pipes {
            self.barrier_pipes[pipe.index()] = true;
        }
    }

    pub(crate) fn is_barrier(&self, node: NodeId) -> bool {
        self.barrier_nodes.get(node.index()).copied().unwrap_or(false)
    }

    pub(crate) fn is_shut(&self, reach: ReachId) -> bool {
        let pipe = self.network.reach(reach).pipe;
        self.barrier_pipes.get(pipe.index()).copied().unwrap_or(false) || !self.network.is_open(reach)
    }

    pub(crate) fn reset(&mut self) {
        for node in self.touched.drain(..) {
            self.distance.0[node.index()] = 0;
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

    /// Nodes within the limit by distance; leaves the distances of this walk in `self.distance`.
    fn walk(
        &mut self,
        start: &Place,
        heading: Heading,
        limit: f64,
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
        if at > limit {
            return order;
        }
        self.reach_node(first, at, &mut heap);
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            if at > self.distance.of(node) {
                continue;
            }
            order.push((node, at));
            // The start's own node is never a barrier to itself.
            if self.is_barrier(node) && start.kind != PlaceKind::Node(node) {
                continue;
            }
            for reach in self.next(node, heading) {
                if self.is_shut(*reach) || !may_pass(*reach) {
                    continue;
                }
                let far = self.far_end(*reach, heading);
                let there = at + self.network.reach(*reach).length();
                if there > limit {
                    continue;
                }
                self.reach_node(far, there, &mut heap);
            }
        }
        order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        order
    }

    /// The reaches next to the nodes of a walk.
    fn steps(&self, nodes: &[(NodeId, f64)], start: &Place, heading: Heading, limit: f64) -> Vec<Step> {
        let mut steps = Vec::with_capacity(nodes.len());
        for (node, at) in nodes {
            let own = start.kind == PlaceKind::Node(*node);
            if *at > limit || (self.is_barrier(*node) && !own) {
                continue;
            }
            for reach in self.next(*node, heading).iter().filter(|r| !self.is_shut(**r)) {
                let measures = self.network.reach(*reach).measures;
                steps.push(Step { reach: *reach, distance: *at, measures, certain: false });
            }
        }
        if let PlaceKind::Reach { reach, above_end } = start.kind
            && !steps.iter().any(|s| s.reach == reach)
        {
            let row = self.network.reach(reach);
            let [from, to] = row.measures;
            // As drawn, the spot lies `above_end` before the end that the water leaves by.
            let spot = if row.with_drawn { to - above_end } else { from + above_end };
            let upper = (heading == Heading::Upstream) == row.with_drawn;
            let measures = if upper { [from, spot] } else { [spot, to] };
            steps.push(Step { reach, distance: 0.0, measures, certain: false });
        }
        steps.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.reach.cmp(&b.reach)));
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

    /// What doubtful reaches would add if they ran the other way: every reach that a walk meets which may pass them either
    /// way, within the limit, and that is not in the answer.
    fn possible(&mut self, start: &Place, heading: Heading, limit: f64, steps: &[Step]) -> Vec<ReachId> {
        let mut known = vec![false; self.network.reach_count()];
        for step in steps {
            known[step.reach.index()] = true;
        }
        self.reset();
        let mut heap = BinaryHeap::new();
        let (first, at) = self.first_node(start, heading);
        let mut starts = vec![(first, at)];
        if let PlaceKind::Reach { reach, .. } = start.kind
            && self.network.reach(reach).is_doubtful()
        {
            starts.push((self.near_end(reach, heading), self.network.reach(reach).length() - at));
        }
        for (node, at) in starts.into_iter().filter(|s| s.1 <= limit) {
            self.reach_node(node, at, &mut heap);
        }
        let mut added = Vec::new();
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            let own = start.kind == PlaceKind::Node(node);
            if at > self.distance.of(node) || (self.is_barrier(node) && !own) {
                continue;
            }
            let turned = match heading {
                Heading::Upstream => self.network.outgoing(node),
                Heading::Downstream => self.network.incoming(node),
            };
            let with = self.next(node, heading).iter().map(|r| (*r, self.far_end(*r, heading)));
            let against = turned
                .iter()
                .filter(|r| self.network.reach(**r).is_doubtful())
                .map(|r| (*r, self.near_end(*r, heading)));
            let open: Vec<_> = with.chain(against).filter(|(reach, _)| !self.is_shut(*reach)).collect();
            for (reach, far) in open {
                if !std::mem::replace(&mut known[reach.index()], true) {
                    added.push(reach);
                }
                let there = at + self.network.reach(reach).length();
                if there <= limit {
                    self.reach_node(far, there, &mut heap);
                }
            }
        }
        added.sort_unstable();
        added
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
