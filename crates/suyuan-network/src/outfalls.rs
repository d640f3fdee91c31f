//! Which node each outfall stands at.

use std::collections::HashSet;

use suyuan_core::raw::{Field, Role};
use suyuan_core::{Coord, Finding, FindingCode, NodeKind, Origin, RawSurvey, System};

use crate::grid::{distance, nearest_on_segment};
use crate::ids::NodeId;
use crate::join::{Joins, Split};
use crate::network::Outfall;
use crate::segments::Segments;
use crate::split::Nodes;
use crate::survey::Lines;

/// Beyond this the distance to its pipe is worth telling, metres.
const WORTH_TELLING: f64 = 0.5;

/// An outfall of the survey and the element it was joined to.
pub(crate) struct OutfallRow {
    pub(crate) id: String,
    name: String,
    place: Option<Coord<f64>>,
    origin: Origin,
    system: System,
    element: Option<u32>,
    snap: f64,
    /// How far the nearest pipe lies, where none lies within reach.
    nearest: Option<f64>,
}

/// Outfalls of the outfall layers, and surveyed points that say they are one; by id, then position.
pub(crate) fn collect(survey: &RawSurvey) -> Vec<OutfallRow> {
    let mut rows = Vec::new();
    for (index, layer) in survey.layers_of(Role::Outfalls).chain(survey.layers_of(Role::Nodes)) {
        for row in 0..layer.len() {
            if layer.role == Role::Nodes && layer.kind(row) != Some(NodeKind::Outfall) {
                continue;
            }
            rows.push(OutfallRow {
                id: layer.id(row).into_owned(),
                name: layer.text(Field::Name, row).unwrap_or("").to_owned(),
                place: layer.shapes.point(row),
                origin: Origin { layer: index, row: row as u32 },
                system: layer.system(row),
                element: None,
                snap: 0.0,
                nearest: None,
            });
        }
    }
    rows.sort_by(|a, b| {
        let place = |o: &OutfallRow| o.place.map_or((f64::INFINITY, f64::INFINITY), |p| (p.x, p.y));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.id.cmp(&b.id).then(ax.total_cmp(&bx)).then(ay.total_cmp(&by))
    });
    // A node layer often repeats what the outfall layer says.
    rows.dedup_by(|b, a| a.id == b.id && a.place == b.place);
    rows
}

/// Joins outfalls: by the node they name, else to the nearest pipe end or the inside of the nearest pipe.
pub(crate) fn join(
    survey: &RawSurvey,
    lines: &Lines,
    segments: &Segments,
    joins: &mut Joins,
    rows: &mut [OutfallRow],
    reach: f64,
) {
    let mut by_label: Vec<(&str, u32)> = Vec::new();
    for element in 0..lines.parts.len() * 2 {
        if let Some(label) = lines.label(element) {
            by_label.push((&lines.labels[label as usize], element as u32));
        }
    }
    let first_point = lines.parts.len() * 2;
    for (i, point) in lines.points.iter().enumerate() {
        if !point.id.is_empty() {
            by_label.push((&point.id, (first_point + i) as u32));
        }
    }
    by_label.sort_unstable();
    by_label.dedup_by(|b, a| a.0 == b.0);
    let labelled = lines.pipes.iter().any(|p| p.labelled);
    let mut members = vec![0u32; joins.root.len()];
    for element in 0..first_point {
        members[joins.root[element] as usize] += 1;
    }
    let mut near = Vec::new();
    for row in rows.iter_mut() {
        let layer = &survey.layers[row.origin.layer as usize];
        let named = layer.text(Field::Node, row.origin.row as usize).unwrap_or(&row.id);
        let recorded = labelled || layer.role == Role::Nodes;
        if let Ok(at) = by_label.binary_search_by(|e| e.0.cmp(named))
            && recorded
        {
            row.element = Some(by_label[at].1);
            continue;
        }
        let Some(place) = row.place else { continue };
        segments.tree.near(place, reach, &mut near);
        row.join_nearby(lines, segments, &near, joins, &members, reach);
        if row.element.is_none() {
            row.nearest = nearest_pipe(lines, segments, place, reach, &mut near);
        }
    }
}

/// How far the nearest pipe lies, looked for in ever wider circles up to some kilometres.
fn nearest_pipe(
    lines: &Lines,
    segments: &Segments,
    place: Coord<f64>,
    reach: f64,
    near: &mut Vec<u32>,
) -> Option<f64> {
    let mut wide = reach.max(1.0);
    while wide < 10_000.0 {
        wide *= 4.0;
        segments.tree.near(place, wide, near);
        let distance = |s: &u32| {
            let [a, b] = segments.ends(lines, *s);
            nearest_on_segment(a, b, place).1.sqrt()
        };
        if let Some(found) = near.iter().map(distance).filter(|d| *d <= wide).min_by(f64::total_cmp) {
            return Some(found);
        }
    }
    None
}

