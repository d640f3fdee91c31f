//! `suyuan partition`

use suyuan::{DistrictAnswer, Language};

use super::{document, opened};
use crate::question_args::PartitionArgs;
use crate::say::{Fault, Say, count};

/// `suyuan partition`
pub fn run(args: &PartitionArgs, say: &Say) -> Result<u8, Fault> {
    let (city, asked) = opened(&args.ask, None, say)?;
    let answer = city.partition(&asked)?;
    if args.ask.json {
        document(&answer, say);
    } else {
        answer.districts.iter().for_each(|district| tell(district, say));
    }
    Ok(u8::from(answer.districts.iter().all(|d| d.outfalls.is_empty())))
}

fn tell(district: &DistrictAnswer, say: &Say) {
    let outfalls = match (say.language, district.outfalls.as_slice()) {
        (Language::English, []) => "to no outfall".to_owned(),
        (Language::Chinese, []) => "不通向任何排口".to_owned(),
        (Language::English, outfalls) => format!("to {}", outfalls.join(", ")),
        (Language::Chinese, outfalls) => format!("通向 {}", outfalls.join("、")),
    };
    let (metres, drainers) = (district.length_m, district.drainers);
    say.answer(&match say.language {
        Language::English => format!(
            "{outfalls}: {} ({metres:.0} m), {}",
            count(district.pipes, "pipe", "pipes"),
            count(drainers, "drainer", "drainers")
        ),
        Language::Chinese => {
            format!("{outfalls}：管段 {} 条（{metres:.0} 米），排水户 {drainers} 个", district.pipes)
        }
    });
}
