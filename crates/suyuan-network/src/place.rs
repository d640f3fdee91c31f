//! A spot on the network, found by id or by nearness.

use serde::{Deserialize, Serialize};
use suyuan_core::{Coord, Language};

use crate::grid::distance;
use crate::ids::{NodeId, OutfallId, PipeId, ReachId};
use crate::index::{NearestPipe, PipeSpot};
use crate::network::Network;

/// A coordinate this close beside the nearest pipe point means the node, metres.
const NODE_MEANT: f64 = 0.5;

/// What a place is on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum PlaceKind {
    /// A node.
    Node(NodeId),
    /// The inside of a reach, so many metres above its lower end.
    Reach {
        /// The reach.
        reach: ReachId,
        /// Metres from the spot down to the reach's lower end.
        above_end: f64,
    },
}

/// A spot on the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What it is on.
    pub kind: PlaceKind,
    /// Its coordinates on the network, if it has any.
    pub spot: Option<Coord<f64>>,
    /// How far what was asked for lies from it, metres.
    pub snap: f64,
}

/// Why a place is not on the network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// No such id.
    #[error("no {kind} `{id}` in the network{}", suggestion(near, Language::English))]
    Unknown {
        /// What was looked for: outfall, node, pipe.
        kind: &'static str,
        /// The id.
        id: String,
        /// The ids most like it.
        near: Vec<String>,
    },
    /// The id stands on several things.
    #[error("{count} {kind}s are called `{id}`; give coordinates instead")]
    Ambiguous {
        /// What was looked for.
        kind: &'static str,
        /// The id.
        id: String,
        /// How many there are.
        count: usize,
    },
    /// Too far from every pipe.
    #[error("{what} lies {distance:.2} m from the nearest pipe {pipe}, more than the {limit} m allowed")]
    TooFar {
        /// What was asked for.
        what: String,
        /// How far it lies, metres.
        distance: f64,
        /// The pipe it lies nearest to.
        pipe: String,
        /// The limit, metres.
        limit: f64,
    },
    /// The network has no geometry to snap to.
    #[error("{what} cannot be placed: it has no coordinates, or the network has none")]
    NoGeometry {
        /// What was asked for.
        what: String,
    },
}

fn suggestion(near: &[String], language: Language) -> String {
    if near.is_empty() {
        return String::new();
    }
    let list = near.join(language.pick(", ", "、"));
    match language {
        Language::English => format!("; the nearest ids are {list}"),
        Language::Chinese => format!("；相近的编号有 {list}"),
    }
}

impl PlaceError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let word = |kind: &str| match kind {
            "outfall" => "排口",
            "node" => "管点",
            "pipe" => "管段",
            "drainer" => "排水户",
            _ => "排口、管点或管段",
        };
        match (language, self) {
            (Language::English, error) => error.to_string(),
            (Language::Chinese, Self::Unknown { kind, id, near }) => {
                format!("管网中没有{}“{id}”{}", word(kind), suggestion(near, language))
            }
            (Language::Chinese, Self::Ambiguous { kind, id, count }) => {
                format!("有 {count} 个{}的编号都是“{id}”，请改用坐标指定", word(kind))
            }
            (Language::Chinese, Self::TooFar { what, distance, pipe, limit }) => {
                format!("{what} 距最近的管段 {pipe} 为 {distance:.2} 米，超过允许的 {limit} 米")
            }
            (Language::Chinese, Self::NoGeometry { what }) => {
                format!("{what} 无法定位：它没有坐标，或管网没有坐标")
            }
        }
    }
}

/// The three texts most like `id`.
fn nearest_ids<'a>(id: &str, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut best: Vec<(usize, &str)> = Vec::new();
    for text in all {
        let away = strsim::levenshtein(id, text);
        if best.len() < 3 || best.last().is_some_and(|b| (away, text) < *b) {
            let at = best.partition_point(|b| *b < (away, text));
            best.insert(at, (away, text));
            best.truncate(3);
        }
    }
    best.into_iter().map(|(_, text)| text.to_owned()).collect()
}

