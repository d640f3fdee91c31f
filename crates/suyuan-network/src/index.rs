//! Which pipe is nearest to a place, by the packed R-tree of a network.

use rayon::prelude::*;
use suyuan_core::Coord;

use crate::grid::{BoxTree, along_curve, distance, nearest_on_segment};
use crate::ids::PipeId;
use crate::network::Network;

/// A spot on a pipe near a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PipeSpot {
    /// The pipe.
    pub pipe: PipeId,
    pub(crate) part: u32,
    /// Metres from the drawn start of the pipe's part.
    pub measure: f64,
    /// The spot.
    pub spot: Coord<f64>,
    /// Distance from the place to the spot, metres.
    pub distance: f64,
}

/// Finds the pipes near a place by the R-tree around the parts of pipes, which lies packed in a prepared file.
///
/// # Complexity
/// Made in O(n) for n parts, of a prepared network in O(1); a query O(log n) and the parts near by.
#[derive(Debug, Clone, Copy)]
pub struct NearestPipe<'a> {
    network: &'a Network,
    boxes: &'a BoxTree,
}

/// A pipe near a place: the squared distance, the pipe, and where on it, by part and first vertex of the segment.
struct Near {
    square: f64,
    pipe: PipeId,
    part: u32,
    vertex: u32,
}

impl<'a> NearestPipe<'a> {
    /// Indexes a network.
    #[must_use]
    pub fn new(network: &'a Network) -> Self {
        Self { network, boxes: network.boxes() }
    }

    /// The network that was indexed.
    #[must_use]
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// Answers for each of many places, on all cores, in the order in which the places lie along a curve through the city:
    /// what one needed is then still at hand for the next. `ask` gets the place's number.
    ///
    /// # Shape
    /// As many answers as places, in the same order.
    pub fn of_each<T: Send>(
        &self,
        places: &[Option<Coord<f64>>],
        ask: impl Fn(usize) -> T + Send + Sync,
    ) -> Vec<T> {
        let key = |i: usize| (places[i].map_or(u64::MAX, along_curve), i);
        let mut order: Vec<(u64, usize)> = (0..places.len()).into_par_iter().map(key).collect();
        order.par_sort_unstable();
        let asked: Vec<T> = order.par_iter().map(|(_, i)| ask(*i)).collect();
        let mut answers: Vec<Option<T>> = places.iter().map(|_| None).collect();
        order.iter().zip(asked).for_each(|((_, i), answer)| answers[*i] = Some(answer));
        answers.into_iter().flatten().collect()
    }

