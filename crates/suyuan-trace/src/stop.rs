//! Why a branch of a trace ends.

use suyuan_core::Language;
use suyuan_network::{NodeId, PipeId};

use crate::options::Heading;

/// Why a branch ended.
#[doc(alias = "终止原因")]
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum StopReason {
    /// Nothing drains into the node (upstream), or it drains to nothing (downstream).
    #[doc(alias = "起始井")]
    Headwater,
    /// It is an outfall: open water begins here. Downstream traces alone.
    Outfall,
    /// A barrier that was asked for, or a pipe that is shut.
    #[doc(alias = "阻断")]
    Barrier {
        /// The pipe that was not entered; `None` where the node itself is the barrier.
        pipe: Option<PipeId>,
    },
    /// The survey stops short of another pipe.
    #[doc(alias = "断头")]
    Gap {
        /// Its width, metres.
        width: f64,
        /// The pipe beyond.
        beyond: PipeId,
    },
    /// Another pipe stands here and flows away: one of the two may be directed wrongly.
    #[doc(alias = "流向相背")]
    Opposing {
        /// That pipe.
        pipe: PipeId,
    },
    /// A ring of pipes in which water only goes round: nothing drains into it (upstream), or out of it (downstream). Told
    /// once, at its node nearest to the start.
    #[doc(alias = "环路")]
    Loop,
    /// The pipe ends where no structure was surveyed.
    #[doc(alias = "数据边界")]
    EndOfData,
    /// The distance limit.
    #[doc(alias = "距离限制")]
    Limit,
    /// The time limit.
    #[doc(alias = "时间限制")]
    TimeLimit,
    /// The limit of pipes: there are as many nearer ones as there may be.
    #[doc(alias = "管段数限制")]
    PipeLimit,
    /// What lies above is upstream of a place that was said to be clean.
    #[doc(alias = "已排除")]
    Cleared,
}

impl StopReason {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Headwater => "headwater",
            Self::Outfall => "outfall",
            Self::Barrier { .. } => "barrier",
            Self::Gap { .. } => "gap",
            Self::Opposing { .. } => "opposing",
            Self::Loop => "loop",
            Self::EndOfData => "end_of_data",
            Self::Limit => "limit",
            Self::TimeLimit => "time_limit",
            Self::PipeLimit => "pipe_limit",
            Self::Cleared => "cleared",
        }
    }

    /// The words people use.
    #[must_use]
    pub fn label(&self, heading: Heading, language: Language) -> &'static str {
        match self {
            Self::Headwater if heading == Heading::Downstream => language.pick("drains to nothing", "无出路"),
            Self::Headwater => language.pick("headwater", "起始井"),
            Self::Outfall => language.pick("outfall", "排口"),
            Self::Barrier { .. } => language.pick("barrier", "阻断"),
            Self::Gap { .. } => language.pick("gap in the survey", "断头"),
            Self::Opposing { .. } => language.pick("opposing direction", "流向相背"),
            Self::Loop => language.pick("loop", "环路"),
            Self::EndOfData => language.pick("end of data", "数据边界"),
            Self::Limit => language.pick("limit", "距离限制"),
            Self::TimeLimit => language.pick("time limit", "时间限制"),
            Self::PipeLimit => language.pick("limit of pipes", "管段数限制"),
            Self::Cleared => language.pick("ruled out above", "上游已排除"),
        }
    }
}

/// The end of one branch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Where it ended.
    pub node: NodeId,
    /// Metres of pipe between it and the start.
    pub distance: f64,
    /// Why.
    pub reason: StopReason,
}
