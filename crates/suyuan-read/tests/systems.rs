//! Coordinate systems as surveys have them: zone numbers, exchanged axes, missing declarations.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fs;
use std::path::Path;

use common::{PIPE, PROJ, codes, exchanged, lies_at, one, points, read, shapefile, table, told, vertices};
use suyuan_core::crs::{Crs, Transform};
use suyuan_core::raw::Role;
use suyuan_core::{Coord, FindingCode, Language, RawSurvey};
use suyuan_read::{LayerSpec, ReadError};

fn shifted(by: f64) -> [[f64; 2]; 2] {
    PIPE.map(|[x, y]| [x + by, y])
}

#[test]
fn zone_numbers_come_to_what_is_declared() {
    // Declared system, coordinates, expected eastings, findings.
    let cases = [
        ("4549", shifted(0.0), 0.0, &[][..]),
        ("4549", shifted(40e6), 0.0, &["R24"]),
        ("4528", shifted(0.0), 40e6, &["R24"]),
        ("4528", shifted(40e6), 40e6, &[]),
        ("4549", exchanged(shifted(0.0)), 0.0, &["R08"]),
        ("4549", exchanged(shifted(40e6)), 0.0, &["R08", "R24"]),
        ("4528", exchanged(shifted(0.0)), 40e6, &["R08", "R24"]),
        // 117°E is zone 20 of six degrees and zone 39 of three.
        ("4548", shifted(39e6), 0.0, &["R24"]),
        ("4548", shifted(20e6), 0.0, &["R24"]),
        ("4527", shifted(20e6), 39e6, &["R24"]),
        ("2437", shifted(40e6), 0.0, &["R24"]),
    ];
    for (declared, pipe, expected, findings) in cases {
        let survey = one(pipe, Some(declared), None).unwrap();
        assert_eq!(codes(&survey), findings, "{declared} {pipe:?}");
        assert_eq!(survey.crs.epsg, declared.parse().ok());
        lies_at(&survey, 0, shifted(expected), 1e-6);
    }
    for (declared, pipe) in [("4549", shifted(39e6)), ("4528", shifted(39e6)), ("4548", shifted(40e6))] {
        let error = one(pipe, Some(declared), None).unwrap_err();
        let zone = format!("{}", pipe[0][0] as u32 / 1_000_000);
        for language in [Language::English, Language::Chinese] {
            let told = error.message(language);
            assert!(told.contains("pipes.shp") && told.contains(&zone) && told.contains("°E"), "{told}");
        }
    }
    // Systems that have no zone numbers are left alone.
    for code in ["32650", "2326", "2056"] {
        assert_eq!(codes(&one(shifted(0.0), Some(code), None).unwrap()), [""; 0], "{code}");
    }
}

