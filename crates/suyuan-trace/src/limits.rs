//! How far a trace goes: by metres, by time, by the number of pipes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use suyuan_network::{NodeId, PipeId, Place, PlaceKind, ReachId};

use crate::options::{Heading, TraceOptions};
use crate::stop::StopReason;
use crate::trace::Step;
use crate::tracer::Tracer;
use crate::velocity::{TravelSettings, travel_of_reach};
use crate::ways::Cost;

/// What a trace keeps within.
pub(crate) struct Limits {
    /// Metres of pipe.
    pub(crate) distance: f64,
    /// The nodes that are near enough by time; all if there is no limit.
    pub(crate) in_time: Option<HashMap<NodeId, f64>>,
    /// How many pipes.
    pipes: Option<usize>,
    /// The distance at which one pipe more would begin, and the first step that is one too many.
    enough_at: f64,
    first_left: Option<(f64, ReachId)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            distance: f64::INFINITY,
            in_time: None,
            pipes: None,
            enough_at: f64::INFINITY,
            first_left: None,
        }
    }
}

impl Limits {
    pub(crate) fn new(options: &TraceOptions) -> Self {
        Self {
            distance: options.max_distance.unwrap_or(f64::INFINITY),
            pipes: options.max_pipes.map(usize::from),
            ..Self::default()
        }
    }

    /// Whether there is any.
    pub(crate) fn is_any(&self) -> bool {
        self.distance.is_finite() || self.in_time.is_some() || self.pipes.is_some()
    }

    /// Whether a node at some distance is within all of them.
    pub(crate) fn allow(&self, node: NodeId, at: f64) -> bool {
        let in_time = |times: &HashMap<NodeId, f64>| times.contains_key(&node);
        at <= self.distance && at <= self.enough_at && self.in_time.as_ref().is_none_or(in_time)
    }
}

/// Counts pipes as a walk meets them.
pub(crate) struct Count {
    most: usize,
    seen: HashSet<PipeId>,
}

impl Count {
    /// Whether a pipe is one too many.
    fn exceeds(&mut self, pipe: PipeId) -> bool {
        self.seen.insert(pipe);
        self.seen.len() > self.most
    }
}

impl Tracer<'_> {
    /// A count of pipes, if they are limited. The one that the start lies on is the first.
    pub(crate) fn count(&self, start: &Place) -> Option<Count> {
        let own = match start.kind {
            PlaceKind::Reach { reach, .. } => Some(self.network.reach(reach).pipe),
            PlaceKind::Node(_) => None,
        };
        Some(Count { most: self.limits.pipes?, seen: own.into_iter().collect() })
    }

    /// Counts the pipes next to a node that a walk has come to; ends the walk at its distance if there are too many.
    pub(crate) fn count_next(&mut self, count: &mut Count, node: NodeId, at: f64, heading: Heading) {
        for reach in self.next(node, heading) {
            if self.shut.is_open(*reach) && count.exceeds(self.network.reach(*reach).pipe) {
                self.limits.enough_at = self.limits.enough_at.min(at);
            }
        }
    }

    /// Leaves out the steps, nearest first, from the first one on that is of one pipe too many.
    pub(crate) fn leave_out(&mut self, steps: &mut Vec<Step>, start: &Place) {
        let Some(mut count) = self.count(start) else { return };
        if let Some(first) = steps.iter().position(|s| count.exceeds(self.network.reach(s.reach).pipe)) {
            self.limits.first_left = Some((steps[first].distance, steps[first].reach));
            steps.truncate(first);
        }
    }

    /// The limits that branches run into beyond a node of the trace, each once.
    pub(crate) fn limits_met(
        &self,
        node: NodeId,
        at: f64,
        heading: Heading,
    ) -> impl Iterator<Item = StopReason> {
        let all = [StopReason::Limit, StopReason::TimeLimit, StopReason::PipeLimit];
        let mut is_met = [false; 3];
        for reach in self.next(node, heading).iter().filter(|r| self.shut.is_open(**r)) {
            let met = self.limit_met(at, *reach, heading);
            is_met.iter_mut().zip(all).for_each(|(is_met, limit)| *is_met |= met == Some(limit));
        }
        all.into_iter().zip(is_met).filter(|(_, is_met)| *is_met).map(|(limit, _)| limit)
    }

    /// The limit that a branch runs into over an open reach, if it does.
    fn limit_met(&self, at: f64, reach: ReachId, heading: Heading) -> Option<StopReason> {
        let limits = &self.limits;
        let far = self.far_end(reach, heading);
        let is_left = |(distance, first): (f64, ReachId)| {
            at > distance || (at == distance && reach >= first) || self.distance.of(far).is_infinite()
        };
        if at + self.network.reach(reach).length() > limits.distance {
            Some(StopReason::Limit)
        } else if limits.in_time.as_ref().is_some_and(|times| !times.contains_key(&far)) {
            Some(StopReason::TimeLimit)
        } else if limits.first_left.is_some_and(is_left) {
            Some(StopReason::PipeLimit)
        } else {
            None
        }
    }

    /// The nodes that water needs no longer than `most` seconds from, or downstream to, and how long: the most likely time
    /// along the quickest way, over doubtful reaches either way if asked for.
    pub(crate) fn in_time(
        &self,
        start: &Place,
        heading: Heading,
        most: f64,
        either_way: bool,
    ) -> HashMap<NodeId, f64> {
        let settings = TravelSettings::default();
        let times = |reach: ReachId| {
            let travel = travel_of_reach(self.network, reach, &settings);
            (travel.wait, self.network.reach(reach).length() / travel.velocity)
        };
        let mut found: HashMap<NodeId, f64> = HashMap::new();
        let mut heap = BinaryHeap::new();
        let mut reach_node = |node: NodeId, at: f64, heap: &mut BinaryHeap<_>| {
            if at <= most && found.get(&node).is_none_or(|known| at < *known) {
                found.insert(node, at);
                heap.push(Reverse((Cost(at), node)));
            }
        };
        for (node, metres, is_up) in self.first_nodes(start, heading, either_way) {
            let time = match start.kind {
                PlaceKind::Node(_) => 0.0,
                PlaceKind::Reach { reach, .. } => {
                    let (wait, run) = times(reach);
                    let length = self.network.reach(reach).length();
                    let part = if length > 0.0 { (metres / length).min(1.0) } else { 0.0 };
                    run * part + if is_up { wait } else { 0.0 }
                }
            };
            reach_node(node, time, &mut heap);
        }
        let mut settled: HashSet<NodeId> = HashSet::new();
        while let Some(Reverse((Cost(at), node))) = heap.pop() {
            if !settled.insert(node) || self.stops_at(node, start) {
                continue;
            }
            for (reach, far) in self.links(node, heading, either_way) {
                let (wait, run) = times(reach);
                reach_node(far, at + wait + run, &mut heap);
            }
        }
        found
    }
}
