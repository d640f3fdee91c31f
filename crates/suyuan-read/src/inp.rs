//! EPA SWMM input files: pipes, nodes, outfalls, and who drains into them.
//!
//! # Reference
//! SWMM 5.2 User's Manual, appendix D.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use suyuan_core::crs::Crs;
use suyuan_core::raw::{
    AttributeField, Column, Field, LayerSource, MemoryAttributes, RawLayer, Role, ShapeKind, Shapes, Value,
    ValueKind,
};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, Finding, FindingCode, FlowMode, NodeKind, Origin, RawSurvey};

use crate::encoding;
use crate::error::ReadError;

type Sections = BTreeMap<String, Vec<(usize, Vec<String>)>>;

/// Splits a line into words; a quoted text is one.
fn words(line: &str) -> Vec<String> {
    let line = line.split(';').next().unwrap_or("");
    line.split_whitespace().map(str::to_owned).collect()
}

fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut name = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(title) = line.strip_prefix('[') {
            name = title.split(']').next().unwrap_or("").trim().to_ascii_uppercase();
        } else if !name.is_empty() {
            let words = words(line);
            if !words.is_empty() {
                sections.entry(name.clone()).or_default().push((number + 1, words));
            }
        }
    }
    sections
}

struct Link {
    id: String,
    from: String,
    to: String,
    mode: FlowMode,
    kind: &'static str,
    length: Option<f64>,
    offsets: [Option<f64>; 2],
    diameter: Option<f64>,
}

struct Node {
    id: String,
    invert: Option<f64>,
    depth: Option<f64>,
    kind: NodeKind,
}

/// Reads a SWMM model.
///
/// # Shape
/// Layers of pipes (conduits, pumps, orifices, weirs, outlets), nodes, outfalls, and drainers: nodes with an inflow from
/// outside, and subcatchments that drain to a node.
///
/// # Errors
/// [`ReadError::Open`] if it cannot be read; [`ReadError::Damaged`] naming the line that is wrong;
/// [`ReadError::Empty`] without any link.
pub fn read_inp(path: &Path, crs: Option<&str>) -> Result<RawSurvey, ReadError> {
    let parse = |text| Crs::parse(text).map_err(|source| ReadError::Crs { path: path.to_owned(), source });
    read(path, crs.map(parse).transpose()?)
}

