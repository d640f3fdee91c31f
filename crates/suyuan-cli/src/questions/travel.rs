//! `suyuan travel`

use suyuan::trace::{Heading, TravelSettings};
use suyuan::{Language, Moment, TravelAnswer, TravelRequest};

use super::{document, opened};
use crate::network::not_negative;
use crate::question_args::TravelArgs;
use crate::say::{Fault, Say};

/// `suyuan travel`
pub fn run(args: &TravelArgs, say: &Say) -> Result<u8, Fault> {
    let seen = match &args.seen {
        None => None,
        Some(text) => {
            let (first, last) = text.split_once(',').unwrap_or((text, text));
            Some([Moment::parse(first)?, Moment::parse(last)?])
        }
    };
    let settings = TravelSettings {
        depth_ratio: args.depth_ratio,
        roughness: args.roughness,
        hold: args.hold * 60.0,
        ..TravelSettings::default()
    };
    settings.check().map_err(suyuan::Error::from)?;
    let max_distance = args.max_distance.map(|m| not_negative("--max-distance", m)).transpose()?;
    let (city, asked) = opened(&args.ask, None, say)?;
    let request = TravelRequest {
        heading: if args.downstream { Heading::Downstream } else { Heading::Upstream },
        max_distance,
        asked,
        seen,
        settings,
    };
    let answer = city.travel(&args.from, &args.at, &request)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        tell(&answer, say);
    }
    let nothing = answer.reaches.is_empty();
    let unreached = !args.at.is_empty() && answer.places.iter().all(|p| p.travel_s.is_none());
    Ok(u8::from(nothing || unreached))
}

fn tell(answer: &TravelAnswer, say: &Say) {
    let start = &answer.start;
    let (id, reaches) = (&start.id, answer.reaches.len());
    let up = answer.direction == "upstream";
    let recorded = answer.reaches.iter().filter(|r| matches!(r.basis, "recorded" | "pumped")).count();
    let latest = answer.reaches.iter().map(|r| r.far_s[1]).fold(0.0, f64::max);
    let latest = duration(latest, say.language);
    say.answer(&match say.language {
        Language::English => {
            let (verb, side) =
                if up { ("arrives", "upstream of it") } else { ("has passed", "downstream of it") };
            format!(
                "{} {id}: all water in the {reaches} reaches {side} {verb} within {latest}; {recorded} of them have a \
                 recorded diameter and fall, or are pumped",
                start.kind
            )
        }
        Language::Chinese => {
            let text = if up { "上游管段来水全部到达" } else { "来水流经下游全部管段" };
            format!(
                "{} {id}：{text}最迟需 {latest}；{reaches} 个管段中 {recorded} 个有管径与坡度记录或为压力管",
                start.label(say.language)
            )
        }
    });
    for place in &answer.places {
        let name = format!("{} {}", place.place.label(say.language), place.place.id);
        let Some([earliest, latest]) = place.travel_s else {
            say.answer(&match (say.language, up) {
                (Language::English, true) => format!("  {name}: its water does not come by"),
                (Language::English, false) => format!("  {name}: the water does not come by"),
                (Language::Chinese, _) => format!("  {name}：水流不经过两处之间"),
            });
            continue;
        };
        let (earliest, latest) = (duration(earliest, say.language), duration(latest, say.language));
        let let_go = match (place.let_go, say.language) {
            (None, _) => String::new(),
            (Some([from, to]), Language::English) => format!("; let go between {from} and {to}"),
            (Some([from, to]), Language::Chinese) => format!("；排放时段 {from} 至 {to}"),
        };
        say.answer(&match say.language {
            Language::English => format!("  {name}: {earliest} to {latest}{let_go}"),
            Language::Chinese => format!("  {name}：{earliest} 至 {latest}{let_go}"),
        });
    }
}

/// A time span in hours and minutes.
fn duration(seconds: f64, language: Language) -> String {
    let minutes = (seconds / 60.0).round();
    let hours = (minutes / 60.0).floor();
    let rest = minutes - hours * 60.0;
    match (language, hours >= 1.0) {
        (Language::English, true) => format!("{hours:.0} h {rest:.0} min"),
        (Language::English, false) => format!("{minutes:.0} min"),
        (Language::Chinese, true) => format!("{hours:.0} 小时 {rest:.0} 分"),
        (Language::Chinese, false) => format!("{minutes:.0} 分钟"),
    }
}
