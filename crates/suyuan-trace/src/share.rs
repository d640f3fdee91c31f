//! Which share of each reach's flow arrives at the start.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use suyuan_network::{Network, NodeId, PlaceKind};

use crate::options::Heading;
use crate::trace::Trace;

/// Sweeps round a ring stop when no share moves by more than this.
const SETTLED: f64 = 1e-12;
/// The most sweeps round a ring. A ring of pipes settles in a few dozen; two long rows of pipes with rungs between them,
/// in which water wanders both ways, may stop short of it, and then tells too little.
const MOST_SWEEPS: usize = 10_000;

impl Trace {
    /// For each step of an upstream trace, the share of its flow that arrives at the start, 0 to 1, when each node
    /// hands equal parts of its water to the reaches that leave it.
    ///
    /// # Shape
    /// As long as [`Trace::steps`]. All 1 for a downstream trace, of which the question has no meaning.
    ///
    /// # Complexity
    /// O(n log n) for n reaches without rings; a ring is swept until its shares settle.
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
        let settle = |share: &mut [f64], node: NodeIndex| -> f64 {
            let n = node.index();
            let leaving = network.outgoing(nodes[n]).len();
            if Some(n) == start || leaving == 0 {
                return 0.0;
            }
            let arriving: f64 = water.edges(node).map(|e| share[e.target().index()]).sum();
            let now = (fixed[n] + arriving) / leaving as f64;
            (std::mem::replace(&mut share[n], now) - now).abs()
        };
        // Groups come downstream first, so that all but rings settle at once.
        for group in kosaraju_scc(&water) {
            let ring = group.len() > 1 || water.contains_edge(group[0], group[0]);
            for sweep in 0..if ring { MOST_SWEEPS } else { 1 } {
                // There and back, since a ring runs against any one order somewhere.
                let moved = if sweep % 2 == 0 {
                    group.iter().map(|n| settle(&mut share, *n)).fold(0.0, f64::max)
                } else {
                    group.iter().rev().map(|n| settle(&mut share, *n)).fold(0.0, f64::max)
                };
                if moved <= SETTLED {
                    break;
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
    fn a_long_ring_settles() {
        let mut text = String::from("N0 -OUT-> OF1");
        for n in 0..3000 {
            text.push_str(&format!("\nN{n} -P{n}-> N{}", (n + 1) % 3000));
        }
        assert!(shares(&text, "OF1").iter().all(|(_, v)| (v - 1.0).abs() < 1e-6));
    }

    #[test]
    fn a_ring_lets_out_in_the_end_all_that_enters_it() {
        // B sends half on round the ring and half out, again and again: 1/2 + 1/4 + … = 1.
        let s = shares("A -P1-> B -P2-> OF1\nB -P3-> C -P4-> B", "OF1");
        assert!(s.iter().all(|(_, v)| (v - 1.0).abs() < 1e-9), "{s:?}");
    }
}
