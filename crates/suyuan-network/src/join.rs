//! Which pipe ends and surveyed points are one node.
//!
//! *Elements* are the drawn ends of parts (part `p` has elements `2p` and `2p + 1`) followed by the surveyed points.
//! Labels join elements first; geometry then joins what has no label. With [`SnapTolerance::Auto`] ends that coincide
//! to a centimetre are one node, and an end that is still free afterwards reaches for its nearest neighbour, an end
//! or the inside of a line, where the gap is short beside its own pipe.

use std::collections::HashSet;

use rayon::prelude::*;
use suyuan_core::{Coord, Finding, FindingCode, FlowMode, Language, System};

use crate::config::{JoinBy, SnapTolerance};
use crate::decisions::DecidedJoin;
use crate::grid::{distance, for_each_pair_within, nearest_on_segment};
use crate::segments::Segments;
use crate::survey::{COINCIDENT, LABEL_REACH, Lines};
use crate::union::Union;

/// Across systems only the very same vertex joins.
const SAME_VERTEX: f64 = 0.001;
/// How far ends may scatter around their node, metres, tried from the least.
const SCATTERS: [f64; 10] = [COINCIDENT, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6];
/// A bound tells nodes apart when no more than this share of the ends within it have their neighbour up to twice as far.
const STRAYS: f64 = 0.02;
/// From fewer ends no scatter is read.
const FEWEST_ENDS: usize = 10;
/// Within this of a pipe's end, what touches it less than exactly is meant for the manhole there, metres.
const STRUCTURE: f64 = 0.5;
/// The farthest that a free end reaches under [`SnapTolerance::Auto`], metres.
const FREE_REACH: f64 = 0.5;
/// The longest gap that is reported as a possible lost joint, metres.
const GAP_REACH: f64 = 5.0;
/// Beyond this a gap is one only where the pipe points across it, metres.
const GAP_ANYWHERE: f64 = 1.0;
/// A pipe points across a gap when it bends by less than 30 degrees there.
const STRAIGHT_ON: f64 = 0.866;
/// A gap is short beside a pipe when it is at most this share of its length.
const SHORT_SHARE: f64 = 0.25;

/// A place on the inside of a part where a node splits it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    pub(crate) part: u32,
    /// Metres from the drawn start.
    pub(crate) measure: f64,
    /// An element of the node.
    pub(crate) element: u32,
}

/// A free end that nearly reaches something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NearMiss {
    pub(crate) element: u32,
    pub(crate) part: u32,
    pub(crate) gap: f64,
}

/// What was joined.
pub(crate) struct Joins {
    /// The root element of each element's node.
    pub(crate) root: Vec<u32>,
    pub(crate) splits: Vec<Split>,
    pub(crate) near_misses: Vec<NearMiss>,
    /// Places of elements beyond the surveyed points: outfalls in mid-pipe.
    pub(crate) extra: Vec<Coord<f64>>,
    pub(crate) findings: Vec<Finding>,
}

struct Joiner<'a> {
    lines: &'a Lines,
    snap: SnapTolerance,
    /// How far apart ends may lie that are one node at once: the fixed tolerance, or the scatter of this survey.
    tolerance: f64,
    places: Vec<Option<Coord<f64>>>,
    labels: Vec<Option<u32>>,
    /// Whether geometry may join the element to others.
    open: Vec<bool>,
    union: Union,
    /// Ends whose joint was decided by hand.
    settled: HashSet<u32>,
    findings: Vec<Finding>,
}