/// As [`read_inp`], in a coordinate system of any kind.
pub(crate) fn read(path: &Path, crs: Option<Crs>) -> Result<RawSurvey, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let encoding = encoding::detect(&[&bytes]).unwrap_or(encoding_rs::UTF_8);
    let text = encoding::decode(encoding, &bytes).0.into_owned();
    let sections = sections(&text);
    let damaged = |line: usize, what: String| ReadError::Damaged {
        path: path.to_owned(),
        what: format!("line {line}: {what}"),
    };
    let number = |words: &[String], at: usize| {
        words.get(at).and_then(|w| w.parse::<f64>().ok()).filter(|v| v.is_finite())
    };
    let rows = |name: &str| sections.get(name).map_or(&[][..], Vec::as_slice);

    let mut nodes: Vec<Node> = Vec::new();
    for (section, kind) in [
        ("JUNCTIONS", NodeKind::Manhole),
        ("STORAGE", NodeKind::Structure),
        ("DIVIDERS", NodeKind::Control),
        ("OUTFALLS", NodeKind::Outfall),
    ] {
        for (_, words) in rows(section) {
            let depth = if kind == NodeKind::Outfall { None } else { number(words, 2) };
            nodes.push(Node { id: words[0].clone(), invert: number(words, 1), depth, kind });
        }
    }
    let mut links: Vec<Link> = Vec::new();
    for (section, kind, mode) in [
        ("CONDUITS", "conduit", FlowMode::Gravity),
        ("PUMPS", "pump", FlowMode::Pumped),
        ("ORIFICES", "orifice", FlowMode::Controlled),
        ("WEIRS", "weir", FlowMode::Controlled),
        ("OUTLETS", "outlet", FlowMode::Controlled),
    ] {
        for (line, words) in rows(section) {
            if words.len() < 3 {
                return Err(damaged(*line, format!("[{section}] needs a name and two nodes")));
            }
            let conduit = kind == "conduit";
            links.push(Link {
                id: words[0].clone(),
                from: words[1].clone(),
                to: words[2].clone(),
                mode,
                kind,
                length: if conduit { number(words, 3) } else { None },
                offsets: if conduit { [number(words, 5), number(words, 6)] } else { [None, None] },
                diameter: None,
            });
        }
    }
    if links.is_empty() {
        return Err(ReadError::Empty { path: path.to_owned(), role: "pipes" });
    }
    let by_id: BTreeMap<String, usize> = links.iter().enumerate().map(|(i, l)| (l.id.clone(), i)).collect();
    for (_, words) in rows("XSECTIONS") {
        if let Some(link) = by_id.get(&words[0]) {
            links[*link].diameter = number(words, 2).filter(|v| *v > 0.0);
        }
    }
    let places: BTreeMap<&str, Coord<f64>> = rows("COORDINATES")
        .iter()
        .filter_map(|(_, w)| Some((w[0].as_str(), Coord { x: number(w, 1)?, y: number(w, 2)? })))
        .collect();
    let mut vertices: BTreeMap<&str, Vec<Coord<f64>>> = BTreeMap::new();
    for (_, words) in rows("VERTICES") {
        if let (Some(x), Some(y)) = (number(words, 1), number(words, 2)) {
            vertices.entry(&words[0]).or_default().push(Coord { x, y });
        }
    }
    let elevations = rows("OPTIONS").iter().any(|(_, w)| {
        w[0].eq_ignore_ascii_case("LINK_OFFSETS")
            && w.get(1).is_some_and(|v| v.eq_ignore_ascii_case("ELEVATION"))
    });
    let inverts: BTreeMap<&str, f64> =
        nodes.iter().filter_map(|n| Some((n.id.as_str(), n.invert?))).collect();

    let mut findings = Vec::new();
    let crs = match crs {
        Some(crs) => crs,
        None => {
            let finding = Finding::new(FindingCode::CrsAssumed).with("value", "local metres");
            findings.push(finding.on(Origin { layer: 0, row: 0 }));
            Crs::local("local metres")
        }
    };
    let source = |layer: &str, fields: &[Field]| LayerSource {
        path: path.to_string_lossy().into_owned(),
        layer: layer.to_owned(),
        format: "EPA SWMM".to_owned(),
        encoding: encoding::label(encoding).to_owned(),
        dialect: "swmm 1.00".to_owned(),
        fields: fields.iter().map(|f| (*f, format!("{f:?}"))).collect(),
        ..LayerSource::default()
    };

    // Pipes.
    let mut lines = Shapes::new(ShapeKind::Line);
    for (row, link) in links.iter().enumerate() {
        match (places.get(link.from.as_str()), places.get(link.to.as_str())) {
            (Some(a), Some(b)) => {
                let mut line = vec![*a];
                line.extend(vertices.get(link.id.as_str()).into_iter().flatten().copied());
                line.push(*b);
                lines.push([line.as_slice()]);
            }
            _ => {
                lines.push([]);
                findings.push(
                    Finding::new(FindingCode::NoGeometry)
                        .with("id", &link.id)
                        .on(Origin { layer: 0, row: row as u32 }),
                );
            }
        }
    }
    let level = |link: &Link, side: usize| -> f64 {
        let node = if side == 0 { &link.from } else { &link.to };
        match (inverts.get(node.as_str()), link.offsets[side]) {
            (_, Some(offset)) if elevations => offset,
            (Some(invert), Some(offset)) => invert + offset,
            (Some(invert), None) => *invert,
            (None, _) => f64::NAN,
        }
    };
    let texts = |of: &dyn Fn(&Link) -> String| Column::Text(links.iter().map(of).collect::<TextColumn>());
    let pipe_columns: BTreeMap<Field, Column> = [
        (Field::Id, texts(&|l| l.id.clone())),
        (Field::FromNode, texts(&|l| l.from.clone())),
        (Field::ToNode, texts(&|l| l.to.clone())),
        (Field::Mode, Column::Mode(links.iter().map(|l| l.mode).collect())),
        (Field::InvertFrom, Column::Number(links.iter().map(|l| level(l, 0)).collect())),
        (Field::InvertTo, Column::Number(links.iter().map(|l| level(l, 1)).collect())),
        (Field::Length, Column::Number(links.iter().map(|l| l.length.unwrap_or(f64::NAN)).collect())),
        (Field::Diameter, Column::Number(links.iter().map(|l| l.diameter.unwrap_or(f64::NAN)).collect())),
    ]
    .into();
    let table = |fields: &[(&str, ValueKind)], rows: Vec<Vec<Value<'static>>>| MemoryAttributes {
        fields: fields
            .iter()
            .map(|(name, kind)| AttributeField {
                name: (*name).to_owned(),
                kind: *kind,
                width: 0,
                decimals: 0,
            })
            .collect(),
        rows,
    };
    let real = |v: Option<f64>| v.map_or(Value::Null, Value::Real);
    let pipe_rows =
        links.iter().map(|l| vec![Value::Text(l.kind.into()), real(l.length), real(l.diameter)]).collect();
    let pipes = RawLayer {
        role: Role::Pipes,
        source: source("links", &pipe_columns.keys().copied().collect::<Vec<_>>()),
        shapes: lines,
        columns: pipe_columns,
        attributes: Arc::new(table(
            &[("type", ValueKind::Text), ("length", ValueKind::Real), ("diameter", ValueKind::Real)],
            pipe_rows,
        )),
    };

    // Points.
    let layer_of = |role: Role, name: &str, chosen: Vec<&Node>| {
        let mut shapes = Shapes::new(ShapeKind::Point);
        for node in &chosen {
            match places.get(node.id.as_str()) {
                Some(place) => shapes.push([[*place].as_slice()]),
                None => shapes.push([]),
            }
        }
        let ids = || Column::Text(chosen.iter().map(|n| n.id.as_str()).collect());
        let numbers = |of: &dyn Fn(&Node) -> Option<f64>| {
            Column::Number(chosen.iter().map(|n| of(n).unwrap_or(f64::NAN)).collect())
        };
        let mut columns: BTreeMap<Field, Column> = [
            (Field::Id, ids()),
            (Field::Invert, numbers(&|n| n.invert)),
            (Field::Depth, numbers(&|n| n.depth)),
        ]
        .into();
        match role {
            Role::Nodes => {
                columns.insert(Field::NodeKind, Column::Kind(chosen.iter().map(|n| n.kind).collect()));
            }
            _ => {
                columns.insert(Field::Node, ids());
            }
        }
        let rows = chosen.iter().map(|n| vec![Value::Text(n.id.clone().into()), real(n.invert)]).collect();
        RawLayer {
            role,
            source: source(name, &columns.keys().copied().collect::<Vec<_>>()),
            shapes,
            columns,
            attributes: Arc::new(table(&[("name", ValueKind::Text), ("invert", ValueKind::Real)], rows)),
        }
    };
    let is_outfall = |n: &&Node| n.kind == NodeKind::Outfall;
    let mut inflows: Vec<String> =
        ["INFLOWS", "DWF"].iter().flat_map(|s| rows(s)).map(|(_, w)| w[0].clone()).collect();
    inflows.sort();
    inflows.dedup();
    let with_inflow = nodes.iter().filter(|n| inflows.binary_search(&n.id).is_ok()).collect();
    let layers = vec![
        pipes,
        layer_of(Role::Nodes, "nodes", nodes.iter().filter(|n| !is_outfall(n)).collect()),
        layer_of(Role::Outfalls, "outfalls", nodes.iter().filter(is_outfall).collect()),
        layer_of(Role::Drainers, "inflows", with_inflow),
    ];
    let mut survey = RawSurvey { crs, layers, findings };
    if let Some(layer) = subcatchments(&sections, &nodes, &source("subcatchments", &[Field::Id, Field::Node]))
    {
        survey.layers.push(layer);
    }
    Ok(survey)
}

