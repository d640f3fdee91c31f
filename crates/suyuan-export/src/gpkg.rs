//! GeoPackage: features, spatial index, styles and a project, as QGIS needs them.
//!
//! # Reference
//! OGC GeoPackage 1.3. What QGIS asks of `layer_styles` beyond it was found by experiment: the table must be listed as
//! attributes, its schema column must be the empty string, and the geometry column must be named exactly.

use std::path::Path;

use rayon::prelude::*;
use rusqlite::{Connection, params};
use suyuan_core::raw::{ShapeKind, ValueKind};

use crate::error::ExportError;
use crate::project::project_metadata;
use crate::rtree::{Packed, pack};
use crate::sqlite::{Fill, Record, RowWriter, fill};
use crate::style::qml;
use crate::table::{Look, Package, Table, TableColumn, Values};
use crate::wkb::{around, type_name, write_blob};

/// Number under which a coordinate system without EPSG code is filed.
const OWN_SRS: i32 = 100_000;

fn srs_of(package: &Package) -> i32 {
    package.crs.epsg.map_or(OWN_SRS, |code| code as i32)
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of the columns as the file will have them: none twice, none that the format needs for itself.
pub(crate) fn unique_names(columns: &[TableColumn]) -> Vec<String> {
    names_beside(&["fid", "geom"], columns)
}

/// The names of columns, each once whatever its case, and none of those `taken`.
pub(crate) fn names_beside(taken: &[&str], columns: &[TableColumn]) -> Vec<String> {
    let mut taken: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    columns
        .iter()
        .map(|column| {
            let mut name = column.name.clone();
            let mut n = 1;
            while taken.contains(&name.to_lowercase()) {
                n += 1;
                name = format!("{}_{n}", column.name);
            }
            taken.push(name.to_lowercase());
            name
        })
        .collect()
}

/// Writes a package with its project to `path`; `final_path` is the name it will have.
///
/// SQLite makes the file with every table, and what is small; then the rows of the layers and of their spatial indexes
/// are put behind that, page by page.
pub(crate) fn write(
    package: &Package,
    project: &[u8],
    path: &Path,
    final_path: &Path,
) -> Result<(), ExportError> {
    let error = |source| ExportError::Sqlite { path: final_path.to_owned(), source };
    let info = run_info(package);
    let srs = srs_of(package);
    let layers: Vec<Layer<'_>> =
        package.tables.iter().map(|table| Layer::new(table, srs)).chain([Layer::new(&info, 0)]).collect();
    let create = || {
        let connection = Connection::open(path)?;
        write_all(package, &layers, &connection, project)?;
        Ok(connection)
    };
    let index = |layer: &Layer<'_>| layer.spatial().then(|| pack(&layer.table.shapes));
    let (connection, indexes) =
        rayon::join(create, || layers.par_iter().map(index).collect::<Vec<Option<Packed>>>());
    let connection = connection.map_err(error)?;
    let fills = fills(&layers, &indexes, &connection).map_err(error)?;
    connection.close().map_err(|(_, source)| error(source))?;
    fill(path, &fills).map_err(|source| ExportError::Write { path: final_path.to_owned(), source })
}

fn write_all(
    package: &Package,
    layers: &[Layer<'_>],
    connection: &Connection,
    project: &[u8],
) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
         PRAGMA locking_mode=EXCLUSIVE; PRAGMA application_id=0x47504B47; PRAGMA user_version=10300;
         PRAGMA foreign_keys=OFF; BEGIN;",
    )?;
    create_metadata(package, connection)?;
    let time =
        package.run_info.iter().find(|(k, _)| k == "time").map_or("1970-01-01T00:00:00.000Z", |(_, v)| v);
    for layer in layers {
        create_table(layer, connection, time)?;
    }
    write_styles(package, layers, connection, time)?;
    if package.tables.iter().any(|t| t.shapes.kind() != ShapeKind::None) {
        connection.execute_batch(
            "CREATE TABLE qgis_projects(name TEXT PRIMARY KEY, metadata BLOB, content BLOB);",
        )?;
        let hex: String = project.iter().map(|b| format!("{b:02x}")).collect();
        connection.execute(
            "INSERT INTO qgis_projects VALUES('suyuan', ?1, ?2)",
            params![project_metadata(time), hex],
        )?;
    }
    connection.execute_batch("COMMIT;")
}

