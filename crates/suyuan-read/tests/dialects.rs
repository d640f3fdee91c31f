//! Each shipped dialect is guessed from a small layer in its spelling, its codes mean what its table says, and a dialect of
//! one's own works as the documentation shows.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::fs;
use std::path::Path;

use suyuan_core::raw::{Column, Field, RawLayer, Role};
use suyuan_core::{FlowMode, FlowSign, NodeKind, RawSurvey, System};
use suyuan_read::{LayerSpec, ReadOptions, dialect_fits, read_survey, shipped_dialects};

/// Writes lines, or points, with the same columns on every row.
fn write(path: &Path, line: bool, rows: &[&[(&str, &str)]]) {
    let features: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let y = 30.2 + n as f64 / 1000.0;
            let geometry = match line {
                true => format!(r#"{{"type":"LineString","coordinates":[[120.2,{y}],[120.201,{y}]]}}"#),
                false => format!(r#"{{"type":"Point","coordinates":[120.2,{y}]}}"#),
            };
            let values: Vec<String> = row.iter().map(|(name, value)| format!("{name:?}:{value:?}")).collect();
            format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{{{}}}}}"#, values.join(","))
        })
        .collect();
    fs::write(path, format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",")))
        .unwrap();
}

fn read(rows: &[&[(&str, &str)]], options: &ReadOptions) -> RawSurvey {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.geojson");
    write(&path, true, rows);
    read_survey(&[LayerSpec::new(Role::Pipes, &path)], options).unwrap()
}

fn read_nodes(rows: &[&[(&str, &str)]]) -> RawLayer {
    let folder = tempfile::tempdir().unwrap();
    let (lines, points) = (folder.path().join("lines.geojson"), folder.path().join("points.geojson"));
    write(&lines, true, &[&[("id", "1")]]);
    write(&points, false, rows);
    let specs = [LayerSpec::new(Role::Pipes, &lines), LayerSpec::new(Role::Nodes, &points)];
    read_survey(&specs, &ReadOptions::default()).unwrap().layers.remove(1)
}

/// A dialect, a row in its spelling as columns and values, and the fields that must be understood.
type Spelling = (&'static str, &'static [(&'static str, &'static str)], &'static [Field]);

/// A row in the spelling of each shipped dialect, with the fields it must give.
const SPELT: [Spelling; 11] = [
    (
        "suyuan",
        &[
            ("pipe_id", "P1"),
            ("from_node", "A"),
            ("to_node", "B"),
            ("invert_from", "2.1"),
            ("diameter", "300"),
        ],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::InvertFrom, Field::Diameter],
    ),
    (
        "zhejiang",
        &[
            ("物探点号", "A"),
            ("连接点号", "B"),
            ("起点埋深", "1.2"),
            ("管径", "600"),
            ("管线性质", "雨水"),
            ("压力", "2"),
        ],
        &[Field::FromNode, Field::ToNode, Field::DepthFrom, Field::Diameter, Field::System, Field::Mode],
    ),
    (
        "cjj61",
        &[
            ("S_Point", "A"),
            ("E_Point", "B"),
            ("S_Deep", "1.2"),
            ("E_Deep", "1.3"),
            ("D_S", "300"),
            ("Belong", "X"),
        ],
        &[Field::FromNode, Field::ToNode, Field::DepthFrom, Field::DepthTo, Field::Diameter, Field::Owner],
    ),
    (
        "mohurd",
        &[
            ("In_JuncID", "A"),
            ("Out_JuncID", "B"),
            ("In_Elev", "3.1"),
            ("pipe_categ", "2"),
            ("flowdirect", "1"),
        ],
        &[Field::FromNode, Field::ToNode, Field::InvertFrom, Field::System, Field::FlowDirection],
    ),
    (
        "pinyin",
        &[("JCJBH", "A"), ("LJBH", "B"), ("QDMS", "1.2"), ("CZ", "砼"), ("SFHJ", "否")],
        &[Field::FromNode, Field::ToNode, Field::DepthFrom, Field::Material],
    ),
    (
        // The local-government model: ssGravityMain.
        "north-american",
        &[
            ("FACILITYID", "P1"),
            ("FROMMH", "A"),
            ("TOMH", "B"),
            ("UPELEV", "3.1"),
            ("DOWNELEV", "3.0"),
            ("WATERTYPE", "SS"),
        ],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::InvertFrom, Field::InvertTo, Field::System],
    ),
    (
        "giswater",
        &[
            ("arc_id", "P1"),
            ("node_1", "A"),
            ("node_2", "B"),
            ("sys_y1", "1.2"),
            ("elev1", "3.1"),
            ("state", "2"),
        ],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::DepthFrom, Field::InvertFrom, Field::State],
    ),
    (
        "nhdplus",
        &[("COMID", "8"), ("FromNode", "1"), ("ToNode", "2"), ("FLOWDIR", "With Digitized")],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::FlowDirection],
    ),
    (
        "vsa-dss",
        &[
            ("TID", "R1"),
            ("Knoten_von", "A"),
            ("Knoten_nach", "B"),
            ("Kote_von", "400"),
            ("Nutzungsart_Ist", "Schmutzabwasser"),
        ],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::InvertFrom, Field::System],
    ),
    (
        "teksi",
        &[
            ("obj_id", "R1"),
            ("rp_from_fk_wastewater_networkelement", "A"),
            ("rp_to_fk_wastewater_networkelement", "B"),
            ("rp_from_level", "400"),
            ("ch_usage_current", "4526"),
            ("ch_function_hydraulic", "23"),
        ],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::InvertFrom, Field::System, Field::Mode],
    ),
    (
        // A bureau's own first letters.
        "zhejiang",
        &[("GXBH", "P1"), ("QDDH", "A"), ("ZDDH", "B"), ("QDGC", "3.1"), ("ZDGC", "3.0"), ("GJ", "300")],
        &[Field::Id, Field::FromNode, Field::ToNode, Field::InvertFrom, Field::InvertTo, Field::Diameter],
    ),
];

