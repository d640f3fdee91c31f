//! What the commands about ways, times and amounts take.

use std::path::PathBuf;

use clap::Args;

use crate::args::NetworkArgs;

/// What is asked of a network, and how it is answered.
#[derive(Args)]
pub struct AskArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// A place that water does not pass (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub barrier: Vec<String>,
    /// Pass only pipes whose attributes meet this condition
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
    /// How far a place may lie from the network, metres
    #[arg(long, value_name = "M", default_value_t = 20.0, allow_negative_numbers = true)]
    pub max_snap: f64,
    /// JSON on standard output: a document for each start or question
    #[arg(long)]
    pub json: bool,
}

/// `suyuan travel`
#[derive(Args)]
pub struct TravelArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where the water arrives; with --downstream, where it starts
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub from: String,
    /// A place to tell the time for (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub at: Vec<String>,
    /// When polluted water was seen there: 2026-05-01T08:30,2026-05-01T09:15
    #[arg(long, value_name = "FIRST,LAST")]
    pub seen: Option<String>,
    /// With the flow instead of against it
    #[arg(long)]
    pub downstream: bool,
    /// Depth of the water beside the diameter of the pipe, up to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.15, allow_negative_numbers = true)]
    pub depth_ratio: f64,
    /// Manning's roughness, s/m^(1/3)
    #[arg(long, value_name = "N", default_value_t = 0.013, allow_negative_numbers = true)]
    pub roughness: f64,
    /// Median wait at a pumping station, minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 20.0, allow_negative_numbers = true)]
    pub hold: f64,
    /// Go no farther than this, metres of pipe
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    pub max_distance: Option<f64>,
}

/// `suyuan path`
#[derive(Args)]
pub struct PathArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where the way begins
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub from: String,
    /// Where it ends
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub to: String,
    /// Write the way as a layer: .gpkg, .shp, .geojson, .parquet, .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan profile`
#[derive(Args)]
pub struct ProfileArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where the profile begins
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub from: String,
    /// Where it ends
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub to: String,
    /// Draw it: profile.svg
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan common`
#[derive(Args)]
pub struct CommonArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// A place (two or more)
    #[arg(long, value_name = "REF", allow_hyphen_values = true, required = true)]
    pub from: Vec<String>,
    /// What lies upstream of all of them, instead of where their water meets
    #[arg(long)]
    pub upstream: bool,
}

/// `suyuan between`
#[derive(Args)]
pub struct BetweenArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where ways begin (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true, required = true)]
    pub from: Vec<String>,
    /// Where they end (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true, required = true)]
    pub to: Vec<String>,
    /// Write the pipes as a layer: .gpkg, .shp, .geojson, .parquet, .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan locate`
#[derive(Args)]
pub struct LocateArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Where pollution shows
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub from: String,
    /// What was found where: a table with the columns place and result, and id, day, method, missed, invented where known
    #[arg(long, value_name = "FILE")]
    pub observations: Option<PathBuf>,
    /// How many manholes to name
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub visits: usize,
    /// The day that they are for, as the table writes days: what was tested then is not named again
    #[arg(long, value_name = "DAY")]
    pub day: Option<String>,
    /// Where the crew stands: near manholes come first
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub crew: Option<String>,
    /// How far a place may lie from the network, metres
    #[arg(long, value_name = "M", default_value_t = 20.0, allow_negative_numbers = true)]
    pub max_snap: f64,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Write the probability of pipes, the tests and the manholes to open: .gpkg, .shp, .geojson, .parquet, .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan isolate`
#[derive(Args)]
pub struct IsolateArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// A place whose water is to be held back (repeatable)
    #[arg(long, value_name = "REF", allow_hyphen_values = true, required = true)]
    pub from: Vec<String>,
    /// Write plugs and filled pipes as layers: .gpkg, .shp, .geojson, .parquet, .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan accumulate`
#[derive(Args)]
pub struct AccumulateArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// What to add up: length, pipes, drainers, or a column of numbers of the pipe layers
    #[arg(long, value_name = "WHAT", default_value = "length")]
    pub of: String,
    /// Let each node hand on all it has in equal parts, instead of counting each amount once
    #[arg(long)]
    pub by_shares: bool,
    /// A place to tell the sum for (repeatable); without it, every outfall
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    pub at: Vec<String>,
    /// Write every pipe with what comes to its lower end: .gpkg, .shp, .geojson, .parquet, .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub overwrite: bool,
}

/// `suyuan partition`
#[derive(Args)]
pub struct PartitionArgs {
    #[command(flatten)]
    pub ask: AskArgs,
}
