//! The trace index against plain closure: lattices of lines with splits, rings, shut pipes and joints in mid-pipe, and
//! large networks of one shape each.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod alone;
mod lattice;

use std::collections::{BTreeMap, BTreeSet};

use lattice::{network_of, network_with};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use suyuan_core::{FlowMode, FlowSign};
use suyuan_network::{Network, NodeId, PipeId, Place, PlaceKind, ReachId};
use suyuan_trace::{Restriction, StopReason, Sums, TraceIndex, TraceOptions, Tracer, UpstreamSet};

/// The same; some directions are recorded, so that some are certain.
fn mixed_network(lines: &[Vec<(i32, i32)>], shut: &BTreeSet<usize>) -> Network {
    alone::alone();
    network_with(lines, shut, true, |i| match i % 4 {
        0 => Some(FlowSign::WithDrawn),
        1 => Some(FlowSign::AgainstDrawn),
        _ => None,
    })
}

type Plan = (Vec<Vec<(i32, i32)>>, BTreeSet<usize>);

/// Up to 14 lines of one to three stretches over a lattice of five by five, some shut.
fn plans() -> impl Strategy<Value = Plan> {
    let step =
        prop_oneof![Just((1, 0)), Just((-1, 0)), Just((0, 1)), Just((0, -1)), Just((2, 0)), Just((0, 2))];
    let line = ((0i32..5, 0i32..5), prop::collection::vec(step, 1..4)).prop_map(|((x, y), steps)| {
        let mut line = vec![(x, y)];
        for (dx, dy) in steps {
            let (x, y) = *line.last().unwrap();
            line.push((x + dx, y + dy));
        }
        line
    });
    (prop::collection::vec(line, 1..14), prop::collection::btree_set(0usize..40, 0..3))
}

fn is_open(network: &Network, reach: ReachId) -> bool {
    network.pipe(network.reach(reach).pipe).mode != FlowMode::Blocked
}

/// The nodes from which water reaches `start`, by adding those of open reaches until nothing changes.
fn closure(network: &Network, start: NodeId) -> BTreeSet<NodeId> {
    let mut nodes = BTreeSet::from([start]);
    loop {
        let before = nodes.len();
        for r in network.reach_ids().filter(|r| is_open(network, *r)) {
            let reach = network.reach(r);
            if nodes.contains(&reach.to) {
                nodes.insert(reach.from);
            }
        }
        if nodes.len() == before {
            return nodes;
        }
    }
}

/// What a set holds of each reach, metres above its lower end, by plain means.
type Stretches = BTreeMap<ReachId, BTreeSet<u32>>;

/// Reaches are looked at in so many equal pieces.
const PIECES: u32 = 8;

fn pieces(network: &Network, start: &Place) -> Stretches {
    let (node, own) = match start.kind {
        PlaceKind::Node(node) => (node, None),
        PlaceKind::Reach { reach, above_end } => (network.reach(reach).from, Some((reach, above_end))),
    };
    let nodes = closure(network, node);
    let inside = |r: &ReachId| is_open(network, *r) && nodes.contains(&network.reach(*r).to);
    let mut out: Stretches = network.reach_ids().filter(inside).map(|r| (r, (0..PIECES).collect())).collect();
    if let Some((reach, above_end)) = own {
        let cut = (above_end / network.reach(reach).length() * f64::from(PIECES)).round() as u32;
        out.entry(reach).or_default().extend(cut..PIECES);
    }
    out.retain(|_, pieces| !pieces.is_empty());
    out
}

fn pieces_of(network: &Network, set: &UpstreamSet<'_>) -> Stretches {
    let mut out: Stretches = BTreeMap::new();
    for reach in set.reaches() {
        assert!(out.insert(reach, (0..PIECES).collect()).is_none(), "each reach once");
    }
    for (reach, stretches) in set.cut_reaches() {
        let scale = f64::from(PIECES) / network.reach(reach).length();
        let pieces =
            stretches.iter().flat_map(|[a, b]| (a * scale).round() as u32..(b * scale).round() as u32);
        assert!(out.insert(reach, pieces.collect()).is_none(), "each reach once");
    }
    out.retain(|_, pieces| !pieces.is_empty());
    out
}

