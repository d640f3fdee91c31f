//! What the records of one place contradict: levels, sizes and node ids.

use std::collections::HashSet;

use rayon::prelude::*;
use suyuan_core::raw::Field;
use suyuan_core::{Coord, Finding, FindingCode, NodeKind, Origin, RawSurvey, System};

use crate::direct::Direction;
use crate::grid::distance;
use crate::split::Nodes;
use crate::spots::Spots;
use crate::survey::{COINCIDENT, LABEL_REACH, Lines};

/// Levels that should be equal differ by more than this, metres: twice the mean error of a sum of two levels and a depth.
///
/// # Reference
/// CJJ 61-2017: levels are good to 0.03 m and measured depths to 0.025 m, both as mean errors.
const LEVEL_ERROR: f64 = 0.1;
/// No sewer is smaller inside, metres: house leads begin at DN 50.
const SMALLEST: f64 = 0.05;
/// No sewer is higher or wider inside, metres; the largest culverts under a city are.
const LARGEST: f64 = 15.0;
/// A rule that more than this share of what it applies to breaks, and at least so many, is told once: it does not fit the
/// survey, and a list as long as the survey is read by nobody.
const MANY: (f64, usize) = (0.2, 20);

/// What breaks a rule, in order, and how many things it applies to.
pub(crate) fn tally<T: Send>(judged: impl ParallelIterator<Item = (T, bool)>) -> (Vec<T>, usize) {
    let one = |(mut broken, total): (Vec<T>, usize), (thing, is_broken)| {
        if is_broken {
            broken.push(thing);
        }
        (broken, total + 1)
    };
    judged.fold(|| (Vec::new(), 0), one).reduce(
        || (Vec::new(), 0),
        |(mut broken, total), (more, count)| {
            broken.extend(more);
            (broken, total + count)
        },
    )
}

/// One finding for a rule that `count` of `total` break, where they are too many to be single slips.
pub(crate) fn too_many(count: usize, total: usize, english: &str, chinese: &str) -> Option<Finding> {
    let (share, least) = MANY;
    (count >= least && count as f64 > share * total as f64).then(|| {
        Finding::new(FindingCode::RuleBroken)
            .with("count", count)
            .with("total", total)
            .with_word("value", english, chinese)
    })
}

/// A column of numbers across the layers of a survey.
struct Numbers<'a>(Vec<Option<&'a [f64]>>);

impl<'a> Numbers<'a> {
    fn of(survey: &'a RawSurvey, field: Field) -> Self {
        Self(survey.layers.iter().map(|layer| layer.numbers(field)).collect())
    }

    /// The number of a row; `NaN` where unknown.
    fn at(&self, origin: Origin) -> f64 {
        self.0[origin.layer as usize].map_or(f64::NAN, |values| values[origin.row as usize])
    }

