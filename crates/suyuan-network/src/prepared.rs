//! A network as sections of a prepared file, and back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use suyuan_core::Origin;
use suyuan_core::crs::Crs;
use suyuan_core::stored::{Flat, Paged, PagedBytes, Sections, Stored, StoredError, Texts};

use crate::grid::BoxTree;
use crate::network::{Adjacency, Later, Network};
use crate::rows::Coords;

/// What is decoded whenever a network is opened.
#[derive(Serialize, Deserialize)]
struct Head {
    crs: Crs,
    unplaced: Vec<Origin>,
    has_structures: bool,
}

/// Those parts of a network that have to be encoded before they can be stored.
#[derive(Debug)]
pub struct NetworkPages {
    head: Vec<u8>,
    coords: Vec<[f64; 2]>,
    outfalls: PagedBytes,
    gaps: PagedBytes,
}

impl NetworkPages {
    /// Encodes them.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn encode(network: &Network) -> Result<Self, postcard::Error> {
        let head = Head {
            crs: network.crs.clone(),
            unplaced: network.unplaced.clone(),
            has_structures: network.has_structures,
        };
        let coords = network.coords.slice(0..network.coords.len());
        Ok(Self {
            head: postcard::to_allocvec(&head)?,
            coords: coords.iter().map(|c| [c.x, c.y]).collect(),
            outfalls: network.outfalls.encode()?,
            gaps: network.gaps.encode()?,
        })
    }

    /// Adds the network to what is to be stored; it must be the one that was encoded.
    pub fn put<'a>(&'a self, network: &'a Network, sections: &mut Sections<'a>) {
        sections.put("network", &self.head);
        network.node_names.put(sections, "nodes.name");
        sections.put_flat("nodes.by_name", network.nodes_by_name());
        sections.put_flat("nodes.place", &network.node_places);
        sections.put_flat("nodes.kind", &network.node_kinds);
        sections.put_flat("nodes.origin", &network.node_origins);
        sections.put_flat("nodes.ground", &network.node_grounds);
        sections.put_flat("reaches", &network.reaches);
        network.pipe_ids.put(sections, "pipes.id");
        sections.put_flat("pipes.by_id", network.pipes_by_id());
        sections.put_flat("pipes", &network.pipes);
        sections.put_flat("parts", &network.part_ends);
        sections.put("coords", bytemuck::cast_slice(&self.coords));
        network.boxes().put(sections);
        self.outfalls.put(sections, "outfalls");
        self.gaps.put(sections, "gaps");
        for (name, adjacency) in [("incoming", &network.incoming), ("outgoing", &network.outgoing)] {
            sections.put_flat(name, &adjacency.list);
            sections.put_flat(&format!("{name}.starts"), &adjacency.starts);
        }
    }
}

impl Network {
    /// The network that was stored.
    ///
    /// # Errors
    /// [`StoredError`] if a section is missing or damaged as far as can be told at once; what is read later and turns out to be damaged
    /// is told by [`Stored::is_damaged`].
    ///
    /// # Complexity
    /// O(1) but for the system's name; the arrays stay where they are.
    pub fn open(stored: &Arc<Stored>) -> Result<Self, StoredError> {
        let wrong = |_| StoredError::Section("network".to_owned());
        let head: Head = postcard::from_bytes(stored.bytes_of("network")?).map_err(wrong)?;
        let adjacency = |name: &str| -> Result<Adjacency, StoredError> {
            Ok(Adjacency { starts: stored.flat(&format!("{name}.starts"))?, list: stored.flat(name)? })
        };
        let later =
            |name: &str| -> Result<Later<Flat<u32>>, StoredError> { Ok(Later::known(stored.flat(name)?)) };
        let part_ends: Flat<u32> = stored.flat("parts")?;
        Ok(Self {
            crs: head.crs,
            unplaced: head.unplaced,
            has_structures: head.has_structures,
            node_names: Texts::open(stored, "nodes.name")?,
            nodes_by_name: later("nodes.by_name")?,
            node_places: stored.flat("nodes.place")?,
            node_kinds: stored.flat("nodes.kind")?,
            node_origins: stored.flat("nodes.origin")?,
            node_grounds: stored.flat("nodes.ground")?,
            reaches: stored.flat("reaches")?,
            pipe_ids: Texts::open(stored, "pipes.id")?,
            by_id: later("pipes.by_id")?,
            pipes: stored.flat("pipes")?,
            boxes: Later::known(BoxTree::open(stored, part_ends.len())?),
            part_ends,
            coords: Coords::Stored(stored.flat("coords")?),
            outfalls: Paged::open(stored, "outfalls")?,
            outfalls_by_node: Later::default(),
            gaps: Paged::open(stored, "gaps")?,
            incoming: adjacency("incoming")?,
            outgoing: adjacency("outgoing")?,
        })
    }
}
