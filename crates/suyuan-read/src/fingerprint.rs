//! How to notice that a file has changed.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::error::ReadError;

/// Size, time and checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// When it was last written, nanoseconds since 1970; 0 where the system does not say.
    pub written: u64,
    /// CRC-32 of all of it.
    pub sum: u32,
}

fn size_and_time(file: &File) -> std::io::Result<(u64, u64)> {
    let known = file.metadata()?;
    let time = known.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    Ok((known.len(), time.map_or(0, |t| t.as_nanos() as u64)))
}

/// The fingerprint of a file.
///
/// # Errors
/// [`ReadError::Open`] if it cannot be read.
pub fn fingerprint(path: &Path) -> Result<Fingerprint, ReadError> {
    let open = |source| ReadError::Open { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(open)?;
    let (size, written) = size_and_time(&file).map_err(open)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(open)? {
            0 => return Ok(Fingerprint { size, written, sum: hasher.finalize() }),
            read => hasher.update(&buffer[..read]),
        }
    }
}

impl Fingerprint {
    /// Whether a file is what it was. One of the same size and time is taken to be; else its bytes decide.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let Ok((size, written)) = File::open(path).and_then(|file| size_and_time(&file)) else {
            return false;
        };
        let same_time = written != 0 && written == self.written;
        size == self.size && (same_time || fingerprint(path).is_ok_and(|now| now.sum == self.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_bytes_wherever_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dbf");
        let mut bytes = vec![7u8; 700_000];
        std::fs::write(&path, &bytes).unwrap();
        let known = fingerprint(&path).unwrap();
        assert!(known.holds(&path));
        // Written again, or copied: another time, the same bytes.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let earlier = Fingerprint { written: known.written - 1, ..known };
        assert!(earlier.holds(&path));
        bytes[123_456] = 8;
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, &bytes).unwrap();
        assert!(!earlier.holds(&path));
        std::fs::remove_file(&path).unwrap();
        assert!(!earlier.holds(&path));
    }
}
