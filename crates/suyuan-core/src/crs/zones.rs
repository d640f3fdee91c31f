//! What the ranges of coordinates tell of a grid: axes exchanged, zone numbers before the eastings or not.

use geo_types::Coord;

use super::{Crs, CrsError};
use crate::Language;

/// The number after a keyword of a PROJ text.
fn number(definition: &str, keyword: &str) -> Option<f64> {
    definition.split_whitespace().find_map(|w| w.strip_prefix(keyword))?.parse().ok()
}

/// A grid about a meridian, or about Bern.
struct Grid {
    /// Where its false origin puts the middle, metres.
    middle: Coord<f64>,
    /// How far from it coordinates may lie, metres.
    reach: Coord<f64>,
    /// Longitude of its meridian, for Gauss-Kruger grids.
    meridian: Option<f64>,
}

impl Grid {
    fn of(crs: &Crs) -> Option<Self> {
        let text = &crs.definition;
        let at = |keyword| number(text, keyword).unwrap_or(0.0);
        let middle = Coord { x: at("+x_0="), y: at("+y_0=") };
        // Transverse grids end a few degrees from their meridian; 1000 km is beyond all of them.
        let reach = Coord { x: 1e6, y: 1.01e7 };
        if crs.grid.is_some() || crs.geographic {
            None
        } else if text.contains("+proj=tmerc") {
            let scale = number(text, "+k=").or_else(|| number(text, "+k_0=")).unwrap_or(1.0);
            Some(Self { middle, reach, meridian: (scale == 1.0).then(|| at("+lon_0=")) })
        } else if text.contains("+proj=utm") {
            let north = if text.contains("+south") { 1e7 } else { 0.0 };
            Some(Self { middle: Coord { x: 500_000.0, y: north }, reach, meridian: None })
        } else if text.contains("+proj=somerc") {
            Some(Self { middle, reach: Coord { x: 3e5, y: 3e5 }, meridian: None })
        } else {
            None
        }
    }

    /// Whether metres east and north may be a place of the grid, with or without its zone number.
    fn holds(&self, place: Coord<f64>) -> bool {
        let off = |v: f64, middle: f64, reach: f64| (v - middle).abs() < reach;
        let plain = self.meridian.and(zone_of(place.x)).map_or(place.x, |z| place.x - f64::from(z) * 1e6);
        let middle = self.meridian.map_or(self.middle.x, |_| self.middle.x.rem_euclid(1e6));
        off(plain, middle, self.reach.x) && off(place.y, self.middle.y, self.reach.y)
    }
}

/// The zone number before an easting.
///
/// # Reference
/// Chinese Gauss-Kruger zones: 13 to 23 are six degrees wide, 25 to 45 three; eastings lie within 400 km of 500 000.
fn zone_of(easting: f64) -> Option<u32> {
    let zone = (easting / 1e6).floor();
    let known = (13.0..=23.0).contains(&zone) || (25.0..=45.0).contains(&zone);
    (known && (1e5..9e5).contains(&(easting - zone * 1e6))).then_some(zone as u32)
}

fn meridian_of(zone: u32) -> f64 {
    f64::from(if zone < 24 { zone * 6 - 3 } else { zone * 3 })
}

fn is_chinese_northing(northing: f64) -> bool {
    (1_700_000.0..6_000_000.0).contains(&northing)
}

/// Whether the coordinates of a layer read like north, east instead of east, north: surveyors' X is north, and an
/// authority's degrees are latitude first.
///
/// A grid's coordinates are judged by whether they are a place of that grid only when exchanged. Degrees: a latitude beyond
/// 90 is a longitude; so is one beyond 73 in a Chinese system, and one south of 60° S, where no city is.
#[must_use]
pub fn looks_swapped(min: Coord<f64>, max: Coord<f64>, crs: &Crs) -> bool {
    if crs.geographic {
        let widest = min.x.abs().max(max.x.abs());
        let beyond = min.y.abs().max(max.y.abs()) > 90.0 && widest <= 90.0;
        let chinese = matches!(crs.epsg, Some(4490 | 4610 | 4214)) && min.y >= 73.0 && max.x <= 54.0;
        let antarctic = max.y < -60.0 && widest <= 75.0;
        return beyond || (chinese && min.x >= 3.0) || antarctic;
    }
    let Some(grid) = Grid::of(crs) else { return false };
    let metres = |c: Coord<f64>| Coord { x: c.x * crs.metres_per_unit, y: c.y * crs.metres_per_unit };
    let corners = [metres(min), metres(max)];
    corners.iter().all(|c| !grid.holds(*c)) && corners.iter().all(|c| grid.holds(Coord { x: c.y, y: c.x }))
}

