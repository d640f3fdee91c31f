//! Files of many traces, written as they are answered: one JSON document a start, which can be gone on with after an
//! interruption; or one table of rows.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use suyuan::export::{ExportError, ParquetRows, Values};
use suyuan::{City, Error, Language, TraceAnswer, TraceRows, TraceStart, run_info};

/// What a file of many traces holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One JSON document a start.
    Lines,
    /// One table.
    Rows(TraceRows),
}

/// Whether a path has an ending.
fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// Whether a path names a file of JSON documents.
pub fn is_lines(path: &Path) -> bool {
    ends(path, "ndjson") || ends(path, "jsonl")
}

/// Whether a path names a file that can hold a table of rows.
pub fn is_rows(path: &Path) -> bool {
    ends(path, "parquet")
}

/// What is told of one start.
pub enum Told {
    /// A JSON document.
    Line(String),
    /// Values for each column of the table.
    Rows(Vec<Values>),
}

impl Kind {
    /// What is told of a start, whether it could be traced or not.
    pub fn tell(
        self,
        city: &City,
        start: &TraceStart,
        answer: Result<&TraceAnswer, &Error>,
        language: Language,
    ) -> Option<Told> {
        let reference = || match start {
            TraceStart::Named(reference) => reference.clone(),
            TraceStart::Outfall(outfall) => format!("outfall:{}", city.network.outfall(*outfall).id),
        };
        Some(match (self, answer) {
            (Self::Lines, Ok(answer)) => Told::Line(serde_json::to_string(answer).ok()?),
            (Self::Lines, Err(error)) => {
                let why = error.message(language);
                let line =
                    serde_json::json!({"schema": "suyuan.not-traced/1", "ref": reference(), "why": why});
                Told::Line(line.to_string())
            }
            (Self::Rows(of), Ok(answer)) => Told::Rows(of.of(city, answer)),
            (Self::Rows(of), Err(error)) => Told::Rows(of.not_traced(&reference(), &error.message(language))),
        })
    }
}

/// A file of many traces.
pub enum Batch {
    Lines(Lines),
    Rows(Box<ParquetRows>),
}

impl Batch {
    /// Begins a table.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn rows(
        path: &Path,
        of: TraceRows,
        overwrite: bool,
        language: Language,
    ) -> Result<Self, ExportError> {
        let title = language.pick("Traces", "溯源结果");
        let rows = ParquetRows::create(path, title, of.columns(language), overwrite)?;
        Ok(Self::Rows(Box::new(rows)))
    }

    /// Adds what is told of the next start.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn push(&mut self, told: Told) -> Result<(), ExportError> {
        match (self, told) {
            (Self::Lines(lines), Told::Line(line)) => lines.push(&line),
            (Self::Rows(rows), Told::Rows(values)) => rows.push(values),
            (Self::Lines(_), Told::Rows(_)) | (Self::Rows(_), Told::Line(_)) => {
                unreachable!("one kind makes the file and what is told")
            }
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn finish(self, city: &City) -> Result<(), ExportError> {
        match self {
            Self::Lines(lines) => lines.finish(),
            Self::Rows(rows) => rows.finish(&run_info(city)),
        }
    }
}

/// Lines written beside their final name.
pub struct Lines {
    path: PathBuf,
    part: PathBuf,
    /// What was asked of what; beside a part that is kept.
    key: Option<PathBuf>,
    /// Held as long as this run writes, so that no other one does.
    _lock: Option<File>,
    out: BufWriter<File>,
    finished: bool,
}

fn beside(path: &Path, name: impl FnOnce(String) -> String) -> PathBuf {
    path.with_file_name(name(path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()))
}

impl Lines {
    /// Begins a file, or goes on with one of which a part is there; also tells how many lines are there already.
    ///
    /// # Shape
    /// With `resume`, lines go to `NAME.part`, which outlives an interruption, and `key` to `NAME.part.key`: a part that belongs to another
    /// question or network is begun anew. A last line without an end is written again. A second run at the same time is refused.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn open(path: &Path, resume: bool, overwrite: bool, key: &str) -> Result<(Self, usize), ExportError> {
        if path.exists() && !overwrite {
            return Err(ExportError::Exists { path: path.to_owned() });
        }
        let failed = |source| ExportError::Write { path: path.to_owned(), source };
        let process = std::process::id();
        let part =
            beside(path, |n| if resume { format!("{n}.part") } else { format!(".{n}.{process}.part") });
        let key_file = resume.then(|| beside(path, |n| format!("{n}.part.key")));
        let mut lines = 0;
        let mut length = 0;
        let mut lock = None;
        if let Some(key_file) = &key_file {
            let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(key_file);
            let mut file = open.map_err(failed)?;
            if file.try_lock().is_err() {
                return Err(ExportError::Busy { path: path.to_owned() });
            }
            let mut known = String::new();
            let is_known = file.read_to_string(&mut known).is_ok() && known == key;
            if is_known && part.exists() {
                let mut reader = BufReader::new(File::open(&part).map_err(failed)?);
                let mut line = Vec::new();
                while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
                    // What a failing disk has left is written again as well.
                    if !(line.starts_with(b"{") && line.ends_with(b"}\n")) || line.contains(&0) {
                        break;
                    }
                    lines += 1;
                    length += line.len() as u64;
                    line.clear();
                }
            } else {
                // The lines of another question go before its key does.
                let _ = fs::remove_file(&part);
                file.set_len(0).map_err(failed)?;
                file.rewind().map_err(failed)?;
                file.write_all(key.as_bytes()).map_err(failed)?;
            }
            lock = Some(file);
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&part).map_err(failed)?;
        file.set_len(length).map_err(failed)?;
        let file = OpenOptions::new().append(true).open(&part).map_err(failed)?;
        let out = BufWriter::with_capacity(1 << 16, file);
        Ok((Self { path: path.to_owned(), part, key: key_file, _lock: lock, out, finished: false }, lines))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn push(&mut self, line: &str) -> Result<(), ExportError> {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|source| ExportError::Write { path: self.path.clone(), source })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn finish(mut self) -> Result<(), ExportError> {
        let placed = self
            .out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all())
            .and_then(|()| fs::rename(&self.part, &self.path));
        placed.map_err(|source| ExportError::Write { path: self.path.clone(), source })?;
        if let Some(key) = &self.key {
            let _ = fs::remove_file(key);
        }
        self.finished = true;
        Ok(())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.finished && self.key.is_none() {
            let _ = fs::remove_file(&self.part);
        }
    }
}