fn pipes_of(network: &Network, stretches: &Stretches) -> Vec<PipeId> {
    let pipes: BTreeSet<PipeId> = stretches.keys().map(|r| network.reach(*r).pipe).collect();
    pipes.into_iter().collect()
}

/// A node, or a spot at an eighth of some reach.
fn place(network: &Network, lot: usize) -> Place {
    let node = network.node_ids().nth(lot % network.node_count()).unwrap();
    let at_node = network.place_of_node(node);
    if !lot.is_multiple_of(3) {
        return at_node;
    }
    let reach = network.reach_ids().nth(lot % network.reach_count()).unwrap();
    let eighths = (lot % 7 + 1) as f64 / f64::from(PIECES);
    let above_end = network.reach(reach).length() * eighths;
    Place { kind: PlaceKind::Reach { reach, above_end }, ..at_node }
}

fn check(network: &Network, set: &UpstreamSet<'_>, expected: &Stretches) {
    assert_eq!(&pieces_of(network, set), expected);
    let mut pipes = set.pipes(network);
    pipes.sort_unstable();
    assert_eq!(pipes, pipes_of(network, expected));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn upstream_sets_and_what_is_made_of_them_are_the_plain_closure((lines, shut) in plans(), lots in prop::array::uniform2(0usize..1000)) {
        let network = mixed_network(&lines, &shut);
        let index = TraceIndex::new(&network);
        let [a, b] = lots.map(|lot| place(&network, lot));
        let [x, y] = [&a, &b].map(|start| index.upstream_of(&network, start));
        let [p, q] = [&a, &b].map(|start| pieces(&network, start));
        check(&network, &x, &p);
        check(&network, &y, &q);
        let combine = |of: fn(&BTreeSet<u32>, &BTreeSet<u32>) -> BTreeSet<u32>| -> Stretches {
            let none = BTreeSet::new();
            let reaches: BTreeSet<ReachId> = p.keys().chain(q.keys()).copied().collect();
            let pieces = |r| of(p.get(&r).unwrap_or(&none), q.get(&r).unwrap_or(&none));
            reaches.into_iter().map(|r| (r, pieces(r))).filter(|(_, s)| !s.is_empty()).collect()
        };
        check(&network, &x.both(&y, &network), &combine(|p, q| p & q));
        check(&network, &x.either(&y, &network), &combine(|p, q| p | q));
        check(&network, &x.without(&y, &network), &combine(|p, q| p - q));
        check(&network, &y.without(&x, &network), &combine(|p, q| q - p));
    }

    #[test]
    fn a_restricted_trace_is_what_the_sets_leave((lines, shut) in plans(), lots in prop::array::uniform4(0usize..1000), n in 0usize..3) {
        let network = mixed_network(&lines, &shut);
        let index = TraceIndex::new(&network);
        let [start, a, b, c] = lots.map(|lot| place(&network, lot));
        let others = [&a, &b, &c];
        let (also, not) = others.split_at(n);
        let sets = |places: &[&Place]| places.iter().map(|p| index.upstream_of(&network, p)).collect();
        let restriction = Restriction { also_above: sets(also), not_above: sets(not) };
        let trace = Tracer::new(&network).trace(&start, &TraceOptions::default());
        let full = trace.clone();
        let trace = restriction.of(&network, trace);

        let mut expected = pieces(&network, &start);
        for (places, wanted) in [(also, true), (not, false)] {
            for other in places.iter().map(|p| pieces(&network, p)) {
                let none = BTreeSet::new();
                for (reach, mine) in &mut expected {
                    let theirs = other.get(reach).unwrap_or(&none);
                    *mine = if wanted { &*mine & theirs } else { &*mine - theirs };
                }
            }
        }
        expected.retain(|_, pieces| !pieces.is_empty());
        let mut found: Stretches = BTreeMap::new();
        for step in &trace.steps {
            let row = network.reach(step.reach);
            let above = |m: f64| if row.with_drawn { row.measures[1] - m } else { m - row.measures[0] };
            let scaled = |m: f64| (above(m) / row.length() * f64::from(PIECES)).round() as u32;
            let [x, y] = step.measures.map(scaled);
            prop_assert!(found.insert(step.reach, (x.min(y)..x.max(y)).collect()).is_none());
            let before = full.steps.iter().find(|s| s.reach == step.reach).unwrap();
            prop_assert_eq!((step.distance, step.certain), (before.distance, before.certain));
        }
        found.retain(|_, pieces| !pieces.is_empty());
        prop_assert_eq!(&found, &expected);
        for node in network.node_ids() {
            let inside = |p: &&Place| index.upstream_of(&network, p).contains_node(node);
            let kept = full.nodes.iter().any(|n| n.0 == node) && also.iter().all(&inside) && !not.iter().any(inside);
            prop_assert_eq!(trace.nodes.iter().any(|n| n.0 == node), kept);
        }
        // A branch that is cut off at a clean place says so.
        for step in &trace.steps {
            let from = network.reach(step.reach).from;
            if restriction.not_above.iter().any(|set| set.contains_node(from)) {
                prop_assert!(trace.stops.iter().any(|s| s.node == from && s.reason == StopReason::Cleared));
            }
        }
    }

    #[test]
    fn sums_over_sets_are_plain_sums((lines, shut) in plans(), lots in prop::array::uniform2(0usize..1000)) {
        let network = mixed_network(&lines, &shut);
        let index = TraceIndex::new(&network);
        let [a, b] = lots.map(|lot| index.upstream_of(&network, &place(&network, lot)));
        let of_node = |n: NodeId| (n.index() * n.index()) as f64 - 3.0;
        let of_reach = |r: ReachId| 1.0 / (r.index() + 1) as f64;
        let sums = Sums::new(&network, &index, of_node, of_reach).unwrap();
        for set in [&a, &b, &a.both(&b, &network), &a.either(&b, &network), &a.without(&b, &network)] {
            let cut = set.cut_reaches().map(|(r, stretches)| {
                let part: f64 = stretches.iter().map(|[from, to]| to - from).sum();
                let open = f64::from(u8::from(is_open(&network, r)));
                open * of_reach(r) * part / network.reach(r).length()
            });
            let plain: f64 = set.nodes().map(of_node).sum::<f64>() + set.reaches().map(of_reach).sum::<f64>() + cut.sum::<f64>();
            prop_assert!((sums.over(&network, set) - plain).abs() < 1e-9);
        }
    }
}

