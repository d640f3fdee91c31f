//! Shared points of a city's own grid and a known system, from a table such as Excel saves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use suyuan_core::crs::{Crs, CrsError, Fit, GridError, SharedPoint, ZoneNumbers, looks_swapped};
use suyuan_core::{Coord, Finding, FindingCode, Language};

use crate::encoding;
use crate::error::ReadError;

/// How far a shared point may lie from where the fit puts it before it is doubted, metres: twice the 5 cm that a surveyed
/// pipe point may be off by in the mean.
///
/// # Reference
/// CJJ 61-2017, accuracy of pipe points in plan.
const DOUBTFUL: f64 = 0.1;

/// Why a table of shared points cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PointsError {
    /// A column is missing.
    #[error(
        "no column for {what}; a header such as `name,east,north,east EPSG:4549,north EPSG:4549` is needed (surveyors' X is north); it has {}",
        columns.join(", ")
    )]
    NoColumn {
        /// Which.
        what: &'static str,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// More than one column may be the one that is needed, or one more than one.
    #[error(
        "which column is {what} is not clear: {}; one column must say east and one north, for each of the systems",
        columns.join(", ")
    )]
    Ambiguous {
        /// Which.
        what: &'static str,
        /// The columns.
        columns: Vec<String>,
    },
    /// The name of a column holds several numbers that may be its code.
    #[error("the column `{column}` does not say which number is its code; write it as `EPSG:4549`")]
    WhichCode {
        /// The column.
        column: String,
    },
    /// The two columns of the known system name two systems.
    #[error("the columns name two known systems, EPSG:{} and EPSG:{}", codes[0], codes[1])]
    TwoSystems {
        /// Their codes.
        codes: [u32; 2],
    },
    /// A line is no line of a table.
    #[error("line {line}: {why}")]
    Unreadable {
        /// The line, from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// A coordinate is no number.
    #[error("line {line}: column `{column}` holds `{value}`, expected metres")]
    NotANumber {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
    },
    /// North stands before east in the known system.
    #[error(
        "line {line}: ({east}, {north}) is a place of {crs} only with east and north exchanged; exchange the names of those columns, and see whether the others need it too (surveyors' X is north)"
    )]
    Exchanged {
        /// The line, from 1.
        line: u64,
        /// What the table has for east, metres.
        east: f64,
        /// What it has for north, metres.
        north: f64,
        /// The known system.
        crs: String,
    },
    /// A known easting carries a zone number that its system does not have, or lacks the one it has.
    #[error(
        "line {line}: the easting {east} does not have the zone number of {crs} (zone {zone}); name the code that has it so, or correct the easting"
    )]
    Zone {
        /// The line, from 1.
        line: u64,
        /// The easting, metres.
        east: f64,
        /// The known system.
        crs: String,
        /// The zone that it carries, or else lacks.
        zone: u32,
    },
    /// The known system cannot be used.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// Nothing fits.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl PointsError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match (self, language) {
            (Self::Crs(error), _) => error.message(language),
            (Self::Grid(error), _) => error.message(language),
            (error, Language::English) => error.to_string(),
            (Self::Ambiguous { what, columns }, _) => {
                format!(
                    "无法判断哪一列是{}：{}；每套坐标须各有一列东、一列北",
                    in_chinese(what),
                    columns.join("、")
                )
            }
            (Self::WhichCode { column }, _) => {
                format!("列名“{column}”中无法判断哪个数字是 EPSG 代码，请写作“EPSG:4549”")
            }
            (Self::NoColumn { what, columns }, _) => {
                let what = in_chinese(what);
                format!(
                    "缺少{what}列；表头应如“点名,东,北,东 EPSG:4549,北 EPSG:4549”（测量 X 为北），现有列：{}",
                    columns.join("、")
                )
            }
            (Self::TwoSystems { codes: [a, b] }, _) => {
                format!("表头中出现了两个已知坐标系 EPSG:{a} 与 EPSG:{b}")
            }
            (Self::Exchanged { line, east, north, crs }, _) => format!(
                "第 {line} 行：({east}, {north}) 只有互换东、北才在 {crs} 内；请互换这两列的列名，并检查另两列是否也需互换（测量 X 为北）"
            ),
            (Self::Zone { line, east, crs, zone }, _) => format!(
                "第 {line} 行：东坐标 {east} 的带号与 {crs} 不一致（带号 {zone}）；请改用带号相符的 EPSG 代码，或更正东坐标"
            ),
            (Self::Unreadable { line, why }, _) => format!("第 {line} 行无法读取：{why}"),
            (Self::NotANumber { line, column, value }, _) => {
                format!("第 {line} 行“{column}”列的值为“{value}”，应为米数")
            }
        }
    }
}

