//! Joints that a survey records by the pipe alone: an end that joins another pipe on its inside.

use std::collections::HashMap;

use suyuan_core::raw::{Field, RawLayer, Role};
use suyuan_core::{Coord, RawSurvey};
use suyuan_network::{BuildConfig, Decision, JoinBy};

/// The settings with the joints that a survey records, as decisions; what was decided by hand stands before them.
pub(crate) fn with_recorded_joints(survey: &RawSurvey, config: &BuildConfig) -> BuildConfig {
    let mut config = config.clone();
    if config.join == JoinBy::Geometry {
        return config; // ids unread
    }
    let records = |layer: &RawLayer| {
        [Field::FromPipe, Field::ToPipe].iter().any(|field| layer.columns.contains_key(field))
    };
    if !survey.layers_of(Role::Pipes).any(|(_, layer)| records(layer)) {
        return config;
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
        config.decisions.iter().any(|d| match d {
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
    config.decisions.extend(joints);
    config
}

fn ends(layer: &RawLayer, row: usize) -> Option<[Coord<f64>; 2]> {
    let start = *layer.shapes.parts(row).next()?.first()?;
    let end = *layer.shapes.parts(row).last()?.last()?;
    Some([start, end])
}

fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// How far two places lie from a pipe.
fn gaps(pipe: &[(&RawLayer, usize)], places: [Coord<f64>; 2]) -> [f64; 2] {
    let parts = pipe.iter().flat_map(|(layer, row)| layer.shapes.parts(*row));
    parts.flat_map(|part| part.windows(2)).fold([f64::INFINITY; 2], |[a, b], w| {
        let [x, y] = places.map(|place| from_segment(place, w[0], w[1]));
        [a.min(x), b.min(y)]
    })
}

fn from_segment(place: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let along = Coord { x: b.x - a.x, y: b.y - a.y };
    let square = along.x * along.x + along.y * along.y;
    let t = ((place.x - a.x) * along.x + (place.y - a.y) * along.y) / square;
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    distance(place, Coord { x: a.x + t * along.x, y: a.y + t * along.y })
}
