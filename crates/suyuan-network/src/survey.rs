//! The pipes of a survey in one canonical list: by id, then by position, whatever order the rows came in.

use std::cmp::Ordering;
use std::collections::HashMap;

use rayon::prelude::*;
use suyuan_core::raw::{Field, RawLayer, Role};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, FlowMode, FlowSign, Origin, RawSurvey, System};

use crate::config::{BuildConfig, JoinBy};
use crate::grid::distance;

/// One pipe, before anything is joined.
pub(crate) struct PipeRow {
    pub(crate) origin: Origin,
    pub(crate) system: System,
    pub(crate) mode: FlowMode,
    pub(crate) sign: Option<FlowSign>,
    /// Invert levels at the record's start and end; `NaN` where unknown.
    pub(crate) inverts: [f64; 2],
    /// Labels of the record's start and end.
    pub(crate) labels: [Option<u32>; 2],
    /// Whether the layer's ends are joined by label.
    pub(crate) labelled: bool,
    /// Parts of this pipe: indices into `Lines::parts`.
    pub(crate) parts: (u32, u32),
}

/// One part of one pipe.
pub(crate) struct Part {
    pub(crate) pipe: u32,
    /// Coordinates of this part: indices into `Lines::coords`; empty for a pipe without geometry.
    pub(crate) coords: (u32, u32),
    /// Length, metres; the recorded one for a pipe without geometry.
    pub(crate) length: f64,
    /// Whether the record's start is the drawn end.
    pub(crate) flipped: bool,
}

/// A surveyed point of the node layers.
pub(crate) struct PointRow {
    pub(crate) origin: Origin,
    pub(crate) place: Option<Coord<f64>>,
    pub(crate) label: Option<u32>,
    pub(crate) id: String,
}

/// Every pipe and node of a survey, canonically ordered.
pub(crate) struct Lines {
    pub(crate) ids: TextColumn,
    pub(crate) pipes: Vec<PipeRow>,
    pub(crate) parts: Vec<Part>,
    pub(crate) coords: Vec<Coord<f64>>,
    pub(crate) points: Vec<PointRow>,
    /// The texts of the labels, in order.
    pub(crate) labels: Vec<String>,
    /// Pipes that have neither geometry nor labels.
    pub(crate) unplaced: Vec<Origin>,
}

impl Lines {
    pub(crate) fn line(&self, part: usize) -> &[Coord<f64>] {
        let (from, to) = self.parts[part].coords;
        &self.coords[from as usize..to as usize]
    }

    /// The drawn start (0) or drawn end (1) of a part.
    pub(crate) fn end(&self, part: usize, end: usize) -> Option<Coord<f64>> {
        let line = self.line(part);
        if end == 0 { line.first().copied() } else { line.last().copied() }
    }
}

fn compare_lines<'a>(
    a: impl Iterator<Item = &'a [Coord<f64>]>,
    b: impl Iterator<Item = &'a [Coord<f64>]>,
) -> Ordering {
    let key = |v: f64| {
        let bits = v.to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64 // the order of `f64::total_cmp`
    };
    let keys = move |c: &Coord<f64>| [key(c.x), key(c.y)];
    a.flatten().flat_map(keys).cmp(b.flatten().flat_map(keys))
}

fn length_of(line: &[Coord<f64>]) -> f64 {
    line.windows(2).map(|w| distance(w[0], w[1])).sum()
}

/// Whether the ends of a layer are joined by their labels.
fn is_labelled(layer: &RawLayer, join: JoinBy) -> bool {
    if !(layer.columns.contains_key(&Field::FromNode) && layer.columns.contains_key(&Field::ToNode)) {
        return false;
    }
    match join {
        JoinBy::Geometry => false,
        JoinBy::Ids | JoinBy::IdsThenGeometry => true,
        JoinBy::Auto => {
            let named: usize = (0..layer.len())
                .map(|row| {
                    usize::from(layer.text(Field::FromNode, row).is_some())
                        + usize::from(layer.text(Field::ToNode, row).is_some())
                })
                .sum();
            named > 0 && named >= layer.len()
        }
    }
}

