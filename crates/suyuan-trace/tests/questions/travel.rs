//! Travel times against every way there is.

use proptest::prelude::*;
use suyuan_network::{Network, NodeId, ReachId};
use suyuan_trace::{Barriers, Heading, TraceOptions, Tracer, TravelSettings, travel_of_reach, travel_times};

use crate::plan::{barred, barriers, closure, is_open, node, passes, plans, simple_ways};

/// The quickest and the slowest time through a reach, the wait before it included.
fn times(network: &Network, reach: ReachId) -> [f64; 2] {
    let found = travel_of_reach(network, reach, &TravelSettings::default());
    [found.hold.earliest + found.run.earliest, found.hold.latest + found.run.latest]
}

/// The slow cost of the quickest way between two nodes without leaving some nodes, by relaxing until nothing changes.
fn within(
    network: &Network,
    barriers: &Barriers,
    from: NodeId,
    to: NodeId,
    inside: &dyn Fn(NodeId) -> bool,
) -> f64 {
    let mut cost = vec![f64::INFINITY; network.node_count()];
    cost[from.index()] = 0.0;
    for _ in 0..network.node_count() {
        for reach in network.reach_ids().filter(|r| is_open(network, *r)) {
            let row = network.reach(reach);
            if inside(row.from) && inside(row.to) && !barriers.pipes.contains(&row.pipe) {
                let there = cost[row.from.index()] + times(network, reach)[1];
                cost[row.to.index()] = cost[row.to.index()].min(there);
            }
        }
    }
    cost[to.index()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_are_those_of_all_sensible_ways(plan in plans(6), lot in 0usize..100, shut in barred()) {
        let network = plan.build();
        let start = node(&network, lot);
        let barriers = barriers(&network, &shut);
        let options = TraceOptions { barriers: barriers.clone(), ..TraceOptions::default() };
        let trace = Tracer::new(&network).trace(&network.place_of_node(start), &options);
        let travel = travel_times(&network, &trace, &TravelSettings::default()).unwrap();
        // Water that has arrived goes no farther.
        let reaches = closure(&network, |r| {
            network.reach(r).from != start && passes(&network, &barriers, r, &[])
        });
        let together = |a: NodeId, b: NodeId| {
            reaches[a.index()][b.index()] && reaches[b.index()][a.index()]
        };
        for ((from, _), window) in trace.nodes.iter().zip(&travel.nodes) {
            let ways = simple_ways(&network, &barriers, *from, start);
            let time = |way: &[ReachId], side: usize| way.iter().map(|r| times(&network, *r)[side]).sum::<f64>();
            let earliest = ways.iter().map(|w| time(w, 0)).fold(f64::INFINITY, f64::min);
            // A way makes sense if it crosses each ring by the quickest way from where it enters to where it leaves.
            let sensible = |way: &&Vec<ReachId>| {
                let mut at = 0;
                while at < way.len() {
                    let enter = network.reach(way[at]).from;
                    let inside = |r: &&ReachId| together(enter, network.reach(**r).to);
                    let stretch = way[at..].iter().take_while(inside).count();
                    if stretch > 0 {
                        let leave = network.reach(way[at + stretch - 1]).to;
                        let least = within(&network, &barriers, enter, leave, &|n| together(enter, n));
                        if time(&way[at..at + stretch], 1) > least + 1e-6 {
                            return false;
                        }
                    }
                    at += stretch + 1;
                }
                true
            };
            let latest = ways.iter().filter(sensible).map(|w| time(w, 1)).fold(0.0, f64::max);
            prop_assert!((window.earliest - earliest).abs() < 1e-6, "{window:?} {earliest}");
            prop_assert!((window.latest - latest).abs() < 1e-6, "{window:?} {latest}");
            prop_assert!(window.earliest <= window.latest);
        }
        for step in &travel.steps {
            prop_assert!(step.near.latest.is_finite() && step.far.latest.is_finite());
        }
    }

    #[test]
    fn downstream_windows_are_the_mirror_of_upstream_ones(plan in plans(6), a in 0usize..100, b in 0usize..100) {
        let network = plan.build();
        let (a, b) = (node(&network, a), node(&network, b));
        let mut tracer = Tracer::new(&network);
        let mut window = |start: NodeId, at: NodeId, heading: Heading| {
            let options = TraceOptions { heading, ..TraceOptions::default() };
            let trace = tracer.trace(&network.place_of_node(start), &options);
            let travel = travel_times(&network, &trace, &TravelSettings::default()).unwrap();
            travel.of_place(&network.place_of_node(at))
        };
        let (up, down) = (window(b, a, Heading::Upstream), window(a, b, Heading::Downstream));
        prop_assert_eq!(up.is_some(), down.is_some());
        if let (Some(up), Some(down)) = (up, down) {
            prop_assert!((up.earliest - down.earliest).abs() < 1e-6);
        }
    }
}
