//! Which way each pipe flows, and why we believe it.
//!
//! Evidence is weighed in this order of trust: a recorded flow direction, node ids, invert levels, drawn order. How
//! far drawn order can be trusted is estimated from this very survey: the share of pipes with clear inverts whose
//! drawing agrees with them. Where inverts and drawn order contradict each other the neighbours are heard first: the
//! way that leaves fewer sources and sinks in mid-network is taken, and only a tie is left to the inverts.

use suyuan_core::{Certainty, DirectionBasis, FlowMode, FlowSign};

use crate::survey::PipeRow;

/// A fall that survey error does not explain, metres: two levels good to about 2 cm each.
const CLEAR_FALL: f64 = 0.05;
/// The fewest pipes with clear inverts from which the reliability of drawn order is estimated.
const ENOUGH: u32 = 20;

/// How one pipe flows, against the order of its record (from → to, or as drawn where it names no nodes).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Direction {
    pub(crate) along: bool,
    pub(crate) basis: DirectionBasis,
    pub(crate) certainty: Certainty,
    pub(crate) probability: f32,
    /// How far the invert rises along the decided direction, metres; 0 where it falls or is unknown.
    pub(crate) rise: f64,
    /// Evidence of less trust that says the contrary.
    pub(crate) against: Option<DirectionBasis>,
}

impl Direction {
    /// Whether inverts alone speak for this way, against the drawn order.
    pub(crate) fn is_contested(&self) -> bool {
        self.basis == DirectionBasis::InvertFall && self.against == Some(DirectionBasis::DrawnOrder)
    }

    /// The other way, on the word of the neighbours.
    fn turned_by_neighbours(self, fall: f64) -> Self {
        Self {
            along: !self.along,
            basis: DirectionBasis::Neighbours,
            certainty: Certainty::Probable,
            probability: 0.85,
            rise: fall.abs(),
            against: Some(DirectionBasis::InvertFall),
        }
    }
}

/// A stretch between two nodes with the pipe it belongs to, the record's start first.
pub(crate) struct Link {
    pub(crate) pipe: u32,
    pub(crate) nodes: [u32; 2],
}

/// Lets the neighbours of contested pipes decide.
///
/// A pipe is turned where that leaves fewer nodes from which all pipes flow away or into which all flow. Decided pipes
/// count, contested ones do not until they are decided; rounds go on until nothing more is decided.
pub(crate) fn hear_neighbours(
    directions: &mut [(Direction, [f64; 2])],
    links: &[Link],
    node_count: usize,
    is_outfall: &[bool],
) {
    let mut open: Vec<bool> = directions.iter().map(|d| d.0.is_contested()).collect();
    if !open.contains(&true) {
        return;
    }
    // Flows into and out of each node over decided pipes.
    let mut flows = vec![[0u32; 2]; node_count];
    let count = |flows: &mut Vec<[u32; 2]>, link: &Link, along: bool| {
        let [a, b] = link.nodes;
        let (from, to) = if along { (a, b) } else { (b, a) };
        flows[from as usize][1] += 1;
        flows[to as usize][0] += 1;
    };
    for link in links {
        if !open[link.pipe as usize] {
            count(&mut flows, link, directions[link.pipe as usize].0.along);
        }
    }
    let mut by_pipe: Vec<&Link> = links.iter().filter(|l| open[l.pipe as usize]).collect();
    by_pipe.sort_by_key(|l| l.pipe);
    loop {
        let mut decided: Vec<(u32, bool)> = Vec::new();
        for group in by_pipe.chunk_by(|a, b| a.pipe == b.pipe) {
            let pipe = group[0].pipe;
            if !open[pipe as usize] {
                continue;
            }
            let odd = |along: bool| -> u32 {
                group
                    .iter()
                    .map(|link| {
                        let [a, b] = link.nodes;
                        let (from, to) = if along { (a, b) } else { (b, a) };
                        let ([from_in, from_out], [to_in, to_out]) =
                            (flows[from as usize], flows[to as usize]);
                        let source = (from_in == 0 && from_out > 0) || is_outfall[from as usize];
                        let sink = to_out == 0 && to_in > 0 && !is_outfall[to as usize];
                        // A dead end is likelier the top of a branch than a lost outfall.
                        let dead_end = to_out == 0 && to_in == 0 && !is_outfall[to as usize];
                        2 * u32::from(source) + 2 * u32::from(sink) + u32::from(dead_end)
                    })
                    .sum()
            };
            let as_is = directions[pipe as usize].0.along;
            let (now, turned) = (odd(as_is), odd(!as_is));
            // One odd end may be a headwater with two ways down; two at once hardly happen by themselves.
            if now.abs_diff(turned) >= 3 {
                decided.push((pipe, turned < now));
            }
        }
        if decided.is_empty() {
            return;
        }
        for (pipe, turn) in decided {
            let (direction, levels) = &mut directions[pipe as usize];
            if turn {
                *direction = direction.turned_by_neighbours(levels[0] - levels[1]);
            }
            open[pipe as usize] = false;
            let along = directions[pipe as usize].0.along;
            let from = by_pipe.partition_point(|l| l.pipe < pipe);
            for link in by_pipe[from..].iter().take_while(|l| l.pipe == pipe) {
                count(&mut flows, link, along);
            }
        }
    }
}

