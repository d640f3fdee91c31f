//! A city's own grid by points known in both systems, or by its parameters.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fs;

use common::{PIPE, PROJ, codes, exchanged, lies_at, one, points, read, shapefile, table, told, vertices};
use suyuan_core::crs::{Crs, Fit, SharedPoint, Transform};
use suyuan_core::raw::Role;
use suyuan_core::{Coord, FindingCode, Language};
use suyuan_read::LayerSpec;

#[test]
fn a_survey_in_a_city_grid_comes_into_the_known_system() {
    let folder = tempfile::tempdir().unwrap();
    let (shared, truth) = points();
    let path = folder.path().join("points.csv");
    let pipe = [[56_000.0, 73_000.0], [56_100.0, 73_050.0]];
    let known = pipe.map(|[x, y]| truth.apply(Coord { x, y })).map(|c| [c.x, c.y]);
    let spec = shapefile(folder.path(), "pipes", pipe, None);
    let crs = format!("fit:{}", path.display());
    let gbk = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let plain = table(&shared, ",");
    for bytes in [
        plain.clone().into_bytes(),
        format!("\u{feff}{plain}").into_bytes(),
        gbk(&plain),
        gbk(&table(&shared, "\t")),
        table(&shared, ";").into_bytes(),
        format!("# 2024 年联测\n\n{plain}\n,,,,\n").into_bytes(),
    ] {
        fs::write(&path, bytes).unwrap();
        let survey = read(std::slice::from_ref(&spec), Some(&crs)).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec!["R22"]));
        lies_at(&survey, 0, known, 1e-5);
        // The parameters that are reported, given instead of the points.
        let told = survey.findings.iter().find(|f| f.code == FindingCode::GridFitted).unwrap();
        let again = read(std::slice::from_ref(&spec), told.detail("value")).unwrap();
        lies_at(&again, 0, known, 1e-3);
        assert_eq!((again.crs.epsg, codes(&again)), (Some(4549), vec![]));
    }
    // North before east in the survey, as surveyors write it: the shared points tell.
    let swapped = shapefile(folder.path(), "swapped", exchanged(pipe), None);
    let survey = read(&[swapped], Some(&crs)).unwrap();
    assert_eq!(codes(&survey), ["R08", "R22"]);
    lies_at(&survey, 0, known, 1e-5);
    // Another grid altogether.
    let far = shapefile(folder.path(), "far", PIPE, None);
    assert_eq!(codes(&read(&[far], Some(&crs)).unwrap()), ["R22", "R23"]);
    // The grid for the pipes; what declares its system keeps it.
    let declared = shapefile(folder.path(), "declared", known, Some("4549"));
    let survey = read(&[spec, LayerSpec { role: Role::Waters, ..declared }], Some(&crs)).unwrap();
    lies_at(&survey, 0, known, 1e-5);
    lies_at(&survey, 1, known, 1e-5);
}

#[test]
fn doubtful_points_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let spec = shapefile(folder.path(), "pipes", [[56_000.0, 73_000.0], [56_100.0, 73_050.0]], None);
    let (shared, _) = points();
    let doubts = |shared: &[SharedPoint]| {
        fs::write(&path, table(shared, ",")).unwrap();
        let survey = read(std::slice::from_ref(&spec), Some(&format!("fit:{}", path.display()))).unwrap();
        let doubts = survey.findings.iter().filter(|f| f.code == FindingCode::GridDoubtful);
        doubts.map(|f| f.message(Language::English) + &f.message(Language::Chinese)).collect::<Vec<_>>()
    };
    assert_eq!(doubts(&shared), [""; 0]);
    let mut mistyped = shared.clone();
    mistyped[6].known.x += 90.0;
    assert!(
        doubts(&mistyped)[0].contains("控制点6") && doubts(&mistyped).len() == 1,
        "{:?}",
        doubts(&mistyped)
    );
    assert!(doubts(&shared[..2])[0].contains("add a third"));
    // Three in a line fit whichever way their columns stand.
    let line = &shared[..3];
    assert!(doubts(line)[0].contains("straight line") && doubts(line).len() == 1, "{:?}", doubts(line));
    // Three that do not agree: the largest is told, though any may be wrong.
    let mut three = shared[..3].to_vec();
    three[2].known.y += 2.0;
    let largest = Fit::new(&three).unwrap().largest();
    assert!(doubts(&three)[0].contains(&three[largest.0].name) && largest.1 > 0.1);
}

