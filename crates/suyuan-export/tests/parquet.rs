//! A GeoParquet file as the standard and another reader see it: the values as they were given, and where they lie.
#![cfg(feature = "parquet")]
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Value as Json, json};
use suyuan_core::crs::Crs;
use suyuan_core::raw::{ShapeKind, Shapes};
use suyuan_core::{Coord, Language};
use suyuan_export::{
    Look, Package, ParquetRows, ShapefileOptions, Table, TableColumn, Values, WriteOptions, check_target,
    write_package,
};

fn column(name: &str, values: Values) -> TableColumn {
    TableColumn { name: name.to_owned(), alias: format!("the {name}"), values }
}

fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x: 500_000.0 + x, y: 3_300_000.0 + y }
}

/// Lines in one and two parts and without any; texts blank; numbers null. One column has the name of the geometry.
fn lines(rows: usize) -> Table {
    let mut shapes = Shapes::new(ShapeKind::Line);
    for n in 0..rows {
        let (x, y) = ((n * 7919 % 1000) as f64, (n / 3) as f64);
        let parts = [[at(x, y), at(x + 5.0, y + 1.0)], [at(x, y + 2.0), at(x + 1.0, y + 9.5)]];
        shapes.push(parts.iter().take(n % 3).map(|part| part.as_slice()));
    }
    Table {
        name: "lines".to_owned(),
        title: "Lines".to_owned(),
        group: "Result".to_owned(),
        look: Look::Plain,
        shapes,
        columns: vec![
            column("管径", Values::Text((0..rows).map(|n| "雨水".repeat(n % 4)).collect())),
            column(
                "whole",
                Values::Integer((0..rows as i64).map(|n| Some(n - 50).filter(|n| n % 5 > 0)).collect()),
            ),
            column(
                "Geometry",
                Values::Real((0..rows).map(|n| if n % 9 == 0 { f64::NAN } else { n as f64 / 8.0 }).collect()),
            ),
            column(
                "yes",
                Values::Boolean((0..rows).map(|n| [None, Some(true), Some(false)][n % 3]).collect()),
            ),
        ],
    }
}

fn package(tables: Vec<Table>, crs: Crs) -> Package {
    Package {
        title: "test".to_owned(),
        crs,
        language: Language::English,
        tables,
        focus: None,
        run_info: ["YSLINE", "WSLINE"].map(|name| ("layer pipes".to_owned(), name.to_owned())).to_vec(),
    }
}

const OPTIONS: WriteOptions = WriteOptions {
    overwrite: false,
    project: true,
    shapefile: ShapefileOptions { gbk: false, cpg: true, language_byte: true },
};

fn open(path: &Path) -> (SerializedFileReader<fs::File>, Vec<Row>) {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    (reader, rows)
}

/// What stands in the file's own metadata.
fn said(reader: &SerializedFileReader<fs::File>, key: &str) -> Option<Json> {
    let all = reader.metadata().file_metadata().key_value_metadata()?;
    let value = all.iter().find(|pair| pair.key == key)?.value.clone()?;
    serde_json::from_str(&value).ok()
}

fn value(row: &Row, name: &str) -> Field {
    row.get_column_iter().find(|(n, _)| *n == name).unwrap().1.clone()
}

#[test]
fn values_come_back_as_they_were_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.parquet");
    let table = lines(70_000);
    let written = write_package(&package(vec![table.clone()], Crs::from_epsg(4549).unwrap()), &path, OPTIONS);
    assert_eq!(written.unwrap().files, std::slice::from_ref(&path));
    let (reader, rows) = open(&path);
    assert_eq!(reader.metadata().num_row_groups(), 2);
    assert_eq!(rows.len(), 70_000);
    for (n, row) in rows.iter().enumerate() {
        let text = "雨水".repeat(n % 4);
        assert_eq!(value(row, "管径"), if n % 4 == 0 { Field::Null } else { Field::Str(text) });
        let whole = n as i64 - 50;
        assert_eq!(value(row, "whole"), if whole % 5 > 0 { Field::Long(whole) } else { Field::Null });
        let real = if n % 9 == 0 { Field::Null } else { Field::Double(n as f64 / 8.0) };
        assert_eq!(value(row, "Geometry_2"), real);
        assert_eq!(value(row, "yes"), [Field::Null, Field::Bool(true), Field::Bool(false)][n % 3]);
        let parts: Vec<&[Coord<f64>]> = table.shapes.parts(n).collect();
        let Field::Bytes(wkb) = value(row, "geometry") else {
            assert!(parts.is_empty());
            assert_eq!((value(row, "geometry"), value(row, "bbox")), (Field::Null, Field::Null));
            continue;
        };
        // A line of two vertices is 41 bytes long; several are led by nine more.
        assert_eq!(wkb.data().len(), if parts.len() == 1 { 41 } else { 9 + 2 * 41 });
        let last = &wkb.data()[wkb.data().len() - 16..];
        let end = parts.last().unwrap()[1];
        assert_eq!(last, [end.x.to_le_bytes(), end.y.to_le_bytes()].concat());
        let Field::Group(sides) = value(row, "bbox") else { panic!("no box") };
        let sides: Vec<f64> = sides
            .get_column_iter()
            .map(|(_, side)| if let Field::Double(side) = side { *side } else { f64::NAN })
            .collect();
        let all: Vec<Coord<f64>> = parts.concat();
        let least = |of: fn(&Coord<f64>) -> f64| all.iter().map(of).fold(f64::MAX, f64::min);
        assert_eq!(sides, [least(|c| c.x), least(|c| c.y), -least(|c| -c.x), -least(|c| -c.y)]);
    }
}

