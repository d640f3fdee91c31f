//! What is doubtful, counted.

use std::collections::BTreeMap;

use serde::Serialize;
use suyuan_core::{FindingCode, Language};

use suyuan_network::Defect;

use crate::city::City;
use crate::repair::RepairAnswer;

/// One kind of finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeCount {
    /// Its stable code.
    pub code: &'static str,
    /// Its severity.
    pub severity: &'static str,
    /// How many there are.
    pub count: usize,
    /// The sentence, unfilled.
    pub meaning: &'static str,
    /// The first of them, filled.
    pub example: String,
}

/// One layer as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerReport {
    /// What it is for.
    pub role: &'static str,
    /// The file.
    pub path: String,
    /// How many features it has.
    pub features: usize,
    /// Text encoding and how it was found.
    pub encoding: String,
    /// Its coordinate system.
    pub crs: String,
    /// Dialect and score.
    pub dialect: String,
    /// The dialect that fits nearly as well, and its score; empty where none does.
    pub runner_up: String,
    /// Columns that read like a survey's and were taken for no field.
    pub not_understood: Vec<String>,
    /// Which column was taken for which field.
    pub fields: BTreeMap<suyuan_core::raw::Field, String>,
}

/// What was read and built, and what is doubtful about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// `suyuan.check/1`.
    pub schema: &'static str,
    /// The coordinate system of the network.
    pub crs: String,
    /// Pipes in the network.
    pub pipes: usize,
    /// Reaches in the network.
    pub reaches: usize,
    /// Nodes in the network.
    pub nodes: usize,
    /// Parts of the network that nothing joins to each other.
    pub components: usize,
    /// Outfalls, and how many of them are joined.
    pub outfalls: [usize; 2],
    /// Drainers, and how many of them are joined.
    pub drainers: [usize; 2],
    /// Rows that could not be placed.
    pub unplaced: usize,
    /// The layers as they were understood.
    pub layers: Vec<LayerReport>,
    /// The defects that matter most: what a repair would let reach an outfall, the greatest gain
    /// to be expected first.
    pub repairs: Vec<RepairAnswer>,
    /// The findings, counted, most severe first.
    pub findings: Vec<CodeCount>,
}

impl City {
    /// What was read and built, and what is doubtful about it; `defects` as from [`City::defects`].
    #[must_use]
    pub fn check(&self, defects: &[Defect], language: Language) -> CheckReport {
        let mut counts: BTreeMap<(suyuan_core::Severity, FindingCode), (usize, String)> = BTreeMap::new();
        for finding in self.findings.iter() {
            let entry = counts
                .entry((finding.code.severity(), finding.code))
                .or_insert_with(|| (0, finding.message(language)));
            entry.0 += 1;
        }
        let layers = self.survey.iter().flat_map(|s| &s.layers).map(|l| LayerReport {
            role: l.role.key(),
            path: l.source.path.clone(),
            features: l.len(),
            encoding: l.source.encoding.clone(),
            crs: l.source.crs.clone(),
            dialect: l.source.dialect.clone(),
            runner_up: l.source.runner_up.clone(),
            not_understood: l.source.not_understood.clone(),
            fields: l.source.fields.clone(),
        });
        let network = &self.network;
        let outfalls = network.outfall_ids().map(|o| network.outfall(o).node.is_some());
        CheckReport {
            schema: "suyuan.check/1",
            crs: network.crs().name.clone(),
            pipes: network.pipe_count(),
            reaches: network.reach_count(),
            nodes: network.node_count(),
            components: network.component_count(),
            outfalls: [outfalls.len(), outfalls.filter(|joined| *joined).count()],
            drainers: [self.drainers.len(), self.drainers.iter().filter(|(_, d)| d.link.is_some()).count()],
            unplaced: network.unplaced().len(),
            layers: layers.collect(),
            repairs: self.repairs(defects, language),
            findings: counts
                .into_iter()
                .map(|((severity, code), (count, example))| CodeCount {
                    code: code.code(),
                    severity: severity.key(),
                    count,
                    meaning: code.template(language),
                    example,
                })
                .collect(),
        }
    }
}