/// Compares with the closure at each of the nodes named by `every`-th number.
fn check_nodes(network: &Network, every: usize) {
    let index = TraceIndex::new(network);
    for node in network.node_ids().step_by(every) {
        let start = network.place_of_node(node);
        let set = index.upstream_of(network, &start);
        let nodes: BTreeSet<NodeId> = set.nodes().collect();
        assert_eq!(nodes, closure_by_walk(network, node));
        assert_eq!(set.node_count(), nodes.len());
        let mut pipes = set.pipes(network);
        pipes.sort_unstable();
        let reaches =
            network.reach_ids().filter(|r| is_open(network, *r) && nodes.contains(&network.reach(*r).to));
        let expected: BTreeSet<PipeId> = reaches.map(|r| network.reach(r).pipe).collect();
        assert_eq!(pipes, expected.into_iter().collect::<Vec<_>>());
    }
}

/// As [`closure`], for large networks.
fn closure_by_walk(network: &Network, start: NodeId) -> BTreeSet<NodeId> {
    let mut nodes = BTreeSet::from([start]);
    let mut next = vec![start];
    while let Some(node) = next.pop() {
        for r in network.incoming(node).iter().filter(|r| is_open(network, **r)) {
            if nodes.insert(network.reach(*r).from) {
                next.push(network.reach(*r).from);
            }
        }
    }
    nodes
}

#[test]
fn a_ring_of_a_hundred_thousand_pipes_is_one_group() {
    let n = 25_000;
    let mut lines = Vec::new();
    for i in 0..n {
        lines.push(vec![(i, 0), (i + 1, 0)]);
        lines.push(vec![(n, i), (n, i + 1)]);
        lines.push(vec![(n - i, n), (n - i - 1, n)]);
        lines.push(vec![(0, n - i), (0, n - i - 1)]);
    }
    let network = network_of(&lines, &BTreeSet::new());
    let index = TraceIndex::new(&network);
    for node in network.node_ids().step_by(997) {
        let set = index.upstream_of(&network, &network.place_of_node(node));
        assert_eq!((set.run_count(), set.node_count()), (1, 4 * n as usize));
        assert_eq!(set.pipes(&network).len(), 4 * n as usize);
    }
}

