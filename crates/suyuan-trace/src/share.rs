//! Which share of each reach's flow arrives at the start.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use suyuan_network::{Network, NodeId, PlaceKind, ReachId};

use crate::options::Heading;
use crate::trace::Trace;

impl Trace {
    /// By how many reaches water can leave a node; the reach that the start lies on is one though it be shut.
    #[must_use]
    pub fn ways_out(&self, network: &Network, node: NodeId) -> usize {
        let is_own = |r: ReachId| matches!(self.start.kind, PlaceKind::Reach { reach, .. } if reach == r);
        let open = |r: &&ReachId| is_own(**r) || network.is_open(**r);
        network.outgoing(node).iter().filter(open).count()
    }

    /// For each step of an upstream trace, the share of its flow that arrives at the start, 0 to 1, when each node
    /// hands equal parts of its water to the reaches that leave it and are not shut.
    ///
    /// # Shape
    /// As long as [`Trace::steps`]. All 1 for a downstream trace, of which the question has no meaning.
    ///
    /// # Complexity
    /// O(n log n) for n reaches without rings. A ring is solved exactly but for rounding, by taking its nodes out one by
    /// one, by nested dissection (A. George, SIAM Journal on Numerical Analysis 10, 1973) and without a subtraction (W. K. Grassmann, M. I. Taksar, D. P. Heyman,
    /// "Regenerative analysis and steady state distributions for Markov chains", Operations Research 33, 1985): near
    /// O(n log n) for rings and ladders, O(n^1.5) for n nodes of a street grid that all reach each other.
    #[must_use]
    pub fn shares(&self, network: &Network) -> Vec<f64> {
        if self.heading == Heading::Downstream {
            return vec![1.0; self.steps.len()];
        }
        let mut nodes: Vec<NodeId> = self.nodes.iter().map(|n| n.0).collect();
        nodes.sort_unstable();
        let at = |node: NodeId| nodes.binary_search(&node).ok();
        let start = match self.start.kind {
            PlaceKind::Node(node) => at(node),
            PlaceKind::Reach { .. } => None,
        };
        let start_reach = match self.start.kind {
            PlaceKind::Reach { reach, .. } => Some(reach),
            PlaceKind::Node(_) => None,
        };
        // Share of a node, and what its reaches bring for certain: the start's own reach brings all of its water.
        let mut share = vec![0.0f64; nodes.len()];
        let mut fixed = vec![0.0f64; nodes.len()];
        let mut water = DiGraph::<(), ()>::with_capacity(nodes.len(), self.steps.len());
        for _ in &nodes {
            water.add_node(());
        }
        for step in &self.steps {
            let reach = network.reach(step.reach);
            match (at(reach.from), at(reach.to)) {
                (Some(from), _) if start_reach == Some(step.reach) => fixed[from] += 1.0,
                (Some(from), Some(to)) if Some(from) != start => {
                    water.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
                }
                _ => {}
            }
        }
        if let Some(start) = start {
            share[start] = 1.0;
        }
        // Groups come downstream first, so that what a ring sends on is known when its turn comes.
        for mut group in kosaraju_scc(&water) {
            group.sort_unstable();
            let place: HashMap<usize, usize> =
                group.iter().enumerate().map(|(k, n)| (n.index(), k)).collect();
            let mut ring = Ring::new(group.len());
            for (k, n) in group.iter().enumerate() {
                let reaches = self.ways_out(network, nodes[n.index()]);
                if Some(n.index()) == start || reaches == 0 {
                    continue; // known, or a dead end
                }
                let part = 1.0 / reaches as f64;
                let (mut within, mut brings) = (0usize, fixed[n.index()]);
                for edge in water.edges(*n) {
                    match place.get(&edge.target().index()) {
                        Some(to) => {
                            within += 1;
                            ring.send(k, *to, part);
                        }
                        None => brings += share[edge.target().index()],
                    }
                }
                ring.let_out(k, part * reaches.saturating_sub(within) as f64, part * brings);
            }
            for (n, solved) in group.iter().zip(ring.solve()) {
                if Some(n.index()) != start {
                    share[n.index()] = solved;
                }
            }
        }
        let of_step = |step: &crate::Step| {
            if start_reach == Some(step.reach) {
                return 1.0; // its water passes the start on the way down
            }
            at(network.reach(step.reach).to).map_or(0.0, |to| share[to])
        };
        self.steps.iter().map(of_step).collect()
    }
}

/// Nodes among which water may go round: what each sends to each, and what leaves for good.
struct Ring {
    /// Per node, the parts of its water that it sends to others of the ring.
    sends: Vec<BTreeMap<usize, f64>>,
    /// Per node, the others that send to it.
    takes: Vec<BTreeSet<usize>>,
    /// Per node, the part of its water that leaves the ring, and the part that arrives at the start that way.
    out: Vec<f64>,
    arrives: Vec<f64>,
}

