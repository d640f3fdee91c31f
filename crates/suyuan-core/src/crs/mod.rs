//! Coordinate systems: what coordinates are measured from, and how to get to metres and back to degrees.
//!
//! Coordinates are always east, north: longitude before latitude in degrees, easting before northing in metres,
//! whatever order an authority prints them in.
//!
//! Datums that agree at survey accuracy (WGS 84, CGCS2000, ETRS89, NAD83) pass into each other unchanged, as PROJ does
//! by default; others are never shifted silently: without parameters a transform is refused.

mod china;
mod datum;
mod parts;
mod projjson;
mod similarity;
#[cfg(feature = "proj")]
mod system;
mod transform;
mod wkt;
mod zones;

use geo_types::Coord;
use serde::{Deserialize, Serialize};

pub use china::{Datum, bd09_to_gcj02, gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02};
use parts::Parts;
pub use similarity::{Fit, GridError, LocalGrid, SharedPoint, Similarity};
pub use transform::Transform;
pub use zones::{ZoneNumbers, looks_swapped, suggest_crs};

use crate::Language;

/// A coordinate reference system.
#[doc(alias = "坐标系")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crs {
    /// EPSG code, if it has one.
    pub epsg: Option<u32>,
    /// Name in words.
    pub name: String,
    /// WKT 1 text: as the file had it, else made from the definition.
    pub wkt: String,
    /// The PROJ definition that the transforms work from; empty for a plane of its own.
    pub definition: String,
    /// Whether coordinates are degrees of longitude and latitude.
    pub geographic: bool,
    /// How many metres one unit of a projected system is.
    pub metres_per_unit: f64,
    /// For a city's own grid: how it lies in the known system, whose definition is the one above.
    pub grid: Option<Box<LocalGrid>>,
}

/// Why a coordinate system or a coordinate cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// The code or text names no coordinate system that is known here.
    #[error("`{text}` is no coordinate system known here")]
    Unknown {
        /// What was given.
        text: String,
    },
    /// The text is no well-formed WKT.
    #[error("the coordinate system is not well-formed WKT: {why}")]
    BadWkt {
        /// What is wrong.
        why: String,
        /// The same in Chinese.
        why_in_chinese: String,
    },
    /// The projection method is not known.
    #[error("the projection method `{method}` of {name} is not known here")]
    UnknownMethod {
        /// The method.
        method: String,
        /// The name of the coordinate system.
        name: String,
    },
    /// Between the two datums a shift of up to some 100 m is needed, and nobody has said which.
    #[error(
        "no shift is known between {from} and {to}; give the one of the old datum as a PROJ text with +towgs84="
    )]
    DatumShiftUnknown {
        /// The one.
        from: String,
        /// The other.
        to: String,
    },
    /// The coordinate is no place in that system.
    #[error("({x}, {y}) is no place in {crs}")]
    OutOfRange {
        /// East or longitude.
        x: f64,
        /// North or latitude.
        y: f64,
        /// The system.
        crs: String,
    },
    /// A plane of its own has no place on the earth.
    #[error("{name} is a plane of its own; where it lies on the earth is not known")]
    Local {
        /// Its name.
        name: String,
    },
    /// The zone number before the eastings is not the one of the meridian that is declared.
    #[error(
        "the eastings begin with zone {zone}, whose meridian is {meridian}°E, but {crs} has {declared}°E; say which is right with --crs"
    )]
    ZoneContradicted {
        /// The zone.
        zone: u32,
        /// Its meridian, degrees.
        meridian: f64,
        /// The name of the declared system.
        crs: String,
        /// Its meridian, degrees.
        declared: f64,
    },
    /// The parameters of a city's own grid are wrong.
    #[error("`{text}`: {source}")]
    Grid {
        /// What was given.
        text: String,
        /// What is wrong.
        source: GridError,
    },
}

