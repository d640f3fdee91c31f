//! The ground plan: rivers under real names on made-up courses, and a street grid along the Qiantang.
//!
//! Everything is laid out in a frame of its own, metres: `u` along the bank of the Qiantang, `v` towards it.

use geo_types::Coord;

use crate::random::Random;

/// Middle between the Binjiang gymnasium and the main stadium, EPSG:4549.
const ORIGIN: Coord<f64> = Coord { x: 520_397.0, y: 3_343_942.0 };
/// Direction of the bank, degrees from east towards north.
const BANK: f64 = 48.0;
/// Streets along `v`, and along `u`.
pub const COLUMNS: usize = 17;
/// Streets along `u`.
pub const ROWS: usize = 9;

/// A place of the plan on the map, to the millimetre.
pub fn on_map(p: Coord<f64>) -> Coord<f64> {
    let (sin, cos) = BANK.to_radians().sin_cos();
    let round = |x: f64| (x * 1000.0).round() / 1000.0;
    Coord { x: round(ORIGIN.x + p.x * cos - p.y * sin), y: round(ORIGIN.y + p.x * sin + p.y * cos) }
}

/// The point at a fraction of the way.
pub fn along(a: Coord<f64>, b: Coord<f64>, t: f64) -> Coord<f64> {
    Coord { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }
}

/// How far two places are apart.
pub fn apart(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// A river of the plan.
pub struct River {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The line that streets are cut at.
    pub line: Vec<Coord<f64>>,
    /// Half its width; 0 for the bank of the Qiantang.
    pub half_width: f64,
    /// Its area.
    pub area: Vec<Coord<f64>>,
    /// Invert level of the outfalls on it.
    pub outfall_level: f64,
}

fn wave(from: f64, to: f64, middle: f64, height: f64, period: f64, upright: bool) -> Vec<Coord<f64>> {
    let steps = ((to - from) / 50.0).round() as usize;
    (0..=steps)
        .map(|i| {
            let s = from + (to - from) * i as f64 / steps as f64;
            let t = middle + height * (s / period).sin();
            if upright { Coord { x: t, y: s } } else { Coord { x: s, y: t } }
        })
        .collect()
}

fn ribbon(line: &[Coord<f64>], half: f64) -> Vec<Coord<f64>> {
    let side = |sign: f64| -> Vec<Coord<f64>> {
        (0..line.len())
            .map(|i| {
                let (a, b) = (line[i.saturating_sub(1)], line[(i + 1).min(line.len() - 1)]);
                let length = apart(a, b);
                Coord {
                    x: line[i].x - sign * half * (b.y - a.y) / length,
                    y: line[i].y + sign * half * (b.x - a.x) / length,
                }
            })
            .collect()
    };
    let mut ring = side(1.0);
    ring.extend(side(-1.0).into_iter().rev());
    ring.push(ring[0]);
    ring
}

/// The rivers.
pub fn rivers() -> Vec<River> {
    let bank = wave(-3600.0, 3600.0, 1000.0, 40.0, 900.0, false);
    let mut water = bank.clone();
    water.extend([Coord { x: 3600.0, y: 2200.0 }, Coord { x: -3600.0, y: 2200.0 }, bank[0]]);
    let inner = |id, name, line: Vec<Coord<f64>>, half_width, outfall_level| {
        let area = ribbon(&line, half_width);
        River { id, name, line, half_width, area, outfall_level }
    };
    vec![
        River { id: "HD01", name: "钱塘江", line: bank, half_width: 0.0, area: water, outfall_level: 3.9 },
        inner("HD02", "北塘河", wave(-3500.0, 3500.0, -620.0, 70.0, 650.0, false), 14.0, 3.0),
        inner("HD03", "建设河", wave(-600.0, 1000.0, -950.0, 40.0, 300.0, true), 9.0, 3.1),
        inner("HD04", "七甲河", wave(-600.0, 1000.0, 2520.0, 30.0, 250.0, true), 12.0, 3.1),
    ]
}

/// A stretch of street between two crossings.
pub struct Street {
    /// Its crossings.
    pub ends: [usize; 2],
    /// Its name.
    pub name: String,
    /// Where a river cuts it: the river, and the fraction of the way of the cut's two sides.
    pub cut: Option<(usize, [f64; 2])>,
}

/// Crossings and the streets between them.
pub struct Streets {
    /// Places of the crossings.
    pub crossings: Vec<Coord<f64>>,
    /// The streets.
    pub streets: Vec<Street>,
}

fn meet(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> Option<f64> {
    let (r, s) = (Coord { x: b.x - a.x, y: b.y - a.y }, Coord { x: d.x - c.x, y: d.y - c.y });
    let area = r.x * s.y - r.y * s.x;
    if area == 0.0 {
        return None;
    }
    let t = ((c.x - a.x) * s.y - (c.y - a.y) * s.x) / area;
    let u = ((c.x - a.x) * r.y - (c.y - a.y) * r.x) / area;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

/// The street grid, with a stub to the Qiantang from every second crossing of the last row.
pub fn streets(rivers: &[River], random: &mut Random) -> Streets {
    let mut crossings = Vec::new();
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            crossings.push(Coord {
                x: -3200.0 + 400.0 * column as f64 + random.between(-25.0, 25.0),
                y: -1650.0 + 300.0 * row as f64 + random.between(-25.0, 25.0),
            });
        }
    }
    let at = |row: usize, column: usize| row * COLUMNS + column;
    let mut pairs = Vec::new();
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            if column + 1 < COLUMNS {
                pairs.push((at(row, column), at(row, column + 1), format!("示例横{}路", row + 1)));
            }
            if row + 1 < ROWS {
                pairs.push((at(row, column), at(row + 1, column), format!("示例纵{}路", column + 1)));
            }
        }
    }
    for column in (0..COLUMNS).step_by(2) {
        let top = crossings[at(ROWS - 1, column)];
        crossings.push(Coord { x: top.x, y: 1100.0 });
        pairs.push((at(ROWS - 1, column), crossings.len() - 1, format!("示例纵{}路", column + 1)));
    }
    let mut degree = vec![0; crossings.len()];
    for (a, b, _) in &pairs {
        degree[*a] += 1;
        degree[*b] += 1;
    }
    let mut streets = Vec::new();
    for (a, b, name) in pairs {
        // Some streets are missing: the blocks beside them are large estates.
        if random.chance(0.15) && degree[a] > 3 && degree[b] > 3 {
            degree[a] -= 1;
            degree[b] -= 1;
            continue;
        }
        let (p, q) = (crossings[a], crossings[b]);
        let cut = rivers.iter().enumerate().find_map(|(r, river)| {
            let t = river.line.windows(2).find_map(|w| meet(p, q, w[0], w[1]))?;
            let margin = (river.half_width + 3.0) / apart(p, q);
            Some((r, [t - margin, t + margin]))
        });
        streets.push(Street { ends: [a, b], name, cut });
    }
    Streets { crossings, streets }
}
