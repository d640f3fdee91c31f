//! The one way to make a network.

use std::collections::HashSet;

use rayon::prelude::*;
use suyuan_core::raw::Field;
use suyuan_core::stored::Paged;
use suyuan_core::{
    Certainty, DirectionBasis, Finding, FindingCode, FlowMode, Language, NodeKind, Origin, RawSurvey,
};

use crate::bundle::Bundles;
use crate::config::{BuildConfig, SnapTolerance};
use crate::direct::{Direction, decide, needs_weighing, word_of};
use crate::factor::NodeRole;
use crate::ids::{NodeId, PipeId};
use crate::join::{Joins, join};
use crate::network::{Adjacency, Gap, Later, Network, Pipe, Reach};
use crate::orient::Field as Weighing;
use crate::records::LevelRules;
use crate::rows::{Coords, PipeRow, ReachRow, kept_origin, kept_place};
use crate::segments::Segments;
use crate::split::{Nodes, Stretch, cut, mint_nodes};
use crate::survey::{Lines, collect};
use crate::web::Link;
use crate::{bed, decisions, fly, grid, levels, outfalls, overlap, quality, recorded, records};

/// Why no network can be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The coordinates are degrees.
    #[error("the coordinate system {crs} is in degrees; a network needs metres")]
    NotMetric {
        /// Its name.
        crs: String,
    },
    /// There is no pipe.
    #[error("the survey holds no pipe{}", if *filtered { " of the systems asked for" } else { "" })]
    NoPipes {
        /// Whether pipes of other systems were left out.
        filtered: bool,
    },
    /// A tolerance or reach is no distance.
    #[error("{setting} = {value} is no distance in metres; give 0 or more")]
    BadDistance {
        /// The setting.
        setting: &'static str,
        /// What was given.
        value: f64,
    },
}

impl BuildError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, error) => error.to_string(),
            (Language::Chinese, Self::NotMetric { crs }) => {
                format!("坐标系 {crs} 以度为单位，管网需要以米为单位的坐标")
            }
            (Language::Chinese, Self::NoPipes { filtered: false }) => "数据中没有任何管线".to_owned(),
            (Language::Chinese, Self::NoPipes { filtered: true }) => {
                "数据中没有所选排水系统的管线".to_owned()
            }
            (Language::Chinese, Self::BadDistance { setting, value }) => {
                format!("{setting} = {value} 不是有效的米数，应为 0 或更大")
            }
        }
    }
}

