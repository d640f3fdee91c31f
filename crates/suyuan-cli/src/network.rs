//! From flags to a city.

use std::path::Path;

use suyuan::core::raw::Field;
use suyuan::{City, CitySpec, DirectBy, FindingCode, JoinBy, Role, SnapTolerance, System, read_project};

use crate::args::{BuildArgs, Direct, Join, NetworkArgs};
use crate::say::{Fault, Say, count};

fn usage(en: impl Into<String>, zh: impl Into<String>) -> Fault {
    Fault::Usage(en.into(), zh.into())
}

fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// The city that the flags describe, not yet read; `None` for a prepared one.
fn spec(args: &NetworkArgs) -> Result<CitySpec, Fault> {
    let mut spec = CitySpec::default();
    match args.network.as_deref() {
        None => {}
        Some(path) if ending(path) == "toml" => spec = read_project(path)?,
        Some(path) if matches!(ending(path).as_str(), "inp" | "xtf") => {
            spec.add(Role::Pipes, &path.to_string_lossy());
        }
        Some(path) => {
            let path = path.display();
            return Err(usage(
                format!(
                    "{path} is no network: give city.suyuan, city.toml, model.inp, data.xtf, or layers with --pipes"
                ),
                format!(
                    "{path} 不是管网：请给出 city.suyuan、city.toml、model.inp、data.xtf，或用 --pipes 指定图层"
                ),
            ));
        }
    }
    for (role, layers) in [
        (Role::Pipes, &args.pipes),
        (Role::Nodes, &args.nodes),
        (Role::Outfalls, &args.outfalls),
        (Role::Drainers, &args.drainers),
        (Role::Laterals, &args.laterals),
        (Role::Waters, &args.waters),
    ] {
        for layer in layers {
            spec.add(role, layer);
        }
    }
    if !spec.has(Role::Pipes) {
        return Err(usage(
            "no network was given: name city.toml, city.suyuan, model.inp, data.xtf, or layers with --pipes FILE",
            "未给出管网：请指定 city.toml、city.suyuan、model.inp、data.xtf，或用 --pipes 文件 给出图层",
        ));
    }
    let inverts = match args.invert_fields.as_deref().map(|t| t.split_once(',')) {
        None => None,
        Some(Some((a, b))) => Some((a.trim().to_owned(), b.trim().to_owned())),
        Some(None) => {
            return Err(usage("--invert-fields takes two fields: A,B", "--invert-fields 需要两个字段：A,B"));
        }
    };
    let roles: Vec<Role> = spec.layers.iter().map(|l| l.role).collect();
    for layer in &mut spec.layers {
        // A project names the fields of each layer itself; flags name those of a role.
        layer.lenient = args.network.is_none() && roles.iter().filter(|r| **r == layer.role).count() > 1;
        let mut set = |field: Field, name: &Option<String>| {
            if let Some(name) = name {
                layer.fields.insert(field, name.clone());
            }
        };
        match layer.role {
            Role::Pipes => {
                set(Field::Id, &args.pipe_id);
                set(Field::FromNode, &args.from_field);
                set(Field::ToNode, &args.to_field);
                set(Field::System, &args.system_field);
                set(Field::InvertFrom, &inverts.as_ref().map(|i| i.0.clone()));
                set(Field::InvertTo, &inverts.as_ref().map(|i| i.1.clone()));
            }
            Role::Nodes => set(Field::Id, &args.node_id),
            Role::Outfalls => set(Field::Id, &args.outfall_id),
            Role::Drainers => {
                set(Field::Id, &args.drainer_id);
                set(Field::Pipe, &args.drainer_pipe);
                set(Field::Node, &args.drainer_node);
                set(Field::Trade, &args.trade_field);
                if args.drainers_where.is_some() {
                    layer.only.clone_from(&args.drainers_where);
                }
            }
            _ => {}
        }
    }
    let read = &mut spec.read;
    read.crs = args.crs.clone().or(read.crs.take());
    read.encoding = args.encoding.clone().or(read.encoding.take());
    read.dialect = args.dialect.clone().or(read.dialect.take());
    read.dialect_files.extend(args.dialect_file.iter().cloned());
    read.set_aside |= args.set_aside;
    if args.snap != "auto" {
        let metres = args.snap.parse::<f64>().ok().filter(|m| m.is_finite() && *m >= 0.0);
        spec.build.snap = SnapTolerance::Metres(metres.ok_or_else(|| {
            usage(
                format!("--snap takes metres or auto, not `{}`", args.snap),
                format!("--snap 应为米数或 auto，而不是“{}”", args.snap),
            )
        })?);
    }
    if args.direct == Direct::Stated {
        spec.build.direct = DirectBy::Stated;
    }
    match args.join {
        Join::Auto => {}
        Join::Ids => spec.build.join = JoinBy::Ids,
        Join::IdsThenGeometry => spec.build.join = JoinBy::IdsThenGeometry,
        Join::Geometry => spec.build.join = JoinBy::Geometry,
    }
    if !args.system.is_empty() {
        spec.build.systems = args
            .system
            .iter()
            .map(|key| {
                System::from_key(key.trim()).ok_or_else(|| {
                    usage(
                        format!(
                            "--system: `{key}` is none of storm, foul, combined, open_channel, river, unknown"
                        ),
                        format!(
                            "--system：“{key}”不在 storm、foul、combined、open_channel、river、unknown 之列"
                        ),
                    )
                })
            })
            .collect::<Result<_, _>>()?;
    }
    for (flag, value, slot) in [
        ("--outfall-reach", args.outfall_reach, &mut spec.build.outfall_reach),
        ("--drainer-reach", args.drainer_reach, &mut spec.drainer_reach),
    ] {
        if let Some(value) = value {
            *slot = not_negative(flag, value)?;
        }
    }
    Ok(spec)
}

