//! GeoParquet layers: geometry by row groups on all cores, columns when they are asked for.
//!
//! # Reference
//! GeoParquet 1.1.0; Apache Parquet 2.10.

mod crs;
mod file;
mod pages;
mod shapes;
mod values;

use std::path::Path;
use std::sync::Arc;

use ::parquet::basic::LogicalType;
use serde_json::Value as Json;
use suyuan_core::crs::Crs;

use crate::error::ReadError;
use crate::layer::{FileLayer, declaration};
use crate::systems::beyond_degrees;
pub use file::DECODER;
use file::File;
use shapes::Encoding;
use values::Columns;

/// Where the geometry stands, how it is written, and what is said of its coordinates.
struct Geometry {
    column: String,
    encoding: Encoding,
    crs: Option<Json>,
    /// Columns that only help to find geometries: the boxes around them.
    helpers: Vec<String>,
}

impl Geometry {
    /// As the metadata of the file has it, else as the type of a column says.
    fn of(file: &File) -> Result<Self, ReadError> {
        let damaged = |what: String| file.damaged(what);
        let Some(text) = file.said("geo") else {
            return Self::by_type(file).ok_or_else(|| {
                damaged("it says nothing of geometry (`geo` in its metadata), as GeoParquet does".to_owned())
            });
        };
        let geo: Json =
            serde_json::from_str(text).map_err(|e| damaged(format!("its metadata `geo` is no JSON: {e}")))?;
        let column = geo.get("primary_column").and_then(Json::as_str);
        let column =
            column.ok_or_else(|| damaged("its metadata `geo` names no primary_column".to_owned()))?;
        let columns = geo.get("columns").and_then(Json::as_object);
        let about = columns.and_then(|all| all.get(column)).ok_or_else(|| {
            damaged(format!("its metadata `geo` does not describe the column `{column}` that it names"))
        })?;
        let encoding = about.get("encoding").and_then(Json::as_str).unwrap_or("WKB");
        let encoding = Encoding::parse(encoding).ok_or_else(|| {
            damaged(format!(
                "the geometry in `{column}` is encoded as `{encoding}`; read are WKB, {}",
                Encoding::NATIVE.map(|(name, _)| name).join(", ")
            ))
        })?;
        let others = columns.into_iter().flatten().map(|(name, _)| name.clone()).filter(|n| n != column);
        let boxes = about.pointer("/covering/bbox/xmin/0").and_then(Json::as_str).map(str::to_owned);
        let helpers = others.chain(boxes).collect();
        Ok(Self { column: column.to_owned(), encoding, crs: about.get("crs").cloned(), helpers })
    }

    /// By the type that Parquet itself has for geometry since 2.11.
    fn by_type(file: &File) -> Option<Self> {
        let (leaf, crs) =
            file.schema().columns().iter().find_map(|leaf| match leaf.logical_type_ref()? {
                LogicalType::Geometry(kind) => Some((leaf, kind.crs.clone())),
                LogicalType::Geography(kind) => Some((leaf, kind.crs.clone())),
                _ => None,
            })?;
        let crs = crs.map(|text| serde_json::from_str(&text).unwrap_or(Json::String(text)));
        let column = leaf.path().parts().first()?.clone();
        Some(Self { column, encoding: Encoding::Wkb, crs, helpers: Vec::new() })
    }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<FileLayer, ReadError> {
    let file = Arc::new(File::open(path)?);
    let geometry = Geometry::of(&file)?;
    let mut findings = Vec::new();
    let shapes = shapes::read(&file, &geometry.column, geometry.encoding, &mut findings)?;
    let declared = match &geometry.crs {
        // What is not said is degrees, unless they can be none: then it was forgotten.
        None if beyond_degrees(&shapes) => None,
        None => Some(Crs::from_epsg(4326)),
        Some(said) => crs::read(said),
    };
    let (crs, bad_crs) = declaration(declared);
    let aside = std::iter::once(geometry.column).chain(geometry.helpers).collect();
    Ok(FileLayer {
        name: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "GeoParquet",
        encoding: String::new(),
        shapes,
        attributes: Arc::new(Columns::new(file, &aside)),
        crs,
        bad_crs,
        findings,
    })
}
