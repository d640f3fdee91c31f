//! Levels that stand at the wrong ends, against a planted city: every level, every turned line is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use suyuan_core::drawn::drawn_crs;
use suyuan_core::raw::{Column, Field, LayerSource, MemoryAttributes, RawLayer, ShapeKind, Shapes};
use suyuan_core::{Coord, FindingCode, RawSurvey, Role};
use suyuan_network::{BuildConfig, build_network};

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Lots(u64);

impl Lots {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A tree of pipes that all flow towards manhole 0, a share of the lines turned, their levels moved with them or left in
/// their columns; and whether each is turned.
fn city(count: usize, share: f64, levels_move: bool, lots: &mut Lots) -> (RawSurvey, Vec<bool>) {
    let place = |n: usize| {
        let turn = n as f64 * 2.399_963_229_728_653; // the golden angle: no three places in a row
        Coord { x: 90.0 * (n as f64).sqrt() * turn.cos(), y: 90.0 * (n as f64).sqrt() * turn.sin() }
    };
    let mut shapes = Shapes::new(ShapeKind::Line);
    let (mut from, mut to, mut turned) = (Vec::new(), Vec::new(), Vec::new());
    let mut bottoms = vec![0.0];
    for n in 1..=count {
        let below = (lots.draw() * n as f64) as usize;
        let fall = 0.15 + lots.draw();
        // Levels are good to a centimetre or so.
        let lower = bottoms[below] + 0.02 * (lots.draw() - 0.5);
        let upper = lower + fall;
        bottoms.push(upper);
        let turn = lots.draw() < share;
        let line = [place(n), place(below)];
        let line = if turn { [line[1], line[0]] } else { line };
        shapes.push([line.as_slice()]);
        let swap = turn && levels_move;
        from.push(if swap { lower } else { upper });
        to.push(if swap { upper } else { lower });
        turned.push(turn);
    }
    let layer = RawLayer {
        role: Role::Pipes,
        source: LayerSource { path: "tree".to_owned(), ..LayerSource::default() },
        attributes: Arc::new(MemoryAttributes { fields: Vec::new(), rows: vec![Vec::new(); count] }),
        shapes,
        columns: BTreeMap::from([
            (Field::Id, Column::Text((0..count).map(|n| format!("{n}")).collect())),
            (Field::InvertFrom, Column::Number(from)),
            (Field::InvertTo, Column::Number(to)),
        ]),
    };
    (RawSurvey { crs: drawn_crs(), layers: vec![layer], findings: Vec::new() }, turned)
}

#[test]
fn turned_lines_are_found_whether_their_levels_moved_with_them_or_not() {
    for levels_move in [true, false] {
        for share in [0.0, 0.08, 0.25, 0.45] {
            let (mut pipes, mut right, mut planted, mut named, mut mistaken) = (0, 0, 0, 0, 0);
            for seed in 0..20 {
                let (survey, turned) = city(150, share, levels_move, &mut Lots(seed));
                let (network, findings) = build_network(&survey, &BuildConfig::automatic()).unwrap();
                for pipe in network.pipe_ids() {
                    let row = network.pipe(pipe).origin.row as usize;
                    let reach = network.reach(network.reaches_of(pipe).next().unwrap());
                    pipes += 1;
                    if reach.with_drawn != turned[row] {
                        right += 1;
                        let [upper, lower] = network.pipe_inverts(pipe).map(Option::unwrap);
                        assert!(upper > lower, "pipe {row} runs uphill though its levels are known");
                    }
                }
                planted += turned.iter().filter(|turn| **turn && !levels_move).count();
                for finding in findings.iter().filter(|f| f.code == FindingCode::LevelsExchanged) {
                    let row = finding.origin.unwrap().row as usize;
                    named += usize::from(turned[row] && !levels_move);
                    mistaken += usize::from(!turned[row] || levels_move);
                }
            }
            assert!(right * 100 >= pipes * 97, "{right} of {pipes} right with {share} turned");
            assert!(named * 100 >= planted * 90, "{named} of {planted} exchanged pipes are named");
            assert!(mistaken * 200 <= pipes, "{mistaken} of {pipes} are called exchanged and are not");
        }
    }
}
