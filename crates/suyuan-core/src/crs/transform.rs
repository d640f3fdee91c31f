//! From one coordinate system to another.

use geo_types::Coord;
use proj4rs::Proj;

use super::parts::OFF_DATUM;
use super::{Crs, CrsError, Similarity};
#[cfg(feature = "proj")]
use super::{system, wkt};

/// A transform between two coordinate systems; may be shared between threads.
pub struct Transform {
    way: Way,
    from: String,
    /// What brings a city's own grid into its known system before, and back after.
    grids: [Option<Similarity>; 2],
    /// Whether degrees come in, and whether they go out.
    degrees: [bool; 2],
}

enum Way {
    Same,
    /// One step after the other.
    Proj4(Vec<[Proj; 2]>),
    #[cfg(feature = "proj")]
    System {
        from: String,
        to: String,
        /// Whether PROJ may take the datums for one.
        guess: bool,
    },
}

/// The datum part of a PROJ text: what decides whether a shift is needed.
fn datum_of(definition: &str) -> Vec<&str> {
    definition
        .split_whitespace()
        .filter(|w| {
            ["+a=", "+rf=", "+b=", "+ellps=", "+datum=", OFF_DATUM, "+towgs84="]
                .iter()
                .any(|p| w.starts_with(p))
        })
        .collect()
}

fn is_modern(definition: &str) -> bool {
    let datum = datum_of(definition);
    let modern = datum.contains(&"+a=6378137")
        || datum
            .iter()
            .any(|w| matches!(*w, "+ellps=GRS80" | "+ellps=WGS84" | "+datum=WGS84" | "+datum=NAD83"));
    modern && !is_off(definition)
}

/// Whether its datum lies off WGS 84 in spite of its ellipsoid, by an amount that the text does not say.
fn is_off(definition: &str) -> bool {
    definition.contains(OFF_DATUM)
}

fn has_shift(definition: &str) -> bool {
    definition.contains("+towgs84=")
}

/// Whether it is the sphere of web maps, which takes degrees of WGS 84 for its own: no shift is due on it.
fn is_web_sphere(definition: &str) -> bool {
    definition.split_whitespace().any(|w| w == "+b=6378137")
}

/// Degrees of WGS 84: by themselves, and where a shift leads to them or from them.
const DEGREES: &str = "+proj=longlat +a=6378137 +rf=298.257223563 +no_defs";

impl Transform {
    /// The transform from one system to another.
    ///
    /// # Errors
    /// [`CrsError::Local`] if one is a plane of its own and the other is not; [`CrsError::DatumShiftUnknown`] if their
    /// datums differ and nobody has said by how much.
    pub fn new(from: &Crs, to: &Crs) -> Result<Self, CrsError> {
        let way = Self::way(from, to)?;
        let mut grids = [from, to].map(|crs| crs.grid.as_ref().map(|g| g.similarity));
        if grids[0] == grids[1] && matches!(way, Way::Same) {
            grids = [None, None];
        }
        Ok(Self { way, from: from.name.clone(), grids, degrees: [from.geographic, to.geographic] })
    }

