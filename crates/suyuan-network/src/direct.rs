//! Which way each pipe flows, and why we believe it.
//!
//! Evidence is weighed in this order of trust: a recorded flow direction, node ids, invert levels, drawn order. How
//! far drawn order can be trusted is estimated from this very survey: the share of pipes with clear inverts whose
//! drawing agrees with them.

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
        let against = (rise > CLEAR_FALL && basis != DirectionBasis::InvertFall).then_some(DirectionBasis::InvertFall);
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
