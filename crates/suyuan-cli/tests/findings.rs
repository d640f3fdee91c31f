//! Every finding has a drawn network that shows it, and one almost alike that does not.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{samples, stderr, suyuan};
use serde_json::{Value, json};
use suyuan::FindingCode;

/// A feature in metres east and north of a corner of EPSG:4549.
#[expect(clippy::needless_pass_by_value, reason = "a table of literals")]
fn feature(kind: &str, coordinates: Value, properties: Value) -> Value {
    fn shift(value: Value) -> Value {
        match value {
            Value::Array(pair) if pair.first().is_some_and(Value::is_number) => {
                json!([pair[0].as_f64().unwrap() + 500_000.0, pair[1].as_f64().unwrap() + 3_340_000.0])
            }
            Value::Array(list) => list.into_iter().map(shift).collect(),
            other => other,
        }
    }
    json!({"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": shift(coordinates)}})
}

fn pipe(id: &str, line: Value, mut more: Value) -> Value {
    more["id"] = json!(id);
    if more.get("system").is_none() {
        more["system"] = json!("storm");
    }
    feature("LineString", line, more)
}

fn point(id: &str, x: f64, y: f64) -> Value {
    feature("Point", json!([x, y]), json!({"id": id}))
}

/// Layers as file names and features, and further words of the command line.
struct Survey(Vec<(&'static str, Vec<Value>)>, &'static str);

fn pipes(features: Vec<Value>) -> Survey {
    Survey(vec![("pipes", features)], "")
}

fn found(survey: &Survey) -> Vec<(String, u64, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut line = vec!["check".to_owned(), "--json".to_owned()];
    for (name, features) in &survey.0 {
        let role = name.split('_').next_back().unwrap();
        let file = format!("{name}.geojson");
        let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}});
        let text = json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string();
        fs::write(folder.path().join(&file), text).unwrap();
        line.extend([format!("--{role}"), file]);
    }
    line.extend(survey.1.split_whitespace().map(str::to_owned));
    check(folder.path(), &line)
}

