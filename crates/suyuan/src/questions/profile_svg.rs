//! A long profile as a drawing: ground, manholes, pipes, and the unknown left blank.

use suyuan_core::Language;
use suyuan_export::{Lettering, Svg};
use suyuan_trace::{Profile, ProfileReach};

use super::profile::ProfileAnswer;
use crate::city::City;

const LEFT: f64 = 78.0;
const RIGHT: f64 = 36.0;
/// Title and legend.
const HEAD: f64 = 64.0;
/// The part that levels are drawn in.
const HEIGHT: f64 = 340.0;
/// Each row of the table below.
const ROW: f64 = 22.0;
/// The axis of distances.
const AXIS: f64 = 42.0;
/// Names of manholes closer than this would run into each other.
const APART: f64 = 13.0;

const GRID: &str = "#e4e7eb";
const INK: &str = "#333333";
const PALE: &str = "#8a929c";
const PIPE: &str = "#1f5fa8";
const WATER: &str = "#dce9f7";
const GROUND: &str = "#8a5a1e";
const WRONG: &str = "#c8281e";
const WRONG_PALE: &str = "#fbe0dc";
/// Dashes of pressure pipes.
const PUMPED: &str = "7 4";
const BLANK: &str = "#f3f4f6";

/// A long profile as a drawing.
///
/// # Shape
/// Pipes with bed and crown, the ground where it is known at both manholes, manholes with as many names as there is room for,
/// rising pipes in red; a table of diameters and falls below. Where levels are unknown nothing is drawn but the gap.
#[must_use]
pub fn profile_drawing(city: &City, answer: &ProfileAnswer, language: Language) -> Svg {
    let Some(profile) = answer.profile.as_ref().filter(|p| !p.reaches.is_empty()) else {
        let mut svg = Svg::new([640.0, 120.0]);
        let nothing = language.pick("no pipe between the two places", "两处之间没有管段");
        svg.label([320.0, 64.0], nothing, Lettering::plain(14.0, "middle"));
        return svg;
    };
    let sheet = Sheet::of(city, profile);
    let mut svg = Svg::new(sheet.size());
    sheet.head(&mut svg, answer, language);
    sheet.grid(&mut svg, language);
    sheet.unknown(&mut svg, language);
    sheet.pipes(&mut svg);
    sheet.ground(&mut svg);
    sheet.manholes(&mut svg);
    sheet.table(&mut svg, language);
    svg
}

/// A manhole on the way.
struct Manhole<'a> {
    name: &'a str,
    metres: f64,
    /// Lowest bed, highest crown and ground, where known.
    bed: Option<f64>,
    crown: Option<f64>,
    ground: Option<f64>,
}

/// Where everything comes to lie.
struct Sheet<'a> {
    profile: &'a Profile,
    manholes: Vec<Manhole<'a>>,
    width: f64,
    /// Where the drawn levels begin, from the top.
    top: f64,
    /// Lowest and highest level drawn; `None` if none is known.
    levels: Option<[f64; 2]>,
}

impl<'a> Sheet<'a> {
    fn of(city: &'a City, profile: &'a Profile) -> Self {
        let mut manholes: Vec<Manhole<'_>> = Vec::new();
        for reach in &profile.reaches {
            for side in [0, 1] {
                let Some(node) = reach.nodes[side] else { continue };
                let name = city.network.node(node).name;
                let metres = reach.measures[side];
                let again = manholes.last().is_some_and(|m| m.name == name && m.metres == metres);
                if !again {
                    let ground = reach.grounds[side];
                    manholes.push(Manhole { name, metres, bed: None, crown: None, ground });
                }
                let (Some(manhole), Some(bed)) = (manholes.last_mut(), reach.inverts[side]) else { continue };
                let crown = bed + reach.diameter.unwrap_or(0.0);
                manhole.bed = Some(manhole.bed.map_or(bed, |b| b.min(bed)));
                manhole.crown = Some(manhole.crown.map_or(crown, |c| c.max(crown)));
            }
        }
        let known = profile.reaches.iter().flat_map(|r| {
            let crowns = r.inverts.map(|i| Some(i? + r.diameter.unwrap_or(0.0)));
            r.inverts.into_iter().chain(r.grounds).chain(crowns).flatten()
        });
        let range = known.fold(None, |range: Option<[f64; 2]>, level| {
            Some(range.map_or([level; 2], |[low, high]| [low.min(level), high.max(level)]))
        });
        let levels = range.map(|[low, high]| {
            let margin = ((high - low) * 0.06).max(0.25);
            [low - margin, high + margin]
        });
        let letters = names();
        let longest = manholes.iter().map(|m| letters.width(m.name)).fold(20.0, f64::max).min(140.0);
        let width = (manholes.len() as f64 * 30.0).clamp(860.0, 4200.0);
        Self { profile, manholes, width, top: HEAD + longest + 14.0, levels }
    }

