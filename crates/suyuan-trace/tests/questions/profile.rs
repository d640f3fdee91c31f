//! Long profiles against the records of each pipe.

use proptest::prelude::*;
use suyuan_core::FlowMode;
use suyuan_trace::{find_path, long_profile};

use crate::plan::{barred, barriers, node, plans};

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_profile_says_of_each_pipe_what_its_record_says(plan in plans(7), a in 0usize..100, b in 0usize..100, shut in barred()) {
        let network = plan.build();
        let (a, b) = (node(&network, a), node(&network, b));
        let barriers = barriers(&network, &shut);
        let path = find_path(&network, &network.place_of_node(a), &network.place_of_node(b), &barriers);
        let Some(way) = path.way() else { return Ok(()) };
        let profile = long_profile(&network, way);
        prop_assert_eq!(profile.reaches.len(), way.reaches.len());
        let mut metres = 0.0;
        let mut before: Option<f64> = None;
        for (found, step) in profile.reaches.iter().zip(&way.reaches) {
            let row = network.reach(step.reach);
            prop_assert!((found.measures[0] - metres).abs() < 1e-9);
            metres += row.length();
            prop_assert!((found.measures[1] - metres).abs() < 1e-9);
            let mut levels = network.pipe_inverts(row.pipe);
            if step.against {
                levels.reverse();
            }
            prop_assert_eq!(found.inverts, levels);
            let rises = matches!(levels, [Some(first), Some(last)] if last - first > 0.02);
            let pumped = network.pipe(row.pipe).mode == FlowMode::Pumped;
            prop_assert_eq!(found.adverse, rises && !pumped);
            let drop = before.zip(levels[0]).map(|(end, begin)| end - begin);
            prop_assert_eq!(found.step, drop);
            before = levels[1];
        }
    }
}
