//! Results to files: a GeoPackage that QGIS opens styled with a project beside it, shapefiles, GeoJSON, GeoParquet, CSV.
//!
//! In comes a [`Package`]: layers with typed columns, a title and a look. Out come files, written beside their final
//! name and renamed at the end, so that no half a file is ever left. This crate reads no survey and computes nothing.

mod csv;
mod error;
mod geojson;
mod gpkg;
#[cfg(feature = "parquet")]
mod parquet;
mod project;
mod rings;
mod rtree;
mod shp;
mod sqlite;
mod style;
mod svg;
mod table;
mod wkb;
mod write;

pub use error::ExportError;
#[cfg(feature = "parquet")]
pub use parquet::ParquetRows;
pub use shp::{ShapefileOptions, write_shapefile};
pub use svg::{Lettering, Svg, check_svg_target, write_svg};
pub use table::{Look, Package, Table, TableColumn, Values};
pub use write::{FormatInfo, WriteOptions, Written, check_target, formats, write_package};
