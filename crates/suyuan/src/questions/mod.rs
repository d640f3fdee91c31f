//! Questions about ways, times and amounts, and their answers as the JSON contract has them.

mod path;
mod profile;
mod profile_svg;
mod travel;

pub use path::{PathAnswer, WayReachAnswer, path_package};
pub use profile::{ProfileAnswer, ProfileReachAnswer};
pub use profile_svg::profile_drawing;
pub use travel::{PlaceTravel, ReachTravelAnswer, TravelAnswer, TravelRequest};

use suyuan_network::Place;

use crate::answer::StartAnswer;
use crate::error::Error;
use crate::places::Places;
use crate::reference::Reference;

/// The place that a text means, and how it is told.
fn find(places: &Places<'_>, text: &str, max_snap: f64) -> Result<(Place, StartAnswer), Error> {
    let (place, kind, id) = places.find(&Reference::parse(text)?, max_snap)?;
    Ok((place, StartAnswer::of(text.to_owned(), &place, kind, id)))
}
