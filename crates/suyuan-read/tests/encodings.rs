//! Shapefiles whose bytes, language byte and `.cpg` agree or do not, in all their combinations.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::fs;
use std::path::Path;

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};
use suyuan_core::raw::{Field, Role, Value};
use suyuan_core::{FindingCode, RawSurvey};
use suyuan_read::{LayerSpec, ReadOptions, read_survey};

const STREET: &str = "示例镇东街雨水管①";

/// A line of two vertices with one row: an id and a road, in a field called 所在道路 or ROAD.
fn write(folder: &Path, bytes: &'static Encoding, language: u8, cpg: Option<&str>, road: &str, field: &str) {
    let mut shp = vec![0u8; 100];
    shp[..4].copy_from_slice(&9994i32.to_be_bytes());
    shp[28..32].copy_from_slice(&1000i32.to_le_bytes());
    shp[32..36].copy_from_slice(&3i32.to_le_bytes());
    let mut record = Vec::new();
    record.extend(3i32.to_le_bytes());
    let line = [520_000.0f64, 3_340_000.0, 520_100.0, 3_340_000.0];
    for value in [line[0], line[1], line[2], line[3]] {
        record.extend(value.to_le_bytes());
    }
    for value in [1i32, 2, 0] {
        record.extend(value.to_le_bytes());
    }
    for value in line {
        record.extend(value.to_le_bytes());
    }
    let words = record.len() as i32 / 2;
    shp.extend(1i32.to_be_bytes());
    shp.extend(words.to_be_bytes());
    shp.extend(record);
    let length = shp.len() as i32 / 2;
    shp[24..28].copy_from_slice(&length.to_be_bytes());

    let encode = |text: &str| bytes.encode(text).0.into_owned();
    let mut dbf = vec![0u8; 32];
    dbf[0] = 3;
    dbf[4..8].copy_from_slice(&1u32.to_le_bytes());
    dbf[8..10].copy_from_slice(&97u16.to_le_bytes());
    dbf[10..12].copy_from_slice(&61u16.to_le_bytes());
    dbf[29] = language;
    for (name, width) in [("ID", 10u8), (field, 50)] {
        let mut column = [0u8; 32];
        let name = encode(name);
        let cut = name.len().min(10);
        column[..cut].copy_from_slice(&name[..cut]);
        column[11] = b'C';
        column[16] = width;
        dbf.extend(column);
    }
    dbf.push(0x0d);
    let mut row = vec![b' '; 61];
    row[1..3].copy_from_slice(b"P1");
    let road = encode(road);
    row[11..11 + road.len()].copy_from_slice(&road);
    dbf.extend(row);
    fs::write(folder.join("pipes.shp"), shp).unwrap();
    fs::write(folder.join("pipes.dbf"), dbf).unwrap();
    let _ = fs::remove_file(folder.join("pipes.cpg"));
    if let Some(cpg) = cpg {
        fs::write(folder.join("pipes.cpg"), cpg).unwrap();
    }
}

fn read(folder: &Path, encoding: Option<&str>) -> RawSurvey {
    let spec = LayerSpec::new(Role::Pipes, folder.join("pipes.shp"));
    let options = ReadOptions {
        crs: Some("EPSG:4549".to_owned()),
        encoding: encoding.map(str::to_owned),
        ..ReadOptions::default()
    };
    read_survey(&[spec], &options).unwrap()
}

fn road(survey: &RawSurvey) -> String {
    match survey.layers[0].attributes.value(0, 1) {
        Value::Text(text) => text.into_owned(),
        other => panic!("{other:?}"),
    }
}

fn count(survey: &RawSurvey, code: FindingCode) -> usize {
    survey.findings.iter().filter(|f| f.code == code).count()
}

#[test]
fn chinese_is_read_right_whatever_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let mut cases = 0;
    for bytes in [GB18030, UTF_8] {
        for language in [0x00, 0x4d, 0x57] {
            for cpg in [
                None,
                Some("GBK"),
                Some("936"),
                Some("GB18030"),
                Some("OEM"),
                Some("ANSI 936"),
                Some("UTF-8"),
            ] {
                write(folder.path(), bytes, language, cpg, STREET, "所在道路");
                let survey = read(folder.path(), None);
                let what = format!("{} {language:#x} {cpg:?}", bytes.name());
                assert_eq!(road(&survey), STREET, "{what}");
                assert!(
                    survey.layers[0].columns.contains_key(&Field::Road),
                    "{what}: the column is not understood"
                );
                assert_eq!(count(&survey, FindingCode::TextDamaged), 0, "{what}");
                // A declaration that is wrong is told; what stands for nothing is none.
                let by_cpg = match cpg {
                    Some("UTF-8") => Some(UTF_8),
                    Some("GBK" | "936" | "GB18030") => Some(GB18030),
                    _ => None,
                };
                let by_byte = match language {
                    0x4d => Some(GB18030),
                    0x57 => Some(WINDOWS_1252),
                    _ => None,
                };
                let wrong = by_cpg.or(by_byte).is_some_and(|declared| declared != bytes);
                assert_eq!(count(&survey, FindingCode::EncodingContradicted), usize::from(wrong), "{what}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 42);
}

#[test]
fn what_the_user_says_is_done_and_the_damage_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GB18030, 0x4d, Some("936"), STREET, "ROAD");
    let survey = read(folder.path(), Some("UTF-8"));
    assert_eq!(count(&survey, FindingCode::TextDamaged), 1);
    assert_eq!(count(&survey, FindingCode::EncodingContradicted), 0);
}

#[test]
fn accented_letters_stay_what_they_are_declared() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, language, cpg) in [
        (WINDOWS_1252, 0x57, None),
        (WINDOWS_1252, 0, Some("1252")),
        (UTF_8, 0, Some("UTF-8")),
        (UTF_8, 0x57, None),
    ] {
        write(folder.path(), bytes, language, cpg, "Chaussée de la Forêt, à côté", "ROAD");
        assert_eq!(road(&read(folder.path(), None)), "Chaussée de la Forêt, à côté", "{language:#x} {cpg:?}");
    }
}
