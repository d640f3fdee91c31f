//! `suyuan venues`

use suyuan::export::{check_target, write_package};
use suyuan::{City, Language, LayerSpec, Role, VenueAnswer, venue_package};

use crate::args::VenuesArgs;
use crate::check::write_options;
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
    say.step("venues", None);
    let answers = city.venues(radius)?;
    for answer in &answers {
        if args.json {
            say.answer(&serde_json::to_string(answer).unwrap_or_default());
        } else {
            tell(answer, say);
        }
    }
    if let Some(path) = &args.output {
        write(&city, &answers, path, args.overwrite, say)?;
    }
    let empty = answers.iter().all(|a| a.outfalls.is_empty() && a.waters.is_empty());
    Ok(u8::from(empty))
}

/// Writes the layers of a venue check.
pub fn write(
    city: &City,
    answers: &[VenueAnswer],
    path: &std::path::Path,
    overwrite: bool,
    say: &Say,
) -> Result<(), Fault> {
    say.step("write", None);
    let package = venue_package(city, answers, say.language);
    let written = write_package(&package, path, write_options(overwrite, say.language))?;
    say.note(&written.files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// One venue in a plain line.
pub fn tell(answer: &VenueAnswer, say: &Say) {
    let name = if answer.name.is_empty() { &answer.venue } else { &answer.name };
    let drainers: usize = answer.outfalls.iter().map(|o| o.drainers.len()).sum();
    say.answer(&match say.language {
        Language::English => format!(
            "{name}: {} within {:.0} m with {} behind; {} touched by the disc with {} on them",
            count(answer.outfalls.len(), "outfall", "outfalls"),
            answer.radius_m,
            count(drainers, "drainer", "drainers"),
            count(answer.waters.len(), "water", "waters"),
            count(answer.outfalls_on_waters.len(), "outfall", "outfalls"),
        ),
        Language::Chinese => format!(
            "{name}：{:.0} 米内排口 {} 个，其上游排水户 {drainers} 个；涉及水体 {} 处，沿线排口 {} 个",
            answer.radius_m,
            answer.outfalls.len(),
            answer.waters.len(),
            answer.outfalls_on_waters.len()
        ),
    });
}
