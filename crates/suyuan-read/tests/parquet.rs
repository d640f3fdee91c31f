//! GeoParquet as geopandas and pyarrow write it, and files that are none; `parquet/make.py` makes them.
#![cfg(feature = "parquet")]
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::fs;
use std::path::{Path, PathBuf};

use suyuan_core::raw::{RawLayer, Role, Value, ValueKind};
use suyuan_core::{Coord, FindingCode, RawSurvey};
use suyuan_read::{LayerSpec, ReadError, ReadOptions, read_survey};

const ROWS: usize = 40;
const X: f64 = 518_000.0;
const Y: f64 = 3_341_000.0;

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet").join(name)
}

fn try_read(role: Role, path: &Path, crs: Option<&str>) -> Result<RawSurvey, ReadError> {
    let options = ReadOptions { crs: crs.map(str::to_owned), ..ReadOptions::default() };
    read_survey(&[LayerSpec::new(role, path)], &options)
}

fn read(name: &str) -> RawSurvey {
    try_read(Role::Pipes, &made(name), None).unwrap()
}

fn refused(name: &str) -> String {
    let error = try_read(Role::Pipes, &made(name), None).unwrap_err().to_string();
    let (path, what) = error.split_once(": ").unwrap();
    assert!(path.ends_with(name), "{error}");
    what.to_owned()
}

fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x: X + x, y: Y + y }
}

fn parts(layer: &RawLayer, row: usize) -> Vec<Vec<Coord<f64>>> {
    layer.shapes.parts(row).map(<[_]>::to_vec).collect()
}

/// The line of a row as `make.py` draws it.
fn line(n: usize) -> Vec<Coord<f64>> {
    let n = n as f64;
    vec![at(n, 0.0), at(n + 0.5, 1.0), at(n, 2.0)]
}

#[test]
fn every_codec_and_version_holds_the_same_layer() {
    for name in ["wkb", "none", "gzip", "zstd", "v2", "delta", "geoarrow", "by-name"] {
        let survey = read(&format!("{name}.parquet"));
        assert_eq!(survey.crs.epsg, Some(4549), "{name}");
        let layer = &survey.layers[0];
        assert_eq!((layer.len(), layer.source.format.as_str()), (ROWS, "GeoParquet"), "{name}");
        let fields: Vec<&str> = layer.attributes.fields().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(fields, ["GXBH", "管径"], "{name}");
        for row in 0..ROWS {
            assert_eq!(layer.id(row), format!("W{row}"));
            assert_eq!(layer.attributes.value(row, 1), Value::Integer(300 + row as i64));
            assert_eq!(parts(layer, row), [line(row)]);
        }
    }
}

#[test]
fn what_is_not_said_is_degrees_and_null_is_not_known() {
    for name in ["degrees.parquet", "crs84.parquet"] {
        let survey = read(name);
        assert!(survey.layers[0].shapes.point(0).unwrap().x > 100_000.0, "{name} in metres");
        let epsg = if name == "degrees.parquet" { 4549 } else { 32650 };
        assert_eq!(survey.crs.epsg.unwrap() / 100, epsg / 100, "{name}: {}", survey.crs.name);
    }
    let own = read("no-crs.parquet");
    assert!(own.crs.is_local());
    let told = try_read(Role::Pipes, &made("no-crs.parquet"), Some("EPSG:4549")).unwrap();
    assert_eq!(told.crs.epsg, Some(4549));
}

