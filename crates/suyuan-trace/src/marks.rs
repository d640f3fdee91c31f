//! A network in which places inside reaches are nodes too: each cuts its reach.

use std::collections::HashMap;

use suyuan_network::{NodeId, Place, PlaceKind, ReachId};

use crate::shut::Shut;

/// Spots closer than this on one reach are the same, metres.
const SAME: f64 = 1e-9;

/// A network and some places on it, all of them numbered: nodes as they are, then places inside reaches.
pub(crate) struct Marked<'a> {
    shut: &'a Shut<'a>,
    nodes: Vec<NodeId>,
    spots: Vec<(ReachId, f64)>,
    /// The spots on a reach, the uppermost first.
    on: HashMap<ReachId, Vec<usize>>,
}

impl<'a> Marked<'a> {
    /// The network with these places marked.
    pub(crate) fn new(shut: &'a Shut<'a>, places: &[Place]) -> Self {
        let mut spots: Vec<(ReachId, f64)> = places
            .iter()
            .filter_map(|p| match p.kind {
                PlaceKind::Reach { reach, above_end } => Some((reach, above_end)),
                PlaceKind::Node(_) => None,
            })
            .collect();
        spots.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        spots.dedup_by(|a, b| a.0 == b.0 && (a.1 - b.1).abs() <= SAME);
        let mut on: HashMap<ReachId, Vec<usize>> = HashMap::new();
        let nodes: Vec<NodeId> = shut.network.node_ids().collect();
        for (i, spot) in spots.iter().enumerate() {
            on.entry(spot.0).or_default().push(nodes.len() + i);
        }
        Self { shut, nodes, spots, on }
    }

    /// How many numbers there are.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len() + self.spots.len()
    }

    /// The number of a node, or of a place that was marked.
    pub(crate) fn number(&self, place: &Place) -> Option<usize> {
        match place.kind {
            PlaceKind::Node(node) => Some(node.index()),
            PlaceKind::Reach { reach, above_end } => {
                let on = self.on.get(&reach)?.iter();
                on.copied().min_by(|a, b| {
                    let away = |i: usize| (self.spots[i - self.nodes.len()].1 - above_end).abs();
                    away(*a).total_cmp(&away(*b))
                })
            }
        }
    }

    /// Whether it is a node that is a barrier.
    pub(crate) fn is_barrier(&self, number: usize) -> bool {
        self.nodes.get(number).is_some_and(|node| self.shut.is_barrier(*node))
    }

    /// The place of a number.
    pub(crate) fn place(&self, number: usize) -> PlaceKind {
        match self.nodes.get(number) {
            Some(node) => PlaceKind::Node(*node),
            None => {
                let (reach, above_end) = self.spots[number - self.nodes.len()];
                PlaceKind::Reach { reach, above_end }
            }
        }
    }

    fn metres_above_end(&self, number: usize) -> f64 {
        self.spots[number - self.nodes.len()].1
    }

    /// Where water goes next, how far, over which reach; nowhere from a barrier, unless it starts there.
    pub(crate) fn downstream(
        &self,
        number: usize,
        is_start: bool,
        pass: &mut dyn FnMut(usize, f64, ReachId),
    ) {
        let network = self.shut.network;
        match self.place(number) {
            PlaceKind::Node(node) if self.shut.is_barrier(node) && !is_start => {}
            PlaceKind::Node(node) => {
                for reach in network.outgoing(node).iter().filter(|r| self.shut.is_open(**r)) {
                    let row = network.reach(*reach);
                    match self.on.get(reach).and_then(|on| on.first()) {
                        Some(spot) => {
                            pass(*spot, (row.length() - self.metres_above_end(*spot)).max(0.0), *reach);
                        }
                        None => pass(row.to.index(), row.length(), *reach),
                    }
                }
            }
            PlaceKind::Reach { reach, above_end } if self.shut.is_open(reach) => {
                let on = &self.on[&reach];
                let after = on.iter().position(|i| *i == number).and_then(|p| on.get(p + 1));
                match after {
                    Some(spot) => pass(*spot, (above_end - self.metres_above_end(*spot)).max(0.0), reach),
                    None => pass(network.reach(reach).to.index(), above_end.max(0.0), reach),
                }
            }
            PlaceKind::Reach { .. } => {}
        }
    }
}
