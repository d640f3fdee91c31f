//! Which share of each reach's flow arrives at the start.

use std::collections::HashMap;

use suyuan_network::{Network, NodeId, PlaceKind};

use crate::options::Heading;
use crate::trace::Trace;

/// Sweeps stop when no share moves by more than this.
const SETTLED: f64 = 1e-12;
/// More sweeps than any drainage network of gates and rings needs.
const MOST_SWEEPS: usize = 10_000;

impl Trace {
    /// For each step of an upstream trace, the share of its flow that arrives at the start, 0 to 1, when each node
    /// hands equal parts of its water to the reaches that leave it.
    ///
    /// # Shape
    /// As long as [`Trace::steps`]. All 1 for a downstream trace, of which the question has no meaning.
    ///
    /// # Complexity
    /// O(n) for each sweep; a tree settles in one, each split that rejoins or ring adds a few.
    #[must_use]
    pub fn shares(&self, network: &Network) -> Vec<f64> {
        if self.heading == Heading::Downstream {
            return vec![1.0; self.steps.len()];
        }
        let in_trace: HashMap<_, usize> = self.steps.iter().enumerate().map(|(i, s)| (s.reach, i)).collect();
        let start_node = match self.start.kind {
            PlaceKind::Node(node) => Some(node),
            PlaceKind::Reach { .. } => None,
        };
        let start_reach = match self.start.kind {
            PlaceKind::Reach { reach, .. } => in_trace.get(&reach).copied(),
            PlaceKind::Node(_) => None,
        };
        let mut of_node: HashMap<NodeId, f64> = self.nodes.iter().map(|(n, _)| (*n, 0.0)).collect();
        if let Some(node) = start_node {
            of_node.insert(node, 1.0);
        }
        let share_of = |of_node: &HashMap<NodeId, f64>, step: usize| {
            if start_reach == Some(step) {
                return 1.0; // its water passes the start on the way down
            }
            let to = network.reach(self.steps[step].reach).to;
            of_node.get(&to).copied().unwrap_or(0.0)
        };
        for _ in 0..MOST_SWEEPS {
            let mut moved = 0.0f64;
            for (node, _) in &self.nodes {
                if Some(*node) == start_node {
                    continue;
                }
                let leaving = network.outgoing(*node);
                let sum: f64 =
                    leaving.iter().filter_map(|r| in_trace.get(r)).map(|s| share_of(&of_node, *s)).sum();
                let share = if leaving.is_empty() { 0.0 } else { sum / leaving.len() as f64 };
                let known = of_node.entry(*node).or_insert(0.0);
                moved = moved.max((share - *known).abs());
                *known = share;
            }
            if moved <= SETTLED {
                break;
            }
        }
        (0..self.steps.len()).map(|s| share_of(&of_node, s)).collect()
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
    fn a_ring_lets_out_in_the_end_all_that_enters_it() {
        // B sends half on round the ring and half out, again and again: 1/2 + 1/4 + … = 1.
        let s = shares("A -P1-> B -P2-> OF1\nB -P3-> C -P4-> B", "OF1");
        assert!(s.iter().all(|(_, v)| (v - 1.0).abs() < 1e-9), "{s:?}");
    }
}