fn check(folder: &Path, line: &[String]) -> Vec<(String, u64, String)> {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let of = |language| {
        let output = suyuan(folder, &line, &[("SUYUAN_LANG", language)]);
        assert_eq!(output.status.code(), Some(0), "{line:?} {}", stderr(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["findings"].as_array().unwrap().clone()
    };
    let (english, chinese) = (of("en"), of("zh"));
    english
        .iter()
        .zip(&chinese)
        .map(|(en, zh)| {
            let example = en["example"].as_str().unwrap();
            for text in [example, zh["example"].as_str().unwrap()] {
                assert!(!text.contains(['{', '}']), "a hole is left open: {text}");
            }
            (en["code"].as_str().unwrap().to_owned(), en["count"].as_u64().unwrap(), example.to_owned())
        })
        .collect()
}

/// The pipes of the sample city as a shapefile with some bytes changed.
fn shapefile(ending: &str, change: &dyn Fn(&mut Vec<u8>)) -> Vec<(String, u64, String)> {
    let folder = tempfile::tempdir().unwrap();
    for other in ["shp", "shx", "dbf", "prj"] {
        let mut bytes = fs::read(samples().join("binjiang/raw/YSLINE").with_extension(other)).unwrap();
        if other == ending {
            change(&mut bytes);
        }
        fs::write(folder.path().join("pipes").with_extension(other), bytes).unwrap();
    }
    if let Some(declared) = [("cpg", "UTF-8"), ("gbk", "GBK")].iter().find(|d| d.0 == ending) {
        fs::write(folder.path().join("pipes.cpg"), declared.1).unwrap();
    }
    let line = ["check", "--json", "--pipes", "pipes.shp", "--set-aside"].map(str::to_owned);
    check(folder.path(), &line)
}

/// One main of two pipes with what a case adds to it.
fn main_and(more: Vec<Value>) -> Vec<Value> {
    let none = || json!({});
    let mut all =
        vec![pipe("P1", json!([[0, 0], [100, 0]]), none()), pipe("P2", json!([[100, 0], [200, 0]]), none())];
    all.extend(more);
    all
}

fn named(id: &str, line: Value, from: &str, to: &str) -> Value {
    pipe(id, line, json!({"from_node": from, "to_node": to}))
}

/// A main whose axes are exchanged, or not.
fn swapped(exchanged: bool) -> Survey {
    let at = |x: f64| if exchanged { json!([2_840_000.0, -2_840_000.0 + x]) } else { json!([x, 0.0]) };
    pipes(vec![
        pipe("P1", json!([at(0.0), at(100.0)]), json!({})),
        pipe("P2", json!([at(100.0), at(200.0)]), json!({})),
    ])
}

/// A main whose eastings carry the number of zone 40, or another.
fn zoned(million: f64) -> Survey {
    let at = |x: f64| json!([million + x, 0.0]);
    pipes(vec![
        pipe("P1", json!([at(0.0), at(100.0)]), json!({})),
        pipe("P2", json!([at(100.0), at(200.0)]), json!({})),
    ])
}

/// Code, how many there are, the survey that shows it and the one that does not.
#[expect(clippy::too_many_lines, reason = "a table")]
fn drawn() -> Vec<(&'static str, u64, Survey, Survey)> {
    let none = || json!({});
    let side = |gap: f64| pipe("P3", json!([[150, 50], [150, gap]]), none());
    let of = |system: &str| json!({"system": system});
    let levels = |from: f64, to: f64| json!({"invert_from": from, "invert_to": to});
    let outfall =
        |y: f64| Survey(vec![("pipes", main_and(vec![])), ("outfalls", vec![point("OF1", 200.0, y)])], "");
    let drainer = |y: f64, more: Value| {
        let mut drainer = point("D1", 50.0, y);
        drainer["properties"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Survey(vec![("pipes", main_and(vec![])), ("drainers", vec![drainer])], "")
    };
    let lateral = |y: f64| {
        let lateral = feature("LineString", json!([[50, 30], [50, y]]), json!({"id": "L1", "drainer": "D1"}));
        let drainers = vec![point("D1", 50.0, 30.0)];
        Survey(vec![("pipes", main_and(vec![])), ("drainers", drainers), ("laterals", vec![lateral])], "")
    };
    let ids = |last: &str| {
        vec![
            named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
            named("P2", json!([[100, 0], [200, 0]]), "B", last),
        ]
    };
    let nodes = |names: &[(&str, f64)]| names.iter().map(|(n, x)| point(n, *x, 0.0)).collect::<Vec<_>>();
    let inverts = |last: &str| {
        let line = |n: usize| json!([[0, 10 * n], [9, 10 * n]]);
        let row = |(n, text): (usize, &str)| {
            pipe(&format!("P{}", n + 3), line(n + 1), json!({"invert_from": text}))
        };
        ["4.5", "4.4", "4.3", "4.2", last].into_iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let said = |system: &str| {
        let silent = vec![pipe("P3", json!([[0, 9], [9, 9]]), of(system))];
        Survey(vec![("a_pipes", main_and(vec![])), ("b_pipes", silent)], "")
    };
    let twice = |id: &str| {
        let layers = vec![("pipes", main_and(vec![])), ("a_drainers", vec![point("D1", 9.0, 9.0)])];
        Survey(layers.into_iter().chain([("b_drainers", vec![point(id, 50.0, 9.0)])]).collect(), "")
    };
    // A chain that falls from 8 to 4, the levels of the second pipe as given.
    let falling = |from: f64, to: f64| {
        let levels = |a: f64, b: f64| json!({"invert_from": a, "invert_to": b});
        vec![
            pipe("P1", json!([[0, 0], [100, 0]]), levels(8.0, 7.0)),
            pipe("P2", json!([[100, 0], [200, 0]]), levels(from, to)),
            pipe("P3", json!([[200, 0], [300, 0]]), levels(6.0, 5.0)),
            pipe("P4", json!([[300, 0], [400, 0]]), levels(5.0, 4.0)),
        ]
    };
    let drawn_from = |from: f64, to: f64| {
        let fall = if from < to { levels(4.0, 3.0) } else { levels(3.0, 4.0) };
        vec![pipe("P1", json!([[from, 0], [to, 0]]), fall), pipe("P2", json!([[100, 0], [200, 0]]), none())]
    };
    // Of twenty pipes drawn with their fall, one against it.
    let one_of_many = |turned: bool| {
        let row = |n: u32| {
            let (x, level) = (f64::from(n) * 50.0, 50.0 - f64::from(n));
            let (from, to) = if turned && n == 7 { (x + 50.0, x) } else { (x, x + 50.0) };
            let fall = if from < to { levels(level, level - 1.0) } else { levels(level - 1.0, level) };
            pipe(&format!("P{n}"), json!([[from, 0], [to, 0]]), fall)
        };
        (0..20).map(row).collect::<Vec<_>>()
    };
    let many = |scatter: f64| {
        // Thirty pipes end to end, whose ends lie a little apart.
        (0..30)
            .map(|n| {
                let x = f64::from(n) * 50.0;
                pipe(&format!("P{n}"), json!([[x + scatter, 0], [x + 50.0, scatter * 0.5]]), none())
            })
            .collect::<Vec<_>>()
    };
    // Two branches that meet: with a way on, or without.
    let dead_end = |goes_on: bool| {
        let branch = |id: &str, y: f64, from: &str| named(id, json!([[0, y], [100, 0]]), from, "M");
        let mut lines = vec![branch("P1", 50.0, "A"), branch("P2", -50.0, "B")];
        if goes_on {
            lines.push(named("P3", json!([[100, 0], [200, 0]]), "M", "C"));
        }
        let outfall = if goes_on { point("C", 200.0, 0.0) } else { point("OF", 900.0, 0.0) };
        Survey(vec![("pipes", lines), ("outfalls", vec![outfall])], "")
    };
    let bore = |id: &str, x: f64, diameter: f64| {
        let ends =
            json!({"from_node": format!("N{x}"), "to_node": format!("N{}", x + 100.0), "diameter": diameter});
        pipe(id, json!([[x, 0], [x + 100.0, 0]]), ends)
    };
    let sized = |first: f64, second: f64| vec![bore("P1", 0.0, first), bore("P2", 100.0, second)];
    // Steps from one size to the other and back, many times.
    let ladder = |large: f64, small: f64| {
        let step = |n: u32| {
            bore(&format!("P{n}"), 100.0 * f64::from(n), if n.is_multiple_of(2) { large } else { small })
        };
        (0..50).map(step).collect::<Vec<_>>()
    };
    // Invert 3 m, depth 2 m.
    let grounds = |ground: f64| {
        let levels = json!({"invert_from": 3.0, "depth_from": 2.0, "ground_from": ground});
        main_and(vec![pipe("P3", json!([[200, 0], [300, 0]]), levels)])
    };
    // Invert 4 m, 0.5 m high.
    let shallow = |ground: f64| {
        let levels = json!({"invert_from": 4.0, "ground_from": ground, "diameter": 0.5});
        main_and(vec![pipe("P3", json!([[200, 0], [300, 0]]), levels)])
    };
    let over = |y: f64| pipe("P3", json!([[150, y], [180, y], [180, 60]]), none());
    vec![
        (
            "R01",
            1,
            pipes(main_and(vec![json!({"type": "Feature", "properties": {"id": "P3"}, "geometry": null})])),
            pipes(main_and(vec![])),
        ),
        (
            "R02",
            1,
            pipes(main_and(vec![pipe("P3", json!([[5, 5], [5, 5]]), none())])),
            pipes(main_and(vec![])),
        ),
        (
            "R03",
            1,
            pipes(main_and(vec![feature(
                "MultiLineString",
                json!([[[0, 9], [9, 9]], [[9, 9], [20, 9]]]),
                json!({"id": "P3", "system": "storm"}),
            )])),
            pipes(main_and(vec![feature(
                "MultiLineString",
                json!([[[0, 9], [9, 9]]]),
                json!({"id": "P3", "system": "storm"}),
            )])),
        ),
        ("R05", 1, pipes(main_and(inverts("deep"))), pipes(main_and(inverts("4.1")))),
        (
            "R06",
            1,
            pipes(main_and(vec![pipe("P3", json!([[0, 9], [9, 9]]), levels(-99.0, 3.0))])),
            pipes(main_and(vec![pipe("P3", json!([[0, 9], [9, 9]]), levels(3.5, 3.0))])),
        ),
        ("R08", 1, swapped(true), swapped(false)),
        ("R24", 1, zoned(40e6), zoned(0.0)),
        (
            "R12",
            1,
            pipes(main_and(vec![pipe("P2", json!([[0, 9], [9, 9]]), none())])),
            pipes(main_and(vec![])),
        ),
        ("R13", 1, pipes(main_and(vec![point("X", 3.0, 3.0)])), pipes(main_and(vec![]))),
        ("R16", 1, said(""), said("storm")),
        (
            "R17",
            1,
            Survey(vec![("storm_pipes", vec![pipe("P1", json!([[0, 0], [100, 0]]), of(""))])], ""),
            pipes(main_and(vec![])),
        ),
        (
            "R18",
            1,
            Survey(
                vec![("pipes", main_and(vec![])), ("drainers", vec![point("D1", 9.0, 9.0)])],
                "--drainers-where id='D2'",
            ),
            Survey(
                vec![("pipes", main_and(vec![])), ("drainers", vec![point("D1", 9.0, 9.0)])],
                "--drainers-where id='D1'",
            ),
        ),
        ("R19", 1, twice("D1"), twice("D2")),
        (
            "R21",
            1,
            pipes(main_and(vec![pipe("P3", json!([[0, 9], [9, 9]]), json!({"state": "ABA"}))])),
            pipes(main_and(vec![pipe("P3", json!([[0, 9], [9, 9]]), json!({"state": "ACT"}))])),
        ),
        ("N01", 1, pipes(main_and(vec![side(2.0)])), pipes(main_and(vec![side(0.0)]))),
        (
            "N02",
            1,
            pipes(main_and(vec![pipe("P3", json!([[300, 0], [200.2, 0]]), none())])),
            pipes(main_and(vec![pipe("P3", json!([[300, 0], [200, 0]]), none())])),
        ),
        ("N03", 1, pipes(main_and(vec![side(0.0)])), pipes(main_and(vec![side(9.0)]))),
        (
            "N04",
            1,
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                pipe(
                    "P2",
                    json!([[100, 0], [200, 0]]),
                    json!({"from_node": "B", "to_node": "C", "invert_from": 3.0, "invert_to": 4.0}),
                ),
            ]),
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                pipe(
                    "P2",
                    json!([[100, 0], [200, 0]]),
                    json!({"from_node": "B", "to_node": "C", "invert_from": 4.0, "invert_to": 3.0}),
                ),
            ]),
        ),
        ("N05", 1, pipes(drawn_from(100.0, 0.0)), pipes(drawn_from(0.0, 100.0))),
        (
            "N06",
            1,
            pipes(vec![
                pipe("P1", json!([[0, 0], [100, 0]]), json!({"flow_direction": "both"})),
                pipe("P2", json!([[100, 0], [200, 0]]), json!({"flow_direction": "with"})),
            ]),
            pipes(vec![
                pipe("P1", json!([[0, 0], [100, 0]]), json!({"flow_direction": "with"})),
                pipe("P2", json!([[100, 0], [200, 0]]), json!({"flow_direction": "with"})),
            ]),
        ),
        (
            "N07",
            1,
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                named("P2", json!([[110, 0], [200, 0]]), "B", "C"),
            ]),
            pipes(ids("C")),
        ),
        ("N08", 1, pipes(ids("")), pipes(ids("C"))),
        (
            "N09",
            1,
            pipes(main_and(vec![pipe("P3", json!([[100, 0], [0, 0]]), none())])),
            pipes(main_and(vec![pipe("P3", json!([[100, 0], [50, 9], [0, 0]]), none())])),
        ),
        (
            "N10",
            1,
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                named("P2", json!([[100, 0], [50, 50]]), "B", "C"),
                named("P3", json!([[50, 50], [0, 0]]), "C", "A"),
            ]),
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                named("P2", json!([[100, 0], [50, 50]]), "B", "C"),
                named("P3", json!([[0, 0], [50, 50]]), "A", "C"),
            ]),
        ),
        (
            "N11",
            1,
            pipes(main_and(vec![pipe("P3", json!([[0, 90], [90, 90]]), none())])),
            pipes(main_and(vec![])),
        ),
        ("N12", 1, outfall(30.0), outfall(0.0)),
        ("N13", 1, outfall(3.0), outfall(0.0)),
        (
            "N14",
            1,
            pipes(main_and(vec![pipe("P3", json!([[200, 60], [200, 0]]), of("foul"))])),
            pipes(main_and(vec![pipe("P3", json!([[200, 60], [200, 0]]), of("storm"))])),
        ),
        (
            "N15",
            1,
            pipes(main_and(vec![pipe("P3", json!([[150, 60], [150, 0.2]]), of("foul"))])),
            pipes(main_and(vec![pipe("P3", json!([[150, 60], [150, 5]]), of("foul"))])),
        ),
        (
            "N16",
            1,
            Survey(
                vec![
                    ("pipes", main_and(vec![])),
                    ("nodes", nodes(&[("A", 0.0), ("B", 100.0), ("C", 200.0), ("X", 400.0)])),
                ],
                "",
            ),
            Survey(
                vec![
                    ("pipes", main_and(vec![])),
                    ("nodes", nodes(&[("A", 0.0), ("B", 100.0), ("C", 200.0)])),
                ],
                "",
            ),
        ),
        (
            "N17",
            1,
            Survey(vec![("pipes", ids("C")), ("nodes", nodes(&[("A", 0.0), ("B", 100.0)]))], ""),
            Survey(
                vec![("pipes", ids("C")), ("nodes", nodes(&[("A", 0.0), ("B", 100.0), ("C", 200.0)]))],
                "",
            ),
        ),
        (
            "N18",
            1,
            Survey(vec![("pipes", ids("C")), ("outfalls", vec![point("A", 0.0, 0.0)])], ""),
            Survey(vec![("pipes", ids("C")), ("outfalls", vec![point("C", 200.0, 0.0)])], ""),
        ),
        ("N19", 1, pipes(one_of_many(true)), pipes(one_of_many(false))),
        ("N20", 1, pipes(many(0.1)), pipes(many(0.0))),
        ("N22", 1, pipes(falling(6.0, 7.0)), pipes(falling(7.0, 6.0))),
        ("N23", 1, dead_end(false), dead_end(true)),
        ("N24", 1, pipes(sized(0.8, 0.5)), pipes(sized(0.5, 0.8))),
        (
            "N25",
            1,
            Survey(
                vec![
                    ("pipes", main_and(vec![])),
                    ("nodes", nodes(&[("A", 0.0), ("B", 100.0), ("B2", 100.005)])),
                ],
                "",
            ),
            Survey(
                vec![
                    ("pipes", main_and(vec![])),
                    ("nodes", nodes(&[("A", 0.0), ("B", 100.0), ("B2", 103.0)])),
                ],
                "",
            ),
        ),
        (
            "N26",
            1,
            pipes(vec![
                named("P1", json!([[0, 0], [100, 0]]), "A", "B"),
                named("P2", json!([[100, 0], [200, 0]]), "B2", "C"),
            ]),
            pipes(ids("C")),
        ),
        ("N27", 1, pipes(grounds(5.4)), pipes(grounds(5.05))),
        ("N28", 1, pipes(shallow(4.3)), pipes(shallow(5.3))),
        ("N29", 1, pipes(sized(0.4, 18.0)), pipes(sized(0.4, 4.0))),
        (
            "N30",
            1,
            pipes(main_and(vec![pipe("P3", json!([[200, 0], [240, 0], [210, 1], [300, 0]]), none())])),
            pipes(main_and(vec![pipe("P3", json!([[200, 0], [240, 0], [240, 9], [300, 0]]), none())])),
        ),
        ("N31", 1, pipes(main_and(vec![over(0.0)])), pipes(main_and(vec![over(0.1)]))),
        ("N32", 1, pipes(ladder(0.8, 0.5)), pipes(ladder(0.5, 0.5))),
        ("D01", 1, drainer(80.0, none()), drainer(8.0, none())),
        ("D02", 1, drainer(8.0, json!({"pipe": "P9"})), drainer(8.0, json!({"pipe": "P1"}))),
        (
            "D03",
            1,
            Survey(
                vec![
                    ("pipes", main_and(vec![pipe("P3", json!([[0, 20], [100, 20]]), none())])),
                    ("drainers", vec![point("D1", 50.0, 10.0)]),
                ],
                "",
            ),
            Survey(
                vec![
                    ("pipes", main_and(vec![pipe("P3", json!([[0, 20], [100, 20]]), none())])),
                    ("drainers", vec![point("D1", 50.0, 2.0)]),
                ],
                "",
            ),
        ),
        (
            "D04",
            1,
            drainer(8.0, json!({"trade": "餐饮", "pipe": "P1"})),
            drainer(8.0, json!({"trade": "餐饮"})),
        ),
        ("D05", 1, lateral(20.0), lateral(0.0)),
        ("D06", 1, drainer(8.0, json!({"trade": "xyzzy"})), drainer(8.0, json!({"trade": "餐饮"}))),
    ]
}

