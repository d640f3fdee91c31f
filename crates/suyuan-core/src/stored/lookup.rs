//! What belongs to each key, in two arrays.

use std::sync::Arc;

use bytemuck::Pod;

use crate::stored::{Flat, Sections, Stored, StoredError};

/// Any number of values for each key: keys rising, and the value of each beside it.
#[derive(Debug, Clone)]
pub struct Lookup<K, V> {
    keys: Flat<K>,
    values: Flat<V>,
}

impl<K, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self { keys: Flat::default(), values: Flat::default() }
    }
}

impl<K: Pod, V: Pod> PartialEq for Lookup<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.values == other.values
    }
}

impl<K: Pod + Ord, V: Pod + Ord> From<Vec<(K, V)>> for Lookup<K, V> {
    fn from(mut entries: Vec<(K, V)>) -> Self {
        entries.sort_unstable();
        let (keys, values): (Vec<K>, Vec<V>) = entries.into_iter().unzip();
        Self { keys: keys.into(), values: values.into() }
    }
}

impl<K: Pod + Ord, V: Pod + Ord> Lookup<K, V> {
    /// The values of a key, rising. O(log n), and the values.
    #[must_use]
    pub fn of(&self, key: K) -> &[V] {
        let first = self.keys.partition_point(|k| *k < key);
        let count = (first..self.keys.len()).take_while(|k| self.keys.at(*k) == key).count();
        self.values.slice(first..first + count)
    }

    /// Adds it to what is to be stored, under a name and a name with `.of`.
    pub fn put<'a>(&'a self, sections: &mut Sections<'a>, name: &str) {
        sections.put_flat(name, &self.keys);
        sections.put_flat(&format!("{name}.of"), &self.values);
    }

    /// Finds it again.
    ///
    /// # Errors
    /// As [`Stored::flat`].
    pub fn open(stored: &Arc<Stored>, name: &str) -> Result<Self, StoredError> {
        Ok(Self { keys: stored.flat(name)?, values: stored.flat(&format!("{name}.of"))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_key_are_those_given_for_it() {
        let entries = vec![(7u32, 1u32), (3, 9), (7, 0), (3, 9), (5, 2)];
        let lookup = Lookup::from(entries.clone());
        for key in 0..9 {
            let mut expected: Vec<u32> = entries.iter().filter(|e| e.0 == key).map(|e| e.1).collect();
            expected.sort_unstable();
            assert_eq!(lookup.of(key), expected);
        }
    }
}
