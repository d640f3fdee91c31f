//! The long profile along a way: levels, diameters, falls.

use suyuan_core::FlowMode;
use suyuan_network::{Network, NodeId, ReachId};

use crate::path::{Way, WayReach};

/// Less of a rise or a step is within what levelling errs by, metres; the findings about adverse falls say nothing of it either.
const LEVEL_ERROR: f64 = 0.02;
/// Sizes are recorded to the millimetre, metres.
const SIZE_ERROR: f64 = 0.0005;

/// A reach in a long profile, its ends in the order they are passed.
#[doc(alias = "纵断面管段")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileReach {
    /// The reach.
    pub reach: ReachId,
    /// Metres along the way at its two ends.
    pub measures: [f64; 2],
    /// The nodes at its two ends; `None` where the way begins or ends inside it.
    pub nodes: [Option<NodeId>; 2],
    /// Invert levels at its two ends, metres, where known.
    pub inverts: [Option<f64>; 2],
    /// Ground levels at its two ends, metres, where known.
    pub grounds: [Option<f64>; 2],
    /// Inside height, metres, where known.
    pub diameter: Option<f64>,
    /// How far it falls from the first end to the second, metres; negative where it rises.
    pub fall: Option<f64>,
    /// Whether it is a pressure pipe.
    pub pumped: bool,
    /// Whether it rises by more than 2 cm, and is no pressure pipe.
    pub adverse: bool,
    /// How far the bed drops from the end of the reach before to the beginning of this one, metres; negative where this one
    /// begins higher, `None` for the first reach or where a level is unknown.
    pub step: Option<f64>,
    /// Whether it is narrower than the reach before.
    pub narrows: bool,
}

/// The long profile along a way.
#[doc(alias = "纵断面")]
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The reaches in the order they are passed.
    pub reaches: Vec<ProfileReach>,
    /// Metres of pipe.
    pub length: f64,
}

/// The long profile along a way: where its bed, its crown and the ground lie, where it rises, drops or narrows.
///
/// # Shape
/// One [`ProfileReach`] for each reach of the way, in its order. A level that the survey does not give stays unknown; only
/// inside a pipe both of whose ends are known it is that of the straight line between them.
///
/// # Units
/// Metres; levels above the survey's datum.
///
/// # Complexity
/// O(reaches of the way), each times the reaches of its pipe.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Barriers, find_path, long_profile};
/// let (network, _) = build_network(&drawn("MH1 -P1-> MH2 -P2-> OF1"), &BuildConfig::automatic())?;
/// let place = |name| Ok::<_, suyuan_network::PlaceError>(network.place_of_node(network.find_node(name)?));
/// let path = find_path(&network, &place("MH1")?, &place("OF1")?, &Barriers::default());
/// let profile = long_profile(&network, path.way().ok_or("no way")?);
/// assert_eq!(profile.reaches[1].measures[0], profile.reaches[0].measures[1]);
/// assert_eq!(profile.reaches[0].inverts, [None, None]); // a drawing has no levels
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn long_profile(network: &Network, way: &Way) -> Profile {
    let mut reaches: Vec<ProfileReach> = Vec::with_capacity(way.reaches.len());
    for (i, step) in way.reaches.iter().enumerate() {
        let mut found = profile_reach(network, step);
        if let Some(next) = way.reaches.get(i + 1) {
            found.measures[1] = next.distance;
        } else {
            found.measures[1] = way.length;
        }
        if let Some(before) = reaches.last() {
            found.step = before.inverts[1].zip(found.inverts[0]).map(|(end, begin)| end - begin);
            let narrower = |(a, b): (f64, f64)| b < a - SIZE_ERROR;
            found.narrows = before.diameter.zip(found.diameter).is_some_and(narrower);
        }
        reaches.push(found);
    }
    Profile { reaches, length: way.length }
}

impl ProfileReach {
    /// Whether the bed drops, or rises, by more than 2 cm where it begins.
    #[must_use]
    pub fn has_step(&self) -> bool {
        self.step.is_some_and(|s| s.abs() > LEVEL_ERROR)
    }
}