fn create_metadata(package: &Package, connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
           organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
           description TEXT);
         CREATE TABLE gpkg_contents(table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
           identifier TEXT UNIQUE, description TEXT DEFAULT '',
           last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
           min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
           CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
         CREATE TABLE gpkg_geometry_columns(table_name TEXT NOT NULL, column_name TEXT NOT NULL,
           geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
           CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
           CONSTRAINT uk_gc_table_name UNIQUE (table_name),
           CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
           CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
         CREATE TABLE gpkg_extensions(table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
           definition TEXT NOT NULL, scope TEXT NOT NULL,
           CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));",
    )?;
    let mut insert =
        connection.prepare("INSERT OR REPLACE INTO gpkg_spatial_ref_sys VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?;
    insert.execute(params!["Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian"])?;
    insert.execute(params!["Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic"])?;
    if let Ok(wgs84) = suyuan_core::crs::Crs::from_epsg(4326) {
        insert.execute(params![wgs84.name, 4326, "EPSG", 4326, wgs84.wkt, "longitude, latitude"])?;
    }
    let srs = srs_of(package);
    let organization = if package.crs.epsg.is_some() { "EPSG" } else { "NONE" };
    insert.execute(params![package.crs.name, srs, organization, srs, package.crs.wkt, ""])?;
    Ok(())
}

fn sql_type(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Integer => "INTEGER",
        ValueKind::Real => "REAL",
        ValueKind::Boolean => "BOOLEAN",
        ValueKind::Date => "DATE",
        ValueKind::Text => "TEXT",
    }
}

/// A table and what it is declared as.
struct Layer<'a> {
    table: &'a Table,
    srs: i32,
    type_name: &'static str,
    multi: bool,
}

impl<'a> Layer<'a> {
    fn new(table: &'a Table, srs: i32) -> Self {
        let type_name = type_name(&table.shapes);
        Self { table, srs, type_name, multi: type_name.starts_with("MULTI") }
    }

    /// Whether it has geometry, and so an index.
    fn spatial(&self) -> bool {
        self.table.shapes.kind() != ShapeKind::None
    }

    fn index_name(&self) -> String {
        format!("rtree_{}_geom", self.table.name)
    }

    /// Writes the values of a row, the key first, and tells the key.
    fn row(&self, row: usize, record: &mut Record) -> i64 {
        let shapes = &self.table.shapes;
        record.null();
        if self.spatial() {
            record.blob(|out| write_blob(out, shapes, row, self.srs, self.multi));
        }
        for column in &self.table.columns {
            let whole = match &column.values {
                Values::Text(v) => match v.at(row) {
                    "" => None,
                    text => {
                        record.text(text);
                        continue;
                    }
                },
                Values::Real(v) if v[row].is_finite() => {
                    record.real(v[row]);
                    continue;
                }
                Values::Real(_) => None,
                Values::Integer(v) => v[row],
                Values::Boolean(v) => v[row].map(i64::from),
            };
            match whole {
                Some(whole) => record.integer(whole),
                None => record.null(),
            }
        }
        row as i64 + 1
    }
}

fn create_table(layer: &Layer<'_>, connection: &Connection, time: &str) -> rusqlite::Result<()> {
    let table = layer.table;
    let mut columns = vec!["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
    if layer.spatial() {
        columns.push(format!("geom {}", layer.type_name));
    }
    let kinds = table.columns.iter().map(|c| sql_type(c.values.kind()));
    let names = unique_names(&table.columns);
    columns.extend(names.iter().zip(kinds).map(|(name, kind)| format!("{} {kind}", quote(name))));
    connection.execute_batch(&format!("CREATE TABLE {}({});", quote(&table.name), columns.join(", ")))?;
    if !table.is_empty() {
        connection
            .execute("INSERT INTO sqlite_sequence VALUES(?1, ?2)", params![table.name, table.len() as i64])?;
    }
    let all = around(table.shapes.coords());
    connection.execute(
        "INSERT INTO gpkg_contents VALUES(?1, ?2, ?3, '', ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            table.name,
            if layer.spatial() { "features" } else { "attributes" },
            table.name,
            time,
            all.map(|b| b[0]),
            all.map(|b| b[2]),
            all.map(|b| b[1]),
            all.map(|b| b[3]),
            layer.spatial().then_some(layer.srs),
        ],
    )?;
    if !layer.spatial() {
        return Ok(());
    }
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES(?1, 'geom', ?2, ?3, 0, 0)",
        params![table.name, layer.type_name, layer.srs],
    )?;
    let index = layer.index_name();
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy); DELETE FROM {};",
        quote(&index),
        quote(&format!("{index}_node"))
    ))?;
    connection.execute(
        "INSERT INTO gpkg_extensions VALUES(?1, 'geom', 'gpkg_rtree_index',
         'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        [&table.name],
    )?;
    connection.execute_batch(&triggers(&table.name))
}

