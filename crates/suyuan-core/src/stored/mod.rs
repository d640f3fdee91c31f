//! Arrays that live in memory or in the bytes of a file, whichever they came from.
//!
//! A prepared network is written as named sections of plain numbers and read back without decoding: [`Stored`] checks the head
//! of the bytes, and hands out a [`Flat`] for each section. A block of bytes is checked against its sum when it is first
//! touched, so that opening costs nothing and a question reads no more than it needs. A damaged block reads as
//! zeros and is remembered ([`Stored::is_damaged`]); whoever answers a question asks for that before the answer goes out.

mod flat;
mod lookup;
mod paged;
mod sections;
mod texts;

pub use flat::Flat;
pub use lookup::Lookup;
pub use paged::{Paged, PagedBytes};
pub use sections::{Sections, Stored, StoredError};
pub use texts::Texts;
