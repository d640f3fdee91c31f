//! Everything doubtful about a city: found while reading and building, or kept in a prepared file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use suyuan_core::stored::{Flat, Lookup, Paged, PagedBytes, Sections, Stored, StoredError};
use suyuan_core::{Finding, FindingCode, Origin};

/// A finding in a page; one that says nothing where the bytes are damaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row(Finding);

impl Default for Row {
    fn default() -> Self {
        Self(Finding::new(FindingCode::RowsMissing))
    }
}

/// Findings in the order they are told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    rows: Paged<Row>,
    codes: Flat<u16>,
    /// Which findings are about each layer and row.
    about: Lookup<[u32; 2], u32>,
}

impl From<Vec<Finding>> for Findings {
    fn from(findings: Vec<Finding>) -> Self {
        let key = |(i, f): (usize, &Finding)| Some(([u32::from(f.origin?.layer), f.origin?.row], i as u32));
        let about: Vec<([u32; 2], u32)> = findings.iter().enumerate().filter_map(key).collect();
        Self {
            codes: findings.iter().map(|f| f.code as u16).collect(),
            rows: findings.into_iter().map(Row).collect::<Vec<_>>().into(),
            about: about.into(),
        }
    }
}

impl Findings {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A finding by its place in the order.
    ///
    /// # Panics
    /// If there is no such finding.
    #[must_use]
    pub fn at(&self, index: usize) -> &Finding {
        &self.rows.at(index).0
    }

    /// Every finding in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Finding> {
        self.rows.iter().map(|row| &row.0)
    }

    /// Those of one code, in order.
    pub fn of_code(&self, code: FindingCode) -> impl Iterator<Item = &Finding> {
        let codes = self.codes.all().iter().enumerate();
        codes.filter(move |(_, c)| **c == code as u16).map(|(i, _)| self.at(i))
    }

    /// How many there are of one code.
    #[must_use]
    pub fn count(&self, code: FindingCode) -> usize {
        self.codes.all().iter().filter(|c| **c == code as u16).count()
    }

    /// Which findings are about a row of the survey, rising. O(log n).
    #[must_use]
    pub fn about(&self, origin: Origin) -> &[u32] {
        self.about.of([u32::from(origin.layer), origin.row])
    }

    pub(crate) fn encode(&self) -> Result<PagedBytes, postcard::Error> {
        self.rows.encode()
    }

    pub(crate) fn put<'a>(&'a self, pages: &'a PagedBytes, sections: &mut Sections<'a>) {
        pages.put(sections, "findings");
        sections.put_flat("findings.code", &self.codes);
        self.about.put(sections, "findings.about");
    }

    pub(crate) fn open(stored: &Arc<Stored>) -> Result<Self, StoredError> {
        Ok(Self {
            rows: Paged::open(stored, "findings")?,
            codes: stored.flat("findings.code")?,
            about: Lookup::open(stored, "findings.about")?,
        })
    }
}
