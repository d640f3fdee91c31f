//! Small layers with a coordinate system each, and what reading them told.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::path::Path;

use shapefile::dbase::{FieldValue, Record, TableWriterBuilder};
use suyuan_core::crs::{Crs, SharedPoint, Similarity};
use suyuan_core::raw::Role;
use suyuan_core::{Coord, Finding, FindingCode, RawSurvey};
use suyuan_read::{LayerSpec, ReadError, ReadOptions, read_survey};

/// A pipe of 100 m about the stadium of the river's bend, EPSG:4549.
pub const PIPE: [[f64; 2]; 2] = [[521_606.774, 3_345_809.694], [521_706.774, 3_345_809.694]];

/// Beijing 1954 at 120°E with a shift, as a PROJ text.
pub const PROJ: &str =
    "+proj=tmerc +lat_0=0 +lon_0=120 +k=1 +x_0=500000 +ellps=krass +towgs84=15,-120,-50 +units=m";

pub fn shapefile(folder: &Path, name: &str, pipe: [[f64; 2]; 2], prj: Option<&str>) -> LayerSpec {
    let path = folder.join(name).with_extension("shp");
    let table = TableWriterBuilder::new().add_character_field("ID".try_into().unwrap(), 10);
    let mut writer = shapefile::Writer::from_path(&path, table).unwrap();
    let mut row = Record::default();
    row.insert("ID".to_owned(), FieldValue::Character(Some(name.to_owned())));
    let points = pipe.iter().map(|[x, y]| shapefile::Point::new(*x, *y)).collect();
    writer.write_shape_and_record(&shapefile::Polyline::new(points), &row).unwrap();
    drop(writer);
    let _ = fs::remove_file(path.with_extension("prj"));
    if let Some(code) = prj {
        let text = code.parse().map_or_else(|_| code.to_owned(), |c| Crs::from_epsg(c).unwrap().esri_wkt());
        fs::write(path.with_extension("prj"), text).unwrap();
    }
    LayerSpec::new(Role::Pipes, path)
}

pub fn read(specs: &[LayerSpec], crs: Option<&str>) -> Result<RawSurvey, ReadError> {
    read_survey(specs, &ReadOptions { crs: crs.map(str::to_owned), ..ReadOptions::default() })
}

pub fn one(pipe: [[f64; 2]; 2], prj: Option<&str>, crs: Option<&str>) -> Result<RawSurvey, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    read(&[shapefile(folder.path(), "pipes", pipe, prj)], crs)
}

pub fn vertices(survey: &RawSurvey, layer: usize) -> Vec<Coord<f64>> {
    survey.layers[layer].shapes.coords().to_vec()
}

/// The findings about coordinate systems.
pub fn codes(survey: &RawSurvey) -> Vec<&'static str> {
    let about = |f: &&Finding| ["R08", "R09", "R22", "R23", "R24"].contains(&f.code.code());
    let mut codes: Vec<_> = survey.findings.iter().filter(about).map(|f| f.code.code()).collect();
    codes.sort_unstable();
    codes
}

pub fn lies_at(survey: &RawSurvey, layer: usize, pipe: [[f64; 2]; 2], by: f64) {
    for (c, [x, y]) in vertices(survey, layer).iter().zip(pipe) {
        assert!((c.x - x).hypot(c.y - y) < by, "{c:?} {x} {y}");
    }
}

pub fn exchanged(pipe: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    pipe.map(|[x, y]| [y, x])
}

pub fn told(survey: &RawSurvey, code: FindingCode) -> Vec<&Finding> {
    survey.findings.iter().filter(|f| f.code == code).collect()
}

/// Ten points of a city grid, as Excel saves them, and the similarity behind them.
pub fn points() -> (Vec<SharedPoint>, Similarity) {
    let truth = Similarity::new(Coord { x: 461_234.567, y: 3_271_234.567 }, -0.345, 1.000_03);
    let points = (0..10)
        .map(|i| {
            let local =
                Coord { x: 55_000.0 + 1000.0 * f64::from(i % 4), y: 72_000.0 + 900.0 * f64::from(i / 3) };
            SharedPoint { name: format!("控制点{i}"), local, known: truth.apply(local) }
        })
        .collect();
    (points, truth)
}

pub fn table(points: &[SharedPoint], separator: &str) -> String {
    let mut text = ["点名", "东", "北", "东 EPSG:4549", "北 EPSG:4549"].join(separator) + "\r\n";
    for p in points {
        let numbers = [p.local.x, p.local.y, p.known.x, p.known.y].map(|v| format!("{v:.6}"));
        text += &format!("{}{separator}{}\r\n", p.name, numbers.join(separator));
    }
    text
}
