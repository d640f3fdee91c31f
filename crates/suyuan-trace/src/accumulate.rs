//! Amounts added up along the flow: all that lies upstream of each node, or what each node is handed.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use suyuan_core::Language;
use suyuan_network::{Network, NodeId, ReachId};

use crate::handed::Handed;

/// Amounts on a network: inhabitants, hectares, litres a second, whatever may be added.
#[doc(alias = "累计量")]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amounts<'a> {
    /// At each node, in their order; empty for none.
    pub nodes: &'a [f64],
    /// On each reach, in their order; empty for none. They come to the reach's lower end; those of a shut pipe go nowhere.
    pub reaches: &'a [f64],
}

/// Amounts that cannot be added up.
#[doc(alias = "累计量无效")]
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BadAmount {
    /// An amount is no finite number.
    NotFinite {
        /// Its place in the list.
        index: usize,
    },
    /// A list is neither empty nor as long as there are nodes or reaches.
    Length {
        /// How long it is.
        given: usize,
        /// How long it should be.
        expected: usize,
    },
}

impl BadAmount {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, Self::NotFinite { index }) => format!("amount {index} is no finite number"),
            (Language::Chinese, Self::NotFinite { index }) => format!("第 {index} 个累计量不是有限数"),
            (Language::English, Self::Length { given, expected }) => {
                format!("{given} amounts were given for {expected} places")
            }
            (Language::Chinese, Self::Length { given, expected }) => {
                format!("给出 {given} 个累计量，应为 {expected} 个")
            }
        }
    }
}

impl std::fmt::Display for BadAmount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for BadAmount {}

/// For each node the sum of all amounts upstream of it, its own included, each counted once however many ways lead down.
///
/// # Shape
/// As long as there are nodes, in their order. Nodes of a ring have the same sum.
///
/// # Errors
/// [`BadAmount`] for amounts that are no finite numbers, or lists of another length.
///
/// # Complexity
/// O(n) for a network without splits. Where branches that have split meet again, all that lies above up to the splits is
/// walked once more for each such node.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Amounts, accumulate};
/// // A splits and rejoins: still one.
/// let text = "A -P1-> B -P2-> D -P4-> OF1\nA -P3-> C -P5-> D";
/// let (network, _) = build_network(&drawn(text), &BuildConfig::automatic())?;
/// let ones = vec![1.0; network.node_count()];
/// let sums = accumulate(&network, &Amounts { nodes: &ones, reaches: &[] })?;
/// assert_eq!(sums[network.find_node("OF1")?.index()], 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accumulate(network: &Network, amounts: &Amounts<'_>) -> Result<Vec<f64>, BadAmount> {
    let own = amounts.at_nodes(network)?;
    let groups = Groups::of(network);
    let count = groups.members.len();
    let mut inside = vec![0.0f64; count];
    for (node, amount) in network.node_ids().zip(&own) {
        inside[groups.of[node.index()]] += amount;
    }
    let mut sums = vec![0.0f64; count];
    // Whether all that lies above comes down over one group after the other, so that no two ways bring the same.
    let mut plain = vec![true; count];
    let mut stamp = vec![usize::MAX; count];
    let mut stack: Vec<usize> = Vec::new();
    for group in 0..count {
        let above = &groups.above[group];
        plain[group] = groups.below[group].len() <= 1 && above.iter().all(|a| plain[*a]);
        let mixed = above.iter().filter(|a| !plain[**a]).count();
        if mixed <= 1 {
            sums[group] = inside[group] + above.iter().map(|a| sums[*a]).fold(0.0, |a, b| a + b);
            continue;
        }
        stamp[group] = group;
        stack.push(group);
        let mut sum = 0.0;
        while let Some(place) = stack.pop() {
            sum += inside[place];
            for above in &groups.above[place] {
                if plain[*above] {
                    sum += sums[*above];
                } else if std::mem::replace(&mut stamp[*above], group) != group {
                    stack.push(*above);
                }
            }
        }
        sums[group] = sum;
    }
    Ok(network.node_ids().map(|n| sums[groups.of[n.index()]]).collect())
}

