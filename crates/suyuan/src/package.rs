//! Answers to layers, as QGIS users see them.

use std::borrow::Cow;

use suyuan_core::raw::{Field, RawLayer, Role, ShapeKind};
use suyuan_core::{Coord, Finding, Language};
use suyuan_export::{Look, Package, Table, Values};
use suyuan_network::{Defect, NodeId, PipeId, ReachId};
use suyuan_trace::Stop;

use crate::answer::{StartAnswer, StopAnswer, TraceAnswer};
use crate::city::City;
use crate::repair::repair_table;
use crate::rows::{Kind, Rows, attributes, rounded};

/// How far around the trace the rest of the network is shown, metres.
const CONTEXT: f64 = 250.0;

struct Titles {
    result: &'static str,
    path: &'static str,
    background: &'static str,
}

fn titles(language: Language) -> Titles {
    Titles {
        result: language.pick("Result", "结论"),
        path: language.pick("Trace", "溯源路径"),
        background: language.pick("Background", "背景"),
    }
}

/// Whether a map shows what lies around its answer: other pipes, outfalls, waters and venues.
#[doc(alias = "底图")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Within 250 m of it.
    Shown,
    /// The answer alone.
    LeftOut,
}

/// The layers of some traces: starts, ranked drainers, stops, findings, traced pipes, nodes, and what lies around.
#[must_use]
pub fn trace_package(
    city: &City,
    answers: &[TraceAnswer],
    background: Background,
    language: Language,
) -> Package {
    let t = titles(language);
    let mut tables = vec![starts(answers, language, t.result)];
    let (points, areas) = candidates(city, answers, language, [t.result, t.path]);
    tables.extend(points);
    let mut concerned: Vec<usize> = answers.iter().flat_map(|a| a.concerned.iter().copied()).collect();
    concerned.sort_unstable();
    concerned.dedup();
    let findings: Vec<&Finding> = concerned.iter().map(|i| city.findings.at(*i)).collect();
    tables.push(stops(city, answers, language, t.path));
    tables.push(finding_table(city, &findings, language, t.path));
    let traced_at = tables.len();
    // One thread weighs the shares while the others put together all else.
    let (shares, ()) = rayon::join(
        || answers.iter().flat_map(|a| a.trace.shares(&city.network)).collect::<Vec<f64>>(),
        || {
            tables.push(traced(city, answers, language, t.path));
            tables.push(nodes(city, answers, language, t.path));
            // Below the pipes, which they would cover.
            tables.extend(areas);
            if background == Background::LeftOut {
                return;
            }
            let mut traced = vec![false; city.network.reach_count()];
            for step in answers.iter().flat_map(|a| &a.trace.steps) {
                traced[step.reach.index()] = true;
            }
            tables.extend(lies_around(city, &tables, &traced, language));
        },
    );
    if let Some(column) = tables[traced_at].columns.iter_mut().find(|c| c.name == "share") {
        column.values = Values::Real(shares.into_iter().map(rounded).collect());
    }
    let names: Vec<&str> = answers.iter().take(3).map(|a| a.start.id.as_str()).collect();
    let more = if answers.len() > 3 { " …" } else { "" };
    Package {
        title: format!("{} {}{more}", language.pick("suyuan trace", "溯源结果"), names.join(", ")),
        crs: city.network.crs().clone(),
        language,
        tables,
        focus: Some("traced_pipes".to_owned()),
        run_info: run_info(city),
    }
}

/// What lies around some layers, `drawn` being the reaches that they show: outfalls, other pipes, waters and venues.
pub(crate) fn lies_around(city: &City, tables: &[Table], drawn: &[bool], language: Language) -> Vec<Table> {
    let group = titles(language).background;
    let bounds = bounds_of(tables);
    let mut around =
        vec![outfalls(city, bounds, language, group), context(city, drawn, bounds, language, group)];
    around.extend(background(city, bounds, language, group));
    around
}

