//! `suyuan locate`

use suyuan::export::check_target;
use suyuan::read::read_field_log;
use suyuan::{Language, LocateAnswer, LocateRequest, locate_package};

use super::document;
use crate::check::write_out;
use crate::network::{not_negative, open};
use crate::question_args::LocateArgs;
use crate::say::{Fault, Say, count};

/// Places and drainers that are told without `--json`.
const TOLD: usize = 5;
/// A test that is wrong with this probability does not fit the others.
const UNFIT: f64 = 0.9;

/// `suyuan locate`
pub fn run(args: &LocateArgs, say: &Say) -> Result<u8, Fault> {
    let max_snap = not_negative("--max-snap", args.max_snap)?;
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let log = args.observations.as_deref().map(read_field_log).transpose().map_err(suyuan::Error::from)?;
    let city = open(&args.network, Vec::new(), say)?;
    if let Some(path) = &args.output {
        city.guard_sources(path)?;
        city.guard(path, args.observations.as_deref())?;
    }
    let answer = city.locate(&LocateRequest {
        from: args.from.clone(),
        log: log.unwrap_or_default(),
        visits: args.visits,
        day: args.day.clone(),
        crew: args.crew.clone(),
        max_snap,
    })?;
    warn(&answer, say);
    if args.json {
        document(&answer, say);
    } else {
        tell(&answer, args.visits, say);
    }
    if let Some(path) = &args.output {
        write_out(&city, &locate_package(&city, &answer, say.language), path, args.overwrite, say)?;
    }
    Ok(0)
}

/// Tests that say nothing, and those that do not fit.
fn warn(answer: &LocateAnswer, say: &Say) {
    for test in &answer.unused {
        let (id, at) = (&test.id, &test.at.id);
        say.warning(&match say.language {
            Language::English => format!(
                "test {id} at {at} is left out: its water does not come to {}, so it says nothing of this source",
                answer.start.id
            ),
            Language::Chinese => {
                format!("检测 {id}（{at}）未计入：其水不流经 {}，与此污染源无关", answer.start.id)
            }
        });
    }
    let look = say.pick(
        "repeat it another day, or look for a second source, a pipe that is not on the map, or one that does not flow all the time",
        "请改日复测，或考虑存在第二个污染源、图上没有的管道或间歇排放",
    );
    for test in answer.observations.iter().filter(|t| t.counts && t.wrong >= UNFIT) {
        let (id, at, percent) = (&test.id, &test.at.id, 100.0 * test.wrong);
        say.warning(&match say.language {
            Language::English => {
                format!("test {id} at {at} does not fit the others (wrong with {percent:.0} %): {look}")
            }
            Language::Chinese => format!("检测 {id}（{at}）与其他结果不符（误判概率 {percent:.0}%）：{look}"),
        });
    }
    for [a, b] in &answer.apart {
        say.warning(&match say.language {
            Language::English => {
                format!("tests {a} and {b} cannot both be right if there is one source: {look}")
            }
            Language::Chinese => format!("若只有一个污染源，检测 {a} 与 {b} 不可能都正确：{look}"),
        });
    }
}

/// How many more there are than were told.
fn more(all: usize, say: &Say) {
    if let Some(more) = all.checked_sub(TOLD).filter(|more| *more > 0) {
        say.answer(&match say.language {
            Language::English => format!("  and {more} more (--json has them)"),
            Language::Chinese => format!("  另有 {more} 个（见 --json）"),
        });
    }
}

