//! Distances over an upstream set by one pass in the order of the index, in place of a walk with a heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use suyuan_core::Certainty;
use suyuan_network::{NodeId, Place, PlaceKind, ReachId};

use crate::index::TraceIndex;
use crate::options::Heading;
use crate::tracer::Tracer;
use crate::ways::Cost;

/// What a sweep finds.
pub(crate) struct Swept {
    /// The nodes with their distance from the start, nearest first, ties by node.
    pub nodes: Vec<(NodeId, f64)>,
    /// The groups of several nodes that reach each other.
    pub rings: Vec<Vec<NodeId>>,
}

impl Tracer<'_> {
    /// Nodes upstream of a start by distance. Leaves distances, and whether nodes are joined to the start over certain reaches alone,
    /// in the tracer.
    ///
    /// Every group comes after those its water runs to, so that a node's distance is known from the reaches that leave it; within
    /// a ring it takes a walk.
    pub(crate) fn sweep(&mut self, index: &TraceIndex, start: &Place) -> Swept {
        self.reset();
        if self.sure.is_empty() {
            self.sure = vec![false; self.network.node_count()];
        }
        let (first, at) = self.first_node(start, Heading::Upstream);
        let is_sure = match start.kind {
            PlaceKind::Node(_) => true,
            PlaceKind::Reach { reach, .. } => self.is_certain(reach),
        };
        let mut rings = Vec::new();
        let set = index.upstream_of(self.network, start);
        let mut nodes = Vec::with_capacity(set.node_count());
        for [from, to] in &set.runs {
            let mut rest = index.nodes.slice(*from as usize..*to as usize);
            let mut position = *from;
            while !rest.is_empty() {
                // At least one, though the bytes be damaged.
                let size = rest.iter().take_while(|n| index.first.at(n.index()) == position).count().max(1);
                let (group, after) = rest.split_at(size);
                match group {
                    [node] => self.reach_single(*node, (*node == first).then_some((at, is_sure))),
                    ring => {
                        self.reach_ring(index, ring, first, at, is_sure);
                        rings.push(ring.to_vec());
                    }
                }
                nodes.extend(group.iter().map(|n| (*n, self.distance.of(*n))));
                position += size as u32;
                rest = after;
            }
        }
        nodes.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        Swept { nodes, rings }
    }

    fn is_certain(&self, reach: ReachId) -> bool {
        self.network.reach(reach).certainty == Certainty::Certain
    }

    fn reach_single(&mut self, node: NodeId, own: Option<(f64, bool)>) {
        let (distance, sure) = own.unwrap_or_else(|| {
            let (mut distance, mut sure) = (f64::INFINITY, false);
            for id in self.network.outgoing(node) {
                let reach = self.network.reach(*id);
                let below = self.distance.of(reach.to);
                if below.is_finite() && self.network.is_open(*id) {
                    distance = distance.min(below + reach.length());
                    sure |= reach.certainty == Certainty::Certain && self.sure[reach.to.index()];
                }
            }
            (distance, sure)
        });
        self.distance.set(node, distance);
        self.sure[node.index()] = sure;
        self.touched.push(node);
    }

    fn reach_ring(&mut self, index: &TraceIndex, ring: &[NodeId], first: NodeId, at: f64, is_sure: bool) {
        let network = self.network;
        let group = index.first.at(ring[0].index());
        let inside = |node: &NodeId| index.first.at(node.index()) == group;
        let open = |id: &ReachId| network.is_open(*id);
        let mut heap = BinaryHeap::new();
        let mut sure = Vec::new();
        for node in ring {
            self.sure[node.index()] = false;
            if *node == first {
                self.reach_node(*node, at, &mut heap);
                sure.extend(is_sure.then_some(*node));
                continue;
            }
            for id in network.outgoing(*node).iter().filter(|r| open(r)) {
                let reach = network.reach(*id);
                let below = self.distance.of(reach.to);
                if below.is_finite() && !inside(&reach.to) {
                    self.reach_node(*node, below + reach.length(), &mut heap);
                    if self.is_certain(*id) && self.sure[reach.to.index()] {
                        sure.push(*node);
                    }
                }
            }
        }
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            if at > self.distance.of(node) {
                continue;
            }
            for reach in network.incoming(node).iter().filter(|r| open(r)).map(|r| network.reach(*r)) {
                if inside(&reach.from) {
                    self.reach_node(reach.from, at + reach.length(), &mut heap);
                }
            }
        }
        while let Some(node) = sure.pop() {
            if std::mem::replace(&mut self.sure[node.index()], true) {
                continue;
            }
            let certain = network.incoming(node).iter().filter(|r| open(r) && self.is_certain(**r));
            sure.extend(certain.map(|r| network.reach(*r).from).filter(inside));
        }
    }
}