fn inverts(layer: &RawLayer, row: usize) -> [f64; 2] {
    let level = |invert, ground, depth| {
        layer.number(invert, row).or_else(|| Some(layer.number(ground, row)? - layer.number(depth, row)?))
    };
    [
        level(Field::InvertFrom, Field::GroundFrom, Field::DepthFrom).unwrap_or(f64::NAN),
        level(Field::InvertTo, Field::GroundTo, Field::DepthTo).unwrap_or(f64::NAN),
    ]
}

/// Collects pipes and nodes in canonical order.
pub(crate) fn collect(survey: &RawSurvey, config: &BuildConfig) -> Lines {
    let keep = |system: System| config.systems.is_empty() || config.systems.contains(&system);
    let layers: Vec<(u16, &RawLayer, bool)> = survey
        .layers_of(Role::Pipes)
        .map(|(index, layer)| (index, layer, is_labelled(layer, config.join)))
        .collect();
    // By recorded id, never by row number, so that the order of rows without ids moves nothing either.
    let mut rows: Vec<(&str, usize, u32)> = Vec::new();
    for (l, (_, layer, _)) in layers.iter().enumerate() {
        let kept = (0..layer.len()).filter(|row| keep(layer.system(*row)));
        rows.extend(kept.map(|row| (layer.text(Field::Id, row).unwrap_or(""), l, row as u32)));
    }
    rows.par_sort_by(|a, b| {
        let ((la, ra), (lb, rb)) = ((layers[a.1].1, a.2 as usize), (layers[b.1].1, b.2 as usize));
        a.0.cmp(b.0)
            .then_with(|| compare_lines(la.shapes.parts(ra), lb.shapes.parts(rb)))
            .then_with(|| la.text(Field::FromNode, ra).cmp(&lb.text(Field::FromNode, rb)))
            .then_with(|| la.text(Field::ToNode, ra).cmp(&lb.text(Field::ToNode, rb)))
            .then_with(|| la.source.layer.cmp(&lb.source.layer))
            .then_with(|| (la.system(ra), la.mode(ra)).cmp(&(lb.system(rb), lb.mode(rb))))
            .then_with(|| la.flow(ra).cmp(&lb.flow(rb)))
            .then_with(|| {
                let ([a, b], [c, d]) = (inverts(la, ra), inverts(lb, rb));
                a.total_cmp(&c).then(b.total_cmp(&d))
            })
    });

    let mut names = Labels::default();
    let mut lines = Lines {
        ids: TextColumn::with_capacity(rows.len()),
        pipes: Vec::with_capacity(rows.len()),
        parts: Vec::with_capacity(rows.len()),
        coords: Vec::with_capacity(rows.len() * 3),
        points: Vec::new(),
        labels: Vec::new(),
        unplaced: Vec::new(),
    };
    for (_, l, row) in rows {
        let (index, layer, labelled) = layers[l];
        let row_index = row as usize;
        let origin = Origin { layer: index, row };
        let labels = if labelled {
            [Field::FromNode, Field::ToNode].map(|f| layer.text(f, row_index).map(|t| names.number(t)))
        } else {
            [None, None]
        };
        let pipe = lines.pipes.len() as u32;
        let first_part = lines.parts.len() as u32;
        for line in layer.shapes.parts(row_index).filter(|line| !line.is_empty()) {
            let start = lines.coords.len() as u32;
            lines.coords.extend_from_slice(line);
            let coords = (start, lines.coords.len() as u32);
            lines.parts.push(Part { pipe, coords, length: length_of(line), flipped: false });
        }
        if lines.parts.len() as u32 == first_part {
            if labels.iter().all(Option::is_none) {
                lines.unplaced.push(origin);
                continue;
            }
            let length = layer.number(Field::Length, row_index).filter(|v| *v >= 0.0).unwrap_or(0.0);
            let at = lines.coords.len() as u32;
            lines.parts.push(Part { pipe, coords: (at, at), length, flipped: false });
        }
        lines.ids.push(&layer.id(row_index));
        lines.pipes.push(PipeRow {
            origin,
            system: layer.system(row_index),
            mode: layer.mode(row_index),
            sign: layer.flow(row_index),
            inverts: inverts(layer, row_index),
            labels,
            labelled,
            parts: (first_part, lines.parts.len() as u32),
        });
    }
    let any_labelled = layers.iter().any(|l| l.2);
    collect_points(survey, &mut lines, &mut names, any_labelled);
    lines.labels = names.in_order();
    flip_to_labels(&mut lines);
    lines
}

