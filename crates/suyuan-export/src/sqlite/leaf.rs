//! Rows to pages: leaves of a table's tree, filled one after the other, and the overflow pages of long rows.
//!
//! # Reference
//! SQLite documentation, "Database File Format", sections 1.6 (b-tree pages) and 1.7 (overflow pages).

use super::record::Record;

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageSize {
    /// Bytes of a page.
    pub(crate) bytes: usize,
    /// Those that SQLite uses: all but what the file reserves at the end of each.
    pub(crate) usable: usize,
}

/// A run of rows as pages that know each other only by their place in the run.
#[derive(Default)]
pub(crate) struct Run {
    /// The pages, one after the other.
    pub(crate) bytes: Vec<u8>,
    /// Each leaf: its place among the pages of the run, and the last row number on it.
    pub(crate) leaves: Vec<(u32, i64)>,
    /// Where `bytes` names an overflow page by its place in the run.
    links: Vec<usize>,
    head: Vec<u8>,
    /// The leaf that is being filled: where its page starts, its rows, and where the last of them begins on the page.
    page_start: usize,
    rows: usize,
    low: usize,
}

impl Run {
    /// Fills the run anew with rows by ascending number, of which `row` writes the values and tells the number.
    pub(crate) fn fill(
        &mut self,
        size: PageSize,
        rows: std::ops::Range<usize>,
        row: &(dyn Fn(usize, &mut Record) -> i64 + Sync),
    ) {
        self.bytes.clear();
        self.leaves.clear();
        self.links.clear();
        self.open_leaf(size);
        let mut record = Record::default();
        for n in rows {
            record.clear();
            let number = row(n, &mut record);
            self.push(size, number, &record);
        }
        self.close_leaf();
    }

    fn open_leaf(&mut self, size: PageSize) {
        let page = self.bytes.len() / size.bytes;
        self.leaves.push((page as u32, 0));
        self.bytes.resize(self.bytes.len() + size.bytes, 0);
        (self.rows, self.low) = (0, size.usable);
        self.page_start = page * size.bytes;
    }

    fn close_leaf(&mut self) {
        let page = &mut self.bytes[self.page_start..];
        page[0] = 0x0d;
        page[3..5].copy_from_slice(&(self.rows as u16).to_be_bytes());
        page[5..7].copy_from_slice(&(self.low as u16).to_be_bytes());
    }

    fn push(&mut self, size: PageSize, number: i64, record: &Record) {
        self.head.clear();
        record.append_head(number, &mut self.head);
        let values = record.values();
        let whole = record.len();
        let before = self.head.len() + values.len() - whole;
        if whole <= size.usable - 35 {
            let at = self.place(size, self.head.len() + values.len());
            let (head, rest) = self.bytes[at..].split_at_mut(self.head.len());
            head.copy_from_slice(&self.head);
            rest[..values.len()].copy_from_slice(values);
        } else {
            let mut row = std::mem::take(&mut self.head);
            row.extend_from_slice(values);
            self.spill(size, before, &mut row);
            let at = self.place(size, row.len());
            self.bytes[at..at + row.len()].copy_from_slice(&row);
            self.links.push(at + row.len() - 4);
            self.head = row;
        }
        if let Some(leaf) = self.leaves.last_mut() {
            leaf.1 = number;
        }
    }

    /// Makes room for a row on the leaf, or on a new one, and tells where in `bytes`.
    fn place(&mut self, size: PageSize, length: usize) -> usize {
        // The header of a leaf, and two bytes for each row to say where it begins.
        if self.low < 8 + 2 * (self.rows + 1) + length {
            self.close_leaf();
            self.open_leaf(size);
        }
        self.low -= length;
        let pointer = self.page_start + 8 + 2 * self.rows;
        self.bytes[pointer..pointer + 2].copy_from_slice(&(self.low as u16).to_be_bytes());
        self.rows += 1;
        self.page_start + self.low
    }

    /// Moves what a leaf does not take of a row to overflow pages, each naming the next. `before` bytes come before the
    /// row itself.
    fn spill(&mut self, size: PageSize, before: usize, row: &mut Vec<u8>) {
        let whole = row.len() - before;
        let room = size.usable - 4;
        let least = (size.usable - 12) * 32 / 255 - 23;
        let fits = least + (whole - least) % room;
        let local = if fits <= size.usable - 35 { fits } else { least };
        let first = self.bytes.len() / size.bytes;
        let pages = (whole - local).div_ceil(room);
        for (k, part) in row[before + local..].chunks(room).enumerate() {
            let at = self.bytes.len();
            self.bytes.resize(at + size.bytes, 0);
            if k + 1 < pages {
                self.bytes[at..at + 4].copy_from_slice(&((first + k + 1) as u32).to_be_bytes());
                self.links.push(at);
            }
            self.bytes[at + 4..at + 4 + part.len()].copy_from_slice(part);
        }
        row.truncate(before + local);
        row.extend((first as u32).to_be_bytes());
    }

    /// Gives the pages the numbers that they have in the file.
    pub(crate) fn number(&mut self, number: impl Fn(u32) -> u32) {
        for at in &self.links {
            let link = &mut self.bytes[*at..*at + 4];
            let place = u32::from_be_bytes([link[0], link[1], link[2], link[3]]);
            link.copy_from_slice(&number(place).to_be_bytes());
        }
        for leaf in &mut self.leaves {
            leaf.0 = number(leaf.0);
        }
    }
}
