//! Laterals: short lines from a drainer to a pipe.

use std::collections::HashMap;

use suyuan_core::raw::{Field, Role, ShapeKind};
use suyuan_core::{Coord, Finding, FindingCode, Origin, RawSurvey};
use suyuan_network::{NearestPipe, NodeId};

use crate::drainer::{Drainer, JoinConfig};
use crate::geometry::{contains, nearest_on};
use crate::link::{Link, LinkGrade};

/// How far a lateral's upper end may lie from the drainer it serves, metres: to the middle of a house from its wall.
const DRAINER_REACH: f64 = 15.0;

/// Joins drainers that have no recorded link by the laterals of the survey.
pub(crate) fn join_laterals(
    survey: &RawSurvey,
    index: &NearestPipe<'_>,
    nodes: &HashMap<&str, NodeId>,
    config: &JoinConfig,
    drainers: &mut [Drainer],
    findings: &mut Vec<Finding>,
) {
    let network = index.network();
    let mut found: Vec<(usize, Link)> = Vec::new();
    let by_id: HashMap<String, usize> =
        drainers.iter().enumerate().map(|(i, d)| (d.id.clone(), i)).rev().collect();
    for (l, layer) in survey.layers_of(Role::Laterals) {
        for row in 0..layer.len() {
            let origin = Origin { layer: l, row: row as u32 };
            let line: Vec<Coord<f64>> = layer.shapes.parts(row).flatten().copied().collect();
            let (Some(first), Some(last)) = (line.first().copied(), line.last().copied()) else { continue };
            let loose = |english: &str, chinese: &str| {
                Finding::new(FindingCode::LateralLoose)
                    .with("id", layer.id(row))
                    .with_word("value", english, chinese)
                    .on(origin)
                    .at(first)
            };
            // The lower end is the one on a pipe.
            let recorded_node = layer.text(Field::Node, row).and_then(|id| nodes.get(id));
            let recorded_pipe = layer.text(Field::Pipe, row).and_then(|id| network.find_pipes(id).ok());
            let near = |end: Coord<f64>| match &recorded_pipe {
                Some(pipes) => pipes
                    .iter()
                    .filter_map(|p| index.on_pipe(*p, end))
                    .min_by(|a, b| a.distance.total_cmp(&b.distance)),
                None => index.nearest(end).filter(|s| s.distance <= config.lateral_reach),
            };
            let (at_last, at_first) = (near(last), near(first));
            let lower_is_last = match (&at_last, &at_first) {
                (Some(a), Some(b)) => a.distance <= b.distance,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => true,
            };
            let spot = if lower_is_last { at_last } else { at_first };
            let upper = if lower_is_last { first } else { last };
            let place = match (recorded_node, &spot) {
                (Some(node), _) => Some((network.place_of_node(*node), None, 0.0)),
                (None, Some(spot)) => {
                    network.place_of_spot(spot).map(|place| (place, Some(spot.pipe), spot.distance))
                }
                (None, None) => None,
            };
            let Some((place, pipe, gap)) = place else {
                findings.push(loose("pipe", "管段"));
                continue;
            };
            let named = layer.text(Field::Drainer, row).and_then(|id| by_id.get(id).copied());
            let Some((drainer, away)) =
                named.map(|d| (d, 0.0)).or_else(|| drainer_at(survey, drainers, upper))
            else {
                findings.push(loose("drainer", "排水户"));
                continue;
            };
            found.push((drainer, Link { grade: LinkGrade::Lateral, pipe, place, gap: gap + away }));
        }
    }
    // The best lateral of each drainer: the shortest gap, then the pipe.
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.gap.total_cmp(&b.1.gap)).then(a.1.pipe.cmp(&b.1.pipe)));
    for (drainer, link) in found {
        let drainer = &mut drainers[drainer];
        if drainer.link.is_none_or(|l| l.grade > LinkGrade::Lateral) {
            drainer.link = Some(link);
            drainer.rivals.clear();
        }
    }
}

/// The drainer that stands at a place: the area that holds it, else the nearest point or edge within reach.
fn drainer_at(survey: &RawSurvey, drainers: &[Drainer], place: Coord<f64>) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for (i, drainer) in drainers.iter().enumerate() {
        let layer = &survey.layers[drainer.origin.layer as usize];
        if layer.role != Role::Drainers {
            continue;
        }
        let row = drainer.origin.row as usize;
        let away = if layer.shapes.kind() == ShapeKind::Polygon {
            // Its label lies within half a diagonal: skip the far ones cheaply.
            let rings: Vec<&[Coord<f64>]> = layer.shapes.parts(row).collect();
            if contains(&rings, place) {
                0.0
            } else {
                rings
                    .iter()
                    .flat_map(|r| r.windows(2))
                    .map(|w| nearest_on(w[0], w[1], place).1)
                    .fold(f64::INFINITY, f64::min)
            }
        } else {
            drainer.place.map_or(f64::INFINITY, |p| (p.x - place.x).hypot(p.y - place.y))
        };
        if away <= DRAINER_REACH && best.is_none_or(|b| away < b.1) {
            best = Some((i, away));
        }
    }
    best
}
