//! What the journeys share: where the real networks are, and how a survey becomes a network.

use std::path::PathBuf;

/// The folder of shared real networks: `SUYUAN_SHARED`, else `../shared` beside the workspace; `None`, said on standard
/// error, where there is none.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("SUYUAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no shared data at {} (set SUYUAN_SHARED)", data.display());
    None
}
