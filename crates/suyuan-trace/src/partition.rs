//! Which outfalls the water of each node comes to, for a whole network in one pass.

use std::collections::HashMap;

use suyuan_network::{Network, NodeId, OutfallId, ReachId};

use crate::index::TraceIndex;
use crate::options::Barriers;
use crate::shut::Shut;

/// A network by where its water goes.
///
/// # Shape
/// Nodes of one *district* come to the same outfalls. District 0 comes to none; the others are in the order in which the index meets them.
#[doc(alias = "排水分区")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    of_node: Vec<u32>,
    /// Of what comes to a barrier.
    of_barrier: HashMap<NodeId, u32>,
    outfalls: Vec<Vec<OutfallId>>,
}

impl Partition {
    /// The district of a node.
    #[must_use]
    pub fn district(&self, node: NodeId) -> usize {
        self.of_node[node.index()] as usize
    }

    /// The district of the water in a reach: that of the node it runs to, but no farther than to there if that is a barrier.
    #[must_use]
    pub fn district_of_reach(&self, network: &Network, reach: ReachId) -> usize {
        let to = network.reach(reach).to;
        self.of_barrier.get(&to).map_or(self.district(to), |district| *district as usize)
    }

    /// The outfalls that the water of each district comes to or passes, in order.
    #[must_use]
    pub fn outfalls(&self) -> &[Vec<OutfallId>] {
        &self.outfalls
    }
}

/// The outfalls that the water of each node comes to.
///
/// # Complexity
/// O(nodes + reaches) where few districts share outfalls; each new set of outfalls costs its length. Rings beside barriers
/// are gone through once more for each outfall.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, TraceIndex, partition_by_outfall};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nB -P3-> OF2"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let partition = partition_by_outfall(&network, &index, &Barriers::default());
/// let district = partition.district(network.find_node("A")?);
/// assert_eq!(partition.outfalls()[district].len(), 2); // OF1 and OF2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn partition_by_outfall(network: &Network, index: &TraceIndex, barriers: &Barriers) -> Partition {
    let shut = Shut::new(network, barriers);
    let mut own: HashMap<NodeId, Vec<OutfallId>> = HashMap::new();
    for outfall in network.outfall_ids() {
        if let Some(node) = network.outfall(outfall).node {
            own.entry(node).or_default().push(outfall);
        }
    }
    let mut sets =
        Sets { outfalls: vec![Vec::new()], known: HashMap::from([(Vec::new(), 0)]), joined: HashMap::new() };
    let of_own: HashMap<NodeId, u32> = own.into_iter().map(|(node, own)| (node, sets.of(own))).collect();
    let mut of_node = vec![0u32; network.node_count()];
    let own = |node: NodeId| of_own.get(&node).copied().unwrap_or(0);
    // What lies below a node, but for nodes that `passes_over` says.
    let below = |node: NodeId, of_node: &[u32], sets: &mut Sets, passes_over: &dyn Fn(NodeId) -> bool| {
        let mut district = own(node);
        for reach in network.outgoing(node).iter().filter(|r| shut.is_open(**r)) {
            let to = network.reach(*reach).to;
            if shut.is_barrier(to) {
                district = sets.join(district, own(to));
            } else if !passes_over(to) {
                district = sets.join(district, of_node[to.index()]);
            }
        }
        district
    };
    // Every group comes after those its water runs to.
    let mut rest = index.nodes.all();
    let mut position = 0;
    while !rest.is_empty() {
        let size = rest.iter().take_while(|n| index.first.at(n.index()) == position).count().max(1);
        let (group, after) = rest.split_at(size);
        let inside = |node: NodeId| index.first.at(node.index()) == position;
        if size > 1 && shut.is_any() {
            // It may be no ring beside the barriers: what changes is told to those above until nothing does.
            let mut changed: Vec<NodeId> = group.to_vec();
            while let Some(node) = changed.pop() {
                let district = below(node, &of_node, &mut sets, &|_| false);
                if std::mem::replace(&mut of_node[node.index()], district) != district {
                    let above = network.incoming(node).iter().map(|r| network.reach(*r).from);
                    changed.extend(above.filter(|n| inside(*n)));
                }
            }
        } else {
            let mut district = 0;
            for node in group {
                let here = below(*node, &of_node, &mut sets, &inside);
                district = sets.join(district, here);
            }
            group.iter().for_each(|node| of_node[node.index()] = district);
        }
        position += size as u32;
        rest = after;
    }
    let of_barrier = barriers.nodes.iter().map(|node| (*node, own(*node))).collect();
    Partition { of_node, of_barrier, outfalls: sets.outfalls }
}

/// Sets of outfalls, each kept once.
struct Sets {
    outfalls: Vec<Vec<OutfallId>>,
    known: HashMap<Vec<OutfallId>, u32>,
    joined: HashMap<(u32, u32), u32>,
}

impl Sets {
    fn of(&mut self, outfalls: Vec<OutfallId>) -> u32 {
        let next = self.outfalls.len() as u32;
        *self.known.entry(outfalls).or_insert_with_key(|outfalls| {
            self.outfalls.push(outfalls.clone());
            next
        })
    }

    fn join(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.joined.get(&key) {
            return *known;
        }
        let mut both = [&self.outfalls[a as usize][..], &self.outfalls[b as usize][..]].concat();
        both.sort_unstable();
        both.dedup();
        let set = self.of(both);
        self.joined.insert(key, set);
        set
    }
}
