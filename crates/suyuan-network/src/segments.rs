//! Every segment of every part, in a tree of boxes.

use rayon::prelude::*;
use suyuan_core::Coord;

use crate::grid::{BoxTree, distance};
use crate::survey::Lines;

/// Segments that are looked at together: one leaf of the tree, the fastest of 1, 4 and 8.
const CHUNK: usize = 4;

/// Every segment of every part, in a tree of boxes.
pub(crate) struct Segments {
    list: Vec<Segment>,
    /// Metres from the drawn start of the part to the segment's start.
    measures: Vec<f64>,
    pub(crate) tree: BoxTree,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    part: u32,
    /// Index into `Lines::coords` of its start.
    start: u32,
}

impl Segments {
    pub(crate) fn of(lines: &Lines) -> Self {
        let mut list = Vec::with_capacity(lines.coords.len());
        let mut measures = Vec::with_capacity(lines.coords.len());
        for p in 0..lines.parts.len() {
            let mut measure = 0.0;
            for (w, start) in lines.line(p).windows(2).zip(lines.parts[p].coords.0..) {
                list.push(Segment { part: p as u32, start });
                measures.push(measure);
                measure += distance(w[0], w[1]);
            }
        }
        let ends = |s: usize| {
            let start = list[s].start as usize;
            [lines.coords[start], lines.coords[start + 1]]
        };
        let tree = BoxTree::new(list.len(), |i| around(ends(i)));
        Self { list, measures, tree }
    }

    /// The part of a segment.
    #[inline]
    pub(crate) fn part(&self, segment: u32) -> u32 {
        self.list[segment as usize].part
    }

    /// Both ends of a segment, as drawn.
    #[inline]
    pub(crate) fn ends(&self, lines: &Lines, segment: u32) -> [Coord<f64>; 2] {
        let start = self.list[segment as usize].start as usize;
        [lines.coords[start], lines.coords[start + 1]]
    }

    /// Metres from the drawn start of the part to the segment's start.
    #[inline]
    pub(crate) fn measure(&self, segment: u32) -> f64 {
        self.measures[segment as usize]
    }

    /// Whether a segment is the first and the last one of its part.
    #[inline]
    pub(crate) fn is_outer(&self, segment: u32) -> [bool; 2] {
        let at = segment as usize;
        let is_other = |other: Option<&Segment>| other.is_none_or(|s| s.part != self.list[at].part);
        [is_other(at.checked_sub(1).map(|before| &self.list[before])), is_other(self.list.get(at + 1))]
    }

    /// Shows each pair of segments of different parts whose boxes lie within so many metres of each other, the earlier
    /// segment first. What `look` finds it puts into a list; the lists together are in the order of the earlier segments.
    ///
    /// # Complexity
    /// O(n log n) for n segments, and the pairs.
    pub(crate) fn each_pair<T: Default + Send>(
        &self,
        lines: &Lines,
        within: f64,
        look: impl Fn(&mut T, u32, u32) + Sync,
    ) -> Vec<T> {
        let count = self.list.len();
        // Pairs of which the earlier one is in a chunk.
        let pairs = |near: &mut Vec<u32>, found: &mut T, first: usize| {
            let own = first..(first + CHUNK).min(count);
            let mut boxes = [[0.0; 4]; CHUNK];
            let mut all = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
            for s in own.clone() {
                let [west, south, east, north] = around(self.ends(lines, s as u32));
                boxes[s - first] = [west - within, south - within, east + within, north + within];
                all = both(all, boxes[s - first]);
            }
            self.tree.touching(all, near);
            let after = near.partition_point(|t| (*t as usize) <= first);
            for t in &near[after..] {
                let there = around(self.ends(lines, *t));
                if !touch(all, there) {
                    continue;
                }
                for s in own.clone().take_while(|s| *s < *t as usize) {
                    if touch(boxes[s - first], there) && self.part(s as u32) != self.part(*t) {
                        look(found, s as u32, *t);
                    }
                }
            }
        };
        (0..count.div_ceil(CHUNK))
            .into_par_iter()
            .fold(Default::default, |(mut near, mut found), chunk| {
                pairs(&mut near, &mut found, chunk * CHUNK);
                (near, found)
            })
            .map(|(_, found): (Vec<u32>, T)| found)
            .collect()
    }
}

fn around([a, b]: [Coord<f64>; 2]) -> [f64; 4] {
    [a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)]
}

fn touch(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] <= b[2] && a[1] <= b[3] && b[0] <= a[2] && b[1] <= a[3]
}

fn both(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}
