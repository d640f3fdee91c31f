//! The answer to a trace, as the JSON contract has it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use suyuan_attribution::{Candidate, keep_candidates, rank_candidates};
use suyuan_core::{Language, Origin};
use suyuan_network::{Network, OutfallId, PipeId, Place, PlaceKind};
use suyuan_trace::{Heading, Restriction, StopReason, Trace, TraceOptions, Tracer, UpstreamSet};

use crate::city::City;
use crate::error::Error;
use crate::places::Places;
use crate::reference::Reference;

/// What a trace is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRequest {
    /// Against the flow or with it.
    pub heading: Heading,
    /// Places that the trace does not pass.
    pub barriers: Vec<String>,
    /// What a pipe's attributes must meet for the trace to enter it, such as `"DN" >= 300`.
    pub condition: Option<String>,
    /// Other places whose water has to come by as well: only what is upstream of all of them remains.
    pub also_above: Vec<String>,
    /// Places that are known to be clean: nothing upstream of them remains.
    pub not_above: Vec<String>,
    /// How far it may go, metres of pipe.
    pub max_distance: Option<f64>,
    /// How long water may take between a reach and the start, seconds: the most likely time along the quickest way.
    pub max_time: Option<f64>,
    /// How many pipes there may be: the nearest ones. Counted before `also_above` and `not_above` take away.
    pub max_pipes: Option<NonZeroUsize>,
    /// How far a start may lie from the network, metres.
    pub max_snap: f64,
    /// Whether to list what would be added if doubtful reaches ran the other way.
    pub possible: bool,
    /// The language of evidence and reasons.
    pub language: Language,
}

impl Default for TraceRequest {
    fn default() -> Self {
        Self {
            heading: Heading::Upstream,
            barriers: Vec::new(),
            condition: None,
            also_above: Vec::new(),
            not_above: Vec::new(),
            max_distance: None,
            max_time: None,
            max_pipes: None,
            max_snap: 20.0,
            possible: false,
            language: Language::English,
        }
    }
}

/// The start of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StartAnswer {
    /// As it was given.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `outfall`, `node`, `pipe`, `drainer` or `place`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// East, in the network's system; `null` without geometry.
    pub x: Option<f64>,
    /// North.
    pub y: Option<f64>,
    /// How far what was given lies from it, metres.
    pub snap_m: f64,
}

impl StartAnswer {
    pub(crate) fn of(reference: String, place: &Place, kind: &str, id: String) -> Self {
        Self {
            reference,
            kind: kind.to_owned(),
            id,
            x: place.spot.map(|p| round(p.x, 3)),
            y: place.spot.map(|p| round(p.y, 3)),
            snap_m: round(place.snap, 3),
        }
    }

    /// What kind of thing it is, as people say it.
    #[must_use]
    pub fn label(&self, language: Language) -> &'static str {
        match self.kind.as_str() {
            "outfall" => language.pick("outfall", "排口"),
            "node" => language.pick("node", "管点"),
            "pipe" => language.pick("pipe", "管段"),
            "drainer" => language.pick("drainer", "排水户"),
            _ => language.pick("place", "位置"),
        }
    }
}

/// The end of a branch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopAnswer {
    /// The node.
    pub node: String,
    /// Why, as a stable word.
    pub reason: String,
    /// Width of a gap, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_m: Option<f64>,
    /// The pipe beyond a gap, or the one that flows away or is shut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond: Option<String>,
}

/// How a candidate is joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkAnswer {
    /// `recorded`, `lateral` or `nearest`.
    pub grade: String,
    /// The pipe; `null` where it joins at a node.
    pub pipe: Option<String>,
    /// The node; absent where it joins a pipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Distance between drainer and pipe, metres.
    pub gap_m: f64,
}

/// A fact behind a candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceAnswer {
    /// What it is about.
    pub kind: String,
    /// In words.
    pub text: String,
    /// What it adds to the log odds.
    pub log_odds: f64,
}

/// A drainer that could be the source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateAnswer {
    /// From 1.
    pub rank: usize,
    /// Its id.
    pub drainer: String,
    /// Its name, blank if it has none.
    pub name: String,
    /// The layer it stands in, as `file` or `file:layer`.
    pub layer: String,
    /// Probability that it is the source, given that one of the candidates is.
    pub probability: f64,
    /// Metres of pipe to the start.
    pub distance_m: f64,
    /// Travel time, seconds: at the earliest and at the latest.
    pub travel_s: [f64; 2],
    /// Share of its flow that arrives.
    pub share: f64,
    /// How it is joined.
    pub link: LinkAnswer,
    /// The facts, weightiest first.
    pub evidence: Vec<EvidenceAnswer>,
}

