//! Where the source is, by what was found where, and which manhole to open next.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use suyuan_attribution::{Candidate, rank_candidates};
use suyuan_core::NodeKind;
use suyuan_locate::{
    Costs, ErrorRates, Explanation, Locator, Observation, Outcome, Prior, SearchArea, Spot, Visit, entropy,
    huffman, next_visits, settled_at, units,
};
use suyuan_network::{NodeId, Place, PlaceError, PlaceKind};
use suyuan_read::{LogEntry, LogMethod, day_of};
use suyuan_trace::trace_upstream;

use super::{SpotAnswer, find, spot};
use crate::answer::{StartAnswer, round};
use crate::city::City;
use crate::error::Error;
use crate::places::Places;

/// From here on a manhole is taken as found, and so much of the probability the listed places have together.
const ENOUGH: f64 = 0.95;
/// A test that tells less is not worth a visit, bits: about what a field kit tells of a chance of one in seventy.
const WORTH_A_VISIT: f64 = 0.04;
/// From where a crew stands to the network it may be far, metres.
const CREW_REACH: f64 = 1e6;

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

/// A test of water that comes to the start.
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
    /// Whether it counts: of tests at one place and day that say the same only the strongest does.
    pub counts: bool,
    /// The probability, by all that is known, that it is wrong.
    pub wrong: f64,
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
    pub prior: f64,
    /// How likely each test that counts is if the source is there, natural logarithms.
    pub tests: Vec<WhyTest>,
    /// How likely all tests are together.
    pub evidence: f64,
}

/// What a test did to a probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyTest {
    /// Its id.
    pub id: String,
    /// Natural logarithm.
    pub log: f64,
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

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundAnswer {
    /// `node` for a manhole and the pipes that run into it, `pipe` for the one that the start lies on, `elsewhere`.
    pub kind: &'static str,
    /// Its id; blank for elsewhere.
    pub id: String,
    /// Its probability.
    pub probability: f64,
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
    /// The tests of water that comes to the start, in the order of the log.
    pub observations: Vec<ObservationAnswer>,
    /// Tests of water that does not come to the start.
    pub unused: Vec<UnusedAnswer>,
    /// Pairs of tests that cannot both be right if there is one source.
    pub apart: Vec<[String; 2]>,
    /// `found`; `not_separable` if no test of a manhole's outlet tells anything worth a visit; else `open`.
    pub state: &'static str,
    /// A manhole with the pipes that run into it that has 0.95, or that it is elsewhere; `null` before.
    pub found: Option<FoundAnswer>,
    /// The likeliest places that have 0.95 together.
    pub places: Vec<PlaceProbability>,
    /// Drainers of some probability, likeliest first.
    pub candidates: Vec<SuspectAnswer>,
    /// The probability that it is not in this network.
    pub elsewhere: f64,
    /// Manholes to open next, best first; none once it is found.
    pub next: Vec<VisitAnswer>,
    /// What is not known yet of the manhole, bits.
    pub bits: f64,
    /// The expected number of tests that no plan can do without to be certain of the manhole, were they never wrong; 0 once
    /// it is found.
    pub least_tests: f64,
    /// The probability of every place.
    #[serde(skip)]
    pub probabilities: Vec<(Spot, f64)>,
    /// The listed places, each with its likeliest drainer.
    #[serde(skip)]
    pub(super) listed: Vec<(Spot, String)>,
    #[serde(skip)]
    pub(super) visits: Vec<Visit>,
}

