//! Why the branches of a trace end.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use suyuan_core::NodeKind;
use suyuan_network::{NodeId, Place, ReachId};

use crate::options::Heading;
use crate::stop::{Stop, StopReason};
use crate::trace::Step;
use crate::tracer::Tracer;

impl Tracer<'_> {
    /// The ends of the branches of the trace whose distances the tracer holds, nearest first.
    pub(crate) fn stops(
        &self,
        nodes: &[(NodeId, f64)],
        rings: Vec<Vec<NodeId>>,
        start: &Place,
        heading: Heading,
    ) -> Vec<Stop> {
        let mut stops = Vec::new();
        let (first, at) = self.first_node(start, heading);
        if !self.limits.allow(first, at) {
            // The limit ends on the very reach that the start lies on.
            let by_distance = at > self.limits.distance;
            let reason = if by_distance { StopReason::Limit } else { StopReason::TimeLimit };
            stops.push(Stop { node: first, distance: at, reason });
        }
        for (node, at) in nodes {
            let (node, distance) = (*node, *at);
            let mut stop = |reason| stops.push(Stop { node, distance, reason });
            if self.stops_at(node, start) {
                stop(StopReason::Barrier { pipe: None });
                continue;
            }
            let next = self.next(node, heading);
            for reach in next.iter().filter(|r| !self.shut.is_open(**r)) {
                stop(StopReason::Barrier { pipe: Some(self.network.reach(*reach).pipe) });
            }
            if self.limits.is_any() {
                self.limits_met(node, distance, heading).for_each(&mut stop);
            }
            // A pipe that comes back to its own node brings nothing.
            if next.iter().all(|r| self.far_end(*r, heading) == node) {
                stop(self.reason_at_end(node, heading));
            }
        }
        let before = stops.len();
        stops.extend(rings.into_iter().filter_map(|ring| self.closed_ring(ring, heading)));
        if stops.len() > before {
            stops.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.node.cmp(&b.node)));
        }
        stops
    }

    /// The rings of a trace: groups of several nodes that reach each other.
    pub(crate) fn rings_of(&self, nodes: &[(NodeId, f64)], steps: &[Step]) -> Vec<Vec<NodeId>> {
        // A tree has fewer reaches than nodes, and no ring.
        if steps.len() < nodes.len() {
            return Vec::new();
        }
        let mut by_id: Vec<NodeId> = nodes.iter().map(|n| n.0).collect();
        by_id.sort_unstable();
        let at = |node: NodeId| by_id.binary_search(&node).ok();
        let mut traced = DiGraph::<(), ()>::with_capacity(nodes.len(), steps.len());
        for _ in &by_id {
            traced.add_node(());
        }
        // A start may lie on a reach that is shut.
        for step in steps.iter().filter(|s| self.shut.is_open(s.reach)) {
            let reach = self.network.reach(step.reach);
            if let (Some(from), Some(to)) = (at(reach.from), at(reach.to)) {
                traced.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
            }
        }
        let rings = kosaraju_scc(&traced).into_iter().filter(|ring| ring.len() > 1);
        rings.map(|ring| ring.into_iter().map(|n| by_id[n.index()]).collect()).collect()
    }

    /// The stop of a ring that nothing enters from outside, at its node nearest to the start.
    fn closed_ring(&self, mut ring: Vec<NodeId>, heading: Heading) -> Option<Stop> {
        ring.sort_unstable();
        let inside = |r: &ReachId| ring.binary_search(&self.far_end(*r, heading)).is_ok();
        if !ring.iter().all(|n| self.next(*n, heading).iter().all(inside)) {
            return None;
        }
        let at = |node: &NodeId| self.distance.of(*node);
        let node = ring.iter().min_by(|a, b| at(a).total_cmp(&at(b)).then(a.cmp(b)))?;
        Some(Stop { node: *node, distance: at(node), reason: StopReason::Loop })
    }

    fn reason_at_end(&self, node: NodeId, heading: Heading) -> StopReason {
        if heading == Heading::Downstream && self.network.node(node).kind == NodeKind::Outfall {
            return StopReason::Outfall;
        }
        if let Some(gap) = self.network.gap_at(node) {
            return StopReason::Gap { width: gap.width, beyond: gap.beyond };
        }
        let away = match heading {
            Heading::Upstream => self.network.outgoing(node),
            Heading::Downstream => self.network.incoming(node),
        };
        // An outfall that only loses water.
        if let Some(reach) = away.first().filter(|_| self.network.node(node).kind == NodeKind::Outfall) {
            return StopReason::Opposing { pipe: self.network.reach(*reach).pipe };
        }
        // A reach on whose upper end nothing arrives and from which another reach leaves for somewhere else.
        let stray = away.iter().find(|r| self.distance.of(self.near_end(**r, heading)).is_infinite());
        if let Some(stray) = stray.filter(|_| away.len() > 1) {
            return StopReason::Opposing { pipe: self.network.reach(*stray).pipe };
        }
        if self.network.has_structures() && self.network.node(node).origin.is_none() {
            return StopReason::EndOfData;
        }
        StopReason::Headwater
    }
}
