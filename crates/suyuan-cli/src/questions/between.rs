//! `suyuan between`

use suyuan::export::check_target;
use suyuan::{BetweenAnswer, Language, StartAnswer, between_package};

use super::{document, opened};
use crate::check::write_out;
use crate::question_args::BetweenArgs;
use crate::say::{Fault, Say, count};

/// `suyuan between`
pub fn run(args: &BetweenArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let (city, asked) = opened(&args.ask, args.output.as_deref(), say)?;
    let answer = city.between(&args.from, &args.to, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    let is_empty = answer.between.nodes == 0 && answer.between.pipes.is_empty();
    if let Some(path) = args.output.as_ref().filter(|_| !is_empty) {
        write_out(&city, &between_package(&city, &answer, say.language), path, args.overwrite, say)?;
    }
    Ok(u8::from(is_empty))
}

fn tell(answer: &BetweenAnswer, say: &Say) {
    let names = |places: &[StartAnswer]| {
        let names: Vec<String> =
            places.iter().map(|s| format!("{} {}", s.label(say.language), s.id)).collect();
        names.join(say.pick(", ", "、"))
    };
    let (from, to, found) = (names(&answer.from), names(&answer.to), &answer.between);
    let pipes = found.pipes.len();
    let is_empty = found.nodes == 0 && pipes == 0;
    say.answer(&match (say.language, is_empty) {
        (Language::English, true) => format!("no way between {from} and {to}"),
        (Language::English, false) => format!(
            "between {from} and {to}: {}, {:.0} m, {}, {}",
            count(pipes, "pipe", "pipes"),
            found.length_m,
            count(found.nodes, "node", "nodes"),
            count(found.drainers.len(), "drainer", "drainers"),
        ),
        (Language::Chinese, true) => format!("{from} 与 {to} 之间没有通路"),
        (Language::Chinese, false) => format!(
            "{from} 与 {to} 之间：管段 {pipes} 条，{:.0} 米，管点 {} 个，排水户 {} 个",
            found.length_m,
            found.nodes,
            found.drainers.len()
        ),
    });
}
