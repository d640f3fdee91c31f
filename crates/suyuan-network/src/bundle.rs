//! Pipes that lie between the same two nodes: twin culverts, a street's line over its segments, a pipe delivered twice.
//!
//! What falls from one manhole to another falls so in every pipe between them, so such pipes flow together and are one
//! variable of the model. Without that, two rows of one pipe that are drawn opposite ways would make a ring, and what lies
//! below a node would count as above it.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::web::Link;

/// A pipe of a bundle, and whether its record runs against that of the bundle's first pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) pipe: u32,
    pub(crate) turned: bool,
}

/// The bundles of a network.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Bundles {
    /// The members of each bundle in order, the first one not turned.
    pub(crate) all: Vec<Vec<Member>>,
}

/// Sets of pipes that flow together, each pipe with its way against the root's.
#[derive(Default)]
struct Ways {
    above: HashMap<u32, Member>,
}

impl Ways {
    /// The root of a pipe's set, and whether the pipe runs against it.
    fn root(&self, pipe: u32) -> Member {
        let mut at = Member { pipe, turned: false };
        while let Some(above) = self.above.get(&at.pipe) {
            at = Member { pipe: above.pipe, turned: at.turned ^ above.turned };
        }
        at
    }

    /// Lets two pipes flow together; what is known of them already stays. The lesser root becomes that of both.
    fn tie(&mut self, a: u32, b: u32, turned: bool) {
        let (a, b) = (self.root(a), self.root(b));
        if a.pipe != b.pipe {
            let (root, other) = (a.pipe.min(b.pipe), a.pipe.max(b.pipe));
            self.above.insert(other, Member { pipe: root, turned: turned ^ a.turned ^ b.turned });
        }
    }
}

impl Bundles {
    /// Bundles of the pipes that `may_tie`.
    ///
    /// # Complexity
    /// O(n log n) for n links.
    pub(crate) fn of(links: &[Link], may_tie: impl Fn(u32, u32) -> bool) -> Self {
        let mut between: Vec<([u32; 2], u32, bool)> = links
            .par_iter()
            .filter(|link| link.nodes[0] != link.nodes[1])
            .map(|link| {
                let [a, b] = link.nodes;
                ([a.min(b), a.max(b)], link.pipe, a > b)
            })
            .collect();
        between.par_sort_unstable();
        let mut ways = Ways::default();
        for group in between.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            for pair in group.windows(2).filter(|pair| pair[0].1 != pair[1].1) {
                if may_tie(pair[0].1, pair[1].1) {
                    ways.tie(pair[0].1, pair[1].1, pair[0].2 != pair[1].2);
                }
            }
        }
        let mut of_root: HashMap<u32, Vec<Member>> = HashMap::new();
        for pipe in ways.above.keys() {
            let Member { pipe: root, turned } = ways.root(*pipe);
            let members = of_root.entry(root).or_insert_with(|| vec![Member { pipe: root, turned: false }]);
            members.push(Member { pipe: *pipe, turned });
        }
        let mut all: Vec<Vec<Member>> = of_root.into_values().collect();
        all.iter_mut().for_each(|members| members.sort_unstable());
        all.sort_unstable();
        Self { all }
    }

    /// Lets each bundle be the one pipe that its first member is.
    pub(crate) fn lay(&self, links: &mut [Link]) {
        let others = self
            .all
            .iter()
            .flat_map(|members| members[1..].iter().map(|m| (m.pipe, (members[0].pipe, m.turned))));
        let first: HashMap<u32, (u32, bool)> = others.collect();
        if first.is_empty() {
            return;
        }
        links.par_iter_mut().for_each(|link| {
            if let Some((pipe, turned)) = first.get(&link.pipe) {
                link.pipe = *pipe;
                if *turned {
                    link.nodes.reverse();
                }
            }
        });
    }

    /// Lets the first member of each bundle have the odds of all of them together.
    pub(crate) fn gather(&self, odds: &mut [f64]) {
        for members in &self.all {
            let all = members.iter().map(|m| turned(odds[m.pipe as usize], m.turned)).product();
            odds[members[0].pipe as usize] = all;
        }
    }

    /// Gives every member the odds of the first; where these are even, the first runs with its record, and the others with it.
    pub(crate) fn spread(&self, odds: &mut [f64]) {
        for members in &self.all {
            let first = odds[members[0].pipe as usize];
            let first = if first == 1.0 { 1.0 + f64::EPSILON } else { first };
            members.iter().for_each(|m| odds[m.pipe as usize] = turned(first, m.turned));
        }
    }
}

fn turned(odds: f64, is_turned: bool) -> f64 {
    if is_turned { 1.0 / odds } else { odds }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(pipe: u32, a: u32, b: u32) -> Link {
        Link { pipe, nodes: [a, b] }
    }

    #[test]
    fn a_street_line_and_its_segments_are_one() {
        // Pipe 0 over pipes 1 and 2, of which 2 is drawn the other way; pipe 3 leads to the middle.
        let mut links = [link(0, 0, 1), link(0, 1, 2), link(1, 0, 1), link(2, 2, 1), link(3, 9, 1)];
        let bundles = Bundles::of(&links, |_, _| true);
        let member = |pipe, turned| Member { pipe, turned };
        assert_eq!(bundles.all, [[member(0, false), member(1, false), member(2, true)]]);
        bundles.lay(&mut links);
        assert_eq!(links, [link(0, 0, 1), link(0, 1, 2), link(0, 0, 1), link(0, 1, 2), link(3, 9, 1)]);
        let mut odds = [2.0, 3.0, 5.0, 7.0];
        bundles.gather(&mut odds);
        assert!((odds[0] - 2.0 * 3.0 / 5.0).abs() < 1e-12);
        bundles.spread(&mut odds);
        assert!((odds[2] - 5.0 / 6.0).abs() < 1e-12 && odds[3] == 7.0);
        assert_eq!(Bundles::of(&links, |_, _| false), Bundles::default());
    }

    proptest! {
        #[test]
        fn bundles_are_the_pipes_that_share_both_nodes(
            drawn in prop::collection::vec((0u32..4, 0u32..4), 1..12)
        ) {
            // Each pipe is one link, so pipes are together just where their two nodes are the same.
            let links: Vec<Link> = drawn.iter().enumerate().map(|(p, (a, b))| link(p as u32, *a, *b)).collect();
            let mut expected: Vec<Vec<Member>> = Vec::new();
            for (p, (a, b)) in drawn.iter().enumerate().filter(|(_, (a, b))| a != b) {
                let with = |q: &(u32, u32)| *q == (*a, *b) || *q == (*b, *a);
                let first = drawn.iter().position(with).unwrap_or(p);
                let member = Member { pipe: p as u32, turned: drawn[first] != (*a, *b) };
                match expected.iter_mut().find(|m| m[0].pipe == first as u32) {
                    Some(members) => members.push(member),
                    None => expected.push(vec![member]),
                }
            }
            expected.retain(|members| members.len() > 1);
            prop_assert_eq!(Bundles::of(&links, |_, _| true).all, expected);
        }
    }
}
