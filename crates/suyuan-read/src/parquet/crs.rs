//! PROJJSON to a coordinate system: by its code, else written as WKT 2 and read as that.
//!
//! # Reference
//! PROJJSON 0.7; OGC 18-010r11.

use serde_json::Value as Json;
use suyuan_core::crs::{Crs, CrsError};

/// The system that `crs` of a geometry column names; `None` where nobody knows.
pub(super) fn read(json: &Json) -> Option<Result<Crs, CrsError>> {
    match json {
        Json::Null => None,
        Json::String(text) if text.eq_ignore_ascii_case("OGC:CRS84") => Some(Crs::from_epsg(4326)),
        Json::String(text) => Some(Crs::parse(text.trim_start_matches("srid:"))),
        _ => Some(by_code(json).unwrap_or_else(|| by_definition(json))),
    }
}

/// By its code, where that is known.
fn by_code(json: &Json) -> Option<Result<Crs, CrsError>> {
    let id = json.get("id").or_else(|| json.get("ids")?.get(0))?;
    let code = id.get("code")?;
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    match id.get("authority")?.as_str()? {
        "OGC" if code == "CRS84" => Some(Crs::from_epsg(4326)),
        "EPSG" => code.parse().ok().map(Crs::from_epsg).filter(Result::is_ok),
        _ => None,
    }
}

