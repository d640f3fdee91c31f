//! Distances against an independent geodesic library (`fixtures/make_geodesic.py`).

use serde_json::Value;
use suyuan_core::Coord;
use suyuan_core::raw::ShapeKind;
use suyuan_venue::{Shape, distance_between};

#[test]
#[expect(clippy::disallowed_macros, reason = "the figure belongs in the report of the run")]
fn distances_agree_with_geographiclib_to_a_millimetre() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/geodesic.json")).unwrap();
    assert_eq!(cases.len(), 1000);
    let place = |v: &Value| Coord { x: v[0].as_f64().unwrap(), y: v[1].as_f64().unwrap() };
    let mut worst = 0.0f64;
    for case in &cases {
        let kind = match case["kind"].as_str().unwrap() {
            "point" => ShapeKind::Point,
            "line" => ShapeKind::Line,
            _ => ShapeKind::Polygon,
        };
        let parts = case["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p.as_array().unwrap().iter().map(place).collect());
        let shape = Shape { kind, parts: parts.collect() };
        let ours = distance_between(&Shape::point(place(&case["p"])), &shape);
        worst = worst.max((ours - case["m"].as_f64().unwrap()).abs());
        assert!((ours - case["m"].as_f64().unwrap()).abs() < 1e-3, "{ours} {case}");
    }
    println!("largest difference {worst:.6} m over {} cases", cases.len());
}
