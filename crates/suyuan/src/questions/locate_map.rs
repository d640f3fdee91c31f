//! A search as layers: how probable the source is on each pipe, the likeliest places, the tests, the manholes to open next.

use std::collections::{BTreeSet, HashMap};

use suyuan_core::raw::ShapeKind;
use suyuan_core::{Coord, Language};
use suyuan_export::{Look, Package};
use suyuan_locate::Spot;
use suyuan_network::ReachId;

use super::LocateAnswer;
use crate::answer::round;
use crate::city::City;
use crate::package::{lies_around, places, run_info};
use crate::rows::{Kind, Rows};

fn reach_of(spot: Spot) -> Option<ReachId> {
    match spot {
        Spot::Reach(reach) => Some(reach),
        Spot::Node(_) | Spot::Elsewhere => None,
    }
}

/// The probability of pipes and manholes, the tests, and the manholes to open next, as layers.
#[must_use]
pub fn locate_package(city: &City, answer: &LocateAnswer, language: Language) -> Package {
    let network = &city.network;
    let group = language.pick("Search", "排查定位");
    let mut next = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("number", "Number", "序号", Kind::Integer),
            ("node", "Node", "管点", Kind::Text),
            ("upstream", "Probability that the source lies upstream", "污染源在其上游的概率", Kind::Real),
            ("bits", "Information (bits)", "信息量(比特)", Kind::Real),
            ("minutes", "Cost (minutes)", "耗时(分钟)", Kind::Real),
        ],
    );
    for (visit, told) in answer.visits.iter().zip(&answer.next) {
        next.integer("number", told.rank as i64)
            .text("node", &told.at.id)
            .exact("upstream", told.upstream)
            .exact("bits", told.bits)
            .exact("minutes", told.minutes);
        match network.node(visit.node).place {
            Some(place) => next.shape([[place].as_slice()]),
            None => next.shape([]),
        }
    }
    let next = next.table("next", language.pick("Open next", "建议开井"), group, Look::Plugs);
    let mut tests = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("id", "Id", "编号", Kind::Text),
            ("outcome", "Found", "结果", Kind::Text),
            ("wrong", "Probability that it is wrong", "误判概率", Kind::Real),
        ],
    );
    for test in &answer.observations {
        tests.text("id", &test.id).text("outcome", test.outcome).exact("wrong", test.wrong);
        match test.at.x.zip(test.at.y) {
            Some((x, y)) => tests.shape([[Coord { x, y }].as_slice()]),
            None => tests.shape([]),
        }
    }
    let tests = tests.table("tests", language.pick("Tests", "检测点"), group, Look::Tests);
    let mut pipes = Rows::new(
        ShapeKind::Line,
        language,
        &[
            ("pipe", "Pipe", "管段编号", Kind::Text),
            ("from_node", "Upper node", "上游管点", Kind::Text),
            ("to_node", "Lower node", "下游管点", Kind::Text),
            (
                "probability",
                "Probability of the source, upper manhole included",
                "污染源概率(含上游井)",
                Kind::Real,
            ),
        ],
    );
    // A manhole's own probability goes to the pipes that take its water on to the start, else to those that bring it.
    let mut shares: HashMap<ReachId, f64> = HashMap::new();
    let in_area: BTreeSet<ReachId> =
        answer.probabilities.iter().filter_map(|(spot, _)| reach_of(*spot)).collect();
    for (place, p) in &answer.probabilities {
        let Spot::Node(node) = place else { continue };
        let known =
            |reaches: &[ReachId]| reaches.iter().copied().filter(|r| in_area.contains(r)).collect::<Vec<_>>();
        let mut reaches = known(network.outgoing(*node));
        if reaches.is_empty() {
            reaches = known(network.incoming(*node));
        }
        for reach in &reaches {
            *shares.entry(*reach).or_default() += p / reaches.len() as f64;
        }
    }
    let mut drawn = vec![false; network.reach_count()];
    for (place, p) in &answer.probabilities {
        let Spot::Reach(id) = place else { continue };
        let reach = network.reach(*id);
        let probability = p + shares.get(id).copied().unwrap_or(0.0);
        pipes
            .text("pipe", network.pipe_name(reach.pipe))
            .text("from_node", network.node(reach.from).name)
            .text("to_node", network.node(reach.to).name)
            .exact("probability", round(probability, 6));
        let line = network.line_along_flow(*id);
        if line.len() < 2 {
            pipes.shape([]);
        } else {
            pipes.shape([line.as_slice()]);
        }
        drawn[id.index()] = true;
    }
    let title = language.pick("Probability of the source", "污染源概率");
    let pipes = pipes.table("probability", title, group, Look::Probability);
    let mut likeliest = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("rank", "Rank", "排名", Kind::Integer),
            ("name", "Place", "位置", Kind::Text),
            ("drainer", "Likeliest drainer there", "该处最可能的排水户", Kind::Text),
            ("probability", "Probability of the source", "污染源概率", Kind::Real),
        ],
    );
    for (told, (place, drainer)) in answer.places.iter().zip(&answer.listed) {
        let line;
        let at = match place {
            Spot::Node(node) => network.node(*node).place,
            Spot::Reach(reach) => {
                line = network.line_along_flow(*reach);
                line.get(line.len() / 2).copied()
            }
            Spot::Elsewhere => None,
        };
        let Some(at) = at else { continue };
        likeliest
            .integer("rank", told.rank as i64)
            .text("name", &told.id)
            .text("drainer", drainer)
            .exact("probability", told.probability);
        likeliest.shape([[at].as_slice()]);
    }
    let title = language.pick("Likeliest places", "最可能的位置");
    let likeliest = likeliest.table("likeliest", title, group, Look::Candidates);
    let mut tables = vec![places([&answer.start], language, group), next, likeliest, tests, pipes];
    tables.extend(lies_around(city, &tables, &drawn, language));
    Package {
        title: format!("{} {}", language.pick("suyuan locate", "排查定位"), answer.start.id),
        crs: network.crs().clone(),
        language,
        tables,
        focus: Some("probability".to_owned()),
        run_info: run_info(city),
    }
}
