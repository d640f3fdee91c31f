//! Many traces as the rows of one table: a row a start and pipe, or a row a start.

use std::collections::HashMap;

use suyuan_core::raw::ShapeKind;
use suyuan_core::{Certainty, Language};
use suyuan_export::{TableColumn, Values};

use crate::answer::{TraceAnswer, round};
use crate::city::City;
use crate::rows::{Kind, Rows};

/// What a row of a table of traces is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceRows {
    /// A start and a pipe that drains to it, or that doubtful directions might add.
    Pipes,
    /// A start, with what its answer comes to.
    Starts,
}

const PIPES: [(&str, &str, &str, Kind); 7] = [
    ("ref", "As given", "给定起点", Kind::Text),
    ("kind", "Kind of start", "起点类型", Kind::Text),
    ("id", "Id of the start", "起点编号", Kind::Text),
    ("pipe", "Pipe", "管段编号", Kind::Text),
    ("certainty", "Certainty", "可信度", Kind::Text),
    ("distance_m", "Pipe to the start (m)", "至起点管长(m)", Kind::Real),
    ("why", "Why it could not be traced", "未能溯源的原因", Kind::Text),
];

const STARTS: [(&str, &str, &str, Kind); 22] = [
    ("ref", "As given", "给定起点", Kind::Text),
    ("kind", "Kind of start", "起点类型", Kind::Text),
    ("id", "Id of the start", "起点编号", Kind::Text),
    ("x", "East (m)", "东坐标(m)", Kind::Real),
    ("y", "North (m)", "北坐标(m)", Kind::Real),
    ("snap_m", "Moved onto the network (m)", "距管网(m)", Kind::Real),
    ("direction", "Direction", "方向", Kind::Text),
    ("pipes", "Pipes", "管段数", Kind::Integer),
    ("certain_pipes", "Certain pipes", "确定管段数", Kind::Integer),
    ("possible_pipes", "Possible pipes", "可能增加管段数", Kind::Integer),
    ("nodes", "Nodes", "管点数", Kind::Integer),
    ("length_m", "Length of pipe (m)", "管长(m)", Kind::Real),
    ("stops", "Ends of branches", "支线终点数", Kind::Integer),
    ("drainers", "Drainers", "排水户数", Kind::Integer),
    ("candidate", "Likeliest drainer", "首位疑似源", Kind::Text),
    ("candidate_name", "Its name", "首位疑似源名称", Kind::Text),
    ("candidate_layer", "Its layer", "首位疑似源图层", Kind::Text),
    ("candidate_probability", "Its probability", "首位疑似源概率", Kind::Real),
    ("candidate_distance_m", "Pipe from it to the start (m)", "首位疑似源管长(m)", Kind::Real),
    ("candidate_share", "Share of its flow arriving", "首位疑似源到达份额", Kind::Real),
    ("findings", "Findings", "数据疑点数", Kind::Integer),
    ("why", "Why it could not be traced", "未能溯源的原因", Kind::Text),
];

impl TraceRows {
    /// The columns, without rows.
    #[must_use]
    pub fn columns(self, language: Language) -> Vec<TableColumn> {
        self.empty(language).into_columns()
    }

    fn empty(self, language: Language) -> Rows {
        let columns: &[_] = match self {
            Self::Pipes => &PIPES,
            Self::Starts => &STARTS,
        };
        Rows::new(ShapeKind::None, language, columns)
    }

    /// The rows of an answer, values for each column.
    ///
    /// # Shape
    /// Of [`TraceRows::Pipes`], the pipes in the order of the answer, each once, then those that doubtful directions might add, with
    /// `possible` for certainty and no distance. A start without any pipe has one row without a pipe.
    #[must_use]
    pub fn of(self, city: &City, answer: &TraceAnswer) -> Vec<Values> {
        let mut rows = self.empty(Language::English);
        match self {
            Self::Pipes => pipes(&mut rows, city, answer),
            Self::Starts => start(&mut rows, answer),
        }
        values(rows)
    }

    /// The row of a start that could not be traced.
    #[must_use]
    pub fn not_traced(self, reference: &str, why: &str) -> Vec<Values> {
        let mut rows = self.empty(Language::English);
        let columns: &[_] = match self {
            Self::Pipes => &PIPES,
            Self::Starts => &STARTS,
        };
        for (name, _, _, kind) in columns {
            match (*name, kind) {
                ("ref", _) => rows.text(name, reference),
                ("why", _) => rows.text(name, why),
                (_, Kind::Text) => rows.text(name, ""),
                (_, Kind::Real) => rows.exact(name, f64::NAN),
                (_, Kind::Integer) => rows.unknown(name),
            };
        }
        values(rows)
    }
}

fn values(rows: Rows) -> Vec<Values> {
    rows.into_columns().into_iter().map(|column| column.values).collect()
}

fn pipes(rows: &mut Rows, city: &City, answer: &TraceAnswer) {
    let network = &city.network;
    // Several pipes of one id are told once: as the nearest, and the most certain of them.
    let mut by_name: HashMap<&str, (Certainty, f64)> = HashMap::with_capacity(answer.pipes.len());
    for step in &answer.trace.steps {
        let certainty = answer.trace.certainty(network, step);
        let known = by_name.entry(network.pipe_name(network.reach(step.reach).pipe));
        let known = known.or_insert((certainty, step.distance));
        *known = (known.0.min(certainty), known.1.min(step.distance));
    }
    let mut row = |pipe: &str, certainty: &str, distance: f64| {
        let start = &answer.start;
        rows.text("ref", &start.reference).text("kind", &start.kind).text("id", &start.id);
        rows.text("pipe", pipe)
            .text("certainty", certainty)
            .exact("distance_m", round(distance, 3))
            .text("why", "");
    };
    for pipe in &answer.pipes {
        let (certainty, distance) =
            by_name.get(pipe.as_str()).copied().unwrap_or((Certainty::Unknown, f64::NAN));
        row(pipe, certainty.key(), distance);
    }
    for pipe in &answer.possible_pipes {
        row(pipe, "possible", f64::NAN);
    }
    if answer.pipes.is_empty() && answer.possible_pipes.is_empty() {
        row("", "", f64::NAN);
    }
}

fn start(rows: &mut Rows, answer: &TraceAnswer) {
    let start = &answer.start;
    let first = answer.candidates.first();
    let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
    rows.text("ref", &start.reference)
        .text("kind", &start.kind)
        .text("id", &start.id)
        .exact("x", number(start.x))
        .exact("y", number(start.y))
        .exact("snap_m", start.snap_m)
        .text("direction", answer.direction)
        .integer("pipes", answer.pipes.len() as i64)
        .integer("certain_pipes", answer.certain_pipes.len() as i64)
        .integer("possible_pipes", answer.possible_pipes.len() as i64)
        .integer("nodes", answer.nodes as i64)
        .exact("length_m", answer.length_m)
        .integer("stops", answer.stops.len() as i64)
        .integer("drainers", answer.drainers.len() as i64)
        .text("candidate", first.map_or("", |c| &c.drainer))
        .text("candidate_name", first.map_or("", |c| &c.name))
        .text("candidate_layer", first.map_or("", |c| &c.layer))
        .exact("candidate_probability", number(first.map(|c| c.probability)))
        .exact("candidate_distance_m", number(first.map(|c| c.distance_m)))
        .exact("candidate_share", number(first.map(|c| c.share)))
        .integer("findings", answer.findings as i64)
        .text("why", "");
}