/// How far this survey's drawn order can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DrawnOrder {
    /// Probability that an unlabelled line is drawn with its flow.
    pub(crate) reliability: f64,
}

/// The fall from the record's start to its end, metres, where both levels are known.
pub(crate) fn fall(inverts: [f64; 2]) -> Option<f64> {
    let fall = inverts[0] - inverts[1];
    fall.is_finite().then_some(fall)
}

impl DrawnOrder {
    /// Estimates it from pipes whose inverts fall clearly.
    pub(crate) fn estimate<'a>(pipes: impl Iterator<Item = (&'a PipeRow, [f64; 2])>) -> Self {
        let (mut with, mut all) = (0u32, 0u32);
        for (pipe, inverts) in pipes {
            if pipe.mode != FlowMode::Gravity {
                continue;
            }
            if let Some(fall) = fall(inverts).filter(|f| f.abs() >= CLEAR_FALL) {
                all += 1;
                with += u32::from(fall > 0.0);
            }
        }
        // Where levels do not tell, most surveyors draw with the flow.
        let reliability = if all >= ENOUGH { f64::from(with + 1) / f64::from(all + 2) } else { 0.8 };
        Self { reliability }
    }
}

/// Decides one pipe.
pub(crate) fn decide(pipe: &PipeRow, inverts: [f64; 2], drawn: DrawnOrder) -> Direction {
    let fall = if pipe.mode == FlowMode::Pumped { None } else { fall(inverts).filter(|f| *f != 0.0) };
    let named = pipe.labels.iter().any(Option::is_some);
    let with = |along: bool, basis, certainty, probability: f64| {
        let rise = fall.map_or(0.0, |f| if along { -f } else { f }).max(0.0);
        let against =
            (rise > CLEAR_FALL && basis != DirectionBasis::InvertFall).then_some(DirectionBasis::InvertFall);
        Direction { along, basis, certainty, probability: probability as f32, rise, against }
    };
    let recorded = |along: bool, basis| {
        let contradicted = fall.is_some_and(|f| (f > 0.0) != along && f.abs() > CLEAR_FALL);
        if contradicted {
            with(along, basis, Certainty::Probable, 0.9)
        } else {
            with(along, basis, Certainty::Certain, 0.99)
        }
    };
    if pipe.mode == FlowMode::Bidirectional || pipe.sign == Some(FlowSign::Both) {
        return with(true, DirectionBasis::Surveyed, Certainty::Unknown, 0.5);
    }
    match pipe.sign {
        Some(FlowSign::WithDrawn) => return recorded(true, DirectionBasis::Surveyed),
        Some(FlowSign::AgainstDrawn) => return recorded(false, DirectionBasis::Surveyed),
        _ => {}
    }
    if named {
        return recorded(true, DirectionBasis::NodeIds);
    }
    if let Some(fall) = fall {
        let along = fall > 0.0;
        let drawn_agrees = along == (drawn.reliability >= 0.5);
        return if fall.abs() >= CLEAR_FALL && drawn_agrees {
            with(along, DirectionBasis::InvertFall, Certainty::Certain, 0.98)
        } else {
            let mut direction = with(along, DirectionBasis::InvertFall, Certainty::Probable, 0.85);
            direction.against = (!drawn_agrees).then_some(DirectionBasis::DrawnOrder);
            direction
        };
    }
    let along = drawn.reliability >= 0.5;
    let probability = if along { drawn.reliability } else { 1.0 - drawn.reliability };
    let certainty = if probability >= 0.65 { Certainty::Probable } else { Certainty::Unknown };
    with(along, DirectionBasis::DrawnOrder, certainty, probability)
}
