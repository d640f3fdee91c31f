//! Which bytes are which text.

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// The encoding that a name stands for: `.cpg` text, a code page number, or what a user types.
pub(crate) fn by_name(name: &str) -> Option<&'static Encoding> {
    let plain = name.trim().trim_start_matches('\u{feff}').to_ascii_uppercase().replace('_', "-");
    let code = plain.strip_prefix("CP").or_else(|| plain.strip_prefix("WINDOWS-")).unwrap_or(&plain);
    match code {
        "GBK" | "936" | "GB2312" | "GB18030" | "54936" | "EUC-CN" => Some(GB18030),
        "UTF-8" | "UTF8" | "65001" => Some(UTF_8),
        "950" | "BIG5" => Some(encoding_rs::BIG5),
        "932" => Some(encoding_rs::SHIFT_JIS),
        "1250" => Some(encoding_rs::WINDOWS_1250),
        "1251" => Some(encoding_rs::WINDOWS_1251),
        "1252" | "ISO-8859-1" | "ISO8859-1" | "88591" | "LATIN1" | "LATIN-1" => Some(WINDOWS_1252),
        _ => Encoding::for_label(plain.as_bytes()),
    }
}

/// The encoding that a DBF language byte stands for.
///
/// # Reference
/// Esri's and dBASE's language driver ids.
pub(crate) fn by_language_byte(byte: u8) -> Option<&'static Encoding> {
    match byte {
        0x4d | 0x7a => Some(GB18030),
        0x4f | 0x78 => Some(encoding_rs::BIG5),
        0x13 | 0x7b => Some(encoding_rs::SHIFT_JIS),
        0x03 | 0x57 | 0x58 => Some(WINDOWS_1252),
        0xc8 => Some(encoding_rs::WINDOWS_1250),
        0xc9 => Some(encoding_rs::WINDOWS_1251),
        _ => None,
    }
}

/// The encoding that fits nearly all of some texts, since a few may be damaged: UTF-8, else GB18030, else Latin-1. `None`
/// if all are ASCII, so that nothing has to be guessed. A text cut at a field's width may end inside a character.
pub(crate) fn detect(texts: &[&[u8]]) -> Option<&'static Encoding> {
    let high = || texts.iter().filter(|t| !t.is_ascii());
    let count = high().count();
    let utf8 = |t: &[u8]| match std::str::from_utf8(t) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(), // only the end is missing
    };
    let whole = |t: &[u8]| !GB18030.decode_without_bom_handling(t).1;
    let gbk = |t: &[u8]| whole(t) || (t.len() > 1 && whole(&t[..t.len() - 1]));
    let nearly_all = |fits: &dyn Fn(&[u8]) -> bool| 10 * high().filter(|t| fits(t)).count() >= 9 * count;
    match count {
        0 => None,
        _ if nearly_all(&utf8) => Some(UTF_8),
        _ if nearly_all(&gbk) => Some(GB18030),
        _ => Some(WINDOWS_1252),
    }
}

/// The encoding that the bytes of some texts speak for against the one that is declared; `None` if they do not.
///
/// UTF-8 is known by its sequences of three bytes, which Chinese in GBK does not make by chance more than once; GBK under
/// a Latin declaration by its high bytes, which come in pairs, as accented letters hardly do.
pub(crate) fn contradiction(declared: &'static Encoding, texts: &[&[u8]]) -> Option<&'static Encoding> {
    let found = detect(texts)?;
    let lead = |b: u8| matches!(b, 0xe0..=0xef);
    let sequences = || texts.iter().flat_map(|t| t.iter()).filter(|b| lead(**b)).count();
    let in_pairs = || {
        let runs = || texts.iter().flat_map(|t| t.split(|b| *b < 0xa1)).filter(|run| !run.is_empty());
        10 * runs().filter(|run| run.len() % 2 == 0).count() >= 8 * runs().count()
    };
    let against = match found {
        _ if found == declared => false,
        _ if declared == UTF_8 => true,
        _ if declared == GB18030 => found == UTF_8 && sequences() > 1,
        _ if declared == WINDOWS_1252 => found == UTF_8 || (found == GB18030 && in_pairs()),
        _ => false,
    };
    against.then_some(found)
}

/// A text decoded, and whether some bytes fitted no character. The last, cut character of a field is dropped.
pub(crate) fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
    // ASCII is itself in every encoding used here.
    if (encoding == UTF_8 || bytes.is_ascii())
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return (Cow::Borrowed(text), false);
    }
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        let whole = match std::str::from_utf8(bytes) {
            Err(error) if encoding == UTF_8 && error.error_len().is_none() => error.valid_up_to(),
            // The first byte of a character of two.
            _ if encoding != UTF_8 && matches!(bytes.last(), Some(0x81..=0xfe)) => bytes.len() - 1,
            _ => return (text, true),
        };
        let (shorter, still) = encoding.decode_without_bom_handling(&bytes[..whole]);
        if !still {
            return (Cow::Owned(shorter.into_owned()), false);
        }
    }
    (text, damaged)
}

/// The name shown for an encoding: GBK for what Chinese users call it.
pub(crate) fn label(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 { "GBK" } else { encoding.name() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_their_encoding() {
        let gbk = GB18030.encode("示例镇东街雨水管①").0.into_owned();
        let utf8 = "示例镇东街".as_bytes();
        assert_eq!(detect(&[gbk.as_slice()]), Some(GB18030));
        assert_eq!(detect(&[utf8, b"abc"]), Some(UTF_8));
        assert_eq!(detect(&[b"abc"]), None);
        assert_eq!(detect(&[b"caf\xe9 \xff"]), Some(WINDOWS_1252));
        // Ten bytes of a field name cut inside the fourth character.
        assert_eq!(detect(&[&"起点管底".as_bytes()[..10]]), Some(UTF_8));
        assert_eq!(decode(UTF_8, &"起点管底".as_bytes()[..10]), ("起点管".into(), false));
        for name in ["GBK", "936", "CP936", "cp936", "gb2312", "GB18030"] {
            assert_eq!(by_name(name), Some(GB18030), "{name}");
        }
        assert_eq!(by_name("OEM"), None);
    }
}
