//! The network as the model of directions sees it: nodes with their ends, pipes from end to end.

use std::collections::HashMap;
use std::ops::Range;

use crate::factor::NodeRole;

/// A stretch between two nodes with the pipe it belongs to, the record's start first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    pub(crate) pipe: u32,
    pub(crate) nodes: [u32; 2],
}

/// The other end of a pipe, as one end sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    /// The pipe has no other end: it passes through its other node, or comes back to this one.
    None,
    /// It has one, which the record leads into just when it does not lead into this one.
    Opposite(u32),
    /// It is drawn in several parts.
    Many,
}

/// Pipes and nodes as the messages see them. Nodes are numbered anew, breadth first and part by part of the network, so
/// that neighbours lie together, one sweep there and back settles a tree, and each part is a run of nodes and of ends.
pub(crate) struct Web {
    /// First end of each node, and one more. A pipe that passes through a node has no end there.
    pub(crate) starts: Vec<u32>,
    /// The pipe of each end, and whether its record leads into the node.
    pub(crate) pipes: Vec<u32>,
    pub(crate) into: Vec<bool>,
    pub(crate) twins: Vec<Twin>,
    /// The node of each end.
    pub(crate) nodes: Vec<u32>,
    /// Ends of each pipe: indices of ends, a run for each pipe.
    pub(crate) pipe_starts: Vec<u32>,
    pub(crate) pipe_ends: Vec<u32>,
    /// Whether a pipe passes through the node.
    pub(crate) passed: Vec<bool>,
    pub(crate) roles: Vec<NodeRole>,
    /// First node of each part of the network, and one more.
    pub(crate) parts: Vec<u32>,
    /// Whether the node's part of the network has an outfall.
    pub(crate) drained: Vec<bool>,
}

/// Runs of a list for each number below `count`: where each begins, and one more.
fn runs(count: usize, numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0u32; count + 1];
    for n in numbers {
        starts[n as usize + 1] += 1;
    }
    for n in 0..count {
        starts[n + 1] += starts[n];
    }
    starts
}

/// The nodes in the order of a walk over the network, breadth first from the first node of each part, and the first place of
/// each part, and one more. `beyond` shows the neighbours of a node.
fn breadth_first(node_count: usize, beyond: impl Fn(u32, &mut dyn FnMut(u32))) -> (Vec<u32>, Vec<u32>) {
    let mut met = vec![false; node_count];
    let mut order: Vec<u32> = Vec::with_capacity(node_count);
    let mut parts = Vec::new();
    for first in 0..node_count as u32 {
        if std::mem::replace(&mut met[first as usize], true) {
            continue;
        }
        let mut at = order.len();
        parts.push(at as u32);
        order.push(first);
        while at < order.len() {
            let node = order[at];
            at += 1;
            beyond(node, &mut |other| {
                if !std::mem::replace(&mut met[other as usize], true) {
                    order.push(other);
                }
            });
        }
    }
    parts.push(node_count as u32);
    (order, parts)
}

impl Web {
    pub(crate) fn new(links: &[Link], pipe_count: usize, roles: &[NodeRole]) -> Self {
        let node_count = roles.len();
        // The sides of links by node: twice the link, and one more where its record leads into the node.
        let at_node = runs(node_count, links.iter().flat_map(|l| l.nodes));
        let mut next = at_node.clone();
        let mut sides = vec![0u32; links.len() * 2];
        for (side, node) in (0..).zip(links.iter().flat_map(|l| l.nodes)) {
            sides[next[node as usize] as usize] = side;
            next[node as usize] += 1;
        }
        drop(next);
        let sides_at =
            |node: u32| &sides[at_node[node as usize] as usize..at_node[node as usize + 1] as usize];
        // Stretches of one pipe that do not touch speak to each other all the same.
        let mut apart: HashMap<u32, Vec<u32>> = HashMap::new();
        for [a, b] in links.array_windows() {
            if a.pipe == b.pipe && !a.nodes.iter().any(|n| b.nodes.contains(n)) {
                for [from, to] in [[a.nodes[0], b.nodes[0]], [b.nodes[0], a.nodes[0]]] {
                    apart.entry(from).or_default().push(to);
                }
            }
        }
        let (order, parts) = breadth_first(node_count, |node, show| {
            sides_at(node).iter().for_each(|s| show(links[*s as usize / 2].nodes[1 - *s as usize % 2]));
            apart.get(&node).into_iter().flatten().for_each(|n| show(*n));
        });
        let placed_roles: Vec<NodeRole> = order.iter().map(|node| roles[*node as usize]).collect();
        let mut passed = vec![false; node_count];
        let mut starts = Vec::with_capacity(node_count + 1);
        let ends = || Vec::with_capacity(sides.len());
        let (mut nodes, mut pipes, mut into) = (ends(), ends(), Vec::with_capacity(sides.len()));
        let mut here: Vec<(u32, bool)> = Vec::new();
        for (at, node) in order.iter().enumerate() {
            starts.push(nodes.len() as u32);
            // Ends as (pipe, into); a pipe at a node both ways passes through it. A stub that comes back to its own node
            // says nothing of the others there.
            here.clear();
            here.extend(sides_at(*node).iter().filter_map(|s| {
                let link = links[*s as usize / 2];
                (link.nodes[0] != link.nodes[1]).then_some((link.pipe, *s % 2 == 1))
            }));
            here.sort_unstable();
            for group in here.chunk_by(|a, b| a.0 == b.0) {
                if group.iter().any(|e| e.1 != group[0].1) {
                    passed[at] = true;
                } else {
                    nodes.push(at as u32);
                    pipes.push(group[0].0);
                    into.push(group[0].1);
                }
            }
        }
        starts.push(nodes.len() as u32);
        let pipe_starts = runs(pipe_count, pipes.iter().copied());
        let mut next = pipe_starts.clone();
        let mut pipe_ends = vec![0u32; pipes.len()];
        for (e, pipe) in pipes.iter().enumerate() {
            pipe_ends[next[*pipe as usize] as usize] = e as u32;
            next[*pipe as usize] += 1;
        }
        let twin = |e: usize| {
            let (from, to) = (pipe_starts[pipes[e] as usize], pipe_starts[pipes[e] as usize + 1]);
            match pipe_ends[from as usize..to as usize] {
                [_] => Twin::None,
                [a, b] if into[a as usize] != into[b as usize] => {
                    Twin::Opposite(if a as usize == e { b } else { a })
                }
                _ => Twin::Many,
            }
        };
        let twins = (0..pipes.len()).map(twin).collect();
        let mut drained = vec![false; node_count];
        for part in parts.windows(2).map(|w| w[0] as usize..w[1] as usize) {
            let has_outfall = placed_roles[part.clone()].contains(&NodeRole::Outfall);
            drained[part].fill(has_outfall);
        }
        Self {
            starts,
            roles: placed_roles,
            pipes,
            into,
            twins,
            nodes,
            pipe_starts,
            pipe_ends,
            passed,
            parts,
            drained,
        }
    }

    /// The ends at some nodes.
    pub(crate) fn ends_at(&self, nodes: &Range<usize>) -> Range<usize> {
        self.starts[nodes.start] as usize..self.starts[nodes.end] as usize
    }

    pub(crate) fn ends_of(&self, pipe: u32) -> &[u32] {
        &self.pipe_ends
            [self.pipe_starts[pipe as usize] as usize..self.pipe_starts[pipe as usize + 1] as usize]
    }
}
