//! Traces on real networks against the truth computed from the sources' own node ids.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use suyuan_attribution::{JoinConfig, join_drainers};
use suyuan_core::raw::Field;
use suyuan_core::{Coord, RawSurvey, Role};
use suyuan_journeys::shared_data;
use suyuan_network::{BuildConfig, JoinBy, NearestPipe, Network, Place, build_network};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};
use suyuan_trace::trace_upstream;

/// A real network: folder, pipe layers, the fields of pipe id and node ids.
struct Set {
    name: &'static str,
    pipes: &'static [&'static str],
}

const SETS: [Set; 6] = [
    Set { name: "industrial-park-cn", pipes: &["derived_gbk_shp/污水管线.shp"] },
    Set { name: "new-hope-nc-nhdplus", pipes: &["new_hope.gpkg"] },
    Set { name: "new-westminster-bc", pipes: &["shp/storm_mains.shp", "shp/combined_mains.shp"] },
    Set { name: "peterborough-on", pipes: &["shp/mains.shp"] },
    Set { name: "sant-boi-es", pipes: &["shp/arc.shp"] },
    Set { name: "victoria-bc", pipes: &["shp/sanitary_mains.shp"] },
];

fn read(data: &Path, set: &Set) -> RawSurvey {
    let specs: Vec<_> =
        set.pipes.iter().map(|p| LayerSpec::new(Role::Pipes, data.join(set.name).join(p))).collect();
    read_survey(&specs, &ReadOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", set.name))
}

fn truth(data: &Path, set: &Set, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join(set.name).join(file)).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    truth["queries"].as_array().unwrap().clone()
}

/// Ids of pipes; parts of one feature, which the truth numbers apart, are one pipe here.
fn wanted(query: &Value) -> BTreeSet<String> {
    let links = query["upstream_links"].as_array().unwrap();
    links.iter().map(|l| l.as_str().unwrap().split('#').next().unwrap().to_owned()).collect()
}

fn found(network: &Network, start: &Place) -> BTreeSet<String> {
    let trace = trace_upstream(network, start);
    trace.pipes(network).into_iter().map(|p| network.pipe_name(p).to_owned()).collect()
}

#[test]
fn with_node_ids_every_query_is_exactly_right() {
    let Some(data) = shared_data() else { return };
    let (mut right, mut all) = (0, 0);
    for set in &SETS {
        let survey = read(&data, set);
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let queries = truth(&data, set, "truth.json");
        let mut exact = 0;
        for query in &queries {
            let node = network.find_node(query["node"].as_str().unwrap()).unwrap();
            exact += usize::from(found(&network, &network.place_of_node(node)) == wanted(query));
        }
        println!("{:24} with node ids {exact:3} of {:3}", set.name, queries.len());
        right += exact;
        all += queries.len();
    }
    assert_eq!(right, all);
}

/// Leaves of each pipe its id and its line, and no other evidence.
fn geometry_alone(mut survey: RawSurvey) -> RawSurvey {
    for layer in &mut survey.layers {
        layer.columns.retain(|field, _| *field == Field::Id);
    }
    survey
}

#[test]
fn without_node_ids_at_least_as_many_are_right_as_by_joining_equal_ends() {
    let Some(data) = shared_data() else { return };
    let worse = score(&data, "geometry alone", &geometry_alone);
    // Every pipe end that lies on the inside of another pipe is a joint here and, having a node id of its own, none in
    // the record of Peterborough: the two differ wherever a lead taps a main.
    assert!(
        worse.iter().all(|set| *set == "peterborough-on"),
        "fewer right than by joining equal ends: {worse:?}"
    );
}

#[test]
fn without_node_ids_but_with_inverts() {
    let Some(data) = shared_data() else { return };
    score(&data, "with inverts", &|survey| survey);
}

