//! What is to be read, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use suyuan_core::System;
use suyuan_core::raw::{Field, Role};

/// One layer to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// What it is for.
    pub role: Role,
    /// The file, or a `PG:` connection with GDAL.
    pub path: PathBuf,
    /// The layer inside it, where it holds several.
    pub layer: Option<String>,
    /// Columns the user names for fields; they win over every dialect.
    #[serde(default)]
    pub fields: BTreeMap<Field, String>,
    /// Text encoding; wins over what the file says.
    pub encoding: Option<String>,
    /// Coordinate system, or the datum of its degrees; wins over what the file says.
    pub crs: Option<String>,
    /// Dialect of its column names.
    pub dialect: Option<String>,
    /// What the whole layer carries, where the user says so.
    pub system: Option<System>,
    /// Only rows that meet this condition are read.
    pub only: Option<String>,
    /// Whether columns that this layer lacks are passed over, as long as another layer of its role has them.
    #[serde(default)]
    pub lenient: bool,
}

impl LayerSpec {
    /// A layer by role and path, everything else found out.
    #[must_use]
    pub fn new(role: Role, path: impl Into<PathBuf>) -> Self {
        Self {
            role,
            path: path.into(),
            layer: None,
            fields: BTreeMap::new(),
            encoding: None,
            crs: None,
            dialect: None,
            system: None,
            only: None,
            lenient: false,
        }
    }

    /// A layer given as `FILE` or `FILE:layer`.
    ///
    /// # Example
    /// ```
    /// use suyuan_core::Role;
    /// use suyuan_read::LayerSpec;
    /// let spec = LayerSpec::parse(Role::Pipes, "city.gpkg:mains");
    /// assert_eq!((spec.path.to_str(), spec.layer.as_deref()), (Some("city.gpkg"), Some("mains")));
    /// ```
    #[must_use]
    pub fn parse(role: Role, text: &str) -> Self {
        let whole = Self::new(role, text);
        if whole.path.exists() || text.starts_with("PG:") {
            return whole;
        }
        match text.rsplit_once(':') {
            // A single letter before the colon is a drive.
            Some((path, layer)) if path.chars().count() > 1 && !layer.contains(['/', '\\']) => {
                Self { layer: Some(layer.to_owned()), ..Self::new(role, path) }
            }
            _ => whole,
        }
    }

    /// The ending of the file's name, lower case.
    #[must_use]
    pub fn extension(&self) -> String {
        extension(&self.path)
    }
}

pub(crate) fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// How everything is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadOptions {
    /// Coordinate system of layers that name none, and in place of what the pipes say.
    pub crs: Option<String>,
    /// Text encoding of every layer.
    pub encoding: Option<String>,
    /// Dialect of every layer.
    pub dialect: Option<String>,
    /// Further dialects in TOML.
    #[serde(default)]
    pub dialect_files: Vec<PathBuf>,
    /// Whether rows with coordinates that are no numbers are set aside instead of refused.
    #[serde(default)]
    pub set_aside: bool,
}
