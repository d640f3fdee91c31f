//! The network as the model of directions sees it: nodes with their ends, pipes from end to end.

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

/// The place of each node in a walk over the network, breadth first from the first node of each part, and the first place
/// of each part, and one more.
fn breadth_first(links: &[[u32; 2]], node_count: usize) -> (Vec<u32>, Vec<u32>) {
    let starts = runs(node_count, links.iter().flatten().copied());
    let mut next = starts.clone();
    let mut far = vec![0u32; links.len() * 2];
    for [a, b] in links {
        for (near, other) in [(*a, *b), (*b, *a)] {
            far[next[near as usize] as usize] = other;
            next[near as usize] += 1;
        }
    }
    let mut place = vec![u32::MAX; node_count];
    let mut order: Vec<u32> = Vec::with_capacity(node_count);
    let mut parts = Vec::new();
    for first in 0..node_count as u32 {
        if place[first as usize] != u32::MAX {
            continue;
        }
        let mut at = order.len();
        parts.push(at as u32);
        place[first as usize] = at as u32;
        order.push(first);
        while at < order.len() {
            let node = order[at] as usize;
            at += 1;
            for n in &far[starts[node] as usize..starts[node + 1] as usize] {
                if place[*n as usize] == u32::MAX {
                    place[*n as usize] = order.len() as u32;
                    order.push(*n);
                }
            }
        }
    }
    parts.push(node_count as u32);
    (place, parts)
}

impl Web {
    pub(crate) fn new(links: &[Link], pipe_count: usize, roles: &[NodeRole]) -> Self {
        let node_count = roles.len();
        // Stretches of one pipe that do not touch speak to each other all the same.
        let apart = links
            .windows(2)
            .filter(|w| w[0].pipe == w[1].pipe && !w[0].nodes.iter().any(|n| w[1].nodes.contains(n)));
        let ties: Vec<[u32; 2]> =
            links.iter().map(|l| l.nodes).chain(apart.map(|w| [w[0].nodes[0], w[1].nodes[0]])).collect();
        let (place, parts) = breadth_first(&ties, node_count);
        drop(ties);
        let mut placed_roles = vec![NodeRole::Plain; node_count];
        for (node, at) in place.iter().enumerate() {
            placed_roles[*at as usize] = roles[node];
        }
        // Ends by node as (pipe, into); a pipe at a node both ways passes through it. A stub that comes back to its own
        // node says nothing of the others there.
        let ends = || {
            let placed = links.iter().map(|l| (l.pipe, l.nodes.map(|n| place[n as usize])));
            placed.filter(|(_, [a, b])| a != b).flat_map(|(pipe, [a, b])| [(a, pipe, false), (b, pipe, true)])
        };
        let at_node = runs(node_count, ends().map(|e| e.0));
        let mut next = at_node.clone();
        let mut found = vec![(0u32, false); at_node[node_count] as usize];
        for (node, pipe, into) in ends() {
            found[next[node as usize] as usize] = (pipe, into);
            next[node as usize] += 1;
        }
        let mut passed = vec![false; node_count];
        let mut starts = Vec::with_capacity(node_count + 1);
        let (mut nodes, mut pipes, mut into) = (Vec::new(), Vec::new(), Vec::new());
        for node in 0..node_count {
            starts.push(nodes.len() as u32);
            let here = &mut found[at_node[node] as usize..at_node[node + 1] as usize];
            here.sort_unstable();
            for group in here.chunk_by(|a, b| a.0 == b.0) {
                if group.iter().any(|e| e.1 != group[0].1) {
                    passed[node] = true;
                } else {
                    nodes.push(node as u32);
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
