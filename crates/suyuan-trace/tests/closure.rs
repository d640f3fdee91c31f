//! Traces against brute force on random networks: loops, parallel pipes, splits, islands.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod alone;

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use suyuan_core::Certainty;
use suyuan_core::drawn::drawn;
use suyuan_core::raw::Field;
use suyuan_network::{BuildConfig, Network, NodeId, PipeId, Place, PlaceKind, ReachId, build_network};
use suyuan_trace::{Barriers, Heading, TraceIndex, TraceOptions, Tracer, partition_by_outfall};

/// Up to 12 nodes and 24 pipes anywhere between them: where each begins, and how many nodes on it ends.
fn networks() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    (2usize..12).prop_flat_map(|n| (Just(n), prop::collection::vec((0..n, 1..n), 1..24)))
}

fn text((n, pipes): &(usize, Vec<(usize, usize)>)) -> String {
    let mut text = String::new();
    for (p, (from, step)) in pipes.iter().enumerate() {
        let _ = writeln!(text, "N{from} -P{p}-> N{}", (from + step) % n);
    }
    text
}

fn build(plan: &(usize, Vec<(usize, usize)>)) -> Network {
    alone::alone();
    build_network(&drawn(&text(plan)), &BuildConfig::automatic()).unwrap().0
}

struct Question {
    heading: Heading,
    start: NodeId,
    shut_nodes: BTreeSet<NodeId>,
    shut_pipes: BTreeSet<PipeId>,
    limit: f64,
}

/// Distances of nodes by relaxing every pipe until nothing changes (Bellman, Ford), and the reaches beside them.
fn by_force(network: &Network, question: &Question) -> (Vec<f64>, BTreeSet<ReachId>) {
    let mut distance = vec![f64::INFINITY; network.node_count()];
    distance[question.start.index()] = 0.0;
    let open = |node: NodeId| node == question.start || !question.shut_nodes.contains(&node);
    let ends = |reach: ReachId| {
        let reach = network.reach(reach);
        match question.heading {
            Heading::Upstream => (reach.to, reach.from),
            Heading::Downstream => (reach.from, reach.to),
        }
    };
    loop {
        let mut changed = false;
        for reach in network.reach_ids() {
            let (near, far) = ends(reach);
            let there = distance[near.index()] + network.reach(reach).length();
            let passes = open(near) && !question.shut_pipes.contains(&network.reach(reach).pipe);
            if passes && there <= question.limit && there < distance[far.index()] {
                distance[far.index()] = there;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let inside = |reach: &ReachId| {
        let near = ends(*reach).0;
        distance[near.index()].is_finite()
            && open(near)
            && !question.shut_pipes.contains(&network.reach(*reach).pipe)
    };
    (distance.clone(), network.reach_ids().filter(inside).collect())
}

/// The share of each node's water that arrives at `start`: the linear equations of `inside`, the nodes that reach it, by
/// Gauss's elimination with the largest pivot.
fn arriving(network: &Network, start: NodeId, inside: &[NodeId]) -> Vec<f64> {
    let n = inside.len();
    let mut rows = vec![vec![0.0f64; n + 1]; n];
    for (row, node) in rows.iter_mut().zip(inside) {
        row[inside.iter().position(|m| m == node).unwrap()] = 1.0;
        if *node == start {
            row[n] = 1.0;
            continue;
        }
        let leaving = network.outgoing(*node);
        for reach in leaving {
            if let Some(to) = inside.iter().position(|m| *m == network.reach(*reach).to) {
                row[to] -= 1.0 / leaving.len() as f64;
            }
        }
    }
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs())).unwrap();
        rows.swap(k, pivot);
        let row = rows[k].clone();
        for (_, other) in rows.iter_mut().enumerate().filter(|(r, _)| *r != k) {
            let factor = other[k] / row[k];
            other.iter_mut().zip(&row).for_each(|(a, b)| *a -= factor * b);
        }
    }
    let mut arrives = vec![0.0; network.node_count()];
    for (k, node) in inside.iter().enumerate() {
        arrives[node.index()] = rows[k][n] / rows[k][k];
    }
    arrives
}