impl Network {
    /// The first of the nodes that are called that. O(log n), as [`Network::find_node`].
    #[must_use]
    pub fn node_called(&self, name: &str) -> Option<NodeId> {
        let called = |node: u32| self.node_names.at(node as usize);
        let by_name = self.nodes_by_name();
        let first = by_name.partition_point(|n| called(*n) < name);
        (first..by_name.len()).take(1).map(|k| by_name.at(k)).find(|n| called(*n) == name).map(NodeId)
    }

    /// Whether a pipe has that id. O(log n), as [`Network::find_pipes`].
    #[must_use]
    pub fn has_pipe(&self, id: &str) -> bool {
        let called = |pipe: u32| self.pipe_ids.at(pipe as usize);
        let first = self.pipes_by_id().partition_point(|p| called(*p) < id);
        first < self.pipe_count() && called(self.pipes_by_id().at(first)) == id
    }

    /// Whether an outfall has that id. O(log n).
    #[must_use]
    pub fn has_outfall(&self, id: &str) -> bool {
        let first = self.outfalls.partition_point(|o| o.id.as_str() < id);
        first < self.outfalls.len() && self.outfalls.at(first).id == id
    }

    /// The node of that name.
    ///
    /// # Errors
    /// [`PlaceError::Unknown`] with the nearest names; [`PlaceError::Ambiguous`] if several nodes carry it.
    ///
    /// # Complexity
    /// O(log n) if it is found; the first call sorts the names, O(n log n), unless the network was prepared.
    pub fn find_node(&self, name: &str) -> Result<NodeId, PlaceError> {
        let by_name = self.nodes_by_name();
        let called = |node: u32| self.node_names.at(node as usize);
        let first = by_name.partition_point(|n| called(*n) < name);
        match (first..by_name.len()).take_while(|k| called(by_name.at(*k)) == name).count() {
            0 => {
                let near = nearest_ids(name, self.node_names.iter());
                Err(PlaceError::Unknown { kind: "node", id: name.to_owned(), near })
            }
            1 => Ok(NodeId(by_name.at(first))),
            count => Err(PlaceError::Ambiguous { kind: "node", id: name.to_owned(), count }),
        }
    }

    /// The pipes of that id: several rows may carry it.
    ///
    /// # Errors
    /// [`PlaceError::Unknown`] with the nearest ids.
    ///
    /// # Complexity
    /// O(log n) if it is found; the first call sorts the ids, O(n log n), unless the network was prepared.
    pub fn find_pipes(&self, id: &str) -> Result<Vec<PipeId>, PlaceError> {
        let by_id = self.pipes_by_id();
        let called = |pipe: u32| self.pipe_ids.at(pipe as usize);
        let first = by_id.partition_point(|p| called(*p) < id);
        let after = (first..by_id.len()).map(|k| by_id.at(k));
        let found: Vec<PipeId> = after.take_while(|p| called(*p) == id).map(PipeId).collect();
        if found.is_empty() {
            let near = nearest_ids(id, self.pipe_ids.iter());
            return Err(PlaceError::Unknown { kind: "pipe", id: id.to_owned(), near });
        }
        Ok(found)
    }

    /// The outfall of that id.
    ///
    /// # Errors
    /// [`PlaceError::Unknown`] with the nearest ids; [`PlaceError::Ambiguous`] if several outfalls carry it.
    pub fn find_outfall(&self, id: &str) -> Result<OutfallId, PlaceError> {
        // They are in the order of their ids.
        let first = self.outfalls.partition_point(|o| o.id.as_str() < id);
        match (first..self.outfalls.len()).take_while(|o| self.outfalls.at(*o).id == id).count() {
            0 => {
                let near = nearest_ids(id, self.outfalls.iter().map(|o| o.id.as_str()));
                Err(PlaceError::Unknown { kind: "outfall", id: id.to_owned(), near })
            }
            1 => Ok(OutfallId(first as u32)),
            count => Err(PlaceError::Ambiguous { kind: "outfall", id: id.to_owned(), count }),
        }
    }

