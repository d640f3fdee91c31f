//! How fast water runs in a pipe, and how long it takes through a reach.

use suyuan_core::{FlowMode, Language, NodeKind, System};
use suyuan_network::{Network, ReachId};

/// Every assumption behind a travel time. The default is dry weather in a sewer of which nobody has measured the flow.
#[doc(alias = "行程时间参数")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TravelSettings {
    /// Depth of the water beside the diameter (充满度), above 0 and up to 1. Default 0.15: dry weather, flow unknown.
    pub depth_ratio: f64,
    /// Manning's roughness, s/m^(1/3). Default 0.013: concrete, and plastic with some use behind it (GB 50014-2021, 5.2).
    pub roughness: f64,
    /// The most likely velocity is held between these, m/s. Default 0.15 and 3.
    pub velocity: [f64; 2],
    /// Diameter of a pipe of which it is unknown, metres. Default 0.3: the smallest street sewer (GB 50014-2021, 5.2).
    pub diameter: f64,
    /// Where the slope is unknown or runs uphill, a pipe is taken to be as steep as gives it this velocity when full, m/s.
    /// Default 0.6, by which sewers are laid (GB 50014-2021, 5.2): 1.9 ‰ for 300 mm, 0.5 ‰ for 800 mm.
    pub self_cleansing: f64,
    /// Velocity in pressure pipes, m/s. Default 1: they are designed for 0.7 to 2 (GB 50014-2021, 5.2).
    pub pumped_velocity: f64,
    /// Standard deviation of the logarithm of a travel time. Default 0.35: depths of 5 % to 30 % of the diameter move the
    /// velocity by factors of 0.5 to 1.5.
    pub log_sd: f64,
    /// What `log_sd` is multiplied by where slope or diameter had to be assumed. Default 2.
    pub doubt: f64,
    /// How long water waits at a pumping station, seconds: the median. Default 1200.
    pub hold: f64,
    /// Geometric standard deviation of that wait. Default 2.
    pub hold_gsd: f64,
    /// How many standard deviations a window reaches to either side. Default 1.645: from the 5th to the 95th percentile.
    pub deviations: f64,
}

impl Default for TravelSettings {
    fn default() -> Self {
        Self {
            depth_ratio: 0.15,
            roughness: 0.013,
            velocity: [0.15, 3.0],
            diameter: 0.3,
            self_cleansing: 0.6,
            pumped_velocity: 1.0,
            log_sd: 0.35,
            doubt: 2.0,
            hold: 1200.0,
            hold_gsd: 2.0,
            deviations: 1.645,
        }
    }
}

/// A setting that no travel time can be reckoned with.
#[doc(alias = "参数无效")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BadTravelSetting {
    /// The setting.
    pub setting: &'static str,
    /// What was given.
    pub value: f64,
    /// What it may be, in English and Chinese.
    expected: [&'static str; 2],
}

impl BadTravelSetting {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let Self { setting, value, expected } = self;
        match language {
            Language::English => format!("{setting} = {value} is out of range; give {}", expected[0]),
            Language::Chinese => format!("{setting} = {value} 超出范围，应为{}", expected[1]),
        }
    }
}

impl std::fmt::Display for BadTravelSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for BadTravelSetting {}

impl TravelSettings {
    /// Refuses settings that no travel time can be reckoned with.
    ///
    /// # Errors
    /// The first setting that is no finite number or out of its range.
    pub fn check(&self) -> Result<(), BadTravelSetting> {
        let [slowest, fastest] = self.velocity;
        let positive = ["a number above 0", "大于 0 的数"];
        let least = ["0 or more", "不小于 0 的数"];
        let one = ["1 or more", "不小于 1 的数"];
        let depth = ["a number above 0 and up to 1", "大于 0 且不超过 1 的数"];
        let ordered = ["no less than the lower bound", "不小于下限的数"];
        let most = |value: f64, least: f64| value.is_finite() && value >= least;
        let above = |value: f64| value.is_finite() && value > 0.0;
        let rules = [
            ("depth_ratio", self.depth_ratio, above(self.depth_ratio) && self.depth_ratio <= 1.0, depth),
            ("roughness", self.roughness, above(self.roughness), positive),
            ("velocity", slowest, above(slowest), positive),
            ("velocity", fastest, most(fastest, slowest), ordered),
            ("diameter", self.diameter, above(self.diameter), positive),
            ("self_cleansing", self.self_cleansing, above(self.self_cleansing), positive),
            ("pumped_velocity", self.pumped_velocity, above(self.pumped_velocity), positive),
            ("log_sd", self.log_sd, most(self.log_sd, 0.0), least),
            ("doubt", self.doubt, most(self.doubt, 1.0), one),
            ("hold", self.hold, most(self.hold, 0.0), least),
            ("hold_gsd", self.hold_gsd, most(self.hold_gsd, 1.0), one),
            ("deviations", self.deviations, most(self.deviations, 0.0), least),
        ];
        match rules.into_iter().find(|rule| !rule.2) {
            Some((setting, value, _, expected)) => Err(BadTravelSetting { setting, value, expected }),
            None => Ok(()),
        }
    }
}

