//! What this build reads.

use serde::Serialize;

/// A format that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatInfo {
    /// Its name.
    pub name: &'static str,
    /// Endings of its file names.
    pub extensions: &'static [&'static str],
    /// Whether this build reads it.
    pub available: bool,
    /// By what.
    pub by: &'static str,
}

/// The formats that can be read, and whether this build reads them.
#[must_use]
pub fn formats() -> Vec<FormatInfo> {
    let own = |name, extensions| FormatInfo { name, extensions, available: true, by: "suyuan" };
    let gdal =
        |name, extensions| FormatInfo { name, extensions, available: cfg!(feature = "gdal"), by: "GDAL" };
    vec![
        own("ESRI Shapefile", &["shp", "zip"]),
        own("GeoPackage", &["gpkg"]),
        own("GeoJSON", &["geojson", "json"]),
        FormatInfo { available: cfg!(feature = "parquet"), ..own("GeoParquet", &["parquet", "geoparquet"]) },
        own("EPA SWMM", &["inp"]),
        own("INTERLIS 2 VSA-DSS", &["xtf"]),
        gdal("FlatGeobuf", &["fgb"]),
        gdal("File geodatabase", &["gdb"]),
        gdal("DXF", &["dxf"]),
        gdal("INTERLIS, other models", &["xtf", "itf"]),
        gdal("MapInfo", &["tab", "mif"]),
        gdal("KML", &["kml"]),
        gdal("CSV with WKT or x/y", &["csv"]),
        gdal("PostGIS", &["PG:"]),
    ]
}

/// The endings that this build reads, for messages.
pub(crate) fn known_endings() -> String {
    let mut endings: Vec<&str> = Vec::new();
    for ending in formats().iter().filter(|f| f.available).flat_map(|f| f.extensions) {
        if !endings.contains(ending) {
            endings.push(ending);
        }
    }
    endings.join(", ")
}
