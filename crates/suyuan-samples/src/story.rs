//! Who drains where, and the story: a car wash that empties its sump into a storm manhole.

use geo_types::Coord;

use crate::plan::{along, apart, on_map};
use crate::random::Random;
use crate::sewers::{Kind, Sewers};

/// How the record knows a drainer's connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The manhole is on file.
    Recorded,
    /// A lateral was surveyed.
    Lateral,
    /// Not at all.
    Unknown,
}

/// A drainer.
pub struct Drainer {
    pub id: String,
    pub name: String,
    pub trade: &'static str,
    pub place: Coord<f64>,
    /// Whether it really drains into a storm sewer.
    pub into_storm: bool,
    /// The node it really drains into.
    pub node: usize,
    pub known: Known,
}

/// The planted end of the story.
pub struct Story {
    pub outfall: usize,
    pub polluter: usize,
    /// Other foul producers on storm manholes, the polluter included.
    pub misconnected: Vec<usize>,
    /// Recorded at a manhole that nobody surveyed.
    pub unknown: usize,
}

const TRADES: [(&str, usize); 14] = [
    ("餐饮", 16),
    ("住宅小区", 22),
    ("办公楼", 14),
    ("洗车", 4),
    ("汽修", 4),
    ("农贸市场", 3),
    ("学校", 4),
    ("医院", 2),
    ("洗衣店", 4),
    ("建设工地", 5),
    ("食品加工", 3),
    ("电子厂", 6),
    ("混凝土搅拌站", 1),
    ("加油站", 3),
];

/// Binjiang gymnasium and the main stadium, EPSG:4549.
pub const GYMNASIUM: Coord<f64> = Coord { x: 519_188.278, y: 3_342_073.753 };

fn nearest(sewers: &Sewers, place: Coord<f64>, kinds: &[Kind]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (i, node) in sewers.nodes.iter().enumerate().filter(|(_, n)| kinds.contains(&n.kind)) {
        let distance = apart(node.place, place);
        if distance < best.1 {
            best = (i, distance);
        }
    }
    best
}

/// Drainers along the foul sewers.
pub fn drainers(storm: &Sewers, foul: &Sewers, random: &mut Random) -> Vec<Drainer> {
    let total: usize = TRADES.iter().map(|t| t.1).sum();
    let mut drainers = Vec::new();
    for pipe in &foul.pipes {
        if !random.chance(0.3) {
            continue;
        }
        let [from, to] = pipe.ends;
        let (a, b) = (foul.nodes[from].place, foul.nodes[to].place);
        let at = along(a, b, random.between(0.1, 0.9));
        let side = random.between(16.0, 38.0) * if random.chance(0.5) { 1.0 } else { -1.0 };
        let length = apart(a, b);
        let place = Coord { x: at.x - side * (b.y - a.y) / length, y: at.y + side * (b.x - a.x) / length };
        let mut lot = random.below(total);
        let trade = TRADES
            .iter()
            .find(|t| {
                let hit = lot < t.1;
                lot = lot.wrapping_sub(t.1);
                hit
            })
            .map_or("餐饮", |t| t.0);
        let known = match random.between(0.0, 1.0) {
            x if x < 0.6 => Known::Recorded,
            x if x < 0.75 => Known::Lateral,
            _ => Known::Unknown,
        };
        // Building sites may drain their ground water into storm sewers.
        let into_storm = trade == "建设工地";
        let node = if into_storm {
            nearest(storm, place, &[Kind::Manhole]).0
        } else if apart(place, a) < apart(place, b) {
            from
        } else {
            to
        };
        let number = drainers.len() + 1;
        drainers.push(Drainer {
            id: format!("PSH{number:04}"),
            name: format!("示例{trade}{number:03}"),
            trade,
            place,
            into_storm,
            node,
            known,
        });
    }
    drainers
}

/// Flags an outfall near the gymnasium and plants the polluter behind it.
///
/// # Panics
/// If the plan has no outfall to tell the story at.
pub fn plant(storm: &Sewers, drainers: &mut [Drainer]) -> Story {
    let size = |node: usize| storm.upstream(node).len();
    let outfall = storm
        .outfalls
        .iter()
        .enumerate()
        .filter(|(_, o)| o.river == 1 && apart(on_map(storm.nodes[o.node].place), GYMNASIUM) < 1000.0)
        .max_by_key(|(i, o)| (size(o.node), usize::MAX - i))
        .map(|(i, _)| i)
        .expect("an outfall lies near the gymnasium");
    let mouth = storm.outfalls[outfall].node;
    let mut above: Vec<usize> = storm.upstream(mouth).iter().map(|p| storm.pipes[*p].ends[0]).collect();
    above.sort_unstable();
    above.dedup();
    above.retain(|n| storm.nodes[*n].kind == Kind::Manhole);
    let top = above.iter().map(|n| storm.nodes[*n].level).fold(f64::MIN, f64::max);
    let low = storm.nodes[mouth].level;
    let height = |n: usize| (storm.nodes[n].level - low) / (top - low);
    let mut misconnected = Vec::new();
    let mut connect = |drainers: &mut [Drainer], at: usize, node: usize, trade: &'static str| {
        let drainer = &mut drainers[at];
        drainer.trade = trade;
        drainer.name = format!("示例{trade}{}", &drainer.id[4..]);
        drainer.into_storm = true;
        drainer.node = node;
        drainer.known = Known::Recorded;
        misconnected.push(at);
    };
    let beside = |drainers: &[Drainer], node: usize| {
        (0..drainers.len()).filter(|d| apart(drainers[*d].place, storm.nodes[node].place) < 70.0).min_by(
            |a, b| {
                let far = |d: usize| apart(drainers[d].place, storm.nodes[node].place);
                far(*a).total_cmp(&far(*b)).then(a.cmp(b))
            },
        )
    };
    let find = |drainers: &[Drainer], low: f64, high: f64| {
        above
            .iter()
            .filter(|n| (low..high).contains(&height(**n)))
            .find_map(|n| beside(drainers, *n).map(|d| (d, *n)))
            .expect("a drainer stands near the storm sewer")
    };
    let (polluter, node) = find(drainers, 0.45, 0.75);
    connect(drainers, polluter, node, "洗车");
    let (other, node) = find(drainers, 0.1, 0.4);
    connect(drainers, other, node, "餐饮");
    for at in (25..drainers.len()).step_by(drainers.len() / 7) {
        let free = at != polluter && at != other && drainers[at].trade != "建设工地";
        let (node, far) = nearest(storm, drainers[at].place, &[Kind::Manhole]);
        if free && far < 70.0 && !above.contains(&node) {
            connect(drainers, at, node, "餐饮");
        }
    }
    let unknown = (40..drainers.len())
        .find(|d| drainers[*d].known == Known::Recorded && !misconnected.contains(d))
        .expect("some drainer is on record");
    Story { outfall, polluter, misconnected, unknown }
}
