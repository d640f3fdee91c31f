//! The arcs of splits that lead into a run from outside it, and how to find those that leave a run.

use std::sync::Arc;

use suyuan_core::stored::{Flat, Sections, Stored, StoredError};

/// How many entries one entry of the next table stands for.
const FAN: usize = 16;

/// Arcs against the flow: from the position they are met at to a higher one, by the former.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CrossArcs {
    heads: Flat<u32>,
    tails: Flat<u32>,
    /// Maxima of `tails` over blocks of [`FAN`], then over blocks of those, and so on, one table behind the other.
    tops: Flat<u32>,
}

impl CrossArcs {
    /// Heads must not fall.
    pub(crate) fn new(heads: Vec<u32>, tails: Vec<u32>) -> Self {
        let mut tops: Vec<u32> = Vec::new();
        let mut below = 0..0;
        let mut first = true;
        loop {
            let level: Vec<u32> = {
                let list = if first { &tails[..] } else { &tops[below.clone()] };
                if list.len() <= 1 {
                    break;
                }
                list.chunks(FAN).map(|block| block.iter().copied().max().unwrap_or(0)).collect()
            };
            below = tops.len()..tops.len() + level.len();
            tops.extend(level);
            first = false;
        }
        Self { heads: heads.into(), tails: tails.into(), tops: tops.into() }
    }

    pub(crate) fn put<'a>(&'a self, sections: &mut Sections<'a>) {
        sections.put_flat("trace.heads", &self.heads);
        sections.put_flat("trace.tails", &self.tails);
        sections.put_flat("trace.tops", &self.tops);
    }

    pub(crate) fn open(stored: &Arc<Stored>) -> Result<Self, StoredError> {
        Ok(Self {
            heads: stored.flat("trace.heads")?,
            tails: stored.flat("trace.tails")?,
            tops: stored.flat("trace.tops")?,
        })
    }

    /// Tells the upper end of each arc that is met inside a run and leads past its end.
    pub(crate) fn leaving(&self, [from, to]: [u32; 2], mut tell: impl FnMut(u32)) {
        let mut at = self.heads.partition_point(|h| *h < from);
        let end = self.heads.partition_point(|h| *h < to);
        while at < end {
            // Pass the widest block that begins here, ends in time and leads nowhere new.
            let mut width = 1;
            let tail = self.tails.at(at);
            let mut passed = usize::from(tail < to);
            let mut level = 0;
            while passed > 0 && at.is_multiple_of(width * FAN) && at + width * FAN <= end {
                width *= FAN;
                if self.tops.at(level + at / width) >= to {
                    break;
                }
                passed = width;
                level += self.tails.len().div_ceil(width);
            }
            if passed == 0 {
                tell(tail);
                passed = 1;
            }
            at += passed;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arcs_that_leave_a_run_are_those_of_a_plain_scan(
            mut arcs in prop::collection::vec((0u32..400, 0u32..900), 0..1200),
            from in 0u32..400,
            length in 0u32..400,
        ) {
            arcs.sort_unstable_by_key(|a| a.0);
            let (heads, tails) = arcs.iter().copied().unzip();
            let cross = CrossArcs::new(heads, tails);
            let to = from + length;
            let mut told = Vec::new();
            cross.leaving([from, to], |tail| told.push(tail));
            let plain: Vec<u32> =
                arcs.iter().filter(|(h, t)| (from..to).contains(h) && *t >= to).map(|a| a.1).collect();
            prop_assert_eq!(told, plain);
        }
    }
}
