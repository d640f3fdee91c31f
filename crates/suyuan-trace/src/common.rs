//! Where the water of several places first meets, and what lies upstream of all of several places.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::marks::Marked;
use crate::options::{Barriers, TraceOptions};
use crate::shut::Shut;
use crate::tracer::Tracer;
use crate::ways::cheapest;

/// A place where the water of several starts first meets.
#[doc(alias = "汇合点")]
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    /// What it is on: a node, or one of the starts if that lies inside a reach.
    pub at: PlaceKind,
    /// Metres of pipe from each start, in their order.
    pub distances: Vec<f64>,
}

/// The places where the water of all `starts` first meets on its way down.
///
/// # Shape
/// Water from every start comes to each of them, and to no other place above them. Several of them if the starts share
/// several ways down; none if they share none. Where the water first meets in a ring, the nodes (and starts) at which it
/// enters the ring. Nothing lies below a barrier, whatever starts there. Nearest first, by the longest of the distances, then
/// the next longest.
///
/// # Units
/// [`Meeting::distances`] metres.
///
/// # Complexity
/// O(k n log n) for k starts with n reaches below them, O(k · nodes of the network) memory.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, PlaceKind, build_network};
/// use suyuan_trace::{Barriers, first_meetings};
/// let (network, _) = build_network(&drawn("A -P1-> C -P3-> OF1\nB -P2-> C"), &BuildConfig::automatic())?;
/// let place = |name| Ok::<_, suyuan_network::PlaceError>(network.place_of_node(network.find_node(name)?));
/// let meetings = first_meetings(&network, &[place("A")?, place("B")?], &Barriers::default());
/// assert_eq!(meetings.len(), 1);
/// assert_eq!(meetings[0].at, PlaceKind::Node(network.find_node("C")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn first_meetings(network: &Network, starts: &[Place], barriers: &Barriers) -> Vec<Meeting> {
    let shut = Shut::new(network, barriers);
    let marked = Marked::new(&shut, starts);
    let numbers: Vec<usize> = starts.iter().filter_map(|s| marked.number(s)).collect();
    let costs: Vec<Vec<f64>> = numbers
        .iter()
        .map(|start| {
            let links = |number, pass: &mut dyn FnMut(usize, f64, ReachId)| {
                marked.downstream(number, number == *start, pass);
            };
            cheapest(marked.count(), &[(*start, 0.0)], None, links).cost
        })
        .collect();
    let is_common = |number: usize| !costs.is_empty() && costs.iter().all(|c| c[number].is_finite());
    let common: Vec<usize> = (0..marked.count()).filter(|n| is_common(*n)).collect();
    let mut place = vec![usize::MAX; marked.count()];
    let mut water = DiGraph::<(), ()>::with_capacity(common.len(), common.len());
    for number in &common {
        place[*number] = water.add_node(()).index();
    }
    for number in &common {
        // What lies below a common place is common; nothing lies below a barrier, whatever starts there.
        marked.downstream(*number, false, &mut |to, _, _| {
            water.add_edge(NodeIndex::new(place[*number]), NodeIndex::new(place[to]), ());
        });
    }
    let mut enters = vec![false; common.len()];
    for start in &numbers {
        if let Some(enters) = enters.get_mut(place[*start]) {
            *enters = true;
        }
    }
    let lets_in =
        |n: &usize| costs.iter().any(|c| c[*n].is_finite()) && (!is_common(*n) || marked.is_barrier(*n));
    for number in (0..marked.count()).filter(lets_in) {
        marked.downstream(number, numbers.contains(&number), &mut |to, _, _| {
            if let Some(enters) = enters.get_mut(place[to]) {
                *enters = true;
            }
        });
    }
    let mut ring_of = vec![0usize; common.len()];
    let rings = kosaraju_scc(&water);
    for (ring, group) in rings.iter().enumerate() {
        for node in group {
            ring_of[node.index()] = ring;
        }
    }
    let mut has_above = vec![false; rings.len()];
    for edge in water.raw_edges() {
        let (from, to) = (ring_of[edge.source().index()], ring_of[edge.target().index()]);
        has_above[to] |= from != to;
    }
    let first = |k: usize| enters[k] && !has_above[ring_of[k]];
    let mut meetings: Vec<Meeting> = (0..common.len())
        .filter(|k| first(*k))
        .map(|k| Meeting {
            at: marked.place(common[k]),
            distances: costs.iter().map(|c| c[common[k]]).collect(),
        })
        .collect();
    meetings.sort_by(|a, b| {
        let longest = |m: &Meeting| {
            let mut distances = m.distances.clone();
            distances.sort_by(|a, b| b.total_cmp(a));
            distances
        };
        let by_length = longest(a).into_iter().zip(longest(b)).map(|(a, b)| a.total_cmp(&b));
        by_length.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    meetings
}

/// What lies upstream of all of several places.
#[doc(alias = "共同上游")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// The nodes, in order.
    pub nodes: Vec<NodeId>,
    /// The reaches, in order, each with the stretch of it that lies upstream of all: metres along its drawn part.
    pub reaches: Vec<(ReachId, [f64; 2])>,
}

