//! `suyuan trace`

use suyuan::core::crs::Transform;
use suyuan::export::{check_target, write_package};
use suyuan::read::{Filter, ReadError};
use suyuan::trace::{Heading, Tracer};
use suyuan::{City, Language, LayerSpec, Role, TraceAnswer, TraceRequest, trace_package};

use crate::args::TraceArgs;
use crate::check::write_options;
use crate::network::{not_negative, open};
use crate::say::{Fault, Say, count};

/// `suyuan trace`
pub fn run(args: &TraceArgs, say: &Say) -> Result<u8, Fault> {
    if args.from.is_empty() && args.from_file.is_none() && !args.all_outfalls {
        return Err(Fault::Usage(
            "no start was given: use --from REF, --from-file FILE or --all-outfalls".to_owned(),
            "未给出起点：请用 --from、--from-file 或 --all-outfalls".to_owned(),
        ));
    }
    not_negative("--max-snap", args.max_snap)?;
    let max_distance = args.max_distance.map(|m| not_negative("--max-distance", m)).transpose()?;
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let city = open(&args.network, Vec::new(), say)?;
    let request = TraceRequest {
        heading: if args.downstream { Heading::Downstream } else { Heading::Upstream },
        barriers: args.barrier.clone(),
        max_distance,
        max_snap: args.max_snap,
        possible: args.possible,
        language: say.language,
    };
    let mut options = city.trace_options(&request)?;
    if let Some(condition) = &args.condition {
        options.barriers.pipes.extend(pipes_outside(&city, condition)?);
    }
    let starts = starts(&city, args, say)?;
    let mut tracer = Tracer::new(&city.network);
    let mut answers: Vec<TraceAnswer> = Vec::new();
    let (mut empty, mut failed, mut doubtful) = (true, None, false);
    for (i, start) in starts.iter().enumerate() {
        say.step("trace", Some((i + 1, starts.len())));
        match city.trace_with(&mut tracer, start, &request, &options) {
            Ok(answer) => {
                empty &= answer.pipes.is_empty();
                doubtful |= answer.findings > 0;
                if args.json {
                    say.answer(&serde_json::to_string(&answer).unwrap_or_default());
                } else {
                    tell(&answer, say);
                }
                if args.output.is_some() {
                    answers.push(answer);
                }
            }
            Err(error) if starts.len() == 1 => return Err(error.into()),
            Err(error) => {
                let fault = Fault::from(error);
                say.error(&fault);
                failed = Some(fault.exit_code());
            }
        }
    }
    if let Some(path) = args.output.as_ref().filter(|_| !answers.is_empty()) {
        say.step("write", None);
        let package = trace_package(&city, &answers, say.language);
        let written = write_package(&package, path, write_options(args.overwrite, say.language))?;
        say.note(&written.files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join("\n"));
    }
    say.done();
    if let Some(code) = failed {
        return Ok(code);
    }
    Ok(u8::from(empty || (args.strict && doubtful)))
}

/// The starts, in the order given.
fn starts(city: &City, args: &TraceArgs, say: &Say) -> Result<Vec<String>, Fault> {
    let mut starts = args.from.clone();
    if let Some(file) = &args.from_file {
        starts.extend(starts_in(city, file)?);
    }
    if args.all_outfalls {
        if city.network.outfall_ids().len() == 0 {
            return Err(suyuan::Error::MissingLayer { role: "outfalls" }.into());
        }
        for outfall in city.network.outfall_ids().map(|o| city.network.outfall(o)) {
            if outfall.node.is_some() {
                starts.push(format!("outfall:{}", outfall.id));
            } else {
                say.warning(&match say.language {
                    Language::English => {
                        format!("outfall {} is joined to no pipe and was left out", outfall.id)
                    }
                    Language::Chinese => format!("排口 {} 未接入管网，未参与溯源", outfall.id),
                });
            }
        }
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

/// The pipes whose attributes do not meet a condition.
fn pipes_outside(city: &City, condition: &str) -> Result<Vec<suyuan::network::PipeId>, Fault> {
    let bad = |what: String| ReadError::BadFilter { filter: condition.to_owned(), what };
    let filter = Filter::parse(condition).map_err(|e| bad(e.to_string()))?;
    let survey = city.survey.as_ref().ok_or(suyuan::Error::NeedsSurvey { what: "--where" })?;
    for field in filter.fields() {
        let known = survey
            .layers_of(Role::Pipes)
            .any(|(_, l)| l.attributes.fields().iter().any(|f| f.name.eq_ignore_ascii_case(field)));
        if !known {
            return Err(bad(format!("no pipe layer has the field `{field}`")).into());
        }
    }
    let network = &city.network;
    let meets = |pipe: suyuan::network::PipeId| {
        let origin = network.pipe(pipe).origin;
        let layer = &survey.layers[origin.layer as usize];
        filter.accepts(layer.attributes.as_ref(), origin.row as usize)
    };
    Ok(network.pipe_ids().filter(|p| !meets(*p)).collect())
}

/// The answer in a few plain lines.
pub fn tell(answer: &TraceAnswer, say: &Say) {
    let start = &answer.start;
    let drainers = answer.drainers.len();
    say.answer(&match say.language {
        Language::English => format!(
            "{} {}: {} ({:.0} m), {} behind it, {} about them{}",
            start.kind,
            start.id,
            count(answer.pipes.len(), "pipe", "pipes"),
            answer.length_m,
            count(drainers, "drainer", "drainers"),
            count(answer.findings, "finding", "findings"),
            if start.snap_m > 0.01 {
                format!("; start moved {:.2} m onto the network", start.snap_m)
            } else {
                String::new()
            },
        ),
        Language::Chinese => format!(
            "{} {}：管段 {} 条（{:.0} 米），上游排水户 {drainers} 个，相关数据疑点 {} 处{}",
            match start.kind.as_str() {
                "outfall" => "排口",
                "node" => "管点",
                "pipe" => "管段",
                "drainer" => "排水户",
                _ => "位置",
            },
            start.id,
            answer.pipes.len(),
            answer.length_m,
            answer.findings,
            if start.snap_m > 0.01 {
                format!("；起点距管网 {:.2} 米", start.snap_m)
            } else {
                String::new()
            },
        ),
    });
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
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for stop in answer.stops.iter().filter(|s| s.reason != "headwater") {
        match reasons.iter_mut().find(|r| r.0 == stop.reason) {
            Some(known) => known.1 += 1,
            None => reasons.push((&stop.reason, 1)),
        }
    }
    if !reasons.is_empty() {
        let list: Vec<String> = reasons.iter().map(|(r, n)| format!("{n} {r}")).collect();
        say.answer(&format!(
            "  {}{}",
            say.pick("branches that end early: ", "提前终止的支线："),
            list.join(", ")
        ));
    }
}
