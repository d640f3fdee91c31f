//! Codes that PROJ's database knows and our table does not.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use geo_types::Coord;

use super::{Crs, wkt};

/// A code as PROJJSON.
pub(crate) fn projjson(code: u32) -> Option<String> {
    text_of(code, true)
}

/// A code as PROJJSON or as WKT 1.
#[expect(unsafe_code, reason = "the proj crate has no way to ask for a definition")]
fn text_of(code: u32, json: bool) -> Option<String> {
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
            let options = options.as_ptr();
            let made = if json {
                proj_sys::proj_as_projjson(context, object, options)
            } else {
                proj_sys::proj_as_wkt(context, object, kind, options)
            };
            if !made.is_null() {
                text = CStr::from_ptr(made).to_str().ok().map(str::to_owned);
            }
            proj_sys::proj_destroy(object);
        }
        proj_sys::proj_context_destroy(context);
        text
    }
}

/// A way of PROJ between two systems.
pub(crate) struct Way {
    context: *mut proj_sys::PJ_CONTEXT,
    way: *mut proj_sys::PJ,
}

impl Way {
    /// The way between two systems by code, PROJ text or WKT; `None` where PROJ knows none.
    ///
    /// By default PROJ takes degrees of the one datum for those of the other ("ballpark") where it knows no way, and for places
    /// outside the areas of those it knows. Unless it may `guess`, it has no way in the first case, and in the second goes by
    /// the parameters of the way it ranks first.
    #[expect(unsafe_code, reason = "the proj crate has no way to refuse guesses")]
    pub(crate) fn new(from: &str, to: &str, guess: bool) -> Option<Self> {
        let text = |name: &str| {
            let kind = if name.starts_with("+proj=") { " +type=crs" } else { "" };
            CString::new(format!("{name}{kind}")).ok()
        };
        let (from, to) = (text(from)?, text(to)?);
        let ballpark = if guess { c"ALLOW_BALLPARK=YES" } else { c"ALLOW_BALLPARK=NO" };
        let options = [ballpark.as_ptr(), null()];
        // SAFETY: every object is made in this context, checked before use and destroyed once, before the context; null is no
        // area in particular.
        unsafe {
            let context = proj_sys::proj_context_create();
            if context.is_null() {
                return None;
            }
            proj_sys::proj_log_level(context, proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
            let mut made = Self { context, way: null_mut() };
            let ends = [&from, &to].map(|text| proj_sys::proj_create(context, text.as_ptr()));
            if ends.iter().all(|end| !end.is_null()) {
                let [a, b] = ends;
                let options = options.as_ptr();
                let way = proj_sys::proj_create_crs_to_crs_from_pj(context, a, b, null_mut(), options);
                if !way.is_null() {
                    // East before north, whatever the authority says.
                    made.way = proj_sys::proj_normalize_for_visualization(context, way);
                    proj_sys::proj_destroy(way);
                }
            }
            for end in ends.into_iter().filter(|end| !end.is_null()) {
                proj_sys::proj_destroy(end);
            }
            (!made.way.is_null()).then_some(made)
        }
    }

    /// The same place in the other system; `None` where it has none.
    #[expect(unsafe_code, reason = "the way is PROJ's")]
    pub(crate) fn convert(&self, place: Coord<f64>) -> Option<Coord<f64>> {
        let xyzt = proj_sys::PJ_XYZT { x: place.x, y: place.y, z: 0.0, t: f64::INFINITY };
        // SAFETY: the way is not null and lives as long as `self`, which no two threads share.
        unsafe {
            proj_sys::proj_errno_reset(self.way);
            let forward = proj_sys::PJ_DIRECTION_PJ_FWD;
            let found = proj_sys::proj_trans(self.way, forward, proj_sys::PJ_COORD { xyzt }).xy;
            (proj_sys::proj_errno(self.way) == 0).then_some(Coord { x: found.x, y: found.y })
        }
    }
}

impl Drop for Way {
    #[expect(unsafe_code, reason = "the way is PROJ's")]
    fn drop(&mut self) {
        // SAFETY: both were made for this way alone; the way may be null, the context is not, and goes last.
        unsafe {
            if !self.way.is_null() {
                proj_sys::proj_destroy(self.way);
            }
            proj_sys::proj_context_destroy(self.context);
        }
    }
}

/// The system of a code: transformed here where its projection and datum are known here, else by PROJ.
pub(crate) fn from_code(code: u32) -> Option<Crs> {
    let text = text_of(code, false)?;
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
