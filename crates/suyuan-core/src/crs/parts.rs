//! A coordinate system taken apart: datum, projection, unit; and the EPSG codes that are known.

use super::Crs;
use super::datum::GeodeticDatum;

/// A projection with its parameters, degrees and metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Method {
    TransverseMercator {
        lat: f64,
        lon: f64,
        scale: f64,
    },
    LambertConic {
        lat: f64,
        lon: f64,
        parallels: [f64; 2],
        scale: f64,
    },
    Albers {
        lat: f64,
        lon: f64,
        parallels: [f64; 2],
    },
    /// True to scale along `parallel`, or with `scale` on the equator where that is 0.
    Mercator {
        lon: f64,
        scale: f64,
        parallel: f64,
    },
    WebMercator,
    SwissOblique {
        lat: f64,
        lon: f64,
        scale: f64,
    },
}

/// Before the word for a datum that lies off WGS 84 and whose shift nobody has said: our own, since PROJ has no such key.
pub(crate) const OFF_DATUM: &str = "+datum_name=";

/// A coordinate system taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) epsg: Option<u32>,
    pub(crate) datum: GeodeticDatum,
    /// `None` for degrees.
    pub(crate) method: Option<Method>,
    /// False easting and northing, metres.
    pub(crate) offset: [f64; 2],
    /// Metres in one unit; 1 for degrees.
    pub(crate) unit: f64,
}

