//! The sample city's files: as delivered, tidy, and what is to be found.

use std::collections::BTreeSet;
use std::path::Path;

use geo_types::Coord;
use serde_json::json;
use suyuan_core::Language;
use suyuan_core::crs::{Crs, CrsError, wgs84_to_gcj02};
use suyuan_core::raw::{ShapeKind, Shapes};
use suyuan_export::{
    ExportError, Look, Package, ShapefileOptions, Table, TableColumn, Values, WriteOptions, write_package,
    write_shapefile,
};

use crate::plan::{River, Streets, on_map, rivers, streets};
use crate::random::Random;
use crate::sewers::{Kind, Sewers, foul, storm};
use crate::story::{Drainer, Known, Story, drainers, plant};
use crate::survey::{Survey, deliver, delivered_id};

/// Why the sample city was not written.
#[derive(Debug)]
pub enum Failure {
    /// A coordinate system is unknown.
    Crs(CrsError),
    /// A package could not be written.
    Export(ExportError),
    /// A file could not be written.
    Io(std::io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Crs(e) => e.fmt(f),
            Self::Export(e) => e.fmt(f),
            Self::Io(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

impl From<CrsError> for Failure {
    fn from(error: CrsError) -> Self {
        Self::Crs(error)
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::Export(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// The sample city.
pub struct SampleCity {
    rivers: Vec<River>,
    storm: Sewers,
    foul: Sewers,
    drainers: Vec<Drainer>,
    story: Story,
    survey: Survey,
}

/// Venues: id, name, longitude and latitude (WGS84), and the datum of the delivered coordinates.
///
/// # Reference
/// Coordinates as published for the Asian Games of 2022; the last row is a second source's point of the stadium.
const VENUES: [(&str, &str, f64, f64, &str); 4] = [
    ("CG01", "滨江体育馆", 120.199_267, 30.197_950, "WGS84"),
    ("CG02", "杭州奥体中心体育场", 120.224_459, 30.231_610, "WGS84"),
    ("CG03", "杭州奥体中心网球中心", 120.234_209, 30.232_466, "GCJ02"),
    ("CG04", "杭州奥体中心体育场（第二来源）", 120.224_156, 30.231_648, ""),
];

/// Builds the sample city; the same each time.
#[must_use]
pub fn sample_city() -> SampleCity {
    let mut random = Random::new(330_108);
    let rivers = rivers();
    let plan: Streets = streets(&rivers, &mut random);
    let storm = storm(&plan, &rivers, &mut random);
    let foul = foul(&plan, &mut random);
    let mut drainers = drainers(&storm, &foul, &mut random);
    let story = plant(&storm, &mut drainers);
    let spared = storm.upstream(storm.outfalls[story.outfall].node);
    let survey = deliver(&storm, &spared, &mut random);
    SampleCity { rivers, storm, foul, drainers, story, survey }
}

struct Rows {
    table: Table,
}

impl Rows {
    fn new(name: &str, title: &str, look: Look, kind: ShapeKind) -> Self {
        let table = Table {
            name: name.to_owned(),
            title: title.to_owned(),
            group: String::new(),
            look,
            shapes: Shapes::new(kind),
            columns: Vec::new(),
        };
        Self { table }
    }

    fn shape(mut self, shapes: impl IntoIterator<Item = Vec<Coord<f64>>>) -> Self {
        for shape in shapes {
            let part = (!shape.is_empty()).then_some(shape.as_slice());
            self.table.shapes.push(part);
        }
        self
    }

    fn column(mut self, name: &str, values: Values) -> Self {
        self.table.columns.push(TableColumn { name: name.to_owned(), alias: name.to_owned(), values });
        self
    }

    fn text<'a>(self, name: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.column(name, Values::Text(texts.into_iter().collect()))
    }

    fn real(self, name: &str, numbers: impl IntoIterator<Item = f64>) -> Self {
        self.column(name, Values::Real(numbers.into_iter().collect()))
    }

    fn integer(self, name: &str, numbers: impl IntoIterator<Item = i64>) -> Self {
        self.column(name, Values::Integer(numbers.into_iter().map(Some).collect()))
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Manhole | Kind::Tap => "检查井",
        Kind::Inlet => "雨水口",
        Kind::Outfall => "排放口",
        Kind::Pump => "泵站",
    }
}

fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Manhole | Kind::Tap => "manhole",
        Kind::Inlet => "inlet",
        Kind::Outfall => "outfall",
        Kind::Pump => "pump_station",
    }
}

impl SampleCity {
    fn node_of(&self, drainer: &Drainer) -> &crate::sewers::Node {
        let sewers = if drainer.into_storm { &self.storm } else { &self.foul };
        &sewers.nodes[drainer.node]
    }

    fn river_names(&self) -> Vec<String> {
        let mut count = vec![0; self.rivers.len()];
        let names = self.storm.outfalls.iter().map(|o| {
            count[o.river] += 1;
            format!("{}{}号雨水排口", self.rivers[o.river].name, count[o.river])
        });
        names.collect()
    }

    /// The delivered shapefiles: Zhejiang columns, GBK, no `.cpg`, language byte 0.
    fn raw(&self) -> Vec<(Rows, bool)> {
        let survey = &self.survey.rows;
        let length = |line: &[Coord<f64>]| {
            let metres: f64 = line.windows(2).map(|w| crate::plan::apart(w[0], w[1])).sum();
            (metres * 100.0).round() / 100.0
        };
        let mut layers = vec![
            Rows::new("YSLINE", "", Look::Network, ShapeKind::Line)
                .shape(survey.iter().map(|r| r.line.clone()))
                .text("管段编号", survey.iter().map(|r| r.id.as_str()))
                .text("管线性质", survey.iter().map(|_| "雨水"))
                .real("起点管底高程", survey.iter().map(|r| r.levels[0]))
                .real("终点管底高程", survey.iter().map(|r| r.levels[1]))
                .integer("管径", survey.iter().map(|r| r.diameter))
                .text("材质", survey.iter().map(|r| if r.diameter > 500 { "砼" } else { "PE" }))
                .real("管长", survey.iter().map(|r| length(&r.line)))
                .text("所在道路", survey.iter().map(|r| r.street.as_str())),
        ];
        let foul = &self.foul;
        let end = |p: &crate::sewers::Pipe, e: usize| &foul.nodes[p.ends[e]];
        layers.push(
            Rows::new("WSLINE", "", Look::Network, ShapeKind::Line)
                .shape(foul.pipes.iter().map(|p| vec![on_map(end(p, 0).place), on_map(end(p, 1).place)]))
                .text("管段编号", foul.pipes.iter().map(|p| p.id.as_str()))
                .text("管线性质", foul.pipes.iter().map(|_| "污水"))
                .text("起点点号", foul.pipes.iter().map(|p| end(p, 0).id.as_str()))
                .text("终点点号", foul.pipes.iter().map(|p| end(p, 1).id.as_str()))
                .real("起点管底高程", foul.pipes.iter().map(|p| end(p, 0).level))
                .real("终点管底高程", foul.pipes.iter().map(|p| end(p, 1).level))
                .integer("管径", foul.pipes.iter().map(|p| p.diameter))
                .text("材质", foul.pipes.iter().map(|_| "HDPE"))
                .text("所在道路", foul.pipes.iter().map(|p| p.street.as_str())),
        );
        for (name, sewers) in [("YSPOINT", &self.storm), ("WSPOINT", foul)] {
            let nodes: Vec<_> = sewers.nodes.iter().filter(|n| n.kind != Kind::Tap).collect();
            layers.push(
                Rows::new(name, "", Look::Nodes, ShapeKind::Point)
                    .shape(nodes.iter().map(|n| vec![on_map(n.place)]))
                    .text("物探点号", nodes.iter().map(|n| n.id.as_str()))
                    .text("附属物", nodes.iter().map(|n| kind_name(n.kind)))
                    .real("地面高程", nodes.iter().map(|n| n.ground))
                    .real("井底深", nodes.iter().map(|n| ((n.ground - n.level) * 100.0).round() / 100.0)),
            );
        }
        let outfalls = &self.storm.outfalls;
        let names = self.river_names();
        layers.push(
            Rows::new("PAIKOU", "", Look::Outfalls, ShapeKind::Point)
                .shape(outfalls.iter().map(|o| vec![on_map(self.storm.nodes[o.node].place)]))
                .text("排口编号", outfalls.iter().map(|o| o.id.as_str()))
                .text("排口名称", names.iter().map(String::as_str))
                .text("受纳水体", outfalls.iter().map(|o| self.rivers[o.river].name))
                .text("排水类别", outfalls.iter().map(|_| "雨水")),
        );
        let drainers = &self.drainers;
        let recorded = |(i, d): (usize, &Drainer)| match d.known {
            // One record names a manhole that nobody surveyed.
            Known::Recorded if i == self.story.unknown => "YS9999".to_owned(),
            Known::Recorded => self.node_of(d).id.clone(),
            _ => String::new(),
        };
        let recorded: Vec<String> = drainers.iter().enumerate().map(recorded).collect();
        layers.push(
            Rows::new("PAISHUIHU", "", Look::Drainers, ShapeKind::Point)
                .shape(drainers.iter().map(|d| vec![on_map(d.place)]))
                .text("排水户编号", drainers.iter().map(|d| d.id.as_str()))
                .text("排水户名称", drainers.iter().map(|d| d.name.as_str()))
                .text("行业类别", drainers.iter().map(|d| d.trade))
                .text("接入井号", recorded.iter().map(String::as_str)),
        );
        let lateral: Vec<&Drainer> = drainers.iter().filter(|d| d.known == Known::Lateral).collect();
        let ids: Vec<String> = lateral.iter().map(|d| format!("JH{}", &d.id[3..])).collect();
        layers.push(
            Rows::new("JIEHUGUAN", "", Look::Network, ShapeKind::Line)
                .shape(lateral.iter().map(|d| vec![on_map(d.place), on_map(self.node_of(d).place)]))
                .text("接户管编号", ids.iter().map(String::as_str))
                .text("排水户编号", lateral.iter().map(|d| d.id.as_str())),
        );
        layers.push(
            Rows::new("HEDAO", "", Look::Waters, ShapeKind::Polygon)
                .shape(self.rivers.iter().map(|r| r.area.iter().map(|p| on_map(*p)).collect()))
                .text("河道编号", self.rivers.iter().map(|r| r.id))
                .text("河道名称", self.rivers.iter().map(|r| r.name)),
        );
        let mut layers: Vec<(Rows, bool)> = layers.into_iter().map(|rows| (rows, false)).collect();
        let place = |v: &(&str, &str, f64, f64, &str)| {
            let true_place = Coord { x: v.2, y: v.3 };
            let round = |x: f64| (x * 1e6).round() / 1e6;
            let told = if v.4 == "GCJ02" { wgs84_to_gcj02(true_place) } else { true_place };
            vec![Coord { x: round(told.x), y: round(told.y) }]
        };
        let venues = Rows::new("CHANGGUAN", "", Look::Venues, ShapeKind::Point)
            .shape(VENUES.iter().map(place))
            .text("场馆编号", VENUES.iter().map(|v| v.0))
            .text("场馆名称", VENUES.iter().map(|v| v.1))
            .text("坐标基准", VENUES.iter().map(|v| v.4));
        layers.push((venues, true));
        layers
    }

    /// The same city without faults, in suyuan's own words.
    fn tidy(&self, crs: Crs, degrees: &Crs) -> Result<Package, CrsError> {
        let both = [(&self.storm, "storm"), (&self.foul, "foul")];
        let pipes: Vec<_> = both
            .iter()
            .flat_map(|(sewers, system)| sewers.pipes.iter().map(move |p| (*sewers, p, *system)))
            .collect();
        let nodes: Vec<_> = both.iter().flat_map(|(sewers, _)| sewers.nodes.iter()).collect();
        let outfalls = &self.storm.outfalls;
        let names = self.river_names();
        let drainers = &self.drainers;
        let to_city = suyuan_core::crs::Transform::new(degrees, &crs)?;
        let places = VENUES
            .iter()
            .map(|v| to_city.apply(Coord { x: v.2, y: v.3 }).map(|p| vec![p]))
            .collect::<Result<Vec<_>, _>>()?;
        let tables = vec![
            Rows::new("venues", "场馆", Look::Venues, ShapeKind::Point)
                .shape(places)
                .text("venue_id", VENUES.iter().map(|v| v.0))
                .text("name", VENUES.iter().map(|v| v.1)),
            Rows::new("outfalls", "排口", Look::Outfalls, ShapeKind::Point)
                .shape(outfalls.iter().map(|o| vec![on_map(self.storm.nodes[o.node].place)]))
                .text("outfall_id", outfalls.iter().map(|o| o.id.as_str()))
                .text("name", names.iter().map(String::as_str))
                .text("node_id", outfalls.iter().map(|o| self.storm.nodes[o.node].id.as_str()))
                .text("water", outfalls.iter().map(|o| self.rivers[o.river].name)),
            Rows::new("drainers", "排水户", Look::Drainers, ShapeKind::Point)
                .shape(drainers.iter().map(|d| vec![on_map(d.place)]))
                .text("drainer_id", drainers.iter().map(|d| d.id.as_str()))
                .text("name", drainers.iter().map(|d| d.name.as_str()))
                .text("trade", drainers.iter().map(|d| d.trade))
                .text("node", drainers.iter().map(|d| self.node_of(d).id.as_str())),
            Rows::new("nodes", "管点", Look::Nodes, ShapeKind::Point)
                .shape(nodes.iter().map(|n| vec![on_map(n.place)]))
                .text("node_id", nodes.iter().map(|n| n.id.as_str()))
                .text("node_kind", nodes.iter().map(|n| kind_key(n.kind)))
                .real("invert", nodes.iter().map(|n| n.level))
                .real("ground", nodes.iter().map(|n| n.ground)),
            Rows::new("pipes", "管段", Look::Network, ShapeKind::Line)
                .shape(pipes.iter().map(|(s, p, _)| {
                    vec![on_map(s.nodes[p.ends[0]].place), on_map(s.nodes[p.ends[1]].place)]
                }))
                .text("pipe_id", pipes.iter().map(|(_, p, _)| p.id.as_str()))
                .text("system", pipes.iter().map(|(_, _, system)| *system))
                .text("from_node", pipes.iter().map(|(s, p, _)| s.nodes[p.ends[0]].id.as_str()))
                .text("to_node", pipes.iter().map(|(s, p, _)| s.nodes[p.ends[1]].id.as_str()))
                .real("invert_from", pipes.iter().map(|(s, p, _)| s.nodes[p.ends[0]].level))
                .real("invert_to", pipes.iter().map(|(s, p, _)| s.nodes[p.ends[1]].level))
                .integer("diameter", pipes.iter().map(|(_, p, _)| p.diameter)),
            Rows::new("waters", "水体", Look::Waters, ShapeKind::Polygon)
                .shape(self.rivers.iter().map(|r| r.area.iter().map(|p| on_map(*p)).collect()))
                .text("water_id", self.rivers.iter().map(|r| r.id))
                .text("name", self.rivers.iter().map(|r| r.name)),
        ];
        Ok(Package {
            title: "示例滨江".to_owned(),
            crs,
            language: Language::Chinese,
            tables: tables.into_iter().map(|r| r.table).collect(),
            focus: None,
            run_info: Vec::new(),
        })
    }

    fn delivered_upstream(&self, node: usize, missing: Option<usize>) -> BTreeSet<&str> {
        self.storm
            .upstream_without(node, missing)
            .iter()
            .map(|p| delivered_id(&self.storm.pipes[*p].id))
            .collect()
    }

    /// What is to be found: the flagged outfall's answer, every outfall's pipes, and the faults.
    #[must_use]
    pub fn expected(&self) -> [(&'static str, String); 3] {
        let mouth = self.storm.outfalls[self.story.outfall].node;
        let inside = self.storm.upstream(mouth);
        let nodes: BTreeSet<usize> = inside.iter().flat_map(|p| self.storm.pipes[*p].ends).collect();
        let polluter = &self.drainers[self.story.polluter];
        let behind: Vec<&str> = (self.drainers.iter())
            .filter(|d| d.into_storm && nodes.contains(&d.node))
            .map(|d| d.id.as_str())
            .collect();
        let pipes = self.delivered_upstream(mouth, None);
        let answer = json!({
            "outfall": self.storm.outfalls[self.story.outfall].id,
            "seen": {"en": "foam and a film of oil in dry weather, 1 km from the gymnasium", "zh": "晴天出现泡沫和油膜"},
            "pipes": pipes.len(),
            "drainers_behind": behind,
            "polluter": {"id": polluter.id, "name": polluter.name, "manhole": self.node_of(polluter).id,
                "en": "a car wash whose sump was connected to the storm manhole in front of it",
                "zh": "洗车店沉淀池错接入门前雨水井"},
        });
        let truth: Vec<_> = (self.storm.outfalls.iter())
            .map(|o| {
                let pipes = self.delivered_upstream(o.node, None);
                let seen = self.delivered_upstream(o.node, Some(self.survey.cut));
                let beyond: Vec<_> = pipes.difference(&seen).collect();
                json!({"outfall": o.id, "node": self.storm.nodes[o.node].id, "pipes": pipes, "beyond_gap": beyond})
            })
            .collect();
        let mut faults = self.survey.faults.clone();
        let at = |p: Coord<f64>| on_map(p);
        for d in &self.story.misconnected {
            let (drainer, node) = (&self.drainers[*d], self.node_of(&self.drainers[*d]));
            let (id, p) = (&drainer.id, at(drainer.place));
            faults.push(json!({"kind": "misconnection", "layer": "PAISHUIHU", "id": id, "x": p.x, "y": p.y,
                "en": format!("foul water enters storm manhole {}", node.id), "zh": format!("污水接入雨水井 {}", node.id)}));
        }
        let drainer = &self.drainers[self.story.unknown];
        let p = at(drainer.place);
        faults.push(
            json!({"kind": "unknown record", "layer": "PAISHUIHU", "id": drainer.id, "x": p.x, "y": p.y,
            "en": "recorded at manhole YS9999, which was never surveyed", "zh": "登记接入的 YS9999 不存在"}),
        );
        faults.push(json!({"kind": "datum", "layer": "CHANGGUAN", "id": "CG03",
            "en": "coordinates are GCJ-02 and say so", "zh": "坐标为 GCJ-02，已注明"}));
        faults.push(json!({"kind": "datum", "layer": "CHANGGUAN", "id": "CG04",
            "en": "the datum of the coordinates is not stated", "zh": "坐标基准未注明"}));
        let lines = |values: &[serde_json::Value]| {
            let rows: Vec<String> = values.iter().map(ToString::to_string).collect();
            format!("[\n{}\n]\n", rows.join(",\n"))
        };
        [
            ("answer.json", format!("{answer:#}\n")),
            ("truth.json", lines(&truth)),
            ("faults.json", lines(&faults)),
        ]
    }

    /// The delivered shapefiles, each file's name and bytes.
    ///
    /// # Errors
    /// None in practice: both coordinate systems are in the table.
    pub fn shapefiles(&self) -> Result<Vec<(String, Vec<u8>)>, CrsError> {
        let (metres, degrees) = (Crs::from_epsg(4549)?, Crs::from_epsg(4490)?);
        let options = ShapefileOptions { gbk: true, cpg: false, language_byte: false };
        let mut files = Vec::new();
        for (rows, in_degrees) in self.raw() {
            let crs = if in_degrees { &degrees } else { &metres };
            for (ending, bytes) in write_shapefile(&rows.table, crs, options).0 {
                files.push((format!("{}.{ending}", rows.table.name), bytes));
            }
        }
        Ok(files)
    }

    /// Writes `raw/`, `tidy/` and `expected/` into `folder`, replacing what is there.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        for part in ["raw", "tidy", "expected"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        for (name, bytes) in self.shapefiles()? {
            std::fs::write(folder.join("raw").join(name), bytes)?;
        }
        for (name, text) in self.expected() {
            std::fs::write(folder.join("expected").join(name), text)?;
        }
        let package = self.tidy(Crs::from_epsg(4549)?, &Crs::from_epsg(4490)?)?;
        let options = WriteOptions { overwrite: true, project: false, shapefile: ShapefileOptions::utf8() };
        write_package(&package, &folder.join("tidy").join("binjiang.gpkg"), options)?;
        Ok(())
    }
}
