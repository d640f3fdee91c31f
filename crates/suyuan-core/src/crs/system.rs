//! Codes that PROJ's database knows and our table does not.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use super::{Crs, wkt};

/// The WKT 1 text of a code.
#[expect(unsafe_code, reason = "the proj crate has no way to ask for a definition")]
fn text_of(code: u32) -> Option<String> {
    let name = CString::new(format!("EPSG:{code}")).ok()?;
    let options = [c"MULTILINE=NO".as_ptr(), null()];
    // SAFETY: pointers are checked before use; the text belongs to the object and is copied before that goes.
    unsafe {
        let context = proj_sys::proj_context_create();
        if context.is_null() {
            return None;
        }
        // An unknown code is no news for standard error.
        proj_sys::proj_log_level(context, proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
        let object = proj_sys::proj_create(context, name.as_ptr());
        let mut text = None;
        if !object.is_null() {
            let kind = proj_sys::PJ_WKT_TYPE_PJ_WKT1_GDAL;
            let made = proj_sys::proj_as_wkt(context, object, kind, options.as_ptr());
            if !made.is_null() {
                text = CStr::from_ptr(made).to_str().ok().map(str::to_owned);
            }
            proj_sys::proj_destroy(object);
        }
        proj_sys::proj_context_destroy(context);
        text
    }
}

/// Whether PROJ knows a way between two systems that is more than taking degrees of the one datum for those of the other,
/// which it does by default ("ballpark") where it knows none.
#[expect(unsafe_code, reason = "the proj crate has no way to refuse such ways")]
pub(crate) fn related(from: &str, to: &str) -> bool {
    let text = |name: &str| {
        let kind = if name.starts_with("+proj=") { " +type=crs" } else { "" };
        CString::new(format!("{name}{kind}")).ok()
    };
    let (Some(from), Some(to)) = (text(from), text(to)) else { return false };
    let options = [c"ALLOW_BALLPARK=NO".as_ptr(), null()];
    // SAFETY: every object is made in this context, checked before use and destroyed once, before the context; null is no
    // area in particular.
    unsafe {
        let context = proj_sys::proj_context_create();
        if context.is_null() {
            return false;
        }
        proj_sys::proj_log_level(context, proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
        let ends = [&from, &to].map(|text| proj_sys::proj_create(context, text.as_ptr()));
        let mut known = false;
        if ends.iter().all(|end| !end.is_null()) {
            let way = proj_sys::proj_create_crs_to_crs_from_pj(
                context,
                ends[0],
                ends[1],
                null_mut(),
                options.as_ptr(),
            );
            known = !way.is_null();
            if known {
                proj_sys::proj_destroy(way);
            }
        }
        for end in ends.into_iter().filter(|end| !end.is_null()) {
            proj_sys::proj_destroy(end);
        }
        proj_sys::proj_context_destroy(context);
        known
    }
}

/// The system of a code: transformed here where its projection and datum are known here, else by PROJ.
pub(crate) fn from_code(code: u32) -> Option<Crs> {
    let text = text_of(code)?;
    let by_proj = |name: String, geographic: bool, metres_per_unit: f64| Crs {
        epsg: Some(code),
        name,
        wkt: text.clone(),
        definition: format!("EPSG:{code}"),
        geographic,
        metres_per_unit,
        grid: None,
    };
    match wkt::parse(&text) {
        Ok(parts) if parts.datum.to_wgs84.is_some() => {
            Some(Crs { wkt: text.clone(), epsg: Some(code), ..parts.into_crs(Some(&text)) })
        }
        _ => wkt::summary(&text).map(|(name, geographic, unit)| by_proj(name, geographic, unit)),
    }
}
