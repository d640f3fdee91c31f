//! Every segment of every part, in a grid.

use crate::grid::{SegmentGrid, distance};
use crate::survey::Lines;

/// Every segment of every part, in a grid.
pub(crate) struct Segments {
    /// (part, vertex at which the segment starts).
    pub(crate) list: Vec<(u32, u32)>,
    /// Metres from the drawn start of the part to the segment's start.
    pub(crate) measures: Vec<f64>,
    pub(crate) grid: SegmentGrid,
}

impl Segments {
    pub(crate) fn of(lines: &Lines) -> Self {
        let mut list = Vec::with_capacity(lines.coords.len());
        let mut measures = Vec::with_capacity(lines.coords.len());
        for p in 0..lines.parts.len() {
            let mut measure = 0.0;
            for (v, w) in lines.line(p).windows(2).enumerate() {
                list.push((p as u32, v as u32));
                measures.push(measure);
                measure += distance(w[0], w[1]);
            }
        }
        let grid = SegmentGrid::new(list.len(), |i| {
            let (part, vertex) = list[i];
            let line = lines.line(part as usize);
            (line[vertex as usize], line[vertex as usize + 1])
        });
        Self { list, measures, grid }
    }
}
