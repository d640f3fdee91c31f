//! Why an output cannot be written: one sentence that names it.

use std::io;
use std::path::PathBuf;

use suyuan_core::Language;
use suyuan_core::crs::CrsError;

/// Why an output cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another run writes it at this moment.
    #[error("{} is being written by another run", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is one of the files that are read.
    #[error("{} is one of the files that are read; it is not written over", path.display())]
    IsInput {
        /// The file.
        path: PathBuf,
    },
    /// A folder stands where it would go.
    #[error("cannot write {}: it is a folder", path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder that it would go into is not there.
    #[error("cannot write {}: its folder does not exist", path.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database refused.
    #[error("cannot write {} as a GeoPackage: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The name's ending stands for no format that is written.
    #[error("{}: no output format is known by this ending; written are {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What is written.
        known: String,
    },
    /// The coordinates cannot become degrees.
    #[error("{}: {source}", path.display())]
    Crs {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CrsError,
    },
    /// More than the format holds.
    #[error("{}: {what}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too large.
        what: String,
    },
}

impl ExportError {
    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            Self::Exists { path } => format!("{} 已存在", path.display()),
            Self::Busy { path } => format!("{} 正由另一进程写入", path.display()),
            Self::IsInput { path } => format!("{} 是输入文件，不会被覆盖", path.display()),
            Self::IsFolder { path } => format!("无法写入 {}：它是一个文件夹", path.display()),
            Self::NoFolder { path } => format!("无法写入 {}：所在文件夹不存在", path.display()),
            Self::Write { path, source } => format!("无法写入 {}：{source}", path.display()),
            Self::Sqlite { path, source } => format!("无法写入 GeoPackage {}：{source}", path.display()),
            Self::UnknownFormat { path, known } => {
                format!("{}：无法识别此输出扩展名，可写格式为 {known}", path.display())
            }
            Self::Crs { path, source } => format!("{}：{}", path.display(), source.message(language)),
            Self::TooLarge { path, what } => format!("{}：超出格式限制：{what}", path.display()),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self, language: Language) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => {
                Some(language.pick("use --overwrite to replace it", "如需替换请加 --overwrite"))
            }
            _ => None,
        }
    }
}