/// Pipes of one line each, as GeoJSON that names a system.
fn geojson(folder: &Path, name: &str, code: Option<&str>, lines: &[Vec<[f64; 2]>]) -> LayerSpec {
    let path = folder.join(name).with_extension("geojson");
    let feature = |(i, line): (usize, &Vec<[f64; 2]>)| {
        format!(
            r#"{{"type":"Feature","properties":{{"ID":"P{i}"}},"geometry":{{"type":"LineString","coordinates":{line:?}}}}}"#
        )
    };
    let features = lines.iter().enumerate().map(feature).collect::<Vec<_>>().join(",");
    let crs = code.map_or_else(String::new, |code| {
        format!(r#""crs":{{"type":"name","properties":{{"name":"EPSG:{code}"}}}},"#)
    });
    fs::write(&path, format!(r#"{{"type":"FeatureCollection",{crs}"features":[{features}]}}"#)).unwrap();
    LayerSpec::new(Role::Pipes, path)
}

#[test]
fn a_stray_vertex_does_not_speak_for_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let line = vec![[0.0, 3_340_000.0], [40_520_000.0, 3_340_000.0], [40_520_100.0, 3_340_000.0]];
    let survey = read(&[geojson(folder.path(), "pipes", Some("4549"), &[line])], None).unwrap();
    let found: Vec<f64> = vertices(&survey, 0).iter().map(|c| c.x).collect();
    assert_eq!((found, codes(&survey)), (vec![0.0, 520_000.0, 520_100.0], vec!["R24"]));
}

#[test]
fn zone_numbers_are_settled_vertex_by_vertex() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |prefixes: &[f64]| -> Vec<Vec<[f64; 2]>> {
        let line = |(i, by): (usize, &f64)| {
            let x = 520_000.0 + i as f64 + by * 1e6;
            vec![[x, 3_340_000.0], [x, 3_340_100.0]]
        };
        prefixes.iter().enumerate().map(line).collect()
    };
    // Of 100 pipes 51 have plain eastings; whatever comes first.
    for carried in [49, 51] {
        let mut prefixes = vec![0.0; 100];
        prefixes[..carried].fill(40.0);
        for (declared, zone, count) in [("4549", 0.0, 2 * carried), ("4528", 40e6, 2 * (100 - carried))] {
            for turned in [false, true] {
                if turned {
                    prefixes.reverse();
                }
                let spec = geojson(folder.path(), "pipes", Some(declared), &lines(&prefixes));
                let survey = read(&[spec], None).unwrap();
                for (i, pipe) in vertices(&survey, 0).chunks(2).enumerate() {
                    assert_eq!(pipe[0].x, 520_000.0 + i as f64 + zone);
                }
                let found = told(&survey, FindingCode::ZoneNumber);
                assert_eq!(found.len(), 1);
                let [en, zh] = [Language::English, Language::Chinese].map(|l| found[0].message(l));
                assert!(en.contains(&format!("{count} of 200 vertices")) && en.contains("number 40"), "{en}");
                assert!(zh.contains(&format!("200 个顶点中有 {count} 个")) && !zh.contains('{'), "{zh}");
            }
        }
    }
    // What belongs to another meridian is told, and stays.
    let survey = read(&[geojson(folder.path(), "few", Some("4548"), &lines(&[0.0, 39.0, 40.0, 20.0]))], None);
    let survey = survey.unwrap();
    let found: Vec<f64> = vertices(&survey, 0).iter().map(|c| c.x).step_by(2).collect();
    assert_eq!(found, [520_000.0, 520_001.0, 40_520_002.0, 520_003.0]);
    let said: Vec<String> =
        told(&survey, FindingCode::ZoneNumber).iter().map(|f| f.message(Language::English)).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[2].contains("2 of 8") && said[2].contains("40") && said[2].contains("left"), "{said:?}");
    let rows: Vec<u32> =
        told(&survey, FindingCode::ZoneNumber).iter().map(|f| f.origin.unwrap().row).collect();
    assert_eq!(rows, [3, 1, 2]);
    // Six degrees to three: neither lacking nor too much.
    let survey = read(&[geojson(folder.path(), "six", Some("4527"), &lines(&[20.0]))], None).unwrap();
    let said = told(&survey, FindingCode::ZoneNumber)[0].message(Language::English);
    assert!(said.contains("carry the zone number 20") && said.ends_with("it became 39"), "{said}");
    // Most elsewhere: refused.
    let spec = geojson(folder.path(), "most", Some("4549"), &lines(&[0.0, 39.0, 39.0, 38.0]));
    assert!(read(&[spec], None).unwrap_err().to_string().contains("zone 39"));
}

