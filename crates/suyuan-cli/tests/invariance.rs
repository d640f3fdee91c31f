//! The same survey in any row order, on any number of threads, run again: the same bytes.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{samples, stderr, suyuan};
use serde_json::{Map, Value, json};
use suyuan::core::raw::{ShapeKind, Value as Attribute};
use suyuan::read::read_survey;
use suyuan::{CitySpec, Role, read_project};

/// The delivered sample as GeoJSON files, its rows in another order for each `seed`.
fn shuffled(folder: &Path, seed: u64) {
    let project: CitySpec = read_project(&samples().join("binjiang/city.toml")).unwrap();
    let survey = read_survey(&project.layers, &project.read).unwrap();
    let mut toml = "crs = \"EPSG:4549\"\ndialect = \"zhejiang\"\n".to_owned();
    for (l, layer) in survey.layers.iter().enumerate() {
        if layer.role == Role::Venues {
            continue; // in degrees, and already projected here
        }
        let mut rows: Vec<usize> = (0..layer.len()).collect();
        if seed > 0 {
            // A cheap scramble that is another for each layer and seed.
            let key = |row: &usize| {
                (*row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (seed + l as u64)).rotate_left(23)
            };
            rows.sort_by_key(key);
        }
        let feature = |row: &usize| {
            let parts: Vec<Value> = layer
                .shapes
                .parts(*row)
                .map(|part| part.iter().map(|c| json!([c.x, c.y])).collect())
                .collect();
            let geometry = match layer.shapes.kind() {
                _ if parts.is_empty() => Value::Null,
                ShapeKind::Point => json!({"type": "Point", "coordinates": parts[0][0]}),
                ShapeKind::Line => json!({"type": "LineString", "coordinates": parts[0]}),
                _ => json!({"type": "Polygon", "coordinates": parts}),
            };
            let mut properties = Map::new();
            for (f, field) in layer.attributes.fields().iter().enumerate() {
                let value = match layer.attributes.value(*row, f) {
                    Attribute::Integer(v) => json!(v),
                    Attribute::Real(v) => json!(v),
                    Attribute::Null => Value::Null,
                    other => json!(other.to_string()),
                };
                properties.insert(field.name.clone(), value);
            }
            json!({"type": "Feature", "geometry": geometry, "properties": properties})
        };
        let collection = json!({
            "type": "FeatureCollection",
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}},
            "features": rows.iter().map(feature).collect::<Vec<_>>(),
        });
        let name = format!("layer{l}.geojson");
        fs::write(folder.join(&name), collection.to_string()).unwrap();
        let _ = writeln!(toml, "[[{}]]\npath = \"{name}\"", layer.role.key());
    }
    fs::write(folder.join("city.toml"), toml).unwrap();
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fieldlog.csv");
    fs::copy(log, folder.join("fieldlog.csv")).unwrap();
}

/// Further questions, whose answers are printed; one of them draws.
const QUESTIONS: [&str; 11] = [
    "travel city.toml --from PK009 --at drainer:PSH0077 --json",
    "path city.toml --from node:YS0232 --to PK009 --json",
    "profile city.toml --from node:YS0232 --to PK009 --json -o OUT/profile.svg",
    "common city.toml --from drainer:PSH0077 --from node:YS0232 --json",
    "common city.toml --from PK009 --from node:YS0056 --upstream --json",
    "between city.toml --from node:YS0232 --to PK009 --json",
    "locate city.toml --from PK009 --observations fieldlog.csv --crew YS0475 --visits 9 --json",
    "isolate city.toml --from node:YS0232 --from drainer:PSH0077 --json",
    "accumulate city.toml --of drainers --json",
    "accumulate city.toml --of length --by-shares --json",
    "partition city.toml --json",
];

/// What a trace of every outfall, a check and the further questions print and write, by file.
fn run(folder: &Path, threads: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let environment = [("RAYON_NUM_THREADS", threads)];
    let out = tempfile::tempdir().unwrap();
    let target = |name: &str| out.path().join(format!("{name}.{ending}")).to_str().unwrap().to_owned();
    let lines = [
        vec!["trace", "city.toml", "--all-outfalls", "--possible", "--json"],
        vec!["check", "city.toml", "--json"],
    ];
    let mut results = Vec::new();
    for (name, mut line) in ["trace", "check"].into_iter().zip(lines) {
        let file = target(name);
        line.extend(["-o", &file]);
        let output = suyuan(folder, &line, &environment);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        results.push((format!("{name} --json"), output.stdout));
    }
    // What they print does not depend on the ending.
    for question in QUESTIONS.iter().filter(|_| ending != "shp") {
        let line = question.replace("OUT", out.path().to_str().unwrap());
        let output = suyuan(folder, &line.split(' ').collect::<Vec<_>>(), &environment);
        assert_eq!(output.status.code(), Some(0), "{question}: {}", stderr(&output));
        results.push(((*question).to_owned(), output.stdout));
    }
    let mut files: Vec<_> = fs::read_dir(out.path()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files {
        let mut bytes = fs::read(&file).unwrap();
        if ending == "csv" {
            bytes = without_origins(&bytes);
        }
        results.push((file.file_name().unwrap().to_string_lossy().into_owned(), bytes));
    }
    results
}

/// Findings say in which row of the file they were found, which another row order rightly changes.
fn without_origins(csv: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(csv.to_vec()).unwrap();
    let mut words = text.split(" row ");
    let mut out = words.next().unwrap_or_default().to_owned();
    for rest in words {
        out.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out.into_bytes()
}

fn assert_same(a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)], what: &str) {
    assert!(a.len() > 2);
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.0, b.0, "{what}");
        assert!(!a.1.is_empty() && a.1 == b.1, "{what}: {} differs", a.0);
    }
    assert_eq!(a.len(), b.len(), "{what}");
}

#[test]
fn threads_and_another_run_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    shuffled(folder.path(), 0);
    for ending in ["gpkg", "shp"] {
        let once = run(folder.path(), "1", ending);
        assert_same(&once, &run(folder.path(), "2", ending), "two threads");
        assert_same(&once, &run(folder.path(), "7", ending), "seven threads");
    }
}

#[test]
fn row_order_changes_no_byte_of_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    shuffled(folder.path(), 0);
    let once = run(folder.path(), "2", "csv");
    for seed in 1..5 {
        let other = tempfile::tempdir().unwrap();
        shuffled(other.path(), seed);
        assert_same(&once, &run(other.path(), "2", "csv"), &format!("row order {seed}"));
    }
}
