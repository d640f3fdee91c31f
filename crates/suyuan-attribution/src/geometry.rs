//! Nearest points of areas and lines.

use suyuan_core::Coord;

/// The point of segment `a`–`b` nearest to `p`, and its squared distance.
pub(crate) fn nearest_on(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> (Coord<f64>, f64) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t =
        if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let q = Coord { x: a.x + t * dx, y: a.y + t * dy };
    (q, (q.x - p.x).powi(2) + (q.y - p.y).powi(2))
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
    let mut take = |point: Coord<f64>, d2: f64| {
        if best.is_none_or(|b| d2 < b.1) {
            best = Some((point, d2));
        }
    };
    for s in line.windows(2) {
        for e in rings.iter().flat_map(|ring| ring.windows(2)) {
            if let Some(cross) = crossing(s[0], s[1], e[0], e[1]) {
                return Some((cross, 0.0));
            }
            for end in [e[0], e[1]] {
                let (q, d2) = nearest_on(s[0], s[1], end);
                take(q, d2);
            }
            for end in [s[0], s[1]] {
                let (_, d2) = nearest_on(e[0], e[1], end);
                take(end, d2);
            }
        }
    }
    best.map(|(q, d2)| (q, d2.sqrt()))
}

fn crossing(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> Option<Coord<f64>> {
    let (rx, ry, sx, sy) = (b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y);
    let area = rx * sy - ry * sx;
    if area == 0.0 {
        return None;
    }
    let t = ((c.x - a.x) * sy - (c.y - a.y) * sx) / area;
    let u = ((c.x - a.x) * ry - (c.y - a.y) * rx) / area;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u))
        .then_some(Coord { x: a.x + t * rx, y: a.y + t * ry })
}

/// The middle of an area's bounding box: a place for its label and for searches around it.
pub(crate) fn centre(rings: &[&[Coord<f64>]]) -> Option<(Coord<f64>, f64)> {
    let mut points = rings.iter().flat_map(|r| r.iter());
    let first = points.next()?;
    let mut b = [first.x, first.y, first.x, first.y];
    for p in points {
        b = [b[0].min(p.x), b[1].min(p.y), b[2].max(p.x), b[3].max(p.y)];
    }
    let half = (b[2] - b[0]).hypot(b[3] - b[1]) / 2.0;
    Some((Coord { x: f64::midpoint(b[0], b[2]), y: f64::midpoint(b[1], b[3]) }, half))
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