fn node(network: &Network, lot: usize) -> NodeId {
    network.node_ids().nth(lot % network.node_count()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_is_the_brute_force_closure(
        plan in networks(),
        lot in 0usize..100,
        downstream: bool,
        shut in prop::collection::vec(0usize..100, 0..3),
        limit in prop_oneof![Just(None), (0.0..400.0).prop_map(Some)],
    ) {
        let network = build(&plan);
        let question = Question {
            heading: if downstream { Heading::Downstream } else { Heading::Upstream },
            start: node(&network, lot),
            shut_nodes: shut.iter().step_by(2).map(|s| node(&network, *s)).collect(),
            shut_pipes: shut.iter().skip(1).step_by(2)
                .map(|s| network.pipe_ids().nth(s % network.pipe_count()).unwrap()).collect(),
            limit: limit.unwrap_or(f64::INFINITY),
        };
        let options = TraceOptions {
            heading: question.heading,
            barriers: Barriers {
                nodes: question.shut_nodes.iter().copied().collect(),
                pipes: question.shut_pipes.iter().copied().collect(),
            },
            max_distance: limit,
            ..TraceOptions::default()
        };
        let mut tracer = Tracer::new(&network);
        let start = network.place_of_node(question.start);
        let trace = tracer.trace(&start, &options);
        let (distance, reaches) = by_force(&network, &question);
        let ours: Vec<ReachId> = trace.steps.iter().map(|s| s.reach).collect();
        prop_assert_eq!(ours.iter().copied().collect::<BTreeSet<_>>(), reaches);
        prop_assert_eq!(ours.iter().copied().collect::<BTreeSet<_>>().len(), ours.len(), "each reach once");
        prop_assert!(trace.steps.windows(2).all(|w| w[0].distance <= w[1].distance));
        for (node, at) in &trace.nodes {
            prop_assert!((distance[node.index()] - at).abs() < 1e-9);
        }
        prop_assert_eq!(trace.nodes.len(), distance.iter().filter(|d| d.is_finite()).count());
        // A tracer that has been used answers as a new one does.
        prop_assert_eq!(tracer.trace(&start, &options), trace);
    }

    #[test]
    fn what_doubtful_directions_may_add_is_the_brute_force_closure(
        plan in networks(),
        lot in 0usize..100,
        limit in prop_oneof![Just(f64::INFINITY), 0.0..400.0f64],
    ) {
        // Without node ids the directions rest on little.
        let mut survey = drawn(&text(&plan));
        for layer in &mut survey.layers {
            layer.columns.retain(|f, _| !matches!(f, Field::FromNode | Field::ToNode));
        }
        alone::alone();
        let network = build_network(&survey, &BuildConfig::automatic()).unwrap().0;
        let doubtful = |r: ReachId| {
            let reach = network.reach(r);
            reach.certainty == Certainty::Unknown || reach.probability < 0.75
        };
        let start = node(&network, lot);
        let options = TraceOptions { possible: true, max_distance: Some(limit), ..TraceOptions::default() };
        let trace = Tracer::new(&network).trace(&network.place_of_node(start), &options);
        // Ways that water may take: with its direction, and against it where that is doubtful.
        let ways = |r: ReachId| {
            let reach = network.reach(r);
            let against = doubtful(r).then_some((reach.from, reach.to));
            [Some((reach.to, reach.from)), against].into_iter().flatten()
        };
        let mut distance = vec![f64::INFINITY; network.node_count()];
        distance[start.index()] = 0.0;
        for _ in 0..network.node_count() {
            for r in network.reach_ids() {
                for (near, far) in ways(r) {
                    let there = distance[near.index()] + network.reach(r).length();
                    if there <= limit {
                        distance[far.index()] = distance[far.index()].min(there);
                    }
                }
            }
        }
        let answer: BTreeSet<ReachId> = trace.steps.iter().map(|s| s.reach).collect();
        let expected: Vec<ReachId> = network
            .reach_ids()
            .filter(|r| ways(*r).any(|(near, _)| distance[near.index()].is_finite()) && !answer.contains(r))
            .collect();
        prop_assert_eq!(trace.possible, expected);
    }

    #[test]
    fn a_start_inside_a_pipe_is_the_node_above_and_that_pipe(plan in networks(), lot in 0usize..100, at in 0.01f64..0.99) {
        let network = build(&plan);
        let reach = network.reach_ids().nth(lot % network.reach_count()).unwrap();
        let row = network.reach(reach);
        let above_end = row.length() * at;
        let start = Place { kind: PlaceKind::Reach { reach, above_end }, ..network.place_of_node(row.to) };
        let trace = Tracer::new(&network).trace(&start, &TraceOptions::default());
        let question = Question {
            heading: Heading::Upstream,
            start: row.from,
            shut_nodes: BTreeSet::new(),
            shut_pipes: BTreeSet::new(),
            limit: f64::INFINITY,
        };
        let (distance, mut reaches) = by_force(&network, &question);
        reaches.insert(reach);
        prop_assert_eq!(trace.steps.iter().map(|s| s.reach).collect::<BTreeSet<_>>(), reaches);
        for (node, ours) in &trace.nodes {
            prop_assert!((distance[node.index()] + row.length() - above_end - ours).abs() < 1e-9);
        }
    }

    #[test]
    fn upstream_and_downstream_are_each_others_mirror(plan in networks(), a in 0usize..100, b in 0usize..100) {
        let network = build(&plan);
        let (a, b) = (node(&network, a), node(&network, b));
        let mut tracer = Tracer::new(&network);
        let up = tracer.trace(&network.place_of_node(b), &TraceOptions::default());
        let down = TraceOptions { heading: Heading::Downstream, ..TraceOptions::default() };
        let down = tracer.trace(&network.place_of_node(a), &down);
        prop_assert_eq!(up.nodes.iter().any(|n| n.0 == a), down.nodes.iter().any(|n| n.0 == b));
    }

    #[test]
    fn shares_are_those_of_letting_the_water_run(plan in networks(), lot in 0usize..100) {
        let network = build(&plan);
        let start = node(&network, lot);
        let trace = Tracer::new(&network).trace(&network.place_of_node(start), &TraceOptions::default());
        let arrives = arriving(&network, start, &trace.nodes.iter().map(|n| n.0).collect::<Vec<_>>());
        for (step, share) in trace.steps.iter().zip(trace.shares(&network)) {
            let expected = arrives[network.reach(step.reach).to.index()];
            prop_assert!((share - expected).abs() < 1e-9, "{} {}", share, expected);
        }
    }

    #[test]
    fn shares_of_what_enters_at_a_node_sum_to_one_over_where_it_leaves(plan in networks(), lot in 0usize..100) {
        let network = build(&plan);
        // What is let in at a node leaves over the ends it can reach, or goes round for ever.
        let start = node(&network, lot);
        let down = TraceOptions { heading: Heading::Downstream, ..TraceOptions::default() };
        let mut tracer = Tracer::new(&network);
        let reached: Vec<NodeId> = tracer.trace(&network.place_of_node(start), &down).nodes.iter().map(|n| n.0).collect();
        let ends: Vec<NodeId> = reached.iter().copied().filter(|n| network.outgoing(*n).is_empty()).collect();
        prop_assume!(!ends.is_empty() && !network.outgoing(start).is_empty());
        let escapes = reached.iter().all(|n| {
            let below = tracer.trace(&network.place_of_node(*n), &down);
            below.nodes.iter().any(|(m, _)| network.outgoing(*m).is_empty())
        });
        prop_assume!(escapes);
        let mut total = 0.0;
        for end in ends {
            let trace = tracer.trace(&network.place_of_node(end), &TraceOptions::default());
            let shares = trace.shares(&network);
            let leaving = network.outgoing(start).len() as f64;
            total += trace.steps.iter().zip(&shares)
                .filter(|(s, _)| network.reach(s.reach).from == start)
                .map(|(_, share)| share / leaving)
                .sum::<f64>();
        }
        prop_assert!((total - 1.0).abs() < 1e-9, "{}", total);
    }

    #[test]
    fn a_partition_is_what_lies_downstream_of_each_node(
        plan in networks(),
        outfalls in prop::collection::vec(0usize..12, 0..4),
        shut in prop::collection::vec(0usize..100, 0..4),
    ) {
        // Some of the places are outfalls; names decide.
        let renamed = text(&plan);
        let name = |word: &str| match word.strip_prefix('N').and_then(|n| n.parse::<usize>().ok()) {
            Some(n) if outfalls.contains(&n) => format!("OF{n}"),
            _ => word.to_owned(),
        };
        let lines = renamed.lines().map(|l| l.split(' ').map(name).collect::<Vec<_>>().join(" "));
        let survey = drawn(&lines.collect::<Vec<_>>().join("\n"));
        alone::alone();
        let network = build_network(&survey, &BuildConfig::automatic()).unwrap().0;
        let pipe = |lot: &usize| network.pipe_ids().nth(lot % network.pipe_count()).unwrap();
        let barriers = Barriers {
            nodes: shut.iter().step_by(2).map(|lot| node(&network, *lot)).collect(),
            pipes: shut.iter().skip(1).step_by(2).map(pipe).collect(),
        };
        let partition = partition_by_outfall(&network, &TraceIndex::new(&network), &barriers);
        let mut tracer = Tracer::new(&network);
        let down = TraceOptions {
            heading: Heading::Downstream,
            barriers: barriers.clone(),
            ..TraceOptions::default()
        };
        for node in network.node_ids() {
            let trace = tracer.trace(&network.place_of_node(node), &down);
            let expected: BTreeSet<_> = trace.nodes.iter().flat_map(|n| network.outfalls_at(n.0)).collect();
            let district = partition.district(node);
            prop_assert_eq!(&partition.outfalls()[district], &expected.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(district == 0, partition.outfalls()[district].is_empty());
        }
        for reach in network.reach_ids() {
            // Water in a reach comes to the node it runs to, and on from there unless that is a barrier.
            let to = network.reach(reach).to;
            let district = partition.district_of_reach(&network, reach);
            let expected = if barriers.nodes.contains(&to) {
                network.outfalls_at(to).collect()
            } else {
                partition.outfalls()[partition.district(to)].clone()
            };
            prop_assert_eq!(&partition.outfalls()[district], &expected);
        }
        let distinct: BTreeSet<_> = partition.outfalls().iter().collect();
        prop_assert_eq!(distinct.len(), partition.outfalls().len(), "each set once");
    }
}
