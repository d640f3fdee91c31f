//! From the coordinate system that a layer declares, or does not, to the survey's own.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use suyuan_core::crs::{Crs, CrsError, Datum, Transform, ZoneNumbers, looks_swapped, suggest_crs};
use suyuan_core::raw::{Field, RawLayer, Role, ShapeKind, Shapes};
use suyuan_core::{Coord, Finding, FindingCode, Language, Origin, RawSurvey};

use crate::error::ReadError;
use crate::layer::FileLayer;
use crate::shared_points::{fit, shared_points_file};
use crate::spec::LayerSpec;
use crate::survey::row_name;

/// The coordinate systems that users give; each table of shared points is read and reported once.
#[derive(Default)]
pub(crate) struct Systems {
    fitted: BTreeMap<PathBuf, Crs>,
    pub(crate) findings: Vec<Finding>,
}

impl Systems {
    /// The system that a text names for the layer of a file.
    pub(crate) fn parse(&mut self, text: &str, path: &Path) -> Result<Crs, ReadError> {
        let Some(points) = shared_points_file(text) else {
            return Crs::parse(text).map_err(|source| ReadError::Crs { path: path.to_owned(), source });
        };
        if let Some(crs) = self.fitted.get(&points) {
            return Ok(crs.clone());
        }
        let (crs, findings) = fit(&points)?;
        self.findings.extend(findings);
        self.fitted.insert(points, crs.clone());
        Ok(crs)
    }
}

/// Where a finding about a whole layer stands; its reader fills in which layer.
const WHOLE: Origin = Origin { layer: 0, row: 0 };

/// Whether coordinates read like degrees.
fn like_degrees(shapes: &Shapes) -> bool {
    let mut coords = shapes.coords().iter().filter(|c| c.x.is_finite() && c.y.is_finite()).peekable();
    coords.peek().is_some() && coords.all(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0)
}

/// Whether coordinates are no degrees, whichever of the two comes first; a few strays do not count.
pub(crate) fn beyond_degrees(shapes: &Shapes) -> bool {
    bounds(shapes).is_some_and(|(a, b)| [a.x, a.y, b.x, b.y].iter().any(|v| v.abs() > 180.0))
}

/// Of the numbers along an axis the least and the greatest, and the middle one. From five on the outermost hundredth on
/// either side, one at least, is left out: a vertex at (0, 0) does not stretch a city.
fn along(shapes: &Shapes, axis: fn(&Coord<f64>) -> f64) -> Option<[f64; 3]> {
    let finite = shapes.coords().iter().filter(|c| c.x.is_finite() && c.y.is_finite());
    let mut all: Vec<f64> = finite.map(axis).collect();
    let last = all.len().checked_sub(1)?;
    let out = if last < 4 { 0 } else { all.len().div_ceil(100) };
    // The middle first: the others lie on either side of it.
    let middle = all.len() / 2;
    let (below, at_middle, above) = all.select_nth_unstable_by(middle, f64::total_cmp);
    let of = |side: &mut [f64], at: usize| *side.select_nth_unstable_by(at, f64::total_cmp).1;
    let low = if out < middle { of(below, out) } else { *at_middle };
    let high = if last - out > middle { of(above, last - out - middle - 1) } else { *at_middle };
    Some([low, *at_middle, high])
}

/// The corners of where a layer lies, strays left out.
fn bounds(shapes: &Shapes) -> Option<(Coord<f64>, Coord<f64>)> {
    let (easts, norths) = rayon::join(|| along(shapes, |c| c.x), || along(shapes, |c| c.y));
    let ([west, _, east], [south, _, north]) = (easts?, norths?);
    Some((Coord { x: west, y: south }, Coord { x: east, y: north }))
}

