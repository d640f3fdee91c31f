//! How a drainer is joined to the network.

use serde::{Deserialize, Serialize};
use suyuan_core::{Language, System};
use suyuan_network::{Network, PipeId, Place, PlaceKind};

/// How good a link is, best first.
#[doc(alias = "接驳等级")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkGrade {
    /// The record names the pipe or manhole.
    #[doc(alias = "登记")]
    Recorded,
    /// A lateral was surveyed.
    #[doc(alias = "接户管")]
    Lateral,
    /// It is merely the nearest pipe.
    #[doc(alias = "就近")]
    Nearest,
}

impl LinkGrade {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Lateral => "lateral",
            Self::Nearest => "nearest",
        }
    }

    /// The words people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Recorded => language.pick("recorded", "登记接入"),
            Self::Lateral => language.pick("surveyed lateral", "接户管接入"),
            Self::Nearest => language.pick("nearest pipe", "就近推定"),
        }
    }
}

/// One way in which a drainer may be joined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// How good it is.
    pub grade: LinkGrade,
    /// The pipe, `None` where it joins at a manhole.
    pub pipe: Option<PipeId>,
    /// Where its water enters the network.
    pub place: Place,
    /// Metres between the drainer (or its lateral) and that place; 0 where the record has no coordinates to compare.
    pub gap: f64,
}

impl Link {
    /// What the pipe carries that it enters; at a manhole, what all of its pipes carry, else unknown.
    #[must_use]
    pub fn system(&self, network: &Network) -> System {
        let node = match (self.pipe, self.place.kind) {
            (Some(pipe), _) => return network.pipe(pipe).system,
            (None, PlaceKind::Reach { reach, .. }) => return network.pipe(network.reach(reach).pipe).system,
            (None, PlaceKind::Node(node)) => node,
        };
        let mut systems = [network.incoming(node), network.outgoing(node)]
            .into_iter()
            .flatten()
            .map(|reach| network.pipe(network.reach(*reach).pipe).system);
        let first = systems.next().unwrap_or(System::Unknown);
        if systems.all(|s| s == first) { first } else { System::Unknown }
    }

    /// Whether foul water enters a storm sewer here: the record or a lateral says so, not mere nearness.
    #[must_use]
    pub fn is_misconnection(&self, network: &Network, produces: System) -> bool {
        produces == System::Foul && self.grade != LinkGrade::Nearest && self.system(network) == System::Storm
    }

    /// The pipe or manhole that it enters, by name.
    #[must_use]
    pub fn target<'a>(&self, network: &'a Network) -> &'a str {
        match (self.pipe, self.place.kind) {
            (Some(pipe), _) => network.pipe_name(pipe),
            (None, PlaceKind::Node(node)) => network.node(node).name,
            (None, PlaceKind::Reach { reach, .. }) => network.pipe_name(network.reach(reach).pipe),
        }
    }
}
