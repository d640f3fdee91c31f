//! Storm and foul sewers under the streets: trees with a few bypasses, falling all the way to their ends.

use std::collections::{BTreeMap, BinaryHeap};

use geo_types::Coord;

use crate::plan::{COLUMNS, River, Streets, along, apart};
use crate::random::Random;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Manhole,
    Inlet,
    /// Where a lead meets a pipe in its middle: no manhole stands there.
    Tap,
    Outfall,
    Pump,
}

/// A manhole, inlet, outfall or pumping station.
pub struct Node {
    pub id: String,
    pub kind: Kind,
    /// Place in the plan.
    pub place: Coord<f64>,
    pub level: f64,
    pub ground: f64,
}

/// A pipe between two nodes, drawn downstream.
pub struct Pipe {
    /// Its id; the two halves of a pipe that is tapped in the middle end in `a` and `b`.
    pub id: String,
    pub ends: [usize; 2],
    pub street: String,
    pub diameter: i64,
    /// A lead from a yard that taps another pipe.
    pub lead: bool,
}

/// An outfall into a river.
pub struct Outfall {
    pub id: String,
    pub node: usize,
    pub river: usize,
}

/// The sewers of one system.
pub struct Sewers {
    pub nodes: Vec<Node>,
    pub pipes: Vec<Pipe>,
    pub outfalls: Vec<Outfall>,
    letters: &'static str,
}

/// Ground level: nearly flat.
fn ground(p: Coord<f64>) -> f64 {
    6.6 + 0.3 * (p.x / 900.0).sin() + 0.2 * (p.y / 700.0).cos()
}

/// What a crossing drains to.
#[derive(Clone, Copy)]
enum Next {
    /// The street to the next crossing.
    Street(usize),
    /// The river that cuts this street.
    River(usize),
    /// It is an end itself.
    Here,
}

/// Shortest way of each crossing to an end: its length, what comes next, and which end.
fn ways(plan: &Streets, ends: &[(usize, f64, Next)]) -> Vec<Option<(f64, Next, usize)>> {
    let mut best: Vec<Option<(f64, Next, usize)>> = vec![None; plan.crossings.len()];
    // Millimetres, so that the heap has a total order.
    let key = |metres: f64| std::cmp::Reverse((metres * 1000.0).round() as u64);
    let mut heap = BinaryHeap::new();
    for (i, (crossing, length, _)) in ends.iter().enumerate() {
        heap.push((key(*length), std::cmp::Reverse(*crossing), std::cmp::Reverse(i), None::<usize>));
    }
    let mut beside: Vec<Vec<usize>> = vec![Vec::new(); plan.crossings.len()];
    for (s, street) in plan.streets.iter().enumerate().filter(|(_, s)| s.cut.is_none()) {
        beside[street.ends[0]].push(s);
        beside[street.ends[1]].push(s);
    }
    while let Some((length, at, end, street)) = heap.pop() {
        if best[at.0].is_some() {
            continue;
        }
        let next = street.map_or(ends[end.0].2, Next::Street);
        best[at.0] = Some((length.0 as f64 / 1000.0, next, end.0));
        for s in &beside[at.0] {
            let ends = plan.streets[*s].ends;
            let other = if ends[0] == at.0 { ends[1] } else { ends[0] };
            let on = length.0 as f64 / 1000.0 + apart(plan.crossings[ends[0]], plan.crossings[ends[1]]);
            if best[other].is_none() {
                heap.push((key(on), std::cmp::Reverse(other), end, Some(*s)));
            }
        }
    }
    best
}

impl Sewers {
    fn new(letters: &'static str) -> Self {
        Self { nodes: Vec::new(), pipes: Vec::new(), outfalls: Vec::new(), letters }
    }

    fn node(&mut self, kind: Kind, place: Coord<f64>, level: f64) -> usize {
        let id = format!("{}{:04}", self.letters, self.nodes.len() + 1);
        let level = (level * 1000.0).round() / 1000.0;
        self.nodes.push(Node { id, kind, place, level, ground: (ground(place) * 100.0).round() / 100.0 });
        self.nodes.len() - 1
    }

    fn pipe(&mut self, ends: [usize; 2], street: &str) -> usize {
        let id = format!("{}GD{:04}", self.letters, self.pipes.len() + 1);
        self.pipes.push(Pipe { id, ends, street: street.to_owned(), diameter: 300, lead: false });
        self.pipes.len() - 1
    }

    /// A run of pipes from one node down to another, with a manhole every 45 m or so.
    fn run(&mut self, from: usize, to: usize, street: &str) {
        let (a, b) = (self.nodes[from].place, self.nodes[to].place);
        let (high, low) = (self.nodes[from].level, self.nodes[to].level);
        let count = (apart(a, b) / 45.0).ceil().max(1.0) as usize;
        let mut last = from;
        for i in 1..=count {
            let t = i as f64 / count as f64;
            let next = if i == count {
                to
            } else {
                self.node(Kind::Manhole, along(a, b, t), high + (low - high) * t)
            };
            self.pipe([last, next], street);
            last = next;
        }
    }