/// Whether two boxes meet once they have grown by their own size, 10 km at least: two layers of one city do, and two
/// meridians are farther apart.
fn near(a: (Coord<f64>, Coord<f64>), b: (Coord<f64>, Coord<f64>)) -> bool {
    let size = |c: (Coord<f64>, Coord<f64>)| (c.1.x - c.0.x).max(c.1.y - c.0.y);
    let reach = (size(a) + size(b)).max(10_000.0);
    let apart = |a: (f64, f64), b: (f64, f64)| (a.0 - b.1).max(b.0 - a.1);
    apart((a.0.x, a.1.x), (b.0.x, b.1.x)) <= reach && apart((a.0.y, a.1.y), (b.0.y, b.1.y)) <= reach
}

/// Whether the coordinates of a layer stand north before east: as the system tells, or the shared points of a city's grid.
fn is_swapped(crs: &Crs, shapes: &Shapes) -> bool {
    let Some((a, b)) = bounds(shapes) else { return false };
    let area = crs.grid.as_ref().and_then(|g| g.area);
    let beside = |[p, q]: [Coord<f64>; 2]| {
        !near((a, b), (p, q)) && near((Coord { x: a.y, y: a.x }, Coord { x: b.y, y: b.x }), (p, q))
    };
    looks_swapped(a, b, crs) || area.is_some_and(beside)
}

/// The middle of a layer, its axes and its zone number settled: neither the order of the rows nor a few strays move it.
fn middle(crs: &Crs, shapes: &Shapes) -> Result<Coord<f64>, CrsError> {
    let median = |axis| along(shapes, axis).map_or(0.0, |[_, middle, _]| middle);
    let mut place = Coord { x: median(|c| c.x), y: median(|c| c.y) };
    if is_swapped(crs, shapes) {
        place = Coord { x: place.y, y: place.x };
    }
    if let Some(numbers) = ZoneNumbers::of(crs) {
        place.x += numbers.shift(place)?.map_or(0.0, |(shift, _)| shift);
    }
    Ok(place)
}

/// The system in metres for coordinates in a declared one: for a city's grid its known system, or what stands for that.
fn metric(crs: &Crs, shapes: &Shapes) -> Result<Crs, CrsError> {
    if crs.geographic {
        let place = middle(crs, shapes)?;
        return Ok(crs.metric_for(place.x, place.y));
    }
    let known = crs.grid.as_ref().map_or(crs, |grid| &grid.known);
    let twin = known.to_metres();
    if twin.is_none() && (known.wkt.is_empty() || (known.metres_per_unit - 1.0).abs() > 1e-12) {
        // No definition to write, or one in feet that only PROJ knows: build around its place on the earth instead.
        let degrees = Crs::from_epsg(4326)?;
        let place = Transform::new(crs, &degrees)?.apply(middle(crs, shapes)?)?;
        return Ok(degrees.metric_for(place.x, place.y));
    }
    Ok(twin.unwrap_or_else(|| known.clone()))
}

