//! Plane similarities: how a city's own grid lies in a known one, given or fitted to shared points.
//!
//! With `X` north and `Y` east, as surveyors have them (四参数):
//!
//! ```text
//! X' = ΔX + K (X cos α − Y sin α)        Y' = ΔY + K (X sin α + Y cos α)
//! ```
//!
//! so that a positive `α` turns the drawing clockwise on a map whose north is up.

use std::cmp::Ordering;

use geo_types::Coord;
use serde::{Deserialize, Serialize};

use super::Crs;
use crate::Language;

/// A turn, a scale and a shift of the plane.
///
/// # Units
/// Metres; kept about the middle of the shared points, where a shift and a turn do not hide in each other.
#[doc(alias = "四参数")]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
    /// A place of the one plane, and where it lies in the other.
    from: Coord<f64>,
    to: Coord<f64>,
    /// K cos α and K sin α.
    cos: f64,
    sin: f64,
}

/// A city's own grid: what brings it into a known system.
#[doc(alias = "城市独立坐标系")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalGrid {
    /// From the grid to the known system.
    pub similarity: Similarity,
    /// The known system, projected, in metres.
    pub known: Crs,
    /// Corners of the shared points in the grid; `None` where the parameters were given.
    pub area: Option<[Coord<f64>; 2]>,
}

/// A point whose place is known in both systems.
#[doc(alias = "公共点")]
#[derive(Debug, Clone, PartialEq)]
pub struct SharedPoint {
    /// Its name.
    pub name: String,
    /// East and north in the city's grid, metres.
    pub local: Coord<f64>,
    /// East and north in the known system, metres.
    pub known: Coord<f64>,
}

/// A similarity fitted to shared points, and how well they agree with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The similarity.
    pub similarity: Similarity,
    /// Known place less fitted place of each point, metres, in the order of the points.
    pub residuals: Vec<Coord<f64>>,
    /// What of a point's own residual the others would have seen: one less its leverage.
    redundancy: Vec<f64>,
    on_a_line: bool,
}

/// Why a local grid cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A similarity has four unknowns and a point gives two.
    #[error("a similarity needs two shared points at least, three to be checked; there are {count}")]
    TooFew {
        /// How many there are.
        count: usize,
    },
    /// All points are one place.
    #[error("the shared points all lie at one place; take points around the whole city")]
    OnePlace,
    /// The points fit a mirror image only.
    #[error(
        "the shared points fit only mirrored: east and north are exchanged in one of the systems; surveyors' X is north"
    )]
    Mirrored,
    /// The scale is none of a grid in metres.
    #[error(
        "the scale is {scale}, far from 1; both systems must be in metres, and parts per million are written 12ppm"
    )]
    Scale {
        /// What it is.
        scale: f64,
    },
    /// A parameter is missing, or there twice.
    #[error(
        "it needs each of north, east, rotation and scale once, as in similarity:EPSG:4549,north=3300000,east=460000,rotation=0.5,scale=1.00001; look at `{key}` (surveyors' ΔX is north, ΔY is east)"
    )]
    Parameter {
        /// Which.
        key: String,
    },
    /// A parameter is no number.
    #[error("{key} is `{value}`, expected {expected}")]
    NotANumber {
        /// Which.
        key: String,
        /// What was given.
        value: String,
        /// What is expected.
        expected: &'static str,
    },
    /// The known system is no grid in metres.
    #[error("{name} is no projected system in metres; name one, such as EPSG:4549")]
    NotMetric {
        /// Its name.
        name: String,
    },
}

impl GridError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            Self::TooFew { count } => {
                format!("四参数至少需要 2 个公共点（3 个以上才能检核），现有 {count} 个")
            }
            Self::OnePlace => "公共点全部重合，请选取分布于全市的公共点".to_owned(),
            Self::Mirrored => {
                "公共点只能以镜像方式吻合：其中一套坐标的东、北颠倒了（测量 X 为北）".to_owned()
            }
            Self::Scale { scale } => {
                format!("尺度为 {scale}，与 1 相差过大；两套坐标均应以米为单位，百万分率请写作 12ppm")
            }
            Self::Parameter { key } => format!(
                "north、east、rotation、scale 四项须各出现一次，例如 similarity:EPSG:4549,north=3300000,east=460000,rotation=0.5,scale=1.00001；请检查“{key}”（测量 ΔX 即 north，ΔY 即 east）"
            ),
            Self::NotANumber { key, value, expected } => {
                let expected = match *expected {
                    DEGREES => "度（如 0.0123）、秒（如 44.3s）或弧度（如 0.0002rad）",
                    SCALE => "接近 1 的数，或 12ppm",
                    _ => "米数",
                };
                format!("{key} 为“{value}”，应为{expected}")
            }
            Self::NotMetric { name } => {
                format!("{name} 不是以米为单位的投影坐标系，请指定一个，例如 EPSG:4549")
            }
        }
    }
}