#[test]
fn axes_are_exchanged_only_where_the_system_leaves_no_doubt() {
    // System, place in it, whether it shows when exchanged.
    let cases: [(&str, [f64; 2], bool); 12] = [
        ("4549", [521_606.8, 3_345_809.7], true),
        ("32650", [521_606.8, 3_345_809.7], true),
        ("32756", [334_000.0, 6_251_000.0], true),
        ("26910", [492_000.0, 5_458_000.0], true),
        ("2056", [2_600_000.0, 1_200_000.0], true),
        ("4490", [120.2, 30.2], true),
        ("4490", [87.6, 43.8], true),
        ("4326", [120.2, 30.2], true),
        ("4326", [-73.6, 45.5], true),
        // Both ways round it is a place.
        ("4326", [8.5, 47.4], false),
        ("4326", [87.6, 43.8], false),
        ("2326", [836_000.0, 819_000.0], false),
    ];
    for (code, [x, y], shows) in cases {
        let step = if x.abs() < 200.0 { 1e-3 } else { 100.0 };
        let pipe = [[x, y], [x + step, y]];
        let right = one(pipe, Some(code), None).unwrap();
        assert_eq!(codes(&right), [""; 0], "{code}");
        let wrong = one(exchanged(pipe), Some(code), None);
        if shows {
            let wrong = wrong.unwrap();
            assert_eq!(codes(&wrong), ["R08"], "{code} {x} {y}");
            assert_eq!((vertices(&wrong, 0), wrong.crs), (vertices(&right, 0), right.crs), "{code}");
        } else {
            assert!(!codes(&wrong.unwrap()).contains(&"R08"), "{code} {x} {y}");
        }
    }
}

#[test]
fn rings_keep_their_sense_when_axes_are_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let pipes = shapefile(folder.path(), "pipes", PIPE, Some("4549"));
    let [x, y] = PIPE[0];
    let square = [[x, y], [x, y + 50.0], [x + 50.0, y + 50.0], [x + 50.0, y], [x, y]];
    let areas = |ring: Vec<[f64; 2]>| {
        let mut spec = geojson(folder.path(), "areas", Some("4549"), &[ring]);
        let text = fs::read_to_string(&spec.path).unwrap();
        let polygon = text.replace("LineString", "Polygon").replace("[[", "[[[").replace("]]", "]]]");
        fs::write(&spec.path, polygon).unwrap();
        spec.role = Role::Drainers;
        vertices(&read(&[pipes.clone(), spec], None).unwrap(), 1)
    };
    let twice_area = |ring: &[Coord<f64>]| -> f64 {
        ring.windows(2).map(|w| (w[0].x - x) * (w[1].y - y) - (w[1].x - x) * (w[0].y - y)).sum()
    };
    // Clockwise, as outer rings are.
    for ring in [areas(square.to_vec()), areas(square.map(|[x, y]| [y, x]).to_vec())] {
        assert!((twice_area(&ring) + 5000.0).abs() < 1e-3, "{ring:?}");
    }
}

#[test]
fn what_declares_nothing_is_a_plane_of_its_own_with_a_suggestion() {
    for (pipe, named) in [
        (shifted(40e6), Some(["EPSG:4528", "EPSG:2364", "EPSG:2416"])),
        (exchanged(shifted(40e6)), Some(["EPSG:4528", "north before east", "zone 40"])),
        (shifted(20e6), Some(["EPSG:4498", "EPSG:2334", "EPSG:21420"])),
        (shifted(0.0), Some(["EPSG:4549", "meridian", "UTM"])),
        ([[1000.0, 1000.0], [1100.0, 1000.0]], None),
        ([[2_600_000.0, 1_200_000.0], [2_600_100.0, 1_200_000.0]], None),
    ] {
        let survey = one(pipe, None, None).unwrap();
        assert_eq!(codes(&survey), ["R09"]);
        assert!(survey.crs.is_local());
        lies_at(&survey, 0, pipe, 1e-9);
        let told = survey.findings.iter().find(|f| f.code == FindingCode::CrsAssumed).unwrap();
        let told = [told.message(Language::English), told.message(Language::Chinese)];
        match named {
            Some(named) => assert!(named.iter().all(|n| told[0].contains(n)), "{told:?}"),
            None => assert!(told[0].ends_with("taken as local metres"), "{told:?}"),
        }
        assert!(!told[1].contains('{'));
    }
    let error = one([[120.2, 30.2], [120.201, 30.2]], None, None).unwrap_err();
    assert!(matches!(error, ReadError::NoCrs { .. }));
}

