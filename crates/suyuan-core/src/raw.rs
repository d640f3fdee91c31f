//! What a survey says, in our words: the seam at which reading and building meet.
//!
//! A [`RawSurvey`] is a few [`RawLayer`]s in one projected coordinate system in metres. Each layer has its geometry,
//! the columns we understand (as [`Field`]s, already translated from the bureau's spelling and units), and every
//! attribute of the file untouched, to travel along to the export.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use geo_types::Coord;
use serde::{Deserialize, Serialize};

use crate::crs::Crs;
use crate::text::TextColumn;
use crate::{Finding, FlowMode, FlowSign, NodeKind, Origin, System};

/// What a layer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Lines that carry water: sewers, culverts, channels.
    #[doc(alias = "管线")]
    Pipes,
    /// Manholes and other points of the network.
    #[doc(alias = "管点")]
    Nodes,
    /// Where the network meets open water.
    #[doc(alias = "排口")]
    Outfalls,
    /// Whoever drains into the network: points or polygons.
    #[doc(alias = "排水户")]
    Drainers,
    /// Short lines from a drainer to a pipe.
    #[doc(alias = "接户管")]
    Laterals,
    /// Rivers and lakes as areas or lines.
    #[doc(alias = "水体")]
    Waters,
    /// Places whose surroundings are checked: points or polygons.
    #[doc(alias = "场馆")]
    Venues,
}

impl Role {
    /// The word used in flags, project files and messages: `pipes`, `nodes`, …
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Pipes => "pipes",
            Self::Nodes => "nodes",
            Self::Outfalls => "outfalls",
            Self::Drainers => "drainers",
            Self::Laterals => "laterals",
            Self::Waters => "waters",
            Self::Venues => "venues",
        }
    }
}

/// A column that we understand. Which spelling means which field is the business of the reader's dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Identifier of the feature.
    Id,
    /// Name in words.
    Name,
    /// Node at the start of a pipe, as the record directs it.
    FromNode,
    /// Node at the end of a pipe, as the record directs it.
    ToNode,
    /// The pipe that a pipe's start is recorded to join on its inside, where no node stands.
    FromPipe,
    /// The pipe that a pipe's end is recorded to join on its inside, where no node stands.
    ToPipe,
    /// Invert level at the pipe's start, metres.
    InvertFrom,
    /// Invert level at the pipe's end, metres.
    InvertTo,
    /// Depth of the invert below ground at the pipe's start, metres.
    DepthFrom,
    /// Depth of the invert below ground at the pipe's end, metres.
    DepthTo,
    /// Ground level at the pipe's start, metres.
    GroundFrom,
    /// Ground level at the pipe's end, metres.
    GroundTo,
    /// Invert (bottom) level of a node or outfall, metres.
    Invert,
    /// Ground (cover, rim) level of a node, metres.
    Ground,
    /// Depth of a node's bottom below ground, metres.
    Depth,
    /// Inside height of a pipe, metres; the diameter if round.
    Diameter,
    /// Inside width of a box pipe, metres.
    Width,
    /// Recorded length, metres.
    Length,
    /// Material.
    Material,
    /// Recorded flow direction: a [`Column::Flow`].
    FlowDirection,
    /// What it carries: a [`Column::System`].
    System,
    /// Gravity, pumped, …: a [`Column::Mode`].
    Mode,
    /// What stands at a node: a [`Column::Kind`].
    NodeKind,
    /// In service, planned, abandoned: text.
    State,
    /// Road or street.
    Road,
    /// Year or date of building: text.
    Year,
    /// Owner.
    Owner,
    /// The pipe that a drainer or lateral is recorded to join.
    Pipe,
    /// The node that a drainer, outfall or lateral is recorded to join.
    Node,
    /// The drainer that a lateral belongs to.
    Drainer,
    /// The trade or category of a drainer.
    Trade,
    /// Licence or permit number of a drainer.
    Permit,
    /// Discharge, cubic metres a day.
    Discharge,
    /// `yes` where a node takes water from outside the network; nodes so marked are drainers as well.
    Inflow,
    /// Address.
    Address,
    /// Receiving water of an outfall.
    Water,
    /// Datum of a venue's coordinates: `CGCS2000`, `WGS84`, `GCJ02`, `BD09`.
    Datum,
    /// Radius to check around a venue, metres.
    Radius,
}

