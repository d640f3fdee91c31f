//! The geometry file.

use rayon::prelude::*;
use suyuan_core::Coord;
use suyuan_core::raw::{ShapeKind, Shapes};

/// Where the content of a record lies: offset and length in bytes.
pub(crate) type Record = (usize, usize);

fn be32(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn coord(bytes: &[u8], at: usize) -> Option<Coord<f64>> {
    let value = |at: usize| Some(f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Some(Coord { x: value(at)?, y: value(at + 8)? })
}

/// The records in row order: by the index file where there is one, else one after the other.
pub(crate) fn records(shp: &[u8], shx: Option<&[u8]>) -> Result<Vec<Record>, String> {
    if be32(shp, 0) != Some(9994) {
        return Err("it does not begin like a shapefile".to_owned());
    }
    let declared = be32(shp, 24).map_or(0, |words| words.max(0) as usize * 2);
    if declared > shp.len() {
        return Err(format!("it should have {declared} bytes and ends after {}", shp.len()));
    }
    let content = |at: usize, row: usize| -> Result<Record, String> {
        let length = be32(shp, at + 4).filter(|w| *w >= 2).map(|w| w as usize * 2);
        match length {
            Some(length) if at + 8 + length <= shp.len() => Ok((at + 8, length)),
            _ => Err(format!("record {} reaches beyond the end of the file", row + 1)),
        }
    };
    if let Some(shx) = shx.filter(|s| s.len() > 100 && be32(s, 0) == Some(9994)) {
        return (0..(shx.len() - 100) / 8)
            .map(|row| {
                let words = be32(shx, 100 + row * 8).filter(|w| *w >= 50);
                let at =
                    words.ok_or_else(|| format!("the index of record {} is wrong", row + 1))? as usize * 2;
                content(at, row)
            })
            .collect();
    }
    let mut records = Vec::new();
    let mut at = 100;
    while at + 8 <= shp.len() {
        let record = content(at, records.len())?;
        at = record.0 + record.1;
        records.push(record);
    }
    Ok(records)
}

/// What the shape types of the format are here.
fn kind_of(shape_type: i32) -> Option<ShapeKind> {
    match shape_type {
        0 => Some(ShapeKind::None),
        1 | 11 | 21 | 8 | 18 | 28 => Some(ShapeKind::Point),
        3 | 13 | 23 => Some(ShapeKind::Line),
        5 | 15 | 25 => Some(ShapeKind::Polygon),
        _ => None,
    }
}

/// One run of records read: flat coordinates, ends of parts, ends of features.
#[derive(Default)]
struct Run {
    coords: Vec<Coord<f64>>,
    part_ends: Vec<u32>,
    feature_ends: Vec<u32>,
}

impl Run {
    fn read(&mut self, shp: &[u8], record: Record, row: usize) -> Result<(), String> {
        let content = &shp[record.0..record.0 + record.1];
        let short = || format!("record {} is too short for its shape", row + 1);
        let shape_type = le32(content, 0).ok_or_else(short)?;
        match shape_type {
            0 => {}
            1 | 11 | 21 => {
                self.coords.push(coord(content, 4).ok_or_else(short)?);
                self.part_ends.push(self.coords.len() as u32);
            }
            8 | 18 | 28 => {
                let count = le32(content, 36).filter(|c| *c >= 0).ok_or_else(short)?;
                if count > 0 {
                    self.coords.push(coord(content, 40).ok_or_else(short)?);
                    self.part_ends.push(self.coords.len() as u32);
                }
            }
            3 | 13 | 23 | 5 | 15 | 25 => {
                let parts = le32(content, 36).filter(|c| *c >= 0).ok_or_else(short)? as usize;
                let points = le32(content, 40).filter(|c| *c >= 0).ok_or_else(short)? as usize;
                let first = 44 + parts * 4;
                if first + points * 16 > content.len() {
                    return Err(short());
                }
                let start = |part: usize| match part {
                    p if p == parts => Some(points),
                    p => le32(content, 44 + p * 4).map(|s| s.max(0) as usize),
                };
                for part in 0..parts {
                    let (from, to) = (start(part).ok_or_else(short)?, start(part + 1).ok_or_else(short)?);
                    if from > to || to > points {
                        return Err(format!("record {} has parts out of order", row + 1));
                    }
                    if from == to {
                        continue;
                    }
                    for v in from..to {
                        self.coords.push(coord(content, first + v * 16).ok_or_else(short)?);
                    }
                    self.part_ends.push(self.coords.len() as u32);
                }
            }
            other => {
                return Err(format!("record {} has the shape type {other}, which no reader knows", row + 1));
            }
        }
        self.feature_ends.push(self.part_ends.len() as u32);
        Ok(())
    }
}

/// The geometries of the kept rows.
pub(crate) fn shapes(shp: &[u8], records: &[Record], kept: &[u32]) -> Result<Shapes, String> {
    let shape_type = le32(shp, 32).unwrap_or(0);
    let kind =
        kind_of(shape_type).ok_or_else(|| format!("shape type {shape_type} is no type this reader knows"))?;
    let runs: Vec<Run> = kept
        .par_chunks(16_384)
        .map(|rows| {
            let mut run = Run::default();
            for row in rows {
                run.read(shp, records[*row as usize], *row as usize)?;
            }
            Ok::<_, String>(run)
        })
        .collect::<Result<_, _>>()?;
    let mut all = Run::default();
    all.coords.reserve(runs.iter().map(|r| r.coords.len()).sum());
    for run in runs {
        let (coords, parts) = (all.coords.len() as u32, all.part_ends.len() as u32);
        all.coords.extend(run.coords);
        all.part_ends.extend(run.part_ends.iter().map(|e| e + coords));
        all.feature_ends.extend(run.feature_ends.iter().map(|e| e + parts));
    }
    Ok(Shapes::from_flat(kind, all.coords, all.part_ends, all.feature_ends))
}
