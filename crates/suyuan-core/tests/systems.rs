//! Coordinate systems as files have them, against PROJ: texts of the wild, seven parameters, codes; and texts that are wrong.
#![expect(clippy::disallowed_methods, reason = "fixtures are files")]
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use suyuan_core::crs::{Crs, Transform};
use suyuan_core::{Coord, Language};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The system that a row of the fixtures is about.
fn named(name: &str) -> Crs {
    let text = |ending| fs::read_to_string(fixtures().join("prj").join(name).with_extension(ending));
    match (text("prj"), text("proj")) {
        (Ok(wkt), _) => Crs::from_wkt(&wkt).unwrap_or_else(|e| panic!("{name}: {e}")),
        (_, Ok(proj)) => Crs::parse(&proj).unwrap_or_else(|e| panic!("{name}: {e}")),
        _ => Crs::parse(name).unwrap(),
    }
}

#[test]
fn texts_shifts_and_codes_agree_with_proj_to_a_tenth_of_a_millimetre() {
    let table = fs::read_to_string(fixtures().join("systems.csv")).unwrap();
    let mut largest: BTreeMap<&str, f64> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [name, degrees, code] = [cells[0], cells[1], cells[2]];
        let [lon, lat, east, north, lon_back, lat_back] =
            [3, 4, 5, 6, 7, 8].map(|i| cells[i].parse::<f64>().unwrap());
        let (crs, degrees) = (named(name), Crs::parse(degrees).unwrap());
        // Codes of the table alone; with PROJ there are more.
        if let Ok(known) = code.parse::<u32>()
            && code != "2225"
        {
            assert_eq!(crs.epsg, Some(known), "{name}");
        }
        let there = Transform::new(&degrees, &crs).unwrap().apply(Coord { x: lon, y: lat }).unwrap();
        let back = Transform::new(&crs, &degrees).unwrap().apply(Coord { x: east, y: north }).unwrap();
        // A degree is up to 111 km.
        let metres = if crs.geographic { 111_320.0 } else { crs.metres_per_unit };
        let off = ((there.x - east).hypot(there.y - north) * metres)
            .max((back.x - lon_back).hypot(back.y - lat_back) * 111_320.0);
        let worst = largest.entry(name).or_default();
        *worst = worst.max(off);
    }
    assert_eq!(largest.len(), 48, "{:?}", largest.keys());
    let wrong: Vec<_> = largest.iter().filter(|(_, off)| **off > 1e-4).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_stands_around_a_text_does_not_matter() {
    for name in ["esri_cm120", "wkt2", "own_meridian"] {
        let text = fs::read_to_string(fixtures().join("prj").join(name).with_extension("prj")).unwrap();
        let plain = Crs::from_wkt(&text).unwrap();
        let broken_over_lines = text.replace(",PROJECTION", ",\r\n  PROJECTION").replace("[\"", "[ \"");
        for around in [
            format!("\u{feff}{text}"),
            format!("{text}\0\0\0"),
            format!("\r\n{text}\r\n"),
            format!("{text}]]] and \"more"),
            broken_over_lines,
        ] {
            let read = Crs::from_wkt(&around).unwrap_or_else(|e| panic!("{name}: {e}: {around}"));
            assert_eq!((read.epsg, read.definition), (plain.epsg, plain.definition.clone()), "{around}");
        }
    }
}

