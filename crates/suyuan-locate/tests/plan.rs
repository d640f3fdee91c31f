//! Plans against the best there can be, found by trying every order of tests on small trees.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::HashMap;

use proptest::prelude::*;
use suyuan_core::drawn::drawn;
use suyuan_locate::{
    Costs, ErrorRates, Locator, Observation, Outcome, Prior, SearchArea, Spot, capacity, entropy, huffman,
    next_visits, settled_at,
};
use suyuan_network::{BuildConfig, Network, NodeId, build_network};
use suyuan_trace::TraceIndex;

/// A tree of manholes: each one's parent is an earlier one, the outfall first.
fn tree(parents: &[usize]) -> Network {
    let mut text = String::from("N0 -P0-> OF\n");
    for (k, parent) in parents.iter().enumerate() {
        text.push_str(&format!("N{} -P{}-> N{parent}\n", k + 1, k + 1));
    }
    build_network(&drawn(&text), &BuildConfig::automatic()).unwrap().0
}

fn node(network: &Network, name: usize) -> NodeId {
    network.find_node(&format!("N{name}")).unwrap()
}

/// Of each manhole, those upstream of it and itself, as bits.
fn above(parents: &[usize]) -> Vec<u32> {
    let mut sets: Vec<u32> = (0..=parents.len()).map(|n| 1 << n).collect();
    for k in (0..parents.len()).rev() {
        sets[parents[k]] |= sets[k + 1];
    }
    sets
}

/// The least expected number of tests that are never wrong to find which of a set it is.
fn best(set: u32, sets: &[u32], weights: &[f64], known: &mut HashMap<u32, f64>) -> f64 {
    if set.count_ones() <= 1 {
        return 0.0;
    }
    if let Some(cost) = known.get(&set) {
        return *cost;
    }
    let mass: f64 = (0..weights.len()).filter(|n| set >> n & 1 == 1).map(|n| weights[n]).sum();
    let mut least = f64::INFINITY;
    for test in sets {
        let (yes, no) = (set & test, set & !test);
        if yes != 0 && no != 0 {
            least = least.min(best(yes, sets, weights, known) + best(no, sets, weights, known));
        }
    }
    known.insert(set, mass + least);
    mass + least
}

/// The expected number of tests by always taking the first visit proposed.
fn planned(locator: &Locator<'_>, mass: f64, depth: usize) -> f64 {
    let posterior = locator.posterior().unwrap();
    if settled_at(&posterior, 1.0 - 1e-9).is_some() {
        return 0.0;
    }
    let visits = next_visits(&posterior, ErrorRates::NEVER_WRONG, &Costs::default(), Some(""), 1);
    let Some(visit) = visits.first() else { panic!("nothing to test, {depth} tests done") };
    let network = posterior.area().network();
    let mut cost = mass;
    for (outcome, share) in [(Outcome::Present, visit.upstream), (Outcome::Absent, 1.0 - visit.upstream)] {
        let mut next = locator.clone();
        next.observe(Observation {
            id: depth.to_string(),
            place: network.place_of_node(visit.node),
            epoch: String::new(),
            outcome,
            rates: ErrorRates::NEVER_WRONG,
        })
        .unwrap();
        cost += planned(&next, mass * share, depth + 1);
    }
    cost
}

/// The expected number of tests of a plan and of the best one, and Huffman's bound.
fn costs(parents: &[usize], weights: &[f64]) -> [f64; 3] {
    let network = tree(parents);
    let index = TraceIndex::new(&network);
    let start = network.place_of_node(network.find_node("OF").unwrap());
    let area = SearchArea::new(&network, &index, start);
    let numbers: HashMap<NodeId, usize> = (0..weights.len()).map(|n| (node(&network, n), n)).collect();
    let weight = |spot| match spot {
        Spot::Node(node) => numbers.get(&node).map_or(0.0, |n| weights[*n]),
        Spot::Reach(_) | Spot::Elsewhere => 0.0,
    };
    let prior = Prior::of_spots(&area, weight).unwrap();
    let sum: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|w| w / sum).collect();
    let all = (1u32 << weights.len()) - 1;
    let optimum = best(all, &above(parents), &shares, &mut HashMap::new());
    [planned(&Locator::new(&area, &prior), 1.0, 0), optimum, huffman(&shares)]
}

