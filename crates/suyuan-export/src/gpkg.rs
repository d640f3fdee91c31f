//! GeoPackage: features, spatial index, styles and a project, as QGIS needs them.
//!
//! # Reference
//! OGC GeoPackage 1.3. What QGIS asks of `layer_styles` beyond it was found by experiment: the table must be listed as
//! attributes, its schema column must be the empty string, and the geometry column must be named exactly.

use std::path::Path;

use rusqlite::{Connection, Statement, params};
use suyuan_core::raw::{ShapeKind, ValueKind};

use crate::error::ExportError;
use crate::project::{project_metadata, project_zip};
use crate::rtree::pack;
use crate::style::qml;
use crate::table::{Look, Package, Table, TableColumn, Values};
use crate::wkb::{bounds, type_name, write_blob};

/// Number under which a coordinate system without EPSG code is filed.
const OWN_SRS: i32 = 100_000;

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of the columns as the file will have them: none twice, none that the format needs for itself.
pub(crate) fn unique_names(columns: &[TableColumn]) -> Vec<String> {
    let mut taken: Vec<String> = vec!["fid".to_owned(), "geom".to_owned()];
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

/// Writes a package to `path`; `final_path` is the name it will have, for the project's relative sources.
pub(crate) fn write(package: &Package, path: &Path, final_path: &Path) -> Result<(), ExportError> {
    let error = |source| ExportError::Sqlite { path: final_path.to_owned(), source };
    let connection = Connection::open(path).map_err(error)?;
    write_all(package, &connection, final_path).map_err(error)?;
    connection.close().map_err(|(_, source)| error(source))
}

fn write_all(package: &Package, connection: &Connection, final_path: &Path) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
         PRAGMA application_id=0x47504B47; PRAGMA user_version=10300; PRAGMA foreign_keys=OFF; BEGIN;",
    )?;
    let srs = package.crs.epsg.map_or(OWN_SRS, |code| code as i32);
    create_metadata(package, connection, srs)?;
    let time =
        package.run_info.iter().find(|(k, _)| k == "time").map_or("1970-01-01T00:00:00.000Z", |(_, v)| v);
    for table in &package.tables {
        write_table(table, connection, srs, time)?;
    }
    let info = run_info(package);
    write_table(&info, connection, 0, time)?;
    write_styles(package, &info, connection, time)?;
    if package.tables.iter().any(|t| t.shapes.kind() != ShapeKind::None) {
        connection.execute_batch(
            "CREATE TABLE qgis_projects(name TEXT PRIMARY KEY, metadata BLOB, content BLOB);",
        )?;
        let zip = project_zip(package, final_path);
        let hex: String = zip.iter().map(|b| format!("{b:02x}")).collect();
        connection.execute(
            "INSERT INTO qgis_projects VALUES('suyuan', ?1, ?2)",
            params![project_metadata(time), hex],
        )?;
    }
    connection.execute_batch("COMMIT;")
}

fn create_metadata(package: &Package, connection: &Connection, srs: i32) -> rusqlite::Result<()> {
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

fn write_table(table: &Table, connection: &Connection, srs: i32, time: &str) -> rusqlite::Result<()> {
    let spatial = table.shapes.kind() != ShapeKind::None;
    let type_name = type_name(&table.shapes);
    let mut columns = vec!["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
    if spatial {
        columns.push(format!("geom {type_name}"));
    }
    let kinds = table.columns.iter().map(|c| sql_type(c.values.kind()));
    let names = unique_names(&table.columns);
    columns.extend(names.iter().zip(kinds).map(|(name, kind)| format!("{} {kind}", quote(name))));
    connection.execute_batch(&format!("CREATE TABLE {}({});", quote(&table.name), columns.join(", ")))?;

    let count = 1 + usize::from(spatial) + table.columns.len();
    let multi = type_name.starts_with("MULTI");
    let mut boxes = Vec::with_capacity(if spatial { table.len() } else { 0 });
    let mut blob = Vec::new();
    insert_in_batches(connection, &table.name, count, table.len(), |insert, row, first| {
        let fid = row as i64 + 1;
        insert.raw_bind_parameter(first, fid)?;
        let mut at = first + 1;
        if spatial {
            if write_blob(&mut blob, &table.shapes, row, srs, multi) {
                insert.raw_bind_parameter(at, blob.as_slice())?;
            } else {
                insert.raw_bind_parameter(at, rusqlite::types::Null)?;
            }
            at += 1;
            if let Some(bounds) = bounds(&table.shapes, row) {
                boxes.push((fid, bounds));
            }
        }
        for column in &table.columns {
            bind(insert, at, &column.values, row)?;
            at += 1;
        }
        Ok(())
    })?;
    let all = boxes.iter().fold(None, |u: Option<[f64; 4]>, (_, b)| {
        Some(u.map_or(*b, |u| [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])]))
    });
    connection.execute(
        "INSERT INTO gpkg_contents VALUES(?1, ?2, ?3, '', ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            table.name,
            if spatial { "features" } else { "attributes" },
            table.name,
            time,
            all.map(|b| b[0]),
            all.map(|b| b[2]),
            all.map(|b| b[1]),
            all.map(|b| b[3]),
            if spatial { Some(srs) } else { None },
        ],
    )?;
    if spatial {
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES(?1, 'geom', ?2, ?3, 0, 0)",
            params![table.name, type_name, srs],
        )?;
        write_index(&table.name, connection, &boxes)?;
    }
    Ok(())
}

