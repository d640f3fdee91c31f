//! `suyuan profile`

use suyuan::export::{check_svg_target, write_svg};
use suyuan::{Language, ProfileAnswer, profile_drawing};

use super::{document, opened};
use crate::question_args::ProfileArgs;
use crate::say::{Fault, Say, count};

/// `suyuan profile`
pub fn run(args: &ProfileArgs, say: &Say) -> Result<u8, Fault> {
    if let Some(path) = &args.output {
        check_svg_target(path, args.overwrite)?;
    }
    let (city, asked) = opened(&args.ask, args.output.as_deref(), say)?;
    let answer = city.profile(&args.from, &args.to, &asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    if answer.found == "doubtful" {
        say.warning(say.pick(
            "the water takes this way only if doubtful directions on it are the other way",
            "仅当沿途存疑流向实际反向时，水流才经过此路径",
        ));
    }
    if let Some(path) = &args.output
        && !answer.reaches.is_empty()
    {
        say.step("write", None);
        let drawing = profile_drawing(&city, &answer, say.language);
        city.check_intact()?;
        for file in write_svg(&drawing, &title(&answer, say.language), path, args.overwrite)? {
            say.note(&file.display().to_string());
        }
    }
    Ok(u8::from(answer.reaches.is_empty()))
}

fn title(answer: &ProfileAnswer, language: Language) -> String {
    let [from, to] = answer.ends().map(|p| format!("{} {}", p.label(language), p.id));
    format!("{from} → {to}")
}

fn tell(answer: &ProfileAnswer, say: &Say) {
    let name = title(answer, say.language);
    let Some(length) = answer.length_m.filter(|_| !answer.reaches.is_empty()) else {
        say.answer(&match say.language {
            Language::English => format!("{name}: no pipe between the two places"),
            Language::Chinese => format!("{name}：两处之间没有管段"),
        });
        return;
    };
    let reaches = &answer.reaches;
    let all = reaches.len();
    let unknown = reaches.iter().filter(|r| r.fall_m.is_none()).count();
    let adverse = reaches.iter().filter(|r| r.adverse).count();
    let narrows = reaches.iter().filter(|r| r.narrows).count();
    let up = reaches.iter().filter(|r| r.step_m.is_some_and(|s| s < -0.02)).count();
    say.answer(&match say.language {
        Language::English => format!(
            "{name}: {length:.0} m over {}; {adverse} rising, {narrows} narrower than the one before, {up} beginning \
             above the end of the one before, {unknown} without both levels",
            count(all, "reach", "reaches")
        ),
        Language::Chinese => format!(
            "{name}：{length:.0} 米，{all} 个管段；逆坡 {adverse} 段，大管接小管 {narrows} 处，管底抬高 {up} 处，高程缺测 {unknown} 段"
        ),
    });
    if answer.found == "against_flow" {
        say.answer(say.pick(
            "  the water runs from the second place to the first, and so does the profile",
            "  水由后者流向前者，纵断面按水流方向绘制",
        ));
    }
    for reach in reaches.iter().filter(|r| r.adverse) {
        let rise = -reach.fall_m.unwrap_or_default();
        let at = reach.measures_m[0];
        say.answer(&match say.language {
            Language::English => format!("  {} rises {rise:.3} m, {at:.0} m from the beginning", reach.pipe),
            Language::Chinese => format!("  {} 逆坡，抬高 {rise:.3} 米，距起点 {at:.0} 米", reach.pipe),
        });
    }
}
