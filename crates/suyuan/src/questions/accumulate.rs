//! How much of something lies upstream.

use std::collections::BTreeSet;

use serde::Serialize;
use suyuan_core::Language;
use suyuan_core::raw::{Role, ShapeKind, Value};
use suyuan_export::{Look, Package};
use suyuan_network::{NodeId, PipeId, PlaceKind, ReachId};
use suyuan_trace::{Amounts, accumulate, accumulate_by_shares};

use super::find_all;
use crate::answer::{StartAnswer, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::package::{lies_around, run_info};
use crate::places::Places;
use crate::rows::{Kind, Rows, attributes};

/// What is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountOf {
    /// Metres of pipe.
    Length,
    /// Pipes; of a pipe that others join on its inside each stretch counts by its length.
    Pipes,
    /// Drainers.
    Drainers,
    /// A column of numbers of the pipe layers, shared out over a pipe by length.
    Field(String),
}

impl AmountOf {
    /// Understands `length`, `pipes`, `drainers`, or the name of a column.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "length" => Self::Length,
            "pipes" => Self::Pipes,
            "drainers" => Self::Drainers,
            other => Self::Field(other.to_owned()),
        }
    }

    /// The word or the column's name.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Length => "length",
            Self::Pipes => "pipes",
            Self::Drainers => "drainers",
            Self::Field(name) => name,
        }
    }
}

/// How much comes to a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceAmount {
    /// The place.
    pub place: StartAnswer,
    /// The node that is asked; of a place inside a pipe the one above it.
    pub node: String,
    /// How much.
    pub amount: f64,
}

/// How much of something lies upstream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccumulateAnswer {
    /// `suyuan.accumulate/1`.
    pub schema: &'static str,
    /// What is added up.
    pub of: String,
    /// `once`: each amount counts once. `shares`: each node hands on in equal parts.
    pub method: &'static str,
    /// All there is on pipes that are open and at nodes.
    pub total: f64,
    /// How many pipes have no number in the column.
    pub unknown: usize,
    /// The places asked for, in the order given; without any, every outfall that is joined, in order.
    pub places: Vec<PlaceAmount>,
    /// How much comes to the lower end of each reach over it, in order.
    #[serde(skip)]
    pub reaches: Vec<f64>,
}

/// Amounts at nodes and on reaches, and the pipes of which they are unknown.
struct Found {
    nodes: Vec<f64>,
    reaches: Vec<f64>,
    unknown: usize,
}

impl City {
    /// How much of something lies upstream of some places (of every outfall, if none is given), each amount counted once; or
    /// with `by_shares` how much comes to them if each node hands on all it has in equal parts.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there; [`Error::NoNumbers`] for a column that no
    /// pipe layer has, or that holds no number; [`Error::NeedsSurvey`] for a column of a prepared network.
    ///
    /// # Complexity
    /// As [`accumulate`] and [`accumulate_by_shares`].
    pub fn accumulate(
        &self,
        of: &AmountOf,
        by_shares: bool,
        at: &[String],
        asked: &Asked,
    ) -> Result<AccumulateAnswer, Error> {
        let network = &self.network;
        let places = Places::new(self);
        let wanted = if at.is_empty() {
            let joined = network.outfall_ids().filter_map(|o| {
                let row = network.outfall(o);
                let place = suyuan_network::Place { snap: row.snap, ..network.place_of_node(row.node?) };
                Some((
                    place,
                    StartAnswer::of(format!("outfall:{}", row.id), &place, "outfall", row.id.clone()),
                ))
            });
            joined.collect()
        } else {
            find_all(&places, at, asked.max_snap)?
        };
        let found = self.amounts(of)?;
        let amounts = Amounts { nodes: &found.nodes, reaches: &found.reaches };
        let question = if by_shares { accumulate_by_shares } else { accumulate };
        let bad = |_| Error::NoNumbers { field: of.key().to_owned() };
        let sums = question(network, &amounts, &asked.barriers).map_err(bad)?;
        let barred: BTreeSet<PipeId> = asked.barriers.pipes.iter().copied().collect();
        let barriers: BTreeSet<NodeId> = asked.barriers.nodes.iter().copied().collect();
        let open = |reach: &ReachId| network.is_open(*reach) && !barred.contains(&network.reach(*reach).pipe);
        let own = |reach: ReachId| found.reaches.get(reach.index()).copied().unwrap_or(0.0);
        let through = |reach: ReachId| {
            if !open(&reach) {
                return 0.0;
            }
            let row = network.reach(reach);
            // A barrier hands on its own amount alone.
            let above = if barriers.contains(&row.from) {
                found.nodes.get(row.from.index()).copied().unwrap_or(0.0)
            } else {
                sums[row.from.index()]
            };
            if !by_shares {
                return above + own(reach);
            }
            let onward = |r: &&ReachId| open(r) && network.reach(**r).to != row.from;
            let parts = network.outgoing(row.from).iter().filter(onward).count().max(1);
            above / parts as f64 + own(reach)
        };
        let on_pipes: f64 = network.reach_ids().filter(open).map(own).fold(0.0, |a, b| a + b);
        let total = found.nodes.iter().fold(on_pipes, |a, b| a + b);
        let place_amounts = wanted.into_iter().map(|(place, told)| {
            let node: NodeId = match place.kind {
                PlaceKind::Node(node) => node,
                PlaceKind::Reach { reach, .. } => network.reach(reach).from,
            };
            let amount = round(sums[node.index()], 3);
            PlaceAmount { place: told, node: network.node(node).name.to_owned(), amount }
        });
        self.intact(AccumulateAnswer {
            schema: "suyuan.accumulate/1",
            of: of.key().to_owned(),
            method: if by_shares { "shares" } else { "once" },
            total: round(total, 3),
            unknown: found.unknown,
            places: place_amounts.collect(),
            reaches: network.reach_ids().map(through).collect(),
        })
    }

