//! Every other vector format, through the system's GDAL.

use std::path::Path;
use std::sync::Arc;

use gdal::vector::{FieldValue, LayerAccess};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use suyuan_core::crs::Crs;
use suyuan_core::raw::{AttributeField, MemoryAttributes, ShapeKind, Shapes, Value, ValueKind};

use crate::error::ReadError;
use crate::gpkg::wrong_shape;
use crate::layer::{FileLayer, declaration};
use crate::wkb::read_wkb;

/// Reads one layer: the one of that name, or the only one.
pub(crate) fn read(path: &Path, layer: Option<&str>) -> Result<FileLayer, ReadError> {
    let damaged = |what: String| ReadError::Damaged { path: path.to_owned(), what };
    let fail = |e: gdal::errors::GdalError| damaged(format!("through GDAL: {e}"));
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_READONLY,
        ..DatasetOptions::default()
    };
    let dataset = Dataset::open_ex(path, options)
        .map_err(|_| ReadError::UnknownFormat { path: path.to_owned(), known: crate::open::endings() })?;
    let names: Vec<String> = dataset.layers().map(|l| l.name()).collect();
    let name = match layer {
        Some(layer) if names.iter().any(|n| n == layer) => layer.to_owned(),
        Some(layer) => {
            return Err(ReadError::NoSuchLayer {
                path: path.to_owned(),
                layer: layer.to_owned(),
                layers: names,
            });
        }
        None if names.len() == 1 => names[0].clone(),
        None if names.is_empty() => return Err(damaged("it holds no layer".to_owned())),
        None => return Err(ReadError::WhichLayer { path: path.to_owned(), layers: names }),
    };
    let mut source = dataset.layer_by_name(&name).map_err(fail)?;
    let wkt = source.spatial_ref().and_then(|s| s.to_wkt().ok()).filter(|w| !w.is_empty());
    let (crs, bad_crs) = declaration(wkt.map(|wkt| Crs::from_wkt(&wkt)));
    let fields: Vec<AttributeField> = source
        .defn()
        .fields()
        .map(|f| AttributeField {
            name: f.name(),
            kind: match f.field_type() {
                gdal::vector::OGRFieldType::OFTInteger | gdal::vector::OGRFieldType::OFTInteger64 => {
                    ValueKind::Integer
                }
                gdal::vector::OGRFieldType::OFTReal => ValueKind::Real,
                gdal::vector::OGRFieldType::OFTDate | gdal::vector::OGRFieldType::OFTDateTime => {
                    ValueKind::Date
                }
                _ => ValueKind::Text,
            },
            width: 0,
            decimals: 0,
        })
        .collect();
    let mut kind = ShapeKind::None;
    let mut geometries = Vec::new();
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for (row, feature) in source.features().enumerate() {
        let geometry = match feature.geometry() {
            None => (ShapeKind::None, Vec::new()),
            Some(geometry) => {
                let wkb = geometry.wkb().map_err(fail)?;
                read_wkb(&wkb)
                    .ok_or_else(|| damaged(format!("the geometry of row {} is not understood", row + 1)))?
            }
        };
        if kind == ShapeKind::None {
            kind = geometry.0;
        }
        if geometry.0 == kind || geometry.1.is_empty() {
            geometries.push(geometry.1);
        } else {
            findings.push(wrong_shape(row, geometry.0, kind));
            geometries.push(Vec::new());
        }
        let values = (0..fields.len())
            .map(|at| {
                Ok(match feature.field(at).map_err(fail)? {
                    Some(FieldValue::IntegerValue(v)) => Value::Integer(i64::from(v)),
                    Some(FieldValue::Integer64Value(v)) => Value::Integer(v),
                    Some(FieldValue::RealValue(v)) if v.is_finite() => Value::Real(v),
                    Some(FieldValue::StringValue(t)) if !t.trim().is_empty() => {
                        Value::Text(t.trim().to_owned().into())
                    }
                    Some(FieldValue::DateValue(d)) => Value::Date(d.to_string().into()),
                    Some(FieldValue::DateTimeValue(d)) => Value::Date(format!("{d:?}").into()),
                    _ => Value::Null,
                })
            })
            .collect::<Result<Vec<_>, ReadError>>()?;
        rows.push(values);
    }
    let mut shapes = Shapes::new(kind);
    for parts in &geometries {
        shapes.push(parts.iter().map(Vec::as_slice));
    }
    Ok(FileLayer {
        name,
        format: "GDAL",
        encoding: String::new(),
        shapes,
        attributes: Arc::new(MemoryAttributes { fields, rows }),
        crs,
        bad_crs,
        findings,
    })
}