/// The places that a question is about.
pub(crate) fn places<'a>(
    places: impl IntoIterator<Item = &'a StartAnswer>,
    language: Language,
    group: &str,
) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[("id", "Id", "编号", Kind::Text), ("name", "Kind", "类型", Kind::Text)],
    );
    for place in places {
        rows.text("id", &place.id).text("name", place.label(language));
        match place.x.zip(place.y) {
            Some((x, y)) => rows.shape([[Coord { x, y }].as_slice()]),
            None => rows.shape([]),
        }
    }
    rows.table("start", language.pick("Places", "起讫点"), group, Look::Start)
}

fn starts(answers: &[TraceAnswer], language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("id", "Id", "编号", Kind::Text),
            ("name", "Kind", "类型", Kind::Text),
            ("direction", "Direction", "方向", Kind::Text),
            ("snap_m", "Distance to the network (m)", "至管网距离(m)", Kind::Real),
            ("pipes", "Pipes", "管段数", Kind::Integer),
            ("length_m", "Length of pipe (m)", "管长(m)", Kind::Real),
            ("drainers", "Drainers", "排水户数", Kind::Integer),
            ("findings", "Findings", "数据疑点数", Kind::Integer),
        ],
    );
    for answer in answers {
        rows.text("id", &answer.start.id)
            .text("name", answer.start.label(language))
            .text("direction", answer.direction)
            .real("snap_m", answer.start.snap_m)
            .integer("pipes", answer.pipes.len() as i64)
            .real("length_m", answer.length_m)
            .integer("drainers", answer.drainers.len() as i64)
            .integer("findings", answer.findings as i64);
        match answer.trace.start.spot {
            Some(spot) => rows.shape([[spot].as_slice()]),
            None => rows.shape([]),
        }
    }
    rows.table("start", language.pick("Start", "溯源起点"), group, Look::Start)
}

/// The candidates that are points and those that are areas, each in its group.
fn candidates(
    city: &City,
    answers: &[TraceAnswer],
    language: Language,
    groups: [&str; 2],
) -> (Option<Table>, Option<Table>) {
    let columns = [
        ("start", "Start", "溯源起点", Kind::Text),
        ("rank", "Rank", "排名", Kind::Integer),
        ("drainer", "Drainer", "排水户编号", Kind::Text),
        ("name", "Name", "名称", Kind::Text),
        ("layer", "Layer", "来源图层", Kind::Text),
        ("trade", "Trade", "行业", Kind::Text),
        ("probability", "Probability", "来源概率", Kind::Real),
        ("distance_m", "Pipe to the start (m)", "至起点管长(m)", Kind::Real),
        ("grade", "Link", "接驳等级", Kind::Text),
        ("pipe", "Pipe", "接入管段", Kind::Text),
        ("gap_m", "Distance to the pipe (m)", "至管段距离(m)", Kind::Real),
        ("share", "Share of flow arriving", "到达水量份额", Kind::Real),
        ("certainty", "Certainty of the way", "沿途可信度", Kind::Text),
        ("why", "Why", "判定依据", Kind::Text),
    ];
    let mut points = Rows::new(ShapeKind::Point, language, &columns);
    let mut areas = Rows::new(ShapeKind::Polygon, language, &columns);
    let (mut point_origins, mut area_origins) = (Vec::new(), Vec::new());
    for answer in answers {
        for (ranked, shown) in answer.ranked.iter().zip(&answer.candidates) {
            let drainer = city.drainers.drainer(ranked.drainer);
            let layer = city.survey.as_ref().map(|s| &s.layers[drainer.origin.layer as usize]);
            let area = layer.filter(|l| l.shapes.kind() == ShapeKind::Polygon);
            let (rows, origins) = match area {
                Some(_) => (&mut areas, &mut area_origins),
                None => (&mut points, &mut point_origins),
            };
            origins.push(drainer.origin);
            let why: Vec<&str> = ranked.evidence.iter().map(|e| e.text(language)).collect();
            rows.text("start", &answer.start.id)
                .integer("rank", shown.rank as i64)
                .text("drainer", &drainer.id)
                .text("name", if drainer.name.is_empty() { &drainer.id } else { &drainer.name })
                .text("layer", &shown.layer)
                .text("trade", &drainer.trade)
                .real("probability", ranked.probability)
                .real("distance_m", ranked.distance)
                .text("grade", drainer.link.map_or("", |l| l.grade.label(language)))
                .text("pipe", shown.link.pipe.as_deref().or(shown.link.node.as_deref()).unwrap_or(""))
                .real("gap_m", shown.link.gap_m)
                .real("share", ranked.share)
                .text(
                    "certainty",
                    if ranked.certain {
                        language.pick("certain", "确定")
                    } else {
                        language.pick("doubtful", "存疑")
                    },
                )
                .text("why", &why.join(language.pick("; ", "；")));
            match (area, drainer.place) {
                (Some(layer), _) => rows.shape(layer.shapes.parts(drainer.origin.row as usize)),
                (None, Some(place)) => rows.shape([[place].as_slice()]),
                (None, None) => rows.shape([]),
            }
        }
    }
    let any_areas = areas.len() > 0;
    let points = (points.len() > 0 || !any_areas).then(|| {
        let title = language.pick("Candidate drainers (inspect next)", "疑似排水户（建议排查）");
        let mut table = points.table("candidates", title, groups[0], Look::Candidates);
        table.columns.extend(attributes(city, &point_origins));
        table
    });
    let areas = any_areas.then(|| {
        let title = language.pick("Candidate plots (inspect next)", "疑似排水地块（建议排查）");
        let mut table = areas.table("candidate_areas", title, groups[1], Look::CandidateAreas);
        table.columns.extend(attributes(city, &area_origins));
        table
    });
    (points, areas)
}

