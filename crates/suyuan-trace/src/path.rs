//! The shortest way from one place to another.

use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};

use crate::options::Barriers;
use crate::shut::Shut;
use crate::ways::cheapest;

/// A reach that a way passes.
#[doc(alias = "路径管段")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WayReach {
    /// The reach.
    pub reach: ReachId,
    /// The passed stretch of it, metres along its drawn part.
    pub measures: [f64; 2],
    /// Metres of pipe from the beginning of the way to this reach.
    pub distance: f64,
    /// Whether it is passed against the direction that it is taken to flow in.
    pub against: bool,
}

/// A way over pipes.
#[doc(alias = "路径")]
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// The reaches in the order they are passed.
    pub reaches: Vec<WayReach>,
    /// Metres of pipe.
    pub length: f64,
}

/// How two places are connected.
#[doc(alias = "连通关系")]
#[derive(Debug, Clone, PartialEq)]
pub enum Path {
    /// Water runs from the first place to the second.
    WithFlow(Way),
    /// Water does not run from the first place to the second, but from the second to the first: this way.
    AgainstFlow(Way),
    /// It would run from the first to the second if the doubtful directions on this way were the other way.
    Doubtful(Way),
    /// None of these.
    None,
}

impl Path {
    /// The name used in JSON.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::WithFlow(_) => "with_flow",
            Self::AgainstFlow(_) => "against_flow",
            Self::Doubtful(_) => "doubtful",
            Self::None => "none",
        }
    }

    /// The way, whichever it is.
    #[must_use]
    pub fn way(&self) -> Option<&Way> {
        match self {
            Self::WithFlow(way) | Self::AgainstFlow(way) | Self::Doubtful(way) => Some(way),
            Self::None => None,
        }
    }
}

/// The shortest way that water takes from one place to another; where it takes none, the shortest way back, or else the
/// shortest over directions that may be the other way.
///
/// # Shape
/// Reaches in the order that water passes them: of [`Path::AgainstFlow`] from the second place to the first. A direction may
/// be the other way if it is unknown or less probable than 0.75, as for a trace that lists possible pipes. Pipes that are
/// shut are not passed, nor are barriers. Of ways of the same length, the one that comes by reaches of lower number.
///
/// # Units
/// Metres of pipe.
///
/// # Complexity
/// O(n log n) time for the n reaches nearer than the second place, O(nodes of the network) memory; up to three times that
/// where no water runs from the first to the second.
///
/// # Reference
/// Dijkstra (1959).
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, Path, find_path};
/// let (network, _) = build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic())?;
/// let place = |name| Ok::<_, suyuan_network::PlaceError>(network.place_of_node(network.find_node(name)?));
/// let path = find_path(&network, &place("MH1")?, &place("OF1")?, &Barriers::default());
/// assert!(matches!(path, Path::WithFlow(way) if way.reaches.len() == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn find_path(network: &Network, from: &Place, to: &Place, barriers: &Barriers) -> Path {
    let shut = Shut::new(network, barriers);
    if let Some(way) = shortest(&shut, from, to, false) {
        return Path::WithFlow(way);
    }
    if let Some(way) = shortest(&shut, to, from, false) {
        return Path::AgainstFlow(way);
    }
    shortest(&shut, from, to, true).map_or(Path::None, Path::Doubtful)
}

/// One end of a way that begins or ends inside a reach: the node beyond, how far, and whether against the flow.
struct Stub {
    node: NodeId,
    metres: f64,
    against: bool,
}

/// How the way may leave a place (or, with `arrive`, come to it).
fn stubs(shut: &Shut<'_>, place: &Place, doubtful: bool, arrive: bool) -> Vec<Stub> {
    let (reach, above_end) = match place.kind {
        PlaceKind::Node(node) => return vec![Stub { node, metres: 0.0, against: false }],
        PlaceKind::Reach { reach, above_end } => (reach, above_end),
    };
    if !shut.is_open(reach) {
        return Vec::new();
    }
    let row = shut.network.reach(reach);
    let below = Stub { node: row.to, metres: above_end, against: arrive };
    let above = Stub { node: row.from, metres: (row.length() - above_end).max(0.0), against: !arrive };
    let turns = doubtful && row.is_doubtful();
    [below, above].into_iter().filter(|s| !s.against || turns).collect()
}

