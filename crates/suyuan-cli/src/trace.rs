//! `suyuan trace`

use std::path::Path;

use suyuan::core::crs::Transform;
use suyuan::export::check_target;
use suyuan::read::ReadError;
use suyuan::trace::{Heading, StopReason};
use suyuan::{
    Background, City, Language, LayerSpec, Role, TraceAnswer, TraceRequest, TraceRows, TraceStart,
    trace_package,
};

use crate::args::{RowsOf, TraceArgs};
use crate::batch::{Batch, Kind, Lines, Told, is_lines, is_rows};
use crate::check::write_out;
use crate::network::{not_negative, open, seconds};
use crate::say::{Fault, Say, count};

/// `suyuan trace`
pub fn run(args: &TraceArgs, say: &Say) -> Result<u8, Fault> {
    if args.from.is_empty() && args.from_file.is_none() && !args.all_outfalls {
        return Err(Fault::Usage(
            "no start was given: use --from REF, --from-file FILE or --all-outfalls".to_owned(),
            "未给出起点：请用 --from、--from-file 或 --all-outfalls".to_owned(),
        ));
    }
    not_negative("--max-snap", args.ask.max_snap)?;
    let max_distance = args.max_distance.map(|m| not_negative("--max-distance", m)).transpose()?;
    let max_time = args.max_time.as_deref().map(|t| seconds("--max-time", t)).transpose()?;
    if args.resume && !args.output.as_deref().is_some_and(is_lines) {
        return Err(Fault::Usage(
            "--resume goes with -o NAME.ndjson: files of other formats cannot be gone on with".to_owned(),
            "--resume 须与 -o 名称.ndjson 同用：其他格式的文件不能续写".to_owned(),
        ));
    }
    if args.rows.is_some() && !args.output.as_deref().is_some_and(is_rows) {
        return Err(Fault::Usage(
            "--rows goes with -o NAME.parquet: other files hold layers or documents".to_owned(),
            "--rows 须与 -o 名称.parquet 同用：其他格式写出图层或文档".to_owned(),
        ));
    }
    let writes_layers = args.output.is_some() && batch_of(args).is_none();
    if args.no_background && !writes_layers {
        return Err(Fault::Usage(
            "--no-background goes with -o and a file of layers, such as NAME.gpkg".to_owned(),
            "--no-background 须与 -o 及图层文件（如 名称.gpkg）同用".to_owned(),
        ));
    }
    if let Some(path) = args.output.as_ref().filter(|path| !is_lines(path)) {
        check_target(path, args.overwrite)?;
    }
    let city = open(&args.ask.network, Vec::new(), say)?;
    if let Some(path) = &args.output {
        city.guard_sources(path)?;
    }
    let request = TraceRequest {
        heading: if args.downstream { Heading::Downstream } else { Heading::Upstream },
        barriers: args.ask.barrier.clone(),
        condition: args.ask.condition.clone(),
        also_above: args.also_above.clone(),
        not_above: args.not_above.clone(),
        max_distance,
        max_time,
        max_pipes: args.max_pipes,
        max_snap: args.ask.max_snap,
        possible: args.possible,
        language: say.language,
    };
    let tracer = city.tracer(&request)?;
    say.barriers_on_pipes(tracer.barriers_on_pipes());
    say.unmet(args.ask.condition.as_deref(), tracer.unmet());
    let starts = starts(&city, args)?;
    let in_batch = batch_of(args);
    let (mut batch, done) = match in_batch {
        Some((path, Kind::Lines)) => {
            let version = env!("CARGO_PKG_VERSION");
            let key = format!("{version}\n{request:?}\n{starts:?}\n{}\n", city.identity());
            let (lines, done) = Lines::open(path, args.resume, args.overwrite, &key)?;
            (Some(Batch::Lines(lines)), done.min(starts.len()))
        }
        Some((path, Kind::Rows(of))) => (Some(Batch::rows(path, of, args.overwrite, say.language)?), 0),
        None => (None, 0),
    };
    if done > 0 {
        say.note(&match say.language {
            Language::English => {
                format!("{} of {} were traced already", done, count(starts.len(), "start", "starts"))
            }
            Language::Chinese => format!("{} 个起点中已有 {done} 个完成溯源", starts.len()),
        });
    }
    let layers = args.output.as_ref().filter(|_| in_batch.is_none());
    let mut answers: Vec<TraceAnswer> = Vec::new();
    let (mut empty, mut failed, mut doubtful) = (done == 0, None, false);
    let work = |start: &TraceStart, answer: Result<TraceAnswer, suyuan::Error>| {
        let told = in_batch.and_then(|(_, kind)| kind.tell(&city, start, answer.as_ref(), say.language));
        let line = match &answer {
            // The line of the file is the line of the answer.
            Ok(answer) if args.ask.json && !matches!(told, Some(Told::Line(_))) => {
                serde_json::to_string(answer).ok()
            }
            _ => None,
        };
        // What is not told or drawn is not kept.
        let kept = answer.map(|answer| {
            let is = (answer.pipes.is_empty(), answer.findings > 0);
            (is, (layers.is_some() || !(args.ask.json || in_batch.is_some())).then_some(answer))
        });
        (line, told, kept)
    };
    tracer.trace_many(&starts[done..], work, |i, (line, told, kept)| -> Result<(), Fault> {
        say.step("trace", Some((done + i + 1, starts.len())));
        let is_answer = kept.is_ok();
        match kept {
            Ok(((is_empty, is_doubtful), answer)) => {
                empty &= is_empty;
                doubtful |= is_doubtful;
                if let Some(answer) = answer {
                    if !args.ask.json {
                        tell(&city, &answer, args.possible, say)?;
                    }
                    answers.extend(layers.is_some().then_some(answer));
                }
            }
            Err(suyuan::Error::Place(error)) if matches!(starts[done + i], TraceStart::Outfall(_)) => {
                let why = error.message(say.language);
                say.warning(&match say.language {
                    Language::English => format!("left out: {why}"),
                    Language::Chinese => format!("未参与溯源：{why}"),
                });
            }
            // Nothing that a damaged file says is an answer.
            Err(error @ (suyuan::Error::BadPrepared { .. } | suyuan::Error::Read(_))) => {
                return Err(error.into());
            }
            Err(error) if starts.len() == 1 && in_batch.is_none() => return Err(error.into()),
            Err(error) => {
                let fault = Fault::from(error);
                say.error(&fault);
                failed = Some(fault.exit_code());
            }
        }
        let shown = line.as_ref().or(match &told {
            Some(Told::Line(line)) => Some(line),
            _ => None,
        });
        if let Some(line) = shown.filter(|_| args.ask.json && is_answer) {
            say.answer(line);
        }
        match (&mut batch, told) {
            (Some(batch), Some(told)) => Ok(batch.push(told)?),
            _ => Ok(()),
        }
    })?;
    if let Some((batch, (path, _))) = batch.zip(in_batch) {
        batch.finish(&city)?;
        say.note(&path.display().to_string());
    }
    if let Some(path) = layers.filter(|_| !answers.is_empty()) {
        let background = if args.no_background { Background::LeftOut } else { Background::Shown };
        let package = trace_package(&city, &answers, background, say.language);
        write_out(&city, &package, path, args.overwrite, say)?;
    }
    say.done();
    if let Some(code) = failed {
        return Ok(code);
    }
    Ok(u8::from(empty || (args.strict && doubtful)))
}

