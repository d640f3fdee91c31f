//! Limited traces against relaxing every reach until nothing changes (Bellman, Ford).

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use suyuan_core::raw::Field;
use suyuan_network::{Network, NodeId, PipeId, Place, PlaceKind, ReachId};
use suyuan_trace::{
    Barriers, Heading, StopReason, Trace, TraceOptions, Tracer, TravelSettings, travel_of_reach,
};

use crate::plan::{Plan, is_open, node, place, plans};

/// What a question says but for the number of pipes, and what a person would work out about it.
struct Asked<'a> {
    network: &'a Network,
    start: Place,
    options: TraceOptions,
}

/// A way over one reach, away from the start: from where, to where, metres, seconds.
type Arc = (ReachId, NodeId, NodeId, f64, f64);

impl Asked<'_> {
    fn time(&self, reach: ReachId) -> [f64; 2] {
        let found = travel_of_reach(self.network, reach, &TravelSettings::default());
        [found.wait, self.network.reach(reach).length() / found.velocity]
    }

    fn near_far(&self, reach: ReachId) -> (NodeId, NodeId) {
        let row = self.network.reach(reach);
        if self.options.heading == Heading::Upstream { (row.to, row.from) } else { (row.from, row.to) }
    }

    fn is_barrier(&self, node: NodeId) -> bool {
        self.options.barriers.nodes.contains(&node) && self.start.kind != PlaceKind::Node(node)
    }

    fn passes(&self, reach: ReachId) -> bool {
        is_open(self.network, reach) && !self.options.barriers.pipes.contains(&self.network.reach(reach).pipe)
    }

    fn arcs(&self, either_way: bool) -> Vec<Arc> {
        let mut arcs = Vec::new();
        for reach in self.network.reach_ids().filter(|r| self.passes(*r)) {
            let (near, far) = self.near_far(reach);
            let row = self.network.reach(reach);
            let seconds = self.time(reach).iter().sum();
            arcs.push((reach, near, far, row.length(), seconds));
            if either_way && row.probability < 0.75 {
                arcs.push((reach, far, near, row.length(), seconds));
            }
        }
        arcs.retain(|a| !self.is_barrier(a.1));
        arcs
    }

    /// Where a walk begins: a node, metres, seconds.
    fn firsts(&self, either_way: bool) -> Vec<(NodeId, f64, f64)> {
        let (reach, above) = match self.start.kind {
            PlaceKind::Node(node) => return vec![(node, 0.0, 0.0)],
            PlaceKind::Reach { reach, above_end } => (reach, above_end),
        };
        let row = self.network.reach(reach);
        let [wait, run] = self.time(reach);
        let part = above / row.length();
        let mut both =
            vec![(row.from, row.length() - above, wait + run * (1.0 - part)), (row.to, above, run * part)];
        if self.options.heading == Heading::Downstream {
            both.reverse();
        }
        both.truncate(if either_way && row.probability < 0.75 { 2 } else { 1 });
        both
    }

    /// Seconds and metres of the nodes that are within the limits of distance and time; else endless.
    fn within(&self, either_way: bool) -> Vec<[f64; 2]> {
        let arcs = self.arcs(either_way);
        let endless = f64::INFINITY;
        let mut seconds = vec![endless; self.network.node_count()];
        let mut metres = seconds.clone();
        let most = [self.options.max_time, self.options.max_distance].map(|m| m.unwrap_or(endless));
        for (list, of, most) in [(&mut seconds, 1, most[0]), (&mut metres, 0, most[1])] {
            for (node, m, s) in self.firsts(either_way) {
                let there = [m, s][of];
                if there <= most {
                    list[node.index()] = list[node.index()].min(there);
                }
            }
            for _ in 0..self.network.node_count() {
                for (_, near, far, m, s) in &arcs {
                    let there = list[near.index()] + [*m, *s][of];
                    if there <= most {
                        list[far.index()] = list[far.index()].min(there);
                    }
                }
            }
        }
        // Metres count over nodes in time alone.
        let in_time = |n: NodeId| seconds[n.index()].is_finite();
        let mut metres = vec![endless; self.network.node_count()];
        for (node, m, _) in self.firsts(either_way).into_iter().filter(|f| in_time(f.0) && f.1 <= most[1]) {
            metres[node.index()] = metres[node.index()].min(m);
        }
        for _ in 0..self.network.node_count() {
            for (_, near, far, m, _) in arcs.iter().filter(|a| in_time(a.2)) {
                let there = metres[near.index()] + m;
                if there <= most[1] {
                    metres[far.index()] = metres[far.index()].min(there);
                }
            }
        }
        seconds.into_iter().zip(metres).map(|(s, m)| [s, m]).collect()
    }

    fn stops(&self, trace: &Trace, reason: StopReason) -> BTreeSet<NodeId> {
        let stops: Vec<NodeId> = trace.stops.iter().filter(|s| s.reason == reason).map(|s| s.node).collect();
        let told: BTreeSet<NodeId> = stops.iter().copied().collect();
        assert_eq!(told.len(), stops.len(), "each limit once a node");
        told
    }
}