fn stops(city: &City, answers: &[TraceAnswer], language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("start", "Start", "溯源起点", Kind::Text),
            ("node", "Node", "管点", Kind::Text),
            ("reason", "Reason (code)", "终止代码", Kind::Text),
            ("reason_text", "Why the branch ends here", "终止原因", Kind::Text),
            ("gap_m", "Width of the gap (m)", "断开距离(m)", Kind::Real),
            ("beyond", "Pipe beyond", "对侧管段", Kind::Text),
            ("distance_m", "Pipe to the start (m)", "至起点管长(m)", Kind::Real),
        ],
    );
    for answer in answers {
        let stops: Vec<(&Stop, &StopAnswer)> = answer.trace.stops.iter().zip(&answer.stops).collect();
        rows.fill(&stops, |rows, (stop, shown)| {
            rows.text("start", &answer.start.id)
                .text("node", &shown.node)
                .text("reason", &shown.reason)
                .text("reason_text", stop.reason.label(answer.trace.heading, language))
                .real("gap_m", shown.gap_m.unwrap_or(f64::NAN))
                .text("beyond", shown.beyond.as_deref().unwrap_or(""))
                .real("distance_m", stop.distance);
            let place = city.network.node(stop.node).place;
            rows.shape(place.as_ref().map(std::slice::from_ref));
        });
    }
    rows.table("stops", language.pick("Where branches end", "支线终点"), group, Look::Stops)
}

pub(crate) fn finding_table(city: &City, findings: &[&Finding], language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("code", "Code", "代码", Kind::Text),
            ("severity", "Severity", "级别", Kind::Text),
            ("message", "What is doubtful", "说明", Kind::Text),
            ("subject", "Subject", "对象", Kind::Text),
            ("origin", "Where it stands", "数据出处", Kind::Text),
        ],
    );
    rows.fill(findings, |rows, finding| {
        let origin = match (&city.survey, finding.origin) {
            (Some(survey), Some(origin)) => survey.describe(origin),
            _ => String::new(),
        };
        rows.text("code", finding.code.code())
            .text("severity", finding.code.severity().key())
            .text("message", &finding.message(language))
            .text("subject", finding.detail("id").unwrap_or(""))
            .text("origin", &origin);
        let place = finding.place.map(|(x, y)| Coord { x, y });
        rows.shape(place.as_ref().map(std::slice::from_ref));
    });
    rows.table("findings", language.pick("Doubtful data", "数据疑点"), group, Look::Findings)
}

