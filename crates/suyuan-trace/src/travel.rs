//! When water arrives: from each reach of a trace to its start.

use std::collections::HashMap;

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::options::Heading;
use crate::trace::Trace;
use crate::velocity::{BadTravelSetting, ReachTravel, TravelSettings, Window, travel_of_reach};
use crate::ways::cheapest;

/// A ring that water may leave at more nodes than this is not crossed to each of them.
const MOST_EXITS: usize = 64;

/// Travel times between the reaches of a trace and its start.
///
/// # Units
/// Seconds.
#[doc(alias = "行程时间")]
#[derive(Debug, Clone, PartialEq)]
pub struct Travel {
    /// As long as [`Trace::steps`], in the same order.
    pub steps: Vec<StepTravel>,
    /// As long as [`Trace::nodes`], in the same order: the time between each node and the start.
    pub nodes: Vec<Window>,
    start: Place,
    heading: Heading,
    /// Where each reach stands in the steps, and each node in the nodes, sorted.
    step_of: Vec<(ReachId, u32)>,
    node_of: Vec<(NodeId, u32)>,
    lengths: Vec<f64>,
}

/// Travel times of one step.
#[doc(alias = "管段到达时间")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepTravel {
    /// The time between the start and the end of the reach that is nearer to it: the lower end, of a downstream trace the
    /// upper end.
    pub near: Window,
    /// The time through the reach itself; of the one that the start lies on, all of it.
    pub through: ReachTravel,
    /// The time between the start and the other end: of an upstream trace, water that comes from the node there.
    pub far: Window,
}

/// How long water takes between each reach of a trace and its start, as windows from the earliest to the latest.
///
/// # Shape
/// The earliest is that of the quickest of all ways within the trace, each reach at its quickest. The latest is that of the
/// slowest way that makes sense, each reach at its slowest. A way makes sense if it enters no ring twice and leaves each ring
/// by the quickest way to the node where it leaves. A ring is a set of nodes that can all reach each other
/// before the water has arrived. Without rings that is the slowest of all ways. A ring that water may leave at more than 64
/// nodes is crossed by way of the one that leads out last, which may make the window wider, never narrower.
///
/// # Units
/// Seconds.
///
/// # Errors
/// [`BadTravelSetting`] for settings out of their range.
///
/// # Complexity
/// O(n log n) for n reaches without rings. A ring that water may leave at e nodes takes e times as long, at most 64 times.
///
/// # Reference
/// Dijkstra (1959) for the earliest; the longest way through the rings' condensation for the latest. Adding up the slow
/// (quick) bounds of reaches is right where they err together, and too wide where they err each for itself.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{TravelSettings, trace_upstream, travel_times};
/// let (network, _) = build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic())?;
/// let start = network.place_of_outfall(network.find_outfall("OF1")?, 1.0)?;
/// let trace = trace_upstream(&network, &start);
/// let travel = travel_times(&network, &trace, &TravelSettings::default())?;
/// assert_eq!(travel.steps[0].near.latest, 0.0); // P2 ends at the outfall
/// assert!(travel.steps[1].far.earliest < travel.steps[1].far.latest);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn travel_times(
    network: &Network,
    trace: &Trace,
    settings: &TravelSettings,
) -> Result<Travel, BadTravelSetting> {
    settings.check()?;
    let up = trace.heading == Heading::Upstream;
    let node_of = numbered(trace.nodes.iter().map(|n| n.0));
    let step_of = numbered(trace.steps.iter().map(|s| s.reach));
    let times: Vec<ReachTravel> =
        trace.steps.iter().map(|s| travel_of_reach(network, s.reach, settings)).collect();
    let lengths = trace.steps.iter().map(|s| network.reach(s.reach).length()).collect();
    let mut travel = Travel {
        steps: Vec::with_capacity(times.len()),
        nodes: Vec::new(),
        start: trace.start,
        heading: trace.heading,
        step_of,
        node_of,
        lengths,
    };
    // The start is a place of its own, where every way ends.
    let start = trace.nodes.len();
    let at = |node: NodeId| match trace.start.kind {
        PlaceKind::Node(own) if own == node => Some(start),
        _ => place_in(&travel.node_of, node),
    };
    let mut links: Vec<Link> = Vec::with_capacity(times.len() + 1);
    for (i, step) in trace.steps.iter().enumerate() {
        let reach = network.reach(step.reach);
        let (far, near) = if up { (reach.from, reach.to) } else { (reach.to, reach.from) };
        let whole = times[i].hold.then(times[i].run);
        match trace.start.kind {
            PlaceKind::Reach { reach, above_end } if reach == step.reach => {
                if let Some(far) = at(far) {
                    links.push(Link {
                        far,
                        near: start,
                        time: travel.beside(i, &times[i], above_end),
                        step: i,
                    });
                }
            }
            _ => {
                if let (Some(far), Some(near)) = (at(far), at(near))
                    && far != start
                    && far != near
                {
                    links.push(Link { far, near, time: whole, step: i });
                }
            }
        }
    }
    let windows = windows(start, &links, trace, MOST_EXITS);
    travel.nodes = trace
        .nodes
        .iter()
        .map(|(node, _)| at(*node).and_then(|i| windows.get(i).copied()).unwrap_or_default())
        .collect();
    for (i, step) in trace.steps.iter().enumerate() {
        let reach = network.reach(step.reach);
        let near = if up { reach.to } else { reach.from };
        let mut near = at(near).and_then(|n| windows.get(n).copied()).unwrap_or_default();
        let mut far = near.then(times[i].hold).then(times[i].run);
        if let PlaceKind::Reach { reach, above_end } = trace.start.kind
            && reach == step.reach
        {
            far = travel.beside(i, &times[i], above_end);
            if step.distance <= 0.0 {
                near = Window::default(); // the near end of what is traced is the start itself
            }
        }
        travel.steps.push(StepTravel { near, through: times[i], far });
    }
    Ok(travel)
}

