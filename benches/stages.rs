//! Times each step on a city from disk and checks its answer, one JSON line a stage.
//!
//! ```text
//! suyuan-stages --data FOLDER --log FILE --tmp FOLDER [--stages ABEFCGD]
//! ```
//!
//! The folder holds `pipes`, `outfalls`, `drainers` and `venues` as shapefiles, `truth.csv` with the answer of each
//! outfall and `truth.json` with those of the other stages. A read; B topology at 0.2 m; M topology as by default: tolerance
//! by the survey's own scatter and the model of directions, both without the rules of survey offices, which no other tool
//! checks; E drainers to their nearest pipe within 15 m; F outfalls within 1 km of venues, geodesic; C one trace, ids handed
//! out; G the largest trace with every attribute as a styled GeoPackage; D every outfall, ids and numbers of drainers; P a
//! prepared file opened and its largest trace handed out.
#![expect(clippy::unwrap_used, reason = "a benchmark stops where its data is not as it says")]

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use suyuan::attribution::{Drainers, JoinConfig, Trades, join_drainers};
use suyuan::core::Coord;
use suyuan::core::crs::Transform;
use suyuan::export::{WriteOptions, write_package};
use suyuan::network::{NearestPipe, Network, OutfallId, PipeId, build_network};
use suyuan::read::read_survey;
use suyuan::trace::{Sums, TraceIndex};
use suyuan::venue::{OutfallSite, Shape, VenueConfig, VenueSite, check_venues};
use suyuan::{
    Background, BuildConfig, City, CitySpec, DirectBy, JoinBy, Language, LayerSpec, RawSurvey, ReadOptions,
    Role, SnapTolerance, TraceRequest, trace_package,
};

/// How often a stage that is over at once is repeated; its median counts.
const REPEATS: usize = 5;

struct Clock {
    log: PathBuf,
}

/// Highest resident memory since it was last reset, MB.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Seconds of all cores so far, in hundredths.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

impl Clock {
    fn write(&self, line: &Value) {
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        writeln!(log, "{line}").unwrap();
    }

    /// Times `work`, then tells the time and what `check` says of its result.
    fn stage<T>(
        &self,
        name: &str,
        repeats: usize,
        mut work: impl FnMut() -> T,
        check: impl FnOnce(&T) -> String,
    ) -> T {
        let _ = fs::write("/proc/self/clear_refs", "5");
        self.write(&json!({ "begin": name }));
        let mut seconds = Vec::new();
        let cpu = cpu_seconds();
        let mut result = None;
        for _ in 0..repeats {
            drop(result.take());
            let start = Instant::now();
            result = Some(work());
            seconds.push(start.elapsed().as_secs_f64());
        }
        let cpu = (cpu_seconds() - cpu) / repeats as f64;
        let peak = peak_mb();
        seconds.sort_by(f64::total_cmp);
        let result = result.unwrap();
        let check = check(&result);
        let (median, best) = (seconds[repeats / 2], seconds[0]);
        self.write(&json!({
            "stage": name, "s": median, "best": best, "cpu_s": cpu, "n": repeats, "peak_mb": peak, "check": check,
        }));
        eprintln!("{name}: {median:.6} s, {cpu:.2} s of all cores, {peak:.0} MB, {check}");
        result
    }
}

/// The number in `P000012345`.
fn number(id: &str) -> u32 {
    id[1..].parse().unwrap()
}