fn in_chinese(what: &str) -> &'static str {
    match what {
        "east" => "东坐标",
        "north" => "北坐标",
        "east with its EPSG code" => "已知坐标系的东坐标（列名须含 EPSG 代码）",
        _ => "已知坐标系的北坐标（列名须含 EPSG 代码）",
    }
}

/// The columns of the table.
struct Columns {
    name: Option<usize>,
    /// East and north in the grid, then in the known system.
    places: [usize; 4],
    code: u32,
}

/// The EPSG code in the name of a column: the number after `EPSG`, else the only number of a code's length if it stands
/// alone, so not the year in `CGCS2000`.
fn code_in(column: &str) -> Result<Option<u32>, PointsError> {
    let mut lower = column.to_lowercase();
    let numbers = |text: &str| {
        let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|d| (4..=5).contains(&d.len()));
        digits.filter_map(|d| d.parse().ok()).collect::<BTreeSet<u32>>()
    };
    let marked: BTreeSet<u32> = lower
        .split("epsg")
        .skip(1)
        .map(|rest| rest.trim_start_matches(|c: char| !c.is_alphanumeric()))
        .filter_map(|rest| numbers(rest.split(|c: char| !c.is_ascii_digit()).next()?).pop_first())
        .collect();
    for word in EAST.iter().chain(&NORTH).chain(&["坐标"]) {
        lower = lower.replace(word, " ");
    }
    let mut alone = BTreeSet::new();
    for word in
        lower.split(|c: char| !c.is_alphanumeric()).filter(|w| w.parse::<u32>().is_ok() && *w != "2000")
    {
        alone.append(&mut numbers(word));
    }
    let candidates = if !marked.is_empty() {
        marked
    } else if alone.is_empty() {
        alone
    } else {
        numbers(&lower)
    };
    if candidates.len() > 1 {
        return Err(PointsError::WhichCode { column: column.to_owned() });
    }
    Ok(candidates.first().copied())
}

const EAST: [&str; 2] = ["east", "东"];
const NORTH: [&str; 2] = ["north", "北"];

fn columns(header: &[String]) -> Result<Columns, PointsError> {
    let says = |column: &str, words: [&str; 2]| words.iter().any(|w| column.to_lowercase().contains(w));
    let mut codes = Vec::new();
    for column in header {
        let is_place = says(column, EAST) || says(column, NORTH);
        codes.push(if is_place { code_in(column)? } else { None });
    }
    let find = |what: &'static str, words: [&str; 2], known: bool| {
        let fits = |i: &usize| says(&header[*i], words) && codes[*i].is_some() == known;
        let found: Vec<usize> = (0..header.len()).filter(fits).collect();
        let named = || found.iter().map(|i| header[*i].clone()).collect();
        match found[..] {
            [] => Err(PointsError::NoColumn { what, columns: header.to_vec() }),
            [one] if !(says(&header[one], EAST) && says(&header[one], NORTH)) => Ok(one),
            _ => Err(PointsError::Ambiguous { what, columns: named() }),
        }
    };
    // The known system first: where its code is not told, its columns look like those of the grid.
    let known_east = find("east with its EPSG code", EAST, true)?;
    let known_north = find("north with its EPSG code", NORTH, true)?;
    let places = [find("east", EAST, false)?, find("north", NORTH, false)?, known_east, known_north];
    let codes = [known_east, known_north].map(|at| codes[at].unwrap_or_default());
    if codes[0] != codes[1] {
        return Err(PointsError::TwoSystems { codes });
    }
    let name = header
        .iter()
        .enumerate()
        .find(|(i, c)| {
            let lower = c.to_lowercase();
            !places.contains(i) && ["name", "id", "point", "点", "名"].iter().any(|w| lower.contains(w))
        })
        .map(|(i, _)| i);
    Ok(Columns { name, places, code: codes[0] })
}

