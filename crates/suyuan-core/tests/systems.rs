//! Coordinate systems as files have them, against PROJ: texts of the wild, seven parameters, codes; and texts that are wrong.
#![expect(clippy::disallowed_methods, reason = "fixtures are files")]
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use suyuan_core::crs::{Crs, CrsError, Transform};
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
    assert_eq!(largest.len(), 51, "{:?}", largest.keys());
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
        (
            &whole
                .replace(
                    "Gauss_Kruger\"]",
                    "Mercator\"],PARAMETER[\"Standard_Parallel_1\",30],PARAMETER[\"Scale_Factor\",0.9]",
                )
                .replace(",PARAMETER[\"Scale_Factor\",1.0]", ""),
            "Mercator",
            "Mercator",
        ),
        (
            &whole.replace(
                "Gauss_Kruger\"]",
                "Mercator_Auxiliary_Sphere\"],PARAMETER[\"Standard_Parallel_1\",30]",
            ),
            "Sphere",
            "Sphere",
        ),
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

const DEGREES: &str = r#"PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]"#;

/// A grid in degrees or, with a meridian, of UTM's kind.
fn on(names: [&str; 2], ellipsoid: &str, shift: &str, meridian: Option<f64>) -> Crs {
    let degrees =
        format!(r#"GEOGCS["{}",DATUM["{}",SPHEROID[{ellipsoid}]{shift}],{DEGREES}]"#, names[0], names[1]);
    let text = meridian.map_or_else(
        || degrees.clone(),
        |lon| {
            format!(
                r#"PROJCS["grid",{degrees},PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",{lon}],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],UNIT["metre",1]]"#
            )
        },
    );
    Crs::from_wkt(&text).unwrap()
}

const GRS80: &str = r#""GRS 1980",6378137,298.257222101"#;
const WGS84: &str = r#""WGS 84",6378137,298.257223563"#;

/// Names in both flavours, by PROJ 9.5.1.
const OFF: [([&str; 2], &str); 20] = [
    (["GGRS87", "Greek_Geodetic_Reference_System_1987"], GRS80),
    (["GCS_GGRS_1987", "D_GGRS_1987"], GRS80),
    (["VN-2000", "Vietnam_2000"], WGS84),
    (["GCS_VN_2000", "D_Vietnam_2000"], WGS84),
    (["Israel 1993", "Israel_1993"], GRS80),
    (["GCS_Israel", "D_Israel"], GRS80),
    (["IG05/12 Intermediate CRS", "IG05_12_Intermediate_Datum"], GRS80),
    (["IG05(2012)_Intermediate_CRS", "IG05(2012)_Intermediate_Datum"], GRS80),
    (["IG05 Intermediate CRS", "IG05_Intermediate_Datum"], GRS80),
    (["KUDAMS", "Kuwait_Utility"], GRS80),
    (["GCS_KUDAMS", "D_Kuwait_Utility"], GRS80),
    (["NGN", "National_Geodetic_Network"], WGS84),
    (["GCS_NGN", "D_NGN"], WGS84),
    (["CGRS93", "Cyprus_Geodetic_Reference_System_1993"], WGS84),
    (["GCS_CGRS_1993", "D_Cyprus_Geodetic_Reference_System_1993"], WGS84),
    (["GCS_Xrail84", "D_Xrail84"], WGS84),
    (["Anaa (MOP92) geographiques (dms)", "MOP92 (ANAA) TUAMOTU"], GRS80),
    (["HS2-IRF", "HS2_Intermediate_Reference_Frame"], GRS80),
    (["GCS_HS2-IRF", "HS2_Intermediate_Reference_Frame"], GRS80),
    (["TPEN11-IRF", "TPEN11_Intermediate_Reference_Frame"], GRS80),
];

#[test]
fn datums_off_wgs84_on_its_ellipsoid_are_not_taken_for_it() {
    let modern = [4326, 4490, 32634, 3857].map(|code| Crs::from_epsg(code).unwrap());
    for (names, ellipsoid) in OFF {
        // Noughts are no parameters for them.
        for shift in ["", ",TOWGS84[0,0,0,0,0,0,0]"] {
            let [degrees, grid] = [None, Some(24.0)].map(|lon| on(names, ellipsoid, shift, lon));
            // Within the datum nothing is shifted.
            let place = Transform::new(&degrees, &grid).unwrap().apply(Coord { x: 24.0, y: 0.0 }).unwrap();
            assert!((place.x - 500_000.0).abs() < 1e-6 && place.y.abs() < 1e-6, "{names:?}: {place:?}");
            for crs in [&degrees, &grid] {
                assert_eq!(Crs::from_wkt(&crs.wkt).unwrap().definition, crs.definition);
                // With PROJ its database is asked for the shift.
                for other in modern.iter().filter(|_| !cfg!(feature = "proj")) {
                    for way in [Transform::new(crs, other), Transform::new(other, crs)] {
                        let refused = matches!(way, Err(CrsError::DatumShiftUnknown { .. }));
                        assert!(refused, "{names:?} {}", other.name);
                    }
                }
            }
        }
    }
    // Two names of one datum are one; two datums are not.
    let of = |i: usize| on(OFF[i].0, OFF[i].1, "", None);
    assert_eq!(of(0).definition, of(1).definition);
    assert_eq!(of(2).definition, of(3).definition);
    assert!(cfg!(feature = "proj") || Transform::new(&of(0), &of(2)).is_err());
    // Others on such an ellipsoid are modern.
    for names in [["GDA2020", "GDA2020"], ["JGD2011", "Japanese_Geodetic_Datum_2011"], ["own", "own"]] {
        assert!(Transform::new(&on(names, GRS80, "", Some(24.0)), &modern[0]).is_ok());
    }
}

/// EPSG's parameters (operations 1272 and, its rotations with the other sign, 6960), places by PROJ 9.5.1; with PROJ without parameters too.
#[test]
fn datums_off_wgs84_are_shifted_by_parameters_given() {
    let degrees = Crs::from_epsg(4326).unwrap();
    for (i, meridian, [x, y], shift, [lon, lat]) in [
        (
            0,
            24.0,
            [476_000.0, 4_205_000.0],
            ",TOWGS84[-199.87,74.79,246.62,0,0,0,0]",
            [23.728_366_900_415, 37.994_935_568_840],
        ),
        (
            3,
            105.0,
            [587_000.0, 2_325_000.0],
            ",TOWGS84[-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278]",
            [105.839_104_106_411, 21.022_726_497_369],
        ),
    ] {
        let given = if cfg!(feature = "proj") { &[shift, ""][..] } else { &[shift] };
        for shift in given {
            let crs = on(OFF[i].0, OFF[i].1, shift, Some(meridian));
            let place = Transform::new(&crs, &degrees).unwrap().apply(Coord { x, y }).unwrap();
            let off = (place.x - lon).hypot(place.y - lat) * 111_320.0;
            assert!(off < 1e-3, "{:?} {shift}: {off} m", OFF[i].0);
        }
    }
}

#[test]
fn mercators_are_written_as_they_are_read() {
    for name in ["mercator_esri", "mercator_ogc", "mercator_wkt2"] {
        let read = named(name);
        assert!(read.definition.contains(" +lat_ts="), "{name}: {}", read.definition);
        for text in [read.wkt.clone(), read.esri_wkt()] {
            assert_eq!(Crs::from_wkt(&text).unwrap().definition, read.definition, "{name}: {text}");
        }
    }
    // The sphere of web maps has one meridian and one scale.
    let web = Crs::from_epsg(3857).unwrap().esri_wkt();
    assert_eq!(Crs::from_wkt(&web).unwrap().epsg, Some(3857));
    let pacific = web.replace("\"central_meridian\",0", "\"central_meridian\",150");
    assert!(matches!(Crs::from_wkt(&pacific), Err(CrsError::UnknownMethod { .. })), "{pacific}");
}
