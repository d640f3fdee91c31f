//! INTERLIS 2 transfer files of wastewater models: reaches, nodes, outfalls and buildings from objects that refer to each
//! other.
//!
//! Topology is by reference: a reach names its two ends, an end names the node, or the other reach, that it joins. Which
//! classes and references these are is data (`models/*.toml`), and so is what their values mean (`dialects/*.toml`).
//!
//! # Reference
//! INTERLIS 2.3 reference manual; VSA-DSS and SIA 405 wastewater data models, releases of 2015 and 2020.

mod arc;
mod model;
mod transfer;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use suyuan_core::crs::Crs;
use suyuan_core::raw::{AttributeField, MemoryAttributes, Role, ShapeKind, Shapes, Value, ValueKind};
use suyuan_core::{Coord, Finding, FindingCode, Origin};

use crate::error::ReadError;
use crate::layer::FileLayer;
use model::{Found, Model, ModelLayer, Rows, Trail, Web};
use transfer::{Content, Transfer};

/// The layers of a transfer file with their roles, and the dialect of their columns.
pub(crate) struct Layers {
    pub(crate) dialect: String,
    pub(crate) layers: Vec<(Role, FileLayer)>,
}

/// Reads the layers of a transfer file.
///
/// # Errors
/// [`ReadError::Open`] if it cannot be read; [`ReadError::UnknownModel`] where it has none of the classes of a model;
/// [`ReadError::Damaged`] and [`ReadError::NotACoordinate`] with the line that is wrong; [`ReadError::Crs`] if the
/// coordinate system of its model is not known here.
pub(crate) fn read(path: &Path) -> Result<Layers, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let transfer = transfer::parse(path, &decoded(path, &bytes)?)?;
    let classes: Vec<u32> = {
        let mut classes: Vec<u32> = transfer.objects.iter().map(|o| o.class).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    };
    // A model is recognised by the first class of its pipes.
    let models = model::shipped();
    let known = |m: &&Model| {
        let mut pipes = m.layers.iter().filter(|l| l.role == Role::Pipes).flat_map(|l| &l.of);
        pipes.any(|rows| rows.classes.iter().any(|c| classes.contains(&transfer.names.number(c))))
    };
    let Some(model) = models.iter().find(known) else {
        return Err(ReadError::UnknownModel { path: path.to_owned(), models: transfer.models });
    };
    let named = |ending: &str| transfer.models.iter().any(|m| m.ends_with(ending));
    let codes: Vec<u32> = model.crs.iter().filter(|(e, _)| named(e)).map(|(_, code)| *code).collect();
    let crs = match codes[..] {
        [code] => {
            Some(Crs::from_epsg(code).map_err(|source| ReadError::Crs { path: path.to_owned(), source })?)
        }
        _ => None, // models of both systems tell of neither
    };
    let mut layers: Vec<(Role, FileLayer)> =
        model.layers.iter().map(|layer| (layer.role, flatten(layer, &transfer, crs.clone()))).collect();
    layers.retain(|(role, layer)| *role == Role::Pipes || !layer.shapes.is_empty());
    if let Some((_, first)) = layers.first_mut() {
        first.findings.extend(left_out(model, &transfer));
    }
    Ok(Layers { dialect: model.name.clone(), layers })
}

/// The text of a file in the encoding that it declares, UTF-8 if it declares none.
fn decoded(path: &Path, bytes: &[u8]) -> Result<String, ReadError> {
    let damaged = |what: String| ReadError::Damaged { path: path.to_owned(), what };
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declared =
        head.split_once("encoding=").and_then(|(_, rest)| rest.get(1..)?.split(['"', '\'']).next());
    let name = declared.unwrap_or("UTF-8");
    let encoding = encoding_rs::Encoding::for_label(name.as_bytes())
        .ok_or_else(|| damaged(format!("it declares the encoding `{name}`, which is not known")))?;
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong {
        return Err(damaged(format!("it declares the encoding {name}, but holds bytes that are none")));
    }
    Ok(text.into_owned())
}

/// What is in the file and no part of a network.
fn left_out(model: &Model, transfer: &Transfer) -> Option<Finding> {
    let mut used: Vec<u32> = Vec::new();
    for rows in model.layers.iter().flat_map(|l| &l.of) {
        let paths = rows.geometry.iter().chain(rows.with.values()).chain(rows.columns.values().flatten());
        let trails = paths.filter_map(|p| Trail::parse(p, &transfer.names));
        used.extend(trails.flat_map(|t| t.backs().map(|b| b.0).collect::<Vec<_>>()));
        used.extend(rows.classes.iter().map(|c| transfer.names.number(c)));
    }
    // Those that are referred to give their attributes to the rows that refer to them.
    let referred: HashSet<&str> = transfer.referred().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for object in &transfer.objects {
        if !used.contains(&object.class) && !referred.contains(object.tid.as_str()) {
            *counts.entry(transfer.names.spelt(object.class)).or_default() += 1;
        }
    }
    let (most, _) = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)))?;
    Some(
        Finding::new(FindingCode::ObjectsLeftOut)
            .with("count", counts.values().sum::<usize>())
            .with("total", counts.len())
            .with("value", most),
    )
}