    fn size(&self) -> [f64; 2] {
        [LEFT + self.width + RIGHT, self.bottom() + AXIS + 2.0 * ROW + 14.0]
    }

    fn bottom(&self) -> f64 {
        self.top + HEIGHT
    }

    fn x(&self, metres: f64) -> f64 {
        LEFT + self.width * if self.profile.length > 0.0 { metres / self.profile.length } else { 0.5 }
    }

    fn y(&self, level: f64) -> f64 {
        let [low, high] = self.levels.unwrap_or([0.0, 1.0]);
        self.bottom() - HEIGHT * (level - low) / (high - low)
    }

    /// How many times steeper than in truth the drawing is.
    fn steeper(&self) -> Option<f64> {
        let [low, high] = self.levels?;
        let times = (HEIGHT / (high - low)) / (self.width / self.profile.length);
        times.is_finite().then_some(times)
    }

    fn head(&self, svg: &mut Svg, answer: &ProfileAnswer, language: Language) {
        let [from, to] = answer.ends().map(|p| format!("{} {}", p.label(language), p.id));
        let metres = language.pick("m", "米");
        let title = format!("{from} → {to} · {:.0} {metres}", self.profile.length);
        let bold = Lettering { bold: true, ..Lettering::plain(17.0, "start") };
        svg.label([LEFT, 28.0], &title, bold);
        let small = Lettering::plain(12.0, "start");
        let mut x = LEFT;
        let reaches = &self.profile.reaches;
        let mut entry = |svg: &mut Svg, colour: &str, width: f64, dash: &str, text: &str| {
            svg.line(&[[x, 46.0], [x + 22.0, 46.0]], colour, width, dash);
            svg.label([x + 28.0, 50.0], text, small);
            x += 28.0 + small.width(text) + 22.0;
        };
        if reaches.iter().any(|r| r.grounds.iter().any(Option::is_some)) {
            entry(svg, GROUND, 2.0, "", language.pick("ground", "地面"));
        }
        entry(svg, PIPE, 2.4, "", language.pick("pipe invert", "管内底"));
        if reaches.iter().any(|r| r.diameter.is_some()) {
            entry(svg, PIPE, 1.0, "", language.pick("pipe crown", "管内顶"));
        }
        if reaches.iter().any(|r| r.pumped) {
            entry(svg, PIPE, 2.4, PUMPED, language.pick("pressure pipe", "压力管"));
        }
        if reaches.iter().any(|r| r.adverse) {
            entry(svg, WRONG, 2.4, "", language.pick("adverse fall", "逆坡"));
        }
        if reaches.iter().any(is_unknown) {
            entry(svg, "#d5d9de", 10.0, "", language.pick("levels unknown", "高程缺测"));
        }
        if let Some(times) = self.steeper() {
            let text = match language {
                Language::English => format!("heights drawn {times:.0} times"),
                Language::Chinese => format!("竖向放大 {times:.0} 倍"),
            };
            let right = Lettering { colour: PALE, ..Lettering::plain(12.0, "end") };
            svg.label([LEFT + self.width, 50.0], &text, right);
        }
    }