    fn way(from: &Crs, to: &Crs) -> Result<Way, CrsError> {
        if from.definition == to.definition {
            return Ok(Way::Same);
        }
        for crs in [from, to] {
            if crs.is_local() {
                return Err(CrsError::Local { name: crs.name.clone() });
            }
        }
        #[cfg(feature = "proj")]
        let asked = {
            let by_code = |c: &Crs| c.definition.starts_with("EPSG:");
            let off = is_off(&from.definition) || is_off(&to.definition);
            by_code(from) || by_code(to) || off && datum_of(&from.definition) != datum_of(&to.definition)
        };
        #[cfg(feature = "proj")]
        if asked {
            // A city's own grid is asked about by the system it lies in.
            let [from, to] = [from, to].map(|c| c.grid.as_ref().map_or(c, |grid| &grid.known));
            // A modern datum of ours is WGS 84 to PROJ: to others, CGCS2000 among them, it may know no shift, and leaves it
            // out. Else by code where there is one, so the sphere of web maps too.
            let name = |c: &Crs| match c.epsg {
                _ if is_modern(&c.definition)
                    && !has_shift(&c.definition)
                    && !is_web_sphere(&c.definition) =>
                {
                    let datum = datum_of(&c.definition);
                    let rest = c.definition.split_whitespace().filter(|w| !datum.contains(w));
                    rest.chain(["+datum=WGS84"]).collect::<Vec<_>>().join(" ")
                }
                // A shift of its own, not the table's, is what the code knows nothing of.
                Some(code)
                    if has_shift(&c.definition)
                        && !Crs::from_epsg(code).is_ok_and(|known| known.definition == c.definition) =>
                {
                    c.definition.clone()
                }
                Some(code) => format!("EPSG:{code}"),
                None if is_off(&c.definition) => c.wkt.clone(),
                None => c.definition.clone(),
            };
            let unknown = || CrsError::DatumShiftUnknown { from: from.name.clone(), to: to.name.clone() };
            let modern = |c: &Crs| is_modern(&c.definition) || wkt::is_modern(&c.wkt);
            for (crs, other) in [(from, to), (to, from)] {
                let by_name = crs.definition.starts_with("EPSG:") || is_off(&crs.definition);
                let known = by_name || modern(crs) || has_shift(&crs.definition);
                if !known && datum_of(&crs.definition) != datum_of(&other.definition) {
                    return Err(unknown());
                }
            }
            let (guess, [from, to]) = (modern(from) && modern(to), [name(from), name(to)]);
            if !guess && system::Way::new(&from, &to, guess).is_none() {
                return Err(unknown());
            }
            return Ok(Way::System { from, to, guess });
        }
        let known = |c: &Crs| is_modern(&c.definition) || has_shift(&c.definition);
        if !(known(from) && known(to)) && datum_of(&from.definition) != datum_of(&to.definition) {
            return Err(CrsError::DatumShiftUnknown { from: from.name.clone(), to: to.name.clone() });
        }
        // Where one side has a shift, the modern side must say that its own is none.
        let shifted = has_shift(&from.definition) || has_shift(&to.definition);
        let text = |definition: &str| {
            if shifted && !has_shift(definition) {
                format!("{definition} +towgs84=0,0,0")
            } else {
                definition.to_owned()
            }
        };
        let proj = |text: &str, crs: &Crs| {
            Proj::from_proj_string(text).map_err(|_| CrsError::Unknown { text: crs.name.clone() })
        };
        let step = |a: &str, b: &str| Ok([proj(a, from)?, proj(b, to)?]);
        let [a, b] = [&from.definition, &to.definition];
        // On the sphere of web maps a shift of none would not be none: its degrees are those of the ellipsoid.
        let steps = if shifted && is_web_sphere(a) {
            vec![step(a, DEGREES)?, step(&text(DEGREES), &text(b))?]
        } else if shifted && is_web_sphere(b) {
            vec![step(&text(a), &text(DEGREES))?, step(DEGREES, b)?]
        } else {
            vec![step(&text(a), &text(b))?]
        };
        Ok(Way::Proj4(steps))
    }

    /// The same place in the other system.
    ///
    /// # Errors
    /// [`CrsError::OutOfRange`] if the coordinate is not finite, or has no place there.
    pub fn apply(&self, place: Coord<f64>) -> Result<Coord<f64>, CrsError> {
        let mut places = [place];
        self.apply_all(&mut places).map_err(|(_, error)| error)?;
        Ok(places[0])
    }