impl CrsError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            Self::Unknown { text } => format!("无法识别坐标系“{text}”"),
            Self::BadWkt { why_in_chinese, .. } => format!("坐标系 WKT 文本有误：{why_in_chinese}"),
            Self::UnknownMethod { method, name } => format!("不支持 {name} 的投影方法“{method}”"),
            Self::DatumShiftUnknown { from, to } => {
                format!(
                    "{from} 与 {to} 之间的基准转换参数未知，请以带 +towgs84= 的 PROJ 文本给出其中的旧坐标系"
                )
            }
            Self::OutOfRange { x, y, crs } => format!("({x}, {y}) 不在坐标系 {crs} 的有效范围内"),
            Self::Local { name } => format!("{name} 为独立平面坐标系，其在地球上的位置未知"),
            Self::ZoneContradicted { zone, meridian, crs, declared } => format!(
                "东坐标带号 {zone} 的中央经线为 {meridian}°E，而 {crs} 的中央经线为 {declared}°E，请用 --crs 指明"
            ),
            Self::Grid { text, source } => format!("“{text}”：{}", source.message(language)),
        }
    }
}

impl Crs {
    /// The system of an EPSG code.
    ///
    /// # Errors
    /// [`CrsError::Unknown`] for a code outside the table: 4326, 4490, 4269, 4258, 4214, 4610; CGCS2000, Xian 80 and
    /// Beijing 54 Gauss-Kruger zones; UTM on WGS 84, NAD83 and ETRS89; 3857; Swiss 2056 and 21781; 2326 of Hong Kong; 3825
    /// and 3826 of Taiwan; 32145. With feature `proj` every code of PROJ's database is known.
    pub fn from_epsg(code: u32) -> Result<Self, CrsError> {
        if let Some(parts) = Parts::from_epsg(code) {
            return Ok(parts.into_crs(None));
        }
        #[cfg(feature = "proj")]
        if let Some(crs) = system::from_code(code) {
            return Ok(crs);
        }
        Err(CrsError::Unknown { text: format!("EPSG:{code}") })
    }

    /// The system of a WKT text, of a `.prj` file or a GeoPackage.
    ///
    /// # Errors
    /// [`CrsError::BadWkt`] if it is not well-formed; [`CrsError::UnknownMethod`] for a projection not known here.
    pub fn from_wkt(text: &str) -> Result<Self, CrsError> {
        let text = text.trim_start_matches('\u{feff}').trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if let Some(name) = wkt::local_name(text)? {
            return Ok(Self::local(&name));
        }
        Ok(wkt::parse(text)?.into_crs(Some(text)))
    }

