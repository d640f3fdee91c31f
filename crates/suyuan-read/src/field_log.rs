//! What a crew found where, from a table such as Excel saves.

use std::collections::BTreeMap;
use std::path::Path;

use suyuan_core::Language;

use crate::encoding;
use crate::error::ReadError;
use crate::shared_points::{line_of, table};

/// A line of a field log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its id; where the log has none, that of its line.
    pub id: String,
    /// Where, as somebody wrote it.
    pub place: String,
    /// The day, as somebody wrote it, without the time; blank where the log has none.
    pub day: String,
    /// Whether the pollutant was found.
    pub present: bool,
    /// How it was tested.
    pub method: LogMethod,
    /// How often such a test misses what is there, where the log says so.
    pub missed: Option<f64>,
    /// How often it finds what is not there.
    pub invented: Option<f64>,
}

/// How a sample was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMethod {
    /// On the spot.
    FieldKit,
    /// In a laboratory.
    Laboratory,
}

/// Why a field log cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A column is missing.
    #[error(
        "no column for {what}; a header such as `id,place,day,result,method` is needed; it has {}",
        columns.join(", ")
    )]
    NoColumn {
        /// Which.
        what: &'static str,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// A line is no line of a table.
    #[error("line {line}: {why}")]
    Unreadable {
        /// The line, from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// A value is not understood.
    #[error("line {line}: column `{column}` holds `{value}`, expected {expected}")]
    BadValue {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
        /// What may.
        expected: &'static str,
    },
    /// Two lines have one id.
    #[error("line {line}: the id `{id}` stands on line {other} already; give each test an id of its own")]
    SameId {
        /// The line, from 1.
        line: u64,
        /// The line above.
        other: u64,
        /// The id.
        id: String,
    },
}

const RESULTS: &str = "present or absent";
const METHODS: &str = "kit or lab";
const RATES: &str = "a probability from 0 to 1";

impl LogError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match (self, language) {
            (error, Language::English) => error.to_string(),
            (Self::NoColumn { what, columns }, _) => {
                let what = if *what == "the place" { "位置" } else { "结果" };
                format!("缺少{what}列；表头应如“编号,井号,日期,结果,方法”，现有列：{}", columns.join("、"))
            }
            (Self::Unreadable { line, why }, _) => format!("第 {line} 行无法读取：{why}"),
            (Self::BadValue { line, column, value, expected }, _) => {
                let expected = match *expected {
                    RESULTS => "“检出”或“未检出”",
                    METHODS => "“快检”或“化验”",
                    RATES => "0 到 1 之间的概率",
                    _ => "位置",
                };
                format!("第 {line} 行“{column}”列的值为“{value}”，应为{expected}")
            }
            (Self::SameId { line, other, id }, _) => {
                format!("第 {line} 行的编号“{id}”已在第 {other} 行出现，每次检测须有各自的编号")
            }
        }
    }
}

/// The columns by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Id,
    Place,
    Day,
    Result,
    Method,
    Missed,
    Invented,
}

const NAMES: [(Holds, &[&str]); 7] = [
    (Holds::Id, &["id", "no", "number", "编号", "序号", "样品编号"]),
    (
        Holds::Place,
        &[
            "place",
            "ref",
            "manhole",
            "at",
            "井号",
            "检查井",
            "检查井编号",
            "井编号",
            "管点编号",
            "点位",
            "检测点位",
            "位置",
        ],
    ),
    (Holds::Day, &["day", "date", "when", "time", "日期", "采样日期", "采样时间", "检测时间", "时间"]),
    (Holds::Result, &["result", "outcome", "found", "结果", "检测结果", "检出"]),
    (Holds::Method, &["method", "方法", "检测方法"]),
    (Holds::Missed, &["missed", "false_negative", "漏检率"]),
    (Holds::Invented, &["invented", "false_positive", "误检率"]),
];

const PRESENT: [&str; 14] = [
    "present",
    "dirty",
    "positive",
    "yes",
    "1",
    "+",
    "检出",
    "阳性",
    "有",
    "脏",
    "是",
    "超标",
    "不合格",
    "异常",
];
const ABSENT: [&str; 14] = [
    "absent",
    "clean",
    "negative",
    "no",
    "0",
    "-",
    "未检出",
    "阴性",
    "无",
    "清",
    "否",
    "未超标",
    "合格",
    "正常",
];
const KIT: [&str; 6] = ["", "kit", "field", "field kit", "快检", "现场"];
const LABORATORY: [&str; 5] = ["lab", "laboratory", "化验", "实验室", "实验室检测"];