const METRES: &str = "metres";
const DEGREES: &str = "degrees such as 0.0123, seconds such as 44.3s, or radians such as 0.0002rad";
const SCALE: &str = "a number near 1, or 12ppm";

/// The centimetre that coordinates are written to.
const WRITTEN: f64 = 0.01;

/// No city's grid differs from a national one by as much: height and distance from the meridian make up to 0.1 %.
fn check_scale(scale: f64) -> Result<(), GridError> {
    if (0.9..1.1).contains(&scale) { Ok(()) } else { Err(GridError::Scale { scale }) }
}

impl Similarity {
    /// The similarity of four parameters.
    ///
    /// # Units
    /// `shift`: ΔY east and ΔX north in metres; `rotation`: α in degrees, as the module's formula has it; `scale`: K.
    #[must_use]
    pub fn new(shift: Coord<f64>, rotation: f64, scale: f64) -> Self {
        let (sin, cos) = rotation.to_radians().sin_cos();
        Self { from: Coord { x: 0.0, y: 0.0 }, to: shift, cos: scale * cos, sin: scale * sin }
    }

    /// The place in the known system.
    #[must_use]
    pub fn apply(&self, place: Coord<f64>) -> Coord<f64> {
        let (e, n) = (place.x - self.from.x, place.y - self.from.y);
        Coord { x: self.to.x + self.cos * e + self.sin * n, y: self.to.y - self.sin * e + self.cos * n }
    }

    /// The place in the city's grid.
    #[must_use]
    pub fn invert(&self, place: Coord<f64>) -> Coord<f64> {
        let (e, n) = (place.x - self.to.x, place.y - self.to.y);
        let square = self.cos * self.cos + self.sin * self.sin;
        Coord {
            x: self.from.x + (self.cos * e - self.sin * n) / square,
            y: self.from.y + (self.sin * e + self.cos * n) / square,
        }
    }

    /// α in degrees: positive turns clockwise on the map.
    #[must_use]
    pub fn rotation(&self) -> f64 {
        self.sin.atan2(self.cos).to_degrees()
    }

    /// K.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.cos.hypot(self.sin)
    }

    /// ΔY east and ΔX north, metres: where the grid's origin comes to lie.
    #[must_use]
    pub fn shift(&self) -> Coord<f64> {
        self.apply(Coord { x: 0.0, y: 0.0 })
    }

    /// The parameters of `similarity:CRS,north=…,east=…,rotation=…,scale=…` after the colon: the name of the known
    /// system, and the similarity.
    ///
    /// # Errors
    /// [`GridError::Parameter`], [`GridError::NotANumber`] or [`GridError::Scale`].
    pub(crate) fn parse(text: &str) -> Result<(String, Self), GridError> {
        let text = text.replace('，', ",");
        let mut known: Vec<&str> = Vec::new();
        let mut values: [Option<f64>; 4] = [None; 4];
        let keys = ["north", "east", "rotation", "scale"];
        for piece in text.split(',') {
            let (key, value) =
                piece.split_once('=').map_or((piece.trim(), ""), |(k, v)| (k.trim(), v.trim()));
            let at = match key.to_lowercase().as_str() {
                "north" | "北" => 0,
                "east" | "东" => 1,
                "rotation" | "旋转" => 2,
                "scale" | "尺度" => 3,
                // Before the first parameter stands the known system, whose text may hold commas itself.
                _ if values.iter().all(Option::is_none) => {
                    known.push(piece);
                    continue;
                }
                _ => return Err(GridError::Parameter { key: key.to_owned() }),
            };
            if values[at].is_some() {
                return Err(GridError::Parameter { key: key.to_owned() });
            }
            let expected = [METRES, METRES, DEGREES, SCALE][at];
            let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
            let value_of = match at {
                2 => rotation_of(value),
                3 => {
                    value.strip_suffix("ppm").map_or_else(|| number(value), |v| Some(1.0 + number(v)? * 1e-6))
                }
                _ => number(value),
            };
            let wrong = || GridError::NotANumber { key: key.to_owned(), value: value.to_owned(), expected };
            values[at] = Some(value_of.ok_or_else(wrong)?);
        }
        let [Some(north), Some(east), Some(rotation), Some(scale)] = values else {
            let missing = keys.iter().zip(values).find(|(_, v)| v.is_none()).map_or("", |(k, _)| k);
            return Err(GridError::Parameter { key: missing.to_owned() });
        };
        check_scale(scale)?;
        Ok((known.join(","), Self::new(Coord { x: east, y: north }, rotation, scale)))
    }
}

