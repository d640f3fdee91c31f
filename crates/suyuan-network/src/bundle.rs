//! Pipes that lie between the same two nodes: twin culverts, a street's line over its segments, a pipe delivered twice.
//!
//! What falls from one manhole to another falls so in every pipe between them, so such pipes flow together and are one
//! variable of the model. Without that, two rows of one pipe that are drawn opposite ways would make a ring, and what lies
//! below a node would count as above it.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::seen::{Seen, mixed};
use crate::web::Link;

/// What a bundle says together is never surer than this, as the logarithm of its odds: beyond two recorded pipes (a million to
/// one each), and far from where numbers end.
const SUREST: f64 = 30.0;

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

/// A number for a pair of nodes, the same whichever way round.
fn pair(link: &Link) -> u64 {
    let [a, b] = link.nodes;
    mixed(u64::from(a.min(b)) << 32 | u64::from(a.max(b)))
}

/// What a pipe says of its own flow, before anything is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// Whether its direction is recorded.
    pub(crate) recorded: bool,
    /// Whether it runs with its record, by that or by a clear fall.
    pub(crate) along: Option<bool>,
}

/// A pipe between two nodes, the lesser one first, and whether its record runs against that order.
type Between = ([u32; 2], u32, bool);

/// Lets the open pipes of each pair of nodes flow together, and with those recorded there where these agree.
fn tie(between: &[Between], word: impl Fn(u32) -> Option<Word>) -> Ways {
    let mut ways = Ways::default();
    for pair in between.chunk_by(|a, b| a.0 == b.0) {
        let said = |(_, pipe, turned): &Between| word(*pipe).map(|w| (*pipe, *turned, w));
        let (recorded, open): (Vec<_>, Vec<_>) = pair.iter().filter_map(said).partition(|p| p.2.recorded);
        for two in open.windows(2) {
            ways.tie(two[0].0, two[1].0, two[0].1 != two[1].1);
        }
        let flow = |p: &(u32, bool, Word)| p.2.along.map(|along| along != p.1);
        if let ([first, ..], [one, ..]) = (open.as_slice(), recorded.as_slice())
            && recorded.iter().all(|p| flow(p) == flow(one))
        {
            ways.tie(first.0, one.0, first.1 != one.1);
        }
    }
    ways
}

impl Bundles {
    /// Bundles of the pipes that have a `word`. A pipe along several pairs of nodes ties these together, unless what the
    /// pipes there say themselves is contrary: then it stays out.
    ///
    /// # Complexity
    /// O(n) for n links, and O(b log b) for b of them in bundles.
    pub(crate) fn of(links: &[Link], word: impl Fn(u32) -> Option<Word> + Sync) -> Self {
        let seen = Seen::new(links.len());
        let tells = |link: &&Link| link.nodes[0] != link.nodes[1] && word(link.pipe).is_some();
        links.par_iter().filter(tells).for_each(|link| seen.note(pair(link)));
        let mut between: Vec<Between> = links
            .par_iter()
            .filter(|link| tells(link) && seen.again(pair(link)))
            .map(|link| {
                let [a, b] = link.nodes;
                ([a.min(b), a.max(b)], link.pipe, a > b)
            })
            .collect();
        between.par_sort_unstable();
        between.dedup();
        let all = Self::tied(&tie(&between, &word));
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        for (_, pipe, _) in &between {
            *pairs.entry(*pipe).or_default() += 1;
        }
        let is_long = |pipe: u32| pairs.get(&pipe).is_some_and(|count| *count > 1);
        let contrary = |members: &&Vec<Member>| {
            let said = |m: &Member| Some(word(m.pipe)?.along? != m.turned);
            let mut flows = members.iter().filter_map(said);
            flows.next().is_some_and(|first| flows.any(|flow| flow != first))
        };
        let out: HashSet<u32> =
            all.iter().filter(contrary).flatten().map(|m| m.pipe).filter(|p| is_long(*p)).collect();
        if out.is_empty() {
            return Self { all };
        }
        Self { all: Self::tied(&tie(&between, |pipe| word(pipe).filter(|_| !out.contains(&pipe)))) }
    }

