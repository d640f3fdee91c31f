//! Traces on real networks against the truth computed from the sources' own node ids.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use suyuan_attribution::{JoinConfig, join_drainers};
use suyuan_core::raw::Field;
use suyuan_core::{Coord, RawLayer, RawSurvey, Role, System};
use suyuan_journeys::{SETS, Set, found, read_set, read_set_with_nodes, shared_data, truth, wanted};
use suyuan_network::{BuildConfig, JoinBy, NearestPipe, build_network};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};
use suyuan_trace::trace_upstream;

#[test]
fn with_node_ids_every_query_is_exactly_right() {
    let Some(data) = shared_data() else { return };
    let (mut right, mut all) = (0, 0);
    for set in &SETS {
        let survey = read_set(&data, set);
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

/// A place, exactly.
type Spot = (u64, u64);

fn spot(c: Coord<f64>) -> Spot {
    (c.x.to_bits(), c.y.to_bits())
}

/// Pipes between nodes that are told apart by a name, to be walked against their direction one by one.
#[derive(Default)]
struct Plain {
    pipes: Vec<(String, String, String)>,
    names: Names,
}

impl Plain {
    fn upstream(&self, start: &str) -> BTreeSet<String> {
        let (mut found, mut nodes) = (BTreeSet::new(), BTreeSet::from([self.names.of(start)]));
        loop {
            let before = nodes.len();
            for (id, from, to) in &self.pipes {
                if nodes.contains(to.as_str()) {
                    found.insert(id.clone());
                    nodes.insert(from);
                }
            }
            if nodes.len() == before {
                return found;
            }
        }
    }

    /// The record, and what the drawing shows beside it: ends at the very same vertex are one node whatever their ids, and
    /// a line is cut where the end of another lies on its inside to a centimetre. Water runs as recorded, but not where the
    /// levels that may be read climb by more than a metre that way.
    fn as_shown(survey: &RawSurvey, levels: bool) -> Self {
        let rows = || {
            survey.layers_of(Role::Pipes).flat_map(|(_, l)| (0..l.len()).map(move |row| (l, row))).enumerate()
        };
        let mut names = Names::default();
        let mut taps: Vec<(Coord<f64>, System, String)> = Vec::new();
        for (n, (layer, row)) in rows() {
            for line in layer.shapes.parts(row) {
                for (place, field) in [(line[0], Field::FromNode), (line[line.len() - 1], Field::ToNode)] {
                    let name = end_name(layer, row, n, field);
                    names.same(&name, &format!("{:?}", spot(place)));
                    taps.push((place, layer.system(row), name));
                }
            }
        }
        let mut plain = Self::default();
        for (n, (layer, row)) in rows() {
            let mut at = end_name(layer, row, n, Field::FromNode);
            let last = end_name(layer, row, n, Field::ToNode);
            let id = layer.id(row).into_owned();
            let mut inside: Vec<(f64, &str)> = match layer.shapes.parts(row).collect::<Vec<_>>().as_slice() {
                [line] => taps
                    .iter()
                    .filter(|tap| tap.1.joins(layer.system(row)))
                    .filter_map(|tap| Some((on_inside(line, tap.0)?, tap.2.as_str())))
                    .collect(),
                _ => Vec::new(), // the order of parts is not that of the water
            };
            inside.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (_, tap) in inside {
                plain.pipes.push((id.clone(), std::mem::replace(&mut at, tap.to_owned()), tap.to_owned()));
            }
            plain.pipes.push((id, at, last));
        }
        let climbs: BTreeSet<String> = rows()
            .filter(|(_, (layer, row))| {
                let level = |field| layer.number(field, *row).unwrap_or(f64::NAN);
                levels && level(Field::InvertTo) - level(Field::InvertFrom) > 1.0
            })
            .map(|(_, (layer, row))| layer.id(row).into_owned())
            .collect();
        for (id, from, to) in &mut plain.pipes {
            (*from, *to) = (names.of(from).to_owned(), names.of(to).to_owned());
            if climbs.contains(id) {
                std::mem::swap(from, to);
            }
        }
        plain.names = names;
        plain
    }
}

/// The node that the record names at an end, or a name of its own.
fn end_name(layer: &RawLayer, row: usize, n: usize, field: Field) -> String {
    layer.text(field, row).map_or_else(|| format!("blank {n} {field:?}"), str::to_owned)
}

/// How far along a line a place lies that is on its inside to a centimetre; `None` at its ends and elsewhere.
fn on_inside(line: &[Coord<f64>], place: Coord<f64>) -> Option<f64> {
    let away = |c: &Coord<f64>| (c.x - place.x).hypot(c.y - place.y);
    if away(&line[0]) <= 0.01 || away(&line[line.len() - 1]) <= 0.01 {
        return None;
    }
    let mut along = 0.0;
    for w in line.windows(2) {
        let (dx, dy) = (w[1].x - w[0].x, w[1].y - w[0].y);
        let length = dx.hypot(dy);
        let t = (((place.x - w[0].x) * dx + (place.y - w[0].y) * dy) / (length * length)).clamp(0.0, 1.0);
        if away(&Coord { x: w[0].x + t * dx, y: w[0].y + t * dy }) <= 0.01 {
            return Some(along + t * length);
        }
        along += length;
    }
    None
}

/// Names that stand for the same node.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn of<'a>(&'a self, mut name: &'a str) -> &'a str {
        while let Some(next) = self.0.get(name) {
            name = next;
        }
        name
    }

    fn same(&mut self, a: &str, b: &str) {
        let (a, b) = (self.of(a).to_owned(), self.of(b).to_owned());
        if a != b {
            self.0.insert(b, a);
        }
    }
}

