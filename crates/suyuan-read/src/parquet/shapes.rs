//! Geometry columns: well-known binary, or coordinates in lists as Arrow has them.

use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::ByteArray;
use rayon::prelude::*;
use suyuan_core::raw::{ShapeKind, Shapes};
use suyuan_core::{Coord, Finding};

use super::file::{Chunk, File, drain};
use crate::error::ReadError;
use crate::gpkg::wrong_shape;
use crate::layer::orient_ring;
use crate::wkb::{Geometry, read_wkb};

/// Rows whose geometry one thread reads at a time.
const AT_ONCE: usize = 16_384;

/// How geometry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Wkb,
    Native(Native),
}

/// What lists of coordinates stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
}

impl Encoding {
    /// The words for those in lists.
    pub(super) const NATIVE: [(&str, Native); 6] = [
        ("point", Native::Point),
        ("linestring", Native::LineString),
        ("polygon", Native::Polygon),
        ("multipoint", Native::MultiPoint),
        ("multilinestring", Native::MultiLineString),
        ("multipolygon", Native::MultiPolygon),
    ];

    pub(super) fn parse(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("WKB") {
            return Some(Self::Wkb);
        }
        Self::NATIVE.iter().find(|(name, _)| *name == word).map(|(_, native)| Self::Native(*native))
    }
}

impl Native {
    fn kind(self) -> ShapeKind {
        match self {
            Self::Point | Self::MultiPoint => ShapeKind::Point,
            Self::LineString | Self::MultiLineString => ShapeKind::Line,
            Self::Polygon | Self::MultiPolygon => ShapeKind::Polygon,
        }
    }

    /// How many lists lie around each coordinate.
    fn depth(self) -> i16 {
        match self {
            Self::Point => 0,
            Self::LineString | Self::MultiPoint => 1,
            Self::Polygon | Self::MultiLineString => 2,
            Self::MultiPolygon => 3,
        }
    }
}

/// Reads the geometries of a column; the first kind met is that of the layer.
pub(super) fn read(
    file: &File,
    column: &str,
    encoding: Encoding,
    findings: &mut Vec<Finding>,
) -> Result<Shapes, ReadError> {
    let groups = match encoding {
        Encoding::Wkb => wkb(file, column)?,
        Encoding::Native(native) => lists(file, column, native)?,
    };
    let kind = groups.iter().map(Group::kind).find(|kind| *kind != ShapeKind::None).unwrap_or_default();
    let mut shapes = Shapes::new(kind);
    let mut row = 0;
    for group in groups {
        let of_kind = |found: ShapeKind| found == kind || found == ShapeKind::None;
        if group.strangers.is_empty() && of_kind(group.kind()) {
            row += group.shapes.len();
            let own = group.shapes;
            // Nothing but missing geometries has no kind of its own.
            if own.kind() == kind {
                shapes.append(&own);
            } else {
                (0..own.len()).for_each(|_| shapes.push([]));
            }
            continue;
        }
        let mut strangers = group.strangers.into_iter().peekable();
        for at in 0..group.shapes.len() {
            let stranger = strangers.next_if(|(row, _)| *row == at).map(|(_, geometry)| geometry);
            let own = group.shapes.part_count(at) > 0;
            match stranger {
                Some((found, parts)) if found == kind => shapes.push(parts.iter().map(Vec::as_slice)),
                Some((found, _)) => {
                    findings.push(wrong_shape(row, found, kind));
                    shapes.push([]);
                }
                None if own && group.shapes.kind() != kind => {
                    findings.push(wrong_shape(row, group.shapes.kind(), kind));
                    shapes.push([]);
                }
                None => shapes.push(group.shapes.parts(at)),
            }
            row += 1;
        }
    }
    Ok(shapes)
}

/// The geometries of some rows, of the first kind met among them, and those of other kinds by their rows.
struct Group {
    shapes: Shapes,
    strangers: Vec<(usize, Geometry)>,
}

impl Group {
    fn kind(&self) -> ShapeKind {
        self.shapes.kind()
    }
}

/// The leaf of a column, or of a member of it.
fn leaf(file: &File, column: &str, member: Option<&str>) -> Result<usize, ReadError> {
    let is = |parts: &[String]| {
        let last = parts.last().map(String::as_str);
        parts.first().is_some_and(|first| first == column) && member.is_none_or(|m| last == Some(m))
    };
    let leaves = file.schema().columns();
    leaves.iter().position(|leaf| is(leaf.path().parts())).ok_or_else(|| match member {
        Some(member) => file.damaged(format!("the geometry column `{column}` has no coordinates `{member}`")),
        None => file.damaged(format!("it has no geometry column `{column}`, which its metadata `geo` names")),
    })
}

