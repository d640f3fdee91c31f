//! A city: its survey, its network, its drainers, and what is doubtful about them.

use std::path::{Path, PathBuf};

use suyuan_attribution::{Drainers, JoinConfig, Trades, join_drainers};
use suyuan_core::crs::Transform;
use suyuan_core::{Coord, Finding, RawSurvey};
use suyuan_network::{NearestPipe, Network, Place, PlaceError, build_network};
use suyuan_read::{Fingerprint, fingerprint, read_survey};

use crate::error::Error;
use crate::reference::Reference;
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
    /// Its drainers, joined.
    pub drainers: Drainers,
    /// What is believed about trades.
    pub trades: Trades,
    /// Everything doubtful met on the way.
    pub findings: Vec<Finding>,
    /// The source files and what they were like.
    pub sources: Vec<(String, Fingerprint)>,
}

/// A source file and, for a shapefile, the files that belong to it.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("shp")) {
        files.extend(["dbf", "prj", "cpg"].map(|ending| path.with_extension(ending)));
    }
    files
}

impl City {
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
        let trades = match &spec.trades {
            None => Trades::shipped(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| suyuan_read::ReadError::Open { path: path.clone(), source })?;
                Trades::parse(&text)
                    .map_err(|e| Error::BadTrades { path: path.clone(), what: e.to_string() })?
            }
        };
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
        for layer in &spec.layers {
            for path in files_of(&layer.path) {
                let name = path.to_string_lossy().into_owned();
                if path.is_file() && !sources.iter().any(|s| s.0 == name) {
                    sources.push((name, fingerprint(&path)?));
                }
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
        Ok(Self { spec: spec.clone(), survey: Some(survey), network, drainers, trades, findings, sources })
    }

    /// The place that a reference means.
    ///
    /// # Errors
    /// [`Error::Place`] if there is no such id, or the place is farther from the network than `limit` metres.
    pub fn place(&self, reference: &Reference, limit: f64) -> Result<(Place, &'static str, String), Error> {
        let network = &self.network;
        match reference {
            Reference::Outfall(id) => {
                let outfall = network.find_outfall(id)?;
                Ok((network.place_of_outfall(outfall, limit)?, "outfall", id.clone()))
            }
            Reference::Node(id) => Ok((network.place_of_node(network.find_node(id)?), "node", id.clone())),
            Reference::Pipe(id) => {
                let pipes = network.find_pipes(id)?;
                if pipes.len() > 1 {
                    let count = pipes.len();
                    return Err(PlaceError::Ambiguous { kind: "pipe", id: id.clone(), count }.into());
                }
                let place = network.place_of_pipe(pipes[0]);
                let place = place.ok_or_else(|| PlaceError::NoGeometry { what: id.clone() })?;
                Ok((place, "pipe", id.clone()))
            }
            Reference::Drainer(id) => {
                let count = self.drainers.find(id).count();
                if count > 1 {
                    return Err(PlaceError::Ambiguous { kind: "drainer", id: id.clone(), count }.into());
                }
                let drainer = self.drainers.find(id).next().map(|d| self.drainers.drainer(d));
                let Some(drainer) = drainer else {
                    return Err(
                        PlaceError::Unknown { kind: "drainer", id: id.clone(), near: Vec::new() }.into()
                    );
                };
                let Some(link) = drainer.link else {
                    return Err(PlaceError::NoGeometry { what: id.clone() }.into());
                };
                Ok((Place { snap: link.gap, ..link.place }, "drainer", id.clone()))
            }
            Reference::Place(place) => {
                let what = format!("{},{}", place.x, place.y);
                let index = NearestPipe::new(network);
                Ok((network.place_near(&index, *place, limit, &what)?, "place", what))
            }
            Reference::Degrees(degrees) => {
                let what = format!("lonlat:{},{}", degrees.x, degrees.y);
                let place =
                    self.projected(*degrees).map_err(|_| PlaceError::NoGeometry { what: what.clone() })?;
                let index = NearestPipe::new(network);
                Ok((network.place_near(&index, place, limit, &what)?, "place", what))
            }
            Reference::Any(id) => {
                let outfall = self.place(&Reference::Outfall(id.clone()), limit);
                if !matches!(outfall, Err(Error::Place(PlaceError::Unknown { .. }))) {
                    return outfall;
                }
                for other in [Reference::Node(id.clone()), Reference::Pipe(id.clone())] {
                    let found = self.place(&other, limit);
                    if !matches!(found, Err(Error::Place(PlaceError::Unknown { .. }))) {
                        return found;
                    }
                }
                // Without outfalls nodes are what was meant.
                if network.outfall_ids().len() == 0 {
                    return self.place(&Reference::Node(id.clone()), limit);
                }
                outfall
            }
        }
    }

    fn projected(&self, degrees: Coord<f64>) -> Result<Coord<f64>, suyuan_core::crs::CrsError> {
        let crs = self.network.crs();
        Transform::new(&crs.geographic_twin(), crs)?.apply(degrees)
    }
}