/// A day as it is compared: without the time that follows it, and `2026-05-01` whether it is written so, as `2026/5/1`, `2026.5.1`,
/// `2026年5月1日`, `20260501` or `1.5.2026`. Whatever else stands there is kept as it is; blank if only a time does.
#[must_use]
pub fn day_of(text: &str) -> String {
    let is_time = |word: &str| {
        let bare = word.trim_start_matches("上午").trim_start_matches("下午");
        let parts: Vec<&str> = bare.split(':').collect();
        parts.len() > 1 && parts.iter().all(|p| p.starts_with(|c: char| c.is_ascii_digit()))
    };
    // The T of an ISO time, between digits.
    let spread = match text.split_once('T') {
        Some((day, time)) if day.ends_with(|c: char| c.is_ascii_digit()) && is_time(time) => day,
        _ => text,
    };
    let words: Vec<&str> = spread
        .split_whitespace()
        .filter(|w| !is_time(w) && !["上午", "下午", "AM", "PM"].contains(w))
        .collect();
    let day = words.join(" ");
    let numbers: Vec<&str> =
        day.split(['-', '/', '.', '年', '月', '日']).map(str::trim).filter(|n| !n.is_empty()).collect();
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let iso = |y: &str, m: &str, d: &str| {
        let (y, m, d) = (number(y)?, number(m)?, number(d)?);
        ((1900..2200).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d))
            .then(|| format!("{y}-{m:02}-{d:02}"))
    };
    let known = match numbers.as_slice() {
        [y, m, d] if y.len() == 4 => iso(y, m, d),
        // Only with points is the day sure to come first.
        [d, m, y] if y.len() == 4 && day.contains('.') => iso(y, m, d),
        [all] if all.len() == 8 && all.is_ascii() => iso(&all[..4], &all[4..6], &all[6..]),
        _ => None,
    };
    known.unwrap_or(day)
}

/// Reads a field log: a table with a header, separated by commas, semicolons or tabs, in UTF-8 or GBK.
///
/// # Shape
/// In the order of the lines. Columns are known by English or Chinese names; those that are not known are left alone.
///
/// # Errors
/// [`ReadError::Open`] and [`ReadError::FieldLog`], which names line, column and value.
pub fn read_field_log(path: &Path) -> Result<Vec<LogEntry>, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let encoding = encoding::detect(&[&bytes]).unwrap_or(encoding_rs::UTF_8);
    let text = encoding::decode(encoding, &bytes).0;
    parse(text.trim_start_matches('\u{feff}'))
        .map_err(|source| ReadError::FieldLog { path: path.to_owned(), source })
}