/// The shortest way, doubtful reaches either way if asked for.
fn shortest(shut: &Shut<'_>, from: &Place, to: &Place, doubtful: bool) -> Option<Way> {
    let network = shut.network;
    let direct = direct(shut, from, to, doubtful);
    if from.kind == to.kind {
        return Some(Way { reaches: Vec::new(), length: 0.0 });
    }
    let starts = stubs(shut, from, doubtful, false);
    let mut ends = stubs(shut, to, doubtful, true);
    let stops_at = |node: NodeId| shut.is_barrier(node) && from.kind != PlaceKind::Node(node);
    if matches!(to.kind, PlaceKind::Reach { .. }) {
        ends.retain(|end| !stops_at(end.node));
    }
    let at: Vec<(usize, f64)> = starts.iter().map(|s| (s.node.index(), s.metres)).collect();
    // An end that is a node is where to stop; inside a reach, either end of it may be the nearer one.
    let until = if let [only] = ends.as_slice() { Some(only.node.index()) } else { None };
    let found = cheapest(network.node_count(), &at, until, |node, pass| {
        let node = node_of(network, node);
        if stops_at(node) {
            return;
        }
        for reach in network.outgoing(node).iter().filter(|r| shut.is_open(**r)) {
            let row = network.reach(*reach);
            pass(row.to.index(), row.length(), *reach);
        }
        if doubtful {
            let turned = |r: &&ReachId| shut.is_open(**r) && network.reach(**r).is_doubtful();
            for reach in network.incoming(node).iter().filter(turned) {
                let row = network.reach(*reach);
                pass(row.from.index(), row.length(), *reach);
            }
        }
    });
    let last = ends
        .iter()
        .map(|end| (found.cost[end.node.index()] + end.metres, end))
        .filter(|(length, _)| length.is_finite())
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let by_nodes = last.map(|(length, end)| {
        let mut passed: Vec<(ReachId, bool, f64)> = Vec::new();
        let mut node = end.node;
        while let Some(reach) = found.by[node.index()] {
            let row = network.reach(reach);
            let against = row.to != node;
            passed.push((reach, against, row.length()));
            node = if against { row.to } else { row.from };
        }
        let first = starts.iter().filter(|s| s.node == node).min_by(|a, b| a.metres.total_cmp(&b.metres));
        if let (PlaceKind::Reach { reach, .. }, Some(stub)) = (from.kind, first) {
            passed.push((reach, stub.against, stub.metres));
        }
        passed.reverse();
        if let PlaceKind::Reach { reach, .. } = to.kind {
            passed.push((reach, end.against, end.metres));
        }
        lay(network, &passed, from, to, length)
    });
    match (direct, by_nodes) {
        (Some(direct), Some(way)) => Some(if direct.length <= way.length { direct } else { way }),
        (direct, way) => direct.or(way),
    }
}

/// The way along the one reach that both places lie on.
fn direct(shut: &Shut<'_>, from: &Place, to: &Place, doubtful: bool) -> Option<Way> {
    let (PlaceKind::Reach { reach, above_end: first }, PlaceKind::Reach { reach: other, above_end: last }) =
        (from.kind, to.kind)
    else {
        return None;
    };
    let against = last > first;
    let network = shut.network;
    let passes = shut.is_open(reach) && (!against || (doubtful && network.reach(reach).is_doubtful()));
    if reach != other || !passes {
        return None;
    }
    let measures = [measure(network, reach, first), measure(network, reach, last)];
    let measures = [measures[0].min(measures[1]), measures[0].max(measures[1])];
    let length = (first - last).abs();
    Some(Way { reaches: vec![WayReach { reach, measures, distance: 0.0, against }], length })
}

/// Metres along the drawn part of a spot so far above the lower end of a reach.
pub(crate) fn measure(network: &Network, reach: ReachId, above_end: f64) -> f64 {
    let row = network.reach(reach);
    let [from, to] = row.measures;
    let along = above_end.clamp(0.0, row.length());
    if row.with_drawn { to - along } else { from + along }
}

/// The reaches passed, with their stretches: whole but for those that the places lie on.
fn lay(network: &Network, passed: &[(ReachId, bool, f64)], from: &Place, to: &Place, length: f64) -> Way {
    let mut distance = 0.0;
    let mut reaches = Vec::with_capacity(passed.len());
    let inside = |place: &Place| match place.kind {
        PlaceKind::Reach { above_end, .. } => Some(above_end),
        PlaceKind::Node(_) => None,
    };
    for (i, (reach, against, metres)) in passed.iter().enumerate() {
        let row = network.reach(*reach);
        let [mut first, mut last] = if *against { [0.0, row.length()] } else { [row.length(), 0.0] };
        if let Some(above_end) = inside(from).filter(|_| i == 0) {
            first = above_end;
        }
        if let Some(above_end) = inside(to).filter(|_| i + 1 == passed.len()) {
            last = above_end;
        }
        let ends = [measure(network, *reach, first), measure(network, *reach, last)];
        let measures = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        reaches.push(WayReach { reach: *reach, measures, distance, against: *against });
        distance += metres;
    }
    Way { reaches, length }
}