    fn grid(&self, svg: &mut Svg, language: Language) {
        let (left, right) = (LEFT, LEFT + self.width);
        let small = Lettering::plain(12.0, "end");
        if let Some(levels) = self.levels {
            let step = nice(levels[1] - levels[0], 7.0);
            for level in ticks(levels, step) {
                let y = self.y(level);
                svg.line(&[[left, y], [right, y]], GRID, 1.0, "");
                svg.line(&[[left - 5.0, y], [left, y]], INK, 1.0, "");
                svg.label([left - 8.0, y + 4.0], &number(level, step), small);
            }
        }
        let upwards = Lettering { upwards: true, ..Lettering::plain(12.0, "middle") };
        let axis = language.pick("level (m)", "高程（米）");
        svg.label([20.0, self.top + HEIGHT / 2.0], axis, upwards);
        let middle = Lettering::plain(12.0, "middle");
        let most = (self.width / 110.0).max(2.0);
        let step = nice(self.profile.length.max(1e-3), most);
        for metres in ticks([0.0, self.profile.length], step) {
            let x = self.x(metres);
            svg.line(&[[x, self.bottom()], [x, self.bottom() + 5.0]], INK, 1.0, "");
            svg.label([x, self.bottom() + 18.0], &number(metres, step), middle);
        }
        let text = language.pick("distance (m)", "距离（米）");
        svg.label([left + self.width / 2.0, self.bottom() + 34.0], text, middle);
        let frame = [
            [left, self.top],
            [right, self.top],
            [right, self.bottom()],
            [left, self.bottom()],
            [left, self.top],
        ];
        svg.line(&frame, INK, 1.0, "");
    }

