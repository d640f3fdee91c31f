//! Distances on the plane, and what lies near a point.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;
use suyuan_core::Coord;
use suyuan_core::stored::{Flat, Sections, Stored, StoredError};

/// The number of the square metre of a place along a Hilbert curve: what lies near by mostly has a number near by, and what
/// else there is makes no difference to it.
///
/// # Reference
/// Hilbert (1891); the walk over quadrants as in Warren, "Hacker's Delight" (2012), chapter 16.
pub(crate) fn along_curve(place: Coord<f64>) -> u64 {
    // The casts keep to the nearest number there is.
    let metre = |v: f64| (v.floor() as i32).cast_unsigned() ^ (1 << 31);
    let (mut x, mut y) = (metre(place.x), metre(place.y));
    let mut number = 0u64;
    for bit in (0..32).rev() {
        let (right, upper) = (x >> bit & 1, y >> bit & 1);
        number = number << 2 | u64::from((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            (x, y) = (y, x);
        }
    }
    number
}

/// Squared distance of two places.
pub(crate) fn distance2(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2)
}

/// Distance of two places, metres.
pub(crate) fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    distance2(a, b).sqrt()
}

/// The point of segment `a`–`b` nearest to `p`, as a share 0 to 1 of the way, and its squared distance.
pub(crate) fn nearest_on_segment(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> (f64, f64) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t =
        if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (t, distance2(Coord { x: a.x + t * dx, y: a.y + t * dy }, p))
}

/// How many things share a box at the lowest level, and how many boxes share one above.
const LEAF: usize = 4;
const FAN: usize = 8;

/// Boxes around runs of things that lie along a curve, and boxes around runs of those: a packed R-tree that needs no
/// sorting, since neighbours on the curve are neighbours in the plane.
///
/// # Reference
/// Kamel and Faloutsos, "Hilbert R-tree" (1994).
#[derive(Debug, Clone, Default)]
pub(crate) struct BoxTree {
    count: usize,
    /// Boxes by the level, the lowest first.
    levels: Vec<Flat<Boxes>>,
}

/// Boxes side by side, so that one look tests them all.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Boxes {
    west: [f64; FAN],
    south: [f64; FAN],
    east: [f64; FAN],
    north: [f64; FAN],
}

impl Boxes {
    /// At most [`FAN`] boxes as west, south, east, north; what is missing is nowhere.
    fn of(boxes: impl Iterator<Item = [f64; 4]>) -> Self {
        let (none, nowhere) = ([f64::INFINITY; FAN], [f64::NEG_INFINITY; FAN]);
        let mut all = Self { west: none, south: none, east: nowhere, north: nowhere };
        for (k, b) in boxes.enumerate() {
            (all.west[k], all.south[k], all.east[k], all.north[k]) = (b[0], b[1], b[2], b[3]);
        }
        all
    }

    /// The box around all of them.
    fn around(&self) -> [f64; 4] {
        around((0..FAN).map(|k| [self.west[k], self.south[k], self.east[k], self.north[k]]))
    }

    /// One bit for each box that an area touches.
    fn touched(&self, [west, south, east, north]: [f64; 4]) -> u32 {
        (0..FAN).fold(0, |bits, k| {
            let hit = (self.west[k] <= east)
                & (self.south[k] <= north)
                & (self.east[k] >= west)
                & (self.north[k] >= south);
            bits | u32::from(hit) << k
        })
    }

    /// The squared distance of each from a place; infinite for what is missing.
    fn squares(&self, p: Coord<f64>) -> [f64; FAN] {
        std::array::from_fn(|k| {
            let dx = (self.west[k] - p.x).max(p.x - self.east[k]).max(0.0);
            let dy = (self.south[k] - p.y).max(p.y - self.north[k]).max(0.0);
            dx * dx + dy * dy
        })
    }
}

/// The box around some boxes.
pub(crate) fn around(boxes: impl Iterator<Item = [f64; 4]>) -> [f64; 4] {
    boxes.fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |a, b| {
        [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
    })
}

