//! `suyuan formats` and `suyuan dialects`.

use suyuan::Role;
use suyuan::read::{
    Dialect, LayerFit, LayerSpec, ReadOptions, dialect_fits, formats as read_formats, shipped_dialects,
};

use crate::args::DialectsArgs;
use crate::say::{Fault, Say};

/// What this build reads and writes.
pub fn formats(say: &Say) -> Result<u8, Fault> {
    say.answer(say.pick("reads:", "可读："));
    for format in read_formats() {
        let state = if format.available {
            format.by.to_owned()
        } else {
            say.pick("not in this build", "本版本未包含").to_owned()
        };
        say.answer(&format!("  {:24} {:16} {state}", format.name, format.extensions.join(", ")));
    }
    say.answer(say.pick("writes:", "可写："));
    for format in suyuan::export::formats() {
        say.answer(&format!("  {:42} .{}", format.name, format.extension));
    }
    say.answer(&format!(
        "  {:42} .ndjson",
        say.pick("a JSON document a line (trace)", "每行一个 JSON（trace）")
    ));
    Ok(0)
}

/// Which column names are understood, or how each dialect fits a file.
pub fn dialects(args: &DialectsArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(file) = &args.file {
        let options = ReadOptions {
            dialect_files: args.dialect_file.clone(),
            encoding: args.encoding.clone(),
            ..ReadOptions::default()
        };
        let layers = dialect_fits(&LayerSpec::parse(Role::Pipes, file), &options)?;
        if layers.is_empty() {
            say.note(say.pick(
                "the format names its fields itself and needs no dialect",
                "该格式的字段名固定，无需方言",
            ));
        }
        layers.iter().for_each(|layer| show_fits(layer, say));
        return Ok(0);
    }
    let own = args.dialect_file.iter().map(|path| Dialect::read(path)).collect::<Result<Vec<_>, _>>()?;
    for dialect in own.into_iter().chain(shipped_dialects()) {
        say.answer(&format!("{} · {}", dialect.name, say.pick(&dialect.english, &dialect.chinese)));
        for (role, field, spellings) in dialect.spellings() {
            say.answer(&format!("  {:9} {:15} {}", role.key(), field.to_string(), spellings.join(", ")));
        }
    }
    Ok(0)
}

/// How the dialects fit one layer: best first within each role, and the columns that none of them knows.
fn show_fits(layer: &LayerFit, say: &Say) {
    say.answer(&match say.language {
        suyuan::Language::English => {
            format!("{} · {} features · {} columns", layer.layer, layer.features, layer.columns.len())
        }
        suyuan::Language::Chinese => {
            format!("{} · {} 个要素 · {} 个字段", layer.layer, layer.features, layer.columns.len())
        }
    });
    for fit in &layer.fits {
        let fields: Vec<String> =
            fit.fields.iter().map(|(field, columns)| format!("{field}={}", columns.join("|"))).collect();
        let role = fit.role.key();
        say.answer(&format!("  {role:9} {:14} {:.2}  {}", fit.dialect, fit.score, fields.join(", ")));
    }
    let known =
        |column: &&String| layer.fits.iter().any(|f| f.fields.values().flatten().any(|c| c == *column));
    let unknown: Vec<&str> = layer.columns.iter().filter(|c| !known(c)).map(String::as_str).collect();
    if !unknown.is_empty() {
        say.answer(&format!("  {} {}", say.pick("known to none:", "均未识别："), unknown.join(", ")));
    }
}
