//! Shapefiles that say which text encoding they really have.
//!
//! # Reference
//! ESRI Shapefile Technical Description (1998). Encoding: bytes, language byte and `.cpg` agree, so that old and new
//! readers, whichever of the two they trust, read the same text.

use encoding_rs::{Encoding, GBK, UTF_8};
use suyuan_core::Coord;
use suyuan_core::crs::Crs;
use suyuan_core::raw::{ShapeKind, ValueKind};

use crate::csv::cell;
use crate::gpkg::unique_names;
use crate::table::{Table, Values};
use crate::wkb::around;

/// How a shapefile says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapefileOptions {
    /// Whether texts are GBK; else UTF-8.
    pub gbk: bool,
    /// Whether a `.cpg` is written.
    pub cpg: bool,
    /// Whether the language byte tells the encoding; else it is 0.
    pub language_byte: bool,
}

impl ShapefileOptions {
    /// GBK with language byte and `.cpg`: what Chinese desktop programs expect.
    #[must_use]
    pub fn gbk() -> Self {
        Self { gbk: true, cpg: true, language_byte: true }
    }

    /// UTF-8 with `.cpg`.
    #[must_use]
    pub fn utf8() -> Self {
        Self { gbk: false, cpg: true, language_byte: false }
    }

    fn encoding(self) -> &'static Encoding {
        if self.gbk { GBK } else { UTF_8 }
    }
}

/// The files of a shapefile: ending and bytes of each; and how many texts had to be cut at 254 bytes.
///
/// # Shape
/// `.shp`, `.shx`, `.dbf`, `.prj` where the coordinate system is known, `.cpg` where asked for. Field names are cut at ten
/// bytes, never inside a character, and kept apart.
#[must_use]
pub fn write_shapefile(
    table: &Table,
    crs: &Crs,
    options: ShapefileOptions,
) -> (Vec<(&'static str, Vec<u8>)>, usize) {
    let (shp, shx) = geometry(table);
    let (dbf, cut) = attributes(table, options);
    let mut files = vec![("shp", shp), ("shx", shx), ("dbf", dbf)];
    if !crs.is_local() {
        files.push(("prj", crs.esri_wkt().into_bytes()));
    }
    if options.cpg {
        files.push(("cpg", if options.gbk { b"936".to_vec() } else { b"UTF-8".to_vec() }));
    }
    (files, cut)
}

fn header(length: usize, shape_type: i32, b: Option<[f64; 4]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(100);
    out.extend(9994i32.to_be_bytes());
    out.extend([0; 20]);
    out.extend(((length / 2) as i32).to_be_bytes());
    out.extend(1000i32.to_le_bytes());
    out.extend(shape_type.to_le_bytes());
    let b = b.unwrap_or_default();
    for v in [b[0], b[2], b[1], b[3], 0.0, 0.0, 0.0, 0.0] {
        out.extend(v.to_le_bytes());
    }
    out
}

fn geometry(table: &Table) -> (Vec<u8>, Vec<u8>) {
    let shape_type: i32 = match table.shapes.kind() {
        ShapeKind::None => 0,
        ShapeKind::Point => 1,
        ShapeKind::Line => 3,
        ShapeKind::Polygon => 5,
    };
    let mut body = Vec::new();
    let mut index = Vec::new();
    let mut all: Option<[f64; 4]> = None;
    for row in 0..table.len() {
        let mut content = Vec::new();
        let bounds =
            if table.shapes.kind() == ShapeKind::None { None } else { around(table.shapes.coords_of(row)) };
        match (bounds, shape_type) {
            (None, _) => content.extend(0i32.to_le_bytes()),
            (Some(_), 1) => {
                let place = table.shapes.point(row).unwrap_or_default();
                content.extend(1i32.to_le_bytes());
                content.extend(place.x.to_le_bytes());
                content.extend(place.y.to_le_bytes());
            }
            (Some(b), _) => {
                content.extend(shape_type.to_le_bytes());
                for v in [b[0], b[2], b[1], b[3]] {
                    content.extend(v.to_le_bytes());
                }
                let parts: Vec<&[Coord<f64>]> = table.shapes.parts(row).collect();
                let points: usize = parts.iter().map(|p| p.len()).sum();
                content.extend((parts.len() as i32).to_le_bytes());
                content.extend((points as i32).to_le_bytes());
                let mut start = 0;
                for part in &parts {
                    content.extend((start as i32).to_le_bytes());
                    start += part.len();
                }
                for c in parts.iter().flat_map(|p| p.iter()) {
                    content.extend(c.x.to_le_bytes());
                    content.extend(c.y.to_le_bytes());
                }
            }
        }
        if let Some(b) = bounds {
            all = Some(all.map_or(b, |u| [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])]));
        }
        let words = ((content.len() / 2) as i32).to_be_bytes();
        index.extend((((100 + body.len()) / 2) as i32).to_be_bytes());
        index.extend(words);
        body.extend((row as i32 + 1).to_be_bytes());
        body.extend(words);
        body.extend(content);
    }
    let mut shp = header(100 + body.len(), shape_type, all);
    shp.extend(body);
    let mut shx = header(100 + index.len(), shape_type, all);
    shx.extend(index);
    (shp, shx)
}

