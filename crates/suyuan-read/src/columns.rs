//! Columns of a file to fields we understand, settled by their values where names are ambiguous.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use suyuan_core::raw::{Attributes, Column, Field, Role, Value};
use suyuan_core::text::TextColumn;
use suyuan_core::{Finding, FindingCode, FlowMode, FlowSign, Language, NodeKind, Origin, System};

use crate::dialect::{Dialect, RoleTable};
use crate::error::ReadError;
use crate::fit::{Ranked, not_understood, rank, runner_up};
use crate::sentinels;
use crate::spec::LayerSpec;

/// What was understood of a layer.
pub(crate) struct Understood {
    pub(crate) columns: BTreeMap<Field, Column>,
    pub(crate) fields: BTreeMap<Field, String>,
    pub(crate) dialect: String,
    pub(crate) runner_up: String,
    pub(crate) not_understood: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

/// Rows that one thread reads at a time.
const AT_ONCE: usize = 16_384;

/// A share of the values that must fit before a column is taken for a field of numbers, directions or systems.
const FITTING: f64 = 0.8;

/// Understands the columns of a layer for the rows given.
pub(crate) fn understand(
    spec: &LayerSpec,
    layer_name: &str,
    attributes: &dyn Attributes,
    rows: &[u32],
    dialects: &[Dialect],
    asked: Option<&str>,
) -> Result<Understood, ReadError> {
    let names = attributes.fields();
    let ranked = rank(spec.role, names, dialects, asked)?;
    let mut understood = Understood {
        columns: BTreeMap::new(),
        fields: BTreeMap::new(),
        dialect: ranked.first().map_or_else(String::new, Ranked::label),
        runner_up: runner_up(&ranked),
        not_understood: Vec::new(),
        findings: Vec::new(),
    };
    let empty = RoleTable::default();
    let mut wanted: Vec<(Field, Vec<usize>, &RoleTable, bool)> = Vec::new();
    for (field, name) in &spec.fields {
        let at = names.iter().position(|n| n.name == *name);
        let at = at.or_else(|| names.iter().position(|n| n.name.eq_ignore_ascii_case(name)));
        if at.is_none() && spec.lenient {
            continue; // another layer of the role has it
        }
        let at = at.ok_or_else(|| ReadError::NoSuchField {
            path: spec.path.clone(),
            field: name.clone(),
            fields: names.iter().map(|n| n.name.clone()).collect(),
        })?;
        wanted.push((*field, vec![at], &empty, true));
    }
    for dialect in ranked.iter().map(|r| r.dialect) {
        let table = dialect.roles.get(&spec.role).unwrap_or(&empty);
        for (field, found) in dialect.matches(spec.role, names) {
            wanted.push((field, found, table, false));
        }
    }
    for (field, candidates, table, forced) in wanted {
        if understood.columns.contains_key(&field) {
            continue;
        }
        for at in candidates {
            let taken = understood.fields.values().any(|n| *n == names[at].name);
            if taken && !forced && field != Field::Id {
                continue;
            }
            if let Some(column) =
                read_column(field, attributes, rows, at, table, forced, &mut understood.findings)
            {
                understood.columns.insert(field, column);
                understood.fields.insert(field, names[at].name.clone());
                break;
            }
        }
    }
    let best = ranked.first().and_then(|r| r.dialect.roles.get(&spec.role));
    if best.is_some_and(|table| table.ends_name_pipes) {
        tell_pipes_from_nodes(&mut understood);
    }
    if let Some(system) = spec.system {
        understood.columns.insert(Field::System, Column::System(vec![system; rows.len()]));
        understood.fields.remove(&Field::System);
    }
    understood.not_understood = not_understood(spec.role, attributes, rows, &understood.fields, dialects);
    if spec.role == Role::Pipes && spec.system.is_none() {
        take_system_from_name(&mut understood, layer_name, rows.len());
    }
    settle_units(&mut understood);
    sentinels::settle(&mut understood);
    Ok(understood)
}

/// Moves what stands for a node and is the id of a pipe to where pipes are named.
fn tell_pipes_from_nodes(understood: &mut Understood) {
    let Some(Column::Text(ids)) = understood.columns.get(&Field::Id) else { return };
    let ids: HashSet<String> = ids.iter().filter(|id| !id.is_empty()).map(str::to_owned).collect();
    for (node, pipe) in [(Field::FromNode, Field::FromPipe), (Field::ToNode, Field::ToPipe)] {
        let Some(Column::Text(names)) = understood.columns.get(&node) else { continue };
        let split = |named: bool| -> TextColumn {
            names.iter().map(|name| if ids.contains(name) == named { name } else { "" }).collect()
        };
        let (pipes, nodes) = (split(true), split(false));
        if pipes.iter().any(|name| !name.is_empty()) {
            understood.columns.insert(pipe, Column::Text(pipes));
            understood.columns.insert(node, Column::Text(nodes));
        }
    }
}

fn values<'a>(
    attributes: &'a dyn Attributes,
    rows: &'a [u32],
    at: usize,
) -> impl IndexedParallelIterator<Item = Value<'a>> {
    rows.par_iter().map(move |row| attributes.value(*row as usize, at))
}

