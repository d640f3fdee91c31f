//! Each step by itself on the sample city: `cargo bench -p suyuan-benches`. Arguments filter by name.
#![expect(clippy::unwrap_used, reason = "a benchmark stops where its data is not as it says")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use suyuan::attribution::{JoinConfig, Trades, join_drainers};
use suyuan::core::Coord;
use suyuan::network::{BuildConfig, NearestPipe, NodeId, Place, build_network, defects_that_matter};
use suyuan::read::read_survey;
use suyuan::trace::{
    Amounts, Barriers, Heading, Partition, Sums, TraceIndex, TraceOptions, Tracer, TravelSettings,
    accumulate, accumulate_by_shares, all_between, find_path, first_meetings, isolate, partition_by_outfall,
    travel_times,
};
use suyuan::venue::{Shape, distance_between};
use suyuan::{City, CitySpec, read_project};

fn main() {
    divan::main();
}

fn spec() -> CitySpec {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/binjiang");
    read_project(&folder.join("city.toml")).unwrap()
}

static CITY: LazyLock<City> = LazyLock::new(|| City::open(&spec()).unwrap());

/// The place that most lies upstream of, and one that drains to it from as far as any.
static PLACES: LazyLock<(Place, Place)> = LazyLock::new(|| {
    let network = &CITY.network;
    let index = CITY.trace_index();
    let size = |n: &NodeId| index.upstream_of(network, &network.place_of_node(*n)).pipes(network).len();
    let largest = network.place_of_node(network.node_ids().max_by_key(size).unwrap());
    let trace = Tracer::new(network).trace(&largest, &TraceOptions::default());
    let farthest = network.reach(trace.steps.last().unwrap().reach).from;
    (largest, network.place_of_node(farthest))
});

/// Files to a city, and a city to a prepared file and back.
mod whole {
    use super::*;

    #[divan::bench]
    fn read() -> usize {
        let spec = spec();
        read_survey(&spec.layers, &spec.read).unwrap().layers.len()
    }

    #[divan::bench]
    fn build() -> usize {
        build_network(CITY.survey.as_ref().unwrap(), &BuildConfig::automatic()).unwrap().0.reach_count()
    }

    #[divan::bench]
    fn open() -> usize {
        City::open(&spec()).unwrap().network.reach_count()
    }

    #[divan::bench]
    fn save_and_load(bencher: Bencher<'_, '_>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.suyuan");
        bencher.bench_local(|| {
            CITY.save(&path, true).unwrap();
            City::load(&path).unwrap().0.network.reach_count()
        });
    }
}

/// What is made once of a network.
mod indexes {
    use super::*;

    #[divan::bench]
    fn trace_index() -> TraceIndex {
        TraceIndex::new(&CITY.network)
    }

    #[divan::bench]
    fn sums(bencher: Bencher<'_, '_>) {
        let (network, index) = (&CITY.network, CITY.trace_index());
        bencher.bench(|| {
            Sums::new(network, index, |_| 1.0, |r| network.reach(r).length()).unwrap();
        });
    }

    #[divan::bench]
    fn drainers() -> usize {
        let survey = CITY.survey.as_ref().unwrap();
        let config = JoinConfig { trades: Trades::shipped(), ..JoinConfig::automatic() };
        join_drainers(survey, &NearestPipe::new(&CITY.network), &config).0.len()
    }

    #[divan::bench]
    fn defects() -> usize {
        defects_that_matter(&CITY.network, 3, |_| 0).len()
    }
}

/// Questions to a network.
mod questions {
    use super::*;

    #[divan::bench]
    fn upstream_by_index(bencher: Bencher<'_, '_>) {
        let (network, index) = (&CITY.network, CITY.trace_index());
        bencher.bench(|| index.upstream_of(network, black_box(&PLACES.0)).pipes(network));
    }

    #[divan::bench]
    fn trace_upstream(bencher: Bencher<'_, '_>) {
        let mut tracer = Tracer::new(&CITY.network);
        bencher.bench_local(|| tracer.trace(black_box(&PLACES.0), &TraceOptions::default()));
    }

    #[divan::bench]
    fn trace_downstream(bencher: Bencher<'_, '_>) {
        let mut tracer = Tracer::new(&CITY.network);
        let down = TraceOptions { heading: Heading::Downstream, ..TraceOptions::default() };
        bencher.bench_local(|| tracer.trace(black_box(&PLACES.1), &down));
    }

    #[divan::bench]
    fn travel(bencher: Bencher<'_, '_>) {
        let trace = Tracer::new(&CITY.network).trace(&PLACES.0, &TraceOptions::default());
        bencher.bench(|| travel_times(&CITY.network, &trace, &TravelSettings::default()).unwrap());
    }

    #[divan::bench]
    fn path(bencher: Bencher<'_, '_>) {
        bencher.bench(|| find_path(&CITY.network, &PLACES.1, &PLACES.0, &Barriers::default()));
    }

    #[divan::bench]
    fn common(bencher: Bencher<'_, '_>) {
        let starts = [PLACES.0, PLACES.1];
        bencher.bench(|| first_meetings(&CITY.network, &starts, &Barriers::default()));
    }

    #[divan::bench]
    fn between(bencher: Bencher<'_, '_>) {
        bencher.bench(|| all_between(&CITY.network, &[PLACES.1], &[PLACES.0], &Barriers::default()));
    }

    #[divan::bench]
    fn plugs(bencher: Bencher<'_, '_>) {
        bencher.bench(|| isolate(&CITY.network, &[PLACES.1], &Barriers::default()));
    }

    #[divan::bench]
    fn partition() -> Partition {
        partition_by_outfall(&CITY.network, CITY.trace_index(), &Barriers::default())
    }

    #[divan::bench(args = [false, true])]
    fn amounts(bencher: Bencher<'_, '_>, by_shares: bool) {
        let network = &CITY.network;
        let lengths: Vec<f64> = network.reach_ids().map(|r| network.reach(r).length()).collect();
        let amounts = Amounts { nodes: &[], reaches: &lengths };
        let sum = if by_shares { accumulate_by_shares } else { accumulate };
        bencher.bench(|| sum(network, &amounts, &Barriers::default()).unwrap());
    }

    #[divan::bench]
    fn nearest_pipe(bencher: Bencher<'_, '_>) {
        let index = NearestPipe::new(&CITY.network);
        let spot = PLACES.1.spot.unwrap();
        bencher.bench(|| index.nearest(black_box(Coord { x: spot.x + 7.0, y: spot.y - 3.0 })));
    }

    #[divan::bench]
    fn geodesic_distance() -> f64 {
        let at = |x, y| Shape::point(Coord { x, y });
        distance_between(black_box(&at(120.224_459, 30.231_61)), black_box(&at(120.2284, 30.226)))
    }
}
