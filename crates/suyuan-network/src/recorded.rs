//! Joints that a survey records by the pipe alone: an end that joins another pipe on its inside.

use std::collections::HashMap;

use suyuan_core::raw::{Field, RawLayer, Role};
use suyuan_core::{Coord, RawSurvey};

use crate::config::{BuildConfig, Decision, JoinBy};
use crate::grid::{distance, nearest_on_segment};

/// What was decided by hand, and after it the joints that a survey records where nothing else was decided.
pub(crate) fn decisions(survey: &RawSurvey, config: &BuildConfig) -> Vec<Decision> {
    let mut decisions = config.decisions.clone();
    if config.join == JoinBy::Geometry {
        return decisions; // ids unread
    }
    let records = |layer: &RawLayer| {
        [Field::FromPipe, Field::ToPipe].iter().any(|field| layer.columns.contains_key(field))
    };
    if !survey.layers_of(Role::Pipes).any(|(_, layer)| records(layer)) {
        return decisions;
    }
    let mut found = Vec::new();
    let mut by_id: HashMap<&str, Vec<(&RawLayer, usize)>> = HashMap::new();
    for (_, layer) in survey.layers_of(Role::Pipes) {
        for row in 0..layer.len() {
            if let Some(id) = layer.text(Field::Id, row) {
                by_id.entry(id).or_default().push((layer, row));
            }
        }
    }
    for (_, layer) in survey.layers_of(Role::Pipes) {
        for row in 0..layer.len() {
            let names = [Field::FromPipe, Field::ToPipe].map(|field| layer.text(field, row));
            let Some(ends) = ends(layer, row).filter(|_| names != [None, None]) else { continue };
            for (side, name) in names.iter().enumerate() {
                let Some(to) = name else { continue };
                // A line may be drawn against its record: of its ends, the one that lies at the other pipe is meant.
                let alone = names[1 - side].is_none();
                let at = match (alone, by_id.get(to).map(|other| gaps(other, ends))) {
                    (true, Some([a, b])) if (a < b) != (side == 0) && a != b => ends[1 - side],
                    _ => ends[side],
                };
                found.push((layer.id(row).into_owned(), (*to).to_owned(), at, ends));
            }
        }
    }
    let by_hand = |pipe: &str, at: Coord<f64>, ends: [Coord<f64>; 2]| {
        decisions.iter().any(|d| match d {
            Decision::Join { pipe: decided, at: place, .. } if decided == pipe => {
                let other = if at == ends[0] { ends[1] } else { ends[0] };
                distance(*place, at) <= distance(*place, other)
            }
            _ => false,
        })
    };
    let joints: Vec<Decision> = found
        .into_iter()
        .filter(|(pipe, _, at, ends)| !by_hand(pipe, *at, *ends))
        .map(|(pipe, to, at, _)| Decision::Join { pipe, to, at })
        .collect();
    decisions.extend(joints);
    decisions
}

fn ends(layer: &RawLayer, row: usize) -> Option<[Coord<f64>; 2]> {
    let start = *layer.shapes.parts(row).next()?.first()?;
    let end = *layer.shapes.parts(row).last()?.last()?;
    Some([start, end])
}

/// How far two places lie from a pipe.
fn gaps(pipe: &[(&RawLayer, usize)], places: [Coord<f64>; 2]) -> [f64; 2] {
    let parts = pipe.iter().flat_map(|(layer, row)| layer.shapes.parts(*row));
    parts.flat_map(|part| part.windows(2)).fold([f64::INFINITY; 2], |[a, b], w| {
        let [x, y] = places.map(|place| nearest_on_segment(w[0], w[1], place).1.sqrt());
        [a.min(x), b.min(y)]
    })
}