#[test]
fn lists_of_coordinates_are_read_as_what_they_stand_for() {
    let open = |role, encoding: &str| {
        let survey = try_read(role, &made(&format!("native-{encoding}.parquet")), None).unwrap();
        survey.layers.into_iter().next().unwrap()
    };
    let layer = open(Role::Venues, "point");
    let multi = open(Role::Venues, "multipoint");
    for row in 0..ROWS {
        let n = row as f64;
        assert_eq!(parts(&layer, row), if row == 3 { vec![] } else { vec![vec![at(n, -n)]] });
        assert_eq!(parts(&multi, row), if row == 3 { vec![] } else { vec![vec![at(n, 0.0)]] });
    }
    let vertices = |n: usize| vec![at(n as f64, 0.0), at(n as f64 + 1.0, n as f64)];
    let layer = open(Role::Pipes, "linestring");
    let multi = open(Role::Pipes, "multilinestring");
    for row in 0..ROWS {
        let none = row == 3 || row == 4;
        assert_eq!(parts(&layer, row), if none { vec![] } else { vec![vertices(row)] });
        let two = [vertices(row), vertices(row + 7)];
        let expected = if row == 3 { &[] } else { &two[..row % 3] };
        assert_eq!(parts(&multi, row), expected);
    }
    let ring =
        |n: f64| [(0, 0), (0, 4), (4, 4), (4, 0), (0, 0)].map(|(x, y)| at(f64::from(x), f64::from(y) + n));
    let hole = |n: f64| [(1, 1), (2, 2), (1, 2), (1, 1)].map(|(x, y)| at(f64::from(x), f64::from(y) + n));
    let layer = open(Role::Venues, "polygon");
    let multi = open(Role::Venues, "multipolygon");
    for row in (0..ROWS).filter(|row| *row != 3) {
        let n = row as f64;
        assert_eq!(parts(&layer, row), [ring(n).to_vec(), hole(n).to_vec()]);
        assert_eq!(parts(&multi, row), [ring(n).to_vec(), hole(n).to_vec(), ring(n + 9.0).to_vec()]);
    }
    assert_eq!((layer.shapes.part_count(3), multi.shapes.part_count(3)), (0, 0));
}