/// Joins the elements of a survey.
pub(crate) fn join(
    lines: &Lines,
    segments: &Segments,
    snap: SnapTolerance,
    join_by: JoinBy,
    decided: &[DecidedJoin],
) -> Joins {
    let ends = lines.parts.len() * 2;
    let count = ends + lines.points.len();
    let mut places = Vec::with_capacity(count);
    let mut labels = Vec::with_capacity(count);
    let mut open = Vec::with_capacity(count);
    for (p, part) in lines.parts.iter().enumerate() {
        let pipe = &lines.pipes[part.pipe as usize];
        for end in 0..2 {
            let label = lines.label(2 * p + end);
            places.push(lines.end(p, end));
            labels.push(label);
            let blank = label.is_none() && !part.seams[end];
            open.push(!pipe.labelled || (blank && join_by == JoinBy::IdsThenGeometry));
        }
    }
    for point in &lines.points {
        places.push(point.place);
        labels.push(point.label);
        open.push(true);
    }
    let mut joiner = Joiner {
        lines,
        snap,
        tolerance: 0.0,
        places,
        labels,
        open,
        union: Union::new(count),
        settled: HashSet::new(),
        findings: Vec::new(),
    };
    joiner.tolerance = match snap {
        SnapTolerance::Metres(m) => m,
        SnapTolerance::Auto => joiner.scatter(),
    };
    for [a, b] in &lines.seams {
        joiner.union.join(*a, *b);
    }
    let mut splits = Vec::new();
    for join in decided {
        match *join {
            DecidedJoin::Ends(a, b) => {
                joiner.union.join(a, b);
            }
            DecidedJoin::Inside { element, part, measure } => {
                splits.push(Split { part, measure, element });
                joiner.settled.insert(element);
            }
        }
    }
    joiner.join_labels();
    joiner.join_coincident();
    let near_misses = joiner.join_to_lines(segments, &mut splits);
    let root = (0..count as u32).map(|i| joiner.union.find(i)).collect();
    Joins { root, splits, near_misses, extra: Vec::new(), findings: joiner.findings }
}

