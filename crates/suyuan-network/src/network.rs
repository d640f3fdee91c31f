//! The network itself: immutable, compact, shareable.

use std::borrow::Cow;
use std::sync::OnceLock;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use suyuan_core::crs::Crs;
use suyuan_core::stored::{Flat, Paged, Texts};
use suyuan_core::{Certainty, Coord, DirectionBasis, FlowMode, NodeKind, Origin, System};

use crate::grid::{BoxTree, around};
use crate::ids::{NodeId, OutfallId, PipeId, ReachId};
use crate::rows::{Coords, PipeRow, ReachRow, origin_of, place_of};
use crate::union::Union;

/// A node, as [`Network::node`] hands it out.
#[doc(alias = "管点")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node<'a> {
    /// Its id in the survey, else a number in the order of position such as `N12`.
    pub name: &'a str,
    /// Where it is; `None` where the survey gives it no coordinates.
    pub place: Option<Coord<f64>>,
    /// What stands there.
    pub kind: NodeKind,
    /// Its row in a node layer.
    pub origin: Option<Origin>,
}

/// A directed stretch between two nodes; water runs from `from` to `to`.
#[doc(alias = "管段(拓扑)")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Its upper node.
    pub from: NodeId,
    /// Its lower node.
    pub to: NodeId,
    /// The pipe it is a stretch of.
    pub pipe: PipeId,
    pub(crate) part: u32,
    /// Metres along the drawn part at which the stretch begins and ends, as drawn.
    pub measures: [f64; 2],
    /// Whether the water runs in the order the line is drawn.
    pub with_drawn: bool,
    /// How far the direction can be relied upon.
    pub certainty: Certainty,
    /// Why we believe it.
    pub basis: DirectionBasis,
    /// Probability that the water runs this way.
    pub probability: f32,
}

/// A direction less probable than this is doubtful: one time in four, or more often, it is the other way.
const DOUBTFUL: f32 = 0.75;

impl Reach {
    /// Its length, metres.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.measures[1] - self.measures[0]
    }

    /// Whether it may well flow the other way: its direction is unknown, or less probable than 0.75.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.certainty == Certainty::Unknown || self.probability < DOUBTFUL
    }
}

/// A surveyed line, exactly as the file has it.
#[doc(alias = "管段(实测)")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pipe {
    /// Its row in the survey.
    pub origin: Origin,
    /// What it carries.
    pub system: System,
    /// How water moves in it.
    pub mode: FlowMode,
    pub(crate) parts: (u32, u32),
    pub(crate) reaches: (u32, u32),
    pub(crate) inverts: [f64; 2],
    pub(crate) height: f64,
}

/// Where the network meets open water.
#[doc(alias = "排口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outfall {
    /// Its id in the survey.
    pub id: String,
    /// Its name, blank if it has none.
    pub name: String,
    /// Where the survey puts it.
    pub place: Option<Coord<f64>>,
    /// The node it was joined to; `None` if nothing lies near enough.
    pub node: Option<NodeId>,
    /// How far it lies from that node or pipe, metres.
    pub snap: f64,
    /// Its row in the survey.
    pub origin: Origin,
}

/// A free end that nearly reaches another pipe: a possible lost joint.
#[doc(alias = "断头")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The node at the free end.
    pub node: NodeId,
    /// The pipe beyond the gap.
    pub beyond: PipeId,
    /// The node of that pipe nearest to the gap.
    pub beyond_node: NodeId,
    /// Its width, metres.
    pub width: f64,
    /// Whether the pipe at the free end goes straight on across it, bending by less than 30 degrees.
    pub straight_on: bool,
}

/// One directed network, ready to be asked.
///
/// # Shape
/// Nodes, reaches, pipes and outfalls are numbered densely from 0, in an order that does not depend on that of the rows:
/// pipes along a curve through the city, so that neighbours lie together in memory; reaches and nodes as their pipes;
/// outfalls by id, then by position.
/// # Units
/// Coordinates, lengths and measures are metres in [`Network::crs`].
#[doc(alias = "管网")]
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub(crate) crs: Crs,
    pub(crate) node_names: Texts,
    pub(crate) nodes_by_name: Later<Flat<u32>>,
    pub(crate) node_places: Flat<[f64; 2]>,
    pub(crate) node_kinds: Flat<u8>,
    pub(crate) node_origins: Flat<[u32; 2]>,
    pub(crate) node_grounds: Flat<f64>,
    /// Whether any node stands in a node layer.
    pub(crate) has_structures: bool,
    pub(crate) reaches: Flat<ReachRow>,
    pub(crate) pipe_ids: Texts,
    pub(crate) by_id: Later<Flat<u32>>,
    pub(crate) pipes: Flat<PipeRow>,
    pub(crate) part_ends: Flat<u32>,
    pub(crate) coords: Coords,
    /// Boxes around the parts of pipes.
    pub(crate) boxes: Later<BoxTree>,
    pub(crate) outfalls: Paged<Outfall>,
    pub(crate) outfalls_by_node: Later<Vec<(NodeId, OutfallId)>>,
    pub(crate) gaps: Paged<Gap>,
    pub(crate) unplaced: Vec<Origin>,
    pub(crate) incoming: Adjacency,
    pub(crate) outgoing: Adjacency,
}

