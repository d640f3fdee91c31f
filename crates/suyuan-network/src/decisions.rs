//! What was decided by hand, laid over the survey before anything is joined or directed.

use std::collections::HashMap;

use suyuan_core::{Coord, Finding, FindingCode, FlowMode};

use crate::config::Decision;
use crate::grid::{distance, nearest_on_segment};
use crate::survey::Lines;

/// A place farther from the pipe end it is about, or a joint wider than this, is a slip of the pen, metres.
const FARTHEST: f64 = 100.0;
/// Within this of its end, a pipe is meant to be joined there, metres.
const AT_END: f64 = 0.5;

/// A joint decided by hand: an element, and what it is joined to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DecidedJoin {
    /// Two elements are one node.
    Ends(u32, u32),
    /// The element splits a part, so many metres from its drawn start.
    Inside {
        /// The element.
        element: u32,
        /// The part.
        part: u32,
        /// Metres from its drawn start.
        measure: f64,
    },
}

/// Applies the decisions to the lines; what concerns joints is given back. What cannot be applied is a finding.
pub(crate) fn apply(
    lines: &mut Lines,
    decisions: &[Decision],
    findings: &mut Vec<Finding>,
) -> Vec<DecidedJoin> {
    let mut joins = Vec::new();
    if decisions.is_empty() {
        return joins;
    }
    let names = decisions.iter().flat_map(|d| match d {
        Decision::Flow { pipe, .. } | Decision::Shut { pipe } => [pipe, pipe],
        Decision::Join { pipe, to, .. } => [pipe, to],
    });
    let mut named: HashMap<&str, Vec<usize>> = names.map(|n| (n.as_str(), Vec::new())).collect();
    for (pipe, id) in lines.ids.iter().enumerate() {
        if let Some(pipes) = named.get_mut(id) {
            pipes.push(pipe);
        }
    }
    for decision in decisions {
        let unused = |id: &str, english: String, chinese: String| {
            Finding::new(FindingCode::DecisionUnused).with("id", id).with_word("why", &english, &chinese)
        };
        let too_far = |id: &str, gap: f64| {
            unused(
                id,
                format!("its ends lie {gap:.0} m from the place given"),
                format!("管端距所给位置 {gap:.0} 米"),
            )
        };
        let no_pipe = |id: &str| {
            unused(id, "there is no such pipe with a shape".to_owned(), "没有带图形的该管线".to_owned())
        };
        match decision {
            Decision::Shut { pipe } => {
                for p in &named[pipe.as_str()] {
                    lines.pipes[*p].mode = FlowMode::Blocked;
                }
                if named[pipe.as_str()].is_empty() {
                    findings.push(unused(pipe, "there is no such pipe".to_owned(), "没有该管线".to_owned()));
                }
            }
            Decision::Flow { pipe, towards } => {
                let Some(p) = nearest(lines, &named[pipe.as_str()], *towards) else {
                    findings.push(no_pipe(pipe).at(*towards));
                    continue;
                };
                let away = |side: usize| {
                    let end = lines.end_of(p, side);
                    lines.end(end / 2, end % 2).map_or(f64::INFINITY, |place| distance(place, *towards))
                };
                let gap = away(0).min(away(1));
                if gap > FARTHEST {
                    findings.push(too_far(pipe, gap).at(*towards));
                    continue;
                }
                lines.pipes[p].decided = Some(away(1) <= away(0));
            }
            Decision::Join { pipe, to, at } => {
                let own = nearest(lines, &named[pipe.as_str()], *at);
                let own = own.and_then(|p| nearest_end(lines, p, *at));
                let (Some((element, place)), Some(other)) = (own, nearest(lines, &named[to.as_str()], *at))
                else {
                    findings.push(no_pipe(if own.is_none() { pipe } else { to }).at(*at));
                    continue;
                };
                if distance(place, *at) > FARTHEST {
                    findings.push(too_far(pipe, distance(place, *at)).at(*at));
                    continue;
                }
                match joint(lines, element, place, other) {
                    Ok(join) => joins.push(join),
                    Err(gap) => findings.push(
                        unused(pipe, format!("{to} lies {gap:.0} m away"), format!("{to} 相距 {gap:.0} 米"))
                            .at(*at),
                    ),
                }
            }
        }
    }
    joins
}

/// The nearest spot on a pipe: its distance, its part, and metres from the drawn start of the part.
fn spot(lines: &Lines, pipe: usize, place: Coord<f64>) -> Option<(f64, u32, f64)> {
    let (from, to) = lines.pipes[pipe].parts;
    let mut best: Option<(f64, u32, f64)> = None;
    for part in from..to {
        let mut before = 0.0;
        for w in lines.line(part as usize).windows(2) {
            let (t, d2) = nearest_on_segment(w[0], w[1], place);
            if best.is_none_or(|b| d2.sqrt() < b.0) {
                best = Some((d2.sqrt(), part, before + t * distance(w[0], w[1])));
            }
            before += distance(w[0], w[1]);
        }
    }
    best
}

fn nearest(lines: &Lines, pipes: &[usize], place: Coord<f64>) -> Option<usize> {
    let away = pipes.iter().filter_map(|p| Some((spot(lines, *p, place)?.0, *p)));
    away.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|b| b.1)
}

/// The drawn end of a pipe nearest to a place.
fn nearest_end(lines: &Lines, pipe: usize, place: Coord<f64>) -> Option<(u32, Coord<f64>)> {
    let ends = [0, 1].map(|side| lines.end_of(pipe, side));
    let placed = ends.into_iter().filter_map(|e| Some((e as u32, lines.end(e / 2, e % 2)?)));
    placed.min_by(|a, b| distance(a.1, place).total_cmp(&distance(b.1, place)).then(a.0.cmp(&b.0)))
}

/// What joins an element to a pipe, or how far apart they are if that is too far.
fn joint(lines: &Lines, element: u32, place: Coord<f64>, other: usize) -> Result<DecidedJoin, f64> {
    let (gap, part, measure) = spot(lines, other, place).ok_or(f64::INFINITY)?;
    if gap > FARTHEST {
        return Err(gap);
    }
    let to_end = lines.parts[part as usize].length - measure;
    // Over a wide gap the nearest spot tells the inside from the end no better than the gap is wide.
    let at_end = measure.min(to_end) <= AT_END.max(gap);
    Ok(if at_end {
        DecidedJoin::Ends(element, 2 * part + u32::from(to_end < measure))
    } else {
        DecidedJoin::Inside { element, part, measure }
    })
}
