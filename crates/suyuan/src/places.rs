//! From what the user types to a place on the network.

use std::sync::OnceLock;

use suyuan_core::Coord;
use suyuan_core::crs::{CrsError, Transform};
use suyuan_network::{NearestPipe, OutfallId, Place, PlaceError};
use suyuan_read::ReadError;

use crate::city::City;
use crate::error::Error;
use crate::reference::Reference;

/// Finds the places of a city; the R-tree over its pipes is made when first asked for, and kept.
pub(crate) struct Places<'a> {
    city: &'a City,
    nearest: OnceLock<NearestPipe<'a>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(city: &'a City) -> Self {
        Self { city, nearest: OnceLock::new() }
    }

    fn nearest(&self) -> &NearestPipe<'a> {
        self.nearest.get_or_init(|| NearestPipe::new(&self.city.network))
    }

    /// The place that a reference means, what kind of thing it is, and its id.
    ///
    /// # Errors
    /// [`Error::Place`] if there is no such id, or the place is farther from the network than `limit` metres;
    /// [`Error::BadPrepared`] for a damaged file.
    pub(crate) fn find(
        &self,
        reference: &Reference,
        limit: f64,
    ) -> Result<(Place, &'static str, String), Error> {
        let found = self.seek(reference, limit);
        // What is not found in a damaged file may be there.
        self.city.check_intact()?;
        found
    }

    fn seek(&self, reference: &Reference, limit: f64) -> Result<(Place, &'static str, String), Error> {
        let network = &self.city.network;
        match reference {
            Reference::Outfall(id) => {
                Ok((self.of_outfall(network.find_outfall(id)?, limit)?, "outfall", id.clone()))
            }
            Reference::Node(id) => Ok((network.place_of_node(network.find_node(id)?), "node", id.clone())),
            Reference::Pipe(id) => {
                let pipes = network.find_pipes(id)?;
                if pipes.len() > 1 {
                    let count = pipes.len();
                    return Err(PlaceError::Ambiguous { kind: "pipe", id: id.clone(), count }.into());
                }
                let place = network.place_of_pipe(pipes[0]);
                let place = place.ok_or_else(|| PlaceError::NoGeometry { what: id.clone() })?;
                Ok((place, "pipe", id.clone()))
            }
            Reference::Drainer(id) => Ok((self.of_drainer(id)?, "drainer", id.clone())),
            Reference::Place(place) => {
                let what = format!("{},{}", place.x, place.y);
                Ok((network.place_near(self.nearest(), *place, limit, &what)?, "place", what))
            }
            Reference::Degrees(degrees) => {
                let what = format!("lonlat:{},{}", degrees.x, degrees.y);
                let place = self
                    .projected(*degrees)
                    .map_err(|source| Error::Read(ReadError::Crs { path: what.clone().into(), source }))?;
                Ok((network.place_near(self.nearest(), place, limit, &what)?, "place", what))
            }
            Reference::Any(id) => {
                // Names most like it are looked for only when it is none of these.
                let id = id.clone();
                let only_nodes = network.outfall_ids().len() == 0;
                self.seek(
                    &match network {
                        n if n.has_outfall(&id) => Reference::Outfall(id),
                        n if n.node_called(&id).is_some() => Reference::Node(id),
                        n if n.has_pipe(&id) => Reference::Pipe(id),
                        _ if only_nodes => Reference::Node(id),
                        _ => Reference::Outfall(id),
                    },
                    limit,
                )
            }
        }
    }

    /// The place of an outfall: the node it was joined to, else whatever pipe a larger limit reaches.
    pub(crate) fn of_outfall(&self, outfall: OutfallId, limit: f64) -> Result<Place, Error> {
        let network = &self.city.network;
        let row = network.outfall(outfall);
        let found = match (row.node, row.place) {
            (None, Some(place)) => network.place_near(self.nearest(), place, limit, &row.id),
            _ => network.place_of_outfall(outfall, limit),
        };
        self.city.check_intact()?;
        Ok(found?)
    }

    fn of_drainer(&self, id: &str) -> Result<Place, PlaceError> {
        let drainers = &self.city.drainers;
        let mut found = drainers.find(id);
        let Some(first) = found.next() else {
            return Err(PlaceError::Unknown { kind: "drainer", id: id.to_owned(), near: Vec::new() });
        };
        let more = found.count();
        if more > 0 {
            return Err(PlaceError::Ambiguous { kind: "drainer", id: id.to_owned(), count: more + 1 });
        }
        let link = drainers.drainer(first).link;
        link.map(|l| Place { snap: l.gap, ..l.place })
            .ok_or_else(|| PlaceError::NoGeometry { what: id.to_owned() })
    }

    fn projected(&self, degrees: Coord<f64>) -> Result<Coord<f64>, CrsError> {
        let crs = self.city.network.crs();
        Transform::new(&crs.geographic_twin(), crs)?.apply(degrees)
    }
}
