//! Layers to a survey: one projected coordinate system in metres, rows filtered, columns understood.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;
use suyuan_core::crs::Crs;
use suyuan_core::raw::{
    AttributeField, Attributes, Field, LayerSource, RawLayer, Role, ShapeKind, Shapes, Value,
};
use suyuan_core::{Coord, Finding, FindingCode, Origin, RawSurvey, System};

use crate::columns::{is_out_of_service, understand};
use crate::dialect::{Dialect, shipped_dialects};
use crate::error::ReadError;
use crate::filter::Filter;
use crate::inp;
use crate::layer::FileLayer;
use crate::open::{open, open_transfer};
use crate::spec::{LayerSpec, ReadOptions};
use crate::systems::{Systems, Way, project, project_model, settle};

/// Reads every layer of a survey.
///
/// # Shape
/// One layer for each that was given, in that order (a SWMM model gives several). All in the coordinate system of the
/// first pipe layer if that is projected in metres; else in its twin in metres, or in the metric system around its
/// middle.
///
/// # Errors
/// A [`ReadError`] naming file, layer, row and value where a file cannot be used.
pub fn read_survey(specs: &[LayerSpec], options: &ReadOptions) -> Result<RawSurvey, ReadError> {
    let mut dialects = shipped_dialects();
    for path in &options.dialect_files {
        dialects.insert(0, Dialect::read(path)?);
    }
    let mut layers: Vec<(LayerSpec, FileLayer)> = Vec::new();
    let mut survey = RawSurvey { crs: Crs::local("local metres"), layers: Vec::new(), findings: Vec::new() };
    let mut systems = Systems::default();
    for spec in specs {
        if spec.extension() == "inp" {
            let crs = spec.crs.as_deref().or(options.crs.as_deref());
            let crs = crs.map(|text| systems.parse(text, &spec.path)).transpose()?;
            let mut model = inp::read(&spec.path, crs)?;
            project_model(&spec.path, &mut model)?;
            survey.crs = model.crs.clone();
            let shift = survey.layers.len() as u16;
            survey.findings.extend(model.findings.into_iter().map(|f| moved(f, shift)));
            survey.layers.extend(model.layers);
        } else if let Some(transfer) = open_transfer(spec, options, &mut systems)? {
            layers.extend(transfer);
        } else {
            layers.push((spec.clone(), open(spec, options, &mut systems)?));
        }
    }
    check_lenient(&layers)?;
    let (target, assumed) = settle(&layers)?;
    if let Some(target) = target.filter(|_| survey.layers.is_empty() || survey.crs.is_local()) {
        survey.crs = target;
    }
    survey.findings.append(&mut systems.findings);
    for ((spec, layer), assumed) in layers.into_iter().zip(assumed) {
        let index = survey.layers.len() as u16;
        let way = Way { declared: None, assumed, target: &survey.crs };
        let raw = finish(&spec, layer, way, options, &dialects, &mut survey.findings, index)?;
        survey.layers.push(raw);
    }
    if !survey.layers.iter().any(|l| l.role == Role::Pipes || l.role == Role::Venues) {
        return Err(ReadError::NoPipes);
    }
    report_duplicate_ids(&mut survey);
    report_shared_ids(&mut survey);
    report_unknown_systems(&mut survey);
    report_out_of_service(&mut survey);
    Ok(survey)
}

fn moved(mut finding: Finding, by: u16) -> Finding {
    if let Some(origin) = &mut finding.origin {
        origin.layer += by;
    }
    finding
}

/// Columns named for a whole role must stand in one of its layers at least.
fn check_lenient(layers: &[(LayerSpec, FileLayer)]) -> Result<(), ReadError> {
    for (spec, layer) in layers.iter().filter(|(s, _)| s.lenient) {
        let has = |layer: &FileLayer, field: &str| {
            layer.attributes.fields().iter().any(|f| f.name.eq_ignore_ascii_case(field))
        };
        let filter = spec.only.as_deref().and_then(|text| Filter::parse(text).ok());
        let asked = filter.iter().flat_map(Filter::fields).chain(spec.fields.values().map(String::as_str));
        for field in asked {
            if !layers.iter().any(|(other, layer)| other.role == spec.role && has(layer, field)) {
                return Err(ReadError::NoSuchField {
                    path: spec.path.clone(),
                    field: field.to_owned(),
                    fields: layer.attributes.fields().iter().map(|f| f.name.clone()).collect(),
                });
            }
        }
    }
    Ok(())
}