/// A text in the encoding, cut at `limit` bytes and never inside a character.
fn encode(encoding: &'static Encoding, text: &str, limit: usize) -> (Vec<u8>, bool) {
    let bytes = encoding.encode(text).0;
    if bytes.len() <= limit {
        return (bytes.into_owned(), false);
    }
    let mut short = Vec::new();
    for c in text.chars() {
        let mut buffer = [0; 4];
        let next = encoding.encode(c.encode_utf8(&mut buffer)).0.into_owned();
        if short.len() + next.len() > limit {
            break;
        }
        short.extend(next);
    }
    (short, true)
}

fn field_names(table: &Table, encoding: &'static Encoding) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in unique_names(&table.columns) {
        let mut cut = encode(encoding, &name, 10).0;
        let mut n = 1;
        while names.iter().any(|k| k.eq_ignore_ascii_case(&cut)) {
            n += 1;
            let suffix = format!("_{n}");
            cut = encode(encoding, &name, 10 - suffix.len()).0;
            cut.extend(suffix.bytes());
        }
        names.push(cut);
    }
    names
}

fn attributes(table: &Table, options: ShapefileOptions) -> (Vec<u8>, usize) {
    let encoding = options.encoding();
    let mut cut = 0;
    // A table needs a column.
    let names = if table.columns.is_empty() { vec![b"fid".to_vec()] } else { field_names(table, encoding) };
    let mut columns: Vec<(u8, usize, u8, Vec<Vec<u8>>)> = Vec::new();
    for column in &table.columns {
        let kind = column.values.kind();
        let cells: Vec<Vec<u8>> = (0..table.len())
            .map(|row| match &column.values {
                Values::Real(v) if v[row].is_finite() => number(v[row]).into_bytes(),
                Values::Boolean(v) => {
                    v[row].map_or_else(Vec::new, |b| if b { b"T".to_vec() } else { b"F".to_vec() })
                }
                values => {
                    let (bytes, short) = encode(encoding, &cell(values, row), 254);
                    cut += usize::from(short);
                    bytes
                }
            })
            .collect();
        let widest = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
        columns.push(match kind {
            ValueKind::Integer => (b'N', widest.clamp(4, 20), 0, cells),
            ValueKind::Real => (b'N', 24, 6, cells),
            ValueKind::Boolean => (b'L', 1, 0, cells),
            ValueKind::Text | ValueKind::Date => (b'C', widest, 0, cells),
        });
    }
    if columns.is_empty() {
        columns.push((b'N', 10, 0, (1..=table.len()).map(|r| r.to_string().into_bytes()).collect()));
    }
    let width = 1 + columns.iter().map(|c| c.1).sum::<usize>();
    let first = 33 + 32 * columns.len();
    let mut out = vec![3, 126, 1, 1];
    out.extend((table.len() as u32).to_le_bytes());
    out.extend((first as u16).to_le_bytes());
    out.extend((width as u16).to_le_bytes());
    out.extend([0; 20]);
    out[29] = if options.language_byte && options.gbk { 0x4d } else { 0 };
    for (name, (kind, width, decimals, _)) in names.iter().zip(&columns) {
        let mut field = [0u8; 32];
        field[..name.len()].copy_from_slice(name);
        field[11] = *kind;
        field[16] = *width as u8;
        field[17] = *decimals;
        out.extend(field);
    }
    out.push(0x0d);
    for row in 0..table.len() {
        out.push(b' ');
        for (kind, width, _, cells) in &columns {
            let cell = &cells[row];
            let pad = width.saturating_sub(cell.len());
            if *kind == b'N' {
                out.extend(std::iter::repeat_n(b' ', pad));
                out.extend(&cell[..cell.len().min(*width)]);
            } else {
                out.extend(cell);
                out.extend(std::iter::repeat_n(b' ', pad));
            }
        }
    }
    out.push(0x1a);
    (out, cut)
}

/// A number in 24 characters: six decimals, else as many digits as fit.
fn number(v: f64) -> String {
    let text = format!("{v:.6}");
    if text.len() <= 24 { text } else { format!("{v:.15e}") }
}