    /// Moves every coordinate in place.
    ///
    /// # Errors
    /// The index of the first coordinate that has no place in the other system; those before it have moved.
    pub fn apply_all(&self, places: &mut [Coord<f64>]) -> Result<(), (usize, CrsError)> {
        let out = |p: Coord<f64>| CrsError::OutOfRange { x: p.x, y: p.y, crs: self.from.clone() };
        #[cfg(feature = "proj")]
        let system = match &self.way {
            Way::System { from, to, guess } => Some(
                system::Way::new(from, to, *guess)
                    .ok_or_else(|| (0, CrsError::Unknown { text: format!("{from} to {to}") }))?,
            ),
            _ => None,
        };
        for (i, place) in places.iter_mut().enumerate() {
            let given = *place;
            if !(given.x.is_finite() && given.y.is_finite()) {
                return Err((i, out(given)));
            }
            let before = self.grids[0].map_or(given, |grid| grid.apply(given));
            match &self.way {
                Way::Same => *place = before,
                Way::Proj4(steps) => {
                    let mut point = if self.degrees[0] {
                        (before.x.to_radians(), before.y.to_radians(), 0.0)
                    } else {
                        (before.x, before.y, 0.0)
                    };
                    for [a, b] in steps {
                        proj4rs::transform::transform(a, b, &mut point).map_err(|_| (i, out(given)))?;
                    }
                    *place = if self.degrees[1] {
                        Coord { x: point.0.to_degrees(), y: point.1.to_degrees() }
                    } else {
                        Coord { x: point.0, y: point.1 }
                    };
                }
                #[cfg(feature = "proj")]
                Way::System { .. } => {
                    if let Some(system) = &system {
                        *place = system.convert(before).ok_or_else(|| (i, out(given)))?;
                    }
                }
            }
            if !(place.x.is_finite() && place.y.is_finite()) {
                return Err((i, out(given)));
            }
            if let Some(grid) = &self.grids[1] {
                *place = grid.invert(*place);
            }
        }
        Ok(())
    }
}

