//! Layers to a survey: one projected coordinate system in metres, rows filtered, columns understood.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;
use suyuan_core::crs::{Crs, Datum, Transform, looks_swapped};
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

/// Reads every layer of a survey.
///
/// # Shape
/// One layer for each that was given, in that order (a SWMM model gives several). All in the coordinate system of the
/// first pipe layer if that is projected in metres; else in its twin in metres, or in the metric system around its
/// first place.
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
    for spec in specs {
        if spec.extension() == "inp" {
            let model = inp::read_inp(&spec.path, spec.crs.as_deref().or(options.crs.as_deref()))?;
            survey.crs = model.crs.clone();
            let shift = survey.layers.len() as u16;
            survey.findings.extend(model.findings.into_iter().map(|f| moved(f, shift)));
            survey.layers.extend(model.layers);
        } else if let Some(transfer) = open_transfer(spec, options)? {
            layers.extend(transfer);
        } else {
            layers.push((spec.clone(), open(spec, options)?));
        }
    }
    check_lenient(&layers)?;
    if let Some((target, from)) = target_crs(&layers, options)? {
        if survey.layers.is_empty() || survey.crs.is_local() {
            survey.crs = target;
        }
        let _ = from;
    }
    for (spec, layer) in layers {
        let index = survey.layers.len() as u16;
        let raw = finish(&spec, layer, &survey.crs, options, &dialects, &mut survey.findings, index)?;
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

/// Whether coordinates read like degrees.
fn like_degrees(shapes: &Shapes) -> bool {
    let mut coords = shapes.coords().iter().filter(|c| c.x.is_finite() && c.y.is_finite()).peekable();
    coords.peek().is_some() && coords.all(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0)
}

/// The system that every layer goes to, and the first place it was chosen by.
fn target_crs(
    layers: &[(LayerSpec, FileLayer)],
    options: &ReadOptions,
) -> Result<Option<(Crs, Coord<f64>)>, ReadError> {
    let first = layers.iter().find(|(s, _)| s.role == Role::Pipes).or_else(|| layers.first());
    let Some((spec, layer)) = first else { return Ok(None) };
    let start = layer.shapes.coords().iter().copied().find(|c| c.x.is_finite() && c.y.is_finite());
    let start = start.unwrap_or_default();
    let _ = options;
    let Some(crs) = &layer.crs else {
        if like_degrees(&layer.shapes) {
            return Err(ReadError::NoCrs { path: spec.path.clone() });
        }
        return Ok(Some((Crs::local("local metres"), start)));
    };
    if crs.geographic {
        let swapped = bounds(&layer.shapes).is_some_and(|(a, b)| looks_swapped(a, b, crs));
        let place = if swapped { Coord { x: start.y, y: start.x } } else { start };
        return Ok(Some((crs.metric_for(place.x, place.y), place)));
    }
    if crs.wkt.is_empty() {
        // A system that only PROJ knows: build around its place on the earth instead.
        let to_degrees = Crs::from_epsg(4326)
            .and_then(|degrees| Transform::new(crs, &degrees).map(|t| (degrees, t)))
            .and_then(|(degrees, t)| Ok(degrees.metric_for(t.apply(start)?.x, t.apply(start)?.y)));
        let target = to_degrees.map_err(|source| ReadError::Crs { path: spec.path.clone(), source })?;
        return Ok(Some((target, start)));
    }
    Ok(Some((crs.to_metres().unwrap_or_else(|| crs.clone()), start)))
}

fn bounds(shapes: &Shapes) -> Option<(Coord<f64>, Coord<f64>)> {
    let mut coords = shapes.coords().iter().filter(|c| c.x.is_finite() && c.y.is_finite());
    let first = *coords.next()?;
    Some(coords.fold((first, first), |(a, b), c| {
        (Coord { x: a.x.min(c.x), y: a.y.min(c.y) }, Coord { x: b.x.max(c.x), y: b.y.max(c.y) })
    }))
}

fn finish(
    spec: &LayerSpec,
    mut layer: FileLayer,
    target: &Crs,
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
    own.extend(understood.findings);
    let attributes: Arc<dyn Attributes> = if rows.len() == layer.attributes.len() {
        layer.attributes
    } else {
        Arc::new(Chosen { inner: layer.attributes, rows })
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
    project(spec, &raw, &mut shapes, layer.crs, target, &mut own)?;
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

/// Rows of another table, some left out.
#[derive(Debug)]
struct Chosen {
    inner: Arc<dyn Attributes>,
    rows: Vec<u32>,
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

/// Brings a layer into the survey's system, its axes and datum settled first.
fn project(
    spec: &LayerSpec,
    raw: &RawLayer,
    shapes: &mut Shapes,
    crs: Option<Crs>,
    target: &Crs,
    findings: &mut Vec<Finding>,
) -> Result<(), ReadError> {
    let fail = |source| ReadError::Crs { path: spec.path.clone(), source };
    let Some(crs) = crs else {
        if like_degrees(shapes) && !target.is_local() {
            return Err(ReadError::NoCrs { path: spec.path.clone() });
        }
        if !shapes.coords().is_empty() {
            findings.push(Finding::new(FindingCode::CrsAssumed).with("value", &target.name));
        }
        return Ok(());
    };
    if bounds(shapes).is_some_and(|(a, b)| looks_swapped(a, b, &crs)) {
        shapes.coords_mut().iter_mut().for_each(|c| *c = Coord { x: c.y, y: c.x });
        findings.push(Finding::new(FindingCode::AxesSwapped));
    }
    if crs.geographic {
        undo_datum(spec, raw, shapes, findings);
    }
    if target.is_local() {
        return if crs.geographic {
            Err(ReadError::Crs {
                path: spec.path.clone(),
                source: suyuan_core::crs::CrsError::Local { name: target.name.clone() },
            })
        } else {
            Ok(())
        };
    }
    let transform = Transform::new(&crs, target).map_err(fail)?;
    transform.apply_all(shapes.coords_mut()).map_err(|(_, source)| fail(source))
}

/// Undoes declared GCJ-02 and BD-09; venues whose degrees declare no datum are reported.
fn undo_datum(spec: &LayerSpec, raw: &RawLayer, shapes: &mut Shapes, findings: &mut Vec<Finding>) {
    let whole = spec.crs.as_deref().and_then(Datum::parse);
    let mut moved = Shapes::new(shapes.kind());
    for row in 0..shapes.len() {
        let datum = raw.text(Field::Datum, row).and_then(Datum::parse).or(whole);
        let in_china =
            shapes.point(row).is_some_and(|p| (72.0..138.0).contains(&p.x) && (0.8..56.0).contains(&p.y));
        if datum.is_none() && spec.role == Role::Venues && in_china {
            // Undeclared: the reader cannot tell a web map's point from a surveyed one.
            let finding = Finding::new(FindingCode::DatumUnknown)
                .with("id", row_name(raw, row))
                .with("value", "514–1133")
                .on(Origin { layer: 0, row: row as u32 });
            findings.push(finding);
        }
        let datum = datum.unwrap_or(Datum::Modern);
        let parts: Vec<Vec<Coord<f64>>> =
            shapes.parts(row).map(|p| p.iter().map(|c| datum.to_wgs84(*c)).collect()).collect();
        moved.push(parts.iter().map(Vec::as_slice));
    }
    *shapes = moved;
}

fn row_name(raw: &RawLayer, row: usize) -> String {
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

/// Ids that stand on several rows of one layer.
fn report_duplicate_ids(survey: &mut RawSurvey) {
    let mut found = Vec::new();
    for (index, layer) in survey.layers.iter().enumerate() {
        if !layer.columns.contains_key(&Field::Id) {
            continue;
        }
        // Sorted by a hash: numbers compare faster than texts.
        let hashed = |row: usize| {
            let id = layer.text(Field::Id, row)?;
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            Some((hasher.finish(), id, row as u32))
        };
        let mut ids: Vec<(u64, &str, u32)> = (0..layer.len()).into_par_iter().filter_map(hashed).collect();
        ids.par_sort_unstable();
        let mut twice: Vec<_> = ids.chunk_by(|a, b| a.1 == b.1).filter(|g| g.len() > 1).collect();
        twice.sort_unstable_by_key(|group| group[0].1);
        for group in twice {
            let (_, id, row) = group[0];
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
