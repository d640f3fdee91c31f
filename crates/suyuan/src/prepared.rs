//! Prepared networks: everything a trace needs in one checked file, which is mapped into memory and read where it lies.
//!
//! The container is that of [`suyuan_core::stored`]; what changes nothing in it is not decoded before it is asked for.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use suyuan_attribution::Drainers;
use suyuan_core::stored::{Sections, Stored, StoredError};
use suyuan_export::ExportError;
use suyuan_network::{Network, NetworkPages};
use suyuan_read::{Fingerprint, ReadError};
use suyuan_trace::TraceIndex;

use crate::city::{City, trades_of};
use crate::error::Error;
use crate::findings::Findings;
use crate::spec::CitySpec;

const MAGIC: [u8; 8] = *b"SUYUAN\r\n";
/// Raised whenever the content changes its shape.
const VERSION: u32 = 7;

/// What is decoded whenever a city is opened.
#[derive(Serialize, Deserialize)]
struct Head {
    spec: CitySpec,
    layer_names: Vec<String>,
    sources: Vec<(String, Fingerprint)>,
}

impl City {
    /// Writes the prepared network, beside its final name first.
    ///
    /// # Errors
    /// [`Error::Export`] if it cannot be written; [`Error::BadPrepared`] if the city comes from a damaged file.
    pub fn save(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        if path.exists() && !overwrite {
            return Err(ExportError::Exists { path: path.to_owned() }.into());
        }
        let failed = |source| ExportError::Write { path: path.to_owned(), source };
        let unfit = |e: postcard::Error| failed(std::io::Error::other(e.to_string()));
        let head = Head {
            spec: self.spec.clone(),
            layer_names: self.layer_names.clone(),
            sources: self.sources.clone(),
        };
        let head = postcard::to_allocvec(&head).map_err(unfit)?;
        let network = NetworkPages::encode(&self.network).map_err(unfit)?;
        let drainers = self.drainers.encode().map_err(unfit)?;
        let findings = self.findings.encode().map_err(unfit)?;
        let mut sections = Sections::default();
        sections.put("city", &head);
        network.put(&self.network, &mut sections);
        self.trace_index().put(&mut sections);
        self.drainers.put(&drainers, &mut sections);
        self.findings.put(&findings, &mut sections);
        // A prepared city has been read as a whole by now.
        self.check_intact()?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let written = File::create(&beside).and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 20, file);
            sections.write(MAGIC, VERSION, &mut out)?;
            out.flush()?;
            std::fs::rename(&beside, path)
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        Ok(written.map_err(failed)?)
    }

    /// Opens a prepared network; lists the source files that have changed or gone since.
    ///
    /// The file stays mapped as long as the city is in use and must not be written into meanwhile; [`City::save`] puts a new file in
    /// its place, which harms nobody.
    ///
    /// # Errors
    /// [`Error::BadPrepared`] for another version or a damaged file, as far as its head tells; the rest of it is checked when it is first
    /// read, see [`City::check_intact`]. [`Error::Read`] or [`Error::BadTrades`] where a table of trades of its own has gone or gone bad.
    ///
    /// # Complexity
    /// O(1) but for the head: megabytes of network are not touched.
    pub fn load(path: &Path) -> Result<(Self, Vec<String>), Error> {
        let open = |source| ReadError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(open)?;
        let empty = file.metadata().map_err(open)?.len() == 0;
        if empty {
            return Err(bad(path, &StoredError::Foreign));
        }
        #[expect(
            unsafe_code,
            reason = "a mapped file: documented above, and each block is checked before it is believed"
        )]
        let bytes = unsafe { Mmap::map(&file) }.map_err(open)?;
        let stored = Stored::open(bytes, MAGIC, VERSION).map_err(|e| bad(path, &e))?;
        let (head, network, index, drainers, findings) = sections(&stored).map_err(|e| bad(path, &e))?;
        let mut changed = Vec::new();
        for (source, known) in &head.sources {
            if !known.holds(Path::new(source)) {
                changed.push(source.clone());
            }
        }
        let trades = trades_of(&head.spec)?;
        let city = Self {
            spec: head.spec,
            survey: None,
            network,
            index: OnceLock::from(index),
            drainers,
            trades,
            findings,
            layer_names: head.layer_names,
            sources: head.sources,
            prepared: Some((path.to_owned(), stored)),
        };
        Ok((city, changed))
    }

    /// What makes this city answer as it does, as a text: how it was read and built, the bytes of its files, what is believed of
    /// trades. Two cities of one identity give the same answers.
    #[must_use]
    pub fn identity(&self) -> String {
        let sums: Vec<(&str, u64, u32)> =
            self.sources.iter().map(|(name, f)| (name.as_str(), f.size, f.sum)).collect();
        let stored = self.prepared.as_ref().map(|(_, stored)| stored.sum());
        format!("{:?} {sums:?} {stored:?} {:?}", self.spec, self.trades)
    }

    /// Whether everything read so far of a prepared file was as it was written, and every column of a survey could be read that
    /// was asked for. To be asked before an answer is believed.
    ///
    /// # Errors
    /// [`Error::BadPrepared`] or [`Error::Read`] if not.
    pub fn check_intact(&self) -> Result<(), Error> {
        for layer in self.survey.iter().flat_map(|survey| &survey.layers) {
            if let Some(what) = layer.attributes.damage() {
                let path = PathBuf::from(&layer.source.path);
                return Err(ReadError::Damaged { path, what }.into());
            }
        }
        match &self.prepared {
            Some((path, stored)) if stored.is_damaged() => Err(bad(path, &StoredError::Damaged)),
            _ => Ok(()),
        }
    }
}

impl City {
    /// An answer that rests on nothing damaged.
    pub(crate) fn intact<T>(&self, answer: T) -> Result<T, Error> {
        self.check_intact()?;
        Ok(answer)
    }
}

fn bad(path: &Path, what: &StoredError) -> Error {
    Error::BadPrepared { path: path.to_owned(), what: what.clone() }
}

type Opened = (Head, Network, TraceIndex, Drainers, Findings);

fn sections(stored: &Arc<Stored>) -> Result<Opened, StoredError> {
    let wrong = |_| StoredError::Section("city".to_owned());
    let head: Head = postcard::from_bytes(stored.bytes_of("city")?).map_err(wrong)?;
    let network = Network::open(stored)?;
    Ok((head, network, TraceIndex::open(stored)?, Drainers::open(stored)?, Findings::open(stored)?))
}
