//! The direction of every pipe at once: what each pipe says of itself, and what its neighbours make of it.
//!
//! A Markov random field with one variable for each pipe (with its record, or against it) and one factor for each node.
//! The factor of a node knows how its pipe ends flow, and how rare some ways are: all into it (a lost outfall), all out
//! of it (a summit), more than one out of it (a split), a dead end that is not the top of a branch. Loopy belief
//! propagation gives each pipe the odds that it runs with its record; on a tree these are exact. How rare each way is, is
//! estimated from the survey itself, by expectation and maximisation with weak priors.
//!
//! # Reference
//! Pearl, "Probabilistic Reasoning in Intelligent Systems" (1988), chapter 4; Dempster, Laird and Rubin (1977).

use std::ops::Range;

use rayon::prelude::*;

use crate::factor::{Census, NodeRole, Rarity, Scratch, Weights};
use crate::web::{Link, Twin, Web};

/// Messages are never surer than this: no single neighbour settles a pipe.
const SUREST: f64 = 1e4;
/// Sweeps stop when no message moves the probability of an end by more than this.
const SETTLED: f64 = 1e-3;
/// Rarities within this of each other ask for no new messages.
const NEAR: f64 = 0.002;
/// The most sweeps in one round; a tree needs two.
const MOST_SWEEPS: usize = 12;
/// Parts of the network are settled together until they have so many nodes.
const CHUNK: usize = 4096;
/// A survey is judged by parts with so many nodes: more would hardly move the shares.
const SAMPLE: usize = 1 << 16;

/// The web, the messages in it, and the evidence of each pipe.
pub(crate) struct Field {
    web: Web,
    /// Odds for flowing into the node: as the node tells each end, and by the evidence of its pipe.
    messages: Vec<f64>,
    own: Vec<f64>,
    chunks: Vec<Chunk>,
}

/// A run of whole parts of the network.
struct Chunk {
    nodes: Range<usize>,
    /// Whether it is one of those that the survey is judged by.
    sampled: bool,
    /// What its messages were last settled for.
    settled: Option<Rarity>,
}

/// The messages of some nodes that only speak to each other.
struct Talk<'a> {
    web: &'a Web,
    rarity: &'a Rarity,
    own: &'a [f64],
    /// The first of these nodes, and their first end.
    first: (usize, usize),
    messages: &'a mut [f64],
    /// Whether something that the node listens to has changed.
    stale: Vec<bool>,
    scratch: Scratch,
}

fn clamp(odds: f64) -> f64 {
    odds.clamp(1.0 / SUREST, SUREST)
}

/// Whether odds have changed so much that others should hear of it: by [`SETTLED`] in probability, or by half.
fn differ(a: f64, b: f64) -> bool {
    // The difference of a / (1 + a) and b / (1 + b), without dividing.
    (a - b).abs() >= SETTLED * (1.0 + a) * (1.0 + b) || a > 2.0 * b || b > 2.0 * a
}

/// The probability that odds stand for.
pub(crate) fn probability(odds: f64) -> f64 {
    odds / (1.0 + odds)
}

impl Web {
    /// Runs of whole parts with at least [`CHUNK`] nodes each, the last one aside: the same for any number of threads. Those
    /// of a sample are spread over the whole network; if none of them is small enough, the smallest one is.
    fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut from = 0;
        for to in self.parts[1..].iter().map(|p| *p as usize) {
            if to - from >= CHUNK || to == self.roles.len() {
                chunks.push(Chunk { nodes: from..to, sampled: false, settled: None });
                from = to;
            }
        }
        let stride = (self.roles.len() / SAMPLE).max(1);
        let mut sampled = 0;
        let count = chunks.len();
        // A run much bigger than the sample should be is left out, unless it is most of the network.
        for c in (0..stride).flat_map(|first| (first..count).step_by(stride)) {
            let size = chunks[c].nodes.len();
            if 2 * size > self.roles.len() || sampled < SAMPLE && size <= 2 * SAMPLE {
                sampled += size;
                chunks[c].sampled = true;
            }
        }
        if sampled == 0
            && let Some(least) = chunks.iter_mut().min_by_key(|chunk| chunk.nodes.len())
        {
            least.sampled = true;
        }
        chunks
    }

    /// What the neighbours alone say of a pipe, one of its ends left out: the odds that it runs with its record.
    fn neighbours_but(&self, pipe: u32, left_out: Option<u32>, message: impl Fn(u32) -> f64) -> f64 {
        let mut odds = 1.0;
        for e in self.ends_of(pipe).iter().filter(|e| Some(**e) != left_out) {
            let message = message(*e);
            odds *= if self.into[*e as usize] { message } else { 1.0 / message };
        }
        odds
    }

    /// The odds that each end at a node flows into it, by the rest of the network.
    fn listen(
        &self,
        node: usize,
        own: impl Fn(u32) -> f64,
        message: impl Fn(u32) -> f64 + Copy,
        into: &mut Vec<f64>,
    ) {
        into.clear();
        for e in self.starts[node]..self.starts[node + 1] {
            let own = own(e);
            let odds = match self.twins[e as usize] {
                Twin::None => own,
                Twin::Opposite(twin) => own / message(twin),
                Twin::Many => {
                    let odds = self.neighbours_but(self.pipes[e as usize], Some(e), message);
                    if self.into[e as usize] { own * odds } else { own / odds }
                }
            };
            into.push(clamp(odds));
        }
    }

    fn weights(&self, node: usize, count: usize, rarity: &Rarity) -> Weights {
        Weights::at(self.roles[node], self.passed[node], self.drained[node], count, rarity)
    }
}

