//! Dead ends, large pipes into small ones and levels that contradict each other, against their plain definitions.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{Column, Field, LayerSource, MemoryAttributes, RawLayer, ShapeKind, Shapes};
use suyuan_core::{Coord, Finding, FindingCode, RawSurvey, Role};
use suyuan_network::{BuildConfig, build_network};

/// A pipe between two of a few nodes, with its diameter in tenths of a metre; 0 is not known.
type Row = (usize, usize, u32);

fn place(node: usize) -> Coord<f64> {
    let turn = node as f64 * 2.4;
    Coord { x: 300.0 * turn.cos(), y: 300.0 * turn.sin() + node as f64 * 7.0 }
}

fn layer(role: Role, shapes: Shapes, columns: BTreeMap<Field, Column>) -> RawLayer {
    let attributes = MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); shapes.len()] };
    let source = LayerSource { path: role.key().to_owned(), ..LayerSource::default() };
    RawLayer { role, source, attributes: Arc::new(attributes), shapes, columns }
}

fn points(role: Role, nodes: &[usize], mut columns: BTreeMap<Field, Column>) -> RawLayer {
    let mut shapes = Shapes::new(ShapeKind::Point);
    nodes.iter().for_each(|n| shapes.push([[place(*n)].as_slice()]));
    columns.insert(Field::Id, Column::Text(nodes.iter().map(|n| format!("N{n}")).collect()));
    layer(role, shapes, columns)
}

fn pipes(rows: &[Row]) -> RawLayer {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for (r, (from, to, _)) in rows.iter().enumerate() {
        // Each bulges by its own, so that none lies on another.
        let bulge = Coord { x: 900.0 + r as f64, y: 31.0 * r as f64 };
        shapes.push([[place(*from), bulge, place(*to)].as_slice()]);
    }
    let names = |end: fn(&Row) -> usize| Column::Text(rows.iter().map(|r| format!("N{}", end(r))).collect());
    let size = |r: &Row| if r.2 == 0 { f64::NAN } else { f64::from(r.2) / 10.0 };
    let columns = BTreeMap::from([
        (Field::Id, Column::Text((0..rows.len()).map(|r| format!("P{r}")).collect())),
        (Field::FromNode, names(|r| r.0)),
        (Field::ToNode, names(|r| r.1)),
        (Field::Diameter, Column::Number(rows.iter().map(size).collect())),
    ]);
    layer(Role::Pipes, shapes, columns)
}

fn found(layers: Vec<RawLayer>) -> Vec<Finding> {
    let survey = RawSurvey { crs: drawn_crs(), layers, findings: Vec::new() };
    build_network(&survey, &BuildConfig::automatic()).unwrap().1
}

fn ids(findings: &[Finding], code: FindingCode) -> BTreeSet<String> {
    findings.iter().filter(|f| f.code == code).map(|f| f.detail("id").unwrap().to_owned()).collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0usize..9, 0usize..9, 0u32..8).prop_filter("a pipe leads somewhere", |r| r.0 != r.1);
    prop::collection::vec(row, 1..14)
}

