//! A prepared file gives back the city that was saved, block by block.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::path::{Path, PathBuf};

use suyuan::trace::Heading;
use suyuan::{AmountOf, Asked, City, Error, TraceRequest, TravelRequest, read_project};

fn sample() -> City {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-samples/binjiang/city.toml");
    City::open(&read_project(&project).unwrap()).unwrap()
}

fn save(city: &City, folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = folder.join("city.suyuan");
    city.save(&path, true).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn a_city_comes_back_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let city = sample();
    let (path, bytes) = save(&city, folder.path());
    assert_eq!(save(&city, folder.path()).1, bytes, "the same city, the same bytes");
    let (again, changed) = City::load(&path).unwrap();
    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(again.network, city.network);
    assert_eq!(again.trace_index(), city.trace_index());
    assert_eq!(again.drainers, city.drainers);
    assert_eq!(again.findings, city.findings);
    assert_eq!((&again.spec, &again.layer_names), (&city.spec, &city.layer_names));
    again.check_intact().unwrap();
    assert_eq!(save(&again, folder.path()).1, bytes, "a prepared city saved again");
}

#[test]
fn no_damage_is_believed_and_none_panics() {
    let folder = tempfile::tempdir().unwrap();
    let city = sample();
    let (_, whole) = save(&city, folder.path());
    let request = TraceRequest { possible: true, ..TraceRequest::default() };
    let answers = |city: &City| -> Result<Vec<_>, Error> {
        let mut tracer = city.tracer(&request)?;
        city.network.outfall_ids().map(|o| tracer.trace_outfall(o)).collect()
    };
    let others = |city: &City| -> Result<String, Error> {
        let places = ["pipe:YSGD0015".to_owned(), "PK009".to_owned()];
        let travel = city.travel("PK009", &[], &TravelRequest::default())?;
        let asked = Asked::default();
        let path = city.path("node:YS0232", "PK009", &asked)?;
        let profile = city.profile("node:YS0232", "PK009", &asked)?;
        let common = city.common(&places, Heading::Downstream, &asked)?;
        let plugs = city.isolate(&places[..1], &asked)?;
        let sums = city.accumulate(&AmountOf::Drainers, false, &[], &asked)?;
        Ok(format!("{travel:?}{path:?}{profile:?}{common:?}{plugs:?}{sums:?}"))
    };
    let right = answers(&city).unwrap();
    let other_right = others(&city).unwrap();
    let (mut at_once, mut later) = (0, 0);
    let mut lot = 1u64;
    for round in 0..100 {
        lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut bytes = whole.clone();
        // A few bytes in a row, anywhere, and now and then in the head.
        let within = if round % 10 == 0 { 500 } else { whole.len() };
        for byte in bytes.iter_mut().skip((lot >> 20) as usize % within).take(1 + (lot >> 60) as usize) {
            *byte ^= (lot >> 12) as u8 | 1;
        }
        // A file beside, since the one before may still be mapped.
        let bad = folder.path().join("bad.suyuan");
        let _ = std::fs::remove_file(&bad);
        std::fs::write(&bad, bytes).unwrap();
        match City::load(&bad) {
            Err(Error::BadPrepared { .. }) => at_once += 1,
            Err(other) => panic!("{other}"),
            Ok((city, _)) => match answers(&city) {
                Ok(answers) => {
                    assert!(answers == right);
                    match others(&city) {
                        Ok(others) => assert!(others == other_right),
                        Err(Error::BadPrepared { .. }) => later += 1,
                        Err(other) => panic!("{other}"),
                    }
                }
                Err(Error::BadPrepared { .. }) => later += 1,
                Err(other) => panic!("{other}"),
            },
        }
    }
    assert!(at_once > 0 && later > 20, "{at_once} refused at once, {later} when read");
}
