//! `suyuan check`

use std::path::Path;

use suyuan::export::{Package, ShapefileOptions, WriteOptions, check_target, write_package};
use suyuan::{City, Language, MOST_REPAIRS, Severity, findings_package, repaired_package};

use crate::args::CheckArgs;
use crate::network::{open, share};
use crate::say::{Fault, Say};

/// How outputs are written: GBK shapefiles for Chinese users.
pub fn write_options(overwrite: bool, language: Language) -> WriteOptions {
    WriteOptions {
        overwrite,
        project: true,
        shapefile: match language {
            Language::Chinese => ShapefileOptions::gbk(),
            Language::English => ShapefileOptions::utf8(),
        },
    }
}

/// Writes layers and says which files came of them.
pub fn write_out(
    city: &City,
    package: &Package,
    path: &Path,
    overwrite: bool,
    say: &Say,
) -> Result<(), Fault> {
    city.check_intact()?;
    say.step("write", None);
    let written = write_package(package, path, write_options(overwrite, say.language))?;
    say.note(&written.files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// `suyuan check`
pub fn run(args: &CheckArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    if let Some(path) = &args.apply_repairs {
        check_target(path, args.overwrite)?;
    }
    let least = share("--least-confidence", args.least_confidence)?;
    let city = open(&args.network, Vec::new(), say)?;
    for path in args.output.iter().chain(&args.apply_repairs) {
        city.guard_sources(path)?;
    }
    let defects = city.defects(MOST_REPAIRS);
    let report = city.check(&defects, say.language);
    city.check_intact()?;
    if let Some(path) = &args.apply_repairs {
        let chosen: Vec<_> = defects.iter().filter(|d| d.confidence >= least).cloned().collect();
        let (package, left) = repaired_package(&city, &chosen, say.language)?;
        let (all, made) = (defects.len(), chosen.len() - left.len());
        say.note(&match say.language {
            Language::English => {
                format!(
                    "{made} of {all} proposed repairs made, of those with a confidence of {least} or more"
                )
            }
            Language::Chinese => {
                format!("在把握不低于 {least} 的修复建议中采用 {made} 项（建议共 {all} 项）")
            }
        });
        for (n, repair) in city.repairs(&chosen, say.language).iter().enumerate() {
            let why = say.pick(
                ": not made, since no drawing can say it (node ids decide what meets, or it is drawn so already); decide it in the project file",
                "：未采用，因仅靠图形无法表达（连接由点号决定，或图上已是此方向），请在项目文件中决定",
            );
            say.note(&format!("  {}{}", repair.text, if left.contains(&n) { why } else { "" }));
        }
        write_out(&city, &package, path, args.overwrite, say)?;
    }
    if let Some(path) = &args.output {
        write_out(&city, &findings_package(&city, &defects, say.language), path, args.overwrite, say)?;
    }
    if args.json {
        let text = serde_json::to_string(&report).unwrap_or_default();
        say.answer(&text);
    } else {
        for layer in &report.layers {
            let understood: Vec<String> =
                layer.fields.iter().map(|(field, column)| format!("{field}={column}")).collect();
            let next = match layer.runner_up.as_str() {
                "" => String::new(),
                other => format!("{} {other}", say.pick(", next", "，其次")),
            };
            say.answer(&format!(
                "{} {} · {} · {} · {}{next} · {}",
                layer.role,
                layer.path,
                layer.features,
                layer.crs,
                if layer.dialect.is_empty() { say.pick("no dialect", "无方言") } else { &layer.dialect },
                understood.join(", ")
            ));
            if !layer.not_understood.is_empty() {
                let columns = layer.not_understood.join(", ");
                say.answer(&format!("  {} {columns}", say.pick("not understood:", "未识别字段：")));
            }
        }
        say.answer(&match say.language {
            Language::English => format!(
                "{} pipes, {} reaches, {} nodes in {} separate parts; {} of {} outfalls and {} of {} drainers joined; in {}",
                report.pipes,
                report.reaches,
                report.nodes,
                report.components,
                report.outfalls[1],
                report.outfalls[0],
                report.drainers[1],
                report.drainers[0],
                report.crs
            ),
            Language::Chinese => format!(
                "管段 {}，拓扑段 {}，管点 {}，互不连通部分 {}；排口接入 {}/{}，排水户接入 {}/{}；坐标系 {}",
                report.pipes,
                report.reaches,
                report.nodes,
                report.components,
                report.outfalls[1],
                report.outfalls[0],
                report.drainers[1],
                report.drainers[0],
                report.crs
            ),
        });
        if !report.repairs.is_empty() {
            say.answer(say.pick("What to mend first:", "优先修复："));
        }
        for repair in report.repairs.iter().take(3) {
            say.answer(&format!("  {} {}", repair.rank, repair.text));
        }
        if report.repairs.len() > 3 {
            let more = report.repairs.len() - 3;
            say.answer(&match say.language {
                Language::English => format!("  … and {more} more: see --json or -o"),
                Language::Chinese => format!("  … 另有 {more} 项：见 --json 或 -o"),
            });
        }
        for kind in &report.findings {
            say.answer(&format!("{:6} {} {:8} {}", kind.count, kind.code, kind.severity, kind.example));
        }
    }
    let serious = city.findings.iter().any(|f| f.code.severity() != Severity::Notice);
    Ok(u8::from(args.strict && serious))
}
