//! The published data set of the Swiss wastewater model against its own text, read in another way.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is not as it says")]

use std::collections::BTreeMap;
use std::fs;

use suyuan_core::raw::Field;
use suyuan_core::{Role, System};
use suyuan_journeys::shared_data;
use suyuan_read::{LayerSpec, ReadOptions, read_survey};

/// The text without its comments.
fn without_comments(text: &str) -> String {
    let mut pieces = text.split("<!--");
    let mut kept = pieces.next().unwrap().to_owned();
    for piece in pieces {
        kept.push_str(piece.split_once("-->").unwrap().1);
    }
    kept
}

/// What stands between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// The objects of a class as text, by identifier.
fn objects<'a>(text: &'a str, class: &str) -> BTreeMap<&'a str, &'a str> {
    let tag = format!("DSS_2020_1_LV95.Siedlungsentwaesserung.{class}");
    let pieces = text.split(&format!("<{tag} TID=\"")).skip(1).collect::<Vec<_>>();
    let close = format!("</{tag}>");
    pieces.into_iter().map(|p| (p.split('"').next().unwrap(), p.split(&close).next().unwrap())).collect()
}

#[test]
fn every_reach_of_the_published_data_set_has_the_ends_and_levels_that_its_text_says() {
    let Some(data) = shared_data() else { return };
    let path = data.join("vsa-dss-ch-xtf/test-dataset-DSS.xtf");
    let text = without_comments(&fs::read_to_string(&path).unwrap());
    let reaches = objects(&text, "Haltung");
    let points = objects(&text, "Haltungspunkt");
    let nodes = objects(&text, "Abwasserknoten");
    let canals = objects(&text, "Kanal");
    let survey = read_survey(&[LayerSpec::new(Role::Pipes, &path)], &ReadOptions::default()).unwrap();
    let layer = |role| survey.layers_of(role).next().unwrap().1;
    let pipes = layer(Role::Pipes);
    let row = |id: &str| (0..pipes.len()).find(|row| pipes.id(*row) == id).unwrap();
    assert_eq!(reaches.len(), 102);
    let (mut named, mut blind, mut free) = (0, 0, 0);
    for (id, reach) in &reaches {
        let at = row(id);
        let sides = [
            ("<vonHaltungspunktRef REF=\"", Field::FromNode, Field::FromPipe, Field::InvertFrom),
            ("<nachHaltungspunktRef REF=\"", Field::ToNode, Field::ToPipe, Field::InvertTo),
        ];
        for (start, node, pipe, invert) in sides {
            let point = points[between(reach, start, "\"").unwrap()];
            let joined = between(point, "<AbwassernetzelementRef REF=\"", "\"");
            let (is_node, is_reach) =
                joined.map_or((false, false), |j| (nodes.contains_key(j), reaches.contains_key(j)));
            assert_eq!(pipes.text(node, at), joined.filter(|_| is_node), "{id}");
            assert_eq!(pipes.text(pipe, at), joined.filter(|_| is_reach), "{id}");
            (named, blind, free) = match (is_node, is_reach) {
                (true, _) => (named + 1, blind, free),
                (_, true) => (named, blind + 1, free),
                _ => (named, blind, free + 1),
            };
            let level = between(point, "<Kote>", "</Kote>").map(|k| k.parse::<f64>().unwrap());
            assert_eq!(pipes.number(invert, at), level.filter(|l| *l != 0.0), "{id}");
        }
        let canal = canals[between(reach, "<AbwasserbauwerkRef REF=\"", "\"").unwrap()];
        let system = match between(canal, "<Nutzungsart_Ist>", "<").unwrap() {
            "Schmutzabwasser" => System::Foul,
            "Niederschlagsabwasser" => System::Storm,
            _ => System::Combined,
        };
        assert_eq!(pipes.system(at), system, "{id}");
        let height = between(reach, "<Lichte_Hoehe>", "<").map(|h| h.parse::<f64>().unwrap() / 1000.0);
        assert_eq!(pipes.number(Field::Diameter, at), height.filter(|h| *h > 0.0), "{id}");
    }
    assert_eq!((named, blind, free), (186, 7, 11));
    let levels: Vec<f64> =
        nodes.values().filter_map(|n| between(n, "<Sohlenkote>", "<")?.parse().ok()).collect();
    let manholes = layer(Role::Nodes);
    assert_eq!(manholes.len(), nodes.len());
    assert_eq!((0..manholes.len()).filter_map(|r| manholes.number(Field::Invert, r)).count(), levels.len());
    // Six connections lie on the one arc; its chords are close enough to be met.
    let arc = row("ch080qwzHA000146");
    assert!(pipes.shapes.parts(arc).next().unwrap().len() > 50);
}
