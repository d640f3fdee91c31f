//! Pipes drawn over each other for a stretch.

use rayon::prelude::*;
use suyuan_core::{Coord, Finding, FindingCode};

use crate::grid::distance;
use crate::segments::Segments;
use crate::survey::{COINCIDENT, Lines};

/// Lines that run nearer to each other than this are one drawn twice, metres.
pub(crate) const WITHIN: f64 = COINCIDENT;
/// A stretch shorter than this is no more than a joint drawn past its node, metres.
const LEAST: f64 = 1.0;
/// Pieces of a stretch that lie no farther apart than this go on into each other, metres.
const SEAM: f64 = 0.05;
/// Segments that cross more steeply share no more than a tenth of a metre: the sine of their angle.
const STEEP: f64 = 0.2;
/// Longer segments that share less than this of each other only touch or cross, metres; it is less than a seam.
const TOUCH: f64 = 0.025;
const SHORT: f64 = 0.1;

/// A piece of a part that another pipe runs on.
pub(crate) struct Shared {
    /// The pipe of the part, and the other one.
    pipes: [u32; 2],
    part: u32,
    /// Metres along the part.
    from: f64,
    to: f64,
    /// The first and the last vertex of either line within it, metres along the part: lines that cross at a small angle have
    /// none, lines that part slowly from a common node have one.
    vertices: [f64; 2],
}

impl Shared {
    fn length(&self) -> f64 {
        self.vertices[1] - self.vertices[0]
    }
}

/// The piece of the earlier one of two segments that the later one runs on, if there is one and they are of different pipes.
pub(crate) fn look(lines: &Lines, segments: &Segments, s: u32, t: u32) -> Option<Shared> {
    let pipes = [s, t].map(|s| lines.parts[segments.part(s) as usize].pipe);
    if pipes[0] == pipes[1] {
        return None;
    }
    let ([from, to], [first, last]) = shared(segments.ends(lines, s), segments.ends(lines, t))?;
    let start = segments.measure(s);
    let vertices = [start + first, start + last];
    Some(Shared { pipes, part: segments.part(s), from: start + from, to: start + to, vertices })
}

/// Tells of pipes that run on another for a metre or more within a centimetre, if they are not alike vertex for vertex.
pub(crate) fn report(lines: &Lines, mut shared: Vec<Shared>, findings: &mut Vec<Finding>) {
    shared.par_sort_unstable_by(|a, b| {
        (a.pipes, a.part).cmp(&(b.pipes, b.part)).then(a.from.total_cmp(&b.from)).then(a.to.total_cmp(&b.to))
    });
    for pieces in shared.chunk_by(|a, b| a.pipes == b.pipes) {
        let [a, b] = pieces[0].pipes.map(|p| p as usize);
        let runs = runs(pieces);
        let Some(longest) = runs.iter().max_by(|r, s| r.length().total_cmp(&s.length())) else {
            continue;
        };
        if alike(drawn(lines, a), drawn(lines, b)) {
            continue;
        }
        // The shorter one is likelier the one to take away.
        let (id, other) = if length(lines, a) < length(lines, b) { (a, b) } else { (b, a) };
        let total: f64 = runs.iter().map(Shared::length).sum();
        let mut finding = Finding::new(FindingCode::PipesOverlap)
            .with("id", lines.ids.at(id))
            .with("other", lines.ids.at(other))
            .with("length", format!("{total:.2}"))
            .on(lines.pipes[id].origin);
        if let Some(place) =
            along(lines.line(longest.part as usize), f64::midpoint(longest.vertices[0], longest.vertices[1]))
        {
            finding = finding.at(place);
        }
        findings.push(finding);
    }
}

/// The stretches that pieces make up, those too short left out.
fn runs(pieces: &[Shared]) -> Vec<Shared> {
    let mut runs: Vec<Shared> = Vec::new();
    for piece in pieces {
        match runs.last_mut() {
            Some(run) if run.part == piece.part && piece.from <= run.to + SEAM => {
                run.to = run.to.max(piece.to);
                run.vertices[0] = run.vertices[0].min(piece.vertices[0]);
                run.vertices[1] = run.vertices[1].max(piece.vertices[1]);
            }
            _ => runs.push(Shared { ..*piece }),
        }
    }
    runs.retain(|run| run.length() >= LEAST);
    runs
}

