//! Networks of lines through a lattice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{
    Column, Field, LayerSource, MemoryAttributes, RawLayer, RawSurvey, Role, ShapeKind, Shapes,
};
use suyuan_core::{Coord, FlowMode, FlowSign};
use suyuan_network::{BuildConfig, DirectBy, JoinBy, Network, SnapTolerance, build_network};

/// Lines through places ten metres apart, joined where they touch.
pub fn network_of(lines: &[Vec<(i32, i32)>], shut: &BTreeSet<usize>) -> Network {
    network_with(lines, shut, false, |_| None)
}

/// The same; with some directions recorded, and the others weighed if they may be doubtful.
pub fn network_with(
    lines: &[Vec<(i32, i32)>],
    shut: &BTreeSet<usize>,
    doubtful: bool,
    flow: impl Fn(usize) -> Option<FlowSign>,
) -> Network {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for line in lines {
        let places: Vec<Coord<f64>> = line
            .iter()
            .map(|(x, y)| Coord { x: 1000.0 + 10.0 * f64::from(*x), y: 1000.0 + 10.0 * f64::from(*y) })
            .collect();
        shapes.push([places.as_slice()]);
    }
    let mode = |i: usize| if shut.contains(&i) { FlowMode::Blocked } else { FlowMode::Gravity };
    let layer = RawLayer {
        role: Role::Pipes,
        source: LayerSource::default(),
        columns: BTreeMap::from([
            (Field::Mode, Column::Mode((0..lines.len()).map(mode).collect())),
            (Field::FlowDirection, Column::Flow((0..lines.len()).map(flow).collect())),
        ]),
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); lines.len()] }),
        shapes,
    };
    let survey = RawSurvey { crs: drawn_crs(), layers: vec![layer], findings: Vec::new() };
    // Weighed, directions that nothing tells are doubtful.
    let direct = if doubtful { DirectBy::Weighed } else { DirectBy::Stated };
    let config = BuildConfig {
        snap: SnapTolerance::Metres(0.5),
        join: JoinBy::Geometry,
        direct,
        ..BuildConfig::automatic()
    };
    build_network(&survey, &config).unwrap().0
}
