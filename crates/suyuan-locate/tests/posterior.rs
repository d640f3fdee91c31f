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

/// Whether the water of a source passes a place; `metres` is how far above the lower end of its reach it enters.
fn passes_from(network: &Network, spot: Spot, metres: f64, place: &Place) -> bool {
    let carried = |nodes: &BTreeSet<NodeId>| match place.kind {
        PlaceKind::Node(node) => nodes.contains(&node),
        PlaceKind::Reach { reach, .. } => nodes.contains(&network.reach(reach).from),
    };
    match spot {
        Spot::Elsewhere => false,
        Spot::Node(node) => carried(&below(network, node)),
        Spot::Reach(own) => {
            let on_it = matches!(place.kind, PlaceKind::Reach { reach, above_end } if reach == own && metres >= above_end);
            on_it || network.is_open(own) && carried(&below(network, network.reach(own).to))
        }
    }
}

/// Sources at a spot: metres above the lower end of its reach, one in each stretch between the places on it that lie upstream of
/// the start, and the shares of those stretches.
fn sources(network: &Network, spot: Spot, places: &[Place], start: &Place) -> Vec<(f64, f64)> {
    let Spot::Reach(own) = spot else {
        return if spot == Spot::Elsewhere || passes_from(network, spot, 0.0, start) {
            vec![(0.0, 1.0)]
        } else {
            Vec::new()
        };
    };
    let length = network.reach(own).length();
    let mut ends = vec![0.0, length];
    for place in places.iter().chain([start]) {
        if let PlaceKind::Reach { reach, above_end } = place.kind
            && reach == own
        {
            ends.push(above_end);
        }
    }
    ends.sort_by(f64::total_cmp);
    let stretches = ends.windows(2).map(|w| (f64::midpoint(w[0], w[1]), w[1] - w[0]));
    let upstream: Vec<(f64, f64)> =
        stretches.filter(|s| s.1 > 0.0 && passes_from(network, spot, s.0, start)).collect();
    let all: f64 = upstream.iter().map(|s| s.1).sum();
    upstream.into_iter().map(|(metres, length)| (metres, length / all)).collect()
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

/// Whether two places count as one.
fn near(a: &Place, b: &Place) -> bool {
    match (a.kind, b.kind) {
        (PlaceKind::Reach { reach, above_end }, PlaceKind::Reach { reach: other, above_end: there }) => {
            reach == other && (above_end - there).abs() < 0.2
        }
        (a, b) => a == b,
    }
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
        // In the area is just what comes to the start.
        let expected: BTreeSet<Spot> = network
            .node_ids()
            .map(Spot::Node)
            .chain(network.reach_ids().map(Spot::Reach))
            .chain([Spot::Elsewhere])
            .filter(|spot| !sources(&network, *spot, &[], &start).is_empty())
            .collect();
        prop_assert_eq!(area.spots().iter().copied().collect::<BTreeSet<Spot>>(), expected);
        for (number, spot) in area.spots().iter().enumerate() {
            prop_assert_eq!(area.number(*spot), Some(number));
        }
        let weight_of = |spot: Spot| match spot {
            Spot::Node(n) => weights[n.index() % 7],
            Spot::Reach(r) => weights[(3 + r.index()) % 7],
            Spot::Elsewhere => 0.1,
        };
        let prior = Prior::of_spots(&area, weight_of).unwrap();
        let mut locator = Locator::new(&area, &prior);
        let mut used: Vec<(Place, [f64; 2])> = Vec::new();
        for (k, (place, present, missed, invented)) in tests.into_iter().enumerate() {
            let place = place_of(&network, place);
            // Several at one place are another test's matter.
            if used.iter().any(|(p, _)| near(p, &place)) {
                continue;
            }
            let outcome = if present { Outcome::Present } else { Outcome::Absent };
            let rates = ErrorRates::new(missed, invented).unwrap();
            let observation = Observation { id: k.to_string(), place, epoch: String::new(), outcome, rates };
            let passed = |spot: &Spot| {
                let mut all = sources(&network, *spot, &[place], &start).into_iter();
                all.any(|(metres, _)| passes_from(&network, *spot, metres, &place))
            };
            // What tells nothing is refused, and nothing else.
            if locator.observe(observation).is_err() {
                prop_assert!(!area.spots().iter().any(passed));
                continue;
            }
            used.push((place, rates.of(outcome)));
        }
        let places: Vec<Place> = used.iter().map(|u| u.0).collect();
        // Each source of each spot, with its weight by all tests.
        let weighed: Vec<Vec<(f64, f64)>> = area
            .spots()
            .iter()
            .map(|spot| {
                let weight = |(metres, share): (f64, f64)| {
                    let likelihood = |(place, [upstream, other]): &(Place, [f64; 2])| {
                        if passes_from(&network, *spot, metres, place) { *upstream } else { *other }
                    };
                    (metres, weight_of(*spot) * share * used.iter().map(likelihood).product::<f64>())
                };
                sources(&network, *spot, &places, &start).into_iter().map(weight).collect()
            })
            .collect();
        let expected: Vec<f64> = weighed.iter().map(|w| w.iter().map(|s| s.1).sum()).collect();
        let sum: f64 = expected.iter().sum();
        match locator.posterior() {
            Err(Contradiction) => prop_assert!(sum == 0.0, "{}", sum),
            Ok(posterior) => {
                prop_assert!(sum > 0.0);
                for (number, (p, q)) in posterior.probabilities().iter().zip(&expected).enumerate() {
                    prop_assert!((p - q / sum).abs() < 1e-9, "spot {}: {} {}", number, p, q / sum);
                    let explained = locator.explain(&posterior, area.spot(number)).unwrap().total();
                    prop_assert!((explained.exp() - p).abs() < 1e-9, "{} {}", explained.exp(), p);
                }
                let nodes = network.node_ids().map(|n| network.place_of_node(n));
                for place in nodes.chain(places.iter().copied()) {
                    let of_spot = |(spot, sources): (&Spot, &Vec<(f64, f64)>)| -> f64 {
                        let passing = sources.iter().filter(|s| passes_from(&network, *spot, s.0, &place));
                        passing.map(|s| s.1).sum()
                    };
                    let mass: f64 = area.spots().iter().zip(&weighed).map(of_spot).sum();
                    let told = posterior.upstream_of(&place);
                    prop_assert!((told - mass / sum).abs() < 1e-9, "{:?} {} {}", place, told, mass / sum);
                }
            }
        }
    }

    #[test]
    fn known_places_share_what_their_spots_have(
        lines in lines(), start in lot(), known in prop::collection::vec((lot(), 0.0..2.0f64), 0..6), dirty in lot()
    ) {
        let network = lattice::network_of(&lines, &BTreeSet::new());
        let index = TraceIndex::new(&network);
        let area = SearchArea::new(&network, &index, place_of(&network, start));
        let known: Vec<(Place, f64)> = known.into_iter().map(|(lot, w)| (place_of(&network, lot), w)).collect();
        let prior = Prior::of_known(&area, known.clone()).unwrap();
        let mut locator = Locator::new(&area, &prior);
        let before = locator.posterior().unwrap();
        prop_assert!((before.at(Spot::Elsewhere) - 0.02).abs() < 1e-12);
        let (place, outcome) = (place_of(&network, dirty), Outcome::Present);
        let rates = ErrorRates::FIELD_KIT;
        let _ = locator.observe(Observation { id: "1".to_owned(), place, epoch: String::new(), outcome, rates });
        let after = locator.posterior().unwrap();
        let spot_of = |place: &Place| match place.kind {
            PlaceKind::Node(node) => Spot::Node(node),
            PlaceKind::Reach { reach, .. } => Spot::Reach(reach),
        };
        let comes = |place: &Place| {
            let metres = if let PlaceKind::Reach { above_end, .. } = place.kind { above_end } else { 0.0 };
            passes_from(&network, spot_of(place), metres, &area.start())
        };
        let inside: f64 = known.iter().filter(|k| comes(&k.0)).map(|k| k.1).sum();
        let out: Vec<usize> = (0..known.len()).filter(|k| !comes(&known[*k].0)).collect();
        prop_assert_eq!(prior.unplaced().collect::<Vec<_>>(), out);
        for (k, (p, q)) in before.of_known().into_iter().zip(after.of_known()).enumerate() {
            let (place, weight) = known[k];
            let expected =
                if comes(&place) && weight > 0.0 { 0.98 * 0.8 * weight / inside } else { 0.0 };
            let reaches = area.spots().iter().any(|s| matches!(s, Spot::Reach(_)));
            prop_assert!(!reaches || (p - expected).abs() < 1e-12, "{} {}", p, expected);
            // What is found raises or lowers a place as it does its spot.
            let spot = spot_of(&place);
            prop_assert!((q * before.at(spot) - p * after.at(spot)).abs() < 1e-12);
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
            observations.push((key, Observation { id: k.to_string(), place: place_of(&network, place), epoch: String::new(), outcome, rates }));
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
        // A test that is as often right as wrong tells nothing, wherever others have tested.
        let before = again.posterior().unwrap();
        let place = area.start();
        let blind = ErrorRates::new(0.3, 0.7).unwrap();
        again.observe(Observation { id: "blind".to_owned(), place, epoch: String::new(), outcome: Outcome::Present, rates: blind }).unwrap();
        let after = again.posterior().unwrap();
        for (a, b) in before.probabilities().iter().zip(after.probabilities()) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }
}

/// Of several tests at one place that say the same the strongest counts, and one that says the contrary counts against it.
#[test]
fn one_place_speaks_once_for_each_outcome() {
    let network = lattice::network_of(&[vec![(0, 0), (3, 0)], vec![(3, 0), (6, 0)]], &BTreeSet::new());
    let index = TraceIndex::new(&network);
    let places: Vec<Place> = network.node_ids().map(|n| network.place_of_node(n)).collect();
    let outlet = places.iter().find(|p| index.upstream_of(&network, p).node_count() == 3).unwrap();
    let middle = places.iter().find(|p| index.upstream_of(&network, p).node_count() == 2).unwrap();
    let area = SearchArea::new(&network, &index, *outlet);
    let prior = Prior::of_known(&area, []).unwrap();
    let told = |tests: &[(Outcome, ErrorRates)]| {
        let mut locator = Locator::new(&area, &prior);
        for (k, (outcome, rates)) in tests.iter().enumerate() {
            let observation = Observation {
                id: k.to_string(),
                place: *middle,
                epoch: String::new(),
                outcome: *outcome,
                rates: *rates,
            };
            locator.observe(observation).unwrap();
        }
        locator.posterior().unwrap().upstream_of(middle)
    };
    let (kit, lab) = (ErrorRates::FIELD_KIT, ErrorRates::LABORATORY);
    let odds = |p: f64| p / (1.0 - p);
    let once = told(&[(Outcome::Present, lab)]);
    assert!((odds(once) / odds(told(&[])) - 0.95 / 0.02).abs() < 1e-9);
    assert!(
        (told(&[(Outcome::Present, kit), (Outcome::Present, lab), (Outcome::Present, lab)]) - once).abs()
            < 1e-12
    );
    let both = told(&[(Outcome::Present, lab), (Outcome::Absent, kit)]);
    assert!((odds(both) / odds(once) - 0.15 / 0.95).abs() < 1e-9);
}
