//! What walks and questions about ways share: the order of a heap, and the cheapest way over links.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use suyuan_network::ReachId;

/// A cost that orders a heap.
#[derive(PartialEq)]
pub(crate) struct Cost(pub(crate) f64);

impl Eq for Cost {}

impl Ord for Cost {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The cheapest way to each node, infinite where there is none, and the link by which it comes.
pub(crate) struct Cheapest {
    pub(crate) cost: Vec<f64>,
    pub(crate) by: Vec<Option<ReachId>>,
}

/// The cheapest ways from some nodes, each with a cost to begin with, until `until` is settled. `links` tells the links of a
/// node: where each goes, what it costs (0 or more), which reach it is. Of equal ways the one by the lower reach is taken.
pub(crate) fn cheapest(
    count: usize,
    starts: &[(usize, f64)],
    until: Option<usize>,
    links: impl Fn(usize, &mut dyn FnMut(usize, f64, ReachId)),
) -> Cheapest {
    let mut cost = vec![f64::INFINITY; count];
    let mut by: Vec<Option<ReachId>> = vec![None; count];
    let mut heap = BinaryHeap::new();
    for (node, at) in starts {
        if *at < cost[*node] {
            cost[*node] = *at;
            heap.push(Reverse((Cost(*at), *node)));
        }
    }
    while let Some(Reverse((Cost(at), node))) = heap.pop() {
        if at > cost[node] {
            continue;
        }
        if until == Some(node) {
            break;
        }
        links(node, &mut |to, price, reach| {
            let there = at + price;
            if there < cost[to] {
                heap.push(Reverse((Cost(there), to)));
            } else if there > cost[to] || by[to].is_none_or(|known| known <= reach) || there <= at {
                return; // a link that costs nothing must not turn a way back upon itself
            }
            cost[to] = there;
            by[to] = Some(reach);
        });
    }
    Cheapest { cost, by }
}
