//! Levels at the ends of pipes, and which of a pipe's two levels belongs to which end.
//!
//! Columns named for the upstream and downstream end go with the flow, whichever way the line is drawn; and a line that was
//! turned round in a drawing program keeps its levels where they were. So the levels of a pipe may stand at each other's
//! ends. What tells is the manhole: the levels of the pipes that meet there lie close together. Each pipe is judged by what
//! the others show at its two ends, the others' own order as doubtful as it is; how many pipes of a survey are exchanged is
//! estimated from the survey.

use rayon::prelude::*;

use crate::config::DirectBy;
use crate::ids::NodeId;
use crate::split::Nodes;
use crate::survey::Lines;

/// Levels of pipes that meet in one manhole differ by about so much, metres; many by more, where water drops.
const MEETING: f64 = 0.05;
/// The likelihood of a level that none of the others at its manhole explains, beside that of an equal one.
const UNEXPLAINED: f64 = 0.002;
/// The share of pipes with exchanged levels before anything is known, and the weight of that in pipes.
const USUALLY_EXCHANGED: (f64, f64) = (0.02, 10.0);
/// Less of a fall tells nothing of its order, metres.
const LEAST_FALL: f64 = 0.02;
/// What neighbours say is never surer than this.
const SUREST: f64 = 1e4;
/// Rounds of judging; they settle in four or five.
const ROUNDS: usize = 10;
/// Judgements are at rest when none moves by more than this.
const AT_REST: f64 = 0.01;

/// The levels of every pipe.
pub(crate) struct Levels {
    /// At the record's start and end as they stand, metres, `NaN` where unknown: its own, else those of the manholes.
    pub(crate) at_ends: Vec<[f64; 2]>,
    /// The odds that the two stand at each other's ends, by the other levels there; 0 where they cannot.
    pub(crate) exchanged: Vec<f64>,
}

/// Levels at each node: of pipes in both orders, and of its manhole.
struct Meetings {
    starts: Vec<u32>,
    /// Pipe and side of its record.
    ends: Vec<(u32, u8)>,
}

impl Meetings {
    /// Every level that a pipe gives to one of its `ends`.
    fn new(count: usize, ends: &[[NodeId; 2]], own: impl Fn(usize) -> [f64; 2]) -> Self {
        let known = || {
            ends.iter().enumerate().flat_map(|(p, nodes)| {
                let levels = own(p);
                [0u8, 1]
                    .into_iter()
                    .filter(move |side| levels[usize::from(*side)].is_finite())
                    .map(move |side| (nodes[usize::from(side)], p as u32, side))
            })
        };
        let mut starts = vec![0u32; count + 1];
        for (node, ..) in known() {
            starts[node.index() + 1] += 1;
        }
        for n in 0..count {
            starts[n + 1] += starts[n];
        }
        let mut next = starts.clone();
        let mut sorted = vec![(0, 0); starts[count] as usize];
        for (node, pipe, side) in known() {
            let at = &mut next[node.index()];
            sorted[*at as usize] = (pipe, side);
            *at += 1;
        }
        Self { starts, ends: sorted }
    }

    fn at(&self, node: NodeId) -> &[(u32, u8)] {
        &self.ends[self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize]
    }
}

fn closeness(apart: f64) -> f64 {
    let t = apart / MEETING;
    1.0 / (1.0 + t * t)
}

/// Levels, and how well each pipe's own suit those it meets, unless they are to be taken as stated. `node_inverts` are the
/// bottom levels of nodes, `NaN` where unknown.
///
/// # Complexity
/// O(Σ d²) for nodes of d levels each, a few times over.
pub(crate) fn settle(lines: &Lines, nodes: &Nodes, node_inverts: &[f64], direct: DirectBy) -> Levels {
    let count = lines.pipes.len();
    let node = |pipe: usize, side: usize| nodes.of_element[lines.end_of(pipe, side)];
    let ends: Vec<[NodeId; 2]> = (0..count).into_par_iter().map(|p| [node(p, 0), node(p, 1)]).collect();
    let own = |pipe: usize| lines.pipes[pipe].inverts;
    let open = |pipe: usize| {
        let [a, b] = own(pipe);
        direct != DirectBy::Stated && (a - b).abs() >= LEAST_FALL
    };
    let open: Vec<bool> = (0..count).into_par_iter().map(open).collect();
    let exchanged = if open.contains(&true) {
        judge(&Meetings::new(nodes.places.len(), &ends, own), &ends, node_inverts, &own, &open)
    } else {
        vec![0.0; count]
    };
    let at = |p: usize, side: usize| {
        let level = own(p)[side];
        if level.is_finite() { level } else { node_inverts[ends[p][side].index()] }
    };
    Levels { at_ends: (0..count).into_par_iter().map(|p| [at(p, 0), at(p, 1)]).collect(), exchanged }
}

/// The odds of each open pipe that its levels are exchanged, by those of the others, whose own order is as doubtful.
fn judge(
    meetings: &Meetings,
    ends: &[[NodeId; 2]],
    node_inverts: &[f64],
    own: &(impl Fn(usize) -> [f64; 2] + Sync),
    open: &[bool],
) -> Vec<f64> {
    // How well a level suits the others at a node, each in the order it is believed to be in.
    let suits = |doubts: &[f64], node: NodeId, pipe: usize, level: f64| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (other, side) in meetings.at(node).iter().filter(|(other, _)| *other as usize != pipe) {
            let (levels, doubt) = (own(*other as usize), doubts[*other as usize]);
            sum += (1.0 - doubt) * closeness(level - levels[usize::from(*side)]);
            if doubt > 0.0 {
                sum += doubt * closeness(level - levels[usize::from(1 - side)]);
            }
            weight += 1.0;
        }
        let bottom = node_inverts[node.index()];
        if bottom.is_finite() {
            sum += closeness(level - bottom);
            weight += 1.0;
        }
        if weight > 0.0 { sum / weight + UNEXPLAINED } else { 1.0 }
    };
    let (usual, weight) = USUALLY_EXCHANGED;
    let mut share = usual;
    let mut doubts: Vec<f64> = open.iter().map(|open| if *open { usual } else { 0.0 }).collect();
    let mut odds = Vec::new();
    for _ in 0..ROUNDS {
        odds = (0..open.len())
            .into_par_iter()
            .map(|p| {
                if !open[p] {
                    return 0.0;
                }
                let (levels, [a, b]) = (own(p), ends[p]);
                let straight = suits(&doubts, a, p, levels[0]) * suits(&doubts, b, p, levels[1]);
                let crossed = suits(&doubts, a, p, levels[1]) * suits(&doubts, b, p, levels[0]);
                (crossed / straight).clamp(1.0 / SUREST, SUREST)
            })
            .collect();
        let prior = share / (1.0 - share);
        let (mut all, mut crossed, mut moved) = (weight, usual * weight, 0.0f64);
        for (doubt, odds) in doubts.iter_mut().zip(&odds).filter(|(_, odds)| **odds > 0.0) {
            // Half way from what was believed, so that neighbours do not swing against each other.
            let news = 0.5 * (*doubt + prior * odds / (1.0 + prior * odds));
            moved = moved.max((news - *doubt).abs());
            *doubt = news;
            all += 1.0;
            crossed += news;
        }
        share = crossed / all;
        if moved <= AT_REST {
            break;
        }
    }
    odds
}