/// The system that every layer goes to, and for each layer that declares none the one of a layer it lies beside.
///
/// # Errors
/// [`ReadError::NoCrs`] if the pipes are in degrees of no one knows what; [`ReadError::Crs`] for a layer that has a place
/// on the earth where the pipes have none.
pub(crate) fn settle(
    layers: &[(LayerSpec, FileLayer)],
) -> Result<(Option<Crs>, Vec<Option<Crs>>), ReadError> {
    // Worked out where they are asked for: they are not where every layer says its system.
    let boxes: Vec<OnceCell<_>> = layers.iter().map(|_| OnceCell::new()).collect();
    let box_of = |i: usize| *boxes[i].get_or_init(|| bounds(&layers[i].1.shapes));
    let pipes_first = || {
        let is_pipes = |i: &usize| layers[*i].0.role == Role::Pipes;
        (0..layers.len()).filter(is_pipes).chain((0..layers.len()).filter(move |i| !is_pipes(i)))
    };
    let beside = |i: usize| {
        let (_, layer) = &layers[i];
        if layer.crs.is_some() || like_degrees(&layer.shapes) {
            return None;
        }
        let own = box_of(i)?;
        pipes_first().find_map(|j| {
            let crs = layers[j].1.crs.as_ref().filter(|c| !c.geographic && !c.is_local())?;
            near(own, box_of(j)?).then(|| crs.clone())
        })
    };
    let assumed: Vec<Option<Crs>> = (0..layers.len()).map(beside).collect();
    let Some(first) = pipes_first().next() else { return Ok((None, assumed)) };
    let (spec, layer) = &layers[first];
    let target = match layer.crs.as_ref().or(assumed[first].as_ref()) {
        Some(crs) => {
            metric(crs, &layer.shapes).map_err(|source| ReadError::Crs { path: spec.path.clone(), source })?
        }
        None if like_degrees(&layer.shapes) => return Err(ReadError::NoCrs { path: spec.path.clone() }),
        None => Crs::local("local metres"),
    };
    if target.is_local() {
        // What declares a place on the earth goes with a plane of its own only where it lies beside it all the same.
        for (i, (spec, layer)) in layers.iter().enumerate() {
            let known = layer.crs.as_ref().is_some_and(|c| !c.is_local());
            if known && box_of(i).zip(box_of(first)).is_some_and(|(a, b)| !near(a, b)) {
                let source = CrsError::Local { name: target.name };
                return Err(ReadError::Crs { path: spec.path.clone(), source });
            }
        }
    }
    Ok((Some(target), assumed))
}

/// Brings a SWMM model into the system in metres for what is said about its coordinates, axes and zone numbers settled
/// first; its links tell for all of it whether north stands before east.
pub(crate) fn project_model(path: &Path, model: &mut RawSurvey) -> Result<(), ReadError> {
    let fail = |source| ReadError::Crs { path: path.to_owned(), source };
    let Some(first) = model.layers.first().filter(|_| !model.crs.is_local()) else { return Ok(()) };
    let target = metric(&model.crs, &first.shapes).map_err(fail)?;
    let crs = std::mem::replace(&mut model.crs, target);
    let transform = Transform::new(&crs, &model.crs).map_err(fail)?;
    let swapped = is_swapped(&crs, &first.shapes);
    for (index, layer) in model.layers.iter_mut().enumerate() {
        let mut own = Vec::new();
        if swapped {
            exchange_axes(&mut layer.shapes, &mut own);
        }
        number_zones(&crs, &mut layer.shapes, &mut own).map_err(fail)?;
        check_area(&crs, &layer.shapes, &mut own);
        let moved = transform.apply_all(layer.shapes.coords_mut());
        moved.map_err(|(at, source)| no_place(path, layer, &layer.shapes, at, source))?;
        // The axes and the area are told once, of the links.
        own.retain(|f| index == 0 || f.code == FindingCode::ZoneNumber);
        model.findings.extend(own.into_iter().map(|mut f| {
            if let Some(origin) = &mut f.origin {
                origin.layer = index as u16;
            }
            f
        }));
    }
    Ok(())
}

/// What is said of a layer that declares no system and is taken as one.
fn assumed_as(name: &str, shapes: &Shapes, local: bool) -> Finding {
    let hint = |language| {
        let (a, b) = bounds(shapes).filter(|_| local)?;
        suggest_crs(a, b, language)
    };
    let [en, zh] = [Language::English, Language::Chinese].map(|l| hint(l).unwrap_or_default());
    let finding = Finding::new(FindingCode::CrsAssumed).on(WHOLE);
    if en.is_empty() {
        return finding.with("value", name);
    }
    finding.with_word("value", &format!("{name} ({en})"), &format!("{name}（{zh}）"))
}

/// From where a layer comes to where it goes.
pub(crate) struct Way<'a> {
    /// What the file or the user declares.
    pub(crate) declared: Option<Crs>,
    /// Else the system of a layer it lies beside.
    pub(crate) assumed: Option<Crs>,
    /// The survey's system.
    pub(crate) target: &'a Crs,
}

