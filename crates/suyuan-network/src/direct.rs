//! Which way each pipe flows, how probable that is, and why we believe it.
//!
//! A recorded flow direction and node ids decide by themselves. Every other pipe has evidence of its own, its levels and
//! the order it was drawn in, and neighbours that must be able to drain; [`crate::orient`] weighs them together. How far
//! drawn order and levels can be trusted is estimated from this very survey, by expectation and maximisation: a city drawn
//! at random ends with a reliability near one half, and its drawn order then says nothing.

use rayon::prelude::*;
use suyuan_core::{Certainty, DirectionBasis, FlowMode, FlowSign};

use crate::config::DirectBy;
use crate::factor::{NodeRole, Rarity};
use crate::orient::{Field, Link, probability};
use crate::survey::PipeRow;

/// A fall that survey error does not explain, metres: two levels good to about 2 cm each.
const CLEAR_FALL: f64 = 0.05;
/// Rounds of estimating what the survey can be trusted in; the figures settle in three or four.
const ROUNDS: usize = 5;
/// Estimates are at rest when no share moves by more than this.
const ESTIMATED: f64 = 0.002;
/// From here on a direction is certain, and down to here probable.
const CERTAIN: f64 = 0.99;
const PROBABLE: f64 = 0.65;

/// How one pipe flows, against the order of its record (from → to, or as drawn where it names no nodes).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Direction {
    pub(crate) along: bool,
    pub(crate) basis: DirectionBasis,
    pub(crate) certainty: Certainty,
    pub(crate) probability: f32,
    /// How far the invert rises along the decided direction, metres; 0 where it falls or is unknown.
    pub(crate) rise: f64,
    /// Evidence that says the contrary.
    pub(crate) against: Option<DirectionBasis>,
}

/// Falls are trusted by their size: up to these bounds, metres, and beyond the last.
const FALLS: [f64; 3] = [0.01, 0.02, CLEAR_FALL];
/// The share of falls of each size that run against the flow before anything is known of a survey: with levels good to
/// 2 cm each, and one clear fall in twenty mistaken or exchanged.
const USUALLY_CONTRARY: [f64; 4] = [0.43, 0.31, 0.15, 0.05];

/// What a survey can be trusted in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Trust {
    /// Share of lines that are drawn with their flow.
    drawn: f64,
    /// Share of falls of each size that run against the flow.
    contrary: [f64; 4],
}

fn size_of(fall: f64) -> usize {
    FALLS.partition_point(|bound| *bound <= fall.abs())
}

impl Trust {
    /// Odds that the flow follows a fall of so many metres.
    fn odds_of_fall(self, fall: f64) -> f64 {
        let contrary = self.contrary[size_of(fall)];
        let odds = (1.0 - contrary) / contrary;
        if fall > 0.0 { odds } else { 1.0 / odds }
    }

    /// Whether no share differs by more than `within`.
    fn is_near(self, other: Self, within: f64) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= within;
        near(self.drawn, other.drawn) && self.contrary.iter().zip(other.contrary).all(|(a, b)| near(*a, b))
    }

    fn odds_of_drawing(self) -> f64 {
        self.drawn / (1.0 - self.drawn)
    }
}

/// How often drawn order and falls are believed to agree with the flow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Record {
    lines: f64,
    drawn: f64,
    falls: [f64; 4],
    contrary: [f64; 4],
}

impl Record {
    /// Counts the fall of a pipe that runs with its record with the probability `along`.
    fn count_fall(&mut self, fall: Option<f64>, along: f64, weight: f64) {
        if let Some(fall) = fall {
            self.falls[size_of(fall)] += weight;
            self.contrary[size_of(fall)] += weight * if fall > 0.0 { 1.0 - along } else { along };
        }
    }

    /// Counts a pipe without a recorded direction, whose record is the order it is drawn in, or takes it out again with
    /// weight −1.
    fn count(&mut self, own: Own, along: f64, weight: f64) {
        if let Own::Open(fall) = own {
            self.lines += weight;
            self.drawn += weight * along;
            self.count_fall(fall, along, weight);
        }
    }

