//! A package to files: beside their final names first, renamed at the end.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::ExportError;
#[cfg(feature = "parquet")]
use crate::parquet;
use crate::project::project_zip;
use crate::shp::{ShapefileOptions, write_shapefile};
use crate::table::Package;
use crate::{csv, geojson, gpkg};

/// How a package is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// Whether files that are there are replaced.
    pub overwrite: bool,
    /// Whether a project is written beside a GeoPackage.
    pub project: bool,
    /// How shapefiles are written.
    pub shapefile: ShapefileOptions,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, the one to open first first.
    pub files: Vec<PathBuf>,
    /// Texts that a shapefile could not hold whole.
    pub texts_cut: usize,
}

/// A format that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatInfo {
    /// Its name.
    pub name: &'static str,
    /// The ending of its file names.
    pub extension: &'static str,
}

/// The formats that are written.
#[must_use]
pub fn formats() -> Vec<FormatInfo> {
    [
        ("GeoPackage, styled, with a QGIS project", "gpkg"),
        ("ESRI Shapefile", "shp"),
        ("GeoJSON", "geojson"),
        ("GeoParquet", "parquet"),
        ("CSV", "csv"),
    ]
    .into_iter()
    .filter(|(_, extension)| cfg!(feature = "parquet") || *extension != "parquet")
    .map(|(name, extension)| FormatInfo { name, extension })
    .collect()
}

/// A file ready under a temporary name.
struct Ready {
    temporary: PathBuf,
    path: PathBuf,
}

/// Temporary files, removed if the work is not finished.
#[derive(Default)]
pub(crate) struct Batch(Vec<Ready>);

impl Drop for Batch {
    fn drop(&mut self) {
        for ready in &self.0 {
            let _ = fs::remove_file(&ready.temporary);
        }
    }
}

impl Batch {
    /// The temporary name of a file; the file is registered.
    pub(crate) fn add(&mut self, path: &Path) -> PathBuf {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        self.0.push(Ready { temporary: temporary.clone(), path: path.to_owned() });
        temporary
    }

    fn put(&mut self, path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
        let temporary = self.add(path);
        fs::write(&temporary, bytes).map_err(|source| ExportError::Write { path: path.to_owned(), source })
    }

    pub(crate) fn finish(mut self) -> Result<Vec<PathBuf>, ExportError> {
        let ready = std::mem::take(&mut self.0);
        let mut files = Vec::new();
        for (i, file) in ready.iter().enumerate() {
            if let Err(source) = fs::rename(&file.temporary, &file.path) {
                for rest in &ready[i..] {
                    let _ = fs::remove_file(&rest.temporary);
                }
                return Err(ExportError::Write { path: file.path.clone(), source });
            }
            files.push(file.path.clone());
        }
        Ok(files)
    }
}

/// Refuses a name that cannot be written before any work is done.
///
/// # Errors
/// [`ExportError::UnknownFormat`], [`ExportError::Exists`], or [`ExportError::Write`] where the folder is missing.
pub fn check_target(path: &Path, overwrite: bool) -> Result<&'static str, ExportError> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let known = formats();
    let Some(format) =
        known.iter().find(|f| f.extension == ending || (ending == "json" && f.extension == "geojson"))
    else {
        let known = known.iter().map(|f| format!(".{}", f.extension)).collect::<Vec<_>>().join(", ");
        return Err(ExportError::UnknownFormat { path: path.to_owned(), known });
    };
    check_place(path, overwrite)?;
    Ok(format.extension)
}

/// Refuses a place where no file can be written, whatever its format.
pub(crate) fn check_place(path: &Path, overwrite: bool) -> Result<(), ExportError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(ExportError::NoFolder { path: path.to_owned() });
    }
    if path.is_dir() {
        return Err(ExportError::IsFolder { path: path.to_owned() });
    }
    if path.exists() && !overwrite {
        return Err(ExportError::Exists { path: path.to_owned() });
    }
    Ok(())
}

/// Writes one file.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<Vec<PathBuf>, ExportError> {
    let mut batch = Batch::default();
    batch.put(path, bytes)?;
    batch.finish()
}

/// Writes a package; the ending of `path` picks the format.
///
/// # Shape
/// A GeoPackage holds every layer, with a project of the same name beside it. Formats of one layer a file write
/// `NAME_layer.ext` for each, or `NAME.ext` where there is just one.
///
/// # Errors
/// [`ExportError`]; no file is left behind then.
pub fn write_package(package: &Package, path: &Path, options: WriteOptions) -> Result<Written, ExportError> {
    let format = check_target(path, options.overwrite)?;
    let mut batch = Batch::default();
    let mut written = Written::default();
    let names: Vec<PathBuf> = if package.tables.len() == 1 {
        vec![path.to_owned()]
    } else {
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let ending = path.extension().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        package.tables.iter().map(|t| path.with_file_name(format!("{stem}_{}.{ending}", t.name))).collect()
    };
    if format != "gpkg" {
        for name in &names {
            check_target(name, options.overwrite)?;
        }
    }
    match format {
        "gpkg" => {
            let qgz = path.with_extension("qgz");
            let project = project_zip(package, path);
            if options.project {
                if qgz.exists() && !options.overwrite {
                    return Err(ExportError::Exists { path: qgz });
                }
                batch.put(&qgz, &project)?;
            }
            let temporary = batch.add(path);
            let _ = fs::remove_file(&temporary);
            gpkg::write(package, &project, &temporary, path)?;
        }
        "geojson" => {
            for (table, name) in package.tables.iter().zip(&names) {
                let text = geojson::text(table, &package.crs)
                    .map_err(|source| ExportError::Crs { path: name.clone(), source })?;
                batch.put(name, text.as_bytes())?;
            }
        }
        #[cfg(feature = "parquet")]
        "parquet" => {
            for (table, name) in package.tables.iter().zip(&names) {
                let failed = |source| ExportError::Write { path: name.clone(), source };
                let file = fs::File::create(batch.add(name)).map_err(failed)?;
                parquet::write(package, table, file).map_err(failed)?;
            }
        }
        "csv" => {
            for (table, name) in package.tables.iter().zip(&names) {
                batch.put(name, csv::text(table).as_bytes())?;
            }
        }
        _ => {
            for (table, name) in package.tables.iter().zip(&names) {
                let (files, cut) = write_shapefile(table, &package.crs, options.shapefile);
                written.texts_cut += cut;
                for (ending, bytes) in files {
                    if bytes.len() > i32::MAX as usize {
                        let what = format!(".{ending} beyond 2 GiB");
                        return Err(ExportError::TooLarge { path: name.clone(), what });
                    }
                    batch.put(&name.with_extension(ending), &bytes)?;
                }
            }
        }
    }
    written.files = batch.finish()?;
    Ok(written)
}
