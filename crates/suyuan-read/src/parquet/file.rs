//! A Parquet file: mapped, its head read and checked, its columns handed out row group by row group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ::parquet::basic::Compression;
use ::parquet::column::reader::{ColumnReader, get_column_reader};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::SchemaDescriptor;
use bytes::Bytes;

use super::pages::Checked;
use crate::error::ReadError;
use crate::shapefile;

/// What stands at the beginning and at the end.
const MAGIC: &[u8] = b"PAR1";

/// What the threads are called that decode columns. They do not panic but for damaged pages, which are then refused in a
/// sentence: a program may keep quiet about it.
pub const DECODER: &str = "suyuan parquet";

/// Records that are asked for at a time.
const AT_ONCE: usize = 8192;

/// An open file.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    reader: Reader,
    rows: usize,
    /// Of each row group that has rows: its number, its first row, and how many there are.
    groups: Vec<(usize, usize, usize)>,
}

struct Reader(SerializedFileReader<Bytes>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SerializedFileReader")
    }
}

/// The values of a column in one row group, and for each of them, or for what stands in its place, the levels of Dremel's
/// encoding: whether it is there, and which of the lists around it goes on.
pub(super) struct Chunk<T> {
    pub(super) values: Vec<T>,
    /// As deep as the column goes where there is a value.
    pub(super) definition: Vec<i16>,
    /// 0 where a row begins; empty for columns without lists.
    pub(super) repetition: Vec<i16>,
}

impl File {
    /// Opens a file and checks what its head says against how long it is.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let bytes = Bytes::from_owner(shapefile::map(path)?);
        let damaged = |what: String| ReadError::Damaged { path: path.to_owned(), what };
        if !bytes.starts_with(MAGIC) {
            return Err(damaged("it is no Parquet file: it does not begin with `PAR1`".to_owned()));
        }
        if bytes.len() < 12 || !bytes.ends_with(MAGIC) {
            return Err(damaged(
                "it is cut short: it does not end with `PAR1` as Parquet files do".to_owned(),
            ));
        }
        let length = bytes.len() as u64;
        let reader = SerializedFileReader::new(bytes)
            .map_err(|e| damaged(format!("its description at the end is damaged: {}", plain(&e))))?;
        let mut rows = 0u64;
        let mut groups = Vec::new();
        for (index, group) in reader.metadata().row_groups().iter().enumerate() {
            let wrong = |what: &str| damaged(format!("row group {}: {what}", index + 1));
            let count = u32::try_from(group.num_rows())
                .map_err(|_| wrong("it has less than no rows, or too many"))?;
            if count == 0 {
                continue; // nothing need be where it is said to be
            }
            groups.push((index, rows as usize, count as usize));
            rows += u64::from(count);
            for chunk in group.columns() {
                check(chunk, group, length)
                    .map_err(|what| wrong(&format!("column `{}`: {what}", chunk.column_path().string())))?;
            }
        }
        let rows =
            u32::try_from(rows).map_err(|_| damaged(format!("it has {rows} rows, more than are read")))?;
        Ok(Self { path: path.to_owned(), reader: Reader(reader), rows: rows as usize, groups })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn damaged(&self, what: String) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), what }
    }

    pub(super) fn schema(&self) -> &SchemaDescriptor {
        self.reader.0.metadata().file_metadata().schema_descr()
    }

    /// What its own metadata says under a key.
    pub(super) fn said(&self, key: &str) -> Option<&str> {
        let pairs = self.reader.0.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    }

    /// What `work` makes of a column in each row group, in order, on all cores; it is told the first row and their number.
    ///
    /// The threads are its own: whoever waits for a column must not meanwhile be given work of the pool that asks for the same one.
    pub(super) fn by_group<T: Send>(
        &self,
        leaf: usize,
        work: impl Fn(ColumnReader, usize, usize) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, String> {
        let one = |(group, start, rows): (usize, usize, usize)| {
            let pages = self.reader.0.get_row_group(group).and_then(|g| g.get_column_page_reader(leaf));
            let column = pages.map(|pages| {
                let column = self.schema().column(leaf);
                get_column_reader(column.clone(), Box::new(Checked::new(pages, &column)))
            });
            column.map_err(|e| plain(&e)).and_then(|column| work(column, start, rows))
        };
        // Some of the decoders take the lengths in a page for granted.
        let guarded = |group: (usize, usize, usize)| {
            let made = catch_unwind(AssertUnwindSafe(|| one(group)));
            made.unwrap_or_else(|_| Err("its pages are damaged".to_owned())).map_err(|what| {
                let column = self.schema().column(leaf);
                format!("column `{}` of row group {}: {what}", column.path().string(), group.0 + 1)
            })
        };
        let threads = self.groups.len().min(rayon::current_num_threads());
        let next = AtomicUsize::new(0);
        let some = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(group) = self.groups.get(number) else { return done };
                done.push((number, guarded(*group)));
            }
        };
        let mut all: Vec<(usize, Result<T, String>)> = thread::scope(|scope| {
            let start = |_| thread::Builder::new().name(DECODER.to_owned()).spawn_scoped(scope, some);
            let workers: Vec<_> = (0..threads).map(start).collect();
            let parts = workers.into_iter().map(|worker| match worker {
                Ok(worker) => worker.join().unwrap_or_default(),
                Err(_) => some(), // no thread to be had: what is left is done here
            });
            parts.flatten().collect()
        });
        all.sort_unstable_by_key(|(group, _)| *group);
        all.into_iter().map(|(_, made)| made).collect()
    }
}

/// What is wrong with what is said of a column in a row group.
fn check(chunk: &ColumnChunkMetaData, group: &RowGroupMetaData, length: u64) -> Result<(), String> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let end = start.checked_add(chunk.compressed_size());
    let inside = end.is_some_and(|end| start >= 0 && start <= end && end as u64 <= length);
    if !inside || chunk.data_page_offset() < start || chunk.uncompressed_size() < 0 {
        return Err("it lies outside the file".to_owned());
    }
    if chunk.num_values() < 0
        || (chunk.column_descr().max_rep_level() == 0 && chunk.num_values() != group.num_rows())
    {
        return Err(format!("it has {} values for {} rows", chunk.num_values(), group.num_rows()));
    }
    match chunk.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => {
            Ok(())
        }
        other => {
            let name = format!("{other:?}");
            let name = name.split('(').next().unwrap_or(&name);
            Err(format!("it is compressed by {name}; write it with SNAPPY, ZSTD or GZIP"))
        }
    }
}

/// The sentence alone.
pub(super) fn plain(error: &ParquetError) -> String {
    match error {
        ParquetError::General(what) | ParquetError::EOF(what) => what.clone(),
        other => other.to_string(),
    }
}

/// Reads a column of a row group to its end.
pub(super) fn drain<T: DataType>(
    mut column: ::parquet::column::reader::ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Chunk<T::T>, String> {
    let mut chunk = Chunk { values: Vec::new(), definition: Vec::new(), repetition: Vec::new() };
    let mut done = 0;
    while done < rows {
        let most = AT_ONCE.min(rows - done);
        let (definition, repetition) = (&mut chunk.definition, &mut chunk.repetition);
        let read = column.read_records(most, Some(definition), Some(repetition), &mut chunk.values);
        let (records, _, _) = read.map_err(|e| plain(&e))?;
        if records == 0 {
            return Err(format!("it ends after {done} of {rows} rows"));
        }
        done += records;
    }
    Ok(chunk)
}