/// Every node that pipes join to one, whichever way they flow.
fn part_of(rows: &[Row], node: usize) -> BTreeSet<usize> {
    let mut part = BTreeSet::from([node]);
    for _ in rows {
        for (a, b, _) in rows {
            if part.contains(a) || part.contains(b) {
                part.extend([*a, *b]);
            }
        }
    }
    part
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dead_ends_are_those_of_the_definition(rows in rows(), outfall: prop::sample::Index) {
        let used: BTreeSet<usize> = rows.iter().flat_map(|r| [r.0, r.1]).collect();
        let outfall = *outfall.get(&used.iter().copied().collect::<Vec<_>>());
        let expected: BTreeSet<String> = used
            .iter()
            .filter(|n| **n != outfall && rows.iter().all(|r| r.0 != **n))
            .filter(|n| {
                let arriving = rows.iter().filter(|r| r.1 == **n).count();
                arriving > 1 || arriving == 1 && part_of(&rows, **n).contains(&outfall)
            })
            .map(|n| format!("N{n}"))
            .collect();
        let findings = found(vec![pipes(&rows), points(Role::Outfalls, &[outfall], BTreeMap::new())]);
        prop_assert_eq!(ids(&findings, FindingCode::DeadEnd), expected);
    }

    #[test]
    fn large_pipes_into_small_ones_are_those_of_the_definition(rows in rows()) {
        let mut expected = BTreeSet::new();
        for node in 0..9 {
            let area = |size: u32| f64::from(size) / 10.0 * f64::from(size) / 10.0;
            let leaving: Vec<u32> = rows.iter().filter(|r| r.0 == node).map(|r| r.2).collect();
            let largest = rows.iter().enumerate().filter(|(_, r)| r.1 == node && r.2 > 0).max_by_key(|(_, r)| r.2);
            let Some((_, from)) = largest else { continue };
            let room: f64 = leaving.iter().map(|size| area(*size)).sum();
            if !leaving.is_empty() && !leaving.contains(&0) && area(from.2) > 1.21 * room {
                expected.insert((format!("{}", f64::from(from.2) / 10.0), node));
            }
        }
        let findings = found(vec![pipes(&rows)]);
        let at = |f: &Finding| (0..9).find(|n| f.place == Some((place(*n).x, place(*n).y))).unwrap();
        let found: BTreeSet<(String, usize)> = findings
            .iter()
            .filter(|f| f.code == FindingCode::LargeIntoSmall)
            .map(|f| (f.detail("value").unwrap().to_owned(), at(f)))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn levels_contradict_where_they_differ_by_more_than_their_error(
        levels in prop::collection::vec((0u32..40, 0u32..40, 0u32..40, 0u32..40, 0u32..40), 1..9)
    ) {
        // Tenths of a metre and a twentieth between, so that none differs by just as much.
        let tenth = |v: u32, half: f64| f64::from(v) / 10.0 + half;
        let rows: Vec<Row> = (0..levels.len()).map(|n| (n, n + 1, 5)).collect();
        let mut layer = pipes(&rows);
        type Levels = (u32, u32, u32, u32, u32);
        let column = |of: &dyn Fn(&Levels) -> f64| Column::Number(levels.iter().map(of).collect());
        layer.columns.insert(Field::InvertFrom, column(&|l| tenth(l.0, 0.0)));
        layer.columns.insert(Field::DepthFrom, column(&|l| tenth(l.1, 0.02)));
        layer.columns.insert(Field::GroundFrom, column(&|l| tenth(l.2, 0.05)));
        let nodes: Vec<usize> = (0..levels.len()).collect();
        let bottoms = BTreeMap::from([
            (Field::Invert, column(&|l| tenth(l.3, 0.03))),
            (Field::Ground, column(&|l| tenth(l.4, 0.01))),
        ]);
        let findings = found(vec![layer, points(Role::Nodes, &nodes, bottoms)]);
        let (mut contradict, mut stand) = (BTreeSet::new(), BTreeSet::new());
        for (p, (invert, depth, ground, bottom, node_ground)) in levels.iter().enumerate() {
            let (invert, depth, ground) = (tenth(*invert, 0.0), tenth(*depth, 0.02), tenth(*ground, 0.05));
            let (bottom, node_ground) = (tenth(*bottom, 0.03), tenth(*node_ground, 0.01));
            let differ = (ground - invert - depth).abs() > 0.1 || (ground - node_ground).abs() > 0.1;
            if differ || bottom > invert + 0.1 {
                contradict.insert(format!("P{p}"));
            } else if invert + 0.5 > ground + 0.1 {
                stand.insert(format!("P{p}"));
            }
        }
        prop_assert_eq!(ids(&findings, FindingCode::LevelsContradict), contradict);
        prop_assert_eq!(ids(&findings, FindingCode::CrownAboveGround), stand);
    }
}

#[test]
fn a_rule_that_a_whole_survey_breaks_is_told_once() {
    // Large and small by turns.
    let rows: Vec<Row> = (0..60).map(|n| (n, n + 1, if n % 2 == 0 { 8 } else { 4 })).collect();
    let findings = found(vec![pipes(&rows)]);
    assert!(ids(&findings, FindingCode::LargeIntoSmall).is_empty());
    let told: Vec<_> = findings.iter().filter(|f| f.code == FindingCode::RuleBroken).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].detail("count"), told[0].detail("total")), (Some("30"), Some("59")));
}