fn tell(answer: &LocateAnswer, visits: usize, say: &Say) {
    let start = &answer.start.id;
    let (all, counted) = (answer.observations.len(), answer.observations.iter().filter(|t| t.counts).count());
    let (bits, least) = (answer.bits, answer.least_tests);
    say.answer(&match say.language {
        Language::English => {
            let tests = count(counted, "test counts", "tests count");
            let others = if all > counted { format!(" of {all} (the others repeat them)") } else { String::new() };
            format!("{start}: {tests}{others}; {bits:.1} bits are not known yet, {least:.1} more tests at the least to be certain, were they never wrong")
        }
        Language::Chinese => {
            let others = if all > counted { format!("（共 {all} 次，其余为重复检测）") } else { String::new() };
            format!("{start}：计入检测 {counted} 次{others}；尚余 {bits:.1} 比特不确定，要完全确定至少还需检测 {least:.1} 次（按检测无误计）")
        }
    });
    say.answer(say.pick("likeliest places:", "最可能的位置："));
    for place in answer.places.iter().take(TOLD) {
        let percent = 100.0 * place.probability;
        let between = place.between.as_ref().map(|[a, b]| format!(" ({a} → {b})")).unwrap_or_default();
        let kind = match place.kind {
            "node" => say.pick("node", "管点"),
            "pipe" => say.pick("pipe", "管段"),
            _ => say.pick("not in this network", "不在此管网内"),
        };
        say.answer(format!("  {percent:5.1} %  {kind} {}{between}", place.id).trim_end());
    }
    more(answer.places.len(), say);
    if !answer.candidates.is_empty() {
        say.answer(
            say.pick(
                "likeliest drainers (inspect, no accusation):",
                "最可能的排水户（仅供排查，不作定性）：",
            ),
        );
    }
    for drainer in answer.candidates.iter().take(TOLD) {
        let (percent, id, name) = (100.0 * drainer.probability, &drainer.drainer, &drainer.name);
        say.answer(format!("  {percent:5.1} %  {id} {name}").trim_end());
    }
    more(answer.candidates.len(), say);
    if let Some(found) = &answer.found {
        let (id, percent) = (&found.id, 100.0 * found.probability);
        say.answer(&match (found.kind, say.language) {
            ("node", Language::English) => {
                format!("found: {id} and the pipes that run into it, {percent:.0} %; inspect there")
            }
            ("node", Language::Chinese) => format!("已定位：{id} 及其进水管，概率 {percent:.0}%，请到现场核查"),
            ("pipe", Language::English) => format!("found: pipe {id} above {start}, {percent:.0} %; inspect there"),
            ("pipe", Language::Chinese) => format!("已定位：{start} 以上的管段 {id}，概率 {percent:.0}%，请到现场核查"),
            (_, Language::English) => {
                format!("the source is not in this network with {percent:.0} %: look for a pipe that is not on the map")
            }
            (_, Language::Chinese) => format!("污染源不在此管网内的概率为 {percent:.0}%：请查找图上没有的管道"),
        });
    } else if answer.state == "not_separable" {
        say.answer(say.pick(
            "no test of a manhole's outlet is worth a visit any more: test single inlets, or look from door to door",
            "检查井出水检测已无必要：请逐个检测进水管或逐户排查",
        ));
    } else if answer.next.is_empty() && visits > 0 {
        say.answer(say.pick(
            "every manhole that tells anything was tested that day: go on another day, and write the days into the log",
            "当日可测的井均已检测，请改日继续，并在记录中写明日期",
        ));
    }
    if answer.next.is_empty() {
        return;
    }
    say.answer(
        say.pick("open next (one of these, then ask again):", "建议开井（任选其一，检测后重新运行）："),
    );
    for visit in &answer.next {
        let (rank, node, percent) = (visit.rank, &visit.at.id, 100.0 * visit.upstream);
        let (bits, minutes) = (visit.bits, visit.minutes);
        // A name of ours says nothing to a crew.
        let at = visit.at.x.zip(visit.at.y).map(|(x, y)| format!(" ({x:.1}, {y:.1})")).unwrap_or_default();
        say.answer(&match say.language {
            Language::English => format!(
                "  {rank}. {node}{at}: the source lies upstream of it with {percent:.0} %; a test tells {bits:.2} bits for {minutes:.0} min"
            ),
            Language::Chinese => format!(
                "  {rank}. {node}{at}：污染源在其上游的概率 {percent:.0}%；检测一次可得 {bits:.2} 比特，约 {minutes:.0} 分钟"
            ),
        });
    }
}
