//! WKT 1, read in both flavours and written in either; WKT 2 as far as its parameters are named alike.

use super::CrsError;
use super::datum::{self, GeodeticDatum};
use super::parts::{Method, Parts};

/// A node of the text: keyword, quoted and bare values, children.
#[derive(Debug, Default)]
struct Item {
    keyword: String,
    values: Vec<String>,
    children: Vec<Item>,
}

impl Item {
    fn child(&self, keywords: &[&str]) -> Option<&Item> {
        self.children.iter().find(|c| keywords.contains(&c.keyword.as_str()))
    }

    fn number(&self, index: usize) -> Option<f64> {
        self.values.get(index)?.trim().parse().ok()
    }

    fn name(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }
}

fn bad(why: &str, why_in_chinese: &str) -> CrsError {
    CrsError::BadWkt { why: why.to_owned(), why_in_chinese: why_in_chinese.to_owned() }
}

/// Reads `KEYWORD["name",1,CHILD[…]]`; brackets may be round.
fn read(text: &str) -> Result<Item, CrsError> {
    let mut stack: Vec<Item> = vec![Item::default()];
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    let flush = |word: &mut String, stack: &mut Vec<Item>| {
        let value = word.trim().to_owned();
        word.clear();
        if let Some(top) = stack.last_mut().filter(|_| !value.is_empty()) {
            top.values.push(value);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let mut quoted = String::new();
                loop {
                    match chars.next() {
                        Some('"') if chars.peek() == Some(&'"') => {
                            chars.next();
                            quoted.push('"');
                        }
                        Some('"') => break,
                        Some(other) => quoted.push(other),
                        None => return Err(bad("a quotation mark is not closed", "引号未闭合")),
                    }
                }
                stack
                    .last_mut()
                    .ok_or_else(|| bad("text after the end", "结尾之后还有文本"))?
                    .values
                    .push(quoted);
            }
            '[' | '(' => {
                if stack.len() > 64 {
                    return Err(bad("it is nested too deeply", "嵌套过深"));
                }
                stack.push(Item { keyword: word.trim().to_ascii_uppercase(), ..Item::default() });
                word.clear();
            }
            ']' | ')' => {
                flush(&mut word, &mut stack);
                let item = stack.pop().ok_or_else(|| bad("a bracket closes nothing", "有多余的右括号"))?;
                let outer =
                    stack.last_mut().ok_or_else(|| bad("a bracket closes nothing", "有多余的右括号"))?;
                outer.children.push(item);
                if stack.len() == 1 {
                    break; // what follows is no part of it
                }
            }
            ',' => flush(&mut word, &mut stack),
            c => word.push(c),
        }
    }
    if stack.len() != 1 {
        return Err(bad("a bracket is not closed", "括号未闭合"));
    }
    stack
        .remove(0)
        .children
        .into_iter()
        .next()
        .ok_or_else(|| bad("it holds no coordinate system", "未包含坐标系"))
}

/// The length of a unit in metres.
fn length(item: &Item) -> Option<f64> {
    item.child(&["UNIT", "LENGTHUNIT"])
        .or_else(|| item.child(&["CS"]).and_then(|c| c.child(&["UNIT", "LENGTHUNIT"])))
        .or_else(|| item.child(&["AXIS"]).and_then(|a| a.child(&["UNIT", "LENGTHUNIT"])))
        .and_then(|u| u.number(1))
}

/// The name of a plane of its own; `None` for what has a place on the earth.
pub(crate) fn local_name(text: &str) -> Result<Option<String>, CrsError> {
    let item = read(text)?;
    if !matches!(item.keyword.as_str(), "LOCAL_CS" | "ENGCRS" | "ENGINEERINGCRS") {
        return Ok(None);
    }
    match length(&item) {
        Some(unit) if (unit - 1.0).abs() > 1e-9 => Err(bad(
            &format!("its plane is measured in units of {unit} m, expected metres"),
            &format!("独立平面坐标系的单位为 {unit} 米，应为米"),
        )),
        _ => Ok(Some(item.name().to_owned())),
    }
}

