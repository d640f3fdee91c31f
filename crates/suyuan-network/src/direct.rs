//! Which way each pipe flows, how probable that is, and why we believe it.
//!
//! A recorded flow direction and node ids decide by themselves. Every other pipe has evidence of its own, its levels and
//! the order it was drawn in, and neighbours that must be able to drain; [`crate::orient`] weighs them together. How far
//! drawn order and levels can be trusted is estimated from this very survey, by expectation and maximisation: a city drawn
//! at random ends with a reliability near one half, and its drawn order then says nothing.

use std::collections::HashSet;

use rayon::prelude::*;
use suyuan_core::{Certainty, DirectionBasis, FlowMode, FlowSign};

use crate::bundle::{Bundles, Word};
use crate::config::DirectBy;
use crate::factor::Rarity;
use crate::levels::Levels;
use crate::orient::{Field, probability};
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
    /// Whether its levels stand at each other's ends.
    pub(crate) exchanged: bool,
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
    /// Share of pipes whose levels stand at each other's ends, of those that flow with their record and against it.
    exchanged: [f64; 2],
}

/// The fall of a pipe from its record's start to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fall {
    /// As its levels stand, metres.
    metres: f64,
    /// The odds that they stand at each other's ends, by the levels they meet.
    exchanged: f64,
}

fn size_of(fall: f64) -> usize {
    FALLS.partition_point(|bound| *bound <= fall.abs())
}

impl Trust {
    /// How likely a fall is where the pipe flows with its record and against it, its levels standing as they should and
    /// exchanged.
    fn likelihood(self, fall: Fall) -> [[f64; 2]; 2] {
        let contrary = self.contrary[size_of(fall.metres)];
        let (with, against) =
            if fall.metres > 0.0 { (1.0 - contrary, contrary) } else { (contrary, 1.0 - contrary) };
        let [x, y] = self.exchanged;
        [[(1.0 - x) * with, x * fall.exchanged * against], [(1.0 - y) * against, y * fall.exchanged * with]]
    }

    /// Odds that the pipe flows with its record, by its fall.
    fn odds_of_fall(self, fall: Fall) -> f64 {
        let [along, against] = self.likelihood(fall).map(|l| l[0] + l[1]);
        along / against
    }

    /// Whether the levels of a pipe that flows so are likely exchanged, and how far they then rise along it, metres.
    fn rise(self, fall: Option<Fall>, along: bool) -> (bool, f64) {
        let Some(fall) = fall else { return (false, 0.0) };
        let [straight, crossed] = self.likelihood(fall)[usize::from(!along)];
        let exchanged = crossed > straight;
        let rise = if along == exchanged { fall.metres } else { -fall.metres };
        (exchanged, rise.max(0.0))
    }

    /// Whether no share differs by more than `within`.
    fn is_near(self, other: Self, within: f64) -> bool {
        let shares = |t: Self| [t.drawn].into_iter().chain(t.contrary).chain(t.exchanged);
        shares(self).zip(shares(other)).all(|(a, b)| (a - b).abs() <= within)
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
    /// Pipes with both levels that flow with their record and against it, and how many of these have them exchanged.
    levelled: [f64; 2],
    exchanged: [f64; 2],
}

impl Record {
    /// Counts the fall of a pipe that runs with its record with the probability `along`.
    fn count_fall(&mut self, fall: Fall, along: f64, trust: Trust, weight: f64) {
        let size = size_of(fall.metres);
        self.falls[size] += weight;
        for (way, likelihood) in trust.likelihood(fall).into_iter().enumerate() {
            let share = weight * if way == 0 { along } else { 1.0 - along };
            let exchanged = share * likelihood[1] / (likelihood[0] + likelihood[1]);
            // What falls as it stands runs contrary where just one of the two is turned.
            let turned_once = if way == 0 { exchanged } else { share - exchanged };
            self.contrary[size] += if fall.metres > 0.0 { turned_once } else { share - turned_once };
            self.levelled[way] += share;
            self.exchanged[way] += exchanged;
        }
    }

    /// Counts a pipe without a recorded direction, whose record is the order it is drawn in, or takes it out again with
    /// weight −1. `trust` is what it was judged by.
    fn count(&mut self, own: Own, along: f64, trust: Trust, weight: f64) {
        if let Own::Open(fall) = own {
            self.lines += weight;
            self.drawn += weight * along;
            if let Some(fall) = fall {
                self.count_fall(fall, along, trust, weight);
            }
        }
    }

