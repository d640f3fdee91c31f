//! What cannot be used is refused in one sentence that says what and where, with the right exit code, and leaves no file.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fs;
use std::path::Path;

use common::{samples, stderr, suyuan};

/// A folder with the storm pipes and outfalls of the sample, and damaged copies of the pipes.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let raw = samples().join("binjiang/raw");
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let get = |name: &str| fs::read(raw.join(name)).unwrap();
    for name in ["YSLINE", "YSPOINT", "PAIKOU"] {
        for ending in ["shp", "shx", "dbf", "prj"] {
            put(&format!("{name}.{ending}"), &get(&format!("{name}.{ending}")));
        }
    }
    let copy = |name: &str, ending: &str, change: &dyn Fn(&mut Vec<u8>)| {
        for other in ["shp", "shx", "dbf", "prj"] {
            let mut bytes = get(&format!("YSLINE.{other}"));
            if other == ending {
                change(&mut bytes);
            }
            put(&format!("{name}.{other}"), &bytes);
        }
    };
    copy("nodbf", "", &|_| {});
    fs::remove_file(folder.path().join("nodbf.dbf")).unwrap();
    copy("truncated", "shp", &|b| b.truncate(b.len() / 2 + 7));
    copy("garbage", "shp", &|b| b.fill(b'x'));
    copy("shortdbf", "dbf", &|b| b.truncate(b.len() - 999));
    copy("noprojection", "prj", &|b| *b = b"this is no coordinate system".to_vec());
    // The x of the first vertex of the first record: file header, record header, type, box, counts, part.
    copy("nan", "shp", &|b| b[156..164].copy_from_slice(&f64::NAN.to_le_bytes()));
    copy("empty", "", &|_| {});
    let mut header = get("YSLINE.shp")[..100].to_vec();
    header[24..28].copy_from_slice(&50i32.to_be_bytes());
    put("empty.shp", &header);
    put("empty.shx", &header);
    let mut table = get("YSLINE.dbf");
    table[4..8].fill(0);
    table.truncate(usize::from(u16::from_le_bytes([table[8], table[9]])));
    put("empty.dbf", &table);
    copy("half", "prj", &|b| b.truncate(b.len() / 2));
    copy("far", "shp", &|b| b[156..164].copy_from_slice(&1e12f64.to_le_bytes()));
    fs::create_dir(folder.path().join("folder.gpkg")).unwrap();
    put("notes.txt", b"not a map");
    put("broken.toml", b"pipes = 3");
    put("broken.suyuan", b"SUYUAN\r\nnot really");
    put("broken.geojson", b"{\"type\": \"FeatureCollection\", \"features\": [");
    folder
}

