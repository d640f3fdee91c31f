//! What is odd about the network as a whole: rings, pipes and nodes that join nothing, pipes on one another, dead ends,
//! large pipes that run into small ones.

use std::borrow::Cow;
use std::collections::HashSet;

use petgraph::algo::kosaraju_scc;
use petgraph::visit::NodeFiltered;
use rayon::prelude::*;
use suyuan_core::{Certainty, Coord, Finding, FindingCode, FlowMode, NodeKind, System};

use crate::ids::{NodeId, PipeId, ReachId};
use crate::network::Network;
use crate::records::{round, tally, too_many};
use crate::seen::{Seen, mixed};

/// A pipe is larger than what it runs into where its diameter is so many times that of all of them together. Neighbours in
/// the series of nominal sizes are 1.11 apart and more; one size in inches and in millimetres, 1.06 at most.
///
/// # Reference
/// GB/T 1047-2019, nominal sizes.
const LARGER: f64 = 1.1;

impl Network {
    /// Nodes that water can come back to, ring by ring.
    ///
    /// # Complexity
    /// O(nodes + reaches): what has nothing above it or nothing below it is peeled off first, which leaves rings and what
    /// lies between them.
    fn rings(&self) -> Vec<Vec<NodeId>> {
        let count = self.node_count();
        let mut gone = vec![false; count];
        for downstream in [true, false] {
            if gone.iter().all(|gone| *gone) {
                return Vec::new();
            }
            let (back, on) =
                if downstream { (&self.incoming, &self.outgoing) } else { (&self.outgoing, &self.incoming) };
            let far = |r: &ReachId| {
                let reach = self.reach(*r);
                if downstream { reach.to } else { reach.from }
            };
            let near = |r: &ReachId| {
                let reach = self.reach(*r);
                if downstream { reach.from } else { reach.to }
            };
            let left = |n: NodeId| back.at(n).iter().filter(|r| !gone[near(r).index()]).count() as u32;
            let mut waits: Vec<u32> = self.node_ids().map(left).collect();
            let bare = |n: &NodeId| waits[n.index()] == 0 && !gone[n.index()];
            let mut ready: Vec<NodeId> = self.node_ids().filter(bare).collect();
            while let Some(node) = ready.pop() {
                gone[node.index()] = true;
                for next in on.at(node).iter().map(far).filter(|n| !gone[n.index()]) {
                    waits[next.index()] -= 1;
                    if waits[next.index()] == 0 {
                        ready.push(next);
                    }
                }
            }
        }
        let kept = NodeFiltered::from_fn(self, |n: NodeId| !gone[n.index()]);
        kosaraju_scc(&kept).into_iter().filter(|ring| ring.len() > 1 && !gone[ring[0].index()]).collect()
    }

    /// What is odd about the network as a whole.
    pub(crate) fn report(&self, findings: &mut Vec<Finding>) {
        let rings = self.rings();
        let mut ring_of = vec![0u32; self.node_count()];
        for (number, ring) in (1..).zip(&rings) {
            for node in ring {
                ring_of[node.index()] = number;
            }
        }
        for (number, ring) in (1..).zip(&rings) {
            let Some(first) = ring.iter().min() else { continue };
            let inside = |r: &&ReachId| ring_of[self.reach(**r).from.index()] == number;
            let count: usize = ring.iter().map(|n| self.incoming(*n).iter().filter(inside).count()).sum();
            let mut finding = Finding::new(FindingCode::Loop)
                .with("id", self.node_names.at(first.index()))
                .with("count", count);
            if let Some(place) = self.node_place(*first) {
                finding = finding.at(place);
            }
            findings.push(finding);
        }
        let alone = |pipe: &PipeId| {
            self.pipes.len() > 1
                && self.reaches_of(*pipe).all(|r| {
                    let reach = self.reach(r);
                    [reach.from, reach.to].iter().all(|n| {
                        let own = |r: &ReachId| self.reach(*r).pipe == *pipe;
                        self.incoming(*n).iter().all(own) && self.outgoing(*n).iter().all(own)
                    })
                })
        };
        let isolated = (0..self.pipe_count() as u32).into_par_iter().map(PipeId).filter(alone);
        findings.par_extend(isolated.map(|pipe| {
            let finding = Finding::new(FindingCode::IsolatedPipe)
                .with("id", self.pipe_name(pipe))
                .on(self.pipe(pipe).origin);
            match self.parts_of(pipe).find(|line| !line.is_empty()) {
                Some(line) => finding.at(line[line.len() / 2]),
                None => finding,
            }
        }));
        let bare = |node: &NodeId| {
            self.node_origin(*node).is_some()
                && self.incoming(*node).is_empty()
                && self.outgoing(*node).is_empty()
        };
        let bare = (0..self.node_count() as u32).into_par_iter().map(NodeId).filter(bare);
        findings.par_extend(bare.map(|node| {
            let mut finding =
                Finding::new(FindingCode::NodeIsolated).with("id", self.node_names.at(node.index()));
            finding.origin = self.node_origin(node);
            finding.place = self.node_place(node).map(|p| (p.x, p.y));
            finding
        }));
        for outfall in self.outfalls.iter() {
            let Some(node) = outfall.node else { continue };
            if self.incoming(node).is_empty() && !self.outgoing(node).is_empty() {
                let mut finding =
                    Finding::new(FindingCode::OutfallUpstream).with("id", &outfall.id).on(outfall.origin);
                finding.place = self.node_place(node).map(|p| (p.x, p.y));
                findings.push(finding);
            }
        }
    }
}

