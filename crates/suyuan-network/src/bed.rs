//! How high the bed of a pipe lies, how it falls, how wide the pipe is, and where the ground is above it.

use suyuan_core::raw::Field;
use suyuan_core::{Origin, RawSurvey};

use crate::direct::Direction;
use crate::ids::{NodeId, PipeId, ReachId};
use crate::network::{Network, Pipe};
use crate::split::Nodes;
use crate::survey::Lines;

impl Network {
    /// Inside height of a pipe, metres, the diameter if it is round; `None` where unknown.
    #[must_use]
    pub fn pipe_diameter(&self, pipe: PipeId) -> Option<f64> {
        Some(self.pipe(pipe).height).filter(|v| v.is_finite() && *v > 0.0)
    }

    /// Ground level at a node, metres; `None` where unknown.
    ///
    /// # Shape
    /// As the node layer has it, else its bottom level and depth, else as the first of its pipes has it.
    #[must_use]
    pub fn ground(&self, node: NodeId) -> Option<f64> {
        Some(self.node_grounds.at(node.index())).filter(|v| v.is_finite())
    }

    /// Length of a pipe along its flow, metres: the sum of its reaches. O(1) for a pipe of one part.
    #[must_use]
    pub fn pipe_length(&self, pipe: PipeId) -> f64 {
        let Pipe { parts, reaches: (first, after), .. } = self.pipe(pipe);
        if parts.1 - parts.0 == 1 && first < after {
            // Its reaches follow each other along the part.
            return self.reach(ReachId(after - 1)).measures[1] - self.reach(ReachId(first)).measures[0];
        }
        self.reaches_of(pipe).map(|r| self.reach(r).length()).fold(0.0, |a, b| a + b)
    }

    /// How far a pipe falls for each metre along its flow; negative where it rises, `None` where a level is unknown or the
    /// pipe has no length.
    #[must_use]
    pub fn pipe_slope(&self, pipe: PipeId) -> Option<f64> {
        let [Some(upper), Some(lower)] = self.pipe_inverts(pipe) else { return None };
        let length = self.pipe_length(pipe);
        (length > 0.0).then(|| (upper - lower) / length)
    }

    /// Invert levels at the upper and lower end of a reach, metres, where known.
    ///
    /// # Shape
    /// At the ends of a pipe its own levels. Between them, where another pipe joins it, the level on the straight line from
    /// end to end if both are known.
    ///
    /// # Complexity
    /// O(reaches of its pipe).
    #[must_use]
    pub fn reach_inverts(&self, reach: ReachId) -> [Option<f64>; 2] {
        let pipe = self.reach(reach).pipe;
        let ends = self.pipe_inverts(pipe);
        let Some(order) = self.in_flow_order(pipe) else { return [None; 2] };
        let Some(place) = order.iter().position(|r| *r == reach) else { return [None; 2] };
        let length = |reaches: &[ReachId]| reaches.iter().map(|r| self.reach(*r).length()).sum::<f64>();
        let all = length(&order);
        let between = |metres: f64| match ends {
            [Some(upper), Some(lower)] if all > 0.0 => Some(upper + (lower - upper) * metres / all),
            _ => None,
        };
        let upper = if place == 0 { ends[0] } else { between(length(&order[..place])) };
        let last = place + 1 == order.len();
        [upper, if last { ends[1] } else { between(length(&order[..=place])) }]
    }

    /// The reaches of a pipe as the water passes them; `None` where its parts do not follow each other.
    fn in_flow_order(&self, pipe: PipeId) -> Option<Vec<ReachId>> {
        let mut parts: Vec<Vec<ReachId>> = Vec::new();
        for reach in self.reaches_of(pipe) {
            match parts.last_mut() {
                Some(part) if self.reach(part[0]).part == self.reach(reach).part => part.push(reach),
                _ => parts.push(vec![reach]),
            }
        }
        for part in parts.iter_mut().filter(|p| !self.reach(p[0]).with_drawn) {
            part.reverse();
        }
        for _ in 0..2 {
            let order = parts.concat();
            if order.windows(2).all(|w| self.reach(w[0]).to == self.reach(w[1]).from) {
                return Some(order);
            }
            parts.reverse();
        }
        None
    }
}

