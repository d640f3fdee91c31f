//! `suyuan demo`: the whole journey on the sample city.

use std::path::{Path, PathBuf};

use suyuan::export::write_package;
use suyuan::{
    Background, City, Language, MOST_REPAIRS, TraceRequest, findings_package, read_project, trace_package,
};

use crate::args::DemoArgs;
use crate::check::write_options;
use crate::say::{Fault, Say};
use crate::{trace, venues};

/// The sample city: where the user says, else `data-samples` here or above the program.
fn find_samples(asked: Option<&Path>) -> Result<PathBuf, Fault> {
    let file = Path::new("binjiang").join("city.toml");
    let mut places: Vec<PathBuf> = Vec::new();
    match asked {
        Some(folder) => places.push(folder.join("city.toml")),
        None => {
            places.push(Path::new("data-samples").join(&file));
            if let Ok(program) = std::env::current_exe() {
                places.extend(program.ancestors().skip(1).map(|p| p.join("data-samples").join(&file)));
            }
        }
    }
    places.iter().find(|p| p.is_file()).cloned().ok_or_else(|| {
        Fault::Input(
            "the sample city is not here: run this in suyuan's source folder, or give --samples DIR"
                .to_owned(),
            "未找到示例城市：请在溯源源码目录中运行，或用 --samples 指定".to_owned(),
        )
    })
}

/// `suyuan demo`
pub fn run(args: &DemoArgs, say: &Say) -> Result<u8, Fault> {
    let project = find_samples(args.samples.as_deref())?;
    let spec = read_project(&project)?;
    std::fs::create_dir_all(&args.folder)
        .map_err(|source| suyuan::export::ExportError::Write { path: args.folder.clone(), source })?;
    let city = City::open_with(&spec, &mut |step| say.step(step, None))?;
    let flagged = flagged_outfall(&project);
    say.answer(&match say.language {
        Language::English => format!(
            "The sample city: {} pipes, {} drainers, {} findings about the data.",
            city.network.pipe_count(),
            city.drainers.len(),
            city.findings.len()
        ),
        Language::Chinese => format!(
            "示例城市：管段 {} 条，排水户 {} 个，数据疑点 {} 处。",
            city.network.pipe_count(),
            city.drainers.len(),
            city.findings.len()
        ),
    });
    let request = TraceRequest { language: say.language, ..TraceRequest::default() };
    let answer = city.trace(&format!("outfall:{flagged}"), &request)?;
    trace::tell(&city, &answer, false, say)?;
    let around = city.venues(None)?;
    for venue in &around {
        venues::tell(&city, venue, say);
    }
    let options = write_options(true, say.language);
    let outputs = [
        ("trace.gpkg", trace_package(&city, &[answer], Background::Shown, say.language)),
        ("venues.gpkg", suyuan::venue_package(&city, &around, say.language)),
        ("findings.gpkg", findings_package(&city, &city.defects(MOST_REPAIRS), say.language)),
    ];
    say.answer(say.pick("Open in QGIS (double-click a .qgz):", "在 QGIS 中打开（双击 .qgz）："));
    for (name, package) in outputs {
        let path = args.folder.join(name);
        write_package(&package, &path, options)?;
        say.answer(&format!("  {}", path.with_extension("qgz").display()));
    }
    city.save(&args.folder.join("city.suyuan"), true)?;
    Ok(0)
}

/// The outfall that the sample's story flags; told by the file of the expected answer.
fn flagged_outfall(project: &Path) -> String {
    let answer = project.with_file_name("expected").join("answer.json");
    let text = std::fs::read_to_string(answer).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    json["outfall"].as_str().unwrap_or_default().to_owned()
}