    /// What the pipes teach of levels whose direction is recorded, by the weight of a hundred of each size at most: they are
    /// other pipes, often of another layer. How those of another layer are drawn, they do not know.
    fn of_recorded(own: &[Own], pipes: &[PipeRow], levels: &[[f64; 2]]) -> Self {
        let mut record = Self::default();
        for (p, own) in own.iter().enumerate() {
            if let Own::Recorded(along, _) = own {
                record.count_fall(fall(&pipes[p], levels[p]), f64::from(u8::from(*along)), 1.0);
            }
        }
        for (falls, contrary) in record.falls.iter_mut().zip(&mut record.contrary) {
            let weight = (100.0 / falls.max(1.0)).min(1.0);
            (*falls, *contrary) = (*falls * weight, *contrary * weight);
        }
        record
    }

    /// What the record says, drawn towards what is usual: of lines four in five with the flow, by the weight of one line,
    /// since cities are drawn well or badly as a whole; of falls by the weight of ten.
    fn trust(&self) -> Trust {
        let mut contrary = USUALLY_CONTRARY;
        for (size, share) in contrary.iter_mut().enumerate() {
            *share = (self.contrary[size].max(0.0) + 10.0 * *share) / (self.falls[size].max(0.0) + 10.0);
        }
        Trust { drawn: (self.drawn.max(0.0) + 0.8) / (self.lines.max(0.0) + 1.0), contrary }
    }
}

/// The evidence of one pipe.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Own {
    /// The record says it.
    Recorded(bool, DirectionBasis),
    /// It flows both ways.
    Both,
    /// Its fall where levels tell, and the order it is drawn in.
    Open(Option<f64>),
}

/// The fall from the record's start to its end, metres, where both levels are known and say anything.
fn fall(pipe: &PipeRow, levels: [f64; 2]) -> Option<f64> {
    let fall = levels[0] - levels[1];
    (pipe.mode != FlowMode::Pumped && fall.is_finite() && fall != 0.0).then_some(fall)
}

impl Own {
    fn of(pipe: &PipeRow, levels: [f64; 2]) -> Self {
        match pipe.sign {
            _ if pipe.decided.is_some() => {
                Self::Recorded(pipe.decided == Some(true), DirectionBasis::Decided)
            }
            _ if pipe.mode == FlowMode::Bidirectional => Self::Both,
            Some(FlowSign::Both) => Self::Both,
            Some(FlowSign::WithDrawn) => Self::Recorded(true, DirectionBasis::Surveyed),
            Some(FlowSign::AgainstDrawn) => Self::Recorded(false, DirectionBasis::Surveyed),
            None if pipe.labels.iter().any(Option::is_some) => Self::Recorded(true, DirectionBasis::NodeIds),
            None => Self::Open(fall(pipe, levels)),
        }
    }

    fn odds(self, trust: Trust) -> f64 {
        match self {
            Self::Recorded(true, _) => 1e6,
            Self::Recorded(false, _) => 1e-6,
            Self::Both => 1.0,
            Self::Open(fall) => trust.odds_of_drawing() * fall.map_or(1.0, |fall| trust.odds_of_fall(fall)),
        }
    }
}