fn finish(
    spec: &LayerSpec,
    mut layer: FileLayer,
    way: Way<'_>,
    options: &ReadOptions,
    dialects: &[Dialect],
    findings: &mut Vec<Finding>,
    index: u16,
) -> Result<RawLayer, ReadError> {
    let mut own = std::mem::take(&mut layer.findings);
    refuse_bad_coordinates(spec, &mut layer, options.set_aside, &mut own)?;
    let rows = choose_rows(spec, &layer)?;
    if let Some(condition) = spec.only.as_ref().filter(|_| rows.is_empty() && !layer.shapes.is_empty()) {
        own.push(Finding::new(FindingCode::NoRowMeets).with("value", condition));
    }
    let mut shapes = if rows.len() == layer.shapes.len() {
        std::mem::take(&mut layer.shapes)
    } else {
        let mut kept = Shapes::new(layer.shapes.kind());
        for row in &rows {
            kept.push(layer.shapes.parts(*row as usize));
        }
        kept
    };
    let asked = spec.dialect.as_deref().or(options.dialect.as_deref());
    let understood = understand(spec, &layer.name, layer.attributes.as_ref(), &rows, dialects, asked)?;
    if let Some(what) = layer.attributes.damage() {
        return Err(ReadError::Damaged { path: spec.path.clone(), what });
    }
    own.extend(understood.findings);
    let rows: Arc<[u32]> = rows.into();
    let attributes: Arc<dyn Attributes> = if rows.len() == layer.attributes.len() {
        layer.attributes
    } else {
        Arc::new(Chosen { inner: layer.attributes, rows: Arc::clone(&rows) })
    };
    let mut raw = RawLayer {
        role: spec.role,
        source: LayerSource {
            path: spec.path.to_string_lossy().into_owned(),
            layer: layer.name,
            format: layer.format.to_owned(),
            encoding: layer.encoding,
            crs: layer.crs.as_ref().map_or_else(String::new, |c| c.name.clone()),
            dialect: understood.dialect,
            runner_up: understood.runner_up,
            not_understood: understood.not_understood,
            fields: understood.fields,
        },
        shapes: Shapes::default(),
        columns: understood.columns,
        attributes,
    };
    let way = Way { declared: layer.crs, ..way };
    project(spec, &raw, &mut shapes, way, &mut own).map_err(|error| in_the_file(error, &rows))?;
    raw.shapes = shapes;
    report_shapes(&raw, &mut own);
    findings.extend(own.into_iter().map(|mut f| {
        if let Some(origin) = &mut f.origin {
            origin.layer = index;
        }
        f
    }));
    Ok(raw)
}

/// An error about a row that was chosen, as one about the row of the file.
fn in_the_file(mut error: ReadError, rows: &[u32]) -> ReadError {
    if let ReadError::NoPlace { row, .. } = &mut error {
        *row = rows.get(*row - 1).map_or(*row, |r| *r as usize + 1);
    }
    error
}

/// Rows of another table, some left out.
#[derive(Debug)]
struct Chosen {
    inner: Arc<dyn Attributes>,
    rows: Arc<[u32]>,
}

impl Attributes for Chosen {
    fn fields(&self) -> &[AttributeField] {
        self.inner.fields()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn value(&self, row: usize, field: usize) -> Value<'_> {
        self.inner.value(self.rows[row] as usize, field)
    }

    fn damage(&self) -> Option<String> {
        self.inner.damage()
    }
}