/// Whether each row has a value, and what `of` takes its text for; few words stand in such a column, so that each is
/// looked up once.
fn words<T: Copy + Send>(
    attributes: &dyn Attributes,
    rows: &[u32],
    at: usize,
    of: impl Fn(&str) -> T + Sync,
) -> Vec<(bool, T)> {
    const KEPT: usize = 32;
    let word = |known: &mut Vec<(String, T)>, row: &u32| {
        let value = attributes.value(*row as usize, at);
        let text = match &value {
            Value::Text(text) | Value::Date(text) => Cow::Borrowed(text.as_ref()),
            value => Cow::Owned(value.to_string()),
        };
        let found = known.iter().find(|k| k.0 == text).map(|k| k.1);
        let word = found.unwrap_or_else(|| of(&text));
        if found.is_none() && known.len() < KEPT {
            known.push((text.into_owned(), word));
        }
        (value != Value::Null, word)
    };
    rows.par_iter().with_min_len(1024).map_init(Vec::new, word).collect()
}

fn read_column(
    field: Field,
    attributes: &dyn Attributes,
    rows: &[u32],
    at: usize,
    table: &RoleTable,
    forced: bool,
    findings: &mut Vec<Finding>,
) -> Option<Column> {
    let fits = |known: usize, all: usize| forced || all == 0 || known as f64 >= FITTING * all as f64;
    match field {
        Field::FlowDirection => {
            let found = words(attributes, rows, at, |text| flow(text, table));
            let all = found.iter().filter(|f| f.0).count();
            let known = found.iter().filter(|f| f.1.is_some()).count();
            (known > 0 && fits(known, all)).then(|| Column::Flow(found.into_iter().map(|f| f.1).collect()))
        }
        Field::System => {
            let found = words(attributes, rows, at, |text| system(text, table));
            let known = found.iter().filter(|f| f.1 != System::Unknown).count();
            (known > 0 || forced).then(|| Column::System(found.into_iter().map(|f| f.1).collect()))
        }
        Field::Mode => {
            let found = words(attributes, rows, at, |text| mode(text, table));
            let all = found.iter().filter(|f| f.0).count();
            let known = found.iter().filter(|f| f.1.is_some()).count();
            (known > 0 && fits(known, all))
                .then(|| Column::Mode(found.into_iter().map(|f| f.1.unwrap_or_default()).collect()))
        }
        Field::NodeKind => {
            let found = words(attributes, rows, at, |text| node_kind(text, table));
            Some(Column::Kind(found.into_iter().map(|f| f.1).collect()))
        }
        Field::State if !table.states.is_empty() => {
            let words = values(attributes, rows, at).map(|v| {
                let text = v.to_string().trim().to_owned();
                table.states.get(&text).cloned().unwrap_or(text)
            });
            Some(Column::Text(words.collect::<Vec<_>>().into_iter().collect()))
        }
        Field::Inflow => Some(Column::Text(
            values(attributes, rows, at)
                .map(|v| if is_yes(&v.to_string()) { "yes".to_owned() } else { String::new() })
                .collect::<Vec<_>>()
                .into_iter()
                .collect(),
        )),
        _ if is_number(field) => read_numbers(field, attributes, rows, at, forced, findings),
        _ => {
            let mut column = TextColumn::with_capacity(rows.len());
            if field == Field::Material && !forced {
                let numeric =
                    values(attributes, rows, at).filter(|v| v.to_string().parse::<f64>().is_ok()).count();
                if numeric as f64 >= FITTING * rows.len().max(1) as f64 {
                    return None; // GC: levels, not materials
                }
            }
            let part = |rows: &[u32]| {
                let mut part = TextColumn::with_capacity(rows.len());
                for row in rows {
                    match attributes.value(*row as usize, at) {
                        Value::Text(text) => part.push(text.trim()),
                        // Ids kept as numbers with decimals are whole numbers all the same.
                        Value::Real(v) if v.fract() == 0.0 && v.abs() < 1e15 => part.push(&format!("{v:.0}")),
                        value => part.push(&value.to_string()),
                    }
                }
                part
            };
            let parts: Vec<TextColumn> = rows.par_chunks(AT_ONCE).map(part).collect();
            parts.iter().for_each(|part| column.append(part));
            Some(Column::Text(column))
        }
    }
}