fn traced(city: &City, answers: &[TraceAnswer], language: Language, group: &str) -> Table {
    let network = &city.network;
    let mut rows = Rows::new(
        ShapeKind::Line,
        language,
        &[
            ("start", "Start", "溯源起点", Kind::Text),
            ("pipe", "Pipe", "管段编号", Kind::Text),
            ("from_node", "Upper node", "上游管点", Kind::Text),
            ("to_node", "Lower node", "下游管点", Kind::Text),
            ("system", "System", "排水系统", Kind::Text),
            ("certainty", "Certainty of direction", "流向可信度", Kind::Text),
            ("probability", "Probability of direction", "流向概率", Kind::Real),
            ("basis", "Basis of direction", "流向依据", Kind::Text),
            ("distance_m", "Pipe to the start (m)", "至起点管长(m)", Kind::Real),
            ("length_m", "Length (m)", "长度(m)", Kind::Real),
            ("share", "Share of flow arriving", "到达水量份额", Kind::Real),
            ("invert_up", "Upper invert (m)", "上游管底(m)", Kind::Real),
            ("invert_down", "Lower invert (m)", "下游管底(m)", Kind::Real),
        ],
    );
    let mut origins = Vec::new();
    for answer in answers {
        let steps = &answer.trace.steps;
        rows.fill(steps, |rows, step| {
            let reach = network.reach(step.reach);
            let [up, down] = network.pipe_inverts(reach.pipe);
            rows.text("start", &answer.start.id)
                .text("pipe", network.pipe_name(reach.pipe))
                .text("from_node", network.node(reach.from).name)
                .text("to_node", network.node(reach.to).name)
                .text("system", network.pipe(reach.pipe).system.label(language))
                .text("certainty", reach.certainty.label(language))
                .real("probability", (f64::from(reach.probability) * 1e4).round() / 1e4)
                .text("basis", reach.basis.label(language))
                .real("distance_m", step.distance)
                .real("length_m", step.measures[1] - step.measures[0])
                .real("share", f64::NAN) // filled in afterwards
                .real("invert_up", up.unwrap_or(f64::NAN))
                .real("invert_down", down.unwrap_or(f64::NAN));
            let line = network.line_of_stretch(step.reach, step.measures);
            rows.shape((line.len() > 1).then_some(line.as_slice()));
        });
        origins.extend(steps.iter().map(|step| network.pipe(network.reach(step.reach).pipe).origin));
    }
    let mut table = rows.table(
        "traced_pipes",
        language.pick("Traced pipes (by distance)", "溯源管段（按距离）"),
        group,
        Look::TracedPipes,
    );
    table.columns.extend(attributes(city, &origins));
    table
}

fn nodes(city: &City, answers: &[TraceAnswer], language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("node", "Node", "管点", Kind::Text),
            ("kind", "Kind", "类型", Kind::Text),
            ("distance_m", "Pipe to the start (m)", "至起点管长(m)", Kind::Real),
        ],
    );
    let mut seen = vec![false; city.network.node_count()];
    let mut reached: Vec<(NodeId, f64)> =
        answers.iter().flat_map(|a| a.trace.nodes.iter().copied()).collect();
    reached.retain(|(id, _)| !std::mem::replace(&mut seen[id.index()], true));
    rows.fill(&reached, |rows, (id, distance)| {
        let node = city.network.node(*id);
        rows.text("node", node.name).text("kind", node.kind.key()).real("distance_m", *distance);
        rows.shape(node.place.as_ref().map(std::slice::from_ref));
    });
    rows.table("nodes", language.pick("Manholes on the way", "沿途管点"), group, Look::Nodes)
}

