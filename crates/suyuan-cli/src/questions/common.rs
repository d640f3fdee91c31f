//! `suyuan common`

use suyuan::trace::Heading;
use suyuan::{City, CommonAnswer, Language, MeetingAnswer, SharedAnswer};

use super::{document, opened};
use crate::question_args::CommonArgs;
use crate::say::{Fault, Say, count};

/// `suyuan common`
pub fn run(args: &CommonArgs, say: &Say) -> Result<u8, Fault> {
    if args.from.len() < 2 {
        return Err(Fault::Usage(
            "one place has nothing in common with another: give --from two times or more".to_owned(),
            "至少需要两个位置：请重复给出 --from".to_owned(),
        ));
    }
    let (city, asked) = opened(&args.ask, None, say)?;
    let heading = if args.upstream { Heading::Upstream } else { Heading::Downstream };
    let answer = city.common(&args.from, heading, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&city, &answer, say);
    }
    let met = answer.meetings.as_ref().is_some_and(|m| !m.is_empty());
    let shares = answer.shared.as_ref().is_some_and(|s| !s.pipes.is_empty());
    Ok(u8::from(!met && !shares))
}

fn tell(city: &City, answer: &CommonAnswer, say: &Say) {
    let names: Vec<String> =
        answer.starts.iter().map(|s| format!("{} {}", s.label(say.language), s.id)).collect();
    let names = names.join(say.pick(", ", "、"));
    if let Some(meetings) = &answer.meetings {
        tell_meetings(&names, meetings, say);
    }
    if let Some(shared) = &answer.shared {
        tell_shared(city, &names, shared, say);
    }
}

fn tell_meetings(names: &str, meetings: &[MeetingAnswer], say: &Say) {
    let many = meetings.len();
    say.answer(&match (say.language, many) {
        (Language::English, 0) => format!("{names}: their water never meets"),
        (Language::English, 1) => format!("{names}: their water first meets at"),
        (Language::English, _) => format!("{names}: their water first meets at {many} places"),
        (Language::Chinese, 0) => format!("{names}：来水互不汇合"),
        (Language::Chinese, _) => format!("{names}：来水最先汇合于 {many} 处"),
    });
    for meeting in meetings {
        let at = &meeting.at;
        let kind =
            if at.kind == "node" { say.pick("node", "管点") } else { say.pick("inside pipe", "管段内") };
        let metres: Vec<String> = meeting.distances_m.iter().map(|d| format!("{d:.0}")).collect();
        let metres = metres.join(say.pick(", ", "、"));
        say.answer(&match say.language {
            Language::English => format!("  {kind} {}, after {metres} m", at.id),
            Language::Chinese => format!("  {kind} {}，各自流经 {metres} 米", at.id),
        });
    }
}

fn tell_shared(city: &City, names: &str, shared: &SharedAnswer, say: &Say) {
    let (pipes, metres) = (shared.pipes.len(), shared.length_m);
    let drainers = shared.drainers.len();
    say.answer(&match say.language {
        Language::English => {
            let who = if city.drainers.is_empty() {
                String::new()
            } else {
                format!(", {}", count(drainers, "drainer", "drainers"))
            };
            format!("upstream of all of {names}: {} ({metres:.0} m){who}", count(pipes, "pipe", "pipes"))
        }
        Language::Chinese => {
            let who =
                if city.drainers.is_empty() { String::new() } else { format!("，排水户 {drainers} 个") };
            format!("{names} 的共同上游：管段 {pipes} 条（{metres:.0} 米）{who}")
        }
    });
}
