//! Files to layers, each by the reader of its format.

use std::collections::BTreeMap;
use std::path::Path;

use suyuan_core::crs::{Crs, Datum};
use suyuan_core::raw::{Role, ShapeKind};

use crate::columns::needs_lines;
use crate::error::ReadError;
use crate::formats::known_endings;
use crate::layer::FileLayer;
use crate::spec::{LayerSpec, ReadOptions};
use crate::systems::{Systems, beyond_degrees};
use crate::{geojson, gpkg, interlis, shapefile};

/// A layer as its file has it, with the system that it is said to be in.
pub(crate) fn open(
    spec: &LayerSpec,
    options: &ReadOptions,
    systems: &mut Systems,
) -> Result<FileLayer, ReadError> {
    let encoding = spec.encoding.as_deref().or(options.encoding.as_deref());
    let path: &Path = &spec.path;
    let layer = spec.layer.as_deref();
    let mut opened = match spec.extension().as_str() {
        _ if spec.path.to_string_lossy().starts_with("PG:") => foreign(spec)?,
        "shp" | "dbf" => shapefile::read(path, encoding)?,
        "zip" => shapefile::read_zip(path, layer, encoding)?,
        "gpkg" => gpkg::read(path, layer)?,
        "geojson" | "json" => geojson::read(path)?,
        #[cfg(feature = "parquet")]
        "parquet" | "geoparquet" => crate::parquet::read(path)?,
        _ => {
            if !path.exists() {
                let source = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
                return Err(ReadError::Open { path: path.to_owned(), source });
            }
            foreign(spec)?
        }
    };
    if let Some(layer) = layer
        && layer != opened.name
    {
        return Err(ReadError::NoSuchLayer {
            path: path.to_owned(),
            layer: layer.to_owned(),
            layers: vec![opened.name],
        });
    }
    settle_crs(spec, options, systems, &mut opened)?;
    check_content(spec, &opened)?;
    Ok(opened)
}

/// The layers of a file as they are, for whatever role.
pub(crate) fn open_layers(spec: &LayerSpec, options: &ReadOptions) -> Result<Vec<FileLayer>, ReadError> {
    if spec.extension() == "inp" {
        return Ok(Vec::new()); // the format names its fields itself
    }
    let mut systems = Systems::default();
    if let Some(transfer) = open_transfer(spec, options, &mut systems)? {
        return Ok(transfer.into_iter().map(|(_, layer)| layer).collect());
    }
    let any = LayerSpec { role: Role::Venues, ..spec.clone() };
    Ok(vec![open(&any, options, &mut systems)?])
}

/// The layers of an INTERLIS transfer file; `None` for any other file. Given for pipes without naming a layer, it gives
/// all that it has; else the layer that is named, or those of the role it is given for.
pub(crate) fn open_transfer(
    spec: &LayerSpec,
    options: &ReadOptions,
    systems: &mut Systems,
) -> Result<Option<Vec<(LayerSpec, FileLayer)>>, ReadError> {
    if spec.extension() != "xtf" {
        return Ok(None);
    }
    let transfer = match interlis::read(&spec.path) {
        // Of any other model, GDAL reads single classes.
        Err(ReadError::UnknownModel { .. }) if cfg!(feature = "gdal") => return Ok(None),
        transfer => transfer?,
    };
    let names: Vec<String> = transfer.layers.iter().map(|(_, l)| l.name.clone()).collect();
    let mut found = Vec::new();
    for (role, mut layer) in transfer.layers {
        let wanted = match &spec.layer {
            Some(name) => *name == layer.name,
            None => spec.role == Role::Pipes || spec.role == role,
        };
        if !wanted {
            continue;
        }
        let own = spec.layer.is_some() || spec.role == role;
        let spec = LayerSpec {
            role: if own { spec.role } else { role },
            // Columns, condition and system are meant for the role that the file was given for.
            fields: if own { spec.fields.clone() } else { BTreeMap::new() },
            only: spec.only.clone().filter(|_| own),
            system: spec.system.filter(|_| own),
            dialect: spec.dialect.clone().or_else(|| Some(transfer.dialect.clone())),
            ..spec.clone()
        };
        settle_crs(&spec, options, systems, &mut layer)?;
        check_content(&spec, &layer)?;
        found.push((spec, layer));
    }
    if found.is_empty() {
        let layer = spec.layer.clone().unwrap_or_else(|| spec.role.key().to_owned());
        return Err(ReadError::NoSuchLayer { path: spec.path.clone(), layer, layers: names });
    }
    Ok(Some(found))
}

/// The system of a layer: what is said of it, else of all, else what the file declares.
fn settle_crs(
    spec: &LayerSpec,
    options: &ReadOptions,
    systems: &mut Systems,
    opened: &mut FileLayer,
) -> Result<(), ReadError> {
    // GeoJSON and GeoParquet are in WGS 84 unless they say otherwise; where the coordinates are no degrees, they have
    // forgotten to say.
    let says_itself = ["GeoJSON", "GeoParquet"].contains(&opened.format);
    let planar = says_itself && beyond_degrees(&opened.shapes);
    let silent = opened.crs.as_ref().is_none_or(|crs| planar && crs.geographic);
    if let Some(text) = spec.crs.as_deref().filter(|t| Datum::parse(t).is_none()) {
        opened.crs = Some(systems.parse(text, &spec.path)?);
    } else if spec.crs.is_some() {
        opened.crs = Crs::from_epsg(4326).ok();
    } else if let Some(text) = options.crs.as_deref()
        && (silent || spec.role == Role::Pipes)
        && (planar || !says_itself)
    {
        opened.crs = Some(systems.parse(text, &spec.path)?);
    }
    if let Some(source) = opened.bad_crs.take().filter(|_| opened.crs.is_none()) {
        return Err(ReadError::Crs { path: spec.path.clone(), source });
    }
    Ok(())
}

#[cfg(feature = "gdal")]
fn foreign(spec: &LayerSpec) -> Result<FileLayer, ReadError> {
    crate::gdal_format::read(&spec.path, spec.layer.as_deref())
}

#[cfg(not(feature = "gdal"))]
fn foreign(spec: &LayerSpec) -> Result<FileLayer, ReadError> {
    Err(ReadError::UnknownFormat { path: spec.path.clone(), known: known_endings() })
}

/// The endings that this build reads.
#[cfg(feature = "gdal")]
pub(crate) fn endings() -> String {
    known_endings()
}

fn check_content(spec: &LayerSpec, layer: &FileLayer) -> Result<(), ReadError> {
    if layer.shapes.is_empty() {
        if spec.role == Role::Pipes {
            return Err(ReadError::Empty { path: spec.path.clone(), role: spec.role.key() });
        }
        return Ok(());
    }
    let found = layer.shapes.kind();
    let needs = match spec.role {
        Role::Pipes | Role::Laterals => "lines",
        Role::Nodes | Role::Outfalls => "points",
        Role::Drainers => "points or polygons",
        Role::Waters => "lines or polygons",
        Role::Venues => return Ok(()),
    };
    let found = match found {
        ShapeKind::Point => "points",
        ShapeKind::Polygon => "polygons",
        ShapeKind::Line => "lines",
        ShapeKind::None if needs_lines(spec.role) => "features without geometry",
        ShapeKind::None => return Ok(()),
    };
    if needs.split(" or ").any(|kind| kind == found) {
        return Ok(());
    }
    Err(ReadError::WrongKind { path: spec.path.clone(), role: spec.role.key(), found, needs })
}