/// Least and greatest x, least and greatest y around everything so far, grown a little.
fn bounds_of(tables: &[Table]) -> Option<[f64; 4]> {
    let mut coords = tables
        .iter()
        .filter(|t| {
            use Look::{Amounts, CandidateAreas, Candidates, Plugs, Start, TracedPipes};
            matches!(t.look, Start | TracedPipes | Candidates | CandidateAreas | Amounts | Plugs)
        })
        .flat_map(|t| t.shapes.coords());
    let first = coords.next()?;
    let b = coords.fold([first.x, first.x, first.y, first.y], |b, c| {
        [b[0].min(c.x), b[1].max(c.x), b[2].min(c.y), b[3].max(c.y)]
    });
    Some([b[0] - CONTEXT, b[1] + CONTEXT, b[2] - CONTEXT, b[3] + CONTEXT])
}

/// A box around nothing.
const NOTHING: [f64; 4] = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];

/// A box grown to hold more places.
fn around<'a>(known: [f64; 4], coords: impl IntoIterator<Item = &'a Coord<f64>>) -> [f64; 4] {
    let grown = |o: [f64; 4], c: &Coord<f64>| [o[0].min(c.x), o[1].max(c.x), o[2].min(c.y), o[3].max(c.y)];
    coords.into_iter().fold(known, grown)
}

fn touches(bounds: Option<[f64; 4]>, own: [f64; 4]) -> bool {
    let Some(b) = bounds else { return true };
    own[0] <= b[1] && b[0] <= own[1] && own[2] <= b[3] && b[2] <= own[3]
}

fn outfalls(city: &City, bounds: Option<[f64; 4]>, language: Language, group: &str) -> Table {
    let mut rows = Rows::new(
        ShapeKind::Point,
        language,
        &[("id", "Id", "编号", Kind::Text), ("name", "Name", "名称", Kind::Text)],
    );
    for outfall in city.network.outfall_ids().map(|o| city.network.outfall(o)) {
        if touches(bounds, around(NOTHING, &outfall.place)) {
            rows.text("id", &outfall.id).text("name", &outfall.name);
            match outfall.place {
                Some(place) => rows.shape([[place].as_slice()]),
                None => rows.shape([]),
            }
        }
    }
    rows.table("outfalls", language.pick("Outfalls", "排口"), group, Look::Outfalls)
}

/// The pipes that are not drawn already; `drawn` may be empty.
fn context(city: &City, drawn: &[bool], bounds: Option<[f64; 4]>, language: Language, group: &str) -> Table {
    let network = &city.network;
    let mut rows = Rows::new(
        ShapeKind::Line,
        language,
        &[("pipe", "Pipe", "管段编号", Kind::Text), ("system", "System", "排水系统", Kind::Text)],
    );
    // Findings and venues draw none.
    let is_drawn = |r: ReachId| drawn.get(r.index()) == Some(&true);
    let is_near = |pipe: PipeId| {
        let own = || network.parts_of(pipe).fold(NOTHING, |known, line| around(known, line.iter()));
        !network.reaches_of(pipe).all(is_drawn) && touches(bounds, own())
    };
    let pipes: Vec<PipeId> = network.pipe_ids().collect();
    rows.fill(&pipes, |rows, pipe| {
        if is_near(*pipe) {
            rows.text("pipe", network.pipe_name(*pipe)).text("system", network.pipe(*pipe).system.key());
            let lines: Vec<Cow<'_, [Coord<f64>]>> =
                network.parts_of(*pipe).filter(|line| line.len() > 1).collect();
            rows.shape(lines.iter().map(Cow::as_ref));
        }
    });
    rows.table("network", language.pick("Other pipes", "其他管网"), group, Look::Network)
}