/// The word used in dialects, project files and reports: `from_node`, `invert_to`, …
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The values of one understood column. Blank texts and `NaN` numbers stand for "unknown" and are never handed out.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Texts, trimmed.
    Text(TextColumn),
    /// Numbers in the field's unit; `NaN` where unknown.
    Number(Vec<f64>),
    /// Systems.
    System(Vec<System>),
    /// Recorded flow directions.
    Flow(Vec<Option<FlowSign>>),
    /// Flow modes.
    Mode(Vec<FlowMode>),
    /// Kinds of node.
    Kind(Vec<NodeKind>),
}

/// A value of the file, untouched.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text, trailing blanks removed.
    Text(Cow<'a, str>),
    /// True or false.
    Boolean(bool),
    /// A date as `YYYY-MM-DD`, or a date and time as RFC 3339.
    Date(Cow<'a, str>),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Real(v) => write!(f, "{v}"),
            Self::Text(v) | Self::Date(v) => f.write_str(v),
            Self::Boolean(v) => write!(f, "{v}"),
        }
    }
}

/// The kind of values in a column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Texts.
    Text,
    /// True or false.
    Boolean,
    /// Dates.
    Date,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeField {
    /// Its name as the file spells it.
    pub name: String,
    /// What it holds.
    pub kind: ValueKind,
    /// Its width in bytes where the format has one, else 0.
    pub width: u16,
    /// Its decimals where the format has them, else 0.
    pub decimals: u8,
}

/// Every attribute of a layer as the file has it, decoded on demand.
pub trait Attributes: Send + Sync + fmt::Debug {
    /// The columns.
    fn fields(&self) -> &[AttributeField];
    /// How many rows there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The value of a row in a column.
    ///
    /// # Panics
    /// If there is no such row or column.
    fn value(&self, row: usize, field: usize) -> Value<'_>;
    /// What turned out to be damaged in the values asked for so far, which were given as null. To be asked before anything
    /// that rests on them is believed.
    fn damage(&self) -> Option<String> {
        None
    }
}

/// Attributes held in memory, row after row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryAttributes {
    /// The columns.
    pub fields: Vec<AttributeField>,
    /// The rows, each as long as `fields`.
    pub rows: Vec<Vec<Value<'static>>>,
}

impl Attributes for MemoryAttributes {
    fn fields(&self) -> &[AttributeField] {
        &self.fields
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn value(&self, row: usize, field: usize) -> Value<'_> {
        self.rows[row][field].clone()
    }
}

/// What the geometries of a layer are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeKind {
    /// No geometry at all.
    #[default]
    None,
    /// Points; the first one of a multipoint stands for it.
    Point,
    /// Lines of one or several parts.
    Line,
    /// Areas: outer rings clockwise, holes anticlockwise, each ring closed.
    Polygon,
}

/// The geometries of a layer in flat arrays: features are runs of parts, parts are runs of coordinates.
///
/// # Units
/// Metres east and north in the survey's CRS.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shapes {
    kind: ShapeKind,
    coords: Vec<Coord<f64>>,
    part_ends: Vec<u32>,
    feature_ends: Vec<u32>,
}

impl Shapes {
    /// No features yet.
    #[must_use]
    pub fn new(kind: ShapeKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Takes over flat arrays: coordinates, for each part the index past its last coordinate, for each feature the
    /// index past its last part.
    ///
    /// # Panics
    /// If the last part does not end at the last coordinate, or the last feature at the last part.
    #[must_use]
    pub fn from_flat(
        kind: ShapeKind,
        coords: Vec<Coord<f64>>,
        part_ends: Vec<u32>,
        feature_ends: Vec<u32>,
    ) -> Self {
        assert_eq!(part_ends.last().map_or(0, |e| *e as usize), coords.len(), "parts cover the coordinates");
        assert_eq!(
            feature_ends.last().map_or(0, |e| *e as usize),
            part_ends.len(),
            "features cover the parts"
        );
        Self { kind, coords, part_ends, feature_ends }
    }

    /// What the geometries are.
    #[must_use]
    #[inline]
    pub fn kind(&self) -> ShapeKind {
        self.kind
    }

    /// How many features there are, those without geometry included.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.feature_ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.feature_ends.is_empty()
    }

