//! Where the water of a whole network goes.

use std::collections::BTreeSet;

use serde::Serialize;
use suyuan_network::{PipeId, PlaceKind};
use suyuan_trace::partition_by_outfall;

use crate::answer::{dedup, round};
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;

/// Everything whose water comes to the same outfalls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DistrictAnswer {
    /// Ids of the outfalls it comes to or passes, sorted; none where it comes to no outfall.
    pub outfalls: Vec<String>,
    /// How many pipes have some part in it.
    pub pipes: usize,
    /// Metres of pipe.
    pub length_m: f64,
    /// How many nodes with pipes are in it.
    pub nodes: usize,
    /// How many drainers are joined to it.
    pub drainers: usize,
}

/// A network by where its water goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionAnswer {
    /// `suyuan.partition/1`.
    pub schema: &'static str,
    /// The districts by their outfalls, the one without first, if there is one.
    pub districts: Vec<DistrictAnswer>,
}

impl City {
    /// Which outfalls the water of each part of the network comes to. Each reach belongs to the district of the node it runs to; a pipe
    /// with reaches in several counts in each.
    ///
    /// # Errors
    /// [`Error::BadPrepared`] for a damaged file.
    ///
    /// # Complexity
    /// As [`partition_by_outfall`].
    pub fn partition(&self, asked: &Asked) -> Result<PartitionAnswer, Error> {
        let network = &self.network;
        let partition = partition_by_outfall(network, self.trace_index(), &asked.barriers);
        let blank = DistrictAnswer { outfalls: Vec::new(), pipes: 0, length_m: 0.0, nodes: 0, drainers: 0 };
        let mut districts = vec![blank; partition.outfalls().len()];
        for (district, outfalls) in districts.iter_mut().zip(partition.outfalls()) {
            district.outfalls = dedup(outfalls.iter().map(|o| network.outfall(*o).id.clone()));
        }
        for node in network.node_ids() {
            let joined = !network.incoming(node).is_empty() || !network.outgoing(node).is_empty();
            districts[partition.district(node)].nodes += usize::from(joined);
        }
        let mut pipes: BTreeSet<(usize, PipeId)> = BTreeSet::new();
        for pipe in network.pipe_ids() {
            pipes.clear();
            for reach in network.reaches_of(pipe) {
                let district = partition.district_of_reach(network, reach);
                districts[district].length_m += network.reach(reach).length();
                pipes.insert((district, pipe));
            }
            pipes.iter().for_each(|(district, _)| districts[*district].pipes += 1);
        }
        for (_, drainer) in self.drainers.iter() {
            let district = match drainer.link.map(|l| l.place.kind) {
                Some(PlaceKind::Node(node)) => partition.district(node),
                Some(PlaceKind::Reach { reach, .. }) => partition.district_of_reach(network, reach),
                None => continue,
            };
            districts[district].drainers += 1;
        }
        districts.retain(|d| d.nodes > 0 || d.pipes > 0 || !d.outfalls.is_empty());
        districts.iter_mut().for_each(|d| d.length_m = round(d.length_m, 3));
        districts.sort_by(|a, b| a.outfalls.cmp(&b.outfalls));
        self.intact(PartitionAnswer { schema: "suyuan.partition/1", districts })
    }
}