    fn spot(&self, near: &Near, place: Coord<f64>) -> PipeSpot {
        let line = self.network.part(near.part);
        let vertex = near.vertex as usize;
        let (a, b) = (line[vertex], line[vertex + 1]);
        let (t, square) = nearest_on_segment(a, b, place);
        let before: f64 = line[..=vertex].windows(2).map(|w| distance(w[0], w[1])).sum();
        PipeSpot {
            pipe: near.pipe,
            part: near.part,
            measure: before + t * distance(a, b),
            spot: Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) },
            distance: square.sqrt(),
        }
    }

    /// The nearest spot of each pipe within `reach` metres of a place, nearest pipe first, ties by pipe.
    #[must_use]
    pub fn within(&self, place: Coord<f64>, reach: f64) -> Vec<PipeSpot> {
        self.nearest_within(place, reach, usize::MAX)
    }

    /// The first `count` of the pipes [`within`](Self::within) reach.
    #[must_use]
    pub fn nearest_within(&self, place: Coord<f64>, reach: f64, count: usize) -> Vec<PipeSpot> {
        let mut near: Vec<Near> = Vec::new();
        let area = [place.x - reach, place.y - reach, place.x + reach, place.y + reach];
        self.boxes.each_touching(area, &mut |part| {
            let Some((square, vertex)) = self.nearest_on_part(part, place).filter(|n| n.0 <= reach * reach)
            else {
                return;
            };
            let pipe = self.network.pipe_of_part(part);
            let found = Near { square, pipe, part, vertex };
            // Parts come in the order of their pipes.
            match near.last_mut().filter(|n| n.pipe == pipe) {
                Some(other) if other.square <= square => {}
                Some(other) => *other = found,
                None => near.push(found),
            }
        });
        near.sort_unstable_by(|a, b| a.square.total_cmp(&b.square).then(a.pipe.cmp(&b.pipe)));
        near.iter().take(count).map(|n| self.spot(n, place)).collect()
    }

    /// The spot of one pipe nearest to a place, `None` if the pipe has no geometry. O(vertices of the pipe).
    #[must_use]
    pub fn on_pipe(&self, pipe: PipeId, place: Coord<f64>) -> Option<PipeSpot> {
        let (from, to) = self.network.pipe(pipe).parts;
        let on_part = |part: u32| {
            let (square, vertex) = self.nearest_on_part(part, place)?;
            Some(Near { square, pipe, part, vertex })
        };
        let nearest = (from..to).filter_map(on_part).min_by(|a, b| a.square.total_cmp(&b.square))?;
        Some(self.spot(&nearest, place))
    }

    /// The squared distance from a place to a part, and the first vertex of its nearest segment; `None` without one.
    fn nearest_on_part(&self, part: u32, place: Coord<f64>) -> Option<(f64, u32)> {
        let line = self.network.part(part);
        let squares = line.windows(2).map(|w| nearest_on_segment(w[0], w[1], place).1);
        squares.zip(0..).min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// The nearest spot of all, `None` in a network without geometry. Of equally near pipes the first in order.
    #[must_use]
    pub fn nearest(&self, place: Coord<f64>) -> Option<PipeSpot> {
        let square_of = |part| self.nearest_on_part(part, place).map(|n| n.0);
        let (square, part) = self.boxes.nearest(place, square_of)?;
        let (_, vertex) = self.nearest_on_part(part, place)?;
        Some(self.spot(&Near { square, pipe: self.network.pipe_of_part(part), part, vertex }, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildConfig, build_network};
    use suyuan_core::drawn::drawn;

    #[test]
    fn a_place_far_away_finds_its_pipe_and_one_that_is_nowhere_none() {
        let (network, _) =
            build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic()).unwrap();
        let index = NearestPipe::new(&network);
        for x in [-5e6, 0.0, 3e5, 7e7] {
            let place = Coord { x, y: -2e5 };
            assert_eq!(index.nearest(place), index.within(place, 1e9).into_iter().next());
        }
        for nowhere in [f64::NAN, f64::INFINITY] {
            assert_eq!(index.nearest(Coord { x: nowhere, y: 0.0 }), None);
            assert_eq!(index.within(Coord { x: 0.0, y: nowhere }, 50.0), []);
        }
    }

    #[test]
    fn each_place_gets_its_own_answer() {
        let (network, _) =
            build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic()).unwrap();
        let places: Vec<_> = (0..500u32)
            .map(|i| (i % 7 != 0).then(|| Coord { x: f64::from(i * 37 % 101), y: f64::from(i * 53 % 97) }))
            .collect();
        assert_eq!(NearestPipe::new(&network).of_each(&places, |i| i), (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn the_nearest_pipe_is_that_of_brute_force() {
        let survey =
            drawn("MH1 -P1-> MH2 -P2-> OF1\nMH3 -P3-> MH2\nMH4 -P4-> MH3\nMH4 -P5-> MH1\nMH1 -P6-> MH2");
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let index = NearestPipe::new(&network);
        for i in 0..400 {
            let place = Coord { x: 800.0 + f64::from(i % 20) * 21.0, y: 800.0 + f64::from(i / 20) * 21.0 };
            let brute = network
                .pipe_ids()
                .map(|p| {
                    let d = network
                        .parts_of(p)
                        .flat_map(|line| line.windows(2).map(|w| [w[0], w[1]]).collect::<Vec<_>>())
                        .map(|[a, b]| nearest_on_segment(a, b, place).1.sqrt())
                        .fold(f64::INFINITY, f64::min);
                    (d, p)
                })
                .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
                .unwrap();
            let found = index.nearest(place).unwrap();
            assert!((found.distance - brute.0).abs() < 1e-9);
            let within = index.within(place, brute.0 + 30.0);
            assert_eq!(index.nearest_within(place, brute.0 + 30.0, 2), within[..within.len().min(2)]);
            assert!(within.windows(2).all(|w| w[0].distance <= w[1].distance));
            assert_eq!(within[0].pipe, found.pipe);
        }
    }
}
