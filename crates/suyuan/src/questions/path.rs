//! How two places are connected.

use serde::Serialize;
use suyuan_core::Language;
use suyuan_core::raw::ShapeKind;
use suyuan_export::{Look, Package};
use suyuan_trace::{Path, find_path};

use super::find;
use crate::answer::{StartAnswer, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::package::{lies_around, places, run_info};
use crate::places::Places;
use crate::rows::{Kind, Rows, attributes};

/// A reach that a way passes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayReachAnswer {
    /// Its pipe.
    pub pipe: String,
    /// Its upper node.
    pub from_node: String,
    /// Its lower node.
    pub to_node: String,
    /// Metres of pipe from the beginning of the way.
    pub distance_m: f64,
    /// Metres passed of it.
    pub length_m: f64,
    /// Whether it is passed against its likely direction.
    pub against: bool,
    /// How far its direction can be relied upon.
    pub certainty: &'static str,
    /// Probability of its direction.
    pub probability: f64,
}

/// The answer about the way between two places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathAnswer {
    /// `suyuan.path/1`.
    pub schema: &'static str,
    /// The first place.
    pub from: StartAnswer,
    /// The second place.
    pub to: StartAnswer,
    /// `with_flow`, `against_flow`, `doubtful` or `none`.
    pub found: &'static str,
    /// Length of the way; `null` if there is none.
    pub length_m: Option<f64>,
    /// The reaches in the order that the water passes them.
    pub reaches: Vec<WayReachAnswer>,
    /// The way itself.
    #[serde(skip)]
    pub path: Path,
}

impl City {
    /// The shortest way that water takes from one place to another; failing that the way back, or one over doubtful
    /// directions.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there.
    ///
    /// # Complexity
    /// As [`find_path`].
    pub fn path(&self, from: &str, to: &str, asked: &Asked) -> Result<PathAnswer, Error> {
        let network = &self.network;
        let places = Places::new(self);
        let (first, from) = find(&places, from, asked.max_snap)?;
        let (last, to) = find(&places, to, asked.max_snap)?;
        let path = find_path(network, &first, &last, &asked.barriers);
        let reaches = path.way().into_iter().flat_map(|w| &w.reaches).map(|step| {
            let reach = network.reach(step.reach);
            WayReachAnswer {
                pipe: network.pipe_name(reach.pipe).to_owned(),
                from_node: network.node(reach.from).name.to_owned(),
                to_node: network.node(reach.to).name.to_owned(),
                distance_m: round(step.distance, 3),
                length_m: round(step.measures[1] - step.measures[0], 3),
                against: step.against,
                certainty: reach.certainty.key(),
                probability: round(f64::from(reach.probability), 4),
            }
        });
        self.intact(PathAnswer {
            schema: "suyuan.path/1",
            from,
            to,
            found: path.key(),
            length_m: path.way().map(|w| round(w.length, 3)),
            reaches: reaches.collect(),
            path,
        })
    }
}

/// The way as a layer, its reaches in order.
#[must_use]
pub fn path_package(city: &City, answer: &PathAnswer, language: Language) -> Package {
    let network = &city.network;
    let mut rows = Rows::new(
        ShapeKind::Line,
        language,
        &[
            ("number", "Number", "序号", Kind::Integer),
            ("pipe", "Pipe", "管段编号", Kind::Text),
            ("from_node", "Upper node", "上游管点", Kind::Text),
            ("to_node", "Lower node", "下游管点", Kind::Text),
            ("certainty", "Certainty of direction", "流向可信度", Kind::Text),
            ("against", "Passed against the flow", "逆流经过", Kind::Text),
            ("distance_m", "From the beginning (m)", "距起点(m)", Kind::Real),
            ("length_m", "Length (m)", "长度(m)", Kind::Real),
        ],
    );
    let mut origins = Vec::new();
    let steps = answer.path.way().into_iter().flat_map(|w| &w.reaches);
    for (i, (step, told)) in steps.zip(&answer.reaches).enumerate() {
        let reach = network.reach(step.reach);
        rows.integer("number", i as i64 + 1)
            .text("pipe", &told.pipe)
            .text("from_node", &told.from_node)
            .text("to_node", &told.to_node)
            .text("certainty", reach.certainty.label(language))
            .text(
                "against",
                if step.against { language.pick("yes", "是") } else { language.pick("no", "否") },
            )
            .real("distance_m", told.distance_m)
            .real("length_m", told.length_m);
        let line = network.line_of_stretch(step.reach, step.measures);
        if line.len() < 2 {
            rows.shape([]);
        } else {
            rows.shape([line.as_slice()]);
        }
        origins.push(network.pipe(reach.pipe).origin);
    }
    let title = language.pick("Way", "路径");
    let mut table = rows.table("path", title, title, Look::TracedPipes);
    table.columns.extend(attributes(city, &origins));
    let mut drawn = vec![false; network.reach_count()];
    for step in answer.path.way().into_iter().flat_map(|w| &w.reaches) {
        drawn[step.reach.index()] = true;
    }
    let mut tables = vec![places([&answer.from, &answer.to], language, title), table];
    tables.extend(lies_around(city, &tables, &drawn, language));
    Package {
        title: format!("{} {} – {}", language.pick("suyuan path", "管网路径"), answer.from.id, answer.to.id),
        crs: network.crs().clone(),
        language,
        tables,
        focus: Some("path".to_owned()),
        run_info: run_info(city),
    }
}
