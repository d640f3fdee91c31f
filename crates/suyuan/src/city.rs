//! A city: its survey, its network, its drainers, and what is doubtful about them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use suyuan_attribution::{Drainers, JoinConfig, Trades, join_drainers};
use suyuan_core::stored::Stored;
use suyuan_core::{Finding, RawSurvey};
use suyuan_export::ExportError;
use suyuan_network::{BuildError, NearestPipe, Network, build_network};
use suyuan_read::{Fingerprint, fingerprint, read_survey, shared_points_file};

use suyuan_trace::TraceIndex;

use crate::error::Error;
use crate::findings::Findings;
use crate::spec::CitySpec;

/// A city, ready to be asked.
#[derive(Debug, Clone)]
pub struct City {
    /// What it was made from.
    pub spec: CitySpec,
    /// The survey; `None` for a prepared network.
    pub survey: Option<RawSurvey>,
    /// Its network.
    pub network: Network,
    /// The index by which it is traced; see [`City::trace_index`].
    pub index: OnceLock<TraceIndex>,
    /// Its drainers, joined.
    pub drainers: Drainers,
    /// What is believed about trades.
    pub trades: Trades,
    /// Everything doubtful met on the way.
    pub findings: Findings,
    /// The layers that the rows of [`suyuan_core::Origin`] stand in, as `file` or `file:layer`.
    pub layer_names: Vec<String>,
    /// The source files and what they were like.
    pub sources: Vec<(String, Fingerprint)>,
    /// The prepared file that it lies in, if it does.
    pub prepared: Option<(PathBuf, Arc<Stored>)>,
}

/// A source file and, for a shapefile, the files that belong to it.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("shp")) {
        files.extend(["dbf", "prj", "cpg"].map(|ending| path.with_extension(ending)));
    }
    files
}

/// The table of trades that is meant.
pub(crate) fn trades_of(spec: &CitySpec) -> Result<Trades, Error> {
    let Some(path) = &spec.trades else { return Ok(Trades::shipped()) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| suyuan_read::ReadError::Open { path: path.clone(), source })?;
    Trades::parse(&text).map_err(|e| Error::BadTrades { path: path.clone(), what: e.to_string() })
}

impl City {
    /// Refuses to write over what was read, whatever the user has said about overwriting.
    ///
    /// # Errors
    /// [`Error::Export`] if `target`, or a file that is named after it, is one of the city's sources.
    pub fn guard_sources(&self, target: &Path) -> Result<(), Error> {
        self.guard(target, self.sources.iter().map(|s| Path::new(&s.0)))
    }

    /// Refuses a target that is one of some files, or that would be written over one of them.
    ///
    /// # Errors
    /// [`ExportError::IsInput`] naming the file.
    pub fn guard<'a>(&self, target: &Path, files: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let parts = |path: &Path| {
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            (path.parent().map(whole), stem)
        };
        let target = if target.parent().is_none_or(|p| p.as_os_str().is_empty()) {
            Path::new(".").join(target)
        } else {
            target.to_owned()
        };
        let (folder, stem) = parts(&target);
        let is_source = |source: &Path| {
            let (source_folder, source_stem) = parts(&whole(source));
            // Formats of one layer a file write several, named after the target.
            let named = source_stem == stem || source_stem.starts_with(&format!("{stem}_"));
            let same_kind = source.extension() == target.extension();
            whole(source) == whole(&target) || (source_folder == folder && named && same_kind)
        };
        match files.into_iter().find(|s| is_source(s)) {
            Some(source) => Err(ExportError::IsInput { path: source.to_owned() }.into()),
            None => Ok(()),
        }
    }

    /// The index that answers what lies upstream of a place; made when first asked for, O(nodes + reaches), unless the network was
    /// prepared.
    pub fn trace_index(&self) -> &TraceIndex {
        self.index.get_or_init(|| TraceIndex::new(&self.network))
    }

    /// Reads, builds and joins.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Build`] or [`Error::BadTrades`].
    pub fn open(spec: &CitySpec) -> Result<Self, Error> {
        Self::open_with(spec, &mut |_| {})
    }

    /// As [`City::open`], telling each step as it begins: `read`, `build`, `join`.
    ///
    /// # Errors
    /// As [`City::open`].
    pub fn open_with(spec: &CitySpec, step: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        let trades = trades_of(spec)?;
        let reach = spec.drainer_reach;
        if !(reach.is_finite() && reach >= 0.0) {
            return Err(BuildError::BadDistance { setting: "drainer_reach", value: reach }.into());
        }
        step("read");
        let survey = read_survey(&spec.layers, &spec.read)?;
        step("build");
        let (network, found) = build_network(&survey, &spec.build)?;
        let mut findings = survey.findings.clone();
        findings.extend(found);
        let mut drainers = Drainers::default();
        let has_drainers = survey.layers.iter().any(|l| {
            l.role == suyuan_core::Role::Drainers || l.columns.contains_key(&suyuan_core::raw::Field::Inflow)
        });
        if has_drainers {
            step("join");
            let index = NearestPipe::new(&network);
            let config =
                JoinConfig { reach: spec.drainer_reach, trades: trades.clone(), ..JoinConfig::automatic() };
            let (joined, found) = join_drainers(&survey, &index, &config);
            drainers = joined;
            findings.extend(found);
        }
        let mut sources: Vec<(String, Fingerprint)> = Vec::new();
        let grids = spec.layers.iter().map(|l| &l.crs).chain([&spec.read.crs]).flatten();
        let points = grids.filter_map(|crs| shared_points_file(crs));
        let tables = spec.read.dialect_files.iter().chain(&spec.trades).cloned();
        for path in spec.layers.iter().flat_map(|l| files_of(&l.path)).chain(points).chain(tables) {
            let name = path.to_string_lossy().into_owned();
            if path.is_file() && !sources.iter().any(|s| s.0 == name) {
                sources.push((name, fingerprint(&path)?));
            }
        }
        // The gravest first; within a kind as the sentences read, whatever the order of rows.
        findings.sort_by(|a, b| {
            let place = |f: &Finding| f.place.map_or([f64::INFINITY; 2], |p| [p.0, p.1]);
            let ([ax, ay], [bx, by]) = (place(a), place(b));
            (a.code.severity(), a.code, &a.details)
                .cmp(&(b.code.severity(), b.code, &b.details))
                .then(ax.total_cmp(&bx))
                .then(ay.total_cmp(&by))
        });
        Ok(Self {
            spec: spec.clone(),
            layer_names: survey.layers.iter().map(|l| l.source.name()).collect(),
            survey: Some(survey),
            network,
            index: OnceLock::new(),
            drainers,
            trades,
            findings: findings.into(),
            sources,
            prepared: None,
        })
    }
}
