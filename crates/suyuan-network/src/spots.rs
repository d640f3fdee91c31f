//! Points gathered by exact place, and pairs of places within a distance.

use rayon::prelude::*;
use suyuan_core::Coord;

use crate::grid::distance2;

const NONE: u32 = u32::MAX;
/// Cells are at least so wide, metres, so that a district fits into the table side by side.
const NARROWEST: f64 = 8.0;
/// Places that are looked at together.
const CHUNK: usize = 8192;

/// Points gathered by exact place, in a table of square cells. Cells that are neighbours in the plane are mostly neighbours
/// in the table, so points that come along a curve find theirs in the cache.
pub(crate) struct Spots {
    /// Cells a metre, and the farthest that pairs may be asked for.
    per_metre: f64,
    within: f64,
    /// The places, in the order in which they were first met.
    places: Vec<Coord<f64>>,
    /// Points of each place: where its run in `points` begins, and one more.
    starts: Vec<u32>,
    points: Vec<u32>,
    /// The last place of each cell of the table, and for each place the one before it there.
    heads: Vec<u32>,
    before: Vec<u32>,
}

/// Every second bit, of the lower sixteen.
fn spread(v: u32) -> u32 {
    let v = (v | v << 8) & 0x00ff_00ff;
    let v = (v | v << 4) & 0x0f0f_0f0f;
    let v = (v | v << 2) & 0x3333_3333;
    (v | v << 1) & 0x5555_5555
}

/// The cell of a table of `slots` (a power of two) for a square.
///
/// # Reference
/// Morton, "A Computer Oriented Geodetic Data Base" (1966): the bits of both numbers in turns.
fn slot([x, y]: [i64; 2], slots: usize) -> usize {
    let low = |v: i64| spread(v as u32 & 0xffff);
    (low(x) | low(y) << 1) as usize & (slots - 1)
}

impl Spots {
    /// Gathers points, of which `place_of(i)` is where the point `i` lies, if anywhere. Pairs may be asked for up to `within`
    /// metres.
    pub(crate) fn new(count: usize, place_of: impl Fn(usize) -> Option<Coord<f64>>, within: f64) -> Self {
        let slots = (2 * count).next_power_of_two().min(1 << 28);
        let mut spots = Self {
            // A little wider than the distance, so that rounding cannot put a pair two cells apart.
            per_metre: 1.0 / (1.001 * within).max(NARROWEST),
            within,
            places: Vec::new(),
            starts: Vec::new(),
            points: Vec::new(),
            heads: vec![NONE; slots],
            before: Vec::new(),
        };
        let mut of: Vec<u32> = Vec::with_capacity(count);
        for i in 0..count {
            of.push(place_of(i).map_or(NONE, |place| spots.take(place)));
        }
        let mut starts = vec![0u32; spots.places.len() + 1];
        for spot in of.iter().filter(|spot| **spot != NONE) {
            starts[*spot as usize + 1] += 1;
        }
        for s in 0..spots.places.len() {
            starts[s + 1] += starts[s];
        }
        let mut next = starts.clone();
        spots.points = vec![0; starts[spots.places.len()] as usize];
        for (i, spot) in of.iter().enumerate().filter(|(_, spot)| **spot != NONE) {
            spots.points[next[*spot as usize] as usize] = i as u32;
            next[*spot as usize] += 1;
        }
        spots.starts = starts;
        spots
    }

    /// The spot of a place, a new one if need be.
    fn take(&mut self, place: Coord<f64>) -> u32 {
        let slot = slot(self.cell(place), self.heads.len());
        let mut spot = self.heads[slot];
        while spot != NONE {
            if self.places[spot as usize] == place {
                return spot;
            }
            spot = self.before[spot as usize];
        }
        let new = self.places.len() as u32;
        self.places.push(place);
        self.before.push(self.heads[slot]);
        self.heads[slot] = new;
        new
    }

    fn cell(&self, place: Coord<f64>) -> [i64; 2] {
        [place.x, place.y].map(|v| (v * self.per_metre).floor() as i64)
    }