/// Everything whose water can arrive at each of `places`.
///
/// # Shape
/// A reach that some of the places lie on counts as far as it lies above all of them.
///
/// # Complexity
/// One trace for each place.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, upstream_of_all};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nB -P3-> OF2\nC -P4-> OF2"), &BuildConfig::automatic())?;
/// let place = |name| Ok::<_, suyuan_network::PlaceError>(network.place_of_node(network.find_node(name)?));
/// let shared = upstream_of_all(&network, &[place("OF1")?, place("OF2")?], &Barriers::default());
/// assert_eq!(shared.reaches.len(), 1); // P1
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn upstream_of_all(network: &Network, places: &[Place], barriers: &Barriers) -> Shared {
    let options = TraceOptions { barriers: barriers.clone(), ..TraceOptions::default() };
    let mut tracer = Tracer::new(network);
    let mut shared: Option<Shared> = None;
    for place in places {
        let trace = tracer.trace(place, &options);
        let mut nodes: Vec<NodeId> = trace.nodes.iter().map(|n| n.0).collect();
        nodes.sort_unstable();
        let mut reaches: Vec<(ReachId, [f64; 2])> =
            trace.steps.iter().map(|s| (s.reach, s.measures)).collect();
        reaches.sort_by_key(|r| r.0);
        let Some(known) = &mut shared else {
            shared = Some(Shared { nodes, reaches });
            continue;
        };
        known.nodes.retain(|n| nodes.binary_search(n).is_ok());
        known.reaches.retain_mut(|(reach, measures)| {
            let Ok(found) = reaches.binary_search_by_key(reach, |r| r.0) else { return false };
            let other = reaches[found].1;
            let whole = *measures == other;
            *measures = [measures[0].max(other[0]), measures[1].min(other[1])];
            whole || measures[0] < measures[1]
        });
    }
    shared.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_network::{BuildConfig, build_network};

    use super::*;

    fn place(network: &Network, text: &str) -> Place {
        let Some((pipe, share)) = text.split_once('@') else {
            return network.place_of_node(network.find_node(text).unwrap());
        };
        let reach = network.reaches_of(network.find_pipes(pipe).unwrap()[0]).next().unwrap();
        let above_end = network.reach(reach).length() * share.parse::<f64>().unwrap();
        Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 }
    }

    fn check(text: &str, starts: &str, expected: &str) {
        let (network, _) = build_network(&drawn(text), &BuildConfig::automatic()).unwrap();
        let starts: Vec<Place> = starts.split(' ').map(|s| place(&network, s)).collect();
        let mut names: Vec<String> = first_meetings(&network, &starts, &Barriers::default())
            .into_iter()
            .map(|m| match m.at {
                PlaceKind::Node(node) => network.node(node).name.to_owned(),
                PlaceKind::Reach { reach, .. } => {
                    format!("{}@", network.pipe_name(network.reach(reach).pipe))
                }
            })
            .collect();
        names.sort();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn two_branches_meet_where_they_join() {
        check("A -P1-> C -P3-> D -P4-> OF1\nB -P2-> C", "A B", "C");
        check("A -P1-> C -P3-> D -P4-> OF1\nB -P2-> C", "A C", "C");
        check("A -P1-> OF1\nB -P2-> OF2", "A B", "");
    }

    #[test]
    fn branches_that_split_may_meet_in_several_places() {
        check("A -P1-> C -P2-> OF1\nA -P3-> D -P4-> OF2\nB -P5-> C\nB -P6-> D", "A B", "C D");
    }

    #[test]
    fn in_a_ring_they_meet_where_they_enter_it() {
        check("A -P1-> R1 -P2-> R2 -P3-> R3 -P4-> R1\nB -P5-> R2\nR3 -P6-> OF1", "A B", "R1 R2");
    }

    #[test]
    fn a_start_that_others_pass_is_where_they_meet() {
        check("A -P1-> B -P2-> OF1", "P1@0.8 P1@0.2", "P1@");
        check("A -P1-> B -P2-> OF1", "A P2@0.5", "P2@");
        check("A -P1-> B -P2-> OF1", "P1@0.5", "P1@");
    }

    #[test]
    fn a_pipe_counts_as_far_as_it_lies_above_all_places() {
        let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1"), &BuildConfig::automatic()).unwrap();
        let shared = upstream_of_all(
            &network,
            &[place(&network, "P1@0.25"), place(&network, "P1@0.5")],
            &Barriers::default(),
        );
        let [(_, measures)] = shared.reaches.as_slice() else { panic!("{shared:?}") };
        let length = network.pipe_length(network.find_pipes("P1").unwrap()[0]);
        assert!((measures[1] - measures[0] - length / 2.0).abs() < 1e-9);
        assert_eq!(shared.nodes, [network.find_node("A").unwrap()]);
        assert_eq!(upstream_of_all(&network, &[], &Barriers::default()), Shared::default());
    }
}
