//! Sums against the closure, and what is handed on against the linear equations.

use proptest::prelude::*;
use suyuan_network::{Network, NodeId, ReachId};
use suyuan_trace::{Amounts, Barriers, accumulate, accumulate_by_shares};

use crate::plan::{barred, barriers, closure, is_open, plans};

/// Where each node's water goes next, a node once for each reach.
fn onward(network: &Network, barriers: &Barriers, node: NodeId) -> Vec<NodeId> {
    let open = |r: &&ReachId| is_open(network, **r) && !barriers.pipes.contains(&network.reach(**r).pipe);
    let to = network.outgoing(node).iter().filter(open).map(|r| network.reach(*r).to);
    to.filter(|to| *to != node).collect()
}

/// Solves linear equations by Gauss's elimination with the largest pivot; each row ends in its right side.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs())).unwrap();
        rows.swap(k, pivot);
        let row = rows[k].clone();
        for (_, other) in rows.iter_mut().enumerate().filter(|(r, _)| *r != k) {
            let factor = other[k] / row[k];
            other.iter_mut().zip(&row).for_each(|(a, b)| *a -= factor * b);
        }
    }
    (0..n).map(|k| rows[k][n] / rows[k][k]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sum_is_that_of_the_closure(
        plan in plans(12),
        at in prop::collection::vec(-5.0..10.0f64, 12),
        on in prop::collection::vec(-5.0..10.0f64, 48),
        shut in barred(),
    ) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let (nodes, reaches) = (&at[..network.node_count()], &on[..network.reach_count()]);
        let sums = accumulate(&network, &Amounts { nodes, reaches }, &barriers).unwrap();
        // What comes to a barrier goes no farther, unless it is the barrier that is asked.
        let comes_by = |r: ReachId, end: NodeId| {
            let row = network.reach(r);
            let taken = row.to != end && barriers.nodes.contains(&row.to);
            is_open(&network, r) && !taken && !barriers.pipes.contains(&row.pipe)
        };
        for end in network.node_ids() {
            let below = closure(&network, |r| comes_by(r, end));
            let of_nodes: f64 = network.node_ids().filter(|n| below[n.index()][end.index()]).map(|n| at[n.index()]).sum();
            let lies = |r: &ReachId| {
                comes_by(*r, end) && below[network.reach(*r).to.index()][end.index()]
            };
            let of_reaches: f64 = network.reach_ids().filter(lies).map(|r| on[r.index()]).sum();
            prop_assert!((sums[end.index()] - of_nodes - of_reaches).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_handed_on_keeps_its_equations_and_is_conserved(
        plan in plans(12),
        at in prop::collection::vec(0.0..10.0f64, 12),
        shut in barred(),
    ) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let nodes = &at[..network.node_count()];
        let handed = accumulate_by_shares(&network, &Amounts { nodes, reaches: &[] }, &barriers).unwrap();
        let takes = |n: &NodeId| barriers.nodes.contains(n);
        let below = closure(&network, |r| {
            let row = network.reach(r);
            !takes(&row.to) && !barriers.pipes.contains(&row.pipe)
        });
        let ends = |n: NodeId| onward(&network, &barriers, n).is_empty();
        // Nodes whose water goes round for ever: no end lies below, and the same nodes lie below as above.
        let comes_back = |n: NodeId| {
            network.node_ids().filter(|m| below[n.index()][m.index()]).all(|m| {
                below[m.index()][n.index()] && !onward(&network, &barriers, m).iter().any(takes)
            })
        };
        let closed: Vec<bool> = network.node_ids().map(|n| comes_back(n) && !ends(n)).collect();
        let n = network.node_count();
        let mut rows = vec![vec![0.0; n + 1]; n];
        for node in network.node_ids() {
            rows[node.index()][node.index()] = 1.0;
            rows[node.index()][n] = at[node.index()];
        }
        for node in network.node_ids().filter(|n| !closed[n.index()]) {
            let to = onward(&network, &barriers, node);
            for next in to.iter().filter(|n| !takes(n)) {
                rows[next.index()][node.index()] -= 1.0 / to.len() as f64;
            }
        }
        let expected = solve(rows);
        // Barriers keep what comes to them, and hand on their own.
        let mut kept = vec![0.0; n];
        for node in network.node_ids().filter(|n| !closed[n.index()]) {
            let to = onward(&network, &barriers, node);
            for next in to.iter().filter(|n| takes(n)) {
                kept[next.index()] += expected[node.index()] / to.len() as f64;
            }
        }
        let mut arrived = 0.0;
        for node in network.node_ids() {
            let i = node.index();
            if closed[i] {
                // The ring tells all that came to any of its nodes.
                let ring = network.node_ids().filter(|m| below[i][m.index()]);
                let all: f64 = ring.map(|m| expected[m.index()]).sum();
                prop_assert!((handed[i] - all).abs() < 1e-8, "{} {}", handed[i], all);
                arrived += expected[i];
            } else {
                let told = expected[i] + kept[i];
                prop_assert!((handed[i] - told).abs() < 1e-8, "{} {}", handed[i], told);
                arrived += if ends(node) { handed[i] } else { kept[i] };
            }
        }
        prop_assert!((arrived - nodes.iter().sum::<f64>()).abs() < 1e-8);
    }
}
