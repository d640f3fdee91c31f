//! Doubtful data: kept, marked and listed, never dropped unheard.

use std::borrow::Cow;
use std::fmt;

use geo_types::Coord;
use serde::{Deserialize, Serialize};

use crate::{Language, Origin};

/// How much a finding matters.
#[doc(alias = "级别")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something could not be used; answers may lack it.
    #[doc(alias = "错误")]
    Error,
    /// A choice was made that may be wrong.
    #[doc(alias = "警告")]
    Warning,
    /// Worth knowing.
    #[doc(alias = "提示")]
    Notice,
}

impl Severity {
    /// The name used in JSON and files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }

    /// The word people use.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Self::Error => language.pick("error", "错误"),
            Self::Warning => language.pick("warning", "警告"),
            Self::Notice => language.pick("notice", "提示"),
        }
    }
}

macro_rules! codes {
    ($($(#[$alias:meta])* $variant:ident $code:literal $severity:ident $en:literal $zh:literal;)*) => {
        /// What is doubtful. The code never changes its meaning; `{…}` in its sentences is filled from the finding.
        #[doc(alias = "疑点代码")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FindingCode {
            $(#[doc = $en] $(#[$alias])* #[serde(rename = $code)] $variant,)*
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &'static [FindingCode] = &[$(Self::$variant,)*];

            /// The stable code, such as `N01`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How much it matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The sentence with its `{…}` unfilled.
            #[must_use]
            pub fn template(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($en, $zh),)* }
            }
        }
    };
}

