//! Cities' own grids: fits against the truth, against numpy and against their neighbours; parameters as they are typed.

use suyuan_core::crs::{Crs, CrsError, Fit, GridError, SharedPoint, Similarity, Transform};
use suyuan_core::{Coord, Language};

/// Evenly between 0 and 1.
fn randoms(mut seed: u64) -> impl FnMut() -> f64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Normally, by Box and Muller.
fn normal(random: &mut impl FnMut() -> f64) -> f64 {
    (-2.0 * (1.0 - random()).ln()).sqrt() * (std::f64::consts::TAU * random()).cos()
}

fn point(local: Coord<f64>, known: Coord<f64>) -> SharedPoint {
    SharedPoint { name: String::new(), local, known }
}

fn squares(points: &[SharedPoint], by: &Similarity) -> f64 {
    let off = |p: &SharedPoint| {
        let q = by.apply(p.local);
        (q.x - p.known.x).powi(2) + (q.y - p.known.y).powi(2)
    };
    points.iter().map(off).sum()
}

#[test]
fn known_parameters_are_recovered_from_points_without_noise() {
    let mut random = randoms(1);
    for round in 0..200 {
        let shift = Coord { x: (random() - 0.5) * 1e6, y: (random() - 0.5) * 1e6 };
        let (turn, scale) = ((random() - 0.5) * 360.0, 1.0 + (random() - 0.5) * 1e-3);
        // By the surveyors' formula itself: X north, Y east.
        let (sin, cos) = turn.to_radians().sin_cos();
        let known = |p: Coord<f64>| Coord {
            x: shift.x + scale * (p.y * sin + p.x * cos),
            y: shift.y + scale * (p.y * cos - p.x * sin),
        };
        let count = 2 + round % 9;
        let points: Vec<SharedPoint> = (0..count)
            .map(|_| Coord { x: random() * 5e4, y: random() * 5e4 })
            .map(|p| point(p, known(p)))
            .collect();
        let fit = Fit::new(&points).unwrap();
        let found = fit.similarity;
        let turned = (found.rotation() - turn + 540.0).rem_euclid(360.0) - 180.0;
        // A double at a million metres ends at 1e-10 m; over the spread of the points that is 1e-14 of an angle.
        let spread = points
            .iter()
            .map(|p| (p.local.x - points[0].local.x).hypot(p.local.y - points[0].local.y))
            .fold(1.0, f64::max);
        let by = 1e-9 * 5e4 / spread;
        assert!(turned.abs() < by && (found.scale() - scale).abs() < by, "{round}: {found:?}");
        assert!(fit.rms() < 1e-9, "{round}: {}", fit.rms());
        for p in &points {
            let (q, back) = (found.apply(p.local), found.invert(p.known));
            assert!((q.x - p.known.x).hypot(q.y - p.known.y) < 1e-9, "{round}");
            assert!((back.x - p.local.x).hypot(back.y - p.local.y) < 1e-8, "{round}");
        }
        let given = Similarity::new(shift, turn, scale);
        let (a, b) = (given.apply(points[0].local), points[0].known);
        assert!((a.x - b.x).hypot(a.y - b.y) < 1e-9, "{round}");
    }
}

#[test]
fn fits_agree_with_the_least_squares_of_numpy() {
    let rows: Vec<Vec<f64>> = include_str!("fixtures/similarity.csv")
        .lines()
        .skip(1)
        .map(|l| l.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect())
        .collect();
    let mut chances = 0;
    for case in rows.chunk_by(|a, b| a[0] == b[0]) {
        let points: Vec<SharedPoint> =
            case.iter().map(|r| point(Coord { x: r[1], y: r[2] }, Coord { x: r[3], y: r[4] })).collect();
        let fit = Fit::new(&points).unwrap();
        let (found, theirs) = (fit.similarity, &case[0]);
        let (sin, cos) = found.rotation().to_radians().sin_cos();
        assert!(
            (found.scale() * cos - theirs[9]).abs() < 1e-11
                && (found.scale() * sin - theirs[10]).abs() < 1e-11
        );
        assert!((found.shift().x - theirs[7]).hypot(found.shift().y - theirs[8]) < 1e-6);
        for (i, (r, row)) in fit.residuals.iter().zip(case).enumerate() {
            assert!((r.x - row[5]).hypot(r.y - row[6]) < 2e-7, "{r:?} {row:?}");
            if row[11].is_finite() {
                chances += 1;
                let chance = fit.chance(i).unwrap();
                assert!((chance / row[11] - 1.0).abs() < 1e-6, "{chance} {}", row[11]);
            }
        }
        assert_eq!(fit.chance(0).is_some(), points.len() > 3);
    }
    assert_eq!((rows.len(), chances), (92, 87));
}

