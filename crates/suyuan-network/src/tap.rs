//! What lies on or near the lines: nodes that split them, and free ends that reach for the nearest.

use std::collections::HashSet;

use rayon::prelude::*;
use suyuan_core::{Coord, Finding, FindingCode, FlowMode, Language};

use crate::config::SnapTolerance;
use crate::grid::{distance, nearest_on_segment};
use crate::join::{Joiner, NearMiss, SAME_VERTEX, SHORT_SHARE, Split};
use crate::overlap::{self, Shared};
use crate::segments::Segments;
use crate::survey::COINCIDENT;

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

impl Joiner<'_> {
    /// Lets nodes split the lines they lie on, and free ends reach for what is near; and what of lines lies on other lines.
    pub(crate) fn join_to_lines(
        &mut self,
        segments: &Segments,
        splits: &mut Vec<Split>,
    ) -> (Vec<NearMiss>, Vec<Shared>) {
        let roots: Vec<u32> = (0..self.places.len() as u32).map(|e| self.union.find(e)).collect();
        let mut members = vec![0u32; self.places.len()];
        for root in &roots[..self.ends()] {
            members[*root as usize] += 1;
        }
        let joiner = &*self;
        let (touching, shared) = joiner.pairs(segments, &roots, &members);
        let tapped = touching.par_chunk_by(|a, b| a.0 == b.0).flat_map_iter(|near| {
            let (element, segments_near) = (near[0].0, near.iter().map(|n| n.1));
            joiner.taps(segments, &roots, element, &segments_near.collect::<Vec<u32>>())
        });
        splits.par_extend(tapped);
        let wishes: Vec<Wish> = (0..roots.len() as u32)
            .into_par_iter()
            .filter(|element| joiner.stance(&roots, &members, *element) == Stance::Free)
            .map_init(Vec::new, |near, element| joiner.reach_out(segments, &roots, element, near))
            .flatten_iter()
            .collect();
        (self.grant(wishes, &mut members, splits), shared)
    }

    /// What an element looks for.
    fn stance(&self, roots: &[u32], members: &[u32], element: u32) -> Stance {
        let root = roots[element as usize];
        let is_end = (element as usize) < self.ends();
        let open = self.open[element as usize];
        let free = if is_end { members[root as usize] == 1 && open } else { members[root as usize] == 0 };
        if self.places[element as usize].is_none() || self.settled.contains(&element) {
            Stance::Idle
        } else if self.is_blank(element) || open && free {
            Stance::Free
        } else if open && root == element {
            Stance::Joined
        } else {
            Stance::Idle
        }
    }

    /// Elements of joined nodes with the segments they lie on or hard by, in order; and what of lines lies on other lines.
    fn pairs(&self, segments: &Segments, roots: &[u32], members: &[u32]) -> (Vec<(u32, u32)>, Vec<Shared>) {
        let reach = self.tap_tolerance();
        let touches = |s: u32, t: u32| {
            let other = segments.part(t);
            let on_it = [2 * other, 2 * other + 1].map(|e| roots[e as usize]);
            let outer = segments.is_outer(s);
            [0u32, 1].into_iter().filter_map(move |end| {
                let element = 2 * segments.part(s) + end;
                let asks =
                    outer[end as usize] && roots[element as usize] == element && !on_it.contains(&element);
                let place = self.places[element as usize].filter(|_| asks)?;
                let [a, b] = segments.ends(self.lines, t);
                let near = nearest_on_segment(a, b, place).1.sqrt() <= reach;
                (near && self.stance(roots, members, element) == Stance::Joined).then_some((element, t))
            })
        };
        let look = |found: &mut (Vec<(u32, u32)>, Vec<Shared>), s: u32, t: u32| {
            found.0.extend(touches(s, t).chain(touches(t, s)));
            if self.tells_overlaps {
                found.1.extend(overlap::look(self.lines, segments, s, t));
            }
        };
        let found = segments.each_pair(self.lines, reach.max(overlap::WITHIN), look);
        let (mut touching, mut shared) = (Vec::new(), Vec::new());
        for (more, others) in found {
            touching.extend(more);
            shared.extend(others);
        }
        // A line of a single vertex has no segment.
        let mut near = Vec::new();
        for part in (0..self.lines.parts.len() as u32).filter(|p| self.lines.line(*p as usize).len() == 1) {
            for element in [2 * part, 2 * part + 1] {
                if let Some(place) = self.places[element as usize]
                    && self.stance(roots, members, element) == Stance::Joined
                {
                    segments.tree.near(place, reach, &mut near);
                    touching.extend(near.iter().map(|t| (element, *t)));
                }
            }
        }
        touching.par_sort_unstable();
        (touching, shared)
    }

    /// The lines that a node of several ends lies on the inside of.
    fn taps(&self, segments: &Segments, roots: &[u32], element: u32, near: &[u32]) -> Vec<Split> {
        let Some(place) = self.places[element as usize] else { return Vec::new() };
        let hits = self.hits(segments, roots, near, element, place, self.tap_tolerance());
        let taps = hits.iter().filter(|h| h.inside && self.may_tap(element, h));
        taps.map(|h| Split { part: h.part, measure: h.measure, element }).collect()
    }

    /// What a free end reaches for; `near` is scratch memory.
    fn reach_out(
        &self,
        segments: &Segments,
        roots: &[u32],
        element: u32,
        near: &mut Vec<u32>,
    ) -> Option<Wish> {
        let place = self.places[element as usize]?;
        segments.tree.near(place, GAP_REACH, near);
        let mut hits = self.hits(segments, roots, near, element, place, GAP_REACH);
        hits.retain(|hit| hit.gap <= GAP_ANYWHERE.max(self.tolerance) || self.points_at(element, hit));
        self.wish(element, &hits, self.is_blank(element))
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
            let part = segments.part(*s);
            let [a, b] = segments.ends(self.lines, *s);
            let (t, d2) = nearest_on_segment(a, b, place);
            let gap = d2.sqrt();
            let on_it = || [2 * part, 2 * part + 1].iter().any(|e| roots[*e as usize] == own_root);
            if gap > reach || on_it() {
                continue;
            }
            let measure = segments.measure(*s) + t * distance(a, b);
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
            let straight_on = self.points_at(wish.element, hit);
            near_misses.push(NearMiss { element: wish.element, part: hit.part, gap: hit.gap, straight_on });
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

/// What an element looks for.
#[derive(PartialEq)]
enum Stance {
    /// Something to be joined to.
    Free,
    /// Lines that its node lies on the inside of; one element of each node does.
    Joined,
    /// Nothing.
    Idle,
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
