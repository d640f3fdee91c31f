//! Which of the two languages a message is written in.

use serde::{Deserialize, Serialize};

/// The language of messages, styles and reports.
#[doc(alias = "语言")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// The language that a locale name such as `zh_CN.UTF-8` or `en` asks for: Chinese for `zh…`, English otherwise.
    ///
    /// # Example
    /// ```
    /// use suyuan_core::Language;
    /// assert_eq!(Language::from_locale("zh_CN.UTF-8"), Language::Chinese);
    /// assert_eq!(Language::from_locale("C"), Language::English);
    /// ```
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// The English or the Chinese text, whichever this language is.
    #[must_use]
    pub fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}
