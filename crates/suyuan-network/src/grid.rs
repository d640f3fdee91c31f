//! Sorted grids: pairs of points within a distance, and segments near a point.

use rayon::prelude::*;
use suyuan_core::Coord;

/// The number of the square metre of a place along a Hilbert curve: what lies near by mostly has a number near by, and what
/// else there is makes no difference to it.
///
/// # Reference
/// Hilbert (1891); the walk over quadrants as in Warren, "Hacker's Delight" (2012), chapter 16.
pub(crate) fn along_curve(place: Coord<f64>) -> u64 {
    // The casts keep to the nearest number there is.
    let metre = |v: f64| (v.floor() as i32).cast_unsigned() ^ (1 << 31);
    let (mut x, mut y) = (metre(place.x), metre(place.y));
    let mut number = 0u64;
    for bit in (0..32).rev() {
        let (right, upper) = (x >> bit & 1, y >> bit & 1);
        number = number << 2 | u64::from((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            (x, y) = (y, x);
        }
    }
    number
}

/// Squared distance of two places.
pub(crate) fn distance2(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2)
}

/// Distance of two places, metres.
pub(crate) fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    distance2(a, b).sqrt()
}

/// The point of segment `a`–`b` nearest to `p`, as a share 0 to 1 of the way, and its squared distance.
pub(crate) fn nearest_on_segment(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> (f64, f64) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t =
        if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (t, distance2(Coord { x: a.x + t * dx, y: a.y + t * dy }, p))
}

fn cell(value: f64, size: f64) -> i64 {
    (value / size).floor() as i64
}

/// Calls `visit(i, j, distance²)` for each pair of points at most `within` metres apart, each pair once.
///
/// Sorts by cells of the size of `within` and sweeps each row together with the next one: O(n log n) plus the pairs.
pub(crate) fn for_each_pair_within(points: &[Coord<f64>], within: f64, mut visit: impl FnMut(u32, u32, f64)) {
    let size = within.max(1e-9);
    let within2 = within * within;
    let mut order: Vec<(i64, i64, u32)> =
        points.iter().enumerate().map(|(i, p)| (cell(p.y, size), cell(p.x, size), i as u32)).collect();
    order.par_sort_unstable();
    let mut check = |i: u32, j: u32| {
        let d = distance2(points[i as usize], points[j as usize]);
        if d <= within2 {
            visit(i.min(j), i.max(j), d);
        }
    };
    let mut row_start = 0;
    while row_start < order.len() {
        let row = order[row_start].0;
        let row_end = row_start + order[row_start..].partition_point(|e| e.0 == row);
        let next_end = row_end + order[row_end..].partition_point(|e| e.0 == row + 1);
        let mut low = row_end;
        for k in row_start..row_end {
            let (_, column, i) = order[k];
            for &(_, _, j) in order[k + 1..row_end].iter().take_while(|e| e.1 <= column + 1) {
                check(i, j);
            }
            while low < next_end && order[low].1 < column - 1 {
                low += 1;
            }
            for &(_, _, j) in order[low..next_end].iter().take_while(|e| e.1 <= column + 1) {
                check(i, j);
            }
        }
        row_start = row_end;
    }
}

/// Segments sorted into cells, to be asked which lie near a point.
pub(crate) struct SegmentGrid {
    size: f64,
    /// (cell row, cell column, segment), sorted.
    cells: Vec<(i32, i32, u32)>,
    /// First entry of each row of cells: (row, index).
    rows: Vec<(i32, u32)>,
}

impl SegmentGrid {
    /// Sorts `count` segments, of which `segment(i)` gives the two ends.
    pub(crate) fn new(count: usize, segment: impl Fn(usize) -> (Coord<f64>, Coord<f64>)) -> Self {
        let total: f64 = (0..count).map(&segment).map(|(a, b)| distance(a, b)).sum();
        let size = (total / count.max(1) as f64).clamp(5.0, 500.0);
        let mut cells = Vec::with_capacity(count * 2);
        for i in 0..count {
            let (a, b) = segment(i);
            let columns = ((a.x.min(b.x) / size).floor() as i32, (a.x.max(b.x) / size).floor() as i32);
            let rows = ((a.y.min(b.y) / size).floor() as i32, (a.y.max(b.y) / size).floor() as i32);
            for row in rows.0..=rows.1 {
                // Only the columns that the segment has within this row of cells, one cell of slack on each side.
                let (from, to) = columns_in_row(a, b, f64::from(row) * size, size, columns);
                for column in from..=to {
                    cells.push((row, column, i as u32));
                }
            }
        }
        cells.par_sort_unstable();
        let mut rows: Vec<(i32, u32)> = Vec::new();
        for (k, entry) in cells.iter().enumerate() {
            if rows.last().is_none_or(|r| r.0 != entry.0) {
                rows.push((entry.0, k as u32));
            }
        }
        Self { size, cells, rows }
    }