/// The system of a PROJ text.
pub(crate) fn from_proj_text(text: &str) -> Result<Crs, CrsError> {
    let unknown = || CrsError::Unknown { text: text.to_owned() };
    let proj = Proj::from_proj_string(text).map_err(|_| unknown())?;
    let geographic = proj.is_latlong();
    Ok(Crs {
        epsg: None,
        name: text.to_owned(),
        wkt: String::new(),
        definition: text.to_owned(),
        geographic,
        metres_per_unit: if geographic { 1.0 } else { proj.to_meter() },
        grid: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longitude, latitude, easting, northing: EPSG:4490 to EPSG:4549 by PROJ 9.1.1.
    const STADIUM: [[f64; 4]; 6] = [
        [120.0, 30.2, 500_000.0, 3_342_284.224],
        [120.224_459, 30.231_61, 521_606.774, 3_345_809.694],
        [120.199_267, 30.197_95, 519_188.278, 3_342_073.753],
        [120.234_209, 30.232_466, 522_545.131, 3_345_906.479],
        [120.13, 30.13, 512_526.841, 3_334_531.491],
        [120.25, 30.25, 524_060.918, 3_347_853.481],
    ];

    fn crs(text: &str) -> Crs {
        Crs::parse(text).unwrap()
    }

    #[test]
    fn the_stadium_vectors_agree_with_proj_to_the_printed_digits() {
        let there = Transform::new(&crs("4490"), &crs("4549")).unwrap();
        let back = Transform::new(&crs("4549"), &crs("4490")).unwrap();
        for [lon, lat, east, north] in STADIUM {
            let p = there.apply(Coord { x: lon, y: lat }).unwrap();
            assert_eq!(
                (format!("{:.3}", p.x), format!("{:.3}", p.y)),
                (format!("{east:.3}"), format!("{north:.3}"))
            );
            let q = back.apply(p).unwrap();
            assert!((q.x - lon).abs() < 1e-11 && (q.y - lat).abs() < 1e-11);
        }
    }

    #[test]
    fn wkt_written_is_read_back_as_the_same_system() {
        for code in [
            4326, 4490, 4549, 4528, 4491, 32651, 32756, 26910, 25831, 3857, 2056, 21781, 2326, 3825, 3826,
            3824, 32145, 2385, 2437,
        ] {
            let made = Crs::from_epsg(code).unwrap();
            for text in [made.wkt.clone(), made.esri_wkt()] {
                let read = Crs::from_wkt(&text).unwrap_or_else(|e| panic!("{code}: {e}: {text}"));
                assert_eq!(read.epsg, Some(code), "{text}");
                assert_eq!(read.definition, made.definition, "{code}");
            }
        }
    }

    #[test]
    fn prj_files_of_the_wild_are_recognised() {
        let esri = r#"PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
        assert_eq!(Crs::from_wkt(esri).unwrap().epsg, Some(4549));
        let albers = r#"PROJCS["unknown",GEOGCS["unknown",DATUM["Unknown based on GRS80 ellipsoid",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Albers_Conic_Equal_Area"],PARAMETER["latitude_of_center",23],PARAMETER["longitude_of_center",-96],PARAMETER["standard_parallel_1",29.5],PARAMETER["standard_parallel_2",45.5],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]"#;
        let albers = Crs::from_wkt(albers).unwrap();
        assert_eq!(albers.epsg, None);
        let p = Transform::new(&albers, &crs("4326"))
            .unwrap()
            .apply(Coord { x: 1_514_059.0, y: 1_551_921.9 })
            .unwrap();
        assert!((p.x + 79.0).abs() < 0.5 && (p.y - 35.9).abs() < 0.5, "{p:?}");
        let feet = r#"PROJCS["x",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",1640416.667],PARAMETER["Central_Meridian",-72.5],PARAMETER["Scale_Factor",0.999964286],PARAMETER["Latitude_Of_Origin",42.5],UNIT["Foot_US",0.304800609601219]]"#;
        let feet = Crs::from_wkt(feet).unwrap();
        let metres = feet.to_metres().unwrap();
        let p =
            Transform::new(&feet, &metres).unwrap().apply(Coord { x: 1_000_000.0, y: 500_000.0 }).unwrap();
        assert!((p.x - 304_800.609_6).abs() < 1e-3 && (p.y - 152_400.304_8).abs() < 1e-3);
        for broken in ["", "PROJCS[", "PROJCS[\"a\"]", "FOO[\"a\"]", "GEOGCS[\"a\",DATUM[\"b\"]]"] {
            assert!(Crs::from_wkt(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_old_datum_is_never_shifted_silently() {
        let error = Transform::new(&crs("2437"), &crs("4549")).err().unwrap();
        assert!(matches!(error, CrsError::DatumShiftUnknown { .. }));
        assert!(Transform::new(&crs("2437"), &crs("4214")).is_ok());
        let given = crs(
            "+proj=tmerc +lat_0=0 +lon_0=120 +k=1 +x_0=500000 +ellps=krass +towgs84=15,-120,-50 +units=m",
        );
        assert!(Transform::new(&given, &crs("4549")).is_ok());
        let error = Transform::new(&crs("4490"), &crs("4549")).unwrap().apply(Coord { x: f64::NAN, y: 30.0 });
        assert!(matches!(error, Err(CrsError::OutOfRange { .. })));
    }

    #[cfg(feature = "proj")]
    #[test]
    fn transforms_agree_with_proj_on_random_places() {
        let mut seed = 1u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        for (code, lon, lat) in [
            (4549, 120.0, 30.0),
            (4528, 120.0, 30.0),
            (32651, 123.0, 30.0),
            (26910, -123.0, 49.0),
            (25831, 3.0, 41.0),
        ] {
            let ours = Transform::new(&crs("4326"), &crs(&code.to_string())).unwrap();
            let theirs = proj::Proj::new_known_crs(
                if code < 5000 { "EPSG:4490" } else { "EPSG:4326" },
                &format!("EPSG:{code}"),
                None,
            )
            .unwrap();
            for _ in 0..1000 {
                let p = Coord { x: lon + (random() - 0.5) * 4.0, y: lat + (random() - 0.5) * 10.0 };
                let a = ours.apply(p).unwrap();
                let (x, y) = theirs.convert((p.x, p.y)).unwrap();
                // The ellipsoids of WGS 84 and CGCS2000 differ by 0.1 mm at the pole.
                assert!((a.x - x).abs() < 2e-4 && (a.y - y).abs() < 2e-4, "{code}: {a:?} {x} {y}");
            }
        }
        assert_eq!(Crs::from_epsg(27700).unwrap().epsg, Some(27700));
    }
}