fn profile_reach(network: &Network, step: &WayReach) -> ProfileReach {
    let row = network.reach(step.reach);
    let length = row.length();
    let [begin, end] = row.measures;
    // Metres down from the upper end to the two ends of what is passed, in the order of the flow.
    let [near, far] = step.measures;
    let down = if row.with_drawn { [near - begin, far - begin] } else { [end - far, end - near] };
    let whole = [down[0] <= 1e-9, length - down[1] <= 1e-9];
    let levels = network.reach_inverts(step.reach);
    let between = |metres: f64| match levels {
        [Some(upper), Some(lower)] if length > 0.0 => Some(upper + (lower - upper) * metres / length),
        _ => None,
    };
    let nodes = [row.from, row.to];
    let mut inverts = [0, 1].map(|side| if whole[side] { levels[side] } else { between(down[side]) });
    let mut ends = [0, 1].map(|side| whole[side].then_some(nodes[side]));
    if step.against {
        inverts.reverse();
        ends.reverse();
    }
    let fall = inverts[0].zip(inverts[1]).map(|(first, last)| first - last);
    let pumped = network.pipe(row.pipe).mode == FlowMode::Pumped;
    ProfileReach {
        reach: step.reach,
        measures: [step.distance; 2],
        nodes: ends,
        inverts,
        grounds: ends.map(|node| network.ground(node?)),
        diameter: network.pipe_diameter(row.pipe),
        fall,
        pumped,
        adverse: !pumped && fall.is_some_and(|f| f < -LEVEL_ERROR),
        step: None,
        narrows: false,
    }
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_core::raw::{Column, Field};
    use suyuan_network::{BuildConfig, Place, PlaceKind, build_network};

    use super::*;
    use crate::options::Barriers;
    use crate::path::find_path;

    const NOT: f64 = f64::NAN;

    /// A - P1 - B - P2 - C - P3 - OF1, with a step at B, a rise in P2, and unknown levels below C.
    fn network() -> Network {
        let mut survey = drawn("A -P1-> B -P2-> C -P3-> OF1");
        let columns = &mut survey.layers[0].columns;
        columns.insert(Field::InvertFrom, Column::Number(vec![5.0, 4.0, NOT]));
        columns.insert(Field::InvertTo, Column::Number(vec![4.1, 4.4, NOT]));
        columns.insert(Field::Diameter, Column::Number(vec![0.6, 0.4, NOT]));
        survey.layers[1].columns.insert(Field::Ground, Column::Number(vec![7.0, NOT, 6.5]));
        build_network(&survey, &BuildConfig::automatic()).unwrap().0
    }

    fn profile(network: &Network, from: &Place) -> Profile {
        let to = network.place_of_node(network.find_node("OF1").unwrap());
        long_profile(network, find_path(network, from, &to, &Barriers::default()).way().unwrap())
    }

    #[test]
    fn falls_rises_steps_and_narrowings_are_told_and_the_unknown_stays_unknown() {
        let network = network();
        let found = profile(&network, &network.place_of_node(network.find_node("A").unwrap()));
        let [first, second, third] = found.reaches.as_slice() else { panic!("{found:?}") };
        assert_eq!(first.inverts, [Some(5.0), Some(4.1)]);
        assert!((first.fall.unwrap() - 0.9).abs() < 1e-9);
        assert_eq!((first.adverse, first.step, first.narrows), (false, None, false));
        assert!(second.adverse && second.narrows && second.has_step());
        assert!((second.step.unwrap() - 0.1).abs() < 1e-9);
        assert_eq!(first.grounds, [Some(7.0), None]);
        assert_eq!(second.grounds, [None, Some(6.5)]);
        assert_eq!((third.inverts, third.fall, third.adverse), ([None; 2], None, false));
        assert_eq!((third.step, third.diameter), (None, None));
        assert_eq!(third.measures[1], found.length);
    }

    #[test]
    fn a_profile_that_begins_inside_a_pipe_begins_on_its_bed() {
        let network = network();
        let reach = network.reaches_of(network.find_pipes("P1").unwrap()[0]).next().unwrap();
        let above_end = network.reach(reach).length() / 4.0;
        let spot = Place { kind: PlaceKind::Reach { reach, above_end }, spot: None, snap: 0.0 };
        let found = profile(&network, &spot);
        let first = found.reaches[0];
        assert!((first.inverts[0].unwrap() - 4.325).abs() < 1e-9);
        assert_eq!(first.inverts[1], Some(4.1));
        assert_eq!(first.nodes[0], None);
        assert_eq!(first.grounds[0], None, "the ground between manholes is not known");
        assert!((first.measures[1] - above_end).abs() < 1e-9);
    }
}
