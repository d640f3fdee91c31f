//! Why a file cannot be used: one sentence that names the place.

use std::io;
use std::path::PathBuf;

use suyuan_core::Language;
use suyuan_core::crs::CrsError;

use crate::field_log::LogError;
use crate::filter::FilterError;
use crate::shared_points::PointsError;
use crate::spec::extension;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that belongs to it is missing.
    #[error("{} is missing beside {}", missing.display(), path.display())]
    Sidecar {
        /// The file that is there.
        path: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// The content is not what the format says.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The name's ending stands for no format.
    #[error("{}: no format is known by this ending; read are {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What is read.
        known: String,
    },
    /// There is no such layer in the file.
    #[error("{} has no layer `{layer}`; it has {}", path.display(), layers.join(", "))]
    NoSuchLayer {
        /// The file.
        path: PathBuf,
        /// The layer asked for.
        layer: String,
        /// The layers there are.
        layers: Vec<String>,
    },
    /// The file holds several layers and none was named.
    #[error("{} has several layers; name one of {} after a colon", path.display(), layers.join(", "))]
    WhichLayer {
        /// The file.
        path: PathBuf,
        /// The layers there are.
        layers: Vec<String>,
    },
    /// There is no such column.
    #[error("{} has no field `{field}`; it has {}", path.display(), fields.join(", "))]
    NoSuchField {
        /// The file.
        path: PathBuf,
        /// The field asked for.
        field: String,
        /// The fields there are.
        fields: Vec<String>,
    },
    /// A layer that must have features has none.
    #[error("{} holds no feature; a layer of {role} needs some", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it was given for.
        role: &'static str,
    },
    /// A layer holds shapes of a kind that its role has no use for.
    #[error("{} holds {found}; a layer of {role} needs {needs}", path.display())]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it was given for.
        role: &'static str,
        /// What it holds.
        found: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// A coordinate is no number.
    #[error("{} row {row}: vertex {vertex} is ({x}, {y}), expected numbers", path.display())]
    BadCoordinate {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: usize,
        /// The vertex, from 1.
        vertex: usize,
        /// East.
        x: f64,
        /// North.
        y: f64,
    },
    /// A transfer file is of a model that is not known here.
    #[error("{} is a transfer of {}; its classes are none of a wastewater model known here", path.display(), models.join(", "))]
    UnknownModel {
        /// The file.
        path: PathBuf,
        /// The models that it names.
        models: Vec<String>,
    },
    /// A position in a transfer file is no number.
    #[error("{} line {line}: {field} of {object} holds `{value}`, expected a coordinate", path.display())]
    NotACoordinate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Class and identifier of the object.
        object: String,
        /// The attribute.
        field: String,
        /// What it holds.
        value: String,
    },
    /// The coordinate system cannot be used.
    #[error("{}: {source}", path.display())]
    Crs {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CrsError,
    },
    /// A coordinate has no place in its system.
    #[error("{} row {row}{}: {source}", path.display(), in_brackets(id.as_deref(), Language::English))]
    NoPlace {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: usize,
        /// Its id, if it has one.
        id: Option<String>,
        /// Which coordinate, in which system.
        source: Box<CrsError>,
    },
    /// A table of shared points cannot be used.
    #[error("{}: {source}", path.display())]
    SharedPoints {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PointsError,
    },
    /// A field log cannot be used.
    #[error("{}: {source}", path.display())]
    FieldLog {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LogError,
    },
    /// Degrees without a coordinate system.
    #[error("{} declares no coordinate system and its coordinates look like degrees", path.display())]
    NoCrs {
        /// The file.
        path: PathBuf,
    },
    /// The encoding asked for is not known.
    #[error("`{encoding}` is no text encoding known here")]
    UnknownEncoding {
        /// What was asked for.
        encoding: String,
    },
    /// The dialect asked for is not known.
    #[error("no dialect `{dialect}`; known are {}", known.join(", "))]
    UnknownDialect {
        /// What was asked for.
        dialect: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A dialect file is wrong.
    #[error("{}: {what}", path.display())]
    BadDialect {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A filter is wrong.
    #[error("filter `{filter}`: {what}")]
    BadFilter {
        /// The filter.
        filter: String,
        /// What is wrong.
        what: FilterError,
    },
    /// No layer was given.
    #[error("no pipe layer was given")]
    NoPipes,
}

fn in_brackets(id: Option<&str>, language: Language) -> String {
    let (open, close) = (language.pick(" (", "（"), language.pick(")", "）"));
    id.map_or_else(String::new, |id| format!("{open}{id}{close}"))
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self, language: Language) -> Option<String> {
        let text = match self {
            Self::NoCrs { .. } => language.pick(
                "say what it is with --crs, for example --crs EPSG:4490 for CGCS2000 or EPSG:4326 for WGS 84; metres from an \
                 origin of their own are --crs local",
                "请用 --crs 指定坐标系，例如 CGCS2000 为 --crs EPSG:4490，WGS 84 为 EPSG:4326；独立原点的米制坐标用 --crs local",
            ),
            Self::Crs { source: CrsError::DatumShiftUnknown { .. }, .. } => language.pick(
                "for example --crs \"+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=ΔX,ΔY,ΔZ,rX,rY,rZ,ppm\" for a layer \
                 in Beijing 1954",
                "例如北京 54 图层用 --crs \"+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=ΔX,ΔY,ΔZ,rX,rY,rZ,ppm\"",
            ),
            Self::NoPlace { path, .. } if ["geojson", "json"].contains(&extension(path).as_str()) => language
                .pick(
                    "GeoJSON that names no system is taken as degrees of WGS 84; where it is in metres, say what it is with --crs, \
                     or for this layer alone with crs = \"EPSG:4549\" in its table in city.toml",
                    "未注明坐标系的 GeoJSON 按 WGS 84 经纬度读取；若为米制坐标，请用 --crs 指定，或在 city.toml 中该图层的表内写 \
                     crs = \"EPSG:4549\"",
                ),
            Self::Crs { .. } | Self::NoPlace { .. } => language.pick(
                "say what it is with --crs, for example --crs EPSG:4549 or --crs EPSG:4490",
                "请用 --crs 指定坐标系，例如 --crs EPSG:4549 或 --crs EPSG:4490",
            ),
            Self::BadCoordinate { .. } => language.pick(
                "repair or delete that row, or set such rows aside with --set-aside",
                "请修复或删除该行，或用 --set-aside 将此类行搁置",
            ),
            Self::UnknownModel { .. } => language.pick(
                "export it as VSA-DSS or SIA 405 wastewater, or open it with a build that has GDAL",
                "请以 VSA-DSS 或 SIA 405 排水模型导出，或使用含 GDAL 的版本",
            ),
            Self::NotACoordinate { .. } => language
                .pick("correct that object, or have the file exported anew", "请更正该对象，或重新导出文件"),
            Self::Sidecar { .. } => language.pick(
                "a shapefile is several files of one name; copy them all",
                "Shapefile 由多个同名文件组成，请全部复制",
            ),
            Self::UnknownEncoding { .. } => {
                language.pick("use GBK, GB18030 or UTF-8", "可用 GBK、GB18030 或 UTF-8")
            }
            Self::UnknownDialect { .. } => language.pick("see `suyuan dialects`", "见 suyuan dialects"),
            Self::UnknownFormat { .. } => language.pick("see `suyuan formats`", "见 suyuan formats"),
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            Self::Open { path, source } => format!("无法打开 {}：{source}", path.display()),
            Self::Sidecar { path, missing } => {
                format!("{} 缺少配套文件 {}", path.display(), missing.display())
            }
            Self::Damaged { path, what } => format!("{} 已损坏或格式不符：{what}", path.display()),
            Self::UnknownFormat { path, known } => {
                format!("{}：无法识别此扩展名，可读格式为 {known}", path.display())
            }
            Self::NoSuchLayer { path, layer, layers } => {
                format!("{} 中没有图层“{layer}”，现有图层：{}", path.display(), layers.join("、"))
            }
            Self::WhichLayer { path, layers } => {
                format!("{} 含多个图层，请在冒号后指定其一：{}", path.display(), layers.join("、"))
            }
            Self::NoSuchField { path, field, fields } => {
                format!("{} 中没有字段“{field}”，现有字段：{}", path.display(), fields.join("、"))
            }
            Self::Empty { path, role } => format!("{} 没有任何要素，{role} 图层不能为空", path.display()),
            Self::WrongKind { path, role, found, needs } => {
                let word = |kind: &str| match kind {
                    "points" => "点",
                    "lines" => "线",
                    "polygons" => "面",
                    "points or polygons" => "点或面",
                    "lines or polygons" => "线或面",
                    _ => "无图形的记录",
                };
                let (found, needs) = (word(found), word(needs));
                format!("{} 的要素为{found}，{role} 图层需要{needs}要素", path.display())
            }
            Self::BadCoordinate { path, row, vertex, x, y } => {
                format!("{} 第 {row} 行第 {vertex} 个顶点坐标为 ({x}, {y})，不是有效数值", path.display())
            }
            Self::UnknownModel { path, models } => {
                format!("{} 的模型为 {}，不含可识别的排水模型类", path.display(), models.join("、"))
            }
            Self::NotACoordinate { path, line, object, field, value } => {
                format!("{} 第 {line} 行：{object} 的 {field} 值“{value}”不是坐标", path.display())
            }
            Self::Crs { path, source } => format!("{}：{}", path.display(), source.message(language)),
            Self::NoPlace { path, row, id, source } => format!(
                "{} 第 {row} 行{}：{}",
                path.display(),
                in_brackets(id.as_deref(), language),
                source.message(language)
            ),
            Self::SharedPoints { path, source } => {
                format!("{}：{}", path.display(), source.message(language))
            }
            Self::FieldLog { path, source } => {
                format!("{}：{}", path.display(), source.message(language))
            }
            Self::NoCrs { path } => format!("{} 未声明坐标系，且坐标疑似经纬度", path.display()),
            Self::UnknownEncoding { encoding } => format!("无法识别文本编码“{encoding}”"),
            Self::UnknownDialect { dialect, known } => {
                format!("没有方言“{dialect}”，现有：{}", known.join("、"))
            }
            Self::BadDialect { path, what } => format!("方言文件 {} 有误：{what}", path.display()),
            Self::BadFilter { filter, what } => format!("筛选条件“{filter}”有误：{}", what.message(language)),
            Self::NoPipes => "未给出管线图层".to_owned(),
        }
    }
}
