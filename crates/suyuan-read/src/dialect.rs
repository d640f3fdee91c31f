//! Dialects: which column of a survey means which field. Data files; a user adds one without code.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use suyuan_core::raw::{AttributeField, Field, Role};
use suyuan_core::{FlowMode, FlowSign, NodeKind, System};

use crate::error::ReadError;

/// The spellings of one kind of layer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct RoleTable {
    #[serde(flatten)]
    pub(crate) fields: BTreeMap<Field, Vec<String>>,
    #[serde(default)]
    pub(crate) systems: BTreeMap<String, System>,
    #[serde(default)]
    flows: BTreeMap<String, Flow>,
    #[serde(default)]
    pub(crate) modes: BTreeMap<String, FlowMode>,
    #[serde(default)]
    pub(crate) kinds: BTreeMap<String, NodeKind>,
    /// Words for the codes of a state: planned, in service, abandoned, …
    #[serde(default)]
    pub(crate) states: BTreeMap<String, String>,
    /// Whether the columns of nodes name the other pipe where an end joins one on its inside.
    #[serde(default)]
    pub(crate) ends_name_pipes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Flow {
    With,
    Against,
    Both,
}

impl RoleTable {
    pub(crate) fn flow(&self, text: &str) -> Option<FlowSign> {
        self.flows.get(text).map(|f| match f {
            Flow::With => FlowSign::WithDrawn,
            Flow::Against => FlowSign::AgainstDrawn,
            Flow::Both => FlowSign::Both,
        })
    }
}

/// A dialect.
#[doc(alias = "方言")]
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Dialect {
    /// Its name on the command line.
    pub name: String,
    /// What it is, in English.
    pub english: String,
    /// What it is, in Chinese.
    pub chinese: String,
    #[serde(flatten)]
    pub(crate) roles: BTreeMap<Role, RoleTable>,
}

/// Why a dialect cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct DialectError(String);

impl Dialect {
    /// Reads a dialect from TOML text.
    ///
    /// # Errors
    /// [`DialectError`] with the place that is wrong.
    pub fn parse(text: &str) -> Result<Self, DialectError> {
        toml::from_str(text).map_err(|e| DialectError(e.to_string().trim().replace('\n', " ")))
    }

    /// Reads a dialect from a file.
    ///
    /// # Errors
    /// [`ReadError::Open`] or [`ReadError::BadDialect`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|e| ReadError::BadDialect { path: path.to_owned(), what: e.to_string() })
    }

    /// Which columns it knows: for each role, field by field, the spellings.
    pub fn spellings(&self) -> impl Iterator<Item = (Role, Field, &[String])> {
        self.roles
            .iter()
            .flat_map(|(role, table)| table.fields.iter().map(|(f, s)| (*role, *f, s.as_slice())))
    }

    /// The columns of a layer that this dialect understands.
    pub(crate) fn matches(&self, role: Role, columns: &[AttributeField]) -> BTreeMap<Field, Vec<usize>> {
        let Some(table) = self.roles.get(&role) else { return BTreeMap::new() };
        table
            .fields
            .iter()
            .map(|(field, spellings)| {
                let found = spellings.iter().flat_map(|s| {
                    let exact = columns.iter().position(|c| plain(&c.name) == plain(s));
                    exact.or_else(|| columns.iter().position(|c| is_cut(&c.name, s)))
                });
                let mut found: Vec<usize> = found.collect();
                found.dedup();
                (*field, found)
            })
            .filter(|(_, found)| !found.is_empty())
            .collect()
    }
}

/// Case and separators aside.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | ' ' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

/// Whether a column name is a spelling cut at ten bytes: five Chinese characters in GBK, three in UTF-8.
fn is_cut(name: &str, spelling: &str) -> bool {
    let gbk: usize = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let full = (9..=10).contains(&gbk) || (8..=10).contains(&name.len());
    full && spelling.chars().count() > name.chars().count() && plain(spelling).starts_with(&plain(name))
}

/// Whether a column name is a spelling, whole or cut.
pub(crate) fn is_spelling(name: &str, spelling: &str) -> bool {
    plain(name) == plain(spelling) || is_cut(name, spelling)
}

/// How much a field says about which dialect it is.
pub(crate) fn weight(field: Field) -> f64 {
    match field {
        Field::FromNode | Field::ToNode => 3.0,
        Field::InvertFrom | Field::InvertTo | Field::DepthFrom | Field::DepthTo | Field::Pipe => 2.0,
        _ => 1.0,
    }
}

/// The dialects that ship with suyuan.
///
/// # Panics
/// Never: a test reads them all.
#[must_use]
pub fn shipped_dialects() -> Vec<Dialect> {
    [
        include_str!("../dialects/suyuan.toml"),
        include_str!("../dialects/zhejiang.toml"),
        include_str!("../dialects/cjj61.toml"),
        include_str!("../dialects/mohurd.toml"),
        include_str!("../dialects/pinyin.toml"),
        include_str!("../dialects/north-american.toml"),
        include_str!("../dialects/giswater.toml"),
        include_str!("../dialects/nhdplus.toml"),
        include_str!("../dialects/vsa-dss.toml"),
        include_str!("../dialects/teksi.toml"),
    ]
    .into_iter()
    .map(|text| Dialect::parse(text).expect("a shipped dialect is valid"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_dialects_are_valid_and_named_apart() {
        let dialects = shipped_dialects();
        let mut names: Vec<_> = dialects.iter().map(|d| d.name.clone()).collect();
        names.dedup();
        assert_eq!(names.len(), dialects.len());
        assert!(dialects.iter().all(|d| d.spellings().count() > 3));
    }

    #[test]
    fn names_cut_at_ten_bytes_are_known() {
        assert!(is_cut("起点管底高", "起点管底高程"));
        assert!(is_cut("起点管", "起点管底高程"));
        assert!(is_cut("UpstreamIn", "UPSTREAMINVERT"));
        assert!(!is_cut("起点", "起点点号"));
        assert!(!is_cut("ID", "IDENTITY"));
    }
}
