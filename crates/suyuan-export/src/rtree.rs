//! A spatial index packed straight into SQLite's R-tree tables: many times faster than inserting row by row.
//!
//! # Reference
//! SQLite documentation, "The SQLite R*Tree Module", section on the shadow tables; packing along a Hilbert curve after
//! Kamel and Faloutsos, "On packing R-trees" (1993).

use suyuan_core::raw::Shapes;

use crate::wkb::around as around_all;

/// Cells in a node: what fits the page that SQLite itself chooses for two dimensions.
const CELLS: usize = 51;
/// Bytes of a node.
const NODE_BYTES: usize = 4 + CELLS * 24;

/// The rows of the shadow tables, by ascending number.
#[derive(Default)]
pub(crate) struct Packed {
    /// `_node`: the root, then nodes 2, 3, …
    root: Vec<u8>,
    nodes: Vec<u8>,
    /// `_rowid`: row and the leaf that holds it.
    pub(crate) rows: Vec<(i64, i64)>,
    /// `_parent`: node and its parent.
    pub(crate) parents: Vec<(i64, i64)>,
}

impl Packed {
    pub(crate) fn node_count(&self) -> usize {
        1 + self.nodes.len() / NODE_BYTES
    }

    /// A node's number and its bytes.
    pub(crate) fn node(&self, place: usize) -> (i64, &[u8]) {
        let bytes = match place {
            0 => &self.root,
            _ => &self.nodes[(place - 1) * NODE_BYTES..place * NODE_BYTES],
        };
        (place as i64 + 1, bytes)
    }
}

fn below(v: f64) -> f32 {
    let f = v as f32;
    if f64::from(f) > v { f.next_down() } else { f }
}

fn above(v: f64) -> f32 {
    let f = v as f32;
    if f64::from(f) < v { f.next_up() } else { f }
}

/// Position of a cell of a 2¹⁶ square along the Hilbert curve, four bits of each coordinate at a time.
fn hilbert(x: u16, y: u16) -> u32 {
    let step = |(d, turn): (u32, usize), shift: u32| {
        let next = NIBBLES[turn << 8 | usize::from(x >> shift & 15) << 4 | usize::from(y >> shift & 15)];
        (d << 8 | u32::from(next & 0xff), usize::from(next >> 8))
    };
    [12, 8, 4, 0].into_iter().fold((0, 0), step).0
}

/// For each way the square may be turned (1: mirrored, 2: axes exchanged) and four bits of x and y: the eight bits of the
/// position, and above them how the squares within are turned.
static NIBBLES: [u16; 1024] = {
    let mut table = [0; 1024];
    let mut i = 0;
    while i < 1024 {
        let (mut turn, mut d, mut bit) = (i >> 8, 0, 4);
        while bit > 0 {
            bit -= 1;
            let (x, y) = ((i >> (4 + bit) ^ turn) & 1, (i >> bit ^ turn) & 1);
            let (rx, ry) = if turn & 2 == 0 { (x, y) } else { (y, x) };
            d = d << 2 | (3 * rx) ^ ry;
            if ry == 0 {
                turn ^= 2 | rx;
            }
        }
        table[i] = (turn << 8 | d) as u16;
        i += 1;
    }
    table
};

