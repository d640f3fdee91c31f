//! When water arrives, and when what was seen was let go.

use serde::Serialize;
use suyuan_trace::{Heading, TraceOptions, Tracer, TravelSettings, Window, travel_times};

use super::find;
use crate::answer::{StartAnswer, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::moment::Moment;
use crate::places::Places;

/// What is asked about travel times.
#[derive(Debug, Clone, PartialEq)]
pub struct TravelRequest {
    /// Against the flow or with it.
    pub heading: Heading,
    /// How far to look, metres of pipe.
    pub max_distance: Option<f64>,
    /// Where water may not pass, and how far a place may lie from the network.
    pub asked: Asked,
    /// From when to when polluted water was seen at the start; upstream only.
    pub seen: Option<[Moment; 2]>,
    /// What is assumed about the flow.
    pub settings: TravelSettings,
}

impl Default for TravelRequest {
    fn default() -> Self {
        Self {
            heading: Heading::Upstream,
            max_distance: None,
            asked: Asked::default(),
            seen: None,
            settings: TravelSettings::default(),
        }
    }
}

/// What the times rest on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumptions {
    /// Depth of the water beside the diameter.
    pub depth_ratio: f64,
    /// Manning's roughness.
    pub roughness: f64,
    /// Bounds of the most likely velocity.
    pub velocity_m_s: [f64; 2],
    /// Diameter where none is known.
    pub diameter_m: f64,
    /// Full-bore velocity that the slope is taken from where none is known.
    pub self_cleansing_m_s: f64,
    /// Velocity in pressure pipes.
    pub pumped_velocity_m_s: f64,
    /// Standard deviation of the logarithm of a time.
    pub log_sd: f64,
    /// What it is multiplied by where something had to be assumed.
    pub doubt: f64,
    /// Median wait at a pumping station.
    pub hold_s: f64,
    /// Its geometric standard deviation.
    pub hold_gsd: f64,
    /// How many standard deviations a window reaches to either side.
    pub deviations: f64,
}

/// The time between a reach and the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReachTravelAnswer {
    /// Its pipe.
    pub pipe: String,
    /// Its upper node.
    pub from_node: String,
    /// Its lower node.
    pub to_node: String,
    /// Metres of pipe between the start and its nearer end.
    pub distance_m: f64,
    /// Seconds between the start and its nearer end: earliest and latest.
    pub near_s: [f64; 2],
    /// Seconds between the start and its farther end: earliest and latest.
    pub far_s: [f64; 2],
    /// The most likely velocity in it, m/s.
    pub velocity_m_s: f64,
    /// `recorded`, `size_assumed`, `slope_assumed`, `assumed` or `pumped`.
    pub basis: &'static str,
}

/// The time between a place and the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceTravel {
    /// The place.
    pub place: StartAnswer,
    /// Seconds: earliest and latest; `null` if the trace does not reach it.
    pub travel_s: Option<[f64; 2]>,
    /// From when to when the water that was seen was let go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub let_go: Option<[Moment; 2]>,
}

/// The answer about travel times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TravelAnswer {
    /// `suyuan.travel/1`.
    pub schema: &'static str,
    /// Where the water arrives; downstream, where it starts.
    pub start: StartAnswer,
    /// `upstream` or `downstream`.
    pub direction: &'static str,
    /// What the times rest on.
    pub assumptions: Assumptions,
    /// From when to when polluted water was seen at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<[Moment; 2]>,
    /// The places asked for, in the order given.
    pub places: Vec<PlaceTravel>,
    /// Every reach of the trace, nearest first.
    pub reaches: Vec<ReachTravelAnswer>,
}

fn seconds(window: Window) -> [f64; 2] {
    [window.earliest.round(), window.latest.round()]
}

/// When it was let go, to the second, never too narrow.
fn let_go(window: Window, [first, last]: [Moment; 2]) -> [Moment; 2] {
    let [from, to] = window.let_go([first.0 as f64, last.0 as f64]);
    [Moment(from.floor() as i64), Moment(to.ceil() as i64)]
}

impl City {
    /// When water arrives at a place from each reach upstream of it, and from further places, each with the time when it was
    /// let go if `request` says when it was seen; downstream, when water from the place arrives.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there; [`Error::BadTravel`] for settings out of
    /// range; [`Error::BadSeen`] if it was seen last before it was seen first, or is asked of a downstream trace.
    ///
    /// # Complexity
    /// As [`travel_times`].
    pub fn travel(&self, start: &str, at: &[String], request: &TravelRequest) -> Result<TravelAnswer, Error> {
        if let Some([first, last]) = request.seen
            && (last < first || request.heading == Heading::Downstream)
        {
            return Err(Error::BadSeen { first, last });
        }
        let network = &self.network;
        let places = Places::new(self);
        let (place, start) = find(&places, start, request.asked.max_snap)?;
        let wanted: Vec<_> =
            at.iter().map(|text| find(&places, text, request.asked.max_snap)).collect::<Result<_, _>>()?;
        let options = TraceOptions {
            heading: request.heading,
            barriers: request.asked.barriers.clone(),
            max_distance: request.max_distance,
            ..TraceOptions::default()
        };
        let trace = Tracer::new(network).trace(&place, &options);
        let travel = travel_times(network, &trace, &request.settings)?;
        let reaches = trace.steps.iter().zip(&travel.steps).map(|(step, time)| {
            let reach = network.reach(step.reach);
            ReachTravelAnswer {
                pipe: network.pipe_name(reach.pipe).to_owned(),
                from_node: network.node(reach.from).name.to_owned(),
                to_node: network.node(reach.to).name.to_owned(),
                distance_m: round(step.distance, 3),
                near_s: seconds(time.near),
                far_s: seconds(time.far),
                velocity_m_s: round(time.through.velocity, 3),
                basis: time.through.basis.key(),
            }
        });
        let places = wanted.into_iter().map(|(place, told)| {
            let window = travel.of_place(&place);
            PlaceTravel {
                place: told,
                travel_s: window.map(seconds),
                let_go: window.zip(request.seen).map(|(window, seen)| let_go(window, seen)),
            }
        });
        let settings = &request.settings;
        self.intact(TravelAnswer {
            schema: "suyuan.travel/1",
            start,
            direction: request.heading.key(),
            assumptions: Assumptions {
                depth_ratio: settings.depth_ratio,
                roughness: settings.roughness,
                velocity_m_s: settings.velocity,
                diameter_m: settings.diameter,
                self_cleansing_m_s: settings.self_cleansing,
                pumped_velocity_m_s: settings.pumped_velocity,
                log_sd: settings.log_sd,
                doubt: settings.doubt,
                hold_s: settings.hold,
                hold_gsd: settings.hold_gsd,
                deviations: settings.deviations,
            },
            seen: request.seen,
            places: places.collect(),
            reaches: reaches.collect(),
        })
    }
}
