//! Which manholes to plug so that water from some places comes to no outfall.

use suyuan_core::NodeKind;
use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::flow::{ENDLESS, Flow};
use crate::marks::Marked;
use crate::options::Barriers;
use crate::shut::Shut;
use crate::ways::cheapest;

/// A manhole to plug.
#[doc(alias = "封堵点")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plug {
    /// The manhole.
    pub node: NodeId,
    /// Metres of pipe from the nearest start.
    pub distance: f64,
    /// Whether a structure was surveyed there; where none was, there may be nothing to climb into.
    pub surveyed: bool,
}

/// How to keep water from some places away from every outfall.
#[doc(alias = "封堵方案")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Isolation {
    /// What to plug, nearest first; nothing if no water comes out anyway.
    pub plugs: Vec<Plug>,
    /// Where the water would come out without them: outfalls, and ends of the network. In order.
    pub ends: Vec<NodeId>,
    /// The reaches that the water still enters, in order.
    pub held: Vec<ReachId>,
}

/// The fewest manholes to plug so that water from `starts` comes to no outfall and to no end of the network.
///
/// # Shape
/// The fewest places where nothing was surveyed, where there is a node layer; then the fewest of all. Of several such sets the
/// one nearest to the starts: less of the network is reached by the water with no other. A start is plugged only if water
/// comes out right there. An outfall can be plugged like a manhole. Starts inside pipes are not plugged.
/// Water that comes to a barrier is stopped already.
///
/// # Units
/// [`Plug::distance`] metres.
///
/// # Complexity
/// O(√n · n) time for n reaches below the starts where every node was surveyed, in practice near O(n); O(nodes of the network)
/// memory.
///
/// # Reference
/// K. Menger (1927); L. R. Ford, D. R. Fulkerson (1956): the least cut is the greatest flow, every node split in two. E. A.
/// Dinic (1970).
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, isolate};
/// let text = "A -P1-> B -P2-> D -P4-> OF1\nA -P3-> C -P5-> D";
/// let (network, _) = build_network(&drawn(text), &BuildConfig::automatic())?;
/// let start = network.place_of_node(network.find_node("A")?);
/// let isolation = isolate(&network, &[start], &Barriers::default());
/// assert_eq!(isolation.plugs.len(), 1);
/// assert_eq!(isolation.plugs[0].node, network.find_node("D")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn isolate(network: &Network, starts: &[Place], barriers: &Barriers) -> Isolation {
    let shut = Shut::new(network, barriers);
    let marked = Marked::new(&shut, starts);
    let numbers: Vec<usize> = starts.iter().filter_map(|s| marked.number(s)).collect();
    let mut is_start = vec![false; marked.count()];
    for number in &numbers {
        is_start[*number] = true;
    }
    let downstream = |number: usize, pass: &mut dyn FnMut(usize, f64, ReachId)| {
        marked.downstream(number, is_start[number], pass);
    };
    let from: Vec<(usize, f64)> = numbers.iter().map(|n| (*n, 0.0)).collect();
    let distance = cheapest(marked.count(), &from, None, downstream).cost;
    let reached: Vec<usize> = (0..marked.count()).filter(|n| distance[*n].is_finite()).collect();
    let node_at = |number: usize| match marked.place(number) {
        PlaceKind::Node(node) => Some(node),
        PlaceKind::Reach { .. } => None,
    };
    let is_end = |number: usize| {
        let comes_out = |node| is_end(network, node) && (is_start[number] || !shut.is_barrier(node));
        node_at(number).is_some_and(comes_out)
    };
    let has_structures = network.node_ids().any(|n| network.node(n).origin.is_some());
    let is_surveyed = |node: NodeId| !has_structures || network.node(node).kind != NodeKind::Joint;

    // Each reached place twice, entered and left, then the source and the sink.
    let mut place = vec![usize::MAX; marked.count()];
    for (k, number) in reached.iter().enumerate() {
        place[*number] = k;
    }
    let (source, sink) = (2 * reached.len(), 2 * reached.len() + 1);
    let mut flow = Flow::new(2 * reached.len() + 2);
    let dear = reached.len() as u64 + 1;
    // Water that comes out where it starts is stopped there.
    let own = |number: usize| is_start[number] && is_end(number);
    for (k, number) in reached.iter().enumerate() {
        if own(*number) {
            continue;
        }
        let (enter, leave) = (2 * k, 2 * k + 1);
        let price = match node_at(*number) {
            Some(node) if !is_start[*number] => {
                if is_surveyed(node) {
                    1
                } else {
                    dear
                }
            }
            _ => ENDLESS,
        };
        flow.link(enter, leave, price);
        if is_start[*number] {
            flow.link(source, enter, ENDLESS);
        }
        if is_end(*number) {
            flow.link(leave, sink, ENDLESS);
        }
        downstream(*number, &mut |to, _, _| {
            if to != *number && !own(to) {
                flow.link(leave, 2 * place[to], ENDLESS);
            }
        });
    }
    flow.run(source, sink);
    let side = flow.source_side(source);
    let mut is_plug = vec![false; marked.count()];
    for (k, number) in reached.iter().enumerate() {
        is_plug[*number] = own(*number) || (side[2 * k] && !side[2 * k + 1]);
    }
    let mut plugs: Vec<Plug> = reached
        .iter()
        .filter(|n| is_plug[**n])
        .filter_map(|n| {
            let node = node_at(*n)?;
            Some(Plug { node, distance: distance[*n], surveyed: is_surveyed(node) })
        })
        .collect();
    plugs.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.node.cmp(&b.node)));
    Isolation {
        plugs,
        ends: reached.iter().filter(|n| is_end(**n)).filter_map(|n| node_at(*n)).collect(),
        held: held(downstream, &from, &is_plug),
    }
}

