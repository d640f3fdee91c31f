//! Decided directions against the node ids of real networks, the ids themselves unread.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::BTreeMap;

use suyuan_core::raw::{Column, Field, Shapes};
use suyuan_core::{Certainty, RawSurvey, Role};
use suyuan_journeys::{SETS, Set, read_set, shared_data};
use suyuan_network::{BuildConfig, JoinBy, Network, build_network};

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A pipe: its layer and row.
type Row = (u16, u32);

/// Whether the water runs as each pipe is drawn, by the first stretch of it.
fn with_drawn(network: &Network) -> BTreeMap<Row, (bool, Certainty, f64)> {
    let mut found = BTreeMap::new();
    for pipe in network.pipe_ids() {
        let origin = network.pipe(pipe).origin;
        if let Some(reach) = network.reaches_of(pipe).next().map(|r| network.reach(r)) {
            let row = (reach.with_drawn, reach.certainty, f64::from(reach.probability));
            found.insert((origin.layer, origin.row), row);
        }
    }
    found
}

/// Which way each pipe with both node ids runs, by these.
fn truth(survey: &RawSurvey) -> BTreeMap<Row, bool> {
    let config = BuildConfig { join: JoinBy::Ids, ..BuildConfig::automatic() };
    let (network, _) = build_network(survey, &config).unwrap();
    let mut truth: BTreeMap<Row, bool> =
        with_drawn(&network).into_iter().map(|(row, told)| (row, told.0)).collect();
    truth.retain(|(layer, row), _| {
        let layer = &survey.layers[*layer as usize];
        [Field::FromNode, Field::ToNode].iter().all(|f| layer.text(*f, *row as usize).is_some())
    });
    truth
}

/// Draws a share of the lines the other way, levels with them; returns which.
fn turn_lines(survey: &mut RawSurvey, share: f64, lots: &mut Lots) -> BTreeMap<Row, bool> {
    let mut all = BTreeMap::new();
    for (l, layer) in survey.layers.iter_mut().enumerate().filter(|(_, l)| l.role == Role::Pipes) {
        let turned: Vec<bool> = (0..layer.len()).map(|_| lots.next() < share).collect();
        let mut shapes = Shapes::new(layer.shapes.kind());
        for (row, turned) in turned.iter().enumerate() {
            let mut parts: Vec<Vec<_>> = layer.shapes.parts(row).map(<[_]>::to_vec).collect();
            if *turned {
                parts.iter_mut().for_each(|p| p.reverse());
            }
            shapes.push(parts.iter().map(Vec::as_slice));
        }
        layer.shapes = shapes;
        for (a, b) in [
            (Field::InvertFrom, Field::InvertTo),
            (Field::DepthFrom, Field::DepthTo),
            (Field::GroundFrom, Field::GroundTo),
        ] {
            let (Some(Column::Number(mut from)), Some(Column::Number(mut to))) =
                (layer.columns.get(&a).cloned(), layer.columns.get(&b).cloned())
            else {
                continue;
            };
            for row in (0..turned.len()).filter(|r| turned[*r]) {
                std::mem::swap(&mut from[row], &mut to[row]);
            }
            layer.columns.insert(a, Column::Number(from));
            layer.columns.insert(b, Column::Number(to));
        }
        all.extend(turned.into_iter().enumerate().map(|(row, t)| ((l as u16, row as u32), t)));
    }
    all
}

/// How directions fare: (probability, right, certain, turned) of every pipe that the truth knows.
fn fare(survey: &RawSurvey, truth: &BTreeMap<Row, bool>, turned: &BTreeMap<Row, bool>) -> Vec<Told> {
    let config = BuildConfig { join: JoinBy::Geometry, ..BuildConfig::automatic() };
    let (network, _) = build_network(survey, &config).unwrap();
    let decided = with_drawn(&network);
    truth
        .iter()
        .filter_map(|(row, with)| {
            let (ours, certainty, probability) = decided.get(row)?;
            let turned = turned.get(row).copied().unwrap_or(false);
            if std::env::var_os("SUYUAN_EXPLAIN").is_some() && *ours != (*with != turned) {
                let id = survey.layers[row.0 as usize].id(row.1 as usize);
                println!("  wrong: {id} {certainty} {probability:.3} turned {turned}");
            }
            Some(Told {
                right: *ours == (*with != turned),
                certainty: *certainty,
                probability: *probability,
                turned,
            })
        })
        .collect()
}

struct Told {
    right: bool,
    certainty: Certainty,
    probability: f64,
    turned: bool,
}

fn share(of: &[&Told]) -> f64 {
    of.iter().filter(|t| t.right).count() as f64 / of.len().max(1) as f64
}

fn tell(set: &Set, what: &str, told: &[Told]) {
    let all: Vec<&Told> = told.iter().collect();
    let certain: Vec<&Told> = told.iter().filter(|t| t.certainty == Certainty::Certain).collect();
    let turned: Vec<&Told> = told.iter().filter(|t| t.turned).collect();
    println!(
        "{:22} {what:30} {:5} pipes {:6.2} % right; {:5} certain {:6.2} %; {:5} turned {:6.2} %; ece {:5.2} %",
        set.name,
        all.len(),
        100.0 * share(&all),
        certain.len(),
        100.0 * share(&certain),
        turned.len(),
        100.0 * share(&turned),
        100.0 * calibration_error(told),
    );
}

/// Expected calibration error over ten bins of probability.
fn calibration_error(told: &[Told]) -> f64 {
    let mut bins: BTreeMap<usize, (f64, f64, f64)> = BTreeMap::new();
    for t in told {
        let bin = bins.entry(((t.probability * 20.0) as usize).min(19)).or_default();
        bin.0 += 1.0;
        bin.1 += t.probability;
        bin.2 += f64::from(u8::from(t.right));
    }
    bins.values().map(|(_, p, right)| (p - right).abs()).sum::<f64>() / told.len().max(1) as f64
}

#[test]
fn directions_agree_with_node_ids() {
    let Some(data) = shared_data() else { return };
    let mut everything = Vec::new();
    for set in &SETS {
        let survey = read_set(&data, set);
        let truth = truth(&survey);
        let levels = survey.layers.iter().any(|l| l.columns.contains_key(&Field::InvertFrom));
        for (share, seeds) in [(0.0, 1), (0.08, 3), (0.4, 3)] {
            for bare in [false, true] {
                if !bare && !levels {
                    continue;
                }
                let mut told = Vec::new();
                for seed in 0..seeds {
                    let mut survey = survey.clone();
                    let turned = turn_lines(&mut survey, share, &mut Lots(seed));
                    for layer in &mut survey.layers {
                        layer.columns.retain(|f, _| {
                            !(bare && !matches!(f, Field::Id) || matches!(f, Field::FlowDirection))
                        });
                    }
                    told.extend(fare(&survey, &truth, &turned));
                }
                let what = format!(
                    "{:2.0} % turned, {}",
                    100.0 * share,
                    if bare { "lines alone" } else { "with levels" }
                );
                tell(set, &what, &told);
                everything.extend(told);
            }
        }
    }
    tell(&Set { name: "all", pipes: &[] }, "", &everything);
}
