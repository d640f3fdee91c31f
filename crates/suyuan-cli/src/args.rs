//! What the command line takes.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::question_args::{
    AccumulateArgs, AskArgs, BetweenArgs, CommonArgs, IsolateArgs, LocateArgs, PartitionArgs, PathArgs,
    ProfileArgs, TravelArgs,
};

/// Pollution shows at a river outfall; which door did it come from?
#[derive(Parser)]
#[command(
    name = "suyuan",
    version,
    about = "Traces pollution at a river outfall to the drainers it can have come from\n溯源：河道排口发现污染，找出可能的排水户",
    propagate_version = true
)]
pub struct Cli {
    /// Where progress goes: a spinner on a terminal, JSON lines, or nowhere
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub progress: Progress,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A spinner on a terminal, nothing elsewhere
    Auto,
    /// One JSON object a line on standard error
    Json,
    /// None
    None,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// The whole journey on the sample city
    Demo(DemoArgs),
    /// Read, build, list what is doubtful
    Check(CheckArgs),
    /// Write a prepared network
    Build(BuildArgs),
    /// Trace upstream from an outfall or any other place, and rank the drainers behind it
    Trace(TraceArgs),
    /// What lies within a radius of venues
    Venues(VenuesArgs),
    /// When water arrives, and when what was seen was let go
    Travel(TravelArgs),
    /// The shortest way that water takes from one place to another
    Path(PathArgs),
    /// The long profile between two places, as a drawing
    Profile(ProfileArgs),
    /// Where the water of several places first meets, or what lies upstream of all of them
    Common(CommonArgs),
    /// What lies on any way between places, whichever way the water flows
    Between(BetweenArgs),
    /// Where the source is, by what was found where, and which manhole to open next
    Locate(LocateArgs),
    /// Which manholes to plug so that water from some places comes to no outfall
    Isolate(IsolateArgs),
    /// How much of something lies upstream: pipe, drainers, or a column of numbers
    Accumulate(AccumulateArgs),
    /// Which outfalls the water of each part of the network comes to
    Partition(PartitionArgs),
    /// What this build reads and writes
    Formats,
    /// Which column names are understood, or how each dialect fits a file
    Dialects(DialectsArgs),
}

impl Command {
    /// The output file, if one was asked for.
    pub fn output(&self) -> Option<&Path> {
        match self {
            Self::Check(a) => a.output.as_deref(),
            Self::Build(a) => Some(&a.output),
            Self::Trace(a) => a.output.as_deref(),
            Self::Venues(a) => a.output.as_deref(),
            Self::Between(a) => a.output.as_deref(),
            Self::Locate(a) => a.output.as_deref(),
            Self::Isolate(a) => a.output.as_deref(),
            Self::Accumulate(a) => a.output.as_deref(),
            Self::Path(a) => a.output.as_deref(),
            Self::Profile(a) => a.output.as_deref(),
            _ => None,
        }
    }
}

/// `suyuan dialects`
#[derive(Args, Default, Clone)]
pub struct DialectsArgs {
    /// A file whose columns are to be understood; without it, every dialect is listed
    #[arg(value_name = "FILE[:layer]")]
    pub file: Option<String>,
    /// A dialect of your own, in TOML (repeatable)
    #[arg(long, value_name = "FILE")]
    pub dialect_file: Vec<PathBuf>,
    /// Text encoding, e.g. GBK or UTF-8
    #[arg(long)]
    pub encoding: Option<String>,
}