/// Whether water that comes to a node comes out there: it is an outfall, or nothing leaves it that could be shut.
fn is_end(network: &Network, node: NodeId) -> bool {
    network.node(node).kind == NodeKind::Outfall
        || network.outfalls_at(node).next().is_some()
        || network.outgoing(node).iter().all(|r| network.reach(*r).to == node)
}

/// The reaches that water enters before it comes to a plug.
fn held(
    downstream: impl Fn(usize, &mut dyn FnMut(usize, f64, ReachId)),
    from: &[(usize, f64)],
    is_plug: &[bool],
) -> Vec<ReachId> {
    let open = |number: usize, pass: &mut dyn FnMut(usize, f64, ReachId)| {
        if !is_plug[number] {
            downstream(number, pass);
        }
    };
    let wet = cheapest(is_plug.len(), from, None, open).cost;
    let mut reaches: Vec<ReachId> = Vec::new();
    for number in (0..is_plug.len()).filter(|n| wet[*n].is_finite()) {
        open(number, &mut |_, _, reach| reaches.push(reach));
    }
    reaches.sort_unstable();
    reaches.dedup();
    reaches
}

#[cfg(test)]
mod tests {
    use suyuan_core::FlowMode;
    use suyuan_core::drawn::drawn;
    use suyuan_core::raw::{Column, Field};
    use suyuan_network::{BuildConfig, build_network};

    use super::*;

    fn plugs(network: &Network, starts: &[Place]) -> String {
        let isolation = isolate(network, starts, &Barriers::default());
        let mut names: Vec<&str> = isolation.plugs.iter().map(|p| network.node(p.node).name).collect();
        names.sort_unstable();
        names.join(" ")
    }

    fn check(text: &str, starts: &str, expected: &str) {
        let (network, _) = build_network(&drawn(text), &BuildConfig::automatic()).unwrap();
        let places: Vec<Place> =
            starts.split(' ').map(|s| network.place_of_node(network.find_node(s).unwrap())).collect();
        assert_eq!(plugs(&network, &places), expected, "{text}");
    }

    #[test]
    fn the_next_manhole_is_plugged_where_one_is_enough() {
        check("A -P1-> B -P2-> C -P3-> OF1", "A", "B");
        check("A -P1-> C -P3-> D -P4-> OF1\nB -P2-> C", "A B", "C");
    }

    #[test]
    fn a_split_takes_a_plug_on_each_side_unless_it_rejoins() {
        check("A -P1-> B -P2-> OF1\nA -P3-> C -P4-> OF2", "A", "B C");
        check("A -P1-> B -P2-> D -P5-> OF1\nA -P3-> C -P4-> D", "A", "D");
    }

    #[test]
    fn an_outfall_is_plugged_where_nothing_lies_between() {
        check("A -P1-> OF1", "A", "OF1");
        check("A -P1-> OF1", "OF1", "OF1");
        check("A -P1-> B", "A", "B");
    }

    #[test]
    fn water_that_comes_out_nowhere_needs_no_plug() {
        check("A -P1-> B -P2-> C -P3-> B", "A", "");
        let mut survey = drawn("A -P1-> B -P2-> OF1");
        let modes = vec![FlowMode::Gravity, FlowMode::Blocked];
        survey.layers[0].columns.insert(Field::Mode, Column::Mode(modes));
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let start = network.place_of_node(network.find_node("A").unwrap());
        assert_eq!(isolate(&network, &[start], &Barriers::default()).ends, []);
        assert_eq!(plugs(&network, &[start]), "");
    }

    #[test]
    fn a_start_inside_a_pipe_is_stopped_below_it() {
        let (network, _) =
            build_network(&drawn("A -P1-> B -P2-> C -P3-> OF1"), &BuildConfig::automatic()).unwrap();
        let place = network.place_of_pipe(network.find_pipes("P1").unwrap()[0]).unwrap();
        assert_eq!(plugs(&network, &[place]), "B");
        let held = isolate(&network, &[place], &Barriers::default()).held;
        assert_eq!(held, network.reaches_of(network.find_pipes("P1").unwrap()[0]).collect::<Vec<_>>());
    }

    #[test]
    fn a_surveyed_manhole_comes_before_a_mere_joint() {
        let mut survey = drawn("A -P1-> B -P2-> C -P3-> OF1");
        let kinds = vec![NodeKind::Manhole, NodeKind::Joint, NodeKind::Manhole];
        survey.layers[1].columns.insert(Field::NodeKind, Column::Kind(kinds));
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let start = network.place_of_node(network.find_node("A").unwrap());
        assert_eq!(plugs(&network, &[start]), "C");
    }
}
