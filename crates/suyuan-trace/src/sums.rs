//! Sums over upstream sets in time of their runs, not of their pipes.

use suyuan_network::{Network, NodeId, ReachId};

use crate::index::{TraceIndex, extent};
use crate::upstream::UpstreamSet;

/// A sum with the part that its rounding lost: twice the digits of a number.
///
/// # Reference
/// D. E. Knuth, The Art of Computer Programming 2, §4.2.2, theorem B.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Twofold(f64, f64);

impl Twofold {
    fn add(self, value: f64) -> Self {
        let sum = self.0 + value;
        let back = sum - self.0;
        let lost = (self.0 - (sum - back)) + (value - back);
        Self(sum, self.1 + lost)
    }

    fn less(self, other: Self) -> Self {
        let Self(sum, lost) = self.add(-other.0);
        Self(sum, lost - other.1)
    }

    fn value(self) -> f64 {
        self.0 + self.1
    }
}

/// Why numbers cannot be summed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a number to be summed is {value}; give a finite one, 0 where it is unknown")]
pub struct NotFinite {
    /// The number.
    pub value: f64,
}

/// Sums of a number of each node and of each reach, over any upstream set.
///
/// # Units
/// Those of the numbers. Of a reach that is cut, its number counts by the share of its length that is in the set; reaches that are
/// shut have none.
///
/// # Complexity
/// Build O(nodes + reaches), 16 bytes each. A sum takes O(runs), and O(reaches beside the node) for each start on a pipe's inside.
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::{Sums, TraceIndex};
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1\nC -P3-> B"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let length = Sums::new(&network, &index, |_| 0.0, |reach| network.reach(reach).length())?;
/// let start = network.place_of_node(network.find_node("B")?);
/// let metres = length.over(&network, &index.upstream_of(&network, &start)); // P1 and P3
/// # assert!(metres > 100.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "汇总")]
#[derive(Debug, Clone, PartialEq)]
pub struct Sums<'a> {
    index: &'a TraceIndex,
    /// Sums over the nodes before each position, and over the reaches before each in the order of the index.
    nodes: Vec<Twofold>,
    reaches: Vec<Twofold>,
}

impl<'a> Sums<'a> {
    /// Makes ready to sum a number of each node and each reach.
    ///
    /// # Errors
    /// [`NotFinite`] for numbers that are none, or without end.
    pub fn new(
        network: &Network,
        index: &'a TraceIndex,
        of_node: impl Fn(NodeId) -> f64,
        of_reach: impl Fn(ReachId) -> f64,
    ) -> Result<Self, NotFinite> {
        debug_assert_eq!(network.node_count(), index.nodes.len());
        let running = |values: &mut dyn Iterator<Item = f64>, count: usize| {
            let mut sums = Vec::with_capacity(count + 1);
            let mut sum = Twofold::default();
            sums.push(sum);
            for value in values {
                if !value.is_finite() {
                    return Err(NotFinite { value });
                }
                sum = sum.add(value);
                sums.push(sum);
            }
            Ok(sums)
        };
        let (nodes, reaches) = (index.nodes.all(), index.reaches.list.all());
        Ok(Self {
            index,
            nodes: running(&mut nodes.iter().map(|n| of_node(*n)), nodes.len())?,
            reaches: running(&mut reaches.iter().map(|r| of_reach(*r)), reaches.len())?,
        })
    }

    /// The sum over a set of the same index.
    #[must_use]
    pub fn over(&self, network: &Network, set: &UpstreamSet<'_>) -> f64 {
        let mut sum = Twofold::default();
        let mut add = |part: Twofold| sum = sum.add(part.0).add(part.1);
        for [from, to] in &set.runs {
            add(self.nodes[*to as usize].less(self.nodes[*from as usize]));
            let slots = self.index.reaches.slots([*from, *to]);
            add(self.reaches[slots.end].less(self.reaches[slots.start]));
        }
        for (reach, stretches) in &set.cut {
            let of_reach = self.of_reach(network, *reach);
            let share = stretches.iter().map(|[a, b]| b - a).sum::<f64>() / extent(network.reach(*reach));
            let told = f64::from(u8::from(set.is_in_runs(network, *reach)));
            add(Twofold(of_reach * (share - told), 0.0));
        }
        sum.value()
    }

    /// The number of one reach. O(reaches beside it).
    fn of_reach(&self, network: &Network, reach: ReachId) -> f64 {
        let position = self.index.first.at(network.reach(reach).to.index());
        let start = self.index.reaches.slots([position, position + 1]).start;
        let beside = self.index.reaches.of([position, position + 1]);
        let slot = beside.iter().position(|r| *r == reach);
        slot.map_or(0.0, |s| self.reaches[start + s + 1].less(self.reaches[start + s]).value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounding_loses_is_kept() {
        let mut sum = Twofold::default();
        for _ in 0..1000 {
            sum = sum.add(1e16).add(1.0).add(-1e16);
        }
        assert_eq!(sum.value(), 1000.0);
        assert_eq!(sum.less(Twofold(999.0, 0.0)).value(), 1.0);
    }
}
