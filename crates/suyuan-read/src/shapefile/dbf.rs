//! The attribute file.

use std::borrow::Cow;

use encoding_rs::Encoding;
use rayon::prelude::*;
use suyuan_core::raw::{AttributeField, Attributes, Value, ValueKind};

use super::Bytes;
use crate::encoding::decode;

/// A column as the header describes it.
#[derive(Debug, Clone)]
struct Column {
    name: Vec<u8>,
    kind: u8,
    offset: usize,
    width: usize,
    decimals: u8,
}

/// The header of a table.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) rows: usize,
    pub(crate) language: u8,
    first: usize,
    width: usize,
    columns: Vec<Column>,
}

impl Header {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let short = || "its .dbf is too short for a header".to_owned();
        let word = |at: usize| bytes.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let rows = bytes.get(4..8).ok_or_else(short)?;
        let rows = u32::from_le_bytes([rows[0], rows[1], rows[2], rows[3]]) as usize;
        let (first, width) = (word(8).ok_or_else(short)?, word(10).ok_or_else(short)?);
        let language = *bytes.get(29).ok_or_else(short)?;
        if width == 0 || first < 33 || first > bytes.len() {
            return Err("the header of its .dbf makes no sense".to_owned());
        }
        let mut columns = Vec::new();
        let (mut at, mut offset) = (32, 1);
        while at + 32 <= first && bytes[at] != 0x0d {
            let field = &bytes[at..at + 32];
            let name: Vec<u8> = field[..11].iter().copied().take_while(|b| *b != 0).collect();
            let kind = field[11];
            // Wide text fields keep the upper byte of their width where others keep decimals.
            let (width, decimals) = if kind == b'C' {
                (usize::from(field[16]) + 256 * usize::from(field[17]), 0)
            } else {
                (usize::from(field[16]), field[17])
            };
            columns.push(Column { name, kind, offset, width, decimals });
            offset += width;
            at += 32;
        }
        if offset > width {
            return Err("the columns of its .dbf are wider than a row".to_owned());
        }
        Ok(Self { rows, language, first, width, columns })
    }

    /// How many whole rows the file holds, no more than it says.
    pub(crate) fn rows_present(&self, length: usize) -> usize {
        self.rows.min((length - self.first) / self.width)
    }

    fn row<'a>(&self, bytes: &'a [u8], row: usize) -> Option<&'a [u8]> {
        let at = self.first + row * self.width;
        if row < self.rows { bytes.get(at..at + self.width) } else { None }
    }

    pub(crate) fn is_deleted(&self, bytes: &[u8], row: usize) -> bool {
        self.row(bytes, row).is_some_and(|r| r[0] == b'*')
    }

    /// How many texts of some rows hold bytes that fit no character.
    pub(crate) fn damaged(&self, bytes: &[u8], rows: &[u32], encoding: &'static Encoding) -> usize {
        let texts: Vec<&Column> = self.columns.iter().filter(|c| c.kind == b'C').collect();
        let in_row = |row: &u32| {
            let Some(row) = self.row(bytes, *row as usize).filter(|r| !r.is_ascii()) else { return 0 };
            let text = |c: &&&Column| trim(&row[c.offset..c.offset + c.width]);
            texts.iter().filter(|c| decode(encoding, text(c)).1).count()
        };
        rows.par_iter().with_min_len(1024).map(in_row).sum()
    }

    /// The column names, and the texts of the first rows, as bytes.
    pub(crate) fn texts<'a>(&'a self, bytes: &'a [u8], rows: usize) -> Vec<&'a [u8]> {
        let mut texts: Vec<&[u8]> = self.columns.iter().map(|c| c.name.as_slice()).collect();
        for row in (0..self.rows.min(rows)).filter_map(|r| self.row(bytes, r)) {
            for column in self.columns.iter().filter(|c| c.kind == b'C') {
                texts.push(trim(&row[column.offset..column.offset + column.width]));
            }
        }
        texts
    }
}

