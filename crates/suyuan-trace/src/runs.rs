//! Sets as runs: rising, apart from each other, from the first number to before the last.

/// A run, from its first number to before its last.
pub(crate) type Run<T> = [T; 2];

/// What is in both.
pub(crate) fn both<T: Copy + PartialOrd>(a: &[Run<T>], b: &[Run<T>]) -> Vec<Run<T>> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while let (Some([a0, a1]), Some([b0, b1])) = (a.get(i), b.get(j)) {
        let from = if a0 > b0 { *a0 } else { *b0 };
        let to = if a1 < b1 { *a1 } else { *b1 };
        if from < to {
            out.push([from, to]);
        }
        if a1 < b1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

/// What is in the first and not in the second.
pub(crate) fn without<T: Copy + PartialOrd>(a: &[Run<T>], b: &[Run<T>]) -> Vec<Run<T>> {
    let mut j = 0;
    let mut out = Vec::new();
    for [from, to] in a {
        let mut from = *from;
        while j < b.len() && b[j][1] <= from {
            j += 1;
        }
        let mut k = j;
        while from < *to {
            match b.get(k) {
                Some([b0, b1]) if b0 < to => {
                    if from < *b0 {
                        out.push([from, *b0]);
                    }
                    from = if *b1 > from { *b1 } else { from };
                    k += 1;
                }
                _ => {
                    out.push([from, *to]);
                    break;
                }
            }
        }
    }
    out
}

/// What is in either.
pub(crate) fn either<T: Copy + PartialOrd>(a: &[Run<T>], b: &[Run<T>]) -> Vec<Run<T>> {
    let (mut i, mut j) = (0, 0);
    let mut out: Vec<Run<T>> = Vec::with_capacity(a.len().max(b.len()));
    loop {
        let [from, to] = match (a.get(i), b.get(j)) {
            (Some(run), other) if other.is_none_or(|o| run[0] <= o[0]) => {
                i += 1;
                *run
            }
            (_, Some(run)) => {
                j += 1;
                *run
            }
            _ => return out,
        };
        match out.last_mut() {
            Some(last) if from <= last[1] => {
                if to > last[1] {
                    last[1] = to;
                }
            }
            _ => out.push([from, to]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn runs_of(numbers: &BTreeSet<u8>) -> Vec<Run<u8>> {
        let mut runs: Vec<Run<u8>> = Vec::new();
        for n in numbers {
            match runs.last_mut() {
                Some(last) if last[1] == *n => last[1] += 1,
                _ => runs.push([*n, n + 1]),
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn runs_are_combined_as_sets_are(
            a in prop::collection::btree_set(0u8..40, 0..30),
            b in prop::collection::btree_set(0u8..40, 0..30),
        ) {
            let (x, y) = (runs_of(&a), runs_of(&b));
            prop_assert_eq!(both(&x, &y), runs_of(&a.intersection(&b).copied().collect()));
            prop_assert_eq!(without(&x, &y), runs_of(&a.difference(&b).copied().collect()));
            prop_assert_eq!(either(&x, &y), runs_of(&a.union(&b).copied().collect()));
        }
    }
}
