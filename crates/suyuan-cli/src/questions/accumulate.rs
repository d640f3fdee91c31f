//! `suyuan accumulate`

use suyuan::export::check_target;
use suyuan::{AccumulateAnswer, AmountOf, Language, accumulate_package};

use super::{document, opened};
use crate::check::write_out;
use crate::question_args::AccumulateArgs;
use crate::say::{Fault, Say};

/// `suyuan accumulate`
pub fn run(args: &AccumulateArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let (city, asked) = opened(&args.ask, args.output.as_deref(), say)?;
    let answer = city.accumulate(&AmountOf::parse(&args.of), args.by_shares, &args.at, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    if let Some(path) = &args.output {
        write_out(&city, &accumulate_package(&city, &answer, say.language), path, args.overwrite, say)?;
    }
    Ok(u8::from(answer.places.is_empty()))
}

fn tell(answer: &AccumulateAnswer, say: &Say) {
    let (of, total, unknown) = (answer.of.as_str(), answer.total, answer.unknown);
    let shares = answer.method == "shares";
    say.answer(&match say.language {
        Language::English => {
            let what = match of {
                "length" => "metres of pipe",
                other => other,
            };
            let how = if shares { "handed on in equal parts" } else { "each counted once" };
            let blank = if unknown > 0 { format!("; {unknown} pipes have no number") } else { String::new() };
            format!("{what} upstream, {how}; {total:.1} in all{blank}")
        }
        Language::Chinese => {
            let what = match of {
                "length" => "管长（米）",
                "pipes" => "管段数",
                "drainers" => "排水户数",
                other => other,
            };
            let how = if shares { "各节点向下游均分" } else { "不重复计" };
            let blank = if unknown > 0 { format!("；{unknown} 条管段无数值") } else { String::new() };
            format!("上游{what}，{how}；合计 {total:.1}{blank}")
        }
    });
    for place in &answer.places {
        let label = place.place.label(say.language);
        let amount = place.amount;
        say.answer(&match say.language {
            Language::English => format!("  {label} {}: {amount:.1}", place.place.id),
            Language::Chinese => format!("  {label} {}：{amount:.1}", place.place.id),
        });
    }
}