/// The tables that are still empty, and what fills each.
fn fills<'a>(
    layers: &'a [Layer<'a>],
    indexes: &'a [Option<Packed>],
    connection: &Connection,
) -> rusqlite::Result<Vec<Fill<'a>>> {
    let mut root = connection.prepare("SELECT rootpage FROM sqlite_schema WHERE type='table' AND name=?1")?;
    let mut fills = Vec::new();
    let mut add = |name: &str, rows: usize, row: RowWriter<'a>| -> rusqlite::Result<()> {
        fills.push(Fill { root: root.query_row([name], |r| r.get(0))?, rows, row });
        Ok(())
    };
    for (layer, index) in layers.iter().zip(indexes) {
        add(&layer.table.name, layer.table.len(), Box::new(|row, record| layer.row(row, record)))?;
        let Some(packed) = index else { continue };
        let index = layer.index_name();
        add(
            &format!("{index}_node"),
            packed.node_count(),
            Box::new(|row, record| {
                let (number, bytes) = packed.node(row);
                record.null();
                record.blob(|out| {
                    out.extend_from_slice(bytes);
                    true
                });
                number
            }),
        )?;
        for (suffix, pairs) in [("rowid", &packed.rows), ("parent", &packed.parents)] {
            let pair = |row: usize, record: &mut Record| {
                record.null();
                record.integer(pairs[row].1);
                pairs[row].0
            };
            add(&format!("{index}_{suffix}"), pairs.len(), Box::new(pair))?;
        }
    }
    Ok(fills)
}

/// The triggers that keep the index true when somebody edits the layer in QGIS; their functions exist there.
fn triggers(name: &str) -> String {
    let (t, r) = (quote(name), quote(&format!("rtree_{name}_geom")));
    let trigger = |suffix: &str| quote(&format!("rtree_{name}_geom_{suffix}"));
    let values = "NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)";
    let full = "(NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))";
    let empty = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))";
    format!(
        "CREATE TRIGGER {} AFTER INSERT ON {t} WHEN {full} BEGIN INSERT OR REPLACE INTO {r} VALUES ({values}); END;
         CREATE TRIGGER {} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND {full} BEGIN INSERT OR REPLACE INTO {r} VALUES ({values}); END;
         CREATE TRIGGER {} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND {empty} BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;
         CREATE TRIGGER {} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND {full} BEGIN DELETE FROM {r} WHERE id = OLD.fid; INSERT OR REPLACE INTO {r} VALUES ({values}); END;
         CREATE TRIGGER {} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND {empty} BEGIN DELETE FROM {r} WHERE id IN (OLD.fid, NEW.fid); END;
         CREATE TRIGGER {} AFTER DELETE ON {t} WHEN OLD.geom NOT NULL BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;",
        trigger("insert"),
        trigger("update1"),
        trigger("update2"),
        trigger("update3"),
        trigger("update4"),
        trigger("delete"),
    )
}

/// How the result was made, as a table.
pub(crate) fn run_info(package: &Package) -> Table {
    let column = |name: &str, alias: &str, of: fn(&(String, String)) -> &str| TableColumn {
        name: name.to_owned(),
        alias: alias.to_owned(),
        values: Values::Text(package.run_info.iter().map(of).collect()),
    };
    Table {
        name: "run_info".to_owned(),
        title: package.language.pick("How it was made", "运行信息").to_owned(),
        group: String::new(),
        look: Look::Plain,
        shapes: suyuan_core::raw::Shapes::default(),
        columns: vec![
            column("key", package.language.pick("Key", "项目"), |p| &p.0),
            column("value", package.language.pick("Value", "内容"), |p| &p.1),
        ],
    }
}

fn write_styles(
    package: &Package,
    layers: &[Layer<'_>],
    connection: &Connection,
    time: &str,
) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE layer_styles(id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
           f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),
           styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
           update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));",
    )?;
    connection.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, description, last_change, srs_id)
         VALUES('layer_styles', 'attributes', 'layer_styles', '', ?1, 0)",
        [time],
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO layer_styles(f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,
           styleQML, styleSLD, useAsDefault, description, owner, update_time)
         VALUES('', '', ?1, ?2, ?3, ?4, '', 1, 'suyuan', '', ?5)",
    )?;
    let name = package.language.pick("default", "默认");
    for table in layers.iter().map(|layer| layer.table) {
        let geometry = if table.shapes.kind() == ShapeKind::None { "" } else { "geom" };
        insert.execute(params![table.name, geometry, name, qml(table, package.language), time])?;
    }
    Ok(())
}
