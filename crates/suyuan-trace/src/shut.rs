//! What water does not pass: pipes that are shut, and barriers that were asked for.

use suyuan_network::{Network, NodeId, ReachId};

use crate::options::Barriers;

/// A network with barriers, to be asked one reach or node at a time.
pub(crate) struct Shut<'a> {
    pub(crate) network: &'a Network,
    /// By number; empty if there is no barrier of the kind.
    nodes: Vec<bool>,
    pipes: Vec<bool>,
}

impl<'a> Shut<'a> {
    pub(crate) fn new(network: &'a Network, barriers: &Barriers) -> Self {
        let marked = |count: usize, marks: &mut dyn Iterator<Item = usize>| {
            let mut list = Vec::new();
            for mark in marks {
                list.resize(count, false);
                list[mark] = true;
            }
            list
        };
        Self {
            network,
            nodes: marked(network.node_count(), &mut barriers.nodes.iter().map(|n| n.index())),
            pipes: marked(network.pipe_count(), &mut barriers.pipes.iter().map(|p| p.index())),
        }
    }

    /// Whether any barrier was asked for.
    pub(crate) fn is_any(&self) -> bool {
        !(self.nodes.is_empty() && self.pipes.is_empty())
    }

    /// Whether nothing passes a node: what comes to it goes no farther. What starts there does.
    pub(crate) fn is_barrier(&self, node: NodeId) -> bool {
        self.nodes.get(node.index()).copied().unwrap_or(false)
    }

    /// Whether water passes a reach.
    pub(crate) fn is_open(&self, reach: ReachId) -> bool {
        let barred = !self.pipes.is_empty() && self.pipes[self.network.reach(reach).pipe.index()];
        !barred && self.network.is_open(reach)
    }
}
