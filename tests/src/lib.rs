//! What the journeys share: where the real networks are, and how a survey becomes a network.

pub mod damage;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use suyuan_core::{RawSurvey, Role};
use suyuan_network::{Network, Place};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};
use suyuan_trace::trace_upstream;

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
    // Past the capture of test output, so that a skipped test is seen to be one.
    let _ = writeln!(std::io::stderr(), "skipped: no shared data at {} (set SUYUAN_SHARED)", data.display());
    None
}

/// A real network with the answers that its own node ids give.
#[derive(Debug)]
pub struct Set {
    /// Its folder.
    pub name: &'static str,
    /// Its pipe layers.
    pub pipes: &'static [&'static str],
    /// Its layers of surveyed points, if it has any.
    pub nodes: &'static [&'static str],
}

/// The networks with a `truth.json`.
pub const SETS: [Set; 6] = [
    Set {
        name: "industrial-park-cn",
        pipes: &["derived_gbk_shp/污水管线.shp"],
        nodes: &["derived_gbk_shp/污水井.shp"],
    },
    Set { name: "new-hope-nc-nhdplus", pipes: &["new_hope.gpkg"], nodes: &[] },
    Set {
        name: "new-westminster-bc",
        pipes: &["shp/storm_mains.shp", "shp/combined_mains.shp"],
        nodes: &["shp/storm_manholes.shp", "shp/combined_manholes.shp"],
    },
    Set { name: "peterborough-on", pipes: &["shp/mains.shp"], nodes: &["shp/manholes.shp"] },
    Set { name: "sant-boi-es", pipes: &["shp/arc.shp"], nodes: &["shp/node.shp"] },
    Set { name: "victoria-bc", pipes: &["shp/sanitary_mains.shp"], nodes: &["shp/sanitary_manholes.shp"] },
];

/// The pipes of a set.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn read_set(data: &Path, set: &Set) -> RawSurvey {
    read(data, set, &[(Role::Pipes, set.pipes)])
}

/// The pipes and surveyed points of a set.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn read_set_with_nodes(data: &Path, set: &Set) -> RawSurvey {
    read(data, set, &[(Role::Pipes, set.pipes), (Role::Nodes, set.nodes)])
}

fn read(data: &Path, set: &Set, layers: &[(Role, &[&str])]) -> RawSurvey {
    let spec = |role, file: &&str| LayerSpec::new(role, data.join(set.name).join(file));
    let specs: Vec<_> =
        layers.iter().flat_map(|(role, files)| files.iter().map(move |file| spec(*role, file))).collect();
    read_survey(&specs, &ReadOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", set.name))
}

/// The queries of a file of truth.
///
/// # Panics
/// If there is no such file, or it is no file of truth.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]
pub fn truth(data: &Path, set: &Set, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join(set.name).join(file)).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    truth["queries"].as_array().unwrap().clone()
}

/// Ids of pipes; parts of one feature, which the truth numbers apart, are one pipe here.
///
/// # Panics
/// If the query names no links.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]
pub fn wanted(query: &Value) -> BTreeSet<String> {
    let links = query["upstream_links"].as_array().unwrap();
    links.iter().map(|l| l.as_str().unwrap().split('#').next().unwrap().to_owned()).collect()
}

/// Ids of the pipes upstream of a place.
#[must_use]
pub fn found(network: &Network, start: &Place) -> BTreeSet<String> {
    let trace = trace_upstream(network, start);
    trace.pipes(network).into_iter().map(|p| network.pipe_name(p).to_owned()).collect()
}
