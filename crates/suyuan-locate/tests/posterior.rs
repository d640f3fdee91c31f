//! Probabilities against enumeration: every spot by itself, its water followed downstream pipe by pipe.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

#[path = "../../suyuan-trace/tests/lattice/mod.rs"]
mod lattice;

use std::collections::BTreeSet;

use proptest::prelude::*;
use suyuan_locate::{Contradiction, ErrorRates, Locator, Observation, Outcome, Prior, SearchArea, Spot};
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};
use suyuan_trace::TraceIndex;

/// Every node that the water of a node comes to.
fn below(network: &Network, node: NodeId) -> BTreeSet<NodeId> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![node]);
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            let on = network.outgoing(node).iter().filter(|r| network.is_open(**r));
            open.extend(on.map(|r| network.reach(*r).to));
        }
    }
    seen
}

/// The share of a spot's sources whose water passes a place, the reach `own` counting only above `cut`.
fn passes(network: &Network, spot: Spot, place: &Place, start: &Place) -> f64 {
    let carried = |nodes: &BTreeSet<NodeId>| match place.kind {
        PlaceKind::Node(node) => nodes.contains(&node),
        PlaceKind::Reach { reach, .. } => nodes.contains(&network.reach(reach).from),
    };
    match spot {
        Spot::Elsewhere => 0.0,
        Spot::Node(node) => f64::from(u8::from(carried(&below(network, node)))),
        Spot::Reach(own) => {
            let round = network.is_open(own) && carried(&below(network, network.reach(own).to));
            match place.kind {
                _ if round => 1.0,
                PlaceKind::Reach { reach, above_end } if reach == own => {
                    let length = network.reach(own).length();
                    let least = match start.kind {
                        PlaceKind::Reach { reach, above_end } if reach == own => {
                            let goes_round =
                                below(network, network.reach(own).to).contains(&network.reach(own).from);
                            if goes_round && network.is_open(own) { 0.0 } else { above_end }
                        }
                        _ => 0.0,
                    };
                    ((length - above_end) / (length - least)).clamp(0.0, 1.0)
                }
                _ => 0.0,
            }
        }
    }
}

type Line = Vec<(i32, i32)>;

fn lines() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec((0i32..5, 0i32..5, 1i32..4, 0u8..4), 1..14).prop_map(|all| {
        let line = |(x, y, length, way): (i32, i32, i32, u8)| match way {
            0 => vec![(x, y), (x + length, y)],
            1 => vec![(x + length, y), (x, y)],
            2 => vec![(x, y), (x, y + length)],
            _ => vec![(x, y + length), (x, y)],
        };
        all.into_iter().map(line).collect()
    })
}

/// A place by lot: a node, or the inside or the end of a reach.
fn place_of(network: &Network, (kind, which, share): (u8, prop::sample::Index, f64)) -> Place {
    if kind == 0 {
        return network.place_of_node(network.node_ids().nth(which.index(network.node_count())).unwrap());
    }
    let reach: ReachId = network.reach_ids().nth(which.index(network.reach_count())).unwrap();
    let above_end = if kind == 1 { 0.0 } else { share * network.reach(reach).length() };
    Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 }
}