/// Brings a layer into the survey's system, its axes, zone numbers and datum settled first.
pub(crate) fn project(
    spec: &LayerSpec,
    raw: &RawLayer,
    shapes: &mut Shapes,
    way: Way<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), ReadError> {
    let Way { declared, assumed, target } = way;
    let fail = |source| ReadError::Crs { path: spec.path.clone(), source };
    if declared.is_none() {
        if like_degrees(shapes) && !target.is_local() {
            return Err(ReadError::NoCrs { path: spec.path.clone() });
        }
        if !shapes.coords().is_empty() {
            let name = &assumed.as_ref().unwrap_or(target).name;
            findings.push(assumed_as(name, shapes, target.is_local()));
        }
    }
    let crs = declared.or(assumed).unwrap_or_else(|| target.clone());
    if target.is_local() {
        // The plane is as the pipes have it: what lies beside them is not moved.
        let source = CrsError::Local { name: target.name.clone() };
        return if crs.geographic { Err(fail(source)) } else { Ok(()) };
    }
    if is_swapped(&crs, shapes) {
        exchange_axes(shapes, findings);
    }
    number_zones(&crs, shapes, findings).map_err(fail)?;
    check_area(&crs, shapes, findings);
    if crs.geographic {
        undo_datum(spec, raw, shapes, findings);
    }
    let transform = Transform::new(&crs, target).map_err(fail)?;
    let moved = transform.apply_all(shapes.coords_mut());
    moved.map_err(|(at, source)| no_place(&spec.path, raw, shapes, at, source))
}

/// The error for a coordinate that has no place, by its row.
fn no_place(path: &Path, raw: &RawLayer, shapes: &Shapes, at: usize, source: CrsError) -> ReadError {
    let path = path.to_owned();
    if !matches!(source, CrsError::OutOfRange { .. }) {
        return ReadError::Crs { path, source };
    }
    let row = row_of(shapes, at);
    let id = raw.text(Field::Id, row).map(str::to_owned);
    ReadError::NoPlace { path, row: row + 1, id, source: Box::new(source) }
}

fn exchange_axes(shapes: &mut Shapes, findings: &mut Vec<Finding>) {
    shapes.coords_mut().iter_mut().for_each(|c| *c = Coord { x: c.y, y: c.x });
    if shapes.kind() == ShapeKind::Polygon {
        // Mirrored, the rings run the other way.
        let mut turned = Shapes::new(ShapeKind::Polygon);
        for row in 0..shapes.len() {
            let rings: Vec<Vec<Coord<f64>>> =
                shapes.parts(row).map(|ring| ring.iter().rev().copied().collect()).collect();
            turned.push(rings.iter().map(Vec::as_slice));
        }
        *shapes = turned;
    }
    findings.push(Finding::new(FindingCode::AxesSwapped).on(WHOLE));
}

/// The row that a coordinate belongs to.
fn row_of(shapes: &Shapes, coordinate: usize) -> usize {
    let mut end = 0;
    let ends = (0..shapes.len()).map(|row| {
        end += shapes.parts(row).map(<[_]>::len).sum::<usize>();
        end
    });
    ends.take_while(|end| *end <= coordinate).count()
}

