//! Stored sections come back as they were, and no damage goes unnoticed.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::sync::Arc;

use proptest::prelude::*;
use suyuan_core::stored::{Flat, Paged, Sections, Stored, StoredError, Texts};
use suyuan_core::text::TextColumn;

const MAGIC: [u8; 8] = *b"SUYUAN\r\n";

/// Bytes that begin where eight-byte numbers may, as those of a mapped file do.
struct Aligned(Vec<u64>, usize);

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..self.1]
    }
}

fn open(bytes: &[u8]) -> Result<Arc<Stored>, StoredError> {
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
    Stored::open(Aligned(words, bytes.len()), MAGIC, 7)
}

#[derive(Debug, Clone, PartialEq)]
struct Content {
    numbers: Flat<[f64; 2]>,
    small: Flat<u32>,
    texts: Texts,
    records: Paged<(String, Option<u32>)>,
}

fn contents() -> impl Strategy<Value = Content> {
    (
        prop::collection::vec(prop::array::uniform2(-1e6..1e6f64), 0..12_000),
        prop::collection::vec(any::<u32>(), 0..50),
        prop::collection::vec("[a-z管点]{0,6}", 0..40),
        prop::collection::vec(("[a-z]{0,3}", any::<Option<u32>>()), 0..200),
    )
        .prop_map(|(numbers, small, texts, records)| Content {
            numbers: numbers.into(),
            small: small.into(),
            texts: texts.iter().map(String::as_str).collect::<TextColumn>().into(),
            records: records.into(),
        })
}

fn write(content: &Content) -> Vec<u8> {
    let mut sections = Sections::default();
    let pages = content.records.encode().unwrap();
    sections.put_flat("numbers", &content.numbers);
    sections.put_flat("small", &content.small);
    content.texts.put(&mut sections, "texts");
    pages.put(&mut sections, "records");
    let mut out = Vec::new();
    sections.write(MAGIC, 7, &mut out).unwrap();
    out
}

fn read(stored: &Arc<Stored>) -> Result<Content, StoredError> {
    Ok(Content {
        numbers: stored.flat("numbers")?,
        small: stored.flat("small")?,
        texts: Texts::open(stored, "texts")?,
        records: Paged::open(stored, "records")?,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(content in contents()) {
        let bytes = write(&content);
        prop_assert_eq!(&write(&content), &bytes, "the same bytes each time");
        let stored = open(&bytes).unwrap();
        prop_assert_eq!(read(&stored).unwrap(), content);
        prop_assert!(!stored.is_damaged());
    }

    #[test]
    fn a_changed_byte_is_noticed_and_nothing_panics(content in contents(), lot in any::<prop::sample::Index>(), change in 1u8..) {
        let mut bytes = write(&content);
        let at = lot.index(bytes.len());
        bytes[at] ^= change;
        // Between the head and the first section, and after a section, there may be bytes that mean nothing.
        let Ok(stored) = open(&bytes) else { return Ok(()) };
        let again = read(&stored);
        let same = again.as_ref().is_ok_and(|again| *again == content);
        prop_assert!(same || again.is_err() || stored.is_damaged(), "byte {} of {}", at, bytes.len());
    }

    #[test]
    fn bytes_that_end_early_or_go_on_are_refused(content in contents(), lot in any::<prop::sample::Index>()) {
        let bytes = write(&content);
        prop_assert!(open(&bytes[..lot.index(bytes.len())]).is_err());
        prop_assert_eq!(open(&[bytes.as_slice(), b"x"].concat()).unwrap_err(), StoredError::Damaged);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), headed: bool) {
        if headed {
            bytes.splice(..0, [MAGIC.as_slice(), &7u32.to_le_bytes(), &1u32.to_le_bytes()].concat());
        }
        prop_assert!(open(&bytes).is_err());
    }
}

#[test]
fn another_version_and_another_kind_of_file_are_told_apart() {
    let bytes = write(&Content {
        numbers: Flat::default(),
        small: vec![1, 2].into(),
        texts: Texts::default(),
        records: Paged::default(),
    });
    assert_eq!(open(b"PK\x03\x04").unwrap_err(), StoredError::Foreign);
    let mut other = bytes.clone();
    other[8] = 9;
    assert_eq!(open(&other).unwrap_err(), StoredError::Version { found: 9, expected: 7 });
    let stored = open(&bytes).unwrap();
    assert_eq!(stored.flat::<u32>("nothing").unwrap_err(), StoredError::Section("nothing".to_owned()));
    assert_eq!(stored.flat::<[u32; 3]>("small").unwrap_err(), StoredError::Section("small".to_owned()));
}

#[test]
fn only_the_blocks_that_are_touched_are_judged() {
    let numbers: Vec<u64> = (0..100_000).collect();
    let numbers = Flat::from(numbers);
    let mut sections = Sections::default();
    sections.put_flat("numbers", &numbers);
    let mut bytes = Vec::new();
    sections.write(MAGIC, 7, &mut bytes).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let stored = open(&bytes).unwrap();
    let read: Flat<u64> = stored.flat("numbers").unwrap();
    assert_eq!((read.at(0), stored.is_damaged()), (0, false));
    assert_eq!((read.at(50_000), stored.is_damaged()), (50_000, false));
    assert_eq!((read.at(99_999), stored.is_damaged()), (0, true));
}
