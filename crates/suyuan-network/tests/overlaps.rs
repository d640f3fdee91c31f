//! Pipes drawn over each other: how far against brute force, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo::{Distance, Euclidean, LineLocatePoint, LineString, Point};
use proptest::prelude::*;
use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{Column, Field, LayerSource, MemoryAttributes, RawLayer, ShapeKind, Shapes};
use suyuan_core::{Coord, FindingCode, RawSurvey, Role};
use suyuan_network::{BuildConfig, Network, build_network};

type Line = Vec<Coord<f64>>;

fn survey(lines: &[Line], columns: Vec<(Field, Vec<f64>)>) -> RawSurvey {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for line in lines {
        shapes.push([line.as_slice()]);
    }
    let ids = (0..lines.len()).map(|l| format!("P{l:02}")).collect();
    let numbers = columns.into_iter().map(|(field, values)| (field, Column::Number(values)));
    let layer = RawLayer {
        role: Role::Pipes,
        source: LayerSource { path: "drawing".to_owned(), ..LayerSource::default() },
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); lines.len()] }),
        shapes,
        columns: numbers.chain([(Field::Id, Column::Text(ids))]).collect(),
    };
    RawSurvey { crs: drawn_crs(), layers: vec![layer], findings: Vec::new() }
}

/// Length in common by the ids of the two, the first in order.
fn found(lines: &[Line]) -> BTreeMap<[usize; 2], f64> {
    let (_, findings) = build_network(&survey(lines, Vec::new()), &BuildConfig::automatic()).unwrap();
    let line = |id: Option<&str>| -> usize { id.unwrap()[1..].parse().unwrap() };
    findings
        .iter()
        .filter(|f| f.code == FindingCode::PipesOverlap)
        .map(|f| {
            let (a, b) = (line(f.detail("id")), line(f.detail("other")));
            ([a.min(b), a.max(b)], f.detail("length").unwrap().parse().unwrap())
        })
        .collect()
}

fn at(line: &[Coord<f64>], mut measure: f64) -> Coord<f64> {
    for w in line.windows(2) {
        let length = (w[1].x - w[0].x).hypot(w[1].y - w[0].y);
        if measure <= length {
            let t = measure / length;
            return Coord { x: w[0].x + t * (w[1].x - w[0].x), y: w[0].y + t * (w[1].y - w[0].y) };
        }
        measure -= length;
    }
    *line.last().unwrap()
}

fn length(line: &[Coord<f64>]) -> f64 {
    line.windows(2).map(|w| (w[1].x - w[0].x).hypot(w[1].y - w[0].y)).sum()
}

/// How far two lines run within a centimetre of each other, from the first to the last vertex of either one in each stretch,
/// stretches of a metre and more: every centimetre of one line is held against the whole of the other.
fn by_force(a: &Line, b: &Line) -> f64 {
    const STEP: f64 = 0.01;
    let (whole_a, whole_b) = (LineString::from(a.clone()), LineString::from(b.clone()));
    let long = length(a);
    let near = |p: Coord<f64>, line: &LineString| Euclidean.distance(&Point::from(p), line) <= 0.01;
    let mut vertices: Vec<f64> =
        (0..a.len()).filter(|v| near(a[*v], &whole_b)).map(|v| length(&a[..=v])).collect();
    let of_b = b.iter().filter(|v| near(**v, &whole_a));
    vertices.extend(of_b.filter_map(|v| Some(whole_a.line_locate_point(&Point::from(*v))? * long)));
    let (mut runs, mut open): (Vec<[f64; 2]>, bool) = (Vec::new(), false);
    for k in 0..=(long / STEP) as usize {
        let measure = k as f64 * STEP;
        let is_near = near(at(a, measure), &whole_b);
        match runs.last_mut() {
            Some(run) if is_near && (open || measure - run[1] <= 0.05) => run[1] = measure,
            _ if is_near => runs.push([measure, measure]),
            _ => {}
        }
        open = is_near;
    }
    let within = |run: &[f64; 2]| {
        let inside = || vertices.iter().copied().filter(|v| run[0] - 0.02 <= *v && *v <= run[1] + 0.02);
        let (first, last) = (inside().fold(f64::INFINITY, f64::min), inside().fold(0.0, f64::max));
        last - first
    };
    runs.iter().map(within).filter(|l| *l >= 1.0).sum()
}