#[test]
fn without_node_ids_at_least_as_many_are_right_as_by_joining_equal_ends() {
    let Some(data) = shared_data() else { return };
    let scores = score(&data, "geometry alone", false, &geometry_alone);
    for score in &scores {
        // In Peterborough a lead that taps a main ends on a vertex of it, and the record gives that end an id of its own
        // that the main does not name: by ids alone nothing is above a tap but the lead itself.
        score.is_no_worse_than_naive_but_in(&["peterborough-on"]);
        score.is_right_where_the_survey_shows_it();
    }
}

#[test]
fn without_node_ids_but_with_inverts() {
    let Some(data) = shared_data() else { return };
    for score in score(&data, "with inverts", true, &|survey| survey) {
        // The record of Sant Boi runs one pipe two metres uphill, which its levels rightly turn; for Peterborough see above.
        score.is_no_worse_than_naive_but_in(&["peterborough-on", "sant-boi-es"]);
        score.is_right_where_the_survey_shows_it();
    }
}

#[test]
fn without_node_ids_but_with_the_surveyed_points() {
    let Some(data) = shared_data() else { return };
    // Lines, and what the node layers say: where a structure stands, what it is, how deep.
    let prepare = |mut survey: RawSurvey| {
        for layer in &mut survey.layers {
            layer.columns.retain(|field, _| layer.role == Role::Nodes || *field == Field::Id);
        }
        survey
    };
    for score in score_of(&data, "with node layer", true, &read_set_with_nodes, &prepare) {
        // The nodes of Sant Boi give the same levels as its pipes.
        score.is_no_worse_than_naive_but_in(&["peterborough-on", "sant-boi-es"]);
        score.is_right_where_the_survey_shows_it();
    }
}

/// How many answers of a set are exactly right.
#[derive(Default)]
struct Score {
    set: &'static str,
    all: usize,
    clean: usize,
    /// By the node ids of the record: ours, those of joining equal ends (recorded), ours of the clean ones.
    ours: usize,
    naive: usize,
    ours_clean: usize,
    naive_clean: usize,
    /// Of the clean ones those that the survey shows, ours, and those of joining equal ends.
    shown: usize,
    ours_shown: usize,
    naive_shown: usize,
}

