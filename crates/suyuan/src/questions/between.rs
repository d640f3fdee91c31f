//! What lies on any way between two groups of places.

use serde::Serialize;
use suyuan_core::Language;
use suyuan_export::Package;
use suyuan_network::Place;
use suyuan_trace::{Between, all_between};

use super::{SharedAnswer, find_all, stretches};
use crate::answer::StartAnswer;
use crate::asked::Asked;
use crate::city::City;
use crate::error::Error;
use crate::package::{lies_around, places, run_info};
use crate::places::Places;

/// What lies between two groups of places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BetweenAnswer {
    /// `suyuan.between/1`.
    pub schema: &'static str,
    /// The places of the first group, in the order given.
    pub from: Vec<StartAnswer>,
    /// Those of the second.
    pub to: Vec<StartAnswer>,
    /// What lies on any way between them.
    pub between: SharedAnswer,
    /// The answer itself.
    #[serde(skip)]
    pub stretches: Between,
}

impl City {
    /// All that lies on any way between two groups of places that passes no node twice, whichever way the water flows.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for places that are not there.
    ///
    /// # Complexity
    /// As [`all_between`].
    pub fn between(&self, from: &[String], to: &[String], asked: &Asked) -> Result<BetweenAnswer, Error> {
        let places = Places::new(self);
        let found = |texts: &[String]| -> Result<(Vec<Place>, Vec<StartAnswer>), Error> {
            Ok(find_all(&places, texts, asked.max_snap)?.into_iter().unzip())
        };
        let ((first, from), (second, to)) = (found(from)?, found(to)?);
        let stretches = all_between(&self.network, &first, &second, &asked.barriers);
        let between = self.told(&stretches.reaches, &stretches.nodes);
        self.intact(BetweenAnswer { schema: "suyuan.between/1", from, to, between, stretches })
    }
}

/// What lies between, as a layer.
#[must_use]
pub fn between_package(city: &City, answer: &BetweenAnswer, language: Language) -> Package {
    let title = language.pick("Pipes between", "连通管段");
    let (table, drawn) = stretches(city, &answer.stretches.reaches, ["between", title, title], language);
    let mut tables = vec![places(answer.from.iter().chain(&answer.to), language, title), table];
    tables.extend(lies_around(city, &tables, &drawn, language));
    let names = |places: &[StartAnswer]| places.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ");
    let what = language.pick("suyuan between", "管网连通分析");
    Package {
        title: format!("{what} {} – {}", names(&answer.from), names(&answer.to)),
        crs: city.network.crs().clone(),
        language,
        tables,
        focus: Some("between".to_owned()),
        run_info: run_info(city),
    }
}
