//! Candidates, likeliest first, with the facts behind their place.
//!
//! The model is plain and shown: exactly one drainer is the source; each fact multiplies the odds that it is this one
//! by e to the power of its log odds; probabilities are the normalised products. What each kind of fact is worth is
//! stated at [`EvidenceKind`].

use std::cell::LazyCell;
use std::collections::HashMap;

use suyuan_core::{Certainty, Language};
use suyuan_network::{Network, NodeId, PlaceKind, ReachId};
use suyuan_trace::{Heading, Trace, TravelSettings, travel_times};

use crate::drainer::{DrainerId, Drainers};
use crate::link::LinkGrade;
use crate::trades::Trades;

/// Log odds lost for each metre between a drainer and the pipe it was given by nearness: half at 35 m.
const PER_METRE_OF_GAP: f64 = -0.02;
/// Log odds lost for each metre of pipe to the start: dilution and decay make near sources likelier to be seen.
const PER_METRE_OF_PIPE: f64 = -0.000_2;

/// What a fact is about, and what it is worth.
#[doc(alias = "依据类别")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// How it is joined: recorded 0, lateral −0.1, nearest −0.5 and −0.02 for each metre of gap.
    Link,
    /// The share of its flow that arrives at the start: the share's logarithm.
    Share,
    /// Directions on the way: 0 where all are certain, else −0.5.
    Certainty,
    /// Its trade: from the table of trades.
    Trade,
    /// It produces foul water and enters a storm pipe: +1.
    Misconnection,
    /// Metres of pipe to the start: −0.2 for each kilometre.
    Distance,
    /// Nobody else is about as near to that pipe: −0.3 where another pipe is.
    Rival,
}

impl EvidenceKind {
    /// The name used in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Share => "share",
            Self::Certainty => "certainty",
            Self::Trade => "trade",
            Self::Misconnection => "misconnection",
            Self::Distance => "distance",
            Self::Rival => "rival",
        }
    }
}

/// One fact behind a candidate's place.
#[doc(alias = "依据")]
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it is about.
    pub kind: EvidenceKind,
    /// The fact in words, English and Chinese.
    text: [String; 2],
    /// What it adds to the log odds.
    pub log_odds: f64,
}

impl Evidence {
    /// The fact in words.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        language.pick(&self.text[0], &self.text[1])
    }
}

/// A drainer that could be the source: inspect next, no accusation.
#[doc(alias = "疑似源")]
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The drainer.
    pub drainer: DrainerId,
    /// Probability that it is the source, given that exactly one of the candidates is.
    pub probability: f64,
    /// Metres of pipe from where it enters the network to the start.
    pub distance: f64,
    /// Travel time to the start, seconds: at the earliest and at the latest.
    pub travel: [f64; 2],
    /// Share of its flow that arrives at the start, 0 to 1.
    pub share: f64,
    /// Whether every reach on the way is certain.
    pub certain: bool,
    /// The facts, weightiest first.
    pub evidence: Vec<Evidence>,
}

/// The drainers that a trace reaches, likeliest first.
///
/// # Shape
/// Each drainer once. Sorted by probability (largest first), then distance, then id.
/// # Units
/// [`Candidate::distance`] metres; [`Candidate::travel`] seconds, by [`travel_times`] with its default settings.
/// # Complexity
/// O(steps + candidates · log candidates), and that of [`Trace::shares`] and [`travel_times`].
#[must_use]
pub fn rank_candidates(
    network: &Network,
    trace: &Trace,
    drainers: &Drainers,
    trades: &Trades,
) -> Vec<Candidate> {
    if trace.heading == Heading::Downstream || drainers.is_empty() {
        return Vec::new();
    }
    let shares = trace.shares(network);
    let mut node_share: HashMap<NodeId, (f64, bool)> = HashMap::new();
    let mut certain_nodes: HashMap<NodeId, bool> = HashMap::new();
    for (step, share) in trace.steps.iter().zip(&shares) {
        let reach = network.reach(step.reach);
        let leaving = trace.ways_out(network, reach.from) as f64;
        node_share.entry(reach.from).or_insert((0.0, false)).0 += share / leaving;
        *certain_nodes.entry(reach.from).or_insert(false) |= step.certain;
    }
    if let PlaceKind::Node(node) = trace.start.kind {
        node_share.insert(node, (1.0, true));
        certain_nodes.insert(node, true);
    }
    let start_above = match trace.start.kind {
        PlaceKind::Reach { reach, above_end } => Some((reach, above_end)),
        PlaceKind::Node(_) => None,
    };
    let mut candidates = Vec::new();
    // Most traces of a city have no drainer.
    let travel = LazyCell::new(|| {
        travel_times(network, trace, &TravelSettings::default()).expect("the default settings are in range")
    });
    let mut consider = |drainer: DrainerId, distance: f64, share: f64, certain: bool| {
        let share = share.clamp(0.0, 1.0);
        let link = drainers.drainer(drainer).link;
        let time = link.and_then(|l| travel.of_place(&l.place)).unwrap_or_default();
        let evidence = weigh(network, drainers, drainer, distance, share, certain, trades);
        candidates.push(Candidate {
            drainer,
            probability: 0.0,
            distance,
            travel: [time.earliest, time.latest],
            share,
            certain,
            evidence,
        });
    };
    for (step, share) in trace.steps.iter().zip(&shares) {
        for drainer in drainers.on_reach(step.reach) {
            let Some(above) = above_end(drainers, *drainer, step.reach) else { continue };
            let distance = match start_above {
                Some((reach, start)) if reach == step.reach && step.distance == 0.0 => above - start,
                _ => step.distance + above,
            };
            if distance >= -1e-6 {
                consider(*drainer, distance.max(0.0), *share, step.certain);
            }
        }
    }
    for (node, distance) in &trace.nodes {
        for drainer in drainers.at_node(*node) {
            let share = node_share.get(node).map_or(0.0, |s| s.0);
            consider(*drainer, *distance, share, certain_nodes.get(node).copied().unwrap_or(false));
        }
    }
    settle(&mut candidates);
    candidates.sort_by(|a, b| {
        b.probability
            .total_cmp(&a.probability)
            .then(a.distance.total_cmp(&b.distance))
            .then_with(|| drainers.drainer(a.drainer).id.cmp(&drainers.drainer(b.drainer).id))
            .then(a.drainer.cmp(&b.drainer))
    });
    candidates
}