/// The file of many traces that is asked for, if it is one, and what it is to hold.
fn batch_of(args: &TraceArgs) -> Option<(&Path, Kind)> {
    let path = args.output.as_deref()?;
    if is_lines(path) {
        return Some((path, Kind::Lines));
    }
    let many = args.rows.is_some() || args.all_outfalls || args.from_file.is_some();
    (is_rows(path) && many).then(|| {
        let of = match args.rows {
            Some(RowsOf::Starts) => TraceRows::Starts,
            Some(RowsOf::Pipes) | None => TraceRows::Pipes,
        };
        (path, Kind::Rows(of))
    })
}

/// The starts, in the order given.
fn starts(city: &City, args: &TraceArgs) -> Result<Vec<TraceStart>, Fault> {
    let mut starts: Vec<TraceStart> = args.from.iter().cloned().map(TraceStart::Named).collect();
    if let Some(file) = &args.from_file {
        starts.extend(starts_in(city, file)?.into_iter().map(TraceStart::Named));
    }
    if args.all_outfalls {
        if city.network.outfall_ids().len() == 0 {
            return Err(suyuan::Error::MissingLayer { role: "outfalls" }.into());
        }
        starts.extend(city.network.outfall_ids().map(TraceStart::Outfall));
    }
    Ok(starts)
}

/// Starts in a file: a line each, or points of a layer.
fn starts_in(city: &City, text: &str) -> Result<Vec<String>, Fault> {
    // Venues are the one role that may stand alone and be points.
    let spec = LayerSpec::parse(Role::Venues, text);
    let ending = spec.extension();
    if matches!(ending.as_str(), "txt" | "lst" | "") {
        let open = |source| ReadError::Open { path: spec.path.clone(), source };
        let text = std::fs::read_to_string(&spec.path).map_err(open)?;
        return Ok(text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
            .map(str::to_owned)
            .collect());
    }
    let survey = suyuan::read::read_survey(std::slice::from_ref(&spec), &city.spec.read)?;
    let crs = |source| ReadError::Crs { path: spec.path.clone(), source };
    let transform = Transform::new(&survey.crs, city.network.crs()).map_err(crs)?;
    let mut starts = Vec::new();
    for layer in &survey.layers {
        for row in 0..layer.len() {
            let Some(place) = layer.shapes.point(row) else { continue };
            let place = transform.apply(place).map_err(crs)?;
            starts.push(format!("{},{}", place.x, place.y));
        }
    }
    Ok(starts)
}

