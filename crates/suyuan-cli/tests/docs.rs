//! Examples in the documents, held to the code.

use std::fs;
use std::path::Path;

use suyuan::read_project;

#[test]
fn the_project_file_of_the_documents_is_understood() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/project-file.md"));
    let text = text.unwrap();
    let example = text.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.toml");
    fs::write(&path, example).unwrap();
    let spec = read_project(&path).unwrap();
    assert_eq!(spec.title, "Binjiang");
    assert_eq!((spec.layers.len(), spec.build.decisions.len()), (1, 3));
    // Every field of the table is one of ours.
    for row in text.lines().filter(|line| line.starts_with("| ") && line.contains("`id`")) {
        let role = row.split('|').nth(1).unwrap().trim();
        for field in row.split('|').nth(2).unwrap().split(',') {
            let field = field.trim().trim_matches('`');
            fs::write(&path, format!("[[{role}]]\npath = 'a.shp'\nfields = {{ {field} = 'X' }}\n")).unwrap();
            assert!(read_project(&path).is_ok(), "{role}: {field}");
        }
    }
}