#[test]
fn where_the_coordinates_lie_is_always_said() {
    let folder = tempfile::tempdir().unwrap();
    let geo = |name: &str, crs: Crs| {
        let path = folder.path().join(name);
        write_package(&package(vec![lines(9)], crs), &path, OPTIONS).unwrap();
        let (reader, _) = open(&path);
        let about = said(&reader, "suyuan").unwrap();
        assert_eq!(about["columns"]["Geometry_2"], "the Geometry");
        let run = serde_json::json!([["layer pipes", "YSLINE"], ["layer pipes", "WSLINE"]]);
        assert_eq!(about["run"], run);
        said(&reader, "geo").unwrap()
    };
    let known = geo("known.parquet", Crs::from_epsg(4549).unwrap());
    assert_eq!(known["version"], "1.1.0");
    let column = &known["columns"]["geometry"];
    assert_eq!(column["crs"]["id"], json!({"authority": "EPSG", "code": 4549}));
    assert_eq!(column["crs"]["type"], "ProjectedCRS");
    assert_eq!(column["encoding"], "WKB");
    assert_eq!(column["geometry_types"], json!(["LineString", "MultiLineString"]));
    assert_eq!(column["covering"]["bbox"]["ymax"], json!(["bbox", "ymax"]));
    assert_eq!(column["bbox"].as_array().unwrap().len(), 4);
    // Nobody knows is something else than degrees, which stand for what is not said.
    let own = geo("own.parquet", Crs::local("site grid"));
    assert_eq!(own["columns"]["geometry"].get("crs"), Some(&Json::Null));
}

#[test]
fn every_code_is_described() {
    // Chinese, Swiss and Taiwanese systems, UTM, degrees: those that need no PROJ, which takes long over all of its own.
    let codes = (4490..=4554).chain(32_601..=32_660).chain(32_701..=32_760);
    let codes = codes.chain([2056, 21_781, 3824, 3825, 3826, 3857, 4149, 4326]);
    for code in codes.filter_map(|code| Crs::from_epsg(code).ok()) {
        let text: Json = serde_json::from_str(&code.projjson().unwrap()).unwrap();
        assert_eq!(text["id"]["code"].as_u64(), code.epsg.map(u64::from));
        // PROJ, where it is there, calls some by several names; those of CGCS2000 have one.
        let one_name = code.epsg.is_some_and(|code| (4490..=4554).contains(&code));
        assert!(text["name"] == code.name || !one_name, "{}", code.name);
    }
}

#[test]
fn tables_without_geometry_are_plain_and_several_are_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.parquet");
    let plain = Table { name: "plain".to_owned(), shapes: Shapes::default(), ..lines(5) };
    let empty = lines(0);
    let written =
        write_package(&package(vec![plain, empty], Crs::from_epsg(4549).unwrap()), &path, OPTIONS).unwrap();
    let names: Vec<_> = written.files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["both_plain.parquet", "both_lines.parquet"]);
    let (reader, rows) = open(&written.files[0]);
    assert_eq!((rows.len(), said(&reader, "geo")), (5, None));
    assert_eq!(value(&rows[1], "Geometry"), Field::Double(0.125));
    let (reader, rows) = open(&written.files[1]);
    assert_eq!((rows.len(), said(&reader, "geo").is_some()), (0, true));
}

#[test]
fn rows_are_written_as_they_come_and_half_a_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let head = || {
        vec![
            column("start", Values::Text([""; 0].into_iter().collect())),
            column("m", Values::Real(Vec::new())),
        ]
    };
    let some = |from: usize| {
        let names = (from..from + 30_000).map(|n| format!("P{n}")).collect();
        vec![Values::Text(names), Values::Real((from..from + 30_000).map(|n| n as f64).collect())]
    };
    let mut rows = ParquetRows::create(&path, "rows", head(), false).unwrap();
    rows.push(some(0)).unwrap();
    drop(rows);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "what is not finished goes");

    let mut rows = ParquetRows::create(&path, "rows", head(), false).unwrap();
    for n in 0..5 {
        rows.push(some(30_000 * n)).unwrap();
    }
    assert!(!path.exists());
    rows.finish(&[]).unwrap();
    let (reader, rows) = open(&path);
    assert_eq!(rows.len(), 150_000);
    assert!(reader.metadata().num_row_groups() > 1);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(value(row, "start"), Field::Str(format!("P{n}")));
        assert_eq!(value(row, "m"), Field::Double(n as f64));
    }
    assert!(ParquetRows::create(&path, "rows", head(), false).is_err(), "it is there already");
    assert_eq!(check_target(&path, true).unwrap(), "parquet");
}