#[test]
fn no_neighbouring_parameters_fit_better() {
    let mut random = randoms(3);
    for _ in 0..100 {
        let truth =
            Similarity::new(Coord { x: 4e5, y: 3e6 }, random() * 360.0, 1.0 + (random() - 0.5) * 1e-3);
        let points: Vec<SharedPoint> = (0..7)
            .map(|_| {
                let local = Coord { x: random() * 3e4, y: random() * 3e4 };
                let known = truth.apply(local);
                let noise = Coord { x: normal(&mut random) * 0.05, y: normal(&mut random) * 0.05 };
                point(local, Coord { x: known.x + noise.x, y: known.y + noise.y })
            })
            .collect();
        let best = Fit::new(&points).unwrap().similarity;
        let least = squares(&points, &best);
        for (east, north, turn, scale) in
            [(1e-3, 0.0, 0.0, 0.0), (0.0, 1e-3, 0.0, 0.0), (0.0, 0.0, 1e-6, 0.0), (0.0, 0.0, 0.0, 1e-8)]
        {
            for sign in [-1.0, 1.0] {
                let shift = Coord { x: best.shift().x + sign * east, y: best.shift().y + sign * north };
                let other =
                    Similarity::new(shift, best.rotation() + sign * turn, best.scale() + sign * scale);
                assert!(squares(&points, &other) > least, "{east} {north} {turn} {scale} {sign}");
            }
        }
    }
}

#[test]
fn a_mistyped_point_is_named_and_chance_seldom_is() {
    let mut random = randoms(4);
    let truth = Similarity::new(Coord { x: 4e5, y: 3e6 }, 0.7, 1.00002);
    let mut named = 0;
    let mut drawn = |wrong: Option<usize>, count: usize| {
        let points: Vec<SharedPoint> = (0..count)
            .map(|i| {
                // On a ring, so that no point hangs alone.
                let turn = std::f64::consts::TAU * i as f64 / count as f64;
                let local = Coord { x: 5e4 + 1e4 * turn.cos(), y: 7e4 + 1e4 * turn.sin() };
                let known = truth.apply(local);
                let off = if wrong == Some(i) { 1.0 } else { 0.0 };
                let noise = [normal(&mut random), normal(&mut random)].map(|v| v * 0.02);
                point(local, Coord { x: known.x + noise[0] + off, y: known.y + noise[1] })
            })
            .collect();
        Fit::new(&points).unwrap().suspect()
    };
    for round in 0..1000 {
        assert_eq!(drawn(Some(round % 6), 6), Some(round % 6), "{round}");
    }
    for _ in 0..20_000 {
        named += usize::from(drawn(None, 6).is_some());
    }
    // 1 % by the closed form, 200 of 20 000 with a deviation of 14.
    assert!((130..=230).contains(&named), "{named}");
    assert_eq!(drawn(Some(1), 3), None, "three points cannot tell which of them is wrong");
}

