//! Which way round the parts of a pipe are: parts that go on into each other, and ends that carry the same label.

use std::collections::HashMap;

use suyuan_core::Coord;

use crate::grid::distance;
use crate::spots::Spots;
use crate::survey::{COINCIDENT, LABEL_REACH, Lines};

/// Finds where the parts of a pipe go on into each other, and lets all of such a chain run the way of its first part,
/// however the others are drawn. Parts that form a ring, or lie beside each other between the same places, stay as drawn.
pub(crate) fn chain_parts(lines: &mut Lines, pipe: usize) {
    let (from, to) = lines.pipes[pipe].parts;
    if to - from < 2 {
        return;
    }
    let ends: Vec<u32> = (2 * from..2 * to).filter(|e| lines.end(*e as usize / 2, 0).is_some()).collect();
    let places: Vec<Coord<f64>> =
        ends.iter().filter_map(|e| lines.end(*e as usize / 2, *e as usize % 2)).collect();
    let is_speck = |e: u32| lines.parts[e as usize / 2].length <= COINCIDENT;
    // What meets at each end, specks aside, and what a speck lies on.
    let mut met: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut specks: Vec<[u32; 2]> = Vec::new();
    for (i, j) in Spots::new(places.len(), |i| Some(places[i]), COINCIDENT).pairs_of_points() {
        let (a, b) = (ends[i as usize], ends[j as usize]);
        match (is_speck(a), is_speck(b)) {
            _ if a / 2 == b / 2 => {}
            (false, false) => {
                met.entry(a).or_default().push(b);
                met.entry(b).or_default().push(a);
            }
            (true, _) => specks.push([a, b]),
            (false, true) => specks.push([b, a]),
        }
    }
    let beyond = |end: u32| match met.get(&end).map(Vec::as_slice) {
        Some([far]) if met.get(far).is_some_and(|back| back.len() == 1) => Some(*far),
        _ => None,
    };
    let mut settled = vec![false; (to - from) as usize];
    let (mut seams, mut turned): (Vec<[u32; 2]>, Vec<u32>) = (Vec::new(), Vec::new());
    for first in from..to {
        if std::mem::replace(&mut settled[(first - from) as usize], true) {
            continue;
        }
        // Along the chain from both ends of its first part.
        let known = (seams.len(), turned.len());
        let mut ring = false;
        for start in [2 * first, 2 * first + 1] {
            let (mut end, mut flipped) = (start, false);
            while let Some(far) = beyond(end).filter(|_| !ring) {
                ring = std::mem::replace(&mut settled[(far / 2 - from) as usize], true);
                seams.push([end, far]);
                flipped ^= end % 2 == far % 2;
                if flipped {
                    turned.push(far / 2);
                }
                end = far ^ 1;
            }
        }
        if ring {
            seams.truncate(known.0);
            turned.truncate(known.1);
        }
    }
    for end in seams.iter().flatten().map(|e| *e as usize) {
        lines.parts[end / 2].seams[end % 2] = true;
    }
    for part in turned {
        lines.parts[part as usize].flipped = true;
    }
    lines.seams.extend(seams);
    // A speck names no node of its own.
    for [speck, other] in specks {
        lines.parts[speck as usize / 2].seams = [true; 2];
        lines.seams.push([speck, other]);
    }
}

/// Finds, for each labelled pipe, which drawn end the record's start is: ends that carry the same label should lie
/// together, so each label is placed where most of its pipes have an end.
pub(crate) fn flip_to_labels(lines: &mut Lines) {
    let mut at_label: Vec<Vec<usize>> = vec![Vec::new(); lines.labels.len()];
    for element in 0..lines.parts.len() * 2 {
        if let Some(label) = lines.label(element) {
            at_label[label as usize].push(element);
        }
    }
    let mut places: Vec<Option<Coord<f64>>> = vec![None; lines.labels.len()];
    for point in &lines.points {
        if let (Some(label), Some(place)) = (point.label, point.place) {
            places[label as usize].get_or_insert(place);
        }
    }
    for (label, incident) in at_label.iter().enumerate() {
        if places[label].is_none() {
            places[label] = place_of_label(lines, incident);
        }
    }
    for pipe in 0..lines.pipes.len() {
        // How far the ends lie from the places of their labels, as drawn and turned.
        let (mut drawn, mut turned, mut placed) = (0.0, 0.0, 0);
        for (side, label) in lines.pipes[pipe].labels.iter().enumerate() {
            let Some(place) = label.and_then(|l| places[l as usize]) else { continue };
            let away = |side: usize| {
                let ends = lines.ends_of(pipe, side).filter_map(|e| lines.end(e / 2, e % 2));
                ends.map(|end| distance(end, place)).sum::<f64>()
            };
            drawn += away(side);
            turned += away(1 - side);
            placed += 1;
        }
        // One label alone may be mistyped: then an end must lie at its place.
        if turned + 0.5 < drawn && (placed == 2 || turned <= LABEL_REACH) {
            let (from, to) = lines.pipes[pipe].parts;
            for part in &mut lines.parts[from as usize..to as usize] {
                part.flipped ^= true;
            }
        }
    }
}

/// The end point that most pipes of a label have an end near to, drawn order deciding ties; none where no two agree.
fn place_of_label(lines: &Lines, incident: &[usize]) -> Option<Coord<f64>> {
    const NEAR: f64 = 0.5;
    let place = |element: usize| lines.end(element / 2, element % 2);
    let other =
        |element: usize| lines.end_of(lines.parts[element / 2].pipe as usize, 1 - lines.side(element));
    let incident = &incident[..incident.len().min(64)];
    let mut best: Option<(usize, usize, Coord<f64>)> = None;
    for element in incident {
        for end in [*element, other(*element)] {
            let Some(candidate) = place(end) else { continue };
            let near = |element: usize| place(element).is_some_and(|q| distance(q, candidate) <= NEAR);
            let pipes = incident.iter().filter(|e| near(**e) || near(other(**e))).count();
            let drawn = incident.iter().filter(|e| near(**e)).count();
            if best.is_none_or(|(b, d, _)| (pipes, drawn) > (b, d)) {
                best = Some((pipes, drawn, candidate));
            }
        }
    }
    best.filter(|b| b.0 > 1).map(|b| b.2)
}
