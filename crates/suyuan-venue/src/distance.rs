//! Geodesic distances between points, lines and areas given in degrees.
//!
//! Everything is brought onto an azimuthal equidistant plane around a nearby point, where distances to that point are
//! exact. Segments, which are straight in longitude and latitude as a GIS draws them, are cut into pieces of at most
//! 100 m first; what is left is below a tenth of a millimetre at 5 km.

use std::sync::LazyLock;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use suyuan_core::Coord;
use suyuan_core::raw::ShapeKind;

/// Pieces of a segment are no longer than this, metres.
const PIECE: f64 = 100.0;

/// A geometry in degrees of longitude and latitude.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it is.
    pub kind: ShapeKind,
    /// Points, lines or rings.
    pub parts: Vec<Vec<Coord<f64>>>,
}

impl Shape {
    /// A point.
    #[must_use]
    pub fn point(place: Coord<f64>) -> Self {
        Self { kind: ShapeKind::Point, parts: vec![vec![place]] }
    }

    fn first(&self) -> Option<Coord<f64>> {
        self.parts.first().and_then(|p| p.first().copied())
    }

    /// Least and greatest longitude and latitude.
    pub(crate) fn bounds(&self) -> Option<[f64; 4]> {
        let mut coords = self.parts.iter().flatten();
        let first = coords.next()?;
        Some(coords.fold([first.x, first.x, first.y, first.y], |b, c| {
            [b[0].min(c.x), b[1].max(c.x), b[2].min(c.y), b[3].max(c.y)]
        }))
    }
}

/// The ellipsoid, with the series that belong to it.
static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// Below this difference in degrees of longitude and of latitude, up to [`SHORT_LATITUDE`], a series is as good as a geodesic.
const SHORT: f64 = 0.03;
const SHORT_LATITUDE: f64 = 70.0;

/// Geodesic distance between two places, metres.
///
/// # Reference
/// Near by, Gauss's formulas for the middle latitude with their terms of second order, as in Torge and Müller, "Geodesy"
/// (2012), 6.3; a test holds them to a hundredth of a millimetre of the geodesic, which is taken everywhere else.
fn between(a: Coord<f64>, b: Coord<f64>) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let middle = f64::midpoint(a.y, b.y);
    if !(dx.abs() < SHORT && dy.abs() < SHORT && middle.abs() < SHORT_LATITUDE) {
        return WGS84.inverse(a.y, a.x, b.y, b.x);
    }
    const FLATTENING: f64 = 1.0 / 298.257_223_563;
    const E2: f64 = FLATTENING * (2.0 - FLATTENING);
    let (dx, dy) = (dx.to_radians(), dy.to_radians());
    let (sin, cos) = middle.to_radians().sin_cos();
    let w2 = 1.0 - E2 * sin * sin;
    let across = 6_378_137.0 / w2.sqrt();
    let along = across * (1.0 - E2) / w2;
    let (x2, y2) = (dx * dx / 24.0, dy * dy / 24.0);
    let east = across * cos * dx * (1.0 - x2 * sin * sin + y2);
    let north = along * dy * (1.0 - x2 * (2.0 * cos * cos + 3.0 * sin * sin));
    east.hypot(north)
}

/// A plane around a point: metres east and north by distance and azimuth.
struct Plane {
    centre: Coord<f64>,
}

impl Plane {
    fn new(centre: Coord<f64>) -> Self {
        Self { centre }
    }

    fn place(&self, c: Coord<f64>) -> Coord<f64> {
        // Four elements: distance and both azimuths, then the arc.
        let (distance, azimuth, _, _): (f64, f64, f64, f64) =
            WGS84.inverse(self.centre.y, self.centre.x, c.y, c.x);
        let (sin, cos) = azimuth.to_radians().sin_cos();
        Coord { x: distance * sin, y: distance * cos }
    }

