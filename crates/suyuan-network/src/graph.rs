//! petgraph's view of a network: its visit traits over the compact arrays, and a copy to edit.
//!
//! Edges point downstream; walk upstream with [`petgraph::visit::Reversed`] or `Incoming` neighbours.

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::graph::DiGraph;
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoEdgesDirected, IntoNeighbors,
    IntoNeighborsDirected, IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, VisitMap,
    Visitable,
};
use petgraph::{Directed, Direction};

use crate::ids::{NodeId, ReachId};
use crate::network::{Network, Reach};

/// A reach as petgraph hands it to algorithms; its weight is the [`Reach`].
#[derive(Debug, Clone, Copy)]
pub struct ReachRef {
    id: ReachId,
    reach: Reach,
}

impl EdgeRef for ReachRef {
    type NodeId = NodeId;
    type EdgeId = ReachId;
    type Weight = Reach;

    fn source(&self) -> NodeId {
        self.reach.from
    }

    fn target(&self) -> NodeId {
        self.reach.to
    }

    fn weight(&self) -> &Reach {
        &self.reach
    }

    fn id(&self) -> ReachId {
        self.id
    }
}

impl GraphBase for Network {
    type NodeId = NodeId;
    type EdgeId = ReachId;
}

impl Data for Network {
    type NodeWeight = ();
    type EdgeWeight = Reach;
}

impl GraphProp for Network {
    type EdgeType = Directed;
}

impl NodeCount for Network {
    fn node_count(&self) -> usize {
        Network::node_count(self)
    }
}

impl NodeIndexable for Network {
    fn node_bound(&self) -> usize {
        Network::node_count(self)
    }

    fn to_index(&self, node: NodeId) -> usize {
        node.index()
    }

    fn from_index(&self, index: usize) -> NodeId {
        NodeId(index as u32)
    }
}

impl NodeCompactIndexable for Network {}

/// The visit map of a network: a bit for each node.
#[derive(Debug, Clone, Default)]
pub struct Visited(Vec<bool>);

impl VisitMap<NodeId> for Visited {
    fn visit(&mut self, node: NodeId) -> bool {
        !std::mem::replace(&mut self.0[node.index()], true)
    }

    fn is_visited(&self, node: &NodeId) -> bool {
        self.0[node.index()]
    }

    fn unvisit(&mut self, node: NodeId) -> bool {
        std::mem::replace(&mut self.0[node.index()], false)
    }
}

impl Visitable for Network {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        Visited(vec![false; Network::node_count(self)])
    }

    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(Network::node_count(self), false);
    }
}

/// The nodes next to a node, once for each reach between.
#[derive(Debug, Clone)]
pub struct Neighbors<'a> {
    network: &'a Network,
    reaches: std::slice::Iter<'a, ReachId>,
    direction: Direction,
}

impl Iterator for Neighbors<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let reach = self.network.reach(*self.reaches.next()?);
        Some(if self.direction == Outgoing { reach.to } else { reach.from })
    }
}

/// The reaches at a node.
#[derive(Debug, Clone)]
pub struct ReachesAt<'a> {
    network: &'a Network,
    reaches: std::slice::Iter<'a, ReachId>,
}

impl Iterator for ReachesAt<'_> {
    type Item = ReachRef;

    fn next(&mut self) -> Option<ReachRef> {
        let id = *self.reaches.next()?;
        Some(ReachRef { id, reach: self.network.reach(id) })
    }
}

/// Every reach in order.
#[derive(Debug, Clone)]
pub struct Edges<'a> {
    network: &'a Network,
    ids: std::ops::Range<u32>,
}

impl Iterator for Edges<'_> {
    type Item = ReachRef;

    fn next(&mut self) -> Option<ReachRef> {
        let id = ReachId(self.ids.next()?);
        Some(ReachRef { id, reach: self.network.reach(id) })
    }
}

impl<'a> IntoNeighbors for &'a Network {
    type Neighbors = Neighbors<'a>;

    fn neighbors(self, node: NodeId) -> Neighbors<'a> {
        self.neighbors_directed(node, Outgoing)
    }
}

impl<'a> IntoNeighborsDirected for &'a Network {
    type NeighborsDirected = Neighbors<'a>;

    fn neighbors_directed(self, node: NodeId, direction: Direction) -> Neighbors<'a> {
        let reaches = if direction == Outgoing { self.outgoing(node) } else { self.incoming(node) };
        Neighbors { network: self, reaches: reaches.iter(), direction }
    }
}

impl IntoNodeIdentifiers for &Network {
    type NodeIdentifiers = std::iter::Map<std::ops::Range<u32>, fn(u32) -> NodeId>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..Network::node_count(self) as u32).map(NodeId)
    }
}

impl<'a> IntoEdgeReferences for &'a Network {
    type EdgeRef = ReachRef;
    type EdgeReferences = Edges<'a>;

    fn edge_references(self) -> Self::EdgeReferences {
        Edges { network: self, ids: 0..self.reach_count() as u32 }
    }
}

impl<'a> IntoEdges for &'a Network {
    type Edges = ReachesAt<'a>;

    fn edges(self, node: NodeId) -> ReachesAt<'a> {
        ReachesAt { network: self, reaches: self.outgoing(node).iter() }
    }
}

impl<'a> IntoEdgesDirected for &'a Network {
    type EdgesDirected = ReachesAt<'a>;

    fn edges_directed(self, node: NodeId, direction: Direction) -> ReachesAt<'a> {
        let reaches = match direction {
            Outgoing => self.outgoing(node),
            Incoming => self.incoming(node),
        };
        ReachesAt { network: self, reaches: reaches.iter() }
    }
}

impl Network {
    /// An editable copy: node weights are [`NodeId`]s, edge weights [`ReachId`]s, indices the same as here.
    ///
    /// # Complexity
    /// O(nodes + reaches).
    #[must_use]
    pub fn to_petgraph(&self) -> DiGraph<NodeId, ReachId> {
        let mut graph = DiGraph::with_capacity(Network::node_count(self), self.reach_count());
        for node in self.node_ids() {
            graph.add_node(node);
        }
        for reach in self.reach_ids() {
            let Reach { from, to, .. } = self.reach(reach);
            graph.add_edge(from.0.into(), to.0.into(), reach);
        }
        graph
    }
}

#[cfg(test)]
mod tests {
    use petgraph::algo::{is_cyclic_directed, toposort};
    use petgraph::visit::{Bfs, Reversed};
    use suyuan_core::drawn::drawn;

    use super::*;
    use crate::{BuildConfig, build_network};

    #[test]
    fn petgraph_algorithms_run_on_a_network_and_on_its_copy() {
        let survey = drawn("MH1 -P1-> MH2 -P2-> OF1\nMH1 -P3-> MH2\nMH3 -P4-> MH2");
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        assert!(!is_cyclic_directed(&network));
        assert_eq!(toposort(&network, None).unwrap().len(), 4);
        let outfall = network.outfall(network.outfall_ids().next().unwrap()).node.unwrap();
        let mut bfs = Bfs::new(Reversed(&network), outfall);
        let mut seen = 0;
        while bfs.next(Reversed(&network)).is_some() {
            seen += 1;
        }
        assert_eq!(seen, 4);
        let copy = network.to_petgraph();
        assert_eq!((copy.node_count(), copy.edge_count()), (4, 4));
        assert_eq!(network.edges_directed(outfall, Incoming).count(), 1);
    }
}
