//! The long profile between two places.

use serde::Serialize;
use suyuan_trace::{Profile, long_profile};

use crate::answer::{StartAnswer, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;

/// A reach in a long profile; of each pair, the end that is passed first comes first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProfileReachAnswer {
    /// Its pipe.
    pub pipe: String,
    /// The nodes at its ends; `null` where the way begins or ends inside it.
    pub nodes: [Option<String>; 2],
    /// Metres along the way at its ends.
    pub measures_m: [f64; 2],
    /// Invert levels at its ends; `null` where unknown.
    pub inverts_m: [Option<f64>; 2],
    /// Ground levels at its ends; `null` where unknown.
    pub grounds_m: [Option<f64>; 2],
    /// Inside height; `null` where unknown.
    pub diameter_m: Option<f64>,
    /// How far it falls; negative where it rises, `null` where a level is unknown.
    pub fall_m: Option<f64>,
    /// Whether it is a pressure pipe.
    pub pumped: bool,
    /// Whether it rises by more than 2 cm, and is no pressure pipe.
    pub adverse: bool,
    /// How far the bed drops where it begins; `null` for the first reach and where a level is unknown.
    pub step_m: Option<f64>,
    /// Whether it is narrower than the reach before.
    pub narrows: bool,
}

/// The long profile between two places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProfileAnswer {
    /// `suyuan.profile/1`.
    pub schema: &'static str,
    /// The first place.
    pub from: StartAnswer,
    /// The second place.
    pub to: StartAnswer,
    /// `with_flow`, `against_flow`, `doubtful` or `none`, as of a path.
    pub found: &'static str,
    /// Length of the way; `null` if there is none.
    pub length_m: Option<f64>,
    /// The reaches in the order that the water passes them.
    pub reaches: Vec<ProfileReachAnswer>,
    /// The profile itself.
    #[serde(skip)]
    pub profile: Option<Profile>,
}

impl City {
    /// The long profile along the shortest way that water takes from one place to another; failing that along the way back,
    /// or one over doubtful directions.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there.
    ///
    /// # Complexity
    /// As [`City::path`].
    pub fn profile(&self, from: &str, to: &str, asked: &Asked) -> Result<ProfileAnswer, Error> {
        let network = &self.network;
        let answer = self.path(from, to, asked)?;
        let profile = answer.path.way().map(|way| long_profile(network, way));
        let metres = |value: f64| round(value, 3);
        let reaches = profile.iter().flat_map(|p| &p.reaches).map(|found| ProfileReachAnswer {
            pipe: network.pipe_name(network.reach(found.reach).pipe).to_owned(),
            nodes: found.nodes.map(|n| Some(network.node(n?).name.to_owned())),
            measures_m: found.measures.map(metres),
            inverts_m: found.inverts.map(|v| v.map(metres)),
            grounds_m: found.grounds.map(|v| v.map(metres)),
            diameter_m: found.diameter.map(metres),
            fall_m: found.fall.map(metres),
            pumped: found.pumped,
            adverse: found.adverse,
            step_m: found.step.map(metres),
            narrows: found.narrows,
        });
        self.intact(ProfileAnswer {
            schema: "suyuan.profile/1",
            reaches: reaches.collect(),
            from: answer.from,
            to: answer.to,
            found: answer.found,
            length_m: answer.length_m,
            profile,
        })
    }
}

impl ProfileAnswer {
    /// The places in the order that the water passes them.
    #[must_use]
    pub fn ends(&self) -> [&StartAnswer; 2] {
        if self.found == "against_flow" { [&self.to, &self.from] } else { [&self.from, &self.to] }
    }
}