#[test]
fn every_code_is_shown_by_a_survey_and_not_by_one_almost_alike() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut judge =
        |code: &str, count: u64, with: Vec<(String, u64, String)>, without: Vec<(String, u64, String)>| {
            if with.iter().find(|f| f.0 == code).map(|f| f.1) != Some(count) {
                wrong.push(format!("{code}: {count} expected, found {with:?}"));
            }
            if without.iter().any(|f| f.0 == code) {
                wrong.push(format!("{code} where nothing is wrong: {without:?}"));
            }
            shown.insert(code.to_owned());
        };
    for (code, count, with, without) in drawn() {
        judge(code, count, found(&with), found(&without));
    }
    let whole = || shapefile("", &|_| {});
    judge("R04", 1, shapefile("shp", &|b| b[156..164].copy_from_slice(&f64::NAN.to_le_bytes())), whole());
    judge("R07", 1, whole(), shapefile("gbk", &|_| {}));
    judge("R10", 1, shapefile("dbf", &|b| b.truncate(b.len() - 999)), whole());
    let delete = |b: &mut Vec<u8>| {
        let first = usize::from(u16::from_le_bytes([b[8], b[9]]));
        b[first] = b'*';
    };
    judge("R11", 1, shapefile("dbf", &delete), whole());
    let spoil = |b: &mut Vec<u8>| {
        let last = b.iter().rposition(|byte| *byte > 0x80).unwrap();
        b[last - 1..=last].fill(0xff);
    };
    judge("R15", 1, shapefile("dbf", &spoil), whole());
    judge("R20", 1, shapefile("cpg", &|_| {}), whole());
    let text = |name: &str, text: &str, line: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        fs::write(folder.path().join("pipes.geojson"), r#"{"type":"FeatureCollection","features":[{"type":"Feature",
            "properties":{"id":"P1","system":"storm"},"geometry":{"type":"LineString","coordinates":[[120,30],[120.001,30]]}}]}"#).unwrap();
        for (name, datum) in [("bare", ""), ("gcj", "GCJ02")] {
            let venue = json!({"type": "FeatureCollection", "features": [{"type": "Feature",
                "properties": {"id": "V1", "datum": datum}, "geometry": {"type": "Point", "coordinates": [120, 30]}}]});
            fs::write(folder.path().join(format!("{name}.geojson")), venue.to_string()).unwrap();
        }
        let line: Vec<String> = ["check", "--json"].iter().chain(line).map(|w| (*w).to_owned()).collect();
        check(folder.path(), &line)
    };
    let model = "[JUNCTIONS]\nA 1\n[OUTFALLS]\nB 0 FREE\n[CONDUITS]\nP1 A B 100 0.01\n[COORDINATES]\nA 0 0\nB 100 0\n";
    judge("R09", 1, text("m.inp", model, &["m.inp"]), text("m.inp", model, &["m.inp", "--crs", "EPSG:4549"]));
    let transfer = include_str!("../../suyuan-read/tests/data/hamlet.xtf");
    let changed = |from: &str, to: &str| text("h.xtf", &transfer.replace(from, to), &["h.xtf"]);
    let mended = transfer.replace("\"GONE\"", "\"R3E\"").replace("\"K9\"", "\"K4\"");
    judge("R30", 2, changed("Messgeraet", "Messgeraet"), text("h.xtf", &mended, &["h.xtf"]));
    judge("R31", 1, changed("Messgeraet", "Messgeraet"), changed("Messgeraet", "Deckel"));
    let fitted = |last: &str| {
        let points = format!(
            "name,east,north,east EPSG:4549,north EPSG:4549\nA,0,0,500000,3340000\nB,900,0,500900,3340000\n{last}\n"
        );
        move |crs: &'static str| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("m.inp"), model).unwrap();
            fs::write(folder.path().join("points.csv"), &points).unwrap();
            check(folder.path(), &["check", "--json", "m.inp", "--crs", crs].map(str::to_owned))
        }
    };
    let sound = fitted("C,0,700,500000.01,3340700");
    judge("R22", 1, sound("fit:points.csv"), sound("EPSG:4549"));
    judge("R23", 1, fitted("C,0,700,500000.9,3340700")("fit:points.csv"), sound("fit:points.csv"));
    // In a project the points are looked for beside it, and a change of theirs makes a prepared network old.
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    fs::create_dir(&city).unwrap();
    fs::write(city.join("m.inp"), model).unwrap();
    let points = "name,east,north,east EPSG:4549,north EPSG:4549\nA,0,0,500000,3340000\nB,9,0,500009,3340000\nC,0,7,500000,3340007\n";
    fs::write(city.join("points.csv"), points).unwrap();
    fs::write(city.join("city.toml"), "crs = 'fit:points.csv'\n[[pipes]]\npath = 'm.inp'\n").unwrap();
    let fitted = check(folder.path(), &["check", "--json", "city/city.toml"].map(str::to_owned));
    assert!(fitted.iter().any(|f| f.0 == "R22"), "{fitted:?}");
    let built = suyuan(folder.path(), &["build", "city/city.toml", "-o", "city.suyuan"], &[]);
    assert_eq!(built.status.code(), Some(0), "{}", stderr(&built));
    let ask = || stderr(&suyuan(folder.path(), &["trace", "city.suyuan", "--from", "pipe:P1"], &[]));
    assert!(!ask().contains("points.csv"), "{}", ask());
    fs::write(city.join("points.csv"), format!("{points}D,5,5,500005,3340005\n")).unwrap();
    assert!(ask().contains("points.csv"), "{}", ask());
    let venues = |name: &str| {
        let project = format!("[[pipes]]\npath = 'pipes.geojson'\n[[venues]]\npath = '{name}.geojson'\n");
        text("city.toml", &project, &["city.toml"])
    };
    judge("R14", 1, venues("bare"), venues("gcj"));
    let project = |id: &str| {
        let project = format!("[[pipes]]\npath = 'pipes.geojson'\n[[decisions]]\nshut = '{id}'\n");
        text("city.toml", &project, &["city.toml"])
    };
    judge("N21", 1, project("P9"), project("P1"));
    let all: BTreeSet<String> = FindingCode::ALL.iter().map(|c| c.code().to_owned()).collect();
    let missing: Vec<&String> = all.difference(&shown).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(missing.is_empty(), "without a drawn network: {missing:?}");
}

#[test]
fn the_guide_has_one_row_for_every_code() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    let guide = fs::read_to_string(guide).unwrap();
    let rows: Vec<Vec<&str>> = guide
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 8 && !matches!(cells[1], "code" | "---"))
        .collect();
    let told: Vec<(&str, &str)> = rows.iter().map(|cells| (cells[1], cells[2])).collect();
    let codes: Vec<(&str, &str)> = FindingCode::ALL.iter().map(|c| (c.code(), c.severity().key())).collect();
    assert_eq!(told, codes);
    for cells in rows {
        assert!(cells[1..7].iter().all(|cell| !cell.is_empty()), "{cells:?}");
    }
}
