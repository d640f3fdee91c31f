//! From joined elements to nodes and reaches.

use rayon::prelude::*;
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, NodeKind, Origin};

use crate::ids::NodeId;
use crate::join::{Joins, Split};
use crate::survey::Lines;

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

struct Cluster<'a> {
    root: u32,
    name: &'a str,
    place: Option<Coord<f64>>,
    origin: Option<Origin>,
}

fn lower_median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

/// Mints nodes: named ones first by name, then the others by position.
pub(crate) fn mint_nodes(lines: &Lines, joins: &Joins, kind_of: impl Fn(Origin) -> NodeKind) -> Nodes {
    let ends = lines.parts.len() * 2;
    let mut members: Vec<(u32, u32)> = joins.root.iter().enumerate().map(|(i, r)| (*r, i as u32)).collect();
    members.par_sort_unstable();
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    for group in members.chunk_by(|a, b| a.0 == b.0) {
        let mut cluster = Cluster { root: group[0].0, name: "", place: None, origin: None };
        let mut places = Vec::new();
        for (_, element) in group {
            let element = *element as usize;
            if element < ends {
                if let Some(label) = lines.label(element) {
                    let label = lines.labels[label as usize].as_str();
                    if cluster.name.is_empty() || label < cluster.name {
                        cluster.name = label;
                    }
                }
                places.extend(lines.end(element / 2, element % 2));
            } else if element >= ends + lines.points.len() {
                places.push(joins.extra[element - ends - lines.points.len()]);
            } else {
                // Points are in canonical order, so the first one speaks for the structure.
                let point = &lines.points[element - ends];
                if cluster.origin.is_none() {
                    cluster.origin = Some(point.origin);
                    cluster.place = point.place;
                    if cluster.name.is_empty() {
                        cluster.name = &point.id;
                    }
                }
            }
        }
        if cluster.place.is_none() && !places.is_empty() {
            cluster.place = Some(Coord {
                x: lower_median(places.iter().map(|p| p.x).collect()),
                y: lower_median(places.iter().map(|p| p.y).collect()),
            });
        }
        clusters.push(cluster);
    }
    clusters.par_sort_by(|a, b| {
        let place = |c: &Cluster<'_>| c.place.map_or((f64::INFINITY, f64::INFINITY), |p| (p.x, p.y));
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.name
            .is_empty()
            .cmp(&b.name.is_empty())
            .then_with(|| a.name.cmp(b.name))
            .then(ax.total_cmp(&bx))
            .then(ay.total_cmp(&by))
    });
    let mut node_of_root = vec![NodeId(0); joins.root.len()];
    let mut nodes = Nodes {
        of_element: Vec::new(),
        names: TextColumn::with_capacity(clusters.len()),
        places: Vec::with_capacity(clusters.len()),
        kinds: Vec::with_capacity(clusters.len()),
        origins: Vec::with_capacity(clusters.len()),
    };
    let named = clusters.partition_point(|c| !c.name.is_empty());
    for (i, cluster) in clusters.iter().enumerate() {
        node_of_root[cluster.root as usize] = NodeId(i as u32);
        if cluster.name.is_empty() {
            let mut name = format!("N{}", i + 1);
            while clusters[..named].binary_search_by(|c| c.name.cmp(&name)).is_ok() {
                name.push('\''); // the survey has such a name already
            }
            nodes.names.push(&name);
        } else {
            nodes.names.push(cluster.name);
        }
        nodes.places.push(cluster.place);
        nodes.kinds.push(cluster.origin.map_or(NodeKind::Joint, &kind_of));
        nodes.origins.push(cluster.origin);
    }
    nodes.of_element = joins.root.iter().map(|r| node_of_root[*r as usize]).collect();
    nodes
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