/// Brings eastings with and without zone numbers to the numbering that the system has, each by itself: a layer may be put
/// together from both.
///
/// # Errors
/// [`CrsError::ZoneContradicted`] if most carry the number of another meridian; where few do, they are reported.
fn number_zones(crs: &Crs, shapes: &mut Shapes, findings: &mut Vec<Finding>) -> Result<(), CrsError> {
    let Some(numbers) = ZoneNumbers::of(crs) else { return Ok(()) };
    let total = shapes.coords().len();
    // By zone: the first coordinate that is numbered otherwise, how many are, and what was added to them.
    let mut odd: BTreeMap<u32, (usize, usize, Result<f64, CrsError>)> = BTreeMap::new();
    for (i, c) in shapes.coords_mut().iter_mut().enumerate() {
        let (zone, shift) = match numbers.shift(*c) {
            Ok(None) => continue,
            Ok(Some((shift, zone))) => (zone, Ok(shift)),
            Err(error @ CrsError::ZoneContradicted { zone, .. }) => (zone, Err(error)),
            Err(error) => return Err(error),
        };
        c.x += shift.as_ref().copied().unwrap_or(0.0);
        odd.entry(zone).or_insert((i, 0, shift)).1 += 1;
    }
    let elsewhere: usize = odd.values().filter(|o| o.2.is_err()).map(|o| o.1).sum();
    if 2 * elsewhere > total {
        let most = odd.into_values().filter(|o| o.2.is_err()).max_by_key(|o| o.1);
        return most.map_or(Ok(()), |o| o.2.map(|_| ()));
    }
    for (zone, (first, count, shift)) in odd {
        let million = f64::from(zone) * 1e6;
        let carried = ("carry", "带有");
        let (why, done) = match shift {
            Ok(shift) if shift == -million => (carried, ("it was taken off".into(), "已去除".into())),
            Ok(shift) if shift == million => (("lack", "缺少"), ("it was added".into(), "已补上".into())),
            Ok(shift) => {
                let other = (million + shift) / 1e6;
                (carried, (format!("it became {other}"), format!("已改为 {other}")))
            }
            Err(_) => (carried, (String::from("they were left as they are"), String::from("未作改动"))),
        };
        findings.push(
            Finding::new(FindingCode::ZoneNumber)
                .with("count", count)
                .with("total", total)
                .with("zone", zone)
                .with("value", &crs.name)
                .with_word("why", why.0, why.1)
                .with_word("done", &done.0, &done.1)
                .on(Origin { layer: 0, row: row_of(shapes, first) as u32 }),
        );
    }
    Ok(())
}

/// A layer in a city's own grid should lie where the shared points do.
fn check_area(crs: &Crs, shapes: &Shapes, findings: &mut Vec<Finding>) {
    let Some([p, q]) = crs.grid.as_ref().and_then(|g| g.area) else { return };
    let Some((a, b)) = bounds(shapes) else { return };
    if near((a, b), (p, q)) {
        return;
    }
    let apart = |a: f64, b: f64, p: f64, q: f64| (p - b).max(a - q).max(0.0);
    let far = apart(a.x, b.x, p.x, q.x).hypot(apart(a.y, b.y, p.y, q.y)) / 1000.0;
    let finding = Finding::new(FindingCode::GridDoubtful).with("value", &crs.name).with_word(
        "why",
        &format!("the layer lies {far:.0} km from the shared points"),
        &format!("图层距公共点 {far:.0} 公里"),
    );
    findings.push(finding.on(WHOLE));
}

/// Undoes declared GCJ-02 and BD-09; venues whose degrees declare no datum are reported.
fn undo_datum(spec: &LayerSpec, raw: &RawLayer, shapes: &mut Shapes, findings: &mut Vec<Finding>) {
    let whole = spec.crs.as_deref().and_then(Datum::parse);
    let mut moved = Shapes::new(shapes.kind());
    for row in 0..shapes.len() {
        let datum = raw.text(Field::Datum, row).and_then(Datum::parse).or(whole);
        let in_china =
            shapes.point(row).is_some_and(|p| (72.0..138.0).contains(&p.x) && (0.8..56.0).contains(&p.y));
        if datum.is_none() && spec.role == Role::Venues && in_china {
            // Undeclared: the reader cannot tell a web map's point from a surveyed one.
            let finding = Finding::new(FindingCode::DatumUnknown)
                .with("id", row_name(raw, row))
                .with("value", "514–1133")
                .on(Origin { layer: 0, row: row as u32 });
            findings.push(finding);
        }
        let datum = datum.unwrap_or(Datum::Modern);
        let parts: Vec<Vec<Coord<f64>>> =
            shapes.parts(row).map(|p| p.iter().map(|c| datum.to_wgs84(*c)).collect()).collect();
        moved.push(parts.iter().map(Vec::as_slice));
    }
    *shapes = moved;
}
