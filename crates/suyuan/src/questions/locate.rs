//! Where the source is, by what was found where, and which manhole to open next.

use std::collections::HashMap;

use serde::Serialize;
use suyuan_attribution::{Candidate, rank_candidates};
use suyuan_core::raw::ShapeKind;
use suyuan_core::{Coord, Language};
use suyuan_export::{Look, Package};
use suyuan_locate::{
    Costs, ErrorRates, Explanation, Locator, Observation, Outcome, Prior, SearchArea, Spot, Visit, entropy,
    huffman, next_visits, settled_at,
};
use suyuan_network::{Place, PlaceKind};
use suyuan_read::{LogEntry, LogMethod, day_of};
use suyuan_trace::trace_upstream;

use super::{SpotAnswer, find, spot};
use crate::answer::{StartAnswer, round};
use crate::city::City;
use crate::error::Error;
use crate::package::{lies_around, places, run_info};
use crate::places::Places;
use crate::rows::{Kind, Rows};

/// From here on a place is taken as found, and so much of the probability the listed places have together.
const ENOUGH: f64 = 0.95;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct LocateRequest {
    /// Where pollution shows.
    pub from: String,
    /// What was found where.
    pub log: Vec<LogEntry>,
    /// How many manholes to name.
    pub visits: usize,
    /// The day that the visits are for, as the log writes days: who was tested then is not visited again. Without one it is the day of a
    /// log without days, and a day of its own for any other.
    pub day: Option<String>,
    /// Where the crew stands, if that is known.
    pub crew: Option<String>,
    /// How far a place may lie from the network, metres.
    pub max_snap: f64,
}

/// A test as it was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObservationAnswer {
    /// Its id in the log.
    pub id: String,
    /// Where.
    pub at: StartAnswer,
    /// `present` or `absent`.
    pub outcome: &'static str,
    /// How often such a test misses what is there.
    pub missed: f64,
    /// How often it finds what is not there.
    pub invented: f64,
    /// How probable this outcome is by all that is known now; a small one says that something does not fit.
    pub expected: f64,
}

/// A test that says nothing of this source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnusedAnswer {
    /// Its id in the log.
    pub id: String,
    /// Where.
    pub at: StartAnswer,
}

/// What made a probability what it is: its logarithm is `prior` and all tests added up, less `evidence`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyAnswer {
    /// Natural logarithm of what was believed before.
    pub prior: Option<f64>,
    /// How likely each test is if the source is there, natural logarithms; `null` where it could not be.
    pub tests: Vec<WhyTest>,
    /// How likely all tests are together.
    pub evidence: f64,
}

/// What a test did to a probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyTest {
    /// Its id.
    pub id: String,
    /// Natural logarithm; `null` where it could not be.
    pub log: Option<f64>,
}

/// A place that the source may be at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceProbability {
    /// From 1.
    pub rank: usize,
    /// `node`; `pipe` for somewhere along it; `elsewhere` for not in this network.
    pub kind: &'static str,
    /// Its id; blank for elsewhere.
    pub id: String,
    /// Of a pipe, the nodes of the stretch that is meant, the upper one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<[String; 2]>,
    /// Its probability.
    pub probability: f64,
    /// That of this and all places before it.
    pub together: f64,
    /// What made it so.
    pub why: WhyAnswer,
}

/// A drainer that may be the source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuspectAnswer {
    /// From 1.
    pub rank: usize,
    /// Its id.
    pub drainer: String,
    /// Its name, blank if it has none.
    pub name: String,
    /// Its probability.
    pub probability: f64,
    /// What it was before any test.
    pub before: f64,
}

/// A manhole to open.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VisitAnswer {
    /// From 1.
    pub rank: usize,
    /// The manhole.
    pub at: SpotAnswer,
    /// The probability that its water carries the source's.
    pub upstream: f64,
    /// What a test there tells, bits.
    pub bits: f64,
    /// What it costs, minutes.
    pub minutes: f64,
}

