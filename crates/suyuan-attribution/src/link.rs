//! How a drainer is joined to the network.

use serde::{Deserialize, Serialize};
use suyuan_core::Language;
use suyuan_network::{PipeId, Place};

/// How good a link is, best first.
#[doc(alias = "接驳等级")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkGrade {
    /// The record names the pipe or manhole.
    #[doc(alias = "登记")]
    Recorded,
    /// A lateral was surveyed.
    #[doc(alias = "接户管")]
    Lateral,
    /// It is merely the nearest pipe.
    #[doc(alias = "就近")]
    Nearest,
}

impl LinkGrade {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Lateral => "lateral",
            Self::Nearest => "nearest",
        }
    }

    /// The words people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Recorded => language.pick("recorded", "登记接入"),
            Self::Lateral => language.pick("surveyed lateral", "接户管接入"),
            Self::Nearest => language.pick("nearest pipe", "就近推定"),
        }
    }
}

/// One way in which a drainer may be joined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// How good it is.
    pub grade: LinkGrade,
    /// The pipe, `None` where it joins at a manhole.
    pub pipe: Option<PipeId>,
    /// Where its water enters the network.
    pub place: Place,
    /// Metres between the drainer (or its lateral) and that place; 0 where the record has no coordinates to compare.
    pub gap: f64,
}
