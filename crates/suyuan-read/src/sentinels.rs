//! Numbers that stand for "unknown" in columns of levels and depths.

use suyuan_core::raw::{Column, Field};
use suyuan_core::{Finding, FindingCode};

use crate::columns::Understood;

/// Written for "unknown" the world over.
const MARKERS: [f64; 6] = [-99.0, -999.0, -9999.0, 9999.0, 99999.0, -99.99];
/// A marker of this survey's own stands on at least so many rows, and on one in so many.
const FEWEST_ROWS: usize = 3;
const ONE_IN: usize = 250;
/// And lies apart from every level, by at least so many metres and this share of what the levels span.
const APART: (f64, f64) = (2.0, 0.1);

const LEVELS: [Field; 9] = [
    Field::InvertFrom,
    Field::InvertTo,
    Field::GroundFrom,
    Field::GroundTo,
    Field::Invert,
    Field::Ground,
    Field::DepthFrom,
    Field::DepthTo,
    Field::Depth,
];

/// Makes markers unknown in every column of levels, and says so.
pub(crate) fn settle(understood: &mut Understood) {
    for field in LEVELS {
        let Some(name) = understood.fields.get(&field) else { continue };
        let Some(Column::Number(values)) = understood.columns.get_mut(&field) else { continue };
        for marker in MARKERS.into_iter().chain(own_markers(values)).chain(zero(values)) {
            let mut count = 0;
            for value in values.iter_mut().filter(|v| **v == marker) {
                *value = f64::NAN;
                count += 1;
            }
            if count > 0 {
                let finding = Finding::new(FindingCode::Sentinel).with("field", name);
                understood.findings.push(finding.with("value", marker).with("count", count));
            }
        }
    }
}

/// Nought, where more rows hold it than lie near it.
fn zero(values: &[f64]) -> Option<f64> {
    let zeros = values.iter().filter(|v| **v == 0.0).count();
    let near = values.iter().filter(|v| **v != 0.0 && v.abs() < 0.5).count();
    (zeros > near).then_some(0.0)
}

/// The outermost value at one side, how many rows hold it, and the one next to it.
struct Outermost {
    value: f64,
    rows: usize,
    next: f64,
}

impl Outermost {
    /// Of some values seen from one side: with `sign` 1 the highest, with −1 the lowest.
    fn of(values: impl Iterator<Item = f64>, sign: f64) -> Self {
        let mut out = Self { value: f64::NEG_INFINITY, rows: 0, next: f64::NEG_INFINITY };
        for value in values.map(|v| sign * v) {
            if value > out.value {
                out = Self { value, rows: 1, next: out.value };
            } else if value == out.value {
                out.rows += 1;
            } else if value > out.next {
                out.next = value;
            }
        }
        Self { value: sign * out.value, rows: out.rows, next: sign * out.next }
    }
}

/// Values that many rows share to the last digit, far above or far below all the others.
fn own_markers(values: &[f64]) -> Vec<f64> {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut found = Vec::new();
    loop {
        let inner = || values.iter().copied().filter(|v| *v > low && *v < high && !MARKERS.contains(v));
        let fewest = FEWEST_ROWS.max(inner().count() / ONE_IN);
        let (bottom, top) = (Outermost::of(inner(), -1.0), Outermost::of(inner(), 1.0));
        let apart = APART.0.max(APART.1 * (top.next - bottom.next));
        let stands_out = |out: &Outermost| {
            out.rows >= fewest && out.next.is_finite() && (out.value - out.next).abs() >= apart
        };
        if bottom.next >= top.next {
            return found; // hardly any value is left
        }
        if stands_out(&top) {
            high = top.value;
            found.push(high);
        } else if stands_out(&bottom) {
            low = bottom.value;
            found.push(low);
        } else {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_a_survey_are_found_and_levels_are_not() {
        let levels = || (0..300).map(|n| 3.0 + 0.01 * f64::from(n));
        let with = |more: &[f64]| own_markers(&levels().chain(more.iter().copied()).collect::<Vec<_>>());
        assert_eq!(with(&[]), Vec::<f64>::new());
        assert_eq!(with(&[999.0; 3]), [999.0]);
        assert_eq!(with(&[999.0; 2]), Vec::<f64>::new(), "two may be a slip of the pen");
        assert_eq!(with(&[0.0, 0.0, 0.0]), [0.0]);
        assert_eq!(with(&[7.0; 9]), Vec::<f64>::new(), "a metre above the highest is a level");
        assert_eq!(with(&[-1.0, -1.0, -1.0, 88.0, 88.0, 88.0]), [88.0, -1.0]);
        assert_eq!(with(&[40.0, 41.0, 42.0]), Vec::<f64>::new(), "a hill is no marker");
        // A plain with one level for all and one well that is deep.
        assert_eq!(own_markers(&[2.0; 50]), Vec::<f64>::new());
    }
}