    /// The place of a node.
    #[must_use]
    pub fn place_of_node(&self, node: NodeId) -> Place {
        Place { kind: PlaceKind::Node(node), spot: self.node_place(node), snap: 0.0 }
    }

    /// The lower end of a pipe, the pipe itself being upstream of it.
    #[must_use]
    pub fn place_of_pipe(&self, pipe: PipeId) -> Option<Place> {
        // The reach whose lower end no other reach of the pipe continues from.
        let reaches: Vec<ReachId> = self.reaches_of(pipe).collect();
        let starts: Vec<NodeId> = reaches.iter().map(|r| self.reach(*r).from).collect();
        let reach = reaches
            .iter()
            .copied()
            .find(|r| !starts.contains(&self.reach(*r).to))
            .or_else(|| reaches.last().copied())?;
        let spot = self.node_place(self.reach(reach).to);
        Some(Place { kind: PlaceKind::Reach { reach, above_end: 0.0 }, spot, snap: 0.0 })
    }

    /// The place of an outfall.
    ///
    /// # Errors
    /// [`PlaceError::TooFar`] if it was joined to nothing, or lies farther from its pipe than `limit` metres.
    pub fn place_of_outfall(&self, outfall: OutfallId, limit: f64) -> Result<Place, PlaceError> {
        let row = self.outfall(outfall);
        match row.node {
            Some(node) if row.snap <= limit => Ok(Place { snap: row.snap, ..self.place_of_node(node) }),
            _ => {
                let what = row.id.clone();
                let Some(place) = row.place else { return Err(PlaceError::NoGeometry { what }) };
                let index = NearestPipe::new(self);
                let Some(near) = index.nearest(place) else { return Err(PlaceError::NoGeometry { what }) };
                if near.distance <= limit {
                    return self.place_near(&index, place, limit, &what);
                }
                Err(PlaceError::TooFar {
                    what,
                    distance: near.distance,
                    pipe: self.pipe_name(near.pipe).to_owned(),
                    limit,
                })
            }
        }
    }

    /// The spot of the network nearest to some coordinates: the node there, else the inside of the nearest pipe.
    ///
    /// # Errors
    /// [`PlaceError::TooFar`] if every pipe is farther than `limit` metres.
    pub fn place_near(
        &self,
        index: &NearestPipe<'_>,
        place: Coord<f64>,
        limit: f64,
        what: &str,
    ) -> Result<Place, PlaceError> {
        let Some(near) = index.nearest(place) else {
            return Err(PlaceError::NoGeometry { what: what.to_owned() });
        };
        if near.distance > limit {
            return Err(PlaceError::TooFar {
                what: what.to_owned(),
                distance: near.distance,
                pipe: self.pipe_name(near.pipe).to_owned(),
                limit,
            });
        }
        // A place that is meant for a node is near several pipes: take the nearest node of any of them.
        let node = index
            .within(place, near.distance + NODE_MEANT)
            .iter()
            .flat_map(|spot| self.reaches_of(spot.pipe))
            .flat_map(|r| [self.reach(r).from, self.reach(r).to])
            .filter_map(|n| Some((distance(self.node_place(n)?, place), n)))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((away, node)) =
            node.filter(|(away, _)| *away <= near.distance + NODE_MEANT && *away <= limit)
        {
            return Ok(Place { snap: away, ..self.place_of_node(node) });
        }
        self.place_of_spot(&near).ok_or_else(|| PlaceError::NoGeometry { what: what.to_owned() })
    }

    /// The place of a spot on a pipe.
    #[must_use]
    pub fn place_of_spot(&self, spot: &PipeSpot) -> Option<Place> {
        let reach = self.reach_at(spot.pipe, spot.part, spot.measure)?;
        let row = self.reach(reach);
        let [from, to] = row.measures;
        let measure = spot.measure.clamp(from, to);
        let above_end = if row.with_drawn { to - measure } else { measure - from };
        Some(Place {
            kind: PlaceKind::Reach { reach, above_end },
            spot: Some(spot.spot),
            snap: spot.distance,
        })
    }
}