    /// The segments that may lie within `reach` of `p`, each once or several times; into `found`, cleared first.
    pub(crate) fn near(&self, p: Coord<f64>, reach: f64, found: &mut Vec<u32>) {
        found.clear();
        let range =
            |v: f64| (((v - reach) / self.size).floor() as i32, ((v + reach) / self.size).floor() as i32);
        let (columns, rows) = (range(p.x), range(p.y));
        let first = self.rows.partition_point(|r| r.0 < rows.0);
        for (k, &(row, start)) in self.rows.iter().enumerate().skip(first) {
            if row > rows.1 {
                break;
            }
            let end = self.rows.get(k + 1).map_or(self.cells.len(), |r| r.1 as usize);
            let slice = &self.cells[start as usize..end];
            let from = slice.partition_point(|e| e.1 < columns.0);
            found.extend(slice[from..].iter().take_while(|e| e.1 <= columns.1).map(|e| e.2));
        }
        found.sort_unstable();
        found.dedup();
    }
}

fn columns_in_row(a: Coord<f64>, b: Coord<f64>, low: f64, size: f64, all: (i32, i32)) -> (i32, i32) {
    let dy = b.y - a.y;
    if dy.abs() < size * 1e-6 || all.0 == all.1 {
        return all;
    }
    let at = |y: f64| a.x + ((y - a.y) / dy).clamp(0.0, 1.0) * (b.x - a.x);
    let (x0, x1) = (at(low), at(low + size));
    let from = (x0.min(x1) / size - 1e-6).floor() as i32;
    let to = (x0.max(x1) / size + 1e-6).floor() as i32;
    (from.max(all.0), to.min(all.1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point() -> impl Strategy<Value = Coord<f64>> {
        (-30.0..30.0f64, -30.0..30.0f64).prop_map(|(x, y)| Coord { x, y })
    }

    #[test]
    fn the_curve_goes_through_every_square_step_by_step() {
        // Of an aligned block each number is a square of its own beside that of the number before.
        for origin in [-64.0, 0.0, 4096.0] {
            let mut squares: Vec<(u64, i32, i32)> = (0..64)
                .flat_map(|x| (0..64).map(move |y| (x, y)))
                .map(|(x, y)| {
                    let place = Coord { x: origin + f64::from(x) + 0.5, y: origin + f64::from(y) + 0.5 };
                    (along_curve(place), x, y)
                })
                .collect();
            squares.sort_unstable();
            assert!(squares.windows(2).all(|w| w[0].0 + 1 == w[1].0));
            assert!(squares.windows(2).all(|w| w[0].1.abs_diff(w[1].1) + w[0].2.abs_diff(w[1].2) == 1));
        }
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_brute_force(points in prop::collection::vec(point(), 0..80), within in 0.01..9.0f64) {
            let mut found = Vec::new();
            for_each_pair_within(&points, within, |i, j, _| found.push((i, j)));
            found.sort_unstable();
            let mut expected = Vec::new();
            for i in 0..points.len() {
                for j in i + 1..points.len() {
                    if distance2(points[i], points[j]) <= within * within {
                        expected.push((i as u32, j as u32));
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_segment_near_a_point_is_missed(
            ends in prop::collection::vec((point(), point()), 1..60), p in point(), reach in 0.0..12.0f64
        ) {
            let grid = SegmentGrid::new(ends.len(), |i| ends[i]);
            let mut found = Vec::new();
            grid.near(p, reach, &mut found);
            for (i, (a, b)) in ends.iter().enumerate() {
                if nearest_on_segment(*a, *b, p).1.sqrt() <= reach {
                    prop_assert!(found.contains(&(i as u32)));
                }
            }
        }
    }
}