    /// Adds a feature; no parts make a feature without geometry.
    ///
    /// # Panics
    /// If the layer outgrows 2³² coordinates.
    pub fn push<'a>(&mut self, parts: impl IntoIterator<Item = &'a [Coord<f64>]>) {
        for part in parts {
            self.coords.extend_from_slice(part);
            self.part_ends.push(u32::try_from(self.coords.len()).expect("a layer is below 2^32 coordinates"));
        }
        self.feature_ends.push(self.part_ends.len() as u32);
    }

    /// Adds the features of another layer of the same kind.
    ///
    /// # Panics
    /// If the layer outgrows 2³² coordinates.
    pub fn append(&mut self, other: &Self) {
        let (coords, parts) = (self.coords.len() as u32, self.part_ends.len() as u32);
        self.coords.extend_from_slice(&other.coords);
        u32::try_from(self.coords.len()).expect("a layer is below 2^32 coordinates");
        self.part_ends.extend(other.part_ends.iter().map(|end| coords + end));
        self.feature_ends.extend(other.feature_ends.iter().map(|end| parts + end));
    }

    /// How many parts a feature has; 0 is a feature without geometry.
    ///
    /// # Panics
    /// If there is no such feature.
    #[must_use]
    #[inline]
    pub fn part_count(&self, feature: usize) -> usize {
        let (start, end) = self.part_range(feature);
        end - start
    }

    #[inline]
    fn part_range(&self, feature: usize) -> (usize, usize) {
        let start = if feature == 0 { 0 } else { self.feature_ends[feature - 1] as usize };
        (start, self.feature_ends[feature] as usize)
    }

    /// The parts of a feature.
    ///
    /// # Panics
    /// If there is no such feature.
    #[inline]
    pub fn parts(&self, feature: usize) -> impl ExactSizeIterator<Item = &[Coord<f64>]> {
        let (start, end) = self.part_range(feature);
        (start..end).map(|part| {
            let from = if part == 0 { 0 } else { self.part_ends[part - 1] as usize };
            &self.coords[from..self.part_ends[part] as usize]
        })
    }

    /// Every coordinate of a feature, those of its parts one after the other.
    ///
    /// # Panics
    /// If there is no such feature.
    #[inline]
    #[must_use]
    pub fn coords_of(&self, feature: usize) -> &[Coord<f64>] {
        let (start, end) = self.part_range(feature);
        let end_of = |parts: usize| if parts == 0 { 0 } else { self.part_ends[parts - 1] as usize };
        &self.coords[end_of(start)..end_of(end)]
    }

    /// The first coordinate of a feature, `None` without geometry.
    ///
    /// # Panics
    /// If there is no such feature.
    #[must_use]
    #[inline]
    pub fn point(&self, feature: usize) -> Option<Coord<f64>> {
        self.parts(feature).next().and_then(|part| part.first().copied())
    }

    /// Every coordinate of the layer.
    #[must_use]
    pub fn coords(&self) -> &[Coord<f64>] {
        &self.coords
    }

    /// Every coordinate of the layer, to be moved in place.
    pub fn coords_mut(&mut self) -> &mut [Coord<f64>] {
        &mut self.coords
    }
}

/// Where a layer came from and how it was understood, for reports and for noticing changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSource {
    /// The file, as the user gave it.
    pub path: String,
    /// The layer inside the file, or the file's stem.
    pub layer: String,
    /// The format in words, such as `ESRI Shapefile`.
    pub format: String,
    /// The text encoding used and how it was found, such as `GBK (detected)`; empty where the format fixes it.
    pub encoding: String,
    /// The coordinate system of the file in words.
    pub crs: String,
    /// The dialect used and its score, such as `zhejiang 0.83`.
    pub dialect: String,
    /// The dialect that fits nearly as well, and its score; empty where none does.
    #[serde(default)]
    pub runner_up: String,
    /// Columns that read like a survey's and stand for no field.
    #[serde(default)]
    pub not_understood: Vec<String>,
    /// Which column was taken for which field.
    pub fields: BTreeMap<Field, String>,
}

