//! `suyuan locate`

use suyuan::export::check_target;
use suyuan::read::read_field_log;
use suyuan::{Language, LocateAnswer, LocateRequest, locate_package};

use super::document;
use crate::check::write_out;
use crate::network::{not_negative, open};
use crate::question_args::LocateArgs;
use crate::say::{Fault, Say};

/// Places and drainers that are told without `--json`.
const TOLD: usize = 5;
/// An outcome less probable than this does not fit.
const UNEXPECTED: f64 = 0.1;

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
        tell(&answer, say);
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
    for test in answer.observations.iter().filter(|t| t.expected < UNEXPECTED) {
        let (id, at, percent) = (&test.id, &test.at.id, 100.0 * test.expected);
        say.warning(&match say.language {
            Language::English => format!(
                "test {id} at {at} fits the others badly ({percent:.1} % probable): repeat it, or look for a second source, a pipe that is not on the map, or one that does not flow all the time"
            ),
            Language::Chinese => format!(
                "检测 {id}（{at}）与其他结果不符（概率 {percent:.1}%）：请复测，或考虑存在第二个污染源、图上没有的管道或间歇排放"
            ),
        });
    }
}

fn tell(answer: &LocateAnswer, say: &Say) {
    let (start, tests) = (&answer.start.id, answer.observations.len());
    let (bits, least) = (answer.bits, answer.least_tests);
    say.answer(&match say.language {
        Language::English => format!(
            "{start}: {tests} tests; {bits:.1} bits are not known yet, {least:.1} more tests at the least (were they never wrong)"
        ),
        Language::Chinese => format!(
            "{start}：已计入检测 {tests} 次；尚余 {bits:.1} 比特不确定，至少还需检测 {least:.1} 次（按检测无误计）"
        ),
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
        say.answer(&format!("  {percent:5.1} %  {kind} {}{between}", place.id));
    }
    if !answer.candidates.is_empty() {
        say.answer(
            say.pick(
                "likeliest drainers (inspect, no accusation):",
                "最可能的排水户（仅供排查，不作定性）：",
            ),
        );
    }
    for drainer in answer.candidates.iter().take(TOLD) {
        say.answer(&format!("  {:5.1} %  {} {}", 100.0 * drainer.probability, drainer.drainer, drainer.name));
    }
    match answer.state {
        "found" => say.answer(say.pick(
            "found: one manhole and the pipes that run into it have 95 % together; inspect there",
            "已定位：一座井及其进水管的概率合计达 95%，请到现场核查",
        )),
        "not_separable" => say.answer(say.pick(
            "no test of a manhole's outlet tells these places apart: test single inlets, or look from door to door",
            "检查井出水检测已无法区分以上位置：请逐个检测进水管或逐户排查",
        )),
        _ => {}
    }
    if answer.next.is_empty() {
        return;
    }
    say.answer(say.pick("open next:", "建议依次开井："));
    for visit in &answer.next {
        let (rank, node, percent) = (visit.rank, &visit.at.id, 100.0 * visit.upstream);
        let (bits, minutes) = (visit.bits, visit.minutes);
        say.answer(&match say.language {
            Language::English => format!(
                "  {rank}. {node}: the source lies upstream of it with {percent:.0} %; a test tells {bits:.2} bits for {minutes:.0} min"
            ),
            Language::Chinese => format!(
                "  {rank}. {node}：污染源在其上游的概率 {percent:.0}%；检测一次可得 {bits:.2} 比特，约 {minutes:.0} 分钟"
            ),
        });
    }
}
