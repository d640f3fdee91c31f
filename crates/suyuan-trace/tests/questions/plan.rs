//! Random networks, and what a person would work out about them with pencil and paper.

use std::fmt::Write;

use proptest::prelude::*;
use suyuan_core::drawn::drawn;
use suyuan_core::raw::{Column, Field};
use suyuan_core::{FlowMode, RawSurvey};
use suyuan_network::{BuildConfig, Network, NodeId, Place, PlaceKind, ReachId, build_network};
use suyuan_trace::Barriers;

use crate::alone::alone;

/// A pipe of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub from: usize,
    pub to: usize,
    pub mode: FlowMode,
    pub diameter: f64,
    pub levels: [f64; 2],
}

/// A network to be drawn.
#[derive(Debug, Clone)]
pub struct Plan {
    pub lines: Vec<Line>,
}

fn line(nodes: usize) -> impl Strategy<Value = Line> {
    let mode = prop_oneof![
        8 => Just(FlowMode::Gravity),
        1 => Just(FlowMode::Blocked),
        1 => Just(FlowMode::Pumped),
    ];
    let unknown = || Just(f64::NAN);
    let diameter = prop_oneof![3 => 0.1..1.5f64, 1 => unknown()];
    let level = || prop_oneof![3 => 0.0..5.0f64, 1 => unknown()];
    (0..nodes, 0..nodes, mode, diameter, [level(), level()])
        .prop_map(|(from, to, mode, diameter, levels)| Line { from, to, mode, diameter, levels })
}

/// Up to `most` nodes with up to twice as many pipes anywhere between them.
pub fn plans(most: usize) -> impl Strategy<Value = Plan> {
    (2..=most).prop_flat_map(|nodes| {
        prop::collection::vec(line(nodes), 1..=2 * nodes).prop_map(|lines| Plan { lines })
    })
}

impl Plan {
    pub fn build(&self) -> Network {
        self.build_without(&[])
    }

    /// The network, of which the survey lacks some fields.
    pub fn build_without(&self, fields: &[Field]) -> Network {
        self.build_with(|survey| survey.layers[0].columns.retain(|field, _| !fields.contains(field)))
    }

    /// The network of a survey that was changed.
    pub fn build_with(&self, change: impl FnOnce(&mut RawSurvey)) -> Network {
        let mut text = String::new();
        for (p, line) in self.lines.iter().enumerate() {
            let _ = writeln!(text, "N{} -P{p}-> N{}", line.from, line.to);
        }
        let mut survey = drawn(&text);
        let columns = &mut survey.layers[0].columns;
        let numbers = |of: fn(&Line) -> f64| Column::Number(self.lines.iter().map(of).collect());
        columns.insert(Field::Mode, Column::Mode(self.lines.iter().map(|l| l.mode).collect()));
        columns.insert(Field::Diameter, numbers(|l| l.diameter));
        columns.insert(Field::InvertFrom, numbers(|l| l.levels[0]));
        columns.insert(Field::InvertTo, numbers(|l| l.levels[1]));
        change(&mut survey);
        alone();
        build_network(&survey, &BuildConfig::automatic()).unwrap().0
    }
}

/// The node that a lot falls on.
pub fn node(network: &Network, lot: usize) -> NodeId {
    network.node_ids().nth(lot % network.node_count()).unwrap()
}

/// The node that a lot falls on, or one time in three a spot inside a reach.
pub fn place(network: &Network, lot: usize) -> Place {
    let at_node = network.place_of_node(node(network, lot));
    if !lot.is_multiple_of(3) {
        return at_node;
    }
    let reach = network.reach_ids().nth(lot % network.reach_count()).unwrap();
    let above_end = network.reach(reach).length() * (lot % 7 + 1) as f64 / 8.0;
    Place { kind: PlaceKind::Reach { reach, above_end }, ..at_node }
}

/// Whether water passes a reach.
pub fn is_open(network: &Network, reach: ReachId) -> bool {
    network.pipe(network.reach(reach).pipe).mode != FlowMode::Blocked
}

/// What barriers are made of.
pub fn barred() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..100, 0..4)
}

/// Nodes and pipes that lots fall on, by turns.
pub fn barriers(network: &Network, lots: &[usize]) -> Barriers {
    let pipe = |lot: &usize| network.pipe_ids().nth(lot % network.pipe_count()).unwrap();
    Barriers {
        nodes: lots.iter().step_by(2).map(|lot| node(network, *lot)).collect(),
        pipes: lots.iter().skip(1).step_by(2).map(pipe).collect(),
    }
}

/// Whether water that comes to a reach passes it: not if its upper node is a barrier, unless it starts there.
pub fn passes(network: &Network, barriers: &Barriers, reach: ReachId, starts: &[NodeId]) -> bool {
    let row = network.reach(reach);
    let barred = barriers.nodes.contains(&row.from) && !starts.contains(&row.from);
    is_open(network, reach) && !barred && !barriers.pipes.contains(&row.pipe)
}

/// Every way past the barriers that passes no node twice, from one node to another; none once it has arrived.
pub fn simple_ways(network: &Network, barriers: &Barriers, from: NodeId, to: NodeId) -> Vec<Vec<ReachId>> {
    fn go(
        onward: &dyn Fn(NodeId) -> Vec<(ReachId, NodeId)>,
        been: &mut Vec<NodeId>,
        to: NodeId,
        way: &mut Vec<ReachId>,
        found: &mut Vec<Vec<ReachId>>,
    ) {
        let at = been[been.len() - 1];
        if at == to {
            found.push(way.clone());
            return;
        }
        for (reach, next) in onward(at) {
            if !been.contains(&next) {
                been.push(next);
                way.push(reach);
                go(onward, been, to, way, found);
                way.pop();
                been.pop();
            }
        }
    }
    let onward = |node: NodeId| {
        let open = network.outgoing(node).iter().filter(|r| passes(network, barriers, **r, &[from]));
        open.map(|r| (*r, network.reach(*r).to)).collect()
    };
    let mut found = Vec::new();
    go(&onward, &mut vec![from], to, &mut Vec::new(), &mut found);
    found
}

/// For each node the nodes that its water reaches over open reaches, itself included: Warshall's closure.
pub fn closure(network: &Network, passes: impl Fn(ReachId) -> bool) -> Vec<Vec<bool>> {
    let count = network.node_count();
    let mut reaches: Vec<Vec<bool>> = (0..count).map(|a| (0..count).map(|b| a == b).collect()).collect();
    for reach in network.reach_ids().filter(|r| is_open(network, *r) && passes(*r)) {
        let row = network.reach(reach);
        reaches[row.from.index()][row.to.index()] = true;
    }
    for k in 0..count {
        for a in 0..count {
            for b in 0..count {
                reaches[a][b] |= reaches[a][k] && reaches[k][b];
            }
        }
    }
    reaches
}