impl Parts {
    fn gauss_kruger(name: &str, datum: u32, epsg: u32, lon: f64, easting: f64) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            epsg: Some(epsg),
            datum: GeodeticDatum::from_epsg(datum)?,
            method: Some(Method::TransverseMercator { lat: 0.0, lon, scale: 1.0 }),
            offset: [easting, 0.0],
            unit: 1.0,
        })
    }

    fn utm(prefix: &str, datum: u32, epsg: u32, zone: u32, south: bool) -> Option<Self> {
        Some(Self {
            name: format!("{prefix} / UTM zone {zone}{}", if south { "S" } else { "N" }),
            epsg: Some(epsg),
            datum: GeodeticDatum::from_epsg(datum)?,
            method: Some(Method::TransverseMercator {
                lat: 0.0,
                lon: f64::from(zone) * 6.0 - 183.0,
                scale: 0.9996,
            }),
            offset: [500_000.0, if south { 10_000_000.0 } else { 0.0 }],
            unit: 1.0,
        })
    }

    fn swiss(name: &str, datum: u32, epsg: u32, offset: [f64; 2]) -> Option<Self> {
        let (lat, lon) = (46.952_405_555_555_56, 7.439_583_333_333_33);
        Some(Self {
            name: name.to_owned(),
            epsg: Some(epsg),
            datum: GeodeticDatum::from_epsg(datum)?,
            method: Some(Method::SwissOblique { lat, lon, scale: 1.0 }),
            offset,
            unit: 1.0,
        })
    }

    fn taiwan(name: &str, epsg: u32, lon: f64) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            epsg: Some(epsg),
            datum: GeodeticDatum::from_epsg(3824)?,
            method: Some(Method::TransverseMercator { lat: 0.0, lon, scale: 0.9999 }),
            offset: [250_000.0, 0.0],
            unit: 1.0,
        })
    }

    /// # Reference
    /// EPSG Geodetic Parameter Dataset.
    pub(crate) fn from_epsg(code: u32) -> Option<Self> {
        // Gauss-Kruger families: datum, name, and the four runs of codes (6-degree zones and meridians, 3-degree).
        for (datum, name, zone6, cm6, zone3, cm3) in [
            (4490, "CGCS2000", 4491, 4502, 4513, 4534),
            (4610, "Xian 1980", 2327, 2338, 2349, 2370),
            (4214, "Beijing 1954", 21413, 21453, 2401, 2422),
        ] {
            // Six-degree zones 13 to 23 (75E to 135E); three-degree zones 25 to 45.
            if (zone6..zone6 + 11).contains(&code) {
                let zone = 13 + code - zone6;
                let title = format!("{name} / Gauss-Kruger zone {zone}");
                return Self::gauss_kruger(
                    &title,
                    datum,
                    code,
                    f64::from(zone) * 6.0 - 3.0,
                    f64::from(zone) * 1e6 + 500_000.0,
                );
            }
            if (cm6..cm6 + 11).contains(&code) {
                let lon = 75 + 6 * (code - cm6);
                let title = format!("{name} / Gauss-Kruger CM {lon}E");
                return Self::gauss_kruger(&title, datum, code, f64::from(lon), 500_000.0);
            }
            if (zone3..zone3 + 21).contains(&code) {
                let zone = 25 + code - zone3;
                let title = format!("{name} / 3-degree Gauss-Kruger zone {zone}");
                return Self::gauss_kruger(
                    &title,
                    datum,
                    code,
                    f64::from(zone) * 3.0,
                    f64::from(zone) * 1e6 + 500_000.0,
                );
            }
            if (cm3..cm3 + 21).contains(&code) {
                let lon = 75 + 3 * (code - cm3);
                let title = format!("{name} / 3-degree Gauss-Kruger CM {lon}E");
                return Self::gauss_kruger(&title, datum, code, f64::from(lon), 500_000.0);
            }
        }
        match code {
            32601..=32660 => Self::utm("WGS 84", 4326, code, code - 32600, false),
            32701..=32760 => Self::utm("WGS 84", 4326, code, code - 32700, true),
            26901..=26923 => Self::utm("NAD83", 4269, code, code - 26900, false),
            25828..=25838 => Self::utm("ETRS89", 4258, code, code - 25800, false),
            3824 | 4326 | 4490 | 4269 | 4258 | 4214 | 4610 | 4611 | 4149 | 4150 => {
                let datum = GeodeticDatum::from_epsg(code)?;
                let name = datum.name.clone();
                Some(Self { name, epsg: Some(code), datum, method: None, offset: [0.0; 2], unit: 1.0 })
            }
            3857 => Some(Self {
                name: "WGS 84 / Pseudo-Mercator".to_owned(),
                epsg: Some(code),
                datum: GeodeticDatum::from_epsg(4326)?,
                method: Some(Method::WebMercator),
                offset: [0.0; 2],
                unit: 1.0,
            }),
            2056 => Self::swiss("CH1903+ / LV95", 4150, code, [2_600_000.0, 1_200_000.0]),
            21781 => Self::swiss("CH1903 / LV03", 4149, code, [600_000.0, 200_000.0]),
            3825 => Self::taiwan("TWD97 / TM2 zone 119", code, 119.0),
            3826 => Self::taiwan("TWD97 / TM2 zone 121", code, 121.0),
            2326 => Some(Self {
                name: "Hong Kong 1980 Grid System".to_owned(),
                epsg: Some(code),
                datum: GeodeticDatum::from_epsg(4611)?,
                method: Some(Method::TransverseMercator {
                    lat: 22.312_133_333_333_3,
                    lon: 114.178_555_555_556,
                    scale: 1.0,
                }),
                offset: [836_694.05, 819_069.8],
                unit: 1.0,
            }),
            32145 => Some(Self {
                name: "NAD83 / Vermont".to_owned(),
                epsg: Some(code),
                datum: GeodeticDatum::from_epsg(4269)?,
                method: Some(Method::TransverseMercator { lat: 42.5, lon: -72.5, scale: 0.999_964_286 }),
                offset: [500_000.0, 0.0],
                unit: 1.0,
            }),
            _ => None,
        }
    }

    /// The EPSG code whose parameters are these, among those of the table.
    fn recognise(&self) -> Option<u32> {
        let same = |other: &Self| {
            let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
            // A billionth of a degree is a tenth of a millimetre.
            let angle = |a: f64, b: f64| (a - b).abs() < 1e-9;
            let offsets = close(self.offset[0], other.offset[0]) && close(self.offset[1], other.offset[1]);
            let methods = match (self.method, other.method) {
                (
                    Some(Method::TransverseMercator { lat: a, lon: b, scale: c }),
                    Some(Method::TransverseMercator { lat: x, lon: y, scale: z }),
                )
                | (
                    Some(Method::SwissOblique { lat: a, lon: b, scale: c }),
                    Some(Method::SwissOblique { lat: x, lon: y, scale: z }),
                ) => angle(a, x) && angle(b, y) && (c - z).abs() < 1e-9,
                (a, b) => a == b,
            };
            self.datum.epsg.is_some() && self.datum.epsg == other.datum.epsg && offsets && methods
        };
        if (self.unit - 1.0).abs() > 1e-12 {
            return None;
        }
        let ranges: [std::ops::RangeInclusive<u32>; 12] = [
            4534..=4554,
            4513..=4533,
            4491..=4512,
            32601..=32660,
            32701..=32760,
            26901..=26923,
            25828..=25838,
            2349..=2390,
            2401..=2442,
            2327..=2348,
            3857..=3857,
            4000..=4999,
        ];
        ranges
            .into_iter()
            .flatten()
            .chain([2056, 2326, 3824, 3825, 3826, 21781, 32145])
            .find(|code| Self::from_epsg(*code).is_some_and(|other| same(&other)))
    }

    /// The PROJ text.
    pub(crate) fn definition(&self) -> String {
        let (_, a, rf) = &self.datum.ellipsoid;
        let [x, y] = self.offset;
        let ellipsoid = format!("+a={a} +rf={rf}");
        let projection = match self.method {
            None => "+proj=longlat".to_owned(),
            Some(Method::TransverseMercator { lat, lon, scale }) => {
                format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k={scale} +x_0={x} +y_0={y}")
            }
            Some(Method::LambertConic { lat, lon, parallels: [p, q], scale }) => {
                format!(
                    "+proj=lcc +lat_0={lat} +lon_0={lon} +lat_1={p} +lat_2={q} +k_0={scale} +x_0={x} +y_0={y}"
                )
            }
            Some(Method::Albers { lat, lon, parallels: [p, q] }) => {
                format!("+proj=aea +lat_0={lat} +lon_0={lon} +lat_1={p} +lat_2={q} +x_0={x} +y_0={y}")
            }
            Some(Method::Mercator { lon, scale, parallel: 0.0 }) => {
                format!("+proj=merc +lon_0={lon} +k={scale} +x_0={x} +y_0={y}")
            }
            Some(Method::Mercator { lon, parallel, .. }) => {
                format!("+proj=merc +lon_0={lon} +lat_ts={parallel} +x_0={x} +y_0={y}")
            }
            Some(Method::WebMercator) => {
                return "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +no_defs"
                    .to_owned();
            }
            Some(Method::SwissOblique { lat, lon, scale }) => {
                format!("+proj=somerc +lat_0={lat} +lon_0={lon} +k_0={scale} +x_0={x} +y_0={y}")
            }
        };
        let shift = match self.datum.to_wgs84.as_deref() {
            // The ellipsoid alone would pass for a modern datum.
            None => super::datum::off(&self.datum.name, &self.datum.datum)
                .map_or_else(String::new, |word| format!(" {OFF_DATUM}{word}")),
            Some("") => String::new(),
            Some(parameters) => format!(" +towgs84={parameters}"),
        };
        let unit = if self.method.is_some() { format!(" +to_meter={}", self.unit) } else { String::new() };
        format!("{projection} {ellipsoid}{shift}{unit} +no_defs")
    }

    pub(crate) fn into_crs(mut self, text: Option<&str>) -> Crs {
        if self.epsg.is_none() {
            self.epsg = self.recognise();
            if let Some(known) = self.epsg.and_then(Self::from_epsg) {
                self.name = known.name;
            }
        }
        Crs {
            definition: self.definition(),
            // A known code gets the authority's own text: home-made ones open badly elsewhere.
            wkt: match text {
                Some(text) if self.epsg.is_none() => text.to_owned(),
                _ => self.ogc_wkt(),
            },
            geographic: self.method.is_none(),
            metres_per_unit: self.unit,
            grid: None,
            epsg: self.epsg,
            name: self.name,
        }
    }
}
