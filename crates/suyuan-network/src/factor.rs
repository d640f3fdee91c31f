//! The factor of one node: how likely each way of flowing is there, and how rare the rare ones are in this survey.

/// The weight of what is usual against the survey's own counts, in joints: enough that a survey must have hundreds of
/// joints without a sink before a sink counts for impossible.
const USUAL_WEIGHT: f64 = 100.0;

/// Odds that the pipe at an outfall flows into it: one recorded outfall in twenty is a mistake or an inlet.
const INTO_OUTFALL: f64 = 20.0;
/// Odds that the pipe at a gully flows into it.
const INTO_INLET: f64 = 0.02;
/// In a part of the network without an outfall, the share of dead ends that may be it.
const LOST_OUTFALL: f64 = 0.2;

/// What is known of a node beside its pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeRole {
    /// Nothing: a manhole or a joint.
    Plain,
    /// Water leaves the network here.
    Outfall,
    /// Water enters the network here, as at a gully.
    Inlet,
    /// Anything may happen: a pump, a gate, a tank, a works.
    Free,
}

/// How rare some ways of flowing are at a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rarity {
    /// A node of several pipes into which all flow.
    pub(crate) sink: f64,
    /// A node of several pipes from which all flow.
    pub(crate) summit: f64,
    /// A dead end into which its pipe flows.
    pub(crate) dead_end: f64,
    /// Weight of each outlet of a node beyond the first.
    pub(crate) split: f64,
}

/// Expected counts of each way of flowing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Census {
    joints: f64,
    sinks: f64,
    summits: f64,
    dead_ends: f64,
    dead_sinks: f64,
    /// Joints of three pipes with one outlet, and with two.
    merges: f64,
    splits: f64,
}