    /// Wider pipes where more lies above.
    fn widen(&mut self) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by(|a, b| self.nodes[*b].level.total_cmp(&self.nodes[*a].level).then(a.cmp(b)));
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (p, pipe) in self.pipes.iter().enumerate() {
            below[pipe.ends[0]].push(p);
        }
        let mut load = vec![0.0; self.nodes.len()];
        for node in order {
            for p in &below[node] {
                let [from, to] = self.pipes[*p].ends;
                let length = apart(self.nodes[from].place, self.nodes[to].place);
                let above = load[from] / below[node].len() as f64 + length;
                load[to] += above;
                let sizes = [300, 400, 500, 600, 800, 1000, 1200];
                let steps = [300.0, 700.0, 1500.0, 3000.0, 6000.0, 10000.0];
                self.pipes[*p].diameter = sizes[steps.iter().filter(|s| above > **s).count()];
            }
        }
    }

    /// Every pipe on a way that ends at `node`, by brute force: pipes are added until none is left to add.
    pub fn upstream(&self, node: usize) -> Vec<usize> {
        self.upstream_without(node, None)
    }

    /// The same, were one pipe not there.
    pub fn upstream_without(&self, node: usize, missing: Option<usize>) -> Vec<usize> {
        let mut reached = vec![false; self.nodes.len()];
        reached[node] = true;
        let mut inside = vec![false; self.pipes.len()];
        loop {
            let mut grown = false;
            for (p, pipe) in self.pipes.iter().enumerate() {
                if !inside[p] && Some(p) != missing && reached[pipe.ends[1]] {
                    inside[p] = true;
                    reached[pipe.ends[0]] = true;
                    grown = true;
                }
            }
            if !grown {
                return (0..self.pipes.len()).filter(|p| inside[*p]).collect();
            }
        }
    }
}

/// The storm sewers: each crossing drains the shortest way to a river.
pub fn storm(plan: &Streets, rivers: &[River], random: &mut Random) -> Sewers {
    const FALL: f64 = 0.0016;
    let beside = |p: Coord<f64>| Coord { x: p.x + 4.0, y: p.y + 4.0 };
    let mut sewers = Sewers::new("YS");
    let mut ends = Vec::new();
    for (s, street) in plan.streets.iter().enumerate() {
        let Some((_, t)) = street.cut else { continue };
        let length = apart(plan.crossings[street.ends[0]], plan.crossings[street.ends[1]]);
        for side in 0..2 {
            // Nothing stands beyond the bank of the Qiantang.
            if street.ends[side] < COLUMNS * crate::plan::ROWS {
                let part = if side == 0 { t[0] } else { 1.0 - t[1] };
                ends.push((street.ends[side], part * length, Next::River(s)));
            }
        }
    }
    let best = ways(plan, &ends);
    let base = |end: usize| match ends[end].2 {
        Next::River(s) => plan.streets[s].cut.map_or(3.0, |(r, _)| rivers[r].outfall_level),
        _ => 3.0,
    };
    let crossings: BTreeMap<usize, usize> = (0..plan.crossings.len())
        .filter_map(|c| {
            let (length, _, end) = best[c]?;
            Some((c, sewers.node(Kind::Manhole, beside(plan.crossings[c]), base(end) + FALL * length)))
        })
        .collect();
    let mut bypasses = 0;
    for (s, street) in plan.streets.iter().enumerate() {
        let [a, b] = street.ends;
        let (p, q) = (beside(plan.crossings[a]), beside(plan.crossings[b]));
        if let Some((river, t)) = street.cut {
            for (side, (crossing, t)) in street.ends.into_iter().zip(t).enumerate() {
                let Some((_, next, _)) = best[crossing] else { continue };
                let mouth = along(p, q, t);
                let outfall = sewers.node(Kind::Outfall, mouth, rivers[river].outfall_level);
                let id = format!("PK{:03}", sewers.outfalls.len() + 1);
                sewers.outfalls.push(Outfall { id, node: outfall, river });
                if matches!(next, Next::River(own) if own == s) {
                    sewers.run(crossings[&crossing], outfall, &street.name);
                } else {
                    // The crossing drains elsewhere: this one begins a little below it.
                    let top = if side == 0 { p } else { q };
                    let head = along(top, mouth, 25.0 / apart(top, mouth));
                    let level = rivers[river].outfall_level + FALL * apart(head, mouth);
                    let head = sewers.node(Kind::Inlet, head, level);
                    sewers.run(head, outfall, &street.name);
                }
            }
            continue;
        }
        let (Some(best_a), Some(best_b)) = (best[a], best[b]) else { continue };
        let leads = |way: (f64, Next, usize)| matches!(way.1, Next::Street(own) if own == s);
        if leads(best_a) {
            sewers.run(crossings[&a], crossings[&b], &street.name);
        } else if leads(best_b) {
            sewers.run(crossings[&b], crossings[&a], &street.name);
        } else if best_a.2 == best_b.2 && (best_a.0 - best_b.0).abs() > 60.0 && bypasses < 6 {
            // A second way round: the crossing above has two pipes leaving it.
            bypasses += 1;
            let (high, low) = if best_a.0 > best_b.0 { (a, b) } else { (b, a) };
            sewers.run(crossings[&high], crossings[&low], &street.name);
        } else {
            let middle = random.between(0.35, 0.65);
            let gap = 6.0 / apart(p, q);
            for (crossing, end, t) in [(a, p, middle - gap), (b, q, middle + gap)] {
                let head = along(p, q, t);
                let level = sewers.nodes[crossings[&crossing]].level + FALL * apart(head, end);
                let head = sewers.node(Kind::Inlet, head, level);
                sewers.run(head, crossings[&crossing], &street.name);
            }
        }
    }
    tap(&mut sewers, random);
    sewers.widen();
    sewers
}

