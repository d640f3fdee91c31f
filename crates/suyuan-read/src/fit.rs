//! How well dialects fit a layer: to choose one, and to show an analyst what each understands.

use std::collections::BTreeMap;

use serde::Serialize;
use suyuan_core::raw::{AttributeField, Attributes, Field, Role, ShapeKind, Value};

use crate::dialect::{Dialect, is_spelling, shipped_dialects, weight};
use crate::error::ReadError;
use crate::open::open_layers;
use crate::spec::{LayerSpec, ReadOptions};

/// A dialect that understands at least this much of what the best one does is its rival.
const CLOSE: f64 = 0.7;
/// How column names of a survey begin or end, where no dialect has the whole name; Chinese ones may stand anywhere.
const TELLING: [&str; 17] = [
    "invert",
    "elev",
    "elevation",
    "depth",
    "diam",
    "diameter",
    "upstream",
    "downstream",
    "manhole",
    "高程",
    "标高",
    "埋深",
    "管径",
    "点号",
    "井号",
    "流向",
    "管底",
];

/// A dialect with how much of a layer it understands.
pub(crate) struct Ranked<'a> {
    pub(crate) dialect: &'a Dialect,
    /// The weight of the fields it finds.
    weight: f64,
    /// The share of its fields that it finds, 0 to 1.
    pub(crate) share: f64,
}

impl Ranked<'_> {
    /// Name and score, as shown.
    pub(crate) fn label(&self) -> String {
        format!("{} {:.2}", self.dialect.name, self.share)
    }
}

/// Dialects that know something of a layer, best first: by the weight of the fields they find, in a tie by the share of
/// their own fields that these are. One that is asked for stands alone.
pub(crate) fn rank<'a>(
    role: Role,
    columns: &[AttributeField],
    dialects: &'a [Dialect],
    asked: Option<&str>,
) -> Result<Vec<Ranked<'a>>, ReadError> {
    let ranked = |dialect: &'a Dialect| {
        let table = dialect.roles.get(&role);
        let found = dialect.matches(role, columns);
        let all: f64 = table.map_or(0.0, |t| t.fields.keys().map(|f| weight(*f)).sum());
        let own: f64 = found.keys().map(|f| weight(*f)).sum();
        let share = found.len() as f64 / table.map_or(1, |t| t.fields.len().max(1)) as f64;
        Ranked { dialect, weight: if all > 0.0 { own + own / all / 100.0 } else { 0.0 }, share }
    };
    if let Some(name) = asked {
        let found = dialects.iter().find(|d| d.name == name).ok_or_else(|| ReadError::UnknownDialect {
            dialect: name.to_owned(),
            known: dialects.iter().map(|d| d.name.clone()).collect(),
        })?;
        return Ok(vec![ranked(found)]);
    }
    let mut all: Vec<Ranked> = dialects.iter().map(ranked).filter(|r| r.weight > 0.0).collect();
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    Ok(all)
}

/// The dialect that fits nearly as well as the best, empty where none does.
pub(crate) fn runner_up(ranked: &[Ranked]) -> String {
    match ranked {
        [best, next, ..] if next.weight >= CLOSE * best.weight => next.label(),
        _ => String::new(),
    }
}

/// Columns that hold something, read like a survey's, and stand for no field: spelt by some dialect for a field that the
/// layer lacks, or with a telling piece in their name. Another spelling of a field that was found is no loss. Of a layer
/// without any field that was understood, all of them.
pub(crate) fn not_understood(
    role: Role,
    attributes: &dyn Attributes,
    rows: &[u32],
    fields: &BTreeMap<Field, String>,
    dialects: &[Dialect],
) -> Vec<String> {
    let telling = |name: &str| {
        let name = name.to_lowercase();
        let anywhere = |piece: &str| !piece.is_ascii() && name.contains(piece);
        TELLING.iter().any(|piece| name.starts_with(piece) || name.ends_with(piece) || anywhere(piece))
    };
    let mut left = Vec::new();
    for (at, column) in attributes.fields().iter().enumerate() {
        if fields.values().any(|taken| *taken == column.name) {
            continue;
        }
        let spelt: Vec<(Role, Field)> = dialects
            .iter()
            .flat_map(Dialect::spellings)
            .filter(|(_, _, spellings)| spellings.iter().any(|s| is_spelling(&column.name, s)))
            .map(|(role, field, _)| (role, field))
            .collect();
        let known = |s: &(Role, Field)| s.0 == role && fields.contains_key(&s.1);
        let lacking = spelt.iter().any(|s| s.0 == role);
        if spelt.iter().any(known) || !(fields.is_empty() || lacking || telling(&column.name)) {
            continue;
        }
        let holds = |row: &u32| match attributes.value(*row as usize, at) {
            Value::Null => false,
            Value::Text(text) => !text.trim().is_empty(),
            _ => true,
        };
        if rows.iter().any(holds) {
            left.push(column.name.clone());
        }
    }
    left
}

/// How a dialect fits a layer that is read for a role.
#[doc(alias = "方言匹配")]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DialectFit {
    /// What the layer is read for.
    pub role: Role,
    /// The dialect's name.
    pub dialect: String,
    /// The share of its fields that the layer has, 0 to 1.
    pub score: f64,
    /// The columns that it knows, the likeliest first, by field.
    pub fields: BTreeMap<Field, Vec<String>>,
}

/// The columns of a layer, and how the dialects fit them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerFit {
    /// The layer's name.
    pub layer: String,
    /// How many features it has.
    pub features: usize,
    /// Its columns.
    pub columns: Vec<String>,
    /// The dialects for each role that its shapes can have, best first within a role.
    pub fits: Vec<DialectFit>,
}

/// How every dialect fits a layer, or the layers of a file that gives several, for each role that its shapes can have.
///
/// # Errors
/// A [`ReadError`] where the file or a dialect file cannot be used.
pub fn dialect_fits(spec: &LayerSpec, options: &ReadOptions) -> Result<Vec<LayerFit>, ReadError> {
    let mut dialects = shipped_dialects();
    for path in &options.dialect_files {
        dialects.insert(0, Dialect::read(path)?);
    }
    let mut found = Vec::new();
    for layer in open_layers(spec, options)? {
        let roles: &[Role] = match layer.shapes.kind() {
            ShapeKind::Line => &[Role::Pipes, Role::Laterals, Role::Waters],
            ShapeKind::Point => &[Role::Nodes, Role::Outfalls, Role::Drainers, Role::Venues],
            ShapeKind::Polygon => &[Role::Drainers, Role::Waters, Role::Venues],
            ShapeKind::None => &[Role::Pipes, Role::Nodes, Role::Outfalls, Role::Drainers],
        };
        let columns = layer.attributes.fields();
        let mut fits = Vec::new();
        for role in roles {
            for ranked in rank(*role, columns, &dialects, None)? {
                let names = |at: Vec<usize>| at.into_iter().map(|i| columns[i].name.clone()).collect();
                let matches = ranked.dialect.matches(*role, columns);
                fits.push(DialectFit {
                    role: *role,
                    dialect: ranked.dialect.name.clone(),
                    score: ranked.share,
                    fields: matches.into_iter().map(|(field, at)| (field, names(at))).collect(),
                });
            }
        }
        found.push(LayerFit {
            layer: layer.name.clone(),
            features: layer.shapes.len(),
            columns: columns.iter().map(|c| c.name.clone()).collect(),
            fits,
        });
    }
    Ok(found)
}