fn hash(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut hash = Sha256::new();
    for n in numbers {
        hash.update(n.to_le_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn hash_of_ids(ids: &[&str]) -> String {
    let mut numbers: Vec<u32> = ids.iter().map(|id| number(id)).collect();
    numbers.sort_unstable();
    hash(numbers)
}

/// What `truth.csv` says of an outfall.
struct Truth {
    pipes: usize,
    drainers: usize,
    hash: String,
}

fn read_truth(path: &Path) -> HashMap<String, Truth> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim().split(',').collect();
        let truth = Truth {
            pipes: cells[1].parse().unwrap(),
            drainers: cells[3].parse().unwrap(),
            hash: cells[4].to_owned(),
        };
        (cells[0].to_owned(), truth)
    };
    text.lines().skip(1).map(row).collect()
}

fn ok_or(right: bool, otherwise: impl FnOnce() -> String) -> String {
    if right { "ok".to_owned() } else { otherwise() }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given: HashMap<&str, &str> = arguments.chunks(2).map(|p| (p[0].as_str(), p[1].as_str())).collect();
    let folder = PathBuf::from(given["--data"]);
    let stages = given.get("--stages").copied().unwrap_or("ABEFCGD");
    let file = |name: &str| folder.join(name).with_extension("shp");
    let read = |layers: &[(Role, &str)]| {
        let specs: Vec<LayerSpec> = layers.iter().map(|(r, n)| LayerSpec::new(*r, file(n))).collect();
        read_survey(&specs, &ReadOptions::default()).unwrap()
    };
    let truth: Value = serde_json::from_str(&fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    let rows = read_truth(&folder.join("truth.csv"));
    let clock = Clock { log: given["--log"].into() };

    let survey = clock.stage(
        "A",
        1,
        || read(&[(Role::Pipes, "pipes"), (Role::Outfalls, "outfalls")]),
        |_: &RawSurvey| String::new(),
    );
    if stages == "A" {
        return;
    }
    // As other tools do it: one tolerance, levels before drawn order.
    let config = BuildConfig {
        snap: SnapTolerance::Metres(0.2),
        join: JoinBy::Geometry,
        direct: DirectBy::Stated,
        rules: false,
        ..BuildConfig::automatic()
    };
    let (network, findings, index) = clock.stage(
        "B",
        1,
        || {
            let (network, findings) = build_network(&survey, &config).unwrap();
            let index = TraceIndex::new(&network);
            (network, findings, index)
        },
        |_| String::new(),
    );

    if stages.contains('M') {
        let config = BuildConfig { join: JoinBy::Geometry, rules: false, ..BuildConfig::automatic() };
        let modelled = clock.stage("M", 1, || build_network(&survey, &config).unwrap(), |_| String::new());
        drop(modelled);
    }

    let mut behind = None;
    if stages.contains('E') {
        let wanted = truth["attach_sha256"].as_str().unwrap();
        let joined = clock.stage(
            "E",
            1,
            || {
                // A survey has lines: the rivers, which are few.
                let survey = read(&[(Role::Pipes, "rivers"), (Role::Drainers, "drainers")]);
                let nearest = NearestPipe::new(&network);
                let config = JoinConfig { reach: 15.0, ..JoinConfig::automatic() };
                let joined = join_drainers(&survey, &nearest, &config).0;
                let sums = drainer_sums(&network, &index, &joined);
                (joined, sums)
            },
            |(joined, _)| {
                let mut pipes = vec![0u32; joined.len()];
                for (_, drainer) in joined.iter() {
                    let pipe = drainer.link.and_then(|l| l.pipe);
                    pipes[drainer.origin.row as usize] = pipe.map_or(0, |p| number(network.pipe_name(p)));
                }
                let attached = pipes.iter().filter(|p| **p > 0).count();
                ok_or(hash(pipes) == wanted, || format!("{attached} attached (set differs)"))
            },
        );
        behind = Some(joined.1);
    }
    if stages.contains('F') {
        let wanted = truth["venue_pairs"].as_u64().unwrap();
        let degrees = Transform::new(network.crs(), &network.crs().geographic_twin()).unwrap();
        let sites = network.outfall_ids().map(|o| network.outfall(o));
        let outfalls: Vec<OutfallSite> = sites
            .map(|o| OutfallSite {
                id: o.id.clone(),
                place: degrees.apply(o.place.unwrap()).unwrap(),
                water: String::new(),
            })
            .collect();
        let within = |planar: f64| {
            let survey = read(&[(Role::Pipes, "rivers"), (Role::Venues, "venues")]);
            let (_, layer) = survey.layers_of(Role::Venues).next().unwrap();
            let venues: Vec<_> = (0..layer.len()).map(|row| layer.shapes.point(row).unwrap()).collect();
            let places = network.outfall_ids().map(|o| network.outfall(o).place.unwrap());
            let near = |o: &Coord<f64>| {
                venues.iter().filter(|v| (v.x - o.x).hypot(v.y - o.y) <= planar).count() as u64
            };
            places.map(|o| near(&o)).sum::<u64>()
        };
        clock.stage(
            "F",
            REPEATS,
            || {
                // A survey has lines: the rivers, which are few.
                let survey = read(&[(Role::Pipes, "rivers"), (Role::Venues, "venues")]);
                let (_, layer) = survey.layers_of(Role::Venues).next().unwrap();
                let venues: Vec<VenueSite> = (0..layer.len())
                    .map(|row| VenueSite {
                        id: layer.id(row).into_owned(),
                        name: String::new(),
                        radius: 1000.0,
                        shape: Shape::point(degrees.apply(layer.shapes.point(row).unwrap()).unwrap()),
                    })
                    .collect();
                let reports = check_venues(&venues, &outfalls, &[], VenueConfig::automatic());
                reports.iter().map(|r| r.outfalls.len() as u64).sum::<u64>()
            },
            // The truth is planar; a geodesic kilometre is one of up to a metre less or more on the plane.
            |found| {
                let right = within(1000.0) == wanted && (within(999.0)..=within(1001.0)).contains(found);
                ok_or(right, || format!("{found} pairs of {wanted} planar ones"))
            },
        );
    }
    let place = |o: OutfallId| network.place_of_outfall(o, 1.0).unwrap();
    let length = Sums::new(&network, &index, |_| 0.0, |r| network.reach(r).length()).unwrap();
    let right = |id: &str, found: &[PipeId]| {
        let names: Vec<&str> = found.iter().map(|p| network.pipe_name(*p)).collect();
        found.len() == rows[id].pipes && hash_of_ids(&names) == rows[id].hash
    };
    if stages.contains('C') {
        for which in ["median", "p95", "largest"] {
            let id = truth["pick"][which].as_str().unwrap();
            let start = place(network.find_outfall(id).unwrap());
            clock.stage(
                &format!("C_{which}"),
                REPEATS,
                || {
                    let above = index.upstream_of(&network, &start);
                    (above.pipes(&network), length.over(&network, &above))
                },
                |(found, _)| {
                    ok_or(right(id, found), || format!("{} of {} pipes", found.len(), rows[id].pipes))
                },
            );
        }
    }
    if stages.contains('G') || stages.contains('P') {
        let city = City {
            layer_names: Vec::new(),
            spec: CitySpec::default(),
            survey: Some(survey),
            network: network.clone(),
            drainers: Drainers::default(),
            trades: Trades::shipped(),
            findings: findings.into(),
            sources: Vec::new(),
            index: index.clone().into(),
            prepared: None,
        };
        if stages.contains('P') {
            let prepared = Path::new(given["--tmp"]).join("stages.suyuan");
            city.save(&prepared, true).unwrap();
            let id = truth["pick"]["largest"].as_str().unwrap();
            clock.stage(
                "P_open_and_trace",
                REPEATS,
                || {
                    let (city, _) = City::load(&prepared).unwrap();
                    let start = city.network.place_of_outfall(city.network.find_outfall(id).unwrap(), 1.0);
                    let pipes =
                        city.trace_index().upstream_of(&city.network, &start.unwrap()).pipes(&city.network);
                    city.check_intact().unwrap();
                    pipes
                },
                |found| ok_or(right(id, found), || format!("{} of {} pipes", found.len(), rows[id].pipes)),
            );
            let _ = fs::remove_file(&prepared);
        }
        if stages.contains('G') {
            let id = truth["pick"]["largest"].as_str().unwrap();
            let target = Path::new(given["--tmp"]).join("stages.gpkg");
            let options = WriteOptions {
                overwrite: true,
                project: true,
                shapefile: suyuan::export::ShapefileOptions::utf8(),
            };
            clock.stage(
                "G",
                1,
                || {
                    let answer = city.trace(id, &TraceRequest::default()).unwrap();
                    let package = trace_package(&city, &[answer], Background::LeftOut, Language::English);
                    write_package(&package, &target, options).unwrap();
                    package.tables.iter().find(|t| t.name == "traced_pipes").map_or(0, |t| t.len())
                },
                |written| {
                    ok_or(*written == rows[id].pipes, || format!("{written} of {} features", rows[id].pipes))
                },
            );
        }
    }
    if let (true, Some(behind)) = (stages.contains('D'), behind) {
        let all: Vec<OutfallId> = network.outfall_ids().collect();
        clock.stage(
            "D",
            1,
            || {
                let answer = |outfall: &OutfallId| {
                    let above = index.upstream_of(&network, &place(*outfall));
                    let drainers = behind.over(&network, &above);
                    (above.pipes(&network), drainers, length.over(&network, &above))
                };
                all.par_iter().map(answer).collect::<Vec<_>>()
            },
            |answers| {
                let (mut asked, mut sets, mut counts) = (0, 0, 0);
                for (outfall, (found, behind, _)) in all.iter().zip(answers) {
                    let id = &network.outfall(*outfall).id;
                    let Some(row) = rows.get(id) else { continue };
                    asked += 1;
                    sets += usize::from(right(id, found));
                    counts += usize::from(*behind == row.drainers as f64);
                }
                ok_or(sets == asked && counts == asked && asked > 0, || {
                    format!("{sets} of {asked} outfalls exact, {counts} numbers of drainers")
                })
            },
        );
    }
}

/// How many drainers enter on each reach and at each node, to be summed over what lies upstream.
fn drainer_sums<'a>(network: &Network, index: &'a TraceIndex, drainers: &Drainers) -> Sums<'a> {
    let on = |r| drainers.on_reach(r).len() as f64;
    Sums::new(network, index, |n| drainers.at_node(n).len() as f64, on).unwrap()
}