impl LayerSource {
    /// The file and, where that says more, the layer inside it: `mains.shp`, `city.gpkg:mains`.
    #[must_use]
    pub fn name(&self) -> String {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        if stem == self.layer || self.layer.is_empty() {
            file.to_owned()
        } else {
            format!("{file}:{}", self.layer)
        }
    }
}

/// One layer of a survey.
#[derive(Debug, Clone)]
pub struct RawLayer {
    /// What it is for.
    pub role: Role,
    /// Where it came from.
    pub source: LayerSource,
    /// Its geometries.
    pub shapes: Shapes,
    /// The columns we understand, each as long as `shapes`.
    pub columns: BTreeMap<Field, Column>,
    /// Everything else, untouched.
    pub attributes: Arc<dyn Attributes>,
}

impl RawLayer {
    /// How many features there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// The texts of a field, as long as the layer; `None` where it has no such field.
    #[must_use]
    pub fn texts(&self, field: Field) -> Option<&TextColumn> {
        match self.columns.get(&field)? {
            Column::Text(column) => Some(column),
            _ => None,
        }
    }

    /// The numbers of a field, as long as the layer, `NaN` where unknown; `None` where it has no such field.
    #[must_use]
    pub fn numbers(&self, field: Field) -> Option<&[f64]> {
        match self.columns.get(&field)? {
            Column::Number(column) => Some(column),
            _ => None,
        }
    }

    /// The text of a row in a field, `None` where the layer has no such field or the text is blank.
    #[must_use]
    pub fn text(&self, field: Field, row: usize) -> Option<&str> {
        Some(self.texts(field)?.at(row)).filter(|text| !text.is_empty())
    }

    /// The number of a row in a field, `None` where unknown.
    #[must_use]
    pub fn number(&self, field: Field, row: usize) -> Option<f64> {
        Some(self.numbers(field)?[row]).filter(|v| v.is_finite())
    }

    /// What a row carries.
    #[must_use]
    pub fn system(&self, row: usize) -> System {
        match self.columns.get(&Field::System) {
            Some(Column::System(column)) => column[row],
            _ => System::Unknown,
        }
    }

    /// The recorded flow direction of a row.
    #[must_use]
    pub fn flow(&self, row: usize) -> Option<FlowSign> {
        match self.columns.get(&Field::FlowDirection) {
            Some(Column::Flow(column)) => column[row],
            _ => None,
        }
    }

    /// The flow mode of a row.
    #[must_use]
    pub fn mode(&self, row: usize) -> FlowMode {
        match self.columns.get(&Field::Mode) {
            Some(Column::Mode(column)) => column[row],
            _ => FlowMode::Gravity,
        }
    }

    /// What stands at a row, `None` where the layer does not say.
    #[must_use]
    pub fn kind(&self, row: usize) -> Option<NodeKind> {
        match self.columns.get(&Field::NodeKind) {
            Some(Column::Kind(column)) => Some(column[row]),
            _ => None,
        }
    }

    /// The identifier of a row: its id field, else its row number counted from 1.
    #[must_use]
    pub fn id(&self, row: usize) -> Cow<'_, str> {
        self.text(Field::Id, row).map_or_else(|| Cow::Owned((row + 1).to_string()), Cow::Borrowed)
    }
}

/// A whole survey, in one projected coordinate system in metres.
#[derive(Debug, Clone)]
pub struct RawSurvey {
    /// The coordinate system of every layer.
    pub crs: Crs,
    /// The layers, in the order given.
    pub layers: Vec<RawLayer>,
    /// What was doubtful already while reading.
    pub findings: Vec<Finding>,
}

impl RawSurvey {
    /// The layers of one role with their index in the survey.
    pub fn layers_of(&self, role: Role) -> impl Iterator<Item = (u16, &RawLayer)> {
        self.layers
            .iter()
            .enumerate()
            .filter(move |(_, layer)| layer.role == role)
            .map(|(i, l)| (i as u16, l))
    }

    /// An origin in words: `mains.shp row 12`, rows counted from 1.
    #[must_use]
    pub fn describe(&self, origin: Origin) -> String {
        format!("{} row {}", self.layers[origin.layer as usize].source.name(), origin.row + 1)
    }
}
