//! Where the source is, how sure that is, and which manhole to open next.
//!
//! In come a network, the outfall where pollution shows, what is believed of each place before anybody looks ([`Prior`]), and
//! what was found where ([`Observation`]); out come the probability of every place ([`Posterior`]), each with what every
//! observation did to it, and the manholes whose opening tells most for its cost ([`next_visits`]). [`huffman`] is a bound that no plan
//! of tests that are never wrong can beat. Output is "look here next", never an accusation. This crate opens no file.
//!
//! One steady source is looked for, in any network: with rings, parallel pipes and splits. A test finds it at a place if the
//! source lies upstream of it, whatever share of the water comes that way.
//!
//! # Reference
//! R. C. Larson, O. Berman and M. Nourinejad, "Sampling manholes to home in on SARS-CoV-2 infections", PLOS ONE 15 (2020)
//! e0240007, for the search; the error rates of tests and the mass off the map are ours.

mod area;
mod bound;
mod observe;
mod plan;
mod posterior;
mod prior;

pub use area::{SearchArea, Spot};
pub use bound::{capacity, entropy, huffman};
pub use observe::{BadRate, ErrorRates, Observation, Outcome};
pub use plan::{Costs, Visit, next_visits, settled_at, units};
pub use posterior::{Contradiction, Explanation, Locator, Posterior, Unplaced};
pub use prior::{BadWeight, Prior};
