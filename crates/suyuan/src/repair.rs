//! Repairs of a survey: what to mend first, as sentences, as decisions for a project file, and as a repaired copy.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use suyuan_core::raw::{Field, Role, ShapeKind, Shapes};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, DirectionBasis, Language, NodeKind, Origin};
use suyuan_export::{Look, Package, Table, TableColumn, Values};
use suyuan_network::{Defect, NearestPipe, PipeId, Repair, defects_that_matter};

use crate::city::City;
use crate::package::run_info;
use crate::rows::{Kind, Rows, attributes_of};

/// How many repairs a check proposes: more than anybody looks at.
pub const MOST_REPAIRS: usize = 50;

/// What would reach an outfall if a repair were made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// Pipes.
    pub pipes: usize,
    /// Metres of pipe.
    pub length_m: f64,
    /// Drainers on them.
    pub drainers: usize,
}

/// A defect that matters, and the repair proposed for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepairAnswer {
    /// From 1, the greatest gain to be expected first: gain times confidence.
    pub rank: usize,
    /// `gap` or `reversal`.
    pub kind: &'static str,
    /// Ids of the pipes to be changed: the one that stops short, or those that flow the other way, uppermost first.
    pub pipes: Vec<String>,
    /// The pipe beyond a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond: Option<String>,
    /// Width of a gap, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_m: Option<f64>,
    /// East of the place, in the network's system; `null` without geometry.
    pub x: Option<f64>,
    /// North.
    pub y: Option<f64>,
    /// What would be gained.
    pub gain: Gain,
    /// How probable it is that the repair is right.
    pub confidence: f64,
    /// The repair in words.
    pub text: String,
    /// The same as tables for a project file.
    pub decisions: String,
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl City {
    /// The defects whose repair would let most drainers, or else most pipe, reach an outfall, as far as is to be expected; at
    /// most `most`. The weight of a defect is its number of drainers.
    ///
    /// # Complexity
    /// As [`defects_that_matter`].
    #[must_use]
    pub fn defects(&self, most: usize) -> Vec<Defect> {
        let mut drainers = vec![0usize; self.network.pipe_count()];
        for pipe in self.drainers.iter().filter_map(|(_, d)| d.link?.pipe) {
            drainers[pipe.index()] += 1;
        }
        defects_that_matter(&self.network, most, |pipe| drainers[pipe.index()])
    }

    /// The pipe whose free end a gap is.
    fn pipe_at(&self, node: suyuan_network::NodeId) -> Option<PipeId> {
        let reach = self.network.incoming(node).iter().chain(self.network.outgoing(node)).next()?;
        Some(self.network.reach(*reach).pipe)
    }

    /// Defects as the answer has them.
    #[must_use]
    pub fn repairs(&self, defects: &[Defect], language: Language) -> Vec<RepairAnswer> {
        defects.iter().enumerate().map(|(n, d)| self.repair(n + 1, d, language)).collect()
    }

    fn repair(&self, rank: usize, defect: &Defect, language: Language) -> RepairAnswer {
        let network = &self.network;
        let name = |p: PipeId| network.pipe_name(p).to_owned();
        let gained: BTreeSet<PipeId> = defect.gained.iter().map(|r| network.reach(*r).pipe).collect();
        let gain = Gain { pipes: gained.len(), length_m: round(defect.length), drainers: defect.weight };
        let (kind, pipes, beyond, gap_m) = match &defect.repair {
            Repair::Join(gap) => {
                let pipe = self.pipe_at(gap.node).map(name).into_iter().collect::<Vec<_>>();
                ("gap", pipe, Some(name(gap.beyond)), Some(round(gap.width)))
            }
            Repair::Turn(pipes) => ("reversal", pipes.iter().map(|p| name(*p)).collect(), None, None),
        };
        let what = match (language, &beyond) {
            (Language::English, Some(beyond)) => {
                format!(
                    "join the end of {} to {beyond} over {:.2} m",
                    pipes.join(""),
                    gap_m.unwrap_or_default()
                )
            }
            (Language::English, None) => format!("turn {}", pipes.join(", ")),
            (Language::Chinese, Some(beyond)) => {
                format!(
                    "将 {} 的端点接到 {beyond}（相距 {:.2} 米）",
                    pipes.join(""),
                    gap_m.unwrap_or_default()
                )
            }
            (Language::Chinese, None) => format!("将 {} 的流向反转", pipes.join("、")),
        };
        let sure = defect.confidence * 100.0;
        let outlet = network.node_ids().any(|n| network.node(n).kind == NodeKind::Outfall);
        let text = match language {
            Language::English => {
                let plural = |n: usize| if n == 1 { "" } else { "s" };
                let with = match gain.drainers {
                    0 => String::new(),
                    n => format!(" and {n} drainer{}", plural(n)),
                };
                let reach = if outlet { "reach an outfall" } else { "drain to the largest part" };
                format!(
                    "{what}: {} pipe{} ({:.0} m){with} would {reach}; confidence {sure:.0} %",
                    gain.pipes,
                    plural(gain.pipes),
                    gain.length_m
                )
            }
            Language::Chinese => {
                let with = match gain.drainers {
                    0 => String::new(),
                    n => format!("、排水户 {n} 个"),
                };
                let reach = if outlet { "接通排口" } else { "接入最大连通部分" };
                format!(
                    "{what}：可使管段 {} 条（{:.0} 米）{with}{reach}；把握 {sure:.0} %",
                    gain.pipes, gain.length_m
                )
            }
        };
        RepairAnswer {
            rank,
            kind,
            pipes,
            beyond,
            gap_m,
            x: defect.place.map(|p| round(p.x)),
            y: defect.place.map(|p| round(p.y)),
            gain,
            confidence: round(defect.confidence),
            text,
            decisions: self.decisions(defect),
        }
    }

    /// A repair as the tables of a project file.
    fn decisions(&self, defect: &Defect) -> String {
        let network = &self.network;
        let quoted = |p: PipeId| toml::Value::String(network.pipe_name(p).to_owned()).to_string();
        let at = |place: Coord<f64>| format!("[{:.3}, {:.3}]", place.x, place.y);
        match &defect.repair {
            Repair::Join(gap) => {
                let (Some(pipe), Some(place)) = (self.pipe_at(gap.node), network.node(gap.node).place) else {
                    return String::new();
                };
                let (pipe, to) = (quoted(pipe), quoted(gap.beyond));
                format!("[[decisions]]\njoin = {pipe}\nto = {to}\nat = {}\n", at(place))
            }
            Repair::Turn(pipes) => pipes
                .iter()
                .filter_map(|pipe| {
                    // Towards the place that it flows from now.
                    let reaches: Vec<_> = network.reaches_of(*pipe).map(|r| network.reach(r)).collect();
                    let upper =
                        reaches.iter().map(|r| r.from).find(|n| reaches.iter().all(|r| r.to != *n))?;
                    let towards = at(network.node(upper).place?);
                    Some(format!("[[decisions]]\nflow = {}\ntowards = {towards}\n", quoted(*pipe)))
                })
                .collect(),
        }
    }
}

