//! The field's terms as types.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Language;

/// What a pipe is meant to carry.
///
/// # Reference
/// GB/T 51187-2016 pipe categories 1 to 4; line class letters YS, WS, HS.
#[doc(alias = "排水系统")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum System {
    /// The survey does not say.
    #[default]
    Unknown = 0,
    /// Rain water.
    #[doc(alias = "雨水")]
    Storm = 1,
    /// Waste water.
    #[doc(alias = "污水")]
    Foul = 2,
    /// Both in one pipe.
    #[doc(alias = "合流")]
    Combined = 3,
    /// An open channel or ditch.
    #[doc(alias = "明渠")]
    OpenChannel = 4,
    /// A river or lake.
    #[doc(alias = "河道")]
    River = 5,
}

impl System {
    /// Whether ends of the two systems may join by nearness alone. Storm and foul never do; an unknown system and a
    /// combined one join anything.
    #[must_use]
    pub fn joins(self, other: Self) -> bool {
        self == other
            || matches!(self, Self::Unknown | Self::Combined)
            || matches!(other, Self::Unknown | Self::Combined)
            || (matches!(self, Self::Storm | Self::OpenChannel | Self::River)
                && matches!(other, Self::Storm | Self::OpenChannel | Self::River))
    }

    /// The name used on the command line and in JSON: `storm`, `foul`, `combined`, `open_channel`, `river`, `unknown`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Storm => "storm",
            Self::Foul => "foul",
            Self::Combined => "combined",
            Self::OpenChannel => "open_channel",
            Self::River => "river",
        }
    }

    /// The system named by [`System::key`], `None` for any other text.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Unknown, Self::Storm, Self::Foul, Self::Combined, Self::OpenChannel, Self::River]
            .into_iter()
            .find(|s| s.key() == key)
    }

    /// The word people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Unknown => language.pick("unknown", "不明"),
            Self::Storm => language.pick("storm", "雨水"),
            Self::Foul => language.pick("foul", "污水"),
            Self::Combined => language.pick("combined", "合流"),
            Self::OpenChannel => language.pick("open channel", "明渠"),
            Self::River => language.pick("river", "河道"),
        }
    }
}

/// How water moves in a reach.
#[doc(alias = "流动方式")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FlowMode {
    /// By its own fall.
    #[default]
    #[doc(alias = "重力")]
    Gravity = 0,
    /// Under pressure, so it may run uphill.
    #[doc(alias = "压力")]
    Pumped = 1,
    /// Through a gate, weir or interceptor.
    #[doc(alias = "闸控")]
    Controlled = 2,
    /// Either way, as plain rivers do.
    #[doc(alias = "双向")]
    Bidirectional = 3,
    /// Not at all: plugged, abandoned, gate shut.
    #[doc(alias = "封堵")]
    Blocked = 4,
}

impl FlowMode {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Gravity => "gravity",
            Self::Pumped => "pumped",
            Self::Controlled => "controlled",
            Self::Bidirectional => "bidirectional",
            Self::Blocked => "blocked",
        }
    }
}

/// Which way a survey record says the water runs, against the order its line is drawn in.
///
/// # Reference
/// `+` and `-` of the flow field of Chinese line tables; 0 and 1 of `flowdirect`.
#[doc(alias = "流向")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FlowSign {
    /// From the first vertex to the last.
    WithDrawn,
    /// From the last vertex to the first.
    AgainstDrawn,
    /// Both ways.
    Both,
}

/// What stands at a node.
#[doc(alias = "管点类型")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum NodeKind {
    /// A mere joint of pipes, known from the lines alone.
    #[default]
    Joint = 0,
    /// A manhole.
    #[doc(alias = "检查井")]
    Manhole = 1,
    /// A gully or other inlet of surface water.
    #[doc(alias = "雨水口")]
    Inlet = 2,
    /// A pumping station.
    #[doc(alias = "泵站")]
    PumpStation = 3,
    /// A gate, valve or weir.
    #[doc(alias = "闸阀")]
    Control = 4,
    /// Where the network meets open water.
    #[doc(alias = "排口")]
    Outfall = 5,
    /// Storage, treatment plant or other structure.
    Structure = 6,
}

