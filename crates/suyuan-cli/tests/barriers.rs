//! Every question stops at the barriers, and keeps to the conditions, that a trace does.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use common::{samples, stderr, stdout, suyuan};
use serde_json::Value;

/// Barriers and conditions in the sample city: a manhole, a pipe, attributes, and all of these.
const SHUT: [&str; 5] = [
    "--barrier node:YS0039",
    "--barrier pipe:YSGD0353",
    "--where 管径>300",
    "--barrier node:YS0039 --barrier drainer:PSH0077 --where 管径>300",
    "",
];

fn answer(line: &str) -> Value {
    let line = format!("{line} --json");
    let output = suyuan(&samples().join("binjiang"), &line.split_whitespace().collect::<Vec<_>>(), &[]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

#[test]
fn sums_times_and_what_is_upstream_of_all_are_those_of_the_trace() {
    for shut in SHUT {
        let trace = answer(&format!("trace city.toml --from PK009 {shut}"));
        let pipes = texts(&trace["pipes"]);
        for (what, expected) in [
            ("length", trace["length_m"].as_f64().unwrap()),
            ("drainers", trace["candidates"].as_array().unwrap().len() as f64),
        ] {
            let sum = answer(&format!("accumulate city.toml --of {what} --at PK009 {shut}"));
            let amount = sum["places"][0]["amount"].as_f64().unwrap();
            assert!((amount - expected).abs() < 0.002, "{shut}: {what} {amount} {expected}");
        }
        let travel = answer(&format!("travel city.toml --from PK009 {shut}"));
        let reaches = travel["reaches"].as_array().unwrap().iter();
        let mut passed: Vec<String> = reaches.map(|r| r["pipe"].as_str().unwrap().to_owned()).collect();
        passed.sort();
        passed.dedup();
        assert_eq!(passed, pipes, "{shut}");
        let shared = answer(&format!("common city.toml --from PK009 --from PK009 --upstream {shut}"));
        assert_eq!(texts(&shared["shared"]["pipes"]), pipes, "{shut}");
    }
}

#[test]
fn the_district_of_an_outfall_is_its_trace_past_the_barriers() {
    for shut in SHUT {
        let partition = answer(&format!("partition city.toml {shut}"));
        let trace = answer(&format!("trace city.toml --from PK009 {shut}"));
        let districts = partition["districts"].as_array().unwrap().iter();
        let above = districts.filter(|d| texts(&d["outfalls"]).contains(&"PK009".to_owned()));
        let drainers: u64 = above.map(|d| d["drainers"].as_u64().unwrap()).sum();
        // A drainer at a pipe that is shut counts to where that pipe runs.
        let behind = trace["candidates"].as_array().unwrap().len() as u64;
        assert!(
            if shut.contains("pipe:") || shut.contains("where") {
                drainers >= behind
            } else {
                drainers == behind
            },
            "{shut}"
        );
    }
}

#[test]
fn ways_plugs_and_meetings_end_at_barriers() {
    let way = "--from node:YS2279 --to PK001";
    for (shut, found) in [
        ("", "with_flow"),
        ("--barrier node:YS2279", "with_flow"),
        ("--barrier node:YS0869", "none"),
        ("--barrier pipe:YSGD0773", "none"),
        ("--where 管段编号<>'YSGD0773'", "none"),
    ] {
        assert_eq!(answer(&format!("path city.toml {way} {shut}"))["found"], found, "{shut}");
        assert_eq!(answer(&format!("profile city.toml {way} {shut}"))["found"], found, "{shut}");
    }
    // The plug that would be needed is there already.
    let plugs = |shut: &str| {
        answer(&format!("isolate city.toml --from node:YS0232 {shut}"))["plugs"].as_array().unwrap().len()
    };
    assert_eq!((plugs(""), plugs("--barrier node:YS0233"), plugs("--barrier node:YS0232")), (1, 0, 1));
    let two = "--from drainer:PSH0077 --from node:YS0232";
    let meetings = |shut: &str| answer(&format!("common city.toml {two} {shut}"))["meetings"].clone();
    assert_eq!(meetings("--barrier node:YS0023")[0]["at"]["id"], "YS0023", "a barrier is come to");
    assert_eq!(meetings("--barrier node:YS0233"), serde_json::json!([]));
}

#[test]
fn a_barrier_inside_a_pipe_shuts_it_and_says_so() {
    for command in ["trace city.toml --from PK009", "partition city.toml", "accumulate city.toml"] {
        let line = format!("{command} --barrier drainer:PSH0077");
        let output = suyuan(&samples().join("binjiang"), &line.split(' ').collect::<Vec<_>>(), &[]);
        assert!(stderr(&output).contains("lies on pipe YSGD0353"), "{line}: {}", stderr(&output));
    }
}

#[test]
fn a_condition_that_no_pipe_meets_is_told() {
    for command in ["trace city.toml --from PK009", "travel city.toml --from PK009"] {
        for (condition, told) in [("管径>99999", true), ("管径>0", false)] {
            let line = format!("{command} --where {condition}");
            let output = suyuan(&samples().join("binjiang"), &line.split(' ').collect::<Vec<_>>(), &[]);
            assert_eq!(
                stderr(&output).contains("no pipe meets --where"),
                told,
                "{line}: {}",
                stderr(&output)
            );
        }
    }
}