/// Inserts `rows` rows of `columns` values, many to a statement: one at a time, SQLite spends half of its time on
/// beginning and ending statements. `bind` binds one row, from the parameter that it is given on.
fn insert_in_batches(
    connection: &Connection,
    table: &str,
    columns: usize,
    rows: usize,
    mut bind: impl FnMut(&mut Statement<'_>, usize, usize) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    const PARAMETERS: usize = 1000;
    let row_marks = format!("({})", vec!["?"; columns].join(", "));
    let prepare = |rows: usize| {
        let marks = vec![row_marks.as_str(); rows].join(", ");
        connection.prepare(&format!("INSERT INTO {} VALUES {marks}", quote(table)))
    };
    let batch = (PARAMETERS / columns).clamp(1, rows.max(1));
    let mut insert = prepare(batch)?;
    let mut row = 0;
    while row < rows {
        let size = batch.min(rows - row);
        if size < batch {
            insert = prepare(size)?;
        }
        for k in 0..size {
            bind(&mut insert, row + k, 1 + k * columns)?;
        }
        insert.raw_execute()?;
        row += size;
    }
    Ok(())
}

fn bind(statement: &mut Statement<'_>, at: usize, values: &Values, row: usize) -> rusqlite::Result<()> {
    match values {
        Values::Text(v) if v.at(row).is_empty() => statement.raw_bind_parameter(at, rusqlite::types::Null),
        Values::Text(v) => statement.raw_bind_parameter(at, v.at(row)),
        Values::Integer(v) => statement.raw_bind_parameter(at, v[row]),
        Values::Real(v) => statement.raw_bind_parameter(at, Some(v[row]).filter(|v| v.is_finite())),
        Values::Boolean(v) => statement.raw_bind_parameter(at, v[row]),
    }
}

fn write_index(name: &str, connection: &Connection, boxes: &[(i64, [f64; 4])]) -> rusqlite::Result<()> {
    let tree = format!("rtree_{name}_geom");
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy); DELETE FROM {};",
        quote(&tree),
        quote(&format!("{tree}_node"))
    ))?;
    let packed = pack(boxes);
    insert_in_batches(connection, &format!("{tree}_node"), 2, packed.nodes.len(), |insert, n, at| {
        let (number, bytes) = &packed.nodes[n];
        insert.raw_bind_parameter(at, number)?;
        insert.raw_bind_parameter(at + 1, bytes.as_slice())
    })?;
    let mut rows = packed.rows;
    rows.sort_unstable();
    for (name, pairs) in [("rowid", &rows), ("parent", &packed.parents)] {
        insert_in_batches(connection, &format!("{tree}_{name}"), 2, pairs.len(), |insert, n, at| {
            insert.raw_bind_parameter(at, pairs[n].0)?;
            insert.raw_bind_parameter(at + 1, pairs[n].1)
        })?;
    }
    connection.execute(
        "INSERT INTO gpkg_extensions VALUES(?1, 'geom', 'gpkg_rtree_index',
         'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        [name],
    )?;
    connection.execute_batch(&triggers(name))
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
    info: &Table,
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
    for table in package.tables.iter().chain([info]) {
        let geometry = if table.shapes.kind() == ShapeKind::None { "" } else { "geom" };
        insert.execute(params![table.name, geometry, name, qml(table, package.language), time])?;
    }
    Ok(())
}