/// Ground levels of the nodes, metres, `NaN` where unknown.
pub(crate) fn node_grounds(
    survey: &RawSurvey,
    lines: &Lines,
    nodes: &Nodes,
    directions: &[(Direction, [f64; 2])],
) -> Vec<f64> {
    let recorded = |origin: &Option<Origin>| {
        let origin = (*origin)?;
        let (layer, row) = (&survey.layers[origin.layer as usize], origin.row as usize);
        let deep = || Some(layer.number(Field::Invert, row)? + layer.number(Field::Depth, row)?);
        layer.number(Field::Ground, row).or_else(deep)
    };
    let mut grounds: Vec<f64> =
        nodes.origins.iter().map(|origin| recorded(origin).unwrap_or(f64::NAN)).collect();
    const FIELDS: [[Field; 3]; 2] = [
        [Field::GroundFrom, Field::InvertFrom, Field::DepthFrom],
        [Field::GroundTo, Field::InvertTo, Field::DepthTo],
    ];
    // The columns of each layer, looked up once.
    let columns: Vec<[[Option<&[f64]>; 3]; 2]> =
        survey.layers.iter().map(|layer| FIELDS.map(|side| side.map(|field| layer.numbers(field)))).collect();
    for (p, (pipe, (direction, _))) in lines.pipes.iter().zip(directions).enumerate() {
        let row = pipe.origin.row as usize;
        for (side, [ground, invert, depth]) in columns[pipe.origin.layer as usize].iter().enumerate() {
            if ground.is_none() && (invert.is_none() || depth.is_none()) {
                continue;
            }
            // Where the levels of a pipe stand at each other's ends, its ground levels do too.
            let node = nodes.of_element[lines.end_of(p, side ^ usize::from(direction.exchanged))];
            let known = &mut grounds[node.index()];
            if !known.is_finite() {
                let number = |column: &Option<&[f64]>| Some((*column)?[row]).filter(|v| v.is_finite());
                let deep = || Some(number(invert)? + number(depth)?);
                *known = number(ground).or_else(deep).unwrap_or(f64::NAN);
            }
        }
    }
    grounds
}

#[cfg(test)]
mod tests {
    use suyuan_core::drawn::drawn;
    use suyuan_core::raw::Column;

    use super::*;
    use crate::{BuildConfig, build_network};

    /// A drawing with numbers for its pipes and nodes.
    fn built(text: &str, pipes: &[(Field, &[f64])], nodes: &[(Field, &[f64])]) -> Network {
        let mut survey = drawn(text);
        for (layer, columns) in [(0, pipes), (1, nodes)] {
            for (field, values) in columns {
                survey.layers[layer].columns.insert(*field, Column::Number(values.to_vec()));
            }
        }
        build_network(&survey, &BuildConfig::automatic()).unwrap().0
    }

    fn reach_of(network: &Network, pipe: &str) -> ReachId {
        network.reaches_of(network.find_pipes(pipe).unwrap()[0]).next().unwrap()
    }

    #[test]
    fn a_pipe_keeps_its_diameter_and_its_levels_along_the_flow() {
        let network = built(
            "A -P1-> B -P2-> OF1",
            &[
                (Field::Diameter, &[0.3, f64::NAN]),
                (Field::InvertFrom, &[5.0, 4.0]),
                (Field::InvertTo, &[4.0, f64::NAN]),
            ],
            &[(Field::Ground, &[7.0, f64::NAN])],
        );
        let [first, second] = ["P1", "P2"].map(|p| network.find_pipes(p).unwrap()[0]);
        assert_eq!(network.pipe_diameter(first), Some(0.3));
        assert_eq!(network.pipe_diameter(second), None);
        let slope = network.pipe_slope(first).unwrap();
        assert!((slope * network.pipe_length(first) - 1.0).abs() < 1e-12);
        assert_eq!(network.pipe_slope(second), None);
        assert_eq!(network.reach_inverts(reach_of(&network, "P1")), [Some(5.0), Some(4.0)]);
        assert_eq!(network.ground(network.find_node("A").unwrap()), Some(7.0));
        assert_eq!(network.ground(network.find_node("B").unwrap()), None);
    }

    #[test]
    fn where_the_manhole_has_no_ground_level_its_pipe_gives_it() {
        let network = built(
            "A -P1-> OF1",
            &[
                (Field::InvertFrom, &[5.0]),
                (Field::InvertTo, &[4.0]),
                (Field::DepthFrom, &[1.5]),
                (Field::GroundTo, &[6.0]),
            ],
            &[],
        );
        assert_eq!(network.ground(network.find_node("A").unwrap()), Some(6.5));
        assert_eq!(network.ground(network.find_node("OF1").unwrap()), Some(6.0));
    }

    #[test]
    fn a_pipe_that_others_join_on_its_inside_falls_evenly() {
        use suyuan_core::Coord;
        use suyuan_core::raw::{ShapeKind, Shapes};
        let mut survey = drawn("A -P1-> B\nC -P2-> D");
        let mut shapes = Shapes::new(ShapeKind::Line);
        let at = |x, y| Coord { x, y };
        shapes.push([[at(0.0, 0.0), at(100.0, 0.0)].as_slice()]);
        shapes.push([[at(25.0, 40.0), at(25.0, 0.0)].as_slice()]);
        survey.layers[0].shapes = shapes;
        survey.layers.truncate(1);
        let columns = &mut survey.layers[0].columns;
        columns.retain(|f, _| *f == Field::Id);
        columns.insert(Field::InvertFrom, Column::Number(vec![8.0, 9.0]));
        columns.insert(Field::InvertTo, Column::Number(vec![6.0, 7.6]));
        let (network, _) = build_network(&survey, &BuildConfig::automatic()).unwrap();
        let pipe = network.find_pipes("P1").unwrap()[0];
        let levels: Vec<_> = network.reaches_of(pipe).map(|r| network.reach_inverts(r)).collect();
        assert_eq!(levels, [[Some(8.0), Some(7.5)], [Some(7.5), Some(6.0)]]);
    }
}