impl Ring {
    fn new(nodes: usize) -> Self {
        Self {
            sends: vec![BTreeMap::new(); nodes],
            takes: vec![BTreeSet::new(); nodes],
            out: vec![0.0; nodes],
            arrives: vec![0.0; nodes],
        }
    }

    /// Lets `from` send a further part of its water to `to`. What a node sends to itself comes to nothing, since it is
    /// handed out again.
    fn send(&mut self, from: usize, to: usize, part: f64) {
        if from != to {
            *self.sends[from].entry(to).or_insert(0.0) += part;
            self.takes[to].insert(from);
        }
    }

    /// Lets a further part of the water of `node` leave, of which some arrives at the start.
    fn let_out(&mut self, node: usize, part: f64, arrives: f64) {
        self.out[node] += part;
        self.arrives[node] += arrives;
    }

    /// The share of each node's water that arrives at the start in the end.
    fn solve(mut self) -> Vec<f64> {
        let nodes = self.out.len();
        let mut order: Vec<(u32, usize)> = (0..nodes).map(|n| (self.level(n), n)).collect();
        order.sort_unstable();
        let mut taken = Vec::with_capacity(nodes);
        // Take a node out: those that send to it send straight to where it sends.
        while let Some((_, node)) = order.get(taken.len()).copied() {
            let left = nodes - taken.len();
            if left > 8 && 4 * self.sends[node].len() > left {
                break; // what is left sends to a good part of all
            }
            let sends = std::mem::take(&mut self.sends[node]);
            let all = sends.values().sum::<f64>() + self.out[node];
            for to in sends.keys() {
                self.takes[*to].remove(&node);
            }
            for from in std::mem::take(&mut self.takes[node]) {
                let Some(part) = self.sends[from].remove(&node) else { continue };
                if all > 0.0 {
                    for (to, sent) in &sends {
                        self.send(from, *to, part * sent / all);
                    }
                    self.let_out(from, part * self.out[node] / all, part * self.arrives[node] / all);
                }
            }
            taken.push((node, sends, all));
        }
        let mut share = vec![0.0; nodes];
        let left: Vec<usize> = order[taken.len()..].iter().map(|o| o.1).collect();
        for (node, solved) in left.iter().zip(self.solve_dense(&left)) {
            share[*node] = solved;
        }
        for (node, sends, all) in taken.into_iter().rev() {
            if all > 0.0 {
                let on: f64 = sends.iter().map(|(to, part)| part * share[*to]).sum();
                share[node] = (self.arrives[node] + on) / all;
            }
        }
        share
    }

    /// How late a node is taken out: the numbers are halved again and again, and who speaks across the middle of a half
    /// waits for both halves. Since numbers follow a curve through the city, few do.
    fn level(&self, node: usize) -> u32 {
        let across = self.sends[node].keys().chain(&self.takes[node]).filter(|n| **n > node);
        across.map(|n| usize::BITS - (n ^ node).leading_zeros()).max().unwrap_or(0)
    }