    fn is_blank(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// The inside height and width of each pipe, metres, `NaN` where unknown; a round pipe has its diameter twice.
pub(crate) fn sizes(survey: &RawSurvey, lines: &Lines) -> Vec<[f64; 2]> {
    let [heights, widths] = [Field::Diameter, Field::Width].map(|field| Numbers::of(survey, field));
    if heights.is_blank() {
        return Vec::new();
    }
    let size = |origin: Origin| {
        let (height, width) = (heights.at(origin), widths.at(origin));
        [height, if width.is_finite() { width } else { height }]
    };
    lines.pipes.par_iter().map(|pipe| size(pipe.origin)).collect()
}

/// Sizes that no sewer has.
pub(crate) fn report_sizes(lines: &Lines, sizes: &[[f64; 2]], findings: &mut Vec<Finding>) {
    let is_odd = |size: &f64| *size < SMALLEST || *size > LARGEST;
    let sewer = |p: usize| !matches!(lines.pipes[p].system, System::OpenChannel | System::River);
    let odd: Vec<(usize, f64)> = sizes
        .par_iter()
        .enumerate()
        .filter_map(|(p, size)| Some((p, *size.iter().find(|s| is_odd(s))?)))
        .filter(|(p, _)| sewer(*p))
        .collect();
    if odd.is_empty() {
        return;
    }
    let known = sizes.iter().filter(|size| size[0].is_finite()).count();
    if let Some(finding) =
        too_many(odd.len(), known, "pipes have a size that no sewer has", "断面尺寸不合常理")
    {
        findings.push(finding);
        return;
    }
    let finding = |(p, size)| {
        about(lines, p, FindingCode::SizeImplausible, middle(lines, p)).with("value", round(size))
    };
    findings.extend(odd.into_iter().map(finding));
}

/// A size in metres, to the millimetre.
pub(crate) fn round(size: f64) -> String {
    ((size * 1000.0).round() / 1000.0).to_string()
}

fn about(lines: &Lines, pipe: usize, code: FindingCode, place: Option<Coord<f64>>) -> Finding {
    let finding = Finding::new(code).with("id", lines.ids.at(pipe)).on(lines.pipes[pipe].origin);
    if let Some(place) = place { finding.at(place) } else { finding }
}

fn middle(lines: &Lines, pipe: usize) -> Option<Coord<f64>> {
    let line = lines.line(lines.pipes[pipe].parts.0 as usize);
    line.get(line.len() / 2).copied()
}

/// What of the levels at one end of a pipe should fit what.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// The ground should be the invert and the depth.
    Depth,
    /// The ground should be that of the manhole.
    Ground,
    /// A pipe may enter above the bottom of its manhole, never below it.
    Bottom,
    /// The crown should lie below the ground.
    Crown,
}

impl Rule {
    const ALL: [Rule; 4] = [Rule::Depth, Rule::Ground, Rule::Bottom, Rule::Crown];