#[test]
fn a_table_of_points_that_is_wrong_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let spec = shapefile(folder.path(), "pipes", [[56_000.0, 73_000.0], [56_100.0, 73_050.0]], None);
    let head = "name,east,north,east EPSG:4549,north EPSG:4549\n";
    for (text, named) in [
        (String::new(), "no column for east"),
        ("name,x,y,east EPSG:4549,north EPSG:4549\n".to_owned(), "no column for east"),
        ("name,east,north,east_known,north_known\n".to_owned(), "no column for east with its EPSG code"),
        ("name,east,north,east EPSG:4549,north EPSG:4548\n".to_owned(), "EPSG:4548"),
        ("name,east,north,east EPSG:99999,north EPSG:99999\n".to_owned(), "EPSG:99999"),
        (head.replace("4549", "4490") + "A,0,0,1,1\nB,5,0,6,1\n", "no projected system in metres"),
        (head.to_owned(), "there are 0"),
        (format!("{head}A,0,0,1,1\n"), "there are 1"),
        (format!("{head}A,0,0,1,1\nB,5,zero,1,1\n"), "line 3: column `north` holds `zero`"),
        (format!("{head}A,0,0,1,1\nB,5,0,1\n"), "line 3: column `north EPSG:4549` holds ``"),
        (format!("{head}A,0,0,1,1\nB,nan,0,1,2\n"), "line 3: column `east` holds `nan`"),
        (format!("# a\n\n#b,c\n{head}\n\nA,0,0,1,1\n\nB,x,0,1,2\n"), "line 9: column `east` holds `x`"),
        (format!("{head}A,0,0,1,1\n# the second\nB,5,0,6,1\n"), "line 3: column `east` holds ``"),
        (format!("{head}A,0,0,1,1\nB,0,0,1,1\n"), "one place"),
        (format!("{head}A,0,0,9,9\nB,10,0,9,19\nC,0,20,29,9\n"), "mirrored"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = read(std::slice::from_ref(&spec), Some(&format!("fit:{}", path.display()))).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("points.csv") && told.contains(named), "{text}: {told}");
        assert_ne!(error.message(Language::Chinese), told);
    }
    let error = read(&[spec], Some("fit:nowhere.csv")).unwrap_err().to_string();
    assert!(error.contains("cannot open nowhere.csv"), "{error}");
}

#[test]
fn points_named_by_number_signs_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let spec = shapefile(folder.path(), "pipes", [[56_000.0, 73_000.0], [56_100.0, 73_050.0]], None);
    fs::write(&path, format!("# 2024\n{}", table(&points().0, ",").replace("控制点", "#"))).unwrap();
    let survey = read(&[spec], Some(&format!("fit:{}", path.display()))).unwrap();
    assert_eq!(told(&survey, FindingCode::GridFitted)[0].detail("count"), Some("10"));
}

#[test]
fn the_header_of_shared_points_is_understood_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let spec = shapefile(folder.path(), "pipes", [[56_000.0, 73_000.0], [56_100.0, 73_050.0]], None);
    let (shared, _) = points();
    let with = |header: &str| {
        let plain = table(&shared, ",");
        let (_, rows) = plain.split_once("\r\n").unwrap();
        fs::write(&path, format!("{header}\r\n{rows}")).unwrap();
        read(std::slice::from_ref(&spec), Some(&format!("fit:{}", path.display())))
    };
    for header in [
        "点名,东,北,东(CGCS2000 EPSG:4549),北(CGCS2000 EPSG:4549)",
        "点名,东,北,CGCS2000 东 epsg 4549,CGCS2000 北 epsg 4549",
        "点名,东,北,东坐标4549,北坐标4549",
        "点名,东,北,东_4549,北_4549",
        "name,east,north,east4549,north (4549)",
        "name,Easting,Northing,Easting EPSG::4549,Northing EPSG::4549",
        "点名,东 2000,北 2000,东 EPSG:4549,北 EPSG:4549",
    ] {
        let survey = with(header).unwrap();
        assert_eq!((survey.crs.epsg, codes(&survey)), (Some(4549), vec!["R22"]), "{header}");
    }
    for (header, named) in [
        ("点名,东,北,东 CGCS2000,北 CGCS2000", vec!["no column for east with its EPSG code"]),
        ("点名,东,北,东 国家2000,北 国家2000", vec!["no column for east with its EPSG code"]),
        ("点名,东,北,东 CGCS2000 4549,北 CGCS2000 4549", vec!["`东 CGCS2000 4549`"]),
        ("点名,东,北,东 EPSG:4549 EPSG:4548,北 EPSG:4549", vec!["`东 EPSG:4549 EPSG:4548`"]),
        ("点名,北京54东坐标,高程,东 EPSG:4549,北 EPSG:4549", vec!["which column is east", "北京54东坐标"]),
        ("点名,东,北京54北,北,东 EPSG:4549,北 EPSG:4549", vec!["which column is north", "北京54北, 北;"]),
        (
            "name,east,north,east EPSG:4549,north EPSG:4549,east EPSG:4528",
            vec!["east EPSG:4549, east EPSG:4528"],
        ),
    ] {
        let error = with(header).unwrap_err();
        let told = error.to_string();
        assert!(named.iter().all(|n| told.contains(n)), "{header}: {told}");
        assert_ne!(error.message(Language::Chinese), told);
    }
}