#[test]
fn a_layer_that_declares_nothing_goes_with_those_it_lies_beside() {
    let folder = tempfile::tempdir().unwrap();
    let bare = shapefile(folder.path(), "bare", PIPE, None);
    let pipes = |name: &str, pipe, prj| shapefile(folder.path(), name, pipe, Some(prj));
    // Beside: the declared system settles it, and the warning names it.
    for order in [false, true] {
        let mut specs = vec![bare.clone(), pipes("declared", PIPE, "4549")];
        if order {
            specs.reverse();
        }
        let survey = read(&specs, None).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec!["R09"]));
        lies_at(&survey, 0, PIPE, 1e-6);
        lies_at(&survey, 1, PIPE, 1e-6);
    }
    // In feet: taken as feet, not as the metres that the survey is built in.
    let feet = r#"PROJCS["feet",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",1640416.667],PARAMETER["Central_Meridian",-72.5],PARAMETER["Scale_Factor",0.999964286],PARAMETER["Latitude_Of_Origin",42.5],UNIT["Foot_US",0.304800609601219]]"#;
    let line = [[1_600_000.0, 700_000.0], [1_600_100.0, 700_000.0]];
    let specs = [pipes("feet", line, feet), shapefile(folder.path(), "bare_feet", line, None)];
    let survey = read(&specs, None).unwrap();
    assert_eq!(vertices(&survey, 0), vertices(&survey, 1));
    let length = vertices(&survey, 0)[1].x - vertices(&survey, 0)[0].x;
    assert!((length - 30.480_060_96).abs() < 1e-6, "{length}");
    // Elsewhere: a plane of its own and a place on the earth do not go together.
    let local = shapefile(folder.path(), "plane", [[1000.0, 1000.0], [1100.0, 1000.0]], None);
    let outfalls = pipes("declared", PIPE, "4549");
    let error = read(&[local, LayerSpec { role: Role::Waters, ..outfalls }], None).unwrap_err();
    assert!(
        error.to_string().contains("declared.shp") && error.to_string().contains("local metres"),
        "{error}"
    );
}

#[test]
fn a_shift_that_nobody_gave_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let new = shapefile(folder.path(), "new", PIPE, Some("4549"));
    let old = LayerSpec { role: Role::Waters, ..shapefile(folder.path(), "old", PIPE, Some("2437")) };
    let error = read(&[new.clone(), old.clone()], None).unwrap_err();
    let hint = error.hint(Language::English).unwrap();
    assert!(error.to_string().contains("old datum") && hint.contains("+towgs84="), "{error}: {hint}");
    // With numbers in place of the letters of the hint it is read.
    let proj = hint.split('"').nth(1).unwrap().replace("ΔX,ΔY,ΔZ,rX,rY,rZ,ppm", "15,-120,-50,0,0,0,0");
    let survey = read(&[new, LayerSpec { crs: Some(proj), ..old }], None).unwrap();
    let off = |i: usize| {
        let (a, b) = (vertices(&survey, 0)[i], vertices(&survey, 1)[i]);
        (a.x - b.x).hypot(a.y - b.y)
    };
    assert!((10.0..150.0).contains(&off(0)) && (off(0) - off(1)).abs() < 0.1, "{} {}", off(0), off(1));
}