    fn is_broken(self, level: f64, expected: f64) -> bool {
        match self {
            Self::Depth | Self::Ground => (level - expected).abs() > LEVEL_ERROR,
            Self::Bottom => expected - level > LEVEL_ERROR,
            Self::Crown => level - expected > LEVEL_ERROR,
        }
    }
}

/// Everything that is known of levels.
pub(crate) struct LevelRules<'a> {
    lines: &'a Lines,
    nodes: &'a Nodes,
    node_inverts: &'a [f64],
    directions: &'a [(Direction, [f64; 2])],
    sizes: &'a [[f64; 2]],
    /// Of pipes at the start and end of their record.
    inverts: [Numbers<'a>; 2],
    depths: [Numbers<'a>; 2],
    grounds: [Numbers<'a>; 2],
    /// Of surveyed points.
    node_ground: Numbers<'a>,
}

impl<'a> LevelRules<'a> {
    pub(crate) fn new(
        survey: &'a RawSurvey,
        lines: &'a Lines,
        nodes: &'a Nodes,
        node_inverts: &'a [f64],
        directions: &'a [(Direction, [f64; 2])],
        sizes: &'a [[f64; 2]],
    ) -> Self {
        let of = |field| Numbers::of(survey, field);
        Self {
            lines,
            nodes,
            node_inverts,
            directions,
            sizes,
            inverts: [of(Field::InvertFrom), of(Field::InvertTo)],
            depths: [of(Field::DepthFrom), of(Field::DepthTo)],
            grounds: [of(Field::GroundFrom), of(Field::GroundTo)],
            node_ground: of(Field::Ground),
        }
    }

    /// Levels that contradict each other, of the end of a pipe among themselves, and of the end and its manhole; pipes that
    /// stand out of the ground. Each end is told once.
    pub(crate) fn report(&self, findings: &mut Vec<Finding>) {
        let mut told: HashSet<(u32, usize)> = HashSet::new();
        for rule in Rule::ALL.into_iter().filter(|rule| self.is_known(*rule)) {
            let compared = |(p, side): (u32, usize)| {
                let (level, expected) = self.compare(rule, p as usize, side);
                let known = level.is_finite() && expected.is_finite();
                known.then(|| ((p, side, level, expected), rule.is_broken(level, expected)))
            };
            let ends = (0..self.lines.pipes.len() as u32).into_par_iter().flat_map_iter(|p| [(p, 0), (p, 1)]);
            let (broken, total) = tally(ends.filter_map(compared));
            let (english, chinese) = match rule {
                Rule::Crown => ("pipe ends have their crown above the ground", "管顶高于地面"),
                Rule::Depth => (
                    "pipe ends have a ground level that is not invert and depth",
                    "地面高程不等于管底高程加埋深",
                ),
                Rule::Ground => ("pipe ends have another ground level than their node", "地面高程与管点不符"),
                Rule::Bottom => ("pipe ends lie below the bottom of their node", "管底低于井底"),
            };
            if let Some(finding) = too_many(broken.len(), total, english, chinese) {
                findings.push(finding);
                continue;
            }
            for (p, side, level, expected) in broken {
                if told.insert((p, side)) {
                    findings.push(self.about(rule, p as usize, side, level, expected));
                }
            }
        }
    }

    /// Whether any layer has the columns that a rule compares.
    fn is_known(&self, rule: Rule) -> bool {
        let any = |columns: &[Numbers<'_>; 2]| columns.iter().any(|c| !c.is_blank());
        match rule {
            Rule::Depth => any(&self.grounds) && any(&self.depths) && any(&self.inverts),
            Rule::Ground => any(&self.grounds) && !self.node_ground.is_blank(),
            Rule::Bottom => self.node_inverts.par_iter().any(|level| level.is_finite()),
            Rule::Crown => any(&self.grounds) || !self.node_ground.is_blank(),
        }
    }

    /// The drawn end that the levels at a side of a record belong to.
    fn element(&self, p: usize, side: usize) -> usize {
        self.lines.end_of(p, side ^ usize::from(self.directions[p].0.exchanged))
    }

    /// The level at one side of a pipe's record, and what it should be by a rule; `NaN` where unknown.
    fn compare(&self, rule: Rule, p: usize, side: usize) -> (f64, f64) {
        let pipe = &self.lines.pipes[p];
        let own = |columns: &[Numbers<'_>; 2]| columns[side].at(pipe.origin);
        let node = || self.nodes.of_element[self.element(p, side)].index();
        let node_ground =
            || self.nodes.origins[node()].map_or(f64::NAN, |origin| self.node_ground.at(origin));
        let ground = own(&self.grounds);
        match rule {
            Rule::Depth => (ground, own(&self.inverts) + own(&self.depths)),
            Rule::Ground => (ground, node_ground()),
            Rule::Bottom => (pipe.inverts[side], self.node_inverts[node()]),
            // Channels are open, and where water meets the open air a pipe may stand free.
            Rule::Crown
                if matches!(pipe.system, System::OpenChannel | System::River)
                    || self.nodes.kinds[node()] == NodeKind::Outfall =>
            {
                (f64::NAN, f64::NAN)
            }
            Rule::Crown => {
                let height =
                    self.sizes.get(p).map_or(0.0, |size| if size[0].is_finite() { size[0] } else { 0.0 });
                (pipe.inverts[side] + height, if ground.is_finite() { ground } else { node_ground() })
            }
        }
    }

    fn about(&self, rule: Rule, p: usize, side: usize, level: f64, expected: f64) -> Finding {
        let element = self.element(p, side);
        let place = self.lines.end(element / 2, element % 2);
        let node = self.nodes.names.at(self.nodes.of_element[element].index());
        let ([value, value_zh], [other, other_zh]) = match rule {
            Rule::Depth => (GROUND, ["invert and depth", "管底高程加埋深"]),
            Rule::Ground => (GROUND, ["that of node {node}", "管点 {node} 的地面高程"]),
            Rule::Bottom => {
                (["the invert", "管底高程"], ["the bottom of node {node}", "管点 {node} 的井底高程"])
            }
            Rule::Crown => (["the crown", "管顶高程"], GROUND),
        };
        let (english, chinese) = if side == 0 { ("start", "起点") } else { ("end", "终点") };
        let code =
            if rule == Rule::Crown { FindingCode::CrownAboveGround } else { FindingCode::LevelsContradict };
        about(self.lines, p, code, place)
            .with_word("end", english, chinese)
            .with_word("value", value, value_zh)
            .with_word("other", other, other_zh)
            .with("level", format!("{level:.3}"))
            .with("expected", format!("{expected:.3}"))
            .with("rise", format!("{:.3}", level - expected))
            .with("node", node)
    }
}

const GROUND: [&str; 2] = ["the ground level", "地面高程"];

const NONE: u32 = u32::MAX;

/// Places that carry the ids of two nodes, and surveyed points that stand at one place.
pub(crate) fn report_ids(lines: &Lines, nodes: &Nodes, findings: &mut Vec<Finding>) {
    let mut meet = labels_that_meet(lines, nodes);
    meet.sort_unstable_by_key(|m| (m.labels, !m.joined));
    meet.dedup_by_key(|m| m.labels);
    for Meeting { labels: [a, b], node, joined } in &meet {
        let (english, chinese) = if *joined {
            ("they were taken as one node", "已视为同一管点")
        } else {
            ("they were not joined", "未相连")
        };
        let mut ids = [*a, *b].map(|label| &lines.labels[label as usize]);
        ids.sort_unstable();
        let mut finding = Finding::new(FindingCode::NodeIdsMeet)
            .with("id", ids[0])
            .with("other", ids[1])
            .with_word("joined", english, chinese);
        finding.place = nodes.places[*node].map(|p| (p.x, p.y));
        findings.push(finding);
    }
    let told = |a: Option<u32>, b: Option<u32>| match (a, b) {
        (Some(a), Some(b)) => meet.binary_search_by_key(&[a.min(b), a.max(b)], |m| m.labels).is_ok(),
        _ => false,
    };
    // Two rows of the node layers that are one node.
    let ends = 2 * lines.parts.len();
    let mut first = vec![NONE; if lines.points.is_empty() { 0 } else { nodes.places.len() }];
    for (i, point) in lines.points.iter().enumerate() {
        let node = nodes.of_element[ends + i].index();
        if first[node] == NONE {
            first[node] = i as u32;
            continue;
        }
        let other = &lines.points[first[node] as usize];
        let Some((here, there)) = point.place.zip(other.place) else { continue };
        // A label that stands at two places far apart makes them one node; that is a finding of its own.
        let gap = distance(here, there);
        if point.id == other.id || gap > LABEL_REACH || told(point.label, other.label) {
            continue;
        }
        let finding = Finding::new(FindingCode::NodesCoincide)
            .with("id", &point.id)
            .with("other", &other.id)
            .with("gap", format!("{gap:.3}"));
        findings.push(finding.on(point.origin).at(here));
    }
}

/// Two labels at one place, the lesser number first.
struct Meeting {
    labels: [u32; 2],
    node: usize,
    joined: bool,
}

fn labels_that_meet(lines: &Lines, nodes: &Nodes) -> Vec<Meeting> {
    let mut meet = Vec::new();
    if lines.labels.is_empty() {
        return meet;
    }
    let mut label = vec![NONE; nodes.places.len()];
    let mut several: HashSet<usize> = HashSet::new();
    let labelled = || (0..2 * lines.parts.len()).filter_map(|e| Some((e, lines.label(e)?)));
    for (element, own) in labelled() {
        let node = nodes.of_element[element].index();
        if label[node] == NONE {
            label[node] = own;
        } else if label[node] != own {
            several.insert(node);
        }
    }
    let mut note = |a: u32, b: u32, node: usize, joined: bool| {
        meet.push(Meeting { labels: [a.min(b), a.max(b)], node, joined });
    };
    // Within nodes, ends that lie at one place: a label may stand elsewhere as well.
    if !several.is_empty() {
        let ends: Vec<(usize, u32)> =
            labelled().filter(|(e, _)| several.contains(&nodes.of_element[*e].index())).collect();
        let place = |i: usize| lines.end(ends[i].0 / 2, ends[i].0 % 2);
        for (i, j) in Spots::new(ends.len(), place, COINCIDENT).pairs_of_points() {
            let ((e, a), (_, b)) = (ends[i as usize], ends[j as usize]);
            if a != b {
                note(a, b, nodes.of_element[e].index(), true);
            }
        }
    }
    // Nodes that their ids keep apart.
    let named = |node: usize| nodes.places[node].filter(|_| label[node] != NONE);
    for (a, b) in Spots::new(label.len(), named, COINCIDENT).pairs_of_points() {
        note(label[a as usize], label[b as usize], a as usize, false);
    }
    meet
}