/// Pipes that lie exactly on one another.
pub(crate) fn report_duplicates(network: &Network, findings: &mut Vec<Finding>) {
    let key = |pipe: PipeId| -> Vec<[u64; 2]> {
        let bits = |line: Cow<'_, [Coord<f64>]>| -> Vec<[u64; 2]> {
            line.iter().map(|c| [c.x.to_bits(), c.y.to_bits()]).collect()
        };
        let drawn: Vec<[u64; 2]> = network.parts_of(pipe).flat_map(bits).collect();
        let mut turned = drawn.clone();
        turned.reverse();
        drawn.min(turned)
    };
    // Drawings that are alike have ends that are alike, whichever way they run.
    let ends = |pipe: PipeId| -> Option<u64> {
        let first = network.parts_of(pipe).find_map(|line| line.first().copied())?;
        let last = network.parts_of(pipe).last()?.last().copied()?;
        let of = |c: Coord<f64>| mixed(mixed(c.x.to_bits()) ^ c.y.to_bits());
        Some(mixed(of(first).wrapping_add(of(last))))
    };
    let pipes = || (0..network.pipe_count() as u32).into_par_iter().map(PipeId);
    let keys: Vec<Option<u64>> = pipes().map(ends).collect();
    let seen = Seen::new(keys.len());
    keys.par_iter().flatten().for_each(|key| seen.note(*key));
    let again = pipes().filter_map(|p| Some((keys[p.index()].filter(|key| seen.again(*key))?, p)));
    let mut ends: Vec<(u64, PipeId)> = again.collect();
    ends.par_sort_unstable();
    for group in ends.chunk_by(|a, b| a.0 == b.0).filter(|g| g.len() > 1) {
        let mut keyed: Vec<(Vec<[u64; 2]>, PipeId)> = group.iter().map(|(_, p)| (key(*p), *p)).collect();
        keyed.sort_unstable();
        for same in keyed.chunk_by(|a, b| a.0 == b.0) {
            for (_, pipe) in &same[1..] {
                let mut finding = Finding::new(FindingCode::DuplicatePipe)
                    .with("id", network.pipe_name(*pipe))
                    .with("other", network.pipe_name(same[0].1))
                    .on(network.pipe(*pipe).origin);
                if let Some(line) = network.parts_of(*pipe).find(|line| !line.is_empty()) {
                    finding = finding.at(line[0]);
                }
                findings.push(finding);
            }
        }
    }
}