    fn back(&self, p: Coord<f64>) -> Coord<f64> {
        let azimuth = p.x.atan2(p.y).to_degrees();
        let (lat, lon): (f64, f64) = WGS84.direct(self.centre.y, self.centre.x, azimuth, p.x.hypot(p.y));
        Coord { x: lon, y: lat }
    }
}

fn nearest_on(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> (f64, f64) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t =
        if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (t, (a.x + t * dx - p.x).hypot(a.y + t * dy - p.y))
}

fn contains(rings: &[Vec<Coord<f64>>], p: Coord<f64>) -> bool {
    let mut inside = false;
    for w in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (a, b) = (w[0], w[1]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
    }
    inside
}

/// Rough metres in a degree of longitude and of latitude at a latitude.
fn metres_in_degree(latitude: f64) -> (f64, f64) {
    (111_320.0 * latitude.to_radians().cos(), 111_132.0)
}

/// Distance from a point to a shape, metres; 0 inside an area.
fn to_point(p: Coord<f64>, shape: &Shape) -> f64 {
    if shape.kind == ShapeKind::Polygon && contains(&shape.parts, p) {
        return 0.0;
    }
    if shape.kind == ShapeKind::Point {
        return shape.parts.iter().flatten().map(|c| between(p, *c)).fold(f64::INFINITY, f64::min);
    }
    let plane = Plane::new(p);
    let (mx, my) = metres_in_degree(p.y);
    // Roughly how far each segment is, to leave the far ones out: the plane's error is far below a tenth.
    let rough = |a: Coord<f64>, b: Coord<f64>| {
        let local = |c: Coord<f64>| Coord { x: (c.x - p.x) * mx, y: (c.y - p.y) * my };
        nearest_on(local(a), local(b), Coord { x: 0.0, y: 0.0 })
    };
    let segments: Vec<(f64, Coord<f64>, Coord<f64>)> = shape
        .parts
        .iter()
        .flat_map(|part| {
            if part.len() == 1 {
                vec![(part[0], part[0])]
            } else {
                part.windows(2).map(|w| (w[0], w[1])).collect()
            }
        })
        .map(|(a, b)| (rough(a, b).1, a, b))
        .collect();
    let nearest = segments.iter().map(|s| s.0).fold(f64::INFINITY, f64::min);
    let mut best = f64::INFINITY;
    for (away, a, b) in segments {
        if away > nearest * 1.1 + 1.0 {
            continue;
        }
        let length = ((b.x - a.x) * mx).hypot((b.y - a.y) * my);
        let pieces = (length / PIECE).ceil().clamp(1.0, 1e6) as usize;
        let at = |i: usize| {
            let t = i as f64 / pieces as f64;
            Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) }
        };
        // Only the pieces around the rough nearest place.
        let (t, _) = rough(a, b);
        let middle = (t * pieces as f64) as usize;
        let (from, to) = (middle.saturating_sub(2), (middle + 3).min(pieces));
        let mut last = plane.place(at(from));
        for i in from + 1..=to {
            let next = plane.place(at(i));
            best = best.min(nearest_on(last, next, Coord { x: 0.0, y: 0.0 }).1);
            last = next;
        }
        if from == to {
            best = best.min(last.x.hypot(last.y));
        }
    }
    best
}

