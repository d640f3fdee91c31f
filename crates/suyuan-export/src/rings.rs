//! Rings of an area, grouped into polygons: outer rings run clockwise, holes belong to the outer ring around them.

use suyuan_core::Coord;

fn area(ring: &[Coord<f64>]) -> f64 {
    let o = ring.first().copied().unwrap_or_default();
    ring.windows(2).map(|w| (w[0].x - o.x) * (w[1].y - o.y) - (w[1].x - o.x) * (w[0].y - o.y)).sum()
}

fn contains(ring: &[Coord<f64>], p: Coord<f64>) -> bool {
    let mut inside = false;
    for w in ring.windows(2) {
        let (a, b) = (w[0], w[1]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
    }
    inside
}

/// Polygons, each with its outer ring first.
pub(crate) fn polygons<'a>(rings: &[&'a [Coord<f64>]]) -> Vec<Vec<&'a [Coord<f64>]>> {
    let mut polygons: Vec<Vec<&[Coord<f64>]>> = Vec::new();
    for ring in rings.iter().filter(|r| area(r) <= 0.0) {
        polygons.push(vec![ring]);
    }
    for hole in rings.iter().filter(|r| area(r) > 0.0) {
        let owner = polygons.iter_mut().find(|p| hole.first().is_some_and(|v| contains(p[0], *v)));
        match owner {
            Some(polygon) => polygon.push(hole),
            None => polygons.push(vec![hole]), // a ring drawn the other way round is an area all the same
        }
    }
    polygons
}
