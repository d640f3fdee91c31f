//! Which pipe ends and surveyed points are one node.
//!
//! *Elements* are the drawn ends of parts (part `p` has elements `2p` and `2p + 1`) followed by the surveyed points.
//! Labels join elements first; geometry then joins what has no label. With [`SnapTolerance::Auto`] ends that coincide
//! to a centimetre are one node, and an end that is still free afterwards reaches for its nearest neighbour, an end
//! or the inside of a line, where the gap is short beside its own pipe.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use suyuan_core::{Coord, Finding, FindingCode, Language, System};

use crate::config::{BuildConfig, JoinBy, SnapTolerance};
use crate::decisions::DecidedJoin;
use crate::grid::distance;
use crate::overlap::Shared;
use crate::segments::Segments;
use crate::spots::Spots;
use crate::survey::{COINCIDENT, LABEL_REACH, Lines};
use crate::union::Union;

/// Across systems only the very same vertex joins.
pub(crate) const SAME_VERTEX: f64 = 0.001;
/// How far ends may scatter around their node, metres, tried from the least.
const SCATTERS: [f64; 10] = [COINCIDENT, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6];
/// A bound tells nodes apart when no more than this share of the ends within it have their neighbour up to twice as far.
const STRAYS: f64 = 0.02;
/// From fewer ends no scatter is read.
const FEWEST_ENDS: usize = 10;
/// A gap is short beside a pipe when it is at most this share of its length.
pub(crate) const SHORT_SHARE: f64 = 0.25;

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
    /// Whether the pipe goes straight on across the gap.
    pub(crate) straight_on: bool,
}

/// What was joined.
pub(crate) struct Joins {
    /// The root element of each element's node.
    pub(crate) root: Vec<u32>,
    pub(crate) splits: Vec<Split>,
    pub(crate) near_misses: Vec<NearMiss>,
    /// Pieces of lines that lie on other lines.
    pub(crate) shared: Vec<Shared>,
    /// Places of elements beyond the surveyed points: outfalls in mid-pipe.
    pub(crate) extra: Vec<Coord<f64>>,
    pub(crate) findings: Vec<Finding>,
}

/// Elements on their way to being nodes.
pub(crate) struct Joiner<'a> {
    pub(crate) lines: &'a Lines,
    pub(crate) snap: SnapTolerance,
    /// How far apart ends may lie that are one node at once: the fixed tolerance, or the scatter of this survey.
    pub(crate) tolerance: f64,
    pub(crate) places: Vec<Option<Coord<f64>>>,
    pub(crate) labels: Vec<Option<u32>>,
    /// Whether geometry may join the element to others.
    pub(crate) open: Vec<bool>,
    pub(crate) union: Union,
    /// Ends whose joint was decided by hand.
    pub(crate) settled: HashSet<u32>,
    pub(crate) findings: Vec<Finding>,
    /// Whether lines that lie on others are to be told.
    pub(crate) tells_overlaps: bool,
}

/// Joins the elements of a survey.
pub(crate) fn join(
    lines: &Lines,
    segments: &Segments,
    config: &BuildConfig,
    decided: &[DecidedJoin],
) -> Joins {
    let snap = config.snap;
    let ends = lines.parts.len() * 2;
    let count = ends + lines.points.len();
    let all = || (0..count).into_par_iter();
    let point = |e: usize| &lines.points[e - ends];
    let places = all().map(|e| if e < ends { lines.end(e / 2, e % 2) } else { point(e).place }).collect();
    let labels: Vec<Option<u32>> =
        all().map(|e| if e < ends { lines.label(e) } else { point(e).label }).collect();
    let is_open = |e: usize| {
        let Some(part) = lines.parts.get(e / 2) else { return true };
        let blank = labels[e].is_none() && !part.seams[e % 2];
        !lines.pipes[part.pipe as usize].labelled || (blank && config.join == JoinBy::IdsThenGeometry)
    };
    let open = all().map(is_open).collect();
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
        tells_overlaps: config.rules,
    };
    let widest = match snap {
        SnapTolerance::Metres(m) => m,
        SnapTolerance::Auto => SCATTERS[SCATTERS.len() - 1] * 2.0,
    };
    let spots = Spots::new(count, |e| joiner.places[e], widest);
    let pairs = spots.pairs();
    joiner.tolerance = match snap {
        SnapTolerance::Metres(m) => m,
        SnapTolerance::Auto => joiner.scatter(&spots, &pairs),
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
    joiner.join_coincident(&spots, pairs);
    let (near_misses, shared) = joiner.join_to_lines(segments, &mut splits);
    let root = (0..count as u32).map(|i| joiner.union.find(i)).collect();
    Joins { root, splits, near_misses, shared, extra: Vec::new(), findings: joiner.findings }
}

