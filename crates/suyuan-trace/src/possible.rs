//! What doubtful directions might add to a trace.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use suyuan_network::{NodeId, Place, PlaceKind, ReachId};

use crate::options::{Heading, TraceOptions};
use crate::trace::Step;
use crate::tracer::Tracer;
use crate::ways::Cost;

impl Tracer<'_> {
    /// What doubtful reaches would add if they ran the other way: every reach that a walk meets which may pass them either
    /// way, within the limits, and that is not in the answer.
    pub(crate) fn possible(&mut self, start: &Place, options: &TraceOptions, steps: &[Step]) -> Vec<ReachId> {
        let heading = options.heading;
        let mut known = vec![false; self.network.reach_count()];
        for step in steps {
            known[step.reach.index()] = true;
        }
        self.reset();
        self.limits.in_time = options.max_time.map(|most| self.in_time(start, heading, most, true));
        let mut heap = BinaryHeap::new();
        for (node, at, _) in self.first_nodes(start, heading, true) {
            if self.limits.allow(node, at) {
                self.reach_node(node, at, &mut heap);
            }
        }
        let mut added = Vec::new();
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            if at > self.distance.of(node) || self.stops_at(node, start) {
                continue;
            }
            for (reach, far) in self.links(node, heading, true) {
                if !std::mem::replace(&mut known[reach.index()], true) {
                    added.push(reach);
                }
                let there = at + self.network.reach(reach).length();
                if self.limits.allow(far, there) {
                    self.reach_node(far, there, &mut heap);
                }
            }
        }
        added.sort_unstable();
        added
    }

    /// The nodes from which a walk goes on, how far they lie from the start, and whether against the flow. Either way, a
    /// doubtful reach that the start lies on may be left by both ends.
    pub(crate) fn first_nodes(
        &self,
        start: &Place,
        heading: Heading,
        either_way: bool,
    ) -> impl Iterator<Item = (NodeId, f64, bool)> + use<> {
        let (first, at) = self.first_node(start, heading);
        let up = heading == Heading::Upstream;
        let other = match start.kind {
            PlaceKind::Reach { reach, .. } if either_way && self.network.reach(reach).is_doubtful() => {
                Some((self.near_end(reach, heading), self.network.reach(reach).length() - at, !up))
            }
            _ => None,
        };
        [(first, at, up)].into_iter().chain(other)
    }

    /// The open reaches by which a walk goes on from a node, each with the node it comes to; either way, doubtful ones against
    /// their direction as well.
    pub(crate) fn links(&self, node: NodeId, heading: Heading, either_way: bool) -> Vec<(ReachId, NodeId)> {
        let with = self.next(node, heading).iter().map(|r| (*r, self.far_end(*r, heading)));
        let turned = match heading {
            _ if !either_way => &[][..],
            Heading::Upstream => self.network.outgoing(node),
            Heading::Downstream => self.network.incoming(node),
        };
        let against = turned.iter().filter(|r| self.network.reach(**r).is_doubtful());
        let against = against.map(|r| (*r, self.near_end(*r, heading)));
        with.chain(against).filter(|(reach, _)| self.shut.is_open(*reach)).collect()
    }
}
