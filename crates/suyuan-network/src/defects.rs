//! The defects that matter: gaps and reversals by what would reach an outfall if they were mended.

use std::collections::{BTreeSet, HashSet};

use suyuan_core::{Certainty, Coord, DirectionBasis, NodeKind};

use crate::ids::{NodeId, PipeId, ReachId};
use crate::network::{Gap, Network};

/// Odds that a gap of no width is a lost joint, and by how much they fall with each metre, as a natural logarithm.
/// Rules of thumb, as are those below: a repair is a proposal, for a human to decide.
const NARROW: f64 = 1.5;
/// A pipe that points straight across its gap speaks for a joint, one that does not speaks against it, as logarithms.
const STRAIGHT: f64 = 1.4;
const ASKEW: f64 = -1.0;
/// No repair is surer than this.
const SUREST: f64 = 0.99;

/// What would mend a defect.
#[derive(Debug, Clone, PartialEq)]
pub enum Repair {
    /// The end at a gap is joined to the pipe beyond.
    Join(Gap),
    /// Pipes flow the other way round: a chain from a place that drains down to one that does not, uppermost first.
    Turn(Vec<PipeId>),
}

/// A defect that keeps part of the network from its outfalls.
#[doc(alias = "关键缺陷")]
#[derive(Debug, Clone, PartialEq)]
pub struct Defect {
    /// What would mend it.
    pub repair: Repair,
    /// Where to look.
    pub place: Option<Coord<f64>>,
    /// The reaches that would reach an outfall, in order.
    pub gained: Vec<ReachId>,
    /// Metres of pipe that would.
    pub length: f64,
    /// The weight of their pipes, such as drainers.
    pub weight: usize,
    /// How probable it is that the repair is right. A rule of thumb for gaps; for reversals by the model of directions.
    pub confidence: f64,
}

/// The gaps and reversals whose repair would let most of the network reach an outfall.
///
/// One repair after the other is chosen, the greatest first, each as if those before it were made: so two gaps that
/// would mend the same part are told once. A gap counts where one side of it drains and the other does not; a reversal
/// where a chain of pipes leads from a node that drains to a dead end, and nobody has decided its flow by hand. Gains are
/// compared by what is to be expected of them: weight times confidence, then length times confidence.
/// Without outfalls, the lowest ends of the largest part of the network stand for them.
///
/// # Shape
/// At most `most` defects. `weigh` gives the weight of a pipe, such as the number of its drainers.
///
/// # Complexity
/// O(`most` · (n + candidates · gain)) for n reaches.
#[must_use]
pub fn defects_that_matter(network: &Network, most: usize, weigh: impl Fn(PipeId) -> usize) -> Vec<Defect> {
    let mut view = View::new(network);
    let mut defects: Vec<Defect> = Vec::new();
    while defects.len() < most {
        let repairs = view.joints().chain(view.chains());
        let gains = repairs.filter_map(|repair| {
            let gained = view.gain(&repair);
            let pipes: BTreeSet<PipeId> = gained.iter().map(|r| network.reach(*r).pipe).collect();
            let weight = pipes.into_iter().map(&weigh).sum();
            let length: f64 = gained.iter().map(|r| network.reach(*r).length()).sum();
            let confidence = view.confidence(&repair);
            let place = view.place(&repair);
            (weight > 0 || length > 0.0).then_some(Defect {
                repair,
                place,
                gained,
                length,
                weight,
                confidence,
            })
        });
        // Of equal ones the surer, then the first.
        let best = gains.fold(None, |best: Option<Defect>, new| match best {
            Some(b) if !new.is_above(&b) => Some(b),
            _ => Some(new),
        });
        let Some(best) = best else { break };
        view.mend(&best.repair);
        defects.push(best);
    }
    defects
}

impl Defect {
    fn is_above(&self, other: &Self) -> bool {
        let worth = |d: &Self| (d.weight as f64 * d.confidence, d.length * d.confidence, d.confidence);
        worth(self) > worth(other)
    }
}

/// What drains, as the repairs chosen so far would have it.
struct View<'a> {
    network: &'a Network,
    drained: Vec<bool>,
    turned: HashSet<PipeId>,
    /// Joints that were chosen, both ways.
    joined: Vec<[NodeId; 2]>,
}

