//! The words of suyuan (溯源): what the steps of the journey hand to each other.
//!
//! In come numbers and text that somebody else has read; out come levels, depths, origins, findings, coordinate
//! systems, raw features and small drawn networks. This crate opens no file, prints nothing, and knows no format.
//!
//! * [`raw`]: what a survey says, exactly as it says it, in our words; the seam between reading and building
//! * [`words`]: the field's terms as types: systems, flow modes, certainties
//! * [`units`]: levels and depths, which must not be mixed up
//! * [`finding`]: doubtful data, kept and listed in English and Chinese
//! * [`crs`]: coordinate systems, from WKT or EPSG code to metres and back to degrees
//! * [`stored`]: arrays that live in memory or in the bytes of a prepared file
//! * [`drawn`]: a network written as a few lines of text, for tests and examples

pub mod crs;
pub mod drawn;
pub mod finding;
pub mod language;
pub mod origin;
pub mod raw;
pub mod stored;
pub mod text;
pub mod units;
pub mod words;

pub use finding::{Finding, FindingCode, Severity};
pub use geo_types::Coord;
pub use language::Language;
pub use origin::Origin;
pub use raw::{RawLayer, RawSurvey, Role};
pub use units::{Depth, Level};
pub use words::{Certainty, DirectionBasis, FlowMode, FlowSign, NodeKind, System};
