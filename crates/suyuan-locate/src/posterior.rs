//! The probability of every spot, by what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use suyuan_network::{Place, PlaceKind};

use crate::area::{Above, SearchArea, Spot};
use crate::observe::Observation;
use crate::prior::Prior;

/// Where one source may be, and all that was found so far.
///
/// Observations may come in any order and be taken back: what comes out depends on which there are, to the last bit. Of several at
/// one place in one epoch that say the same only the strongest counts: what spoils one sample there, such as poor mixing or a
/// blocked sump, spoils the next one too. Confirm at a neighbour, or another day.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_locate::{ErrorRates, Locator, Observation, Outcome, Prior, SearchArea, Spot};
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::TraceIndex;
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nC -P3-> B"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let at = |name: &str| network.place_of_node(network.find_node(name).unwrap());
/// let area = SearchArea::new(&network, &index, at("OF1"));
/// let prior = Prior::of_spots(&area, |spot| if matches!(spot, Spot::Node(_)) { 1.0 } else { 0.0 })?;
/// let mut locator = Locator::new(&area, &prior);
/// let rates = ErrorRates::new(0.1, 0.05)?;
/// let (place, epoch) = (at("A"), "Monday".to_owned());
/// locator.observe(Observation { id: "1".into(), place, epoch, outcome: Outcome::Present, rates })?;
/// let posterior = locator.posterior()?;
/// // One place of four, and eighteen times likelier than each of the others.
/// assert!((posterior.at(Spot::Node(network.find_node("A")?)) - 18.0 / 21.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "定位")]
#[derive(Debug, Clone)]
pub struct Locator<'a> {
    area: &'a SearchArea<'a>,
    prior: &'a Prior,
    observations: BTreeMap<String, (Observation, Above)>,
}

/// Why an observation tells nothing of the source.
#[doc(alias = "不在上游")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the water at observation `{id}` does not come to where pollution shows")]
pub struct Unplaced {
    /// Its id.
    pub id: String,
}

/// No place explains all observations: two that are said never to be wrong contradict each other.
#[doc(alias = "检测矛盾")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no place explains all observations; allow for wrong tests, or take one back")]
pub struct Contradiction;

/// What tells places apart.
type PlaceKey = (Spot, u64);

fn key_of(place: &Place) -> PlaceKey {
    let decimetres = match place.kind {
        PlaceKind::Node(_) => 0,
        // Within a decimetre it is one place.
        PlaceKind::Reach { above_end, .. } => (above_end.max(0.0) * 10.0).round() as u64,
    };
    (Spot::of(place), decimetres)
}

impl<'a> Locator<'a> {
    /// Nothing was looked at yet.
    ///
    /// # Panics
    /// If the prior is that of another area.
    #[must_use]
    pub fn new(area: &'a SearchArea<'a>, prior: &'a Prior) -> Self {
        assert!(
            area.len() == prior.weights.len() && area.start().kind == prior.start,
            "a prior belongs to one area"
        );
        Self { area, prior, observations: BTreeMap::new() }
    }

    /// The places that are searched.
    #[must_use]
    pub fn area(&self) -> &'a SearchArea<'a> {
        self.area
    }

    /// Adds an observation; one of the same id is replaced.
    ///
    /// # Errors
    /// [`Unplaced`] if no water that passes the place comes to where pollution shows: then it says nothing of this source.
    pub fn observe(&mut self, observation: Observation) -> Result<(), Unplaced> {
        let above = self.area.above(&observation.place);
        if above.runs.iter().all(Range::is_empty) && above.part.is_none() {
            return Err(Unplaced { id: observation.id });
        }
        self.observations.insert(observation.id.clone(), (observation, above));
        Ok(())
    }

    /// Takes an observation back; whether there was one of that id.
    pub fn retract(&mut self, id: &str) -> bool {
        self.observations.remove(id).is_some()
    }

    /// The observations by id.
    pub fn observations(&self) -> impl ExactSizeIterator<Item = &Observation> {
        self.observations.values().map(|(observation, _)| observation)
    }

