//! `suyuan isolate`

use suyuan::export::check_target;
use suyuan::{IsolateAnswer, Language, isolate_package};

use super::{document, opened};
use crate::check::write_out;
use crate::question_args::IsolateArgs;
use crate::say::{Fault, Say, count};

/// `suyuan isolate`
pub fn run(args: &IsolateArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let (city, asked) = opened(&args.ask, args.output.as_deref(), say)?;
    let answer = city.isolate(&args.from, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    if let Some(path) = &args.output {
        write_out(&city, &isolate_package(&city, &answer, say.language), path, args.overwrite, say)?;
    }
    Ok(u8::from(answer.plugs.is_empty()))
}

fn tell(answer: &IsolateAnswer, say: &Say) {
    let names: Vec<String> =
        answer.starts.iter().map(|s| format!("{} {}", s.label(say.language), s.id)).collect();
    let names = names.join(say.pick(", ", "、"));
    let outfalls = answer.ends.iter().map(|e| e.outfalls.len()).sum::<usize>();
    let dead = answer.ends.iter().filter(|e| e.outfalls.is_empty()).count();
    let plugs = answer.plugs.len();
    let metres = answer.held_m;
    say.answer(&match (say.language, plugs) {
        (Language::English, 0) => format!("{names}: the water comes to no outfall; there is nothing to plug"),
        (Language::English, _) => format!(
            "{names}: {} water from {}; it fills up to {metres:.0} m of pipe",
            count(plugs, "plug keeps", "plugs keep"),
            [(outfalls, "outfall", "outfalls"), (dead, "dead end", "dead ends")]
                .into_iter()
                .filter(|(n, ..)| *n > 0)
                .map(|(n, one, many)| count(n, one, many))
                .collect::<Vec<_>>()
                .join(" and "),
        ),
        (Language::Chinese, 0) => format!("{names}：来水不到达任何排口，无需封堵"),
        (Language::Chinese, _) => format!(
            "{names}：封堵 {plugs} 处即可阻断至排口 {outfalls} 个、管网末端 {dead} 处；蓄水管段最多 {metres:.0} 米"
        ),
    });
    for plug in &answer.plugs {
        let doubt = if plug.surveyed {
            ""
        } else {
            say.pick("; nothing was surveyed there", "；该处未测得检查井")
        };
        say.answer(&match say.language {
            Language::English => {
                format!(
                    "  {} {}, after {:.0} m{doubt}",
                    plug.stands.replace('_', " "),
                    plug.at.id,
                    plug.distance_m
                )
            }
            Language::Chinese => format!("  {}，流经 {:.0} 米{doubt}", plug.at.id, plug.distance_m),
        });
    }
}