/// Degrees of an angle in degrees, seconds or radians.
fn rotation_of(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    if let Some(radians) = text.strip_suffix("rad") {
        return number(radians).map(f64::to_degrees);
    }
    if let Some(seconds) = text.strip_suffix(['s', '"', '″', '秒']) {
        return number(seconds).map(|s| s / 3600.0);
    }
    number(text.trim_end_matches(['°', '度']))
}

impl Fit {
    /// The similarity that brings shared points nearest to their known places: least squares, in closed form. It does not depend
    /// on the order of the points.
    ///
    /// # Errors
    /// [`GridError::TooFew`], [`GridError::OnePlace`], [`GridError::Mirrored`] or [`GridError::Scale`].
    ///
    /// # Complexity
    /// O(n log n).
    ///
    /// # Reference
    /// Umeyama (1991) in two dimensions, where the singular value decomposition is a complex division.
    ///
    /// # Example
    /// ```
    /// use suyuan_core::crs::{Fit, SharedPoint};
    /// use suyuan_core::Coord;
    /// let point = |name: &str, e: f64, n: f64| SharedPoint {
    ///     name: name.to_owned(),
    ///     local: Coord { x: e, y: n },
    ///     known: Coord { x: 460_000.0 + e, y: 3_300_000.0 + n },
    /// };
    /// let fit = Fit::new(&[point("G1", 60_000.0, 40_000.0), point("G2", 70_000.0, 45_000.0)])?;
    /// assert!((fit.similarity.scale() - 1.0).abs() < 1e-12);
    /// # Ok::<(), suyuan_core::crs::GridError>(())
    /// ```
    #[doc(alias = "四参数拟合")]
    pub fn new(points: &[SharedPoint]) -> Result<Self, GridError> {
        let count = points.len();
        if count < 2 {
            return Err(GridError::TooFew { count });
        }
        // In an order of their own, so that sums are the same to the last bit whatever order they come in.
        let mut ordered: Vec<&SharedPoint> = points.iter().collect();
        ordered.sort_by(|a, b| {
            let keys = |p: &SharedPoint| [p.known.x, p.known.y, p.local.x, p.local.y];
            let pairs = keys(a).into_iter().zip(keys(b));
            pairs.map(|(a, b)| a.total_cmp(&b)).fold(Ordering::Equal, Ordering::then)
        });
        let mean = |of: &dyn Fn(&SharedPoint) -> Coord<f64>| {
            // About the first point, so that big coordinates lose no digits.
            let first = of(ordered[0]);
            let sum = ordered
                .iter()
                .map(|p| of(p))
                .fold((0.0, 0.0), |s, c| (s.0 + c.x - first.x, s.1 + c.y - first.y));
            Coord { x: first.x + sum.0 / count as f64, y: first.y + sum.1 / count as f64 }
        };
        let (from, to) = (mean(&|p| p.local), mean(&|p| p.known));
        let centred = |p: &SharedPoint| {
            ([p.local.x - from.x, p.local.y - from.y], [p.known.x - to.x, p.known.y - to.y])
        };
        // Sums of squares and of products, turned and mirrored.
        let (mut square, mut known_square, mut turned, mut mirrored) = (0.0, 0.0, [0.0; 2], [0.0; 2]);
        let mut stretch = [0.0; 2];
        for ([e, n], [x, y]) in ordered.iter().map(|p| centred(p)) {
            square += e * e + n * n;
            stretch = [stretch[0] + e * e - n * n, stretch[1] + 2.0 * e * n];
            known_square += x * x + y * y;
            turned = [turned[0] + e * x + n * y, turned[1] + n * x - e * y];
            mirrored = [mirrored[0] + e * x - n * y, mirrored[1] + n * x + e * y];
        }
        // A millimetre apart is one place.
        if square < 1e-6 || known_square < 1e-6 {
            return Err(GridError::OnePlace);
        }
        let missed = |sums: [f64; 2]| known_square - (sums[0] * sums[0] + sums[1] * sums[1]) / square;
        // Mirrored fits of two points are as good; of three and more a clearly better one means exchanged axes.
        if count > 2 && missed(turned) > 1e-6 * known_square && missed(mirrored) < missed(turned) / 100.0 {
            return Err(GridError::Mirrored);
        }
        // Across the line through them that lies nearest: the smaller eigenvalue of their moments.
        let across = (square - (stretch[0] * stretch[0] + stretch[1] * stretch[1]).sqrt()) / 2.0;
        let told_from = missed(turned).max(count as f64 * WRITTEN * WRITTEN);
        let on_a_line =
            count > 2 && across < 1e-4 * (square - across) && missed(mirrored) < 100.0 * told_from;
        let similarity = Similarity { from, to, cos: turned[0] / square, sin: turned[1] / square };
        check_scale(similarity.scale())?;
        let residuals = points.iter().map(|p| {
            let fitted = similarity.apply(p.local);
            Coord { x: p.known.x - fitted.x, y: p.known.y - fitted.y }
        });
        let redundancy = points.iter().map(|p| {
            let [e, n] = centred(p).0;
            1.0 - 1.0 / count as f64 - (e * e + n * n) / square
        });
        Ok(Self { similarity, residuals: residuals.collect(), redundancy: redundancy.collect(), on_a_line })
    }

