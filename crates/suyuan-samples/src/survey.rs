//! The survey as it was delivered: the true sewers with the faults that surveys have.

use std::collections::BTreeMap;

use geo_types::Coord;
use serde_json::{Value, json};

use crate::plan::{along, apart, on_map};
use crate::random::Random;
use crate::sewers::{Kind, Sewers};

/// A surveyed storm pipe: a row of the delivered file.
pub struct Row {
    pub id: String,
    /// Line on the map; empty for a row without geometry.
    pub line: Vec<Coord<f64>>,
    /// Recorded levels at the drawn start and end.
    pub levels: [f64; 2],
    pub diameter: i64,
    pub street: String,
}

/// The delivered storm pipes and what is wrong with them.
pub struct Survey {
    pub rows: Vec<Row>,
    pub faults: Vec<Value>,
    /// The pipe that ends in the wide gap.
    pub cut: usize,
}

/// The id in the delivered file: both halves of a tapped pipe are one there.
pub fn delivered_id(id: &str) -> &str {
    id.trim_end_matches(['a', 'b'])
}

fn fault(kind: &str, id: &str, at: Coord<f64>, english: &str, chinese: &str) -> Value {
    json!({"kind": kind, "layer": "YSLINE", "id": id, "x": at.x, "y": at.y, "en": english, "zh": chinese})
}

/// Draws the storm sewers as a survey delivers them; `spared` are the pipes above the flagged outfall, which no wide
/// gap may cut.
pub fn deliver(storm: &Sewers, spared: &[usize], random: &mut Random) -> Survey {
    let mut rows: Vec<Row> = Vec::new();
    let mut lower: BTreeMap<&str, usize> = BTreeMap::new();
    for (p, pipe) in storm.pipes.iter().enumerate().filter(|(_, p)| p.id.ends_with('b')) {
        lower.insert(delivered_id(&pipe.id), p);
    }
    let mut pipe_of_row = Vec::new();
    for (p, pipe) in storm.pipes.iter().enumerate().filter(|(_, p)| !p.id.ends_with('b')) {
        let id = delivered_id(&pipe.id);
        let to = lower.get(id).map_or(pipe.ends[1], |b| storm.pipes[*b].ends[1]);
        let (from, to) = (&storm.nodes[pipe.ends[0]], &storm.nodes[to]);
        pipe_of_row.push(p);
        rows.push(Row {
            id: id.to_owned(),
            line: vec![on_map(from.place), on_map(to.place)],
            levels: [from.level, to.level],
            diameter: pipe.diameter,
            street: pipe.street.clone(),
        });
    }
    let mut faults = Vec::new();
    let cut = (0..rows.len())
        .find(|r| {
            let pipe = pipe_of_row[*r];
            let above = storm.upstream(storm.pipes[pipe].ends[0]).len();
            !spared.contains(&pipe)
                && (8..40).contains(&above)
                && storm.pipes[pipe].id.ends_with(|c: char| c.is_ascii_digit())
        })
        .unwrap_or(0);
    let below = |pipe: usize| storm.nodes[storm.pipes[pipe].ends[1]].kind;
    for (r, row) in rows.iter_mut().enumerate() {
        let lead = storm.pipes[pipe_of_row[r]].lead;
        let (a, b) = (row.line[0], row.line[1]);
        let length = apart(a, b);
        if r == cut {
            row.line[1] = along(a, b, 1.0 - 2.6 / length);
            faults.push(fault(
                "gap",
                &row.id,
                b,
                "the line stops 2.6 m short of its manhole",
                "管线末端距检查井 2.6 米",
            ));
            continue;
        }
        if lead {
            // Leads are drawn to the edge of the pipe they tap, give or take.
            let short = if random.chance(0.3) { random.between(0.05, 0.2) } else { 0.0 };
            row.line[1] = along(a, b, 1.0 - short / length);
            faults.push(fault(
                "tap",
                &row.id,
                b,
                "meets a pipe in its middle, where no node stands",
                "接入其他管段中部，该处无管点",
            ));
            continue;
        }
        match random.between(0.0, 1.0) {
            x if x < 0.06 => {
                row.line.reverse();
                row.levels.reverse();
                faults.push(fault("reversed", &row.id, a, "drawn against the flow", "绘制方向与流向相反"));
            }
            x if x < 0.08 => {
                let end = random.below(2);
                row.levels[end] = if random.chance(0.5) { -99.0 } else { 0.0 };
                faults.push(fault(
                    "sentinel",
                    &row.id,
                    row.line[end],
                    "a placeholder stands for the level",
                    "高程为占位值",
                ));
            }
            x if x < 0.11 && below(pipe_of_row[r]) != Kind::Outfall => {
                let short = random.between(0.05, 0.3);
                row.line[1] = along(a, b, 1.0 - short / length);
                faults.push(fault(
                    "short",
                    &row.id,
                    b,
                    "the line stops a hand's width short",
                    "管线末端未到检查井",
                ));
            }
            _ => {}
        }
    }
    let (copied, point) = (rows.len() / 2, rows.len() / 3);
    let copy = |of: &Row, id: &str, line: Vec<Coord<f64>>| Row {
        id: id.to_owned(),
        line,
        levels: of.levels,
        diameter: of.diameter,
        street: of.street.clone(),
    };
    let twin = copy(&rows[copied], "YSGD9001", rows[copied].line.clone());
    let spot = rows[point].line[1];
    let dot = copy(&rows[point], "YSGD9002", vec![spot, spot]);
    let blank = copy(&rows[point], "YSGD9003", Vec::new());
    faults.push(fault(
        "duplicate",
        "YSGD9001",
        twin.line[0],
        "the same line as another pipe",
        "与另一管段重合",
    ));
    faults.push(fault("no length", "YSGD9002", spot, "a line without length", "管线长度为零"));
    faults.push(fault("no geometry", "YSGD9003", spot, "a row without geometry", "记录没有图形"));
    rows.extend([twin, dot, blank]);
    Survey { rows, faults, cut: pipe_of_row[cut] }
}