/// For each node what it is handed, its own amount included, when each node hands all that it has on in equal parts to the
/// reaches that leave it.
///
/// # Shape
/// As long as there are nodes, in their order. What is handed to the nodes that nothing leaves adds up to all amounts. A ring
/// hands on all that it takes, round by round. A ring that nothing leaves keeps what it takes, and each of its nodes tells
/// that whole.
///
/// # Errors
/// [`BadAmount`] for amounts that are no finite numbers, or lists of another length.
///
/// # Complexity
/// O(n) for a network without rings; rings are solved exactly but for rounding, as for [`Trace::shares`](crate::Trace::shares).
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Amounts, accumulate_by_shares};
/// let (network, _) = build_network(&drawn("A -P1-> OF1\nA -P2-> OF2"), &BuildConfig::automatic())?;
/// let mut amounts = vec![0.0; network.node_count()];
/// amounts[network.find_node("A")?.index()] = 10.0;
/// let handed = accumulate_by_shares(&network, &Amounts { nodes: &amounts, reaches: &[] })?;
/// assert_eq!(handed[network.find_node("OF1")?.index()], 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accumulate_by_shares(network: &Network, amounts: &Amounts<'_>) -> Result<Vec<f64>, BadAmount> {
    let mut handed = amounts.at_nodes(network)?;
    let groups = Groups::of(network);
    for members in &groups.members {
        let leaving = |node: NodeId| onward(network, node).map(|r| network.reach(r).to);
        let group = groups.of[members[0].index()];
        if let [node] = members.as_slice() {
            let parts = leaving(*node).count() as f64;
            let part = handed[node.index()] / parts;
            for to in leaving(*node) {
                handed[to.index()] += part;
            }
            continue;
        }
        let takes: Vec<f64> = members.iter().map(|n| handed[n.index()]).collect();
        if groups.below[group].is_empty() {
            let all = takes.iter().fold(0.0, |a, b| a + b);
            for node in members {
                handed[node.index()] = all;
            }
            continue;
        }
        let mut ring = Handed::new(takes);
        for (k, node) in members.iter().enumerate() {
            let part = 1.0 / leaving(*node).count() as f64;
            for to in leaving(*node) {
                match members.binary_search(&to) {
                    Ok(to) => ring.send(k, to, part),
                    Err(_) => ring.let_out(k, part),
                }
            }
        }
        for (node, solved) in members.iter().zip(ring.solve()) {
            handed[node.index()] = solved;
        }
        for node in members {
            let part = handed[node.index()] / leaving(*node).count() as f64;
            for to in leaving(*node).filter(|to| groups.of[to.index()] != group) {
                handed[to.index()] += part;
            }
        }
    }
    Ok(handed)
}

impl Amounts<'_> {
    /// All amounts at the nodes they come to first.
    fn at_nodes(&self, network: &Network) -> Result<Vec<f64>, BadAmount> {
        for (list, expected) in [(self.nodes, network.node_count()), (self.reaches, network.reach_count())] {
            if !list.is_empty() && list.len() != expected {
                return Err(BadAmount::Length { given: list.len(), expected });
            }
            if let Some(index) = list.iter().position(|v| !v.is_finite()) {
                return Err(BadAmount::NotFinite { index });
            }
        }
        let mut own =
            if self.nodes.is_empty() { vec![0.0; network.node_count()] } else { self.nodes.to_vec() };
        for (reach, amount) in network.reach_ids().zip(self.reaches) {
            if network.is_open(reach) {
                own[network.reach(reach).to.index()] += amount;
            }
        }
        Ok(own)
    }
}

/// The open reaches that take water from a node to another.
fn onward(network: &Network, node: NodeId) -> impl Iterator<Item = ReachId> + Clone {
    network
        .outgoing(node)
        .iter()
        .copied()
        .filter(move |r| network.is_open(*r) && network.reach(*r).to != node)
}