impl Network {
    /// Nodes at which water has no way on, or one too small.
    pub(crate) fn report_nodes(&self, sizes: &[[f64; 2]], findings: &mut Vec<Finding>) {
        let told = |node: &NodeId| {
            let kind = self.node_kind(*node);
            let mut reaches = self.incoming(*node).iter().chain(self.outgoing(*node));
            matches!(kind, NodeKind::Joint | NodeKind::Manhole | NodeKind::Inlet)
                && !self.incoming(*node).is_empty()
                && reaches.all(|r| self.reach(*r).certainty != Certainty::Unknown)
        };
        let told: Vec<NodeId> =
            (0..self.node_count() as u32).into_par_iter().map(NodeId).filter(told).collect();
        let nodes = || told.par_iter().copied();
        let ends: Vec<NodeId> = nodes().filter(|n| self.outgoing(*n).is_empty()).collect();
        self.report_dead_ends(&ends, findings);
        if sizes.is_empty() {
            return;
        }
        let area = |pipe: PipeId| sizes[pipe.index()][0] * sizes[pipe.index()][1];
        let joint = |node: NodeId| {
            let pipes = self.largest_pipes(node, sizes)?;
            let room: f64 = self.outgoing(node).iter().map(|r| area(self.reach(*r).pipe)).sum();
            Some(((node, pipes), area(pipes[0]) > LARGER * LARGER * room))
        };
        let (found, total) = tally(nodes().filter_map(joint));
        let what = ("joints have more room above than below", "大管接小管");
        if let Some(finding) = too_many(found.len(), total, what.0, what.1) {
            findings.push(finding);
            return;
        }
        let size = |pipe: PipeId| match sizes[pipe.index()] {
            [height, width] if height == width => round(height),
            [height, width] => format!("{} x {}", round(width), round(height)),
        };
        findings.extend(found.into_iter().map(|(node, [from, into])| {
            let finding = Finding::new(FindingCode::LargeIntoSmall)
                .with("id", self.pipe_name(from))
                .with("other", self.pipe_name(into))
                .with("value", size(from))
                .with("expected", size(into))
                .on(self.pipe(from).origin);
            self.at_node(finding, node)
        }));
    }

    /// Nodes that water comes to and cannot leave. Where several pipes come together it would be seen; where a single one
    /// ends, it is a doubt only if the water of this part of the network has another way out.
    fn report_dead_ends(&self, ends: &[NodeId], findings: &mut Vec<Finding>) {
        let is_river = |r: &ReachId| self.pipe(self.reach(*r).pipe).system == System::River;
        let is_gap = |node: &NodeId| self.gap_at(*node).is_some();
        let ends: Vec<NodeId> = ends
            .iter()
            .copied()
            .filter(|node| !is_gap(node) && !self.incoming(*node).iter().all(is_river))
            .collect();
        if ends.is_empty() {
            return;
        }
        let mut drained: HashSet<u32> = HashSet::new();
        let mut parts = self.parts();
        drained.extend(self.outfalls.iter().filter_map(|o| Some(parts.find(o.node?.0))));
        for node in ends {
            let count = self.incoming(node).len();
            if count > 1 || drained.contains(&parts.find(node.0)) {
                let finding = Finding::new(FindingCode::DeadEnd)
                    .with("id", self.node_names.at(node.index()))
                    .with("count", count);
                findings.push(self.at_node(finding, node));
            }
        }
    }

    /// The largest pipe that arrives at a node and the largest that leaves it, if they are sewers of known size.
    fn largest_pipes(&self, node: NodeId, sizes: &[[f64; 2]]) -> Option<[PipeId; 2]> {
        let is_sewer = |pipe: &PipeId| {
            let pipe = self.pipe(*pipe);
            pipe.mode == FlowMode::Gravity && !matches!(pipe.system, System::OpenChannel | System::River)
        };
        let area =
            |pipe: PipeId| Some(sizes[pipe.index()][0] * sizes[pipe.index()][1]).filter(|a| a.is_finite());
        let largest = |reaches: &[ReachId]| {
            let pipes = reaches.iter().map(|r| self.reach(*r).pipe).filter(is_sewer);
            let known = pipes.filter_map(|p| Some((area(p)?, p)));
            known.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, pipe)| pipe)
        };
        let leaving = self.outgoing(node);
        let mut pipes = leaving.iter().map(|r| self.reach(*r).pipe);
        if !pipes.all(|p| is_sewer(&p) && area(p).is_some()) {
            return None;
        }
        Some([largest(self.incoming(node))?, largest(leaving)?])
    }

    fn at_node(&self, finding: Finding, node: NodeId) -> Finding {
        let origin = finding.origin.or(self.node_origin(node));
        let place = self.node_place(node).map(|p| (p.x, p.y));
        Finding { origin, place, ..finding }
    }
}
