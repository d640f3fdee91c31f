//! What lies on any way between two groups of places, whichever way the water flows.

use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::options::Barriers;
use crate::path::measure;
use crate::shut::Shut;

/// What lies between two groups of places.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Between {
    /// Reaches and the stretch of each, metres along its drawn part; ordered. A reach that places divide may be there twice.
    pub reaches: Vec<(ReachId, [f64; 2])>,
    /// Nodes, ordered.
    pub nodes: Vec<NodeId>,
}

/// All that lies on any way from a place of `first` to a place of `second` that passes no node twice, against the flow as
/// well as with it.
///
/// This is what a network without a known direction of flow has upstream: the features between a start and the sources
/// ("controllers") that feed it. On a sewer it tells what a pressure test, dye or vermin could pass.
///
/// # Shape
/// Pipes that are shut and barriers are not passed; a way may begin or end at a barrier. A place inside a pipe divides it. Of pipes that end where they begin, none. Where a
/// place is in both groups, the place alone is a way.
///
/// # Complexity
/// O(nodes + reaches) time and memory; as often again as there are barriers in both groups.
///
/// # Reference
/// The upstream features of the ACM SIGSPATIAL Cup 2018: what lies on a simple path between a starting point and a controller.
/// With one more node before all of `first`, one behind all of `second`, and an edge from the one to the other, that
/// is the biconnected component of that edge: Hopcroft and Tarjan, "Efficient algorithms for graph manipulation" (1973).
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, all_between};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> C\nD -P3-> B"), &BuildConfig::automatic())?;
/// let place = |name| Ok::<_, suyuan_network::PlaceError>(network.place_of_node(network.find_node(name)?));
/// let between = all_between(&network, &[place("A")?], &[place("D")?], &Barriers::default());
/// let pipes = between.reaches.iter().map(|(r, _)| network.pipe_name(network.reach(*r).pipe));
/// assert_eq!(pipes.collect::<Vec<_>>(), ["P3", "P1"]); // in the order of the network
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "连通区间")]
#[must_use]
pub fn all_between(network: &Network, first: &[Place], second: &[Place], barriers: &Barriers) -> Between {
    let shut = Shut::new(network, barriers);
    let is_barrier = |place: &Place| matches!(place.kind, PlaceKind::Node(node) if shut.is_barrier(node));
    let without = |places: &[Place], other: &Place| -> Vec<Place> {
        places.iter().filter(|p| p.kind != other.kind).copied().collect()
    };
    // A barrier in both groups is where ways begin and where ways end, but none goes from it back to it.
    let mut both: Vec<Place> = first.iter().filter(|p| is_barrier(p)).copied().collect();
    both.retain(|place| second.iter().any(|other| other.kind == place.kind));
    let mut others = first.to_vec();
    let mut on = vec![false; network.node_count()];
    let mut found = Between::default();
    for place in &both {
        others = without(&others, place);
        Graph::of(&shut, &[*place], &without(second, place)).collect(&mut on, &mut found.reaches);
        if let PlaceKind::Node(node) = place.kind {
            on[node.index()] = true;
        }
    }
    Graph::of(&shut, &others, second).collect(&mut on, &mut found.reaches);
    found.nodes = network.node_ids().filter(|n| on[n.index()]).collect();
    found.reaches.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1[0].total_cmp(&b.1[0])));
    found.reaches.dedup_by(|next, last| {
        let goes_on = next.0 == last.0 && next.1[0] <= last.1[1];
        last.1[1] = if goes_on { last.1[1].max(next.1[1]) } else { last.1[1] };
        goes_on
    });
    found.reaches.retain(|(reach, [from, to])| from < to || network.reach(*reach).length() == 0.0);
    found
}

/// An edge without direction: the stretch of a reach, or none for one that was added.
struct Edge {
    ends: [u32; 2],
    part: Option<(ReachId, [f64; 2])>,
}

/// The open reaches, divided at the places, and the two nodes before and behind them.
struct Graph {
    count: usize,
    edges: Vec<Edge>,
    /// Nodes from this number on stand for barriers, one for each edge at it: a way may end there, but none leads through.
    first_twin: u32,
    stands_for: Vec<u32>,
    /// Where the edges at each node begin in `at`.
    begins: Vec<u32>,
    at: Vec<u32>,
}