impl Joiner<'_> {
    pub(crate) fn ends(&self) -> usize {
        self.lines.parts.len() * 2
    }

    /// How far the ends of one node scatter in this survey, metres.
    ///
    /// Each end has a nearest neighbour among the ends of other pipes. Where these distances pile up below some bound and
    /// hardly any lie between it and twice of it, that bound tells ends of one node from ends of two. Surveys whose ends
    /// share their coordinates pile up at nought.
    fn scatter(&mut self, spots: &Spots, pairs: &[(u32, u32, f64)]) -> f64 {
        let is_open = |e: &&u32| (**e as usize) < self.ends() && self.open[**e as usize];
        // The first open end of each place, and how many there are.
        let ends: Vec<(u32, usize)> = (0..spots.len())
            .map(|spot| {
                let mut here = spots.at(spot).iter().filter(is_open);
                here.next().map_or((u32::MAX, 0), |first| (*first, 1 + here.count()))
            })
            .collect();
        let equal: usize = ends.iter().map(|e| e.1).filter(|count| *count > 1).sum();
        let mut nearest: HashMap<u32, f64> = HashMap::new();
        for (s, t, d2) in pairs {
            let ((a, _), (b, _)) = (ends[*s as usize], ends[*t as usize]);
            let both = a != u32::MAX && b != u32::MAX && a / 2 != b / 2;
            if both && self.system_of(a).joins(self.system_of(b)) {
                for spot in [*s, *t].into_iter().filter(|s| ends[*s as usize].1 == 1) {
                    let least = nearest.entry(spot).or_insert(f64::INFINITY);
                    *least = least.min(*d2);
                }
            }
        }
        let mut nearest: Vec<f64> = nearest.into_values().collect();
        nearest.sort_unstable_by(f64::total_cmp);
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
    pub(crate) fn tap_tolerance(&self) -> f64 {
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

    pub(crate) fn pipe_of(&self, element: u32) -> Option<u32> {
        ((element as usize) < self.ends()).then(|| self.lines.parts[element as usize / 2].pipe)
    }

    pub(crate) fn system_of(&self, element: u32) -> System {
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

    /// Joins what lies at the very same place; one element of each place, that of the longest pipe.
    ///
    /// Without it, thousands of ends at one place would make millions of pairs.
    fn unite_equal(&mut self, spots: &Spots) -> Vec<u32> {
        let mut kept = Vec::with_capacity(spots.len());
        for here in (0..spots.len()).map(|spot| spots.at(spot)) {
            let Some(first) = here.iter().find(|e| self.open[**e as usize]).copied() else {
                kept.push(here[0]);
                continue;
            };
            for element in here {
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
            let open = here.iter().copied().filter(|e| self.open[*e as usize]);
            kept.push(open.fold(first, |best, e| if length(e) > length(best) { e } else { best }));
        }
        kept
    }

    /// Joins elements within the tolerance, nearest pairs first, clusters never growing wider than twice of it.
    fn join_coincident(&mut self, spots: &Spots, pairs: Vec<(u32, u32, f64)>) {
        let tolerance = self.tolerance;
        // The ends of one node lie in a square about as wide as two of them may be apart.
        let widest = if self.snap == SnapTolerance::Auto { 1.5 * tolerance } else { 2.0 * tolerance };
        let kept = self.unite_equal(spots);
        let near = pairs.into_iter().filter(|pair| pair.2 <= tolerance * tolerance);
        let mut pairs: Vec<(f64, u32, u32)> = near
            .map(|(s, t, d2)| {
                let (a, b) = (kept[s as usize], kept[t as usize]);
                (d2, a.min(b), a.max(b))
            })
            .filter(|(_, a, b)| self.open[*a as usize] || self.open[*b as usize])
            .collect();
        pairs.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        // West, south, east and north of the nodes that have grown.
        let mut extents: HashMap<u32, [f64; 4]> = HashMap::new();
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
            let extent = |root: u32| match (extents.get(&root), self.places[root as usize]) {
                (Some(extent), _) => *extent,
                (None, Some(place)) => [place.x, place.y, place.x, place.y],
                (None, None) => [f64::INFINITY, f64::INFINITY, -f64::INFINITY, -f64::INFINITY],
            };
            let (ea, eb) = (extent(ra), extent(rb));
            let both = [ea[0].min(eb[0]), ea[1].min(eb[1]), ea[2].max(eb[2]), ea[3].max(eb[3])];
            if (both[2] - both[0]).hypot(both[3] - both[1]) > widest {
                continue;
            }
            self.union.join(ra, rb);
            extents.insert(self.union.find(ra), both);
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
}