/// Seconds between the earliest and the latest.
#[doc(alias = "时间窗")]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Window {
    /// At the earliest, seconds.
    pub earliest: f64,
    /// At the latest, seconds.
    pub latest: f64,
}

impl Window {
    /// Both windows one after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self { earliest: self.earliest + next.earliest, latest: self.latest + next.latest }
    }

    /// A part of it, 0 to 1.
    #[must_use]
    pub fn part(self, part: f64) -> Self {
        Self { earliest: self.earliest * part, latest: self.latest * part }
    }

    /// When water that passes the start between two moments was let go, if its way takes as long as this window says: from
    /// the first moment less the latest, to the last moment less the earliest. Moments are seconds on one clock.
    ///
    /// # Example
    /// ```
    /// use suyuan_trace::Window;
    /// let way = Window { earliest: 600.0, latest: 1800.0 };
    /// assert_eq!(way.let_go([36_000.0, 37_000.0]), [34_200.0, 36_400.0]);
    /// ```
    #[must_use]
    pub fn let_go(self, seen: [f64; 2]) -> [f64; 2] {
        [seen[0] - self.latest, seen[1] - self.earliest]
    }
}

/// What the travel time of a reach rests on.
#[doc(alias = "行程时间依据")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TravelBasis {
    /// Diameter and slope are known.
    Recorded,
    /// The slope is known, the diameter assumed.
    SizeAssumed,
    /// The diameter is known, the slope unknown or uphill and so assumed.
    SlopeAssumed,
    /// Both are assumed.
    Assumed,
    /// It is a pressure pipe.
    Pumped,
}

impl TravelBasis {
    /// The name used in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::SizeAssumed => "size_assumed",
            Self::SlopeAssumed => "slope_assumed",
            Self::Assumed => "assumed",
            Self::Pumped => "pumped",
        }
    }
}

/// How long water takes through a reach.
#[doc(alias = "管段行程时间")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReachTravel {
    /// From its upper to its lower end, running.
    pub run: Window,
    /// The wait before it, where water that comes from its upper node is pumped; else 0.
    pub hold: Window,
    /// The most likely wait, seconds.
    pub wait: f64,
    /// The most likely velocity, m/s.
    pub velocity: f64,
    /// What it rests on.
    pub basis: TravelBasis,
}

/// Velocity of water in a part-full round pipe, m/s.
///
/// # Units
/// Diameter metres; slope metres a metre; depth as a part of the diameter, 0 to 1; Manning's roughness s/m^(1/3).
///
/// # Reference
/// R. Manning (1891); the circle cut by the water's surface: θ = 2 arccos(1 − 2 y/D), R = D (1 − sin θ / θ) / 4,
/// V = R^(2/3) S^(1/2) / n.
///
/// # Example
/// ```
/// use suyuan_trace::part_full_velocity;
/// let street = part_full_velocity(0.3, 0.005, 0.1, 0.013);
/// assert_eq!((street * 100.0).round(), 39.0); // 0.39 m/s
/// ```
#[must_use]
pub fn part_full_velocity(diameter: f64, slope: f64, depth_ratio: f64, roughness: f64) -> f64 {
    let angle = 2.0 * (1.0 - 2.0 * depth_ratio).clamp(-1.0, 1.0).acos();
    if angle <= 0.0 {
        return 0.0;
    }
    let radius = diameter * (1.0 - angle.sin() / angle) / 4.0;
    radius.max(0.0).powf(2.0 / 3.0) * slope.max(0.0).sqrt() / roughness
}

