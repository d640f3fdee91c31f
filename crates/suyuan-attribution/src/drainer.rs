//! Drainers and the pipes they join.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use suyuan_core::raw::{Field, RawLayer, Role, ShapeKind};
use suyuan_core::stored::{Lookup, Paged, PagedBytes, Sections, Stored, StoredError};
use suyuan_core::{Coord, Finding, FindingCode, Origin, RawSurvey};
use suyuan_network::{NearestPipe, Network, NodeId, PipeId, PipeSpot, Place, PlaceKind, ReachId};

use crate::geometry::{centre, line_to_area};
use crate::lateral::join_laterals;
use crate::link::{Link, LinkGrade};
use crate::trades::Trades;

/// A drainer, numbered by id, then position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct DrainerId(pub(crate) u32);

impl DrainerId {
    /// Its place in arrays with one entry for each drainer.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whoever drains into the network.
#[doc(alias = "排水户")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drainer {
    /// Its id in the survey.
    pub id: String,
    /// Its name, blank if it has none.
    pub name: String,
    /// Its trade as the record says, blank if it says nothing.
    pub trade: String,
    /// Id of the trade it was recognised as.
    pub trade_id: Option<String>,
    /// A place to label it, if it has one.
    pub place: Option<Coord<f64>>,
    /// Its row in the survey.
    pub origin: Origin,
    /// The best link, `None` if nothing lies near enough.
    pub link: Option<Link>,
    /// Other pipes about as near, nearest first, for a link by nearness.
    pub rivals: Vec<(PipeId, f64)>,
}

/// How drainers are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinConfig {
    /// How far the nearest pipe may lie, metres.
    pub reach: f64,
    /// How far a lateral's end may lie from its pipe, metres.
    pub lateral_reach: f64,
    /// What is believed about trades.
    pub trades: Trades,
}

impl JoinConfig {
    /// The settings of the command line when nothing else is said: pipes up to 50 m away, laterals up to 2 m.
    #[must_use]
    pub fn automatic() -> Self {
        Self { reach: 50.0, lateral_reach: 2.0, trades: Trades::shipped() }
    }
}

/// Every drainer of a survey, joined to its network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drainers {
    rows: Paged<Drainer>,
    by_reach: Lookup<ReachId, DrainerId>,
    by_node: Lookup<NodeId, DrainerId>,
}

impl Drainers {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A drainer.
    #[must_use]
    pub fn drainer(&self, drainer: DrainerId) -> &Drainer {
        self.rows.at(drainer.index())
    }

    /// Every drainer in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (DrainerId, &Drainer)> {
        self.rows.iter().enumerate().map(|(i, d)| (DrainerId(i as u32), d))
    }

    /// The drainers that enter on a reach.
    #[must_use]
    pub fn on_reach(&self, reach: ReachId) -> &[DrainerId] {
        self.by_reach.of(reach)
    }

    /// The drainers that enter at a node.
    #[must_use]
    pub fn at_node(&self, node: NodeId) -> &[DrainerId] {
        self.by_node.of(node)
    }

    /// The drainers of that id. O(log n).
    pub fn find<'a>(&'a self, id: &'a str) -> impl Iterator<Item = DrainerId> + 'a {
        let first = self.rows.partition_point(|d| d.id.as_str() < id);
        (first..self.len()).take_while(move |i| self.rows.at(*i).id == id).map(|i| DrainerId(i as u32))
    }

    /// Encodes what has to be encoded before it can be stored.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn encode(&self) -> Result<PagedBytes, postcard::Error> {
        self.rows.encode()
    }

    /// Adds the drainers to what is to be stored; `pages` are what [`Drainers::encode`] made of them.
    pub fn put<'a>(&'a self, pages: &'a PagedBytes, sections: &mut Sections<'a>) {
        pages.put(sections, "drainers");
        self.by_reach.put(sections, "drainers.reach");
        self.by_node.put(sections, "drainers.node");
    }

    /// The drainers that were stored.
    ///
    /// # Errors
    /// [`StoredError`] if a section is missing.
    pub fn open(stored: &Arc<Stored>) -> Result<Self, StoredError> {
        Ok(Self {
            rows: Paged::open(stored, "drainers")?,
            by_reach: Lookup::open(stored, "drainers.reach")?,
            by_node: Lookup::open(stored, "drainers.node")?,
        })
    }
}