/// The answer in a few plain lines.
pub fn tell(city: &City, answer: &TraceAnswer, possible: bool, say: &Say) -> Result<(), Fault> {
    let title = headline(city, answer, say.language);
    let reached = (answer.trace.heading == Heading::Downstream).then(|| reaches(city, answer, say.language));
    city.check_intact()?;
    say.answer(&title);
    for candidate in answer.candidates.iter().take(3) {
        let why: Vec<&str> = candidate.evidence.iter().take(3).map(|e| e.text.as_str()).collect();
        let name = if candidate.name.is_empty() { &candidate.drainer } else { &candidate.name };
        say.answer(&format!(
            "  #{} {name} {:.1} % · {:.0} m · {}",
            candidate.rank,
            candidate.probability * 100.0,
            candidate.distance_m,
            why.join(say.pick("; ", "；"))
        ));
    }
    if let Some(reached) = reached {
        say.answer(&format!("  {reached}"));
    }
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    let up = answer.trace.heading == Heading::Upstream;
    let early = |r: &StopReason| !matches!((r, up), (StopReason::Headwater, true) | (StopReason::Outfall, _));
    for stop in answer.trace.stops.iter().filter(|s| early(&s.reason)) {
        let label = stop.reason.label(answer.trace.heading, say.language);
        match reasons.iter_mut().find(|r| r.0 == label) {
            Some(known) => known.1 += 1,
            None => reasons.push((label, 1)),
        }
    }
    if !reasons.is_empty() {
        let list: Vec<String> = reasons.iter().map(|(r, n)| format!("{n} × {r}")).collect();
        let title = say.pick("branches that end early: ", "提前终止的支线：");
        say.answer(&format!("  {title}{}", list.join(say.pick(", ", "，"))));
    }
    if possible {
        let more = answer.possible_pipes.len();
        say.answer(&match (say.language, more) {
            (Language::English, 0) => "  doubtful directions could add nothing".to_owned(),
            (Language::English, _) => {
                format!("  doubtful directions could add {}", count(more, "pipe", "pipes"))
            }
            (Language::Chinese, 0) => "  存疑流向不会增加管段".to_owned(),
            (Language::Chinese, _) => format!("  存疑流向还可能增加管段 {more} 条"),
        });
    }
    Ok(())
}

fn headline(city: &City, answer: &TraceAnswer, language: Language) -> String {
    let start = &answer.start;
    let up = answer.trace.heading == Heading::Upstream;
    // Things, not ids, which several of them may share.
    let drainers = answer.candidates.len();
    let pipes = answer.trace.pipes(&city.network).len();
    let moved = start.snap_m > 0.01;
    match language {
        Language::English => {
            let who = match (up, city.drainers.is_empty()) {
                (false, _) => String::new(),
                (true, true) => "no drainers were given, ".to_owned(),
                (true, false) => format!("{} behind it, ", count(drainers, "drainer", "drainers")),
            };
            let moved = if moved {
                format!("; start moved {:.2} m onto the network", start.snap_m)
            } else {
                String::new()
            };
            format!(
                "{} {}: {} {} ({:.0} m), {who}{} about them{moved}",
                start.kind,
                start.id,
                count(pipes, "pipe", "pipes"),
                if up { "upstream" } else { "downstream" },
                answer.length_m,
                count(answer.findings, "finding", "findings"),
            )
        }
        Language::Chinese => {
            let side = if up { "上游" } else { "下游" };
            let who = match (up, city.drainers.is_empty()) {
                (false, _) => String::new(),
                (true, true) => "未提供排水户图层，".to_owned(),
                (true, false) => format!("上游排水户 {drainers} 个，"),
            };
            let moved =
                if moved { format!("；起点距管网 {:.2} 米", start.snap_m) } else { String::new() };
            let kind = start.label(language);
            format!(
                "{kind} {}：{side}管段 {pipes} 条（{:.0} 米），{who}相关数据疑点 {} 处{moved}",
                start.id, answer.length_m, answer.findings,
            )
        }
    }
}

/// Where the water of a downstream trace comes out, or passes an outfall.
fn reaches(city: &City, answer: &TraceAnswer, language: Language) -> String {
    let network = &city.network;
    let mut names: Vec<String> = Vec::new();
    for (node, metres) in &answer.trace.nodes {
        for outfall in network.outfalls_at(*node).map(|o| network.outfall(o)) {
            names.push(match language {
                Language::English => format!("{} ({metres:.0} m)", outfall.id),
                Language::Chinese => format!("{}（{metres:.0} 米）", outfall.id),
            });
        }
    }
    match (language, names.is_empty()) {
        (Language::English, true) => "reaches no outfall".to_owned(),
        (Language::English, false) => format!("reaches {}", names.join(", ")),
        (Language::Chinese, true) => "未到达任何排口".to_owned(),
        (Language::Chinese, false) => format!("到达排口 {}", names.join("、")),
    }
}
