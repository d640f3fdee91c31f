//! What is believed before anybody looks.

use suyuan_network::{Place, PlaceKind};

use crate::area::{SearchArea, Spot};

/// The share that every manhole and reach gets alike, since desk data are wrong now and then. This share and the two below are
/// assumptions: with all three a wrong map costs some tests more, without them it is never found.
const FLAT: f64 = 0.1;
/// The share of connections that no survey knows, by the length of the pipes.
const UNMAPPED: f64 = 0.1;
/// The share of sources that are not in this network at all.
const ELSEWHERE: f64 = 0.02;

/// What is believed of each spot of an area before anybody looks: weights that sum to 1.
#[doc(alias = "先验概率")]
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    pub(crate) weights: Vec<f64>,
    /// The spot of each known place, if its water comes to the start, and its part of the spot's weight.
    pub(crate) known: Vec<Option<(usize, f64)>>,
    /// Where the area starts.
    pub(crate) start: PlaceKind,
}

/// Why no belief can be made of some weights.
#[doc(alias = "权重无效")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a weight is {value}; give finite ones of 0 or more, not all of them 0")]
pub struct BadWeight {
    /// The weight.
    pub value: f64,
}

impl Prior {
    /// A weight for each spot, in the order of [`SearchArea::spots`].
    ///
    /// # Errors
    /// [`BadWeight`] for weights that are negative or no numbers, or all 0.
    pub fn of_spots(area: &SearchArea<'_>, weight: impl Fn(Spot) -> f64) -> Result<Self, BadWeight> {
        Self::of_numbers(area, area.spots().iter().map(|spot| weight(*spot)).collect())
    }

    /// What desk data say: `known` are places where somebody may discharge, each with its weight, such as the probabilities of
    /// ranked drainers. A tenth of what is in the network is spread over all manholes and reaches alike, another
    /// tenth over the reaches by their length, for connections that nobody knows; one part in fifty is
    /// [`Spot::Elsewhere`]. Without any known place all of it is spread so. A known place on a reach counts for the reach; see
    /// [`Prior::unplaced`] for those that count for nothing.
    ///
    /// # Errors
    /// [`BadWeight`] for weights that are negative or no numbers.
    ///
    /// # Complexity
    /// O(spots + known).
    pub fn of_known(
        area: &SearchArea<'_>,
        known: impl IntoIterator<Item = (Place, f64)>,
    ) -> Result<Self, BadWeight> {
        let mut weights = vec![0.0; area.len()];
        let mut found = Vec::new();
        let mut sum = 0.0;
        for (place, weight) in known {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(BadWeight { value: weight });
            }
            let number = area.number_of_place(&place);
            if let Some(number) = number {
                weights[number] += weight;
                sum += weight;
            }
            found.push(number.map(|number| (number, weight)));
        }
        let length = |spot: &Spot| length_of(area, *spot);
        let metres: f64 = area.spots().iter().map(length).sum();
        let [flat, unmapped] = match (sum > 0.0, metres > 0.0) {
            (true, true) => [FLAT, UNMAPPED],
            (true, false) => [FLAT + UNMAPPED, 0.0],
            (false, true) => [0.5, 0.5],
            (false, false) => [1.0, 0.0],
        };
        // Without any known place nothing is left for them.
        let of_known = |weight: f64| {
            let share = if sum > 0.0 { (1.0 - flat - unmapped) * weight / sum } else { 0.0 };
            (1.0 - ELSEWHERE) * share
        };
        let each = (1.0 - ELSEWHERE) * flat / (area.len() - 1).max(1) as f64;
        for (weight, spot) in weights.iter_mut().zip(area.spots()) {
            let by_length = if metres > 0.0 { unmapped * length(spot) / metres } else { 0.0 };
            *weight = of_known(*weight) + (1.0 - ELSEWHERE) * by_length + each;
        }
        if let Some(elsewhere) = weights.last_mut() {
            *elsewhere = ELSEWHERE;
        }
        let whole: f64 = weights.iter().sum();
        let known = found.into_iter().map(|f| f.map(|(number, weight)| (number, of_known(weight) / whole)));
        Ok(Self { known: known.collect(), ..Self::of_numbers(area, weights)? })
    }

    fn of_numbers(area: &SearchArea<'_>, mut weights: Vec<f64>) -> Result<Self, BadWeight> {
        if let Some(value) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(BadWeight { value: *value });
        }
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(BadWeight { value: sum });
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        Ok(Self { weights, known: Vec::new(), start: area.start().kind })
    }

    /// Which of the known places tell nothing, since their water does not come to the start; numbers in the order given.
    pub fn unplaced(&self) -> impl Iterator<Item = usize> {
        self.known.iter().enumerate().filter(|(_, k)| k.is_none()).map(|(number, _)| number)
    }
}

/// Metres of a spot that lie upstream of the start.
fn length_of(area: &SearchArea<'_>, spot: Spot) -> f64 {
    match spot {
        Spot::Reach(reach) if area.network().reach(reach).length() > 0.0 => area.extent(reach),
        Spot::Reach(_) | Spot::Node(_) | Spot::Elsewhere => 0.0,
    }
}
