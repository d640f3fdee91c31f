//! Coordinate systems: what coordinates are measured from, and how to get to metres and back to degrees.

use serde::{Deserialize, Serialize};

/// A coordinate reference system.
#[doc(alias = "坐标系")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crs {
    /// EPSG code, if it has one.
    pub epsg: Option<u32>,
    /// Name in words.
    pub name: String,
    /// WKT 1 text: as the file had it, else made from the definition.
    pub wkt: String,
    /// The PROJ definition that the transforms work from.
    pub definition: String,
    /// Whether coordinates are degrees of longitude and latitude.
    pub geographic: bool,
    /// How many metres one unit of a projected system is.
    pub metres_per_unit: f64,
}
