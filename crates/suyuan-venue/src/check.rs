//! The check of venues, by both readings of the rule.

use std::collections::{BTreeSet, HashMap, HashSet};

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
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

impl VenueSite {
    /// The circle of its radius around it as a clockwise ring in degrees, for drawing, never for deciding; `None` without a
    /// place.
    #[must_use]
    pub fn circle(&self) -> Option<Vec<Coord<f64>>> {
        let b = self.shape.bounds()?;
        let centre = Coord { x: f64::midpoint(b[0], b[1]), y: f64::midpoint(b[2], b[3]) };
        Some(circle(centre, self.radius, 96))
    }
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
}

/// Checks each venue.
///
/// # Complexity
/// O((venues + waters) log outfalls + venues · waters), and exact distances to what lies about as near as asked.
/// # Reference
/// Binjiang plan 滨政办函〔2023〕1号: waters within 1 km of venues; the two readings are both answered.
#[must_use]
pub fn check_venues(
    venues: &[VenueSite],
    outfalls: &[OutfallSite],
    waters: &[WaterSite],
    config: VenueConfig,
) -> Vec<VenueReport> {
    let places =
        outfalls.iter().enumerate().map(|(o, site)| GeomWithData::new([site.place.x, site.place.y], o));
    let places = RTree::bulk_load(places.filter(|p| p.geom().iter().all(|v| v.is_finite())).collect());
    let outfalls_near = |shape: &Shape, metres: f64| -> Vec<(usize, f64)> {
        let Some(area) = shape.bounds().map(|b| widened(b, metres)) else { return Vec::new() };
        let inside = places.locate_in_envelope(AABB::from_corners([area[0], area[2]], [area[1], area[3]]));
        let near = inside.map(|p| (p.data, distance_between(&Shape::point(outfalls[p.data].place), shape)));
        near.filter(|n| n.1 <= metres).collect()
    };
    let by_distance = |a: (usize, f64), b: (usize, f64)| {
        a.1.total_cmp(&b.1).then_with(|| outfalls[a.0].id.cmp(&outfalls[b.0].id)).then(a.0.cmp(&b.0))
    };
    let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
    for (o, outfall) in outfalls.iter().enumerate().filter(|(_, o)| !o.water.is_empty()) {
        named.entry(&outfall.water).or_default().push(o);
    }
    let on_water = waters.iter().map(|water| {
        let mut on: BTreeSet<usize> = outfalls_near(&water.shape, config.bank).iter().map(|n| n.0).collect();
        on.extend([&water.name, &water.id].iter().filter_map(|name| named.get(name.as_str())).flatten());
        on
    });
    let on_water: Vec<BTreeSet<usize>> = on_water.collect();
    let water_bounds: Vec<Option<[f64; 4]>> = waters.iter().map(|w| w.shape.bounds()).collect();
    let check = |(v, venue): (usize, &VenueSite)| {
        let bounds = venue.shape.bounds();
        let mut near = outfalls_near(&venue.shape, venue.radius);
        near.sort_by(|a, b| by_distance(*a, *b));
        let area = bounds.map(|b| widened(b, venue.radius));
        let may_touch = |w: &usize| area.zip(water_bounds[*w]).is_some_and(|(a, b)| overlap(a, b));
        let distances = (0..waters.len())
            .filter(may_touch)
            .map(|w| (w, distance_between(&venue.shape, &waters[w].shape)));
        let mut touching: Vec<(usize, f64)> = distances.filter(|t| t.1 <= venue.radius).collect();
        touching.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| waters[a.0].id.cmp(&waters[b.0].id)));
        let mut on_waters: Vec<(usize, f64, usize)> = Vec::new();
        let mut known = HashSet::new();
        for (w, _) in &touching {
            for o in on_water[*w].iter().filter(|o| known.insert(**o)) {
                let distance = distance_between(&Shape::point(outfalls[*o].place), &venue.shape);
                on_waters.push((*o, distance, *w));
            }
        }
        on_waters.sort_by(|a, b| by_distance((a.0, a.1), (b.0, b.1)));
        VenueReport { venue: v, outfalls: near, waters: touching, on_waters }
    };
    venues.iter().enumerate().map(check).collect()
}

/// A box of least and greatest longitude and latitude, widened so that all that lies within some metres of it is inside.
fn widened(b: [f64; 4], metres: f64) -> [f64; 4] {
    // A degree of latitude is at least 110.5 km; of longitude at least that times the cosine at the farther edge.
    let dy = metres / 110_500.0 * 1.001;
    let latitude = (b[2].abs().max(b[3].abs()) + dy).min(89.0);
    let dx = metres / (111_300.0 * latitude.to_radians().cos()) * 1.001;
    [b[0] - dx, b[1] + dx, b[2] - dy, b[3] + dy]
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] <= b[1] && b[0] <= a[1] && a[2] <= b[3] && b[2] <= a[3]
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
