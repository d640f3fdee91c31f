//! What `locate` says of a field log: what does not fit, what was found, what a map shows.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{samples, stderr, stdout, suyuan};
use serde_json::Value;

fn locate(folder: &Path, log: &str, more: &[&str]) -> Output {
    let path = folder.join("log.csv");
    fs::write(&path, log).unwrap();
    let line = ["locate", "city.toml", "--from", "PK009", "--observations", path.to_str().unwrap()];
    suyuan(&samples().join("binjiang"), &[&line[..], more].concat(), &[])
}

/// Two branches of the sample city with nothing upstream in common, the first with the manhole of the polluter.
const BRANCHES: [&str; 2] = ["YS0005", "YS0479"];

#[test]
fn what_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = BRANCHES;
    for (log, said) in [
        // Two branches, both dirty.
        (format!("id,place,result\na,{one},dirty\nb,{other},dirty\n"), "tests a and b cannot both be right"),
        // A clean test between dirty ones.
        (
            format!(
                "id,place,day,result\na,{one},1,dirty\nb,{one},2,dirty\nc,YS0475,1,clean\nd,PK009,1,dirty\n"
            ),
            "test c at YS0475 does not fit the others",
        ),
    ] {
        let output = locate(folder.path(), &log, &[]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stderr(&output).contains(said), "{log}{}", stderr(&output));
    }
    let fits = format!("id,place,result\na,{one},dirty\nb,{other},clean\nc,YS0475,dirty\n");
    let output = locate(folder.path(), &fits, &[]);
    assert!(!stderr(&output).contains("right") && !stderr(&output).contains("fit"), "{}", stderr(&output));
}

#[test]
fn repeated_tests_are_told_apart_from_those_that_count() {
    let folder = tempfile::tempdir().unwrap();
    let once = "place,day,result\nYS0005,2026-05-01,dirty\n";
    let thrice = format!("{once}YS0005,2026/5/1 14:00,dirty\nYS0005,20260501,dirty\n");
    let probability = |log: &str| {
        let output = locate(folder.path(), log, &["--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["places"][0]["probability"].clone()
    };
    assert_eq!(probability(once), probability(&thrice));
    assert_ne!(probability(once), probability(&format!("{once}YS0005,2026-05-02,dirty\n")));
    let output = locate(folder.path(), &thrice, &[]);
    assert!(stdout(&output).contains("1 test counts of 3"), "{}", stdout(&output));
}

#[test]
fn what_was_found_is_named_and_nothing_is_proposed_then() {
    let folder = tempfile::tempdir().unwrap();
    for (log, said, kind) in [
        ("place,result,missed\nPK009,clean,0\n", "not in this network with 100 %", "elsewhere"),
        // A node above which nothing lies.
        ("place,result,invented\nYS0232,dirty,0\n", "found: YS0232", "node"),
    ] {
        let output = locate(folder.path(), log, &[]);
        let told = stdout(&output);
        assert!(told.contains(said) && !told.contains("open next"), "{told}");
        let answer: Value = serde_json::from_slice(&locate(folder.path(), log, &["--json"]).stdout).unwrap();
        assert_eq!(answer["found"]["kind"], kind);
        assert_eq!(answer["least_tests"], 0.0);
    }
}

#[test]
fn a_line_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (log, more, said) in [
        ("place,result\nYS0005,dirty\n\nYS9999,clean\n", vec![], "line 4 of the field log"),
        ("place,result\n\"519000,3349000\",clean\n", vec![], "line 2 of the field log"),
        ("place,result\nYS0005,dirty\n", vec!["--day", "2026-05-01"], "--day"),
    ] {
        let output = locate(folder.path(), log, &more);
        assert!(matches!(output.status.code(), Some(2 | 3)));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    // A crew may stand anywhere.
    let output = locate(folder.path(), "place,result\n", &["--crew", "520500,3341000"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn only_surveyed_structures_are_proposed_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let output = locate(folder.path(), "place,result\n", &["--json", "--visits", "40"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let next = answer["next"].as_array().unwrap();
    assert!(next.len() > 4, "{next:?}");
    for visit in next {
        let id = visit["at"]["id"].as_str().unwrap();
        assert!(id.starts_with("YS"), "{id}");
    }
}

#[test]
fn the_map_holds_all_of_the_probability() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("search.csv");
    for start in ["PK009", "node:YS0475", "pipe:YSGD0083"] {
        let line =
            ["locate", "city.toml", "--from", start, "-o", target.to_str().unwrap(), "--overwrite", "--json"];
        let output = suyuan(&samples().join("binjiang"), &line, &[]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let table = fs::read_to_string(folder.path().join("search_probability.csv")).unwrap();
        let mut rows = table.trim_start_matches('\u{feff}').lines();
        let column = rows.next().unwrap().split(',').position(|name| name == "probability").unwrap();
        let sum: f64 = rows.map(|row| row.split(',').nth(column).unwrap().parse::<f64>().unwrap()).sum();
        let elsewhere = answer["elsewhere"].as_f64().unwrap();
        assert!((sum + elsewhere - 1.0).abs() < 1e-3, "{start}: {sum} {elsewhere}");
    }
    // The log itself is never written over.
    let log = folder.path().join("search_tests.csv");
    fs::write(&log, "place,result\nYS0005,dirty\n").unwrap();
    let words = ["--observations", log.to_str().unwrap(), "-o", target.to_str().unwrap(), "--overwrite"];
    let output = suyuan(
        &samples().join("binjiang"),
        &[&["locate", "city.toml", "--from", "PK009"][..], &words].concat(),
        &[],
    );
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&log).unwrap(), "place,result\nYS0005,dirty\n");
}

#[test]
fn where_all_was_tested_it_goes_on_another_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = "place,result\n".to_owned();
    for round in 0.. {
        assert!(round < 20, "{log}");
        let answer: Value =
            serde_json::from_slice(&locate(folder.path(), &log, &["--json", "--visits", "100"]).stdout)
                .unwrap();
        assert_eq!(answer["state"], "open");
        let next = answer["next"].as_array().unwrap();
        if next.is_empty() {
            break;
        }
        for visit in next {
            log += &format!(
                "{},{}\n",
                visit["at"]["id"].as_str().unwrap(),
                if round % 2 == 0 { "clean" } else { "dirty" }
            );
        }
    }
    assert!(stdout(&locate(folder.path(), &log, &[])).contains("go on another day"));
    // With days it does.
    let dated = log.replace("place,result", "day,place,result").replace("\nYS", "\n1,YS");
    let answer: Value = serde_json::from_slice(&locate(folder.path(), &dated, &["--json"]).stdout).unwrap();
    assert!(!answer["next"].as_array().unwrap().is_empty());
}
