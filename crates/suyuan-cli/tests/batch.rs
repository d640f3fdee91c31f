//! A batch of traces in a file of lines: killed and gone on with, it is the file of a batch that nothing disturbed.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{samples, stderr, suyuan};
use serde_json::Value;

#[test]
fn a_batch_that_is_killed_fifty_times_ends_as_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &[&str]| {
        let output = suyuan(folder.path(), line, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    };
    let project = samples().join("binjiang/city.toml");
    run(&["build", project.to_str().unwrap(), "-o", "city.suyuan"]);
    // Every pipe above the outfalls, several times over.
    let whole = run(&["trace", "city.suyuan", "--all-outfalls", "--json"]);
    let mut pipes = Vec::new();
    for line in whole.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let answer: Value = serde_json::from_slice(line).unwrap();
        let above = answer["pipes"].as_array().unwrap().iter();
        pipes.extend(above.map(|p| format!("pipe:{}", p.as_str().unwrap())));
    }
    let starts: Vec<String> = pipes.into_iter().cycle().take(500).collect();
    fs::write(folder.path().join("starts.txt"), starts.join("\n")).unwrap();
    let batch = |name| ["trace", "city.suyuan", "--from-file", "starts.txt", "-o", name, "--resume"];
    let began = Instant::now();
    run(&batch("quiet.ndjson"));
    let quiet_run = began.elapsed().as_millis() as u64;
    let quiet = fs::read(folder.path().join("quiet.ndjson")).unwrap();
    assert_eq!(quiet.iter().filter(|b| **b == b'\n').count(), starts.len());

    let part = folder.path().join("killed.ndjson.part");
    let (mut kills, mut grown, mut length, mut lot) = (0, 0, 0, 7u64);
    while kills < 50 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
            .args(batch("killed.ndjson"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis((lot >> 33) % quiet_run));
        if child.try_wait().unwrap().is_some() {
            // It came to its end: once more from the beginning, or from a line cut in two.
            assert_eq!(fs::read(folder.path().join("killed.ndjson")).unwrap(), quiet);
            fs::remove_file(folder.path().join("killed.ndjson")).unwrap();
            length = 0;
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let now = fs::metadata(&part).map_or(0, |m| m.len());
        grown += usize::from(now > length);
        length = now;
    }
    assert!(grown > 3, "the file grew between {grown} kills alone");
    run(&batch("killed.ndjson"));
    assert_eq!(fs::read(folder.path().join("killed.ndjson")).unwrap(), quiet);
    assert!(!part.exists() && !folder.path().join("killed.ndjson.part.key").exists());
}

#[test]
fn a_reader_that_stops_reading_does_not_stop_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let project = samples().join("binjiang/city.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
        .args(["trace", project.to_str().unwrap(), "--all-outfalls", "--json", "-o", "a.ndjson"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let lines = fs::read_to_string(folder.path().join("a.ndjson")).unwrap();
    assert_eq!(lines.lines().count(), 61);
}

#[test]
fn lines_of_another_question_are_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let project = samples().join("binjiang/city.toml");
    let trace = |more: &[&str]| {
        let line =
            [&["trace", project.to_str().unwrap(), "--all-outfalls", "--resume", "-o", "a.ndjson"], more]
                .concat();
        suyuan(folder.path(), &line, &[])
    };
    // What a question without a limit has left behind: its key, and a line that none of the others has.
    assert_eq!(trace(&[]).status.code(), Some(0));
    fs::rename(folder.path().join("a.ndjson"), folder.path().join("whole.ndjson")).unwrap();
    let left = "{\"left\":1}\n";
    let plant = || fs::write(folder.path().join("a.ndjson.part"), left).unwrap();
    let begun = |more: &[&str]| {
        plant();
        assert_eq!(trace(more).status.code(), Some(0), "{more:?}");
        let lines = fs::read_to_string(folder.path().join("a.ndjson")).unwrap();
        fs::remove_file(folder.path().join("a.ndjson")).unwrap();
        !lines.starts_with(left)
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
        .args(["trace", project.to_str().unwrap(), "--all-outfalls", "--resume", "-o", "a.ndjson"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let key_file = folder.path().join("a.ndjson.part.key");
    let key = loop {
        match fs::read_to_string(&key_file) {
            Ok(key) if !key.is_empty() => break key,
            _ => assert!(child.try_wait().unwrap().is_none(), "it ended before its key was read"),
        }
    };
    // A second run on the same file is refused while the first one writes.
    let busy = trace(&[]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(busy.status.code(), Some(4), "{}", stderr(&busy));
    let _ = fs::remove_file(folder.path().join("a.ndjson"));
    fs::write(folder.path().join("a.ndjson.part.key"), &key).unwrap();
    assert!(!begun(&[]), "the same question goes on");
    for more in [
        &["--max-distance", "100"][..],
        &["--max-time", "100"],
        &["--max-pipes", "100"],
        &["--from", "PK009"],
        &["--possible"],
        &["--snap", "0.3"],
    ] {
        fs::write(folder.path().join("a.ndjson.part.key"), &key).unwrap();
        assert!(begun(more), "{more:?} is another question");
    }
    assert_eq!(trace(&["--max-distance", "100"]).status.code(), Some(0));
    let lines = fs::read_to_string(folder.path().join("a.ndjson")).unwrap();
    assert!(lines.lines().all(|l| serde_json::from_str::<Value>(l).unwrap()["schema"] == "suyuan.trace/1"));
    // The file is there now.
    let again = trace(&[]);
    assert_eq!(again.status.code(), Some(4), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(folder.path().join("a.ndjson")).unwrap(), lines);
    // A start that is not there has its line.
    let line = ["trace", project.to_str().unwrap(), "--from", "PK009", "--from", "nowhere", "-o", "b.ndjson"];
    assert_eq!(suyuan(folder.path(), &line, &[]).status.code(), Some(3));
    let lines = fs::read_to_string(folder.path().join("b.ndjson")).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (lines.lines().count(), &last["ref"], &last["schema"]),
        (2, &"nowhere".into(), &"suyuan.not-traced/1".into())
    );
    let line = ["trace", project.to_str().unwrap(), "--from", "PK009", "--resume", "--json"];
    assert_eq!(suyuan(folder.path(), &line, &[]).status.code(), Some(2));
}