impl Travel {
    /// The time between a place and the start; `None` if the trace does not reach the place.
    #[must_use]
    pub fn of_place(&self, place: &Place) -> Option<Window> {
        let (reach, above_end) = match place.kind {
            PlaceKind::Node(node) => return self.nodes.get(place_in(&self.node_of, node)?).copied(),
            PlaceKind::Reach { reach, above_end } => (reach, above_end),
        };
        let step = place_in(&self.step_of, reach)?;
        let found = self.steps[step];
        let up = self.heading == Heading::Upstream;
        let length = self.lengths[step];
        let part = |metres: f64| if length > 0.0 { (metres / length).clamp(0.0, 1.0) } else { 0.0 };
        if let PlaceKind::Reach { reach: own, above_end: start } = self.start.kind
            && own == reach
        {
            let beyond = if up { above_end - start } else { start - above_end };
            if beyond >= 0.0 {
                return Some(found.through.run.part(part(beyond)));
            }
            if found.near == Window::default() {
                return None; // on the other side of the start, and no loop leads back
            }
        }
        let run = found.through.run.part(part(if up { above_end } else { length - above_end }));
        let hold = if up { Window::default() } else { found.through.hold };
        Some(found.near.then(hold).then(run))
    }

    /// The time through the reach that the start lies on, from its far end to the start.
    fn beside(&self, step: usize, time: &ReachTravel, above_end: f64) -> Window {
        let length = self.lengths[step];
        let part = if length > 0.0 { (above_end / length).clamp(0.0, 1.0) } else { 0.0 };
        match self.heading {
            Heading::Upstream => time.hold.then(time.run.part(1.0 - part)),
            Heading::Downstream => time.run.part(part),
        }
    }
}

/// Things with their numbers in a list, sorted.
fn numbered<T: Ord>(list: impl Iterator<Item = T>) -> Vec<(T, u32)> {
    let mut numbered: Vec<(T, u32)> = list.enumerate().map(|(i, thing)| (thing, i as u32)).collect();
    numbered.sort_unstable();
    numbered
}

fn place_in<T: Ord + Copy>(numbered: &[(T, u32)], thing: T) -> Option<usize> {
    let found = numbered.binary_search_by(|n| n.0.cmp(&thing)).ok()?;
    Some(numbered[found].1 as usize)
}

/// A way over one reach towards the start.
struct Link {
    far: usize,
    near: usize,
    time: Window,
    step: usize,
}

