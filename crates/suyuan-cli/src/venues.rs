//! `suyuan venues`

use suyuan::export::check_target;
use suyuan::{City, Language, LayerSpec, Role, VenueAnswer, venue_package};

use crate::args::VenuesArgs;
use crate::check::write_out;
use crate::network::{not_negative, open};
use crate::say::{Fault, Say, count};

/// `suyuan venues`
pub fn run(args: &VenuesArgs, say: &Say) -> Result<u8, Fault> {
    let radius = args.radius.map(|m| not_negative("--radius", m)).transpose()?;
    if let Some(path) = &args.output {
        check_target(path, args.overwrite)?;
    }
    let more = args
        .venues
        .iter()
        .map(|text| LayerSpec { crs: args.venues_crs.clone(), ..LayerSpec::parse(Role::Venues, text) })
        .collect();
    let city = open(&args.network, more, say)?;
    if let Some(path) = &args.output {
        city.guard_sources(path)?;
    }
    say.step("venues", None);
    let answers = city.venues(radius)?;
    for answer in &answers {
        if args.json {
            say.answer(&serde_json::to_string(answer).unwrap_or_default());
        } else {
            tell(&city, answer, say);
        }
    }
    if let Some(path) = &args.output {
        write_out(&city, &venue_package(&city, &answers, say.language), path, args.overwrite, say)?;
    }
    let empty = answers.iter().all(|a| a.outfalls.is_empty() && a.waters.is_empty());
    Ok(u8::from(empty))
}

/// One venue in a plain line.
pub fn tell(city: &City, answer: &VenueAnswer, say: &Say) {
    let name = if answer.name.is_empty() { &answer.venue } else { &answer.name };
    let drainers: usize = answer.outfalls.iter().map(|o| o.drainers.len()).sum();
    let has_waters = city.survey.iter().any(|s| s.layers_of(Role::Waters).next().is_some());
    let outfalls = answer.outfalls.len();
    let (waters, on_waters) = (answer.waters.len(), answer.outfalls_on_waters.len());
    let radius = answer.radius_m;
    say.answer(&match say.language {
        Language::English => {
            let behind = if city.drainers.is_empty() {
                "no drainers were given".to_owned()
            } else {
                format!("{} behind", count(drainers, "drainer", "drainers"))
            };
            let waters = if has_waters {
                let waters = count(waters, "water", "waters");
                format!("{waters} touched by the disc, {} on them", count(on_waters, "outfall", "outfalls"))
            } else {
                "no waters were given".to_owned()
            };
            let outfalls = count(outfalls, "outfall", "outfalls");
            format!("{name}: {outfalls} within {radius:.0} m, {behind}; {waters}")
        }
        Language::Chinese => {
            let behind = if city.drainers.is_empty() {
                "未提供排水户图层".to_owned()
            } else {
                format!("其上游排水户 {drainers} 个")
            };
            let waters = if has_waters {
                format!("涉及水体 {waters} 处，沿线排口 {on_waters} 个")
            } else {
                "未提供水体图层".to_owned()
            };
            format!("{name}：{radius:.0} 米内排口 {outfalls} 个，{behind}；{waters}")
        }
    });
}