fn is_number(field: Field) -> bool {
    matches!(
        field,
        Field::InvertFrom
            | Field::InvertTo
            | Field::DepthFrom
            | Field::DepthTo
            | Field::GroundFrom
            | Field::GroundTo
            | Field::Invert
            | Field::Ground
            | Field::Depth
            | Field::Diameter
            | Field::Width
            | Field::Length
            | Field::Discharge
            | Field::Radius
    )
}

fn read_numbers(
    field: Field,
    attributes: &dyn Attributes,
    rows: &[u32],
    at: usize,
    forced: bool,
    findings: &mut Vec<Finding>,
) -> Option<Column> {
    // Numbers of a run of rows, and its texts that are none.
    let part = |(k, rows): (usize, &[u32])| {
        let mut wrong: Vec<(usize, String)> = Vec::new();
        let mut number = |(n, row): (usize, &u32)| match attributes.value(*row as usize, at) {
            Value::Null | Value::Boolean(_) | Value::Date(_) => f64::NAN,
            Value::Integer(v) => v as f64,
            Value::Real(v) => v,
            Value::Text(text) => number_in(&text, field).unwrap_or_else(|| {
                wrong.push((k * AT_ONCE + n, text.into_owned()));
                f64::NAN
            }),
        };
        let numbers: Vec<f64> = rows.iter().enumerate().map(&mut number).collect();
        (numbers, wrong)
    };
    let parts: Vec<_> = rows.par_chunks(AT_ONCE).enumerate().map(part).collect();
    let wrong: usize = parts.iter().map(|p| p.1.len()).sum();
    let known = parts.iter().flat_map(|p| &p.0).filter(|v| v.is_finite()).count();
    if !forced && wrong > known {
        return None;
    }
    let name = &attributes.fields()[at].name;
    for (i, text) in parts.iter().flat_map(|p| &p.1) {
        findings.push(
            Finding::new(FindingCode::NotANumber)
                .with("id", format!("row {}", rows[*i] + 1))
                .with("field", name)
                .with("value", text)
                .on(Origin { layer: 0, row: *i as u32 }),
        );
    }
    let mut numbers = Vec::with_capacity(rows.len());
    parts.into_iter().for_each(|part| numbers.extend(part.0));
    Some(Column::Number(numbers))
}

