//! Joining by geometry against brute force: every end against every line.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{Column, Field, LayerSource, MemoryAttributes, RawLayer, ShapeKind, Shapes};
use suyuan_core::{Coord, FindingCode, RawSurvey, Role};
use suyuan_network::{BuildConfig, Decision, JoinBy, Network, NodeId, SnapTolerance, build_network};

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
    fn rules_change_nothing_in_the_network(lines in lines()) {
        let order: Vec<usize> = (0..lines.len()).collect();
        let built = |rules| {
            let config = BuildConfig { rules, ..BuildConfig::automatic() };
            build_network(&survey(&lines, &order), &config).unwrap()
        };
        let ((network, findings), (with_rules, all)) = (built(false), built(true));
        prop_assert_eq!(network, with_rules);
        // What is left is told as before, and in the same order.
        let rules = [
            FindingCode::DuplicatePipe, FindingCode::Loop, FindingCode::IsolatedPipe, FindingCode::NodeIsolated,
            FindingCode::OutfallUpstream, FindingCode::DeadEnd, FindingCode::LargeIntoSmall,
            FindingCode::LevelsContradict, FindingCode::CrownAboveGround, FindingCode::SizeImplausible,
            FindingCode::FlyPoint, FindingCode::PipesOverlap, FindingCode::RuleBroken,
        ];
        let rest: Vec<_> = all.into_iter().filter(|f| !rules.contains(&f.code)).collect();
        prop_assert_eq!(findings, rest);
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

type Drawn<'a> = (&'a str, Vec<Vec<(f64, f64)>>, [&'a str; 2], [f64; 2]);

/// A layer of pipes: id, parts, node ids, and levels where given. Without any node ids the layer has no such columns.
fn layer(rows: &[Drawn<'_>]) -> RawLayer {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for (_, parts, ..) in rows {
        let coords = |part: &Vec<(f64, f64)>| part.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect();
        let parts: Vec<Vec<Coord<f64>>> = parts.iter().map(coords).collect();
        shapes.push(parts.iter().map(Vec::as_slice));
    }
    let text = |of: &dyn Fn(&Drawn<'_>) -> String| Column::Text(rows.iter().map(of).collect());
    let level = |side: usize| Column::Number(rows.iter().map(|r| r.3[side]).collect());
    let mut columns = BTreeMap::from([
        (Field::Id, text(&|r| r.0.to_owned())),
        (Field::InvertFrom, level(0)),
        (Field::InvertTo, level(1)),
    ]);
    if rows.iter().any(|r| r.2 != [""; 2]) {
        columns.insert(Field::FromNode, text(&|r| r.2[0].to_owned()));
        columns.insert(Field::ToNode, text(&|r| r.2[1].to_owned()));
    }
    RawLayer {
        role: Role::Pipes,
        source: LayerSource::default(),
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); rows.len()] }),
        shapes,
        columns,
    }
}

fn build(layers: Vec<RawLayer>) -> (Network, Vec<suyuan_core::Finding>) {
    let survey = RawSurvey { crs: drawn_crs(), layers, findings: Vec::new() };
    build_network(&survey, &BuildConfig::automatic()).unwrap()
}

/// The pipes from which water can reach a pipe, by walking against the flow.
fn above(network: &Network, pipe: &str) -> BTreeSet<String> {
    let mut open: Vec<NodeId> = network
        .find_pipes(pipe)
        .unwrap()
        .into_iter()
        .flat_map(|p| network.reaches_of(p))
        .map(|r| network.reach(r).from)
        .collect();
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            for reach in network.incoming(node).iter().map(|r| network.reach(*r)) {
                found.insert(network.pipe_name(reach.pipe).to_owned());
                open.push(reach.from);
            }
        }
    }
    found
}

const UNKNOWN: [f64; 2] = [f64::NAN; 2];