impl Talk<'_> {
    /// Sends messages until they settle.
    fn settle(mut self) {
        for _ in 0..MOST_SWEEPS {
            let mut spoken = false;
            for node in (0..self.stale.len()).rev().chain(0..self.stale.len()) {
                if std::mem::replace(&mut self.stale[node], false) {
                    spoken |= self.speak(node);
                }
            }
            if !spoken {
                break;
            }
        }
    }

    /// Renews the messages of a node; whether any of them moved.
    fn speak(&mut self, node: usize) -> bool {
        let (web, (first_node, first_end)) = (self.web, self.first);
        let node = first_node + node;
        let from = web.starts[node] as usize;
        let count = web.starts[node + 1] as usize - from;
        if count == 0 {
            return false;
        }
        let weights = web.weights(node, count, self.rarity);
        let given = weights.given(self.rarity.split);
        if given.is_none() {
            let messages = &*self.messages;
            let own = |e: u32| self.own[e as usize - first_end];
            web.listen(node, own, |e| messages[e as usize - first_end], &mut self.scratch.into);
            self.scratch.prepare(self.rarity.split);
        }
        let mut moved = false;
        for k in 0..count {
            let heard = || weights.odds_into(self.rarity.split, self.scratch.others(k));
            let odds = clamp(given.unwrap_or_else(heard));
            let known = std::mem::replace(&mut self.messages[from + k - first_end], odds);
            if differ(known, odds) {
                moved = true;
                self.wake(from + k);
            }
        }
        moved
    }

    /// Makes the nodes at the other ends of a pipe listen anew.
    fn wake(&mut self, end: usize) {
        let web = self.web;
        let others: &[u32] = match &web.twins[end] {
            Twin::None => &[],
            Twin::Opposite(twin) => std::slice::from_ref(twin),
            Twin::Many => web.ends_of(web.pipes[end]),
        };
        for other in others.iter().map(|e| *e as usize).filter(|e| *e != end) {
            self.stale[web.nodes[other] as usize - self.first.0] = true;
        }
    }
}

impl Field {
    pub(crate) fn new(links: &[Link], pipe_count: usize, roles: &[NodeRole]) -> Self {
        let web = Web::new(links, pipe_count, roles);
        let ends = web.pipes.len();
        Self { messages: vec![1.0; ends], own: vec![1.0; ends], chunks: web.chunks(), web }
    }

    /// The pipes that the survey is judged by: all of them, or of a big network those of some parts spread over it.
    pub(crate) fn sample(&self) -> Vec<u32> {
        let web = &self.web;
        let sampled = self.chunks.iter().filter(|chunk| chunk.sampled);
        let ends = sampled.flat_map(|chunk| web.ends_at(&chunk.nodes));
        let first =
            |e: &usize| web.pipe_ends[web.pipe_starts[web.pipes[*e] as usize] as usize] as usize == *e;
        ends.filter(first).map(|e| web.pipes[e]).collect()
    }

    /// What the neighbours alone say of a pipe: the odds that it runs with its record.
    pub(crate) fn neighbours(&self, pipe: usize) -> f64 {
        clamp(self.web.neighbours_but(pipe as u32, None, |e| self.messages[e as usize]))
    }

