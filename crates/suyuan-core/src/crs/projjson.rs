//! PROJJSON, in which GeoParquet says where its coordinates lie.
//!
//! # Reference
//! PROJJSON 0.7; names and codes of methods and parameters are EPSG's.

use super::Crs;
use super::parts::{Method, Parts};
use super::wkt;

const SCHEMA: &str = "https://proj.org/schemas/v0.7/projjson.schema.json";

/// A text in quotation marks.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The member that says which code it is.
fn id(code: Option<u32>) -> String {
    code.map_or_else(String::new, |code| format!(r#","id":{{"authority":"EPSG","code":{code}}}"#))
}

/// Axes as name, abbreviation and direction.
fn axes(subtype: &str, axes: [(&str, &str, &str); 2], unit: &str) -> String {
    let axes = axes.map(|(name, short, way)| {
        format!(r#"{{"name":"{name}","abbreviation":"{short}","direction":"{way}","unit":{unit}}}"#)
    });
    format!(r#""coordinate_system":{{"subtype":"{subtype}","axis":[{}]}}"#, axes.join(","))
}

/// The unit of a grid.
fn length(unit: f64) -> String {
    if unit == 1.0 {
        return r#""metre""#.to_owned();
    }
    let is = |metres: f64| (unit - metres).abs() < 1e-12;
    let name = match () {
        () if is(0.3048) => "foot",
        () if is(1200.0 / 3937.0) => "US survey foot",
        () => "unit",
    };
    format!(r#"{{"type":"LinearUnit","name":"{name}","conversion_factor":{unit}}}"#)
}

/// What a parameter is measured in.
#[derive(Clone, Copy)]
enum Unit {
    Degrees,
    One,
    Length,
}

type Parameter = (&'static str, u32, f64, Unit);

/// Name and EPSG code of a method, and its parameters; lengths in metres.
fn conversion(method: Method, [x, y]: [f64; 2]) -> Option<(&'static str, u32, Vec<Parameter>)> {
    use Unit::{Degrees, Length, One};
    let natural = |lat: f64, lon: f64| {
        [
            ("Latitude of natural origin", 8801, lat, Degrees),
            ("Longitude of natural origin", 8802, lon, Degrees),
        ]
    };
    let scale = |k: f64| ("Scale factor at natural origin", 8805, k, One);
    let offset = [("False easting", 8806, x, Length), ("False northing", 8807, y, Length)];
    let two_parallels = |lat: f64, lon: f64, [p, q]: [f64; 2]| {
        vec![
            ("Latitude of false origin", 8821, lat, Degrees),
            ("Longitude of false origin", 8822, lon, Degrees),
            ("Latitude of 1st standard parallel", 8823, p, Degrees),
            ("Latitude of 2nd standard parallel", 8824, q, Degrees),
            ("Easting at false origin", 8826, x, Length),
            ("Northing at false origin", 8827, y, Length),
        ]
    };
    let from_natural = |lat: f64, lon: f64, k: Option<f64>| {
        natural(lat, lon).into_iter().chain(k.map(scale)).chain(offset).collect()
    };
    Some(match method {
        Method::TransverseMercator { lat, lon, scale } => {
            ("Transverse Mercator", 9807, from_natural(lat, lon, Some(scale)))
        }
        Method::LambertConic { lat, lon, parallels, scale } if parallels == [lat; 2] => {
            ("Lambert Conic Conformal (1SP)", 9801, from_natural(lat, lon, Some(scale)))
        }
        // No method of EPSG's has two parallels and a scale.
        Method::LambertConic { scale, .. } if scale != 1.0 => return None,
        Method::LambertConic { lat, lon, parallels, .. } => {
            ("Lambert Conic Conformal (2SP)", 9802, two_parallels(lat, lon, parallels))
        }
        Method::Albers { lat, lon, parallels } => {
            ("Albers Equal Area", 9822, two_parallels(lat, lon, parallels))
        }
        Method::Mercator { lon, scale, parallel: 0.0 } => {
            ("Mercator (variant A)", 9804, from_natural(0.0, lon, Some(scale)))
        }
        Method::Mercator { lon, parallel, .. } => {
            let mut all = vec![("Latitude of 1st standard parallel", 8823, parallel, Degrees)];
            all.push(natural(0.0, lon)[1]);
            all.extend(offset);
            ("Mercator (variant B)", 9805, all)
        }
        Method::WebMercator => ("Popular Visualisation Pseudo Mercator", 1024, from_natural(0.0, 0.0, None)),
        Method::SwissOblique { lat, lon, scale } => (
            "Hotine Oblique Mercator (variant B)",
            9815,
            vec![
                ("Latitude of projection centre", 8811, lat, Degrees),
                ("Longitude of projection centre", 8812, lon, Degrees),
                ("Azimuth at projection centre", 8813, 90.0, Degrees),
                ("Angle from Rectified to Skew Grid", 8814, 90.0, Degrees),
                ("Scale factor at projection centre", 8815, scale, One),
                ("Easting at projection centre", 8816, x, Length),
                ("Northing at projection centre", 8817, y, Length),
            ],
        ),
    })
}

/// Whether an authority prints northings first.
fn is_north_first(code: Option<u32>) -> bool {
    let chinese = [2327..=2390, 2401..=2442, 4491..=4554, 21413..=21423, 21453..=21463];
    code.is_some_and(|code| code == 2326 || chinese.iter().any(|codes| codes.contains(&code)))
}

impl Parts {
    fn geographic(&self, code: Option<u32>) -> String {
        let (ellipsoid, axis, flattening) = &self.datum.ellipsoid;
        // WKT 1 has underscores for blanks, and a name of its own for the datum of GPS.
        let datum = match self.datum.datum.as_str() {
            "WGS_1984" => "World Geodetic System 1984".to_owned(),
            "North_American_Datum_1983" => "North American Datum 1983".to_owned(),
            other => other.trim_start_matches("D_").replace('_', " "),
        };
        let mut order = [("Geodetic latitude", "Lat", "north"), ("Geodetic longitude", "Lon", "east")];
        if code.is_none() {
            order.reverse();
        }
        format!(
            r#""type":"GeographicCRS","name":{},"datum":{{"type":"GeodeticReferenceFrame","name":{},"ellipsoid":{{"name":{},"semi_major_axis":{axis},"inverse_flattening":{flattening}}}}},{}{}"#,
            quote(&self.datum.name),
            quote(&datum),
            quote(ellipsoid),
            axes("ellipsoidal", order, r#""degree""#),
            id(code),
        )
    }

    /// The members of its object, without the schema.
    fn members(&self) -> Option<String> {
        let Some(method) = self.method else { return Some(self.geographic(self.epsg)) };
        let (method, code, parameters) = conversion(method, self.offset)?;
        let unit = length(self.unit);
        let parameters: Vec<String> = parameters
            .into_iter()
            .map(|(name, code, value, kind)| {
                let (value, unit) = match kind {
                    Unit::Degrees => (value, r#""degree""#),
                    Unit::One => (value, r#""unity""#),
                    Unit::Length => (value / self.unit, unit.as_str()),
                };
                format!(r#"{{"name":"{name}","value":{value},"unit":{unit}{}}}"#, id(Some(code)))
            })
            .collect();
        let mut order = [("Easting", "E", "east"), ("Northing", "N", "north")];
        if is_north_first(self.epsg) {
            order.reverse();
        }
        Some(format!(
            r#""type":"ProjectedCRS","name":{name},"base_crs":{{{}}},"conversion":{{"name":{name},"method":{{"name":"{method}"{}}},"parameters":[{}]}},{}{}"#,
            self.geographic(self.datum.epsg),
            id(Some(code)),
            parameters.join(","),
            axes("Cartesian", order, &unit),
            id(self.epsg),
            name = quote(&self.name),
        ))
    }

    /// The same with the shift of its datum, where one was given that no code stands for.
    fn shifted(&self, members: &str) -> String {
        let given = self.datum.to_wgs84.as_deref().filter(|text| !text.is_empty() && self.epsg.is_none());
        let Some(text) = given else { return members.to_owned() };
        let values: Vec<f64> = text.split(',').filter_map(|v| v.trim().parse().ok()).collect();
        let names = [
            ("X-axis translation", 8605, r#""metre""#),
            ("Y-axis translation", 8606, r#""metre""#),
            ("Z-axis translation", 8607, r#""metre""#),
            ("X-axis rotation", 8608, SECONDS),
            ("Y-axis rotation", 8609, SECONDS),
            ("Z-axis rotation", 8610, SECONDS),
            ("Scale difference", 8611, MILLIONTHS),
        ];
        let (method, code) = match values.len() {
            3 => ("Geocentric translations (geog2D domain)", 9603),
            7 => ("Position Vector transformation (geog2D domain)", 9606),
            _ => return members.to_owned(),
        };
        let parameters: Vec<String> = names
            .iter()
            .zip(values)
            .map(|((name, code, unit), value)| {
                format!(r#"{{"name":"{name}","value":{value},"unit":{unit}{}}}"#, id(Some(*code)))
            })
            .collect();
        let target = Self::from_epsg(4326).map_or_else(String::new, |wgs84| wgs84.geographic(Some(4326)));
        format!(
            r#""type":"BoundCRS","source_crs":{{{members}}},"target_crs":{{{target}}},"transformation":{{"name":"to WGS 84","method":{{"name":"{method}"{}}},"parameters":[{}]}}"#,
            id(Some(code)),
            parameters.join(","),
        )
    }
}

const SECONDS: &str =
    r#"{"type":"AngularUnit","name":"arc-second","conversion_factor":4.84813681109536e-06}"#;
const MILLIONTHS: &str = r#"{"type":"ScaleUnit","name":"parts per million","conversion_factor":1e-06}"#;

impl Crs {
    /// The system as PROJJSON; `None` for a plane of its own, and for what has no such description here.
    ///
    /// # Shape
    /// One JSON object. Axes stand in the authority's order where a code is known, whatever the order of our coordinates.
    ///
    /// # Example
    /// ```
    /// use suyuan_core::crs::Crs;
    /// let text = Crs::from_epsg(4549)?.projjson();
    /// assert!(text.is_some_and(|t| t.ends_with(r#""id":{"authority":"EPSG","code":4549}}"#)));
    /// assert_eq!(Crs::local("site grid").projjson(), None);
    /// # Ok::<(), suyuan_core::crs::CrsError>(())
    /// ```
    #[must_use]
    pub fn projjson(&self) -> Option<String> {
        if self.is_local() {
            return None;
        }
        #[cfg(feature = "proj")]
        if self.definition.starts_with("EPSG:") {
            return super::system::projjson(self.epsg?);
        }
        let parts = wkt::parse(&self.wkt).ok()?;
        let parts = Parts { epsg: self.epsg, ..parts };
        Some(format!(r#"{{"$schema":"{SCHEMA}",{}}}"#, parts.shifted(&parts.members()?)))
    }
}