/// The window of each node, and last of the start.
fn windows(start: usize, links: &[Link], trace: &Trace, most_exits: usize) -> Vec<Window> {
    let count = start + 1;
    let mut graph = DiGraph::<(), u32>::with_capacity(count, links.len());
    for _ in 0..count {
        graph.add_node(());
    }
    for (i, link) in links.iter().enumerate() {
        graph.add_edge(NodeIndex::new(link.far), NodeIndex::new(link.near), i as u32);
    }
    let reach = |link: &Link| trace.steps[link.step].reach;
    let into = |node: usize| {
        graph.edges_directed(NodeIndex::new(node), Incoming).map(|e| &links[*e.weight() as usize])
    };
    let earliest = cheapest(count, &[(start, 0.0)], None, |node, pass| {
        for link in into(node) {
            pass(link.far, link.time.earliest, reach(link));
        }
    });
    let mut latest = vec![0.0f64; count];
    let mut ring_of = vec![u32::MAX; count];
    // Groups come nearest to the start first.
    for (ring, group) in kosaraju_scc(&graph).into_iter().enumerate() {
        for node in &group {
            ring_of[node.index()] = ring as u32;
        }
        // The latest by ways that leave the ring at once.
        let leaves = |node: NodeIndex| {
            let out = graph.edges(node).map(|e| &links[*e.weight() as usize]);
            out.filter(|l| ring_of[l.near] != ring as u32)
                .map(|l| l.time.latest + latest[l.near])
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let mut exits: Vec<(usize, f64)> =
            group.iter().map(|n| (n.index(), leaves(*n))).filter(|e| e.1 >= 0.0).collect();
        exits.sort_by_key(|e| e.0);
        if let [only] = group.as_slice() {
            latest[only.index()] = exits.first().map_or(0.0, |e| e.1);
            continue;
        }
        let mut place: HashMap<usize, usize> = HashMap::new();
        let mut members: Vec<usize> = group.iter().map(|n| n.index()).collect();
        members.sort_unstable();
        for (k, node) in members.iter().enumerate() {
            place.insert(*node, k);
        }
        // The slow times of the quickest ways within the ring, to a node from all others or from it to them.
        let within = |from: usize, at: f64, against: bool| {
            cheapest(members.len(), &[(place[&from], at)], None, |node, pass| {
                let side = if against { Incoming } else { Outgoing };
                for edge in graph.edges_directed(NodeIndex::new(members[node]), side) {
                    let link = &links[*edge.weight() as usize];
                    let next = place.get(if against { &link.far } else { &link.near });
                    if let Some(next) = next {
                        pass(*next, link.time.latest, reach(link));
                    }
                }
            })
            .cost
        };
        let last = exits.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
        if let Some((last, _)) = last.filter(|_| exits.len() > most_exits) {
            let from_last = within(last, 0.0, false);
            let then = exits.iter().map(|(exit, at)| from_last[place[exit]] + at).fold(0.0, f64::max);
            exits = vec![(last, then)];
        }
        for (exit, at) in exits {
            for (node, cost) in members.iter().zip(within(exit, at, true)) {
                latest[*node] = latest[*node].max(cost);
            }
        }
    }
    use std::iter::zip;
    zip(earliest.cost, latest).map(|(earliest, latest)| Window { earliest, latest }).collect()
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_network::{BuildConfig, build_network};

    use super::*;
    use crate::{TraceOptions, Tracer, trace_upstream};

    fn network(text: &str) -> Network {
        build_network(&drawn(text), &BuildConfig::automatic()).unwrap().0
    }

    fn at_node(network: &Network, name: &str) -> Place {
        network.place_of_node(network.find_node(name).unwrap())
    }

    fn window(network: &Network, from: &str, to: &str) -> Option<Window> {
        let trace = trace_upstream(network, &at_node(network, to));
        travel_times(network, &trace, &TravelSettings::default()).unwrap().of_place(&at_node(network, from))
    }

    /// The window of a pipe by itself.
    fn through(network: &Network, pipe: &str) -> Window {
        let reach = network.reaches_of(network.find_pipes(pipe).unwrap()[0]).next().unwrap();
        travel_of_reach(network, reach, &TravelSettings::default()).run
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn windows_add_up_along_the_way() {
        let network = network("A -P1-> B -P2-> OF1");
        let all = window(&network, "A", "OF1").unwrap();
        let sum = through(&network, "P1").then(through(&network, "P2"));
        assert!(near(all.earliest, sum.earliest) && near(all.latest, sum.latest));
        assert_eq!(window(&network, "OF1", "OF1"), Some(Window::default()));
        assert_eq!(window(&network, "OF1", "B"), None);
    }

    #[test]
    fn of_two_ways_the_quickest_is_the_earliest_and_the_slowest_the_latest() {
        let network = network("A -P1-> B -P2-> OF1\nA -P3-> C -P4-> D -P5-> OF1");
        let all = window(&network, "A", "OF1").unwrap();
        let [short, long] = [["P1", "P2"].as_slice(), ["P3", "P4", "P5"].as_slice()]
            .map(|way| way.iter().fold(Window::default(), |sum, p| sum.then(through(&network, p))));
        assert!(near(all.earliest, short.earliest.min(long.earliest)));
        assert!(near(all.latest, short.latest.max(long.latest)));
    }

    #[test]
    fn a_ring_is_crossed_and_not_gone_round() {
        let network = network("A -P1-> B -P2-> OF1\nB -P3-> C -P4-> B");
        let all = window(&network, "A", "OF1").unwrap();
        assert!(near(all.latest, through(&network, "P1").then(through(&network, "P2")).latest));
    }

    #[test]
    fn a_start_inside_a_pipe_counts_the_part_above_it() {
        let network = network("A -P1-> B -P2-> OF1");
        let pipe = network.find_pipes("P1").unwrap()[0];
        let reach = network.reaches_of(pipe).next().unwrap();
        let length = network.reach(reach).length();
        let at = |above_end| Place { kind: PlaceKind::Reach { reach, above_end }, ..at_node(&network, "A") };
        let trace = trace_upstream(&network, &at(length / 4.0));
        let travel = travel_times(&network, &trace, &TravelSettings::default()).unwrap();
        let whole = through(&network, "P1");
        assert!(near(travel.of_place(&at_node(&network, "A")).unwrap().latest, whole.latest * 0.75));
        assert!(near(travel.of_place(&at(length / 2.0)).unwrap().latest, whole.latest * 0.25));
        assert_eq!(travel.of_place(&at(0.0)), None, "below the start");
        let down = TraceOptions { heading: Heading::Downstream, ..TraceOptions::default() };
        let trace = Tracer::new(&network).trace(&at(length / 4.0), &down);
        let travel = travel_times(&network, &trace, &TravelSettings::default()).unwrap();
        let expected = whole.part(0.25).then(through(&network, "P2"));
        assert!(near(travel.of_place(&at_node(&network, "OF1")).unwrap().latest, expected.latest));
        assert_eq!(travel.of_place(&at(length / 2.0)), None, "above the start");
    }

    #[test]
    fn a_ring_with_many_ways_out_gives_a_window_that_is_wider_and_never_narrower() {
        // A ring of 20, each node of which leads out to the start too, the time out another for each.
        let network = network("A -P1-> OF1");
        let trace = trace_upstream(&network, &at_node(&network, "OF1"));
        let count = 20;
        let link = |far, near, latest| Link { far, near, time: Window { earliest: 1.0, latest }, step: 0 };
        let round = (0..count).map(|k| link(k, (k + 1) % count, 2.0 + (k * 7 % 5) as f64));
        let out = (0..count).map(|k| link(k, count, (k * 37 % 101) as f64));
        let links: Vec<Link> = round.chain(out).collect();
        let [each, by_last] = [MOST_EXITS, 0].map(|most| windows(count, &links, &trace, most));
        let once_round: f64 = (0..count).map(|k| links[k].time.latest).sum();
        for (each, by_last) in each.iter().zip(&by_last) {
            assert_eq!(each.earliest, by_last.earliest);
            assert!(each.latest <= by_last.latest && by_last.latest <= each.latest + once_round);
        }
        assert!(each.iter().zip(&by_last).any(|(a, b)| a.latest < b.latest));
    }

    #[test]
    fn a_million_reaches_in_a_row_overflow_no_stack() {
        // As a chain of links, since a drawing of that length takes longer than the question.
        let count = 1_000_000;
        let network = network("A -P1-> OF1");
        let trace = trace_upstream(&network, &at_node(&network, "OF1"));
        let time = Window { earliest: 1.0, latest: 2.0 };
        let links: Vec<Link> = (0..count).map(|far| Link { far, near: far + 1, time, step: 0 }).collect();
        let found = windows(count, &links, &trace, MOST_EXITS);
        assert_eq!(found[0], Window { earliest: 1e6, latest: 2e6 });
    }
}
