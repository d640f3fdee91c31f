//! Well-known binary, and the geometry blobs of a GeoPackage around it.
//!
//! # Reference
//! GeoPackage 1.3 clause 2.1.3; OGC 06-103r4 clause 8.

use suyuan_core::Coord;
use suyuan_core::raw::{ShapeKind, Shapes};

use crate::rings::polygons;

/// The box around some coordinates: least x, greatest x, least y, greatest y.
pub(crate) type Bounds = [f64; 4];

/// The box around some coordinates, `None` without any.
pub(crate) fn around(coords: &[Coord<f64>]) -> Option<Bounds> {
    let (first, others) = coords.split_first()?;
    Some(others.iter().fold([first.x, first.x, first.y, first.y], |b, c| {
        [b[0].min(c.x), b[1].max(c.x), b[2].min(c.y), b[3].max(c.y)]
    }))
}

/// The type name of a layer: single where every feature has one part.
pub(crate) fn type_name(shapes: &Shapes) -> &'static str {
    let single = match shapes.kind() {
        ShapeKind::Polygon => {
            (0..shapes.len()).all(|r| polygons(&shapes.parts(r).collect::<Vec<_>>()).len() <= 1)
        }
        _ => (0..shapes.len()).all(|r| shapes.part_count(r) <= 1),
    };
    match (shapes.kind(), single) {
        (ShapeKind::Point, _) => "POINT",
        (ShapeKind::Line, true) => "LINESTRING",
        (ShapeKind::Line, false) => "MULTILINESTRING",
        (ShapeKind::Polygon, true) => "POLYGON",
        (ShapeKind::Polygon, false) => "MULTIPOLYGON",
        (ShapeKind::None, _) => "",
    }
}

fn points(out: &mut Vec<u8>, coords: &[Coord<f64>]) {
    out.extend_from_slice(&(coords.len() as u32).to_le_bytes());
    out.reserve(16 * coords.len());
    for c in coords {
        let mut both = [0; 16];
        both[..8].copy_from_slice(&c.x.to_le_bytes());
        both[8..].copy_from_slice(&c.y.to_le_bytes());
        out.extend_from_slice(&both);
    }
}

fn head(out: &mut Vec<u8>, code: u32) {
    out.push(1);
    out.extend_from_slice(&code.to_le_bytes());
}

/// Appends the blob of a feature; `false` without geometry.
pub(crate) fn write_blob(out: &mut Vec<u8>, shapes: &Shapes, row: usize, srs: i32, multi: bool) -> bool {
    if shapes.kind() == ShapeKind::None {
        return false;
    }
    let Some(bounds) = around(shapes.coords_of(row)) else { return false };
    out.extend_from_slice(b"GP\0");
    let envelope = shapes.kind() != ShapeKind::Point;
    out.push(if envelope { 0b0000_0011 } else { 0b0000_0001 });
    out.extend_from_slice(&srs.to_le_bytes());
    if envelope {
        for value in bounds {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
    write_wkb(out, shapes, row, multi);
    true
}

/// Appends the well-known binary of a feature, as one of several parts where it has several or `multi` asks for it; tells its
/// type, `None` without geometry.
pub(crate) fn write_wkb(out: &mut Vec<u8>, shapes: &Shapes, row: usize, multi: bool) -> Option<&'static str> {
    if shapes.part_count(row) == 0 {
        return None;
    }
    match shapes.kind() {
        ShapeKind::None => None,
        ShapeKind::Point => {
            head(out, 1);
            let place = shapes.point(row).unwrap_or_default();
            out.extend(place.x.to_le_bytes());
            out.extend(place.y.to_le_bytes());
            Some("Point")
        }
        ShapeKind::Line => {
            let multi = multi || shapes.part_count(row) > 1;
            if multi {
                head(out, 5);
                out.extend((shapes.part_count(row) as u32).to_le_bytes());
            }
            for part in shapes.parts(row) {
                head(out, 2);
                points(out, part);
            }
            Some(if multi { "MultiLineString" } else { "LineString" })
        }
        ShapeKind::Polygon => {
            let rings: Vec<&[Coord<f64>]> = shapes.parts(row).collect();
            let polygons = polygons(&rings);
            let multi = multi || polygons.len() > 1;
            if multi {
                head(out, 6);
                out.extend((polygons.len() as u32).to_le_bytes());
            }
            for polygon in &polygons {
                head(out, 3);
                out.extend((polygon.len() as u32).to_le_bytes());
                for ring in polygon {
                    points(out, ring);
                }
            }
            Some(if multi { "MultiPolygon" } else { "Polygon" })
        }
    }
}
