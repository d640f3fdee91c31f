//! The pipes of a survey in one canonical list: along a curve through the city, then by id, whatever order the rows came
//! in.

use std::cmp::Ordering;
use std::collections::HashMap;

use rayon::prelude::*;
use suyuan_core::raw::{Column, Field, RawLayer, Role};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, FlowMode, FlowSign, Origin, RawSurvey, System};

use crate::chain::{chain_parts, flip_to_labels};
use crate::config::{BuildConfig, JoinBy};
use crate::grid::{along_curve, distance};

/// Ends closer than this are one vertex drawn twice, metres: the noise of coordinates stored in millimetres or in seven
/// decimals of a degree.
pub(crate) const COINCIDENT: f64 = 0.01;
/// How far an end may lie from the place of its label, metres.
pub(crate) const LABEL_REACH: f64 = 2.0;

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
    /// Whether it flows with its record, as somebody has decided.
    pub(crate) decided: Option<bool>,
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
    /// Whether the drawn start and end go on in another part of the same pipe.
    pub(crate) seams: [bool; 2],
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
    /// Where two parts of one pipe go on into each other, as elements: twice the part, and one more for the drawn end.
    pub(crate) seams: Vec<[u32; 2]>,
}

impl Lines {
    /// Which side of the record a drawn end is: 0 its start, 1 its end.
    pub(crate) fn side(&self, element: usize) -> usize {
        (element % 2) ^ usize::from(self.parts[element / 2].flipped)
    }

    /// The label that the record gives to a drawn end; none where the pipe goes on in another part.
    pub(crate) fn label(&self, element: usize) -> Option<u32> {
        let part = &self.parts[element / 2];
        self.pipes[part.pipe as usize].labels[self.side(element)].filter(|_| !part.seams[element % 2])
    }

    /// The drawn ends of a pipe at one side of its record.
    pub(crate) fn ends_of(&self, pipe: usize, side: usize) -> impl Iterator<Item = usize> {
        let (from, to) = self.pipes[pipe].parts;
        (2 * from as usize..2 * to as usize)
            .filter(move |e| self.side(*e) == side && !self.parts[e / 2].seams[e % 2])
    }

