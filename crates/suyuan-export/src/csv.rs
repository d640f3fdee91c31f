//! CSV for spreadsheets: UTF-8 with a byte order mark, so that Excel reads Chinese.

use std::fmt::Write as _;

use suyuan_core::raw::{ShapeKind, Shapes};

use crate::gpkg::unique_names;
use crate::rings::polygons;
use crate::table::{Table, Values};

/// The text of a table.
pub(crate) fn text(table: &Table) -> String {
    let mut out = String::from("\u{feff}");
    let mut head = unique_names(&table.columns);
    match table.shapes.kind() {
        ShapeKind::Point => head.extend(["x".to_owned(), "y".to_owned()]),
        ShapeKind::None => {}
        _ => head.push("wkt".to_owned()),
    }
    push_row(&mut out, head.iter().map(String::as_str));
    for row in 0..table.len() {
        let mut cells: Vec<String> = table.columns.iter().map(|c| cell(&c.values, row)).collect();
        match (table.shapes.kind(), table.shapes.kind() != ShapeKind::None) {
            (ShapeKind::Point, _) => match table.shapes.point(row) {
                Some(p) => cells.extend([format!("{:.3}", p.x), format!("{:.3}", p.y)]),
                None => cells.extend([String::new(), String::new()]),
            },
            (_, true) => cells.push(wkt(&table.shapes, row)),
            _ => {}
        }
        push_row(&mut out, cells.iter().map(String::as_str));
    }
    out
}

/// A value as plain text; blank for null.
pub(crate) fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Text(v) => v.at(row).to_owned(),
        Values::Integer(v) => v[row].map_or_else(String::new, |v| v.to_string()),
        Values::Real(v) if v[row].is_finite() => v[row].to_string(),
        Values::Real(_) => String::new(),
        Values::Boolean(v) => v[row].map_or_else(String::new, |v| v.to_string()),
    }
}

fn push_row<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

fn wkt(shapes: &Shapes, row: usize) -> String {
    let list = |part: &[suyuan_core::Coord<f64>]| {
        let mut text = String::new();
        for (i, c) in part.iter().enumerate() {
            let _ = write!(text, "{}{:.3} {:.3}", if i > 0 { ", " } else { "" }, c.x, c.y);
        }
        format!("({text})")
    };
    let parts: Vec<_> = shapes.parts(row).collect();
    match (shapes.kind(), parts.len()) {
        (_, 0) | (ShapeKind::None | ShapeKind::Point, _) => String::new(),
        (ShapeKind::Line, 1) => format!("LINESTRING {}", list(parts[0])),
        (ShapeKind::Line, _) => {
            format!("MULTILINESTRING ({})", parts.iter().map(|p| list(p)).collect::<Vec<_>>().join(", "))
        }
        (ShapeKind::Polygon, _) => {
            let all: Vec<String> = polygons(&parts)
                .iter()
                .map(|p| format!("({})", p.iter().map(|r| list(r)).collect::<Vec<_>>().join(", ")))
                .collect();
            if all.len() == 1 {
                format!("POLYGON {}", all[0])
            } else {
                format!("MULTIPOLYGON ({})", all.join(", "))
            }
        }
    }
}