/// Packs the boxes of a layer's features, of which those without geometry are left out; rows count from 1.
pub(crate) fn pack(shapes: &Shapes) -> Packed {
    let mut packed = Packed::default();
    let all = around_all(shapes.coords()).unwrap_or_default();
    let scale = |v: f64, low: f64, high: f64| {
        if high > low { ((v - low) / (high - low) * 65_535.0) as u16 } else { 0 }
    };
    // Of each box the position along the curve, above its place among the boxes.
    let mut order: Vec<u64> = Vec::with_capacity(shapes.len());
    let mut boxes: Vec<[f32; 4]> = Vec::with_capacity(shapes.len());
    packed.rows.reserve(shapes.len());
    for row in 0..shapes.len() {
        let Some(b) = around_all(shapes.coords_of(row)) else { continue };
        let x = scale(f64::midpoint(b[0], b[1]), all[0], all[1]);
        let y = scale(f64::midpoint(b[2], b[3]), all[2], all[3]);
        order.push(u64::from(hilbert(x, y)) << 32 | boxes.len() as u64);
        boxes.push([below(b[0]), above(b[1]), below(b[2]), above(b[3])]);
        packed.rows.push((row as i64 + 1, 1));
    }
    let order = sorted(order);
    let cell = |along: &u64| {
        let place = *along as u32 as usize;
        (packed.rows[place].0, boxes[place])
    };
    let mut level: Vec<(i64, [f32; 4])> = order.iter().map(cell).collect();
    drop(boxes);
    let mut next = 2i64; // the root is node 1
    let mut depth = 0u16;
    while level.len() > CELLS {
        // An even share for each node keeps the last one from being nearly empty.
        let share = level.len().div_ceil(level.len().div_ceil(CELLS));
        let mut above_level = Vec::with_capacity(level.len() / share + 1);
        for (k, cells) in level.chunks(share).enumerate() {
            if depth == 0 {
                let places = &order[k * share..k * share + cells.len()];
                places.iter().for_each(|along| packed.rows[*along as u32 as usize].1 = next);
            } else {
                packed.parents.extend(cells.iter().map(|cell| (cell.0, next)));
            }
            write_node(&mut packed.nodes, 0, cells);
            above_level.push((next, around(cells)));
            next += 1;
        }
        level = above_level;
        depth += 1;
    }
    if depth > 0 {
        packed.parents.extend(level.iter().map(|cell| (cell.0, 1)));
    }
    write_node(&mut packed.root, depth, &level);
    packed
}

/// Sorts by the upper half of each number, eleven bits at a time; the order of equal ones stays.
fn sorted(mut numbers: Vec<u64>) -> Vec<u64> {
    let mut next = vec![0; numbers.len()];
    for shift in [32, 43, 54] {
        let digit = |number: u64| (number >> shift) as usize & 0x7ff;
        let mut places = [0usize; 0x800];
        numbers.iter().for_each(|number| places[digit(*number)] += 1);
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for number in &numbers {
            let place = &mut places[digit(*number)];
            next[*place] = *number;
            *place += 1;
        }
        std::mem::swap(&mut numbers, &mut next);
    }
    numbers
}

fn around(cells: &[(i64, [f32; 4])]) -> [f32; 4] {
    cells.iter().fold([f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY], |u, (_, b)| {
        [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])]
    })
}

fn write_node(out: &mut Vec<u8>, depth: u16, cells: &[(i64, [f32; 4])]) {
    let end = out.len() + NODE_BYTES;
    out.extend_from_slice(&depth.to_be_bytes());
    out.extend_from_slice(&(cells.len() as u16).to_be_bytes());
    for (id, b) in cells {
        let mut cell = [0; 24];
        cell[..8].copy_from_slice(&id.to_be_bytes());
        cell[8..].chunks_exact_mut(4).zip(b).for_each(|(to, v)| to.copy_from_slice(&v.to_be_bytes()));
        out.extend_from_slice(&cell);
    }
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve as it is defined, bit by bit.
    fn plain(mut x: u32, mut y: u32) -> u32 {
        let mut d = 0;
        for s in (0..16).rev().map(|bit| 1 << bit) {
            let (rx, ry) = (u32::from(x & s > 0), u32::from(y & s > 0));
            d += s * s * ((3 * rx) ^ ry);
            if ry == 0 {
                if rx == 1 {
                    (x, y) = (0xffff - x, 0xffff - y);
                }
                (x, y) = (y, x);
            }
        }
        d
    }

    #[test]
    fn numbers_are_sorted_by_their_upper_half_and_equal_ones_stay() {
        let scrambled = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 40);
        let numbers: Vec<u64> = (0..5000).map(|n| scrambled(n) << 32 | n).collect();
        let mut expected = numbers.clone();
        expected.sort();
        assert_eq!(sorted(numbers), expected);
    }

    #[test]
    fn the_curve_by_nibbles_is_the_curve() {
        let mut seed = 1u64;
        for n in 0..20_000u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (x, y) = if n < 4096 {
                (n as u16 & 63, n as u16 >> 6)
            } else {
                ((seed >> 48) as u16, (seed >> 32) as u16)
            };
            assert_eq!(hilbert(x, y), plain(u32::from(x), u32::from(y)), "{x} {y}");
        }
    }
}