    /// The probability of every spot.
    ///
    /// # Errors
    /// [`Contradiction`] if no spot explains what was found.
    ///
    /// # Complexity
    /// O(spots + runs of the observations).
    pub fn posterior(&self) -> Result<Posterior<'a>, Contradiction> {
        let count = self.area.len();
        // What observations add to the logarithm of each spot's probability, as differences from spot to spot; and how many say
        // that it cannot be.
        let (mut logs, mut never) = (vec![0.0f64; count + 1], vec![0i32; count + 1]);
        let mut add = |range: Range<usize>, likelihood: f64, times: i32| {
            if likelihood > 0.0 {
                let log = f64::from(times) * likelihood.ln();
                logs[range.start] += log;
                logs[range.end] -= log;
            } else {
                never[range.start] += times;
                never[range.end] -= times;
            }
        };
        let mut parts: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
        for (observation, above) in self.counted() {
            let [upstream, other] = observation.rates.of(observation.outcome);
            add(0..count, other, 1);
            for run in above.runs.iter().filter(|run| !run.is_empty()) {
                add(run.clone(), other, -1);
                add(run.clone(), upstream, 1);
            }
            if let Some((number, share)) = above.part {
                add(number..number + 1, other, -1);
                parts.entry(number).or_default().push(Part { share, upstream, other });
            }
        }
        let parts: BTreeMap<usize, Vec<(f64, f64)>> =
            parts.into_iter().map(|(number, parts)| (number, stretches(&parts))).collect();
        for (number, stretches) in &parts {
            add(*number..number + 1, stretches.iter().map(|s| s.1).sum(), 1);
        }
        let (mut log, mut barred) = (0.0, 0);
        let mut found: Vec<f64> = Vec::with_capacity(count);
        for (number, weight) in self.prior.weights.iter().enumerate() {
            log += logs[number];
            barred += never[number];
            let possible = barred == 0 && *weight > 0.0;
            found.push(if possible { weight.ln() + log } else { f64::NEG_INFINITY });
        }
        let most = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return Err(Contradiction);
        }
        let mut sum = 0.0;
        for value in &mut found {
            *value = (*value - most).exp();
            sum += *value;
        }
        found.iter_mut().for_each(|p| *p /= sum);
        Ok(Posterior {
            area: self.area,
            prior: self.prior,
            probabilities: found,
            parts,
            tested: self.observations().map(|o| (key_of(&o.place), o.epoch.clone())).collect(),
            evidence: most + sum.ln(),
        })
    }

    /// The observations that count, by id.
    pub fn counting(&self) -> impl Iterator<Item = &Observation> {
        self.counted().map(|(observation, _)| observation)
    }

    /// Pairs of observations that found the source where no one source lies upstream of both: one of them is wrong, or there are two
    /// sources. By id, the lesser one first.
    ///
    /// # Complexity
    /// O(k² · runs²) for the k observations that found it.
    #[must_use]
    pub fn apart(&self) -> Vec<[&str; 2]> {
        let found: Vec<&(Observation, Above)> =
            self.counted().filter(|(o, _)| o.rates.strength(o.outcome) > 0.0).collect();
        let meet = |a: &Above, b: &Above| {
            let own = |above: &Above| above.part.map(|(number, _)| number..number + 1);
            let all = |above: &Above| above.runs.iter().cloned().chain(own(above)).collect::<Vec<_>>();
            let theirs = all(b);
            all(a).iter().any(|r| theirs.iter().any(|s| r.start.max(s.start) < r.end.min(s.end)))
        };
        let mut pairs = Vec::new();
        for (k, (a, above)) in found.iter().enumerate() {
            let others = found[k + 1..].iter().filter(|(_, other)| !meet(above, other));
            pairs.extend(others.map(|(b, _)| [a.id.as_str(), b.id.as_str()]));
        }
        pairs
    }

    /// The observations that count, by id: of those at one place in one epoch that say the same, the strongest; of equally
    /// strong ones the first.
    fn counted(&self) -> impl Iterator<Item = &(Observation, Above)> {
        let mut strongest: BTreeMap<(PlaceKey, &str, bool), (f64, &str)> = BTreeMap::new();
        fn key(observation: &Observation) -> ((PlaceKey, &str, bool), f64) {
            let strength = observation.rates.strength(observation.outcome);
            ((key_of(&observation.place), &observation.epoch, strength > 0.0), strength.abs())
        }
        for (observation, _) in self.observations.values() {
            let (key, strength) = key(observation);
            let known = strongest.entry(key).or_insert((strength, &observation.id));
            if strength > known.0 {
                *known = (strength, &observation.id);
            }
        }
        self.observations.values().filter(move |(o, _)| strongest[&key(o).0].1 == o.id)
    }

    /// What made a spot's probability what it is in `posterior`, which these observations made; `None` for what is not
    /// searched.
    ///
    /// # Complexity
    /// O(runs of the observations).
    #[must_use]
    pub fn explain(&self, posterior: &Posterior<'_>, spot: Spot) -> Option<Explanation> {
        let number = self.area.number(spot)?;
        // Of tests within the reach itself each adds what it changes in those before it.
        let mut parts: Vec<Part> = Vec::new();
        let of = |(observation, above): &(Observation, Above)| {
            let [upstream, other] = observation.rates.of(observation.outcome);
            let log = match above.part {
                _ if above.runs.iter().any(|run| run.contains(&number)) => upstream.ln(),
                Some((own, share)) if own == number => {
                    let whole = |parts: &[Part]| stretches(parts).iter().map(|s| s.1).sum::<f64>().ln();
                    let before = whole(&parts);
                    parts.push(Part { share, upstream, other });
                    let after = whole(&parts);
                    if after == f64::NEG_INFINITY { after } else { after - before }
                }
                _ => other.ln(),
            };
            (observation.id.clone(), log)
        };
        Some(Explanation {
            prior: self.prior.weights[number].ln(),
            observations: self.counted().map(of).collect(),
            evidence: posterior.evidence,
        })
    }
}