/// Rows of one kind, their paths in the names of the file.
struct Prepared<'a> {
    rows: &'a Rows,
    geometry: Vec<Trail>,
    with: Vec<(&'a str, Trail)>,
    columns: Vec<(&'a str, Vec<Trail>)>,
}

fn flatten(layer: &ModelLayer, transfer: &Transfer, crs: Option<Crs>) -> FileLayer {
    let names = &transfer.names;
    let trails = |paths: &[String]| paths.iter().filter_map(|p| Trail::parse(p, names)).collect::<Vec<_>>();
    let prepared: Vec<Prepared> = layer
        .of
        .iter()
        .map(|rows| Prepared {
            rows,
            geometry: trails(&rows.geometry),
            with: rows.with.iter().filter_map(|(p, t)| Some((p.as_str(), Trail::parse(t, names)?))).collect(),
            columns: rows.columns.iter().map(|(name, paths)| (name.as_str(), trails(paths))).collect(),
        })
        .collect();
    let backs = prepared.iter().flat_map(|p| p.geometry.iter().chain(p.columns.iter().flat_map(|c| &c.1)));
    let mut web = Web::new(transfer, backs.flat_map(Trail::backs).collect::<Vec<_>>().into_iter());
    let mut table = Table::default();
    let mut geometries: Vec<(ShapeKind, Vec<Vec<Coord<f64>>>)> = Vec::new();
    let mut row_of: BTreeMap<u32, u32> = BTreeMap::new();
    for prepared in &prepared {
        let classes: Vec<u32> = prepared.rows.classes.iter().map(|c| names.number(c)).collect();
        for index in 0..transfer.objects.len() as u32 {
            let object = &transfer.objects[index as usize];
            if !classes.contains(&object.class) {
                continue;
            }
            row_of.insert(index, table.rows.len() as u32);
            table.begin();
            table.set("TID", &object.tid);
            for (name, paths) in &prepared.columns {
                let found = paths.iter().find_map(|path| web.follow(index, path));
                match found {
                    Some(Found::Text(text)) => table.set(name, text),
                    Some(Found::Content(Content::Text(text) | Content::Reference(text))) => {
                        table.set(name, text);
                    }
                    _ => {}
                }
            }
            table.set("Klasse", names.spelt(object.class));
            for (name, text) in object.texts() {
                table.set(names.spelt(name), text);
            }
            for (prefix, path) in &prepared.with {
                if let Some(other) = web.object(index, path) {
                    for (name, text) in transfer.objects[other as usize].texts() {
                        table.set(&format!("{prefix}_{}", names.spelt(name)), text);
                    }
                }
            }
            geometries.push(geometry(&mut web, index, &prepared.geometry));
        }
    }
    let kind = geometries.iter().map(|g| g.0).find(|k| *k != ShapeKind::None).unwrap_or_default();
    let mut shapes = Shapes::new(kind);
    let mut findings = broken(&web, &row_of);
    for (row, (found, parts)) in geometries.iter().enumerate() {
        if *found == kind || parts.is_empty() {
            shapes.push(parts.iter().map(Vec::as_slice));
        } else {
            findings.push(crate::gpkg::wrong_shape(row, *found, kind));
            shapes.push([]);
        }
    }
    FileLayer {
        name: layer.name.clone(),
        format: "INTERLIS 2",
        encoding: String::new(),
        shapes,
        attributes: Arc::new(table.attributes()),
        crs,
        bad_crs: None,
        findings,
    }
}

/// References that lead to nothing, counted by attribute.
fn broken(web: &Web, row_of: &BTreeMap<u32, u32>) -> Vec<Finding> {
    let names = &web.transfer.names;
    let all: Vec<&(u32, u32, String)> = web.broken.iter().collect();
    all.chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let (name, object, value) = group[0];
            let finding = Finding::new(FindingCode::ReferenceBroken)
                .with("count", group.len())
                .with("field", names.spelt(*name))
                .with("id", &web.transfer.objects[*object as usize].tid)
                .with("value", value);
            match row_of.get(object) {
                Some(row) => finding.on(Origin { layer: 0, row: *row }),
                None => finding,
            }
        })
        .collect()
}

fn geometry(web: &mut Web, object: u32, paths: &[Trail]) -> (ShapeKind, Vec<Vec<Coord<f64>>>) {
    let none = (ShapeKind::None, Vec::new());
    let found: Vec<&Content> = paths
        .iter()
        .filter_map(|path| match web.follow(object, path) {
            Some(Found::Content(content)) => Some(content),
            _ => None,
        })
        .collect();
    match (paths.len(), found.as_slice()) {
        (2, [Content::Point(a), Content::Point(b)]) => (ShapeKind::Line, vec![vec![*a, *b]]),
        (1, [Content::Point(place)]) => (ShapeKind::Point, vec![vec![*place]]),
        (1, [Content::Lines(lines)]) => (ShapeKind::Line, lines.clone()),
        (1, [Content::Rings(rings)]) => (ShapeKind::Polygon, rings.clone()),
        _ => none,
    }
}

/// A table whose columns are found as its rows are.
#[derive(Default)]
struct Table {
    names: Vec<String>,
    at: BTreeMap<String, usize>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    fn begin(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Sets a value of the last row; the first one set stays.
    fn set(&mut self, name: &str, value: &str) {
        let at = match self.at.get(name) {
            Some(at) => *at,
            None => {
                self.at.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
                self.names.len() - 1
            }
        };
        if let Some(row) = self.rows.last_mut() {
            if row.len() <= at {
                row.resize(at + 1, None);
            }
            row[at].get_or_insert_with(|| value.to_owned());
        }
    }

    fn attributes(self) -> MemoryAttributes {
        let width = self.names.len();
        let fields = self
            .names
            .into_iter()
            .map(|name| AttributeField { name, kind: ValueKind::Text, width: 0, decimals: 0 })
            .collect();
        let rows = self.rows.into_iter().map(|mut row| {
            row.resize(width, None);
            row.into_iter().map(|v| v.map_or(Value::Null, |text| Value::Text(text.into()))).collect()
        });
        MemoryAttributes { fields, rows: rows.collect() }
    }
}