fn choose_rows(spec: &LayerSpec, layer: &FileLayer) -> Result<Vec<u32>, ReadError> {
    let all = 0..layer.shapes.len() as u32;
    let Some(text) = &spec.only else { return Ok(all.collect()) };
    let filter = Filter::parse(text).map_err(|what| ReadError::BadFilter { filter: text.clone(), what })?;
    let names = layer.attributes.fields();
    let known = |field: &str| names.iter().any(|n| n.name.eq_ignore_ascii_case(field));
    if spec.lenient && !filter.fields().into_iter().any(known) {
        return Ok(all.collect()); // the condition is about another layer of the role
    }
    for field in filter.fields() {
        if !names.iter().any(|n| n.name.eq_ignore_ascii_case(field)) {
            return Err(ReadError::NoSuchField {
                path: spec.path.clone(),
                field: field.to_owned(),
                fields: names.iter().map(|n| n.name.clone()).collect(),
            });
        }
    }
    Ok(all.filter(|row| filter.accepts(layer.attributes.as_ref(), *row as usize)).collect())
}

fn refuse_bad_coordinates(
    spec: &LayerSpec,
    layer: &mut FileLayer,
    set_aside: bool,
    findings: &mut Vec<Finding>,
) -> Result<(), ReadError> {
    // No system has coordinates beyond a hundred thousand kilometres.
    let bad = |c: &Coord<f64>| !(c.x.abs() <= 1e8 && c.y.abs() <= 1e8);
    if !layer.shapes.coords().iter().any(bad) {
        return Ok(());
    }
    let mut kept = Shapes::new(layer.shapes.kind());
    for row in 0..layer.shapes.len() {
        let found = layer.shapes.parts(row).flatten().enumerate().find(|(_, c)| bad(c));
        match found {
            None => kept.push(layer.shapes.parts(row)),
            Some((vertex, c)) if !set_aside => {
                return Err(ReadError::BadCoordinate {
                    path: spec.path.clone(),
                    row: row + 1,
                    vertex: vertex + 1,
                    x: c.x,
                    y: c.y,
                });
            }
            Some((_, c)) => {
                findings.push(
                    Finding::new(FindingCode::BadCoordinate)
                        .with("id", format!("row {}", row + 1))
                        .with("value", format!("({}, {})", c.x, c.y))
                        .on(Origin { layer: 0, row: row as u32 }),
                );
                kept.push([]);
            }
        }
    }
    layer.shapes = kept;
    Ok(())
}

pub(crate) fn row_name(raw: &RawLayer, row: usize) -> String {
    raw.text(Field::Name, row)
        .or_else(|| raw.text(Field::Id, row))
        .map_or_else(|| format!("row {}", row + 1), str::to_owned)
}

fn report_shapes(raw: &RawLayer, findings: &mut Vec<Finding>) {
    for row in 0..raw.len() {
        let origin = Origin { layer: 0, row: row as u32 };
        let about = |code: FindingCode| {
            let finding = Finding::new(code).with("id", row_name(raw, row)).on(origin);
            match raw.shapes.point(row) {
                Some(place) => finding.at(place),
                None => finding,
            }
        };
        let parts = raw.shapes.part_count(row);
        if parts == 0 {
            findings.push(about(FindingCode::NoGeometry));
        } else if raw.shapes.kind() == ShapeKind::Line {
            if parts > 1 {
                findings.push(about(FindingCode::Multipart).with("parts", parts));
            }
            let first = raw.shapes.point(row);
            if raw.shapes.parts(row).flatten().all(|c| Some(*c) == first) {
                findings.push(about(FindingCode::ZeroLength));
            }
        }
    }
}

/// Ids of drainers that stand in several layers.
fn report_shared_ids(survey: &mut RawSurvey) {
    let mut ids: Vec<(&str, u16, u32)> = survey
        .layers_of(Role::Drainers)
        .flat_map(|(l, layer)| {
            (0..layer.len()).filter_map(move |row| Some((layer.text(Field::Id, row)?, l, row as u32)))
        })
        .collect();
    ids.sort_unstable();
    ids.dedup_by_key(|id| (id.0, id.1));
    let found: Vec<Finding> = ids
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .map(|group| {
            Finding::new(FindingCode::SharedId)
                .with("id", group[0].0)
                .with("count", group.len())
                .with_word("value", "drainers", "排水户")
                .on(Origin { layer: group[0].1, row: group[0].2 })
        })
        .collect();
    survey.findings.extend(found);
}