/// A question that lots fall on.
fn asked<'a>(
    network: &'a Network,
    lots: &[usize],
    downstream: bool,
    [metres, minutes]: [Option<f64>; 2],
) -> Asked<'a> {
    let pipe = |lot: usize| network.pipe_ids().nth(lot % network.pipe_count()).unwrap();
    let barriers = match lots[1] % 3 {
        0 => Barriers { nodes: vec![node(network, lots[2])], pipes: vec![] },
        1 => Barriers { nodes: vec![], pipes: vec![pipe(lots[2])] },
        _ => Barriers::default(),
    };
    let options = TraceOptions {
        heading: if downstream { Heading::Downstream } else { Heading::Upstream },
        barriers,
        max_distance: metres,
        max_time: minutes.map(|m| m * 60.0),
        ..TraceOptions::default()
    };
    Asked { network, start: place(network, lots[0]), options }
}

fn limits() -> impl Strategy<Value = [Option<f64>; 2]> {
    let metres = prop_oneof![2 => Just(None), 1 => (0.0..400.0).prop_map(Some)];
    let minutes = prop_oneof![1 => Just(None), 3 => (0.0..30.0).prop_map(Some)];
    (metres, minutes).prop_map(|(metres, minutes)| [metres, minutes])
}

fn lots() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..1000, 3)
}