/// A number written as text: `12.30`, `DN300`, `1,200`, `600X300` (of a box the height).
fn number_in(text: &str, field: Field) -> Option<f64> {
    let text = text.trim();
    if let Ok(value) = text.parse::<f64>() {
        return Some(value).filter(|v| v.is_finite());
    }
    let upper = text.to_uppercase();
    let upper = upper.strip_prefix("DN").or_else(|| upper.strip_prefix('Φ')).unwrap_or(&upper);
    if matches!(field, Field::Diameter | Field::Width)
        && let Some((width, height)) = upper.split_once(['X', '×', '*'])
    {
        let side = if field == Field::Width { width } else { height };
        return side.trim().parse().ok();
    }
    let plain: String = upper.chars().filter(|c| *c != ',').collect();
    let plain = plain.trim_end_matches(|c: char| c.is_alphabetic()).trim();
    plain.parse::<f64>().ok().filter(|v| v.is_finite())
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

/// # Reference
/// Flow signs of Chinese line tables: `+` start to end, `-` end to start; words 正向, 反向, 双向.
fn flow(text: &str, table: &RoleTable) -> Option<FlowSign> {
    if let Some(sign) = table.flow(text.trim()) {
        return Some(sign);
    }
    match plain(text).as_str() {
        "+" | "正" | "正向" | "顺流" | "with" | "forward" => Some(FlowSign::WithDrawn),
        "-" | "反" | "反向" | "逆流" | "逆向" | "against" | "reverse" => Some(FlowSign::AgainstDrawn),
        "双向" | "both" | "+-" | "±" => Some(FlowSign::Both),
        _ => None,
    }
}

/// # Reference
/// Line class letters YS, WS, HS of Chinese surveys; words of North American water types.
fn system(text: &str, table: &RoleTable) -> System {
    if let Some(system) = table.systems.get(text.trim()) {
        return *system;
    }
    let text = plain(text);
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    match text.as_str() {
        "ys" | "y" | "sw" | "stm" => System::Storm,
        "ws" | "w" | "ss" | "sew" => System::Foul,
        "hs" | "h" | "cb" | "cmb" => System::Combined,
        _ if has(&["合流", "雨污", "combined", "cmb"]) => System::Combined,
        _ if has(&["雨", "storm", "stm", "surface"]) => System::Storm,
        _ if has(&["污", "sanitary", "foul", "sewer", "sewage", "waste", "san"]) => System::Foul,
        _ if has(&["明渠", "渠", "channel", "ditch"]) => System::OpenChannel,
        _ if has(&["河", "river", "stream"]) => System::River,
        _ => System::Unknown,
    }
}

/// What a layer carries by its name: `sanitary_mains`, `storm-sewers`, `污水管线`, `YSLINE`.
fn system_of_name(name: &str) -> System {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).collect();
    let has = |list: &[&str]| words.iter().any(|w| list.contains(w));
    let class = |letters: &str| {
        lower.strip_prefix(letters).is_some_and(|rest| {
            ["line", "pipe", "guan", "gx", "xian", "_l", "l"]
                .iter()
                .any(|w| rest == *w || rest.starts_with(&format!("{w}_")))
        })
    };
    match () {
        () if lower.contains("合流") || lower.contains("雨污") || has(&["combined"]) || class("hs") => {
            System::Combined
        }
        () if lower.contains("污水") || has(&["sanitary", "foul", "wastewater", "sewage"]) || class("ws") => {
            System::Foul
        }
        () if lower.contains("雨水") || has(&["storm", "stormwater", "surface"]) || class("ys") => {
            System::Storm
        }
        () => System::Unknown,
    }
}

/// The one system that a good part of the rows carries, where no row carries another.
fn common(systems: &[System]) -> System {
    let mut known = systems.iter().filter(|s| **s != System::Unknown);
    let Some(first) = known.next() else { return System::Unknown };
    let rest = known.clone().count();
    if known.all(|s| s == first) && (rest + 1) * 5 >= systems.len() { *first } else { System::Unknown }
}

/// Pipes that do not say what they carry carry what their layer is named for, else what all the others of it do.
fn take_system_from_name(understood: &mut Understood, name: &str, rows: usize) {
    let named = match (system_of_name(name), understood.columns.get(&Field::System)) {
        (System::Unknown, Some(Column::System(systems))) => common(systems),
        (named, _) => named,
    };
    if named == System::Unknown {
        return;
    }
    let column = understood
        .columns
        .entry(Field::System)
        .or_insert_with(|| Column::System(vec![System::Unknown; rows]));
    let Column::System(systems) = column else { return };
    let mut count = 0;
    for system in systems.iter_mut().filter(|s| **s == System::Unknown) {
        *system = named;
        count += 1;
    }
    if count > 0 {
        understood.findings.push(Finding::new(FindingCode::SystemByName).with("count", count).with_word(
            "system",
            named.label(Language::English),
            named.label(Language::Chinese),
        ));
    }
}

/// Whether a recorded state says that a pipe carries no water: abandoned, removed, or not yet built.
pub(crate) fn is_out_of_service(state: &str) -> bool {
    let state = plain(state);
    // Codes as North American cities deliver them; words as they are spelt out.
    let codes = ["aba", "abd", "rem", "prp", "inactive"];
    let words = [
        "abandon",
        "removed",
        "retired",
        "out of service",
        "proposed",
        "planned",
        "decommission",
        "废弃",
        "报废",
        "已废",
        "在建",
        "停用",
        "拆除",
        "规划",
        "拟建",
    ];
    codes.contains(&state.as_str()) || words.iter().any(|word| state.contains(word))
}