#[test]
fn combs_stars_and_grids_are_the_closure() {
    let none = BTreeSet::new();
    let comb: Vec<_> = (0..400).flat_map(|i| [vec![(i, 0), (i + 1, 0)], vec![(i, 5), (i, 0)]]).collect();
    check_nodes(&network_of(&comb, &none), 37);
    let star: Vec<_> = (0..400).map(|i| vec![(i % 20 - 10, i / 20 + 1), (0, 0)]).collect();
    check_nodes(&network_of(&star, &none), 61);
    // All streets run east and north: every node of the lower left reaches every one of the upper right.
    let mut grid = Vec::new();
    for i in 0..24 {
        for j in 0..24 {
            grid.push(vec![(i, j), (i + 1, j)]);
            grid.push(vec![(i, j), (i, j + 1)]);
        }
    }
    check_nodes(&network_of(&grid, &none), 23);
    // Streets by turns east and west, north and south: one group.
    let mut turns = Vec::new();
    for i in 0..20 {
        for j in 0..20 {
            let (across, up) = ([(i, j), (i + 1, j)], [(i, j), (i, j + 1)]);
            turns.push(if j % 2 == 0 { across.to_vec() } else { across.iter().rev().copied().collect() });
            turns.push(if i % 2 == 0 { up.to_vec() } else { up.iter().rev().copied().collect() });
        }
    }
    check_nodes(&network_of(&turns, &none), 23);
}

#[test]
fn a_heavily_braided_river_is_the_closure() {
    // Five channels that run east, with cross channels at random, and some of it shut.
    let mut lines = Vec::new();
    let mut lot = 12_345u32;
    let mut next = |n: u32| {
        lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (lot >> 16) % n
    };
    for x in 0..300 {
        for y in 0..5 {
            lines.push(vec![(x, y), (x + 1, y)]);
            match next(4) {
                0 if y < 4 => lines.push(vec![(x, y), (x, y + 1)]),
                1 if y < 4 => lines.push(vec![(x, y + 1), (x, y)]),
                _ => {}
            }
        }
    }
    let shut = (0..lines.len()).filter(|_| next(20) == 0).collect();
    check_nodes(&network_of(&lines, &shut), 17);
}

#[test]
fn a_trace_by_the_index_is_the_one_by_walking() {
    let config = ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() };
    let seen = std::cell::Cell::new([0; 3]);
    let outcome = TestRunner::new(config).run(
        &(plans(), 0usize..1000, any::<bool>()),
        |((lines, shut), lot, possible)| {
            let network = mixed_network(&lines, &shut);
            let index = TraceIndex::new(&network);
            let options = TraceOptions { possible, ..TraceOptions::default() };
            let start = place(&network, lot);
            let walked = Tracer::new(&network).trace(&start, &options);
            let mut tracer = Tracer::with_index(&network, &index);
            // A question with a limit in between is walked, and leaves the next one as it is.
            prop_assert_eq!(&tracer.trace(&start, &options), &walked);
            let limited = TraceOptions { max_distance: Some(12.0), ..TraceOptions::default() };
            prop_assert_eq!(tracer.trace(&start, &limited), Tracer::new(&network).trace(&start, &limited));
            prop_assert_eq!(&tracer.trace(&start, &options), &walked);
            let [added, certain, rings] = seen.get();
            let is = |yes: bool| usize::from(yes);
            seen.set([
                added + is(!walked.possible.is_empty()),
                certain
                    + is(walked.steps.iter().any(|s| s.certain) && walked.steps.iter().any(|s| !s.certain)),
                rings + is(walked.stops.iter().any(|s| s.reason == StopReason::Loop)),
            ]);
            Ok(())
        },
    );
    outcome.unwrap();
    assert!(seen.get().iter().all(|n| *n > 50), "doubtful, partly certain and ringed: {:?}", seen.get());
}