/// A table such as a spreadsheet saves, and how many bytes of comments stand above it: by the separator that its first line has most
/// of, rows of any length, cells without blanks around them.
pub(crate) fn table(text: &str) -> (csv::Reader<&[u8]>, usize) {
    // Above the header only: below it, something may be named `#12`.
    let is_comment = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let above: usize = text.split_inclusive('\n').take_while(is_comment).map(str::len).sum();
    let body = &text[above..];
    let first = body.lines().next().unwrap_or_default();
    let most = |separator: &char| first.matches(*separator).count();
    let separator = [',', '\t', ';'].into_iter().rev().max_by_key(most).unwrap_or(',');
    let reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(body.as_bytes());
    (reader, above)
}

/// The line of a record, from 1; a record may be said to begin before the end of the line above, and before blank lines.
pub(crate) fn line_of(text: &str, byte: usize) -> u64 {
    let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
    let blank = rest.chars().take_while(|c| matches!(c, '\r' | '\n')).filter(|c| *c == '\n').count();
    (1 + before.matches('\n').count() + blank) as u64
}

/// The shared points of a table and the known system.
fn parse(text: &str) -> Result<(Vec<SharedPoint>, Crs), PointsError> {
    let (mut reader, above) = table(text);
    let line_at =
        |position: Option<&csv::Position>| line_of(text, above + position.map_or(0, |p| p.byte() as usize));
    let unreadable = |error: csv::Error| PointsError::Unreadable {
        line: line_at(error.position()),
        why: error.to_string(),
    };
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        if row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    let mut rows = rows.into_iter();
    let header: Vec<String> = rows.next().map(|r| r.iter().map(str::to_owned).collect()).unwrap_or_default();
    let columns = columns(&header)?;
    let known = Crs::from_epsg(columns.code)?;
    let mut points = Vec::new();
    for row in rows {
        let line = line_at(row.position());
        let number = |column: usize| {
            let value = row.get(column).unwrap_or_default();
            // No system in metres has coordinates beyond a hundred thousand kilometres.
            value.parse::<f64>().ok().filter(|v| v.abs() <= 1e8).ok_or_else(|| PointsError::NotANumber {
                line,
                column: header[column].clone(),
                value: value.to_owned(),
            })
        };
        let [east, north, known_east, known_north] = columns.places;
        let name = columns.name.and_then(|c| row.get(c)).filter(|n| !n.is_empty());
        let point = SharedPoint {
            name: name.map_or_else(|| format!("line {line}"), str::to_owned),
            local: Coord { x: number(east)?, y: number(north)? },
            known: Coord { x: number(known_east)?, y: number(known_north)? },
        };
        check_known(point.known, &known, line)?;
        points.push(point);
    }
    Ok((points, known))
}

/// Coordinates that are no places of the known system, as they stand, fit as well as any others and lead elsewhere.
fn check_known(place: Coord<f64>, known: &Crs, line: u64) -> Result<(), PointsError> {
    let crs = || known.name.clone();
    if looks_swapped(place, place, known) {
        return Err(PointsError::Exchanged { line, east: place.x, north: place.y, crs: crs() });
    }
    match ZoneNumbers::of(known).map_or(Ok(None), |numbers| numbers.shift(place)) {
        Ok(None) => Ok(()),
        Ok(Some((_, zone))) | Err(CrsError::ZoneContradicted { zone, .. }) => {
            Err(PointsError::Zone { line, east: place.x, crs: crs(), zone })
        }
        Err(error) => Err(error.into()),
    }
}