fn why(explained: Explanation) -> WhyAnswer {
    let log = |value: f64| round(value, 9);
    let tests = explained.observations.into_iter().map(|(id, value)| WhyTest { id, log: log(value) });
    WhyAnswer { prior: log(explained.prior), tests: tests.collect(), evidence: log(explained.evidence) }
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
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there, [`Error::InLog`] for those of the log;
    /// [`Error::CannotCombine`] for a day and a log without days; [`Error::Contradiction`] if tests that are said
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
            let in_line = |source: Error| Error::InLog {
                line: entry.line,
                id: entry.id.clone(),
                source: source.into(),
            };
            let (place, answer) = at(&entry.place).map_err(in_line)?;
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
        let counting: BTreeSet<&str> = locator.counting().map(|o| o.id.as_str()).collect();
        let observations = used.into_iter().map(|(id, place, at, outcome, rates)| {
            let upstream = posterior.upstream_of(&place);
            let (outcome, wrong) = match outcome {
                Outcome::Present => ("present", 1.0 - upstream),
                Outcome::Absent => ("absent", upstream),
            };
            let counts = counting.contains(id.as_str());
            let (missed, invented) = (rates.missed(), rates.invented());
            ObservationAnswer { id, at, outcome, missed, invented, counts, wrong: round(wrong, 6) }
        });
        let name = |spot: Spot| match spot {
            Spot::Node(node) => ("node", network.node(node).name.to_owned()),
            Spot::Reach(reach) => ("pipe", network.pipe_name(network.reach(reach).pipe).to_owned()),
            Spot::Elsewhere => ("elsewhere", String::new()),
        };
        let found = settled_at(&posterior, ENOUGH).map(|(spot, probability)| {
            let (kind, id) = name(spot);
            FoundAnswer { kind, id, probability: round(probability, 6) }
        });
        let mut together = 0.0;
        let set = posterior.credible_set(ENOUGH);
        let places = set.iter().copied().zip(1..).filter_map(|((at, probability), rank)| {
            together += probability;
            let (kind, id) = name(at);
            let between = match at {
                Spot::Reach(reach) => {
                    let row = network.reach(reach);
                    Some([row.from, row.to].map(|n| network.node(n).name.to_owned()))
                }
                Spot::Node(_) | Spot::Elsewhere => None,
            };
            let why = why(locator.explain(&posterior, at)?);
            let (probability, together) = (round(probability, 6), round(together, 6));
            Some(PlaceProbability { rank, kind, id, between, probability, together, why })
        });
        let places: Vec<PlaceProbability> = places.collect();
        let now = posterior.of_known();
        // The likeliest drainer of each place; of equal ones the first.
        let mut likeliest: HashMap<Spot, (f64, &str)> = HashMap::new();
        let linked = ranked.iter().filter_map(|c| Some((c.drainer, link(c)?.0)));
        for ((drainer, place), now) in linked.zip(&now) {
            let best = likeliest.entry(Spot::of(&place)).or_insert((-1.0, ""));
            if *now > best.0 {
                *best = (*now, &self.drainers.drainer(drainer).id);
            }
        }
        let drainer_at = |spot: &Spot| likeliest.get(spot).map_or_else(String::new, |best| best.1.to_owned());
        let listed = set.iter().map(|(spot, _)| (*spot, drainer_at(spot))).collect();
        let mut candidates: Vec<SuspectAnswer> = drainers
            .zip(before.iter().zip(&now))
            .filter(|(_, (_, now))| **now > 0.0)
            .map(|(drainer, (before, now))| SuspectAnswer {
                rank: 0,
                drainer: drainer.id.clone(),
                name: drainer.name.clone(),
                probability: round(*now, 6),
                before: round(*before, 6),
            })
            .collect();
        // Equal ones stay in the order they were ranked in before any test.
        candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        candidates.iter_mut().zip(1..).for_each(|(c, rank)| c.rank = rank);
        let crew = request.crew.as_deref().map(|text| find(&known_places, text, CREW_REACH)).transpose()?;
        if let Some(what) =
            crew.iter().find(|(place, _)| place.spot.is_none()).map(|(_, told)| told.id.clone())
        {
            return Err(PlaceError::NoGeometry { what }.into());
        }
        let costs = Costs {
            from: crew.and_then(|(place, _)| place.spot),
            closed: self.closed(&area),
            ..Costs::default()
        };
        let is_undated = request.log.iter().all(|entry| entry.day.is_empty());
        let epoch = match &request.day {
            Some(_) if is_undated && !request.log.is_empty() => {
                return Err(Error::CannotCombine { first: "--day", second: "observations without days" });
            }
            Some(day) => Some(day_of(day)),
            None => is_undated.then(String::new),
        };
        let proposed = |epoch: Option<&str>, count: usize| {
            let mut visits = next_visits(&posterior, ErrorRates::FIELD_KIT, &costs, epoch, count);
            visits.retain(|visit| visit.bits >= WORTH_A_VISIT && found.is_none());
            visits
        };
        let visits = proposed(epoch.as_deref(), request.visits);
        let state = match &found {
            Some(_) => "found",
            // What is left for another day is left.
            None if visits.is_empty() && proposed(None, 1).is_empty() => "not_separable",
            None => "open",
        };
        let next = visits.iter().zip(1..).map(|(visit, rank)| VisitAnswer {
            rank,
            at: spot(network, PlaceKind::Node(visit.node), &[]),
            upstream: round(visit.upstream, 6),
            bits: round(visit.bits, 6),
            minutes: round(visit.minutes, 1),
        });
        let (probabilities, units) = (posterior.probabilities(), units(&posterior));
        let apart = locator.apart().into_iter().map(|pair| pair.map(str::to_owned)).collect();
        let least_tests = if found.is_some() { 0.0 } else { round(huffman(&units), 6) };
        self.intact(LocateAnswer {
            schema: "suyuan.locate/1",
            start: told,
            observations: observations.collect(),
            unused,
            apart,
            state,
            found,
            places,
            listed,
            candidates,
            elsewhere: round(posterior.at(Spot::Elsewhere), 6),
            next: next.collect(),
            bits: round(entropy(&units), 6),
            least_tests,
            probabilities: area.spots().iter().copied().zip(probabilities.iter().copied()).collect(),
            visits,
        })
    }

    /// Nodes that nobody opens: outfalls, gates and works; and where manholes were surveyed, mere joints of pipes.
    fn closed(&self, area: &SearchArea<'_>) -> BTreeSet<NodeId> {
        let network = &self.network;
        let nodes = area.spots().iter().filter_map(|spot| match spot {
            Spot::Node(node) => Some(*node),
            Spot::Reach(_) | Spot::Elsewhere => None,
        });
        nodes
            .filter(|node| match network.node(*node).kind {
                NodeKind::Outfall | NodeKind::Control | NodeKind::Structure => true,
                NodeKind::Joint => network.has_structures(),
                NodeKind::Manhole | NodeKind::Inlet | NodeKind::PumpStation => false,
            })
            .collect()
    }
}