impl Joiner<'_> {
    fn ends(&self) -> usize {
        self.lines.parts.len() * 2
    }

    /// How far the ends of one node scatter in this survey, metres.
    ///
    /// Each end has a nearest neighbour among the ends of other pipes. Where these distances pile up below some bound and
    /// hardly any lie between it and twice of it, that bound tells ends of one node from ends of two. Surveys whose ends
    /// share their coordinates pile up at nought.
    fn scatter(&mut self) -> f64 {
        let placed = self.by_place((0..self.ends() as u32).filter(|e| self.open[*e as usize]));
        let widest = SCATTERS[SCATTERS.len() - 1] * 2.0;
        let (mut ends, mut points, mut nearest) = (Vec::new(), Vec::new(), Vec::new());
        let mut equal = 0;
        for group in placed.chunk_by(|a, b| a.0 == b.0) {
            points.push(group[0].0);
            ends.push(group[0].1);
            nearest.push(if group.len() > 1 { 0.0 } else { f64::INFINITY });
            equal += group.len() - 1;
        }
        for_each_pair_within(&points, widest, |i, j, d2| {
            let (a, b) = (ends[i as usize], ends[j as usize]);
            if a / 2 != b / 2 && self.system_of(a).joins(self.system_of(b)) {
                for k in [i, j] {
                    nearest[k as usize] = nearest[k as usize].min(d2);
                }
            }
        });
        nearest.par_sort_unstable_by(f64::total_cmp);
        let within = |d: f64| equal + nearest.partition_point(|d2| *d2 <= d * d);
        let tells = |d: &&f64| {
            let (below, twice) = (within(**d), within(2.0 * **d));
            below >= FEWEST_ENDS && (twice - below) as f64 <= STRAYS * below as f64
        };
        let found = SCATTERS.iter().find(tells).copied().unwrap_or(COINCIDENT);
        if found > COINCIDENT {
            self.findings.push(Finding::new(FindingCode::EndsScatter).with("gap", format!("{found:.2}")));
        }
        found
    }

    /// How near a line must pass for a node of several ends to lie on it.
    fn tap_tolerance(&self) -> f64 {
        // Half of the scatter between two ends is how far one may lie off.
        let tolerance = (0.5 * self.tolerance).max(COINCIDENT);
        match self.snap {
            SnapTolerance::Auto => tolerance,
            SnapTolerance::Metres(m) => tolerance.min(m),
        }
    }

    /// Whether two ends so far apart may be one node, beside the length of their pipes.
    fn is_short_beside(&self, a: u32, b: u32, gap: f64) -> bool {
        let length =
            |e: u32| self.pipe_of(e).map_or(f64::INFINITY, |_| self.lines.parts[e as usize / 2].length);
        gap <= COINCIDENT || gap <= SHORT_SHARE * length(a).min(length(b))
    }

    fn pipe_of(&self, element: u32) -> Option<u32> {
        ((element as usize) < self.ends()).then(|| self.lines.parts[element as usize / 2].pipe)
    }

    fn system_of(&self, element: u32) -> System {
        self.pipe_of(element).map_or(System::Unknown, |p| self.lines.pipes[p as usize].system)
    }

    fn join_labels(&mut self) {
        let mut first: Vec<Option<u32>> = vec![None; self.lines.labels.len()];
        let mut apart: Vec<f64> = vec![0.0; self.lines.labels.len()];
        for element in 0..self.labels.len() {
            let Some(label) = self.labels[element] else { continue };
            let element = element as u32;
            match first[label as usize] {
                None => first[label as usize] = Some(element),
                Some(other) => {
                    self.union.join(other, element);
                    if let (Some(a), Some(b)) = (self.places[other as usize], self.places[element as usize]) {
                        apart[label as usize] = apart[label as usize].max(distance(a, b));
                    }
                }
            }
        }
        for (label, gap) in apart.iter().enumerate().filter(|(_, gap)| **gap > LABEL_REACH) {
            let mut finding = Finding::new(FindingCode::NodeIdApart)
                .with("id", &self.lines.labels[label])
                .with("gap", format!("{gap:.2}"));
            if let Some(place) = first[label].and_then(|e| self.places[e as usize]) {
                finding = finding.at(place);
            }
            self.findings.push(finding);
        }
    }

    /// Elements by place, those at the very same place beside each other.
    fn by_place(&self, elements: impl Iterator<Item = u32>) -> Vec<(Coord<f64>, u32)> {
        let mut placed: Vec<(Coord<f64>, u32)> =
            elements.filter_map(|e| Some((self.places[e as usize]?, e))).collect();
        placed.par_sort_unstable_by(|(p, a), (q, b)| {
            p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)).then(a.cmp(b))
        });
        placed
    }

    /// Joins what lies at the very same place; one element of each place, that of the longest pipe.
    ///
    /// Without it, thousands of ends at one place would make millions of pairs.
    fn unite_equal(&mut self) -> Vec<u32> {
        let placed = self.by_place(0..self.places.len() as u32);
        let mut kept = Vec::with_capacity(placed.len());
        for group in placed.chunk_by(|a, b| a.0 == b.0) {
            let first = group.iter().find(|(_, e)| self.open[*e as usize]).map(|(_, e)| *e);
            let Some(first) = first else {
                kept.push(group[0].1);
                continue;
            };
            for (_, element) in group {
                let apart = self.union.find(first) != self.union.find(*element);
                if apart && !self.system_of(first).joins(self.system_of(*element)) {
                    self.report_systems_meet(first, *element);
                }
                self.union.join(first, *element);
            }
            let length = |e: u32| match self.pipe_of(e) {
                Some(_) => self.lines.parts[e as usize / 2].length,
                None => -1.0,
            };
            let open = group.iter().map(|(_, e)| *e).filter(|e| self.open[*e as usize]);
            let longest = open.fold(first, |best, e| if length(e) > length(best) { e } else { best });
            kept.push(longest);
        }
        kept.sort_unstable();
        kept
    }

    /// Joins elements within the tolerance, nearest pairs first, clusters never growing wider than twice of it.
    fn join_coincident(&mut self) {
        let tolerance = self.tolerance;
        // The ends of one node lie in a square about as wide as two of them may be apart.
        let widest = if self.snap == SnapTolerance::Auto { 1.5 * tolerance } else { 2.0 * tolerance };
        let placed = self.unite_equal();
        let points: Vec<Coord<f64>> = placed.iter().filter_map(|i| self.places[*i as usize]).collect();
        let mut pairs: Vec<(f64, u32, u32)> = Vec::new();
        for_each_pair_within(&points, tolerance, |i, j, d2| {
            let (a, b) = (placed[i as usize], placed[j as usize]);
            if self.open[a as usize] || self.open[b as usize] {
                pairs.push((d2, a, b));
            }
        });
        pairs.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut extent: Vec<[f64; 4]> = self
            .places
            .iter()
            .map(|p| {
                p.map_or([f64::INFINITY, f64::INFINITY, -f64::INFINITY, -f64::INFINITY], |p| {
                    [p.x, p.y, p.x, p.y]
                })
            })
            .collect();
        for (d2, a, b) in pairs {
            let (sa, sb) = (self.system_of(a), self.system_of(b));
            let gap = d2.sqrt();
            let allowed = match self.snap {
                SnapTolerance::Auto => {
                    gap <= SAME_VERTEX || (sa.joins(sb) && self.is_short_beside(a, b, gap))
                }
                SnapTolerance::Metres(_) => true,
            };
            if !allowed {
                continue;
            }
            let (ra, rb) = (self.union.find(a), self.union.find(b));
            if ra == rb {
                continue;
            }
            let (ea, eb) = (extent[ra as usize], extent[rb as usize]);
            let both = [ea[0].min(eb[0]), ea[1].min(eb[1]), ea[2].max(eb[2]), ea[3].max(eb[3])];
            if (both[2] - both[0]).hypot(both[3] - both[1]) > widest {
                continue;
            }
            self.union.join(ra, rb);
            let root = self.union.find(ra);
            extent[root as usize] = both;
            if !sa.joins(sb) {
                self.report_systems_meet(a, b);
            }
        }
    }

    fn report_systems_meet(&mut self, a: u32, b: u32) {
        let (Some(pa), Some(pb)) = (self.pipe_of(a), self.pipe_of(b)) else { return };
        // The foul one is the one that should not be there.
        let (pa, pb) = if self.lines.pipes[pb as usize].system == System::Foul { (pb, pa) } else { (pa, pb) };
        let (sa, sb) = (self.lines.pipes[pa as usize].system, self.lines.pipes[pb as usize].system);
        let mut finding = Finding::new(FindingCode::SystemsMeet)
            .with("id", self.lines.ids.at(pa as usize))
            .with_word("system", sa.label(Language::English), sa.label(Language::Chinese))
            .with("other", self.lines.ids.at(pb as usize))
            .with_word("other_system", sb.label(Language::English), sb.label(Language::Chinese))
            .on(self.lines.pipes[pa as usize].origin);
        if let Some(place) = self.places[a as usize] {
            finding = finding.at(place);
        }
        self.findings.push(finding);
    }

    /// Lets nodes split the lines they lie on, and free ends reach for what is near.
    fn join_to_lines(&mut self, segments: &Segments, splits: &mut Vec<Split>) -> Vec<NearMiss> {
        let roots: Vec<u32> = (0..self.places.len() as u32).map(|e| self.union.find(e)).collect();
        let mut members = vec![0u32; self.places.len()];
        for root in &roots[..self.ends()] {
            members[*root as usize] += 1;
        }
        let joiner = &*self;
        let looked: Vec<Look> = (0..roots.len() as u32)
            .into_par_iter()
            .map_init(Vec::new, |near, element| joiner.look(segments, &roots, &members, element, near))
            .collect();
        let mut wishes = Vec::new();
        for look in looked {
            match look {
                Look::Nothing => {}
                Look::Splits(found) => splits.extend(found),
                Look::Wish(wish) => wishes.push(*wish),
            }
        }
        self.grant(wishes, &mut members, splits)
    }

    /// What one element finds around it; `near` is scratch memory.
    fn look(
        &self,
        segments: &Segments,
        roots: &[u32],
        members: &[u32],
        element: u32,
        near: &mut Vec<u32>,
    ) -> Look {
        let Some(place) = self.places[element as usize] else { return Look::Nothing };
        let root = roots[element as usize];
        let is_end = (element as usize) < self.ends();
        let blank = self.is_blank(element);
        let open = self.open[element as usize];
        let free = if is_end { members[root as usize] == 1 && open } else { members[root as usize] == 0 };
        if self.settled.contains(&element) || !blank && (!open || !(free || root == element)) {
            return Look::Nothing;
        }
        let free = free || blank;
        let reach = if free { GAP_REACH } else { self.tap_tolerance() };
        segments.tree.near(place, reach, near);
        let mut hits = self.hits(segments, roots, near, element, place, reach);
        if free {
            hits.retain(|hit| hit.gap <= GAP_ANYWHERE.max(self.tolerance) || self.points_at(element, hit));
            return self.wish(element, &hits, blank).map_or(Look::Nothing, |w| Look::Wish(Box::new(w)));
        }
        // A node of several ends lies on the inside of another line.
        let taps = |h: &&Hit| h.inside && h.gap <= self.tap_tolerance() && self.may_tap(element, h);
        let split = |h: &Hit| Split { part: h.part, measure: h.measure, element };
        Look::Splits(hits.iter().filter(taps).map(split).collect())
    }

    /// Whether the pipe of a free end goes straight on across a gap.
    fn points_at(&self, element: u32, hit: &Hit) -> bool {
        if element as usize >= self.ends() {
            return false; // a surveyed point looks nowhere
        }
        let line = self.lines.line(element as usize / 2);
        let (before, end) = match (element % 2, line) {
            (0, [end, before, ..]) | (1, [.., before, end]) => (*before, *end),
            _ => return false, // a single vertex looks nowhere
        };
        let ahead = Coord { x: end.x - before.x, y: end.y - before.y };
        let across = Coord { x: hit.at.x - end.x, y: hit.at.y - end.y };
        ahead.x * across.x + ahead.y * across.y >= STRAIGHT_ON * ahead.x.hypot(ahead.y) * hit.gap
    }

    /// Whether a node may open a line on its inside: never across systems, never a pressure main.
    fn may_tap(&self, element: u32, hit: &Hit) -> bool {
        let target = &self.lines.pipes[self.lines.parts[hit.part as usize].pipe as usize];
        let own = self.pipe_of(element).map(|p| &self.lines.pipes[p as usize]);
        let systems = self.system_of(element).joins(target.system);
        let pressure = target.mode == FlowMode::Pumped && own.is_none_or(|p| p.mode != FlowMode::Pumped);
        // Where both name their nodes, they would name this one too; a blank end says nothing.
        let named = self.labels[element as usize].is_some() && own.is_some_and(|p| p.labelled);
        systems && !pressure && !(named && target.labelled)
    }

    /// The nearest place of each part near an element, its own part aside, nearest first.
    fn hits(
        &self,
        segments: &Segments,
        roots: &[u32],
        near: &[u32],
        element: u32,
        place: Coord<f64>,
        reach: f64,
    ) -> Vec<Hit> {
        let own_root = roots[element as usize];
        let mut hits: Vec<Hit> = Vec::new();
        for s in near {
            let (part, vertex) = segments.list[*s as usize];
            let line = self.lines.line(part as usize);
            let (a, b) = (line[vertex as usize], line[vertex as usize + 1]);
            let (t, d2) = nearest_on_segment(a, b, place);
            let gap = d2.sqrt();
            let on_it = || [2 * part, 2 * part + 1].iter().any(|e| roots[*e as usize] == own_root);
            if gap > reach || on_it() {
                continue;
            }
            let measure = segments.measures[*s as usize] + t * distance(a, b);
            let at = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
            if let Some(hit) = hits.iter_mut().find(|h| h.part == part) {
                if (gap, measure) < (hit.gap, hit.measure) {
                    (hit.gap, hit.measure, hit.at) = (gap, measure, at);
                }
            } else {
                hits.push(Hit { part, measure, at, gap, inside: true, end: 0 });
            }
        }
        for hit in &mut hits {
            let length = self.lines.parts[hit.part as usize].length;
            // Within this of an end, the end is meant.
            let structure = match self.snap {
                SnapTolerance::Auto if hit.gap > SAME_VERTEX => STRUCTURE,
                _ => self.tolerance,
            };
            let slack = (2.0 * hit.gap).max(structure).min(0.5 * length);
            let to_end = length - hit.measure;
            hit.end = u8::from(to_end < hit.measure);
            hit.inside = hit.measure.min(to_end) > slack;
        }
        hits.sort_by(|a, b| a.gap.total_cmp(&b.gap).then(a.part.cmp(&b.part)));
        hits
    }

    /// Whether it is the end of a pipe that should name a node there and does not.
    fn is_blank(&self, element: u32) -> bool {
        let element = element as usize;
        element < self.ends()
            && !self.open[element]
            && self.labels[element].is_none()
            && !self.lines.parts[element / 2].seams[element % 2]
    }

    fn wish(&self, element: u32, hits: &[Hit], blank: bool) -> Option<Wish> {
        let own_length = match self.pipe_of(element) {
            Some(_) => self.lines.parts[element as usize / 2].length,
            None => f64::INFINITY, // a surveyed point
        };
        let limit = match self.snap {
            _ if blank => -1.0,
            SnapTolerance::Auto => FREE_REACH.max(1.5 * self.tolerance).min(SHORT_SHARE * own_length),
            SnapTolerance::Metres(m) => m,
        };
        let joinable = |h: &&Hit| {
            let pipe = &self.lines.pipes[self.lines.parts[h.part as usize].pipe as usize];
            if h.inside { self.may_tap(element, h) } else { self.system_of(element).joins(pipe.system) }
        };
        let best = hits.iter().find(joinable);
        // Lines that pass through the very same place are opened there together.
        let through =
            |h: &&Hit| best.is_some_and(|b| h.inside && h.part != b.part && h.gap <= b.gap + COINCIDENT);
        let also = hits.iter().filter(joinable).filter(through).copied().collect();
        let apart = |h: &&Hit| {
            let pipe = self.lines.parts[h.part as usize].pipe as usize;
            !self.system_of(element).joins(self.lines.pipes[pipe].system)
        };
        let other_system = hits.iter().find(apart);
        if best.is_none() && other_system.is_none() && !blank {
            return None;
        }
        let next = hits.iter().filter(joinable).find(|h| best.is_some_and(|b| b.part != h.part));
        Some(Wish {
            element,
            limit,
            best: best.copied(),
            next: next.copied(),
            also,
            other_system: other_system.copied(),
        })
    }

    /// Grants the wishes of free ends, shortest gaps first; what stays free is a near miss.
    fn grant(
        &mut self,
        mut wishes: Vec<Wish>,
        members: &mut [u32],
        splits: &mut Vec<Split>,
    ) -> Vec<NearMiss> {
        let gap = |w: &Wish| w.best.map_or(f64::INFINITY, |h| h.gap);
        wishes.par_sort_by(|a, b| gap(a).total_cmp(&gap(b)).then(a.element.cmp(&b.element)));
        let mut missed = Vec::new();
        for wish in wishes {
            let element = wish.element;
            let is_end = (element as usize) < self.ends();
            let root = self.union.find(element) as usize;
            if members[root] > u32::from(is_end) {
                continue; // somebody else has reached it
            }
            let Some(hit) = wish.best.filter(|h| h.gap <= wish.limit) else {
                missed.push(wish);
                continue;
            };
            splits.extend(wish.also.iter().map(|h| Split { part: h.part, measure: h.measure, element }));
            if hit.inside {
                splits.push(Split { part: hit.part, measure: hit.measure, element });
                members[root] += 1;
            } else {
                let target = hit.part * 2 + u32::from(hit.end);
                let total = members[root] + members[self.union.find(target) as usize];
                self.union.join(element, target);
                members[self.union.find(element) as usize] = total;
            }
            if is_end && hit.gap > COINCIDENT {
                let code =
                    if hit.inside { FindingCode::EndJoinedToLine } else { FindingCode::EndJoinedToEnd };
                self.findings.push(self.about(element, code, &hit));
            } else if is_end && hit.inside {
                self.findings.push(self.about(element, FindingCode::EndJoinedToLine, &hit));
            }
        }
        // The head of a short lead lies near the very pipe that its other end is joined to: no gap.
        let mut opened: HashSet<(u32, u32)> = HashSet::new();
        for split in splits.iter() {
            opened.insert((split.part, self.union.find(split.element)));
        }
        let mut near_misses = Vec::new();
        for mut wish in missed {
            if let Some(hit) = wish.best.filter(|_| (wish.element as usize) < self.ends()) {
                let other = self.union.find(wish.element ^ 1);
                let ends = [2 * hit.part, 2 * hit.part + 1];
                let joined = ends.iter().any(|e| self.union.find(*e) == other);
                if joined || opened.contains(&(hit.part, other)) {
                    wish.best = wish.next;
                }
            }
            self.report_miss(&wish, &mut near_misses);
        }
        near_misses
    }

    fn about(&self, element: u32, code: FindingCode, hit: &Hit) -> Finding {
        let pipe = self.pipe_of(element).unwrap_or_default() as usize;
        let other = self.lines.parts[hit.part as usize].pipe as usize;
        let mut finding = Finding::new(code)
            .with("id", self.lines.ids.at(pipe))
            .with("other", self.lines.ids.at(other))
            .with("gap", format!("{:.3}", hit.gap))
            .on(self.lines.pipes[pipe].origin);
        if let Some(place) = self.places[element as usize] {
            finding = finding.at(place);
        }
        finding
    }

    fn report_miss(&mut self, wish: &Wish, near_misses: &mut Vec<NearMiss>) {
        if wish.element as usize >= self.ends() {
            return;
        }
        if self.is_blank(wish.element) {
            self.report_blank(wish.element);
        }
        if let Some(hit) = &wish.best {
            if !self.is_blank(wish.element) {
                self.findings.push(self.about(wish.element, FindingCode::Gap, hit));
            }
            near_misses.push(NearMiss { element: wish.element, part: hit.part, gap: hit.gap });
        } else if let Some(hit) = wish.other_system.as_ref().filter(|h| h.gap <= FREE_REACH) {
            let other = self.lines.parts[hit.part as usize].pipe as usize;
            let (own, theirs) = (self.system_of(wish.element), self.lines.pipes[other].system);
            let finding = self
                .about(wish.element, FindingCode::SystemsNear, hit)
                .with_word("system", own.label(Language::English), own.label(Language::Chinese))
                .with_word("other_system", theirs.label(Language::English), theirs.label(Language::Chinese));
            self.findings.push(finding);
        }
    }
}

