//! Tables of a SQLite file filled page by page.
//!
//! SQLite makes the file: every table, still empty, the small ones with their rows. Then the pages of the large tables
//! are put behind its own. One row at a time SQLite writes a million rows a second; copying whole tables from one file
//! to another, with nothing to bind, it does not do twice that. Most of the time goes into finding the place of each
//! row, which is known here: the end. Pages are put together on all threads and written in order.
//!
//! Only plain tables with a row number, no index, by ascending number. The file stays what SQLite says a file is: its
//! own check and its own writing of the same rows are the oracles of the tests.
//!
//! # Reference
//! SQLite documentation, "Database File Format".

mod leaf;
mod record;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use leaf::{PageSize, Run};
pub(crate) use record::Record;

/// Rows that are put together at a time, fixed so that the pages do not depend on the number of threads.
const ROWS: usize = 2048;
/// The byte that SQLite locks a file by; the page that holds it stays unused.
const LOCK_BYTE: u64 = 1 << 30;

/// Writes the values of a row and tells its number.
pub(crate) type RowWriter<'a> = Box<dyn Fn(usize, &mut Record) -> i64 + Sync + 'a>;

/// What fills one table.
pub(crate) struct Fill<'a> {
    /// The table's root page.
    pub(crate) root: u32,
    /// How many rows there are.
    pub(crate) rows: usize,
    /// What writes them; their numbers ascend.
    pub(crate) row: RowWriter<'a>,
}