/// What is worked out when first asked for. Networks are equal whether or not it has been.
#[derive(Debug, Clone, Default)]
pub(crate) struct Later<T>(OnceLock<T>);

impl<T> PartialEq for Later<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Later<T> {
    pub(crate) fn known(value: T) -> Self {
        Self(OnceLock::from(value))
    }

    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }
}

/// Reaches at each node: a run of `list` for each node.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Adjacency {
    pub(crate) starts: Flat<u32>,
    pub(crate) list: Flat<ReachId>,
}

impl Adjacency {
    pub(crate) fn new(nodes: usize, reaches: &[ReachRow], node_of: impl Fn(&ReachRow) -> NodeId) -> Self {
        let mut starts = vec![0u32; nodes + 1];
        for reach in reaches {
            starts[node_of(reach).index() + 1] += 1;
        }
        for i in 0..nodes {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut list = vec![ReachId(0); reaches.len()];
        for (i, reach) in reaches.iter().enumerate() {
            let slot = &mut next[node_of(reach).index()];
            list[*slot as usize] = ReachId(i as u32);
            *slot += 1;
        }
        Self { starts: starts.into(), list: list.into() }
    }

    #[inline]
    pub(crate) fn at(&self, node: NodeId) -> &[ReachId] {
        match self.starts.slice(node.index()..node.index() + 2) {
            [from, to] if from <= to => self.list.slice(*from as usize..*to as usize),
            _ => &[], // damaged
        }
    }
}

impl Network {
    /// The coordinate system of every place.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.node_names.len()
    }

    /// How many reaches there are.
    #[must_use]
    pub fn reach_count(&self) -> usize {
        self.reaches.len()
    }

    /// How many pipes there are.
    #[must_use]
    pub fn pipe_count(&self) -> usize {
        self.pipes.len()
    }