/// Pipes that are recorded as abandoned, removed or not yet built, by what they are recorded as.
fn report_out_of_service(survey: &mut RawSurvey) {
    let mut found = Vec::new();
    for (l, layer) in survey.layers_of(Role::Pipes) {
        let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for row in 0..layer.len() {
            if let Some(state) = layer.text(Field::State, row) {
                counts.entry(state).or_insert((0, row as u32)).0 += 1;
            }
        }
        for (state, (count, row)) in counts.into_iter().filter(|c| is_out_of_service(c.0)) {
            let finding = Finding::new(FindingCode::OutOfService).with("count", count).with("value", state);
            found.push(finding.on(Origin { layer: l, row }));
        }
    }
    survey.findings.extend(found);
}

/// Where several layers of pipes are read, those that do not say what they carry may join what they should not.
fn report_unknown_systems(survey: &mut RawSurvey) {
    let layers: Vec<(u16, &RawLayer)> = survey.layers_of(Role::Pipes).collect();
    if layers.len() < 2 {
        return;
    }
    let unknown =
        |layer: &RawLayer| (0..layer.len()).filter(|row| layer.system(*row) == System::Unknown).count();
    let found: Vec<Finding> = layers
        .into_iter()
        .filter_map(|(l, layer)| {
            let count = unknown(layer);
            let finding =
                Finding::new(FindingCode::SystemUnknown).with("count", count).with("total", layer.len());
            (count > 0).then(|| finding.on(Origin { layer: l, row: 0 }))
        })
        .collect();
    survey.findings.extend(found);
}

/// The rows whose id may stand on another row too, by a hash of it: all that do, and one in sixteen of the others.
fn maybe_twice(layer: &RawLayer) -> Vec<(&str, u32)> {
    let hash = |row: usize| {
        let mut hasher = DefaultHasher::new();
        layer.text(Field::Id, row)?.hash(&mut hasher);
        Some(hasher.finish())
    };
    let hashes: Vec<Option<u64>> = (0..layer.len()).into_par_iter().map(hash).collect();
    // A bit for each of sixteen times as many hashes as there are rows: seen, and seen again.
    let words = (16 * layer.len()).next_power_of_two().div_ceil(64);
    let bit = |hash: u64| ((hash as usize >> 6) % words, 1u64 << (hash & 63));
    let (mut seen, mut again) = (vec![0u64; words], vec![0u64; words]);
    for (word, mask) in hashes.iter().flatten().map(|h| bit(*h)) {
        again[word] |= seen[word] & mask;
        seen[word] |= mask;
    }
    let is_again = |hash: u64| {
        let (word, mask) = bit(hash);
        again[word] & mask != 0
    };
    let rows = (0..layer.len()).filter(|row| hashes[*row].is_some_and(is_again));
    rows.filter_map(|row| Some((layer.text(Field::Id, row)?, row as u32))).collect()
}

/// Ids that stand on several rows of one layer.
fn report_duplicate_ids(survey: &mut RawSurvey) {
    let mut found = Vec::new();
    for (index, layer) in survey.layers.iter().enumerate() {
        if !layer.columns.contains_key(&Field::Id) {
            continue;
        }
        let mut twice: Vec<(&str, u32)> = maybe_twice(layer);
        twice.sort_unstable();
        for group in twice.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            let (id, row) = group[0];
            let mut finding = Finding::new(FindingCode::DuplicateId)
                .with("id", id)
                .with("count", group.len())
                .on(Origin { layer: index as u16, row });
            if let Some(place) = layer.shapes.point(row as usize) {
                finding = finding.at(place);
            }
            found.push(finding);
        }
    }
    survey.findings.extend(found);
}
