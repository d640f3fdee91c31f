//! GeoJSON in degrees.
//!
//! # Reference
//! RFC 7946: WGS 84 longitude and latitude, outer rings anticlockwise, seven decimals (about a centimetre).

use serde_json::{Map, Number, Value as Json, json};
use suyuan_core::Coord;
use suyuan_core::crs::{Crs, CrsError, Transform};
use suyuan_core::raw::ShapeKind;

use crate::gpkg::unique_names;
use crate::rings::polygons;
use crate::table::{Table, Values};

/// The text of a table.
pub(crate) fn text(table: &Table, crs: &Crs) -> Result<String, CrsError> {
    let transform = if table.shapes.kind() == ShapeKind::None || crs.is_local() {
        None // a plane of its own keeps its coordinates: there are no degrees for it
    } else {
        Some(Transform::new(crs, &crs.geographic_twin())?)
    };
    let place = |c: &Coord<f64>| -> Result<Json, CrsError> {
        let c = match &transform {
            Some(transform) => transform.apply(*c)?,
            None => *c,
        };
        let round = |v: f64| (v * 1e7).round() / 1e7;
        Ok(json!([round(c.x), round(c.y)]))
    };
    let line = |part: &[Coord<f64>]| part.iter().map(place).collect::<Result<Vec<Json>, _>>();
    let ring = |part: &[Coord<f64>]| part.iter().rev().map(place).collect::<Result<Vec<Json>, _>>();
    let names = unique_names(&table.columns);
    let mut features = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let parts: Vec<&[Coord<f64>]> = if table.shapes.kind() == ShapeKind::None {
            Vec::new()
        } else {
            table.shapes.parts(row).collect()
        };
        let geometry = match (table.shapes.kind(), parts.len()) {
            (_, 0) | (ShapeKind::None, _) => Json::Null,
            (ShapeKind::Point, _) => json!({"type": "Point", "coordinates": place(&parts[0][0])?}),
            (ShapeKind::Line, 1) => json!({"type": "LineString", "coordinates": line(parts[0])?}),
            (ShapeKind::Line, _) => {
                let lines = parts.iter().map(|p| line(p)).collect::<Result<Vec<_>, _>>()?;
                json!({"type": "MultiLineString", "coordinates": lines})
            }
            (ShapeKind::Polygon, _) => {
                let all = polygons(&parts)
                    .iter()
                    .map(|p| p.iter().map(|r| ring(r)).collect::<Result<Vec<_>, _>>())
                    .collect::<Result<Vec<_>, _>>()?;
                if all.len() == 1 {
                    json!({"type": "Polygon", "coordinates": all[0]})
                } else {
                    json!({"type": "MultiPolygon", "coordinates": all})
                }
            }
        };
        let mut properties = Map::new();
        for (name, column) in names.iter().zip(&table.columns) {
            properties.insert(name.clone(), value(&column.values, row));
        }
        features.push(json!({"type": "Feature", "geometry": geometry, "properties": properties}));
    }
    let mut root = Map::new();
    root.insert("type".to_owned(), json!("FeatureCollection"));
    root.insert("name".to_owned(), json!(table.name));
    root.insert("features".to_owned(), Json::Array(features));
    Ok(format!("{}\n", Json::Object(root)))
}

fn value(values: &Values, row: usize) -> Json {
    match values {
        Values::Text(v) if v.at(row).is_empty() => Json::Null,
        Values::Text(v) => json!(v.at(row)),
        Values::Integer(v) => json!(v[row]),
        Values::Real(v) => Number::from_f64(v[row]).map_or(Json::Null, Json::Number),
        Values::Boolean(v) => json!(v[row]),
    }
}