#[test]
fn known_coordinates_that_are_no_places_of_the_known_system_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let spec = shapefile(folder.path(), "pipes", [[56_000.0, 73_000.0], [56_100.0, 73_050.0]], None);
    let (shared, _) = points();
    let with = |change: &dyn Fn(usize, &mut SharedPoint), code: &str| {
        let mut shared = shared.clone();
        shared.iter_mut().enumerate().for_each(|(i, p)| change(i, p));
        fs::write(&path, table(&shared, ",").replace("4549", code)).unwrap();
        read(std::slice::from_ref(&spec), Some(&format!("fit:{}", path.display())))
    };
    let turn = |c: &mut Coord<f64>| *c = Coord { x: c.y, y: c.x };
    let both = |_: usize, p: &mut SharedPoint| {
        turn(&mut p.local);
        turn(&mut p.known);
    };
    for (error, named) in [
        (with(&|_, p| p.known.x += 40e6, "4549"), "line 2: the easting 40"),
        (with(&|i, p| p.known.x += if i == 3 { 40e6 } else { 0.0 }, "4549"), "line 5: the easting 40"),
        (with(&|_, p| p.known.x += 39e6, "4549"), "(zone 39)"),
        (with(&|_, _| (), "4528"), "(zone 40)"),
        (with(&both, "4549"), "line 2: (33"),
        (with(&|_, p| turn(&mut p.known), "4549"), "exchange the names"),
    ] {
        let error = error.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("points.csv") && told.contains(named), "{named}: {told}");
        assert_ne!(error.message(Language::Chinese), told);
    }
    let prefixed = with(&|_, p| p.known.x += 40e6, "4528").unwrap();
    assert_eq!((prefixed.crs.epsg, codes(&prefixed)), (Some(4528), vec!["R22"]));
}

#[test]
fn a_city_grid_by_a_proj_text_is_built_in_a_system_that_can_be_written() {
    let pipe = [[56_000.0, 73_000.0], [56_100.0, 73_050.0]];
    let (_, truth) = points();
    let crs = format!("similarity:{PROJ},north=3271234.567,east=461234.567,rotation=-0.345,scale=1.00003");
    let survey = one(pipe, None, Some(&crs)).unwrap();
    assert_eq!((survey.crs.epsg, codes(&survey)), (Some(32651), vec![]));
    assert!(!survey.crs.wkt.is_empty());
    let to = Transform::new(&Crs::parse(PROJ).unwrap(), &survey.crs).unwrap();
    let known = pipe.map(|[x, y]| to.apply(truth.apply(Coord { x, y })).unwrap());
    lies_at(&survey, 0, known.map(|c| [c.x, c.y]), 1e-6);
}

#[test]
fn the_example_of_the_documentation_holds() {
    let page = include_str!("../../../docs/coordinates.md");
    let (_, rest) = page.split_once("```csv\n").unwrap();
    let (points, rest) = rest.split_once("```").unwrap();
    let (_, rest) = rest.split_once("--crs similarity:").unwrap();
    let parameters = format!("similarity:{}", rest.split_whitespace().next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    fs::write(&path, points).unwrap();
    let spec = shapefile(folder.path(), "pipes", [[52_310.112, 68_011.903], [61_250.480, 69_120.337]], None);
    let fitted = read(std::slice::from_ref(&spec), Some(&format!("fit:{}", path.display()))).unwrap();
    assert_eq!(codes(&fitted), ["R22"]);
    let told = fitted.findings.iter().find(|f| f.code == FindingCode::GridFitted).unwrap();
    assert_eq!(told.detail("value"), Some(parameters.as_str()));
    lies_at(&fitted, 0, [[513_134.834, 3_339_561.031], [522_068.463, 3_340_723.297]], 0.01);
    let given = read(&[spec], Some(&parameters)).unwrap();
    for (a, b) in vertices(&fitted, 0).iter().zip(vertices(&given, 0)) {
        assert!((a.x - b.x).hypot(a.y - b.y) < 2e-4, "{a:?} {b:?}");
    }
    let (_, rest) = page.split_once("--crs \"+proj=").unwrap();
    Crs::parse(&format!("+proj={}", rest.split('"').next().unwrap())).unwrap();
}
