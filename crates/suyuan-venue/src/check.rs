//! The check of venues, by both readings of the rule.

use suyuan_core::Coord;

use crate::distance::{Shape, circle, distance_between};

/// A place whose surroundings are checked.
#[doc(alias = "场馆")]
#[derive(Debug, Clone, PartialEq)]
pub struct VenueSite {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How far around it is looked, metres.
    pub radius: f64,
    /// Where it is, degrees.
    pub shape: Shape,
}

/// An outfall to be found.
#[derive(Debug, Clone, PartialEq)]
pub struct OutfallSite {
    /// Its id.
    pub id: String,
    /// Where it is, degrees.
    pub place: Coord<f64>,
    /// The water it is recorded to discharge to; blank if the record does not say.
    pub water: String,
}

/// A river or lake.
#[doc(alias = "水体")]
#[derive(Debug, Clone, PartialEq)]
pub struct WaterSite {
    /// Its id.
    pub id: String,
    /// Its name, blank if it has none.
    pub name: String,
    /// Where it is, degrees.
    pub shape: Shape,
}

/// What decides which outfall is on which water.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VenueConfig {
    /// An outfall this near to a water is on it, metres.
    pub bank: f64,
}

impl VenueConfig {
    /// The settings of the command line when nothing else is said: outfalls within 30 m of a water are on it.
    #[must_use]
    pub fn automatic() -> Self {
        Self { bank: 30.0 }
    }
}

/// What lies around one venue.
///
/// # Shape
/// Indices into the lists given; each list sorted by distance, then id.
/// # Units
/// Metres.
#[derive(Debug, Clone, PartialEq)]
pub struct VenueReport {
    /// The venue.
    pub venue: usize,
    /// Reading (a): outfalls within the radius.
    pub outfalls: Vec<(usize, f64)>,
    /// Reading (b): waters that touch the disc.
    pub waters: Vec<(usize, f64)>,
    /// Reading (b): every outfall on one of those waters, with its own distance and the water.
    pub on_waters: Vec<(usize, f64, usize)>,
    /// The circle around the venue in degrees, for drawing.
    pub circle: Vec<Coord<f64>>,
}

/// Checks each venue.
///
/// # Complexity
/// O(venues · (outfalls + waters)) box tests; exact distances only where the boxes come near.
/// # Reference
/// Binjiang plan 滨政办函〔2023〕1号: waters within 1 km of venues; the two readings are both answered.
#[must_use]
pub fn check_venues(
    venues: &[VenueSite],
    outfalls: &[OutfallSite],
    waters: &[WaterSite],
    config: VenueConfig,
) -> Vec<VenueReport> {
    let water_bounds: Vec<Option<[f64; 4]>> = waters.iter().map(|w| w.shape.bounds()).collect();
    let mut on_water: Vec<Vec<usize>> = vec![Vec::new(); waters.len()];
    for (o, outfall) in outfalls.iter().enumerate() {
        for (w, water) in waters.iter().enumerate() {
            let named =
                !outfall.water.is_empty() && (outfall.water == water.name || outfall.water == water.id);
            let near = || {
                let spot = [outfall.place.x, outfall.place.x, outfall.place.y, outfall.place.y];
                water_bounds[w].is_some_and(|b| boxes_within(spot, b, config.bank))
                    && distance_between(&Shape::point(outfall.place), &water.shape) <= config.bank
            };
            if named || near() {
                on_water[w].push(o);
            }
        }
    }
    venues
        .iter()
        .enumerate()
        .map(|(v, venue)| {
            let bounds = venue.shape.bounds();
            let close =
                |b: [f64; 4]| bounds.is_some_and(|venue_box| boxes_within(venue_box, b, venue.radius));
            let mut near: Vec<(usize, f64)> = Vec::new();
            for (o, outfall) in outfalls.iter().enumerate() {
                let p = outfall.place;
                if close([p.x, p.x, p.y, p.y]) {
                    let distance = distance_between(&Shape::point(p), &venue.shape);
                    if distance <= venue.radius {
                        near.push((o, distance));
                    }
                }
            }
            near.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| outfalls[a.0].id.cmp(&outfalls[b.0].id)));
            let mut touching: Vec<(usize, f64)> = Vec::new();
            for (w, water) in waters.iter().enumerate() {
                if water_bounds[w].is_some_and(close) {
                    let distance = distance_between(&venue.shape, &water.shape);
                    if distance <= venue.radius {
                        touching.push((w, distance));
                    }
                }
            }
            touching.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| waters[a.0].id.cmp(&waters[b.0].id)));
            let mut on_waters: Vec<(usize, f64, usize)> = Vec::new();
            for (w, _) in &touching {
                for o in &on_water[*w] {
                    if !on_waters.iter().any(|known| known.0 == *o) {
                        let distance = distance_between(&Shape::point(outfalls[*o].place), &venue.shape);
                        on_waters.push((*o, distance, *w));
                    }
                }
            }
            on_waters
                .sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| outfalls[a.0].id.cmp(&outfalls[b.0].id)));
            let centre = bounds.map_or(Coord { x: 0.0, y: 0.0 }, |b| Coord {
                x: f64::midpoint(b[0], b[1]),
                y: f64::midpoint(b[2], b[3]),
            });
            VenueReport {
                venue: v,
                outfalls: near,
                waters: touching,
                on_waters,
                circle: if bounds.is_some() { circle(centre, venue.radius, 96) } else { Vec::new() },
            }
        })
        .collect()
}