/// Waters and venues of the survey near the trace.
fn background(city: &City, bounds: Option<[f64; 4]>, language: Language, group: &str) -> Vec<Table> {
    let Some(survey) = &city.survey else { return Vec::new() };
    let mut tables = Vec::new();
    for (role, name, title, look) in [
        (Role::Venues, "venues", language.pick("Venues", "重点场馆"), Look::Venues),
        (Role::Waters, "waters", language.pick("Waters", "水体"), Look::Waters),
    ] {
        for (n, (_, layer)) in survey.layers_of(role).enumerate() {
            let name = if n == 0 { name.to_owned() } else { format!("{name}_{}", n + 1) };
            tables.push(named_table(layer, bounds, &name, title, group, look, language));
        }
    }
    tables
}

fn named_table(
    layer: &RawLayer,
    bounds: Option<[f64; 4]>,
    name: &str,
    title: &str,
    group: &str,
    look: Look,
    language: Language,
) -> Table {
    let mut rows = Rows::new(
        layer.shapes.kind(),
        language,
        &[("id", "Id", "编号", Kind::Text), ("name", "Name", "名称", Kind::Text)],
    );
    let first =
        |row: usize| layer.shapes.parts(row).next().and_then(|p| p.first().copied()).unwrap_or_default();
    let mut order: Vec<usize> = (0..layer.len()).collect();
    order.sort_by(|a, b| {
        let (p, q) = (first(*a), first(*b));
        layer.id(*a).cmp(&layer.id(*b)).then(p.x.total_cmp(&q.x)).then(p.y.total_cmp(&q.y))
    });
    for row in order {
        if touches(bounds, around(NOTHING, layer.shapes.parts(row).flatten())) {
            rows.text("id", &layer.id(row)).text("name", layer.text(Field::Name, row).unwrap_or(""));
            rows.shape(layer.shapes.parts(row));
        }
    }
    rows.table(name, title, group, look)
}

/// How a result was made: version, settings, sources.
#[must_use]
pub fn run_info(city: &City) -> Vec<(String, String)> {
    let build = &city.spec.build;
    let mut info = vec![
        ("suyuan".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("crs".to_owned(), city.network.crs().name.clone()),
        ("snap".to_owned(), format!("{:?}", build.snap)),
        ("join".to_owned(), format!("{:?}", build.join)),
        ("direct".to_owned(), format!("{:?}", build.direct)),
        ("drainer_reach_m".to_owned(), city.spec.drainer_reach.to_string()),
    ];
    for layer in city.survey.iter().flat_map(|s| &s.layers) {
        let source = &layer.source;
        let text = format!(
            "{} · {} features · {} · {} · {}",
            source.path,
            layer.len(),
            source.crs,
            source.encoding,
            source.dialect
        );
        info.push((format!("layer {}", layer.role.key()), text));
    }
    for (path, fingerprint) in &city.sources {
        info.push((format!("source {path}"), format!("{} bytes, {:08x}", fingerprint.size, fingerprint.sum)));
    }
    info
}

/// Every finding of a city over its network, and the repairs proposed for the defects that matter most.
#[must_use]
pub fn findings_package(city: &City, defects: &[Defect], language: Language) -> Package {
    let t = titles(language);
    let findings: Vec<&Finding> = city.findings.iter().collect();
    let mut tables = vec![repair_table(city, defects, language, t.result)];
    tables.push(finding_table(city, &findings, language, t.result));
    tables.push(outfalls(city, None, language, t.background));
    tables.push(context(city, &[], None, language, t.background));
    tables.extend(background(city, None, language, t.background));
    Package {
        title: language.pick("suyuan check", "管网数据检查").to_owned(),
        crs: city.network.crs().clone(),
        language,
        tables,
        focus: Some("network".to_owned()),
        run_info: run_info(city),
    }
}

/// The whole network and the waters, as background of other results.
pub(crate) fn surroundings(city: &City, language: Language, group: &str) -> Vec<Table> {
    let mut tables = vec![context(city, &[], None, language, group)];
    tables.extend(background(city, None, language, group).into_iter().filter(|t| t.look == Look::Waters));
    tables
}