fn lot() -> impl Strategy<Value = (u8, prop::sample::Index, f64)> {
    (0u8..3, any::<prop::sample::Index>(), 0.0..1.0f64)
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(0.1), 0.0..1.0f64]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn probabilities_are_those_of_enumeration(
        lines in lines(),
        shut in prop::collection::btree_set(0usize..14, 0..3),
        start in lot(),
        weights in prop::collection::vec(0.0..1.0f64, 7),
        tests in prop::collection::vec((lot(), any::<bool>(), rate(), rate()), 0..6)
    ) {
        let network = lattice::network_of(&lines, &shut);
        let index = TraceIndex::new(&network);
        let start = place_of(&network, start);
        let area = SearchArea::new(&network, &index, start);
        for (number, spot) in area.spots().iter().enumerate() {
            prop_assert_eq!(area.number(*spot), Some(number));
            // In the area is just what comes to the start.
            let comes = passes(&network, *spot, &start, &start) > 0.0;
            prop_assert!(comes || *spot == Spot::Elsewhere || matches!(spot, Spot::Reach(_)), "{:?}", spot);
        }
        for node in network.node_ids() {
            let comes = passes(&network, Spot::Node(node), &start, &start) > 0.0;
            prop_assert_eq!(area.number(Spot::Node(node)).is_some(), comes);
        }
        let weight_of = |spot: Spot| match spot {
            Spot::Node(n) => weights[n.index() % 7],
            Spot::Reach(r) => weights[(3 + r.index()) % 7],
            Spot::Elsewhere => 0.1,
        };
        let prior = Prior::of_spots(&area, weight_of).unwrap();
        let mut locator = Locator::new(&area, &prior);
        let mut expected: Vec<f64> = area.spots().iter().map(|s| weight_of(*s)).collect();
        let mut used: Vec<Place> = Vec::new();
        for (k, (place, present, missed, invented)) in tests.into_iter().enumerate() {
            let place = place_of(&network, place);
            if used.iter().any(|p| p.kind == place.kind) {
                continue;
            }
            let outcome = if present { Outcome::Present } else { Outcome::Absent };
            let rates = ErrorRates::new(missed, invented).unwrap();
            let observation = Observation { id: k.to_string(), place, outcome, rates };
            let shares: Vec<f64> = area.spots().iter().map(|s| passes(&network, *s, &place, &start)).collect();
            // What tells nothing is refused, and nothing else.
            if locator.observe(observation).is_err() {
                prop_assert!(shares.iter().all(|s| *s == 0.0), "{:?}", shares);
                continue;
            }
            used.push(place);
            let [upstream, other] = rates.of(outcome);
            for (p, share) in expected.iter_mut().zip(shares) {
                *p *= share * upstream + (1.0 - share) * other;
            }
        }
        let sum: f64 = expected.iter().sum();
        match locator.posterior() {
            Err(Contradiction) => prop_assert!(sum == 0.0, "{}", sum),
            Ok(posterior) => {
                prop_assert!(sum > 0.0);
                for (number, (p, q)) in posterior.probabilities().iter().zip(&expected).enumerate() {
                    prop_assert!((p - q / sum).abs() < 1e-9, "spot {}: {} {}", number, p, q / sum);
                    let explained = locator.explain(area.spot(number)).unwrap().unwrap().total();
                    prop_assert!((explained.exp() - p).abs() < 1e-9, "{} {}", explained.exp(), p);
                }
                for node in network.node_ids() {
                    let place = network.place_of_node(node);
                    let mass = area.spots().iter().zip(posterior.probabilities());
                    let mass: f64 = mass.map(|(s, p)| p * passes(&network, *s, &place, &start)).sum();
                    prop_assert!((posterior.upstream_of(&place) - mass).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn order_matters_not_and_what_is_taken_back_was_never_there(
        lines in lines(),
        start in lot(),
        tests in prop::collection::vec((lot(), any::<bool>(), rate(), rate(), any::<u32>()), 1..8)
    ) {
        let network = lattice::network_of(&lines, &BTreeSet::new());
        let index = TraceIndex::new(&network);
        let area = SearchArea::new(&network, &index, place_of(&network, start));
        let prior = Prior::of_known(&area, []).unwrap();
        let mut observations: Vec<(u32, Observation)> = Vec::new();
        for (k, (place, present, missed, invented, key)) in tests.into_iter().enumerate() {
            let outcome = if present { Outcome::Present } else { Outcome::Absent };
            // Never so sure that they could contradict each other.
            let rates = ErrorRates::new(0.05 + 0.9 * missed, 0.05 + 0.9 * invented).unwrap();
            observations.push((key, Observation { id: k.to_string(), place: place_of(&network, place), outcome, rates }));
        }
        let of = |observations: &[(u32, Observation)]| {
            let mut locator = Locator::new(&area, &prior);
            for (_, observation) in observations {
                let _ = locator.observe(observation.clone());
            }
            locator
        };
        let once = of(&observations);
        let taken = observations[0].1.clone();
        let without = of(&observations[1..]);
        observations.sort_by_key(|o| o.0);
        let mut again = of(&observations);
        let told = |locator: &Locator<'_>| locator.posterior().unwrap().probabilities().to_vec();
        prop_assert_eq!(told(&once), told(&again));
        again.retract(&taken.id);
        prop_assert_eq!(told(&without), told(&again));
        // A test that is as often right as wrong tells nothing.
        let before = again.posterior().unwrap();
        let place = area.start();
        let blind = ErrorRates::new(0.3, 0.7).unwrap();
        again.observe(Observation { id: "blind".to_owned(), place, outcome: Outcome::Present, rates: blind }).unwrap();
        let after = again.posterior().unwrap();
        if again.observations().filter(|o| o.place.kind == place.kind).count() == 1 {
            for (a, b) in before.probabilities().iter().zip(after.probabilities()) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }
}