    /// Every node in order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.node_names.len() as u32).map(NodeId)
    }

    /// Every reach in order.
    pub fn reach_ids(&self) -> impl ExactSizeIterator<Item = ReachId> + use<> {
        (0..self.reaches.len() as u32).map(ReachId)
    }

    /// Every pipe in order.
    pub fn pipe_ids(&self) -> impl ExactSizeIterator<Item = PipeId> + use<> {
        (0..self.pipes.len() as u32).map(PipeId)
    }

    /// Every outfall in order.
    pub fn outfall_ids(&self) -> impl ExactSizeIterator<Item = OutfallId> + use<> {
        (0..self.outfalls.len() as u32).map(OutfallId)
    }

    /// A node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Node<'_> {
        Node {
            name: self.node_names.at(node.index()),
            place: self.node_place(node),
            kind: self.node_kind(node),
            origin: self.node_origin(node),
        }
    }

    pub(crate) fn node_place(&self, node: NodeId) -> Option<Coord<f64>> {
        place_of(self.node_places.at(node.index()))
    }

    pub(crate) fn node_kind(&self, node: NodeId) -> NodeKind {
        NodeKind::from_code(self.node_kinds.at(node.index()))
    }

    pub(crate) fn node_origin(&self, node: NodeId) -> Option<Origin> {
        origin_of(self.node_origins.at(node.index()))
    }

    /// Whether any node stands in a node layer, so that an end without one is the end of what was surveyed.
    #[must_use]
    pub fn has_structures(&self) -> bool {
        self.has_structures
    }

    /// A reach.
    #[must_use]
    #[inline]
    pub fn reach(&self, reach: ReachId) -> Reach {
        self.reaches.at(reach.index()).into()
    }

    /// A pipe.
    #[must_use]
    #[inline]
    pub fn pipe(&self, pipe: PipeId) -> Pipe {
        self.pipes.at(pipe.index()).into()
    }

    /// Whether water can pass a reach: its pipe is not shut.
    #[must_use]
    pub fn is_open(&self, reach: ReachId) -> bool {
        self.pipe(self.reach(reach).pipe).mode != FlowMode::Blocked
    }

    /// The id of a pipe in the survey.
    #[must_use]
    pub fn pipe_name(&self, pipe: PipeId) -> &str {
        self.pipe_ids.at(pipe.index())
    }

    /// Invert levels at the upper and lower end of a pipe's flow, metres, where known.
    #[must_use]
    pub fn pipe_inverts(&self, pipe: PipeId) -> [Option<f64>; 2] {
        self.pipe(pipe).inverts.map(|v| Some(v).filter(|v| v.is_finite()))
    }

    /// An outfall.
    #[must_use]
    pub fn outfall(&self, outfall: OutfallId) -> &Outfall {
        self.outfalls.at(outfall.index())
    }

    /// The outfalls that were joined to a node, in order.
    ///
    /// # Complexity
    /// O(log n) for n outfalls; the first call sorts them.
    pub fn outfalls_at(&self, node: NodeId) -> impl Iterator<Item = OutfallId> {
        let by_node = self.outfalls_by_node.get(|| {
            let joined = self.outfall_ids().filter_map(|o| Some((self.outfall(o).node?, o)));
            let mut joined: Vec<_> = joined.collect();
            joined.sort_unstable();
            joined
        });
        let first = by_node.partition_point(|o| o.0 < node);
        by_node[first..].iter().take_while(move |o| o.0 == node).map(|o| o.1)
    }

    /// The reaches of a pipe, in drawn order.
    pub fn reaches_of(&self, pipe: PipeId) -> impl ExactSizeIterator<Item = ReachId> + use<> {
        let (from, to) = self.pipe(pipe).reaches;
        (from..to).map(ReachId)
    }

    /// The reaches that bring water to a node.
    #[must_use]
    pub fn incoming(&self, node: NodeId) -> &[ReachId] {
        self.incoming.at(node)
    }

    /// The reaches that take water from a node.
    #[must_use]
    pub fn outgoing(&self, node: NodeId) -> &[ReachId] {
        self.outgoing.at(node)
    }

    /// Free ends that nearly reach another pipe, by node.
    pub fn gaps(&self) -> impl ExactSizeIterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// The gap at a node; the first of several. O(log gaps).
    #[must_use]
    pub fn gap_at(&self, node: NodeId) -> Option<&Gap> {
        let first = self.gaps.partition_point(|g| g.node < node);
        (first < self.gaps.len()).then(|| self.gaps.at(first)).filter(|g| g.node == node)
    }

    /// Nodes by name, then number.
    pub(crate) fn nodes_by_name(&self) -> &Flat<u32> {
        self.nodes_by_name.get(|| sorted(&self.node_names))
    }

    /// Pipes by id, then number.
    pub(crate) fn pipes_by_id(&self) -> &Flat<u32> {
        self.by_id.get(|| sorted(&self.pipe_ids))
    }

    /// How many parts there are that no reach joins to each other; surveyed points on no pipe do not count.
    ///
    /// # Complexity
    /// O(nodes + reaches).
    #[must_use]
    pub fn component_count(&self) -> usize {
        let mut union = self.parts();
        let mut roots: Vec<u32> = self.reach_ids().map(|r| union.find(self.reach(r).from.0)).collect();
        roots.sort_unstable();
        roots.dedup();
        roots.len()
    }

    /// The nodes that reaches join, whatever their direction.
    pub(crate) fn parts(&self) -> Union {
        let mut union = Union::new(self.node_count());
        for reach in self.reach_ids().map(|r| self.reach(r)) {
            union.join(reach.from.0, reach.to.0);
        }
        union
    }

    /// Rows that have neither geometry nor node ids, so that nothing can be said of where they are.
    #[must_use]
    pub fn unplaced(&self) -> &[Origin] {
        &self.unplaced
    }

    /// The boxes around the parts of pipes; made when first asked for, unless the network was prepared.
    pub(crate) fn boxes(&self) -> &BoxTree {
        self.boxes.get(|| {
            BoxTree::new(self.part_ends.len(), |part| {
                around(self.part(part as u32).iter().map(|c| [c.x, c.y, c.x, c.y]))
            })
        })
    }

    /// The pipe of a part. O(1) where each pipe has one part, else O(log pipes).
    pub(crate) fn pipe_of_part(&self, part: u32) -> PipeId {
        let parts = |pipe: usize| Pipe::from(self.pipes.at(pipe)).parts;
        if (part as usize) < self.pipes.len() && parts(part as usize) == (part, part + 1) {
            return PipeId(part);
        }
        // Parts are in the order of their pipes; of several pipes that begin there, those before the last are without.
        PipeId(self.pipes.partition_point(|p| Pipe::from(*p).parts.0 <= part).saturating_sub(1) as u32)
    }

    pub(crate) fn part(&self, part: u32) -> Cow<'_, [Coord<f64>]> {
        let from = if part == 0 { 0 } else { self.part_ends.at(part as usize - 1) as usize };
        let to = self.part_ends.at(part as usize) as usize;
        self.coords.slice(from.min(to)..to)
    }

    /// The parts of a pipe as drawn.
    pub fn parts_of(
        &self,
        pipe: PipeId,
    ) -> impl DoubleEndedIterator<Item = Cow<'_, [Coord<f64>]>> + ExactSizeIterator {
        let (from, to) = self.pipe(pipe).parts;
        (from..to).map(|p| self.part(p))
    }

    /// The line of a reach, vertices in the order the water passes them; empty without geometry.
    #[must_use]
    pub fn line_along_flow(&self, reach: ReachId) -> Vec<Coord<f64>> {
        self.line_of_stretch(reach, self.reach(reach).measures)
    }

    /// A stretch of a reach between two measures of its part, vertices in the order the water passes them.
    #[must_use]
    pub fn line_of_stretch(&self, reach: ReachId, measures: [f64; 2]) -> Vec<Coord<f64>> {
        let reach = self.reach(reach);
        let mut line = stretch(&self.part(reach.part), measures);
        if !reach.with_drawn {
            line.reverse();
        }
        line
    }

    /// The reach of a pipe's part that holds a measure (metres from the drawn start of the part).
    pub(crate) fn reach_at(&self, pipe: PipeId, part: u32, measure: f64) -> Option<ReachId> {
        self.reaches_of(pipe).filter(|r| self.reach(*r).part == part).min_by(|a, b| {
            let away = |r: &ReachId| {
                let [from, to] = self.reach(*r).measures;
                (from - measure).max(measure - to).max(0.0)
            };
            away(a).total_cmp(&away(b))
        })
    }
}