/// How eastings with and without zone numbers come to the numbering of a Gauss-Kruger grid.
#[doc(alias = "带号")]
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneNumbers {
    declared: Option<u32>,
    meridian: f64,
    name: String,
}

impl ZoneNumbers {
    /// The numbering of a grid; `None` if it is no Gauss-Kruger grid in metres whose middle is 500 000.
    #[must_use]
    pub fn of(crs: &Crs) -> Option<Self> {
        let grid = Grid::of(crs).filter(|_| (crs.metres_per_unit - 1.0).abs() < 1e-12)?;
        let declared = zone_of(grid.middle.x);
        let plain = grid.middle.x - f64::from(declared.unwrap_or(0)) * 1e6;
        let gauss_kruger = plain == 500_000.0 && grid.middle.y == 0.0;
        gauss_kruger.then_some(Self { declared, meridian: grid.meridian?, name: crs.name.clone() })
    }

    /// What is to be added to an easting that is numbered otherwise than the grid, metres, and the zone in question;
    /// `None` where it agrees or tells nothing.
    ///
    /// # Errors
    /// [`CrsError::ZoneContradicted`] if its zone number stands for another meridian.
    pub fn shift(&self, place: Coord<f64>) -> Result<Option<(f64, u32)>, CrsError> {
        if !is_chinese_northing(place.y) {
            return Ok(None);
        }
        let million = |zone: Option<u32>| f64::from(zone.unwrap_or(0)) * 1e6;
        match zone_of(place.x) {
            found if found == self.declared => Ok(None),
            Some(found) if (meridian_of(found) - self.meridian).abs() > 1e-6 => {
                Err(CrsError::ZoneContradicted {
                    zone: found,
                    meridian: meridian_of(found),
                    crs: self.name.clone(),
                    declared: self.meridian,
                })
            }
            None if !(1e5..9e5).contains(&place.x) => Ok(None),
            found => Ok(found.or(self.declared).map(|zone| (million(self.declared) - million(found), zone))),
        }
    }
}

/// What the ranges of coordinates that declare nothing speak for, in words; `None` if for nothing.
#[must_use]
pub fn suggest_crs(min: Coord<f64>, max: Coord<f64>, language: Language) -> Option<String> {
    let exchanged = |c: Coord<f64>| Coord { x: c.y, y: c.x };
    let (swapped, corners) = if is_chinese_northing(min.x) && is_chinese_northing(max.x) {
        (true, [exchanged(min), exchanged(max)])
    } else {
        (false, [min, max])
    };
    if !corners.iter().all(|c| is_chinese_northing(c.y)) {
        return None;
    }
    let [west, east] = corners.map(|c| c.x);
    let order = match (swapped, language) {
        (false, _) => "",
        (true, Language::English) => ", north before east",
        (true, Language::Chinese) => "（北坐标在前）",
    };
    if let Some(zone) = zone_of(west).filter(|z| zone_of(east) == Some(*z)) {
        let (width, first) = if zone < 24 { (6, [4491, 2327, 21413]) } else { (3, [4513, 2349, 2401]) };
        let [cgcs, xian, beijing] = first.map(|code| code + zone - if width == 6 { 13 } else { 25 });
        let meridian = meridian_of(zone);
        return Some(language.pick(
            &format!("the eastings begin with zone {zone} of {width} degrees ({meridian}°E){order}: --crs EPSG:{cgcs} is CGCS2000, EPSG:{xian} Xian 1980, EPSG:{beijing} Beijing 1954"),
            &format!("东坐标带号 {zone}，为 {width} 度带，中央经线 {meridian}°E{order}：CGCS2000 用 --crs EPSG:{cgcs}，西安 80 用 EPSG:{xian}，北京 54 用 EPSG:{beijing}"),
        ).to_owned());
    }
    ((1e5..9e5).contains(&west) && (1e5..9e5).contains(&east)).then(|| {
        language.pick(
            &format!("the coordinates look like Gauss-Kruger or UTM metres{order}, whose meridian they do not tell: say --crs, for example EPSG:4549 for CGCS2000 at 120°E"),
            &format!("坐标疑似高斯投影或 UTM 米制坐标{order}，但看不出中央经线：请用 --crs 指定，例如 CGCS2000 中央经线 120°E 为 EPSG:4549"),
        ).to_owned()
    })
}
