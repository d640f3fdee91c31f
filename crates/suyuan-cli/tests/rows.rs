//! Traces as a table hold what the documents of the same run hold, and a layer written as GeoParquet is read as the layer it was.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{samples, stderr, suyuan};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

fn run(folder: &Path, line: &[&str]) {
    let output = suyuan(folder, line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// The documents of a batch.
fn documents(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a table, null left out.
fn rows(path: &Path) -> Vec<BTreeMap<String, Value>> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let value = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(json!(text)),
        Field::Long(n) => Some(json!(n)),
        Field::Double(n) => Some(json!(n)),
        other => panic!("{other:?}"),
    };
    let row = |row: parquet::record::Row| {
        row.get_column_iter().filter_map(|(name, field)| Some((name.clone(), value(field)?))).collect()
    };
    reader.get_row_iter(None).unwrap().map(|r| row(r.unwrap())).collect()
}

/// Every outfall, a manhole twice, and a place that is not there.
fn starts(folder: &Path) -> String {
    let project = samples().join("binjiang/city.toml");
    let project = project.to_str().unwrap().to_owned();
    run(folder, &["build", &project, "-o", "city.suyuan"]);
    fs::write(folder.join("starts.txt"), "node:YS2279\nnode:YS0167\npipe:nowhere\nnode:YS2279\n").unwrap();
    project
}

fn batch<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = ["trace", "city.suyuan", "--all-outfalls", "--from-file", "starts.txt", "--possible"];
    [line.as_slice(), &["-o", output], more].concat()
}

#[test]
fn a_row_a_pipe_holds_what_the_documents_hold() {
    let folder = tempfile::tempdir().unwrap();
    starts(folder.path());
    for name in ["a.ndjson", "a.parquet"] {
        let output = suyuan(folder.path(), &batch(name, &[]), &[]);
        assert_eq!(output.status.code(), Some(3), "one start is not there: {}", stderr(&output));
    }
    let documents = documents(&folder.path().join("a.ndjson"));
    let mut rows = rows(&folder.path().join("a.parquet")).into_iter().peekable();
    let (mut certain, mut missing) = (0, 0);
    for document in &documents {
        let reference = document.get("ref").unwrap_or(&document["start"]["ref"]);
        if let Some(why) = document.get("why") {
            let row = rows.next().unwrap();
            assert_eq!((&row["ref"], &row["why"], row.get("pipe")), (reference, why, None));
            missing += 1;
            continue;
        }
        let list = |key: &str| document[key].as_array().unwrap().clone();
        let all: Vec<Value> = [list("pipes"), list("possible_pipes")].concat();
        let mut found = BTreeMap::from([("certain", Vec::new()), ("possible", Vec::new())]);
        for pipe in &all {
            let row = rows.next().unwrap();
            assert_eq!((&row["ref"], &row["id"], &row["pipe"]), (reference, &document["start"]["id"], pipe));
            let is_possible = row["certainty"] == "possible";
            assert_eq!(!row.contains_key("distance_m"), is_possible);
            let word = row["certainty"].as_str().unwrap();
            if let Some(pipes) = found.get_mut(word) {
                pipes.push(pipe.clone());
            }
        }
        assert_eq!(found["certain"], list("certain_pipes"));
        assert_eq!(found["possible"], list("possible_pipes"));
        certain += found["certain"].len();
        if all.is_empty() {
            assert_eq!((&rows.next().unwrap()["ref"], rows.peek().is_some()), (reference, true));
        }
    }
    assert_eq!(rows.next(), None);
    assert!(certain > 100 && missing == 1, "{certain} {missing}");
}

