//! Real surveys made worse: what is still answered as before.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::BTreeSet;

use suyuan_core::{Coord, RawSurvey};
use suyuan_journeys::damage::{Lots, forget_levels, move_ends, turn_lines, with_sentinels};
use suyuan_journeys::{SETS, found, read_set, shared_data, truth, wanted};
use suyuan_network::{BuildConfig, JoinBy, NearestPipe, build_network};

/// The pipes above each place.
fn answers(survey: &RawSurvey, places: &[Coord<f64>]) -> Vec<BTreeSet<String>> {
    let config = BuildConfig { join: JoinBy::Geometry, ..BuildConfig::automatic() };
    let (network, _) = build_network(survey, &config).unwrap();
    let index = NearestPipe::new(&network);
    let answer = |place: &Coord<f64>| {
        network
            .place_near(&index, *place, 5.0, "query")
            .map_or_else(|_| BTreeSet::new(), |p| found(&network, &p))
    };
    places.iter().map(answer).collect()
}

type Damage = fn(&mut RawSurvey, &mut Lots);

/// Reads a survey anew with markers among its levels.
fn mark(survey: &mut RawSurvey, share: f64, lots: &mut Lots) {
    let folder = tempfile::tempdir().unwrap();
    *survey = with_sentinels(survey, share, lots, folder.path());
}

#[test]
fn damaged_surveys_are_answered_nearly_as_well() {
    let Some(data) = shared_data() else { return };
    let damages: [(&str, Damage); 8] = [
        ("ends moved by up to 10 cm", |s, lots| move_ends(s, 0.1, lots)),
        ("ends moved by up to 30 cm", |s, lots| move_ends(s, 0.3, lots)),
        ("30 % of levels forgotten", |s, lots| forget_levels(s, 0.3, lots)),
        ("2 % of levels are markers", |s, lots| mark(s, 0.02, lots)),
        ("8 % of lines turned", |s, lots| drop(turn_lines(s, 0.08, true, lots))),
        ("40 % of lines turned", |s, lots| drop(turn_lines(s, 0.4, true, lots))),
        ("8 % turned without levels", |s, lots| drop(turn_lines(s, 0.08, false, lots))),
        ("40 % turned without levels", |s, lots| drop(turn_lines(s, 0.4, false, lots))),
    ];
    let (mut moved, mut marked) = ((0, 0), (0, 0));
    println!("{:22} {:28} {:>7} {:>13} {:>12}", "", "", "queries", "right before", "right after");
    for set in &SETS {
        let survey = read_set(&data, set);
        let queries = truth(&data, set, "truth.json");
        let places: Vec<Coord<f64>> = queries
            .iter()
            .map(|q| Coord { x: q["x"].as_f64().unwrap(), y: q["y"].as_f64().unwrap() })
            .collect();
        let before = answers(&survey, &places);
        for (what, damage) in damages {
            let (mut all, mut first, mut after, mut same) = (0, 0, 0, 0);
            for seed in 0..10 {
                let mut survey = survey.clone();
                damage(&mut survey, &mut Lots(seed));
                for (q, ours) in answers(&survey, &places).iter().enumerate() {
                    let wanted = wanted(&queries[q]);
                    all += 1;
                    first += usize::from(before[q] == wanted);
                    after += usize::from(*ours == wanted);
                    same += usize::from(*ours == before[q]);
                }
            }
            if what.starts_with("ends moved") {
                moved = (moved.0 + first, moved.1 + after);
            }
            if what.ends_with("markers") {
                marked = (marked.0 + first, marked.1 + after);
            }
            println!(
                "{:22} {what:28} {all:7} {first:13} {after:12}  as before {:6.2} %",
                set.name,
                100.0 * same as f64 / f64::from(all)
            );
        }
    }
    assert!(marked.0 > 1700 && marked.1 * 100 >= marked.0 * 99, "{marked:?} right before and after markers");
    assert!(moved.0 > 1700 && moved.1 * 100 >= moved.0 * 97, "{moved:?} right before and after ends moved");
}
