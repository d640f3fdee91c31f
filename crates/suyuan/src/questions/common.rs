//! Where the water of several places meets, and what lies upstream of all of them.

use serde::Serialize;
use suyuan_network::{NodeId, Place, PlaceKind, ReachId};
use suyuan_trace::{Barriers, Heading, first_meetings, upstream_of_all};

use super::{SpotAnswer, find_all, spot};
use crate::answer::{StartAnswer, dedup, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::places::Places;

/// A place where water first meets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeetingAnswer {
    /// Where it is.
    pub at: SpotAnswer,
    /// Metres of pipe from each start, in their order.
    pub distances_m: Vec<f64>,
}

/// A part of the network: what lies upstream of all of several places, or between them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedAnswer {
    /// Pipes of which some part does, by id.
    pub pipes: Vec<String>,
    /// How many nodes do.
    pub nodes: usize,
    /// Metres of pipe.
    pub length_m: f64,
    /// Drainers that enter there, by id.
    pub drainers: Vec<String>,
}

/// What several places have in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommonAnswer {
    /// `suyuan.common/1`.
    pub schema: &'static str,
    /// The places, in the order given.
    pub starts: Vec<StartAnswer>,
    /// `downstream` or `upstream`.
    pub direction: &'static str,
    /// Where their water first meets; downstream only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meetings: Option<Vec<MeetingAnswer>>,
    /// What lies upstream of all of them; upstream only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedAnswer>,
}

impl City {
    /// Where the water of several places first meets, or with [`Heading::Upstream`] what lies upstream of all of them.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there.
    ///
    /// # Complexity
    /// As [`first_meetings`] and [`upstream_of_all`].
    pub fn common(&self, starts: &[String], heading: Heading, asked: &Asked) -> Result<CommonAnswer, Error> {
        let found = find_all(&Places::new(self), starts, asked.max_snap)?;
        let (places, starts): (Vec<Place>, Vec<StartAnswer>) = found.into_iter().unzip();
        let down = heading == Heading::Downstream;
        self.intact(CommonAnswer {
            schema: "suyuan.common/1",
            starts,
            direction: heading.key(),
            meetings: down.then(|| self.meetings(&places, &asked.barriers)),
            shared: (!down).then(|| {
                let shared = upstream_of_all(&self.network, &places, &asked.barriers);
                self.told(&shared.reaches, &shared.nodes)
            }),
        })
    }

    fn meetings(&self, places: &[Place], barriers: &Barriers) -> Vec<MeetingAnswer> {
        let meetings = first_meetings(&self.network, places, barriers);
        let told = meetings.into_iter().map(|meeting| MeetingAnswer {
            at: spot(&self.network, meeting.at, places),
            distances_m: meeting.distances.iter().map(|d| round(*d, 3)).collect(),
        });
        told.collect()
    }

    /// A part of the network in words: stretches of reaches, and nodes.
    pub(super) fn told(&self, reaches: &[(ReachId, [f64; 2])], nodes: &[NodeId]) -> SharedAnswer {
        let network = &self.network;
        let drainers = &self.drainers;
        let at_nodes = nodes.iter().flat_map(|n| drainers.at_node(*n));
        let on_reaches = reaches.iter().flat_map(|(reach, measures)| {
            let row = network.reach(*reach);
            let [begin, end] = row.measures;
            drainers.on_reach(*reach).iter().filter(move |d| {
                let Some(PlaceKind::Reach { above_end, .. }) =
                    drainers.drainer(**d).link.map(|l| l.place.kind)
                else {
                    return false;
                };
                let measure = if row.with_drawn { end - above_end } else { begin + above_end };
                (measures[0] - 1e-6..=measures[1] + 1e-6).contains(&measure)
            })
        });
        let drainers_found = at_nodes.chain(on_reaches).map(|d| drainers.drainer(*d).id.clone());
        let length = reaches.iter().map(|(_, m)| m[1] - m[0]).fold(0.0, |a, b| a + b);
        let pipe = |reach| network.pipe_name(network.reach(reach).pipe).to_owned();
        SharedAnswer {
            pipes: dedup(reaches.iter().map(|r| pipe(r.0))),
            nodes: nodes.len(),
            length_m: round(length, 3),
            drainers: dedup(drainers_found),
        }
    }
}
