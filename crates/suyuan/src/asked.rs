//! What every question is asked beside: where water may not pass, and how far places may lie from the network.

use suyuan_core::Role;
use suyuan_network::{PipeId, PlaceKind};
use suyuan_read::{Filter, FilterError, ReadError};
use suyuan_trace::Barriers;

use crate::city::City;
use crate::error::Error;
use crate::places::Places;
use crate::reference::Reference;

/// Where water may not pass in a city, and how far places may lie from its network. Made by [`City::asked`]; the default is
/// a network without barriers.
#[doc(alias = "提问条件")]
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// How far a place may lie from the network, metres.
    pub max_snap: f64,
    /// Where water may not pass.
    pub barriers: Barriers,
    /// Barriers that lie on the inside of a pipe, which is shut as a whole: what was asked for, and the pipe.
    pub barriers_on_pipes: Vec<(String, String)>,
    /// Whether there is a condition that no pipe meets, so that nothing is passed.
    pub unmet: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self { max_snap: 20.0, barriers: Barriers::default(), barriers_on_pipes: Vec::new(), unmet: false }
    }
}

impl City {
    /// How a question is asked: past no barrier, and over no pipe whose attributes do not meet the condition.
    ///
    /// # Errors
    /// [`Error::BadReference`] and [`Error::Place`] for barriers that are not there; [`Error::Read`] and
    /// [`Error::NeedsSurvey`] for a condition that cannot be asked.
    pub fn asked(&self, barriers: &[String], condition: Option<&str>, max_snap: f64) -> Result<Asked, Error> {
        self.asked_at(&Places::new(self), barriers, condition, max_snap)
    }

    pub(crate) fn asked_at(
        &self,
        places: &Places<'_>,
        barriers: &[String],
        condition: Option<&str>,
        max_snap: f64,
    ) -> Result<Asked, Error> {
        let mut asked = Asked { max_snap, ..Asked::default() };
        let found = &mut asked.barriers;
        for text in barriers {
            let reference = Reference::parse(text)?;
            if let Reference::Pipe(id) = &reference {
                found.pipes.extend(self.network.find_pipes(id)?);
                continue;
            }
            match places.find(&reference, max_snap)?.0.kind {
                PlaceKind::Node(node) => found.nodes.push(node),
                PlaceKind::Reach { reach, .. } => {
                    let pipe = self.network.reach(reach).pipe;
                    found.pipes.push(pipe);
                    asked.barriers_on_pipes.push((text.clone(), self.network.pipe_name(pipe).to_owned()));
                }
            }
        }
        if let Some(condition) = condition {
            let outside = self.pipes_outside(condition)?;
            asked.unmet = outside.len() == self.network.pipe_count();
            found.pipes.extend(outside);
        }
        Ok(asked)
    }

    /// The pipes whose attributes do not meet a condition.
    fn pipes_outside(&self, condition: &str) -> Result<Vec<PipeId>, Error> {
        let bad = |what: FilterError| ReadError::BadFilter { filter: condition.to_owned(), what };
        let filter = Filter::parse(condition).map_err(bad)?;
        let survey = self.survey.as_ref().ok_or(Error::NeedsSurvey { what: "--where" })?;
        for field in filter.fields() {
            let known = survey
                .layers_of(Role::Pipes)
                .any(|(_, l)| l.attributes.fields().iter().any(|f| f.name.eq_ignore_ascii_case(field)));
            if !known {
                return Err(bad(FilterError::no_field(field)).into());
            }
        }
        let network = &self.network;
        let meets = |pipe: PipeId| {
            let origin = network.pipe(pipe).origin;
            let layer = &survey.layers[origin.layer as usize];
            filter.accepts(layer.attributes.as_ref(), origin.row as usize)
        };
        Ok(network.pipe_ids().filter(|p| !meets(*p)).collect())
    }
}