/// Geodesic distance between two shapes, metres: 0 where they touch or one lies inside the other; infinite if one is
/// empty.
///
/// # Units
/// Degrees of longitude and latitude in, metres on the WGS 84 ellipsoid out (CGCS2000 differs by less than 0.1 mm).
/// # Reference
/// Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), through geographiclib.
///
/// # Example
/// ```
/// use suyuan_core::Coord;
/// use suyuan_venue::{Shape, distance_between};
/// let stadium = Shape::point(Coord { x: 120.224459, y: 30.231610 });
/// let station = Shape::point(Coord { x: 120.2284, y: 30.2260 });
/// assert_eq!(distance_between(&stadium, &station).round(), 728.0);
/// ```
#[must_use]
pub fn distance_between(a: &Shape, b: &Shape) -> f64 {
    let (Some(first_a), Some(first_b)) = (a.first(), b.first()) else { return f64::INFINITY };
    if a.kind == ShapeKind::Point && a.parts.len() == 1 {
        return to_point(first_a, b);
    }
    if b.kind == ShapeKind::Point && b.parts.len() == 1 {
        return to_point(first_b, a);
    }
    if (a.kind == ShapeKind::Polygon && contains(&a.parts, first_b))
        || (b.kind == ShapeKind::Polygon && contains(&b.parts, first_a))
    {
        return 0.0;
    }
    let segments = |s: &Shape| -> Vec<[Coord<f64>; 2]> {
        s.parts.iter().flat_map(|p| p.windows(2).map(|w| [w[0], w[1]])).collect()
    };
    let (sa, sb) = (segments(a), segments(b));
    if sa.iter().any(|p| sb.iter().any(|q| cross(*p, *q))) {
        return 0.0;
    }
    // The nearest pair of places lies at a vertex of one of the two.
    let (mx, my) = metres_in_degree(first_a.y);
    let local = |c: Coord<f64>| Coord { x: c.x * mx, y: c.y * my };
    let mut pairs: Vec<(f64, Coord<f64>, bool)> = Vec::new();
    for (vertices, others, of_a) in [(a, &sb, true), (b, &sa, false)] {
        for v in vertices.parts.iter().flatten() {
            let rough = others
                .iter()
                .map(|[p, q]| nearest_on(local(*p), local(*q), local(*v)).1)
                .fold(f64::INFINITY, f64::min);
            pairs.push((rough, *v, of_a));
        }
    }
    let nearest = pairs.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    pairs
        .iter()
        .filter(|p| p.0 <= nearest * 1.1 + 1.0)
        .map(|(_, v, of_a)| to_point(*v, if *of_a { b } else { a }))
        .fold(f64::INFINITY, f64::min)
}

fn cross([a, b]: [Coord<f64>; 2], [c, d]: [Coord<f64>; 2]) -> bool {
    let side =
        |p: Coord<f64>, q: Coord<f64>, r: Coord<f64>| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    let (d1, d2, d3, d4) = (side(c, d, a), side(c, d, b), side(a, b, c), side(a, b, d));
    ((d1 > 0.0) != (d2 > 0.0) || d1 == 0.0 || d2 == 0.0)
        && ((d3 > 0.0) != (d4 > 0.0) || d3 == 0.0 || d4 == 0.0)
        && a.x.min(b.x) <= c.x.max(d.x)
        && c.x.min(d.x) <= a.x.max(b.x)
        && a.y.min(b.y) <= c.y.max(d.y)
        && c.y.min(d.y) <= a.y.max(b.y)
}

/// The circle of a radius around a place, as a clockwise ring in degrees; for drawing, never for deciding.
#[must_use]
pub(crate) fn circle(centre: Coord<f64>, radius: f64, corners: u32) -> Vec<Coord<f64>> {
    let plane = Plane::new(centre);
    (0..=corners)
        .map(|i| {
            let turn = f64::from(i % corners) / f64::from(corners) * std::f64::consts::TAU;
            plane.back(Coord { x: radius * turn.sin(), y: radius * turn.cos() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn near_places_are_as_far_apart_as_the_geodesic_says(
            x in -180.0..180.0f64, y in -80.0..80.0f64, dx in -0.04..0.04f64, dy in -0.04..0.04f64
        ) {
            let (a, b) = (Coord { x, y }, Coord { x: x + dx, y: y + dy });
            let geodesic: f64 = WGS84.inverse(a.y, a.x, b.y, b.x);
            prop_assert!((between(a, b) - geodesic).abs() < 1e-5, "{} {geodesic}", between(a, b));
        }
    }
}