/// The rows of texts by text, then number.
fn sorted(texts: &Texts) -> Flat<u32> {
    let mut rows: Vec<u32> = (0..texts.len() as u32).collect();
    rows.par_sort_by_key(|row| texts.at(*row as usize));
    rows.into()
}

/// The stretch of a line between two measures, metres from its start.
fn stretch(line: &[Coord<f64>], [from, to]: [f64; 2]) -> Vec<Coord<f64>> {
    if line.len() < 2 {
        return line.to_vec();
    }
    let mut out = Vec::with_capacity(line.len());
    let mut measure = 0.0;
    let last = line.len() - 2;
    for (i, w) in line.windows(2).enumerate() {
        let length = crate::grid::distance(w[0], w[1]);
        let end = measure + length;
        let at = |m: f64| {
            let t = if length > 0.0 { (m - measure) / length } else { 0.0 };
            Coord { x: w[0].x + t * (w[1].x - w[0].x), y: w[0].y + t * (w[1].y - w[0].y) }
        };
        if out.is_empty() && (from < end || i == last) {
            out.push(if from <= measure { w[0] } else { at(from.min(end)) });
        }
        if !out.is_empty() {
            // A hair of slack: the whole line must end in its very last vertex.
            if to >= end - 1e-9 {
                out.push(w[1]);
            } else {
                out.push(at(to));
                break;
            }
            if to <= end + 1e-9 && i < last {
                break;
            }
        }
        measure = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(x: f64, y: f64) -> Coord<f64> {
        Coord { x, y }
    }

    #[test]
    fn a_stretch_keeps_the_vertices_between_its_measures() {
        let line = [c(0.0, 0.0), c(10.0, 0.0), c(10.0, 5.0)];
        assert_eq!(stretch(&line, [0.0, 15.0]), line);
        assert_eq!(stretch(&line, [4.0, 12.0]), [c(4.0, 0.0), c(10.0, 0.0), c(10.0, 2.0)]);
        assert_eq!(stretch(&line, [10.0, 15.0]), [c(10.0, 0.0), c(10.0, 5.0)]);
        assert_eq!(stretch(&line, [0.0, 10.0]), [c(0.0, 0.0), c(10.0, 0.0)]);
        assert_eq!(stretch(&[c(1.0, 1.0), c(1.0, 1.0)], [0.0, 0.0]), [c(1.0, 1.0), c(1.0, 1.0)]);
    }
}
