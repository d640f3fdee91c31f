//! The sample city: a synthetic Binjiang district with planted faults and a planted polluter.
//!
//! Out come delivered shapefiles (Zhejiang columns, GBK), a tidy GeoPackage, and what is to be found in them. Venues
//! stand where they really stand; rivers have real names on made-up courses; everything else is invented.

mod files;
mod plan;
mod random;
mod sewers;
mod story;
mod survey;

pub use files::{Failure, SampleCity, sample_city};
