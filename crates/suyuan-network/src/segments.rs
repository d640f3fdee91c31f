//! Every segment of every part, in a tree of boxes.

use crate::grid::{BoxTree, distance};
use crate::survey::Lines;

/// Every segment of every part, in a tree of boxes.
pub(crate) struct Segments {
    /// (part, vertex at which the segment starts).
    pub(crate) list: Vec<(u32, u32)>,
    /// Metres from the drawn start of the part to the segment's start.
    pub(crate) measures: Vec<f64>,
    pub(crate) tree: BoxTree,
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
        let tree = BoxTree::new(list.len(), |i| {
            let (part, vertex) = list[i];
            let line = lines.line(part as usize);
            let (a, b) = (line[vertex as usize], line[vertex as usize + 1]);
            [a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)]
        });
        Self { list, measures, tree }
    }
}
