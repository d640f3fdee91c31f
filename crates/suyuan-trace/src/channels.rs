//! A network as channels between vertices: what comes to a barrier is taken by a vertex of its own, and stays there.

use std::collections::BTreeMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use suyuan_network::{NodeId, ReachId};

use crate::options::Barriers;
use crate::shut::Shut;

/// Nodes are vertices by their numbers; behind them come the vertices that take what comes to barriers.
pub(crate) struct Channels<'a> {
    shut: &'a Shut<'a>,
    /// For each barrier the vertex that takes what comes to it.
    taken_by: BTreeMap<NodeId, usize>,
}

impl<'a> Channels<'a> {
    pub(crate) fn new(shut: &'a Shut<'a>, barriers: &Barriers) -> Self {
        let mut taken_by: BTreeMap<NodeId, usize> = barriers.nodes.iter().map(|n| (*n, 0)).collect();
        let behind = shut.network.node_count()..;
        taken_by.values_mut().zip(behind).for_each(|(vertex, number)| *vertex = number);
        Self { shut, taken_by }
    }

    /// How many vertices there are.
    pub(crate) fn count(&self) -> usize {
        self.shut.network.node_count() + self.taken_by.len()
    }

    /// The vertex that takes what comes to a node.
    pub(crate) fn taken_by(&self, node: NodeId) -> usize {
        self.taken_by.get(&node).copied().unwrap_or(node.index())
    }

    /// Where the open reaches that leave a node for another take its water.
    pub(crate) fn onward(&self, node: NodeId) -> impl Iterator<Item = usize> + Clone {
        let network = self.shut.network;
        let away = move |r: &&ReachId| self.shut.is_open(**r) && network.reach(**r).to != node;
        network.outgoing(node).iter().filter(away).map(|r| self.taken_by(network.reach(*r).to))
    }

    /// All channels, over reaches; with `kept` also from each barrier to what takes what comes to it.
    pub(crate) fn links(&self, kept: bool) -> Vec<(usize, usize)> {
        let nodes = self.shut.network.node_ids();
        let mut links: Vec<(usize, usize)> =
            nodes.flat_map(|node| self.onward(node).map(move |to| (node.index(), to))).collect();
        links.extend(self.taken_by.iter().filter(|_| kept).map(|(node, vertex)| (node.index(), *vertex)));
        links
    }
}

/// Vertices that all reach each other, uppermost first.
pub(crate) struct Groups {
    /// The group of each vertex.
    pub(crate) of: Vec<usize>,
    /// The vertices of each group, in order.
    pub(crate) members: Vec<Vec<usize>>,
    /// The groups right above and right below each, once each, in order.
    pub(crate) above: Vec<Vec<usize>>,
    pub(crate) below: Vec<Vec<usize>>,
}

impl Groups {
    pub(crate) fn new(count: usize, links: &[(usize, usize)]) -> Self {
        let mut water = DiGraph::<(), ()>::with_capacity(count, links.len());
        for _ in 0..count {
            water.add_node(());
        }
        for (from, to) in links {
            water.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
        }
        let mut of = vec![0; count];
        let mut members: Vec<Vec<usize>> = Vec::new();
        for group in kosaraju_scc(&water).into_iter().rev() {
            let mut group: Vec<usize> = group.into_iter().map(NodeIndex::index).collect();
            group.sort_unstable();
            for vertex in &group {
                of[*vertex] = members.len();
            }
            members.push(group);
        }
        let mut links: Vec<(usize, usize)> =
            links.iter().map(|(from, to)| (of[*from], of[*to])).filter(|(from, to)| from != to).collect();
        links.sort_unstable();
        links.dedup();
        let (mut above, mut below) = (vec![Vec::new(); members.len()], vec![Vec::new(); members.len()]);
        for (from, to) in links {
            above[to].push(from);
            below[from].push(to);
        }
        Self { of, members, above, below }
    }
}
