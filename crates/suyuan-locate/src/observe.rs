//! What was found where, and how far that can be trusted.

use suyuan_network::Place;

/// What a test told.
#[doc(alias = "检测结果")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The pollutant is there.
    Present,
    /// It is not.
    Absent,
}

/// How often a test is wrong, and how far it may be believed at all.
///
/// # Units
/// Probabilities, 0 to 1.
#[doc(alias = "误判率")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorRates {
    missed: f64,
    invented: f64,
}

/// Why an error rate is none.
#[doc(alias = "误判率无效")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("an error rate is {value}; give a probability from 0 to 1")]
pub struct BadRate {
    /// What was given.
    pub value: f64,
}

impl ErrorRates {
    /// A generic field kit, set a little pessimistic: who believes a test too much is wrong more often than who trusts it too
    /// little is slow.
    pub const FIELD_KIT: Self = Self { missed: 0.15, invented: 0.05 };
    /// A laboratory.
    pub const LABORATORY: Self = Self { missed: 0.05, invented: 0.02 };
    /// A test that is never wrong.
    pub const NEVER_WRONG: Self = Self { missed: 0.0, invented: 0.0 };

    /// `missed` is how often the test finds nothing where there is something, `invented` how often it finds something where there
    /// is nothing.
    ///
    /// # Errors
    /// [`BadRate`] for what is no probability.
    pub fn new(missed: f64, invented: f64) -> Result<Self, BadRate> {
        match [missed, invented].into_iter().find(|rate| !(0.0..=1.0).contains(rate)) {
            Some(value) => Err(BadRate { value }),
            None => Ok(Self { missed, invented }),
        }
    }

    /// How often the test finds nothing where there is something.
    #[must_use]
    pub fn missed(self) -> f64 {
        self.missed
    }

    /// How often it finds something where there is nothing.
    #[must_use]
    pub fn invented(self) -> f64 {
        self.invented
    }

    /// How much an outcome speaks for the source upstream: the logarithm of the ratio of both probabilities. Infinite where just one
    /// of them is 0, and where both are, since then nothing explains it.
    pub(crate) fn strength(self, outcome: Outcome) -> f64 {
        match self.of(outcome) {
            [upstream, other] if upstream > 0.0 || other > 0.0 => upstream.ln() - other.ln(),
            _ => f64::INFINITY,
        }
    }

    /// The probability of an outcome where the source lies upstream, and where it does not.
    #[must_use]
    pub fn of(self, outcome: Outcome) -> [f64; 2] {
        match outcome {
            Outcome::Present => [1.0 - self.missed, self.invented],
            Outcome::Absent => [self.missed, 1.0 - self.invented],
        }
    }
}

/// A test at a place: of the water that leaves a manhole, or that comes out of a pipe.
///
/// # Shape
/// At a node everything that its outlet carries is tested; at the lower end of a reach
/// ([`PlaceKind::Reach`](suyuan_network::PlaceKind::Reach) with `above_end` 0), what enters along that reach and above it.
#[doc(alias = "观测")]
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Its id in the field log; observations count once for each id.
    pub id: String,
    /// Where.
    pub place: Place,
    /// When, as far as that matters: tests at one place in one epoch, such as a day, are spoilt together.
    pub epoch: String,
    /// What was found.
    pub outcome: Outcome,
    /// How often such a test is wrong.
    pub rates: ErrorRates,
}