    /// The odds that a pipe runs with its record; `own` are those by the pipe's own evidence.
    pub(crate) fn odds(&self, pipe: usize, own: f64) -> f64 {
        own * self.neighbours(pipe)
    }

    /// Sends messages until they settle, each part of the network by itself, or only those of the sample. `own` are the odds
    /// of each pipe by its own evidence.
    pub(crate) fn settle(&mut self, own: &[f64], rarity: &Rarity, sample: bool) {
        let Self { web, messages, own: by_end, chunks } = self;
        let web = &*web;
        let (mut rest, mut rest_own) = (messages.as_mut_slice(), by_end.as_mut_slice());
        let mut talks = Vec::new();
        for chunk in chunks {
            let (messages, later) = rest.split_at_mut(web.ends_at(&chunk.nodes).len());
            let (by_end, later_own) = rest_own.split_at_mut(messages.len());
            (rest, rest_own) = (later, later_own);
            if chunk.sampled || !sample {
                talks.push((chunk, messages, by_end));
            }
        }
        talks.into_par_iter().for_each(|(chunk, messages, by_end)| {
            let ends = web.ends_at(&chunk.nodes);
            let first = (chunk.nodes.start, ends.start);
            // A node listens anew where the evidence of one of its pipes has changed, and everywhere if the rarities have.
            let anew = !chunk.settled.is_some_and(|settled| settled.is_near(*rarity, NEAR));
            let mut stale = vec![anew; chunk.nodes.len()];
            for (e, odds) in ends.zip(by_end.iter_mut()) {
                let own = own[web.pipes[e] as usize];
                let own = if web.into[e] { own } else { 1.0 / own };
                stale[web.nodes[e] as usize - first.0] |= differ(std::mem::replace(odds, own), own);
            }
            chunk.settled = Some(*rarity);
            Talk { web, rarity, own: by_end, first, messages, stale, scratch: Scratch::default() }.settle();
        });
    }

    /// Expected counts of each way of flowing, in the sample.
    pub(crate) fn census(&self, rarity: &Rarity) -> Census {
        // Added up in the order of the chunks, so that the sums do not depend on the threads.
        let sampled: Vec<&Chunk> = self.chunks.iter().filter(|chunk| chunk.sampled).collect();
        let counts: Vec<Census> =
            sampled.into_par_iter().map(|chunk| self.census_of(chunk.nodes.clone(), rarity)).collect();
        counts.into_iter().fold(Census::default(), Census::plus)
    }

