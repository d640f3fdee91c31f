//! What to plug so that water from some places comes to no outfall.

use serde::Serialize;
use suyuan_core::Language;
use suyuan_core::raw::ShapeKind;
use suyuan_export::{Look, Package};
use suyuan_network::{Place, PlaceKind};
use suyuan_trace::{Isolation, isolate};

use super::{SpotAnswer, find_all, spot, stretches};
use crate::answer::{StartAnswer, dedup, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::package::{lies_around, places, run_info};
use crate::places::Places;
use crate::rows::{Kind, Rows};

/// A manhole to plug.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlugAnswer {
    /// Where it is.
    pub at: SpotAnswer,
    /// What stands there.
    pub stands: &'static str,
    /// Metres of pipe from the nearest start.
    pub distance_m: f64,
    /// Whether a structure was surveyed there.
    pub surveyed: bool,
}

/// Where water would come out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndAnswer {
    /// The node.
    pub node: String,
    /// Ids of the outfalls there; empty where the network merely ends.
    pub outfalls: Vec<String>,
}

/// What to plug.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IsolateAnswer {
    /// `suyuan.isolate/1`.
    pub schema: &'static str,
    /// The places, in the order given.
    pub starts: Vec<StartAnswer>,
    /// What to plug, nearest first.
    pub plugs: Vec<PlugAnswer>,
    /// Where the water would come out without them.
    pub ends: Vec<EndAnswer>,
    /// Ids of the pipes that the water still enters.
    pub held_pipes: Vec<String>,
    /// Their length; of a pipe that is entered on its inside, all of the stretch between its nodes.
    pub held_m: f64,
    /// The answer itself.
    #[serde(skip)]
    pub isolation: Isolation,
}

impl City {
    /// The fewest manholes to plug so that water from `starts` comes to no outfall, nearest first.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there.
    ///
    /// # Complexity
    /// As [`isolate`].
    pub fn isolate(&self, starts: &[String], asked: &Asked) -> Result<IsolateAnswer, Error> {
        let network = &self.network;
        let found = find_all(&Places::new(self), starts, asked.max_snap)?;
        let (places, starts): (Vec<Place>, Vec<StartAnswer>) = found.into_iter().unzip();
        let isolation = isolate(network, &places, &asked.barriers);
        let plugs = isolation.plugs.iter().map(|plug| PlugAnswer {
            at: spot(network, PlaceKind::Node(plug.node), &places),
            stands: network.node(plug.node).kind.key(),
            distance_m: round(plug.distance, 3),
            surveyed: plug.surveyed,
        });
        let ends = isolation.ends.iter().map(|node| EndAnswer {
            node: network.node(*node).name.to_owned(),
            outfalls: network.outfalls_at(*node).map(|o| network.outfall(o).id.clone()).collect(),
        });
        let held = isolation.held.iter().map(|r| network.reach(*r));
        self.intact(IsolateAnswer {
            schema: "suyuan.isolate/1",
            starts,
            plugs: plugs.collect(),
            ends: ends.collect(),
            held_pipes: dedup(held.clone().map(|r| network.pipe_name(r.pipe).to_owned())),
            held_m: round(held.map(|r| r.length()).fold(0.0, |a, b| a + b), 3),
            isolation,
        })
    }
}

/// The plugs and the pipes that the water still enters, as layers.
#[must_use]
pub fn isolate_package(city: &City, answer: &IsolateAnswer, language: Language) -> Package {
    let network = &city.network;
    let group = language.pick("Plan of plugs", "封堵方案");
    let mut plugs = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("number", "Number", "序号", Kind::Integer),
            ("node", "Node", "管点", Kind::Text),
            ("kind", "Kind", "类型", Kind::Text),
            ("distance_m", "From the nearest start (m)", "距最近起点(m)", Kind::Real),
        ],
    );
    for (i, (plug, told)) in answer.isolation.plugs.iter().zip(&answer.plugs).enumerate() {
        plugs
            .integer("number", i as i64 + 1)
            .text("node", &told.at.id)
            .text("kind", told.stands)
            .real("distance_m", told.distance_m);
        match network.node(plug.node).place {
            Some(place) => plugs.shape([[place].as_slice()]),
            None => plugs.shape([]),
        }
    }
    let plugs = plugs.table("plugs", language.pick("Plugs", "封堵点"), group, Look::Plugs);
    let whole: Vec<_> = answer.isolation.held.iter().map(|r| (*r, network.reach(*r).measures)).collect();
    let title = language.pick("Pipes that hold the water", "蓄水管段");
    let (held, drawn) = stretches(city, &whole, ["held", title, group], language);
    let mut tables = vec![places(&answer.starts, language, group), plugs, held];
    tables.extend(lies_around(city, &tables, &drawn, language));
    let names: Vec<&str> = answer.starts.iter().map(|s| s.id.as_str()).collect();
    Package {
        title: format!("{} {}", language.pick("suyuan isolate", "封堵方案"), names.join(", ")),
        crs: network.crs().clone(),
        language,
        tables,
        focus: Some("held".to_owned()),
        run_info: run_info(city),
    }
}
