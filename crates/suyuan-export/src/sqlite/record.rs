//! One row as SQLite stores it: a header of types, then the values.
//!
//! # Reference
//! SQLite documentation, "Database File Format", section 2.1 (record format) and 1.6 (variable-length integers).

/// Appends a number in SQLite's variable length: seven bits a byte, the highest first, all eight of a ninth.
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, value: u64) {
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x4000 => out.extend_from_slice(&[(value >> 7) as u8 | 0x80, value as u8 & 0x7f]),
        0x4000..0x20_0000 => {
            let bytes = [(value >> 14) as u8 | 0x80, (value >> 7) as u8 | 0x80, value as u8 & 0x7f];
            out.extend_from_slice(&bytes);
        }
        _ => put_long(out, value),
    }
}

fn put_long(out: &mut Vec<u8>, value: u64) {
    let bytes = varint_len(value);
    if bytes == 9 {
        out.extend((0..8).map(|i| (value >> (57 - 7 * i)) as u8 | 0x80));
        out.push(value as u8);
        return;
    }
    for i in (0..bytes).rev() {
        out.push((value >> (7 * i)) as u8 & 0x7f | if i > 0 { 0x80 } else { 0 });
    }
}

/// How many bytes a number takes in that form.
pub(crate) fn varint_len(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()).max(1) as usize;
    bits.div_ceil(7).min(9)
}

/// A row being put together, value by value; memory is kept from row to row.
#[derive(Default)]
pub(crate) struct Record {
    types: Vec<u8>,
    values: Vec<u8>,
}

impl Record {
    pub(crate) fn clear(&mut self) {
        self.types.clear();
        self.values.clear();
    }

    /// Nothing; also the value of a column that is the row's number itself.
    #[inline]
    pub(crate) fn null(&mut self) {
        self.types.push(0);
    }

    /// A whole number, in as few bytes as it needs.
    #[inline]
    pub(crate) fn integer(&mut self, value: i64) {
        let bits = u64::BITS - (value ^ (value >> 63)).leading_zeros() + 1;
        let (code, bytes) = match bits {
            _ if value == 0 || value == 1 => (8 + value as u8, 0),
            0..=8 => (1, 1),
            9..=16 => (2, 2),
            17..=24 => (3, 3),
            25..=32 => (4, 4),
            33..=48 => (5, 6),
            _ => (6, 8),
        };
        self.types.push(code);
        self.values.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
    }

    /// A number of a column declared `REAL`: whole ones are stored as integers, as SQLite does, where 48 bits hold them.
    #[inline]
    pub(crate) fn real(&mut self, value: f64) {
        let whole = value as i64;
        if whole as f64 == value && (-(1 << 47)..1 << 47).contains(&whole) {
            self.integer(whole);
        } else {
            self.types.push(7);
            self.values.extend_from_slice(&value.to_be_bytes());
        }
    }

    #[inline]
    pub(crate) fn text(&mut self, text: &str) {
        put_varint(&mut self.types, 13 + 2 * text.len() as u64);
        self.values.extend_from_slice(text.as_bytes());
    }

    /// A blob that `write` appends; nothing where it says `false`, and then it must have appended nothing.
    #[inline]
    pub(crate) fn blob(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let before = self.values.len();
        if write(&mut self.values) {
            put_varint(&mut self.types, 12 + 2 * (self.values.len() - before) as u64);
        } else {
            self.null();
        }
    }

    /// The length of the header, which counts itself.
    fn header_len(&self) -> usize {
        let types = self.types.len();
        if types < 127 {
            return types + 1;
        }
        (2..=9).map(|n| types + n).find(|len| types + varint_len(*len as u64) == *len).unwrap_or(types + 9)
    }

    /// How many bytes the row takes.
    pub(crate) fn len(&self) -> usize {
        self.header_len() + self.values.len()
    }

    /// Appends what comes before the values: the row's length and number, and its header.
    pub(crate) fn append_head(&self, number: i64, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        put_varint(out, number as u64);
        put_varint(out, self.header_len() as u64);
        out.extend_from_slice(&self.types);
    }

    pub(crate) fn values(&self) -> &[u8] {
        &self.values
    }
}
