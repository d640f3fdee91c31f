//! Heights and depths, which textbooks and surveys mix up and types do not.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Height above the survey's vertical datum, metres.
#[doc(alias = "高程")]
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Level(pub f64);

/// Metres down from the ground, to the invert unless said otherwise; never a [`Level`].
#[doc(alias = "埋深")]
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Depth(pub f64);

impl Sub<Depth> for Level {
    type Output = Level;

    /// Ground level less depth is the invert level.
    fn sub(self, depth: Depth) -> Level {
        Level(self.0 - depth.0)
    }
}

impl Add<Depth> for Level {
    type Output = Level;

    /// Invert level plus depth is the ground level.
    fn add(self, depth: Depth) -> Level {
        Level(self.0 + depth.0)
    }
}

impl Sub for Level {
    type Output = f64;

    /// How far the first level lies above the second, metres.
    fn sub(self, other: Level) -> f64 {
        self.0 - other.0
    }
}