    /// What the pipes teach of levels whose direction is recorded, by the weight of a hundred of each size at most: they are
    /// other pipes, often of another layer. How those of another layer are drawn, they do not know.
    fn of_recorded(own: &[Own], falls: &[Option<Fall>]) -> Self {
        let mut record = Self::default();
        let usual = record.trust();
        for (own, fall) in own.iter().zip(falls) {
            if let (Own::Recorded(along, _), Some(fall)) = (own, fall) {
                record.count_fall(*fall, f64::from(u8::from(*along)), usual, 1.0);
            }
        }
        (record.levelled, record.exchanged) = ([0.0; 2], [0.0; 2]);
        for (falls, contrary) in record.falls.iter_mut().zip(&mut record.contrary) {
            let weight = (100.0 / falls.max(1.0)).min(1.0);
            (*falls, *contrary) = (*falls * weight, *contrary * weight);
        }
        record
    }

    /// What the record says, drawn towards what is usual: of lines four in five with the flow, by the weight of one line,
    /// since cities are drawn well or badly as a whole; of falls by the weight of ten; of exchanged levels one in fifty, by
    /// the weight of five pipes.
    fn trust(&self) -> Trust {
        let mut contrary = USUALLY_CONTRARY;
        for (size, share) in contrary.iter_mut().enumerate() {
            *share = (self.contrary[size].max(0.0) + 10.0 * *share) / (self.falls[size].max(0.0) + 10.0);
        }
        let mut exchanged = [0.02; 2];
        for (way, share) in exchanged.iter_mut().enumerate() {
            *share = (self.exchanged[way].max(0.0) + 5.0 * *share) / (self.levelled[way].max(0.0) + 5.0);
        }
        let drawn = (self.drawn.max(0.0) + 0.8) / (self.lines.max(0.0) + 1.0);
        Trust { drawn, contrary, exchanged }
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
    Open(Option<Fall>),
}

impl Fall {
    /// Of a pipe, where both levels are known and say anything.
    fn of(pipe: &PipeRow, levels: [f64; 2], exchanged: f64) -> Option<Self> {
        let metres = levels[0] - levels[1];
        let tells = pipe.mode != FlowMode::Pumped && metres.is_finite() && metres != 0.0;
        tells.then_some(Self { metres, exchanged })
    }
}

impl Own {
    fn of(pipe: &PipeRow, fall: Option<Fall>) -> Self {
        match pipe.sign {
            _ if pipe.decided.is_some() => {
                Self::Recorded(pipe.decided == Some(true), DirectionBasis::Decided)
            }
            _ if pipe.mode == FlowMode::Bidirectional => Self::Both,
            Some(FlowSign::Both) => Self::Both,
            Some(FlowSign::WithDrawn) => Self::Recorded(true, DirectionBasis::Surveyed),
            Some(FlowSign::AgainstDrawn) => Self::Recorded(false, DirectionBasis::Surveyed),
            None if pipe.labels.iter().any(Option::is_some) => Self::Recorded(true, DirectionBasis::NodeIds),
            None => Self::Open(fall),
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

/// Whether pipes have to be weighed against each other: some have no recorded direction, and that is asked for.
pub(crate) fn needs_weighing(pipes: &[PipeRow], direct: DirectBy) -> bool {
    direct != DirectBy::Stated && pipes.iter().any(|pipe| !is_recorded(pipe))
}

fn is_recorded(pipe: &PipeRow) -> bool {
    matches!(Own::of(pipe, None), Own::Recorded(..))
}

/// What a pipe says of its own flow; nothing where pipes beside it may flow the other way.
pub(crate) fn word_of(pipe: &PipeRow) -> Option<Word> {
    if matches!(pipe.mode, FlowMode::Pumped | FlowMode::Bidirectional) {
        return None;
    }
    match Own::of(pipe, None) {
        Own::Recorded(along, _) => Some(Word { recorded: true, along: Some(along) }),
        Own::Both => None,
        Own::Open(_) => {
            let fall = Fall::of(pipe, pipe.inverts, 0.0).map(|fall| fall.metres);
            let clear = fall.filter(|fall| fall.abs() >= CLEAR_FALL);
            Some(Word { recorded: false, along: clear.map(|fall| fall > 0.0) })
        }
    }
}

/// Decides every pipe; without a field by what its own record states.
///
/// # Complexity
/// O(ends) for each sweep; a forest needs two a round.
pub(crate) fn decide(pipes: &[PipeRow], levels: &Levels, field: Option<(Field, Bundles)>) -> Vec<Direction> {
    let falls: Vec<Option<Fall>> = (pipes.par_iter().enumerate())
        .map(|(p, pipe)| Fall::of(pipe, levels.at_ends[p], levels.exchanged[p]))
        .collect();
    let own: Vec<Own> = pipes.par_iter().zip(&falls).map(|(p, f)| Own::of(p, *f)).collect();
    let Some((mut field, bundles)) = field else {
        let trust = Record::default().trust();
        return own.par_iter().zip(&falls).map(|(own, fall)| own.stated(trust, *fall)).collect();
    };
    let recorded = Record::of_recorded(&own, &falls);
    let usual = recorded.trust();
    let mut known =
        Known { record: recorded, trust: usual, by: usual, odds: Vec::new(), rarity: Rarity::USUAL };
    // The pipes that the survey is judged by; those of a bundle are judged with its first.
    let mut sample = field.sample();
    let first: HashSet<u32> = sample.iter().copied().collect();
    let together = bundles.all.iter().filter(|members| first.contains(&members[0].pipe));
    sample.extend(together.flat_map(|members| members[1..].iter().map(|m| m.pipe)));
    drop(first);
    let mut evidence = vec![1.0; own.len()];
    for round in 0..ROUNDS {
        let judged = |p: &u32| own[*p as usize].odds(known.without(*p as usize, own[*p as usize]));
        let fresh: Vec<f64> = sample.par_iter().map(judged).collect();
        sample.iter().zip(fresh).for_each(|(p, odds)| evidence[*p as usize] = odds);
        bundles.gather(&mut evidence);
        field.settle(&evidence, &known.rarity, true);
        if round + 1 == ROUNDS {
            break;
        }
        let (mut record, mut odds) = (recorded, vec![f64::NAN; own.len()]);
        sample.iter().map(|p| *p as usize).for_each(|p| odds[p] = field.odds(p, evidence[p]));
        bundles.spread(&mut odds);
        for p in sample.iter().map(|p| *p as usize) {
            record.count(own[p], probability(odds[p]), known.trust, 1.0);
        }
        let (trust, rarity) = (record.trust(), field.census(&known.rarity).rarity());
        if rarity.is_near(known.rarity, ESTIMATED) && trust.is_near(known.trust, ESTIMATED) {
            break;
        }
        known = Known { record, trust, by: known.trust, odds, rarity };
    }
    let trust: Vec<Trust> = own.par_iter().enumerate().map(|(p, own)| known.without(p, *own)).collect();
    let alone: Vec<f64> = own.par_iter().zip(&trust).map(|(own, trust)| own.odds(*trust)).collect();
    evidence.copy_from_slice(&alone);
    bundles.gather(&mut evidence);
    field.settle(&evidence, &known.rarity, false);
    let mut odds: Vec<f64> =
        evidence.par_iter().enumerate().map(|(p, evidence)| field.odds(p, *evidence)).collect();
    bundles.spread(&mut odds);
    (0..own.len())
        .into_par_iter()
        .map(|p| own[p].decided(odds[p], odds[p] / alone[p], trust[p], falls[p]))
        .collect()
}

/// What is known of a survey.
struct Known {
    record: Record,
    trust: Trust,
    /// The trust and the odds that its pipes were counted by; no odds, or `NaN`, for those that were not.
    by: Trust,
    odds: Vec<f64>,
    rarity: Rarity,
}

impl Known {
    /// What the others show: a pipe must not vouch for itself.
    fn without(&self, pipe: usize, own: Own) -> Trust {
        let Some(odds) = self.odds.get(pipe).filter(|odds| !odds.is_nan()) else { return self.trust };
        let mut others = self.record;
        others.count(own, probability(*odds), self.by, -1.0);
        others.trust()
    }
}

impl Own {
    fn by_record(self, trust: Trust, fall: Option<Fall>) -> Direction {
        let Self::Recorded(along, basis) = self else {
            return Direction {
                along: true,
                basis: DirectionBasis::None,
                certainty: Certainty::Unknown,
                probability: 0.5,
                exchanged: false,
                rise: 0.0,
                against: None,
            };
        };
        let (exchanged, rise) = trust.rise(fall, along);
        let contradicted = rise > CLEAR_FALL && basis != DirectionBasis::Decided;
        Direction {
            along,
            basis,
            certainty: if contradicted { Certainty::Probable } else { Certainty::Certain },
            probability: if contradicted { 0.9 } else { 0.99 },
            exchanged,
            rise,
            against: contradicted.then_some(DirectionBasis::InvertFall),
        }
    }

    /// By levels where they tell, else by drawn order.
    fn stated(self, trust: Trust, fall: Option<Fall>) -> Direction {
        // Where levels tell, drawn order is not heard.
        let trust = if fall.is_some() { Trust { drawn: 0.5, ..trust } } else { trust };
        self.decided(self.odds(trust), 1.0, trust, fall)
    }

    fn decided(self, odds: f64, neighbours: f64, trust: Trust, fall: Option<Fall>) -> Direction {
        let Self::Open(evidence) = self else { return self.by_record(trust, fall) };
        let along = odds >= 1.0;
        let (exchanged, rise) = trust.rise(fall, along);
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
            exchanged,
            rise,
            against: strongest(-1.0, 0.5).map(|s| s.0),
        }
    }
}
