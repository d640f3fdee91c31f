//! The other columns: decoded as a whole when the first of their values is asked for, and as the type of each says.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::sync::{Arc, OnceLock};

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use ::parquet::schema::types::ColumnDescriptor;
use suyuan_core::raw::{AttributeField, Attributes, Value, ValueKind};
use suyuan_core::text::TextColumn;

use super::file::{Chunk, File, drain};

/// What the values of a column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Boolean,
    Integer,
    /// The same bits without a sign.
    Unsigned,
    Real,
    HalfReal,
    /// Numbers of so many decimals.
    Decimal(u8),
    /// Whole numbers longer than others, as text so that no digit is lost: ids, mostly.
    Digits,
    Text,
    /// Days since 1970.
    Date,
    /// So many a second since 1970, and whether the zone is that of Greenwich.
    Moment(u32, bool),
    /// So many a second since midnight.
    Time(u32),
    Uuid,
    /// Bytes of no known meaning, in hexadecimal digits.
    Bytes,
}

fn per_second(unit: &TimeUnit) -> u32 {
    match unit {
        TimeUnit::MILLIS => 1000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

impl Meaning {
    /// A decimal of so many digits, of which so many stand behind the point.
    fn decimal(digits: i32, scale: i32) -> Self {
        match u8::try_from(scale) {
            Ok(scale @ 1..) => Self::Decimal(scale),
            // All numbers of 18 digits are whole numbers of 64 bits.
            _ if digits <= 18 => Self::Integer,
            _ => Self::Digits,
        }
    }

    fn of(leaf: &ColumnDescriptor) -> Self {
        let physical = leaf.physical_type();
        match leaf.logical_type_ref() {
            Some(LogicalType::Decimal(kind)) => return Self::decimal(kind.precision, kind.scale),
            Some(LogicalType::Date) => return Self::Date,
            Some(LogicalType::Time(kind)) => return Self::Time(per_second(&kind.unit)),
            Some(LogicalType::Timestamp(kind)) => {
                return Self::Moment(per_second(&kind.unit), kind.is_adjusted_to_u_t_c);
            }
            Some(LogicalType::Integer(kind)) if !kind.is_signed => return Self::Unsigned,
            Some(LogicalType::Float16) => return Self::HalfReal,
            Some(LogicalType::Uuid) => return Self::Uuid,
            _ => {}
        }
        match leaf.converted_type() {
            ConvertedType::DECIMAL => return Self::decimal(leaf.type_precision(), leaf.type_scale()),
            ConvertedType::DATE => return Self::Date,
            ConvertedType::TIME_MILLIS => return Self::Time(1000),
            ConvertedType::TIME_MICROS => return Self::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS => return Self::Moment(1000, true),
            ConvertedType::TIMESTAMP_MICROS => return Self::Moment(1_000_000, true),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => {
                return Self::Unsigned;
            }
            _ => {}
        }
        match physical {
            Physical::BOOLEAN => Self::Boolean,
            Physical::INT32 | Physical::INT64 => Self::Integer,
            Physical::INT96 => Self::Moment(1_000_000_000, false),
            Physical::FLOAT | Physical::DOUBLE => Self::Real,
            Physical::BYTE_ARRAY => Self::Text,
            Physical::FIXED_LEN_BYTE_ARRAY => Self::Bytes,
        }
    }

    fn kind(self) -> ValueKind {
        match self {
            Self::Boolean => ValueKind::Boolean,
            Self::Integer | Self::Unsigned => ValueKind::Integer,
            Self::Real | Self::HalfReal | Self::Decimal(_) => ValueKind::Real,
            Self::Date | Self::Moment(..) => ValueKind::Date,
            Self::Text | Self::Digits | Self::Time(_) | Self::Uuid | Self::Bytes => ValueKind::Text,
        }
    }
}

/// A column in memory.
#[derive(Debug)]
enum Held {
    /// Blank where there is none.
    Text(TextColumn),
    /// `NaN` where there is none.
    Real(Vec<f64>),
    /// Whole numbers, days and the like, and which rows have one.
    Whole(Vec<i64>, Vec<bool>),
    /// What could not be read.
    Damaged(String),
}

/// One column: a leaf of the schema.
#[derive(Debug)]
struct Leaf {
    index: usize,
    meaning: Meaning,
    /// Whether each row has a list of values, which are told in one text.
    list: bool,
    held: OnceLock<Held>,
}

/// The columns of a file beside its geometry.
#[derive(Debug)]
pub(super) struct Columns {
    file: Arc<File>,
    fields: Vec<AttributeField>,
    leaves: Vec<Leaf>,
}

impl Columns {
    /// Every column but those `aside`. Members of a group are columns of their own, as `group.member`.
    pub(super) fn new(file: Arc<File>, aside: &BTreeSet<String>) -> Self {
        let (mut fields, mut leaves) = (Vec::new(), Vec::new());
        for (index, leaf) in file.schema().columns().iter().enumerate() {
            let parts = leaf.path().parts();
            if parts.first().is_none_or(|first| aside.contains(first)) {
                continue;
            }
            let list = leaf.max_rep_level() > 0;
            // The levels that lists have in the schema are no names.
            let of_list =
                |part: &String| list && ["list", "element", "item", "array"].contains(&part.as_str());
            let (first, inner) = parts.split_at(1);
            let name: Vec<&str> =
                first.iter().chain(inner.iter().filter(|p| !of_list(p))).map(String::as_str).collect();
            let meaning = Meaning::of(leaf);
            let kind = if list { ValueKind::Text } else { meaning.kind() };
            fields.push(AttributeField { name: name.join("."), kind, width: 0, decimals: 0 });
            leaves.push(Leaf { index, meaning, list, held: OnceLock::new() });
        }
        Self { file, fields, leaves }
    }

    fn held(&self, field: usize) -> &Held {
        let leaf = &self.leaves[field];
        leaf.held.get_or_init(|| decode(&self.file, leaf).unwrap_or_else(Held::Damaged))
    }
}

impl Attributes for Columns {
    fn fields(&self) -> &[AttributeField] {
        &self.fields
    }

    fn len(&self) -> usize {
        self.file.rows()
    }

    fn value(&self, row: usize, field: usize) -> Value<'_> {
        match self.held(field) {
            Held::Text(column) => match column.at(row) {
                "" => Value::Null,
                text => Value::Text(text.into()),
            },
            Held::Real(column) if column[row].is_nan() => Value::Null,
            Held::Real(column) => Value::Real(column[row]),
            Held::Whole(column, present) if present[row] => whole(column[row], self.leaves[field].meaning),
            Held::Whole(..) | Held::Damaged(_) => Value::Null,
        }
    }

    fn damage(&self) -> Option<String> {
        self.leaves.iter().find_map(|leaf| match leaf.held.get() {
            Some(Held::Damaged(what)) => Some(what.clone()),
            _ => None,
        })
    }
}

/// A whole number as what it means.
fn whole(value: i64, meaning: Meaning) -> Value<'static> {
    match meaning {
        Meaning::Boolean => Value::Boolean(value != 0),
        // Beyond what a signed number holds.
        Meaning::Unsigned if value < 0 => Value::Text((value as u64).to_string().into()),
        Meaning::Date => Value::Date(date(value).into()),
        Meaning::Moment(unit, utc) => Value::Date(moment(value, unit, utc).into()),
        Meaning::Time(unit) => Value::Text(time(value, unit).into()),
        _ => Value::Integer(value),
    }
}

