//! What each node of a ring is handed in the end.

use std::collections::{BTreeMap, BTreeSet};

/// Nodes among which water goes round: what each takes from outside, and which part of what it has each sends where.
pub(crate) struct Handed {
    /// Per node, the parts that it sends to others of the ring.
    sends: Vec<BTreeMap<usize, f64>>,
    /// Per node, the others that send to it.
    takes: Vec<BTreeSet<usize>>,
    /// Per node, the part that leaves the ring.
    out: Vec<f64>,
    /// Per node, what comes to it from outside, and from nodes that were taken out.
    brought: Vec<f64>,
}

impl Handed {
    pub(crate) fn new(brought: Vec<f64>) -> Self {
        let nodes = brought.len();
        Self {
            sends: vec![BTreeMap::new(); nodes],
            takes: vec![BTreeSet::new(); nodes],
            out: vec![0.0; nodes],
            brought,
        }
    }

    /// Lets `from` send a further part of what it has to `to`, another node.
    pub(crate) fn send(&mut self, from: usize, to: usize, part: f64) {
        *self.sends[from].entry(to).or_insert(0.0) += part;
        self.takes[to].insert(from);
    }

    /// Lets a further part of what `node` has leave the ring.
    pub(crate) fn let_out(&mut self, node: usize, part: f64) {
        self.out[node] += part;
    }

    /// What each node is handed, all rounds together.
    ///
    /// # Complexity
    /// Nodes are taken out by nested dissection and without a subtraction, as for the shares of a trace: near O(n log n) for
    /// rings and ladders, O(n^1.5) for street grids.
    pub(crate) fn solve(mut self) -> Vec<f64> {
        let nodes = self.out.len();
        let mut order: Vec<(u32, usize)> = (0..nodes).map(|n| (self.level(n), n)).collect();
        order.sort_unstable();
        let mut taken = Vec::with_capacity(nodes);
        for (_, node) in order {
            let sends = std::mem::take(&mut self.sends[node]);
            // What a node sends back to itself comes to nothing: of what it has in one round so much goes on for good.
            let all = sends.values().sum::<f64>() + self.out[node];
            let share = |part: f64| if all > 0.0 { part / all } else { 0.0 };
            for (to, part) in &sends {
                self.takes[*to].remove(&node);
                self.brought[*to] += self.brought[node] * share(*part);
            }
            let mut from_later: Vec<(usize, f64)> = Vec::new();
            for from in std::mem::take(&mut self.takes[node]) {
                let Some(part) = self.sends[from].remove(&node) else { continue };
                for (to, sent) in sends.iter().filter(|(to, _)| **to != from) {
                    self.send(from, *to, part * share(*sent));
                }
                self.out[from] += part * share(self.out[node]);
                from_later.push((from, part));
            }
            taken.push((node, from_later, all));
        }
        let mut handed = vec![0.0; nodes];
        for (node, from_later, all) in taken.into_iter().rev() {
            let later: f64 = from_later.iter().map(|(from, part)| part * handed[*from]).sum();
            if all > 0.0 {
                handed[node] = (self.brought[node] + later) / all;
            }
        }
        handed
    }

    /// How late a node is taken out: the numbers are halved again and again, and who speaks across the middle of a half
    /// waits for both halves.
    fn level(&self, node: usize) -> u32 {
        let across = self.sends[node].keys().chain(&self.takes[node]).filter(|n| **n > node);
        across.map(|n| usize::BITS - (n ^ node).leading_zeros()).max().unwrap_or(0)
    }
}
