//! Where water meets, and what lies upstream of all, against the closure.

use std::collections::BTreeSet;

use proptest::prelude::*;
use suyuan_network::{NodeId, PlaceKind};
use suyuan_trace::{first_meetings, upstream_of_all};

use crate::plan::{barred, barriers, closure, node, passes, plans};

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn water_first_meets_where_the_closure_says(plan in plans(8), lots in prop::collection::vec(0usize..100, 1..4), shut in barred()) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let starts: Vec<NodeId> = lots.iter().map(|l| node(&network, *l)).collect();
        let places: Vec<_> = starts.iter().map(|n| network.place_of_node(*n)).collect();
        // Where the water of each start comes to: a barrier at another start is one to it.
        let below: Vec<Vec<bool>> = starts.iter().map(|s| {
            closure(&network, |r| passes(&network, &barriers, r, &[*s]))[s.index()].clone()
        }).collect();
        // Nothing lies below a barrier, whatever starts there.
        let reaches = closure(&network, |r| passes(&network, &barriers, r, &[]));
        let common = |n: NodeId| below.iter().all(|b| b[n.index()]);
        // No common place above it, but in its own ring; and water comes in there from outside, or is let in there.
        let expected: BTreeSet<NodeId> = network.node_ids().filter(|n| {
            let above = |m: NodeId| reaches[m.index()][n.index()] && !reaches[n.index()][m.index()];
            let enters = starts.contains(n) || network.incoming(*n).iter().any(|r| {
                let from = network.reach(*r).from;
                let carries = below.iter().any(|b| b[from.index()]);
                passes(&network, &barriers, *r, &starts) && carries && (!common(from) || barriers.nodes.contains(&from))
            });
            common(*n) && enters && !network.node_ids().any(|m| common(m) && above(m))
        }).collect();
        let meetings = first_meetings(&network, &places, &barriers);
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
    fn what_is_upstream_of_all_is_the_closures_intersection(plan in plans(8), lots in prop::collection::vec(0usize..100, 1..4), shut in barred()) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let ends: Vec<NodeId> = lots.iter().map(|l| node(&network, *l)).collect();
        let places: Vec<_> = ends.iter().map(|n| network.place_of_node(*n)).collect();
        // What comes to a barrier goes no farther, unless that is the very place that is asked.
        let comes_by = |r: suyuan_network::ReachId, end: NodeId| {
            let to = network.reach(r).to;
            passes(&network, &barriers, r, &[network.reach(r).from]) && (to == end || !barriers.nodes.contains(&to))
        };
        let above: Vec<_> = ends.iter().map(|e| closure(&network, |r| comes_by(r, *e))).collect();
        let all = |n: NodeId| ends.iter().zip(&above).all(|(e, above)| above[n.index()][e.index()]);
        let shared = upstream_of_all(&network, &places, &barriers);
        prop_assert_eq!(shared.nodes, network.node_ids().filter(|n| all(*n)).collect::<Vec<_>>());
        let lower = |r: &suyuan_network::ReachId| all(network.reach(*r).to) && ends.iter().all(|e| comes_by(*r, *e));
        let expected: Vec<_> = network.reach_ids().filter(lower).collect();
        prop_assert_eq!(shared.reaches.iter().map(|r| r.0).collect::<Vec<_>>(), expected);
    }
}
