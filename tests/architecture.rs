//! ARCHITECTURE.md says which crates there are and who may use whom; here it is held to that.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn crates() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The crates of ours that each crate's manifest names outside its tests.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let uses = |name: &String| {
        let text = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let all = manifest["dependencies"].as_table().unwrap();
        all.keys().filter(|k| k.starts_with("suyuan")).cloned().collect::<BTreeSet<String>>()
    };
    crates().into_iter().map(|name| (name.clone(), uses(&name))).collect()
}

#[test]
fn the_table_of_crates_is_the_folder_of_crates() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter_map(|l| l.strip_prefix("| [")?.split_once("](crates/"));
    let listed: BTreeSet<String> = rows.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(listed, crates());
    for (name, rest) in text.lines().filter_map(|l| l.strip_prefix("| [")?.split_once("](crates/")) {
        assert!(rest.starts_with(&format!("{name})")), "{name} links elsewhere");
    }
}

#[test]
fn nothing_points_the_other_way() {
    let set = |names: &[&str]| names.iter().map(|n| format!("suyuan-{n}")).collect::<BTreeSet<String>>();
    let steps = ["attribution", "core", "export", "locate", "network", "read", "trace", "venue"];
    let expected = BTreeMap::from([
        ("suyuan-core", set(&[])),
        ("suyuan-read", set(&["core"])),
        ("suyuan-network", set(&["core"])),
        ("suyuan-trace", set(&["core", "network"])),
        ("suyuan-attribution", set(&["core", "network", "trace"])),
        ("suyuan-locate", set(&["core", "network", "trace"])),
        ("suyuan-venue", set(&["core"])),
        ("suyuan-export", set(&["core"])),
        ("suyuan", set(&steps)),
        ("suyuan-cli", BTreeSet::from(["suyuan".to_owned()])),
        ("suyuan-samples", set(&["core", "export"])),
    ]);
    let found = arrows();
    assert_eq!(found.len(), expected.len());
    for (name, uses) in found {
        assert_eq!(uses, expected[name.as_str()], "what {name} uses");
    }
}

#[test]
fn crates_between_the_files_forbid_themselves_to_open_any() {
    for name in ["core", "network", "trace", "attribution", "locate", "venue"] {
        let text = fs::read_to_string(root().join(format!("crates/suyuan-{name}/clippy.toml"))).unwrap();
        assert!(text.contains("std::fs::read") && text.contains("std::println"), "suyuan-{name}");
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let mut links = 0;
    for page in ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") {
                assert!(root().join(link).exists(), "{page} links to {link}");
                links += 1;
            }
        }
    }
    assert!(links > 10, "{links}");
}
