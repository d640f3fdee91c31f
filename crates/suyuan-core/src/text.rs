//! Many short texts in one allocation.

use serde::{Deserialize, Serialize};

/// A column of texts: one buffer and the places where each text ends. Four bytes a text beside the text itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextColumn {
    bytes: String,
    ends: Vec<u32>,
}

impl TextColumn {
    /// An empty column with room for `rows` texts.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self { bytes: String::with_capacity(rows * 8), ends: Vec::with_capacity(rows) }
    }

    /// Adds a text at the end.
    ///
    /// # Panics
    /// If the texts together exceed 4 GiB.
    #[inline]
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(u32::try_from(self.bytes.len()).expect("a column of texts is below 4 GiB"));
    }

    /// Adds the texts of another column at the end.
    ///
    /// # Panics
    /// If the texts together exceed 4 GiB.
    pub fn append(&mut self, other: &Self) {
        let before = self.bytes.len();
        self.bytes.push_str(&other.bytes);
        u32::try_from(self.bytes.len()).expect("a column of texts is below 4 GiB");
        self.ends.extend(other.ends.iter().map(|end| before as u32 + end));
    }

    /// The text of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[inline]
    pub fn at(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..self.ends[row] as usize]
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes the texts have together; 4 GiB are the most.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The buffer and the places where each text ends.
    #[must_use]
    pub fn into_parts(self) -> (String, Vec<u32>) {
        (self.bytes, self.ends)
    }

    /// Every text in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|row| self.at(row))
    }
}

impl<'a> FromIterator<&'a str> for TextColumn {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(text);
        }
        column
    }
}

impl FromIterator<String> for TextColumn {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(&text);
        }
        column
    }
}