#[test]
fn a_model_in_a_city_grid_or_in_degrees_comes_into_metres() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.inp");
    let model = |a: &str, b: &str| {
        format!(
            "[JUNCTIONS]\nA 1\n[OUTFALLS]\nB 0 FREE\n[CONDUITS]\nP1 A B 100 0.01\n[COORDINATES]\nA {a}\nB {b}\n"
        )
    };
    fs::write(&path, model("56000 73000", "56100 73050")).unwrap();
    let (_, truth) = points();
    let spec = LayerSpec::new(Role::Pipes, &path);
    let crs = "similarity:EPSG:4549,north=3271234.567,east=461234.567,rotation=-0.345,scale=1.00003";
    let survey = read(std::slice::from_ref(&spec), Some(crs)).unwrap();
    let known = [[56_000.0, 73_000.0], [56_100.0, 73_050.0]].map(|[x, y]| truth.apply(Coord { x, y }));
    assert_eq!(survey.crs.epsg, Some(4549));
    lies_at(&survey, 0, known.map(|c| [c.x, c.y]), 1e-6);
    fs::write(&path, model("120.2 30.2", "120.201 30.2")).unwrap();
    let survey = read(&[spec], Some("EPSG:4490")).unwrap();
    let to = Transform::new(&Crs::from_epsg(4490).unwrap(), &Crs::from_epsg(4549).unwrap()).unwrap();
    let known = [[120.2, 30.2], [120.201, 30.2]].map(|[x, y]| to.apply(Coord { x, y }).unwrap());
    lies_at(&survey, 0, known.map(|c| [c.x, c.y]), 1e-6);
}

#[test]
fn axes_and_zone_numbers_are_settled_before_the_system_in_metres_is_chosen() {
    let plain = [[519_000.0, 3_341_000.0], [519_100.0, 3_341_000.0]];
    let right = one(plain, None, Some(PROJ)).unwrap();
    assert_eq!((right.crs.epsg, codes(&right)), (Some(32651), vec![]));
    let prefixed = plain.map(|[x, y]| [x + 40e6, y]);
    for (pipe, findings) in
        [(exchanged(plain), vec!["R08"]), (prefixed, vec!["R24"]), (exchanged(prefixed), vec!["R08", "R24"])]
    {
        let survey = one(pipe, None, Some(PROJ)).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(32651), findings));
        lies_at(&survey, 0, [vertices(&right, 0)[0], vertices(&right, 0)[1]].map(|c| [c.x, c.y]), 1e-6);
    }
}

#[test]
fn the_middle_of_a_survey_decides_its_zone_whatever_the_order_of_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    // Across 121.5°E, most of it west; a stray far in the east.
    let mut lines: Vec<Vec<[f64; 2]>> = [121.3, 121.4, 121.45, 121.55, 121.6, 139.0, 121.35]
        .iter()
        .map(|x| vec![[*x, 31.2], [x + 0.001, 31.2]])
        .collect();
    for code in ["4490", "4326"] {
        for _ in 0..lines.len() {
            lines.rotate_left(1);
            let survey = read(&[geojson(folder.path(), "pipes", Some(code), &lines)], None).unwrap();
            let expected = if code == "4490" { 4549 } else { 32651 };
            assert_eq!(survey.crs.epsg, Some(expected));
        }
    }
}

#[test]
fn a_stray_vertex_does_not_stretch_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    // One vertex at (0, 0), wherever it stands.
    let lines = |turn: usize, exchange: bool| {
        let mut lines: Vec<Vec<[f64; 2]>> = (0..9)
            .map(|i| PIPE.map(|[x, y]| [x + 100.0 * f64::from(i), y]))
            .map(|pipe| if exchange { exchanged(pipe).to_vec() } else { pipe.to_vec() })
            .collect();
        lines.push(vec![[0.0, 0.0], lines[0][0]]);
        lines.rotate_left(turn);
        lines
    };
    for turn in [0, 3, 9] {
        // North before east is seen all the same.
        let spec = geojson(folder.path(), "pipes", Some("4549"), &lines(turn, true));
        let survey = read(&[spec], None).unwrap();
        assert_eq!(codes(&survey), ["R08"]);
        assert!(vertices(&survey, 0).iter().filter(|c| c.x == PIPE[0][0] && c.y == PIPE[0][1]).count() == 2);
        // What lies 1000 km off is not beside it.
        let spec = geojson(folder.path(), "pipes", Some("4549"), &lines(turn, false));
        let far = shapefile(folder.path(), "far", PIPE.map(|[x, y]| [x, y - 1e6]), None);
        let survey = read(&[far, spec], None);
        assert!(matches!(survey.unwrap_err(), ReadError::Crs { .. }));
    }
}