/// How long water takes through a reach, as a window.
///
/// # Units
/// Seconds; [`TravelSettings::deviations`] standard deviations to either side of the most likely time, whose logarithm is
/// taken to be normal.
///
/// # Shape
/// Box pipes are taken as round pipes of their height, open channels and rivers as pipes of unknown size. A pumping station
/// holds what leaves it, and a pressure pipe holds what enters it from gravity pipes.
///
/// # Complexity
/// O(pipes at its upper node), and O(reaches of its pipe) if that is of several parts.
#[must_use]
pub fn travel_of_reach(network: &Network, reach: ReachId, settings: &TravelSettings) -> ReachTravel {
    let row = network.reach(reach);
    let pipe = network.pipe(row.pipe);
    let round = !matches!(pipe.system, System::OpenChannel | System::River);
    let diameter = network.pipe_diameter(row.pipe).filter(|_| round);
    let slope = network.pipe_slope(row.pipe).filter(|s| s.is_finite() && *s > 0.0);
    let (likely, basis) = if pipe.mode == FlowMode::Pumped {
        (settings.pumped_velocity, TravelBasis::Pumped)
    } else {
        let basis = match (diameter, slope) {
            (Some(_), Some(_)) => TravelBasis::Recorded,
            (None, Some(_)) => TravelBasis::SizeAssumed,
            (Some(_), None) => TravelBasis::SlopeAssumed,
            (None, None) => TravelBasis::Assumed,
        };
        let diameter = diameter.unwrap_or(settings.diameter);
        let least = || {
            let full = part_full_velocity(diameter, 1.0, 1.0, settings.roughness);
            (settings.self_cleansing / full).powi(2)
        };
        let slope = slope.unwrap_or_else(least);
        (part_full_velocity(diameter, slope, settings.depth_ratio, settings.roughness), basis)
    };
    let velocity = likely.clamp(settings.velocity[0], settings.velocity[1]);
    let known = matches!(basis, TravelBasis::Recorded | TravelBasis::Pumped);
    let spread = settings.deviations * settings.log_sd * if known { 1.0 } else { settings.doubt };
    let time = row.length() / velocity;
    let run = Window { earliest: time * (-spread).exp(), latest: time * spread.exp() };
    let from_pumped = || {
        network.incoming(row.from).iter().any(|r| {
            *r != reach
                && network.is_open(*r)
                && network.pipe(network.reach(*r).pipe).mode == FlowMode::Pumped
        })
    };
    let pumps = network.node(row.from).kind == NodeKind::PumpStation
        || (pipe.mode == FlowMode::Pumped && !from_pumped());
    let wait = if pumps { settings.hold } else { 0.0 };
    let spread = settings.deviations * settings.hold_gsd.ln();
    let hold = Window { earliest: wait * (-spread).exp(), latest: wait * spread.exp() };
    ReachTravel { run, hold, wait, velocity, basis }
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_core::raw::{Column, Field};
    use suyuan_network::{BuildConfig, build_network};

    use super::*;

    #[test]
    fn part_full_velocities_are_those_of_the_tables() {
        for (depth, ratio) in
            [(0.05, 0.257), (0.1, 0.401), (0.2, 0.615), (0.3, 0.776), (0.5, 1.0), (0.8, 1.140), (1.0, 1.0)]
        {
            let velocity = |depth| part_full_velocity(0.5, 0.004, depth, 0.013);
            assert!((velocity(depth) / velocity(1.0) - ratio).abs() < 5e-4, "y/D {depth}");
        }
        for (diameter, slope, depth, expected) in [(0.3, 0.005, 0.1, 0.39), (0.8, 0.002, 0.2, 0.72)] {
            let velocity = part_full_velocity(diameter, slope, depth, 0.013);
            assert!((velocity - expected).abs() < 0.005, "{velocity}");
        }
        assert_eq!(part_full_velocity(0.3, 0.005, 0.0, 0.013), 0.0);
    }

    /// The travel of P1 from A to B for a diameter, a fall as a part of its length, and a mode.
    fn travel(diameter: f64, slope: f64, mode: FlowMode) -> (ReachTravel, f64) {
        let mut survey = drawn("A -P1-> B -P2-> OF1");
        let build = |survey: &_| build_network(survey, &BuildConfig::automatic()).unwrap().0;
        let first =
            |network: &Network| network.reaches_of(network.find_pipes("P1").unwrap()[0]).next().unwrap();
        let network = build(&survey);
        let length = network.reach(first(&network)).length();
        let nothing = f64::NAN;
        let columns = &mut survey.layers[0].columns;
        columns.insert(Field::Diameter, Column::Number(vec![diameter, nothing]));
        columns.insert(Field::InvertFrom, Column::Number(vec![5.0 + slope * length, nothing]));
        columns.insert(Field::InvertTo, Column::Number(vec![5.0, nothing]));
        columns.insert(Field::Mode, Column::Mode(vec![mode, FlowMode::Gravity]));
        let network = build(&survey);
        (travel_of_reach(&network, first(&network), &TravelSettings::default()), length)
    }

    #[test]
    fn a_recorded_pipe_runs_as_manning_says_within_its_window() {
        let (found, length) = travel(0.4, 0.004, FlowMode::Gravity);
        let velocity = part_full_velocity(0.4, 0.004, 0.15, 0.013);
        assert_eq!(found.basis, TravelBasis::Recorded);
        assert!((found.velocity - velocity).abs() < 1e-12);
        let (time, factor) = (length / velocity, (1.645f64 * 0.35).exp());
        assert!((found.run.earliest - time / factor).abs() < 1e-9);
        assert!((found.run.latest - time * factor).abs() < 1e-9);
        assert_eq!(found.hold, Window::default());
    }

    #[test]
    fn an_uphill_or_unknown_slope_is_assumed_and_doubted_twice_as_much() {
        for slope in [-0.01, 0.0, f64::NAN] {
            let (found, _) = travel(0.3, slope, FlowMode::Gravity);
            assert_eq!(found.basis, TravelBasis::SlopeAssumed, "{slope}");
            // As steep as gives 0.6 m/s when full: at 0.15 of the diameter, half of that.
            let expected =
                0.6 * part_full_velocity(1.0, 1.0, 0.15, 1.0) / part_full_velocity(1.0, 1.0, 1.0, 1.0);
            assert!((found.velocity - expected).abs() < 1e-12);
            let ratio = found.run.latest / found.run.earliest;
            assert!((ratio.ln() - 4.0 * 1.645 * 0.35).abs() < 1e-9);
        }
        assert_eq!(travel(f64::NAN, 0.004, FlowMode::Gravity).0.basis, TravelBasis::SizeAssumed);
        assert_eq!(travel(f64::NAN, f64::NAN, FlowMode::Gravity).0.basis, TravelBasis::Assumed);
    }

    #[test]
    fn velocities_stay_within_their_bounds() {
        assert_eq!(travel(2.0, 0.5, FlowMode::Gravity).0.velocity, 3.0);
        assert_eq!(travel(0.1, 1e-7, FlowMode::Gravity).0.velocity, 0.15);
    }

    #[test]
    fn a_pressure_pipe_holds_what_enters_it() {
        let (found, length) = travel(0.3, -0.02, FlowMode::Pumped);
        assert_eq!((found.basis, found.velocity), (TravelBasis::Pumped, 1.0));
        assert!((found.run.earliest * found.run.latest - length * length).abs() < 1e-6);
        let factor = 2f64.powf(1.645);
        assert!((found.hold.earliest - 1200.0 / factor).abs() < 1e-9);
        assert!((found.hold.latest - 1200.0 * factor).abs() < 1e-9);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let bad = |change: fn(&mut TravelSettings)| {
            let mut settings = TravelSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().setting
        };
        assert_eq!(bad(|s| s.depth_ratio = 0.0), "depth_ratio");
        assert_eq!(bad(|s| s.depth_ratio = f64::NAN), "depth_ratio");
        assert_eq!(bad(|s| s.velocity = [2.0, 1.0]), "velocity");
        assert_eq!(bad(|s| s.hold_gsd = 0.5), "hold_gsd");
        assert_eq!(TravelSettings::default().check(), Ok(()));
    }
}