#[test]
fn parts_beside_each_other_keep_their_ends() {
    let straight = vec![(100.0, 0.0), (200.0, 0.0)];
    let bent = vec![(100.0, 0.0), (150.0, 5.0), (200.0, 0.0)];
    let one = |id, x: f64, labels| (id, vec![vec![(x, 0.0), (x + 100.0, 0.0)]], labels, UNKNOWN);
    for parts in [vec![straight.clone(), bent], vec![straight.clone(), straight]] {
        for named in [true, false] {
            let label = |from, to| if named { [from, to] } else { [""; 2] };
            let rows = [
                one("P0", 0.0, label("S", "A")),
                ("P", parts.clone(), label("A", "B"), UNKNOWN),
                one("Q", 200.0, label("B", "C")),
            ];
            let (network, _) = build(vec![layer(&rows)]);
            assert_eq!(above(&network, "Q"), BTreeSet::from(["P".to_owned(), "P0".to_owned()]), "{named}");
            assert_eq!(above(&network, "P"), BTreeSet::from(["P0".to_owned()]), "{named}");
        }
    }
}

#[test]
fn a_node_that_begins_with_a_single_vertex_opens_the_line_it_lies_on() {
    // The vertex of A comes first of what meets in mid-pipe.
    let main = ("M", vec![vec![(0.0, 0.0), (100.0, 0.0)]], [""; 2], UNKNOWN);
    let lead = ("L", vec![vec![(50.0, 0.0), (50.0, 40.0)]], [""; 2], UNKNOWN);
    for vertices in [vec![(50.0, 0.0)], vec![(50.0, 0.0), (50.0, 0.0)]] {
        let rows = [main.clone(), lead.clone(), ("A", vec![vertices], [""; 2], UNKNOWN)];
        let (network, _) = build(vec![layer(&rows)]);
        assert_eq!(network.reaches_of(network.find_pipes("M").unwrap()[0]).len(), 2);
    }
}

#[test]
fn a_millimetre_or_a_speck_between_two_parts_of_a_pipe_parts_nothing() {
    for gap in [0.0, 0.001, 0.005] {
        for speck in [false, true] {
            let mut parts = vec![vec![(0.0, 0.0), (50.0, 0.0)], vec![(100.0, 0.0), (50.0 + gap, 0.0)]];
            if speck {
                parts.push(vec![(50.0, 0.0), (50.0, 0.0)]);
            }
            let rows = [
                ("P", parts, ["A", "B"], UNKNOWN),
                ("Q", vec![vec![(100.0, 0.0), (200.0, 0.0)]], ["B", "C"], UNKNOWN),
            ];
            let (network, findings) = build(vec![layer(&rows)]);
            assert!(
                findings.iter().all(|f| f.code != FindingCode::NodeIdApart),
                "{gap} {speck} {findings:?}"
            );
            assert_eq!(network.node(network.find_node("B").unwrap()).place, Some(Coord { x: 100.0, y: 0.0 }));
            assert_eq!(above(&network, "Q"), BTreeSet::from(["P".to_owned()]), "{gap} {speck}");
        }
    }
}

#[test]
fn one_node_id_far_from_both_ends_turns_no_pipe() {
    let line = |from: f64, to: f64| vec![vec![(from, 0.0), (to, 0.0)]];
    let rows = [
        ("P1", line(0.0, 100.0), ["A", "B"], UNKNOWN),
        ("P2", line(100.0, 200.0), ["B", "C"], UNKNOWN),
        ("P3", line(900.0, 800.0), ["B", ""], UNKNOWN),
    ];
    let (network, findings) = build(vec![layer(&rows)]);
    let p3 = network.find_pipes("P3").unwrap()[0];
    assert!(network.reaches_of(p3).all(|r| network.reach(r).with_drawn));
    assert!(findings.iter().any(|f| f.code == FindingCode::NodeIdApart));
}