#[test]
fn findings_name_their_layer() {
    let folder = tempfile::tempdir().unwrap();
    let named = |survey: &RawSurvey, code: &str| {
        let found = survey.findings.iter().find(|f| f.code.code() == code).unwrap();
        survey.describe(found.origin.unwrap())
    };
    let right = shapefile(folder.path(), "right", PIPE, Some("4549"));
    for (name, pipe, prj, code) in [
        ("turned", exchanged(PIPE), Some("4549"), "R08"),
        ("bare", PIPE, None, "R09"),
        ("numbered", shifted(40e6), Some("4549"), "R24"),
    ] {
        let survey = read(&[right.clone(), shapefile(folder.path(), name, pipe, prj)], None).unwrap();
        assert_eq!(codes(&survey), [code]);
        assert!(named(&survey, code).contains(name), "{}", named(&survey, code));
    }
    let path = folder.path().join("points.csv");
    fs::write(&path, table(&points().0, ",")).unwrap();
    let far = shapefile(folder.path(), "far", PIPE, None);
    let survey = read(&[far], Some(&format!("fit:{}", path.display()))).unwrap();
    assert!(named(&survey, "R23").contains("far"));
    let path = folder.path().join("m.inp");
    fs::write(&path, "[JUNCTIONS]\nA 1\n[OUTFALLS]\nB 0 FREE\n[CONDUITS]\nP1 A B 100 0.01\n").unwrap();
    assert!(named(&read(&[LayerSpec::new(Role::Pipes, path)], None).unwrap(), "R09").contains("m.inp"));
}

#[test]
fn a_coordinate_that_has_no_place_is_named_by_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = vec![vec![[120.2, 30.2], [120.201, 30.2]]; 6];
    lines[4][1] = PIPE[0];
    let spec = geojson(folder.path(), "pipes", Some("4490"), &lines);
    for only in [None, Some("ID != 'P1'".to_owned())] {
        let error = read(&[LayerSpec { only, ..spec.clone() }], None).unwrap_err();
        assert!(error.to_string().contains("pipes.geojson row 5 (P4): (521606.774, "), "{error}");
        let told = error.message(Language::Chinese);
        assert!(told.contains("pipes.geojson 第 5 行（P4）：(521606.774, "), "{told}");
        assert!(error.hint(Language::English).is_some());
    }
    let path = folder.path().join("m.inp");
    fs::write(&path, "[JUNCTIONS]\nA 1\nC 1\n[OUTFALLS]\nB 0 FREE\n[CONDUITS]\nP1 A C 100 0.01\nP2 C B 100 0.01\n[COORDINATES]\nA 120.2 30.2\nC 120.21 30.2\nB 521606 3345809\n").unwrap();
    let error = read(&[LayerSpec::new(Role::Pipes, path)], Some("EPSG:4490")).unwrap_err();
    assert!(error.to_string().contains("m.inp row 2 (P2): "), "{error}");
}