/// A share, from 0 to 1.
pub fn share(flag: &str, value: f64) -> Result<f64, Fault> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(usage(
        format!("{flag} takes a number from 0 to 1, not {value}"),
        format!("{flag} 应为 0 到 1 的数，而不是 {value}"),
    ))
}

/// A distance that was given, refused if it is none.
pub fn not_negative(flag: &str, value: f64) -> Result<f64, Fault> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(usage(format!("{flag} takes metres, not {value}"), format!("{flag} 应为米数，而不是 {value}")))
}

/// A span of time that was given as `2h30m`, `90m` or minutes, in seconds.
pub fn seconds(flag: &str, text: &str) -> Result<f64, Fault> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let minutes = |text: &str| number(text.strip_suffix('m').unwrap_or(text));
    let text = text.trim();
    let found = match text.split_once('h') {
        Some((hours, "")) => number(hours).map(|h| h * 3600.0),
        Some((hours, rest)) => number(hours).zip(minutes(rest)).map(|(h, m)| h * 3600.0 + m * 60.0),
        None => minutes(text).map(|m| m * 60.0),
    };
    found.filter(|seconds| seconds.is_finite()).ok_or_else(|| {
        usage(
            format!("{flag} takes a span of time such as 2h30m, 90m or 90 (minutes), not `{text}`"),
            format!("{flag} 应为时长，如 2h30m、90m 或 90（分钟），而不是“{text}”"),
        )
    })
}

