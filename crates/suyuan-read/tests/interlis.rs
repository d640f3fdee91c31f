//! INTERLIS transfer files of the Swiss VSA-DSS: references become node ids, levels, systems and outfalls.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::fs;
use std::path::Path;

use suyuan_core::raw::{Field, RawLayer, Role, ShapeKind};
use suyuan_core::{FindingCode, FlowMode, Language, NodeKind, RawSurvey, System};
use suyuan_read::{LayerSpec, ReadError, ReadOptions, read_survey};

const HAMLET: &str = include_str!("data/hamlet.xtf");

fn read(role: Role, path: &Path, layer: Option<&str>) -> Result<RawSurvey, ReadError> {
    let spec = LayerSpec { layer: layer.map(str::to_owned), ..LayerSpec::new(role, path) };
    read_survey(&[spec], &ReadOptions::default())
}

fn hamlet(change: impl Fn(&str) -> String) -> Result<RawSurvey, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hamlet.xtf");
    fs::write(&path, change(HAMLET)).unwrap();
    read(Role::Pipes, &path, None)
}

fn layer(survey: &RawSurvey, role: Role) -> &RawLayer {
    survey.layers_of(role).next().unwrap().1
}

fn row(layer: &RawLayer, id: &str) -> usize {
    (0..layer.len()).find(|row| layer.id(*row) == id).unwrap()
}

#[test]
fn one_file_gives_pipes_nodes_outfalls_and_drainers_by_reference() {
    let survey = hamlet(str::to_owned).unwrap();
    assert_eq!(survey.crs.epsg, Some(2056));
    let pipes = layer(&survey, Role::Pipes);
    assert_eq!(pipes.len(), 6);
    let text = |id: &str, field| pipes.text(field, row(pipes, id)).map(str::to_owned);
    let ends = |id: &str| {
        (text(id, Field::FromNode).unwrap_or_default(), text(id, Field::ToNode).unwrap_or_default())
    };
    assert_eq!(ends("R1"), ("K1".to_owned(), "K2".to_owned()));
    // A connection on the inside of another reach names that reach and no node.
    assert_eq!(ends("R2"), (String::new(), String::new()));
    assert_eq!(text("R2", Field::ToPipe).as_deref(), Some("R1"));
    assert_eq!(ends("P1"), ("K3".to_owned(), "K4".to_owned()));
    // A node in another file still tells which reaches meet there.
    assert_eq!(ends("R4"), ("K9".to_owned(), String::new()));
    let number = |id: &str, field| pipes.number(field, row(pipes, id));
    assert_eq!(number("R1", Field::InvertFrom), Some(410.0));
    assert_eq!(number("R1", Field::InvertTo), Some(409.0));
    assert_eq!(number("R3", Field::InvertTo), None);
    assert_eq!(number("R1", Field::Diameter), Some(0.3));
    assert_eq!(number("R1", Field::Length), Some(110.0));
    let system = |id: &str| pipes.system(row(pipes, id));
    assert_eq!([system("R1"), system("R2"), system("R3")], [System::Combined, System::Foul, System::Storm]);
    let mode = |id: &str| pipes.mode(row(pipes, id));
    assert_eq!([mode("R1"), mode("R3"), mode("P1")], [FlowMode::Gravity, FlowMode::Pumped, FlowMode::Pumped]);
    assert_eq!(text("R3", Field::State).as_deref(), Some("planned"));
    assert_eq!(text("R1", Field::Year).as_deref(), Some("1989"));
    assert_eq!(text("R1", Field::Owner).as_deref(), Some("ORG1"));
    let at = pipes.attributes.fields().iter().position(|f| f.name == "Kanal_Bezeichnung").unwrap();
    assert_eq!(pipes.attributes.value(row(pipes, "R1"), at).to_string(), "A & B");

    let nodes = layer(&survey, Role::Nodes);
    let kind = |id: &str| nodes.kind(row(nodes, id)).unwrap();
    assert_eq!(
        ["K1", "K2", "K3", "K4"].map(kind),
        [NodeKind::Manhole, NodeKind::Inlet, NodeKind::PumpStation, NodeKind::Outfall]
    );
    assert_eq!(nodes.number(Field::Ground, row(nodes, "K1")), Some(412.5));
    assert_eq!(nodes.number(Field::Invert, row(nodes, "K2")), Some(409.0));
    let outfalls = layer(&survey, Role::Outfalls);
    assert_eq!(outfalls.text(Field::Node, 0), Some("K4"));
    assert_eq!(outfalls.shapes.point(0).unwrap().x, 2_600_210.0);
    let drainers = layer(&survey, Role::Drainers);
    assert_eq!((drainers.shapes.kind(), drainers.text(Field::Pipe, 0)), (ShapeKind::Polygon, Some("R2")));
    assert_eq!(drainers.text(Field::Name, 0), Some("Käserei"));
}