    /// Whether three and more points lie so nearly in a straight line that they cannot tell exchanged axes: the mirrored fit
    /// leaves less than ten times the root mean square of this one, or of the centimetre that coordinates are written to.
    ///
    /// Wider than a hundredth of their length no line is meant: there only errors as large would hide exchanged axes, and those
    /// show in [`Fit::rms`]. Of two points it is always so; they are doubted for leaving nothing to check.
    #[must_use]
    pub fn on_a_line(&self) -> bool {
        self.on_a_line
    }

    /// The root of the mean square of the residuals' lengths, metres.
    #[must_use]
    pub fn rms(&self) -> f64 {
        (self.sum_of_squares() / self.residuals.len() as f64).sqrt()
    }

    /// The point that lies farthest from where the fit puts it, and how far, metres.
    #[must_use]
    pub fn largest(&self) -> (usize, f64) {
        let lengths = self.residuals.iter().map(|r| r.x.hypot(r.y)).enumerate();
        lengths.fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best })
    }

    fn sum_of_squares(&self) -> f64 {
        // From the smallest: the same to the last bit whatever the order of the points.
        let mut squares: Vec<f64> = self.residuals.iter().map(|r| r.x * r.x + r.y * r.y).collect();
        squares.sort_by(f64::total_cmp);
        squares.iter().sum()
    }

    /// The probability that by chance alone so small a share of the squares is left when a point is taken out; `None` for
    /// fewer than four points, or where all fit exactly.
    ///
    /// # Reference
    /// Baarda (1968), data snooping; the mean-shift test of Cook and Weisberg (1982) §2.2.2, whose F distribution with 2
    /// and 2n - 6 degrees of freedom has the closed form `share^(n - 3)`.
    #[must_use]
    pub fn chance(&self, point: usize) -> Option<f64> {
        let (count, total) = (self.residuals.len(), self.sum_of_squares());
        let r = self.residuals.get(point).filter(|_| count > 3 && total > 0.0)?;
        let own = (r.x * r.x + r.y * r.y) / self.redundancy[point].max(1e-9);
        Some((1.0 - own / total).max(0.0).powi(count as i32 - 3))
    }

    /// The point that does not fit the others, as a mistyped coordinate does: four points and more can tell.
    ///
    /// Three times the common residual is never exceeded among fewer than ten points, since the wrong one makes up most of
    /// it. So each point is held against the fit to the others, by [`Fit::chance`]. Named is the least likely one, if that
    /// is below 1 % among all, and if the others put it elsewhere by more than the centimetre that coordinates are written
    /// to.
    #[must_use]
    pub fn suspect(&self) -> Option<usize> {
        let count = self.residuals.len();
        let chances = (0..count).filter_map(|i| Some((self.chance(i)?, i)));
        let (chance, point) = chances.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        let r = self.residuals[point];
        let off = r.x.hypot(r.y) / self.redundancy[point].max(1e-9);
        (chance * (count as f64) < 0.01 && off > WRITTEN).then_some(point)
    }
}