#[test]
fn geojson_that_is_in_metres_and_does_not_say_so_is_taken_as_the_user_says() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = [[56_000.0, 73_000.0], [56_100.0, 73_050.0]];
    let points_path = folder.path().join("points.csv");
    let (shared, truth) = points();
    fs::write(&points_path, table(&shared, ",")).unwrap();
    let crs = format!("fit:{}", points_path.display());
    let known = pipe.map(|[x, y]| truth.apply(Coord { x, y })).map(|c| [c.x, c.y]);
    let pipes = geojson(folder.path(), "pipes", None, &[pipe.to_vec()]);
    let waters = LayerSpec { role: Role::Waters, ..geojson(folder.path(), "waters", None, &[pipe.to_vec()]) };
    let survey = read(&[pipes.clone(), waters], Some(&crs)).unwrap();
    assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec!["R22"]));
    lies_at(&survey, 0, known, 1e-5);
    lies_at(&survey, 1, known, 1e-5);
    // What says its system keeps it, and degrees stay degrees, latitude first or not.
    let said =
        LayerSpec { role: Role::Waters, ..geojson(folder.path(), "s", Some("4549"), &[known.to_vec()]) };
    let lines = [vec![[120.2, 30.2], [120.201, 30.2]], vec![[30.2, 120.2], [30.2, 120.201]]];
    let degrees = lines.map(|line| geojson(folder.path(), &format!("d{}", line[0][0]), None, &[line]));
    let [d, turned] = degrees.map(|spec| LayerSpec { role: Role::Waters, ..spec });
    let survey = read(&[pipes.clone(), said, d, turned], Some(&crs)).unwrap();
    lies_at(&survey, 1, known, 1e-5);
    assert_eq!(vertices(&survey, 2), vertices(&survey, 3));
    assert!((vertices(&survey, 2)[0].x - 519_000.0).abs() < 1000.0);
    // Without a word of anybody: refused, and where to say it is told.
    let error = read(&[pipes], None).unwrap_err();
    let hint = error.hint(Language::English).unwrap();
    assert!(hint.contains("--crs") && hint.contains("crs = \"EPSG:4549\" in its table"), "{error}: {hint}");
}

#[test]
fn in_a_plane_of_its_own_nothing_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let local = LayerSpec { crs: Some("local".to_owned()), ..shapefile(folder.path(), "pipes", PIPE, None) };
    for (name, pipe, prj) in [("numbers", PIPE, "4528"), ("axes", exchanged(PIPE), "4549")] {
        let pipes = shapefile(folder.path(), "local", pipe, None);
        let waters = shapefile(folder.path(), name, pipe, Some(prj));
        let specs =
            [LayerSpec { path: pipes.path, ..local.clone() }, LayerSpec { role: Role::Waters, ..waters }];
        let survey = read(&specs, None).unwrap();
        assert_eq!((survey.crs.is_local(), codes(&survey)), (true, vec![]));
        lies_at(&survey, 0, pipe, 1e-9);
        lies_at(&survey, 1, pipe, 1e-9);
    }
}

#[test]
fn a_model_has_its_axes_and_zone_numbers_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.inp");
    let spec = LayerSpec::new(Role::Pipes, &path);
    let model = |pipe: [[f64; 2]; 2], crs: &str| {
        let [[a, b], [c, d]] = pipe;
        fs::write(
            &path,
            format!("[JUNCTIONS]\nA 1\n[OUTFALLS]\nB 0 FREE\n[CONDUITS]\nP1 A B 100 0.01\n[COORDINATES]\nA {a} {b}\nB {c} {d}\n"),
        )
        .unwrap();
        read(std::slice::from_ref(&spec), Some(crs)).unwrap()
    };
    for crs in ["EPSG:4549", PROJ] {
        let right = model(PIPE, crs);
        assert_eq!(codes(&right), [""; 0]);
        for (pipe, findings) in [
            (exchanged(PIPE), vec!["R08"]),
            // One for each of links, nodes and outfalls.
            (shifted(40e6), vec!["R24"; 3]),
            (exchanged(shifted(40e6)), vec!["R08", "R24", "R24", "R24"]),
        ] {
            let survey = model(pipe, crs);
            assert_eq!((codes(&survey), &survey.crs), (findings, &right.crs));
            for layer in 0..3 {
                let same = vertices(&right, layer);
                assert_eq!(vertices(&survey, layer).len(), same.len());
                for (a, b) in vertices(&survey, layer).iter().zip(same) {
                    assert!((a.x - b.x).hypot(a.y - b.y) < 1e-6, "{a:?} {b:?}");
                }
            }
        }
    }
    // In a city's grid the shared points tell.
    let (shared, _) = points();
    let table_path = folder.path().join("points.csv");
    fs::write(&table_path, table(&shared, ",")).unwrap();
    let crs = format!("fit:{}", table_path.display());
    let pipe = [[56_000.0, 73_000.0], [56_100.0, 73_050.0]];
    let (right, swapped, far) = (model(pipe, &crs), model(exchanged(pipe), &crs), model(PIPE, &crs));
    assert_eq!(vertices(&right, 0), vertices(&swapped, 0));
    assert_eq!(
        [codes(&right), codes(&swapped), codes(&far)],
        [vec!["R22"], vec!["R08", "R22"], vec!["R22", "R23"]]
    );
}