fn collect_points(survey: &RawSurvey, lines: &mut Lines, names: &mut Labels, labelled: bool) {
    for (index, layer) in survey.layers_of(Role::Nodes) {
        for row in 0..layer.len() {
            let id = layer.text(Field::Id, row).unwrap_or("");
            let label = (labelled && !id.is_empty()).then(|| names.number(id));
            lines.points.push(PointRow {
                origin: Origin { layer: index, row: row as u32 },
                place: layer.shapes.point(row),
                label,
                id: id.to_owned(),
            });
        }
    }
    lines.points.sort_by(|a, b| {
        let place = |p: &PointRow| p.place.map_or((f64::INFINITY, f64::INFINITY), |c| (c.x, c.y));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.id.cmp(&b.id).then(ax.total_cmp(&bx)).then(ay.total_cmp(&by))
    });
}

/// Numbers for label texts.
#[derive(Default)]
struct Labels {
    numbers: HashMap<String, u32>,
}

impl Labels {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn in_order(self) -> Vec<String> {
        let mut texts = vec![String::new(); self.numbers.len()];
        for (text, number) in self.numbers {
            texts[number as usize] = text;
        }
        texts
    }
}

/// Finds, for each labelled part, which drawn end the record's start is: ends that carry the same label should lie
/// together, so each label is placed where most of its pipes have an end.
fn flip_to_labels(lines: &mut Lines) {
    let mut at_label: Vec<Vec<(u32, u8)>> = vec![Vec::new(); lines.labels.len()];
    for (p, part) in lines.parts.iter().enumerate() {
        for (side, label) in lines.pipes[part.pipe as usize].labels.iter().enumerate() {
            if let Some(label) = label {
                at_label[*label as usize].push((p as u32, side as u8));
            }
        }
    }
    let mut places: Vec<Option<Coord<f64>>> = vec![None; lines.labels.len()];
    for point in &lines.points {
        if let (Some(label), Some(place)) = (point.label, point.place) {
            places[label as usize].get_or_insert(place);
        }
    }
    for (label, incident) in at_label.iter().enumerate() {
        if places[label].is_none() {
            places[label] = place_of_label(lines, incident);
        }
    }
    let mut flips = Vec::new();
    for (p, part) in lines.parts.iter().enumerate() {
        let [Some(from), Some(to)] = lines.pipes[part.pipe as usize].labels else { continue };
        let (Some(start), Some(end)) = (lines.end(p, 0), lines.end(p, 1)) else { continue };
        let (Some(from), Some(to)) = (places[from as usize], places[to as usize]) else { continue };
        let drawn = distance(start, from) + distance(end, to);
        let turned = distance(start, to) + distance(end, from);
        if turned + 0.5 < drawn {
            flips.push(p);
        }
    }
    for p in flips {
        lines.parts[p].flipped = true;
    }
}

/// The end point that most pipes of a label have an end near to, drawn order deciding ties.
fn place_of_label(lines: &Lines, incident: &[(u32, u8)]) -> Option<Coord<f64>> {
    const NEAR: f64 = 0.5;
    let own = |(part, side): &(u32, u8)| lines.end(*part as usize, *side as usize);
    if incident.len() == 1 || incident.len() > 64 {
        return incident.iter().find_map(own);
    }
    let mut best: Option<(usize, usize, Coord<f64>)> = None;
    for (part, side) in incident {
        for end in [*side as usize, 1 - *side as usize] {
            let Some(candidate) = lines.end(*part as usize, end) else { continue };
            let near = |place: Option<Coord<f64>>| place.is_some_and(|q| distance(q, candidate) <= NEAR);
            let pipes = incident
                .iter()
                .filter(|(p, _)| near(lines.end(*p as usize, 0)) || near(lines.end(*p as usize, 1)))
                .count();
            let drawn = incident.iter().filter(|i| near(own(i))).count();
            if best.is_none_or(|(b, d, _)| (pipes, drawn) > (b, d)) {
                best = Some((pipes, drawn, candidate));
            }
        }
    }
    best.map(|b| b.2)
}
