//! What can go wrong on the whole way.

use std::path::PathBuf;
use suyuan_core::stored::StoredError;

use suyuan_core::Language;
use suyuan_export::ExportError;
use suyuan_locate::{BadRate, Contradiction};
use suyuan_network::{BuildError, PlaceError};
use suyuan_read::ReadError;
use suyuan_trace::BadTravelSetting;

use crate::moment::Moment;

/// What can go wrong on the whole way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No network can be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A start or barrier is not on the network.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// An output cannot be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A reference to a place is not understood.
    #[error(
        "`{text}` names no place: use an id, outfall:ID, node:ID, pipe:ID, drainer:ID, X,Y or lonlat:X,Y"
    )]
    BadReference {
        /// What was given.
        text: String,
    },
    /// A project file is wrong.
    #[error("{}: {what}", path.display())]
    BadProject {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A prepared network cannot be opened.
    #[error("{}: {what}{}", path.display(), again(what).0)]
    BadPrepared {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: StoredError,
    },
    /// A table of trades is wrong.
    #[error("{}: {what}", path.display())]
    BadTrades {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The radius of a venue is no distance.
    #[error(
        "{origin}: the radius {radius} m is no distance; give the venue a radius above 0, or use --radius"
    )]
    BadRadius {
        /// The venue's row.
        origin: String,
        /// What it says, metres.
        radius: f64,
    },
    /// The question needs a layer that was not given.
    #[error("no layer of {role} was given")]
    MissingLayer {
        /// What is missing.
        role: &'static str,
    },
    /// A setting of travel times is out of range.
    #[error(transparent)]
    BadTravel(#[from] BadTravelSetting),
    /// A text is no moment.
    #[error("`{text}` is no moment: write 2026-05-01T08:30")]
    BadMoment {
        /// What was given.
        text: String,
    },
    /// The time in which something was seen cannot be.
    #[error(
        "seen from {first} to {last}: give the first moment, then the last, at the place where the water arrives"
    )]
    BadSeen {
        /// When it was seen first.
        first: Moment,
        /// When it was seen last.
        last: Moment,
    },
    /// A column holds nothing that can be added up.
    #[error(
        "no pipe layer has a number in a column `{field}`; --of takes length, pipes, drainers or such a column"
    )]
    NoNumbers {
        /// The column.
        field: String,
    },
    /// The question needs the survey itself, and a prepared network holds only the network.
    #[error("{what} needs the survey files; a prepared network does not hold them")]
    NeedsSurvey {
        /// What was asked.
        what: &'static str,
    },
    /// An error rate is no probability.
    #[error(transparent)]
    BadRate(#[from] BadRate),
    /// A line of a field log cannot be used.
    #[error("line {line} of the field log (test {id}): {source}")]
    InLog {
        /// The line, from 1.
        line: u64,
        /// The test.
        id: String,
        /// Why.
        source: Box<Error>,
    },
    /// Tests that are said never to be wrong contradict each other.
    #[error(transparent)]
    Contradiction(Contradiction),
    /// Two things were asked that have no meaning together.
    #[error("{first} cannot be combined with {second}")]
    CannotCombine {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// A start farther from the network than this is in another coordinate system, metres.
const ELSEWHERE: f64 = 50_000.0;

impl Error {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match (self, language) {
            (Self::Read(error), _) => error.message(language),
            (Self::Build(error), _) => error.message(language),
            (Self::Place(error), _) => error.message(language),
            (Self::Export(error), _) => error.message(language),
            (Self::BadTravel(error), _) => error.message(language),
            (error, Language::English) => error.to_string(),
            (Self::BadMoment { text }, Language::Chinese) => {
                format!("“{text}”不是有效时刻，应写作 2026-05-01T08:30")
            }
            (Self::BadSeen { first, last }, Language::Chinese) => {
                format!("发现时段 {first} 至 {last} 无效：应先起后止，且为来水到达处的时刻")
            }
            (Self::BadReference { text }, Language::Chinese) => {
                format!(
                    "“{text}”不是有效位置：可用编号、outfall:编号、node:编号、pipe:编号、drainer:编号、X,Y 或 lonlat:经度,纬度"
                )
            }
            (Self::BadProject { path, what }, Language::Chinese) => {
                format!("项目文件 {} 有误：{what}", path.display())
            }
            (Self::BadPrepared { path, what: reason }, Language::Chinese) => {
                let what = match reason {
                    StoredError::Foreign => "不是预处理管网文件".to_owned(),
                    StoredError::Version { found, expected } => {
                        format!("文件版本为 {found}，本程序读取版本 {expected}")
                    }
                    StoredError::Section(name) => format!("{name} 一段无法读取，文件已损坏"),
                    _ => "校验和不符，文件已损坏".to_owned(),
                };
                format!("预处理管网 {} 无法使用：{what}{}", path.display(), again(reason).1)
            }
            (Self::BadTrades { path, what }, Language::Chinese) => {
                format!("行业表 {} 有误：{what}", path.display())
            }
            (Self::BadRadius { origin, radius }, Language::Chinese) => {
                format!("{origin}：半径 {radius} 米无效；请填写大于 0 的半径，或使用 --radius")
            }
            (Self::NoNumbers { field }, Language::Chinese) => {
                format!("管线图层中没有数值字段“{field}”；--of 可用 length、pipes、drainers 或某个数值字段")
            }
            (Self::MissingLayer { role }, Language::Chinese) => format!("缺少 {role} 图层"),
            (Self::NeedsSurvey { what }, Language::Chinese) => {
                format!("{what} 需要原始测绘文件，预处理管网中没有")
            }
            (Self::InLog { line, id, source }, language) => {
                let source = source.message(language);
                match language {
                    Language::English => format!("line {line} of the field log (test {id}): {source}"),
                    Language::Chinese => format!("检测记录第 {line} 行（{id}）：{source}"),
                }
            }
            (Self::BadRate(error), Language::Chinese) => {
                format!("误判率 {} 无效，应为 0 到 1 之间的概率", error.value)
            }
            (Self::Contradiction(_), Language::Chinese) => {
                "没有任何位置能同时解释全部检测结果；请给出误判率，或撤回其中一次".to_owned()
            }
            (Self::CannotCombine { first, second }, Language::Chinese) => {
                format!("{first} 不能与 {second} 同时使用")
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self, language: Language) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(language),
            Self::Export(error) => error.hint(language).map(str::to_owned),
            Self::Place(PlaceError::TooFar { distance, .. }) if *distance > ELSEWHERE => Some(
                language
                    .pick(
                        "so far off is rather another coordinate system: give degrees as lonlat:LON,LAT, look whether \
                         east and north are exchanged, and whether --crs is right",
                        "偏差过大，多半是坐标系不符：经纬度请写作 lonlat:经度,纬度，并检查东、北坐标是否颠倒、--crs 是否正确",
                    )
                    .to_owned(),
            ),
            Self::Place(PlaceError::TooFar { .. }) => Some(
                language
                    .pick(
                        "allow a longer way with --max-snap, or give another place",
                        "可用 --max-snap 放宽距离，或改用其他位置",
                    )
                    .to_owned(),
            ),
            Self::BadReference { text } => {
                let (lat, lon) = text.trim().strip_prefix("lonlat:")?.split_once(',')?;
                let (lat, lon): (f64, f64) = (lat.trim().parse().ok()?, lon.trim().parse().ok()?);
                (lat.abs() <= 90.0 && lon.abs() <= 180.0).then(|| {
                    let right = format!("lonlat:{lon},{lat}");
                    language
                        .pick(&format!("longitude comes first: {right}"), &format!("经度在前：{right}"))
                        .to_owned()
                })
            }
            Self::MissingLayer { role } => Some(format!("--{role} FILE")),
            _ => None,
        }
    }

    /// The exit code of the command line: 2 wrong usage, 3 input that cannot be used, 4 output that cannot be written.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadReference { .. }
            | Self::CannotCombine { .. }
            | Self::BadTravel(_)
            | Self::BadMoment { .. }
            | Self::BadSeen { .. } => 2,
            Self::Export(_) => 4,
            _ => 3,
        }
    }
}

/// What to do about a prepared file, in English and Chinese.
fn again(what: &StoredError) -> (&'static str, &'static str) {
    match what {
        StoredError::Foreign => ("", ""),
        _ => ("; build it again", "，请重新生成"),
    }
}