/// The network: a prepared one, a project, a SWMM model, or layers.
#[derive(Args, Default, Clone)]
pub struct NetworkArgs {
    /// city.suyuan (prepared), city.toml (project), model.inp (SWMM) or data.xtf (INTERLIS VSA-DSS)
    #[arg(value_name = "NETWORK")]
    pub network: Option<PathBuf>,
    /// Pipes: FILE or FILE:layer (repeatable)
    #[arg(long, value_name = "FILE[:layer]")]
    pub pipes: Vec<String>,
    /// Manholes and other points of the network
    #[arg(long, value_name = "FILE[:layer]")]
    pub nodes: Vec<String>,
    /// Outfalls
    #[arg(long, value_name = "FILE[:layer]")]
    pub outfalls: Vec<String>,
    /// Drainers: points or polygons
    #[arg(long, value_name = "FILE[:layer]")]
    pub drainers: Vec<String>,
    /// Laterals from drainers to pipes
    #[arg(long, value_name = "FILE[:layer]")]
    pub laterals: Vec<String>,
    /// Rivers and lakes
    #[arg(long, alias = "rivers", value_name = "FILE[:layer]")]
    pub waters: Vec<String>,
    /// Field of the pipes' ids
    #[arg(long, value_name = "FIELD")]
    pub pipe_id: Option<String>,
    /// Field of the nodes' ids
    #[arg(long, value_name = "FIELD")]
    pub node_id: Option<String>,
    /// Field of the outfalls' ids
    #[arg(long, value_name = "FIELD")]
    pub outfall_id: Option<String>,
    /// Field of the drainers' ids
    #[arg(long, value_name = "FIELD")]
    pub drainer_id: Option<String>,
    /// Field of the node at a pipe's start
    #[arg(long, value_name = "FIELD")]
    pub from_field: Option<String>,
    /// Field of the node at a pipe's end
    #[arg(long, value_name = "FIELD")]
    pub to_field: Option<String>,
    /// Field of the pipe that a drainer is recorded on
    #[arg(long, value_name = "FIELD")]
    pub drainer_pipe: Option<String>,
    /// Field of the node that a drainer is recorded at
    #[arg(long, value_name = "FIELD")]
    pub drainer_node: Option<String>,
    /// Field of a drainer's trade
    #[arg(long, value_name = "FIELD")]
    pub trade_field: Option<String>,
    /// Field of what a pipe carries
    #[arg(long, value_name = "FIELD")]
    pub system_field: Option<String>,
    /// Fields of the invert levels at a pipe's start and end: A,B
    #[arg(long, value_name = "FIELD,FIELD")]
    pub invert_fields: Option<String>,
    /// Only drainers that meet this condition, e.g. "行业 = '餐饮'"
    #[arg(long, value_name = "EXPR")]
    pub drainers_where: Option<String>,
    /// Dialect of the column names (see `suyuan dialects`)
    #[arg(long)]
    pub dialect: Option<String>,
    /// A dialect of your own, in TOML (repeatable)
    #[arg(long, value_name = "FILE")]
    pub dialect_file: Vec<PathBuf>,
    /// Text encoding, e.g. GBK or UTF-8
    #[arg(long)]
    pub encoding: Option<String>,
    /// Coordinate system of the pipes and of layers that name none: EPSG:4549, fit:POINTS.csv, similarity:… (see
    /// docs/coordinates.md)
    #[arg(long)]
    pub crs: Option<String>,
    /// How far apart two ends may lie and still meet: metres, or auto
    #[arg(long, default_value = "auto")]
    pub snap: String,
    /// What decides which ends meet
    #[arg(long, value_enum, default_value = "auto")]
    pub join: Join,
    /// What decides which way a pipe flows whose record does not say it
    #[arg(long, value_enum, default_value = "weighed")]
    pub direct: Direct,
    /// Keep only these systems: storm,foul,combined,open_channel,river,unknown
    #[arg(long, value_delimiter = ',')]
    pub system: Vec<String>,
    /// How far an outfall may lie from its pipe, metres
    #[arg(long, value_name = "M")]
    pub outfall_reach: Option<f64>,
    /// How far a drainer's nearest pipe may lie, metres
    #[arg(long, value_name = "M")]
    pub drainer_reach: Option<f64>,
    /// Set rows with coordinates that are no numbers aside instead of refusing the file
    #[arg(long)]
    pub set_aside: bool,
}

impl NetworkArgs {
    /// The first flag given that decides how a network is read or built, which a prepared one is already.
    pub fn first_building_flag(&self) -> Option<&'static str> {
        let flags = [
            ("--pipes", !self.pipes.is_empty()),
            ("--nodes", !self.nodes.is_empty()),
            ("--outfalls", !self.outfalls.is_empty()),
            ("--drainers", !self.drainers.is_empty()),
            ("--laterals", !self.laterals.is_empty()),
            ("--waters", !self.waters.is_empty()),
            ("--pipe-id", self.pipe_id.is_some()),
            ("--node-id", self.node_id.is_some()),
            ("--outfall-id", self.outfall_id.is_some()),
            ("--drainer-id", self.drainer_id.is_some()),
            ("--from-field", self.from_field.is_some()),
            ("--to-field", self.to_field.is_some()),
            ("--drainer-pipe", self.drainer_pipe.is_some()),
            ("--drainer-node", self.drainer_node.is_some()),
            ("--trade-field", self.trade_field.is_some()),
            ("--system-field", self.system_field.is_some()),
            ("--invert-fields", self.invert_fields.is_some()),
            ("--drainers-where", self.drainers_where.is_some()),
            ("--dialect", self.dialect.is_some()),
            ("--dialect-file", !self.dialect_file.is_empty()),
            ("--encoding", self.encoding.is_some()),
            ("--crs", self.crs.is_some()),
            ("--snap", self.snap != "auto"),
            ("--join", self.join != Join::Auto),
            ("--direct", self.direct != Direct::Weighed),
            ("--system", !self.system.is_empty()),
            ("--outfall-reach", self.outfall_reach.is_some()),
            ("--drainer-reach", self.drainer_reach.is_some()),
            ("--set-aside", self.set_aside),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}

/// What decides which ends meet.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Join {
    /// Node ids where the layer has them, geometry elsewhere
    #[default]
    Auto,
    /// Node ids alone
    Ids,
    /// Node ids, and geometry for ends without one
    IdsThenGeometry,
    /// Geometry alone
    Geometry,
}