    /// The drawn end where the record of a pipe begins (0) or ends (1): the first of those, or the last.
    pub(crate) fn end_of(&self, pipe: usize, side: usize) -> usize {
        let mut ends = self.ends_of(pipe, side);
        let found = if side == 0 { ends.next() } else { ends.last() };
        found.unwrap_or(2 * self.pipes[pipe].parts.0 as usize + side)
    }

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

/// The columns of a layer of pipes, looked up once.
struct Columns<'a> {
    /// The layer's number in the survey, and its place in the list of pipe layers.
    index: u16,
    layer: &'a RawLayer,
    labelled: bool,
    ids: Option<&'a TextColumn>,
    labels: [Option<&'a TextColumn>; 2],
    systems: Option<&'a [System]>,
    modes: Option<&'a [FlowMode]>,
    flows: Option<&'a [Option<FlowSign>]>,
    inverts: [Option<&'a [f64]>; 2],
    grounds: [Option<&'a [f64]>; 2],
    depths: [Option<&'a [f64]>; 2],
}

impl<'a> Columns<'a> {
    fn of(index: u16, layer: &'a RawLayer, join: JoinBy) -> Self {
        let numbers = |fields: [Field; 2]| fields.map(|field| layer.numbers(field));
        let systems = match layer.columns.get(&Field::System) {
            Some(Column::System(column)) => Some(column.as_slice()),
            _ => None,
        };
        let modes = match layer.columns.get(&Field::Mode) {
            Some(Column::Mode(column)) => Some(column.as_slice()),
            _ => None,
        };
        let flows = match layer.columns.get(&Field::FlowDirection) {
            Some(Column::Flow(column)) => Some(column.as_slice()),
            _ => None,
        };
        Self {
            index,
            layer,
            labelled: is_labelled(layer, join),
            ids: layer.texts(Field::Id),
            labels: [layer.texts(Field::FromNode), layer.texts(Field::ToNode)],
            systems,
            modes,
            flows,
            inverts: numbers([Field::InvertFrom, Field::InvertTo]),
            grounds: numbers([Field::GroundFrom, Field::GroundTo]),
            depths: numbers([Field::DepthFrom, Field::DepthTo]),
        }
    }

    fn label(&self, end: usize, row: usize) -> Option<&'a str> {
        Some(self.labels[end]?.at(row)).filter(|text| !text.is_empty())
    }

    fn id(&self, row: usize) -> Option<&'a str> {
        Some(self.ids?.at(row)).filter(|text| !text.is_empty())
    }

    fn system(&self, row: usize) -> System {
        self.systems.map_or(System::Unknown, |column| column[row])
    }

    fn mode(&self, row: usize) -> FlowMode {
        self.modes.map_or(FlowMode::Gravity, |column| column[row])
    }

    fn flow(&self, row: usize) -> Option<FlowSign> {
        self.flows.and_then(|column| column[row])
    }

    /// Invert levels at both ends: as recorded, else ground less depth; `NaN` where unknown.
    fn levels(&self, row: usize) -> [f64; 2] {
        [0, 1].map(|end| {
            let at = |column: Option<&[f64]>| column.map_or(f64::NAN, |c| c[row]);
            let invert = at(self.inverts[end]);
            if invert.is_finite() {
                return invert;
            }
            let level = at(self.grounds[end]) - at(self.depths[end]);
            if level.is_finite() { level } else { f64::NAN }
        })
    }

    /// What the record says of a row, and its parts that have geometry.
    fn pipe(&self, row: usize, parts: &mut Vec<(f64, u32)>, coords: &mut Vec<Coord<f64>>) -> PipeRow {
        let first = parts.len() as u32;
        for line in self.layer.shapes.parts(row).filter(|line| !line.is_empty()) {
            coords.extend_from_slice(line);
            parts.push((length_of(line), coords.len() as u32));
        }
        PipeRow {
            origin: Origin { layer: self.index, row: row as u32 },
            system: self.system(row),
            mode: self.mode(row),
            sign: self.flow(row),
            inverts: self.levels(row),
            labels: [None, None],
            decided: None,
            labelled: self.labelled,
            parts: (first, parts.len() as u32),
        }
    }
}

/// Some rows in canonical order: pipes, their parts as length and end of its coordinates, ids.
#[derive(Default)]
struct Stack {
    pipes: Vec<PipeRow>,
    parts: Vec<(f64, u32)>,
    coords: Vec<Coord<f64>>,
    ids: TextColumn,
}

/// Rows that are read together.
const STACK: usize = 8192;

/// Every row to keep: its place along the curve, its layer's place in the list, its number.
fn ordered(layers: &[Columns<'_>], config: &BuildConfig) -> Vec<(u64, u32, u32)> {
    let keep = |system: System| config.systems.is_empty() || config.systems.contains(&system);
    let mut rows: Vec<(u64, u32, u32)> = Vec::new();
    for (l, columns) in layers.iter().enumerate() {
        let shapes = &columns.layer.shapes;
        let first = |row: usize| shapes.parts(row).find_map(|line| line.first());
        let key = |row: usize| first(row).map_or(u64::MAX, |place| along_curve(*place));
        let kept = (0..columns.layer.len()).into_par_iter().filter(|row| keep(columns.system(*row)));
        rows.par_extend(kept.map(|row| (key(row), l as u32, row as u32)));
    }
    // Along a curve through the city, so that neighbours lie together in memory; then by recorded id, never by row
    // number, so that the order of rows without ids moves nothing either.
    rows.par_sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| {
            let (la, lb) = (&layers[a.1 as usize], &layers[b.1 as usize]);
            let (ra, rb) = (a.2 as usize, b.2 as usize);
            la.id(ra)
                .cmp(&lb.id(rb))
                .then_with(|| compare_lines(la.layer.shapes.parts(ra), lb.layer.shapes.parts(rb)))
                .then_with(|| la.label(0, ra).cmp(&lb.label(0, rb)))
                .then_with(|| la.label(1, ra).cmp(&lb.label(1, rb)))
                .then_with(|| la.layer.source.layer.cmp(&lb.layer.source.layer))
                .then_with(|| (la.system(ra), la.mode(ra)).cmp(&(lb.system(rb), lb.mode(rb))))
                .then_with(|| la.flow(ra).cmp(&lb.flow(rb)))
                .then_with(|| {
                    let ([a, b], [c, d]) = (la.levels(ra), lb.levels(rb));
                    a.total_cmp(&c).then(b.total_cmp(&d))
                })
                .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        })
    });
    rows
}

