//! The fewest plugs against every set of plugs there is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use suyuan_core::NodeKind;
use suyuan_core::raw::{Column, Field};
use suyuan_network::{Network, NodeId};
use suyuan_trace::{Barriers, isolate};

use crate::plan::{barred, barriers, closure, node, passes, plans};

/// The nodes that water from the starts comes to, plugs included, if it passes no plug.
fn wet(
    network: &Network,
    barriers: &Barriers,
    starts: &[NodeId],
    plugs: &BTreeSet<NodeId>,
) -> BTreeSet<NodeId> {
    let reaches =
        closure(network, |r| !plugs.contains(&network.reach(r).from) && passes(network, barriers, r, starts));
    network.node_ids().filter(|n| starts.iter().any(|s| reaches[s.index()][n.index()])).collect()
}

/// Whether water comes out at a node.
fn is_end(network: &Network, node: NodeId) -> bool {
    let on = network.outgoing(node).iter().filter(|r| network.reach(**r).to != node).count();
    on == 0 || network.node(node).kind == NodeKind::Outfall
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_other_set_of_plugs_is_smaller_or_nearer(
        plan in plans(8),
        lots in prop::collection::vec(0usize..100, 1..3),
        joints in prop::collection::vec(prop::bool::weighted(0.3), 8),
        shut in barred(),
    ) {
        let network = plan.build_with(|survey| {
            let count = survey.layers[1].len();
            let kind = |k: usize| if joints[k] { NodeKind::Joint } else { NodeKind::Manhole };
            survey.layers[1].columns.insert(Field::NodeKind, Column::Kind((0..count).map(kind).collect()));
        });
        let starts: Vec<NodeId> = lots.iter().map(|l| node(&network, *l)).collect();
        let places: Vec<_> = starts.iter().map(|n| network.place_of_node(*n)).collect();
        let barriers = barriers(&network, &shut);
        let found = isolate(&network, &places, &barriers);
        let ours: BTreeSet<NodeId> = found.plugs.iter().map(|p| p.node).collect();
        prop_assert_eq!(ours.len(), found.plugs.len());

        let below = wet(&network, &barriers, &starts, &BTreeSet::new());
        let stopped = |n: &NodeId| barriers.nodes.contains(n) && !starts.contains(n);
        let ends: Vec<NodeId> = below.iter().copied().filter(|n| is_end(&network, *n) && !stopped(n)).collect();
        prop_assert_eq!(&found.ends, &ends);
        let forced: BTreeSet<NodeId> = starts.iter().copied().filter(|s| is_end(&network, *s)).collect();
        let stops = |plugs: &BTreeSet<NodeId>| {
            let wet = wet(&network, &barriers, &starts, plugs);
            ends.iter().all(|e| !wet.contains(e) || plugs.contains(e))
        };
        let price = |plugs: &BTreeSet<NodeId>| {
            let joints = plugs.iter().filter(|n| !forced.contains(n) && network.node(**n).kind == NodeKind::Joint);
            (joints.count(), plugs.len())
        };
        let may: Vec<NodeId> = below.iter().copied().filter(|n| !starts.contains(n)).collect();
        prop_assert!(stops(&ours), "{ours:?}");
        prop_assert!(ours.iter().all(|n| may.contains(n) || forced.contains(n)));
        let reached = wet(&network, &barriers, &starts, &ours);
        let behind = |plugs: &BTreeSet<NodeId>, wet: &BTreeSet<NodeId>| wet.difference(plugs).copied().collect::<BTreeSet<_>>();
        for choice in 0..1u32 << may.len() {
            let mut plugs = forced.clone();
            plugs.extend(may.iter().enumerate().filter(|(k, _)| choice >> k & 1 == 1).map(|(_, n)| *n));
            if price(&plugs) > price(&ours) || !stops(&plugs) {
                continue;
            }
            prop_assert_eq!(price(&plugs), price(&ours), "{:?} is better than {:?}", plugs, ours);
            // Of sets as good, ours lets the water reach the least.
            let others = behind(&plugs, &wet(&network, &barriers, &starts, &plugs));
            prop_assert!(behind(&ours, &reached).is_subset(&others), "{:?} is nearer than {:?}", plugs, ours);
        }
        let held: Vec<_> = network.reach_ids().filter(|r| {
            let from = network.reach(*r).from;
            passes(&network, &barriers, *r, &starts) && reached.contains(&from) && !ours.contains(&from)
        }).collect();
        prop_assert_eq!(found.held, held);
    }
}