    fn amounts(&self, of: &AmountOf) -> Result<Found, Error> {
        let network = &self.network;
        let mut found = Found { nodes: Vec::new(), reaches: Vec::new(), unknown: 0 };
        // The part that a reach is of its pipe.
        let part = |reach: ReachId| {
            let pipe = network.reach(reach).pipe;
            let (length, all) = (network.reach(reach).length(), network.pipe_length(pipe));
            if all > 0.0 { length / all } else { 1.0 / network.reaches_of(pipe).len() as f64 }
        };
        match of {
            AmountOf::Length => {
                found.reaches = network.reach_ids().map(|r| network.reach(r).length()).collect();
            }
            AmountOf::Pipes => found.reaches = network.reach_ids().map(part).collect(),
            AmountOf::Drainers => {
                found.nodes = network.node_ids().map(|n| self.drainers.at_node(n).len() as f64).collect();
                found.reaches = network.reach_ids().map(|r| self.drainers.on_reach(r).len() as f64).collect();
            }
            AmountOf::Field(name) => {
                let numbers = self.numbers(name)?;
                found.unknown = numbers.iter().filter(|v| !v.is_finite()).count();
                let of_pipe = |reach| {
                    let number = numbers[network.reach(reach).pipe.index()];
                    if number.is_finite() { number * part(reach) } else { 0.0 }
                };
                found.reaches = network.reach_ids().map(of_pipe).collect();
            }
        }
        Ok(found)
    }

    /// The numbers of the pipes in a column of the survey, `NaN` where there is none.
    fn numbers(&self, name: &str) -> Result<Vec<f64>, Error> {
        let survey = self.survey.as_ref().ok_or(Error::NeedsSurvey { what: "--of" })?;
        let fields: Vec<Option<usize>> = survey
            .layers
            .iter()
            .map(|layer| {
                let of_pipes = layer.role == Role::Pipes;
                let mut names = layer.attributes.fields().iter();
                names.position(|f| of_pipes && f.name.eq_ignore_ascii_case(name))
            })
            .collect();
        let number = |pipe| {
            let origin = self.network.pipe(pipe).origin;
            let Some(field) = fields[origin.layer as usize] else { return f64::NAN };
            match survey.layers[origin.layer as usize].attributes.value(origin.row as usize, field) {
                Value::Integer(v) => v as f64,
                Value::Real(v) => v,
                Value::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
                _ => f64::NAN,
            }
        };
        let numbers: Vec<f64> = self.network.pipe_ids().map(number).collect();
        if numbers.iter().any(|v| v.is_finite()) {
            return Ok(numbers);
        }
        Err(Error::NoNumbers { field: name.to_owned() })
    }
}

/// Every pipe with how much comes to its lower end, as a layer.
#[must_use]
pub fn accumulate_package(city: &City, answer: &AccumulateAnswer, language: Language) -> Package {
    let network = &city.network;
    let mut rows = Rows::new(
        ShapeKind::Line,
        language,
        &[
            ("pipe", "Pipe", "管段编号", Kind::Text),
            ("from_node", "Upper node", "上游管点", Kind::Text),
            ("to_node", "Lower node", "下游管点", Kind::Text),
            ("system", "System", "排水系统", Kind::Text),
            ("amount", "Comes to its lower end", "至下端累计量", Kind::Real),
        ],
    );
    let mut origins = Vec::new();
    for (id, amount) in network.reach_ids().zip(&answer.reaches) {
        let reach = network.reach(id);
        rows.text("pipe", network.pipe_name(reach.pipe))
            .text("from_node", network.node(reach.from).name)
            .text("to_node", network.node(reach.to).name)
            .text("system", network.pipe(reach.pipe).system.key())
            .real("amount", *amount);
        let line = network.line_along_flow(id);
        if line.len() < 2 {
            rows.shape([]);
        } else {
            rows.shape([line.as_slice()]);
        }
        origins.push(network.pipe(reach.pipe).origin);
    }
    let title = language.pick("Accumulated", "累计量");
    let mut table = rows.table("accumulated", title, title, Look::Amounts);
    table.columns.extend(attributes(city, &origins));
    let mut tables = vec![table];
    let drawn = vec![true; network.reach_count()];
    tables.extend(lies_around(city, &tables, &drawn, language));
    Package {
        title: format!("{} {}", language.pick("suyuan accumulate", "上游累计"), answer.of),
        crs: network.crs().clone(),
        language,
        tables,
        focus: Some("accumulated".to_owned()),
        run_info: run_info(city),
    }
}