/// Days since 1970 as `YYYY-MM-DD`.
///
/// # Reference
/// Hinnant, chrono-compatible low-level date algorithms (2013).
fn date(days: i64) -> String {
    let days = i128::from(days) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Units since midnight as `HH:MM:SS`, with as many decimals as there are.
fn time(value: i64, unit: u32) -> String {
    let (seconds, rest) = (value.div_euclid(i64::from(unit)), value.rem_euclid(i64::from(unit)));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest != 0 {
        let digits = unit.ilog10() as usize;
        let _ = write!(text, ".{rest:0digits$}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

fn moment(value: i64, unit: u32, utc: bool) -> String {
    let day = 86_400 * i64::from(unit);
    let zone = if utc { "Z" } else { "" };
    format!("{}T{}{zone}", date(value.div_euclid(day)), time(value.rem_euclid(day), unit))
}

/// The value of half a float's bits.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

/// A decimal whose digits stand in bytes, the greatest first.
fn decimal(bytes: &[u8], scale: u8) -> f64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    if bytes.len() <= 16 {
        return scaled(whole_of(bytes) as f64, scale);
    }
    let start = if negative { -1.0 } else { 0.0 };
    scaled(bytes.iter().fold(start, |value, byte| value * 256.0 + f64::from(*byte)), scale)
}

/// A whole number in at most 16 bytes, the highest first.
fn whole_of(bytes: &[u8]) -> i128 {
    let start = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1i128 } else { 0 };
    bytes.iter().fold(start, |value, byte| value << 8 | i128::from(*byte))
}

fn scaled(digits: f64, scale: u8) -> f64 {
    digits / 10f64.powi(i32::from(scale))
}

/// Days from the beginning of the Julian count to 1970, and nanoseconds of a day.
const JULIAN: i64 = 2_440_588;
const NANOS: i64 = 86_400_000_000_000;

fn nanos(value: &Int96) -> i64 {
    let words = value.data();
    let of_day = i64::from(words[1]) << 32 | i64::from(words[0]);
    (i64::from(words[2]) - JULIAN).wrapping_mul(NANOS).wrapping_add(of_day)
}

/// Decodes a whole column, its row groups on all cores.
fn decode(file: &File, leaf: &Leaf) -> Result<Held, String> {
    let depth = file.schema().column(leaf.index).max_def_level();
    let parts = file.by_group(leaf.index, |reader, _, rows| {
        let held = group(reader, rows, depth, leaf)?;
        match held.len() == rows {
            true => Ok(held),
            false => Err(format!("it has {} values for {rows} rows", held.len())),
        }
    })?;
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else { return Ok(Held::Real(Vec::new())) };
    for part in parts {
        all = join(all, part).ok_or_else(|| {
            format!(
                "column `{}` holds more than 4 GiB of text",
                file.schema().column(leaf.index).path().string()
            )
        })?;
    }
    Ok(all)
}

/// Two parts of a column as one; `None` where their texts exceed what a column holds.
fn join(all: Held, part: Held) -> Option<Held> {
    Some(match (all, part) {
        (Held::Text(mut all), Held::Text(part)) => {
            if all.size() + part.size() > u32::MAX as usize {
                return None;
            }
            all.append(&part);
            Held::Text(all)
        }
        (Held::Real(mut all), Held::Real(part)) => {
            all.extend(part);
            Held::Real(all)
        }
        (Held::Whole(mut all, mut present), Held::Whole(part, more)) => {
            all.extend(part);
            present.extend(more);
            Held::Whole(all, present)
        }
        // One column has one meaning.
        (all, _) => all,
    })
}

impl Held {
    fn len(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::Real(column) => column.len(),
            Self::Whole(column, _) => column.len(),
            Self::Damaged(_) => 0,
        }
    }
}

/// Adds a value to a text.
fn show(text: &mut String, value: impl Display) {
    let _ = write!(text, "{value}");
}

/// Decodes a column of a row group.
fn group(reader: ColumnReader, rows: usize, depth: i16, leaf: &Leaf) -> Result<Held, String> {
    let meaning = leaf.meaning;
    let list = leaf.list;
    // What is whole in the file is whole here, unless it has decimals.
    let of_whole = |chunk: Chunk<i64>| match meaning {
        _ if list => texts(&chunk, rows, depth, |v, text| {
            let _ = write!(
                text,
                "{}",
                match meaning {
                    Meaning::Decimal(scale) => Value::Real(scaled(*v as f64, scale)),
                    _ => whole(*v, meaning),
                }
            );
        }),
        Meaning::Decimal(scale) => Ok(Held::Real(reals(&chunk, rows, depth, |v| scaled(*v as f64, scale)))),
        _ => {
            let (mut values, mut present) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
            each(&chunk, rows, depth, |value| {
                values.push(value.copied().unwrap_or(0));
                present.push(value.is_some());
            });
            Ok(Held::Whole(values, present))
        }
    };
    let of_real = |chunk: Chunk<f64>| {
        if list {
            return texts(&chunk, rows, depth, |v, text| show(text, v));
        }
        Ok(Held::Real(reals(&chunk, rows, depth, |v| *v)))
    };
    let fixed = |bytes: &[u8], text: &mut String| match meaning {
        Meaning::HalfReal => show(text, half_of(bytes)),
        Meaning::Decimal(scale) => show(text, decimal(bytes, scale)),
        Meaning::Digits if bytes.len() <= 16 => show(text, whole_of(bytes)),
        // Bytes that are no text are told apart by their digits.
        Meaning::Text if str::from_utf8(bytes).is_ok() => {
            text.push_str(str::from_utf8(bytes).unwrap_or_default().trim());
        }
        _ => bytes.iter().enumerate().for_each(|(at, byte)| {
            let dash = meaning == Meaning::Uuid && [4, 6, 8, 10].contains(&at);
            let _ = write!(text, "{}{byte:02x}", if dash { "-" } else { "" });
        }),
    };
    let numeric = !list && matches!(meaning, Meaning::HalfReal | Meaning::Decimal(_));
    let number = |bytes: &[u8]| match meaning {
        Meaning::Decimal(scale) => decimal(bytes, scale),
        _ => half_of(bytes),
    };
    match reader {
        ColumnReader::BoolColumnReader(reader) => of_whole(drain(reader, rows)?.map(|v| i64::from(*v))),
        ColumnReader::Int32ColumnReader(reader) => of_whole(drain(reader, rows)?.map(|v| match meaning {
            Meaning::Unsigned => i64::from(*v as u32),
            _ => i64::from(*v),
        })),
        ColumnReader::Int64ColumnReader(reader) => of_whole(drain(reader, rows)?),
        ColumnReader::Int96ColumnReader(reader) => of_whole(drain(reader, rows)?.map(nanos)),
        ColumnReader::FloatColumnReader(reader) => of_real(drain(reader, rows)?.map(|v| f64::from(*v))),
        ColumnReader::DoubleColumnReader(reader) => of_real(drain(reader, rows)?),
        ColumnReader::ByteArrayColumnReader(reader) => {
            let chunk = drain(reader, rows)?;
            if meaning == Meaning::Integer {
                return of_whole(chunk.map(|v: &ByteArray| whole_of(v.data()) as i64));
            }
            if numeric {
                return Ok(Held::Real(reals(&chunk, rows, depth, |v| number(v.data()))));
            }
            texts(&chunk, rows, depth, |v, text| fixed(v.data(), text))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            let chunk: Chunk<FixedLenByteArray> = drain(reader, rows)?;
            if meaning == Meaning::Integer {
                return of_whole(chunk.map(|v| whole_of(v.data()) as i64));
            }
            if numeric {
                return Ok(Held::Real(reals(&chunk, rows, depth, |v| number(v.data()))));
            }
            texts(&chunk, rows, depth, |v, text| fixed(v.data(), text))
        }
    }
}

fn half_of(bytes: &[u8]) -> f64 {
    bytes.try_into().map_or(f64::NAN, |bytes| half(u16::from_le_bytes(bytes)))
}

impl<T> Chunk<T> {
    fn map<U>(self, of: impl Fn(&T) -> U) -> Chunk<U> {
        let Self { values, definition, repetition } = self;
        Chunk { values: values.iter().map(of).collect(), definition, repetition }
    }
}

/// Hands out the value of each row of a column without lists.
fn each<T>(chunk: &Chunk<T>, rows: usize, depth: i16, mut take: impl FnMut(Option<&T>)) {
    let mut values = chunk.values.iter();
    for row in 0..rows {
        let there = depth == 0 || chunk.definition.get(row) == Some(&depth);
        take(if there { values.next() } else { None });
    }
}

fn reals<T>(chunk: &Chunk<T>, rows: usize, depth: i16, of: impl Fn(&T) -> f64) -> Vec<f64> {
    let mut all = Vec::with_capacity(rows);
    each(chunk, rows, depth, |value| all.push(value.map_or(f64::NAN, &of)));
    all
}

/// One text a row; the values of a list stand behind each other.
fn texts<T>(
    chunk: &Chunk<T>,
    rows: usize,
    depth: i16,
    write: impl Fn(&T, &mut String),
) -> Result<Held, String> {
    let mut column = TextColumn::with_capacity(rows);
    let mut text = String::new();
    let mut push = |text: &mut String| {
        if column.size() + text.len() > u32::MAX as usize {
            return Err("it holds more than 4 GiB of text".to_owned());
        }
        column.push(text);
        text.clear();
        Ok(())
    };
    if chunk.repetition.is_empty() {
        let mut written = Ok(());
        each(chunk, rows, depth, |value| {
            if let Some(value) = value {
                write(value, &mut text);
            }
            if written.is_ok() {
                written = push(&mut text);
            }
        });
        return written.map(|()| Held::Text(column));
    }
    let mut values = chunk.values.iter();
    for (slot, level) in chunk.repetition.iter().enumerate() {
        if *level == 0 && slot > 0 {
            push(&mut text)?;
        }
        if *level > 0 {
            text.push_str(", ");
        }
        if let Some(value) = values.as_slice().first().filter(|_| chunk.definition.get(slot) == Some(&depth))
        {
            write(value, &mut text);
            values.next();
        }
    }
    push(&mut text)?;
    Ok(Held::Text(column))
}