/// Name, whether it is in degrees, and the metres of its unit, of a system whose projection is not known here.
#[cfg(feature = "proj")]
pub(crate) fn summary(text: &str) -> Option<(String, bool, f64)> {
    let root = read(text).ok()?;
    match root.keyword.as_str() {
        "GEOGCS" => {
            let unit = root.child(&["UNIT"])?.number(1)?;
            (unit - DEGREE).abs().le(&1e-12).then(|| (root.name().to_owned(), true, 1.0))
        }
        "PROJCS" => length(&root).map(|unit| (root.name().to_owned(), false, unit)),
        _ => None,
    }
}

/// Whether the datum of a WKT 1 text lies within metres of WGS 84: it is none of those known to lie off, and its ellipsoid has
/// the size of the modern ones.
#[cfg(feature = "proj")]
pub(crate) fn is_modern(text: &str) -> bool {
    let modern = |root: Item| {
        let geographic = if root.keyword == "GEOGCS" { Some(&root) } else { root.child(&["GEOGCS"]) }?;
        let item = geographic.child(&["DATUM"])?;
        let axis = item.child(&["SPHEROID"])?.number(1)?;
        Some((axis - 6_378_137.0).abs() < 0.5 && datum::off(geographic.name(), item.name()).is_none())
    };
    read(text).ok().and_then(modern).unwrap_or(false)
}

/// A degree in radians, as WKT writes it.
const DEGREE: f64 = 0.017_453_292_519_943_3;

/// Angles must be degrees, counted from Greenwich: nothing else can be told from the coordinates later.
fn check_angles(geographic: &Item) -> Result<(), CrsError> {
    if let Some(unit) = geographic.child(&["UNIT", "ANGLEUNIT"]).and_then(|u| u.number(1))
        && (unit - DEGREE).abs() > 1e-9
    {
        return Err(bad(
            &format!("its angles are in units of {unit} radians, expected degrees"),
            &format!("角度单位为 {unit} 弧度，应为度"),
        ));
    }
    match geographic.child(&["PRIMEM", "PRIMEMERIDIAN"]).and_then(|m| Some((m.name(), m.number(1)?))) {
        Some((name, longitude)) if longitude.abs() > 1e-9 => Err(bad(
            &format!("its longitudes count from {name} at {longitude}, expected Greenwich"),
            &format!("经度自 {name}（{longitude}）起算，应为格林尼治"),
        )),
        _ => Ok(()),
    }
}

const METHOD_NAMES: [(&str, &str); 19] = [
    ("transverse_mercator", "tm"),
    ("gauss_kruger", "tm"),
    ("lambert_conformal_conic", "lcc"),
    ("lambert_conformal_conic_1sp", "lcc"),
    ("lambert_conformal_conic_2sp", "lcc"),
    ("lambert_conic_conformal_1sp", "lcc"),
    ("lambert_conic_conformal_2sp", "lcc"),
    ("albers", "aea"),
    ("albers_conic_equal_area", "aea"),
    ("albers_equal_area", "aea"),
    ("mercator_1sp", "merc"),
    ("mercator_2sp", "merc"),
    ("mercator_variant_a", "merc"),
    ("mercator_variant_b", "merc"),
    ("mercator", "merc"),
    ("mercator_auxiliary_sphere", "web"),
    ("popular_visualisation_pseudo_mercator", "web"),
    ("hotine_oblique_mercator_azimuth_center", "swiss"),
    ("hotine_oblique_mercator_variant_b", "swiss"),
];

fn plain(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, '(' | ')'))
        .map(|c| if c == ' ' || c == '-' { '_' } else { c.to_ascii_lowercase() })
        .collect();
    text.replace("__", "_")
}