/// How far a trace was to go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitsAnswer {
    /// Metres of pipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<f64>,
    /// Seconds of travel time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_s: Option<f64>,
    /// Pipes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipes: Option<NonZeroUsize>,
}

impl LimitsAnswer {
    fn of(options: &TraceOptions) -> Option<Self> {
        let TraceOptions { max_distance, max_time, max_pipes, .. } = *options;
        let limits = Self { distance_m: max_distance, time_s: max_time, pipes: max_pipes };
        (max_distance.is_some() || max_time.is_some() || max_pipes.is_some()).then_some(limits)
    }
}

/// The answer to a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceAnswer {
    /// `suyuan.trace/1`.
    pub schema: &'static str,
    /// Where it starts.
    pub start: StartAnswer,
    /// `upstream` or `downstream`.
    pub direction: &'static str,
    /// How far it was to go; absent if as far as there are pipes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsAnswer>,
    /// Pipes of which some part can drain to the start, by id.
    pub pipes: Vec<String>,
    /// Those reached over certain reaches alone.
    pub certain_pipes: Vec<String>,
    /// Those that doubtful directions might add.
    pub possible_pipes: Vec<String>,
    /// How many nodes were reached.
    pub nodes: usize,
    /// Length of pipe, metres.
    pub length_m: f64,
    /// The ends of branches, nearest first.
    pub stops: Vec<StopAnswer>,
    /// Ids of the drainers behind the start, by id.
    pub drainers: Vec<String>,
    /// The same, likeliest first.
    pub candidates: Vec<CandidateAnswer>,
    /// How many findings concern the traced pipes and the candidates.
    pub findings: usize,
    /// The trace itself.
    #[serde(skip)]
    pub trace: Trace,
    /// The candidates themselves.
    #[serde(skip)]
    pub ranked: Vec<Candidate>,
    /// Which findings concern it, as indices into those of the city.
    #[serde(skip)]
    pub concerned: Vec<usize>,
}

pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale + 0.0 // no minus zero
}

pub(crate) fn dedup(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The names of some pipes in order, each with its pipe. Sorted by their first bytes as a number, which compares faster
/// than text.
struct Names<'a>(Vec<(u128, &'a str, PipeId)>);

impl<'a> Names<'a> {
    fn new(network: &'a Network, pipes: &[PipeId]) -> Self {
        let named = |pipe: &PipeId| {
            let name = network.pipe_name(*pipe);
            let mut first = [0; 16];
            first.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
            (u128::from_be_bytes(first), name, *pipe)
        };
        let mut names: Vec<_> = pipes.iter().map(named).collect();
        names.par_sort_unstable();
        Self(names)
    }

    /// Each name once.
    fn all(&self) -> Vec<String> {
        once(self.0.iter().map(|n| n.1))
    }

    /// Each name of some of the pipes once; these come in order of their ids.
    fn of(&self, pipes: &[PipeId]) -> Vec<String> {
        once(self.0.iter().filter(|n| pipes.binary_search(&n.2).is_ok()).map(|n| n.1))
    }
}

/// Names in order, each once.
fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

impl City {
    /// Traces one place and ranks the drainers behind it.
    ///
    /// # Errors
    /// As [`City::tracer`] and [`CityTracer::trace`].
    pub fn trace(&self, start: &str, request: &TraceRequest) -> Result<TraceAnswer, Error> {
        self.tracer(request)?.trace(start)
    }

