//! GeoPackage layers.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use suyuan_core::crs::{Crs, CrsError};
use suyuan_core::raw::{AttributeField, MemoryAttributes, ShapeKind, Shapes, Value, ValueKind};
use suyuan_core::{Finding, FindingCode, Origin};

use crate::error::ReadError;
use crate::layer::{FileLayer, declaration};
use crate::wkb::read_gpkg_blob;

fn damaged(path: &Path) -> impl Fn(rusqlite::Error) -> ReadError + '_ {
    move |error| ReadError::Damaged { path: path.to_owned(), what: format!("as a GeoPackage: {error}") }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads one layer: the one of that name, or the only one.
pub(crate) fn read(path: &Path, layer: Option<&str>) -> Result<FileLayer, ReadError> {
    if !path.exists() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        return Err(ReadError::Open { path: path.to_owned(), source });
    }
    let error = damaged(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&error)?;
    let names: Vec<String> = connection
        .prepare("SELECT table_name FROM gpkg_geometry_columns ORDER BY table_name")
        .and_then(|mut s| s.query_map([], |r| r.get(0))?.collect())
        .map_err(&error)?;
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
        None if names.is_empty() => {
            let what = "it holds no layer with geometry".to_owned();
            return Err(ReadError::Damaged { path: path.to_owned(), what });
        }
        None => return Err(ReadError::WhichLayer { path: path.to_owned(), layers: names }),
    };
    let (column, srs): (String, i64) = connection
        .query_row(
            "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?1",
            [&name],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .map_err(&error)?;
    let (crs, bad_crs) = declaration(read_crs(&connection, path, srs)?);
    let mut findings = Vec::new();
    let (shapes, attributes) = read_rows(&connection, path, &name, &column, &mut findings)?;
    Ok(FileLayer {
        name,
        format: "GeoPackage",
        encoding: String::new(),
        shapes,
        attributes: Arc::new(attributes),
        crs,
        bad_crs,
        findings,
    })
}

fn read_crs(
    connection: &Connection,
    path: &Path,
    srs: i64,
) -> Result<Option<Result<Crs, CrsError>>, ReadError> {
    if srs <= 0 {
        return Ok(None);
    }
    let row: Result<(String, i64, String), _> = connection.query_row(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
        [srs],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    );
    let (organization, code, definition) = row.map_err(damaged(path))?;
    if organization.eq_ignore_ascii_case("epsg")
        && let Ok(crs) = Crs::from_epsg(code as u32)
    {
        return Ok(Some(Ok(crs)));
    }
    Ok(Some(Crs::from_wkt(&definition)))
}

fn read_rows(
    connection: &Connection,
    path: &Path,
    name: &str,
    geometry: &str,
    findings: &mut Vec<Finding>,
) -> Result<(Shapes, MemoryAttributes), ReadError> {
    let error = damaged(path);
    let mut info = connection.prepare(&format!("PRAGMA table_info({})", quote(name))).map_err(&error)?;
    let columns: Vec<(String, String, bool)> = info
        .query_map([], |r| Ok((r.get(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(5)? > 0)))
        .and_then(Iterator::collect)
        .map_err(&error)?;
    let key = columns.iter().find(|c| c.2).map(|c| quote(&c.0)).unwrap_or_else(|| "rowid".to_owned());
    let plain: Vec<&(String, String, bool)> = columns.iter().filter(|c| c.0 != geometry && !c.2).collect();
    let list: Vec<String> =
        std::iter::once(quote(geometry)).chain(plain.iter().map(|c| quote(&c.0))).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {key}", list.join(", "), quote(name));
    let mut statement = connection.prepare(&sql).map_err(&error)?;
    let mut rows = statement.query([]).map_err(&error)?;
    let mut attributes = MemoryAttributes {
        fields: plain
            .iter()
            .map(|(name, kind, _)| {
                let kind = kind.to_ascii_uppercase();
                let kind = if kind.contains("INT") {
                    ValueKind::Integer
                } else if ["REAL", "DOUBLE", "FLOAT", "NUMERIC"].iter().any(|k| kind.contains(k)) {
                    ValueKind::Real
                } else if kind.contains("BOOL") {
                    ValueKind::Boolean
                } else if kind.contains("DATE") {
                    ValueKind::Date
                } else {
                    ValueKind::Text
                };
                AttributeField { name: name.clone(), kind, width: 0, decimals: 0 }
            })
            .collect(),
        rows: Vec::new(),
    };
    let mut geometries = Vec::new();
    let mut kind = ShapeKind::None;
    while let Some(row) = rows.next().map_err(&error)? {
        let index = geometries.len();
        let parts = match row.get_ref(0).map_err(&error)? {
            ValueRef::Blob(blob) => {
                let (found, parts) = read_gpkg_blob(blob).ok_or_else(|| ReadError::Damaged {
                    path: path.to_owned(),
                    what: format!("the geometry of row {} in layer {name} is damaged", index + 1),
                })?;
                if kind == ShapeKind::None {
                    kind = found;
                }
                if found == kind || parts.is_empty() {
                    parts
                } else {
                    findings.push(wrong_shape(index, found, kind));
                    Vec::new()
                }
            }
            _ => Vec::new(),
        };
        geometries.push(parts);
        let mut values = Vec::with_capacity(attributes.fields.len());
        for (i, field) in attributes.fields.iter().enumerate() {
            values.push(match row.get_ref(i + 1).map_err(&error)? {
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                ValueRef::Integer(v) if field.kind == ValueKind::Boolean => Value::Boolean(v != 0),
                ValueRef::Integer(v) => Value::Integer(v),
                ValueRef::Real(v) => Value::Real(v),
                ValueRef::Text(t) => {
                    let text = String::from_utf8_lossy(t).trim().to_owned();
                    if text.is_empty() { Value::Null } else { Value::Text(text.into()) }
                }
            });
        }
        attributes.rows.push(values);
    }
    let mut shapes = Shapes::new(kind);
    for parts in &geometries {
        shapes.push(parts.iter().map(Vec::as_slice));
    }
    Ok((shapes, attributes))
}

/// The finding for a row whose geometry is of another kind than its layer's.
pub(crate) fn wrong_shape(row: usize, found: ShapeKind, expected: ShapeKind) -> Finding {
    let words = |kind| match kind {
        ShapeKind::Point => ("point", "点"),
        ShapeKind::Line => ("line", "线"),
        ShapeKind::Polygon => ("polygon", "面"),
        ShapeKind::None => ("feature without geometry", "无图形要素"),
    };
    Finding::new(FindingCode::WrongShape)
        .with("id", format!("row {}", row + 1))
        .with_word("value", words(found).0, words(found).1)
        .with_word("expected", words(expected).0, words(expected).1)
        .on(Origin { layer: 0, row: row as u32 })
}