fn parse(text: &str) -> Result<Vec<LogEntry>, LogError> {
    let (mut reader, above) = table(text);
    let line_at =
        |position: Option<&csv::Position>| line_of(text, above + position.map_or(0, |p| p.byte() as usize));
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| LogError::Unreadable {
            line: line_at(error.position()),
            why: error.to_string(),
        })?;
        if row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    let mut rows = rows.into_iter();
    let header: Vec<String> = rows.next().map(|r| r.iter().map(str::to_owned).collect()).unwrap_or_default();
    let column = |holds: Holds| {
        // The first of our names that the header has.
        let names = NAMES.iter().find(|n| n.0 == holds)?.1;
        names.iter().find_map(|name| header.iter().position(|column| column.to_lowercase() == **name))
    };
    for (holds, what) in [(Holds::Place, "the place"), (Holds::Result, "the result")] {
        if column(holds).is_none() {
            return Err(LogError::NoColumn { what, columns: header.clone() });
        }
    }
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut entries = Vec::new();
    for row in rows {
        let line = line_at(row.position());
        let cell = |holds: Holds| column(holds).and_then(|c| row.get(c)).unwrap_or_default();
        let bad = |holds: Holds, expected: &'static str| LogError::BadValue {
            line,
            column: column(holds).map_or_else(String::new, |c| header[c].clone()),
            value: cell(holds).to_owned(),
            expected,
        };
        let word = |holds: Holds| cell(holds).to_lowercase();
        let rate = |holds: Holds| match cell(holds) {
            "" => Ok(None),
            text => {
                let (text, scale) = text.strip_suffix('%').map_or((text, 1.0), |text| (text.trim(), 0.01));
                let rate = text.parse::<f64>().ok().map(|rate| rate * scale);
                let rate = rate.filter(|rate| (0.0..=1.0).contains(rate));
                rate.map(Some).ok_or_else(|| bad(holds, RATES))
            }
        };
        let (result, method) = (word(Holds::Result), word(Holds::Method));
        let present = PRESENT.contains(&result.as_str());
        if !present && !ABSENT.contains(&result.as_str()) {
            return Err(bad(Holds::Result, RESULTS));
        }
        let is_kit = KIT.contains(&method.as_str());
        if !is_kit && !LABORATORY.contains(&method.as_str()) {
            return Err(bad(Holds::Method, METHODS));
        }
        if cell(Holds::Place).is_empty() {
            return Err(bad(Holds::Place, "a place"));
        }
        let id = match cell(Holds::Id) {
            "" => format!("line {line}"),
            id => id.to_owned(),
        };
        if let Some(other) = lines.insert(id.clone(), line) {
            return Err(LogError::SameId { line, other, id });
        }
        entries.push(LogEntry {
            line,
            id,
            place: cell(Holds::Place).to_owned(),
            day: day_of(cell(Holds::Day)),
            present,
            method: if is_kit { LogMethod::FieldKit } else { LogMethod::Laboratory },
            missed: rate(Holds::Missed)?,
            invented: rate(Holds::Invented)?,
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_english_or_chinese_is_understood() {
        let english =
            "No,Place,Result,Method,missed,note\n7,node:MH1,dirty,lab,,x\n\n8,\"1.0,2.0\",clean,,0.2,\n";
        let entries = parse(english).unwrap();
        let told: Vec<_> =
            entries.iter().map(|e| (e.line, e.id.as_str(), e.place.as_str(), e.present)).collect();
        assert_eq!(told, [(2, "7", "node:MH1", true), (4, "8", "1.0,2.0", false)]);
        assert_eq!((entries[0].method, entries[0].missed), (LogMethod::Laboratory, None));
        assert_eq!((entries[1].method, entries[1].missed), (LogMethod::FieldKit, Some(0.2)));
        let chinese =
            parse("井号;检测结果;方法;采样时间\nYS001;检出;快检;2026-05-01 08:30\nYS002;未检出;化验;\n")
                .unwrap();
        assert_eq!(chinese.iter().map(|e| e.day.as_str()).collect::<Vec<_>>(), ["2026-05-01", ""]);
        assert_eq!(chinese.iter().map(|e| e.present).collect::<Vec<_>>(), [true, false]);
        assert_eq!(chinese[1].id, "line 3");
        assert_eq!(parse("place,result\n").unwrap(), []);
        assert_eq!(
            ["2026-05-01T08:30", "day 2", "Tuesday", ""].map(day_of),
            ["2026-05-01", "day 2", "Tuesday", ""]
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, said, zh) in [
            ("id,result\n1,dirty\n", "no column for the place", "位置"),
            ("place\nA\n", "no column for the result", "结果"),
            ("", "no column for the place", "位置"),
            ("place,result\nA,perhaps\n", "line 2: column `result` holds `perhaps`", "检出"),
            ("place,result,method\nA,yes,dog\n", "holds `dog`, expected kit or lab", "快检"),
            ("place,result,missed\nA,yes,1.5\n", "holds `1.5`, expected a probability", "概率"),
            ("place,result,missed\nA,yes,nan\n", "holds `nan`", "概率"),
            ("place,result\n,yes\n", "column `place` holds ``", "位置"),
            ("id,place,result\n1,A,yes\n1,B,no\n", "line 3: the id `1` stands on line 2 already", "第 2 行"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message(Language::English).contains(said), "{error}");
            assert!(error.message(Language::Chinese).contains(zh), "{error}");
        }
    }
}