/// The proposals as a layer of points.
pub(crate) fn repair_table(city: &City, defects: &[Defect], language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("rank", "Rank", "序号", Kind::Integer),
            ("kind", "Kind (code)", "类型代码", Kind::Text),
            ("text", "Proposed repair", "建议修复", Kind::Text),
            ("pipes", "Pipes gained", "可接通管段数", Kind::Integer),
            ("length_m", "Pipe gained (m)", "可接通管长(m)", Kind::Real),
            ("drainers", "Drainers gained", "可接通排水户数", Kind::Integer),
            ("confidence", "Confidence", "把握", Kind::Real),
            ("decisions", "For the project file", "项目文件写法", Kind::Text),
        ],
    );
    for (defect, repair) in defects.iter().zip(city.repairs(defects, language)) {
        rows.integer("rank", repair.rank as i64)
            .text("kind", repair.kind)
            .text("text", &repair.text)
            .integer("pipes", repair.gain.pipes as i64)
            .real("length_m", repair.gain.length_m)
            .integer("drainers", repair.gain.drainers as i64)
            .real("confidence", repair.confidence)
            .text("decisions", &repair.decisions);
        match defect.place {
            Some(place) => rows.shape([[place].as_slice()]),
            None => rows.shape([]),
        }
    }
    rows.table("repairs", language.pick("Repairs that matter most", "优先修复建议"), group, Look::Repairs)
}

/// An end that a repair moves.
struct Moved {
    from: Coord<f64>,
    to: Coord<f64>,
    /// The node that it comes to, if it is one that a record can name.
    node: Option<String>,
    text: String,
}

/// Within this of a node, a repair joins at the node, metres.
const AT_NODE: f64 = 0.5;

