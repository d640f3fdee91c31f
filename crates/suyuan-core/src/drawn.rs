//! A network written as a few lines of text, for tests and examples: what a person can see at once.
//!
//! ```text
//! MH1 -P1-> MH2 -P2-> OF1
//! MH1 -P3-> MH2
//! D7 => P3
//! ```
//!
//! A name beginning with `OF` is an outfall, any other a manhole; `D7 => P3` is a drainer recorded on pipe P3. `<-P4-`
//! is a pipe drawn against its arrow's line: `MH2 <-P4- MH3` flows from MH3 to MH2. Every place gets coordinates of
//! its own, at least 50 m from the others; parallel pipes bulge apart.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use geo_types::Coord;

use crate::crs::Crs;
use crate::raw::{
    Column, Field, LayerSource, MemoryAttributes, RawLayer, RawSurvey, Role, ShapeKind, Shapes,
};
use crate::text::TextColumn;

/// A coordinate system for drawn networks: metres on a plane of their own.
#[must_use]
pub fn drawn_crs() -> Crs {
    Crs {
        epsg: None,
        name: "drawn plane".to_owned(),
        wkt: r#"LOCAL_CS["drawn plane",UNIT["metre",1]]"#.to_owned(),
        definition: String::new(),
        geographic: false,
        metres_per_unit: 1.0,
        grid: None,
    }
}

/// The survey that a drawing means. Pipes carry the ids of their nodes.
///
/// # Panics
/// If a line is not of the form shown above: drawings are written by hand, beside the code that reads them.
#[must_use]
pub fn drawn(text: &str) -> RawSurvey {
    let mut nodes: Vec<String> = Vec::new();
    let mut pipes: Vec<(String, String, String)> = Vec::new();
    let mut drainers: Vec<(String, String)> = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut note = |name: &str| {
        if !numbers.contains_key(name) {
            numbers.insert(name.to_owned(), nodes.len() as u32);
            nodes.push(name.to_owned());
        }
    };
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Some((drainer, pipe)) = line.split_once("=>") {
            drainers.push((drainer.trim().to_owned(), pipe.trim().to_owned()));
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() % 2 == 1, "a drawing line alternates nodes and pipes: {line}");
        note(words[0]);
        for step in words.windows(3).step_by(2) {
            note(step[2]);
            let (left, arrow, right) = (step[0], step[1], step[2]);
            if let Some(pipe) = arrow.strip_prefix('-').and_then(|a| a.strip_suffix("->")) {
                pipes.push((pipe.to_owned(), left.to_owned(), right.to_owned()));
            } else if let Some(pipe) = arrow.strip_prefix("<-").and_then(|a| a.strip_suffix('-')) {
                pipes.push((pipe.to_owned(), right.to_owned(), left.to_owned()));
            } else {
                panic!("a pipe is drawn -P1-> or <-P1-: {arrow}");
            }
        }
    }
    let place = |name: &str| {
        let i = f64::from(numbers[name]);
        let turn = i * 2.399_963_229_728_653; // the golden angle: no three places in a row
        Coord {
            x: 1000.0 + 80.0 * (i + 1.0).sqrt() * turn.cos(),
            y: 1000.0 + 80.0 * (i + 1.0).sqrt() * turn.sin(),
        }
    };

    let mut lines = Shapes::new(ShapeKind::Line);
    let mut twins: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (_, from, to) in &pipes {
        let (a, b) = (place(from), place(to));
        let key = if from < to { (from.as_str(), to.as_str()) } else { (to.as_str(), from.as_str()) };
        let twin = twins.entry(key).or_insert(0);
        let bulge = 0.05 * f64::from(*twin);
        *twin += 1;
        let side = if from < to { 1.0 } else { -1.0 };
        let middle = Coord {
            x: f64::midpoint(a.x, b.x) - side * bulge * (b.y - a.y),
            y: f64::midpoint(a.y, b.y) + side * bulge * (b.x - a.x),
        };
        if from == to {
            let loop_out = Coord { x: a.x + 10.0, y: a.y + 10.0 };
            lines.push([[a, loop_out, Coord { x: a.x + 10.0, y: a.y - 10.0 }, a].as_slice()]);
        } else {
            lines.push([[a, middle, b].as_slice()]);
        }
    }
    let mut layers = vec![layer(
        Role::Pipes,
        "pipes",
        lines,
        vec![
            (Field::Id, pipes.iter().map(|p| p.0.as_str()).collect()),
            (Field::FromNode, pipes.iter().map(|p| p.1.as_str()).collect()),
            (Field::ToNode, pipes.iter().map(|p| p.2.as_str()).collect()),
        ],
    )];
    let points = |names: &[&str]| {
        let mut shapes = Shapes::new(ShapeKind::Point);
        for name in names {
            shapes.push([[place(name)].as_slice()]);
        }
        shapes
    };
    let outfalls: Vec<&str> = nodes.iter().map(String::as_str).filter(|n| n.starts_with("OF")).collect();
    let manholes: Vec<&str> = nodes.iter().map(String::as_str).filter(|n| !n.starts_with("OF")).collect();
    layers.push(layer(
        Role::Nodes,
        "nodes",
        points(&manholes),
        vec![(Field::Id, manholes.iter().copied().collect())],
    ));
    layers.push(layer(
        Role::Outfalls,
        "outfalls",
        points(&outfalls),
        vec![
            (Field::Id, outfalls.iter().copied().collect()),
            (Field::Node, outfalls.iter().copied().collect()),
        ],
    ));
    if !drainers.is_empty() {
        let mut shapes = Shapes::new(ShapeKind::Point);
        for (_, pipe) in &drainers {
            let (_, from, to) = pipes.iter().find(|p| p.0 == *pipe).expect("a drainer's pipe is drawn");
            let (a, b) = (place(from), place(to));
            shapes.push([
                [Coord { x: f64::midpoint(a.x, b.x) + 3.0, y: f64::midpoint(a.y, b.y) + 3.0 }].as_slice()
            ]);
        }
        layers.push(layer(
            Role::Drainers,
            "drainers",
            shapes,
            vec![
                (Field::Id, drainers.iter().map(|d| d.0.as_str()).collect()),
                (Field::Pipe, drainers.iter().map(|d| d.1.as_str()).collect()),
            ],
        ));
    }
    RawSurvey { crs: drawn_crs(), layers, findings: Vec::new() }
}

fn layer(role: Role, name: &str, shapes: Shapes, columns: Vec<(Field, TextColumn)>) -> RawLayer {
    let fields = columns.iter().map(|(field, _)| (*field, format!("{field:?}"))).collect();
    RawLayer {
        role,
        source: LayerSource {
            path: "drawing".to_owned(),
            layer: name.to_owned(),
            format: "drawing".to_owned(),
            fields,
            ..LayerSource::default()
        },
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); shapes.len()] }),
        shapes,
        columns: columns.into_iter().map(|(field, column)| (field, Column::Text(column))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_says_what_joins_what() {
        let survey = drawn("MH1 -P1-> MH2 -P2-> OF1\nMH1 -P3-> MH2\nOF1 <-P4- MH3\nD7 => P3");
        let (_, pipes) = survey.layers_of(Role::Pipes).next().unwrap();
        assert_eq!(pipes.len(), 4);
        assert_eq!(pipes.text(Field::FromNode, 3), Some("MH3"));
        assert_eq!(pipes.text(Field::ToNode, 3), Some("OF1"));
        let (_, drainers) = survey.layers_of(Role::Drainers).next().unwrap();
        assert_eq!(drainers.text(Field::Pipe, 0), Some("P3"));
    }
}
