//! Laterals: short lines from a drainer to a pipe.

use std::collections::HashMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use suyuan_core::raw::{Field, Role, ShapeKind};
use suyuan_core::{Coord, Finding, FindingCode, Origin, RawSurvey};
use suyuan_network::NearestPipe;

use crate::drainer::{Drainer, JoinConfig};
use crate::geometry::{centre, contains, nearest_on};
use crate::link::{Link, LinkGrade};

/// How far a lateral's upper end may lie from the drainer it serves, metres: to the middle of a house from its wall.
const DRAINER_REACH: f64 = 15.0;

/// Joins drainers that have no recorded link by the laterals of the survey.
pub(crate) fn join_laterals(
    survey: &RawSurvey,
    index: &NearestPipe<'_>,
    config: &JoinConfig,
    drainers: &mut [Drainer],
    findings: &mut Vec<Finding>,
) {
    if survey.layers_of(Role::Laterals).next().is_none() {
        return;
    }
    let network = index.network();
    let mut found: Vec<(usize, Link)> = Vec::new();
    let by_id: HashMap<&str, usize> =
        drainers.iter().enumerate().map(|(i, d)| (d.id.as_str(), i)).rev().collect();
    let stands = Standing::new(survey, drainers);
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
            let recorded_node = layer.text(Field::Node, row).and_then(|id| network.node_called(id));
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
                (Some(node), _) => Some((network.place_of_node(node), None, 0.0)),
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
            let Some((drainer, away)) = named.map(|d| (d, 0.0)).or_else(|| stands.drainer_at(upper)) else {
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

/// Where drainers stand, by an R-tree around them.
struct Standing<'a> {
    survey: &'a RawSurvey,
    drainers: &'a [Drainer],
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl<'a> Standing<'a> {
    /// O(n log n) for n drainers.
    fn new(survey: &'a RawSurvey, drainers: &'a [Drainer]) -> Self {
        let standing = drainers.iter().enumerate().filter_map(|(i, drainer)| {
            let layer = &survey.layers[drainer.origin.layer as usize];
            let (place, half) = match layer.role {
                Role::Drainers if layer.shapes.kind() == ShapeKind::Polygon => {
                    centre(&layer.shapes.parts(drainer.origin.row as usize).collect::<Vec<_>>())?
                }
                Role::Drainers => (drainer.place?, 0.0),
                _ => return None,
            };
            let corner = |away: f64| [place.x + away, place.y + away];
            Some(GeomWithData::new(Rectangle::from_corners(corner(-half), corner(half)), i))
        });
        Self { survey, drainers, boxes: RTree::bulk_load(standing.collect()) }
    }

    /// The drainer that stands at a place: the area that holds it, else the nearest point or edge within reach; of equally
    /// near ones the first. O(log n) and the drainers near by.
    fn drainer_at(&self, place: Coord<f64>) -> Option<(usize, f64)> {
        let corner = |away: f64| [place.x + away, place.y + away];
        let around = AABB::from_corners(corner(-DRAINER_REACH), corner(DRAINER_REACH));
        let near = self.boxes.locate_in_envelope_intersecting(around);
        let near = near.map(|b| (b.data, self.distance(b.data, place))).filter(|n| n.1 <= DRAINER_REACH);
        near.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
    }

    /// Metres from a drainer's point or area to a place, 0 inside.
    fn distance(&self, drainer: usize, place: Coord<f64>) -> f64 {
        let drainer = &self.drainers[drainer];
        let layer = &self.survey.layers[drainer.origin.layer as usize];
        if layer.shapes.kind() != ShapeKind::Polygon {
            return drainer.place.map_or(f64::INFINITY, |p| (p.x - place.x).hypot(p.y - place.y));
        }
        let rings: Vec<&[Coord<f64>]> = layer.shapes.parts(drainer.origin.row as usize).collect();
        if contains(&rings, place) {
            return 0.0;
        }
        let edges = rings.iter().flat_map(|r| r.windows(2));
        edges.map(|w| nearest_on(w[0], w[1], place).1).fold(f64::INFINITY, f64::min)
    }
}