impl NodeKind {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Joint => "joint",
            Self::Manhole => "manhole",
            Self::Inlet => "inlet",
            Self::PumpStation => "pump_station",
            Self::Control => "control",
            Self::Outfall => "outfall",
            Self::Structure => "structure",
        }
    }
}

/// Why we believe the water runs that way, most trusted first.
#[doc(alias = "流向依据")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DirectionBasis {
    /// The survey records a flow direction.
    #[doc(alias = "实测流向")]
    Surveyed = 0,
    /// The survey names the upper and the lower node.
    #[doc(alias = "起终点号")]
    NodeIds = 1,
    /// Invert levels fall that way.
    #[doc(alias = "高差")]
    InvertFall = 2,
    /// The line was drawn that way.
    #[doc(alias = "绘制顺序")]
    DrawnOrder = 3,
    /// It is the only way that lets the neighbours drain.
    #[doc(alias = "邻段推断")]
    Neighbours = 4,
    /// Nothing speaks for either way.
    #[doc(alias = "无依据")]
    None = 5,
    /// Somebody who knows has said so.
    #[doc(alias = "人工确认")]
    Decided = 6,
}

impl DirectionBasis {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Surveyed => "surveyed",
            Self::NodeIds => "node_ids",
            Self::InvertFall => "invert_fall",
            Self::DrawnOrder => "drawn_order",
            Self::Neighbours => "neighbours",
            Self::None => "none",
            Self::Decided => "decided",
        }
    }

    /// The words people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Surveyed => language.pick("recorded flow direction", "记录流向"),
            Self::NodeIds => language.pick("node ids", "起终点号"),
            Self::InvertFall => language.pick("invert levels", "管底高差"),
            Self::DrawnOrder => language.pick("drawn order", "绘制顺序"),
            Self::Neighbours => language.pick("neighbouring pipes", "邻段推断"),
            Self::None => language.pick("no evidence", "无依据"),
            Self::Decided => language.pick("decided by hand", "人工确认"),
        }
    }
}

/// How far a direction or a link can be relied upon.
#[doc(alias = "可信度")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Certainty {
    /// The evidence agrees and is strong.
    #[doc(alias = "确定")]
    Certain = 0,
    /// More likely than not.
    #[doc(alias = "可能")]
    Probable = 1,
    /// Either way is as good.
    #[doc(alias = "不明")]
    Unknown = 2,
}

impl Certainty {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Probable => "probable",
            Self::Unknown => "unknown",
        }
    }

    /// The word people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Certain => language.pick("certain", "确定"),
            Self::Probable => language.pick("probable", "较可信"),
            Self::Unknown => language.pick("unknown", "不明"),
        }
    }
}

macro_rules! display_as_key {
    ($($t:ty),*) => {$(
        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.key()) }
        }
    )*};
}
display_as_key!(System, FlowMode, NodeKind, DirectionBasis, Certainty);

/// Gives words a number to be stored by, and back.
macro_rules! coded {
    ($($name:ident: $($word:ident)+, else $other:ident;)+) => {$(
        impl $name {
            /// The number it is stored by.
            #[must_use]
            pub fn code(self) -> u8 {
                self as u8
            }

            /// The word stored by a number; the least telling one where there is none.
            #[must_use]
            pub fn from_code(code: u8) -> Self {
                Self::BY_CODE.get(usize::from(code)).copied().unwrap_or(Self::$other)
            }

            const BY_CODE: &[Self] = &[$(Self::$word),+];
        }

        // Each word stands at its own number, and none is missing.
        const _: () = {
            let mut code = 0;
            while code < $name::BY_CODE.len() {
                assert!($name::BY_CODE[code] as usize == code);
                code += 1;
            }
            const fn each_is_listed(word: $name) {
                match word {
                    $($name::$word => {})+
                }
            }
            each_is_listed($name::$other);
        };
    )+};
}

coded! {
    System: Unknown Storm Foul Combined OpenChannel River, else Unknown;
    FlowMode: Gravity Pumped Controlled Bidirectional Blocked, else Gravity;
    NodeKind: Joint Manhole Inlet PumpStation Control Outfall Structure, else Joint;
    DirectionBasis: Surveyed NodeIds InvertFall DrawnOrder Neighbours None Decided, else None;
    Certainty: Certain Probable Unknown, else Unknown;
}
