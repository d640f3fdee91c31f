//! What the journeys share: where the real networks are, and how a survey becomes a network.

use std::path::{Path, PathBuf};

use suyuan_core::{RawSurvey, Role};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};

/// The folder of shared real networks: `SUYUAN_SHARED`, else `../shared` beside the workspace; `None`, said on standard
/// error, where there is none.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("SUYUAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no shared data at {} (set SUYUAN_SHARED)", data.display());
    None
}

/// A real network with the answers that its own node ids give.
#[derive(Debug)]
pub struct Set {
    /// Its folder.
    pub name: &'static str,
    /// Its pipe layers.
    pub pipes: &'static [&'static str],
}

/// The networks with a `truth.json`.
pub const SETS: [Set; 6] = [
    Set { name: "industrial-park-cn", pipes: &["derived_gbk_shp/污水管线.shp"] },
    Set { name: "new-hope-nc-nhdplus", pipes: &["new_hope.gpkg"] },
    Set { name: "new-westminster-bc", pipes: &["shp/storm_mains.shp", "shp/combined_mains.shp"] },
    Set { name: "peterborough-on", pipes: &["shp/mains.shp"] },
    Set { name: "sant-boi-es", pipes: &["shp/arc.shp"] },
    Set { name: "victoria-bc", pipes: &["shp/sanitary_mains.shp"] },
];

/// The pipes of a set.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn read_set(data: &Path, set: &Set) -> RawSurvey {
    let specs: Vec<_> =
        set.pipes.iter().map(|p| LayerSpec::new(Role::Pipes, data.join(set.name).join(p))).collect();
    read_survey(&specs, &ReadOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", set.name))
}