/// The file of shared points that a coordinate system given as `fit:FILE` names.
#[must_use]
pub fn shared_points_file(crs: &str) -> Option<PathBuf> {
    let crs = crs.trim();
    let (head, path) = crs.split_at_checked(4)?;
    head.eq_ignore_ascii_case("fit:").then(|| PathBuf::from(path.trim()))
}

/// The grid that is fitted to a table of shared points, and how well they agree.
///
/// # Errors
/// [`ReadError::Open`] if it cannot be read; [`ReadError::SharedPoints`] naming line, column and value.
pub(crate) fn fit(path: &Path) -> Result<(Crs, Vec<Finding>), ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = encoding::decode(encoding::detect(&[bytes]).unwrap_or(encoding_rs::UTF_8), bytes).0;
    let wrong = |source| ReadError::SharedPoints { path: path.to_owned(), source };
    let (points, known) = parse(&text).map_err(wrong)?;
    let fit = Fit::new(&points).map_err(|e| wrong(e.into()))?;
    let corner = |pick: fn(f64, f64) -> f64| {
        points.iter().map(|p| p.local).reduce(|a, b| Coord { x: pick(a.x, b.x), y: pick(a.y, b.y) })
    };
    let area = corner(f64::min).zip(corner(f64::max)).map(|(a, b)| [a, b]);
    let crs = Crs::local_grid(&known, fit.similarity, area).map_err(|e| wrong(e.into()))?;
    Ok((crs, report(path, &points, &known, &fit)))
}

fn report(path: &Path, points: &[SharedPoint], known: &Crs, fit: &Fit) -> Vec<Finding> {
    let (worst, largest) = fit.largest();
    let of = &fit.similarity;
    let shift = of.shift();
    // As `similarity:` takes them, with digits enough for a tenth of a millimetre in a city.
    let parameters = format!(
        "similarity:EPSG:{},north={:.4},east={:.4},rotation={:.10},scale={:.10}",
        known.epsg.unwrap_or_default(),
        shift.y,
        shift.x,
        of.rotation(),
        of.scale()
    );
    let mut findings = vec![
        Finding::new(FindingCode::GridFitted)
            .with("count", points.len())
            .with("value", parameters)
            .with("rms", format!("{:.3}", fit.rms()))
            .with("gap", format!("{largest:.3}"))
            .with("id", &points[worst].name),
    ];
    let file = path.display().to_string();
    let doubt = |en: String, zh: String| {
        Finding::new(FindingCode::GridDoubtful).with("value", &file).with_word("why", &en, &zh)
    };
    if points.len() == 2 {
        findings.push(doubt(
            "two points leave nothing to check them by; add a third".to_owned(),
            "只有 2 个公共点，无法检核，请增加".to_owned(),
        ));
    }
    if let Some(i) = fit.suspect() {
        let name = &points[i].name;
        findings.push(doubt(
            format!("point {name} does not agree with the others; look at its four coordinates"),
            format!("公共点 {name} 与其余各点不符，请核对其坐标"),
        ));
    } else if largest > DOUBTFUL {
        let name = &points[worst].name;
        findings.push(doubt(
            format!("point {name} lies {largest:.3} m from where the fit puts it, more than {DOUBTFUL} m"),
            format!("公共点 {name} 的残差为 {largest:.3} 米，超过 {DOUBTFUL} 米"),
        ));
    }
    if fit.on_a_line() {
        findings.push(doubt(
            "the points lie in a straight line, which fits as well with the axes of one system exchanged; add one beside it"
                .to_owned(),
            "公共点近似共线，东、北颠倒时同样吻合，无法判别，请在线外增加公共点".to_owned(),
        ));
    }
    findings
}