/// Opens the city that the flags describe, with further layers.
pub fn open(args: &NetworkArgs, more: Vec<suyuan::LayerSpec>, say: &Say) -> Result<City, Fault> {
    if let Some(path) = args.network.as_deref().filter(|p| ending(p) == "suyuan") {
        if let Some(flag) = args.first_building_flag() {
            return Err(usage(
                format!(
                    "{flag} decides how a network is built, and {} is built: give it to `suyuan build`",
                    path.display()
                ),
                format!("{flag} 用于构建管网，而 {} 已构建完成：请在 suyuan build 时给出", path.display()),
            ));
        }
        say.step("read", None);
        let (city, changed) = City::load(path)?;
        for source in changed {
            say.warning(&match say.language {
                suyuan::Language::English => {
                    format!("{source} has changed or gone since {} was built", path.display())
                }
                suyuan::Language::Chinese => format!("{source} 在 {} 生成之后已变化或缺失", path.display()),
            });
        }
        return Ok(city);
    }
    let mut spec = spec(args)?;
    spec.layers.extend(more);
    let city = City::open_with(&spec, &mut |step| say.step(step, None))?;
    for layer in city.survey.iter().flat_map(|s| &s.layers) {
        // Said when a guess was made that changes the text that people read.
        if layer.source.encoding.contains("detected") {
            say.note(&format!("{}: {}", layer.source.path, layer.source.encoding));
        }
        let named = matches!(layer.role, Role::Pipes | Role::Nodes | Role::Outfalls | Role::Drainers);
        if named && layer.source.fields.is_empty() && !layer.source.not_understood.is_empty() {
            let (name, columns) = (layer.source.name(), layer.source.not_understood.join(", "));
            say.warning(&match say.language {
                suyuan::Language::English => format!(
                    "{name}: none of its columns is understood ({columns}); say what they are in a project file or a dialect"
                ),
                suyuan::Language::Chinese => {
                    format!("{name}：未识别任何字段（{columns}），请在项目文件或方言中说明其含义")
                }
            });
        }
        if layer.role == Role::Pipes && !layer.source.runner_up.is_empty() {
            let (name, best, next) = (layer.source.name(), &layer.source.dialect, &layer.source.runner_up);
            say.note(&match say.language {
                suyuan::Language::English => {
                    format!("{name}: read as dialect {best}; {next} fits nearly as well (--dialect decides)")
                }
                suyuan::Language::Chinese => {
                    format!("{name}：按方言 {best} 读取，{next} 亦相近（可用 --dialect 指定）")
                }
            });
        }
    }
    // What is doubtful of a whole layer may make the whole answer wrong.
    for finding in city.survey.iter().flat_map(|s| &s.findings) {
        if finding.code == FindingCode::GridFitted {
            say.note(&finding.message(say.language));
        }
        let whole = matches!(
            finding.code,
            FindingCode::AxesSwapped
                | FindingCode::CrsAssumed
                | FindingCode::RowsMissing
                | FindingCode::SystemUnknown
                | FindingCode::NoRowMeets
                | FindingCode::EncodingContradicted
                | FindingCode::TextDamaged
                | FindingCode::OutOfService
                | FindingCode::GridDoubtful
                | FindingCode::ZoneNumber
        );
        if whole {
            let origin = city.survey.as_ref().zip(finding.origin);
            let layer = origin.map_or("", |(s, o)| s.layers[o.layer as usize].source.path.as_str());
            let colon = if layer.is_empty() { "" } else { ": " };
            say.warning(&format!("{layer}{colon}{}", finding.message(say.language)));
        }
    }
    for finding in city.findings.of_code(FindingCode::DecisionUnused) {
        say.warning(&finding.message(say.language));
    }
    let undeclared = city.findings.count(FindingCode::DatumUnknown);
    if undeclared > 0 {
        say.warning(&match say.language {
            suyuan::Language::English => format!(
                "venues that do not declare their datum: {undeclared}; points of a Chinese web map lie 500 to 1100 m off: say WGS84, GCJ02 or BD09 in a column, or with --venues-crs"
            ),
            suyuan::Language::Chinese => format!(
                "{undeclared} 处场馆未声明坐标基准，若取自网络地图会偏移约 500 至 1100 米：请在字段中或用 --venues-crs 注明 WGS84、GCJ02 或 BD09"
            ),
        });
    }
    let blank = city.findings.count(FindingCode::NodeIdMissing);
    if blank > 0 {
        say.warning(&match say.language {
            suyuan::Language::English => format!(
                "{blank} pipe ends name no node and stay open; --join ids-then-geometry joins them by where they lie"
            ),
            suyuan::Language::Chinese => format!(
                "有 {blank} 个管端缺点号，未与其他管线相接；可用 --join ids-then-geometry 按位置连接"
            ),
        });
    }
    Ok(city)
}

/// `suyuan build`
pub fn build(args: &BuildArgs, say: &Say) -> Result<u8, Fault> {
    if ending(&args.output) != "suyuan" {
        return Err(usage(
            format!("a prepared network is named NAME.suyuan, not {}", args.output.display()),
            format!("预处理管网文件名应为 名称.suyuan，而不是 {}", args.output.display()),
        ));
    }
    if args.output.exists() && !args.overwrite {
        return Err(suyuan::export::ExportError::Exists { path: args.output.clone() }.into());
    }
    let city = open(&args.network, Vec::new(), say)?;
    say.step("write", None);
    city.save(&args.output, args.overwrite)?;
    say.answer(&format!(
        "{}: {}, {}, {}",
        args.output.display(),
        count(city.network.pipe_count(), say.pick("pipe", "条管段"), say.pick("pipes", "条管段")),
        count(city.network.node_count(), say.pick("node", "个管点"), say.pick("nodes", "个管点")),
        count(city.drainers.len(), say.pick("drainer", "个排水户"), say.pick("drainers", "个排水户")),
    ));
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_hours_and_minutes() {
        let told = |text| seconds("--max-time", text).ok();
        for (text, minutes) in
            [("2h30m", 150.0), ("2h30", 150.0), ("2h", 120.0), ("90m", 90.0), ("1.5", 1.5), ("0", 0.0)]
        {
            assert_eq!(told(text), Some(minutes * 60.0), "{text}");
        }
        for text in ["", "h", "m", "h30m", "-5", "2h-3m", "2d", "NaN", "inf", "2hm", "1h2h"] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