#[test]
fn prj_files_are_read_in_every_dress_and_give_way_to_what_the_user_says() {
    let folder = tempfile::tempdir().unwrap();
    let spec = shapefile(folder.path(), "pipes", PIPE, None);
    let prj = spec.path.with_extension("prj");
    let text = Crs::from_epsg(4549).unwrap().esri_wkt();
    let utf16 = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(order)).collect::<Vec<u8>>()
    };
    for bytes in [
        text.clone().into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        utf16([0xff, 0xfe], u16::to_le_bytes),
        utf16([0xfe, 0xff], u16::to_be_bytes),
        encoding_rs::GB18030.encode(&text.replace("CGCS2000_3_degree", "国家2000三度带")).0.into_owned(),
        b"EPSG:4549\r\n".to_vec(),
        format!("{text}\r\n\0\0").into_bytes(),
    ] {
        fs::write(&prj, &bytes).unwrap();
        let survey = read(std::slice::from_ref(&spec), None).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec![]), "{bytes:?}");
    }
    // Empty ones declare nothing.
    for bytes in [&b""[..], b" \r\n", b"\0\0\0", b"\xef\xbb\xbf"] {
        fs::write(&prj, bytes).unwrap();
        assert_eq!(codes(&read(std::slice::from_ref(&spec), None).unwrap()), ["R09"]);
    }
    for bad in [&text[..150], "this is no coordinate system", "PROJCS[]"] {
        fs::write(&prj, bad).unwrap();
        let error = read(std::slice::from_ref(&spec), None).unwrap_err();
        assert!(error.to_string().contains("pipes.shp"), "{error}");
        assert!(error.hint(Language::English).unwrap().contains("--crs"));
        let survey = read(std::slice::from_ref(&spec), Some("EPSG:4549")).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec![]));
    }
}

#[cfg(feature = "proj")]
#[test]
fn codes_that_only_proj_knows_become_metres_with_a_definition() {
    // Degrees of Tokyo, US survey feet of California, the British grid, Krovak's.
    let cases: [(&str, [f64; 2], Option<u32>); 4] = [
        ("4301", [139.7, 35.7], Some(32654)),
        ("2225", [6_700_000.0, 1_900_000.0], None),
        ("27700", [530_000.0, 180_000.0], Some(27700)),
        ("5514", [-740_000.0, -1_040_000.0], Some(5514)),
    ];
    for (code, [x, y], epsg) in cases {
        let step = if x.abs() < 200.0 { 1e-3 } else { 100.0 };
        let survey =
            one([[x, y], [x + step, y]], Some("this is no coordinate system"), Some(&format!("EPSG:{code}")))
                .unwrap();
        let crs = &survey.crs;
        assert_eq!((crs.epsg, crs.geographic, crs.metres_per_unit), (epsg, false, 1.0), "{code}");
        assert!(crs.wkt.starts_with("PROJCS["), "{code}: {}", crs.wkt);
        // The same place on the earth, by PROJ alone.
        let wgs84 = Crs::from_epsg(4326).unwrap();
        let place = |from: &Crs, p| Transform::new(from, &wgs84).unwrap().apply(p).unwrap();
        let here = place(crs, vertices(&survey, 0)[0]);
        let there = place(&Crs::from_epsg(code.parse().unwrap()).unwrap(), Coord { x, y });
        let off = (here.x - there.x).hypot(here.y - there.y) * 111_320.0;
        assert!(off < 1e-3, "{code}: {off}");
    }
}
