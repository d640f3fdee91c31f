//! Prepared networks: everything a trace needs in one checked file.
//!
//! Layout: eight bytes `SUYUAN\r\n`, version as four bytes, CRC-32 of the rest as four bytes (both little-endian), then
//! the content.

use std::path::Path;

use serde::{Deserialize, Serialize};
use suyuan_attribution::Drainers;
use suyuan_core::Finding;
use suyuan_export::ExportError;
use suyuan_network::Network;
use suyuan_read::{Fingerprint, ReadError, fingerprint};

use crate::city::{City, trades_of};
use crate::error::Error;
use crate::spec::CitySpec;

const MAGIC: &[u8; 8] = b"SUYUAN\r\n";
/// Raised whenever the content changes its shape.
const VERSION: u32 = 5;

#[derive(Serialize, Deserialize)]
struct Content {
    spec: CitySpec,
    network: Network,
    drainers: Drainers,
    findings: Vec<Finding>,
    layer_names: Vec<String>,
    sources: Vec<(String, Fingerprint)>,
}

impl City {
    /// Writes the prepared network, beside its final name first.
    ///
    /// # Errors
    /// [`Error::Export`] if it cannot be written.
    pub fn save(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        if path.exists() && !overwrite {
            return Err(ExportError::Exists { path: path.to_owned() }.into());
        }
        let failed = |source| ExportError::Write { path: path.to_owned(), source };
        let content = Content {
            spec: self.spec.clone(),
            network: self.network.clone(),
            drainers: self.drainers.clone(),
            findings: self.findings.clone(),
            layer_names: self.layer_names.clone(),
            sources: self.sources.clone(),
        };
        let body =
            postcard::to_allocvec(&content).map_err(|e| failed(std::io::Error::other(e.to_string())))?;
        let mut bytes = Vec::with_capacity(body.len() + 16);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(crc32fast::hash(&body).to_le_bytes());
        bytes.extend(body);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let result = std::fs::write(&beside, &bytes).and_then(|()| std::fs::rename(&beside, path));
        if result.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        result.map_err(failed)?;
        Ok(())
    }

    /// Opens a prepared network; lists the source files that have changed or gone since.
    ///
    /// # Errors
    /// [`Error::BadPrepared`] for another version or a damaged file; [`Error::Read`] or [`Error::BadTrades`] where a table of
    /// trades of its own has gone or gone bad.
    pub fn load(path: &Path) -> Result<(Self, Vec<String>), Error> {
        let bad = |what: &str| Error::BadPrepared { path: path.to_owned(), what: what.to_owned() };
        let bytes =
            std::fs::read(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        if bytes.len() < 16 || &bytes[..8] != MAGIC {
            return Err(bad("it is no prepared network"));
        }
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if word(8) != VERSION {
            let what = format!("it is of version {}, this program reads {VERSION}; build it again", word(8));
            return Err(bad(&what));
        }
        let body = &bytes[16..];
        if crc32fast::hash(body) != word(12) {
            return Err(bad("its checksum is wrong: the file is damaged; build it again"));
        }
        let content: Content =
            postcard::from_bytes(body).map_err(|_| bad("its content cannot be read; build it again"))?;
        let mut changed = Vec::new();
        for (source, known) in &content.sources {
            if fingerprint(Path::new(source)).ok().as_ref() != Some(known) {
                changed.push(source.clone());
            }
        }
        let trades = trades_of(&content.spec)?;
        let city = Self {
            spec: content.spec,
            survey: None,
            network: content.network,
            drainers: content.drainers,
            trades,
            findings: content.findings,
            layer_names: content.layer_names,
            sources: content.sources,
        };
        Ok((city, changed))
    }
}