#[test]
fn wrong_texts_say_what_is_wrong_in_both_languages() {
    let whole = fs::read_to_string(fixtures().join("prj/esri_cm120.prj")).unwrap();
    let feet = r#"LOCAL_CS["plan",UNIT["Foot",0.3048]]"#;
    let cases = [
        ("", "it holds no coordinate system", "未包含坐标系"),
        ("Projection TRANSVERSE\nDatum KRASOVSKY", "it holds no coordinate system", "未包含坐标系"),
        (&whole[..200], "a bracket is not closed", "括号未闭合"),
        ("PROJCS[\"a", "a quotation mark is not closed", "引号未闭合"),
        ("]", "a bracket closes nothing", "多余的右括号"),
        ("FOO[\"a\"]", "it begins with `FOO`", "以“FOO”开头"),
        ("PROJCS[\"a\"]", "names no geographic one", "缺少地理坐标系"),
        ("GEOGCS[\"a\"]", "it names no datum", "缺少基准"),
        ("GEOGCS[\"a\",DATUM[\"b\"]]", "it names no ellipsoid", "缺少椭球"),
        (&whole.replace(",UNIT[\"Meter\",1.0]", ""), "it names no unit of length", "缺少长度单位"),
        (
            &whole.replace("UNIT[\"Meter\",1.0]", "UNIT[\"Meter\",0]"),
            "its unit has no length",
            "单位长度无效",
        ),
        (&whole.replace("0.0174532925199433", "0.015707963267949"), "expected degrees", "应为度"),
        (&whole.replace("PRIMEM[\"Greenwich\",0.0]", "PRIMEM[\"Paris\",2.33722917]"), "Paris", "Paris"),
        (&whole.replace("Gauss_Kruger\"]", "Krovak\"]"), "Krovak", "Krovak"),
        (&whole.replace("298.257222101", "\"\""), "the ellipsoid has no flattening", "缺少扁率"),
        (feet, "units of 0.3048 m", "0.3048 米"),
    ];
    for (text, english, chinese) in cases {
        let error = Crs::from_wkt(text).expect_err(text);
        for (language, named) in [(Language::English, english), (Language::Chinese, chinese)] {
            let told = error.message(language);
            assert!(told.contains(named) && !told.contains('\n'), "{text}: {told}");
        }
    }
    for plane in [
        r#"LOCAL_CS["plan",UNIT["metre",1]]"#,
        r#"ENGCRS["plan",EDATUM["d"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]"#,
    ] {
        let plane = Crs::from_wkt(plane).unwrap();
        assert!(plane.is_local() && plane.name == "plan");
    }
}

/// There, and back from the figures there, by PROJ 9.5.1 with the same shifts.
#[test]
fn a_shift_goes_to_web_maps_and_back_as_proj_does() {
    for (name, [x, y], [east, north], [x_back, y_back]) in [
        (
            "2326",
            [836_000.0, 819_000.0],
            [12_709_821.969_1, 2_548_782.004_3],
            [836_000.000_414_790, 818_999.999_835_588],
        ),
        ("4611", [114.2, 22.3], [12_712_959.032_2, 2_547_397.848_9], [114.200_000_004, 22.299_999_999]),
        (
            "2056",
            [2_680_000.0, 1_250_000.0],
            [946_029.498_1, 6_006_946.855_7],
            [2_680_000.000_614_556, 1_250_000.001_140_554],
        ),
        (
            "21781",
            [680_000.0, 250_000.0],
            [946_029.498_1, 6_006_946.855_7],
            [680_000.000_614_556, 250_000.001_140_554],
        ),
        ("4150", [8.5, 47.4], [946_090.639_3, 6_007_385.656_9], [8.500_000_008, 47.400_000_010]),
        ("4149", [8.5, 47.4], [946_090.639_3, 6_007_385.656_9], [8.500_000_008, 47.400_000_010]),
        (
            "+proj=tmerc +lat_0=0 +lon_0=120 +k=1 +x_0=500000 +y_0=0 +ellps=krass +towgs84=-12.5,120.25,45.1,1.25,-2.5,3.75,-4.5 +units=m",
            [520_000.0, 3_340_000.0],
            [13_381_563.022_4, 3_526_517.520_2],
            [520_000.001_563_014, 3_340_000.000_805_179],
        ),
    ] {
        let [crs, web] = [name, "3857"].map(|text| Crs::parse(text).unwrap());
        let there = Transform::new(&crs, &web).unwrap().apply(Coord { x, y }).unwrap();
        let off = (there.x - east).hypot(there.y - north);
        assert!(off < 2e-4, "{name}: {there:?} is {off} m off");
        let back = Transform::new(&web, &crs).unwrap().apply(Coord { x: east, y: north }).unwrap();
        let metres = if crs.geographic { 111_320.0 } else { 1.0 };
        let off = (back.x - x_back).hypot(back.y - y_back) * metres;
        assert!(off < 2e-4, "{name}: {back:?} is {off} m off");
    }
}