    /// What traces many starts with one request.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for barriers that are not there; [`Error::Read`] and
    /// [`Error::NeedsSurvey`] for a condition that cannot be asked; [`Error::CannotCombine`] for questions without a meaning.
    pub fn tracer(&self, request: &TraceRequest) -> Result<CityTracer<'_>, Error> {
        let places = Arc::new(Places::new(self));
        let condition = request.condition.as_deref();
        let asked = self.asked_at(&places, &request.barriers, condition, request.max_snap)?;
        let above = |texts: &[String]| -> Result<Vec<UpstreamSet<'_>>, Error> {
            let set = |text: &String| {
                let place = places.find(&Reference::parse(text)?, request.max_snap)?.0;
                Ok(self.trace_index().upstream_of(&self.network, &place))
            };
            texts.iter().map(set).collect()
        };
        let restriction =
            Restriction { also_above: above(&request.also_above)?, not_above: above(&request.not_above)? };
        if !restriction.is_empty() && request.heading == Heading::Downstream {
            return Err(Error::CannotCombine { first: "--also-above, --not-above", second: "--downstream" });
        }
        if !restriction.is_empty() && request.possible {
            return Err(Error::CannotCombine { first: "--also-above, --not-above", second: "--possible" });
        }
        if request.max_pipes.is_some() && request.possible {
            return Err(Error::CannotCombine { first: "--max-pipes", second: "--possible" });
        }
        let options = TraceOptions {
            heading: request.heading,
            barriers: asked.barriers,
            max_distance: request.max_distance,
            max_time: request.max_time,
            max_pipes: request.max_pipes,
            possible: request.possible,
        };
        Ok(CityTracer {
            city: self,
            tracer: self.plain_tracer(),
            places,
            options,
            restriction,
            max_snap: request.max_snap,
            language: request.language,
            barriers_on_pipes: asked.barriers_on_pipes,
            unmet: asked.unmet,
        })
    }

    fn plain_tracer(&self) -> Tracer<'_> {
        match self.index.get() {
            Some(index) => Tracer::with_index(&self.network, index),
            None => Tracer::new(&self.network),
        }
    }

    fn candidate(&self, index: usize, candidate: &Candidate, language: Language) -> CandidateAnswer {
        let drainer = self.drainers.drainer(candidate.drainer);
        let link = drainer.link.as_ref();
        let node = match link.map(|l| l.place.kind) {
            Some(PlaceKind::Node(node)) => Some(self.network.node(node).name.to_owned()),
            _ => None,
        };
        CandidateAnswer {
            rank: index + 1,
            drainer: drainer.id.clone(),
            name: drainer.name.clone(),
            layer: self.layer_names[drainer.origin.layer as usize].clone(),
            probability: round(candidate.probability, 6),
            distance_m: round(candidate.distance, 3),
            travel_s: candidate.travel.map(|t| t.round()),
            share: round(candidate.share, 6),
            link: LinkAnswer {
                grade: link.map_or("", |l| l.grade.key()).to_owned(),
                pipe: link.and_then(|l| l.pipe).map(|p| self.network.pipe_name(p).to_owned()),
                node,
                gap_m: round(link.map_or(0.0, |l| l.gap), 3),
            },
            evidence: candidate
                .evidence
                .iter()
                .map(|e| EvidenceAnswer {
                    kind: e.kind.key().to_owned(),
                    text: e.text(language).to_owned(),
                    log_odds: round(e.log_odds, 4),
                })
                .collect(),
        }
    }
}

/// Traces many starts over one city, reusing memory and indexes.
pub struct CityTracer<'a> {
    city: &'a City,
    tracer: Tracer<'a>,
    places: Arc<Places<'a>>,
    options: TraceOptions,
    restriction: Restriction<'a>,
    max_snap: f64,
    language: Language,
    barriers_on_pipes: Vec<(String, String)>,
    unmet: bool,
}

impl<'a> CityTracer<'a> {
    /// One that is asked the same, for another thread.
    pub(crate) fn another(&self) -> Self {
        Self {
            city: self.city,
            tracer: self.city.plain_tracer(),
            places: self.places.clone(),
            options: self.options.clone(),
            restriction: self.restriction.clone(),
            max_snap: self.max_snap,
            language: self.language,
            barriers_on_pipes: self.barriers_on_pipes.clone(),
            unmet: self.unmet,
        }
    }