impl<'a> View<'a> {
    fn new(network: &'a Network) -> Self {
        let mut view = Self {
            network,
            drained: vec![false; network.node_count()],
            turned: HashSet::new(),
            joined: Vec::new(),
        };
        let outlets: Vec<NodeId> =
            network.node_ids().filter(|n| network.node(*n).kind == NodeKind::Outfall).collect();
        let outlets = if outlets.is_empty() { ends_of_largest(network) } else { outlets };
        for outlet in outlets {
            view.drain(outlet);
        }
        view
    }

    /// Reaches that bring water to a node when some pipes are turned, and where they bring it from.
    fn bring<'b>(
        &'b self,
        node: NodeId,
        turned: &'b HashSet<PipeId>,
    ) -> impl Iterator<Item = (ReachId, NodeId)> + 'b {
        let is_turned = |r: &ReachId| turned.contains(&self.network.reach(*r).pipe);
        let straight = self.network.incoming(node).iter().filter(move |r| !is_turned(r));
        let back = self.network.outgoing(node).iter().filter(move |r| is_turned(r));
        straight
            .map(|r| (*r, self.network.reach(*r).from))
            .chain(back.map(|r| (*r, self.network.reach(*r).to)))
    }

    fn drain(&mut self, node: NodeId) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut self.drained[node.index()], true) {
                continue;
            }
            open.extend(self.bring(node, &self.turned).map(|b| b.1));
            // A joint that was chosen lets the other side drain too.
            open.extend(self.joined.iter().filter(|j| j[0] == node).map(|j| j[1]));
        }
    }

    fn joints(&self) -> impl Iterator<Item = Repair> {
        let splits = |g: &&Gap| self.drained[g.node.index()] != self.drained[g.beyond_node.index()];
        self.network.gaps().filter(splits).copied().map(Repair::Join)
    }

    /// Chains of pipes that lead from a node that drains to a dead end.
    fn chains(&self) -> impl Iterator<Item = Repair> {
        let leads_away = |pipe: &PipeId| {
            let reaches = self.network.reaches_of(*pipe).map(|r| self.network.reach(r));
            reaches.into_iter().any(|r| self.drained[r.from.index()] && !self.drained[r.to.index()])
        };
        self.network.pipe_ids().filter(leads_away).filter_map(|pipe| self.chain(pipe)).map(Repair::Turn)
    }

    fn chain(&self, first: PipeId) -> Option<Vec<PipeId>> {
        let network = self.network;
        let decided = |pipe: PipeId| {
            network.reaches_of(pipe).any(|r| network.reach(r).basis == DirectionBasis::Decided)
        };
        let (upper, mut lower) = self.ends(first)?;
        if decided(first) {
            return None;
        }
        if !self.drained[upper.index()] || self.drained[lower.index()] || self.turned.contains(&first) {
            return None;
        }
        let mut chain = vec![first];
        loop {
            let onward: BTreeSet<PipeId> =
                network.outgoing(lower).iter().map(|r| network.reach(*r).pipe).collect();
            let Some(next) = onward.first().copied() else { return Some(chain) };
            let arriving = network.incoming(lower).iter().map(|r| network.reach(*r).pipe);
            let last = chain[chain.len() - 1];
            let alone = onward.len() == 1 && arriving.into_iter().all(|p| p == last);
            if !alone || self.turned.contains(&next) || chain.contains(&next) || decided(next) {
                return None;
            }
            let (from, to) = self.ends(next)?;
            if from != lower || self.drained[to.index()] {
                return None;
            }
            chain.push(next);
            lower = to;
        }
    }

    /// The uppermost and the lowest node of a pipe, if it is one chain of reaches.
    fn ends(&self, pipe: PipeId) -> Option<(NodeId, NodeId)> {
        let network = self.network;
        let reaches: Vec<_> = network.reaches_of(pipe).map(|r| network.reach(r)).collect();
        let lowest = |n: NodeId| reaches.iter().all(|r| r.from != n);
        let uppermost = |n: NodeId| reaches.iter().all(|r| r.to != n);
        let mut lower = reaches.iter().map(|r| r.to).filter(|n| lowest(*n));
        let mut upper = reaches.iter().map(|r| r.from).filter(|n| uppermost(*n));
        match (upper.next(), upper.next(), lower.next(), lower.next()) {
            (Some(upper), None, Some(lower), None) => Some((upper, lower)),
            _ => None,
        }
    }

    /// The node below which a repair would newly drain what is above.
    fn side(&self, repair: &Repair) -> Option<NodeId> {
        match repair {
            Repair::Join(gap) if self.drained[gap.node.index()] => Some(gap.beyond_node),
            Repair::Join(gap) => Some(gap.node),
            Repair::Turn(pipes) => self.ends(pipes[0]).map(|e| e.0),
        }
    }

    /// The reaches that would newly drain.
    fn gain(&self, repair: &Repair) -> Vec<ReachId> {
        let Some(first) = self.side(repair) else { return Vec::new() };
        let chain: &[PipeId] = if let Repair::Turn(pipes) = repair { pipes } else { &[] };
        let turned: HashSet<PipeId> = self.turned.iter().chain(chain).copied().collect();
        let mut seen = HashSet::from([first]);
        let mut open = vec![first];
        let mut gained = BTreeSet::new();
        while let Some(at) = open.pop() {
            for (reach, from) in self.bring(at, &turned) {
                // The node above a turned chain drains already, and so does what else comes to it.
                if self.drained[at.index()] && !chain.contains(&self.network.reach(reach).pipe) {
                    continue;
                }
                gained.insert(reach);
                if !self.drained[from.index()] && seen.insert(from) {
                    open.push(from);
                }
            }
        }
        gained.into_iter().collect()
    }

    fn mend(&mut self, repair: &Repair) {
        let Some(first) = self.side(repair) else { return };
        match repair {
            Repair::Join(gap) => {
                self.joined.extend([[gap.node, gap.beyond_node], [gap.beyond_node, gap.node]]);
                self.drain(first);
            }
            Repair::Turn(pipes) => {
                self.turned.extend(pipes);
                let above: Vec<NodeId> = self.bring(first, &self.turned).map(|b| b.1).collect();
                above.into_iter().for_each(|node| self.drain(node));
            }
        }
    }

    fn confidence(&self, repair: &Repair) -> f64 {
        let odds = match repair {
            Repair::Join(gap) => {
                let across = if gap.straight_on { STRAIGHT } else { ASKEW };
                (NARROW + across - gap.width).exp()
            }
            Repair::Turn(pipes) => pipes
                .iter()
                .filter_map(|p| self.network.reaches_of(*p).next())
                .map(|r| self.network.reach(r))
                .map(|r| match r.certainty {
                    Certainty::Unknown => 1.0,
                    _ => (1.0 - f64::from(r.probability)) / f64::from(r.probability),
                })
                .product(),
        };
        (odds / (1.0 + odds)).min(SUREST)
    }

    fn place(&self, repair: &Repair) -> Option<Coord<f64>> {
        match repair {
            Repair::Join(gap) => self.network.node(gap.node).place,
            Repair::Turn(pipes) => {
                let line = self.network.parts_of(pipes[0]).find(|line| !line.is_empty())?;
                Some(line[line.len() / 2])
            }
        }
    }
}