/// Leaves out the surveyed points that repeat an outfall of the outfall layers under another id.
pub(crate) fn merge(survey: &RawSurvey, rows: &mut Vec<OutfallRow>, nodes: &Nodes) {
    let is_point = |row: &OutfallRow| survey.layers[row.origin.layer as usize].role == Role::Nodes;
    let node = |row: &OutfallRow| row.element.map(|e| nodes.of_element[e as usize]);
    let named: HashSet<NodeId> = rows.iter().filter(|r| !is_point(r)).filter_map(node).collect();
    rows.retain(|row| !is_point(row) || node(row).is_none_or(|n| !named.contains(&n)));
}

/// Whether an outfall stands at each node.
pub(crate) fn nodes(rows: &[OutfallRow], nodes: &Nodes) -> Vec<bool> {
    let mut is_outfall = vec![false; nodes.places.len()];
    for element in rows.iter().filter_map(|r| r.element) {
        is_outfall[nodes.of_element[element as usize].index()] = true;
    }
    is_outfall
}

impl OutfallRow {
    fn join_nearby(
        &mut self,
        lines: &Lines,
        segments: &Segments,
        near: &[u32],
        joins: &mut Joins,
        members: &[u32],
        reach: f64,
    ) {
        let Some(place) = self.place else { return };
        let mut inside: Option<(f64, u32, f64)> = None;
        let mut end: Option<(f64, u32)> = None;
        for s in near {
            let part = segments.part(*s);
            if !self.system.joins(lines.pipes[lines.parts[part as usize].pipe as usize].system) {
                continue;
            }
            let [a, b] = segments.ends(lines, *s);
            let line = lines.line(part as usize);
            let (t, d2) = nearest_on_segment(a, b, place);
            let measure = segments.measure(*s) + t * distance(a, b);
            if d2.sqrt() <= reach && inside.is_none_or(|(d, p, _)| (d2.sqrt(), part) < (d, p)) {
                inside = Some((d2.sqrt(), part, measure));
            }
            for (side, corner) in [(0, line[0]), (1, line[line.len() - 1])] {
                let element = 2 * part + side;
                let gap = distance(corner, place);
                // A free end is what one expects at an outfall: a joint must be a metre nearer to be preferred.
                let penalty = f64::from(u8::from(members[joins.root[element as usize] as usize] > 1));
                if gap <= reach && end.is_none_or(|(d, e)| (gap + penalty, element) < (d, e)) {
                    end = Some((gap + penalty, element));
                }
            }
        }
        match (end, inside) {
            (Some((gap, element)), inside)
                if inside.is_none_or(|(d, ..)| gap <= 2.0 * d + WORTH_TELLING + 1.0) =>
            {
                self.element = Some(element);
                let corner = lines.end(element as usize / 2, element as usize % 2);
                self.snap = corner.map_or(0.0, |c| distance(c, place));
            }
            (_, Some((gap, part, measure))) => {
                let element = joins.root.len() as u32;
                joins.root.push(element);
                joins.extra.push(place);
                joins.splits.push(Split { part, measure, element });
                self.element = Some(element);
                self.snap = gap;
            }
            (_, None) => {}
        }
    }

    /// The outfall as the network keeps it, and what is doubtful about it.
    pub(crate) fn settle(self, nodes: &Nodes, reach: f64, findings: &mut Vec<Finding>) -> Outfall {
        let node: Option<NodeId> = self.element.map(|e| nodes.of_element[e as usize]);
        let about = |code: FindingCode| {
            let finding = Finding::new(code).with("id", &self.id).on(self.origin);
            if let Some(place) = self.place { finding.at(place) } else { finding }
        };
        match node {
            Some(node) if self.snap > WORTH_TELLING => findings.push(
                about(FindingCode::OutfallSnapped)
                    .with("other", nodes.names.at(node.index()))
                    .with("gap", format!("{:.2}", self.snap)),
            ),
            Some(_) => {}
            None => {
                let gap = self.nearest.map_or_else(|| format!("> {reach}"), |gap| format!("{gap:.1}"));
                findings.push(about(FindingCode::OutfallFar).with("gap", gap));
            }
        }
        Outfall {
            id: self.id,
            name: self.name,
            place: self.place,
            node,
            snap: self.snap,
            origin: self.origin,
        }
    }
}