/// Joins surveyed pipes into one directed network and lists every doubt met on the way.
///
/// # Shape
/// Every pipe of the survey is in the network, except rows that have neither geometry nor node ids; those are in
/// [`Network::unplaced`]. The findings are ordered by code, then by what they concern.
///
/// # Errors
/// [`BuildError::NotMetric`] if the coordinates are degrees: no tolerance in metres means anything there.
/// [`BuildError::NoPipes`] if nothing is left to build from. [`BuildError::BadDistance`] for a tolerance
/// or reach that is negative or no finite number.
///
/// # Complexity
/// O(n log n) time and O(n) memory, n being the vertices of the survey.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// let survey = drawn("MH1 -P1-> MH2 -P2-> OF1");
/// let (network, findings) = build_network(&survey, &BuildConfig::automatic())?;
/// assert_eq!((network.node_count(), network.reach_count()), (3, 2));
/// assert!(findings.is_empty());
/// # Ok::<(), suyuan_network::BuildError>(())
/// ```
pub fn build_network(
    survey: &RawSurvey,
    config: &BuildConfig,
) -> Result<(Network, Vec<Finding>), BuildError> {
    if survey.crs.geographic {
        return Err(BuildError::NotMetric { crs: survey.crs.name.clone() });
    }
    let snap = if let SnapTolerance::Metres(value) = config.snap { value } else { 0.0 };
    for (setting, value) in [("snap", snap), ("outfall_reach", config.outfall_reach)] {
        if !(value.is_finite() && value >= 0.0) {
            return Err(BuildError::BadDistance { setting, value });
        }
    }
    let mut lines = collect(survey, config);
    if lines.pipes.is_empty() {
        return Err(BuildError::NoPipes { filtered: !config.systems.is_empty() });
    }
    let mut undecided = Vec::new();
    let decided = decisions::apply(&mut lines, &recorded::decisions(survey, config), &mut undecided);
    let segments = Segments::of(&lines);
    let mut joins = join(&lines, &segments, config, &decided);
    let mut outfall_rows = outfalls::collect(survey);
    let listed_outfalls: HashSet<String> = outfall_rows.iter().map(|row| row.id.clone()).collect();
    outfalls::join(survey, &lines, &segments, &mut joins, &mut outfall_rows, config.outfall_reach);
    let mut findings = std::mem::take(&mut joins.findings);
    overlap::report(&lines, std::mem::take(&mut joins.shared), &mut findings);
    drop(segments);
    let kind_of = |origin: Origin| {
        let kind = survey.layers[origin.layer as usize].kind(origin.row as usize);
        kind.unwrap_or(NodeKind::Manhole)
    };
    let mut nodes = mint_nodes(&lines, &joins, kind_of);
    let stretches = cut(&lines, &joins.splits, &nodes);

    findings.extend(undecided);
    findings.extend(unlisted(&lines, &listed_outfalls));
    let node_inverts = node_inverts(survey, &nodes);
    outfalls::merge(survey, &mut outfall_rows, &nodes);
    let is_outfall = outfalls::nodes(&outfall_rows, &nodes);
    let directions = direct(config, &lines, &nodes, &node_inverts, &stretches, &is_outfall, &mut findings);
    let sizes = records::sizes(survey, &lines);
    records::report_ids(&lines, &nodes, &mut findings);
    if config.rules {
        records::report_sizes(&lines, &sizes, &mut findings);
        LevelRules::new(survey, &lines, &nodes, &node_inverts, &directions, &sizes).report(&mut findings);
        fly::report_vertices(&lines, &mut findings);
    }
    let node_grounds = bed::node_grounds(survey, &lines, &nodes, &directions);
    let (reaches, pipes) = lay_reaches(&lines, &stretches, &directions, &sizes);
    let outfalls: Vec<_> =
        outfall_rows.into_iter().map(|row| row.settle(&nodes, config.outfall_reach, &mut findings)).collect();
    for node in outfalls.iter().filter_map(|o| o.node) {
        nodes.kinds[node.index()] = NodeKind::Outfall;
    }
    let count = nodes.places.len();
    let mut network = Network {
        crs: survey.crs.clone(),
        incoming: Adjacency::new(count, &reaches, |r| r.to),
        outgoing: Adjacency::new(count, &reaches, |r| r.from),
        node_names: nodes.names.into(),
        nodes_by_name: Later::default(),
        node_places: nodes.places.into_iter().map(kept_place).collect(),
        node_kinds: nodes.kinds.into_iter().map(NodeKind::code).collect(),
        has_structures: nodes.origins.iter().any(Option::is_some),
        node_origins: nodes.origins.into_iter().map(kept_origin).collect(),
        node_grounds: node_grounds.into(),
        part_ends: part_ends(&lines).into(),
        pipe_ids: lines.ids.into(),
        by_id: Later::default(),
        pipes: pipes.into(),
        reaches: reaches.into(),
        coords: Coords::Memory(lines.coords),
        boxes: Later::default(),
        outfalls: outfalls.into(),
        outfalls_by_node: Later::default(),
        gaps: Paged::default(),
        unplaced: lines.unplaced,
    };
    network.gaps = gaps(&network, &joins, &nodes.of_element, &lines.parts).into();
    if config.rules {
        let (whole, at_nodes) = rayon::join(
            || {
                let mut found = Vec::new();
                network.report(&mut found);
                found
            },
            || {
                let mut found = Vec::new();
                network.report_nodes(&sizes, &mut found);
                fly::report_nodes(&network, &mut found);
                quality::report_duplicates(&network, &mut found);
                found
            },
        );
        findings.extend(whole);
        findings.extend(at_nodes);
    }
    sort_findings(&mut findings);
    Ok((network, findings))
}

