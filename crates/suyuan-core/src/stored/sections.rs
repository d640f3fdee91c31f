//! The container: named sections of plain numbers behind a checked head.
//!
//! Layout, little-endian: `magic` (8 bytes), version, number of sections, CRC-32 of head, table and sums (with these four bytes as
//! zero), 0 (four bytes each), length of the whole (8 bytes); the table, 40 bytes a section: name (24), offset, length (8 each); the CRC-32 of
//! each block of [`BLOCK`] bytes from the first section on; the sections, each at a multiple of 64 bytes.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use bytemuck::Pod;

use crate::stored::Flat;

const _: () =
    assert!(cfg!(target_endian = "little"), "sections are read where they lie, and lie little-endian");

/// The bytes that share one sum: a page of memory, so that what is read is what is checked.
const BLOCK: usize = 1 << 12;
/// Sizes of the head, of a row of the table, and of the name in it, as in the layout above.
const HEAD: usize = 32;
const ROW: usize = 40;
const NAME: usize = 24;
/// Sections and the data as a whole begin at multiples of this: a line of the cache, and more than any number needs.
const ALIGN: usize = 64;

/// Why bytes are no container that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// It begins with something else.
    #[error("it is no prepared network")]
    Foreign,
    /// It was written by another version.
    #[error("it is of version {found}, this program reads {expected}")]
    Version {
        /// Its version.
        found: u32,
        /// The version that is read.
        expected: u32,
    },
    /// Its bytes are not those that were written.
    #[error("its checksum is wrong: the file is damaged")]
    Damaged,
    /// A section that must be there is not, or is not of the kind it must be.
    #[error("its section {0} cannot be read: the file is damaged")]
    Section(String),
}

/// Sections to be written.
#[derive(Default)]
pub struct Sections<'a> {
    rows: Vec<(String, &'a [u8])>,
}

impl<'a> Sections<'a> {
    /// Adds a section under a name of up to 24 bytes.
    ///
    /// # Panics
    /// If the name is longer.
    pub fn put(&mut self, name: &str, bytes: &'a [u8]) {
        assert!(name.len() <= NAME, "names of sections have up to {NAME} bytes");
        self.rows.push((name.to_owned(), bytes));
    }

    /// Adds an array.
    pub fn put_flat<T: Pod>(&mut self, name: &str, flat: &'a Flat<T>) {
        self.put(name, bytemuck::cast_slice(flat.all()));
    }

    /// Writes them all. The same sections make the same bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, magic: [u8; 8], version: u32, mut out: impl Write) -> io::Result<()> {
        let mut at = 0;
        let mut table = Vec::with_capacity(self.rows.len() * ROW);
        let lengths: Vec<usize> = self.rows.iter().map(|r| r.1.len().next_multiple_of(ALIGN)).collect();
        let data: usize = lengths.iter().sum();
        let start = (HEAD + self.rows.len() * ROW + data.div_ceil(BLOCK) * 4).next_multiple_of(ALIGN);
        for ((name, bytes), length) in self.rows.iter().zip(&lengths) {
            let mut row = [0u8; ROW];
            row[..name.len()].copy_from_slice(name.as_bytes());
            row[NAME..NAME + 8].copy_from_slice(&((start + at) as u64).to_le_bytes());
            row[NAME + 8..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            table.extend(row);
            at += length;
        }
        let mut head = Vec::with_capacity(start);
        head.extend(magic);
        head.extend(version.to_le_bytes());
        head.extend((self.rows.len() as u32).to_le_bytes());
        head.extend([0u8; 8]);
        head.extend(((start + data) as u64).to_le_bytes());
        head.extend(table);
        head.extend(self.sums(data));
        let sum = crc32fast::hash(&head).to_le_bytes();
        head[16..20].copy_from_slice(&sum);
        head.resize(start, 0);
        out.write_all(&head)?;
        for (_, bytes) in &self.rows {
            out.write_all(bytes)?;
            out.write_all(&[0u8; ALIGN][..bytes.len().next_multiple_of(ALIGN) - bytes.len()])?;
        }
        Ok(())
    }

    /// The sums of the blocks, sections run together.
    fn sums(&self, data: usize) -> Vec<u8> {
        let mut sums = Vec::with_capacity(data.div_ceil(BLOCK) * 4);
        let (mut hasher, mut left) = (crc32fast::Hasher::new(), BLOCK);
        let mut take = |mut bytes: &[u8]| {
            while !bytes.is_empty() {
                let (now, later) = bytes.split_at(left.min(bytes.len()));
                hasher.update(now);
                left -= now.len();
                bytes = later;
                if left == 0 {
                    let full = std::mem::replace(&mut hasher, crc32fast::Hasher::new());
                    sums.extend(full.finalize().to_le_bytes());
                    left = BLOCK;
                }
            }
        };
        for (_, bytes) in &self.rows {
            take(bytes);
            take(&[0u8; ALIGN][..bytes.len().next_multiple_of(ALIGN) - bytes.len()]);
        }
        if left < BLOCK {
            sums.extend(hasher.finalize().to_le_bytes());
        }
        sums
    }
}