/// Leads from yards that meet a pipe in its middle.
fn tap(sewers: &mut Sewers, random: &mut Random) {
    for p in 0..sewers.pipes.len() {
        let [from, to] = sewers.pipes[p].ends;
        let (a, b) = (sewers.nodes[from].place, sewers.nodes[to].place);
        let length = apart(a, b);
        if length < 32.0 || !random.chance(0.05) {
            continue;
        }
        let t = random.between(0.4, 0.6);
        let side = random.between(14.0, 22.0);
        let at = along(a, b, t);
        let yard = Coord { x: at.x - side * (b.y - a.y) / length, y: at.y + side * (b.x - a.x) / length };
        let level = sewers.nodes[from].level * (1.0 - t) + sewers.nodes[to].level * t;
        let middle = sewers.node(Kind::Tap, at, level);
        let head = sewers.node(Kind::Inlet, yard, level + 0.25);
        let id = sewers.pipes[p].id.clone();
        let street = sewers.pipes[p].street.clone();
        sewers.pipes[p].id = format!("{id}a");
        sewers.pipes[p].ends = [from, middle];
        let lower = sewers.pipe([middle, to], &street);
        sewers.pipes[lower].id = format!("{id}b");
        let lead = sewers.pipe([head, middle], &street);
        sewers.pipes[lead].lead = true;
    }
}

/// The foul sewers: each crossing drains the shortest way to a pumping station.
pub fn foul(plan: &Streets, random: &mut Random) -> Sewers {
    const FALL: f64 = 0.002;
    let beside = |p: Coord<f64>| Coord { x: p.x - 4.0, y: p.y - 4.0 };
    let mut sewers = Sewers::new("WS");
    let stations: Vec<(usize, f64, Next)> =
        [(1, 2), (1, 7), (1, 11), (1, 14), (5, 2), (6, 6), (5, 10), (6, 13), (6, 15)]
            .into_iter()
            .map(|(row, column)| (row * COLUMNS + column, 0.0, Next::Here))
            .collect();
    let best = ways(plan, &stations);
    let crossings: BTreeMap<usize, usize> = (0..plan.crossings.len())
        .filter_map(|c| {
            let (length, next, _) = best[c]?;
            let kind = if matches!(next, Next::Here) { Kind::Pump } else { Kind::Manhole };
            Some((c, sewers.node(kind, beside(plan.crossings[c]), 1.6 + FALL * length)))
        })
        .collect();
    for (s, street) in plan.streets.iter().enumerate().filter(|(_, s)| s.cut.is_none()) {
        let [a, b] = street.ends;
        let (Some(best_a), Some(best_b)) = (best[a], best[b]) else { continue };
        let leads = |way: (f64, Next, usize)| matches!(way.1, Next::Street(own) if own == s);
        if leads(best_a) {
            sewers.run(crossings[&a], crossings[&b], &street.name);
        } else if leads(best_b) {
            sewers.run(crossings[&b], crossings[&a], &street.name);
        } else {
            let (p, q) = (beside(plan.crossings[a]), beside(plan.crossings[b]));
            let head = along(p, q, random.between(0.3, 0.5));
            let level = sewers.nodes[crossings[&a]].level + FALL * apart(head, p);
            let head = sewers.node(Kind::Manhole, head, level);
            sewers.run(head, crossings[&a], &street.name);
        }
    }
    sewers.widen();
    sewers
}
