//! Surveys made worse on purpose, the same way on every machine.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use suyuan_core::raw::{Column, Field, Shapes};
use suyuan_core::{Coord, RawSurvey, Role};

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