/// A line that goes east step by step, so that it never meets itself.
fn line() -> impl Strategy<Value = Line> {
    (0.0..30.0f64, 0.0..30.0f64, prop::collection::vec((1.0..12.0f64, -6.0..6.0f64), 1..5)).prop_map(
        |(x, y, steps)| {
            let mut line = vec![Coord { x, y }];
            for (dx, dy) in steps {
                let last = line[line.len() - 1];
                line.push(Coord { x: last.x + dx, y: last.y + dy });
            }
            line
        },
    )
}

/// A stretch of a line, moved a little north, perhaps going on elsewhere, perhaps turned round.
#[derive(Debug, Clone)]
struct Copied {
    of: prop::sample::Index,
    shares: [f64; 2],
    north: f64,
    goes_on: bool,
    back: bool,
}

fn copied() -> impl Strategy<Value = Copied> {
    let north = prop::sample::select(vec![0.0, 0.0, 0.004, 0.03, 0.1]);
    (any::<prop::sample::Index>(), 0.0..1.0f64, 0.0..1.0f64, north, any::<bool>(), any::<bool>()).prop_map(
        |(of, a, b, north, goes_on, back)| Copied { of, shares: [a.min(b), a.max(b)], north, goes_on, back },
    )
}

fn stretch(line: &Line, copied: &Copied) -> Line {
    let long = length(line);
    let [from, to] = copied.shares.map(|share| share * long);
    let mut out = vec![at(line, from)];
    out.extend((1..line.len() - 1).filter(|v| (from..to).contains(&length(&line[..=*v]))).map(|v| line[v]));
    out.push(at(line, to));
    for c in &mut out {
        c.y += copied.north;
    }
    if copied.goes_on {
        let last = out[out.len() - 1];
        out.push(Coord { x: last.x + 1.0, y: last.y + 40.0 });
    }
    if copied.back {
        out.reverse();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lengths_in_common_are_those_of_brute_force(
        base in prop::collection::vec(line(), 1..6), copies in prop::collection::vec(copied(), 0..5)
    ) {
        let mut lines = base.clone();
        lines.extend(copies.iter().map(|c| stretch(c.of.get(&base), c)));
        lines.retain(|line| length(line) > 0.1);
        let found = found(&lines);
        for a in 0..lines.len() {
            for b in a + 1..lines.len() {
                let is_turned = lines[a].iter().eq(lines[b].iter().rev());
                if lines[a] == lines[b] || is_turned {
                    prop_assert!(!found.contains_key(&[a, b]));
                    continue;
                }
                let expected = by_force(&lines[a], &lines[b]);
                match found.get(&[a, b]) {
                    Some(length) => prop_assert!((length - expected).abs() < 0.1, "{a} {b}: {length} {expected}"),
                    None => prop_assert!(expected < 1.1, "{a} {b}: missed {expected} of {:?}", (&lines[a], &lines[b])),
                }
            }
        }
    }
}

fn c(x: f64, y: f64) -> Coord<f64> {
    Coord { x, y }
}

#[test]
fn lines_that_cross_part_or_run_beside_each_other_do_not_overlap() {
    let main = vec![c(0.0, 0.0), c(100.0, 0.0)];
    for other in [
        vec![c(0.0, -0.1), c(100.0, 0.1)], // a crossing, ten metres of it within a centimetre
        vec![c(0.0, 0.0), c(100.0, 0.3)],  // parts slowly from a common node
        vec![c(0.0, 0.1), c(100.0, 0.1)],  // ten centimetres beside it
        vec![c(100.0, 0.0), c(200.0, 0.0)], // goes on from it
        vec![c(99.2, 0.0), c(200.0, 0.0)], // is drawn past its end
        vec![c(50.0, -20.0), c(50.0, 20.0)], // a plain crossing
    ] {
        assert_eq!(found(&[main.clone(), other.clone()]), BTreeMap::new(), "{other:?}");
    }
    let whole = vec![c(20.0, 0.0), c(60.0, 0.005)];
    let lengths = found(&[main, whole]);
    assert_eq!(lengths.keys().copied().collect::<Vec<_>>(), [[0, 1]]);
    assert!((lengths[&[0, 1]] - 40.0).abs() < 0.01);
}

/// Ids of the pipes that drain to the node nearest to a place, by walking the reaches.
fn upstream(network: &Network, place: Coord<f64>) -> BTreeSet<String> {
    let away = |n: &suyuan_network::NodeId| {
        let p = network.node(*n).place.unwrap();
        (p.x - place.x).hypot(p.y - place.y)
    };
    let start = network.node_ids().min_by(|a, b| away(a).total_cmp(&away(b))).unwrap();
    let (mut ready, mut seen, mut pipes) = (vec![start], BTreeSet::from([start]), BTreeSet::new());
    while let Some(node) = ready.pop() {
        for reach in network.incoming(node) {
            let reach = network.reach(*reach);
            pipes.insert(network.pipe_name(reach.pipe).to_owned());
            if seen.insert(reach.from) {
                ready.push(reach.from);
            }
        }
    }
    pipes
}

fn falling(lines: &[Line], level: impl Fn(&Coord<f64>) -> f64) -> RawSurvey {
    let ends = |of: &dyn Fn(&Line) -> Coord<f64>| lines.iter().map(|l| level(&of(l))).collect::<Vec<f64>>();
    let from = ends(&|l| l[0]);
    let to = ends(&|l| l[l.len() - 1]);
    survey(lines, vec![(Field::InvertFrom, from), (Field::InvertTo, to)])
}

/// A street line of 300 m with its three segments drawn over it, what arrives and what goes on, and a lead to each segment.
fn street() -> Vec<Line> {
    let mut lines = vec![vec![c(0.0, 0.0), c(300.0, 0.0)]];
    lines.extend([-100.0, 0.0, 100.0, 200.0, 300.0].map(|x| vec![c(x, 0.0), c(x + 100.0, 0.0)]));
    lines.extend([50.0, 150.0, 250.0].map(|x| vec![c(x, 30.0), c(x, 0.0)]));
    lines
}

#[test]
fn a_street_line_over_its_segments_is_traced_whole_without_a_ring() {
    let lines = street();
    let (network, findings) =
        build_network(&falling(&lines, |p| 10.0 - 0.01 * p.x + 0.02 * p.y), &BuildConfig::automatic())
            .unwrap();
    let everything: BTreeSet<String> = (0..lines.len()).map(|l| format!("P{l:02}")).collect();
    assert_eq!(upstream(&network, c(400.0, 0.0)), everything);
    let count = |code| findings.iter().filter(|f| f.code == code).count();
    assert_eq!(count(FindingCode::PipesOverlap), 3);
    assert_eq!(count(FindingCode::Loop), 0);
    // Each pipe keeps its length, however it was cut.
    for pipe in network.pipe_ids() {
        let cut: f64 = network.reaches_of(pipe).map(|r| network.reach(r).length()).sum();
        let line: usize = network.pipe_name(pipe)[1..].parse().unwrap();
        assert!((cut - length(&lines[line])).abs() < 1e-9);
    }
    // A lead joins both lines it reaches.
    let joint = network.node_ids().find(|n| network.node(*n).place == Some(c(150.0, 0.0))).unwrap();
    assert_eq!((network.incoming(joint).len(), network.outgoing(joint).len()), (3, 2));
}

#[test]
fn lines_that_share_a_stretch_in_their_middle_or_at_one_end_are_traced_whole() {
    let level = |p: &Coord<f64>| 10.0 - 0.01 * p.x;
    // The second row repeats the last 60 m of the first and goes on; a lead reaches the repeated stretch.
    let lines = vec![
        vec![c(0.0, 0.0), c(100.0, 0.0)],
        vec![c(40.0, 0.0), c(100.0, 0.0), c(200.0, 0.0)],
        vec![c(70.0, 30.0), c(70.0, 0.0)],
    ];
    let (network, findings) = build_network(&falling(&lines, level), &BuildConfig::automatic()).unwrap();
    let all = BTreeSet::from(["P00", "P01", "P02"].map(str::to_owned));
    assert_eq!(upstream(&network, c(200.0, 0.0)), all);
    assert_eq!(findings.iter().filter(|f| f.code == FindingCode::PipesOverlap).count(), 1);
    assert_eq!(findings.iter().filter(|f| f.code == FindingCode::Loop).count(), 0);
}

#[test]
fn lines_that_lie_on_one_another_flow_together_however_they_are_drawn() {
    let isolated = || {
        let mut lines = vec![vec![c(0.0, 0.0), c(300.0, 0.0)]];
        lines.extend([0.0, 100.0, 200.0].map(|x| vec![c(x, 0.0), c(x + 100.0, 0.0)]));
        lines.extend([50.0, 150.0, 250.0].map(|x| vec![c(x, 30.0), c(x, 0.0)]));
        lines
    };
    let twins = || vec![vec![c(0.0, 0.0), c(100.0, 0.0)], vec![c(0.0, 0.0), c(100.0, 0.0)]];
    let within = || {
        let mut lines = vec![vec![c(0.0, 0.0), c(200.0, 0.0)], vec![c(60.0, 0.0), c(140.0, 0.0)]];
        lines.extend([vec![c(-50.0, 0.0), c(0.0, 0.0)], vec![c(200.0, 0.0), c(260.0, 0.0)]]);
        lines
    };
    let tails = || {
        vec![
            vec![c(0.0, 0.0), c(100.0, 0.0)],
            vec![c(40.0, 0.0), c(100.0, 0.0), c(200.0, 0.0)],
            vec![c(70.0, 30.0), c(70.0, 0.0)],
        ]
    };
    for lines in [isolated(), twins(), within(), tails(), street()] {
        for drawing in 0..1u32 << lines.len() {
            let mut turned = lines.clone();
            for (l, line) in turned.iter_mut().enumerate() {
                if drawing >> l & 1 == 1 {
                    line.reverse();
                }
            }
            for levels in [false, true] {
                let level = |p: &Coord<f64>| 10.0 - 0.01 * p.x + 0.02 * p.y;
                let drawn = if levels { falling(&turned, level) } else { survey(&turned, Vec::new()) };
                let (network, findings) = build_network(&drawn, &BuildConfig::automatic()).unwrap();
                let rings = findings.iter().filter(|f| f.code == FindingCode::Loop).count();
                assert_eq!(rings, 0, "{lines:?} drawn {drawing:b}, levels {levels}");
                if levels && lines.len() > 2 {
                    // Everything drains to the eastern end.
                    let east = lines.iter().flatten().fold(0.0, |a: f64, p| a.max(p.x));
                    assert_eq!(upstream(&network, c(east, 0.0)).len(), lines.len(), "{lines:?} {drawing:b}");
                }
            }
        }
    }
}

#[test]
fn a_street_line_over_a_divide_turns_no_clear_fall() {
    // The ground falls by a metre to either side of the middle; the line over both is drawn without levels.
    let lines = vec![
        vec![c(0.0, 0.0), c(200.0, 0.0)],
        vec![c(100.0, 0.0), c(0.0, 0.0)],
        vec![c(100.0, 0.0), c(200.0, 0.0)],
    ];
    let none = f64::NAN;
    let levels = vec![(Field::InvertFrom, vec![none, 10.0, 10.0]), (Field::InvertTo, vec![none, 9.0, 9.0])];
    let (network, _) = build_network(&survey(&lines, levels), &BuildConfig::automatic()).unwrap();
    for (place, pipe) in [(c(0.0, 0.0), "P01"), (c(200.0, 0.0), "P02")] {
        assert!(upstream(&network, place).contains(pipe), "{pipe}");
    }
}
