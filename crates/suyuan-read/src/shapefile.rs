//! Shapefiles: memory-mapped geometry and attributes, in a folder or inside a `.zip`.
//!
//! # Reference
//! ESRI Shapefile Technical Description (1998); dBASE III table layout.

mod dbf;
mod shp;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use suyuan_core::crs::Crs;
use suyuan_core::{Finding, FindingCode};

use crate::encoding;
use crate::error::ReadError;
use crate::layer::{FileLayer, declaration};

/// The bytes of a file: mapped, or unpacked.
pub(crate) enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

#[cfg(feature = "parquet")]
impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// Maps a file.
pub(crate) fn map(path: &Path) -> Result<Bytes, ReadError> {
    let open = |source| ReadError::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(open)?;
    if file.metadata().map_err(open)?.len() == 0 {
        return Ok(Bytes::Owned(Vec::new()));
    }
    #[expect(
        unsafe_code,
        reason = "a survey file that another program shortens while it is read is lost anyway"
    )]
    let map = unsafe { Mmap::map(&file) }.map_err(open)?;
    Ok(Bytes::Mapped(map))
}

/// The files of one shapefile.
struct Set {
    path: PathBuf,
    name: String,
    shp: Bytes,
    shx: Option<Bytes>,
    dbf: Bytes,
    prj: Option<String>,
    cpg: Option<String>,
}

/// The file beside `path` with another ending, whatever its case.
fn beside(path: &Path, ending: &str) -> Option<PathBuf> {
    [path.with_extension(ending), path.with_extension(ending.to_ascii_uppercase())]
        .into_iter()
        .find(|p| p.exists())
}