/// A text without the blanks around it, which fields are filled up with: eight at a time, then one.
fn trim(mut text: &[u8]) -> &[u8] {
    while let Some((rest, b"        ")) = text.split_last_chunk() {
        text = rest;
    }
    while let [rest @ .., b' ' | 0] = text {
        text = rest;
    }
    while let Some((b"        ", rest)) = text.split_first_chunk() {
        text = rest;
    }
    while let [b' ', rest @ ..] = text {
        text = rest;
    }
    text
}

/// The attributes of a shapefile, decoded on demand.
pub(crate) struct Table {
    bytes: Bytes,
    header: Header,
    encoding: &'static Encoding,
    /// Rows of the file that are not marked deleted.
    kept: Vec<u32>,
    fields: Vec<AttributeField>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("fields", &self.fields).field("rows", &self.kept.len()).finish()
    }
}

impl Table {
    pub(crate) fn new(bytes: Bytes, header: Header, encoding: &'static Encoding, kept: Vec<u32>) -> Self {
        let fields = header
            .columns
            .iter()
            .map(|c| AttributeField {
                name: decode(encoding, &c.name).0.trim().to_owned(),
                kind: match c.kind {
                    b'N' if c.decimals == 0 && c.width < 19 => ValueKind::Integer,
                    b'N' | b'F' | b'O' => ValueKind::Real,
                    b'I' => ValueKind::Integer,
                    b'L' => ValueKind::Boolean,
                    b'D' => ValueKind::Date,
                    _ => ValueKind::Text,
                },
                width: c.width as u16,
                decimals: c.decimals,
            })
            .collect();
        Self { bytes, header, encoding, kept, fields }
    }
}

impl Attributes for Table {
    fn fields(&self) -> &[AttributeField] {
        &self.fields
    }

    fn len(&self) -> usize {
        self.kept.len()
    }

    fn value(&self, row: usize, field: usize) -> Value<'_> {
        let column = &self.header.columns[field];
        let Some(bytes) = self.header.row(&self.bytes, self.kept[row] as usize) else { return Value::Null };
        let raw = &bytes[column.offset..column.offset + column.width];
        let text = trim(raw);
        match column.kind {
            b'N' | b'F' => number(text, self.fields[field].kind),
            b'L' => match text {
                b"T" | b"t" | b"Y" | b"y" => Value::Boolean(true),
                b"F" | b"f" | b"N" | b"n" => Value::Boolean(false),
                _ => Value::Null,
            },
            b'D' => match std::str::from_utf8(text) {
                Ok(t) if t.len() == 8 && t != "00000000" && t.is_ascii() => {
                    Value::Date(Cow::Owned(format!("{}-{}-{}", &t[..4], &t[4..6], &t[6..])))
                }
                _ => Value::Null,
            },
            b'I' if raw.len() == 4 => {
                Value::Integer(i64::from(i32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]])))
            }
            b'O' if raw.len() == 8 => {
                let mut eight = [0; 8];
                eight.copy_from_slice(raw);
                Value::Real(f64::from_le_bytes(eight))
            }
            _ if text.is_empty() => Value::Null,
            _ => Value::Text(decode(self.encoding, text).0),
        }
    }
}

/// A number written as text; blanks and the asterisks of an overflow are nothing.
fn number(text: &[u8], kind: ValueKind) -> Value<'static> {
    if kind == ValueKind::Integer && matches!(text.len(), 1..=15) && text.iter().all(u8::is_ascii_digit) {
        return Value::Integer(text.iter().fold(0, |n, digit| 10 * n + i64::from(digit - b'0')));
    }
    let Ok(text) = std::str::from_utf8(text) else { return Value::Null };
    if text.is_empty() || text.starts_with('*') {
        return Value::Null;
    }
    if kind == ValueKind::Integer
        && let Ok(value) = text.parse()
    {
        return Value::Integer(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Value::Real(value),
        Ok(_) => Value::Null,
        // What is no number is not lost.
        Err(_) => Value::Text(Cow::Owned(text.to_owned())),
    }
}