    /// Stretches without levels, neighbours together.
    fn unknown(&self, svg: &mut Svg, language: Language) {
        let text = language.pick("levels unknown", "高程缺测");
        let letters = Lettering { colour: PALE, ..Lettering::plain(12.0, "middle") };
        for run in self.profile.reaches.chunk_by(|a, b| is_unknown(a) == is_unknown(b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            if !is_unknown(first) {
                continue;
            }
            let (a, b) = (self.x(first.measures[0]), self.x(last.measures[1]));
            let (top, bottom) = (self.top + 0.5, self.bottom() - 0.5);
            svg.area(&[[a, top], [b, top], [b, bottom], [a, bottom]], BLANK);
            let place = [f64::midpoint(a, b), self.top + HEIGHT / 2.0];
            if b - a > letters.width(text) + 12.0 {
                svg.label(place, text, letters);
            } else if b - a > 18.0 {
                svg.label([place[0] + 4.0, place[1]], text, Lettering { upwards: true, ..letters });
            }
        }
    }

    fn pipes(&self, svg: &mut Svg) {
        for reach in &self.profile.reaches {
            let [a, b] = reach.measures.map(|m| self.x(m));
            let (line, fill) = if reach.adverse { (WRONG, WRONG_PALE) } else { (PIPE, WATER) };
            let [Some(first), Some(last)] = reach.inverts else {
                // A level known at one end alone is a mark there.
                for (x, level) in [a, b].into_iter().zip(reach.inverts) {
                    if let Some(level) = level {
                        svg.dot([x, self.y(level)], 3.0, PIPE);
                    }
                }
                continue;
            };
            let bed = [[a, self.y(first)], [b, self.y(last)]];
            if let Some(diameter) = reach.diameter {
                let crown = [[a, self.y(first + diameter)], [b, self.y(last + diameter)]];
                svg.area(&[bed[0], bed[1], crown[1], crown[0]], fill);
                svg.line(&crown, line, 1.0, "");
            }
            svg.line(&bed, line, 2.4, if reach.pumped { PUMPED } else { "" });
        }
    }

    fn ground(&self, svg: &mut Svg) {
        for reach in &self.profile.reaches {
            let ends = reach.measures.map(|m| self.x(m));
            if let [Some(first), Some(last)] = reach.grounds {
                svg.line(&[[ends[0], self.y(first)], [ends[1], self.y(last)]], GROUND, 2.0, "");
            }
        }
        for (x, level) in self.manholes.iter().filter_map(|m| Some((self.x(m.metres), m.ground?))) {
            svg.dot([x, self.y(level)], 2.2, GROUND);
        }
    }

    fn manholes(&self, svg: &mut Svg) {
        let letters = names();
        let last = self.manholes.last().map(|m| self.x(m.metres));
        let mut free = f64::NEG_INFINITY;
        for (i, manhole) in self.manholes.iter().enumerate() {
            let x = self.x(manhole.metres);
            let lid = manhole.ground.or(manhole.crown);
            if let (Some(bed), Some(lid)) = (manhole.bed.or(manhole.ground), lid) {
                svg.line(&[[x, self.y(bed)], [x, self.y(lid)]], INK, 1.2, "");
            }
            let is_last = i + 1 == self.manholes.len();
            let crowded = x < free || (!is_last && last.is_some_and(|l| l - x < APART));
            if crowded && !is_last {
                continue;
            }
            let foot = lid.map_or(self.bottom(), |level| self.y(level));
            svg.line(&[[x, self.top - 4.0], [x, foot]], "#b4bac2", 0.8, "2 3");
            svg.label([x + 4.0, self.top - 8.0], manhole.name, letters);
            free = x + APART;
        }
    }

    /// Diameters and falls, each where there is room for it.
    fn table(&self, svg: &mut Svg, language: Language) {
        let top = self.bottom() + AXIS;
        let (left, right) = (LEFT, LEFT + self.width);
        let letters = Lettering::plain(11.0, "middle");
        let head = Lettering::plain(11.0, "end");
        for (row, text) in
            [language.pick("DN (mm)", "管径 mm"), language.pick("fall (‰)", "坡度 ‰")].into_iter().enumerate()
        {
            let y = top + ROW * row as f64;
            svg.line(&[[left, y], [right, y]], GRID, 1.0, "");
            svg.label([left - 8.0, y + 15.0], text, head);
        }
        let foot = top + 2.0 * ROW;
        svg.line(&[[left, foot], [right, foot]], GRID, 1.0, "");
        let mut cell = |from: f64, to: f64, row: f64, text: &str, colour: &'static str| {
            let (a, b) = (self.x(from), self.x(to));
            let (y, room) = (top + ROW * row, b - a);
            svg.line(&[[b, y], [b, y + ROW]], GRID, 1.0, "");
            if room > letters.width(text) + 4.0 {
                svg.label([f64::midpoint(a, b), y + 15.0], text, Lettering { colour, ..letters });
            }
        };
        let size = |r: &ProfileReach| r.diameter.map(|d| (d * 1000.0).round());
        for run in self.profile.reaches.chunk_by(|a, b| size(a) == size(b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let text = size(first).map_or("?".to_owned(), |d| d.to_string());
            let colour = if first.narrows { WRONG } else { INK };
            cell(first.measures[0], last.measures[1], 0.0, &text, colour);
        }
        for reach in &self.profile.reaches {
            let [from, to] = reach.measures;
            let text = match reach.fall {
                Some(fall) if to - from > 0.0 => format!("{:.1}", 1000.0 * fall / (to - from)),
                _ => "?".to_owned(),
            };
            cell(from, to, 1.0, &text, if reach.adverse { WRONG } else { INK });
        }
    }
}

fn is_unknown(reach: &ProfileReach) -> bool {
    reach.inverts.iter().any(Option::is_none)
}

fn names() -> Lettering {
    Lettering { upwards: true, ..Lettering::plain(11.0, "start") }
}

/// A round step that divides a span into at most about so many parts.
fn nice(span: f64, most: f64) -> f64 {
    let raw = span / most;
    let power = 10f64.powf(raw.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().find(|r| r * power >= raw * 0.999_999).unwrap_or(10.0);
    round * power
}

/// The multiples of a step within a range.
fn ticks([low, high]: [f64; 2], step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(move |k| k as f64 * step)
}

/// A number with as many decimals as its step needs.
fn number(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(nice(7.0, 7.0), 1.0);
        assert_eq!(nice(9.0, 7.0), 2.0);
        assert_eq!(nice(0.9, 7.0), 0.2);
        assert_eq!(ticks([-1.0, 2.2], 1.0).collect::<Vec<_>>(), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!((number(-0.0, 1.0), number(2.5, 0.5)), ("0".to_owned(), "2.5".to_owned()));
    }
}
