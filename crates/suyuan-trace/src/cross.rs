//! The arcs of splits that lead into a run from outside it, and how to find those that leave a run.

/// How many entries one entry of the next table stands for.
const FAN: usize = 16;

/// Arcs against the flow: from the position they are met at to a higher one, by the former.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CrossArcs {
    heads: Vec<u32>,
    tails: Vec<u32>,
    /// Maxima of `tails` over blocks of [`FAN`], then over blocks of those, and so on.
    tops: Vec<Vec<u32>>,
}

impl CrossArcs {
    /// Adds an arc; heads must not fall.
    pub(crate) fn push(&mut self, head: u32, tail: u32) {
        self.heads.push(head);
        self.tails.push(tail);
    }

    /// Makes the tables once every arc is there.
    pub(crate) fn finish(&mut self) {
        let mut below = &self.tails;
        let mut tops: Vec<Vec<u32>> = Vec::new();
        while below.len() > 1 {
            let level = below.chunks(FAN).map(|block| block.iter().copied().max().unwrap_or(0)).collect();
            tops.push(level);
            below = &tops[tops.len() - 1];
        }
        self.tops = tops;
    }

    /// Tells the upper end of each arc that is met inside a run and leads past its end.
    pub(crate) fn leaving(&self, [from, to]: [u32; 2], mut tell: impl FnMut(u32)) {
        let mut at = self.heads.partition_point(|h| *h < from);
        let end = at + self.heads[at..].partition_point(|h| *h < to);
        while at < end {
            // Pass the widest block that begins here, ends in time and leads nowhere new.
            let mut width = 1;
            let mut passed = usize::from(self.tails[at] < to);
            for level in &self.tops {
                if passed == 0 || at % (width * FAN) != 0 || at + width * FAN > end {
                    break;
                }
                width *= FAN;
                if level[at / width] >= to {
                    break;
                }
                passed = width;
            }
            if passed == 0 {
                tell(self.tails[at]);
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
            let mut cross = CrossArcs::default();
            arcs.iter().for_each(|(head, tail)| cross.push(*head, *tail));
            cross.finish();
            let to = from + length;
            let mut told = Vec::new();
            cross.leaving([from, to], |tail| told.push(tail));
            let plain: Vec<u32> =
                arcs.iter().filter(|(h, t)| (from..to).contains(h) && *t >= to).map(|a| a.1).collect();
            prop_assert_eq!(told, plain);
        }
    }
}