    /// How many places there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The points at a place, in order.
    pub(crate) fn at(&self, spot: usize) -> &[u32] {
        &self.points[self.starts[spot] as usize..self.starts[spot + 1] as usize]
    }

    /// Pairs of different places at most so far apart as was said, each once: the earlier one, the later one, and their
    /// squared distance.
    ///
    /// # Complexity
    /// O(places), and the pairs that lie in neighbouring cells.
    pub(crate) fn pairs(&self) -> Vec<(u32, u32, f64)> {
        let all: Vec<u32> = (0..self.len() as u32).collect();
        let found = all.par_chunks(CHUNK).map(|spots| {
            let mut pairs = Vec::new();
            spots.iter().for_each(|spot| self.pairs_of(*spot, &mut pairs));
            pairs
        });
        found.collect::<Vec<_>>().concat()
    }

    /// The pairs of a place with later ones in its own cell, and with all those in the cells west and north of it.
    fn pairs_of(&self, spot: u32, pairs: &mut Vec<(u32, u32, f64)>) {
        let place = self.places[spot as usize];
        let [x, y] = self.cell(place);
        for [dx, dy] in [[0, 0], [-1, 0], [-1, 1], [0, 1], [1, 1]] {
            let cell = [x.wrapping_add(dx), y.wrapping_add(dy)];
            let mut next = self.heads[slot(cell, self.heads.len())];
            while next != NONE {
                let other = next;
                next = self.before[other as usize];
                let there = self.places[other as usize];
                let apart = distance2(place, there);
                let once = if [dx, dy] == [0, 0] { other > spot } else { other != spot };
                if apart <= self.within * self.within && once && self.cell(there) == cell {
                    pairs.push((spot.min(other), spot.max(other), apart));
                }
            }
        }
    }

    /// Every pair of points within the distance, equal places too, each once.
    pub(crate) fn pairs_of_points(&self) -> impl Iterator<Item = (u32, u32)> {
        let alike = (0..self.len()).flat_map(|spot| {
            let here = self.at(spot);
            here.iter().enumerate().flat_map(move |(k, a)| here[k + 1..].iter().map(move |b| (*a, *b)))
        });
        let apart = self.pairs().into_iter().flat_map(move |(s, t, _)| {
            self.at(s as usize).iter().flat_map(move |a| self.at(t as usize).iter().map(move |b| (*a, *b)))
        });
        alike.chain(apart)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pairs_are_those_of_brute_force(
            points in prop::collection::vec((-40i32..40, -40i32..40), 0..80), within in 0.01..9.0f64
        ) {
            // On a grid of half a metre many points share their place.
            let place = |i: usize| Coord { x: 0.5 * f64::from(points[i].0), y: 0.5 * f64::from(points[i].1) };
            let spots = Spots::new(points.len(), |i| Some(place(i)), within);
            let mut found: Vec<(u32, u32)> =
                spots.pairs_of_points().map(|(a, b)| (a.min(b), a.max(b))).collect();
            found.sort_unstable();
            let mut expected = Vec::new();
            for i in 0..points.len() {
                for j in i + 1..points.len() {
                    if distance2(place(i), place(j)) <= within * within {
                        expected.push((i as u32, j as u32));
                    }
                }
            }
            prop_assert_eq!(found, expected);
            let mut gathered: Vec<u32> = (0..spots.len()).flat_map(|s| spots.at(s).to_vec()).collect();
            gathered.sort_unstable();
            prop_assert!(gathered.into_iter().eq(0..points.len() as u32));
        }
    }

    #[test]
    fn places_without_bounds_are_gathered_all_the_same() {
        let far = [0.0, -0.0, 1e12, -1e300, f64::MAX, 4e7, 4e7 + 0.3];
        let spots = Spots::new(far.len() + 1, |i| far.get(i).map(|x| Coord { x: *x, y: 1.0 }), 0.5);
        assert_eq!(spots.at(0), [0, 1]);
        assert_eq!(spots.pairs().iter().map(|p| (p.0, p.1)).collect::<Vec<_>>(), [(4, 5)]);
    }
}