/// Where the source is, and what to do next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LocateAnswer {
    /// `suyuan.locate/1`.
    pub schema: &'static str,
    /// Where pollution shows.
    pub start: StartAnswer,
    /// The tests that count, in the order of the log.
    pub observations: Vec<ObservationAnswer>,
    /// Tests of water that does not come to the start.
    pub unused: Vec<UnusedAnswer>,
    /// `found` if one manhole and the pipes that run into it have 0.95, or elsewhere has; `not_separable` if no test of a manhole's outlet tells anything more, else `open`.
    pub state: &'static str,
    /// The likeliest places that have 0.95 together.
    pub places: Vec<PlaceProbability>,
    /// Drainers of some probability, likeliest first.
    pub candidates: Vec<SuspectAnswer>,
    /// The probability that it is not in this network.
    pub elsewhere: f64,
    /// Manholes to open next, best first.
    pub next: Vec<VisitAnswer>,
    /// What is not known yet, bits.
    pub bits: f64,
    /// The expected number of tests that no plan can do without, were they never wrong.
    pub least_tests: f64,
    /// The probability of every place.
    #[serde(skip)]
    pub probabilities: Vec<(Spot, f64)>,
    #[serde(skip)]
    visits: Vec<Visit>,
}

fn finite(log: f64) -> Option<f64> {
    log.is_finite().then(|| round(log.min(0.0), 9))
}

fn why(explained: Explanation) -> WhyAnswer {
    let tests = explained.observations.into_iter().map(|(id, log)| WhyTest { id, log: finite(log) });
    WhyAnswer {
        prior: finite(explained.prior),
        tests: tests.collect(),
        evidence: round(explained.evidence.min(0.0), 9),
    }
}

fn rates_of(entry: &LogEntry) -> Result<ErrorRates, Error> {
    let usual = match entry.method {
        LogMethod::FieldKit => ErrorRates::FIELD_KIT,
        LogMethod::Laboratory => ErrorRates::LABORATORY,
    };
    let (missed, invented) =
        (entry.missed.unwrap_or(usual.missed()), entry.invented.unwrap_or(usual.invented()));
    Ok(ErrorRates::new(missed, invented)?)
}