#[test]
fn the_order_of_points_does_not_matter_to_the_last_bit() {
    let mut random = randoms(6);
    for round in 0..50 {
        let truth = Similarity::new(Coord { x: 4e5, y: 3e6 }, random() * 360.0, 1.00001);
        let count = 3 + round % 10;
        let mut points: Vec<SharedPoint> = (0..count)
            .map(|i| {
                let local = Coord { x: 5e4 + random() * 1e4, y: 7e4 + random() * 1e4 };
                let known = truth.apply(local);
                let off = [normal(&mut random), normal(&mut random)].map(|v| v * 0.05);
                let known = Coord { x: known.x + off[0], y: known.y + off[1] };
                SharedPoint { name: i.to_string(), local, known }
            })
            .collect();
        let told = |points: &[SharedPoint]| {
            let fit = Fit::new(points).unwrap();
            let (of, name) = (fit.similarity, |i: usize| points[i].name.clone());
            let mut each: Vec<_> = (0..points.len())
                .map(|i| {
                    let r = fit.residuals[i];
                    (name(i), [r.x, r.y, fit.chance(i).unwrap_or(0.0)].map(f64::to_bits))
                })
                .collect();
            each.sort();
            let numbers = [of.shift().x, of.shift().y, of.rotation(), of.scale(), fit.rms()];
            let (worst, largest) = fit.largest();
            let named = (name(worst), largest.to_bits(), fit.suspect().map(name), fit.on_a_line());
            (format!("{of:?}"), numbers.map(f64::to_bits), each, named)
        };
        let first = told(&points);
        for _ in 0..20 {
            for i in (1..count).rev() {
                points.swap(i, (random() * (i + 1) as f64) as usize);
            }
            assert_eq!(told(&points), first, "{round}");
        }
    }
}

#[test]
fn points_in_a_line_cannot_tell_exchanged_axes() {
    let mut random = randoms(5);
    let truth = Similarity::new(Coord { x: 4e5, y: 3e6 }, 0.3, 1.00001);
    // Points along a line of 10 km, so far beside it in turns, with so much noise: the fit, and that with axes exchanged.
    let mut fits = |count: usize, beside: f64, noise: f64, direction: f64| {
        let (sin, cos) = direction.sin_cos();
        let points: Vec<SharedPoint> = (0..count)
            .map(|i| {
                let along = 1e4 * i as f64 / (count - 1) as f64;
                let off = if i % 2 == 1 { beside } else { 0.0 };
                let local = Coord { x: 5e4 + along * cos - off * sin, y: 7e4 + along * sin + off * cos };
                let known = truth.apply(local);
                let off = [normal(&mut random), normal(&mut random)].map(|v| v * noise);
                point(local, Coord { x: known.x + off[0], y: known.y + off[1] })
            })
            .collect();
        let exchanged: Vec<SharedPoint> =
            points.iter().map(|p| point(p.local, Coord { x: p.known.y, y: p.known.x })).collect();
        [Fit::new(&points), Fit::new(&exchanged)]
    };
    for (count, direction) in [(3, 0.0), (3, 0.7), (4, 1.5), (8, 2.5)] {
        for noise in [0.0, 0.02] {
            // In the line, and within centimetres of it: both fit, and both are doubted.
            for beside in [0.0, 0.02] {
                for fit in fits(count, beside, noise, direction) {
                    assert!(fit.unwrap().on_a_line(), "{count} {direction} {noise} {beside}");
                }
            }
            // A street's width is enough for the right one; the exchanged one fits badly, and is doubted or refused.
            for beside in [8.0, 40.0, 500.0, 5000.0] {
                let [right, exchanged] = fits(count, beside, noise, direction);
                assert!(!right.unwrap().on_a_line(), "{count} {direction} {noise} {beside}");
                let told = exchanged.as_ref().map_or_else(|e| *e == GridError::Mirrored, Fit::on_a_line);
                assert!(told, "{count} {direction} {noise} {beside}: {exchanged:?}");
            }
        }
    }
    // Two points are doubted for another reason.
    let two = fits(2, 0.0, 0.0, 0.7).map(|fit| fit.unwrap().on_a_line());
    assert_eq!(two, [false, false]);
}