/// Without node ids and levels: directions that rest on little.
fn doubtful(plan: &Plan) -> Network {
    plan.build_without(&[Field::FromNode, Field::ToNode, Field::InvertFrom, Field::InvertTo])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_within_a_time_is_what_is_in_time(plan in plans(8), lots in lots(), downstream: bool, limits in limits()) {
        let network = plan.build();
        let asked = asked(&network, &lots, downstream, limits);
        let trace = Tracer::new(&network).trace(&asked.start, &asked.options);
        let within = asked.within(false);
        let inside = |n: NodeId| within[n.index()][1].is_finite();
        let nodes: BTreeSet<NodeId> = network.node_ids().filter(|n| inside(*n)).collect();
        prop_assert_eq!(trace.nodes.iter().map(|n| n.0).collect::<BTreeSet<_>>(), nodes);
        for (node, at) in &trace.nodes {
            prop_assert!((within[node.index()][1] - at).abs() < 1e-9);
        }
        let arcs = asked.arcs(false);
        let mut reaches: BTreeSet<ReachId> = arcs.iter().filter(|a| inside(a.1)).map(|a| a.0).collect();
        if let PlaceKind::Reach { reach, .. } = asked.start.kind {
            reaches.insert(reach);
        }
        prop_assert_eq!(trace.steps.iter().map(|s| s.reach).collect::<BTreeSet<_>>(), reaches);
        // Branches that end too late say so, unless they end by the distance.
        let late = |n: NodeId| within[n.index()][0].is_infinite();
        let most = asked.options.max_distance.unwrap_or(f64::INFINITY);
        let mut stops: BTreeSet<NodeId> = arcs
            .iter()
            .filter(|a| inside(a.1) && late(a.2) && within[a.1.index()][1] + a.3 <= most)
            .map(|a| a.1)
            .collect();
        let (first, metres, _) = asked.firsts(false)[0];
        if late(first) && metres <= most {
            stops.insert(first);
        }
        prop_assert_eq!(asked.stops(&trace, StopReason::TimeLimit), stops);
    }

    #[test]
    fn what_doubtful_directions_add_within_a_time_is_in_time(plan in plans(7), lots in lots(), limits in limits()) {
        let network = doubtful(&plan);
        let mut asked = asked(&network, &lots, false, limits);
        asked.options.possible = true;
        let trace = Tracer::new(&network).trace(&asked.start, &asked.options);
        let within = asked.within(true);
        let met = asked.arcs(true).into_iter().filter(|a| within[a.1.index()][1].is_finite()).map(|a| a.0);
        let mut possible: BTreeSet<ReachId> = met.collect();
        trace.steps.iter().for_each(|s| { possible.remove(&s.reach); });
        prop_assert_eq!(trace.possible, possible.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_nearest_pipes_are_the_first_of_the_whole_trace(
        plan in plans(8), lots in lots(), downstream: bool, limits in limits(), most in 1usize..8,
    ) {
        let network = plan.build();
        let mut asked = asked(&network, &lots, downstream, limits);
        let mut tracer = Tracer::new(&network);
        let whole = tracer.trace(&asked.start, &asked.options);
        asked.options.max_pipes = NonZeroUsize::new(most);
        let trace = tracer.trace(&asked.start, &asked.options);
        let all: BTreeSet<PipeId> = whole.pipes(&network).into_iter().collect();
        if all.len() <= most {
            prop_assert_eq!(trace, whole);
            return Ok(());
        }
        // The pipe that the start lies on is the first of all, though a ring lead back to it.
        let own = match asked.start.kind {
            PlaceKind::Reach { reach, .. } => Some(reach),
            PlaceKind::Node(_) => None,
        };
        let mut pipes: BTreeSet<PipeId> = own.iter().map(|r| network.reach(*r).pipe).collect();
        let mut whole_ones: BTreeSet<ReachId> = BTreeSet::new();
        let mut cut = f64::NAN;
        for step in &whole.steps {
            pipes.insert(network.reach(step.reach).pipe);
            if pipes.len() > most {
                cut = step.distance;
                break;
            }
            whole_ones.insert(step.reach);
        }
        let mut kept = whole_ones.clone();
        kept.extend(own);
        prop_assert_eq!(trace.pipes(&network).len(), most);
        prop_assert_eq!(trace.steps.iter().map(|s| s.reach).collect::<BTreeSet<_>>(), kept);
        let nodes: Vec<_> = whole.nodes.iter().copied().filter(|n| n.1 <= cut).collect();
        prop_assert_eq!(&trace.nodes, &nodes);
        // Wherever the whole trace goes on over a reach and this one does not, it says so.
        let within = |n: &NodeId| nodes.iter().any(|m| m.0 == *n);
        let ends: BTreeSet<NodeId> = asked
            .arcs(false)
            .into_iter()
            .filter(|(reach, near, far, ..)| {
                let goes_on = whole.nodes.iter().any(|n| n.0 == *far);
                let farther = asked.options.max_distance.is_some_and(|m| {
                    nodes.iter().any(|n| n.0 == *near && n.1 + network.reach(*reach).length() > m)
                });
                let late = !goes_on && !farther;
                within(near) && !farther && !late && (!whole_ones.contains(reach) || !within(far))
            })
            .map(|a| a.1)
            .collect();
        prop_assert_eq!(asked.stops(&trace, StopReason::PipeLimit), ends);
        prop_assert!(!asked.stops(&trace, StopReason::PipeLimit).is_empty() || limits != [None; 2]);
    }
}