impl City {
    /// Where the source of what shows at a place is, by the tests of a field log, and which manholes to open next. Before any test
    /// each drainer is believed to be it as [`rank_candidates`] ranks it.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there; [`Error::Contradiction`] if tests that are said
    /// never to be wrong contradict each other.
    ///
    /// # Complexity
    /// That of [`rank_candidates`] and [`next_visits`].
    pub fn locate(&self, request: &LocateRequest) -> Result<LocateAnswer, Error> {
        let network = &self.network;
        let known_places = Places::new(self);
        let at = |text: &str| find(&known_places, text, request.max_snap);
        let (start, told) = at(&request.from)?;
        let area = SearchArea::new(network, self.trace_index(), start);
        let ranked = rank_candidates(network, &trace_upstream(network, &start), &self.drainers, &self.trades);
        let link = |c: &Candidate| Some((self.drainers.drainer(c.drainer).link?.place, c.probability));
        let known: Vec<(Place, f64)> = ranked.iter().filter_map(link).collect();
        let drainers = ranked.iter().filter(|c| link(c).is_some()).map(|c| self.drainers.drainer(c.drainer));
        let prior = Prior::of_known(&area, known).expect("probabilities are weights");
        let mut locator = Locator::new(&area, &prior);
        let before = locator.posterior().map_err(Error::Contradiction)?.of_known();
        let (mut used, mut unused) = (Vec::new(), Vec::new());
        for entry in &request.log {
            let (place, answer) = at(&entry.place)?;
            let outcome = if entry.present { Outcome::Present } else { Outcome::Absent };
            let rates = rates_of(entry)?;
            match locator.observe(Observation {
                id: entry.id.clone(),
                place,
                epoch: entry.day.clone(),
                outcome,
                rates,
            }) {
                Ok(()) => used.push((entry.id.clone(), place, answer, outcome, rates)),
                Err(_) => unused.push(UnusedAnswer { id: entry.id.clone(), at: answer }),
            }
        }
        let posterior = locator.posterior().map_err(Error::Contradiction)?;
        let observations = used.into_iter().map(|(id, place, at, outcome, rates)| {
            let upstream = posterior.upstream_of(&place);
            let [yes, no] = rates.of(outcome);
            let outcome = if outcome == Outcome::Present { "present" } else { "absent" };
            let expected = round(upstream * yes + (1.0 - upstream) * no, 6);
            ObservationAnswer {
                id,
                at,
                outcome,
                missed: rates.missed(),
                invented: rates.invented(),
                expected,
            }
        });
        let mut together = 0.0;
        let set = posterior.credible_set(ENOUGH);
        let found = settled_at(&posterior, ENOUGH).is_some();
        let listed = set.into_iter().zip(1..).filter_map(|((at, probability), rank)| {
            together += probability;
            let (kind, id, between) = match at {
                Spot::Node(node) => ("node", network.node(node).name.to_owned(), None),
                Spot::Reach(reach) => {
                    let row = network.reach(reach);
                    let ends = [row.from, row.to].map(|n| network.node(n).name.to_owned());
                    ("pipe", network.pipe_name(row.pipe).to_owned(), Some(ends))
                }
                Spot::Elsewhere => ("elsewhere", String::new(), None),
            };
            let why = why(locator.explain(&posterior, at)?);
            let (probability, together) = (round(probability, 6), round(together, 6));
            Some(PlaceProbability { rank, kind, id, between, probability, together, why })
        });
        let listed: Vec<PlaceProbability> = listed.collect();
        let mut candidates: Vec<SuspectAnswer> = drainers
            .zip(before.iter().zip(posterior.of_known()))
            .filter(|(_, (_, now))| *now > 0.0)
            .map(|(drainer, (before, now))| SuspectAnswer {
                rank: 0,
                drainer: drainer.id.clone(),
                name: drainer.name.clone(),
                probability: round(now, 6),
                before: round(*before, 6),
            })
            .collect();
        // Equal ones stay in the order they were ranked in before any test.
        candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        candidates.iter_mut().zip(1..).for_each(|(c, rank)| c.rank = rank);
        let crew = request.crew.as_deref().map(at).transpose()?;
        let costs = Costs { from: crew.and_then(|(place, _)| place.spot), ..Costs::default() };
        let undated = request.log.iter().all(|entry| entry.day.is_empty()).then_some("");
        let epoch = request.day.as_deref().map(day_of).or(undated);
        let visits = next_visits(&posterior, ErrorRates::FIELD_KIT, &costs, epoch, request.visits);
        let next = visits.iter().zip(1..).map(|(visit, rank)| VisitAnswer {
            rank,
            at: spot(network, PlaceKind::Node(visit.node), &[]),
            upstream: round(visit.upstream, 6),
            bits: round(visit.bits, 6),
            minutes: round(visit.minutes, 1),
        });
        let state = match (found, visits.is_empty() && request.visits > 0) {
            (true, _) => "found",
            (false, true) => "not_separable",
            (false, false) => "open",
        };
        let probabilities = posterior.probabilities();
        self.intact(LocateAnswer {
            schema: "suyuan.locate/1",
            start: told,
            observations: observations.collect(),
            unused,
            state,
            places: listed,
            candidates,
            elsewhere: round(posterior.at(Spot::Elsewhere), 6),
            next: next.collect(),
            bits: round(entropy(probabilities), 6),
            least_tests: round(huffman(probabilities), 6),
            probabilities: area.spots().iter().copied().zip(probabilities.iter().copied()).collect(),
            visits,
        })
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
            ("expected", "Probability of this outcome", "该结果的概率", Kind::Real),
        ],
    );
    for test in &answer.observations {
        tests.text("id", &test.id).text("outcome", test.outcome).exact("expected", test.expected);
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
    let mut at_node = HashMap::new();
    for (place, p) in &answer.probabilities {
        if let Spot::Node(node) = place {
            at_node.insert(*node, *p);
        }
    }
    let mut drawn = vec![false; network.reach_count()];
    for (place, p) in &answer.probabilities {
        let Spot::Reach(id) = place else { continue };
        let reach = network.reach(*id);
        let leaving = network.outgoing(reach.from).len().max(1) as f64;
        let probability = p + at_node.get(&reach.from).copied().unwrap_or(0.0) / leaving;
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
    let mut tables = vec![places([&answer.start], language, group), next, tests, pipes];
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
