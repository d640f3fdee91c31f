//! `suyuan formats` and `suyuan dialects`.

use suyuan::read::{formats as read_formats, shipped_dialects};

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
    Ok(0)
}

/// Which column names are understood.
pub fn dialects(say: &Say) -> Result<u8, Fault> {
    for dialect in shipped_dialects() {
        say.answer(&format!("{} · {}", dialect.name, say.pick(&dialect.english, &dialect.chinese)));
        for (role, field, spellings) in dialect.spellings() {
            let field = serde_json::to_value(field).ok();
            let field = field.as_ref().and_then(|v| v.as_str()).unwrap_or_default();
            say.answer(&format!("  {:9} {:15} {}", role.key(), field, spellings.join(", ")));
        }
    }
    Ok(0)
}