/// Whether two boxes in degrees may lie within some metres of each other; never `false` for shapes that do.
fn boxes_within(a: [f64; 4], b: [f64; 4], metres: f64) -> bool {
    // A degree of latitude is at least 110.5 km; of longitude at least that times the cosine at the farther edge.
    let dy = metres / 110_500.0 * 1.001;
    let latitude = (a[2].abs().max(a[3].abs()) + dy).min(89.0);
    let dx = metres / (111_300.0 * latitude.to_radians().cos()) * 1.001;
    a[0] - dx <= b[1] && b[0] <= a[1] + dx && a[2] - dy <= b[3] && b[2] <= a[3] + dy
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use suyuan_core::raw::ShapeKind;

    use super::*;

    fn place() -> impl Strategy<Value = Coord<f64>> {
        (120.15..120.25f64, 30.15..30.25f64).prop_map(|(x, y)| Coord { x, y })
    }

    proptest! {
        #[test]
        fn nothing_within_the_radius_is_missed(
            venue in place(), radius in 100.0..4000.0f64, spots in prop::collection::vec(place(), 0..40),
            rivers in prop::collection::vec((place(), place()), 0..6)
        ) {
            let venues = [VenueSite { id: "v".into(), name: String::new(), radius, shape: Shape::point(venue) }];
            let outfalls: Vec<_> = spots.iter().enumerate()
                .map(|(i, p)| OutfallSite { id: format!("{i:03}"), place: *p, water: String::new() }).collect();
            let waters: Vec<_> = rivers.iter().enumerate().map(|(i, (a, b))| WaterSite {
                id: format!("w{i}"), name: String::new(),
                shape: Shape { kind: ShapeKind::Line, parts: vec![vec![*a, *b]] },
            }).collect();
            let report = &check_venues(&venues, &outfalls, &waters, VenueConfig::automatic())[0];
            let point = Shape::point(venue);
            for (i, outfall) in outfalls.iter().enumerate() {
                let d = distance_between(&Shape::point(outfall.place), &point);
                prop_assert_eq!(d <= radius, report.outfalls.iter().any(|o| o.0 == i));
            }
            for (i, water) in waters.iter().enumerate() {
                let touches = distance_between(&point, &water.shape) <= radius;
                prop_assert_eq!(touches, report.waters.iter().any(|w| w.0 == i));
                for (o, outfall) in outfalls.iter().enumerate() {
                    let on = distance_between(&Shape::point(outfall.place), &water.shape) <= 30.0;
                    if on && touches {
                        prop_assert!(report.on_waters.iter().any(|x| x.0 == o));
                    }
                }
            }
        }
    }
}
