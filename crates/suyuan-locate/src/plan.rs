//! Which manhole to open next.

use std::collections::BTreeSet;
use std::ops::Range;

use suyuan_core::Coord;
use suyuan_network::NodeId;

use crate::area::{Above, Spot};
use crate::bound::information;
use crate::observe::ErrorRates;
use crate::posterior::Posterior;

/// What opening a manhole costs, minutes.
///
/// The defaults are assumptions, to be replaced by what your own crews need: 3 minutes to pack and park, streets 1.3 times as long
/// as the straight line at 25 km/h, a quarter of an hour to open and close, 5 minutes a test.
#[doc(alias = "作业成本")]
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Where the crew stands; `None` counts the drive as nothing but packing and parking. A manhole without coordinates counts as
    /// a kilometre away.
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
/// At most `count`. A manhole is left out where a test would tell nearly the same as at one before it: where the source lies
/// upstream of just one of the two with less than 2 %; and where somebody has tested already in `epoch`, when the visits are to
/// be made, since another test there tells no more ([`Locator`](crate::Locator)); without one it is an epoch of its own. None
/// where no test tells anything: what is left cannot be told apart by testing what manholes' outlets carry.
///
/// # Complexity
/// That of [`TraceIndex::upstream_of`](suyuan_trace::TraceIndex::upstream_of) for each node, O(n log n) for n of them, and
/// O(count · runs²) for each manhole that is left out.
///
/// # Panics
/// If a cost is negative or no number, or all are 0.
#[must_use]
pub fn next_visits(
    posterior: &Posterior<'_>,
    rates: ErrorRates,
    costs: &Costs,
    epoch: Option<&str>,
    count: usize,
) -> Vec<Visit> {
    let area = posterior.area();
    let network = area.network();
    let masses = Masses::new(posterior);
    let all = [costs.parking, costs.per_metre, costs.access, costs.test];
    assert!(
        all.iter().all(|c| c.is_finite() && *c >= 0.0) && costs.parking + costs.access + costs.test > 0.0,
        "{costs:?}"
    );
    let visit = |node: NodeId| -> Option<Visit> {
        if costs.closed.contains(&node) {
            return None;
        }
        let place = network.place_of_node(node);
        if epoch.is_some_and(|epoch| posterior.is_tested(&place, epoch)) {
            return None;
        }
        let upstream = masses.of(&area.above(&place));
        let bits = information(rates, upstream);
        let way = match (costs.from, place.spot) {
            (None, _) => 0.0,
            (Some(a), Some(b)) => (a.x - b.x).hypot(a.y - b.y),
            (Some(_), None) => 1000.0,
        };
        let minutes = costs.parking + costs.per_metre * way + costs.access + costs.test;
        (bits > LEAST_BITS).then_some(Visit { node, upstream, bits, minutes })
    };
    let nodes = area.spots().iter().filter_map(|spot| match spot {
        Spot::Node(node) => Some(*node),
        Spot::Reach(_) | Spot::Elsewhere => None,
    });
    let mut visits: Vec<Visit> = nodes.filter_map(visit).collect();
    visits.sort_by(|a, b| (b.bits / b.minutes).total_cmp(&(a.bits / a.minutes)));
    let mut named: Vec<(Visit, Above)> = Vec::new();
    for visit in visits {
        if named.len() >= count {
            break;
        }
        let above = area.above(&network.place_of_node(visit.node));
        let apart = |(other, theirs): &(Visit, Above)| {
            visit.upstream + other.upstream - 2.0 * masses.of_both(&above, theirs)
        };
        if named.iter().all(|other| apart(other) >= APART) {
            named.push((visit, above));
        }
    }
    named.into_iter().map(|(visit, _)| visit).collect()
}

/// The probabilities of runs of spots.
struct Masses {
    /// Sums of the probabilities before each spot, and of all.
    before: Vec<f64>,
}

impl Masses {
    fn new(posterior: &Posterior<'_>) -> Self {
        let mut sum = 0.0;
        let sums = posterior.probabilities().iter().map(|p| {
            sum += p;
            sum
        });
        Self { before: [0.0].into_iter().chain(sums).collect() }
    }

    fn of_run(&self, from: usize, to: usize) -> f64 {
        if from < to { self.before[to] - self.before[from] } else { 0.0 }
    }

    /// The probability that the source's water passes a place.
    fn of(&self, above: &Above) -> f64 {
        // Of manholes only: no reach is passed in part.
        above.runs.iter().map(|run| self.of_run(run.start, run.end)).sum::<f64>().clamp(0.0, 1.0)
    }

    /// The probability that it passes both of two manholes.
    fn of_both(&self, a: &Above, b: &Above) -> f64 {
        let shared = |r: &Range<usize>, s: &Range<usize>| self.of_run(r.start.max(s.start), r.end.min(s.end));
        a.runs.iter().map(|r| b.runs.iter().map(|s| shared(r, s)).sum::<f64>()).sum()
    }
}

/// Manholes upstream of just one of which the source lies with less than this are as good as one: what a kit tells of such a
/// chance is about 0.06 bits, of the 0.55 that it can tell.
const APART: f64 = 0.02;

/// A test that tells less than this is not worth a visit: rounding, and no more.
const LEAST_BITS: f64 = 1e-9;

/// What testing the outlets of manholes can find: of each manhole its probability together with that of the reaches that run into it,
/// of whatever else its own.
///
/// # Shape
/// One number for each spot of the area, which sum to 1; 0 for reaches that run into a manhole of the area.
///
/// # Complexity
/// O(spots).
#[must_use]
pub fn units(posterior: &Posterior<'_>) -> Vec<f64> {
    let area = posterior.area();
    let mut units = vec![0.0; area.len()];
    for (number, (spot, p)) in area.spots().iter().zip(posterior.probabilities()).enumerate() {
        let unit = match spot {
            Spot::Reach(reach) => area.number(Spot::Node(area.network().reach(*reach).to)),
            Spot::Node(_) | Spot::Elsewhere => None,
        };
        // The reach that the start lies on the inside of runs into no manhole of the area.
        units[unit.unwrap_or(number)] += p;
    }
    units
}

/// The likeliest of the [`units`], if it is at least so probable; of equally likely ones the first of the area.
///
/// # Complexity
/// O(spots).
#[must_use]
pub fn settled_at(posterior: &Posterior<'_>, probability: f64) -> Option<(Spot, f64)> {
    let units = units(posterior);
    let best = (0..units.len()).max_by(|a, b| units[*a].total_cmp(&units[*b]).then(b.cmp(a)))?;
    (units[best] >= probability).then(|| (posterior.area().spot(best), units[best]))
}
