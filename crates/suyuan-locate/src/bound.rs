//! What no plan can beat.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::observe::{ErrorRates, Outcome};

/// Entropy of some probabilities, bits.
///
/// # Reference
/// C. E. Shannon, "A Mathematical Theory of Communication", Bell System Technical Journal 27 (1948).
#[must_use]
pub fn entropy(probabilities: &[f64]) -> f64 {
    probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.log2()).sum()
}

/// Entropy of a yes that has the probability `p`, bits.
pub(crate) fn binary_entropy(p: f64) -> f64 {
    entropy(&[p, 1.0 - p])
}

/// What a test tells of whether the source lies upstream of it, if it does with the probability `upstream`; bits.
pub(crate) fn information(rates: ErrorRates, upstream: f64) -> f64 {
    let [yes, no] = rates.of(Outcome::Present);
    let present = upstream * yes + (1.0 - upstream) * no;
    let told =
        binary_entropy(present) - upstream * binary_entropy(yes) - (1.0 - upstream) * binary_entropy(no);
    told.max(0.0)
}

/// The most that one test can tell, bits: the capacity of the binary channel with such error rates.
///
/// # Complexity
/// Some two hundred evaluations: what a test tells is concave in the probability that is asked about.
///
/// # Reference
/// Shannon (1948); for a channel that errs alike both ways it is 1 − H(error).
#[must_use]
pub fn capacity(rates: ErrorRates) -> f64 {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..100 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if information(rates, a) < information(rates, b) {
            low = a;
        } else {
            high = b;
        }
    }
    information(rates, f64::midpoint(low, high))
}

/// The least expected number of tests with two outcomes that are never wrong, whatever is asked: no plan finds one of the
/// alternatives with fewer.
///
/// # Complexity
/// O(n log n).
///
/// # Reference
/// D. A. Huffman, "A Method for the Construction of Minimum-Redundancy Codes", Proceedings of the IRE 40 (1952).
#[must_use]
pub fn huffman(probabilities: &[f64]) -> f64 {
    // Not negative, so that their bits are in the order of the numbers.
    let positive = probabilities.iter().filter(|p| **p > 0.0);
    let mut open: BinaryHeap<Reverse<u64>> = positive.map(|p| Reverse(p.to_bits())).collect();
    let mut tests = 0.0;
    while let (Some(Reverse(a)), Some(Reverse(b))) = (open.pop(), open.pop()) {
        let both = f64::from_bits(a) + f64::from_bits(b);
        tests += both;
        open.push(Reverse(both.to_bits()));
        if open.len() == 1 {
            break;
        }
    }
    tests
}
