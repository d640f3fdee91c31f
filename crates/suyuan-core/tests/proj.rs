//! Every code of the table and many more that are transformed here, against PROJ; and what is asked of PROJ about the others.
#![cfg(feature = "proj")]

use proj::Proj;
use suyuan_core::Coord;
use suyuan_core::crs::{Crs, CrsError, Transform};

/// The code of the degrees that a projected system stands on, by its own text.
fn degrees_of(crs: &Crs) -> Option<u32> {
    let (geographic, _) = crs.wkt.split_once(",PROJECTION[")?;
    geographic.strip_suffix("\"]]")?.rsplit('"').next()?.parse().ok()
}

#[test]
fn codes_transformed_here_agree_with_proj() {
    let runs = [
        2327..2391,
        2401..2443,
        4491..4555,
        21413..21424,
        21453..21464,
        25828..25839,
        26901..26924,
        32601..32661,
        32701..32761,
    ];
    let single = [2056, 2326, 3825, 3826, 21781, 32145];
    let table: Vec<u32> = runs.into_iter().flatten().chain(single).collect();
    // Of the thousands that PROJ defines and that are transformed here, each fiftieth.
    let others = (1024..33_000).step_by(50).filter(|code| !table.contains(code));
    let mut counts = [0, 0];
    let mut wrong = Vec::new();
    for code in table.iter().copied().chain(others) {
        let Ok(crs) = Crs::from_epsg(code) else { continue };
        // What PROJ transforms itself needs no comparison; 3857 takes another datum's degrees as they are.
        if crs.definition.starts_with("EPSG:") || crs.geographic || code == 3857 {
            continue;
        }
        let Some(degrees) = degrees_of(&crs) else { continue };
        let name = format!("EPSG:{code}");
        let Ok((Some(area), _)) = Proj::new(&name).map(|p| p.area_of_use().unwrap_or((None, None))) else {
            continue;
        };
        let Ok(theirs) = Proj::new_known_crs(&format!("EPSG:{degrees}"), &name, None) else { continue };
        // From degrees of the very ellipsoid: no datum is shifted.
        let own = Crs::parse(&format!(
            "+proj=longlat {} +no_defs",
            crs.definition
                .split_whitespace()
                .filter(|w| ["+a=", "+rf=", "+towgs84="].iter().any(|p| w.starts_with(p)))
                .collect::<Vec<_>>()
                .join(" ")
        ))
        .unwrap();
        let ours = Transform::new(&own, &crs).unwrap();
        let east = if area.east < area.west { area.east + 360.0 } else { area.east };
        counts[usize::from(!table.contains(&code))] += 1;
        for i in 0..25 {
            let (u, v) = (f64::from(i % 5) / 4.0, f64::from(i / 5) / 4.0);
            let lon = area.west + u * (east - area.west);
            let place = Coord {
                x: if lon > 180.0 { lon - 360.0 } else { lon },
                y: area.south + v * (area.north - area.south),
            };
            let (Ok(a), Ok((x, y))) = (ours.apply(place), theirs.convert((place.x, place.y))) else {
                continue;
            };
            let off = (a.x - x).hypot(a.y - y) * crs.metres_per_unit;
            if off > 1e-6 {
                wrong.push(format!("{code} {}: {off} m at {place:?}", crs.name));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {counts:?}: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
    assert!(counts[0] == table.len() && counts[1] > 50, "{counts:?} of {}", table.len());
}

/// Every shifted system of the table, over its area; PROJ is told the same parameters, since its own for LV95 and LV03 may be
/// grids.
#[test]
fn shifted_systems_go_to_web_maps_as_proj_does() {
    let web = Crs::from_epsg(3857).unwrap();
    for code in [2056, 2326, 4149, 4150, 4611, 21781] {
        let crs = Crs::from_epsg(code).unwrap();
        assert!(crs.definition.contains("+towgs84="));
        let [west, east, south, north] =
            if crs.wkt.contains("Hong") { [113.8, 114.5, 22.1, 22.6] } else { [5.9, 10.5, 45.8, 47.9] };
        let proj = |from: &str, to: &str| Proj::new_known_crs(from, to, None).unwrap();
        let ways = [[&crs, &web], [&web, &crs]].map(|[from, to]| {
            let [a, b] = [from, to].map(|c| if c == &web { "EPSG:3857" } else { &*c.definition });
            let metres = if to.geographic { 111_320.0 } else { 1.0 };
            (proj("EPSG:4326", a), Transform::new(from, to).unwrap(), proj(a, b), metres)
        });
        for i in 0..25 {
            let lon = west + (east - west) * f64::from(i % 5) / 4.0;
            let lat = south + (north - south) * f64::from(i / 5) / 4.0;
            for (start, ours, theirs, metres) in &ways {
                let (x, y) = start.convert((lon, lat)).unwrap();
                let (a, b) = (ours.apply(Coord { x, y }).unwrap(), theirs.convert((x, y)).unwrap());
                let off = (a.x - b.0).hypot(a.y - b.1) * metres;
                assert!(off < 1e-4, "{code}: {off} m at {lon}, {lat}");
            }
        }
    }
}

#[test]
fn units_and_kinds_of_codes_are_asked_of_proj() {
    for (code, geographic, metres, native) in [
        (2225, false, 0.304_800_609_601_219_2, true), // US survey feet
        (2222, false, 0.3048, true),                  // international feet
        (4301, true, 1.0, false),                     // Tokyo, another datum
        (4617, true, 1.0, true),                      // NAD83(CSRS)
        (27700, false, 1.0, false),                   // Airy ellipsoid
        (5514, false, 1.0, false),                    // Krovak, unknown here
        (3826, false, 1.0, true),
    ] {
        let crs = Crs::from_epsg(code).unwrap();
        assert_eq!((crs.epsg, crs.geographic), (Some(code), geographic), "{code}");
        assert!((crs.metres_per_unit - metres).abs() < 1e-15, "{code}: {}", crs.metres_per_unit);
        assert_eq!(!crs.definition.starts_with("EPSG:"), native, "{code}: {}", crs.definition);
        assert!(crs.wkt.contains(&format!("AUTHORITY[\"EPSG\",\"{code}\"]]")), "{code}: {}", crs.wkt);
        assert!(!crs.name.starts_with("EPSG:"), "{}", crs.name);
    }
    // Heights and geocentric coordinates are no systems of a map; grads are no degrees.
    for code in [5773, 4978, 4807, 999_999] {
        assert!(Crs::from_epsg(code).is_err(), "{code}");
    }
}

#[test]
fn what_proj_alone_knows_is_shifted_as_proj_does() {
    let degrees = Crs::from_epsg(4326).unwrap();
    for (code, target, x, y) in [
        (27700, 32630, 530_000.0, 180_000.0),
        (5514, 32633, -740_000.0, -1_040_000.0),
        (4301, 32654, 139.7, 35.7),
        (2225, 32610, 6_700_000.0, 1_900_000.0),
    ] {
        let crs = Crs::from_epsg(code).unwrap();
        let place = Coord { x, y };
        for to in [Crs::from_epsg(target).unwrap(), degrees.clone()] {
            let ours = Transform::new(&crs, &to).unwrap().apply(place).unwrap();
            let theirs =
                Proj::new_known_crs(&format!("EPSG:{code}"), &format!("EPSG:{}", to.epsg.unwrap()), None)
                    .unwrap()
                    .convert((x, y))
                    .unwrap();
            let metres = if to.geographic { 111_320.0 } else { 1.0 };
            let off = (ours.x - theirs.0).hypot(ours.y - theirs.1) * metres;
            // NAD83 and WGS 84 are the same here, and within 2 m of each other for PROJ.
            assert!(off < if code == 2225 { 2.0 } else { 1e-6 }, "{code}: {off}");
        }
        // Into a modern system that has no code the shift is the same.
        let own = Crs::parse("+proj=tmerc +lat_0=0 +lon_0=10 +k=1 +x_0=0 +y_0=0 +a=6378137 +rf=298.257223563 +to_meter=1 +no_defs").unwrap();
        let back = Transform::new(&own, &degrees).unwrap();
        let through = back.apply(Transform::new(&crs, &own).unwrap().apply(place).unwrap()).unwrap();
        let direct = Transform::new(&crs, &degrees).unwrap().apply(place).unwrap();
        let off = (through.x - direct.x).hypot(through.y - direct.y) * 111_320.0;
        assert!(off < 0.01, "{code}: {off}");
    }
}

/// PROJ knows no way from these datums to CGCS2000 and passes their degrees off as its own; by PROJ 9.5, to WGS 84.
#[test]
fn old_datums_are_shifted_to_chinese_systems_too() {
    for (code, x, y, lon, lat) in [
        (27700, 530_000.0, 180_000.0f64, -0.128_353_940, 51.503_990_828),
        (4301, 139.7, 35.6, 139.696_774_981, 35.603_246_207),
    ] {
        let [from, grid, degrees] = [code, 4549, 4490].map(|c| Crs::from_epsg(c).unwrap());
        let way = |a: &Crs, b: &Crs, p| Transform::new(a, b).unwrap().apply(p).unwrap();
        let web = Crs::from_epsg(3857).unwrap();
        let straight = way(&from, &degrees, Coord { x, y });
        let mut found = vec![straight, way(&web, &degrees, way(&from, &web, Coord { x, y }))];
        if code == 4301 {
            // London is no place of a Chinese grid.
            found.push(way(&grid, &degrees, way(&from, &grid, Coord { x, y })));
        }
        for q in found {
            let off = ((q.x - lon) * f64::to_radians(lat).cos()).hypot(q.y - lat) * 111_320.0;
            assert!(off < 3.0, "EPSG:{code}: {off} m");
        }
    }
}

/// PROJ knows no shift from New Beijing (codes it alone knows) nor from TWD67, and Beijing 1954 has some for a few basins
/// only: without parameters these are refused, not taken for WGS 84.
#[test]
fn a_shift_that_proj_only_guesses_is_refused() {
    for old in [4555, 4579, 4776, 3821] {
        for modern in [4326, 4490, 4549, 32651, 3857] {
            let [old, modern] = [old, modern].map(|code| Crs::from_epsg(code).unwrap());
            for (from, to) in [(&old, &modern), (&modern, &old)] {
                let error = Transform::new(from, to).err();
                let refused = matches!(error, Some(CrsError::DatumShiftUnknown { .. }));
                assert!(refused, "{} to {}: {error:?}", from.name, to.name);
            }
        }
    }
    // Within one datum nothing is shifted.
    let [grid, degrees] = [4776, 4555].map(|code| Crs::from_epsg(code).unwrap());
    let place = Transform::new(&degrees, &grid).unwrap().apply(Coord { x: 120.0, y: 30.0 }).unwrap();
    assert!((place.x - 40_500_000.0).abs() < 1e-3, "{place:?}");
    // Two old datums, one by code: as between any others.
    for (from, to) in [(2437, 4555), (4301, 2385)] {
        let [from, to] = [from, to].map(|code| Crs::from_epsg(code).unwrap());
        assert!(Transform::new(&from, &to).is_err(), "{} to {}", from.name, to.name);
    }
    // Modern datums that PROJ alone projects need none.
    for code in [3035, 3112, 5070] {
        assert!(Transform::new(&Crs::from_epsg(code).unwrap(), &Crs::from_epsg(4326).unwrap()).is_ok());
    }
}

/// What is taken for modern by its ellipsoid lies within 3 m of WGS 84 in the middle of its area by PROJ's first choice: each
/// fifth code.
#[test]
fn datums_taken_for_modern_are() {
    let (mut modern, mut off) = (0, Vec::new());
    for code in (4001..4999).chain(5200..11_000).step_by(5) {
        let Ok(crs) = Crs::from_epsg(code) else { continue };
        let native = crs.definition.contains("+a=6378137 ") && !crs.definition.contains("+datum_name=");
        if !crs.geographic || !native {
            continue;
        }
        let name = format!("EPSG:{code}");
        let area = Proj::new(&name).ok().and_then(|p| p.area_of_use().ok()?.0);
        let Some(area) = area else { continue };
        let east = if area.east < area.west { area.east + 360.0 } else { area.east };
        let middle = ((area.west + east) / 2.0, (area.south + area.north) / 2.0);
        let Ok(way) = Proj::new_known_crs(&name, "EPSG:4326", None) else { continue };
        let (x, y) = way.convert(middle).unwrap();
        modern += 1;
        let metres = ((x - middle.0 + 540.0).rem_euclid(360.0) - 180.0).hypot(y - middle.1) * 111_320.0;
        if metres > 3.0 {
            off.push((code, crs.name, metres));
        }
    }
    assert!(modern > 25 && off.is_empty(), "{modern}: {off:?}");
    // Those that are not, by PROJ: 9.5.1 says 324, 225, 78, 23, 6 and 4 m.
    for (code, lon, lat, metres) in [
        (4121, 23.9, 38.3, 324.4),
        (4756, 105.8, 15.9, 225.0),
        (4141, 34.9, 31.4, 77.9),
        (4319, 48.0, 29.3, 23.5),
        (4318, 47.5, 29.3, 5.75),
        (6311, 33.4, 35.2, 3.8),
    ] {
        let [from, to] = [code, 4326].map(|c| Crs::from_epsg(c).unwrap());
        let place = Transform::new(&from, &to).unwrap().apply(Coord { x: lon, y: lat }).unwrap();
        let moved = ((place.x - lon) * lat.to_radians().cos()).hypot(place.y - lat) * 111_320.0;
        assert!((moved - metres).abs() < 0.02 * metres, "EPSG:{code} by {moved} m");
    }
}

/// To systems that PROJ alone knows a layer's own parameters lead too, not those that its code has in PROJ's database: places
/// by PROJ 9.5.1.
#[test]
fn parameters_of_a_layer_count_beside_its_code() {
    let laea = Crs::from_epsg(3035).unwrap();
    assert!(laea.definition.starts_with("EPSG:"));
    for (code, shift, [x, y], [east, north]) in [
        (2437, "15,-120,-50,0,0,0,0", [520_000.0, 3_340_000.0], [10_977_333.909_4, 7_668_739.045_7]),
        (2326, "-100,-300,-200,0,0,0,0", [836_000.0, 819_000.0], [11_840_701.091_0, 6_657_053.359_5]),
    ] {
        // Its own stand where the table has some.
        let text = Crs::from_epsg(code).unwrap().wkt;
        let (before, after) = text.split_once("]").unwrap();
        let after = after.strip_prefix(",TOWGS84[").map_or(after, |rest| rest.split_once(']').unwrap().1);
        let crs = Crs::from_wkt(&format!("{before}],TOWGS84[{shift}]{after}")).unwrap();
        assert_eq!(crs.epsg, Some(code));
        let there = Transform::new(&crs, &laea).unwrap().apply(Coord { x, y }).unwrap();
        let off = (there.x - east).hypot(there.y - north);
        assert!(off < 0.01, "{code}: {off} m");
        let back = Transform::new(&laea, &crs).unwrap().apply(there).unwrap();
        assert!((back.x - x).hypot(back.y - y) < 0.01, "{code}: {back:?}");
    }
}

/// Outside the areas of the shifts that PROJ knows it would by default take the one datum for the other, 305 m off here: place
/// by PROJ 9.5.1 without that.
#[test]
fn outside_the_areas_of_shifts_none_is_guessed() {
    let [grid, degrees] = [27700, 4326].map(|code| Crs::from_epsg(code).unwrap());
    let place = Transform::new(&grid, &degrees).unwrap().apply(Coord { x: 530_000.0, y: -2_000_000.0 });
    if let Ok(place) = place {
        let (lon, lat) = (-0.626_557_933_283_8, 31.876_683_132_571_7);
        let off = (place.x - lon).hypot(place.y - lat) * 111_320.0;
        assert!(off < 1.0, "{off} m");
    }
}
