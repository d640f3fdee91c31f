//! Circular arcs as chords.

use std::f64::consts::{PI, TAU};

use suyuan_core::Coord;

/// How far a chord may lie from its arc, metres.
const SAGITTA: f64 = 0.01;
/// Never so many chords for one arc, however wrong its coordinates.
const MOST: f64 = 100_000.0;

/// Adds the chords of an arc from the last vertex of `line` through `via` to `end`; every chord lies within a centimetre of
/// the arc. Three points in one line are a line.
///
/// # Reference
/// INTERLIS 2 reference manual: an arc is given by a point on it and its end.
pub(super) fn push_arc(line: &mut Vec<Coord<f64>>, via: Coord<f64>, end: Coord<f64>) {
    let Some(start) = line.last().copied() else {
        line.extend([via, end]);
        return;
    };
    // About the start, where the numbers are small.
    let (b, c) = ((via.x - start.x, via.y - start.y), (end.x - start.x, end.y - start.y));
    let twice = 2.0 * (b.0 * c.1 - b.1 * c.0);
    let (bb, cc) = (b.0 * b.0 + b.1 * b.1, c.0 * c.0 + c.1 * c.1);
    let centre = ((c.1 * bb - b.1 * cc) / twice, (b.0 * cc - c.0 * bb) / twice);
    let radius = centre.0.hypot(centre.1);
    if !radius.is_finite() || cc == 0.0 {
        line.extend([via, end]);
        return;
    }
    let angle = |p: (f64, f64)| (p.1 - centre.1).atan2(p.0 - centre.0);
    let from = angle((0.0, 0.0));
    let turn = (angle(c) - from).rem_euclid(TAU);
    let sweep = if twice > 0.0 { turn } else { turn - TAU };
    let chord = if radius > SAGITTA { 2.0 * (1.0 - SAGITTA / radius).acos() } else { PI };
    let count = (sweep.abs() / chord).ceil().clamp(2.0, MOST) as usize;
    for n in 1..count {
        let at = from + sweep * n as f64 / count as f64;
        line.push(Coord {
            x: start.x + centre.0 + radius * at.cos(),
            y: start.y + centre.1 + radius * at.sin(),
        });
    }
    line.push(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chords(start: (f64, f64), via: (f64, f64), end: (f64, f64)) -> Vec<Coord<f64>> {
        let mut line = vec![Coord { x: start.0, y: start.1 }];
        push_arc(&mut line, Coord { x: via.0, y: via.1 }, Coord { x: end.0, y: end.1 });
        line
    }

    #[test]
    fn chords_stay_within_a_centimetre_of_the_circle_on_either_side() {
        // A half circle of 50 m about (2600000, 1200000), both ways round, and three quarters of one.
        let o = (2_600_000.0, 1_200_000.0);
        let at = |degrees: f64| {
            let a = degrees.to_radians();
            (o.0 + 50.0 * a.cos(), o.1 + 50.0 * a.sin())
        };
        for (from, via, to) in
            [(0.0, 90.0, 180.0), (180.0, 90.0, 0.0), (0.0, 100.0, 270.0), (90.0, 91.0, 92.0)]
        {
            let line = chords(at(from), at(via), at(to));
            let sweep: f64 = (to - from).abs();
            let mut length = 0.0;
            for w in line.windows(2) {
                let (middle_x, middle_y) = ((w[0].x + w[1].x) / 2.0, (w[0].y + w[1].y) / 2.0);
                assert!(((w[1].x - o.0).hypot(w[1].y - o.1) - 50.0).abs() < 1e-6);
                assert!(50.0 - (middle_x - o.0).hypot(middle_y - o.1) <= 0.010_001);
                length += (w[1].x - w[0].x).hypot(w[1].y - w[0].y);
            }
            assert!((length - 50.0 * sweep.to_radians()).abs() < 0.2, "{from} {via} {to}: {length}");
            assert_eq!((line[line.len() - 1].x, line[line.len() - 1].y), at(to));
        }
    }

    #[test]
    fn three_points_in_a_line_are_a_line() {
        assert_eq!(chords((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)).len(), 3);
        assert_eq!(chords((0.0, 0.0), (0.0, 0.0), (2.0, 2.0)).len(), 3);
        assert_eq!(chords((0.0, 0.0), (1.0, 1.0), (0.0, 0.0)).len(), 3);
    }
}
