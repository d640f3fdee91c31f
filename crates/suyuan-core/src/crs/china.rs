//! The offset coordinates of Chinese web maps.
//!
//! GCJ-02 and BD-09 are no coordinate systems but obfuscations of WGS 84; who declares them gets them undone.

use std::f64::consts::PI;

use geo_types::Coord;

/// What a place's longitude and latitude are measured from.
#[doc(alias = "坐标基准")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datum {
    /// WGS 84 or CGCS2000, equal at survey accuracy.
    Modern,
    /// The offset coordinates of AMap and Tencent.
    Gcj02,
    /// The offset coordinates of Baidu.
    Bd09,
}

impl Datum {
    /// The datum that a text such as `GCJ-02`, `wgs84`, `CGCS2000`, `高德` or `百度坐标系` names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
        let (latin, rest): (String, String) = plain.chars().partition(char::is_ascii);
        match latin.as_str() {
            "WGS84" | "WGS1984" | "CGCS2000" | "EPSG4326" | "EPSG4490" | "GPS" => return Some(Self::Modern),
            "GCJ02" | "GCJ" | "AMAP" | "GAODE" | "TENCENT" => return Some(Self::Gcj02),
            "BD09" | "BD09LL" | "BAIDU" => return Some(Self::Bd09),
            "" | "2000" => {}
            _ => return None,
        }
        let name =
            ["坐标系", "坐标", "地图"].iter().fold(rest.as_str(), |name, end| name.trim_end_matches(end));
        match (name, latin.as_str()) {
            ("国家" | "国家大地" | "大地", "2000") => Some(Self::Modern),
            ("高德" | "腾讯" | "火星" | "国测局", "") => Some(Self::Gcj02),
            ("百度", "") => Some(Self::Bd09),
            _ => None,
        }
    }

    /// The place in WGS 84.
    #[must_use]
    pub fn to_wgs84(self, place: Coord<f64>) -> Coord<f64> {
        match self {
            Self::Modern => place,
            Self::Gcj02 => gcj02_to_wgs84(place),
            Self::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(place)),
        }
    }
}

/// Semi-major axis and squared eccentricity of the Krassowsky ellipsoid, as the published formula has them.
const A: f64 = 6_378_245.0;
const EE: f64 = 0.006_693_421_622_965_943;

fn offset(p: Coord<f64>) -> Coord<f64> {
    let (x, y) = (p.x - 105.0, p.y - 35.0);
    let root = x.abs().sqrt();
    let wave = |v: f64, a: f64, b: f64| (a * (6.0 * v * PI).sin() + b * (2.0 * v * PI).sin()) * 2.0 / 3.0;
    let ripple = wave(x, 20.0, 20.0);
    let mut lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple;
    lat += (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0;
    lat += (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let mut lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple;
    lon += (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0;
    lon += (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let phi = p.y.to_radians();
    let magic = 1.0 - EE * phi.sin() * phi.sin();
    Coord {
        x: (lon * 180.0) / (A / magic.sqrt() * phi.cos() * PI),
        y: (lat * 180.0) / ((A * (1.0 - EE)) / (magic * magic.sqrt()) * PI),
    }
}

/// WGS 84 degrees to GCJ-02 degrees; accurate to the published reverse-engineered formula.
#[must_use]
pub fn wgs84_to_gcj02(place: Coord<f64>) -> Coord<f64> {
    let d = offset(place);
    Coord { x: place.x + d.x, y: place.y + d.y }
}

/// GCJ-02 degrees to WGS 84 degrees, iterated until it inverts [`wgs84_to_gcj02`] to about 1e-10 degrees.
#[must_use]
pub fn gcj02_to_wgs84(place: Coord<f64>) -> Coord<f64> {
    let mut guess = place;
    for _ in 0..30 {
        let there = wgs84_to_gcj02(guess);
        let miss = Coord { x: there.x - place.x, y: there.y - place.y };
        guess = Coord { x: guess.x - miss.x, y: guess.y - miss.y };
        if miss.x.abs().max(miss.y.abs()) < 1e-11 {
            break;
        }
    }
    guess
}

const X_PI: f64 = PI * 3000.0 / 180.0;

/// GCJ-02 degrees to BD-09 degrees.
#[must_use]
pub fn gcj02_to_bd09(p: Coord<f64>) -> Coord<f64> {
    let z = p.x.hypot(p.y) + 0.000_02 * (p.y * X_PI).sin();
    let theta = p.y.atan2(p.x) + 0.000_003 * (p.x * X_PI).cos();
    Coord { x: z * theta.cos() + 0.006_5, y: z * theta.sin() + 0.006 }
}

/// BD-09 degrees to GCJ-02 degrees.
#[must_use]
pub fn bd09_to_gcj02(p: Coord<f64>) -> Coord<f64> {
    let (x, y) = (p.x - 0.006_5, p.y - 0.006);
    let z = x.hypot(y) - 0.000_02 * (y * X_PI).sin();
    let theta = y.atan2(x) - 0.000_003 * (x * X_PI).cos();
    Coord { x: z * theta.cos(), y: z * theta.sin() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Coord<f64>, b: [f64; 2], by: f64) {
        assert!((a.x - b[0]).abs() < by && (a.y - b[1]).abs() < by, "{a:?} {b:?}");
    }

    #[test]
    fn a_datum_goes_by_many_names() {
        for (names, datum) in [
            (
                "wgs84 WGS-84 CGCS2000 EPSG:4490 国家2000坐标系 2000国家大地坐标系 CGCS2000国家大地坐标系",
                Datum::Modern,
            ),
            ("GCJ-02 gcj02 GCJ02（火星坐标系） 高德GCJ02 高德 高德地图 火星坐标系 国测局坐标", Datum::Gcj02),
            ("BD-09 bd09ll 百度 百度坐标系 百度地图", Datum::Bd09),
        ] {
            for name in names.split(' ') {
                assert_eq!(Datum::parse(name), Some(datum), "{name}");
            }
        }
        for name in ["", "坐标系", "2000", "北京54", "高德2000", "EPSG:4549", "XX"] {
            assert_eq!(Datum::parse(name), None, "{name}");
        }
    }

    #[test]
    fn published_vectors() {
        let p = Coord { x: 116.404, y: 39.915 };
        close(wgs84_to_gcj02(p), [116.410_244_499_169_38, 39.916_404_281_501_64], 1e-12);
        close(gcj02_to_bd09(p), [116.410_369_493_710_29, 39.921_336_993_510_21], 1e-12);
        close(bd09_to_gcj02(p), [116.397_627_291_193_15, 39.908_656_739_576_31], 1e-12);
    }

    #[test]
    fn offsets_in_binjiang_and_their_inverse() {
        let p = Coord { x: 120.197, y: 30.225 };
        let g = wgs84_to_gcj02(p);
        close(Coord { x: g.x - p.x, y: g.y - p.y }, [0.004_568, -0.002_409], 1e-6);
        close(gcj02_to_wgs84(g), [p.x, p.y], 1e-9);
        let b = gcj02_to_bd09(g);
        close(Coord { x: b.x - p.x, y: b.y - p.y }, [0.011_091, 0.003_433], 1e-6);
        close(Datum::Bd09.to_wgs84(b), [p.x, p.y], 2e-6);
    }
}