fn wkb(file: &File, column: &str) -> Result<Vec<Group>, ReadError> {
    let leaf = leaf(file, column, None)?;
    let work = |reader: ColumnReader, start: usize, rows: usize| {
        let ColumnReader::ByteArrayColumnReader(reader) = reader else {
            return Err("geometry in WKB is bytes, and it holds other values".to_owned());
        };
        if file.schema().column(leaf).max_rep_level() > 0 {
            return Err("geometry in WKB is bytes, and it holds lists".to_owned());
        }
        let chunk = drain(reader, rows)?;
        let depth = file.schema().column(leaf).max_def_level();
        let mut values = chunk.values.iter().map(ByteArray::data);
        let is_there = |row: &usize| depth == 0 || chunk.definition.get(*row) == Some(&depth);
        let all: Vec<Option<&[u8]>> =
            (0..rows).map(|row| Some(row).filter(is_there).and_then(|_| values.next())).collect();
        // Many writers put a million rows into one group.
        let part = |(at, part): (usize, &[Option<&[u8]>])| parse(part, start + at * AT_ONCE);
        all.par_chunks(AT_ONCE).enumerate().map(part).collect::<Result<Vec<Group>, String>>()
    };
    let groups = file.by_group(leaf, work).map_err(|what| file.damaged(what))?;
    Ok(groups.into_iter().flatten().collect())
}

/// The geometries of some rows, of which the first is `start`.
fn parse(all: &[Option<&[u8]>], start: usize) -> Result<Group, String> {
    let mut group = Group { shapes: Shapes::default(), strangers: Vec::new() };
    for (row, bytes) in all.iter().enumerate() {
        let Some(bytes) = bytes else {
            group.shapes.push([]);
            continue;
        };
        let (found, parts) =
            read_wkb(bytes).ok_or_else(|| format!("the geometry of row {} is damaged", start + row + 1))?;
        if group.kind() == ShapeKind::None && found != ShapeKind::None {
            // All before had no geometry.
            group.shapes = Shapes::new(found);
            (0..row).for_each(|_| group.shapes.push([]));
        }
        if found == group.kind() || parts.is_empty() {
            group.shapes.push(parts.iter().map(Vec::as_slice));
        } else {
            group.shapes.push([]);
            group.strangers.push((row, (found, parts)));
        }
    }
    Ok(group)
}

fn lists(file: &File, column: &str, native: Native) -> Result<Vec<Group>, ReadError> {
    let leaves = [leaf(file, column, Some("x"))?, leaf(file, column, Some("y"))?];
    for leaf in leaves {
        if file.schema().column(leaf).max_rep_level() != native.depth() {
            let word = Encoding::NATIVE.iter().find(|(_, n)| *n == native).map_or("", |(word, _)| word);
            return Err(file.damaged(format!("the geometry column `{column}` is not laid out as `{word}`")));
        }
    }
    let chunks = |leaf: usize| {
        let work = |reader: ColumnReader, _: usize, rows: usize| match reader {
            ColumnReader::DoubleColumnReader(reader) => drain(reader, rows),
            _ => Err("coordinates are numbers of eight bytes, and it holds others".to_owned()),
        };
        file.by_group(leaf, work).map_err(|what| file.damaged(what))
    };
    let (xs, ys) = rayon::join(|| chunks(leaves[0]), || chunks(leaves[1]));
    let depth = file.schema().column(leaves[0]).max_def_level();
    let apart = || file.damaged(format!("x and y in the geometry column `{column}` do not go together"));
    let mut groups = Vec::new();
    for (x, y) in xs?.into_iter().zip(ys?) {
        let shapes = assemble(&x, &y, native, depth).ok_or_else(apart)?;
        groups.push(Group { shapes, strangers: Vec::new() });
    }
    Ok(groups)
}

/// Puts coordinates together by the lists that they stand in; `None` if those of x and y differ.
fn assemble(x: &Chunk<f64>, y: &Chunk<f64>, native: Native, depth: i16) -> Option<Shapes> {
    if x.definition != y.definition || x.repetition != y.repetition || x.values.len() != y.values.len() {
        return None;
    }
    let mut coords = x.values.iter().zip(&y.values).map(|(x, y)| Coord { x: *x, y: *y });
    let mut shapes = Shapes::new(native.kind());
    let slots = x.definition.len().max(x.repetition.len()).max(if depth == 0 { x.values.len() } else { 0 });
    // The parts of a row; of areas, whether each is an outer ring.
    let mut parts: Vec<(Vec<Coord<f64>>, bool)> = Vec::new();
    let mut flush = |parts: &mut Vec<(Vec<Coord<f64>>, bool)>| {
        if native.kind() == ShapeKind::Polygon {
            parts.iter_mut().for_each(|(ring, outer)| orient_ring(ring, *outer));
        }
        // The first of several points stands for all.
        let most = if native == Native::MultiPoint { 1 } else { usize::MAX };
        shapes.push(parts.iter().take(most).map(|(part, _)| part.as_slice()));
        parts.clear();
    };
    for slot in 0..slots {
        let level = x.repetition.get(slot).copied().unwrap_or(0);
        if level == 0 && slot > 0 {
            flush(&mut parts);
        }
        if depth > 0 && x.definition.get(slot) != Some(&depth) {
            continue;
        }
        let place = coords.next()?;
        // The innermost list goes on where its own level is repeated; every outer one begins another part.
        let goes_on = level == native.depth() && level > 0 && native != Native::MultiPoint;
        match parts.last_mut().filter(|_| goes_on) {
            Some((part, _)) => part.push(place),
            None => {
                let outer = level < native.depth() - 1 || parts.is_empty();
                parts.push((vec![place], outer));
            }
        }
    }
    if slots > 0 {
        flush(&mut parts);
    }
    Some(shapes)
}