/// Node ids that pipes name and neither a node layer, where there is one, nor an outfall layer lists.
fn unlisted(lines: &Lines, outfalls: &HashSet<String>) -> Option<Finding> {
    if lines.points.is_empty() {
        return None;
    }
    let mut listed = vec![false; lines.labels.len()];
    for label in lines.points.iter().filter_map(|p| p.label) {
        listed[label as usize] = true;
    }
    let missing = || {
        let labels = lines.labels.iter().zip(&listed).filter(|(_, listed)| !**listed).map(|(text, _)| text);
        labels.filter(|text| !outfalls.contains(*text))
    };
    let first = missing().min()?;
    Some(Finding::new(FindingCode::NodeIdUnlisted).with("count", missing().count()).with("id", first))
}

fn part_ends(lines: &Lines) -> Vec<u32> {
    lines.parts.iter().map(|p| p.coords.1).collect()
}

/// Bottom levels of the surveyed points, `NaN` where unknown.
fn node_inverts(survey: &RawSurvey, nodes: &Nodes) -> Vec<f64> {
    nodes
        .origins
        .iter()
        .map(|origin| {
            let Some(origin) = origin else { return f64::NAN };
            let (layer, row) = (&survey.layers[origin.layer as usize], origin.row as usize);
            layer
                .number(Field::Invert, row)
                .or_else(|| Some(layer.number(Field::Ground, row)? - layer.number(Field::Depth, row)?))
                .unwrap_or(f64::NAN)
        })
        .collect()
}

fn direct(
    config: &BuildConfig,
    lines: &Lines,
    nodes: &Nodes,
    node_inverts: &[f64],
    stretches: &[Stretch],
    is_outfall: &[bool],
    findings: &mut Vec<Finding>,
) -> Vec<(Direction, [f64; 2])> {
    let mut links: Vec<Link> = stretches
        .par_iter()
        .map(|s| {
            let part = &lines.parts[s.part as usize];
            let [a, b] = s.nodes.map(|n| n.0);
            Link { pipe: part.pipe, nodes: if part.flipped { [b, a] } else { [a, b] } }
        })
        .collect();
    let role = |(kind, is_outfall): (&NodeKind, &bool)| match kind {
        _ if *is_outfall => NodeRole::Outfall,
        NodeKind::Outfall => NodeRole::Outfall,
        NodeKind::Inlet => NodeRole::Inlet,
        NodeKind::PumpStation | NodeKind::Control | NodeKind::Structure => NodeRole::Free,
        NodeKind::Joint | NodeKind::Manhole => NodeRole::Plain,
    };
    let roles: Vec<NodeRole> = nodes.kinds.iter().zip(is_outfall).map(role).collect();
    let weighed = needs_weighing(&lines.pipes, config.direct);
    let (levels, field) = rayon::join(
        || levels::settle(lines, nodes, node_inverts, config.direct),
        || {
            weighed.then(|| {
                let bundles = Bundles::of(&links, |p| word_of(&lines.pipes[p as usize]));
                bundles.lay(&mut links);
                (Weighing::new(&links, lines.pipes.len(), &roles), bundles)
            })
        },
    );
    drop(links);
    let decided = decide(&lines.pipes, &levels, field);
    let directions: Vec<(Direction, [f64; 2])> = decided.into_iter().zip(levels.at_ends).collect();
    for (p, (direction, _)) in directions.iter().enumerate() {
        let pipe = &lines.pipes[p];
        let part = pipe.parts.0 as usize;
        let about = |code: FindingCode| {
            let finding = Finding::new(code).with("id", lines.ids.at(p)).on(pipe.origin);
            match lines.line(part) {
                [] => finding,
                line => finding.at(line[line.len() / 2]),
            }
        };
        if direction.certainty == Certainty::Unknown && pipe.mode != FlowMode::Bidirectional {
            findings.push(about(FindingCode::DirectionUnknown));
        }
        if direction.exchanged {
            findings.push(about(FindingCode::LevelsExchanged));
        }
        if direction.rise > 0.02 {
            findings.push(about(FindingCode::AdverseFall).with("rise", format!("{:.3}", direction.rise)));
        }
        if let Some(against) = direction.against {
            let (value, other) = (direction.basis, against);
            findings.push(
                about(FindingCode::EvidenceConflict)
                    .with_word("value", value.label(Language::English), value.label(Language::Chinese))
                    .with_word("other", other.label(Language::English), other.label(Language::Chinese)),
            );
        }
        let against_drawn = direction.along == lines.parts[part].flipped;
        if against_drawn && !matches!(direction.basis, DirectionBasis::DrawnOrder | DirectionBasis::None) {
            let basis = direction.basis;
            findings.push(about(FindingCode::DrawnAgainstFlow).with_word(
                "basis",
                basis.label(Language::English),
                basis.label(Language::Chinese),
            ));
        }
    }
    directions
}