fn text_of(bytes: &[u8]) -> String {
    // Notepad's "Unicode" is UTF-16, with a mark at its beginning.
    if let Some((utf16, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return utf16.decode(bytes).0.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
    }
    let detected = encoding::detect(&[bytes]).unwrap_or(encoding_rs::UTF_8);
    encoding::decode(detected, bytes).0.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads a shapefile.
pub(crate) fn read(path: &Path, asked: Option<&str>) -> Result<FileLayer, ReadError> {
    let path = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("shp")) {
        path.to_owned()
    } else {
        path.with_extension("shp")
    };
    let shp = map(&path)?;
    let Some(dbf) = beside(&path, "dbf") else {
        return Err(ReadError::Sidecar { missing: path.with_extension("dbf"), path });
    };
    let text = |ending| -> Result<Option<String>, ReadError> {
        beside(&path, ending).map(|p| map(&p).map(|b| text_of(&b))).transpose()
    };
    let set = Set {
        name: stem(&path),
        shp,
        shx: beside(&path, "shx").map(|p| map(&p)).transpose()?,
        dbf: map(&dbf)?,
        prj: text("prj")?,
        cpg: text("cpg")?,
        path,
    };
    assemble(set, asked)
}

/// The names of the shapefiles inside a `.zip`.
pub(crate) fn names_in_zip(path: &Path) -> Result<Vec<String>, ReadError> {
    let archive = open_zip(path)?;
    let mut names: Vec<String> = archive
        .file_names()
        .filter(|n| n.to_ascii_lowercase().ends_with(".shp"))
        .map(|n| stem(Path::new(n)))
        .collect();
    names.sort();
    Ok(names)
}

fn open_zip(path: &Path) -> Result<zip::ZipArchive<File>, ReadError> {
    let file = File::open(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    zip::ZipArchive::new(file).map_err(|error| ReadError::Damaged {
        path: path.to_owned(),
        what: format!("no readable zip: {error}"),
    })
}

/// Reads a shapefile out of a `.zip`: the one of that name, or the only one.
pub(crate) fn read_zip(
    path: &Path,
    layer: Option<&str>,
    asked: Option<&str>,
) -> Result<FileLayer, ReadError> {
    let names = names_in_zip(path)?;
    let name = match layer {
        Some(layer) => names.iter().find(|n| *n == layer).cloned().ok_or_else(|| ReadError::NoSuchLayer {
            path: path.to_owned(),
            layer: layer.to_owned(),
            layers: names.clone(),
        })?,
        None if names.len() == 1 => names[0].clone(),
        None if names.is_empty() => {
            return Err(ReadError::Damaged { path: path.to_owned(), what: "it holds no .shp".to_owned() });
        }
        None => return Err(ReadError::WhichLayer { path: path.to_owned(), layers: names }),
    };
    let mut archive = open_zip(path)?;
    let members: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let mut member = |ending: &str| -> Result<Option<Bytes>, ReadError> {
        let wanted = |m: &&String| {
            let p = Path::new(m.as_str());
            stem(p) == name && p.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
        };
        let Some(found) = members.iter().find(wanted) else { return Ok(None) };
        let damaged = |what: String| ReadError::Damaged {
            path: path.to_owned(),
            what: format!("member {found}: {what}"),
        };
        let mut file = archive.by_name(found).map_err(|e| damaged(e.to_string()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| damaged(e.to_string()))?;
        Ok(Some(Bytes::Owned(bytes)))
    };
    let missing = |ending: &str| ReadError::Sidecar {
        path: path.to_owned(),
        missing: PathBuf::from(format!("{name}.{ending}")),
    };
    let set = Set {
        shp: member("shp")?.ok_or_else(|| missing("shp"))?,
        shx: member("shx")?,
        dbf: member("dbf")?.ok_or_else(|| missing("dbf"))?,
        prj: member("prj")?.map(|b| text_of(&b)),
        cpg: member("cpg")?.map(|b| text_of(&b)),
        path: path.to_owned(),
        name: name.clone(),
    };
    assemble(set, asked)
}

fn assemble(set: Set, asked: Option<&str>) -> Result<FileLayer, ReadError> {
    let damaged = |what: String| ReadError::Damaged { path: set.path.clone(), what };
    let records = shp::records(&set.shp, set.shx.as_deref()).map_err(damaged)?;
    let header = dbf::Header::read(&set.dbf).map_err(damaged)?;
    let mut findings = Vec::new();

    let present = header.rows_present(set.dbf.len());
    if present < header.rows || present < records.len() {
        let total = header.rows.max(records.len());
        findings
            .push(Finding::new(FindingCode::RowsMissing).with("count", total - present).with("total", total));
    }
    let kept: Vec<u32> =
        (0..records.len() as u32).filter(|row| !header.is_deleted(&set.dbf, *row as usize)).collect();
    if kept.len() < records.len() {
        findings.push(Finding::new(FindingCode::RowDeleted).with("count", records.len() - kept.len()));
    }
    let shapes = shp::shapes(&set.shp, &records, &kept).map_err(damaged)?;

    let Chosen { encoding: chosen, how, declared } = choose_encoding(&set, &header, asked)?;
    if let Some(declared) = declared {
        let finding = Finding::new(FindingCode::EncodingContradicted).with("expected", declared);
        findings.push(finding.with("value", encoding::label(chosen)));
    } else if how == "detected" {
        findings.push(Finding::new(FindingCode::EncodingGuessed).with("value", encoding::label(chosen)));
    }
    let damaged_texts = header.damaged(&set.dbf, &kept, chosen);
    if damaged_texts > 0 {
        let finding = Finding::new(FindingCode::TextDamaged).with("count", damaged_texts);
        findings.push(finding.with("value", encoding::label(chosen)));
    }
    let label = format!("{} ({how})", encoding::label(chosen));
    let table = dbf::Table::new(set.dbf, header, chosen, kept);
    let (crs, bad_crs) = declaration(set.prj.as_deref().filter(|p| !p.is_empty()).map(|text| {
        // Home-made ones may hold no WKT but a code or a PROJ text.
        let named = text.get(..5).is_some_and(|t| t.eq_ignore_ascii_case("EPSG:")) || text.starts_with('+');
        if named { Crs::parse(text) } else { Crs::from_wkt(text) }
    }));
    Ok(FileLayer {
        name: set.name,
        format: "ESRI Shapefile",
        encoding: label,
        shapes,
        attributes: Arc::new(table),
        crs,
        bad_crs,
        findings,
    })
}

/// The encoding of a table.
struct Chosen {
    encoding: &'static encoding_rs::Encoding,
    /// How it was found.
    how: &'static str,
    /// What the file declares, where the bytes say otherwise.
    declared: Option<&'static str>,
}

/// What the user says, else `.cpg`, else the language byte, unless the bytes say otherwise, else what fits the bytes.
fn choose_encoding(set: &Set, header: &dbf::Header, asked: Option<&str>) -> Result<Chosen, ReadError> {
    if let Some(name) = asked {
        return encoding::by_name(name)
            .map(|encoding| Chosen { encoding, how: "given", declared: None })
            .ok_or_else(|| ReadError::UnknownEncoding { encoding: name.to_owned() });
    }
    let texts = header.texts(&set.dbf, 2000);
    let by_cpg = set.cpg.as_deref().and_then(encoding::by_name).map(|e| (e, ".cpg"));
    let by_byte = encoding::by_language_byte(header.language).map(|e| (e, "language byte"));
    Ok(match (by_cpg.or(by_byte), encoding::detect(&texts)) {
        (Some((declared, how)), _) => match encoding::contradiction(declared, &texts) {
            None => Chosen { encoding: declared, how, declared: None },
            Some(encoding) => Chosen { encoding, how: "detected", declared: Some(encoding::label(declared)) },
        },
        (None, Some(encoding)) => Chosen { encoding, how: "detected", declared: None },
        (None, None) => Chosen { encoding: encoding_rs::UTF_8, how: "ASCII", declared: None },
    })
}
