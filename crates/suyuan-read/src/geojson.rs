//! GeoJSON feature collections.
//!
//! # Reference
//! RFC 7946; the older `crs` member is honoured where it names an EPSG code.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use suyuan_core::crs::Crs;
use suyuan_core::raw::{AttributeField, MemoryAttributes, ShapeKind, Shapes, Value, ValueKind};
use suyuan_core::{Coord, Finding};

use crate::error::ReadError;
use crate::gpkg::wrong_shape;
use crate::layer::{FileLayer, orient_ring};

/// Reads a GeoJSON file.
pub(crate) fn read(path: &Path) -> Result<FileLayer, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let damaged = |what: String| ReadError::Damaged { path: path.to_owned(), what };
    let root: Json = serde_json::from_slice(&bytes).map_err(|e| damaged(format!("as GeoJSON: {e}")))?;
    let features = root
        .get("features")
        .and_then(Json::as_array)
        .ok_or_else(|| damaged("it is no GeoJSON FeatureCollection".to_owned()))?;
    let crs = match root.pointer("/crs/properties/name").and_then(Json::as_str) {
        Some(name) if name.ends_with("CRS84") => Crs::from_epsg(4326),
        Some(name) => Crs::parse(&format!("EPSG:{}", name.rsplit(':').next().unwrap_or(name))),
        None => Crs::from_epsg(4326),
    };
    let crs = crs.map_err(|source| ReadError::Crs { path: path.to_owned(), source })?;

    let mut fields: Vec<AttributeField> = Vec::new();
    for properties in features.iter().filter_map(|f| f.get("properties")?.as_object()) {
        for (name, value) in properties {
            let kind = kind_of(value);
            match fields.iter_mut().find(|f| f.name == *name) {
                Some(field) => field.kind = wider(field.kind, kind),
                None => fields.push(AttributeField {
                    name: name.clone(),
                    kind: kind.unwrap_or(ValueKind::Text),
                    width: 0,
                    decimals: 0,
                }),
            }
        }
    }
    let mut kind = ShapeKind::None;
    let mut geometries: Vec<Vec<Vec<Coord<f64>>>> = Vec::with_capacity(features.len());
    let mut rows = Vec::with_capacity(features.len());
    let mut findings: Vec<Finding> = Vec::new();
    for (i, feature) in features.iter().enumerate() {
        let (found, parts) = match feature.get("geometry") {
            None | Some(Json::Null) => (ShapeKind::None, Vec::new()),
            Some(geometry) => read_geometry(geometry).ok_or_else(|| {
                damaged(format!("the geometry of feature {} is no GeoJSON geometry", i + 1))
            })?,
        };
        if kind == ShapeKind::None {
            kind = found;
        }
        if found == kind || parts.is_empty() {
            geometries.push(parts);
        } else {
            findings.push(wrong_shape(i, found, kind));
            geometries.push(Vec::new());
        }
        let properties = feature.get("properties").and_then(Json::as_object);
        rows.push(
            fields
                .iter()
                .map(|f| properties.and_then(|p| p.get(&f.name)).map_or(Value::Null, value_of))
                .collect(),
        );
    }
    let mut shapes = Shapes::new(kind);
    for parts in &geometries {
        shapes.push(parts.iter().map(Vec::as_slice));
    }
    Ok(FileLayer {
        name: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "GeoJSON",
        encoding: String::new(),
        shapes,
        attributes: Arc::new(MemoryAttributes { fields, rows }),
        crs: Some(crs),
        bad_crs: None,
        findings,
    })
}

fn kind_of(value: &Json) -> Option<ValueKind> {
    match value {
        Json::Null => None,
        Json::Bool(_) => Some(ValueKind::Boolean),
        Json::Number(n) if n.is_i64() => Some(ValueKind::Integer),
        Json::Number(_) => Some(ValueKind::Real),
        _ => Some(ValueKind::Text),
    }
}

fn wider(known: ValueKind, more: Option<ValueKind>) -> ValueKind {
    match (known, more) {
        (known, None) => known,
        (known, Some(more)) if known == more => known,
        (ValueKind::Integer | ValueKind::Real, Some(ValueKind::Integer | ValueKind::Real)) => ValueKind::Real,
        _ => ValueKind::Text,
    }
}

fn value_of(value: &Json) -> Value<'static> {
    match value {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Boolean(*b),
        Json::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(i), _) => Value::Integer(i),
            (None, Some(f)) => Value::Real(f),
            (None, None) => Value::Null,
        },
        Json::String(s) if s.trim().is_empty() => Value::Null,
        Json::String(s) => Value::Text(s.trim().to_owned().into()),
        other => Value::Text(other.to_string().into()),
    }
}

fn place(json: &Json) -> Option<Coord<f64>> {
    let pair = json.as_array()?;
    Some(Coord { x: pair.first()?.as_f64()?, y: pair.get(1)?.as_f64()? })
}

fn line(json: &Json) -> Option<Vec<Coord<f64>>> {
    json.as_array()?.iter().map(place).collect()
}

fn polygon(json: &Json) -> Option<Vec<Vec<Coord<f64>>>> {
    json.as_array()?
        .iter()
        .enumerate()
        .map(|(i, ring)| {
            let mut ring = line(ring)?;
            orient_ring(&mut ring, i == 0);
            Some(ring)
        })
        .collect()
}

fn read_geometry(json: &Json) -> Option<(ShapeKind, Vec<Vec<Coord<f64>>>)> {
    let coordinates = json.get("coordinates");
    let (kind, parts) = match json.get("type")?.as_str()? {
        "Point" => (ShapeKind::Point, vec![vec![place(coordinates?)?]]),
        "MultiPoint" => {
            (ShapeKind::Point, line(coordinates?)?.into_iter().take(1).map(|p| vec![p]).collect())
        }
        "LineString" => (ShapeKind::Line, vec![line(coordinates?)?]),
        "MultiLineString" => {
            (ShapeKind::Line, coordinates?.as_array()?.iter().map(line).collect::<Option<_>>()?)
        }
        "Polygon" => (ShapeKind::Polygon, polygon(coordinates?)?),
        "MultiPolygon" => {
            let parts: Option<Vec<_>> = coordinates?.as_array()?.iter().map(polygon).collect();
            (ShapeKind::Polygon, parts?.into_iter().flatten().collect())
        }
        "GeometryCollection" => {
            let inner: Option<Vec<_>> =
                json.get("geometries")?.as_array()?.iter().map(read_geometry).collect();
            let inner = inner?;
            let kind = inner.first().map_or(ShapeKind::None, |g| g.0);
            (kind, inner.into_iter().filter(|g| g.0 == kind).flat_map(|g| g.1).collect())
        }
        _ => return None,
    };
    Some((kind, parts.into_iter().filter(|p| !p.is_empty()).collect()))
}