/// Sets the text of some rows of a column, which becomes one of texts if it must.
fn fill(column: &mut TableColumn, values: &HashMap<usize, String>) {
    if let Values::Integer(numbers) = &mut column.values {
        let parsed: Option<Vec<(usize, i64)>> =
            values.iter().map(|(row, text)| Some((*row, text.parse().ok()?))).collect();
        if let Some(parsed) = parsed {
            parsed.into_iter().for_each(|(row, value)| numbers[row] = Some(value));
            return;
        }
    }
    let text = |row: usize| -> String {
        if let Some(value) = values.get(&row) {
            return value.clone();
        }
        match &column.values {
            Values::Text(texts) => texts.at(row).to_owned(),
            Values::Integer(numbers) => numbers[row].map_or_else(String::new, |v| v.to_string()),
            Values::Real(numbers) if numbers[row].is_finite() => numbers[row].to_string(),
            _ => String::new(),
        }
    };
    column.values = Values::Text((0..column.values.len()).map(text).collect());
}

/// A copy of the pipe layers with the repairs made: free ends moved onto the pipe beyond their gap, and pipes that flow
/// the other way drawn along their new flow, their node ids and levels where they were on the ground. The column
/// `suyuan_repair` says what was done. Layers keep their names. With the copy come the indices of the defects that it cannot
/// mend, and that only a decision in a project file can: where node ids decide what meets, and no node stands at the joint;
/// where all its pipes are drawn as proposed already.
///
/// # Errors
/// [`crate::Error::NeedsSurvey`] for a prepared network.
pub fn repaired_package(
    city: &City,
    defects: &[Defect],
    language: Language,
) -> Result<(Package, Vec<usize>), crate::Error> {
    let survey = city.survey.as_ref().ok_or(crate::Error::NeedsSurvey { what: "--apply-repairs" })?;
    let network = &city.network;
    // Whether the line itself is turned, and what is said of it.
    let mut turned: HashMap<Origin, (bool, String)> = HashMap::new();
    let mut moved: HashMap<Origin, Vec<Moved>> = HashMap::new();
    let nearest = OnceCell::new();
    let mut left = Vec::new();
    for (n, (defect, repair)) in defects.iter().zip(city.repairs(defects, language)).enumerate() {
        match &defect.repair {
            Repair::Turn(pipes) => {
                let lines: Vec<_> = pipes.iter().filter_map(|p| Some((*p, turns_line(city, *p)?))).collect();
                if lines.is_empty() {
                    left.push(n);
                }
                for (pipe, line) in lines {
                    turned.insert(network.pipe(pipe).origin, (line, repair.text.clone()));
                }
            }
            Repair::Join(gap) => {
                let from = network.node(gap.node).place;
                let nearest = nearest.get_or_init(|| NearestPipe::new(network));
                let spot = from.and_then(|from| nearest.on_pipe(gap.beyond, from));
                let (Some(pipe), Some(from), Some(spot)) = (city.pipe_at(gap.node), from, spot) else {
                    left.push(n); // nothing to draw
                    continue;
                };
                let beyond = network.node(gap.beyond_node);
                let at_node =
                    beyond.place.is_some_and(|p| (p.x - spot.spot.x).hypot(p.y - spot.spot.y) <= AT_NODE);
                let node = at_node.then(|| beyond.name.to_owned());
                let origin = network.pipe(pipe).origin;
                let layer = &survey.layers[origin.layer as usize];
                let by_ids = [Field::FromNode, Field::ToNode]
                    .iter()
                    .any(|f| layer.text(*f, origin.row as usize).is_some());
                if by_ids && node.is_none() {
                    left.push(n);
                    continue;
                }
                let moves = moved.entry(origin).or_default();
                moves.push(Moved { from, to: spot.spot, node, text: repair.text });
            }
        }
    }
    let mut tables = Vec::new();
    for (index, layer) in survey.layers_of(Role::Pipes) {
        let origins: Vec<Origin> =
            (0..layer.len()).map(|row| Origin { layer: index, row: row as u32 }).collect();
        let mut shapes = Shapes::new(ShapeKind::Line);
        let mut done = TextColumn::default();
        let mut filled: HashMap<&str, HashMap<usize, String>> = HashMap::new();
        for origin in &origins {
            let mut parts: Vec<Vec<Coord<f64>>> =
                layer.shapes.parts(origin.row as usize).map(<[_]>::to_vec).collect();
            let mut texts: Vec<&str> = Vec::new();
            for Moved { from, to, node, text } in moved.get(origin).into_iter().flatten() {
                // The blank end of a record that names its nodes.
                let blank = [Field::FromNode, Field::ToNode]
                    .into_iter()
                    .filter(|f| layer.text(*f, origin.row as usize).is_none())
                    .find_map(|f| layer.source.fields.get(&f));
                if let (Some(column), Some(node)) = (blank, node) {
                    filled.entry(column).or_default().insert(origin.row as usize, node.clone());
                }
                // The end that the node is made of.
                let ends = parts.iter_mut().flat_map(|p| {
                    let last = p.len().saturating_sub(1);
                    p.iter_mut().enumerate().filter(move |(i, _)| *i == 0 || *i == last).map(|(_, c)| c)
                });
                let away = |c: &Coord<f64>| (c.x - from.x).hypot(c.y - from.y);
                if let Some(end) = ends.min_by(|a, b| away(a).total_cmp(&away(b))) {
                    *end = *to;
                    texts.push(text);
                }
            }
            if let Some((line, text)) = turned.get(origin) {
                if *line {
                    parts.reverse();
                    parts.iter_mut().for_each(|p| p.reverse());
                }
                texts.push(text);
            }
            shapes.push(parts.iter().map(Vec::as_slice));
            done.push(&texts.join(language.pick("; ", "；")));
        }
        // What stands for the two ends of a pipe changes places with them.
        let pairs = [
            (Field::FromNode, Field::ToNode),
            (Field::InvertFrom, Field::InvertTo),
            (Field::DepthFrom, Field::DepthTo),
            (Field::GroundFrom, Field::GroundTo),
        ];
        let mut swaps: HashMap<&str, &str> = HashMap::new();
        for (a, b) in pairs {
            if let (Some(a), Some(b)) = (layer.source.fields.get(&a), layer.source.fields.get(&b)) {
                swaps.insert(a, b);
                swaps.insert(b, a);
            }
        }
        let mut columns = attributes_of(city, &origins, |origin, name| {
            if turned.contains_key(origin) { swaps.get(name).copied().unwrap_or(name) } else { name }
        });
        for (name, values) in filled {
            if let Some(column) = columns.iter_mut().find(|c| c.name == name) {
                fill(column, &values);
            }
        }
        columns.push(TableColumn {
            name: "suyuan_repair".to_owned(),
            alias: language.pick("Repair", "修复说明").to_owned(),
            values: Values::Text(done),
        });
        let taken: Vec<&str> = tables.iter().map(|t: &Table| t.name.as_str()).collect();
        tables.push(Table {
            name: free_name(&layer.source.layer, &taken),
            title: layer.source.name(),
            group: language.pick("Repaired copy", "修复副本").to_owned(),
            look: Look::Network,
            shapes,
            columns,
        });
    }
    let package = Package {
        title: language.pick("suyuan repairs", "管网修复副本").to_owned(),
        crs: network.crs().clone(),
        language,
        focus: tables.first().map(|table| table.name.clone()),
        tables,
        run_info: run_info(city),
    };
    Ok((package, left))
}