#[test]
fn parts_and_holes_come_through_and_strangers_are_told() {
    let several = read("several.parquet");
    for row in 0..ROWS {
        let expected = if row % 2 == 1 { vec![line(row), line(row + 3)] } else { vec![line(row)] };
        assert_eq!(parts(&several.layers[0], row), expected);
    }
    let areas = try_read(Role::Venues, &made("areas.parquet"), None).unwrap();
    assert!((0..ROWS).all(|row| areas.layers[0].shapes.part_count(row) == 3));
    let mixed = read("mixed.parquet");
    let told: Vec<_> = mixed.findings.iter().filter(|f| f.code == FindingCode::WrongShape).collect();
    assert_eq!(told.iter().map(|f| f.origin.unwrap().row).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(parts(&mixed.layers[0], 6), Vec::<Vec<Coord<f64>>>::new());
    assert_eq!(parts(&mixed.layers[0], 7), [line(7)]);
}

#[test]
fn every_type_of_column_travels_along() {
    let survey = read("types.parquet");
    let layer = &survey.layers[0];
    assert_eq!(layer.shapes.part_count(7), 0);
    let fields = layer.attributes.fields();
    let value = |name: &str, row: usize| {
        let at = fields.iter().position(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"));
        layer.attributes.value(row, at)
    };
    let kind = |name: &str| fields.iter().find(|f| f.name == name).unwrap().kind;
    for name in fields.iter().map(|f| f.name.as_str()).filter(|n| *n != "id") {
        assert_eq!(value(name, 0), Value::Null, "{name}");
        assert_eq!(value(name, 36), Value::Null, "{name}");
    }
    let whole = |name: &str, n: i64| assert_eq!(value(name, 35), Value::Integer(n), "{name}");
    whole("i8", 15);
    whole("i16", -28_000);
    whole("i32", 35 - 2_000_000_000);
    whole("i64", 35 - 9_000_000_000_000_000_000);
    whole("u8", 235);
    whole("u16", 65_035);
    whole("u32", 4_000_000_035);
    assert_eq!(value("u64", 35), Value::Text("18000000000000000035".into()));
    for (name, n) in
        [("f16", 8.75), ("f32", 4.375), ("f64", 2.1875), ("d4", 0.35), ("d8", 0.035), ("d16", -4.375)]
    {
        assert_eq!((value(name, 35), kind(name)), (Value::Real(n), ValueKind::Real), "{name}");
    }
    assert_eq!((value("bool", 34), value("bool", 35)), (Value::Boolean(true), Value::Boolean(false)));
    for (name, text) in [
        ("utf8", "雨水35"),
        ("large", "large 35"),
        ("view", "view 35"),
        ("dictionary", "PVC"),
        ("time", "08:30:35"),
        ("nested.b", "b35"),
        ("list", "35, , 36"),
    ] {
        assert_eq!(value(name, 35), Value::Text(text.into()), "{name}");
    }
    whole("nested.a", 35);
    for (name, text) in [
        ("date", "2024-04-03"),
        ("seconds", "1970-01-01T00:00:33"),
        ("millis", "1970-01-01T00:00:33.5"),
        ("micros", "1970-01-01T00:00:33.5"),
        ("nanos", "1970-01-01T00:00:33.5Z"),
        ("zoned", "1969-12-31T23:59:58.5Z"),
    ] {
        assert_eq!((value(name, 35), kind(name)), (Value::Date(text.into()), ValueKind::Date), "{name}");
    }
    assert_eq!(value("date", 1), Value::Date("2024-02-29".into()));
    assert_eq!((value("blank", 35), value("nothing", 35)), (Value::Null, Value::Null));
    assert_eq!(value("id18", 35), Value::Integer(330_108_000_000_000_135));
    assert_eq!(kind("id18"), ValueKind::Integer);
    assert_eq!(value("id20", 35), Value::Text("-12345678901234567035".into()));
    assert_eq!(value("gbk", 35), Value::Text("b9dc3335".into()));
    assert_eq!(layer.attributes.damage(), None);
}

#[test]
fn wrong_files_are_refused_in_a_sentence() {
    assert_eq!(
        refused("no-geo.parquet"),
        "it says nothing of geometry (`geo` in its metadata), as GeoParquet does"
    );
    assert_eq!(
        refused("encoding.parquet"),
        "the geometry in `geometry` is encoded as `TWKB`; read are WKB, point, linestring, polygon, multipoint, \
         multilinestring, multipolygon"
    );
    assert_eq!(
        refused("primary.parquet"),
        "its metadata `geo` does not describe the column `shape` that it names"
    );
    for (name, codec) in [("brotli.parquet", "BROTLI"), ("lz4.parquet", "LZ4_RAW")] {
        let what = format!(": it is compressed by {codec}; write it with SNAPPY, ZSTD or GZIP");
        let told = refused(name);
        assert!(told.ends_with(&what), "{told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let none = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        try_read(Role::Pipes, &path, None).unwrap_err().to_string()
    };
    assert!(none("page.parquet", b"<html>not found</html>").ends_with("it does not begin with `PAR1`"));
    assert!(none("nothing.geoparquet", b"").ends_with("it does not begin with `PAR1`"));
    let whole = fs::read(made("wkb.parquet")).unwrap();
    assert!(none("short.parquet", &whole[..whole.len() / 2]).contains("it is cut short"));
    assert!(none("stub.parquet", b"PAR1").contains("it is cut short"));
    let missing = try_read(Role::Pipes, &folder.path().join("missing.parquet"), None).unwrap_err();
    assert!(matches!(missing, ReadError::Open { .. }), "{missing}");
}

#[test]
fn what_says_to_be_in_degrees_is_not_taken_for_metres() {
    for name in ["degrees", "crs84"] {
        let read = |crs: Option<&str>| try_read(Role::Pipes, &made(&format!("{name}.parquet")), crs).unwrap();
        let (said, unsaid) = (read(Some("EPSG:4549")), read(None));
        let width = |survey: &RawSurvey| {
            let xs = survey.layers[0].shapes.coords().iter().map(|c| c.x);
            xs.clone().fold(f64::NEG_INFINITY, f64::max) - xs.fold(f64::INFINITY, f64::min)
        };
        assert!((width(&said) - width(&unsaid)).abs() < 1.0 && width(&said) > 300.0, "{}", width(&said));
    }
}

#[test]
fn lengths_that_lead_out_of_a_page_are_refused() {
    for name in ["lengths-delta", "lengths-plain"] {
        let path = made(&format!("{name}.parquet"));
        let damage = match try_read(Role::Pipes, &path, None) {
            Err(error) => error.to_string(),
            Ok(survey) => format!("{:?}", survey.layers[0].attributes.damage()),
        };
        assert!(damage.contains("its pages are damaged"), "{name}: {damage}");
    }
}

#[test]
fn a_layer_without_rows_is_one_of_no_rows() {
    let specs = [("wkb", Role::Pipes), ("empty", Role::Drainers)]
        .map(|(name, role)| LayerSpec::new(role, made(&format!("{name}.parquet"))));
    let survey = read_survey(&specs, &ReadOptions::default()).unwrap();
    assert_eq!((survey.layers[0].len(), survey.layers[1].len()), (ROWS, 0));
}

#[test]
fn a_page_that_does_not_fit_its_checksum_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checksums.parquet");
    let mut bytes = fs::read(made("checksums.parquet")).unwrap();
    fs::write(&path, &bytes).unwrap();
    read_all(&path).unwrap();
    // The diameter of a row, as it stands in an uncompressed page.
    let value = (300 + 17i64).to_le_bytes();
    let at = bytes.windows(8).position(|w| w == value).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = try_read(Role::Pipes, &path, None).map(|survey| survey.layers[0].attributes.damage());
    let told = match refused {
        Err(error) => error.to_string(),
        Ok(damage) => damage.map(|d| format!("{d:?}")).unwrap_or_default(),
    };
    assert!(told.to_lowercase().contains("crc"), "{told}");
}

/// Numbers that look random and are the same every time.
fn random(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 33) as usize
}

/// Reads everything there is in a file, if it can be read.
fn read_all(path: &Path) -> Result<(), ReadError> {
    for role in [Role::Pipes, Role::Venues] {
        let survey = try_read(role, path, None)?;
        for layer in &survey.layers {
            for row in 0..layer.len() {
                for field in 0..layer.attributes.fields().len() {
                    let _ = layer.attributes.value(row, field);
                }
            }
            let _ = layer.attributes.damage();
        }
    }
    Ok(())
}

#[test]
fn damaged_bytes_are_refused_or_read_and_never_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    let mut seed = 0x2545_f491_4f6c_dd1d;
    let times = std::env::var("SUYUAN_DAMAGE").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let (mut refused, mut all) = (0, 0);
    for name in ["wkb", "none", "gzip", "zstd", "v2", "delta", "types", "native-multipolygon", "geoarrow"] {
        let whole = fs::read(made(&format!("{name}.parquet"))).unwrap();
        for _ in 0..times {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(&mut seed) % 4 {
                // The pages come first, the description of all of them last.
                let at = match random(&mut seed) % 2 {
                    0 => random(&mut seed) % bytes.len(),
                    _ => bytes.len() - 1 - random(&mut seed) % (bytes.len() / 4),
                };
                bytes[at] = (random(&mut seed) % 256) as u8;
            }
            if random(&mut seed).is_multiple_of(16) {
                let from = random(&mut seed) % bytes.len();
                bytes.drain(from..(from + random(&mut seed) % 64).min(whole.len()));
            }
            fs::write(&path, &bytes).unwrap();
            all += 1;
            refused += usize::from(read_all(&path).is_err());
        }
    }
    assert!(refused > all / 10, "{refused} of {all} were refused");
}