/// Collects pipes and nodes in canonical order.
pub(crate) fn collect(survey: &RawSurvey, config: &BuildConfig) -> Lines {
    let layers: Vec<Columns<'_>> =
        survey.layers_of(Role::Pipes).map(|(index, layer)| Columns::of(index, layer, config.join)).collect();
    let rows = ordered(&layers, config);
    let stacks: Vec<Stack> = rows
        .par_chunks(STACK)
        .map(|rows| {
            let mut stack = Stack::default();
            for (_, l, row) in rows {
                let (columns, row) = (&layers[*l as usize], *row as usize);
                stack.pipes.push(columns.pipe(row, &mut stack.parts, &mut stack.coords));
                stack.ids.push(&columns.layer.id(row));
            }
            stack
        })
        .collect();
    let mut lines = Lines {
        ids: TextColumn::with_capacity(rows.len()),
        pipes: Vec::with_capacity(rows.len()),
        parts: Vec::with_capacity(stacks.iter().map(|s| s.parts.len()).sum()),
        coords: Vec::with_capacity(stacks.iter().map(|s| s.coords.len()).sum()),
        points: Vec::new(),
        labels: Vec::new(),
        unplaced: Vec::new(),
        seams: Vec::new(),
    };
    let mut names = Labels::default();
    let mut row_of = rows.iter();
    for stack in stacks {
        let first_coord = lines.coords.len() as u32;
        lines.coords.extend_from_slice(&stack.coords);
        let mut start = first_coord;
        for (p, mut row) in stack.pipes.into_iter().enumerate() {
            let Some((_, l, _)) = row_of.next() else { break };
            let columns = &layers[*l as usize];
            let at = row.origin.row as usize;
            if columns.labelled {
                row.labels = [0, 1].map(|end| columns.label(end, at).map(|text| names.number(text)));
            }
            let pipe = lines.pipes.len() as u32;
            let first = lines.parts.len() as u32;
            for (length, end) in &stack.parts[row.parts.0 as usize..row.parts.1 as usize] {
                let coords = (start, first_coord + end);
                start = coords.1;
                lines.parts.push(Part { pipe, coords, length: *length, flipped: false, seams: [false; 2] });
            }
            if row.parts.0 == row.parts.1 {
                if row.labels.iter().all(Option::is_none) {
                    lines.unplaced.push(row.origin);
                    continue;
                }
                let length = columns.layer.number(Field::Length, at).filter(|v| *v >= 0.0).unwrap_or(0.0);
                lines.parts.push(Part {
                    pipe,
                    coords: (start, start),
                    length,
                    flipped: false,
                    seams: [false; 2],
                });
            }
            row.parts = (first, lines.parts.len() as u32);
            lines.ids.push(stack.ids.at(p));
            lines.pipes.push(row);
        }
    }
    let any_labelled = layers.iter().any(|columns| columns.labelled);
    collect_points(survey, &mut lines, &mut names, any_labelled);
    lines.labels = names.in_order();
    for pipe in 0..lines.pipes.len() {
        chain_parts(&mut lines, pipe);
    }
    if any_labelled {
        flip_to_labels(&mut lines);
    }
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
    lines.points.par_sort_by(|a, b| {
        let key = |p: &PointRow| p.place.map_or(u64::MAX, along_curve);
        let place = |p: &PointRow| p.place.map_or((f64::INFINITY, f64::INFINITY), |c| (c.x, c.y));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id)).then(ax.total_cmp(&bx)).then(ay.total_cmp(&by))
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