/// Joins the drainers of a survey to its network: by record, else by a lateral, else to the nearest pipe.
///
/// # Shape
/// Every drainer of every drainer layer, and every surveyed node that takes water from outside, joined or not, ordered
/// by id, then position.
///
/// # Complexity
/// O(d log n) for d drainers and n pipe segments, in parallel.
#[must_use]
pub fn join_drainers(
    survey: &RawSurvey,
    index: &NearestPipe<'_>,
    config: &JoinConfig,
) -> (Drainers, Vec<Finding>) {
    let network = index.network();
    let joiner = Joiner { network, index, config };
    let mut rows: Vec<(Drainer, Vec<String>)> = Vec::new();
    for (l, layer) in survey.layers_of(Role::Drainers) {
        let places: Vec<_> = (0..layer.len()).into_par_iter().map(|row| place_of(layer, row)).collect();
        let joined = index.of_each(&places, |row| joiner.join(layer, row, places[row]));
        rows.par_extend(joined.into_par_iter().enumerate().map(|(row, joined)| {
            let blank = joiner.blank(layer, l, row, places[row]);
            (Drainer { link: joined.link, rivals: joined.rivals, ..blank }, joined.unknown)
        }));
    }
    for (l, layer) in survey.layers_of(Role::Nodes) {
        let inflow = |row: &usize| layer.text(Field::Inflow, *row) == Some("yes");
        rows.extend((0..layer.len()).filter(inflow).map(|row| joiner.node_with_inflow(layer, l, row)));
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut drainers = Vec::with_capacity(rows.len());
    for (drainer, unknown) in rows {
        let record = |other| about(FindingCode::DrainerRecordUnknown, &drainer).with("other", other);
        findings.extend(unknown.into_iter().map(record));
        drainers.push(drainer);
    }
    drainers.par_sort_by(|a, b| {
        let place = |d: &Drainer| d.place.map_or((f64::INFINITY, f64::INFINITY), |p| (p.x, p.y));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.id.cmp(&b.id).then(ax.total_cmp(&bx)).then(ay.total_cmp(&by)).then_with(|| a.name.cmp(&b.name))
    });
    join_laterals(survey, index, config, &mut drainers, &mut findings);
    findings.par_extend(drainers.par_iter().flat_map_iter(|drainer| joiner.doubts(drainer)));
    let strange = || drainers.iter().filter(|d| !d.trade.is_empty() && d.trade_id.is_none());
    if let Some(least) = strange().map(|d| d.trade.as_str()).min() {
        let count = strange().count();
        findings.push(Finding::new(FindingCode::TradeUnknown).with("count", count).with("value", least));
    }
    findings.par_sort_by(|a, b| a.code.cmp(&b.code).then_with(|| a.details.cmp(&b.details)));
    (Drainers::from(drainers), findings)
}

/// The drainers must be in the order of their ids.
impl From<Vec<Drainer>> for Drainers {
    fn from(rows: Vec<Drainer>) -> Self {
        let (mut on_reaches, mut at_nodes) = (Vec::new(), Vec::new());
        for (i, drainer) in rows.iter().enumerate() {
            let id = DrainerId(i as u32);
            match drainer.link.map(|l| l.place.kind) {
                Some(PlaceKind::Reach { reach, .. }) => on_reaches.push((reach, id)),
                Some(PlaceKind::Node(node)) => at_nodes.push((node, id)),
                None => {}
            }
        }
        Self { rows: rows.into(), by_reach: on_reaches.into(), by_node: at_nodes.into() }
    }
}

/// How many rivals of the nearest pipe are kept.
const RIVALS: usize = 3;

/// How far a pipe may lie that might as well be the one, where the nearest lies at `distance`: half as far again, or 2 m.
fn as_near(distance: f64) -> f64 {
    (distance * 1.5).max(distance + 2.0)
}

/// How a drainer was joined.
struct Joined {
    link: Option<Link>,
    rivals: Vec<(PipeId, f64)>,
    /// Pipes and nodes that its record names and that are not in the network.
    unknown: Vec<String>,
}

struct Joiner<'a> {
    network: &'a Network,
    index: &'a NearestPipe<'a>,
    config: &'a JoinConfig,
}