impl BoxTree {
    /// Packs `count` things, of which `box_of(i)` is around the thing `i`.
    pub(crate) fn new(count: usize, box_of: impl Fn(usize) -> [f64; 4] + Sync) -> Self {
        let run = |k: usize, size: usize, of: usize| k * size..((k + 1) * size).min(of);
        let leaves = count.div_ceil(LEAF);
        let leaf = |k| around(run(k, LEAF, count).map(&box_of));
        let lowest = |k| Boxes::of(run(k, FAN, leaves).map(leaf));
        let lowest: Vec<Boxes> = (0..leaves.div_ceil(FAN)).into_par_iter().map(lowest).collect();
        let mut levels: Vec<Flat<Boxes>> = vec![lowest.into()];
        while let Some(below) = levels.last().filter(|l| l.len() > 1) {
            let up = (0..below.len().div_ceil(FAN))
                .map(|k| Boxes::of(run(k, FAN, below.len()).map(|i| below.at(i).around())))
                .collect();
            levels.push(up);
        }
        Self { count, levels }
    }

    /// Adds the boxes to what is to be stored, a section for each level.
    pub(crate) fn put<'a>(&'a self, sections: &mut Sections<'a>) {
        self.levels.iter().enumerate().for_each(|(k, level)| sections.put_flat(&format!("boxes.{k}"), level));
    }

    /// The boxes that were stored around `count` things.
    pub(crate) fn open(stored: &Arc<Stored>, count: usize) -> Result<Self, StoredError> {
        let mut levels: Vec<Flat<Boxes>> = Vec::new();
        let mut size = count.div_ceil(LEAF).div_ceil(FAN);
        while levels.is_empty() || size > 1 {
            size = if levels.is_empty() { size } else { size.div_ceil(FAN) };
            let name = format!("boxes.{}", levels.len());
            let level = stored.flat(&name)?;
            if level.len() != size {
                return Err(StoredError::Section(name));
            }
            levels.push(level);
        }
        Ok(Self { count, levels })
    }

    /// Everything that may lie within `reach` of `p`, in order, each once; into `found`, cleared first.
    pub(crate) fn near(&self, p: Coord<f64>, reach: f64, found: &mut Vec<u32>) {
        self.touching([p.x - reach, p.y - reach, p.x + reach, p.y + reach], found);
    }

    /// Everything that may touch an area, as west, south, east, north, in order, each once; into `found`, cleared first.
    pub(crate) fn touching(&self, area: [f64; 4], found: &mut Vec<u32>) {
        found.clear();
        self.each_touching(area, &mut |i| found.push(i));
    }

    /// Shows everything that may touch an area, in order, each once.
    pub(crate) fn each_touching(&self, area: [f64; 4], show: &mut impl FnMut(u32)) {
        if self.count > 0 {
            self.descend(self.levels.len() - 1, 0, area, show);
        }
    }

    /// The thing nearest to `p` and its squared distance, which `square_of` tells, `None` for what is nowhere; of equally
    /// near ones the first. O(log n) and what lies about as near.
    pub(crate) fn nearest(
        &self,
        p: Coord<f64>,
        square_of: impl Fn(u32) -> Option<f64>,
    ) -> Option<(f64, u32)> {
        let mut best = None;
        if self.count > 0 && p.x.is_finite() && p.y.is_finite() {
            self.approach(self.levels.len() - 1, 0, p, &square_of, &mut best);
        }
        best
    }

    fn approach(
        &self,
        level: usize,
        at: usize,
        p: Coord<f64>,
        square_of: &impl Fn(u32) -> Option<f64>,
        best: &mut Option<(f64, u32)>,
    ) {
        let mut squares = self.levels[level].at(at).squares(p);
        loop {
            let (mut nearest, mut k) = (squares[0], 0);
            for (i, square) in squares.iter().enumerate().skip(1) {
                if *square < nearest {
                    (nearest, k) = (*square, i);
                }
            }
            // Distances to a box and to what is in it are rounded differently.
            let may_be_nearer = |b: (f64, u32)| nearest.sqrt() <= b.0.sqrt() + 1e-8;
            if nearest == f64::INFINITY || !best.is_none_or(may_be_nearer) {
                return;
            }
            squares[k] = f64::INFINITY;
            let k = at * FAN + k;
            if level > 0 {
                self.approach(level - 1, k, p, square_of, best);
                continue;
            }
            for i in k * LEAF..((k + 1) * LEAF).min(self.count) {
                let found = square_of(i as u32).map(|square| (square, i as u32));
                if let Some(found) = found.filter(|f| best.is_none_or(|b| *f < b)) {
                    *best = Some(found);
                }
            }
        }
    }

    fn descend(&self, level: usize, at: usize, area: [f64; 4], show: &mut impl FnMut(u32)) {
        let mut touched = self.levels[level].at(at).touched(area);
        while touched != 0 {
            let k = at * FAN + touched.trailing_zeros() as usize;
            touched &= touched - 1;
            if level == 0 {
                (k * LEAF..((k + 1) * LEAF).min(self.count)).for_each(|i| show(i as u32));
            } else {
                self.descend(level - 1, k, area, show);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends_of(ends: &(Coord<f64>, Coord<f64>)) -> impl Iterator<Item = [f64; 4]> {
        [ends.0, ends.1].into_iter().map(|c| [c.x, c.y, c.x, c.y])
    }

    fn point() -> impl Strategy<Value = Coord<f64>> {
        (-30.0..30.0f64, -30.0..30.0f64).prop_map(|(x, y)| Coord { x, y })
    }

    #[test]
    fn the_curve_goes_through_every_square_step_by_step() {
        // Of an aligned block each number is a square of its own beside that of the number before.
        for origin in [-64.0, 0.0, 4096.0] {
            let mut squares: Vec<(u64, i32, i32)> = (0..64)
                .flat_map(|x| (0..64).map(move |y| (x, y)))
                .map(|(x, y)| {
                    let place = Coord { x: origin + f64::from(x) + 0.5, y: origin + f64::from(y) + 0.5 };
                    (along_curve(place), x, y)
                })
                .collect();
            squares.sort_unstable();
            assert!(squares.windows(2).all(|w| w[0].0 + 1 == w[1].0));
            assert!(squares.windows(2).all(|w| w[0].1.abs_diff(w[1].1) + w[0].2.abs_diff(w[1].2) == 1));
        }
    }

    proptest! {
        #[test]
        fn the_nearest_segment_is_that_of_brute_force(
            ends in prop::collection::vec((point(), point()), 0..300), p in point(), far in -4..4i32
        ) {
            // In every other case in the midst of a projected system, whose coordinates are rounded more.
            let away = f64::from(far & 1);
            let moved = |c: &Coord<f64>| Coord { x: c.x + 5e5 * away, y: c.y + 3.3e6 * away };
            let ends: Vec<_> = ends.iter().map(|(a, b)| (moved(a), moved(b))).collect();
            let p = moved(&Coord { x: p.x + 1e3 * f64::from(far), y: p.y - 1e5 * f64::from(far) });
            let tree = BoxTree::new(ends.len(), |i| around(ends_of(&ends[i])));
            let square = |i: u32| {
                let (a, b) = ends[i as usize];
                (i % 7 != 3).then(|| nearest_on_segment(a, b, p).1) // some are nowhere
            };
            let all = (0..ends.len() as u32).filter_map(|i| Some((square(i)?, i)));
            prop_assert_eq!(tree.nearest(p, square), all.min_by(|a, b| a.partial_cmp(b).unwrap()));
        }

        #[test]
        fn no_segment_near_a_point_is_missed(
            ends in prop::collection::vec((point(), point()), 1..60), p in point(), reach in 0.0..12.0f64
        ) {
            let tree = BoxTree::new(ends.len(), |i| around(ends_of(&ends[i])));
            let mut found = vec![7];
            tree.near(p, reach, &mut found);
            prop_assert!(found.windows(2).all(|w| w[0] < w[1]));
            for (i, (a, b)) in ends.iter().enumerate() {
                if nearest_on_segment(*a, *b, p).1.sqrt() <= reach {
                    prop_assert!(found.contains(&(i as u32)));
                }
            }
        }
    }
}