fn by_definition(json: &Json) -> Result<Crs, CrsError> {
    let name = || json.get("name").and_then(Json::as_str).unwrap_or("crs").to_owned();
    if let Some(horizontal) = json.pointer("/components/0") {
        return by_code(horizontal).unwrap_or_else(|| by_definition(horizontal));
    }
    let (system, shift) = match json.get("source_crs") {
        Some(source) => (source, shift(json)),
        None => (json, String::new()),
    };
    let unknown = || CrsError::Unknown { text: name() };
    match system.get("type").and_then(Json::as_str) {
        Some("EngineeringCRS") => Ok(Crs::local(&name())),
        Some("ProjectedCRS") => Crs::from_wkt(&projected(system, &shift).ok_or_else(unknown)?),
        Some("GeographicCRS" | "GeodeticCRS") => {
            Crs::from_wkt(&format!("GEOGCRS[{}]", geographic(system, &shift).ok_or_else(unknown)?))
        }
        _ => Err(unknown()),
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn name(json: &Json) -> Option<String> {
    json.get("name").and_then(Json::as_str).map(quote)
}

/// A number, which may stand in an object with its unit.
fn number(json: &Json, key: &str) -> Option<f64> {
    let value = json.get(key)?;
    value.as_f64().or_else(|| value.get("value")?.as_f64())
}

fn code(json: &Json) -> String {
    let id = json.get("id").filter(|id| id.get("authority").and_then(Json::as_str) == Some("EPSG"));
    id.and_then(|id| id.get("code")).map_or_else(String::new, |code| format!(",ID[\"EPSG\",{code}]"))
}

/// The length of a unit, in metres or radians.
fn factor(unit: &Json) -> Option<f64> {
    match unit.as_str() {
        Some("metre" | "unity") => Some(1.0),
        Some("degree") => Some(1f64.to_radians()),
        _ => unit.get("conversion_factor")?.as_f64(),
    }
}

fn axis_unit(system: &Json) -> Option<f64> {
    factor(system.pointer("/coordinate_system/axis/0/unit")?)
}

/// What stands between the brackets of a geographic system.
fn geographic(system: &Json, shift: &str) -> Option<String> {
    let datum = system.get("datum").or_else(|| system.get("datum_ensemble"))?;
    let ellipsoid = datum.get("ellipsoid")?;
    let axis = number(ellipsoid, "semi_major_axis").or_else(|| number(ellipsoid, "radius"))?;
    let flattening = match number(ellipsoid, "semi_minor_axis") {
        Some(minor) if minor != axis => axis / (axis - minor),
        _ => number(ellipsoid, "inverse_flattening").unwrap_or(0.0),
    };
    let prime = match datum.get("prime_meridian") {
        Some(prime) => format!(",PRIMEM[{},{}]", name(prime)?, number(prime, "longitude")?),
        None => String::new(),
    };
    let unit = axis_unit(system).unwrap_or_else(|| 1f64.to_radians());
    Some(format!(
        "{},DATUM[{},ELLIPSOID[{},{axis},{flattening}]{shift}]{prime},ANGLEUNIT[\"angle\",{unit}]{}",
        name(system)?,
        name(datum)?,
        name(ellipsoid)?,
        code(system)
    ))
}

fn projected(system: &Json, shift: &str) -> Option<String> {
    let conversion = system.get("conversion")?;
    let mut parameters = String::new();
    for parameter in conversion.get("parameters")?.as_array()? {
        let (name, value) = (name(parameter)?, number(parameter, "value")?);
        let unit = parameter.get("unit").or_else(|| parameter.pointer("/value/unit"));
        let factor = unit.map_or(Some(1.0), factor)?;
        let kind = unit.and_then(|unit| unit.get("type")?.as_str());
        let text = match (unit.and_then(Json::as_str), kind) {
            (Some("metre"), _) | (_, Some("LinearUnit")) => {
                format!("{value},LENGTHUNIT[\"length\",{factor}]")
            }
            (_, Some("AngularUnit")) => format!("{}", (value * factor).to_degrees()),
            (_, Some("ScaleUnit")) => format!("{}", value * factor),
            _ => format!("{value}"),
        };
        parameters.push_str(&format!(",PARAMETER[{name},{text}]"));
    }
    Some(format!(
        "PROJCRS[{},BASEGEOGCRS[{}],CONVERSION[\"conversion\",METHOD[{}]{parameters}],CS[Cartesian,2],LENGTHUNIT[\"length\",{}]{}]",
        name(system)?,
        geographic(system.get("base_crs")?, shift)?,
        name(conversion.get("method")?)?,
        axis_unit(system)?,
        code(system)
    ))
}

/// The shift of a bound system to WGS 84 as WKT 1 has it: metres, seconds, parts per million.
fn shift(bound: &Json) -> String {
    let values = || {
        let transformation = bound.get("transformation")?;
        // The other convention turns the other way.
        let frame = transformation.pointer("/method/name")?.as_str()?.contains("Coordinate Frame");
        let all = transformation.get("parameters")?.as_array()?;
        let find = |word: &str, what: &str, unit: f64| {
            let is = |p: &&Json| {
                p.get("name").and_then(Json::as_str).is_some_and(|n| n.starts_with(word) && n.ends_with(what))
            };
            let parameter = all.iter().find(is)?;
            Some(number(parameter, "value")? * parameter.get("unit").map_or(Some(unit), factor)? / unit)
        };
        let second = (1.0f64 / 3600.0).to_radians();
        let turn = if frame { -1.0 } else { 1.0 };
        let mut values = Vec::new();
        for axis in ["X", "Y", "Z"] {
            values.push(find(axis, "translation", 1.0)?);
        }
        for axis in ["X", "Y", "Z"] {
            values.push(turn * find(axis, "rotation", second).unwrap_or(0.0));
        }
        values.push(find("Scale", "difference", 1e-6).unwrap_or(0.0));
        Some(values)
    };
    let texts: Vec<String> = values().into_iter().flatten().map(|v| v.to_string()).collect();
    if texts.is_empty() { String::new() } else { format!(",TOWGS84[{}]", texts.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(crs: &Crs) -> Json {
        crs.projjson().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Whether two definitions say the same, numbers in feet rounded as they may.
    fn is_same(a: &str, b: &str) -> bool {
        let number = |word: &str| word.split_once('=').and_then(|(_, value)| value.parse::<f64>().ok());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (words(a), words(b));
        let near = |(a, b): (&String, &String)| match (number(a), number(b)) {
            (Some(x), Some(y)) => {
                a.split('=').next() == b.split('=').next() && (x - y).abs() <= 1e-12 * x.abs()
            }
            _ => a == b,
        };
        a.len() == b.len() && a.iter().zip(&b).all(near)
    }

    #[test]
    fn every_system_is_known_by_its_code_and_by_its_definition() {
        // Chinese, Swiss and Taiwanese systems, UTM, degrees: those that need no PROJ, which takes long over all of its own.
        let codes = (4490..=4554).chain(32_601..=32_660).chain(32_701..=32_760);
        let codes = codes.chain([2056, 21_781, 3824, 3825, 3826, 3857, 4149, 4326]);
        for crs in codes.filter_map(|code| Crs::from_epsg(code).ok()) {
            let mut json = described(&crs);
            assert_eq!(read(&json), Some(Ok(crs.clone())));
            if crs.definition.starts_with("EPSG:") {
                continue; // PROJ's own, known by its code
            }
            // The definition alone.
            json["id"].take();
            if let Some(base) = json.get_mut("base_crs") {
                base["id"].take();
            }
            let again = read(&json).and_then(Result::ok).map(|again| again.definition);
            assert!(again.is_some_and(|again| is_same(&again, &crs.definition)), "{}", crs.definition);
        }
    }

    #[test]
    fn a_shift_of_the_datum_comes_through() {
        let text = r#"PROJCS["city",GEOGCS["Beijing 1954",DATUM["Beijing_1954",SPHEROID["Krassowsky 1940",6378245,298.3],TOWGS84[15,-154,-82,0,0,0.5,1]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",120.5],PARAMETER["scale_factor",1],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]"#;
        let crs = Crs::from_wkt(text).ok();
        let json = crs.as_ref().map(described).unwrap_or_default();
        assert_eq!(json["type"], "BoundCRS");
        let numbers = |crs: &Crs| {
            let words = crs.definition.split_whitespace().find_map(|w| w.strip_prefix("+towgs84="));
            words.into_iter().flat_map(|w| w.split(',')).filter_map(|v| v.parse().ok()).collect::<Vec<f64>>()
        };
        let again = read(&json).and_then(Result::ok);
        let numbers = again.as_ref().map(numbers).unwrap_or_default();
        assert_eq!(numbers.len(), 7);
        let off = numbers.iter().zip([15.0, -154.0, -82.0, 0.0, 0.0, 0.5, 1.0]).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) < 1e-9, "{numbers:?}");
        assert_eq!(again.map(|crs| crs.name), Some("city".to_owned()));
    }

    #[test]
    fn what_is_no_system_is_said() {
        assert_eq!(read(&Json::Null), None);
        assert!(matches!(read(&serde_json::json!({"name": "x"})), Some(Err(CrsError::Unknown { .. }))));
        assert!(matches!(read(&serde_json::json!("EPSG:1")), Some(Err(CrsError::Unknown { .. }))));
        let own = serde_json::json!({"type": "EngineeringCRS", "name": "site"});
        assert_eq!(read(&own), Some(Ok(Crs::local("site"))));
        assert_eq!(
            read(&serde_json::json!("OGC:CRS84")).and_then(Result::ok).and_then(|c| c.epsg),
            Some(4326)
        );
    }
}