impl Score {
    fn is_no_worse_than_naive_but_in(&self, known: &[&str]) {
        let Self { set, ours, naive, .. } = self;
        assert!(known.contains(set) || ours >= naive, "{set}: {ours} right, naive {naive}");
    }

    fn is_right_where_the_survey_shows_it(&self) {
        let Self { set, shown, ours_shown, naive_shown, .. } = self;
        assert!(
            ours_shown * 100 >= shown * 95 && ours_shown >= naive_shown,
            "{set}: {ours_shown} right of {shown} that the survey shows, naive {naive_shown}"
        );
    }
}

/// Prints exact matches beside those of joining equal ends.
fn score(data: &Path, what: &str, levels: bool, prepare: &dyn Fn(RawSurvey) -> RawSurvey) -> Vec<Score> {
    score_of(data, what, levels, &read_set, prepare)
}

fn score_of(
    data: &Path,
    what: &str,
    levels: bool,
    read: &dyn Fn(&Path, &Set) -> RawSurvey,
    prepare: &dyn Fn(RawSurvey) -> RawSurvey,
) -> Vec<Score> {
    println!(
        "{what:22} {:>4} {:>5} {:>5}   {:>5} {:>5} {:>5}   {:>12} {:>5} {:>5}",
        "all", "ours", "naive", "clean", "ours", "naive", "and shown so", "ours", "naive"
    );
    let mut scores = Vec::new();
    for set in &SETS {
        let whole = read(data, set);
        let as_shown = Plain::as_shown(&whole, levels);
        let survey = prepare(whole);
        let config = BuildConfig { join: JoinBy::Geometry, ..BuildConfig::automatic() };
        let (network, _) = build_network(&survey, &config).unwrap();
        let index = NearestPipe::new(&network);
        let mut score = Score { set: set.name, ..Score::default() };
        for query in &truth(data, set, "truth.json") {
            let place = Coord { x: query["x"].as_f64().unwrap(), y: query["y"].as_f64().unwrap() };
            let start = network.place_near(&index, place, 5.0, "query").unwrap();
            let (ours, wanted) = (found(&network, &start), wanted(query));
            let is_shown = as_shown.upstream(query["node"].as_str().unwrap()) == wanted;
            if std::env::var_os("SUYUAN_EXPLAIN").is_some() && ours != wanted {
                println!(
                    "  {} {} clean={} got {} want {} extra {:?} missing {:?} snap {:.3} shown so {is_shown}",
                    set.name,
                    query["node"],
                    query["clean"],
                    ours.len(),
                    wanted.len(),
                    ours.difference(&wanted).take(4).collect::<Vec<_>>(),
                    wanted.difference(&ours).take(4).collect::<Vec<_>>(),
                    start.snap
                );
            }
            let is_clean = query["clean"] == true;
            let naive = query["naive_exact"]["equal"] == true;
            let right = ours == wanted;
            score.all += 1;
            score.ours += usize::from(right);
            score.naive += usize::from(naive);
            score.clean += usize::from(is_clean);
            score.ours_clean += usize::from(is_clean && right);
            score.naive_clean += usize::from(is_clean && naive);
            score.shown += usize::from(is_clean && is_shown);
            score.ours_shown += usize::from(is_clean && is_shown && right);
            score.naive_shown += usize::from(is_clean && is_shown && naive);
        }
        println!(
            "{:22} {:4} {:5} {:5}   {:5} {:5} {:5}   {:12} {:5} {:5}",
            set.name,
            score.all,
            score.ours,
            score.naive,
            score.clean,
            score.ours_clean,
            score.naive_clean,
            score.shown,
            score.ours_shown,
            score.naive_shown
        );
        scores.push(score);
    }
    scores
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
