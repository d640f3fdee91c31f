//! A million pipes one after the other: nothing recurses, and every question is answered.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod lattice;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use suyuan_network::{Network, NodeId, PlaceKind};
use suyuan_trace::{
    Amounts, Barriers, Path, TraceIndex, TraceOptions, Tracer, TravelSettings, accumulate,
    accumulate_by_shares, all_between, find_path, first_meetings, isolate, long_profile,
    partition_by_outfall, travel_times, upstream_of_all,
};

/// How many pipes.
const DEEP: usize = 1_000_000;

/// A path, and its nodes in the order of the flow.
fn path() -> (Network, Vec<NodeId>) {
    // Row by row over a square, to and fro.
    let place = |i: i32| {
        let (row, along) = (i / 1000, i % 1000);
        (if row % 2 == 0 { along } else { 999 - along }, row)
    };
    let lines: Vec<_> = (0..DEEP as i32).map(|i| vec![place(i), place(i + 1)]).collect();
    let network = lattice::network_of(&lines, &BTreeSet::new());
    let mut node = network.node_ids().find(|n| network.incoming(*n).is_empty()).unwrap();
    let mut nodes = vec![node];
    while let [reach] = network.outgoing(node) {
        node = network.reach(*reach).to;
        nodes.push(node);
    }
    assert_eq!(nodes.len(), DEEP + 1);
    (network, nodes)
}

/// One network for all, since making it takes longest.
#[test]
fn a_path_of_a_million_pipes_needs_no_deep_stack() {
    let (network, nodes) = path();
    let (top, end) = (network.place_of_node(nodes[0]), network.place_of_node(nodes[DEEP]));
    let middle = network.place_of_node(nodes[DEEP / 2]);
    let none = Barriers::default();

    let index = TraceIndex::new(&network);
    for (above, node) in nodes.iter().enumerate() {
        let set = index.upstream_of(&network, &network.place_of_node(*node));
        assert_eq!((set.run_count(), set.node_count()), (1, above + 1));
    }

    let swept = Tracer::with_index(&network, &index).trace(&end, &TraceOptions::default());
    let far = TraceOptions { max_distance: Some(1e12), possible: true, ..TraceOptions::default() };
    assert_eq!(Tracer::new(&network).trace(&end, &far), swept);
    assert_eq!((swept.steps.len(), swept.stops.len()), (DEEP, 1));
    assert!(swept.shares(&network).iter().all(|share| *share == 1.0));
    let travel = travel_times(&network, &swept, &TravelSettings::default()).unwrap();
    let [first, last] = [&travel.steps[0], &travel.steps[DEEP - 1]].map(|s| s.far.latest);
    assert!((last / first / DEEP as f64 - 1.0).abs() < 1e-6);

    let half = NonZeroUsize::new(DEEP / 2);
    let limited = TraceOptions { max_time: Some(1e12), max_pipes: half, ..TraceOptions::default() };
    assert_eq!(Tracer::new(&network).trace(&end, &limited).steps, swept.steps[..DEEP / 2]);

    let Path::WithFlow(way) = find_path(&network, &top, &end, &none) else { panic!("no way") };
    assert_eq!(way.reaches.len(), DEEP);
    assert_eq!(long_profile(&network, &way).reaches.len(), DEEP);
    assert_eq!(all_between(&network, &[end], &[top], &none).reaches.len(), DEEP);

    let meetings = first_meetings(&network, &[top, middle], &none);
    assert_eq!(meetings.iter().map(|m| m.at).collect::<Vec<_>>(), [PlaceKind::Node(nodes[DEEP / 2])]);
    assert_eq!(upstream_of_all(&network, &[middle, end], &none).nodes.len(), DEEP / 2 + 1);
    let isolation = isolate(&network, &[top], &none);
    assert_eq!(isolation.plugs.iter().map(|p| p.node).collect::<Vec<_>>(), [nodes[1]]);

    let ones = vec![1.0; network.node_count()];
    for question in [accumulate, accumulate_by_shares] {
        let sums = question(&network, &Amounts { nodes: &ones, reaches: &[] }, &none).unwrap();
        assert!(nodes.iter().enumerate().all(|(above, node)| sums[node.index()] == (above + 1) as f64));
    }
    let partition = partition_by_outfall(&network, &index, &none);
    assert!(nodes.iter().all(|node| partition.district(*node) == 0));
}