    fn census_of(&self, nodes: Range<usize>, rarity: &Rarity) -> Census {
        let web = &self.web;
        let mut census = Census::default();
        let mut heard = Vec::new();
        for node in nodes {
            let count = (web.starts[node + 1] - web.starts[node]) as usize;
            if count == 0 || web.passed[node] || web.roles[node] != NodeRole::Plain {
                continue;
            }
            let own = |e: u32| self.own[e as usize];
            web.listen(node, own, |e| self.messages[e as usize], &mut heard);
            heard.iter_mut().for_each(|odds| *odds = probability(*odds));
            census.count(&web.weights(node, count, rarity), &heard, rarity.split, web.drained[node]);
        }
        census
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The odds of every pipe.
    fn odds(field: &Field, own: &[f64]) -> Vec<f64> {
        own.iter().enumerate().map(|(p, own)| field.odds(p, *own)).collect()
    }

    /// The weight of one way of flowing of all pipes: `along[p]` says whether pipe `p` runs with its record.
    fn weight(field: &Field, own: &[f64], rarity: &Rarity, along: &[bool]) -> f64 {
        let mut weight: f64 = own.iter().zip(along).map(|(odds, a)| if *a { *odds } else { 1.0 }).product();
        for node in 0..field.web.roles.len() {
            let ends = field.web.starts[node] as usize..field.web.starts[node + 1] as usize;
            if ends.is_empty() {
                continue;
            }
            let flows_in = |e: &usize| field.web.into[*e] == along[field.web.pipes[*e] as usize];
            let into = ends.clone().filter(flows_in).count();
            let out = ends.len() - into;
            weight *= match field.web.weights(node, ends.len(), rarity) {
                Weights::Fixed(odds) => odds.powi(into as i32),
                Weights::Passed => rarity.split.powi(out as i32),
                Weights::Joint { sink, .. } if out == 0 => sink,
                Weights::Joint { summit, .. } if into == 0 => summit,
                Weights::Joint { mixed, .. } => mixed * rarity.split.powi(out as i32 - 1),
            };
        }
        weight
    }

    /// The probability of each pipe by adding up every way of flowing.
    fn by_enumeration(field: &Field, own: &[f64], rarity: &Rarity) -> Vec<f64> {
        let n = own.len();
        let (mut with, mut all) = (vec![0.0; n], 0.0);
        for way in 0..1u32 << n {
            let along: Vec<bool> = (0..n).map(|p| way >> p & 1 == 1).collect();
            let weight = weight(field, own, rarity, &along);
            all += weight;
            for p in (0..n).filter(|p| along[*p]) {
                with[p] += weight;
            }
        }
        with.into_iter().map(|w| w / all).collect()
    }

    fn role(lot: usize) -> NodeRole {
        [
            NodeRole::Plain,
            NodeRole::Plain,
            NodeRole::Plain,
            NodeRole::Outfall,
            NodeRole::Inlet,
            NodeRole::Free,
        ][lot % 6]
    }

    /// A random tree of pipes: each new node hangs on an earlier one, either way round.
    fn trees() -> impl Strategy<Value = (Vec<Link>, Vec<f64>, Vec<NodeRole>)> {
        prop::collection::vec((any::<u32>(), any::<bool>(), 0.05..20.0f64, 0usize..6), 1..10).prop_map(
            |rows| {
                let mut roles = vec![NodeRole::Plain];
                let mut links = Vec::new();
                let mut own = Vec::new();
                for (n, (to, turned, odds, lot)) in rows.into_iter().enumerate() {
                    let (new, old) = (n as u32 + 1, to % (n as u32 + 1));
                    let nodes = if turned { [old, new] } else { [new, old] };
                    links.push(Link { pipe: n as u32, nodes });
                    own.push(odds);
                    roles.push(role(lot));
                }
                (links, own, roles)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn on_trees_the_beliefs_are_those_of_enumeration((links, own, roles) in trees()) {
            let mut field = Field::new(&links, own.len(), &roles);
            let rarity = Rarity::USUAL;
            field.settle(&own, &rarity, false);
            let exact = by_enumeration(&field, &own, &rarity);
            for (p, odds) in odds(&field, &own).into_iter().enumerate() {
                prop_assert!((probability(odds) - exact[p]).abs() < 5e-3, "pipe {} {} {}", p, probability(odds), exact[p]);
            }
        }

        #[test]
        fn turning_a_record_turns_its_odds_and_nothing_else((mut links, mut own, roles) in trees(), lot in 0usize..10) {
            let turned = lot % links.len();
            let beliefs = |links: &[Link], own: &[f64]| {
                let mut field = Field::new(links, own.len(), &roles);
                field.settle(own, &Rarity::USUAL, false);
                odds(&field, own).into_iter().map(probability).collect::<Vec<f64>>()
            };
            let before = beliefs(&links, &own);
            links[turned].nodes.reverse();
            own[turned] = 1.0 / own[turned];
            for (p, (a, b)) in before.into_iter().zip(beliefs(&links, &own)).enumerate() {
                let b = if p == turned { 1.0 - b } else { b };
                prop_assert!((a - b).abs() < 5e-3, "pipe {} {} {}", p, a, b);
            }
        }
    }

    /// Lines of so many nodes each, one after another.
    fn lines(sizes: &[u32]) -> Field {
        let (mut links, mut first) = (Vec::new(), 0);
        for size in sizes {
            links.extend((first..first + size - 1).map(|n| Link { pipe: 0, nodes: [n, n + 1] }));
            first += size;
        }
        links.iter_mut().zip(0..).for_each(|(link, pipe)| link.pipe = pipe);
        Field::new(&links, links.len(), &vec![NodeRole::Plain; first as usize])
    }

    #[test]
    fn most_of_a_network_is_always_among_what_it_is_judged_by() {
        let sampled = |sizes: &[u32]| lines(sizes).sample().len();
        let whole = SAMPLE as u32;
        // One big part and scraps, however many.
        assert!(sampled(&[4 * whole, 5000, 5000]) as u32 >= 4 * whole - 1);
        assert!(sampled(&[4 * whole, whole, whole, whole]) as u32 >= 4 * whole - 1);
        // Without such a part, some of those that are small enough, or else the smallest.
        let many = sampled(&[whole / 2; 12]) as u32;
        assert!((whole - 2..2 * whole).contains(&many), "{many}");
        assert_eq!(sampled(&[3 * whole, 4 * whole, 4 * whole]) as u32, 3 * whole - 1);
        // A small survey is judged by all of it.
        assert_eq!(sampled(&[20, 30, 5000]), 5050 - 3);
    }

    fn field(links: &[(u32, [u32; 2])], roles: &[NodeRole]) -> Field {
        let links: Vec<Link> =
            links.iter().map(|(pipe, nodes)| Link { pipe: *pipe, nodes: *nodes }).collect();
        let pipes = links.iter().map(|l| l.pipe + 1).max().unwrap() as usize;
        Field::new(&links, pipes, roles)
    }

    #[test]
    fn a_chain_without_own_evidence_runs_to_its_outfall() {
        let roles = [NodeRole::Plain, NodeRole::Plain, NodeRole::Plain, NodeRole::Outfall];
        let mut field = field(&[(0, [0, 1]), (1, [2, 1]), (2, [2, 3])], &roles);
        let own = [1.0, 1.0, 1.0];
        field.settle(&own, &Rarity::USUAL, false);
        let odds = odds(&field, &own);
        assert!(odds[0] > 10.0 && odds[1] < 0.1 && odds[2] > 10.0, "{odds:?}");
    }

    #[test]
    fn a_stub_that_comes_back_to_its_node_turns_nothing() {
        let chain = [(0, [0, 1]), (1, [2, 1]), (2, [2, 3])];
        let roles = [NodeRole::Plain, NodeRole::Plain, NodeRole::Plain, NodeRole::Outfall];
        let with_stubs = [chain[0], chain[1], chain[2], (3, [1, 1]), (4, [2, 2])];
        let believe = |links: &[(u32, [u32; 2])], pipes: usize| {
            let mut field = field(links, &roles);
            field.settle(&vec![1.0; pipes], &Rarity::USUAL, false);
            odds(&field, &vec![1.0; pipes])
        };
        assert_eq!(believe(&chain, 3), believe(&with_stubs, 5)[..3]);
    }

    #[test]
    fn the_only_outlet_of_a_node_with_very_many_pipes_stays_one() {
        for spokes in [3u32, 40, 100, 2000] {
            // Spokes 1.. of which each other one is drawn outward, and pipe 0 from the hub to the outfall.
            let mut links = vec![(0, [0, 1])];
            let mut roles = vec![NodeRole::Plain, NodeRole::Outfall];
            for s in 1..=spokes {
                links.push((s, if s % 2 == 0 { [s + 1, 0] } else { [0, s + 1] }));
                roles.push(NodeRole::Plain);
            }
            let own = vec![4.0; spokes as usize + 1];
            let mut field = field(&links, &roles);
            field.settle(&own, &Rarity::USUAL, false);
            assert!(odds(&field, &own)[0] > 4.0, "{spokes} spokes: {}", odds(&field, &own)[0]);
        }
    }

    #[test]
    fn a_pump_in_mid_pipe_says_nothing_of_what_else_meets_there() {
        let roles = [NodeRole::Plain, NodeRole::Free, NodeRole::Plain, NodeRole::Plain];
        let mut field = field(&[(0, [0, 1]), (0, [1, 2]), (1, [1, 3])], &roles);
        field.settle(&[1.0; 2], &Rarity::USUAL, false);
        // What is left is the word of the dead end at its other end.
        assert!((odds(&field, &[1.0; 2])[1] - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_ring_without_evidence_stays_open() {
        let mut field = field(&[(0, [0, 1]), (1, [1, 2]), (2, [2, 0])], &[NodeRole::Plain; 3]);
        field.settle(&[1.0; 3], &Rarity::USUAL, false);
        for odds in odds(&field, &[1.0; 3]) {
            assert!((probability(odds) - 0.5).abs() < 0.05, "{odds}");
        }
    }

    #[test]
    fn a_lead_that_taps_a_main_flows_into_it() {
        // Pipe 0 is the main, split by the lead, pipe 1, at node 1.
        let mut field = field(&[(0, [0, 1]), (0, [1, 2]), (1, [1, 3])], &[NodeRole::Plain; 4]);
        field.settle(&[1.0; 2], &Rarity::USUAL, false);
        assert!(odds(&field, &[1.0; 2])[1] < 0.1);
    }
}