/// Takes a WKT text apart.
pub(crate) fn parse(text: &str) -> Result<Parts, CrsError> {
    let mut root = read(text)?;
    if matches!(root.keyword.as_str(), "COMPD_CS" | "COMPOUNDCRS" | "BOUNDCRS") {
        let at = root
            .children
            .iter()
            .position(|c| {
                matches!(c.keyword.as_str(), "PROJCS" | "PROJCRS" | "GEOGCS" | "GEOGCRS" | "SOURCECRS")
            })
            .ok_or_else(|| bad("the compound system has no horizontal part", "复合坐标系缺少平面部分"))?;
        root = root.children.swap_remove(at);
        if root.keyword == "SOURCECRS" {
            root = root
                .children
                .into_iter()
                .next()
                .ok_or_else(|| bad("it holds no coordinate system", "未包含坐标系"))?;
        }
    }
    let geographic = match root.keyword.as_str() {
        "GEOGCS" | "GEOGCRS" | "GEODCRS" => &root,
        "PROJCS" | "PROJCRS" => root
            .child(&["GEOGCS", "BASEGEOGCRS", "BASEGEODCRS"])
            .ok_or_else(|| bad("the projected system names no geographic one", "投影坐标系缺少地理坐标系"))?,
        other => {
            return Err(bad(
                &format!("it begins with `{other}`, expected PROJCS or GEOGCS"),
                &format!("以“{other}”开头，应为 PROJCS 或 GEOGCS"),
            ));
        }
    };
    check_angles(geographic)?;
    let datum_item = geographic
        .child(&["DATUM", "ENSEMBLE", "TRF"])
        .ok_or_else(|| bad("it names no datum", "缺少基准 DATUM"))?;
    let ellipsoid = datum_item
        .child(&["SPHEROID", "ELLIPSOID"])
        .ok_or_else(|| bad("it names no ellipsoid", "缺少椭球"))?;
    let axis = ellipsoid.number(1).ok_or_else(|| bad("the ellipsoid has no axis", "椭球缺少长半轴"))?;
    let flattening =
        ellipsoid.number(2).ok_or_else(|| bad("the ellipsoid has no flattening", "椭球缺少扁率"))?;
    let mut datum = GeodeticDatum::from_names(
        geographic.name(),
        datum_item.name(),
        (ellipsoid.name().to_owned(), axis, flattening),
    );
    if let Some(shift) = datum_item.child(&["TOWGS84"]) {
        let all_zero = shift.values.iter().all(|v| v.trim().parse() == Ok(0.0));
        if !all_zero {
            datum.to_wgs84 = Some(shift.values.join(","));
        } else if datum::off(&datum.name, &datum.datum).is_none() {
            // Where a shift is known to be due, noughts only fill its place.
            datum.to_wgs84 = Some(String::new());
        }
    }
    let code = root
        .child(&["AUTHORITY", "ID"])
        .filter(|a| a.name().eq_ignore_ascii_case("EPSG"))
        .and_then(|a| a.number(1))
        .map(|c| c as u32);
    let name = root.name().to_owned();
    if std::ptr::eq(geographic, &raw const root) || geographic.keyword == root.keyword {
        return Ok(Parts { name, epsg: code, datum, method: None, offset: [0.0; 2], unit: 1.0 });
    }
    let conversion = root.child(&["CONVERSION"]).unwrap_or(&root);
    let method_name = conversion
        .child(&["PROJECTION", "METHOD"])
        .map(|m| m.name().to_owned())
        .ok_or_else(|| bad("it names no projection", "缺少投影方法"))?;
    let kind = METHOD_NAMES.iter().find(|(n, _)| *n == plain(&method_name)).map(|(_, k)| *k);
    let unit = length(&root).ok_or_else(|| bad("it names no unit of length", "缺少长度单位 UNIT"))?;
    if !(unit.is_finite() && unit > 0.0) {
        return Err(bad("its unit has no length", "单位长度无效"));
    }
    let parameter = |names: &[&str]| {
        conversion
            .children
            .iter()
            .filter(|c| c.keyword == "PARAMETER")
            .find(|c| names.contains(&plain(c.name()).as_str()))
            .and_then(|c| c.number(1))
    };
    let lat = parameter(&[
        "latitude_of_origin",
        "latitude_of_center",
        "latitude_of_projection_centre",
        "latitude_of_natural_origin",
        "latitude_of_false_origin",
    ])
    .unwrap_or(0.0);
    let lon = parameter(&[
        "central_meridian",
        "longitude_of_center",
        "longitude_of_projection_centre",
        "longitude_of_origin",
        "longitude_of_natural_origin",
        "longitude_of_false_origin",
    ])
    .unwrap_or(0.0);
    let scale =
        parameter(&["scale_factor", "scale_factor_at_natural_origin", "scale_factor_at_projection_centre"])
            .unwrap_or(1.0);
    let first = parameter(&["standard_parallel_1", "latitude_of_1st_standard_parallel"]);
    let second = parameter(&["standard_parallel_2", "latitude_of_2nd_standard_parallel"]);
    let parallels = [first.unwrap_or(lat), second.or(first).unwrap_or(lat)];
    // The way GDAL writes Web Mercator: a plain Mercator whose sphere is told in an extension.
    let sphere =
        root.child(&["EXTENSION"]).is_some_and(|e| e.values.iter().any(|v| v.contains("+b=6378137")));
    let parallel = first.unwrap_or(0.0);
    // In the unit of the grid, unless WKT 2 gives the parameter one of its own.
    let offset = |names: &[&str]| {
        let item = conversion
            .children
            .iter()
            .find(|c| c.keyword == "PARAMETER" && names.contains(&plain(c.name()).as_str()));
        item.and_then(|c| Some(c.number(1)? * length(c).unwrap_or(unit))).unwrap_or(0.0)
    };
    let offset = [
        offset(&["false_easting", "easting_at_false_origin", "easting_at_projection_centre"]),
        offset(&["false_northing", "northing_at_false_origin", "northing_at_projection_centre"]),
    ];
    let method = match kind {
        Some("tm") => Method::TransverseMercator { lat, lon, scale },
        Some("lcc") => Method::LambertConic { lat, lon, parallels, scale },
        Some("aea") => Method::Albers { lat, lon, parallels },
        Some("merc") if code == Some(3857) || sphere => Method::WebMercator,
        // Another latitude of origin, or two scales at once, would be another method (EPSG's variant C is one).
        Some("merc") if lat == 0.0 && (scale == 1.0 || parallel == 0.0) => {
            Method::Mercator { lon, scale, parallel }
        }
        Some("web") if [lat, lon, parallel, offset[0], offset[1]] == [0.0; 5] && unit == 1.0 => {
            Method::WebMercator
        }
        Some("swiss")
            if parameter(&["azimuth", "azimuth_at_projection_centre", "azimuth_of_initial_line"])
                .is_none_or(|a| (a - 90.0).abs() < 1e-6) =>
        {
            Method::SwissOblique { lat, lon, scale }
        }
        _ => return Err(CrsError::UnknownMethod { method: method_name, name }),
    };
    Ok(Parts { name, epsg: code, datum, method: Some(method), offset, unit })
}

