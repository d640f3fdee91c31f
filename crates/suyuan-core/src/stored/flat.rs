//! One array of plain numbers.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;

use crate::stored::Stored;

/// An array in memory, or a section of [`Stored`] bytes.
///
/// Damaged bytes read as zeros, or as fewer entries; see [`Stored::is_damaged`].
#[derive(Debug, Clone)]
pub struct Flat<T>(Kind<T>);

#[derive(Debug, Clone)]
enum Kind<T> {
    Memory(Vec<T>),
    Stored(Arc<Stored>, Range<usize>),
}

impl<T> Default for Flat<T> {
    fn default() -> Self {
        Self(Kind::Memory(Vec::new()))
    }
}

impl<T> From<Vec<T>> for Flat<T> {
    fn from(list: Vec<T>) -> Self {
        Self(Kind::Memory(list))
    }
}

impl<T> FromIterator<T> for Flat<T> {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        list.into_iter().collect::<Vec<T>>().into()
    }
}

/// Bit by bit: what is not a number equals itself.
impl<T: Pod> PartialEq for Flat<T> {
    fn eq(&self, other: &Self) -> bool {
        bytemuck::cast_slice::<T, u8>(self.all()) == bytemuck::cast_slice::<T, u8>(other.all())
    }
}

impl<T: Pod> Flat<T> {
    pub(super) fn stored(stored: Arc<Stored>, bytes: Range<usize>) -> Self {
        Self(Kind::Stored(stored, bytes))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Memory(list) => list.len(),
            Kind::Stored(_, bytes) => bytes.len() / size_of::<T>(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An entry. One that a stored array does not have is a sign of damage, and reads as zeros.
    ///
    /// # Panics
    /// If an array in memory has no such entry.
    #[must_use]
    #[inline]
    pub fn at(&self, index: usize) -> T {
        match &self.0 {
            Kind::Memory(list) => list[index],
            Kind::Stored(..) => self.slice(index..index + 1).first().copied().unwrap_or_else(T::zeroed),
        }
    }

    /// Some entries in a row; none where the bytes are damaged.
    ///
    /// # Panics
    /// If an array in memory does not have them.
    #[must_use]
    #[inline]
    pub fn slice(&self, range: Range<usize>) -> &[T] {
        match &self.0 {
            Kind::Memory(list) => &list[range],
            Kind::Stored(stored, bytes) => stored_slice(stored, bytes, range),
        }
    }

    /// Remembers that what it says cannot be, if it is stored.
    pub(super) fn mark_damaged(&self) {
        if let Kind::Stored(stored, _) = &self.0 {
            stored.mark_damaged();
        }
    }

    /// Every entry.
    #[must_use]
    pub fn all(&self) -> &[T] {
        self.slice(0..self.len())
    }

    /// How many entries at the start meet a condition that no entry after one that does not meets.
    pub fn partition_point(&self, meets: impl Fn(&T) -> bool) -> usize {
        partition_point(self.len(), |i| meets(&self.at(i)))
    }
}

/// How many of the numbers from 0 meet a condition that none after one that does not meets.
pub(crate) fn partition_point(count: usize, meets: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, count);
    while from < to {
        let middle = usize::midpoint(from, to);
        if meets(middle) { from = middle + 1 } else { to = middle }
    }
    from
}

fn stored_slice<'a, T: Pod>(stored: &'a Stored, bytes: &Range<usize>, range: Range<usize>) -> &'a [T] {
    let place = |index: usize| index.saturating_mul(size_of::<T>()).saturating_add(bytes.start);
    let wanted = place(range.start)..place(range.end);
    if wanted.start > wanted.end || wanted.end > bytes.end {
        stored.mark_damaged();
        return &[];
    }
    if wanted.is_empty() || !stored.check(&wanted) {
        return &[];
    }
    bytemuck::try_cast_slice(&stored.all()[wanted]).unwrap_or_default()
}
