//! Amounts added up along the flow: all that lies upstream of each node, or what each node is handed.

use suyuan_core::Language;
use suyuan_network::{Network, NodeId};

use crate::channels::{Channels, Groups};
use crate::handed::Handed;
use crate::options::Barriers;
use crate::shut::Shut;

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
/// As long as there are nodes, in their order. Nodes of a ring have the same sum. A barrier has all that comes to it; what lies
/// below has of that no more than the barrier's own amount.
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
/// use suyuan_trace::{Amounts, Barriers, accumulate};
/// // A splits and rejoins: still one.
/// let text = "A -P1-> B -P2-> D -P4-> OF1\nA -P3-> C -P5-> D";
/// let (network, _) = build_network(&drawn(text), &BuildConfig::automatic())?;
/// let ones = vec![1.0; network.node_count()];
/// let amounts = Amounts { nodes: &ones, reaches: &[] };
/// let sums = accumulate(&network, &amounts, &Barriers::default())?;
/// assert_eq!(sums[network.find_node("OF1")?.index()], 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accumulate(
    network: &Network,
    amounts: &Amounts<'_>,
    barriers: &Barriers,
) -> Result<Vec<f64>, BadAmount> {
    let shut = Shut::new(network, barriers);
    let channels = Channels::new(&shut, barriers);
    let own = amounts.by_vertex(&shut, &channels)?;
    let groups = Groups::new(channels.count(), &channels.links(true));
    let count = groups.members.len();
    let mut inside = vec![0.0f64; count];
    for (group, amount) in groups.of.iter().zip(&own) {
        inside[*group] += amount;
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
    Ok(network.node_ids().map(|n| sums[groups.of[channels.taken_by(n)]]).collect())
}

/// For each node what it is handed, its own amount included, when each node hands all that it has on in equal parts to the
/// reaches that leave it.
///
/// # Shape
/// As long as there are nodes, in their order. What is handed to the nodes that nothing leaves adds up to all amounts. A ring
/// hands on all that it takes, round by round. A ring that nothing leaves keeps what it takes, and each of its nodes tells
/// that whole. A barrier keeps what comes to it and hands on its own amount alone.
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
/// use suyuan_trace::{Amounts, Barriers, accumulate_by_shares};
/// let (network, _) = build_network(&drawn("A -P1-> OF1\nA -P2-> OF2"), &BuildConfig::automatic())?;
/// let mut amounts = vec![0.0; network.node_count()];
/// amounts[network.find_node("A")?.index()] = 10.0;
/// let amounts = Amounts { nodes: &amounts, reaches: &[] };
/// let handed = accumulate_by_shares(&network, &amounts, &Barriers::default())?;
/// assert_eq!(handed[network.find_node("OF1")?.index()], 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accumulate_by_shares(
    network: &Network,
    amounts: &Amounts<'_>,
    barriers: &Barriers,
) -> Result<Vec<f64>, BadAmount> {
    let shut = Shut::new(network, barriers);
    let channels = Channels::new(&shut, barriers);
    let mut handed = amounts.by_vertex(&shut, &channels)?;
    let groups = Groups::new(channels.count(), &channels.links(false));
    let nodes: Vec<NodeId> = network.node_ids().collect();
    // What takes what comes to a barrier hands on nothing.
    let leaving = |vertex: usize| nodes.get(vertex).into_iter().flat_map(|node| channels.onward(*node));
    for (group, members) in groups.members.iter().enumerate() {
        if let [vertex] = members.as_slice() {
            let parts = leaving(*vertex).count() as f64;
            let part = handed[*vertex] / parts;
            for to in leaving(*vertex) {
                handed[to] += part;
            }
            continue;
        }
        let takes: Vec<f64> = members.iter().map(|v| handed[*v]).collect();
        if groups.below[group].is_empty() {
            let all = takes.iter().fold(0.0, |a, b| a + b);
            for vertex in members {
                handed[*vertex] = all;
            }
            continue;
        }
        let mut ring = Handed::new(takes);
        for (k, vertex) in members.iter().enumerate() {
            let part = 1.0 / leaving(*vertex).count() as f64;
            for to in leaving(*vertex) {
                match members.binary_search(&to) {
                    Ok(to) => ring.send(k, to, part),
                    Err(_) => ring.let_out(k, part),
                }
            }
        }
        for (vertex, solved) in members.iter().zip(ring.solve()) {
            handed[*vertex] = solved;
        }
        for vertex in members {
            let part = handed[*vertex] / leaving(*vertex).count() as f64;
            for to in leaving(*vertex).filter(|to| groups.of[*to] != group) {
                handed[to] += part;
            }
        }
    }
    let kept = |node: NodeId| match channels.taken_by(node) {
        vertex if vertex == node.index() => 0.0,
        vertex => handed[vertex],
    };
    Ok(nodes.iter().map(|node| handed[node.index()] + kept(*node)).collect())
}

impl Amounts<'_> {
    /// All amounts at the vertices they come to first.
    fn by_vertex(&self, shut: &Shut<'_>, channels: &Channels<'_>) -> Result<Vec<f64>, BadAmount> {
        let network = shut.network;
        for (list, expected) in [(self.nodes, network.node_count()), (self.reaches, network.reach_count())] {
            if !list.is_empty() && list.len() != expected {
                return Err(BadAmount::Length { given: list.len(), expected });
            }
            if let Some(index) = list.iter().position(|v| !v.is_finite()) {
                return Err(BadAmount::NotFinite { index });
            }
        }
        let mut own = self.nodes.to_vec();
        own.resize(channels.count(), 0.0);
        for (reach, amount) in network.reach_ids().zip(self.reaches) {
            if shut.is_open(reach) {
                own[channels.taken_by(network.reach(reach).to)] += amount;
            }
        }
        Ok(own)
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

    type Question = fn(&Network, &Amounts<'_>, &Barriers) -> Result<Vec<f64>, BadAmount>;

    /// What comes to a node if each node has one.
    fn ones(question: Question, network: &Network, node: &str) -> f64 {
        let nodes = vec![1.0; network.node_count()];
        question(network, &Amounts { nodes: &nodes, reaches: &[] }, &Barriers::default()).unwrap()
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
        let sums =
            accumulate(&network, &Amounts { nodes: &[], reaches: &reaches }, &Barriers::default()).unwrap();
        let at = |name: &str| sums[network.find_node(name).unwrap().index()];
        assert_eq!((at("A"), at("B"), at("OF1")), (0.0, 1.0, 2.0));
    }

    #[test]
    fn amounts_that_are_none_are_refused() {
        let network = network("A -P1-> OF1");
        let question =
            |nodes: &[f64]| accumulate(&network, &Amounts { nodes, reaches: &[] }, &Barriers::default());
        assert_eq!(question(&[1.0, f64::NAN]), Err(BadAmount::NotFinite { index: 1 }));
        assert_eq!(question(&[1.0]), Err(BadAmount::Length { given: 1, expected: 2 }));
    }
}