    /// The same for the nodes that are left, as a full table: row by row what each sends to each.
    fn solve_dense(&self, left: &[usize]) -> Vec<f64> {
        let n = left.len();
        let place: HashMap<usize, usize> = left.iter().enumerate().map(|(k, node)| (*node, k)).collect();
        let mut sends = vec![0.0; n * n];
        let mut out: Vec<f64> = left.iter().map(|node| self.out[*node]).collect();
        let mut arrives: Vec<f64> = left.iter().map(|node| self.arrives[*node]).collect();
        for (k, node) in left.iter().enumerate() {
            for (to, part) in &self.sends[*node] {
                sends[k * n + place[to]] = *part;
            }
        }
        let mut all = vec![0.0; n];
        for k in (0..n).rev() {
            let (above, below) = sends.split_at_mut(k * n);
            let row = &below[..k];
            all[k] = row.iter().sum::<f64>() + out[k];
            if all[k] <= 0.0 {
                continue;
            }
            for (i, other) in above.chunks_exact_mut(n).enumerate() {
                let part = other[k] / all[k];
                if part > 0.0 {
                    other[..k].iter_mut().zip(row).for_each(|(sent, on)| *sent += part * on);
                    other[i] = 0.0; // what comes back is handed out again
                    out[i] += part * out[k];
                    arrives[i] += part * arrives[k];
                }
            }
        }
        let mut share = vec![0.0; n];
        for k in (0..n).filter(|k| all[*k] > 0.0) {
            let on: f64 = sends[k * n..k * n + k].iter().zip(&share).map(|(part, share)| part * share).sum();
            share[k] = (arrives[k] + on) / all[k];
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_network::{BuildConfig, build_network};

    fn shares(text: &str, outfall: &str) -> Vec<(String, f64)> {
        let (network, _) = build_network(&drawn(text), &BuildConfig::automatic()).unwrap();
        let start = network.place_of_outfall(network.find_outfall(outfall).unwrap(), 1.0).unwrap();
        let trace = crate::trace_upstream(&network, &start);
        let shares = trace.shares(&network);
        let mut named: Vec<_> = trace
            .steps
            .iter()
            .zip(shares)
            .map(|(s, share)| (network.pipe_name(network.reach(s.reach).pipe).to_owned(), share))
            .collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named
    }

    #[test]
    fn a_split_that_rejoins_loses_nothing() {
        let s = shares("A -P1-> B -P2-> D -P4-> OF1\nB -P3-> D", "OF1");
        assert!(s.iter().all(|(_, v)| (v - 1.0).abs() < 1e-9), "{s:?}");
    }

    #[test]
    fn a_split_to_two_outfalls_halves_what_is_above_it_and_the_shares_sum_to_one() {
        let text = "A -P1-> B -P2-> OF1\nB -P3-> OF2";
        assert_eq!(shares(text, "OF1")[0], ("P1".to_owned(), 0.5));
        assert_eq!(shares(text, "OF2")[0], ("P1".to_owned(), 0.5));
    }

    #[test]
    fn a_shut_pipe_takes_no_share() {
        use suyuan_core::FlowMode;
        use suyuan_core::raw::{Column, Field};
        let mut survey = drawn("A -P1-> B -P2-> OF1\nB -P3-> OF2");
        let modes = vec![FlowMode::Gravity, FlowMode::Gravity, FlowMode::Blocked];
        survey.layers[0].columns.insert(Field::Mode, Column::Mode(modes));
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let start = network.place_of_outfall(network.find_outfall("OF1").unwrap(), 1.0).unwrap();
        assert_eq!(crate::trace_upstream(&network, &start).shares(&network), [1.0, 1.0]);
    }

    #[test]
    fn a_long_ring_settles() {
        let mut text = String::from("N0 -OUT-> OF1");
        for n in 0..3000 {
            text.push_str(&format!("\nN{n} -P{n}-> N{}", (n + 1) % 3000));
        }
        assert!(shares(&text, "OF1").iter().all(|(_, v)| (v - 1.0).abs() < 1e-6));
    }

    #[test]
    fn a_long_ladder_in_which_water_wanders_both_ways_is_exact() {
        // A walk between an open outfall at either end: of the water of Nk, k/n goes to the far one.
        let n = 2000;
        let mut text = String::from("N0 -FIRST-> OF0");
        for k in 0..n - 2 {
            text.push_str(&format!("\nN{k} -U{k}-> N{0}\nN{0} -D{k}-> N{k}", k + 1));
        }
        text.push_str(&format!("\nN{} -LAST-> OF1", n - 2));
        for (name, share) in shares(&text, "OF1") {
            let Some(k) = name.strip_prefix('U').and_then(|k| k.parse::<f64>().ok()) else { continue };
            let expected = (k + 2.0) / f64::from(n);
            assert!((share - expected).abs() < 1e-12, "{name} {share} {expected}");
        }
    }

    #[test]
    fn a_grid_of_one_way_streets_keeps_its_equations() {
        // Streets run east and west, north and south by turns; every node reaches every other, and two outfalls.
        let n = 24;
        let mut text = String::from("N0x0 -FIRST-> OF0\nN12x12 -LAST-> OF1");
        for i in 0..n {
            for j in 0..n {
                let (across, down) = (
                    (i, (j + if i % 2 == 0 { 1 } else { n - 1 }) % n),
                    ((i + if j % 2 == 0 { 1 } else { n - 1 }) % n, j),
                );
                for (k, (a, b)) in [across, down].into_iter().enumerate() {
                    text.push_str(&format!("\nN{i}x{j} -P{i}x{j}x{k}-> N{a}x{b}"));
                }
            }
        }
        let at = |outfall| -> std::collections::HashMap<String, f64> {
            shares(&text, outfall).into_iter().collect()
        };
        let (first, last) = (at("OF0"), at("OF1"));
        // All water leaves over one of the two, so that the shares at each pipe add up to one.
        for (pipe, share) in &first {
            if pipe != "FIRST" {
                assert!((share + last[pipe] - 1.0).abs() < 1e-9, "{pipe} {share} {}", last[pipe]);
            }
        }
        assert_eq!(first.len(), 2 * n * n + 1);
    }

    #[test]
    fn a_ring_lets_out_in_the_end_all_that_enters_it() {
        // B sends half on round the ring and half out, again and again: 1/2 + 1/4 + … = 1.
        let s = shares("A -P1-> B -P2-> OF1\nB -P3-> C -P4-> B", "OF1");
        assert!(s.iter().all(|(_, v)| (v - 1.0).abs() < 1e-9), "{s:?}");
    }
}