/// Decides every pipe.
///
/// # Complexity
/// O(ends) for each sweep; a forest needs two a round.
pub(crate) fn decide(
    pipes: &[PipeRow],
    levels: &[[f64; 2]],
    links: &[Link],
    roles: &[NodeRole],
    direct: DirectBy,
) -> Vec<Direction> {
    let own: Vec<Own> = pipes.iter().zip(levels).map(|(p, l)| Own::of(p, *l)).collect();
    if direct == DirectBy::Stated || own.iter().all(|o| matches!(o, Own::Recorded(..))) {
        let trust = Record::default().trust();
        return (0..own.len()).map(|p| own[p].stated(trust, fall(&pipes[p], levels[p]))).collect();
    }
    let mut field = Field::new(links, pipes.len(), roles);
    let mut rarity = Rarity::USUAL;
    let recorded = Record::of_recorded(&own, pipes, levels);
    // A pipe is judged by what the others show: it must not vouch for itself.
    let mut trust = vec![recorded.trust(); pipes.len()];
    let mut odds = Vec::new();
    let mut known = (rarity, recorded.trust());
    for round in 0..ROUNDS {
        let evidence: Vec<f64> = own.par_iter().zip(&trust).map(|(o, t)| o.odds(*t)).collect();
        field.settle(&evidence, &rarity);
        odds = field.odds(&evidence);
        if round + 1 == ROUNDS {
            break;
        }
        rarity = field.census(&rarity).rarity();
        let mut record = recorded;
        for (own, odds) in own.iter().zip(&odds) {
            record.count(*own, probability(*odds), 1.0);
        }
        let news = (rarity, record.trust());
        if news.0.is_near(known.0, ESTIMATED) && news.1.is_near(known.1, ESTIMATED) {
            break;
        }
        known = news;
        trust.par_iter_mut().enumerate().for_each(|(p, trust)| {
            let mut others = record;
            others.count(own[p], probability(odds[p]), -1.0);
            *trust = others.trust();
        });
    }
    (0..own.len())
        .map(|p| own[p].decided(odds[p], field.neighbours(p), trust[p], fall(&pipes[p], levels[p])))
        .collect()
}

impl Own {
    fn by_record(self, fall: Option<f64>) -> Direction {
        let Self::Recorded(along, basis) = self else {
            return Direction {
                along: true,
                basis: DirectionBasis::None,
                certainty: Certainty::Unknown,
                probability: 0.5,
                rise: 0.0,
                against: None,
            };
        };
        let rise = fall.map_or(0.0, |f| if along { -f } else { f }).max(0.0);
        let contradicted = rise > CLEAR_FALL && basis != DirectionBasis::Decided;
        Direction {
            along,
            basis,
            certainty: if contradicted { Certainty::Probable } else { Certainty::Certain },
            probability: if contradicted { 0.9 } else { 0.99 },
            rise,
            against: contradicted.then_some(DirectionBasis::InvertFall),
        }
    }

    /// By levels where they tell, else by drawn order.
    fn stated(self, trust: Trust, fall: Option<f64>) -> Direction {
        // Where levels tell, drawn order is not heard.
        let trust = if fall.is_some() { Trust { drawn: 0.5, ..trust } } else { trust };
        self.decided(self.odds(trust), 1.0, trust, fall)
    }

    fn decided(self, odds: f64, neighbours: f64, trust: Trust, fall: Option<f64>) -> Direction {
        let Self::Open(evidence) = self else { return self.by_record(fall) };
        let along = odds >= 1.0;
        let believed = probability(if along { odds } else { 1.0 / odds });
        let sides = [
            (DirectionBasis::InvertFall, evidence.map_or(1.0, |f| trust.odds_of_fall(f))),
            (DirectionBasis::DrawnOrder, trust.odds_of_drawing()),
            (DirectionBasis::Neighbours, neighbours),
        ]
        .map(|(basis, odds)| (basis, if along { odds.ln() } else { -odds.ln() }));
        let strongest = |sign: f64, least: f64| {
            let heard = sides.iter().filter(|s| sign * s.1 > least);
            heard.fold(None, |best: Option<&(DirectionBasis, f64)>, s| match best {
                Some(b) if sign * b.1 >= sign * s.1 => best,
                _ => Some(s),
            })
        };
        let certainty = match believed {
            p if p >= CERTAIN => Certainty::Certain,
            p if p >= PROBABLE => Certainty::Probable,
            _ => Certainty::Unknown,
        };
        Direction {
            along,
            basis: strongest(1.0, 1e-9).map_or(DirectionBasis::None, |s| s.0),
            certainty,
            probability: believed as f32,
            rise: fall.map_or(0.0, |f| if along { -f } else { f }).max(0.0),
            against: strongest(-1.0, 0.5).map(|s| s.0),
        }
    }
}
