//! Well-known binary geometry, and the GeoPackage header around it.
//!
//! # Reference
//! OGC 06-103r4 clause 8; GeoPackage 1.3 clause 2.1.3.

use suyuan_core::Coord;
use suyuan_core::raw::ShapeKind;

use crate::layer::orient_ring;

/// A geometry: its kind and its parts.
pub(crate) type Geometry = (ShapeKind, Vec<Vec<Coord<f64>>>);

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let value = self.bytes.get(self.at..self.at + N)?.try_into().ok()?;
        self.at += N;
        Some(value)
    }

    fn u32(&mut self, little: bool) -> Option<u32> {
        let bytes = self.take()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self, little: bool) -> Option<f64> {
        let bytes = self.take()?;
        Some(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn points(&mut self, little: bool, dimensions: usize, count: usize) -> Option<Vec<Coord<f64>>> {
        if count.checked_mul(dimensions * 8)? > self.bytes.len() - self.at {
            return None;
        }
        (0..count)
            .map(|_| {
                let place = Coord { x: self.f64(little)?, y: self.f64(little)? };
                self.at += (dimensions - 2) * 8;
                Some(place)
            })
            .collect()
    }

    fn geometry(&mut self, depth: usize) -> Option<Geometry> {
        if depth > 8 {
            return None;
        }
        let little = self.take::<1>()?[0] == 1;
        let code = self.u32(little)?;
        // ISO adds thousands for Z, M and ZM; the older EWKB sets high bits.
        let extra = (code / 1000) % 4;
        let dimensions = match extra {
            0 => 2 + usize::from(code & 0x8000_0000 != 0) + usize::from(code & 0x4000_0000 != 0),
            3 => 4,
            _ => 3,
        };
        if code & 0x2000_0000 != 0 {
            self.u32(little)?;
        }
        match (code & 0x0fff_ffff) % 1000 {
            1 => {
                let place = self.points(little, dimensions, 1)?;
                let empty = place[0].x.is_nan() && place[0].y.is_nan();
                Some((ShapeKind::Point, if empty { Vec::new() } else { vec![place] }))
            }
            2 => {
                let count = self.u32(little)? as usize;
                let line = self.points(little, dimensions, count)?;
                Some((ShapeKind::Line, if line.is_empty() { Vec::new() } else { vec![line] }))
            }
            3 => {
                let rings = self.u32(little)?;
                let mut parts = Vec::new();
                for ring in 0..rings {
                    let count = self.u32(little)? as usize;
                    let mut points = self.points(little, dimensions, count)?;
                    orient_ring(&mut points, ring == 0);
                    parts.push(points);
                }
                Some((ShapeKind::Polygon, parts))
            }
            4..=7 => {
                let count = self.u32(little)?;
                let mut kind = ShapeKind::None;
                let mut parts = Vec::new();
                for _ in 0..count {
                    let (inner, more) = self.geometry(depth + 1)?;
                    if kind == ShapeKind::None {
                        kind = inner;
                    }
                    if inner == kind {
                        parts.extend(more);
                    }
                }
                Some((kind, parts))
            }
            _ => None,
        }
    }
}

/// Reads well-known binary; `None` if it is damaged or of a kind not known here.
pub(crate) fn read_wkb(bytes: &[u8]) -> Option<Geometry> {
    Reader { bytes, at: 0 }.geometry(0)
}

/// Reads the geometry blob of a GeoPackage.
pub(crate) fn read_gpkg_blob(bytes: &[u8]) -> Option<Geometry> {
    if bytes.len() < 8 || &bytes[..2] != b"GP" {
        return None;
    }
    let flags = bytes[3];
    if flags & 0x10 != 0 {
        return Some((ShapeKind::None, Vec::new())); // the empty geometry
    }
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return None,
    };
    read_wkb(bytes.get(8 + envelope..)?)
}
