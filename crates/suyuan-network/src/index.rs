//! The R-tree over pipe segments: which pipe is nearest to a place.

use rstar::primitives::{GeomWithData, Line};
use rstar::{AABB, PointDistance, RTree};
use suyuan_core::Coord;

use crate::grid::{BoxTree, distance, nearest_on_segment};
use crate::ids::PipeId;
use crate::network::Network;
use crate::rows::Coords;

type Segment = GeomWithData<Line<[f64; 2]>, (u32, u32)>;

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

/// Finds the pipes near a place, to be made once and asked often: an R-tree over every segment of a network; of a prepared network, the
/// boxes that lie in its file.
///
/// # Complexity
/// Build O(n log n), of a prepared network O(1); a query O(log n) and the segments near by, n being the segments.
#[derive(Debug)]
pub struct NearestPipe<'a> {
    network: &'a Network,
    tree: Tree<'a>,
}

#[derive(Debug)]
enum Tree<'a> {
    Segments(RTree<Segment>),
    /// Around the parts of pipes.
    Boxes(&'a BoxTree),
}

/// How far to look first where there are only boxes, metres; four times as far each time after.
const FIRST_LOOK: f64 = 16.0;

impl<'a> NearestPipe<'a> {
    /// Indexes a network.
    #[must_use]
    pub fn new(network: &'a Network) -> Self {
        if let Coords::Stored(_) = network.coords {
            return Self { network, tree: Tree::Boxes(network.boxes()) };
        }
        let mut segments = Vec::with_capacity(network.coords.len());
        for part in 0..network.part_ends.len() as u32 {
            for (vertex, w) in network.part(part).windows(2).enumerate() {
                let line = Line::new([w[0].x, w[0].y], [w[1].x, w[1].y]);
                segments.push(GeomWithData::new(line, (part, vertex as u32)));
            }
        }
        Self { network, tree: Tree::Segments(RTree::bulk_load(segments)) }
    }

    /// The network that was indexed.
    #[must_use]
    pub fn network(&self) -> &'a Network {
        self.network
    }

    fn spot(&self, part: u32, vertex: u32, place: Coord<f64>) -> PipeSpot {
        let line = self.network.part(part);
        let (a, b) = (line[vertex as usize], line[vertex as usize + 1]);
        let (t, d2) = nearest_on_segment(a, b, place);
        let before: f64 = line[..=vertex as usize].windows(2).map(|w| distance(w[0], w[1])).sum();
        PipeSpot {
            pipe: self.network.pipe_of_part(part),
            part,
            measure: before + t * distance(a, b),
            spot: Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) },
            distance: d2.sqrt(),
        }
    }

    /// The nearest spot of each pipe within `reach` metres of a place, nearest pipe first, ties by pipe.
    #[must_use]
    pub fn within(&self, place: Coord<f64>, reach: f64) -> Vec<PipeSpot> {
        let point = [place.x, place.y];
        let mut spots: Vec<PipeSpot> = match &self.tree {
            Tree::Segments(tree) => {
                let (west, south) = (place.x - reach, place.y - reach);
                let around = AABB::from_corners([west, south], [place.x + reach, place.y + reach]);
                let near = tree.locate_in_envelope_intersecting(around);
                let near = near.filter(|s| s.distance_2(&point) <= reach * reach);
                near.map(|s| self.spot(s.data.0, s.data.1, place)).collect()
            }
            Tree::Boxes(boxes) => {
                let mut parts = Vec::new();
                boxes.near(place, reach, &mut parts);
                let near = |part: &u32| self.nearest_on_part(*part, place).filter(|n| n.0 <= reach * reach);
                let near = parts.iter().filter_map(|part| Some((near(part)?.1, *part)));
                near.map(|(vertex, part)| self.spot(part, vertex, place)).collect()
            }
        };
        spots.sort_by(|a, b| {
            a.pipe.cmp(&b.pipe).then(a.distance.total_cmp(&b.distance)).then(a.measure.total_cmp(&b.measure))
        });
        spots.dedup_by_key(|s| s.pipe);
        spots.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.pipe.cmp(&b.pipe)));
        spots
    }

    /// The spot of one pipe nearest to a place, `None` if the pipe has no geometry. O(vertices of the pipe).
    #[must_use]
    pub fn on_pipe(&self, pipe: PipeId, place: Coord<f64>) -> Option<PipeSpot> {
        let (from, to) = self.network.pipe(pipe).parts;
        let mut best: Option<(f64, u32, u32)> = None;
        for part in from..to {
            let near = self.nearest_on_part(part, place).filter(|n| best.is_none_or(|b| n.0 < b.0));
            best = near.map(|(d2, vertex)| (d2, part, vertex)).or(best);
        }
        best.map(|(_, part, vertex)| self.spot(part, vertex, place))
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
        let distance = match &self.tree {
            Tree::Segments(tree) => {
                let nearest = tree.nearest_neighbor([place.x, place.y])?;
                self.spot(nearest.data.0, nearest.data.1, place).distance
            }
            Tree::Boxes(boxes) => self.distance_by_boxes(boxes, place)?,
        };
        self.within(place, distance * (1.0 + 1e-12) + 1e-9).into_iter().next()
    }

    fn distance_by_boxes(&self, boxes: &BoxTree, place: Coord<f64>) -> Option<f64> {
        let mut parts = Vec::new();
        let mut reach = FIRST_LOOK;
        loop {
            boxes.near(place, reach, &mut parts);
            let near = parts.iter().filter_map(|part| self.nearest_on_part(*part, place));
            let nearest = near.map(|n| n.0).min_by(f64::total_cmp).map(f64::sqrt);
            // What lies farther than the look may have a nearer neighbour outside of it.
            if nearest.is_some_and(|n| n <= reach) || parts.len() == self.network.part_ends.len() {
                return nearest;
            }
            if reach > 1e12 {
                return None; // a place that no box can be near to
            }
            reach *= 4.0;
        }
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
        let boxes = NearestPipe { network: &network, tree: Tree::Boxes(network.boxes()) };
        for x in [-5e6, 0.0, 3e5, 7e7] {
            let place = Coord { x, y: -2e5 };
            assert_eq!(boxes.nearest(place), index.nearest(place));
        }
        assert_eq!(boxes.nearest(Coord { x: f64::NAN, y: 0.0 }), None);
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
            let boxes = NearestPipe { network: &network, tree: Tree::Boxes(network.boxes()) };
            assert_eq!(boxes.nearest(place), Some(found));
            assert_eq!(boxes.within(place, brute.0 + 30.0), index.within(place, brute.0 + 30.0));
            let within = index.within(place, brute.0 + 30.0);
            assert!(within.windows(2).all(|w| w[0].distance <= w[1].distance));
            assert_eq!(within[0].pipe, found.pipe);
        }
    }
}
