//! Many short texts.

use std::sync::Arc;

use crate::stored::{Flat, Sections, Stored, StoredError};
use crate::text::TextColumn;

/// A [`TextColumn`] that may be stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Texts {
    bytes: Flat<u8>,
    ends: Flat<u32>,
}

impl From<TextColumn> for Texts {
    fn from(column: TextColumn) -> Self {
        let (bytes, ends) = column.into_parts();
        Self { bytes: bytes.into_bytes().into(), ends: ends.into() }
    }
}

impl Texts {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row; blank where the bytes are damaged.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn at(&self, row: usize) -> &str {
        let from = if row == 0 { 0 } else { self.ends.at(row - 1) as usize };
        let to = self.ends.at(row) as usize;
        // Damaged ends may be in any order.
        if from > to {
            return "";
        }
        std::str::from_utf8(self.bytes.slice(from..to)).unwrap_or_default()
    }

    /// Every text in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|row| self.at(row))
    }

    /// Adds the texts to what is to be stored, under a name and a name with `.ends`.
    pub fn put<'a>(&'a self, sections: &mut Sections<'a>, name: &str) {
        sections.put_flat(name, &self.bytes);
        sections.put_flat(&format!("{name}.ends"), &self.ends);
    }

    /// Finds them again.
    ///
    /// # Errors
    /// As [`Stored::flat`].
    pub fn open(stored: &Arc<Stored>, name: &str) -> Result<Self, StoredError> {
        Ok(Self { bytes: stored.flat(name)?, ends: stored.flat(&format!("{name}.ends"))? })
    }
}