/// Bytes of a container whose head has been checked.
pub struct Stored {
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    start: usize,
    table: Vec<(String, Range<usize>)>,
    sums: Vec<u32>,
    /// Which blocks were found to be right.
    seen: Vec<AtomicU8>,
    damaged: AtomicBool,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Stored {
    /// Checks the head of some bytes.
    ///
    /// # Errors
    /// [`StoredError`] if they are not what was written, as far as the head tells.
    ///
    /// # Complexity
    /// O(sections + blocks).
    pub fn open(
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        magic: [u8; 8],
        version: u32,
    ) -> Result<Arc<Self>, StoredError> {
        let all = bytes.as_ref();
        if all.len() < HEAD || all[..8] != magic {
            return Err(StoredError::Foreign);
        }
        let four = |at: usize| u32::from_le_bytes([all[at], all[at + 1], all[at + 2], all[at + 3]]);
        let eight = |at: usize| u64::from(four(at)) | u64::from(four(at + 4)) << 32;
        if four(8) != version {
            return Err(StoredError::Version { found: four(8), expected: version });
        }
        let rows = four(12) as usize;
        if eight(24) != all.len() as u64 || all.len() < HEAD + rows.saturating_mul(ROW) {
            return Err(StoredError::Damaged);
        }
        let end_of_table = HEAD + rows * ROW;
        // Where the data begins follows from its length, which follows from where it begins: the first section says it.
        let start = if rows == 0 { all.len() as u64 } else { eight(HEAD + NAME) };
        let start = usize::try_from(start).ok().filter(|s| *s >= end_of_table && *s <= all.len());
        let start = start.ok_or(StoredError::Damaged)?;
        let blocks = (all.len() - start).div_ceil(BLOCK);
        let end_of_head = end_of_table + blocks * 4;
        if end_of_head > start {
            return Err(StoredError::Damaged);
        }
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&all[..16]);
        hasher.update(&[0; 4]);
        hasher.update(&all[20..end_of_head]);
        if hasher.finalize() != four(16) {
            return Err(StoredError::Damaged);
        }
        let mut table = Vec::with_capacity(rows);
        for at in (HEAD..end_of_table).step_by(ROW) {
            let name = all[at..at + NAME].split(|b| *b == 0).next().unwrap_or_default();
            let (from, length) = (eight(at + NAME), eight(at + NAME + 8));
            let to = from.checked_add(length).filter(|to| *to <= all.len() as u64 && from >= start as u64);
            let to = to.ok_or(StoredError::Damaged)?;
            table.push((String::from_utf8_lossy(name).into_owned(), from as usize..to as usize));
        }
        let sums = (0..blocks).map(|b| four(end_of_table + 4 * b)).collect();
        let seen = (0..blocks).map(|_| AtomicU8::new(0)).collect();
        Ok(Arc::new(Self {
            start,
            table,
            sums,
            seen,
            damaged: AtomicBool::new(false),
            bytes: Box::new(bytes),
        }))
    }

    /// The bytes of a section, checked.
    ///
    /// # Errors
    /// [`StoredError::Section`] if there is none, [`StoredError::Damaged`] if they are not what was written.
    pub fn bytes_of(&self, name: &str) -> Result<&[u8], StoredError> {
        let range = self.range_of(name)?;
        if !self.check(&range) {
            return Err(StoredError::Damaged);
        }
        Ok(&self.all()[range])
    }

    /// A section as an array.
    ///
    /// # Errors
    /// [`StoredError::Section`] if there is none, or it is no whole number of such entries.
    pub fn flat<T: Pod>(self: &Arc<Self>, name: &str) -> Result<Flat<T>, StoredError> {
        let range = self.range_of(name)?;
        let whole = bytemuck::try_cast_slice::<u8, T>(&self.all()[range.clone()]).is_ok();
        if !whole {
            return Err(StoredError::Section(name.to_owned()));
        }
        Ok(Flat::stored(self.clone(), range))
    }

    /// The sum of the head, which holds those of all blocks: another content, another sum.
    #[must_use]
    pub fn sum(&self) -> u32 {
        let all = self.all();
        u32::from_le_bytes([all[16], all[17], all[18], all[19]])
    }

    /// Remembers that something read so far is not what was written.
    pub(super) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether some of what was read so far was damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn range_of(&self, name: &str) -> Result<Range<usize>, StoredError> {
        let row = self.table.iter().find(|row| row.0 == name);
        row.map(|row| row.1.clone()).ok_or_else(|| StoredError::Section(name.to_owned()))
    }

    /// Whether the blocks of some bytes are what was written.
    pub(super) fn check(&self, range: &Range<usize>) -> bool {
        if range.is_empty() {
            return true;
        }
        let blocks = (range.start - self.start) / BLOCK..=(range.end - 1 - self.start) / BLOCK;
        blocks.fold(true, |right, block| {
            right & (self.seen[block].load(Ordering::Relaxed) == 1 || self.check_block(block))
        })
    }

    #[cold]
    fn check_block(&self, block: usize) -> bool {
        let all = self.all();
        let from = self.start + block * BLOCK;
        let right = crc32fast::hash(&all[from..all.len().min(from + BLOCK)]) == self.sums[block];
        if right {
            self.seen[block].store(1, Ordering::Relaxed);
        } else {
            self.damaged.store(true, Ordering::Relaxed);
        }
        right
    }
}