impl Graph {
    fn of(shut: &Shut<'_>, first: &[Place], second: &[Place]) -> Self {
        let network = shut.network;
        // Places inside reaches, each once.
        let mut inside: Vec<(ReachId, f64)> = first.iter().chain(second).filter_map(inside).collect();
        inside.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        inside.dedup();
        let nodes = network.node_count() as u32;
        let (before, behind) = (nodes + inside.len() as u32, nodes + inside.len() as u32 + 1);
        let first_twin = behind + 1;
        let mut stands_for = Vec::new();
        let mut end = |node: NodeId| {
            let number = node.index() as u32;
            if !shut.is_barrier(node) {
                return number;
            }
            stands_for.push(number);
            first_twin + stands_for.len() as u32 - 1
        };
        // The edge from the one to the other is the first, and so the first that the walk takes.
        let mut edges = vec![Edge { ends: [before, behind], part: None }];
        let mut k = 0;
        for reach in network.reach_ids() {
            let from = k;
            while inside.get(k).is_some_and(|(r, _)| *r == reach) {
                k += 1;
            }
            if !shut.is_open(reach) {
                continue;
            }
            let row = network.reach(reach);
            let (mut node, mut above_end) = (end(row.from), row.length());
            let stops = inside[from..k].iter().zip(from as u32..).map(|((_, above), i)| (nodes + i, *above));
            for (next, above) in stops.chain([(end(row.to), 0.0)]) {
                let [a, b] = [above_end, above].map(|above| measure(network, reach, above));
                edges.push(Edge { ends: [node, next], part: Some((reach, [a.min(b), a.max(b)])) });
                (node, above_end) = (next, above);
            }
        }
        let mut twins: Vec<(u32, u32)> = stands_for.iter().copied().zip(first_twin..).collect();
        twins.sort_unstable();
        for (places, end) in [(first, before), (second, behind)] {
            for place in places {
                let node = match place.kind {
                    PlaceKind::Node(node) => node.index() as u32,
                    PlaceKind::Reach { reach, above_end } => {
                        let before = |i: &(ReachId, f64)| (i.0, -i.1) < (reach, -above_end);
                        nodes + inside.partition_point(before) as u32
                    }
                };
                let stead = twins[twins.partition_point(|t| t.0 < node)..].iter().take_while(|t| t.0 == node);
                let stead = stead.map(|t| t.1).chain([node]);
                edges.extend(stead.map(|node| Edge { ends: [end, node], part: None }));
            }
        }
        let count = first_twin as usize + stands_for.len();
        let mut begins = vec![0u32; count + 1];
        edges.iter().flat_map(|e| e.ends).for_each(|node| begins[node as usize + 1] += 1);
        (0..count).for_each(|node| begins[node + 1] += begins[node]);
        let mut next = begins.clone();
        let mut at = vec![0u32; 2 * edges.len()];
        for (e, edge) in edges.iter().enumerate() {
            for node in edge.ends {
                at[next[node as usize] as usize] = e as u32;
                next[node as usize] += 1;
            }
        }
        Self { count, edges, first_twin, stands_for, begins, at }
    }

    /// Adds the nodes and stretches that are on a way.
    fn collect(&self, on: &mut [bool], stretches: &mut Vec<(ReachId, [f64; 2])>) {
        for edge in self.block() {
            let Edge { ends, part } = &self.edges[edge as usize];
            stretches.extend(part);
            for node in ends {
                let node =
                    node.checked_sub(self.first_twin).map_or(*node, |twin| self.stands_for[twin as usize]);
                if let Some(on) = on.get_mut(node as usize) {
                    *on = true;
                }
            }
        }
    }

    /// The edges of the biconnected component of the first edge.
    fn block(&self) -> Vec<u32> {
        let [root, first] = self.edges[0].ends;
        let mut next = self.begins.clone();
        let mut order = vec![0u32; self.count]; // when a node was met, 0 if not yet
        let mut lowest = vec![0u32; self.count]; // the earliest node that what was met from it leads back to
        let mut open: Vec<u32> = vec![0]; // edges that belong to no finished component
        // The nodes of the walk, the edge that led to each, and how many edges were open before that.
        let mut walk: Vec<(u32, u32, usize)> = vec![(first, 0, 0)];
        (order[root as usize], order[first as usize], lowest[first as usize]) = (1, 2, 2);
        let mut met = 2;
        while let Some((node, by, opened)) = walk.last().copied() {
            let from = node as usize;
            if next[from] < self.begins[from + 1] {
                let edge = self.at[next[from] as usize];
                next[from] += 1;
                let [a, b] = self.edges[edge as usize].ends;
                let to = if a == node { b } else { a } as usize;
                if edge == by || a == b {
                    continue;
                }
                if order[to] == 0 {
                    met += 1;
                    (order[to], lowest[to]) = (met, met);
                    walk.push((to as u32, edge, open.len()));
                    open.push(edge);
                } else if order[to] < order[from] {
                    lowest[from] = lowest[from].min(order[to]);
                    open.push(edge);
                }
                continue;
            }
            walk.pop();
            if let Some((above, ..)) = walk.last() {
                let above = *above as usize;
                lowest[above] = lowest[above].min(lowest[from]);
                if lowest[from] >= order[above] {
                    open.truncate(opened);
                }
            }
        }
        open
    }
}

/// Where a place lies inside a reach.
fn inside(place: &Place) -> Option<(ReachId, f64)> {
    match place.kind {
        PlaceKind::Reach { reach, above_end } => Some((reach, above_end)),
        PlaceKind::Node(_) => None,
    }
}
