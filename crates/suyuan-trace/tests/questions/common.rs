//! Where water meets, and what lies upstream of all, against the closure.

use std::collections::BTreeSet;

use proptest::prelude::*;
use suyuan_network::{NodeId, PlaceKind};
use suyuan_trace::{first_meetings, upstream_of_all};

use crate::plan::{closure, is_open, node, plans};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn water_first_meets_where_the_closure_says(plan in plans(8), lots in prop::collection::vec(0usize..100, 1..4)) {
        let network = plan.build();
        let starts: Vec<NodeId> = lots.iter().map(|l| node(&network, *l)).collect();
        let places: Vec<_> = starts.iter().map(|n| network.place_of_node(*n)).collect();
        let reaches = closure(&network, |_| true);
        let common = |n: NodeId| starts.iter().all(|s| reaches[s.index()][n.index()]);
        // No common place above it, but in its own ring; and water comes in there from outside, or is let in there.
        let expected: BTreeSet<NodeId> = network.node_ids().filter(|n| {
            let above = |m: NodeId| reaches[m.index()][n.index()] && !reaches[n.index()][m.index()];
            let enters = starts.contains(n) || network.incoming(*n).iter().any(|r| {
                let from = network.reach(*r).from;
                let carries = starts.iter().any(|s| reaches[s.index()][from.index()]);
                is_open(&network, *r) && carries && !common(from)
            });
            common(*n) && enters && !network.node_ids().any(|m| common(m) && above(m))
        }).collect();
        let meetings = first_meetings(&network, &places);
        let found: BTreeSet<NodeId> = meetings.iter().map(|m| match m.at {
            PlaceKind::Node(node) => node,
            PlaceKind::Reach { .. } => unreachable!("no start lies inside a reach"),
        }).collect();
        prop_assert_eq!(found.len(), meetings.len());
        // There is a meeting if and only if there is a common node.
        prop_assert_eq!(found.is_empty(), !network.node_ids().any(common));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_is_upstream_of_all_is_the_closures_intersection(plan in plans(8), lots in prop::collection::vec(0usize..100, 1..4)) {
        let network = plan.build();
        let ends: Vec<NodeId> = lots.iter().map(|l| node(&network, *l)).collect();
        let places: Vec<_> = ends.iter().map(|n| network.place_of_node(*n)).collect();
        let reaches = closure(&network, |_| true);
        let all = |n: NodeId| ends.iter().all(|e| reaches[n.index()][e.index()]);
        let shared = upstream_of_all(&network, &places);
        prop_assert_eq!(shared.nodes, network.node_ids().filter(|n| all(*n)).collect::<Vec<_>>());
        let lower = |r: &suyuan_network::ReachId| all(network.reach(*r).to) && is_open(&network, *r);
        let expected: Vec<_> = network.reach_ids().filter(lower).collect();
        prop_assert_eq!(shared.reaches.iter().map(|r| r.0).collect::<Vec<_>>(), expected);
    }
}