/// What is asked, the exit code, and what the sentence must name.
const CASES: [(&str, &str, i32, &[&str]); 34] = [
    ("a missing file", "--pipes nothere.shp --from 1", 3, &["nothere.shp"]),
    ("no .dbf", "--pipes nodbf.shp --from 1", 3, &["nodbf.dbf"]),
    ("an empty layer", "--pipes empty.shp --from 1", 3, &["empty.shp"]),
    ("a truncated .shp", "--pipes truncated.shp --from 1", 3, &["truncated.shp", "bytes"]),
    ("a .shp of nonsense", "--pipes garbage.shp --from 1", 3, &["garbage.shp"]),
    ("an unknown CRS", "--pipes YSLINE.shp --crs EPSG:999999 --from 1", 3, &["YSLINE.shp", "EPSG:999999"]),
    ("a .prj of nonsense", "--pipes noprojection.shp --from 1", 3, &["noprojection.shp"]),
    ("an unknown outfall", "--pipes YSLINE.shp --outfalls PAIKOU.shp --from PK999", 3, &["PK999", "PK009"]),
    ("an unknown pipe", "--pipes YSLINE.shp --from pipe:YSGD00001", 3, &["YSGD00001", "YSGD0001"]),
    (
        "a start too far",
        "--pipes YSLINE.shp --from 519700,3342300 --max-snap 1",
        3,
        &["519700,3342300", "1 m"],
    ),
    ("a barrier that is not there", "--pipes YSLINE.shp --from pipe:YSGD0001 --barrier node:QQ", 3, &["QQ"]),
    ("pipes without any line", "--pipes YSPOINT.shp --from 1", 3, &["YSPOINT.shp"]),
    ("NaN coordinates", "--pipes nan.shp --from 1", 3, &["nan.shp", "row 1", "NaN", "--set-aside"]),
    ("coordinates beyond the earth", "--pipes far.shp --from 1", 3, &["far.shp", "row 1", "--set-aside"]),
    ("degrees for metres", "--pipes YSLINE.shp --from 120.2,30.2", 3, &["120.2,30.2", "lonlat:"]),
    (
        "latitude first",
        "--pipes YSLINE.shp --from lonlat:30.2,120.2",
        2,
        &["lonlat:30.2,120.2", "lonlat:120.2,30.2"],
    ),
    ("no shared points", "--pipes YSLINE.shp --crs fit:points.csv --from 1", 3, &["points.csv"]),
    (
        "points that are none",
        "--pipes YSLINE.shp --crs fit:notes.txt --from 1",
        3,
        &["notes.txt", "EPSG:4549"],
    ),
    (
        "half a similarity",
        "--pipes YSLINE.shp --crs similarity:4549,north=1 --from 1",
        3,
        &["YSLINE.shp", "east"],
    ),
    ("a .prj in half", "--pipes half.shp --from 1", 3, &["half.shp", "--crs"]),
    ("an unknown layer", "--pipes YSLINE.shp:other --from 1", 3, &["YSLINE", "other"]),
    ("an unknown field", "--pipes YSLINE.shp --pipe-id QQ --from 1", 3, &["YSLINE.shp", "QQ", "管段编号"]),
    ("an unknown encoding", "--pipes YSLINE.shp --encoding martian --from 1", 3, &["martian"]),
    ("an unknown dialect", "--pipes YSLINE.shp --dialect martian --from 1", 3, &["martian", "zhejiang"]),
    ("an unknown ending", "--pipes notes.txt --from 1", 3, &["notes.txt"]),
    ("a broken project", "broken.toml --from 1", 3, &["broken.toml"]),
    ("a broken prepared network", "broken.suyuan --from 1", 3, &["broken.suyuan"]),
    ("broken GeoJSON", "--pipes broken.geojson --from 1", 3, &["broken.geojson"]),
    ("no start", "--pipes YSLINE.shp", 2, &["--from"]),
    ("no network", "--from 1", 2, &["--pipes"]),
    ("a tolerance that is none", "--pipes YSLINE.shp --snap wide --from 1", 2, &["--snap", "wide"]),
    ("a bad distance", "--pipes YSLINE.shp --max-distance=-5 --from 1", 2, &["--max-distance", "-5"]),
    ("a bad time", "--pipes YSLINE.shp --max-time 2d --from 1", 2, &["--max-time", "2d"]),
    (
        "the nearest and the possible",
        "--pipes YSLINE.shp --max-pipes 5 --possible --from 1",
        2,
        &["--max-pipes", "--possible"],
    ),
];

