//! From an INTERLIS transfer file to a trace.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::path::Path;

use common::{stderr, stdout, suyuan};
use serde_json::Value;

fn hamlet() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../suyuan-read/tests/data/hamlet.xtf")
        .to_string_lossy()
        .into_owned()
}

fn answer(arguments: &[&str]) -> Value {
    let output = suyuan(Path::new("."), arguments, &[]);
    serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

#[test]
fn a_trace_passes_pumps_and_takes_connections_on_the_inside_of_a_reach() {
    for file in [vec![hamlet()], vec!["--pipes".to_owned(), hamlet()]] {
        let arguments = |rest: &[&'static str]| -> Vec<String> {
            ["trace"]
                .into_iter()
                .map(str::to_owned)
                .chain(file.clone())
                .chain(rest.iter().map(|r| (*r).to_owned()))
                .collect()
        };
        let run = |rest: &[&'static str]| {
            let arguments = arguments(rest);
            answer(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let trace = run(&["--from", "E1", "--json"]);
        assert_eq!(trace["pipes"], serde_json::json!(["P1", "R1", "R2", "R3"]));
        assert_eq!(trace["drainers"], serde_json::json!(["G1"]));
        // Above the manhole at the upper end of R1 there is nothing; at its lower end there is the house connection.
        assert_eq!(run(&["--from", "node:K1", "--json"])["pipes"], serde_json::json!([]));
        assert_eq!(run(&["--from", "node:K2", "--json"])["pipes"], serde_json::json!(["R1", "R2"]));
    }
}

#[test]
fn an_answer_by_geometry_alone_does_not_read_the_record() {
    let trace = answer(&["trace", &hamlet(), "--from", "node:K2", "--json", "--join", "geometry"]);
    assert!(!trace["pipes"].as_array().unwrap().is_empty() || trace["findings"].as_u64() > Some(0));
}
