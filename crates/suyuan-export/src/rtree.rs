//! A spatial index packed straight into SQLite's R-tree tables: many times faster than inserting row by row.
//!
//! # Reference
//! SQLite documentation, "The SQLite R*Tree Module", section on the shadow tables; packing along a Hilbert curve after
//! Kamel and Faloutsos, "On packing R-trees" (1993).

use crate::wkb::Bounds;

/// Cells in a node: what fits the page that SQLite itself chooses for two dimensions.
const CELLS: usize = 51;
/// Bytes of a node.
const NODE_BYTES: usize = 4 + CELLS * 24;

/// One node: its number, its bytes.
pub(crate) type Node = (i64, Vec<u8>);

/// The rows of the shadow tables.
#[derive(Default)]
pub(crate) struct Packed {
    /// `_node`: number and bytes.
    pub(crate) nodes: Vec<Node>,
    /// `_rowid`: row and the leaf that holds it.
    pub(crate) rows: Vec<(i64, i64)>,
    /// `_parent`: node and its parent.
    pub(crate) parents: Vec<(i64, i64)>,
}

fn below(v: f64) -> f32 {
    let f = v as f32;
    if f64::from(f) > v { f.next_down() } else { f }
}

fn above(v: f64) -> f32 {
    let f = v as f32;
    if f64::from(f) < v { f.next_up() } else { f }
}

/// Position of a cell of a 2¹⁶ square along the Hilbert curve.
fn hilbert(mut x: u32, mut y: u32) -> u32 {
    let mut d = 0;
    let mut s = 1 << 15;
    while s > 0 {
        let (rx, ry) = (u32::from(x & s > 0), u32::from(y & s > 0));
        d += s * s * ((3 * rx) ^ ry);
        if ry == 0 {
            if rx == 1 {
                x = 0xffff - x;
                y = 0xffff - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        s >>= 1;
    }
    d
}

fn union(boxes: &[(i64, [f32; 4])]) -> [f32; 4] {
    boxes.iter().fold([f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY], |u, (_, b)| {
        [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])]
    })
}

/// Packs the boxes of rows.
pub(crate) fn pack(boxes: &[(i64, Bounds)]) -> Packed {
    let mut packed = Packed::default();
    let all = boxes
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY], |u, (_, b)| {
            [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])]
        });
    let scale = |v: f64, low: f64, high: f64| {
        if high > low { ((v - low) / (high - low) * 65_535.0) as u32 } else { 0 }
    };
    let mut order: Vec<(u32, usize)> = boxes
        .iter()
        .enumerate()
        .map(|(i, (_, b))| {
            let x = scale(f64::midpoint(b[0], b[1]), all[0], all[1]);
            let y = scale(f64::midpoint(b[2], b[3]), all[2], all[3]);
            (hilbert(x, y), i)
        })
        .collect();
    order.sort_unstable();
    let mut level: Vec<(i64, [f32; 4])> = order
        .iter()
        .map(|(_, i)| {
            let (row, b) = &boxes[*i];
            (*row, [below(b[0]), above(b[1]), below(b[2]), above(b[3])])
        })
        .collect();
    let mut next = 2i64; // the root is node 1
    let mut depth = 0u16;
    loop {
        let root = level.len() <= CELLS;
        let mut above_level = Vec::with_capacity(level.len() / CELLS + 1);
        // An even share for each node keeps the last one from being nearly empty.
        let groups = level.len().div_ceil(CELLS).max(1);
        let share = level.len().div_ceil(groups).max(1);
        for cells in level.chunks(share) {
            let number = if root { 1 } else { next };
            next += i64::from(!root);
            let mut bytes = Vec::with_capacity(NODE_BYTES);
            bytes.extend(if root { depth } else { 0 }.to_be_bytes());
            bytes.extend((cells.len() as u16).to_be_bytes());
            for (id, b) in cells {
                bytes.extend(id.to_be_bytes());
                for v in b {
                    bytes.extend(v.to_be_bytes());
                }
                if depth == 0 { packed.rows.push((*id, number)) } else { packed.parents.push((*id, number)) }
            }
            bytes.resize(NODE_BYTES, 0);
            packed.nodes.push((number, bytes));
            above_level.push((number, union(cells)));
        }
        if level.is_empty() {
            let mut bytes = vec![0; NODE_BYTES];
            bytes[..2].copy_from_slice(&0u16.to_be_bytes());
            packed.nodes.push((1, bytes));
        }
        if root {
            return packed;
        }
        level = above_level;
        depth += 1;
    }
}
