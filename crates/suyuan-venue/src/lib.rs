//! What lies within a distance of a venue: outfalls, waters, and the outfalls on those waters.
//!
//! In come longitudes and latitudes; out come geodesic distances in metres, never degrees. Two readings of "within
//! 1 km" are answered side by side: the outfalls inside the disc, and the waters that touch it with every outfall on
//! them. This crate opens no file and knows no network: what drains behind an outfall is the trace's business.

mod check;
mod distance;

pub use check::{OutfallSite, VenueConfig, VenueReport, VenueSite, WaterSite, check_venues};
pub use distance::{Shape, distance_between};