#[test]
fn a_row_a_start_holds_what_its_document_comes_to() {
    let folder = tempfile::tempdir().unwrap();
    starts(folder.path());
    suyuan(folder.path(), &batch("a.ndjson", &[]), &[]);
    suyuan(folder.path(), &batch("a.parquet", &["--rows", "starts"]), &[]);
    let documents = documents(&folder.path().join("a.ndjson"));
    let rows = rows(&folder.path().join("a.parquet"));
    assert_eq!(rows.len(), documents.len());
    let some = |value: &Value| Some(value.clone()).filter(|v| !v.is_null() && v != "");
    for (row, document) in rows.iter().zip(&documents) {
        if document.get("why").is_some() {
            assert_eq!(
                (row["ref"].clone(), row["why"].clone()),
                (document["ref"].clone(), document["why"].clone())
            );
            assert_eq!(row.len(), 2);
            continue;
        }
        for key in ["ref", "kind", "id", "x", "y", "snap_m"] {
            assert_eq!(row.get(key).cloned(), some(&document["start"][key]), "{key}");
        }
        for key in ["direction", "nodes", "length_m", "findings"] {
            assert_eq!(row[key], document[key], "{key}");
        }
        for key in ["pipes", "certain_pipes", "possible_pipes", "stops", "drainers"] {
            assert_eq!(row[key], json!(document[key].as_array().unwrap().len()), "{key}");
        }
        let first = &document["candidates"][0];
        for (key, of) in [
            ("candidate", "drainer"),
            ("candidate_name", "name"),
            ("candidate_layer", "layer"),
            ("candidate_probability", "probability"),
            ("candidate_distance_m", "distance_m"),
            ("candidate_share", "share"),
        ] {
            assert_eq!(row.get(key).cloned(), some(&first[of]), "{key}");
        }
    }
}

#[test]
fn a_table_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    starts(folder.path());
    let told = |more: &[&str]| {
        let output = suyuan(folder.path(), &batch("a.parquet", more), &[]);
        (output.status.code(), stderr(&output))
    };
    let (code, why) = told(&["--resume"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("--resume goes with -o NAME.ndjson"), "{why}");
    assert!(!folder.path().join("a.parquet").exists());
    told(&[]);
    let (code, why) = told(&[]);
    assert_eq!(code, Some(4), "{why}");
    told(&["--overwrite"]);
    let names = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["a.parquet", "city.suyuan", "starts.txt"]);
    let output = suyuan(
        folder.path(),
        &["trace", "city.suyuan", "--all-outfalls", "--rows", "starts", "-o", "a.csv"],
        &[],
    );
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn layers_go_out_as_geoparquet_and_come_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let project = starts(folder.path());
    for name in ["a.parquet", "a.gpkg"] {
        run(folder.path(), &["trace", &project, "--from", "PK001", "-o", name]);
    }
    let check = |pipes: &str| {
        let line = [
            "check",
            "--pipes",
            pipes,
            "--pipe-id",
            "pipe",
            "--from-field",
            "from_node",
            "--to-field",
            "to_node",
            "--json",
        ];
        let output = suyuan(folder.path(), &line, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let layer = report["layers"][0].take();
        (layer["crs"].clone(), layer["fields"].clone(), report["network"].clone(), report["counts"].clone())
    };
    assert_eq!(check("a_traced_pipes.parquet"), check("a.gpkg:traced_pipes"));
}

#[test]
fn a_trace_without_its_background_is_the_same_trace() {
    let folder = tempfile::tempdir().unwrap();
    let project = starts(folder.path());
    let trace = ["trace", &project, "--from", "PK001", "-o"];
    run(folder.path(), &[&trace[..], &["with.csv"]].concat());
    run(folder.path(), &[&trace[..], &["bare.csv", "--no-background"]].concat());
    let layers = |name: &str| -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let layer = |path: &PathBuf| Some(path.file_name()?.to_str()?.strip_prefix(name)?.to_owned());
        files.filter_map(|path| Some((layer(&path)?, fs::read(path).unwrap()))).collect()
    };
    let (mut with, bare) = (layers("with_"), layers("bare_"));
    assert!(with.remove("network.csv").is_some_and(|text| text.len() > 1000));
    for around in ["outfalls.csv", "waters.csv", "venues.csv"] {
        with.remove(around);
    }
    assert_eq!(with.keys().collect::<Vec<_>>(), bare.keys().collect::<Vec<_>>());
    assert!(with == bare && bare["traced_pipes.csv"].len() > 1000);
    let output = suyuan(folder.path(), &["trace", &project, "--from", "PK001", "--no-background"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