#[test]
fn a_layer_drawn_well_vouches_for_no_other_layer() {
    // Mains with node ids, drawn with the flow, and leads drawn from the main to their heads, which lie higher.
    let name = |n: usize| format!("N{n:04}");
    let ids: Vec<String> = (0..=600).map(name).collect();
    let mains: Vec<Drawn<'_>> = (0..600)
        .map(|n| {
            let x = n as f64 * 50.0;
            (
                ids[n].as_str(),
                vec![vec![(x, 0.0), (x + 50.0, 0.0)]],
                [ids[n].as_str(), ids[n + 1].as_str()],
                UNKNOWN,
            )
        })
        .collect();
    let leads: Vec<Drawn<'_>> = (0..20)
        .map(|n| {
            let x = (25 * n + 5) as f64 * 50.0;
            (ids[n].as_str(), vec![vec![(x, 0.0), (x, 20.0)]], [""; 2], [5.0, 5.4])
        })
        .collect();
    let (network, _) = build(vec![layer(&mains), layer(&leads)]);
    let mut turned = 0;
    for reach in
        network.reach_ids().map(|r| network.reach(r)).filter(|r| network.pipe(r.pipe).origin.layer == 1)
    {
        assert!(!reach.with_drawn && reach.certainty == suyuan_core::Certainty::Certain, "{reach:?}");
        turned += 1;
    }
    assert_eq!(turned, 20);
}

fn decided(layers: Vec<RawLayer>, decisions: Vec<Decision>) -> (Network, Vec<suyuan_core::Finding>) {
    let survey = RawSurvey { crs: drawn_crs(), layers, findings: Vec::new() };
    build_network(&survey, &BuildConfig { decisions, ..BuildConfig::automatic() }).unwrap()
}

#[test]
fn what_was_decided_by_hand_comes_before_all_evidence() {
    let line = |a: (f64, f64), b: (f64, f64)| vec![vec![a, b]];
    let rows = || {
        layer(&[
            ("P1", line((0.0, 0.0), (100.0, 0.0)), [""; 2], [5.0, 4.0]),
            ("P2", line((103.0, 0.0), (200.0, 0.0)), [""; 2], [4.0, 3.0]),
            ("P3", line((150.0, 50.0), (150.0, 4.0)), [""; 2], [5.0, 4.0]),
        ])
    };
    let at = |x, y| Coord { x, y };
    let join = |pipe: &str, to: &str, x, y| Decision::Join {
        pipe: pipe.to_owned(),
        to: to.to_owned(),
        at: at(x, y),
    };
    let (network, _) = decided(vec![rows()], Vec::new());
    assert_eq!(network.component_count(), 3);
    // An end to an end over 3 m, and an end to the inside of a line over 4 m.
    let joins = vec![join("P1", "P2", 101.0, 0.0), join("P3", "P2", 150.0, 0.0)];
    let (network, findings) = decided(vec![rows()], joins.clone());
    assert_eq!((network.component_count(), network.reach_count()), (1, 4));
    assert!(findings.iter().all(|f| f.code != FindingCode::Gap && f.code != FindingCode::DecisionUnused));
    // Against levels that fall by a metre, and for certain.
    let flow = |x| Decision::Flow { pipe: "P1".to_owned(), towards: at(x, 0.0) };
    for x in [0.0, 100.0] {
        let (network, _) = decided(vec![rows()], joins.iter().cloned().chain([flow(x)]).collect());
        let p1 = network.find_pipes("P1").unwrap()[0];
        for reach in network.reaches_of(p1).map(|r| network.reach(r)) {
            let ends = [reach.from, reach.to].map(|n| network.node(n).place.unwrap().x);
            assert_eq!(ends[1] < ends[0], x < 50.0);
            assert_eq!(reach.basis, suyuan_core::DirectionBasis::Decided);
            assert_eq!(reach.certainty, suyuan_core::Certainty::Certain);
        }
    }
    let (network, _) = decided(vec![rows()], vec![Decision::Shut { pipe: "P2".to_owned() }]);
    let p2 = network.find_pipes("P2").unwrap()[0];
    assert_eq!(network.pipe(p2).mode, suyuan_core::FlowMode::Blocked);
    // What cannot be done is told: no such pipe, and too far.
    let wrong = vec![
        Decision::Shut { pipe: "X".to_owned() },
        Decision::Flow { pipe: "X".to_owned(), towards: at(0.0, 0.0) },
        join("P1", "X", 0.0, 0.0),
        join("P1", "P2", -900.0, 0.0),
    ];
    let (_, findings) = decided(vec![rows()], wrong);
    assert_eq!(findings.iter().filter(|f| f.code == FindingCode::DecisionUnused).count(), 4);
}

