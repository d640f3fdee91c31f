//! Many records of any kind, decoded a page at a time when first asked for.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stored::flat::partition_point;
use crate::stored::{Flat, Sections, Stored, StoredError};

/// The records decoded together: few, since those that are asked for often lie apart, and a place for each page is kept in memory.
const PAGE: usize = 16;

/// Records in memory, or pages of them in [`Stored`] bytes.
#[derive(Debug, Clone)]
pub struct Paged<T>(Kind<T>);

#[derive(Debug, Clone)]
enum Kind<T> {
    Memory(Vec<T>),
    Stored { bytes: Flat<u8>, ends: Flat<u64>, len: usize, pages: Vec<OnceLock<Box<[T]>>> },
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self(Kind::Memory(Vec::new()))
    }
}

impl<T> From<Vec<T>> for Paged<T> {
    fn from(list: Vec<T>) -> Self {
        Self(Kind::Memory(list))
    }
}

impl<T: DeserializeOwned + PartialEq + Default> PartialEq for Paged<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// Pages ready to be stored.
#[derive(Debug, Default)]
pub struct PagedBytes {
    bytes: Vec<u8>,
    /// Where each page ends, after the number of records.
    ends: Vec<u64>,
}

impl<T> Paged<T> {
    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Memory(list) => list.len(),
            Kind::Stored { len, .. } => *len,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: DeserializeOwned + Default> Paged<T> {
    /// A record; an empty one where the bytes are damaged.
    ///
    /// # Panics
    /// If there is no such record.
    #[must_use]
    pub fn at(&self, index: usize) -> &T {
        match &self.0 {
            Kind::Memory(list) => &list[index],
            Kind::Stored { bytes, ends, len, pages } => {
                let page = pages[index / PAGE].get_or_init(|| {
                    let page = index / PAGE;
                    let from = if page == 0 { 0 } else { ends.at(page) as usize };
                    let to = ends.at(page + 1) as usize;
                    let bytes = if from <= to { bytes.slice(from..to) } else { &[] };
                    let count = PAGE.min(len - page * PAGE);
                    let mut records: Vec<T> = postcard::from_bytes(bytes).unwrap_or_default();
                    if records.len() != count {
                        ends.mark_damaged();
                    }
                    records.resize_with(count, T::default);
                    records.into_boxed_slice()
                });
                &page[index % PAGE]
            }
        }
    }

    /// Every record in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        (0..self.len()).map(|index| self.at(index))
    }

    /// How many records at the start meet a condition that no record after one that does not meets.
    pub fn partition_point(&self, meets: impl Fn(&T) -> bool) -> usize {
        partition_point(self.len(), |i| meets(self.at(i)))
    }

    /// Finds stored records again.
    ///
    /// # Errors
    /// As [`Stored::flat`].
    pub fn open(stored: &Arc<Stored>, name: &str) -> Result<Self, StoredError> {
        let ends: Flat<u64> = stored.flat(&format!("{name}.ends"))?;
        let wrong = || StoredError::Section(name.to_owned());
        let len = if ends.is_empty() { return Err(wrong()) } else { ends.at(0) as usize };
        if ends.len() != len.div_ceil(PAGE) + 1 {
            return Err(wrong());
        }
        let mut pages = Vec::new();
        pages.resize_with(len.div_ceil(PAGE), OnceLock::new);
        Ok(Self(Kind::Stored { bytes: stored.flat(name)?, ends, len, pages }))
    }
}

impl<T: Serialize + DeserializeOwned + Default> Paged<T> {
    /// The records as pages.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn encode(&self) -> Result<PagedBytes, postcard::Error> {
        let mut pages = PagedBytes { bytes: Vec::new(), ends: vec![self.len() as u64] };
        for from in (0..self.len()).step_by(PAGE) {
            let page: Vec<&T> = (from..self.len().min(from + PAGE)).map(|i| self.at(i)).collect();
            pages.bytes.extend(postcard::to_allocvec(&page)?);
            pages.ends.push(pages.bytes.len() as u64);
        }
        Ok(pages)
    }
}

impl PagedBytes {
    /// Adds the pages to what is to be stored, under a name and a name with `.ends`.
    pub fn put<'a>(&'a self, sections: &mut Sections<'a>, name: &str) {
        sections.put(name, &self.bytes);
        sections.put(&format!("{name}.ends"), bytemuck::cast_slice(&self.ends));
    }
}