fn quote(text: &str) -> String {
    text.replace('"', "\"\"")
}

impl Parts {
    fn parameters(&self) -> (&'static str, &'static str, Vec<(&'static str, f64)>) {
        match self.method {
            None => ("", "", Vec::new()),
            Some(Method::TransverseMercator { lat, lon, scale }) => (
                "Transverse_Mercator",
                if scale == 1.0 { "Gauss_Kruger" } else { "Transverse_Mercator" },
                vec![("latitude_of_origin", lat), ("central_meridian", lon), ("scale_factor", scale)],
            ),
            Some(Method::LambertConic { lat, lon, parallels: [p, q], scale }) if p == q => (
                "Lambert_Conformal_Conic_1SP",
                "Lambert_Conformal_Conic",
                vec![("latitude_of_origin", lat), ("central_meridian", lon), ("scale_factor", scale)],
            ),
            Some(Method::LambertConic { lat, lon, parallels: [p, q], .. }) => (
                "Lambert_Conformal_Conic_2SP",
                "Lambert_Conformal_Conic",
                vec![
                    ("latitude_of_origin", lat),
                    ("central_meridian", lon),
                    ("standard_parallel_1", p),
                    ("standard_parallel_2", q),
                ],
            ),
            Some(Method::Albers { lat, lon, parallels: [p, q] }) => (
                "Albers_Conic_Equal_Area",
                "Albers",
                vec![
                    ("latitude_of_center", lat),
                    ("longitude_of_center", lon),
                    ("standard_parallel_1", p),
                    ("standard_parallel_2", q),
                ],
            ),
            Some(Method::Mercator { lon, scale, parallel: 0.0 }) => {
                ("Mercator_1SP", "Mercator", vec![("central_meridian", lon), ("scale_factor", scale)])
            }
            Some(Method::Mercator { lon, parallel, .. }) => (
                "Mercator_2SP",
                "Mercator",
                vec![("standard_parallel_1", parallel), ("central_meridian", lon)],
            ),
            Some(Method::WebMercator) => (
                "Mercator_1SP",
                "Mercator_Auxiliary_Sphere",
                vec![("central_meridian", 0.0), ("scale_factor", 1.0)],
            ),
            Some(Method::SwissOblique { lat, lon, scale }) => (
                "Hotine_Oblique_Mercator_Azimuth_Center",
                "Hotine_Oblique_Mercator_Azimuth_Center",
                vec![
                    ("latitude_of_center", lat),
                    ("longitude_of_center", lon),
                    ("azimuth", 90.0),
                    ("rectified_grid_angle", 90.0),
                    ("scale_factor", scale),
                ],
            ),
        }
    }

    fn write(&self, esri: bool) -> String {
        let authority = |code: Option<u32>| match code {
            Some(code) if !esri => format!(r#",AUTHORITY["EPSG","{code}"]"#),
            _ => String::new(),
        };
        let (ellipsoid, a, rf) = &self.datum.ellipsoid;
        let [gcs, datum] = if esri {
            [self.datum.esri[0].as_str(), self.datum.esri[1].as_str()]
        } else {
            [self.datum.name.as_str(), self.datum.datum.as_str()]
        };
        let shift = match self.datum.to_wgs84.as_deref().filter(|s| !s.is_empty() && !esri) {
            Some(parameters) => format!(",TOWGS84[{parameters}]"),
            None => String::new(),
        };
        let geographic = format!(
            r#"GEOGCS["{}",DATUM["{}",SPHEROID["{}",{a},{rf}]{shift}],PRIMEM["Greenwich",0],UNIT["{}",0.0174532925199433]{}]"#,
            quote(gcs),
            quote(datum),
            quote(&if esri { ellipsoid.replace(' ', "_") } else { ellipsoid.clone() }),
            if esri { "Degree" } else { "degree" },
            authority(self.datum.epsg),
        );
        let (ogc, esri_method, parameters) = self.parameters();
        if self.method.is_none() {
            return geographic;
        }
        let [x, y] = self.offset.map(|v| v / self.unit);
        let mut text = String::new();
        for (name, value) in parameters.into_iter().chain([("false_easting", x), ("false_northing", y)]) {
            text.push_str(&format!(r#",PARAMETER["{name}",{value}]"#));
        }
        let name = if esri {
            self.name.replace([' ', '/', '-'], "_").replace("___", "_")
        } else {
            self.name.clone()
        };
        let web = matches!(self.method, Some(Method::WebMercator)) && !esri;
        let extension = if web {
            r#",EXTENSION["PROJ4","+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs"]"#
        } else {
            ""
        };
        format!(
            r#"PROJCS["{}",{geographic},PROJECTION["{}"]{text},UNIT["{}",{}]{extension}{}]"#,
            quote(&name),
            if esri { esri_method } else { ogc },
            match (self.unit == 1.0, esri) {
                (true, true) => "Meter",
                (true, false) => "metre",
                (false, _) => "unit",
            },
            self.unit,
            authority(self.epsg),
        )
    }

    pub(crate) fn ogc_wkt(&self) -> String {
        self.write(false)
    }

    pub(crate) fn esri_wkt(&self) -> String {
        self.write(true)
    }
}
