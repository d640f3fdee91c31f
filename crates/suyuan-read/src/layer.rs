//! A layer as its file has it, before anything is understood.

use std::sync::Arc;

use suyuan_core::crs::{Crs, CrsError};
use suyuan_core::raw::{Attributes, Shapes};
use suyuan_core::{Coord, Finding};

/// A layer as its file has it.
pub(crate) struct FileLayer {
    pub(crate) name: String,
    pub(crate) format: &'static str,
    pub(crate) encoding: String,
    pub(crate) shapes: Shapes,
    pub(crate) attributes: Arc<dyn Attributes>,
    /// `None` where the file declares nothing.
    pub(crate) crs: Option<Crs>,
    /// Why what the file declares cannot be used, unless the user says better.
    pub(crate) bad_crs: Option<CrsError>,
    pub(crate) findings: Vec<Finding>,
}

/// What a file declares, or why that cannot be used; nothing where it declares nothing.
pub(crate) fn declaration(crs: Option<Result<Crs, CrsError>>) -> (Option<Crs>, Option<CrsError>) {
    match crs {
        None => (None, None),
        Some(Ok(crs)) => (Some(crs), None),
        Some(Err(error)) => (None, Some(error)),
    }
}

/// Twice the signed area of a ring: positive anticlockwise.
fn ring_area(ring: &[Coord<f64>]) -> f64 {
    let origin = ring.first().copied().unwrap_or_default();
    ring.windows(2)
        .map(|w| (w[0].x - origin.x) * (w[1].y - origin.y) - (w[1].x - origin.x) * (w[0].y - origin.y))
        .sum()
}

/// Closes a ring and turns it the way that [`suyuan_core::raw::ShapeKind::Polygon`] wants: outer rings clockwise.
pub(crate) fn orient_ring(ring: &mut Vec<Coord<f64>>, outer: bool) {
    if let (Some(first), Some(last)) = (ring.first().copied(), ring.last().copied())
        && first != last
    {
        ring.push(first);
    }
    if (ring_area(ring) > 0.0) == outer {
        ring.reverse();
    }
}