fn node_of(network: &Network, index: usize) -> NodeId {
    petgraph::visit::NodeIndexable::from_index(&network, index)
}

#[cfg(test)]
mod tests {
    use suyuan_core::FlowMode;
    use suyuan_core::drawn::drawn;
    use suyuan_core::raw::{Column, Field};
    use suyuan_network::{BuildConfig, build_network};

    use super::*;

    fn network(text: &str) -> Network {
        build_network(&drawn(text), &BuildConfig::automatic()).unwrap().0
    }

    fn place(network: &Network, text: &str) -> Place {
        let Some((pipe, share)) = text.split_once('@') else {
            return network.place_of_node(network.find_node(text).unwrap());
        };
        let reach = network.reaches_of(network.find_pipes(pipe).unwrap()[0]).next().unwrap();
        let above_end = network.reach(reach).length() * share.parse::<f64>().unwrap();
        Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 }
    }

    /// How two places are connected, as `with_flow P1 P2`.
    fn told(network: &Network, from: &str, to: &str) -> String {
        let path = find_path(network, &place(network, from), &place(network, to), &Barriers::default());
        let mut text = path.key().to_owned();
        for step in path.way().iter().flat_map(|w| &w.reaches) {
            text += " ";
            text += network.pipe_name(network.reach(step.reach).pipe);
        }
        text
    }

    #[test]
    fn the_shorter_of_two_ways_is_taken() {
        let network = network("A -P1-> B -P2-> C -P3-> D -P4-> OF1\nA -P5-> OF1");
        let [long, short] = [["P1", "P2", "P3", "P4"].as_slice(), ["P5"].as_slice()].map(|way| {
            way.iter().map(|p| network.pipe_length(network.find_pipes(p).unwrap()[0])).sum::<f64>()
        });
        assert!(short < long);
        assert_eq!(told(&network, "A", "OF1"), "with_flow P5");
    }

    #[test]
    fn a_way_against_the_flow_is_said_to_be_one() {
        let network = network("A -P1-> B -P2-> OF1\nC -P3-> OF1");
        assert_eq!(told(&network, "OF1", "A"), "against_flow P1 P2");
        assert_eq!(told(&network, "A", "C"), "none");
        assert_eq!(told(&network, "A", "A"), "with_flow");
    }

    #[test]
    fn places_inside_pipes_count_their_part() {
        let network = network("A -P1-> B -P2-> OF1");
        let length = |p: &str| network.pipe_length(network.find_pipes(p).unwrap()[0]);
        let path = find_path(
            &network,
            &place(&network, "P1@0.25"),
            &place(&network, "P2@0.5"),
            &Barriers::default(),
        );
        let Path::WithFlow(way) = path else { panic!("{path:?}") };
        assert!((way.length - 0.25 * length("P1") - 0.5 * length("P2")).abs() < 1e-9);
        assert!((way.reaches[1].distance - 0.25 * length("P1")).abs() < 1e-9);
        for step in &way.reaches {
            let part = step.measures[1] - step.measures[0];
            let whole = network.reach(step.reach).length();
            assert!(part > 0.0 && part < whole);
        }
        assert_eq!(told(&network, "P1@0.75", "P1@0.25"), "with_flow P1");
        assert_eq!(told(&network, "P1@0.25", "P1@0.75"), "against_flow P1");
    }

    #[test]
    fn round_a_ring_a_place_above_is_reached_from_one_below() {
        let network = network("A -P1-> B -P2-> A");
        assert_eq!(told(&network, "P1@0.25", "P1@0.75"), "with_flow P1 P2 P1");
    }

    #[test]
    fn shut_pipes_are_not_passed() {
        let mut survey = drawn("A -P1-> B -P2-> OF1");
        let modes = vec![FlowMode::Gravity, FlowMode::Blocked];
        survey.layers[0].columns.insert(Field::Mode, Column::Mode(modes));
        let network = build_network(&survey, &BuildConfig::automatic()).unwrap().0;
        assert_eq!(told(&network, "A", "B"), "with_flow P1");
        assert_eq!(told(&network, "A", "OF1"), "none");
    }

    #[test]
    fn a_way_over_doubtful_directions_is_said_to_be_one() {
        // Drawn against each other and without node ids or levels: nothing much decides.
        let mut survey = drawn("A -P1-> B\nC -P2-> B");
        survey.layers[0].columns.retain(|f, _| !matches!(f, Field::FromNode | Field::ToNode));
        let network = build_network(&survey, &BuildConfig::automatic()).unwrap().0;
        let reach = network.reaches_of(network.find_pipes("P2").unwrap()[0]).next().unwrap();
        assert!(network.reach(reach).is_doubtful(), "{:?}", network.reach(reach));
        let found = told(&network, "A", "C");
        assert!(found == "doubtful P1 P2", "{found}");
    }
}
