//! Project files: `city.toml` names layers and settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use suyuan_core::raw::Field;
use suyuan_core::{Coord, Role, System};
use suyuan_network::{Decision, DirectBy, JoinBy, SnapTolerance};
use suyuan_read::{LayerSpec, shared_points_file};

use crate::error::Error;
use crate::spec::CitySpec;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectFile {
    #[serde(default)]
    title: String,
    crs: Option<String>,
    encoding: Option<String>,
    dialect: Option<String>,
    #[serde(default)]
    dialect_files: Vec<PathBuf>,
    #[serde(default)]
    pipes: Vec<LayerTable>,
    #[serde(default)]
    nodes: Vec<LayerTable>,
    #[serde(default)]
    outfalls: Vec<LayerTable>,
    #[serde(default)]
    drainers: Vec<LayerTable>,
    #[serde(default)]
    laterals: Vec<LayerTable>,
    #[serde(default)]
    waters: Vec<LayerTable>,
    #[serde(default)]
    venues: Vec<LayerTable>,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    decisions: Vec<DecisionTable>,
}

/// One of `flow` with `towards`, `join` with `to` and `at`, or `shut`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionTable {
    flow: Option<String>,
    towards: Option<[f64; 2]>,
    join: Option<String>,
    to: Option<String>,
    at: Option<[f64; 2]>,
    shut: Option<String>,
    /// Why, for those who read the file.
    #[serde(rename = "why")]
    _why: Option<String>,
}

impl DecisionTable {
    fn decision(self) -> Option<Decision> {
        let place = |[x, y]: [f64; 2]| (x.is_finite() && y.is_finite()).then_some(Coord { x, y });
        match self {
            Self {
                flow: Some(pipe), towards: Some(at), join: None, to: None, at: None, shut: None, ..
            } => Some(Decision::Flow { pipe, towards: place(at)? }),
            Self {
                join: Some(pipe),
                to: Some(to),
                at: Some(at),
                flow: None,
                towards: None,
                shut: None,
                ..
            } => Some(Decision::Join { pipe, to, at: place(at)? }),
            Self { shut: Some(pipe), flow: None, towards: None, join: None, to: None, at: None, .. } => {
                Some(Decision::Shut { pipe })
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerTable {
    path: PathBuf,
    layer: Option<String>,
    #[serde(default)]
    fields: BTreeMap<Field, String>,
    encoding: Option<String>,
    crs: Option<String>,
    dialect: Option<String>,
    system: Option<System>,
    only: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    snap: Option<Snap>,
    join: Option<JoinBy>,
    direct: Option<DirectBy>,
    #[serde(default)]
    systems: Vec<System>,
    outfall_reach: Option<f64>,
    drainer_reach: Option<f64>,
    trades: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Snap {
    Metres(f64),
    Word(String),
}

/// Reads a project file; paths in it are relative to its folder.
///
/// # Errors
/// [`Error::BadProject`] naming the line that is wrong.
pub fn read_project(path: &Path) -> Result<CitySpec, Error> {
    let bad = |what: String| Error::BadProject { path: path.to_owned(), what };
    let text = std::fs::read_to_string(path)
        .map_err(|source| suyuan_read::ReadError::Open { path: path.to_owned(), source })?;
    let file: ProjectFile =
        toml::from_str(&text).map_err(|e| bad(e.to_string().trim().replace('\n', " ")))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut spec = CitySpec { title: file.title, ..CitySpec::default() };
    // A table of shared points is a path like the others.
    let in_folder = |crs: String| match shared_points_file(&crs) {
        Some(points) => format!("fit:{}", folder.join(points).display()),
        None => crs,
    };
    spec.read.crs = file.crs.map(in_folder);
    spec.read.encoding = file.encoding;
    spec.read.dialect = file.dialect;
    spec.read.dialect_files = file.dialect_files.into_iter().map(|p| folder.join(p)).collect();
    for (role, tables) in [
        (Role::Pipes, file.pipes),
        (Role::Nodes, file.nodes),
        (Role::Outfalls, file.outfalls),
        (Role::Drainers, file.drainers),
        (Role::Laterals, file.laterals),
        (Role::Waters, file.waters),
        (Role::Venues, file.venues),
    ] {
        spec.layers.extend(tables.into_iter().map(|t| LayerSpec {
            role,
            path: folder.join(t.path),
            layer: t.layer,
            fields: t.fields,
            encoding: t.encoding,
            crs: t.crs.map(in_folder),
            dialect: t.dialect,
            system: t.system,
            only: t.only,
            lenient: false,
        }));
    }
    let settings = file.settings;
    spec.build.snap = match settings.snap {
        None => SnapTolerance::Auto,
        Some(Snap::Metres(m)) => SnapTolerance::Metres(m),
        Some(Snap::Word(word)) if word == "auto" => SnapTolerance::Auto,
        Some(Snap::Word(word)) => return Err(bad(format!("snap is `{word}`, expected metres or \"auto\""))),
    };
    for (n, table) in file.decisions.into_iter().enumerate() {
        let decision = table.decision().ok_or_else(|| {
            bad(format!(
                "decision {} is none of: flow with towards = [x, y]; join with to and at = [x, y]; shut",
                n + 1
            ))
        })?;
        spec.build.decisions.push(decision);
    }
    spec.build.join = settings.join.unwrap_or(JoinBy::Auto);
    spec.build.direct = settings.direct.unwrap_or(spec.build.direct);
    spec.build.systems = settings.systems;
    spec.build.outfall_reach = settings.outfall_reach.unwrap_or(spec.build.outfall_reach);
    spec.drainer_reach = settings.drainer_reach.unwrap_or(spec.drainer_reach);
    spec.trades = settings.trades.map(|p| folder.join(p));
    Ok(spec)
}
