//! Nearest points of areas and lines.
//!
//! Rings are taken as they come from the file, holes and separate parts in any order: inside is what an odd number of
//! them surrounds.

use geo::line_intersection::line_intersection;
use geo::{BoundingRect, Closest, ClosestPoint, Line, LineString, Point};
use suyuan_core::Coord;

/// The point of segment `a`–`b` nearest to `p`, and its distance.
pub(crate) fn nearest_on(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> (Coord<f64>, f64) {
    let nearest = match Line::new(a, b).closest_point(&Point::from(p)) {
        Closest::Intersection(q) | Closest::SinglePoint(q) => q.0,
        Closest::Indeterminate => a,
    };
    (nearest, (nearest.x - p.x).hypot(nearest.y - p.y))
}

/// Whether a point lies inside an area, by crossing parity over all of its rings.
pub(crate) fn contains(rings: &[&[Coord<f64>]], p: Coord<f64>) -> bool {
    let mut inside = false;
    for w in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (a, b) = (w[0], w[1]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
    }
    inside
}

/// The point of line `line` nearest to an area (0 where it touches or lies inside), and its distance, metres.
pub(crate) fn line_to_area(line: &[Coord<f64>], rings: &[&[Coord<f64>]]) -> Option<(Coord<f64>, f64)> {
    if let Some(inside) = line.iter().find(|p| contains(rings, **p)) {
        return Some((*inside, 0.0));
    }
    let mut best: Option<(Coord<f64>, f64)> = None;
    let mut take = |point: Coord<f64>, distance: f64| {
        if best.is_none_or(|b| distance < b.1) {
            best = Some((point, distance));
        }
    };
    for s in line.windows(2) {
        for e in rings.iter().flat_map(|ring| ring.windows(2)) {
            match line_intersection(Line::new(s[0], s[1]), Line::new(e[0], e[1])) {
                Some(geo::LineIntersection::SinglePoint { intersection, .. }) => {
                    return Some((intersection, 0.0));
                }
                Some(geo::LineIntersection::Collinear { intersection }) => {
                    return Some((intersection.start, 0.0));
                }
                None => {}
            }
            for end in [e[0], e[1]] {
                let (q, distance) = nearest_on(s[0], s[1], end);
                take(q, distance);
            }
            for end in [s[0], s[1]] {
                take(end, nearest_on(e[0], e[1], end).1);
            }
        }
    }
    best
}

/// The middle of an area's bounding box, a place for its label and for searches around it, and half its diagonal.
pub(crate) fn centre(rings: &[&[Coord<f64>]]) -> Option<(Coord<f64>, f64)> {
    let bounds = LineString::new(rings.concat()).bounding_rect()?;
    Some((bounds.center(), bounds.width().hypot(bounds.height()) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(x: f64, y: f64) -> Coord<f64> {
        Coord { x, y }
    }

    #[test]
    fn a_line_beside_through_and_inside_an_area() {
        let square = [c(0.0, 0.0), c(0.0, 10.0), c(10.0, 10.0), c(10.0, 0.0), c(0.0, 0.0)];
        let rings = [square.as_slice()];
        let at = |line: &[Coord<f64>]| line_to_area(line, &rings).unwrap();
        assert_eq!(at(&[c(13.0, -5.0), c(13.0, 20.0)]).1, 3.0);
        assert_eq!(at(&[c(-5.0, 5.0), c(20.0, 5.0)]).1, 0.0);
        assert_eq!(at(&[c(4.0, 4.0), c(5.0, 5.0)]).1, 0.0);
        assert!(contains(&rings, c(5.0, 5.0)) && !contains(&rings, c(15.0, 5.0)));
    }
}
