//! Questions about ways, times and amounts, and their answers as the JSON contract has them.

mod accumulate;
mod between;
mod common;
mod isolate;
mod locate;
mod locate_map;
mod partition;
mod path;
mod profile;
mod profile_svg;
mod travel;

pub use accumulate::{AccumulateAnswer, AmountOf, PlaceAmount, accumulate_package};
pub use between::{BetweenAnswer, between_package};
pub use common::{CommonAnswer, MeetingAnswer, SharedAnswer};
pub use isolate::{EndAnswer, IsolateAnswer, PlugAnswer, isolate_package};
pub use locate::{
    FoundAnswer, LocateAnswer, LocateRequest, ObservationAnswer, PlaceProbability, SuspectAnswer,
    UnusedAnswer, VisitAnswer, WhyAnswer, WhyTest,
};
pub use locate_map::locate_package;
pub use partition::{DistrictAnswer, PartitionAnswer};
pub use path::{PathAnswer, WayReachAnswer, path_package};
pub use profile::{ProfileAnswer, ProfileReachAnswer};
pub use profile_svg::profile_drawing;
pub use travel::{PlaceTravel, ReachTravelAnswer, TravelAnswer, TravelRequest};

use serde::Serialize;
use suyuan_core::Language;
use suyuan_core::raw::ShapeKind;
use suyuan_export::{Look, Table};
use suyuan_network::{Network, Place, PlaceKind, ReachId};

use crate::answer::{StartAnswer, round};
use crate::city::City;
use crate::error::Error;
use crate::places::Places;
use crate::reference::Reference;
use crate::rows::{Kind, Rows, attributes};

/// A spot on the network that an answer names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpotAnswer {
    /// `node`, or `pipe` for its inside.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// East, in the network's system; `null` without geometry.
    pub x: Option<f64>,
    /// North.
    pub y: Option<f64>,
}

/// The place that a text means, and how it is told.
fn find(places: &Places<'_>, text: &str, max_snap: f64) -> Result<(Place, StartAnswer), Error> {
    let (place, kind, id) = places.find(&Reference::parse(text)?, max_snap)?;
    Ok((place, StartAnswer::of(text.to_owned(), &place, kind, id)))
}

fn find_all(
    places: &Places<'_>,
    texts: &[String],
    max_snap: f64,
) -> Result<Vec<(Place, StartAnswer)>, Error> {
    texts.iter().map(|text| find(places, text, max_snap)).collect()
}

/// A node, or one of some known places.
fn spot(network: &Network, at: PlaceKind, known: &[Place]) -> SpotAnswer {
    let (kind, id, place) = match at {
        PlaceKind::Node(node) => ("node", network.node(node).name, network.node(node).place),
        PlaceKind::Reach { reach, .. } => {
            let place = known.iter().find(|p| p.kind == at).and_then(|p| p.spot);
            ("pipe", network.pipe_name(network.reach(reach).pipe), place)
        }
    };
    SpotAnswer { kind, id: id.to_owned(), x: place.map(|p| round(p.x, 3)), y: place.map(|p| round(p.y, 3)) }
}

/// Stretches of reaches as a layer of that name, title and group, and which reaches it draws.
fn stretches(
    city: &City,
    stretches: &[(ReachId, [f64; 2])],
    [name, title, group]: [&str; 3],
    language: Language,
) -> (Table, Vec<bool>) {
    let network = &city.network;
    let columns = [
        ("pipe", "Pipe", "管段编号", Kind::Text),
        ("from_node", "Upper node", "上游管点", Kind::Text),
        ("to_node", "Lower node", "下游管点", Kind::Text),
        ("certainty", "Certainty of direction", "流向可信度", Kind::Text),
        ("length_m", "Length (m)", "长度(m)", Kind::Real),
    ];
    let mut rows = Rows::new(ShapeKind::Line, language, &columns);
    let mut origins = Vec::new();
    let mut drawn = vec![false; network.reach_count()];
    for (id, measures) in stretches {
        let reach = network.reach(*id);
        rows.text("pipe", network.pipe_name(reach.pipe))
            .text("from_node", network.node(reach.from).name)
            .text("to_node", network.node(reach.to).name)
            .text("certainty", reach.certainty.label(language))
            .real("length_m", measures[1] - measures[0]);
        let line = network.line_of_stretch(*id, *measures);
        if line.len() < 2 {
            rows.shape([]);
        } else {
            rows.shape([line.as_slice()]);
        }
        origins.push(network.pipe(reach.pipe).origin);
        drawn[id.index()] = true;
    }
    let mut table = rows.table(name, title, group, Look::TracedPipes);
    table.columns.extend(attributes(city, &origins));
    (table, drawn)
}
