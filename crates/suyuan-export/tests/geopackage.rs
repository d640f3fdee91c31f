//! A GeoPackage as SQLite and the standard see it: sound, indexed, the values as they were given.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use rusqlite::Connection;
use rusqlite::types::Value;
use suyuan_core::crs::Crs;
use suyuan_core::raw::{ShapeKind, Shapes};
use suyuan_core::{Coord, Language};
use suyuan_export::{
    Look, Package, ShapefileOptions, Table, TableColumn, Values, WriteOptions, write_package,
};

fn column(name: &str, values: Values) -> TableColumn {
    TableColumn { name: name.to_owned(), alias: name.to_owned(), values }
}

fn table(name: &str, shapes: Shapes, columns: Vec<TableColumn>) -> Table {
    Table {
        name: name.to_owned(),
        title: name.to_owned(),
        group: "Result".to_owned(),
        look: Look::Plain,
        shapes,
        columns,
    }
}

fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x: 500_000.0 + x, y: 3_300_000.0 + y }
}

/// Lines in one and two parts and without any; texts long, blank and null.
fn lines(rows: usize) -> Table {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for n in 0..rows {
        let (x, y) = ((n * 7919 % 1000) as f64, (n / 3) as f64);
        let parts = [[at(x, y), at(x + 5.0, y + 1.0)], [at(x, y + 2.0), at(x + 1.0, y + 9.5)]];
        shapes.push(parts.iter().take(n % 3).map(|part| part.as_slice()));
    }
    let text = |n: usize| match n % 50 {
        0 => "污水管线".repeat(900),
        k => "雨水".repeat(k % 4),
    };
    table(
        "lines",
        shapes,
        vec![
            column("text", Values::Text((0..rows).map(text).collect())),
            column(
                "whole",
                Values::Integer((0..rows as i64).map(|n| Some(n - 50).filter(|n| n % 5 > 0)).collect()),
            ),
            column(
                "real",
                Values::Real((0..rows).map(|n| if n % 9 == 0 { f64::NAN } else { n as f64 / 8.0 }).collect()),
            ),
            column(
                "yes",
                Values::Boolean((0..rows).map(|n| [None, Some(true), Some(false)][n % 3]).collect()),
            ),
        ],
    )
}

fn points(name: &str, rows: usize) -> Table {
    let mut shapes = Shapes::new(ShapeKind::Point);
    (0..rows).for_each(|n| shapes.push([[at(n as f64, 0.5)].as_slice()]));
    table(name, shapes, vec![column("n", Values::Integer((0..rows as i64).map(Some).collect()))])
}

fn package(tables: Vec<Table>) -> Package {
    Package {
        title: "test".to_owned(),
        crs: Crs::from_epsg(4549).unwrap(),
        language: Language::English,
        tables,
        focus: None,
        run_info: vec![("made".to_owned(), "here".to_owned())],
    }
}

fn ask<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Vec<T> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn sqlite_finds_the_file_sound_and_every_value_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.gpkg");
    let package = package(vec![lines(20_000), points("none", 0), points("one", 1), points("few", 60)]);
    let options = WriteOptions { overwrite: false, project: true, shapefile: ShapefileOptions::utf8() };
    write_package(&package, &path, options).unwrap();
    let connection = Connection::open(&path).unwrap();
    assert_eq!(ask::<String>(&connection, "PRAGMA integrity_check"), ["ok"]);
    assert!(ask::<String>(&connection, "PRAGMA foreign_key_check").is_empty());
    for given in &package.tables {
        let name = &given.name;
        assert_eq!(ask::<String>(&connection, &format!("SELECT rtreecheck('rtree_{name}_geom')")), ["ok"]);
        assert_eq!(
            ask::<i64>(&connection, &format!("SELECT fid FROM {name}")),
            (1..=given.len() as i64).collect::<Vec<_>>()
        );
        // The index holds what has geometry, and nothing else.
        let sql = format!("SELECT id FROM rtree_{name}_geom ORDER BY id");
        let with_geometry = format!("SELECT fid FROM {name} WHERE geom IS NOT NULL");
        assert_eq!(ask::<i64>(&connection, &sql), ask::<i64>(&connection, &with_geometry));
        for column in &given.columns {
            let read: Vec<Value> = ask(&connection, &format!("SELECT \"{}\" FROM {name}", column.name));
            let expected = |row: usize| match &column.values {
                Values::Text(v) if v.at(row).is_empty() => Value::Null,
                Values::Text(v) => Value::Text(v.at(row).to_owned()),
                Values::Integer(v) => v[row].map_or(Value::Null, Value::Integer),
                Values::Real(v) if v[row].is_nan() => Value::Null,
                Values::Real(v) => Value::Real(v[row]),
                Values::Boolean(v) => v[row].map_or(Value::Null, |v| Value::Integer(v.into())),
            };
            assert_eq!(read, (0..given.len()).map(expected).collect::<Vec<_>>(), "{name}.{}", column.name);
        }
    }
    let near = "SELECT count(*) FROM rtree_few_geom WHERE minx <= 500010.5 AND maxx >= 500005.5";
    assert_eq!(ask::<i64>(&connection, near), [5]);
}

#[test]
fn rows_added_afterwards_follow_those_that_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.gpkg");
    let options = WriteOptions { overwrite: false, project: false, shapefile: ShapefileOptions::utf8() };
    write_package(&package(vec![lines(5000)]), &path, options).unwrap();
    let connection = Connection::open(&path).unwrap();
    // Without geometry, since the functions that the triggers call exist only in a GIS; its own deletes them as well.
    connection
        .execute_batch("DROP TRIGGER rtree_lines_geom_insert; DROP TRIGGER rtree_lines_geom_delete")
        .unwrap();
    connection.execute_batch("DELETE FROM lines WHERE fid % 2 = 0 OR fid = 4999").unwrap();
    connection.execute_batch("INSERT INTO lines(text) VALUES('new')").unwrap();
    assert_eq!(ask::<i64>(&connection, "SELECT fid FROM lines WHERE text = 'new'"), [5001]);
    assert_eq!(ask::<i64>(&connection, "SELECT count(*) FROM lines"), [2500]);
    assert_eq!(ask::<String>(&connection, "PRAGMA integrity_check"), ["ok"]);
}
