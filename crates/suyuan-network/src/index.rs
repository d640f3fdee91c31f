//! The R-tree over pipe segments: which pipe is nearest to a place.

use rstar::primitives::{GeomWithData, Line};
use rstar::{AABB, PointDistance, RTree};
use suyuan_core::Coord;

use crate::grid::{distance, nearest_on_segment};
use crate::ids::PipeId;
use crate::network::Network;

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

/// An R-tree over every segment of a network, to be built once and asked often.
///
/// # Complexity
/// Build O(n log n); a query O(log n) and the segments near by, n being the segments.
#[derive(Debug)]
pub struct NearestPipe<'a> {
    network: &'a Network,
    tree: RTree<Segment>,
    /// The pipe of each part, and the measure at which each segment starts.
    part_pipes: Vec<PipeId>,
}

impl<'a> NearestPipe<'a> {
    /// Indexes a network.
    #[must_use]
    pub fn new(network: &'a Network) -> Self {
        let mut part_pipes = vec![PipeId(0); network.part_ends.len()];
        let mut segments = Vec::with_capacity(network.coords.len());
        for pipe in network.pipe_ids() {
            let (from, to) = network.pipe(pipe).parts;
            for part in from..to {
                part_pipes[part as usize] = pipe;
                for (vertex, w) in network.part(part).windows(2).enumerate() {
                    let line = Line::new([w[0].x, w[0].y], [w[1].x, w[1].y]);
                    segments.push(GeomWithData::new(line, (part, vertex as u32)));
                }
            }
        }
        Self { network, tree: RTree::bulk_load(segments), part_pipes }
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
            pipe: self.part_pipes[part as usize],
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
        let around =
            AABB::from_corners([place.x - reach, place.y - reach], [place.x + reach, place.y + reach]);
        let mut spots: Vec<PipeSpot> = self
            .tree
            .locate_in_envelope_intersecting(around)
            .filter(|s| s.distance_2(&point) <= reach * reach)
            .map(|s| self.spot(s.data.0, s.data.1, place))
            .collect();
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
            for (vertex, w) in self.network.part(part).windows(2).enumerate() {
                let (_, d2) = nearest_on_segment(w[0], w[1], place);
                if best.is_none_or(|b| d2 < b.0) {
                    best = Some((d2, part, vertex as u32));
                }
            }
        }
        best.map(|(_, part, vertex)| self.spot(part, vertex, place))
    }

    /// The nearest spot of all, `None` in a network without geometry. Of equally near pipes the first in order.
    #[must_use]
    pub fn nearest(&self, place: Coord<f64>) -> Option<PipeSpot> {
        let nearest = self.tree.nearest_neighbor([place.x, place.y])?;
        let distance = self.spot(nearest.data.0, nearest.data.1, place).distance;
        self.within(place, distance * (1.0 + 1e-12) + 1e-9).into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildConfig, build_network};
    use suyuan_core::drawn::drawn;

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
            assert!(within.windows(2).all(|w| w[0].distance <= w[1].distance));
            assert_eq!(within[0].pipe, found.pipe);
        }
    }
}