/// What decides which way a pipe flows whose record does not say it.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Direct {
    /// Levels, drawn order and neighbours together, each trusted as far as the survey shows that it can be
    #[default]
    Weighed,
    /// Levels where there are any, else drawn order
    Stated,
}

/// `suyuan demo`
#[derive(Args)]
pub struct DemoArgs {
    /// Folder for the results
    #[arg(default_value = "demo-out")]
    pub folder: PathBuf,
    /// Folder of the sample city
    #[arg(long, value_name = "DIR")]
    pub samples: Option<PathBuf>,
}

/// `suyuan check`
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Write the findings as layers
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write a copy of the pipe layers with the proposed repairs made; the survey itself is never touched
    #[arg(long, value_name = "FILE")]
    pub apply_repairs: Option<PathBuf>,
    /// Make only repairs at least so probably right, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    pub least_confidence: f64,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 if there are warnings or errors
    #[arg(long)]
    pub strict: bool,
}

/// `suyuan build`
#[derive(Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The prepared network to write: city.suyuan
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan trace`
#[derive(Args)]
pub struct TraceArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where to start: an outfall's id, outfall:ID, node:ID, pipe:ID, drainer:ID, X,Y or lonlat:X,Y (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub from: Vec<String>,
    /// A text file with one start a line, or a layer of points
    #[arg(long, value_name = "FILE[:layer]")]
    pub from_file: Option<String>,
    /// Start from every outfall
    #[arg(long)]
    pub all_outfalls: bool,
    /// Trace with the flow instead of against it
    #[arg(long)]
    pub downstream: bool,
    /// List what would be added if doubtful directions were the other way
    #[arg(long)]
    pub possible: bool,
    /// Keep only what is upstream of this place as well: another dirty outfall or manhole (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub also_above: Vec<String>,
    /// Leave out what is upstream of this place: a clean one (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub not_above: Vec<String>,
    /// Go no farther than this, metres of pipe
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    pub max_distance: Option<f64>,
    /// Go no farther than water takes so long for: 2h30m, 90m, or minutes
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub max_time: Option<String>,
    /// Stop after so many pipes, the nearest ones
    #[arg(long, value_name = "N")]
    pub max_pipes: Option<NonZeroUsize>,
    /// Write layers: .gpkg (styled, with a QGIS project), .shp, .geojson, .parquet, .csv; or .ndjson: one JSON document a
    /// start; with --all-outfalls or --from-file, .parquet is one table for all of them
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// With -o NAME.parquet: a table without geometry, one row a start and pipe, or one row a start
    #[arg(long, value_enum)]
    pub rows: Option<RowsOf>,
    /// Leave the other pipes, outfalls, waters and venues around the trace out of the layers
    #[arg(long)]
    pub no_background: bool,
    /// With -o NAME.ndjson: keep what is done when interrupted, and go on from there
    #[arg(long)]
    pub resume: bool,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
    /// Exit with 1 if findings concern the answer
    #[arg(long)]
    pub strict: bool,
}

/// What a row of a table of traces is about.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowsOf {
    /// A start and a pipe
    Pipes,
    /// A start, with what its answer comes to
    Starts,
}

/// `suyuan venues`
#[derive(Args)]
pub struct VenuesArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Venues: points or polygons
    #[arg(long, value_name = "FILE[:layer]")]
    pub venues: Vec<String>,
    /// Coordinate system or datum of the venues: EPSG:4490, GCJ02, BD09 …
    #[arg(long, value_name = "CRS")]
    pub venues_crs: Option<String>,
    /// Radius in metres (default: the venue's own, else 1000)
    #[arg(long, value_name = "M")]
    pub radius: Option<f64>,
    /// Write layers
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
    /// One JSON document a venue on standard output
    #[arg(long)]
    pub json: bool,
}
