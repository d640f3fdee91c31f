//! Joining by geometry against brute force: every end against every line.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{Column, Field, LayerSource, MemoryAttributes, RawLayer, ShapeKind, Shapes};
use suyuan_core::{Coord, RawSurvey, Role};
use suyuan_network::{BuildConfig, JoinBy, Network, NodeId, SnapTolerance, build_network};

type Spot = (i32, i32);

/// Straight lines along the axes of a grid of 10 m: they meet at ends, in the middle, cross and overlap.
fn lines() -> impl Strategy<Value = Vec<(Spot, Spot)>> {
    let line = (0i32..9, 0i32..9, 1i32..6, any::<bool>(), any::<bool>()).prop_map(
        |(x, y, length, upright, back)| {
            let far = if upright { (x, y + length) } else { (x + length, y) };
            if back { (far, (x, y)) } else { ((x, y), far) }
        },
    );
    prop::collection::vec(line, 1..20)
}

fn survey(lines: &[(Spot, Spot)], order: &[usize]) -> RawSurvey {
    let mut shapes = Shapes::new(ShapeKind::Line);
    let at = |s: Spot| Coord { x: f64::from(s.0) * 10.0, y: f64::from(s.1) * 10.0 };
    for l in order {
        shapes.push([[at(lines[*l].0), at(lines[*l].1)].as_slice()]);
    }
    let ids = order.iter().map(|l| format!("P{l:02}")).collect();
    let layer = RawLayer {
        role: Role::Pipes,
        source: LayerSource { path: "grid".to_owned(), ..LayerSource::default() },
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); lines.len()] }),
        shapes,
        columns: BTreeMap::from([(Field::Id, Column::Text(ids))]),
    };
    RawSurvey { crs: drawn_crs(), layers: vec![layer], findings: Vec::new() }
}

/// Every piece between places where an end lies on the line, ends of its own included: (line, from, to).
fn by_force(lines: &[(Spot, Spot)]) -> BTreeSet<(usize, Spot, Spot)> {
    let ends: BTreeSet<Spot> = lines.iter().flat_map(|l| [l.0, l.1]).collect();
    let mut pieces = BTreeSet::new();
    for (l, (a, b)) in lines.iter().enumerate() {
        let inside = |p: &&Spot| {
            let between = |x: i32, u: i32, v: i32| (u.min(v)..=u.max(v)).contains(&x);
            between(p.0, a.0, b.0) && between(p.1, a.1, b.1)
        };
        let mut stops: Vec<Spot> = ends.iter().filter(inside).copied().collect();
        stops.sort_by_key(|p| (p.0 - a.0).abs() + (p.1 - a.1).abs());
        pieces.extend(stops.windows(2).map(|w| (l, w[0], w[1])));
    }
    pieces
}

fn built(lines: &[(Spot, Spot)], order: &[usize], snap: SnapTolerance) -> Network {
    let config = BuildConfig { snap, join: JoinBy::Geometry, ..BuildConfig::automatic() };
    build_network(&survey(lines, order), &config).unwrap().0
}

fn pieces(network: &Network) -> BTreeSet<(usize, Spot, Spot)> {
    let spot = |n: NodeId| {
        let place = network.node(n).place.unwrap();
        ((place.x / 10.0).round() as i32, (place.y / 10.0).round() as i32)
    };
    let piece = |r| {
        let reach = network.reach(r);
        let line: usize = network.pipe_name(reach.pipe)[1..].parse().unwrap();
        let (from, to) = (spot(reach.from), spot(reach.to));
        if reach.with_drawn { (line, from, to) } else { (line, to, from) }
    };
    network.reach_ids().map(piece).collect()
}