/// Nodes that all reach each other, uppermost first.
struct Groups {
    /// The group of each node.
    of: Vec<usize>,
    /// The nodes of each group, in order.
    members: Vec<Vec<NodeId>>,
    /// The groups right above and right below each, once each, in order.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Groups {
    fn of(network: &Network) -> Self {
        let nodes: Vec<NodeId> = network.node_ids().collect();
        let mut water = DiGraph::<(), ()>::with_capacity(nodes.len(), network.reach_count());
        for _ in &nodes {
            water.add_node(());
        }
        for reach in nodes.iter().flat_map(|n| onward(network, *n)) {
            let row = network.reach(reach);
            water.add_edge(NodeIndex::new(row.from.index()), NodeIndex::new(row.to.index()), ());
        }
        let mut of = vec![0; nodes.len()];
        let mut members: Vec<Vec<NodeId>> = Vec::new();
        for group in kosaraju_scc(&water).into_iter().rev() {
            let mut group: Vec<NodeId> = group.into_iter().map(|n| nodes[n.index()]).collect();
            group.sort_unstable();
            for node in &group {
                of[node.index()] = members.len();
            }
            members.push(group);
        }
        let mut links: Vec<(usize, usize)> = water
            .raw_edges()
            .iter()
            .map(|e| (of[e.source().index()], of[e.target().index()]))
            .filter(|(from, to)| from != to)
            .collect();
        links.sort_unstable();
        links.dedup();
        let (mut above, mut below) = (vec![Vec::new(); members.len()], vec![Vec::new(); members.len()]);
        for (from, to) in links {
            above[to].push(from);
            below[from].push(to);
        }
        Self { of, members, above, below }
    }
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_network::{BuildConfig, build_network};

    use super::*;

    fn network(text: &str) -> Network {
        build_network(&drawn(text), &BuildConfig::automatic()).unwrap().0
    }

    type Question = fn(&Network, &Amounts<'_>) -> Result<Vec<f64>, BadAmount>;

    /// What comes to a node if each node has one.
    fn ones(question: Question, network: &Network, node: &str) -> f64 {
        let nodes = vec![1.0; network.node_count()];
        question(network, &Amounts { nodes: &nodes, reaches: &[] }).unwrap()
            [network.find_node(node).unwrap().index()]
    }

    #[test]
    fn what_rejoins_is_counted_once() {
        let text = "A -P1-> B -P2-> D -P4-> E -P6-> OF1\nA -P3-> C -P5-> D\nC -P7-> E";
        let network = network(text);
        assert_eq!(ones(accumulate, &network, "D"), 4.0);
        assert_eq!(ones(accumulate, &network, "E"), 5.0);
        assert_eq!(ones(accumulate, &network, "OF1"), 6.0);
    }

    #[test]
    fn a_ring_is_counted_once_for_each_of_its_nodes() {
        let network = network("A -P1-> B -P2-> C -P3-> B\nC -P4-> OF1");
        assert_eq!(ones(accumulate, &network, "B"), 3.0);
        assert_eq!(ones(accumulate, &network, "C"), 3.0);
        assert_eq!(ones(accumulate, &network, "OF1"), 4.0);
    }

    #[test]
    fn by_shares_a_split_halves_and_a_ring_hands_on_all() {
        let split = network("A -P1-> OF1\nA -P2-> OF2");
        assert_eq!(ones(accumulate_by_shares, &split, "OF1"), 1.5);
        let ring = network("A -P1-> B -P2-> C -P3-> B\nC -P4-> OF1");
        assert!((ones(accumulate_by_shares, &ring, "OF1") - 4.0).abs() < 1e-12);
        // C hands half of what it has back to B, again and again: what passes B is 2 + C/2, what passes C is B + 1.
        assert!((ones(accumulate_by_shares, &ring, "B") - 5.0).abs() < 1e-12);
        let closed = network("A -P1-> B -P2-> C -P3-> B");
        assert_eq!(ones(accumulate_by_shares, &closed, "C"), 3.0);
    }

    #[test]
    fn amounts_on_pipes_come_to_their_lower_ends() {
        let network = network("A -P1-> B -P2-> OF1");
        let reaches = [1.0, 1.0];
        let sums = accumulate(&network, &Amounts { nodes: &[], reaches: &reaches }).unwrap();
        let at = |name: &str| sums[network.find_node(name).unwrap().index()];
        assert_eq!((at("A"), at("B"), at("OF1")), (0.0, 1.0, 2.0));
    }

    #[test]
    fn amounts_that_are_none_are_refused() {
        let network = network("A -P1-> OF1");
        let question = |nodes: &[f64]| accumulate(&network, &Amounts { nodes, reaches: &[] });
        assert_eq!(question(&[1.0, f64::NAN]), Err(BadAmount::NotFinite { index: 1 }));
        assert_eq!(question(&[1.0]), Err(BadAmount::Length { given: 1, expected: 2 }));
    }
}
