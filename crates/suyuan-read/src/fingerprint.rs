//! How to notice that a file has changed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::ReadError;

/// Size, time and a hash of parts of a file: enough to notice a change, cheap on gigabytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// FNV-1a over up to 64 KiB from the start, the middle and the end.
    pub hash: u64,
}

/// The fingerprint of a file.
///
/// # Errors
/// [`ReadError::Open`] if it cannot be read.
pub fn fingerprint(path: &Path) -> Result<Fingerprint, ReadError> {
    const PIECE: u64 = 64 * 1024;
    let open = |source| ReadError::Open { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(open)?;
    let size = file.metadata().map_err(open)?.len();
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut buffer = Vec::new();
    for start in [0, (size / 2).saturating_sub(PIECE / 2), size.saturating_sub(PIECE)] {
        file.seek(SeekFrom::Start(start)).map_err(open)?;
        buffer.clear();
        (&mut file).take(PIECE).read_to_end(&mut buffer).map_err(open)?;
        for byte in &buffer {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    Ok(Fingerprint { size, hash })
}
