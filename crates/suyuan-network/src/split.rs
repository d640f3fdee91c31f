//! From joined elements to nodes and reaches.

use std::fmt::Write;

use rayon::prelude::*;
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, NodeKind, Origin};

use crate::ids::NodeId;
use crate::join::{Joins, Split};
use crate::survey::{Lines, PointRow};

/// Nodes in canonical order, and the node of each element.
pub(crate) struct Nodes {
    pub(crate) of_element: Vec<NodeId>,
    pub(crate) names: TextColumn,
    pub(crate) places: Vec<Option<Coord<f64>>>,
    pub(crate) kinds: Vec<NodeKind>,
    pub(crate) origins: Vec<Option<Origin>>,
}

/// One stretch of a part between two nodes, as drawn.
pub(crate) struct Stretch {
    pub(crate) part: u32,
    pub(crate) nodes: [NodeId; 2],
    pub(crate) measures: [f64; 2],
}

/// The lower median; 0 of nothing.
fn lower_median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// What the elements of a node make of it: its name, its place, its row in a node layer.
type Structure<'a> = (&'a str, Option<Coord<f64>>, Option<Origin>);

/// `places` is scratch memory.
fn structure<'a>(
    lines: &'a Lines,
    joins: &Joins,
    elements: &[u32],
    places: &mut [Vec<f64>; 2],
) -> Structure<'a> {
    let ends = lines.parts.len() * 2;
    let (mut name, mut point): (&str, Option<&PointRow>) = ("", None);
    places.iter_mut().for_each(Vec::clear);
    for element in elements.iter().map(|e| *e as usize) {
        let place = if element < ends {
            if let Some(label) = lines.label(element) {
                let label = lines.labels[label as usize].as_str();
                if name.is_empty() || label < name {
                    name = label;
                }
            }
            lines.end(element / 2, element % 2)
        } else if let Some(row) = lines.points.get(element - ends) {
            // Points are in canonical order, so the first one speaks for the structure.
            point = point.or(Some(row));
            None
        } else {
            Some(joins.extra[element - ends - lines.points.len()])
        };
        if let Some(place) = place {
            places[0].push(place.x);
            places[1].push(place.y);
        }
    }
    let [xs, ys] = places;
    let median = match (xs.as_slice(), ys.as_slice()) {
        ([], _) => None,
        // Nearly every node: all its ends share their place.
        ([x, ..], [y, ..]) if xs.iter().all(|v| v == x) && ys.iter().all(|v| v == y) => {
            Some(Coord { x: *x, y: *y })
        }
        _ => Some(Coord { x: lower_median(xs), y: lower_median(ys) }),
    };
    if name.is_empty() {
        name = point.map_or("", |p| p.id.as_str());
    }
    (name, point.and_then(|p| p.place).or(median), point.map(|p| p.origin))
}

/// Mints nodes in the order of their first elements.
pub(crate) fn mint_nodes(lines: &Lines, joins: &Joins, kind_of: impl Fn(Origin) -> NodeKind) -> Nodes {
    let mut of_element = vec![NodeId(0); joins.root.len()];
    let mut starts: Vec<u32> = Vec::new();
    for (element, root) in joins.root.iter().enumerate() {
        // A root is the first element of its node.
        if *root as usize == element {
            of_element[element] = NodeId(starts.len() as u32);
            starts.push(0);
        } else {
            of_element[element] = of_element[*root as usize];
        }
        starts[of_element[element].index()] += 1;
    }
    let mut end = 0;
    for start in &mut starts {
        end += std::mem::replace(start, end);
    }
    let mut ends = starts.clone();
    let mut elements = vec![0u32; joins.root.len()];
    for (element, node) in of_element.iter().enumerate() {
        let slot = &mut ends[node.index()];
        elements[*slot as usize] = element as u32;
        *slot += 1;
    }
    let structures: Vec<Structure<'_>> = (0..starts.len())
        .into_par_iter()
        .map_init(Default::default, |places, n| {
            structure(lines, joins, &elements[starts[n] as usize..ends[n] as usize], places)
        })
        .collect();
    let mut given: Vec<&str> = structures.iter().map(|s| s.0).filter(|n| n.starts_with('N')).collect();
    given.par_sort_unstable();
    let mut names = TextColumn::with_capacity(structures.len());
    let mut minted = String::new();
    for (n, (name, ..)) in structures.iter().enumerate() {
        if !name.is_empty() {
            names.push(name);
            continue;
        }
        minted.clear();
        let _ = write!(minted, "N{}", n + 1);
        while given.binary_search(&minted.as_str()).is_ok() {
            minted.push('\''); // the survey has such a name already
        }
        names.push(&minted);
    }
    Nodes {
        of_element,
        names,
        places: structures.iter().map(|s| s.1).collect(),
        kinds: structures.iter().map(|s| s.2.map_or(NodeKind::Joint, &kind_of)).collect(),
        origins: structures.iter().map(|s| s.2).collect(),
    }
}

/// Cuts each part at its splits.
pub(crate) fn cut(lines: &Lines, splits: &[Split], nodes: &Nodes) -> Vec<Stretch> {
    let mut splits: Vec<(u32, f64, NodeId)> =
        splits.iter().map(|s| (s.part, s.measure, nodes.of_element[s.element as usize])).collect();
    splits.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    splits.dedup_by(|b, a| a.0 == b.0 && a.2 == b.2 && (b.1 - a.1).abs() < 1.0);
    let mut stretches = Vec::with_capacity(lines.parts.len() + splits.len());
    let mut next = 0;
    for (p, part) in lines.parts.iter().enumerate() {
        let p = p as u32;
        let mut at = (nodes.of_element[2 * p as usize], 0.0);
        while let Some((_, measure, node)) = splits.get(next).filter(|s| s.0 == p) {
            stretches.push(Stretch { part: p, nodes: [at.0, *node], measures: [at.1, *measure] });
            at = (*node, *measure);
            next += 1;
        }
        let end = nodes.of_element[2 * p as usize + 1];
        stretches.push(Stretch { part: p, nodes: [at.0, end], measures: [at.1, part.length] });
    }
    stretches
}
