//! Shortest ways against every way there is.

use proptest::prelude::*;
use suyuan_core::Certainty;
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};
use suyuan_trace::{Barriers, Path, Way, find_path};

use crate::plan::{Plan, barred, barriers, is_open, node, passes, plans, simple_ways};

fn length(network: &Network, way: &[ReachId]) -> f64 {
    way.iter().map(|r| network.reach(*r).length()).sum()
}

/// Distances by relaxing every reach until nothing changes (Bellman, Ford), doubtful ones either way if asked for.
fn by_force(
    network: &Network,
    barriers: &Barriers,
    from: NodeId,
    doubtful: bool,
    is_start: bool,
) -> Vec<f64> {
    let starts = if is_start { vec![from] } else { vec![] };
    let leaves = |n: NodeId| starts.contains(&n) || !barriers.nodes.contains(&n);
    let mut cost = vec![f64::INFINITY; network.node_count()];
    cost[from.index()] = 0.0;
    for _ in 0..network.node_count() {
        for reach in network.reach_ids().filter(|r| is_open(network, *r)) {
            let row = network.reach(reach);
            let (a, b) = (row.from.index(), row.to.index());
            if passes(network, barriers, reach, &starts) {
                cost[b] = cost[b].min(cost[a] + row.length());
            }
            let turns = row.certainty == Certainty::Unknown || row.probability < 0.75;
            if doubtful && turns && leaves(row.to) && !barriers.pipes.contains(&row.pipe) {
                cost[a] = cost[a].min(cost[b] + row.length());
            }
        }
    }
    cost
}

/// That a way hangs together, from one node to another, and is as long as it says.
fn check_way(network: &Network, way: &Way, from: NodeId, to: NodeId) -> Result<(), TestCaseError> {
    let mut at = from;
    let mut metres = 0.0;
    for step in &way.reaches {
        let row = network.reach(step.reach);
        let (first, last) = if step.against { (row.to, row.from) } else { (row.from, row.to) };
        prop_assert_eq!(first, at);
        prop_assert!((step.distance - metres).abs() < 1e-9);
        prop_assert_eq!(step.measures, row.measures);
        at = last;
        metres += row.length();
    }
    prop_assert_eq!(at, to);
    prop_assert!((metres - way.length).abs() < 1e-9);
    Ok(())
}

/// The network without node ids and levels, whose directions rest on little.
fn doubtful(plan: &Plan) -> Network {
    plan.build_without(&[
        suyuan_core::raw::Field::FromNode,
        suyuan_core::raw::Field::ToNode,
        suyuan_core::raw::Field::InvertFrom,
        suyuan_core::raw::Field::InvertTo,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_path_is_the_shortest_of_all_ways(plan in plans(7), a in 0usize..100, b in 0usize..100, shut in barred()) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let (a, b) = (node(&network, a), node(&network, b));
        let shortest = |from, to| {
            let ways = simple_ways(&network, &barriers, from, to);
            ways.iter().map(|w| length(&network, w)).min_by(f64::total_cmp)
        };
        let path = find_path(&network, &network.place_of_node(a), &network.place_of_node(b), &barriers);
        match (&path, shortest(a, b), shortest(b, a)) {
            (Path::WithFlow(way), Some(least), _) => {
                prop_assert!((way.length - least).abs() < 1e-9);
                prop_assert!(way.reaches.iter().all(|r| !r.against));
                check_way(&network, way, a, b)?;
            }
            (Path::AgainstFlow(way), None, Some(least)) => {
                prop_assert!((way.length - least).abs() < 1e-9);
                check_way(&network, way, b, a)?;
            }
            (Path::Doubtful(_) | Path::None, None, None) => {}
            wrong => prop_assert!(false, "{wrong:?}"),
        }
    }

    #[test]
    fn a_path_over_doubtful_directions_is_the_shortest_of_those(
        plan in plans(7), a in 0usize..100, b in 0usize..100, shut in barred(),
    ) {
        let network = doubtful(&plan);
        let barriers = barriers(&network, &shut);
        let (a, b) = (node(&network, a), node(&network, b));
        let with_flow = by_force(&network, &barriers, a, false, true)[b.index()];
        let back = by_force(&network, &barriers, b, false, true)[a.index()];
        let turned = by_force(&network, &barriers, a, true, true)[b.index()];
        let path = find_path(&network, &network.place_of_node(a), &network.place_of_node(b), &barriers);
        let (length, from, to) = match &path {
            Path::WithFlow(_) => (with_flow, a, b),
            Path::AgainstFlow(_) => (back, b, a),
            _ => (turned, a, b),
        };
        prop_assert_eq!(matches!(path, Path::WithFlow(_)), with_flow.is_finite());
        prop_assert_eq!(matches!(path, Path::None), with_flow.min(back).min(turned).is_infinite());
        if let Some(way) = path.way() {
            prop_assert!((way.length - length).abs() < 1e-9);
            check_way(&network, way, from, to)?;
        }
    }

    #[test]
    fn between_spots_inside_pipes_it_is_the_shortest_by_their_ends(
        plan in plans(6), a in 0usize..100, b in 0usize..100, x in 0.0f64..1.0, y in 0.0f64..1.0, shut in barred(),
    ) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let spot = |lot: usize, share: f64| {
            let reach = network.reach_ids().nth(lot % network.reach_count()).unwrap();
            let above_end = network.reach(reach).length() * share;
            (reach, above_end, Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 })
        };
        let ((first, above, from), (last, over, to)) = (spot(a, x), spot(b, y));
        let (up, down) = (network.reach(first), network.reach(last));
        let mut least = by_force(&network, &barriers, up.to, false, false)[down.from.index()] + above + down.length() - over;
        if barriers.nodes.contains(&down.from) {
            least = f64::INFINITY;
        }
        if first == last && above >= over {
            least = least.min(above - over);
        }
        let shut = |r| !is_open(&network, r) || barriers.pipes.contains(&network.reach(r).pipe);
        if shut(first) || shut(last) {
            least = f64::INFINITY;
        }
        match find_path(&network, &from, &to, &barriers) {
            Path::WithFlow(way) => {
                // The same spot of a shut pipe is no way at all, and there all the same.
                let same = first == last && above == over;
                prop_assert!(same || (way.length - least).abs() < 1e-9, "{way:?} {least}");
                let passed: f64 = way.reaches.iter().map(|r| r.measures[1] - r.measures[0]).sum();
                prop_assert!((passed - way.length).abs() < 1e-6);
            }
            _ => prop_assert!(least.is_infinite(), "{least}"),
        }
    }
}