impl Joiner<'_> {
    fn report_blank(&mut self, element: u32) {
        let part = &self.lines.parts[element as usize / 2];
        let start = self.lines.side(element as usize) == 0;
        let (english, chinese) = if start { ("start", "起点") } else { ("end", "终点") };
        let mut finding = Finding::new(FindingCode::NodeIdMissing)
            .with("id", self.lines.ids.at(part.pipe as usize))
            .with_word("end", english, chinese)
            .on(self.lines.pipes[part.pipe as usize].origin);
        if let Some(place) = self.places[element as usize] {
            finding = finding.at(place);
        }
        self.findings.push(finding);
    }
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    part: u32,
    measure: f64,
    /// The place itself.
    at: Coord<f64>,
    gap: f64,
    /// Whether the place is on the line's inside, clear of its ends.
    inside: bool,
    /// The nearer drawn end.
    end: u8,
}

/// What an element finds around it.
enum Look {
    Nothing,
    /// Lines that its node lies on the inside of.
    Splits(Vec<Split>),
    /// What its free end reaches for.
    Wish(Box<Wish>),
}

struct Wish {
    element: u32,
    limit: f64,
    best: Option<Hit>,
    /// The nearest place on another part.
    next: Option<Hit>,
    /// Further lines through the same place.
    also: Vec<Hit>,
    other_system: Option<Hit>,
}