/// From where to where, in metres along a segment, another one runs within [`WITHIN`] of it, and the first and last end of
/// either one in there.
fn shared([a, b]: [Coord<f64>; 2], [c, d]: [Coord<f64>; 2]) -> Option<([f64; 2], [f64; 2])> {
    let (u, v) = ((b.x - a.x, b.y - a.y), (d.x - c.x, d.y - c.y));
    let (long, other) = (u.0 * u.0 + u.1 * u.1, v.0 * v.0 + v.1 * v.1);
    let across = u.0 * v.1 - u.1 * v.0;
    if across * across > STEEP * STEEP * long * other || long == 0.0 || other == 0.0 {
        return None;
    }
    let (long, other) = (long.sqrt(), other.sqrt());
    // In the frame of the other segment the place at `t` metres is at `x + t kx` along it and `y + t ky` beside it.
    let (ex, ey) = (v.0 / other, v.1 / other);
    let (ax, ay) = (a.x - c.x, a.y - c.y);
    let (x, y) = (ax * ex + ay * ey, ay * ex - ax * ey);
    let (kx, ky) = ((u.0 * ex + u.1 * ey) / long, (u.1 * ex - u.0 * ey) / long);
    let beside = clip([0.0, long], y, ky, [-WITHIN, WITHIN])?;
    let [from, to] = clip(beside, x, kx, [0.0, other])?;
    // Nearly every pair: pipes that go on from each other.
    if to - from < TOUCH && long.min(other) > SHORT {
        return None;
    }
    // What does not end beside the other segment ends at an end of one of them.
    let first = (from > beside[0] || from == 0.0).then_some(from);
    let last = (to < beside[1] || to == long).then_some(to);
    let vertices = [first.or(last).unwrap_or(f64::INFINITY), last.or(first).unwrap_or(f64::NEG_INFINITY)];
    Some(([from, to], vertices))
}

/// The part of a range of `t` for which `v + t k` is within bounds.
fn clip([from, to]: [f64; 2], v: f64, k: f64, [low, high]: [f64; 2]) -> Option<[f64; 2]> {
    if k == 0.0 {
        return (low <= v && v <= high).then_some([from, to]);
    }
    let (p, q) = ((low - v) / k, (high - v) / k);
    let (from, to) = (from.max(p.min(q)), to.min(p.max(q)));
    (from < to).then_some([from, to])
}

/// Every vertex of a pipe, part after part.
fn drawn(lines: &Lines, pipe: usize) -> &[Coord<f64>] {
    let (first, end) = lines.pipes[pipe].parts;
    let parts = &lines.parts[first as usize..end as usize];
    match parts {
        [first, .., last] => &lines.coords[first.coords.0 as usize..last.coords.1 as usize],
        [only] => &lines.coords[only.coords.0 as usize..only.coords.1 as usize],
        [] => &[],
    }
}

/// Whether two pipes are drawn alike, whichever way: that is a finding of its own.
fn alike(a: &[Coord<f64>], b: &[Coord<f64>]) -> bool {
    a == b || a.len() == b.len() && a.iter().eq(b.iter().rev())
}

fn length(lines: &Lines, pipe: usize) -> f64 {
    let (first, end) = lines.pipes[pipe].parts;
    lines.parts[first as usize..end as usize].iter().map(|part| part.length).sum()
}

/// The place so many metres along a line.
fn along(line: &[Coord<f64>], mut measure: f64) -> Option<Coord<f64>> {
    for w in line.windows(2) {
        let length = distance(w[0], w[1]);
        if measure <= length && length > 0.0 {
            let t = measure / length;
            return Some(Coord { x: w[0].x + t * (w[1].x - w[0].x), y: w[0].y + t * (w[1].y - w[0].y) });
        }
        measure -= length;
    }
    line.last().copied()
}