/// Fills empty tables of a SQLite file that nobody has open.
///
/// # Errors
/// Where the file cannot be written, is none that these pages fit, or outgrows what SQLite numbers.
///
/// # Complexity
/// O(bytes written) time; memory for the pages of a few thousand rows a thread.
pub(crate) fn fill(path: &Path, tables: &[Fill<'_>]) -> io::Result<()> {
    fill_around(path, tables, LOCK_BYTE)
}

fn fill_around(path: &Path, tables: &[Fill<'_>], lock_byte: u64) -> io::Result<()> {
    let mut pages = Pages::open(path, lock_byte)?;
    let runs = tables.iter().enumerate().flat_map(|(t, table)| {
        let count = table.rows.div_ceil(ROWS).max(1);
        (0..count).map(move |k| (t, k * ROWS..table.rows.min((k + 1) * ROWS)))
    });
    let runs: Vec<(usize, Range<usize>)> = runs.collect();
    let mut leaves: Vec<Vec<(u32, i64)>> = tables.iter().map(|_| Vec::new()).collect();
    let at_once = 2 * rayon::current_num_threads();
    // While some runs are written, the next are put together.
    let (mut ready, mut next): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    next.resize_with(at_once, Run::default);
    ready.resize_with(at_once, Run::default);
    let mut to_write: &[(usize, Range<usize>)] = &[];
    for wave in runs.chunks(at_once).chain([[].as_slice()]) {
        let size = pages.size;
        let (written, ()) = rayon::join(
            || -> io::Result<()> {
                for ((t, _), run) in to_write.iter().zip(ready.iter_mut()) {
                    if tables[*t].rows <= ROWS && run.leaves.len() == 1 {
                        pages.put_alone(tables[*t].root, run)?;
                    } else {
                        pages.append(run)?;
                        leaves[*t].extend(&run.leaves);
                    }
                }
                Ok(())
            },
            || {
                wave.par_iter().zip(next.par_iter_mut()).with_max_len(1).for_each(|((t, rows), run)| {
                    run.fill(size, rows.clone(), &*tables[*t].row);
                });
            },
        );
        written?;
        std::mem::swap(&mut ready, &mut next);
        to_write = wave;
    }
    for (table, leaves) in tables.iter().zip(leaves) {
        pages.put_branches(table.root, leaves)?;
    }
    pages.finish()
}

/// A file to which pages are added.
struct Pages {
    file: File,
    size: PageSize,
    /// The number of the next page, were there no page to be left out.
    next: u64,
    /// The page that is left out, if SQLite's own do not reach beyond it.
    lock_page: u64,
    /// Pages of SQLite that are replaced at the end.
    roots: Vec<(u32, Vec<u8>)>,
}

impl Pages {
    fn open(path: &Path, lock_byte: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut header = [0; 100];
        file.read_exact(&mut header)?;
        let bytes = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            bytes => usize::from(bytes),
        };
        let size = PageSize { bytes, usable: bytes.saturating_sub(usize::from(header[20])) };
        // Format 4 has the types for 0 and 1; a largest root is what files with pointer maps have.
        let known = header.starts_with(b"SQLite format 3\0")
            && size.usable >= 480
            && header[44..48] == [0, 0, 0, 4]
            && header[52..56] == [0; 4];
        if !known {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "SQLite made a file of another layout"));
        }
        let length = file.seek(SeekFrom::End(0))?;
        let next = length / bytes as u64 + 1;
        let lock_page = Some(lock_byte / bytes as u64 + 1).filter(|page| next <= *page);
        Ok(Self { file, size, next, lock_page: lock_page.unwrap_or(u64::MAX), roots: Vec::new() })
    }

    /// The number of the page that comes `place` after the first `next`.
    fn number(&self, place: u64) -> u64 {
        let page = self.next + place;
        page + u64::from(page >= self.lock_page)
    }

    fn too_large() -> io::Error {
        io::Error::new(io::ErrorKind::FileTooLarge, "more pages than SQLite numbers")
    }

    /// Adds a run's pages at the end and numbers them.
    fn append(&mut self, run: &mut Run) -> io::Result<()> {
        self.number_run(run, 0)?;
        self.write(&run.bytes)
    }

    /// Makes the one leaf of a run the table's root, and adds its overflow pages, if it has any.
    fn put_alone(&mut self, root: u32, run: &mut Run) -> io::Result<()> {
        // The first page of every run is a leaf.
        self.number_run(run, 1)?;
        self.write(&run.bytes[self.size.bytes..])?;
        self.roots.push((root, run.bytes[..self.size.bytes].to_vec()));
        Ok(())
    }

    fn number_run(&self, run: &mut Run, left_out: u64) -> io::Result<()> {
        let count = (run.bytes.len() / self.size.bytes) as u64;
        u32::try_from(self.number(count)).map_err(|_| Self::too_large())?;
        run.number(|place| self.number(u64::from(place).saturating_sub(left_out)) as u32);
        Ok(())
    }

    /// Writes pages at the end, around the page that is left out.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = (bytes.len() / self.size.bytes) as u64;
        let before = self.lock_page.saturating_sub(self.next).min(count);
        let (first, second) = bytes.split_at(before as usize * self.size.bytes);
        for (part, place) in [(first, 0), (second, before)] {
            if !part.is_empty() {
                self.file.seek(SeekFrom::Start((self.number(place) - 1) * self.size.bytes as u64))?;
                self.file.write_all(part)?;
            }
        }
        self.next += count;
        Ok(())
    }

    /// Puts pages over the leaves, level by level, up to the root.
    fn put_branches(&mut self, root: u32, mut level: Vec<(u32, i64)>) -> io::Result<()> {
        // A cell is four bytes for the page, up to nine for the row number, and two that say where it begins.
        let most = 1 + (self.size.usable - 12) / 15;
        while !level.is_empty() {
            let groups = level.len().div_ceil(most);
            let share = |k: usize| k * level.len() / groups;
            let pages: Vec<&[(u32, i64)]> = (0..groups).map(|k| &level[share(k)..share(k + 1)]).collect();
            if let [children] = pages[..] {
                self.roots.push((root, branch(self.size, children)));
                return Ok(());
            }
            u32::try_from(self.number(groups as u64)).map_err(|_| Self::too_large())?;
            let bytes: Vec<u8> = pages.iter().flat_map(|children| branch(self.size, children)).collect();
            let last = |k: usize, children: &[(u32, i64)]| {
                (self.number(k as u64) as u32, children.last().map_or(0, |c| c.1))
            };
            let above = pages.iter().enumerate().map(|(k, children)| last(k, children)).collect();
            self.write(&bytes)?;
            level = above;
        }
        Ok(())
    }

    /// Puts the roots in place and tells the file how many pages it has now.
    fn finish(mut self) -> io::Result<()> {
        for (root, page) in std::mem::take(&mut self.roots) {
            self.file.seek(SeekFrom::Start(u64::from(root - 1) * self.size.bytes as u64))?;
            self.file.write_all(&page)?;
        }
        let length = self.file.seek(SeekFrom::End(0))?;
        let count = u32::try_from(length / self.size.bytes as u64).map_err(|_| Self::too_large())?;
        self.file.seek(SeekFrom::Start(28))?;
        self.file.write_all(&count.to_be_bytes())
    }
}

/// A page that names the pages below it, each with the last row number in it; the last child has none.
fn branch(size: PageSize, children: &[(u32, i64)]) -> Vec<u8> {
    let mut page = vec![0; size.bytes];
    let Some(((right, _), cells)) = children.split_last() else { return page };
    let mut low = size.usable;
    let mut cell = Vec::with_capacity(13);
    for (k, (child, last)) in cells.iter().enumerate() {
        cell.clear();
        cell.extend(child.to_be_bytes());
        record::put_varint(&mut cell, *last as u64);
        low -= cell.len();
        page[low..low + cell.len()].copy_from_slice(&cell);
        page[12 + 2 * k..14 + 2 * k].copy_from_slice(&(low as u16).to_be_bytes());
    }
    page[0] = 0x05;
    page[3..5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
    page[5..7].copy_from_slice(&(low as u16).to_be_bytes());
    page[8..12].copy_from_slice(&right.to_be_bytes());
    page
}