    pub(crate) fn city(&self) -> &'a City {
        self.city
    }

    /// Traces one place and ranks the drainers behind it.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] if the start is not there, or too far from the network;
    /// [`Error::BadPrepared`] if the prepared network turns out to be damaged.
    pub fn trace(&mut self, start: &str) -> Result<TraceAnswer, Error> {
        let (place, kind, id) = self.places.find(&Reference::parse(start)?, self.max_snap)?;
        self.answer(start.to_owned(), place, kind, id)
    }

    /// Traces one outfall, though others may share its id.
    ///
    /// # Errors
    /// [`Error::Place`] if it is too far from the network.
    pub fn trace_outfall(&mut self, outfall: OutfallId) -> Result<TraceAnswer, Error> {
        let place = self.places.of_outfall(outfall, self.max_snap)?;
        let id = self.city.network.outfall(outfall).id.clone();
        self.answer(format!("outfall:{id}"), place, "outfall", id)
    }

    fn answer(
        &mut self,
        reference: String,
        place: Place,
        kind: &str,
        id: String,
    ) -> Result<TraceAnswer, Error> {
        let city = self.city;
        let network = &city.network;
        let mut trace = self.tracer.trace(&place, &self.options);
        // Nothing is worked out from what a damaged file says.
        city.check_intact()?;
        let mut ranked = rank_candidates(network, &trace, &city.drainers, &city.trades);
        if !self.restriction.is_empty() {
            trace = self.restriction.of(network, trace);
            keep_candidates(&mut ranked, |d| {
                let link = city.drainers.drainer(d).link.as_ref();
                link.is_some_and(|l| self.restriction.keeps(network, &l.place))
            });
        }
        let pipes = trace.pipes(network);
        let ((all_pipes, certain_pipes), concerned) = rayon::join(
            || {
                let names = Names::new(network, &pipes);
                (names.all(), names.of(&trace.certain_pipes(network)))
            },
            || concerned(city, &place, &pipes, &ranked),
        );
        let stops = trace
            .stops
            .iter()
            .map(|stop| {
                let (gap_m, beyond) = match stop.reason {
                    StopReason::Gap { width, beyond } => (Some(round(width, 3)), Some(beyond)),
                    StopReason::Opposing { pipe } => (None, Some(pipe)),
                    StopReason::Barrier { pipe } => (None, pipe),
                    _ => (None, None),
                };
                StopAnswer {
                    node: network.node(stop.node).name.to_owned(),
                    reason: stop.reason.key().to_owned(),
                    gap_m,
                    beyond: beyond.map(|p| network.pipe_name(p).to_owned()),
                }
            })
            .collect();
        let candidates: Vec<CandidateAnswer> =
            ranked.iter().enumerate().map(|(i, c)| city.candidate(i, c, self.language)).collect();
        city.intact(TraceAnswer {
            schema: "suyuan.trace/1",
            start: StartAnswer::of(reference, &place, kind, id),
            direction: trace.heading.key(),
            limits: LimitsAnswer::of(&self.options),
            pipes: all_pipes,
            certain_pipes,
            possible_pipes: Names::new(network, &trace.possible_pipes(network)).all(),
            nodes: trace.nodes.len(),
            length_m: round(trace.length(), 3),
            stops,
            drainers: dedup(candidates.iter().map(|c| c.drainer.clone())),
            candidates,
            findings: concerned.len(),
            trace,
            ranked,
            concerned,
        })
    }

    /// Barriers that lie on the inside of a pipe, which is shut as a whole: what was asked for, and the pipe.
    #[must_use]
    pub fn barriers_on_pipes(&self) -> &[(String, String)] {
        &self.barriers_on_pipes
    }

    /// Whether no pipe meets the condition, so that nothing is passed.
    #[must_use]
    pub fn unmet(&self) -> bool {
        self.unmet
    }
}

/// Which findings are about the start, the traced pipes and the candidates.
fn concerned(city: &City, start: &Place, pipes: &[PipeId], ranked: &[Candidate]) -> Vec<usize> {
    let start = match start.kind {
        PlaceKind::Node(node) => Some(node),
        PlaceKind::Reach { .. } => None,
    };
    let outfalls = start.into_iter().flat_map(|n| city.network.outfalls_at(n));
    let outfalls = outfalls.map(|o| city.network.outfall(o).origin);
    let pipes = pipes.iter().map(|p| city.network.pipe(*p).origin);
    let drainers = ranked.iter().map(|c| city.drainers.drainer(c.drainer).origin);
    let mut origins: Vec<Origin> = outfalls.chain(pipes).chain(drainers).collect();
    origins.sort_unstable();
    origins.dedup();
    let about = origins.into_iter().flat_map(|o| city.findings.about(o));
    let mut found: Vec<usize> = about.map(|i| *i as usize).collect();
    found.sort_unstable();
    found
}
