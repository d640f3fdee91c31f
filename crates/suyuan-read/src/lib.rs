//! File to raw features: the only crate that reads files.
//!
//! In come paths; out comes a [`RawSurvey`](suyuan_core::RawSurvey) in one projected coordinate system in metres, with
//! every column we understand translated into our words, every attribute untouched beside them, and everything doubtful
//! listed. This crate never joins a pipe to a pipe.

mod columns;
mod dialect;
mod encoding;
mod error;
mod field_log;
mod filter;
mod fingerprint;
mod fit;
mod formats;
#[cfg(feature = "gdal")]
mod gdal_format;
mod geojson;
mod gpkg;
mod inp;
mod interlis;
mod layer;
mod open;
#[cfg(feature = "parquet")]
mod parquet;
mod sentinels;
mod shapefile;
mod shared_points;
mod spec;
mod survey;
mod systems;
mod wkb;

pub use dialect::{Dialect, DialectError, shipped_dialects};
pub use error::ReadError;
pub use field_log::{LogEntry, LogError, LogMethod, day_of, read_field_log};
pub use filter::{Filter, FilterError};
pub use fingerprint::{Fingerprint, fingerprint};
pub use fit::{DialectFit, LayerFit, dialect_fits};
pub use formats::{FormatInfo, formats};
pub use inp::read_inp;
#[cfg(feature = "parquet")]
pub use parquet::DECODER;
pub use shared_points::{PointsError, shared_points_file};
pub use spec::{LayerSpec, ReadOptions};
pub use survey::read_survey;
