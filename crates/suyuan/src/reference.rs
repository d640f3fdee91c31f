//! References to places: what the user types for a start or a barrier.

use suyuan_core::Coord;

use crate::error::Error;

/// A reference to a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// An id of an outfall; failing that of a node, failing that of a pipe.
    Any(String),
    /// An outfall.
    Outfall(String),
    /// A node.
    Node(String),
    /// A pipe.
    Pipe(String),
    /// A drainer.
    Drainer(String),
    /// A coordinate in the network's system.
    Place(Coord<f64>),
    /// A longitude and latitude.
    Degrees(Coord<f64>),
}

impl Reference {
    /// Understands `ID`, `outfall:ID`, `node:ID`, `pipe:ID`, `drainer:ID`, `X,Y` or `lonlat:X,Y`.
    ///
    /// # Errors
    /// [`Error::BadReference`] for blanks, for coordinates that are no finite numbers, and for degrees that are none, such as
    /// a latitude of 120.
    ///
    /// # Example
    /// ```
    /// use suyuan::Reference;
    /// assert_eq!(Reference::parse("node:MH7")?, Reference::Node("MH7".to_owned()));
    /// assert!(Reference::parse("nan,1").is_err());
    /// # Ok::<(), suyuan::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = || Error::BadReference { text: text.to_owned() };
        let text = text.trim();
        if text.is_empty() {
            return Err(bad());
        }
        if let Some((kind, id)) = text.split_once(':') {
            let id = id.trim();
            if id.is_empty() {
                return Err(bad());
            }
            match kind {
                "outfall" => return Ok(Self::Outfall(id.to_owned())),
                "node" => return Ok(Self::Node(id.to_owned())),
                "pipe" => return Ok(Self::Pipe(id.to_owned())),
                "drainer" => return Ok(Self::Drainer(id.to_owned())),
                "lonlat" => {
                    let degrees = |p: Coord<f64>| p.x.abs() <= 180.0 && p.y.abs() <= 90.0;
                    return pair(id).flatten().filter(|p| degrees(*p)).map(Self::Degrees).ok_or_else(bad);
                }
                _ => {}
            }
        }
        match pair(text) {
            Some(Some(place)) => Ok(Self::Place(place)),
            Some(None) => Err(bad()),
            None => Ok(Self::Any(text.to_owned())),
        }
    }
}

/// Two numbers with a comma between; `Some(None)` if they are numbers but not finite.
fn pair(text: &str) -> Option<Option<Coord<f64>>> {
    let (x, y) = text.split_once(',')?;
    let (x, y): (f64, f64) = (x.trim().parse().ok()?, y.trim().parse().ok()?);
    Some((x.is_finite() && y.is_finite()).then_some(Coord { x, y }))
}