/// The nodes from which nothing flows on in the part of the network with most reaches.
fn ends_of_largest(network: &Network) -> Vec<NodeId> {
    let mut union = network.parts();
    let mut sizes = vec![0u32; network.node_count()];
    for reach in network.reach_ids().map(|r| network.reach(r)) {
        sizes[union.find(reach.from.0) as usize] += 1;
    }
    // The first of the largest.
    let largest = (0..sizes.len()).rev().max_by_key(|root| sizes[*root]);
    let is_end = |n: &NodeId| network.outgoing(*n).is_empty() && !network.incoming(*n).is_empty();
    network.node_ids().filter(|n| largest == Some(union.find(n.0) as usize)).filter(is_end).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;
    use suyuan_core::drawn::drawn;

    use super::*;
    use crate::{BuildConfig, build_network};

    fn turns(text: &str) -> Vec<(Vec<String>, usize)> {
        let (network, _) = build_network(&drawn(text), &BuildConfig::automatic()).unwrap();
        defects_that_matter(&network, 9, |_| 1)
            .into_iter()
            .map(|d| {
                let Repair::Turn(pipes) = d.repair else { panic!("a joint") };
                (pipes.iter().map(|p| network.pipe_name(*p).to_owned()).collect(), d.gained.len())
            })
            .collect()
    }

    #[test]
    fn a_chain_that_runs_away_from_the_outfall_is_worth_what_lies_beyond_it() {
        // A to C drains into the dead end at C, which three pipes reach; turned, R1 and R2 carry all of it to the outfall.
        let text = "T -P1-> OF1\nT -R1-> B -R2-> C\nX -P2-> C\nY -P3-> X\nZ -P4-> X";
        assert_eq!(turns(text), [(vec!["R1".to_owned(), "R2".to_owned()], 5)]);
    }

    #[test]
    fn a_branch_that_flows_on_somewhere_is_no_reversal() {
        assert!(turns("T -P1-> OF1\nT -P2-> B -P3-> C -P4-> B").is_empty());
        assert!(turns("A -P1-> OF1\nB -P2-> A").is_empty());
    }

    #[test]
    fn each_lost_part_is_told_once_the_greatest_first() {
        let text = "T -P1-> OF1\nT -R1-> B\nX -P2-> B\nY -P3-> B\nT -R2-> C";
        assert_eq!(turns(text), [(vec!["R1".to_owned()], 3), (vec!["R2".to_owned()], 1)]);
    }

    #[test]
    fn an_outfall_that_only_loses_water_is_a_reversal() {
        assert_eq!(turns("OF1 -R1-> A\nB -P1-> A"), [(vec!["R1".to_owned()], 2)]);
    }

    /// Which reaches of a network drain, by asking each node again and again.
    fn draining(network: &Network) -> BTreeSet<String> {
        let mut drained: BTreeSet<NodeId> =
            network.node_ids().filter(|n| network.node(*n).kind == NodeKind::Outfall).collect();
        loop {
            let reaches = network.reach_ids().map(|r| network.reach(r));
            let more: BTreeSet<NodeId> =
                reaches.filter(|r| drained.contains(&r.to)).map(|r| r.from).collect();
            let before = drained.len();
            drained.extend(more);
            if drained.len() == before {
                break;
            }
        }
        let reaches = network.reach_ids().map(|r| network.reach(r)).filter(|r| drained.contains(&r.to));
        reaches.map(|r| network.pipe_name(r.pipe).to_owned()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_a_reversal_gains_is_what_drains_once_the_survey_is_mended(
            pipes in prop::collection::vec((0usize..9, 1usize..9), 1..16)
        ) {
            let name = |n: usize| if n == 0 { "OF0".to_owned() } else { format!("N{n}") };
            let text = |turned: &BTreeSet<String>| {
                let mut text = String::new();
                for (p, (from, step)) in pipes.iter().enumerate() {
                    let (a, b) = (name(*from), name((from + step) % 9));
                    let (a, b) = if turned.contains(&format!("P{p}")) { (b, a) } else { (a, b) };
                    let _ = writeln!(text, "{a} -P{p}-> {b}");
                }
                text
            };
            let build = |text: &str| build_network(&drawn(text), &BuildConfig::automatic()).unwrap().0;
            let network = build(&text(&BTreeSet::new()));
            prop_assume!(network.node_ids().any(|n| network.node(n).kind == NodeKind::Outfall));
            let mut turned = BTreeSet::new();
            let mut drains = draining(&network);
            for defect in defects_that_matter(&network, 20, |_| 1) {
                let Repair::Turn(chain) = &defect.repair else { panic!("a joint") };
                turned.extend(chain.iter().map(|p| network.pipe_name(*p).to_owned()));
                let now = draining(&build(&text(&turned)));
                let gained: BTreeSet<String> =
                    defect.gained.iter().map(|r| network.pipe_name(network.reach(*r).pipe).to_owned()).collect();
                prop_assert_eq!(now.difference(&drains).cloned().collect::<BTreeSet<_>>(), gained.clone());
                prop_assert!(drains.is_subset(&now));
                prop_assert_eq!(defect.weight, gained.len());
                drains = now;
            }
        }
    }
}