fn left(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_wrong_input_gives_its_code_and_one_sentence_and_leaves_nothing() {
    let folder = workshop();
    let before = left(folder.path());
    for (what, arguments, code, names) in CASES {
        let mut line = vec!["trace"];
        line.extend(arguments.split(' '));
        line.extend(["-o", "out.gpkg", "--json"]);
        let english = suyuan(folder.path(), &line, &[]);
        let told = stderr(&english);
        assert_eq!(english.status.code(), Some(code), "{what}: {told}");
        assert!(english.stdout.is_empty(), "{what}: nothing goes to standard output");
        let errors: Vec<&str> = told.lines().filter(|l| l.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{what}: one sentence, not {told}");
        for name in names {
            assert!(told.contains(name), "{what}: {told} does not say {name}");
        }
        assert!(!told.contains("panicked"), "{what}: {told}");
        let chinese = suyuan(folder.path(), &line, &[("SUYUAN_LANG", "zh")]);
        assert_eq!(chinese.status.code(), Some(code), "{what}");
        let told = stderr(&chinese);
        let error = told.lines().find(|l| l.starts_with("错误")).unwrap_or_default();
        let words = error.chars().skip(3).filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        assert!(words >= 4, "{what} in Chinese: {told}");
        assert_eq!(left(folder.path()), before, "{what}: no file is left");
    }
}

#[test]
fn rows_with_nan_coordinates_are_set_aside_when_that_is_asked_for_and_counted() {
    let folder = workshop();
    assert_eq!(found(folder.path(), &["check", "--pipes", "nan.shp", "--set-aside", "--json"], "R04"), 1);
}

#[test]
fn rows_that_the_table_lacks_are_counted() {
    let folder = workshop();
    assert_eq!(found(folder.path(), &["check", "--pipes", "shortdbf.shp", "--json"], "R10"), 1);
}

/// How many findings of a code a check lists.
fn found(folder: &Path, line: &[&str], code: &str) -> u64 {
    let output = suyuan(folder, line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["code"] == code);
    finding.and_then(|f| f["count"].as_u64()).unwrap_or(0)
}

#[test]
fn outputs_that_cannot_be_written_give_4() {
    let folder = workshop();
    fs::write(folder.path().join("there.gpkg"), "mine").unwrap();
    for (target, name) in [
        ("there.gpkg", "--overwrite"),
        ("nowhere/out.gpkg", "nowhere"),
        ("out.docx", "out.docx"),
        ("folder.gpkg", "folder"),
    ] {
        let line = ["trace", "--pipes", "YSLINE.shp", "--from", "pipe:YSGD0001", "-o", target];
        let output = suyuan(folder.path(), &line, &[]);
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
    assert_eq!(fs::read(folder.path().join("there.gpkg")).unwrap(), b"mine");
}

#[test]
fn outfalls_that_share_an_id_are_each_traced() {
    let folder = tempfile::tempdir().unwrap();
    let feature = |kind: &str, coordinates: &str, id: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}"}},"geometry":{{"type":"{kind}","coordinates":{coordinates}}}}}"#
        )
    };
    let write = |name: &str, features: [String; 2]| {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
        fs::write(folder.path().join(name), text).unwrap();
    };
    let pipe = |y: f64, id: &str| feature("LineString", &format!("[[120.2,{y}],[120.201,{y}]]"), id);
    write("pipes.geojson", [pipe(30.2, "P1"), pipe(30.3, "P2")]);
    write("outfalls.geojson", [30.2, 30.3].map(|y| feature("Point", &format!("[120.201,{y}]"), "OF")));
    let line =
        ["trace", "--pipes", "pipes.geojson", "--outfalls", "outfalls.geojson", "--all-outfalls", "--json"];
    let output = suyuan(folder.path(), &line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answers.iter().map(|a| &a["pipes"][0]).collect::<Vec<_>>(), ["P1", "P2"]);
    // By its id alone it is not clear which is meant.
    let line = ["trace", "--pipes", "pipes.geojson", "--outfalls", "outfalls.geojson", "--from", "OF"];
    let output = suyuan(folder.path(), &line, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("2 outfalls are called `OF`"), "{}", stderr(&output));
}

