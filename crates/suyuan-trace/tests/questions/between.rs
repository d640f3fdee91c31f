//! What lies between places against every way there is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use suyuan_core::drawn::drawn;
use suyuan_network::{BuildConfig, Network, Place, PlaceKind, ReachId, build_network};
use suyuan_trace::{Barriers, all_between};

use crate::plan::{barred, barriers, is_open, node, plans};

/// A piece of a reach between two knots, which are nodes or places inside reaches.
struct Piece {
    ends: [usize; 2],
    reach: ReachId,
    /// Metres along the drawn part at its middle.
    middle: f64,
}

/// The number of a place among the knots: nodes first, then places inside reaches.
fn knot(network: &Network, inside: &[(ReachId, u32)], place: &(Place, u32)) -> usize {
    match place.0.kind {
        PlaceKind::Node(node) => node.index(),
        PlaceKind::Reach { reach, .. } => {
            network.node_count() + inside.iter().position(|i| *i == (reach, place.1)).unwrap()
        }
    }
}

/// Adds the pieces of every way from `at` to a goal that passes no knot twice.
fn walk(
    pieces: &[Piece],
    at: usize,
    goals: &BTreeSet<usize>,
    barred: &BTreeSet<usize>,
    been: &mut Vec<usize>,
    way: &mut Vec<usize>,
    found: &mut (BTreeSet<usize>, BTreeSet<usize>),
) {
    been.push(at);
    if goals.contains(&at) {
        found.0.extend(way.iter());
        found.1.extend(been.iter());
    }
    if been.len() > 1 && barred.contains(&at) {
        been.pop();
        return;
    }
    for (p, piece) in pieces.iter().enumerate() {
        let next = match piece.ends {
            [a, b] if a == at => b,
            [a, b] if b == at => a,
            _ => continue,
        };
        if !been.contains(&next) {
            way.push(p);
            walk(pieces, next, goals, barred, been, way, found);
            way.pop();
        }
    }
    been.pop();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_lies_between_is_on_a_way_and_all_of_it(
        plan in plans(6),
        lots in prop::collection::vec((0usize..100, 0u32..6), 2..5),
        firsts in 1usize..3,
        shut in barred(),
    ) {
        let network = plan.build();
        let barriers = barriers(&network, &shut);
        let barred: BTreeSet<usize> = barriers.nodes.iter().map(|n| n.index()).collect();
        // Quarters of a reach, or a node.
        let places: Vec<(Place, u32)> = lots.iter().map(|(lot, quarter)| {
            let reach = network.reach_ids().nth(lot % network.reach_count()).unwrap();
            let above_end = network.reach(reach).length() * f64::from(*quarter) / 4.0;
            if *quarter > 0 && *quarter < 4 {
                (Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 }, *quarter)
            } else {
                (network.place_of_node(node(&network, *lot)), 0)
            }
        }).collect();
        let (first, second) = places.split_at(firsts.min(places.len() - 1));
        let inside: BTreeSet<(ReachId, u32)> = places.iter().filter_map(|(place, quarter)| match place.kind {
            PlaceKind::Reach { reach, .. } => Some((reach, *quarter)),
            PlaceKind::Node(_) => None,
        }).collect();
        let inside: Vec<_> = inside.into_iter().collect();
        let mut pieces = Vec::new();
        for reach in network.reach_ids().filter(|r| is_open(&network, *r) && !barriers.pipes.contains(&network.reach(*r).pipe)) {
            let row = network.reach(reach);
            let mut knots = vec![(row.from.index(), 4)];
            for quarter in (1..4).rev().filter(|q| inside.contains(&(reach, *q))) {
                let number = inside.iter().position(|i| *i == (reach, quarter)).unwrap();
                knots.push((network.node_count() + number, quarter));
            }
            knots.push((row.to.index(), 0));
            for w in knots.windows(2) {
                let above = f64::from(w[0].1 + w[1].1) / 8.0 * row.length();
                let middle = if row.with_drawn { row.measures[1] - above } else { row.measures[0] + above };
                pieces.push(Piece { ends: [w[0].0, w[1].0], reach, middle });
            }
        }
        let goals: BTreeSet<usize> = second.iter().map(|p| knot(&network, &inside, p)).collect();
        let mut wanted = (BTreeSet::new(), BTreeSet::new());
        for start in first {
            walk(&pieces, knot(&network, &inside, start), &goals, &barred, &mut Vec::new(), &mut Vec::new(), &mut wanted);
        }
        let of = |places: &[(Place, u32)]| places.iter().map(|p| p.0).collect::<Vec<_>>();
        let found = all_between(&network, &of(first), &of(second), &barriers);
        for (p, piece) in pieces.iter().enumerate() {
            let covers = |(reach, [from, to]): &(ReachId, [f64; 2])| {
                *reach == piece.reach && *from <= piece.middle && piece.middle <= *to
            };
            prop_assert_eq!(found.reaches.iter().any(covers), wanted.0.contains(&p), "{:?}", piece.ends);
        }
        let nodes: Vec<_> = network.node_ids().filter(|n| wanted.1.contains(&n.index())).collect();
        prop_assert_eq!(found.nodes, nodes);
        let told: f64 = found.reaches.iter().map(|(_, [from, to])| to - from).sum();
        let whole: f64 = wanted.0.iter().map(|p| {
            let reach = pieces[*p].reach;
            let of_reach = pieces.iter().filter(|q| q.reach == reach).count();
            // Quarters that lie between the knots of the piece.
            let quarters = inside.iter().filter(|i| i.0 == reach).count() + 1;
            assert_eq!(of_reach, quarters);
            let mut cuts: Vec<u32> = inside.iter().filter(|i| i.0 == reach).map(|i| i.1).collect();
            cuts.push(0);
            cuts.push(4);
            cuts.sort_unstable();
            let row = network.reach(reach);
            let above = if row.with_drawn { row.measures[1] - pieces[*p].middle } else { pieces[*p].middle - row.measures[0] };
            let share = above / row.length() * 4.0;
            let w = cuts.windows(2).find(|w| f64::from(w[0]) < share && share < f64::from(w[1])).unwrap();
            f64::from(w[1] - w[0]) / 4.0 * row.length()
        }).sum();
        prop_assert!((told - whole).abs() < 1e-6, "{told} {whole}");
    }
}

#[test]
fn a_ladder_of_1_000_rungs_is_between_its_ends_and_a_tail_is_not() {
    use std::fmt::Write;
    let mut text = String::new();
    let rungs = 1_000;
    for k in 0..rungs {
        let _ = writeln!(text, "A{k} -L{k}-> A{}\nB{k} -R{k}-> B{}\nA{k} -S{k}-> B{k}", k + 1, k + 1);
    }
    let _ = writeln!(text, "A{rungs} -LAST-> B{rungs}\nA7 -T1-> T1 -T2-> T2");
    let (network, _) = build_network(&drawn(&text), &BuildConfig::automatic()).unwrap();
    let place = |name: &str| network.place_of_node(network.find_node(name).unwrap());
    let found = all_between(&network, &[place("A0")], &[place(&format!("B{rungs}"))], &Barriers::default());
    assert_eq!(found.reaches.len(), network.reach_count() - 2);
    assert_eq!(found.nodes.len(), network.node_count() - 2);
    let tail = all_between(&network, &[place("T2")], &[place("A7")], &Barriers::default());
    assert_eq!(tail.reaches.len(), 2);
}