fn lay_reaches(
    lines: &Lines,
    stretches: &[Stretch],
    directions: &[(Direction, [f64; 2])],
    sizes: &[[f64; 2]],
) -> (Vec<ReachRow>, Vec<PipeRow>) {
    let mut reaches = Vec::with_capacity(stretches.len());
    let mut pipes: Vec<Pipe> = lines
        .pipes
        .iter()
        .zip(directions)
        .enumerate()
        .map(|(p, (row, (direction, levels)))| Pipe {
            origin: row.origin,
            system: row.system,
            mode: row.mode,
            parts: row.parts,
            reaches: (u32::MAX, 0),
            inverts: if direction.along == direction.exchanged { [levels[1], levels[0]] } else { *levels },
            height: sizes.get(p).map_or(f64::NAN, |size| size[0]),
        })
        .collect();
    for (r, stretch) in stretches.iter().enumerate() {
        let part = &lines.parts[stretch.part as usize];
        let pipe = &mut pipes[part.pipe as usize];
        pipe.reaches = (pipe.reaches.0.min(r as u32), r as u32 + 1);
        let direction = &directions[part.pipe as usize].0;
        let with_drawn = direction.along != part.flipped;
        let [a, b] = stretch.nodes;
        let (from, to) = if with_drawn { (a, b) } else { (b, a) };
        reaches.push(ReachRow::from(Reach {
            from,
            to,
            pipe: PipeId(part.pipe),
            part: stretch.part,
            measures: stretch.measures,
            with_drawn,
            certainty: direction.certainty,
            basis: direction.basis,
            probability: direction.probability,
        }));
    }
    (reaches, pipes.into_iter().map(PipeRow::from).collect())
}

fn gaps(network: &Network, joins: &Joins, node_of: &[NodeId], parts: &[crate::survey::Part]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = joins
        .near_misses
        .iter()
        .filter_map(|miss| {
            let node = node_of[miss.element as usize];
            let beyond = PipeId(parts[miss.part as usize].pipe);
            let place = network.node_place(node)?;
            let beyond_node = network
                .reaches_of(beyond)
                .flat_map(|r| [network.reach(r).from, network.reach(r).to])
                .filter_map(|n| Some((grid::distance(network.node_place(n)?, place), n)))
                .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?
                .1;
            Some(Gap { node, beyond, beyond_node, width: miss.gap, straight_on: miss.straight_on })
        })
        .collect();
    gaps.sort_by(|a, b| (a.node, a.beyond).cmp(&(b.node, b.beyond)).then(a.width.total_cmp(&b.width)));
    gaps
}

/// By code, then by what they concern, then by place: the same whatever order the rows came in.
fn sort_findings(findings: &mut [Finding]) {
    findings.par_sort_by(|a, b| {
        let place = |f: &Finding| f.place.unwrap_or((f64::INFINITY, f64::INFINITY));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.code
            .cmp(&b.code)
            .then_with(|| a.details.cmp(&b.details))
            .then(ax.total_cmp(&bx))
            .then(ay.total_cmp(&by))
    });
}