/// Prints exact matches beside those of joining equal ends; returns the sets where ours are fewer.
fn score(data: &Path, what: &str, prepare: &dyn Fn(RawSurvey) -> RawSurvey) -> Vec<&'static str> {
    println!("{what:24} {:>5} {:>6} {:>6}   {:>6} {:>6}", "all", "ours", "naive", "clean", "ours");
    let mut worse = Vec::new();
    for set in &SETS {
        let survey = prepare(read(data, set));
        let config = BuildConfig { join: JoinBy::Geometry, ..BuildConfig::automatic() };
        let (network, _) = build_network(&survey, &config).unwrap();
        let index = NearestPipe::new(&network);
        let queries = truth(data, set, "truth.json");
        let (mut ours, mut naive, mut clean, mut ours_clean) = (0, 0, 0, 0);
        for query in &queries {
            let place = Coord { x: query["x"].as_f64().unwrap(), y: query["y"].as_f64().unwrap() };
            let start = network.place_near(&index, place, 5.0, "query").unwrap();
            let exact = found(&network, &start) == wanted(query);
            if std::env::var_os("SUYUAN_EXPLAIN").is_some() && !exact {
                let (a, b) = (found(&network, &start), wanted(query));
                println!(
                    "  {} {} clean={} naive={} got {} want {} extra {:?} missing {:?} snap {:.3}",
                    set.name,
                    query["node"],
                    query["clean"],
                    query["naive_exact"]["equal"],
                    a.len(),
                    b.len(),
                    a.difference(&b).take(4).collect::<Vec<_>>(),
                    b.difference(&a).take(4).collect::<Vec<_>>(),
                    start.snap,
                );
            }
            let is_clean = query["clean"] == true;
            ours += usize::from(exact);
            ours_clean += usize::from(exact && is_clean);
            clean += usize::from(is_clean);
            naive += usize::from(query["naive_exact"]["equal"] == true);
        }
        println!("{:24} {:5} {ours:6} {naive:6}   {clean:6} {ours_clean:6}", set.name, queries.len());
        if ours < naive {
            worse.push(set.name);
        }
    }
    worse
}

#[test]
fn who_drains_to_an_outfall_is_known_in_sant_boi() {
    let Some(data) = shared_data() else { return };
    let set = &SETS[4];
    let folder = data.join(set.name).join("shp");
    let mut specs = vec![LayerSpec::new(Role::Pipes, folder.join("arc.shp"))];
    for layer in ["connec.shp", "gully.shp"] {
        specs.push(LayerSpec::new(Role::Drainers, folder.join(layer)));
    }
    let survey = read_survey(&specs, &ReadOptions::default()).unwrap();
    let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
    let index = NearestPipe::new(&network);
    let (drainers, _) = join_drainers(&survey, &index, &JoinConfig::automatic());
    let queries = truth(&data, set, "truth_drainers.json");
    for query in &queries {
        let node = network.find_node(query["node"].as_str().unwrap()).unwrap();
        let trace = trace_upstream(&network, &network.place_of_node(node));
        let candidates = suyuan_attribution::rank_candidates(
            &network,
            &trace,
            &drainers,
            &suyuan_attribution::Trades::shipped(),
        );
        let ours: BTreeSet<&str> =
            candidates.iter().map(|c| drainers.drainer(c.drainer).id.as_str()).collect();
        let theirs: BTreeSet<&str> = ["connecs", "gullies"]
            .iter()
            .flat_map(|k| query[*k].as_array().unwrap())
            .map(|v| v.as_str().unwrap())
            .collect();
        assert_eq!(ours, theirs, "behind node {}", query["node"]);
    }
    println!("sant-boi-es: drainers behind {} nodes equal the record", queries.len());
}

#[test]
fn dischargers_of_the_industrial_park_are_known() {
    let Some(data) = shared_data() else { return };
    let set = &SETS[0];
    let folder = data.join(set.name).join("derived_gbk_shp");
    let specs = [
        LayerSpec::new(Role::Pipes, folder.join("污水管线.shp")),
        LayerSpec::new(Role::Nodes, folder.join("污水井.shp")),
    ];
    let survey = read_survey(&specs, &ReadOptions::default()).unwrap();
    let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
    let index = NearestPipe::new(&network);
    let (drainers, _) = join_drainers(&survey, &index, &JoinConfig::automatic());
    for query in truth(&data, set, "truth_dischargers.json") {
        let node = network.find_node(query["node"].as_str().unwrap()).unwrap();
        let trace = trace_upstream(&network, &network.place_of_node(node));
        let candidates = suyuan_attribution::rank_candidates(
            &network,
            &trace,
            &drainers,
            &suyuan_attribution::Trades::shipped(),
        );
        let ours: BTreeSet<&str> =
            candidates.iter().map(|c| drainers.drainer(c.drainer).id.as_str()).collect();
        let theirs: BTreeSet<&str> =
            query["dischargers"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(ours, theirs, "behind node {}", query["node"]);
    }
}
