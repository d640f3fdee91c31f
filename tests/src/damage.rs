//! Surveys made worse on purpose, the same way on every machine.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::path::Path;

use suyuan_core::raw::{Column, Field, Shapes};
use suyuan_core::{Coord, RawSurvey, Role};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};

/// Numbers that look random and are the same everywhere (SplitMix64).
#[derive(Debug)]
pub struct Lots(pub u64);

impl Lots {
    /// The next number, at least 0 and below 1.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A pipe: its layer and row.
pub type Row = (u16, u32);

/// Draws a share of the lines the other way, and puts their levels at the other ends with them or leaves them in their
/// columns; returns which.
pub fn turn_lines(survey: &mut RawSurvey, share: f64, levels: bool, lots: &mut Lots) -> BTreeMap<Row, bool> {
    let mut all = BTreeMap::new();
    for (l, layer) in survey.layers.iter_mut().enumerate().filter(|(_, l)| l.role == Role::Pipes) {
        let turned: Vec<bool> = (0..layer.len()).map(|_| lots.draw() < share).collect();
        let mut shapes = Shapes::new(layer.shapes.kind());
        for (row, turned) in turned.iter().enumerate() {
            let mut parts: Vec<Vec<_>> = layer.shapes.parts(row).map(<[_]>::to_vec).collect();
            if *turned {
                parts.iter_mut().for_each(|p| p.reverse());
            }
            shapes.push(parts.iter().map(Vec::as_slice));
        }
        layer.shapes = shapes;
        for (a, b) in [
            (Field::InvertFrom, Field::InvertTo),
            (Field::DepthFrom, Field::DepthTo),
            (Field::GroundFrom, Field::GroundTo),
        ]
        .into_iter()
        .filter(|_| levels)
        {
            let (Some(Column::Number(mut from)), Some(Column::Number(mut to))) =
                (layer.columns.get(&a).cloned(), layer.columns.get(&b).cloned())
            else {
                continue;
            };
            for row in (0..turned.len()).filter(|r| turned[*r]) {
                std::mem::swap(&mut from[row], &mut to[row]);
            }
            layer.columns.insert(a, Column::Number(from));
            layer.columns.insert(b, Column::Number(to));
        }
        all.extend(turned.into_iter().enumerate().map(|(row, t)| ((l as u16, row as u32), t)));
    }
    all
}

/// Moves each drawn end by up to so many metres, any way.
pub fn move_ends(survey: &mut RawSurvey, by: f64, lots: &mut Lots) {
    for layer in survey.layers.iter_mut().filter(|l| l.role == Role::Pipes) {
        let mut shapes = Shapes::new(layer.shapes.kind());
        for row in 0..layer.shapes.len() {
            let mut parts: Vec<Vec<Coord<f64>>> = layer.shapes.parts(row).map(<[_]>::to_vec).collect();
            for part in &mut parts {
                for end in [0, part.len() - 1] {
                    let (far, way) = (by * lots.draw().sqrt(), TAU * lots.draw());
                    part[end] = Coord { x: part[end].x + far * way.cos(), y: part[end].y + far * way.sin() };
                }
            }
            shapes.push(parts.iter().map(Vec::as_slice));
        }
        layer.shapes = shapes;
    }
}

/// Forgets a share of the levels.
pub fn forget_levels(survey: &mut RawSurvey, share: f64, lots: &mut Lots) {
    let fields = [Field::InvertFrom, Field::InvertTo, Field::DepthFrom, Field::DepthTo];
    for layer in survey.layers.iter_mut().filter(|l| l.role == Role::Pipes) {
        for field in fields {
            if let Some(Column::Number(levels)) = layer.columns.get_mut(&field) {
                levels.iter_mut().filter(|_| lots.draw() < share).for_each(|l| *l = f64::NAN);
            }
        }
    }
}

/// Writes the pipes with numbers that mean "unknown" in place of a share of their levels, and reads them back.
///
/// # Panics
/// If they cannot be written or read.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]
pub fn with_sentinels(survey: &RawSurvey, share: f64, lots: &mut Lots, folder: &Path) -> RawSurvey {
    let mut specs = Vec::new();
    for (l, layer) in survey.layers_of(Role::Pipes) {
        let marker = [-99.0, 9999.0, 999.0, 0.0][(4.0 * lots.draw()) as usize];
        let mut features = Vec::new();
        for row in 0..layer.len() {
            let mut properties = serde_json::json!({"id": layer.id(row), "system": layer.system(row).key()});
            for (field, name) in [(Field::InvertFrom, "invert_from"), (Field::InvertTo, "invert_to")] {
                let level = layer.number(field, row).map(|v| if lots.draw() < share { marker } else { v });
                properties[name] = level.into();
            }
            let parts: Vec<Vec<[f64; 2]>> =
                layer.shapes.parts(row).map(|p| p.iter().map(|c| [c.x, c.y]).collect()).collect();
            features.push(serde_json::json!({
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "MultiLineString", "coordinates": parts},
            }));
        }
        let path = folder.join(format!("pipes{l}.geojson"));
        let text = serde_json::json!({"type": "FeatureCollection", "features": features}).to_string();
        std::fs::write(&path, text).unwrap();
        let mut spec = LayerSpec::new(Role::Pipes, path);
        spec.crs = Some(survey.crs.wkt.clone());
        specs.push(spec);
    }
    read_survey(&specs, &ReadOptions::default()).unwrap()
}