fn mode(text: &str, table: &RoleTable) -> Option<FlowMode> {
    if let Some(mode) = table.modes.get(text.trim()) {
        return Some(*mode);
    }
    match plain(text).as_str() {
        "g" | "gravity" | "重力" | "重力流" | "自流" | "无压" | "conduit" | "varc" | "waccel" | "siphon" => {
            Some(FlowMode::Gravity)
        }
        "p" | "pumped" | "pressure" | "压力" | "压力流" | "有压" | "force" | "forcemain" | "pump_pipe" => {
            Some(FlowMode::Pumped)
        }
        "controlled" | "闸控" => Some(FlowMode::Controlled),
        "bidirectional" | "双向" => Some(FlowMode::Bidirectional),
        "blocked" | "封堵" | "废弃" => Some(FlowMode::Blocked),
        _ => None,
    }
}

fn node_kind(text: &str, table: &RoleTable) -> NodeKind {
    if let Some(kind) = table.kinds.get(text.trim()) {
        return *kind;
    }
    let text = plain(text);
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    match text.as_str() {
        _ if has(&["排放口", "排口", "排水口", "出水口", "outfall", "排出口"]) => {
            NodeKind::Outfall
        }
        _ if has(&["雨水口", "雨篦", "篦", "inlet", "catch", "gully"]) => NodeKind::Inlet,
        _ if has(&["泵", "pump"]) => NodeKind::PumpStation,
        _ if has(&["闸", "阀", "堰", "valve", "gate", "weir"]) => NodeKind::Control,
        _ if has(&["化粪", "隔油", "storage", "wwtp", "处理"]) => NodeKind::Structure,
        _ => NodeKind::Manhole,
    }
}

fn is_yes(text: &str) -> bool {
    matches!(plain(text).as_str(), "有" | "是" | "yes" | "y" | "true" | "1" | "t")
}

/// Diameters in millimetres become metres: no sewer is 20 m high, and few surveys give 20 mm ones.
fn settle_units(understood: &mut Understood) {
    for field in [Field::Diameter, Field::Width] {
        if let Some(Column::Number(values)) = understood.columns.get_mut(&field) {
            let mut known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite() && *v > 0.0).collect();
            let middle = known.len() / 2;
            let in_millimetres =
                !known.is_empty() && *known.select_nth_unstable_by(middle, f64::total_cmp).1 > 20.0;
            if in_millimetres {
                values.iter_mut().for_each(|v| *v /= 1000.0);
            }
            values.iter_mut().filter(|v| **v <= 0.0).for_each(|v| *v = f64::NAN);
        }
    }
}

/// The role's words for messages about what a layer should hold.
pub(crate) fn needs_lines(role: Role) -> bool {
    matches!(role, Role::Pipes | Role::Laterals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_are_understood() {
        let none = RoleTable::default();
        assert_eq!(system("雨水", &none), System::Storm);
        assert_eq!(system("WS", &none), System::Foul);
        assert_eq!(system("雨污合流", &none), System::Combined);
        assert_eq!(system("Combined Waste Water", &none), System::Combined);
        assert_eq!(system("1", &none), System::Unknown);
        assert_eq!(flow("-", &none), Some(FlowSign::AgainstDrawn));
        assert_eq!(flow("雨水", &none), None);
        assert_eq!(node_kind("排放口", &none), NodeKind::Outfall);
        assert_eq!(number_in("600X300", Field::Diameter), Some(300.0));
        assert_eq!(number_in("600X300", Field::Width), Some(600.0));
        assert_eq!(number_in("DN400", Field::Diameter), Some(400.0));
        assert_eq!(number_in("1,200.5", Field::Invert), Some(1200.5));
        assert_eq!(number_in("n/a", Field::Invert), None);
        assert_eq!(number_in("nan", Field::Invert), None);
    }

    #[test]
    fn names_of_layers_tell_what_their_pipes_carry() {
        for (name, system) in [
            ("sanitary_mains", System::Foul),
            ("storm-mains", System::Storm),
            ("combined_mains", System::Combined),
            ("污水管线", System::Foul),
            ("雨污合流管", System::Combined),
            ("YSLINE", System::Storm),
            ("WSLINE", System::Foul),
            ("mains", System::Unknown),
            ("wsome_layer", System::Unknown),
            ("brainstorming", System::Unknown),
        ] {
            assert_eq!(system_of_name(name), system, "{name}");
        }
    }
}