impl Joiner<'_> {
    fn blank(&self, layer: &RawLayer, l: u16, row: usize, place: Option<Coord<f64>>) -> Drainer {
        let name = layer.text(Field::Name, row).unwrap_or("").to_owned();
        let trade = layer.text(Field::Trade, row).unwrap_or("").to_owned();
        let trade_id = self.config.trades.recognise(&trade, &name).map(|t| t.id.clone());
        Drainer {
            id: layer.id(row).into_owned(),
            name,
            trade,
            trade_id,
            place,
            origin: Origin { layer: l, row: row as u32 },
            link: None,
            rivals: Vec::new(),
        }
    }

    fn node_with_inflow(&self, layer: &RawLayer, l: u16, row: usize) -> (Drainer, Vec<String>) {
        let mut drainer = self.blank(layer, l, row, place_of(layer, row));
        let node = self.network.node_called(&drainer.id);
        drainer.link = node.map(|node| self.at_node(node, drainer.place));
        let unknown = node.is_none().then(|| drainer.id.clone());
        (drainer, unknown.into_iter().collect())
    }

    fn at_node(&self, node: NodeId, from: Option<Coord<f64>>) -> Link {
        let place = self.network.place_of_node(node);
        let gap = match (place.spot, from) {
            (Some(a), Some(b)) => (a.x - b.x).hypot(a.y - b.y),
            _ => 0.0,
        };
        Link { grade: LinkGrade::Recorded, pipe: None, place, gap }
    }

    /// The link of a drainer, its rivals, and what its record names that is not there.
    fn join(&self, layer: &RawLayer, row: usize, place: Option<Coord<f64>>) -> Joined {
        let mut joined = Joined { link: None, rivals: Vec::new(), unknown: Vec::new() };
        if let Some(id) = layer.text(Field::Pipe, row) {
            match self.network.find_pipes(id) {
                Ok(pipes) => joined.link = self.on_pipe(&pipes, place),
                Err(_) => joined.unknown.push(id.to_owned()),
            }
        }
        if joined.link.is_none()
            && let Some(id) = layer.text(Field::Node, row)
        {
            match self.network.node_called(id) {
                Some(node) => joined.link = Some(self.at_node(node, place)),
                None => joined.unknown.push(id.to_owned()),
            }
        }
        if joined.link.is_none() {
            let spots = if layer.shapes.kind() == ShapeKind::Polygon {
                self.spots_near_area(&layer.shapes.parts(row).collect::<Vec<_>>())
            } else {
                place.map_or_else(Vec::new, |place| self.spots_near(place))
            };
            if let Some(first) = spots.first() {
                joined.link = self.network.place_of_spot(first).map(|place| Link {
                    grade: LinkGrade::Nearest,
                    pipe: Some(first.pipe),
                    place,
                    gap: first.distance,
                });
                let close = as_near(first.distance);
                let rivals = spots[1..].iter().filter(|s| s.distance <= close).take(RIVALS);
                joined.rivals = rivals.map(|s| (s.pipe, s.distance)).collect();
            }
        }
        joined
    }

    /// The pipe nearest to a point, if it lies within reach, and its rivals.
    fn spots_near(&self, place: Coord<f64>) -> Vec<PipeSpot> {
        match self.index.nearest(place).filter(|s| s.distance <= self.config.reach) {
            Some(nearest) => {
                let close = as_near(nearest.distance).min(self.config.reach);
                self.index.nearest_within(place, close, 1 + RIVALS)
            }
            None => Vec::new(),
        }
    }

    fn spots_near_area(&self, rings: &[&[Coord<f64>]]) -> Vec<PipeSpot> {
        let Some((middle, half)) = centre(rings) else { return Vec::new() };
        let mut spots: Vec<PipeSpot> = self
            .index
            .within(middle, half + self.config.reach)
            .into_iter()
            .filter_map(|spot| {
                let (point, distance) = self
                    .network
                    .parts_of(spot.pipe)
                    .filter_map(|line| line_to_area(&line, rings))
                    .min_by(|a, b| a.1.total_cmp(&b.1))?;
                if distance > self.config.reach {
                    return None;
                }
                let on_pipe = self.index.within(point, 1e-6).into_iter().find(|s| s.pipe == spot.pipe)?;
                let mut on_pipe = on_pipe;
                on_pipe.distance = distance;
                Some(on_pipe)
            })
            .collect();
        spots.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.pipe.cmp(&b.pipe)));
        spots
    }

    /// The recorded link to the nearest of some pipes of one id.
    fn on_pipe(&self, pipes: &[PipeId], from: Option<Coord<f64>>) -> Option<Link> {
        let recorded = |pipe: PipeId, place: Place, gap: f64| Link {
            grade: LinkGrade::Recorded,
            pipe: Some(pipe),
            place,
            gap,
        };
        if let Some(from) = from {
            let nearest = pipes
                .iter()
                .filter_map(|pipe| self.index.on_pipe(*pipe, from))
                .min_by(|a, b| a.distance.total_cmp(&b.distance).then(a.pipe.cmp(&b.pipe)));
            if let Some(spot) = nearest {
                return Some(recorded(spot.pipe, self.network.place_of_spot(&spot)?, spot.distance));
            }
        }
        let pipe = *pipes.first()?;
        Some(recorded(pipe, self.network.place_of_pipe(pipe)?, 0.0))
    }

    /// What is doubtful about where a drainer was joined.
    fn doubts(&self, drainer: &Drainer) -> impl Iterator<Item = Finding> {
        let Some(link) = &drainer.link else {
            let gap = drainer.place.and_then(|p| self.index.nearest(p)).map(|s| format!("{:.1}", s.distance));
            let gap = gap.unwrap_or_else(|| format!("> {}", self.config.reach));
            return [Some(about(FindingCode::DrainerFar, drainer).with("gap", gap)), None]
                .into_iter()
                .flatten();
        };
        let ambiguous = drainer.rivals.first().map(|(rival, _)| {
            about(FindingCode::DrainerAmbiguous, drainer).with("other", self.network.pipe_name(*rival))
        });
        let trade = drainer.trade_id.as_ref().and_then(|id| self.config.trades.trade(id));
        let misconnected = trade.filter(|t| link.is_misconnection(self.network, t.produces)).map(|_| {
            about(FindingCode::MisconnectionSuspected, drainer).with("other", link.target(self.network))
        });
        [ambiguous, misconnected].into_iter().flatten()
    }
}

/// A finding about a drainer.
fn about(code: FindingCode, drainer: &Drainer) -> Finding {
    let finding = Finding::new(code).with("id", &drainer.id).on(drainer.origin);
    if let Some(place) = drainer.place { finding.at(place) } else { finding }
}

/// The label's place of a row.
fn place_of(layer: &RawLayer, row: usize) -> Option<Coord<f64>> {
    match layer.shapes.kind() {
        ShapeKind::Polygon => centre(&layer.shapes.parts(row).collect::<Vec<_>>()).map(|c| c.0),
        _ => layer.shapes.point(row),
    }
}