#[test]
fn every_shipped_dialect_is_guessed_from_its_spelling() {
    for (dialect, row, fields) in SPELT {
        let survey = read(&[row], &ReadOptions::default());
        let layer = &survey.layers[0];
        assert!(
            layer.source.dialect.starts_with(&format!("{dialect} ")),
            "{dialect}: {}",
            layer.source.dialect
        );
        for field in fields {
            assert!(layer.columns.contains_key(field), "{dialect}: {field}");
        }
    }
    for dialect in shipped_dialects() {
        assert!(SPELT.iter().any(|(name, _, _)| *name == dialect.name), "{} is untested", dialect.name);
    }
}

#[test]
fn one_code_means_what_the_dialect_of_its_layer_says() {
    // State 3 is built in the ministry's dictionary, scrapped in a line table; 2 is planned in Giswater.
    let state = |row: &[(&str, &str)]| {
        read(&[row], &ReadOptions::default()).layers[0].text(Field::State, 0).map(str::to_owned)
    };
    let ministry = [("In_JuncID", "A"), ("Out_JuncID", "B"), ("State", "3")];
    assert_eq!(state(&ministry).as_deref(), Some("已建"));
    assert_eq!(state(&[("起点点号", "A"), ("终点点号", "B"), ("使用状态", "3")]).as_deref(), Some("报废"));
    assert_eq!(state(&[("node_1", "A"), ("node_2", "B"), ("state", "2")]).as_deref(), Some("planned"));
    let teksi = |status| state(&[("rp_from_fk_wastewater_networkelement", "A"), ("ws_status", status)]);
    assert_eq!(teksi("6532").as_deref(), Some("abandoned, filled"));
    let vsa = |status| state(&[("Knoten_von", "A"), ("Kanal_Status", status)]);
    assert_eq!(vsa("tot.verfuellt").as_deref(), Some("abandoned, filled"));
    let survey = read(&[&ministry], &ReadOptions::default());
    assert_eq!(survey.layers[0].source.dialect.split(' ').next(), Some("mohurd"));
    let kinds =
        read_nodes(&[&[("NodeID", "A"), ("Junc_Type", "10")], &[("NodeID", "B"), ("Junc_Type", "1")]]);
    assert_eq!([kinds.kind(0), kinds.kind(1)], [Some(NodeKind::Control), Some(NodeKind::Manhole)]);
}

#[test]
fn rain_water_is_none_of_the_waste_water_that_its_name_holds() {
    let system = |usage| {
        let row = [("rp_from_fk_wastewater_networkelement", "A"), ("ch_usage_current", usage)];
        read(&[&row], &ReadOptions::default()).layers[0].system(0)
    };
    for storm in ["9023", "4514", "clean_wastewater", "rain_wastewater"] {
        assert_eq!(system(storm), System::Storm, "{storm}");
    }
    assert_eq!([system("4526"), system("wastewater")], [System::Foul; 2]);
}

#[test]
fn ambiguous_names_are_settled_by_their_values_either_way() {
    let field = |name: &str, value: &str, field: Field| {
        let rows = [("QDDH", "A"), ("ZDDH", "B"), (name, value)];
        read(&[&rows], &ReadOptions::default()).layers[0].source.fields.get(&field).cloned()
    };
    assert_eq!(field("LX", "+", Field::FlowDirection).as_deref(), Some("LX"));
    assert_eq!(field("LX", "直埋", Field::FlowDirection), None);
    assert_eq!(field("GC", "砼", Field::Material).as_deref(), Some("GC"));
    assert_eq!(field("GC", "5.21", Field::Material), None);
}