/// A test at the inside of a reach: the share of the reach above it, and how likely its outcome is if the source is there or not.
#[derive(Debug, Clone, Copy)]
struct Part {
    share: f64,
    upstream: f64,
    other: f64,
}

/// The stretches of a reach between tests on its inside, from the upper end down: where each ends, as a share of the reach, and its
/// length times how likely all the outcomes are if the source is there.
fn stretches(parts: &[Part]) -> Vec<(f64, f64)> {
    let mut ends: Vec<f64> = parts.iter().map(|p| p.share).chain([1.0]).collect();
    ends.sort_unstable_by(f64::total_cmp);
    let mut from = 0.0;
    let stretch = |to: f64| {
        let likelihood: f64 =
            parts.iter().map(|p| if to <= p.share { p.upstream } else { p.other }).product();
        let weight = (to - from) * likelihood;
        from = to;
        (to, weight)
    };
    ends.into_iter().map(stretch).collect()
}

/// What made a spot's probability what it is: its logarithm is `prior` and all `observations` added up, less `evidence`.
///
/// # Units
/// Natural logarithms of probabilities; minus infinity where something cannot be.
#[doc(alias = "概率解释")]
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What was believed before.
    pub prior: f64,
    /// How likely each observation that counts is if the source is there, by id.
    pub observations: Vec<(String, f64)>,
    /// How likely those observations are together, wherever the source is.
    pub evidence: f64,
}

impl Explanation {
    /// The logarithm of the probability.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.prior + self.observations.iter().map(|o| o.1).sum::<f64>() - self.evidence
    }
}

/// The probability of every spot of an area.
#[doc(alias = "后验概率")]
#[derive(Debug, Clone)]
pub struct Posterior<'a> {
    area: &'a SearchArea<'a>,
    prior: &'a Prior,
    probabilities: Vec<f64>,
    /// Of reaches that were tested on their inside, the stretches as [`stretches`] has them.
    parts: BTreeMap<usize, Vec<(f64, f64)>>,
    tested: BTreeSet<(PlaceKey, String)>,
    evidence: f64,
}

impl<'a> Posterior<'a> {
    /// The places that were searched.
    #[must_use]
    pub fn area(&self) -> &'a SearchArea<'a> {
        self.area
    }

    /// The probability of a spot; 0 for what is not searched.
    #[must_use]
    pub fn at(&self, spot: Spot) -> f64 {
        self.area.number(spot).map_or(0.0, |number| self.probabilities[number])
    }

    /// Every probability, in the order of [`SearchArea::spots`]; they sum to 1.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The probability that the source is each of the known places of the prior, in the order they were given in; 0 for those whose
    /// water does not come to the start.
    #[must_use]
    pub fn of_known(&self) -> Vec<f64> {
        let one = |known: &Option<(usize, f64)>| match known {
            Some((number, part)) if *part > 0.0 => {
                self.probabilities[*number] * part / self.prior.weights[*number]
            }
            _ => 0.0,
        };
        self.prior.known.iter().map(one).collect()
    }

    /// The probability that the water at a place carries the source's.
    #[must_use]
    pub fn upstream_of(&self, place: &Place) -> f64 {
        let above = self.area.above(place);
        let sum = |run: &Range<usize>| self.probabilities[run.clone()].iter().sum::<f64>();
        let part = above.part.map_or(0.0, |(n, share)| self.above_on(n, share) * self.probabilities[n]);
        (above.runs.iter().map(sum).sum::<f64>() + part).min(1.0)
    }

    /// Whether anybody has tested at a place in an epoch.
    #[must_use]
    pub fn is_tested(&self, place: &Place, epoch: &str) -> bool {
        self.tested.contains(&(key_of(place), epoch.to_owned()))
    }

    /// If the source is on a reach, the probability that it is on such a share of it from the upper end.
    fn above_on(&self, number: usize, share: f64) -> f64 {
        let Some(stretches) = self.parts.get(&number) else { return share };
        let (mut from, mut sum, mut above) = (0.0, 0.0, 0.0);
        for (to, weight) in stretches {
            let length = to - from;
            let part = if length > 0.0 { ((share - from) / length).clamp(0.0, 1.0) } else { 0.0 };
            sum += weight;
            above += part * weight;
            from = *to;
        }
        if sum > 0.0 { above / sum } else { share }
    }

    /// Spots from the likeliest on that have at least so much of the probability together, ties in the order of the area.
    ///
    /// # Complexity
    /// O(n log n).
    #[must_use]
    pub fn credible_set(&self, share: f64) -> Vec<(Spot, f64)> {
        let mut order: Vec<usize> = (0..self.probabilities.len()).collect();
        order.sort_by(|a, b| self.probabilities[*b].total_cmp(&self.probabilities[*a]).then(a.cmp(b)));
        let (mut set, mut sum) = (Vec::new(), 0.0);
        for number in order {
            if sum >= share || self.probabilities[number] <= 0.0 {
                break;
            }
            sum += self.probabilities[number];
            set.push((self.area.spot(number), self.probabilities[number]));
        }
        set
    }
}
