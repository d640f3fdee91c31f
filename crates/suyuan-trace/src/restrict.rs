//! A trace that is held against others: above this and that, not above the clean.

use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::index::extent;
use crate::runs::{Run, both, without};
use crate::stop::{Stop, StopReason};
use crate::trace::{Step, Trace};
use crate::upstream::UpstreamSet;

/// What a trace is held against.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Restriction, TraceIndex, trace_upstream};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> D -P4-> OF1\nC -P3-> D"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let place = |node| network.place_of_node(network.find_node(node).unwrap());
/// // Dirty at D, clean at B.
/// let restriction =
///     Restriction { also_above: Vec::new(), not_above: vec![index.upstream_of(&network, &place("B"))] };
/// let trace = restriction.of(&network, trace_upstream(&network, &place("D")));
/// assert_eq!(trace.pipes(&network).len(), 2); // P2 and P3
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "限定范围")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restriction<'a> {
    /// What remains must be in all of these: upstream of every dirty place.
    pub also_above: Vec<UpstreamSet<'a>>,
    /// What remains must be in none of these: upstream of no clean place.
    pub not_above: Vec<UpstreamSet<'a>>,
}

impl Restriction<'_> {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.also_above.is_empty() && self.not_above.is_empty()
    }

    /// What remains of an upstream trace. Distances stay those to its start; a branch that ends where a clean place rules out the rest has
    /// the stop [`StopReason::Cleared`]. What doubtful directions might add is not part of it.
    ///
    /// # Complexity
    /// O(n log r) for n steps and r runs of the sets.
    #[must_use]
    pub fn of(&self, network: &Network, mut trace: Trace) -> Trace {
        let mut steps = Vec::with_capacity(trace.steps.len());
        let mut cleared: Vec<Stop> = Vec::new();
        for step in &trace.steps {
            let row = network.reach(step.reach);
            let [from, to] = row.measures;
            // Metres above the lower end, and back to metres as drawn.
            let turn =
                |[a, b]: [f64; 2]| if row.with_drawn { [to - b, to - a] } else { [a - from, b - from] };
            let back =
                |[a, b]: [f64; 2]| if row.with_drawn { [to - b, to - a] } else { [a + from, b + from] };
            let whole = step.measures == row.measures;
            let counted = if whole { [0.0, extent(row)] } else { turn(step.measures) };
            let kept = self.stretches(network, step.reach, counted);
            for stretch in &kept {
                let measures = if *stretch == counted { step.measures } else { back(*stretch) };
                steps.push(Step { measures, ..*step });
            }
            let Some(last) = kept.last() else { continue };
            let is_cut = last[1] < counted[1];
            if is_cut || self.not_above.iter().any(|set| set.contains_node(row.from)) {
                let length = if row.length() > 0.0 { last[1] - counted[0] } else { 0.0 };
                let distance = step.distance + length;
                cleared.push(Stop { node: row.from, distance, reason: StopReason::Cleared });
            }
        }
        trace.steps = steps;
        trace.nodes.retain(|(node, _)| self.keeps_node(*node));
        trace.stops.retain(|stop| self.keeps_node(stop.node));
        cleared.sort_by(|a, b| a.node.cmp(&b.node).then(a.distance.total_cmp(&b.distance)));
        cleared.dedup_by_key(|stop| stop.node);
        trace.stops.extend(cleared);
        trace.stops.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.node.cmp(&b.node)));
        // What doubtful directions would add depends on the doubtful directions above the others as well.
        trace.possible.clear();
        trace
    }

    /// Whether a place remains.
    #[must_use]
    pub fn keeps(&self, network: &Network, place: &Place) -> bool {
        match place.kind {
            PlaceKind::Node(node) => self.keeps_node(node),
            PlaceKind::Reach { reach, above_end } => {
                let row = network.reach(reach);
                let kept = self.stretches(network, reach, [0.0, extent(row)]);
                kept.iter().any(|[from, to]| (*from..=*to).contains(&above_end.clamp(0.0, extent(row))))
            }
        }
    }

    fn keeps_node(&self, node: NodeId) -> bool {
        self.also_above.iter().all(|set| set.contains_node(node))
            && !self.not_above.iter().any(|set| set.contains_node(node))
    }

    /// What remains of a stretch of a reach, metres above its lower end.
    fn stretches(&self, network: &Network, reach: ReachId, counted: Run<f64>) -> Vec<Run<f64>> {
        let of = |set: &UpstreamSet<'_>| set.stretches(network, reach);
        let kept = self.also_above.iter().fold(vec![counted], |kept, set| both(&kept, &of(set)));
        self.not_above.iter().fold(kept, |kept, set| without(&kept, &of(set)))
    }
}
