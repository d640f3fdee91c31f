//! The greatest flow through links of limited capacity, and the cheapest cut nearest to the source.

/// More than any flow.
pub(crate) const ENDLESS: u64 = u64::MAX / 4;

/// Links of limited capacity between numbered places.
pub(crate) struct Flow {
    /// For each place its links, outgoing ones and the ways back of incoming ones.
    links: Vec<Vec<u32>>,
    /// For each link where it goes and what it can still take; link `i ^ 1` is the way back of link `i`.
    to: Vec<u32>,
    left: Vec<u64>,
}

impl Flow {
    pub(crate) fn new(places: usize) -> Self {
        Self { links: vec![Vec::new(); places], to: Vec::new(), left: Vec::new() }
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, from: usize, to: usize, capacity: u64) {
        self.links[from].push(self.to.len() as u32);
        self.links[to].push(self.to.len() as u32 + 1);
        self.to.extend([to as u32, from as u32]);
        self.left.extend([capacity, 0]);
    }

    /// Lets as much flow as can, and returns how much that is.
    ///
    /// # Complexity
    /// O(√n · links) where each place takes at most one unit, as of E. A. Dinic, "Algorithm for solution of a problem of
    /// maximum flow in networks with power estimation", Soviet Mathematics Doklady 11 (1970).
    pub(crate) fn run(&mut self, source: usize, sink: usize) -> u64 {
        let mut total = 0;
        loop {
            let level = self.levels(source);
            if level[sink] == u32::MAX {
                return total;
            }
            let mut next = vec![0usize; self.links.len()];
            total += self.block(source, sink, &level, &mut next);
        }
    }

    /// How many links each place lies from the source, over links that can still take something.
    fn levels(&self, source: usize) -> Vec<u32> {
        let mut level = vec![u32::MAX; self.links.len()];
        level[source] = 0;
        let mut queue = std::collections::VecDeque::from([source]);
        while let Some(place) = queue.pop_front() {
            for link in &self.links[place] {
                let to = self.to[*link as usize] as usize;
                if self.left[*link as usize] > 0 && level[to] == u32::MAX {
                    level[to] = level[place] + 1;
                    queue.push_back(to);
                }
            }
        }
        level
    }

    /// Fills every way that leads straight from level to level.
    fn block(&mut self, source: usize, sink: usize, level: &[u32], next: &mut [usize]) -> u64 {
        let mut total = 0;
        let mut way: Vec<u32> = Vec::new();
        loop {
            let place = way.last().map_or(source, |link| self.to[*link as usize] as usize);
            if place == sink {
                let least = way.iter().map(|l| self.left[*l as usize]).min().unwrap_or(0);
                for link in &way {
                    self.left[*link as usize] -= least;
                    self.left[(*link ^ 1) as usize] += least;
                }
                total += least;
                let full = way.iter().position(|l| self.left[*l as usize] == 0).unwrap_or(0);
                way.truncate(full);
                continue;
            }
            let open = |link: &u32| {
                let to = self.to[*link as usize] as usize;
                self.left[*link as usize] > 0 && level[place].checked_add(1) == Some(level[to])
            };
            match self.links[place][next[place]..].iter().position(open) {
                Some(skipped) => {
                    next[place] += skipped;
                    way.push(self.links[place][next[place]]);
                }
                None => {
                    // Nothing goes on from here: step back, and take the next link there.
                    next[place] = self.links[place].len();
                    let Some(link) = way.pop() else { return total };
                    let before = self.to[(link ^ 1) as usize] as usize;
                    next[before] += 1;
                }
            }
        }
    }

    /// After a run, which places lie on the source's side of the cut that is nearest to it. Of all cuts of least capacity,
    /// that side is the smallest, and there is just one such.
    pub(crate) fn source_side(&self, source: usize) -> Vec<bool> {
        self.levels(source).into_iter().map(|level| level != u32::MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_is_as_great_as_the_narrowest_cut() {
        let mut flow = Flow::new(6);
        let table = [
            (0, 1, 16),
            (0, 2, 13),
            (1, 2, 10),
            (2, 1, 4),
            (1, 3, 12),
            (3, 2, 9),
            (2, 4, 14),
            (4, 3, 7),
            (3, 5, 20),
            (4, 5, 4),
        ];
        for (from, to, capacity) in table {
            flow.link(from, to, capacity);
        }
        // The example of Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", chapter 26.
        assert_eq!(flow.run(0, 5), 23);
        assert_eq!(flow.source_side(0), [true, true, true, false, true, false]);
    }

    #[test]
    fn a_long_way_overflows_no_stack() {
        let places = 300_000;
        let mut flow = Flow::new(places);
        for place in 1..places {
            flow.link(place - 1, place, 1);
        }
        assert_eq!(flow.run(0, places - 1), 1);
        assert_eq!(flow.source_side(0).iter().filter(|s| **s).count(), 1);
    }
}
