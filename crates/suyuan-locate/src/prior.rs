//! What is believed before anybody looks.

use suyuan_network::{Network, Place, PlaceKind};

use crate::area::{SearchArea, Spot};

/// The share that every manhole and reach gets alike, since desk data are wrong now and then.
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
}

/// Why no belief can be made of some weights.
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
        Self::of_numbers(area.spots().iter().map(|spot| weight(*spot)).collect())
    }

    /// What desk data say: `known` are places where somebody may discharge, each with its weight, such as the probabilities of
    /// ranked drainers. A tenth of what is in the network is spread over all manholes and reaches alike, another
    /// tenth over the reaches by their length, for connections that nobody knows; one part in fifty is
    /// [`Spot::Elsewhere`]. Without any known place all of it is spread so.
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
        let mut sum = 0.0;
        for (place, weight) in known {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(BadWeight { value: weight });
            }
            let spot = match place.kind {
                PlaceKind::Node(node) => Spot::Node(node),
                PlaceKind::Reach { reach, .. } => Spot::Reach(reach),
            };
            if let Some(number) = area.number(spot) {
                weights[number] += weight;
                sum += weight;
            }
        }
        let network = area.network();
        let length = |spot: &Spot| length_of(network, *spot);
        let metres: f64 = area.spots().iter().map(length).sum();
        let [flat, unmapped] = match (sum > 0.0, metres > 0.0) {
            (true, true) => [FLAT, UNMAPPED],
            (true, false) => [FLAT + UNMAPPED, 0.0],
            (false, true) => [0.5, 0.5],
            (false, false) => [1.0, 0.0],
        };
        let each = flat / (area.len() - 1).max(1) as f64;
        for (weight, spot) in weights.iter_mut().zip(area.spots()) {
            let by_length = if metres > 0.0 { unmapped * length(spot) / metres } else { 0.0 };
            let known = if sum > 0.0 { (1.0 - flat - unmapped) * *weight / sum } else { 0.0 };
            *weight = (1.0 - ELSEWHERE) * (known + by_length + each);
        }
        if let Some(elsewhere) = weights.last_mut() {
            *elsewhere = ELSEWHERE;
        }
        Self::of_numbers(weights)
    }

    fn of_numbers(mut weights: Vec<f64>) -> Result<Self, BadWeight> {
        if let Some(value) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(BadWeight { value: *value });
        }
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(BadWeight { value: sum });
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        Ok(Self { weights })
    }
}

fn length_of(network: &Network, spot: Spot) -> f64 {
    match spot {
        Spot::Reach(reach) => network.reach(reach).length().max(0.0),
        Spot::Node(_) | Spot::Elsewhere => 0.0,
    }
}