codes! {
    // Reading: R.
    NoGeometry "R01" Warning
        "{id} has no geometry and cannot be placed on the map"
        "{id} 无几何图形，无法定位";
    ZeroLength "R02" Warning
        "{id} has no length: its vertices coincide"
        "{id} 长度为零：各顶点重合";
    Multipart "R03" Notice
        "{id} is drawn in {parts} parts; each part is a stretch of its own"
        "{id} 由 {parts} 个部分组成，各部分分别成段";
    BadCoordinate "R04" Error
        "{id} holds the coordinate {value}, which is no number, and was set aside"
        "{id} 含非数值坐标 {value}，已搁置";
    NotANumber "R05" Warning
        "{id}: field {field} holds `{value}`, expected a number; taken as unknown"
        "{id}：字段 {field} 的值“{value}”不是数字，按未知处理";
    Sentinel "R06" Notice
        "field {field}: {count} values of {value} mean unknown, not a level"
        "字段 {field}：{count} 个 {value} 为缺测标记，不作高程使用";
    EncodingGuessed "R07" Notice
        "text encoding not declared; {value} fits the bytes"
        "未声明文本编码，按字节判定为 {value}";
    AxesSwapped "R08" Warning
        "X and Y look swapped (surveyors' X is north) and were exchanged"
        "X、Y 坐标疑似颠倒（测量 X 为北），已互换";
    CrsAssumed "R09" Warning
        "no coordinate system is declared; taken as {value}"
        "未声明坐标系，按 {value} 处理";
    RowsMissing "R10" Error
        "{count} of {total} rows are missing from the file, which is shorter than it says"
        "文件不完整：共 {total} 行，缺 {count} 行";
    RowDeleted "R11" Notice
        "{count} rows are marked deleted and were left out"
        "{count} 行已标记删除，未读入";
    DuplicateId "R12" Warning
        "the id {id} stands on {count} rows; they are told apart by row"
        "编号 {id} 在 {count} 行中重复，按行号区分";
    WrongShape "R13" Error
        "{id} is a {value} where a {expected} is needed, and was left out"
        "{id} 为{value}，应为{expected}，未采用";
    DatumUnknown "R14" Warning
        "{id}: the datum of its coordinates is not declared; it may lie about {value} m off"
        "{id}：坐标基准未声明，位置可能偏移约 {value} 米";
    TextDamaged "R15" Warning
        "{count} texts hold bytes that are no {value}"
        "{count} 处文本含有非 {value} 字节";
    SystemUnknown "R16" Warning
        "{count} of {total} pipes do not say what they carry; they may join pipes of any system"
        "{total} 条管线中有 {count} 条未注明排水系统，可与任何系统相接";
    SystemByName "R17" Notice
        "{count} pipes are taken to be {system}, by the name or the rest of their layer"
        "{count} 条管线按图层名或同图层其他管线判定为{system}";
    NoRowMeets "R18" Warning
        "no row meets the condition {value}: the layer is empty"
        "没有记录满足条件 {value}，图层为空";
    SharedId "R19" Warning
        "the id {id} stands in {count} layers of {value}; they are told apart by layer"
        "编号 {id} 在 {count} 个{value}图层中重复，按图层区分";
    EncodingContradicted "R20" Warning
        "its text encoding is declared as {expected}, but the bytes are {value} and were read as that"
        "声明的文本编码为 {expected}，实际字节为 {value}，已按后者读取";
    OutOfService "R21" Warning
        "{count} pipes are recorded as {value} and carry water all the same; --where leaves them out"
        "{count} 条管线的状态为 {value}，仍按通水参与追溯；可用 --where 排除";
    GridFitted "R22" Notice
        "{count} shared points fit the local grid to {rms} m (root mean square), at most {gap} m at {id}: {value}"
        "{count} 个公共点拟合地方坐标系：点位均方根残差 {rms} 米，最大残差 {gap} 米（{id}）：{value}";
    GridDoubtful "R23" Warning
        "{value}: {why}; what is placed by it may lie wrong"
        "{value}：{why}，由此转换的位置可能有误";
    ZoneNumber "R24" Warning
        "the eastings of {count} of {total} vertices {why} the zone number {zone}, unlike {value}; {done}"
        "{total} 个顶点中有 {count} 个的东坐标{why}带号 {zone}，与 {value} 不一致，{done}";
    ReferenceBroken "R30" Warning
        "{count} references {field} lead to nothing in the file, such as that of {id} to {value}"
        "{count} 处引用 {field} 在文件中找不到对象，例如 {id} 所指的 {value}";
    ObjectsLeftOut "R31" Notice
        "{count} objects of {total} classes, most of them {value}, are no part of a network and were left out"
        "{count} 个对象（{total} 类，以 {value} 居多）不属于管网，未读入";

    // The network: N.
    Gap "N01" Warning
        "the end of {id} stops {gap} m short of {other}"
        "{id} 的端点距 {other} 尚有 {gap} 米";
    EndJoinedToEnd "N02" Notice
        "the end of {id} was joined to {other} over {gap} m"
        "{id} 的端点与 {other} 相距 {gap} 米，已连接";
    EndJoinedToLine "N03" Notice
        "{id} meets {other} in mid-pipe ({gap} m off); {other} was split there"
        "{id} 接入 {other} 中段（偏差 {gap} 米），{other} 已在此打断";
    #[doc(alias = "逆坡")]
    AdverseFall "N04" Warning
        "the invert of {id} rises by {rise} m along its flow"
        "{id} 逆坡：沿流向管底升高 {rise} 米";
    #[doc(alias = "管道反向")]
    DrawnAgainstFlow "N05" Notice
        "{id} is drawn against its flow ({basis})"
        "{id} 绘制方向与流向相反（依据：{basis}）";
    DirectionUnknown "N06" Warning
        "nothing reliable says which way {id} flows"
        "{id} 流向无可靠依据";
    NodeIdApart "N07" Warning
        "the pipe ends labelled {id} lie {gap} m apart"
        "标为 {id} 的管端相距 {gap} 米";
    NodeIdMissing "N08" Warning
        "{id} names no node at its {end}; what joins it there is not known"
        "{id} 的{end}缺点号，连接关系不明";
    #[doc(alias = "重复要素")]
    DuplicatePipe "N09" Warning
        "{id} lies exactly on {other}"
        "{id} 与 {other} 完全重合";
    Loop "N10" Notice
        "{count} pipes around {id} flow in a ring"
        "{id} 一带 {count} 段管道首尾成环";
    #[doc(alias = "孤立管线")]
    IsolatedPipe "N11" Notice
        "{id} joins no other pipe"
        "{id} 为孤立管线";
    OutfallFar "N12" Warning
        "outfall {id} lies {gap} m from the nearest pipe and is joined to nothing"
        "排口 {id} 距最近管线 {gap} 米，未接入管网";
    OutfallSnapped "N13" Notice
        "outfall {id} was joined to {other} over {gap} m"
        "排口 {id} 与 {other} 相距 {gap} 米，已接入";
    #[doc(alias = "混错接")]
    SystemsMeet "N14" Warning
        "{id} ({system}) joins {other} ({other_system}): a suspected misconnection"
        "{id}（{system}）接入 {other}（{other_system}），疑似错接混接";
    SystemsNear "N15" Notice
        "{id} ({system}) ends {gap} m from {other} ({other_system}); systems do not join by nearness"
        "{id}（{system}）端点距 {other}（{other_system}）{gap} 米，不同系统不按邻近连接";
    #[doc(alias = "孤立管点")]
    NodeIsolated "N16" Notice
        "node {id} lies on no pipe"
        "管点 {id} 不在任何管线上";
    NodeIdUnlisted "N17" Notice
        "{count} node ids named by pipes are not in the node layer, such as {id}"
        "{count} 个管线点号在管点表中不存在，例如 {id}";
    OutfallUpstream "N18" Warning
        "outfall {id} has pipes leaving it and none arriving: their direction may be wrong"
        "排口 {id} 只有流出管段、没有流入管段，流向可能有误";
    EvidenceConflict "N19" Warning
        "{id}: the direction by {value} and the one by {other} differ; {value} was followed"
        "{id}：{value}与{other}所示流向相反，采用{value}";
    EndsScatter "N20" Notice
        "pipe ends that meet lie up to {gap} m apart; ends within that are one node"
        "相接的管端最多相距 {gap} 米，在此范围内视为同一管点";
    DecisionUnused "N21" Warning
        "the decision about {id} could not be applied: {why}"
        "关于 {id} 的人工决定未能采用：{why}";
    LevelsExchanged "N22" Notice
        "the levels of {id} stand at each other's ends: they fit the manholes the other way round"
        "{id} 起终点高程对调：互换后与相接管井高程相符";
    #[doc(alias = "断头管")]
    DeadEnd "N23" Warning
        "water comes to {id} (pipes: {count}) and cannot leave: no pipe leads on, and it is no outfall"
        "{id} 有 {count} 段来水而无出路，且非排口，疑为断头管或堵塞";
    #[doc(alias = "大管接小管")]
    LargeIntoSmall "N24" Warning
        "{id} ({value} m) runs into {other} ({expected} m), which is smaller"
        "大管接小管：{id}（{value} 米）接入 {other}（{expected} 米）";
    #[doc(alias = "重合点")]
    NodesCoincide "N25" Warning
        "{id} and {other} are two surveyed points at one place, {gap} m apart; they are one node"
        "管点 {id} 与 {other} 重合，相距 {gap} 米，按同一管点处理";
    #[doc(alias = "一点多号")]
    NodeIdsMeet "N26" Warning
        "pipe ends at one place name two nodes, {id} and {other}; {joined}"
        "同一位置的管端标有两个点号 {id} 与 {other}，{joined}";
    #[doc(alias = "高程矛盾")]
    LevelsContradict "N27" Warning
        "{id}, {end}: {value}, {level} m, does not fit {other}, {expected} m"
        "{id} {end}：{value} {level} 米与{other} {expected} 米不符";
    #[doc(alias = "管顶高于地面")]
    CrownAboveGround "N28" Warning
        "the crown of {id} stands {rise} m above the ground at its {end}"
        "{id} {end}管顶高出地面 {rise} 米";
    #[doc(alias = "管径异常")]
    SizeImplausible "N29" Warning
        "{id} is {value} m high or wide inside, which no sewer is; its unit may be another"
        "{id} 断面尺寸 {value} 米，不合常理，单位可能有误";
    #[doc(alias = "飞点")]
    FlyPoint "N30" Warning
        "{id} {why}: a vertex or point may be misplaced"
        "{id} {why}，疑为飞点";
    #[doc(alias = "重合线")]
    PipesOverlap "N31" Warning
        "{id} runs on {other} for {length} m"
        "{id} 与 {other} 有 {length} 米重合";
    RuleBroken "N32" Warning
        "{count} of {total} {value}: so many are no single slips, a column may hold something else; they are not listed"
        "{total} 处中有 {count} 处{value}：比例过高，疑为字段含义不符，未逐条列出";

    // Drainers: D.
    DrainerFar "D01" Warning
        "drainer {id} lies {gap} m from the nearest pipe and is joined to nothing"
        "排水户 {id} 距最近管线 {gap} 米，未接入";
    DrainerRecordUnknown "D02" Warning
        "drainer {id} is recorded on {other}, which is not in the network"
        "排水户 {id} 登记接入 {other}，管网中无此对象";
    DrainerAmbiguous "D03" Notice
        "drainer {id} is about as near to {other} as to the pipe it was given"
        "排水户 {id} 到 {other} 与到所接管段距离相近";
    MisconnectionSuspected "D04" Warning
        "drainer {id} produces foul water and is joined to the storm sewer at {other}"
        "排水户 {id} 产生污水，接入雨水管 {other}，疑似错接";
    LateralLoose "D05" Warning
        "lateral {id} reaches no {value}"
        "接户管 {id} 未接到{value}";
    TradeUnknown "D06" Notice
        "{count} drainers have a trade that the table of trades does not know, such as {value}"
        "{count} 个排水户的行业不在行业表中，例如 {value}";
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One doubtful thing.
///
/// # Example
/// ```
/// use suyuan_core::{Finding, FindingCode, Language};
/// let finding = Finding::new(FindingCode::IsolatedPipe).with("id", "P7");
/// assert_eq!(finding.message(Language::English), "P7 joins no other pipe");
/// assert_eq!(finding.message(Language::Chinese), "P7 为孤立管线");
/// ```
#[doc(alias = "数据疑点")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is doubtful.
    pub code: FindingCode,
    /// The row it was found on; `None` where it concerns a whole layer or network.
    pub origin: Option<Origin>,
    /// Where to look on the map, in the survey's CRS.
    pub place: Option<(f64, f64)>,
    /// What fills the sentence.
    pub details: Vec<(Cow<'static, str>, String)>,
    /// Words that fill the sentence: name, English, Chinese.
    pub words: Vec<(String, String, String)>,
}

impl Finding {
    /// A finding that says nothing yet but its code.
    #[must_use]
    pub fn new(code: FindingCode) -> Self {
        Self { code, origin: None, place: None, details: Vec::new(), words: Vec::new() }
    }

    /// Fills `{name}` in its sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.details.push((name.into(), value.to_string()));
        self
    }

    /// Fills `{name}` in its sentence with a word of each language.
    #[must_use]
    pub fn with_word(mut self, name: &str, english: &str, chinese: &str) -> Self {
        self.words.push((name.to_owned(), english.to_owned(), chinese.to_owned()));
        self
    }

    /// Says which row it was found on.
    #[must_use]
    pub fn on(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Says where to look on the map.
    #[must_use]
    pub fn at(mut self, place: Coord<f64>) -> Self {
        self.place = Some((place.x, place.y));
        self
    }

    /// The text that fills `{name}`, `None` if it was not given.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The whole sentence, without its code.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let mut text = self.code.template(language).to_owned();
        let words = self.words.iter().map(|(name, en, zh)| (name.as_str(), language.pick(en, zh)));
        for (name, value) in words.chain(self.details.iter().map(|(n, v)| (n.as_ref(), v.as_str()))) {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_both_languages_ask_for_the_same_details() {
        let holes = |text: &str| {
            let mut names: Vec<_> =
                text.split('{').skip(1).map(|s| s.split('}').next().unwrap_or("").to_owned()).collect();
            names.sort();
            names.dedup();
            names
        };
        let mut codes: Vec<_> = FindingCode::ALL.iter().map(|c| c.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), FindingCode::ALL.len());
        for code in FindingCode::ALL {
            assert_eq!(
                holes(code.template(Language::English)),
                holes(code.template(Language::Chinese)),
                "{code}"
            );
        }
    }
}