/// Leaves some candidates out; the probabilities of the others sum to 1 again.
pub fn keep_candidates(candidates: &mut Vec<Candidate>, keep: impl Fn(DrainerId) -> bool) {
    candidates.retain(|c| keep(c.drainer));
    settle(candidates);
}

fn above_end(drainers: &Drainers, drainer: DrainerId, on: ReachId) -> Option<f64> {
    match drainers.drainer(drainer).link?.place.kind {
        PlaceKind::Reach { reach, above_end } if reach == on => Some(above_end),
        _ => None,
    }
}

/// Turns summed log odds into probabilities that sum to 1.
fn settle(candidates: &mut [Candidate]) {
    let score = |c: &Candidate| c.evidence.iter().map(|e| e.log_odds).sum::<f64>();
    let best = candidates.iter().map(score).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = candidates.iter().map(|c| (score(c) - best).exp()).sum();
    for candidate in candidates.iter_mut() {
        candidate.probability = (score(candidate) - best).exp() / total;
        candidate
            .evidence
            .sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(a.kind.cmp(&b.kind)));
    }
}

fn weigh(
    network: &Network,
    drainers: &Drainers,
    drainer: DrainerId,
    distance: f64,
    share: f64,
    certain: bool,
    trades: &Trades,
) -> Vec<Evidence> {
    let row = drainers.drainer(drainer);
    let trade = row.trade_id.as_ref().and_then(|id| trades.trade(id));
    let mut evidence = Vec::new();
    let mut fact = |kind, english: String, chinese: String, log_odds: f64| {
        evidence.push(Evidence { kind, text: [english, chinese], log_odds });
    };
    if let Some(link) = &row.link {
        let target = link.target(network);
        let (worth, english, chinese) = match link.grade {
            LinkGrade::Recorded => (0.0, format!("recorded on {target}"), format!("登记接入 {target}")),
            LinkGrade::Lateral => {
                (-0.1, format!("a surveyed lateral leads to {target}"), format!("接户管接至 {target}"))
            }
            LinkGrade::Nearest => (
                -0.5 + PER_METRE_OF_GAP * link.gap,
                format!("{target} is the nearest pipe, {:.1} m away", link.gap),
                format!("最近管段为 {target}，相距 {:.1} 米", link.gap),
            ),
        };
        fact(EvidenceKind::Link, english, chinese, worth);
        if let Some((rival, _)) = row.rivals.first() {
            let rival = network.pipe_name(*rival);
            fact(
                EvidenceKind::Rival,
                format!("{rival} is about as near"),
                format!("{rival} 距离相近，接入关系存疑"),
                -0.3,
            );
        }
        if trade.is_some_and(|t| link.is_misconnection(network, t.produces)) {
            fact(
                EvidenceKind::Misconnection,
                format!("its foul water enters the storm sewer at {target}"),
                format!("其污水在 {target} 进入雨水管，疑似错接"),
                1.0,
            );
        }
    }
    if let Some(trade) = trade {
        fact(
            EvidenceKind::Trade,
            format!("trade: {}", trade.english),
            format!("行业：{}", trade.chinese),
            trade.log_odds,
        );
    }
    // A share too small to matter must not turn into minus infinity.
    fact(
        EvidenceKind::Share,
        format!("{:.0} % of its flow arrives here", share * 100.0),
        format!("其水量约 {:.0}% 到达此处", share * 100.0),
        share.max(1e-6).ln(),
    );
    fact(
        EvidenceKind::Distance,
        format!("{distance:.0} m of pipe away"),
        format!("沿管网 {distance:.0} 米"),
        PER_METRE_OF_PIPE * distance,
    );
    if certain {
        let words = Certainty::Certain.label(Language::Chinese);
        fact(
            EvidenceKind::Certainty,
            "every flow direction on the way is certain".to_owned(),
            format!("沿途流向均{words}"),
            0.0,
        );
    } else {
        fact(
            EvidenceKind::Certainty,
            "some flow directions on the way are only probable".to_owned(),
            "沿途有流向存疑的管段".to_owned(),
            -0.5,
        );
    }
    evidence
}
