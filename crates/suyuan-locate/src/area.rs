//! The places that the source may be at.

use std::ops::Range;

use suyuan_network::{Network, NodeId, Place, PlaceKind, ReachId};
use suyuan_trace::{Ranking, TraceIndex};

/// A place that the source may be at.
#[doc(alias = "假设位置")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// It enters at a manhole.
    Node(NodeId),
    /// It enters somewhere along a reach.
    Reach(ReachId),
    /// It is not in this network: the survey lacks its pipe, or the pollution came another way.
    Elsewhere,
}

impl Spot {
    /// The spot that a place belongs to.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        match place.kind {
            PlaceKind::Node(node) => Self::Node(node),
            PlaceKind::Reach { reach, .. } => Self::Reach(reach),
        }
    }
}

/// Every place upstream of where pollution shows, numbered.
///
/// # Shape
/// Spots from 0: the nodes upstream of the start, then the reaches, both downstream first; then the reach that the start lies on
/// the inside of, if it does; at last [`Spot::Elsewhere`].
///
/// # Example
/// ```
/// use suyuan_core::drawn::drawn;
/// use suyuan_locate::{SearchArea, Spot};
/// use suyuan_network::{BuildConfig, build_network};
/// use suyuan_trace::TraceIndex;
/// let (network, _) = build_network(&drawn("A -P1-> B -P2-> OF1"), &BuildConfig::automatic())?;
/// let index = TraceIndex::new(&network);
/// let area = SearchArea::new(&network, &index, network.place_of_node(network.find_node("OF1")?));
/// assert_eq!(area.len(), 3 + 2 + 1); // nodes, reaches, elsewhere
/// assert_eq!(area.spot(0), Spot::Node(network.find_node("OF1")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "搜索范围")]
#[derive(Debug, Clone)]
pub struct SearchArea<'a> {
    network: &'a Network,
    index: &'a TraceIndex,
    start: Place,
    ranking: Ranking<'a>,
    spots: Vec<Spot>,
}

/// The spots whose water passes a place: runs of them, and one of which only a share does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Above {
    pub(crate) runs: Vec<Range<usize>>,
    pub(crate) part: Option<(usize, f64)>,
}

impl<'a> SearchArea<'a> {
    /// Every place upstream of a start.
    ///
    /// # Complexity
    /// O(places).
    #[must_use]
    pub fn new(network: &'a Network, index: &'a TraceIndex, start: Place) -> Self {
        let ranking = Ranking::new(index, network, &start);
        let mut spots = Vec::with_capacity(ranking.node_count() + ranking.reach_count() + 2);
        spots.extend(ranking.nodes().map(Spot::Node));
        spots.extend(ranking.reaches().map(Spot::Reach));
        if let PlaceKind::Reach { reach, .. } = start.kind
            && ranking.of_reach(network, reach).is_none()
        {
            spots.push(Spot::Reach(reach));
        }
        spots.push(Spot::Elsewhere);
        Self { network, index, start, ranking, spots }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// Where pollution shows.
    #[must_use]
    pub fn start(&self) -> Place {
        self.start
    }

    /// How many spots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Never: it may always be elsewhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// A spot.
    ///
    /// # Panics
    /// If there is none of that number.
    #[must_use]
    pub fn spot(&self, number: usize) -> Spot {
        self.spots[number]
    }

    /// Every spot in order.
    #[must_use]
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// The number of a spot; `None` if its water does not come to the start.
    #[must_use]
    pub fn number(&self, spot: Spot) -> Option<usize> {
        match spot {
            Spot::Node(node) => self.ranking.of_node(node),
            Spot::Reach(reach) => self.number_of_reach(reach),
            Spot::Elsewhere => Some(self.spots.len() - 1),
        }
    }

    fn number_of_reach(&self, reach: ReachId) -> Option<usize> {
        let ranked = self.ranking.of_reach(self.network, reach).map(|rank| self.ranking.node_count() + rank);
        ranked.or_else(|| {
            let last = self.spots.len().checked_sub(2)?;
            (self.spots[last] == Spot::Reach(reach)).then_some(last)
        })
    }

    /// The number of the spot that a place belongs to; `None` if its water does not come to the start.
    pub(crate) fn number_of_place(&self, place: &Place) -> Option<usize> {
        match (place.kind, self.start.kind) {
            // Below the start on its own reach, where no ring leads round.
            (PlaceKind::Reach { reach, above_end }, PlaceKind::Reach { reach: own, above_end: start })
                if reach == own
                    && above_end < start
                    && self.ranking.of_reach(self.network, reach).is_none() =>
            {
                None
            }
            _ => self.number(Spot::of(place)),
        }
    }

    /// The spots whose water passes a place; none of them if the water of the place does not come to the start.
    pub(crate) fn above(&self, place: &Place) -> Above {
        let set = self.index.upstream_of(self.network, place);
        let nodes = self.ranking.node_count();
        let mut runs: Vec<Range<usize>> = self.ranking.nodes_of(&set).collect();
        let reaches = self.ranking.reaches_of(&set).map(|r| nodes + r.start..nodes + r.end);
        runs.extend(reaches.filter(|r| !r.is_empty()));
        // The reach that the start lies on has no rank, and is passed by what lies below the start.
        let own = self.spots.len().saturating_sub(2);
        if let Some(Spot::Reach(reach)) = self.spots.get(own)
            && own >= nodes + self.ranking.reach_count()
            && set.contains_reach(self.network, *reach)
        {
            runs.push(own..own + 1);
        }
        let mut part = None;
        for (reach, stretches) in set.cut_reaches() {
            if let Some(number) = self.number_of_reach(reach) {
                // A source is as likely on any metre of its reach that lies upstream of the start.
                let upstream: f64 = stretches.iter().map(|[from, to]| to - from).sum();
                let share = upstream / self.extent(reach);
                part = Some((number, share.clamp(0.0, 1.0)));
            }
        }
        // The part of a ring that the start lies on is in its runs as a whole.
        let part = part.filter(|(number, _)| !runs.iter().any(|run| run.contains(number)));
        Above { runs, part }
    }

    /// How much of a reach lies upstream of the start, metres; 1 for a reach without length.
    pub(crate) fn extent(&self, reach: ReachId) -> f64 {
        let length = self.network.reach(reach).length();
        let below = match self.start.kind {
            // In a ring all of it lies upstream.
            PlaceKind::Reach { reach: own, above_end }
                if own == reach && self.ranking.of_reach(self.network, reach).is_none() =>
            {
                above_end
            }
            _ => 0.0,
        };
        if length - below > 0.0 { length - below } else { 1.0 }
    }
}
