//! What the command prints as JSON is what docs/schema says, and the schemas refuse what is not.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::{samples, stderr, stdout, suyuan};
use jsonschema::Validator;
use serde_json::{Value, json};

const NAMES: [&str; 13] = [
    "trace-1",
    "check-1",
    "venues-1",
    "progress-1",
    "travel-1",
    "path-1",
    "profile-1",
    "common-1",
    "between-1",
    "isolate-1",
    "locate-1",
    "accumulate-1",
    "partition-1",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema(name: &str) -> Value {
    let path = repository().join("docs/schema").join(format!("{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

/// The lines of a stream, each of which keeps the schema.
fn keep(name: &str, text: &str) -> Vec<Value> {
    let validator = validator(name);
    let documents = lines(text);
    for document in &documents {
        let faults: Vec<String> =
            validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
    documents
}

/// The answers of a run in the sample city, each of which keeps the schema.
fn answers(name: &str, arguments: &str, code: i32) -> Vec<Value> {
    let line: Vec<&str> = arguments.split(' ').collect();
    let output = suyuan(&samples().join("binjiang"), &line, &[]);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {}", stderr(&output));
    keep(name, &stdout(&output))
}

/// The words found at a place of some documents.
fn seen(documents: &[Value], pointer: &str) -> BTreeSet<String> {
    documents.iter().filter_map(|d| d.pointer(pointer)?.as_str()).map(str::to_owned).collect()
}

/// The words that a schema allows at a place of itself.
fn listed(name: &str, pointer: &str) -> BTreeSet<String> {
    let schema = schema(name);
    let list = schema.pointer(pointer).and_then(Value::as_array).unwrap();
    list.iter().map(|w| w.as_str().unwrap().to_owned()).collect()
}

/// A SWMM model without coordinates, in which a pipe flows away from the end of the branch.
const MODEL: &str = "[JUNCTIONS]\nA 10 2\nB 9 2\nC 9.5 2\n\n[OUTFALLS]\nOF1 8 FREE\n\n\
    [CONDUITS]\nP1 A B 50 0.013 0 0\nP2 B OF1 50 0.013 0 0\nP3 A C 50 0.013 0 0\n";

/// Two outfalls near a venue of the sample city, one of them far from every pipe.
fn outfalls() -> String {
    let outfall = |id: &str, x: f64, y: f64| {
        let place = json!({"type": "Point", "coordinates": [x, y]});
        json!({"type": "Feature", "properties": {"id": id}, "geometry": place})
    };
    json!({
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "EPSG:4549"}},
        "features": [outfall("FAR", 519_500.0, 3_341_900.0), outfall("NEAR", 519_820.271, 3_342_291.717)],
    })
    .to_string()
}

/// A run in a folder of its own that holds the model and the outfalls.
fn elsewhere(folder: &Path, line: &str) -> Output {
    fs::write(folder.join("model.inp"), MODEL).unwrap();
    fs::write(folder.join("outfalls.geojson"), outfalls()).unwrap();
    let raw = samples().join("binjiang/raw");
    let words: Vec<String> = line.split(' ').map(|w| w.replace("RAW", raw.to_str().unwrap())).collect();
    suyuan(folder, &words.iter().map(String::as_str).collect::<Vec<_>>(), &[])
}

const STARTS: &str = "--from PK001 --from node:YS0005 --from pipe:YSGD0353 --from drainer:PSH0077 \
    --from 519820,3342290 --max-snap 100";

#[test]
fn every_trace_keeps_its_schema() {
    let all = answers("trace-1", "trace city.toml --all-outfalls --possible --json", 0);
    assert_eq!(all.len(), 61);
    let mut documents = all;
    documents.extend(answers("trace-1", &format!("trace city.toml {STARTS} --json"), 0));
    documents.extend(answers("trace-1", &format!("trace city.toml {STARTS} --downstream --json"), 0));
    let barriers = "--barrier node:YS0039 --barrier pipe:YSGD0822";
    documents.extend(answers("trace-1", &format!("trace city.toml --from PK009 {barriers} --json"), 0));
    documents.extend(answers(
        "trace-1",
        "trace city.toml --from PK009 --max-distance 500 --possible --json",
        0,
    ));
    let limits = "--max-time 0h20m --max-pipes 60";
    documents.extend(answers("trace-1", &format!("trace city.toml --from PK009 {limits} --json"), 0));
    assert_eq!(documents.last().unwrap()["limits"], json!({"time_s": 1200.0, "pipes": 60}));
    for limit in ["--max-time 10", "--max-pipes 9"] {
        documents.extend(answers("trace-1", &format!("trace city.toml --from PK009 {limit} --json"), 0));
    }
    assert_eq!(documents.last().unwrap()["pipes"].as_array().unwrap().len(), 9);
    documents.extend(answers("trace-1", "trace city.toml --from PK009 --where 管径>500 --json", 0));
    // Nothing is upstream of the first manhole of a sewer: an answer all the same.
    let empty = answers("trace-1", "trace city.toml --from node:YS2279 --json", 1);
    assert_eq!(empty[0]["pipes"], json!([]));

    assert_eq!(seen(&documents, "/start/kind"), listed("trace-1", "/$defs/start/properties/kind/enum"));
    assert_eq!(seen(&documents, "/direction"), listed("trace-1", "/properties/direction/enum"));
    let stops: Vec<Value> = documents.iter().flat_map(|d| d["stops"].as_array().unwrap()).cloned().collect();
    let reasons = seen(&stops, "/reason");
    for reason in ["headwater", "outfall", "barrier", "gap", "limit", "time_limit", "pipe_limit"] {
        assert!(reasons.contains(reason), "no branch ends by {reason}: {reasons:?}");
    }
    for shape in [true, false] {
        let is = |s: &&Value| s["reason"] == "barrier" && s.get("beyond").is_some() == shape;
        assert!(stops.iter().any(|s| is(&s)), "a barrier is a node or a pipe");
    }
}

#[test]
fn a_trace_without_coordinates_keeps_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let output = elsewhere(folder.path(), "trace model.inp --from OF1 --json");
    let answer = &keep("trace-1", &stdout(&output))[0];
    assert_eq!(answer["start"]["x"], Value::Null);
    assert_eq!(answer["stops"], json!([{"node": "A", "reason": "opposing", "beyond": "P3"}]));
}

#[test]
fn every_check_keeps_its_schema() {
    for project in ["city.toml", "tidy.toml"] {
        let report = &answers("check-1", &format!("check {project} --json"), 0)[0];
        assert!(!report["layers"].as_array().unwrap().is_empty());
    }
    let chinese =
        suyuan(&samples().join("binjiang"), &["check", "city.toml", "--json"], &[("SUYUAN_LANG", "zh")]);
    keep("check-1", &stdout(&chinese));
    let folder = tempfile::tempdir().unwrap();
    let city = samples().join("binjiang/city.toml");
    let built = suyuan(folder.path(), &["build", city.to_str().unwrap(), "-o", "city.suyuan"], &[]);
    assert_eq!(built.status.code(), Some(0), "{}", stderr(&built));
    let prepared = elsewhere(folder.path(), "check city.suyuan --json");
    assert_eq!(keep("check-1", &stdout(&prepared))[0]["layers"], json!([]));
    assert_eq!(keep("check-1", &stdout(&elsewhere(folder.path(), "check model.inp --json"))).len(), 1);
}

#[test]
fn every_venue_keeps_its_schema() {
    assert_eq!(answers("venues-1", "venues city.toml --json", 0).len(), 4);
    assert_eq!(answers("venues-1", "venues city.toml --radius 5 --json", 1).len(), 4);
    let folder = tempfile::tempdir().unwrap();
    let line = "venues --pipes RAW/YSLINE.shp --outfalls outfalls.geojson --waters RAW/HEDAO.shp \
        --venues RAW/CHANGGUAN.shp --json";
    let venues = keep("venues-1", &stdout(&elsewhere(folder.path(), line)));
    let near = venues[0]["outfalls"].as_array().unwrap();
    let far = near.iter().find(|o| o["outfall"] == "FAR").unwrap();
    assert_eq!(far["pipes"], Value::Null, "an outfall that is joined to no pipe has none behind it");
}

#[test]
fn every_travel_keeps_its_schema() {
    let places = "--at drainer:PSH0077 --at PK001 --seen 2026-05-01T08:30,2026-05-01T09:15";
    let mut documents = answers("travel-1", &format!("travel city.toml --from PK009 {places} --json"), 0);
    assert_eq!(documents[0]["places"][1]["travel_s"], Value::Null, "its water does not come by");
    let trace = answers("trace-1", "trace city.toml --from PK009 --json", 0).remove(0);
    let candidates = trace["candidates"].as_array().unwrap();
    let same = candidates.iter().find(|c| c["drainer"] == "PSH0077").unwrap();
    assert_eq!(same["travel_s"], documents[0]["places"][0]["travel_s"], "candidates have the same times");
    documents.extend(answers("travel-1", "travel city.toml --from PK009 --at PK001 --json", 1));
    documents.extend(answers("travel-1", "travel city.toml --from node:YS0005 --downstream --json", 0));
    documents.extend(answers("travel-1", "travel city.toml --from node:YS2279 --json", 1));
    let folder = tempfile::tempdir().unwrap();
    let model = keep("travel-1", &stdout(&elsewhere(folder.path(), "travel model.inp --from OF1 --json")));
    assert_eq!(model[0]["reaches"].as_array().unwrap().len(), 2);
    for (line, told) in [
        ("travel city.toml --from PK009 --depth-ratio 1.5", "depth_ratio"),
        ("travel city.toml --from PK009 --seen yesterday", "yesterday"),
        ("travel city.toml --from PK009 --seen 2026-05-01T10:00,2026-05-01T09:00", "the first moment"),
    ] {
        let output = suyuan(&samples().join("binjiang"), &line.split(' ').collect::<Vec<_>>(), &[]);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(stderr(&output).contains(told), "{line}: {}", stderr(&output));
    }
}

#[test]
fn every_path_and_profile_keeps_its_schema() {
    let ends = [
        ("node:YS2279", "PK001", "with_flow", [0, 0]),
        ("PK001", "node:YS2279", "against_flow", [1, 0]),
        ("PK001", "PK009", "none", [1, 1]),
        ("pipe:YSGD0353", "pipe:YSGD0353", "with_flow", [0, 1]),
    ];
    for (from, to, found, codes) in ends {
        for (command, code) in ["path", "profile"].into_iter().zip(codes) {
            let line = format!("{command} city.toml --from {from} --to {to} --json");
            let answer = answers(&format!("{command}-1"), &line, code).remove(0);
            assert_eq!(answer["found"], found, "{line}");
        }
    }
}

#[test]
fn every_answer_about_what_places_have_in_common_keeps_its_schema() {
    let two = "--from drainer:PSH0077 --from node:YS0232";
    let met = answers("common-1", &format!("common city.toml {two} --json"), 0).remove(0);
    assert_eq!(met["meetings"][0]["at"]["id"], "YS0023");
    answers("common-1", "common city.toml --from PK001 --from PK009 --json", 1);
    let above = answers("common-1", "common city.toml --from PK009 --from node:YS0056 --upstream --json", 0);
    assert!(!above[0]["shared"]["drainers"].as_array().unwrap().is_empty());
    answers("common-1", "common city.toml --from pipe:YSGD0353 --from pipe:YSGD0353 --json", 0);
    let alone = suyuan(&samples().join("binjiang"), &["common", "city.toml", "--from", "PK009"], &[]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn what_lies_between_keeps_its_schema() {
    let line = "between city.toml --from node:YS0232 --to PK009 --json";
    let answer = answers("between-1", line, 0).remove(0);
    // Every way with the flow is a way.
    let path = answers("path-1", "path city.toml --from node:YS0232 --to PK009 --json", 0).remove(0);
    let pipes = answer["between"]["pipes"].as_array().unwrap();
    assert!(path["reaches"].as_array().unwrap().iter().all(|r| pipes.contains(&r["pipe"])));
    let shut = "between city.toml --from node:YS0232 --to PK009 --barrier node:YS0233 --json";
    assert_eq!(answers("between-1", shut, 1)[0]["between"]["pipes"], serde_json::json!([]));
    let folder = tempfile::tempdir().unwrap();
    let city = samples().join("binjiang/city.toml");
    let line = ["between", city.to_str().unwrap(), "--from", "node:YS0232", "--to", "PK009", "-o", "b.gpkg"];
    let output = suyuan(folder.path(), &line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.path().join("b.qgz").is_file());
}

#[test]
fn every_plan_of_plugs_keeps_its_schema() {
    let plan = answers("isolate-1", "isolate city.toml --from node:YS0232 --json", 0).remove(0);
    assert_eq!(plan["plugs"][0]["at"]["id"], "YS0233");
    answers("isolate-1", "isolate city.toml --from PK009 --from pipe:YSGD0353 --json", 0);
    let folder = tempfile::tempdir().unwrap();
    let city = samples().join("binjiang/city.toml");
    let line = ["isolate", city.to_str().unwrap(), "--from", "node:YS0232", "-o", "plan.gpkg"];
    let output = suyuan(folder.path(), &line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.path().join("plan.qgz").is_file());
}

#[test]
fn every_sum_keeps_its_schema() {
    let trace = answers("trace-1", "trace city.toml --from PK009 --json", 0).remove(0);
    let of = |what: &str| {
        let line = format!("accumulate city.toml --of {what} --at PK009 --json");
        answers("accumulate-1", &line, 0).remove(0)["places"][0]["amount"].as_f64().unwrap()
    };
    assert!((of("length") - trace["length_m"].as_f64().unwrap()).abs() < 0.002, "the trace says the same");
    assert_eq!(of("drainers"), trace["candidates"].as_array().unwrap().len() as f64);
    let all = answers("accumulate-1", "accumulate city.toml --of 管径 --by-shares --json", 0).remove(0);
    assert_eq!(all["places"].as_array().unwrap().len(), 61);
    let none = suyuan(&samples().join("binjiang"), &["accumulate", "city.toml", "--of", "colour"], &[]);
    assert_eq!(none.status.code(), Some(3));
    assert!(stderr(&none).contains("colour"));
}

#[test]
fn the_partition_keeps_its_schema_and_agrees_with_the_traces() {
    let partition = answers("partition-1", "partition city.toml --json", 0).remove(0);
    let districts = partition["districts"].as_array().unwrap();
    for trace in answers("trace-1", "trace city.toml --all-outfalls --json", 0) {
        let id = &trace["start"]["id"];
        let above = districts.iter().filter(|d| d["outfalls"].as_array().unwrap().contains(id));
        let metres: f64 = above.clone().map(|d| d["length_m"].as_f64().unwrap()).sum();
        let drainers: u64 = above.map(|d| d["drainers"].as_u64().unwrap()).sum();
        assert!((metres - trace["length_m"].as_f64().unwrap()).abs() < 0.01, "{id}");
        assert_eq!(drainers, trace["candidates"].as_array().unwrap().len() as u64, "{id}");
    }
}

#[test]
fn a_profile_is_drawn_in_both_languages_with_what_is_wrong_in_red() {
    // The second pipe rises by a metre, the third has no level at its lower end.
    let model = "[JUNCTIONS]\nA&B 10 3\nB 9 3\nC 10 3\n\n[OUTFALLS]\nOF1 8 FREE\n\n[CONDUITS]\n\
        P1 A&B B 50 0.013 0 0\nP2 B C 50 0.013 0 0\nP3 C OF1 50 0.013 0 0\n\n\
        [XSECTIONS]\nP1 CIRCULAR 0.5\nP2 CIRCULAR 0.4\nP3 CIRCULAR 0.4\n";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rise.inp"), model).unwrap();
    for (language, words) in [("en", ["adverse fall", "level (m)"]), ("zh", ["逆坡", "高程（米）"])] {
        let line = ["profile", "rise.inp", "--from", "node:A&B", "--to", "OF1", "-o", "p.svg", "--overwrite"];
        let output = suyuan(folder.path(), &line, &[("SUYUAN_LANG", language)]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let drawing = fs::read_to_string(folder.path().join("p.svg")).unwrap();
        for word in words.iter().chain(&["#c8281e", "A&amp;B", "Noto Sans CJK SC"]) {
            assert!(drawing.contains(word), "{word}");
        }
        assert!(!drawing.contains("NaN") && !drawing.contains("inf"));
    }
    let refused =
        suyuan(folder.path(), &["profile", "rise.inp", "--from", "B", "--to", "OF1", "-o", "p.svg"], &[]);
    assert_eq!(refused.status.code(), Some(4), "what is there is not replaced");
}

/// Runs that say everything there is to say on standard error, with their exit codes.
const TOLD: [(&str, i32); 8] = [
    ("trace --pipes RAW/YSLINE.shp --outfalls outfalls.geojson --all-outfalls -o out.geojson", 0),
    ("trace --pipes RAW/YSLINE.shp --drainers RAW/PAISHUIHU.shp --from pipe:YSGD0353 --from PK999", 3),
    ("trace --pipes RAW/YSLINE.shp --from 519700,3342300 --max-snap 1", 3),
    ("trace --pipes RAW/YSLINE.shp", 2),
    ("trace --pipes nothere.shp --from 1", 3),
    ("trace --pipes RAW/YSLINE.shp --from pipe:YSGD0353 -o nothere/out.gpkg", 4),
    ("check model.inp -o findings.csv", 0),
    ("venues --pipes RAW/YSLINE.shp --outfalls outfalls.geojson --venues RAW/CHANGGUAN.shp", 0),
];

#[test]
fn every_line_of_progress_keeps_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let mut told: Vec<Value> = Vec::new();
    for (line, code) in TOLD {
        let output = elsewhere(folder.path(), &format!("{line} --json --progress json"));
        assert_eq!(output.status.code(), Some(code), "{line}: {}", stderr(&output));
        let own = keep("progress-1", &stderr(&output));
        assert_eq!(own.iter().any(|l| l["type"] == "error"), code > 1, "{line}: {own:#?}");
        for answer in lines(&stdout(&output)) {
            assert!(answer["schema"].is_string(), "{line}: only answers go to standard output");
        }
        told.extend(own);
    }
    let types = schema("progress-1")["$defs"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(seen(&told, "/type"), types);
    assert_eq!(seen(&told, "/step"), listed("progress-1", "/$defs/progress/properties/step/enum"));
    let hints: BTreeSet<bool> =
        told.iter().filter(|l| l["type"] == "error").map(|l| l["hint"].is_string()).collect();
    assert_eq!(hints.len(), 2, "an error has a hint or none");
}

/// The words that a type of the library has for its variants, read from its source: `Self::Gap { .. } => "gap"`.
fn words(file: &str, of: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(repository().join("crates").join(file)).unwrap();
    let body = source.split_once(&format!("impl {of} {{")).unwrap().1;
    let body = body.split_once("fn key(").unwrap().1.split_once("\n    }\n").unwrap().0;
    let word = |line: &str| Some(line.split_once("=> \"")?.1.split_once('"')?.0.to_owned());
    body.lines().filter_map(word).collect()
}

#[test]
fn the_schemas_list_every_word_that_the_library_knows() {
    for (file, of, name, pointer) in [
        ("suyuan-trace/src/stop.rs", "StopReason", "trace-1", "/$defs/stop/properties/reason/enum"),
        ("suyuan-trace/src/options.rs", "Heading", "trace-1", "/properties/direction/enum"),
        ("suyuan-attribution/src/link.rs", "LinkGrade", "trace-1", "/$defs/link/properties/grade/enum"),
        ("suyuan-attribution/src/rank.rs", "EvidenceKind", "trace-1", "/$defs/evidence/properties/kind/enum"),
        ("suyuan-trace/src/velocity.rs", "TravelBasis", "travel-1", "/$defs/reach/properties/basis/enum"),
        ("suyuan-core/src/raw.rs", "Role", "check-1", "/$defs/layer/properties/role/enum"),
        ("suyuan-core/src/finding.rs", "Severity", "check-1", "/$defs/finding/properties/severity/enum"),
    ] {
        let known = words(file, of);
        assert!(known.len() > 1, "{of}: no words found in {file}");
        assert_eq!(listed(name, pointer), known, "{of}");
    }
    // Refusing a word, serde lists all it knows.
    let refusal = serde_json::from_value::<suyuan::core::raw::Field>(json!("?")).unwrap_err().to_string();
    let known: BTreeSet<String> = refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    let fields = "/$defs/layer/properties/fields/propertyNames/enum";
    assert_eq!(listed("check-1", fields), known, "{refusal}");

    let codes = validator("check-1");
    let mut report = answers("check-1", "check city.toml --json", 0).remove(0);
    for code in suyuan::FindingCode::ALL {
        report["findings"][0]["code"] = json!(code.code());
        assert!(codes.is_valid(&report), "{code}");
    }
}

/// A search by the field log of the documents.
fn locate(more: &str) -> String {
    let log = repository().join("docs/fieldlog.csv");
    format!("locate city.toml --from PK009 --observations {}{more} --json", log.display())
}

#[test]
fn a_search_keeps_its_schema_and_its_reasons_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let log = |text: &str| {
        let path = folder.path().join("log.csv");
        fs::write(&path, text).unwrap();
        format!("locate city.toml --from PK009 --observations {} --json", path.display())
    };
    let mut documents = answers("locate-1", "locate city.toml --from PK009 --json", 0);
    documents.extend(answers("locate-1", &locate(" --visits 0"), 0));
    documents.extend(answers("locate-1", &locate(" --crew YS0475"), 0));
    let never = "place,result,missed,invented\nYS0005,dirty,0,0\nWS0005,dirty,,\nYS0005,dirty,,\n";
    documents.extend(answers("locate-1", &log(never), 0));
    assert_eq!(documents[3]["unused"][0]["id"], "line 3");
    let counts: Vec<&Value> =
        documents[3]["observations"].as_array().unwrap().iter().map(|o| &o["counts"]).collect();
    assert_eq!(counts, [&json!(true), &json!(false)]);
    for document in &documents {
        for place in document["places"].as_array().unwrap() {
            let why = &place["why"];
            let log = |value: &Value| value.as_f64().unwrap_or(f64::NEG_INFINITY);
            let tests: f64 = why["tests"].as_array().unwrap().iter().map(|t| log(&t["log"])).sum();
            let total = (log(&why["prior"]) + tests - log(&why["evidence"])).exp();
            assert!((total - place["probability"].as_f64().unwrap()).abs() < 2e-6, "{place}");
        }
    }
    // Two that are never wrong and contradict each other.
    let line = log("place,result,missed,invented\nYS0005,dirty,0,0\nYS0475,clean,0,0\n");
    let line: Vec<&str> = line.split(' ').collect();
    let output = suyuan(&samples().join("binjiang"), &line, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("no place explains all observations"), "{}", stderr(&output));
    let target = folder.path().join("s.gpkg");
    let written = ["locate", "city.toml", "--from", "PK009", "-o", target.to_str().unwrap()];
    let output = suyuan(&samples().join("binjiang"), &written, &[]);
    assert!(target.exists(), "{}", stderr(&output));
}

/// Pointers to every value inside a document, itself included.
fn pointers(document: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match document {
        Value::Object(object) => object.iter().for_each(|(k, v)| pointers(v, &format!("{at}/{k}"), found)),
        // The first few of a list stand for all.
        Value::Array(list) => {
            list.iter().enumerate().take(6).for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

/// Asserts that a document is valid, and that it is not without any one key, with another, or with any one value
/// replaced by one of another type; returns how many ways of spoiling it were tried.
fn spoil(name: &str, document: &Value, optional: &dyn Fn(&str, &str) -> bool) -> usize {
    let validator = validator(name);
    assert!(validator.is_valid(document), "{name}: {document}");
    let mut places = Vec::new();
    pointers(document, "", &mut places);
    let mut tried = 0;
    let mut refuse = |how: &str, at: &str, change: &dyn Fn(&mut Value)| {
        let mut spoilt = document.clone();
        change(spoilt.pointer_mut(at).unwrap());
        assert!(!validator.is_valid(&spoilt), "{name}: {how} at `{at}` is not noticed");
        tried += 1;
    };
    for at in &places {
        refuse("a value of another type", at, &|v| {
            *v = if v.is_boolean() { json!("yes") } else { json!(true) };
        });
        let Some(object) = document.pointer(at).and_then(Value::as_object) else { continue };
        refuse("an unknown key", at, &|v| v["unknown"] = json!("anything"));
        for key in object.keys().filter(|k| !optional(at, k)) {
            refuse(&format!("no `{key}`"), at, &|v| {
                v.as_object_mut().unwrap().remove(key);
            });
        }
    }
    tried
}

#[test]
fn the_schemas_refuse_what_is_not_as_they_say() {
    let trace = answers("trace-1", "trace city.toml --from PK001 --json", 0).remove(0);
    let mut tried = spoil("trace-1", &trace, &|_, _| false);
    let check = answers("check-1", "check city.toml --json", 0).remove(0);
    tried += spoil("check-1", &check, &|at, _| at.ends_with("/fields"));
    let venue = answers("venues-1", "venues city.toml --json", 0).remove(0);
    tried += spoil("venues-1", &venue, &|at, key| at.starts_with("/outfalls_on_waters/") && key == "water");
    let seen = "--at drainer:PSH0077 --seen 2026-05-01T08:30,2026-05-01T09:15";
    let travel = answers("travel-1", &format!("travel city.toml --from PK009 {seen} --json"), 0).remove(0);
    tried += spoil("travel-1", &travel, &|at, key| {
        (at.is_empty() && key == "seen") || (at.starts_with("/places/") && key == "let_go")
    });
    for command in ["path", "profile"] {
        let line = format!("{command} city.toml --from node:YS2279 --to PK001 --json");
        let name = format!("{command}-1");
        tried += spoil(&name, &answers(&name, &line, 0)[0], &|_, _| false);
    }
    for upstream in ["", " --upstream"] {
        let line = format!("common city.toml --from PK009 --from node:YS0056{upstream} --json");
        tried += spoil("common-1", &answers("common-1", &line, 0)[0], &|_, _| false);
    }
    let between = "between city.toml --from node:YS0232 --to PK009 --json";
    tried += spoil("between-1", &answers("between-1", between, 0)[0], &|_, _| false);
    let plan = answers("isolate-1", "isolate city.toml --from node:YS0232 --json", 0).remove(0);
    tried += spoil("isolate-1", &plan, &|_, _| false);
    let search = answers("locate-1", &locate(""), 0).remove(0);
    tried += spoil("locate-1", &search, &|_, _| false);
    let sum = answers("accumulate-1", "accumulate city.toml --at PK001 --json", 0).remove(0);
    tried += spoil("accumulate-1", &sum, &|_, _| false);
    let partition = answers("partition-1", "partition city.toml --json", 0).remove(0);
    tried += spoil("partition-1", &partition, &|_, _| false);
    let folder = tempfile::tempdir().unwrap();
    let told = elsewhere(folder.path(), &format!("{} --progress json", TOLD[1].0));
    for line in keep("progress-1", &stderr(&told)) {
        tried += spoil("progress-1", &line, &|_, _| false);
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn the_schemas_refuse_wrong_words_numbers_and_combinations() {
    let trace = answers("trace-1", "trace city.toml --from PK001 --json", 0).remove(0);
    let check = answers("check-1", "check city.toml --json", 0).remove(0);
    let venue = answers("venues-1", "venues city.toml --json", 0).remove(0);
    let read = json!({"type": "progress", "step": "read", "msg": "reading"});
    let at = |reason: &str| {
        let stops = trace["stops"].as_array().unwrap();
        format!("/stops/{}", stops.iter().position(|s| s["reason"] == reason).unwrap())
    };
    let (gap, headwater) = (at("gap"), at("headwater"));
    for (name, document, pointer, wrong) in [
        ("trace-1", &trace, "/schema", json!("suyuan.trace/2")),
        ("trace-1", &trace, "/direction", json!("sideways")),
        ("trace-1", &trace, "/start/kind", json!("Outfall")),
        ("trace-1", &trace, "/start/x", json!(null)),
        ("trace-1", &trace, "/start/snap_m", json!(-0.5)),
        ("trace-1", &trace, "/pipes/0", trace["pipes"][1].clone()),
        ("trace-1", &trace, "/nodes", json!(1.5)),
        ("trace-1", &trace, &format!("{gap}/reason"), json!("the end")),
        ("trace-1", &trace, &format!("{gap}/reason"), json!("headwater")),
        ("trace-1", &trace, &format!("{headwater}/reason"), json!("gap")),
        ("trace-1", &trace, &format!("{headwater}/reason"), json!("opposing")),
        ("trace-1", &trace, "/candidates/0/rank", json!(0)),
        ("trace-1", &trace, "/candidates/0/probability", json!(1.01)),
        ("trace-1", &trace, "/candidates/0/travel_s", json!([12.0])),
        ("trace-1", &trace, "/candidates/0/link/grade", json!("guessed")),
        ("trace-1", &trace, "/candidates/0/link", json!({"grade": "recorded", "pipe": null, "gap_m": 0.0})),
        ("trace-1", &trace, "/candidates/0/evidence", json!([])),
        ("trace-1", &trace, "/candidates/0/evidence/0/kind", json!("rumour")),
        ("check-1", &check, "/schema", json!("suyuan.trace/1")),
        ("check-1", &check, "/outfalls", json!([61])),
        ("check-1", &check, "/layers/0/role", json!("sewers")),
        ("check-1", &check, "/layers/0/fields", json!({"colour": "颜色"})),
        ("check-1", &check, "/findings/0/code", json!("W1")),
        ("check-1", &check, "/findings/0/severity", json!("fatal")),
        ("check-1", &check, "/findings/0/count", json!(0)),
        ("venues-1", &venue, "/schema", json!("suyuan.venues/0")),
        ("venues-1", &venue, "/radius_m", json!(null)),
        ("venues-1", &venue, "/outfalls/0/distance_m", json!(-1.0)),
        ("venues-1", &venue, "/outfalls/0/pipes", json!(null)),
        ("venues-1", &venue, "/outfalls_on_waters/0/water", json!("")),
        ("progress-1", &read, "/type", json!("gossip")),
        ("progress-1", &read, "/step", json!("reading")),
        ("progress-1", &read, "/step", json!("trace")),
    ] {
        let mut spoilt = document.clone();
        *spoilt.pointer_mut(pointer).unwrap() = wrong.clone();
        assert!(validator(name).is_valid(document), "{name}");
        assert!(!validator(name).is_valid(&spoilt), "{name}: `{pointer}` may be {wrong}");
    }
}

/// Every property of a schema with what is said about it; asserts on the way that its objects are closed.
fn properties(schema: &Value, found: &mut Vec<(String, Value)>) {
    if schema["type"] == "object" {
        assert_eq!(schema.get("additionalProperties").map(|a| a == true), Some(false), "{schema}");
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            found.push((key.clone(), property.clone()));
        }
    }
    match schema {
        Value::Object(object) => object.values().for_each(|v| properties(v, found)),
        Value::Array(list) => list.iter().for_each(|v| properties(v, found)),
        _ => {}
    }
}

#[test]
fn every_property_is_described_in_its_schema_and_named_in_the_guide() {
    let guide = fs::read_to_string(repository().join("docs/json.md")).unwrap();
    for name in NAMES {
        assert!(guide.contains(&format!("schema/{name}.schema.json")), "{name}");
        let schema = schema(name);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        let mut found = Vec::new();
        properties(&schema, &mut found);
        assert!(found.len() > 5, "{name}");
        for (key, property) in found {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{name}: `{key}` is not described");
            assert!(guide.contains(&format!("`{key}`")), "{name}: `{key}` is not in docs/json.md");
        }
    }
}

#[test]
fn the_examples_of_the_guide_keep_their_schemas() {
    let guide = fs::read_to_string(repository().join("docs/json.md")).unwrap();
    let mut shown = BTreeSet::new();
    for block in guide.split("```json\n").skip(1) {
        let text = block.split_once("```").unwrap().0;
        for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let document = document.unwrap_or_else(|e| panic!("{e}: {text}"));
            let name = match document["schema"].as_str() {
                Some(schema) => schema.trim_start_matches("suyuan.").replace('/', "-"),
                None => "progress-1".to_owned(),
            };
            keep(&name, &document.to_string());
            shown.insert(name);
        }
    }
    assert_eq!(shown, NAMES.map(str::to_owned).into());
}
