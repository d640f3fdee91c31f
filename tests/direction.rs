//! Decided directions against the node ids of real networks, the ids themselves unread.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::BTreeMap;
use std::fmt::Write;

use suyuan_core::raw::Field;
use suyuan_core::{Certainty, RawSurvey};
use suyuan_journeys::damage::{Lots, Row, turn_lines};
use suyuan_journeys::{SETS, read_set, shared_data};
use suyuan_network::{BuildConfig, JoinBy, Network, build_network};

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

/// What is decided of a pipe, and whether it is so.
struct Told {
    right: bool,
    certainty: Certainty,
    probability: f64,
    turned: bool,
    /// Whether its levels fall clearly.
    clear: bool,
}

/// How the directions of every pipe that the truth knows fare.
fn fare(survey: &RawSurvey, truth: &BTreeMap<Row, bool>, turned: &BTreeMap<Row, bool>) -> Vec<Told> {
    let config = BuildConfig { join: JoinBy::Geometry, ..BuildConfig::automatic() };
    let (network, _) = build_network(survey, &config).unwrap();
    let decided = with_drawn(&network);
    truth
        .iter()
        .filter_map(|(row, with)| {
            let (ours, certainty, probability) = decided.get(row)?;
            let turned = turned.get(row).copied().unwrap_or(false);
            let (layer, at) = (&survey.layers[row.0 as usize], row.1 as usize);
            let levels = [Field::InvertFrom, Field::InvertTo].map(|f| layer.number(f, at));
            let clear = matches!(levels, [Some(a), Some(b)] if (a - b).abs() >= 0.05);
            let right = *ours == (*with != turned);
            if std::env::var_os("SUYUAN_EXPLAIN").is_some() && !right {
                println!("  wrong: {} {certainty} {probability:.3} turned {turned}", layer.id(at));
            }
            Some(Told { right, certainty: *certainty, probability: *probability, turned, clear })
        })
        .collect()
}

/// How many there are and how many are right, in percent.
fn share<'a>(of: impl Iterator<Item = &'a Told>) -> (usize, f64) {
    let (mut all, mut right) = (0, 0);
    for told in of {
        all += 1;
        right += usize::from(told.right);
    }
    (all, 100.0 * right as f64 / all.max(1) as f64)
}

fn tell(set: &str, what: &str, told: &[Told]) {
    let (all, right) = share(told.iter());
    let (certain, certainly) = share(told.iter().filter(|t| t.certainty == Certainty::Certain));
    let (clear, recovered) = share(told.iter().filter(|t| t.turned && t.clear));
    let error = 100.0 * calibration_error(told);
    println!(
        "{set:22} {what:24} {all:5} pipes {right:6.2} % right; {certain:5} certain {certainly:6.2} %; \
         {clear:4} turned with clear levels {recovered:6.2} %; calibration error {error:5.2} %"
    );
}

/// Pipes by probability in steps of five percent from one half: how many, their mean probability, the share that is right.
fn bins(told: &[Told]) -> Vec<(usize, f64, f64)> {
    let mut bins = [(0usize, 0.0, 0.0); 10];
    for t in told {
        let bin = &mut bins[(((t.probability - 0.5) * 20.0) as usize).min(9)];
        *bin = (bin.0 + 1, bin.1 + t.probability, bin.2 + f64::from(u8::from(t.right)));
    }
    bins.iter().filter(|b| b.0 > 0).map(|(n, p, r)| (*n, p / *n as f64, r / *n as f64)).collect()
}

/// Expected calibration error: how far the share that is right lies from the probability told, over all pipes.
fn calibration_error(told: &[Told]) -> f64 {
    bins(told).iter().map(|(n, p, right)| *n as f64 * (p - right).abs()).sum::<f64>()
        / told.len().max(1) as f64
}

/// The reliability curve as a picture.
fn reliability_svg(told: &[Told]) -> String {
    let x = |p: f64| 60.0 + (p - 0.5) * 800.0;
    let y = |r: f64| 440.0 - (r - 0.4) * 700.0;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 500 500\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"500\" height=\"500\" fill=\"white\"/>\n",
    );
    for step in 0..=5 {
        let (p, r) = (0.5 + 0.1 * f64::from(step), 0.5 + 0.1 * f64::from(step));
        let _ = writeln!(
            svg,
            "<path d=\"M{0} {1}V{2}M{3} {4}H{5}\" stroke=\"#ddd\"/><text x=\"{0}\" y=\"460\" text-anchor=\"middle\">{p:.1}</text>\
             <text x=\"50\" y=\"{6}\" text-anchor=\"end\">{r:.1}</text>",
            x(p),
            y(0.4),
            y(1.0),
            x(0.5),
            y(r),
            x(1.0),
            y(r) + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{} {}L{} {}\" stroke=\"#999\" stroke-dasharray=\"5 4\"/>",
        x(0.5),
        y(0.5),
        x(1.0),
        y(1.0)
    );
    for (n, p, right) in bins(told) {
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"#2171b5\" fill-opacity=\"0.75\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#08306b\" font-size=\"11\">{n}</text>",
            x(p),
            y(right),
            3.0 + (n as f64).sqrt() / 12.0,
            x(p) - 34.0 - (n as f64).sqrt() / 12.0,
            y(right) + 4.0
        );
    }
    svg.push_str(
        "<text x=\"260\" y=\"488\" text-anchor=\"middle\">probability told</text>\
         <text transform=\"translate(16 240)rotate(-90)\" text-anchor=\"middle\">share that is right</text></svg>\n",
    );
    svg
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
            for (bare, with_levels) in [(false, true), (false, false), (true, true)] {
                if (!bare && !levels) || (share == 0.0 && !with_levels) {
                    continue;
                }
                let mut told = Vec::new();
                for seed in 0..seeds {
                    let mut survey = survey.clone();
                    let turned = turn_lines(&mut survey, share, with_levels, &mut Lots(seed));
                    for layer in &mut survey.layers {
                        layer.columns.retain(|f, _| match f {
                            Field::Id => true,
                            Field::FlowDirection => false,
                            _ => !bare,
                        });
                    }
                    told.extend(fare(&survey, &truth, &turned));
                }
                let what = match (bare, with_levels) {
                    (true, _) => "lines alone",
                    (false, true) => "with levels",
                    (false, false) => "levels left behind",
                };
                tell(set.name, &format!("{:2.0} % turned, {what}", 100.0 * share), &told);
                everything.extend(told);
            }
        }
    }
    tell("all", "", &everything);
    if std::env::var_os("SUYUAN_DRAW").is_some() {
        let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures/reliability.svg");
        std::fs::write(picture, reliability_svg(&everything)).unwrap();
    }
    let certain = share(everything.iter().filter(|t| t.certainty == Certainty::Certain));
    assert!(certain.0 > 10_000 && certain.1 >= 99.5, "{certain:?} of the certain directions are right");
    let recovered = share(everything.iter().filter(|t| t.turned && t.clear));
    assert!(
        recovered.0 > 500 && recovered.1 >= 95.0,
        "{recovered:?} of turned lines with clear levels are right"
    );
    assert!(calibration_error(&everything) <= 0.03);
}