#[test]
fn an_arc_is_drawn_through_its_point_and_not_cut_short() {
    let survey = hamlet(str::to_owned).unwrap();
    let pipes = layer(&survey, Role::Pipes);
    let line = pipes.shapes.parts(row(pipes, "R1")).next().unwrap();
    // A chord of 100 m with 20 m of rise: radius (50² + 20²) / 40 = 72.5 m, 2 r asin(50 / r) of length.
    let length: f64 = line.windows(2).map(|w| (w[1].x - w[0].x).hypot(w[1].y - w[0].y)).sum();
    let arc = 2.0 * 72.5 * (50.0f64 / 72.5).asin();
    assert!(arc - length > 0.0 && arc - length < 0.05, "{length} {arc}");
    let nearest =
        line.iter().map(|c| (c.x - 2_600_050.0).hypot(c.y - 1_200_020.0)).fold(f64::INFINITY, f64::min);
    assert!(nearest < 1.3, "{nearest}");
}

#[test]
fn what_leads_nowhere_is_heard_of() {
    let survey = hamlet(str::to_owned).unwrap();
    let said = |code: FindingCode, language| -> Vec<String> {
        let mut said: Vec<String> =
            survey.findings.iter().filter(|f| f.code == code).map(|f| f.message(language)).collect();
        said.sort();
        said
    };
    let broken = said(FindingCode::ReferenceBroken, Language::English);
    assert_eq!(
        broken,
        [
            "1 references AbwassernetzelementRef lead to nothing in the file, such as that of R4A to K9",
            "1 references nachHaltungspunktRef lead to nothing in the file, such as that of R4 to GONE",
        ]
    );
    assert!(said(FindingCode::ReferenceBroken, Language::Chinese)[0].contains("R4A"));
    // A pump without a node to lift to has nowhere to be drawn; a gauge is no part of a network.
    assert_eq!(said(FindingCode::NoGeometry, Language::English).len(), 1);
    let left_out = said(FindingCode::ObjectsLeftOut, Language::English);
    assert_eq!(
        left_out,
        ["1 objects of 1 classes, most of them Messgeraet, are no part of a network and were left out"]
    );
    assert_eq!(said(FindingCode::OutOfService, Language::English).len(), 1);
}

#[test]
fn a_layer_can_be_named_and_a_column_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hamlet.xtf");
    fs::write(&path, HAMLET).unwrap();
    let survey = read(Role::Pipes, &path, Some("Haltung")).unwrap();
    assert_eq!(survey.layers.len(), 1);
    let error = read(Role::Pipes, &path, Some("Leitung")).unwrap_err();
    assert!(error.to_string().contains("it has Haltung, Abwasserknoten, Einleitstelle, Gebaeude"), "{error}");
    let fields = [(Field::Id, "Bezeichnung".to_owned())].into();
    let spec = LayerSpec { fields, ..LayerSpec::new(Role::Pipes, &path) };
    let survey = read_survey(&[spec], &ReadOptions::default()).unwrap();
    assert_eq!(layer(&survey, Role::Pipes).id(0), "1-2");
}

#[test]
fn damage_is_told_with_its_line() {
    let error = hamlet(|t| t.replace("2600100.500", "east")).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("line 26: Lage of Abwasserknoten K2 holds `east`, expected a coordinate"),
        "{said}"
    );
    assert!(error.message(Language::Chinese).contains("第 26 行"));
    let error = hamlet(|t| t[..t.len() / 2].to_owned()).unwrap_err();
    assert!(error.to_string().contains("line "), "{error}");
    let error = hamlet(|t| t.replace("</Verlauf><nach", "</Verlaufs><nach")).unwrap_err();
    assert!(error.to_string().contains("line 12"), "{error}");
    // No prefix of the file panics.
    for end in (0..HAMLET.len()).step_by(97).filter(|end| HAMLET.is_char_boundary(*end)) {
        let _ = hamlet(|t| t[..end].to_owned());
    }
}

#[test]
fn a_transfer_of_another_model_and_one_of_old_coordinates_are_refused_in_a_sentence() {
    let other = hamlet(|t| t.replace("DSS_2020_1_LV95.Siedlungsentwaesserung.", "Roads.Net.x"));
    if cfg!(not(feature = "gdal")) {
        let error = other.unwrap_err();
        assert!(error.to_string().contains("is a transfer of DSS_2020_1_LV95"), "{error}");
        assert!(error.hint(Language::English).is_some());
        assert!(error.message(Language::Chinese).contains("排水模型"));
    }
    // A system that is not known is refused; one that is, is taken. Never is the other one assumed.
    match hamlet(|t| t.replace("DSS_2020_1_LV95\"", "DSS_2020_1_LV03\"")) {
        Ok(survey) => assert_ne!(survey.crs.epsg, Some(2056)),
        Err(error) => assert!(matches!(error, ReadError::Crs { .. }), "{error}"),
    }
}