/// Pipe `P` from (0, 0) to (300, 0) in three parts and pipe `Q` from there to (400, 0), with the labels of their nodes.
fn in_parts(parts: &[usize; 3], turned: [bool; 3], labels: [[&str; 2]; 2]) -> RawLayer {
    let drawn = |part: &usize| {
        let (from, to) = ((*part as f64 * 100.0, 0.0), (*part as f64 * 100.0 + 100.0, 0.0));
        if turned[*part] { vec![to, from] } else { vec![from, to] }
    };
    let [from, to] = labels;
    layer(&[
        ("P", parts.iter().map(drawn).collect(), [from[0], to[0]], UNKNOWN),
        ("Q", vec![vec![(300.0, 0.0), (400.0, 0.0)]], [from[1], to[1]], UNKNOWN),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_pipe_flow_on_into_each_other_however_they_are_drawn(
        order in Just([0usize, 1, 2]).prop_shuffle(), turned in any::<[bool; 3]>(), named in 0usize..3,
    ) {
        // Both ids, the lower one alone, none.
        let labels = [[["A", "B"], ["B", "C"]], [["", "B"], ["B", "C"]], [[""; 2]; 2]][named];
        let (network, findings) = build(vec![in_parts(&order, turned, labels)]);
        prop_assert_eq!((network.node_count(), network.reach_count()), (5, 4));
        prop_assert!(findings.iter().all(|f| f.code != FindingCode::NodeIdApart), "{:?}", findings);
        let p = network.find_pipes("P").unwrap()[0];
        let x = |n: NodeId| network.node(n).place.unwrap().x;
        let down: Vec<bool> = network.reaches_of(p).map(|r| x(network.reach(r).from) < x(network.reach(r).to)).collect();
        prop_assert!(down.iter().all(|d| *d == down[0]), "parts against each other: {:?}", down);
        if named < 2 {
            prop_assert!(down[0], "against its node ids");
        }
    }
}

#[test]
fn the_head_of_a_short_lead_is_no_gap_to_its_own_main_but_to_what_lies_beyond() {
    let line = |a: (f64, f64), b: (f64, f64)| vec![vec![a, b]];
    let main = ("M", line((0.0, 0.0), (100.0, 0.0)), [""; 2], UNKNOWN);
    let lead = ("L", line((50.0, 0.9), (50.0, 0.0)), [""; 2], UNKNOWN);
    let beyond = ("B", line((50.0, 3.0), (50.0, 40.0)), [""; 2], UNKNOWN);
    let gaps = |rows: &[Drawn<'_>]| {
        let (_, findings) = build(vec![layer(rows)]);
        let gaps = findings.iter().filter(|f| f.code == FindingCode::Gap);
        gaps.map(|f| format!("{}-{}", f.detail("id").unwrap(), f.detail("other").unwrap()))
            .collect::<BTreeSet<_>>()
    };
    assert!(gaps(&[main.clone(), lead.clone()]).is_empty());
    assert_eq!(gaps(&[main, lead, beyond]), BTreeSet::from(["B-L".to_owned(), "L-B".to_owned()]));
}