/// One node for each place: nothing that meets stays apart.
fn nodes_are_places(network: &Network) -> bool {
    let mut seen = BTreeSet::new();
    network.node_ids().all(|n| {
        let place = network.node(n).place.unwrap();
        seen.insert(((place.x / 10.0).round() as i32, (place.y / 10.0).round() as i32))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_are_cut_where_ends_lie_on_them_and_nowhere_else(lines in lines(), fixed: bool) {
        let order: Vec<usize> = (0..lines.len()).collect();
        let snap = if fixed { SnapTolerance::Metres(0.2) } else { SnapTolerance::Auto };
        let network = built(&lines, &order, snap);
        prop_assert_eq!(pieces(&network), by_force(&lines));
        prop_assert!(nodes_are_places(&network));
    }

    #[test]
    fn row_order_moves_nothing(lines in lines(), keys in prop::collection::vec(any::<u32>(), 20)) {
        let order: Vec<usize> = (0..lines.len()).collect();
        let mut mixed = order.clone();
        mixed.sort_by_key(|l| keys[*l]);
        let (a, b) = (
            built(&lines, &order, SnapTolerance::Auto),
            built(&lines, &mixed, SnapTolerance::Auto),
        );
        let tell = |network: &Network| -> Vec<String> {
            let node = |n: NodeId| format!("{:?}", (network.node(n).name, network.node(n).place));
            network
                .reach_ids()
                .map(|r| {
                    let reach = network.reach(r);
                    let (from, to) = (node(reach.from), node(reach.to));
                    format!("{r:?} {} {from} {to} {:?} {:?}", network.pipe_name(reach.pipe), reach.basis, reach.probability)
                })
                .collect()
        };
        prop_assert_eq!(tell(&a), tell(&b));
    }

    #[test]
    fn snapping_twice_is_snapping_once(lines in lines()) {
        // What the first run found are the nodes; drawn again from them, nothing moves.
        let order: Vec<usize> = (0..lines.len()).collect();
        let once = pieces(&built(&lines, &order, SnapTolerance::Auto));
        let again: Vec<(Spot, Spot)> = once.iter().map(|p| (p.1, p.2)).collect();
        let order: Vec<usize> = (0..again.len()).collect();
        let twice = pieces(&built(&again, &order, SnapTolerance::Auto));
        let bare = |set: &BTreeSet<(usize, Spot, Spot)>| -> Vec<(Spot, Spot)> {
            let mut list: Vec<_> = set.iter().map(|p| (p.1, p.2)).collect();
            list.sort_unstable();
            list
        };
        prop_assert_eq!(bare(&once), bare(&twice));
    }
}

/// Pipe `P` from (0, 0) to (300, 0) in three parts and pipe `Q` from there to (400, 0), with the labels of their nodes.
fn in_parts(parts: &[usize; 3], turned: [bool; 3], labels: Option<[[&str; 2]; 2]>) -> RawSurvey {
    let at = |x: f64| Coord { x, y: 0.0 };
    let mut shapes = Shapes::new(ShapeKind::Line);
    let lines: Vec<[Coord<f64>; 2]> = parts
        .iter()
        .map(|part| {
            let (from, to) = (at(*part as f64 * 100.0), at(*part as f64 * 100.0 + 100.0));
            if turned[*part] { [to, from] } else { [from, to] }
        })
        .collect();
    shapes.push(lines.iter().map(<[_; 2]>::as_slice));
    shapes.push([[at(300.0), at(400.0)].as_slice()]);
    let text = |values: [&str; 2]| Column::Text(values.iter().map(|v| (*v).to_owned()).collect());
    let mut columns = BTreeMap::from([(Field::Id, text(["P", "Q"]))]);
    if let Some([from, to]) = labels {
        columns.extend([(Field::FromNode, text(from)), (Field::ToNode, text(to))]);
    }
    let layer = RawLayer {
        role: Role::Pipes,
        source: LayerSource::default(),
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); 2] }),
        shapes,
        columns,
    };
    RawSurvey { crs: drawn_crs(), layers: vec![layer], findings: Vec::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_pipe_flow_on_into_each_other_however_they_are_drawn(
        order in Just([0usize, 1, 2]).prop_shuffle(), turned in any::<[bool; 3]>(), named in 0usize..3,
    ) {
        // Both ids, the lower one alone, none.
        let labels =
            [Some([["A", "B"], ["B", "C"]]), Some([["", "B"], ["B", "C"]]), None][named];
        let (network, findings) =
            build_network(&in_parts(&order, turned, labels), &BuildConfig::automatic()).unwrap();
        prop_assert_eq!((network.node_count(), network.reach_count()), (5, 4));
        prop_assert!(findings.iter().all(|f| f.code != suyuan_core::FindingCode::NodeIdApart), "{:?}", findings);
        let p = network.find_pipes("P").unwrap()[0];
        let x = |n: NodeId| network.node(n).place.unwrap().x;
        let down: Vec<bool> = network.reaches_of(p).map(|r| x(network.reach(r).from) < x(network.reach(r).to)).collect();
        prop_assert!(down.iter().all(|d| *d == down[0]), "parts against each other: {:?}", down);
        if named < 2 {
            prop_assert!(down[0], "against its node ids");
        }
    }
}
