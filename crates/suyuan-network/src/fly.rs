//! Vertices and points that a slip of a digit or of the hand put where nothing is.

use rayon::prelude::*;
use suyuan_core::{Coord, Finding, FindingCode, FlowMode, System};

use crate::grid::distance;
use crate::ids::NodeId;
use crate::network::Network;
use crate::survey::Lines;

/// A straight stretch of a gravity pipe longer than this is no pipe, metres; so far from every pipe there is no node.
///
/// # Reference
/// GB 50014-2021, 5.4: manholes stand at most some 100 m apart, and where a pipe is too wide to be cleaned from above, 200 m.
const FAR: f64 = 1000.0;
/// Nor is it out of the way where it is no longer than so many pipes of the survey: rivers, and drawings without a unit.
const PIPES: f64 = 20.0;
/// A line that turns back within this of its own course, and goes there and back for `LIMB` metres, was drawn by a slip.
const TURNS_BACK: f64 = 0.985; // the cosine of 10 degrees
const LIMB: f64 = 1.0;

/// Vertices of pipes that fly.
pub(crate) fn report_vertices(lines: &Lines, findings: &mut Vec<Finding>) {
    let far = far(lines);
    let of_part = |p: usize| -> Option<Finding> {
        let line = lines.line(p);
        let pipe = lines.parts[p].pipe as usize;
        let row = &lines.pipes[pipe];
        let about = |english: &str, chinese: &str, place: Coord<f64>| {
            Finding::new(FindingCode::FlyPoint)
                .with("id", lines.ids.at(pipe))
                .with_word("why", english, chinese)
                .on(row.origin)
                .at(place)
        };
        let back = line.windows(3).find(|w| turns_back(w[0], w[1], w[2]));
        if let Some([_, vertex, _]) = back {
            return Some(about("turns back on itself at a vertex", "在一顶点处折返", *vertex));
        }
        if lines.parts[p].length <= far || row.system == System::River || row.mode == FlowMode::Pumped {
            return None;
        }
        let long = line.windows(2).find(|w| distance(w[0], w[1]) > far)?;
        let finding = about("goes straight on for {gap} m", "有长达 {gap} 米的直线段", long[1]);
        Some(finding.with("gap", format!("{:.0}", distance(long[0], long[1]))))
    };
    findings.par_extend((0..lines.parts.len()).into_par_iter().filter_map(of_part));
}

/// How long a straight stretch has to be in this survey.
fn far(lines: &Lines) -> f64 {
    if lines.parts.iter().all(|part| part.length <= FAR) {
        return FAR;
    }
    let mut lengths: Vec<f64> = lines.parts.iter().map(|part| part.length).collect();
    let middle = lengths.len() / 2;
    let (_, median, _) = lengths.select_nth_unstable_by(middle, f64::total_cmp);
    FAR.max(PIPES * *median)
}

fn turns_back(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let (u, v) = ((a.x - b.x, a.y - b.y), (c.x - b.x, c.y - b.y));
    let along = u.0 * v.0 + u.1 * v.1;
    if along < LIMB * LIMB * TURNS_BACK {
        return false; // nearly every vertex
    }
    let (to, fro) = (u.0.hypot(u.1), v.0.hypot(v.1));
    to.min(fro) >= LIMB && along >= TURNS_BACK * to * fro
}

/// Surveyed points on no pipe, far outside of where the pipes are.
pub(crate) fn report_nodes(network: &Network, findings: &mut Vec<Finding>) {
    let alone = |n: &NodeId| {
        network.node_origin(*n).is_some()
            && network.incoming(*n).is_empty()
            && network.outgoing(*n).is_empty()
    };
    let mut alone = network.node_ids().filter(alone).peekable();
    if alone.peek().is_none() {
        return;
    }
    let mut area = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for c in network.coords.slice(0..network.coords.len()).iter() {
        area = [area[0].min(c.x), area[1].min(c.y), area[2].max(c.x), area[3].max(c.y)];
    }
    for node in alone {
        let Some(place) = network.node_place(node) else { continue };
        let beyond = |v: f64, low: f64, high: f64| (low - v).max(v - high).max(0.0);
        let gap = beyond(place.x, area[0], area[2]).hypot(beyond(place.y, area[1], area[3]));
        if gap > FAR && gap.is_finite() {
            let mut finding = Finding::new(FindingCode::FlyPoint)
                .with("id", network.node_names.at(node.index()))
                .with_word("why", "lies {gap} m outside of where the pipes are", "远离测区管线 {gap} 米")
                .with("gap", format!("{gap:.0}"))
                .at(place);
            finding.origin = network.node_origin(node);
            findings.push(finding);
        }
    }
}