    /// The members of each set of pipes that are tied.
    fn tied(ways: &Ways) -> Vec<Vec<Member>> {
        let mut of_root: HashMap<u32, Vec<Member>> = HashMap::new();
        for pipe in ways.above.keys() {
            let Member { pipe: root, turned } = ways.root(*pipe);
            let members = of_root.entry(root).or_insert_with(|| vec![Member { pipe: root, turned: false }]);
            members.push(Member { pipe: *pipe, turned });
        }
        let mut all: Vec<Vec<Member>> = of_root.into_values().collect();
        all.iter_mut().for_each(|members| members.sort_unstable());
        all.sort_unstable();
        all
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
            let all: f64 = members.iter().map(|m| turned(odds[m.pipe as usize], m.turned).ln()).sum();
            // Hundreds of sure pipes together are beyond all numbers.
            odds[members[0].pipe as usize] = all.clamp(-SUREST, SUREST).exp();
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

    const OPEN: Option<Word> = Some(Word { recorded: false, along: None });

    fn says(recorded: bool, along: bool) -> Option<Word> {
        Some(Word { recorded, along: Some(along) })
    }

    fn link(pipe: u32, a: u32, b: u32) -> Link {
        Link { pipe, nodes: [a, b] }
    }

    #[test]
    fn a_street_line_and_its_segments_are_one() {
        // Pipe 0 over pipes 1 and 2, of which 2 is drawn the other way; pipe 3 leads to the middle.
        let mut links = [link(0, 0, 1), link(0, 1, 2), link(1, 0, 1), link(2, 2, 1), link(3, 9, 1)];
        let bundles = Bundles::of(&links, |_| OPEN);
        let member = |pipe, turned| Member { pipe, turned };
        assert_eq!(bundles.all, [[member(0, false), member(1, false), member(2, true)]]);
        bundles.lay(&mut links);
        assert_eq!(links, [link(0, 0, 1), link(0, 1, 2), link(0, 0, 1), link(0, 1, 2), link(3, 9, 1)]);
        let mut odds = [2.0, 3.0, 5.0, 7.0];
        bundles.gather(&mut odds);
        assert!((odds[0] - 2.0 * 3.0 / 5.0).abs() < 1e-12);
        bundles.spread(&mut odds);
        assert!((odds[2] - 5.0 / 6.0).abs() < 1e-12 && odds[3] == 7.0);
        assert_eq!(Bundles::of(&links, |_| None), Bundles::default());
    }

    #[test]
    fn what_stands_between_two_open_pipes_keeps_neither_apart() {
        let links = [link(0, 0, 1), link(1, 0, 1), link(2, 1, 0)];
        let together =
            |a, b, turned| vec![vec![Member { pipe: a, turned: false }, Member { pipe: b, turned }]];
        // A pump between them, under whichever number.
        assert_eq!(Bundles::of(&links, |p| OPEN.filter(|_| p != 1)).all, together(0, 2, true));
        assert_eq!(Bundles::of(&links, |p| OPEN.filter(|_| p != 0)).all, together(1, 2, true));
        // Two records that agree, one open pipe; then two that do not, and are never tied.
        let agree = |open: u32| move |p: u32| if p == open { OPEN } else { says(true, p != 2) };
        assert_eq!(Bundles::of(&links, agree(0)).all, together(0, 1, false));
        assert_eq!(Bundles::of(&links, agree(1)).all, together(0, 1, false));
        for open in 0..3 {
            let word = |p: u32| if p == open { OPEN } else { says(true, true) };
            assert_eq!(Bundles::of(&links, word).all.is_empty(), open != 2, "{open}");
        }
        assert_eq!(Bundles::of(&links, |_| says(true, true)), Bundles::default());
    }

    #[test]
    fn a_line_over_a_divide_ties_nothing() {
        // Pipe 0 runs over pipes 1 and 2; both fall away from the middle.
        let links = [link(0, 0, 1), link(0, 1, 2), link(1, 1, 0), link(2, 1, 2)];
        for recorded in [false, true] {
            let word = |p: u32| if p == 0 { OPEN } else { says(recorded, true) };
            assert_eq!(Bundles::of(&links, word), Bundles::default());
            // Falling one way, they are one.
            let word = |p: u32| if p == 0 { OPEN } else { says(recorded, p == 1) };
            let turned = [false, true, false];
            let all: Vec<Member> = (0..3).map(|p| Member { pipe: p, turned: turned[p as usize] }).collect();
            assert_eq!(Bundles::of(&links, word).all, [all]);
        }
    }

    #[test]
    fn many_sure_pipes_together_stay_a_number() {
        let count = 1000;
        let links: Vec<Link> = (0..count).map(|p| link(p, 0, 1)).collect();
        let bundles = Bundles::of(&links, |_| OPEN);
        for half in [0, count as usize / 2] {
            let mut odds = vec![1e6; count as usize];
            odds[..half].fill(1e-6);
            bundles.gather(&mut odds);
            bundles.spread(&mut odds);
            let even = half > 0;
            assert!(odds.iter().all(|o| o.is_finite() && (*o < 2.0) == even), "{}", odds[0]);
        }
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
            prop_assert_eq!(Bundles::of(&links, |_| OPEN).all, expected);
        }
    }
}
