//! Which keys come more than once.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

/// Which keys come more than once, or share their place in a table with another key: few are left to be sorted.
pub(crate) struct Seen {
    /// Two bits for each place: seen, and seen again.
    places: Vec<AtomicU64>,
}

/// A number whose bits all depend on all of `bits`.
///
/// # Reference
/// S. Vigna's SplitMix64, after D. Stafford's "Better bit mixing" (2011), variant 13.
#[inline]
pub(crate) fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

impl Seen {
    /// A table for about so many keys.
    pub(crate) fn new(count: usize) -> Self {
        let words = count.next_power_of_two().max(2);
        Self { places: (0..words).into_par_iter().map(|_| AtomicU64::new(0)).collect() }
    }

    /// The word and the bit of a key, which should be [`mixed`].
    fn place(&self, key: u64) -> (&AtomicU64, u64) {
        let word = key >> (64 - self.places.len().ilog2());
        (&self.places[word as usize], 1 << (2 * (key & 31)))
    }

    pub(crate) fn note(&self, key: u64) {
        let (word, bit) = self.place(key);
        if word.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            word.fetch_or(bit << 1, Ordering::Relaxed);
        }
    }

    /// Whether a key was noted more than once; now and then one that was not.
    pub(crate) fn again(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        word.load(Ordering::Relaxed) & bit << 1 != 0
    }
}