/// Subcatchments that drain to a node.
fn subcatchments(sections: &Sections, nodes: &[Node], source: &LayerSource) -> Option<RawLayer> {
    let mut outlines: BTreeMap<&str, Vec<Coord<f64>>> = BTreeMap::new();
    for (_, words) in sections.get("POLYGONS").into_iter().flatten() {
        if let (Some(Ok(x)), Some(Ok(y))) = (words.get(1).map(|w| w.parse()), words.get(2).map(|w| w.parse()))
        {
            outlines.entry(&words[0]).or_default().push(Coord { x, y });
        }
    }
    let chosen: Vec<&Vec<String>> = sections
        .get("SUBCATCHMENTS")?
        .iter()
        .map(|(_, w)| w)
        .filter(|w| w.get(2).is_some_and(|outlet| nodes.iter().any(|n| n.id == *outlet)))
        .collect();
    let mut shapes = Shapes::new(ShapeKind::Polygon);
    for words in &chosen {
        match outlines.get(words[0].as_str()) {
            Some(ring) if ring.len() >= 3 => {
                let mut ring = ring.clone();
                crate::layer::orient_ring(&mut ring, true);
                shapes.push([ring.as_slice()]);
            }
            _ => shapes.push([]),
        }
    }
    let column = |at: usize| Column::Text(chosen.iter().map(|w| w[at].as_str()).collect());
    Some(RawLayer {
        role: Role::Drainers,
        source: source.clone(),
        columns: [(Field::Id, column(0)), (Field::Node, column(2))].into(),
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); shapes.len()] }),
        shapes,
    })
}