/// The name of a layer, from which may be read what it carries, made one of a file and of a table that no other has.
fn free_name(layer: &str, taken: &[&str]) -> String {
    let plain = layer.replace(['/', '\\', ':'], "_");
    let name = if plain.is_empty() { "pipes" } else { plain.as_str() };
    // Neither SQLite nor Windows tells capitals.
    let is_free = |name: &String| !taken.iter().any(|t| t.to_lowercase() == name.to_lowercase());
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// Whether a copy turns the line of a pipe with the columns of its ends, so that it flows the other way; `None` where neither
/// is turned, since it is drawn the proposed way and nothing else tells its flow.
fn turns_line(city: &City, pipe: PipeId) -> Option<bool> {
    let reach = city.network.reaches_of(pipe).map(|r| city.network.reach(r)).next()?;
    match reach.basis {
        DirectionBasis::Surveyed => Some(true), // a sign goes with the record
        DirectionBasis::NodeIds => Some(reach.with_drawn),
        _ => reach.with_drawn.then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::free_name;

    #[test]
    fn layers_of_one_name_are_numbered() {
        assert_eq!(free_name("污水管线", &["mains"]), "污水管线");
        assert_eq!(free_name("Mains", &["mains", "mains_2"]), "Mains_3");
        assert_eq!(free_name("", &[]), "pipes");
        assert_eq!(free_name("sewer/foul", &[]), "sewer_foul");
    }
}
