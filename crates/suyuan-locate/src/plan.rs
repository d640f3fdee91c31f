//! Which manhole to open next.

use std::collections::BTreeSet;

use suyuan_core::Coord;
use suyuan_network::NodeId;

use crate::area::Spot;
use crate::bound::information;
use crate::observe::ErrorRates;
use crate::posterior::Posterior;

/// What opening a manhole costs, minutes.
///
/// # Reference
/// Defaults from crews' logs as the literature has them: 3 minutes to pack and park, streets 1.3 times as long as the
/// straight line at 25 km/h, a quarter of an hour to open and close, 5 minutes a test.
#[doc(alias = "作业成本")]
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Where the crew stands; `None` counts the drive as nothing but packing and parking.
    pub from: Option<Coord<f64>>,
    /// To pack and park.
    pub parking: f64,
    /// For each metre of the straight line.
    pub per_metre: f64,
    /// To open and close a manhole.
    pub access: f64,
    /// For a test.
    pub test: f64,
    /// Manholes that cannot be opened: buried, or unsafe.
    pub closed: BTreeSet<NodeId>,
}

impl Default for Costs {
    fn default() -> Self {
        let per_metre = 1.3 * 60.0 / 25_000.0;
        Self { from: None, parking: 3.0, per_metre, access: 15.0, test: 5.0, closed: BTreeSet::new() }
    }
}

/// A manhole worth opening.
#[doc(alias = "下一检查井")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// The manhole.
    pub node: NodeId,
    /// The probability that its water carries the source's.
    pub upstream: f64,
    /// What a test there tells, bits.
    pub bits: f64,
    /// What it costs, minutes.
    pub minutes: f64,
}

/// The manholes whose opening tells most for its cost, best first; ties in the order of the area.
///
/// # Shape
/// At most `count`. None where no test tells anything: what is left cannot be told apart by testing what manholes' outlets carry.
///
/// # Complexity
/// O(runs of all nodes + spots).
#[must_use]
pub fn next_visits(posterior: &Posterior<'_>, rates: ErrorRates, costs: &Costs, count: usize) -> Vec<Visit> {
    let area = posterior.area();
    let network = area.network();
    let mut before = Vec::with_capacity(area.len() + 1);
    let mut sum = 0.0;
    before.push(sum);
    for p in posterior.probabilities() {
        sum += p;
        before.push(sum);
    }
    let visit = |node: NodeId| -> Option<Visit> {
        if costs.closed.contains(&node) {
            return None;
        }
        let place = network.place_of_node(node);
        let above = area.above(&place);
        let runs = above.runs.iter().map(|run| before[run.end] - before[run.start]);
        let part = above.part.map_or(0.0, |(number, share)| share * posterior.probabilities()[number]);
        let upstream = (runs.sum::<f64>() + part).clamp(0.0, 1.0);
        let bits = information(rates, upstream);
        let way = costs.from.zip(place.spot).map_or(0.0, |(a, b)| (a.x - b.x).hypot(a.y - b.y));
        let minutes = costs.parking + costs.per_metre * way + costs.access + costs.test;
        (bits > LEAST_BITS).then_some(Visit { node, upstream, bits, minutes })
    };
    let nodes = area.spots().iter().filter_map(|spot| match spot {
        Spot::Node(node) => Some(*node),
        Spot::Reach(_) | Spot::Elsewhere => None,
    });
    let mut visits: Vec<Visit> = nodes.filter_map(visit).collect();
    visits.sort_by(|a, b| (b.bits / b.minutes).total_cmp(&(a.bits / a.minutes)));
    visits.truncate(count);
    visits
}

/// A test that tells less than this is not worth a visit: rounding, and no more.
const LEAST_BITS: f64 = 1e-9;

/// The one spot that is at least so probable, if any.
#[must_use]
pub fn settled_at(posterior: &Posterior<'_>, probability: f64) -> Option<(Spot, f64)> {
    posterior.credible_set(probability).first().copied().filter(|(_, p)| *p >= probability)
}