fn trees() -> impl Strategy<Value = (Vec<usize>, Vec<f64>)> {
    (2usize..12).prop_flat_map(|n| {
        let parents: Vec<_> = (0..n).map(|k| 0..=k).collect();
        (parents, prop::collection::vec(0.02..1.0f64, n + 1))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_near_the_best_one_and_neither_beats_the_bound((parents, weights) in trees()) {
        let [plan, optimum, bound] = costs(&parents, &weights);
        prop_assert!(bound <= optimum + 1e-9 && optimum <= plan + 1e-9, "{} {} {}", bound, optimum, plan);
        // Always asking for the most information is within twice the best there is, up to a test.
        prop_assert!(plan <= 2.0 * optimum + 1e-9, "{} {}", plan, optimum);
        let sum: f64 = weights.iter().sum();
        let bits = entropy(&weights.iter().map(|w| w / sum).collect::<Vec<_>>());
        prop_assert!(bits <= bound + 1e-9 && bound < bits + 1.0, "{} {}", bits, bound);
    }
}

/// Manholes in one line, all as likely: as many tests as it takes to halve them.
#[test]
fn along_a_line_it_is_binary_search() {
    for n in 2..14usize {
        let parents: Vec<usize> = (0..n - 1).collect();
        let [plan, optimum, _] = costs(&parents, &vec![1.0; n]);
        // The least external path of a binary tree of n leaves (Knuth, The Art of Computer Programming 3, 6.2.1).
        let floor = n.ilog2();
        let path = n as f64 * f64::from(floor) + 2.0 * (n as f64 - f64::from(1u32 << floor));
        assert!((plan - path / n as f64).abs() < 1e-9, "{n}: {plan}");
        assert!((optimum - plan).abs() < 1e-9);
    }
}

/// A star has one test for each of its arms: (n(n+1)/2 - 1)/n for n manholes all as likely.
#[test]
fn around_a_star_it_is_one_arm_after_another() {
    for n in 2..10usize {
        let [plan, ..] = costs(&vec![0; n - 1], &vec![1.0; n]);
        let n = n as f64;
        assert!((plan - (n * (n + 1.0) / 2.0 - 1.0) / n).abs() < 1e-9, "{n}: {plan}");
    }
}

#[test]
fn what_a_test_can_tell_is_the_capacity_of_its_channel() {
    let of = |missed, invented| capacity(ErrorRates::new(missed, invented).unwrap());
    assert!((of(0.0, 0.0) - 1.0).abs() < 1e-12);
    // Errs alike both ways: 1 - H(p).
    for p in [0.01, 0.1, 0.3] {
        assert!((of(p, p) - (1.0 - entropy(&[p, 1.0 - p]))).abs() < 1e-12);
    }
    assert!(of(0.4, 0.6) < 1e-12);
    // The Z channel: log2(1 + (1 - p) p^(p / (1 - p))).
    for p in [0.1f64, 0.5] {
        let z = (1.0 + (1.0 - p) * p.powf(p / (1.0 - p))).log2();
        assert!((of(p, 0.0) - z).abs() < 1e-9, "{} {z}", of(p, 0.0));
    }
}

#[test]
fn far_manholes_wait_and_closed_ones_are_never_named() {
    let parents: Vec<usize> = (0..15).collect();
    let network = tree(&parents);
    let index = TraceIndex::new(&network);
    let area = SearchArea::new(&network, &index, network.place_of_node(network.find_node("OF").unwrap()));
    let prior = Prior::of_known(&area, []).unwrap();
    let locator = Locator::new(&area, &prior);
    let posterior = locator.posterior().unwrap();
    let all = next_visits(&posterior, ErrorRates::FIELD_KIT, &Costs::default(), Some(""), usize::MAX);
    let first = all[0];
    assert!(all.windows(2).all(|w| w[0].bits >= w[1].bits), "all cost the same");
    // From the far end, a nearer manhole that tells a little less comes first where the way is dear.
    let from = network.place_of_node(node(&network, 15)).spot;
    let near = Costs { from, per_metre: 10.0, ..Costs::default() };
    let visits = next_visits(&posterior, ErrorRates::FIELD_KIT, &near, Some(""), 3);
    assert!(visits[0].node != first.node && visits[0].bits < first.bits);
    let others = network.node_ids().filter(|n| *n != first.node).collect();
    let closed = Costs { closed: others, ..Costs::default() };
    assert_eq!(next_visits(&posterior, ErrorRates::FIELD_KIT, &closed, Some(""), 9), [first]);
    // Nobody is sent to two manholes that tell the same.
    for (k, a) in all.iter().enumerate() {
        for b in &all[k + 1..] {
            assert!(
                (a.upstream - b.upstream).abs() >= 0.02 - 1e-12,
                "in one line, one is upstream of the other"
            );
        }
    }
}

/// Numbers by lot, always the same: SplitMix64.
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: usize) -> usize {
        (self.share() * n as f64) as usize
    }

    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn on_the_mean_a_plan_costs_little_more_than_the_best_one() {
    for (skewed, most) in [(false, 1.01), (true, 1.04)] {
        let mut lot = Lot(7);
        let mut ratio = 0.0;
        let count = 150;
        for _ in 0..count {
            let n = 3 + lot.below(9);
            let parents: Vec<usize> = (1..n).map(|k| lot.below(k)).collect();
            // Lognormal, about as skewed as inhabitants are.
            let weight = |lot: &mut Lot| {
                let normal: f64 = (0..12).map(|_| lot.share()).sum::<f64>() - 6.0;
                if skewed { (1.5 * normal).exp() } else { 1.0 }
            };
            let weights: Vec<f64> = (0..n).map(|_| weight(&mut lot)).collect();
            let [plan, optimum, _] = costs(&parents, &weights);
            ratio += plan / optimum / f64::from(count);
        }
        assert!(ratio <= most, "{skewed} {ratio}");
    }
}

/// Searches with tests that are wrong as often as they are said to be: each ends, and is as often right as it claims.
#[test]
fn searches_end_and_are_as_often_right_as_they_claim() {
    let mut lot = Lot(11);
    let (mut claimed, mut spread, mut right, mut settled, mut tests) = (0.0, 0.0, 0.0, 0, 0);
    let count = 300;
    for _ in 0..count {
        let n = 10 + lot.below(40);
        let parents: Vec<usize> = (1..n).map(|k| lot.below(k).max(k.saturating_sub(4))).collect();
        let network = tree(&parents);
        let index = TraceIndex::new(&network);
        let area = SearchArea::new(&network, &index, network.place_of_node(network.find_node("OF").unwrap()));
        let prior = Prior::of_known(&area, []).unwrap();
        let mut locator = Locator::new(&area, &prior);
        // The source by the prior itself.
        let before = locator.posterior().unwrap();
        let mut left = lot.share();
        let source = area.spots().iter().zip(before.probabilities()).find(|(_, p)| {
            left -= **p;
            left < 0.0
        });
        let source = *source.unwrap().0;
        let rates = ErrorRates::new(0.1, 0.05).unwrap();
        let mut visited: Vec<(NodeId, String)> = Vec::new();
        let found = loop {
            // Six tests a day.
            let day = (visited.len() / 6).to_string();
            let posterior = locator.posterior().unwrap();
            let visits = next_visits(&posterior, rates, &Costs::default(), Some(&day), 1);
            let (Some(visit), None) = (visits.first(), settled_at(&posterior, 0.95)) else { break posterior };
            let told = (visit.node, day.clone());
            assert!(!visited.contains(&told), "nobody is sent to one manhole twice a day");
            visited.push(told);
            assert!(visited.len() < 200, "a search that does not end");
            let place = network.place_of_node(visit.node);
            let above = index.upstream_of(&network, &place);
            let upstream = match source {
                Spot::Node(node) => above.contains_node(node),
                Spot::Reach(reach) => above.contains_reach(&network, reach),
                Spot::Elsewhere => false,
            };
            let present = lot.share() < if upstream { 1.0 - rates.missed() } else { rates.invented() };
            let outcome = if present { Outcome::Present } else { Outcome::Absent };
            let id = visited.len().to_string();
            locator.observe(Observation { id, place, epoch: day, outcome, rates }).unwrap();
        };
        tests += visited.len();
        let (unit, p) = settled_at(&found, 0.0).unwrap();
        let lies_there = match source {
            Spot::Reach(reach) => unit == Spot::Node(network.reach(reach).to),
            other => unit == other,
        };
        claimed += p;
        spread += p * (1.0 - p);
        right += f64::from(u8::from(lies_there));
        settled += usize::from(p >= 0.95);
    }
    let sigma = f64::sqrt(spread);
    assert!(
        (right - claimed).abs() <= 3.0 * sigma,
        "{right} of {count} right, {claimed:.1} claimed, {sigma:.1}"
    );
    assert!(settled * 10 > 9 * count && tests < 20 * count, "{settled} settled, {tests} tests");
}
