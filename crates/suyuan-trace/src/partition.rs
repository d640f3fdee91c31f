//! Which outfalls the water of each node comes to, for a whole network in one pass.

use std::collections::HashMap;

use suyuan_network::{Network, NodeId, OutfallId};

use crate::index::TraceIndex;

/// A network by where its water goes.
///
/// # Shape
/// Nodes of one *district* come to the same outfalls. District 0 comes to none; the others are in the order in which the index meets them.
#[doc(alias = "排水分区")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    of_node: Vec<u32>,
    outfalls: Vec<Vec<OutfallId>>,
}

impl Partition {
    /// The district of a node.
    #[must_use]
    pub fn district(&self, node: NodeId) -> usize {
        self.of_node[node.index()] as usize
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
/// O(nodes + reaches) where few districts share outfalls; each new set of outfalls costs its length.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{TraceIndex, partition_by_outfall};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nB -P3-> OF2"), &BuildConfig::automatic())?;
/// let partition = partition_by_outfall(&network, &TraceIndex::new(&network));
/// let district = partition.district(network.find_node("A")?);
/// assert_eq!(partition.outfalls()[district].len(), 2); // OF1 and OF2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn partition_by_outfall(network: &Network, index: &TraceIndex) -> Partition {
    let mut own: HashMap<NodeId, Vec<OutfallId>> = HashMap::new();
    for outfall in network.outfall_ids() {
        if let Some(node) = network.outfall(outfall).node {
            own.entry(node).or_default().push(outfall);
        }
    }
    let mut sets =
        Sets { outfalls: vec![Vec::new()], known: HashMap::from([(Vec::new(), 0)]), joined: HashMap::new() };
    let mut of_node = vec![0u32; network.node_count()];
    // Every group comes after those its water runs to.
    let mut rest = index.nodes.all();
    let mut position = 0;
    while !rest.is_empty() {
        let size = rest.iter().take_while(|n| index.first.at(n.index()) == position).count().max(1);
        let (group, after) = rest.split_at(size);
        let mut district = 0;
        for node in group {
            if let Some(own) = own.get(node) {
                let own = sets.of(own.clone());
                district = sets.join(district, own);
            }
            for reach in network.outgoing(*node).iter().filter(|r| network.is_open(**r)) {
                let to = network.reach(*reach).to;
                if index.first.at(to.index()) != position {
                    district = sets.join(district, of_node[to.index()]);
                }
            }
        }
        group.iter().for_each(|node| of_node[node.index()] = district);
        position += size as u32;
        rest = after;
    }
    Partition { of_node, outfalls: sets.outfalls }
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
