//! How the network keeps its reaches, pipes, nodes and coordinates: as plain numbers, in memory or in a prepared file.

use std::borrow::Cow;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use suyuan_core::stored::Flat;
use suyuan_core::{Certainty, Coord, DirectionBasis, FlowMode, Origin, System};

use crate::ids::{NodeId, PipeId};
use crate::network::{Pipe, Reach};

/// A [`Reach`] as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ReachRow {
    measures: [f64; 2],
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pipe: PipeId,
    part: u32,
    probability: f32,
    with_drawn: u8,
    certainty: u8,
    basis: u8,
    unused: u8,
}

impl From<Reach> for ReachRow {
    fn from(reach: Reach) -> Self {
        Self {
            measures: reach.measures,
            from: reach.from,
            to: reach.to,
            pipe: reach.pipe,
            part: reach.part,
            probability: reach.probability,
            with_drawn: u8::from(reach.with_drawn),
            certainty: reach.certainty.code(),
            basis: reach.basis.code(),
            unused: 0,
        }
    }
}

impl From<ReachRow> for Reach {
    #[inline]
    fn from(row: ReachRow) -> Self {
        Self {
            from: row.from,
            to: row.to,
            pipe: row.pipe,
            part: row.part,
            measures: row.measures,
            with_drawn: row.with_drawn != 0,
            certainty: Certainty::from_code(row.certainty),
            basis: DirectionBasis::from_code(row.basis),
            probability: row.probability,
        }
    }
}

/// A [`Pipe`] as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct PipeRow {
    inverts: [f64; 2],
    height: f64,
    parts: [u32; 2],
    reaches: [u32; 2],
    row: u32,
    layer: u16,
    system: u8,
    mode: u8,
}

impl From<Pipe> for PipeRow {
    fn from(pipe: Pipe) -> Self {
        Self {
            // One bit pattern for all that is unknown.
            inverts: pipe.inverts.map(|v| if v.is_nan() { f64::NAN } else { v }),
            height: if pipe.height.is_nan() { f64::NAN } else { pipe.height },
            parts: pipe.parts.into(),
            reaches: pipe.reaches.into(),
            row: pipe.origin.row,
            layer: pipe.origin.layer,
            system: pipe.system.code(),
            mode: pipe.mode.code(),
        }
    }
}

impl From<PipeRow> for Pipe {
    #[inline]
    fn from(row: PipeRow) -> Self {
        Self {
            origin: Origin { layer: row.layer, row: row.row },
            system: System::from_code(row.system),
            mode: FlowMode::from_code(row.mode),
            parts: row.parts.into(),
            reaches: row.reaches.into(),
            inverts: row.inverts,
            height: row.height,
        }
    }
}

/// A place as it is kept: not a number where there is none.
pub(crate) fn kept_place(place: Option<Coord<f64>>) -> [f64; 2] {
    place.map_or([f64::NAN; 2], |p| [p.x, p.y])
}

/// A place that was kept.
pub(crate) fn place_of([x, y]: [f64; 2]) -> Option<Coord<f64>> {
    (!x.is_nan()).then_some(Coord { x, y })
}

/// An origin as it is kept: layers are counted from 1, 0 is none.
pub(crate) fn kept_origin(origin: Option<Origin>) -> [u32; 2] {
    origin.map_or([0, 0], |o| [u32::from(o.layer) + 1, o.row])
}

/// An origin that was kept.
pub(crate) fn origin_of([layer, row]: [u32; 2]) -> Option<Origin> {
    Some(Origin { layer: u16::try_from(layer.checked_sub(1)?).ok()?, row })
}

/// Every vertex of the network.
#[derive(Debug, Clone)]
pub(crate) enum Coords {
    Memory(Vec<Coord<f64>>),
    Stored(Flat<[f64; 2]>),
}

impl Coords {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Memory(list) => list.len(),
            Self::Stored(flat) => flat.len(),
        }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> Cow<'_, [Coord<f64>]> {
        match self {
            Self::Memory(list) => Cow::Borrowed(&list[range]),
            Self::Stored(flat) => flat.slice(range).iter().map(|[x, y]| Coord { x: *x, y: *y }).collect(),
        }
    }
}

impl PartialEq for Coords {
    fn eq(&self, other: &Self) -> bool {
        self.slice(0..self.len()) == other.slice(0..other.len())
    }
}