impl Census {
    /// Counts what the ends of a node are believed to do; `into` are the probabilities that each flows into it by the
    /// rest of the network, `drained` whether its part of the network has an outfall.
    pub(crate) fn count(&mut self, weights: &Weights, into: &[f64], split: f64, drained: bool) {
        match weights {
            Weights::Fixed(odds) if drained => {
                let into = into[0];
                self.dead_ends += 1.0;
                self.dead_sinks += into * odds / (into * odds + 1.0 - into);
            }
            Weights::Joint { sink, summit, mixed } => {
                let all_in: f64 = into.iter().product();
                let all_out: f64 = into.iter().map(|p| 1.0 - p).product();
                let any: f64 = into.iter().map(|p| p + split * (1.0 - p)).product();
                let out: f64 = into.iter().map(|p| split * (1.0 - p)).product();
                let total = sink * all_in + summit * all_out + mixed * (any - all_in - out) / split;
                if total <= 0.0 {
                    return;
                }
                self.joints += 1.0;
                self.sinks += sink * all_in / total;
                self.summits += summit * all_out / total;
                if let [a, b, c] = *into {
                    let one_out = (1.0 - a) * b * c + a * (1.0 - b) * c + a * b * (1.0 - c);
                    let one_in =
                        a * (1.0 - b) * (1.0 - c) + (1.0 - a) * b * (1.0 - c) + (1.0 - a) * (1.0 - b) * c;
                    self.merges += mixed * one_out / total;
                    self.splits += mixed * split * one_in / total;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            joints: self.joints + other.joints,
            sinks: self.sinks + other.sinks,
            summits: self.summits + other.summits,
            dead_ends: self.dead_ends + other.dead_ends,
            dead_sinks: self.dead_sinks + other.dead_sinks,
            merges: self.merges + other.merges,
            splits: self.splits + other.splits,
        }
    }

    /// The rarities that the counts speak for, each drawn towards what is usual.
    pub(crate) fn rarity(&self) -> Rarity {
        let share = |found: f64, of: f64, usual: f64| (found + USUAL_WEIGHT * usual) / (of + USUAL_WEIGHT);
        let Rarity { sink, summit, dead_end, split } = Rarity::USUAL;
        Rarity {
            sink: share(self.sinks, self.joints, sink),
            summit: share(self.summits, self.joints, summit),
            dead_end: share(self.dead_sinks, self.dead_ends, dead_end),
            split: share(self.splits, self.merges, split),
        }
    }
}

impl Rarity {
    /// Before anything is known of a survey: what seven networks of five countries have between them by their own node
    /// ids (1,936 joints: 22 sinks, 7 summits; 109 splits and 619 merges of three pipes; 291 sinks at 1,245 dead ends).
    pub(crate) const USUAL: Self = Self { sink: 0.011, summit: 0.004, dead_end: 0.2, split: 0.15 };

    /// Whether none differs by more than `within`.
    pub(crate) fn is_near(self, other: Self, within: f64) -> bool {
        let pairs = [
            (self.sink, other.sink),
            (self.summit, other.summit),
            (self.dead_end, other.dead_end),
            (self.split, other.split),
        ];
        pairs.iter().all(|(a, b)| (a - b).abs() <= within)
    }
}

/// How likely each way of flowing is at one node.
pub(crate) enum Weights {
    /// The same odds for each end, whatever the others do.
    Fixed(f64),
    /// A pipe passes through: water comes and goes in any case, an end out of it is a split.
    Passed,
    /// All in, all out, and each way with one outlet.
    Joint { sink: f64, summit: f64, mixed: f64 },
}

/// Products over more ends than this could leave the bounds of numbers.
const MANY_ENDS: usize = 32;

/// What the other ends at a node do: all in, all out, all out weighted by splits, any way weighted by splits.
#[derive(Clone, Copy)]
pub(crate) struct Others {
    all_in: f64,
    all_out: f64,
    all_split: f64,
    any: f64,
}

impl Others {
    const NONE: Self = Self { all_in: 1.0, all_out: 1.0, all_split: 1.0, any: 1.0 };

    /// One end with such odds for flowing in. Only the ratios of the four matter, so nothing is divided; among very many ends
    /// the greatest of them is made 1, so that their products stay within bounds.
    fn of(odds: f64, split: f64, many: bool) -> Self {
        let scale = if many { 1.0 / (odds + 1.0) } else { 1.0 };
        Self { all_in: odds * scale, all_out: scale, all_split: split * scale, any: (odds + split) * scale }
    }

    fn times(self, other: Self) -> Self {
        Self {
            all_in: self.all_in * other.all_in,
            all_out: self.all_out * other.all_out,
            all_split: self.all_split * other.all_split,
            any: self.any * other.any,
        }
    }
}

impl Weights {
    /// The weights at a node with so many ends. `passed` tells whether a pipe passes through it, `drained` whether its
    /// part of the network has an outfall.
    pub(crate) fn at(role: NodeRole, passed: bool, drained: bool, count: usize, rarity: &Rarity) -> Self {
        match role {
            NodeRole::Outfall => Self::Fixed(INTO_OUTFALL),
            NodeRole::Free => Self::Fixed(1.0),
            _ if passed => Self::Passed,
            NodeRole::Inlet if count == 1 => Self::Fixed(INTO_INLET),
            _ if count == 1 => {
                // Where no outfall is known, one of the dead ends must be it.
                let share = rarity.dead_end.max(if drained { 0.0 } else { LOST_OUTFALL });
                Self::Fixed(share / (1.0 - share))
            }
            _ => {
                Self::Joint {
                    sink: rarity.sink,
                    summit: rarity.summit,
                    // One of the ends is the outlet; further ones each count for a split.
                    mixed: (1.0 - rarity.sink - rarity.summit) / count as f64,
                }
            }
        }
    }

    /// The odds that an end flows in where the others do not matter.
    pub(crate) fn given(&self, split: f64) -> Option<f64> {
        match self {
            Self::Fixed(odds) => Some(*odds),
            Self::Passed => Some(1.0 / split),
            Self::Joint { .. } => None,
        }
    }

    /// The odds that an end flows in, given what the others may do.
    pub(crate) fn odds_into(&self, split: f64, others: Others) -> f64 {
        let Self::Joint { sink, summit, mixed } = self else { return self.given(split).unwrap_or(1.0) };
        // In: all others in makes a sink, else one of them is the outlet.
        let flows_in = sink * others.all_in + mixed * (others.any - others.all_in) / split;
        // Out: all others out makes a summit, else it is one more outlet.
        let flows_out = summit * others.all_out + mixed * (others.any - others.all_split);
        if flows_in <= f64::MIN_POSITIVE && flows_out <= f64::MIN_POSITIVE {
            return 1.0; // too many ends to tell
        }
        flows_in / flows_out.max(f64::MIN_POSITIVE)
    }
}

/// Memory of a sweep.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The odds that each end flows in, by the rest of the network.
    pub(crate) into: Vec<f64>,
    before: Vec<Others>,
    after: Vec<Others>,
}

impl Scratch {
    /// Products over the ends before and after each.
    pub(crate) fn prepare(&mut self, split: f64) {
        let many = self.into.len() > MANY_ENDS;
        let each = |odds: &f64| Others::of(*odds, split, many);
        let product = |product: &mut Others, other| Some(std::mem::replace(product, product.times(other)));
        self.before.clear();
        self.before.extend(self.into.iter().map(each).scan(Others::NONE, product));
        self.after.clear();
        self.after.extend(self.into.iter().rev().map(each).scan(Others::NONE, product));
    }

    pub(crate) fn others(&self, k: usize) -> Others {
        self.before[k].times(self.after[self.into.len() - 1 - k])
    }
}