#[test]
fn what_is_not_understood_is_named() {
    let row = [("起点点号", "A"), ("终点点号", "B"), ("起点管顶高程", "5.1"), ("备注", "x"), ("LX", "直埋")];
    let survey = read(&[&row], &ReadOptions::default());
    // A crown level and a laying method are no fields; a remark is nothing of a survey's.
    assert_eq!(survey.layers[0].source.not_understood, ["LX", "起点管顶高程"]);
    // Another spelling of a field that was found is no loss.
    let survey = read(&[&[("FACILITYID", "1"), ("OBJECTID", "7")]], &ReadOptions::default());
    assert_eq!(survey.layers[0].source.not_understood, [""; 0]);
    // Of a layer that says nothing to us, every column that holds something.
    let survey = read(&[&[("K1", "1"), ("K2", "7"), ("K3", "")]], &ReadOptions::default());
    assert_eq!(survey.layers[0].source.not_understood, ["K1", "K2"]);
}

#[test]
fn a_rival_is_named_where_it_is_close() {
    let one = read(&[&[("起点点号", "A"), ("终点点号", "B")]], &ReadOptions::default());
    assert_eq!(one.layers[0].source.runner_up, "");
    let two = read(
        &[&[("S_Point", "A"), ("E_Point", "B"), ("In_JuncID", "A"), ("Out_JuncID", "B")]],
        &ReadOptions::default(),
    );
    assert!(two.layers[0].source.runner_up.starts_with("mohurd "), "{}", two.layers[0].source.runner_up);
    assert!(two.layers[0].source.dialect.starts_with("cjj61 "));
}

#[test]
fn an_end_that_names_a_pipe_in_place_of_a_node_joins_that_pipe() {
    let ends = |id, from, to| -> [(&str, &str); 3] {
        [
            ("obj_id", id),
            ("rp_from_fk_wastewater_networkelement", from),
            ("rp_to_fk_wastewater_networkelement", to),
        ]
    };
    let survey = read(&[&ends("R1", "A", "B"), &ends("R2", "C", "R1")], &ReadOptions::default());
    let layer = &survey.layers[0];
    assert_eq!((layer.text(Field::ToNode, 0), layer.text(Field::ToPipe, 0)), (Some("B"), None));
    assert_eq!((layer.text(Field::ToNode, 1), layer.text(Field::ToPipe, 1)), (None, Some("R1")));
    assert_eq!(layer.text(Field::FromNode, 1), Some("C"));
}

/// The dialect that the documentation shows.
fn documented(folder: &Path) -> ReadOptions {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dialects.md")).unwrap();
    let block = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let path = folder.join("my.toml");
    fs::write(&path, block).unwrap();
    ReadOptions { dialect_files: vec![path], ..ReadOptions::default() }
}

#[test]
fn the_dialect_of_the_documentation_works() {
    let folder = tempfile::tempdir().unwrap();
    let options = documented(folder.path());
    let row = [
        ("SEWER_NO", "P1"),
        ("MH_HIGH", "A"),
        ("MH_LOW", "B"),
        ("IL_HIGH", "3.1"),
        ("BORE", "300"),
        ("CARRIES", "F"),
        ("DRIVE", "9"),
        ("RUNS", "U"),
        ("STATUS", "2"),
    ];
    let survey = read(&[&row], &options);
    let layer = &survey.layers[0];
    assert!(layer.source.dialect.starts_with("riverton "), "{}", layer.source.dialect);
    assert_eq!((layer.text(Field::FromNode, 0), layer.number(Field::Diameter, 0)), (Some("A"), Some(0.3)));
    assert_eq!((layer.system(0), layer.mode(0)), (System::Foul, FlowMode::Pumped));
    assert_eq!(
        (layer.flow(0), layer.text(Field::State, 0)),
        (Some(FlowSign::AgainstDrawn), Some("abandoned"))
    );
    assert!(matches!(layer.columns[&Field::Mode], Column::Mode(_)));
}

#[test]
fn fits_are_shown_best_first_with_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let options = documented(folder.path());
    let path = folder.path().join("lines.geojson");
    write(
        &path,
        true,
        &[&[("SEWER_NO", "P1"), ("MH_HIGH", "A"), ("MH_LOW", "B"), ("material", "clay"), ("nonsense", "1")]],
    );
    let fits = dialect_fits(&LayerSpec::new(Role::Pipes, &path), &options).unwrap();
    assert_eq!((fits[0].layer.as_str(), fits[0].features, fits[0].columns.len()), ("lines", 1, 5));
    let best = &fits[0].fits[0];
    assert_eq!((best.role, best.dialect.as_str()), (Role::Pipes, "riverton"));
    assert!((best.score - 3.0 / 10.0).abs() < 1e-9);
    assert_eq!(best.fields[&Field::FromNode], ["MH_HIGH"]);
    assert!(
        fits[0].fits.iter().any(|f| f.dialect == "north-american" && f.fields.contains_key(&Field::Material))
    );
}