    /// The system that a text names: `EPSG:4549`, `4549`, WKT, a PROJ text such as `+proj=tmerc …`, or a city's own grid by
    /// the four parameters of `similarity:EPSG:4549,north=ΔX,east=ΔY,rotation=α,scale=K` (see [`Similarity`]).
    ///
    /// # Errors
    /// As [`Crs::from_epsg`] and [`Crs::from_wkt`]; [`CrsError::Grid`] for parameters that are wrong.
    ///
    /// # Example
    /// ```
    /// use suyuan_core::crs::Crs;
    /// assert_eq!(Crs::parse("EPSG:4549")?.name, "CGCS2000 / 3-degree Gauss-Kruger CM 120E");
    /// assert!(Crs::parse("nonsense").is_err());
    /// # Ok::<(), suyuan_core::crs::CrsError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CrsError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("similarity:").and_then(|r| text.get(text.len() - r.len()..)) {
            let wrong = |source| CrsError::Grid { text: text.to_owned(), source };
            let (known, similarity) = Similarity::parse(rest).map_err(wrong)?;
            return Self::local_grid(&Self::parse(&known)?, similarity, None).map_err(wrong);
        }
        if lower == "local" {
            return Ok(Self::local("local metres"));
        }
        if let Ok(code) = lower.strip_prefix("epsg:").unwrap_or(&lower).parse() {
            return Self::from_epsg(code);
        }
        if lower.starts_with("+proj=") {
            return transform::from_proj_text(text);
        }
        if text.contains('[') {
            return Self::from_wkt(text);
        }
        Err(CrsError::Unknown { text: text.to_owned() })
    }

    /// A plane in metres whose place on the earth is not known.
    #[must_use]
    pub fn local(name: &str) -> Self {
        Self {
            epsg: None,
            name: name.to_owned(),
            wkt: format!(r#"LOCAL_CS["{name}",UNIT["metre",1]]"#),
            definition: String::new(),
            geographic: false,
            metres_per_unit: 1.0,
            grid: None,
        }
    }

    /// A city's own grid, which `similarity` brings into a known projected system in metres; `area` holds the corners of the
    /// shared points it was fitted to.
    ///
    /// # Errors
    /// [`GridError::NotMetric`] if the known system is in degrees or feet, or a plane of its own.
    pub fn local_grid(
        known: &Self,
        similarity: Similarity,
        area: Option<[Coord<f64>; 2]>,
    ) -> Result<Self, GridError> {
        let metric = !known.geographic && (known.metres_per_unit - 1.0).abs() < 1e-12;
        if !metric || known.is_local() || known.grid.is_some() {
            return Err(GridError::NotMetric { name: known.name.clone() });
        }
        let name = format!("local grid, by a similarity to {}", known.name);
        Ok(Self {
            definition: known.definition.clone(),
            grid: Some(Box::new(LocalGrid { similarity, known: known.clone(), area })),
            ..Self::local(&name)
        })
    }

    /// Whether it is a plane whose place on the earth is not known.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.definition.is_empty()
    }

    /// The projected system in metres in which a survey in degrees is built: the CGCS2000 3-degree zone for CGCS2000,
    /// else the UTM zone, around a place.
    #[must_use]
    pub fn metric_for(&self, longitude: f64, latitude: f64) -> Self {
        let parts = if self.epsg == Some(4490) && (73.5..136.5).contains(&longitude) {
            let meridian = (longitude / 3.0).round() as u32 * 3;
            Parts::from_epsg(4534 + (meridian - 75) / 3)
        } else {
            let zone = ((longitude + 180.0) / 6.0).floor().clamp(0.0, 59.0) as u32 + 1;
            Parts::from_epsg(if latitude < 0.0 { 32700 } else { 32600 } + zone)
        };
        // Every code made above is in the table.
        parts.map_or_else(|| Self::local("local metres"), |p| p.into_crs(None))
    }

    /// The same projection in metres, `None` if it is in metres already, in degrees, or known to PROJ alone.
    #[must_use]
    pub fn to_metres(&self) -> Option<Self> {
        let metric = (self.metres_per_unit - 1.0).abs() < 1e-12;
        if self.geographic || metric || self.is_local() || self.definition.starts_with("EPSG:") {
            return None;
        }
        let mut parts = wkt::parse(&self.wkt).ok()?;
        parts.unit = 1.0;
        parts.epsg = None;
        parts.name = format!("{} (metres)", self.name);
        Some(parts.into_crs(None))
    }

    /// The degrees that its coordinates become in reports and web maps: CGCS2000 for Chinese systems, else WGS 84.
    #[must_use]
    pub fn geographic_twin(&self) -> Self {
        let china = self.wkt.contains("2000") && self.wkt.to_ascii_uppercase().contains("CHINA")
            || matches!(self.epsg, Some(4490..=4554));
        let code = if china { 4490 } else { 4326 };
        Parts::from_epsg(code).map_or_else(|| self.clone(), |p| p.into_crs(None))
    }

    /// WKT in Esri's flavour, for `.prj` files.
    #[must_use]
    pub fn esri_wkt(&self) -> String {
        wkt::parse(&self.wkt).map_or_else(|_| self.wkt.clone(), |parts| parts.esri_wkt())
    }
}
