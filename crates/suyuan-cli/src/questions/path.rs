//! `suyuan path`

use suyuan::export::check_target;
use suyuan::{Language, PathAnswer, path_package};

use super::{document, opened};
use crate::check::write_out;
use crate::question_args::PathArgs;
use crate::say::{Fault, Say, count};

/// `suyuan path`
pub fn run(args: &PathArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let (city, asked) = opened(&args.ask, args.output.as_deref(), say)?;
    let answer = city.path(&args.from, &args.to, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    if let Some(path) = &args.output
        && answer.length_m.is_some()
    {
        write_out(&city, &path_package(&city, &answer, say.language), path, args.overwrite, say)?;
    }
    Ok(u8::from(answer.found != "with_flow"))
}

fn tell(answer: &PathAnswer, say: &Say) {
    let language = say.language;
    let [from, to] = [&answer.from, &answer.to].map(|p| format!("{} {}", p.label(language), p.id));
    let length = answer.length_m.unwrap_or_default();
    let reaches = count(answer.reaches.len(), say.pick("reach", "个管段"), say.pick("reaches", "个管段"));
    let turned = answer.reaches.iter().filter(|r| r.against).count();
    say.answer(&match (language, answer.found) {
        (Language::English, "with_flow") => format!("{from} to {to}: {length:.0} m over {reaches}"),
        (Language::English, "against_flow") => {
            format!("no water runs from {from} to {to}; it runs the other way, {length:.0} m over {reaches}")
        }
        (Language::English, "doubtful") => format!(
            "no water runs from {from} to {to}, unless {} on this way flows the other way: {length:.0} m over {reaches}",
            count(turned, "doubtful reach", "doubtful reaches")
        ),
        (Language::English, _) => format!("no way between {from} and {to}"),
        (Language::Chinese, "with_flow") => format!("{from} 至 {to}：{length:.0} 米，{reaches}"),
        (Language::Chinese, "against_flow") => {
            format!("{from} 的水不流向 {to}；方向相反，由后者流向前者 {length:.0} 米，{reaches}")
        }
        (Language::Chinese, "doubtful") => format!(
            "{from} 的水不流向 {to}，除非沿途 {turned} 个流向存疑的管段实际反向：{length:.0} 米，{reaches}"
        ),
        (Language::Chinese, _) => format!("{from} 与 {to} 之间没有通路"),
    });
    for reach in &answer.reaches {
        let metres = format!("{:.1}", reach.distance_m);
        let against = if reach.against { say.pick(", against", "，逆向") } else { "" };
        let meaning = say.pick("m", "米");
        say.answer(&format!(
            "  {metres:>9} {meaning}  {}  {} → {}{against}",
            reach.pipe, reach.from_node, reach.to_node
        ));
    }
}