/// A file of many row groups, written by the parquet crate: more than one thread's share of rows in each column.
fn write_many(path: &Path, groups: usize, each: usize) {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let schema = "message m { required binary GXBH (STRING); required int64 GJ; required binary geometry; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut out = SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::new())).unwrap();
    for group in 0..groups {
        let rows = group * each..(group + 1) * each;
        let ids: Vec<ByteArray> =
            rows.clone().map(|n| ByteArray::from(format!("W{n}").into_bytes())).collect();
        let sizes: Vec<i64> = rows.clone().map(|n| 200 + (n % 7) as i64 * 100).collect();
        let wkb = |n: usize| {
            let (x, y) = (X + (n % 1000) as f64, Y + (n / 1000) as f64);
            let head = [1u8, 2, 0, 0, 0, 2, 0, 0, 0];
            let places = [x, y, x + 0.75, y + 0.25].map(f64::to_le_bytes).concat();
            ByteArray::from([head.as_slice(), &places].concat())
        };
        let shapes: Vec<ByteArray> = rows.map(wkb).collect();
        let mut writer = out.next_row_group().unwrap();
        let mut column = writer.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&ids, None, None).unwrap();
        column.close().unwrap();
        let mut column = writer.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&sizes, None, None).unwrap();
        column.close().unwrap();
        let mut column = writer.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&shapes, None, None).unwrap();
        column.close().unwrap();
        writer.close().unwrap();
    }
    let geo = r#"{"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": null}}}"#;
    let pair = parquet::file::metadata::KeyValue::new("geo".to_owned(), geo.to_owned());
    out.append_key_value_metadata(pair);
    out.close().unwrap();
}

#[test]
fn columns_are_decoded_once_though_every_core_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.parquet");
    write_many(&path, 24, 5000);
    let survey = try_read(Role::Pipes, &path, None).unwrap();
    let layer = &survey.layers[0];
    assert_eq!(layer.len(), 120_000);
    for row in (0..layer.len()).step_by(997) {
        assert_eq!(layer.id(row), format!("W{row}"));
        assert_eq!(layer.attributes.value(row, 1), Value::Integer(200 + (row % 7) as i64 * 100));
        assert_eq!(layer.shapes.point(row), Some(at((row % 1000) as f64, (row / 1000) as f64)));
    }
}
