//! Where a thing came from.

use serde::{Deserialize, Serialize};

/// The layer and row a thing came from; [`crate::RawSurvey::describe`] turns it into words.
#[doc(alias = "数据出处")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Index of the layer in its survey.
    pub layer: u16,
    /// Row in that layer, counted from 0.
    pub row: u32,
}