#[test]
fn what_is_read_is_never_written_over() {
    let folder = workshop();
    let before = left(folder.path());
    let shp = fs::read(folder.path().join("YSLINE.shp")).unwrap();
    let pipes = ["--pipes", "YSLINE.shp"];
    let trace = |target: &'static str| {
        [&["trace"][..], &pipes, &["--from", "pipe:YSGD0001", "--overwrite", "-o", target]].concat()
    };
    // The file itself by several names, and a family of files that would be named like it.
    for line in [
        trace("YSLINE.shp"),
        trace("./YSLINE.shp"),
        [&["check"][..], &pipes, &["--overwrite", "--apply-repairs", "YSLINE.shp"]].concat(),
        [&["check"][..], &pipes, &["--overwrite", "-o", "YSLINE.shp"]].concat(),
    ] {
        let output = suyuan(folder.path(), &line, &[]);
        assert_eq!(output.status.code(), Some(4), "{line:?} {}", stderr(&output));
        assert!(
            stderr(&output).contains("YSLINE.shp is one of the files that are read"),
            "{}",
            stderr(&output)
        );
        assert_eq!(left(folder.path()), before);
    }
    assert_eq!(fs::read(folder.path().join("YSLINE.shp")).unwrap(), shp);
    let output = suyuan(folder.path(), &trace("YSLINE.gpkg"), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn layers_of_the_wrong_kind_are_refused() {
    let folder = workshop();
    for role in ["--outfalls", "--drainers", "--nodes"] {
        let line = ["check", "--pipes", "YSLINE.shp", role, "YSLINE.shp"];
        let output = suyuan(folder.path(), &line, &[]);
        assert_eq!(output.status.code(), Some(3), "{role}");
        assert!(stderr(&output).contains("holds lines; a layer of"), "{}", stderr(&output));
    }
}

/// Wrong questions in the sample city, the exit code, and what the sentence must name.
const QUESTIONS: [(&str, i32, &[&str]); 23] = [
    ("travel city.toml --from PK999", 3, &["PK999"]),
    ("travel city.toml --from PK009 --at node:QQ", 3, &["QQ"]),
    ("travel city.toml --from PK009 --depth-ratio 0", 2, &["depth_ratio"]),
    ("travel city.toml --from PK009 --roughness NaN", 2, &["roughness"]),
    ("travel city.toml --from PK009 --seen 2026-02-30T08:00", 2, &["2026-02-30T08:00"]),
    ("travel city.toml --from PK009 --max-distance=-1", 2, &["--max-distance"]),
    ("path city.toml --from PK009 --to node:QQ", 3, &["QQ"]),
    ("path city.toml --from PK009 --to PK001 -o way.xyz", 4, &["way.xyz"]),
    ("profile city.toml --from PK009 --to PK001 -o profile.png", 4, &["profile.png", ".svg"]),
    ("profile city.toml --from lonlat:1,2,3 --to PK001", 2, &["lonlat:1,2,3"]),
    ("path city.toml --from PK009 --to PK001 --barrier node:QQ", 3, &["QQ"]),
    ("partition city.toml --barrier node:QQ", 3, &["QQ"]),
    ("travel city.toml --from PK009 --where colour=1", 3, &["colour"]),
    ("common city.toml --from PK009", 2, &["--from"]),
    ("between city.toml --from PK009 --to node:QQ", 3, &["QQ"]),
    ("isolate city.toml --from node:QQ", 3, &["QQ"]),
    ("locate city.toml --from QQ", 3, &["QQ"]),
    ("locate city.toml --from PK009 --crew node:QQ", 3, &["QQ"]),
    ("locate city.toml --from PK009 --observations nowhere.csv", 3, &["nowhere.csv"]),
    ("locate city.toml --from PK009 --observations README.md", 3, &["README.md"]),
    ("locate city.toml --from PK009 --max-snap=-1", 2, &["--max-snap"]),
    ("accumulate city.toml --of colour", 3, &["colour", "--of"]),
    ("accumulate city.toml --at PK009 --max-snap=-1", 2, &["--max-snap"]),
];

#[test]
fn each_wrong_question_gives_its_code_and_one_sentence_in_both_languages() {
    let folder = samples().join("binjiang");
    let before = left(&folder);
    for (question, code, names) in QUESTIONS {
        let line: Vec<&str> = question.split(' ').collect();
        for (language, mark) in [("en", "error: "), ("zh", "错误：")] {
            let output = suyuan(&folder, &line, &[("SUYUAN_LANG", language)]);
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{question}: {told}");
            assert!(output.stdout.is_empty(), "{question}: nothing goes to standard output");
            let errors: Vec<&str> = told.lines().filter(|l| l.starts_with(mark)).collect();
            assert_eq!(errors.len(), 1, "{question}: one sentence, not {told}");
            for name in names {
                assert!(errors[0].contains(name), "{question}: {told} does not say {name}");
            }
            let chinese = errors[0].chars().skip(3).filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
            assert_eq!(chinese >= 4, language == "zh", "{question}: {told}");
        }
    }
    assert_eq!(left(&folder), before, "no file is left");
}