#[test]
fn points_that_fit_nothing_are_refused() {
    let at = |x: f64, y: f64| Coord { x, y };
    let corners = [at(0.0, 0.0), at(1000.0, 0.0), at(0.0, 2000.0)];
    let pairs = |of: &dyn Fn(Coord<f64>) -> Coord<f64>| corners.map(|c| point(c, of(c)));
    let moved = pairs(&|c| at(c.x + 5e5, c.y + 3e6));
    assert!(Fit::new(&moved).is_ok());
    assert_eq!(Fit::new(&moved[..1]), Err(GridError::TooFew { count: 1 }));
    assert_eq!(Fit::new(&[]), Err(GridError::TooFew { count: 0 }));
    assert_eq!(Fit::new(&[moved[1].clone(), moved[1].clone()]), Err(GridError::OnePlace));
    assert_eq!(Fit::new(&pairs(&|_| at(5e5, 3e6))), Err(GridError::OnePlace));
    assert_eq!(Fit::new(&pairs(&|c| at(c.y + 5e5, c.x + 3e6))), Err(GridError::Mirrored));
    assert!(matches!(Fit::new(&pairs(&|c| at(c.x / 1000.0, c.y / 1000.0))), Err(GridError::Scale { .. })));
    for error in [GridError::Mirrored, GridError::OnePlace, GridError::TooFew { count: 1 }] {
        assert_ne!(error.message(Language::Chinese), error.message(Language::English));
    }
}

#[test]
fn parameters_are_read_as_they_are_typed() {
    let known = Crs::from_epsg(4549).unwrap();
    let p = Coord { x: 61_234.5, y: 70_123.4 };
    let by = |text: &str, p| Transform::new(&Crs::parse(text).unwrap(), &known).unwrap().apply(p).unwrap();
    let sample = "similarity:EPSG:4549,north=3270000.5,east=460000.25,rotation=0.0123,scale=1.000012";
    let found = by(sample, p);
    // X' and Y' of the surveyors' formula, X north and Y east.
    let (x, y, k, a) = (p.y, p.x, 1.000_012f64, 0.0123f64.to_radians());
    let north = 3_270_000.5 + k * (x * a.cos() - y * a.sin());
    let east = 460_000.25 + k * (x * a.sin() + y * a.cos());
    assert!((found.x - east).abs() < 1e-8 && (found.y - north).abs() < 1e-8, "{found:?}");
    let back = Transform::new(&known, &Crs::parse(sample).unwrap()).unwrap().apply(found).unwrap();
    assert!((back.x - p.x).hypot(back.y - p.y) < 1e-8);
    for other in [
        "similarity:4549,scale=12ppm,rotation=44.28s,east=460000.25,north=3270000.5",
        "SIMILARITY:EPSG:4549，北=3270000.5，东=460000.25，旋转=44.28秒，尺度=12ppm",
        "similarity:EPSG:4549, north=3270000.5, east=460000.25, rotation=0.00021467549799530254rad, scale=1.000012",
    ] {
        let q = by(other, p);
        assert!((q.x - found.x).hypot(q.y - found.y) < 1e-6, "{other}: {q:?} {found:?}");
    }
    // Degrees by way of the known system.
    let degrees = Crs::from_epsg(4490).unwrap();
    let to = |from: &Crs, p| Transform::new(from, &degrees).unwrap().apply(p).unwrap();
    assert_eq!(to(&Crs::parse(sample).unwrap(), p), to(&known, found));
    let proj = "similarity:+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=1,2,3 +units=m,north=0,east=0,rotation=0,scale=1";
    assert!(Crs::parse(proj).unwrap().definition.contains("+towgs84=1,2,3 "));
    for (text, named) in [
        ("similarity:EPSG:4549,north=1,east=2,rotation=0", "scale"),
        ("similarity:EPSG:4549,dx=1,dy=2,rotation=0,scale=1", "dx"),
        ("similarity:EPSG:4549,north=1,east=2,rotation=0,scale=12", "12ppm"),
        ("similarity:EPSG:4549,north=1,east=2,rotation=1d,scale=1", "1d"),
        ("similarity:EPSG:4549,north=1,north=2,rotation=1,scale=1", "north"),
        ("similarity:EPSG:4490,north=1,east=2,rotation=0,scale=1", "China Geodetic"),
        ("similarity:local,north=1,east=2,rotation=0,scale=1", "local"),
        ("similarity:EPSG:999999,north=1,east=2,rotation=0,scale=1", "999999"),
        ("similarity:", "north"),
    ] {
        let error: CrsError = Crs::parse(text).unwrap_err();
        for language in [Language::English, Language::Chinese] {
            assert!(error.message(language).contains(named), "{text}: {}", error.message(language));
        }
    }
}
